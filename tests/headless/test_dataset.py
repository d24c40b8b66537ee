"""Promises of batch rendering: whole samples or none, resumed, repeated, checked; bad input in one sentence."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from relight_stage.errors import ConfigError, SampleError
from relight_stage.scenes.packs import Packs
from relight_stage.scenes.scene import scenes_rand
from relight_stage.synth.checks import check_dataset, sample_problems
from relight_stage.synth.exr import read_planes, write_exr
from relight_stage.synth.farm import render_dataset
from relight_stage.synth.passes import FULL_FLOAT, MAPS
from relight_stage.synth.photometric import PATTERNS
from relight_stage.synth.sample import list_samples, read_meta, read_olat, read_sample, write_sample
from relight_stage.synth.settings import Settings, Shard
from relight_stage.synth.shots import shoot

SCRIPT = Path(__file__).resolve().parents[2] / "synth" / "render.py"
QUICK = {"seed": 3, "size": 40, "samples": 4}


def quiet(_):
    pass


@pytest.fixture(scope="module", autouse=True)
def no_packs():
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("RELIGHT_STAGE_ASSETS", raising=False)
        yield


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Two samples of the procedural head, the first and the second of seed 3, with eight lights each."""
    out = tmp_path_factory.mktemp("dataset") / "set"
    render_dataset(out, 2, Settings(lights="olat:8", **QUICK), report=quiet)
    return out


