"""What --lights may say."""

import math

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
        ("olat:32@4", Lights(olat=32, radius_deg=4)),
        ("olat:32@0.5+gradient", Lights(olat=32, gradient=True, radius_deg=0.5)),
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
        "olat:32@",
        "olat:32@0",
        "olat:32@46",
        "olat:32@-4",
        "olat:3@4",
        "hdri:4@4",
        "olat:32+hdri",
        "gradient+",
    ],
)
def test_other_lights_are_refused_with_those_there_are(text):
    with pytest.raises(ConfigError, match=r"write hdri, hdri:K .* olat:N .* gradient"):
        parse_lights(text)


def test_discs_tile_the_sphere_unless_told_their_radius():
    # A cap of half angle h has the solid angle 2π(1 − cos h).
    assert parse_lights("olat:32").half_angle == pytest.approx(math.acos(1 - 2 / 32))
    assert parse_lights("olat:32@4").half_angle == pytest.approx(math.radians(4))
