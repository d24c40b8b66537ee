"""The visit of the jobs: the example, a dataset of eight portraits, a training of a minute and its networks."""

import sys
from importlib import import_module
from pathlib import Path

import bpy

sys.path.insert(0, str(Path(__file__).parent))
from clicks import (
    FOLDER,
    click,
    facts,
    find_button,
    key,
    open_tab,
    play,
    report,
    shoot,
    sidebar,
    until,
    wait_for_run,
    xdotool,
)

PYTHON = FOLDER.parent / "python"
EXTENSION = "bl_ext.user_default.relight_stage"
HEADER_PX = 26  # from one closed panel to the next
SLIDING_S = 2.0  # panels are on their way when another one opens or closes
LONGEST_S = 600
STEPS = 100  # of each stage


def scenario():
    """One visit; every ``yield`` waits for that many seconds while Blender goes on."""
    preferences = bpy.context.preferences.addons[EXTENSION].preferences
    preferences.python = str(PYTHON)
    window = bpy.context.window
    area = max(window.screen.areas, key=lambda area: area.width * area.height)
    area.ui_type = "IMAGE_EDITOR"
    yield 0.5
    yield from open_tab(area)
    scene = bpy.context.scene
    shoot("jobs_empty")

    example = yield from find_button(area, "relight_stage.try_example")
    yield from click(example)
    report["example"] = yield from wait_for_run()
    report["example"].update(facts(scene.relight_stage.relit), world=scene.world.name)
    yield 1.0
    shoot("jobs_example")

    # By its key, over the picture.
    before = scene.relight_stage.relit.session_uid
    yield from key(area, "ctrl+alt+shift+l")
    report["by_key"] = yield from wait_for_run()
    report["by_key"]["is_new"] = scene.relight_stage.relit.session_uid != before

    # F3 finds it, too.
    yield from key(area, "F3")
    xdotool("type", "relight photo")
    yield 1.0
    shoot("jobs_search")
    yield from key(area, "Escape")

    # The panel Relight is closed by its header; below it are the two of the jobs.
    yield from click(header(area, 0))
    yield SLIDING_S
    yield from click(header(area, 1))
    yield SLIDING_S
    own = scene.relight_stage_dataset
    own.folder, own.count, own.size, own.samples = str(FOLDER / "set"), 8, 128, 8
    yield 1.5
    shoot("jobs_dataset")
    yield from dataset(area)

    yield from click(header(area, 1))
    yield SLIDING_S
    yield from click(header(area, 2))
    own = scene.relight_stage_training
    own.recipe, own.file, own.run = "FILE", str(longer_recipe()), str(FOLDER / "run")
    yield 1.0
    yield from training(area)

    bpy.ops.wm.save_as_mainfile(filepath=str(FOLDER / "jobs.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(FOLDER / "jobs.blend"))
    yield 2.0
    scene = bpy.context.scene
    report["reopened"] = {
        "folder": scene.relight_stage_dataset.folder == str(FOLDER / "set"),
        "count": scene.relight_stage_dataset.count,
        "recipe": scene.relight_stage_training.recipe,
        "photo": scene.relight_stage.photo.name if scene.relight_stage.photo else None,
    }
    bpy.ops.preferences.addon_show(module=EXTENSION)
    yield 2.0
    shoot("jobs_preferences")
    german = next((name for name in ("de", "de_DE") if name in bpy.app.translations.locales), None)
    if german is not None:
        bpy.context.preferences.view.language = german
    text = bpy.app.translations.pgettext_iface("Relight Photo", "Operator")
    report["german"] = text if german else "this Blender was built without languages"
    yield 1.0
    shoot("jobs_german")


def dataset(area):
    """Start, see it advance, stop, resume, see it done."""
    board = import_module(f"{EXTENSION}.addon.noticeboard")
    folder = FOLDER / "set"
    start = yield from find_button(area, "relight_stage.start_dataset")
    yield from click(start)
    yield from until(lambda: board.dataset_in(folder).there >= 1, LONGEST_S)
    seen = {"running": board.dataset_in(folder).is_running}
    yield 2.0
    shoot("jobs_dataset_running")
    yield from click(stop_beside(area, start))
    yield from until(lambda: not board.dataset_in(folder).is_running, LONGEST_S)
    seen["stopped_at"] = board.dataset_in(folder).there
    seen["error"] = board.dataset_in(folder).error
    yield 1.5
    shoot("jobs_dataset_stopped")
    resume = yield from find_button(area, "relight_stage.start_dataset")
    yield from click(resume)
    yield from until(lambda: board.dataset_in(folder).is_running, LONGEST_S)
    yield from until(lambda: not board.dataset_in(folder).is_running, LONGEST_S)
    seen["there"] = board.dataset_in(folder).there
    yield 1.5
    shoot("jobs_dataset_done")
    report["dataset"] = seen


def training(area):
    """Start, stop, resume to the end, load the result and relight with it."""
    board = import_module(f"{EXTENSION}.addon.noticeboard")
    preferences, run = bpy.context.preferences.addons[EXTENSION].preferences, FOLDER / "run"
    yield from until(lambda: board.python_for(str(PYTHON)).python or board.python_for(str(PYTHON)).error, LONGEST_S)
    seen = {"python": board.python_for(str(PYTHON)).error or board.python_for(str(PYTHON)).python.torch}
    yield 1.5
    shoot("jobs_training")
    start = yield from find_button(area, "relight_stage.start_training")
    yield from click(start)
    yield from until(lambda: board.training_in(run).stage >= 4, LONGEST_S)
    shoot("jobs_training_running")
    yield from click(stop_beside(area, start))
    yield from until(lambda: not board.training_in(run).is_running, LONGEST_S)
    status = board.training_in(run)
    seen["stopped"] = {"can_go_on": status.can_go_on, "is_done": status.is_done, "error": status.error}
    yield 1.5
    if not status.is_done:
        resume = yield from find_button(area, "relight_stage.start_training")
        yield from click(resume)
        yield from until(lambda: board.training_in(run).is_running, LONGEST_S)
    yield from until(lambda: not board.training_in(run).is_running, LONGEST_S)
    yield 1.5
    shoot("jobs_training_done")
    seen["done"], seen["error"] = board.training_in(run).is_done, board.training_in(run).error
    load = yield from find_button(area, "relight_stage.load_training")
    yield from click(load)
    yield from until(lambda: preferences.model_folder, LONGEST_S)
    seen["model_folder"] = preferences.model_folder == str(run / "onnx")
    yield 1.0
    shoot("jobs_training_loaded")
    report["training"] = seen
    # A training of a minute knows no face; that it was asked is what counts.
    yield from key(area, "ctrl+alt+shift+l")
    run_with_it = yield from wait_for_run()
    report["with_it"] = {"error": run_with_it["error"]}
    yield from key(area, "Escape")
    bpy.ops.relight_stage.reset_networks()
    report["reset"] = preferences.model_folder == ""


def longer_recipe():
    """The tiny recipe with stages that are long enough for a curve: a training tells its loss every 20 steps."""
    tiny = Path(import_module(f"{EXTENSION}.addon.trainings").RECIPES) / "tiny.toml"
    path = FOLDER / "longer.toml"
    path.write_text(tiny.read_text().replace("steps = 20", f"steps = {STEPS}"))
    return path


def stop_beside(area, start):
    """The cross at the right end of the progress bar that is where the button to start was."""
    region = sidebar(area)
    return region.x + int(region.width * 0.83), start[1]


def header(area, index):
    """Where to click to open or close the panel ``index`` while those above it are closed."""
    region = sidebar(area)
    y = region.y + region.height - 14 - index * HEADER_PX
    return region.x + region.width * 2 // 5, bpy.context.window.height - y


play(scenario())
