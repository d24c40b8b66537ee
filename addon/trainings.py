"""A training that runs in the background in a Python with torch: the commands, and how far it is. No bpy, no torch.

A run folder is what nets/train.py writes: recipe.json, loss.csv, pictures/, checkpoint.pt; ONNX files go to RUN/onnx.
"""

import contextlib
import csv
import json
import shutil
import subprocess
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..errors import ModelError
from .jobs import find_job, last_error, read_log
from .plots import Curve, Picture, draw_curves
from .worker import Progress

KIND = "training"
ROOT = Path(__file__).parents[1]
RECIPES = ROOT / "nets" / "configs"
EXPORTED = "onnx"
_LOOK_S = 0.2  # while exporting, between two questions whether to go on
_DONE = "done: "  # of nets/train.py: how a run that came to its end ends its log


class TrainingStatus(NamedTuple):
    """What the panel shows of a run folder.

    Attributes:
        stage, stages: from 1; 0 where there is no run.
        net: which network the stage trains.
        step, steps: of the stage.
        fraction: of all steps of the run, in [0, 1].
        left_s: seconds until the stage ends at its pace so far; None while nobody knows.
        loss: the last value of the stage's loss.
        plot: its curves.
        picture: the newest picture that the run drew.
        can_go_on: there is a checkpoint to resume from, or to export.
        error: why the last run ended early.
    """

    is_running: bool = False
    is_done: bool = False
    stage: int = 0
    stages: int = 0
    net: str = ""
    step: int = 0
    steps: int = 0
    fraction: float = 0.0
    left_s: float | None = None
    loss: float | None = None
    plot: Picture | None = None
    picture: Path | None = None
    can_go_on: bool = False
    error: str = ""

    def line(self) -> str:
        """One line for the progress bar."""
        if not self.stage:
            return "Starting"
        return f"Stage {self.stage} of {self.stages}: {self.net}, step {self.step} of {self.steps}"


def training_command(python: str, recipe: Path, data: Path, run: Path, resume: bool) -> list[str]:
    """The process that trains, or goes on with it, by the code of this very folder."""
    command = [python, "-u", str(ROOT), "train", str(recipe), "--data", str(data), "--out", str(run)]
    return [*command, "--resume"] if resume else command


def export_run(python: str, run: Path, progress: Progress) -> Path:
    """Turn a run's last checkpoint into ONNX files, in that Python; takes a minute.

    Args:
        progress: told now and then; what it raises ends the export, and the files of the last one stay.

    Returns:
        The folder of the files.

    Raises:
        ModelError: there is no checkpoint, or the export failed.
    """
    out, unfinished = run / EXPORTED, run / f"{EXPORTED}.unfinished"
    command = [python, "-u", str(ROOT), "export", str(run), str(unfinished)]
    try:
        _wait(command, progress)
        shutil.rmtree(out, ignore_errors=True)
        unfinished.rename(out)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return out


def _wait(command: list[str], progress: Progress) -> None:
    """Run the export to its end; ModelError where it fails."""
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True, errors="replace")
    with process:
        try:
            while True:
                progress(0.0, "Exporting the networks")
                with contextlib.suppress(subprocess.TimeoutExpired):
                    _, said = process.communicate(timeout=_LOOK_S)
                    break
        except BaseException:
            process.kill()
            raise
    if process.returncode:
        raise ModelError(last_error(said.splitlines()))


def look_at_training(run: Path) -> TrainingStatus:
    """Read a run's job, recipe, losses and pictures."""
    job = find_job(run)
    is_running = job is not None and job.is_running()
    lines = read_log(run) if job is not None and job.kind == KIND else []
    status = _read_run(run)._replace(is_running=is_running, can_go_on=(run / "checkpoint.pt").is_file())
    if any(line.startswith(_DONE) for line in lines[-3:]):
        return status._replace(is_done=True, fraction=1.0, left_s=0.0)
    return status._replace(error=last_error(lines)) if lines and not is_running else status


def _read_run(run: Path) -> TrainingStatus:
    try:
        stages = json.loads((run / "recipe.json").read_text(encoding="utf-8"))["stages"]
        losses = _read_losses(
            run / "loss.csv", (run / "loss.csv").stat().st_mtime_ns, tuple(s["steps"] for s in stages)
        )
    except (OSError, ValueError, KeyError):  # not there yet, or just being written
        return TrainingStatus()
    if losses is None:
        return TrainingStatus()
    stage, before = stages[losses.stage], sum(stage["steps"] for stage in stages[: losses.stage])
    left_s = (stage["steps"] - losses.step) * losses.seconds / losses.step
    return TrainingStatus(
        stage=losses.stage + 1,
        stages=len(stages),
        net=stage["net"],
        step=losses.step,
        steps=stage["steps"],
        fraction=(before + losses.step) / sum(stage["steps"] for stage in stages),
        left_s=max(0.0, min(left_s, stage["minutes"] * 60 - losses.seconds)),
        loss=losses.last,
        plot=losses.plot,
        picture=max((run / "pictures").glob("*.png"), default=None),
    )


class _Losses(NamedTuple):
    """What loss.csv holds: the place of its last row, seconds of that stage so far, the loss there, the plot."""

    stage: int
    step: int
    seconds: float
    last: float
    plot: Picture


@lru_cache(maxsize=2)
def _read_losses(path: Path, stamp: int, steps: tuple[int, ...]) -> _Losses | None:
    """Read the table anew when its ``stamp`` has changed; None while it has no row."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["term"] == "total" and row["value"]]
    if not rows:
        return None
    curves = []
    for stage, before in enumerate([0, *accumulate(steps)][:-1]):
        mine = [row for row in rows if int(row["stage"]) == stage]
        if mine:
            at = np.array([before + int(row["step"]) for row in mine])
            curves.append(Curve(mine[0]["net"], at, np.array([float(row["value"]) for row in mine])))
    last = rows[-1]
    plot = Picture(str(path), draw_curves(curves, sum(steps)))
    return _Losses(int(last["stage"]), int(last["step"]), float(last["seconds"]), float(last["value"]), plot)
