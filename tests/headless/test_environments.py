"""What Cycles sees of a panorama, and that every kind of environment lights a subject as its light map says."""

import bpy
import numpy as np
import pytest

from relight_stage.scenes import light_map as lm
from relight_stage.scenes.build.surroundings import build_panorama_world, read_panorama
from relight_stage.scenes.cameras import Camera
from relight_stage.scenes.environments import Environment, Layer, panorama_of
from relight_stage.scenes.lamp import Lamp
from relight_stage.scenes.room import room_rand
from relight_stage.scenes.sky import Sky
from relight_stage.scenes.street import street_rand
from relight_stage.scenes.studio import studio_rand
from relight_stage.synth.stage import Stage

CAMERA = Camera(yaw_deg=-20, pitch_deg=5, frame_m=0.4, offset_m=(0.0, 0.0))


def seen_by_cycles(world: bpy.types.World, height: int, folder) -> np.ndarray:
    """The world as a panorama camera at the origin renders it, (height, 2·height, 3), Blender's HDRI frame."""
    import OpenEXR

    scene = bpy.data.scenes.new("Panorama")
    camera = bpy.data.cameras.new("Panorama")
    camera.type, camera.panorama_type = "PANO", "EQUIRECTANGULAR"
    eye = bpy.data.objects.new("Panorama", camera)
    eye.rotation_euler = (np.pi / 2, 0, -np.pi / 2)  # upright, looking along +X
    scene.collection.objects.link(eye)
    scene.camera, scene.world = eye, world
    render, cycles = scene.render, scene.cycles
    render.engine = "CYCLES"
    render.resolution_x, render.resolution_y, render.resolution_percentage = 2 * height, height, 100
    cycles.samples, cycles.pixel_filter_type = 1, "BOX"
    cycles.use_denoising = cycles.use_adaptive_sampling = False
    settings = render.image_settings
    settings.file_format, settings.color_mode, settings.color_depth = "OPEN_EXR", "RGB", "32"
    render.filepath = str(folder / "seen.exr")
    bpy.ops.render.render(write_still=True, scene=scene.name)
    bpy.data.scenes.remove(scene)
    with OpenEXR.File(str(folder / "seen.exr"), separate_channels=False) as file:
        return np.array(file.parts[0].channels["RGB"].pixels)


def test_cycles_sees_exactly_the_radiance_it_is_given(tmp_path):
    panorama = np.random.default_rng(0).random((16, 32, 3)).astype(np.float32)
    panorama[3, 5] = (2e6, 1e6, 5e5)  # far beyond what half floats hold
    world = build_panorama_world(panorama)
    picture = next(node for node in world.node_tree.nodes if node.bl_idname == "ShaderNodeTexEnvironment")
    picture.interpolation = "Closest"  # texels instead of mixtures of them: rays fall anywhere in a pixel
    assert np.allclose(seen_by_cycles(world, 16, tmp_path), panorama, rtol=1e-6)
    # Wherever a linear lookup falls, it is a mixture of neighbours and no more than the brightest.
    picture.interpolation = "Linear"
    assert seen_by_cycles(world, 16, tmp_path).max() <= 2e6


SOURCES = {
    "sky": Sky(sun_elevation_deg=35, turbidity=3, clouds=0.1, pattern=2),
    "studio": studio_rand(np.random.default_rng(3)),
    "room": room_rand(np.random.default_rng(10)),
    "street": street_rand(np.random.default_rng(1)),
    "lamp": Lamp(azimuth_deg=35, elevation_deg=25),
}


@pytest.mark.parametrize("kind", SOURCES)
def test_a_matte_ball_is_lit_as_the_light_map_says(kind, matte_sphere):
    panorama = panorama_of(Environment((Layer(SOURCES[kind], turn_deg=30),)), read_panorama)
    light_map = lm.panorama_in_camera(panorama, CAMERA.matrix_world()[:3, :3])
    with Stage(matte_sphere, CAMERA, 48, seed=1, bounces=0) as stage:
        stage.scene.world = build_panorama_world(panorama)
        lit = stage.split(stage.render_planes(128)).diffuse / np.maximum(stage.surface.albedo, 1e-3)
        normal, inside = stage.surface.normal, stage.surface.matte[:, :, 0] > 0.999
    # Lambert's law, texel by texel.
    power = (light_map * lm.solid_angles(64)[:, :, None]).reshape(-1, 3)
    true = np.maximum(normal[inside] @ lm.directions(64).reshape(-1, 3).T, 0) @ power / np.pi
    error = np.sqrt(((lit[inside] - true) ** 2).mean()) / np.sqrt((true**2).mean())
    # Texels of 2.8° blur the terminator of a small light; the rest is noise.
    assert error < 0.05
    assert lit[inside].mean() == pytest.approx(true.mean(), rel=0.02)
