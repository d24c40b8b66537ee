"""In its own light a photo stays as it is; the less alike picture and photo are, the less of it is kept."""

import numpy as np
import pytest

from relight_stage.nets.lit import LitView
from relight_stage.nets.own_light import kept
from relight_stage.nets.resampling import Window
from relight_stage.nets.views import View

SIDE = 64
AXIS = (np.arange(SIDE) + 0.5) / SIDE * 2 - 1
X, Y = np.meshgrid(AXIS, AXIS)
Z = np.sqrt(np.clip(1 - X**2 - Y**2, 0.05, None))
NORMALS = np.stack([X, -Y, Z], axis=-1).astype(np.float32)
MATTE = (X**2 + Y**2 < 0.9).astype(np.float32)
FACE = Window(SIDE * 0.2, SIDE * 0.2, SIDE * 0.8, SIDE * 0.8)
# A skin that the albedo net knows to a twentieth.
TRUE = 0.5 * (1 + 0.05 * np.sin(9 * X) * np.sin(7 * Y))[:, :, None] * np.ones(3)
GUESS = np.full((SIDE, SIDE, 3), 0.5, np.float32)


def shading(azimuth_deg, tint=(1.0, 1.0, 1.0)):
    """A broad lamp before the face, turned to the side, (H, W, 3)."""
    azimuth = np.radians(azimuth_deg)
    toward = np.array([np.sin(azimuth), 0.2, np.cos(azimuth)]) / np.hypot(1, 0.2)
    return ((0.1 + np.clip(NORMALS @ toward, 0, None))[:, :, None] * np.array(tint)).astype(np.float32)


def view_in(light):
    photo, ones = (TRUE * light).astype(np.float32), np.ones((SIDE, SIDE), np.float32)
    return View(Window(0, 0, SIDE, SIDE), ones, MATTE, photo, NORMALS, GUESS, None, ones)


def lit_by(light):
    return LitView(light, np.ones_like(light), np.full_like(light, 0.01))


def relit(view, lit):
    return (view.albedo * lit.arriving + lit.specular)[MATTE > 0]


@pytest.mark.parametrize("brightness", [1.0, 1e-3, 500.0])
def test_in_its_own_light_the_photo_comes_back_at_the_lights_brightness(brightness):
    view, made = view_in(shading(40)), lit_by(shading(40))
    made = LitView(made.arriving * brightness, made.shadow, made.specular * brightness)
    (after,) = kept([view], [made], FACE)
    photo = view.foreground[MATTE > 0]
    photo = photo * (relit(view, made).sum() / photo.sum())
    apart = [np.abs(relit(view, lit) / photo - 1).max() for lit in (made, after)]
    assert apart[0] > 0.04 and apart[1] < 1e-4


def test_from_the_other_side_nothing_is_kept():
    view, made = view_in(shading(40)), [lit_by(shading(-40))]
    assert kept([view], made, FACE) is made


def test_a_light_of_another_colour_keeps_nothing():
    view, made = view_in(shading(40)), [lit_by(shading(40, tint=(1.6, 1.0, 0.4)))]
    assert kept([view], made, FACE) is made


def test_the_photo_takes_over_little_by_little():
    view, shares = view_in(shading(0)), []
    for azimuth_deg in range(0, 61):
        made = lit_by(shading(azimuth_deg))
        (after,) = kept([view], [made], FACE)
        photo = view.foreground[MATTE > 0]
        photo = photo * (relit(view, made).sum() / photo.sum())
        shares.append(1 - np.abs(relit(view, after) - photo).sum() / np.abs(relit(view, made) - photo).sum())
    assert shares[0] > 0.99 and shares[-1] < 0.01
    steps = -np.diff(shares)
    assert steps.min() > -1e-3 and steps.max() < 0.2


def test_the_shadows_law_holds():
    light = shading(20)
    shadow = np.where(X[:, :, None] < 0, 0.6, 1.0) * np.ones_like(light)
    view = view_in(light * shadow)
    (after,) = kept([view], [LitView(light * shadow, shadow, np.zeros_like(light))], FACE)
    assert after.shadow.max() <= 1
    inside = (MATTE > 0) & (np.abs(X) > 0.1)
    assert after.shadow[inside] == pytest.approx(shadow[inside], abs=0.06)  # the skin's twentieth


def test_darkness_and_a_face_elsewhere_change_nothing():
    view, made = view_in(shading(0)), [lit_by(shading(0))]
    assert kept([view], made, Window(900, 900, 950, 950)) is made
    black = [LitView(*(0 * layer for layer in made[0]))]
    assert kept([view], black, FACE) is black
    night = view_in(0 * shading(0))
    assert kept([night], made, FACE) is made
