"""Promises of the farm's parent, with workers that only pretend to render: quick, and they fail as they are told to."""

import json
import os
import signal
import socket
import sys
import threading
import time
from collections import Counter

import numpy as np
import pytest

from relight_stage.errors import RenderError, SampleError, SceneError
from relight_stage.scenes.packs import Packs
from relight_stage.synth import farm as farms
from relight_stage.synth.exr import write_exr
from relight_stage.synth.farm import Farm, render_dataset
from relight_stage.synth.settings import Settings, Shard, claim_folder
from relight_stage.synth.workers import MARK, cpu_shares

# Arguments: the folder, the size of a group, and what goes wrong: {"<first index>": "<how>"}, {"start": "<how>"}.
PRETENDER = f"""
import json, os, signal, sys, time
from pathlib import Path
out, size, wrongs = Path(sys.argv[1]), int(sys.argv[2]), json.loads(sys.argv[3])

def say(**message):
    print({MARK!r} + json.dumps(message), flush=True)

def go_wrong(how):
    if how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "raise":
        raise ZeroDivisionError("a bug")
    if how == "hang":
        time.sleep(1000)
    kind, _, sentence = how.partition(": ")
    say(error=kind, sentence=sentence)
    sys.exit(1)

if "start" in wrongs:
    go_wrong(wrongs["start"])
print("Blender 5.0", "Read prefs")
say(ready="")
for line in sys.stdin:
    indices = [int(word) for word in line.split()]
    group = indices[0] // size
    how = wrongs.get(str(indices[0]), "")
    once = out.parent / f"once-{{group}}"
    if how.startswith("once "):
        how = "" if once.exists() else how.removeprefix("once ")
        once.touch()
    partial = out / f".{{indices[0]:06d}}.x.partial"
    partial.mkdir()
    late = how.startswith("late ")
    if how and not late:
        go_wrong(how)
    partial.rmdir()
    for index in indices:
        time.sleep(0.01)
        (out / f"{{index:06d}}").mkdir()
        (out / f"{{index:06d}}" / "sample.json").write_text(str(os.getpid()))
        if late:
            go_wrong(how.removeprefix("late "))
        say(sample=index)
    say(group=group, rss=wrongs.get("rss", 0))
"""


def farm(out, count, workers=2, lights="hdri", shard=None, report=None, **wrongs):
    """A farm of pretenders on a claimed folder; ``wrongs`` by words like _4="kill" for the group of sample 4."""
    settings = Settings(0, lights=lights)
    claim_folder(out, settings, Packs())
    wrongs = {name.strip("_"): how for name, how in wrongs.items()}
    command = [sys.executable, "-c", PRETENDER, str(out), str(settings.group), json.dumps(wrongs)]
    return Farm(out, count, settings, shard or Shard(), command, workers, report or (lambda line: None))


def samples(out):
    return sorted(int(path.parent.name) for path in out.glob("*/sample.json"))


def traces(out):
    """What is left in the folder besides samples and dataset.json."""
    return [path.name for path in out.iterdir() if path.name.startswith(".")]


@pytest.fixture
def out(tmp_path):
    return tmp_path / "set"


@pytest.mark.parametrize(("lights", "workers"), [("hdri", 1), ("hdri:3", 3)])
def test_every_sample_is_rendered_once(out, lights, workers):
    lines = []
    farm(out, 11, workers, lights, report=lines.append).run()
    assert samples(out) == list(range(11))
    assert sorted(line.split()[0] for line in lines) == [f"{i:06d}" for i in range(11)]
    assert all("samples/hour" in line and line.endswith("left") for line in lines)
    assert traces(out) == []


def test_a_rerun_renders_what_is_missing_and_says_what_was_there(out):
    farm(out, 3).run()
    lines = []
    farm(out, 5, report=lines.append).run()
    assert lines[0] == "3 of 5 samples are there already." and len(lines) == 3
    assert samples(out) == list(range(5))


@pytest.mark.parametrize("how", ["kill", "raise", "RenderError: the picture was cut short"])
def test_a_lost_group_is_tried_again_in_another_process(out, how):
    lines = []
    farm(out, 6, report=lines.append, _2=f"once {how}").run()
    assert samples(out) == list(range(6))
    assert sum("will be tried again" in line for line in lines) == 1
    assert traces(out) == []


def test_a_sample_whose_worker_died_before_it_said_so_counts(out):
    lines = []
    farm(out, 6, 2, "hdri:2", report=lines.append, _2="once late kill", _4="once late kill").run()
    assert samples(out) == list(range(6))
    assert sorted(line.split()[0] for line in lines if "samples/hour" in line) == [f"{i:06d}" for i in range(6)]
    assert traces(out) == []


