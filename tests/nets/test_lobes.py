"""Light maps are integrals; plain summation over all texels is the judge."""

import numpy as np
import pytest
import torch

from relight_stage.nets import lobes
from relight_stage.scenes import light_map as light_maps


def tensor(light_map):
    return torch.tensor(light_map, dtype=torch.float32).permute(2, 0, 1)[None]


def looked_up(light_map, toward):
    """(4, K, 3): every lobe towards K directions, through the convolved maps."""
    maps = lobes.convolve(tensor(light_map), lobes.spectra())
    grid = torch.tensor(toward.T[None, :, None], dtype=torch.float32)
    return lobes.look_up(maps, grid)[0, :, 0].reshape(4, 3, -1).permute(0, 2, 1).numpy()


def summed(light_map, toward, exponent):
    """∫ L cosᵖ (p + 1)/(2π) dω as a plain sum, (K, 3)."""
    power = (light_map * light_maps.solid_angles(64)[:, :, None]).reshape(-1, 3)
    cosines = np.clip(toward @ light_maps.directions(64).reshape(-1, 3).T, 0, None)
    return cosines**exponent * (exponent + 1) / (2 * np.pi) @ power


def panorama(seed):
    """Radiance over several decades, with a sun of one texel."""
    rng = np.random.default_rng(seed)
    light_map = np.exp(1.5 * rng.normal(size=(64, 128, 3)))
    light_map[22, 90] = 2000.0
    return light_map


def directions(count, seed=0):
    toward = np.random.default_rng(seed).normal(size=(count, 3))
    toward /= np.linalg.norm(toward, axis=1, keepdims=True)
    toward[:4] = [0, 1, 0], [0, -1, 0], [0, 0, -1], [0, 0, 1]
    return toward


@pytest.mark.parametrize("index, exponent", list(enumerate(lobes.EXPONENTS)))
def test_lookups_equal_plain_integration_at_texel_centres(index, exponent):
    toward = light_maps.directions(64)[3::7, 5::11].reshape(-1, 3)
    light_map = panorama(1)
    wanted = summed(light_map, toward, exponent)
    # Float32 Fourier sums against float64.
    assert looked_up(light_map, toward)[index] == pytest.approx(wanted, rel=1e-3, abs=1e-4 * wanted.max())


# Between texels the lookup is linear: a lobe of exponent p loses p·h²/8 of its peak over a texel of h = 2.8°, that
# is 0.5 % at 16, 1 % at 32 and 2 % at 64; the clamped cosine loses h/8 at its terminator.
@pytest.mark.parametrize("index, exponent, tolerance", [(0, 1, 0.01), (1, 16, 0.01), (2, 32, 0.01), (3, 64, 0.02)])
def test_lookups_equal_plain_integration_anywhere(index, exponent, tolerance):
    toward, light_map = directions(400), panorama(2)
    wanted = summed(light_map, toward, exponent)
    assert np.abs(looked_up(light_map, toward)[index] - wanted).max() < tolerance * wanted.max()


def test_uniform_light_gives_one_in_every_lobe():
    # Sums over texels of 2.8° stand for integrals; the narrowest lobe, 17° across, comes out 0.6 % high at a pole.
    assert looked_up(np.ones((64, 128, 3)), directions(100)) == pytest.approx(1.0, rel=0.01)


@pytest.mark.parametrize("row, column", [(20, 90), (40, 64), (32, 2), (33, 126), (5, 30)])
def test_one_bright_texel_is_lamberts_cosine_about_its_direction(row, column):
    light_map = np.zeros((64, 128, 3))
    light_map[row, column] = 1.0
    toward = np.concatenate([directions(300), light_maps.directions(64)[row, column][None]])
    found = looked_up(light_map, toward)[0][:, 0] * np.pi / light_maps.solid_angles(64)[row, 0]
    wanted = np.clip(toward @ light_maps.directions(64)[row, column], 0, None)
    assert np.argmax(found) == len(toward) - 1
    assert np.abs(found - wanted).max() < 0.01  # h/8 at the terminator, 0.6 %


def test_lookups_are_seamless_across_the_wrap_and_the_poles():
    light_map = panorama(3)
    step = 1e-4
    for there in (np.array([0.0, 0.2, -1.0]), np.array([0.0, 1.0, 0.0]), np.array([0.0, -1.0, 0.0])):
        pair = there + step * np.array([[1, 0, 0], [-1, 0, 0]])
        pair /= np.linalg.norm(pair, axis=1, keepdims=True)
        a, b = looked_up(light_map, pair).transpose(1, 0, 2)
        assert a == pytest.approx(b, rel=5e-3)  # a lobe of exponent 64 changes by about 64·step


def test_turning_the_light_by_360_degrees_in_steps_changes_nothing():
    light_map, toward = panorama(4), directions(50)
    turned = light_map
    for _ in range(8):
        turned = light_maps.rotate(turned, np.pi / 4)
    assert looked_up(turned, toward) == pytest.approx(looked_up(light_map, toward), rel=1e-4)


def test_turning_light_and_directions_together_changes_nothing():
    light_map, toward = panorama(5), directions(200)
    angle = 2 * np.pi * 17 / 128  # whole texels, so that nothing is resampled
    c, s = np.cos(angle), np.sin(angle)
    turn = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
    found = looked_up(light_maps.rotate(light_map, angle), toward @ turn.T)
    assert found == pytest.approx(looked_up(light_map, toward), rel=2e-3, abs=1e-3)


def test_a_mirror_facing_halfway_to_the_light_shows_the_light():
    light = np.array([0.6, 0.3, 0.5])
    light /= np.linalg.norm(light)
    halfway = light + np.array([0, 0, 1])
    halfway /= np.linalg.norm(halfway)
    found = lobes.mirrored(torch.tensor(halfway, dtype=torch.float32).reshape(1, 3, 1, 1))
    assert found.flatten().numpy() == pytest.approx(light, abs=1e-6)


def test_looking_up_at_a_pole_has_no_slope_and_elsewhere_a_finite_one():
    maps = torch.rand(1, 3, 64, 128, generator=torch.Generator().manual_seed(0))
    toward = torch.tensor([[0.0, 1, 0], [0, -1, 0], [0, 0, 0], [0.6, 0, 0.8], [0, 0.99, 0.141]]).T.reshape(1, 3, 1, 5)
    toward.requires_grad_(True)
    lobes.look_up(maps, toward).sum().backward()
    assert torch.isfinite(toward.grad).all()
    assert not toward.grad[..., :3].any() and toward.grad[..., 3:].abs().amax(dim=(0, 1, 2)).min() > 0
