"""Who renders what: several runs on one folder share its groups by claims, hidden files that name their holder.

Claims save work and guard nothing: a sample appears whole under its name whoever writes it, and every writer of it
writes the same pixels. So the moment in which two runs take over one stale claim may cost time, never a sample.
"""

import json
import os
import socket
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

# The holder of a claim touches it every REFRESH_S. Clocks of two machines may differ by minutes.
REFRESH_S = 30.0
STALE_S = 900.0


class Holder(NamedTuple):
    """Who made a claim.

    Attributes:
        task: number of the Slurm job or array task that it is of, empty outside of Slurm.
        start: how often that task had been queued again.
    """

    host: str
    pid: int
    task: str = ""
    start: int = 0


class Claims:
    """The claims of one run on the groups of the dataset in ``out``."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.mine: set[int] = set()
        self._refreshed = time.monotonic()

    def take(self, group: int) -> bool:
        """Claim a group; False where another run that is alive holds it."""
        path = self._path(group)
        if is_stale(path):
            path.unlink(missing_ok=True)
        try:
            with open(path, "x") as file:
                json.dump(_this_process()._asdict(), file)
        except FileExistsError:
            return False
        self.mine.add(group)
        return True

    def release(self, group: int) -> None:
        self.mine.discard(group)
        self._path(group).unlink(missing_ok=True)

    def refresh(self) -> None:
        """Show the other runs that this one is alive; call it every few seconds."""
        if time.monotonic() - self._refreshed < REFRESH_S:
            return
        self._refreshed = time.monotonic()
        for group in self.mine:
            with suppress(FileNotFoundError):
                os.utime(self._path(group))

    def is_held(self, group: int) -> bool:
        """Whether another run that is alive holds a group."""
        path = self._path(group)
        return path.exists() and not is_stale(path)

    def holder(self, group: int) -> str:
        """Who holds a group, in words."""
        found = _read(self._path(group))
        return f"process {found.pid} on {found.host}" if found else "another run"

    def _path(self, group: int) -> Path:
        return self.out / f".group-{group:06d}.claim"


def is_stale(path: Path) -> bool:
    """Whether the holder of a claim is dead or has fallen silent; False where there is no claim."""
    try:
        age_s = time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return False
    found, ours = _read(path), _this_process()
    # Windows has no signal that only asks.
    if found and found.host == ours.host and os.name == "posix" and not _is_alive(found.pid):
        return True
    # A task that was queued again has ended where it was, be that another machine.
    if found and ours.task and found.task == ours.task and found.start < ours.start:
        return True
    # What lives under the holder's number may be another process: a machine or container that starts counts anew.
    return age_s > STALE_S


def _this_process() -> Holder:
    task, start = os.environ.get("SLURM_JOB_ID", ""), os.environ.get("SLURM_RESTART_COUNT", "")
    return Holder(socket.gethostname(), os.getpid(), task, int(start) if start.isdecimal() else 0)


def _read(path: Path) -> Holder | None:
    try:
        found = json.loads(path.read_text())
        return Holder(str(found["host"]), int(found["pid"]), str(found.get("task", "")), int(found.get("start", 0)))
    except (OSError, ValueError, KeyError, TypeError):  # gone by now, or not yet written
        return None


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
