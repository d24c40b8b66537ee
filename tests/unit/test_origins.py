"""What a converter writes is what its origin says; a damaged or treacherous origin is refused in one sentence."""

import gzip
import importlib.util
import json
import os
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from relight_stage.errors import SceneError
from relight_stage.scenes.ict_origin import LAYOUT, IctLayout, convert_ict_facekit
from relight_stage.scenes.makehuman import HAIR_TEXTURES
from relight_stage.scenes.makehuman_files import read_mhclo, read_target
from relight_stage.scenes.makehuman_origin import convert_makehuman
from relight_stage.scenes.packs import find_packs, read_index
from relight_stage.scenes.skin_photos import SKIN_TEXTURES

spec = importlib.util.spec_from_file_location("origins", Path(__file__).with_name("origins.py"))
origins = importlib.util.module_from_spec(spec)
spec.loader.exec_module(origins)

TINY = IctLayout(12, 3, 2, (("face", 0, 12, 0, 3),), (0, 1, 2))


def silent(line: str) -> None:
    pass


def packed(name: str):
    """The real pack of that name, or a skip."""
    if not os.environ.get("RELIGHT_STAGE_ASSETS"):
        pytest.skip("RELIGHT_STAGE_ASSETS IS NOT SET: no pack goes back to its origin's layout")
    folder = getattr(find_packs(None), name)
    if folder is None:
        pytest.skip(f"RELIGHT_STAGE_ASSETS HOLDS NO {name}/: it does not go back to its origin's layout")
    return folder


@pytest.fixture
def ict(tmp_path):
    return origins.write_tiny_ict(tmp_path / "ICT-FaceKit")


@pytest.fixture
def makehuman(tmp_path):
    return origins.write_tiny_makehuman(tmp_path / "mh", SKIN_TEXTURES, HAIR_TEXTURES, ("blue", "brown"))


def convert(makehuman: Path, out: Path) -> Path:
    return convert_makehuman([makehuman], out, silent, base_vertices=12)


def refused(run, *words: str) -> None:
    with pytest.raises(SceneError) as caught:
        run()
    assert "\n" not in str(caught.value)
    for word in words:
        assert word in str(caught.value)


def test_a_shape_of_the_ict_origin_becomes_its_offset(ict, tmp_path):
    with np.load(convert_ict_facekit(ict, tmp_path / "out", silent, TINY) / "ict_facekit.npz") as pack:
        np.testing.assert_allclose(pack["neutral"], origins.VERTICES, atol=1e-6)
        assert pack["expression_names"].tolist() == ["jawOpen", "PupilDilate_L"]
        wanted = np.zeros((4, 12, 3))
        wanted[range(4), range(4), 2] = [0, 0.1, 0.2, 0.3]
        # A half float holds eleven bits.
        np.testing.assert_allclose([*pack["identity"], *pack["expression"]], wanted, atol=2e-4)
        assert pack["faces"].tolist() == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, -1]]
        assert [str(pack["material_names"][m]) for m in pack["face_material"]] == ["skin", "skin", "cloth"]
        assert str(pack["license"]).startswith("MIT License")
        assert str(pack["source"]).endswith("a" * 40)


@pytest.mark.slow
def test_the_ict_pack_comes_back_from_its_origins_layout(tmp_path):
    with np.load(packed("ict_facekit") / "ict_facekit.npz") as file:
        pack = dict(file)
    clone = origins.write_ict(tmp_path / "clone", pack, 3)
    out = convert_ict_facekit(clone, tmp_path / "out", silent, replace(LAYOUT, identities=3))
    with np.load(out / "ict_facekit.npz") as again:
        for key, array in {**pack, "identity": pack["identity"][:3]}.items():
            if array.dtype.kind == "f":
                # Six decimals on disk, then one rounding to half a float.
                np.testing.assert_allclose(again[key], array, rtol=2.0**-10, atol=2e-6, err_msg=key)
            elif key != "source":
                np.testing.assert_array_equal(again[key], array, err_msg=key)
            assert key == "source" or again[key].dtype == array.dtype, key


def test_half_an_ict_clone_is_named(ict, tmp_path):
    (ict / "FaceXModel" / "identity001.obj").unlink()
    refused(lambda: convert_ict_facekit(ict, tmp_path / "out", silent, TINY), "lacks 1 of 4", "identity001.obj")
    assert not (tmp_path / "out").exists()


def test_no_clone_at_all_is_said(tmp_path):
    refused(lambda: convert_ict_facekit(tmp_path / "nowhere", tmp_path, silent, TINY), "generic_neutral_mesh.obj")
    refused(lambda: convert_makehuman([tmp_path / "nowhere"], tmp_path, silent), "not a folder")


def test_another_version_of_the_ict_mesh_is_refused(ict, tmp_path):
    real = replace(LAYOUT, identities=2)
    refused(lambda: convert_ict_facekit(ict, tmp_path / "out", silent, real), "another version", "12 vertices", "26719")
    newer = replace(TINY, first_landmarks=(5, 6, 7))
    refused(lambda: convert_ict_facekit(ict, tmp_path / "out", silent, newer), "another version")


