"""What only a render can tell: any world, or all of the scene, as a light map in the frame of the camera.

Cycles renders the world alone, in a scene of its own, into a small panorama: the light is by construction what Cycles
would light the scene with. The user's scene, world and Render Result are not touched. All of the scene is rendered
through a linked copy of it.
"""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import bpy
import numpy as np
from mathutils import Matrix, Vector

from ..errors import SceneError
from ..scenes import light_map as light_maps
from ..scenes.build import versions
from . import editors

# Rows of the rendered panorama: its texels are as large as the sun, so that four samples in each can't miss it.
_PANORAMA_HEIGHT = 384
_SAMPLES = 4
# Tiles of the panorama whose brightest texel alone has this share of all light are rendered again with more samples:
# a sun's radiance is 10⁴ times the sky's, and so is the error of its few samples.
_TILE_PX, _TILES, _TILE_SHARE, _TILE_SAMPLES = 16, 4, 0.005, 256
_SCENE_SAMPLES, _SCENE_DRAFT_SAMPLES = 128, 8  # a texel, where light is thrown from things and lamps are small
_BACKDROP_PX = 640
_LENS_DEG = 39.6  # Blender's default camera, 50 mm


class View(NamedTuple):
    """Where the photo is taken to be seen from.

    Attributes:
        camera_to_world: (3, 3) rotation, its columns the camera's axes (+x right, +y up, +z backwards) in the world.
        fov_deg: angle of view of the longer side.
    """

    camera_to_world: np.ndarray
    fov_deg: float


def view_of(context: bpy.types.Context, frame: str = "CAMERA") -> View:
    """The scene's camera, without one the 3D view at hand; the 3D view; or a camera that looks along +Y.

    Args:
        frame: CAMERA, VIEW or FIXED, as in the panel's menu.
    """
    camera = context.scene.camera
    if frame == "CAMERA" and camera is not None:
        matrix = camera.evaluated_get(context.evaluated_depsgraph_get()).matrix_world
        is_lens = camera.type == "CAMERA" and camera.data.type == "PERSP"
        fov_deg = float(np.degrees(camera.data.angle)) if is_lens else _LENS_DEG
        return View(np.array(matrix.to_quaternion().to_matrix()), fov_deg)
    space = None if frame == "FIXED" else _viewport(context, anywhere=frame == "VIEW")
    if space is not None:
        return View(np.array(space.region_3d.view_rotation.to_matrix()), _LENS_DEG)
    return View(np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]]), _LENS_DEG)


def _viewport(context: bpy.types.Context, anywhere: bool) -> bpy.types.SpaceView3D | None:
    """The 3D Viewport at hand; or, ``anywhere``, the largest in the windows."""
    if getattr(context.space_data, "type", "") == "VIEW_3D":
        return context.space_data
    found = editors.areas("VIEW_3D") if anywhere else []
    return editors.largest(found).spaces.active if found else None


def describe(scene: bpy.types.Scene, in_viewport: bool, frame: str = "CAMERA") -> str:
    """One line that says which light is used, for example "World: studio.exr, turned 30°, seen by Camera"."""
    if scene.world is None:
        return "The scene has no world"
    if frame == "CAMERA" and scene.camera is not None:
        seen_by = f"seen by {scene.camera.name}"
    elif frame == "VIEW" or (frame == "CAMERA" and in_viewport):
        seen_by = "seen from this view" if in_viewport else "seen from the 3D Viewport"
    else:
        seen_by = "seen along +Y"
    mapping = mapping_node(scene.world)
    turn_deg = round(np.degrees(mapping.inputs["Rotation"].default_value[2])) if mapping else 0
    seen = f"turned {turn_deg}°, {seen_by}" if turn_deg else seen_by
    return f"World: {_source_name(scene.world)}, {seen}"


