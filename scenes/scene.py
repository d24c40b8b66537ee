"""A whole scene: who, seen from where, in which light."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .cameras import Camera, camera_rand
from .environments import Environment, environment_rand
from .heads import Head, head_rand
from .packs import Packs


@dataclass(frozen=True)
class Scene:
    """One sample's scene; ``seed`` and ``index`` alone decide it (given the same packs and HDRIs)."""

    seed: int
    index: int
    head: Head
    camera: Camera
    environment: Environment

    @property
    def render_seed(self) -> int:
        """Cycles' sampling seed: the same for every toggle of the sample, another for each sample."""
        return int(np.random.SeedSequence([self.seed, self.index, 1]).generate_state(1)[0] & 0x7FFFFFFF)


def scenes_rand(seed: int, group: int, count: int, packs: Packs, hdris: tuple[Path, ...]) -> tuple[Scene, ...]:
    """Draw group ``group`` of dataset ``seed``: ``count`` scenes of one person before one camera, each in its own
    light. Their indices follow each other, from ``group * count`` on."""
    head_rng, camera_rng, light_rng = np.random.default_rng([seed, group]).spawn(3)
    head, camera = head_rand(head_rng, packs), camera_rand(camera_rng)
    return tuple(
        Scene(seed, group * count + k, head, camera, environment_rand(rng, hdris))
        for k, rng in enumerate(light_rng.spawn(count))
    )
