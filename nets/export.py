"""Trained weights to the three ONNX graphs that inference runs, checked against the networks they came from.

Names, shapes and colour spaces are those of docs/architecture.md, "The exported graphs".
"""

import json
import logging
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnx
import onnxruntime
import onnxscript.optimizer
import torch
from torch import Tensor, nn

from .. import __version__
from ..errors import ModelError
from . import graphs, lobes
from .checkpoint import fit_weights, read_checkpoint, write_weights
from .config import Recipe, recipe_from, table_of
from .portrait import PortraitNet

OPSET = 18
TOLERANCE = 1e-4  # relative to the larger of 1 and the largest value
# Fold what is small. The lattice of texels and the lobes' spectra are formulas; folded they would be megabytes of
# tables. ONNX Runtime folds them once in memory when it loads the graph.
FOLDED_BYTES = 4096


class Decompose(nn.Module):
    """decompose.onnx: geometry, albedo, visibility and light net."""

    def __init__(self, nets: PortraitNet):
        super().__init__()
        self.nets = nets

    def forward(self, foreground: Tensor, matte: Tensor) -> tuple[Tensor, ...]:
        made = self.nets.decompose(foreground, matte)
        return (*made, self.nets.light(foreground, matte, made.normal, made.albedo))


class Relight(nn.Module):
    """relight.onnx: light maps, specular net and neural renderer."""

    def __init__(self, nets: PortraitNet):
        super().__init__()
        self.shading = nets.shading

    def forward(
        self,
        foreground: Tensor,
        matte: Tensor,
        normal: Tensor,
        albedo: Tensor,
        visible: Tensor,
        light_map: Tensor,
    ) -> tuple[Tensor, ...]:
        return tuple(self.shading(foreground, matte, normal, albedo, visible, light_map)[:4])


class Graph(NamedTuple):
    """A graph to export: what makes it, its inputs and outputs by name."""

    build: Callable[[PortraitNet], nn.Module]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


_BUILT: dict[str, Callable[[PortraitNet], nn.Module]] = {
    "matting": lambda nets: nets.matting,
    "decompose": Decompose,
    "relight": Relight,
}
GRAPHS = {
    name: Graph(build, graphs.GRAPHS[f"{name}.onnx"].inputs, graphs.GRAPHS[f"{name}.onnx"].outputs)
    for name, build in _BUILT.items()
}


def export(run_folder: Path, out: Path) -> None:
    """Write matting.onnx, decompose.onnx, relight.onnx and weights.safetensors.

    Args:
        run_folder: folder that training wrote; a run that is not done yet exports its latest checkpoint.
        out: folder, made if need be.

    Raises:
        ModelError: no weights in the run, or a graph that computes something else than the network.
    """
    nets, recipe = load_nets(Path(run_folder))
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    for name in GRAPHS:
        partial = out / f"{name}.partial"
        write_graph(nets, name, partial, recipe)
        verify_graph(nets, name, partial)
        partial.replace(out / f"{name}.onnx")
        print(f"{out / name}.onnx  {(out / f'{name}.onnx').stat().st_size / 1e6:.2f} MB", flush=True)
    write_weights(out / "weights.safetensors", nets.state_dict(), table_of(recipe.portrait))


def load_nets(run_folder: Path) -> tuple[PortraitNet, Recipe]:
    """The averaged weights of a run's checkpoint, and its recipe."""
    content = read_checkpoint(run_folder / "checkpoint.pt")
    recipe = recipe_from(content["config"], str(run_folder))
    nets = PortraitNet(recipe.portrait)
    fit_weights(nets, content["average"], run_folder)
    return nets.eval().requires_grad_(False), recipe


