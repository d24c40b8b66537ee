"""What a sample of the light stage costs, measured in CPU time: `python benchmarks/stage.py OUT [--case NAME …]`.

Each case is measured in this process, one after the other, and kept in OUT/results.json; a later run replaces the cases
that it measures. The tables are printed as they stand in docs/performance.md; `--plot PNG` draws all that is in OUT.
CPU time is that of the whole process, Cycles' threads included: other work on the machine hardly changes it.
"""

import argparse
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from relight_stage.scenes.build.surroundings import build_olat_light
from relight_stage.scenes.bust import Bust
from relight_stage.scenes.hdris import studio_hdris
from relight_stage.scenes.heads import bust_of
from relight_stage.scenes.lights import olat_directions, olat_half_angle
from relight_stage.scenes.packs import Packs, find_packs
from relight_stage.scenes.scene import Scene, scenes_rand
from relight_stage.synth import shots, stage
from relight_stage.synth.denoise import denoise
from relight_stage.synth.exr import stack
from relight_stage.synth.farm import render_dataset
from relight_stage.synth.passes import RGB, layer
from relight_stage.synth.sample import sample_name, write_sample
from relight_stage.synth.settings import Settings
from relight_stage.synth.shots import shoot
from relight_stage.synth.stage import Stage

SEED = 7
LIGHTS = (8, 16, 32, 64, 128, 331)
SIZES = (128, 256, 512, 1024)
STRANDS = (0, 0.25, 0.5, 1, 2)
AXES = ("lights", "size", "strands", "workers")
KINDS = ("full", "diffuse", "unshadowed")
TOGETHER, ALONE = "together", "alone"


