"""The photo card: the person stands in the scene, lit by its lamps, throwing and catching shadows."""

from pathlib import Path
from typing import ClassVar, NamedTuple

import bpy
import numpy as np
from bpy.props import BoolProperty, PointerProperty
from mathutils import Matrix, Vector

from ..nets.infer import Portrait
from . import images, portraits, probe
from .card import card_in
from .card_materials import pictures_of, set_maps
from .pictures import Exr, encode
from .relief import Relief, build_relief, metres_per_pixel
from .relighting import draw_grey, draw_maps
from .storing import store
from .task import Steps, Task, still_there
from .worker import Progress


class RELIGHT_STAGE_PG_photo_card(bpy.types.PropertyGroup):
    """The photo card of a scene."""

    card: PointerProperty(name="Photo Card", description="The plane or relief that lamps light", type=bpy.types.Object)
    is_relief: BoolProperty(
        name="Relief",
        description="Raise the surface from the normals, so that light from the side and nose and chin "
        "shadows fall as on a head; flat otherwise",
        default=False,
    )


class _Stood(NamedTuple):
    """What the worker makes of a portrait for a card."""

    surface: Relief
    maps: dict[str, Exr]


class RELIGHT_STAGE_OT_add_photo_card(Task, bpy.types.Operator):
    """Stand the cut-out person at the 3D cursor, life-size and upright, as a surface that the scene's lamps light"""

    bl_idname = "relight_stage.add_photo_card"
    bl_label = "Photo Card"
    bl_options: ClassVar[set[str]] = {"UNDO"}

    def steps(self, context: bpy.types.Context) -> Steps:
        scene_name, is_relief = context.scene.name, context.scene.relight_stage_photo_card.is_relief
        photo, take_apart = portraits.gather(context)
        name, view = photo.name, probe.view_of(context)
        stood = yield lambda progress: _stand(take_apart, is_relief, progress)
        maps = yield from store(f"{Path(name).stem} card", stood.maps)
        scene = still_there(bpy.data.scenes, scene_name, "its photo card was being made")
        settings = scene.relight_stage_photo_card
        settings.card = show(scene, settings.card, stood.surface, maps, view)


def show(
    scene: bpy.types.Scene,
    card: bpy.types.Object | None,
    surface: Relief,
    maps: dict[str, bpy.types.Image],
    view: probe.View,
) -> bpy.types.Object:
    """Put a person on the scene's photo card; without one, stand a new card at the 3D cursor, facing the camera.

    Args:
        maps: albedo, normals and roughness, as ``set_maps`` wants them.
        view: what to face if the scene has no camera.
    """
    card = card_in(scene, card)
    if card is None:
        card = bpy.data.objects.new("Photo card", _mesh(surface))
        scene.collection.objects.link(card)
        card.matrix_world = _upright(scene, view)
    else:
        last = card.data
        card.data = _mesh(surface)
        for material in last.materials:
            card.data.materials.append(material)
        if not last.users:
            bpy.data.meshes.remove(last)
    replaced = pictures_of(card)
    set_maps(card, **maps)
    images.discard(replaced)
    return card


def flat(portrait: Portrait) -> Relief:
    """The picture as one quad, life-size, its lower edge at height 0."""
    height, width = (side * metres_per_pixel(portrait) for side in portrait.matte.shape)
    uv = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], np.float32)
    vertices = np.concatenate([(uv - (0.5, 0)) * (width, height), np.zeros((4, 1))], axis=1)
    return Relief(vertices.astype(np.float32), np.array([[0, 1, 2, 3]], np.int32), uv)


def _stand(take_apart, is_relief: bool, progress: Progress) -> _Stood:
    portrait = take_apart(lambda fraction, text: progress(0.9 * fraction, text))
    progress(0.9, "Building the card")
    pictures = {**draw_maps(portrait), "roughness": draw_grey(portrait.roughness)}
    maps = {name: encode(pictures[name], is_data=name != "albedo") for name in ("albedo", "normals", "roughness")}
    return _Stood(build_relief(portrait) if is_relief else flat(portrait), maps)


def _mesh(surface: Relief) -> bpy.types.Mesh:
    mesh = bpy.data.meshes.new("Photo card")
    mesh.from_pydata(surface.vertices.tolist(), [], surface.faces.tolist())
    uv = mesh.uv_layers.new(name="UVMap")
    uv.data.foreach_set("uv", surface.uv[surface.faces].ravel())
    mesh.shade_smooth()
    return mesh


def _upright(scene: bpy.types.Scene, view: probe.View) -> Matrix:
    """At the 3D cursor, vertical, turned about it towards the camera."""
    toward = Vector(np.asarray(view.camera_to_world)[:, 2].tolist())
    if scene.camera is not None and scene.camera.type == "CAMERA":
        toward = scene.camera.matrix_world.translation - scene.cursor.location
    toward.z = 0
    # From straight above there is no side to face; then as a new camera looks, along +Y.
    toward = toward.normalized() if toward.length > 1e-3 else Vector((0, -1, 0))
    up = Vector((0, 0, 1))
    axes = Matrix((up.cross(toward), up, toward)).transposed()
    return Matrix.LocRotScale(scene.cursor.location, axes, None)


class _PhotoCardPanel:
    bl_region_type = "UI"
    bl_category = "Relight"
    bl_label = "Photo Card"
    bl_options: ClassVar[set[str]] = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        settings = context.scene.relight_stage_photo_card
        layout = self.layout
        layout.prop(settings, "is_relief")
        text = "Add Photo Card" if card_in(context.scene, settings.card) is None else "Renew Photo Card"
        layout.operator("relight_stage.add_photo_card", text=text, icon="IMAGE_PLANE")


class RELIGHT_STAGE_PT_photo_card_image_editor(_PhotoCardPanel, bpy.types.Panel):
    bl_space_type = "IMAGE_EDITOR"
    bl_parent_id = "RELIGHT_STAGE_PT_image_editor"


class RELIGHT_STAGE_PT_photo_card_viewport(_PhotoCardPanel, bpy.types.Panel):
    bl_space_type = "VIEW_3D"
    bl_parent_id = "RELIGHT_STAGE_PT_viewport"


_register, _unregister = bpy.utils.register_classes_factory(
    (
        RELIGHT_STAGE_PG_photo_card,
        RELIGHT_STAGE_OT_add_photo_card,
        RELIGHT_STAGE_PT_photo_card_image_editor,
        RELIGHT_STAGE_PT_photo_card_viewport,
    )
)


def register() -> None:
    _register()
    bpy.types.Scene.relight_stage_photo_card = PointerProperty(type=RELIGHT_STAGE_PG_photo_card)


def unregister() -> None:
    del bpy.types.Scene.relight_stage_photo_card
    _unregister()
