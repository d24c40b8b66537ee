"""How long do the networks take? `python benchmarks/networks.py [PHOTO] [--plot OUT.png]`.

The shipped graphs in ONNX Runtime as the panel runs them, and beside them the same networks in PyTorch, eagerly, in
one run on the same cores: a photo taken apart, relit after a change of light, and both, at several sizes (the photo is
enlarged); then the three graphs of `tiny.toml`'s widths in a row, for movies. Medians; memory is the peak of a process
of its own.
"""

import argparse
import multiprocessing
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch

from relight_stage.nets import export
from relight_stage.nets.checkpoint import read_weights
from relight_stage.nets.config import portrait_from, read_recipe
from relight_stage.nets.graphs import GRAPHS, WEIGHTS, open_graph, run_graph
from relight_stage.nets.infer import Relighter
from relight_stage.nets.portrait import PortraitNet
from relight_stage.scenes.colour import srgb_to_linear

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "addon" / "photos" / "example.jpg"
SIDES = (256, 512, 1024, 2048, 2880)  # the last has the pixels of 3840x2160
TINY_PX = 256


class Eager:
    """One of our networks in PyTorch, called like a session of ONNX Runtime."""

    def __init__(self, nets: PortraitNet, name: str):
        self.graph = export.GRAPHS[name]
        self.module = self.graph.build(nets).eval()

    def get_outputs(self) -> list[Any]:
        return [SimpleNamespace(name=name) for name in self.graph.outputs]

    def run(self, names: list[str], inputs: dict[str, np.ndarray], options: Any = None) -> list[np.ndarray]:
        with torch.inference_mode():
            out = self.module(*(torch.from_numpy(inputs[name]) for name in self.graph.inputs))
        return [tensor.numpy() for tensor in out]


class Times(NamedTuple):
    """Seconds, medians."""

    analyse: float
    relight: float
    memory_gib: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photo", type=Path, nargs="?", default=EXAMPLE)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--plot", type=Path)
    words = parser.parse_args()
    found: dict[str, dict[int, Times]] = {"ONNX Runtime": {}, "PyTorch": {}}
    print("| side, px | networks in | analyse | relight | both | memory |\n|---|---|---|---|---|---|")
    for side in SIDES:
        for engine, rows in found.items():
            rows[side] = times = apart(measure, engine, words.photo, side, words.repeats)
            print(
                f"| {side} | {engine} | {times.analyse:.3f} s | {times.relight:.3f} s | "
                f"{times.analyse + times.relight:.2f} s | {times.memory_gib:.2f} GiB |",
                flush=True,
            )
    frames, memory = apart(measure_tiny, words.repeats)
    print(f"\ntiny, {TINY_PX} px, the three graphs one after the other: {frames:.0f} frames/s, {memory:.2f} GiB")
    if words.plot is not None:
        plot(found, words.plot)


def apart(work: Callable, *words: Any) -> Any:
    """What ``work`` gives in a process of its own, so that one's memory is not the other's."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, words)


def measure(engine: str, photo: Path, side: int, repeats: int) -> Times:
    encoded = cv2.imread(str(photo))[:, :, ::-1].astype(np.float32) / 255
    linear = srgb_to_linear(cv2.resize(encoded, (side, side), interpolation=cv2.INTER_CUBIC).clip(0, 1))
    relighter = Relighter.load()
    if engine == "PyTorch":
        weights, widths = read_weights(WEIGHTS / "weights.safetensors")
        nets = PortraitNet(portrait_from(widths)).eval()
        nets.load_state_dict(weights)
        relighter = Relighter({name: Eager(nets, Path(name).stem) for name in GRAPHS}, relighter.working_px)
    portrait = relighter.analyse(linear)
    assert portrait.albedo is not None  # made once, with the first picture
    rng = np.random.default_rng(0)
    lights = [np.exp(2 * rng.standard_normal((64, 128, 3))).astype(np.float32) for _ in range(repeats + 1)]
    relight = clocked(lambda i: relighter.relight(portrait, lights[i]), repeats)
    analyse = clocked(lambda i: relighter.analyse(linear), min(repeats, 3))
    return Times(analyse, relight, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)


def measure_tiny(repeats: int) -> tuple[float, float]:
    """Frames a second, and GiB. The weights are random: they cost what trained ones cost."""
    recipe = read_recipe(ROOT / "nets" / "configs" / "tiny.toml")
    nets = PortraitNet(recipe.portrait).eval()
    with tempfile.TemporaryDirectory() as folder:
        for name in export.GRAPHS:
            export.write_graph(nets, name, Path(folder) / f"{name}.onnx", recipe)
        sessions = {name: open_graph(Path(folder) / name, ("CPUExecutionProvider",), 0) for name in GRAPHS}
    photo = np.random.default_rng(0).random((1, 3, TINY_PX, TINY_PX), np.float32)
    light = np.ones((1, 3, 64, 128), np.float32)

    def frame(i: int) -> None:
        cut = run_graph(sessions["matting.onnx"], photo=photo)
        given = {name: cut[name] for name in ("foreground", "matte")}
        made = run_graph(sessions["decompose.onnx"], **given)
        del made["light"]  # the photo's own; a movie's new light asks for nothing of it
        run_graph(sessions["relight.onnx"], **given, **made, light_map=light)

    return 1 / clocked(frame, 10 * repeats), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def clocked(work: Callable[[int], Any], repeats: int) -> float:
    """Median seconds, without the first time."""
    times = []
    for i in range(repeats + 1):
        began = time.perf_counter()
        work(i)
        times.append(time.perf_counter() - began)
    return statistics.median(times[1:])


def plot(found: dict[str, dict[int, Times]], path: Path) -> None:
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(8, 3.2), layout="constrained", sharey=True)
    for axis, what in zip(axes, ("analyse", "relight"), strict=True):
        for engine, rows in found.items():
            axis.loglog(
                [side**2 / 1e6 for side in rows], [getattr(row, what) for row in rows.values()], "o-", label=engine
            )
        axis.set(title=what, xlabel="megapixels")
        axis.grid(alpha=0.3)
    axes[0].set_ylabel("seconds")
    axes[1].legend()
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
