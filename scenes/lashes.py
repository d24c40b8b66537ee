"""Lashes: strands along the rims of the lids, on any head. Bust's frame, metres."""

from typing import NamedTuple

import numpy as np

from .bust import LABELS, Material, Strands


class Lids(NamedTuple):
    """The rims of one eye's lids, (K, 3) each, from the corner at the nose outwards, and the eyeball's centre, (3,)."""

    upper: np.ndarray
    lower: np.ndarray
    centre: np.ndarray


def lids_of(rest: np.ndarray, now: np.ndarray, centre: np.ndarray) -> Lids:
    """The rims of an eye's lids out of the points around its opening, in any order.

    Args:
        rest: (K, 3) of the open eye, which tell the lids apart. now: (K, 3) where those points are.
    """
    inner, outer = rest[np.abs(rest[:, 0]).argmin()], rest[np.abs(rest[:, 0]).argmax()]
    across = (rest[:, 0] - inner[0]) / (outer[0] - inner[0])
    above = rest[:, 2] > inner[2] + across * (outer[2] - inner[2])
    upper, lower = (now[lid][np.argsort(across[lid])] for lid in (above, ~above))
    return Lids(upper, lower, centre)


def lashes_of(eyes: tuple[Lids, ...], seed: int) -> Strands:
    """Lashes forward and curling away from the eyes, longest a little outside the middle."""
    rng = np.random.default_rng([seed, 1])
    steps = np.linspace(0, 1, 5)[:, None, None]
    hairs = []
    for lids in eyes:
        outwards = np.sign(lids.centre[0])
        for rim, count, longest_m, lift, forward in (
            # The lid bulges above its rim: upper lashes first go forwards, under it.
            (lids.upper, 110, 0.0085, 1.3, (0, -0.45, -0.5)),
            (lids.lower, 60, 0.0040, -0.9, (0, -0.1, 0.1)),
        ):
            t = rng.uniform(0.12, 1.0, count)
            place = np.linspace(0, 1, len(rim))
            root = np.stack([np.interp(t, place, axis) for axis in rim.T], 1)
            away = root - lids.centre
            away /= np.linalg.norm(away, axis=1, keepdims=True)
            fan = (t - 0.45)[:, None] * np.array([0.9 * outwards, 0, 0])
            heading = away + forward + fan + rng.normal(0, 0.08, (count, 3))
            length = longest_m * np.sin(np.pi * np.clip(0.15 + 0.7 * t, 0, 1)) * rng.uniform(0.7, 1, count)
            # Out of the lid first, then curling up (down on the lower lid).
            curled = 0.75 * steps * heading + 0.55 * steps**2 * np.array([0, 0, lift])
            hairs.append(root + length[:, None] * curled)
    points = np.concatenate([hair.transpose(1, 0, 2) for hair in hairs])
    material = Material("lashes", (0.012, 0.010, 0.009), roughness=0.5, specular=0.3)
    return Strands("lashes", points.astype(np.float32), 0.00009, LABELS.index("brows"), material)