@pytest.mark.parametrize(
    ("line", "word"),
    [("v 1 2 nan", "finite"), ("v 1 2", "finite"), ("v 1 2 x", "no number"), ("f 1 2 99", "99"), ("f 1 2 0", "corner")],
)
def test_a_damaged_mesh_is_refused_and_leaves_nothing(ict, tmp_path, line, word):
    path = ict / "FaceXModel" / "generic_neutral_mesh.obj"
    path.write_text(f"{path.read_text()}{line}\n")
    refused(lambda: convert_ict_facekit(ict, tmp_path / "out", silent, TINY), word)
    assert not list(tmp_path.glob("out/*"))


def test_a_shape_cut_short_while_converting_leaves_no_half_pack(ict, tmp_path):
    path = ict / "FaceXModel" / "jawOpen.obj"
    path.write_text("\n".join(path.read_text().splitlines()[:5]))
    refused(lambda: convert_ict_facekit(ict, tmp_path / "out", silent, TINY), "jawOpen", "4 vertices")
    assert not list((tmp_path / "out").iterdir())


def test_a_pack_that_is_there_is_never_written_over(ict, makehuman, tmp_path):
    for run in (
        lambda: convert_ict_facekit(ict, tmp_path / "o", silent, TINY),
        lambda: convert(makehuman, tmp_path / "o"),
    ):
        pack = run()
        before = {path: path.read_bytes() for path in pack.rglob("*") if path.is_file()}
        refused(run, "is there already")
        assert before == {path: path.read_bytes() for path in pack.rglob("*") if path.is_file()}


def test_a_name_in_the_ict_index_cannot_leave_its_folder(ict, tmp_path):
    path = ict / "FaceXModel" / "vertex_indices.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "expressions": ["../../secret"]}))
    refused(lambda: convert_ict_facekit(ict, tmp_path / "out", silent, TINY), "../../secret")


def test_a_tiny_makehuman_becomes_a_whole_pack(makehuman, tmp_path):
    out = convert(makehuman, tmp_path / "out")
    assert find_packs(tmp_path / "out").makehuman == out
    index = read_index(out)
    names = {(proxy["kind"], proxy["name"]) for proxy in index["proxies"]}
    assert ("clothes", "shirt") in names and ("clothes", "shoes") not in names
    assert set(index["skins"].values()) == {f"skin_{name}" for name in SKIN_TEXTURES}
    with np.load(out / "targets.npz") as targets:
        assert targets["names"].tolist() == ["macrodetails/asian-male-young", "nose/nose-up"]
        assert targets["ptr"].tolist() == [0, 2, 4] and targets["idx"].tolist() == [3, 7, 3, 7]
        np.testing.assert_allclose(targets["delta"][:2], [[0.25, -0.004, 0], [0, 0, 1]], rtol=2.0**-11)
    with np.load(out / "proxies" / "clothes_shirt.npz") as shirt:
        assert shirt["refs"][0].tolist() == [0, 0, 1] and shirt["weights"][0].tolist() == [1, 0, 0]
        assert shirt["offsets"][3].tolist() == [0, 3, 0]
        assert shirt["delete_verts"].tolist() == [2, 3, 4, 9]
    hair = index["textures"][f"hair_{next(iter(HAIR_TEXTURES))}"]
    alpha = cv2.imread(str(out / hair["alpha"]), cv2.IMREAD_UNCHANGED)
    assert alpha[0, 0] == 0 and alpha[-1, 0] == 255
    assert "alpha" not in index["textures"]["skin_young_darkskinned_male"]


@pytest.mark.slow
def test_the_makehuman_pack_comes_back_from_its_origins_layout(tmp_path):
    pack = packed("makehuman")
    index = read_index(pack)
    out = convert_makehuman([origins.write_makehuman(tmp_path / "clone", pack, index)], tmp_path / "out", silent)
    again = read_index(out)
    for name in ("base.npz", "targets.npz", *(proxy["file"] for proxy in index["proxies"])):
        with np.load(pack / name) as old, np.load(out / name) as new:
            assert set(old.files) == set(new.files)
            for key in old.files:
                if old[key].dtype.kind == "f":
                    np.testing.assert_allclose(new[key], old[key], rtol=2.0**-10, atol=2e-6, err_msg=f"{name} {key}")
                else:
                    np.testing.assert_array_equal(new[key], old[key], err_msg=f"{name} {key}")
    # The exporter puts CC0 into every header, and writes no other.
    assert {(p["kind"], p["name"]): p for p in again["proxies"]} == {
        (p["kind"], p["name"]): p for p in index["proxies"]
    }
    assert again["skins"] == index["skins"]
    # JPEG once more: a picture that has been through it changes by half a grey level at most in the mean.
    for name, texture in index["textures"].items():
        one, two = (cv2.imread(str(folder / texture["file"])).astype(int) for folder in (pack, out))
        assert one.shape == two.shape and np.abs(one - two).mean() < 1, name


