"""Histograms as tiles of a sheet: (H, W, 3) uint8, sRGB, a colour a source."""

from collections import Counter

import numpy as np

from .sheet import INK, PAPER

WIDTH, HEIGHT = 380, 230
_LEFT, _RIGHT, _TOP, _BOTTOM = 12, 368, 36, 196
# Dark to light, apart in lightness too.
_COLOURS = ((66, 92, 140), (88, 156, 148), (222, 196, 120))
_ALARM = (230, 90, 70)
_BARS = 9


def histogram_tile(
    values: list[np.ndarray], title: str, unit: str = "", alarm: bool = False, bins: int = 30
) -> np.ndarray:
    """Draw how often which value occurs.

    Args:
        values: one array for each source; they are stacked.
    """
    tile = _tile(title, alarm)
    everything = np.concatenate(values)
    low, high = float(everything.min()), float(everything.max())
    edges = np.linspace(low, high if high > low else low + 1, bins + 1)
    counts = np.array([np.histogram(v, edges)[0] for v in values])
    scale = (_BOTTOM - _TOP) / max(counts.sum(0).max(), 1)
    across = np.linspace(_LEFT, _RIGHT, bins + 1).round().astype(int)
    for k in range(bins):
        base = 0
        for colour, count in zip(_COLOURS, counts[:, k], strict=False):
            top, bottom = _BOTTOM - round((base + count) * scale), _BOTTOM - round(base * scale)
            tile[top:bottom, across[k] : across[k + 1] - 1] = colour
            base += count
    tile[_BOTTOM : _BOTTOM + 1, _LEFT:_RIGHT] = INK
    _write(tile, f"{low:.3g}", _LEFT, _BOTTOM + 20)
    _write(tile, f"{high:.3g} {unit}".strip(), _RIGHT, _BOTTOM + 20, right=True)
    return tile


def bars_tile(counts: list[Counter], title: str, alarm: bool = False) -> np.ndarray:
    """Draw how common each kind is, the commonest first; ``counts`` has one counter for each source, stacked."""
    tile = _tile(title, alarm)
    total = sum(counts, Counter())
    everybody = sum(total.values())
    shown = total.most_common(_BARS)
    step = (HEIGHT - _TOP - 8) // _BARS
    middle = _LEFT + 150
    scale = (_RIGHT - 44 - middle) / shown[0][1]
    for row, (name, count) in enumerate(shown):
        top = _TOP + row * step
        left = float(middle)
        for colour, mine in zip(_COLOURS, counts, strict=False):
            right = left + mine[name] * scale
            tile[top + 2 : top + step - 4, round(left) : round(right)] = colour
            left = right
        _write(tile, name if len(name) < 21 else f"{name[:19]}..", middle - 6, top + step - 6, right=True)
        _write(tile, f"{100 * count / everybody:.0f} %", round(left) + 5, top + step - 6)
    if len(total) > _BARS:
        _write(tile, f"+ {len(total) - _BARS} more", _RIGHT, HEIGHT - 6, right=True)
    return tile


def _tile(title: str, alarm: bool) -> np.ndarray:
    tile = np.full((HEIGHT, WIDTH, 3), PAPER + 10, np.uint8)
    _write(tile, title, _LEFT, 22, _ALARM if alarm else INK, 0.48)
    return tile


def _write(tile: np.ndarray, text: str, x: int, y: int, ink=INK, scale: float = 0.42, right: bool = False) -> None:
    import cv2

    if right:
        x -= cv2.getTextSize(text, cv2.FONT_HERSHEY_DUPLEX, scale, 1)[0][0]
    cv2.putText(tile, text, (x, y), cv2.FONT_HERSHEY_DUPLEX, scale, ink, 1, cv2.LINE_AA)
