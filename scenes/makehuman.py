"""Heads from the MakeHuman pack: a parametric body, cut to a bust and dressed.

The pack's own frame is decimetres, +y up, +z out of the face; everything is computed in it and turned into the bust's
frame at the end. V: vertices of the base mesh (19158), F: faces.

Source: MakeHuman's system assets, CC0-1.0, github.com/makehumancommunity/makehuman.
"""

import json
import re
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from .brows import Brows, Forehead, brows_of, brows_rand
from .bust import Bust, Material, Part, Weave
from .canvas import canvas_of
from .complexion import Face, Photo, face_of, mean_face, skin_material
from .eyes import Eyes, eyes_rand, gaze_rand
from .garment import dye_rand, weave_rand
from .hair_colour import hair_colour_rand
from .makehuman_body import (
    fit_proxy,
    group_centre,
    load,
    lower_arms,
    morph,
    scalp_weights,
    skin_labels,
    to_bust,
)
from .makehuman_eyes import eyeballs, lashes, lid_rims, tears_of
from .makehuman_ids import LANDMARKS
from .makeup import Makeup, makeup_rand
from .shapes import compact
from .skin import Skin, skin_rand
from .skin_photos import picture_path, skin_photo, skin_photo_rand

_SKIN, _, _EYES, _LIPS, _MOUTH, _HAIR, _CLOTHES = range(7)

# Mean colour of each hair texture where it is opaque, linear.
HAIR_TEXTURES = {
    "bob02": (0.407, 0.371, 0.311),
    "braid01": (0.020, 0.013, 0.010),
    "long01": (0.053, 0.022, 0.013),
    "ponytail01": (0.130, 0.060, 0.028),
    "short01": (0.013, 0.013, 0.013),
    "short02": (0.074, 0.047, 0.034),
    "short03": (0.079, 0.035, 0.026),
    "short04": (0.018, 0.019, 0.018),
}
# What a face may do, as expression units with the range of their weights; "-left-" stands for both sides.
_EXPRESSIONS: tuple[tuple[tuple[str, float, float], ...], ...] = (
    (("mouth-corner-puller", 0.3, 0.9), ("eye-left-slit", 0.0, 0.4)),
    (("mouth-corner-puller", 0.4, 1.0), ("mouth-part-later", 0.3, 0.9), ("eye-left-slit", 0.0, 0.5)),
    (("mouth-open", 0.1, 0.6), ("eyebrows-left-up", 0.0, 0.4)),
    (("eyebrows-left-up", 0.4, 1.0), ("eye-left-opened-up", 0.2, 0.8), ("mouth-open", 0.0, 0.5)),
    (("eyebrows-left-down", 0.3, 1.0), ("mouth-depression", 0.2, 0.8), ("eye-left-slit", 0.0, 0.6)),
    (("eyebrows-left-inner-up", 0.3, 0.9), ("mouth-depression-retraction", 0.1, 0.6)),
    (("mouth-compression", 0.3, 0.9), ("eyebrows-left-down", 0.0, 0.5)),
    (("mouth-retraction", 0.1, 0.6), ("nose-left-elevation", 0.1, 0.6)),
    (("eye-left-closure", 0.6, 1.0),),
)
# Shapes that no adult has, or that only move the head about.
_LEFT_OUT = re.compile(r"pointed|head/head-trans|head/head-angle|neck-trans|macrodetails|expression|asym|chin-jaw-drop")
_OPPOSITES = (("decr", "incr"), ("down", "up"), ("in", "out"), ("backward", "forward"), ("concave", "convex"))


@dataclass(frozen=True)
class MakeHumanHead:
    """All drawn parameters of a head from the MakeHuman pack.

    Attributes:
        ancestry: weights of ANCESTRIES, sum 1.
        gender: 0 female to 1 male.
        age: −1 child, 0 young to 1 old.
        muscle, weight: 0 to 1, average at a half.
        details: morph targets of the face with weights in [0, 1].
        expression: expression units with weights in [0, 1].
        gaze_deg: how far both eyes turn to the subject's left and up.
        skin_texture, teeth, clothes: names in the pack.
        hair: name of a hair proxy, or None for a bare scalp, on which strands may be grown.
        hair_colour: of hair and brows, scene-linear.
        clothes_textured: whether the clothes wear their picture or a plain colour.
        clothes_colour: the plain colour, or what multiplies the picture.
        clothes_weave: the second colour of plain cloth.
        clothes_roughness: of the Principled BSDF.
    """

    ancestry: tuple[float, float, float]
    gender: float
    age: float
    muscle: float
    weight: float
    details: tuple[tuple[str, float], ...]
    expression: tuple[tuple[str, float], ...]
    gaze_deg: tuple[float, float]
    skin: Skin
    makeup: Makeup
    skin_texture: str
    eyes: Eyes
    brows: Brows
    teeth: str
    hair: str | None
    hair_colour: tuple[float, float, float]
    clothes: str
    clothes_textured: bool
    clothes_colour: tuple[float, float, float]
    clothes_weave: Weave | None
    clothes_roughness: float


