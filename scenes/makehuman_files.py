"""MakeHuman's own file formats: .target (a morph), .mhclo (a thing that is fitted to the body), .mhmat (a material).

The origin's frame: decimetres, +y up, +z out of the face.

Source: the formats as the documentation of MPFB describes them, github.com/makehumancommunity/mpfb2, docs/fileformats.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..errors import SceneError
from .origin_files import numbers, read_lines

_AXES = ("x_scale", "y_scale", "z_scale")
_DIFFUSE = ("diffuseTexture", "diffusemapTexture", "albedoTexture", "albedoMapTexture", "basecolorTexture")


class Fit(NamedTuple):
    """A .mhclo file; the arrays are those of our packs' proxies. K: vertices of the thing.

    Attributes:
        obj_file, material: references to other files, relative to this one's folder; material may be "".
        refs: (K, 3) int32 vertices of the body. weights: (K, 3), offsets: (K, 3) float32.
        scale_refs: (3, 2) int32 vertices of the body, scale_den: (3,) their distance on the body it was made for.
        delete_verts: vertices of the body that the thing hides.
        free: whether the header gives the file to the public domain (CC0).
    """

    obj_file: str
    material: str
    tags: tuple[str, ...]
    z_depth: int
    free: bool
    refs: np.ndarray
    weights: np.ndarray
    offsets: np.ndarray
    scale_refs: np.ndarray
    scale_den: np.ndarray
    delete_verts: np.ndarray


def read_target(path: Path, vertices: int) -> tuple[np.ndarray, np.ndarray]:
    """The vertices that a morph moves (N,) uint16, and by how much (N, 3) float16."""
    rows = [line.split()[:4] for line in read_lines(path) if line and line[0] not in '#"']
    table = numbers(path, rows, 4)
    return _vertex_ids(path, table[:, 0], vertices).astype(np.uint16), table[:, 1:].astype(np.float16)


def read_mhclo(path: Path, vertices: int) -> Fit:
    """Read how a thing is fitted to a body of that many vertices.

    Raises:
        SceneError: a line is damaged, or what is needed is missing.
    """
    lines = read_lines(path)
    words: dict[str, list[str]] = {}
    tags: list[str] = []
    fitted: list[list[str]] = []
    hidden: list[int] = []
    section = ""
    for line in lines:
        parts = line.split()
        key = parts[0] if parts else ""
        if key == "material" or (key and not section and key not in ("verts", "delete_verts", "tag")):
            words[key] = parts[1:]
        elif key == "tag":
            tags.append(line[len("tag") :].strip())
        elif key in ("verts", "delete_verts"):
            section = key
        elif not key or not key[0].isdigit():
            # A comment goes on with the section, a blank line or another word ends it.
            section = section if key.startswith("#") else ""
        elif section == "verts":
            fitted.append([key, "0", "1", "1", "0", "0", "0", "0", "0"] if len(parts) == 1 else parts[:9])
        else:
            hidden += _ranges(path, parts, vertices)
    table = numbers(path, fitted, 9)
    if not words.get("obj_file") or not len(table):
        raise SceneError(f"{path} names no obj_file or fits no vertex. Get the source again.")
    absent = [axis for axis in _AXES if axis not in words]
    if absent:
        raise SceneError(f"{path} has no {absent[0]}. Get the source again.")
    scales = numbers(path, [words[axis] for axis in _AXES], 3)
    if (scales[:, 2] <= 0).any():
        raise SceneError(f"{path} has a scale of {scales[:, 2].min()}; a distance is above 0. Get the source again.")
    depth = numbers(path, [words.get("z_depth", ["50"])], 1)[0, 0]
    header = " ".join(line for line in lines if line.startswith("#")).upper()
    return Fit(
        words["obj_file"][0],
        " ".join(words.get("material", [])),
        tuple(tags),
        int(depth),
        "CC0" in header,
        _vertex_ids(path, table[:, :3], vertices),
        table[:, 3:6].astype(np.float32),
        table[:, 6:].astype(np.float32),
        _vertex_ids(path, scales[:, :2], vertices),
        scales[:, 2].astype(np.float32),
        np.array(sorted(set(hidden)), np.int32),
    )


def read_mhmat(path: Path) -> dict[str, str]:
    """The pictures that a material names: ``diffuseTexture`` and ``normalmapTexture``, as references."""
    pictures: dict[str, str] = {}
    for line in read_lines(path):
        key, _, value = line.partition(" ")
        if key in _DIFFUSE and value.strip():
            pictures["diffuseTexture"] = value.strip()
        elif key == "normalmapTexture" and value.strip():
            pictures["normalmapTexture"] = value.strip()
    return pictures


def _ranges(path: Path, parts: list[str], vertices: int) -> list[int]:
    """``12 20 - 23`` as [12, 20, 21, 22, 23]."""
    ids: list[int] = []
    k = 0
    while k < len(parts):
        width = 3 if parts[k + 1 : k + 2] == ["-"] else 1
        ends = parts[k : k + width : 2]
        if not all(end.isdecimal() and int(end) < vertices for end in ends) or len(ends) != (width + 1) // 2:
            raise SceneError(f"{path} hides {' '.join(parts[k : k + width])!r}; the body has {vertices} vertices.")
        ids += range(int(ends[0]), int(ends[-1]) + 1)
        k += width
    return ids


def _vertex_ids(path: Path, ids: np.ndarray, vertices: int) -> np.ndarray:
    if (ids != ids.astype(np.int64)).any() or (ids < 0).any() or (ids >= vertices).any():
        raise SceneError(f"{path} names a vertex that the body of {vertices} vertices has not. Get the source again.")
    return ids.astype(np.int32)
