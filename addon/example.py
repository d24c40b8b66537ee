"""The first minute: a portrait that comes with Relight Stage, lit by one of Blender's own panoramas."""

from pathlib import Path
from typing import ClassVar

import bpy

from ..scenes.build.surroundings import build_world
from ..scenes.hdris import studio_hdris

# Eileen Collins, photographed by NASA (Great Images in NASA): public domain.
PHOTO = Path(__file__).with_name("photos") / "example.jpg"
LIGHT = "sunset"


class RELIGHT_STAGE_OT_try_example(bpy.types.Operator):
    """Open the portrait that comes with Relight Stage, light the scene with one of Blender's panoramas, and relight"""

    bl_idname = "relight_stage.try_example"
    bl_label = "Try the Example"
    bl_options: ClassVar[set[str]] = {"UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return bpy.ops.relight_stage.relight_photo.poll()

    def execute(self, context: bpy.types.Context) -> set[str]:
        self._open(context)
        return bpy.ops.relight_stage.relight_photo()

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        self._open(context)
        # A run of its own, with its own undo step.
        bpy.ops.relight_stage.relight_photo("INVOKE_DEFAULT", card=context.space_data.type == "VIEW_3D")
        return {"FINISHED"}

    def _open(self, context: bpy.types.Context) -> None:
        photo = bpy.data.images.load(str(PHOTO), check_existing=True)
        photo.pack()  # the .blend shall not need this extension's folder
        context.scene.relight_stage.photo = photo
        if getattr(context.space_data, "type", "") == "IMAGE_EDITOR":
            context.space_data.image = photo
        if not _has_panorama(context.scene.world):
            hdris = studio_hdris(Path(bpy.utils.system_resource("DATAFILES")))
            context.scene.world = build_world(next(path for path in hdris if path.stem == LIGHT))


def draw(layout: bpy.types.UILayout) -> None:
    """What to do first, where there is no photo."""
    column = layout.column(align=True)
    column.label(text="Open a photo of a person, or", icon="INFO")
    column.operator("relight_stage.try_example", icon="PLAY")


def _has_panorama(world: bpy.types.World | None) -> bool:
    """Whether the world is more than the grey of a new file: a user's own light is left alone."""
    if world is None or world.node_tree is None:
        return False
    return any(node.type not in {"BACKGROUND", "OUTPUT_WORLD"} for node in world.node_tree.nodes)


CLASSES = (RELIGHT_STAGE_OT_try_example,)

register, unregister = bpy.utils.register_classes_factory(CLASSES)
