"""Collars, hoods, lapels and ties: what a garment has at the neck, fitted to the bust of any source.

Bust's frame, metres.
"""

from dataclasses import replace

import numpy as np

from .bust import LABELS, Bust, Material, Part
from .garment import Garment, cloth_material
from .shapes import Mesh, join, mirrored, rod, sheet


def add_collar(bust: Bust, garment: Garment) -> Bust:
    """Put a garment's collar on the bust that wears it; the first part is the skin."""
    if garment.collar == "none":
        return bust
    neck = _neck(bust)
    chest = np.concatenate(
        [part.vertices for part in bust.parts if part.name in ("skin", "garment", "shirt", "jacket")]
    )
    if garment.collar == "hood":
        return replace(bust, parts=(*bust.parts, *_hood(garment, neck, chest)))
    suit = garment.cut == "jacket"
    colour = garment.second if suit else garment.colour
    cloth = cloth_material(garment, "collar", colour, woven=not suit)
    opening = 0.10 if suit or garment.cut == "crew" else 0.42
    parts = [_part("collar", _shirt_collar(neck, opening), cloth)]
    if suit:
        parts.append(_part("lapels", _lapels(chest, neck), cloth_material(garment, "lapels", garment.colour)))
    else:
        parts.append(
            _part("buttons", _buttons(chest, neck, opening), Material("buttons", (0.6, 0.58, 0.55), roughness=0.3))
        )
    if garment.tie is not None:
        silk = Material("tie", garment.tie, roughness=0.4, specular=0.4, bump_mm=0.1, weave=garment.weave)
        parts.append(_part("tie", _tie(chest, neck), silk))
    return replace(bust, parts=(*bust.parts, *parts))


def _neck(bust: Bust) -> tuple[np.ndarray, float, float]:
    """Where a collar lies: centre (3,) of the neck's foot, and its half breadth and half depth."""
    skin, chin = bust.parts[0].vertices, float(bust.landmarks[8, 2])
    z = chin - 0.055
    slab = skin[(np.abs(skin[:, 2] - z) < 0.012) & (np.abs(skin[:, 0]) < 0.085) & (skin[:, 1] < 0.19)]
    front, back = np.percentile(slab[:, 1], (2, 98))
    half = float(np.percentile(np.abs(slab[:, 0]), 97))
    return np.array([0.0, (front + back) / 2, z]), min(half, 0.078), float(min((back - front) / 2, 0.08))


def _ring(neck: tuple[np.ndarray, float, float], angle: np.ndarray, out: np.ndarray, rise: np.ndarray) -> np.ndarray:
    """Points around the neck at angles from the front (to the left), so far out of it and so high over its foot.

    A collar leans: in front it lies lower, by the slope of the shoulders.
    """
    centre, half, deep = neck
    x = (half + out) * np.sin(angle)
    y = centre[1] - (deep + out) * np.cos(angle)
    lean = 0.032 * np.cos(angle)
    return np.stack([x, y - 0.2 * rise, centre[2] - 0.006 - lean + rise], -1)


def _shirt_collar(neck: tuple[np.ndarray, float, float], opening: float) -> Mesh:
    """A band around the neck with its leaf folded down to two points in front."""
    angle = np.linspace(opening, 2 * np.pi - opening, 73)
    front = np.maximum(np.cos(angle), 0) ** 6
    rows = [
        (0.004, -0.010),
        (0.003, 0.012),
        (0.004, 0.028),
        (0.006, 0.0325),
        (0.009, 0.029),
        (0.013, 0.010),
        (0.018, -0.010),
        (0.019, -0.0115),
        (0.0175, -0.0115),
    ]
    grid = []
    for k, (out, rise) in enumerate(rows):
        # The leaf's points reach lower and forward; the band is lower in front.
        leaf = max(k - 3, 0) / 5
        grid.append(
            _ring(neck, angle, out + 0.006 * front * leaf, rise - 0.008 * front * (k > 0) - 0.022 * front * leaf)
        )
    return sheet(np.stack(grid))


