"""Laws of every map, on subjects of known shape rendered by real Cycles, and how other programs see the file."""

import json

import bpy
import numpy as np
import pytest

from relight_stage.scenes import light_map as lm
from relight_stage.scenes.build.surroundings import build_panorama_world
from relight_stage.scenes.bust import LABELS, Bust
from relight_stage.scenes.cameras import Camera
from relight_stage.scenes.hdris import studio_hdris
from relight_stage.scenes.lights import olat_directions
from relight_stage.scenes.packs import Packs
from relight_stage.scenes.scene import scenes_rand
from relight_stage.synth.cryptomatte import mask_of
from relight_stage.synth.exr import stack
from relight_stage.synth.passes import (
    COVERAGE_MIN,
    RGB,
    cryptomatte_coverage,
    factors,
    foreground_of,
    layer,
    straighten,
)
from relight_stage.synth.sample import write_sample
from relight_stage.synth.settings import Settings
from relight_stage.synth.shots import light_by_gradients, shoot
from relight_stage.synth.stage import Stage

from .conftest import sphere

CAMERA = Camera(yaw_deg=30, pitch_deg=10, roll_deg=5, frame_m=0.4, offset_m=(0.0, 0.0))
SIZE = 64


@pytest.fixture(scope="module")
def two_balls():
    """A shiny ball before a large waxen one, and what the stage measured of them."""
    big = sphere(0.12, (0.0, 0.05, 0.0), specular=0.25, roughness=0.75, subsurface=0.5)
    small = sphere(0.04, (0.03, -0.09, 0.03), label=5, specular=0.5, roughness=0.4)
    with Stage(Bust((big, small), np.zeros((68, 3))), CAMERA, SIZE, seed=1, denoised=False) as stage:
        world = build_panorama_world(lm.read_light_map(studio_hdris()[0]))
        yield stage, stage.light_by_world(world, 32)


def covered(surface, label=None):
    """Pixels that the subject, or one label of it, covers wholly, (H, W)."""
    share = surface.matte if label is None else surface.parsing[:, :, LABELS.index(label)][:, :, None]
    return share[:, :, 0] > 0.999


def test_albedo_times_direct_and_indirect_is_the_diffuse_picture(two_balls):
    stage, (on, _) = two_balls
    albedo = stage.surface.albedo
    split = albedo * (straighten(on.direct, albedo) + straighten(on.indirect, albedo))
    assert split == pytest.approx(on.diffuse, rel=1e-4, abs=1e-6)


def test_indirect_light_is_what_more_bounces_bring(two_balls):
    stage, (on, _) = two_balls
    cycles = stage.scene.cycles
    bounces, cycles.max_bounces = cycles.max_bounces, 0
    without = stage.split(stage.render_planes(32))
    cycles.max_bounces = bounces
    here = covered(stage.surface)
    assert not without.indirect[here].any()
    # Where nothing bounces, Cycles cannot draw directions from the surface too: the same mean with other noise.
    assert without.direct[here].mean() == pytest.approx(on.direct[here].mean(), rel=0.02)
    assert on.indirect[here].mean() > 0.002 * on.direct[here].mean()


def test_the_ids_of_a_cryptomatte_share_out_the_matte(two_balls):
    surface = two_balls[0].surface
    for name in ("CryptoObject", "CryptoMaterial"):
        assert cryptomatte_coverage(surface.cryptomatte, name) == pytest.approx(surface.matte, abs=1e-5)


def test_an_objects_mask_is_its_coverage(two_balls):
    """Two balls of one name: Blender numbers the second, and its mask is where its own label is."""
    surface = two_balls[0].surface
    manifest = surface.manifests["CryptoObject"]
    assert len(manifest) == 2
    layers = [surface.cryptomatte[f"CryptoObject{k:02d}"] for k in range(3)]
    small = mask_of(layers, manifest[max(manifest)])
    assert small == pytest.approx(surface.parsing[:, :, LABELS.index("hair")][:, :, None], abs=1e-5)


def test_a_position_projects_onto_its_own_pixel_and_is_as_far_as_the_depth_says(two_balls):
    surface = two_balls[0].surface
    rows, columns = np.nonzero(covered(surface))
    extrinsics, intrinsics = CAMERA.extrinsics(), CAMERA.intrinsics(SIZE)
    seen = surface.position[rows, columns] @ extrinsics[:3, :3].T + extrinsics[:3, 3]
    pixels = seen @ intrinsics.T
    offset = pixels[:, :2] / pixels[:, 2:] - np.stack([columns + 0.5, rows + 0.5], axis=-1)
    assert np.abs(offset).max() < 0.5
    assert seen[:, 2] == pytest.approx(surface.depth[rows, columns, 0], abs=1e-5)


