"""Is it still the same person? Faces compared by an embedding network that somebody else trained.

It comes as a file from whoever trains: ONNX, which is data and is computed here by torch, so that gradients pass; or
TorchScript, which is code and is run as such.
"""

import warnings
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..errors import ModelError
from .onnx_graph import read_onnx


class Embedding(nn.Module):
    """A frozen embedding of faces, (B, 3, S, S) encoded RGB in [0, 1] -> (B, N) unit vectors."""

    def __init__(self, net: nn.Module, side: int):
        super().__init__()
        self.net, self.side = net, side
        self.eval().requires_grad_(False)

    def forward(self, faces: Tensor) -> Tensor:
        return F.normalize(self.net(faces * 2 - 1).flatten(1), dim=1)


def read_embedding(path: Path, side: int) -> Embedding:
    """Read an embedding network and try it on an empty picture.

    Raises:
        ModelError: missing, damaged, of another kind, or not one that takes faces of ``side`` px.
    """
    path = Path(path)
    if not path.is_file():
        raise ModelError(f"The face embedding {path} does not exist. Name one, or set the weight of identity to 0.")
    if path.suffix == ".onnx":
        net: nn.Module = read_onnx(path)
    elif path.suffix in (".pt", ".ts"):
        net = _read_torchscript(path)
    else:
        raise ModelError(f"{path} is neither .onnx nor TorchScript (.pt, .ts); a face embedding is one of them.")
    embedding = Embedding(net, side)
    try:
        found = embedding(torch.zeros(2, 3, side, side))
    except (RuntimeError, ValueError, IndexError) as error:
        reason = str(error).strip().splitlines()[-1]
        raise ModelError(f"{path} does not take two RGB faces of {side} px (identity_side): {reason}") from error
    if found.ndim != 2 or len(found) != 2:
        raise ModelError(f"{path} makes {list(found.shape)} of two faces; wanted is one vector each.")
    return embedding


def _read_torchscript(path: Path) -> nn.Module:
    print(f"{path} is TorchScript: code of whoever made it runs now.", flush=True)
    try:
        with warnings.catch_warnings():
            # torch reads TorchScript still but points to torch.export.
            warnings.simplefilter("ignore", DeprecationWarning)
            return torch.jit.load(str(path), map_location="cpu")
    except (RuntimeError, ValueError) as error:
        raise ModelError(f"{path} is damaged or no TorchScript: {str(error).strip().splitlines()[0]}") from error


def identity_loss(embedding: Embedding, pred: Tensor, true: Tensor, seen: Tensor) -> Tensor:
    """1 − cosine between faces (B, 3, S, S); ``seen`` (B,) is 0 where there is none."""
    with torch.no_grad():
        wanted = embedding(true)
    return ((1 - (embedding(pred) * wanted).sum(dim=1)) * seen).mean()
