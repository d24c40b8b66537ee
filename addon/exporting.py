"""Taking the maps out: picture files, one EXR with layers, images in the .blend, and the compositor that joins them."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import ClassVar

import bpy
import numpy as np
from bpy.props import EnumProperty, PointerProperty, StringProperty

from ..errors import ExportError, PhotoError
from ..nets.lit import layers
from . import compositing, lighting, portraits, preferences, probe, properties
from .maps import DESCRIPTIONS, file_channels, gather_maps, is_data, layer_channels, needs_light, png, rgba
from .pictures import Exr, encode, write_layers, write_png
from .portraits import studio
from .storing import store
from .task import Steps, Task, still_there
from .translation import translate
from .worker import Progress

_TAKEN_APART = 0.6  # share of the work, for the progress bar


class RELIGHT_STAGE_PG_export(bpy.types.PropertyGroup):
    """Which maps go where."""

    folder: StringProperty(
        name="Folder",
        description="Where the files go; // is the .blend file's folder",
        subtype="DIR_PATH",
        default="//relit/",
        options={"PATH_SUPPORTS_BLEND_RELATIVE"},
    )
    form: EnumProperty(
        name="Format",
        description="What kind of files, and whether the maps share one",
        items=(
            ("LAYERS", "Multilayer EXR", "One file that holds all maps as layers, in 32 bit floats"),
            ("EXR", "EXR", "A file for each map, in 32 bit floats"),
            ("PNG", "PNG", "A file for each map, 16 bit; colours are sRGB-encoded, without the view transform"),
        ),
        default="LAYERS",
    )
    maps: EnumProperty(
        name="Maps",
        description="What leaves the add-on",
        items=[(name, name.title(), text, 2**k) for k, (name, text) in enumerate(DESCRIPTIONS.items())],
        options={"ENUM_FLAG"},
        default=set(DESCRIPTIONS),
    )
    normals: EnumProperty(
        name="Normals",
        description="Which way the green channel of the normals points",
        items=(
            ("OPENGL", "OpenGL", "Green is up: Blender, Unity"),
            ("DIRECTX", "DirectX", "Green is down: Unreal Engine, 3ds Max"),
        ),
    )


class RELIGHT_STAGE_OT_export_maps(Task, bpy.types.Operator):
    """Write the chosen maps of the relit photo as files"""

    bl_idname = "relight_stage.export_maps"
    bl_label = "Export Maps"
    bl_options: ClassVar[set[str]] = set()

    def steps(self, context: bpy.types.Context) -> Steps:
        settings = context.scene.relight_stage_export
        folder = output_folder(settings.folder)
        photo, work = _gather_chosen(context)
        write = partial(_write, folder, Path(photo.name).stem, settings.form)
        paths = yield lambda progress: write(*work(progress))
        names = ", ".join(path.name for path in paths)
        self.report({"INFO"}, translate(f"{names} written to {folder}"))


class RELIGHT_STAGE_OT_keep_maps(Task, bpy.types.Operator):
    """Keep the chosen maps as images, packed into the .blend file"""

    bl_idname = "relight_stage.keep_maps"
    bl_label = "Copy to Images"
    bl_options: ClassVar[set[str]] = {"UNDO"}

    def steps(self, context: bpy.types.Context) -> Steps:
        photo, work = _gather_chosen(context)
        stem = Path(photo.name).stem
        yield from store(stem, (yield partial(_encode, work)))


class RELIGHT_STAGE_OT_recombine_maps(Task, bpy.types.Operator):
    """Add the maps to the scene's compositor, with a node group that joins them to the relit picture"""

    bl_idname = "relight_stage.recombine_maps"
    bl_label = "Add to Compositor"
    bl_options: ClassVar[set[str]] = {"UNDO"}

    def steps(self, context: bpy.types.Context) -> Steps:
        scene_name = context.scene.name
        photo, work = _gather(context, set(compositing.INPUTS), directx=False)
        stem = Path(photo.name).stem
        kept = yield from store(stem, (yield partial(_encode, work)))
        scene = still_there(bpy.data.scenes, scene_name, "the maps were computed")
        compositing.show(scene, kept)


def _gather_chosen(
    context: bpy.types.Context,
) -> tuple[bpy.types.Image, Callable[[Progress], tuple[dict[str, np.ndarray], np.ndarray]]]:
    """``_gather`` of the maps that are chosen in the panel."""
    settings = context.scene.relight_stage_export
    if not settings.maps:
        raise PhotoError("No map is chosen. Choose at least one under Export.")
    return _gather(context, set(settings.maps), settings.normals == "DIRECTX")


