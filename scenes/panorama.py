"""Painting panoramas: directions, discs, rectangles, boxes and soft noise, in Blender's HDRI frame.

World axes: Z up, the face looks along −Y, +X is the subject's left. An azimuth counts from the front of the face (−Y),
positive towards the subject's left, as for cameras. Coverages are (h, 2h) in [0, 1], top row first.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from .light_map import WORLD_FROM_PANORAMA, directions, solid_angles

HEIGHT = 512  # rows of what is painted; a texel is 0.35°
COARSE = 128  # rows of what has no edges, enlarged afterwards
TEXEL = np.pi / HEIGHT


def triple(values: np.ndarray) -> tuple[float, float, float]:
    """Three numbers of an array as a frozen description holds them."""
    first, second, third = values
    return float(first), float(second), float(third)


@lru_cache(maxsize=4)
def world_directions(height: int = HEIGHT) -> np.ndarray:
    """Unit directions of the texel centres in the world, (height, 2·height, 3) float32."""
    out = (directions(height) @ WORLD_FROM_PANORAMA.T).astype(np.float32)
    out.setflags(write=False)
    return out


def direction_of(azimuth_deg: float, elevation_deg: float) -> np.ndarray:
    """Unit direction (3,) in the world."""
    az, el = np.radians([azimuth_deg, elevation_deg])
    return np.array([np.sin(az) * np.cos(el), -np.cos(az) * np.cos(el), np.sin(el)])


def add_disc(panorama: np.ndarray, direction: np.ndarray, half_angle: float, radiance: np.ndarray) -> None:
    """Add a shining disc in place; its light is exact even where it is smaller than a texel.

    Args:
        panorama: (h, 2h, 3).
        direction: (3,) unit.
        half_angle: radians.
        radiance: (3,).
    """
    height = len(panorama)
    texel = np.pi / height
    elevation = np.arcsin(np.clip(direction[2], -1, 1))
    middle = (0.5 - elevation / np.pi) * height
    reach = half_angle / texel + 2
    rows = slice(max(int(middle - reach), 0), min(int(middle + reach) + 1, height))
    # Near 1 the cosine loses the digits that tell apart angles below a texel; the chord keeps them.
    chord = np.linalg.norm(world_directions(height)[rows] - direction.astype(np.float32), axis=-1)
    angle = 2 * np.arcsin(np.minimum(chord / 2, 1))
    if half_angle < texel / 2:
        cover = np.clip(1 - angle / texel, 0, 1)  # a point amid texels: shared by those nearer than one texel
    else:
        cover = np.clip((half_angle - angle) / texel + 0.5, 0, 1)
    solid = 2 * np.pi * (1 - np.cos(half_angle))
    cover *= solid / (cover * solid_angles(height)[rows]).sum()
    panorama[rows] += cover[:, :, None] * np.asarray(radiance, np.float32)


def enlarged(coarse: np.ndarray, height: int = HEIGHT) -> np.ndarray:
    """Interpolate (h, 2h, …) linearly to ``height`` rows, a power of two times as many."""
    while len(coarse) < height:
        for axis in (0, 1):
            before, after = (np.roll(coarse, shift, axis) for shift in (1, -1))
            if axis == 0:  # rows end at the poles, columns go round
                before[0], after[-1] = coarse[0], coarse[-1]
            pair = np.stack([0.75 * coarse + 0.25 * before, 0.75 * coarse + 0.25 * after], axis=axis + 1)
            coarse = pair.reshape(*(n * (1 + (i == axis)) for i, n in enumerate(coarse.shape)))
    return coarse


def plane_hits(centre: np.ndarray, normal: np.ndarray, up: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where the rays from the head meet a plane.

    Args:
        centre: (3,) metres, a point of the plane.
        normal: (3,) unit; rays see the plane from its front only.
        up: (3,) unit, in the plane.

    Returns:
        right and up coordinates in metres about ``centre``, and the width in metres that a texel covers there (inf
        where the ray misses), each (h, 2h).
    """
    rays = world_directions()
    facing = -(rays @ normal.astype(np.float32))
    distance = np.float32(-(centre @ normal)) / np.maximum(facing, 1e-4)
    points = rays * distance[..., None] - centre.astype(np.float32)
    right = np.cross(up, normal).astype(np.float32)
    footprint = np.where(facing > 1e-3, distance * np.float32(TEXEL), np.inf)
    return points @ right, points @ up.astype(np.float32), footprint


def inside(distance: np.ndarray, footprint: np.ndarray) -> np.ndarray:
    """Coverage by a shape, from the signed distance to its edge (positive inside), both in metres."""
    return np.where(np.isfinite(footprint), np.clip(distance / footprint + 0.5, 0, 1), 0)


class Walls(NamedTuple):
    """What the rays from the head meet inside a box.

    Attributes:
        points: (h, 2h, 3) metres.
        index: (h, 2h), the wall: 0 at −X, 1 at +X, 2 at −Y (before the face), 3 at +Y, 4 the floor, 5 the ceiling.
        normals: (h, 2h, 3), inwards.
    """

    points: np.ndarray
    index: np.ndarray
    normals: np.ndarray


INWARDS = np.repeat(np.eye(3, dtype=np.float32), 2, axis=0) * np.float32([[1], [-1], [1], [-1], [1], [-1]])


def walls_of(low: np.ndarray, high: np.ndarray, height: int) -> Walls:
    """Look from the head at the inside of a box around it.

    Args:
        low, high: (3,) metres, corners; ``low`` < 0 < ``high``.
    """
    rays = world_directions(height)
    steps = np.where(rays > 0, np.asarray(high, np.float32), np.asarray(low, np.float32)) / rays
    axis = np.argmin(steps, axis=-1)
    index = 2 * axis + (np.take_along_axis(rays, axis[..., None], axis=-1)[..., 0] > 0)
    return Walls(rays * steps.min(axis=-1)[..., None], index, INWARDS[index])


def lit_by(at: np.ndarray, walls: Walls, size_m2: float, facing: np.ndarray | None = None) -> np.ndarray:
    """Irradiance (h, 2h) on walls by a small emitter of radiance 1.

    Args:
        at: (3,) metres.
        size_m2: its area as seen from the front.
        facing: (3,) unit, the front of a flat emitter; None for a ball.
    """
    toward = np.asarray(at, np.float32) - walls.points
    # Not nearer than the emitter is large.
    squared = np.maximum((toward * toward).sum(-1), np.float32(size_m2 / np.pi))
    falling = np.maximum((toward * walls.normals).sum(-1), 0) / squared**1.5
    if facing is not None:
        falling *= np.maximum(-(toward @ facing), 0) / np.sqrt(squared)
    return np.float32(size_m2) * falling


def soft_noise(rng: np.random.Generator, points: np.ndarray, octaves: int = 4) -> np.ndarray:
    """Random smooth values of about unit variance at points (..., D): a sum of plane waves, finer ones fainter."""
    out = np.zeros(points.shape[:-1], np.float32)
    for octave in range(octaves):
        for _ in range(6):
            wave = (rng.normal(size=points.shape[-1]) * 2.0**octave).astype(np.float32)
            out += np.float32(0.7**octave) * np.sin(points @ wave + np.float32(rng.uniform(0, 2 * np.pi)))
    return out / np.float32(np.sqrt(3 * sum(0.49**k for k in range(octaves))))
