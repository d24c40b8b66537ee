"""Daylight: a clear or clouded sky with its sun at true radiance, over ground, behind a skyline.

Luminance in kcd/m² until the whole is exposed.
"""

from dataclasses import dataclass

import numpy as np

from .colour import luminance
from .light_map import solid_angles
from .panorama import COARSE, HEIGHT, add_disc, direction_of, enlarged, soft_noise, world_directions
from .spectra import RGB_FROM_XYZ, black_body, sunlight

SUN_HALF_ANGLE = np.radians(0.533 / 2)
SUN_KLX = 127.5  # illuminance by the sun above the air
# Albedo of concrete, grass, sand, snow.
GROUNDS = ((0.3, 0.29, 0.27), (0.06, 0.1, 0.03), (0.35, 0.28, 0.2), (0.8, 0.82, 0.85))

# Preetham, Shirley and Smits 1999, appendix 2: Perez coefficients A…E of Y, x and y, each slope·turbidity + offset.
PEREZ = np.array(
    [
        [(0.1787, -1.4630), (-0.3554, 0.4275), (-0.0227, 5.3251), (0.1206, -2.5771), (-0.0670, 0.3703)],
        [(-0.0193, -0.2592), (-0.0665, 0.0008), (-0.0004, 0.2125), (-0.0641, -0.8989), (-0.0033, 0.0452)],
        [(-0.0167, -0.2608), (-0.0950, 0.0092), (-0.0079, 0.2102), (-0.0441, -1.6537), (-0.0109, 0.0529)],
    ]
)
# The same appendix: chromaticity x and y of the zenith, rows T², T, 1; columns θ³, θ², θ, 1.
ZENITH = np.array(
    [
        [
            [0.00166, -0.00375, 0.00209, 0],
            [-0.02903, 0.06377, -0.03202, 0.00394],
            [0.11693, -0.21196, 0.06052, 0.25886],
        ],
        [
            [0.00275, -0.00610, 0.00317, 0],
            [-0.04214, 0.08970, -0.04153, 0.00516],
            [0.15346, -0.26756, 0.06670, 0.26688],
        ],
    ]
)


@dataclass(frozen=True)
class Sky:
    """A sky whose sun stands in front of the face until the layer is turned.

    Attributes:
        sun_elevation_deg: in (0, 90).
        turbidity: haze, 2 (mountains) to 8.
        clouds: share of the sky that clouds cover, 0 to 1; 1 hides the sun.
        ground: albedo (3,).
        skyline_deg: mean elevation of what stands around; 0 for an open field. It may hide the sun.
        pattern: seed of clouds and skyline.
    """

    sun_elevation_deg: float
    turbidity: float = 3.0
    clouds: float = 0.0
    ground: tuple[float, float, float] = (0.15, 0.15, 0.12)
    skyline_deg: float = 0.0
    pattern: int = 0

    @property
    def name(self) -> str:
        if self.clouds > 0.9:
            return "overcast_sky"
        return "sunset_sky" if self.sun_elevation_deg < 8 else "sunny_sky"


def sky_rand(rng: np.random.Generator) -> Sky:
    """Draw a sky: half of them with hardly a cloud, a fifth overcast, low suns as likely as high ones."""
    kind = rng.uniform()
    few, many = rng.uniform(0, 0.15), rng.uniform(0.2, 0.8)
    high = np.degrees(np.arcsin(rng.uniform(0.1, 0.95)))
    return Sky(
        sun_elevation_deg=float(high if rng.uniform() < 0.6 else rng.uniform(1, 15)),
        turbidity=float(rng.uniform(2, 7)),
        clouds=float(few if kind < 0.5 else many if kind < 0.8 else 1.0),
        ground=GROUNDS[rng.choice(len(GROUNDS), p=[0.4, 0.35, 0.15, 0.1])],
        skyline_deg=0.0 if rng.uniform() < 0.4 else float(rng.uniform(4, 30)),
        pattern=int(rng.integers(2**31)),
    )


