"""What the ICT FaceKit lacks below the neck: a chest for its open lower edge, and clothes to put on it.

The pack's frame: centimetres, +y up, +z out of the face; in the neutral head the eyes are at y = 3.6 and the surface
ends at the collar bones, y = −19. V: vertices, F: faces, N: points.
"""

from dataclasses import dataclass

import numpy as np

from .bust import LABELS, Material, Part
from .garment import Garment, cloth_material
from .shapes import compact
from .skin import smooth_noise

# Rings around the chest, from the shoulders to half a metre below the eyes: half width, front z, back z, and the height
# y at the front, at the sides and at the back. Half widths are half the shoulder breadth across the arms of the mean
# adult, 46 cm (Gordon et al. 2014, ANSUR II, bideltoid breadth), less the cloth.
_RINGS = (
    (17.8, 7.4, -10.6, -22.5, -16.9, -17.5),
    (21.3, 9.2, -12.2, -28.0, -22.0, -25.0),
    (21.8, 10.2, -12.2, -36.0, -36.0, -36.0),
    (21.5, 9.6, -11.2, -49.0, -49.0, -49.0),
)
_ROWS = 4  # rows of quads between two rings


@dataclass(frozen=True)
class Surface:
    """Skin with the chest added; the first vertices are the pack's.

    Attributes:
        vertices: (V, 3) centimetres. normals: (V, 3) unit, outward.
        faces: (F, 4), −1 last for a triangle.
        rest: (V, 3) where the vertices are on the neutral head: necklines are drawn there.
    """

    vertices: np.ndarray
    normals: np.ndarray
    faces: np.ndarray
    rest: np.ndarray


def open_edge(faces: np.ndarray, first: int) -> np.ndarray:
    """The loop of edges with one face only that runs through vertex ``first``, (L,) ids."""
    edges: set[tuple[int, int]] = set()
    for face in faces.tolist():
        corners = [corner for corner in face if corner >= 0]
        edges.update(zip(corners, corners[1:] + corners[:1], strict=True))
    following = {b: a for a, b in edges if (b, a) not in edges}
    loop = [first]
    while following[loop[-1]] != first:
        loop.append(following[loop[-1]])
    return np.array(loop)


def extend(vertices: np.ndarray, neutral: np.ndarray, faces: np.ndarray, loop: np.ndarray, breadth: float) -> Surface:
    """Continue the surface from the open edge down over shoulders and chest.

    Args:
        vertices, neutral: (V, 3) of this head and of the neutral one.
        loop: (L,) vertices of the edge, in order.
        breadth: scale of the shoulders' breadth, 1 for the mean.
    """
    rows = _chest_rows(vertices, faces, loop, breadth)
    normals = vertex_normals(vertices, faces)
    count = len(loop)
    ids = np.concatenate([loop, len(vertices) + np.arange(len(rows) * count)]).reshape(-1, count)
    upper, lower = ids[:-1], ids[1:]
    quads = np.stack([upper, lower, np.roll(lower, -1, 1), np.roll(upper, -1, 1)], -1).reshape(-1, 4)
    # The loop may run clockwise: the new faces look the way the old ones do at the edge.
    points = np.concatenate([vertices, *rows]).astype(np.float32)
    a, b, c, d = points[quads[:count]].transpose(1, 0, 2)
    if (np.cross(c - a, d - b) * normals[loop]).sum() < 0:
        quads = quads[:, ::-1]
    faces = np.concatenate([faces, quads]).astype(np.int32)
    # Where these rows are on the neutral head, so that necklines run through them without a step.
    rest = np.concatenate([neutral, *_chest_rows(neutral, faces[: -len(quads)], loop, breadth)])
    return Surface(points, vertex_normals(points, faces), faces, rest)


