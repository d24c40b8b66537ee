"""Laws of the relief: its slopes are those of the normals, its size is a person's."""

import numpy as np
import pytest

from relight_stage.addon import relief
from relight_stage.nets.resampling import Window


class Photo:
    """What a relief reads of a portrait."""

    def __init__(self, normals, matte, face):
        self.normals, self.matte, self.face = normals, matte, face


def hemisphere(size, radius):
    """Normals (size, size, 3), coverage and true height, in pixels, of a ball that looks at the camera."""
    y, x = (np.mgrid[:size, :size] + 0.5 - size / 2) / radius
    inside = x**2 + y**2 < 1
    z = np.sqrt(np.maximum(1 - x**2 - y**2, 0))
    normals = np.stack([x, -y, z], axis=-1) * inside[:, :, None]
    return normals.astype(np.float32), inside.astype(np.float32), z * radius


def test_the_normals_of_a_ball_give_a_ball():
    normals, matte, height = hemisphere(96, 40)
    found = relief.integrate(normals, matte)
    y, x = np.mgrid[:96, :96] + 0.5 - 48
    sure = x**2 + y**2 < (0.85 * 40) ** 2
    error = (found - found[sure].mean()) - (height - height[sure].mean())
    # A slope is the mean of two pixels': an error of second order, largest near the rim; a fiftieth of the radius.
    assert np.abs(error[sure]).max() < 40 / 50


def test_a_tilted_plane_stays_a_plane_also_behind_a_ragged_matte():
    slope = np.array([-0.3, 0.2])  # per pixel to the right, up
    normal = np.array([-slope[0], -slope[1], 1]) / np.hypot(1, np.hypot(*slope))
    y, x = np.mgrid[:60, :80]
    matte = ((x - 40) ** 2 + (y - 30) ** 2 < 25**2 + 60 * np.sin(x)).astype(np.float32)
    found = relief.integrate(np.broadcast_to(normal, (60, 80, 3)).astype(np.float32) * matte[:, :, None], matte)
    true = slope[0] * x - slope[1] * y
    inside = matte > 0
    error = (found - true)[inside]
    # Outside, the slope is 0 and counts a two-hundredth; converged to 1e-4 of a height that spans 15 pixels.
    assert np.ptp(error) < 0.1


def test_a_face_is_as_large_as_a_face_whatever_the_photo():
    normals, matte, _ = hemisphere(400, 180)
    small = Photo(normals, matte, Window(150, 160, 250, 240))
    large = Photo(normals.repeat(2, 0).repeat(2, 1), matte.repeat(2, 0).repeat(2, 1), Window(300, 320, 500, 480))
    one, two = relief.build_relief(small), relief.build_relief(large)
    # 100 pixels are 0.1 m, so the ball of 180 pixels has that many millimetres; the grid's pixels are 2 mm.
    for surface in (one, two):
        assert np.ptp(surface.vertices[:, 0]) == pytest.approx(0.36, abs=0.006)
        assert surface.vertices[:, 1].min() > 0
    np.testing.assert_allclose(np.ptp(one.vertices, axis=0), np.ptp(two.vertices, axis=0), atol=0.004)


def test_the_surface_looks_at_the_camera_and_knows_its_place_in_the_picture():
    normals, matte, _ = hemisphere(128, 50)
    surface = relief.build_relief(Photo(normals, matte, Window(44, 44, 84, 84)))
    a, b, c = (surface.vertices[surface.faces[:, k]] for k in range(3))
    assert (np.cross(b - a, c - b)[:, 2] > 0).all()
    pitch = 0.1 / 40
    np.testing.assert_allclose(surface.vertices[:, 0], (surface.uv[:, 0] - 0.5) * 128 * pitch, atol=1e-5)
    np.testing.assert_allclose(surface.vertices[:, 1], surface.uv[:, 1] * 128 * pitch, atol=1e-5)
    centre = np.argmin(np.abs(surface.uv - 0.5).sum(axis=1))
    assert surface.vertices[centre, 2] == pytest.approx(surface.vertices[:, 2].max(), abs=0.002)


def test_the_nearest_point_is_a_metre_away_and_nothing_stands_outside():
    normals, matte, height = hemisphere(128, 50)
    depth = relief.depth_of(Photo(normals, matte, Window(44, 44, 84, 84)))
    assert depth[64, 64] == pytest.approx(relief.NEAREST_M, abs=0.002)
    assert (depth[matte == 0] == 0).all()
    ring = int(64 + 0.8 * 50)
    # Half a pixel of 2.5 mm at the slope there, which is 4/3.
    assert depth[64, ring] - depth[64, 64] == pytest.approx((50 - height[64, ring]) * 0.1 / 40, abs=0.004)
