"""A picture of what the networks make of a few examples, truth beside it."""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ..scenes.colour import linear_to_srgb
from .layers import double
from .portrait import PortraitNet

# Colours of the parsing classes: background, skin, brows, eyes, lips, mouth, hair, clothes.
PALETTE = torch.tensor(
    [[0, 0, 0], [0.9, 0.7, 0.55], [0.4, 0.2, 0], [0, 0.5, 1], [0.9, 0.1, 0.2], [1, 1, 1], [0.5, 0.35, 0], [0, 0.6, 0.2]]
)


def draw_picture(nets: PortraitNet, net: str, batch: dict[str, Tensor]) -> np.ndarray:
    """A row an example, inputs, predictions and truth side by side: (H, W, 3) uint8 RGB.

    Args:
        net: which network's results to show, on the truth of the earlier ones; shading and all also show the whole
            pipeline from the photo alone.
    """
    with torch.no_grad():
        columns = {
            "matting": _matting,
            "geometry": _geometry,
            "albedo": _albedo,
            "visibility": _visibility,
            "shading": _shading,
            "light": _light,
            "all": _shading,
        }[net](nets, batch)
    rows = torch.cat([column.expand(-1, 3, -1, -1) for column in [batch["photo"], *columns]], dim=3)
    picture = rows.clamp(0, 1).permute(0, 2, 3, 1).flatten(0, 1).cpu().numpy()
    return np.rint(picture * 255).astype(np.uint8)


def encoded(linear: Tensor) -> Tensor:
    return torch.from_numpy(linear_to_srgb(linear.clamp(0, 1).cpu().numpy())).to(linear.device)


def exposed(linear: Tensor, true: Tensor, matte: Tensor) -> Tensor:
    """Expose for the true picture, show over black."""
    mean = (true * matte).mean(dim=(1, 2, 3), keepdim=True) / matte.mean(dim=(1, 2, 3), keepdim=True).clamp_min(1e-3)
    return encoded(linear * (0.2 / mean.clamp_min(1e-6))) * matte


def _matting(nets: PortraitNet, batch: dict[str, Tensor]) -> list[Tensor]:
    cut = nets.matting(batch["photo"])
    colours = [torch.einsum("bkhw,kc->bchw", p, PALETTE.to(p.device)) for p in (cut.parsing, batch["parsing"])]
    return [*colours, cut.trimap, cut.matte, batch["matte"], encoded(cut.foreground) * cut.matte]


def _geometry(nets: PortraitNet, batch: dict[str, Tensor]) -> list[Tensor]:
    matte = batch["matte"]
    pred = nets.geometry(batch["foreground"], matte)
    return [(pred + 1) / 2 * matte, (batch["normal"] + 1) / 2 * matte]


def _albedo(nets: PortraitNet, batch: dict[str, Tensor]) -> list[Tensor]:
    matte = batch["matte"]
    pred = nets.albedo(batch["foreground"], batch["normal"], matte)
    return [encoded(pred) * matte, encoded(batch["albedo"]) * matte]


def _visibility(nets: PortraitNet, batch: dict[str, Tensor]) -> list[Tensor]:
    visible = nets.visibility(batch["foreground"], batch["normal"], batch["matte"])
    seen = nets.shading.cells.seen_from(visible, batch["toward"].squeeze(2))
    pairs = [x[:, i : i + 1] * batch["sure"][:, i : i + 1] for i in range(3) for x in (seen, batch["arriving"])]
    return [double(x) for x in pairs]


def _light(nets: PortraitNet, batch: dict[str, Tensor]) -> list[Tensor]:
    given = (batch[name] for name in ("foreground", "matte", "normal", "albedo"))
    pred, true = nets.light(*given), batch["photo_light"]
    height, width = batch["photo"].shape[2:]
    everywhere = torch.ones_like(true[:, :1])
    shown = (exposed(x, true, everywhere) for x in (pred, true))
    return [
        F.pad(F.interpolate(x, (height // 2, width)), (0, 0, height // 4, height - height // 2 - height // 4))
        for x in shown
    ]


def _shading(nets: PortraitNet, batch: dict[str, Tensor]) -> list[Tensor]:
    matte, true = batch["matte"], batch["relit"]
    foreground, normal, albedo, light_map = (batch[key] for key in ("foreground", "normal", "albedo", "light_map"))
    visible = nets.visibility(foreground, normal, matte)
    pred = nets.shading(foreground, matte, normal, albedo, visible, light_map)
    cut = nets.matting(batch["photo"])
    alone = nets.shading(cut.foreground, cut.matte, *nets.decompose(cut.foreground, cut.matte), light_map)
    linear = [pred.relit, true, alone.relit, batch["albedo"] * pred.diffuse_light, pred.specular, batch["specular"]]
    return [exposed(x, true, matte) for x in linear]
