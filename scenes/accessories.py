"""What a person wears besides clothes, and what they hold: drawn, and put on a finished bust of any source.

Bust's frame, metres.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from .bust import Bust
from .fit import fit_of
from .glasses import Glasses, build_glasses, glasses_rand
from .headwear import Headwear, build_headwear, headwear_rand, press
from .hull import Hull, hull_of
from .jewellery import Earrings, Scarf, build_earrings, build_scarf, earrings_rand, scarf_rand
from .props import Prop, build_prop, prop_rand


@dataclass(frozen=True)
class Worn:
    """What is worn and held; None where nothing is."""

    glasses: Glasses | None = None
    headwear: Headwear | None = None
    earrings: Earrings | None = None
    scarf: Scarf | None = None
    prop: Prop | None = None

    @property
    def hides_scalp(self) -> bool:
        return self.headwear is not None and self.headwear.hides_scalp

    @property
    def hides_neck(self) -> bool:
        """Whether hair, beard and ears are under a headscarf."""
        return self.headwear is not None and self.headwear.kind == "hijab"


def worn_rand(rng: np.random.Generator, masculine: float, hands: bool = False) -> Worn:
    """Draw what a person wears and holds.

    Args:
        masculine: 0 to 1.
        hands: whether there are hands to hold things.
    """
    wears_glasses, wears_headwear, wears_earrings, wears_scarf, holds = rng.random(5)
    headwear = headwear_rand(rng, masculine) if wears_headwear < 0.15 else None
    covered = headwear is not None and headwear.kind in ("hijab", "headphones")
    return Worn(
        glasses=glasses_rand(rng) if wears_glasses < 0.28 else None,
        headwear=headwear,
        earrings=earrings_rand(rng) if wears_earrings < 0.35 - 0.28 * masculine and not covered else None,
        scarf=scarf_rand(rng) if wears_scarf < 0.04 and not covered else None,
        prop=prop_rand(rng, hands) if holds < 0.04 else None,
    )


def wear(
    bust: Bust, worn: Worn, hull: Hull, skin: tuple[float, float, float] = (0.4, 0.25, 0.18), pack: Path | None = None
) -> Bust:
    """Put everything on a bust whose first part is its skin.

    Args:
        hull: of the bald head and the shoulders.
        skin: scene-linear colour of a hand.
        pack: MakeHuman's, which has hands.
    """
    if worn == Worn():
        return bust
    strands = list(bust.strands)
    if worn.headwear is not None:
        brow = float(bust.landmarks[[19, 24], 2].mean())
        pressed = [press(worn.headwear, s, hull, brow) if s.name == "hair" else s for s in strands]
        strands = [s for s in pressed if s is not None]
    hair = [s.points.reshape(-1, 3) for s in strands if s.name == "hair"]
    hair += [part.vertices for part in bust.parts if part.name == "hair"]
    outer = hull_of(np.concatenate([bust.parts[0].vertices, *hair]), hull.centre) if hair else hull
    fit = fit_of(bust, hull, outer)
    parts = list(bust.parts)
    if worn.glasses is not None:
        parts += build_glasses(worn.glasses, fit)
    if worn.headwear is not None:
        parts += build_headwear(worn.headwear, fit)
    if worn.earrings is not None:
        parts.append(build_earrings(worn.earrings, fit))
    if worn.scarf is not None:
        parts.append(build_scarf(worn.scarf, fit))
    if worn.prop is not None:
        parts += build_prop(worn.prop, fit, skin, pack)
    return replace(bust, parts=tuple(parts), strands=tuple(strands))
