"""From scenes to samples: one subject is built once and rendered in every light that it is wanted in."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import bpy
import numpy as np

from ..scenes.build.surroundings import build_panorama_world, read_panorama
from ..scenes.bust import Bust
from ..scenes.cameras import SENSOR_MM
from ..scenes.environments import panorama_of
from ..scenes.heads import bust_of, identity, parameters
from ..scenes.light_map import panorama_in_camera
from ..scenes.lights import olat_directions, olat_half_angle
from ..scenes.packs import Packs
from ..scenes.scene import Scene
from .passes import factors
from .sample import FORMAT, Olat, Sample
from .settings import Settings
from .stage import Split, Stage


class Shot(NamedTuple):
    """What is written as one sample."""

    sample: Sample
    olat: Olat | None


def shoot(
    scenes: Sequence[Scene], packs: Packs, settings: Settings, bounces: int = 4, denoised: bool = True
) -> Iterator[Shot]:
    """Render scenes that share their head and camera, one shot each, in their order."""
    first = scenes[0]
    bust = bust_of(first.head, packs)
    count = settings.rig.olat
    with Stage(bust, first.camera, settings.size, first.render_seed, bounces, denoised) as stage:
        for scene in scenes:
            panorama = panorama_of(scene.environment, read_panorama)
            on, unshadowed = stage.light_by_world(build_panorama_world(panorama), settings.samples)
            light_map = panorama_in_camera(panorama, scene.camera.matrix_world()[:3, :3])
            olat = None
            if count:
                directions = olat_directions(count)
                singles = stage.light_one_at_a_time(directions, max(2, settings.samples // 8))
                diffuse, specular = (np.stack([np.asarray(s[k], np.float16) for s in singles]) for k in (0, 1))
                olat = Olat(diffuse, specular, directions)
            yield Shot(_sample(scene, bust, stage, settings, on, unshadowed, light_map), olat)


def _sample(
    scene: Scene,
    bust: Bust,
    stage: Stage,
    settings: Settings,
    on: Split,
    unshadowed: np.ndarray,
    light_map: np.ndarray,
) -> Sample:
    surface, count = stage.surface, settings.rig.olat
    shading, shadow = factors(on.diffuse, unshadowed, surface.albedo)
    maps = {
        "full": on.diffuse + on.specular,
        "diffuse": on.diffuse,
        "unshadowed": unshadowed,
        "specular": on.specular,
        "shading": shading,
        "shadow": shadow,
        **surface._asdict(),
    }
    matrix = scene.camera.matrix_world()
    meta = {
        "format": FORMAT,
        "seed": scene.seed,
        "index": scene.index,
        "identity": identity(scene.head),
        "source": scene.head.source,
        "hdri": scene.environment.name,
        "environment": scene.environment.parameters(),
        "size": settings.size,
        "samples": settings.samples,
        "denoised": stage.denoised,
        "camera": {
            "focal_mm": scene.camera.focal_mm,
            "sensor_mm": SENSOR_MM,
            "matrix_world": matrix.tolist(),
            "yaw_deg": scene.camera.yaw_deg,
        },
        "landmarks": scene.camera.project(bust.landmarks, settings.size).tolist(),
        "head": parameters(scene.head),
        "versions": {"blender": bpy.app.version_string},
        "olat": None
        if not count
        else {
            "count": count,
            "directions": olat_directions(count).tolist(),
            "half_angle_rad": olat_half_angle(count),
        },
    }
    return Sample(meta, maps, light_map)
