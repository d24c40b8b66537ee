"""Signed distance fields to sculpt with, and the mesh of a field's zero level.

Fields are negative inside. Points are (N, 3) in any unit of length; fields return (N,). They need not be true
distances, only of a slope not much above one near the surface.
"""

from collections.abc import Callable

import numpy as np

Field = Callable[[np.ndarray], np.ndarray]


def squared(vectors: np.ndarray) -> np.ndarray:
    """Squared lengths (N,) of vectors (N, C); several times as quick as a sum over so short an axis."""
    return np.einsum("ij,ij->i", vectors, vectors)


def ellipsoid(points: np.ndarray, centre: tuple, radii: tuple) -> np.ndarray:
    """Distance to an ellipsoid, first order in the gradient.

    Source: I. Quilez, "Ellipsoid SDF", 2008.
    """
    scaled = (points - np.asarray(centre, np.float32)) / np.asarray(radii, np.float32)
    k0 = np.sqrt(squared(scaled))
    steep = scaled / np.asarray(radii, np.float32)
    return k0 * (k0 - 1) / np.maximum(np.sqrt(squared(steep)), 1e-6)


def round_cone(points: np.ndarray, start: tuple, end: tuple, start_radius: float, end_radius: float) -> np.ndarray:
    """Distance to a capsule whose radius changes along its axis."""
    start, axis = np.asarray(start, np.float32), np.subtract(end, start).astype(np.float32)
    along = np.clip((points - start) @ axis / (axis @ axis), 0, 1)
    away = points - start - along[:, None] * axis
    return np.sqrt(squared(away)) - (start_radius + (end_radius - start_radius) * along)


def unite(a: np.ndarray, b: np.ndarray, blend: float) -> np.ndarray:
    """Union of two fields with a fillet of about the blend's size."""
    h = np.maximum(blend - np.abs(a - b), 0) / blend
    return np.minimum(a, b) - h * h * (blend / 4)


def subtract(a: np.ndarray, b: np.ndarray, blend: float) -> np.ndarray:
    """What is left of ``a`` outside ``b``, with a rounded edge."""
    return -unite(-a, b, blend)


def intersect(a: np.ndarray, b: np.ndarray, blend: float) -> np.ndarray:
    """What ``a`` and ``b`` share, with a rounded edge."""
    return -unite(-a, -b, blend)


def bump(points: np.ndarray, centre: tuple, sigmas: tuple) -> np.ndarray:
    """A Gaussian hill of height one: subtract a multiple of it from a field to raise the surface there."""
    scaled = (points - np.asarray(centre, np.float32)) / np.asarray(sigmas, np.float32)
    return np.exp(-0.5 * squared(scaled))


