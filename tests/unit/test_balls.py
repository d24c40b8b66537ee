"""Laws of the chrome and the grey ball."""

import numpy as np
import pytest

from relight_stage.scenes.balls import GREY, draw_chrome, draw_grey
from relight_stage.scenes.light_map import directions

PX = 65


def half(axis, sign):
    """Radiance 1 from the hemisphere on one side of an axis of the camera frame."""
    light = (sign * directions(64)[..., axis] > 0).astype(np.float32)
    return np.repeat(light[..., None], 3, axis=-1)


@pytest.mark.parametrize("draw, reflectance", [(draw_chrome, 1.0), (draw_grey, GREY)])
def test_under_even_light_a_ball_shows_its_reflectance(draw, reflectance):
    ball = draw(np.full((64, 128, 3), 2.0, np.float32), PX)
    inside = ball[..., 3] == 1
    # Texels of 6° integrate the cosine to half a percent.
    np.testing.assert_allclose(ball[inside][:, :3], 2 * reflectance, rtol=0.005)
    assert not ball[0, 0].any()


@pytest.mark.parametrize("draw", [draw_chrome, draw_grey])
@pytest.mark.parametrize("axis, sign, bright, dark", [
    (0, 1, (32, 48), (32, 16)),  # light from image right
    (1, 1, (16, 32), (48, 32)),  # from above
])  # fmt: skip
def test_the_side_that_faces_the_light_is_bright(draw, axis, sign, bright, dark):
    ball = draw(half(axis, sign), PX)
    assert ball[bright][0] > 2 * ball[dark][0]


def test_the_grey_ball_is_lamberts(draw=draw_grey):
    ball = draw(half(1, 1), PX)
    # Half the sphere's radiance about a normal at angle t from the light's pole gives irradiance π (1 + cos t) / 2.
    y = 1 - (np.arange(PX) + 0.5) / PX * 2
    column = ball[:, PX // 2, 0]
    inside = np.abs(y) < 0.95
    np.testing.assert_allclose(column[inside], GREY * (1 + y[inside]) / 2, atol=0.005 * GREY)


def test_a_mirror_shows_what_stands_behind_the_camera_in_its_middle():
    light = np.zeros((64, 128, 3), np.float32)
    light[31:33, 63:65] = 1  # the centre column is light from the camera's side
    ball = draw_chrome(light, PX)
    assert ball[PX // 2, PX // 2, 0] == pytest.approx(1, abs=0.01)
    # At 30° from the axis a mirror turns the look by 60°.
    assert ball[PX // 2, round(PX / 2 * 1.5), 0] == 0
