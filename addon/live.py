"""Live: while it is on, the relit image follows the light, the view and the sliders.

A timer looks whether something changed and hands it to a thread; the newest wish wins. Nothing is looked at while no
editor shows the picture or a render runs. The picture is written into one image that is packed when Live ends, so that
neither undo steps nor images pile up.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import bpy
import numpy as np

from ..errors import PhotoError, RelightError, SceneError
from . import balls, card, editors, images, lighting, preferences, probe, properties, world_nodes
from .card_materials import pictures_of, set_picture
from .pictures import encode
from .portraits import photo_of, studio
from .previews import Preview, Previewer, Request
from .relighting import Background, Networks
from .translation import translate
from .worker import Stream

# Between two looks: usually, while a picture is being drawn, and while nobody would see it.
_TICK_S, _BUSY_TICK_S, _HIDDEN_TICK_S = 0.03, 0.01, 0.5
_SETTLE_S = 0.25  # without a change, before the full picture or a full render is begun
_UNSEEN = "Nobody sees it: show the photo in an Image Editor, or press Relight on Card"
_MARK = "relight_stage_live"  # a custom property on images that Live may write into again

Found = TypeVar("Found")

_session: "_Session | None" = None


class _Session:
    """What is known from one tick to the next while Live is on."""

    def __init__(self, scene: bpy.types.Scene, photo: bpy.types.Image) -> None:
        # Names change, and another may get them.
        self.scene_uid, self.photo_uid = scene.session_uid, photo.session_uid
        self._image_names = {"relit": "", "cut-out": ""}
        self.stream = Stream(partial(Previewer(studio).draw, report=self._report), _SETTLE_S, studio.interrupt)
        self.progress = self._progress_shown = ""
        self._changes: Counter[str] = Counter()  # of what the light, the world, any picture, the photo depends on
        self._asked: Hashable = None
        self._pixels: tuple[Hashable, images.Pixels] | None = None
        self._rendered: tuple[Hashable, lighting.Light] | None = None
        self._background: tuple[Hashable, Callable[[tuple[int, int], bool], Background]] | None = None
        self._render_again_s = self._next_draft_s = 0.0
        self._is_gathering = False

    def notice(self, depsgraph: bpy.types.Depsgraph) -> None:
        """Note what changed in the file, but for what Live changes itself."""
        for update in depsgraph.updates:
            changed = update.id.original
            if isinstance(changed, bpy.types.Image):
                if images.is_relit(changed):
                    continue
                world_nodes.forget(changed.name)
                self._changes["pictures"] += 1
                self._changes["photo"] += changed.session_uid == self.photo_uid
            self._changes["world"] += isinstance(changed, bpy.types.World | bpy.types.NodeTree)
            self._changes["light"] += not isinstance(changed, bpy.types.Scene)

    def ask_early(self, context: bpy.types.Context, scene: bpy.types.Scene) -> None:
        """Ask before Blender draws what has changed, which takes longer than a draft, unless asking takes a render."""
        photo = _find(bpy.data.images, self.photo_uid)
        if self._is_gathering or photo is None or not self._is_seen(scene, photo):
            return
        if not lighting.needs_render(scene) and not lighting.background_needs_render(scene):
            with context.temp_override(scene=scene):
                self._ask(bpy.context, scene, photo)

    def forget_picture(self) -> None:
        """Draw again though nothing changed: undo may have brought back an older picture."""
        self._asked = None

    def step(self, context: bpy.types.Context, scene: bpy.types.Scene) -> float:
        """Show what the thread has drawn and ask for what is wanted now; seconds until the next look."""
        photo = _find(bpy.data.images, self.photo_uid)
        if photo is None:
            raise PhotoError("The photo was removed while it was relit live. Open one in the Relight tab.")
        if not self._is_seen(scene, photo):
            self.progress = _UNSEEN
            self._say(context)
            return _HIDDEN_TICK_S
        if bpy.app.is_job_running("RENDER"):
            return _HIDDEN_TICK_S
        if self.progress == _UNSEEN:
            self.progress = ""
        preview = self.stream.take()
        if preview is not None:
            self._show(context, scene, photo, preview)
        self._say(context)
        with context.temp_override(scene=scene):
            self._ask(bpy.context, scene, photo)
        return _BUSY_TICK_S if context.window_manager.relight_stage.is_pending else _TICK_S

    def _say(self, context: bpy.types.Context) -> None:
        if self.progress != self._progress_shown:
            self._progress_shown = context.window_manager.relight_stage.line = self.progress
            editors.redraw_sidebars()

    def _ask(self, context: bpy.types.Context, scene: bpy.types.Scene, photo: bpy.types.Image) -> None:
        settings = scene.relight_stage
        view = probe.view_of(context, settings.frame)
        seen = (view.camera_to_world.tobytes(), view.fov_deg)
        wish = (_values(settings), *seen, preferences.preferences().preview_px, self._changes["light"])
        must_render = self._render_again_s and time.monotonic() > self._render_again_s
        # A render holds the window: between two of them it is free for as long as one takes.
        if not must_render and (wish == self._asked or time.monotonic() < self._next_draft_s):
            return
        self._asked = wish  # what fails is not tried again before something changes
        networks = preferences.networks()
        light = self._light(context, view, networks, bool(must_render))
        photo_key = (photo.name, tuple(photo.size), self._changes["photo"])
        if self._pixels is None or self._pixels[0] != photo_key:
            self._pixels = (photo_key, images.read_photo(photo))
        _put(context.window_manager.relight_stage, is_pending=True)
        is_rough = bool(self._render_again_s)
        balanced, pictures = light.balanced(settings.balance), self._changes["pictures"]
        # What the camera sees of the world may change and the light stay: by Light Path, or if it is another photo's.
        background = (settings.background, tuple(settings.colour), light.key, pictures, *seen)
        background_key = (*background, self._changes["world"], is_rough)
        if self._background is None or self._background[0] != background_key:
            scale = min(1.0, preferences.preferences().preview_px / max(photo.size)) / (4 if is_rough else 1)
            shape = (round(photo.size[1] * scale), round(photo.size[0] * scale))
            gather = partial(lighting.gather_background, scene, view, shape)
            self._background = (background_key, self._unnoticed(context, gather))
        self.stream.submit(
            Request(
                name=photo.name,
                shape=self._pixels[1].values.shape[:2],
                photo_key=photo_key,
                read_photo=partial(images.to_linear, self._pixels[1]),
                light_key=(balanced.key, pictures),
                read_light=balanced.read,
                is_rough=is_rough,
                sliders=properties.sliders_of(settings),
                background_key=background_key,
                read_background=self._background[1],
                longest_px=preferences.preferences().preview_px,
                face=settings.face,
                networks=networks,
            )
        )

    def _light(
        self, context: bpy.types.Context, view: probe.View, networks: Networks, must_render: bool
    ) -> lighting.Light:
        """The light; where it takes a render, a small one at once and a good one when nothing changes any more."""
        if not lighting.needs_render(context.scene):
            self._render_again_s = 0.0
            return lighting.gather_light(context, view, studio, networks)
        source = context.scene.relight_stage.light_source
        key = (source, view.camera_to_world.tobytes(), self._changes["light"])
        if self._rendered is None or self._rendered[0] != key or must_render:
            gather = partial(lighting.gather_light, context, view, studio, networks, draft=not must_render)
            self._rendered = (key, self._unnoticed(context, gather))
            self._render_again_s = 0.0 if must_render else time.monotonic() + _SETTLE_S
        return self._rendered[1]

    def _unnoticed(self, context: bpy.types.Context, gather: Callable[[], Found]) -> Found:
        """The result of what may render: that is a change of the file, now and when Blender next looks at the scene."""
        started, before = time.monotonic(), self._changes.copy()
        self._is_gathering = True  # what changes now is not to be asked about
        try:
            found = gather()
            if self._changes != before:
                context.view_layer.update()
                self._changes = before
                ended = time.monotonic()
                self._next_draft_s = max(self._next_draft_s, ended) + (ended - started)
            return found
        finally:
            self._is_gathering = False

    def _show(
        self, context: bpy.types.Context, scene: bpy.types.Scene, photo: bpy.types.Image, preview: Preview
    ) -> None:
        settings = scene.relight_stage
        last = settings.relit
        image = self._write("relit", photo, preview.rgba, last)
        if image != last:
            settings.relit = image
            editors.show_instead({photo, last}, image)
        stands = card.card_in(scene, settings.card)
        if stands is not None:
            picture = image
            if settings.background != "TRANSPARENT":
                last = next((shown for shown in pictures_of(stands) if shown != image), None)
                picture = self._write("cut-out", photo, preview.cutout, last)
            set_picture(stands, picture)
            for area in editors.areas("VIEW_3D"):
                area.tag_redraw()
        balls.show(scene, preview.balls)
        self.progress = ""
        _put(context.window_manager.relight_stage, is_pending=preview.is_draft, error="")
        editors.redraw_sidebars()
        for area in editors.areas("IMAGE_EDITOR"):
            if area.spaces.active.image == image:
                area.tag_redraw()

    def _write(
        self, kind: str, photo: bpy.types.Image, rgba: np.ndarray, last: bpy.types.Image | None
    ) -> bpy.types.Image:
        """Put a picture into the image that Live has for its kind; ``last``, what was shown, if that is one."""
        image = bpy.data.images.get(self._image_names[kind])
        if image is None and last is not None and _MARK in last:
            image = last
        if image is None:
            image = images.write_image(f"{Path(photo.name).stem} {kind}", encode(rgba))
            image[_MARK] = True
        else:
            images.overwrite_image(image, rgba)
        self._image_names[kind] = image.name
        return image

    def _is_seen(self, scene: bpy.types.Scene, photo: bpy.types.Image) -> bool:
        shown = {bpy.data.images.get(self._image_names["relit"]) or scene.relight_stage.relit, photo}
        has_card = card.card_in(scene, scene.relight_stage.card) is not None
        return any(
            area.spaces.active.image in shown
            if area.type == "IMAGE_EDITOR"
            else has_card and area.spaces.active.shading.type != "WIREFRAME"
            for area in editors.areas("IMAGE_EDITOR", "VIEW_3D")
        )

    def close(self) -> None:
        self.stream.close()
        self.pack()

    def pack(self) -> None:
        """Keep the picture with the file; only packed, it survives saving and undo."""
        for name in self._image_names.values():
            image = bpy.data.images.get(name)
            if image is not None and image.is_dirty:
                image.pack()

    def _report(self, fraction: float, text: str) -> None:
        self.progress = f"{text}, {round(100 * fraction)}%"


class RELIGHT_STAGE_OT_live(bpy.types.Operator):
    """Let the relit image follow the light, the view and the sliders; press again to stop"""

    bl_idname = "relight_stage.live"
    bl_label = "Live"
    bl_options: ClassVar[set[str]] = {"UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if photo_of(context) is None:
            cls.poll_message_set(translate("There is no photo to relight. Open one in the Relight tab"))
            return False
        return not context.window_manager.relight_stage.is_running

    def execute(self, context: bpy.types.Context) -> set[str]:
        if context.window_manager.relight_stage.is_live:
            stop()
            return {"FINISHED"}
        photo = photo_of(context)
        context.scene.relight_stage.photo = photo
        _start(context, context.scene, photo)
        return {"FINISHED"}


def _start(context: bpy.types.Context, scene: bpy.types.Scene, photo: bpy.types.Image) -> None:
    global _session
    if _session is not None:
        _session.close()
    _session = _Session(scene, photo)
    state = context.window_manager.relight_stage
    state.is_live, state.error = True, ""
    if not bpy.app.timers.is_registered(_tick):
        bpy.app.timers.register(_tick, first_interval=_TICK_S)


def stop() -> None:
    """End Live, if it is on; the picture stays."""
    global _session
    if _session is not None:
        _session.close()
        _session = None
    if bpy.app.timers.is_registered(_tick):
        bpy.app.timers.unregister(_tick)
    for manager in bpy.data.window_managers:
        manager.relight_stage.is_live = False


def _tick() -> float | None:
    context = bpy.context
    state = context.window_manager.relight_stage
    if _session is None or not state.is_live:
        stop()
        return None
    try:
        scene = _find(bpy.data.scenes, _session.scene_uid)
        if scene is None:
            stop()
            raise SceneError("Live has ended: its scene was removed. Press Live again in another scene.")
        photo = scene.relight_stage.photo
        if photo is not None and photo.session_uid != _session.photo_uid:
            _start(context, scene, photo)
        return _session.step(context, scene)
    except RelightError as error:
        state.error = str(error)
        editors.redraw_sidebars()
        return _HIDDEN_TICK_S if state.is_live else None
    except BaseException:
        stop()
        raise


def _put(state: properties.RELIGHT_STAGE_PG_progress, **values: Hashable) -> None:
    """Set what differs: Blender draws its whole window anew for every property that is set."""
    for name, value in values.items():
        if getattr(state, name) != value:
            setattr(state, name, value)


def _find(data: Iterable[Any], uid: int) -> Any:
    """A scene or an image, whatever it is called by now; None where it was removed."""
    return next((each for each in data if each.session_uid == uid), None)


def _values(settings: properties.RELIGHT_STAGE_PG_settings) -> tuple[Hashable, ...]:
    """The settings on which the picture depends."""
    plain = ("light_source", "hdri_turn", "hdri_strength", "balance", "background", "face")
    pictures = tuple(image.name if image is not None else "" for image in (settings.hdri, settings.reference))
    values = [getattr(settings, name) for name in plain]
    return (*values, tuple(settings.colour), *pictures, properties.sliders_of(settings))


@bpy.app.handlers.persistent
def _notice(scene: bpy.types.Scene, depsgraph: bpy.types.Depsgraph) -> None:
    if _session is not None and scene.session_uid == _session.scene_uid:
        _session.notice(depsgraph)


@bpy.app.handlers.persistent
def _notice_at_once(scene: bpy.types.Scene, depsgraph: bpy.types.Depsgraph) -> None:
    _notice(scene, depsgraph)
    # Renders update the scene, too, on a thread of their own.
    is_render = threading.current_thread() is not threading.main_thread() or bpy.app.is_job_running("RENDER")
    if _session is None or is_render or scene.session_uid != _session.scene_uid:
        return
    state = bpy.context.window_manager.relight_stage
    try:
        _session.ask_early(bpy.context, scene)
    except RelightError as error:
        _put(state, error=str(error))


@bpy.app.handlers.persistent
def _draw_again(*_: object) -> None:
    if _session is not None:
        _session.forget_picture()


@bpy.app.handlers.persistent
def _pack(*_: object) -> None:
    if _session is not None:
        _session.pack()


@bpy.app.handlers.persistent
def _stop(*_: object) -> None:
    stop()


_HANDLERS = (
    (bpy.app.handlers.depsgraph_update_post, _notice_at_once),
    (bpy.app.handlers.frame_change_post, _notice),
    (bpy.app.handlers.undo_post, _draw_again),
    (bpy.app.handlers.redo_post, _draw_again),
    (bpy.app.handlers.save_pre, _pack),
    (bpy.app.handlers.load_pre, _stop),
)


def register() -> None:
    bpy.utils.register_class(RELIGHT_STAGE_OT_live)
    for handlers, function in _HANDLERS:
        handlers.append(function)


def unregister() -> None:
    stop()
    for handlers, function in _HANDLERS:
        handlers.remove(function)
    bpy.utils.unregister_class(RELIGHT_STAGE_OT_live)