def test_a_gzipped_target_reads_like_a_plain_one(tmp_path):
    (tmp_path / "a.target").write_text("5 -.5 0 .125\n")
    with gzip.open(tmp_path / "a.target.gz", "wb") as file:
        file.write(b"5 -.5 0 .125\n")
    plain, packed_ = (read_target(tmp_path / name, 6) for name in ("a.target", "a.target.gz"))
    assert plain[0].tolist() == packed_[0].tolist() == [5]
    assert plain[1].tolist() == packed_[1].tolist() == [[-0.5, 0, 0.125]]


@pytest.mark.parametrize("text", ["6 0 0 0", "-1 0 0 0", "1.5 0 0 0", "1 0 0", "1 0 0 inf", "x 0 0 0"])
def test_a_damaged_target_is_refused(tmp_path, text):
    (tmp_path / "a.target").write_text(text)
    refused(lambda: read_target(tmp_path / "a.target", 6), "a.target")


def test_a_material_line_does_not_end_the_fitted_vertices(tmp_path):
    scales = "x_scale 0 1 1\ny_scale 0 1 1\nz_scale 0 1 1\n"
    (tmp_path / "a.mhclo").write_text(
        f"obj_file a.obj\n{scales}verts 0\nmaterial m.mhmat\n# shoe\n3\n4\nverts_end\n5\n"
    )
    fit = read_mhclo(tmp_path / "a.mhclo", 6)
    assert (fit.material, fit.refs[:, 0].tolist(), fit.free) == ("m.mhmat", [3, 4], False)


@pytest.mark.parametrize("hidden", ["2 - 99", "2 - ", "-3", "7 x"])
def test_hidden_vertices_that_the_body_has_not_are_refused(makehuman, tmp_path, hidden):
    path = makehuman / "makehuman/data/clothes/shirt/shirt.mhclo"
    path.write_text(path.read_text().replace(" 2 - 4 9 ", f"1 {hidden}"))
    refused(lambda: convert(makehuman, tmp_path / "out"), "shirt.mhclo", "12 vertices")


@pytest.mark.parametrize("reference", ["../../../../../secret.png", "/etc/passwd", "..\\..\\..\\..\\..\\secret.png"])
def test_a_material_cannot_name_a_picture_outside_the_source(makehuman, tmp_path, reference):
    origins.write_picture(tmp_path / "secret.png")
    (makehuman / "makehuman/data/clothes/shirt/shirt.mhmat").write_text(f"diffuseTexture {reference}\n")
    refused(lambda: convert(makehuman, tmp_path / "out"), "outside")
    assert not list((tmp_path / "out").iterdir())


def test_a_link_out_of_the_source_is_not_followed(makehuman, tmp_path):
    outside = tmp_path / "elsewhere.target"
    outside.write_text("1 0 0 0\n")
    (makehuman / "makehuman/data/targets/nose/nose-down.target").symlink_to(outside)
    refused(lambda: convert(makehuman, tmp_path / "out"), "outside")


def test_a_picture_that_git_lfs_did_not_fetch_is_said(makehuman, tmp_path):
    (makehuman / "makehuman/data/clothes/shirt/shirt.png").write_text("version https://git-lfs.github.com/spec/v1\n")
    refused(lambda: convert(makehuman, tmp_path / "out"), "shirt.png", "git lfs pull")


def test_makehuman_without_its_assets_is_half_a_source(makehuman, tmp_path):
    (makehuman / "makehuman/data/skins").rename(tmp_path / "skins")
    refused(lambda: convert(makehuman, tmp_path / "out"), "lacks", "skin_", "makehuman-assets")
    (tmp_path / "more" / "base").mkdir(parents=True)
    (tmp_path / "skins").rename(tmp_path / "more" / "base" / "skins")
    convert_makehuman([makehuman, tmp_path / "more"], tmp_path / "out", silent, base_vertices=12)
    assert find_packs(tmp_path / "out").makehuman is not None


def test_pictures_of_a_material_may_lie_in_the_other_clone(makehuman, tmp_path):
    whole = convert(makehuman, tmp_path / "whole")
    for picture in (makehuman / "makehuman/data/eyes/materials").glob("*.png"):
        moved = tmp_path / "assets/base/eyes/materials" / picture.name
        moved.parent.mkdir(parents=True, exist_ok=True)
        picture.rename(moved)
    parted = convert_makehuman([makehuman, tmp_path / "assets"], tmp_path / "parted", silent, base_vertices=12)
    assert read_index(parted)["textures"] == read_index(whole)["textures"]


def test_a_foreign_base_mesh_is_refused(makehuman, tmp_path):
    refused(lambda: convert_makehuman([makehuman], tmp_path / "out", silent), "12 vertices", "19158")