def makehuman_head_rand(rng: np.random.Generator, pack: Path) -> MakeHumanHead:
    """Draw a head; the six skin types and the two genders are equally likely."""
    targets = load(pack / "targets.npz")["names"].tolist()
    proxies = _index(pack)
    gender = float(np.clip(rng.integers(2) + rng.normal(0, 0.12), 0, 1))
    age = float(rng.uniform(-0.6, 0.0)) if rng.random() < 0.08 else float(rng.beta(1.0, 1.6))
    grown = gender if age >= 0 else 0.0
    skin = skin_rand(rng, max(age, 0.0), grown)
    # Dark skin goes with African, light with European features more often, never always.
    leaning = {1: (0.2, 0.3, 2.0), 2: (0.2, 0.6, 1.5), 3: (0.3, 1.0, 0.8), 4: (0.5, 1.0, 0.6), 5: (1.2, 0.6, 0.3)}
    ancestry = tuple(rng.dirichlet(leaning.get(skin.fitzpatrick, (2.0, 0.3, 0.2))).tolist())
    male = gender > 0.5
    hair = None
    # The half transparent cards of the meshes cost more to render than strands do.
    if rng.random() < 0.3:
        # Two hair proxies came without their pictures, and without opacity they look like knitted caps.
        names = [name for name in _of_gender(proxies["hair"], male) if name in HAIR_TEXTURES]
        # What hangs over one eye is what fewer people wear.
        shares = np.array([0.4 if name in ("bob02", "braid01", "short03") else 1.0 for name in names])
        hair = str(rng.choice(names, p=shares / shares.sum()))
    colour = hair_colour_rand(rng, skin.fitzpatrick, max(age, 0.0))
    clothes_rng = rng.spawn(1)[0]
    clothes = str(clothes_rng.choice([n for n in _of_gender(proxies["clothes"], male) if "fedora" not in n]))
    # A suit in one colour, tie and all, or dungarees and the shirt under them, would look like a mannequin's.
    textured = "elegant" in clothes or "worksuit" in clothes or clothes_rng.random() < 0.5
    return MakeHumanHead(
        ancestry=ancestry,
        gender=gender,
        age=age,
        muscle=float(rng.beta(3, 3)),
        weight=float(rng.beta(2.5, 2.5)),
        details=_details_rand(rng, targets),
        expression=_expression_rand(rng),
        gaze_deg=gaze_rand(rng),
        skin=skin,
        makeup=makeup_rand(rng, gender) if age >= 0 else Makeup(),
        skin_texture=skin_photo_rand(rng, skin, male, age),
        eyes=eyes_rand(rng, skin.fitzpatrick, max(age, 0.0)),
        # Brows are a little darker than the hair.
        brows=brows_rand(rng, (0.7 * colour[0], 0.7 * colour[1], 0.7 * colour[2]), grown),
        teeth=str(rng.choice(sorted(proxies["teeth"]))),
        hair=hair,
        hair_colour=colour,
        clothes=clothes,
        clothes_textured=textured,
        clothes_colour=_tint_rand(clothes_rng) if textured else dye_rand(clothes_rng),
        clothes_weave=None if textured else weave_rand(clothes_rng, formal=False),
        clothes_roughness=float(clothes_rng.uniform(0.6, 0.95)),
    )


