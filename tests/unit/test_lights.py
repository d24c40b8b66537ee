"""What --lights may say."""

import pytest

from relight_stage.errors import ConfigError
from relight_stage.scenes.lights import Lights, parse_lights


@pytest.mark.parametrize(
    ("text", "lights"),
    [
        ("hdri", Lights()),
        ("hdri:4", Lights(hdris=4)),
        ("olat:32", Lights(olat=32)),
        ("gradient", Lights(gradient=True)),
        ("olat:331+gradient", Lights(olat=331, gradient=True)),
    ],
)
def test_lights_are_read(text, lights):
    assert parse_lights(text) == lights


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hdri:0",
        "hdri:65",
        "olat:3",
        "olat:513",
        "olat:x",
        "sun",
        "hdri:4+gradient",
        "olat:32+",
        "olat:32+hdri",
        "gradient+",
    ],
)
def test_other_lights_are_refused_with_those_there_are(text):
    with pytest.raises(ConfigError, match=r"write hdri, hdri:K .* olat:N .* gradient"):
        parse_lights(text)
