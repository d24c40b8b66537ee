"""Keeping Blender's own lines out of the progress of a batch."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def muted() -> Iterator[None]:
    """Send what Blender prints by itself nowhere; it writes to the file descriptor, past sys.stdout."""
    sys.stdout.flush()
    kept = os.dup(1)
    silence = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(silence, 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(silence)
