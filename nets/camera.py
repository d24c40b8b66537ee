"""From light to a photo as it is found on the web: lens, sensor, tone curve, and what was done to the file.

Pictures (H, W, 3) float32. What a camera does to every pixel by itself (:func:`grade`) is done to the truth of the
foreground and the background as well, so that they are the photo's own colours; what it does to the picture is not.
"""

from dataclasses import dataclass, field

import cv2
import numpy as np

from ..scenes.colour import linear_to_srgb
from .config import PhotographyConfig

LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # of encoded pictures. Source: ITU-R BT.601, 2.5.1


@dataclass(frozen=True)
class Vignette:
    """Light falls off from a centre: 1 / (1 + (r / radius)²)^power, r in half diagonals.

    Attributes:
        centre: x, y in halves of the side from the picture's centre: crops are not centred.
    """

    centre: tuple[float, float] = (0.0, 0.0)
    radius: float = 1.0
    power: float = 0.0


@dataclass(frozen=True)
class Response:
    """A tone curve over encoded values: lifted blacks, an exponent for each channel, then an S.

    Idea: Grossberg and Nayar 2004, "Modeling the Space of Camera Response Functions": real curves are monotone, run
    from 0 to 1 and differ mostly in gamma and in how S-shaped they are.

    Attributes:
        s: share of 3y² − 2y³; below 0 contrast is taken out of the middle.
    """

    black: float = 0.0
    exponents: tuple[float, float, float] = (1.0, 1.0, 1.0)
    s: float = 0.0


@dataclass(frozen=True)
class Camera:
    """A camera and what comes after it; the defaults do nothing. Lengths in shares of the picture's side.

    Attributes:
        blur: radius; round: of a disc (out of focus) instead of a Gaussian.
        aberration: red is enlarged and blue made smaller by this factor − 1.
        gains: of the colours before the sensor clips at 1.
        noise: of the sensor; both shot noise and read noise follow it.
        knee: brightness above which highlights roll off instead of clipping; 1 clips.
        contrast, saturation: factors.
        sharpening, halo: strength, and radius.
        pixels: share of the side's pixels that were there before the picture was enlarged.
        enlarging: OpenCV's interpolation.
        quality: of JPEG, 0 for none.
        grey: without colour.
    """

    blur: float = 0.0
    round: bool = False
    aberration: float = 0.0
    vignette: Vignette = field(default_factory=Vignette)
    gains: tuple[float, float, float] = (1.0, 1.0, 1.0)
    noise: float = 0.0
    knee: float = 1.0
    response: Response = field(default_factory=Response)
    contrast: float = 1.0
    saturation: float = 1.0
    sharpening: float = 0.0
    halo: float = 0.0
    pixels: float = 1.0
    enlarging: int = cv2.INTER_LINEAR
    quality: int = 0
    grey: bool = False


def camera_rand(rng: np.random.Generator, shares: PhotographyConfig) -> Camera:
    """Draw a camera; ``shares`` says how often it does what."""

    def happens(share: float) -> bool:
        return bool(rng.uniform() < share)

    chosen: dict = {}
    if happens(shares.blur):
        chosen |= {"blur": rng.uniform(0.3, 1.3) / 128, "round": happens(0.4)}
    if happens(shares.aberration):
        chosen["aberration"] = rng.uniform(-1, 1) * 0.006
    if happens(shares.vignette):
        chosen["vignette"] = _vignette_rand(rng)
    gains = np.ones(3)
    if happens(shares.overexposure):
        gains *= 2 ** rng.uniform(0.2, 1.5)
    if happens(shares.cast):
        # Mostly along daylight, from candle to shade; less from green to magenta.
        warmth, tint = rng.normal(0, 0.22), rng.normal(0, 0.07)
        gains *= np.exp([warmth, tint, -warmth])
    chosen["gains"] = tuple(float(gain) for gain in gains)
    if happens(shares.noise):
        chosen["noise"] = float(np.exp(rng.uniform(np.log(0.002), np.log(0.03))))
    if happens(shares.filmic):
        chosen["knee"] = rng.uniform(0.25, 0.8)
    if happens(shares.response):
        chosen["response"] = _response_rand(rng)
    if happens(shares.contrast):
        chosen["contrast"] = rng.uniform(0.8, 1.25)
    if happens(shares.saturation):
        chosen["saturation"] = rng.uniform(0.4, 1.5)
    if happens(shares.sharpening):
        chosen |= {"sharpening": rng.uniform(0.3, 1.8), "halo": np.exp(rng.uniform(np.log(0.5), np.log(2.5))) / 256}
    if happens(shares.low_resolution):
        kinds = (cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_NEAREST)
        chosen |= {"pixels": float(np.exp(rng.uniform(np.log(0.25), np.log(0.8)))), "enlarging": kinds[rng.choice(3)]}
    if happens(shares.jpeg):
        chosen["quality"] = int(rng.integers(35, 96))
    return Camera(**chosen, grey=happens(shares.grey))


def _vignette_rand(rng: np.random.Generator) -> Vignette:
    centre = (float(rng.normal(0, 0.25)), float(rng.normal(0, 0.25)))
    if rng.uniform() < 0.3:  # drawn on purpose
        return Vignette(centre, float(rng.uniform(0.5, 0.9)), float(rng.uniform(2, 4)))
    # Natural: the cos⁴ law, with atan(1/radius) the angle between the axis and the corner.
    return Vignette(centre, float(rng.uniform(1.2, 2.5)), 2.0)