def mapping_node(world: bpy.types.World) -> bpy.types.Node | None:
    """The node that turns the world's environment texture, where its rotation is a plain value."""
    for node in _nodes(world):
        if node.type == "TEX_ENVIRONMENT" and node.inputs["Vector"].is_linked:
            mapping = node.inputs["Vector"].links[0].from_node
            if mapping.type == "MAPPING" and not mapping.inputs["Rotation"].is_linked:
                return mapping
    return None


def background_node(world: bpy.types.World) -> bpy.types.Node | None:
    """The world's only Background node, where its strength is a plain value."""
    found = [node for node in _nodes(world) if node.type == "BACKGROUND"]
    return found[0] if len(found) == 1 and not found[0].inputs["Strength"].is_linked else None


def light_map(scene: bpy.types.Scene, view: View, draft: bool = False) -> np.ndarray:
    """The light of the scene's world in the camera frame, (64, 128, 3) radiance, or (32, 64, 3) as a quick draft.

    Raises:
        SceneError: no world, a dark one, one with texels that are not numbers, or Cycles can't render now.
    """
    # A panorama is seen from inside the sphere: looking backwards (+z), its right is the camera's left.
    backwards = np.asarray(view.camera_to_world) @ np.diag([-1.0, 1.0, -1.0])
    rows = light_maps.HEIGHT // 2 if draft else light_maps.HEIGHT
    height = rows if draft else _PANORAMA_HEIGHT
    with _alone(scene, backwards, (height, 2 * height), as_light=True) as stage:
        _open_all_round(stage.camera.data)
        panorama = _render(stage, _SAMPLES)
        if not draft:
            for row, column in _bright_tiles(panorama):
                panorama[row : row + _TILE_PX, column : column + _TILE_PX] = _render_tile(stage, row, column)
    light_maps.check_light_map(panorama, f"The world {scene.world.name}")
    if not panorama.any():
        raise SceneError(
            f"The world {scene.world.name} gives no light. Raise its strength, or give it a colour or an HDRI."
        )
    return light_maps.resize(panorama[:, ::-1], rows)


def scene_light_map(
    scene: bpy.types.Scene, view: View, place: Vector, hidden: Sequence[bpy.types.Object], draft: bool = False
) -> np.ndarray:
    """All the light that arrives at a place of the scene, as ``light_map`` gives it: lamps, things and world.

    Args:
        place: in the world, metres.
        hidden: objects that are not there.

    Raises:
        SceneError: texels that are not numbers, or Cycles can't render now.
    """
    _check_can_render()
    backwards = np.asarray(view.camera_to_world) @ np.diag([-1.0, 1.0, -1.0])
    rows = light_maps.HEIGHT // 2 if draft else light_maps.HEIGHT
    stage, camera = scene.copy(), bpy.data.objects.new("Relight probe", bpy.data.cameras.new("Relight probe"))
    try:
        with _changed(_visible_lamps(scene, place, hidden)):
            stage.collection.objects.link(camera)
            stage.camera = camera
            # Rendering would go by these again: by a marker's camera, by keyed numbers of samples.
            stage.timeline_markers.clear()
            stage.animation_data_clear()
            camera.matrix_world = Matrix.Translation(place) @ Matrix(backwards.tolist()).to_4x4()
            stage.render.resolution_y, stage.render.resolution_x = rows, 2 * rows
            stage.render.use_border = False
            _open_all_round(camera.data)
            panorama = _render(stage, _SCENE_DRAFT_SAMPLES if draft else _SCENE_SAMPLES)
    finally:
        data = camera.data
        bpy.data.objects.remove(camera)
        bpy.data.scenes.remove(stage)
        bpy.data.cameras.remove(data)
    light_maps.check_light_map(panorama, f"The scene {scene.name}")
    return np.ascontiguousarray(panorama[:, ::-1])


def _open_all_round(camera: bpy.types.Camera) -> None:
    camera.type, camera.panorama_type = "PANO", "EQUIRECTANGULAR"
    camera.clip_start = 0.001


