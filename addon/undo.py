"""After undo and redo: Image Editors that showed a result which is gone show the one that is there."""

import bpy


@bpy.app.handlers.persistent
def _show_what_is_there(scene: bpy.types.Scene, *_: object) -> None:
    settings = scene.relight_stage
    image = settings.relit or settings.photo
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "IMAGE_EDITOR" and area.spaces.active.image is None and area.ui_type == "IMAGE_EDITOR":
                area.spaces.active.image = image


_HANDLERS = (bpy.app.handlers.undo_post, bpy.app.handlers.redo_post)


def register() -> None:
    for handlers in _HANDLERS:
        handlers.append(_show_what_is_there)


def unregister() -> None:
    for handlers in _HANDLERS:
        handlers.remove(_show_what_is_there)
