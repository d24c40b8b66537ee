"""What is held before the face now and then: a cup, a telephone, a microphone, or the hand alone.

Bust's frame, metres. Hands are MakeHuman's; without its pack nothing is held but what stands by itself.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .bust import LABELS, Material, Part
from .fit import Fit
from .garment import dye_rand
from .hands import pose_hand, rest_hand
from .shapes import Mesh, ball, flipped, join, lathe, rod

KINDS = ("microphone stand", "hand", "telephone", "cup", "microphone")


@dataclass(frozen=True)
class Prop:
    """Something before the face.

    Attributes:
        kind: one of ``KINDS``; all but the first need hands.
        left: whether the left hand holds it.
        colour: scene-linear.
        reach: how far from its usual place it is, three numbers in [−1, 1]: sideways, forwards, up.
    """

    kind: str
    left: bool
    colour: tuple[float, float, float]
    reach: tuple[float, float, float]


def prop_rand(rng: np.random.Generator, hands: bool) -> Prop:
    """Draw a prop; ``hands`` says whether there are any to hold it."""
    kind = KINDS[rng.choice(5, p=(0.2, 0.3, 0.2, 0.2, 0.1))] if hands else KINDS[0]
    dark = kind in ("telephone", "microphone", "microphone stand") and rng.random() < 0.75
    reach = rng.uniform(-1, 1, 3)
    return Prop(
        kind=kind,
        left=bool(rng.random() < 0.5),
        colour=(0.015, 0.015, 0.016) if dark else dye_rand(rng),
        reach=(float(reach[0]), float(reach[1]), float(reach[2])),
    )


def build_prop(prop: Prop, fit: Fit, skin: tuple[float, float, float], pack: Path | None) -> tuple[Part, ...]:
    """The prop and the hand that holds it.

    Args:
        skin: scene-linear colour of the hand.
        pack: MakeHuman's, for the hand.
    """
    side = 1.0 if prop.left else -1.0
    mouth, chin = fit.landmarks[[48, 54]].mean(0), fit.landmarks[8]
    slack = 0.012 * np.array(prop.reach)
    turn = np.array([side, 1, 1])
    curl = 0.0
    if prop.kind == "hand":
        # The palm along the cheek.
        place = np.array([0.058, mouth[1] + 0.018, mouth[2] - 0.012]) + slack
        palm, fingers = np.array([-0.75, 0.65, 0.1]), np.array([0.12, 0.25, 1.0])
        thing, curl = None, 0.12
    elif prop.kind == "telephone":
        ear = fit.concha + np.array([0.010, 0, -0.008])
        tilt = np.array([-0.012, -0.5, -1.0])
        tilt /= np.linalg.norm(tilt)
        thing = _telephone(ear + 0.045 * tilt, tilt)
        place, palm, fingers, curl = ear + 0.055 * tilt + np.array([0.013, 0, 0]), np.array([-1.0, 0, 0]), -tilt, 0.12
    elif prop.kind == "cup":
        centre = np.array([0.0, min(mouth[1], chin[1]) - 0.055, chin[2] - 0.005]) + slack
        thing = _cup(centre)
        place = centre + np.array([0.050, 0.0, -0.004])
        palm, fingers, curl = np.array([-1.0, 0.0, 0.0]), np.array([0.1, -1.0, 0.25]), 0.5
    else:
        head = mouth + np.array([0.0, -0.055, -0.028]) + slack
        down = np.array([0.12, -0.30, -1.0])
        down /= np.linalg.norm(down)
        standing = prop.kind == "microphone stand"
        thing = _microphone(head, down, 0.45 if standing else 0.15)
        place = head + 0.10 * down + np.array([0.030, 0.0, 0.0])
        palm, fingers, curl = np.array([-1.0, 0.1, 0]), np.array([0.1, -1.0, 0.15]), 0.75
    parts = []
    if thing is not None:
        mesh = thing if prop.left else flipped(Mesh(thing.vertices * (-1, 1, 1), thing.faces))
        parts.append(_part("prop", mesh, Material("prop", prop.colour, roughness=0.35, coat=0.2), "props"))
    if pack is not None and prop.kind != "microphone stand":
        hand = pose_hand(rest_hand(pack), curl, place * turn, palm * turn, fingers * turn, right=not prop.left)
        flesh = Material("hand", skin, roughness=0.5, subsurface=0.1, bump_mm=0.08, bump_scale=900.0)
        part = _part("hand", hand, flesh, "skin")
        parts.append(Part(**{**part.__dict__, "subdivide": 1}))
    return tuple(parts)


def _telephone(centre: np.ndarray, along: np.ndarray) -> Mesh:
    half = 0.074 * along
    path = np.stack([centre - half, centre - 0.97 * half, centre + 0.97 * half, centre + half])
    return rod(path, np.array([1.0, 0, 0]), np.array([0.032, 0.036, 0.036, 0.032]), 0.0042)


def _cup(centre: np.ndarray) -> Mesh:
    """A mug with its handle to the far side of the hand."""
    profile = [(0.0005, -0.046), (0.036, -0.046), (0.039, -0.04), (0.0405, 0.046), (0.039, 0.048), (0.0375, 0.046)]
    profile += [(0.036, -0.035), (0.0005, -0.038)]
    body = lathe(np.array(profile)[::-1], 40)
    angle = np.linspace(-1.5, 1.5, 15)
    loop = np.stack([-0.038 - 0.026 * np.cos(angle), 0 * angle, 0.028 * np.sin(angle)], -1)
    mesh = join(body, rod(loop, np.array([0, 1.0, 0]), 0.004, 0.006))
    return Mesh(mesh.vertices + centre, mesh.faces)


def _microphone(head: np.ndarray, down: np.ndarray, length: float) -> Mesh:
    steps = np.array([0.018, 0.022, 0.03, 0.06, length])
    handle = rod(
        head + steps[:, None] * down, np.array([1.0, 0, 0]), np.array([0.018, 0.019, 0.015, 0.012, 0.011]), 0.013
    )
    return join(ball(head, (0.025, 0.025, 0.027), rings=14), handle)


def _part(name: str, mesh: Mesh, material: Material, label: str) -> Part:
    labels = np.full(len(mesh.faces), LABELS.index(label), np.uint8)
    return Part(name, mesh.vertices.astype(np.float32), mesh.faces.astype(np.int32), labels, material)
