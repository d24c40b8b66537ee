"""Batch rendering of samples; also the script of ``blender -b -P synth/render.py -- OUT …``."""

if __name__ in ("__main__", "<run_path>"):
    # Blender runs this file as a script: load the package that it belongs to, and hand over to its command line.
    import importlib.util
    import sys
    from pathlib import Path

    root = Path(__file__).resolve().parents[1]
    spec = importlib.util.spec_from_file_location(
        "relight_stage", root / "__init__.py", submodule_search_locations=[str(root)]
    )
    assert spec is not None and spec.loader is not None
    package = sys.modules["relight_stage"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(package)
    from relight_stage.cli import main

    sys.exit(main(["render", *sys.argv[sys.argv.index("--") + 1 :]] if "--" in sys.argv else ["render", "--help"]))

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from ..errors import ConfigError, SampleError
from ..scenes.build.surroundings import build_world, read_panorama
from ..scenes.build.versions import check_version
from ..scenes.cameras import SENSOR_MM
from ..scenes.hdris import studio_hdris
from ..scenes.heads import bust_of, identity, parameters
from ..scenes.light_map import panorama_in_camera
from ..scenes.lights import olat_directions, olat_half_angle, parse_lights
from ..scenes.packs import Packs, find_packs
from ..scenes.scene import Scene, scene_rand
from .passes import factors
from .sample import FORMAT, Olat, Sample, sample_name, write_sample
from .stage import Stage

SIZE_MIN, SIZE_MAX = 32, 4096
# A sample of 256² with 32 OLAT lights takes 25 MB; stop while there is room to finish what was begun.
DISK_FREE_MIN = 500_000_000


def render_dataset(
    out: Path,
    count: int,
    seed: int,
    size: int = 256,
    assets: Path | None = None,
    lights: str = "hdri",
    samples: int = 32,
    report: Callable[[str], None] = print,
) -> None:
    """Render samples 0 … count−1 of dataset ``seed`` into ``out``; those already complete are skipped.

    Args:
        size: sides of the square pictures in pixels.
        assets: folder with asset packs and HDRIs; None uses RELIGHT_STAGE_ASSETS, or the procedural head alone.
        lights: ``hdri`` or ``olat:N``.
        samples: per pixel under the HDRI; each OLAT light gets an eighth of it, at least two.

    Raises:
        ConfigError: an impossible value, or ``out`` holds a dataset of other settings.
        SampleError: ``out`` cannot be written or the disk is nearly full.
    """
    check_version()
    config = {"format": FORMAT, "seed": seed, "size": size, "lights": lights, "samples": samples}
    olat_count = _checked(count, config)
    packs = find_packs(assets)
    hdris = (*studio_hdris(Path(bpy.utils.system_resource("DATAFILES"))), *packs.hdris)
    _claim(out, config)

    begin = time.monotonic()
    missing = [i for i in range(count) if not (out / sample_name(i) / "sample.json").is_file()]
    if len(missing) < count:
        report(f"{count - len(missing)} of {count} samples are there already.")
    for done, index in enumerate(missing):
        free = shutil.disk_usage(out).free
        if free < DISK_FREE_MIN:
            raise SampleError(
                f"{out} has {free // 2**20} MiB left; rendering stops below {DISK_FREE_MIN // 2**20} MiB. "
                f"Free some space and run the same command: it goes on after {done} samples."
            )
        scene = scene_rand(seed, index, packs, hdris)
        sample, olat = render_sample(scene, packs, size, olat_count, samples)
        write_sample(out / sample_name(index), sample, olat)
        pace = (time.monotonic() - begin) / (done + 1)
        left = pace * (len(missing) - done - 1)
        report(f"{sample_name(index)} {done + 1}/{len(missing)}  {pace:.1f} s each, {left / 60:.0f} min left")


def render_sample(
    scene: Scene, packs: Packs, size: int, olat_count: int, samples: int, bounces: int = 4, denoised: bool = True
) -> tuple[Sample, Olat | None]:
    """Render one scene: its maps under its HDRI, and its OLAT stack when ``olat_count`` is not 0."""
    bust = bust_of(scene.head, packs)
    directions = olat_directions(olat_count)
    with Stage(bust, scene.camera, size, scene.render_seed, bounces, denoised) as stage:
        on, unshadowed = stage.light_by_world(build_world(scene.hdri), samples)
        singles = stage.light_one_at_a_time(directions, max(2, samples // 8)) if olat_count else []
        surface, was_denoised = stage.surface, stage.denoised
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
    light_map = panorama_in_camera(
        read_panorama(scene.hdri.path) * scene.hdri.strength, matrix[:3, :3], np.radians(scene.hdri.turn_deg)
    )
    olat = None
    if olat_count:
        diffuse, specular = (np.stack([np.asarray(image[k], np.float16) for image in singles]) for k in (0, 1))
        olat = Olat(diffuse, specular, directions)
    meta = {
        "format": FORMAT,
        "seed": scene.seed,
        "index": scene.index,
        "identity": identity(scene.head),
        "source": scene.head.source,
        "hdri": scene.hdri.name,
        "hdri_rotation_deg": scene.hdri.turn_deg,
        "hdri_strength": scene.hdri.strength,
        "size": size,
        "samples": samples,
        "denoised": was_denoised,
        "camera": {
            "focal_mm": scene.camera.focal_mm,
            "sensor_mm": SENSOR_MM,
            "matrix_world": matrix.tolist(),
            "yaw_deg": scene.camera.yaw_deg,
        },
        "landmarks": scene.camera.project(bust.landmarks, size).tolist(),
        "head": parameters(scene.head),
        "versions": {"blender": bpy.app.version_string},
        "olat": None
        if olat is None
        else {"count": olat_count, "directions": directions.tolist(), "half_angle_rad": olat_half_angle(olat_count)},
    }
    return Sample(meta, maps, light_map), olat


def _checked(count: int, config: dict[str, Any]) -> int:
    """The number of OLAT lights of a configuration; ConfigError where a value is impossible."""
    if count < 1:
        raise ConfigError(f"--count {count}: at least one sample must be asked for.")
    if config["seed"] < 0:
        raise ConfigError(f"--seed {config['seed']}: a seed is 0 or a positive whole number.")
    if not SIZE_MIN <= config["size"] <= SIZE_MAX:
        raise ConfigError(f"--size {config['size']}: write a number of pixels from {SIZE_MIN} to {SIZE_MAX}.")
    if config["samples"] < 1:
        raise ConfigError(f"--samples {config['samples']}: at least one sample per pixel is needed; 32 is usual.")
    return parse_lights(config["lights"]).olat


def _claim(out: Path, config: dict[str, Any]) -> None:
    """Write dataset.json, or compare with the one that is there: one folder holds one dataset."""
    path = out / "dataset.json"
    try:
        out.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.write_text(json.dumps(config, indent=1))
    except OSError as error:
        raise SampleError(f"{out} cannot be written: {error.strerror}. Choose a folder of your own.") from error
    try:
        found = json.loads(path.read_text())
    except json.JSONDecodeError:
        raise ConfigError(f"{path} is damaged. Delete it, or choose another folder.") from None
    differing = [f"{k} is {found.get(k)} there and {v} here" for k, v in config.items() if found.get(k) != v]
    if differing:
        raise ConfigError(f"{out} holds another dataset: {'; '.join(differing)}. Choose another folder.")
