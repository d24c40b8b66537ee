"""The Relight tab in the sidebars of the Image Editor and the 3D Viewport. Draws; computes nothing."""

import bpy

from ..scenes.build import versions
from . import balls, example, lighting, presets, probe
from .portraits import photo_of
from .text import draw_text
from .translation import translate


class _RelightPanel:
    bl_region_type = "UI"
    bl_category = "Relight"
    bl_label = "Relight"

    def draw_header_preset(self, context: bpy.types.Context) -> None:
        presets.RELIGHT_STAGE_PT_presets.draw_panel_header(self.layout)

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        notice = versions.untried()
        if notice:
            draw_text(context, layout, notice, "INFO")
        in_viewport = context.space_data.type == "VIEW_3D"
        _draw_photo(context, layout)
        layout.separator()
        _draw_light(context, layout, in_viewport)
        layout.separator()
        _draw_sliders(context, layout)
        layout.separator()
        _draw_background(context, layout)
        layout.separator()
        _draw_run(context, layout, in_viewport)
        _draw_results(context, layout, in_viewport)


class RELIGHT_STAGE_PT_image_editor(_RelightPanel, bpy.types.Panel):
    bl_idname = "RELIGHT_STAGE_PT_image_editor"
    bl_space_type = "IMAGE_EDITOR"


class RELIGHT_STAGE_PT_viewport(_RelightPanel, bpy.types.Panel):
    bl_idname = "RELIGHT_STAGE_PT_viewport"
    bl_space_type = "VIEW_3D"


def _draw_photo(context: bpy.types.Context, layout: bpy.types.UILayout) -> None:
    settings, photo = context.scene.relight_stage, photo_of(context)
    column = layout.column()
    column.label(text="Photo", icon="IMAGE_DATA")
    row = column.row(align=True)
    row.prop(settings, "photo", text="")
    row.operator("relight_stage.open_photo", text="", icon="FILE_FOLDER")
    row.operator("relight_stage.paste_photo", text="", icon="PASTEDOWN")
    if photo is None:
        example.draw(column)
        return
    if settings.photo is None:
        column.label(text=translate(f"Shown here: {photo.name}"), translate=False)
    preview = photo.preview_ensure()
    if preview is not None:
        column.template_icon(icon_value=preview.icon_id, scale=6)


def _draw_light(context: bpy.types.Context, layout: bpy.types.UILayout, in_viewport: bool) -> None:
    settings = context.scene.relight_stage
    column = layout.column()
    column.prop(settings, "light_source")
    column.prop(settings, "frame")
    icons = balls.icons(context.scene)
    if icons:
        row = column.row()
        for icon in icons:
            row.template_icon(icon_value=icon, scale=3.5)
    if settings.light_source == "HDRI":
        column.template_ID(settings, "hdri", open="image.open")
        sliders = column.column(align=True)
        sliders.prop(settings, "hdri_turn")
        sliders.prop(settings, "hdri_strength", slider=True)
    elif settings.light_source == "PHOTO":
        column.template_ID(settings, "reference", open="image.open")
    elif settings.light_source == "SCENE":
        place = "the card" if lighting.cards_of(context.scene) else "the 3D cursor"
        draw_text(context, column, f"All that shines on {place}, by a small render", "NONE")
    else:
        _draw_world(context, column, in_viewport)


def _draw_world(context: bpy.types.Context, column: bpy.types.UILayout, in_viewport: bool) -> None:
    row = column.row(align=True)
    row.label(text="World", icon="WORLD")
    row.operator("relight_stage.open_light", text="HDRI", icon="FILE_FOLDER")
    draw_text(context, column, probe.describe(context.scene, in_viewport, context.scene.relight_stage.frame), "NONE")
    world = context.scene.world
    if world is None:
        return
    sliders = column.column(align=True)
    mapping, background = probe.mapping_node(world), probe.background_node(world)
    if mapping is not None:
        sliders.prop(mapping.inputs["Rotation"], "default_value", index=2, text="Turn")
    if background is not None:
        sliders.prop(background.inputs["Strength"], "default_value", text="Strength")


def _draw_sliders(context: bpy.types.Context, layout: bpy.types.UILayout) -> None:
    settings = context.scene.relight_stage
    column = layout.column(align=True)
    for name in ("exposure", "balance", "specular", "shadow", "blend"):
        column.prop(settings, name, slider=True)
    column.prop(settings, "face")


def _draw_background(context: bpy.types.Context, layout: bpy.types.UILayout) -> None:
    settings = context.scene.relight_stage
    column = layout.column()
    column.prop(settings, "background", text="Behind")
    if settings.background == "COLOUR":
        column.prop(settings, "colour", text="")
    column.prop(settings, "keep_maps", text="Keep Matte, Normals, Albedo")


def _draw_run(context: bpy.types.Context, layout: bpy.types.UILayout, in_viewport: bool) -> None:
    state = context.window_manager.relight_stage
    live = layout.row(align=True)
    live.operator("relight_stage.live", icon="REC" if state.is_live else "PLAY", depress=state.is_live)
    if state.is_live and state.line:
        draw_text(context, layout, state.line, "NONE")
    row = layout.row(align=True)
    row.scale_y = 1.8
    if state.is_running:
        row.progress(text=translate(state.line), factor=state.fraction)
        row.operator("relight_stage.cancel_relighting", text="", icon="X")
    else:
        row.enabled = photo_of(context) is not None
        text = "Relight on Card" if in_viewport else "Relight"
        row.operator("relight_stage.relight_photo", text=text, icon="LIGHT_SUN").card = in_viewport
    if state.error:
        draw_text(context, layout.box(), state.error, "ERROR")


def _draw_results(context: bpy.types.Context, layout: bpy.types.UILayout, in_viewport: bool) -> None:
    settings = context.scene.relight_stage
    if settings.relit is None:
        return
    if in_viewport:
        draw_text(context, layout, f"Result: {settings.relit.name}", "NONE")
        return
    column = layout.column()
    column.label(text="Show", icon="HIDE_OFF")
    shown = context.space_data.image
    rows = column.column(align=True)
    for names in (("photo", "relit"), ("matte", "normals", "albedo")):
        row = rows.row(align=True)
        for name in names:
            image = getattr(settings, name)
            if image is not None:
                row.operator("relight_stage.show_image", text=name.title(), depress=image == shown).which = name


CLASSES = (RELIGHT_STAGE_PT_image_editor, RELIGHT_STAGE_PT_viewport)

register, unregister = bpy.utils.register_classes_factory(CLASSES)
