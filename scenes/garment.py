"""Clothes of the self-contained head: the torso's field grown by the cloth and cut open at the neck.

Sculpting frame of ``anatomy.py`` inside; the mesh is in the bust's.
"""

from dataclasses import dataclass, replace

import numpy as np

from .anatomy import Shape
from .bust import LABELS, Material, Part, Weave
from .colour import luminance
from .fields import graded_axis, intersect, project, smoothstep, subtract, surface_nets, unite
from .sculpture import torso_field

CUTS = ("crew", "v-neck", "turtleneck", "jacket")
COLLARS = ("none", "shirt", "hood")
# What people wear: cut, collar, how common.
_OUTFITS = (
    ("crew", "none", 0.30),
    ("v-neck", "none", 0.12),
    ("turtleneck", "none", 0.09),
    ("crew", "shirt", 0.10),
    ("v-neck", "shirt", 0.11),
    ("crew", "hood", 0.12),
    ("jacket", "shirt", 0.16),
)


@dataclass(frozen=True)
class Garment:
    """What the person wears.

    Attributes:
        cut: one of ``CUTS``.
        collar: one of ``COLLARS``.
        colour: scene-linear base colour.
        second: colour of the shirt under a jacket.
        tie: scene-linear colour of a tie, or None.
        weave: a second colour of the cloth, or None.
        loose_mm: distance from the skin.
        folds: strength of the cloth's folds in [0, 1].
        roughness: of the Principled BSDF.
        knit_mm: height of the cloth's threads as a bump.
        pattern: seed of the folds.
    """

    cut: str
    collar: str
    colour: tuple[float, float, float]
    second: tuple[float, float, float]
    tie: tuple[float, float, float] | None
    weave: Weave | None
    loose_mm: float
    folds: float
    roughness: float
    knit_mm: float
    pattern: int


def garment_rand(rng: np.random.Generator) -> Garment:
    """Draw a garment."""
    cut, collar, _ = _OUTFITS[rng.choice(len(_OUTFITS), p=[share for *_, share in _OUTFITS])]
    suit = cut == "jacket"
    colour = dye_rand(rng)
    if suit and rng.random() < 0.75:
        # Suits are dark: black, navy, charcoal, brown.
        suits = ((0.012, 0.012, 0.013), (0.012, 0.017, 0.035), (0.05, 0.05, 0.052), (0.06, 0.042, 0.03))
        colour = _near(rng, suits[rng.integers(4)])
    white = (0.72, 0.72, 0.72)
    return Garment(
        cut=cut,
        collar=collar,
        colour=colour,
        second=_near(rng, white) if suit and rng.random() < 0.6 else dye_rand(rng),
        tie=dye_rand(rng) if suit and rng.random() < 0.55 else None,
        weave=_suit_weave_rand(rng, colour) if suit else weave_rand(rng, collar == "shirt"),
        loose_mm=float(rng.uniform(3, 8)),
        folds=float(rng.uniform(0.2, 1)),
        roughness=float(rng.uniform(0.6, 0.95)),
        knit_mm=float(rng.uniform(0.4, 0.9) if cut == "turtleneck" or collar == "hood" else rng.uniform(0.1, 0.35)),
        pattern=int(rng.integers(2**31)),
    )


def weave_rand(rng: np.random.Generator, formal: bool) -> Weave | None:
    """Draw the pattern of a cloth; two thirds of all cloth has none, and formal cloth has finer ones."""
    if rng.random() > 0.36:
        return None
    kind = ("stripes", "pinstripes", "checks", "dots")[
        rng.choice(4, p=(0.1, 0.4, 0.4, 0.1) if formal else (0.6, 0.1, 0.2, 0.1))
    ]
    period = rng.uniform(0.008, 0.03) if formal else rng.uniform(0.02, 0.09)
    share = rng.uniform(0.08, 0.3) if kind == "pinstripes" or formal else rng.uniform(0.2, 0.6)
    return Weave(kind, dye_rand(rng), float(period), float(share))


def _suit_weave_rand(rng: np.random.Generator, colour: tuple[float, float, float]) -> Weave | None:
    """Draw the faint stripes or checks of a suit."""
    if rng.random() < 0.7:
        return None
    red, green, blue = (0.8 * np.array(colour) + rng.uniform(0.02, 0.12)).tolist()
    kind = ("pinstripes", "checks")[rng.integers(2)]
    return Weave(kind, (red, green, blue), float(rng.uniform(0.010, 0.024)), float(rng.uniform(0.06, 0.12)))


