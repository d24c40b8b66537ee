"""One background thread for one piece of work: progress out, cancellation in, the result or the error at the end.

The work sees arrays only; whoever started it reads the attributes from the main thread and never waits.
"""

import threading
import time
from collections.abc import Callable
from typing import Any

Progress = Callable[[float, str], None]

# A run that was cancelled in the middle of a network finishes that network; the next one waits for it.
_one_at_a_time = threading.Lock()


class Cancelled(Exception):
    """Raised inside the work, at its next report of progress, after ``Job.cancel``."""


class Job:
    """A call of ``work(progress)`` on a thread of its own.

    Attributes:
        fraction: share that is done, in [0, 1].
        text: what is being done.
    """

    def __init__(self, work: Callable[[Progress], Any]) -> None:
        self.fraction = 0.0
        self.text = "Starting"
        self._work = work
        self._started_s = time.monotonic()
        self._cancelled = threading.Event()
        self._result: Any = None
        self._error: BaseException | None = None
        # A daemon: closing Blender does not wait for a network.
        self._thread = threading.Thread(target=self._run, name="relight_stage", daemon=True)

    def start(self) -> "Job":
        self._thread.start()
        return self

    def cancel(self) -> None:
        """Ask the work to stop at its next report; does not wait."""
        self._cancelled.set()

    def is_done(self) -> bool:
        return not self._thread.is_alive()

    def elapsed_s(self) -> float:
        return time.monotonic() - self._started_s

    def line(self) -> str:
        """One line for a progress bar: percentage, what is being done, time."""
        return f"{round(100 * self.fraction)}%  {self.text}  {self.elapsed_s():.0f} s"

    def result(self) -> Any:
        """What the work returned; waits for it.

        Raises:
            Cancelled: the work stopped because it was asked to.
            Exception: whatever the work raised.
        """
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._result

    def _run(self) -> None:
        try:
            with _one_at_a_time:
                self._report(0.0, "Starting")
                self._result = self._work(self._report)
        except BaseException as error:  # handed to the main thread by result()
            self._error = error

    def _report(self, fraction: float, text: str) -> None:
        if self._cancelled.is_set():
            raise Cancelled
        self.fraction, self.text = fraction, text
