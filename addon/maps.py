"""The maps of a relit photo that leave the add-on: their pictures, and their channels in an EXR. No bpy.

relit == albedo · shading · shadow + specular, all but the ratios shading and shadow times the matte, as in the samples
(docs/architecture.md). Arrays are (H, W, C) float32, scene-linear, top row first.
"""

import numpy as np

from ..nets.infer import Portrait
from ..nets.lit import Layers
from ..scenes.colour import linear_to_srgb
from ..synth.passes import RGB, layer
from .relief import depth_of

# Name -> what it is, in the order of the menu.
DESCRIPTIONS = {
    "relit": "The person under the scene's light; alpha is the matte",
    "matte": "Coverage of the person",
    "foreground": "The person as photographed, without the background",
    "albedo": "Diffuse reflectance, free of light and shadow",
    "normals": "Surface directions seen from the camera",
    "depth": "Metres along the viewing axis, the nearest point at 1 m",
    "shading": "Light as white would reflect it, without cast shadow",
    "shadow": "What cast shadow leaves of the light",
    "specular": "What does not pass through albedo: highlights",
    "roughness": "How rough skin, hair, eyes and clothes are as a rule",
}
_DATA = {"matte", "normals", "depth", "shadow", "roughness"}
_CHANNELS = {
    "relit": (*RGB, "A"),
    "normals": layer("normal", ("X", "Y", "Z")),
    "depth": layer("depth", ("Z",)),
    "matte": layer("matte", ("V",)),
    "roughness": layer("roughness", ("V",)),
}


def gather_maps(
    portrait: Portrait, layers: Layers | None, names: set[str], directx: bool = False
) -> dict[str, np.ndarray]:
    """The maps by name, associated with the matte where that means something.

    Args:
        layers: of the portrait under a light; None where no map asks for one.
        directx: turn the normals' green downwards.
    """
    matte = portrait.matte[:, :, None]

    def draw(name: str) -> np.ndarray:
        match name:
            case "matte":
                return matte
            case "foreground":
                return portrait.foreground * matte
            case "albedo":
                return portrait.albedo * matte
            case "normals":
                return portrait.normals * matte * np.float32((1, -1 if directx else 1, 1))
            case "depth":
                return depth_of(portrait)[:, :, None]
            case "roughness":
                return portrait.roughness[:, :, None]
        assert layers is not None, f"{name} needs a light"
        match name:
            case "relit":
                return np.concatenate([layers.relit * matte, matte], axis=-1)
            case "shading":
                return layers.diffuse_light
            case "shadow":
                return layers.shadow
            case "specular":
                return layers.specular * matte
        raise ValueError(f"there is no map {name}")

    return {name: np.ascontiguousarray(draw(name), np.float32) for name in DESCRIPTIONS if name in names}


def needs_light(names: set[str]) -> bool:
    """Whether any of these maps depends on the light."""
    return not names.isdisjoint({"relit", "shading", "shadow", "specular"})


def is_data(name: str) -> bool:
    """Whether a map's values are numbers rather than colours."""
    return name in _DATA


def layer_channels(name: str) -> tuple[str, ...]:
    """A map's channels in the one EXR that holds all: ``shadow.R`` …; the relit picture is what a viewer shows."""
    return _CHANNELS.get(name, layer(name, RGB))


def file_channels(values: np.ndarray) -> tuple[str, ...]:
    """A map's channels in an EXR of its own."""
    return {1: ("Y",), 3: RGB, 4: (*RGB, "A")}[values.shape[2]]


def rgba(name: str, maps: dict[str, np.ndarray], matte: np.ndarray) -> np.ndarray:
    """A map as an image in Blender, (H, W, 4): colours associated with the matte, data opaque, normals as (n + 1)/2."""
    values = (maps[name] + 1) / 2 if name == "normals" else maps[name]
    values = np.repeat(values, 3, axis=2) if values.shape[2] == 1 else values
    if values.shape[2] == 4:
        return values
    has_matte = name in {"foreground", "albedo", "specular"}
    alpha = matte[:, :, None] if has_matte else np.ones_like(values[:, :, :1])
    return np.concatenate([values, alpha], axis=-1)


def png(name: str, maps: dict[str, np.ndarray], matte: np.ndarray) -> np.ndarray:
    """A map as a PNG shows it, in [0, 1]: colours sRGB-encoded and straight, depth white near and black far."""
    values = maps[name]
    if name == "depth":
        inside = matte > 0
        near, far = (values[inside].min(), values[inside].max()) if inside.any() else (0.0, 1.0)
        return np.where(inside[:, :, None], (far - values) / max(far - near, 1e-6), 0)
    if name == "normals":
        return (values + 1) / 2
    if is_data(name):
        return values
    alpha = matte[:, :, None]
    if name == "shading":
        return linear_to_srgb(values)
    straight = np.where(alpha > 1e-3, values[:, :, :3] / np.maximum(alpha, 1e-3), 0)
    if name == "specular":
        return linear_to_srgb(values)
    return np.concatenate([linear_to_srgb(straight), alpha], axis=-1)
