"""Clothes of the self-contained head: the torso's field grown by the cloth and cut open at the neck.

Sculpting frame of ``anatomy.py`` inside; the mesh is in the bust's.
"""

from dataclasses import dataclass

import numpy as np

from .anatomy import Shape
from .bust import LABELS, Material, Part
from .fields import graded_axis, intersect, project, smoothstep, subtract, surface_nets, unite
from .sculpture import torso_field

CUTS = ("crew", "v-neck", "turtleneck", "jacket")


@dataclass(frozen=True)
class Garment:
    """What the person wears.

    Attributes:
        cut: one of ``CUTS``.
        colour: scene-linear base colour.
        second: colour of the collar, or of the shirt under a jacket.
        loose_mm: distance from the skin.
        folds: strength of the cloth's folds in [0, 1].
        roughness: of the Principled BSDF.
        pattern: seed of the folds.
    """

    cut: str
    colour: tuple[float, float, float]
    second: tuple[float, float, float]
    loose_mm: float
    folds: float
    roughness: float
    pattern: int


def garment_rand(rng: np.random.Generator) -> Garment:
    """Draw a garment."""
    return Garment(
        cut=CUTS[rng.integers(len(CUTS))],
        colour=dye_rand(rng),
        second=dye_rand(rng),
        loose_mm=float(rng.uniform(3, 8)),
        folds=float(rng.uniform(0.2, 1)),
        roughness=float(rng.uniform(0.6, 0.95)),
        pattern=int(rng.integers(2**31)),
    )


def build_garment(garment: Garment, shape: Shape) -> Part:
    """Mesh the garment around a torso, the label clothes."""
    rng = np.random.default_rng(garment.pattern)
    waves = rng.normal(0, 1, (10, 3)) * (0.028, 0.028, 0.016)
    phases = rng.uniform(0, 2 * np.pi, 10)

    def field(points: np.ndarray) -> np.ndarray:
        return _garment_field(garment, shape, waves, phases, points * np.float32([1, -1, 1]))

    xs = graded_axis((-275, -110, 110, 275), (6.5, 4, 4, 6.5))
    ys = graded_axis((-35, 60, 230), (4.5, 4.5, 7))
    zs = graded_axis((-490, -300, -230, -85), (7.5, 5, 4, 4))
    vertices, faces = surface_nets(field, xs, ys, zs)
    vertices = project(field, vertices, 0.2, 1, 2.0)
    colours = np.broadcast_to(np.float32(garment.colour), vertices.shape).copy()
    if garment.cut == "jacket":
        _, opening = _neckline(garment.cut, shape, vertices * np.float32([1, -1, 1]))
        lapel = smoothstep(26, 23, opening) * (vertices[:, 1] < 100)
        colours += lapel[:, None] * (np.float32(garment.second) - colours)
    material = Material("cloth", roughness=garment.roughness, specular=0.2, bump_mm=0.25, bump_scale=700.0)
    labels = np.full(len(faces), LABELS.index("clothes"), np.uint8)
    return Part("garment", vertices / 1000, faces, labels, material, colours=colours)


def _garment_field(garment: Garment, shape: Shape, waves: np.ndarray, phases: np.ndarray, p: np.ndarray) -> np.ndarray:
    body = torso_field(shape, p)
    folds = np.cos(p @ waves.T.astype(np.float32) + phases.astype(np.float32)).sum(-1) / np.sqrt(10)
    folds = folds * garment.folds * 3.0 * smoothstep(-205, -300, p[:, 2])
    cloth = body - garment.loose_mm + folds
    hole, around = _neckline(garment.cut, shape, p)
    # A seam thicker than the cloth along the neckline, and the cloth ends inside it.
    seam = np.hypot(around - 4, body - garment.loose_mm) - 4.5
    cloth = unite(subtract(cloth, hole - 4, 2.0), seam, 3.0)
    return intersect(cloth, -470 - p[:, 2], 6)


def _neckline(cut: str, shape: Shape, p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The volume cut away at the neck, negative inside, and the distance from its rim, both (N,)."""
    x, d, z = p.T
    broad = 1 + 0.05 * shape.masculine + 0.02 * shape.weight
    if cut == "turtleneck":
        hole = -150 - 0.25 * (d + 90) - z
        return hole, -hole
    # A cylinder around the neck that leans forward as it rises, so that it meets the chest at a steep angle and leaves
    # a clean rim there; behind, where it would run along the neck, a level cut ends the cloth.
    wide = {"crew": 72, "v-neck": 74, "jacket": 78}[cut] * broad
    ring = (np.hypot(x / wide, (d + 92 - 0.57 * (z + 195)) / (66 * broad)) - 1) * 60
    ring = unite(ring, -164 - z, 12)
    if cut == "crew":
        return ring, ring
    depth = {"v-neck": 75, "jacket": 150}[cut]
    along = np.clip((-200 - z) / depth, 0, 1)
    vee = np.abs(x) - 0.62 * wide * (1 - along) + 60 * (z < -200 - depth)
    vee = np.maximum(vee * 0.9, -60 - d)
    both = unite(ring, vee, 8)
    return both, both


def dye_rand(rng: np.random.Generator) -> tuple[float, float, float]:
    """Colour of cloth: often grey, white, black or blue, sometimes anything."""
    if rng.random() < 0.5:
        value = np.exp(rng.uniform(np.log(0.015), np.log(0.75)))
        colour = value * np.exp(rng.normal(0, 0.06, 3))
    else:
        hue, depth = rng.uniform(0, 2 * np.pi), rng.uniform(0.3, 2.2)
        wheel = np.cos(hue - np.array([0, 2, 4]) * np.pi / 3)
        colour = np.exp(rng.uniform(np.log(0.05), np.log(0.45))) * np.exp(depth * (wheel - 0.3) * 0.8)
    red, green, blue = np.clip(colour, 0.01, 0.8).tolist()
    return red, green, blue
