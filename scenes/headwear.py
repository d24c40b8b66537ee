"""What is worn on the head: caps, hats, headscarves, headphones. Bust's frame, metres.

A cover lies on the skull at a distance: its grids run from the crown (first row) to the rim (last row).
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .bust import LABELS, Material, Part, Strands, Weave
from .fields import graded_axis, smoothstep, surface_nets
from .fit import Fit
from .garment import dye_rand
from .hull import Hull, surface_radius
from .shapes import Mesh, ball, join, rod, sheet

KINDS = ("beanie", "cap", "cap backwards", "hat", "sun hat", "hijab", "headband", "headphones")
# Among women and among men.
_SHARES = ((0.2, 0.1, 0.02, 0.08, 0.12, 0.3, 0.08, 0.1), (0.27, 0.34, 0.06, 0.13, 0.0, 0.0, 0.03, 0.17))
_AROUND, _ROWS = 144, 22


@dataclass(frozen=True)
class Headwear:
    """Something on the head.

    Attributes:
        kind: one of ``KINDS``.
        colour, second: scene-linear; of the cloth, and of a band, a visor, cushions.
        height: how far up the forehead it sits, 0 low to 1 high.
        size: of brims, cuffs and cups, 0 small to 1 large.
        tilt_deg: to one side.
        weave: a second colour of the cloth, or None.
        pattern: seed of folds.
    """

    kind: str
    colour: tuple[float, float, float]
    second: tuple[float, float, float]
    height: float
    size: float
    tilt_deg: float
    weave: Weave | None
    pattern: int

    @property
    def hides_scalp(self) -> bool:
        """Whether no style of hair is seen on the crown."""
        return self.kind not in ("headband", "headphones")


def headwear_rand(rng: np.random.Generator, masculine: float) -> Headwear:
    """Draw headwear; ``masculine`` 0 to 1."""
    shares = np.array(_SHARES[0]) * (1 - masculine) + np.array(_SHARES[1]) * masculine
    kind = KINDS[rng.choice(len(KINDS), p=shares / shares.sum())]
    colour = dye_rand(rng)
    weave = None
    if kind in ("beanie", "hijab") and rng.random() < 0.2:
        weave = Weave("stripes", dye_rand(rng), float(rng.uniform(0.02, 0.06)), float(rng.uniform(0.2, 0.6)))
    if kind == "headphones":
        colour = ((0.012,) * 3, (0.6,) * 3, (0.25, 0.25, 0.26), dye_rand(rng))[rng.choice(4, p=(0.55, 0.2, 0.1, 0.15))]
    red, green, blue = colour
    return Headwear(
        kind=kind,
        colour=colour,
        second=dye_rand(rng) if rng.random() < 0.4 else (0.6 * red, 0.6 * green, 0.6 * blue),
        height=float(rng.beta(2, 2)),
        size=float(rng.uniform()),
        tilt_deg=float(rng.normal(0, 3)),
        weave=weave,
        pattern=int(rng.integers(2**31)),
    )


def build_headwear(headwear: Headwear, fit: Fit) -> tuple[Part, ...]:
    """What is worn, on a head that its hair has been pressed out of the way of (``press``)."""
    builders = {
        "beanie": _beanie,
        "cap": _cap,
        "cap backwards": _cap,
        "hat": _hat,
        "sun hat": _hat,
        "hijab": _hijab,
        "headband": _headband,
        "headphones": _headphones,
    }
    return builders[headwear.kind](headwear, fit)


def press(headwear: Headwear, strands: Strands, hull: Hull, fit_brow_z: float) -> Strands | None:
    """Hair under headwear: what is covered lies flat on the head; what a headscarf covers is not seen at all."""
    if headwear.kind == "hijab":
        return None
    if not headwear.hides_scalp:
        return strands
    points = strands.points.astype(float)
    plane = _rim_plane(headwear, fit_brow_z)
    under = points[..., 2] > plane(points[..., 1]) - 0.012
    away = points - hull.centre
    radius = np.linalg.norm(away, axis=-1, keepdims=True)
    flat = surface_radius(hull, away.reshape(-1, 3)).reshape(radius.shape) + 0.0015
    pressed = np.where(under[..., None], hull.centre + away * np.minimum(1, flat / np.maximum(radius, 1e-6)), points)
    return Strands(strands.name, pressed.astype(np.float32), strands.radius_m, strands.label, strands.material)


class _Plane(NamedTuple):
    """Height of a rim at depth y."""

    front_z: float
    back_z: float

    def __call__(self, y: np.ndarray) -> np.ndarray:
        return self.front_z + (self.back_z - self.front_z) * np.clip((y + 0.02) / 0.18, -0.3, 1.2)


def _rim_plane(headwear: Headwear, brow_z: float) -> _Plane:
    up = headwear.height
    if headwear.kind == "beanie":
        return _Plane(brow_z + 0.012 + 0.03 * up, -0.035 + 0.05 * up)
    if headwear.kind == "headband":
        return _Plane(brow_z + 0.025 + 0.02 * up, -0.01 + 0.03 * up)
    if headwear.kind == "cap backwards":
        return _Plane(brow_z + 0.03 + 0.012 * up, 0.005 + 0.01 * up)
    return _Plane(brow_z + 0.018 + 0.02 * up, 0.0 + 0.02 * up)


def _cover(hull: Hull, plane: _Plane, rows: np.ndarray, tilt_deg: float = 0.0) -> np.ndarray:
    """Points of the smoothed skull (R, N, 3): each row at a share of the way from the crown (0) to the plane (1)."""
    angle = np.linspace(0, 2 * np.pi, _AROUND, endpoint=False)
    level = np.stack([np.sin(angle), -np.cos(angle), 0 * angle], -1)  # starts in front, towards the left
    pole = np.array([np.sin(np.radians(tilt_deg)), 0.12, 1.0])
    pole /= np.linalg.norm(pole)
    level = level - (level @ pole)[:, None] * pole
    level /= np.linalg.norm(level, axis=1, keepdims=True)

    def at(polar: np.ndarray) -> np.ndarray:
        way = np.cos(polar)[..., None] * pole + np.sin(polar)[..., None] * level
        radius = surface_radius(hull, way.reshape(-1, 3), taut=True).reshape(polar.shape)
        return hull.centre + radius[..., None] * way

    low, high = np.zeros(_AROUND), np.full(_AROUND, 2.4)
    for _ in range(18):
        middle = (low + high) / 2
        point = at(middle)
        above = point[:, 2] > plane(point[:, 1]) - np.sin(np.radians(tilt_deg)) * point[:, 0]
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return at(rows[:, None] * low)


def _outward(hull: Hull, grid: np.ndarray) -> np.ndarray:
    way = grid - hull.centre
    return way / np.linalg.norm(way, axis=-1, keepdims=True)


def _beanie(headwear: Headwear, fit: Fit) -> tuple[Part, ...]:
    """A knitted cap with a folded cuff."""
    rows = np.concatenate([np.linspace(0.003, 1, _ROWS), [1.0, 0.99]])
    grid = _cover(fit.hull, _rim_plane(headwear, _brow(fit)), rows, headwear.tilt_deg)
    cuff = 0.55 - 0.25 * headwear.size
    slack = 0.004 + 0.02 * headwear.size * np.clip(1 - rows / 0.8, 0, 1)
    folded = 0.0045 * smoothstep(1 - cuff * 0.55, 1 - cuff * 0.5, rows) * (headwear.size > 0.2)
    away = slack + folded
    away[-3:] = (away[-3], away[-3] - 0.002, 0.0005)
    ribs = 0.0006 * np.cos(np.arange(_AROUND) * np.pi / 1.5)
    folds = _folds(headwear, grid, 0.0025) * np.clip(1 - rows / 0.7, 0, 1)[:, None]
    grid = grid + (away[:, None] + ribs + folds)[..., None] * _outward(fit.hull, grid)
    material = _cloth(headwear, headwear.colour, bump_mm=0.9, bump_scale=260.0)
    return (_part("beanie", sheet(grid, closed=True), material),)


def _headband(headwear: Headwear, fit: Fit) -> tuple[Part, ...]:
    wide = 0.16 + 0.14 * headwear.size
    rows = np.concatenate([[1 - wide], np.linspace(1 - wide, 1, 7), [1.0]])
    grid = _cover(fit.outer, _rim_plane(headwear, _brow(fit)), rows)
    away = np.array([0.0, 0.002, 0.0035, 0.004, 0.004, 0.004, 0.0035, 0.002, 0.0])
    grid = grid + away[:, None, None] * _outward(fit.outer, grid)
    return (_part("headband", sheet(grid, closed=True), _cloth(headwear, headwear.colour)),)


def _cap(headwear: Headwear, fit: Fit) -> tuple[Part, ...]:
    """A baseball cap: six panels, a button and a visor."""
    rows = np.concatenate([np.linspace(0.003, 1, _ROWS), [1.0]])
    grid = _cover(fit.hull, _rim_plane(headwear, _brow(fit)), rows, headwear.tilt_deg)
    forward = np.cos(np.linspace(0, 2 * np.pi, _AROUND, endpoint=False)) * (-1 if "back" in headwear.kind else 1)
    # The front panels stand up before they turn back.
    stand = 0.016 * np.clip(forward, 0, 1)[None] * np.sin(np.pi * np.clip(rows, 0, 1) ** 0.8)[:, None]
    seams = -0.0008 * np.clip(1 - np.abs(np.sin(np.arange(_AROUND) * np.pi * 3 / _AROUND)) * 14, 0, 1)
    away = 0.005 + 0.004 * (1 - rows)[:, None] + stand + seams
    away[-1] = 0.0005
    crown = grid + away[..., None] * _outward(fit.hull, grid)
    button = ball(crown[0].mean(0), (0.007, 0.007, 0.004), rings=6)
    visor = _visor(crown[-2], forward, 0.055 + 0.02 * headwear.size)
    cloth = _cloth(headwear, headwear.colour)
    return (
        _part("cap", join(sheet(crown, closed=True), button), cloth),
        _part("visor", visor, _cloth(headwear, headwear.second)),
    )


def _visor(rim: np.ndarray, forward: np.ndarray, length: float) -> Mesh:
    """A stiff sheet from the rim (N, 3) forwards, arched from side to side."""
    front = np.roll(np.arange(_AROUND), _AROUND // 4 - 1 if forward[0] > 0 else _AROUND // 4 - 1 - _AROUND // 2)
    arc = rim[front[: _AROUND // 2 - 1]][4:-4]
    t = np.linspace(-1, 1, len(arc))
    heading = np.array([0, -np.sign(forward[0]), -0.16])
    reach = length * (1 - np.abs(t) ** 2.6)
    steps = np.linspace(0, 1, 9)
    top = arc + (steps[:, None] * reach)[..., None] * heading
    sag = 0.018 * steps[:, None] * t**2 + 0.004 * steps[:, None] ** 2
    top[..., 2] -= sag
    low = top - (0, 0, 0.0022)
    return sheet(np.concatenate([low[:1], top, low[::-1]]))


def _hat(headwear: Headwear, fit: Fit) -> tuple[Part, ...]:
    """A fedora, or with a wide soft brim a sun hat: crown, ribbon and brim."""
    soft = headwear.kind == "sun hat"
    rows = np.linspace(0.003, 1, _ROWS)
    grid = _cover(fit.hull, _rim_plane(headwear, _brow(fit)), rows, headwear.tilt_deg)
    grid = grid + 0.005 * _outward(fit.hull, grid)
    rim, middle = grid[-1], grid[-1].mean(0)
    # The crown goes up from the rim with a little taper and rounds over at the top.
    top = grid[0, :, 2].mean() + (0.012 if soft else 0.026)
    t = np.array([0.0, 0.1, 0.25, 0.4, 0.55, 0.7, 0.82, 0.91, 0.97, 1.0, 1.0, 1.0, 1.0])
    shrink = np.array([1.0, 1.0, 0.99, 0.98, 0.97, 0.95, 0.92, 0.87, 0.79, 0.66, 0.44, 0.2, 0.01])
    side = middle + (rim - middle) * shrink[:, None, None]
    side[..., 2] = rim[:, 2] + t[:, None] * (top - rim[:, 2])
    if not soft:
        # The crease along the top and the two dents in front.
        x, y = side[..., 0], side[..., 1] - middle[1]
        crease = 0.02 * np.exp(-((x / 0.022) ** 2)) * smoothstep(0.7, 0.95, t)[:, None]
        side[..., 2] -= crease
        dent = (
            np.exp(-(((np.abs(x) - 0.055) / 0.03) ** 2) - ((y + 0.06) / 0.04) ** 2) * smoothstep(0.5, 0.9, t)[:, None]
        )
        side[..., 0] -= np.sign(x) * 0.012 * dent
    wide = (0.075 + 0.04 * headwear.size) if soft else (0.045 + 0.02 * headwear.size)
    angle = np.linspace(0, 2 * np.pi, _AROUND, endpoint=False)
    steps = np.linspace(0, 1, 9)
    out = rim - middle
    out[:, 2] = 0
    out /= np.linalg.norm(out, axis=1, keepdims=True)
    brim = rim + (steps * wide)[:, None, None] * out
    # Up at the sides and the back, down in front; a soft one waves.
    curl = (0.012 - 0.022 * np.clip(np.cos(angle), 0, 1)) if not soft else -0.02 + 0.008 * np.cos(5 * angle + 1)
    brim[..., 2] += steps[:, None] ** 2 * curl - 0.001
    under = brim[::-1] - (0, 0, 0.003)
    shell = np.concatenate([side[::-1], brim, under, under[-1:] * (1, 1, 1)])
    ribbon = side[:4] + 0.0012 * _outward(fit.hull, side[:4])
    straw = {"bump_mm": 0.5, "bump_scale": 350.0} if soft else {}
    return (
        _part("hat", sheet(shell, closed=True), _cloth(headwear, headwear.colour, **straw)),
        _part("ribbon", sheet(ribbon[::-1], closed=True), _cloth(headwear, headwear.second)),
    )


def _hijab(headwear: Headwear, fit: Fit) -> tuple[Part, ...]:
    """A scarf around head, neck and shoulders that leaves the face free."""
    rng = np.random.default_rng(headwear.pattern)
    waves, phases = rng.normal(0, 1, (14, 3)) * (30, 30, 18), rng.uniform(0, 2 * np.pi, 14)
    lean, first = float(rng.choice([-1, 1]) * rng.uniform(0.1, 0.4)), rng.uniform(0, 2 * np.pi, 2)
    chin, brow = fit.landmarks[8], _brow(fit)
    top = brow + 0.022 + 0.012 * headwear.height
    low = chin[2] - 0.004
    middle, tall = (top + low) / 2, (top - low) / 2
    wide = fit.temple_m - 0.004
    hull, ground = fit.hull, _level(fit.hull.heights)
    neck_y = float(hull.centre[1])

    def field(points: np.ndarray) -> np.ndarray:
        p = points.astype(np.float64)
        away = p - hull.centre
        head = np.linalg.norm(away, axis=1) - surface_radius(hull, away, taut=True) - 0.006
        # Below the ears only what is above the chin counts as head.
        head = np.maximum(head, -0.09 - p[:, 2])
        neck = np.hypot(p[:, 0] / 1.0, (p[:, 1] - neck_y + 0.012) / 0.95) - np.interp(
            -p[:, 2], [0.02, 0.10, 0.16, 0.22], [0.07, 0.078, 0.088, 0.11]
        )
        neck = np.maximum(neck, np.maximum(-0.22 - p[:, 2], p[:, 2] - 0.0))
        cape = np.maximum(p[:, 2] - _ground(p, hull, ground) - 0.010, -0.34 - p[:, 2])
        cape = np.maximum(cape, np.hypot(p[:, 0] / 1.25, p[:, 1] - neck_y + 0.015) - 0.15)
        chest = np.hypot(p[:, 0] / 1.35, (p[:, 1] - neck_y) / 1.0) - np.interp(
            -p[:, 2], [0.14, 0.2, 0.3], [0.08, 0.108, 0.125]
        )
        cape = np.minimum(
            np.maximum(cape, p[:, 2] + 0.13), np.maximum(np.maximum(chest, p[:, 2] + 0.14), -0.30 - p[:, 2])
        )
        cloth = _blend(_blend(head, neck, 0.03), cape, 0.03)
        hole = np.sqrt((p[:, 0] / wide) ** 2 + ((p[:, 2] - middle) / tall) ** 2) - 1
        hole = np.maximum(0.7 * min(wide, tall) * hole, p[:, 1] - 0.05)
        # Laid around the face in folds that follow its edge; under the chin they hang from shoulder to shoulder.
        wander = 1.6 * np.cos(p @ waves.T + phases).sum(1) / np.sqrt(14)
        around = _crest(hole / 0.017 * 2 * np.pi + wander + first[0]) * smoothstep(0.004, 0.02, hole)
        hanging = p[:, 2] - 3.0 * p[:, 0] ** 2 + lean * p[:, 0]
        below = smoothstep(chin[2] + 0.01, chin[2] - 0.03, p[:, 2])
        cowl = _crest(hanging / 0.03 * 2 * np.pi + 1.5 * wander + first[1]) * smoothstep(0.1, 0.04, p[:, 1] - chin[1])
        cloth = cloth - 0.0026 * around * (1 - below) - 0.007 * cowl * below - 0.0008 * wander
        return np.maximum(cloth, -hole).astype(np.float32)

    xs = graded_axis((-0.2, -0.1, 0.1, 0.2), (0.007, 0.0045, 0.0045, 0.007))
    ys = graded_axis((-0.08, 0.06, 0.26), (0.004, 0.006, 0.008))
    zs = graded_axis((-0.36, -0.12, 0.17), (0.006, 0.0045, 0.006))
    vertices, faces = surface_nets(field, xs, ys, zs)
    material = _cloth(headwear, headwear.colour, bump_mm=0.12, bump_scale=900.0)
    return (_part("headscarf", Mesh(vertices, faces), material),)


def _crest(phase: np.ndarray) -> np.ndarray:
    """Narrow crests between broad hollows, about in [−0.4, 0.6], of a period of 2π."""
    return (0.5 + 0.5 * np.cos(phase)) ** 2 - 0.375


def _headphones(headwear: Headwear, fit: Fit) -> tuple[Part, ...]:
    """Two cups and an arch over the crown."""
    ear = fit.concha + np.array([0.0, 0.002, 0.004])
    size = 0.032 + 0.008 * headwear.size
    cup_x = max(float(fit.lobe[0]), float(fit.concha[0])) + 0.006
    cushion = ball((cup_x, ear[1], ear[2]), (0.011, size * 0.92, size * 1.12), power=0.5, rings=14)
    shell = ball((cup_x + 0.014, ear[1], ear[2]), (0.013, size * 0.88, size * 1.08), power=0.62, rings=14)
    angle = np.linspace(-np.pi / 2, np.pi / 2, 61)
    # Over hair and all: the highest of it along the arch, smoothed.
    way = np.stack([np.sin(angle), np.zeros(61), np.cos(angle)], -1)
    reach = surface_radius(fit.outer, way, taut=True) + 0.004
    centre = np.array([0, ear[1] - 0.004, fit.outer.centre[2]])
    radius = np.maximum(reach, reach[::-1])
    arch = centre + radius[:, None] * way
    # The ends come down to the cups, outside them.
    arch = arch[np.abs(angle) < 1.25]
    arch[:, 0] *= np.maximum(1, (cup_x + 0.012) / max(np.abs(arch[:, 0]).max(), 1e-6))
    foot = np.array([cup_x + 0.014, ear[1], ear[2] + 0.3 * size])
    path = np.concatenate([[foot * (-1, 1, 1)], arch, [foot]])
    band = rod(path, np.array([0, 1.0, 0]), 0.0035, 0.007 + 0.008 * headwear.size * 0.6)
    plastic = Material("headphones", headwear.colour, roughness=0.35, coat=0.1)
    leather = Material("cushions", headwear.second, roughness=0.55, bump_mm=0.1, bump_scale=700.0)
    both = [Mesh(m.vertices * (-1, 1, 1), m.faces[:, ::-1]) for m in (cushion, shell)]
    return (
        _part("headphones", join(shell, both[1], band), plastic),
        _part("cushions", join(cushion, both[0]), leather),
    )


def _brow(fit: Fit) -> float:
    return float(fit.landmarks[[19, 24], 2].mean())


def _blend(a: np.ndarray, b: np.ndarray, width: float) -> np.ndarray:
    h = np.maximum(width - np.abs(a - b), 0) / width
    return np.minimum(a, b) - h * h * (width / 4)


def _level(heights: np.ndarray) -> np.ndarray:
    """A hull's landscape of shoulders without gaps and steps."""
    level = np.where(np.isfinite(heights), heights, -0.5)
    for _ in range(2):
        padded = np.pad(level, 1, "edge")
        level = np.max([padded[i : i + 60, j : j + 60] for i in range(3) for j in range(3)], axis=0)
    for _ in range(3):
        padded = np.pad(level, 1, "edge")
        level = np.mean([padded[i : i + 60, j : j + 60] for i in range(3) for j in range(3)], axis=0)
    return level


