"""Photographed skins of the MakeHuman pack, and where they lie on heads of other meshes.

The pack's frame: decimetres, +y up, +z out of the face. V: vertices, F: faces of the other mesh.
"""

import re
from pathlib import Path

import numpy as np

from ..errors import SceneError
from .complexion import Photo, mean_face
from .makehuman_body import group_centre, load, to_bust
from .makehuman_ids import LANDMARKS
from .skin import Skin

# Mean colour of each picture over forehead and cheeks, linear: dividing by it makes room for any skin's colour.
SKIN_TEXTURES = {
    "middleage_darkskinned_female": (0.132, 0.040, 0.020),
    "middleage_darkskinned_male": (0.119, 0.041, 0.018),
    "middleage_lightskinned_female2": (0.691, 0.399, 0.265),
    "middleage_lightskinned_male": (0.617, 0.325, 0.203),
    "middleage_lightskinned_male2": (0.628, 0.327, 0.199),
    "old_darkskinned_female": (0.120, 0.021, 0.008),
    "old_darkskinned_male": (0.133, 0.033, 0.012),
    "old_lightskinned_male2": (0.497, 0.170, 0.078),
    "young_darkskinned_male": (0.095, 0.040, 0.021),
    "young_lightskinned_female2": (0.730, 0.402, 0.285),
    "young_lightskinned_female3": (0.734, 0.422, 0.281),
    "young_lightskinned_male": (0.714, 0.359, 0.223),
    "young_lightskinned_male2": (0.591, 0.325, 0.217),
    "young_lightskinned_male3": (0.588, 0.324, 0.215),
}


def skin_photo_rand(rng: np.random.Generator, skin: Skin, male: bool, age: float) -> str:
    """Draw a picture that suits tone, gender and age; the gender gives way when nothing else suits."""
    dark = skin.fitzpatrick == 6 or (skin.fitzpatrick == 5 and rng.random() < 0.6)
    years = "young" if age < 0.3 else "middleage" if age < 0.65 else "old"
    tone = "darkskinned" if dark else "lightskinned"
    gender = re.compile(r"_male" if male else r"_female")
    of_tone = [name for name in SKIN_TEXTURES if tone in name]
    suited = [name for name in of_tone if name.startswith(years)] or of_tone
    return str(rng.choice([name for name in suited if gender.search(name)] or suited))


def skin_photo(pack: Path, name: str, other_layout: bool) -> Photo:
    """One of ``SKIN_TEXTURES``, worn by the pack's own body or in another layout."""
    return Photo(picture_path(pack, f"skin_{name}"), SKIN_TEXTURES[name], other_layout)


def picture_path(pack: Path, name: str, suffix: str = ".jpg") -> Path:
    """A picture of the pack.

    Raises:
        SceneError: it is missing.
    """
    path = pack / "textures" / f"{name}{suffix}"
    if not path.is_file():
        raise SceneError(f"The MakeHuman pack {pack} lacks textures/{path.name}. Install the pack again.")
    return path


def photo_layout(pack: Path, points: np.ndarray, landmarks: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Where the corners of another head's faces lie in the pictures.

    Both heads are brought to the mean face, the pack's bent until the landmarks meet; then each point takes the place
    of the nearest one of the pack's skin.

    Args:
        points: (V, 3) the other head on the mean face, millimetres. landmarks: (68, 3) likewise.
        faces: (F, 4), −1 last for a triangle.

    Returns:
        (F, 4, 2) float32.
    """
    base = load(pack / "base.npz")
    body = base["verts"]
    origin = np.mean([group_centre(base, body, f"helper-{side}-eye") for side in "lr"], axis=0)
    placed = to_bust(body, origin)
    own = placed[list(LANDMARKS)]
    placed = mean_face(placed, own)
    placed = _bent(placed, mean_face(own, own), landmarks)

    uv = base["uv"][base["face_uv"]]
    is_skin = base["face_group"] == base["group_names"].tolist().index("body")
    middle = placed[base["faces"]].mean(1)
    u, v = uv.mean(1).T
    head = is_skin & (u > 0.63) & (v > 0.14)
    torso = is_skin & (u < 0.64) & (v > 0.4) & (middle[:, 2] > -420) & (middle[:, 2] < -80)
    # The head is cut open at the back, and joins the torso at the neck: a face takes all corners from one side.
    charts = (head & (middle[:, 0] >= 0), head & (middle[:, 0] <= 0), torso)
    corners = np.where(faces < 0, faces[:, 2:3], faces)
    sides = points[corners, 0].mean(1)
    places, apart = [], []
    for chart in charts:
        place, distance = _nearest(points, placed[base["faces"][chart]], uv[chart])
        places.append(place)
        apart.append(distance[corners].mean(1))
    on_torso = apart[2] < np.minimum(apart[0], apart[1])
    chosen = np.where(on_torso, 2, np.where(sides >= 0, 0, 1))
    return np.stack(places)[chosen[:, None], corners].astype(np.float32)


def _bent(points: np.ndarray, source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The thin-plate spline (in space, kernel r) that takes ``source`` (68, 3) to ``target``, at points (N, 3).

    It only adds what fades out away from the face, so that ears and neck stay where they are.
    """
    scale = 100.0  # mm
    kernel = np.exp(-(np.linalg.norm(source[:, None] - source, axis=-1) / scale) * 3)
    weights = np.linalg.solve(kernel + 1e-3 * np.eye(len(source)), target - source)
    moved = points.copy()
    for start in range(0, len(points), 4096):
        part = slice(start, start + 4096)
        reach = np.linalg.norm(points[part, None] - source, axis=-1) / scale
        moved[part] += np.exp(-3 * reach) @ weights
    return moved


def _nearest(points: np.ndarray, quads: np.ndarray, uv: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Texture place (N, 2) of the nearest point of a mesh of quads (Q, 4, 3), and its distance (N,)."""
    triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    places = np.concatenate([uv[:, [0, 1, 2]], uv[:, [0, 2, 3]]])
    middles = triangles.mean(1)
    place, distance = np.empty((len(points), 2), np.float32), np.empty(len(points), np.float32)
    for start in range(0, len(points), 2048):
        p = points[start : start + 2048]
        apart = (middles**2).sum(1) - 2 * p @ middles.T
        near = np.argpartition(apart, 12, axis=1)[:, :12]
        a, b, c = triangles[near].transpose(2, 0, 1, 3)
        shares = _shares(p[:, None], a, b, c)
        found = (shares[..., None] * triangles[near]).sum(2)
        away = np.linalg.norm(found - p[:, None], axis=-1)
        best = away.argmin(1)
        rows = np.arange(len(p))
        place[start : start + 2048] = (shares[rows, best][..., None] * places[near[rows, best]]).sum(1)
        distance[start : start + 2048] = away[rows, best]
    return place, distance


def _shares(p: np.ndarray, a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Barycentric coordinates (..., 3) of points in triangles, pulled inside."""
    ab, ac, ap = b - a, c - a, p - a
    d00, d01, d11 = (ab * ab).sum(-1), (ab * ac).sum(-1), (ac * ac).sum(-1)
    d20, d21 = (ap * ab).sum(-1), (ap * ac).sum(-1)
    below = np.maximum(d00 * d11 - d01 * d01, 1e-12)
    second, third = (d11 * d20 - d01 * d21) / below, (d00 * d21 - d01 * d20) / below
    shares = np.clip(np.stack([1 - second - third, second, third], -1), 0, None)
    return shares / shares.sum(-1, keepdims=True)
