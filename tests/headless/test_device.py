"""Which device is chosen, on machines that have it and on such as have not."""

import bpy
import pytest

from relight_stage.errors import ConfigError, RenderError
from relight_stage.synth.device import DEVICES, GPUS, choose_device, gpu_names, use_device


def machine(**devices):
    """A probe of a machine with these GPUs."""
    return lambda kind: devices.get(kind, ())


def test_the_first_kind_in_order_is_chosen():
    both = machine(cuda=("Card",), optix=("Card",), hip=("Other",))
    assert choose_device("auto", both) == choose_device("gpu", both) == ("optix", ("Card",))
    assert choose_device("auto", machine(oneapi=("Arc",), metal=("M4",))) == ("metal", ("M4",))


def test_a_forced_kind_is_chosen_before_a_better_one():
    assert choose_device("cuda", machine(cuda=("A", "B"), optix=("A", "B"))) == ("cuda", ("A", "B"))
    assert choose_device("cpu", machine(optix=("A",))) == ("cpu", ())


def test_without_a_gpu_auto_takes_the_processor():
    assert choose_device("auto", machine()) == ("cpu", ())


@pytest.mark.parametrize("wanted", ["gpu", *GPUS])
def test_a_forced_device_that_is_not_here_is_an_error_and_no_fall_back(wanted):
    with pytest.raises(RenderError, match=f"--device {wanted}"):
        choose_device(wanted, machine())


def test_an_unknown_device_is_named_with_those_there_are():
    with pytest.raises(ConfigError, match=r"--device tpu: write one of auto, cpu, gpu, optix"):
        choose_device("tpu")


@pytest.mark.parametrize("kind", GPUS)
def test_cycles_answers_for_every_kind(kind):
    """What Blender itself lists: names where there are devices, nothing where there are none, never a failure."""
    names = gpu_names(kind)
    offered = [item[0] for item in bpy.context.preferences.addons["cycles"].preferences.get_device_types(bpy.context)]
    assert all(isinstance(name, str) and name for name in names)
    assert not names or kind.upper() in offered


def test_the_processor_is_set_on_the_scene():
    scene = bpy.data.scenes.new("device")
    try:
        scene.cycles.device = "GPU"
        use_device(scene, "cpu")
        assert scene.cycles.device == "CPU"
    finally:
        bpy.data.scenes.remove(scene)


def test_every_kind_can_be_asked_for():
    assert set(DEVICES) == {"auto", "cpu", "gpu", *GPUS}
