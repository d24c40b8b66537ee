"""Normals and the split of diffuse from specular under gradient light, against the truth that Cycles renders."""

import numpy as np
import pytest

from relight_stage.scenes.build.surroundings import build_panorama_world
from relight_stage.scenes.cameras import Camera
from relight_stage.scenes.lights import olat_directions
from relight_stage.synth import photometric as ph
from relight_stage.synth.sample import Olat
from relight_stage.synth.stage import Stage

CAMERA = Camera(yaw_deg=15, pitch_deg=5, focal_mm=105, frame_m=0.3, offset_m=(0.0, 0.0))
SIZE = 48


def views():
    """Unit directions towards the camera, (SIZE, SIZE, 3), camera frame."""
    scale = 36.0 / CAMERA.focal_mm / SIZE
    x = (np.arange(SIZE) + 0.5 - SIZE / 2) * scale
    toward = -np.stack([*np.broadcast_arrays(x[None, :], -x[:, None]), np.full((SIZE, SIZE), -1.0)], axis=-1)
    return toward / np.linalg.norm(toward, axis=-1, keepdims=True)


def under_gradients(stage):
    """Diffuse and specular pictures under all patterns, each rendered directly."""
    out = {}
    for name, panorama in ph.gradient_panoramas(CAMERA.matrix_world()[:3, :3]).items():
        stage.scene.world = build_panorama_world(panorama)
        lit = stage.split(stage.render_planes(64))
        out[f"{name}_diffuse"], out[f"{name}_specular"] = lit.diffuse, lit.specular
    return out


def true_normals(stage):
    normals = stage.surface.normal
    return normals / np.maximum(np.linalg.norm(normals, axis=-1, keepdims=True), 1e-6)


def test_photometric_normals_of_a_matte_ball_are_its_normals(matte_sphere):
    with Stage(matte_sphere, CAMERA, SIZE, seed=1, bounces=0) as stage:
        images = under_gradients(stage)
        singles = stage.light_one_at_a_time(olat_directions(32), 8)
        true, inside = true_normals(stage), stage.surface.matte[:, :, 0] > 0.999
    rendered = ph.diffuse_normals({name: images[f"{name}_diffuse"] for name in ph.PATTERNS})
    # 64 samples a pixel, denoised, leave about a degree.
    assert ph.angles_deg(rendered, true)[inside].mean() < 1.5
    olat = Olat(*(np.stack([np.asarray(s[k], np.float16) for s in singles]) for k in range(2)), olat_directions(32))
    summed = ph.gradient_images(olat)
    normals = ph.diffuse_normals({name: summed[f"{name}_diffuse"] for name in ph.PATTERNS})
    # 32 discs stand for the gradient.
    assert ph.angles_deg(normals, true)[inside].mean() < 3
    for name in ph.PATTERNS:
        a, b = summed[f"{name}_diffuse"][inside], images[f"{name}_diffuse"][inside]
        assert np.sqrt(((a - b) ** 2).mean()) < 0.05 * np.sqrt((b**2).mean()), name


def test_separation_finds_the_specular_share_of_a_shiny_ball(shiny_sphere):
    with Stage(shiny_sphere, CAMERA, SIZE, seed=1, bounces=0) as stage:
        images = under_gradients(stage)
        true, inside = true_normals(stage), stage.surface.matte[:, :, 0] > 0.999
    front = inside & (true[:, :, 2] > 0.6)
    parts = ph.separate(ph.both(images), views())
    specular = images["full_specular"]
    assert parts.specular[front].mean() == pytest.approx(specular[front].mean(), rel=0.25)
    assert ph.angles_deg(parts.normals, true)[front].mean() < 3
    shine = {name: images[f"{name}_specular"] for name in ph.PATTERNS}
    assert ph.angles_deg(ph.specular_normals(shine, views()), true)[front].mean() < 2
