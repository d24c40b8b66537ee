"""From clones of MakeHuman and its assets, or an installed MPFB, to our pack.

The origin's frame, which the pack keeps: decimetres, +y up, +z out of the face.

Source: github.com/makehumancommunity/makehuman (base mesh, targets, eyes) and makehuman-assets (the rest), CC0-1.0.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from ..errors import SceneError
from .makehuman import HAIR_TEXTURES
from .makehuman_body import fit_proxy
from .makehuman_files import read_mhclo, read_mhmat, read_target
from .origin_files import commit_of, inside, new_pack, read_bytes
from .packs import MAKEHUMAN, PACK_FORMAT, check_makehuman
from .skin_photos import SKIN_TEXTURES
from .wavefront import read_obj

# The base mesh "hm08" that all targets and things are made for.
BASE_VERTICES = 19158
# Where the data lies below what a user may name: a clone of the program, of its assets, MPFB's folder or its data.
_ROOTS = (".", "data", "makehuman/data", "base", "src/mpfb/data")
_KINDS = ("eyes", "eyebrows", "eyelashes", "hair", "teeth", "tongue", "clothes")
# What shapes a face and the body around it; limbs, hands and what is below the bust are left out, and so are babies.
_TARGETS = [
    "asym",
    "cheek",
    "chin",
    "ears",
    "expression/units",
    "eyebrows",
    "eyes",
    "forehead",
    "head",
    "macrodetails",
    "mouth",
    "neck",
    "nose",
]
# Clothes that end below this height, decimetres on the unmorphed body, are never in the picture of a bust.
_CHEST = 2.0
# Largest side of each kind's pictures: as large as a portrait of 1024² shows them.
_SIDES = {"skin": 2048, "hair": 2048, "clothes": 1024, "teeth": 1024}
_LICENCES = ("LICENSE.ASSETS.md", "LICENSE.CC0.txt", "LICENSE.txt", "LICENSE.md", "LICENSE", "license.txt")
# PNGs of 2048² stay below 10 MB.
_PICTURE_MAX_BYTES = 60_000_000


def convert_makehuman(
    sources: list[Path], out: Path, report: Callable[[str], None] = print, base_vertices: int = BASE_VERTICES
) -> Path:
    """Write ``out/makehuman`` from the data folders of all sources together; return the pack's folder.

    Raises:
        SceneError: what heads need is missing or damaged in them; ``out`` holds a pack already.
    """
    roots = [root for source in sources for root in _data_roots(source)]
    base = next((path for root in roots if (path := root / "3dobjs" / "base.obj").is_file()), None)
    if base is None:
        named = " and ".join(str(source) for source in sources)
        raise SceneError(
            f"{named} holds no data/3dobjs/base.obj. Give a clone of github.com/makehumancommunity/makehuman."
        )
    with new_pack(out, MAKEHUMAN) as folder:
        body = _convert_base(base, folder, base_vertices)
        report(f"{_convert_targets(roots, folder, base_vertices)} morph targets")
        textures = _Textures(folder, roots)
        (folder / "proxies").mkdir()
        proxies = [
            proxy
            for kind in _KINDS
            for root, path in _found(roots, kind, ".mhclo")
            if (proxy := _convert_proxy(kind, root, path, folder, body, textures)) is not None
        ]
        report(f"{len(proxies)} things to wear")
        skins = _convert_skins(roots, textures)
        irises = _convert_irises(roots, textures)
        report(f"{len(skins)} skins, {len(irises)} irises, {len(textures.index)} pictures")
        _check_whole(sources, proxies, textures.index)
        index = {
            "format": PACK_FORMAT,
            "license": "CC0-1.0 (assets of MakeHuman; see LICENSE.txt)",
            "units": "decimetres, +y up, +z front",
            "sources": {source.name: commit_of(source) for source in sources},
            "skins": skins,
            "proxies": proxies,
            "textures": textures.index,
        }
        (folder / "index.json").write_text(json.dumps(index, indent=1), encoding="utf-8")
        (folder / "LICENSE.txt").write_bytes(_licence(sources))
        check_makehuman(folder)
    return out / MAKEHUMAN


def _data_roots(source: Path) -> list[Path]:
    if not source.is_dir():
        raise SceneError(f"{source} is not a folder. Give a clone of MakeHuman or of its assets, or MPFB's data.")
    known = {*_KINDS, "3dobjs", "targets", "skins"}
    roots = [source / name for name in _ROOTS if any((source / name / kind).is_dir() for kind in known)]
    if not roots:
        raise SceneError(f"{source} holds no data of MakeHuman: none of {', '.join(sorted(known))} is below it.")
    return roots


def _found(roots: list[Path], kind: str, suffix: str) -> Iterator[tuple[Path, Path]]:
    """Files of a kind by name, each with the root that it is below; of two with one name the first source's."""
    named: dict[str, tuple[Path, Path]] = {}
    for root in roots:
        for path in sorted((root / kind).rglob(f"*{suffix}")):
            named.setdefault(path.name, (root, inside(root, root, str(path.relative_to(root)))))
    return iter(named[name] for name in sorted(named))


