"""From scenes to samples: one subject is built once and rendered in every light that it is wanted in."""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple

import bpy
import numpy as np

from .. import __version__
from ..errors import ConfigError, SceneError
from ..scenes.build.subdivision import subdivided
from ..scenes.build.surroundings import build_panorama_world, read_panorama
from ..scenes.bust import Bust
from ..scenes.cameras import SENSOR_MM, Camera
from ..scenes.environments import panorama_of
from ..scenes.heads import bust_of, identity, parameters
from ..scenes.light_map import panorama_in_camera
from ..scenes.lights import olat_directions
from ..scenes.motion import FPS
from ..scenes.packs import Packs
from ..scenes.posing import displaced, pose_bust, rig_of
from ..scenes.scene import Scene
from ..scenes.tresses import with_fine_hair
from .device import choose_device
from .flow import Track, with_flow
from .passes import MAPS, factors, foreground_of, straighten, trimap_of
from .photometric import AXES as GRADIENT_AXES
from .photometric import PATTERNS, gradient_panoramas
from .sample import FORMAT, Olat, Sample
from .settings import Settings
from .stage import Lit, Stage


class Shot(NamedTuple):
    """What is written as one sample: the arguments of ``write_sample``."""

    sample: Sample
    olat: Olat | None
    gradients: dict[str, np.ndarray] | None


def shoot(
    scenes: Sequence[Scene],
    packs: Packs,
    settings: Settings,
    bounces: int = 4,
    denoised: bool = True,
    device: str = "auto",
) -> Iterator[Shot]:
    """Render scenes that share their head and camera, or are the frames of a sequence, one shot each, in their order.

    Args:
        device: as in ``choose_device``.

    Raises:
        ConfigError: a panorama cannot be read.
    """
    first = scenes[0]
    kind, _ = choose_device(device)
    poses = _poses(scenes, packs, first.camera.frame_m / settings.size)
    bust = next(poses)
    with Stage(bust, first.camera, settings.size, first.render_seed, bounces, denoised, kind) as stage:
        if first.moment is None:
            for scene in scenes:
                yield _shot(stage, scene, bust, settings)
        else:
            frames = _frames(stage, scenes, chain([bust], poses), settings)
            for shot, maps in with_flow(frames):
                yield shot._replace(sample=shot.sample._replace(maps={**shot.sample.maps, **maps}))


def _poses(scenes: Sequence[Scene], packs: Packs, pixel_m: float) -> Iterator[Bust]:
    """The bust in each frame with its ways to the neighbouring ones; just the bust where nothing moves.

    Args:
        pixel_m: side of a pixel at the subject.
    """
    head, moment = scenes[0].head, scenes[0].moment
    if moment is None:
        yield with_fine_hair(bust_of(head, packs), pixel_m)
        return
    rig = rig_of(head, packs, moment.motion.mood, lambda bust: subdivided(with_fine_hair(bust, pixel_m)))
    # Where the first frame comes from and the last one goes is known, though nobody sees it.
    times = [moment.time_s + k / FPS for k in range(-1, len(scenes) + 1)]
    window = [pose_bust(rig, moment.motion.pose(t)) for t in times[:2]]
    for t in times[2:]:
        window = [*window[-2:], pose_bust(rig, moment.motion.pose(t))]
        yield displaced(window[1], window[0], window[2])


def _frames(
    stage: Stage, scenes: Sequence[Scene], busts: Iterator[Bust], settings: Settings
) -> Iterator[tuple[Shot, Track, Camera]]:
    """Render the frames of a sequence; the stage stands at the first."""
    for k, (scene, bust) in enumerate(zip(scenes, busts, strict=True)):
        if k:
            stage.move(bust, scene.camera)
        yield _shot(stage, scene, bust, settings), stage.track(), scene.camera


