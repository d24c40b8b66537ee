"""Pictures for the panel's icons, drawn with numpy alone: the curve of a training's loss. No bpy."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

HEIGHT_PX, WIDTH_PX = 160, 256
_MARGIN_PX = 6
_BACK, _GRID = (0.11, 0.11, 0.11), (0.2, 0.2, 0.2)
# One colour a network, told apart by the colour-blind too: Okabe and Ito, "Color Universal Design", 2008.
COLOURS = {
    "matting": (0.34, 0.71, 0.91),
    "geometry": (0.0, 0.62, 0.45),
    "albedo": (0.9, 0.62, 0.0),
    "visibility": (0.84, 0.37, 0.0),
    "shading": (0.8, 0.47, 0.65),
    "light": (0.0, 0.45, 0.7),
    "all": (0.94, 0.89, 0.26),
}


@dataclass(frozen=True, eq=False)
class Picture:
    """Pixels for an icon; two are the same only if they are one object.

    Attributes:
        name: what it shows.
        pixels: (h, w, 4) sRGB-encoded in [0, 1], top row first.
    """

    name: str
    pixels: np.ndarray


class Curve(NamedTuple):
    """The loss of a stage: ``steps`` counted from the start of the run, ``values`` positive, both (n,)."""

    net: str
    steps: np.ndarray
    values: np.ndarray


def draw_curves(curves: Sequence[Curve], steps: int) -> np.ndarray:
    """Plot the curves over the whole run of ``steps`` on a logarithmic scale of their own: (h, w, 4).

    Each stage has its own scale, for the losses of two networks have nothing in common; a line at every tenth.
    """
    canvas = np.empty((HEIGHT_PX, WIDTH_PX, 4), np.float32)
    canvas[...] = (*_BACK, 1.0)
    for tenth in range(11):
        column = _MARGIN_PX + round(tenth / 10 * (WIDTH_PX - 2 * _MARGIN_PX - 1))
        canvas[_MARGIN_PX:-_MARGIN_PX, column, :3] = _GRID
    for curve in curves:
        across = _MARGIN_PX + np.asarray(curve.steps, float) / max(1, steps) * (WIDTH_PX - 2 * _MARGIN_PX - 1)
        logs = np.log(np.maximum(np.asarray(curve.values, float), 1e-9))
        low, high = logs.min(), logs.max()
        share = (logs - low) / (high - low) if high > low else np.full(len(logs), 0.5)
        _draw_line(canvas, across, (1 - share) * (HEIGHT_PX - 2 * _MARGIN_PX - 1) + _MARGIN_PX, COLOURS[curve.net])
    return canvas


def _draw_line(canvas: np.ndarray, x: np.ndarray, y: np.ndarray, colour: Sequence[float]) -> None:
    """A line through points, two pixels thick."""
    for i in range(max(1, len(x) - 1)):
        j = min(i + 1, len(x) - 1)
        count = int(max(abs(x[j] - x[i]), abs(y[j] - y[i]))) + 2
        columns = np.rint(np.linspace(x[i], x[j], count)).astype(int)
        rows = np.rint(np.linspace(y[i], y[j], count)).astype(int)
        for thick in (0, 1):
            canvas[np.clip(rows + thick, 0, HEIGHT_PX - 1), np.clip(columns, 0, WIDTH_PX - 1), :3] = colour