def sky_panorama(sky: Sky) -> np.ndarray:
    """Paint a sky, (512, 1024, 3) float32."""
    rng = np.random.default_rng(sky.pattern)
    rays = world_directions()
    sun = direction_of(0, sky.sun_elevation_deg).astype(np.float32)
    above, beam = clouded_sky(sky, rng)
    on_flat = _upward(above) + beam * sun[2] / np.pi  # horizontal irradiance over π
    grain = np.clip(1 + 0.25 * enlarged(soft_noise(rng, world_directions(COARSE) * np.float32(6), 3)), 0.3, 2)
    ground = (np.float32(sky.ground) * on_flat) * grain[:, :, None]
    add_disc(above, sun, SUN_HALF_ANGLE, beam / (2 * np.pi * (1 - np.cos(SUN_HALF_ANGLE))))
    # Haze blurs the horizon over two degrees.
    haze = np.clip(0.5 - rays[:, :, 2:] / np.sin(np.radians(2.0)), 0, 1)
    out = above * (1 - haze) + haze * ground
    if sky.skyline_deg > 0:
        wall = _skyline(rng, sky.skyline_deg)
        # Upright walls see half of the sky and of the ground; those opposite the sun are lit by it.
        lit = np.maximum(-(rays[:, :, :2] @ sun[:2]), 0)[:, :, None] * (beam / np.pi).astype(np.float32)
        around = 0.5 * _upward(above) + 0.5 * np.float32(sky.ground) * on_flat
        paint = np.clip(1 + 0.5 * enlarged(soft_noise(rng, world_directions(COARSE) * np.float32(12), 4)), 0.2, 3)
        out = out * (1 - wall) + wall * np.float32([0.2, 0.2, 0.16]) * paint[:, :, None] * (around + lit)
    return np.maximum(out, 0).astype(np.float32)


