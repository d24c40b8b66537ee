"""Light maps: lat-long radiance around the subject, and the few things that are done with one.

A light map is (h, 2h, 3), scene-linear Rec.709 radiance, top row first, in the camera frame (+x image right, +y image
up, +z from the subject towards the camera). Column centre u in [0, 1) is azimuth (u − 0.5)·2π, row centre v is
elevation (0.5 − v)·π, direction (sin az · cos el, sin el, cos az · cos el): the centre column is light from the
camera's side, columns right of it light from image right. Suns are never clipped.
"""

import math
from functools import lru_cache
from pathlib import Path

import numpy as np

from ..errors import SceneError
from .lights import olat_bands, olat_half_angle
from .lights import olat_directions as rig_directions

HEIGHT = 64  # rows of the light maps that samples store and networks read

# Chosen on 48 heads that were rendered under 32 lights and under 12 panoramas directly: widths from 0.35 to 0.6 rad and
# weights from 0.003 to 0.1 differ by 2% of the error.
TRANSPORT_WIDTH = 0.45  # radians over which the image of a light keeps its likeness
DIVISION_WEIGHT = 0.1  # how strongly the weights are held to the division by patches
SWEEPS = 20  # of Gauss and Seidel's method; ten give the same error

# Blender's equirectangular picture, read as it is, is a light map whose axes lie in Blender's world so:
# its centre column (+z) is world +X, its right half (+x) world −Y, its top (+y) world +Z. A mirror, since
# panoramas are seen from inside and light maps from the camera.
WORLD_FROM_PANORAMA = np.array([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])


@lru_cache(maxsize=8)
def directions(height: int) -> np.ndarray:
    """Unit directions of the texel centres, (height, 2·height, 3) float64."""
    azimuth = ((np.arange(2 * height) + 0.5) / (2 * height) - 0.5) * 2 * np.pi
    elevation = (0.5 - (np.arange(height) + 0.5) / height) * np.pi
    el, az = np.meshgrid(elevation, azimuth, indexing="ij")
    out = np.stack([np.sin(az) * np.cos(el), np.sin(el), np.cos(az) * np.cos(el)], axis=-1)
    out.setflags(write=False)
    return out


def row_edges(height: int) -> np.ndarray:
    """Where rows begin and end, (height + 1,), from −1 at the top to 1: minus the sine of the elevation, in which equal
    lengths are equal solid angles."""
    return -np.cos(np.arange(height + 1) / height * np.pi)


@lru_cache(maxsize=8)
def solid_angles(height: int) -> np.ndarray:
    """Solid angle of each texel in steradians, (height, 1); a map's texels sum to 4π."""
    out = (np.diff(row_edges(height)) * np.pi / height)[:, None]
    out.setflags(write=False)
    return out


def spiral(count: int) -> np.ndarray:
    """Unit directions (count, 3) evenly over the sphere: a Fibonacci spiral about the y axis.

    Source: González 2010, "Measurement of Areas on a Sphere Using Fibonacci and Latitude–Longitude Lattices".
    """
    i = np.arange(count)
    y = 1 - (2 * i + 1) / count
    azimuth, radius = i * np.pi * (3 - np.sqrt(5)), np.sqrt(1 - y * y)
    return np.stack([radius * np.sin(azimuth), y, radius * np.cos(azimuth)], axis=-1)


def read_light_map(path: Path) -> np.ndarray:
    """Read a Radiance .hdr or an OpenEXR panorama as it is stored.

    Returns:
        (h, 2h, 3) float32 radiance in the panorama's own frame (see WORLD_FROM_PANORAMA), resampled to 2:1 if need be.

    Raises:
        SceneError: missing, unreadable or 8-bit file, or texels that are not numbers.
    """
    path = Path(path)
    if not path.is_file():
        raise SceneError(f"{path} does not exist. Give the path of an .hdr or .exr panorama.")
    suffix = path.suffix.lower()
    if suffix == ".exr":
        pixels = _read_exr(path)
    elif suffix == ".hdr":
        import cv2

        level = cv2.setLogLevel(0)  # what is wrong is said below
        bgr = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        cv2.setLogLevel(level)
        pixels = None if bgr is None or bgr.ndim != 3 else bgr[:, :, 2::-1].astype(np.float32)
    else:
        raise SceneError(
            f"{path.name} is not an HDRI: in {suffix or 'such'} pictures lamps and the sun are cut off at white. "
            "Give an .hdr or .exr panorama."
        )
    if pixels is None:
        raise SceneError(f"{path.name} cannot be read as a panorama: the file is damaged or has no RGB picture.")
    check_light_map(pixels, path.name)
    return resize(pixels, len(pixels))


