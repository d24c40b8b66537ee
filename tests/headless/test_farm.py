"""Promises of the farm with real workers: shards make up the dataset, and killing any process loses nothing."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from relight_stage.synth.checks import check_dataset
from relight_stage.synth.exr import read_planes, write_exr
from relight_stage.synth.sample import list_samples, read_meta
from relight_stage.synth.workers import SCRATCH

pytestmark = pytest.mark.skipif(os.name != "posix", reason="kills processes the POSIX way")
SCRIPT = Path(__file__).resolve().parents[2] / "synth" / "render.py"
ASSETS = os.environ.get("RELIGHT_STAGE_ASSETS")
QUICK = ("--seed", 3, "--size", 48, "--samples", 1)


@pytest.fixture(scope="module", autouse=True)
def no_packs():
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("RELIGHT_STAGE_ASSETS", raising=False)
        yield


def render(out, *arguments):
    """Start ``relight-stage render`` as a process of its own."""
    return subprocess.Popen(
        [sys.executable, str(SCRIPT), "--", str(out), *map(str, QUICK), *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process, timeout=1800):
    lines, errors = process.communicate(timeout=timeout)
    assert process.returncode == 0, errors
    return lines.splitlines()


def workers_on(out):
    """Process ids of the workers that render into a folder, from what Linux says of all processes."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"--worker" in words and str(out).encode() in words:
            found.append(int(folder.name))
    return found


def rendered(lines):
    return [line.split()[0] for line in lines if "samples/hour" in line]


def names(count):
    return [f"{i:06d}" for i in range(count)]


def kill_at_random(process, out, rng):
    """Kill a worker every few seconds while ``process`` runs; how many were killed."""
    killed, begin, had = 0, time.monotonic(), len(list_samples(out)) if out.is_dir() else 0
    # How fast this machine is at the moment: from a start to the first sample.
    while process.poll() is None and not (out.is_dir() and len(list_samples(out)) > had):
        time.sleep(0.05)
    pace_s = time.monotonic() - begin
    while process.poll() is None:
        time.sleep(rng.uniform(0.3, 2) * pace_s)
        if pids := workers_on(out):
            os.kill(int(rng.choice(pids)), signal.SIGKILL)
            killed += 1
    return killed


@pytest.mark.slow
@pytest.mark.parametrize(
    "count",
    [8, pytest.param(40, marks=pytest.mark.skipif("RELIGHT_STAGE_SOAK" not in os.environ, reason="make soak-test"))],
)
def test_killing_workers_at_random_loses_nothing_and_renders_nothing_twice(tmp_path, count):
    out, rng = tmp_path / "set", np.random.default_rng(count)
    # A group that is killed three times is given up; the same command then tries it again.
    lines, killed, codes, began = [], 0, [], time.monotonic()
    while 0 not in codes and len(codes) < 20:
        process = render(out, "--count", count, "--workers", 2)
        reader = threading.Thread(target=lambda p=process: lines.extend(p.stdout.read().splitlines()))
        reader.start()
        killed += kill_at_random(process, out, rng)
        reader.join()
        codes.append(process.returncode)
        assert codes[-1] == 0 or "the same command" in process.stderr.read()
    took_s = time.monotonic() - began
    assert killed >= 2
    said, complete = rendered(lines), [folder.name for folder in list_samples(out)]
    again = sum("will be tried again" in line or "has failed" in line for line in lines)
    print(
        *lines,
        f"{killed} workers killed in {took_s:.0f} s, one every {took_s / killed:.0f} s, {again} of them at work.",
        f"{len(complete)} of {count} samples complete after {len(codes)} runs of the command, "
        f"{len(set(names(count)) - set(complete))} lost, {len(said) - len(set(said))} rendered twice.",
        sep="\n",
    )
    assert again >= 1
    assert sorted(said) == complete == names(count)
    assert sorted(path.name for path in out.iterdir()) == [*names(count), "dataset.json"]
    check_dataset(out, report=print)


@pytest.fixture(scope="module")
def flags(request, tmp_path_factory):
    """What is rendered: three samples of one kind of light, of people and panoramas from some assets."""
    lights, assets = request.param
    flags = ["--count", 3, "--lights", lights]
    if assets == "panorama":
        folder = tmp_path_factory.mktemp("assets")
        (folder / "hdri").mkdir()
        pixels = np.random.default_rng(0).gamma(0.3, 5, (32, 64, 3)).astype(np.float32)
        write_exr(folder / "hdri" / "made.exr", {"full": pixels}, {"full": ("R", "G", "B")})
        flags += ["--assets", folder]
    if assets == "packs":
        if not ASSETS:
            pytest.skip("RELIGHT_STAGE_ASSETS IS NOT SET: shards of people from packs are not compared")
        # Two of MakeHuman's with its hair meshes, and one of the ICT FaceKit with strands.
        flags += ["--assets", ASSETS, "--seed", 4]
    return flags


