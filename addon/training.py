"""The sub-panel Training: train networks in a Python with torch, and take the result into the panel."""

from pathlib import Path
from typing import ClassVar

import bpy
from bpy.props import EnumProperty, PointerProperty, StringProperty

from ..errors import ConfigError, ModelError, RelightError
from ..scenes.hdris import DATAFILES_VARIABLE
from . import dataset, editors, noticeboard, preferences
from .pythons import find_python
from .task import Steps, Task
from .text import draw_text
from .trainings import EXPORTED, KIND, RECIPES, TrainingStatus, export_run, training_command
from .translation import CONTEXT, translate


class RELIGHT_STAGE_PG_training(bpy.types.PropertyGroup):
    """What to train on, kept in the .blend file."""

    recipe: EnumProperty(
        name="Recipe",
        description="How large the networks are and how long they learn",
        items=(
            ("portable", "Portable", "The networks that Relight Stage ships: a day or two on a processor"),
            ("tiny", "Tiny", "A minute, to see that everything runs; the result is of no use"),
            ("paper", "Paper", "The widths of Total Relighting: days on a large graphics card"),
            ("FILE", "File", "A recipe of your own (docs/training.md)"),
        ),
        default="portable",
        translation_context=CONTEXT,
    )
    file: StringProperty(name="Recipe File", description="A TOML file", subtype="FILE_PATH")
    data: StringProperty(
        name="Data",
        description="Folder of the dataset; what is rendered into it while training runs is taken up. "
        "Empty: the one of the Dataset panel",
        subtype="DIR_PATH",
    )
    run: StringProperty(
        name="Run", description="Folder of checkpoints, losses, pictures and the result", subtype="DIR_PATH"
    )

    def recipe_path(self) -> Path:
        """ConfigError where a file is to be chosen still."""
        if self.recipe != "FILE":
            return RECIPES / f"{self.recipe}.toml"
        path = preferences.folder(self.file)
        if path is None or not path.is_file():
            raise ConfigError(f"{path or 'The recipe'} is no file. Choose a recipe, a TOML file.")
        return path


def run_of(scene: bpy.types.Scene) -> Path:
    """The scene's run folder: by default in the user's own folder."""
    return preferences.folder(scene.relight_stage_training.run) or dataset.HOME / "run"


def _data_of(scene: bpy.types.Scene) -> Path:
    return preferences.folder(scene.relight_stage_training.data) or dataset.folder_of(scene)


def _python() -> str:
    """The Python to train with; ModelError while there is none."""
    if bpy.app.background:
        return find_python(preferences.preferences().python).path
    found = noticeboard.python_for(preferences.preferences().python)
    if found.python is None:
        raise ModelError(found.error or "A Python with PyTorch is being looked for. Try again in a few seconds.")
    return found.python.path


class RELIGHT_STAGE_OT_start_training(bpy.types.Operator):
    """Train in the background, also while Blender is closed; goes on from the folder's last checkpoint"""

    bl_idname = "relight_stage.start_training"
    bl_label = "Start Training"

    def execute(self, context: bpy.types.Context) -> set[str]:
        scene, run = context.scene, run_of(context.scene)
        environment = {DATAFILES_VARIABLE: bpy.utils.system_resource("DATAFILES")}
        assets = preferences.folder(preferences.preferences().assets_folder)
        if assets is not None:
            environment["RELIGHT_STAGE_ASSETS"] = str(assets)
        try:
            recipe, resume = scene.relight_stage_training.recipe_path(), (run / "checkpoint.pt").is_file()
            preferences.check_whole(run)
            command = training_command(_python(), recipe, _data_of(scene), run, resume)
            noticeboard.start(run, KIND, command, environment)
        except RelightError as error:
            self.report({"ERROR"}, translate(str(error)))
            return {"CANCELLED"}
        self.report({"INFO"}, translate(f"Training in {run}"))
        return {"FINISHED"}


class RELIGHT_STAGE_OT_stop_training(bpy.types.Operator):
    """Stop training after the step at work and keep a checkpoint; Resume goes on from there"""

    bl_idname = "relight_stage.stop_training"
    bl_label = "Stop Training"

    def execute(self, context: bpy.types.Context) -> set[str]:
        if not noticeboard.stop(run_of(context.scene)):
            self.report({"INFO"}, translate("No training is running in this folder"))
            return {"CANCELLED"}
        return {"FINISHED"}


class RELIGHT_STAGE_OT_load_training(Task, bpy.types.Operator):
    """Export what was learned so far and relight with it: the preferences' networks become these"""

    bl_idname = "relight_stage.load_training"
    bl_label = "Relight with This Training"

    def steps(self, context: bpy.types.Context) -> Steps:
        python, run = _python(), run_of(context.scene)
        folder = yield lambda progress: export_run(python, run, progress)
        preferences.preferences().model_folder = str(folder)
        context.preferences.is_dirty = True
        self.report({"INFO"}, translate(f"Photos are now relit by the networks in {folder}"))
        editors.redraw_sidebars()


class RELIGHT_STAGE_OT_reset_networks(bpy.types.Operator):
    """Relight with the networks that Relight Stage ships"""

    bl_idname = "relight_stage.reset_networks"
    bl_label = "Relight with the Shipped Networks"

    def execute(self, context: bpy.types.Context) -> set[str]:
        preferences.preferences().model_folder = ""
        context.preferences.is_dirty = True
        return {"FINISHED"}


