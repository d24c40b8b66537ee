"""The chrome and the grey ball that the panel shows beside the result: each scene has its own."""

import bpy
import bpy.utils.previews
import numpy as np

_NAMES = ("chrome", "grey")
_icons: bpy.utils.previews.ImagePreviewCollection | None = None


def show(scene: bpy.types.Scene, balls: tuple[np.ndarray, np.ndarray]) -> None:
    """Show balls that ``scenes.balls.draw_icons`` drew beside a scene's result."""
    assert _icons is not None
    for ball, name in zip(balls, _names(scene), strict=True):
        icon = _icons.get(name) or _icons.new(name)
        icon.image_size = icon.icon_size = ball.shape[1::-1]
        flat = ball[::-1].ravel()
        icon.image_pixels_float.foreach_set(flat)
        icon.icon_pixels_float.foreach_set(flat)


def icons(scene: bpy.types.Scene) -> list[int]:
    """A scene's balls, chrome first; none before there was a light."""
    return [_icons[name].icon_id for name in _names(scene) if name in _icons] if _icons is not None else []


def _names(scene: bpy.types.Scene) -> list[str]:
    return [f"{name} {scene.session_uid}" for name in _NAMES]


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
