"""How the extension behaves in Blender: it leaves nothing behind, speaks German, takes no key away, keeps its files."""

import gc
import importlib
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

bpy = pytest.importorskip("bpy", reason="the headless tier needs the bpy wheel: make env")

pytestmark = pytest.mark.addon

ROOT = Path(__file__).resolve().parents[2]
EXTENSION = "bl_ext.relight_manners.relight_stage"


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    folder = tmp_path_factory.mktemp("extensions")
    (folder / "relight_stage").symlink_to(ROOT)
    repos = bpy.context.preferences.extensions.repos
    repo = repos.new(name="Relight manners", module="relight_manners", custom_directory=str(folder))
    yield folder
    repos.remove(repo)


@pytest.fixture
def extension(repository):
    """The repository, linked into a repository of extensions and enabled; its modules by name."""
    import addon_utils

    assert addon_utils.enable(EXTENSION, default_set=True) is not None
    yield lambda name: importlib.import_module(f"{EXTENSION}.{name}")
    addon_utils.disable(EXTENSION, default_set=True)


def left_behind():
    """Everything of ours that Blender holds: classes, properties, handlers, timers, keys, menus."""
    handlers = {
        f"{name}: {function.__module__}"
        for name in dir(bpy.app.handlers)
        if isinstance(functions := getattr(bpy.app.handlers, name), list)
        for function in functions
        if "relight" in function.__module__
    }
    keys = {
        f"{keymap.name}: {item.idname}"
        for keymap in bpy.context.window_manager.keyconfigs.addon.keymaps
        for item in keymap.keymap_items
        if "relight" in item.idname
    }
    types = {name for name in dir(bpy.types) if name.startswith("RELIGHT_STAGE")}
    properties = {
        f"{owner.__name__}.{name}"
        for owner in (bpy.types.Scene, bpy.types.WindowManager, bpy.types.Image, bpy.types.Object)
        for name in (p.identifier for p in owner.bl_rna.properties)
        if "relight" in name
    }
    menus = {
        f"{menu.__name__}: {function.__module__}"
        for menu in (bpy.types.IMAGE_MT_image, bpy.types.VIEW3D_MT_image_add)
        for function in getattr(menu.draw, "_draw_funcs", ())
        if "relight" in function.__module__
    }
    return handlers | keys | types | properties | menus


def test_enabling_and_disabling_ten_times_leaves_nothing(repository):
    import addon_utils
    from bpy.utils import previews

    gc.collect()  # what other tests left
    collections = len([thing for thing in gc.get_objects() if isinstance(thing, previews.ImagePreviewCollection)])
    enabled = []
    for _ in range(10):
        assert addon_utils.enable(EXTENSION, default_set=True) is not None
        enabled.append(left_behind())
        addon_utils.disable(EXTENSION, default_set=True)
        assert left_behind() == set()
    assert len(enabled[0]) > 20 and all(found == enabled[0] for found in enabled)
    gc.collect()
    after = [thing for thing in gc.get_objects() if isinstance(thing, previews.ImagePreviewCollection)]
    assert len(after) == collections


