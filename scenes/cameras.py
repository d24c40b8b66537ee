"""The portrait camera: a position around the head, a lens, a framing."""

import math
from dataclasses import dataclass

import numpy as np

SENSOR_MM = 36.0  # square: the sample's sides are equal


@dataclass(frozen=True)
class Camera:
    """A camera that looks at a point near the face.

    Attributes:
        yaw_deg: position around the head, 0 in front of the face, positive towards the subject's left.
        pitch_deg: position above (positive) or below the eyes.
        roll_deg: turn about the viewing axis.
        frame_m: height of the picture at the subject.
        offset_m: what lies in the picture's middle, relative to the eyes, along the picture's x and the world's up.
    """

    focal_mm: float = 85.0
    yaw_deg: float = 0.0
    pitch_deg: float = 0.0
    roll_deg: float = 0.0
    frame_m: float = 0.5
    offset_m: tuple[float, float] = (0.0, -0.06)

    @property
    def distance_m(self) -> float:
        return self.frame_m * self.focal_mm / SENSOR_MM

    def matrix_world(self) -> np.ndarray:
        """(4, 4) float64, camera to world; the camera looks along its −z, +y is up."""
        yaw, pitch, roll = (math.radians(a) for a in (self.yaw_deg, self.pitch_deg, self.roll_deg))
        back = np.array([math.sin(yaw) * math.cos(pitch), -math.cos(yaw) * math.cos(pitch), math.sin(pitch)])
        right = np.array([math.cos(yaw), math.sin(yaw), 0.0])
        up = np.cross(back, right)
        target = right * self.offset_m[0] + np.array([0.0, 0.07, self.offset_m[1]])
        matrix = np.eye(4)
        matrix[:3, 0] = right * math.cos(roll) + up * math.sin(roll)
        matrix[:3, 1] = up * math.cos(roll) - right * math.sin(roll)
        matrix[:3, 2] = back
        matrix[:3, 3] = target + back * self.distance_m
        return matrix

    def intrinsics(self, size_px: int) -> np.ndarray:
        """(3, 3) float64, pixels: an OpenCV camera frame (x right, y down, z forward) to a square picture."""
        focal_px = self.focal_mm / SENSOR_MM * size_px
        return np.array([[focal_px, 0.0, size_px / 2], [0.0, focal_px, size_px / 2], [0.0, 0.0, 1.0]])

    def extrinsics(self) -> np.ndarray:
        """(4, 4) float64, world to the OpenCV camera frame."""
        return np.diag([1.0, -1.0, -1.0, 1.0]) @ np.linalg.inv(self.matrix_world())

    def project(self, points: np.ndarray, size_px: int) -> np.ndarray:
        """Pixel positions (N, 2) of world points (N, 3): x right, y down, from the picture's top left corner."""
        matrix = self.matrix_world()
        local = (points - matrix[:3, 3]) @ matrix[:3, :3]
        scale = self.focal_mm / SENSOR_MM * size_px / -local[:, 2]
        return np.stack([size_px / 2 + local[:, 0] * scale, size_px / 2 - local[:, 1] * scale], axis=-1)


def camera_rand(rng: np.random.Generator) -> Camera:
    """Draw a portrait camera: 35–105 mm, yaw within ±45°, from a tight face to head and shoulders."""
    frame_m = float(rng.uniform(0.34, 0.62))
    # Nobody takes a portrait from nearer than about 60 cm.
    focal_mm = float(rng.uniform(max(35.0, 0.6 * SENSOR_MM / frame_m), 105.0))
    return Camera(
        focal_mm=focal_mm,
        yaw_deg=float(np.clip(rng.normal(0, 20), -45, 45)),
        pitch_deg=float(np.clip(rng.normal(0, 7), -20, 20)),
        roll_deg=float(rng.normal(0, 4)),
        frame_m=frame_m,
        offset_m=(float(rng.normal(0, 0.015)), float(rng.uniform(-0.12, 0.0) * (frame_m - 0.25) / 0.35)),
    )