def _read_exr(path: Path) -> np.ndarray | None:
    import OpenEXR

    try:
        with OpenEXR.File(str(path), separate_channels=False) as file:
            for part in file.parts:
                for name in ("RGB", "RGBA"):
                    if name in part.channels:
                        return np.asarray(part.channels[name].pixels, np.float32)[:, :, :3]
    except (OSError, RuntimeError, ValueError):
        return None
    return None


def check_light_map(light_map: np.ndarray, name: str = "the light map") -> None:
    """Raise SceneError unless every texel is a finite number and none is negative beyond rounding."""
    bad = int((~np.isfinite(light_map)).any(axis=-1).sum())
    if bad:
        raise SceneError(
            f"{name} has {bad} texels that are NaN or infinite. Repair it in an image editor, or use another."
        )
    if float(light_map.min()) < -1e-3 * max(float(light_map.max()), 1e-6):
        raise SceneError(
            f"{name} has negative radiance ({light_map.min():.3g}). Use an HDRI in a scene-linear RGB space."
        )


def remark_on_range(light_map: np.ndarray, name: str) -> str:
    """A sentence about an ordinary picture stored as floats, whose lights are cut off at 1; empty for an HDRI."""
    brightest = light_map.max(axis=-1)
    top = float(brightest.max())
    cut = float((brightest >= top).mean())
    # A window or a lamp that is cut off covers many texels; a light that is not has one brightest texel.
    if 0.9 < top <= 1.0001 and 1e-3 < cut < 0.5:
        return (
            f"{name} is an ordinary picture saved as an HDRI: {cut:.1%} of it is cut off at {top:.3g}, so lamps and "
            "the sun are too weak and shadows too soft. Better use the HDRI it was made from."
        )
    return ""


def overlaps(edges_in: np.ndarray, edges_out: np.ndarray) -> np.ndarray:
    """Length of input cell j within output cell i, (out, in), for cells between increasing edges."""
    low = np.maximum(edges_in[None, :-1], edges_out[:-1, None])
    high = np.minimum(edges_in[None, 1:], edges_out[1:, None])
    return np.maximum(high - low, 0.0)


