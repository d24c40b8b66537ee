"""Noise on surfaces: values at points of space that vary smoothly over a feature's size. N: points."""

from functools import lru_cache

import numpy as np

_PERIOD = 32
_STEPS, _SIDE = 4, 128  # of the quick grain: samples a feature, and a side of the cube of samples


def grain(points: np.ndarray, feature: float, seed: int) -> np.ndarray:
    """Band-limited noise of mean 0 and about unit variance.

    Args:
        points: (N, 3) in any unit.
        feature: distance over which the noise changes, same unit.

    Returns:
        (N,) float32; the same seed, feature and point give the same value.
    """
    offset = np.random.default_rng(seed).uniform(0, _PERIOD, 3).astype(np.float32)
    at = points.astype(np.float32) / np.float32(feature) + offset
    whole = np.floor(at)
    part = at - whole
    part = part * part * (3 - 2 * part)
    low = whole.astype(np.int32) % _PERIOD
    high = (low + 1) % _PERIOD
    x, y, z = part.T
    x0, x1 = low[:, 0] * _PERIOD**2, high[:, 0] * _PERIOD**2
    y0, y1 = low[:, 1] * _PERIOD, high[:, 1] * _PERIOD
    z0, z1 = low[:, 2], high[:, 2]
    lattice = _lattice()

    def along_z(row: np.ndarray) -> np.ndarray:
        near = lattice[row + z0]
        return near + z * (lattice[row + z1] - near)

    def plane(base: np.ndarray) -> np.ndarray:
        near = along_z(base + y0)
        return near + y * (along_z(base + y1) - near)

    first = plane(x0)
    return first + x * (plane(x1) - first)


def quick_grain(points: np.ndarray, feature: float, seed: int) -> np.ndarray:
    """``grain`` in steps of a quarter of its feature, a sixth of the cost: for what is not much larger than a texel."""
    offset = np.random.default_rng(seed).uniform(0, _SIDE, 3).astype(np.float32)
    at = (points * np.float32(_STEPS / feature) + (offset + 64 * _SIDE)).astype(np.int32) & (_SIDE - 1)
    return _volume()[(at[:, 0] * _SIDE + at[:, 1]) * _SIDE + at[:, 2]]


@lru_cache(maxsize=1)
def _volume() -> np.ndarray:
    """Grain sampled ``_STEPS`` times a feature in a cube that repeats, (side³,)."""
    axis = np.arange(_SIDE, dtype=np.float32) / _STEPS
    place = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), -1).reshape(-1, 3)
    return grain(place, 1.0, 0).astype(np.float32)


@lru_cache(maxsize=1)
def _lattice() -> np.ndarray:
    """Random values at the corners of a cube of cells, (period³,)."""
    values = np.random.default_rng(0).normal(size=_PERIOD**3)
    # Interpolation between eight corners averages: (∫ (1 − s)² + s² dt)³ of the variance is left.
    return (values / 0.743**1.5).astype(np.float32)
