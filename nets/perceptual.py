"""VGG-19 features, by which two pictures are compared about as people compare them.

The weights are not in this repository: they come as a file from whoever trains, in torchvision's format.
"""

import pickle
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from ..errors import ModelError

# Channels of the 3×3 convolutions between the poolings. Source: Simonyan and Zisserman 2015, table 1, column E.
BLOCKS = ((64,) * 2, (128,) * 2, (256,) * 4, (512,) * 4, (512,) * 4)
# Compared after the second convolution of each block. Source: Chen and Koltun 2017, section 3.
COMPARED = 2
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet


class VGG19(nn.Module):
    """The convolutions up to the last compared one, frozen; weights bear torchvision's names."""

    mean: Tensor
    deviation: Tensor

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        self.taps = []
        channels = 3
        for block in BLOCKS:
            for index, width in enumerate(block):
                layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
                channels = width
                if index + 1 == COMPARED:
                    self.taps.append(len(layers) - 1)
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers[: self.taps[-1] + 1])
        for name, value in (("mean", MEAN), ("deviation", DEVIATION)):
            self.register_buffer(name, torch.tensor(value)[:, None, None], persistent=False)
        self.eval().requires_grad_(False)

    def forward(self, picture: Tensor) -> list[Tensor]:
        """Features of encoded pictures (B, 3, H, W) in [0, 1], H and W at least 16, fine to coarse."""
        x = (picture - self.mean) / self.deviation
        found = []
        for index, layer in enumerate(self.features):
            x = layer(x)
            if index in self.taps:
                found.append(x)
        return found


def read_vgg(path: Path) -> VGG19:
    """Read torchvision's VGG-19; nothing in the file is run.

    Raises:
        ModelError: missing, damaged, or weights of something else.
    """
    path = Path(path)
    if not path.is_file():
        raise ModelError(
            f"The VGG-19 weights {path} do not exist. Save torchvision's vgg19 there, or set the weight of vgg to 0."
        )
    try:
        tensors = load_file(path) if path.suffix == ".safetensors" else torch.load(path, "cpu", weights_only=True)
    except (SafetensorError, pickle.UnpicklingError, RuntimeError, EOFError, ValueError) as error:
        raise ModelError(f"{path} is damaged or no file of weights: {str(error).splitlines()[0]}") from error
    vgg = VGG19()
    wanted = vgg.state_dict()
    if not isinstance(tensors, dict):
        raise ModelError(
            f"{path} holds a {type(tensors).__name__}; wanted are the named tensors of torchvision's vgg19."
        )
    for name, tensor in wanted.items():
        found = tensors.get(name)
        if not isinstance(found, Tensor) or found.shape != tensor.shape:
            what = "nothing" if found is None else f"{list(getattr(found, 'shape', []))}"
            raise ModelError(f"{path} is not torchvision's vgg19: {name} is {what}; it must be {list(tensor.shape)}.")
    vgg.load_state_dict({name: tensors[name].float() for name in wanted})
    return vgg


def vgg_l1(vgg: VGG19, pred: Tensor, true: Tensor) -> Tensor:
    """L1 between the features of encoded pictures, each layer over its mean: blocks count alike."""
    with torch.no_grad():
        wanted = vgg(true)
    total = pred.new_zeros(())
    for found, aim in zip(vgg(pred), wanted, strict=True):
        # By picture, so that a batch may be shared out among processes.
        size = aim.abs().mean(dim=(1, 2, 3)).clamp_min(1e-6)
        total = total + ((found - aim).abs().mean(dim=(1, 2, 3)) / size).mean()
    return total / len(wanted)
