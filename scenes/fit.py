"""Where on a head things are worn: measured on the finished bust, so that every source is fitted alike.

Bust's frame, metres.
"""

from dataclasses import dataclass

import numpy as np

from .bust import Bust
from .hull import Hull


@dataclass(frozen=True)
class Fit:
    """Measures of a head for what is worn on it; of the left side, the right one is taken to mirror it.

    Attributes:
        landmarks: (68, 3).
        face: (V, 3) vertices of the skin above the chin.
        body: (V, 3) all vertices that are solid: skin and clothes.
        hull: of the bald head and the shoulders.
        outer: the same with hair.
        pupil: x and z of an open eye's middle.
        cornea: y of the foremost point between the lids.
        ear: x, y, z where a temple of glasses rests: between the ear's root and the head.
        lobe: lowest point of the ear.
        concha: middle of the ear.
        temple_m: half the head's breadth at the eyes.
    """

    landmarks: np.ndarray
    face: np.ndarray
    body: np.ndarray
    hull: Hull
    outer: Hull
    pupil: tuple[float, float]
    cornea: float
    ear: np.ndarray
    lobe: np.ndarray
    concha: np.ndarray
    temple_m: float

    def nose_at(self, z: float) -> float:
        """y of the ridge of the nose at a height."""
        ridge = self.landmarks[27:31][::-1]
        return float(np.interp(z, ridge[:, 2], ridge[:, 1]))

    def side_at(self, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        """How far the head reaches to the side at points (N,) before the ear, (N,)."""
        sideways = np.abs(self.face[:, 0])
        # The head broadens towards the ears, which are further out than any head.
        widest = self.temple_m + np.linspace(0.004, 0.006, len(y))
        reach = []
        for depth, height, limit in zip(y, z, widest, strict=True):
            near = (np.abs(self.face[:, 1] - depth) < 0.006) & (np.abs(self.face[:, 2] - height) < 0.005)
            near &= sideways < limit
            reach.append(sideways[near].max() if near.any() else 0.0)
        return np.array(reach)


def fit_of(bust: Bust, hull: Hull, outer: Hull) -> Fit:
    """Measure a bust whose first part is its skin."""
    skin, marks = bust.parts[0].vertices, bust.landmarks
    body = np.concatenate([part.vertices for part in bust.parts if part.name not in ("hair", "eye_left", "eye_right")])
    face = skin[skin[:, 2] > marks[8, 2] - 0.01]
    eye = (marks[42:48].mean(0) + marks[36:42].mean(0) * (-1, 1, 1)) / 2
    lids = (np.abs(np.abs(face[:, 0]) - eye[0]) < 0.012) & (np.abs(face[:, 2] - eye[2]) < 0.006)
    level = np.abs(face[:, 2] - eye[2] - 0.012) < 0.012
    # Before the ears, at the height of brows and eyes, the head is about as broad as at its temples.
    cheek = (face[:, 1] > 0.015) & (face[:, 1] < marks[[0, 16], 1].mean() - 0.008)
    temple = float(np.percentile(np.abs(face[level & cheek, 0]), 97))
    # The ear: what stands out from the head behind its landmark.
    sideways = np.abs(face[:, 0])
    root = marks[[0, 16], 1].mean()
    beside = (face[:, 1] > root - 0.01) & (face[:, 1] < root + 0.055) & (np.abs(face[:, 2] - eye[2] + 0.015) < 0.05)
    out = beside & (sideways > np.percentile(sideways[beside], 75))
    shell = np.abs(face[out]) * (1, 0, 0) + face[out] * (0, 1, 1)
    middle = float(np.median(shell[:, 1]))
    top = float(shell[np.abs(shell[:, 1] - middle) < 0.008, 2].max())
    lobe = shell[np.argmin(shell[:, 2])]
    return Fit(
        landmarks=marks,
        face=face,
        body=body,
        hull=hull,
        outer=outer,
        pupil=(float(eye[0]), float(eye[2])),
        cornea=float(face[lids, 1].min()),
        ear=np.array([temple + 0.006, middle + 0.003, min(top + 0.002, eye[2] + 0.018)]),
        lobe=lobe,
        concha=np.array([np.percentile(shell[:, 0], 60), middle, np.median(shell[:, 2])]),
        temple_m=temple,
    )