def _visible_lamps(
    scene: bpy.types.Scene, place: Vector, hidden: Sequence[bpy.types.Object]
) -> Iterator[tuple[bpy.types.bpy_struct, str, object]]:
    """What to change, (owner, attribute, value), so that a camera at ``place`` sees all lamps and nothing hidden.

    A lamp smaller than two texels seen from there is enlarged to that; Blender's lamps keep their power.
    """
    smallest = 2 * np.pi / light_maps.HEIGHT
    for thing in hidden:
        yield thing, "hide_render", True
    for thing in scene.objects:
        if thing.type != "LIGHT" or thing.hide_render:
            continue
        yield thing, "visible_camera", True
        lamp = thing.data
        if lamp.type == "SUN":
            yield lamp, "angle", max(lamp.angle, smallest)
        elif lamp.type in {"POINT", "SPOT"}:
            distance = (thing.matrix_world.translation - place).length
            yield lamp, "shadow_soft_size", max(lamp.shadow_soft_size, distance * smallest / 2)


@contextmanager
def _changed(changes: Iterable[tuple[bpy.types.bpy_struct, str, object]]) -> Iterator[None]:
    """Attributes of Blender's data with other values for a while."""
    before = []
    try:
        for owner, name, value in changes:
            before.append((owner, name, getattr(owner, name)))
            setattr(owner, name, value)
        yield
    finally:
        for owner, name, value in reversed(before):
            setattr(owner, name, value)


def backdrop(scene: bpy.types.Scene, view: View, height: int, width: int) -> np.ndarray:
    """What the camera sees behind a photo of height×width px: the world, (h, w, 3), no larger than 640 px."""
    scale = min(1.0, _BACKDROP_PX / max(height, width))
    size = (max(1, round(height * scale)), max(1, round(width * scale)))
    with _alone(scene, view.camera_to_world, size, as_light=False) as stage:
        stage.camera.data.angle = np.radians(view.fov_deg)
        picture = _render(stage, _SAMPLES)
    light_maps.check_light_map(picture, f"The world {scene.world.name}")
    return picture


def _nodes(world: bpy.types.World) -> list[bpy.types.Node]:
    return list(world.node_tree.nodes) if versions.has_nodes(world) else []


def _source_name(world: bpy.types.World) -> str:
    for node in _nodes(world):
        if node.type == "TEX_ENVIRONMENT" and node.image is not None:
            return node.image.name
        if node.type == "TEX_SKY":
            return "sky"
    return world.name


@contextmanager
def _alone(
    scene: bpy.types.Scene, camera_to_world: np.ndarray, size: tuple[int, int], as_light: bool
) -> Iterator[bpy.types.Scene]:
    """A scene that holds nothing but a copy of the world and a camera; gone afterwards.

    Args:
        as_light: show what the world sheds on surfaces, also where it shows the camera something else.
    """
    if scene.world is None:
        raise SceneError(
            "The scene has no world to take light from. Add one in the World tab, or open an HDRI in the panel."
        )
    _check_can_render()
    world = scene.world.copy()
    camera = bpy.data.objects.new("Relight probe", bpy.data.cameras.new("Relight probe"))
    stage = bpy.data.scenes.new("Relight probe")
    try:
        # Only its picture is wanted; the map for sampling it as a light would take longer than that.
        world.cycles.sampling_method = "NONE"
        if as_light:
            _show_as_light(world)
        stage.world = world
        stage.collection.objects.link(camera)
        stage.camera = camera
        camera.matrix_world = Matrix(np.asarray(camera_to_world).tolist()).to_4x4()
        stage.frame_set(scene.frame_current)
        stage.render.resolution_y, stage.render.resolution_x = size
        yield stage
    finally:
        data = camera.data
        bpy.data.scenes.remove(stage)
        bpy.data.objects.remove(camera)
        bpy.data.cameras.remove(data)
        bpy.data.worlds.remove(world)


def _check_can_render() -> None:
    if not hasattr(bpy.types.Scene, "cycles"):
        raise SceneError("Reading the world's light needs Cycles. Enable the add-on Cycles Render Engine.")
    if bpy.app.is_job_running("RENDER"):
        raise SceneError("A render is running. Wait until it is done, then press Relight again.")