def _hood(garment: Garment, neck: tuple[np.ndarray, float, float], chest: np.ndarray) -> tuple[Part, ...]:
    """A hood that hangs down behind: a soft roll around the neck, thick behind, and its strings."""
    rng = np.random.default_rng(garment.pattern)
    angle = np.linspace(0.12, 2 * np.pi - 0.12, 90)
    behind = (1 - np.cos(angle)) / 2
    thick = 0.011 + 0.024 * behind**1.5
    path = _ring(neck, angle, 0.008 + 0.8 * thick, -0.016 + 0.014 * behind)
    path[:, 1] += 0.012 * behind**2
    around = np.linspace(0, 2 * np.pi, 25)
    radius = np.ones((90, 25))
    for _ in range(6):
        folds, twist = rng.integers(1, 5), rng.uniform(-3, 3)
        radius += 0.06 * np.cos(folds * around + twist * angle[:, None] + rng.uniform(0, 2 * np.pi))
    outward = (path - neck[0]) * (1, 1, 0)
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    side = (np.cos(around) * radius * thick[:, None])[..., None] * outward[:, None]
    rise = (np.sin(around) * radius * thick[:, None] * (1.25 - 0.35 * behind[:, None]))[..., None] * np.array(
        [0, 0, 1.0]
    )
    grid = path[:, None] + side + rise
    ends = [grid[k].mean(0)[None, None].repeat(25, 1) for k in (0, -1)]
    roll = sheet(np.concatenate([ends[0], grid, ends[1]]))
    z = neck[0][2] - 0.035 - np.linspace(0, 0.12, 12)
    x = 0.022 + 0.004 * np.linspace(0, 1, 12)
    string = rod(np.stack([x, front_at(chest, x, z) - 0.003, z], -1), np.array([0, 1.0, 0]), 0.0022, 0.0022)
    cord = Material("strings", (0.7, 0.7, 0.68), roughness=0.8, bump_mm=0.2)
    cloth = cloth_material(garment, "hood", garment.colour)
    return _part("hood", roll, cloth), _part("strings", join(string, mirrored(string)), cord)


def _lapels(chest: np.ndarray, neck: tuple[np.ndarray, float, float]) -> Mesh:
    """The turned-back edges of a jacket, from the neck to where it closes, with their notches."""
    t = np.linspace(0, 1, 25)
    top, low = neck[0][2] - 0.012, neck[0][2] - 0.215
    z = top + (low - top) * t
    inner = 0.062 * (1 - t) ** 0.85 + 0.003
    wide = np.interp(t, [0, 0.16, 0.2, 0.24, 0.5, 1], [0.022, 0.045, 0.034, 0.062, 0.05, 0.004])
    grid = []
    for share, lift in ((0, 0.004), (0.0, 0.012), (0.35, 0.014), (0.7, 0.012), (1, 0.009), (1, 0.003)):
        x = inner + share * wide
        height = z + 0.010 * share * np.interp(t, [0.2, 0.24, 1], [0.4, 1, 0.0])
        grid.append(np.stack([x, front_at(chest, x, height) - lift, height], -1))
    lapel = sheet(np.stack(grid))
    return join(lapel, mirrored(lapel))


def _tie(chest: np.ndarray, neck: tuple[np.ndarray, float, float]) -> Mesh:
    """A knot and the blade below it."""
    top = neck[0][2] - 0.028
    z = top - np.array([0, 0.006, 0.026, 0.034, 0.04, 0.1, 0.2, 0.27])
    half = np.array([0.015, 0.019, 0.012, 0.010, 0.016, 0.022, 0.030, 0.034])
    lift = np.array([0.010, 0.016, 0.014, 0.009, 0.010, 0.008, 0.008, 0.008])
    fine = np.linspace(0, len(z) - 1, 36)
    z, half, lift = (np.interp(fine, np.arange(len(a)), a) for a in (z, half, lift))
    middle = front_at(chest, 0 * z, z)
    # A tie hangs straight: it does not follow every hollow of the chest.
    middle = np.minimum.accumulate(middle[::1])[::1] - lift
    rows = [np.stack([u * half, middle + 0.006 * abs(u) ** 2, z], -1) for u in (-1, -0.9, -0.45, 0, 0.45, 0.9, 1)]
    return sheet(np.stack(rows))


def _buttons(chest: np.ndarray, neck: tuple[np.ndarray, float, float], opening: float) -> Mesh:
    """A column of buttons, from below the opening on."""
    z = neck[0][2] - (0.045 if opening < 0.2 else 0.105) - 0.075 * np.arange(4)
    y = front_at(chest, 0 * z, z)
    angle = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    buttons = []
    for depth, height in zip(y, z, strict=True):
        rings = [
            np.stack([r * np.cos(angle), np.full(12, depth - lift), height + r * np.sin(angle)], -1)
            for r, lift in ((0.0056, -0.001), (0.0056, 0.0025), (0.004, 0.003), (0.0001, 0.0024))
        ]
        buttons.append(sheet(np.stack(rings), closed=True))
    return join(*buttons)


def front_at(chest: np.ndarray, x: np.ndarray, z: np.ndarray) -> np.ndarray:
    """y of the foremost surface of neck and chest at places seen from the front, (N,)."""
    near = chest[(chest[:, 2] < -0.1) & (chest[:, 1] < 0.1)]
    found = []
    for across, height in zip(x, z, strict=True):
        apart = np.hypot(near[:, 0] - across, near[:, 2] - height)
        order = np.argsort(apart)[:40]
        # Of what lies one behind the other there only the front counts.
        ahead = order[near[order, 1] < near[order, 1].min() + 0.01][:8]
        weight = 1 / (apart[ahead] + 0.003) ** 2
        found.append((weight * near[ahead, 1]).sum() / weight.sum())
    return np.array(found)


def _part(name: str, mesh: Mesh, material: Material) -> Part:
    labels = np.full(len(mesh.faces), LABELS.index("clothes"), np.uint8)
    return Part(name, mesh.vertices.astype(np.float32), mesh.faces.astype(np.int32), labels, material)
