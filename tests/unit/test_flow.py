"""Laws of flow and occlusion, on a ball and a wall that are traced by formula instead of rendered."""

import numpy as np
import pytest

from relight_stage.scenes.cameras import Camera
from relight_stage.synth.flow import TOLERANCE_M, Track, depth, flow, occlusion, with_flow

SIZE = 64
RADIUS_M = 0.08


def rays(camera):
    """Origin (3,) and directions (H, W, 3) through the pixels' centres, one metre deep."""
    y, x = np.mgrid[:SIZE, :SIZE] + 0.5
    inverse = np.linalg.inv(camera.intrinsics(SIZE))
    local = np.stack([x, y, np.ones_like(x)], axis=-1) @ inverse.T
    world = np.linalg.inv(camera.extrinsics())
    return world[:3, 3], local @ world[:3, :3].T


def ball(camera, centre):
    """Where the rays meet a ball: (H, W, 3), NaN where they miss it."""
    origin, directions = rays(camera)
    away = origin - centre
    a, b, c = (directions**2).sum(-1), directions @ away, away @ away - RADIUS_M**2
    with np.errstate(invalid="ignore"):
        return origin + ((-b - np.sqrt(b * b - a * c)) / a)[..., None] * directions


def wall(camera, y):
    """Where the rays meet a wall behind: (H, W, 3)."""
    origin, directions = rays(camera)
    return origin + ((y - origin[1]) / directions[..., 1])[..., None] * directions


def track_of(position, previous, following):
    seen = np.isfinite(position[..., 0])
    clean = [np.where(seen[..., None], np.broadcast_to(a, position.shape), 0) for a in (position, previous, following)]
    return Track(seen, *clean, np.full(seen.shape, TOLERANCE_M))


def ball_before_wall(camera, centre, before, after):
    """A ball that was at ``before`` and goes to ``after``, before a wall that stands."""
    front, back = ball(camera, centre), wall(camera, 0.3)
    on_ball = np.isfinite(front)
    ways = (np.where(on_ball, np.subtract(other, centre), 0.0) for other in (before, after))
    return track_of(np.where(on_ball, front, back), *ways), on_ball[..., 0]


def bilinear(image, place):
    """Values of an image (H, W, C) at pixel places (..., 2)."""
    x, y = np.clip(place - 0.5, 0, SIZE - 1.001).transpose(2, 0, 1)
    i, j = x.astype(int), y.astype(int)
    s, t = (x - i)[..., None], (y - j)[..., None]
    upper = image[j, i] * (1 - s) + image[j, i + 1] * s
    return upper * (1 - t) + (image[j + 1, i] * (1 - s) + image[j + 1, i + 1] * s) * t


CENTRES = np.stack(np.meshgrid(np.arange(SIZE) + 0.5, np.arange(SIZE) + 0.5), axis=-1)
CAMERA = Camera(frame_m=0.4, focal_mm=60, offset_m=(0.0, 0.0))


def test_what_stands_still_does_not_flow():
    track, _ = ball_before_wall(CAMERA, (0, 0, 0), (0, 0, 0), (0, 0, 0))
    assert np.abs(flow(track, track.following, CAMERA, CAMERA)).max() == 0
    inner = occlusion(track, track.following, CAMERA, track)[1:-1, 1:-1]
    assert inner.max() == 0


def test_flow_points_right_and_down():
    # The camera looks along +y: the subject's left, +x, is right in the picture, and +z is up.
    track, on_ball = ball_before_wall(CAMERA, (0, 0, 0), (0, 0, 0), (0.02, 0, -0.03))
    moved = flow(track, track.following, CAMERA, CAMERA)[on_ball]
    # Frame of 0.4 m at the depth of y = 0.07, ball in front of it: a little larger.
    expected = np.array([0.02, 0.03]) / 0.4 * SIZE
    assert (moved > expected).all() and (moved < 1.3 * expected).all()


def test_a_camera_that_moves_gives_the_flow_of_a_scene_at_rest():
    other = Camera(frame_m=0.42, focal_mm=60, yaw_deg=3, pitch_deg=-2, roll_deg=4, offset_m=(0.01, 0.0))
    track, _ = ball_before_wall(CAMERA, (0, 0, 0), (0, 0, 0), (0, 0, 0))
    expected = other.project(track.position.reshape(-1, 3), SIZE).reshape(SIZE, SIZE, 2) - CENTRES
    # The tracks are of the pixels' centres, to rounding.
    np.testing.assert_allclose(flow(track, track.following, CAMERA, other), expected, atol=1e-3)


