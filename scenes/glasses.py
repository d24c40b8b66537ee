"""Glasses: two lenses in a frame, a bridge over the nose, temples over the ears. Bust's frame, metres.

Lenses are solid, thick where their power asks for it, and refract (``build/materials.py``).
"""

from dataclasses import dataclass

import numpy as np

from .bust import LABELS, Material, Part
from .fit import Fit
from .panorama import triple
from .shapes import Mesh, ball, flipped, join, mirrored, rod, sheet

# Outline of each shape: lens width and height in millimetres, how square (2 is an ellipse), breadth of the lower half
# relative to the upper, lift of the outer upper corner and drop of the inner lower one relative to the height.
# Sizes are the usual "boxing" ones of the trade (ISO 8624).
OUTLINES = {
    "round": ((42, 50), (40, 47), 2.0, 1.0, 0.0, 0.0),
    "oval": ((48, 53), (30, 36), 2.2, 1.0, 0.0, 0.0),
    "rectangle": ((49, 55), (28, 35), 4.5, 0.97, 0.0, 0.0),
    "square": ((49, 54), (38, 44), 4.0, 0.95, 0.0, 0.0),
    "wayfarer": ((48, 53), (36, 42), 3.4, 0.84, 0.10, 0.0),
    "cat-eye": ((49, 54), (36, 42), 2.8, 0.82, 0.22, 0.0),
    "aviator": ((54, 59), (44, 50), 2.6, 0.80, 0.0, 0.12),
}
RIMS = ("wire", "acetate", "upper", "rimless")
_AROUND = 48
# Scene-linear colours of frames: metals, then plastics from black over tortoise to clear.
_METALS = ((0.60, 0.60, 0.61), (0.70, 0.52, 0.28), (0.25, 0.25, 0.26), (0.55, 0.33, 0.26), (0.03, 0.03, 0.03))
_PLASTICS = (
    (0.008, 0.008, 0.008),
    (0.02, 0.015, 0.012),
    (0.07, 0.028, 0.010),
    (0.012, 0.02, 0.05),
    (0.25, 0.02, 0.02),
    (0.45, 0.42, 0.38),
    (0.16, 0.10, 0.06),
)
_PLASTIC_SHARES = (0.4, 0.12, 0.2, 0.1, 0.05, 0.06, 0.07)
# Radius of the front's curve seen from above; and how far its lower edge leans towards the cheeks, as a slope.
_CURVE_M, _LEAN = 0.28, 0.12
# Of lenses: index of refraction (CR-39, ISO 7944 has 1.498), least thickness, strongest powers in dioptres.
_INDEX, _THIN_M, _POWERS = 1.498, 0.0012, (-6.0, 4.0)


@dataclass(frozen=True)
class Glasses:
    """A pair of glasses.

    Attributes:
        outline: one of ``OUTLINES``. rim: one of ``RIMS``.
        width_mm, height_mm: of a lens.
        colour: of the frame, scene-linear. metallic: whether the frame is metal.
        transmission: what the lenses let through, (3,) in [0, 1]; dark for sunglasses.
        slide_mm: how far they have slid down the nose.
        power: of the lenses, in dioptres; below 0 the eyes behind them look smaller.
    """

    outline: str
    rim: str
    width_mm: float
    height_mm: float
    colour: tuple[float, float, float]
    metallic: bool
    transmission: tuple[float, float, float]
    slide_mm: float
    power: float


def glasses_rand(rng: np.random.Generator) -> Glasses:
    """Draw glasses; one pair in six is sunglasses."""
    names = tuple(OUTLINES)
    dark = rng.random() < 1 / 6
    shares = (1, 1, 3, 2, 3, 2, 4) if dark else (3, 2, 4, 2, 3, 1.5, 1)
    outline = names[rng.choice(len(names), p=np.array(shares) / sum(shares))]
    rim = RIMS[rng.choice(4, p=(0.36, 0.46, 0.1, 0.08))]
    widths, heights = OUTLINES[outline][:2]
    metallic = rim in ("wire", "rimless") or (rim == "upper" and rng.random() < 0.5)
    choice = rng.integers(len(_METALS)) if metallic else rng.choice(len(_PLASTICS), p=_PLASTIC_SHARES)
    base = np.array((_METALS if metallic else _PLASTICS)[choice])
    tint = 0.97 * np.ones(3)
    if dark:
        tint = rng.uniform(0.05, 0.3) * np.exp(np.array(rng.normal(0, (0.25, 0.1, 0.25))))
    return Glasses(
        outline=outline,
        rim=rim,
        width_mm=float(rng.uniform(*widths)),
        height_mm=float(rng.uniform(*heights)),
        colour=triple(np.clip(base * np.exp(rng.normal(0, 0.1, 3)), 0.004, 0.9)),
        metallic=metallic,
        transmission=triple(np.clip(tint, 0, 1)),
        slide_mm=float(rng.exponential(1.5)),
        power=_power_rand(rng.spawn(1)[0], dark),
    )


