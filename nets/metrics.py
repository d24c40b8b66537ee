"""Scores of predictions against truth. Pictures (H, W, C), mattes (H, W, 1), numpy; pure functions."""

import cv2
import numpy as np

from ..scenes.colour import linear_to_srgb, luminance
from ..scenes.light_map import directions, solid_angles

GREY = 0.18


def matte_sad(pred: np.ndarray, true: np.ndarray) -> float:
    """Sum of absolute differences in thousands of pixels, as matting benchmarks give it."""
    return float(np.abs(pred - true).sum()) / 1000


def matte_mae(pred: np.ndarray, true: np.ndarray) -> float:
    return float(np.abs(pred - true).mean())


def matte_gradient(pred: np.ndarray, true: np.ndarray) -> float:
    """Sum of squared differences of gradient magnitudes in thousands, as matting benchmarks give it.

    Source: Rhemann et al. 2009, section 4, with their Gaussian derivatives of σ 1.4.
    """

    def magnitude(matte: np.ndarray) -> np.ndarray:
        smooth = cv2.GaussianBlur(matte[:, :, 0].astype(np.float32), (0, 0), 1.4)
        down, across = np.gradient(smooth)
        return np.hypot(down, across)

    return float(((magnitude(pred) - magnitude(true)) ** 2).sum()) / 1000


def normal_angles_deg(pred: np.ndarray, true: np.ndarray, matte: np.ndarray) -> np.ndarray:
    """Angles between unit normals where more than half is covered, (P,); none covered gives one NaN."""
    covered = matte[:, :, 0] > 0.5
    angles = np.degrees(np.arccos(np.clip((pred * true).sum(axis=2)[covered], -1, 1)))
    return angles if len(angles) else np.full(1, np.nan)


def normal_error_deg(pred: np.ndarray, true: np.ndarray, matte: np.ndarray) -> float:
    """Mean angle between unit normals, weighted by the matte."""
    angle = np.degrees(np.arccos(np.clip((pred * true).sum(axis=2, keepdims=True), -1, 1)))
    return float((angle * matte).sum() / max(float(matte.sum()), 1e-6))


def scale_invariant_rmse(pred: np.ndarray, true: np.ndarray, matte: np.ndarray) -> float:
    """RMSE after the one factor that makes it least: an albedo's brightness is anybody's guess."""
    factor = float((matte * pred * true).sum() / max(float((matte * pred * pred).sum()), 1e-12))
    error = (factor * pred - true) ** 2
    return float(np.sqrt((error * matte).sum() / max(float(matte.sum()) * pred.shape[2], 1e-6)))


def scale_invariant_psnr(pred: np.ndarray, true: np.ndarray, matte: np.ndarray) -> float:
    """PSNR in dB of reflectance, scene-linear in [0, 1], after the factor that makes the error least."""
    return float(-20 * np.log10(max(scale_invariant_rmse(pred, true, matte), 1e-5)))


def light_angle_deg(pred: np.ndarray, true: np.ndarray) -> float:
    """Angle between the directions that most light of two light maps (h, 2h, 3) comes from; 90 for even light."""
    first, second = (
        (luminance(light) * solid_angles(len(light)))[:, :, None] * directions(len(light)) for light in (pred, true)
    )
    first, second = first.sum(axis=(0, 1)), second.sum(axis=(0, 1))
    cosine = first @ second / max(float(np.linalg.norm(first) * np.linalg.norm(second)), 1e-12)
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def intersection_over_union(pred: np.ndarray, true: np.ndarray) -> float:
    """Of two masks (H, W); NaN where both are empty."""
    either = int((pred | true).sum())
    return int((pred & true).sum()) / either if either else float("nan")


def exposure_match(pred: np.ndarray, true: np.ndarray, matte: np.ndarray) -> np.ndarray:
    """Scale ``pred`` to the mean luminance of ``true`` over the matte."""
    means = [float((luminance(x)[:, :, None] * matte).sum()) for x in (pred, true)]
    return pred * (means[1] / max(means[0], 1e-9))


