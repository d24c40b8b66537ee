"""Proportions and expressions of the self-contained head, and where its features then are.

Sculpting frame: millimetres, x to the subject's left, d forward (the bust's −y), z up, origin midway between the eyes.

Source of the mean dimensions (head breadth 152, length 195, face height 120, face breadth 137, jaw breadth 108,
interpupillary 63, nose height 51, nose breadth 34, mouth breadth 51, ear length 63 mm and their spread):
C. C. Gordon et al., "2012 Anthropometric Survey of U.S. Army Personnel", NATICK/TR-15/007; L. G. Farkas, "Anthropometry
of the Head and Face", 2nd ed., 1994, for the face's details.
"""

from dataclasses import dataclass

import numpy as np

from .fields import smoothstep

EYEBALL_MM = 12.0


@dataclass(frozen=True)
class Shape:
    """Proportions of a head; relative ones are standard deviations from the mean, clipped at 2.

    Attributes:
        masculine: 0 to 1: brow ridge, jaw, chin, neck and shoulders.
        age: 0 (twenty) to 1 (seventy): folds, hollows, sagging.
        weight: relative fullness of cheeks and neck.
        pupils_mm: distance between the pupils.
    """

    masculine: float
    age: float
    weight: float
    pupils_mm: float
    width: float
    height: float
    forehead: float
    brow: float
    cheekbones: float
    jaw: float
    chin: float
    nose_length: float
    nose_width: float
    nose_bridge: float
    nose_tip: float
    eye_opening: float
    eye_tilt: float
    eye_depth: float
    lips: float
    mouth_width: float
    ears: float
    asymmetry: float


@dataclass(frozen=True)
class Expression:
    """What the face does: all 0 at rest.

    Attributes:
        smile: −0.4 (corners down) to 1.
        open: opening of the mouth in [0, 1], 1 is 16 mm between the lips.
        raised: lifting of the brows, −1 (frown) to 1.
        lids: opening of the eyes beyond rest, −1 (closed) to 0.4.
        gaze_deg: azimuth (towards the subject's left) and elevation of both eyes.
    """

    smile: float = 0.0
    open: float = 0.0
    raised: float = 0.0
    lids: float = 0.0
    gaze_deg: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True)
class Marks:
    """Heights and widths that field, colours and landmarks share, millimetres."""

    eye_x: float
    fissure: float
    lid_up: float
    lid_low: float
    tilt: float
    brow_z: float
    nose_z: float
    nose_d: float
    wing_x: float
    bridge_d: float
    mouth_z: float
    mouth_half: float
    mouth_d: float
    corner_lift: float
    upper_lip: float
    lower_lip: float
    gap: float
    chin_z: float
    chin_d: float
    jaw_half: float


def marks_of(shape: Shape, expression: Expression) -> Marks:
    """Where the features are."""
    stretch = 1 + 0.035 * shape.height
    gap = 16 * expression.open
    opening = max(0.08, 1 + 0.16 * shape.eye_opening + expression.lids - 0.12 * max(expression.smile, 0))
    lips = 1 + 0.2 * shape.lips - 0.2 * shape.age
    nose_z = -39 * stretch - 2.2 * shape.nose_length
    mouth_z = -66 * stretch - 1.2 * shape.nose_length
    return Marks(
        eye_x=shape.pupils_mm / 2,
        fissure=14.2 + 0.5 * shape.eye_opening,
        lid_up=5.0 * opening,
        lid_low=4.6 * min(opening, 1.05) - 0.8 * max(expression.smile, 0) * (opening > 0.3),
        tilt=1.3 + 0.9 * shape.eye_tilt,
        brow_z=16.5 + 1.2 * shape.brow - 1.5 * shape.masculine + 4 * expression.raised,
        nose_z=nose_z,
        nose_d=25.5 + 1.8 * shape.nose_tip + 1.0 * shape.masculine,
        wing_x=11.3 + 1.5 * shape.nose_width + 0.8 * expression.smile,
        bridge_d=10.0 + 1.5 * shape.nose_bridge + 1.5 * shape.masculine,
        mouth_z=mouth_z,
        mouth_half=24.5 + 1.6 * shape.mouth_width + 4.5 * expression.smile - 1.5 * expression.open,
        mouth_d=18.5 + 0.4 * shape.lips - 1.5 * max(expression.smile, 0),
        corner_lift=4.5 * expression.smile - 0.8 * shape.age,
        upper_lip=8.0 * lips - 1.2 * max(expression.smile, 0),
        lower_lip=10.0 * lips - 0.8 * max(expression.smile, 0),
        gap=gap,
        chin_z=-111 * stretch - 1.5 * shape.chin,
        chin_d=9 + 1.5 * shape.chin + 1.0 * shape.masculine,
        jaw_half=47 + 3 * shape.jaw + 4 * shape.masculine,
    )