def write_graph(nets: PortraitNet, name: str, path: Path, recipe: Recipe) -> None:
    """Export one graph with dynamic height and width."""
    graph = GRAPHS[name]
    height, width = torch.export.Dim("height"), torch.export.Dim("width")
    example = example_inputs(name, 64, 96, seed=0, directions=recipe.portrait.visibility.directions)
    shapes = {"light_map": None, "visible": {2: 16 * height, 3: 16 * width}}
    dynamic = tuple(shapes.get(key, {2: 32 * height, 3: 32 * width}) for key in graph.inputs)
    # The exporter talks about itself at length on the root loggers.
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            graph.build(nets),
            tuple(example[key] for key in graph.inputs),
            input_names=graph.inputs,
            output_names=graph.outputs,
            dynamic_shapes=dynamic,
            opset_version=OPSET,
            dynamo=True,
            external_data=False,
            optimize=False,
            verbose=False,
        )
    assert program is not None
    model = onnxscript.optimizer.optimize(
        program.model_proto, input_size_limit=FOLDED_BYTES, output_size_limit=FOLDED_BYTES
    )
    # Stack traces of the exporter: most of the file, and folders of whoever exported.
    for node in (*model.graph.node, *model.graph.input, *model.graph.output, *model.graph.value_info):
        node.ClearField("metadata_props")
        node.ClearField("doc_string")
    for tensor in model.graph.initializer:
        tensor.ClearField("metadata_props")
    del model.graph.metadata_props[:]
    properties = {
        "format": graphs.FORMAT,
        "version": __version__,
        "graph": name,
        "config": table_of(recipe.portrait),
        # What evaluation has to know: on whom and on which panoramas these weights were not trained.
        "split": {"test_hdris": recipe.data.test_hdris, "test_percent": recipe.data.test_percent},
    }
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in properties.items()}
    onnx.helper.set_model_props(model, texts)
    path.write_bytes(model.SerializeToString())


def example_inputs(name: str, height: int, width: int, seed: int, directions: int) -> dict[str, Tensor]:
    """Random inputs of a graph by name, as the contract wants them; ``directions`` of visibility."""
    generator = torch.Generator().manual_seed(seed)
    inputs = {
        key: torch.rand(1, channels, height, width, generator=generator)
        for key, channels in (("photo", 3), ("foreground", 3), ("matte", 1), ("normal", 3), ("albedo", 3))
    }
    inputs["visible"] = torch.rand(1, directions, height // 2, width // 2, generator=generator)
    inputs["matte"][:, :, : height // 4] = 0  # nobody there
    normal = inputs["normal"] * 2 - 1
    inputs["normal"] = normal / normal.norm(dim=1, keepdim=True)
    # Radiance over several decades with a sun, which moves with the seed.
    light = torch.exp(2 * torch.randn(1, 3, lobes.HEIGHT, lobes.WIDTH, generator=generator))
    light[:, :, 10 + 13 * seed % 40, 31 * seed % 128] = 1e4
    inputs["light_map"] = light
    return {key: inputs[key] for key in GRAPHS[name].inputs}


def verify_graph(nets: PortraitNet, name: str, path: Path) -> None:
    """Compare ONNX Runtime with torch at two sizes and under two lights.

    Raises:
        ModelError: they differ by more than TOLERANCE.
    """
    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    module = GRAPHS[name].build(nets)
    for seed, (height, width) in enumerate(((96, 160), (256, 192))):
        example = example_inputs(name, height, width, seed, len(nets.shading.cells.directions))
        with torch.no_grad():
            wanted = module(*example.values())
        found = session.run(list(GRAPHS[name].outputs), {key: value.numpy() for key, value in example.items()})
        for output, true, pred in zip(GRAPHS[name].outputs, wanted, found, strict=True):
            # Numbers grow with the light; so does what rounding does to them.
            scale = max(1.0, float(true.abs().max()))
            worst = float(np.abs(pred - true.numpy()).max()) / scale
            if not worst <= TOLERANCE:
                raise ModelError(
                    f"{name}.onnx differs from torch by {worst:.2g} in {output} at {width}x{height}; wanted is at most "
                    f"{TOLERANCE}. This is a fault of the exporter's version: install the versions of pyproject.toml."
                )
