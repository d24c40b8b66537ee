"""The chrome and the grey ball that the panel shows beside the result: each scene has its own."""

import bpy
import bpy.utils.previews
import numpy as np

from ..scenes.balls import draw_chrome, draw_grey
from ..scenes.colour import linear_to_srgb

_PX = 96
_DRAWINGS = (draw_chrome, draw_grey)
_icons: bpy.utils.previews.ImagePreviewCollection | None = None


def show(scene: bpy.types.Scene, light_map: np.ndarray) -> None:
    """Draw a scene's balls under a light map in the camera frame, at the scene's exposure."""
    assert _icons is not None
    for draw, name in zip(_DRAWINGS, _names(scene), strict=True):
        ball = draw(light_map * np.float32(2.0**scene.relight_stage.exposure), _PX)
        ball[:, :, :3] = np.clip(linear_to_srgb(ball[:, :, :3] / np.maximum(ball[:, :, 3:], 1e-6)), 0, 1)
        icon = _icons.get(name) or _icons.new(name)
        icon.image_size = icon.icon_size = (_PX, _PX)
        flat = ball[::-1].ravel()
        icon.image_pixels_float.foreach_set(flat)
        icon.icon_pixels_float.foreach_set(flat)


def icons(scene: bpy.types.Scene) -> list[int]:
    """A scene's balls, chrome first; none before there was a light."""
    return [_icons[name].icon_id for name in _names(scene) if name in _icons] if _icons is not None else []


def _names(scene: bpy.types.Scene) -> list[str]:
    return [f"{draw.__name__} {scene.session_uid}" for draw in _DRAWINGS]


@bpy.app.handlers.persistent
def _forget(*_: object) -> None:
    """Another file was opened: its scenes have no balls yet."""
    assert _icons is not None
    _icons.clear()


def register() -> None:
    global _icons
    _icons = bpy.utils.previews.new()
    bpy.app.handlers.load_post.append(_forget)


def unregister() -> None:
    global _icons
    bpy.app.handlers.load_post.remove(_forget)
    bpy.utils.previews.remove(_icons)
    _icons = None