def test_positions_lie_on_the_ball(two_balls):
    surface = two_balls[0].surface
    small = covered(surface, "hair")
    distance = np.linalg.norm(surface.position[small] - (0.03, -0.09, 0.03), axis=-1)
    # The mean over a pixel of 6 mm lies a little inside a ball of 40 mm, more so towards its rim.
    assert np.abs(distance - 0.04).max() < 2e-3


def test_texture_coordinates_are_those_of_the_mesh(two_balls):
    """The ball's layout is latitude and longitude, so that v follows from the height above its centre."""
    surface = two_balls[0].surface
    small = covered(surface, "hair")
    height = ((surface.position[small] - (0.03, -0.09, 0.03)) / 0.04)[:, 2]
    v = 1 - np.arccos(np.clip(height, -1, 1)) / np.pi
    assert np.abs(surface.uv[small][:, 1] - v).max() < 0.02
    assert surface.uv.min() >= 0 and surface.uv.max() <= 1


def test_what_has_no_texture_layout_has_no_coordinates(two_balls):
    from dataclasses import replace

    bare = replace(sphere(0.1), uv=None)
    with Stage(Bust((bare,), np.zeros((68, 3))), CAMERA, 32, seed=1, denoised=False) as stage:
        assert not stage.surface.uv.any()


@pytest.mark.parametrize(
    ("name", "waxen", "shiny"),
    [("roughness", 0.75, 0.4), ("specular_weight", 0.25, 0.5), ("subsurface_weight", 0.5, 0.0)],
)
def test_a_materials_weights_are_read_from_it(two_balls, name, waxen, shiny):
    surface = two_balls[0].surface
    weights = getattr(surface, name)[:, :, 0]
    assert weights[covered(surface, "skin")] == pytest.approx(waxen, abs=1e-4)
    assert weights[covered(surface, "hair")] == pytest.approx(shiny, abs=1e-4)
    assert weights == pytest.approx(np.where(surface.matte[:, :, 0] > 0, weights, 0))


def test_the_foreground_is_the_picture_without_the_background(two_balls):
    stage, (on, _) = two_balls
    full, matte = on.diffuse + on.specular, stage.surface.matte
    seen = matte[:, :, 0] >= COVERAGE_MIN
    foreground = foreground_of(full, matte)
    assert (foreground * matte)[seen] == pytest.approx(full[seen], rel=1e-4, abs=1e-6)
    # Straight colour does not darken towards the rim as coverage does.
    rim = seen & (matte[:, :, 0] < 0.3)
    assert foreground[rim].mean() > 3 * full[rim].mean()


def test_each_light_casts_a_shadow_between_none_and_all(two_balls):
    stage, _ = two_balls
    singles = stage.light_one_at_a_time(olat_directions(8), 8)
    here = covered(stage.surface, "skin")
    shadows = np.stack([factors(s.diffuse, s.unshadowed, stage.surface.albedo)[1] for s in singles])
    assert shadows.min() >= 0 and shadows.max() <= 1
    # Discs of 41° throw soft shadows of the small ball onto the large one, and one of them falls where it is seen.
    lost = [1 - s.diffuse[here].sum() / s.unshadowed[here].sum() for s in singles]
    assert 0.05 < max(lost) < 0.5


def test_no_light_casts_a_shadow_where_nothing_occludes(matte_sphere):
    with Stage(matte_sphere, CAMERA, 48, seed=1, denoised=False) as stage:
        directions = olat_directions(8)
        singles = stage.light_one_at_a_time(directions, 16)
        here = covered(stage.surface)
        for direction, single in zip(directions, singles, strict=True):
            # Well above the horizon of a disc of 41°: there the ball hides none of it from itself.
            facing = here & (stage.surface.normal @ direction > 0.75)
            shadow = factors(single.diffuse, single.unshadowed, stage.surface.albedo)[1]
            assert not facing.any() or shadow[facing].min() > 0.99