def output_folder(text: str) -> Path:
    """A folder setting as an absolute path; ExportError where there is none."""
    folder = preferences.folder(text)
    if folder is None or not folder.is_absolute():
        raise ExportError(
            f"The folder {text or '(none)'} is beside a file that has never been saved. Save the .blend file, or "
            "choose another folder."
        )
    return folder


def _gather(
    context: bpy.types.Context, names: set[str], directx: bool
) -> tuple[bpy.types.Image, Callable[[Progress], tuple[dict[str, np.ndarray], np.ndarray]]]:
    """The photo, and the call that computes its maps and its matte."""
    photo, take_apart = portraits.gather(context)
    settings = context.scene.relight_stage
    networks = preferences.networks()
    read_light = None
    if needs_light(names):
        view = probe.view_of(context, settings.frame)
        read_light = lighting.gather_light(context, view, studio, networks).balanced(settings.balance).read
    sliders = properties.sliders_of(settings)

    def compute(progress: Progress) -> tuple[dict[str, np.ndarray], np.ndarray]:
        portrait = take_apart(lambda fraction, text: progress(_TAKEN_APART * fraction, text))
        progress(_TAKEN_APART, "Computing the maps")
        lit = None
        if read_light is not None:
            lit = layers(portrait, studio.light(portrait, read_light(False), networks=networks), sliders)
        maps = gather_maps(portrait, lit, names, directx)
        progress(0.9, "Storing the maps")
        return maps, portrait.matte

    return photo, compute


def _write(folder: Path, stem: str, form: str, maps: dict[str, np.ndarray], matte: np.ndarray) -> list[Path]:
    if form == "LAYERS":
        path = folder / f"{stem}_layers.exr"
        write_layers(path, maps, {name: layer_channels(name) for name in maps})
        return [path]
    paths = []
    for name, values in maps.items():
        path = folder / f"{stem}_{name}.{form.lower()}"
        if form == "PNG":
            write_png(path, png(name, maps, matte))
        else:
            write_layers(path, {name: values}, {name: file_channels(values)})
        paths.append(path)
    return paths


def _encode(work: Callable[[Progress], tuple[dict[str, np.ndarray], np.ndarray]], progress: Progress) -> dict[str, Exr]:
    maps, matte = work(progress)
    return {name: encode(rgba(name, maps, matte), is_data(name)) for name in maps}


class _ExportPanel:
    bl_region_type = "UI"
    bl_category = "Relight"
    bl_label = "Export"
    bl_options: ClassVar[set[str]] = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        settings = context.scene.relight_stage_export
        layout = self.layout
        grid = layout.grid_flow(columns=2, align=True)
        grid.prop(settings, "maps")
        layout.row().prop(settings, "normals", expand=True)
        layout.prop(settings, "form", text="")
        layout.prop(settings, "folder", text="")
        layout.operator("relight_stage.export_maps", icon="EXPORT")
        column = layout.column(align=True)
        column.operator("relight_stage.keep_maps", icon="IMAGE_DATA")
        column.operator("relight_stage.recombine_maps", icon="NODE_COMPOSITING")


class RELIGHT_STAGE_PT_export_image_editor(_ExportPanel, bpy.types.Panel):
    bl_space_type = "IMAGE_EDITOR"
    bl_parent_id = "RELIGHT_STAGE_PT_image_editor"


class RELIGHT_STAGE_PT_export_viewport(_ExportPanel, bpy.types.Panel):
    bl_space_type = "VIEW_3D"
    bl_parent_id = "RELIGHT_STAGE_PT_viewport"


_register, _unregister = bpy.utils.register_classes_factory(
    (
        RELIGHT_STAGE_PG_export,
        RELIGHT_STAGE_OT_export_maps,
        RELIGHT_STAGE_OT_keep_maps,
        RELIGHT_STAGE_OT_recombine_maps,
        RELIGHT_STAGE_PT_export_image_editor,
        RELIGHT_STAGE_PT_export_viewport,
    )
)


def register() -> None:
    _register()
    bpy.types.Scene.relight_stage_export = PointerProperty(type=RELIGHT_STAGE_PG_export)


def unregister() -> None:
    del bpy.types.Scene.relight_stage_export
    _unregister()
