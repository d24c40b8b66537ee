"""Light maps of Total Relighting: radiance convolved with lobes, and looked up per pixel. No learned weights.

The lobe of exponent 1 is the clamped cosine over π: looked up at the normal it is the diffuse light map, looked up at
the mirrored view direction the broadest of the specular ones.

Camera frame and texels as in ``scenes.light_map``; light (B, 3, 64, 128), scene-linear. All lobes are normalised:
under uniform light of radiance 1 each of them gives 1.

A lobe about the lookup direction depends on the two elevations and on the difference in azimuth only, so the
convolution is a product of Fourier series along the azimuth. Everything is computed from the lattice of texels
instead of stored, so that the exported graph holds formulas and no tables.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

HEIGHT, WIDTH = 64, 128
POLAR = 0.1  # sine of the angle from a pole within which a look-up has no slope
EXPONENTS = (1, 16, 32, 64)  # of the specular lobes, Pandey et al. 2021, section 3.2


def elevations() -> Tensor:
    """Elevation of the rows' centres in radians, (64,)."""
    return (0.5 - (torch.arange(HEIGHT, dtype=torch.float32) + 0.5) / HEIGHT) * math.pi


def azimuths() -> Tensor:
    """Azimuth of the columns' centres in radians, (128,)."""
    return ((torch.arange(WIDTH, dtype=torch.float32) + 0.5) / WIDTH - 0.5) * (2 * math.pi)


def solid_angles() -> Tensor:
    """Solid angle of a texel in each row, (64,) steradians."""
    edges = torch.sin((0.5 - torch.arange(HEIGHT + 1, dtype=torch.float32) / HEIGHT) * math.pi)
    return (edges[:-1] - edges[1:]) * (2 * math.pi / WIDTH)


def lattice() -> Tensor:
    """Directions of the texels' centres, (3, 64, 128)."""
    el, az = elevations()[:, None], azimuths()[None, :]
    return torch.stack(
        [torch.sin(az) * torch.cos(el), torch.sin(el) * torch.ones_like(az), torch.cos(az) * torch.cos(el)]
    )


def mean_luminance(light: Tensor) -> Tensor:
    """Luminance averaged over the sphere, (B, 1, 1, 1)."""
    share = solid_angles().to(light.device)[:, None] / (4 * math.pi)
    return luminance((light * share).sum(dim=(2, 3), keepdim=True))


def luminance(colour: Tensor) -> Tensor:
    """Of Rec.709 colours (B, 3, H, W): (B, 1, H, W)."""
    return 0.2126 * colour[:, 0:1] + 0.7152 * colour[:, 1:2] + 0.0722 * colour[:, 2:3]


