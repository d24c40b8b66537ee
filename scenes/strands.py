"""Strands: from roots on a scalp, combed by a style, gathered in locks, kept out of head and shoulders.

Bust's frame, metres. K strands of P points.
"""

import numpy as np

from .bust import LABELS, Strands
from .hair import STYLES, Hair, hair_material
from .hull import CHIN_M, Hull, above_ground, heights_above, push_out

_POINTS = 16
# One strand in so many leads a lock.
_LOCK = 16


def hair_strands(
    hair: Hair, roots: np.ndarray, normals: np.ndarray, cover: np.ndarray, hull: Hull, rng: np.random.Generator
) -> Strands:
    """Grow the hair of the scalp.

    Args:
        roots, normals: (K, 3) on the scalp.
        cover: (K,) how dense hair is there, in [0, 1]: hair is shorter where it ends.
        hull: what the hair must stay out of.

    Returns:
        Strands with the label hair, one a root.
    """
    count, style = len(roots), STYLES[hair.style]
    knot = push_out(hull, np.add(hull.centre, (0, 0.08, 0.02))[None], 0.012)[0]
    length = _lengths(hair, roots, knot, cover, hull, rng)
    step = length / (_POINTS - 1)
    layer = rng.uniform(0, 1, count) ** 1.5
    stray = 0.07 * rng.normal(size=(count, 3))
    onwards = np.where(roots[:, 1:2] < hull.centre[1] + 0.02, -1.0, 1.0) * np.array([0, 1.0, 0])
    onwards = onwards + np.sign(roots[:, :1] - hull.centre[0]) * np.array([0.5, 0, 0])
    points, heading = [roots], _unit(style.stand * normals + _combing(hair, roots, roots, hull, knot))
    for k in range(1, _POINTS):
        wish = _combing(hair, points[-1], roots, hull, knot) + stray
        lifted = 0.0006 + style.thick_m * layer * np.minimum(k * step / 0.02, 1)
        if style.combing == "out":
            wish = (0.25 if hair.curl > 0.3 else 0.4) * wish + normals + 6 * stray * hair.curl
        else:
            # Hair that has left the head along a tangent comes back to it, but not to jaw and neck: there it hangs.
            radius, surface = heights_above(hull, points[-1])
            above_ears = np.clip((points[-1][:, 2] + 0.03) / 0.06, 0, 1) if style.combing != "knot" else 1.0
            loose = np.clip((radius - surface - lifted) / step, 0, 0.8) * above_ears
            wish = wish - loose[:, None] * _unit(points[-1] - hull.centre)
        # Long hair does not pile up on the shoulders: it falls before them or behind them.
        landed = np.clip(1.5 - above_ground(hull, points[-1]) / 0.012, 0, 1) * (points[-1][:, 2] < -0.1)
        wish = wish + 2.5 * landed[:, None] * onwards
        # A strand bends within about a centimetre.
        heading = _unit(heading + (1 - np.exp(-step / 0.008))[:, None] * (_unit(wish) - heading))
        moved = push_out(hull, points[-1] + step[:, None] * heading, lifted)
        # Pushing must not stretch the strand.
        points.append(points[-1] + step[:, None] * _unit(moved - points[-1]))
    strands = np.stack(points, 1)
    lead, fly = _locks(hair, strands, style.clump, rng)
    strands = lead + _curls(hair, lead, roots, length, rng) + _frizz(hair, length, fly, rng)
    strands[:, 1:] = push_out(hull, strands[:, 1:], 0.0006)
    strands = _cut_before_face(strands, hull, style.fringe)
    if hair.style == "bun":
        strands = np.concatenate([strands, _bun(knot, hair, rng)])
    return Strands("hair", strands.astype(np.float32), style.radius_m, LABELS.index("hair"), hair_material(hair))


