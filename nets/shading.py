"""Shading: specular net and neural renderer on top of the light maps' physical shading.

All colours (B, 3, H, W) scene-linear and straight, normals unit in the camera frame, light (B, 3, 64, 128).
"""

import math
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from . import lobes
from .config import ShadingConfig
from .layers import UNet, double, encode

SHARPNESS = 30.0  # of the soft cells into which the light is divided: 32 directions are about 40° apart
WRAP = 0.25  # a cell is so wide that part of it still lights a surface turned away from its centre


class Relit(NamedTuple):
    """relit = albedo · diffuse_light · (visible light) + bounced light + specular, all (B, 3, H, W).

    diffuse: the part of relit that passes through albedo; diffuse_light: Lambert's light for reflectance 1, divided
    by π, without cast shadow; specular: the part that does not pass through albedo.
    """

    relit: Tensor
    diffuse_light: Tensor
    specular: Tensor
    diffuse: Tensor


def spiral(count: int) -> np.ndarray:
    """Unit directions (count, 3) evenly over the sphere, camera frame: a Fibonacci spiral about the y axis.

    Source: González 2010, "Measurement of Areas on a Sphere Using Fibonacci and Latitude–Longitude Lattices".
    """
    i = np.arange(count)
    y = 1 - (2 * i + 1) / count
    azimuth = i * np.pi * (3 - math.sqrt(5))
    r = np.sqrt(1 - y * y)
    return np.stack([r * np.sin(azimuth), y, r * np.cos(azimuth)], axis=-1)


class ShadingNet(nn.Module):
    """Homogeneous in the light: it is divided by its mean luminance first, and the image multiplied by it last."""

    directions: Tensor

    def __init__(self, config: ShadingConfig):
        super().__init__()
        self.specular_net = UNet(6 + 3 * len(lobes.EXPONENTS), config.specular)
        self.specular_head = nn.Conv2d(config.specular.widths[0], len(lobes.EXPONENTS), 3, padding=1)
        widths = config.renderer.widths
        self.renderer = UNet(13, config.renderer)
        self.visibility_head = nn.Conv2d(widths[1], config.visibility, 3, padding=1)
        self.detail_head = nn.Conv2d(widths[0], 7, 3, padding=1)
        toward = torch.tensor(spiral(config.visibility), dtype=torch.float32)
        self.register_buffer("directions", toward, persistent=False)

    def forward(
        self,
        foreground: Tensor,
        matte: Tensor,
        normal: Tensor,
        albedo: Tensor,
        light_map: Tensor,
        lobe_spectra: Tensor | None = None,
    ) -> Relit:
        """``lobe_spectra``: what ``lobes.spectra()`` returns, to save a training loop from computing it every step."""
        brightness = lobes.mean_luminance(light_map)
        light = light_map / brightness.clamp_min(1e-20)
        maps = lobes.convolve(light, lobes.spectra() if lobe_spectra is None else lobe_spectra)
        diffuse_light = lobes.look_up(maps[:, :3], normal)
        specular_light = lobes.look_up(maps, lobes.mirrored(normal))  # (B, 12, H, W)

        # Radiance spans decades; the networks see its logarithm.
        seen = [encode(albedo) * matte, encode(foreground) * matte, torch.log1p(specular_light) * matte]
        weights = F.softplus(self.specular_head(self.specular_net(torch.cat(seen, dim=1))[-1]).float() - 3)
        specular = (weights[:, :, None] * specular_light.unflatten(1, (-1, 3))).sum(dim=1)

        seen = [encode(albedo) * matte, torch.log1p(diffuse_light) * matte, torch.log1p(specular) * matte]
        features = self.renderer(torch.cat([*seen, normal * matte, matte], dim=1))
        visible = self._visible(self.visibility_head(features[-2]).float(), normal, light)
        detail = self.detail_head(features[-1]).float()
        gain = visible * torch.exp(0.5 * torch.tanh(detail[:, :3]))
        # Light that comes from neighbouring skin and from under it reaches where the light map does not.
        bounced = F.softplus(detail[:, 3:6] - 4)
        diffuse = albedo * (diffuse_light * gain + bounced)
        specular = specular * (2 * torch.sigmoid(detail[:, 6:7]))
        return Relit(
            (diffuse + specular) * brightness, diffuse_light * brightness, specular * brightness, diffuse * brightness
        )

    def _visible(self, logits: Tensor, normal: Tensor, light: Tensor) -> Tensor:
        """Share of the diffuse light that arrives, (B, 3, H, W): cast shadow below 1, interreflection above.

        Leaves the paper: instead of the shadow for this light the renderer predicts, at half resolution, the share
        that arrives from each of a few directions; their mean weighted by the light from there is the shadow. So it
        moves with the light by construction and need not be learned for every light anew.
        """
        texels = self.directions @ lobes.lattice().to(light.device).flatten(1)  # (V, 64·128), cosines
        cells = torch.softmax(SHARPNESS * texels, dim=0)
        power = light * lobes.solid_angles().to(light.device)[:, None]
        flux = power.flatten(2) @ cells.transpose(0, 1)  # (B, 3, V)

        n = F.avg_pool2d(normal, 2)
        height, width = n.shape[2:]
        cosines = (torch.matmul(self.directions, n.flatten(2)) + WRAP).clamp_min(0)  # (B, V, H/2·W/2)
        open_light = torch.matmul(flux, cosines)
        arriving = torch.matmul(flux, cosines * (2 * torch.sigmoid(logits)).flatten(2))
        share = (arriving / open_light.clamp_min(1e-6)).unflatten(2, (height, width))
        return double(share)
