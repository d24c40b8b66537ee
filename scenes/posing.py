"""Posing a Bust: the head turns on the neck, the lids close, the eyes turn and the face changes; the shoulders stay.

One way for all sources: a ``Rig`` holds every point of the bust (its shapes: the parts' vertices, the strands' points,
the landmarks) with its weights and its offsets towards the expressions that the source can build, so all poses of a rig
have the same points in the same order and each is known in every frame. Bust's frame, metres. N points of a shape.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from .accessories import Worn
from .anatomy import marks_of
from .blink import closing
from .bust import LABELS, Bust
from .fields import smoothstep
from .heads import Head, bust_of
from .ict_facekit import IctHead
from .motion import Pose
from .packs import Packs
from .procedural import ProceduralHead

# Where the neck bends: this share of the height from the eyes to the chin behind the eyes, at the height of the chin.
_JOINT_BEHIND = 0.8
# Parts that turn with the gaze; other parts of the eyes, such as the tears along a lid, do not.
_EYEBALLS = ("eye_left", "eye_right", "eyes")
# Points this far (metres) from any that an expression moves do not follow it.
_REACH_M = 0.006

# What closes the lids and what makes a mood, as weights of ICT FaceKit's blend shapes and MakeHuman's expression units.
# A weight of 0 undoes what would keep the lids from meeting.
_ICT_CLOSED = {
    f"{shape}_{side}": weight
    for shape, weight in (("eyeBlink", 1.0), ("eyeSquint", 0.0), ("eyeWide", 0.0))
    for side in "LR"
}
_ICT_MOODS = {
    "smile": {"mouthSmile_L": 0.65, "mouthSmile_R": 0.6, "cheekSquint_L": 0.4, "cheekSquint_R": 0.4},
    "speech": {"jawOpen": 0.28, "mouthLowerDown_L": 0.25, "mouthLowerDown_R": 0.25, "mouthFunnel": 0.15},
    "surprise": {"browInnerUp_L": 0.7, "browInnerUp_R": 0.7, "browOuterUp_L": 0.7, "browOuterUp_R": 0.7},
}
_MAKEHUMAN_CLOSED = {
    f"eye-{side}-{unit}": weight
    for unit, weight in (("closure", 1.0), ("slit", 0.0), ("opened-up", 0.0))
    for side in ("left", "right")
}
_MAKEHUMAN_MOODS = {
    "smile": {"mouth-corner-puller": 0.8},
    "speech": {"mouth-open": 0.45},
    "surprise": {"eyebrows-left-up": 0.8, "eyebrows-right-up": 0.8},
}


@dataclass(frozen=True)
class Rig:
    """A bust that can be posed.

    Attributes:
        shapes: all points, (N, 3) each: parts, then strands, then the landmarks.
        weights: how much of the head's turn each point takes, (N,) in [0, 1].
        closed, changed: offsets (N, 3) that close the lids and that bring the mood.
        joint: (3,) where the neck bends.
        eyeballs: shape, points of it (N,) bool and centre (3,) of each eyeball.
    """

    bust: Bust
    shapes: tuple[np.ndarray, ...]
    weights: tuple[np.ndarray, ...]
    closed: tuple[np.ndarray, ...]
    changed: tuple[np.ndarray, ...]
    joint: np.ndarray
    eyeballs: tuple[tuple[int, np.ndarray, np.ndarray], ...]


def rig_of(head: Head, packs: Packs, mood: str, refine: Callable[[Bust], Bust] = lambda bust: bust) -> Rig:
    """Build a head, ready to be posed.

    A self-contained head is one mesh with its expression sculpted in: it turns, looks about and blinks, in no mood.

    Args:
        mood: one of ``motion.MOODS``.
        refine: is given every bust as built, and subdivides it.
    """
    bust = refine(bust_of(head, packs))
    shapes = _shapes(bust)
    chin = -float(bust.landmarks[8, 2])
    joint = np.array([0.0, _JOINT_BEHIND * chin, -chin])
    if isinstance(head.subject, ProceduralHead):
        closed = _sculpted_closing(head.subject, bust)
        changed = tuple(np.zeros_like(shape) for shape in shapes)
    else:
        bald, *others = map(refine, _expressed(head, packs, mood))
        closed, changed = (_offsets(bust, bald, other) for other in others)
    return Rig(
        bust=bust,
        shapes=shapes,
        weights=tuple(_weights(s, joint) for s in shapes),
        closed=closed,
        changed=changed,
        joint=joint,
        eyeballs=_eyeballs(bust),
    )


def pose_bust(rig: Rig, pose: Pose) -> Bust:
    """The bust in a pose."""
    shapes = [
        rest + pose.closed * closed + pose.changed * changed
        for rest, closed, changed in zip(rig.shapes, rig.closed, rig.changed, strict=True)
    ]
    left, up = np.radians(pose.gaze_deg)
    for k, mask, centre in rig.eyeballs:
        shapes[k][mask] = centre + _rotate(shapes[k][mask] - centre, np.array([-up, 0.0, left]))
    yaw, pitch, roll = np.radians(pose.turn_deg)
    turn = np.array([-pitch, roll, yaw])
    return _reshape(
        rig.bust,
        [
            rig.joint + _rotate(points - rig.joint, weights[:, None] * turn)
            for points, weights in zip(shapes, rig.weights, strict=True)
        ],
    )


def displaced(now: Bust, previous: Bust, following: Bust) -> Bust:
    """``now`` with the way from each of its points to where it is in the previous and in the following pose."""

    def ways(here: np.ndarray, before: np.ndarray, after: np.ndarray) -> np.ndarray:
        return np.stack([before - here, after - here], axis=-2).astype(np.float32)

    return replace(
        now,
        parts=tuple(
            replace(part, motion=ways(part.vertices, a.vertices, b.vertices))
            for part, a, b in zip(now.parts, previous.parts, following.parts, strict=True)
        ),
        strands=tuple(
            replace(strands, motion=ways(strands.points, a.points, b.points))
            for strands, a, b in zip(now.strands, previous.strands, following.strands, strict=True)
        ),
    )


def _shapes(bust: Bust) -> tuple[np.ndarray, ...]:
    strands = (strands.points.reshape(-1, 3) for strands in bust.strands)
    return (*(part.vertices for part in bust.parts), *strands, bust.landmarks)


def _reshape(bust: Bust, shapes: list[np.ndarray]) -> Bust:
    """``bust`` with other points; the inverse of ``_shapes``."""
    points = iter(np.asarray(shape, np.float32) for shape in shapes)
    parts = tuple(replace(part, vertices=next(points)) for part in bust.parts)
    strands = tuple(replace(hair, points=next(points).reshape(hair.points.shape)) for hair in bust.strands)
    return replace(bust, parts=parts, strands=strands, landmarks=next(points))


def _weights(points: np.ndarray, joint: np.ndarray) -> np.ndarray:
    """Share of the head's turn, (N,): 1 above a slope from under the chin to the nape, 0 at the collar."""
    chin = -joint[2]
    height = (points[:, 2] - joint[2] + 0.35 * (joint[1] - points[:, 1])) / chin
    return smoothstep(-0.65, 0.1, height)


