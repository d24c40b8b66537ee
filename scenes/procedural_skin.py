"""What lies where on the skin of the self-contained head: labels, texture layout, paint.

``vertices`` are millimetres in the bust's axes, as in ``procedural.py``; V vertices, F faces.
"""

from dataclasses import dataclass

import numpy as np

from .anatomy import Marks, lid_field, lip_heights, mouth_gap, mouth_line, unpose
from .bust import LABELS, Material
from .canvas import canvas_of
from .complexion import face_of, skin_material, to_mean_face
from .fields import smoothstep
from .makeup import Makeup
from .skin import Skin

# From the bust's frame to the sculpting frame and back.
FLIP = np.float32([1, -1, 1])

# The layout unrolls a cylinder that closes to a cap above this height, about an axis this far behind the eyes.
_CAP_MM, _AXIS_MM = 40.0, 62.0
_LOWEST_MM, _HIGHEST_MM = -240.0, 172.0
# The linings of mouth and eyes lie behind the skin: they take a strip of their own under it.
_STRIP = 0.1


@dataclass(frozen=True)
class PaintedSkin:
    """What turns the skin's mesh into a part: see ``bust.Part``."""

    labels: np.ndarray
    uv: np.ndarray
    colours: np.ndarray
    material: Material


def painted_skin(skin: Skin, makeup: Makeup, marks: Marks, vertices: np.ndarray, faces: np.ndarray) -> PaintedSkin:
    """Label, lay out and paint the skin."""
    labels = _labels(marks, vertices[faces].mean(1) * FLIP)
    rest = unpose(marks, vertices * FLIP)
    heights = (marks.chin_z + 1, marks.mouth_z, marks.nose_z - 9.8, 0.0, marks.brow_z + 4.5)
    at = to_mean_face(rest, heights, marks.eye_x + marks.fissure)
    uv = _layout(at, faces, labels)
    values = np.concatenate([at, _vermilion(marks, rest)[:, None], _lining(marks, vertices)[:, None]], 1)
    face = face_of(canvas_of(uv, faces, values, 704, 760))
    return PaintedSkin(labels, uv, _lash_shade(marks, vertices), skin_material(skin, makeup, face, None))


def _layout(at: np.ndarray, faces: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Texture layout (F, 4, 2) of points on the mean face (V, 3); the front gets three times the back's density."""
    x, d, z = at.T
    angle = np.arctan2(x, d + _AXIS_MM) / np.pi
    u = 0.5 + 0.5 * angle * (1.5 - 0.5 * np.abs(angle))
    over = 130 * 2 / np.pi * np.arctan2(np.maximum(z - _CAP_MM, 0), np.hypot(x, d + _AXIS_MM))
    height = np.minimum(z, _CAP_MM) + over
    v = np.clip((height - _LOWEST_MM) / (_HIGHEST_MM - _LOWEST_MM), 0, 1)
    uv = np.stack([u, _STRIP + 0.01 + (0.99 - _STRIP) * v], -1)[faces]
    lining = (labels == LABELS.index("mouth")) | (labels == LABELS.index("eyes"))
    uv[lining, :, 1] = (_STRIP - 0.01) * v[faces[lining]]
    # Where the cylinder closes, a face goes on beyond its edge; textures repeat.
    closing = np.ptp(uv[..., 0], axis=1) > 0.5
    uv[closing, :, 0] += uv[closing, :, 0] < 0.5
    return uv.astype(np.float32)


def _labels(marks: Marks, centres: np.ndarray) -> np.ndarray:
    """Label of each face of the skin from its centre (F, 3) in the sculpting frame."""
    labels = np.full(len(centres), LABELS.index("skin"), np.uint8)
    x, d, z = centres.T
    rest = unpose(marks, centres)
    labels[_vermilion(marks, rest) > 0.5] = LABELS.index("lips")
    eye = np.sqrt((np.abs(x) - marks.eye_x) ** 2 + d * d + z * z)
    labels[(lid_field(marks, np.abs(x), z) < -0.3) & (eye < 16.5) & (d > -2)] = LABELS.index("eyes")
    if marks.gap:
        back = marks.mouth_d - x * x / 54 - 5.5
        labels[(mouth_gap(marks, x, z) < 1.5) & (d < back) & (d > -40)] = LABELS.index("mouth")
    return labels


def _vermilion(marks: Marks, rest: np.ndarray) -> np.ndarray:
    """1 on the lips, 0 on the skin around them, at resting points (V, 3)."""
    x, d, z = rest.T
    line = mouth_line(marks, x)
    high, low = lip_heights(marks, x)
    inside = np.minimum(line + high - z, z - line + low)
    return smoothstep(-0.5, 0.5, inside) * (np.abs(x) < marks.mouth_half) * (d > -5) * (d < 40)


def _lining(marks: Marks, vertices: np.ndarray) -> np.ndarray:
    """Where the skin is the wet lining of the lids or of the mouth, (V,) in [0, 1]."""
    almond, eye = _almond(marks, vertices)
    x, d, z = (vertices * FLIP).T
    wet = 0.8 * smoothstep(1.0, 0.2, almond) * (eye < 17) * (d > -3)
    if not marks.gap:
        return wet
    deep = smoothstep(0, -9, d - (marks.mouth_d - x * x / 54 - 3)) * (mouth_gap(marks, x, z) < 1.5) * (d > -40)
    return np.maximum(wet, deep)


def _lash_shade(marks: Marks, vertices: np.ndarray) -> np.ndarray:
    """White (V, 3) but for the shade of the lashes' roots along the lids, and for the depth of the mouth."""
    almond, eye = _almond(marks, vertices)
    x, d, z = (vertices * FLIP).T
    lash = np.exp(-0.5 * ((almond - 0.9) / 0.6) ** 2) * (eye < 17.5) * (d > 0)
    lash *= np.where(z > marks.tilt * (np.abs(x) - marks.eye_x) / marks.fissure, 0.6, 0.2)
    shade = 1 - lash[:, None] * (1 - np.float32([0.12, 0.09, 0.08]))
    if marks.gap:
        deep = smoothstep(-8, -25, d - marks.mouth_d) * (mouth_gap(marks, x, z) < 1.5) * (d > -40)
        shade = shade * (1 - 0.7 * deep[:, None])
    return shade.astype(np.float32)


def _almond(marks: Marks, vertices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The lids' field (V,), negative where the eye is open, and the distance (V,) from the eye's centre."""
    x, d, z = (vertices * FLIP).T
    return lid_field(marks, np.abs(x), z), np.sqrt((np.abs(x) - marks.eye_x) ** 2 + d * d + z * z)
