"""Heads from the ICT FaceKit: a morphable head from scans, painted, with brows, a chest and clothes.

The pack's frame: centimetres, +y up, +z out of the face, +x the subject's left. Everything is computed in it and turned
into the bust's frame at the end. V: vertices (26719 in the pack), F: faces.

Source: Li et al., "Learning Formation of Physically-Based Face Attributes", CVPR 2020; github.com/ICT-VGL/ICT-FaceKit,
MIT licence.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .bust import LABELS, Bust, Material, Part
from .garment import Garment, garment_rand
from .hair_colour import hair_colour_rand
from .ict_features import brows, eyeball, lashes, ready_part
from .ict_model import load_model, to_bust
from .ict_torso import dress, extend
from .skin import Skin, lip_colour, paint_skin, skin_colour, skin_material, skin_rand

_SKIN, _MOUTH = LABELS.index("skin"), LABELS.index("mouth")


# Scene-linear colours of irises, brown to grey, and how common each is with light and with dark skin.
_IRISES = ((0.030, 0.013, 0.006), (0.075, 0.032, 0.012), (0.12, 0.07, 0.025), (0.09, 0.12, 0.05), (0.09, 0.16, 0.24))
_IRIS_SHARES = ((0.15, 0.25, 0.2, 0.15, 0.25), (0.6, 0.3, 0.07, 0.02, 0.01))

# What a face may do, as blend shapes with the range of their weights; "_L" stands for both sides.
_EXPRESSIONS: tuple[tuple[tuple[str, float, float], ...], ...] = (
    (("mouthSmile_L", 0.3, 0.8), ("cheekSquint_L", 0.1, 0.6), ("eyeSquint_L", 0.0, 0.4)),
    (("mouthSmile_L", 0.4, 0.9), ("jawOpen", 0.05, 0.25), ("mouthUpperUp_L", 0.1, 0.5), ("cheekSquint_L", 0.2, 0.8)),
    (("jawOpen", 0.05, 0.45), ("mouthFunnel", 0.0, 0.4), ("mouthLowerDown_L", 0.0, 0.4)),
    (("browInnerUp_L", 0.3, 1.0), ("browOuterUp_L", 0.3, 1.0), ("eyeWide_L", 0.1, 0.7), ("jawOpen", 0.0, 0.3)),
    (("browDown_L", 0.3, 1.0), ("eyeSquint_L", 0.1, 0.7), ("mouthFrown_L", 0.1, 0.6), ("mouthPress_L", 0.0, 0.5)),
    (("browInnerUp_L", 0.3, 0.9), ("mouthFrown_L", 0.2, 0.7), ("mouthShrugLower", 0.1, 0.5)),
    (("mouthPucker", 0.2, 0.8),),
    (("noseSneer_L", 0.2, 0.7), ("mouthUpperUp_L", 0.1, 0.5), ("browDown_L", 0.1, 0.6)),
    (("mouthRollLower", 0.1, 0.5), ("mouthRollUpper", 0.1, 0.5), ("mouthPress_L", 0.0, 0.5)),
    (("eyeBlink_L", 0.7, 1.0),),
)
_SHARES = np.array([3, 3, 2, 1, 1, 0.7, 0.5, 0.5, 0.5, 0.4])


@dataclass(frozen=True)
class IctHead:
    """All drawn parameters of an ICT FaceKit head; the hair on its scalp is drawn elsewhere.

    Attributes:
        identity: 100 weights in standard deviations.
        expression: blend shapes with weights in [0, 1].
        iris, brow_colour: scene-linear.
        brow_density: 0.5 sparse to 1.2 bushy. brow_width_mm: at its broadest. brow_lift_mm: above the landmarks.
        breadth: scale of the shoulders' breadth.
        pattern: seed of each hair of the brows.
    """

    identity: tuple[float, ...]
    expression: tuple[tuple[str, float], ...]
    skin: Skin
    iris: tuple[float, float, float]
    brow_colour: tuple[float, float, float]
    brow_density: float
    brow_width_mm: float
    brow_lift_mm: float
    garment: Garment
    breadth: float
    pattern: int


def ict_head_rand(rng: np.random.Generator, pack: Path) -> IctHead:
    """Draw a head; the six skin types are equally likely, half of the faces near neutral."""
    identity = np.clip(rng.normal(size=len(load_model(pack).identity)), -2.5, 2.5)
    skin = skin_rand(rng)
    iris = np.array(_IRISES[rng.choice(len(_IRISES), p=_IRIS_SHARES[skin.fitzpatrick > 2])])
    return IctHead(
        identity=tuple(identity.round(4).tolist()),
        expression=_expression_rand(rng),
        skin=skin,
        iris=tuple((iris * np.exp(rng.normal(0, 0.15, 3))).tolist()),
        brow_colour=hair_colour_rand(rng, skin.fitzpatrick, float(rng.beta(1, 2.5))),
        brow_density=float(rng.uniform(0.5, 1.2)),
        brow_width_mm=float(rng.uniform(4.5, 9.5)),
        brow_lift_mm=float(rng.normal(0, 0.8)),
        garment=garment_rand(rng),
        breadth=float(np.clip(rng.normal(0.96, 0.06), 0.84, 1.08)),
        pattern=int(rng.integers(2**31)),
    )


def ict_bust(head: IctHead, pack: Path) -> Bust:
    """Shape, paint and dress the head; bald. The skin is the first part; its first vertices are the pack's."""
    model = load_model(pack)
    weights = np.zeros(len(model.expression), np.float32)
    for name, weight in head.expression:
        weights[model.expression_names.index(name)] = weight
    vertices = model.neutral + np.tensordot(np.float32(head.identity), model.identity, 1)
    vertices += np.tensordot(weights, model.expression, 1)
    eyes = [vertices[first:end] for first, end in model.eyeballs]
    origin = np.mean([(eye.min(0) + eye.max(0)) / 2 for eye in eyes], axis=0)

    n = model.skin_end
    surface = extend(vertices[:n], model.neutral[:n], model.skin_faces, model.edge, head.breadth)
    chest = np.full(len(surface.faces) - len(model.skin_faces), _SKIN, np.uint8)
    painted = paint_skin(
        head.skin,
        to_bust(surface.vertices, origin),
        _pad(model.flush, len(surface.vertices)),
        _pad(model.shade, len(surface.vertices)),
    )
    painted[:n] += model.vermilion[:, None] * (lip_colour(head.skin) - painted[:n])
    inside = model.inside[:, None]
    painted[:n] += inside * (np.float32([0.28, 0.07, 0.06]) - painted[:n])
    wet = skin_colour(0.3 * head.skin.melanin, 0.06).astype(np.float32)
    painted[:n] += 0.8 * model.socket[:, None] * (wet - painted[:n])
    skin = Part(
        "skin",
        to_bust(surface.vertices, origin),
        surface.faces,
        np.concatenate([model.labels, chest]),
        skin_material(head.skin),
        colours=painted,
        subdivide=1,
    )
    gums = Material("gums", (0.42, 0.12, 0.11), roughness=0.35, subsurface=0.1, coat=0.3)
    teeth = Material("teeth", (0.66, 0.60, 0.49), roughness=0.3, subsurface=0.1, coat=0.5)
    parts = [skin, *(eyeball(model, k, vertices, origin, head.iris) for k in range(2))]
    for name, material, label in (("M_GumsTongue", gums, _MOUTH), ("M_Teeth", teeth, _MOUTH)):
        parts.append(ready_part(model, name, material, label, vertices, origin))
    for layer in dress(head.garment, surface):
        parts.append(Part(**{**layer.__dict__, "vertices": to_bust(layer.vertices, origin)}))
    return Bust(
        tuple(parts),
        to_bust(vertices[model.landmarks], origin),
        (brows(head, model, vertices, origin), lashes(head, model, vertices, origin)),
    )


