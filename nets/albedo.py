"""Albedo net: the foreground's diffuse reflectance. Pandey et al. 2021, section 3.2."""

import torch
from torch import Tensor, nn

from .config import UNetConfig
from .layers import UNet, encode


class AlbedoNet(nn.Module):
    """Scene-linear diffuse reflectance in [0, 1]."""

    def __init__(self, config: UNetConfig):
        super().__init__()
        self.unet = UNet(7, config)
        self.head = nn.Conv2d(config.widths[0], 3, 3, padding=1)

    def forward(self, foreground: Tensor, normal: Tensor, matte: Tensor) -> Tensor:
        """Foreground and normals (B, 3, H, W), matte (B, 1, H, W) -> albedo (B, 3, H, W)."""
        x = torch.cat([encode(foreground) * matte, normal * matte, matte], dim=1)
        x = torch.sigmoid(self.head(self.unet(x)[-1]).float())
        return x * x