def _rotate(points: np.ndarray, turn: np.ndarray) -> np.ndarray:
    """Points (N, 3) turned about the origin by rotation vectors (3,) or (N, 3), radians."""
    angle = np.linalg.norm(turn, axis=-1, keepdims=True)
    axis = np.broadcast_to(turn / np.maximum(angle, 1e-12), points.shape)
    along = (points * axis).sum(-1, keepdims=True) * axis
    return np.cos(angle) * (points - along) + np.sin(angle) * np.cross(axis, points) + along


def _sculpted_closing(subject: ProceduralHead, bust: Bust) -> tuple[np.ndarray, ...]:
    """Ways (N, 3) of all shapes of a self-contained head's bust to closed lids, on which the lashes ride."""
    marks = marks_of(subject.shape, subject.expression)
    skin = bust.parts[0].vertices
    offset = closing(marks, skin)
    moving = np.linalg.norm(offset, axis=1) > 1e-5
    ways = {"skin": offset, "landmarks": closing(marks, bust.landmarks)}
    for hair in bust.strands:
        if hair.name == "lashes":
            roots = hair.points[:, 0]
            ways["lashes"] = _follow(roots, skin[moving], offset[moving]).repeat(hair.points.shape[1], axis=0)
    return tuple(ways.get(name, np.zeros_like(shape)).astype(np.float32) for name, shape in _named(bust))


