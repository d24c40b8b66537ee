"""Simple subjects of known shape for the laws of the light stage."""

import importlib
import importlib.util
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from relight_stage.scenes.bust import Bust, Material, Part

ROOT = Path(__file__).resolve().parents[2]
EXTENSION = "bl_ext.relight_tests.relight_stage"
spec = importlib.util.spec_from_file_location("stand_ins", ROOT / "tests/unit/stand_ins.py")
stand_ins = importlib.util.module_from_spec(spec)
spec.loader.exec_module(stand_ins)


@pytest.fixture(autouse=True, scope="session")
def real_blender():
    pytest.importorskip("bpy", reason="the headless tier needs the bpy wheel: make env")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session, exitstatus):
    session.config.headless_status = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config):
    """End the process without C++'s destructors.

    bpy 4.5 waits there for ever once a movie was read: it destroys a condition variable on which its own thread waits
    (GlobalState and delayed_close_thread_run in the stacks).
    """
    if "bpy" in sys.modules and hasattr(config, "headless_status"):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(config.headless_status)


def sphere(radius_m=0.1, centre=(0.0, 0.0, 0.0), label=0, rows=96, **material) -> Part:
    """A lat-long sphere of quads; material arguments as in scenes.bust.Material."""
    columns = 2 * rows
    theta, phi = np.linspace(0, np.pi, rows + 1), np.arange(columns) * 2 * np.pi / columns
    t, p = np.meshgrid(theta, phi, indexing="ij")
    vertices = np.stack([np.sin(t) * np.cos(p), np.sin(t) * np.sin(p), np.cos(t)], axis=-1).reshape(-1, 3)
    i, j = np.meshgrid(np.arange(rows), np.arange(columns), indexing="ij")
    k = (j + 1) % columns
    faces = np.stack([i * columns + j, (i + 1) * columns + j, (i + 1) * columns + k, i * columns + k], axis=-1)
    v = 1 - np.stack([i, i + 1, i + 1, i], axis=-1) / rows
    u = np.stack([j, j, j + 1, j + 1], axis=-1) / columns
    faces = faces.reshape(-1, 4).astype(np.int32)
    return Part(
        name="sphere",
        vertices=(vertices * radius_m + centre).astype(np.float32),
        faces=faces,
        labels=np.full(len(faces), label, np.uint8),
        material=Material("sphere", **{"colour": (0.5, 0.4, 0.3), **material}),
        uv=np.stack([u, v], axis=-1).reshape(-1, 4, 2).astype(np.float32),
    )


@pytest.fixture
def matte_sphere() -> Bust:
    return Bust((sphere(specular=0.0, roughness=1.0),), np.zeros((68, 3), np.float32))


@pytest.fixture
def shiny_sphere() -> Bust:
    return Bust((sphere(specular=0.5, roughness=0.25),), np.zeros((68, 3), np.float32))


@pytest.fixture
def ball_over_ground() -> Bust:
    """A small ball before a large one, so that it casts a shadow and throws light on it."""
    big = sphere(0.12, (0.0, 0.05, 0.0), specular=0.5, roughness=0.4)
    small = sphere(0.04, (0.03, -0.09, 0.03), label=5, specular=0.5, roughness=0.4)
    return Bust((big, small), np.zeros((68, 3), np.float32))


@pytest.fixture(scope="module")
def extension(tmp_path_factory):
    """The repository as an enabled extension, with stand-in networks; its modules by name."""
    import addon_utils
    import bpy

    folder = tmp_path_factory.mktemp("extensions")
    (folder / "relight_stage").symlink_to(ROOT)
    repos = bpy.context.preferences.extensions.repos
    repo = repos.new(name="Relight tests", module="relight_tests", custom_directory=str(folder))
    assert addon_utils.enable(EXTENSION, default_set=True) is not None
    preferences = bpy.context.preferences.addons[EXTENSION].preferences
    preferences.model_folder = str(stand_ins.write_networks(tmp_path_factory.mktemp("networks")))
    yield lambda name: importlib.import_module(f"{EXTENSION}.{name}")
    addon_utils.disable(EXTENSION, default_set=True)
    repos.remove(repo)


@pytest.fixture
def stage(extension):
    """An otherwise empty file with a grey world of radiance 0.5 and a camera that looks along +Y."""
    import bpy

    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=False)
    scene = bpy.context.scene
    scene.world = bpy.data.worlds.new("Grey")
    extension("scenes.build.versions").enable_nodes(scene.world)
    background = next(node for node in scene.world.node_tree.nodes if node.type == "BACKGROUND")
    background.inputs["Color"].default_value = (0.5, 0.5, 0.5, 1)
    background.inputs["Strength"].default_value = 1.0
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    camera.rotation_euler.x = np.pi / 2
    scene.collection.objects.link(camera)
    scene.camera = camera
    scene.relight_stage.background = "TRANSPARENT"
    return scene


@pytest.fixture
def drawn_photo(stage):
    """A drawn face, 160×192 px, chosen in the panel."""
    import bpy

    values = stand_ins.draw_portrait(192, 160, 110, (96, 80))
    image = bpy.data.images.new("portrait.png", 160, 192, alpha=True)
    rgba = np.concatenate([values, np.ones_like(values[:, :, :1])], axis=-1)
    image.pixels.foreach_set(np.ascontiguousarray(rgba[::-1]).ravel())
    stage.relight_stage.photo = image
    return image
