"""What Cycles renders on: a GPU where there is one, or what the user forces."""

from collections.abc import Callable, Sequence

import bpy

from ..errors import ConfigError, RenderError
from .muting import muted

CPU = "cpu"
# In the order in which they are tried: OptiX traces rays in hardware on the same cards that CUDA runs on.
GPUS = ("optix", "cuda", "hip", "metal", "oneapi")
DEVICES = ("auto", CPU, "gpu", *GPUS)

# Names of the devices of one kind on this machine.
Probe = Callable[[str], Sequence[str]]


def choose_device(wanted: str = "auto", probe: Probe | None = None) -> tuple[str, tuple[str, ...]]:
    """Pick the kind of device to render on.

    Args:
        wanted: one of ``DEVICES``; ``auto`` falls back to the processor, ``gpu`` and a named kind do not.
        probe: None asks Cycles.

    Returns:
        ``cpu`` or one of ``GPUS``, and the names of its devices.

    Raises:
        ConfigError: ``wanted`` is no device.
        RenderError: the device that was forced is not here.
    """
    if wanted not in DEVICES:
        raise ConfigError(f"--device {wanted}: write one of {', '.join(DEVICES)}.")
    if wanted == CPU:
        return CPU, ()
    kinds = GPUS if wanted in ("auto", "gpu") else (wanted,)
    for kind in kinds:
        names = tuple((probe or gpu_names)(kind))
        if names:
            return kind, names
    if wanted == "auto":
        return CPU, ()
    tried = ", ".join(kinds)
    raise RenderError(
        f"--device {wanted}: Cycles finds no such GPU here (tried {tried}). "
        "Install its driver, or render with --device cpu."
    )


def gpu_names(kind: str) -> list[str]:
    """The GPUs that Cycles lists for one kind of ``GPUS``; none where this Blender was built without it."""
    preferences = _preferences()
    with muted():  # Cycles complains of each driver that it does not find
        offered = [item[0] for item in preferences.get_device_types(bpy.context)]
        if kind.upper() not in offered:
            return []
        return [entry.name for entry in preferences.get_devices_for_type(kind.upper()) if entry.type == kind.upper()]


def use_device(scene: bpy.types.Scene, kind: str) -> None:
    """Render ``scene`` on every GPU of the kind, and not on the processor beside them; or on the processor."""
    if kind == CPU:
        scene.cycles.device = "CPU"
        return
    preferences = _preferences()
    preferences.compute_device_type = kind.upper()
    for entry in preferences.get_devices_for_type(kind.upper()):
        entry.use = entry.type == kind.upper()
    scene.cycles.device = "GPU"


def _preferences() -> bpy.types.AddonPreferences:
    return bpy.context.preferences.addons["cycles"].preferences
