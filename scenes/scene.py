"""A whole scene: who, seen from where, in which light."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .cameras import Camera, camera_rand
from .environments import Environment, environment_rand
from .heads import Head, head_rand
from .light_path import light_path_rand
from .motion import FPS, Moment, motion_rand
from .packs import Packs

CARRIED_SHARE = 0.3  # of sequences: a lamp is carried around the head in a standing environment


@dataclass(frozen=True)
class Scene:
    """One sample's scene; ``seed`` and ``index`` alone decide it (given the same packs and HDRIs).

    Attributes:
        camera: where it stands at this moment.
        moment: of a sequence, or None for a still.
    """

    seed: int
    index: int
    head: Head
    camera: Camera
    environment: Environment
    moment: Moment | None = None

    @property
    def render_seed(self) -> int:
        """Cycles' sampling seed: the same for every toggle of the sample, another for each sample."""
        return int(np.random.SeedSequence([self.seed, self.index, 1]).generate_state(1)[0] & 0x7FFFFFFF)


def scenes_rand(
    seed: int, group: int, count: int, packs: Packs, hdris: tuple[Path, ...], frames: int = 1
) -> tuple[Scene, ...]:
    """Draw group ``group`` of dataset ``seed``: ``count`` scenes of one person, whose indices follow each other, from
    ``group * count`` on.

    Args:
        frames: 1 for stills before one camera, each in its own light; ``count`` for a sequence, whose light may turn or
            in which a lamp may be carried around the head.
    """
    head_rng, camera_rng, light_rng, motion_rng = np.random.default_rng([seed, group]).spawn(4)
    head, camera = head_rand(head_rng, packs), camera_rand(camera_rng)
    first = group * count
    if frames == 1:
        lights = (environment_rand(rng, hdris) for rng in light_rng.spawn(count))
        return tuple(Scene(seed, first + k, head, camera, light) for k, light in enumerate(lights))
    motion = motion_rand(motion_rng, frames / FPS)
    around_rng, lamp_rng = light_rng.spawn(2)
    around = environment_rand(around_rng, hdris)
    carried = light_path_rand(lamp_rng, around) if lamp_rng.random() < CARRIED_SHARE else None

    def at(frame: int) -> Scene:
        moment = Moment(motion, frame, frames)
        time_s = moment.time_s
        light = carried.at(time_s) if carried is not None else around.turned(motion.light.at(time_s))
        return Scene(seed, first + frame, head, motion.camera(camera, time_s), light, moment)

    return tuple(at(frame) for frame in range(count))