def _expressed(head: Head, packs: Packs, mood: str) -> tuple[Bust, Bust, Bust]:
    """The bare head (no hair, nothing worn) as it is, with closed lids, and in the mood."""
    subject = head.subject
    assert not isinstance(subject, ProceduralHead)
    closed, moods = (_ICT_CLOSED, _ICT_MOODS) if isinstance(subject, IctHead) else (_MAKEHUMAN_CLOSED, _MAKEHUMAN_MOODS)
    # Hair and what is worn are fitted to the skin: another expression would grow other strands and shift the glasses.
    bare = replace(head, hair=None, worn=Worn())
    expressions = (dict(subject.expression) | units for units in (closed, moods[mood]))
    shut, changed = (
        bust_of(replace(bare, subject=replace(subject, expression=tuple(sorted(e.items())))), packs)
        for e in expressions
    )
    return bust_of(bare, packs), shut, changed


def _offsets(bust: Bust, bald: Bust, other: Bust) -> tuple[np.ndarray, ...]:
    """Ways (N, 3) of all shapes of ``bust`` when its bald self ``bald`` becomes ``other``.

    What the bald bust lacks follows the nearest point of the skin, if that is near: a beard does, glasses do not. No
    expression moves clothes, though some are fitted to the chin.
    """
    clothes = {part.name for part in bald.parts if (part.labels == LABELS.index("clothes")).all()}
    pairs = zip(_named(bald), _shapes(other), strict=True)
    moved = {name: after - before for (name, before), after in pairs if name not in clothes}
    skin, offset = bust.parts[0].vertices, moved[bust.parts[0].name]
    moving = np.linalg.norm(offset, axis=1) > 1e-5
    ways = []
    for name, shape in _named(bust):
        if name in moved and moved[name].shape == shape.shape:
            ways.append(moved[name])
        elif name in {hair.name for hair in bust.strands}:
            length = next(hair.points.shape[1] for hair in bust.strands if hair.name == name)
            followed = _follow(shape[::length], skin[moving], offset[moving])
            ways.append(followed.repeat(length, axis=0))
        else:
            ways.append(np.zeros_like(shape))
    return tuple(ways)


def _named(bust: Bust) -> list[tuple[str, np.ndarray]]:
    names = (*(part.name for part in bust.parts), *(hair.name for hair in bust.strands), "landmarks")
    return list(zip(names, _shapes(bust), strict=True))


def _follow(roots: np.ndarray, skin: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """Ways (K, 3) of hair roots: that of the nearest of the skin's moving vertices, none where it is far."""
    ways = np.zeros_like(roots)
    if not len(skin):
        return ways
    low, high = skin.min(0) - _REACH_M, skin.max(0) + _REACH_M
    near = np.flatnonzero(((roots > low) & (roots < high)).all(1))
    # A beard of some thousand hairs over some thousand vertices: in blocks, to bound the memory.
    for block in np.array_split(near, len(near) // 500 + 1):
        # Squared distances but for what all vertices share.
        nearest = ((skin**2).sum(1) - 2 * roots[block] @ skin.T).argmin(1)
        close = np.linalg.norm(roots[block] - skin[nearest], axis=1) < _REACH_M
        ways[block[close]] = offset[nearest[close]]
    return ways


def _eyeballs(bust: Bust) -> tuple[tuple[int, np.ndarray, np.ndarray], ...]:
    """Eyeballs by the names of their parts; one part may hold both."""
    found = []
    for k, part in enumerate(bust.parts):
        if part.name in _EYEBALLS:
            left = part.vertices[:, 0] > 0
            found += [(k, mask, _centre_of_sphere(part.vertices[mask])) for mask in (left, ~left) if mask.any()]
    return tuple(found)


def _centre_of_sphere(points: np.ndarray) -> np.ndarray:
    """Centre (3,) of the sphere that fits points (N, 3) best: |p|² = 2 p·c + const is linear in c."""
    system = np.concatenate([2 * points, np.ones((len(points), 1))], axis=1).astype(np.float64)
    return np.linalg.lstsq(system, (points.astype(np.float64) ** 2).sum(1), rcond=None)[0][:3]
