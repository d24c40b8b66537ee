"""Laws of sequences: what is tracked, moved and joined by real Cycles."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from relight_stage.scenes.build.subdivision import subdivided
from relight_stage.scenes.bust import LABELS, Bust, Material, Strands
from relight_stage.scenes.cameras import Camera
from relight_stage.scenes.hdris import studio_hdris
from relight_stage.scenes.motion import FPS, Motion, Waves
from relight_stage.scenes.packs import Packs
from relight_stage.scenes.posing import displaced
from relight_stage.scenes.scene import scenes_rand
from relight_stage.synth.flow import flow
from relight_stage.synth.sample import read_sample, write_sample
from relight_stage.synth.settings import Settings
from relight_stage.synth.shots import shoot
from relight_stage.synth.stage import Stage

from .conftest import sphere

SIZE, RADIUS_M = 64, 0.1
CAMERA = Camera(yaw_deg=20, pitch_deg=10, roll_deg=5, frame_m=0.4, offset_m=(0.0, 0.0))
MARKS = np.zeros((68, 3), np.float32)
CENTRES = np.stack(np.meshgrid(np.arange(SIZE) + 0.5, np.arange(SIZE) + 0.5), axis=-1)
TURN = np.array([[np.cos(0.05), -np.sin(0.05), 0], [np.sin(0.05), np.cos(0.05), 0], [0, 0, 1]])


def moved(bust, turn, shift=(0.0, 0.0, 0.0)):
    """All points turned about the origin and shifted."""
    parts = (replace(p, vertices=(p.vertices @ turn.T + shift).astype(np.float32)) for p in bust.parts)
    strands = (replace(s, points=(s.points @ turn.T + shift).astype(np.float32)) for s in bust.strands)
    return replace(bust, parts=tuple(parts), strands=tuple(strands))


def met(camera):
    """Where rays through the pixels' centres meet the ball by formula: (H, W, 3), NaN where they miss it."""
    pixels = np.concatenate([CENTRES, np.ones((SIZE, SIZE, 1))], axis=-1)
    world = np.linalg.inv(camera.extrinsics())
    directions = pixels @ np.linalg.inv(camera.intrinsics(SIZE)).T @ world[:3, :3].T
    origin = world[:3, 3]
    a, b, c = (directions**2).sum(-1), directions @ origin, origin @ origin - RADIUS_M**2
    with np.errstate(invalid="ignore"):
        return origin + ((-b - np.sqrt(b * b - a * c)) / a)[..., None] * directions


@pytest.fixture(scope="module")
def turning_ball():
    """A ball that turns, and its track."""
    still = Bust((sphere(RADIUS_M),), MARKS)
    bust = displaced(still, moved(still, TURN.T), moved(still, TURN, (0.004, 0.0, 0.002)))
    with Stage(bust, CAMERA, SIZE, seed=1, denoised=False) as stage:
        yield stage.surface, stage.track()


def test_a_track_is_of_the_pixels_centres(turning_ball):
    surface, track = turning_ball
    inside = surface.matte[:, :, 0] > 0.999
    assert track.seen[inside].all()
    # A single precision position of half a metre, seen from a metre away: a ten-thousandth of a pixel.
    places = CAMERA.project(track.position[inside].astype(np.float64), SIZE)
    assert np.abs(places - CENTRES[inside]).max() < 0.001


def test_a_turning_ball_flows_by_formula(turning_ball):
    surface, track = turning_ball
    inside = (surface.matte[:, :, 0] > 0.999) & np.isfinite(met(CAMERA)[..., 0])
    point = met(CAMERA)[inside]
    for way, after in ((track.following, point @ TURN.T + (0.004, 0, 0.002)), (track.previous, point @ TURN)):
        expected = CAMERA.project(after, SIZE) - CENTRES[inside]
        assert np.abs(expected).max() > 0.5
        # The ball's 96 × 192 facets lie up to 0.03 mm under the sphere, more where they are seen at a slant.
        assert np.abs(flow(track, way, CAMERA, CAMERA)[inside] - expected).max() < 0.1


def test_a_camera_that_moves_past_what_stands_gives_its_flow():
    still = Bust((sphere(RADIUS_M),), MARKS)
    other = replace(CAMERA, yaw_deg=24, roll_deg=2, frame_m=0.41, offset_m=(0.01, -0.005))
    with Stage(displaced(still, still, still), CAMERA, SIZE, seed=1, denoised=False) as stage:
        track = stage.track()
    inside = track.seen & np.isfinite(met(CAMERA)[..., 0])
    expected = other.project(met(CAMERA)[inside], SIZE) - CENTRES[inside]
    error = np.abs(flow(track, track.following, CAMERA, other)[inside] - expected)
    # At the outline, where a facet may lie a millimetre off along the ray, parallax shows it.
    assert np.percentile(error, 98) < 0.02 and error.max() < 0.3
    assert np.abs(expected).max() > 2


