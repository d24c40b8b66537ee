"""Where the menus name our buttons: F3 finds what a menu of the editor at hand names."""

import bpy

# As the panels have them, from top to bottom; None is a line between two.
_BUTTONS = (
    *("open_photo", "paste_photo", "try_example", "open_light", None),
    *("live", "relight_photo", "cancel_relighting", None),
    *("add_photo_card", "match_scene", None),
    *("export_maps", "keep_maps", "recombine_maps", None),
    *("relight_movie", "pause_movie", None),
    *("start_dataset", "stop_dataset", None),
    *("start_training", "stop_training", "open_training_picture", "load_training", "reset_networks", "find_python"),
)


class RELIGHT_STAGE_MT_buttons(bpy.types.Menu):
    """All that the tab Relight can do"""

    bl_label = "Relight Stage"

    def draw(self, context: bpy.types.Context) -> None:
        in_viewport = getattr(context.space_data, "type", "") == "VIEW_3D"
        for name in _BUTTONS:
            if name is None:
                self.layout.separator()
            elif name == "relight_photo" and in_viewport:
                self.layout.operator("relight_stage.relight_photo", text="Relight on Card").card = True
            else:
                self.layout.operator(f"relight_stage.{name}")


def _draw(self: bpy.types.Menu, context: bpy.types.Context) -> None:
    self.layout.separator()
    self.layout.menu("RELIGHT_STAGE_MT_buttons", icon="LIGHT_SUN")


_MENUS = (bpy.types.IMAGE_MT_image, bpy.types.VIEW3D_MT_image_add)


def register() -> None:
    bpy.utils.register_class(RELIGHT_STAGE_MT_buttons)
    for menu in _MENUS:
        menu.append(_draw)


def unregister() -> None:
    for menu in _MENUS:
        menu.remove(_draw)
    bpy.utils.unregister_class(RELIGHT_STAGE_MT_buttons)
