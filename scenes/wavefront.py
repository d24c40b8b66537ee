"""Wavefront OBJ files as arrays: the origins of the head packs are written in them.

V: vertices, T: places in the texture, F: faces.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..errors import SceneError
from .origin_files import numbers, read_lines


class ObjMesh(NamedTuple):
    """A mesh as its file gives it.

    Attributes:
        vertices: (V, 3) float32.
        uv: (T, 2) float32, v up; one (0, 0) where the file has none.
        faces, face_uv: (F, 4) int32; −1 last for a triangle.
        groups, materials: names in the order in which faces first use them.
        face_group, face_material: (F,) int16, indices into those.
    """

    vertices: np.ndarray
    uv: np.ndarray
    faces: np.ndarray
    face_uv: np.ndarray
    groups: tuple[str, ...]
    face_group: np.ndarray
    materials: tuple[str, ...]
    face_material: np.ndarray


def read_obj_vertices(path: Path) -> np.ndarray:
    """The vertices alone, (V, 3) float32."""
    return _vertices(path, read_lines(path))


def read_obj(path: Path) -> ObjMesh:
    """Read a mesh of triangles and quads.

    Raises:
        SceneError: a line is damaged, a face has more than four corners or names what the file does not hold.
    """
    lines = read_lines(path)
    vertices = _vertices(path, lines)
    uv = numbers(path, [line.split()[1:3] for line in lines if line.startswith("vt ")], 2).astype(np.float32)
    faces: list[tuple[int, ...]] = []
    face_uv: list[tuple[int, ...]] = []
    groups: dict[str, int] = {}
    materials: dict[str, int] = {}
    group, material = "", ""
    of_group, of_material = [], []
    for line in lines:
        key, _, rest = line.partition(" ")
        if key == "g":
            group = rest.strip()
        elif key == "usemtl":
            material = rest.strip()
        elif key == "f":
            corners = [corner.split("/") for corner in rest.split()]
            if not 3 <= len(corners) <= 4:
                raise SceneError(f"{path} has a face with {len(corners)} corners; only 3 and 4 are known.")
            try:
                place = tuple(int(corner[0]) - 1 for corner in corners)
                texture = tuple(int(corner[1]) - 1 if len(corner) > 1 and corner[1] else 0 for corner in corners)
            except ValueError:
                raise SceneError(f"{path} has a damaged face: {line[:60]!r}. Get the source again.") from None
            faces.append((*place, -1)[:4] if len(place) == 3 else place)
            face_uv.append((*texture, -1)[:4] if len(texture) == 3 else texture)
            of_group.append(groups.setdefault(group, len(groups)))
            of_material.append(materials.setdefault(material, len(materials)))
    if not len(vertices) or not faces:
        raise SceneError(f"{path} holds no mesh: {len(vertices)} vertices, {len(faces)} faces. Get the source again.")
    if not len(uv):
        uv = np.zeros((1, 2), np.float32)
    return ObjMesh(
        vertices,
        uv,
        _indices(path, faces, len(vertices)),
        _indices(path, face_uv, len(uv)),
        tuple(groups),
        np.array(of_group, np.int16),
        tuple(materials),
        np.array(of_material, np.int16),
    )


def _vertices(path: Path, lines: list[str]) -> np.ndarray:
    return numbers(path, [line.split()[1:] for line in lines if line.startswith("v ")], 3).astype(np.float32)


def _indices(path: Path, rows: list[tuple[int, ...]], count: int) -> np.ndarray:
    """(F, 4) int32, each in range; −1 in the last column alone."""
    table = np.array(rows, dtype=np.int64)
    if (table[:, :3] < 0).any() or (table[:, 3] < -1).any() or (table >= count).any():
        raise SceneError(f"{path} has a face that names corner {table.max() + 1} of {count}. Get the source again.")
    return table.astype(np.int32)