def test_strands_are_tracked_too():
    across = np.linspace(-0.08, 0.08, 40)
    points = np.stack([np.broadcast_to(across[:, None], (40, 6)), np.zeros((40, 6)),
                       np.broadcast_to(np.linspace(-0.08, 0.08, 6), (40, 6))], axis=-1).astype(np.float32)  # fmt: skip
    hair = Strands("hair", points, 0.003, LABELS.index("hair"), Material("hair"))
    still = Bust((), MARKS, (hair,))
    shift = np.array([0.01, 0.0, -0.02])
    with Stage(displaced(still, still, moved(still, np.eye(3), shift)), CAMERA, SIZE, seed=1) as stage:
        track = stage.track()
    assert track.seen.mean() > 0.1
    assert track.following[track.seen] == pytest.approx(np.broadcast_to(shift, (track.seen.sum(), 3)), abs=1e-6)


def test_what_is_seen_through_a_lens_is_tracked():
    ball = sphere(RADIUS_M, transmission=None)
    lens = sphere(0.11, transmission=(0.9, 0.9, 0.9))
    still = Bust((ball, lens), MARKS)
    after = replace(still, parts=(moved(Bust((ball,), MARKS), np.eye(3), (0.01, 0, 0)).parts[0], lens))
    with Stage(displaced(still, still, after), CAMERA, SIZE, seed=1, denoised=False) as stage:
        track = stage.track()
    assert track.seen.any()
    assert track.following[track.seen][:, 0] == pytest.approx(0.01, abs=1e-6)
    assert np.linalg.norm(track.position[track.seen], axis=-1) == pytest.approx(RADIUS_M, abs=2e-4)


def test_a_moved_bust_is_the_bust_built_there():
    still = Bust((sphere(RADIUS_M), sphere(0.03, (0.0, -0.12, 0.0), label=5)), MARKS)
    there, camera = moved(still, TURN, (0.01, 0.0, 0.02)), replace(CAMERA, yaw_deg=10)
    with Stage(still, CAMERA, SIZE, seed=1, denoised=False) as stage:
        stage.move(there, camera)
        after = stage.surface
    with Stage(there, camera, SIZE, seed=1, denoised=False) as stage:
        built = stage.surface
    for name in ("albedo", "normal", "depth", "position", "matte", "parsing"):
        np.testing.assert_allclose(getattr(after, name), getattr(built, name), atol=1e-5, err_msg=name)


def test_a_bust_subdivided_beforehand_looks_the_same():
    ball = sphere(RADIUS_M, rows=12)
    labels = np.where(np.arange(len(ball.faces)) % 5 == 0, LABELS.index("lips"), 0).astype(np.uint8)
    colours = (0.3 + 4 * np.abs(ball.vertices)).astype(np.float32)
    coarse = Bust((replace(ball, labels=labels, colours=colours, subdivide=1),), MARKS)
    fine = subdivided(coarse)
    assert fine.parts[0].subdivide == 0 and len(fine.parts[0].faces) > 3 * len(ball.faces)
    surfaces = []
    for bust in (coarse, fine):
        with Stage(bust, CAMERA, SIZE, seed=1, denoised=False) as stage:
            surfaces.append(stage.surface)
    for name in ("albedo", "normal", "depth", "uv", "matte", "parsing"):
        np.testing.assert_allclose(*(getattr(surface, name) for surface in surfaces), atol=1e-4, err_msg=name)


@pytest.fixture(scope="module")
def sequence(tmp_path_factory):
    """Three frames of a self-contained head that turns quickly before a camera that sways, written and read."""
    out = tmp_path_factory.mktemp("sequence")
    settings = Settings(seed=4, size=96, samples=2, frames=3)
    scenes = scenes_rand(4, 0, 3, Packs(), studio_hdris(), 3)
    assert scenes == scenes_rand(4, 0, 3, Packs(), studio_hdris(), 3)
    motion = scenes[0].moment.motion
    turn = tuple(Waves((size,), (1.0,), (0.0,)) for size in (9.0, 4.0, 3.0))
    quick = replace(motion, turn=turn)
    scenes = [replace(s, moment=replace(s.moment, motion=quick)) for s in scenes]
    for scene, shot in zip(scenes, shoot(scenes, Packs(), settings, bounces=0), strict=True):
        write_sample(out / f"{scene.index:06d}", *shot)
    return scenes, [read_sample(out / f"{k:06d}") for k in range(3)]


def bilinear(image, place):
    x, y = np.clip(place - 0.5, 0, image.shape[0] - 1.001).transpose(2, 0, 1)
    i, j = x.astype(int), y.astype(int)
    s, t = (x - i)[..., None], (y - j)[..., None]
    upper = image[j, i] * (1 - s) + image[j, i + 1] * s
    return upper * (1 - t) + (image[j + 1, i] * (1 - s) + image[j + 1, i + 1] * s) * t


