"""A dataset that is rendered in the background: the command, and how far it is, read from its folder. No bpy."""

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..errors import SampleError
from ..scenes.colour import linear_to_srgb
from ..synth.progress import read_progress
from ..synth.sample import list_samples, read_sample
from ..synth.settings import Settings
from ..synth.workers import worker_command
from .jobs import find_job, last_error, read_log
from .plots import Picture

KIND = "dataset"
THUMBNAIL_PX = 256


class DatasetStatus(NamedTuple):
    """What the panel shows of a folder.

    Attributes:
        there, asked: complete samples; ``asked`` is 0 while the run has not said it.
        left: how long the rest will take, in words; empty while nobody knows.
        newest: the sample that was finished last, as a picture, or None.
        error: why the last run ended early.
    """

    is_running: bool = False
    there: int = 0
    asked: int = 0
    per_hour: int = 0
    left: str = ""
    newest: Picture | None = None
    error: str = ""

    @property
    def fraction(self) -> float:
        return self.there / self.asked if self.asked else 0.0

    def line(self) -> str:
        """One line for the progress bar."""
        if not self.asked:
            return "Starting"
        return f"{self.there} of {self.asked}, {self.left} left"


def dataset_command(
    out: Path, settings: Settings, count: int, assets: Path | None, workers: int, device: str
) -> list[str]:
    """The process that renders a dataset, or goes on with it."""
    options: dict[str, object] = {name: value for name, value in settings.table().items() if name != "format"}
    options |= {"count": count, "workers": workers, "device": device}
    if assets is not None:
        options["assets"] = assets
    return worker_command([str(out), *(word for name, value in options.items() for word in (f"--{name}", str(value)))])


def look_at_dataset(folder: Path) -> DatasetStatus:
    """Read a folder's job and samples; costs a few file reads while a job is at work."""
    job = find_job(folder)
    is_running = job is not None and job.is_running()
    lines = read_log(folder) if job is not None and job.kind == KIND else []
    told = next((progress for line in reversed(lines) if (progress := read_progress(line))), None)
    if told is None:
        samples = list_samples(folder) if folder.is_dir() else []
        status = DatasetStatus(is_running, len(samples), newest=_thumbnail(samples[-1]) if samples else None)
    else:
        newest = _thumbnail(folder / told.newest)
        status = DatasetStatus(is_running, told.there, told.asked, told.per_hour, told.left, newest)
    if not is_running and lines and not (told and told.there >= told.asked):
        return status._replace(error=last_error(lines))
    return status


def _thumbnail(sample: Path) -> Picture | None:
    try:
        return draw_sample(sample)
    except SampleError:  # removed, or of another version
        return None


@lru_cache(maxsize=4)
def draw_sample(folder: Path) -> Picture:
    """A sample for an icon of at most 256 px, exposed so that the face is seen.

    Raises:
        SampleError: it is no sample.
    """
    maps = read_sample(folder, ["full", "matte"]).maps
    full, step = maps["full"][:, :, :3], -(-maps["full"].shape[0] // THUMBNAIL_PX)
    side = full.shape[0] // step
    small = full[: side * step, : side * step].reshape(side, step, side, step, 3).mean(axis=(1, 3))
    person = full[maps["matte"][:, :, 0] > 0.5]
    bright = float(np.percentile(person, 90)) if len(person) else 0.0
    encoded = linear_to_srgb(np.clip(small * (0.6 / bright if bright > 0 else 1.0), 0, 1))
    return Picture(str(folder), np.concatenate([encoded, np.ones_like(encoded[:, :, :1])], axis=-1))
