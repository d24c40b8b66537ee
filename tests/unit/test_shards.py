"""Shards hold the samples bit for bit, the same samples give the same shards, nobody is on both sides of a split."""

import json
import shutil
import tarfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from relight_stage.cli import main
from relight_stage.errors import ConfigError, SampleError
from relight_stage.synth import shards
from relight_stage.synth.exr import read_planes
from relight_stage.synth.png16 import decode_map, encode_maps
from relight_stage.synth.shards import check_shards, pack_dataset
from relight_stage.synth.splits import is_test, split_of

webdataset = pytest.importorskip("webdataset")
yaml = pytest.importorskip("yaml")


def silent(line: str) -> None:
    pass


def write_exr(path: Path, planes: dict[str, np.ndarray]) -> None:
    import OpenEXR

    with OpenEXR.File({"type": OpenEXR.scanlineimage, "compression": OpenEXR.ZIP_COMPRESSION}, planes) as file:
        file.write(str(path))


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """Thirty samples of twenty people under four lights, in files of a format that nobody has yet."""
    out = tmp_path / "out"
    rng = np.random.default_rng(0)
    for k in range(30):
        folder = out / f"{k:06d}"
        folder.mkdir(parents=True)
        normal = rng.uniform(-1, 1, (8, 6, 3)).astype(np.float16)
        planes = {f"normal.{c}": np.ascontiguousarray(normal[..., i]) for i, c in enumerate("XYZ")}
        planes |= {c: rng.uniform(0, 9, (8, 6)).astype(np.float16) for c in "RGBA"}
        planes |= {f"uv.{c}": rng.uniform(0, 1, (8, 6)).astype(np.float16) for c in "UV"}
        planes |= {f"parsing.{c}": rng.uniform(0, 1, (8, 6)).astype(np.float16) for c in "abcdefg"}
        planes["CryptoObject00.R"] = rng.uniform(0, 1, (8, 6)).astype(np.float32)
        write_exr(folder / "maps.exr", planes)
        for name in ("light", "gradient"):
            (folder / f"{name}.exr").write_bytes(rng.bytes(100))
        meta = {
            "format": 9,
            "size": 6,
            "identity": f"procedural-{k % 20}",
            "source": "procedural",
            "hdri": ("forest", "night+quarry_01_1k", "interior", "sky")[k % 4],
            "head": {"subject": {"skin": {"fitzpatrick": 1 + k % 6}}},
            "versions": {"blender": "5.0.1"},
            "denoised": True,
            "olat": None,
            "gradient": {"images": ["x_diffuse"]},
        }
        (folder / "sample.json").write_text(json.dumps(meta))
    (out / "dataset.json").write_text(json.dumps({"seed": 1, "size": 6}))
    return out


def pack(dataset: Path, shards: Path, size: int = 4, images: str = "exr", **options) -> dict:
    pack_dataset(dataset, shards, size, images, report=silent, **options)
    return json.loads((shards / "index.json").read_text())


def content(shards: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in shards.iterdir()}


def samples(shards: Path, split: str) -> list[dict]:
    """A split as the library that the format is named after reads it."""
    return list(webdataset.WebDataset(sorted(map(str, shards.glob(f"{split}-*.tar"))), shardshuffle=False))


def test_shards_hold_every_sample_bit_for_bit(dataset, tmp_path):
    index = pack(dataset, tmp_path / "s")
    found = {sample["__key__"]: sample for split in index["splits"] for sample in samples(tmp_path / "s", split)}
    assert sorted(found) == [f"{k:06d}" for k in range(30)]
    for key, sample in found.items():
        assert sample["maps.exr"] == (dataset / key / "maps.exr").read_bytes()
        assert sample["light.exr"] == (dataset / key / "light.exr").read_bytes()
        assert json.loads(sample["json"]) == json.loads((dataset / key / "sample.json").read_text())
    assert sum(index["splits"].values()) == 30
    assert all(shard["samples"] <= 4 for shard in index["shards"])


def test_no_person_and_no_held_out_light_is_on_both_sides(dataset, tmp_path):
    index = pack(dataset, tmp_path / "s")
    sides = {split: [json.loads(s["json"]) for s in samples(tmp_path / "s", split)] for split in index["splits"]}
    assert set(sides) == {"train", "test", "test_identity", "test_hdri"}
    trained = {meta["identity"] for split in ("train", "test_hdri") for meta in sides[split]}
    tested = {meta["identity"] for split in ("test", "test_identity") for meta in sides[split]}
    assert not trained & tested
    for split in ("train", "test_identity"):
        assert {meta["hdri"] for meta in sides[split]} <= {"forest", "sky"}
    assert all(is_test(identity) for identity in tested)