def _chest_rows(vertices: np.ndarray, faces: np.ndarray, loop: np.ndarray, breadth: float) -> list[np.ndarray]:
    """Rows of points (L, 3) that go on from the open edge down to the last of ``_RINGS``."""
    edge = vertices[loop]
    normals = vertex_normals(vertices, faces)
    along = np.roll(edge, -1, 0) - np.roll(edge, 1, 0)
    # Where the surface comes from, so that it continues without a crease; the loop turns either way.
    inward = np.cross(normals[loop], along)
    inward /= np.linalg.norm(inward, axis=1, keepdims=True)
    inward *= np.sign((inward * (edge.mean(0) - edge)).sum(1).mean())
    angle = np.arctan2(edge[:, 0] / 12.4, (edge[:, 2] + 1.7) / 7.5)
    sine, cosine = np.sin(angle), np.cos(angle)
    control = [edge + 3.0 * inward, edge]
    for half, front, back, y_front, y_side, y_back in _RINGS:
        # Superellipse: a chest is squarer than an ellipse.
        x = half * breadth * np.sign(sine) * np.abs(sine) ** 0.85
        z = (front + back) / 2 + (front - back) / 2 * np.sign(cosine) * np.abs(cosine) ** 0.85
        y = sine**2 * y_side + cosine**2 * np.where(cosine > 0, y_front, y_back)
        control.append(np.stack([x, y, z], 1))
    control.append(2 * control[-1] - control[-2])
    spans = [control[k : k + 4] for k in range(4)]
    return [_catmull_rom(a, b, c, d, t) for a, b, c, d in spans for t in np.arange(1, _ROWS + 1) / _ROWS]


def dress(garment: Garment, surface: Surface) -> tuple[Part, ...]:
    """Clothes over neck, shoulders and chest, label clothes, still in the pack's frame."""
    if garment.cut != "jacket":
        material = cloth_material(garment, "garment", garment.colour)
        return (_layer(material, garment, garment.cut, garment.loose_mm / 10, surface),)
    shirt = cloth_material(garment, "shirt", garment.second, woven=False)
    jacket = cloth_material(garment, "jacket", garment.colour)
    return (
        _layer(shirt, garment, "crew", 0.3, surface),
        _layer(jacket, garment, "jacket", 0.6 + garment.loose_mm / 10, surface),
    )


