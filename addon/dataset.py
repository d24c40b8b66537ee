"""The sub-panel Dataset: render portraits with their ground truth in a Blender in the background."""

from pathlib import Path
from typing import ClassVar

import bpy
from bpy.props import EnumProperty, IntProperty, PointerProperty, StringProperty

from ..errors import RelightError
from ..synth.settings import FRAMES_MAX, SIZE_MAX, SIZE_MIN, Settings
from . import noticeboard, preferences
from .datasets import KIND, DatasetStatus, dataset_command
from .text import draw_text
from .translation import CONTEXT, translate

HOME = Path.home() / "Relight Stage"


class RELIGHT_STAGE_PG_dataset(bpy.types.PropertyGroup):
    """What to render, kept in the .blend file."""

    folder: StringProperty(
        name="Output",
        description="Folder of the dataset. One folder holds one dataset; what is complete in it is kept",
        subtype="DIR_PATH",
    )
    count: IntProperty(name="Portraits", description="How many portraits the dataset shall have", min=1, default=20)
    size: IntProperty(
        name="Size",
        description="Side of the square pictures; an even number",
        subtype="PIXEL",
        min=SIZE_MIN,
        max=SIZE_MAX,
        step=32,
        default=256,
    )
    heads: EnumProperty(
        name="Heads",
        description="Who is portrayed",
        items=(
            ("ASSETS", "Assets", "Drawn from the packs in the assets folder of the preferences, and the built-in head"),
            ("BUILT_IN", "Built-in", "The head that comes with Relight Stage, under Blender's own panoramas and skies"),
        ),
        default="ASSETS",
        translation_context=CONTEXT,
    )
    lights: EnumProperty(
        name="Light",
        description="What lights each person",
        items=(
            ("hdri", "Environment", "One environment a portrait: panoramas, skies, studios, rooms, streets"),
            ("hdri:N", "Several Environments", "Each person under several environments, a portrait each"),
            ("olat:N", "Light Stage", "Beside the environment one picture for each single light of a stage (OLAT)"),
            ("olat:N@4", "Small Lamps", "As Light Stage, with lamps of 4° radius, whose shadows have edges"),
            ("gradient", "Gradients", "Beside the environment seven pictures under gradients of colour"),
        ),
        default="hdri",
    )
    number: IntProperty(
        name="Number",
        description="How many environments or single lights",
        min=1,
        max=512,
        default=32,
        translation_context=CONTEXT,
    )
    samples: IntProperty(
        name="Samples", description="Cycles samples a pixel; the pictures are denoised", min=1, soft_max=512, default=24
    )
    frames: IntProperty(
        name="Frames",
        description="More than 1: sequences of so many frames in which head, eyes and camera move",
        min=1,
        max=FRAMES_MAX,
        default=1,
    )
    seed: IntProperty(name="Seed", description="The same seed draws the same people and lights", min=0, default=0)
    workers: IntProperty(
        name="Processes",
        description="Blenders that render side by side and share the processors; each needs memory of its own",
        min=1,
        soft_max=16,
        default=1,
    )

    def settings(self) -> Settings:
        """Checked; ConfigError where they exclude each other."""
        lights = self.lights.replace("N", str(self.number))
        return Settings(seed=self.seed, size=self.size, lights=lights, samples=self.samples, frames=self.frames)


def folder_of(scene: bpy.types.Scene) -> Path:
    """Where the scene's dataset is: by default in the user's own folder."""
    return preferences.folder(scene.relight_stage_dataset.folder) or HOME / "dataset"


class RELIGHT_STAGE_OT_start_dataset(bpy.types.Operator):
    """Render in the background, also while Blender is closed; what is complete in the folder is kept"""

    bl_idname = "relight_stage.start_dataset"
    bl_label = "Start Dataset"

    def execute(self, context: bpy.types.Context) -> set[str]:
        own, out = context.scene.relight_stage_dataset, folder_of(context.scene)
        assets = preferences.folder(preferences.preferences().assets_folder) if own.heads == "ASSETS" else None
        try:
            preferences.check_whole(out)
            command = dataset_command(out, own.settings(), own.count, assets, own.workers, "auto")
            # Without the packs that this Blender may have been started with: the panel says what is drawn from.
            noticeboard.start(out, KIND, command, {"RELIGHT_STAGE_ASSETS": ""})
        except RelightError as error:
            self.report({"ERROR"}, translate(str(error)))
            return {"CANCELLED"}
        self.report({"INFO"}, translate(f"Rendering {own.count} portraits into {out}"))
        return {"FINISHED"}


