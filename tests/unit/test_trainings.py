"""What the panel reads of trainings and datasets at work, and how it looks without waiting."""

import csv
import json
import os
import re
import sys
import threading
import time

import numpy as np
import pytest

from relight_stage.addon import pythons
from relight_stage.addon.datasets import dataset_command, look_at_dataset
from relight_stage.addon.plots import COLOURS, Curve, draw_curves
from relight_stage.addon.trainings import export_run, look_at_training
from relight_stage.addon.watching import Watch
from relight_stage.addon.worker import Cancelled, Job
from relight_stage.errors import ModelError
from relight_stage.nets.config import STAGES
from relight_stage.synth.progress import Progress, read_progress
from relight_stage.synth.settings import Settings


def test_what_the_farm_prints_is_what_the_panel_reads():
    told = Progress("000012", 13, 20, 1234, "1.5 h")
    assert read_progress(told.line() + "\n") == told
    assert read_progress("Rendering on cpu.") is None


def test_the_command_of_a_dataset_is_understood_by_the_command_line(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "bpy", None)
    from relight_stage.addon import datasets
    from relight_stage.cli import _parser

    monkeypatch.setattr(datasets, "worker_command", list)
    settings = Settings(seed=3, size=64, lights="olat:8", samples=2)
    command = dataset_command(tmp_path / "my set", settings, 5, tmp_path, 2, "cpu")
    asked = vars(_parser().parse_args(["render", *command]))
    wanted = {**settings.table(), "out": tmp_path / "my set", "count": 5, "assets": tmp_path, "workers": 2}
    assert {name: asked[name] for name in wanted if name != "format"} == {
        k: v for k, v in wanted.items() if k != "format"
    }


def write_job(folder, kind, log):
    folder.mkdir(exist_ok=True)
    state = {"kind": kind, "pid": 1, "began": "0", "host": "elsewhere", "started_s": 0.0}
    (folder / "job.json").write_text(json.dumps(state))
    (folder / "job.log").write_text(log)


def test_a_dataset_that_was_stopped_says_how_far_it_came(tmp_path):
    line = Progress("000002", 3, 20, 120, "8 min").line()
    write_job(tmp_path, "dataset", f"Rendering on cpu.\n{line}\nrelight-stage: interrupted.\n")
    status = look_at_dataset(tmp_path)
    assert (status.is_running, status.there, status.asked, status.error) == (False, 3, 20, "")


def test_a_dataset_that_failed_says_why(tmp_path):
    write_job(tmp_path, "dataset", "relight-stage: The disk is full. Free some space.\n")
    assert look_at_dataset(tmp_path).error == "The disk is full. Free some space."


def write_run(run, log="", stages=((20, 1e9), (40, 1e9))):
    write_job(run, "training", log)
    nets = ("matting", "geometry")
    table = {"stages": [{"net": n, "steps": s, "minutes": m} for n, (s, m) in zip(nets, stages, strict=True)]}
    (run / "recipe.json").write_text(json.dumps(table))
    with (run / "loss.csv").open("w", newline="") as file:
        rows = [(0, "matting", 20, 10.0, 0.5), (1, "geometry", 10, 5.0, 0.4), (1, "geometry", 20, 10.0, 0.2)]
        writer = csv.writer(file)
        writer.writerow(("stage", "net", "step", "seconds", "term", "value"))
        writer.writerows((s, n, step, t, term, v) for s, n, step, t, v in rows for term in ("normal", "total"))


def test_a_run_folder_says_where_the_training_is(tmp_path):
    write_run(tmp_path / "run")
    status = look_at_training(tmp_path / "run")
    assert (status.stage, status.stages, status.net, status.step, status.steps) == (2, 2, "geometry", 20, 40)
    assert status.fraction == pytest.approx(40 / 60)
    # 20 steps took 10 s, 20 are left.
    assert (status.left_s, status.loss) == (pytest.approx(10), 0.2)


def test_a_stage_that_ends_by_the_clock_has_no_longer_left_than_the_clock_says(tmp_path):
    write_run(tmp_path / "run", stages=((20, 1e9), (4000, 0.2)))
    assert look_at_training(tmp_path / "run").left_s == pytest.approx(2)


def test_a_finished_run_is_done_and_a_stopped_one_is_not(tmp_path):
    write_run(tmp_path / "run", "step 20\ndone: weights.safetensors\n")
    assert look_at_training(tmp_path / "run").is_done
    write_run(tmp_path / "stopped", "step 20\nrelight-stage: interrupted.\n")
    status = look_at_training(tmp_path / "stopped")
    assert not status.is_done and status.error == ""


@pytest.mark.parametrize("name", ["recipe.json", "loss.csv"])
def test_a_run_whose_files_are_half_written_has_not_begun(tmp_path, name):
    write_run(tmp_path / "run")
    (tmp_path / "run" / name).write_text("")
    assert look_at_training(tmp_path / "run").stage == 0
    assert look_at_training(tmp_path / "nothing").stage == 0


def test_every_kind_of_stage_has_a_colour():
    assert set(COLOURS) == set(STAGES) and len(set(COLOURS.values())) == len(STAGES)


