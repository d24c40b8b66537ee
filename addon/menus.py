"""Where the menus name our buttons: F3 finds what a menu names."""

import bpy


def _draw_image_menu(self: bpy.types.Menu, context: bpy.types.Context) -> None:
    self.layout.separator()
    self.layout.operator("relight_stage.open_photo", icon="FILE_FOLDER")
    self.layout.operator("relight_stage.paste_photo", icon="PASTEDOWN")
    self.layout.operator("relight_stage.relight_photo", icon="LIGHT_SUN")
    self.layout.operator("relight_stage.live")
    self.layout.operator("relight_stage.export_maps")
    self.layout.operator("relight_stage.relight_movie")
    self.layout.operator("relight_stage.try_example")
    self.layout.operator("relight_stage.start_dataset")
    self.layout.operator("relight_stage.start_training")


def _draw_add_menu(self: bpy.types.Menu, context: bpy.types.Context) -> None:
    self.layout.separator()
    self.layout.operator("relight_stage.relight_photo", text="Relight on Card", icon="LIGHT_SUN").card = True
    self.layout.operator("relight_stage.add_photo_card", icon="IMAGE_PLANE")
    self.layout.operator("relight_stage.match_scene", icon="LIGHT_SUN")


_ENTRIES = ((bpy.types.IMAGE_MT_image, _draw_image_menu), (bpy.types.VIEW3D_MT_image_add, _draw_add_menu))


def register() -> None:
    for menu, draw in _ENTRIES:
        menu.append(draw)


def unregister() -> None:
    for menu, draw in _ENTRIES:
        menu.remove(draw)
