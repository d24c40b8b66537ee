"""Dropping files onto the Image Editor and the 3D Viewport, and pasting a picture from the clipboard."""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import bpy
from bpy.props import CollectionProperty, StringProperty

from ..errors import PhotoError, RelightError
from .movies import is_movie
from .operators import light_scene, open_image
from .translation import translate


class RELIGHT_STAGE_OT_drop_photo(bpy.types.Operator):
    """Take a picture for the photo to relight; a movie or several pictures for the movie; an .hdr file for the light"""

    bl_idname = "relight_stage.drop_photo"
    bl_label = "Relight Photo"
    bl_options: ClassVar[set[str]] = {"REGISTER", "UNDO", "INTERNAL"}

    filepath: StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE", "HIDDEN"})
    directory: StringProperty(subtype="DIR_PATH", options={"SKIP_SAVE", "HIDDEN"})
    files: CollectionProperty(type=bpy.types.OperatorFileListElement, options={"SKIP_SAVE", "HIDDEN"})

    def execute(self, context: bpy.types.Context) -> set[str]:
        paths = [Path(self.directory) / file.name for file in self.files] or [Path(self.filepath)]
        movie = next((path for path in paths if is_movie(path)), None)
        if movie is not None or len(paths) > 1:
            context.scene.relight_stage_movie.source = str(movie or sorted(paths)[0])
            self.report({"INFO"}, translate("Chosen under Movie; Relight Movie relights it frame by frame"))
            return {"FINISHED"}
        try:
            if paths[0].suffix.lower() == ".hdr":
                light_scene(context.scene, str(paths[0]))
                context.scene.relight_stage.light_source = "WORLD"
                self.report({"INFO"}, translate(f"{paths[0].name} is the scene's world now, and the light"))
            else:
                _choose(context, open_image(str(paths[0])))
        except RelightError as error:
            return _refuse(self, context, error)
        return {"FINISHED"}


class RELIGHT_STAGE_OT_paste_photo(bpy.types.Operator):
    """Take the picture in the clipboard for the photo to relight"""

    bl_idname = "relight_stage.paste_photo"
    bl_label = "Paste Photo"
    bl_options: ClassVar[set[str]] = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        try:
            _choose(context, _pasted(context))
        except PhotoError as error:
            return _refuse(self, context, error)
        return {"FINISHED"}


class _Drop:
    bl_import_operator = "relight_stage.drop_photo"
    bl_label = "Relight Photo"
    bl_file_extensions = ";".join((*bpy.path.extensions_image, *bpy.path.extensions_movie))


# Where Blender takes the same files, the viewport above all, it asks which of the two is meant.
class RELIGHT_STAGE_FH_image_editor(_Drop, bpy.types.FileHandler):
    bl_idname = "RELIGHT_STAGE_FH_image_editor"

    @classmethod
    def poll_drop(cls, context: bpy.types.Context) -> bool:
        return _is_over(context, "IMAGE_EDITOR")


class RELIGHT_STAGE_FH_viewport(_Drop, bpy.types.FileHandler):
    bl_idname = "RELIGHT_STAGE_FH_viewport"

    @classmethod
    def poll_drop(cls, context: bpy.types.Context) -> bool:
        return _is_over(context, "VIEW_3D")


def _is_over(context: bpy.types.Context, kind: str) -> bool:
    return (
        context.area is not None
        and context.area.type == kind
        and context.region is not None
        and context.region.type in {"WINDOW", "UI"}
    )


def _choose(context: bpy.types.Context, photo: bpy.types.Image) -> None:
    context.scene.relight_stage.photo = photo
    context.window_manager.relight_stage.error = ""
    if getattr(context.space_data, "type", "") == "IMAGE_EDITOR":
        context.space_data.image = photo


def _pasted(context: bpy.types.Context) -> bpy.types.Image:
    """The clipboard's picture as an image that stays in the .blend file."""
    known = set(bpy.data.images)
    # Its refusal is told below, in our words.
    with _image_editor(context), contextlib.suppress(RuntimeError):
        bpy.ops.image.clipboard_paste()
    new = next((image for image in bpy.data.images if image not in known), None)
    if new is None:
        if sys.platform == "linux":
            # GHOST_SystemX11: "No support yet for image copy/paste."
            raise PhotoError(
                "There is no picture in the clipboard that Blender can read; under X11 it can read none. Copy one "
                "again, or open it as a file."
            )
        raise PhotoError(
            "There is no picture in the clipboard that Blender can read. Copy one again, or open it as a file."
        )
    new.pack()
    return new


@contextlib.contextmanager
def _image_editor(context: bpy.types.Context) -> Iterator[None]:
    """An Image Editor as the context: Blender pastes nowhere else. Where none is open, another is one for now."""
    places = [(window, area) for window in context.window_manager.windows for area in window.screen.areas]
    # Rather not the editor with the button, and the smallest of the others.
    window, area = min(
        places,
        key=lambda place: (place[1].type != "IMAGE_EDITOR", place[1] == context.area, place[1].width * place[1].height),
    )
    kind = area.ui_type
    try:
        if area.type != "IMAGE_EDITOR":
            area.ui_type = "IMAGE_EDITOR"
        region = next(region for region in area.regions if region.type == "WINDOW")
        with context.temp_override(window=window, area=area, region=region):
            yield
    finally:
        area.ui_type = kind


def _refuse(operator: bpy.types.Operator, context: bpy.types.Context, error: RelightError) -> set[str]:
    context.window_manager.relight_stage.error = str(error)
    operator.report({"ERROR"}, translate(str(error)))
    return {"CANCELLED"}


register, unregister = bpy.utils.register_classes_factory(
    (
        RELIGHT_STAGE_OT_drop_photo,
        RELIGHT_STAGE_OT_paste_photo,
        RELIGHT_STAGE_FH_image_editor,
        RELIGHT_STAGE_FH_viewport,
    )
)
