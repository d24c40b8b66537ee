"""The virtual light stage: one subject before one camera, rendered by Cycles under toggled lights.

All images are (H, W, 3) float32, scene-linear Rec.709, associated alpha, top row first. Cycles facts that the recipe
rests on are in docs/light-stage.md.
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import bpy
import numpy as np

from ..errors import RenderError, SampleError
from ..scenes.build.aovs import AOVS
from ..scenes.build.subject import build_bust, show_measuring_surface
from ..scenes.build.surroundings import build_black_world, build_camera, build_olat_light
from ..scenes.build.versions import PASS_NAMES, set_multilayer_exr
from ..scenes.bust import LABELS, Bust
from ..scenes.cameras import Camera
from ..scenes.lights import OLAT_CHUNK
from .denoise import denoise, is_denoiser_here
from .exr import read_planes, stack

RGB = ("R", "G", "B")
MEASURE_SAMPLES = 32  # per pixel, for what does not depend on light


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

    def __init__(
        self, bust: Bust, camera: Camera, size: int, seed: int, bounces: int = 4, denoised: bool = True
    ) -> None:
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
        _set_up_render(scene, size, seed, bounces)
        _add_passes(scene.view_layers[0])
        self.surface = self._measure()

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
        on = self.split(self.render_planes(samples))
        self._set_visibility(False)
        off = self.split(self.render_planes(samples)).diffuse
        self._set_visibility(True)
        return on, off

    def light_one_at_a_time(self, directions: np.ndarray, samples: int) -> list[Split]:
        """Render the subject under N discs of light, each alone, by light groups.

        Each light stands twice: one copy that glossy rays do not see, one that diffuse rays do not see.

        Args:
            directions: (N, 3) towards the lights, camera frame.
            samples: per pixel, for each light; its two copies share them.
        """
        self.scene.world = self.black
        rotation = self.camera.matrix_world()[:3, :3]
        images: list[Split] = []
        for start in range(0, len(directions), OLAT_CHUNK):
            chunk = directions[start : start + OLAT_CHUNK] @ rotation.T
            planes = self.render_lamps(chunk, len(directions), samples)
            for i in range(len(chunk)):
                parts = (stack(planes, f"ViewLayer.Combined_{kind}_{i}", RGB) for kind in ("diffuse", "specular"))
                images.append(Split(*(self._clean(part, fast=True) for part in parts)))
        return images

    def render_lamps(self, directions: np.ndarray, count: int, samples: int) -> dict[str, np.ndarray]:
        """Render up to OLAT_CHUNK lights of a rig of ``count`` together, each copy in its own light group.

        Args:
            directions: (n, 3) towards the lights, world frame.

        Returns:
            all planes of the EXR; ``ViewLayer.Combined_diffuse_i.R`` is light i without specular.
        """
        layer = self.scene.view_layers[0]
        lamps: list[bpy.types.Object] = []
        try:
            for i, direction in enumerate(directions):
                for kind in ("diffuse", "specular"):
                    name = f"{kind}_{i}"
                    lamp = build_olat_light(name, direction, count, self.lamps)
                    lamp.visible_glossy = kind == "specular"
                    lamp.visible_diffuse = kind == "diffuse"
                    lamp.lightgroup = layer.lightgroups.add(name=name).name
                    lamps.append(lamp)
            # Each bounce draws one of the lamps, so a light gets its share of the samples.
            return self.render_planes(samples * len(directions))
        finally:
            for lamp in lamps:
                bpy.data.lights.remove(lamp.data)
            while layer.lightgroups:
                layer.lightgroups.remove(layer.lightgroups[0])

    def _set_visibility(self, visible: bool) -> None:
        """Whether the subject's surfaces hide light from each other (and send each other light)."""
        for obj in self.subject.objects:
            obj.visible_shadow = obj.visible_diffuse = obj.visible_glossy = visible

    def render_planes(self, samples: int) -> dict[str, np.ndarray]:
        """Render the scene as it stands; every channel of Cycles' EXR by its name, (H, W), not denoised."""
        self.scene.cycles.samples = samples
        self.scene.update_tag()  # persistent data does not notice changes of Cycles' own settings
        with tempfile.TemporaryDirectory(prefix="relight-stage-") as folder:
            path = Path(folder) / "passes.exr"
            self.scene.render.filepath = str(path)
            with _muted():
                bpy.ops.render.render(write_still=True, scene=self.scene.name)
            # On a full disk Blender reports success and leaves a file that is cut short, or none.
            try:
                return read_planes(path)
            except SampleError:
                raise RenderError(
                    f"Cycles' image in {folder} is missing or cut short. Is the disk of the temporary folder full?"
                ) from None

    def split(self, planes: dict[str, np.ndarray]) -> Split:
        """Split an image of all lights together by Cycles' passes."""

        def light(kind: str) -> np.ndarray:
            direct, indirect, colour = (_pass(planes, kind + part) for part in ("Dir", "Ind", "Col"))
            return (direct + indirect) * colour

        return Split(self._clean(light("Diff")), self._clean(light("Gloss")))

    def _clean(self, image: np.ndarray, fast: bool = False) -> np.ndarray:
        if self.denoised:
            image = denoise(image, self.surface.albedo, self.surface.normal, fast)
        return image * (self.surface.matte > 0)

    def _measure(self) -> Surface:
        self.scene.world = self.black
        show_measuring_surface(self.subject, True)
        cycles = self.scene.cycles
        bounces, cycles.max_bounces = cycles.max_bounces, 0
        planes = self.render_planes(MEASURE_SAMPLES)
        cycles.max_bounces = bounces
        show_measuring_surface(self.subject, False)
        aovs = {name: stack(planes, f"ViewLayer.{name}", RGB) for name in AOVS}
        matte = stack(planes, "ViewLayer.Combined", ("A",)).clip(0, 1)
        parsing = np.concatenate([aovs[f"parsing_{k}"] for k in range(3)], axis=-1)[:, :, : len(LABELS)]
        # Behind a transparent surface AOVs are as noisy as the path's choice to pass it; the labels of a pixel have the
        # same noise and must sum to its coverage, which cancels it.
        seen = parsing.sum(axis=-1, keepdims=True)
        scale = np.where(seen > 0, matte / np.maximum(seen, 1e-6), 0)
        return Surface(
            albedo=(aovs["albedo"] * scale).clip(0, 1),
            normal=((aovs["normal"] * scale) @ self.camera.matrix_world()[:3, :3]).astype(np.float32),
            depth=np.where(seen > 0, aovs["depth"][:, :, :1] / np.maximum(seen, 1e-6), 0).astype(np.float32),
            matte=matte * (seen > 0),
            parsing=(parsing * scale).clip(0, 1),
        )


