"""Movies and image sequences, relit frame by frame into a folder of numbered files; what is there is kept."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import ClassVar

import bpy
import numpy as np
from bpy.props import BoolProperty, EnumProperty, PointerProperty, StringProperty

from ..errors import PhotoError
from ..nets.infer import check_size
from ..nets.memory import memory_for
from . import editors, images, orders
from .exporting import output_folder
from .frames import Frame, describe_time, find_sequence, list_numbers, number_of, result_path, stem_of
from .maps import file_channels, png
from .pictures import write_layers, write_png
from .task import Steps, Task, still_there
from .text import draw_text
from .translation import translate
from .worker import Progress


class RELIGHT_STAGE_PG_movie(bpy.types.PropertyGroup):
    """Which movie goes where."""

    source: StringProperty(
        name="Movie",
        description="A movie, or one of the numbered pictures of an image sequence",
        subtype="FILE_PATH",
        options={"PATH_SUPPORTS_BLEND_RELATIVE"},
    )
    folder: StringProperty(
        name="Folder",
        description="Where the relit frames go, as numbered files; // is the .blend file's folder",
        subtype="DIR_PATH",
        default="//relit frames/",
        options={"PATH_SUPPORTS_BLEND_RELATIVE"},
    )
    form: EnumProperty(
        name="Format",
        description="What kind of files the relit frames are",
        items=(
            (".png", "PNG", "16 bit, sRGB-encoded"),
            (".exr", "EXR", "32 bit floats, scene-linear"),
        ),
    )
    is_fresh: BoolProperty(
        name="Relight All Again",
        description="Also write the frames that are in the folder already; otherwise they are kept, "
        "so that work goes on where it stopped",
        default=False,
    )
    skipped: StringProperty(description="The frames that the last run did not relight, and why")
    result: PointerProperty(name="Relit Frames", description="What the last run wrote", type=bpy.types.Image)


class RELIGHT_STAGE_OT_relight_movie(Task, bpy.types.Operator):
    """Relight every frame of the movie or image sequence, in the background; animated light is taken at each frame"""

    bl_idname = "relight_stage.relight_movie"
    bl_label = "Relight Movie"
    bl_options: ClassVar[set[str]] = {"UNDO"}

    def steps(self, context: bpy.types.Context) -> Steps:
        settings, scene_name = context.scene.relight_stage_movie, context.scene.name
        settings.skipped = ""
        source, folder = _source(settings.source), output_folder(settings.folder)
        frames, form, is_fresh = _frames_of(source), settings.form, settings.is_fresh
        paths = {frame: result_path(folder, stem_of(source), frame.number, form) for frame in frames}
        todo = [frame for frame in frames if is_fresh or not paths[frame].is_file()]
        started_s, skipped = time.monotonic(), {}
        for done, frame in enumerate(todo):
            scene = _still_there(scene_name)
            try:
                # The movie's first frame is the scene's; where numbers are missing, time goes on.
                scene_frame = scene.frame_start + frame.number - frames[0].number
                work = _gather(context, scene, source, frame, scene_frame, paths[frame])
                yield partial(_work, work, done, len(todo), started_s)
            except PhotoError as error:
                skipped[frame.number] = str(error)
        text = ""
        if skipped:
            text = f"Skipped {list_numbers(list(skipped))}: {next(iter(skipped.values()))}"
        elif not todo:
            text = f"All {len(frames)} frames were there and are kept. Choose Relight All Again to relight them."
        scene = _still_there(scene_name)
        if text:
            scene.relight_stage_movie.skipped = text
            self.report({"WARNING"}, translate(text))
        _show(scene, frames[0].number, [path for path in paths.values() if path.is_file()])


class RELIGHT_STAGE_OT_pause_movie(bpy.types.Operator):
    """Stop before the next frame, or go on"""

    bl_idname = "relight_stage.pause_movie"
    bl_label = "Pause"
    bl_options: ClassVar[set[str]] = {"INTERNAL"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return context.window_manager.relight_stage.is_running

    def execute(self, context: bpy.types.Context) -> set[str]:
        state = context.window_manager.relight_stage
        state.is_paused = not state.is_paused
        return {"FINISHED"}


def is_movie(path: Path) -> bool:
    """Whether a file is a movie by its ending."""
    return path.suffix.lower() in bpy.path.extensions_movie


def _source(text: str) -> Path:
    path = Path(bpy.path.abspath(text)) if text.strip() else None
    if path is None:
        raise PhotoError("No movie is chosen. Choose a movie or one picture of an image sequence under Movie.")
    if not path.is_file():
        raise PhotoError(f"{path} does not exist. Choose a movie or one picture of an image sequence.")
    return path


def _frames_of(source: Path) -> list[Frame]:
    if not is_movie(source):
        return find_sequence(source)
    with _loaded(source) as movie:
        return [Frame(number, None) for number in range(1, movie.frame_duration + 1)]


def _still_there(name: str) -> bpy.types.Scene:
    return still_there(bpy.data.scenes, name, "its movie was being relit; the frames so far are in the folder")


@contextmanager
def _loaded(path: Path) -> Iterator[bpy.types.Image]:
    """A picture or movie as an image of its own; PhotoError where Blender can't read it."""
    image = None
    try:
        image = bpy.data.images.load(str(path), check_existing=False)
        if 0 in image.size:
            raise PhotoError(f"{path.name} is damaged or no picture that Blender can read. Repair or replace it.")
        yield image
    except RuntimeError as error:
        raise PhotoError(f"{path.name} can't be opened. Repair or replace it.") from error
    finally:
        if image is not None:
            bpy.data.images.remove(image)


