"""Finding the optional asset packs, and saying what is missing from them.

A folder of packs holds any of ``ict_facekit/``, ``makehuman/`` and ``hdri/``; nothing in the product needs one.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from ..errors import SceneError

ASSETS_VARIABLE = "RELIGHT_STAGE_ASSETS"

# Without these a pack is of no use; textures and proxies are asked for by name when a head is drawn.
_ICT_FACEKIT_FILES = ("ict_facekit.npz",)
_MAKEHUMAN_FILES = ("base.npz", "targets.npz", "index.json")
_HDRI_SUFFIXES = (".hdr", ".exr")


@dataclass(frozen=True)
class Packs:
    """Where the asset packs lie.

    Attributes:
        root: the folder that was named, or None when none was.
        ict_facekit: folder of the ICT FaceKit pack, or None.
        makehuman: folder of the MakeHuman pack, or None.
        hdris: Radiance and OpenEXR pictures in ``root/hdri``, sorted by name.
    """

    root: Path | None = None
    ict_facekit: Path | None = None
    makehuman: Path | None = None
    hdris: tuple[Path, ...] = ()


def find_packs(root: Path | None) -> Packs:
    """Look for asset packs under ``root``, else under the environment's ``RELIGHT_STAGE_ASSETS``, else nowhere.

    Raises:
        SceneError: a named folder does not exist, holds no pack, or a pack in it lacks a file.
    """
    if root is None:
        named = os.environ.get(ASSETS_VARIABLE)
        if not named:
            return Packs()
        root = Path(named)
    root = Path(root)
    if not root.is_dir():
        raise SceneError(f"The asset folder {root} does not exist. Name a folder that holds packs, or name none.")
    ict_facekit = _pack(root / "ict_facekit", _ICT_FACEKIT_FILES)
    makehuman = _pack(root / "makehuman", _MAKEHUMAN_FILES)
    pictures = (root / "hdri").iterdir() if (root / "hdri").is_dir() else ()
    hdris = tuple(sorted(path for path in pictures if path.suffix.lower() in _HDRI_SUFFIXES))
    if ict_facekit is None and makehuman is None and not hdris:
        raise SceneError(f"The asset folder {root} holds none of ict_facekit/, makehuman/ and hdri/. Name its parent?")
    return Packs(root, ict_facekit, makehuman, hdris)


def _pack(folder: Path, files: tuple[str, ...]) -> Path | None:
    if not folder.is_dir():
        return None
    missing = [name for name in files if not (folder / name).is_file()]
    if missing:
        raise SceneError(f"The asset pack {folder} lacks {', '.join(missing)}. Install the pack again.")
    return folder
