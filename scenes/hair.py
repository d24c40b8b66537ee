"""Hair as it is described: styles, colours, beards, where it has gone (``strands.py`` and ``beard.py`` grow it).

Metres.
"""

from dataclasses import dataclass

import numpy as np

from .bust import Material
from .fields import smoothstep


@dataclass(frozen=True)
class Style:
    """A way to wear hair.

    Attributes:
        shares: how common it is among women and among men.
        length_m: shortest and longest hair on the crown.
        sides: length at the sides and the nape relative to the crown.
        combing: "whorl" from the crown on, "part", "back", "forward", "fringe", "out" from the skin, "knot" behind.
        stand: how steeply hair leaves the scalp. thick_m: how thick it lies.
        curl: range of the curl. clump: how far neighbours gather in locks, 0 to 1.
        fringe: whether it may hang over the forehead down to the brows.
        radius_m: of a strand; few thick ones stand for many thin ones. count: of strands at full density.
    """

    shares: tuple[float, float]
    length_m: tuple[float, float]
    sides: float
    combing: str
    stand: float
    thick_m: float
    curl: tuple[float, float]
    clump: float
    fringe: bool = False
    radius_m: float = 0.00056
    count: int = 5300


STYLES = {
    "bald": Style((0.02, 0.10), (0, 0), 1, "whorl", 0, 0, (0, 0), 0, count=0),
    "buzz": Style((0.02, 0.12), (0.004, 0.010), 0.8, "out", 3.0, 0.0, (0, 0.2), 0.0, radius_m=0.0004, count=9500),
    "crew": Style((0.01, 0.13), (0.016, 0.03), 0.3, "whorl", 1.6, 0.006, (0, 0.3), 0.5, radius_m=0.00042, count=8000),
    "short": Style((0.06, 0.15), (0.03, 0.055), 0.5, "forward", 0.9, 0.012, (0, 0.4), 0.75, True, 0.00046, 7500),
    "side-parted": Style((0.07, 0.13), (0.05, 0.09), 0.4, "part", 0.8, 0.016, (0, 0.35), 0.7, radius_m=0.0005),
    "combed back": Style((0.03, 0.09), (0.06, 0.11), 0.45, "back", 0.9, 0.015, (0, 0.3), 0.75, radius_m=0.0005),
    "curly": Style((0.10, 0.09), (0.05, 0.10), 0.8, "out", 1.6, 0.022, (0.55, 0.9), 0.85, True),
    "afro": Style((0.06, 0.06), (0.035, 0.09), 0.9, "out", 3.0, 0.03, (0.9, 1.0), 0.5, radius_m=0.0005, count=7500),
    "bob": Style((0.13, 0.01), (0.20, 0.26), 0.8, "part", 0.45, 0.016, (0, 0.25), 0.7),
    "fringe": Style((0.09, 0.02), (0.22, 0.36), 0.9, "fringe", 0.45, 0.015, (0, 0.25), 0.7, True),
    "medium": Style((0.12, 0.05), (0.16, 0.26), 0.9, "part", 0.5, 0.018, (0.1, 0.6), 0.8),
    "long": Style((0.15, 0.02), (0.32, 0.46), 0.95, "part", 0.4, 0.016, (0, 0.35), 0.75),
    "wavy": Style((0.10, 0.02), (0.28, 0.42), 0.95, "part", 0.6, 0.022, (0.4, 0.7), 0.9),
    "tied-back": Style((0.08, 0.02), (0.12, 0.28), 1, "knot", 0.15, 0.006, (0, 0.3), 0.4),
    "bun": Style((0.06, 0.02), (0.03, 0.05), 1, "knot", 0.15, 0.006, (0, 0.25), 0.4),
}
BEARDS = ("full", "short full", "goatee", "circle", "moustache", "chin strap", "stubble")
_BEARD_SHARES = (0.2, 0.22, 0.08, 0.1, 0.08, 0.04, 0.28)


@dataclass(frozen=True)
class Hair:
    """A head of hair.

    Attributes:
        style: one of ``STYLES``.
        colour: scene-linear base colour at the tips.
        length_m: of a strand on the crown.
        curl: 0 straight to 1 frizzy.
        density: share of the fullest cover, 0.7 to 1.
        part: where the hair parts, −1 (subject's right) to 1.
        receding: how far the hairline has gone back, most at the temples, 0 to 1.
        thinning: of the crown, 0 to 1.
        roots: brightness at the roots relative to the tips.
        fly: share of strands that stray from their lock.
        beard: 0 none; up to 0.2 stubble, then a beard, longer up to 1.
        beard_cut: one of ``BEARDS``.
    """

    style: str
    colour: tuple[float, float, float]
    length_m: float
    curl: float
    density: float
    part: float
    receding: float
    thinning: float
    roots: float
    fly: float
    beard: float
    beard_cut: str


