"""Which panoramas there are, and drawing one of them."""

import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import SceneError

DATAFILES_VARIABLE = "RELIGHT_STAGE_DATAFILES"


@dataclass(frozen=True)
class Hdri:
    """The light of a file."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.stem


def studio_hdris(datafiles: Path | None = None) -> tuple[Path, ...]:
    """The CC0 panoramas that every Blender ships (city, courtyard, forest, interior, night, studio, sunrise, sunset).

    Args:
        datafiles: Blender's ``datafiles`` folder; None takes the environment's RELIGHT_STAGE_DATAFILES, which Blender
            gives to what it starts, or looks in the installed bpy wheel, without importing it.
    """
    if datafiles is None and os.environ.get(DATAFILES_VARIABLE):
        datafiles = Path(os.environ[DATAFILES_VARIABLE])
    if datafiles is None:
        spec = importlib.util.find_spec("bpy")
        if spec is None or spec.origin is None:
            return ()
        found = Path(spec.origin).parent.glob("*/datafiles")
        datafiles = next(iter(sorted(found)), None)
    if datafiles is None:
        return ()
    return tuple(sorted((datafiles / "studiolights" / "world").glob("*.exr")))


def is_hdri(path: Path) -> bool:
    """Whether a file begins as a Radiance or OpenEXR picture does; reading it takes up to seconds."""
    try:
        with path.open("rb") as file:
            return file.read(4).startswith((b"#?", b"v/1\x01"))
    except OSError:
        return False


def hdri_rand(rng: np.random.Generator, hdris: tuple[Path, ...]) -> Hdri:
    """Draw a panorama, uniformly."""
    if not hdris:
        raise SceneError("There is no HDRI to light the scene with. Give a folder with .hdr or .exr files by --assets.")
    return Hdri(hdris[int(rng.integers(len(hdris)))])
