"""Laws of drawn motion and of posing."""

import numpy as np
import pytest

from relight_stage.scenes.bust import LABELS
from relight_stage.scenes.cameras import Camera
from relight_stage.scenes.heads import head_rand
from relight_stage.scenes.motion import FPS, GAZE_MAX_DEG, MOODS, Blink, Pose, motion_rand
from relight_stage.scenes.packs import Packs, find_packs
from relight_stage.scenes.posing import Rig, displaced, pose_bust, rig_of
from relight_stage.scenes.scene import scenes_rand

TIMES = np.arange(-1, 121) / FPS


def motions(count=40, duration_s=5.0):
    return [motion_rand(np.random.default_rng(seed), duration_s) for seed in range(count)]


def test_the_same_seed_moves_the_same_way():
    first, second = (motion_rand(np.random.default_rng(7), 2.0) for _ in range(2))
    assert first == second
    assert first != motion_rand(np.random.default_rng(8), 2.0)


def test_a_longer_sequence_begins_like_a_shorter_one():
    short, long = (motion_rand(np.random.default_rng(3), duration) for duration in (1.0, 30.0))
    for t in np.linspace(0, 0.9, 20):
        assert short.pose(t) == long.pose(t)
        assert short.camera(Camera(), t) == long.camera(Camera(), t)


def test_a_blink_closes_and_opens():
    blink = Blink(start_s=1.0, close_s=0.08, hold_s=0.02, open_s=0.15)
    closed = np.array([blink.at(t) for t in np.linspace(0.9, 1.4, 501)])
    assert closed[0] == closed[-1] == 0
    assert closed.max() == 1
    peak = closed.argmax()
    assert (np.diff(closed[: peak + 1]) >= 0).all()
    falling = closed[np.flatnonzero(closed == 1)[-1] :]
    assert (np.diff(falling) <= 0).all()


def test_people_blink_as_often_as_people_do():
    # Doughty 2001: 10.5 to 32.5 a minute in conversation; the mean over many people lies well inside.
    rates = [len(motion.blinks) for motion in motions(60, 60.0)]
    assert 14 < np.mean(rates) < 28
    assert all(a.end_s < b.start_s for m in motions() for a, b in zip(m.blinks, m.blinks[1:], strict=False))


def test_heads_turn_smoothly_and_within_reach():
    turns = np.array([[motion.pose(t).turn_deg for t in TIMES] for motion in motions()])
    assert np.abs(turns).max() <= 24
    # Some look around, and nobody jerks: healthy necks reach some 180 °/s when asked to hurry.
    assert np.abs(turns).max() > 10
    assert np.abs(np.diff(turns, axis=1)).max() * FPS < 120


def test_eyes_jump_between_fixations_and_stay_within_reach():
    gazes = np.array([[motion.pose(t).gaze_deg for t in TIMES] for motion in motions()])
    assert np.abs(gazes).max() <= GAZE_MAX_DEG
    speeds = np.linalg.norm(np.diff(gazes, axis=1), axis=-1) * FPS
    assert np.median(speeds) < 20 < 40 < speeds.max()


def test_shares_stay_shares_and_all_moods_are_drawn():
    drawn = motions(60)
    poses = [motion.pose(t) for motion in drawn for t in TIMES]
    assert all(0 <= pose.closed <= 1 and 0 <= pose.changed <= 1 for pose in poses)
    assert {motion.mood for motion in drawn} == set(MOODS)


def test_the_camera_drifts_a_little_and_keeps_its_lens():
    for motion in motions():
        for t in TIMES:
            moved = motion.camera(Camera(focal_mm=70), t)
            assert moved.focal_mm == 70
            assert abs(moved.yaw_deg) < 10 and abs(moved.frame_m / 0.5 - 1) < 0.1


def test_the_light_stands_or_turns_about_the_subject():
    angles = np.array([[motion.light.at(t) for t in TIMES] for motion in motions()])
    moves = np.ptp(angles, axis=1) > 0
    assert 0.25 < moves.mean() < 0.75
    assert np.abs(angles).max() <= 40


def test_a_sequence_is_one_person_in_one_light():
    scenes = scenes_rand(11, 2, 5, Packs(), (), 5)
    assert [scene.index for scene in scenes] == [10, 11, 12, 13, 14]
    assert [scene.moment.frame for scene in scenes] == [0, 1, 2, 3, 4]
    assert len({scene.head for scene in scenes}) == len({scene.environment.name for scene in scenes}) == 1
    assert len({scene.camera for scene in scenes}) == 5
    for scene in scenes:
        turn = scene.moment.motion.light.at(scene.moment.time_s) - scene.moment.motion.light.at(0)
        for layer, first in zip(scene.environment.layers, scenes[0].environment.layers, strict=True):
            assert (layer.turn_deg - first.turn_deg - turn + 180) % 360 == pytest.approx(180)


