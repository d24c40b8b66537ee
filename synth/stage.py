"""The virtual light stage: one subject before one camera, rendered by Cycles under toggled lights.

All images are (H, W, 3) float32, scene-linear Rec.709, associated alpha, top row first. Cycles facts that the recipe
rests on are in docs/light-stage.md.
"""

import tempfile
from pathlib import Path
from typing import NamedTuple

import bpy
import numpy as np

from ..errors import RenderError
from ..scenes.build.subject import AOVS, build_bust
from ..scenes.build.surroundings import build_black_world, build_camera, build_olat_light
from ..scenes.build.versions import PASS_NAMES, set_multilayer_exr
from ..scenes.bust import LABELS, Bust
from ..scenes.cameras import Camera
from ..scenes.lights import OLAT_CHUNK
from .denoise import denoise, is_denoiser_here
from .exr import read_planes, stack

RGB, XYZ = ("R", "G", "B"), ("X", "Y", "Z")


class Surface(NamedTuple):
    """What a camera sees of the subject whatever the light; names and shapes as in synth.passes.MAPS."""

    albedo: np.ndarray
    normal: np.ndarray
    depth: np.ndarray
    matte: np.ndarray
    parsing: np.ndarray


class Split(NamedTuple):
    """One image in its two parts: what passes through albedo, and what does not."""

    diffuse: np.ndarray
    specular: np.ndarray


class Stage:
    """A Blender scene of its own, removed with all its data on leaving the ``with`` block.

    Args:
        bust: the subject.
        size: sides of the square pictures in pixels.
        seed: Cycles' sampling seed, the same for all toggles: then on/off ratios never exceed 1 by noise.
        bounces: of light between surfaces.
        denoised: denoise every image where this Blender has Open Image Denoise.
    """

    def __init__(self, bust: Bust, camera: Camera, size: int, seed: int, bounces: int = 4, denoised: bool = True) -> None:
        self.camera = camera
        self.denoised = denoised and is_denoiser_here()
        self.before = _data_blocks()
        self.scene = scene = bpy.data.scenes.new("Light Stage")
        self.subject = bpy.data.collections.new("Subject")
        self.lamps = bpy.data.collections.new("Lamps")
        scene.collection.children.link(self.subject)
        scene.collection.children.link(self.lamps)
        build_bust(bust, self.subject)
        scene.camera = build_camera(camera, scene.collection)
        self.black = build_black_world()
        self.surface: Surface | None = None
        _set_up_render(scene, size, seed, bounces)
        _add_passes(scene.view_layers[0])

    def __enter__(self) -> "Stage":
        return self

    def __exit__(self, *_: object) -> None:
        for name, kept in self.before.items():
            blocks = getattr(bpy.data, name)
            bpy.data.batch_remove([block for block in blocks if block.as_pointer() not in kept])

    def light_by_world(self, world: bpy.types.World, samples: int) -> tuple[Split, np.ndarray]:
        """Render under a world.

        Returns:
            the split image with visibility on, and the diffuse image with visibility off.
        """
        self.scene.world = world
        self._set_visibility(True)
        planes = self._render(samples)
        if self.surface is None:
            self.surface = self._surface(planes)
        on = self._split(planes)
        self._set_visibility(False)
        off = self._split(self._render(samples)).diffuse
        self._set_visibility(True)
        return on, off

    def light_one_at_a_time(self, directions: np.ndarray, samples: int) -> list[Split]:
        """Render the subject under N discs of light, each alone, by light groups.

        Each light stands twice: one copy that glossy rays do not see, one that diffuse rays do not see.

        Args:
            directions: (N, 3) towards the lights, camera frame.
            samples: per pixel, for each light.
        """
        self.scene.world = self.black
        rotation = self.camera.matrix_world()[:3, :3]
        images: list[Split] = []
        for start in range(0, len(directions), OLAT_CHUNK):
            chunk = directions[start : start + OLAT_CHUNK] @ rotation.T
            planes = self._render_lamps(chunk, len(directions), samples)
            for i in range(len(chunk)):
                parts = (stack(planes, f"ViewLayer.Combined_{kind}_{i}", RGB) for kind in ("diffuse", "specular"))
                images.append(Split(*(self._clean(part, fast=True) for part in parts)))
        return images

    def _render_lamps(self, directions: np.ndarray, count: int, samples: int) -> dict[str, np.ndarray]:
        layer = self.scene.view_layers[0]
        lamps: list[bpy.types.Object] = []
        try:
            for i, direction in enumerate(directions):
                for kind in ("diffuse", "specular"):
                    lamp = build_olat_light(f"{kind}_{i}", direction, count, self.lamps)
                    lamp.visible_glossy = kind == "specular"
                    lamp.visible_diffuse = kind == "diffuse"
                    lamp.lightgroup = layer.lightgroups.add(name=lamp.name).name
                    lamps.append(lamp)
            # One light is chosen at each bounce: 2·chunk of them share the samples.
            return self._render(samples * len(directions))
        finally:
            for lamp in lamps:
                bpy.data.lights.remove(lamp.data)
            while layer.lightgroups:
                layer.lightgroups.remove(layer.lightgroups[0])

    def _set_visibility(self, visible: bool) -> None:
        """Whether the subject's surfaces hide light from each other (and send each other light)."""
        for obj in self.subject.objects:
            obj.visible_shadow = obj.visible_diffuse = obj.visible_glossy = visible

    def _render(self, samples: int) -> dict[str, np.ndarray]:
        self.scene.cycles.samples = samples
        with tempfile.TemporaryDirectory(prefix="relight-stage-") as folder:
            path = Path(folder) / "passes.exr"
            self.scene.render.filepath = str(path)
            bpy.ops.render.render(write_still=True, scene=self.scene.name)
            if not path.is_file():
                raise RenderError("Cycles wrote no image. Look for its message above; is the temporary folder full?")
            return read_planes(path)

    def _split(self, planes: dict[str, np.ndarray]) -> Split:
        def light(kind: str) -> np.ndarray:
            direct, indirect, colour = (_pass(planes, kind + part) for part in ("Dir", "Ind", "Col"))
            return (direct + indirect) * colour

        return Split(self._clean(light("Diff")), self._clean(light("Gloss")))

    def _clean(self, image: np.ndarray, fast: bool = False) -> np.ndarray:
        assert self.surface is not None, "render under a world first"
        if self.denoised:
            image = denoise(image, self.surface.albedo, self.surface.normal, fast)
        return image * (self.surface.matte > 0)

    def _surface(self, planes: dict[str, np.ndarray]) -> Surface:
        aovs = [stack(planes, f"ViewLayer.{name}", RGB) for name in AOVS]
        matte = stack(planes, "ViewLayer.Combined", ("A",)).clip(0, 1)
        depth = stack(planes, "ViewLayer.Depth", ("Z",))
        normal = stack(planes, "ViewLayer.Normal", XYZ) @ self.camera.matrix_world()[:3, :3]
        # Behind a transparent surface AOVs are as noisy as the path's choice to pass it; the labels of a pixel have the
        # same noise and must sum to its coverage, which cancels it.
        seen = sum(aov.sum(axis=-1, keepdims=True) for aov in aovs[1:])
        aovs = [aov * np.where(seen > 0, matte / np.maximum(seen, 1e-6), 0) for aov in aovs]
        return Surface(
            albedo=aovs[0].clip(0, 1),
            normal=normal.astype(np.float32),
            depth=np.where((matte > 0) & (depth < 1e9), depth, 0).astype(np.float32),
            matte=matte,
            parsing=np.concatenate(aovs[1:], axis=-1)[:, :, : len(LABELS)].clip(0, 1),
        )