def ict_scalp(bust: Bust, pack: Path) -> np.ndarray:
    """How much hair grows at each vertex of an ICT bust's skin (its first part), (V,) in [0, 1]."""
    return _pad(load_model(pack).scalp, len(bust.parts[0].vertices))


def _expression_rand(rng: np.random.Generator) -> tuple[tuple[str, float], ...]:
    """Draw an expression and a gaze; half of the faces stay near neutral."""
    near_neutral = rng.random() < 0.5
    chosen = _EXPRESSIONS[rng.choice(len(_EXPRESSIONS) - near_neutral, p=_shares(near_neutral))]
    drawn: dict[str, float] = {}

    def both(name: str, weight: float) -> None:
        drawn[name] = float(weight)
        if name.endswith("_L"):
            drawn[name[:-1] + "R"] = float(np.clip(weight * rng.normal(1, 0.08), 0, 1))

    for name, low, high in chosen:
        both(name, rng.uniform(low, high) * (0.2 if near_neutral else 1.0))
    # The lids of a living face are never at the model's rest.
    if not any(name.startswith("eyeBlink") for name in drawn):
        both("eyeBlink_L", rng.uniform(0, 0.18))
    sideways, upwards = np.clip(rng.normal(0, (0.22, 0.15)), -0.6, 0.4)
    towards, away = ("Out", "In") if sideways > 0 else ("In", "Out")
    drawn[f"eyeLook{towards}_L"] = drawn[f"eyeLook{away}_R"] = float(abs(sideways))
    for hand in "LR":
        drawn[f"eyeLook{'Up' if upwards > 0 else 'Down'}_{hand}"] = float(abs(upwards))
    return tuple(sorted(drawn.items()))


def _shares(near_neutral: bool) -> np.ndarray:
    """Probabilities of the expressions; a face near neutral does not half close its eyes."""
    shares = _SHARES[:-1] if near_neutral else _SHARES
    return shares / shares.sum()


def _pad(values: np.ndarray, length: int) -> np.ndarray:
    """Zeros for the vertices that were added to the pack's."""
    return np.concatenate([values, np.zeros(length - len(values), np.float32)])
