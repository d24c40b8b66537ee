"""Datasets and trainings that the panel starts: they advance, stop, go on, outlive their start, and are loaded."""

import importlib
import importlib.util
import sys
import time
from pathlib import Path

import pytest

bpy = pytest.importorskip("bpy", reason="the headless tier needs the bpy wheel: make env")

pytestmark = pytest.mark.addon

ROOT = Path(__file__).resolve().parents[2]
EXTENSION = "bl_ext.relight_jobs.relight_stage"
LONGEST_S = 400


@pytest.fixture(scope="module")
def extension(tmp_path_factory):
    """The repository, linked into a repository of extensions and enabled; its modules by name."""
    import addon_utils

    folder = tmp_path_factory.mktemp("extensions")
    (folder / "relight_stage").symlink_to(ROOT)
    repos = bpy.context.preferences.extensions.repos
    repo = repos.new(name="Relight jobs", module="relight_jobs", custom_directory=str(folder))
    assert addon_utils.enable(EXTENSION, default_set=True) is not None
    yield lambda name: importlib.import_module(f"{EXTENSION}.addon.{name}")
    addon_utils.disable(EXTENSION, default_set=True)
    repos.remove(repo)


@pytest.fixture
def preferences(extension):
    preferences = bpy.context.preferences.addons[EXTENSION].preferences
    preferences.python = sys.executable
    yield preferences
    preferences.python = preferences.model_folder = preferences.assets_folder = ""


def wait_for(what):
    """What a look at the folder finds once it is what is waited for."""
    end = time.monotonic() + LONGEST_S
    while not (found := what()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.2)
    return found


@pytest.fixture
def dataset(extension, preferences, tmp_path):
    """The scene's dataset: three small portraits."""
    own = bpy.context.scene.relight_stage_dataset
    own.folder, own.count, own.size, own.samples, own.heads = str(tmp_path / "set"), 3, 32, 1, "BUILT_IN"
    yield own
    job = extension("jobs").find_job(tmp_path / "set")
    if job is not None:
        job.kill()
    own = bpy.context.scene.relight_stage_dataset  # a test may have opened another file
    for name in ("folder", "count", "size", "samples", "heads", "lights"):
        own.property_unset(name)


@pytest.mark.slow
def test_a_dataset_advances_stops_and_goes_on_to_its_end(extension, dataset):
    folder, look = Path(dataset.folder), extension("datasets").look_at_dataset
    assert bpy.ops.relight_stage.start_dataset() == {"FINISHED"}
    assert extension("jobs").find_job(folder).is_running()
    assert [job.folder for job in extension("noticeboard")._there().known.running()] == [folder]
    status = wait_for(lambda: (s := look(folder)).there >= 1 and s)
    assert status.newest is not None and status.newest.pixels.shape == (32, 32, 4)
    assert bpy.ops.relight_stage.stop_dataset() == {"FINISHED"}
    wait_for(lambda: not look(folder).is_running)
    stopped = look(folder)
    assert stopped.error == ""
    # Stopped cleanly: no half sample, no claim that would keep the next run waiting.
    assert not list(folder.glob(".*"))
    assert bpy.ops.relight_stage.start_dataset() == {"FINISHED"}
    status = wait_for(lambda: not (s := look(folder)).is_running and s)
    assert (status.there, status.error) == (3, "")


def test_a_folder_with_another_dataset_says_what_differs(extension, dataset):
    folder, look = Path(dataset.folder), extension("datasets").look_at_dataset
    folder.mkdir()
    (folder / "dataset.json").write_text('{"format": 2, "seed": 7}')
    bpy.ops.relight_stage.start_dataset()
    wait_for(lambda: not look(folder).is_running)
    assert "holds another dataset: seed is 7 there and 0 here" in look(folder).error


def test_what_no_renderer_can_do_is_refused_at_once(dataset):
    dataset.size = 33
    with pytest.raises(RuntimeError, match="write an even number of pixels"):
        bpy.ops.relight_stage.start_dataset()
    assert not Path(dataset.folder).exists()


