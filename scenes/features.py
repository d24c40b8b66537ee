"""Eyeballs, teeth and landmarks of the self-contained head.

``*_mm`` arguments and fields are in the bust's axes (the face looks along −Y) but in millimetres.
"""

import numpy as np

from .anatomy import EYEBALL_MM, Marks, lid_rims, lip_heights, mouth_line
from .bust import LABELS, Material, Part
from .eyes import Eyes, cornea, eye_part, gaze_turn, grid_angles, wet_line
from .fields import Field, project
from .lashes import Lids

_LIMBUS = 0.5  # radians from the gaze where the iris ends


def eyeball(marks: Marks, side: int, gaze_deg: tuple[float, float], eyes: Eyes) -> Part:
    """A sphere with a cornea that looks along the gaze. ``side`` is 1 for the subject's left."""
    theta, phi = grid_angles()
    local = np.stack([np.sin(theta) * np.cos(phi), -np.cos(theta), np.sin(theta) * np.sin(phi)], -1)
    radius = EYEBALL_MM * cornea(theta, _LIMBUS)
    points = radius[:, None] * (local @ gaze_turn(gaze_deg).T) + (side * marks.eye_x, 0, 0)
    name, inwards = ("eye_left", np.pi) if side > 0 else ("eye_right", 0.0)
    return eye_part(name, points / 1000, eyes, _LIMBUS, inwards)


def tears_of(marks: Marks, side: int) -> Part:
    """The tears along the lower lid."""
    upper, lower = _rims(marks)
    x, z = np.concatenate([upper, lower]).T
    depth = np.sqrt(np.maximum((EYEBALL_MM + 0.3) ** 2 - x**2 - z**2, 9.0))
    rim = np.stack([side * (marks.eye_x + x), -depth, z], 1)
    centre = np.array([side * marks.eye_x, 0, 0])
    return wet_line(f"tears_{'left' if side > 0 else 'right'}", rim / 1000, centre / 1000, EYEBALL_MM / 1000)


def lids_of(marks: Marks, side: int, field: Field) -> Lids:
    """Where lashes grow on the lids, metres."""
    rims = []
    for rim, lift in zip(_rims(marks), (0.6, -0.6), strict=True):
        front = trace_front(field, (rim + np.array([marks.eye_x, lift])) * (side, 1), -40.0, 12)
        rims.append(front / 1000)
    return Lids(rims[0], rims[1], np.array([side * marks.eye_x / 1000, 0, 0]))


def _rims(marks: Marks) -> tuple[np.ndarray, np.ndarray]:
    """The upper and the lower lid's edge from the inner corner outwards: x from the eye and z, (41, 2) each."""
    u = np.linspace(-1, 1, 41)
    upper, lower = (np.stack([marks.fissure * u, height], 1) for height in lid_rims(marks, u))
    return upper, lower


def teeth(marks: Marks) -> Part:
    """The upper and the lower row behind the open lips."""
    x = np.linspace(-19, 19, 115)
    rows = []
    gap = marks.gap
    for top, bottom in (
        (marks.mouth_z + 0.15 * gap + 4, marks.mouth_z + 0.15 * gap - 3.5),
        (marks.mouth_z - 0.85 * gap + 0.5, marks.mouth_z - 0.85 * gap - 6),
    ):
        z = np.linspace(top, bottom, 7)
        tooth = np.abs(np.cos(np.pi * x / 7.6))
        depth = marks.mouth_d - 7.5 - x * x / 46 - 1.6 * (1 - tooth) ** 3
        grid_z = np.broadcast_to(z[:, None], (7, len(x)))
        bulge = 1.2 * np.sin(np.linspace(0.4, np.pi, 7))[:, None]
        points = np.stack([np.broadcast_to(x, grid_z.shape), -(depth + bulge), grid_z], -1).reshape(-1, 3)
        shine = (0.55 + 0.45 * np.minimum(1, 3 * tooth)) * np.ones((7, 1))
        rows.append((points, np.float32([0.62, 0.56, 0.45]) * shine.reshape(-1, 1)))
    n = len(x)
    corner = (np.arange(6)[:, None] * n + np.arange(n - 1)).ravel()
    quads = np.stack([corner, corner + n, corner + n + 1, corner + 1], -1)
    faces = np.concatenate([quads, quads + 7 * n]).astype(np.int32)
    material = Material("teeth", roughness=0.3, coat=0.5)
    labels = np.full(len(faces), LABELS.index("mouth"), np.uint8)
    vertices = np.concatenate([points for points, _ in rows]) / 1000
    colours = np.concatenate([colour for _, colour in rows])
    return Part("teeth", np.float32(vertices), faces, labels, material, colours=np.float32(colours))


