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

from .bust import LABELS, Bust, Material, Part, Strands
from .garment import Garment, garment_rand
from .hair_colour import hair_colour_rand
from .ict_torso import dress, extend, open_edge, vertex_normals
from .skin import Skin, lip_colour, paint_skin, skin_colour, skin_material, skin_rand

_SKIN, _BROWS, _EYES, _LIPS, _MOUTH = (LABELS.index(n) for n in ("skin", "brows", "eyes", "lips", "mouth"))

# A vertex on the open edge under the shoulders.
_EDGE_VERTEX = 10652
# A vertex on the rim of the left and of the right eye's opening.
_LID_VERTICES = (6548, 6590)

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
    identity = np.clip(rng.normal(size=len(_model(pack).identity)), -2.5, 2.5)
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
    model = _model(pack)
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
        _to_bust(surface.vertices, origin),
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
        _to_bust(surface.vertices, origin),
        surface.faces,
        np.concatenate([model.labels, chest]),
        skin_material(head.skin),
        colours=painted,
        subdivide=1,
    )
    gums = Material("gums", (0.42, 0.12, 0.11), roughness=0.35, subsurface=0.1, coat=0.3)
    teeth = Material("teeth", (0.66, 0.60, 0.49), roughness=0.3, subsurface=0.1, coat=0.5)
    parts = [skin, *(_eyeball(model, k, vertices, origin, head.iris) for k in range(2))]
    for name, material, label in (("M_GumsTongue", gums, _MOUTH), ("M_Teeth", teeth, _MOUTH)):
        parts.append(_part(model, name, material, label, vertices, origin))
    for layer in dress(head.garment, surface):
        parts.append(Part(**{**layer.__dict__, "vertices": _to_bust(layer.vertices, origin)}))
    return Bust(
        tuple(parts),
        _to_bust(vertices[model.landmarks], origin),
        (_brows(head, model, vertices, origin), _lashes(head, model, vertices, origin)),
    )


def ict_scalp(bust: Bust, pack: Path) -> np.ndarray:
    """How much hair grows at each vertex of an ICT bust's skin (its first part), (V,) in [0, 1]."""
    return _pad(_model(pack).scalp, len(bust.parts[0].vertices))


@dataclass(frozen=True)
class _Model:
    """The pack's arrays, and what follows from the neutral head alone.

    Attributes:
        neutral: (V, 3). identity: (100, V, 3). expression: (55, V, 3). All float32, centimetres.
        eyeballs: first and one-past-last vertex of the left and the right eyeball.
        skin_end: the skin, the mouth's and the eyes' sockets are the vertices before this one.
        skin_faces, labels: their faces and the faces' labels.
        edge: the open edge under the shoulders.
        flush, shade, vermilion, inside, socket, scalp: (skin_end,) weights in [0, 1] (flush a little more).
        lid_rims: vertices around the opening of the left and the right eye.
        eye_grids: points of each eyeball; see ``_eye_grid``.
    """

    neutral: np.ndarray
    identity: np.ndarray
    expression: np.ndarray
    expression_names: list[str]
    faces: np.ndarray
    face_material: np.ndarray
    material_names: list[str]
    landmarks: np.ndarray
    eyeballs: tuple[tuple[int, int], ...]
    skin_end: int
    skin_faces: np.ndarray
    labels: np.ndarray
    edge: np.ndarray
    flush: np.ndarray
    shade: np.ndarray
    vermilion: np.ndarray
    inside: np.ndarray
    socket: np.ndarray
    scalp: np.ndarray
    lid_rims: tuple[np.ndarray, ...]
    eye_grids: tuple[np.ndarray, ...]


# Rings of an eyeball from the pupil's centre to the back, radians, and the points around each.
_EYE_RINGS = np.concatenate([np.linspace(0.02, 0.62, 26), np.linspace(0.68, 3.1, 20)])
_EYE_AROUND = 48
_PUPIL, _LIMBUS = 0.15, 0.40  # radians from the axis


