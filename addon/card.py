"""The card: a plane that carries the relit person into the 3D scene and faces its camera."""

import bpy
import numpy as np
from mathutils import Matrix, Vector

from .card_materials import set_picture
from .probe import View

_HEIGHT_M = 0.6  # a bust photo shows about that much
_DISTANCE_M = 2.0  # from a camera without perspective, or from a view


def card_in(scene: bpy.types.Scene, card: bpy.types.Object | None) -> bpy.types.Object | None:
    """The card, if it still stands in the scene: the panel's memory keeps one alive that the user has deleted."""
    return card if card is not None and scene.objects.get(card.name) == card else None


def show(
    scene: bpy.types.Scene, card: bpy.types.Object | None, cutout: bpy.types.Image, view: View
) -> bpy.types.Object:
    """Put a picture on the scene's card; without one, stand a new card where it fills the camera's frame.

    Args:
        cutout: alpha is the matte.
        view: where to stand a new card if the scene has no camera.
    """
    card = card_in(scene, card)
    if card is None:
        card = bpy.data.objects.new("Relit card", _plane())
        scene.collection.objects.link(card)
        # A picture on a card is light itself: it neither shades nor is shaded.
        card.visible_shadow = card.visible_diffuse = card.visible_glossy = False
        _place(scene, card, cutout, view)
    set_picture(card, cutout)
    width, height = cutout.size
    card.scale.x = card.scale.y * width / height
    return card


def look_at(space: bpy.types.SpaceView3D, scene: bpy.types.Scene) -> None:
    """Make a 3D view show the card before the world: through the camera, with materials and the scene's own world."""
    if scene.camera is not None:
        space.region_3d.view_perspective = "CAMERA"
    if space.shading.type in {"WIREFRAME", "SOLID"}:
        space.shading.type = "MATERIAL"
    if space.shading.type == "MATERIAL":
        space.shading.use_scene_world = True


def _plane() -> bpy.types.Mesh:
    """A square of side 1 about the origin, facing +Z, its picture upright along +Y."""
    mesh = bpy.data.meshes.new("Relit card")
    mesh.from_pydata([(-0.5, -0.5, 0), (0.5, -0.5, 0), (0.5, 0.5, 0), (-0.5, 0.5, 0)], [], [(0, 1, 2, 3)])
    uv = mesh.uv_layers.new(name="UVMap")
    for loop, corner in zip(uv.data, ((0, 0), (1, 0), (1, 1), (0, 1)), strict=True):
        loop.uv = corner
    return mesh


def _place(scene: bpy.types.Scene, card: bpy.types.Object, cutout: bpy.types.Image, view: View) -> None:
    """Stand the card upright to the camera, as large as its frame allows, its lower edge on the frame's."""
    camera = scene.camera
    aspect = cutout.size[0] / cutout.size[1]
    if camera is None or camera.type != "CAMERA":
        rotation = Matrix(np.asarray(view.camera_to_world).tolist())
        card.matrix_world = Matrix.LocRotScale(scene.cursor.location, rotation, (1, _HEIGHT_M, 1))
        return
    corners = camera.data.view_frame(scene=scene)
    left, right = min(c.x for c in corners), max(c.x for c in corners)
    low, high = min(c.y for c in corners), max(c.y for c in corners)
    depth = -corners[0].z
    height = min(high - low, (right - left) / aspect)
    grow = 1.0 if camera.data.type == "ORTHO" else _HEIGHT_M / height
    distance = _DISTANCE_M if camera.data.type == "ORTHO" else depth * grow
    centre = Vector(((left + right) / 2 * grow, (low + height / 2) * grow, -distance))
    place, rotation, _ = camera.matrix_world.decompose()
    card.matrix_world = Matrix.LocRotScale(place + rotation @ centre, rotation, (1, height * grow, 1))
    facing = card.constraints.new("COPY_ROTATION")
    facing.name = "Face the camera"
    facing.target = camera