def makehuman_bust(head: MakeHumanHead, pack: Path) -> Bust:
    """Morph, pose, dress and cut the body.

    Raises:
        SceneError: a file of the pack that the head names is missing.
    """
    base = load(pack / "base.npz")
    body = lower_arms(base, morph(head, pack))
    # Where the bust stands and where it is cut must not depend on what the face does: all its poses are one mesh.
    calm = lower_arms(base, morph(replace(head, expression=()), pack))
    eyes = [group_centre(base, calm, f"helper-{side}-eye") for side in "lr"]
    origin = (eyes[0] + eyes[1]) / 2
    # A face of the bust lies above this height; 0.5 m and a bit below the eyes.
    floor = origin[1] - 5.3
    index = _index(pack)

    clothes = _proxy(pack, "clothes", head.clothes)
    hidden = np.zeros(len(body), bool)
    hidden[clothes["delete_verts"]] = True
    is_skin = base["face_group"] == base["group_names"].tolist().index("body")
    keep = is_skin & ~hidden[base["faces"]].all(1) & (calm[base["faces"]][..., 1] > floor).all(1)
    uv = base["uv"][base["face_uv"]]
    labels = skin_labels(base, uv)
    vertices, faces = compact(to_bust(body, origin), base["faces"][keep])
    parts = [
        Part(
            "skin",
            vertices,
            faces,
            labels=labels[keep],
            material=_skin_material(
                head.skin, head.makeup, skin_photo(pack, head.skin_texture, other_layout=False), pack
            ),
            uv=uv[keep],
            # White, for hair that grows on the skin to tint.
            colours=np.ones_like(vertices),
            subdivide=1,
        )
    ]

    def dress(kind: str, name: str, label: int, material: Material) -> None:
        """Fit a proxy to the body and add it as a part."""
        proxy = _proxy(pack, kind, name)
        vertices, resting = fit_proxy(proxy, body), fit_proxy(proxy, calm)
        corners = proxy["uv"][proxy["face_uv"]]
        used = (resting[proxy["faces"]][..., 1] > floor).all(1)
        mesh = compact(to_bust(vertices, origin), proxy["faces"][used])
        labels = np.full(used.sum(), label, np.uint8)
        parts.append(Part(kind, *mesh, labels=labels, material=material, uv=corners[used]))

    balls = eyeballs(head.eyes, head.gaze_deg, pack, body, origin)
    rest, now = to_bust(base["verts"], np.zeros(3)), to_bust(body, origin)
    rims = lid_rims(rest, base["faces"], labels)
    parts += [*balls, *(tears_of(ball, now, rim) for ball, rim in zip(balls, rims, strict=True))]
    teeth = Material("teeth", texture=picture_path(pack, "teeth_teeth"), roughness=0.3, subsurface=0.1, coat=0.5)
    dress("teeth", head.teeth, _MOUTH, teeth)
    tongue = Material("tongue", texture=picture_path(pack, "tongue_tongue01_diffuse"), roughness=0.35, coat=0.3)
    dress("tongue", "tongue01", _MOUTH, tongue)
    if head.hair is not None:
        dress("hair", head.hair, _HAIR, _hair_material(head.hair, head.hair_colour, pack, index))
    cloth = index["clothes"][head.clothes]["textures"].get("diffuseTexture")
    textured = bool(cloth) and head.clothes_textured
    material = Material(
        "clothes",
        head.clothes_colour,
        picture_path(pack, cloth) if textured else None,
        roughness=head.clothes_roughness,
        specular=0.3,
        bump_mm=0.2,
        weave=head.clothes_weave,
    )
    dress("clothes", head.clothes, _CLOTHES, material)
    surface = Forehead(rest, now, base["faces"][is_skin & (labels == _SKIN)])
    strands = (
        brows_of(head.brows, surface, rest[list(LANDMARKS)], head.skin.pattern),
        lashes(balls, rest, now, rims, head.skin.pattern),
    )
    return Bust(tuple(parts), now[list(LANDMARKS)], strands)


def makehuman_scalp(bust: Bust, pack: Path) -> np.ndarray:
    """How much hair grows at each vertex of a MakeHuman bust's skin (its first part), (V,) in [0, 1]."""
    base, skin = load(pack / "base.npz"), bust.parts[0]
    # The bust keeps a part of the base mesh; its faces are found again by where they lie in the texture.
    places = {place.tobytes(): face for face, place in enumerate(base["uv"][base["face_uv"]])}
    assert skin.uv is not None
    faces = base["faces"][[places[place.tobytes()] for place in skin.uv]]
    weights = np.zeros(len(skin.vertices), np.float32)
    weights[skin.faces] = scalp_weights(base)[faces]
    return weights


