"""The ICT FaceKit's arrays, and what follows from its neutral head: where lips, lids, brows and scalp are.

The pack's frame: centimetres, +y up, +z out of the face, +x the subject's left. V: vertices (26719 in the pack),
F: faces.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from .bust import LABELS
from .eyes import grid_angles
from .ict_torso import open_edge

# A vertex on the open edge under the shoulders.
_EDGE_VERTEX = 10652
# A vertex on the rim of the left and of the right eye's opening.
_LID_VERTICES = (6548, 6590)

CHEST_U = 0.9  # see ``skin_layout``


@dataclass(frozen=True)
class Model:
    """The pack's arrays, and what follows from the neutral head alone.

    Attributes:
        neutral: (V, 3). identity: (100, V, 3). expression: (55, V, 3). All float32, centimetres.
        eyeballs: first and one-past-last vertex of the left and the right eyeball.
        skin_end: the skin, the mouth's and the eyes' sockets are the vertices before this one.
        skin_faces, labels: their faces and the faces' labels.
        edge: the open edge under the shoulders.
        uv: (skin faces, 4, 2) the skin's own layout, in [0, 1]: the pack's face and head tiles side by side.
        origin: (3,) midway between the neutral eyeballs.
        vermilion, inside, socket, scalp: (skin_end,) weights in [0, 1].
        lid_rims: vertices around the opening of the left and the right eye.
        eye_grids: points of each eyeball; see ``_eye_grid``.
    """

    neutral: np.ndarray
    identity: np.ndarray
    expression: np.ndarray
    expression_names: list[str]
    faces: np.ndarray
    face_material: np.ndarray
    material_names: list[str]
    landmarks: np.ndarray
    eyeballs: tuple[tuple[int, int], ...]
    skin_end: int
    skin_faces: np.ndarray
    labels: np.ndarray
    edge: np.ndarray
    uv: np.ndarray
    origin: np.ndarray
    vermilion: np.ndarray
    inside: np.ndarray
    socket: np.ndarray
    scalp: np.ndarray
    lid_rims: tuple[np.ndarray, ...]
    eye_grids: tuple[np.ndarray, ...]


@lru_cache(maxsize=2)
def load_model(pack: Path) -> Model:
    """Read the pack, once a process."""
    with np.load(pack / "ict_facekit.npz") as file:
        data = dict(file)
    neutral = data["neutral"]
    regions = {str(n): r.tolist() for n, r in zip(data["region_names"], data["region_ranges"], strict=True)}
    expression_names = data["expression_names"].tolist()
    expression = data["expression"].astype(np.float32)
    skin_end, faces_end = regions["eye_socket_r"][1], regions["eye_socket_r"][3]
    skin_faces = data["faces"][:faces_end]
    landmarks = data["landmarks68"]
    face_faces, mouth_faces = regions["head_neck"][3], regions["mouth_socket"]
    ids = np.arange(skin_end)
    on_face = ids < regions["head_neck"][1]
    in_mouth = ~on_face & (ids < mouth_faces[1])
    lips = _closed_curve(neutral[landmarks[48:60], :2])
    vermilion, inside = _vermilion(neutral[:skin_end], lips, neutral[landmarks[60:68], 1].mean(), in_mouth)

    middles = centres(neutral, skin_faces)
    labels = np.full(faces_end, LABELS.index("skin"), np.uint8)
    on_lips = (_inside_distance(lips, middles[:, :2]) > 0) & (middles[:, 2] > 9.3)
    labels[np.flatnonzero(on_lips[:face_faces])] = LABELS.index("lips")
    labels[mouth_faces[2] : mouth_faces[3]] = LABELS.index("mouth")
    labels[regions["eye_socket_l"][2] :] = LABELS.index("eyes")
    eyeballs = tuple(tuple(regions[f"eyeball_{s}"][:2]) for s in "lr")
    origin = np.mean([(neutral[a:b].min(0) + neutral[a:b].max(0)) / 2 for a, b in eyeballs], axis=0)
    dilate = [expression[expression_names.index(f"PupilDilate_{s}")] for s in "LR"]
    return Model(
        neutral=neutral,
        identity=data["identity"].astype(np.float32),
        expression=expression,
        expression_names=expression_names,
        faces=data["faces"],
        face_material=data["face_material"],
        material_names=data["material_names"].tolist(),
        landmarks=landmarks,
        eyeballs=eyeballs,
        skin_end=skin_end,
        skin_faces=skin_faces,
        labels=labels,
        edge=open_edge(data["faces"][: regions["head_neck"][3]], _EDGE_VERTEX),
        uv=skin_layout(data["uv"][data["face_uv"][:faces_end]]),
        origin=origin,
        vermilion=vermilion,
        inside=inside,
        socket=(ids >= regions["eye_socket_l"][0]).astype(np.float32),
        lid_rims=tuple(open_edge(data["faces"][: regions["face"][3]], vertex) for vertex in _LID_VERTICES),
        scalp=_scalp(neutral[:skin_end]) * on_face,
        eye_grids=tuple(_eye_grid(neutral[a:b], d[a:b]) for (a, b), d in zip(eyeballs, dilate, strict=True)),
    )


def to_bust(points: np.ndarray, origin: np.ndarray) -> np.ndarray:
    """From centimetres, +y up, +z out of the face, to the bust's frame."""
    moved = (points - origin) * 0.01
    return np.stack([moved[:, 0], -moved[:, 2], moved[:, 1]], 1).astype(np.float32)


