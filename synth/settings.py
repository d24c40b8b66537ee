"""What a dataset is rendered with: the flags of ``relight-stage render`` that decide its pixels."""

from dataclasses import dataclass
from typing import Any

from ..errors import ConfigError
from ..scenes.lights import Lights, parse_lights
from .sample import FORMAT

SIZE_MIN, SIZE_MAX = 32, 4096


@dataclass(frozen=True)
class Settings:
    """Checked when made; ConfigError where a value is impossible.

    Attributes:
        size: sides of the square pictures in pixels.
        lights: as ``--lights`` gives it, for example ``hdri``, ``hdri:4`` or ``olat:32``.
        samples: per pixel under an HDRI; each OLAT light gets an eighth of it, at least two.
    """

    seed: int
    size: int = 256
    lights: str = "hdri"
    samples: int = 32

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise ConfigError(f"--seed {self.seed}: a seed is 0 or a positive whole number.")
        if not SIZE_MIN <= self.size <= SIZE_MAX:
            raise ConfigError(f"--size {self.size}: write a number of pixels from {SIZE_MIN} to {SIZE_MAX}.")
        if self.samples < 1:
            raise ConfigError(f"--samples {self.samples}: at least one sample per pixel is needed; 32 is usual.")
        parse_lights(self.lights)

    @property
    def rig(self) -> Lights:
        return parse_lights(self.lights)

    @property
    def group(self) -> int:
        """How many consecutive samples show one person: the smallest unit of work."""
        return self.rig.hdris

    def table(self) -> dict[str, Any]:
        """The content of dataset.json."""
        return {
            "format": FORMAT,
            "seed": self.seed,
            "size": self.size,
            "lights": self.lights,
            "samples": self.samples,
        }
