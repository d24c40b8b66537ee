"""From a clone of the ICT FaceKit to our pack: one OBJ a shape becomes one npz of offsets.

The origin's frame, which the pack keeps: centimetres, +y up, +z out of the face. V: vertices, F: faces.

Source: github.com/ICT-VGL/ICT-FaceKit, folder FaceXModel and the tables of its README, MIT licence.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import SceneError
from .origin_files import commit_of, new_pack, read_bytes
from .packs import ICT_FACEKIT, PACK_FORMAT, check_ict_facekit
from .wavefront import ObjMesh, read_obj, read_obj_vertices

# fmt: off
# "Face Model Topology": first and one-past-last vertex, first and one-past-last face.
_REGIONS = (
    ("face", 0, 9409, 0, 9230), ("head_neck", 9409, 11248, 9230, 11144), ("mouth_socket", 11248, 13294, 11144, 13226),
    ("eye_socket_l", 13294, 13678, 13226, 13630), ("eye_socket_r", 13678, 14062, 13630, 14034),
    ("gums_tongue", 14062, 17039, 14034, 17006), ("teeth", 17039, 21451, 17006, 21496),
    ("eyeball_l", 21451, 23021, 21496, 23094), ("eyeball_r", 23021, 24591, 23094, 24692),
    ("lacrimal_l", 24591, 24795, 24692, 24855), ("lacrimal_r", 24795, 24999, 24855, 25018),
    ("eyeblend_l", 24999, 25023, 25018, 25033), ("eyeblend_r", 25023, 25047, 25033, 25048),
    ("eyeocc_l", 25047, 25199, 25048, 25176), ("eyeocc_r", 25199, 25351, 25176, 25304),
    ("lashes_l", 25351, 26035, 25304, 25844), ("lashes_r", 26035, 26719, 25844, 26384),
)
# "Right extended jawline" and "Left extended jawline".
_JAW_RIGHT = (1280, 1278, 1275, 1272, 1248, 12, 820, 1834, 1902, 243, 844, 781, 1673, 2199, 801, 1447, 800)
_JAW_LEFT = (3041, 3661, 3042, 4390, 3880, 3022, 3085, 2484, 4102, 4036, 3061, 2253, 3466, 3490, 3493, 3496, 3498)
# "Face Area Details": the narrow face.
_NARROW_FACE = (0, 6706, 0, 6560)
# fmt: on
# Blend shapes that lie in the folder and that vertex_indices.json leaves out.
_MORE_EXPRESSIONS = ("PupilDilate_L", "PupilDilate_R")


@dataclass(frozen=True)
class IctLayout:
    """What a clone must hold to be the version that the heads are made for.

    Attributes:
        identities: how many identity modes.
        first_landmarks: the first of the 68 landmarks' vertices; older versions number their vertices otherwise.
    """

    vertices: int
    faces: int
    identities: int
    regions: tuple[tuple[str, int, int, int, int], ...]
    first_landmarks: tuple[int, ...]


LAYOUT = IctLayout(26719, 26384, 100, _REGIONS, (1225, 1888, 1052, 367))


def convert_ict_facekit(
    source: Path, out: Path, report: Callable[[str], None] = print, layout: IctLayout = LAYOUT
) -> Path:
    """Write ``out/ict_facekit`` from a clone (or its FaceXModel folder); return the pack's folder.

    Raises:
        SceneError: ``source`` is no clone, half of one or another version; ``out`` holds a pack already.
    """
    model = next((f for f in (source / "FaceXModel", source) if (f / "generic_neutral_mesh.obj").is_file()), None)
    if model is None:
        raise SceneError(
            f"{source} holds no FaceXModel/generic_neutral_mesh.obj. Give a clone of github.com/ICT-VGL/ICT-FaceKit."
        )
    indices = _indices(model / "vertex_indices.json")
    names = [str(name) for name in indices["expressions"]]
    names += [name for name in _MORE_EXPRESSIONS if name not in names and (model / f"{name}.obj").is_file()]
    modes = [f"identity{k:03d}" for k in range(layout.identities)]
    _check_whole(model, [*modes, *names])
    mesh = read_obj(model / "generic_neutral_mesh.obj")
    landmarks = _ids(model, indices, "idx_to_landmark_verts", layout.vertices)
    _check_version(model, mesh, landmarks, layout)
    with new_pack(out, ICT_FACEKIT) as folder:
        arrays: dict[str, np.ndarray] = {
            "format": np.array(PACK_FORMAT),
            "neutral": mesh.vertices,
            "uv": mesh.uv,
            "faces": mesh.faces,
            "face_uv": mesh.face_uv,
            "face_material": mesh.face_material.astype(np.int8),
            "material_names": np.array(mesh.materials),
            "identity": _offsets(model, modes, mesh.vertices, report),
            "expression": _offsets(model, names, mesh.vertices, report),
            "expression_names": np.array(names),
            "region_names": np.array([region[0] for region in layout.regions]),
            "region_ranges": np.array([region[1:] for region in layout.regions], np.int32),
            "landmarks68": landmarks,
            "jaw_right_extended": np.array(_JAW_RIGHT, np.int32),
            "jaw_left_extended": np.array(_JAW_LEFT, np.int32),
            "narrow_face": np.array(_NARROW_FACE, np.int32),
            "rigid_verts": _ids(model, indices, "idx_to_rigid_verts", layout.vertices),
            "fitting_verts": _ids(model, indices, "idx_to_fitting_verts", layout.vertices),
            "license": np.array(_licence(model)),
            "source": np.array(f"github.com/ICT-VGL/ICT-FaceKit {commit_of(model)}"),
        }
        np.savez_compressed(folder / "ict_facekit.npz", **arrays)
        check_ict_facekit(folder)
    return out / ICT_FACEKIT


def _check_whole(model: Path, names: list[str]) -> None:
    missing = [name for name in names if not (model / f"{name}.obj").is_file()]
    if missing:
        some = ", ".join(f"{name}.obj" for name in missing[:5]) + (", …" if len(missing) > 5 else "")
        raise SceneError(f"{model} lacks {len(missing)} of {len(names)} shapes ({some}). Clone it again, whole.")


def _check_version(model: Path, mesh: ObjMesh, landmarks: np.ndarray, layout: IctLayout) -> None:
    found = (len(mesh.vertices), len(mesh.faces))
    first = tuple(landmarks[: len(layout.first_landmarks)].tolist())
    if found != (layout.vertices, layout.faces) or first != layout.first_landmarks:
        raise SceneError(
            f"{model} is another version of the ICT FaceKit: {found[0]} vertices, {found[1]} faces, first landmarks "
            f"{first}; wanted are {layout.vertices}, {layout.faces} and {layout.first_landmarks}. Check out its master."
        )


def _offsets(model: Path, names: list[str], neutral: np.ndarray, report: Callable[[str], None]) -> np.ndarray:
    """Shapes less the neutral one, (N, V, 3) float16."""
    offsets = np.empty((len(names), *neutral.shape), np.float16)
    for k, name in enumerate(names):
        vertices = read_obj_vertices(model / f"{name}.obj")
        if vertices.shape != neutral.shape:
            raise SceneError(
                f"{model / name}.obj has {len(vertices)} vertices, the neutral mesh {len(neutral)}. Clone it again."
            )
        offsets[k] = vertices - neutral
        if k % 25 == 24:
            report(f"{k + 1} of {len(names)} shapes, last {name}")
    return offsets


def _indices(path: Path) -> dict:
    try:
        indices = json.loads(read_bytes(path))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise SceneError(f"{path} is damaged: {error}. Clone the source again.") from error
    if not isinstance(indices, dict) or not isinstance(indices.get("expressions"), list):
        raise SceneError(f"{path} names no expressions. Clone the source again.")
    bad = [name for name in indices["expressions"] if not (isinstance(name, str) and name.isidentifier())]
    if bad:
        raise SceneError(f"{path} names an expression {bad[0]!r}, which is no name of a file. Clone the source again.")
    return indices


def _ids(model: Path, indices: dict, key: str, vertices: int) -> np.ndarray:
    ids = indices.get(key)
    if not isinstance(ids, list) or not all(type(i) is int and 0 <= i < vertices for i in ids):
        raise SceneError(f"{model / 'vertex_indices.json'} has no list {key!r} of vertices below {vertices}.")
    return np.array(ids, np.int32)


def _licence(model: Path) -> str:
    for folder in (model, model.parent):
        for name in ("LICENSE", "LICENSE.txt", "LICENSE.md"):
            if (folder / name).is_file():
                return read_bytes(folder / name).decode("utf-8", "replace")
    raise SceneError(f"{model.parent} lacks its LICENSE, which the pack must carry. Clone the source whole.")
