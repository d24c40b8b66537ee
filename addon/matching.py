"""Matching the scene to the photo: a world, or a sun and fill, as the person in the photo was lit."""

from typing import ClassVar

import bpy
import numpy as np
from bpy.props import EnumProperty, PointerProperty
from mathutils import Matrix, Vector

from ..errors import PhotoError
from ..nets.photo_light import brightest_direction, estimate_light
from ..scenes.build.surroundings import build_panorama_world
from ..scenes.build.versions import enable_nodes
from ..scenes.light_map import WORLD_FROM_PANORAMA, change_frame
from . import lighting, portraits, probe
from .task import Steps, Task, still_there
from .worker import Progress

_NAME = "Photo light"
_HEIGHT = 64  # rows of the world's panorama
_SUN_ANGLE = np.radians(15)  # a face tells no sharper light


class RELIGHT_STAGE_PG_matching(bpy.types.PropertyGroup):
    """How the scene takes the photo's light."""

    kind: EnumProperty(
        name="Light",
        description="What shines on the scene as the light shone on the person",
        items=(
            ("WORLD", "World", "The world shines as what surrounded the person, as far as their face tells"),
            ("SUN", "Sun and Fill", "One sun for the main light, an even world for the rest"),
        ),
    )
    sun: PointerProperty(name="Sun", description="The lamp of the last match", type=bpy.types.Object)


class RELIGHT_STAGE_OT_match_scene(Task, bpy.types.Operator):
    """Light the scene as the person in the photo was lit, seen by the same camera, so that objects fit to them"""

    bl_idname = "relight_stage.match_scene"
    bl_label = "Match Scene to Photo"
    bl_options: ClassVar[set[str]] = {"UNDO"}

    def steps(self, context: bpy.types.Context) -> Steps:
        scene_name, kind = context.scene.name, context.scene.relight_stage_matching.kind
        photo, take_apart = portraits.gather(context)
        name, view = photo.name, probe.view_of(context, context.scene.relight_stage.frame)

        def work(progress: Progress) -> np.ndarray:
            portrait = take_apart(lambda fraction, text: progress(0.9 * fraction, text))
            progress(0.9, "Estimating the light")
            return estimate_light(portrait)

        light_map = yield work
        if not light_map.any():
            raise PhotoError(f"No light can be told from {name}: the person is black in it. Use a brighter photo.")
        scene = still_there(bpy.data.scenes, scene_name, "the light was being estimated")
        if kind == "WORLD":
            show_world(scene, light_map, view)
        else:
            show_sun(scene, light_map, view)


def show_world(scene: bpy.types.Scene, light_map: np.ndarray, view: probe.View) -> None:
    """Let the scene's world shine as a light map in the frame of a view."""
    panorama = change_frame(light_map, np.asarray(view.camera_to_world).T @ WORLD_FROM_PANORAMA, _HEIGHT)
    lighting.set_world(scene, build_panorama_world(panorama, _NAME))
    for node in scene.world.node_tree.nodes:
        if node.type == "TEX_ENVIRONMENT":
            node.image.pack()
    _remove_sun(scene)


def show_sun(scene: bpy.types.Scene, light_map: np.ndarray, view: probe.View) -> None:
    """Light the scene with a sun and an even world that together give what a light map gives."""
    direction, irradiance, rest = brightest_direction(light_map)
    _remove_sun(scene)
    lamp = bpy.data.lights.new(_NAME, "SUN")
    lamp.energy = float(irradiance.max())
    lamp.color = (irradiance / max(lamp.energy, 1e-9)).tolist()
    lamp.angle = _SUN_ANGLE
    sun = bpy.data.objects.new(_NAME, lamp)
    toward = Vector((np.asarray(view.camera_to_world) @ direction).tolist())
    place = scene.cursor.location + 2 * toward
    sun.matrix_world = Matrix.LocRotScale(place, toward.to_track_quat("Z", "Y"), None)
    scene.collection.objects.link(sun)
    scene.relight_stage_matching.sun = sun
    world = bpy.data.worlds.new(_NAME)
    enable_nodes(world)
    tree = world.node_tree
    tree.nodes.clear()
    background, output = tree.nodes.new("ShaderNodeBackground"), tree.nodes.new("ShaderNodeOutputWorld")
    background.location.x, output.location.x = -250, 0
    background.inputs["Color"].default_value = (*rest.tolist(), 1.0)
    background.inputs["Strength"].default_value = 1.0
    tree.links.new(background.outputs[0], output.inputs["Surface"])
    lighting.set_world(scene, world)


def _remove_sun(scene: bpy.types.Scene) -> None:
    sun = scene.relight_stage_matching.sun
    if sun is not None and sun.type == "LIGHT":
        bpy.data.lights.remove(sun.data)


class _MatchingPanel:
    bl_region_type = "UI"
    bl_category = "Relight"
    bl_label = "Match the Scene"
    bl_options: ClassVar[set[str]] = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        layout.row().prop(context.scene.relight_stage_matching, "kind", expand=True)
        layout.operator("relight_stage.match_scene", icon="LIGHT_SUN")


class RELIGHT_STAGE_PT_matching_image_editor(_MatchingPanel, bpy.types.Panel):
    bl_space_type = "IMAGE_EDITOR"
    bl_parent_id = "RELIGHT_STAGE_PT_image_editor"


class RELIGHT_STAGE_PT_matching_viewport(_MatchingPanel, bpy.types.Panel):
    bl_space_type = "VIEW_3D"
    bl_parent_id = "RELIGHT_STAGE_PT_viewport"


_register, _unregister = bpy.utils.register_classes_factory(
    (
        RELIGHT_STAGE_PG_matching,
        RELIGHT_STAGE_OT_match_scene,
        RELIGHT_STAGE_PT_matching_image_editor,
        RELIGHT_STAGE_PT_matching_viewport,
    )
)


def register() -> None:
    _register()
    bpy.types.Scene.relight_stage_matching = PointerProperty(type=RELIGHT_STAGE_PG_matching)


def unregister() -> None:
    del bpy.types.Scene.relight_stage_matching
    _unregister()