class Clock:
    """CPU seconds by part; a part inside another is not counted in the outer one."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._open: list[float] = []

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        begin = time.process_time()
        self._open.append(0.0)
        try:
            yield
        finally:
            whole = time.process_time() - begin
            inside = self._open.pop()
            self.seconds[name] = self.seconds.get(name, 0.0) + whole - inside
            if self._open:
                self._open[-1] += whole

    def timed(self, name: str, function: Callable) -> Callable:
        def run(*args: Any, **kwargs: Any) -> Any:
            with self.part(name):
                return function(*args, **kwargs)

        return run


def scene_of(index: int, packs: Packs) -> Scene:
    return scenes_rand(SEED, index, 1, packs, (*studio_hdris(), *packs.hdris))[0]


def measure_parts(out: Path, packs: Packs, size: int, lights: str = "olat:32", groups: int = 4) -> dict[str, Any]:
    """CPU seconds a sample by part, over some people; the first, which warms Blender up, is left out."""
    clock = Clock()
    settings = Settings(SEED, size, lights)
    patches = {
        (shots, "bust_of"): "describe the person",
        (stage, "build_bust"): "build in Blender",
        (shots, "panorama_of"): "paint the light",
        (shots, "build_panorama_world"): "paint the light",
        (shots, "panorama_in_camera"): "paint the light",
        (stage, "denoise"): "denoise",
        (stage, "read_exr"): "read and write files",
        (Stage, "_measure"): "render what no light changes",
        (Stage, "light_by_world"): "render under the panorama",
        (Stage, "light_one_at_a_time"): "render one light at a time",
    }
    kept = {(owner, name): getattr(owner, name) for owner, name in patches}
    for (owner, name), part in patches.items():
        setattr(owner, name, clock.timed(part, getattr(owner, name)))
    write = clock.timed("read and write files", write_sample)
    samples, wall = 0, 0.0
    try:
        for group in range(groups + 1):
            if group == 1:
                clock.seconds.clear()
                samples, wall = 0, time.monotonic()
            scenes = scenes_rand(SEED, group, settings.group, packs, (*studio_hdris(), *packs.hdris))
            with clock.part("the rest"):
                for scene, shot in zip(scenes, shoot(scenes, packs, settings), strict=True):
                    write(out / f"{lights.replace(':', '')}_{size}" / sample_name(scene.index), *shot)
                    samples += 1
        wall = time.monotonic() - wall
    finally:
        for (owner, name), function in kept.items():
            setattr(owner, name, function)
    return {
        "lights": lights,
        "size": size,
        "samples": samples,
        "seconds": {part: seconds / samples for part, seconds in clock.seconds.items()},
        "wall_s": wall / samples,
    }


def measure_memory(out: Path, packs: Packs, size: int, groups: int = 25) -> dict[str, Any]:
    """Resident memory of this process in MiB after each sample."""
    settings = Settings(SEED, size, "olat:8", 8)
    resident = []
    for group in range(groups):
        for shot in shoot([scene_of(group, packs)], packs, settings):
            write_sample(out / "memory" / sample_name(group), *shot)
        resident.append(resident_mib())
    half = len(resident) // 2
    slope = float(np.polyfit(np.arange(half, groups), resident[half:], 1)[0])
    return {"resident_mib": resident, "slope_mib_a_sample": slope, "peak_mib": max(resident)}


def resident_mib() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def measure_plain(packs: Packs, size: int, lights: int = 4, reference: int = 384) -> dict[str, Any]:
    """Cost and error of the stage's way beside the plain one, which renders each light and toggle alone.

    Both render the same lights of a rig of 32; the reference is the plain way with many samples and another seed.
    Errors are RMSE over the matte of full, specular off and visibility off, each over the mean of its reference,
    without the worst 0.5% of the pixels (glints), averaged.
    """
    scene = scene_of(1, packs)
    directions = olat_directions(32)[np.linspace(0, 31, lights).astype(int)]
    rows = []
    with Stage(bust_of(scene.head, packs), scene.camera, size, 1) as on_stage:
        on_stage.scene.cycles.seed = 2
        wanted = alone(on_stage, directions, reference)[0]
        on_stage.scene.cycles.seed = 1
        for samples in (2, 4, 8):
            with_denoiser = on_stage.denoised
            for denoised in (True, False) if with_denoiser else (False,):
                on_stage.denoised = denoised
                begin = time.process_time()
                # A rig of 32 in two chunks of 16: these lights first, and what fills the chunk up.
                singles = on_stage.light_one_at_a_time(olat_directions(32), samples)
                seconds = (time.process_time() - begin) / 32
                chosen = [singles[i] for i in np.linspace(0, 31, lights).astype(int)]
                found = {
                    "full": np.stack([s.diffuse + s.specular for s in chosen]),
                    "diffuse": np.stack([s.diffuse for s in chosen]),
                    "unshadowed": np.stack([s.unshadowed for s in chosen]),
                }
                rows.append(row(TOGETHER, samples, denoised, seconds, found, wanted, on_stage))
            on_stage.denoised = with_denoiser
        for samples in (1, 2, 4, 8, 16, 32):
            found, seconds = alone(on_stage, directions, samples)
            rows.append(row(ALONE, samples, False, seconds / lights, found, wanted, on_stage))
            if on_stage.denoised:
                surface = on_stage.surface
                begin = time.process_time()
                clean = {
                    kind: np.stack([denoise(image, surface.albedo, surface.normal, fast=True) for image in images])
                    for kind, images in found.items()
                }
                spent = time.process_time() - begin
                rows.append(row(ALONE, samples, True, (seconds + spent) / lights, clean, wanted, on_stage))
    return {"size": size, "lights": lights, "reference_samples": reference, "rows": rows}


def alone(on_stage: Stage, directions: np.ndarray, samples: int) -> tuple[dict[str, np.ndarray], float]:
    """Render each light and each toggle by itself: pictures (N, H, W, 3) by kind, and CPU seconds."""
    rotation = on_stage.camera.matrix_world()[:3, :3]
    pictures: dict[str, list[np.ndarray]] = {kind: [] for kind in KINDS}
    on_stage.scene.world = on_stage.black
    begin = time.process_time()
    for direction in directions @ rotation.T:
        for kind in KINDS:
            lamp = build_olat_light("alone", direction, olat_half_angle(32), on_stage.lamps)
            lamp.visible_glossy = kind == "full"
            on_stage._set_visibility(kind != "unshadowed")
            pictures[kind].append(stack(on_stage.render_planes(samples), layer("ViewLayer.Combined", RGB)))
            on_stage._set_visibility(True)
            bpy.data.lights.remove(lamp.data)
    return {kind: np.stack(images) for kind, images in pictures.items()}, time.process_time() - begin


def row(
    way: str,
    samples: int,
    denoised: bool,
    seconds: float,
    found: dict[str, np.ndarray],
    wanted: dict[str, np.ndarray],
    on_stage: Stage,
) -> dict[str, Any]:
    inside = on_stage.surface.matte[:, :, 0] > 0.99
    errors = {}
    for kind in KINDS:
        squares = ((found[kind] - wanted[kind]) ** 2)[:, inside].mean(axis=-1)
        kept = squares[squares <= np.quantile(squares, 0.995)]
        errors[kind] = float(np.sqrt(kept.mean()) / wanted[kind][:, inside].mean())
    return {"way": way, "samples": samples, "denoised": denoised, "seconds_a_light": seconds, "errors": errors}


def measure_growth(packs: Packs, axis: str, size: int) -> dict[str, Any]:
    """CPU seconds of a subject's 32 lights (or as many as the axis says), growing along one axis."""
    scene = scene_of(1, packs)
    bust = bust_of(scene.head, packs)
    points: dict[str, tuple[Bust, int, int]]
    if axis == "lights":
        points = {str(count): (bust, size, count) for count in LIGHTS}
    elif axis == "size":
        points = {str(side): (bust, side, 8) for side in SIZES}
    else:
        points = {str(sum(len(s.points) for s in b.strands)): (b, size, 8) for b in (thinned(bust, k) for k in STRANDS)}
    seconds = {}
    for name, (subject, side, count) in points.items():
        with Stage(subject, scene.camera, side, 1) as on_stage:
            begin = time.process_time()
            on_stage.light_one_at_a_time(olat_directions(count), 2)
            seconds[name] = time.process_time() - begin
    return {"axis": axis, "size": size, "seconds": seconds}


