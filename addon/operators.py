"""The buttons: each gathers plain values, calls plain code and stores the result."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import ClassVar, NamedTuple

import bpy
import numpy as np
from bpy.props import BoolProperty, EnumProperty, StringProperty
from bpy_extras.io_utils import ImportHelper

from ..errors import PhotoError, RelightError, SceneError
from ..nets.lit import Sliders
from ..nets.memory import memory_for
from ..scenes import light_map as light_maps
from ..scenes.build.surroundings import build_world
from ..scenes.key_fill import balance
from . import balls, card, images, lighting, preferences, probe, properties
from .relighting import Background, Maps, Networks, Relit, Studio, draw_maps
from .worker import Job, Progress

_TICK_S = 0.1
studio = Studio()


class _Names(NamedTuple):
    """Where the result goes; names, since undo during a run replaces what they stand for."""

    scene: str
    photo: str


def photo_of(context: bpy.types.Context) -> bpy.types.Image | None:
    """The chosen photo; where none is chosen, the one that the Image Editor shows."""
    chosen = context.scene.relight_stage.photo
    if chosen is None and getattr(context.space_data, "type", "") == "IMAGE_EDITOR":
        shown = context.space_data.image
        return shown if shown is not None and not images.is_relit(shown) else None
    return chosen


class RELIGHT_STAGE_OT_open_photo(bpy.types.Operator, ImportHelper):
    """Open a photo of a person to relight"""

    bl_idname = "relight_stage.open_photo"
    bl_label = "Open Photo"
    bl_options: ClassVar[set[str]] = {"REGISTER", "UNDO"}

    filter_image: BoolProperty(default=True, options={"HIDDEN"})
    filter_folder: BoolProperty(default=True, options={"HIDDEN"})

    def execute(self, context: bpy.types.Context) -> set[str]:
        try:
            photo = open_image(self.filepath)
        except PhotoError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        context.scene.relight_stage.photo = photo
        context.window_manager.relight_stage.error = ""
        if getattr(context.space_data, "type", "") == "IMAGE_EDITOR":
            context.space_data.image = photo
        return {"FINISHED"}


class RELIGHT_STAGE_OT_open_light(bpy.types.Operator, ImportHelper):
    """Light the scene with an HDRI: its world becomes that panorama, with nodes to turn and dim it"""

    bl_idname = "relight_stage.open_light"
    bl_label = "Open HDRI"
    bl_options: ClassVar[set[str]] = {"REGISTER", "UNDO"}

    filter_glob: StringProperty(default="*.hdr;*.exr", options={"HIDDEN"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if not self.filepath:
            # Blender's own panoramas, for those who have none.
            self.filepath = str(Path(bpy.utils.system_resource("DATAFILES")) / "studiolights" / "world") + "/"
        return ImportHelper.invoke(self, context, event)

    def execute(self, context: bpy.types.Context) -> set[str]:
        try:
            picture = open_image(self.filepath)
            # Once, here: when it renders, Cycles takes a sun that is infinite for black.
            light_maps.check_light_map(images.read_pixels(picture).values[:, :, :3], picture.name)
        except RelightError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        context.scene.world = build_world(Path(self.filepath))
        return {"FINISHED"}


class RELIGHT_STAGE_OT_relight_photo(bpy.types.Operator):
    """Relight the photo under the scene's world, as its camera sees it, and keep the result as an image"""

    bl_idname = "relight_stage.relight_photo"
    bl_label = "Relight Photo"
    # Not REGISTER: adjusting the last operation would run everything again without the worker.
    bl_options: ClassVar[set[str]] = {"UNDO"}

    card: BoolProperty(
        name="Card",
        description="Also stand the relit person in the scene, on a card that faces the camera",
        default=False,
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if context.window_manager.relight_stage.is_running:
            cls.poll_message_set("A photo is being relit; Esc cancels")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        # Scripts and tests: wait for the result.
        try:
            names, work = self._gather(context)
            return self._store(context, context.area, names, *work(lambda fraction, text: None))
        except RelightError as error:
            return self._fail(context, error)

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        # The button: compute on the worker, keep the window alive.
        if bpy.app.background:
            return self.execute(context)
        try:
            self._names, work = self._gather(context)
        except RelightError as error:
            return self._fail(context, error)
        self._area = context.area
        self._job = Job(work).start()
        self._timer = context.window_manager.event_timer_add(_TICK_S, window=context.window)
        state = context.window_manager.relight_stage
        state.is_live = False  # two would draw into the same image
        state.is_running, state.is_cancelled, state.error = True, False, ""
        self._show_progress(context)
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if (event.type == "ESC" and event.value == "PRESS") or context.window_manager.relight_stage.is_cancelled:
            self.cancel(context)
            self.report({"INFO"}, "Relighting cancelled")
            return {"CANCELLED"}
        if event.type != "TIMER":
            return {"PASS_THROUGH"}
        self._show_progress(context)
        if not self._job.is_done():
            return {"PASS_THROUGH"}
        self._end(context)
        try:
            return self._store(context, self._area, self._names, *self._job.result())
        except RelightError as error:
            return self._fail(context, error)

    def cancel(self, context: bpy.types.Context) -> None:
        """Leave everything as it was; also called by Blender when another file is opened."""
        self._job.cancel()
        self._end(context)

    def _gather(self, context: bpy.types.Context) -> tuple[_Names, Callable[[Progress], tuple[Relit, Maps]]]:
        """Read photo, light and background out of Blender; the call that is left needs no bpy."""
        settings, photo = context.scene.relight_stage, photo_of(context)
        if photo is None:
            raise PhotoError("There is no photo to relight. Open one in the Relight tab.")
        pixels = images.read_pixels(photo)
        height, width = pixels.values.shape[:2]
        view = probe.view_of(context, settings.frame)
        networks = preferences.networks()
        light = lighting.gather_light(context, view, studio, networks)
        background = lighting.gather_background(context.scene, view, (height, width))
        wants_maps = "never"
        if settings.keep_maps:
            has_maps = None not in (settings.matte, settings.normals, settings.albedo)
            wants_maps = "new" if has_maps else "always"
        sliders, stops = properties.sliders_of(settings), settings.balance
        work = partial(
            _relight,
            pixels,
            light.read,
            stops,
            sliders,
            background,
            photo.name,
            networks,
            settings.face,
            wants_maps,
        )
        return _Names(context.scene.name, photo.name), work

    def _store(
        self, context: bpy.types.Context, area: bpy.types.Area | None, names: _Names, relit: Relit, maps: Maps
    ) -> set[str]:
        scene, photo = bpy.data.scenes.get(names.scene), bpy.data.images.get(names.photo)
        if scene is None or photo is None:
            raise SceneError(f"{names.photo if photo is None else names.scene} was removed while it was being relit.")
        settings, stem = scene.relight_stage, Path(names.photo).stem
        before = {photo, settings.relit}
        settings.photo = photo
        settings.relit = images.write_image(f"{stem} relit", relit.picture)
        for name, rgba in maps.items():
            setattr(settings, name, images.write_image(f"{stem} {name}", rgba, is_data=name != "albedo"))
        if self.card or settings.card is not None:
            cutout = settings.relit
            if settings.background != "TRANSPARENT":
                cutout = images.write_image(f"{stem} cut-out", relit.cutout)
            settings.card = card.show(scene, settings.card, cutout, probe.view_of(context))
            if self.card and area is not None and area.type == "VIEW_3D":
                card.look_at(area.spaces.active, scene)
        balls.show(relit.light_map, settings.exposure)
        show_in_editors(context, area, before, settings.relit)
        context.window_manager.relight_stage.error = ""
        return {"FINISHED"}

    def _fail(self, context: bpy.types.Context, error: RelightError) -> set[str]:
        context.window_manager.relight_stage.error = str(error)
        self.report({"ERROR"}, str(error))
        return {"CANCELLED"}

    def _show_progress(self, context: bpy.types.Context) -> None:
        state = context.window_manager.relight_stage
        state.fraction, state.line = self._job.fraction, self._job.line()
        context.workspace.status_text_set(f"Relight Photo: {state.line}    Esc: cancel")
        redraw_sidebars(context)

    def _end(self, context: bpy.types.Context) -> None:
        context.window_manager.event_timer_remove(self._timer)
        context.window_manager.relight_stage.is_running = False
        context.workspace.status_text_set(None)
        redraw_sidebars(context)


class RELIGHT_STAGE_OT_cancel_relighting(bpy.types.Operator):
    """Stop relighting and leave everything as it was"""

    bl_idname = "relight_stage.cancel_relighting"
    bl_label = "Cancel"
    bl_options: ClassVar[set[str]] = {"INTERNAL"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return context.window_manager.relight_stage.is_running

    def execute(self, context: bpy.types.Context) -> set[str]:
        context.window_manager.relight_stage.is_cancelled = True
        return {"FINISHED"}


class RELIGHT_STAGE_OT_show_image(bpy.types.Operator):
    """Show this image in the Image Editor"""

    bl_idname = "relight_stage.show_image"
    bl_label = "Show Image"
    bl_options: ClassVar[set[str]] = {"INTERNAL"}

    which: EnumProperty(items=[(name, name.title(), "") for name in ("photo", "relit", "matte", "normals", "albedo")])

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return getattr(context.space_data, "type", "") == "IMAGE_EDITOR"

    def execute(self, context: bpy.types.Context) -> set[str]:
        image = getattr(context.scene.relight_stage, self.which)
        if image is None:
            self.report({"ERROR"}, f"There is no {self.which} image yet. Press Relight first.")
            return {"CANCELLED"}
        context.space_data.image = image
        return {"FINISHED"}


def _relight(
    pixels: images.Pixels,
    read_light: Callable[[bool], np.ndarray],
    stops: float,
    sliders: Sliders,
    read_background: Callable[[tuple[int, int], bool], Background],
    name: str,
    networks: Networks,
    face: int,
    wants_maps: str,
    progress: Progress,
) -> tuple[Relit, Maps]:
    progress(0.0, "Reading the photo")
    with memory_for(name, pixels.values.shape):
        photo, matte = images.to_linear(pixels)
        progress(0.0, "Reading the light")
        relit = studio.relight(
            photo,
            matte,
            balance(read_light(False), stops),
            read_background(photo.shape[:2], False),
            name=name,
            networks=networks,
            sliders=sliders,
            face=face,
            progress=progress,
        )
        drawn = wants_maps == "always" or (wants_maps == "new" and relit.is_new)
        return relit, draw_maps(relit.portrait) if drawn else {}


def open_image(filepath: str) -> bpy.types.Image:
    """Load an image, or say in one sentence why not."""
    path = Path(bpy.path.abspath(filepath))
    if not path.is_file():
        raise PhotoError(f"{path} does not exist. Choose a picture file.")
    known = set(bpy.data.images)
    try:
        image = bpy.data.images.load(str(path), check_existing=True)
    except RuntimeError as error:
        raise PhotoError(f"{path} can't be opened. Choose another picture file.") from error
    if 0 in image.size:
        if image not in known:
            bpy.data.images.remove(image)
        raise PhotoError(f"{path.name} is damaged or not a picture that Blender can read. Choose another picture file.")
    return image


def _editors(context: bpy.types.Context, kind: str) -> list[bpy.types.Area]:
    return [area for window in context.window_manager.windows for area in window.screen.areas if area.type == kind]


def show_in_editors(
    context: bpy.types.Context,
    pressed_in: bpy.types.Area | None,
    before: set[bpy.types.Image | None],
    relit: bpy.types.Image,
) -> None:
    """Show the result where the photo or an earlier result was shown, and where the button was pressed."""
    for area in _editors(context, "IMAGE_EDITOR"):
        if area == pressed_in or area.spaces.active.image in before:
            area.spaces.active.image = relit
            area.tag_redraw()


def redraw_sidebars(context: bpy.types.Context) -> None:
    for kind in ("IMAGE_EDITOR", "VIEW_3D"):
        for area in _editors(context, kind):
            for region in area.regions:
                if region.type == "UI":
                    region.tag_redraw()


CLASSES = (
    RELIGHT_STAGE_OT_open_photo,
    RELIGHT_STAGE_OT_open_light,
    RELIGHT_STAGE_OT_relight_photo,
    RELIGHT_STAGE_OT_cancel_relighting,
    RELIGHT_STAGE_OT_show_image,
)

register, unregister = bpy.utils.register_classes_factory(CLASSES)
