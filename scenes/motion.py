"""How a person, their camera and their light move: all of it as functions of time.

Everything is drawn once and then a function of the time in seconds, so that any moment, also one before the first or
after the last frame, can be asked for. Angles are degrees, positive to the subject's left, up, and (roll) towards the
subject's left shoulder.
"""

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from .cameras import Camera

FPS = 24.0
# What an expression changes into and back; ``posing`` knows what each source does for it.
MOODS = ("smile", "speech", "surprise")
# Farthest that an eye turns from the bust's own gaze.
GAZE_MAX_DEG = 16.0


@dataclass(frozen=True)
class Waves:
    """A smooth curve around zero: a sum of sines, never beyond the sum of their amplitudes.

    Attributes:
        amplitudes: of each sine. frequencies_hz: in rising order. phases: radians.
    """

    amplitudes: tuple[float, ...]
    frequencies_hz: tuple[float, ...]
    phases: tuple[float, ...]

    def at(self, t_s: float) -> float:
        angles = 2 * np.pi * np.array(self.frequencies_hz) * t_s + np.array(self.phases)
        return float(np.sin(angles) @ np.array(self.amplitudes))


@dataclass(frozen=True)
class Blink:
    """One closing and opening of both eyes.

    Attributes:
        start_s: when the lids begin to close.
        close_s, hold_s, open_s: how long they take to close, stay closed, and take to open.
    """

    start_s: float
    close_s: float
    hold_s: float
    open_s: float

    @property
    def end_s(self) -> float:
        return self.start_s + self.close_s + self.hold_s + self.open_s

    def at(self, t_s: float) -> float:
        """How far the lids are closed, 0 to 1."""
        closing = (t_s - self.start_s) / self.close_s
        opening = (self.end_s - t_s) / self.open_s
        return _ease(min(closing, opening))


@dataclass(frozen=True)
class Fixation:
    """What the eyes look at from ``start_s`` on: (left, up) degrees from where the bust looks."""

    start_s: float
    gaze_deg: tuple[float, float]


@dataclass(frozen=True)
class Pose:
    """A moment of a person.

    Attributes:
        turn_deg: yaw, pitch and roll of the head against the shoulders.
        gaze_deg: (left, up) turn of both eyes in the head, from the bust's own gaze.
        closed: how far the lids are closed, 0 as in the bust to 1.
        changed: how far the face has come from the bust's expression to the motion's mood, 0 to 1.
    """

    turn_deg: tuple[float, float, float] = (0.0, 0.0, 0.0)
    gaze_deg: tuple[float, float] = (0.0, 0.0)
    closed: float = 0.0
    changed: float = 0.0


@dataclass(frozen=True)
class Motion:
    """All drawn parameters of how somebody moves before a camera.

    Attributes:
        turn: yaw, pitch and roll of the head, degrees.
        held: share of the head's turn that the eyes undo to keep looking where they look, 0 to 1.
        mood: one of ``MOODS``.
        change: around zero within ±1; the face is halfway to the mood at 0.
        sway: of the camera: yaw, pitch and roll in degrees, frame as a share, and offsets in metres (right, up).
        light: degrees by which the environment turns about the subject, counter-clockwise from above.
    """

    turn: tuple[Waves, Waves, Waves]
    held: float
    blinks: tuple[Blink, ...]
    fixations: tuple[Fixation, ...]
    mood: str
    change: Waves
    sway: tuple[Waves, Waves, Waves, Waves, Waves, Waves]
    light: Waves

    def pose(self, t_s: float) -> Pose:
        """The person at a time."""
        yaw, pitch, roll = (waves.at(t_s) for waves in self.turn)
        left, up = self._fixed(t_s)
        gaze = np.clip((left - self.held * yaw, up - self.held * pitch), -GAZE_MAX_DEG, GAZE_MAX_DEG)
        return Pose(
            turn_deg=(yaw, pitch, roll),
            gaze_deg=(float(gaze[0]), float(gaze[1])),
            closed=max((blink.at(t_s) for blink in self.blinks), default=0.0),
            changed=0.5 + 0.5 * self.change.at(t_s),
        )

    def camera(self, camera: Camera, t_s: float) -> Camera:
        """The camera at a time; ``camera`` is what it sways around."""
        yaw, pitch, roll, frame, right, up = (waves.at(t_s) for waves in self.sway)
        return replace(
            camera,
            yaw_deg=camera.yaw_deg + yaw,
            pitch_deg=camera.pitch_deg + pitch,
            roll_deg=camera.roll_deg + roll,
            frame_m=camera.frame_m * (1 + frame),
            offset_m=(camera.offset_m[0] + right, camera.offset_m[1] + up),
        )

    def _fixed(self, t_s: float) -> tuple[float, float]:
        """(left, up) degrees from where the bust looks, were the head still."""
        left, up = self.fixations[0].gaze_deg
        for fixation in self.fixations[1:]:
            away = np.subtract(fixation.gaze_deg, (left, up))
            # Duration of a saccade by its size. Source: Carpenter, "Movements of the Eyes", 2nd ed., 1988.
            done = _ease((t_s - fixation.start_s) / (0.021 + 0.0022 * float(np.hypot(*away))))
            left, up = left + done * away[0], up + done * away[1]
        return float(left), float(up)


