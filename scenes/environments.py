"""The light from afar that a sample stands in: sources around the subject, which are one panorama in the end.

Panoramas are (h, 2h, 3) float32, scene-linear Rec.709 radiance in Blender's HDRI frame (see scenes.light_map), top row
first, never clipped. Every source is exposed like a photo, to a mean luminance of 1 over the sphere, so that strengths
mean the same for a street at night and for a sun; the lamp alone follows its distance.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .colour import luminance
from .hdris import Hdri, hdri_rand
from .light_map import flux, resize

HEIGHT_MAX = 1024  # rows; finer panoramas are averaged down

Source = Hdri
Read = Callable[[Path], np.ndarray]


@dataclass(frozen=True)
class Layer:
    """A source as it stands around the subject.

    Attributes:
        turn_deg: counter-clockwise from above.
        strength: mean luminance of its radiance over the sphere.
        tint: factor (3,) on the radiance, of luminance 1.
    """

    source: Source
    turn_deg: float = 0.0
    strength: float = 1.0
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0)


@dataclass(frozen=True)
class Environment:
    """Layers of light that add up."""

    layers: tuple[Layer, ...]

    @property
    def name(self) -> str:
        """Names of the sources, joined by "+"."""
        return "+".join(layer.source.name for layer in self.layers)

    def parameters(self) -> dict[str, Any]:
        """All that was drawn, as JSON can hold it; a file is its name."""

        def table(layer: Layer) -> dict[str, Any]:
            values = {k: v.name if isinstance(v, Path) else v for k, v in asdict(layer.source).items()}
            return {**asdict(layer), "source": {"kind": type(layer.source).__name__.lower(), **values}}

        return {"layers": [table(layer) for layer in self.layers]}


def panorama_of(environment: Environment, read: Read) -> np.ndarray:
    """Paint an environment.

    Args:
        read: takes a file to its (h, 2h, 3) radiance; raises SceneError.

    Returns:
        (h, 2h, 3) float32, as fine as the finest layer, at most HEIGHT_MAX rows. Turns are rounded to whole texels.
    """
    painted = [_paint(layer.source, read) for layer in environment.layers]
    height = max(len(panorama) for panorama in painted)
    out = np.zeros((height, 2 * height, 3), np.float32)
    for layer, panorama in zip(environment.layers, painted, strict=True):
        # Azimuth grows to the left in Blender's panoramas.
        texels = round(layer.turn_deg / 360 * 2 * height)
        gain = layer.strength * np.float32(layer.tint)
        out += np.roll(resize(panorama, height), -texels, axis=1) * gain
    return out


def environment_rand(rng: np.random.Generator, hdris: tuple[Path, ...]) -> Environment:
    """Draw the light of one sample."""
    source = hdri_rand(rng, hdris)
    return Environment((Layer(source, float(rng.uniform(0, 360)), float(np.exp(rng.uniform(-0.4, 0.4)))),))


def _paint(source: Source, read: Read) -> np.ndarray:
    return _exposed(_shrunk(np.maximum(read(source.path), 0)))


def _shrunk(panorama: np.ndarray) -> np.ndarray:
    return resize(panorama, min(len(panorama), HEIGHT_MAX))


def _exposed(panorama: np.ndarray) -> np.ndarray:
    mean = float(luminance(flux(panorama))) / (4 * np.pi)
    return (panorama / max(mean, 1e-12)).astype(np.float32)