class RELIGHT_STAGE_OT_open_training_picture(bpy.types.Operator):
    """Show the newest picture of the training in an Image Editor: photos, results and truth side by side"""

    bl_idname = "relight_stage.open_training_picture"
    bl_label = "Show Training Picture"
    bl_options: ClassVar[set[str]] = {"UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        newest = noticeboard.training_in(run_of(context.scene)).picture
        found = editors.areas("IMAGE_EDITOR")
        if newest is None or not found:
            text = "There is no picture yet." if newest is None else "Open an Image Editor first."
            self.report({"ERROR"}, translate(text))
            return {"CANCELLED"}
        editors.largest(found).spaces.active.image = bpy.data.images.load(str(newest), check_existing=True)
        return {"FINISHED"}


class RELIGHT_STAGE_OT_choose_training(bpy.types.Operator):
    """Show the training that runs in this folder"""

    bl_idname = "relight_stage.choose_training"
    bl_label = "Show Training"
    bl_options: ClassVar[set[str]] = {"INTERNAL", "UNDO"}

    folder: StringProperty(subtype="DIR_PATH")

    def execute(self, context: bpy.types.Context) -> set[str]:
        context.scene.relight_stage_training.run = self.folder
        return {"FINISHED"}


class _TrainingPanel:
    bl_region_type = "UI"
    bl_category = "Relight"
    bl_label = "Training"
    bl_order = 11
    bl_options: ClassVar[set[str]] = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        layout, own, run = self.layout, context.scene.relight_stage_training, run_of(context.scene)
        layout.use_property_split = True
        layout.use_property_decorate = False
        status = noticeboard.training_in(run)
        column = layout.column()
        column.enabled = not status.is_running
        column.prop(own, "recipe")
        if own.recipe == "FILE":
            column.prop(own, "file")
        column.prop(own, "data", placeholder=str(dataset.folder_of(context.scene)))
        column.prop(own, "run", placeholder=str(dataset.HOME / "run"))
        has_python = _draw_python(context, layout)
        _draw_run(context, layout, status, has_python)
        _draw_result(context, layout, run, status, has_python)
        for job in noticeboard.jobs_elsewhere(KIND, run):
            draw_text(context, layout, f"Also at work: {job.folder}", "RENDER_ANIMATION")
            layout.operator("relight_stage.choose_training", text="Show").folder = str(job.folder)


def _draw_python(context: bpy.types.Context, layout: bpy.types.UILayout) -> bool:
    found = noticeboard.python_for(preferences.preferences().python)
    if found.python is None:
        text = found.error or "Looking for a Python with PyTorch"
        draw_text(context, layout.box() if found.error else layout, text, "ERROR" if found.error else "TIME")
        if found.error:
            row = layout.row(align=True)
            row.operator("relight_stage.find_python", text="Find Python", icon="FILE_REFRESH")
            row.operator("preferences.addon_show", text="Preferences").module = preferences.EXTENSION
        return False
    draw_text(context, layout, found.python.torch, "CHECKMARK")
    return True


def _draw_run(context: bpy.types.Context, layout: bpy.types.UILayout, status: TrainingStatus, has_python: bool) -> None:
    row = layout.row(align=True)
    row.scale_y = 1.5
    if status.is_running:
        row.progress(text=translate(status.line()), factor=status.fraction)
        row.operator("relight_stage.stop_training", text="", icon="X")
        draw_text(context, layout, "Goes on when Blender is closed, and is found here again.", "INFO")
    else:
        row.enabled = has_python and not status.is_done
        text = "Done" if status.is_done else "Resume" if status.can_go_on else "Start"
        row.operator("relight_stage.start_training", text=text, icon="PLAY")
    if status.plot is not None and status.loss is not None:
        text = f"{status.line()}; loss {status.loss:.4f}"
        if status.is_running and status.left_s:
            text = f"{text}, {_span(status.left_s)} left in this stage"
        draw_text(context, layout, text, "NONE")
        layout.template_icon(icon_value=noticeboard.icon_of("loss", status.plot), scale=8)
    if status.picture is not None:
        layout.template_icon(icon_value=noticeboard.icon_of("training", status.picture), scale=8)
        layout.operator("relight_stage.open_training_picture", text="Show Picture", icon="IMAGE_DATA")
    if status.error:
        draw_text(context, layout.box(), status.error, "ERROR")


def _draw_result(
    context: bpy.types.Context, layout: bpy.types.UILayout, run: Path, status: TrainingStatus, has_python: bool
) -> None:
    used = preferences.folder(preferences.preferences().model_folder)
    if status.can_go_on:
        row = layout.row()
        row.enabled = has_python
        row.operator("relight_stage.load_training", text="Load the Result", icon="IMPORT")
    if used is not None:
        own = used == run / EXPORTED
        draw_text(context, layout, "Photos are relit by this training." if own else f"Networks: {used}", "INFO")
        layout.operator("relight_stage.reset_networks", text="Use the Shipped Networks", icon="LOOP_BACK")


def _span(seconds: float) -> str:
    """A length of time in words."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


class RELIGHT_STAGE_PT_training_image_editor(_TrainingPanel, bpy.types.Panel):
    bl_space_type = "IMAGE_EDITOR"


class RELIGHT_STAGE_PT_training_viewport(_TrainingPanel, bpy.types.Panel):
    bl_space_type = "VIEW_3D"


CLASSES = (
    RELIGHT_STAGE_PG_training,
    RELIGHT_STAGE_OT_start_training,
    RELIGHT_STAGE_OT_stop_training,
    RELIGHT_STAGE_OT_load_training,
    RELIGHT_STAGE_OT_reset_networks,
    RELIGHT_STAGE_OT_open_training_picture,
    RELIGHT_STAGE_OT_choose_training,
    RELIGHT_STAGE_PT_training_image_editor,
    RELIGHT_STAGE_PT_training_viewport,
)


def register() -> None:
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    bpy.types.Scene.relight_stage_training = PointerProperty(type=RELIGHT_STAGE_PG_training)


def unregister() -> None:
    del bpy.types.Scene.relight_stage_training
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
