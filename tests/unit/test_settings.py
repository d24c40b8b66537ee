"""What a dataset is rendered with, and how a folder keeps to it."""

import json
from pathlib import Path

import pytest

from relight_stage.errors import ConfigError
from relight_stage.scenes.packs import Packs
from relight_stage.synth.settings import Settings, Shard, claim_folder, read_settings


@pytest.fixture
def out(tmp_path):
    return tmp_path / "set"


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"size": 7}, "--size 7"),
        ({"size": 255}, "--size 255: write an even number"),
        ({"size": 8192}, "--size 8192"),
        ({"seed": -1}, "--seed -1"),
        ({"samples": 0}, "--samples 0"),
        ({"frames": 0}, "--frames 0"),
        ({"lights": "olat:100000"}, "--lights olat:100000"),
        ({"lights": "hdri:100000"}, "--lights hdri:100000"),
        ({"lights": "candles"}, "--lights candles"),
    ],
)
def test_impossible_settings_are_named(change, complaint):
    with pytest.raises(ConfigError, match=complaint):
        Settings(**{"seed": 0, **change})


@pytest.mark.parametrize("count", [1, 7, 24])
@pytest.mark.parametrize("group", [1, 4])
def test_shards_divide_the_groups(count, group):
    parts = [set(Shard(k, 3).groups(count, group)) for k in (1, 2, 3)]
    assert parts[0] | parts[1] | parts[2] == set(range(-(-count // group)))
    assert sum(map(len, parts)) == -(-count // group)
    assert all(g % 3 == k for k, part in enumerate(parts) for g in part)


@pytest.mark.parametrize("text", ["0/3", "4/3", "-1/3"])
def test_a_shard_that_does_not_exist_is_refused(text):
    with pytest.raises(ConfigError, match=f"--shard {text}"):
        Shard(*map(int, text.split("/")))


def test_a_folder_keeps_its_settings(out):
    settings = Settings(7, 64, "hdri:3", 5)
    claim_folder(out, settings, Packs())
    claim_folder(out, settings, Packs())
    assert read_settings(out) == settings


@pytest.mark.parametrize(
    ("settings", "packs", "differences"),
    [
        (Settings(8, 64), Packs(), ["seed is 7 there and 8 here"]),
        (
            Settings(7, 128, "olat:8"),
            Packs(),
            ["size is 64 there and 128 here", "lights is hdri there and olat:8 here"],
        ),
        (Settings(7, 64), Packs(makehuman=Path("m")), ["packs is [] there and ['makehuman'] here"]),
        (Settings(7, 64), Packs(hdris=(Path("a.hdr"),)), ["hdris is none there and 1 files"]),
    ],
)
def test_a_folder_with_another_dataset_is_refused_by_what_differs(out, settings, packs, differences):
    claim_folder(out, Settings(7, 64), Packs())
    with pytest.raises(ConfigError) as refused:
        claim_folder(out, settings, packs)
    for difference in differences:
        assert difference in str(refused.value)


def test_a_refused_folder_without_samples_may_be_begun_anew(out):
    claim_folder(out, Settings(7, 64), Packs())
    with pytest.raises(ConfigError, match=r"delete its dataset\.json, which has no samples yet\.$"):
        claim_folder(out, Settings(8, 64), Packs())
    (out / "000000").mkdir()
    (out / "000000" / "sample.json").touch()
    with pytest.raises(ConfigError, match=r"Choose another folder\.$"):
        claim_folder(out, Settings(8, 64), Packs())


def test_a_dataset_of_another_version_is_refused(out, monkeypatch):
    claim_folder(out, Settings(7), Packs())
    monkeypatch.setattr("relight_stage.synth.settings.__version__", "99.2.1")
    with pytest.raises(ConfigError, match=r"relight_stage is \d+\.\d+ there and 99\.2 here"):
        claim_folder(out, Settings(7), Packs())


def test_a_dataset_that_names_no_version_goes_on_with_a_warning(out):
    claim_folder(out, Settings(7), Packs())
    table = json.loads((out / "dataset.json").read_text())
    del table["relight_stage"]
    (out / "dataset.json").write_text(json.dumps(table))
    lines = []
    claim_folder(out, Settings(7), Packs(), lines.append)
    assert len(lines) == 1 and "does not say what its samples were made with" in lines[0]


@pytest.mark.parametrize("text", ["", "{", "[]"])
def test_a_damaged_dataset_file_is_named(out, text):
    out.mkdir()
    (out / "dataset.json").write_text(text)
    with pytest.raises(ConfigError, match=r"dataset.json is missing or damaged"):
        claim_folder(out, Settings(0), Packs())