def test_enabling_that_fails_halfway_leaves_nothing_and_can_be_repeated(extension, monkeypatch):
    addon = extension("addon")
    addon.unregister()
    monkeypatch.setattr(extension("addon.undo"), "register", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        addon.register()
    assert left_behind() == set()
    monkeypatch.undo()
    addon.register()
    assert hasattr(bpy.types.Scene, "relight_stage")


def test_disabling_ends_what_is_running(extension, monkeypatch):
    task, timers, lines = extension("addon.task"), [], []

    class Waiting(task.Task):
        bl_label = "Waiting"

        def steps(self, context):
            yield lambda progress: None

    # In the background every button waits: a window is played here.
    context = SimpleNamespace(
        window=None,
        workspace=SimpleNamespace(status_text_set=lines.append),
        window_manager=SimpleNamespace(
            relight_stage=bpy.context.window_manager.relight_stage,
            event_timer_add=lambda step, window: timers.append(step) or step,
            event_timer_remove=timers.remove,
            modal_handler_add=lambda operator: None,
        ),
    )
    monkeypatch.setattr(task, "bpy", SimpleNamespace(app=SimpleNamespace(background=False), context=context))
    assert Waiting().invoke(context, None) == {"RUNNING_MODAL"}
    assert timers and lines[-1].startswith("Waiting")
    extension("addon").unregister()
    assert not timers and lines[-1] is None
    extension("addon").register()
    assert not bpy.context.window_manager.relight_stage.is_running


def blenders_keymaps():
    """In the background the keymaps are empty; the file that fills them is there."""
    folder = next(Path(path) for path in bpy.utils.preset_paths("keyconfig"))
    sys.path.insert(0, str(folder / "keymap_data"))
    try:
        blender_default = importlib.import_module("blender_default")
    finally:
        sys.path.pop(0)
    return blender_default.generate_keymaps(blender_default.Params())


@pytest.mark.parametrize("platform", ["linux", "win32", "darwin"])
def test_quitting_is_asked_about_by_the_key_that_quits(extension, monkeypatch, platform):
    from bl_keymap_utils.platform_helpers import keyconfig_data_oskey_from_ctrl_for_macos

    keymap = extension("addon.keymap")
    monkeypatch.setattr(keymap, "sys", SimpleNamespace(platform=platform))
    keymap.unregister()
    keymap.register()
    keyconfigs = bpy.context.window_manager.keyconfigs
    (ours,) = [item for item in keyconfigs.addon.keymaps["Window"].keymap_items if item.idname == "relight_stage.quit"]
    blenders = blenders_keymaps()
    if platform == "darwin":
        blenders = keyconfig_data_oskey_from_ctrl_for_macos(blenders)
    modifiers = ("ctrl", "shift", "alt", "oskey")
    chords = [
        (event["type"], *(bool(event.get(name)) for name in modifiers))
        for name, _, content in blenders
        for operator, event, _ in content["items"]
        if name == "Window" and operator == "wm.quit_blender"
    ]
    assert (ours.type, *(bool(getattr(ours, name)) for name in modifiers)) in chords
    # With nothing at work the key is Blender's own again.
    assert not bpy.ops.relight_stage.quit.poll()


def test_the_shortcut_is_no_one_elses(extension):
    """In Blender's own keymaps of these editors, and in those that hold everywhere."""
    keyconfigs = bpy.context.window_manager.keyconfigs
    ours = [
        (keymap.name, item)
        for keymap in keyconfigs.addon.keymaps
        for item in keymap.keymap_items
        if item.idname == "relight_stage.relight_photo"
    ]
    assert {name for name, _ in ours} == {"Image", "3D View"}

    near = re.compile(r"Window|Screen|Image|3D View|Object|Mesh|Curve|Pose|Sculpt|Paint|UV|Mask|Frames")
    taken = {
        (event["type"], *(bool(event.get(name)) for name in ("ctrl", "alt", "shift", "oskey"))): f"{name}: {operator}"
        for name, _, content in blenders_keymaps()
        if near.search(name)
        for operator, event, _ in content["items"]
    }
    assert len(taken) > 100
    for _, item in ours:
        chord = (item.type, *(bool(value) for value in (item.ctrl, item.alt, item.shift, item.oskey)))
        assert chord not in taken, taken[chord]


def test_what_f3_searches_names_the_buttons(extension):
    """F3 finds operators by the menus that name them."""
    for menu in (bpy.types.IMAGE_MT_image, bpy.types.VIEW3D_MT_image_add):
        assert any(function.__module__ == f"{EXTENSION}.addon.menus" for function in menu.draw._draw_funcs)
    named = set()
    layout = SimpleNamespace(operator=lambda name, **_: named.add(name), separator=lambda: None)
    extension("addon.menus").RELIGHT_STAGE_MT_buttons.draw(SimpleNamespace(layout=layout), bpy.context)
    sources = (path.read_text(encoding="utf-8") for path in (ROOT / "addon").glob("*.py") if path.stem != "menus")
    buttons = {name for source in sources for name in re.findall(r'operator\(\s*"(relight_stage\.\w+)"', source)}
    # These have to be told which picture or folder, but for the last one, which the File menu names.
    told = ("show_image", "choose_dataset", "choose_training", "quit")
    assert buttons - named == {f"relight_stage.{name}" for name in told}
    assert named <= buttons and len(named) > 20


def test_every_operator_can_be_found_by_name_and_explains_itself(extension):
    found = [getattr(bpy.ops.relight_stage, name).get_rna_type() for name in dir(bpy.ops.relight_stage)]
    assert len(found) > 12
    for rna in found:
        assert rna.name and rna.name[0].isupper() and not rna.name.endswith("."), rna.identifier
        assert len(rna.description) > 10 and not rna.description.endswith("."), rna.identifier


def test_every_setting_has_a_tooltip_that_blender_can_end_with_a_full_stop(extension):
    groups = (
        extension("addon.properties").RELIGHT_STAGE_PG_settings,
        extension("addon.exporting").RELIGHT_STAGE_PG_export,
        extension("addon.matching").RELIGHT_STAGE_PG_matching,
        extension("addon.movies").RELIGHT_STAGE_PG_movie,
        extension("addon.photo_card").RELIGHT_STAGE_PG_photo_card,
        extension("addon.dataset").RELIGHT_STAGE_PG_dataset,
        extension("addon.training").RELIGHT_STAGE_PG_training,
        extension("addon.preferences").RELIGHT_STAGE_AP_preferences,
    )
    for group in groups:
        for item in group.bl_rna.properties:
            if item.is_runtime:
                assert item.description and not item.description.endswith("."), f"{group.__name__}.{item.identifier}"


GROUPS = {
    "properties": "RELIGHT_STAGE_PG_settings",
    "exporting": "RELIGHT_STAGE_PG_export",
    "matching": "RELIGHT_STAGE_PG_matching",
    "movies": "RELIGHT_STAGE_PG_movie",
    "photo_card": "RELIGHT_STAGE_PG_photo_card",
    "dataset": "RELIGHT_STAGE_PG_dataset",
    "training": "RELIGHT_STAGE_PG_training",
    "preferences": "RELIGHT_STAGE_AP_preferences",
}
# The same in any language.
NAMES = {"EXR", "PNG", "OpenGL", "DirectX", "HDRI"}


def shown_texts(extension):
    """(context, English) of everything of ours that Blender shows: buttons, panels, settings, choices, tooltips."""
    operators = [getattr(bpy.ops.relight_stage, name).get_rna_type() for name in dir(bpy.ops.relight_stage)]
    texts = {("Operator", rna.name) for rna in operators} | {("*", rna.description) for rna in operators}
    panels = {getattr(bpy.types, name) for name in dir(bpy.types) if name.startswith("RELIGHT_STAGE_PT_")}
    texts |= {("*", panel.bl_label) for panel in panels}
    items = [item for rna in operators for item in rna.properties if item.identifier in {"card", "jobs"}]
    for module, group in GROUPS.items():
        items += getattr(extension(f"addon.{module}"), group).bl_rna.properties
    for item in items:
        if item.is_runtime and item.name != item.identifier:
            choices = item.enum_items if item.type == "ENUM" else ()
            texts |= {(item.translation_context, named.name) for named in (item, *choices)}
            texts |= {("*", named.description) for named in (item, *choices)}
    return {(context, text) for context, text in texts if text and text not in NAMES}


def test_german_says_everything_that_the_panel_shows(extension):
    texts = extension("addon.translation").texts()["de"]
    shown = shown_texts(extension)
    assert len(shown) > 200
    # Except for what execution provider there is, by name.
    assert sorted(shown - texts.keys()) == []


def test_german_says_nothing_that_the_panel_does_not(extension):
    """A changed text must take its translation along; what is no setting stands in the source."""
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "addon").glob("*.py") if path.stem != "german"]
    # A long text is broken into several literals in the source.
    joined = re.sub(r'"\s*\n\s*"', "", "\n".join(sources))
    shown = {english for _, english in shown_texts(extension)}
    for (_, english), german in extension("addon.translation").texts()["de"].items():
        assert english in shown or f'"{english}"' in joined or english.lower() in joined, english
        assert german


