"""Looking at folders beside Blender: what a panel draws is read on a thread; no disk holds the window. No bpy."""

import math
import threading
import time
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar


class Status(Protocol):
    """What a look finds; all but ``is_running`` is between the look and the panel."""

    @property
    def is_running(self) -> bool: ...


Key = TypeVar("Key")
Seen = TypeVar("Seen", bound=Status)


class Watch(Generic[Key, Seen]):
    """The last look at each of some things, renewed as long as somebody asks for it.

    Args:
        look: called on a thread, one at a time.
        nothing: what is answered before the first look.
        every_s: how old a look may become.
    """

    def __init__(self, look: Callable[[Key], Seen], nothing: Seen, every_s: float = 0.5) -> None:
        self._look, self._nothing, self._every_s = look, nothing, every_s
        self._seen: dict[Key, Seen] = {}
        self._looked: dict[Key, float] = {}
        self._thread: threading.Thread | None = None
        self._news = False

    def ask(self, key: Key) -> Seen:
        """The last that was seen, at once; a new look begins if that one is old."""
        seen = self._seen.get(key, self._nothing)
        is_old = time.monotonic() - self._looked.get(key, -math.inf) >= self._every_s
        if is_old and self.is_idle():
            self._thread = threading.Thread(target=self._renew, args=(key,), name="relight_stage watch", daemon=True)
            self._thread.start()
        elif is_old or seen.is_running:
            self._news = True  # asked too early: ask again soon
        return seen

    def look_again(self) -> None:
        """Take every look for old: something was just started or stopped."""
        self._looked.clear()
        self._news = True

    def take_news(self) -> bool:
        """Whether to ask again: something was seen since, or goes on."""
        news, self._news = self._news, False
        return news

    def is_idle(self) -> bool:
        return self._thread is None or not self._thread.is_alive()

    def _renew(self, key: Key) -> None:
        seen = self._look(key)
        changed = seen != self._seen.get(key, self._nothing)
        self._seen[key], self._looked[key] = seen, time.monotonic()
        self._news = self._news or changed or seen.is_running