class RELIGHT_STAGE_OT_stop_dataset(bpy.types.Operator):
    """Stop rendering. The portrait at work is given up, all others are kept; Resume goes on from there"""

    bl_idname = "relight_stage.stop_dataset"
    bl_label = "Stop Dataset"

    def execute(self, context: bpy.types.Context) -> set[str]:
        if not noticeboard.stop(folder_of(context.scene)):
            self.report({"INFO"}, translate("No dataset is being rendered in this folder"))
            return {"CANCELLED"}
        return {"FINISHED"}


class RELIGHT_STAGE_OT_choose_dataset(bpy.types.Operator):
    """Show the dataset that is being rendered in this folder"""

    bl_idname = "relight_stage.choose_dataset"
    bl_label = "Show Dataset"
    bl_options: ClassVar[set[str]] = {"INTERNAL", "UNDO"}

    folder: StringProperty(subtype="DIR_PATH")

    def execute(self, context: bpy.types.Context) -> set[str]:
        context.scene.relight_stage_dataset.folder = self.folder
        return {"FINISHED"}


class _DatasetPanel:
    bl_region_type = "UI"
    bl_category = "Relight"
    bl_label = "Dataset"
    bl_order = 10
    bl_options: ClassVar[set[str]] = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        layout, own, out = self.layout, context.scene.relight_stage_dataset, folder_of(context.scene)
        layout.use_property_split = True
        layout.use_property_decorate = False
        status = noticeboard.dataset_in(out)
        column = layout.column()
        column.enabled = not status.is_running
        column.prop(own, "folder", placeholder=str(HOME / "dataset"))
        column.prop(own, "count")
        column.prop(own, "heads")
        if own.heads == "ASSETS" and not preferences.preferences().assets_folder:
            draw_text(
                context, column, "No assets folder is set in the preferences: the built-in head is drawn.", "INFO"
            )
        column.prop(own, "lights")
        if "N" in own.lights:
            column.prop(own, "number")
        for name in ("size", "samples", "frames", "seed", "workers"):
            column.prop(own, name)
        _draw_run(context, layout, out, status)


def _draw_run(context: bpy.types.Context, layout: bpy.types.UILayout, out: Path, status: DatasetStatus) -> None:
    row = layout.row(align=True)
    row.scale_y = 1.5
    if status.is_running:
        row.progress(text=translate(status.line()), factor=status.fraction)
        row.operator("relight_stage.stop_dataset", text="", icon="X")
        if status.per_hour:
            layout.label(text=translate(f"{status.per_hour} portraits per hour"), icon="TIME", translate=False)
        draw_text(context, layout, "Goes on when Blender is closed, and is found here again.", "INFO")
    else:
        is_complete = status.there >= context.scene.relight_stage_dataset.count
        row.enabled = not is_complete
        text = "Complete" if is_complete else "Resume" if status.there else "Start"
        row.operator("relight_stage.start_dataset", text=text, icon="RENDER_STILL")
        if status.there:
            text = f"{status.there} portraits are complete"
            if status.asked:
                text = f"{status.there} of {status.asked} portraits are complete"
            layout.label(text=translate(text), icon="CHECKMARK", translate=False)
    if status.newest is not None:
        layout.template_icon(icon_value=noticeboard.icon_of("dataset", status.newest), scale=8)
        layout.operator("wm.path_open", text="Open Folder", icon="FILE_FOLDER").filepath = str(out)
    if status.error:
        draw_text(context, layout.box(), status.error, "ERROR")
    for job in noticeboard.jobs_elsewhere(KIND, out):
        draw_text(context, layout, f"Also at work: {job.folder}", "RENDER_ANIMATION")
        layout.operator("relight_stage.choose_dataset", text="Show").folder = str(job.folder)


class RELIGHT_STAGE_PT_dataset_image_editor(_DatasetPanel, bpy.types.Panel):
    bl_space_type = "IMAGE_EDITOR"


class RELIGHT_STAGE_PT_dataset_viewport(_DatasetPanel, bpy.types.Panel):
    bl_space_type = "VIEW_3D"


CLASSES = (
    RELIGHT_STAGE_PG_dataset,
    RELIGHT_STAGE_OT_start_dataset,
    RELIGHT_STAGE_OT_stop_dataset,
    RELIGHT_STAGE_OT_choose_dataset,
    RELIGHT_STAGE_PT_dataset_image_editor,
    RELIGHT_STAGE_PT_dataset_viewport,
)


def register() -> None:
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    bpy.types.Scene.relight_stage_dataset = PointerProperty(type=RELIGHT_STAGE_PG_dataset)


def unregister() -> None:
    del bpy.types.Scene.relight_stage_dataset
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
