"""Memory that runs out ends in a sentence that offers a smaller size; nothing else is taken for it."""

import pytest
from onnxruntime.capi import onnxruntime_pybind11_state as failures

from relight_stage.errors import PhotoError
from relight_stage.nets.memory import memory_for


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        failures.RuntimeException("[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : std::bad_alloc"),
        failures.Fail("[ONNXRuntimeError] : 1 : FAIL : Failed to allocate memory for requested buffer of size 86400"),
        failures.RuntimeException("CUDA failure 2: out of memory"),
    ],
)
def test_memory_that_runs_out_offers_a_smaller_size(error):
    with pytest.raises(PhotoError) as caught, memory_for("large.png", (4000, 6000, 4)):
        raise error
    text = "Memory ran out with large.png at 6000x4000 px. Scale it to 3000x2000 px, or close other programs."
    assert str(caught.value) == text


def test_memory_that_runs_out_with_a_picture_of_unknown_size_is_a_sentence_too():
    wanted = r"^Memory ran out with this picture\. Use a smaller one"
    with pytest.raises(PhotoError, match=wanted), memory_for("this picture"):
        raise MemoryError


def test_other_failures_of_the_networks_are_not_hidden():
    with pytest.raises(failures.Fail, match="shape"), memory_for("photo", (64, 64)):
        raise failures.Fail("wrong shape")
