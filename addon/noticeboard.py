"""What the sub-panels show of jobs: the last look at each folder, its pictures as icons, and a timer that redraws."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import bpy
import bpy.utils.previews
import numpy as np

from ..errors import ModelError
from . import editors
from .datasets import DatasetStatus, look_at_dataset
from .jobs import Job, KnownJobs, find_job, start_job
from .plots import Picture
from .pythons import Python, find_python
from .trainings import TrainingStatus, look_at_training
from .watching import Watch

_TICK_S = 1.0


class PythonFound(NamedTuple):
    """The answer to a search for a Python to train with; empty while it goes on."""

    is_running: bool = False
    python: Python | None = None
    error: str = ""


class Others(NamedTuple):
    """Jobs of one kind that are at work in whatever folder."""

    is_running: bool = False
    jobs: tuple[Job, ...] = ()


class _Board:
    """All watches of this Blender session, and the icons made of what they saw."""

    def __init__(self, known: KnownJobs) -> None:
        self.known = known
        self.datasets: Watch[Path, DatasetStatus] = Watch(look_at_dataset, DatasetStatus())
        self.trainings: Watch[Path, TrainingStatus] = Watch(look_at_training, TrainingStatus())
        self.pythons: Watch[str, PythonFound] = Watch(_look_for_python, PythonFound(True), every_s=math.inf)
        self.others: Watch[str, Others] = Watch(self._look_for_jobs, Others(), every_s=5.0)
        self.icons = bpy.utils.previews.new()
        self.drawn: dict[str, object] = {}

    @property
    def watches(self) -> tuple[Watch, ...]:
        return self.datasets, self.trainings, self.pythons, self.others

    def _look_for_jobs(self, kind: str) -> Others:
        jobs = tuple(job for job in self.known.running() if job.kind == kind)
        return Others(bool(jobs), jobs)


_board: _Board | None = None


def dataset_in(folder: Path) -> DatasetStatus:
    return _there().datasets.ask(folder)


def training_in(run: Path) -> TrainingStatus:
    return _there().trainings.ask(run)


def python_for(wish: str) -> PythonFound:
    return _there().pythons.ask(wish)


def jobs_elsewhere(kind: str, folder: Path) -> tuple[Job, ...]:
    """Jobs of a kind that are at work in other folders than this one."""
    return tuple(job for job in _there().others.ask(kind).jobs if job.folder != folder)


def jobs_at_work() -> list[Job]:
    """All of this user's, in whatever folder, looked for at once."""
    return _there().known.running()


def start(folder: Path, kind: str, command: Sequence[str], environment: Mapping[str, str]) -> None:
    """``jobs.start_job``, and let every .blend of this user know of it."""
    _there().known.add(start_job(folder, kind, command, environment).folder)
    _look_again()


def stop(folder: Path) -> bool:
    """Stop the job in a folder; whether one was at work."""
    job = find_job(folder)
    if job is None or not job.is_running():
        return False
    job.stop()
    _look_again()
    return True


def _look_again() -> None:
    for watch in (_there().datasets, _there().trainings, _there().others):
        watch.look_again()


def find_python_again() -> None:
    """A Python was chosen or mended."""
    _there().pythons.look_again()


def icon_of(place: str, picture: Picture | Path) -> int:
    """The icon in a place of the panel, renewed where it shows something else by now."""
    board = _there()
    if board.drawn.get(place) != picture:
        board.drawn[place] = picture
        if place in board.icons:
            del board.icons[place]
        if isinstance(picture, Path):
            board.icons.load(place, str(picture), "IMAGE")
        else:
            _fill(board.icons.new(place), picture.pixels)
    return board.icons[place].icon_id


def _fill(preview: bpy.types.ImagePreview, pixels: np.ndarray) -> None:
    height, width = pixels.shape[:2]
    preview.image_size = (width, height)
    preview.image_pixels_float.foreach_set(np.ascontiguousarray(pixels[::-1], np.float32).ravel())


def _look_for_python(wish: str) -> PythonFound:
    try:
        return PythonFound(python=find_python(wish))
    except ModelError as error:
        return PythonFound(error=str(error))


def _there() -> _Board:
    assert _board is not None, "the extension is not registered"
    return _board


def _tick() -> float:
    if any([watch.take_news() for watch in _there().watches]):
        editors.redraw_sidebars()
    return _TICK_S


def register() -> None:
    global _board
    # The extension's own folder: Blender removes it with the extension.
    own = Path(bpy.utils.extension_path_user(__package__.rpartition(".")[0]))
    _board = _Board(KnownJobs(own / "jobs.txt"))
    if not bpy.app.background:
        bpy.app.timers.register(_tick, first_interval=_TICK_S, persistent=True)


def unregister() -> None:
    global _board
    if bpy.app.timers.is_registered(_tick):
        bpy.app.timers.unregister(_tick)
    if _board is not None:
        bpy.utils.previews.remove(_board.icons)
        _board = None
