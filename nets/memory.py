"""Memory that runs out, in one sentence that offers a smaller size; whoever relights photos wraps the work in it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import PhotoError


@contextmanager
def memory_for(name: str, shape: tuple[int, ...] | None = None) -> Iterator[None]:
    """Say of memory that runs out which picture it was, and offer a smaller size where ``shape`` tells it."""
    from onnxruntime.capi import onnxruntime_pybind11_state as failures

    try:
        yield
    except (MemoryError, failures.RuntimeException, failures.Fail) as error:
        # ONNX Runtime words it by provider: "Failed to allocate memory", "bad allocation", "std::bad_alloc",
        # "CUDA failure 2: out of memory".
        if not isinstance(error, MemoryError) and not re.search(r"alloc|out of memory", str(error), re.IGNORECASE):
            raise
        if shape is None:
            raise PhotoError(f"Memory ran out with {name}. Use a smaller one, or close other programs.") from error
        height, width = shape[:2]
        raise PhotoError(
            f"Memory ran out with {name} at {width}x{height} px. Scale it to {width // 2}x{height // 2} px, or close "
            "other programs."
        ) from error
