"""The shortcuts: one where photos are relit, and Blender's own for quitting while jobs are at work."""

import sys

import bpy
import rna_keymap_ui

_EDITORS = (("Image", "IMAGE_EDITOR", "Image Editor"), ("3D View", "VIEW_3D", "3D Viewport"))
_added: list[tuple[bpy.types.KeyMap, bpy.types.KeyMapItem]] = []


def draw(context: bpy.types.Context, layout: bpy.types.UILayout) -> None:
    """The shortcuts as the user has them, to change them here."""
    user = context.window_manager.keyconfigs.user
    for name, space, title in _EDITORS:
        keymap = user.keymaps.find(name, space_type=space)
        for item in keymap.keymap_items:
            if item.idname == "relight_stage.relight_photo":
                layout.label(text=title)
                rna_keymap_ui.draw_kmi([], user, keymap, item, layout, 0)


def register() -> None:
    keyconfig = bpy.context.window_manager.keyconfigs.addon
    if keyconfig is None:  # in background there are no keys
        return
    for name, space, _ in _EDITORS:
        keymap = keyconfig.keymaps.new(name=name, space_type=space)
        item = keymap.keymap_items.new("relight_stage.relight_photo", "L", "PRESS", ctrl=True, alt=True, shift=True)
        item.properties.card = space == "VIEW_3D"
        _added.append((keymap, item))
    keymap, is_mac = keyconfig.keymaps.new(name="Window"), sys.platform == "darwin"
    _added.append((keymap, keymap.keymap_items.new("relight_stage.quit", "Q", "PRESS", ctrl=not is_mac, oskey=is_mac)))


def unregister() -> None:
    for keymap, item in _added:
        keymap.keymap_items.remove(item)
    _added.clear()
