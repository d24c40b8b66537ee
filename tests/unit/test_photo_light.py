"""The light estimated from a person is the light that they stand in."""

import numpy as np
import pytest

from relight_stage.nets.photo_light import brightest_direction, estimate_light
from relight_stage.nets.resampling import Window
from relight_stage.nets.views import Portrait, View
from relight_stage.scenes import light_map as light_maps

SIDE = 96


def sphere_portrait(light_map, exposure=1.0, albedo=0.5, expected=None):
    """A matt sphere that fills the picture, lit texel by texel; expected: what a light net says."""
    axis = (np.arange(SIDE) + 0.5) / SIDE * 2 - 1
    x, y = np.meshgrid(axis, -axis)
    matte = (x * x + y * y < 0.95).astype(np.float32)
    normals = np.stack([x, y, np.sqrt(np.clip(1 - x * x - y * y, 0, None))], axis=-1) * matte[:, :, None]
    power = (light_map * light_maps.solid_angles(len(light_map))[:, :, None]).reshape(-1, 3)
    toward = light_maps.directions(len(light_map)).reshape(-1, 3)
    photo = np.clip(normals.reshape(-1, 3) @ toward.T, 0, None) @ power / np.pi * albedo
    photo = photo.reshape(SIDE, SIDE, 3).astype(np.float32) * matte[:, :, None]
    window = Window(0, 0, SIDE, SIDE)
    colour = np.full((SIDE, SIDE, 3), albedo, np.float32)
    normals = normals.astype(np.float32)
    view = View(window, np.ones((SIDE, SIDE)), matte, photo * exposure, normals, colour, None, matte, expected)
    return Portrait(photo, matte, photo, (window,), window, exposure, np.ones((SIDE, SIDE, 3), np.float16), (view,))


def lamp(direction, ambient):
    """A soft lamp of normal irradiance 1 over even light, (16, 32, 3), and its direction."""
    direction = np.asarray(direction) / np.linalg.norm(direction)
    disc = np.exp(40 * (light_maps.directions(16) @ direction - 1))[:, :, None] * np.ones(3)
    disc /= (disc * light_maps.solid_angles(16)[:, :, None]).sum(axis=(0, 1))
    return disc + ambient, direction


@pytest.mark.parametrize("direction", [(1, 0.2, 0.6), (-1, 0.5, 0.3), (0, 1, 0.5), (0.3, -0.8, 0.6), (0, 0, 1)])
def test_the_lamp_is_found_where_it_stands(direction):
    light, toward = lamp(direction, 0.02)
    found, irradiance, _ = brightest_direction(estimate_light(sphere_portrait(light)))
    # The lights that are fitted stand about 20° apart.
    assert np.degrees(np.arccos(found @ toward)) < 12
    assert irradiance.mean() == pytest.approx(1, rel=0.3)


def test_even_light_is_found_even():
    light = estimate_light(sphere_portrait(np.full((16, 32, 3), 0.7)))
    assert light == pytest.approx(0.7, rel=0.05)


def test_the_photo_lit_by_its_estimate_is_the_photo():
    light, _ = lamp((0.6, 0.5, 0.6), np.array([0.05, 0.1, 0.2]))
    portrait = sphere_portrait(light)
    again = sphere_portrait(estimate_light(portrait))
    error = np.sqrt(np.mean((again.photo - portrait.photo) ** 2)) / portrait.photo.mean()
    # Caution takes a twentieth off a lamp's peak.
    assert error < 0.08


def test_where_nobody_can_see_light_is_what_the_network_expects():
    behind, toward = lamp((0.5, 0.4, -0.8), 0.1)
    light = (behind + lamp((0.6, 0.5, 0.6), 0.0)[0]).astype(np.float32)
    # At another brightness: what the photo shows sets it.
    found = estimate_light(sphere_portrait(light, expected=3 * light))
    is_back = (light_maps.directions(16) @ toward > 0.5)[:, :, None]
    assert light_maps.flux(found * is_back) == pytest.approx(light_maps.flux(light * is_back), rel=0.2)


def test_light_counts_at_the_photos_own_exposure():
    light, _ = lamp((0.6, 0.5, 0.6), 0.05)
    ours, dim = (estimate_light(sphere_portrait(light, exposure=e)) for e in (1.0, 0.5))
    assert dim == pytest.approx(ours, rel=1e-3, abs=1e-4)


def test_one_light_and_the_rest_hold_all_the_light():
    light, _ = lamp((1, 1, 1), 0.1)
    direction, irradiance, rest = brightest_direction(light)
    assert np.linalg.norm(direction) == pytest.approx(1)
    assert irradiance + 4 * np.pi * rest == pytest.approx(light_maps.flux(light), rel=1e-3)


def test_a_black_person_gives_darkness_and_no_nan():
    assert not estimate_light(sphere_portrait(np.zeros((16, 32, 3)))).any()