def _response_rand(rng: np.random.Generator) -> Response:
    black = float(rng.uniform(0, 0.1)) if rng.uniform() < 0.3 else 0.0
    exponents = np.exp(rng.normal(0, 0.16) + rng.normal(0, 0.04, 3))
    return Response(black, tuple(float(x) for x in exponents), float(rng.uniform(-0.4, 0.9)))  # type: ignore[arg-type]


def photograph(camera: Camera, rng: np.random.Generator, linear: np.ndarray) -> np.ndarray:
    """Take an exposed scene-linear picture to an encoded one of 8 bits.

    Args:
        rng: of the sensor's noise.

    Returns:
        (H, W, 3) sRGB-encoded in [0, 1].
    """
    side = linear.shape[0]
    # Nothing brighter than this is told apart after any of the tone curves.
    light = np.minimum(linear, 16.0)
    if camera.blur * side > 0.1:
        light = _blurred(light, camera.blur * side, camera.round)
    if camera.aberration:
        light = _fringed(light, camera.aberration)
    light = _exposed(camera, light)
    if camera.noise:
        # Shot noise grows with the root of the light, read noise does not. A sensor's full well ends both.
        light = np.minimum(light, 4.0)
        deviation = camera.noise * np.sqrt(np.maximum(light, 0) + 0.01)
        light = light + rng.standard_normal(light.shape, dtype=np.float32) * deviation
    encoded = _toned(camera, light)
    if camera.sharpening:
        soft = cv2.GaussianBlur(encoded, (0, 0), max(camera.halo * side, 0.3))
        encoded = np.clip(encoded + camera.sharpening * (encoded - soft), 0, 1)
    if camera.pixels < 1:
        small = max(round(camera.pixels * side), 8)
        encoded = cv2.resize(encoded, (small, small), interpolation=cv2.INTER_AREA)
        encoded = np.clip(cv2.resize(encoded, (side, side), interpolation=camera.enlarging), 0, 1)
    bits = np.rint(encoded * 255).astype(np.uint8)
    if camera.quality:
        # A JPEG without colour has one channel.
        picture = bits[:, :, 0] if camera.grey else bits[:, :, ::-1]
        bits = cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, camera.quality])[1], 1)[:, :, ::-1]
    return np.ascontiguousarray(bits, np.float32) / 255


def grade(camera: Camera, linear: np.ndarray) -> np.ndarray:
    """What the camera makes of every pixel by itself: exposure, vignette and tone, encoded in [0, 1]."""
    return _toned(camera, _exposed(camera, linear))


def _blurred(light: np.ndarray, radius_px: float, is_round: bool) -> np.ndarray:
    if not is_round:
        return cv2.GaussianBlur(light, (0, 0), radius_px)
    # A disc of the same standard deviation along an axis is twice as wide.
    reach = int(np.ceil(2 * radius_px))
    axis = np.arange(-reach, reach + 1)
    disc = np.clip(2 * radius_px + 0.5 - np.hypot(axis[:, None], axis[None, :]), 0, 1)
    return cv2.filter2D(light, -1, disc / disc.sum(), borderType=cv2.BORDER_REFLECT)


def _fringed(light: np.ndarray, aberration: float) -> np.ndarray:
    """Enlarge red and make blue smaller about the centre."""
    height, width = light.shape[:2]
    middle = np.array([(width - 1) / 2, (height - 1) / 2])
    channels = []
    for index, factor in enumerate((1 + aberration, 1.0, 1 - aberration)):
        channel = np.ascontiguousarray(light[:, :, index])
        if factor != 1:
            matrix = np.column_stack([np.eye(2) * factor, middle * (1 - factor)])
            channel = cv2.warpAffine(channel, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
        channels.append(channel)
    return np.stack(channels, axis=2)


def _exposed(camera: Camera, light: np.ndarray) -> np.ndarray:
    light = light * np.array(camera.gains, np.float32)
    if camera.vignette.power:
        height, width = light.shape[:2]
        x, y = ((np.arange(n, dtype=np.float32) + 0.5) / n * 2 - 1 for n in (width, height))
        x, y = x - camera.vignette.centre[0], y - camera.vignette.centre[1]
        squares = (x[None, :] ** 2 + y[:, None] ** 2) / 2
        light = light * ((1 + squares / camera.vignette.radius**2) ** -camera.vignette.power)[:, :, None]
    return light


def _toned(camera: Camera, light: np.ndarray) -> np.ndarray:
    """Highlights, encoding, tone curve, contrast and saturation."""
    light = np.maximum(light, 0)
    if camera.knee < 1:
        over = np.maximum(light - camera.knee, 0) / (1 - camera.knee)
        light = np.minimum(light, camera.knee) + (1 - camera.knee) * (1 - np.exp(-over))
    y = linear_to_srgb(np.minimum(light, 1))
    curve = camera.response
    if curve != Response():
        y = y ** np.array(curve.exponents, np.float32)
        y = y + curve.s * (y * y * (3 - 2 * y) - y)
        y = curve.black + (1 - curve.black) * y
    if camera.contrast != 1:
        y = np.clip((y - 0.45) * camera.contrast + 0.45, 0, 1)
    if camera.grey:
        y = np.repeat((y @ LUMA)[:, :, None], 3, axis=2)
    elif camera.saturation != 1:
        luma = (y @ LUMA)[:, :, None]
        y = np.clip(luma + camera.saturation * (y - luma), 0, 1)
    return np.ascontiguousarray(y, np.float32)