def _convert_base(path: Path, folder: Path, vertices: int) -> np.ndarray:
    """Write base.npz; return the body, (V, 3)."""
    mesh = read_obj(path)
    if len(mesh.vertices) != vertices or "body" not in mesh.groups:
        raise SceneError(
            f"{path} is another base mesh: {len(mesh.vertices)} vertices, not the {vertices} of hm08. "
            "Check out the master of github.com/makehumancommunity/makehuman."
        )
    np.savez_compressed(
        folder / "base.npz",
        verts=mesh.vertices,
        uv=mesh.uv,
        faces=mesh.faces,
        face_uv=mesh.face_uv,
        face_group=mesh.face_group,
        group_names=np.array(mesh.groups),
    )
    return mesh.vertices


def _convert_targets(roots: list[Path], folder: Path, vertices: int) -> int:
    """Write targets.npz in CSR form; return how many targets there are."""
    files: dict[str, Path] = {}
    for root in roots:
        for part in _TARGETS:
            below = root / "targets" / part
            # Of the macro details only those of the whole body: not its height, not its proportions.
            found = below.glob("*.target*") if part == "macrodetails" else below.rglob("*.target*")
            for path in found:
                name = path.relative_to(root / "targets").as_posix().removesuffix(".gz")
                if name.endswith(".target") and "baby" not in path.name:
                    files.setdefault(name, inside(root, root, str(path.relative_to(root))))
    if not any(name.startswith("macrodetails/") for name in files):
        raise SceneError(f"{roots[0]} has no targets/macrodetails: the source was copied by half. Get it again.")
    names = sorted(files)
    moved = [read_target(files[name], vertices) for name in names]
    np.savez_compressed(
        folder / "targets.npz",
        names=np.array([name.removesuffix(".target") for name in names]),
        ptr=np.cumsum([0, *(len(idx) for idx, _ in moved)]),
        idx=np.concatenate([idx for idx, _ in moved]),
        delta=np.concatenate([delta for _, delta in moved]),
    )
    return len(names)


def _convert_proxy(
    kind: str, root: Path, path: Path, folder: Path, body: np.ndarray, textures: "_Textures"
) -> dict | None:
    """Write a thing's npz and pictures; return its entry in the index, None where a bust never shows it."""
    fit = read_mhclo(path, len(body))
    mesh = read_obj(inside(root, path.parent, fit.obj_file))
    if len(mesh.vertices) != len(fit.refs):
        raise SceneError(f"{path} fits {len(fit.refs)} vertices, its mesh has {len(mesh.vertices)}. Get both again.")
    proxy = {
        "refs": fit.refs,
        "weights": fit.weights,
        "offsets": fit.offsets,
        "scale_refs": fit.scale_refs,
        "scale_den": fit.scale_den,
        "delete_verts": fit.delete_verts,
        "faces": mesh.faces,
        "face_uv": mesh.face_uv,
        "uv": mesh.uv,
        "obj_verts": mesh.vertices,
    }
    if kind == "clothes" and fit_proxy(proxy, body)[:, 1].max() < _CHEST:
        return None
    file = f"proxies/{kind}_{path.stem}.npz"
    np.savez_compressed(folder / file, **proxy)
    pictures: dict[str, str | None] = {"diffuseTexture": None}
    if fit.material:
        material = inside(root, path.parent, fit.material)
        for role, reference in read_mhmat(material).items():
            pictures[role] = textures.add(kind, root, inside(root, material.parent, reference))
    entry = {
        "kind": kind,
        "name": path.stem,
        "verts": len(mesh.vertices),
        "faces": len(mesh.faces),
        "file": file,
        "tags": list(fit.tags),
        "cc0_header": fit.free,
        "z_depth": fit.z_depth,
        "textures": pictures,
    }
    return entry if all(pictures.values()) else {**entry, "missing_texture": True}


def _convert_skins(roots: list[Path], textures: "_Textures") -> dict[str, str]:
    """Pictures that the skins' materials name: the origin's name -> the pack's."""
    skins: dict[str, str] = {}
    for root, material in _found(roots, "skins", ".mhmat"):
        reference = read_mhmat(material).get("diffuseTexture")
        if reference is not None:
            picture = inside(root, material.parent, reference)
            name = textures.add("skin", root, picture, picture.stem.replace("_diffuse", ""))
            if name is not None:
                skins[picture.stem] = name
    return skins


