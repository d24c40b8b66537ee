"""Heads from the ICT FaceKit: a morphable head from scans, painted, with brows, a chest and clothes.

The pack's frame: centimetres, +y up, +z out of the face, +x the subject's left. Everything is computed in it and turned
into the bust's frame at the end. V: vertices (26719 in the pack), F: faces.

Source: Li et al., "Learning Formation of Physically-Based Face Attributes", CVPR 2020; github.com/ICT-VGL/ICT-FaceKit,
MIT licence.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from .brows import Brows, brows_rand
from .bust import LABELS, Bust, Material, Part
from .canvas import canvas_of
from .complexion import Face, Photo, face_of, mean_face, skin_material
from .eyes import Eyes, eyes_rand, gaze_rand
from .garment import Garment, garment_rand
from .hair_colour import hair_colour_rand
from .ict_features import brows, eyeball, lashes, ready_part
from .ict_model import CHEST_U, load_model, to_bust
from .ict_torso import Surface, dress, extend
from .makeup import Makeup, makeup_rand
from .skin import Skin, skin_rand
from .skin_photos import photo_layout, skin_photo, skin_photo_rand

_SKIN, _MOUTH = LABELS.index("skin"), LABELS.index("mouth")


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
# The gaze that the pack's blend shapes "eyeLook…" stand for at full weight.
_FULL_LOOK_DEG = (30.0, 25.0)


@dataclass(frozen=True)
class IctHead:
    """All drawn parameters of an ICT FaceKit head; the hair on its scalp is drawn elsewhere.

    Attributes:
        identity: 100 weights in standard deviations.
        expression: blend shapes with weights in [0, 1].
        gaze_deg: how far both eyes turn to the subject's left and up; the lids follow.
        age, masculine: 0 to 1, as of ``skin_rand``.
        photo: name of the MakeHuman pack's picture that the skin wears, or None for a painted skin.
        breadth: scale of the shoulders' breadth.
        pattern: seed of each hair of the brows.
    """

    identity: tuple[float, ...]
    expression: tuple[tuple[str, float], ...]
    gaze_deg: tuple[float, float]
    age: float
    masculine: float
    skin: Skin
    makeup: Makeup
    photo: str | None
    eyes: Eyes
    brows: Brows
    garment: Garment
    breadth: float
    pattern: int


def ict_head_rand(rng: np.random.Generator, pack: Path, photos: Path | None = None) -> IctHead:
    """Draw a head; the six skin types are equally likely, half of the faces near neutral.

    Args:
        photos: the MakeHuman pack, whose photographed skins most of these heads then wear.
    """
    identity = np.clip(rng.normal(size=len(load_model(pack).identity)), -2.5, 2.5)
    # Nothing in the pack says which shapes are women's and which are men's: what is worn and grown decides.
    age, masculine = float(rng.beta(1.0, 1.6)), float(rng.uniform())
    skin = skin_rand(rng, age, masculine)
    return IctHead(
        identity=tuple(identity.round(4).tolist()),
        expression=_expression_rand(rng),
        gaze_deg=gaze_rand(rng),
        age=age,
        masculine=masculine,
        skin=skin,
        makeup=makeup_rand(rng, masculine),
        photo=skin_photo_rand(rng, skin, masculine > 0.5, age) if photos and rng.random() < 0.8 else None,
        eyes=eyes_rand(rng, skin.fitzpatrick, age),
        brows=brows_rand(rng, hair_colour_rand(rng, skin.fitzpatrick, age), masculine),
        garment=garment_rand(rng),
        breadth=float(np.clip(rng.normal(0.96, 0.06), 0.84, 1.08)),
        pattern=int(rng.integers(2**31)),
    )


def ict_bust(head: IctHead, pack: Path, photos: Path | None = None) -> Bust:
    """Shape, paint and dress the head; bald. The skin is the first part; its first vertices are the pack's.

    Args:
        photos: the MakeHuman pack; a head whose photo is not at hand is painted.
    """
    model = load_model(pack)
    weights = np.zeros(len(model.expression), np.float32)
    for name, weight in (*head.expression, *_lids_of(head.gaze_deg)):
        weights[model.expression_names.index(name)] = weight
    vertices = model.neutral + np.tensordot(np.float32(head.identity), model.identity, 1)
    vertices += np.tensordot(weights, model.expression, 1)
    balls = [vertices[first:end] for first, end in model.eyeballs]
    origin = np.mean([(ball.min(0) + ball.max(0)) / 2 for ball in balls], axis=0)

    n = model.skin_end
    surface = extend(vertices[:n], model.neutral[:n], model.skin_faces, model.edge, head.breadth)
    chest = np.full(len(surface.faces) - len(model.skin_faces), _SKIN, np.uint8)
    photo = None
    if photos is not None and head.photo is not None:
        photo = skin_photo(photos, head.photo, other_layout=True)
    skin = Part(
        "skin",
        to_bust(surface.vertices, origin),
        surface.faces,
        np.concatenate([model.labels, chest]),
        material=_skin_material(head.skin, head.makeup, photo, pack),
        uv=_layout(pack),
        photo_uv=_photo_layout(pack, photos) if photo else None,
        # White, for hair that grows on the skin to tint.
        colours=np.ones_like(surface.vertices),
        subdivide=1,
    )
    gums = Material("gums", (0.42, 0.12, 0.11), roughness=0.35, subsurface=0.1, coat=0.3)
    teeth = Material("teeth", (0.66, 0.60, 0.49), roughness=0.3, subsurface=0.1, coat=0.5)
    eyes = [eyeball(model, k, vertices, origin, head.eyes, head.gaze_deg) for k in range(2)]
    parts = [skin, *(ball for ball, _ in eyes), *(tears for _, tears in eyes)]
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


@lru_cache(maxsize=2)
def _skin_material(skin: Skin, makeup: Makeup, photo: Photo | None, pack: Path) -> Material:
    """Kept for the frames of a sequence: painting takes a second."""
    return skin_material(skin, makeup, _face(pack), photo)


@lru_cache(maxsize=2)
def _neutral(pack: Path) -> tuple[Surface, np.ndarray]:
    """The neutral head with its chest, and where its vertices are on the mean face, (V, 3)."""
    model = load_model(pack)
    n = model.skin_end
    surface = extend(model.neutral[:n], model.neutral[:n], model.skin_faces, model.edge, 1.0)
    return surface, mean_face(
        to_bust(surface.vertices, model.origin), to_bust(model.neutral[model.landmarks], model.origin)
    )


@lru_cache(maxsize=2)
def _layout(pack: Path) -> np.ndarray:
    """Texture layout of the skin with its chest, (F, 4, 2)."""
    model, (surface, _) = load_model(pack), _neutral(pack)
    columns = len(model.edge)
    added = surface.faces[len(model.skin_faces) :]
    place = np.zeros((len(surface.vertices), 2))
    place[model.edge, 1] = np.arange(columns)
    new = np.arange(len(surface.vertices) - model.skin_end)
    place[model.skin_end :] = np.stack([1 + new // columns, new % columns], 1)
    rows = place[-1, 0]
    corners = place[added]
    # The strip around the chest closes where the first column follows the last.
    closing = np.ptp(corners[..., 1], axis=1) > columns / 2
    corners[closing, :, 1] += np.where(corners[closing, :, 1] == 0, columns, 0)
    chest = np.stack([CHEST_U + 0.005 + (0.99 - CHEST_U) * corners[..., 0] / rows, corners[..., 1] / columns], -1)
    return np.concatenate([model.uv, chest]).astype(np.float32)


@lru_cache(maxsize=2)
def _face(pack: Path) -> Face:
    model, (surface, mean) = load_model(pack), _neutral(pack)
    lining = np.maximum(model.inside, model.socket)
    values = np.concatenate([mean, _pad(model.vermilion, len(mean))[:, None], _pad(lining, len(mean))[:, None]], 1)
    return face_of(canvas_of(_layout(pack), surface.faces, values, 704, 1408))


@lru_cache(maxsize=2)
def _photo_layout(pack: Path, photos: Path) -> np.ndarray:
    surface, mean = _neutral(pack)
    return photo_layout(photos, mean, mean[load_model(pack).landmarks], surface.faces)


def _expression_rand(rng: np.random.Generator) -> tuple[tuple[str, float], ...]:
    """Draw an expression; half of the faces stay near neutral."""
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
    return tuple(sorted(drawn.items()))


def _lids_of(gaze_deg: tuple[float, float]) -> tuple[tuple[str, float], ...]:
    """Blend shapes by which the lids follow the eyes; the pack's move skin alone."""
    left, up = np.clip(np.divide(gaze_deg, _FULL_LOOK_DEG), -1, 1).tolist()
    sideways, upwards = ("Out", "In") if left > 0 else ("In", "Out"), "Up" if up > 0 else "Down"
    looks = ((f"eyeLook{way}_{side}", abs(left)) for way, side in zip(sideways, "LR", strict=True))
    return (*looks, *((f"eyeLook{upwards}_{side}", abs(up)) for side in "LR"))


def _shares(near_neutral: bool) -> np.ndarray:
    """Probabilities of the expressions; a face near neutral does not half close its eyes."""
    shares = _SHARES[:-1] if near_neutral else _SHARES
    return shares / shares.sum()


def _pad(values: np.ndarray, length: int) -> np.ndarray:
    """Zeros for the vertices that were added to the pack's."""
    return np.concatenate([values, np.zeros(length - len(values), np.float32)])