def test_the_same_samples_give_the_same_bytes(dataset, tmp_path):
    pack(dataset, tmp_path / "a")
    shutil.copytree(dataset, tmp_path / "elsewhere", copy_function=shutil.copyfile)
    pack(tmp_path / "elsewhere", tmp_path / "b")
    assert content(tmp_path / "a") == content(tmp_path / "b")


def test_packing_goes_on_where_it_stopped(dataset, tmp_path, monkeypatch):
    pack(dataset, tmp_path / "whole")
    calls = []

    def fail_at_third(path, folders, images):
        calls.append(path.name)
        if len(calls) == 3:
            raise OSError(28, "No space left on device")
        return write(path, folders, images)

    module = __import__("sys").modules[pack_dataset.__module__]
    write = module._write_shard
    monkeypatch.setattr(module, "_write_shard", fail_at_third)
    with pytest.raises(SampleError, match="No space left"):
        pack(dataset, tmp_path / "s")
    with pytest.raises(SampleError, match="damaged"):
        check_shards(tmp_path / "s", silent)
    pack(dataset, tmp_path / "s")
    # The two that were whole are kept: all but one name come once.
    assert calls[3] == calls[2] and len(calls) == 1 + len(list((tmp_path / "s").glob("*.tar")))
    assert content(tmp_path / "s") == content(tmp_path / "whole")


def test_a_dataset_that_grew_is_packed_as_if_at_once(dataset, tmp_path):
    shutil.copytree(dataset, tmp_path / "young")
    for k in range(7, 30):
        shutil.rmtree(tmp_path / "young" / f"{k:06d}")
    pack(tmp_path / "young", tmp_path / "s")
    pack(dataset, tmp_path / "whole")
    pack(dataset, tmp_path / "s")
    assert content(tmp_path / "s") == content(tmp_path / "whole")


def test_a_rendered_again_sample_is_packed_again(dataset, tmp_path):
    pack(dataset, tmp_path / "s")
    (dataset / "000003" / "light.exr").write_bytes(b"another light")
    index = pack(dataset, tmp_path / "s")
    lights = [s["light.exr"] for split in index["splits"] for s in samples(tmp_path / "s", split)]
    assert lights.count(b"another light") == 1
    check_shards(tmp_path / "s", silent)


def test_a_partial_shard_and_a_hidden_sample_are_not_packed(dataset, tmp_path):
    shutil.copytree(dataset / "000000", dataset / ".000099.partial")
    (dataset / "000001" / ".swap").write_text("x")
    index = pack(dataset, tmp_path / "s")
    assert sum(index["splits"].values()) == 30
    for path in (tmp_path / "s").glob("*.tar"):
        with tarfile.open(path) as tar:
            assert not [name for name in tar.getnames() if "swap" in name]


@pytest.mark.parametrize("damage", ["flip", "cut", "delete"])
def test_a_damaged_shard_is_named(dataset, tmp_path, damage):
    pack(dataset, tmp_path / "s")
    path = tmp_path / "s" / "train-000001.tar"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.unlink() if damage == "delete" else path.write_bytes(data if damage == "flip" else data[:-512])
    said: list[str] = []
    with pytest.raises(SampleError, match="1 places"):
        check_shards(tmp_path / "s", said.append)
    assert [line.partition(":")[0] for line in said] == ["train-000001.tar"]


def test_another_dataset_is_not_packed_over_the_first(dataset, tmp_path):
    pack(dataset, tmp_path / "s")
    before = content(tmp_path / "s")
    (dataset / "dataset.json").write_text('{"seed": 2}')
    with pytest.raises(ConfigError, match="seed"):
        pack(dataset, tmp_path / "s")
    with pytest.raises(ConfigError, match="holds other files"):
        pack(dataset, dataset)
    assert content(tmp_path / "s") == before


def test_a_run_killed_after_its_first_shard_goes_on(dataset, tmp_path, monkeypatch):
    write = shards._write_shard

    def write_and_die(*words):
        write(*words)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(shards, "_write_shard", write_and_die)
        pack(dataset, tmp_path / "s")
    pack(dataset, tmp_path / "s")
    pack(dataset, tmp_path / "whole")
    assert content(tmp_path / "s") == content(tmp_path / "whole")


def test_two_runs_on_one_folder_at_once_end_in_the_same_shards(dataset, tmp_path):
    pack(dataset, tmp_path / "whole")
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: pack(dataset, tmp_path / "s"), range(3)))
    assert content(tmp_path / "s") == content(tmp_path / "whole")


@pytest.mark.parametrize("text", ["[]", "{", '{"identity": "a", "hdri": "b"}', '{"identity": 1, "size": "x"}'])
def test_a_damaged_description_is_named_before_anything_is_written(dataset, tmp_path, text):
    (dataset / "000004" / "sample.json").write_text(text)
    with pytest.raises(SampleError, match=r"000004.*sample\.json") as caught:
        pack(dataset, tmp_path / "s")
    assert "\n" not in str(caught.value) and not (tmp_path / "s").exists()