def test_the_still_of_a_seed_is_not_changed_by_sequences():
    # Stills and sequences share how person, camera and light are drawn.
    still, first = scenes_rand(11, 2, 1, Packs(), ())[0], scenes_rand(11, 2, 5, Packs(), (), 5)[0]
    assert still.head == first.head
    assert still.moment is None and still.environment.name == first.environment.name


@pytest.fixture(scope="module")
def procedural() -> Rig:
    return rig_of(head_rand(np.random.default_rng(5), Packs()), Packs(), "smile")


def test_the_resting_pose_is_the_bust(procedural):
    bust = procedural.bust
    posed = pose_bust(procedural, Pose())
    for part, rest in zip(posed.parts, bust.parts, strict=True):
        np.testing.assert_allclose(part.vertices, rest.vertices, atol=1e-6)


def test_a_turn_is_rigid_above_the_neck_and_leaves_the_shoulders(procedural):
    bust = procedural.bust
    posed = pose_bust(procedural, Pose(turn_deg=(20.0, -10.0, 5.0)))
    skull = bust.landmarks[17:]
    before, after = (np.linalg.norm(marks[:, None] - marks[None], axis=-1) for marks in (skull, posed.landmarks[17:]))
    np.testing.assert_allclose(after, before, atol=1e-6)
    rest, now = bust.parts[0].vertices, posed.parts[0].vertices
    shoulders = rest[:, 2] < -0.25
    assert shoulders.any()
    np.testing.assert_allclose(now[shoulders], rest[shoulders], atol=1e-6)
    # Yaw turns the face to the subject's left, +X; negative pitch lowers the chin.
    nose = posed.landmarks[30] - bust.landmarks[30]
    assert nose[0] > 0.01 and nose[2] < -0.01


def test_no_edge_of_the_skin_is_torn_by_a_turn(procedural):
    bust = procedural.bust
    posed = pose_bust(procedural, Pose(turn_deg=(24.0, 13.0, 9.0)))
    skin = bust.parts[0]
    edges = np.concatenate([skin.faces[:, [0, 1]], skin.faces[:, [1, 2]]])
    before, after = (
        np.linalg.norm(v[edges[:, 0]] - v[edges[:, 1]], axis=1) for v in (skin.vertices, posed.parts[0].vertices)
    )
    # The neck stretches on one side and folds on the other; 24° over a neck of 8 cm and radius 6 cm stretch by a third.
    long = before > 0.0005
    assert (after[long] / before[long]).max() < 1.6


def test_eyes_turn_about_their_middle(procedural):
    bust = procedural.bust
    posed = pose_bust(procedural, Pose(gaze_deg=(15.0, 0.0)))
    for part, rest in zip(posed.parts, bust.parts, strict=True):
        if not part.name.startswith("eye_"):
            np.testing.assert_allclose(part.vertices, rest.vertices, atol=1e-6)
            continue
        # The eyeball stays in its socket, and its foremost point goes to the subject's left.
        middles = ((v.min(0) + v.max(0)) / 2 for v in (part.vertices, rest.vertices))
        assert np.linalg.norm(np.subtract(*middles)) < 0.001
        front = rest.vertices[:, 1].argmin()
        assert part.vertices[front, 0] - rest.vertices[front, 0] > 0.002


def test_displacements_lead_to_the_neighbouring_poses(procedural):
    before, now, after = (pose_bust(procedural, Pose(turn_deg=(yaw, 0.0, 0.0))) for yaw in (-2.0, 0.0, 3.0))
    moving = displaced(now, before, after)
    for kind in ("parts", "strands"):
        for piece, a, b in zip(*(getattr(x, kind) for x in (moving, before, after)), strict=True):
            points = "vertices" if kind == "parts" else "points"
            np.testing.assert_allclose(getattr(piece, points) + piece.motion[..., 0, :], getattr(a, points), atol=1e-6)
            np.testing.assert_allclose(getattr(piece, points) + piece.motion[..., 1, :], getattr(b, points), atol=1e-6)


@pytest.mark.parametrize("source", ["ict_facekit", "makehuman"])
def test_lids_of_the_packs_heads_close(source):
    packs = find_packs(None)
    if getattr(packs, source) is None:
        pytest.skip(f"needs the {source} pack")
    only = Packs(**{source: getattr(packs, source)})
    heads = (head_rand(np.random.default_rng(seed), only) for seed in range(50))
    head = next(h for h in heads if h.source == source)
    rig = rig_of(head, only, "smile")
    open_eyes, shut = (pose_bust(rig, Pose(closed=closed)).parts[0].vertices for closed in (0.0, 1.0))
    way = shut - open_eyes
    # Upper lids come down by about the height of an open eye, 8 to 11 mm, and all but the eyes' surroundings stays.
    for side in (-1, 1):
        lids = side * open_eyes[:, 0] > 0
        assert -0.016 < way[lids, 2].min() < -0.005
    eyes = np.abs(np.abs(open_eyes[:, 0]) - 0.032) + np.abs(open_eyes[:, 2])
    assert np.linalg.norm(way[eyes > 0.06], axis=1).max() < 0.001