def scatter_roots(
    vertices: np.ndarray, faces: np.ndarray, weights: np.ndarray, count: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Roots and unit normals (M, 3) spread over a mesh by area times the weight (V,) of its vertices, and their weights
    (M,)."""
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
    found = (mix[:, :, 0] * weights[triangles[picked]]).sum(1)
    return (mix * corners[picked]).sum(1), _unit((mix * smooth[triangles[picked]]).sum(1)), found


def _lengths(
    hair: Hair, roots: np.ndarray, knot: np.ndarray, cover: np.ndarray, hull: Hull, rng: np.random.Generator
) -> np.ndarray:
    """Length of each strand, (K,)."""
    style = STYLES[hair.style]
    spread = np.exp(rng.normal(0, 0.12, len(roots)))
    if style.combing == "knot":
        loose = hair.length_m * rng.uniform(0.6, 1, len(roots))
        return 1.25 * np.linalg.norm(roots - knot, axis=1) + loose * (hair.style != "bun") + 0.01
    at = roots - hull.centre
    # Shorter at the sides and the nape, as barbers cut it, and where the hair ends.
    top = np.clip(at[:, 2] / 0.08, 0, 1)
    length = hair.length_m * spread * (style.sides + (1 - style.sides) * top)
    if style.combing == "fringe":
        before = (at[:, 1] < -0.045) & (at[:, 2] > 0.02) & (np.abs(at[:, 0]) < 0.055)
        # The fringe is cut above the brows.
        length = np.where(before, np.minimum(length, (0.85 + 0.15 * spread) * (at[:, 2] * 0.75 + 0.012)), length)
    if hair.length_m < 0.12:
        length = length * (0.45 + 0.55 * np.clip(cover, 0, 1))
    return length


def _combing(hair: Hair, points: np.ndarray, roots: np.ndarray, hull: Hull, knot: np.ndarray) -> np.ndarray:
    """Direction in which hair lies at points (K, 3), (K, 3) unit; a strand keeps to the side that its root is on."""
    at, root = points - hull.centre, roots - hull.centre
    out = _unit(at)
    combing = STYLES[hair.style].combing
    top = np.clip(at[:, 2] / 0.085, 0, 1)[:, None]
    back, down, left = np.array([0, 1.0, 0]), np.array([0, 0, -1.0]), np.array([1.0, 0, 0])
    line = 0.05 * hair.part if hair.style == "side-parted" else 0.022 * hair.part
    parted = np.clip((root[:, :1] - line) / 0.008, -1, 1)
    if combing == "knot":
        away = knot - points
        # Tight over the head to the knot, free below it.
        past = (np.linalg.norm(away, axis=-1) < 0.022) | (at[:, 2] < knot[2] - hull.centre[2] - 0.01) & (
            at[:, 1] > 0.09
        )
        tight = _unit(away - (away * out).sum(-1, keepdims=True) * out)
        return np.where(past[:, None], down + 0.2 * back, tight)
    if combing == "part":
        fall = top * (parted * left + 0.45 * back) + (1 - top) * (down + 0.3 * back)
    elif combing == "fringe":
        before = (root[:, 1:2] < -0.045) & (np.abs(root[:, :1]) < 0.055)
        fall = np.where(
            before, -back + 0.8 * down, top * (parted * left + 0.3 * back) + (1 - top) * (down + 0.2 * back)
        )
    elif combing == "back":
        fall = top * (back + 0.15 * hair.part * left) + (1 - top) * (0.6 * down + back)
    else:
        # From the whorl at the back over the top, mostly forwards, and down the sides.
        whorl = root - np.array([0.012 * np.sign(hair.part), 0.055, 0.08])
        radial = whorl * (1, 1, 0.2) + 0.5 * np.cross(whorl, (0, 0, np.sign(hair.part)))
        ahead = 1.3 * (combing == "forward")
        fall = top * (_unit(radial) - ahead * back + 0.4 * hair.part * left) + (1 - top) * (down + 0.25 * back)
    # Along the head where it lies on it, straight down below.
    hanging = np.clip(0.3 - at[:, 2:] / 0.06, 0, 1)
    fall = _unit(fall)
    lying = fall - (fall * out).sum(-1, keepdims=True) * out
    return _unit((1 - hanging) * lying + hanging * (0.5 * fall + 2 * down))


def _locks(hair: Hair, strands: np.ndarray, clump: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Gather strands to the nearest leader towards their tips; also which stray from their lock, (K,) bool."""
    count = len(strands)
    fly = rng.random(count) < hair.fly
    leaders = rng.choice(count, max(count // _LOCK, 1), replace=False)
    # Neighbours start and head the same way: strands on two sides of a parting do not share a lock.
    place = np.concatenate([strands[:, 0], 0.35 * strands[:, 4], 0.15 * strands[:, -1]], 1).astype(np.float32)
    # Squared distances but for what all leaders share.
    apart = (place[leaders] ** 2).sum(1) - 2 * place @ place[leaders].T
    lead = leaders[apart.argmin(1)]
    t = np.linspace(0, 1, strands.shape[1])
    hold = clump * t**0.7 * np.where(fly, 0.25, rng.uniform(0.55, 1.0, count))[:, None]
    return strands + hold[..., None] * (strands[lead] - strands) * 0.92, fly


def _curls(
    hair: Hair, strands: np.ndarray, roots: np.ndarray, length: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Offsets (K, P, 3) that wave or coil the strands; neighbours share a lock."""
    count, points = strands.shape[:2]
    along = np.linspace(0, 1, points)[None, :] * length[:, None]
    turns = 2 * np.pi / (0.075 - 0.055 * hair.curl) * np.exp(rng.normal(0, 0.06, count))
    # Phase varies smoothly over the scalp: hair waves in locks.
    waves = rng.normal(size=(3, 3)) * 60
    phase = np.cos(roots @ waves).sum(-1) * 2.5 + rng.normal(0, 0.3 + 0.9 * hair.curl**2, count)
    size = (0.0004 + 0.0075 * hair.curl**1.3) * np.minimum(along / 0.035, 1)
    angle = turns[:, None] * along + phase[:, None]
    across = _unit(np.cross(strands[:, -1] - strands[:, 0], rng.normal((0, 1, 0), 0.2)))
    out = _unit(np.cross(across, strands[:, -1] - strands[:, 0]))
    return size[..., None] * (np.cos(angle)[..., None] * across[:, None] + np.sin(angle)[..., None] * out[:, None])


def _frizz(hair: Hair, length: np.ndarray, fly: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Offsets (K, P, 3) by which single strands leave the others, more for those that fly away."""
    count = len(length)
    t = np.linspace(0, 1, _POINTS)
    bends = rng.normal(size=(3, count, 3)) / np.array([1.0, 1.8, 3.0])[:, None, None]
    shape = np.stack([t**2, np.sin(2.2 * np.pi * t) * t, np.sin(4.7 * np.pi * t) * t])
    size = np.minimum(length, 0.1) * np.where(fly, 0.11, 0.018)
    return np.einsum("bkc,bp->kpc", bends, shape) * size[:, None, None]


def _cut_before_face(strands: np.ndarray, hull: Hull, fringe: bool) -> np.ndarray:
    """Shorten strands that would hang in the face to what is above it."""
    x, y, z = np.moveaxis(strands, -1, 0)
    low = np.interp(
        np.abs(x), [0, 0.045, 0.062, 0.07], [0.03, 0.025, -0.01, -0.2] if not fringe else [0.022, 0.02, -0.01, -0.2]
    )
    # Below the chin it may fall before the throat and the chest.
    before = (y < hull.centre[1] - 0.055) & (z < low) & (z > CHIN_M)
    first = np.where(before.any(1), before.argmax(1), strands.shape[1])
    # At least a stub stays, so that as many strands grow whatever the face does.
    kept = np.maximum(first - 1, 0.15)
    place = np.linspace(0, 1, strands.shape[1]) * np.minimum(kept, strands.shape[1] - 1)[:, None]
    low_k = np.minimum(place.astype(int), strands.shape[1] - 2)
    share = (place - low_k)[..., None]
    rows = np.arange(len(strands))[:, None]
    return strands[rows, low_k] * (1 - share) + strands[rows, low_k + 1] * share


def _bun(knot: np.ndarray, hair: Hair, rng: np.random.Generator) -> np.ndarray:
    """Strands wound into a ball behind the head, (K, P, 3)."""
    count, size = 900, 0.6 * hair.length_m + 0.008
    centre = knot + np.array([0, 0.75 * size, 0])
    axis = _unit(rng.normal((0, 1, 0), 0.45, (count, 3)))
    u = _unit(np.cross(axis, rng.normal(size=(count, 3))))
    v = np.cross(axis, u)
    height = rng.uniform(-0.9, 0.9, count)[:, None, None]
    angle = (rng.uniform(0, 2 * np.pi, count)[:, None] + np.linspace(0, 2.6, _POINTS))[..., None]
    ring = np.sqrt(1 - height**2) * (np.cos(angle) * u[:, None] + np.sin(angle) * v[:, None]) + height * axis[:, None]
    return centre + size * ring * (1, 0.8, 1) * rng.uniform(0.9, 1.03, count)[:, None, None]


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)