@lru_cache(maxsize=2)
def _model(pack: Path) -> _Model:
    with np.load(pack / "ict_facekit.npz") as file:
        data = dict(file)
    neutral = data["neutral"]
    regions = {str(n): r.tolist() for n, r in zip(data["region_names"], data["region_ranges"], strict=True)}
    expression_names = data["expression_names"].tolist()
    expression = data["expression"].astype(np.float32)
    skin_end, faces_end = regions["eye_socket_r"][1], regions["eye_socket_r"][3]
    skin_faces = data["faces"][:faces_end]
    landmarks = data["landmarks68"]
    outer_skin = regions["head_neck"][1]

    x, y, z = neutral[:skin_end].T
    side = np.abs(x)
    points = np.stack([side, y, z], 1)
    on_face = np.arange(skin_end) < outer_skin
    flush = 0.9 * _bump(points, (3.6, 0.0, 9.0), (1.5, 1.3, 3.0)) + 0.9 * _bump(
        points, (0.6, 0.3, 12.5), (1.1, 1.0, 1.6)
    )
    flush += 0.7 * _bump(points, (8.3, 1.0, 0.0), (1.3, 3.0, 3.0)) + 0.4 * _bump(points, (0, -6.5, 11.0), (1.4, 1, 2))
    shade = 0.55 * _bump(points, (2.9, 2.6, 9.6), (1.3, 0.6, 2.0)) + 0.35 * _bump(
        points, (2.6, 4.2, 9.6), (1.3, 0.8, 2)
    )
    shade += 0.35 * _bump(points, (0, -9.5, 5.0), (6, 1.5, 5))

    mouth = _closed_curve(neutral[landmarks[48:60], :2])
    lips = _inside_distance(mouth, neutral[:skin_end, :2]) * (y < -1) * (z > 9.3)
    vermilion = np.clip(lips / 0.12 + 0.5, 0, 1) * (z > 9.3) * (np.abs(y + 3.4) < 1.6) * (side < 3) * on_face
    in_mouth = (np.arange(skin_end) >= outer_skin) & (np.arange(skin_end) < regions["mouth_socket"][1])
    centres = _centres(neutral, skin_faces)
    labels = np.full(faces_end, _SKIN, np.uint8)
    lip_face = (
        (_inside_distance(mouth, centres[:, :2]) > 0) & (centres[:, 2] > 9.3) & (np.abs(centres[:, 1] + 3.4) < 1.6)
    )
    labels[: regions["head_neck"][3]][lip_face[: regions["head_neck"][3]]] = _LIPS
    labels[regions["mouth_socket"][2] : regions["mouth_socket"][3]] = _MOUTH
    labels[regions["eye_socket_l"][2] :] = _EYES

    # The first rows of the mouth's socket are still lip.
    edge_of_lips = neutral[landmarks[60:68]].mean(0)
    depth = np.clip((10.2 - z) / 0.8, 0, 1) * in_mouth
    vermilion = np.maximum(vermilion, in_mouth * (1 - depth) * (np.abs(y - edge_of_lips[1]) < 1.2))
    socket = (np.arange(skin_end) >= regions["eye_socket_l"][0]).astype(np.float32)
    eyeballs = tuple(tuple(regions[f"eyeball_{s}"][:2]) for s in "lr")
    dilate = [expression[expression_names.index(f"PupilDilate_{s}")] for s in "LR"]
    return _Model(
        neutral=neutral,
        identity=data["identity"].astype(np.float32),
        expression=expression,
        expression_names=expression_names,
        faces=data["faces"],
        face_material=data["face_material"],
        material_names=data["material_names"].tolist(),
        landmarks=landmarks,
        eyeballs=eyeballs,
        skin_end=skin_end,
        skin_faces=skin_faces,
        labels=labels,
        edge=open_edge(data["faces"][: regions["head_neck"][3]], _EDGE_VERTEX),
        flush=flush.astype(np.float32) * on_face,
        shade=shade.astype(np.float32) * on_face,
        vermilion=vermilion.astype(np.float32),
        inside=depth.astype(np.float32),
        socket=socket,
        lid_rims=tuple(open_edge(data["faces"][: regions["face"][3]], vertex) for vertex in _LID_VERTICES),
        scalp=_scalp(neutral[:skin_end]) * on_face,
        eye_grids=tuple(_eye_grid(neutral[a:b], d[a:b]) for (a, b), d in zip(eyeballs, dilate, strict=True)),
    )


def _scalp(neutral: np.ndarray) -> np.ndarray:
    """Where hair grows on the neutral head, (V,) in [0, 1]."""
    x, y, z = neutral.T
    # Lowest height of hair along the side of the head: nape, behind the ear, over it, sideburn, temple, forehead.
    depth = [-8.5, -6.0, -3.2, -1.6, -0.5, 1.9, 2.2, 3.2, 4.0, 6.0, 8.5]
    line = np.interp(z, depth, [-4.0, -4.5, -2.5, 3.0, 4.6, 4.4, 1.2, 1.4, 6.5, 8.3, 10.4])
    front = 10.8 - 0.03 * x**2
    line = np.where(z > 4.5, np.maximum(line, front - 1.5), line)
    ear = (np.abs(x) > 7.6) & (y < 4.2) & (z > -1.8) & (z < 1.9)
    return (np.clip((y - line) / 0.7 + 0.5, 0, 1) * ~ear).astype(np.float32)


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


