"""Asset packs are found where they are named, and what is missing is said in one sentence."""

from pathlib import Path

import pytest

from relight_stage.errors import SceneError
from relight_stage.scenes.packs import ASSETS_VARIABLE, Packs, find_packs


@pytest.fixture
def assets(tmp_path: Path) -> Path:
    for name in (
        "ict_facekit/ict_facekit.npz",
        "makehuman/base.npz",
        "makehuman/targets.npz",
        "makehuman/index.json",
        "hdri/a.HDR",
        "hdri/b.exr",
        "hdri/readme.txt",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


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


@pytest.mark.parametrize("name", ["ict_facekit/ict_facekit.npz", "makehuman/base.npz", "makehuman/index.json"])
def test_a_missing_file_is_named(assets, name):
    (assets / name).unlink()
    with pytest.raises(SceneError, match=Path(name).name) as caught:
        find_packs(assets)
    assert "\n" not in str(caught.value)


def test_a_folder_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(SceneError, match="does not exist"):
        find_packs(tmp_path / "nowhere")


def test_a_folder_without_packs_is_refused(tmp_path):
    with pytest.raises(SceneError, match="holds none"):
        find_packs(tmp_path)