def test_a_sample_without_one_of_its_pictures_is_not_packed(dataset, tmp_path):
    (dataset / "000002" / "light.exr").unlink()
    with pytest.raises(SampleError, match=r"000002 lacks light\.exr"):
        pack_dataset(dataset, tmp_path / "shards", report=silent)
    assert not (tmp_path / "shards").exists()


@pytest.mark.parametrize("licence", ["cc0\nmalicious: yes", "my own", ""])
def test_a_licence_is_an_identifier(dataset, tmp_path, licence):
    with pytest.raises(ConfigError, match="--licence"):
        pack(dataset, tmp_path / "s", licence=licence)


def test_an_index_cannot_name_files_outside_its_folder(dataset, tmp_path):
    index = pack(dataset, tmp_path / "s")
    index["shards"][0]["name"] = "../out/000000/x.tar"
    (tmp_path / "s" / "index.json").write_text(json.dumps(index))
    with pytest.raises(SampleError, match="not an index"):
        check_shards(tmp_path / "s", silent)


def test_png16_comes_back_within_its_stated_error(dataset):
    planes = read_planes(dataset / "000000" / "maps.exr")
    files, table = encode_maps(planes)
    assert set(table) == {"full", "normal", "parsing", "uv"}
    for layer, entry in table.items():
        channels = [channel for file in entry["files"] for channel in file["channels"]]
        wanted = np.stack([planes[c if layer == "full" else f"{layer}.{c}"] for c in channels], -1)
        error = (entry["high"] - entry["low"]) * entry["power"] / 131070
        np.testing.assert_allclose(decode_map(entry, files), wanted, atol=1.01 * error)


def test_png16_shards_hold_sixteen_bit_pictures(dataset, tmp_path):
    import cv2

    pack(dataset, tmp_path / "s", images="png16")
    sample = samples(tmp_path / "s", "train")[0]
    assert "maps.exr" not in sample and "light.exr" in sample
    picture = cv2.imdecode(np.frombuffer(sample["normal.png"], np.uint8), cv2.IMREAD_UNCHANGED)
    assert picture.dtype == np.uint16 and picture.shape == (8, 6, 3)
    assert json.loads(sample["json"])["png16"]["normal"]["power"] == 1


def test_a_map_that_is_not_finite_is_named():
    with pytest.raises(SampleError, match="albedo"):
        encode_maps({"albedo.R": np.array([[np.nan]])})


def test_the_card_says_what_was_counted(dataset, tmp_path):
    index = pack(dataset, tmp_path / "s", licence="cc-by-4.0")
    text = (tmp_path / "s" / "README.md").read_text()
    _, front, sheet = text.split("---\n", 2)
    card = yaml.safe_load(front)
    assert card["license"] == "cc-by-4.0" and card["size_categories"] == ["n<1K"]
    assert {entry["split"] for entry in card["configs"][0]["data_files"]} == set(index["splits"])
    for entry in card["configs"][0]["data_files"]:
        listed = {shard["name"] for shard in index["shards"] if shard["split"] == entry["split"]}
        assert {path.name for path in (tmp_path / "s").glob(entry["path"])} == listed
    for row in ("| type 1 | 5 |", "| procedural | 30 |", "| sky | 7 |", f"| train | {index['splits']['train']} |"):
        assert row in sheet
    assert "`<key>.gradient.exr`" in sheet and "olat.exr" not in sheet
    assert "CC0-1.0" in sheet and "30 rendered portraits of 20 people" in sheet


def test_the_command_packs_and_checks(dataset, tmp_path, capsys):
    assert main(["pack", str(dataset), str(tmp_path / "s"), "--samples-a-shard", "9"]) == 0
    assert main(["check", str(tmp_path / "s")]) == 0
    assert "30 samples: all as they were packed" in capsys.readouterr().out
    assert main(["pack", str(tmp_path / "nowhere"), str(tmp_path / "t")]) == 1
    assert "is not a folder" in capsys.readouterr().err


def test_a_split_is_by_person_and_light():
    ids = [f"person-{k}" for k in range(200)]
    new, old = next(i for i in ids if is_test(i)), next(i for i in ids if not is_test(i))
    for identity, hdri, split in (
        (old, "city", "train"),
        (new, "city+interior", "test"),
        (new, "city", "test_identity"),
        (old, "interior", "test_hdri"),
    ):
        assert split_of(identity, hdri) == split
    # A share of ten in a hundred: three standard deviations of a binomial draw of 200.
    assert sum(map(is_test, ids)) == pytest.approx(20, abs=13)