def test_a_falling_loss_is_drawn_falling():
    steps = np.linspace(0, 100, 50)
    picture = draw_curves([Curve("albedo", steps, 10.0 ** (-steps / 50))], 100)
    assert picture.shape[2] == 4 and picture.min() >= 0 and picture.max() <= 1
    orange = (picture[..., 0] > 0.8) & (picture[..., 2] < 0.1)
    rows = [np.flatnonzero(orange[:, column]).mean() for column in np.flatnonzero(orange.any(axis=0))]
    assert np.all(np.diff(rows) >= 0)
    # An exponential is straight on a logarithmic scale: a pixel is what rounding leaves.
    assert np.abs(np.diff(rows, 2)).max() <= 2


def test_a_flat_or_single_loss_is_drawn_too():
    for steps in ([5], [5, 10]):
        assert draw_curves([Curve("matting", np.array(steps), np.ones(len(steps)))], 10).std() > 0


class Look:
    """Counts how often it looked; a look may be held back."""

    def __init__(self, is_running=False):
        self.count, self.go_on, self.is_running = 0, threading.Event(), is_running
        self.go_on.set()

    def __call__(self, key):
        assert self.go_on.wait(10)
        self.count += 1
        return Seen(self.is_running, key)


class Seen(tuple):
    __slots__ = ()

    def __new__(cls, is_running, key):
        return super().__new__(cls, (is_running, key))

    is_running = property(lambda self: self[0])


def settle(watch):
    end = time.monotonic() + 10
    while not watch.is_idle():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_asking_never_waits_for_the_look():
    look = Look()
    look.go_on.clear()
    watch = Watch(look, Seen(False, None))
    assert watch.ask("here") == Seen(False, None)
    look.go_on.set()
    settle(watch)
    assert watch.take_news() and watch.ask("here") == Seen(False, "here")


def test_what_stands_still_is_drawn_once_and_what_goes_on_again_and_again():
    still = Watch(Look(), Seen(False, None))
    still.ask("here"), settle(still)
    assert still.take_news()
    still.ask("here"), settle(still)
    assert not still.take_news()
    running = Watch(Look(is_running=True), Seen(False, None))
    for _ in range(3):
        running.ask("here"), settle(running)
        assert running.take_news()


def test_a_young_look_is_not_repeated_until_something_was_started():
    look = Look()
    watch = Watch(look, Seen(False, None), every_s=1e9)
    for _ in range(5):
        watch.ask("here"), settle(watch)
    assert look.count == 1
    watch.look_again()
    watch.ask("here"), settle(watch)
    assert look.count == 2


def test_a_python_that_lacks_libraries_is_told_how_to_get_them(monkeypatch):
    monkeypatch.setattr(pythons, "NEEDED", ("numpy", "no_such_library"))
    from pathlib import Path

    with pytest.raises(ModelError, match=r"lacks no_such_library\. In a terminal: \S+ -m pip install no_such_library"):
        pythons.check_python(Path(sys.executable))


def test_a_program_that_is_no_python_is_named(tmp_path):
    from pathlib import Path

    with pytest.raises(ModelError, match=re.escape(f"{tmp_path / 'python'} does not exist")):
        pythons.check_python(tmp_path / "python")
    with pytest.raises(ModelError, match="failed"):
        pythons.check_python(Path("/bin/false"))


def test_without_any_python_the_two_commands_are_given(monkeypatch):
    monkeypatch.setattr(pythons, "candidates", lambda: iter(()))
    with pytest.raises(ModelError, match=r"python3? -m venv \S+ and then \S+python -m pip install .*torch") as caught:
        pythons.find_python()
    assert "\n" not in str(caught.value)


def write_program(path, *lines):
    path.write_text("\n".join(("#!/bin/sh", *lines)))
    path.chmod(0o755)
    return str(path)


def test_an_export_replaces_the_last_one_whole(tmp_path):
    (tmp_path / "onnx").mkdir()
    (tmp_path / "onnx" / "old.onnx").touch()
    # python -u ROOT export RUN OUT
    program = write_program(tmp_path / "python", 'mkdir "$5" && touch "$5/new.onnx"')
    assert export_run(program, tmp_path, lambda fraction, text: None) == tmp_path / "onnx"
    assert [path.name for path in (tmp_path / "onnx").iterdir()] == ["new.onnx"]
    program = write_program(tmp_path / "python", 'echo "relight-stage: There is no checkpoint." >&2; exit 1')
    with pytest.raises(ModelError, match="There is no checkpoint"):
        export_run(program, tmp_path, lambda fraction, text: None)
    assert [path.name for path in (tmp_path / "onnx").iterdir()] == ["new.onnx"]


def test_an_export_that_is_cancelled_ends_its_process_and_leaves_the_last_one(tmp_path):
    (tmp_path / "onnx").mkdir()
    # Half written, and half an hour from its end.
    program = write_program(tmp_path / "python", 'mkdir "$5"', f'echo $$ >"{tmp_path}/pid"', "exec sleep 1800")
    job = Job(lambda progress: export_run(program, tmp_path, progress)).start()
    end = time.monotonic() + 60
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
        assert time.monotonic() < end
        time.sleep(0.05)
    job.cancel()
    with pytest.raises(Cancelled):
        job.result()
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["onnx", "pid", "python"]
