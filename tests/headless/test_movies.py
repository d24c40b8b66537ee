"""Movies and image sequences: every frame that can be relit is, once; the others are named and passed over."""

import importlib.util
from pathlib import Path

import cv2
import numpy as np
import pytest

bpy = pytest.importorskip("bpy", reason="the headless tier needs the bpy wheel: make env")

pytestmark = pytest.mark.addon

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


def brightness(path):
    """Of the person in an EXR, in the mean."""
    values = np.array(bpy.data.images.load(str(path)).pixels, np.float32).reshape(-1, 4)
    return float(values[:, :3].sum() / values[:, 3].sum())


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


def test_a_frame_that_memory_does_not_suffice_to_write_is_passed_over(
    extension, stage, settings, tmp_path, monkeypatch
):
    movies = extension("addon.movies")
    write = movies.write_png

    def run_out(path, pixels):
        if "0004" in path.name:
            raise MemoryError
        write(path, pixels)

    monkeypatch.setattr(movies, "write_png", run_out)
    assert relight() == {"FINISHED"}
    assert results(tmp_path) == [f"walk_relit_{number:04d}.png" for number in (3, 5, 6)]
    assert settings.skipped.startswith("Skipped 4: Memory ran out with walk_0004.png at 160x128 px.")


def test_animated_light_is_taken_at_each_frame_and_the_scene_stays_at_its_own(stage, settings, tmp_path):
    strength = next(node for node in stage.world.node_tree.nodes if node.type == "BACKGROUND").inputs["Strength"]
    stage.frame_start = 11
    for frame, value in ((11, 0.2), (14, 0.8)):
        strength.default_value = value
        strength.keyframe_insert("default_value", frame=frame)
    stage.frame_set(7)
    settings.form = ".exr"
    relight()
    found = [brightness(tmp_path / "out" / name) for name in results(tmp_path)]
    assert found[3] == pytest.approx(4 * found[0], rel=0.02)
    assert found == sorted(found)
    assert stage.frame_current == 7


def test_light_that_drivers_alone_move_is_taken_at_each_frame(stage, settings, tmp_path):
    node = next(node for node in stage.world.node_tree.nodes if node.type == "BACKGROUND")
    node.inputs["Strength"].driver_add("default_value").driver.expression = "frame / 4"
    stage.frame_start = 1
    settings.form = ".exr"
    relight()
    first, *_, last = (brightness(tmp_path / "out" / name) for name in results(tmp_path))
    assert last == pytest.approx(4 * first, rel=0.02)


def test_a_frame_after_missing_ones_is_lit_and_shown_at_its_own_time(stage, settings, tmp_path):
    (tmp_path / "in" / "walk_0004.png").unlink()
    (tmp_path / "in" / "walk_0003.png").write_bytes(b"no picture")
    settings.source = str(tmp_path / "in" / "walk_0005.png")
    strength = next(node for node in stage.world.node_tree.nodes if node.type == "BACKGROUND").inputs["Strength"]
    for frame, value in ((1, 0.0), (3, 0.2), (4, 0.8)):
        strength.default_value = value
        strength.keyframe_insert("default_value", frame=frame)
    stage.frame_start, settings.form = 1, ".exr"
    area = bpy.context.window_manager.windows[0].screen.areas[0]
    area.type = "IMAGE_EDITOR"
    relight()
    assert results(tmp_path) == ["walk_relit_0005.exr", "walk_relit_0006.exr"]
    fifth, sixth = (brightness(tmp_path / "out" / name) for name in results(tmp_path))
    assert sixth == pytest.approx(4 * fifth, rel=0.02)
    # Of a sequence Blender shows, at frame_start, the file of number frame_offset + 1.
    user = area.spaces.active.image_user
    assert (user.frame_start, user.frame_offset, user.frame_duration) == (3, 4, 2)


def test_a_run_that_finds_all_frames_there_says_so(stage, settings):
    relight()
    assert settings.skipped == ""
    relight()
    assert settings.skipped == "All 4 frames were there and are kept. Choose Relight All Again to relight them."


def test_only_the_chosen_face_is_relit(stage, settings, tmp_path):
    left, right = (stand_ins.draw_portrait(240, 400, size, (120, x)) for size, x in ((90, 100), (110, 300)))
    two = np.where(np.arange(400)[:, None] < 200, left, right)
    path = tmp_path / "in" / "pair.png"
    cv2.imwrite(str(path), np.round(two[:, :, ::-1] * 255).astype(np.uint8))
    settings.source, stage.relight_stage.face = str(path), 2
    relight()
    # Of both people the middle is in between.
    assert centre(tmp_path / "out" / "pair_relit_0001.png") == pytest.approx(300, abs=5)


def test_a_folder_that_cannot_be_written_ends_the_run(stage, settings, tmp_path):
    (tmp_path / "out").write_text("no folder")
    with pytest.raises(RuntimeError, match=r"walk_relit_0003\.png can't be written"):
        relight()


@pytest.mark.parametrize(("source", "text"), [("", "No movie is chosen"), ("/nowhere/a_1.png", "does not exist")])
def test_a_movie_that_is_not_there_is_refused(stage, settings, source, text):
    settings.source = source
    with pytest.raises(RuntimeError, match=text):
        relight()