def _convert_irises(roots: list[Path], textures: "_Textures") -> list[str]:
    irises = []
    for root, material in _found(roots, "eyes/materials", ".mhmat"):
        reference = read_mhmat(material).get("diffuseTexture")
        if reference is not None:
            irises.append(textures.add("eye", root, inside(root, material.parent, reference), material.stem))
    return [iris for iris in irises if iris]


def _check_whole(sources: list[Path], proxies: list[dict], textures: dict[str, dict]) -> None:
    """Everything that heads are drawn from by name must be there."""
    missing = [f"skin_{name}" for name in SKIN_TEXTURES if f"skin_{name}" not in textures]
    worn = {(proxy["kind"], proxy["name"]): proxy for proxy in proxies}
    for name in HAIR_TEXTURES:
        if ("hair", name) not in worn or not worn["hair", name]["textures"]["diffuseTexture"]:
            missing.append(f"hair_{name}")
    missing += [
        f"{kind}_{name}" for kind, name in (("eyes", "high-poly"), ("tongue", "tongue01")) if (kind, name) not in worn
    ]
    kinds = {proxy["kind"] for proxy in proxies}
    missing += [kind for kind in ("eyebrows", "eyelashes", "teeth", "clothes") if kind not in kinds]
    if missing:
        some = ", ".join(missing[:6]) + (", …" if len(missing) > 6 else "")
        raise SceneError(
            f"{' and '.join(map(str, sources))} lacks {len(missing)} things that heads need ({some}). Name a clone of "
            "github.com/makehumancommunity/makehuman-assets too, with its large files (git lfs pull)."
        )


def _licence(sources: list[Path]) -> bytes:
    for source in reversed(sources):
        for name in _LICENCES:
            if (source / name).is_file():
                return read_bytes(source / name)
    return b"MakeHuman's assets are CC0-1.0: https://creativecommons.org/publicdomain/zero/1.0/legalcode\n"


class _Textures:
    """Pictures that the pack has so far; each is converted once, however many things wear it.

    Attributes:
        index: by the pack's name: file, alpha (where the picture has holes), source_file, sha256, orig_size, size.
    """

    def __init__(self, folder: Path, roots: list[Path]) -> None:
        self.index: dict[str, dict] = {}
        self._folder = folder
        self._roots = roots
        (folder / "textures").mkdir()

    def add(self, kind: str, root: Path, picture: Path, name: str | None = None) -> str | None:
        """Convert a picture to JPEG, with its opacity beside it as PNG; None where the source lacks the file."""
        import cv2

        name = f"{kind}_{name or picture.stem}"
        if name in self.index:
            return name
        # The program's clone has the materials of eyes, its assets' clone the pictures, in folders of the same names.
        relative = picture.relative_to(root.resolve())
        places = [inside(other, other, str(relative)) for other in (root, *self._roots)]
        picture = next((place for place in places if place.is_file()), picture)
        if not picture.is_file():
            return None
        content = read_bytes(picture, _PICTURE_MAX_BYTES)
        pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
        if pixels is None or pixels.dtype != np.uint8:
            raise SceneError(f"{picture} is no picture of 8 bits. Get the source again.")
        height, width = pixels.shape[:2]
        side = min(max(height, width), _SIDES.get(kind, 512))
        if side < max(height, width):
            size = (round(width * side / max(height, width)), round(height * side / max(height, width)))
            pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
        entry: dict = {
            "file": f"textures/{name}.jpg",
            "source_file": relative.as_posix(),
            "sha256": hashlib.sha256(content).hexdigest(),
            "orig_size": [width, height],
            "size": [pixels.shape[1], pixels.shape[0]],
        }
        if pixels.ndim == 3 and pixels.shape[2] == 4:
            if (pixels[..., 3] < 255).any():
                entry["alpha"] = f"textures/{name}_alpha.png"
                self._write(entry["alpha"], pixels[..., 3], [])
            pixels = pixels[..., :3]
        # Colour at full resolution: normal maps and stripes suffer most where it is halved.
        full = [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
        self._write(entry["file"], pixels, [cv2.IMWRITE_JPEG_QUALITY, 92, *full])
        self.index[name] = entry
        return name

    def _write(self, file: str, pixels: np.ndarray, options: list[int]) -> None:
        import cv2

        if not cv2.imwrite(str(self._folder / file), np.ascontiguousarray(pixels), options):
            raise SceneError(f"{self._folder / file} could not be written. Free the disk or choose another folder.")
