"""Laws of weighing a light's key against its fill."""

import numpy as np
import pytest

from relight_stage.scenes.colour import luminance
from relight_stage.scenes.key_fill import balance, split
from relight_stage.scenes.light_map import flux


@pytest.fixture
def lamp_in_a_room():
    light = np.full((64, 128, 3), (0.2, 0.25, 0.3), np.float32)
    light[20:24, 90:96] = (40, 36, 30)
    return light


def test_key_and_fill_are_the_light(lamp_in_a_room):
    key, fill = split(lamp_in_a_room)
    np.testing.assert_allclose(key + fill, lamp_in_a_room, rtol=1e-6)
    assert key.min() >= 0 and fill.min() >= 0
    assert key[22, 93].sum() > 0.9 * lamp_in_a_room[22, 93].sum() and not key[40].any()


@pytest.mark.parametrize("stops", [-3, -0.5, 0.5, 3])
def test_the_total_light_stays(lamp_in_a_room, stops):
    before, after = (luminance(flux(light)) for light in (lamp_in_a_room, balance(lamp_in_a_room, stops)))
    np.testing.assert_allclose(after, before, rtol=1e-5)


def test_a_stop_doubles_the_key_against_the_fill(lamp_in_a_room):
    parts = [split(lamp_in_a_room)[0].sum(), split(lamp_in_a_room)[1].sum()]
    weighed = balance(lamp_in_a_room, 1.0)
    # Fill alone is seen away from the lamp; the rest of the picture's light is the key and the fill before it.
    fill = weighed[50, 10, 0] / lamp_in_a_room[50, 10, 0]
    key = (weighed.sum() - fill * parts[1]) / parts[0]
    assert key / fill == pytest.approx(2, rel=1e-3)


def test_no_stops_change_nothing_and_an_even_light_has_no_key(lamp_in_a_room):
    assert balance(lamp_in_a_room, 0) is lamp_in_a_room
    even = np.full((64, 128, 3), 0.7, np.float32)
    np.testing.assert_allclose(balance(even, 2), even, rtol=1e-5)