def smoothstep(low: float, high: float, x: np.ndarray) -> np.ndarray:
    """Rise from 0 at ``low`` to 1 at ``high`` (which may be the smaller)."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def slope_of(field: Field, points: np.ndarray, step: float) -> tuple[np.ndarray, np.ndarray]:
    """A field at points, (N,), and its gradient there by forward differences, (N, 3)."""
    here = field(points)
    return here, np.stack([field(points + step * e) - here for e in np.eye(3, dtype=np.float32)], -1) / step


def project(field: Field, points: np.ndarray, step: float, iterations: int = 1, reach: float = np.inf) -> np.ndarray:
    """Newton steps onto the zero level, each no longer than ``reach``."""
    for _ in range(iterations):
        level, slope = slope_of(field, points, step)
        move = -level[:, None] * slope / np.maximum(squared(slope), 0.05)[:, None]
        length = np.sqrt((move * move).sum(-1, keepdims=True))
        points = points + move * np.minimum(1, reach / np.maximum(length, 1e-9))
    return points.astype(np.float32)


def graded_axis(knots: tuple, steps: tuple) -> np.ndarray:
    """Coordinates from the first knot to the last with the spacing of ``steps`` at the knots; 8 n + 1 of them."""
    fine = np.linspace(knots[0], knots[-1], 4000)
    density = 1 / np.interp(fine, knots, steps)
    count = np.concatenate([[0], np.cumsum((density[1:] + density[:-1]) / 2 * np.diff(fine))])
    cells = 8 * int(np.ceil(count[-1] / 8))
    return np.interp(np.linspace(0, count[-1], cells + 1), count, fine).astype(np.float32)


def surface_nets(field: Field, xs: np.ndarray, ys: np.ndarray, zs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mesh the zero level over a grid with graded spacing: one vertex a cell, one quad a crossed edge.

    Only blocks that the surface may cross are refined, so the cost grows with its area.

    Args:
        xs, ys, zs: ascending coordinates, each 8 n + 1 of them; a surface that leaves the grid is capped there.

    Returns:
        vertices (V, 3) float32, faces (F, 4) int32 counter-clockwise seen from outside.

    Source: S. F. F. Gibson, "Constrained elastic surface nets", MICCAI 1998.
    """
    values = _sparse_values(field, xs, ys, zs)
    for axis in range(3):
        border = np.moveaxis(values, axis, 0)
        border[[0, -1]] = np.maximum(border[[0, -1]], 1e-3)
    inside = values < 0
    corners = [(i, j, k) for i in (0, 1) for j in (0, 1) for k in (0, 1)]
    shape = tuple(n - 1 for n in inside.shape)
    filled = np.add.reduce(_corner_windows(inside), dtype=np.int8)
    cells = np.argwhere((filled > 0) & (filled < 8))
    ids = np.full(shape, -1, np.int32)
    ids[tuple(cells.T)] = np.arange(len(cells), dtype=np.int32)

    at = [tuple((cells + corner).T) for corner in corners]
    level = np.stack([values[a] for a in at], 1)  # (N, 8)
    place = np.stack([np.stack([xs[a[0]], ys[a[1]], zs[a[2]]], -1) for a in at], 1)  # (N, 8, 3)
    total, crossings = np.zeros((len(cells), 3)), np.zeros(len(cells))
    for a in range(8):
        for bit in (1, 2, 4):
            b = a | bit
            if b == a:
                continue
            crossed = (level[:, a] < 0) != (level[:, b] < 0)
            t = level[crossed, a] / (level[crossed, a] - level[crossed, b])
            total[crossed] += place[crossed, a] + t[:, None] * (place[crossed, b] - place[crossed, a])
            crossings += crossed
    vertices = (total / crossings[:, None]).astype(np.float32)

    quads = []
    for axis in range(3):
        low = np.take(inside, range(inside.shape[axis] - 1), axis)
        high = np.take(inside, range(1, inside.shape[axis]), axis)
        edges = np.argwhere(low != high)
        u, v = np.eye(3, dtype=int)[(axis + 1) % 3], np.eye(3, dtype=int)[(axis + 2) % 3]
        ring = np.stack([ids[tuple((edges - s).T)] for s in (u + v, v, 0 * u, u)], 1)
        leaving = low[tuple(edges.T)]
        quads.append(np.where(leaving[:, None], ring, ring[:, ::-1]))
    return vertices, np.concatenate(quads).astype(np.int32)


def _sparse_values(field: Field, xs: np.ndarray, ys: np.ndarray, zs: np.ndarray) -> np.ndarray:
    """The field on the grid, exact where blocks may hold the surface and of the right sign elsewhere."""
    stride = 8
    axes = [axis[::stride] for axis in (xs, ys, zs)]
    values = field(np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 3)).reshape([len(a) for a in axes])
    active = np.ones([len(a) - 1 for a in axes], bool)
    while stride > 1:
        nearest = np.minimum.reduce([np.abs(window) for window in _corner_windows(values)])
        sizes = [np.diff(axis) ** 2 for axis in axes]
        diagonal = np.sqrt(sizes[0][:, None, None] + sizes[1][None, :, None] + sizes[2][None, None, :])
        # No point of a block is further than half its diagonal from a corner; a third more for fields steeper than one,
        # which a field is over a few cells only, so the last step does without.
        active &= nearest < (0.66 if stride > 2 else 0.52) * diagonal
        stride //= 2
        axes = [axis[::stride] for axis in (xs, ys, zs)]
        active = active.repeat(2, 0).repeat(2, 1).repeat(2, 2)
        # Far from the surface the value of a neighbour will do: only its sign counts.
        values = values[np.ix_(*[np.arange(len(a)) // 2 for a in axes])]
        touched = np.zeros(values.shape, bool)
        for window in _corner_windows(touched):
            window |= active
        i, j, k = np.nonzero(touched)
        values[i, j, k] = field(np.stack([axes[0][i], axes[1][j], axes[2][k]], -1))
    return values


def _corner_windows(grid: np.ndarray) -> list[np.ndarray]:
    """Views of a grid of points at the eight corners of each of its blocks."""
    n, m, o = (length - 1 for length in grid.shape)
    return [grid[i : i + n, j : j + m, k : k + o] for i in (0, 1) for j in (0, 1) for k in (0, 1)]
