"""Multilayer OpenEXR files as planes: the only place that reads and writes EXR samples.

A plane is one channel (H, W) by its full name (``R``, ``normal.X``); in memory a map is (H, W, C), top row first.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..errors import SampleError


def write_exr(
    path: Path,
    maps: dict[str, np.ndarray],
    channels: dict[str, tuple[str, ...]],
    attributes: dict[str, str] | None = None,
) -> None:
    """Write maps with the dtype they have (float16 or float32), ZIP-compressed.

    Args:
        maps: name -> (H, W, C).
        channels: name -> the full names of its C channels in the file.
        attributes: further entries of the header.

    Raises:
        SampleError: the file could not be written whole (full disk, folder not writable).
    """
    import OpenEXR

    planes = {
        channel: np.ascontiguousarray(array[:, :, i])
        for name, array in maps.items()
        for i, channel in enumerate(channels[name])
    }
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage, **(attributes or {})}
    try:
        with OpenEXR.File(header, planes) as file:
            file.write(str(path))
        written = read_planes(path)
    except (OSError, RuntimeError) as error:
        raise SampleError(
            f"{path} could not be written ({error}). Is the disk full or the folder read-only?"
        ) from error
    if len(written) != len(planes):
        raise SampleError(f"{path} was cut short while writing. Free some disk space and run the same command again.")


def read_planes(path: Path) -> dict[str, np.ndarray]:
    """All channels of all parts as (H, W) arrays by their full names.

    Raises:
        SampleError: the file is missing or damaged.
    """
    return read_exr(path)[0]


def read_exr(path: Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """The planes, and the texts of the header by their names; SampleError as in ``read_planes``."""
    import OpenEXR

    planes: dict[str, np.ndarray] = {}
    texts: dict[str, str] = {}
    try:
        with OpenEXR.File(str(path), separate_channels=True) as file:
            for part in file.parts:
                planes.update({name: np.array(channel.pixels) for name, channel in part.channels.items()})
                texts.update({name: value for name, value in part.header.items() if isinstance(value, str)})
    except (OSError, RuntimeError, ValueError) as error:
        raise SampleError(f"{path} cannot be read: {error}. Delete the sample and render again.") from error
    if not planes:
        raise SampleError(f"{path} holds no channels; it was cut short. Delete the sample and render again.")
    return planes, texts


def stack(planes: dict[str, np.ndarray], channels: Sequence[str]) -> np.ndarray:
    """Gather a map (H, W, C) from its planes by their full names; SampleError names what is missing."""
    missing = [channel for channel in channels if channel not in planes]
    if missing:
        raise SampleError(f"The EXR has no channel {', '.join(missing)}. Render the sample again.")
    return np.stack([planes[channel] for channel in channels], axis=-1)
