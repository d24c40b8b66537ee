"""Asset packs are found where they are named, and what is missing is said in one sentence."""

import json
from pathlib import Path

import numpy as np
import pytest

from relight_stage.errors import SceneError
from relight_stage.scenes.inventory import blender_folders, describe_assets, find_mpfb
from relight_stage.scenes.packs import ASSETS_VARIABLE, Packs, find_packs

ICT = "neutral identity expression expression_names faces face_uv uv face_material material_names region_names"
ICT = [*ICT.split(), "region_ranges", "landmarks68"]
PROXY = ["refs", "weights", "offsets", "scale_refs", "scale_den", "delete_verts", "faces", "face_uv", "uv"]


@pytest.fixture
def assets(tmp_path: Path) -> Path:
    """Packs with the right names and next to nothing in them."""
    for folder in ("ict_facekit", "makehuman/proxies", "hdri"):
        (tmp_path / folder).mkdir(parents=True)
    licence = np.array("MIT License\n\nCopyright (c) 2020 Somebody")
    np.savez(tmp_path / "ict_facekit/ict_facekit.npz", license=licence, **dict.fromkeys(ICT, np.zeros(3)))
    base = dict.fromkeys(["verts", "faces", "uv", "face_uv", "face_group", "group_names"], np.zeros(3))
    np.savez(tmp_path / "makehuman/base.npz", **base)
    np.savez(tmp_path / "makehuman/targets.npz", **dict.fromkeys(["names", "ptr", "idx", "delta"], np.zeros(3)))
    np.savez(tmp_path / "makehuman/proxies/hair_bob.npz", **dict.fromkeys(PROXY, np.zeros(3)))
    hair = {"kind": "hair", "name": "bob", "file": "proxies/hair_bob.npz", "textures": {"diffuseTexture": None}}
    index = {"proxies": [hair], "skins": {}, "textures": {}, "license": "CC0-1.0"}
    (tmp_path / "makehuman/index.json").write_text(json.dumps(index))
    for name in ("a.HDR", "b.exr", "readme.txt"):
        (tmp_path / "hdri" / name).touch()
    return tmp_path


def refused(assets: Path, *words: str) -> None:
    with pytest.raises(SceneError) as caught:
        find_packs(assets)
    assert "\n" not in str(caught.value)
    for word in words:
        assert word in str(caught.value)


def test_no_folder_named_means_no_packs(monkeypatch):
    monkeypatch.delenv(ASSETS_VARIABLE, raising=False)
    assert find_packs(None) == Packs()


def test_all_packs_are_found(assets):
    packs = find_packs(assets)
    assert (packs.root, packs.ict_facekit, packs.makehuman) == (assets, assets / "ict_facekit", assets / "makehuman")
    assert [path.name for path in packs.hdris] == ["a.HDR", "b.exr"]


def test_the_argument_beats_the_environment(assets, monkeypatch):
    monkeypatch.setenv(ASSETS_VARIABLE, str(assets / "nowhere"))
    assert find_packs(assets).makehuman is not None
    monkeypatch.setenv(ASSETS_VARIABLE, str(assets))
    assert find_packs(None) == find_packs(assets)


def test_a_folder_with_one_pack_is_enough(assets):
    (assets / "ict_facekit" / "ict_facekit.npz").unlink()
    (assets / "ict_facekit").rmdir()
    packs = find_packs(assets)
    assert packs.ict_facekit is None
    assert packs.makehuman is not None


@pytest.mark.parametrize(
    "name",
    ["ict_facekit/ict_facekit.npz", "makehuman/base.npz", "makehuman/index.json", "makehuman/proxies/hair_bob.npz"],
)
def test_a_missing_file_is_named(assets, name):
    (assets / name).unlink()
    refused(assets, Path(name).name)


@pytest.mark.parametrize("name", ["ict_facekit/ict_facekit.npz", "makehuman/targets.npz", "makehuman/index.json"])
def test_a_file_cut_short_is_named(assets, name):
    path = assets / name
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    refused(assets, Path(name).name, "damaged")


def test_a_pack_without_one_of_its_arrays_is_refused(assets):
    np.savez(assets / "makehuman/base.npz", verts=np.zeros(3))
    refused(assets, "base.npz", "face_group")


