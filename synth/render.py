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

import bpy

from ..errors import ConfigError, SampleError
from ..scenes.build.versions import check_version
from ..scenes.hdris import studio_hdris
from ..scenes.packs import find_packs
from ..scenes.scene import scenes_rand
from .sample import sample_name, write_sample
from .settings import Settings
from .shots import shoot

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
        seed, size, lights, samples: see ``Settings``.
        assets: folder with asset packs and HDRIs; None uses RELIGHT_STAGE_ASSETS, or the procedural head alone.

    Raises:
        ConfigError: an impossible value, or ``out`` holds a dataset of other settings.
        SampleError: ``out`` cannot be written or the disk is nearly full.
    """
    check_version()
    settings = Settings(seed, size, lights, samples)
    if count < 1:
        raise ConfigError(f"--count {count}: at least one sample must be asked for.")
    packs = find_packs(assets)
    hdris = (*studio_hdris(Path(bpy.utils.system_resource("DATAFILES"))), *packs.hdris)
    _claim(out, settings)

    begin = time.monotonic()
    missing = [i for i in range(count) if not (out / sample_name(i) / "sample.json").is_file()]
    if len(missing) < count:
        report(f"{count - len(missing)} of {count} samples are there already.")
    done = 0
    for group in sorted({index // settings.group for index in missing}):
        scenes = [s for s in scenes_rand(seed, group, settings.group, packs, hdris) if s.index in missing]
        _check_disk(out, done)
        for scene, shot in zip(scenes, shoot(scenes, packs, settings), strict=True):
            write_sample(out / sample_name(scene.index), *shot)
            done += 1
            pace = (time.monotonic() - begin) / done
            left = pace * (len(missing) - done)
            report(f"{sample_name(scene.index)} {done}/{len(missing)}  {pace:.1f} s each, {left / 60:.0f} min left")


def _check_disk(out: Path, done: int) -> None:
    free = shutil.disk_usage(out).free
    if free < DISK_FREE_MIN:
        raise SampleError(
            f"{out} has {free // 2**20} MiB left; rendering stops below {DISK_FREE_MIN // 2**20} MiB. "
            f"Free some space and run the same command: it goes on after {done} samples."
        )


def _claim(out: Path, settings: Settings) -> None:
    """Write dataset.json, or compare with the one that is there: one folder holds one dataset."""
    path = out / "dataset.json"
    try:
        out.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.write_text(json.dumps(settings.table(), indent=1))
    except OSError as error:
        raise SampleError(f"{out} cannot be written: {error.strerror}. Choose a folder of your own.") from error
    try:
        found = json.loads(path.read_text())
    except json.JSONDecodeError:
        raise ConfigError(f"{path} is damaged. Delete it, or choose another folder.") from None
    differing = [f"{k} is {found.get(k)} there and {v} here" for k, v in settings.table().items() if found.get(k) != v]
    if differing:
        raise ConfigError(f"{out} holds another dataset: {'; '.join(differing)}. Choose another folder.")