def clouded_sky(sky: Sky, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The sky without its sun, (512, 1024, 3), and the sun's illuminance (3,) in klx through air and clouds."""
    rays = world_directions(COARSE)
    sun = direction_of(0, sky.sun_elevation_deg).astype(np.float32)
    clear = clear_sky(sky.sun_elevation_deg, sky.turbidity, rays)
    beam = SUN_KLX * sunlight(sky.sun_elevation_deg, sky.turbidity)
    if sky.clouds == 0:
        return enlarged(clear), beam
    level = float(luminance(_upward(clear) + beam * sun[2] / np.pi))
    # Moon and Spencer 1942: an overcast zenith is three times as bright as the horizon. About 0.4 comes through.
    up = np.maximum(rays[:, :, 2], 0)
    bright = 0.4 * level * (1 + 2 * up) / 3 * 9 / 7
    # Scattered clouds are white in the sun; those before it shine.
    open_share = 1 - sky.clouds
    bright = bright * (1 + open_share * (1.2 + 3 * np.exp(6 * (rays @ sun - 1))))
    warm = 0.35 * open_share
    sunny = beam / max(float(luminance(beam)), 1e-6)
    tint = (1 - warm) * black_body(6700) + warm * sunny
    grey = np.clip(1 + 0.15 * soft_noise(rng, _overhead(rays), 4), 0.5, 1.5)
    clouds = enlarged((bright * grey)[:, :, None] * tint.astype(np.float32))
    cover = _clouds(rng, sky.clouds)
    # Even the overcast sky of the formula shows no sun; thin edges let some through.
    row = int((0.5 - sky.sun_elevation_deg / 180) * HEIGHT)
    hidden = float(cover[row, np.argmax(world_directions()[row] @ sun)])
    out = enlarged(clear) * (1 - cover[:, :, None]) + cover[:, :, None] * clouds
    return out, beam * (1 - hidden) ** 3


def clear_sky(sun_elevation_deg: float, turbidity: float, rays: np.ndarray) -> np.ndarray:
    """Preetham's clear sky in kcd/m², scene-linear Rec.709, (..., 3); below the horizon as at it.

    Args:
        rays: (..., 3) unit directions in the world; the sun's azimuth is the front of the face.
    """
    sun_zenith = np.radians(90 - sun_elevation_deg)
    # The fit has a pole at the horizon.
    cos_zenith = np.maximum(rays[..., 2], 0.01)
    cos_sun = np.clip(rays @ direction_of(0, sun_elevation_deg).astype(np.float32), -1, 1)
    angle = np.arccos(cos_sun)
    chi = (4 / 9 - turbidity / 120) * (np.pi - 2 * sun_zenith)
    at_zenith = [max((4.0453 * turbidity - 4.9710) * np.tan(chi) - 0.2155 * turbidity + 2.4192, 0.05)]
    powers = np.array([sun_zenith**3, sun_zenith**2, sun_zenith, 1.0])
    at_zenith += [float(np.array([turbidity**2, turbidity, 1.0]) @ table @ powers) for table in ZENITH]
    values = []
    for table, zenith in zip(PEREZ, at_zenith, strict=True):
        a, b, c, d, e = (np.float32(slope * turbidity + offset) for slope, offset in table)
        seen = (1 + a * np.exp(b / cos_zenith)) * (1 + c * np.exp(d * angle) + e * cos_sun**2)
        base = (1 + a * np.exp(b)) * (1 + c * np.exp(d * sun_zenith) + e * np.cos(sun_zenith) ** 2)
        values.append(zenith * seen / base)
    bright, x, y = values
    bright = np.maximum(bright, 0)
    xyz = np.stack([bright * x / y, bright, bright * (1 - x - y) / y], axis=-1)
    return np.maximum(xyz @ RGB_FROM_XYZ.T, 0).astype(np.float32)


def _upward(above: np.ndarray) -> np.ndarray:
    """Horizontal irradiance over π, (3,), of the upper half of (h, 2h, 3)."""
    half = len(above) // 2
    cosine = world_directions(len(above))[:half, :, 2:] * solid_angles(len(above))[:half, :, None]
    return (above[:half] * cosine).sum((0, 1)) / np.pi


def _overhead(rays: np.ndarray) -> np.ndarray:
    """Where rays pass through a layer overhead, (..., 2), in heights of the layer; flattened near the horizon."""
    return rays[..., :2] / np.maximum(rays[..., 2:] + 0.15, 0.15)


def _clouds(rng: np.random.Generator, share: float) -> np.ndarray:
    """Cover (h, 2h) in [0, 1]: noise in a layer overhead, cut so that about ``share`` of the sky is covered."""
    if share >= 1:
        return np.ones((HEIGHT, 2 * HEIGHT), np.float32)
    noise = enlarged(soft_noise(rng, _overhead(world_directions(HEIGHT // 2)) * np.float32(1.5), 5))
    edge = np.quantile(noise[: HEIGHT // 2 : 4, ::4], 1 - share)
    return np.clip((noise - edge) / 0.6 + 0.5, 0, 1)


def _skyline(rng: np.random.Generator, mean_deg: float) -> np.ndarray:
    """Coverage (h, 2h, 1) by walls and trees around."""
    rays = world_directions()
    ring = rays[HEIGHT // 2, :, :2]
    tops = mean_deg * np.clip(0.9 + soft_noise(rng, ring * np.float32(1.2), 3), 0, 2.2)
    tops += 0.08 * mean_deg * soft_noise(rng, ring * np.float32(25), 3)
    elevation = np.degrees(np.arcsin(np.clip(rays[:, :, 2], -1, 1)))
    wall = np.clip((tops[None, :] - elevation) / 0.35 + 0.5, 0, 1) * (elevation > -1.5)
    return wall[:, :, None].astype(np.float32)
