"""Writes the origins of the head packs: a few vertices for everybody, and whole packs back into the origin's layout."""

import json
from pathlib import Path

import cv2
import numpy as np

# Twelve vertices, two quads and a triangle: enough of a mesh to be read.
VERTICES = np.round(np.random.default_rng(0).normal(size=(12, 3)), 4)
TINY_OBJ_FACES = (
    "g body\nusemtl skin\nf 1/1 2/2 3/3 4/4\nf 5/1 6/2 7/3 8/4\ng helper-tights\nusemtl cloth\nf 9/1 10/2 11/3\n"
)
TINY_UV = "vt 0 0\nvt 1 0\nvt 1 1\nvt 0 1\n"


def obj(vertices: np.ndarray, uv: np.ndarray | None = None, faces=None, face_uv=None, of_face=None) -> str:
    """An OBJ file; ``of_face`` gives the line that must be in force before each face."""
    lines = ["# exported", *("v {:.6f} {:.6f} {:.6f}".format(*v) for v in vertices.tolist())]
    if faces is not None:
        lines += ["vt {:.6f} {:.6f}".format(*t) for t in uv.tolist()]
        current = None
        for k, (place, texture) in enumerate(zip(faces.tolist(), face_uv.tolist(), strict=True)):
            if of_face is not None and of_face[k] != current:
                current = of_face[k]
                lines.append(current)
            lines.append("f " + " ".join(f"{a + 1}/{b + 1}" for a, b in zip(place, texture, strict=True) if a >= 0))
    return "\n".join(lines) + "\n"


def write_tiny_ict(clone: Path, identities: int = 2) -> Path:
    """A clone of the ICT FaceKit with twelve vertices; shape k moves vertex k by k/10 along z."""
    model = clone / "FaceXModel"
    model.mkdir(parents=True)
    (clone / "LICENSE").write_text("MIT License\n\nCopyright (c) 2020 Somebody\n")
    (clone / ".git").mkdir()
    (clone / ".git" / "HEAD").write_text("a" * 40 + "\n")
    (model / "generic_neutral_mesh.obj").write_text(obj(VERTICES) + TINY_UV + TINY_OBJ_FACES)
    for k, name in enumerate([*(f"identity{i:03d}" for i in range(identities)), "jawOpen", "PupilDilate_L"]):
        moved = VERTICES.copy()
        moved[k, 2] += k / 10
        (model / f"{name}.obj").write_text(obj(moved))
    indices = {
        "expressions": ["jawOpen"],
        "idx_to_landmark_verts": list(range(8)),
        "idx_to_rigid_verts": [0, 1],
        "idx_to_fitting_verts": [2, 3],
    }
    (model / "vertex_indices.json").write_text(json.dumps(indices))
    return clone


def write_ict(clone: Path, pack: dict[str, np.ndarray], identities: int) -> Path:
    """The pack's shapes, the first ``identities`` of them, as the origin's folder of OBJs."""
    model = clone / "FaceXModel"
    model.mkdir(parents=True)
    neutral = pack["neutral"]
    materials = [f"usemtl {pack['material_names'][m]}" for m in pack["face_material"]]
    text = obj(neutral, pack["uv"], pack["faces"], pack["face_uv"], materials)
    (model / "generic_neutral_mesh.obj").write_text("mtllib ICTFaceModelMaterial.mtl\n" + text)
    for k in range(identities):
        (model / f"identity{k:03d}.obj").write_text(obj(neutral + pack["identity"][k].astype(np.float32)))
    for name, offset in zip(pack["expression_names"].tolist(), pack["expression"], strict=True):
        (model / f"{name}.obj").write_text(obj(neutral + offset.astype(np.float32)))
    indices = {
        "expressions": [name for name in pack["expression_names"].tolist() if not name.startswith("Pupil")],
        "idx_to_landmark_verts": pack["landmarks68"].tolist(),
        "idx_to_rigid_verts": pack["rigid_verts"].tolist(),
        "idx_to_fitting_verts": pack["fitting_verts"].tolist(),
    }
    (model / "vertex_indices.json").write_text(json.dumps(indices))
    (clone / "LICENSE").write_text(str(pack["license"]))
    return clone


