"""Strands as fine as a picture can show. Bust's frame, metres; K strands of P points.

Few thick strands stand for many thin ones, which is all that a small picture needs and several times as cheap. Where a
strand would be broader than a pixel, it is parted into thinner ones.
"""

from dataclasses import replace

import numpy as np

from .bust import Bust, Strands

# A strand may be so many pixels broad at its root; it is parted into so many at most.
_PIXELS, _MOST = 0.8, 5
# What parting adds to the strands' breadth together, because the thin ones hide each other.
_FULLER = 1.3


def with_fine_hair(bust: Bust, pixel_m: float) -> Bust:
    """The bust with strands not much broader than a pixel.

    Args:
        pixel_m: side of a pixel at the subject.
    """
    return replace(bust, strands=tuple(_parted(strands, pixel_m) for strands in bust.strands))


def _parted(strands: Strands, pixel_m: float) -> Strands:
    """Each strand as several that run beside it, spread over what the thick one and the gap to its neighbours took."""
    count = int(np.clip(round(2 * strands.radius_m / (_PIXELS * pixel_m)), 1, _MOST))
    if count == 1:
        return strands
    points = strands.points
    rng = np.random.default_rng(0)
    along = np.linspace(0, 1, points.shape[1])[None, :, None]
    thin = []
    for _ in range(count):
        root, tip, bend = rng.normal(0, 0.7 * strands.radius_m, (3, len(points), 1, 3))
        away = 1.5 * root * (1 - along) + 3 * tip * along + 2 * bend * np.sin(2 * np.pi * along)
        thin.append(points + away)
    # One after the other, the thin ones of a strand keep their order whatever the face does.
    parted = np.stack(thin, 1).reshape(-1, *points.shape[1:])
    return replace(strands, points=parted.astype(np.float32), radius_m=_FULLER * strands.radius_m / count)
