"""Training examples: this is where light, crop and camera become augmentation.

An OLAT sample is lit by one random light to make the photo and by another to make the picture that is wanted; a
sample without OLAT serves with the one light it was rendered under. Arrays are (H, W, C), batches (B, C, H, W)
float32; colours scene-linear and straight, except ``photo``, which is sRGB-encoded.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..scenes import light_map as light_maps
from ..scenes.colour import srgb_to_linear
from ..scenes.light_map import olat_weights
from .camera import camera_rand, grade, photograph
from .crops import Crop, crop_rand, straight, warp
from .data import ALBEDO, FULL, MATTE, NORMAL, PARSING, SPECULAR, Dataset, Subject
from .dyes import dye_rand
from .illumination import lamps_rand, light_rand, stage_light
from .light import HEIGHT as LIGHT_HEIGHT
from .photography import as_grey, backdrop_rand, exposure_rand, seen_foreground

SEEN_LIGHTS = 8  # of a sample, whose shadows an example shows


class Needs(NamedTuple):
    """What a stage learns from besides the photo and its maps.

    Attributes:
        relit: the picture under a second light.
        seen: from which of some lights light arrives.
        light: the light that the photo was taken in.
    """

    relit: bool = False
    seen: bool = False
    light: bool = False

    @property
    def placed(self) -> bool:
        """Light is known, so somebody has to be there and no light map be turned that cannot be."""
        return self.relit or self.light


def lit(subject: Subject, weights: np.ndarray) -> np.ndarray:
    """Sum OLAT images: weights (K, N, 3) -> (K, H, W, 6) float32, diffuse then specular, associated."""
    assert subject.olat is not None
    factors = torch.from_numpy(np.ascontiguousarray(weights.transpose(2, 0, 1))).to(torch.float16)
    sums = torch.matmul(factors, subject.olat).float().numpy()  # (2, 3, K, P)
    height, width = subject.maps.shape[:2]
    out = np.zeros((len(weights), height * width, 6), np.float32)
    out[:, subject.pixels] = sums.transpose(2, 3, 0, 1).reshape(len(weights), -1, 6)
    return out.reshape(len(weights), height, width, 6)


def example_rand(rng: np.random.Generator, dataset: Dataset, size: int, needs: Needs) -> dict:
    """Draw one training example.

    Returns:
        Arrays (H, W, C) by the names that the losses use.
    """
    relit = needs.relit
    subject = dataset.subjects[rng.integers(len(dataset.subjects))]
    maps = subject.maps.astype(np.float32)
    dye = dye_rand(rng, maps[:, :, ALBEDO], maps[:, :, MATTE], maps[:, :, PARSING])
    maps[:, :, FULL] = (maps[:, :, FULL] - maps[:, :, SPECULAR]) * dye + maps[:, :, SPECULAR]
    maps[:, :, ALBEDO] *= dye
    config = dataset.config
    camera = camera_rand(rng, config.photography)
    wanted, light_map = maps[:, :, :6], subject.light_map
    portrait = maps[:, :, FULL]
    placed = needs.placed
    if subject.olat is None:
        crop = crop_rand(rng, subject.maps.shape[0], subject.face, size, config.tight, upright=placed, wide=not placed)
        light_map = light_map[:, ::-1] if crop.flip else light_map
        photo_light = light_map
    else:
        own = relit and not subject.is_under(config.test_hdris) and not camera.grey and rng.uniform() < 0.2
        # Small lights with gaps between them are no panorama.
        sharp = own or (rng.uniform() < 0.2 and not subject.is_gappy)
        upright = placed and sharp
        crop = crop_rand(rng, subject.maps.shape[0], subject.face, size, config.tight, upright, wide=not placed)
        lights, weights = _lights_rand(rng, 2 if relit and not own else 1, dataset, subject, camera.grey)
        sums = lit(subject, weights)
        sums[:, :, :, :3] *= dye
        portrait = sums[0, :, :, :3] + sums[0, :, :, 3:]
        if len(lights) == 2:
            wanted = np.concatenate([sums[1, :, :, :3] + sums[1, :, :, 3:], sums[1, :, :, 3:]], axis=2)
            light_map = lights[1] if sharp else _stage_light(subject, weights[1], crop)
        if sharp and crop.flip:
            light_map = light_map[:, ::-1]
        if needs.light:
            photo_light = _stage_light(subject, weights[0], crop)
            if sharp:
                photo_light = lights[0][:, ::-1] if crop.flip else lights[0]
    parts = [portrait, maps[:, :, 6:]] + ([wanted] if relit else [])
    warped = warp(np.concatenate(parts, axis=2), crop, size)
    portrait, wanted = warped[:, :, :3], warped[:, :, 17:]
    albedo, normal, matte, parsing = (warped[:, :, s] for s in _shifted(ALBEDO, NORMAL, MATTE, PARSING))
    matte = np.clip(matte, 0, 1)

    backdrop = backdrop_rand(rng, size, dataset.panoramas, config.views)
    if not placed and rng.uniform() < 0.06:  # nobody there
        portrait, albedo, normal, matte, parsing = (
            np.zeros_like(a) for a in (portrait, albedo, normal, matte, parsing)
        )
    factors = exposure_rand(rng, portrait if matte.any() else backdrop, matte)
    brightness = 0.18 * np.exp(rng.normal(0.1, 0.7))
    if rng.uniform() < config.dark:
        brightness *= np.exp(rng.uniform(-6, -1))
    photo = photograph(camera, rng, portrait * factors + (1 - matte) * backdrop * brightness)
    layers = (straight(portrait * factors, matte), backdrop * brightness)
    foreground, background = (srgb_to_linear(grade(camera, layer)) for layer in layers)
    albedo = straight(albedo, matte)
    if camera.grey:
        albedo = as_grey(albedo)
    normal = crop.turn(normal)
    normal = normal / np.maximum(np.linalg.norm(normal, axis=2, keepdims=True), 1e-6)
    example = {
        "photo": photo,
        "foreground": seen_foreground(photo, foreground, matte),
        "foreground_true": foreground,
        "background": background,
        "matte": matte,
        "parsing": np.concatenate([1 - matte, np.clip(parsing, 0, 1)], axis=2),
        "normal": normal,
        "albedo": np.clip(albedo, 0, 1),
    }
    if relit:
        full, specular = straight(wanted[:, :, :3], matte), np.maximum(straight(wanted[:, :, 3:], matte), 0)
        if camera.grey:
            full, specular, light_map = as_grey(full), as_grey(specular), as_grey(light_map)
        example |= {"relit": full, "specular": specular, "light_map": light_map}
    if needs.light:
        # Whatever the camera did to colours and brightness, the light did.
        plain, light = (as_grey(x) if camera.grey else x for x in (portrait, photo_light))
        graded = (foreground * matte).sum(axis=(0, 1)) / np.maximum(plain.sum(axis=(0, 1)), 1e-6)
        example["photo_light"] = light_maps.resize(light, LIGHT_HEIGHT) * graded
    if needs.seen:
        example |= _seen_rand(rng, subject, crop, size)
    return example


def _lights_rand(
    rng: np.random.Generator, count: int, dataset: Dataset, subject: Subject, grey: bool
) -> tuple[list[np.ndarray], np.ndarray]:
    """Draw light maps and the weights (count, N, 3) that make them of a subject's OLAT images."""
    assert subject.directions is not None
    lights, weights = [], []
    for _ in range(count):
        if subject.half_angle is not None and subject.is_gappy and rng.uniform() < 0.8:
            drawn = lamps_rand(rng, dataset.lights, subject.directions, subject.half_angle)
            weights.append(as_grey(drawn) if grey else drawn)
            lights.append(stage_light(weights[-1], subject.directions, subject.half_angle))
        else:
            light = light_rand(rng, dataset.lights)
            # Under white light a person without colour is the luminance of one with.
            lights.append(as_grey(light) if grey else light)
            weights.append(olat_weights(lights[-1], subject.directions, subject.half_angle))
    return lights, np.stack(weights)


