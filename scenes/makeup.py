"""Makeup: what some put on their lips, lids and cheeks. Colours are scene-linear albedo."""

import colorsys
from dataclasses import dataclass

import numpy as np

# Hue, saturation and value, scene-linear, from which the colours of lips and lids are drawn.
_LIPS = ((0.98, 0.75, 0.35), (0.96, 0.60, 0.30), (0.93, 0.80, 0.22), (0.01, 0.80, 0.40), (0.02, 0.55, 0.30))
_LIDS = ((0.06, 0.45, 0.12), (0.04, 0.55, 0.20), (0.75, 0.25, 0.12), (0.60, 0.20, 0.10), (0.09, 0.35, 0.30))


@dataclass(frozen=True)
class Makeup:
    """Makeup on a face; all weights in [0, 1], 0 where there is none.

    Attributes:
        foundation: how much it evens out mottling, redness and freckles.
        lips, lids, cheeks: how much of each colour covers the skin.
        gloss: of the lipstick, from matte to wet.
        liner: dark line along the lids.
    """

    foundation: float = 0.0
    lips: float = 0.0
    lip_colour: tuple[float, float, float] = (0.0, 0.0, 0.0)
    gloss: float = 0.0
    lids: float = 0.0
    lid_colour: tuple[float, float, float] = (0.0, 0.0, 0.0)
    cheeks: float = 0.0
    liner: float = 0.0


def makeup_rand(rng: np.random.Generator, masculine: float) -> Makeup:
    """Draw makeup: about half of the women wear some, of the men almost nobody."""
    wears = rng.random() < (0.55 if masculine < 0.5 else 0.01)
    part = rng.random(5)
    made = Makeup(
        foundation=float(rng.uniform(0.1, 0.7)),
        lips=float(rng.uniform(0.3, 0.9)) if part[0] < 0.75 else 0.0,
        lip_colour=_colour_rand(rng, _LIPS),
        gloss=float(rng.beta(1.5, 1.5)),
        lids=float(rng.uniform(0.15, 0.7)) if part[1] < 0.5 else 0.0,
        lid_colour=_colour_rand(rng, _LIDS),
        cheeks=float(rng.uniform(0.1, 0.5)) if part[2] < 0.5 else 0.0,
        liner=float(rng.uniform(0.3, 1.0)) if part[3] < 0.5 else 0.0,
    )
    return made if wears else Makeup()


def _colour_rand(rng: np.random.Generator, colours: tuple) -> tuple[float, float, float]:
    hue, saturation, value = colours[rng.integers(len(colours))]
    return colorsys.hsv_to_rgb(
        (hue + rng.normal(0, 0.015)) % 1,
        float(np.clip(saturation + rng.normal(0, 0.1), 0.05, 0.95)),
        float(np.clip(value * np.exp(rng.normal(0, 0.3)), 0.02, 0.6)),
    )
