"""What do fewer bits cost? `python benchmarks/precision.py TRAINING TEST OUT`: OLAT samples, and a folder for graphs.

The shipped graphs with weights of 16 bits, and with convolutions in 8 bits (calibrated on photos of TRAINING), beside
32 bits: bytes, time of each graph at 256² and the score of `lamps.py` on people of TEST.
"""

import argparse
import statistics
import time
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import lamps
import numpy as np
import onnx
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

from relight_stage.nets.config import DataConfig
from relight_stage.nets.data import Dataset
from relight_stage.nets.graphs import GRAPHS, WEIGHTS, run_graph
from relight_stage.nets.infer import Relighter

CALIBRATING, JUDGED, REPEATS = 6, 24, 9

Feeds = dict[str, list[dict[str, np.ndarray]]]


class Feed(CalibrationDataReader):
    """Inputs of a graph, one after the other."""

    def __init__(self, feeds: list[dict[str, np.ndarray]]):
        self._feeds = iter(feeds)

    def get_next(self) -> dict[str, np.ndarray] | None:
        return next(self._feeds, None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("training", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("out", type=Path)
    words = parser.parse_args()
    feeds = record(dataset_of(words.training, CALIBRATING))
    for name in GRAPHS:
        write_half(WEIGHTS / name, words.out / "fp16" / name)
        write_int8(WEIGHTS / name, words.out / "int8" / name, feeds[name])
    folders = {"fp32": WEIGHTS, "fp16 weights": words.out / "fp16", "int8": words.out / "int8"}
    networks = {kind: Relighter.load(folder) for kind, folder in folders.items()}
    scores, _ = lamps.judge(networks, dataset_of(words.test, JUDGED), pairs=2)
    print("| | MB | matting | decompose | relight | PSNR (dB) | SSIM |\n|---|---|---|---|---|---|---|")
    for kind, relighter in networks.items():
        size = sum((folders[kind] / name).stat().st_size for name in GRAPHS) / 1e6
        times = [f"{seconds(relighter, name, feeds[name][0]):.3f} s" for name in GRAPHS]
        found = [lamps.spread(scores[kind], measure, digits) for measure, digits in (("psnr", 2), ("ssim", 3))]
        print(f"| {kind} | {size:.1f} | {' | '.join(times)} | {' | '.join(found)} |")


def dataset_of(folder: Path, people: int) -> Dataset:
    dataset = Dataset(folder, replace(DataConfig(), test_percent=100), test=True)
    dataset.rescan(people)
    return dataset


class Recorder:
    """A session of ONNX Runtime that notes what it is given."""

    def __init__(self, session: Any, feeds: list[dict[str, np.ndarray]]):
        self._session, self._feeds = session, feeds
        self.get_outputs = session.get_outputs

    def run(self, names: list[str], inputs: dict[str, np.ndarray], options: Any = None) -> list[np.ndarray]:
        self._feeds.append(inputs)
        return self._session.run(names, inputs, options)


def record(dataset: Dataset) -> Feeds:
    """What the graphs are given while the photos of a dataset are relit."""
    shipped, feeds = Relighter.load(), defaultdict(list)
    recorders = {name: Recorder(session, feeds[name]) for name, session in shipped.sessions.items()}
    relighter = Relighter(recorders, shipped.working_px)
    for case in lamps.cases(dataset, pairs=1):
        relighter.relight(relighter.analyse(case.photo), case.light_map)
    return feeds


def write_half(graph: Path, out: Path) -> None:
    """Weights rounded to halves. They stay in 32 bits in the file: processors compute with those."""
    model = onnx.load(str(graph))
    for tensor in model.graph.initializer:
        values = onnx.numpy_helper.to_array(tensor)
        if values.dtype == np.float32:
            tensor.CopyFrom(onnx.numpy_helper.from_array(values.astype(np.float16).astype(np.float32), tensor.name))
    out.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, str(out))


def write_int8(graph: Path, out: Path, feeds: list[dict[str, np.ndarray]]) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    quantize_static(
        str(graph),
        str(out),
        Feed(feeds),
        quant_format=QuantFormat.QDQ,
        op_types_to_quantize=["Conv"],
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
    )


def seconds(relighter: Relighter, name: str, feed: dict[str, np.ndarray]) -> float:
    """Median of a graph's runs."""
    times = []
    for _ in range(REPEATS + 1):
        began = time.perf_counter()
        run_graph(relighter.sessions[name], **feed)
        times.append(time.perf_counter() - began)
    return statistics.median(times[1:])


if __name__ == "__main__":
    main()
