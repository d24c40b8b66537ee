"""Hair as strands: from roots on a scalp, combed by a style, kept out of the head and the shoulders.

Bust's frame, metres. K strands of P points.
"""

from dataclasses import dataclass

import numpy as np

from .bust import LABELS, Material, Strands

STYLES = ("bald", "buzz", "short", "side-parted", "curly", "medium", "long", "tied-back")
# How common each style is among women and among men.
_SHARES = ((0.02, 0.03, 0.10, 0.12, 0.15, 0.2, 0.23, 0.15), (0.12, 0.16, 0.3, 0.18, 0.1, 0.08, 0.04, 0.02))
# Shortest and longest hair of each style, metres.
_LENGTHS = ((0, 0), (0.004, 0.009), (0.02, 0.05), (0.05, 0.09), (0.03, 0.07), (0.14, 0.22), (0.24, 0.36), (0.08, 0.2))
_POINTS = 14
# How steeply hair leaves the scalp, and how thick it lies.
_STAND = dict(zip(STYLES, (0, 3.0, 0.8, 0.7, 2.0, 0.4, 0.35, 0.1), strict=True))
_THICKNESS_M = dict(zip(STYLES, (0, 0, 0.009, 0.013, 0.02, 0.014, 0.014, 0.006), strict=True))
# Above this height below the eyes a vertex belongs to the head, below it to neck and shoulders.
_CHIN_M = -0.13


@dataclass(frozen=True)
class Hair:
    """A head of hair.

    Attributes:
        style: one of ``STYLES``.
        colour: scene-linear base colour.
        length_m: of a strand on the crown.
        curl: 0 straight to 1 frizzy.
        density: share of the fullest cover, 0.6 to 1.
        part: where the hair parts, −1 (subject's right) to 1.
        beard: 0 none; up to 0.2 stubble, then a beard, 14 mm long at 1.
    """

    style: str
    colour: tuple[float, float, float]
    length_m: float
    curl: float
    density: float
    part: float
    beard: float


@dataclass(frozen=True)
class Hull:
    """What hair stays out of: the head as seen from its middle, the shoulders as a landscape.

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


def hair_rand(rng: np.random.Generator, brow_colour: tuple[float, float, float], masculine: float) -> Hair:
    """Draw a hairstyle.

    Args:
        brow_colour: scene-linear; hair is a little lighter as a rule.
        masculine: 0 to 1.
    """
    shares = np.array(_SHARES[0]) * (1 - masculine) + np.array(_SHARES[1]) * masculine
    style = int(rng.choice(len(STYLES), p=shares / shares.sum()))
    curly = STYLES[style] == "curly"
    bearded = masculine > 0.55 and rng.random() < 0.45
    red, green, blue = np.clip(np.array(brow_colour) * np.exp(rng.normal(0.1, 0.15)), 0.004, 0.8).tolist()
    return Hair(
        style=STYLES[style],
        colour=(red, green, blue),
        length_m=float(rng.uniform(*_LENGTHS[style])),
        curl=float(rng.uniform(0.5, 1.0) if curly else rng.beta(1.2, 4)),
        density=float(rng.uniform(0.75, 1.0)),
        part=float(rng.choice([-1, 1]) * rng.uniform(0.3, 0.8)),
        beard=float(rng.uniform(0.1, 1.0)) if bearded else 0.0,
    )


def hull_of(vertices: np.ndarray, centre: np.ndarray, rows: int = 72) -> Hull:
    """Measure skin and clothes (V, 3) from a point inside the head."""
    head = vertices[vertices[:, 2] > _CHIN_M]
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
    body = vertices[vertices[:, 2] <= _CHIN_M]
    np.maximum.at(heights, _cells(body, centre), body[:, 2])
    return Hull(np.asarray(centre, float), radii, _taut(radii), heights)


def surface_radius(hull: Hull, ways: np.ndarray, taut: bool = False) -> np.ndarray:
    """Distance from the hull's centre to the head's surface, or to a taut cloth over it, in directions (N, 3), (N,)."""
    return _at(hull.taut if taut else hull.radii, *_directions(hull.centre + ways, hull.centre, len(hull.radii))[:2])


def push_out(hull: Hull, points: np.ndarray, clearance: np.ndarray | float) -> np.ndarray:
    """Move points (..., 3) nearer than ``clearance``: away from the head's centre, and up from the shoulders."""
    flat = points.reshape(-1, 3)
    radius, surface = _heights(hull, flat)
    wanted = surface + np.broadcast_to(clearance, points.shape[:-1]).ravel()
    grow = np.maximum(wanted / np.maximum(radius, 1e-6), 1)
    moved = hull.centre + (flat - hull.centre) * grow[:, None]
    top = hull.heights[_cells(moved, hull.centre)] + np.broadcast_to(clearance, points.shape[:-1]).ravel()
    moved[:, 2] = np.where(moved[:, 2] < _CHIN_M, np.maximum(moved[:, 2], np.minimum(top, _CHIN_M)), moved[:, 2])
    return moved.reshape(points.shape)


