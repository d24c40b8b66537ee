"""Contact sheets: maps as labelled pictures in rows, for people to look at.

Pictures are (H, W, 3) uint8, sRGB, red first, top row first. Maps come in as samples hold them: scene-linear float32,
(H, W, C) or (H, W).
"""

from pathlib import Path

import numpy as np

from ..errors import SampleError
from ..scenes.bust import LABELS
from ..scenes.colour import linear_to_srgb, luminance

PAPER = 24
INK = (214, 214, 214)
GAP_PX = 8
STRIP_PX = 26

# One colour a parsing label, sRGB: apart from each other in lightness too, so that they survive a grey print.
PARSING_COLOURS = np.array(
    [
        (232, 176, 140),  # skin
        (96, 56, 24),  # brows
        (90, 170, 255),  # eyes
        (214, 48, 80),  # lips
        (120, 16, 40),  # mouth
        (150, 104, 196),  # hair
        (60, 140, 96),  # clothes
        (244, 214, 90),  # accessories
        (64, 78, 190),  # props
    ],
    np.float32,
)

# Maps that hold light: they share the gain of the photo they belong to.
RADIANCE = ("full", "foreground", "diffuse", "unshadowed", "specular", "shading", "direct", "indirect", "light map")


# Maps of shares and weights: shown as they are, not as light.
PLAIN = (
    *("matte", "trimap", "shadow", "roughness", "specular_weight", "subsurface_weight"),
    *("occlusion_forward", "occlusion_backward"),
)


def gain_of(pixels: np.ndarray, matte: np.ndarray | None = None, target: float = 0.8) -> float:
    """The exposure that brings the 95th percentile of the luminous pixels to ``target``.

    Args:
        pixels: (H, W, 3) scene-linear.
        matte: (H, W) or (H, W, 1); only pixels that it covers by more than half count. None for all.
    """
    light = luminance(pixels)
    if matte is not None:
        light = light[matte.reshape(light.shape) > 0.5]
    light = light[np.isfinite(light)]
    if light.size == 0:
        return 1.0
    bright = float(np.percentile(light, 95))
    return target / bright if bright > 1e-8 else 1.0


def show(name: str, pixels: np.ndarray, gain: float = 1.0, matte: np.ndarray | None = None) -> np.ndarray:
    """Turn the map ``name`` into a picture.

    Args:
        name: a map of a sample, "light map", or anything else for a plain scene-linear image.
        pixels: (H, W, C) or (H, W).
        gain: exposure, for the maps that hold light.
        matte: (H, W) or (H, W, 1); the depth map's range is taken where it covers. None takes every pixel above 0.

    Returns:
        (H, W, 3) uint8, sRGB.
    """
    pixels = np.asarray(pixels, np.float32)
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    if name == "normal":
        covered = np.linalg.norm(pixels, axis=-1, keepdims=True)
        # (n + 1) / 2 times coverage: the background stays black instead of grey.
        return _bytes((pixels + np.minimum(covered, 1.0)) / 2)
    if name == "depth":
        return _bytes(_nearness(pixels, matte).repeat(3, axis=-1))
    if name == "parsing":
        return _bytes(pixels @ PARSING_COLOURS[: len(LABELS)] / 255)
    if name == "position":
        return _bytes(_within_range(pixels, matte))
    if name == "uv":
        return _bytes(np.concatenate([pixels, np.zeros_like(pixels[:, :, :1])], axis=-1))
    if name.startswith("Crypto"):
        return _bytes(_id_colours(pixels))
    if name.startswith("flow"):
        return _bytes(_flow_colours(pixels))
    if name in PLAIN:
        return _bytes(np.broadcast_to(pixels, (*pixels.shape[:2], 3)))
    light = pixels * gain if name in RADIANCE else pixels
    return _bytes(linear_to_srgb(np.clip(np.broadcast_to(light, (*light.shape[:2], 3)), 0, 1)))


def _flow_colours(flow: np.ndarray) -> np.ndarray:
    """Hue for the direction, red to the right; saturation for the length, white where nothing moves: (H, W, 3)."""
    length = np.linalg.norm(flow, axis=-1, keepdims=True)
    angle = np.arctan2(flow[:, :, 1:], flow[:, :, :1])
    hue = 0.5 + 0.5 * np.cos(angle - np.arange(3) * 2 * np.pi / 3)
    return 1 - length / max(float(length.max()), 1e-6) * (1 - hue)


def tile(picture: np.ndarray, label: str, size: int = 200) -> np.ndarray:
    """Fit a picture into a square of ``size`` px, with its name in a strip below: (size + STRIP_PX, size, 3)."""
    import cv2

    height, width = picture.shape[:2]
    scale = size / max(height, width)
    fitted = (max(1, round(width * scale)), max(1, round(height * scale)))
    # Area averaging when shrinking; enlarged pixels stay visible as such.
    shrunk = cv2.resize(picture, fitted, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST)
    canvas = np.full((size + STRIP_PX, size, 3), PAPER, np.uint8)
    top, left = (size - fitted[1]) // 2, (size - fitted[0]) // 2
    canvas[top : top + fitted[1], left : left + fitted[0]] = shrunk
    return _write_text(canvas, label, (2, size + 18), 0.45)