def _show_as_light(world: bpy.types.World) -> None:
    """Make a world show the camera what it sheds on diffuse surfaces."""
    world.cycles_visibility.camera = True
    if not versions.has_nodes(world):
        return
    links = world.node_tree.links
    for link in list(links):
        if link.from_node.type == "LIGHT_PATH" and link.from_socket.name.startswith("Is "):
            socket, answer = link.to_socket, float(link.from_socket.name == "Is Diffuse Ray")
            links.remove(link)
            socket.default_value = answer if socket.type == "VALUE" else (answer,) * len(socket.default_value)


def _bright_tiles(panorama: np.ndarray) -> list[tuple[int, int]]:
    """Top left corners (row, column) of the tiles with a texel that outshines the rest, brightest first."""
    power = panorama.max(axis=-1) * light_maps.solid_angles(len(panorama))
    tiles = power.reshape(len(panorama) // _TILE_PX, _TILE_PX, -1, _TILE_PX).max(axis=(1, 3))
    order = np.argsort(tiles, axis=None)[::-1][:_TILES]
    bright = [np.unravel_index(i, tiles.shape) for i in order if tiles.flat[i] > _TILE_SHARE * power.sum()]
    return [(int(row) * _TILE_PX, int(column) * _TILE_PX) for row, column in bright]


def _render_tile(stage: bpy.types.Scene, row: int, column: int) -> np.ndarray:
    render = stage.render
    height, width = render.resolution_y, render.resolution_x
    render.use_border = render.use_crop_to_border = True
    # Blender cuts the border down to whole pixels; half a pixel more keeps rounding out of it.
    render.border_min_x, render.border_max_x = (column + 0.5) / width, (column + _TILE_PX + 0.5) / width
    render.border_min_y, render.border_max_y = (
        (height - row - _TILE_PX + 0.5) / height,
        (height - row + 0.5) / height,
    )
    return _render(stage, _TILE_SAMPLES)


def _render(stage: bpy.types.Scene, samples: int) -> np.ndarray:
    """Render with Cycles, every option set on which the pixels depend; (h, w, 3) scene-linear, top row first."""
    render, cycles = stage.render, stage.cycles
    render.engine = "CYCLES"
    cycles.device = "CPU"
    cycles.samples, cycles.use_layer_samples, cycles.time_limit = samples, "IGNORE", 0.0
    cycles.use_adaptive_sampling = cycles.use_denoising = False
    cycles.pixel_filter_type = "BOX"
    cycles.film_exposure = 1.0
    cycles.sample_clamp_direct = cycles.sample_clamp_indirect = 0.0
    render.resolution_percentage = 100
    render.film_transparent = render.use_motion_blur = render.use_persistent_data = False
    # Stereo would rename the file; stamps and lines would be drawn into the picture.
    render.use_multiview = render.use_freestyle = render.use_stamp = False
    render.use_compositing = render.use_sequencer = False
    render.use_file_extension = False
    versions.set_exr(render.image_settings)
    render.image_settings.color_management = "FOLLOW_SCENE"
    # One layer, switched on: the others would only take time, and where all are off Blender crashes.
    layer = next((layer for layer in stage.view_layers if layer.use), stage.view_layers[0])
    layer.use = True
    with tempfile.TemporaryDirectory(prefix="relight_stage_") as folder:
        path = Path(folder) / "world.exr"
        render.filepath = str(path)
        bpy.ops.render.render(write_still=True, scene=stage.name, layer=layer.name)
        if not path.is_file():
            raise SceneError(
                f"Cycles wrote no picture of the world to {folder}. Is the disk of the temporary folder full?"
            )
        image = bpy.data.images.load(str(path), check_existing=False)
        try:
            width, height = image.size
            flat = np.empty(len(image.pixels), np.float32)
            image.pixels.foreach_get(flat)
        finally:
            bpy.data.images.remove(image)
    return flat.reshape(height, width, -1)[::-1, :, :3].copy()