def measure_workers(out: Path, assets: Path | None, size: int, count: int = 8) -> dict[str, Any]:
    """Wall seconds a sample of the farm with one process, two, and as many as the machine has processors.

    Unlike the other cases this one wants a machine that does nothing else.
    """
    seconds = {}
    for workers in sorted({1, 2, os.cpu_count() or 1}):
        folder = out / f"workers_{workers}"
        shutil.rmtree(folder, ignore_errors=True)
        begin = time.monotonic()
        render_dataset(folder, count, Settings(SEED, size, "olat:32"), assets, workers, report=lambda _: None)
        seconds[str(workers)] = (time.monotonic() - begin) / count
    return {"axis": "workers", "size": size, "seconds": seconds}


def thinned(bust: Bust, share: float) -> Bust:
    """The bust with a share of its strands; more than all by laying them down again, a little aside."""
    strands = []
    for lock in bust.strands:
        whole, rest = divmod(share, 1)
        copies = [lock.points + 0.0005 * k for k in range(int(whole))] + [lock.points[: round(rest * len(lock.points))]]
        points = np.concatenate(copies)
        if len(points):
            strands.append(replace(lock, points=points.astype(np.float32)))
    return replace(bust, strands=tuple(strands))


def equal_error(rows: list[dict[str, Any]], goal: float, denoised: bool) -> float | None:
    """CPU seconds a light that the plain way needs, by its own rows, to reach a mean error; None if none comes near.

    Between two rows cost follows a power of the error, and beyond the best one the power of all of them.
    """
    plain = [r for r in rows if r["way"] == ALONE and r["denoised"] == denoised]
    if not plain:
        return None
    pairs = sorted((np.log(mean_error(r)), np.log(r["seconds_a_light"])) for r in plain)
    errors, seconds = (np.array(column) for column in zip(*pairs, strict=True))
    if np.log(goal) > errors[-1]:
        return None
    if np.log(goal) < errors[0]:
        return float(np.exp(np.polyval(np.polyfit(errors, seconds, 1), np.log(goal))))
    return float(np.exp(np.interp(np.log(goal), errors, seconds)))


def mean_error(found: dict[str, Any]) -> float:
    return float(np.mean(list(found["errors"].values())))


