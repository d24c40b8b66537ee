"""Work that goes on without Blender: a process in a session of its own, and the folder that tells about it. No bpy.

FOLDER/job.json names the process, FOLDER/job.log is what it prints, FOLDER/job.stop asks it to end where there are no
signals for that (cli.py looks for it). Whoever opens the folder finds the job again: this
Blender, another one, or the same one after it was closed.
"""

import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import SampleError

STATE, LOG, STOP = "job.json", "job.log", "job.stop"
TAIL_BYTES = 16_384
# Of cli.py: which file it looks for, and the one sentence in which a command says why it ends.
_STOP_FILE = "RELIGHT_STAGE_STOP_FILE"
_SENTENCE = "relight-stage: "
_STOPPED = "interrupted."


class Job(NamedTuple):
    """A process that works in a folder.

    Attributes:
        folder: where it works.
        kind: what it does there, for example ``dataset``.
        pid, began: together they name one process of ``host``; process numbers are used again.
        started_s: when it was started, as time.time() has it.
    """

    folder: Path
    kind: str
    pid: int
    began: str
    host: str
    started_s: float

    def is_here(self) -> bool:
        return self.host == socket.gethostname()

    def is_running(self) -> bool:
        """Whether the process is alive; of one on another machine only its own log tells, so it counts as gone."""
        return self.is_here() and self.began != "" and _began(self.pid) == self.began

    def stop(self) -> None:
        """Ask it to finish what it must and end; does not wait."""
        if not self.is_running():
            return
        if sys.platform == "win32":  # where SIGTERM would end it at once, without a checkpoint
            (self.folder / STOP).touch()
        else:
            os.kill(self.pid, signal.SIGTERM)

    def kill(self) -> None:
        """End it at once. What it had finished stays; its own workers notice and end."""
        if self.is_running():
            os.kill(self.pid, signal.SIGKILL if os.name == "posix" else signal.SIGTERM)


def start_job(folder: Path, kind: str, command: Sequence[str], environment: Mapping[str, str] | None = None) -> Job:
    """Start a process that outlives this one, below it in priority.

    Args:
        environment: variables to set besides those of this process.

    Raises:
        SampleError: the folder cannot be written, a job is running in it, or the program cannot be started.
    """
    at_work = find_job(folder)
    if at_work is not None and at_work.is_running():
        raise SampleError(f"Process {at_work.pid} is already at work in {folder}. Stop it, or choose another folder.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / STOP).unlink(missing_ok=True)
        log = (folder / LOG).open("wb")
    except OSError as error:
        raise SampleError(f"{folder} cannot be written: {error.strerror}. Choose a folder of your own.") from error
    with log:
        try:
            process = subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(environment or {}), _STOP_FILE: str((folder / STOP).absolute())},
                **_apart(),
            )
        except OSError as error:
            raise SampleError(f"{command[0]} cannot be started: {error.strerror}. Choose another program.") from error
    if hasattr(os, "setpriority"):
        os.setpriority(os.PRIO_PROCESS, process.pid, 5)
    job = Job(folder, kind, process.pid, _began(process.pid), socket.gethostname(), time.time())
    state = {name: value for name, value in job._asdict().items() if name != "folder"}
    (folder / STATE).write_text(json.dumps(state, indent=1), encoding="utf-8")
    return job


def find_job(folder: Path) -> Job | None:
    """The last job that was started in a folder, running or not; None where there was none."""
    try:
        state = json.loads((folder / STATE).read_text(encoding="utf-8"))
        return Job(folder, str(state["kind"]), int(state["pid"]), state["began"], state["host"], state["started_s"])
    except (OSError, ValueError, KeyError, TypeError):  # none, or half written
        return None


def read_log(folder: Path) -> list[str]:
    """The last lines that the job of a folder printed."""
    try:
        with (folder / LOG).open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL_BYTES))
            return file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return []


def last_error(lines: Sequence[str]) -> str:
    """Why a job that has ended and was not done did so, in one sentence; empty where it was stopped."""
    for line in reversed(lines):
        if line.startswith(_SENTENCE):
            sentence = line.removeprefix(_SENTENCE)
            return "" if sentence == _STOPPED else sentence
        if line.startswith("Traceback"):
            return f"It failed: {next(said for said in reversed(lines) if said.strip())}"
    return f"It ended without a word: killed, or out of memory. {LOG} in its folder has what it printed."


class KnownJobs:
    """The folders in which jobs were started, in a file: a new .blend knows of them too.

    Args:
        path: one folder a line, the newest last.
    """

    KEPT = 20

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, folder: Path) -> None:
        others = [known for known in self.folders() if known != folder]
        lines = [str(known) for known in [*others, folder][-self.KEPT :]]
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text("\n".join(lines), encoding="utf-8")

    def folders(self) -> list[Path]:
        try:
            return [Path(line) for line in self.path.read_text(encoding="utf-8").splitlines() if line]
        except OSError:
            return []

    def running(self) -> list[Job]:
        """Those at work now, the newest first."""
        jobs = (find_job(folder) for folder in reversed(self.folders()))
        return [job for job in jobs if job is not None and job.is_running()]


def _apart() -> dict[str, Any]:
    """How to start a process that neither a closed window nor Ctrl-C in a terminal reaches."""
    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
        return {"creationflags": flags | subprocess.BELOW_NORMAL_PRIORITY_CLASS}
    return {"start_new_session": True}


def _began(pid: int) -> str:
    """When a process began, as its system words it; empty where there is no such process, or it has ended."""
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        try:
            # proc(5): behind the name in brackets come the state and, as the twentieth, the start in clock ticks.
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            return ""
        return "" if fields[0] in "ZX" else fields[19]
    if sys.platform == "win32":
        return _began_on_windows(pid)
    said = subprocess.run(["ps", "-o", "state=,lstart=", "-p", str(pid)], capture_output=True, text=True).stdout.split()
    return "" if not said or said[0].startswith("Z") else " ".join(said[1:])


def _began_on_windows(pid: int) -> str:
    kernel = ctypes.windll.kernel32  # type: ignore[attr-defined]
    handle = kernel.OpenProcess(0x1000, False, pid)  # PROCESS_QUERY_LIMITED_INFORMATION
    if not handle:
        return ""
    code, times = ctypes.c_ulong(), [ctypes.c_ulonglong() for _ in range(4)]
    kernel.GetExitCodeProcess(handle, ctypes.byref(code))
    kernel.GetProcessTimes(handle, *map(ctypes.byref, times))
    kernel.CloseHandle(handle)
    return str(times[0].value) if code.value == 259 else ""  # STILL_ACTIVE