def trace_front(field: Field, across_mm: np.ndarray, start_mm: float = -65.0, steps: int = 30) -> np.ndarray:
    """First points of the surface seen from in front of it at (x, z) (N, 2): (N, 3) millimetres."""
    points = np.stack([across_mm[:, 0], np.full(len(across_mm), start_mm), across_mm[:, 1]], -1).astype(np.float32)
    for _ in range(steps):
        points[:, 1] = np.minimum(points[:, 1] + 0.85 * field(points), 60)
    return points


def face_landmarks(field: Field, marks: Marks) -> np.ndarray:
    """The 68 points in iBUG order, (68, 3) millimetres, on the surface of ``field``."""
    jaw_t = np.linspace(-1, 1, 17)
    # The outline from ear to ear: down the ramus, around the angle, forward to the chin.
    s = np.abs(jaw_t)
    jaw = np.stack(
        [
            np.sign(jaw_t)
            * np.interp(s, [0, 0.25, 0.5, 0.75, 1], [0, 27, marks.jaw_half - 1, marks.jaw_half + 13, 72]),
            -np.interp(s, [0, 0.25, 0.5, 0.75, 1], [marks.chin_d, 0, -38, -62, -70]),
            np.interp(s, [0, 0.25, 0.5, 0.75, 1], [marks.chin_z + 1, marks.chin_z + 6, marks.chin_z + 26, -48, -8]),
        ],
        -1,
    )
    jaw = project(field, jaw.astype(np.float32), 0.1, 8, 5.0)

    t = np.linspace(1, 0.04, 5)
    brow = np.stack([12 + 41 * t, marks.brow_z - 0.5 + 6.0 * np.sin(np.pi * (0.05 + 0.72 * t)) - 3.6 * t**3], -1)
    bridge_z = np.linspace(4, marks.nose_z, 4)
    bridge = np.stack([0 * bridge_z, bridge_z], -1)
    wings = np.array([[marks.wing_x + 1, -7.5], [0.55 * marks.wing_x, -9.5], [0, -9.8]])
    wings[:, 1] += marks.nose_z
    u = np.array([1, 0.4, -0.35, -1, -0.4, 0.4])
    lid = np.array([0, 1, 1, 0, -1, -1])
    height = np.where(
        lid > 0,
        marks.lid_up * (1 - u * u) * (1 - 0.18 * u) + 0.7,
        -marks.lid_low * (1 - u * u) * (1 + 0.15 * u) - 0.7,
    )
    eye = np.stack([marks.eye_x + marks.fissure * u, np.where(lid == 0, 0, height) + marks.tilt * u], -1)

    half = marks.mouth_half
    upper_x, lower_x = half * np.array([0.55, 0.2, 0]), half * np.array([0.6, 0.27, 0])
    upper = np.stack([upper_x, mouth_line(marks, upper_x) + lip_heights(marks, upper_x)[0]], -1)
    lower = np.stack([lower_x, mouth_line(marks, lower_x) - lip_heights(marks, lower_x)[1]], -1)
    lower[:, 1] -= 0.85 * marks.gap * np.clip(1 - (lower_x / (0.93 * half)) ** 2, 0, 1)
    inner_x = half * np.array([0.4, 0])
    open_by = marks.gap * (1 - (inner_x / (0.93 * half)) ** 2)
    inner_up = np.stack([inner_x, mouth_line(marks, inner_x) + 0.15 * open_by + 0.8], -1)
    inner_low = np.stack([inner_x, mouth_line(marks, inner_x) - 0.85 * open_by - 0.8], -1)
    corner = np.array([[half, mouth_line(marks, np.array([half]))[0]]])
    inside = np.array([[0.88 * half, mouth_line(marks, np.array([0.88 * half]))[0]]])
    mirror = np.array([-1, 1])
    across = np.concatenate(
        [
            *(brow * mirror, brow[::-1], bridge),
            *(wings[:2] * mirror, wings[::-1]),
            *(eye * mirror, eye[[3, 2, 1, 0, 5, 4]]),
            *(corner * mirror, upper * mirror, upper[1::-1], corner),
            *(lower, lower[1::-1] * mirror),
            *(inside * mirror, inner_up * mirror, inner_up[:1], inside, inner_low, inner_low[:1] * mirror),
        ]
    )
    return np.concatenate([jaw, trace_front(field, across)])
