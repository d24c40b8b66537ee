"""Eyeballs, brows and lashes of an ICT FaceKit head, and the parts that the pack brings ready-made.

The pack's frame (see ``ict_model.py``) in, the bust's frame out.
"""

from typing import TYPE_CHECKING

import numpy as np

from .bust import LABELS, Material, Part, Strands
from .eyes import Eyes, eye_part, gaze_turn, wet_line
from .ict_model import Model, centres, to_bust
from .ict_torso import vertex_normals
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
    """Short hairs along the brow ridges, rooted in the skin and lying on it."""
    rng = np.random.default_rng(head.pattern)
    count = int(420 * head.brow_density)
    arches = []
    for marks, side in ((model.landmarks[[21, 20, 19, 18, 17]], -1), (model.landmarks[22:27], 1)):
        arch = model.neutral[marks, :2]
        t = rng.uniform(0, 1, count) ** 0.9
        along = np.stack([np.interp(t * 4, np.arange(5), arch[:, k]) for k in range(2)], 1)
        width = 0.1 * head.brow_width_mm * np.minimum(1, 0.55 + 2 * t) * (1.05 - 0.85 * t**2)
        root = along + np.array([0, 0.1 * head.brow_lift_mm])
        root[:, 1] += rng.uniform(-0.5, 0.5, count) * width
        # Upright near the nose, then along the arch and at last downwards.
        angle = np.interp(t, [0, 0.25, 0.7, 1], [1.2, 0.55, 0.1, -0.45]) + rng.normal(0, 0.18, count)
        length = 0.65 * (1 - 0.25 * t) * rng.uniform(0.75, 1.2, count)
        steps = np.linspace(0, 1, 5)[:, None]
        x = root[:, 0] + side * steps * length * np.cos(angle)
        y = root[:, 1] + steps * length * np.sin(angle) - 0.08 * steps**2
        arches.append(np.stack([x, y], -1).transpose(1, 0, 2))
    flat = np.concatenate(arches)  # (2 · count, 5, 2)
    points = _drape(model, vertices, flat, np.linspace(0.005, 0.1, 5))
    material = Material("brows", head.brow_colour, roughness=0.45, specular=0.3)
    return Strands(
        "brows", to_bust(points.reshape(-1, 3), origin).reshape(points.shape), 0.00022, LABELS.index("brows"), material
    )


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


def _drape(model: Model, vertices: np.ndarray, flat: np.ndarray, above: np.ndarray) -> np.ndarray:
    """Carry short strands drawn in front of the neutral forehead to a head's skin.

    Args:
        flat: (K, P, 2) x and y on the neutral head.
        above: (P,) centimetres above the skin.

    Returns:
        (K, P, 3) centimetres.
    """
    faces, rest = model.skin_faces, model.neutral
    middles = centres(rest, faces)
    # Above the eyes and below the hairline, in front of the ears.
    ridge = (middles[:, 2] > 4) & (middles[:, 1] > 3.8) & (middles[:, 1] < 9)
    ridge &= (model.labels == LABELS.index("skin")) & (faces[:, 3] >= 0)
    ridge &= ((middles[:, :2] > flat.min((0, 1)) - 0.5) & (middles[:, :2] < flat.max((0, 1)) + 0.5)).all(1)
    quads = faces[ridge]
    triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    a, b, c = rest[triangles].transpose(1, 0, 2)[..., :2]
    middle = (a + b + c) / 3
    # Squared distances but for what all triangles share; those nearest to a strand's middle are its candidates.
    apart = (middle**2).sum(1) - 2 * flat.mean(1) @ middle.T
    near = np.argpartition(apart, 24, axis=1)[:, :24]
    a, b, c = (corner[near][:, None] for corner in (a, b, c))  # (K, 1, 24, 2)
    p = flat[:, :, None]
    shares = np.stack([_twice_area(p, b, c), _twice_area(p, c, a), _twice_area(p, a, b)], -1)
    shares /= shares.sum(-1, keepdims=True)
    best = shares.min(-1).argmax(2)  # (K, P)
    shares = np.take_along_axis(shares, best[:, :, None, None], 2)[:, :, 0]
    triangle = triangles[np.take_along_axis(near, best, 1)]
    normals = vertex_normals(vertices[: model.skin_end], faces)
    points = np.einsum("kps,kpsa->kpa", shares, vertices[triangle])
    return points + above[:, None] * np.einsum("kps,kpsa->kpa", shares, normals[triangle])


def _twice_area(p: np.ndarray, q: np.ndarray, r: np.ndarray) -> np.ndarray:
    """Twice the signed area of triangles in the plane, points (..., 2)."""
    return (q[..., 0] - p[..., 0]) * (r[..., 1] - p[..., 1]) - (q[..., 1] - p[..., 1]) * (r[..., 0] - p[..., 0])