def _eye_grid(shell: np.ndarray, dilation: np.ndarray) -> np.ndarray:
    """Points on a neutral eyeball in rings about its gaze, (rings · around, 3).

    The pack's own eyeball is too coarse to paint an iris on, so its outer shell is sampled anew.
    """
    centre = (shell.min(0) + shell.max(0)) / 2
    axis = shell[np.linalg.norm(dilation, axis=1) > 0.2 * np.linalg.norm(dilation, axis=1).max()].mean(0) - centre
    axis /= np.linalg.norm(axis)
    across = np.cross([0.0, 1.0, 0.0], axis)
    across /= np.linalg.norm(across)
    up = np.cross(axis, across)
    theta, phi = _eye_angles()
    rays = np.cos(theta)[:, None] * axis + np.sin(theta)[:, None] * (
        np.cos(phi)[:, None] * across + np.sin(phi)[:, None] * up
    )
    offset = shell - centre
    radius = np.linalg.norm(offset, axis=1)
    near = rays @ (offset / radius[:, None]).T
    # The outermost of the shells around each ray: its few nearest vertices, the farther out the heavier.
    weight = np.exp((near - 1) / 0.004 + radius / 0.03 - radius.max() / 0.03)
    return centre + rays * ((weight @ radius) / weight.sum(1))[:, None]


def _eye_angles() -> tuple[np.ndarray, np.ndarray]:
    phi = np.linspace(0, 2 * np.pi, _EYE_AROUND, endpoint=False)
    theta, phi = np.meshgrid(_EYE_RINGS, phi, indexing="ij")
    return theta.ravel(), phi.ravel()


def _eyeball(model: _Model, k: int, vertices: np.ndarray, origin: np.ndarray, iris) -> Part:
    """Eyeball ``k`` (0 left, 1 right) with pupil, iris and sclera painted on a grid that follows the pack's eyeball."""
    first, end = model.eyeballs[k]
    rest = np.concatenate([model.neutral[first:end], np.ones((end - first, 1), np.float32)], 1)
    motion = np.linalg.lstsq(rest, vertices[first:end], rcond=None)[0]  # (4, 3), affine
    grid = model.eye_grids[k]
    points = np.concatenate([grid, np.ones((len(grid), 1))], 1) @ motion
    n, rows = _EYE_AROUND, len(_EYE_RINGS)
    ids = np.arange(rows * n).reshape(rows, n)
    beside = np.roll(ids, -1, 1)
    quads = np.stack([ids[:-1], ids[1:], beside[1:], beside[:-1]], -1).reshape(-1, 4)
    tip = points[:n].mean(0)
    fan = np.stack([np.full(n, len(points)), ids[0], beside[0], np.full(n, -1)], 1)
    points = np.concatenate([points, tip[None]])

    theta, phi = _eye_angles()
    theta, phi = np.append(theta, 0.0), np.append(phi, 0.0)
    fibres = 1 + 0.22 * np.cos(17 * phi) * np.cos(29 * phi + 40 * theta)
    rim = 1 - 0.6 * np.clip((theta - 0.8 * _LIMBUS) / (0.2 * _LIMBUS), 0, 1)
    sclera = (
        np.float32([0.60, 0.53, 0.49]) - np.float32([0.05, 0.16, 0.16]) * np.clip((theta - 0.6) / 0.7, 0, 1)[:, None]
    )
    colours = np.float32(iris) * (fibres * rim)[:, None]
    colours = colours + np.clip((theta - _LIMBUS) / 0.05 + 0.5, 0, 1)[:, None] * (sclera - colours)
    colours = colours * np.clip((theta - _PUPIL) / 0.03 + 0.5, 0, 1)[:, None] + 0.004
    faces = np.concatenate([quads, fan]).astype(np.int32)
    labels = np.full(len(faces), _EYES, np.uint8)
    material = Material("eye", roughness=0.25, coat=1.0)
    return Part(f"eye_{'lr'[k]}", _to_bust(points, origin), faces, labels, material, colours=colours.astype(np.float32))


