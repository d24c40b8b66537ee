"""Earrings and scarves. Bust's frame, metres."""

from dataclasses import dataclass

import numpy as np

from .bust import LABELS, Material, Part, Weave
from .fit import Fit
from .garment import dye_rand
from .shapes import Mesh, ball, join, mirrored, rod, sheet

_METALS = ((0.75, 0.56, 0.30), (0.66, 0.66, 0.67), (0.62, 0.42, 0.34))


@dataclass(frozen=True)
class Earrings:
    """A pair of earrings.

    Attributes:
        kind: "stud", "hoop" or "drop".
        size_mm: of the stud, across the hoop, or the drop's length.
        colour: scene-linear.
        metallic: whether it is metal.
    """

    kind: str
    size_mm: float
    colour: tuple[float, float, float]
    metallic: bool


@dataclass(frozen=True)
class Scarf:
    """A scarf wound around the neck.

    Attributes:
        colour: scene-linear. weave: a second colour, or None.
        thick_mm: of the roll. pattern: seed of the folds.
    """

    colour: tuple[float, float, float]
    weave: Weave | None
    thick_mm: float
    pattern: int


def earrings_rand(rng: np.random.Generator) -> Earrings:
    """Draw earrings."""
    kind = ("stud", "hoop", "drop")[rng.choice(3, p=(0.5, 0.3, 0.2))]
    metallic = bool(rng.random() < 0.75)
    colour = _METALS[rng.integers(3)] if metallic else dye_rand(rng)
    size = {"stud": (3, 7), "hoop": (12, 45), "drop": (14, 40)}[kind]
    return Earrings(kind, float(rng.uniform(*size)), colour, metallic)


def scarf_rand(rng: np.random.Generator) -> Scarf:
    """Draw a scarf."""
    weave = None
    if rng.random() < 0.5:
        kind = ("stripes", "checks")[rng.integers(2)]
        weave = Weave(kind, dye_rand(rng), float(rng.uniform(0.015, 0.05)), float(rng.uniform(0.2, 0.6)))
    return Scarf(dye_rand(rng), weave, float(rng.uniform(42, 62)), int(rng.integers(2**31)))


def build_earrings(earrings: Earrings, fit: Fit) -> Part:
    """Both earrings, in the lobes."""
    hole = fit.lobe + np.array([0.0, 0.0, 0.005])
    size = earrings.size_mm / 1000
    outside = hole + np.array([0.0035, -0.002, 0.0])
    if earrings.kind == "stud":
        mesh = ball(outside, (0.6 * size, size / 2, size / 2), rings=8)
    elif earrings.kind == "hoop":
        angle = np.linspace(0, 2 * np.pi, 32, endpoint=False)
        ring = np.stack([0 * angle + 0.003, 0.25 * np.sin(angle), np.cos(angle) - 0.85], -1) * (1, size / 2, size / 2)
        ring[:, 1] *= 2
        mesh = rod(hole + ring, np.array([1.0, 0, 0]), 0.0011, 0.0011, closed=True)
    else:
        drop = outside - np.array([0, 0, size])
        wire = rod(np.stack([outside, drop]), np.array([1.0, 0, 0]), 0.0006, 0.0006)
        mesh = join(ball(outside, (0.002,) * 3, rings=6), wire, ball(drop, (0.0035, 0.0035, 0.3 * size), rings=8))
    material = Material(
        "earrings",
        earrings.colour,
        roughness=0.2,
        metallic=float(earrings.metallic),
        coat=0.0 if earrings.metallic else 0.5,
    )
    return _part("earrings", join(mesh, mirrored(mesh)), material)


def build_scarf(scarf: Scarf, fit: Fit) -> Part:
    """Two turns around the neck, lying on the shoulders."""
    rng = np.random.default_rng(scarf.pattern)
    thick = scarf.thick_mm / 2000
    body = fit.body
    level = body[np.abs(body[:, 2] - fit.landmarks[8, 2] - 0.0) < 0.5]
    meshes: list[Mesh] = []
    for turn, drop in enumerate((0.052, 0.085)):
        z = fit.landmarks[8, 2] - drop
        slab = level[(np.abs(level[:, 2] - z) < 0.012) & (np.hypot(level[:, 0], level[:, 1] - 0.09) < 0.13)]
        neck_y = (slab[:, 1].min() + slab[:, 1].max()) / 2 if len(slab) else 0.09
        half = np.clip(np.abs(slab[:, 0]).max() if len(slab) else 0.065, 0.055, 0.075)
        deep = np.clip((slab[:, 1].max() - slab[:, 1].min()) / 2 if len(slab) else 0.065, 0.055, 0.085)
        angle = np.linspace(0, 2 * np.pi, 73)[:-1]
        path = np.stack([(half + 0.8 * thick) * np.sin(angle), neck_y - (deep + 0.8 * thick) * np.cos(angle)], -1)
        slope = 0.012 * np.cos(angle) * (-1 if turn else -1.4) + 0.008 * rng.normal() * np.sin(angle)
        path = np.concatenate([path, (z + slope)[:, None]], 1)
        meshes.append(_roll(path, thick * (1.0 if turn else 0.85), rng))
    material = Material("scarf", scarf.colour, roughness=0.9, specular=0.2, bump_mm=0.7, bump_scale=300.0)
    return _part("scarf", join(*meshes), _with_weave(material, scarf.weave))


def _roll(path: np.ndarray, thick: float, rng: np.random.Generator) -> Mesh:
    """A soft roll of cloth along a closed level path (N, 3), with folds that run along it."""
    count, around = len(path), 28
    along = np.roll(path, -1, 0) - np.roll(path, 1, 0)
    outward = np.cross(along, (0, 0, 1.0))
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    angle = np.linspace(0, 2 * np.pi, around, endpoint=False)
    turn = np.linspace(0, 2 * np.pi, count, endpoint=False)
    radius = np.ones((count, around))
    for _ in range(7):
        folds, twist = rng.integers(2, 7), rng.integers(-2, 3)
        radius += 0.07 * np.cos(folds * angle + twist * turn[:, None] + rng.uniform(0, 2 * np.pi))
    side, rise = np.cos(angle) * radius * thick * 0.9, np.sin(angle) * radius * thick * 1.25
    grid = path[:, None] + side[..., None] * outward[:, None] + rise[..., None] * np.array([0, 0, 1.0])
    return sheet(np.concatenate([grid, grid[:1]]), closed=True)


def _with_weave(material: Material, weave: Weave | None) -> Material:
    return Material(**{**material.__dict__, "weave": weave})


def _part(name: str, mesh: Mesh, material: Material) -> Part:
    labels = np.full(len(mesh.faces), LABELS.index("accessories"), np.uint8)
    return Part(name, mesh.vertices.astype(np.float32), mesh.faces.astype(np.int32), labels, material)
