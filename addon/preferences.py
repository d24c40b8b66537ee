"""The add-on's preferences: what belongs to this computer and not to a .blend file."""

import os
from functools import lru_cache
from pathlib import Path

import bpy
from bpy.props import EnumProperty, IntProperty, StringProperty

from ..errors import ConfigError
from . import keymap, noticeboard
from .relighting import Networks
from .text import draw_text
from .translation import CONTEXT

EXTENSION = __package__.rpartition(".")[0]
# ONNX Runtime's execution providers. The numbers are stored in the preferences: never give one a new meaning.
_PROVIDERS = (
    ("CPUExecutionProvider", "CPU", "Any computer; what the networks were made for", 0),
    ("CUDAExecutionProvider", "CUDA", "NVIDIA graphics cards", 1),
    ("CoreMLExecutionProvider", "Core ML", "Apple's graphics and neural processors", 2),
    ("DmlExecutionProvider", "DirectML", "Graphics cards under Windows", 3),
    ("ROCMExecutionProvider", "ROCm", "AMD graphics cards under Linux", 4),
    ("OpenVINOExecutionProvider", "OpenVINO", "Intel processors and graphics", 5),
)


@lru_cache
def _providers_here() -> list[tuple[str, str, str, int]]:
    import onnxruntime

    here = onnxruntime.get_available_providers()
    return [item for item in _PROVIDERS if item[0] in here]


def _python_changed(self: bpy.types.AddonPreferences, context: bpy.types.Context) -> None:
    noticeboard.find_python_again()


class RELIGHT_STAGE_AP_preferences(bpy.types.AddonPreferences):
    bl_idname = EXTENSION

    model_folder: StringProperty(
        name="Networks",
        description="Folder with matting.onnx, decompose.onnx and relight.onnx. Empty: those of Relight Stage",
        subtype="DIR_PATH",
    )
    assets_folder: StringProperty(
        name="Assets",
        description="Folder with head packs and HDRIs for datasets and the command line. Empty: the built-in head",
        subtype="DIR_PATH",
        translation_context=CONTEXT,
    )
    provider: EnumProperty(
        name="Runs On",
        description="What the networks run on. Only what Blender's ONNX Runtime can use is listed",
        items=lambda self, context: _providers_here(),
    )
    threads: IntProperty(
        name="Threads",
        description="Processor threads that the networks use. 0: all of them",
        min=0,
        soft_max=os.cpu_count() or 1,
        max=256,
        default=0,
    )
    preview_px: IntProperty(
        name="Live Preview",
        description="Longer side of the picture while the light is being turned; the full size follows when it stands",
        subtype="PIXEL",
        min=128,
        soft_max=1024,
        max=2048,
        default=512,
    )
    python: StringProperty(
        name="Python for Training",
        description="A Python that has PyTorch. Empty: the first one found on this computer",
        subtype="FILE_PATH",
        update=_python_changed,
    )

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        folders = layout.column(heading="Folders")
        folders.prop(self, "model_folder", placeholder="as shipped")
        folders.prop(self, "assets_folder", placeholder="none")
        speed = layout.column(heading="Speed")
        speed.prop(self, "provider")
        speed.prop(self, "threads")
        speed.prop(self, "preview_px")
        training = layout.column(heading="Training")
        training.prop(self, "python", placeholder="found by itself")
        _draw_python(context, training, self.python)
        keymap.draw(context, layout.box().column())


def _draw_python(context: bpy.types.Context, layout: bpy.types.UILayout, wish: str) -> None:
    found = noticeboard.python_for(wish)
    row = layout.row()
    if found.is_running:
        row.label(text="Looking for a Python with PyTorch", icon="TIME")
    elif found.python is not None:
        row.label(text=f"{found.python.path}: {found.python.torch}", icon="CHECKMARK", translate=False)
    else:
        draw_text(context, row, found.error, "ERROR")
    row.operator("relight_stage.find_python", text="", icon="FILE_REFRESH")


class RELIGHT_STAGE_OT_find_python(bpy.types.Operator):
    """Look again for a Python that has PyTorch and what else training needs"""

    bl_idname = "relight_stage.find_python"
    bl_label = "Find Python for Training"

    def execute(self, context: bpy.types.Context) -> set[str]:
        noticeboard.find_python_again()
        return {"FINISHED"}


def preferences() -> RELIGHT_STAGE_AP_preferences:
    return bpy.context.preferences.addons[EXTENSION].preferences


def networks() -> Networks:
    """The networks that were chosen, and what they shall run on."""
    own = preferences()
    # A choice from a computer whose ONNX Runtime knew more reads as empty; what CUDA can't do, the processor does.
    chosen = (own.provider, "CPUExecutionProvider") if own.provider else ("CPUExecutionProvider",)
    return Networks(folder(own.model_folder), tuple(dict.fromkeys(chosen)), own.threads)


def folder(text: str) -> Path | None:
    """A folder setting as a path; None where it is empty."""
    return Path(bpy.path.abspath(text.strip())).expanduser() if text.strip() else None


def check_whole(path: Path) -> None:
    """Raise ConfigError for a folder to write to that hangs on where Blender was started."""
    if not path.is_absolute():
        raise ConfigError(f"The folder {path} is no whole path. Choose it with the button beside it.")


CLASSES = (RELIGHT_STAGE_OT_find_python, RELIGHT_STAGE_AP_preferences)

register, unregister = bpy.utils.register_classes_factory(CLASSES)