def inset(picture: np.ndarray, thumbnail: np.ndarray, fraction: float = 0.4) -> np.ndarray:
    """Lay a thumbnail, ``fraction`` of the picture wide, into its lower left corner."""
    import cv2

    width = max(1, round(picture.shape[1] * fraction))
    height = max(1, round(width * thumbnail.shape[0] / thumbnail.shape[1]))
    result = picture.copy()
    result[-height - 2 :, : width + 2] = PAPER
    result[-height:, :width] = cv2.resize(thumbnail, (width, height), interpolation=cv2.INTER_AREA)
    return result


def grid(rows: list[list[np.ndarray]], title: str = "") -> np.ndarray:
    """Set rows of tiles under each other on one sheet; the tiles of a row have equal height."""
    width = max(sum(t.shape[1] + GAP_PX for t in row) for row in rows) + GAP_PX
    bands = []
    if title:
        bands.append(_write_text(np.full((44, width, 3), PAPER, np.uint8), title, (GAP_PX + 2, 30), 0.7))
    for row in rows:
        band = np.full((row[0].shape[0] + GAP_PX, width, 3), PAPER, np.uint8)
        left = GAP_PX
        for picture in row:
            band[GAP_PX:, left : left + picture.shape[1]] = picture
            left += picture.shape[1] + GAP_PX
        bands.append(band)
    return np.concatenate(bands)


def sample_tiles(maps: dict[str, np.ndarray], light_map: np.ndarray, size: int = 200) -> list[np.ndarray]:
    """Every map of a sample as a tile, in the order of the layout; its light map last.

    Args:
        maps: as ``synth.sample.read_sample`` gives them.
        light_map: (h, 2h, 3) radiance.
    """
    matte = maps["matte"]
    gain = gain_of(maps["full"], matte)
    # A white body is brighter than skin: what divides by albedo gets an exposure of its own.
    white = gain_of(maps["shading"], matte)
    gains = {name: white for name in ("shading", "direct", "indirect")}
    gains["light map"] = gain_of(light_map, target=0.9)
    # Straight maps go on outside the person, where they mean nothing.
    straight = ("shading", "shadow", "direct", "indirect")
    covered = {name: pixels * matte for name, pixels in maps.items() if name in straight}
    # The first layer of a Cryptomatte holds what covers most of each pixel.
    named = {name: pixels for name, pixels in maps.items() if not name.startswith("Crypto") or name.endswith("00")}
    named = {**named, **covered, "light map": light_map}
    return [tile(show(name, pixels, gains.get(name, gain), matte), name, size) for name, pixels in named.items()]


def write_sheet(path: Path, sheet: np.ndarray) -> None:
    """Write a sheet as PNG, making its folder.

    Raises:
        SampleError: it cannot be written there.
    """
    import cv2

    encoded, data = cv2.imencode(".png", sheet[..., ::-1])
    if not encoded:
        raise ValueError(f"OpenCV cannot encode a sheet of shape {sheet.shape}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.tobytes())
    except OSError as error:
        raise SampleError(f"Cannot write {path}: {error.strerror}. Choose a folder that is writable.") from error


def _nearness(depth: np.ndarray, matte: np.ndarray | None) -> np.ndarray:
    """(H, W, 1) in [0, 1]: white is nearest, 0.15 is farthest, 0 is outside."""
    inside = depth > 0 if matte is None else matte.reshape(depth.shape) > 0.5
    if not inside.any():
        return np.zeros_like(depth)
    near, far = np.percentile(depth[inside], [0.5, 99.5])
    ramp = 1 - 0.85 * np.clip((depth - near) / max(far - near, 1e-6), 0, 1)
    return np.where(inside, ramp, 0)


def _within_range(places: np.ndarray, matte: np.ndarray | None) -> np.ndarray:
    """(H, W, 3) in [0, 1]: each axis from the nearest to the farthest place that the matte covers by half."""
    inside = (places != 0).any(axis=-1) if matte is None else matte.reshape(places.shape[:2]) > 0.5
    if not inside.any():
        return np.zeros_like(places)
    low, high = np.percentile(places[inside], [0.5, 99.5], axis=0)
    return np.where(inside[:, :, None], (places - low) / np.maximum(high - low, 1e-6), 0)


def _id_colours(pair: np.ndarray) -> np.ndarray:
    """(H, W, 3): a colour for each of the two ids of a Cryptomatte's layer, by their bits, times their shares."""
    ids = np.ascontiguousarray(pair, np.float32).view(np.uint32)
    out = np.zeros((*pair.shape[:2], 3), np.float32)
    for k in (0, 2):
        bits = np.stack([(ids[:, :, k] >> shift) & 0xFF for shift in (0, 8, 16)], axis=-1)
        out += (0.2 + 0.8 * bits.astype(np.float32) / 255) * pair[:, :, k + 1 : k + 2]
    return out


def _bytes(unit: np.ndarray) -> np.ndarray:
    """[0, 1] -> uint8; a value that is not finite shows as pure magenta, which no map holds."""
    picture = (np.clip(np.nan_to_num(unit), 0, 1) * 255 + 0.5).astype(np.uint8)
    picture[~np.isfinite(unit).all(axis=-1)] = (255, 0, 255)
    return picture


def _write_text(picture: np.ndarray, text: str, origin: tuple[int, int], scale: float) -> np.ndarray:
    import cv2

    return cv2.putText(picture, text, origin, cv2.FONT_HERSHEY_DUPLEX, scale, INK, 1, cv2.LINE_AA)