def test_a_pack_of_another_version_is_refused(assets):
    path = assets / "makehuman/index.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 7}))
    refused(assets, "format 7")
    path.unlink()
    (assets / "makehuman").rename(assets / "old")
    arrays = {**dict.fromkeys([*ICT, "license"], np.zeros(3)), "format": np.array(2)}
    np.savez(assets / "ict_facekit/ict_facekit.npz", **arrays)
    refused(assets, "format 2")


@pytest.mark.parametrize("text", ["[]", "{}", '{"proxies": {}, "skins": {}, "textures": {}}'])
def test_a_foreign_index_is_refused(assets, text):
    (assets / "makehuman/index.json").write_text(text)
    refused(assets, "index")


def test_a_folder_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(SceneError, match="does not exist"):
        find_packs(tmp_path / "nowhere")


def test_a_folder_without_packs_is_refused(tmp_path):
    with pytest.raises(SceneError, match="holds none"):
        find_packs(tmp_path)


def test_the_list_says_licences_and_counts(assets):
    text = "\n".join(describe_assets(assets))
    for word in ("MIT License", "2020 Somebody", "CC0-1.0", "1 hair", "does not say CC0: hair bob", "a, b"):
        assert word in text


def test_the_list_says_which_panoramas_are_damaged(assets):
    assert "              damaged, or not what their names say: a.HDR, b.exr" in describe_assets(assets)
    (assets / "hdri/a.HDR").write_bytes(b"#?RADIANCE")
    (assets / "hdri/b.exr").write_bytes(b"v/1\x01")
    assert not any("damaged" in line for line in describe_assets(assets))


def test_ordinary_pictures_among_the_panoramas_are_named_and_left_out(assets):
    (assets / "hdri/street.JPG").touch()
    packs = find_packs(assets)
    assert [path.name for path in packs.hdris] == ["a.HDR", "b.exr"]
    assert [path.name for path in packs.ordinary] == ["street.JPG"]
    assert any(line.endswith("lights are cut off: street.JPG") for line in describe_assets(assets))


def test_ordinary_pictures_alone_are_no_light(tmp_path):
    (tmp_path / "hdri").mkdir()
    (tmp_path / "hdri/street.jpg").touch()
    refused(tmp_path, "street.jpg", "cut off", ".hdr or .exr")


def test_the_list_says_how_to_get_what_is_missing(monkeypatch):
    monkeypatch.delenv(ASSETS_VARIABLE, raising=False)
    text = "\n".join(describe_assets(None))
    for word in ("ict-facekit", "makehuman-assets", "polyhaven.com"):
        assert word in text


@pytest.mark.parametrize(
    ("platform", "folder", "environment"),
    [
        ("linux", ".config/blender", {}),
        ("linux", "xdg/blender", {"XDG_CONFIG_HOME": "xdg"}),
        ("darwin", "Library/Application Support/Blender", {}),
        ("win32", "Roaming/Blender Foundation/Blender", {"APPDATA": "Roaming"}),
    ],
)
def test_an_installed_mpfb_is_found_by_itself(tmp_path, platform, folder, environment):
    environment = {name: str(tmp_path / value) for name, value in environment.items()}
    for version, mpfb in (("4.5", "2.0.8"), ("5.0", "2.0.12"), ("scripts", "9")):
        extension = tmp_path / folder / version / "extensions" / "blender_org" / "mpfb"
        (extension / "data" / "3dobjs").mkdir(parents=True)
        (extension / "blender_manifest.toml").write_text(f'version = "{mpfb}"\n')
    own = tmp_path / folder / "5.0" / "extensions" / ".user" / "blender_org" / "mpfb" / "data"
    own.mkdir(parents=True)
    found = find_mpfb(blender_folders(platform, environment, tmp_path))
    # The newest Blender's, with what the user installed into it.
    assert found.version == "2.0.12"
    assert found.data == (tmp_path / folder / "5.0/extensions/blender_org/mpfb/data", own)


def test_no_mpfb_is_no_error(tmp_path):
    assert find_mpfb(blender_folders("linux", {}, tmp_path)) is None
