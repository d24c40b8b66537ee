"""Laws of the shipped networks on a real photo: light comes from where it is, twice the light is twice as much."""

import numpy as np
import pytest
from skimage.data import astronaut, brick, chelsea, coffee

from relight_stage.errors import PhotoError
from relight_stage.nets.infer import Relighter
from relight_stage.scenes.colour import luminance, srgb_to_linear


@pytest.fixture(scope="module")
def relighter():
    return Relighter.load()


@pytest.fixture(scope="module")
def portrait(relighter):
    return relighter.analyse(srgb_to_linear(astronaut().astype(np.float32) / 255))


def one_texel(row, column):
    """Dim light from everywhere and one bright texel."""
    light = np.full((64, 128, 3), 0.02, np.float32)
    light[row, column] = 3000
    return light


# Seen by eye: from the fringe to the chin, from ear to ear.
FACE = slice(50, 176), slice(188, 264)


def face_of(portrait, picture):
    """Luminance of the face, (h, w), where the matte is full."""
    return np.where(portrait.matte[FACE] > 0.95, luminance(picture[FACE]), np.nan)


def halves(face, axis):
    first, second = np.array_split(face, 2, axis=axis)
    return np.nanmean(first), np.nanmean(second)


def test_the_face_is_found_where_it_is(portrait):
    middle = (portrait.face.left + portrait.face.right) / 2, (portrait.face.top + portrait.face.bottom) / 2
    # By eye: the tip of the nose is at x = 224, y = 118.
    assert middle == pytest.approx((224, 118), abs=30)
    assert portrait.matte[60:160, 200:250].mean() > 0.95
    assert portrait.matte[10:120, 300:330].mean() < 0.2  # the grey wall beside the head


@pytest.mark.parametrize("picture", [chelsea, coffee, brick])
def test_a_cat_a_cup_and_a_wall_are_nobody(relighter, picture):
    pixels = srgb_to_linear(picture().astype(np.float32) / 255)
    with pytest.raises(PhotoError, match="No face found"):
        relighter.analyse(pixels)


def test_a_bright_texel_lights_the_side_it_stands_on(relighter, portrait):
    left, right = (face_of(portrait, relighter.relight(portrait, one_texel(30, c))) for c in (36, 92))
    assert halves(left, 1)[0] > 1.2 * halves(left, 1)[1]
    assert halves(right, 1)[1] > 1.2 * halves(right, 1)[0]


def test_light_from_above_and_from_below_differ(relighter, portrait):
    above, below = (face_of(portrait, relighter.relight(portrait, one_texel(r, 64))) for r in (8, 56))
    assert np.divide(*halves(above, 0)) > 1.2 * np.divide(*halves(below, 0))


def test_light_from_behind_leaves_the_face_dark(relighter, portrait):
    front, behind = (face_of(portrait, relighter.relight(portrait, one_texel(32, c))) for c in (64, 0))
    assert np.nanmean(behind) < 0.25 * np.nanmean(front)


def test_twice_the_light_is_twice_the_picture(relighter, portrait):
    light = one_texel(30, 40)
    once, twice = relighter.relight(portrait, light), relighter.relight(portrait, 2 * light)
    assert np.allclose(twice, 2 * once, rtol=1e-3, atol=1e-4 * twice.max())


def test_coloured_light_colours_the_face(relighter, portrait):
    white = relighter.relight(portrait, one_texel(30, 64))[FACE].mean(axis=(0, 1))
    red = relighter.relight(portrait, one_texel(30, 64) * np.float32([1, 0.1, 0.1]))[FACE].mean(axis=(0, 1))
    assert red[0] / white[0] == pytest.approx(1, rel=0.2)
    assert red[1] / white[1] < 0.3


def test_the_photos_fine_detail_survives(relighter, portrait):
    from scipy.ndimage import gaussian_filter

    light = np.ones((64, 128, 3), np.float32)

    def detail(picture):
        log = np.log(luminance(picture)[FACE] + 0.01)
        return log - gaussian_filter(log, 2)

    a, b = detail(portrait.photo), detail(relighter.relight(portrait, light))
    assert np.corrcoef(a.ravel(), b.ravel())[0, 1] > 0.8