def shown(linear: np.ndarray, true: np.ndarray, matte: np.ndarray) -> np.ndarray:
    """As a viewer sees it: exposed for ``true``'s mean at middle grey, clipped, sRGB-encoded in [0, 1]."""
    mean = float((luminance(true)[:, :, None] * matte).sum() / max(float(matte.sum()), 1e-6))
    return linear_to_srgb(np.clip(linear * (GREY / max(mean, 1e-9)), 0, 1))


def mae(pred: np.ndarray, true: np.ndarray, matte: np.ndarray) -> float:
    """Mean absolute error over the matte."""
    return float((np.abs(pred - true) * matte).sum() / max(float(matte.sum()) * pred.shape[2], 1e-6))


def mse(pred: np.ndarray, true: np.ndarray, matte: np.ndarray) -> float:
    """Mean squared error over the matte."""
    return float((((pred - true) ** 2) * matte).sum() / max(float(matte.sum()) * pred.shape[2], 1e-6))


def psnr(pred: np.ndarray, true: np.ndarray, matte: np.ndarray) -> float:
    """Peak signal-to-noise ratio in dB of encoded pictures in [0, 1], weighted by the matte."""
    return float(-10 * np.log10(max(mse(pred, true, matte), 1e-10)))


def ssim(pred: np.ndarray, true: np.ndarray, matte: np.ndarray) -> float:
    """Structural similarity of encoded pictures in [0, 1], averaged over channels and the matte.

    Source: Wang et al. 2004, equation 13, with their 11×11 Gaussian of σ 1.5.
    """

    def mean(x: np.ndarray) -> np.ndarray:
        return cv2.GaussianBlur(x, (11, 11), 1.5, borderType=cv2.BORDER_REFLECT)

    x, y = pred.astype(np.float64), true.astype(np.float64)
    mx, my = mean(x), mean(y)
    vx, vy, vxy = mean(x * x) - mx * mx, mean(y * y) - my * my, mean(x * y) - mx * my
    c1, c2 = 0.01**2, 0.03**2
    value = (2 * mx * my + c1) * (2 * vxy + c2) / ((mx * mx + my * my + c1) * (vx + vy + c2))
    return float((value * matte).sum() / max(float(matte.sum()) * value.shape[2], 1e-6))


def log_rmse(pred: np.ndarray, true: np.ndarray, matte: np.ndarray) -> float:
    """RMSE of the natural logarithms of radiance, from a hundredth of the true mean upwards; brightness counts."""
    floor = 0.01 * float((true * matte).sum() / max(float(matte.sum()) * true.shape[2], 1e-6)) + 1e-9
    error = (np.log(np.maximum(pred, 0) + floor) - np.log(np.maximum(true, 0) + floor)) ** 2
    return float(np.sqrt((error * matte).sum() / max(float(matte.sum()) * true.shape[2], 1e-6)))


def lpips(session, pred: np.ndarray, true: np.ndarray) -> float:
    """Distance that an ONNX network (two pictures in [−1, 1] -> a number) finds between pictures in [0, 1]."""
    feed = (x.transpose(2, 0, 1)[None].astype(np.float32) * 2 - 1 for x in (pred, true))
    names = [value.name for value in session.get_inputs()]
    return float(np.mean(session.run(None, dict(zip(names, feed, strict=True)))[0]))


def likeness(session, pred: np.ndarray, true: np.ndarray, face: np.ndarray) -> float:
    """Cosine between an ONNX network's embeddings of the face in two pictures; NaN where there is none.

    Args:
        face: (H, W, 1) coverage; its box is cut out and resized to the network's side.
    """
    rows, columns = np.nonzero(face[:, :, 0] > 0.5)
    if not len(rows):
        return float("nan")
    value = session.get_inputs()[0]
    side = value.shape[2] if isinstance(value.shape[2], int) else 112
    box = slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1)
    found = []
    for picture in (pred, true):
        crop = cv2.resize(picture[box].astype(np.float32), (side, side), interpolation=cv2.INTER_AREA)
        embedding = session.run(None, {value.name: crop.transpose(2, 0, 1)[None] * 2 - 1})[0].ravel()
        found.append(embedding / max(float(np.linalg.norm(embedding)), 1e-12))
    return float(found[0] @ found[1])
