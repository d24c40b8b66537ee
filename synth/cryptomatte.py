"""Cryptomatte: anti-aliased masks of objects and materials that compositing programs read by themselves.

A picture holds up to six ids a pixel with the share that each covers, two in a layer: R id, G share, B id, A share.
An id is the MurmurHash3 of a name, its 32 bits read as a float; the manifest in the EXR's header tells the names.

Source: Friedman and Jones 2015, "Fully automatic ID mattes with support for motion blur and transparency", and its
specification, version 1.2.
"""

import json

import numpy as np

from .passes import CRYPTOMATTES

Manifests = dict[str, dict[str, str]]  # of each Cryptomatte: name -> eight hexadecimal digits


def attributes(manifests: Manifests) -> dict[str, str]:
    """What an EXR's header says about the Cryptomattes in it."""
    texts: dict[str, str] = {}
    for cryptomatte, manifest in manifests.items():
        # The specification asks for a key of seven hexadecimal digits that differs from Cryptomatte to Cryptomatte.
        key = f"cryptomatte/{CRYPTOMATTES.index(cryptomatte) + 1:07x}"
        texts[f"{key}/name"] = cryptomatte
        texts[f"{key}/hash"] = "MurmurHash3_32"
        texts[f"{key}/conversion"] = "uint32_to_float32"
        texts[f"{key}/manifest"] = json.dumps(manifest, separators=(",", ":"))
    return texts


def manifest_of(texts: dict[str, str], cryptomatte: str) -> dict[str, str]:
    """Name -> eight hexadecimal digits, as a header holds it; the Cryptomatte may bear its view layer's name before."""
    for name, text in texts.items():
        if name.endswith("/name") and text.rpartition(".")[2] == cryptomatte:
            return json.loads(texts[f"{name.removesuffix('name')}manifest"])
    return {}


def mask_of(layers: list[np.ndarray], digits: str) -> np.ndarray:
    """Coverage (H, W, 1) of one id.

    Args:
        layers: (H, W, 4) float32 each, as read.
        digits: eight hexadecimal digits of the manifest.
    """
    wanted = np.frombuffer(bytes.fromhex(digits), ">u4")[0]
    mask = np.zeros((*layers[0].shape[:2], 1), np.float32)
    for pair in layers:
        ids = np.ascontiguousarray(pair, np.float32).view(np.uint32)
        for k in (0, 2):
            mask += np.where(ids[:, :, k : k + 1] == wanted, pair[:, :, k + 1 : k + 2], 0)
    return mask
