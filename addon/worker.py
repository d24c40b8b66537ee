"""Background threads: a job with progress, cancellation and one result; a stream of which only the newest counts.

The work sees arrays only; whoever started it reads the attributes from the main thread and never waits.
"""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

Progress = Callable[[float, str], None]
_NICE = 10  # how much more a thread of ours yields than Blender's own, of 19

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
        _let_window_go_first()
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


class Stream:
    """A thread that answers the newest request only, with results that become better until a newer one comes.

    Args:
        work: ``work(request)`` yields results, rough to good.
        settle_s: how long no newer request must have come before the next, better result is begun.
        interrupt: called when a newer request comes while a result is being made better; it may make the work raise.
    """

    def __init__(
        self, work: Callable[[Any], Iterator[Any]], settle_s: float, interrupt: Callable[[], Any] = lambda: None
    ) -> None:
        self._work, self._settle_s, self._interrupt = work, settle_s, interrupt
        self._changed = threading.Condition()
        self._request: Any = None
        self._answer: Callable[[], Any] | None = None
        self._is_refining = self._is_closed = False
        threading.Thread(target=self._run, name="relight_stage_stream", daemon=True).start()

    def submit(self, request: Any) -> None:
        """Ask for something else; what was asked before is dropped."""
        with self._changed:
            self._request = request
            self._changed.notify()
            if self._is_refining:
                self._interrupt()

    def take(self) -> Any:
        """The newest result since the last call, or None; raises what the work raised. Never waits."""
        with self._changed:
            answer, self._answer = self._answer, None
        return answer() if answer is not None else None

    def close(self) -> None:
        """End the thread once it is between two results; does not wait."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()

    def _run(self) -> None:
        _let_window_go_first()
        while True:
            with self._changed:
                self._changed.wait_for(self._is_unwanted)
                if self._is_closed:
                    return
                request, self._request = self._request, None
            self._serve(request)

    def _serve(self, request: Any) -> None:
        results, is_better = self._work(request), False
        while True:
            try:
                with _one_at_a_time:
                    # Another job may have been waited for; its network must not be interrupted, only ours.
                    with self._changed:
                        if is_better and self._is_unwanted():
                            return
                        self._is_refining = is_better
                    result = next(results)
            except StopIteration:
                return
            except BaseException as error:  # take() raises it, unless something else is wanted by now
                if not self._is_unwanted():
                    self._offer(partial(_raise, error))
                return
            finally:
                self._is_refining = False
            self._offer(partial(_give, result))
            with self._changed:
                if self._changed.wait_for(self._is_unwanted, self._settle_s):
                    return
            is_better = True

    def _is_unwanted(self) -> bool:
        return self._request is not None or self._is_closed

    def _offer(self, answer: Callable[[], Any]) -> None:
        with self._changed:
            self._answer = answer


def _let_window_go_first() -> None:
    """Lower the priority of this thread and of those that it will start, where threads have one of their own."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)


def _give(result: Any) -> Any:
    return result


def _raise(error: BaseException) -> None:
    raise error
