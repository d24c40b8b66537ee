"""The camera, the world and the OLAT lights as Blender data."""

from pathlib import Path

import bpy
import numpy as np
from mathutils import Matrix, Vector

from ...errors import SceneError
from ..cameras import SENSOR_MM, Camera
from ..light_map import check_light_map, resize
from .versions import enable_nodes


def build_camera(camera: Camera, collection: bpy.types.Collection) -> bpy.types.Object:
    data = bpy.data.cameras.new("Portrait Camera")
    data.lens = camera.focal_mm
    data.sensor_width = data.sensor_height = SENSOR_MM
    data.clip_start = 0.01
    obj = bpy.data.objects.new("Portrait Camera", data)
    obj.matrix_world = Matrix(camera.matrix_world().tolist())
    collection.objects.link(obj)
    return obj


def build_world(path: Path) -> bpy.types.World:
    """The world of a panorama's file, with nodes to turn and dim it by hand."""
    world = bpy.data.worlds.new(path.stem)
    picture = _light_with(world, bpy.data.images.load(str(path), check_existing=True))
    tree = world.node_tree
    place = tree.nodes.new("ShaderNodeTexCoord")
    turn = tree.nodes.new("ShaderNodeMapping")
    tree.links.new(place.outputs["Generated"], turn.inputs["Vector"])
    tree.links.new(turn.outputs["Vector"], picture.inputs["Vector"])
    return world


def build_panorama_world(panorama: np.ndarray, name: str = "Panorama") -> bpy.types.World:
    """The world of radiance in memory.

    Args:
        panorama: (h, 2h, 3), top row first, Blender's HDRI frame.
    """
    height, width = panorama.shape[:2]
    # Data has no colour space, so Cycles gets these very numbers; a float buffer holds a sun of any radiance.
    image = bpy.data.images.new(name, width, height, alpha=False, float_buffer=True, is_data=True)
    pixels = np.ones((height, width, 4), np.float32)
    pixels[:, :, :3] = panorama[::-1]
    image.pixels.foreach_set(pixels.ravel())
    image.update()
    world = bpy.data.worlds.new(name)
    # Left to itself, Cycles takes a tenth of a sample's time to build the map that it draws directions from. It has to
    # be finer than the panorama, whose texels reach into each other: as fine as it, suns are three times as noisy.
    world.cycles.sampling_method = "MANUAL"
    world.cycles.sample_map_resolution = 2 * width
    _light_with(world, image)
    return world


def _light_with(world: bpy.types.World, image: bpy.types.Image) -> bpy.types.Node:
    """Let a world shine with a panorama; the node that looks it up."""
    enable_nodes(world)
    tree = world.node_tree
    tree.nodes.clear()
    picture = tree.nodes.new("ShaderNodeTexEnvironment")
    picture.image = image
    background = tree.nodes.new("ShaderNodeBackground")
    output = tree.nodes.new("ShaderNodeOutputWorld")
    tree.links.new(picture.outputs["Color"], background.inputs["Color"])
    tree.links.new(background.outputs["Background"], output.inputs["Surface"])
    return picture


def read_panorama(path: Path) -> np.ndarray:
    """The panorama that a file lights with, as Cycles reads it.

    Returns:
        (h, 2h, 3) float32 radiance, top row first, in the panorama's own frame.

    Raises:
        SceneError: the file cannot be read as a picture, or has texels that are not numbers.
    """
    try:
        picture = bpy.data.images.load(str(path))
    except RuntimeError:
        raise SceneError(f"{path} cannot be read. Give the path of an .hdr or .exr panorama.") from None
    try:
        width, height = picture.size
        if not width or not picture.is_float:
            raise SceneError(
                f"{path.name} is no HDRI that Blender can read: the file is damaged or holds 8-bit colours."
            )
        pixels = np.empty(width * height * picture.channels, np.float32)
        picture.pixels.foreach_get(pixels)
        pixels = pixels.reshape(height, width, -1)[::-1, :, :3]
    finally:
        bpy.data.images.remove(picture)
    check_light_map(pixels, path.name)
    return resize(pixels, height)


def build_black_world() -> bpy.types.World:
    world = bpy.data.worlds.new("Black")
    enable_nodes(world)
    for node in world.node_tree.nodes:
        if node.bl_idname == "ShaderNodeBackground":
            node.inputs["Strength"].default_value = 0.0
    return world


def build_olat_light(
    name: str, direction: np.ndarray, half_angle: float, collection: bpy.types.Collection
) -> bpy.types.Object:
    """A sun of 1 W/m² at perpendicular incidence, shaped as a disc.

    Args:
        direction: (3,) towards the light, world frame.
        half_angle: radians.
    """
    data = bpy.data.lights.new(name, "SUN")
    data.energy = 1.0
    data.angle = 2 * half_angle
    # With multiple importance sampling the ray visibility that splits diffuse from specular is biased by 13–15%.
    data.cycles.use_multiple_importance_sampling = False
    obj = bpy.data.objects.new(name, data)
    obj.rotation_euler = Vector(direction.tolist()).to_track_quat("Z", "Y").to_euler()
    collection.objects.link(obj)
    return obj
