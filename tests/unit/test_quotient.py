"""The photo over its own rendering tells what the albedo is wrong by, in soft light and no other."""

import numpy as np
import pytest

from relight_stage.nets.lit import LitView
from relight_stage.nets.quotient import mended_albedo, trust
from relight_stage.nets.resampling import Window
from relight_stage.nets.views import View

SIDE = 64
AXIS = (np.arange(SIDE) + 0.5) / SIDE * 2 - 1
MATTE = (AXIS[:, None] ** 2 + AXIS[None, :] ** 2 < 0.9).astype(np.float32)
# Two halves of a face, one of them darker than an albedo net that gives the mean of both.
TRUE = np.where(AXIS[None, :, None] < 0, 0.3, 0.6) * np.ones((SIDE, 1, 3))
FACE = Window(SIDE * 0.2, SIDE * 0.2, SIDE * 0.8, SIDE * 0.8)
GUESS = np.full((SIDE, SIDE, 3), 0.45, np.float32)


def views_in(light):
    """A view of the face in a light (H, W) that white would show, and its picture by the guessed albedo."""
    light = np.broadcast_to(light[:, :, None], (SIDE, SIDE, 3)).astype(np.float32)
    normals = np.zeros((SIDE, SIDE, 3), np.float32)
    weight = np.ones((SIDE, SIDE), np.float32)
    view = View(Window(0, 0, SIDE, SIDE), weight, MATTE, (TRUE * light).astype(np.float32), normals, GUESS, None, MATTE)
    return view, LitView(light, np.ones_like(light), np.zeros_like(light))


def contrast(albedo):
    inside = MATTE > 0
    left, right = (albedo[:, half][inside[:, half]].mean() for half in (slice(0, 28), slice(36, SIDE)))
    return right / left


def test_in_soft_light_the_albedo_takes_the_photos_contrast():
    view, lit = views_in(0.6 + 0.2 * AXIS[:, None] + 0 * AXIS[None, :])
    mended = mended_albedo(view, view, lit, trust(view, FACE))
    # Four fifths of the logarithm of two.
    assert contrast(mended) == pytest.approx(2**0.8, rel=0.05)
    # What the whole reflects stays the albedo net's to know.
    assert np.log(mended[MATTE > 0]).mean() == pytest.approx(np.log(0.45), abs=0.02)


def test_where_a_lamp_throws_shadows_on_the_face_the_quotient_is_not_trusted():
    shares = [
        trust(views_in(np.where(AXIS[:, None] < 0.2, 0.8, 0.8 * dark) + 0 * AXIS[None, :])[0], FACE)
        for dark in (1.0, 0.4, 0.2, 0.01)
    ]
    assert shares[0] == 0.8 and shares[-1] == 0
    assert shares == sorted(shares, reverse=True)


def test_black_clothes_and_darkness_behind_the_neck_do_not_count():
    below = np.where(AXIS[:, None] < 0.7, 0.8, 1e-4) + 0 * AXIS[None, :]
    assert trust(views_in(below)[0], FACE) == 0.8


def test_without_trust_nothing_changes():
    view, lit = views_in(np.full((SIDE, SIDE), 0.6))
    assert np.array_equal(mended_albedo(view, view, lit, 0.0), view.albedo)


def test_what_the_small_picture_tells_is_brought_to_the_views_size():
    view, _ = views_in(np.full((SIDE, SIDE), 0.6))
    small = view.shrink(32)
    lit = LitView(*(np.full((32, 32, 3), value, np.float32) for value in (0.6, 1.0, 0.0)))
    mended = mended_albedo(view, small, lit, 0.8)
    assert mended.shape == (SIDE, SIDE, 3) and contrast(mended) == pytest.approx(2**0.8, rel=0.08)


@pytest.mark.parametrize("light", [0.0, 1e6])
def test_darkness_and_glare_give_numbers(light):
    view, lit = views_in(np.full((SIDE, SIDE), light))
    mended = mended_albedo(view, view, lit, trust(view, FACE))
    assert np.isfinite(mended).all() and mended.min() >= 0 and mended.max() <= 1