def hair_rand(
    rng: np.random.Generator, brow_colour: tuple[float, float, float], masculine: float, age: float = 0.3
) -> Hair:
    """Draw a hairstyle.

    Args:
        brow_colour: scene-linear; hair is a little lighter as a rule.
        masculine: 0 to 1.
        age: 0 young to 1 old: hair recedes and thins.
    """
    names = tuple(STYLES)
    shares = np.array([s.shares[0] * (1 - masculine) + s.shares[1] * masculine for s in STYLES.values()])
    name = names[rng.choice(len(names), p=shares / shares.sum())]
    style = STYLES[name]
    loses = masculine > 0.5 and rng.random() < 0.15 + 0.6 * age
    bearded = masculine > 0.55 and rng.random() < 0.5
    cut = BEARDS[rng.choice(len(BEARDS), p=_BEARD_SHARES)]
    lengths = {"stubble": (0.05, 0.2), "short full": (0.22, 0.45), "full": (0.4, 1.0)}
    # Dyed hair shows its own roots; sun and age bleach the rest a little.
    dyed = rng.random() < 0.12 * (1 - masculine)
    red, green, blue = np.clip(np.array(brow_colour) * np.exp(rng.normal(0.1, 0.15)), 0.004, 0.8).tolist()
    return Hair(
        style=name,
        colour=(red, green, blue),
        length_m=float(rng.uniform(*style.length_m)),
        curl=float(rng.uniform(*style.curl)),
        density=float(rng.uniform(0.8, 1.0)),
        part=float(rng.choice([-1, 1]) * rng.uniform(0.1, 0.8)),
        receding=float(rng.uniform(0.2, 1.0)) if loses else float(rng.uniform(0, 0.2)),
        thinning=float(rng.uniform(0, 1.0)) if loses and rng.random() < 0.5 else 0.0,
        roots=float(rng.uniform(0.3, 0.55) if dyed else rng.uniform(0.6, 0.9)),
        fly=float(rng.uniform(0.02, 0.10)),
        beard=float(rng.uniform(*lengths.get(cut, (0.22, 0.7)))) if bearded else 0.0,
        beard_cut=cut,
    )


def hair_material(hair: Hair, name: str = "hair") -> Material:
    """A surface, not a fibre: its base colour is then the albedo that Cycles reports.

    Cycles' hair BSDFs have no diffuse lobe, so the light that colours hair would all count as specular and the albedo
    would be black. Principled, drawn out along the strand and brighter towards the tip, keeps both laws.
    """
    return Material(
        name,
        colour=hair.colour,
        roughness=0.42 + 0.15 * hair.curl,
        specular=0.5,
        root=hair.roots,
        strand_spread=0.16,
        anisotropy=0.7,
    )


def hair_cover(hair: Hair, points: np.ndarray, scalp: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """Where hair still grows, (V,) in [0, 1]: a ragged line that recedes, and a crown that thins.

    Args:
        points: (V, 3) of the skin.
        scalp: (V,) where hair grows on a full head.
        centre: (3,) of the head.
    """
    x, y, z = (points - centre).T
    # No barber's line: the edge wanders by some millimetres.
    rng = np.random.default_rng(0)
    waves, phases = rng.normal(0, 260, (12, 3)), rng.uniform(0, 2 * np.pi, 12)
    ragged = np.cos(points @ waves.T + phases).sum(-1) / np.sqrt(12)
    cover = np.clip(scalp + 0.55 * ragged * 4 * scalp * (1 - scalp), 0, 1)
    grown = (scalp > 0.5) & (z > 0.03)
    front = y[grown].min() if grown.any() else 0.0
    corner = smoothstep(0.012, 0.047, np.abs(x))
    line = front + hair.receding * (0.012 + 0.042 * corner) + 0.003 * ragged
    gone = np.clip((line + 0.006 - y) / 0.012, 0, 1) * (z > 0.015) * min(1.0, hair.receding / 0.1)
    crown = np.exp(-((x / 0.045) ** 2) - ((y - 0.045) / 0.05) ** 2) * (z > 0.03)
    return cover * (1 - gone) * (1 - 0.92 * hair.thinning * crown)