def vertex_normals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Unit normals (V, 3), each the mean of its faces weighted by area."""
    last = np.where(faces[:, 3] < 0, faces[:, 2], faces[:, 3])
    normal = np.cross(vertices[faces[:, 2]] - vertices[faces[:, 0]], vertices[last] - vertices[faces[:, 1]])
    total = np.zeros((len(vertices), 3))
    for corner in (faces[:, 0], faces[:, 1], faces[:, 2], last):
        for axis in range(3):
            total[:, axis] += np.bincount(corner, normal[:, axis], len(vertices))
    return total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-12)


def _catmull_rom(a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray, t: float) -> np.ndarray:
    return 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)


def _layer(material: Material, garment: Garment, cut: str, loose_cm: float, surface: Surface) -> Part:
    below = _below_neckline(cut, surface.rest)
    # Below the head; under the chin the throat comes as far forward as the collar bones.
    ceiling = -8.5 if cut == "turtleneck" else np.where(surface.rest[:, 2] > 2, -12.5, -9.0)
    lower = surface.rest[:, 1] < ceiling
    faces = surface.faces[(surface.faces[:, 3] >= 0) & lower[surface.faces].all(1)]
    points = np.concatenate([surface.vertices, surface.normals, below[:, None]], 1)
    points, faces, rim = clip(points, faces, below)
    position, normal, below = points[:, :3], points[:, 3:6], points[:, 6]
    normal = normal / np.linalg.norm(normal, axis=1, keepdims=True)
    rng = np.random.default_rng(garment.pattern)
    folds = smooth_noise(rng, position * (0.01, 0.006, 0.01), 0.07) * np.clip((-19 - position[:, 1]) / 8, 0, 1)
    # Close to the skin at the seam, which is itself a little thicker than the cloth.
    seam = 0.12 * np.exp(-((below / 0.8) ** 4))
    close = min(loose_cm, 0.4 if cut != "jacket" else loose_cm)
    away = close + (loose_cm - close) * np.clip(below / 4, 0, 1) + seam + 0.25 * garment.folds * folds.clip(-1, 3)
    outer = position + np.maximum(away, 0.35)[:, None] * normal
    # The cloth has an edge at the neck: a strip from its rim to just under the skin.
    used = np.unique(rim)
    inner = position[used] - 0.05 * normal[used]
    order = np.full(len(points), -1)
    order[used] = len(points) + np.arange(len(used))
    strip = np.stack([rim[:, 1], rim[:, 0], order[rim[:, 0]], order[rim[:, 1]]], 1)
    vertices = np.concatenate([outer, inner]).astype(np.float32)
    faces = np.concatenate([faces, strip]).astype(np.int32)
    vertices, faces = compact(vertices, faces)
    labels = np.full(len(faces), LABELS.index("clothes"), np.uint8)
    return Part(material.name, vertices, faces, labels, material, subdivide=1)


def _below_neckline(cut: str, points: np.ndarray) -> np.ndarray:
    """Signed distance of points (N, 3) from the neckline, about centimetres, positive where cloth is."""
    x, y, z = points.T
    if cut == "turtleneck":
        return -(y + 9.8 + 0.25 * (z + 1.5))
    wide, deep = {"crew": (7.7, 6.3), "v-neck": (8.0, 6.4), "jacket": (8.6, 6.8)}[cut]
    ring = (np.hypot(x / wide, (z + 1.8) / deep) - 1) * deep
    if cut == "crew":
        return ring
    depth = {"v-neck": 8.0, "jacket": 22.0}[cut]
    # Narrowing from the sides of the neck to a point on the breast.
    vee = (np.abs(x) - 6.0 * (1 - (-14.0 - y) / depth)) * 0.8
    return np.where(z > 0, np.minimum(ring, vee), ring)


def clip(points: np.ndarray, faces: np.ndarray, keep: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cut a mesh of quads along the zero line of a value.

    Args:
        points: (V, C) whatever is interpolated along cut edges.
        faces: (F, 4) quads.
        keep: (V,) positive where the mesh stays.

    Returns:
        points with those on the cut appended; faces (F', 4), −1 last for triangles; the cut's edges (E, 2), each in the
        direction of its face.
    """
    inside = keep[faces] > 0
    whole = faces[inside.all(1)]
    crossed = faces[inside.any(1) & ~inside.all(1)]
    triangles = np.concatenate([crossed[:, [0, 1, 2]], crossed[:, [0, 2, 3]]])
    inside = keep[triangles] > 0
    # Turn each so that the odd corner out comes first.
    count = inside.sum(1)
    odd = np.where(count == 1, inside.argmax(1), (~inside).argmax(1))
    triangles = np.take_along_axis(triangles, (odd[:, None] + np.arange(3)) % 3, 1)
    cut = (count == 1) | (count == 2)
    a, b, c = triangles[cut].T
    edges = np.sort(np.concatenate([np.stack([a, b], 1), np.stack([a, c], 1)]), 1)
    edges, where = np.unique(edges, axis=0, return_inverse=True)
    value = keep[edges]
    t = value[:, :1] / (value[:, :1] - value[:, 1:])
    new = points[edges[:, 0]] * (1 - t) + points[edges[:, 1]] * t
    on_ab, on_ac = (where.ravel() + len(points)).reshape(2, -1)
    tip = count[cut] == 1
    none = np.full(tip.sum(), -1)
    tips = np.stack([a[tip], on_ab[tip], on_ac[tip], none], 1)
    stumps = np.stack([on_ab, b, c, on_ac], 1)[~tip]
    full = np.concatenate([triangles[count == 3], np.full(((count == 3).sum(), 1), -1)], 1)
    rim = np.concatenate([np.stack([on_ab, on_ac], 1)[tip], np.stack([on_ac, on_ab], 1)[~tip]])
    return np.concatenate([points, new]), np.concatenate([whole, full, tips, stumps]), rim