def hair_strands(hair: Hair, roots: np.ndarray, normals: np.ndarray, hull: Hull, rng: np.random.Generator) -> Strands:
    """Grow the hair of the scalp.

    Args:
        roots, normals: (M, 3) on the scalp.
        hull: what the hair must stay out of.

    Returns:
        Strands with the label hair, one a root.
    """
    count = len(roots)
    style = hair.style
    length = hair.length_m * np.exp(rng.normal(0, 0.12, count))
    knot = push_out(hull, np.add(hull.centre, (0, 0.08, 0.02))[None], 0.012)[0]
    if style == "short":
        # Shorter at the sides and the nape, as barbers cut it.
        length = length * (0.45 + 0.55 * np.clip((roots - hull.centre)[:, 2] / 0.08, 0, 1))
    if style == "tied-back":
        length = 1.25 * np.linalg.norm(roots - knot, axis=1) + hair.length_m * rng.uniform(0.6, 1, count)
    step = length / (_POINTS - 1)
    layer = rng.uniform(0, 1, count) ** 1.5
    stray = 0.05 * rng.normal(size=(count, 3))
    points, heading = [roots], _unit(_STAND[style] * normals + _combing(hair, roots, roots, hull, knot))
    for k in range(1, _POINTS):
        wish = _combing(hair, points[-1], roots, hull, knot) + stray
        lifted = 0.0006 + _THICKNESS_M[style] * layer * np.minimum(k * step / 0.02, 1)
        if style in ("buzz", "curly"):
            wish = 0.3 * wish + normals + 10 * stray * (style == "curly")
        else:
            # Hair that has left the head along a tangent comes back to it.
            radius, surface = _heights(hull, points[-1])
            loose = np.clip((radius - surface - lifted) / step, 0, 0.8)
            wish = wish - loose[:, None] * _unit(points[-1] - hull.centre)
        # A strand bends within about a centimetre.
        heading = _unit(heading + (1 - np.exp(-step / 0.008))[:, None] * (_unit(wish) - heading))
        moved = push_out(hull, points[-1] + step[:, None] * heading, lifted)
        # Pushing must not stretch the strand.
        points.append(points[-1] + step[:, None] * _unit(moved - points[-1]))
    strands = np.stack(points, 1)
    strands = strands + _curls(hair, strands, length, rng)
    strands[:, 1:] = push_out(hull, strands[:, 1:], 0.0006)
    strands = strands[~_before_face(strands, hull)]
    radius = {"buzz": 0.0004, "short": 0.00045}.get(style, 0.00055)
    return Strands("hair", strands.astype(np.float32), radius, LABELS.index("hair"), hair_material(hair))


def beard_strands(hair: Hair, roots: np.ndarray, normals: np.ndarray, hull: Hull, rng: np.random.Generator) -> Strands:
    """Grow a beard from roots and normals (M, 3) on the lower face."""
    length = 0.0015 + 0.015 * max(hair.beard - 0.2, 0) * np.exp(rng.normal(0, 0.2, len(roots)))
    down = _unit(normals + (0, -0.2, -1.2) + 0.3 * rng.normal(size=(len(roots), 3)))
    steps = np.linspace(0, 1, 5)[None, :, None]
    strands = roots[:, None] + length[:, None, None] * (
        steps * (1 - 0.5 * steps) * normals[:, None] + steps**1.5 * down[:, None]
    )
    strands[:, 1:] = push_out(hull, strands[:, 1:], 0.0003)
    return Strands("beard", strands.astype(np.float32), 0.00022, LABELS.index("hair"), hair_material(hair))


def hair_material(hair: Hair) -> Material:
    """A surface, not a fibre: its base colour is then the albedo that Cycles reports."""
    return Material("hair", colour=hair.colour, roughness=0.4, specular=0.45)


