"""Movies and image sequences: every frame that can be relit is, once; the others are named and passed over."""

import importlib.util
from pathlib import Path

import cv2
import numpy as np
import pytest

bpy = pytest.importorskip("bpy", reason="the headless tier needs the bpy wheel: make env")

ROOT = Path(__file__).resolve().parents[2]
spec = importlib.util.spec_from_file_location("stand_ins", ROOT / "tests/unit/stand_ins.py")
stand_ins = importlib.util.module_from_spec(spec)
spec.loader.exec_module(stand_ins)


def faces(count):
    """Frames (H, W, 3) uint8, BGR, of a face that walks to the right."""
    for k in range(count):
        picture = stand_ins.draw_portrait(128, 160, 80, (64, 60 + 10 * k))
        yield np.round(picture[:, :, ::-1] * 255).astype(np.uint8)


@pytest.fixture
def settings(stage, tmp_path):
    (tmp_path / "in").mkdir()
    for number, picture in enumerate(faces(4), start=3):
        cv2.imwrite(str(tmp_path / "in" / f"walk_{number:04d}.png"), picture)
    settings = stage.relight_stage_movie
    settings.source, settings.folder = str(tmp_path / "in" / "walk_0004.png"), str(tmp_path / "out")
    return settings


def relight():
    return bpy.ops.relight_stage.relight_movie("EXEC_DEFAULT")


def results(tmp_path):
    return sorted(path.name for path in (tmp_path / "out").iterdir())


def centre(path):
    """Where the person is, in pixels from the left."""
    matte = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)[:, :, 3].astype(float)
    return (matte.sum(axis=0) * np.arange(matte.shape[1])).sum() / matte.sum()


def test_every_frame_of_a_sequence_is_relit_into_a_file_of_its_number(stage, settings, tmp_path):
    assert relight() == {"FINISHED"}
    assert results(tmp_path) == [f"walk_relit_{number:04d}.png" for number in (3, 4, 5, 6)]
    centres = [centre(tmp_path / "out" / name) for name in results(tmp_path)]
    # The face walks by 10 pixels a frame.
    np.testing.assert_allclose(np.diff(centres), 10, atol=1)
    assert settings.result.source == "SEQUENCE" and settings.result.filepath.endswith("walk_relit_0003.png")


def test_the_frames_of_a_movie_are_relit(stage, settings, tmp_path):
    # Lossless, so that the frames are the drawn ones.
    movie = cv2.VideoWriter(str(tmp_path / "walk.mkv"), cv2.VideoWriter_fourcc(*"FFV1"), 10, (160, 128))
    for picture in faces(4):
        movie.write(picture)
    movie.release()
    settings.source = str(tmp_path / "walk.mkv")
    count = len(bpy.data.images)
    assert relight() == {"FINISHED"}
    assert results(tmp_path) == [f"walk_relit_{number:04d}.png" for number in (1, 2, 3, 4)]
    np.testing.assert_allclose(np.diff([centre(tmp_path / "out" / name) for name in results(tmp_path)]), 10, atol=1)
    assert len(bpy.data.images) == count + 1, "only the result stays in the file"


def test_frames_that_are_there_are_kept_and_missing_ones_made_up(stage, settings, tmp_path):
    relight()
    out = tmp_path / "out"
    (out / "walk_relit_0005.png").unlink()
    (out / "walk_relit_0003.png").write_bytes(b"kept as it is")
    relight()
    assert (out / "walk_relit_0003.png").read_bytes() == b"kept as it is"
    assert (out / "walk_relit_0005.png").is_file()
    settings.is_fresh = True
    relight()
    assert (out / "walk_relit_0003.png").read_bytes() != b"kept as it is"


def test_broken_frames_and_frames_with_nobody_are_named_and_passed_over(stage, settings, tmp_path):
    (tmp_path / "in" / "walk_0004.png").write_bytes(b"no picture")
    cv2.imwrite(str(tmp_path / "in" / "walk_0005.png"), np.full((128, 160, 3), 90, np.uint8))
    assert relight() == {"FINISHED"}
    assert results(tmp_path) == ["walk_relit_0003.png", "walk_relit_0006.png"]
    assert settings.skipped.startswith("Skipped 4–5: walk_0004.png is damaged")


def test_animated_light_is_taken_at_each_frame_and_the_scene_stays_at_its_own(stage, settings, tmp_path):
    strength = next(node for node in stage.world.node_tree.nodes if node.type == "BACKGROUND").inputs["Strength"]
    stage.frame_start = 11
    for frame, value in ((11, 0.2), (14, 0.8)):
        strength.default_value = value
        strength.keyframe_insert("default_value", frame=frame)
    stage.frame_set(7)
    settings.form = ".exr"
    relight()
    brightness = []
    for name in results(tmp_path):
        image = bpy.data.images.load(str(tmp_path / "out" / name))
        values = np.array(image.pixels, np.float32).reshape(-1, 4)
        brightness.append(float(values[:, :3].sum() / values[:, 3].sum()))
    assert brightness[3] == pytest.approx(4 * brightness[0], rel=0.02)
    assert brightness == sorted(brightness)
    assert stage.frame_current == 7


def test_a_folder_that_cannot_be_written_ends_the_run(stage, settings, tmp_path):
    (tmp_path / "out").write_text("no folder")
    with pytest.raises(RuntimeError, match=r"walk_relit_0003\.png can't be written"):
        relight()


@pytest.mark.parametrize(("source", "text"), [("", "No movie is chosen"), ("/nowhere/a_1.png", "does not exist")])
def test_a_movie_that_is_not_there_is_refused(stage, settings, source, text):
    settings.source = source
    with pytest.raises(RuntimeError, match=text):
        relight()
