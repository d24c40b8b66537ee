"""Laws of the meshes of fields, held against the sphere."""

import numpy as np
import pytest

from relight_stage.scenes.fields import ellipsoid, graded_axis, project, round_cone, surface_nets, unite


def volume(vertices, faces):
    """Signed volume by the divergence theorem, positive when faces are counter-clockwise seen from outside."""
    a, b, c, d = vertices[faces].astype(float).transpose(1, 0, 2)
    return sum(np.einsum("ni,ni->n", p, np.cross(q, r)).sum() for p, q, r in ((a, b, c), (a, c, d))) / 6


def sphere(points):
    return np.linalg.norm(points, axis=1) - 30


@pytest.fixture(scope="module")
def mesh():
    axis = graded_axis((-40, 0, 40), (2.5, 1.0, 2.5))
    return surface_nets(sphere, axis, axis, axis)


def test_a_meshed_sphere_keeps_its_volume_and_faces_outwards(mesh):
    # The vertices average chords and so lie inside; (cell / radius)² / 8 at 2 mm cells is under 1 %.
    assert volume(*mesh) == pytest.approx(4 / 3 * np.pi * 30**3, rel=0.01)


def test_a_mesh_is_closed(mesh):
    _, faces = mesh
    edges = np.sort(np.stack([faces, np.roll(faces, -1, 1)], -1).reshape(-1, 2), axis=1)
    _, counts = np.unique(edges, axis=0, return_counts=True)
    assert (counts == 2).all()


def test_projected_vertices_lie_on_the_sphere(mesh):
    # One Newton step on a distance leaves the difference quotient's error, step / (2 radius) of the way.
    moved = project(sphere, mesh[0], 0.01, 1)
    assert np.abs(sphere(moved)).max() < 0.01


def test_an_ellipsoid_field_vanishes_on_its_surface_and_is_negative_inside():
    rng = np.random.default_rng(0)
    radii = np.array([2.0, 5.0, 3.0])
    unit = rng.normal(size=(200, 3))
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    assert np.abs(ellipsoid(unit * radii, (0, 0, 0), tuple(radii))).max() < 1e-5
    assert (ellipsoid(0.9 * unit * radii, (0, 0, 0), tuple(radii)) < 0).all()


def test_a_round_cone_measures_distance_to_a_capsule():
    points = np.float32([[0, 0, 7], [4, 0, 2], [0, 0, 0], [3, 0, -4]])
    distance = round_cone(points, (0, 0, 0), (0, 0, 5), 1, 1)
    assert distance == pytest.approx([1, 3, -1, 4], abs=1e-5)


def test_a_union_is_never_outside_either_shape():
    a, b = np.linspace(-3, 3, 50), np.linspace(2, -4, 50)
    assert (unite(a, b, 1.5) <= np.minimum(a, b)).all()
    assert unite(a, b, 1.5)[[0, -1]] == pytest.approx([-3, -4])
