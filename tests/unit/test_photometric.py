"""Photometry under gradients on spheres whose reflection is summed texel by texel."""

import numpy as np
import pytest

from relight_stage.scenes import light_map as lm
from relight_stage.scenes.panorama import world_directions
from relight_stage.synth import photometric as ph

SIZE = 40


@pytest.fixture(scope="module")
def sphere():
    """Normals (H, W, 3) of a sphere that fills the picture, and where it is."""
    axis = (np.arange(SIZE) + 0.5) / SIZE * 2 - 1
    x, y = np.meshgrid(axis, -axis)
    z = np.sqrt(np.clip(1 - x * x - y * y, 0, None))
    inside = x * x + y * y < 0.97
    return np.stack([x, y, z], axis=-1) * inside[:, :, None], inside


def reflected(sphere, albedo, shine, exponent=80):
    """Diffuse and white specular pictures (a normalised Phong lobe) of a sphere seen from +z, under each pattern."""
    normals, inside = sphere
    toward, area = lm.directions(32).reshape(-1, 3), np.repeat(lm.solid_angles(32), 64, axis=1).reshape(-1, 1)
    flat = normals[inside]
    matte = np.maximum(flat @ toward.T, 0) / np.pi
    mirrored = 2 * flat[:, 2:] * flat - [0, 0, 1]
    gloss = np.maximum(mirrored @ toward.T, 0) ** exponent * (exponent + 1) / (2 * np.pi)
    out = {}
    for name, pattern in ph.gradient_patterns(32).items():
        power = pattern.reshape(-1, 3) * area
        for kind, transport, colour in (("diffuse", matte, albedo), ("specular", gloss, np.full(3, shine))):
            image = np.zeros((SIZE, SIZE, 3))
            image[inside] = (transport @ power) * colour
            out[f"{name}_{kind}"] = image
    return out


def of(images, kind):
    return {name: images[f"{name}_{kind}"] for name in ph.PATTERNS}


def test_each_pattern_and_its_complement_make_the_full_one():
    patterns = ph.gradient_patterns(32)
    for axis in ph.AXES:
        assert patterns[axis] + patterns[f"{axis}_inverse"] == pytest.approx(patterns["full"], abs=1e-6)
    right = lm.directions(32)[..., 0] > 0.99
    assert patterns["x"][right].min() > 0.99 and patterns["x_inverse"][right].max() < 0.01


def test_the_patterns_turn_with_the_camera():
    matrix = np.array([[0.36, 0.48, -0.8], [-0.8, 0.6, 0.0], [0.48, 0.64, 0.6]])
    assert matrix @ matrix.T == pytest.approx(np.eye(3), abs=1e-9)
    for name, panorama in ph.gradient_panoramas(matrix, 128).items():
        seen = lm.panorama_in_camera(panorama, matrix, height=32)
        assert seen == pytest.approx(ph.gradient_patterns(32)[name], abs=0.01), name  # two lookups at 1.4° a texel
    brightest = world_directions(128).reshape(-1, 3)[ph.gradient_panoramas(matrix, 128)["y"][..., 0].argmax()]
    assert brightest @ matrix[:, 1] > 0.999


def test_diffuse_normals_of_an_open_matte_sphere_are_its_normals(sphere):
    images = reflected(sphere, np.array([0.7, 0.4, 0.3]), 0.0)
    found = ph.diffuse_normals(of(images, "diffuse"))
    # 32 rows of texels integrate the cosine to a third of a degree.
    assert ph.angles_deg(found, sphere[0])[sphere[1]].max() < 0.5
    assert not found[~sphere[1]].any()


def test_specular_normals_of_a_shiny_sphere_are_its_normals(sphere):
    images = reflected(sphere, np.zeros(3), 0.04)
    view = np.broadcast_to([0.0, 0.0, 1.0], (SIZE, SIZE, 3))
    found = ph.specular_normals(of(images, "specular"), view)
    front = sphere[1] & (sphere[0][:, :, 2] > 0.2)  # at the rim the view mirrored is nearly opposite
    assert ph.angles_deg(found, sphere[0])[front].max() < 0.5


@pytest.mark.parametrize("albedo", [(0.7, 0.45, 0.35), (0.25, 0.14, 0.09)])
@pytest.mark.parametrize("shine", [0.01, 0.04])
def test_separation_gives_back_what_was_added(sphere, albedo, shine):
    images = reflected(sphere, np.array(albedo), shine)
    view = np.broadcast_to([0.0, 0.0, 1.0], (SIZE, SIZE, 3))
    parts = ph.separate(ph.both(images), view)
    front = sphere[1] & (sphere[0][:, :, 2] > 0.3)
    assert parts.diffuse + parts.specular == pytest.approx(images["full_diffuse"] + images["full_specular"])
    # The lobe of exponent 80 shortens the mirrored direction by 2%.
    assert parts.specular[front].mean() == pytest.approx(images["full_specular"][front].mean(), rel=0.1)
    assert np.abs(parts.specular - images["full_specular"])[front].mean() < 0.15 * shine
    assert ph.angles_deg(parts.normals, sphere[0])[front].max() < 1.5
