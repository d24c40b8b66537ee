"""Visibility net: from where light reaches each pixel. Leaves the paper, whose networks know shadows by sight only.

Light-independent, so a photo needs it once: at half resolution, the share of light that arrives from each of a few
directions evenly around. Cast shadow under any light is then a sum over these directions.
Directions are unit, in the camera frame.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..scenes.light_map import spiral
from . import lobes
from .config import VisibilityConfig
from .layers import UNet, double, encode


class Lobe(NamedTuple):
    """Weight max(cosine + wrap, 0)^power of light that arrives at an angle from a direction."""

    wrap: float
    power: int


# A cell is so wide that part of it still lights a surface that is turned away from its centre.
WRAPPED_COSINE = Lobe(0.2, 1)
GLOSS = Lobe(0.0, 8)


class VisibilityNet(nn.Module):
    """Share of light, in [0, 1], that arrives from each direction: (B, V, H/2, W/2)."""

    def __init__(self, config: VisibilityConfig):
        super().__init__()
        self.unet = UNet(7, config.unet, finest=1)
        self.head = nn.Conv2d(config.unet.widths[1], config.directions, 3, padding=1)

    def forward(self, foreground: Tensor, normal: Tensor, matte: Tensor) -> Tensor:
        """Foreground and normals (B, 3, H, W), matte (B, 1, H, W)."""
        x = torch.cat([encode(foreground) * matte, normal * matte, matte], dim=1)
        # Most light arrives.
        return torch.sigmoid(self.head(self.unet(x)[-1]).float() + 2)


class Cells(nn.Module):
    """The sphere of light divided softly among V directions; no learned weights."""

    directions: Tensor

    def __init__(self, count: int):
        super().__init__()
        self.register_buffer("directions", torch.from_numpy(spiral(count)).float(), persistent=False)

    def weights(self, toward: Tensor) -> Tensor:
        """How directions (…, 3, K) belong to the cells, (…, V, K): positive, summing to 1 over V."""
        # So sharp that a direction between two centres belongs to both, and one at a centre to it alone.
        return torch.softmax(len(self.directions) * torch.matmul(self.directions, toward), dim=-2)

    def flux(self, light: Tensor) -> Tensor:
        """Light of each cell, (B, 3, V), of a light map (B, 3, 64, 128)."""
        cells = self.weights(lobes.lattice().to(light.device).flatten(1))
        power = light * lobes.solid_angles().to(light.device)[:, None]
        return power.flatten(2) @ cells.transpose(0, 1)

    def share(self, flux: Tensor, visible: Tensor, axis: Tensor, lobe: Lobe) -> Tensor:
        """Share of the light in a lobe about ``axis`` (B, 3, H, W) that arrives, (B, 3, H, W) in [0, 1]."""
        axis = F.avg_pool2d(axis, 2)
        height, width = axis.shape[2:]
        weights = (torch.matmul(self.directions, axis.flatten(2)) + lobe.wrap).clamp_min(0)  # (B, V, H/2·W/2)
        for _ in range(int(math.log2(lobe.power))):
            weights = weights * weights
        # Where no light is in the lobe, as much arrives as of all light.
        weights = weights + 1e-4 / len(self.directions)
        share = torch.matmul(flux, weights * visible.flatten(2)) / torch.matmul(flux, weights).clamp_min(1e-12)
        return double(share.unflatten(2, (height, width)))

    def seen_from(self, visible: Tensor, toward: Tensor) -> Tensor:
        """Visibility (B, V, h, w) of small lights in directions (B, 3, K): (B, K, h, w)."""
        return torch.matmul(self.weights(toward).transpose(1, 2), visible.flatten(2)).unflatten(2, visible.shape[2:])
