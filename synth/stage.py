"""The virtual light stage: one subject before one camera, rendered by Cycles under toggled lights.

All images are (H, W, 3) float32, scene-linear Rec.709, associated alpha, top row first. Cycles facts that the recipe
rests on are in docs/light-stage.md.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import bpy
import numpy as np
from mathutils import Matrix

from ..errors import RenderError, SampleError
from ..scenes.build.aovs import AOVS, MEASURING, REAL, TRACKING, TRACKS
from ..scenes.build.moving import move_bust
from ..scenes.build.subject import build_bust, show_surface
from ..scenes.build.surroundings import build_black_world, build_camera
from ..scenes.build.versions import PASS_NAMES, crypto_channels, set_multilayer_exr
from ..scenes.bust import LABELS, Bust
from ..scenes.cameras import Camera
from ..scenes.lights import olat_half_angle
from .cryptomatte import Manifests, manifest_of
from .denoise import denoise, is_denoiser_here
from .device import CPU, use_device
from .exr import read_exr, stack
from .flow import HAIR_TOLERANCE_M, TOLERANCE_M, Track
from .lamps import aim, chunks_of, standing_lamps
from .muting import muted
from .passes import CRYPTOMATTE_LAYERS, CRYPTOMATTES, RGB, layer
from .sample import halves

MEASURE_SAMPLES = 32  # per pixel, for what does not depend on light
# Around the subject, so that its outline does not lie on the border of what the denoiser sees.
DENOISING_MARGIN_PX = 8


class Surface(NamedTuple):
    """What a camera sees of the subject whatever the light: maps as in synth.passes.MAPS.

    Attributes:
        cryptomatte: name of the map -> (H, W, 4).
        manifests: of each Cryptomatte: the name of each object or material -> its id in hexadecimal digits.
    """

    albedo: np.ndarray
    normal: np.ndarray
    depth: np.ndarray
    position: np.ndarray
    uv: np.ndarray
    roughness: np.ndarray
    specular_weight: np.ndarray
    subsurface_weight: np.ndarray
    matte: np.ndarray
    parsing: np.ndarray
    cryptomatte: dict[str, np.ndarray]
    manifests: Manifests


class Lit(NamedTuple):
    """A picture in parts: what passes through albedo, straight from the light and by way of other surfaces, and the
    rest."""

    direct: np.ndarray
    indirect: np.ndarray
    specular: np.ndarray

    @property
    def diffuse(self) -> np.ndarray:
        return self.direct + self.indirect


class Single(NamedTuple):
    """A picture under one light: what passes through albedo, the rest, and the first with visibility off.

    In half floats, as samples hold them: a rig has hundreds of lights.
    """

    diffuse: np.ndarray
    specular: np.ndarray
    unshadowed: np.ndarray


class Stage:
    """A Blender scene of its own, removed with all its data on leaving the ``with`` block.

    Args:
        bust: the subject.
        size: sides of the square pictures in pixels.
        seed: Cycles' sampling seed, the same for all toggles: then on/off ratios never exceed 1 by noise.
        bounces: of light between surfaces.
        denoised: denoise every image where this Blender has Open Image Denoise.
        device: ``cpu`` or a kind of GPU, as ``choose_device`` says.
    """

    def __init__(
        self,
        bust: Bust,
        camera: Camera,
        size: int,
        seed: int,
        bounces: int = 4,
        denoised: bool = True,
        device: str = CPU,
    ) -> None:
        self.camera = camera
        self.device = device
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
        use_device(scene, device)
        self.surface = self._measure()

    def __enter__(self) -> "Stage":
        return self

    def __exit__(self, *_: object) -> None:
        for name, kept in self.before.items():
            blocks = getattr(bpy.data, name)
            bpy.data.batch_remove([block for block in blocks if block.as_pointer() not in kept])

    def move(self, bust: Bust, camera: Camera) -> None:
        """Go on to another frame: the same bust in another pose, the same lens at another place."""
        move_bust(bust, self.subject)
        self.camera = camera
        self.scene.camera.matrix_world = Matrix(camera.matrix_world().tolist())
        self.surface = self._measure()

    def track(self) -> Track:
        """What stands at the pixels' centres, and where it is in the neighbouring frames; see ``move``."""
        with self._reading(TRACKING):
            # Cycles' first sample of a pixel goes through its centre.
            planes = self.render_planes(1)
        here, previous, following = (stack(planes, layer(f"ViewLayer.{name}", RGB)) for name in TRACKS)
        hair = self.surface.parsing[:, :, [LABELS.index("hair"), LABELS.index("brows")]].sum(axis=-1)
        return Track(
            seen=stack(planes, ("ViewLayer.Combined.A",))[:, :, 0] > 0.5,
            position=here,
            previous=previous,
            following=following,
            tolerance_m=np.where(hair > 0.1, HAIR_TOLERANCE_M, TOLERANCE_M),
        )

    def light_by_world(self, world: bpy.types.World, samples: int) -> tuple[Lit, np.ndarray]:
        """Render under a world.

        Returns:
            the picture with visibility on, and its diffuse part with visibility off.
        """
        on = self.light_visibly(world, samples)
        with self._visibility_off():
            off = self.split(self.render_planes(samples)).diffuse
        return on, off

    def light_visibly(self, world: bpy.types.World, samples: int) -> Lit:
        """Render under a world with visibility on alone."""
        self.scene.world = world
        return self.split(self.render_planes(samples))

    def light_one_at_a_time(
        self, directions: np.ndarray, samples: int, half_angle: float | None = None
    ) -> list[Single]:
        """Render the subject under N discs of light, each alone, by light groups.

        Args:
            directions: (N, 3) towards the lights, camera frame.
            samples: per pixel, for each light; its two copies share them.
            half_angle: of each disc, in radians; None for a solid angle of 4π/N.
        """
        self.scene.world = self.black
        towards = directions @ self.camera.matrix_world()[:3, :3].T
        count, chunks = len(directions), chunks_of(len(directions))
        half_angle = olat_half_angle(count) if half_angle is None else half_angle
        number = chunks[0].stop
        images: dict[int, Single] = {}
        with standing_lamps(self.scene.view_layers[0], self.lamps, number, half_angle) as pairs:
            for chunk in chunks:
                aim(pairs, towards[chunk])
                # Each bounce draws one of the lamps, so a light gets its share of the samples.
                on = self.render_planes(samples * number)
                with self._visibility_off():
                    off = self.render_planes(samples * number)
                for i, light in enumerate(range(count)[chunk]):
                    parts = ((on, "diffuse"), (on, "specular"), (off, "diffuse"))
                    singles = (stack(planes, layer(f"ViewLayer.Combined_{kind}_{i}", RGB)) for planes, kind in parts)
                    images[light] = Single(*(halves(self._clean(single, fast=True)) for single in singles))
        return [images[light] for light in range(count)]

    @contextmanager
    def _visibility_off(self) -> Iterator[None]:
        """The subject's surfaces neither hide light from each other nor send each other light."""
        self._set_visibility(False)
        yield
        self._set_visibility(True)

    def _set_visibility(self, visible: bool) -> None:
        for obj in self.subject.objects:
            obj.visible_shadow = obj.visible_diffuse = obj.visible_glossy = visible

    def render_planes(self, samples: int) -> dict[str, np.ndarray]:
        """Render the scene as it stands; every channel of Cycles' EXR by its name, (H, W), not denoised."""
        return self._render(samples)[0]

    def _render(self, samples: int) -> tuple[dict[str, np.ndarray], dict[str, str]]:
        """Planes and header of Cycles' EXR."""
        self.scene.cycles.samples = samples
        self.scene.update_tag()  # persistent data does not notice changes of Cycles' own settings
        with tempfile.TemporaryDirectory(prefix="relight-stage-") as folder:
            path = Path(folder) / "passes.exr"
            self.scene.render.filepath = str(path)
            with muted():
                bpy.ops.render.render(write_still=True, scene=self.scene.name)
            # On a full disk Blender reports success and leaves a file that is cut short, or none.
            try:
                return read_exr(path)
            except SampleError:
                raise RenderError(
                    f"Cycles' image in {folder} is missing or cut short. Is the disk of the temporary folder full?"
                ) from None

    def split(self, planes: dict[str, np.ndarray]) -> Lit:
        """Split an image of all lights together by Cycles' passes."""
        passes = {name: stack(planes, layer(f"ViewLayer.{PASS_NAMES[name]}", RGB)) for name in PASS_NAMES}
        return Lit(
            self._clean(passes["DiffDir"] * passes["DiffCol"]),
            self._clean(passes["DiffInd"] * passes["DiffCol"]),
            self._clean((passes["GlossDir"] + passes["GlossInd"]) * passes["GlossCol"]),
        )

    def _clean(self, image: np.ndarray, fast: bool = False) -> np.ndarray:
        """Denoise where the subject is, and leave nothing anywhere else."""
        if self.denoised:
            seen = window_of(self.surface.matte, DENOISING_MARGIN_PX)
            noisy, image = image, np.zeros_like(image)
            image[seen] = denoise(noisy[seen], self.surface.albedo[seen], self.surface.normal[seen], fast)
        return image * (self.surface.matte > 0)

    def _measure(self) -> Surface:
        with self._reading(MEASURING):
            planes, texts = self._render(MEASURE_SAMPLES)
        aovs = {name: stack(planes, layer(f"ViewLayer.{name}", RGB)) for name in AOVS}
        matte = stack(planes, ("ViewLayer.Combined.A",)).clip(0, 1)
        parsing = np.concatenate([aovs[f"parsing_{k}"] for k in range(3)], axis=-1)[:, :, : len(LABELS)]
        # Behind a transparent surface AOVs are as noisy as the path's choice to pass it; the labels of a pixel have the
        # same noise and must sum to its coverage, which cancels it.
        seen = parsing.sum(axis=-1, keepdims=True)
        matte = matte * (seen > 0)
        scale = np.where(seen > 0, matte / np.maximum(seen, 1e-6), 0)
        straight = np.where(seen > 0, 1 / np.maximum(seen, 1e-6), 0)
        layout = aovs["uv"][:, :, 2:]
        # Through many sheets of hair the mean of coordinates up to 1 was seen to come out as 1.0004.
        uv = np.where(layout > 1e-3, aovs["uv"][:, :, :2] / np.maximum(layout, 1e-3), 0).clip(0, 1)
        principled = (aovs["principled"] * scale).clip(0, None)
        cryptomatte = {
            name: _cover(stack(planes, crypto_channels(planes, f"ViewLayer.{name}")), scale)
            for cryptomatte in CRYPTOMATTES
            for name in (f"{cryptomatte}{k:02d}" for k in range(CRYPTOMATTE_LAYERS))
        }
        return Surface(
            albedo=(aovs["albedo"] * scale).clip(0, 1),
            normal=((aovs["normal"] * scale) @ self.camera.matrix_world()[:3, :3]).astype(np.float32),
            depth=(aovs["depth"][:, :, :1] * straight).astype(np.float32),
            position=(aovs["position"] * straight).astype(np.float32),
            uv=uv.astype(np.float32),
            roughness=principled[:, :, :1],
            specular_weight=principled[:, :, 1:2],
            subsurface_weight=principled[:, :, 2:],
            matte=matte,
            parsing=(parsing * scale).clip(0, 1),
            cryptomatte=cryptomatte,
            manifests=self._manifests(texts),
        )

    @contextmanager
    def _reading(self, surface: str) -> Iterator[None]:
        """Show a surface of the materials that is there to be read, in the dark, and then the real one again."""
        cycles, view_layer = self.scene.cycles, self.scene.view_layers[0]
        self.scene.world = self.black
        show_surface(self.subject, surface)
        _choose_passes(view_layer, reading=True)
        bounces, cycles.max_bounces = cycles.max_bounces, 0
        yield
        cycles.max_bounces = bounces
        _choose_passes(view_layer, reading=False)
        show_surface(self.subject, REAL)

    def _manifests(self, texts: dict[str, str]) -> Manifests:
        """What stands on the stage by name, out of all that Cycles' header lists."""
        objects = {obj.name for obj in self.subject.objects}
        materials = {material.name for obj in self.subject.objects for material in obj.data.materials}
        return {
            cryptomatte: {name: digits for name, digits in manifest_of(texts, cryptomatte).items() if name in names}
            for cryptomatte, names in zip(CRYPTOMATTES, (objects, materials), strict=True)
        }


