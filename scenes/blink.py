"""How the lids of the self-contained head close: its mesh is warped, because sculpting it anew would give it another.

Points are (N, 3) of the bust's frame, metres; inside, millimetres of the sculpting frame (see ``anatomy.py``).
"""

import numpy as np

from .anatomy import EYEBALL_MM, Marks, lid_rims
from .fields import smoothstep
from .procedural_skin import FLIP

# Where the lids meet, as a share of the way from the lower rim to the upper one.
_MEET = 0.12
# How far above the upper rim and below the lower one skin is drawn along.
_ABOVE_MM, _BELOW_MM = 11.0, 7.0


def closing(marks: Marks, points: np.ndarray) -> np.ndarray:
    """Ways (N, 3) of points of skin or landmarks from open to closed lids; none for what is not around an eye."""
    x, d, z = (points * 1000 * FLIP).T
    across = np.abs(x) - marks.eye_x
    away = np.sqrt(across**2 + d**2 + z**2)
    upper, lower = lid_rims(marks, np.clip(across / marks.fissure, -1, 1))
    meet = lower + _MEET * (upper - lower)
    # The skin over the upper rim is drawn down and that under the lower one up; lining goes with its rim.
    high = np.clip((upper + _ABOVE_MM - z) / _ABOVE_MM, 0, 1) * (meet - upper)
    low = np.clip((z - lower + _BELOW_MM) / _BELOW_MM, 0, 1) * (meet - lower)
    moved = z + np.where(z > (upper + lower) / 2, high, low) * smoothstep(30, 20, away) * (d > -3)
    # A lid slides over the eyeball: it stays as far from its centre, and never comes nearer than its own thickness.
    over = np.maximum(away, EYEBALL_MM + 1.4) ** 2 - across**2 - moved**2
    slid = np.sqrt(np.maximum(over, 0))
    on_ball = smoothstep(EYEBALL_MM + 7, EYEBALL_MM + 3, away) * (np.abs(moved - z) > 1e-3) * (away > EYEBALL_MM)
    depth = d + on_ball * np.maximum(slid - d, 0)
    return np.stack([np.zeros_like(x), depth - d, moved - z], 1) * FLIP / 1000
