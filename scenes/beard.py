"""Beards and moustaches: where they grow, and their strands. Bust's frame, metres."""

import numpy as np

from .bust import LABELS, Part, Strands
from .fields import smoothstep
from .hair import Hair, hair_material

_POINTS = 6


def beard_area(hair: Hair, skin: Part, landmarks: np.ndarray) -> np.ndarray:
    """Where the beard grows on the skin, (V,) in [0, 1].

    Args:
        landmarks: (68, 3).
    """
    x, y, z = skin.vertices.T
    mouth_half = (landmarks[54, 0] - landmarks[48, 0]) / 2
    mouth, chin, nose = landmarks[[48, 54], 2].mean(), landmarks[8, 2], landmarks[33, 2]
    across = np.abs(x - landmarks[33, 0]) / mouth_half
    # Upper edge: under the nose, down past the corner of the mouth, then along the cheek to the ear.
    edge = np.interp(across, [0, 0.9, 1.25, 1.7, 2.6, 2.9], [nose - 0.004, nose - 0.006, mouth, mouth, nose, 0.0])
    area = smoothstep(0.003, -0.006, z - edge) * smoothstep(chin - 0.028, chin - 0.005, z) * smoothstep(0.085, 0.06, y)
    lower_lip = landmarks[57, 2]
    beside = smoothstep(1.55, 1.25, across)
    lip_hair = smoothstep(mouth - 0.002, mouth + 0.003, z)
    chin_hair = smoothstep(mouth - 0.004, mouth - 0.014, z)
    if hair.beard_cut == "moustache":
        area = area * lip_hair * beside
    elif hair.beard_cut == "goatee":
        area = area * chin_hair * smoothstep(0.95, 0.7, across)
    elif hair.beard_cut == "circle":
        area = area * beside
    elif hair.beard_cut == "chin strap":
        area = area * smoothstep(chin + 0.022, chin + 0.012, z - 0.018 * np.clip(across - 1.2, 0, 3)) * (z < lower_lip)
    lips = (across < 1.0) & (z < landmarks[50:53, 2].max() + 0.001) & (z > lower_lip - 0.002)
    face = np.zeros(len(x), bool)
    face[skin.faces[(skin.labels == LABELS.index("skin"))].ravel()] = True
    return area * (face & ~lips)


def beard_strands(hair: Hair, roots: np.ndarray, normals: np.ndarray, rng: np.random.Generator) -> Strands:
    """Grow a beard from roots and normals (M, 3) on the lower face."""
    count = len(roots)
    length = 0.0015 + 0.03 * max(hair.beard - 0.2, 0) * np.exp(rng.normal(0, 0.25, count))
    # Down and to the side under the nose, down and forwards on the chin; whiskers curl each their own way.
    sideways = np.clip(roots[:, :1] / 0.02, -1, 1) * np.array([0.5, 0, 0])
    down = sideways + (0, -0.1, -1.1) + (0.25 + 0.25 * hair.curl) * rng.normal(size=(count, 3))
    down = _unit(down - (down * normals).sum(-1, keepdims=True) * normals)
    steps = np.linspace(0, 1, _POINTS)[None, :, None]
    # Out of the skin at some 55°, then lying down along it.
    strands = roots[:, None] + length[:, None, None] * (
        steps * (0.65 - 0.4 * steps) * normals[:, None] + steps * (0.45 + 0.5 * steps) * down[:, None]
    )
    wave = rng.normal(size=(count, 3)) * (0.1 + 0.12 * hair.curl) * length[:, None]
    strands += np.sin(2.4 * np.pi * steps + rng.uniform(0, 6, (count, 1, 1))) * steps * wave[:, None]
    # Locks: neighbours' tips meet.
    leaders = rng.choice(count, max(count // 9, 1), replace=False)
    apart = (roots[leaders] ** 2).sum(1) - 2 * roots @ roots[leaders].T
    lead = leaders[apart.argmin(1)]
    strands += 0.55 * steps**1.2 * (strands[lead] - strands) * min(1.0, 3 * max(hair.beard - 0.2, 0))
    strands = _out_of_skin(strands, normals)
    radius = 0.00019 + 0.0001 * hair.beard
    return Strands("beard", strands.astype(np.float32), radius, LABELS.index("hair"), hair_material(hair, "beard"))


def _out_of_skin(strands: np.ndarray, normals: np.ndarray) -> np.ndarray:
    """Keep strands (M, P, 3) on the outer side of the plane of the skin at their roots.

    A hull of the whole head is too coarse for hair as short as this: it would lift all of a strand but its root.
    """
    offset = strands - strands[:, :1]
    height = np.einsum("mpa,ma->mp", offset, normals)
    least = 0.1 * np.linalg.norm(offset, axis=-1)
    return strands + np.maximum(least - height, 0)[..., None] * normals[:, None]


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)