@pytest.fixture
def training(extension, preferences, tmp_path):
    """The scene's training: the tiny recipe, its data still to be written."""
    own = bpy.context.scene.relight_stage_training
    own.recipe, own.data, own.run = "tiny", str(tmp_path / "data"), str(tmp_path / "run")
    yield own
    job = extension("jobs").find_job(tmp_path / "run")
    if job is not None:
        job.kill()
    own = bpy.context.scene.relight_stage_training  # a test may have opened another file
    for name in ("recipe", "data", "run"):
        own.property_unset(name)


def write_spheres(folder):
    """Samples of made-up spheres to train on."""
    spec = importlib.util.spec_from_file_location("spheres", ROOT / "tests/nets/spheres.py")
    spheres = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(spheres)
    from relight_stage.synth.sample import write_sample

    for i in range(8):
        write_sample(folder / f"{i:06d}", *spheres.sphere_sample(i, size=64, hdri="made_up"))


@pytest.mark.slow
def test_a_training_stops_goes_on_and_its_networks_are_loaded(extension, preferences, training):
    pytest.importorskip("torch", reason="this test trains")
    write_spheres(Path(training.data))
    run, look = Path(training.run), extension("trainings").look_at_training
    assert bpy.ops.relight_stage.start_training() == {"FINISHED"}
    status = wait_for(lambda: (s := look(run)).stage >= 1 and s)
    assert status.plot is not None and status.loss > 0
    bpy.ops.relight_stage.stop_training()
    wait_for(lambda: not look(run).is_running)
    assert look(run).error == "" and look(run).can_go_on
    if not look(run).is_done:
        assert bpy.ops.relight_stage.start_training() == {"FINISHED"}
    status = wait_for(lambda: not (s := look(run)).is_running and s)
    assert status.is_done and status.picture is not None, extension("jobs").read_log(run)
    assert bpy.ops.relight_stage.load_training() == {"FINISHED"}
    assert preferences.model_folder == str(run / "onnx")
    relighter = importlib.import_module(f"{EXTENSION}.nets.infer").Relighter
    assert relighter.load(extension("preferences").networks().folder).provider == "CPUExecutionProvider"
    assert bpy.ops.relight_stage.reset_networks() == {"FINISHED"}
    assert preferences.model_folder == ""


def test_training_without_a_dataset_says_so(extension, training, tmp_path):
    pytest.importorskip("torch", reason="this test trains")
    training.data = str(tmp_path / "nothing")
    bpy.ops.relight_stage.start_training()
    run, look = Path(training.run), extension("trainings").look_at_training
    wait_for(lambda: not look(run).is_running)
    assert "is not a folder" in look(run).error


def test_a_python_without_torch_is_refused_with_what_to_do(preferences, training, tmp_path):
    bare = tmp_path / "python"
    bare.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S "$@"\n')
    bare.chmod(0o755)
    preferences.python = str(bare)
    with pytest.raises(RuntimeError, match=r"lacks numpy, .*torch.* In a terminal: \S+ -m pip install .*torch"):
        bpy.ops.relight_stage.start_training()


def test_a_folder_that_hangs_on_where_blender_was_started_is_refused(dataset, training):
    dataset.folder = training.run = "portraits"
    for start in (bpy.ops.relight_stage.start_dataset, bpy.ops.relight_stage.start_training):
        with pytest.raises(RuntimeError, match=r"The folder portraits is no whole path\."):
            start()


def test_the_tilde_is_the_users_own_folder(extension):
    assert extension("preferences").folder(" ~/portraits") == Path.home() / "portraits"


def test_a_recipe_that_is_missing_is_named(training):
    training.recipe, training.file = "FILE", "/no/such.toml"
    with pytest.raises(RuntimeError, match=r"/no/such\.toml is no file\. Choose a recipe"):
        bpy.ops.relight_stage.start_training()


def test_the_choices_survive_saving_opening_and_folders_that_are_gone(extension, dataset, training, tmp_path):
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    other = bpy.data.scenes.new("Other")
    assert other.relight_stage_dataset.folder == ""
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "scene.blend"))
    scene = bpy.context.scene
    assert (scene.relight_stage_dataset.count, scene.relight_stage_training.recipe) == (3, "tiny")
    scene.relight_stage_dataset.folder = scene.relight_stage_training.run = "/no/such/folder"
    assert extension("datasets").look_at_dataset(extension("dataset").folder_of(scene)).there == 0
    assert extension("trainings").look_at_training(extension("training").run_of(scene)).stage == 0
