"""What the panel remembers: settings in the scene, progress in the window, folders in the preferences."""

from pathlib import Path

import bpy
from bpy.props import (
    BoolProperty,
    EnumProperty,
    FloatProperty,
    FloatVectorProperty,
    PointerProperty,
    StringProperty,
)

from .images import is_relit

EXTENSION = __package__.rpartition(".")[0]


class RELIGHT_STAGE_PG_settings(bpy.types.PropertyGroup):
    """What to relight and how, kept in the .blend file and undone with it."""

    photo: PointerProperty(
        name="Photo",
        description="The photo to relight. Its alpha channel, if it has one, cuts the person out",
        type=bpy.types.Image,
        poll=lambda self, image: not is_relit(image) and image.type == "IMAGE",
    )
    background: EnumProperty(
        name="Background",
        description="What stands behind the relit person in the picture",
        items=(
            ("WORLD", "World", "The scene's world as the camera sees it"),
            ("TRANSPARENT", "Transparent", "Nothing: the matte becomes the alpha channel"),
            ("COLOUR", "Colour", "One colour"),
        ),
        default="WORLD",
    )
    colour: FloatVectorProperty(
        name="Background colour", subtype="COLOR", size=3, min=0, soft_max=1, default=(0.18, 0.18, 0.18)
    )
    keep_maps: BoolProperty(
        name="Matte, normals and albedo",
        description="Also keep what the photo was taken apart into, as images",
        default=True,
    )
    relit: PointerProperty(name="Relit", type=bpy.types.Image)
    matte: PointerProperty(name="Matte", type=bpy.types.Image)
    normals: PointerProperty(name="Normals", type=bpy.types.Image)
    albedo: PointerProperty(name="Albedo", type=bpy.types.Image)
    card: PointerProperty(name="Card", type=bpy.types.Object)


class RELIGHT_STAGE_PG_progress(bpy.types.PropertyGroup):
    """The run that is going on, in the window manager: neither saved nor undone."""

    is_running: BoolProperty()
    is_cancelled: BoolProperty(description="Set to stop the run")
    fraction: FloatProperty(min=0, max=1)
    line: StringProperty()
    error: StringProperty(description="Why the last run failed")


class RELIGHT_STAGE_AP_preferences(bpy.types.AddonPreferences):
    bl_idname = EXTENSION

    model_folder: StringProperty(
        name="Networks",
        description="Folder with matting.onnx, decompose.onnx and relight.onnx. Empty: those of Relight Stage",
        subtype="DIR_PATH",
    )
    assets_folder: StringProperty(
        name="Assets",
        description="Folder with head packs and HDRIs for the command line's render. Leave empty for the built-in head",
        subtype="DIR_PATH",
    )

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        layout.use_property_split = True
        layout.prop(self, "model_folder", placeholder="as shipped")
        layout.prop(self, "assets_folder", placeholder="none")


def preferences() -> RELIGHT_STAGE_AP_preferences:
    return bpy.context.preferences.addons[EXTENSION].preferences


def folder(text: str) -> Path | None:
    """A folder setting as a path; None where it is empty."""
    return Path(bpy.path.abspath(text)) if text.strip() else None


CLASSES = (RELIGHT_STAGE_PG_settings, RELIGHT_STAGE_PG_progress, RELIGHT_STAGE_AP_preferences)


def register() -> None:
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    bpy.types.Scene.relight_stage = PointerProperty(type=RELIGHT_STAGE_PG_settings)
    bpy.types.WindowManager.relight_stage = PointerProperty(type=RELIGHT_STAGE_PG_progress)


def unregister() -> None:
    del bpy.types.WindowManager.relight_stage
    del bpy.types.Scene.relight_stage
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