def test_the_lids_of_a_self_contained_head_close_over_the_eyeballs(procedural):
    open_eyes, shut = (pose_bust(procedural, Pose(closed=closed)) for closed in (0.0, 1.0))
    gaps = [[bust.landmarks[[37, 38, 43, 44], 2] - bust.landmarks[[41, 40, 47, 46], 2]] for bust in (open_eyes, shut)]
    assert np.min(gaps[0]) > 0.004
    # The landmarks lie 0.7 mm off the rims on either side.
    assert np.max(gaps[1]) < 0.003
    # Closed, the skin's foremost point before each spot of the cornea is further out than the cornea.
    skin = shut.parts[0].vertices
    for part in (part for part in shut.parts if part.name.startswith("eye_")):
        front = part.vertices[part.vertices[:, 1] < part.vertices[:, 1].min() + 0.002][::5]
        apart = np.hypot(*(front[:, None, [0, 2]] - skin[:, [0, 2]]).transpose(2, 0, 1))
        # Vertices of the skin are up to 2 mm apart where the lid is stretched.
        lid = np.where(apart < 0.0025, skin[:, 1], np.inf).min(1)
        assert (lid < front[:, 1]).all()
    eyes = np.abs(np.abs(skin[:, 0]) - 0.032) + np.abs(skin[:, 2])
    way = np.linalg.norm(skin - open_eyes.parts[0].vertices, axis=1)
    assert way[eyes > 0.06].max() < 0.001
    lashes = [next(hair.points for hair in bust.strands if hair.name == "lashes") for bust in (open_eyes, shut)]
    assert (lashes[1] - lashes[0])[..., 2].min() < -0.004


@pytest.mark.parametrize("source", ["ict_facekit", "makehuman"])
def test_heads_of_the_packs_are_one_mesh_whatever_they_do_and_their_clothes_stay(source):
    packs = find_packs(None)
    if getattr(packs, source) is None:
        pytest.skip(f"needs the {source} pack")
    only = Packs(**{source: getattr(packs, source)})
    drawn = (head_rand(np.random.default_rng([seed, 6]), only) for seed in range(40))
    for head in [head for head in drawn if head.source == source][:4]:
        rig = rig_of(head, only, "speech")
        shut, clothed = pose_bust(rig, Pose(closed=1.0, changed=1.0)), 0
        for part, rest in zip(shut.parts, rig.bust.parts, strict=True):
            if (part.labels == LABELS.index("clothes")).all():
                clothed += 1
                np.testing.assert_allclose(part.vertices, rest.vertices, atol=1e-7)
        assert clothed


def test_a_beard_stays_on_the_skin_that_speaks():
    packs = find_packs(None)
    if packs.ict_facekit is None:
        pytest.skip("needs the ict_facekit pack")
    only = Packs(ict_facekit=packs.ict_facekit)
    heads = (head_rand(np.random.default_rng(seed), only) for seed in range(200))
    head = next(
        h
        for h in heads
        if h.source == "ict_facekit" and h.hair is not None and h.hair.beard > 0.3 and "full" in h.hair.beard_cut
    )
    rig = rig_of(head, only, "speech")
    bust, posed = rig.bust, pose_bust(rig, Pose(changed=1.0))
    chin = posed.landmarks[8] - bust.landmarks[8]
    assert chin[2] < -0.003
    beards = [next(hair.points for hair in b.strands if hair.name == "beard") for b in (bust, posed)]
    lowest = beards[0][:, 0, 2] < bust.landmarks[8, 2] + 0.01
    front = np.abs(beards[0][:, 0, 0]) < 0.01
    moved = (beards[1] - beards[0])[lowest & front, 0]
    # Under the chin the beard goes down as the chin does.
    assert np.median(moved[:, 2]) == pytest.approx(chin[2], abs=0.003)


def test_the_light_of_a_sequence_turns_or_is_carried_or_stands():
    kinds = set()
    for group in range(24):
        lights = [scene.environment for scene in scenes_rand(5, group, 12, Packs(), (), frames=12)]
        if len(set(lights)) == 1:
            kinds.add("stands")
        else:
            kinds.add("turns" if lights[0].layers[0] != lights[-1].layers[0] else "carried")
    assert kinds == {"stands", "turns", "carried"}