def _power_rand(rng: np.random.Generator, dark: bool) -> float:
    """Most people who wear glasses are short-sighted; most sunglasses correct nothing."""
    if rng.random() < (0.8 if dark else 0.05):
        return 0.0
    power = -np.exp(rng.normal(0.8, 0.6)) if rng.random() < 0.7 else np.exp(rng.normal(0.5, 0.5))
    return float(np.clip(power, *_POWERS))


def build_glasses(glasses: Glasses, fit: Fit) -> tuple[Part, ...]:
    """The frame and the lenses on a face."""
    outline = _outline(glasses, fit)
    lens, front = _lens(outline, glasses, fit)
    rim = _place(outline, front)
    wire = glasses.rim in ("wire", "rimless")
    thick, deep = (0.0008, 0.0010) if wire else (0.0019, 0.0020)
    pieces: list[Mesh] = []
    outward = _place(outline * 1.02 - 0.02 * outline.mean(0), front) - rim
    if glasses.rim in ("wire", "acetate"):
        pieces.append(rod(rim, outward, deep, thick, closed=True))
    elif glasses.rim == "upper":
        upper = outline[:, 1] > outline[:, 1].mean() + 0.002
        # The outline starts at its outer end and runs over the top.
        order = np.flatnonzero(upper)
        pieces.append(rod(rim[order], outward[order], deep, 1.3 * thick))
    pieces.append(_temple(rim, outline, fit, thick, deep))
    side = join(*pieces)
    if wire:
        side = join(side, _nose_pad(outline, front, fit))
    frame = join(side, mirrored(side), _bridge(outline, front, fit, thick, deep))
    metal, polish = (1.0, 0.0) if glasses.metallic else (0.0, 0.3)
    material = Material("frame", glasses.colour, roughness=0.24, metallic=metal, coat=polish)
    # Light passes through both faces of a lens.
    tint = triple(np.sqrt(glasses.transmission))
    glass = Material("lens", (0.004, 0.004, 0.004), roughness=0.02, transmission=tint, index=_INDEX)
    return (
        _part("glasses", frame, material),
        _part("lenses", join(lens, mirrored(lens)), glass),
    )


def _part(name: str, mesh: Mesh, material: Material) -> Part:
    labels = np.full(len(mesh.faces), LABELS.index("accessories"), np.uint8)
    return Part(name, mesh.vertices.astype(np.float32), mesh.faces.astype(np.int32), labels, material)


def _outline(glasses: Glasses, fit: Fit) -> np.ndarray:
    """Edge of the left lens in x and z, (N, 2) metres, from its outer end over the top."""
    _, _, square, taper, lift, drop = OUTLINES[glasses.outline]
    angle = np.linspace(0, 2 * np.pi, _AROUND, endpoint=False)
    u = np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** (2 / square)
    v = np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** (2 / square)
    z = v + 2 * lift * np.clip(u, 0, 1) * np.clip(v, 0, 1) - 2 * drop * np.clip(-u, 0, 1) * np.clip(-v, 0, 1)
    u = u * (taper + (1 - taper) * (v + 1) / 2)
    wide, tall = glasses.width_mm / 2000, glasses.height_mm / 2000
    # Frames come in sizes: broad faces wear broad ones.
    wide *= np.clip(fit.temple_m / 0.07, 0.92, 1.1)
    # A nose's breadth between the lenses, and the pupils a little inside and above their middles.
    middle = max(fit.pupil[0] + 0.001, wide + 0.009)
    return np.stack([middle + wide * u, fit.pupil[1] - 0.002 - glasses.slide_mm / 1000 + tall * z], -1)


