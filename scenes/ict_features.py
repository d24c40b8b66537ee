"""Eyeballs, brows and lashes of an ICT FaceKit head, and the parts that the pack brings ready-made.

The pack's frame (see ``ict_model.py``) in, the bust's frame out.
"""

from typing import TYPE_CHECKING

import numpy as np

from .brows import Forehead, brows_of
from .bust import LABELS, Material, Part, Strands
from .eyes import Eyes, eye_part, gaze_turn, wet_line
from .ict_model import Model, to_bust
from .lashes import lashes_of, lids_of

if TYPE_CHECKING:
    from .ict_facekit import IctHead

_LIMBUS = 0.40  # radians from the gaze where the iris ends


def eyeball(
    model: Model, k: int, vertices: np.ndarray, origin: np.ndarray, eyes: Eyes, gaze_deg: tuple[float, float]
) -> tuple[Part, Part]:
    """Eyeball ``k`` (0 left, 1 right) on a grid that follows the pack's eyeball, turned by the gaze, and its tears."""
    first, end = model.eyeballs[k]
    rest = np.concatenate([model.neutral[first:end], np.ones((end - first, 1), np.float32)], 1)
    motion = np.linalg.lstsq(rest, vertices[first:end], rcond=None)[0]  # (4, 3), affine
    grid = model.eye_grids[k]
    points = to_bust(np.concatenate([grid, np.ones((len(grid), 1))], 1) @ motion, origin)
    side = ("left", "right")[k]
    centre = (points.min(0) + points.max(0)) / 2
    radius = float(np.median(np.linalg.norm(points - centre, axis=1)))
    points = centre + (points - centre) @ gaze_turn(gaze_deg).T
    return (
        eye_part(f"eye_{side}", points, eyes, _LIMBUS, inwards=(np.pi, 0.0)[k]),
        wet_line(f"tears_{side}", to_bust(vertices[model.lid_rims[k]], origin), centre, radius),
    )


def brows(head: "IctHead", model: Model, vertices: np.ndarray, origin: np.ndarray) -> Strands:
    """Brows along the pack's landmarks."""
    rest, now = to_bust(model.neutral, model.origin), to_bust(vertices, origin)
    faces = model.skin_faces[model.labels == LABELS.index("skin")]
    return brows_of(head.brows, Forehead(rest, now, faces[faces[:, 3] >= 0]), rest[model.landmarks], head.pattern)


def lashes(head: "IctHead", model: Model, vertices: np.ndarray, origin: np.ndarray) -> Strands:
    """Lashes from the rims of the lids; the pack's own are cards without a picture."""
    eyes = []
    for rim, (first, end) in zip(model.lid_rims, model.eyeballs, strict=True):
        ball = to_bust(vertices[first:end], origin)
        rest, now = (to_bust(points[rim], origin) for points in (model.neutral, vertices))
        eyes.append(lids_of(rest, now, (ball.min(0) + ball.max(0)) / 2))
    return lashes_of(tuple(eyes), head.pattern)


def ready_part(
    model: Model, name: str, material: Material, label: int, vertices: np.ndarray, origin: np.ndarray
) -> Part:
    """One material of the pack as a part."""
    faces = model.faces[model.face_material == model.material_names.index(name)]
    # The mouth's socket shares its material with the gums; it is part of the skin.
    faces = faces[faces[:, 0] >= model.skin_end]
    used = np.unique(faces[faces >= 0])
    order = np.full(len(vertices) + 1, -1, np.int32)
    order[used] = np.arange(len(used))
    labels = np.full(len(faces), label, np.uint8)
    return Part(material.name, to_bust(vertices[used], origin), order[faces], labels, material)
