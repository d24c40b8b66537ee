"""The worker's side of the farm, where Cycles is; also the script of ``blender -b -P synth/render.py -- OUT …``."""

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
import os
import queue
import shutil
import sys
import threading
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

import bpy

from ..errors import RelightError
from ..scenes.build.versions import check_version
from ..scenes.hdris import studio_hdris
from ..scenes.packs import Packs, find_packs
from ..scenes.scene import scenes_rand
from .device import choose_device
from .sample import sample_name, write_sample
from .settings import Settings, read_settings
from .shots import shoot
from .workers import MARK, SCRATCH


def render_group(
    out: Path, wanted: Collection[int], settings: Settings, packs: Packs, hdris: tuple[Path, ...], device: str
) -> Iterator[int]:
    """Render and write samples of one group; the index of each as soon as it is complete.

    Args:
        wanted: indices of the samples to write. The group is rendered from its first one on all the same: its members
            share a sampling seed, and sequences look at their neighbours.
    """
    group = min(wanted) // settings.group
    scenes = scenes_rand(settings.seed, group, settings.group, packs, hdris, settings.frames)
    for scene, shot in zip(scenes, shoot(scenes, packs, settings, device=device), strict=True):
        if scene.index in wanted:
            write_sample(out / sample_name(scene.index), *shot)
            yield scene.index
        if scene.index == max(wanted):
            return


def serve(out: Path, assets: Path | None = None, device: str = "auto") -> None:
    """Be a worker (``synth.workers``): render the groups of ``out`` that stdin names, until it closes."""
    _let_the_system_kill_this_first()
    orders: queue.Queue[str] = queue.Queue()
    threading.Thread(target=_read_orders, args=(orders,), daemon=True).start()
    try:
        check_version()
        settings, packs = read_settings(out), find_packs(assets)
        hdris = (*studio_hdris(Path(bpy.utils.system_resource("DATAFILES"))), *packs.hdris)
        kind, names = choose_device(device)
        _say(ready=f"Rendering on {kind}{': ' if names else ''}{', '.join(names)}.")
        while True:
            wanted = [int(word) for word in orders.get().split()]
            for index in render_group(out, wanted, settings, packs, hdris, kind):
                _say(sample=index)
            _say(group=wanted[0] // settings.group, rss=_resident_bytes())
    except RelightError as error:
        _say(error=type(error).__name__, sentence=str(error))
        raise


def _say(**message: object) -> None:
    print(MARK + json.dumps(message), flush=True)


def _read_orders(orders: "queue.Queue[str]") -> None:
    for line in sys.stdin:
        orders.put(line)
    # The parent is gone or wants no more. Cycles may be rendering, and nobody else will remove its pictures. Only what
    # the parent has made for them: the system's own temporary folder belongs to others.
    if SCRATCH in os.environ:
        shutil.rmtree(os.environ[SCRATCH], ignore_errors=True)
    os._exit(0)


def _resident_bytes() -> int:
    """Memory that this process holds now; 0 where the system does not tell."""
    with suppress(OSError):
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def _let_the_system_kill_this_first() -> None:
    """When memory runs out, Linux shall take a worker rather than its parent or anything else of the user's."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500")