def scatter_roots(
    vertices: np.ndarray, faces: np.ndarray, weights: np.ndarray, count: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Roots and unit normals (M, 3) spread over a mesh by area times the weight (V,) of its vertices."""
    triangles = np.concatenate([faces[:, :3], faces[faces[:, 3] >= 0][:, (0, 2, 3)]])
    triangles = triangles[weights[triangles].max(1) > 0]
    corners = vertices[triangles].astype(np.float64)
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    area = np.linalg.norm(normals, axis=1)
    # Vertex normals, because those of single faces would make the hair bristle.
    smooth = np.zeros((len(vertices), 3))
    for k in range(3):
        np.add.at(smooth, triangles[:, k], normals)
    shares = area * weights[triangles].mean(1)
    picked = rng.choice(len(triangles), count, p=shares / shares.sum())
    a, b = rng.uniform(size=(2, count))
    a, b = np.where(a + b > 1, 1 - a, a), np.where(a + b > 1, 1 - b, b)
    mix = np.stack([1 - a - b, a, b], 1)[:, :, None]
    return (mix * corners[picked]).sum(1), _unit((mix * smooth[triangles[picked]]).sum(1))


def _combing(hair: Hair, points: np.ndarray, roots: np.ndarray, hull: Hull, knot: np.ndarray) -> np.ndarray:
    """Direction in which hair lies at points (K, 3), (K, 3) unit; a strand keeps to the side that its root is on."""
    at, root = points - hull.centre, roots - hull.centre
    out = _unit(at)
    top = np.clip(at[:, 2] / 0.085, 0, 1)[:, None]
    back, down, left = np.array([0, 1.0, 0]), np.array([0, 0, -1.0]), np.array([1.0, 0, 0])
    if hair.style == "tied-back":
        away = knot - points
        near = np.linalg.norm(away, axis=-1, keepdims=True) < 0.022
        fall = np.where(near | (at[:, 2:] < knot[2] - hull.centre[2] - 0.01) & (at[:, 1:2] > 0.09), down, away)
    elif hair.style in ("side-parted", "medium", "long"):
        line = (0.05 if hair.style == "side-parted" else 0.03) * hair.part
        parted = np.clip((root[:, :1] - line) / 0.008, -1, 1)
        fall = top * (parted * left + 0.45 * back) + (1 - top) * (down + 0.3 * back)
    else:
        # From the whorl at the back over the top, forwards or backwards, and down the sides.
        forward = -1.0 if hair.part > 0 else 0.7
        fall = top * (0.35 * hair.part * left + forward * back) + (1 - top) * (down + 0.3 * back)
    # Along the head where it lies on it, straight down below.
    hanging = np.clip(0.3 - at[:, 2:] / 0.06, 0, 1)
    fall = _unit(fall)
    lying = fall - (fall * out).sum(-1, keepdims=True) * out
    return _unit((1 - hanging) * lying + hanging * (0.5 * fall + 2 * down))


def _before_face(strands: np.ndarray, hull: Hull) -> np.ndarray:
    """Whether a strand hangs in the face, (K,)."""
    x, y, z = np.moveaxis(strands, -1, 0)
    low = np.interp(np.abs(x), [0, 0.045, 0.062, 0.07], [0.03, 0.025, -0.01, -0.2])
    return ((y < hull.centre[1] - 0.055) & (z < low)).any(1)


def _curls(hair: Hair, strands: np.ndarray, length: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Offsets (K, P, 3) that wave or coil the strands; neighbours share a lock."""
    count, points = strands.shape[:2]
    along = np.linspace(0, 1, points)[None, :] * length[:, None]
    turns = 2 * np.pi / (0.05 - 0.028 * hair.curl)
    # Phase varies smoothly over the scalp: hair waves in locks.
    waves = rng.normal(size=(3, 3)) * 60
    phase = np.cos(strands[:, 0] @ waves).sum(-1) * 2.5 + rng.normal(0, 0.35, count)
    size = (0.0005 + 0.006 * hair.curl**1.3) * np.minimum(along / 0.03, 1)
    angle = turns * along + phase[:, None]
    across = _unit(np.cross(strands[:, -1] - strands[:, 0], rng.normal((0, 1, 0), 0.2)))
    out = _unit(np.cross(across, strands[:, -1] - strands[:, 0]))
    return size[..., None] * (np.cos(angle)[..., None] * across[:, None] + np.sin(angle)[..., None] * out[:, None])


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


def _heights(hull: Hull, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
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


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)