def script(*arguments, **options):
    return subprocess.Popen(
        [sys.executable, str(SCRIPT), "--", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def test_a_sample_holds_every_map_and_all_that_describes_it(dataset):
    sample, olat = read_sample(dataset / "000001"), read_olat(dataset / "000001")
    still = {name: (40, 40, len(c)) for name, c in MAPS.items() if not name.startswith(("flow", "occlusion"))}
    assert {name: a.shape for name, a in sample.maps.items()} == still
    assert sample.light_map.shape == (64, 128, 3) and sample.light_map.max() > 0
    assert {name: a.shape for name, a in olat.images().items()} == dict.fromkeys(
        ("diffuse", "specular", "unshadowed"), (8, 40, 40, 3)
    )
    assert np.asarray(sample.meta["landmarks"]).shape == (68, 2)
    wanted = {"seed", "index", "group", "identity", "source", "hdri", "environment", "camera", "head", "cryptomatte"}
    assert wanted | {"versions", "olat", "gradient", "sequence", "denoised"} <= set(sample.meta)
    assert {"relight_stage", "blender", "device"} == set(sample.meta["versions"])
    assert list(sample_problems(sample)) == []


@pytest.mark.parametrize("name", ["maps.exr", "light.exr", "olat.exr"])
def test_other_programs_read_the_same(dataset, name):
    """OpenImageIO is what Natron reads with."""
    import OpenImageIO

    path = dataset / "000001" / name
    ours, theirs = read_planes(path), OpenImageIO.ImageInput.open(str(path))
    spec = theirs.spec()
    pixels = theirs.read_image(0, 0, 0, spec.nchannels, "float")
    assert not theirs.seek_subimage(1, 0)  # everything is in one part
    assert sorted(spec.channelnames) == sorted(ours)
    assert all(np.array_equal(pixels[:, :, k], ours[each]) for k, each in enumerate(spec.channelnames))
    if name == "maps.exr":
        assert spec.channelnames[:4] == ("R", "G", "B", "A") and spec.alpha_channel == 3


def test_landmarks_in_space_project_onto_those_in_the_picture(dataset):
    meta = read_meta(dataset / "000001")
    extrinsics, intrinsics = (np.asarray(meta["camera"][name]) for name in ("extrinsics", "intrinsics"))
    seen = (np.asarray(meta["landmarks_3d"]) @ extrinsics[:3, :3].T + extrinsics[:3, 3]) @ intrinsics.T
    assert seen[:, :2] / seen[:, 2:] == pytest.approx(np.asarray(meta["landmarks"]), abs=1e-3)


def test_landmarks_fall_on_the_face(dataset):
    for folder in list_samples(dataset):
        sample = read_sample(folder)
        points = np.asarray(sample.meta["landmarks"]).round().astype(int).clip(0, 39)
        # Jaw points may lie on the silhouette of a turned head, and hair may hang over the brows.
        assert (sample.maps["matte"][points[:, 1], points[:, 0], 0] > 0.3).mean() > 0.8


def test_the_same_seed_gives_the_same_pixels_whatever_was_rendered_before(dataset, tmp_path):
    """The second sample, by a process of its own: what Blender keeps of a first one must not matter."""
    render_dataset(tmp_path / "again", 2, Settings(lights="olat:8", **QUICK), shard=Shard(2, 2), report=quiet)
    first, again = read_sample(dataset / "000001"), read_sample(tmp_path / "again" / "000001")
    assert first.meta == again.meta
    for name in first.maps:
        # Ids are bits, some of which are no numbers.
        assert first.maps[name].tobytes() == again.maps[name].tobytes(), name
    lights, same = read_olat(dataset / "000001").images(), read_olat(tmp_path / "again" / "000001").images()
    for name in lights:
        assert np.array_equal(lights[name], same[name]), name


def test_a_rerun_renders_only_what_is_missing(dataset):
    stamps = {p: p.stat().st_mtime_ns for p in dataset.glob("0*/maps.exr")}
    lines = []
    render_dataset(dataset, 2, Settings(lights="olat:8", **QUICK), report=lines.append)
    assert lines == ["2 of 2 samples are there already."]
    assert stamps == {p: p.stat().st_mtime_ns for p in dataset.glob("0*/maps.exr")}


def test_check_passes_a_good_dataset_and_leaves_a_sheet(dataset):
    lines = []
    check_dataset(dataset, report=lines.append)
    assert lines[-1] == "2 of 2 samples are good."
    assert (dataset / "contact_sheet.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("name", "damage", "complaint"),
    [
        ("specular", lambda a: a * 1.3, "differs from full"),
        ("diffuse", lambda a: np.where(np.arange(40)[:, None, None] == 20, np.nan, a), "NaN"),
        ("matte", lambda a: a * 0, "matte is empty"),
        ("normal", lambda a: a * 0.5, "unit length"),
        ("parsing", lambda a: a * 0.5, "sum to the matte"),
        ("shadow", lambda a: a + 0.5, "not in [0, 1]"),
        ("direct", lambda a: a * 1.3, "differs from diffuse"),
        ("foreground", lambda a: a * 0.7, "foreground · matte differs"),
        ("position", lambda a: a + 0.02, "project onto another pixel"),
        ("depth", lambda a: a * 1.01, "position and depth differ"),
        ("uv", lambda a: a - 0.5, "uv lies in"),
        ("trimap", lambda a: np.ones_like(a), "the trimap is sure"),
        ("CryptoMaterial00", lambda a: a * 0.5, "the ids of CryptoMaterial"),
        ("albedo", lambda a: a * 0.1, "albedo falls to"),
        ("roughness", lambda a: a + 1, "roughness lies in"),
    ],
)
def test_check_names_a_damaged_sample(dataset, tmp_path, name, damage, complaint):
    import shutil

    copy = tmp_path / "set"
    shutil.copytree(dataset, copy)
    maps = read_sample(copy / "000001").maps
    maps[name] = damage(maps[name])
    maps = {k: v.astype(np.float32 if k in FULL_FLOAT else np.float16) for k, v in maps.items()}
    write_exr(copy / "000001" / "maps.exr", maps, {k: MAPS[k] for k in maps})
    lines = []
    with pytest.raises(SampleError, match="1 of 2 samples"):
        check_dataset(copy, report=lines.append)
    assert any(line.startswith("000001: ") and complaint in line for line in lines)
    assert not any(line.startswith("000000: ") for line in lines)


@pytest.mark.parametrize("name", ["matte", "shading", "parsing"])
def test_check_names_a_map_that_is_missing(dataset, tmp_path, name):
    sample = read_sample(dataset / "000000")
    maps = {key: pixels for key, pixels in sample.maps.items() if key != name}
    write_sample(tmp_path / "000000", sample._replace(maps=maps, meta={**sample.meta, "olat": None}))
    lines = []
    with pytest.raises(SampleError, match="1 of 1 samples"):
        check_dataset(tmp_path, report=lines.append)
    assert lines[0] == f"000000: there is no map {name}"


def test_check_names_maps_of_the_wrong_size(dataset, tmp_path):
    import OpenEXR

    sample = read_sample(dataset / "000000")
    write_sample(tmp_path / "000000", sample._replace(meta={**sample.meta, "olat": None}))
    path = tmp_path / "000000" / "maps.exr"
    parts = []
    for name, plane in read_planes(path).items():
        side = 20 if name.startswith("normal") else 40
        windows = {"displayWindow": 40, "dataWindow": side}
        header = {key: (np.zeros(2, np.int32), np.full(2, last - 1, np.int32)) for key, last in windows.items()}
        parts.append(OpenEXR.Part(header, {name: np.array(plane[:side, :side])}, name))
    with OpenEXR.File(parts) as file:
        file.write(str(path))
    lines = []
    with pytest.raises(SampleError, match="1 of 1 samples"):
        check_dataset(tmp_path, report=lines.append)
    assert lines[0] == "000000: normal should be 40 px square"


GRADIENTS = {
    f"{name}_{kind}": np.full((40, 40, 3), 0.7 if "inverse" in name else 1.0 if name == "full" else 0.3)
    for name in PATTERNS
    for kind in ("diffuse", "specular")
}


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({}, "1 of 1 samples are good."),
        ({"z_inverse_diffuse": np.full((40, 40, 3), 0.9)}, "z and z_inverse (diffuse) sum to full but for 10.0%"),
        ({"x_specular": np.full((40, 40, 3), np.nan)}, "x_specular under gradient light is not 40 px square or has"),
    ],
)
def test_check_holds_gradients_to_their_sum(dataset, tmp_path, change, complaint):
    sample = read_sample(dataset / "000000")
    sample = sample._replace(meta={**sample.meta, "olat": None})
    write_sample(tmp_path / "000000", sample, None, {**GRADIENTS, **change})
    lines = []
    with suppress(SampleError):
        check_dataset(tmp_path, report=lines.append)
    assert any(complaint in line for line in lines)


