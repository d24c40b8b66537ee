"""A sample on disk: a folder with maps.exr, light.exr, perhaps olat.exr and gradient.exr, and last sample.json.

A folder is complete when it bears its final name: samples are written into a hidden folder that is renamed whole.
"""

import json
import shutil
import uuid
from collections.abc import Collection
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..errors import SampleError
from .cryptomatte import attributes
from .exr import read_planes, stack, write_exr
from .passes import FULL_FLOAT, HALF_MAX, MAPS, RGB, layer

FORMAT = 2


class Sample(NamedTuple):
    """One rendered portrait.

    Attributes:
        meta: the content of sample.json.
        maps: name -> (H, W, C) float32; which there are, out of synth.passes.MAPS, the sample itself says.
        light_map: (64, 128, 3) float32, camera frame.
    """

    meta: dict[str, Any]
    maps: dict[str, np.ndarray]
    light_map: np.ndarray


class Olat(NamedTuple):
    """One-light-at-a-time images: each light is a disc with 1 W/m² at perpendicular incidence.

    Attributes:
        diffuse: (N, H, W, 3) float16, associated alpha: specular off.
        specular: (N, H, W, 3) float16.
        directions: (N, 3) towards the lights, camera frame.
        unshadowed: (N, H, W, 3) float16: specular off, visibility off; None in samples without.
        half_angle: of each disc in radians; None for a solid angle of 4π/N.
    """

    diffuse: np.ndarray
    specular: np.ndarray
    directions: np.ndarray
    unshadowed: np.ndarray | None = None
    half_angle: float | None = None

    def images(self) -> dict[str, np.ndarray]:
        """The stacks that are there, by name."""
        stacks = {"diffuse": self.diffuse, "specular": self.specular, "unshadowed": self.unshadowed}
        return {name: images for name, images in stacks.items() if images is not None}


def sample_name(index: int) -> str:
    return f"{index:06d}"


def write_sample(
    folder: Path, sample: Sample, olat: Olat | None = None, gradients: dict[str, np.ndarray] | None = None
) -> None:
    """Write a sample; it appears under its name only when it is whole.

    Args:
        gradients: ``<pattern>_diffuse``, ``<pattern>_specular`` -> (H, W, 3).

    Raises:
        SampleError: the disk is full or the folder cannot be written.
    """
    # No two writers share it, in whatever process; who holds a sample's claim sweeps what killed ones have left.
    partial = folder.with_name(f".{folder.name}.{uuid.uuid4().hex}.partial")
    try:
        partial.mkdir(parents=True)
        channels = {name: MAPS[name] for name in sample.maps}
        maps = {name: a.astype(np.float32) if name in FULL_FLOAT else halves(a) for name, a in sample.maps.items()}
        write_exr(partial / "maps.exr", maps, channels, attributes(sample.meta.get("cryptomatte", {})))
        write_exr(partial / "light.exr", {"light": sample.light_map.astype(np.float32)}, {"light": RGB})
        meta = {**sample.meta, "maps": channels}
        if olat is not None:
            images = {f"{name}_{i:03d}": a for name, stacked in olat.images().items() for i, a in enumerate(stacked)}
            write_exr(partial / "olat.exr", images, {name: layer(name, RGB) for name in images})
            meta["olat"] = {**meta["olat"], "images": list(olat.images())}
        if gradients is not None:
            images = {name: halves(image) for name, image in gradients.items()}
            write_exr(partial / "gradient.exr", images, {name: layer(name, RGB) for name in images})
            meta["gradient"] = {"images": list(images)}
        (partial / "sample.json").write_text(json.dumps(meta, indent=1))
        partial.rename(folder)
    except OSError as error:
        if (folder / "sample.json").is_file():
            return  # another process was first, with the same pixels
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


def read_sample(folder: Path, names: Collection[str] | None = None) -> Sample:
    """Read everything but the OLAT stack and the gradients.

    Args:
        names: of the maps that are needed; None reads all that the sample has.

    Raises:
        SampleError: the sample is not complete, or lacks one of ``names``.
    """
    folder = Path(folder)
    meta = read_meta(folder)
    missing = sorted(set(names or ()) - set(meta["maps"]))
    if missing:
        raise SampleError(f"{folder} has no map {', '.join(missing)}. Render the sample again.")
    planes = read_planes(folder / "maps.exr")
    maps = {
        name: stack(planes, channels).astype(np.float32)
        for name, channels in meta["maps"].items()
        if names is None or name in names
    }
    return Sample(meta, maps, stack(read_planes(folder / "light.exr"), RGB))


def read_olat(folder: Path) -> Olat:
    """Read the OLAT stack; SampleError where the sample was rendered without one."""
    folder = Path(folder)
    olat = read_meta(folder).get("olat")
    if not olat:
        raise SampleError(f"{folder} has no OLAT images. Render it with --lights olat:32.")
    planes = read_planes(folder / "olat.exr")
    stacks = {
        name: np.stack([stack(planes, layer(f"{name}_{i:03d}", RGB)) for i in range(olat["count"])]).astype(np.float16)
        for name in olat["images"]
    }
    return Olat(directions=np.asarray(olat["directions"], np.float64), half_angle=olat.get("half_angle_rad"), **stacks)


def read_gradients(folder: Path) -> dict[str, np.ndarray]:
    """Read the pictures under gradient light: ``<pattern>_diffuse``, ``<pattern>_specular`` -> (H, W, 3) float32."""
    folder = Path(folder)
    gradient = read_meta(folder).get("gradient")
    if not gradient:
        raise SampleError(f"{folder} has no pictures under gradient light. Render it with --lights gradient.")
    planes = read_planes(folder / "gradient.exr")
    return {name: stack(planes, layer(name, RGB)).astype(np.float32) for name in gradient["images"]}


def files_of(meta: dict[str, Any]) -> list[str]:
    """Names of the pictures that belong to a sample."""
    lit = [name for name in ("olat", "gradient") if meta.get(name)]
    return [f"{name}.exr" for name in ("maps", "light", *lit)]


def halves(image: np.ndarray) -> np.ndarray:
    """Float16; a glint of the sun may be brighter than the largest half."""
    return np.clip(image, -HALF_MAX, HALF_MAX).astype(np.float16)


def list_samples(dataset: Path) -> list[Path]:
    """Folders of all complete samples, by name; SampleError where ``dataset`` is no folder."""
    dataset = Path(dataset)
    if not dataset.is_dir():
        raise SampleError(f"{dataset} is not a folder. Give the folder that relight-stage render wrote.")
    return sorted(path.parent for path in dataset.glob("[0-9]*/sample.json"))
