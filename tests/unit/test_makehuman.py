"""Busts from the MakeHuman pack are whole, repeatable and the right way round."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from relight_stage.errors import SceneError
from relight_stage.scenes.bust import LABELS
from relight_stage.scenes.makehuman import makehuman_bust, makehuman_head_rand, makehuman_scalp
from relight_stage.scenes.packs import find_packs


@pytest.fixture(scope="module")
def pack() -> Path:
    if not os.environ.get("RELIGHT_STAGE_ASSETS"):
        pytest.skip("RELIGHT_STAGE_ASSETS IS NOT SET: the heads of MakeHuman are not tested")
    folder = find_packs(None).makehuman
    if folder is None:
        pytest.skip("RELIGHT_STAGE_ASSETS HOLDS NO makehuman/: its heads are not tested")
    return folder


@pytest.fixture(scope="module", params=[0, 1, 2, 3])
def head(request, pack):
    return makehuman_head_rand(np.random.default_rng(request.param), pack)


@pytest.fixture(scope="module")
def bust(head, pack):
    return makehuman_bust(head, pack)


def test_same_rng_same_bust(head, bust, pack):
    again = makehuman_bust(head, pack)
    assert all(np.array_equal(a.vertices, b.vertices) for a, b in zip(bust.parts, again.parts, strict=True))
    assert makehuman_head_rand(np.random.default_rng(5), pack) == makehuman_head_rand(np.random.default_rng(5), pack)


def test_landmarks_lie_on_the_skin_and_left_is_left(bust):
    vertices = bust.parts[0].vertices
    distance = np.linalg.norm(bust.landmarks[:, None] - vertices, axis=-1).min(1)
    assert distance.max() < 0.003
    left_eye, right_eye = bust.landmarks[42:48, 0].mean(), bust.landmarks[36:42, 0].mean()
    assert left_eye > 0 > right_eye
    assert bust.landmarks[30, 1] < bust.landmarks[36:48, 1].min()
    assert bust.landmarks[8, 2] < bust.landmarks[57, 2] < bust.landmarks[33, 2] < bust.landmarks[27, 2]


def test_closing_the_eyes_closes_their_landmarks(head, pack):
    def gaps(expression):
        points = makehuman_bust(replace(head, expression=expression), pack).landmarks
        return [np.linalg.norm(points[a] - points[b]) for a, b in ((37, 41), (38, 40), (43, 47), (44, 46))]

    closure = tuple((f"eye-{side}-closure", 1.0) for side in ("left", "right"))
    assert max(np.divide(gaps(closure), gaps(()))) < 0.4


def test_the_brows_landmarks_run_from_the_right_end_to_the_left(bust):
    assert (np.diff(bust.landmarks[17:27, 0]) > 0).all()


def test_the_origin_lies_between_the_eyes(bust):
    centres = []
    for side in ("eye_left", "eye_right"):
        vertices = next(part for part in bust.parts if part.name == side).vertices
        # The sphere nearest to the vertices, |v|² = 2 c·v + k.
        system = np.concatenate([2 * vertices, np.ones((len(vertices), 1))], 1).astype(float)
        centres.append(np.linalg.lstsq(system, (vertices.astype(float) ** 2).sum(1), rcond=None)[0][:3])
    # The cornea pulls the sphere forward by a millimetre or two.
    assert np.abs(np.mean(centres, axis=0)).max() < 0.0025


def test_the_face_faces_outwards(bust):
    """The body is cut open below, so the volume is taken of the head alone, about its own middle."""
    skin = bust.parts[0]
    head = skin.faces[(skin.vertices[skin.faces][..., 2] > -0.12).all(1)]
    triangles = np.concatenate([head[:, :3], head[:, [0, 2, 3]]])
    a, b, c = (skin.vertices[triangles[:, k]].astype(float) - (0, 0.08, 0) for k in range(3))
    assert np.einsum("ij,ij->", a, np.cross(b, c)) / 6 > 0.001


def test_bust_reaches_below_the_picture(bust):
    assert min(part.vertices[:, 2].min() for part in bust.parts) < -0.48


def test_all_labels_are_there(head, bust):
    seen = {LABELS[label] for part in bust.parts for label in np.unique(part.labels)}
    seen |= {LABELS[strands.label] for strands in bust.strands}
    assert seen >= set(LABELS) - {"hair", "accessories", "props"}
    assert ("hair" in seen) == (head.hair is not None)


def test_lips_surround_the_lips_landmarks(bust):
    skin = bust.parts[0]
    lips = np.unique(skin.faces[skin.labels == LABELS.index("lips")])
    distance = np.linalg.norm(bust.landmarks[48:, None] - skin.vertices[lips], axis=-1).min(1)
    # Every mouth landmark was picked on the vermilion or its edge, one row of faces (3 mm) at most away.
    assert distance.max() < 0.003


def test_both_eyes_turn_to_the_left(head, pack):
    def pupils(gaze):
        bust = makehuman_bust(replace(head, gaze_deg=gaze, hair=None), pack)
        # The last vertex of an eyeball's grid is its tip.
        return [part.vertices[-1] for part in bust.parts if part.name in ("eye_left", "eye_right")]

    for ahead, left in zip(pupils((0.0, 0.0)), pupils((15.0, 0.0)), strict=True):
        assert left[0] - ahead[0] > 0.002


def test_hair_grows_on_the_crown_and_not_on_the_face(bust, pack):
    scalp, vertices = makehuman_scalp(bust, pack), bust.parts[0].vertices
    assert scalp[vertices[:, 2].argmax()] == 1
    nearest = np.linalg.norm(bust.landmarks[17:, None] - vertices, axis=-1).argmin(1)
    assert scalp[nearest].max() == 0
    assert scalp[vertices[:, 2] < -0.12].max() == 0


def test_the_brows_lie_at_the_brow_landmarks(bust):
    roots = next(strands for strands in bust.strands if strands.name == "brows").points[:, 0]
    # A brow may lie 2 mm above its landmarks, and its outer end is thin.
    assert np.linalg.norm(bust.landmarks[17:27, None] - roots, axis=-1).min(1).max() < 0.004


def test_brows_and_lashes_grow_from_the_skin(bust):
    corners = bust.parts[0].vertices[bust.parts[0].faces]
    # Vertices are up to 10 mm apart on brows; with the middles of edges and faces some point is within 4 mm of any.
    middles = (corners + np.roll(corners, 1, axis=1)) / 2
    skin = np.concatenate([corners.reshape(-1, 3), middles.reshape(-1, 3), corners.mean(axis=1)])
    near = np.abs(skin - bust.strands[0].points[0, 0]).max(axis=1) < 0.2
    skin = skin[near]
    for strands in bust.strands:
        apart = np.linalg.norm(strands.points[::7, 0, None] - skin, axis=-1).min(1)
        assert apart.max() < 0.004, strands.name


def test_a_missing_picture_is_named(head, pack):
    with pytest.raises(SceneError, match="teeth_violet"):
        makehuman_bust(replace(head, teeth="violet"), pack)
