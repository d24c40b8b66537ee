"""Simple subjects of known shape for the laws of the light stage."""

import numpy as np
import pytest

from relight_stage.scenes.bust import Bust, Material, Part


@pytest.fixture(autouse=True, scope="session")
def real_blender():
    pytest.importorskip("bpy", reason="the headless tier needs the bpy wheel: make env")


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
