"""The buttons: each gathers plain values, calls plain code and stores the result."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import ClassVar

import bpy
from bpy.props import BoolProperty, EnumProperty, StringProperty
from bpy_extras.io_utils import ImportHelper

from ..errors import PhotoError, RelightError
from ..nets.memory import memory_for
from ..scenes import light_map as light_maps
from ..scenes.balls import draw_icons
from ..scenes.build.surroundings import build_world
from . import balls, card, card_materials, editors, images, lighting, orders, portraits, probe, properties
from .pictures import Exr, encode
from .relighting import Relit, draw_maps
from .storing import store
from .task import Steps, Task, still_there
from .translation import translate
from .worker import Progress

_PORTRAIT = "relight_stage_portrait"  # a custom property on maps: the fingerprint of whose they are
_MAPS = ("matte", "normals", "albedo")


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
            self.report({"ERROR"}, translate(str(error)))
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
            light_scene(context.scene, self.filepath)
        except RelightError as error:
            self.report({"ERROR"}, translate(str(error)))
            return {"CANCELLED"}
        return {"FINISHED"}


class RELIGHT_STAGE_OT_relight_photo(Task, bpy.types.Operator):
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

    def steps(self, context: bpy.types.Context) -> Steps:
        context.window_manager.relight_stage.is_live = False  # two would draw into the same image
        # An area may be closed or joined meanwhile, and what then is read of it is anything.
        pressed_in = context.area.as_pointer() if context.area is not None else 0
        scene_name, photo_name, work = context.scene.name, *self._gather(context)
        relit, pictures = yield work
        stored = yield from store(Path(photo_name).stem, pictures)
        area = next((area for area in editors.areas() if area.as_pointer() == pressed_in), None)
        scene = still_there(bpy.data.scenes, scene_name, "it was being relit")
        photo = still_there(bpy.data.images, photo_name, "it was being relit")
        self._store(context, area, scene, photo, relit, stored)

    def _gather(self, context: bpy.types.Context) -> tuple[str, Callable[[Progress], tuple[Relit, dict[str, Exr]]]]:
        """Read photo, light and background out of Blender: the photo's name, and the call that is left, free of bpy."""
        settings = context.scene.relight_stage
        photo, pixels = portraits.read_photo(context)
        has_card = self.card or card.card_in(context.scene, settings.card) is not None
        has_cutout = has_card and settings.background != "TRANSPARENT"
        kept = _owner_of_maps(settings) if settings.keep_maps else None
        return photo.name, partial(_relight, orders.gather(context, photo.name, pixels), has_cutout, kept)

    def _store(
        self,
        context: bpy.types.Context,
        area: bpy.types.Area | None,
        scene: bpy.types.Scene,
        photo: bpy.types.Image,
        relit: Relit,
        stored: dict[str, bpy.types.Image],
    ) -> None:
        settings = scene.relight_stage
        before = {photo, settings.relit}
        stands = card.card_in(scene, settings.card)
        maps = [name for name in _MAPS if name in stored]
        replaced = {settings.relit, *(getattr(settings, name) for name in maps)}
        replaced.update(card_materials.pictures_of(stands) if stands is not None else ())
        settings.photo, settings.relit = photo, stored["relit"]
        for name in maps:
            stored[name][_PORTRAIT] = relit.fingerprint
            setattr(settings, name, stored[name])
        if self.card or stands is not None:
            cutout = stored.get("cut-out", settings.relit)
            settings.card = card.show(scene, settings.card, cutout, probe.view_of(context))
            if self.card and area is not None and area.type == "VIEW_3D":
                card.look_at(area.spaces.active, scene)
        balls.show(scene, draw_icons(relit.light_map, settings.exposure))
        editors.show_instead(before, settings.relit, area)
        images.discard(replaced)


class RELIGHT_STAGE_OT_cancel_relighting(bpy.types.Operator):
    """Stop relighting and leave everything as it was"""

    bl_idname = "relight_stage.cancel_relighting"
    bl_label = "Cancel Relighting"
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
            self.report({"ERROR"}, translate("There is no such image yet. Press Relight first."))
            return {"CANCELLED"}
        context.space_data.image = image
        return {"FINISHED"}


def _relight(
    order: orders.Order, has_cutout: bool, kept: str | None, progress: Progress
) -> tuple[Relit, dict[str, Exr]]:
    """The relit photo and the pictures of it to store; its maps where the scene keeps others'."""
    with memory_for(order.name, order.pixels.values.shape):
        relit = order.relight(progress)
        pictures = {"relit": relit.picture}
        if has_cutout:
            pictures["cut-out"] = relit.cutout
        if kept not in (None, relit.fingerprint):
            pictures.update(draw_maps(relit.portrait))
        progress(1.0, "Storing the pictures")
        return relit, {name: encode(rgba, name in ("matte", "normals")) for name, rgba in pictures.items()}


def _owner_of_maps(settings: properties.RELIGHT_STAGE_PG_settings) -> str:
    """The fingerprint of the portrait whose maps the scene keeps; empty where one is missing or another's."""
    maps = [getattr(settings, name) for name in _MAPS]
    owners = {"" if image is None else image.get(_PORTRAIT, "") for image in maps}
    return owners.pop() if len(owners) == 1 else ""


def light_scene(scene: bpy.types.Scene, filepath: str) -> None:
    """Let the scene's world be a panorama; PhotoError or SceneError where the file is none."""
    picture = open_image(filepath)
    # Once, here: when it renders, Cycles takes a sun that is infinite for black.
    light_maps.check_light_map(images.read_pixels(picture).values[:, :, :3], picture.name)
    lighting.set_world(scene, build_world(Path(bpy.path.abspath(filepath))))


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


CLASSES = (
    RELIGHT_STAGE_OT_open_photo,
    RELIGHT_STAGE_OT_open_light,
    RELIGHT_STAGE_OT_relight_photo,
    RELIGHT_STAGE_OT_cancel_relighting,
    RELIGHT_STAGE_OT_show_image,
)

register, unregister = bpy.utils.register_classes_factory(CLASSES)
