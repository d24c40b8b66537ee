"""The chrome and the grey ball that the panel shows beside the result."""

import bpy
import bpy.utils.previews
import numpy as np

from ..scenes.balls import draw_chrome, draw_grey
from ..scenes.colour import linear_to_srgb

_PX = 96
_DRAWINGS = {"chrome": draw_chrome, "grey": draw_grey}
_icons: bpy.utils.previews.ImagePreviewCollection | None = None


def show(light_map: np.ndarray, exposure_ev: float) -> None:
    """Draw the balls under a light map in the camera frame."""
    assert _icons is not None
    for name, draw in _DRAWINGS.items():
        ball = draw(light_map * np.float32(2.0**exposure_ev), _PX)
        ball[:, :, :3] = np.clip(linear_to_srgb(ball[:, :, :3] / np.maximum(ball[:, :, 3:], 1e-6)), 0, 1)
        icon = _icons.get(name) or _icons.new(name)
        icon.image_size = icon.icon_size = (_PX, _PX)
        flat = ball[::-1].ravel()
        icon.image_pixels_float.foreach_set(flat)
        icon.icon_pixels_float.foreach_set(flat)


def icons() -> list[int]:
    """The balls' icons, chrome first; none before there was a light."""
    return [_icons[name].icon_id for name in _DRAWINGS if name in _icons] if _icons is not None else []


def register() -> None:
    global _icons
    _icons = bpy.utils.previews.new()


def unregister() -> None:
    global _icons
    bpy.utils.previews.remove(_icons)
    _icons = None