def _shot(stage: Stage, scene: Scene, bust: Bust, settings: Settings) -> Shot:
    """Light what stands on the stage as the scene says."""
    try:
        panorama = panorama_of(scene.environment, read_panorama)
    except SceneError as error:
        # Unlike a person who cannot be built, a file is drawn by many scenes.
        raise ConfigError(f"{error} Put a sound file in its place and run the same command.") from error
    on, unshadowed = stage.light_by_world(build_panorama_world(panorama), settings.samples)
    light_map = panorama_in_camera(panorama, scene.camera.matrix_world()[:3, :3])
    olat = None
    if settings.rig.olat:
        directions, half_angle = olat_directions(settings.rig.olat), settings.rig.half_angle
        singles = stage.light_one_at_a_time(directions, settings.samples_a_light, half_angle)
        diffuse, specular, unlit = map(np.stack, zip(*singles, strict=True))
        olat = Olat(diffuse, specular, directions, unlit, half_angle)
    gradients = light_by_gradients(stage, scene.camera, settings.samples) if settings.rig.gradient else None
    return Shot(_sample(scene, bust, stage, settings, on, unshadowed, light_map), olat, gradients)


def light_by_gradients(stage: Stage, camera: Camera, samples: int) -> dict[str, np.ndarray]:
    """The pictures under the patterns of ``photometric``: ``<pattern>_diffuse`` and ``<pattern>_specular``."""
    panoramas = gradient_panoramas(camera.matrix_world())
    lit = {
        name: stage.light_visibly(build_panorama_world(panoramas[name]), samples) for name in ("full", *GRADIENT_AXES)
    }
    pictures = {f"{name}_{kind}": getattr(lit[name], kind) for name in lit for kind in ("diffuse", "specular")}
    for axis in GRADIENT_AXES:
        for kind in ("diffuse", "specular"):
            # Light adds: a pattern and its complement are full, so the complement need not be rendered.
            rest = pictures[f"full_{kind}"] - pictures[f"{axis}_{kind}"]
            pictures[f"{axis}_inverse_{kind}"] = np.maximum(rest, 0)
    return {f"{name}_{kind}": pictures[f"{name}_{kind}"] for name in PATTERNS for kind in ("diffuse", "specular")}


def _sample(
    scene: Scene,
    bust: Bust,
    stage: Stage,
    settings: Settings,
    on: Lit,
    unshadowed: np.ndarray,
    light_map: np.ndarray,
) -> Sample:
    surface, count = stage.surface, settings.rig.olat
    shading, shadow = factors(on.diffuse, unshadowed, surface.albedo)
    full = on.diffuse + on.specular
    constant = surface._asdict()
    maps = {
        "full": full,
        "diffuse": on.diffuse,
        "unshadowed": unshadowed,
        "specular": on.specular,
        "shading": shading,
        "shadow": shadow,
        "direct": straighten(on.direct, surface.albedo),
        "indirect": straighten(on.indirect, surface.albedo),
        "foreground": foreground_of(full, surface.matte),
        "trimap": trimap_of(surface.matte),
        **{name: constant[name] for name in MAPS if name in constant},
        **surface.cryptomatte,
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
            "intrinsics": scene.camera.intrinsics(settings.size).tolist(),
            "extrinsics": scene.camera.extrinsics().tolist(),
        },
        "landmarks": scene.camera.project(bust.landmarks, settings.size).tolist(),
        "landmarks_3d": bust.landmarks.tolist(),
        "group": {"subject": scene.index // settings.group, "member": scene.index % settings.group},
        "sequence": None if scene.moment is None else scene.moment.table(),
        "cryptomatte": surface.manifests,
        "head": parameters(scene.head),
        "versions": {"relight_stage": __version__, "blender": bpy.app.version_string, "device": stage.device},
        "olat": None
        if not count
        else {
            "count": count,
            "directions": olat_directions(count).tolist(),
            "half_angle_rad": settings.rig.half_angle,
        },
        "gradient": None,
    }
    return Sample(meta, maps, light_map)
