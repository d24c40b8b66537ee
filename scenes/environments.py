"""The light from afar that a sample stands in: sources around the subject, which are one panorama in the end.

Panoramas are (h, 2h, 3) float32, scene-linear Rec.709 radiance in Blender's HDRI frame (see scenes.light_map), top row
first, never clipped. Every source is exposed like a photo, to a mean luminance of 1 over the sphere, so that strengths
mean the same for a street at night and for a sun; the lamp alone follows its distance.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from .colour import luminance
from .hdris import Hdri, hdri_rand
from .lamp import Lamp, lamp_panorama, lamp_rand
from .light_map import flux, resize
from .room import Room, room_panorama, room_rand
from .sky import Sky, sky_panorama, sky_rand
from .spectra import black_body
from .street import Street, street_panorama, street_rand
from .studio import Studio, studio_panorama, studio_rand

HEIGHT_MAX = 1024  # rows; finer panoramas are averaged down

Source = Hdri | Sky | Studio | Room | Street | Lamp
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

    def turned(self, angle_deg: float) -> "Environment":
        """All of it turned further about the subject, counter-clockwise from above."""
        layers = (replace(layer, turn_deg=(layer.turn_deg + angle_deg) % 360) for layer in self.layers)
        return Environment(tuple(layers))

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
    """Draw the light of one sample: a file, a made-up place, or two lights as a photo would really have.

    Args:
        hdris: files to draw from; none leaves the made-up places.
    """
    if rng.uniform() < 0.85:
        return Environment((_layer_rand(rng, _place_rand(rng, hdris)),))
    if rng.uniform() < 0.7:
        # A flash near the camera, or a lamp somewhere in front, that fills in.
        first = _layer_rand(rng, _place_rand(rng, hdris))
        lamp = lamp_rand(rng, spread_deg=12 if rng.uniform() < 0.6 else 60)
        return Environment((first, Layer(lamp, strength=float(np.exp(rng.uniform(-1.6, 0.7))))))
    return Environment(tuple(_layer_rand(rng, _place_rand(rng, hdris)) for _ in range(2)))


def _place_rand(rng: np.random.Generator, hdris: tuple[Path, ...]) -> Source:
    if hdris and rng.uniform() < 0.5:
        return hdri_rand(rng, hdris)
    draw = (sky_rand, studio_rand, room_rand, street_rand, lamp_rand)[rng.choice(5, p=[0.32, 0.27, 0.22, 0.13, 0.06])]
    return draw(rng)


def _layer_rand(rng: np.random.Generator, source: Source) -> Layer:
    """Turn and tint a source; what was placed about the face stays near where it was placed."""
    spread_deg = {Studio: 15.0, Room: 60.0, Lamp: 0.0}.get(type(source), 360.0)
    tint = np.ones(3)
    if rng.uniform() < 0.3:  # a camera's white balance that is off
        tint = black_body(float(round(6500 * np.exp(rng.normal(0, 0.2)), -1))) / black_body(6500)
        tint /= luminance(tint)
    return Layer(
        source,
        turn_deg=float(rng.uniform(-0.5, 0.5) * spread_deg) % 360,
        strength=float(np.exp(rng.uniform(-0.4, 0.4))),
        tint=(float(tint[0]), float(tint[1]), float(tint[2])),
    )


def _paint(source: Source, read: Read) -> np.ndarray:
    if isinstance(source, Lamp):
        return lamp_panorama(source)
    if isinstance(source, Hdri):
        panorama = np.maximum(read(source.path), 0)
        return _exposed(resize(panorama, min(len(panorama), HEIGHT_MAX)))
    if isinstance(source, Sky):
        return _exposed(sky_panorama(source))
    if isinstance(source, Studio):
        return _exposed(studio_panorama(source))
    if isinstance(source, Room):
        return _exposed(room_panorama(source))
    return _exposed(street_panorama(source))


def _exposed(panorama: np.ndarray) -> np.ndarray:
    mean = float(luminance(flux(panorama))) / (4 * np.pi)
    return (panorama / max(mean, 1e-12)).astype(np.float32)
