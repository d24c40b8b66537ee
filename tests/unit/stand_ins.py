"""Stand-ins for the three networks: small ONNX graphs with the contract's inputs and outputs and known answers.

Matting tells people by colour: redder than blue is a person, greener than red on a person is an eye.
Decompose says: a sphere that fills the window, albedo ALBEDO. Relight is Lambert's law, the light in 8 × 16 cells.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

ALBEDO = 0.6
SKIN, EYE, BACKDROP = (0.8, 0.5, 0.4), (0.5, 0.8, 0.1), (0.2, 0.3, 0.7)  # sRGB


class _Graph:
    """Collects nodes; every method returns the name of its result."""

    def __init__(self):
        self.nodes, self.constants = [], []

    def const(self, value, dtype=np.float32) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def __call__(self, op: str, *inputs: str, **attributes) -> str:
        name = f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [name], **attributes))
        return name

    def affine(self, x: str, gain: float, offset: float) -> str:
        return self("Add", self("Mul", x, self.const(gain)), self.const(offset))

    def clip(self, x: str, low: float = 0.0, high: float = 1.0) -> str:
        return self("Clip", x, self.const(low), self.const(high))

    def save(self, path: Path, inputs: dict[str, list], outputs: dict[str, str]) -> None:
        for name, value in outputs.items():
            self.nodes.append(helper.make_node("Identity", [value], [name]))
        graph = helper.make_graph(
            self.nodes,
            path.stem,
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs.items()],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, "C", "H", "W"]) for name in outputs],
            self.constants,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        helper.set_model_props(model, {"format": "1", "version": "stand-in"})
        onnx.checker.check_model(model)
        onnx.save(model, path)


def _channel(g: _Graph, x: str, index: int) -> str:
    return g("Slice", x, g.const([index], np.int64), g.const([index + 1], np.int64), g.const([1], np.int64))


def _matting(path: Path) -> None:
    g = _Graph()
    red, green, blue = (_channel(g, "photo", i) for i in range(3))
    matte = g.clip(g.affine(g("Sub", red, blue), 4.0, 0.5))
    eyes = g("Mul", matte, g.clip(g.affine(g("Sub", green, red), 4.0, 0.0)))
    skin, background, nothing = g("Sub", matte, eyes), g.affine(matte, -1.0, 1.0), g.affine(matte, 0.0, 0.0)
    parsing = g("Concat", background, skin, nothing, eyes, nothing, nothing, nothing, nothing, axis=1)
    trimap = g("Concat", background, nothing, matte, axis=1)
    foreground = g("Pow", "photo", g.const(2.2))
    g.save(
        path,
        {"photo": [1, 3, "H", "W"]},
        {"parsing": parsing, "trimap": trimap, "matte": matte, "foreground": foreground},
    )


def _decompose(path: Path) -> None:
    g = _Graph()
    ones = g.affine("matte", 0.0, 1.0)
    grid = []
    for axis in (3, 2):
        place = g("CumSum", ones, g.const(axis, np.int64))
        last = g("ReduceMax", place, keepdims=1)
        grid.append(g.affine(g("Div", g.affine(place, 1.0, -0.5), last), 2.0, -1.0))
    x, y = grid[0], g.affine(grid[1], -1.0, 0.0)
    flat = g("Add", g("Mul", x, x), g("Mul", y, y))
    z = g("Sqrt", g.clip(g.affine(flat, -1.0, 1.0), 0.01))
    normal = g("Concat", x, y, z, axis=1)
    length = g("ReduceL2", normal, axes=[1], keepdims=1)
    g.save(
        path,
        {"foreground": [1, 3, "H", "W"], "matte": [1, 1, "H", "W"]},
        {
            "normal": g("Div", normal, length),
            "albedo": g.affine("foreground", 0.0, ALBEDO),
            "visible": g.affine(g("AveragePool", "matte", kernel_shape=[2, 2], strides=[2, 2]), 0.0, 1.0),
            "light": g("Expand", g.const(1.0), g.const([1, 3, 16, 32], np.int64)),
        },
    )


def _relight(path: Path) -> None:
    g = _Graph()
    azimuth = ((np.arange(16) + 0.5) / 16 - 0.5) * 2 * np.pi
    elevation = (0.5 - (np.arange(8) + 0.5) / 8) * np.pi
    el, az = np.meshgrid(elevation, azimuth, indexing="ij")
    toward = np.stack([np.sin(az) * np.cos(el), np.sin(el), np.cos(az) * np.cos(el)], axis=-1).reshape(-1, 3)
    rows = np.cos((0.5 - (np.arange(64) + 0.5) / 64) * np.pi)
    solid_angle = (rows * (np.pi / 64) * (2 * np.pi / 128)).reshape(1, 1, 64, 1)
    flux = g("Mul", "light_map", g.const(solid_angle))
    cells = g.affine(g("AveragePool", flux, kernel_shape=[8, 8], strides=[8, 8]), 64.0 / np.pi, 0.0)
    cells = g("Reshape", cells, g.const([3, 128], np.int64))
    kernel = g.const(toward[:, :, None, None])  # (128, 3, 1, 1): normal · direction as a 1 × 1 convolution
    cosine = g("Relu", g("Conv", "normal", kernel))
    diffuse = g("Conv", cosine, g("Unsqueeze", cells, g.const([2, 3], np.int64)))
    relit = g("Mul", "albedo", diffuse)
    shape = [1, 3, "H", "W"]
    g.save(
        path,
        {
            "foreground": shape,
            "matte": [1, 1, "H", "W"],
            "normal": shape,
            "albedo": shape,
            "visible": [1, 1, "h", "w"],
            "light_map": [1, 3, 64, 128],
        },
        {
            "relit": relit,
            "diffuse_light": diffuse,
            "specular": g.affine(relit, 0.0, 0.0),
            "shadow": g.affine(relit, 0.0, 1.0),
        },
    )


def write_networks(folder: Path) -> Path:
    """Write the three stand-in graphs into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    _matting(folder / "matting.onnx")
    _decompose(folder / "decompose.onnx")
    _relight(folder / "relight.onnx")
    return folder


def draw_portrait(height: int, width: int, face_px: float, centre: tuple[float, float]) -> np.ndarray:
    """A face (an ellipse with two eyes and lips) on a backdrop, (H, W, 3) sRGB float32."""
    y, x = np.mgrid[:height, :width] + 0.5
    picture = np.empty((height, width, 3), np.float32)
    picture[:] = BACKDROP
    y, x = (y - centre[0]) / face_px, (x - centre[1]) / face_px
    picture[x**2 / 0.35**2 + y**2 / 0.5**2 < 1] = SKIN
    picture[(np.abs(np.abs(x) - 0.15) < 0.06) & (np.abs(y + 0.1) < 0.03)] = EYE
    picture[(np.abs(x) < 0.12) & (np.abs(y - 0.22) < 0.03)] = EYE
    return picture
