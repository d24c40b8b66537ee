"""Laws of eyeballs."""

import numpy as np
import pytest

from relight_stage.scenes.bust import LABELS
from relight_stage.scenes.colour import srgb_to_linear
from relight_stage.scenes.eyes import cornea, eye_part, eyes_rand, grid_angles, wet_line

LIMBUS = 0.5


def ball(eyes):
    """An eyeball of 12 mm that looks along −Y."""
    theta, phi = grid_angles()
    rays = np.stack([np.sin(theta) * np.cos(phi), -np.cos(theta), np.sin(theta) * np.sin(phi)], -1)
    return eye_part("eye_left", 0.012 * cornea(theta, LIMBUS)[:, None] * rays, eyes, LIMBUS, np.pi)


def seen(part, theta, phi):
    """Albedo at an angle from the gaze, read as a renderer does."""
    paint = part.material.paint
    size = len(paint)
    out = theta / 1.5 * 0.49
    row, column = (0.5 - out * np.sin(phi)) * size, (0.5 + out * np.cos(phi)) * size
    return srgb_to_linear(paint[int(row), int(column)] / 255)


@pytest.fixture(scope="module", params=[0, 1, 2, 3])
def eyes(request):
    return eyes_rand(np.random.default_rng(request.param), 1 + request.param, 0.3)


def test_a_ring_of_iris_lies_between_a_black_pupil_and_a_white_eye(eyes):
    part = ball(eyes)
    around = np.linspace(0, 2 * np.pi, 24)
    pupil, iris, white = (
        np.mean([seen(part, theta, phi) for phi in around], axis=0)
        for theta in (0.02, 0.5 * (1 + eyes.pupil) * LIMBUS, 1.3 * LIMBUS)
    )
    assert pupil.max() < 0.01
    assert iris.mean() > 1.3 * pupil.mean()
    assert white.min() > 0.35 and white.mean() > 2 * iris.mean()
    # The colour of the iris is the drawn one in hue: the same channel is brightest.
    if eyes.ring < 0.3:
        assert iris.argmax() == np.argmax(eyes.iris)


def test_an_eyeball_faces_outwards_and_its_cornea_stands_out(eyes):
    part = ball(eyes)
    faces = np.where(part.faces < 0, part.faces[:, 2:3], part.faces)
    a, b, c, d = part.vertices[faces].transpose(1, 0, 2)
    middle = (a + b + c + d) / 4
    assert ((np.cross(c - a, d - b) + np.cross(b - a, c - a)) * middle).sum(1).min() > 0
    assert np.linalg.norm(part.vertices[-1]) == pytest.approx(0.012 * 1.06, rel=0.01)


def test_the_iris_lies_as_if_flat_behind_the_cornea(eyes):
    """Its relief turns the surface's own normal back towards the gaze."""
    material = ball(eyes).material
    row = material.relief[len(material.relief) // 2, :, 0] * material.relief_mm
    size = len(row)
    theta = (np.arange(size) + 0.5 - size / 2) / size / 0.49 * 1.5
    slope = np.gradient(row, theta * 12)
    inside = (np.abs(theta) < 0.75 * LIMBUS) & (np.abs(theta) > 0.2 * LIMBUS)
    assert (np.sign(slope[inside]) == np.sign(theta[inside])).all()
    assert np.abs(np.arctan(slope[inside]) - theta[inside]).max() < np.radians(20)


def test_tears_lie_on_the_ball_below_the_opening():
    turn = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    x, z = 0.012 * np.cos(turn), 0.005 * np.sin(turn)
    depth = -np.sqrt(0.013**2 - x**2 - z**2)
    rim = np.stack([0.031 + x, depth, z], -1)
    tears = wet_line("tears_left", rim, np.array([0.031, 0, 0]), 0.012)
    away = np.linalg.norm(tears.vertices - (0.031, 0, 0), axis=1)
    assert np.abs(away - 0.012).max() < 0.0006
    assert tears.vertices[:, 2].max() < 0.002
    assert set(tears.labels) == {LABELS.index("eyes")}


def test_brown_eyes_go_with_dark_skin_and_every_colour_with_light_skin():
    rng = np.random.default_rng(0)
    light, dark = ([eyes_rand(rng, kind, 0.2).iris for _ in range(300)] for kind in (1, 6))
    blue = [np.mean([iris[2] > iris[0] for iris in irises]) for irises in (light, dark)]
    assert blue[0] > 0.25
    assert blue[1] < 0.05
