"""What a dataset is rendered with: the flags of ``relight-stage render`` that decide its pixels, and dataset.json."""

import hashlib
import json
import os
import sys
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, fields
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from .. import __version__
from ..errors import ConfigError, SampleError
from ..scenes.lights import OLAT_CHUNK, Lights, parse_lights
from ..scenes.packs import Packs
from .sample import FORMAT

SIZE_MIN, SIZE_MAX = 32, 4096
# Another one whenever, within a version, the same seed gives other people or other pictures of them.
RECIPE = "2"
FRAMES_MAX = 240  # ten seconds; a group is the smallest unit of work


@dataclass(frozen=True)
class Settings:
    """Checked when made; ConfigError where a value is impossible.

    Attributes:
        size: sides of the square pictures in pixels.
        lights: as ``--lights`` gives it, for example ``hdri``, ``hdri:4``, ``olat:32`` or ``olat:32+gradient``.
        samples: per pixel under an HDRI; see ``samples_a_light``.
        frames: of each sequence; 1 for stills.
    """

    seed: int
    size: int = 256
    lights: str = "hdri"
    samples: int = 24
    frames: int = 1

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise ConfigError(f"--seed {self.seed}: a seed is 0 or a positive whole number.")
        if not SIZE_MIN <= self.size <= SIZE_MAX or self.size % 2:
            # Film and video codecs, and every network that halves its picture, want even sides.
            raise ConfigError(f"--size {self.size}: write an even number of pixels from {SIZE_MIN} to {SIZE_MAX}.")
        if self.samples < 1:
            raise ConfigError(f"--samples {self.samples}: at least one sample per pixel is needed; 24 is usual.")
        if not 1 <= self.frames <= FRAMES_MAX:
            raise ConfigError(f"--frames {self.frames}: write a number of frames from 1 to {FRAMES_MAX}.")
        rig = self.rig  # refuses lights that do not exist
        if self.frames > 1 and rig.hdris > 1:
            raise ConfigError(f"--frames {self.frames} with --lights {self.lights}: a sequence stands in one light.")

    @property
    def rig(self) -> Lights:
        return parse_lights(self.lights)

    @property
    def group(self) -> int:
        """How many consecutive samples show one person: the smallest unit of work."""
        return self.rig.hdris * self.frames

    @property
    def samples_a_light(self) -> int:
        """Per pixel for each OLAT light, a power of two.

        In powers of two Cycles' sequence draws each of a chunk's lamps equally often: 3 are no better than 2.
        """
        return 1 << max(1, (self.samples // 12).bit_length() - 1)

    @property
    def group_bytes(self) -> int:
        """More than a group takes on disk, its Cycles images in the temporary folder included."""
        # About 100 channels of maps and twelve a light, in half floats that ZIP hardly shrinks where there is noise.
        return self.group * self.size**2 * 2 * (100 + 12 * self.rig.olat + 42 * self.rig.gradient)

    @property
    def image_bytes(self) -> int:
        """More than one of Cycles' images takes in the temporary folder, where it lies until it is read."""
        # Full floats, not compressed: 76 channels that light does not change, or 22 and six a light of those together.
        return self.size**2 * 4 * (80 + 6 * min(self.rig.olat, OLAT_CHUNK))

    def table(self) -> dict[str, Any]:
        """These settings as they stand in dataset.json."""
        return {"format": FORMAT, **{field.name: getattr(self, field.name) for field in fields(self)}}


@dataclass(frozen=True)
class Shard:
    """One of ``of`` parts of a dataset, the ``part``-th from 1: the groups g with g mod ``of`` = ``part`` − 1."""

    part: int = 1
    of: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.part <= self.of:
            raise ConfigError(f"--shard {self.part}/{self.of}: write k/N with k from 1 to N, for example 1/4.")

    def groups(self, count: int, group: int) -> range:
        """Its groups in a dataset of ``count`` samples, ``group`` samples each."""
        return range(self.part - 1, -(-count // group), self.of)


def claim_folder(out: Path, settings: Settings, packs: Packs, report: Callable[[str], None] = print) -> None:
    """Write dataset.json, or compare with the one that is there: one folder holds one dataset.

    Raises:
        ConfigError: ``out`` holds a dataset of other settings, other assets or another version.
        SampleError: ``out`` cannot be written.
    """
    programs = _programs()
    table = {**settings.table(), **_assets(packs), **programs}
    try:
        out.mkdir(parents=True, exist_ok=True)
        if not (out / "dataset.json").exists():
            _write_once(out / "dataset.json", json.dumps(table, indent=1))
    except OSError as error:
        raise SampleError(f"{out} cannot be written: {error.strerror}. Choose a folder of your own.") from error
    found = _read_table(out)
    unknown = [name for name in programs if name not in found]
    if unknown:
        made = ", ".join(f"{name} {programs[name]}" for name in unknown)
        report(f"Warning: {out} does not say what its samples were made with; what is missing is made with {made}.")
        table = {key: value for key, value in table.items() if key not in unknown}
    differing = [f"{k} is {found.get(k)} there and {v} here" for k, v in table.items() if found.get(k) != v]
    if differing:
        empty = not any(out.glob("[0-9]*/sample.json"))
        instead = ", or delete its dataset.json, which has no samples yet" if empty else ""
        raise ConfigError(f"{out} holds another dataset: {'; '.join(differing)}. Choose another folder{instead}.")


def read_settings(out: Path) -> Settings:
    """The settings of a folder that was claimed."""
    table = _read_table(out)
    return Settings(**{field.name: table[field.name] for field in fields(Settings) if field.name in table})


def _assets(packs: Packs) -> dict[str, Any]:
    """What of the asset folder decides pixels: who can be drawn, and the list that panoramas are drawn from."""
    names = [path.name for path in packs.hdris]
    digest = hashlib.sha256("\n".join(names).encode()).hexdigest()[:8]
    return {
        "packs": [name for name in ("ict_facekit", "makehuman") if getattr(packs, name) is not None],
        "hdris": f"{len(names)} files ({digest})" if names else "none",
    }


def _programs() -> dict[str, str]:
    """Versions, without the last number, of what draws and renders: another one may draw or render otherwise."""
    bpy = sys.modules.get("bpy")
    versions = {"relight_stage": __version__, "recipe": RECIPE}
    with suppress(PackageNotFoundError):  # a process that does not render may know of no Blender
        versions["blender"] = bpy.app.version_string if bpy is not None else version("bpy")
    return {name: ".".join(text.split(".")[:2]) for name, text in versions.items()}


def _write_once(path: Path, text: str) -> None:
    """Let a file appear whole under its name, and only if nobody else's is there by then."""
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    draft.write_text(text)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    except OSError:  # a file system without hard links
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _read_table(out: Path) -> dict[str, Any]:
    path = out / "dataset.json"
    try:
        table = json.loads(path.read_text())
    except (OSError, json.JSONDecodeError, UnicodeDecodeError):
        table = None
    if not isinstance(table, dict):
        raise ConfigError(f"{path} is missing or damaged. Delete it, or choose another folder.")
    return table