def _front(outline: np.ndarray, thick: np.ndarray, fit: Fit) -> float:
    """How far in front the lenses must be, the y of their surface at x = z = 0, so as to clear lashes and cheeks.

    Args:
        thick: (R, N) of the lens, edge first.
    """
    x, y, z = fit.face.T
    low, high = outline.min(0), outline.max(0)
    near = (x > low[0]) & (x < high[0]) & (z > low[1]) & (z < high[1])
    clear = (y - x * x / (2 * _CURVE_M) + _LEAN * z)[near & (x > 0.016)]
    # Lenses stand 12 mm before the cornea as a rule, never nearer than lashes are long.
    return float(min(fit.cornea - 0.010 - thick[-1, 0], clear.min() - 0.002 - thick[0].max()))


def _place(flat: np.ndarray, front: float) -> np.ndarray:
    """Points (N, 2) of the lens's plane as points in space (N, 3)."""
    x, z = flat.T
    return np.stack([x, front + x * x / (2 * _CURVE_M) - _LEAN * z, z], -1)


def _lens(outline: np.ndarray, glasses: Glasses, fit: Fit) -> tuple[Mesh, float]:
    """The left lens, a solid, and the y of its front at x = z = 0; its optical centre is before the pupil."""
    middle = outline.mean(0)
    rings = middle + np.array([*np.linspace(1, 0.1, 10), 0.001])[:, None, None] * (outline - middle)  # (11, N, 2)
    # How much thicker a lens is where its power makes it so, by the thin lens's law.
    lift = -glasses.power * ((rings - fit.pupil) ** 2).sum(-1) / (2 * (_INDEX - 1))
    thick = _THIN_M + lift - lift.min()
    front = _front(outline, thick, fit)
    outer = np.stack([_place(ring, front) for ring in rings])
    inner = outer + thick[:, :, None] * (0, 1, 0)
    edge = np.stack([inner[0], outer[0]])
    return join(sheet(outer, closed=True), flipped(sheet(inner, closed=True)), sheet(edge, closed=True)), front


def _bridge(outline: np.ndarray, front: float, fit: Fit, thick: float, deep: float) -> Mesh:
    """From lens to lens over the nose."""
    inner = outline[np.argmin(outline[:, 0])]
    level = fit.pupil[1] + 0.004
    start = _place(np.array([[inner[0] + 0.0015, level]]), front)[0]
    t = np.linspace(-1, 1, 15)
    nose = fit.nose_at(level + 0.003) - 0.0015 - deep
    middle = min(start[1], nose)
    y = middle + (start[1] - middle) * np.abs(t) ** 2.5
    z = level + 0.003 * (1 - t * t)
    return rod(np.stack([start[0] * t, y, z], -1), np.array([0, 0, 1.0]), deep, max(thick, 0.0009) * 1.1)


def _temple(rim: np.ndarray, outline: np.ndarray, fit: Fit, thick: float, deep: float) -> Mesh:
    """From the lens's outer end along the head, over the ear and down behind it."""
    hinge = rim[np.argmax(outline[:, 0] + 0.4 * outline[:, 1])]
    corner = hinge + np.array([0.003, 0.0015, 0])
    y = np.linspace(corner[1] + 0.004, fit.ear[1] - 0.003, 16)
    ear = fit.ear
    share = (y - y[0]) / (ear[1] - y[0])
    # Level at first, then down to the ear.
    z = corner[2] + (ear[2] - corner[2]) * share**2
    # Straight where the head allows it, else along it.
    x = np.maximum(corner[0] + 0.002 + (ear[0] - corner[0] - 0.002) * share, fit.side_at(y, z) + 0.0015)
    t = np.linspace(0, 1, 7)[1:]
    behind = np.array([x[-1], ear[1], ear[2]]) + np.stack([-0.006 * t, 0.004 + 0.016 * t, -0.034 * t**1.4], -1)
    path = np.concatenate([hinge[None], corner[None], np.stack([x, y, z], -1), behind])
    return rod(path, np.array([0, 0, 1.0]), max(thick, 0.0009) * 0.9, 1.5 * deep)


def _nose_pad(outline: np.ndarray, front: float, fit: Fit) -> Mesh:
    low = np.array([outline[:, 0].min() + 0.001, fit.pupil[1] - 0.006])
    arm = _place(low[None], front)[0]
    pad = np.array([max(arm[0] - 0.003, 0.007), arm[1] + 0.006, arm[2] - 0.002])
    stem = rod(np.stack([arm, (arm + pad) / 2 + (0, 0.002, 0.001), pad]), np.array([0, 0, 1.0]), 0.0005, 0.0005)
    return join(stem, ball(pad, (0.0012, 0.003, 0.005), rings=6))
