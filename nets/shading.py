"""Shading: specular net and neural renderer on top of the light maps' physical shading.

All colours (B, 3, H, W) scene-linear and straight, normals unit in the camera frame, light (B, 3, 64, 128).
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from . import lobes
from .config import ShadingConfig
from .layers import UNet, encode, softplus
from .visibility import GLOSS, WRAPPED_COSINE, Cells

RETOUCH = 1.5  # natural logarithm of how much lighter or darker the renderer may make the shading


class Relit(NamedTuple):
    """relit = diffuse + specular, diffuse = albedo · (diffuse_light · shadow + bounced light), all (B, 3, H, W).

    diffuse_light: Lambert's light for reflectance 1, divided by π, without cast shadow; specular: the part that does
    not pass through albedo; shadow: the share of diffuse_light that arrives.
    """

    relit: Tensor
    diffuse_light: Tensor
    specular: Tensor
    shadow: Tensor
    diffuse: Tensor


class ShadingNet(nn.Module):
    """Homogeneous in the light: it is divided by its mean luminance first, and the image multiplied by it last."""

    def __init__(self, config: ShadingConfig, directions: int):
        super().__init__()
        self.cells = Cells(directions)
        self.specular_net = UNet(6 + 3 * len(lobes.EXPONENTS), config.specular)
        self.specular_head = nn.Conv2d(config.specular.widths[0], len(lobes.EXPONENTS), 3, padding=1)
        self.renderer = UNet(19, config.renderer)
        self.detail_head = nn.Conv2d(config.renderer.widths[0], 7, 3, padding=1)

    def forward(
        self,
        foreground: Tensor,
        matte: Tensor,
        normal: Tensor,
        albedo: Tensor,
        visible: Tensor,
        light_map: Tensor,
        lobe_spectra: Tensor | None = None,
    ) -> Relit:
        """``lobe_spectra``: what ``lobes.spectra()`` returns, to save a training loop from computing it every step."""
        brightness = lobes.mean_luminance(light_map)
        light = light_map / brightness.clamp_min(1e-20)
        maps = lobes.convolve(light, lobes.spectra() if lobe_spectra is None else lobe_spectra)
        mirrored = lobes.mirrored(normal)
        diffuse_light = lobes.look_up(maps[:, :3], normal)
        # Leaves the paper: shadow is light times visibility, so it moves with the light by construction.
        flux = self.cells.flux(light)
        shadow = self.cells.share(flux, visible, normal, WRAPPED_COSINE)
        gloss = self.cells.share(flux, visible, mirrored, GLOSS)
        specular_light = lobes.look_up(maps, mirrored)  # (B, 12, H, W)

        # Radiance spans decades; the networks see its logarithm.
        seen = [encode(albedo) * matte, encode(foreground) * matte, torch.log1p(specular_light) * matte]
        weights = softplus(self.specular_head(self.specular_net(torch.cat(seen, dim=1))[-1]).float() - 3)
        specular = gloss * (weights[:, :, None] * specular_light.unflatten(1, (-1, 3))).sum(dim=1)

        seen = [encode(albedo), torch.log1p(diffuse_light), torch.log1p(specular), normal]
        seen = [torch.cat(seen, dim=1) * matte, matte, torch.log1p(diffuse_light * shadow) * matte]
        seen += [encode(foreground) * matte]
        detail = self.detail_head(self.renderer(torch.cat(seen, dim=1))[-1]).float()
        shadow = shadow * torch.exp(RETOUCH * torch.tanh(detail[:, :3] / (2 * RETOUCH)))
        # Light that comes from neighbouring skin and from under it reaches where the light map does not.
        bounced = softplus(detail[:, 3:6] - 4)
        diffuse = albedo * (diffuse_light * shadow + bounced)
        specular = specular * (2 * torch.sigmoid(detail[:, 6:7]))
        return Relit(
            (diffuse + specular) * brightness,
            diffuse_light * brightness,
            specular * brightness,
            shadow,
            diffuse * brightness,
        )
