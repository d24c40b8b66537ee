"""Finding the optional asset packs, and saying what is missing from them.

A folder of packs holds any of ``ict_facekit/``, ``makehuman/`` and ``hdri/``; nothing in the product needs one.
``relight-stage assets convert`` writes the first two from their origins.
"""

import json
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import SceneError

ASSETS_VARIABLE = "RELIGHT_STAGE_ASSETS"
# The names of the packs, which are those of their folders.
ICT_FACEKIT, MAKEHUMAN, HDRI = "ict_facekit", "makehuman", "hdri"
# Version of the packs' layout. A pack that says nothing has the first one.
PACK_FORMAT = 1

_HDRI_SUFFIXES = (".hdr", ".exr")
_PICTURE_SUFFIXES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp")
_ICT_KEYS = [
    "neutral",
    "identity",
    "expression",
    "expression_names",
    "faces",
    "face_uv",
    "uv",
    "face_material",
    "material_names",
    "region_names",
    "region_ranges",
    "landmarks68",
    "license",
]
_BASE_KEYS = ["verts", "faces", "uv", "face_uv", "face_group", "group_names"]
_TARGET_KEYS = ["names", "ptr", "idx", "delta"]
_PROXY_KEYS = ["refs", "weights", "offsets", "scale_refs", "scale_den", "delete_verts", "faces", "face_uv", "uv"]


@dataclass(frozen=True)
class Packs:
    """Where the asset packs lie.

    Attributes:
        root: the folder that was named, or None when none was.
        ict_facekit: folder of the ICT FaceKit pack, or None.
        makehuman: folder of the MakeHuman pack, or None.
        hdris: Radiance and OpenEXR pictures in ``root/hdri``, sorted by name.
        ordinary: pictures in ``root/hdri`` of kinds whose lights are cut off; they light nothing.
    """

    root: Path | None = None
    ict_facekit: Path | None = None
    makehuman: Path | None = None
    hdris: tuple[Path, ...] = ()
    ordinary: tuple[Path, ...] = ()


def find_packs(root: Path | None) -> Packs:
    """Look for asset packs under ``root``, else under the environment's ``RELIGHT_STAGE_ASSETS``, else nowhere.

    Raises:
        SceneError: a named folder does not exist, holds no pack, or a pack in it is half copied or of another version.
    """
    if root is None:
        named = os.environ.get(ASSETS_VARIABLE)
        if not named:
            return Packs()
        root = Path(named)
    root = Path(root)
    if not root.is_dir():
        raise SceneError(f"The asset folder {root} does not exist. Name a folder that holds packs, or name none.")
    ict_facekit, makehuman = root / ICT_FACEKIT, root / MAKEHUMAN
    pictures = sorted((root / HDRI).iterdir()) if (root / HDRI).is_dir() else []
    hdris, ordinary = (
        tuple(path for path in pictures if path.suffix.lower() in suffixes)
        for suffixes in (_HDRI_SUFFIXES, _PICTURE_SUFFIXES)
    )
    if ordinary and not hdris and not ict_facekit.is_dir() and not makehuman.is_dir():
        raise SceneError(
            f"{root / HDRI} holds ordinary pictures alone ({ordinary[0].name}), whose lights are cut off. Put "
            ".hdr or .exr panoramas there."
        )
    if not ict_facekit.is_dir() and not makehuman.is_dir() and not hdris:
        raise SceneError(f"The asset folder {root} holds none of ict_facekit/, makehuman/ and hdri/. Name its parent?")
    if ict_facekit.is_dir():
        check_ict_facekit(ict_facekit)
    if makehuman.is_dir():
        check_makehuman(makehuman)
    return Packs(
        root,
        ict_facekit if ict_facekit.is_dir() else None,
        makehuman if makehuman.is_dir() else None,
        hdris,
        ordinary,
    )


def check_ict_facekit(pack: Path) -> None:
    """SceneError unless the ICT FaceKit pack is whole; nothing but its table of contents is read."""
    path = pack / "ict_facekit.npz"
    _check_keys(path, _ICT_KEYS)
    with np.load(path) as arrays:
        _check_format(path, int(arrays["format"]) if "format" in arrays else PACK_FORMAT)


def check_makehuman(pack: Path) -> None:
    """SceneError unless the MakeHuman pack and all files of its index are there."""
    _check_keys(pack / "base.npz", _BASE_KEYS)
    _check_keys(pack / "targets.npz", _TARGET_KEYS)
    index = read_index(pack)
    files = [proxy["file"] for proxy in index["proxies"]]
    for texture in index["textures"].values():
        files += [texture[key] for key in ("file", "alpha") if texture.get(key)]
    missing = [name for name in files if not (pack / name).is_file()]
    if missing:
        some = ", ".join(missing[:3]) + (", …" if len(missing) > 3 else "")
        raise SceneError(f"The asset pack {pack} lacks {len(missing)} of its files ({some}). Install the pack again.")
    for proxy in index["proxies"]:
        _check_keys(pack / proxy["file"], _PROXY_KEYS)


def read_index(pack: Path) -> dict:
    """The MakeHuman pack's table: its ``proxies`` (a list), ``skins`` and ``textures`` (by name)."""
    path = pack / "index.json"
    try:
        index = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SceneError(f"The asset pack {pack} lacks index.json. Install the pack again.") from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise SceneError(f"{path} is damaged: {error}. Install the pack again.") from error
    kinds = {"proxies": list, "skins": dict, "textures": dict}
    if not isinstance(index, dict) or not all(isinstance(index.get(key), kind) for key, kind in kinds.items()):
        raise SceneError(f"{path} is not the index of a MakeHuman pack. Install the pack again.")
    _check_format(path, index.get("format", PACK_FORMAT))
    return index


def _check_keys(path: Path, keys: list[str]) -> None:
    try:
        with zipfile.ZipFile(path) as file:
            missing = sorted(set(keys) - {name.removesuffix(".npy") for name in file.namelist()})
    except FileNotFoundError:
        raise SceneError(f"The asset pack {path.parent} lacks {path.name}. Install the pack again.") from None
    except (OSError, zipfile.BadZipFile):
        raise SceneError(f"{path} is damaged or was copied by half. Install the pack again.") from None
    if missing:
        raise SceneError(f"{path} lacks {', '.join(missing)}: it is no pack of this version. Install the pack again.")


def _check_format(path: Path, found: object) -> None:
    if found != PACK_FORMAT:
        raise SceneError(f"{path} has pack format {found}; this version reads {PACK_FORMAT}. Convert the pack again.")
