"""Stopping a run between two steps, so that it keeps what it has learned. No torch."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def stoppable(alone: bool) -> Iterator[Callable[[], bool]]:
    """Within, the first Ctrl-C or SIGTERM only makes the yielded function answer True, the second raises at once.

    Args:
        alone: False leaves signals as they are: processes that learn together must not stop at different steps.
    """
    asked = threading.Event()
    if not alone or threading.current_thread() is not threading.main_thread():
        yield asked.is_set
        return

    def ask(number: int, frame: FrameType | None) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()

    kept = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked.is_set
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