def cloth_material(garment: Garment, name: str, colour: tuple[float, float, float], woven: bool = True) -> Material:
    """The material of a garment's cloth."""
    return Material(
        name,
        colour,
        roughness=garment.roughness,
        specular=0.2,
        bump_mm=garment.knit_mm,
        bump_scale=float(np.clip(160 / garment.knit_mm, 250, 900)),
        weave=garment.weave if woven else None,
    )


def build_garment(garment: Garment, shape: Shape) -> tuple[Part, ...]:
    """Mesh the garment around a torso, and the shirt under a jacket; the label clothes."""
    if garment.cut != "jacket":
        return (_layer("garment", garment, shape, garment.colour, True),)
    shirt = replace(garment, cut="crew", loose_mm=2.0, folds=0.3 * garment.folds)
    jacket = replace(garment, loose_mm=4.0 + garment.loose_mm)
    return _layer("shirt", shirt, shape, garment.second, False), _layer("jacket", jacket, shape, garment.colour, True)


def _layer(name: str, garment: Garment, shape: Shape, colour: tuple[float, float, float], woven: bool) -> Part:
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
    labels = np.full(len(faces), LABELS.index("clothes"), np.uint8)
    return Part(name, vertices / 1000, faces, labels, cloth_material(garment, name, colour, woven))


def _garment_field(garment: Garment, shape: Shape, waves: np.ndarray, phases: np.ndarray, p: np.ndarray) -> np.ndarray:
    body = torso_field(shape, p)
    folds = np.cos(p @ waves.T.astype(np.float32) + phases.astype(np.float32)).sum(-1) / np.sqrt(10)
    folds = folds * garment.folds * 3.0 * smoothstep(-205, -300, p[:, 2])
    cloth = body - garment.loose_mm + folds
    hole = _neckline(garment.cut, shape, p)
    # A seam thicker than the cloth along the neckline, and the cloth ends inside it.
    seam = np.hypot(hole - 4, body - garment.loose_mm) - 4.5
    cloth = unite(subtract(cloth, hole - 4, 2.0), seam, 3.0)
    return intersect(cloth, -470 - p[:, 2], 6)


def _neckline(cut: str, shape: Shape, p: np.ndarray) -> np.ndarray:
    """The volume cut away at the neck, negative inside, about the distance from its rim, (N,)."""
    x, d, z = p.T
    broad = 1 + 0.05 * shape.masculine + 0.02 * shape.weight
    if cut == "turtleneck":
        hole = -150 - 0.25 * (d + 90) - z
        return hole
    # A cylinder around the neck that leans forward as it rises, so that it meets the chest at a steep angle and leaves
    # a clean rim there; behind, where it would run along the neck, a level cut ends the cloth.
    wide = {"crew": 72, "v-neck": 74, "jacket": 78}[cut] * broad
    ring = (np.hypot(x / wide, (d + 92 - 0.57 * (z + 195)) / (66 * broad)) - 1) * 60
    ring = unite(ring, -164 - z, 12)
    if cut == "crew":
        return ring
    depth = {"v-neck": 75, "jacket": 150}[cut]
    along = np.clip((-200 - z) / depth, 0, 1)
    vee = np.abs(x) - 0.62 * wide * (1 - along) + 60 * (z < -200 - depth)
    vee = np.maximum(vee * 0.9, -60 - d)
    return unite(ring, vee, 8)


def _near(rng: np.random.Generator, colour: tuple[float, float, float]) -> tuple[float, float, float]:
    red, green, blue = (np.array(colour) * np.exp(rng.normal(0, 0.12) + rng.normal(0, 0.05, 3))).tolist()
    return red, green, blue


def dye_rand(rng: np.random.Generator) -> tuple[float, float, float]:
    """Colour of cloth: half of the time grey, white or black, else dyed in any hue."""
    if rng.random() < 0.5:
        value = np.exp(rng.uniform(np.log(0.015), np.log(0.75)))
        colour = value * np.exp(rng.normal(0, 0.06, 3))
    else:
        hue, depth = rng.uniform(0, 2 * np.pi), rng.uniform(0.3, 1.5)
        colour = np.exp(0.8 * depth * np.cos(hue - np.array([0, 2, 4]) * np.pi / 3))
        # Dye takes light away: a purer colour is a darker one, and none is brighter than the bare cloth.
        bright = np.exp(rng.uniform(np.log(0.025), np.log(0.4)) - 0.3 * depth)
        colour *= min(bright / luminance(colour), 0.6 / colour.max())
    red, green, blue = np.clip(colour, 0.01, 0.8).tolist()
    return red, green, blue