@contextmanager
def _muted() -> Iterator[None]:
    """Keep Blender's line about each file that it saves out of the progress of a batch."""
    sys.stdout.flush()
    kept = os.dup(1)
    silence = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(silence, 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(silence)


def _pass(planes: dict[str, np.ndarray], name: str) -> np.ndarray:
    return stack(planes, f"ViewLayer.{PASS_NAMES[name]}", RGB)


def _set_up_render(scene: bpy.types.Scene, size: int, seed: int, bounces: int) -> None:
    render, cycles = scene.render, scene.cycles
    render.engine = "CYCLES"
    render.resolution_x = render.resolution_y = size
    render.resolution_percentage = 100
    render.use_border = render.use_motion_blur = render.use_compositing = render.use_sequencer = False
    render.use_simplify = False
    # Loading textures and building the acceleration structure takes a second for each of a sample's renders.
    render.use_persistent_data = True
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
    # Without it AOVs end at the first surface of half opacity.
    layer.pass_alpha_threshold = 1.0
    for name in AOVS:
        aov = layer.aovs.add()
        aov.name, aov.type = name, "COLOR"


def _data_blocks() -> dict[str, set[int]]:
    """Addresses of what is in the file now, by collection of bpy.data, so that the rest can be removed again."""
    names = (
        "objects",
        "scenes",
        "collections",
        "meshes",
        "hair_curves",
        "materials",
        "images",
        "cameras",
        "lights",
        "worlds",
    )
    return {name: {block.as_pointer() for block in getattr(bpy.data, name)} for name in names}