def test_lights_without_shadow_sum_to_the_panorama_without_shadow(two_balls):
    stage, _ = two_balls
    panorama = np.full((32, 64, 3), 1.0, np.float32)
    _, unshadowed = stage.light_by_world(build_panorama_world(panorama), 64)
    directions = olat_directions(16)
    weights = lm.olat_weights(lm.panorama_in_camera(panorama, CAMERA.matrix_world()), directions)
    singles = stage.light_one_at_a_time(directions, 32)
    summed = sum(w * single.unshadowed for w, single in zip(weights, singles, strict=True))
    here = covered(stage.surface)
    # Discs overlap and leave gaps where patches tile; under even light that is a matter of a few per cent.
    assert summed[here].mean() == pytest.approx(unshadowed[here].mean(), rel=0.03)
    # Means over blocks of 8 × 8 pixels: single pixels are noisier than that.
    blocks, of = ((a * here[:, :, None]).reshape(8, 8, 8, 8, 3).mean(axis=(1, 3)) for a in (summed, unshadowed))
    assert np.abs(blocks - of).sum() < 0.04 * of.sum()


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """maps.exr of a rendered person."""
    folder = tmp_path_factory.mktemp("maps") / "000000"
    packs = Packs()
    scenes = scenes_rand(3, 0, 1, packs, studio_hdris())
    for shot in shoot(scenes, packs, Settings(seed=3, size=48, samples=2)):
        write_sample(folder, *shot)
    return folder / "maps.exr"


def test_blenders_compositor_lists_every_layer(file):
    image = bpy.data.images.load(str(file))
    if bpy.app.version >= (5, 0, 0):
        tree = bpy.data.node_groups.new("look", "CompositorNodeTree")
    else:
        bpy.context.scene.use_nodes = True
        tree = bpy.context.scene.node_tree
    node = tree.nodes.new("CompositorNodeImage")
    node.image = image
    sockets = {socket.name: socket.type for socket in node.outputs}
    matte = tree.nodes.new("CompositorNodeCryptomatteV2")
    matte.source, matte.image = "IMAGE", image
    try:
        assert image.type == "MULTILAYER"
        meta = json.loads((file.parent / "sample.json").read_text())
        layers = {channel.rpartition(".")[0] for channels in meta["maps"].values() for channel in channels} - {""}
        assert layers | {"Combined", "Alpha"} == set(sockets)
        assert {sockets[name] for name in ("depth", "trimap", "parsing_hair")} == {"VALUE"}
        assert {sockets[name] for name in ("Combined", "albedo")} == {"RGBA"}
        for name in ("CryptoObject", "CryptoMaterial"):
            matte.layer_name = name  # refused where Blender finds no such Cryptomatte in the header
    finally:
        tree.nodes.remove(node)
        tree.nodes.remove(matte)
        bpy.data.images.remove(image)


def test_combined_is_what_a_plain_reader_sees(file):
    import OpenEXR

    with OpenEXR.File(str(file), separate_channels=False) as exr:
        rgba = np.asarray(exr.parts[0].channels["RGBA"].pixels)
    with OpenEXR.File(str(file), separate_channels=True) as exr:
        planes = {name: channel.pixels for name, channel in exr.parts[0].channels.items()}
    parts = stack(planes, layer("diffuse", RGB)) + stack(planes, layer("specular", RGB))
    assert rgba[:, :, :3] == pytest.approx(parts, rel=2e-3, abs=1e-3)
    assert rgba[:, :, 3].max() == 1 and rgba[:, :, 3].min() == 0


def test_a_matte_ball_under_gradients_shows_its_normals(matte_sphere):
    with Stage(matte_sphere, CAMERA, 48, seed=1, denoised=False) as stage:
        pictures = light_by_gradients(stage, CAMERA, 64)
        surface = stage.surface
    here = covered(surface) & (surface.normal[:, :, 2] > 0.3)
    for k, axis in enumerate("xyz"):
        # Lambert under radiance (1 + a·ω)/2 is albedo · (1/2 + n·a/3).
        for name, sign in ((axis, 1), (f"{axis}_inverse", -1)):
            wanted = surface.albedo * (0.5 + sign * surface.normal[:, :, k : k + 1] / 3)
            error = np.abs(pictures[f"{name}_diffuse"] - wanted)[here]
            # Noise of 64 samples; a complement has that of two pictures.
            assert error.mean() < 0.02 * pictures["full_diffuse"][here].mean(), name
        whole = pictures[f"{axis}_diffuse"] + pictures[f"{axis}_inverse_diffuse"]
        assert whole[here] == pytest.approx(pictures["full_diffuse"][here], rel=0.05)
