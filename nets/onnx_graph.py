"""ONNX graphs of convolutional networks computed by torch operators, so that gradients pass through them.

Only what such networks are made of is known; the file is data, and an operator that is not known is named.
"""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import torch
from google.protobuf.message import DecodeError
from onnx import numpy_helper
from torch import Tensor, nn
from torch.nn import functional as F

from ..errors import ModelError

Attributes = dict[str, Any]


class OnnxGraph(nn.Module):
    """A graph of one input and one output; its weights are buffers."""

    def __init__(self, graph: onnx.GraphProto):
        super().__init__()
        self.names: dict[str, str] = {}
        for index, tensor in enumerate(graph.initializer):
            self._keep(tensor.name, f"tensor_{index}", tensor)
        self.steps: list[tuple[str, Attributes, list[str], str]] = []
        for node in graph.node:
            attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
            if node.op_type == "Constant":
                self._keep(node.output[0], f"constant_{len(self.names)}", attributes["value"])
            else:
                self.steps.append((node.op_type, attributes, list(node.input), node.output[0]))
        self.source = next(x.name for x in graph.input if x.name not in self.names)
        self.result = graph.output[0].name

    def _keep(self, name: str, own: str, tensor: onnx.TensorProto) -> None:
        self.names[name] = own
        self.register_buffer(own, torch.from_numpy(numpy_helper.to_array(tensor).copy()))

    def forward(self, x: Tensor) -> Tensor:
        values = {name: getattr(self, own) for name, own in self.names.items()}
        values[self.source] = x
        for kind, attributes, inputs, output in self.steps:
            values[output] = OPERATORS[kind](attributes, *(values[name] if name else None for name in inputs))
        return values[self.result]


def read_onnx(path: Path) -> OnnxGraph:
    """Read a graph.

    Raises:
        ModelError: damaged, or with operators that are not known here.
    """
    try:
        model = onnx.load(str(path))
    except (DecodeError, OSError, ValueError) as error:
        raise ModelError(f"{path} is damaged or not ONNX: {str(error).splitlines()[0]}") from error
    unknown = {node.op_type for node in model.graph.node} - set(OPERATORS) - {"Constant"}
    if unknown:
        raise ModelError(
            f"{path} uses {', '.join(sorted(unknown))}, through which no gradient can be taken here. "
            f"Known are: {', '.join(sorted(OPERATORS))}."
        )
    if not model.graph.output:
        raise ModelError(f"{path} is damaged or not ONNX: it has no output.")
    return OnnxGraph(model.graph)


def _padded(x: Tensor, attributes: Attributes, fill: float = 0.0) -> Tensor:
    """Pad height and width as ``pads`` says: begins, then ends."""
    if attributes.get("auto_pad", b"NOTSET") not in (b"NOTSET", b"VALID"):
        raise ValueError("auto_pad other than NOTSET is not known here")
    top, left, bottom, right = attributes.get("pads", [0, 0, 0, 0])
    return F.pad(x, (left, right, top, bottom), value=fill) if top or left or bottom or right else x