@pytest.fixture(scope="module")
def whole(flags, tmp_path_factory):
    """The dataset as one process renders it."""
    out = tmp_path_factory.mktemp("farm") / "whole"
    finish(render(out, *flags))
    return out


def assert_same(a, b):
    assert [folder.name for folder in list_samples(a)] == [folder.name for folder in list_samples(b)]
    for folder in list_samples(a):
        assert read_meta(folder) == read_meta(b / folder.name)
        for path in sorted(folder.glob("*.exr")):
            ours, theirs = read_planes(path), read_planes(b / folder.name / path.name)
            assert ours.keys() == theirs.keys()
            for plane in ours:
                assert ours[plane].dtype == theirs[plane].dtype
                assert np.array_equal(ours[plane], theirs[plane], equal_nan=True), (folder.name, path.name, plane)


@pytest.mark.slow
@pytest.mark.parametrize(
    "flags", [("hdri:2", "none"), ("olat:4", "panorama"), ("olat:4", "packs")], indirect=True, ids="-".join
)
def test_the_union_of_shards_is_the_dataset_of_one_process_bit_for_bit(whole, flags, tmp_path):
    together, apart = tmp_path / "together", tmp_path / "apart"
    # At the same time: two in one folder, and one that is moved in afterwards.
    first = render(together, *flags, "--shard", "1/3")
    third = render(together, *flags, "--shard", "3/3")
    second = render(apart, *flags, "--shard", "2/3", "--workers", 2)
    parts = [rendered(finish(process)) for process in (first, second, third)]
    # Of the two people under two panoramas each, the third shard has none.
    assert parts == ([["000000", "000001"], ["000002"], []] if "hdri:2" in flags else [[name] for name in names(3)])
    (apart / parts[1][0]).rename(together / parts[1][0])
    assert_same(whole, together)


@pytest.mark.slow
@pytest.mark.parametrize("flags", [("hdri:2", "none")], indirect=True, ids="-".join)
def test_a_group_that_was_half_done_is_finished_with_the_same_pixels(whole, flags, tmp_path):
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(whole, copy)
    shutil.rmtree(copy / "000001")
    lines = finish(render(copy, *flags))
    assert lines[0] == "2 of 3 samples are there already." and rendered(lines) == ["000001"]
    assert_same(whole, copy)


@pytest.mark.slow
def test_two_runs_on_one_folder_share_the_work(tmp_path):
    out = tmp_path / "set"
    runs = [render(out, "--count", 3) for _ in range(2)]
    done = [rendered(finish(run)) for run in runs]
    assert sorted(done[0] + done[1]) == names(3)
    check_dataset(out, report=print)
    assert not list(out.glob(".*"))


def wait_for_a_worker_at_work(process, out):
    deadline = time.monotonic() + 300
    while not (list(out.glob(".group-*")) and workers_on(out)):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    time.sleep(3)


@pytest.mark.slow
def test_workers_die_with_their_parent_and_take_their_temporary_files_along(tmp_path, monkeypatch):
    out, scratch = tmp_path / "set", tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    process = render(out, "--count", 50, "--workers", 2)
    wait_for_a_worker_at_work(process, out)
    process.kill()
    process.communicate()
    deadline = time.monotonic() + 10
    while workers_on(out) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert workers_on(out) == []
    assert not list(scratch.iterdir())


def test_a_worker_without_a_parent_ends_and_removes_nothing_of_others(tmp_path):
    (tmp_path / "others").write_text("keep me")
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    environment.pop(SCRATCH, None)
    command = [sys.executable, str(SCRIPT), "--", "--worker", str(tmp_path / "set")]
    subprocess.run(command, stdin=subprocess.DEVNULL, env=environment, capture_output=True, timeout=300)
    assert (tmp_path / "others").read_text() == "keep me"


@pytest.mark.slow
def test_ctrl_c_stops_within_seconds_and_says_how_to_go_on(tmp_path):
    out = tmp_path / "set"
    process = render(out, "--count", 50, "--workers", 2)
    wait_for_a_worker_at_work(process, out)
    begin = time.monotonic()
    process.send_signal(signal.SIGINT)
    lines, errors = process.communicate(timeout=60)
    # Killing takes no time; the rest is a loaded machine's.
    assert time.monotonic() - begin < 5
    assert process.returncode == 130
    assert "the same command goes on" in lines.splitlines()[-1] and errors == "relight-stage: interrupted.\n"
    assert workers_on(out) == [] and not list(out.glob(".*"))
