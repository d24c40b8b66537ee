"""The shape of the self-contained head: a signed distance field sculpted around the features of ``anatomy.py``.

Sculpting frame of ``anatomy.py``. Points are (N, 3) in it, called ``p``; ``m`` is the same with x mirrored onto the
left half.
"""

import numpy as np

from .anatomy import EYEBALL_MM, Marks, Shape, lid_field, lip_heights, mouth_gap, mouth_line, unpose
from .fields import bump, ellipsoid, intersect, round_cone, smoothstep, squared, subtract, unite


def head_field(shape: Shape, marks: Marks, p: np.ndarray) -> np.ndarray:
    """Skin of head, neck and upper chest, with open lids and mouth."""
    p = p.astype(np.float32)
    posed_x, posed_d, posed_z = p.T
    rest = unpose(marks, p.copy())
    rest[:, 0] += 0.012 * shape.asymmetry * rest[:, 2] * smoothstep(20, -90, rest[:, 2])
    m = np.abs(rest) * np.float32([1, 0, 0]) + rest * np.float32([0, 1, 1])
    # Only the skull reaches this high, only neck and torso this low.
    high, low = m[:, 2] > -205, m[:, 2] < 10
    field = np.full(len(m), 100, np.float32)
    field[high] = _skull(shape, marks, m[high])
    field[low] = unite(field[low], _neck(shape, m[low]), 22)
    field[low] = unite(field[low], _torso(shape, m[low]), 45)
    field = _local(field, m, (0, -10, -30), 130, lambda f, q: _relief(shape, marks, q, f))
    field = _local(field, m, (0, 20, -25), 48, lambda f, q: _nose(shape, marks, q, f))
    field = _local(field, m, (marks.eye_x, 8, 0), 34, lambda f, q: _lids(shape, marks, q, f))
    field = _local(field, rest, (0, 15, marks.mouth_z), 46, lambda f, q: _lips(marks, q, f))
    field = _local(field, m, (74, -95, -8), 48, lambda f, q: _ear(shape, q, f))
    if marks.gap:
        hole = np.maximum(mouth_gap(marks, posed_x, posed_z), np.maximum(-25 - posed_d, posed_d - 60))
        field = subtract(field, hole, 2.0)
    return field


def torso_field(shape: Shape, p: np.ndarray) -> np.ndarray:
    """Neck and torso alone: what a garment covers."""
    m = np.abs(p.astype(np.float32)) * np.float32([1, 0, 0]) + p * np.float32([0, 1, 1])
    return unite(_neck(shape, m), _torso(shape, m), 45)


def _local(field: np.ndarray, p: np.ndarray, centre: tuple, reach: float, edit) -> np.ndarray:
    """Apply ``edit(field, points)`` only to the points within reach of a centre."""
    near = np.flatnonzero(squared(p - np.float32(centre)) < reach * reach)
    field = field.copy()
    field[near] = edit(field[near], p[near])
    return field


def _skull(shape: Shape, marks: Marks, m: np.ndarray) -> np.ndarray:
    x, d, z = m.T
    wide = 1 + 0.03 * shape.width
    cranium = ellipsoid(m, (0, -78, 30 + 2 * shape.forehead), (76 * wide, 96, 86))
    brow_box = ellipsoid(m, (0, -40, 34 + 3 * shape.forehead), (62 * wide, 57, 60))
    cranium = unite(cranium, brow_box, 25)
    # The face as a loft: half a superellipse a level, its front and half width by height.
    s = (marks.chin_z + 111) / -111 + 1
    levels = np.array([-125, -112, -100, -85, -70, -55, -40, -20, 0, 20, 45], np.float32) * s
    front = np.array([-8, 4, 11, 12.5, 13, 14, 14, 12.5, 11, 14, 12], np.float32)
    jaw = marks.jaw_half - 47
    fat = 2.0 * shape.weight
    half = np.array([26, 32, 40, 48, 54, 59, 63, 67, 69, 70, 68], np.float32) * wide
    half = half + jaw * np.array([0.8, 0.8, 0.9, 1, 0.9, 0.6, 0.3, 0, 0, 0, 0], np.float32)
    half = half + fat * np.array([0.8, 1, 1.2, 1.4, 1.3, 1, 0.5, 0.2, 0, 0, 0], np.float32)
    front = front + np.array([1, 1, 1, 0.4, 0, 0, 0, 0, 0, 0, 0], np.float32) * (marks.chin_d - 9)
    length = np.interp(z, levels, front) + 62
    width = np.interp(z, levels, half)
    u, v = x / width, np.maximum(d + 62, 0) / length
    q = np.sqrt(u * u + v * v + 1e-9)
    n = 2.25
    k = (u**n + v**n + 1e-9) ** (1 / n)
    slope = np.sqrt((u / width) ** 2 + (v / length) ** 2) / q
    face = (k - 1) / np.maximum(slope, 1e-4)
    face = np.maximum(face, -d - 95)
    face = intersect(face, (z - 55) * 0.9, 30)
    # Underside of the jaw: from the chin up to the angle below the ear.
    rise = 0.42 + 0.06 * (shape.masculine - 0.5)
    under = (marks.chin_z + rise * (marks.chin_d - d) - z) / np.sqrt(1 + rise * rise)
    under = under - 2.5 * shape.weight * bump(m, (0, -20, marks.chin_z), (30, 25, 20))
    face = intersect(face, under, 16)
    return unite(cranium, face, 28)