def _brows(head: IctHead, model: _Model, vertices: np.ndarray, origin: np.ndarray) -> Strands:
    """Short hairs along the brow ridges, rooted in the skin and lying on it."""
    rng = np.random.default_rng(head.pattern)
    count = int(420 * head.brow_density)
    arches = []
    for marks, side in ((model.landmarks[[21, 20, 19, 18, 17]], -1), (model.landmarks[22:27], 1)):
        arch = model.neutral[marks, :2]
        t = rng.uniform(0, 1, count) ** 0.9
        along = np.stack([np.interp(t * 4, np.arange(5), arch[:, k]) for k in range(2)], 1)
        width = 0.1 * head.brow_width_mm * np.minimum(1, 0.55 + 2 * t) * (1.05 - 0.85 * t**2)
        root = along + np.array([0, 0.1 * head.brow_lift_mm])
        root[:, 1] += rng.uniform(-0.5, 0.5, count) * width
        # Upright near the nose, then along the arch and at last downwards.
        angle = np.interp(t, [0, 0.25, 0.7, 1], [1.2, 0.55, 0.1, -0.45]) + rng.normal(0, 0.18, count)
        length = 0.65 * (1 - 0.25 * t) * rng.uniform(0.75, 1.2, count)
        steps = np.linspace(0, 1, 5)[:, None]
        x = root[:, 0] + side * steps * length * np.cos(angle)
        y = root[:, 1] + steps * length * np.sin(angle) - 0.08 * steps**2
        arches.append(np.stack([x, y], -1).transpose(1, 0, 2))
    flat = np.concatenate(arches)  # (2 · count, 5, 2)
    points = _drape(model, vertices, flat.reshape(-1, 2), np.tile(np.linspace(0.005, 0.1, 5), 2 * count))
    material = Material("brows", head.brow_colour, roughness=0.45, specular=0.3)
    return Strands("brows", _to_bust(points, origin).reshape(-1, 5, 3), 0.00022, _BROWS, material)


def _lashes(head: IctHead, model: _Model, vertices: np.ndarray, origin: np.ndarray) -> Strands:
    """Lashes from the rims of the lids, forward and curling away; the pack's own are cards without a picture."""
    rng = np.random.default_rng([head.pattern, 1])
    steps = np.linspace(0, 1, 5)[:, None]
    hairs = []
    for rim, (first, end) in zip(model.lid_rims, model.eyeballs, strict=True):
        rest, now = model.neutral[rim], vertices[rim]
        eye = (vertices[first:end].min(0) + vertices[first:end].max(0)) / 2
        inner, outer = rest[np.abs(rest[:, 0]).argmin()], rest[np.abs(rest[:, 0]).argmax()]
        across = (rest[:, 0] - inner[0]) / (outer[0] - inner[0])
        above = rest[:, 1] - inner[1] - across * (outer[1] - inner[1])
        for upper, count, longest in ((True, 110, 0.85), (False, 60, 0.4)):
            on_lid = np.flatnonzero((above > 0) == upper)
            on_lid = on_lid[np.argsort(across[on_lid])]
            t = rng.uniform(0.12, 1.0, count)
            root = np.stack([np.interp(t, across[on_lid], now[on_lid, k]) for k in range(3)], 1)
            away = root - eye
            away /= np.linalg.norm(away, axis=1, keepdims=True)
            fan = (t - 0.45)[:, None] * np.float32([0.9 * np.sign(outer[0]), 0, 0])
            lift = np.float32([0, 1.0 if upper else -0.9, 0])
            heading = away + fan + rng.normal(0, 0.08, (count, 3))
            length = longest * np.sin(np.pi * np.clip(0.15 + 0.7 * t, 0, 1)) * rng.uniform(0.7, 1, count)
            # Out of the lid first, then curling up (down on the lower lid).
            hairs.append(root + length[:, None] * (0.75 * steps[:, None] * heading + 0.55 * steps[:, None] ** 2 * lift))
    points = np.concatenate([h.transpose(1, 0, 2) for h in hairs])
    material = Material("lashes", (0.012, 0.010, 0.009), roughness=0.5, specular=0.3)
    return Strands("lashes", _to_bust(points.reshape(-1, 3), origin).reshape(points.shape), 0.00009, _BROWS, material)