def test_forward_and_backward_flow_lead_back():
    here, there, camera = np.zeros(3), np.array([0.015, -0.01, 0.02]), CAMERA
    other = Camera(frame_m=0.41, focal_mm=60, yaw_deg=2, offset_m=(0.0, 0.005))
    first, _ = ball_before_wall(camera, here, here, there)
    second, _ = ball_before_wall(other, there, here, there)
    forward = flow(first, first.following, camera, other)
    backward = flow(second, second.previous, other, camera)
    hidden = occlusion(first, first.following, other, second)[..., 0]
    place = CENTRES + forward
    hidden_there = bilinear(occlusion(second, second.previous, camera, first), place)[..., 0]
    seen = (hidden == 0) & (hidden_there == 0)
    assert seen.mean() > 0.9
    # Between the ball's outline and the wall a bilinear reading mixes two flows; elsewhere the flow is smooth.
    ball_there = np.isfinite(ball(other, there)[..., :1]).astype(float)
    mixed = np.abs(bilinear(ball_there, place)[..., 0] - 0.5) < 0.499
    assert mixed.mean() < 0.1
    assert np.abs(forward + bilinear(backward, place))[seen & ~mixed].max() < 0.2


def test_what_the_ball_will_cover_is_occluded():
    here, there = np.array([-0.03, 0, 0]), np.array([0.05, 0, 0])
    first, on_ball = ball_before_wall(CAMERA, here, here, there)
    second, covered = ball_before_wall(CAMERA, there, here, there)
    hidden = occlusion(first, first.following, CAMERA, second)[..., 0]
    wall_now = ~on_ball
    # The outline may be judged either way within a pixel.
    near = np.zeros_like(covered)
    for rows in (-1, 0, 1):
        for columns in (-1, 0, 1):
            near |= np.roll(covered, (rows, columns), (0, 1)) != covered
    # All of the wall that the other frame sees is at rest, so its own mask is the truth.
    judged = wall_now & ~near
    judged[[0, -1]] = judged[:, [0, -1]] = False
    assert (hidden[judged] == covered[judged]).all()
    assert hidden[judged].sum() > 50
    # Nothing hides the ball itself, which moves in front.
    assert hidden[on_ball].max() == 0


def test_beyond_the_border_is_occluded():
    # 0.3 m to the right leave a frame of 0.4 m.
    track, on_ball = ball_before_wall(CAMERA, (0, 0, 0), (0, 0, 0), (0.3, 0, 0))
    other, _ = ball_before_wall(CAMERA, (0.3, 0, 0), (0, 0, 0), (0.3, 0, 0))
    assert (occlusion(track, track.following, CAMERA, other)[on_ball] == 1).all()


def test_where_nothing_is_nothing_flows_and_all_is_occluded():
    track = track_of(ball(CAMERA, np.zeros(3)), np.zeros(3), np.array([0.01, 0, 0]))
    moved, hidden = flow(track, track.following, CAMERA, CAMERA), occlusion(track, track.following, CAMERA, track)
    assert 0 < track.seen.mean() < 1
    assert (moved[~track.seen] == 0).all() and (hidden[~track.seen] == 1).all()
    assert np.isfinite(moved).all()
    assert np.isinf(depth(track, CAMERA)[~track.seen]).all()


def test_the_ends_of_a_sequence_have_no_flow_outwards():
    track, _ = ball_before_wall(CAMERA, (0, 0, 0), (-0.01, 0, 0), (0.01, 0, 0))
    joined = list(with_flow((name, track, CAMERA) for name in "abc"))
    assert [name for name, _ in joined] == ["a", "b", "c"]
    for maps, direction in ((joined[0][1], "backward"), (joined[-1][1], "forward")):
        assert (maps[f"flow_{direction}"] == 0).all() and (maps[f"occlusion_{direction}"] == 1).all()
    assert all(len(maps) == 4 for _, maps in joined)
    assert joined[1][1]["flow_backward"].min() < 0 < joined[1][1]["flow_forward"].max()


def test_frames_are_joined_as_soon_as_the_next_one_is_there():
    track, _ = ball_before_wall(CAMERA, (0, 0, 0), (0, 0, 0), (0, 0, 0))
    rendered = []

    def frames():
        for name in range(5):
            rendered.append(name)
            yield name, track, CAMERA

    joined = with_flow(frames())
    next(joined)
    assert rendered == [0, 1]


@pytest.mark.parametrize("direction", ["following", "previous"])
def test_a_point_nearer_than_what_is_seen_there_is_not_hidden(direction):
    # A strand that passes between two pixels' centres is still in front.
    track, on_ball = ball_before_wall(CAMERA, (0, 0, 0), (0, 0, 0), (0, 0, 0))
    empty = track_of(wall(CAMERA, 0.3), np.zeros(3), np.zeros(3))
    hidden = occlusion(track, getattr(track, direction), CAMERA, empty)
    assert hidden[on_ball].max() == 0