def window_of(matte: np.ndarray, margin_px: int) -> tuple[slice, slice]:
    """Rows and columns of the smallest rectangle around what is covered, and a margin; all of them if nothing is."""
    if not matte.any():
        return slice(None), slice(None)
    spans = (np.flatnonzero(matte[:, :, 0].any(axis=axis)) for axis in (1, 0))
    rows, columns = (slice(max(0, span[0] - margin_px), span[-1] + 1 + margin_px) for span in spans)
    return rows, columns


def _cover(ids: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Scale the shares, and leave the ids' bits as they are: (H, W, 4)."""
    shares = np.concatenate([ids[:, :, 1:2] * scale, ids[:, :, 3:] * scale], axis=-1)
    return np.stack([ids[:, :, 0], shares[:, :, 0], ids[:, :, 2], shares[:, :, 1]], axis=-1).astype(np.float32)


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
    view_layer = scene.view_layers[0]
    view_layer.name = "ViewLayer"
    # Without it AOVs end at the first surface of half opacity.
    view_layer.pass_alpha_threshold = 1.0


def _choose_passes(layer: bpy.types.ViewLayer, reading: bool) -> None:
    """Ask Cycles for the AOVs and Cryptomattes, or for the parts of light: no render needs both.

    What is measured and what is tracked are asked for together: when only other AOVs are wanted, Cycles does not
    compile its shaders anew, and they write where the AOVs of the render before were.
    """
    for kind in ("diffuse", "glossy"):
        for part in ("direct", "indirect", "color"):
            setattr(layer, f"use_pass_{kind}_{part}", not reading)
    layer.use_pass_cryptomatte_object = layer.use_pass_cryptomatte_material = reading
    layer.pass_cryptomatte_depth = 2 * CRYPTOMATTE_LAYERS
    while layer.aovs:
        layer.aovs.remove(layer.aovs[0])
    for name in (*AOVS, *TRACKS) if reading else ():
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
