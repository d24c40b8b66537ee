"""Presets of the Relight panel: all its values but the images and objects of this very file; a few come with it."""

from pathlib import Path

import bpy
from bl_operators.presets import AddPresetBase
from bl_ui.utils import PresetPanel

from .properties import RELIGHT_STAGE_PG_settings

_FOLDER = "relight_stage"
_SHIPPED = str(Path(__file__).with_name("looks"))  # holds presets/, as Blender wants it


def values() -> list[str]:
    """The settings that a preset keeps, as Python names them."""
    kept = {"BOOLEAN", "INT", "FLOAT", "ENUM"}
    return [
        f"settings.{item.identifier}"
        for item in RELIGHT_STAGE_PG_settings.bl_rna.properties
        if item.type in kept and not item.is_readonly and not item.is_hidden
    ]


class RELIGHT_STAGE_OT_add_preset(AddPresetBase, bpy.types.Operator):
    """Keep these settings under a name, or remove the ones shown"""

    bl_idname = "relight_stage.add_preset"
    bl_label = "Add Relight Preset"
    preset_menu = "RELIGHT_STAGE_PT_presets"
    preset_subdir = _FOLDER
    preset_defines = ("settings = bpy.context.scene.relight_stage",)

    @property
    def preset_values(self) -> list[str]:
        return values()


class RELIGHT_STAGE_PT_presets(PresetPanel, bpy.types.Panel):
    """Settings kept under a name"""

    bl_label = "Relight Presets"
    preset_subdir = _FOLDER
    preset_operator = "script.execute_preset"
    preset_add_operator = "relight_stage.add_preset"


CLASSES = (RELIGHT_STAGE_OT_add_preset, RELIGHT_STAGE_PT_presets)

_register, _unregister = bpy.utils.register_classes_factory(CLASSES)


def register() -> None:
    _register()
    bpy.utils.register_preset_path(_SHIPPED)


def unregister() -> None:
    bpy.utils.unregister_preset_path(_SHIPPED)
    _unregister()