def _read(source: Path, frame: Frame) -> images.Pixels:
    """A frame's pixels, as Blender stores them."""
    with _loaded(frame.path or source) as image:
        width, height = image.size
        check_size((height, width), image.name)
        if frame.path is None:
            # To its own size: what counts is that Blender then holds this frame of the movie.
            image.scale(width, height, frame=frame.number)
        return images.read_pixels(image)


def _gather(
    context: bpy.types.Context, scene: bpy.types.Scene, source: Path, frame: Frame, scene_frame: int, path: Path
) -> Callable[[Progress], None]:
    """Read a frame, and the scene's light and background at its time; the call that is left needs no bpy."""
    pixels = _read(source, frame)
    name = frame.path.name if frame.path else f"frame {frame.number} of {source.name}"
    with context.temp_override(scene=scene), _at(scene, scene_frame):
        order = orders.gather(bpy.context, name, pixels)

    def work(progress: Progress) -> None:
        with memory_for(name, pixels.values.shape):
            _write(path, order.relight(progress).picture)

    return work


@contextmanager
def _at(scene: bpy.types.Scene, frame: int) -> Iterator[None]:
    """The scene at another time."""
    before = scene.frame_current
    scene.frame_set(frame)
    try:
        yield
    finally:
        scene.frame_set(before)


def _work(work: Callable[[Progress], None], done: int, count: int, started_s: float, progress: Progress) -> None:
    """Relight one of many frames; its progress is that of all."""

    def tell(fraction: float, text: str) -> None:
        share = (done + fraction) / count
        left = (time.monotonic() - started_s) * (1 - share) / share if done else 0.0
        progress(share, f"{done + 1}/{count}, {describe_time(left)} left" if done else f"{done + 1}/{count}")

    tell(0.0, "")
    work(tell)


def _write(path: Path, picture: np.ndarray) -> None:
    maps, matte = {"relit": picture}, picture[:, :, 3]
    if path.suffix == ".png":
        write_png(path, png("relit", maps, matte))
    else:
        write_layers(path, maps, {"relit": file_channels(picture)})


def _show(scene: bpy.types.Scene, first: int, paths: list[Path]) -> None:
    """Open the frames as an image sequence in the Image Editors, each at the time of its light.

    Args:
        first: number of the frame that is the scene's first, whether it could be relit or not.
    """
    if not paths:
        return
    sequence = bpy.data.images.load(str(paths[0]), check_existing=True)
    sequence.source = "SEQUENCE"
    scene.relight_stage_movie.result = sequence
    begin, end = number_of(paths[0]), number_of(paths[-1])
    for area in editors.areas("IMAGE_EDITOR"):
        space = area.spaces.active
        space.image = sequence
        user = space.image_user
        user.frame_start, user.frame_duration = scene.frame_start + begin - first, end - begin + 1
        user.frame_offset = begin - 1
        user.use_auto_refresh = True


class _MoviePanel:
    bl_region_type = "UI"
    bl_category = "Relight"
    bl_label = "Movie"
    bl_options: ClassVar[set[str]] = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        settings, state = context.scene.relight_stage_movie, context.window_manager.relight_stage
        layout = self.layout
        row = layout.row(align=True)
        row.prop(settings, "source", text="", placeholder="Movie or image sequence")
        layout.prop(settings, "folder", text="")
        layout.row().prop(settings, "form", expand=True)
        layout.prop(settings, "is_fresh")
        if state.is_running:
            row = layout.row(align=True)
            row.progress(text=translate(state.line), factor=state.fraction)
            row.operator("relight_stage.pause_movie", text="", icon="PLAY" if state.is_paused else "PAUSE")
            row.operator("relight_stage.cancel_relighting", text="", icon="X")
        else:
            layout.operator("relight_stage.relight_movie", icon="RENDER_ANIMATION")
        if settings.skipped:
            draw_text(context, layout.box(), settings.skipped, "ERROR")


class RELIGHT_STAGE_PT_movie_image_editor(_MoviePanel, bpy.types.Panel):
    bl_space_type = "IMAGE_EDITOR"
    bl_parent_id = "RELIGHT_STAGE_PT_image_editor"


class RELIGHT_STAGE_PT_movie_viewport(_MoviePanel, bpy.types.Panel):
    bl_space_type = "VIEW_3D"
    bl_parent_id = "RELIGHT_STAGE_PT_viewport"


_register, _unregister = bpy.utils.register_classes_factory(
    (
        RELIGHT_STAGE_PG_movie,
        RELIGHT_STAGE_OT_relight_movie,
        RELIGHT_STAGE_OT_pause_movie,
        RELIGHT_STAGE_PT_movie_image_editor,
        RELIGHT_STAGE_PT_movie_viewport,
    )
)


def register() -> None:
    _register()
    bpy.types.Scene.relight_stage_movie = PointerProperty(type=RELIGHT_STAGE_PG_movie)


def unregister() -> None:
    del bpy.types.Scene.relight_stage_movie
    _unregister()
