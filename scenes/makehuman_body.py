"""MakeHuman's body: morphed, posed, and carried into the bust's frame.

The pack's own frame is decimetres, +y up, +z out of the face. V: vertices of the base mesh (19158), F: its faces.
"""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import SceneError
from .bust import LABELS
from .fields import smoothstep
from .makehuman_ids import LIP_FACES

if TYPE_CHECKING:
    from .makehuman import MakeHumanHead

ANCESTRIES = ("african", "asian", "caucasian")


def morph(head: "MakeHumanHead", pack: Path) -> np.ndarray:
    """The base mesh under all targets of the head, (V, 3) decimetres."""
    targets = load(pack / "targets.npz")
    order = _target_order(pack)
    body = load(pack / "base.npz")["verts"].copy()

    def add(name: str, weight: float) -> None:
        i = order[name]
        run = slice(targets["ptr"][i], targets["ptr"][i + 1])
        body[targets["idx"][run]] += weight * targets["delta"][run].astype(np.float32)

    genders = (("female", 1 - head.gender), ("male", head.gender))
    ages = (("child", max(-head.age, 0)), ("young", 1 - abs(head.age)), ("old", max(head.age, 0)))
    for gender, share in genders:
        for age, of_age in ages:
            for ancestry, of_ancestry in zip(ANCESTRIES, head.ancestry, strict=True):
                add(f"macrodetails/{ancestry}-{gender}-{age}", share * of_age * of_ancestry)
            for muscle, of_muscle in _thirds(head.muscle):
                for weight, of_weight in _thirds(head.weight):
                    name = f"macrodetails/universal-{gender}-{age}-{muscle}muscle-{weight}weight"
                    add(name, share * of_age * of_muscle * of_weight)
    for name, amount in head.details:
        add(name, amount)
    for name, amount in head.expression:
        for ancestry, share in zip(ANCESTRIES, head.ancestry, strict=True):
            add(f"expression/units/{ancestry}/{name}", amount * share)
    return body


def lower_arms(base: dict, body: np.ndarray, angle_deg: float = 32.0) -> np.ndarray:
    """Swing the arms down from MakeHuman's A-pose to hang as they do in a portrait."""
    body = body.copy()
    rest = base["verts"]
    for side, sign in (("l", 1), ("r", -1)):
        shoulder, elbow = (group_centre(base, rest, f"joint-{side}-{joint}") for joint in ("shoulder", "elbow"))
        along = (elbow - shoulder) / np.linalg.norm(elbow - shoulder)
        offset = rest - shoulder
        t = offset @ along
        radius = np.linalg.norm(offset - t[:, None] * along, axis=1)
        # The upper arm is what lies close to its own axis, the rest whatever lies farther out than any torso; the
        # weight rises from the collarbone to the upper arm.
        near = np.maximum(smoothstep(1.1, 0.75, radius), smoothstep(2.2, 2.6, sign * rest[:, 0]))
        weight = smoothstep(-0.6, 0.9, t) * near * (sign * rest[:, 0] > 0.9)
        pivot = group_centre(base, body, f"joint-{side}-shoulder")
        angle = -sign * np.radians(angle_deg) * weight
        x, y = (body - pivot)[:, 0], (body - pivot)[:, 1]
        body[:, 0] = pivot[0] + np.cos(angle) * x - np.sin(angle) * y
        body[:, 1] = pivot[1] + np.sin(angle) * x + np.cos(angle) * y
    return body


def fit_proxy(proxy: dict, body: np.ndarray) -> np.ndarray:
    """Vertices of a proxy on a body."""
    p, q = body[proxy["scale_refs"][:, 0]], body[proxy["scale_refs"][:, 1]]
    axes = np.arange(3)
    scale = np.abs(p[axes, axes] - q[axes, axes]) / proxy["scale_den"]
    return np.einsum("kj,kja->ka", proxy["weights"], body[proxy["refs"]]) + proxy["offsets"] * scale


def skin_labels(base: dict, uv: np.ndarray) -> np.ndarray:
    """Labels of all faces of the base mesh, (F,): lips by id, mouth and eye sockets by where their texture lies."""
    labels = np.full(len(uv), LABELS.index("skin"), np.uint8)
    u, v = uv[..., 0], uv[..., 1]
    labels[((u > 0.75) & (v < 0.145)).all(1)] = LABELS.index("mouth")
    labels[((u < 0.16) & (v > 0.54) & (v < 0.64)).all(1)] = LABELS.index("eyes")
    for first, end in LIP_FACES:
        labels[first:end] = LABELS.index("lips")
    return labels


def scalp_weights(base: dict) -> np.ndarray:
    """Where hair grows on the base mesh, (V,) in [0, 1]: as the dark skins' pictures paint it."""
    x, y, z = base["verts"].T
    # Lowest height of hair along the side of the head: nape, behind the ear, over it, sideburn, temple, forehead.
    depth = [0.20, 0.30, 0.38, 0.58, 0.74, 0.78, 0.86, 0.92, 1.00, 1.10, 1.20, 1.30]
    line = np.interp(z, depth, [6.72, 6.85, 7.33, 7.42, 7.30, 7.08, 7.08, 7.45, 7.70, 7.87, 8.00, 8.12])
    ear = (np.abs(x) > 0.74) & (y < 7.38) & (z > 0.3) & (z < 0.8)
    return (smoothstep(-0.04, 0.04, y - line) * ~ear).astype(np.float32)


def to_bust(points: np.ndarray, origin: np.ndarray) -> np.ndarray:
    """From decimetres, +y up, +z out of the face, to the bust's frame."""
    moved = (points - origin) * 0.1
    return np.stack([moved[:, 0], -moved[:, 2], moved[:, 1]], 1).astype(np.float32)


def group_centre(base: dict, body: np.ndarray, name: str) -> np.ndarray:
    """Centre of a named group of the base mesh, (3,)."""
    faces = base["faces"][base["face_group"] == base["group_names"].tolist().index(name)]
    return body[np.unique(faces)].mean(0)


@lru_cache(maxsize=64)
def load(path: Path) -> dict:
    """All arrays of an npz file, read once a process."""
    if not path.is_file():
        raise SceneError(f"The asset pack lacks {path}. Install the pack again.")
    with np.load(path) as arrays:
        return dict(arrays)


@lru_cache(maxsize=4)
def _target_order(pack: Path) -> dict[str, int]:
    return {str(name): i for i, name in enumerate(load(pack / "targets.npz")["names"])}


def _thirds(value: float) -> tuple[tuple[str, float], ...]:
    """Weights of MakeHuman's min, average and max targets for a value in [0, 1]; they sum to 1."""
    return ("min", max(0.0, 1 - 2 * value)), ("average", 1 - abs(2 * value - 1)), ("max", max(0.0, 2 * value - 1))
