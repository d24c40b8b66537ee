"""The exported networks as ONNX Runtime opens them: what they are called, take and give (docs/architecture.md)."""

import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..errors import ModelError

WEIGHTS = Path(__file__).parent / "weights"
FORMAT = 1  # of the exported graphs, as their metadata says it


class Contract(NamedTuple):
    """Names of a graph's inputs and outputs (docs/architecture.md).

    later: those that came with the visibility net, and with the light net. Graphs from before either lack what came
        with it and go on working.
    """

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    later: tuple[tuple[str, ...], ...] = ()


GRAPHS = {
    "matting.onnx": Contract(("photo",), ("parsing", "trimap", "matte", "foreground")),
    "decompose.onnx": Contract(
        ("foreground", "matte"), ("normal", "albedo", "visible", "light"), (("visible",), ("light",))
    ),
    "relight.onnx": Contract(
        ("foreground", "matte", "normal", "albedo", "visible", "light_map"),
        ("relit", "diffuse_light", "specular", "shadow"),
        (("visible", "shadow"),),
    ),
}


def open_graph(path: Path, providers: tuple[str, ...], threads: int) -> Any:
    """An ONNX Runtime session for one of our files, or a ModelError that says which file and what to do."""
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as failures

    if not path.is_file():
        raise ModelError(
            f"{path} is missing. Reinstall Relight Stage, or give a folder that holds {', '.join(GRAPHS)}."
        )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or os.cpu_count() or 1
    options.log_severity_level = 3
    # Threads that spin between two runs take the processor from Blender's own drawing: 5 times the CPU time of a draft.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=list(providers))
    except (failures.Fail, failures.InvalidProtobuf, failures.InvalidGraph, failures.NotImplemented) as error:
        raise ModelError(
            f"{path} is damaged or not an ONNX file ({path.stat().st_size} bytes). Reinstall Relight Stage, or export "
            "the networks again with `relight-stage export`."
        ) from error
    inputs, outputs, later = GRAPHS[path.name]
    found_in, found_out = ({value.name for value in values} for values in (session.get_inputs(), session.get_outputs()))
    found, wanted = found_in | found_out, {*inputs, *outputs}
    wanted -= {name for group in later if not found & set(group) for name in group}
    if found_in - set(inputs) or not found >= wanted:
        raise ModelError(
            f"{path} is not a network of Relight Stage: it takes {sorted(found_in)} and gives {sorted(found_out)}; "
            f"{sorted(inputs)} and {sorted(outputs)} are needed. Export it again with `relight-stage export`."
        )
    said = session.get_modelmeta().custom_metadata_map
    if said.get("format") != str(FORMAT):
        raise ModelError(
            f"{path} was made by Relight Stage {said.get('version', 'of an unknown version')} and has format "
            f"{said.get('format', 'none')}; this version reads format {FORMAT}. Export the training run again with "
            "this version, or use the shipped networks."
        )
    return session


def run_graph(session: Any, options: Any = None, /, **inputs: np.ndarray) -> dict[str, np.ndarray]:
    """All outputs of a graph by name; (1, C, H, W) in and out; ``options`` are ONNX Runtime's RunOptions."""
    names = [value.name for value in session.get_outputs()]
    return dict(zip(names, session.run(names, inputs, options), strict=True))