def test_blender_speaks_german(extension):
    if "de" not in bpy.app.translations.locales and "de_DE" not in bpy.app.translations.locales:
        pytest.skip("this Blender was built without languages")
    view = bpy.context.preferences.view
    before, view.language = view.language, next(x for x in ("de", "de_DE") if x in bpy.app.translations.locales)
    try:
        assert bpy.app.translations.pgettext_iface("Relight Photo", "Operator") == "Foto neu beleuchten"
    finally:
        view.language = before


def test_a_preset_keeps_the_settings_and_none_of_this_files_images(extension):
    values = extension("addon.presets").values()
    assert {"settings.background", "settings.colour"} <= set(values)
    assert not {"settings.photo", "settings.relit", "settings.card"} & set(values)
    settings = bpy.context.scene.relight_stage
    settings.background, settings.colour = "COLOUR", (0.1, 0.2, 0.3)
    assert bpy.ops.relight_stage.add_preset(name="Blue wall") == {"FINISHED"}
    path = Path(bpy.utils.user_resource("SCRIPTS", path="presets/relight_stage")) / "Blue_wall.py"
    try:
        settings.background, settings.colour = "WORLD", (1, 1, 1)
        bpy.ops.script.execute_preset(filepath=str(path), menu_idname="RELIGHT_STAGE_PT_presets")
        assert settings.background == "COLOUR"
        assert tuple(settings.colour) == pytest.approx((0.1, 0.2, 0.3))
    finally:
        path.unlink()