def test_check_names_gradients_that_cannot_be_read(dataset, tmp_path):
    sample = read_sample(dataset / "000000")
    write_sample(tmp_path / "000000", sample._replace(meta={**sample.meta, "olat": None}), None, GRADIENTS)
    (tmp_path / "000000" / "gradient.exr").unlink()
    lines = []
    with pytest.raises(SampleError, match="1 of 1 samples"):
        check_dataset(tmp_path, report=lines.append)
    assert "gradient.exr cannot be read" in lines[0]


def test_check_says_which_samples_are_missing(dataset, tmp_path):
    sample = read_sample(dataset / "000000")
    write_sample(tmp_path / "000002", sample._replace(meta={**sample.meta, "olat": None}))
    lines = []
    check_dataset(tmp_path, report=lines.append)
    assert lines[0].startswith("Samples missing: 2 (000000, 000001). ")


def test_check_names_a_file_that_was_cut_short(dataset, tmp_path):
    import shutil

    copy = tmp_path / "set"
    shutil.copytree(dataset, copy)
    path = copy / "000000" / "maps.exr"
    path.write_bytes(path.read_bytes()[:2000])
    lines = []
    with pytest.raises(SampleError):
        check_dataset(copy, report=lines.append)
    assert any(line.startswith("000000: ") for line in lines)


def test_a_panorama_that_is_cut_short_ends_the_run_by_its_name(tmp_path):
    path = tmp_path / "short.hdr"
    path.write_bytes(b"#?RADIANCE\n")
    scene = next(s for k in count() for s in scenes_rand(3, k, 1, Packs(), (path,)) if s.environment.name == "short")
    with pytest.raises(ConfigError, match=r"short\.hdr .* run the same command"):
        next(shoot([scene], Packs(), Settings(**QUICK)))


def test_another_dataset_in_the_folder_is_refused(dataset):
    with pytest.raises(ConfigError, match=r"seed is 3 there and 4 here"):
        render_dataset(dataset, 1, Settings(lights="olat:8", **{**QUICK, "seed": 4}), report=quiet)


@pytest.mark.parametrize(("change", "complaint"), [({"count": 0}, "--count 0"), ({"workers": 0}, "--workers 0")])
def test_impossible_values_are_named_before_anything_is_written(tmp_path, change, complaint):
    with pytest.raises(ConfigError, match=complaint):
        render_dataset(tmp_path / "out", settings=Settings(**QUICK), report=quiet, **{"count": 1, **change})
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SampleError, match="cannot be written"):
        render_dataset(tmp_path / "file" / "out", 1, Settings(**QUICK), report=quiet)


def test_rendering_stops_before_the_disk_is_full(tmp_path, monkeypatch):
    monkeypatch.setattr("relight_stage.synth.farm.DISK_FREE_MIN", 10**18)
    with pytest.raises(SampleError, match="Free some space and run the same command"):
        render_dataset(tmp_path / "out", 1, Settings(**QUICK), report=quiet)


@pytest.mark.skipif(sys.platform == "win32", reason="file size limits are a POSIX thing")
def test_a_disk_that_fills_up_while_rendering_is_one_sentence(tmp_path):
    import resource

    def small_files():
        resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))

    process = script(tmp_path / "out", "--count", 1, "--seed", 3, "--size", 64, "--samples", 1, preexec_fn=small_files)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "full" in errors.strip().splitlines()[-1] and "Traceback" not in errors
    assert list((tmp_path / "out").glob("[0-9]*")) == []


def test_kill_minus_nine_costs_at_most_the_current_sample(tmp_path):
    out = tmp_path / "out"
    command = (out, "--count", 3, "--seed", 3, "--size", 40, "--samples", 4)
    process = script(*command)
    deadline = time.monotonic() + 120
    while not (out / "000000").is_dir() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.5)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    survived = [folder.name for folder in list_samples(out)]
    assert "000000" in survived
    again = script(*command)
    lines, errors = again.communicate(timeout=240)
    assert again.returncode == 0, errors
    assert f"{len(survived)} of 3 samples are there already." in lines
    assert [folder.name for folder in list_samples(out)] == ["000000", "000001", "000002"]
    check_dataset(out, report=quiet)
    assert json.loads((out / "dataset.json").read_text())["seed"] == 3
    assert list(out.glob(".*")) == []


def test_check_names_olat_images_of_another_scale(dataset, tmp_path):
    import shutil

    copy = tmp_path / "set"
    shutil.copytree(dataset, copy)
    sample, olat = read_sample(copy / "000000"), read_olat(copy / "000000")
    shutil.rmtree(copy / "000000")
    write_sample(copy / "000000", sample, olat._replace(diffuse=olat.diffuse * np.float16(3)))
    lines = []
    with pytest.raises(SampleError, match="1 of 2 samples"):
        check_dataset(copy, report=lines.append)
    assert any(line.startswith("000000: the OLAT images (diffuse) sum to") for line in lines)