def _fourier() -> tuple[Tensor, Tensor]:
    """cos and sin of k·2πj/128 for k = 0…64, (65, 128) each."""
    k = torch.arange(WIDTH // 2 + 1, dtype=torch.float32)[:, None]
    j = torch.arange(WIDTH, dtype=torch.float32)[None, :]
    # The remainder keeps the argument small: float32 cosines of large angles lose digits.
    angle = torch.remainder(k * j, float(WIDTH)) * (2 * math.pi / WIDTH)
    return torch.cos(angle), torch.sin(angle)


def spectra() -> Tensor:
    """Fourier series along the azimuth of every lobe times the source's solid angle, (65, 4·64, 64).

    Dimensions: frequency; lobe and row looked up; row of the light.
    """
    el = elevations()
    offset = torch.arange(WIDTH, dtype=torch.float32) * (2 * math.pi / WIDTH)
    vertical = torch.sin(el)[:, None] * torch.sin(el)[None, :]
    level = torch.cos(el)[:, None] * torch.cos(el)[None, :]
    cosine = (vertical[:, :, None] + level[:, :, None] * torch.cos(offset)).clamp(0, 1)  # (64, 64, 128)
    powers, power = {1: cosine}, 1
    while power < max(EXPONENTS):
        powers[2 * power] = powers[power] * powers[power]
        power *= 2
    # ∫ cosᵖ over the hemisphere is 2π/(p + 1).
    table = torch.stack([powers[p] * ((p + 1) / (2 * math.pi)) for p in EXPONENTS]) * solid_angles()[:, None]
    # An even function of the offset has cosines only.
    series = table @ _fourier()[0].transpose(0, 1)  # (4, 64, 64, 65)
    return series.permute(3, 0, 1, 2).flatten(1, 2).contiguous()


def convolve(light: Tensor, lobe_spectra: Tensor) -> Tensor:
    """All lobes over the light, (B, 12, 64, 128): lobe by lobe in the order of EXPONENTS, colour within each.

    Args:
        light: (B, 3, 64, 128).
        lobe_spectra: what :func:`spectra` returns; a training loop computes it once.
    """
    cos, sin = (table.to(light.device) for table in _fourier())
    series = light.flatten(0, 1) @ torch.cat([cos, sin]).transpose(0, 1)  # (3B, 64, 130)
    series = series.unflatten(2, (2, -1)).permute(3, 1, 2, 0).flatten(2)  # (65, 64, 2·3B)
    series = torch.matmul(lobe_spectra, series).unflatten(2, (2, -1))  # (65, 4·64, 2, 3B)
    # Back along the azimuth; every frequency but the first and the last stands for two.
    k = torch.arange(WIDTH // 2 + 1, dtype=torch.float32, device=light.device)
    count = torch.where((k == 0) | (k == WIDTH // 2), 1.0, 2.0)[:, None] / WIDTH
    back = torch.cat([cos * count, sin * count])  # (130, 128)
    out = series.permute(3, 1, 2, 0).flatten(2) @ back  # (3B, 4·64, 128)
    out = out.reshape(-1, 3, len(EXPONENTS), HEIGHT, WIDTH).transpose(1, 2)
    return out.reshape(-1, 3 * len(EXPONENTS), HEIGHT, WIDTH).clamp_min(0)


def look_up(maps: Tensor, toward: Tensor) -> Tensor:
    """Bilinear lookup in lat-long maps, seamless across the azimuth's wrap and over the poles.

    Args:
        maps: (B, C, 64, 128).
        toward: (B, 3, H, W) unit directions.

    Returns:
        (B, C, H, W).
    """
    # Beyond a pole lies the same row half a turn away.
    half = WIDTH // 2
    over = torch.cat([maps[:, :, :1, half:], maps[:, :, :1, :half]], dim=3)
    under = torch.cat([maps[:, :, -1:, half:], maps[:, :, -1:, :half]], dim=3)
    padded = torch.cat([over, maps, under], dim=2)
    padded = torch.cat([padded[:, :, :, -1:], padded, padded[:, :, :, :1]], dim=3)  # (B, C, 66, 130)
    if toward.requires_grad:
        # Towards a pole the angles' slopes grow beyond all bounds: training end to end must not learn from them there.
        is_polar = toward[:, 0:1] ** 2 + toward[:, 2:3] ** 2 < POLAR**2
        toward = torch.where(is_polar, toward.detach(), toward)
    x, y, z = toward.unbind(dim=1)
    azimuth = torch.atan2(x, torch.where(z.abs() < 1e-12, 1e-12, z))
    elevation = torch.asin(y.clamp(-1, 1))
    column = (azimuth / (2 * math.pi) + 0.5) * WIDTH + 0.5  # in texels of the padded map, centres at whole numbers
    row = (0.5 - elevation / math.pi) * HEIGHT + 0.5
    if torch.onnx.is_in_onnx_export():
        return _gathered(padded, column, row)
    grid = torch.stack([column * (2 / (WIDTH + 1)) - 1, row * (2 / (HEIGHT + 1)) - 1], dim=-1)
    return F.grid_sample(padded, grid, mode="bilinear", padding_mode="border", align_corners=True)


def _gathered(padded: Tensor, column: Tensor, row: Tensor) -> Tensor:
    """What ``grid_sample`` gives, (B, C, H, W): less time in ONNX Runtime, and six times as much in torch.

    Args:
        padded: (B, C, 66, 130).
        column, row: (B, H, W), where between the texels' centres; a texel follows after each of them.
    """
    batch, channels, rows, columns = padded.shape
    texels = padded.permute(0, 2, 3, 1).reshape(-1, channels)
    left, top = column.floor(), row.floor()
    picture = torch.arange(batch)[:, None, None]
    first = ((picture * rows + top.long()) * columns + left.long()).flatten()
    corners = (texels.index_select(0, first + step).T for step in (0, 1, columns, columns + 1))
    x, y = (column - left).flatten(), (row - top).flatten()
    upper_left, upper_right, lower_left, lower_right = corners
    upper = upper_left + x * (upper_right - upper_left)
    lower = lower_left + x * (lower_right - lower_left)
    out = upper + y * (lower - upper)  # (C, B·H·W)
    return out.unflatten(1, column.shape).transpose(0, 1)


def mirrored(normal: Tensor) -> Tensor:
    """The view direction +z mirrored at unit normals (B, 3, H, W): where a mirror would show the light."""
    nz = normal[:, 2:3]
    return torch.cat([2 * nz * normal[:, 0:1], 2 * nz * normal[:, 1:2], 2 * nz * nz - 1], dim=1)
