"""Brows: short hairs along two arches, lying on the skin of any head that keeps its mesh. Bust's frame, metres."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .bust import LABELS, Material, Strands

# Landmarks of the right and of the left brow, from the nose outwards.
_ARCHES = ((21, 20, 19, 18, 17), (22, 23, 24, 25, 26))
# How far around the brows, and behind them, the skin is looked at that they may lie on.
_MARGIN_M, _BEHIND_M = 0.005, 0.02


@dataclass(frozen=True)
class Brows:
    """Both brows of a person.

    Attributes:
        colour: scene-linear.
        density: 0.5 sparse to 1.2 bushy. width_mm: at their broadest. lift_mm: above the landmarks.
    """

    colour: tuple[float, float, float]
    density: float
    width_mm: float
    lift_mm: float


class Forehead(NamedTuple):
    """The skin that brows lie on: vertices at rest and now, (V, 3) each, and its quads, (F, 4)."""

    rest: np.ndarray
    now: np.ndarray
    quads: np.ndarray


def brows_rand(rng: np.random.Generator, colour: tuple[float, float, float], masculine: float) -> Brows:
    """Draw brows; men's are broader as a rule, and few pluck them."""
    return Brows(
        colour=colour,
        density=float(rng.uniform(0.5, 1.0) + 0.2 * masculine),
        width_mm=float(rng.uniform(4.5, 8.0) + 1.5 * masculine),
        lift_mm=float(rng.normal(0, 0.8)),
    )


def brows_of(brows: Brows, skin: Forehead, landmarks: np.ndarray, seed: int) -> Strands:
    """Grow the brows.

    Args:
        landmarks: (68, 3) of the head at rest.
    """
    rng = np.random.default_rng(seed)
    count = int(560 * brows.density)
    steps = np.linspace(0, 1, 5)[:, None]
    arches = []
    for marks, side in zip(_ARCHES, (-1, 1), strict=True):
        arch = landmarks[list(marks)][:, [0, 2]]
        t = rng.uniform(0, 1, count) ** 0.9
        # A smooth curve along the five landmarks.
        root = np.stack([np.polyval(np.polyfit(np.linspace(0, 1, 5), axis, 3), t) for axis in arch.T], 1)
        width = 0.001 * brows.width_mm * np.minimum(1, 0.55 + 2 * t) * (1.05 - 0.85 * t**2)
        # Densest along the middle, single hairs above and below.
        across = np.clip(rng.normal(0, 0.27, count), -0.7, 0.7)
        root[:, 1] += 0.001 * brows.lift_mm + across * width
        # Upright near the nose, then along the arch and at last downwards; high hairs lean down, low ones up.
        angle = np.interp(t, [0, 0.25, 0.7, 1], [1.2, 0.55, 0.1, -0.45]) - 0.5 * across + rng.normal(0, 0.15, count)
        length = 0.0065 * (1 - 0.25 * t) * rng.uniform(0.7, 1.2, count)
        x = root[:, 0] + side * steps * length * np.cos(angle)
        z = root[:, 1] + steps * length * np.sin(angle) - 0.0008 * steps**2
        arches.append(np.stack([x, z], -1).transpose(1, 0, 2))
    flat = np.concatenate(arches)  # (2 · count, 5, 2)
    points = _drape(_front_of(skin, landmarks, flat), flat, np.linspace(0.0, 0.0009, 5))
    material = Material("brows", brows.colour, roughness=0.45, specular=0.3, strand_spread=0.12)
    return Strands("brows", points.astype(np.float32), 0.00012, LABELS.index("brows"), material)


def _front_of(skin: Forehead, landmarks: np.ndarray, flat: np.ndarray) -> Forehead:
    """The part of the skin that strands drawn before the face at rest, x and z (K, P, 2), may lie on."""
    a, b, c, d = skin.rest[skin.quads].transpose(1, 0, 2)
    middles = (a + b + c + d) / 4
    behind = landmarks[[i for arch in _ARCHES for i in arch], 1].max() + _BEHIND_M
    low, high = flat.min((0, 1)) - _MARGIN_M, flat.max((0, 1)) + _MARGIN_M
    place = middles[:, [0, 2]]
    near = ((place > low) & (place < high)).all(1) & (middles[:, 1] < behind) & (np.cross(c - a, d - b)[:, 1] < 0)
    return skin._replace(quads=skin.quads[near])


def _drape(skin: Forehead, flat: np.ndarray, above: np.ndarray) -> np.ndarray:
    """Carry short strands drawn before the face at rest to the skin as it is now.

    Args:
        flat: (K, P, 2) x and z. above: (P,) metres above the skin.

    Returns:
        (K, P, 3).
    """
    quads = skin.quads
    triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    a, b, c = skin.rest[triangles].transpose(1, 0, 2)[..., [0, 2]]
    middle = (a + b + c) / 3
    # Squared distances but for what all triangles share; those nearest to a strand's middle are its candidates.
    apart = (middle**2).sum(1) - 2 * flat.mean(1) @ middle.T
    near = np.argpartition(apart, 24, axis=1)[:, :24]
    a, b, c = (corner[near][:, None] for corner in (a, b, c))  # (K, 1, 24, 2)
    p = flat[:, :, None]
    shares = np.stack([_twice_area(p, b, c), _twice_area(p, c, a), _twice_area(p, a, b)], -1)
    shares /= shares.sum(-1, keepdims=True)
    best = shares.min(-1).argmax(2)  # (K, P)
    shares = np.take_along_axis(shares, best[:, :, None, None], 2)[:, :, 0]
    triangle = triangles[np.take_along_axis(near, best, 1)]
    corners = skin.now[triangle]  # (K, P, 3, 3)
    normals = _normals(skin)[triangle]
    return np.einsum("kps,kpsa->kpa", shares, corners) + above[:, None] * np.einsum("kps,kpsa->kpa", shares, normals)


def _normals(skin: Forehead) -> np.ndarray:
    """Unit normals of the skin as it is now at the vertices of its quads, (V, 3)."""
    a, b, c, d = skin.now[skin.quads].transpose(1, 0, 2)
    total = np.zeros_like(skin.now)
    np.add.at(total, skin.quads, np.cross(c - a, d - b)[:, None])
    return total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-12)


def _twice_area(p: np.ndarray, q: np.ndarray, r: np.ndarray) -> np.ndarray:
    """Twice the signed area of triangles in the plane, points (..., 2)."""
    return (q[..., 0] - p[..., 0]) * (r[..., 1] - p[..., 1]) - (q[..., 1] - p[..., 1]) * (r[..., 0] - p[..., 0])
