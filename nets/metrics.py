"""Scores of predictions against truth. Pictures (H, W, C), mattes (H, W, 1), numpy; pure functions."""

import cv2
import numpy as np

from ..scenes.colour import linear_to_srgb, luminance

GREY = 0.18


def matte_sad(pred: np.ndarray, true: np.ndarray) -> float:
    """Sum of absolute differences in thousands of pixels, as matting benchmarks give it."""
    return float(np.abs(pred - true).sum()) / 1000


def matte_mae(pred: np.ndarray, true: np.ndarray) -> float:
    return float(np.abs(pred - true).mean())


def normal_error_deg(pred: np.ndarray, true: np.ndarray, matte: np.ndarray) -> float:
    """Mean angle between unit normals, weighted by the matte."""
    angle = np.degrees(np.arccos(np.clip((pred * true).sum(axis=2, keepdims=True), -1, 1)))
    return float((angle * matte).sum() / max(float(matte.sum()), 1e-6))


def scale_invariant_rmse(pred: np.ndarray, true: np.ndarray, matte: np.ndarray) -> float:
    """RMSE after the one factor that makes it least: an albedo's brightness is anybody's guess."""
    factor = float((matte * pred * true).sum() / max(float((matte * pred * pred).sum()), 1e-12))
    error = (factor * pred - true) ** 2
    return float(np.sqrt((error * matte).sum() / max(float(matte.sum()) * pred.shape[2], 1e-6)))


def exposure_match(pred: np.ndarray, true: np.ndarray, matte: np.ndarray) -> np.ndarray:
    """Scale ``pred`` to the mean luminance of ``true`` over the matte."""
    means = [float((luminance(x)[:, :, None] * matte).sum()) for x in (pred, true)]
    return pred * (means[1] / max(means[0], 1e-9))


def shown(linear: np.ndarray, true: np.ndarray, matte: np.ndarray) -> np.ndarray:
    """As a viewer sees it: exposed for ``true``'s mean at middle grey, clipped, sRGB-encoded in [0, 1]."""
    mean = float((luminance(true)[:, :, None] * matte).sum() / max(float(matte.sum()), 1e-6))
    return linear_to_srgb(np.clip(linear * (GREY / max(mean, 1e-9)), 0, 1))


def psnr(pred: np.ndarray, true: np.ndarray, matte: np.ndarray) -> float:
    """Peak signal-to-noise ratio in dB of encoded pictures in [0, 1], weighted by the matte."""
    mse = float((((pred - true) ** 2) * matte).sum() / max(float(matte.sum()) * pred.shape[2], 1e-6))
    return float(-10 * np.log10(max(mse, 1e-10)))


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
