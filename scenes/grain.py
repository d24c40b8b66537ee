"""Noise on surfaces: values at points of space that vary smoothly over a feature's size. N: points."""

from functools import lru_cache

import numpy as np

_PERIOD = 64


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


@lru_cache(maxsize=1)
def _lattice() -> np.ndarray:
    """Random values at the corners of a cube of cells, (period³,)."""
    values = np.random.default_rng(0).normal(size=_PERIOD**3)
    # Interpolation between eight corners averages: (∫ (1 − s)² + s² dt)³ of the variance is left.
    return (values / 0.743**1.5).astype(np.float32)