@dataclass(frozen=True)
class Moment:
    """One frame, from 0, of ``frames`` of a motion."""

    motion: Motion
    frame: int
    frames: int

    @property
    def time_s(self) -> float:
        return self.frame / FPS

    def table(self) -> dict[str, Any]:
        """What sample.json says about it: the frame, its pose, and all drawn parameters of the motion."""
        pose = asdict(self.motion.pose(self.time_s))
        return {"frame": self.frame, "frames": self.frames, "fps": FPS, "pose": pose, "motion": asdict(self.motion)}


def motion_rand(rng: np.random.Generator, duration_s: float) -> Motion:
    """Draw a motion; a longer one of the same seed begins like a shorter one."""
    head_rng, blink_rng, gaze_rng, face_rng, camera_rng, light_rng = rng.spawn(6)
    # Some sit almost still, some look around.
    lively = float(head_rng.uniform(0.2, 1.0))
    # Source of the largest turns: about a third of what necks allow (Youdas et al. 1992, Physical Therapy 72(11)).
    turn = [_waves_rand(head_rng, lively * limit, 0.2, 1.2) for limit in (24.0, 13.0, 9.0)]
    mood = str(face_rng.choice(MOODS))
    # Syllables come at some five a second; a smile takes its time.
    change = _waves_rand(face_rng, 1.0, 1.5, 5.0) if mood == "speech" else _waves_rand(face_rng, 1.0, 0.1, 0.6)
    held_in_hand = camera_rng.random() < 0.6
    shake = float(camera_rng.uniform(0.3, 1.0)) if held_in_hand else 0.0
    drift = float(camera_rng.uniform(0.0, 1.0))
    sway = [
        _together(_waves_rand(camera_rng, drift * slow, 0.05, 0.25), _waves_rand(camera_rng, shake * fast, 0.6, 3.0))
        for slow, fast in ((9.0, 0.25), (4.0, 0.25), (1.5, 0.3), (0.06, 0.003), (0.012, 0.002), (0.012, 0.002))
    ]
    return Motion(
        turn=(turn[0], turn[1], turn[2]),
        held=float(gaze_rng.uniform(0.3, 1.0)),
        blinks=_blinks_rand(blink_rng, duration_s),
        fixations=_fixations_rand(gaze_rng, duration_s),
        mood=mood,
        change=change,
        sway=(sway[0], sway[1], sway[2], sway[3], sway[4], sway[5]),
        # Half of the time the light stands.
        light=_waves_rand(light_rng, max(0.0, float(light_rng.uniform(-40.0, 40.0))), 0.05, 0.4),
    )


def _waves_rand(rng: np.random.Generator, amplitude: float, lowest_hz: float, highest_hz: float) -> Waves:
    """Four sines whose amplitudes sum to ``amplitude``, the slow ones larger."""
    frequencies = np.sort(np.exp(rng.uniform(np.log(lowest_hz), np.log(highest_hz), 4)))
    shares = rng.uniform(0.3, 1.0, 4) / frequencies
    return Waves(
        amplitudes=tuple((amplitude * shares / shares.sum()).tolist()),
        frequencies_hz=tuple(frequencies.tolist()),
        phases=tuple(rng.uniform(0, 2 * np.pi, 4).tolist()),
    )


def _together(slow: Waves, fast: Waves) -> Waves:
    return Waves(
        slow.amplitudes + fast.amplitudes,
        slow.frequencies_hz + fast.frequencies_hz,
        slow.phases + fast.phases,
    )


def _blinks_rand(rng: np.random.Generator, duration_s: float) -> tuple[Blink, ...]:
    """Blinks at a person's own rate, apart by a rest and an exponential wait.

    Source of the rates: Doughty 2001, Optometry and Vision Science 78(10): 8 to 21 a minute in silence, 10.5 to 32.5 in
    conversation.
    """
    rate_hz = rng.uniform(10.5, 32.5) / 60
    blinks: list[Blink] = []
    # The first may have begun before the first frame.
    start = float(rng.exponential(1 / rate_hz)) - 0.2
    while start < duration_s:
        close, hold, reopen = (float(rng.uniform(*span)) for span in ((0.06, 0.11), (0.01, 0.05), (0.12, 0.22)))
        blinks.append(Blink(start, close, hold, reopen))
        start = blinks[-1].end_s + 0.3 + float(rng.exponential(max(1 / rate_hz - 0.6, 0.1)))
    return tuple(blinks)


def _fixations_rand(rng: np.random.Generator, duration_s: float) -> tuple[Fixation, ...]:
    """Places to look at, each for a quarter of a second to two seconds, most of them near the first."""
    fixations = [Fixation(0.0, (0.0, 0.0))]
    start = float(rng.uniform(0.0, 1.0))
    while start < duration_s:
        left, up = np.clip(rng.normal(0, (5.0, 2.5)), -12, 12).tolist()
        fixations.append(Fixation(start, (left, up)))
        start += 0.25 + float(rng.gamma(2.0, 0.35))
    return tuple(fixations)


def _ease(share: float) -> float:
    """From 0 to 1 without a jump in speed or acceleration."""
    s = min(max(share, 0.0), 1.0)
    return s * s * s * (s * (6 * s - 15) + 10)
