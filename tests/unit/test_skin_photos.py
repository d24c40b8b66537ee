"""MakeHuman's photographed skins on heads of the ICT FaceKit: what they show lies where the other head has it."""

import os
from dataclasses import replace

import cv2
import numpy as np
import pytest

from relight_stage.scenes.bust import LABELS
from relight_stage.scenes.colour import luminance, srgb_to_linear
from relight_stage.scenes.ict_facekit import ict_bust, ict_head_rand
from relight_stage.scenes.ict_model import load_model
from relight_stage.scenes.makehuman_body import load, skin_labels
from relight_stage.scenes.makehuman_ids import LANDMARKS
from relight_stage.scenes.packs import find_packs
from relight_stage.scenes.skin_photos import SKIN_TEXTURES, picture_path

SKIN, LIPS = LABELS.index("skin"), LABELS.index("lips")
EYES_NOSE_AND_LIPS = range(27, 68)


@pytest.fixture(scope="module")
def packs():
    if not os.environ.get("RELIGHT_STAGE_ASSETS"):
        pytest.skip("RELIGHT_STAGE_ASSETS IS NOT SET: photographed skins on other heads are not tested")
    packs = find_packs(None)
    if packs.ict_facekit is None or packs.makehuman is None:
        pytest.skip("RELIGHT_STAGE_ASSETS LACKS ict_facekit/ OR makehuman/: skins on other heads are not tested")
    return packs


@pytest.fixture(scope="module")
def skin(packs):
    """The skin of an ICT head that wears a picture: a face at rest, without its identity."""
    head = ict_head_rand(np.random.default_rng(0), packs.ict_facekit)
    head = replace(head, photo=next(iter(SKIN_TEXTURES)), expression=(), identity=(0.0,) * len(head.identity))
    return ict_bust(head, packs.ict_facekit, packs.makehuman).parts[0]


@pytest.fixture(scope="module")
def body(packs):
    """The faces of the pictures' own skin: vertices in mm, corners, places in the picture, labels."""
    base = load(packs.makehuman / "base.npz")
    keep = base["face_group"] == base["group_names"].tolist().index("body")
    places = base["uv"][base["face_uv"]]
    return 100 * base["verts"], base["faces"][keep], places[keep], skin_labels(base, places)[keep]


@pytest.fixture(scope="module")
def areas(skin):
    a, b, c = skin.vertices[skin.faces[:, :3]].transpose(1, 0, 2)
    return np.linalg.norm(np.cross(b - a, c - a), axis=1)


def test_eyes_nose_and_lips_of_the_picture_lie_on_those_of_the_head(packs, skin, body):
    vertices, faces, places, _ = body
    ours = load_model(packs.ict_facekit).landmarks
    for k in EYES_NOSE_AND_LIPS:
        about, corner = np.nonzero(faces == LANDMARKS[k])
        sides = vertices[faces[about]] - vertices[np.roll(faces[about], 1, axis=1)]
        spans = places[about] - np.roll(places[about], 1, axis=1)
        mm = np.linalg.norm(sides, axis=-1).sum() / np.linalg.norm(spans, axis=-1).sum()
        apart = np.linalg.norm(skin.photo_uv[skin.faces == ours[k]][:, None] - places[about, corner], axis=-1)
        # A lid's or a lip's edge is broader than a millimetre.
        assert (mm * apart.min(axis=1)).max() < 1.0, k


def test_lips_wear_lips_and_skin_wears_skin(skin, body, areas):
    _, _, places, labels = body
    side = 2048
    drawn = np.full((side, side), 255, np.uint8)
    for label, corners in zip(labels.tolist(), places * (side, -side) + (0, side), strict=True):
        cv2.fillConvexPoly(drawn, corners.round().astype(np.int32), label)
    worn = seen(drawn, skin)
    lips, bare = (skin.labels == label for label in (LIPS, SKIN))
    # Where lips end is drawn by hand on both heads.
    assert areas[lips & (worn == LIPS)].sum() > 0.85 * areas[lips].sum()
    assert areas[bare & (worn == LIPS)].sum() < 0.001 * areas[bare].sum()
    assert areas[bare & (worn == SKIN)].sum() > 0.98 * areas[bare].sum()


@pytest.mark.parametrize("name", SKIN_TEXTURES)
def test_the_lips_of_every_picture_are_darker_than_the_skin_around_the_mouth(packs, skin, areas, name):
    colours = luminance(srgb_to_linear(cv2.imread(str(picture_path(packs.makehuman, f"skin_{name}")))[..., ::-1] / 255))
    middles = skin.vertices[skin.faces[:, :3]].mean(axis=1)
    lips = skin.labels == LIPS
    apart = np.sqrt(((middles[:, None] - middles[lips][::8]) ** 2).sum(-1)).min(axis=1)
    around = (skin.labels == SKIN) & (apart > 0.005) & (apart < 0.012)
    worn = seen(colours, skin)
    lip, ring = (np.average(worn[where], weights=areas[where]) for where in (lips, around))
    # A picture that lay beside the mouth would show the same on both; the palest lips of people are still darker.
    assert lip < 0.9 * ring


def seen(picture, skin):
    """What a picture shows at the middle of each face of a skin."""
    height, width = picture.shape[:2]
    u, v = skin.photo_uv.mean(axis=1).T
    return picture[((1 - v) * height).astype(int).clip(0, height - 1), (u * width).astype(int).clip(0, width - 1)]