def places(sample):
    """Pixels' centres, and where forward flow leads from them."""
    size = sample.meta["size"]
    centres = np.stack(np.meshgrid(np.arange(size) + 0.5, np.arange(size) + 0.5), axis=-1)
    return centres, centres + sample.maps["flow_forward"]


def test_a_sample_says_which_frame_it_is(sequence):
    _, samples = sequence
    for k, sample in enumerate(samples):
        told = sample.meta["sequence"]
        assert (told["frame"], told["frames"], told["fps"]) == (k, 3, FPS)
        assert sample.meta["group"] == {"subject": 0, "member": k}
        assert Motion.__dataclass_fields__.keys() == told["motion"].keys()
    assert len({sample.meta["identity"] for sample in samples}) == 1
    assert len({sample.meta["hdri"] for sample in samples}) == 1
    first, last = samples[0].maps, samples[2].maps
    assert (first["flow_backward"] == 0).all() and (first["occlusion_backward"] == 1).all()
    assert (last["flow_forward"] == 0).all() and (last["occlusion_forward"] == 1).all()


def test_a_turning_head_flows_as_its_landmarks_move(sequence):
    scenes, samples = sequence
    for (now, after), scene in zip(pairwise(samples), scenes[1:], strict=True):
        # The skull's motion from the landmarks alone, by the closest rotation (Kabsch).
        here, there = (np.array(s.meta["landmarks_3d"])[17:] for s in (now, after))
        u, _, v = np.linalg.svd((here - here.mean(0)).T @ (there - there.mean(0)))
        turn = (u @ np.diag([1, 1, np.sign(np.linalg.det(u @ v))]) @ v).T
        rigid = now.maps["position"] @ turn.T + there.mean(0) - here.mean(0) @ turn.T
        # The face above the mouth and away from outlines, where a pixel's mean position is off its centre.
        centres, _ = places(now)
        own = scenes[now.meta["index"]].camera.project(now.maps["position"].reshape(-1, 3), 96).reshape(96, 96, 2)
        skull = (now.maps["matte"][..., 0] > 0.999) & (np.abs(own - centres).max(-1) < 0.1)
        skull &= (now.maps["parsing"][..., LABELS.index("skin")] > 0.999) & (
            centres[..., 1] < now.meta["landmarks"][33][1]
        )
        assert skull.sum() > 100
        expected = scene.camera.project(rigid.reshape(-1, 3), 96).reshape(96, 96, 2) - own
        error = np.abs(now.maps["flow_forward"] - expected)[skull]
        assert np.linalg.norm(expected[skull], axis=-1).mean() > 0.5
        assert np.percentile(error, 99) < 0.1


def test_flow_there_and_back_returns(sequence):
    _, samples = sequence
    for now, after in pairwise(samples):
        _, place = places(now)
        seen = (now.maps["occlusion_forward"] == 0) & (bilinear(after.maps["occlusion_backward"], place) == 0)
        # A bilinear reading mixes what lies on both sides of an outline, which shows as a step in depth.
        depth = after.maps["depth"]
        low, high = (f(np.stack([np.roll(depth, (a, b), (0, 1)) for a in (-1, 0, 1) for b in (-1, 0, 1)]), 0)
                     for f in (np.min, np.max))  # fmt: skip
        smooth = bilinear((high - low > 0.02).astype(float), place) == 0
        error = np.linalg.norm(now.maps["flow_forward"] + bilinear(after.maps["flow_backward"], place), axis=-1)
        here = (seen & smooth)[..., 0]
        assert here.mean() > 0.15
        assert np.percentile(error[here], 99) < 0.2


def test_the_next_frame_pulled_back_by_the_flow_is_this_one(sequence):
    _, samples = sequence
    for now, after in pairwise(samples):
        _, place = places(now)
        whole = (now.maps["matte"] > 0.999) & (bilinear(after.maps["matte"], place) > 0.999)
        here = ((now.maps["occlusion_forward"] == 0) & whole)[..., 0]
        pulled, left = (
            ((image - now.maps["albedo"])[here] ** 2).mean()
            for image in (bilinear(after.maps["albedo"], place), after.maps["albedo"])
        )
        # Measured 40 dB; what is left is the blur of reading between pixels and the strands of the brows.
        assert -10 * np.log10(pulled) > 34
        assert pulled < 0.5 * left
        # And the point found there is the point that came from here: its normal turned as little as the head did.
        normal = bilinear(after.maps["normal"], place)
        cosine = (normal * now.maps["normal"]).sum(-1)[here]
        assert np.median(cosine) > 0.995
