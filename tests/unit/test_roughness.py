"""Roughness from labels."""

import numpy as np
import pytest

from relight_stage.nets.config import PARSED
from relight_stage.nets.roughness import ROUGHNESS, roughness_of


def parsed(**shares):
    out = np.zeros((1, 1, 1 + len(PARSED)), np.float32)
    for name, share in shares.items():
        out[0, 0, 0 if name == "background" else 1 + PARSED.index(name)] = share
    return out


@pytest.mark.parametrize("name", PARSED)
def test_every_label_has_its_own(name):
    assert roughness_of(parsed(**{name: 1.0}))[0, 0] == pytest.approx(ROUGHNESS[name], abs=1e-3)


def test_the_background_does_not_count():
    assert roughness_of(parsed(background=0.9, clothes=0.1))[0, 0] == pytest.approx(ROUGHNESS["clothes"], abs=5e-3)
    assert 0 < roughness_of(parsed(background=1.0))[0, 0] < 1


def test_what_shares_a_pixel_is_mixed():
    mean = (ROUGHNESS["hair"] + 3 * ROUGHNESS["skin"]) / 4
    assert roughness_of(parsed(hair=0.25, skin=0.75))[0, 0] == pytest.approx(mean, abs=1e-3)