def _neck(shape: Shape, m: np.ndarray) -> np.ndarray:
    r = 51 + 7 * shape.masculine + 3 * shape.weight
    neck = round_cone(m, (0, -88, -50), (0, -100, -235), r, r + 4)
    muscle = round_cone(m, (62, -95, -40), (13, -52, -205), 8, 7)
    neck = unite(neck, muscle, 14)
    larynx = 5 * shape.masculine * bump(m, (0, -36, -152), (8, 14, 13))
    return neck - larynx + 4 * bump(m, (0, -45, -212), (10, 14, 10))


def _torso(shape: Shape, m: np.ndarray) -> np.ndarray:
    broad = 0.9 + 0.12 * shape.masculine + 0.03 * shape.weight
    trapezius = round_cone(m, (28, -112, -150), (150 * broad, -112, -228), 30, 27)
    chest = ellipsoid(m, (0, -100, -380), (172 * broad, 108, 185))
    shoulder = ellipsoid(m, (163 * broad, -104, -272), (56, 54, 60))
    arm = round_cone(m, (180 * broad, -104, -280), (205 * broad, -104, -560), 48, 44)
    clavicle = round_cone(m, (14, -58, -222), (140 * broad, -85, -212), 7, 8)
    torso = unite(unite(chest, shoulder, 45), unite(trapezius, arm, 25), 35)
    return unite(torso, clavicle, 16)


def _relief(shape: Shape, marks: Marks, m: np.ndarray, field: np.ndarray) -> np.ndarray:
    """Hills and hollows of the face."""
    x, d, z = m.T
    ex, age, lean = marks.eye_x, shape.age, -shape.weight
    smile = (marks.mouth_half - 24.5) / 4.5
    mz = marks.mouth_z
    hills = (
        ((ex - 8, 20, marks.brow_z), (17, 16, 6), 2.2 + 2.6 * shape.masculine + 0.6 * shape.brow),
        ((ex + 16, 8, marks.brow_z - 2), (10, 14, 7), 2.0 + 1.2 * shape.masculine),
        ((0, 20, 14), (9, 14, 9), 2.5 + 2.0 * shape.masculine),
        ((ex, 18, -1), (15, 18, 10), -8.5 - 1.0 * shape.eye_depth - 1.5 * shape.masculine),
        ((16, 16, 1), (6, 14, 9), -4.5),
        ((66, -20, 32), (14, 28, 26), -3.0 - lean),
        ((50, -2, -27), (15, 20, 12), 3.5 + 1.6 * shape.cheekbones),
        ((31, 10, -40), (15, 16, 14), 3.0 + 2.5 * max(smile, 0) + shape.weight),
        ((48, -12, -66), (15, 22, 16), -2.2 - 1.8 * lean - 1.2 * age),
        ((0, 16, mz + 2), (23, 18, 17), 5.0),
        ((0, 15, mz - 19), (17, 12, 5), -4.2),
        ((0, 14, marks.chin_z + 11), (14, 14, 9), 4.5 + shape.chin + 1.0 * shape.masculine),
        ((marks.jaw_half + 5, -55, -76), (11, 15, 12), 1.5 + 2.5 * shape.masculine + shape.jaw),
        ((40, -5, marks.chin_z + 20), (12, 16, 10), 2.5 * age + shape.weight),
        ((marks.mouth_half + 5, 10, mz + marks.corner_lift), (5, 12, 6), -2.0 - 1.5 * max(smile, 0)),
        ((ex - 3, 14, -14), (12, 16, 4), -1.2 - 1.6 * age),
    )
    for centre, sigmas, height in hills:
        field = field - height * bump(m, centre, sigmas)
    # Nasolabial fold: a groove from the wing of the nose around the corner of the mouth.
    top, bottom = np.array([marks.wing_x + 5, marks.nose_z + 3]), np.array([marks.mouth_half + 9, mz - 6])
    axis = bottom - top
    along = np.clip(((x - top[0]) * axis[0] + (z - top[1]) * axis[1]) / (axis @ axis), 0, 1)
    bow = 3.0 * np.sin(np.pi * along)
    across = np.hypot(x - top[0] - along * axis[0] - bow, z - top[1] - along * axis[1])
    deep = 0.5 + 1.6 * age + 1.6 * max(smile, 0)
    field = field + deep * np.exp(-0.5 * (across / 2.6) ** 2) * np.sin(np.pi * np.clip(0.12 + 0.8 * along, 0, 1)) * (
        d > -25
    )
    # Lines of the forehead with age, deeper when the brows rise.
    lines = np.cos((z - 36 - 0.004 * x * x) * (2 * np.pi / 9.5))
    window = bump(m, (0, 15, 40), (26, 30, 11))
    return field - 0.45 * (age**1.5 + 0.35 * max(marks.brow_z - 18, 0) / 4) * lines * window


