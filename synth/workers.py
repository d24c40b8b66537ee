"""Worker processes: each is a Blender that renders the groups which its parent names, one at a time.

The parent writes the indices of a group's wanted samples on a line of the worker's stdin; the worker answers with lines
of JSON behind ``MARK`` on its stdout, where Blender talks too. The worker's stdin closes when its parent is gone,
however it went, and then the worker ends at once, in the middle of a render if need be (``synth.render.serve``).
"""

import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import suppress
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

MARK = "@relight-stage "
SCRATCH = "RELIGHT_STAGE_SCRATCH"  # names the folder that a worker removes when its parent is gone
SCRIPT = Path(__file__).with_name("render.py")


def worker_command(arguments: Sequence[str]) -> list[str]:
    """The command that runs ``relight-stage render`` with ``arguments`` in another process like this one.

    Raises:
        ModuleNotFoundError: this Python has no bpy and is not inside Blender.
    """
    bpy = sys.modules.get("bpy")
    if bpy is not None and bpy.app.binary_path:
        start = ["--factory-startup"] if bpy.app.factory_startup else []
        return [bpy.app.binary_path, "-b", *start, "--python-exit-code", "1", "-P", str(SCRIPT), "--", *arguments]
    if find_spec("bpy") is None:
        raise ModuleNotFoundError("No module named 'bpy'", name="bpy")
    return [sys.executable, str(SCRIPT), "--", *arguments]


def cpu_shares(workers: int) -> list[set[int]]:
    """Divide the processors that this process may use among workers, each a share of its own while there are enough."""
    usable = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count() or 1))
    if workers >= len(usable):
        return [{usable[i % len(usable)]} for i in range(workers)]
    ends = [len(usable) * i // workers for i in range(workers + 1)]
    return [set(usable[a:b]) for a, b in pairwise(ends)]


class Worker:
    """A process, and what it is at.

    Args:
        command: from ``worker_command``.
        share: the processors that it may use.
        events: where (worker, message) go; a message is a dict, or None when the process has ended.

    Attributes:
        group: the group that it renders, or None.
        began: when it was handed that group, or else started, by time.monotonic().
        groups: how many groups it has finished.
    """

    def __init__(self, command: Sequence[str], share: set[int], events: "queue.Queue[tuple[Worker, Any]]") -> None:
        self.share = share
        self.group: int | None = None
        self.began = time.monotonic()
        self.groups = 0
        self.is_ready = False
        self.error: dict[str, str] | None = None
        self._given_up = ""
        self._tail: deque[str] = deque(maxlen=40)
        # Cycles' images go here and not to the system's temporary folder, where a killed worker would leave them.
        self._folder = tempfile.mkdtemp(prefix="relight-stage-")
        environment = {**os.environ, **dict.fromkeys(("TMPDIR", "TEMP", "TMP", SCRATCH), self._folder)}
        environment.update(OIDN_NUM_THREADS=str(len(share)), OIDN_SET_AFFINITY="0")
        # Matrix products on several threads round otherwise than on one: vertices, and then pixels, would depend on how
        # many processors a worker has.
        environment.update(dict.fromkeys(("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"))
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=environment,
            # Ctrl-C in a terminal goes to all of a session; the parent is the one to hear it.
            start_new_session=True,
        )
        if hasattr(os, "sched_setaffinity"):
            # Before its threads are there: they inherit it, and TBB starts no more of them than there are processors.
            os.sched_setaffinity(self._process.pid, share)
        threading.Thread(target=self._listen, args=(events,), daemon=True).start()

    def order(self, group: int, indices: Iterable[int]) -> None:
        """Hand it a group of which the samples ``indices`` are wanted."""
        self.group, self.began = group, time.monotonic()
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # it has just died; its last event says so
            print(*indices, file=self._process.stdin, flush=True)

    def done(self) -> None:
        """Take note that its group is finished."""
        self.group = None
        self.groups += 1

    def give_up(self, why: str) -> None:
        """Kill it for a reason; its last event follows."""
        self._given_up = why
        self._process.kill()

    def stop(self) -> None:
        """End it, whatever it is doing, and remove its temporary files."""
        self._process.kill()
        self._process.wait()
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # an order that nobody has read
            self._process.stdin.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def reason(self) -> str:
        """Why it ended, in words."""
        code = self._process.wait()
        if self.error:
            return self.error["sentence"]
        if self._given_up:
            return self._given_up
        if code < 0:
            name = signal.Signals(-code).name
            return f"its worker was killed ({name}{', perhaps out of memory' if name == 'SIGKILL' else ''})"
        said = next((line for line in reversed(self._tail) if line.strip()), "without a word")
        return f"its worker ended with exit code {code}: {said.strip()}"

    def _listen(self, events: "queue.Queue[tuple[Worker, Any]]") -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                said, mark, message = line.partition(MARK)
                if mark:
                    events.put((self, json.loads(message)))
                elif said.strip():
                    self._tail.append(said)
        events.put((self, None))