def _details_rand(rng: np.random.Generator, targets: list[str]) -> tuple[tuple[str, float], ...]:
    """Draw face details: opposite targets share one normal weight; left and right differ a little."""
    known = set(targets)
    details = []
    for name in targets:
        if _LEFT_OUT.search(name) or "/r-" in name:
            continue
        stem, _, end = name.rpartition("-")
        pair = next((p for p in _OPPOSITES if end in p and {f"{stem}-{p[0]}", f"{stem}-{p[1]}"} <= known), None)
        if pair is not None and end == pair[1]:
            continue
        weight = float(np.clip(rng.normal(0, 0.25 if not name.startswith(("head/", "eyebrows/")) else 0.15), -1, 1))
        if pair is not None and weight < 0:
            name = f"{stem}-{pair[1]}"
        elif weight < 0:
            continue
        weight = abs(weight)
        details.append((name, weight))
        if "/l-" in name:
            details.append((name.replace("/l-", "/r-"), float(np.clip(weight + rng.normal(0, 0.03), 0, 1))))
    asymmetries = [name for name in targets if name.startswith("asym/")]
    for name in rng.choice(asymmetries, 5, replace=False):
        details.append((str(name), float(rng.uniform(0, 0.4))))
    return tuple(details)


def _expression_rand(rng: np.random.Generator) -> tuple[tuple[str, float], ...]:
    """Draw an expression; half of the faces stay near neutral."""
    if rng.random() < 0.45:
        units, strength = _EXPRESSIONS[rng.integers(len(_EXPRESSIONS))], 0.15
    else:
        # A smile is what people show a camera most; closed eyes are rare.
        shares = np.array([3, 3, 1.5, 0.8, 1, 0.8, 0.8, 0.8, 0.5])
        units, strength = _EXPRESSIONS[rng.choice(len(_EXPRESSIONS), p=shares / shares.sum())], 1.0
    drawn = []
    for name, low, high in units:
        weight = strength * rng.uniform(low, high)
        drawn.append((name, float(weight)))
        if "-left-" in name:
            drawn.append((name.replace("-left-", "-right-"), float(weight * rng.uniform(0.9, 1.0))))
    return tuple(drawn)


def _tint_rand(rng: np.random.Generator) -> tuple[float, float, float]:
    """Draw what multiplies the picture of clothes."""
    red, green, blue = (rng.uniform(0.05, 1.0) * rng.uniform(0.35, 1.0, 3)).tolist()
    return red, green, blue


def _of_gender(proxies: dict, male: bool) -> list[str]:
    """Names of the proxies whose tags do not speak of the other gender."""
    other = "Female" if male else "Male"
    return sorted(name for name, proxy in proxies.items() if other not in proxy["tags"])


def _hair_material(hair: str, colour: tuple[float, float, float], pack: Path, index: dict) -> Material:
    name = index["hair"][hair]["textures"]["diffuseTexture"]
    # Dark pictures hold little more than the marks of their compression: brightening stops at twelve times.
    tint = np.minimum(np.array(colour) / HAIR_TEXTURES[hair], 12.0)
    alpha = picture_path(pack, f"{name}_alpha", ".png")
    return Material("hair", tuple(tint.tolist()), picture_path(pack, name), alpha=alpha, roughness=0.45, specular=0.4)


def _proxy(pack: Path, kind: str, name: str) -> dict:
    return load(pack / "proxies" / f"{kind}_{name}.npz")


@lru_cache(maxsize=2)
def _skin_material(skin: Skin, makeup: Makeup, photo: Photo, pack: Path) -> Material:
    """Kept for the frames of a sequence: painting takes a second."""
    return skin_material(skin, makeup, _face(pack), photo)


@lru_cache(maxsize=2)
def _face(pack: Path) -> Face:
    """The head, neck and linings of the unmorphed body in the pack's own layout; the rest stays blank."""
    base = load(pack / "base.npz")
    body, uv = base["verts"], base["uv"][base["face_uv"]]
    origin = np.mean([group_centre(base, body, f"helper-{side}-eye") for side in "lr"], axis=0)
    placed = to_bust(body, origin)
    at = mean_face(placed, placed[list(LANDMARKS)])
    labels = skin_labels(base, uv)
    lips, lining = np.zeros(len(body), np.float32), np.zeros(len(body), np.float32)
    lining[base["faces"][(labels == _MOUTH) | (labels == _EYES)]] = 1
    lips[base["faces"][labels == _LIPS]] = 1
    is_skin = base["face_group"] == base["group_names"].tolist().index("body")
    near = is_skin & (placed[base["faces"]][..., 2] > -0.2).all(1)
    values = np.concatenate([at, lips[:, None], lining[:, None]], 1)
    return face_of(canvas_of(uv[near], base["faces"][near], values, 2048, 2048))


@lru_cache(maxsize=4)
def _index(pack: Path) -> dict[str, dict[str, dict]]:
    """Proxies by kind, then by name."""
    proxies: dict[str, dict[str, dict]] = {}
    for proxy in json.loads((pack / "index.json").read_text())["proxies"]:
        proxies.setdefault(proxy["kind"], {})[proxy["name"]] = proxy
    return proxies