def _nose(shape: Shape, marks: Marks, m: np.ndarray, field: np.ndarray) -> np.ndarray:
    nz, nd, wx = marks.nose_z, marks.nose_d, marks.wing_x
    slim = 1 + 0.12 * shape.nose_width
    side = ellipsoid(m, (0, 6, nz * 0.5 - 3), (13.5 * slim, 15, 27))
    bridge = round_cone(m, (0, marks.bridge_d, 6), (0, nd - 1, nz + 2), 5.6 * slim, 7.6 * slim)
    tip = ellipsoid(m, (0, nd + 1.5, nz + 0.5), (9.0 * slim, 8.2, 7.8))
    wing = ellipsoid(m, (wx - 0.5, nd - 10.5, nz - 2.5), (6.0, 9.5, 6.6))
    columella = round_cone(m, (0, nd + 1, nz - 5.5), (0, 13, nz - 9), 3.4, 4.2)
    nose = unite(unite(side, bridge, 7), tip, 5)
    nose = unite(unite(nose, columella, 4), wing, 4.5)
    field = unite(field, nose, 8)
    # The crease behind the wing, then the nostril.
    crease = np.abs(ellipsoid(m, (wx - 0.5, nd - 11.5, nz - 2), (7.2, 9.5, 8.4)))
    behind = bump(m, (wx + 5.5, nd - 14, nz), (3.5, 6, 6))
    field = field + 1.3 * np.exp(-0.5 * (crease / 1.3) ** 2) * behind
    nostril = ellipsoid(m, (0.52 * wx + 0.8, nd - 6, nz - 9.0), (3.3 * slim, 6.0, 4.6))
    field = subtract(field, nostril, 2.0)
    philtrum = bump(m, (0, 20, 0.5 * (nz - 9 + marks.mouth_z + marks.upper_lip)), (2.4, 14, 5.5))
    ridge = bump(m, (5, 20, 0.5 * (nz - 9 + marks.mouth_z + marks.upper_lip)), (1.8, 14, 6.0))
    return field + 1.1 * philtrum - 0.6 * ridge


def _lids(shape: Shape, marks: Marks, m: np.ndarray, field: np.ndarray) -> np.ndarray:
    x, d, z = m.T
    ex = marks.eye_x
    eye = np.sqrt((x - ex) ** 2 + d * d + z * z)
    lid = np.maximum(eye - (EYEBALL_MM + 2.1), -d)
    field = unite(field, lid, 7)
    u = np.clip((x - ex) / marks.fissure, -1.15, 1.15)
    upper = marks.lid_up * (1 - u * u) * (1 - 0.18 * u) + marks.tilt * u
    front = smoothstep(-4, 4, d)
    # Crease of the upper lid, the fold that hangs over it with age, and the furrow under the lower lid.
    fade = np.maximum(1 - (u / 1.15) ** 2, 0)
    field = field + 1.5 * np.exp(-0.5 * ((z - upper - 3.6 - 1.2 * fade) / 1.1) ** 2) * fade * front
    hood = 0.8 + 1.3 * shape.age - 0.5 * shape.eye_depth
    field = field - hood * np.exp(-0.5 * ((z - upper - 7.4) / 2.6) ** 2) * fade * front
    lower = -marks.lid_low * (1 - u * u) + marks.tilt * u
    bag = 0.5 + 1.4 * shape.age
    field = field - bag * np.exp(-0.5 * ((z - lower + 6.5) / 2.6) ** 2) * fade * front
    field = field + (0.4 + 0.6 * shape.age) * np.exp(-0.5 * ((z - lower + 10.5) / 1.8) ** 2) * fade * front
    almond = lid_field(marks, x, z)
    field = subtract(field, np.maximum(almond, -d), 1.1)
    # Behind the lids: the pink corners, elsewhere inside the eyeball.
    return np.minimum(field, ellipsoid(m, (ex, -2, 0.5 * marks.tilt * 0), (15.5, 12.0, 10.5)))