def lid_field(marks: Marks, x: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Almond between the lids seen from the front: negative where the eye is open. x, z (N,), x mirrored."""
    upper, lower = lid_rims(marks, (x - marks.eye_x) / marks.fissure)
    return np.maximum(z - upper, lower - z)


def lid_rims(marks: Marks, u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Heights of the upper and the lower lid's rim at u (N,), −1 at the inner corner of the eye and 1 at the outer."""
    # The upper lid peaks nearer the nose, the lower one nearer the temple.
    upper = marks.lid_up * (1 - u * u) * (1 - 0.18 * u)
    lower = -marks.lid_low * (1 - u * u) * (1 + 0.15 * u)
    return upper + marks.tilt * u, lower + marks.tilt * u


def mouth_line(marks: Marks, x: np.ndarray) -> np.ndarray:
    """Height of the line between the closed lips at x (N,)."""
    u = np.abs(x) / marks.mouth_half
    return marks.mouth_z + marks.corner_lift * np.minimum(u, 1.3) ** 2 - 0.9 * np.exp(-((x / 5) ** 2)) + 0.4


def lip_heights(marks: Marks, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Height of the vermilion above and depth below the mouth line at x (N,), zero at the corners."""
    u = np.minimum(np.abs(x) / marks.mouth_half, 1)
    bow = 1 - 0.16 * np.exp(-((x / 3.5) ** 2)) + 0.06 * np.exp(-(((np.abs(x) - 6) / 4) ** 2))
    return marks.upper_lip * (1 - u**1.7) * bow, marks.lower_lip * (1 - u**2.4) ** 0.9


def mouth_gap(marks: Marks, x: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Opening between the lips seen from the front: negative inside. x, z (N,), posed."""
    u2 = (x / (0.93 * marks.mouth_half)) ** 2
    line = mouth_line(marks, x)
    return np.maximum(z - line - 0.15 * marks.gap * (1 - u2), line - z - 0.85 * marks.gap * (1 - u2))


def unpose(marks: Marks, p: np.ndarray) -> np.ndarray:
    """Points of the resting face that the posed points come from: the jaw drops when the mouth opens."""
    if marks.gap == 0:
        return p
    x, d, z = p.T
    line = mouth_line(marks, x)
    u = np.abs(x) / marks.mouth_half
    inwards = np.clip(1 - (u / 0.93) ** 2, 0, 1)
    # At the middle the lower lip drops by the gap; the cheeks follow less, neck and ears not at all. The step from
    # still to dropped lies in the gap, and beyond the corners spreads over the cheek.
    spread = (0.35 + 0.65 * inwards) * smoothstep(-75, -10, d) * smoothstep(marks.chin_z - 62, marks.chin_z - 15, z)
    middle, width = line - 0.35 * marks.gap * inwards, 0.6 + 0.3 * marks.gap * inwards + 24 * smoothstep(0.75, 1.5, u)
    up = 0.15 * marks.gap * inwards * smoothstep(line + 14, line + 2, z) * smoothstep(middle - 0.3, middle + 0.3, z)
    drop = 0.85 * marks.gap * spread * smoothstep(middle + width, middle - width, z)
    return np.stack([x, d, z - up + drop], -1)
