"""The ONNX files keep the contract of docs/architecture.md and compute what torch computes."""

import json

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from relight_stage.errors import ModelError
from relight_stage.nets import export


@pytest.fixture(scope="module")
def exported(run_folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("onnx")
    export.export(run_folder, out)
    return out


def session(folder, name):
    return onnxruntime.InferenceSession(str(folder / f"{name}.onnx"), providers=["CPUExecutionProvider"])


CONTRACT = {
    "matting": ({"photo": 3}, {"parsing": 8, "trimap": 3, "matte": 1, "foreground": 3}),
    "decompose": ({"foreground": 3, "matte": 1}, {"normal": 3, "albedo": 3, "visible": 8, "light": 3}),
    "relight": (
        {"foreground": 3, "matte": 1, "normal": 3, "albedo": 3, "visible": 8, "light_map": 3},
        {"relit": 3, "diffuse_light": 3, "specular": 3, "shadow": 3},
    ),
}


@pytest.mark.parametrize("name", CONTRACT)
def test_graphs_have_the_names_shapes_and_metadata_of_the_contract(exported, name):
    inputs, outputs = CONTRACT[name]
    graph = session(exported, name)
    assert {x.name: x.shape[1] for x in graph.get_inputs()} == inputs
    assert [x.name for x in graph.get_outputs()] == list(outputs)
    height, width = 32, 96
    sizes = {"light_map": (64, 128), "light": (16, 32), "visible": (height // 2, width // 2)}
    feed = {key: np.full((1, c, *sizes.get(key, (height, width))), 0.5, np.float32) for key, c in inputs.items()}
    for value, (key, channels) in zip(graph.run(None, feed), outputs.items(), strict=True):
        assert value.shape == (1, channels, *sizes.get(key, (height, width))) and value.dtype == np.float32
    properties = graph.get_modelmeta().custom_metadata_map
    assert properties["format"] == "1" and properties["version"]
    assert "geometry" in json.loads(properties["config"])


@pytest.mark.parametrize("name", CONTRACT)
def test_graphs_equal_torch(exported, run_folder, name):
    nets, _ = export.load_nets(run_folder)
    feed = export.example_inputs(name, 96, 64, seed=5, directions=8)
    with torch.no_grad():
        wanted = export.GRAPHS[name].build(nets)(*feed.values())
    found = session(exported, name).run(None, {key: value.numpy() for key, value in feed.items()})
    for true, pred in zip(wanted, found, strict=True):
        scale = max(1.0, float(true.abs().max()))
        assert np.abs(pred - true.numpy()).max() <= 1e-4 * scale


@pytest.mark.parametrize("name", CONTRACT)
def test_graphs_store_weights_and_no_tables(exported, run_folder, name):
    nets, _ = export.load_nets(run_folder)
    weights = sum(x.numel() for x in nets.state_dict().values()) * 4
    model = onnx.load(str(exported / f"{name}.onnx"))
    assert max(np.prod(x.dims) for x in model.graph.initializer) < 5000  # the widest layer of tiny.toml
    assert model.ByteSize() < weights + 300_000
    assert b"site-packages" not in model.SerializeToString()


def test_a_graph_that_computes_something_else_is_refused(run_folder, tmp_path):
    nets, recipe = export.load_nets(run_folder)
    export.write_graph(nets, "decompose", tmp_path / "decompose.onnx", recipe)
    nets.albedo.head.bias += 0.1
    with pytest.raises(ModelError, match="differs from torch"):
        export.verify_graph(nets, "decompose", tmp_path / "decompose.onnx")


def test_a_folder_without_a_run_is_refused(tmp_path):
    with pytest.raises(ModelError, match="does not exist"):
        export.export(tmp_path, tmp_path / "out")
