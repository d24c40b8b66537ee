"""Maps as 16-bit PNG, for readers without OpenEXR: code -> value = low + (high − low) · (code / 65535)^power.

A map with nothing negative is stored as its square root (power 2), which spares the dark half of a picture with
highlights from steps; the error is at most (high − low) · power / 131070.
"""

from typing import Any

import numpy as np

from ..errors import SampleError

CODE_MAX = 65535
# Cryptomatte's channels are names in the shape of numbers: a rounded one names nothing.
_EXACT = ("CryptoObject", "CryptoMaterial", "CryptoAsset")
_ORDER = {channel: k for k, channel in enumerate("RGBAXYZUV")}


def layers_of(planes: dict[str, np.ndarray]) -> dict[str, list[str]]:
    """Full names of a file's channels by their layer; the layer without a name is ``full``."""
    layers: dict[str, list[str]] = {}
    for name in planes:
        layers.setdefault(name.rpartition(".")[0] or "full", []).append(name)
    for names in layers.values():
        names.sort(key=lambda name: (_ORDER.get(name.rpartition(".")[2], len(_ORDER)), name))
    return layers


def encode_maps(planes: dict[str, np.ndarray]) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Turn the channels of a sample's maps into pictures.

    Args:
        planes: (H, W) by full name, as ``synth.exr.read_planes`` gives them.

    Returns:
        PNG files by name (without ending), and a table by layer: ``low``, ``high``, ``power`` and ``files``, a list of
        {name, channels}. Layers that have to stay exact are in neither.
    """
    files: dict[str, bytes] = {}
    table: dict[str, Any] = {}
    for layer, names in layers_of(planes).items():
        if layer.startswith(_EXACT):
            continue
        pixels = np.stack([planes[name] for name in names], -1).astype(np.float64)
        if not np.isfinite(pixels).all():
            raise SampleError(f"The map {layer} holds NaN or infinity. Run relight-stage check, and render it again.")
        low, high = float(pixels.min()), float(pixels.max())
        power = 2 if low >= 0 else 1
        codes = ((pixels - low) / ((high - low) or 1.0)) ** (1 / power) * CODE_MAX
        codes = np.rint(codes).astype(np.uint16)
        # PNG has one, three or four channels; more go to further files, and two are filled up with zeros.
        step = 4 if len(names) == 4 else 3
        entry: dict[str, Any] = {"low": low, "high": high, "power": power, "files": []}
        for first in range(0, len(names), step):
            name = layer if len(names) <= step else f"{layer}_{first // step}"
            files[name] = _encode(codes[..., first : first + step])
            channels = [full.rpartition(".")[2] for full in names[first : first + step]]
            entry["files"].append({"name": name, "channels": channels})
        table[layer] = entry
    return files, table


def decode_map(entry: dict[str, Any], files: dict[str, bytes]) -> np.ndarray:
    """The map of one entry of the table, (H, W, C) float32, its channels in the order of the entry's files."""
    import cv2

    parts = []
    for file in entry["files"]:
        codes = cv2.imdecode(np.frombuffer(files[file["name"]], np.uint8), cv2.IMREAD_UNCHANGED)
        codes = codes[..., None] if codes.ndim == 2 else codes[..., [2, 1, 0, 3][: codes.shape[2]]]
        parts.append(codes[..., : len(file["channels"])])
    codes = np.concatenate(parts, -1).astype(np.float64)
    return (entry["low"] + (entry["high"] - entry["low"]) * (codes / CODE_MAX) ** entry["power"]).astype(np.float32)


def _encode(codes: np.ndarray) -> bytes:
    import cv2

    if codes.shape[2] == 2:
        codes = np.dstack([codes, np.zeros_like(codes[..., 0])])
    swapped = codes if codes.shape[2] == 1 else codes[..., [2, 1, 0, 3][: codes.shape[2]]]
    encoded, data = cv2.imencode(".png", np.ascontiguousarray(swapped))
    if not encoded:
        raise ValueError(f"OpenCV cannot encode codes of shape {codes.shape}")
    return data.tobytes()
