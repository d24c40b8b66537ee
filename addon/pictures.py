"""Picture files that are whole or not there: PNG and multilayer EXR under another name first, then renamed.

And a picture as the EXR file that Blender packs, in memory: Blender would take a second for a large one, in its window.

Arrays are (H, W, C), top row first. No bpy: a thread runs it.
"""

import contextlib
import errno
import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..errors import ExportError, SampleError
from ..synth.exr import write_exr

_PNG_COLOUR_TYPES = {1: 0, 3: 2, 4: 6}  # channels -> grey, RGB, RGBA: PNG (third edition), 11.2.1


class Exr(NamedTuple):
    """A picture as an EXR file in memory, for Blender to pack.

    Attributes:
        content: of the file.
        is_data: its values are numbers rather than colours.
    """

    content: bytes
    is_data: bool = False


def encode(rgba: np.ndarray, is_data: bool = False) -> Exr:
    """A picture (H, W, 4) in 32 bit floats without compression: quick to write and to read.

    By hand: the module OpenEXR writes files alone, and a relit photo shall need no room on a disk.

    Source: "OpenEXR File Layout", openexr.com/en/latest/OpenEXRFileLayout.html.
    """
    height, width = rgba.shape[:2]
    window = struct.pack("<4i", 0, 0, width - 1, height - 1)
    float_channel = struct.pack("<iB3xii", 2, 0, 1, 1)
    header = struct.pack("<ii", 20000630, 2) + b"".join(
        b"%s\0%s\0%s%s" % (name, kind, struct.pack("<i", len(value)), value)
        for name, kind, value in (
            (
                b"channels",
                b"chlist",
                b"".join(name + b"\0" + float_channel for name in (b"A", b"B", b"G", b"R")) + b"\0",
            ),
            (b"compression", b"compression", b"\0"),
            (b"dataWindow", b"box2i", window),
            (b"displayWindow", b"box2i", window),
            (b"lineOrder", b"lineOrder", b"\0"),
            (b"pixelAspectRatio", b"float", struct.pack("<f", 1.0)),
            (b"screenWindowCenter", b"v2f", struct.pack("<2f", 0.0, 0.0)),
            (b"screenWindowWidth", b"float", struct.pack("<f", 1.0)),
        )
    )
    lines = np.empty(height, [("row", "<i4"), ("size", "<i4"), ("planes", "<f4", (4, width))])
    lines["row"], lines["size"] = np.arange(height), 16 * width
    lines["planes"] = rgba[:, :, ::-1].transpose(0, 2, 1)
    first = len(header) + 1 + 8 * height
    table = first + np.arange(height, dtype="<u8") * np.uint64(lines.itemsize)
    return Exr(b"".join((header, b"\0", table.tobytes(), lines.view(np.uint8))), is_data)


def write_png(path: Path, values: np.ndarray) -> None:
    """Write (H, W, 1 | 3 | 4) values in [0, 1], as they are, in 16 bits; alpha is straight.

    Raises:
        ExportError: the file can't be written; none is left.
    """
    codes = np.round(np.clip(np.nan_to_num(values), 0, 1) * 65535).astype(">u2")
    height, width, channels = codes.shape
    # Each row is told as its difference from the row above (filter type 2), which compresses pictures well.
    rows = codes.reshape(height, -1).view(np.uint8)
    rows = np.concatenate([rows[:1], rows[1:] - rows[:-1]])
    rows = np.concatenate([np.full((height, 1), 2, np.uint8), rows], axis=1)
    header = struct.pack(">IIBBBBB", width, height, 16, _PNG_COLOUR_TYPES[channels], 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), 3)), (b"IEND", b""))
    data = b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in chunks)
    _write_whole(path, lambda temporary: _write_bytes(temporary, data))


def write_layers(path: Path, maps: dict[str, np.ndarray], channels: dict[str, tuple[str, ...]]) -> None:
    """Write one EXR with the maps as they are, float16 or float32; see ``synth.exr.write_exr``.

    Raises:
        ExportError: the file can't be written; none is left.
    """
    _write_whole(path, lambda temporary: write_exr(temporary, maps, channels))


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _write_bytes(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        # A disk may only find out now that it is full.
        os.fsync(file.fileno())


def _write_whole(path: Path, write: Callable[[Path], None]) -> None:
    # The ending stays: writers choose the format by it.
    temporary = path.with_name(f".{path.stem}.unfinished{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(temporary)
        temporary.replace(path)
    except (OSError, SampleError) as error:
        raise ExportError(
            f"{path} can't be written: {_reason(error)}. Choose another folder, or free some space."
        ) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def _reason(error: OSError | SampleError) -> str:
    if not isinstance(error, OSError):
        return "the disk is full or the folder is read-only"
    known = {
        errno.ENOSPC: "the disk is full",
        errno.EDQUOT: "the disk is full",
        errno.EACCES: "the folder is read-only",
    }
    return known.get(error.errno or 0, error.strerror or str(error))