@pytest.mark.parametrize(
    ("how", "reason"), [("kill", "SIGKILL, perhaps out of memory"), ("raise", "ZeroDivisionError: a bug")]
)
def test_a_group_that_is_lost_three_times_is_named_and_the_others_are_complete(out, how, reason):
    lines = []
    with pytest.raises(RenderError, match=rf"1 of 6 samples .*\(000002: .*{reason}"):
        farm(out, 6, report=lines.append, _2=how).run()
    assert samples(out) == [0, 1, 3, 4, 5]
    assert Counter(line.startswith("000002") for line in lines)[True] == 3
    assert traces(out) == []


def test_a_scene_that_is_refused_is_not_tried_again(out):
    lines = []
    with pytest.raises(RenderError, match=r"bad.hdr is damaged"):
        farm(out, 4, report=lines.append, _1="SceneError: bad.hdr is damaged").run()
    assert samples(out) == [0, 2, 3]
    assert sum(line.startswith("000001") for line in lines) == 1


def test_a_disk_that_is_full_stops_everything(out):
    with pytest.raises(SampleError, match="Free the disk"):
        farm(out, 400, 1, _2="SampleError: Free the disk").run()
    assert samples(out) == [0, 1]


def test_rendering_stops_while_what_was_begun_still_fits(out, monkeypatch):
    def free(path):
        return next(room, 10**6) if path == out else 10**12

    room = iter([10**12, 10**12, 10**12])
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": free(path)}))
    with pytest.raises(SampleError, match="Free some space and run the same command"):
        farm(out, 400).run()
    assert samples(out) == [0, 1, 2] and traces(out) == []