def _pass(planes: dict[str, np.ndarray], name: str) -> np.ndarray:
    return stack(planes, f"ViewLayer.{PASS_NAMES[name]}", RGB)


def _set_up_render(scene: bpy.types.Scene, size: int, seed: int, bounces: int) -> None:
    render, cycles = scene.render, scene.cycles
    render.engine = "CYCLES"
    render.resolution_x = render.resolution_y = size
    render.resolution_percentage = 100
    render.use_border = render.use_motion_blur = render.use_compositing = render.use_sequencer = False
    render.use_simplify = False
    render.film_transparent = True
    render.filter_size = 1.5
    render.use_overwrite = True
    render.use_file_extension = False
    set_multilayer_exr(render.image_settings)
    cycles.device = "CPU"
    cycles.seed = seed
    cycles.film_exposure = 1.0
    cycles.use_adaptive_sampling = cycles.use_denoising = False
    # The light tree costs two to four times as much as uniform picking and is no less noisy with equal lights.
    cycles.use_light_tree = False
    cycles.sample_clamp_direct = cycles.sample_clamp_indirect = 0.0
    cycles.blur_glossy = 0.0
    cycles.caustics_reflective = cycles.caustics_refractive = False
    cycles.max_bounces = bounces
    cycles.diffuse_bounces = cycles.glossy_bounces = bounces
    cycles.transmission_bounces = 0
    cycles.transparent_max_bounces = 16
    scene.cycles_curves.shape = "RIBBONS"
    scene.display_settings.display_device = "sRGB"
    scene.view_settings.view_transform = "Raw"


def _add_passes(layer: bpy.types.ViewLayer) -> None:
    layer.name = "ViewLayer"
    for kind in ("diffuse", "glossy"):
        for part in ("direct", "indirect", "color"):
            setattr(layer, f"use_pass_{kind}_{part}", True)
    layer.use_pass_z = layer.use_pass_normal = True
    for name in AOVS:
        aov = layer.aovs.add()
        aov.name, aov.type = name, "COLOR"


def _data_blocks() -> dict[str, set[int]]:
    """Addresses of what is in the file now, by collection of bpy.data, so that the rest can be removed again."""
    names = ("objects", "scenes", "collections", "meshes", "hair_curves", "materials", "images", "cameras", "lights", "worlds")
    return {name: {block.as_pointer() for block in getattr(bpy.data, name)} for name in names}
