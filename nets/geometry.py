"""Geometry net: the foreground's surface normals. Pandey et al. 2021, section 3.2."""

import torch
from torch import Tensor, nn

from .config import UNetConfig
from .layers import UNet, encode, unit


class GeometryNet(nn.Module):
    """Unit normals in the camera frame (+x image right, +y image up, +z towards the camera)."""

    def __init__(self, config: UNetConfig):
        super().__init__()
        self.unet = UNet(4, config)
        self.head = nn.Conv2d(config.widths[0], 3, 3, padding=1)

    def forward(self, foreground: Tensor, matte: Tensor) -> Tensor:
        """Foreground (B, 3, H, W) scene-linear and straight, matte (B, 1, H, W) -> normals (B, 3, H, W)."""
        x = torch.cat([encode(foreground) * matte, matte], dim=1)
        x = self.head(self.unet(x)[-1]).float()
        # What cannot be told apart faces the camera.
        return unit(torch.cat([x[:, :2], x[:, 2:] + 1], dim=1))
