"""Meshes of simple things: sheets, swept rods, lathed and flattened balls. Metres, any frame; faces are
counter-clockwise seen from outside. R rows, N points around or along.
"""

from typing import NamedTuple

import numpy as np


class Mesh(NamedTuple):
    """vertices (V, 3) float, faces (F, 4) int, −1 last for a triangle."""

    vertices: np.ndarray
    faces: np.ndarray


def join(*meshes: Mesh) -> Mesh:
    """One mesh of several."""
    starts = np.cumsum([0, *(len(mesh.vertices) for mesh in meshes[:-1])])
    faces = [np.where(mesh.faces < 0, -1, mesh.faces + start) for mesh, start in zip(meshes, starts, strict=True)]
    return Mesh(np.concatenate([mesh.vertices for mesh in meshes]), np.concatenate(faces))


def sheet(grid: np.ndarray, closed: bool = False) -> Mesh:
    """A grid of points (R, N, 3) as quads that look towards (along the row) × (towards the next row).

    Args:
        closed: whether each row returns to its first point.
    """
    rows, count = grid.shape[:2]
    ids = np.arange(rows * count).reshape(rows, count)
    beside = np.roll(ids, -1, 1) if closed else ids[:, 1:]
    here = ids if closed else ids[:, :-1]
    quads = np.stack([here[:-1], beside[:-1], beside[1:], here[1:]], -1).reshape(-1, 4)
    return Mesh(grid.reshape(-1, 3), quads)


def flipped(mesh: Mesh) -> Mesh:
    """The same surface, looking the other way."""
    quads = mesh.faces[:, ::-1]
    triangles = mesh.faces[:, [2, 1, 0, 3]]
    return Mesh(mesh.vertices, np.where(mesh.faces[:, 3:] < 0, triangles, quads))


def mirrored(mesh: Mesh) -> Mesh:
    """The mesh on the other side of x = 0."""
    return flipped(Mesh(mesh.vertices * (-1, 1, 1), mesh.faces))


def rod(
    path: np.ndarray, up: np.ndarray, half_wide: np.ndarray | float, half_tall: np.ndarray | float, closed: bool = False
) -> Mesh:
    """A rod of rounded rectangular section along a path (N, 3), with flat ends unless it is closed.

    Args:
        up: (3,) or (N, 3), about the direction of the section's height; need not be square to the path.
        half_wide, half_tall: half the section's size, one number or (N,).
    """
    following, before = np.roll(path, -1, 0), np.roll(path, 1, 0)
    if not closed:
        following[-1], before[0] = path[-1], path[0]
    along = _unit(following - before)
    across = _unit(np.cross(along, np.broadcast_to(up, path.shape)))
    tall = np.cross(across, along)
    # An octagon between circle and square.
    angle = (np.arange(8) + 0.5) * np.pi / 4
    wide = np.broadcast_to(half_wide, len(path))[:, None, None] * np.cos(angle)[None, :, None] * 1.08
    high = np.broadcast_to(half_tall, len(path))[:, None, None] * np.sin(angle)[None, :, None] * 1.08
    grid = path[:, None] + wide * across[:, None] + high * tall[:, None]  # (N, 8, 3)
    if closed:
        return sheet(np.concatenate([grid, grid[:1]]), closed=True)
    ends = np.stack([grid[0].mean(0), grid[-1].mean(0)])[:, None].repeat(8, 1)
    return sheet(np.concatenate([ends[:1], grid, ends[1:]]), closed=True)


def ball(centre: np.ndarray, radii: tuple[float, float, float], power: float = 1.0, rings: int = 12) -> Mesh:
    """An ellipsoid; a power below 1 squares its profile along x, which makes a lens into a tin."""
    theta = np.linspace(0, np.pi, rings + 1)
    phi = np.linspace(0, 2 * np.pi, 2 * rings, endpoint=False)
    x = np.sign(np.cos(theta)) * np.abs(np.cos(theta)) ** power
    level = np.sin(theta) ** power
    grid = np.stack(
        [
            np.broadcast_to(x[:, None], (rings + 1, 2 * rings)),
            level[:, None] * np.cos(phi),
            level[:, None] * np.sin(phi),
        ],
        -1,
    )
    return flipped(sheet(np.asarray(centre) + grid * radii, closed=True))


def lathe(profile: np.ndarray, around: int = 32) -> Mesh:
    """Turn a profile (R, 2) of radii and heights, from its top to its bottom, about the z axis."""
    angle = np.linspace(0, 2 * np.pi, around, endpoint=False)
    radius, height = profile[:, :1], np.broadcast_to(profile[:, 1:], (len(profile), around))
    grid = np.stack([radius * np.cos(angle), radius * np.sin(angle), height], -1)
    return flipped(sheet(grid, closed=True))


def compact(vertices: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Leave out the vertices that no face uses."""
    used, inverse = np.unique(faces, return_inverse=True)
    if used[0] < 0:
        used, inverse = used[1:], inverse - 1
    return vertices[used], inverse.reshape(faces.shape).astype(np.int32)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)