def _lips(marks: Marks, p: np.ndarray, field: np.ndarray) -> np.ndarray:
    x, d, z = p.T
    u = np.abs(x) / marks.mouth_half
    taper = np.sqrt(np.maximum(1 - u * u, 0.0))
    line = mouth_line(marks, x)
    high, low = lip_heights(marks, x)
    # The lips follow the arch of the teeth.
    arch = marks.mouth_d - x * x / (2 * 27)
    upper = _lip(d - (arch - 1.2), z - (line + 0.5 * high - 0.2), 4.4 * taper + 0.4, 0.56 * high + 0.5, -0.25)
    lower = _lip(d - (arch - 1.8), z - (line - 0.5 * low + 0.1), 4.6 * taper + 0.4, 0.54 * low + 0.5, 0.2)
    beyond = np.maximum(u - 1, 0) * marks.mouth_half
    lips = unite(upper, lower, 1.0) + beyond
    field = unite(field, lips, 3.0)
    groove = np.exp(-0.5 * ((z - line) / 0.8) ** 2) * smoothstep(1.12, 0.9, u) * smoothstep(4, 12, d)
    return field + 1.3 * groove


def _lip(d: np.ndarray, z: np.ndarray, deep: np.ndarray, tall: np.ndarray, lean: float) -> np.ndarray:
    """Ellipse with half axes ``deep`` and ``tall`` in a cut across the mouth, sheared by ``lean``."""
    d = d - lean * z
    k0 = np.hypot(d / deep, z / tall)
    return k0 * (k0 - 1) / np.maximum(np.hypot(d / deep**2, z / tall**2), 1e-4)


def _ear(shape: Shape, m: np.ndarray, field: np.ndarray) -> np.ndarray:
    size = 1 + 0.06 * shape.ears
    q = m - np.float32([72, -92, -8])
    # Leaning back by 12°, flaring out by 28°: a from the face backwards, b up, c outwards.
    lean, flare = np.radians(12), np.radians(28 + 4 * shape.ears)
    b = q[:, 2] * np.cos(lean) + q[:, 1] * np.sin(lean)
    back = -q[:, 1] * np.cos(lean) + q[:, 2] * np.sin(lean)
    a = back * np.cos(flare) + q[:, 0] * np.sin(flare)
    c = q[:, 0] * np.cos(flare) - back * np.sin(flare)
    local = np.stack([a, b, c], -1) / size
    a, b, c = local.T
    # Narrower towards the lobe.
    a = a - 7 + 0.09 * (b - 5)
    wide = 14.5 + 0.14 * b
    plate = np.maximum((np.hypot(a / wide, b / 29) - 1) * wide, np.abs(c) - 2.0)
    rim = np.hypot((np.hypot(a / wide, b / 29) - 1) * wide, c - 1.5) - 2.7
    fold = np.hypot((np.hypot((a + 1) / 9, (b - 1) / 19) - 1) * 9, c - 1.0) - 2.0
    fold = fold + 6 * smoothstep(4, -6, a)
    lobe = ellipsoid(np.stack([a, b, c], -1), (-3, -24, 1), (7.5, 8.5, 4.0))
    tragus = ellipsoid(np.stack([a, b, c], -1), (-12, -3, 2.5), (4, 6, 4.0))
    ear = unite(unite(unite(plate, rim, 2.5), fold, 2.5), lobe, 4)
    concha = ellipsoid(np.stack([a, b, c], -1), (-4, -5, 3.5), (6.5, 11, 6.0))
    ear = subtract(ear, concha, 2.5)
    field = unite(field, ear * size, 5)
    field = subtract(field, ellipsoid(np.stack([a, b, c], -1), (-6, -6, 1), (4.5, 8, 5.5)) * size, 3)
    return unite(field, tragus * size, 3)