def write_picture(path: Path, side: int = 8, holes: bool = False) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.full((side, side, 4), (40, 90, 160, 255), np.uint8)
    pixels[: side // 2, :, 3] = 0 if holes else 255
    assert cv2.imwrite(str(path), pixels)


def mhclo(fit: dict[str, np.ndarray], obj_file: str, material: str, tags=(), hidden: str = "", depth: int = 50) -> str:
    """A .mhclo file with the arrays of a pack's proxy."""
    lines = ["# license CC0", "basemesh hm08", "name thing", f"obj_file {obj_file}"]
    lines += [f"tag {tag}" for tag in tags]
    for axis, (p, q), den in zip("xyz", fit["scale_refs"].tolist(), fit["scale_den"].tolist(), strict=True):
        lines.append(f"{axis}_scale {p} {q} {den:.6f}")
    lines += [f"z_depth {depth}", *([f"material {material}"] if material else []), "verts 0"]
    for refs, weights, offsets in zip(
        fit["refs"].tolist(), fit["weights"].tolist(), fit["offsets"].tolist(), strict=True
    ):
        exact = (refs[1:], weights, offsets) == ([0, 1], [1, 0, 0], [0, 0, 0])
        row = " ".join([*map(str, refs), *(f"{x:.6f}" for x in (*weights, *offsets))])
        lines.append(str(refs[0]) if exact else row)
    return "\n".join([*lines, "", *(["delete_verts", hidden] if hidden else [])]) + "\n"


def write_tiny_makehuman(clone: Path, skins, hairs, irises) -> Path:
    """A clone of MakeHuman with its assets, twelve vertices, and every name that heads are drawn from."""
    data = clone / "makehuman" / "data"
    (data / "3dobjs").mkdir(parents=True)
    (data / "3dobjs" / "base.obj").write_text(obj(VERTICES) + TINY_UV + TINY_OBJ_FACES)
    (clone / "LICENSE.md").write_text("CC0 1.0 Universal\n")
    targets = data / "targets"
    for name in (
        "macrodetails/asian-male-young",
        "macrodetails/asian-male-baby",
        "macrodetails/height/tall",
        "nose/nose-up",
    ):
        path = targets / f"{name}.target"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("# basemesh hm08\n3 .25 -.004 0\n7 0 0 1.0\n")
    things = [("eyes", "high-poly"), ("tongue", "tongue01"), ("eyebrows", "b1"), ("eyelashes", "l1"), ("teeth", "t1")]
    things += [("clothes", "shirt"), ("clothes", "shoes"), *(("hair", name) for name in hairs)]
    for kind, name in things:
        folder = data / kind / name
        folder.mkdir(parents=True)
        # On the body, three decimetres above it, or three below: a shirt is seen in a bust, shoes are not.
        drop = -9.0 if name == "shoes" else 3.0
        fit = {
            "scale_refs": np.array([[0, 1], [2, 3], [4, 5]]),
            "scale_den": np.abs(VERTICES[[0, 2, 4], [0, 1, 2]] - VERTICES[[1, 3, 5], [0, 1, 2]]),
            "refs": np.array([[k, 0, 1] for k in range(4)]),
            "weights": np.array([[1.0, 0, 0]] * 4),
            "offsets": np.array([[0.0, 0, 0]] + [[0, drop, 0]] * 3),
        }
        (folder / f"{name}.mhclo").write_text(mhclo(fit, f"{name}.obj", f"{name}.mhmat", ["Male"], " 2 - 4 9 "))
        (folder / f"{name}.obj").write_text(obj(VERTICES[:4]) + TINY_UV + "f 1/1 2/2 3/3 4/4\n")
        (folder / f"{name}.mhmat").write_text(f"// a material\nname x\ndiffuseTexture {name}.png\n")
        write_picture(folder / f"{name}.png", holes=kind == "hair")
    for name in irises:
        path = data / "eyes" / "materials" / f"{name}.mhmat"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"diffuseTexture {name}_eye.png\n")
        write_picture(path.parent / f"{name}_eye.png", holes=True)
    for name in skins:
        path = data / "skins" / name / f"{name}.mhmat"
        path.parent.mkdir(parents=True)
        # As the origin has it: "…_diffuse2" is the second picture of its name.
        stem = name if not name[-1].isdigit() else f"{name[:-1]}_diffuse{name[-1]}"
        path.write_text(f"diffuseTexture ../textures/{stem}.png\n")
        write_picture(data / "skins" / "textures" / f"{stem}.png")
    return clone


