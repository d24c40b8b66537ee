"""Undo and redo change which image is the result; Image Editors that showed it go on showing it."""

import bpy

from .editors import areas

_showing: set[int] = set()


@bpy.app.handlers.persistent
def _remember(scene: bpy.types.Scene, *_: object) -> None:
    relit = scene.relight_stage.relit
    _showing.clear()
    if relit is not None:
        _showing.update(area.as_pointer() for area in areas("IMAGE_EDITOR") if area.spaces.active.image == relit)


@bpy.app.handlers.persistent
def _show_again(scene: bpy.types.Scene, *_: object) -> None:
    settings = scene.relight_stage
    for area in areas("IMAGE_EDITOR"):
        if area.as_pointer() in _showing:
            area.spaces.active.image = settings.relit or settings.photo


_HANDLERS = (
    (bpy.app.handlers.undo_pre, _remember),
    (bpy.app.handlers.redo_pre, _remember),
    (bpy.app.handlers.undo_post, _show_again),
    (bpy.app.handlers.redo_post, _show_again),
)


def register() -> None:
    for handlers, function in _HANDLERS:
        handlers.append(function)


def unregister() -> None:
    for handlers, function in _HANDLERS:
        handlers.remove(function)