def test_the_presets_that_come_with_it_change_what_their_names_say(extension):
    folders = [Path(folder) for folder in bpy.utils.preset_paths("relight_stage")]
    found = {path.stem: path for folder in folders for path in folder.glob("*.py")}
    assert {"soft_fill", "hard_key", "matt_skin", "cut_out", "as_computed"} <= set(found)
    settings = bpy.context.scene.relight_stage

    def choose(name):
        bpy.ops.script.execute_preset(filepath=str(found[name]), menu_idname="RELIGHT_STAGE_PT_presets")

    choose("as_computed")
    neutral = (settings.exposure, settings.balance, settings.specular, settings.shadow, settings.blend)
    assert neutral == (0, 0, 1, 1, 0)
    choose("soft_fill")
    assert settings.balance < 0 and settings.shadow < 1
    choose("hard_key")
    assert settings.balance > 0 and settings.shadow > 1
    choose("matt_skin")
    assert settings.specular < 0.5
    choose("cut_out")
    assert settings.background == "TRANSPARENT"
    choose("as_computed")


def test_the_preferences_reach_the_networks(extension, tmp_path):
    import onnxruntime

    preferences = bpy.context.preferences.addons[EXTENSION].preferences
    networks = extension("addon.preferences").networks
    assert networks() == extension("addon.relighting").Networks()
    preferences.threads, preferences.model_folder = 1, str(tmp_path)
    assert (networks().threads, networks().folder) == (1, tmp_path)
    offered = {item.identifier for item in preferences.bl_rna.properties["provider"].enum_items} or {
        item[0] for item in extension("addon.preferences")._providers_here()
    }
    assert "CPUExecutionProvider" in offered and offered <= set(onnxruntime.get_available_providers())
    preferences.threads, preferences.model_folder = 0, ""


def test_an_unknown_provider_of_another_computer_falls_back_to_the_processor(extension):
    preferences = bpy.context.preferences.addons[EXTENSION].preferences
    networks = extension("addon.preferences").networks
    here = {item[3] for item in extension("addon.preferences")._providers_here()}
    absent = next(item for item in extension("addon.preferences")._PROVIDERS if item[3] not in here)
    if bpy.app.version >= (5, 0, 0):
        preferences.bl_system_properties_get(do_create=True)["provider"] = absent[3]
    else:
        preferences["provider"] = absent[3]
    try:
        assert networks().providers == ("CPUExecutionProvider",)
    finally:
        preferences.property_unset("provider")


def test_the_example_is_relit_and_kept_in_the_file(extension):
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=False)
    scene = bpy.context.scene
    assert bpy.ops.relight_stage.try_example() == {"FINISHED"}
    settings = scene.relight_stage
    assert settings.photo.name == "example.jpg" and settings.photo.packed_file is not None
    assert scene.world.name == "sunset"
    values = np.array(settings.relit.pixels[:], np.float32)
    assert values.reshape(-1, 4)[:, :3].mean() > 0.01


def test_the_example_leaves_a_world_with_nodes_of_the_users_own_alone(extension):
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=False)
    world = bpy.data.worlds.new("Mine")
    if bpy.app.version < (5, 0, 0):
        world.use_nodes = True
    world.node_tree.nodes.new("ShaderNodeTexSky")
    bpy.context.scene.world = world
    assert bpy.ops.relight_stage.try_example() == {"FINISHED"}
    assert bpy.context.scene.world == world
