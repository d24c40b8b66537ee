"""Eyeballs of MakeHuman's body: our own, where the pack's would be.

The pack's own frame is decimetres, +y up, +z out of the face.
"""

from functools import lru_cache
from pathlib import Path

import numpy as np

from .bust import LABELS, Part, Strands
from .eyes import Eyes, cornea, eye_part, gaze_turn, grid_angles, wet_line
from .lashes import lashes_of, lids_of
from .makehuman_body import fit_proxy, load, to_bust

# The white of the pack's eyeball is a sphere of this radius on the unmorphed body; the iris's edge is seen under this
# angle (radians) from its centre.
_RADIUS_DM, _LIMBUS = 0.1497, 0.40


def eyeballs(
    eyes: Eyes, gaze_deg: tuple[float, float], pack: Path, body: np.ndarray, origin: np.ndarray
) -> tuple[Part, Part]:
    """The left and the right eyeball of a body (V, 3), turned by the gaze (to the subject's left, up)."""
    proxy = load(pack / "proxies" / "eyes_high-poly.npz")
    posed, (rest, sides, centres) = fit_proxy(proxy, body), _rest(pack)
    theta, phi = grid_angles()
    rays = np.stack([np.sin(theta) * np.cos(phi), -np.cos(theta), np.sin(theta) * np.sin(phi)], -1)
    turned = (_RADIUS_DM * cornea(theta, _LIMBUS))[:, None] * rays @ gaze_turn(gaze_deg).T
    # From the bust's axes to the pack's.
    turned = turned[:, [0, 2, 1]] * (1, 1, -1)
    balls = []
    for k, name in enumerate(("eye_left", "eye_right")):
        # Morphs move and scale the pack's eyeball, and ours with it.
        system = np.concatenate([rest[sides[k]], np.ones((sides[k].sum(), 1))], 1)
        motion = np.linalg.lstsq(system, posed[sides[k]], rcond=None)[0]
        points = np.concatenate([turned + centres[k], np.ones((len(turned), 1))], 1) @ motion
        balls.append(eye_part(name, to_bust(points, origin), eyes, _LIMBUS, inwards=(np.pi, 0.0)[k]))
    return balls[0], balls[1]


def tears_of(ball: Part, body: np.ndarray, rim: np.ndarray) -> Part:
    """The tears along an eyeball's lower lid.

    Args:
        body: (V, 3) of the base mesh, bust's frame. rim: vertices around the lids' opening; see ``lid_rims``.
    """
    centre, radius = _sphere_of(ball)
    return wet_line(ball.name.replace("eye", "tears"), body[rim], centre, radius)


def lashes(balls: tuple[Part, Part], rest: np.ndarray, body: np.ndarray, rims: tuple, seed: int) -> Strands:
    """Lashes from the rims of the lids; the pack's own are cards of mascara.

    Args:
        rest, body: (V, 3) of the unmorphed and the morphed base mesh, bust's axes.
    """
    eyes = (lids_of(rest[rim], body[rim], _sphere_of(ball)[0]) for ball, rim in zip(balls, rims, strict=True))
    return lashes_of(tuple(eyes), seed)


def lid_rims(rest: np.ndarray, faces: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Vertices of the base mesh (V, 3) around the opening of the left and of the right eye, in any order.

    Args:
        faces, labels: of the base mesh.
    """
    socket = np.unique(faces[labels == LABELS.index("eyes")])
    rim = np.intersect1d(socket, np.unique(faces[labels == LABELS.index("skin")]))
    left = rest[rim, 0] > 0
    return rim[left], rim[~left]


def _sphere_of(ball: Part) -> tuple[np.ndarray, float]:
    """Centre (3,) and radius of an eyeball."""
    centre = (ball.vertices.min(0) + ball.vertices.max(0)) / 2
    return centre, float(np.median(np.linalg.norm(ball.vertices - centre, axis=1)))


@lru_cache(maxsize=2)
def _rest(pack: Path) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """The pack's eyeballs on the unmorphed body: vertices (N, 3), which are the left's and the right's, centres."""
    vertices = fit_proxy(load(pack / "proxies" / "eyes_high-poly.npz"), load(pack / "base.npz")["verts"])
    sides = (vertices[:, 0] > 0, vertices[:, 0] <= 0)
    centres = []
    for side in sides:
        # The sphere nearest to the vertices: |v|² = 2 c·v + k.
        system = np.concatenate([2 * vertices[side], np.ones((side.sum(), 1))], 1).astype(float)
        centres.append(np.linalg.lstsq(system, (vertices[side].astype(float) ** 2).sum(1), rcond=None)[0][:3])
    return vertices, sides, (centres[0], centres[1])