def as_markdown(results: dict[str, Any]) -> str:
    """All results as tables."""
    lines: list[str] = []
    for name in ("olat", "hdri"):
        if name in results:
            parts = results[name]
            total = sum(parts["seconds"].values())
            lines += [
                f"`--lights {parts['lights']}`, {parts['size']}²:",
                "",
                "| part | CPU s a sample | share |",
                "|---|---|---|",
            ]
            for part, seconds in sorted(parts["seconds"].items(), key=lambda item: -item[1]):
                lines.append(f"| {part} | {seconds:.2f} | {seconds / total:.0%} |")
            lines += [f"| **all** | **{total:.1f}** | {7200 / total:.0f} samples an hour on two cores |", ""]
    if "plain" in results:
        rows = results["plain"]["rows"]
        names = ("way", "samples", "denoised", "CPU s a light", "full", "specular off", "visibility off")
        lines += ["| " + " | ".join([*names, "plain, as good", "plain and denoised, as good"]) + " |", "|" + "---|" * 9]
        for found in rows:
            spent, goal = found["seconds_a_light"], mean_error(found)
            cells = [found["way"], str(found["samples"]), "yes" if found["denoised"] else "no", f"{spent:.2f}"]
            cells += [f"{100 * found['errors'][kind]:.1f}%" for kind in KINDS]
            for denoised in (False, True):
                other = equal_error(rows, goal, denoised) if found["way"] == TOGETHER else None
                cells.append("" if other is None else f"{other / spent:.1f} × the cost")
            lines.append("| " + " | ".join(cells) + " |")
        lines.append("")
    for axis in AXES:
        if axis in results:
            seconds = results[axis]["seconds"]
            unit = "wall s a sample" if axis == "workers" else "CPU s"
            lines += [f"| {axis} | " + " | ".join(seconds) + " |", "|" + "---|" * (len(seconds) + 1)]
            lines += [f"| {unit} | " + " | ".join(f"{s:.1f}" for s in seconds.values()) + " |", ""]
    if "memory" in results:
        memory = results["memory"]
        lines.append(f"Memory: {memory['slope_mib_a_sample']:+.2f} MiB a sample, at most {memory['peak_mib']:.0f} MiB.")
    return "\n".join(lines)


def plot(results: dict[str, Any], path: Path) -> None:
    """Growth along each axis that was measured, both axes logarithmic but for the strands."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    axes = [axis for axis in AXES if axis in results]
    figure, panels = plt.subplots(1, max(len(axes), 1), figsize=(4 * max(len(axes), 1), 3.2), squeeze=False)
    titles = {"lights": "lights", "size": "side of the picture, px", "strands": "hair strands", "workers": "workers"}
    for axis, panel in zip(axes, panels[0], strict=False):
        seconds = results[axis]["seconds"]
        x, y = [float(key) for key in seconds], list(seconds.values())
        panel.plot(x, y, "o-", color="#c0562f")
        if axis in ("lights", "size"):
            panel.set_xscale("log")
            panel.set_yscale("log")
        else:
            panel.set_ylim(0, 1.1 * max(y))
        if axis != "strands":
            panel.set_xticks(x, list(seconds))
            panel.minorticks_off()
        panel.set_xlabel(titles[axis])
        panel.set_ylabel("wall seconds a sample" if axis == "workers" else "CPU seconds")
        panel.grid(alpha=0.3)
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("out", type=Path)
    cases = ("olat", "hdri", "plain", "memory", *AXES)
    parser.add_argument("--case", action="append", choices=cases, help="measure this; default: olat and hdri")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--groups", type=int, help="people in the cases olat, hdri (4) and memory (25)")
    parser.add_argument("--reference", type=int, default=384, help="samples of the reference in the case plain")
    parser.add_argument("--assets", type=Path)
    parser.add_argument("--plot", type=Path, help="draw the growth that OUT knows of")
    arguments = parser.parse_args()
    packs = find_packs(arguments.assets)
    path = arguments.out / "results.json"
    results = json.loads(path.read_text()) if path.is_file() else {}
    groups = {} if arguments.groups is None else {"groups": arguments.groups}
    measures: dict[str, Callable[[], dict[str, Any]]] = {
        "olat": lambda: measure_parts(arguments.out, packs, arguments.size, "olat:32", **groups),
        "hdri": lambda: measure_parts(arguments.out, packs, arguments.size, "hdri:4", **groups),
        "plain": lambda: measure_plain(packs, arguments.size, reference=arguments.reference),
        "workers": lambda: measure_workers(arguments.out, arguments.assets, arguments.size),
        "memory": lambda: measure_memory(arguments.out, packs, arguments.size, **groups),
        **{axis: lambda axis=axis: measure_growth(packs, axis, arguments.size) for axis in AXES[:3]},
    }
    arguments.out.mkdir(parents=True, exist_ok=True)
    for case in arguments.case or (() if arguments.plot else ("olat", "hdri")):
        results[case] = measures[case]()
        path.write_text(json.dumps(results, indent=1))
    print(as_markdown(results))
    if arguments.plot:
        plot(results, arguments.plot)


if __name__ == "__main__":
    main()
