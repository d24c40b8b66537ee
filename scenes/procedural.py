"""The self-contained head: a bust out of nothing but a description, no asset files.

The skin is the zero level of a field (``sculpture.py``), meshed finer where the face is; the eyeballs, the teeth, the
brows and a garment come on top. The bust's frame, metres; inside functions named so, millimetres. V vertices, F faces.
"""

from dataclasses import dataclass, fields

import numpy as np

from .anatomy import Expression, Marks, Shape, marks_of
from .brows import Brows, brows_rand
from .bust import LABELS, Bust, Material, Part, Strands
from .eyes import Eyes, eyes_rand
from .features import eyeball, face_landmarks, lids_of, tears_of, teeth, trace_front
from .fields import graded_axis, project, smoothstep, surface_nets
from .garment import Garment, build_garment, garment_rand
from .hair_colour import hair_colour_rand
from .lashes import lashes_of
from .makeup import Makeup, makeup_rand
from .procedural_skin import FLIP, painted_skin
from .sculpture import head_field
from .skin import Skin, skin_rand


@dataclass(frozen=True)
class ProceduralHead:
    """Everything that is drawn for a self-contained head except its hair.

    Attributes:
        pattern: seed of what has no name of its own, such as each hair of the brows.
    """

    shape: Shape
    expression: Expression
    skin: Skin
    makeup: Makeup
    eyes: Eyes
    brows: Brows
    garment: Garment
    pattern: int


def procedural_head_rand(rng: np.random.Generator) -> ProceduralHead:
    """Draw a head: a person, what their face does, and what they wear."""
    shape_rng, expression_rng, skin_rng, garment_rng, rest_rng = rng.spawn(5)
    shape = _shape_rand(shape_rng)
    skin = skin_rand(skin_rng, shape.age, shape.masculine)
    return ProceduralHead(
        shape=shape,
        expression=_expression_rand(expression_rng),
        skin=skin,
        makeup=makeup_rand(rest_rng, shape.masculine),
        eyes=eyes_rand(rest_rng, skin.fitzpatrick, shape.age),
        brows=brows_rand(rest_rng, hair_colour_rand(rest_rng, skin.fitzpatrick, shape.age), shape.masculine),
        garment=garment_rand(garment_rng),
        pattern=int(rest_rng.integers(2**31)),
    )


def procedural_bust(head: ProceduralHead) -> Bust:
    """Build the bust: skin, eyeballs, teeth when the mouth is open, garment, brows, lashes; bald."""
    shape = head.shape
    marks = marks_of(shape, head.expression)

    def field(points: np.ndarray) -> np.ndarray:
        p = points * FLIP
        skin = head_field(shape, marks, p)
        # Below the neck the skin ends inside the garment.
        under = np.where(p[:, 2] < -135, 85 * (np.hypot(p[:, 0] / 118, (p[:, 1] + 92) / 98) - 1), -1e3)
        return np.maximum(np.maximum(skin, under), -352 - p[:, 2])

    xs = graded_axis((-120, -88, -60, -48, 48, 60, 88, 120), (3.5, 2.5, 3, 1.45, 1.45, 3, 2.5, 3.5))
    ys = graded_axis((-60, 10, 40, 120, 205), (1.5, 1.7, 3.2, 3.6, 4.5))
    zs = graded_axis(
        (-360, -150, -105, -84, -54, -40, -13, 12, 28, 60, 140), (9, 4.5, 2, 1.25, 1.25, 1.5, 1.2, 1.2, 1.9, 3.8, 4.5)
    )
    vertices, faces = surface_nets(field, xs, ys, zs)
    face = np.flatnonzero((vertices[:, 1] < 25) & (vertices[:, 2] > -130) & (vertices[:, 2] < 40))
    vertices[face] = project(field, vertices[face], 0.05, 1, 0.8)

    painted = painted_skin(head.skin, head.makeup, marks, vertices, faces)
    skin = Part(
        "skin",
        vertices / 1000,
        faces,
        painted.labels,
        painted.material,
        uv=painted.uv,
        colours=painted.colours,
    )
    rng = np.random.default_rng(head.pattern)
    eyes = [eyeball(marks, side, head.expression.gaze_deg, head.eyes) for side in (-1, 1)]
    tears = [tears_of(marks, side) for side in (-1, 1)] if head.expression.lids > -0.8 else []
    mouth = [teeth(marks)] if marks.gap > 0.5 else []
    lids = tuple(lids_of(marks, side, field) for side in (-1, 1))
    landmarks = face_landmarks(field, marks) / 1000
    return Bust(
        (skin, *eyes, *tears, *mouth, *build_garment(head.garment, shape)),
        landmarks.astype(np.float32),
        (_brows(head, marks, field, rng), lashes_of(lids, head.pattern)),
    )


