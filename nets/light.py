"""Light net: the light that a photo was taken in, from the person in it. Leaves the paper, which has none.

A face tells the light as a ball does: what a direction of the sphere holds is seen where the surface faces it, and
where it mirrors it. So all is gathered by direction first; a small U-Net then works on the sphere, not on the photo.
Light maps are (B, 3, 16, 32), scene-linear radiance in the foreground's own exposure, in the camera frame.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..scenes.light_map import directions
from . import lobes
from .config import UNetConfig
from .layers import UNet, unit

HEIGHT = 16
SHRINK = 4  # pixels of the photo to one that is gathered
FACING, MIRRORING = 20.0, 60.0  # how sharply pixels belong to a direction: half as much at 15° and 9°
DARK = 0.02  # reflectance below which a pixel tells noise
LOGARITHMS = (-8.0, 7.0)  # of radiance over the mean light that arrives: the sun covers no whole texel


class LightNet(nn.Module):
    """Homogeneous: a photo twice as bright is one in twice as much light."""

    texels: Tensor

    def __init__(self, config: UNetConfig):
        super().__init__()
        toward = torch.from_numpy(directions(HEIGHT).copy()).float().permute(2, 0, 1)
        self.register_buffer("texels", toward.contiguous(), persistent=False)  # (3, 16, 32)
        self.unet = UNet(12, config)
        self.head = nn.Conv2d(config.widths[0], 3, 3, padding=1)

    def forward(self, foreground: Tensor, matte: Tensor, normal: Tensor, albedo: Tensor) -> Tensor:
        """Foreground, normals and albedo (B, 3, H, W), matte (B, 1, H, W) -> light map (B, 3, 16, 32)."""
        maps = torch.cat([foreground, albedo, normal, torch.ones_like(matte)], dim=1) * matte
        maps = F.avg_pool2d(maps, SHRINK).float()
        foreground, albedo, normal, matte = maps.split([3, 3, 3, 1], dim=1)
        arriving = foreground / torch.maximum(albedo, DARK * matte + 1e-4)
        mean = (arriving * matte).mean(dim=(2, 3), keepdim=True) / matte.mean(dim=(2, 3), keepdim=True).clamp_min(1e-4)
        brightness = lobes.luminance(mean).clamp_min(1e-6)
        normal = unit(normal)
        arriving, shining = arriving / brightness, foreground / matte.clamp_min(1e-4) / brightness
        # The mean square beside the mean of roots: where they differ, part of what faces a direction lies in shadow.
        facing = self._gathered([torch.sqrt(arriving + 1e-6), lobes.luminance(arriving)], normal, matte, FACING)
        mirroring = self._gathered([torch.sqrt(shining + 1e-6)], lobes.mirrored(normal), matte, MIRRORING)
        x = torch.cat([facing, mirroring, self.texels.expand(len(matte), -1, -1, -1)], dim=1)
        # The sphere has no seam.
        half = HEIGHT
        x = torch.cat([x[:, :, :, half:], x, x[:, :, :, :half]], dim=3)
        x = self.head(self.unet(x)[-1]).float()[:, :, :, half : half + 2 * HEIGHT]
        return brightness * torch.exp(x.clamp(*LOGARITHMS))

    def _gathered(self, values: list[Tensor], toward: Tensor, matte: Tensor, sharpness: float) -> Tensor:
        """Means of (B, C, h, w) over the pixels of each direction, and how many those are, (B, C + 1, 16, 32)."""
        belongs = torch.matmul(self.texels.flatten(1).transpose(0, 1), toward.flatten(2))  # (B, 512, h·w)
        belongs = torch.exp(sharpness * (belongs - 1)) * matte.flatten(2)
        sums = torch.matmul(torch.cat([*values, torch.ones_like(matte)], dim=1).flatten(2), belongs.transpose(1, 2))
        count = sums[:, -1:]
        share = count / count.mean(dim=2, keepdim=True).clamp_min(1e-6)
        # Where hardly a pixel looks, the sum fades instead of the mean getting noisy.
        means = sums[:, :-1] / (count + 0.02 * count.mean(dim=2, keepdim=True)).clamp_min(1e-6)
        return torch.cat([means, torch.log1p(share)], dim=1).unflatten(2, (HEIGHT, 2 * HEIGHT))
