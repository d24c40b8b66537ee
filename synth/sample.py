"""A sample on disk: a folder with maps.exr, light.exr, perhaps olat.exr, and sample.json, which is written last.

A folder is complete when it bears its final name: samples are written into a hidden folder that is renamed whole.
"""

import json
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..errors import SampleError
from .exr import read_planes, stack, write_exr
from .passes import MAPS

FORMAT = 1
RGB = ("R", "G", "B")


class Sample(NamedTuple):
    """One rendered portrait.

    Attributes:
        meta: the content of sample.json.
        maps: name -> (H, W, C) float32 as in synth.passes.MAPS.
        light_map: (64, 128, 3) float32, camera frame.
    """

    meta: dict[str, Any]
    maps: dict[str, np.ndarray]
    light_map: np.ndarray


class Olat(NamedTuple):
    """One-light-at-a-time images: each light is a disc of solid angle 4π/N with 1 W/m² at perpendicular incidence.

    Attributes:
        diffuse: (N, H, W, 3) float16, associated alpha.
        specular: (N, H, W, 3) float16.
        directions: (N, 3) towards the lights, camera frame.
    """

    diffuse: np.ndarray
    specular: np.ndarray
    directions: np.ndarray


def sample_name(index: int) -> str:
    return f"{index:06d}"


def write_sample(folder: Path, sample: Sample, olat: Olat | None = None) -> None:
    """Write a sample; it appears under its name only when it is whole.

    Raises:
        SampleError: the disk is full or the folder cannot be written.
    """
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir(parents=True)
        # Depth needs more than half a float's eleven bits.
        maps = {name: a.astype(np.float32 if name == "depth" else np.float16) for name, a in sample.maps.items()}
        write_exr(partial / "maps.exr", maps, MAPS)
        write_exr(partial / "light.exr", {"light": sample.light_map.astype(np.float32)}, {"light": RGB})
        if olat is not None:
            planes = {}
            for i in range(len(olat.directions)):
                planes[f"diffuse_{i:03d}"], planes[f"specular_{i:03d}"] = olat.diffuse[i], olat.specular[i]
            write_exr(partial / "olat.exr", planes, dict.fromkeys(planes, RGB))
        (partial / "sample.json").write_text(json.dumps(sample.meta, indent=1))
        partial.rename(folder)
    except OSError as error:
        raise SampleError(
            f"{folder} could not be written: {error.strerror}. Free the disk or choose another folder."
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def read_meta(folder: Path) -> dict[str, Any]:
    """sample.json of a complete sample; SampleError otherwise."""
    path = Path(folder) / "sample.json"
    try:
        meta = json.loads(path.read_text())
    except FileNotFoundError:
        raise SampleError(f"{folder} is not a complete sample: it has no sample.json. Run the render again.") from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise SampleError(f"{path} cannot be read: {error}. Delete the sample and render again.") from error
    if not isinstance(meta, dict) or meta.get("format") != FORMAT:
        found = meta.get("format") if isinstance(meta, dict) else type(meta).__name__
        raise SampleError(f"{path} has format {found}; this version reads format {FORMAT}. Render the sample again.")
    return meta


def read_sample(folder: Path) -> Sample:
    """Read everything but the OLAT stack."""
    folder = Path(folder)
    meta = read_meta(folder)
    planes = read_planes(folder / "maps.exr")
    # Samples older than the last two labels show nothing of them.
    for label in ("accessories", "props"):
        if "matte.V" in planes:
            planes.setdefault(f"parsing.{label}", np.zeros_like(planes["matte.V"]))
    maps = {name: stack(planes, name, channels).astype(np.float32) for name, channels in MAPS.items()}
    return Sample(meta, maps, stack(read_planes(folder / "light.exr"), "light", RGB))


def read_olat(folder: Path) -> Olat:
    """Read the OLAT stack; SampleError where the sample was rendered without one."""
    folder = Path(folder)
    olat = read_meta(folder).get("olat")
    if not olat:
        raise SampleError(f"{folder} has no OLAT images. Render it with --lights olat:32.")
    planes = read_planes(folder / "olat.exr")
    count = olat["count"]
    diffuse, specular = (
        np.stack([stack(planes, f"{kind}_{i:03d}", RGB) for i in range(count)]).astype(np.float16)
        for kind in ("diffuse", "specular")
    )
    return Olat(diffuse, specular, np.asarray(olat["directions"], np.float64))


def list_samples(dataset: Path) -> list[Path]:
    """Folders of all complete samples, by name; SampleError where ``dataset`` is no folder."""
    dataset = Path(dataset)
    if not dataset.is_dir():
        raise SampleError(f"{dataset} is not a folder. Give the folder that relight-stage render wrote.")
    return sorted(path.parent for path in dataset.glob("[0-9]*/sample.json"))