def _area_resample(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    """Average over solid angle, so that the light of every region of the sphere is kept."""
    rows = overlaps(row_edges(pixels.shape[0]), row_edges(height))
    columns = overlaps(np.arange(pixels.shape[1] + 1) / pixels.shape[1], np.arange(width + 1) / width)
    rows /= rows.sum(axis=1, keepdims=True)
    columns /= columns.sum(axis=1, keepdims=True)
    shrunk = np.tensordot(rows, np.maximum(pixels, 0).astype(np.float64), axes=1)  # (height, w, 3)
    return np.einsum("kw,hwc->hkc", columns, shrunk).astype(np.float32)


def resize(light_map: np.ndarray, height: int) -> np.ndarray:
    """Resize to (height, 2·height, 3) by averaging over solid angle; total light is kept."""
    if light_map.shape[:2] == (height, 2 * height):
        return np.asarray(light_map, np.float32)
    return _area_resample(light_map, height, 2 * height)


def rotate(light_map: np.ndarray, angle_rad: float) -> np.ndarray:
    """Turn the light about the vertical; positive angles move it towards larger azimuth (front to image right)."""
    width = light_map.shape[1]
    shift = angle_rad / (2 * np.pi) * width
    whole = int(np.floor(shift))
    fraction = shift - whole
    low, high = np.roll(light_map, whole, axis=1), np.roll(light_map, whole + 1, axis=1)
    return ((1 - fraction) * low + fraction * high).astype(np.float32)


def flux(light_map: np.ndarray) -> np.ndarray:
    """Light through the whole sphere, ∫ L dω, (3,)."""
    return (light_map * solid_angles(light_map.shape[0])[:, :, None]).sum(axis=(0, 1), dtype=np.float64)


def sample(light_map: np.ndarray, toward: np.ndarray) -> np.ndarray:
    """Radiance that arrives from directions ``toward`` (..., 3), bilinear between texels, (..., 3) float32."""
    height, width = light_map.shape[:2]
    length = np.linalg.norm(toward, axis=-1)
    u = np.arctan2(toward[..., 0], toward[..., 2]) / (2 * np.pi) + 0.5
    v = 0.5 - np.arcsin(np.clip(toward[..., 1] / length, -1, 1)) / np.pi
    x, y = u * width - 0.5, np.clip(v * height - 0.5, 0, height - 1)
    x0, y0 = np.floor(x).astype(int), np.minimum(np.floor(y).astype(int), height - 1)
    fx, fy = (x - x0)[..., None].astype(np.float32), (y - y0)[..., None].astype(np.float32)
    y1, x1 = np.minimum(y0 + 1, height - 1), (x0 + 1) % width
    x0 = x0 % width
    top = light_map[y0, x0] * (1 - fx) + light_map[y0, x1] * fx
    return top * (1 - fy) + (light_map[y1, x0] * (1 - fx) + light_map[y1, x1] * fx) * fy


def change_frame(
    light_map: np.ndarray, source_from_target: np.ndarray, height: int = HEIGHT, density: int = 4
) -> np.ndarray:
    """Express a light map in another frame, keeping its total light.

    Args:
        light_map: (h, 2h, 3) in the source frame.
        source_from_target: (3, 3) orthogonal, takes a direction of the target frame to the source frame; for
            Blender's panorama and a camera: ``WORLD_FROM_PANORAMA.T @ turn.T @ camera_to_world``.
        density: samples along a side of a texel.

    Returns:
        (height, 2·height, 3) float32.
    """
    # Texels as wide as two samples: a sun of one texel is neither missed nor counted twice.
    source = resize(light_map, min(density * height // 2, light_map.shape[0]))
    fine = sample(source, directions(density * height) @ np.asarray(source_from_target, np.float64).T)
    out = resize(fine, height)
    # What is left of the sampling error; turning a sphere changes nothing of its total.
    return (out * (flux(light_map) / np.maximum(flux(out), 1e-12))).astype(np.float32)


def panorama_in_camera(
    panorama: np.ndarray, camera_to_world: np.ndarray, turn_rad: float = 0.0, height: int = HEIGHT
) -> np.ndarray:
    """The light map in the camera frame of a Blender panorama turned by ``turn_rad`` counter-clockwise from above.

    Args:
        camera_to_world: (3, 3) rotation, the columns being the camera's axes in the world.
    """
    c, s = np.cos(turn_rad), np.sin(turn_rad)
    turn = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
    return change_frame(panorama, WORLD_FROM_PANORAMA.T @ turn.T @ np.asarray(camera_to_world)[:3, :3], height)


def olat_fluxes(light_map: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Divide a light map among N lights, (N, 3); every texel's light lands once, so the sum is ``flux(light_map)``.

    Args:
        directions: (N, 3) of the lights. Those of a rig get what falls on their patches, texels across a border being
            shared by area; others get the texels that are nearest to them.
    """
    count, height = len(directions), light_map.shape[0]
    if not np.allclose(directions, rig_directions(count), atol=1e-5):
        power = (light_map * solid_angles(height)[:, :, None]).reshape(-1, 3)
        cell = np.argmax(_texels(height) @ np.asarray(directions).T, axis=1)
        return np.stack([np.bincount(cell, power[:, c], minlength=count) for c in range(3)], axis=-1)
    bands = olat_bands(count)
    rows = overlaps(row_edges(height), np.array([bands[0].low, *(band.high for band in bands)]))
    by_band = np.tensordot(rows, light_map.astype(np.float64), axes=1)  # (bands, 2h, 3)
    columns = np.linspace(-np.pi, np.pi, 2 * height + 1)
    out = []
    for band, strip in zip(bands, by_band, strict=True):
        sectors = band.start + np.arange(band.sectors + 1) * 2 * np.pi / band.sectors
        out.append((overlaps(columns, sectors) + overlaps(columns + 2 * np.pi, sectors)) @ strip)
    return np.concatenate(out)


def olat_weights(light_map: np.ndarray, directions: np.ndarray, half_angle: float | None = None) -> np.ndarray:
    """Weights (N, 3) float32, none negative, that make Σ wᵢ·OLATᵢ the image under ``light_map``.

    To give each light what falls on its patch moves light by up to half a patch and blurs it by a disc. The weights
    depart from that division so that the image is nearest to the true one, in the mean over all images that change with
    the light's direction as heads do: least squares with a Gaussian covariance (kriging) and no negative weight. The
    total light is kept. A light is a disc at unit normal irradiance; a disc of half angle h turns flux into normal
    irradiance by the factor (1 + cos h)/2.

    Args:
        half_angle: of a light, in radians; None for a solid angle of 4π/N.
    """
    half_angle = olat_half_angle(len(directions)) if half_angle is None else half_angle
    lights = np.asarray(directions, np.float64)
    fluxes = olat_fluxes(light_map, lights)
    light, (among, across) = resize(light_map, HEIGHT), _covariances(lights.tobytes(), half_angle)
    wanted = across @ (light * solid_angles(HEIGHT)[:, :, None]).reshape(-1, 3) + DIVISION_WEIGHT * fluxes
    out = np.maximum(fluxes, 0)
    for _ in range(SWEEPS):
        for i, row in enumerate(among):
            out[i] = np.maximum(out[i] + (wanted[i] - row @ out) / row[i], 0)
    out *= fluxes.sum(axis=0) / np.maximum(out.sum(axis=0), 1e-12)
    return (out * (1 + math.cos(half_angle)) / 2).astype(np.float32)


@lru_cache(maxsize=4)
def _covariances(directions_bytes: bytes, half_angle: float) -> tuple[np.ndarray, np.ndarray]:
    """Likeness of the images of two lights, (N, N), its diagonal raised, and of a light and a texel, (N, texels)."""
    lights = np.frombuffer(directions_bytes).reshape(-1, 3)
    width, disc = TRANSPORT_WIDTH**2, half_angle**2 / 4  # variances along one axis

    def likeness(cosines: np.ndarray, variance: float) -> np.ndarray:
        return width / variance * np.exp((cosines - 1) / variance)

    among = likeness(lights @ lights.T, width + 2 * disc) + DIVISION_WEIGHT * np.eye(len(lights))
    return among, likeness(lights @ _texels(HEIGHT).T, width + disc).astype(np.float32)


def _texels(height: int) -> np.ndarray:
    return directions(height).reshape(-1, 3)


def view(
    light_map: np.ndarray, height: int, width: int, fov_deg: float, to_map: np.ndarray | None = None
) -> np.ndarray:
    """The picture (height, width, 3) a camera at the subject's place takes of the surroundings behind the subject.

    Args:
        fov_deg: angle of view of the longer side.
        to_map: (3, 3) from the viewing camera's frame to the map's; None looks along −z, as the portrait's camera does.
    """
    scale = np.tan(np.radians(fov_deg) / 2) / (max(height, width) / 2)
    x = (np.arange(width) + 0.5 - width / 2) * scale
    y = (height / 2 - np.arange(height) - 0.5) * scale
    toward = np.stack([*np.broadcast_arrays(x[None, :], y[:, None]), np.full((height, width), -1.0)], axis=-1)
    return sample(light_map, toward if to_map is None else toward @ np.asarray(to_map).T)
