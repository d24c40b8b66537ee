"""What is seen through glass: bent by Snell's law in every map alike, and still recombining."""

import numpy as np
import pytest

from relight_stage.scenes.build.surroundings import build_panorama_world
from relight_stage.scenes.bust import Bust, Material, Part
from relight_stage.scenes.cameras import Camera
from relight_stage.synth.stage import Stage

SIZE, INDEX = 48, 1.5
CAMERA = Camera(frame_m=0.2, offset_m=(0.0, 0.0))
MARKS = np.zeros((68, 3), np.float32)
WALL_M = 0.1  # y of the wall behind the glass
# Faces of a prism: a point and the normal towards the camera.
FACES = (
    (np.array([0.0, 0.0, 0.0]), np.array([0.0, -1.0, 0.0])),
    (np.array([0.0, 0.03, 0.0]), np.array([0.2, -1.0, 0.1])),
)


def plane(name, point, normal, half, towards, **material):
    """A square across the view, its corners on the plane through a point; ``towards``: 1 faces the camera, −1 away."""
    x, z = half * np.array([-1.0, 1, 1, -1]), half * np.array([-1.0, -1, 1, 1])
    y = point[1] - (normal[0] * (x - point[0]) + normal[2] * (z - point[2])) / normal[1]
    vertices = np.stack([x, y, z], -1).astype(np.float32)
    faces = np.array([[0, 1, 2, 3][::towards]], np.int32)
    return Part(name, vertices, faces, np.zeros(1, np.uint8), Material(name, **material))


def scene(index, transmission=(1.0, 1.0, 1.0)):
    wall = plane("wall", np.array([0, WALL_M, 0]), np.array([0, -1.0, 0]), 1.0, 1, colour=(0.5, 0.4, 0.3), specular=0.0)
    clear = {"colour": (0.004,) * 3, "transmission": transmission, "index": index, "specular": 0.0}
    glass = [plane(f"face {k}", *FACES[k], 0.2, (1, -1)[k], **clear) for k in range(2)]
    return Bust((wall, *glass), MARKS)


def refracted(ray, normal, ratio):
    """Snell's law for unit rays (..., 3) and a normal against them, in vectors."""
    cosine = -(ray @ normal)[..., None]
    return ratio * ray + (ratio * cosine - np.sqrt(1 - ratio**2 * (1 - cosine**2))) * normal


def met(camera, index):
    """Where rays through the pixels' centres meet the wall, (H, W, 3), by formula."""
    centres = np.stack(np.meshgrid(np.arange(SIZE) + 0.5, np.arange(SIZE) + 0.5), axis=-1)
    world = np.linalg.inv(camera.extrinsics())
    pixels = np.concatenate([centres, np.ones((SIZE, SIZE, 1))], axis=-1)
    ray = pixels @ np.linalg.inv(camera.intrinsics(SIZE)).T @ world[:3, :3].T
    ray /= np.linalg.norm(ray, axis=-1, keepdims=True)
    at = np.broadcast_to(world[:3, 3], ray.shape)
    for (point, normal), ratio in zip(FACES, (1 / index, index), strict=True):
        normal = normal / np.linalg.norm(normal)
        at = at + ray * (((point - at) @ normal) / (ray @ normal))[..., None]
        ray = refracted(ray, normal, ratio)
    return at + ray * ((WALL_M - at[..., 1]) / ray[..., 1])[..., None]


@pytest.mark.parametrize("index", [1.0, INDEX])
def test_a_prism_shows_the_wall_where_snells_law_puts_it(index):
    with Stage(scene(index), CAMERA, SIZE, seed=1, denoised=False) as stage:
        surface = stage.surface
    wanted = met(CAMERA, index)
    straight = met(CAMERA, 1.0)
    error = surface.position - wanted
    # A pixel is 4.4 mm wide on the wall, and the mean over it of finitely many rays.
    assert np.abs(error).max() < 6e-4 and np.abs(error.mean(axis=(0, 1))).max() < 3e-5
    assert (np.abs(wanted - straight).max() > 5e-3) == (index != 1.0)
    assert surface.albedo == pytest.approx(np.broadcast_to([0.5, 0.4, 0.3], surface.albedo.shape), abs=1e-3)
    assert surface.normal == pytest.approx(np.broadcast_to([0.0, 0.0, 1.0], surface.normal.shape), abs=1e-3)


def test_light_falls_on_what_is_seen_through_glass():
    """The same under glass that bends and under glass that does not, where the wall is lit evenly."""
    world = build_panorama_world(np.ones((16, 32, 3), np.float32))
    pictures = []
    for index in (1.0, INDEX):
        with Stage(scene(index, (0.9, 0.8, 0.7)), CAMERA, SIZE, seed=1, denoised=False) as stage:
            lit, unshadowed = stage.light_by_world(world, 64)
            pictures.append(lit.diffuse[8:-8, 8:-8].mean(axis=(0, 1)))
            assert (lit.diffuse <= unshadowed * 1.001 + 1e-4).mean() > 0.99
    assert pictures[1] == pytest.approx(pictures[0], rel=0.02)
    assert pictures[1].min() > 0.05
