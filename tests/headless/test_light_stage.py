"""Laws of the light stage, rendered by real Cycles on subjects whose answer is known."""

import bpy
import numpy as np
import pytest

from relight_stage.errors import SceneError
from relight_stage.scenes import light_map as lm
from relight_stage.scenes.build.surroundings import build_olat_light, build_panorama_world, read_panorama
from relight_stage.scenes.cameras import Camera
from relight_stage.scenes.hdris import studio_hdris
from relight_stage.scenes.lights import olat_directions, olat_half_angle
from relight_stage.synth.exr import stack
from relight_stage.synth.lamps import aim, standing_lamps
from relight_stage.synth.passes import HALF_MAX, RGB, factors, layer, recombine
from relight_stage.synth.stage import Stage

CAMERA = Camera(yaw_deg=30, pitch_deg=10, roll_deg=5, frame_m=0.4, offset_m=(0.0, 0.0))


def studio(name: str) -> np.ndarray:
    return next(np.roll(lm.read_light_map(path), 30, axis=1) for path in studio_hdris() if path.stem == name)


def write_panorama(path, pixels):
    import OpenEXR

    with OpenEXR.File({"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}, {"RGB": pixels}) as file:
        file.write(str(path))
    return path


def render_lamps(stage, directions, count, samples):
    """All planes of one render of some lights of a rig of ``count``; ``ViewLayer.Combined_diffuse_i.R`` is light i's.

    Directions are (n, 3) towards the lights, world frame.
    """
    stage.scene.world = stage.black
    with standing_lamps(stage.scene.view_layers[0], stage.lamps, len(directions), olat_half_angle(count)) as pairs:
        aim(pairs, directions)
        return stage.render_planes(samples * len(directions))


def inside(stage):
    """Pixels that the subject covers wholly, (H, W)."""
    return stage.surface.matte[:, :, 0] > 0.999


def test_the_maps_recombine_to_cycles_own_image(ball_over_ground):
    with Stage(ball_over_ground, CAMERA, 64, seed=1, denoised=False) as stage:
        on, unshadowed = stage.light_by_world(build_panorama_world(studio("courtyard")), 16)
        combined = stack(stage.render_planes(16), layer("ViewLayer.Combined", RGB))
        shading, shadow = factors(on.diffuse, unshadowed, stage.surface.albedo)
        maps = {"albedo": stage.surface.albedo, "shading": shading, "shadow": shadow, "specular": on.specular}
        # The same seed draws the same paths; what is left is rounding and pixels the albedo hardly covers.
        assert np.abs(recombine(maps) - combined)[inside(stage)].max() < 1e-3 * combined.max()
        assert shadow.min() >= 0 and shadow.max() <= 1


def test_shading_of_a_matte_sphere_is_lamberts(matte_sphere):
    direction = np.array([[0.6, 0.48, 0.64]])  # a unit vector
    count = 512
    with Stage(matte_sphere, CAMERA, 96, seed=1, bounces=0, denoised=False) as stage:
        rotation = CAMERA.matrix_world()[:3, :3]
        planes = render_lamps(stage, direction @ rotation.T, count, 64)
        shading = stack(planes, layer("ViewLayer.Combined_diffuse_0", RGB)) / np.maximum(stage.surface.albedo, 1e-3)
        normal = stage.surface.normal
        cosine = normal @ direction[0]
        lit = inside(stage) & (cosine > 0.15) & (normal[:, :, 2] > 0.2)  # the whole disc of 5° above the horizon
    assert lit.sum() > 500
    error = np.abs(shading[lit] * np.pi / cosine[lit][:, None] - 1)
    assert error.mean() < 0.01
    assert np.abs((shading[lit] * np.pi).mean() / cosine[lit].mean() - 1) < 0.003


def test_specular_by_the_light_side_toggle_is_the_glossy_pass(shiny_sphere):
    directions = olat_directions(16)
    with Stage(shiny_sphere, CAMERA, 64, seed=1, bounces=0, denoised=False) as stage:
        planes = render_lamps(stage, directions @ CAMERA.matrix_world()[:3, :3].T, 16, 32)
        full = sum(
            stack(planes, layer(f"ViewLayer.Combined_{kind}_{i}", RGB))
            for i in range(16)
            for kind in ("diffuse", "specular")
        )
        off = sum(stack(planes, layer(f"ViewLayer.Combined_diffuse_{i}", RGB)) for i in range(16))
        split = stage.split(planes)
        specular = (full - off)[inside(stage)]
        glossy = split.specular[inside(stage)]
    assert specular.min() >= -1e-6
    assert specular.mean() == pytest.approx(glossy.mean(), rel=0.01)
    assert np.abs(specular - glossy).mean() < 0.01 * glossy.mean()


def test_nothing_is_in_shadow_where_nothing_occludes(matte_sphere):
    with Stage(matte_sphere, CAMERA, 64, seed=1, denoised=False) as stage:
        on, unshadowed = stage.light_by_world(build_panorama_world(studio("sunset")), 16)
        shadow = factors(on.diffuse, unshadowed, stage.surface.albedo)[1][inside(stage)]
    # A sphere hides no light from itself but below the shading normal of its facets.
    assert shadow.min() > 0.97
    assert shadow.mean() > 0.999


def test_a_ball_casts_its_shadow_away_from_the_light(ball_over_ground):
    pixels = np.full((64, 128, 3), 0.02, np.float32)
    pixels[20:24, 62:66] = 300
    sun = np.roll(pixels, 28, axis=1)
    with Stage(ball_over_ground, CAMERA, 96, seed=1) as stage:
        on, unshadowed = stage.light_by_world(build_panorama_world(sun), 32)
        shadow = factors(on.diffuse, unshadowed, stage.surface.albedo)[1]
        ground = stage.surface.parsing[:, :, 0] > 0.99
    assert shadow[ground].min() < 0.2  # a core shadow
    assert (shadow[ground] > 0.95).mean() > 0.4  # and open ground
    assert shadow.min() >= 0 and shadow.max() <= 1


def test_lights_add(ball_over_ground):
    directions = olat_directions(8)
    weights = np.linspace(0.2, 3.0, 8)
    seeds = range(16)
    summed, direct = [], []
    with Stage(ball_over_ground, CAMERA, 48, seed=0, denoised=False) as stage:
        covered = inside(stage)
        for seed in seeds:
            stage.scene.cycles.seed = seed
            images = stage.light_one_at_a_time(directions, 16)
            both = sum(w * (image.diffuse + image.specular) for w, image in zip(weights, images, strict=True))
            summed.append(both[covered])
        for direction, weight in zip(directions @ CAMERA.matrix_world()[:3, :3].T, weights, strict=True):
            lamp = build_olat_light("direct", direction, olat_half_angle(8), stage.lamps)
            lamp.data.energy = weight
        for seed in seeds:
            stage.scene.cycles.seed = seed
            direct.append(stack(stage.render_planes(128), layer("ViewLayer.Combined", RGB))[covered])

    difference = np.mean(summed, axis=0) - np.mean(direct, axis=0)
    noise = (np.var(summed, axis=0, ddof=1) + np.var(direct, axis=0, ddof=1)) / len(seeds)
    # In every pixel the sum is as near to a direct render as the noise of both lets it be.
    assert (difference**2 / noise).mean() < 1.3
    assert np.mean(summed) == pytest.approx(np.mean(direct), rel=0.005)


def test_a_glint_of_a_single_light_stays_finite(shiny_sphere, monkeypatch):
    monkeypatch.setattr(Stage, "_clean", lambda self, image, fast: image * 1e9)
    with Stage(shiny_sphere, CAMERA, 32, seed=1, denoised=False) as stage:
        singles = stage.light_one_at_a_time(olat_directions(4), 2)
    assert singles[0].specular.dtype == np.float16 and singles[0].specular.max() == HALF_MAX


def test_olats_under_a_panorama_sum_to_its_direct_render(ball_over_ground):
    hdri = studio("forest")
    directions = olat_directions(64)
    with Stage(ball_over_ground, CAMERA, 48, seed=1, denoised=False) as stage:
        on, _ = stage.light_by_world(build_panorama_world(hdri), 256)
        images = stage.light_one_at_a_time(directions, 32)
        covered = inside(stage)
    light = lm.panorama_in_camera(hdri, CAMERA.matrix_world())
    weights = lm.olat_weights(light, directions)
    summed = sum(w * image.diffuse for w, image in zip(weights, images, strict=True))[covered]
    direct = on.diffuse[covered]
    # 64 patches of 14° approximate soft light to 4–5%; a wrong frame or scale gives far more.
    assert np.sqrt(((summed - direct) ** 2).mean()) < 0.08 * direct.mean()
    assert summed.mean() == pytest.approx(direct.mean(), rel=0.02)


@pytest.mark.parametrize("column", [0, 150])
def test_the_highlight_on_a_ball_lies_where_the_light_map_says(shiny_sphere, column):
    pixels = np.full((128, 256, 3), 0.01, np.float32)
    pixels[40:43, column : column + 3] = 2000
    light = lm.panorama_in_camera(pixels, CAMERA.matrix_world())
    brightest = lm.directions(64).reshape(-1, 3)[light.sum(axis=-1).argmax()]
    with Stage(shiny_sphere, CAMERA, 128, seed=1, denoised=False) as stage:
        on, _ = stage.light_by_world(build_panorama_world(pixels), 64)
        row, column = np.unravel_index(on.specular.sum(axis=-1).argmax(), (128, 128))
        normal = stage.surface.normal[row, column]
        normal /= np.linalg.norm(normal)
    scale = 36.0 / CAMERA.focal_mm / 128
    towards_camera = -np.array([(column - 63.5) * scale, (63.5 - row) * scale, -1.0])
    towards_camera /= np.linalg.norm(towards_camera)
    mirrored = 2 * (normal @ towards_camera) * normal - towards_camera
    # A light from behind is mirrored at the rim by a Fresnel-weighted, wide lobe; 12° holds for all angles tried.
    assert mirrored @ brightest > np.cos(np.radians(12))


def test_semi_transparent_parts_weigh_by_their_opacity(tmp_path):
    import cv2

    from relight_stage.scenes.bust import Bust

    from .conftest import sphere

    cv2.imwrite(str(tmp_path / "half.png"), np.full((8, 8), 128, np.uint8))
    veil = sphere(0.13, label=5, alpha=tmp_path / "half.png", colour=(0.1, 0.1, 0.1))
    with Stage(Bust((sphere(), veil), np.zeros((68, 3))), CAMERA, 48, seed=1) as stage:
        parsing = stage.surface.parsing
    assert np.abs(parsing.sum(axis=-1) - stage.surface.matte[:, :, 0]).max() < 1e-3
    # In the middle a ray passes one veil of 50% and then the ball.
    assert parsing[20:28, 20:28, 5].mean() == pytest.approx(0.5, abs=0.03)


def test_leaving_the_stage_leaves_no_data_behind(matte_sphere):
    counts = {name: len(getattr(bpy.data, name)) for name in ("objects", "meshes", "materials", "worlds", "scenes")}
    with Stage(matte_sphere, CAMERA, 32, seed=1) as stage:
        stage.light_by_world(build_panorama_world(studio("city")), 1)
    assert counts == {name: len(getattr(bpy.data, name)) for name in counts}


@pytest.mark.parametrize("suffix", [".exr", ".hdr"])
def test_a_panorama_reads_in_blender_as_outside(tmp_path, suffix):
    import cv2

    pixels = np.random.default_rng(0).gamma(0.3, 5.0, (16, 32, 3)).astype(np.float32)
    pixels[3, 5] = 5e4
    path = tmp_path / f"panorama{suffix}"
    if suffix == ".exr":
        write_panorama(path, pixels)
    else:
        cv2.imwrite(str(path), pixels[:, :, ::-1])
    assert np.allclose(read_panorama(path), lm.read_light_map(path), rtol=1e-5)


def test_a_panorama_that_is_damaged_or_eight_bit_is_named(tmp_path):
    import cv2

    (tmp_path / "broken.exr").write_text("not a picture")
    cv2.imwrite(str(tmp_path / "eight.png"), np.zeros((8, 16, 3), np.uint8))
    for name in ("broken.exr", "eight.png", "missing.hdr"):
        with pytest.raises(SceneError, match=name):
            read_panorama(tmp_path / name)


def test_small_lights_cast_shadows_with_edges(ball_over_ground):
    def half_shaded(stage, radius_deg):
        """Pixels that some light reaches in part, and what all lights give with visibility off."""
        singles = stage.light_one_at_a_time(olat_directions(8), 64, np.radians(radius_deg))
        on, off = (
            np.stack([getattr(s, k).astype(float).sum(axis=2) for s in singles]) for k in ("diffuse", "unshadowed")
        )
        share = on / np.maximum(off, 1e-6)
        return ((share > 0.25) & (share < 0.75) & (off > 0.2 * off.max())).sum(), off.mean()

    with Stage(ball_over_ground, CAMERA, 64, seed=1, denoised=False) as stage:
        (broad, broad_light), (small, small_light) = (half_shaded(stage, radius_deg) for radius_deg in (20, 1))
    assert broad > 50 and small < 0.5 * broad
    assert small_light == pytest.approx(broad_light, rel=0.05)