def _ground(p: np.ndarray, hull: Hull, level: np.ndarray) -> np.ndarray:
    """Height of the shoulders under points (N, 3), between the landscape's cells, (N,)."""
    place = np.clip((p[:, :2] - hull.centre[:2]) * 100 + 29.5, 0, 58.999)
    (i, j), (s, t) = np.floor(place).astype(int).T, (place % 1).T
    low = (1 - s) * level[i, j] + s * level[i + 1, j]
    return (1 - t) * low + t * ((1 - s) * level[i, j + 1] + s * level[i + 1, j + 1])


def _folds(headwear: Headwear, grid: np.ndarray, height_m: float) -> np.ndarray:
    rng = np.random.default_rng(headwear.pattern)
    waves, phases = rng.normal(0, 35, (10, 3)), rng.uniform(0, 2 * np.pi, 10)
    return height_m * np.cos(grid @ waves.T + phases).sum(-1) / np.sqrt(10)


def _cloth(headwear: Headwear, colour: tuple, bump_mm: float = 0.2, bump_scale: float = 800.0) -> Material:
    return Material(
        "headwear",
        tuple(colour),
        roughness=0.85,
        specular=0.2,
        bump_mm=bump_mm,
        bump_scale=bump_scale,
        weave=headwear.weave,
    )


def _part(name: str, mesh: Mesh, material: Material) -> Part:
    labels = np.full(len(mesh.faces), LABELS.index("accessories"), np.uint8)
    return Part(name, mesh.vertices.astype(np.float32), mesh.faces.astype(np.int32), labels, material)