def _drape(model: _Model, vertices: np.ndarray, flat: np.ndarray, above: np.ndarray) -> np.ndarray:
    """Carry points drawn in front of the neutral forehead (N, 2) to a head's skin and ``above`` it, (N, 3)."""
    faces, rest = model.skin_faces, model.neutral
    centres = _centres(rest, faces)
    # Above the eyes and below the hairline, in front of the ears.
    ridge = (centres[:, 2] > 4) & (centres[:, 1] > 3.8) & (centres[:, 1] < 9)
    ridge &= (model.labels == _SKIN) & (faces[:, 3] >= 0)
    quads = faces[ridge]
    triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    a, b, c = rest[triangles].transpose(1, 0, 2)[..., :2]
    near = np.argsort(((flat[:, None] - (a + b + c) / 3) ** 2).sum(-1), axis=1)[:, :8]  # (N, 8) candidates
    a, b, c = a[near], b[near], c[near]

    def twice_area(p: np.ndarray, q: np.ndarray, r: np.ndarray) -> np.ndarray:
        return (q[..., 0] - p[..., 0]) * (r[..., 1] - p[..., 1]) - (q[..., 1] - p[..., 1]) * (r[..., 0] - p[..., 0])

    p = flat[:, None]
    shares = np.stack([twice_area(p, b, c), twice_area(p, c, a), twice_area(p, a, b)], -1)
    shares /= shares.sum(-1, keepdims=True)
    best = shares.min(-1).argmax(1)
    rows = np.arange(len(flat))
    shares, triangle = shares[rows, best], triangles[near[rows, best]]
    normals = vertex_normals(vertices[: model.skin_end], faces)
    points = np.einsum("nk,nka->na", shares, vertices[triangle])
    return points + above[:, None] * np.einsum("nk,nka->na", shares, normals[triangle])


def _part(model: _Model, name: str, material: Material, label: int, vertices: np.ndarray, origin: np.ndarray) -> Part:
    """One material of the pack as a part."""
    faces = model.faces[model.face_material == model.material_names.index(name)]
    # The mouth's socket shares its material with the gums; it is part of the skin.
    faces = faces[faces[:, 0] >= model.skin_end]
    used = np.unique(faces[faces >= 0])
    order = np.full(len(vertices) + 1, -1, np.int32)
    order[used] = np.arange(len(used))
    labels = np.full(len(faces), label, np.uint8)
    return Part(material.name, _to_bust(vertices[used], origin), order[faces], labels, material)


def _to_bust(points: np.ndarray, origin: np.ndarray) -> np.ndarray:
    """From centimetres, +y up, +z out of the face, to the bust's frame."""
    moved = (points - origin) * 0.01
    return np.stack([moved[:, 0], -moved[:, 2], moved[:, 1]], 1).astype(np.float32)


def _pad(values: np.ndarray, length: int) -> np.ndarray:
    """Zeros for the vertices that were added to the pack's."""
    return np.concatenate([values, np.zeros(length - len(values), np.float32)])


def _bump(points: np.ndarray, centre: tuple, width: tuple) -> np.ndarray:
    return np.exp(-0.5 * (((points - centre) / width) ** 2).sum(1))


def _centres(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Means of the faces' corners, (F, 3)."""
    return np.where((faces >= 0)[..., None], vertices[faces], 0).sum(1) / (faces >= 0).sum(1, keepdims=True)


def _closed_curve(corners: np.ndarray, steps: int = 8) -> np.ndarray:
    """A Catmull–Rom curve through corners (N, 2), closed: (steps · N, 2)."""
    t = (np.arange(steps) / steps)[:, None, None]
    a, b, c, d = (np.roll(corners, shift, 0) for shift in (1, 0, -1, -2))
    curve = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
    return curve.transpose(1, 0, 2).reshape(-1, 2)


def _inside_distance(curve: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Signed distance of points (N, 2) from a closed curve, positive inside."""
    start, end = curve, np.roll(curve, -1, 0)
    along = end - start
    offset = points[:, None] - start
    t = np.clip((offset * along).sum(-1) / (along**2).sum(-1), 0, 1)
    distance = np.linalg.norm(offset - t[..., None] * along, axis=-1).min(1)
    y = points[:, 1:]
    crosses = (start[:, 1] > y) != (end[:, 1] > y)
    with np.errstate(divide="ignore", invalid="ignore"):
        where = start[:, 0] + (y - start[:, 1]) / along[:, 1] * along[:, 0]
    inside = (crosses & (points[:, :1] < where)).sum(1) % 2 == 1
    return np.where(inside, distance, -distance)
