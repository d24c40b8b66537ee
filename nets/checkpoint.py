"""Weights on disk: checkpoints of a run, and the final weights. Loading never runs code from a file."""

import json
import os
import pickle
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from ..errors import ModelError

FORMAT = 1
KEYS = ("config", "weights", "average", "stage", "step", "seconds")  # of every checkpoint


def write_checkpoint(path: Path, content: dict[str, Any]) -> None:
    """Write a checkpoint; the old one stays until the new one is whole.

    Args:
        content: by KEYS, and what else lives as long as a stage.
    """
    path = Path(path)
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        torch.save({"format": FORMAT, **content}, file)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint.

    Raises:
        ModelError: missing, damaged, of another format, or holding anything but plain data and tensors.
    """
    path = Path(path)
    if not path.is_file():
        raise ModelError(f"{path} does not exist. Train first, or leave out --resume.")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelError(f"{path} is not a checkpoint of this program: {reason}") from error
    found = content.get("format") if isinstance(content, dict) else type(content).__name__
    if found != FORMAT:
        raise ModelError(f"{path} has format {found}; this version reads format {FORMAT}. Train again.")
    if missing := [key for key in KEYS if key not in content]:
        raise ModelError(f"{path} is damaged: it lacks {', '.join(missing)}. Train again, or leave out --resume.")
    return content


def fit_weights(nets: nn.Module, weights: dict[str, Tensor], where: Path) -> None:
    """Load all of a run's tensors into networks; ModelError where they are of other networks than these."""
    try:
        nets.load_state_dict(weights)
    except RuntimeError as error:
        first = str(error).splitlines()[-1].strip()
        raise ModelError(
            f"The weights in {where} are not of these networks: {first} Begin a new run with "
            f"start = '{where / 'weights.safetensors'}' in its recipe; what fits is taken over."
        ) from error


def write_weights(path: Path, weights: dict[str, Tensor], config: dict) -> None:
    """Write the final weights with their widths as safetensors."""
    tensors = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in weights.items()}
    partial = Path(path).with_suffix(".partial")
    save_file(tensors, partial, metadata={"format": str(FORMAT), "config": json.dumps(config)})
    partial.replace(path)


def read_weights(path: Path) -> tuple[dict[str, Tensor], dict]:
    """Read final weights; returns tensors by name and the table of widths.

    Raises:
        ModelError: missing, damaged, or of another format.
    """
    path = Path(path)
    if not path.is_file():
        raise ModelError(f"{path} does not exist. Train first: relight-stage train.")
    try:
        with safe_open(str(path), framework="pt") as file:
            metadata = file.metadata() or {}
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
        config = json.loads(metadata.get("config", "null"))
    except (SafetensorError, OSError, json.JSONDecodeError) as error:
        raise ModelError(f"{path} is damaged: {error}. Export or train again.") from error
    if metadata.get("format") != str(FORMAT) or not isinstance(config, dict):
        raise ModelError(f"{path} has format {metadata.get('format')}; this version reads format {FORMAT}.")
    return weights, config


def start_from(nets: nn.Module, path: Path) -> list[str]:
    """Take over what fits of trained weights: tensors of the same name and shape.

    A convolution that has more inputs now starts with zeros for those, so that at first it does what it did.

    Returns:
        Names of the tensors of ``nets`` that keep their random start.

    Raises:
        ModelError: missing or damaged weights, or none that fit.
    """
    weights, _ = read_weights(path)
    state, left = nets.state_dict(), []
    for name, tensor in state.items():
        given = weights.get(name)
        if given is None or given.ndim != tensor.ndim:
            left.append(name)
        elif given.shape == tensor.shape:
            tensor.copy_(given)
        elif given.ndim == 4 and _without_inputs(given) == _without_inputs(tensor) and given.shape[1] < tensor.shape[1]:
            tensor.zero_()
            tensor[:, : given.shape[1]] = given
        else:
            left.append(name)
    if len(left) == len(state):
        raise ModelError(f"Nothing in {path} fits these networks. Start from weights of the same recipe.")
    nets.load_state_dict(state)
    return left


def _without_inputs(kernel: Tensor) -> tuple[int, ...]:
    return (kernel.shape[0], *kernel.shape[2:])
