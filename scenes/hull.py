"""What hair and headwear stay out of: a head as seen from its middle, and the shoulders as a landscape.

Bust's frame, metres. R rows of elevation, N points.
"""

from dataclasses import dataclass

import numpy as np

# Above this height below the eyes a vertex belongs to the head, below it to neck and shoulders.
CHIN_M = -0.13


@dataclass(frozen=True)
class Hull:
    """A head from its middle, and what is under it.

    Attributes:
        centre: (3,) metres.
        radii: (R, 2R) metres, the furthest surface in each direction by elevation (top first) and azimuth.
        taut: (R, 2R) metres, the same under a cloth drawn over the head: it spans hollows.
        heights: (60, 60) metres, the top of neck and shoulders by x and y, a centimetre a cell; −inf where nothing is.
    """

    centre: np.ndarray
    radii: np.ndarray
    taut: np.ndarray
    heights: np.ndarray


def hull_of(vertices: np.ndarray, centre: np.ndarray, rows: int = 72) -> Hull:
    """Measure skin and clothes (V, 3) from a point inside the head."""
    head = vertices[vertices[:, 2] > CHIN_M]
    row, column, radius = _directions(head, centre, rows)
    radii = np.zeros((rows, 2 * rows))
    np.maximum.at(radii, (row.astype(int), column.astype(int) % (2 * rows)), radius)
    # Cells that no vertex fell into take the mean of their neighbours.
    while (radii == 0).any():
        # Azimuth goes round, elevation does not.
        padded = np.pad(radii, ((1, 1), (0, 0)), "edge")
        around = np.stack([padded[:-2], padded[2:], np.roll(radii, 1, 1), np.roll(radii, -1, 1)])
        known = (around > 0).sum(0)
        radii = np.where((radii == 0) & (known > 0), around.sum(0) / np.maximum(known, 1), radii)
    heights = np.full((60, 60), -np.inf)
    body = vertices[vertices[:, 2] <= CHIN_M]
    np.maximum.at(heights, _cells(body, centre), body[:, 2])
    return Hull(np.asarray(centre, float), radii, _taut(radii), heights)


def surface_radius(hull: Hull, ways: np.ndarray, taut: bool = False) -> np.ndarray:
    """Distance from the hull's centre to the head's surface, or to a taut cloth over it, in directions (N, 3), (N,)."""
    return _at(hull.taut if taut else hull.radii, *_directions(hull.centre + ways, hull.centre, len(hull.radii))[:2])


def push_out(hull: Hull, points: np.ndarray, clearance: np.ndarray | float) -> np.ndarray:
    """Move points (..., 3) nearer than ``clearance``: away from the head's centre, and up from the shoulders."""
    flat = points.reshape(-1, 3)
    radius, surface = heights_above(hull, flat)
    wanted = surface + np.broadcast_to(clearance, points.shape[:-1]).ravel()
    grow = np.maximum(wanted / np.maximum(radius, 1e-6), 1)
    moved = hull.centre + (flat - hull.centre) * grow[:, None]
    top = hull.heights[_cells(moved, hull.centre)] + np.broadcast_to(clearance, points.shape[:-1]).ravel()
    moved[:, 2] = np.where(moved[:, 2] < CHIN_M, np.maximum(moved[:, 2], np.minimum(top, CHIN_M)), moved[:, 2])
    return moved.reshape(points.shape)


def above_ground(hull: Hull, points: np.ndarray) -> np.ndarray:
    """Height of points (N, 3) over shoulders and chest, (N,); infinite where nothing is under them."""
    return points[:, 2] - hull.heights[_cells(points, hull.centre)]


def _taut(radii: np.ndarray) -> np.ndarray:
    """What is highest within some degrees, smoothed, and nowhere below the surface itself."""
    spanned = radii
    # Azimuth goes round, elevation does not.
    for shift in (-2, -1, 1, 2):
        spanned = np.maximum(spanned, np.roll(radii, shift, 1))
    for _ in range(3):
        padded = np.pad(np.pad(spanned, ((2, 2), (0, 0)), "edge"), ((0, 0), (3, 3)), "wrap")
        across = np.mean([padded[:, k : k + radii.shape[1]] for k in range(7)], axis=0)
        spanned = np.mean([across[k : k + len(radii)] for k in range(5)], axis=0)
    return np.maximum(radii, spanned)


def _directions(points: np.ndarray, centre: np.ndarray, rows: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Row and column in a hull's grid, real numbers, and distance from the centre, (N,) each."""
    x, y, z = (points - centre).T
    level = np.hypot(x, y)
    row = np.clip((0.5 - np.arctan2(z, level) / np.pi) * rows, 0, rows - 1e-3)
    column = (np.arctan2(y, x) / (2 * np.pi) + 0.5) * 2 * rows
    return row, column, np.hypot(level, z)


def heights_above(hull: Hull, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distance of points (N, 3) from the hull's centre, and of the head's surface below them, (N,) each."""
    row, column, radius = _directions(points, hull.centre, len(hull.radii))
    return radius, _at(hull.radii, row, column)


def _at(radii: np.ndarray, row: np.ndarray, column: np.ndarray) -> np.ndarray:
    """Look a grid of radii up between its cells, (N,)."""
    row, column = row - 0.5, column - 0.5
    i, j = np.floor(row).astype(int), np.floor(column).astype(int)
    s, t = row - i, column - j
    rows, columns = radii.shape
    low, high = np.clip(i, 0, rows - 1), np.clip(i + 1, 0, rows - 1)
    left, right = j % columns, (j + 1) % columns
    surface = (1 - s) * ((1 - t) * radii[low, left] + t * radii[low, right])
    return surface + s * ((1 - t) * radii[high, left] + t * radii[high, right])


def _cells(points: np.ndarray, centre: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Indices into a hull's heights, (N,) each."""
    across = np.clip(np.floor((points[:, :2] - centre[:2]) * 100).astype(int) + 30, 0, 59)
    return across[:, 0], across[:, 1]