def skin_layout(uv: np.ndarray) -> np.ndarray:
    """From the pack's tiles (face 0 to 1, head 1 to 2 in u) to one square: the face takes half of it, the head less.

    What is left, from ``CHEST_U`` on, is for the chest.
    """
    u = np.where(uv[..., 0] < 1, 0.5 * uv[..., 0], 0.5 + (CHEST_U - 0.5) * (uv[..., 0] - 1))
    return np.stack([u, uv[..., 1]], -1).astype(np.float32)


def centres(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Means of the faces' corners, (F, 3)."""
    return np.where((faces >= 0)[..., None], vertices[faces], 0).sum(1) / (faces >= 0).sum(1, keepdims=True)


def _vermilion(
    neutral: np.ndarray, lips: np.ndarray, line: float, in_mouth: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Where the skin is lip, and where the mouth's socket is past the lips, two (V,) in [0, 1].

    Args:
        lips: the outer edge of the lips seen from the front (N, 2).
        line: height of the closed mouth.
        in_mouth: (V,) which vertices belong to the mouth's socket; its first rows are still lip.
    """
    _, y, z = neutral.T
    outside = np.clip(_inside_distance(lips, neutral[:, :2]) / 0.12 + 0.5, 0, 1) * (z > 9.3) * ~in_mouth
    depth = np.clip((10.2 - z) / 0.8, 0, 1)
    inside = in_mouth * (1 - depth) * (np.abs(y - line) < 1.2)
    return np.maximum(outside, inside).astype(np.float32), (depth * in_mouth).astype(np.float32)


def _scalp(neutral: np.ndarray) -> np.ndarray:
    """Where hair grows on the neutral head, (V,) in [0, 1]."""
    x, y, z = neutral.T
    # Lowest height of hair along the side of the head: nape, behind the ear, over it, sideburn, temple, forehead.
    depth = [-8.5, -6.0, -3.2, -1.6, -0.5, 1.9, 2.2, 3.2, 4.0, 6.0, 8.5]
    line = np.interp(z, depth, [-4.0, -4.5, -2.5, 3.0, 4.6, 4.4, 1.2, 1.4, 6.5, 8.3, 10.4])
    front = 10.8 - 0.03 * x**2
    line = np.where(z > 4.5, np.maximum(line, front - 1.5), line)
    ear = (np.abs(x) > 7.6) & (y < 4.2) & (z > -1.8) & (z < 1.9)
    return (np.clip((y - line) / 0.7 + 0.5, 0, 1) * ~ear).astype(np.float32)


def _eye_grid(shell: np.ndarray, dilation: np.ndarray) -> np.ndarray:
    """Points on a neutral eyeball in rings about its gaze, (N, 3); see ``eyes.grid_angles``.

    The pack's own eyeball is too coarse to paint an iris on, so its outer shell is sampled anew.
    """
    centre = (shell.min(0) + shell.max(0)) / 2
    axis = shell[np.linalg.norm(dilation, axis=1) > 0.2 * np.linalg.norm(dilation, axis=1).max()].mean(0) - centre
    axis /= np.linalg.norm(axis)
    across = np.cross([0.0, 1.0, 0.0], axis)
    across /= np.linalg.norm(across)
    up = np.cross(axis, across)
    theta, phi = grid_angles()
    rays = np.cos(theta)[:, None] * axis + np.sin(theta)[:, None] * (
        np.cos(phi)[:, None] * across + np.sin(phi)[:, None] * up
    )
    offset = shell - centre
    radius = np.linalg.norm(offset, axis=1)
    near = rays @ (offset / radius[:, None]).T
    # The outermost of the shells around each ray: its few nearest vertices, the farther out the heavier.
    weight = np.exp((near - 1) / 0.004 + radius / 0.03 - radius.max() / 0.03)
    return centre + rays * ((weight @ radius) / weight.sum(1))[:, None]


def _closed_curve(corners: np.ndarray, steps: int = 8) -> np.ndarray:
    """A Catmull–Rom curve through corners (N, 2), closed: (steps · N, 2)."""
    t = (np.arange(steps) / steps)[:, None, None]
    a, b, c, d = (np.roll(corners, shift, 0) for shift in (1, 0, -1, -2))
    curve = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
    return curve.transpose(1, 0, 2).reshape(-1, 2)


def _inside_distance(curve: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Signed distance of points (N, 2) from a closed curve, positive inside."""
    start, end = curve, np.roll(curve, -1, 0)
    along = end - start
    offset = points[:, None] - start
    t = np.clip((offset * along).sum(-1) / (along**2).sum(-1), 0, 1)
    distance = np.linalg.norm(offset - t[..., None] * along, axis=-1).min(1)
    y = points[:, 1:]
    crosses = (start[:, 1] > y) != (end[:, 1] > y)
    with np.errstate(divide="ignore", invalid="ignore"):
        where = start[:, 0] + (y - start[:, 1]) / along[:, 1] * along[:, 0]
    inside = (crosses & (points[:, :1] < where)).sum(1) % 2 == 1
    return np.where(inside, distance, -distance)