def test_rendering_stops_before_the_disk_of_cycles_images_is_full(out, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    free = {out: 10**12, tmp_path: 10**6}
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": free[path]}))
    with pytest.raises(SampleError, match=f"The disk of {tmp_path} has 0 MiB left"):
        farm(out, 4).run()
    assert samples(out) == []


def test_what_keeps_workers_from_starting_is_said_once(out):
    with pytest.raises(SceneError, match=r"lacks base\.npz"):
        farm(out, 4, start="SceneError: The asset pack lacks base.npz").run()
    with pytest.raises(RenderError, match=r"No worker gets to work: .*a bug"):
        farm(out, 4, start="raise").run()


def test_when_group_after_group_fails_the_rest_is_not_tried(out):
    wrongs = {f"_{i}": "SceneError: no light" for i in range(100)}
    with pytest.raises(RenderError, match="5 groups in a row have failed"):
        farm(out, 100, **wrongs).run()


@pytest.mark.parametrize(("limit", "stuck_at"), [("STUCK_S", "_2"), ("FIRST_S", "_0")])
def test_a_worker_that_is_stuck_is_replaced(out, monkeypatch, limit, stuck_at):
    monkeypatch.setattr(farms, limit, 0.5)
    lines = []
    farm(out, 4, 1, report=lines.append, **{stuck_at: "once hang"}).run()
    assert samples(out) == list(range(4))
    assert any("has been at it" in line for line in lines)


def test_workers_that_never_get_ready_end_the_run_with_a_sentence(out, monkeypatch):
    monkeypatch.setattr(farms, "START_S", 0.5)
    with pytest.raises(RenderError, match="No worker gets to work: a worker was not ready after"):
        farm(out, 2, 1, start="hang").run()


def test_workers_that_grow_or_age_are_replaced(out, monkeypatch):
    def processes(first, count):
        return {(out / f"{i:06d}" / "sample.json").read_text() for i in range(first, first + count)}

    farm(out, 4, 1).run()
    assert len(processes(0, 4)) == 1
    farm(out, 8, 1, rss=farms.RSS_MAX + 1).run()
    assert len(processes(4, 4)) == 4
    monkeypatch.setattr(farms, "GROUPS_A_WORKER", 2)
    farm(out, 12, 1).run()
    assert len(processes(8, 4)) == 2


def test_an_interruption_ends_the_workers_and_leaves_whole_samples_only(out):
    lines = []

    def report(line):
        lines.append(line)
        if line.startswith("00000"):
            raise KeyboardInterrupt

    stopped = farm(out, 500, report=report, _2="hang", _3="hang")
    with pytest.raises(KeyboardInterrupt):
        stopped.run()
    assert "the same command goes on" in lines[-1]
    assert stopped.workers == [] and traces(out) == []
    farm(out, 8).run()
    assert samples(out) == list(range(8))


def test_a_sigterm_that_somebody_listens_to_does_not_end_a_run(out):
    heard = []
    kept = signal.signal(signal.SIGTERM, lambda *_: heard.append(True))
    try:
        farm(out, 3, 1, report=lambda line: os.kill(os.getpid(), signal.SIGTERM)).run()
    finally:
        signal.signal(signal.SIGTERM, kept)
    assert heard and samples(out) == [0, 1, 2]


def test_shards_may_share_a_folder(out):
    for k in (2, 3, 1):
        farm(out, 10, lights="hdri:2", shard=Shard(k, 3)).run()
    assert samples(out) == list(range(10))


def test_two_runs_on_one_folder_share_the_work(out):
    runs = [[], []]
    threads = [threading.Thread(target=farm(out, 60, report=lines.append).run) for lines in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    rendered = [line.split()[0] for lines in runs for line in lines if "samples/hour" in line]
    assert sorted(rendered) == [f"{i:06d}" for i in range(60)]  # nothing lost and nothing twice
    assert traces(out) == []


def test_a_run_waits_for_what_another_one_is_at(out):
    first, lines = farm(out, 2, _1="hang"), []
    threading.Thread(target=first.run, daemon=True).start()
    while samples(out) != [0] or not list(out.glob(".group-000001.claim")):
        time.sleep(0.05)
    second = threading.Thread(target=farm(out, 2, report=lines.append).run)
    second.start()
    while not any("waiting" in line for line in lines):
        time.sleep(0.05)
    assert any(f"process {os.getpid()} on {socket.gethostname()}" in line for line in lines)
    (out / ".group-000001.claim").unlink()  # as if the first had gone
    second.join(30)
    assert samples(out) == [0, 1]
    for worker in first.workers:
        worker.stop()


def test_a_half_copied_pack_is_named_before_anything_is_written(out, tmp_path):
    (tmp_path / "assets" / "makehuman").mkdir(parents=True)
    (tmp_path / "assets" / "makehuman" / "base.npz").touch()
    with pytest.raises(SceneError, match=r"makehuman.* Install the pack again"):
        render_dataset(out, 1, Settings(0), tmp_path / "assets")
    assert not out.exists()


def test_a_panorama_that_is_none_is_named_before_anything_is_written(out, tmp_path):
    (tmp_path / "assets" / "hdri").mkdir(parents=True)
    (tmp_path / "assets" / "hdri" / "page.hdr").write_text("<!DOCTYPE html>")
    with pytest.raises(SceneError, match=r"page\.hdr in .* cannot be read"):
        render_dataset(out, 1, Settings(0), tmp_path / "assets")
    assert not out.exists()


@pytest.fixture
def panoramas(tmp_path, monkeypatch):
    """A folder of assets with a sound panorama in it; renders with it begin and end at once."""
    monkeypatch.setattr(Farm, "run", lambda self: None)
    folder = tmp_path / "assets" / "hdri"
    folder.mkdir(parents=True)
    save_panorama(folder / "good.exr", np.random.default_rng(0).gamma(0.3, 5, (32, 64, 3)))
    return folder


def save_panorama(path, pixels):
    write_exr(path, {"full": pixels.astype(np.float32)}, {"full": ("R", "G", "B")})


def test_an_ordinary_picture_among_the_panoramas_is_named_when_a_run_begins(out, panoramas):
    (panoramas / "street.jpg").touch()
    lines = []
    render_dataset(out, 1, Settings(0), panoramas.parent, report=lines.append)
    assert lines == ["No HDRI, and left out: street.jpg. An ordinary picture's lights are cut off."]


def test_a_panorama_that_is_cut_off_at_white_is_named_and_used(out, panoramas):
    pixels = np.random.default_rng(0).uniform(0, 0.8, (32, 64, 3))
    pixels[4:8, 10:20] = 1.0
    save_panorama(panoramas / "window.exr", pixels)
    lines = []
    render_dataset(out, 1, Settings(0), panoramas.parent, report=lines.append)
    assert len(lines) == 1 and lines[0].startswith("window.exr is an ordinary picture saved as an HDRI: 2.0% of it")
    assert json.loads((out / "dataset.json").read_text())["hdris"].startswith("2 files")
    render_dataset(out, 1, Settings(0), panoramas.parent, report=lines.append)
    assert len(lines) == 1  # a dataset that goes on has said it


@pytest.mark.parametrize(
    ("value", "complaint"), [(np.nan, "1 texels that are NaN"), (np.inf, "1 texels that are NaN"), (-1, "negative")]
)
def test_a_panorama_with_texels_that_are_no_light_is_named_before_anything_is_written(out, panoramas, value, complaint):
    pixels = np.full((32, 64, 3), 0.5)
    pixels[3, 4, 1] = value
    save_panorama(panoramas / "hole.exr", pixels)
    with pytest.raises(SceneError, match=rf"hole\.exr has {complaint}"):
        render_dataset(out, 1, Settings(0), panoramas.parent)
    assert not out.exists()


def test_a_panorama_that_is_cut_short_is_named_before_anything_is_written(out, panoramas):
    whole = (panoramas / "good.exr").read_bytes()
    (panoramas / "short.exr").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SceneError, match=r"short\.exr cannot be read"):
        render_dataset(out, 1, Settings(0), panoramas.parent)
    assert not out.exists()


@pytest.mark.parametrize("workers", [1, 2, 3, 5, 1000])
def test_workers_divide_the_processors(workers):
    shares, usable = cpu_shares(workers), len(os.sched_getaffinity(0))
    assert len(shares) == workers and all(shares)
    if workers <= usable:
        assert sum(map(len, shares)) == len(set().union(*shares)) == usable
