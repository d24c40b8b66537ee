"""The farm of one machine: a parent that hands groups to worker processes and survives whatever happens to them.

The parent needs no bpy. A worker that crashes, is killed or hangs costs the group it was at, which is tried again in
another process; what is complete on disk stays. docs/farm.md tells it from the user's side.
"""

import queue
import shutil
import signal
import tempfile
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from .. import errors
from ..errors import ConfigError, RelightError, RenderError, SampleError, SceneError
from ..scenes.hdris import is_hdri
from ..scenes.light_map import read_light_map, remark_on_range
from ..scenes.packs import Packs, find_packs
from .claims import Claims
from .progress import Progress
from .sample import sample_name
from .settings import Settings, Shard, claim_folder
from .workers import Worker, cpu_shares, worker_command

TRIES = 3  # of a group whose worker dies
# So many groups lost in a row, or workers that die before they are ready: something is wrong with all of them.
LOSSES_MAX = 5
# What Blender leaks is little (docs/performance.md), and a start costs two seconds.
GROUPS_A_WORKER = 100
RSS_MAX = 3 * 2**30
# Room that is left alone besides what the groups at work may take.
DISK_FREE_MIN = 500_000_000
# A worker is stuck when it is at a group this much longer than the slowest took so far; and, before any is known, or
# before it is ready, after this long.
STUCK_FACTOR, STUCK_S = 10, 600.0
FIRST_S, START_S = 7200.0, 900.0
POLL_S = 1.0

Report = Callable[[str], None]


def print_line(line: str) -> None:
    """Print at once: progress goes to log files too."""
    print(line, flush=True)


def render_dataset(
    out: Path,
    count: int,
    settings: Settings,
    assets: Path | None = None,
    workers: int = 1,
    shard: Shard = Shard(),  # noqa: B008 (immutable)
    device: str = "auto",
    report: Report = print_line,
) -> None:
    """Render samples 0 … count−1 of a dataset into ``out``; those already complete are skipped.

    When it returns, every sample asked for is complete, by this run or by another one on the same folder.

    Args:
        assets: folder with asset packs and HDRIs; None uses RELIGHT_STAGE_ASSETS, or the procedural head alone.
        workers: processes, which divide the processors among themselves.
        shard: the part of the dataset to render.

    Raises:
        ConfigError: an impossible value, or ``out`` holds a dataset of other settings.
        SceneError: the asset folder is missing or incomplete.
        SampleError: ``out`` cannot be written or the disk is nearly full.
        RenderError: some samples could not be rendered; the others are complete.
    """
    packs = check_request(out, assets, count, workers, report)
    arguments = ["--worker", str(out), "--device", device, *(["--assets", str(assets)] if assets else [])]
    command = worker_command(arguments)
    claim_folder(out, settings, packs, report)
    Farm(out, count, settings, shard, command, workers, report).run()


def check_request(out: Path, assets: Path | None, count: int, workers: int, report: Report) -> Packs:
    """Refuse what can be refused before anything is written; the asset packs otherwise."""
    if count < 1:
        raise ConfigError(f"--count {count}: at least one sample must be asked for.")
    if workers < 1:
        raise ConfigError(f"--workers {workers}: at least one worker is needed.")
    packs = find_packs(assets)
    damaged = [path.name for path in packs.hdris if not is_hdri(path)]
    if damaged:
        folder, named = packs.hdris[0].parent, ", ".join(damaged)
        raise SceneError(
            f"{named} in {folder} cannot be read as .hdr or .exr: damaged, or an ordinary picture under that name. "
            "Replace it, or remove it."
        )
    if packs.ordinary:
        named = ", ".join(path.name for path in packs.ordinary)
        report(f"No HDRI, and left out: {named}. An ordinary picture's lights are cut off.")
    if not (out / "dataset.json").exists():
        look_through(packs.hdris, report)
    return packs


def look_through(hdris: tuple[Path, ...], report: Report) -> None:
    """Read every panorama before the first sample, so that none stops a run that has gone on for days.

    Inside Blender there is no OpenCV to read .hdr with: those are looked at when they are drawn.

    Raises:
        SceneError: one is damaged, or has texels that are not numbers.
    """
    for path in hdris:
        if path.suffix.lower() == ".hdr" and find_spec("cv2") is None:
            continue
        if remark := remark_on_range(read_light_map(path), path.name):
            report(remark)


