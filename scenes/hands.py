"""A hand and its forearm from MakeHuman's base mesh, bent, turned and put somewhere. Metres.

Source: MakeHuman's base mesh, CC0-1.0, github.com/makehumancommunity/makehuman.
"""

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .fields import smoothstep
from .makehuman_body import group_centre, load
from .shapes import Mesh, compact, mirrored


class Hand(NamedTuple):
    """A left hand at rest: wrist at the origin, fingers along +z, the palm looks along −x, the thumb towards −y.

    Attributes:
        mesh: skin of hand and forearm.
        chains: (5, 4, 3) joints of each finger from its root to its tip, thumb first.
    """

    mesh: Mesh
    chains: np.ndarray


@lru_cache(maxsize=2)
def rest_hand(pack: Path) -> Hand:
    """Cut the left hand out of the base mesh and turn it upright."""
    base = load(pack / "base.npz")
    body = base["verts"].astype(float)
    elbow, wrist = (group_centre(base, body, f"joint-l-{name}") for name in ("elbow", "hand"))
    chains = np.array([[group_centre(base, body, f"joint-l-finger-{f}-{k}") for k in range(1, 5)] for f in range(1, 6)])
    upward = _unit(chains[2, 0] - wrist)
    thumbward = chains[1, 0] - chains[4, 0]
    forward = -_unit(thumbward - (thumbward @ upward) * upward)
    # Right-handed axes: x out of the back of the hand, y away from the thumb, z to the fingers.
    axes = np.stack([np.cross(forward, upward), forward, upward])
    along = (body - elbow) @ _unit(wrist - elbow) / np.linalg.norm(wrist - elbow)
    is_skin = base["face_group"] == base["group_names"].tolist().index("body")
    arm = (along > 0.15) & (body[:, 0] > 2.9)
    faces = base["faces"][is_skin]
    mesh = compact(((body - wrist) @ axes.T) * 0.1, faces[arm[faces].all(1)])
    return Hand(Mesh(*mesh), ((chains - wrist) @ axes.T) * 0.1)


def pose_hand(
    hand: Hand, curl: float, place: np.ndarray, palm: np.ndarray, fingers: np.ndarray, right: bool = False
) -> Mesh:
    """Bend the fingers and put the hand somewhere.

    Args:
        curl: 0 as at rest to 1 a fist.
        place: (3,) where the middle of the palm is.
        palm: (3,) direction in which the palm looks. fingers: (3,) about where the fingers point.
        right: a right hand.
    """
    vertices = hand.mesh.vertices.copy()
    roots, tips = hand.chains[:, 0], hand.chains[:, 3]
    # Each vertex belongs to the finger whose line it is nearest to.
    axis = tips - roots
    share = np.clip(np.einsum("vfa,fa->vf", vertices[:, None] - roots, axis) / (axis**2).sum(-1), 0, 1)
    apart = np.linalg.norm(vertices[:, None] - roots - share[..., None] * axis, axis=-1)
    finger = apart.argmin(1)
    for f in range(1, 5):
        mine = (finger == f) & (share[:, f] > 0)
        # From the tip to the root, so that the joints still lie where they were at rest.
        for joint, bend in ((2, 0.8), (1, 1.3), (0, 1.15)):
            pivot = hand.chains[f, joint]
            way = _unit(hand.chains[f, joint + 1] - pivot)
            beyond = smoothstep(-0.005, 0.005, (hand.mesh.vertices - pivot) @ way) * mine
            vertices = _turned(vertices, pivot, np.array([0, 1.0, 0]), -bend * curl * beyond)
    mesh = Mesh(vertices, hand.mesh.faces)
    if right:
        # Mirrored about the plane of the fingers' line and the palm's direction.
        mesh = mirrored(mesh)
        mesh = Mesh(mesh.vertices * (-1, -1, 1), mesh.faces)
    middle = np.array([-0.012, 0.0, 0.055])
    out = -_unit(palm)
    upward = _unit(fingers - (fingers @ out) * out)
    axes = np.stack([out, np.cross(upward, out), upward])
    return Mesh((mesh.vertices - middle) @ axes + place, mesh.faces)


def _turned(points: np.ndarray, pivot: np.ndarray, axis: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Turn points (V, 3) about an axis through the pivot, each by its own angle (V,)."""
    at = points - pivot
    cosine, sine = np.cos(angle)[:, None], np.sin(angle)[:, None]
    along = (at @ axis)[:, None] * axis
    return pivot + at * cosine + np.cross(axis, at) * sine + along * (1 - cosine)


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / np.linalg.norm(vector)
