"""The first visit: runs inside Blender with a window, works the Relight tab like a user and notes what it saw."""

import sys
import time
from pathlib import Path

import bpy
import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from clicks import (
    FOLDER,
    LONGEST_S,
    click,
    facts,
    find_button,
    find_number,
    is_drawn,
    key,
    open_tab,
    pixels,
    play,
    report,
    shoot,
    wait_for_run,
    xdotool,
)


def scenario():
    """One visit; every ``yield`` waits for that many seconds while Blender goes on."""
    window = bpy.context.window
    area = max(window.screen.areas, key=lambda area: area.width * area.height)
    area.ui_type = "IMAGE_EDITOR"
    yield 0.5
    yield from open_tab(area)
    sky = Path(bpy.utils.system_resource("DATAFILES")) / "studiolights" / "world" / "sunset.exr"
    with bpy.context.temp_override(window=window, area=area):
        bpy.ops.relight_stage.open_light(filepath=str(sky))
        bpy.ops.relight_stage.open_photo(filepath=str(FOLDER / "photo.png"))
    fit(window, area)
    yield 2.0  # Blender draws the thumbnail
    shoot("panel_before")
    settings = bpy.context.scene.relight_stage

    relight = yield from find_button(area, "relight_stage.relight_photo")
    yield from click(relight)
    report["first"] = yield from wait_for_run()
    report["first"].update(facts(settings.relit))
    report["first"]["shown"] = area.spaces.active.image == settings.relit
    report["maps"] = [image.name for image in (settings.matte, settings.normals, settings.albedo)]
    yield 1.0
    shoot("panel_after")

    # The world turns half round: only the light is computed anew. The mouse must leave the button to press it again.
    turn = next(node for node in bpy.context.scene.world.node_tree.nodes if node.type == "MAPPING")
    turn.inputs["Rotation"].default_value[2] = np.pi
    bpy.ops.ed.undo_push(message="Turn the world")
    before = pixels(settings.relit)
    relight = yield from find_button(area, "relight_stage.relight_photo")
    yield from click(relight)
    report["turned"] = yield from wait_for_run()
    settings = bpy.context.scene.relight_stage
    report["turned"]["change"] = float(np.abs(pixels(settings.relit) - before).mean())
    report["turned"].update(facts(settings.relit))
    yield 1.0
    shoot("panel_turned")
    after = pixels(settings.relit)

    yield from key(area, "ctrl+z")
    settings = bpy.context.scene.relight_stage
    report["undone"] = {
        "is_the_first_result": bool(np.array_equal(pixels(settings.relit), before)),
        "shown": area.spaces.active.image == settings.relit,
    }
    yield from key(area, "ctrl+shift+z")
    settings = bpy.context.scene.relight_stage
    report["redone"] = {
        "is_the_second_result": bool(np.array_equal(pixels(settings.relit), after)),
        "shown": area.spaces.active.image == settings.relit,
    }

    # Where the light comes from, chosen from the menu by the letters of its entries.
    report["sources"] = []
    for letter in "shpw":
        menu = yield from find_number(area, "light_source", share=0.7)
        yield from click(menu)
        yield 0.5
        xdotool("key", letter)
        yield 0.5
        report["sources"].append(settings.light_source)

    # A photo that takes a while, and Esc.
    with bpy.context.temp_override(window=window, area=area):
        bpy.ops.relight_stage.open_photo(filepath=str(FOLDER / "large.png"))
    fit(window, area)
    yield 1.0
    relight = yield from find_button(area, "relight_stage.relight_photo")
    count, kept = len(bpy.data.images), bpy.context.scene.relight_stage.relit.name
    yield from click(relight)
    state = bpy.context.window_manager.relight_stage
    started = time.monotonic()
    while not state.is_running and time.monotonic() - started < 20:
        yield 0.0
    report["cancelled"] = {"was_running": state.is_running}
    while state.is_running and state.fraction < 0.1:
        yield 0.0
    yield 0.2  # the bar is drawn
    shoot("panel_working")
    yield from key(area, "Escape")
    settings = bpy.context.scene.relight_stage
    report["cancelled"].update(
        is_running=state.is_running,
        new_images=len(bpy.data.images) - count,
        result_kept=settings.relit.name == kept and bool(np.array_equal(pixels(settings.relit), after)),
    )

    with bpy.context.temp_override(window=window, area=area):
        bpy.ops.relight_stage.open_photo(filepath=str(FOLDER / "wall.png"))
    yield 1.0
    relight = yield from find_button(area, "relight_stage.relight_photo")
    yield from click(relight)
    run = yield from wait_for_run()
    report["no_face"] = {"error": state.error, "ticks": run["ticks"]}
    yield from key(area, "Escape")  # closes the message
    shoot("panel_error")

    # In the default scene, without the cube that stands where the card will.
    settings.photo = bpy.data.images["photo.png"]
    bpy.data.objects.remove(bpy.data.objects["Cube"])
    area.ui_type = "VIEW_3D"
    yield 0.5
    yield from open_tab(area)
    relight = yield from find_button(area, "relight_stage.relight_photo")
    yield from click(relight)
    report["card"] = yield from wait_for_run()
    settings = bpy.context.scene.relight_stage
    report["card"].update(
        name=settings.card.name if settings.card else None,
        perspective=area.spaces.active.region_3d.view_perspective,
        shading=area.spaces.active.shading.type,
    )
    # Software OpenGL takes its time to compile the materials; until then the view is grey.
    waited = time.monotonic()
    area.spaces.active.overlay.show_overlays = False
    while not report["card"].get("drawn") and time.monotonic() - waited < LONGEST_S:
        yield 3.0
        shoot("panel_card")
        report["card"]["drawn"] = is_drawn(FOLDER / "panel_card.png", area)


def fit(window, area):
    """Show all of the picture."""
    canvas = next(region for region in area.regions if region.type == "WINDOW")
    with bpy.context.temp_override(window=window, area=area, region=canvas):
        bpy.ops.image.view_all(fit_view=True)


play(scenario())