def write_makehuman(clone: Path, pack: Path, index: dict) -> Path:
    """The MakeHuman pack in the layout of its origins: the program's folder and the assets' in one."""
    data = clone / "data"
    with np.load(pack / "base.npz") as file:
        base = dict(file)
    groups = [f"g {base['group_names'][g]}" for g in base["face_group"]]
    (data / "3dobjs").mkdir(parents=True)
    text = obj(base["verts"], base["uv"], base["faces"], base["face_uv"], groups)
    (data / "3dobjs" / "base.obj").write_text(text)
    with np.load(pack / "targets.npz") as file:
        targets = dict(file)
    for k, name in enumerate(targets["names"].tolist()):
        run = slice(targets["ptr"][k], targets["ptr"][k + 1])
        rows = zip(targets["idx"][run].tolist(), targets["delta"][run].astype(float).tolist(), strict=True)
        path = data / "targets" / f"{name}.target"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join("{} {:.6g} {:.6g} {:.6g}\n".format(i, *delta) for i, delta in rows))
    for proxy in index["proxies"]:
        kind, name = proxy["kind"], proxy["name"]
        folder = data / kind / name
        folder.mkdir(parents=True)
        with np.load(pack / proxy["file"]) as file:
            fit = dict(file)
        hidden = " ".join(map(str, fit["delete_verts"].tolist()))
        (folder / f"{name}.mhclo").write_text(
            mhclo(fit, f"{name}.obj", f"{name}.mhmat", proxy["tags"], hidden, proxy["z_depth"])
        )
        (folder / f"{name}.obj").write_text(obj(fit["obj_verts"], fit["uv"], fit["faces"], fit["face_uv"]))
        lines = []
        for role, texture in proxy["textures"].items():
            # A picture that the pack lacks is named all the same, as in the origin.
            stem = texture.removeprefix(f"{kind}_") if texture else f"{name}_{role}_lost"
            lines.append(f"{role} {stem}.png")
            if texture:
                _write_texture(folder / f"{stem}.png", pack, index["textures"][texture])
        (folder / f"{name}.mhmat").write_text("\n".join(lines) + "\n")
    for name, texture in index["textures"].items():
        if name.startswith("eye_"):
            iris = name.removeprefix("eye_")
            _write_texture(data / "eyes" / "materials" / f"{iris}_eye.png", pack, texture)
            (data / "eyes" / "materials" / f"{iris}.mhmat").write_text(f"diffuseTexture {iris}_eye.png\n")
    for stem, name in index["skins"].items():
        _write_texture(data / "skins" / "textures" / f"{stem}.png", pack, index["textures"][name])
        (data / "skins" / stem).mkdir()
        (data / "skins" / stem / f"{stem}.mhmat").write_text(f"diffuseTexture ../textures/{stem}.png\n")
    (clone / "LICENSE.txt").write_bytes((pack / "LICENSE.txt").read_bytes())
    return clone


def _write_texture(path: Path, pack: Path, texture: dict) -> None:
    pixels = cv2.imread(str(pack / texture["file"]))
    if texture.get("alpha"):
        alpha = cv2.imread(str(pack / texture["alpha"]), cv2.IMREAD_GRAYSCALE)
        pixels = np.dstack([pixels, cv2.resize(alpha, pixels.shape[1::-1])])
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), pixels, [cv2.IMWRITE_PNG_COMPRESSION, 1])