class Farm:
    """A run: the groups that wait, the workers that are at some, and what came of the others."""

    def __init__(
        self, out: Path, count: int, settings: Settings, shard: Shard, command: list[str], workers: int, report: Report
    ) -> None:
        self.out, self.count, self.settings, self.report = out, count, settings, report
        self.command, self.shares = command, cpu_shares(workers)
        self.claims = Claims(out)
        self.events: queue.Queue[tuple[Worker, Any]] = queue.Queue()
        self.workers: list[Worker] = []
        groups = shard.groups(count, settings.group)
        self.asked = sum(len(self._indices(group)) for group in groups)
        self.missing = {group: indices for group in groups if (indices := self._missing(group))}
        self.waiting = deque(self.missing)
        self.elsewhere: list[int] = []  # groups that another run holds
        self.said: set[str] = set()  # what is to be said once
        self.losses: Counter[int] = Counter()
        self.losses_in_a_row = self.false_starts = 0
        self.failed: dict[int, str] = {}
        self.ending: RelightError | None = None
        self.done = 0
        self.began = self.looked = time.monotonic()
        self.slowest_s: float | None = None

    def run(self) -> None:
        """Work until every group is complete or has failed for good."""
        if not self.asked:
            self.report("This shard holds none of these samples.")
        elif self.left < self.asked:
            self.report(f"{self.asked - self.left} of {self.asked} samples are there already.")
        with _interruptible():
            try:
                while self._is_at_work() or ((self.waiting or self.elsewhere) and not self.ending):
                    self._staff()
                    self._listen()
                    self._look_around()
            except KeyboardInterrupt:
                self.report(f"Stopped with {self.left} of {self.asked} samples to go; the same command goes on.")
                raise
            finally:
                for worker in list(self.workers):
                    self._dismiss(worker)
        if self.ending:
            raise self.ending
        if self.failed:
            named = "; ".join(f"{sample_name(self._indices(g)[0])}: {why}" for g, why in list(self.failed.items())[:3])
            raise RenderError(
                f"{self.left} of {self.asked} samples in {self.out} could not be rendered ({named}). "
                "All others are complete; the same command tries these again."
            )

    @property
    def left(self) -> int:
        """How many samples are missing still."""
        return sum(len(indices) for indices in self.missing.values())

    def _is_at_work(self) -> bool:
        return any(worker.group is not None for worker in self.workers)

    def _indices(self, group: int) -> range:
        first = group * self.settings.group
        return range(first, min(first + self.settings.group, self.count))

    def _missing(self, group: int) -> set[int]:
        return {i for i in self._indices(group) if not (self.out / sample_name(i) / "sample.json").is_file()}

    def _staff(self) -> None:
        """Give idle workers a group, and take on workers for the groups that wait."""
        if self.ending:
            return
        for worker in self.workers:
            if worker.is_ready and worker.group is None:
                self._hand_out(worker)
        idle = sum(worker.group is None for worker in self.workers)
        for share in self.shares:
            if idle >= len(self.waiting) or self.ending:
                break
            if not any(worker.share is share for worker in self.workers):
                self.workers.append(Worker(self.command, share, self.events))
                idle += 1

    def _hand_out(self, worker: Worker) -> None:
        while self.waiting:
            if not self._has_room():
                return
            group = self.waiting.popleft()
            if not self.claims.take(group):
                self.elsewhere.append(group)
                continue
            self.missing[group] = self._missing(group)
            if self.missing[group]:
                self._sweep(group)
                worker.order(group, sorted(self.missing[group]))
                return
            self.claims.release(group)  # another run has finished it by now

    def _has_room(self) -> bool:
        at_work = sum(worker.group is not None for worker in self.workers) + 1
        disks = {self.out: self.settings.group_bytes, Path(tempfile.gettempdir()): self.settings.image_bytes}
        for folder, taken in disks.items():
            free, wanted = shutil.disk_usage(folder).free, DISK_FREE_MIN + at_work * taken
            if free < wanted:
                self.ending = SampleError(
                    f"The disk of {folder} has {free // 2**20} MiB left; rendering stops below {wanted // 2**20} MiB. "
                    "Free some space and run the same command: it goes on from there."
                )
        return self.ending is None

    def _listen(self) -> None:
        """Wait a moment for what the workers have to say, and take all of it in."""
        try:
            worker, message = self.events.get(timeout=POLL_S)
            while True:
                if worker in self.workers:
                    self._heed(worker, message)
                worker, message = self.events.get_nowait()
        except queue.Empty:
            pass

    def _heed(self, worker: Worker, message: dict[str, Any] | None) -> None:
        match message:
            case None:
                self._bury(worker)
            case {"error": _}:
                worker.error = message
            case {"sample": int(index)} if worker.group is not None:
                self._count(worker.group, index)
            case {"group": int(group), "rss": int(rss)}:
                took_s = time.monotonic() - worker.began
                self.slowest_s = max(took_s, self.slowest_s or 0)
                self.losses_in_a_row = 0
                self.missing[group] = set()
                self.claims.release(group)
                worker.done()
                if worker.groups >= GROUPS_A_WORKER or rss > RSS_MAX:
                    self._dismiss(worker)
            case {"ready": said}:
                worker.is_ready = True
                self.false_starts = 0
                self._say_once(said)

    def _count(self, group: int, index: int) -> None:
        """A sample of a group at work is complete."""
        self.done += 1
        self.missing[group].discard(index)
        self.report(self._progress(sample_name(index)).line())

    def _progress(self, newest: str) -> Progress:
        pace_s = (time.monotonic() - self.began) / self.done
        return Progress(newest, self.asked - self.left, self.asked, round(3600 / pace_s), _span(pace_s * self.left))

    def _bury(self, worker: Worker) -> None:
        """A worker has ended by itself: its group is tried again by another, or given up."""
        why, group = worker.reason(), worker.group
        kind = worker.error["error"] if worker.error else None
        self._dismiss(worker)
        if group is None:
            self.false_starts += not worker.is_ready
            if kind or self.false_starts >= LOSSES_MAX:
                self.ending = _error(kind, f"No worker gets to work: {why}" if not kind else why)
            return
        # It may have died between writing a sample and saying so.
        for index in sorted(self.missing[group] - self._missing(group)):
            self._count(group, index)
        if not self.missing[group]:
            return
        if kind in (ConfigError.__name__, SampleError.__name__):
            # A full disk, a wrong option or a panorama that cannot be read: other groups would meet it too.
            self.ending = _error(kind, why)
            return
        self.losses[group] += 1
        name = sample_name(self._indices(group)[0])
        # The same scene would be refused again.
        if kind != SceneError.__name__ and self.losses[group] < TRIES:
            self.report(f"{name} is lost: {why}. It will be tried again.")
            self.waiting.append(group)
            return
        self.failed[group] = why
        self.report(f"{name} has failed: {why}.")
        self.losses_in_a_row += 1
        if self.losses_in_a_row >= LOSSES_MAX:
            self.ending = RenderError(
                f"{LOSSES_MAX} groups in a row have failed ({name}: {why}). "
                "Mend what they have in common and run the same command: it goes on from there."
            )

    def _dismiss(self, worker: Worker) -> None:
        """End a worker and give back what it held."""
        worker.stop()
        self.workers.remove(worker)
        if worker.group is not None:
            self._sweep(worker.group)
            self.claims.release(worker.group)

    def _sweep(self, group: int) -> None:
        """Remove what killed workers left of a group that this run holds."""
        for index in self._indices(group):
            for partial in self.out.glob(f".{sample_name(index)}.*partial"):
                shutil.rmtree(partial, ignore_errors=True)

    def _look_around(self) -> None:
        """Every second or two: show that this run is alive, look for stuck workers and at other runs' groups."""
        now = time.monotonic()
        if now - self.looked < POLL_S:
            return
        self.looked = now
        self.claims.refresh()
        group_s = FIRST_S if self.slowest_s is None else STUCK_FACTOR * self.slowest_s + STUCK_S
        for worker in self.workers:
            if worker.group is not None and now - worker.began > group_s:
                worker.give_up(f"its worker has been at it for {_span(group_s)}")
            elif not worker.is_ready and now - worker.began > START_S:
                worker.give_up(f"a worker was not ready after {_span(START_S)}")
        held = [group for group in self.elsewhere if self.claims.is_held(group)]
        self.waiting.extend(group for group in self.elsewhere if group not in held)
        self.elsewhere = held
        if held and not self.waiting and not self._is_at_work():
            self._say_once(f"What is left is at {self.claims.holder(held[0])}; waiting for it.")

    def _say_once(self, line: str) -> None:
        if line and line not in self.said:
            self.said.add(line)
            self.report(line)


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM raise KeyboardInterrupt; inside Blender they would do something else."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [signal.SIGINT]
    # A SIGTERM that somebody listens to already is theirs: Slurm says by it that a task will be preempted, and one that
    # ends by itself then counts as failed and is not queued again. submitit waits.
    if not callable(signal.getsignal(signal.SIGTERM)):
        numbers.append(signal.SIGTERM)
    kept = {number: signal.signal(number, signal.default_int_handler) for number in numbers}
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler or signal.SIG_DFL)


def _error(kind: str | None, sentence: str) -> RelightError:
    return getattr(errors, kind or "RenderError")(sentence)


def _span(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 1:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 120 else f"{minutes / 60:.1f} h"