def _stage_light(subject: Subject, weights: np.ndarray, crop: Crop) -> np.ndarray:
    """The light map of a subject's stage as the crop turns it."""
    assert subject.directions is not None
    return stage_light(weights, crop.turn(subject.directions), subject.half_angle)


def _seen_rand(rng: np.random.Generator, subject: Subject, crop: Crop, size: int) -> dict[str, np.ndarray]:
    """Some lights: ``toward`` (1, K, 3), and at half the size the share of each that arrives and how sure that is."""
    half = size // 2
    seen, toward = np.zeros((half, half, 2 * SEEN_LIGHTS), np.float32), np.tile([0.0, 0.0, 1.0], (SEEN_LIGHTS, 1))
    if subject.visible is not None and subject.directions is not None:
        lights = rng.choice(len(subject.directions), SEEN_LIGHTS)
        share, sure = subject.visible[:, lights].astype(np.float32)
        height, width = subject.maps.shape[:2]
        maps = np.zeros((height * width, 2 * SEEN_LIGHTS), np.float32)
        maps[subject.pixels] = np.concatenate([share * sure, sure]).T
        warped = warp(maps.reshape(height, width, -1), crop, size)
        seen = warped.reshape(half, 2, half, 2, -1).mean(axis=(1, 3))
        seen[:, :, :SEEN_LIGHTS] /= np.maximum(seen[:, :, SEEN_LIGHTS:], 1e-4)
        toward = crop.turn(subject.directions[lights])
    arriving, sure = np.split(np.clip(seen, 0, 1), 2, axis=2)
    return {"arriving": arriving, "sure": sure, "toward": toward[None]}


def _shifted(*channels: slice) -> list[slice]:
    """Where channels of Subject.maps lie once the portrait has replaced full and specular."""
    return [slice(c.start - 3, c.stop - 3) for c in channels]


def batch_rand(
    rng: np.random.Generator,
    dataset: Dataset,
    count: int,
    size: int,
    needs: Needs,
    share: slice = slice(None),
) -> dict[str, Tensor]:
    """Draw a batch of examples, (B, C, H, W) float32 tensors by name; ``share``: only these of the ``count``."""
    examples = [example_rand(child, dataset, size, needs) for child in rng.spawn(count)[share]]
    return {
        name: torch.from_numpy(np.stack([e[name] for e in examples]).astype(np.float32)).permute(0, 3, 1, 2)
        for name in examples[0]
    }