def _conv(attributes: Attributes, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    stride, spread = attributes.get("strides", [1, 1]), attributes.get("dilations", [1, 1])
    return F.conv2d(_padded(x, attributes), weight, bias, stride, 0, spread, attributes.get("group", 1))


def _batch_norm(attributes: Attributes, x: Tensor, weight: Tensor, bias: Tensor, mean: Tensor, var: Tensor) -> Tensor:
    return F.batch_norm(x, mean, var, weight, bias, eps=attributes.get("epsilon", 1e-5))


def _max_pool(attributes: Attributes, x: Tensor) -> Tensor:
    stride = attributes.get("strides", [1, 1])
    return F.max_pool2d(
        _padded(x, attributes, float("-inf")),
        attributes["kernel_shape"],
        stride,
        ceil_mode=bool(attributes.get("ceil_mode")),
    )


def _average_pool(attributes: Attributes, x: Tensor) -> Tensor:
    if any(attributes.get("pads", [])) and not attributes.get("count_include_pad"):
        raise ValueError("AveragePool that leaves its padding out is not known here")
    return F.avg_pool2d(_padded(x, attributes), attributes["kernel_shape"], attributes.get("strides", [1, 1]))


def _gemm(attributes: Attributes, a: Tensor, b: Tensor, c: Tensor | None = None) -> Tensor:
    a = a.T if attributes.get("transA") else a
    b = b.T if attributes.get("transB") else b
    out = attributes.get("alpha", 1.0) * (a @ b)
    return out if c is None else out + attributes.get("beta", 1.0) * c


def _prelu(attributes: Attributes, x: Tensor, slope: Tensor) -> Tensor:
    return torch.where(x >= 0, x, slope * x)


def _reshape(attributes: Attributes, x: Tensor, shape: Tensor) -> Tensor:
    # Exporters write the batch down as it was: of whatever size it is, the first dimension stays.
    sizes = [x.shape[i] if size == 0 else int(size) for i, size in enumerate(shape.tolist())]
    return x.reshape(x.shape[0], *sizes[1:]) if sizes[0] in (1, -1) and len(sizes) > 1 else x.reshape(sizes)


def _axes(attributes: Attributes, given: Tensor | None) -> list[int]:
    return given.tolist() if given is not None else attributes["axes"]


def _reduce_mean(attributes: Attributes, x: Tensor, axes: Tensor | None = None) -> Tensor:
    return x.mean(dim=_axes(attributes, axes), keepdim=bool(attributes.get("keepdims", 1)))


def _squeeze(attributes: Attributes, x: Tensor, axes: Tensor | None = None) -> Tensor:
    return x.squeeze(tuple(_axes(attributes, axes)))


def _unsqueeze(attributes: Attributes, x: Tensor, axes: Tensor | None = None) -> Tensor:
    for axis in sorted(_axes(attributes, axes)):
        x = x.unsqueeze(axis)
    return x


def _clip(attributes: Attributes, x: Tensor, low: Tensor | None = None, high: Tensor | None = None) -> Tensor:
    low = attributes.get("min") if low is None else low
    high = attributes.get("max") if high is None else high
    return x if low is None and high is None else torch.clamp(x, low, high)


OPERATORS: dict[str, Callable[..., Tensor]] = {
    "Add": lambda _, a, b: a + b,
    "AveragePool": _average_pool,
    "BatchNormalization": _batch_norm,
    "Clip": _clip,
    "Concat": lambda attributes, *parts: torch.cat(parts, dim=attributes["axis"]),
    "Conv": _conv,
    "Div": lambda _, a, b: a / b,
    "Dropout": lambda _, x, *__: x,
    "Flatten": lambda attributes, x: x.reshape(math.prod(x.shape[: attributes.get("axis", 1)]), -1),
    "Gemm": _gemm,
    "GlobalAveragePool": lambda _, x: x.mean(dim=(2, 3), keepdim=True),
    "Identity": lambda _, x: x,
    "LeakyRelu": lambda attributes, x: F.leaky_relu(x, attributes.get("alpha", 0.01)),
    "MatMul": lambda _, a, b: a @ b,
    "MaxPool": _max_pool,
    "Mul": lambda _, a, b: a * b,
    "PRelu": _prelu,
    "ReduceMean": _reduce_mean,
    "Relu": lambda _, x: torch.relu(x),
    "Reshape": _reshape,
    "Sigmoid": lambda _, x: torch.sigmoid(x),
    "Sqrt": lambda _, x: torch.sqrt(x),
    "Squeeze": _squeeze,
    "Sub": lambda _, a, b: a - b,
    "Tanh": lambda _, x: torch.tanh(x),
    "Transpose": lambda attributes, x: x.permute(attributes["perm"]),
    "Unsqueeze": _unsqueeze,
}
