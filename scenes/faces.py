"""The shape of a face apart from what it does: its landmarks at rest, without building the bust around them."""

from dataclasses import replace

import numpy as np

from .anatomy import Expression, marks_of
from .features import face_landmarks
from .heads import Head
from .ict_facekit import IctHead
from .ict_model import load_model
from .makehuman import MakeHumanHead
from .makehuman_body import morph
from .makehuman_ids import LANDMARKS
from .packs import Packs
from .procedural import FLIP
from .sculpture import head_field


def resting_landmarks(head: Head, packs: Packs) -> np.ndarray:
    """The 68 landmarks of a head without its expression, (68, 3) in iBUG order.

    x to the subject's left, y up, z forward; the unit is the source's own, for proportions are what it is for.
    """
    subject = head.subject
    if isinstance(subject, MakeHumanHead) and packs.makehuman is not None:
        return morph(replace(subject, expression=()), packs.makehuman)[list(LANDMARKS)]
    if isinstance(subject, IctHead) and packs.ict_facekit is not None:
        model = load_model(packs.ict_facekit)
        ids = model.landmarks
        return model.neutral[ids] + np.tensordot(np.float32(subject.identity), model.identity[:, ids], 1)
    if isinstance(subject, IctHead | MakeHumanHead):
        raise ValueError(f"a head from {head.source} without its pack")
    marks = marks_of(subject.shape, Expression())
    points = face_landmarks(lambda p: head_field(subject.shape, marks, p * FLIP), marks)
    return np.stack([points[:, 0], points[:, 2], -points[:, 1]], 1)


def face_ratios(landmarks: np.ndarray) -> dict[str, float]:
    """Proportions of a face by name, from its landmarks at rest (68, 3)."""

    def between(a: int, b: int) -> float:
        return float(np.linalg.norm(landmarks[a] - landmarks[b]))

    bridge = (landmarks[39] + landmarks[42]) / 2
    face = between(1, 15)
    height = float(np.linalg.norm(bridge - landmarks[8]))
    eyes = (between(36, 39) + between(42, 45)) / 2
    opening = (between(37, 41) + between(38, 40) + between(43, 47) + between(44, 46)) / 4
    return {
        "face height / width": height / face,
        "jaw / face width": between(4, 12) / face,
        "eye distance / face width": between(39, 42) / face,
        "eye opening / length": opening / eyes,
        "nose width / face width": between(31, 35) / face,
        "nose length / face height": float(np.linalg.norm(bridge - landmarks[33])) / height,
        "mouth / face width": between(48, 54) / face,
        "lips / mouth width": between(51, 57) / between(48, 54),
    }
