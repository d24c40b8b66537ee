"""What there is to draw people and light from on this machine, under which licence, and what is missing."""

import os
import sys
import tomllib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..errors import SceneError
from .hdris import is_hdri, studio_hdris
from .packs import Packs, find_packs, read_index

# What the two packs hold, and how to get them.
_ICT_HOW = (
    "git clone https://github.com/ICT-VGL/ICT-FaceKit, then relight-stage assets convert ict-facekit ICT-FaceKit DIR"
)
_MAKEHUMAN_HOW = (
    "git clone https://github.com/makehumancommunity/makehuman and makehuman-assets (with git-lfs), then "
    "relight-stage assets convert makehuman makehuman makehuman-assets DIR"
)
_HDRI_HOW = "put .hdr or .exr panoramas into DIR/hdri, for example from https://polyhaven.com (CC0)"


class Mpfb(NamedTuple):
    """An installed MPFB, MakeHuman's extension for Blender.

    Attributes:
        version: as its manifest says it, or "unknown".
        data: folders with its data, its own first, then what the user added.
    """

    version: str
    data: tuple[Path, ...]


def blender_folders(
    platform: str = sys.platform, environment: Mapping[str, str] = os.environ, home: Path | None = None
) -> tuple[Path, ...]:
    """The user's Blender folders, one a version, newest first."""
    home = Path.home() if home is None else home
    if platform == "win32":
        roots = [Path(environment.get("APPDATA", home / "AppData" / "Roaming")) / "Blender Foundation" / "Blender"]
    elif platform == "darwin":
        roots = [home / "Library" / "Application Support" / "Blender"]
    else:
        roots = [Path(environment.get("XDG_CONFIG_HOME") or home / ".config") / "blender"]
    versions = [path for root in roots if root.is_dir() for path in root.iterdir() if _version(path.name)]
    versions.sort(key=lambda path: _version(path.name), reverse=True)
    named = environment.get("BLENDER_USER_RESOURCES")
    return (*([Path(named)] if named else []), *versions)


def find_mpfb(folders: tuple[Path, ...]) -> Mpfb | None:
    """The newest MPFB that is installed as an extension (id ``mpfb``) in one of the user's Blender folders."""
    for folder in folders:
        for extension in sorted((folder / "extensions").glob("*/mpfb")):
            if not (extension / "data" / "3dobjs").is_dir():
                continue
            # Asset packs that the user installs go to the extension's own folder for users, formerly beside it.
            users = folder / "extensions" / ".user" / extension.parent.name / "mpfb" / "data", folder / "mpfb" / "data"
            return Mpfb(_manifest_version(extension), (extension / "data", *(path for path in users if path.is_dir())))
    return None


def describe_assets(root: Path | None) -> list[str]:
    """Everything that is found, in lines of text.

    Args:
        root: the folder of packs; None takes the environment's.

    Raises:
        SceneError: a named folder is missing, or a pack in it is damaged.
    """
    packs = find_packs(root)
    lines = [f"asset folder  {packs.root}" if packs.root else "asset folder  none named (--assets DIR)"]
    lines += ["procedural    heads of this program's own, out of no file"]
    lines += _ict_facekit(packs) + _makehuman(packs) + _hdris(packs)
    mpfb = find_mpfb(blender_folders())
    if mpfb is not None:
        lines.append(f"MPFB          version {mpfb.version} in {mpfb.data[0].parent}")
        if packs.makehuman is None:
            lines.append("              make a pack of it: relight-stage assets convert makehuman mpfb DIR")
    return lines


def _ict_facekit(packs: Packs) -> list[str]:
    if packs.ict_facekit is None:
        return ["ICT FaceKit   missing", f"              {_ICT_HOW}"]
    with np.load(packs.ict_facekit / "ict_facekit.npz") as arrays:
        identities, vertices = len(arrays["identity"]), len(arrays["neutral"])
        expressions = len(arrays["expression_names"])
        licence = str(arrays["license"]).strip().splitlines()
        origin = str(arrays["source"]) if "source" in arrays else "origin not recorded"
    owner = next((line for line in licence if line.startswith("Copyright")), "no copyright line")
    return [
        f"ICT FaceKit   {packs.ict_facekit}",
        f"              {identities} identity modes, {expressions} expressions, {vertices} vertices",
        f"              {licence[0] if licence else 'no licence'}, {owner}; {origin}",
    ]


def _makehuman(packs: Packs) -> list[str]:
    if packs.makehuman is None:
        return ["MakeHuman     missing", f"              {_MAKEHUMAN_HOW}"]
    index = read_index(packs.makehuman)
    with np.load(packs.makehuman / "targets.npz") as arrays:
        targets = len(arrays["names"])
    kinds = Counter(proxy["kind"] for proxy in index["proxies"])
    bare = [f"{p['kind']} {p['name']}" for p in index["proxies"] if not p["textures"]["diffuseTexture"]]
    closed = [f"{p['kind']} {p['name']}" for p in index["proxies"] if not p.get("cc0_header", False)]
    irises = sum(name.startswith("eye_") for name in index["textures"])
    text = packs.makehuman / "LICENSE.txt"
    title = text.read_text(encoding="utf-8", errors="replace").strip().splitlines()[:3] if text.is_file() else []
    lines = [
        f"MakeHuman     {packs.makehuman}",
        f"              {targets} morph targets, {len(index['skins'])} skins, {irises} irises, "
        + ", ".join(f"{kinds[kind]} {kind}" for kind in sorted(kinds)),
        f"              {index.get('license', 'licence not recorded')}; LICENSE.txt: "
        + (", ".join(line for line in title if line.strip()) or "missing"),
    ]
    if bare:
        lines.append(f"              without their pictures: {', '.join(bare)}")
    if closed:
        lines.append(f"              whose own header does not say CC0: {', '.join(closed)}")
    return lines


def _hdris(packs: Packs) -> list[str]:
    own = studio_hdris()
    lines = [f"HDRIs         {len(own)} of Blender's own (CC0-1.0)" if own else "HDRIs         none of Blender's own"]
    if packs.hdris:
        lines[0] += f", {len(packs.hdris)} in {packs.hdris[0].parent}"
        lines.append(f"              {', '.join(path.stem for path in packs.hdris)}")
        damaged = [path.name for path in packs.hdris if not is_hdri(path)]
        if damaged:
            lines.append(f"              damaged, or not what their names say: {', '.join(damaged)}")
        if packs.ordinary:
            named = ", ".join(path.name for path in packs.ordinary)
            lines.append(f"              left out, since an ordinary picture's lights are cut off: {named}")
        lines.append("              their licence is not in the files; Poly Haven's are CC0-1.0")
    else:
        lines.append(f"              {_HDRI_HOW}")
    return lines


def _version(name: str) -> tuple[int, ...]:
    parts = name.split(".")
    return tuple(map(int, parts)) if len(parts) == 2 and all(part.isdecimal() for part in parts) else ()


def _manifest_version(extension: Path) -> str:
    try:
        return str(tomllib.loads((extension / "blender_manifest.toml").read_text(encoding="utf-8"))["version"])
    except (OSError, ValueError, KeyError):
        return "unknown"


def mpfb_sources() -> list[Path]:
    """Folders to convert an installed MPFB from; SceneError where none is installed."""
    mpfb = find_mpfb(blender_folders())
    if mpfb is None:
        raise SceneError(
            "No MPFB extension is installed for this user. Install it in Blender from extensions.blender.org, "
            "or give a clone of github.com/makehumancommunity/makehuman."
        )
    return list(mpfb.data)