def procedural_scalp(bust: Bust) -> np.ndarray:
    """How much hair grows at each vertex of a procedural bust's skin, (V,) in [0, 1]."""
    x, y, z = bust.parts[0].vertices.T * 1000
    d = -y
    # The hairline: high in front, down before the ears, lowest in the nape.
    front = 63 - 0.004 * x * x
    line = np.interp(d, [-175, -150, -115, -95, -62, -50, -35, -20, 20], [-70, -66, -40, 12, 8, 24, 42, 54, 63])
    line = np.where(d > -40, np.minimum(np.maximum(line, front - 30), front), line)
    ear = np.hypot((d + 90) / 26, (z + 6) / 38) < 1
    return smoothstep(-3, 4, z - line) * ~ear


def _shape_rand(rng: np.random.Generator) -> Shape:
    relative = [field.name for field in fields(Shape) if field.name not in ("masculine", "age", "pupils_mm")]
    return Shape(
        masculine=float(rng.beta(0.6, 0.6)),
        age=float(rng.beta(1.1, 1.5)),
        pupils_mm=float(63 + 3.0 * np.clip(rng.normal(), -2, 2)),
        **{name: float(np.clip(rng.normal(), -2, 2)) for name in relative},
    )


def _expression_rand(rng: np.random.Generator) -> Expression:
    calm = rng.random() < 0.35
    if calm:
        return Expression(gaze_deg=(float(rng.normal(0, 5)), float(rng.normal(0, 3))))
    return Expression(
        smile=float(np.clip(rng.normal(0.25, 0.4), -0.4, 1.0)),
        open=float(rng.uniform(0.15, 1.0)) if rng.random() < 0.35 else 0.0,
        raised=float(np.clip(rng.normal(0, 0.45), -1, 1)),
        lids=float(-1.0 if rng.random() < 0.03 else np.clip(rng.normal(0, 0.13), -0.45, 0.35)),
        gaze_deg=(float(rng.normal(0, 9)), float(rng.normal(0, 5))),
    )


def _brows(head: ProceduralHead, marks: Marks, field, rng: np.random.Generator) -> Strands:
    """Short hairs along two arches, lying on the skin."""
    count = int(620 * head.brows.density)
    t = np.tile(rng.uniform(0, 1, count) ** 0.9, 2)
    side = np.repeat([-1.0, 1.0], count)
    thick = head.brows.width_mm * np.minimum(1, 0.55 + 2 * t) * (1.05 - 0.85 * t**2)
    x = 12 + 41 * t - 0.5 * head.shape.masculine
    z = (
        marks.brow_z
        + 1.0
        + 6.0 * np.sin(np.pi * np.minimum(0.05 + 0.72 * t, 1))
        - 3.6 * t**3
        - 1.5
        + head.brows.lift_mm
    )
    z = z + rng.uniform(-0.5, 0.5, 2 * count) * thick
    # Upright near the nose, then along the arch and at last downwards.
    angle = np.interp(t, [0, 0.25, 0.7, 1], [1.2, 0.5, 0.05, -0.35]) + rng.normal(0, 0.18, 2 * count)
    length = 6.5 * (1 - 0.25 * t) * rng.uniform(0.75, 1.2, 2 * count)
    steps = np.linspace(0, 1, 5)
    across = x[:, None] + length[:, None] * steps * np.cos(angle)[:, None]
    up = z[:, None] + length[:, None] * steps * np.sin(angle)[:, None] - 0.8 * steps**2
    flat = np.stack([side[:, None] * across, up], -1).reshape(-1, 2)
    points = trace_front(field, flat, -34.0, 7)
    points[:, 1] -= np.tile(0.9 * steps + 0.05, 2 * count)
    material = Material("brows", colour=head.brows.colour, roughness=0.45, specular=0.3)
    strands = points.reshape(2 * count, 5, 3) / 1000
    return Strands("brows", strands.astype(np.float32), 0.00015, LABELS.index("brows"), material)
