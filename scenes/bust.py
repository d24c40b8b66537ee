"""A person's geometry before it becomes Blender data: parts, strands and landmarks.

Frame: metres, Z up, the face looks along −Y, +X is the subject's left, the origin midway between the eyeballs.
Colours are scene-linear Rec.709. Shape letters: V vertices, F faces, K strands, P points a strand.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

# Parsing labels in the order of the parsing map's channels; a face's label is an index into this tuple.
LABELS = ("skin", "brows", "eyes", "lips", "mouth", "hair", "clothes", "accessories", "props")


@dataclass(frozen=True)
class Weave:
    """A second colour in a cloth, laid in the object's own metres.

    Attributes:
        kind: "stripes" across the body, "pinstripes" down it, "checks" or "dots".
        colour: scene-linear.
        period_m: from one stripe to the next.
        share: of the cloth that has this colour, 0 to 1.
    """

    kind: str
    colour: tuple[float, float, float]
    period_m: float
    share: float


@dataclass(frozen=True)
class Material:
    """How a surface reflects, in the terms of the Principled BSDF.

    Attributes:
        colour: base colour (3,), multiplies the texture and the part's vertex colours.
        texture: sRGB picture for the base colour, or None.
        photo_uv: the texture lies in the part's ``photo_uv``, not in its ``uv``.
        paint: (H, W, 3) uint8 sRGB picture that multiplies the base colour, in the part's ``uv``; or None.
        relief: (H, W, 2) uint8, or float32 in [0, 1], in the same layout: height over ``relief_mm``, and roughness in
            the place of ``roughness``; or None.
        alpha: picture whose grey value is the opacity, or None for opaque.
        specular: the Principled's specular level; 0.5 is an index of refraction of 1.5.
        subsurface: weight of subsurface scattering in [0, 1].
        scattering_mm: how far light wanders under the surface, red, green and blue.
        bump_mm: height of a fine procedural bump (pores, cloth); 0 for none.
        bump_scale: features of that bump per metre.
        coat: weight of a clear coat (wet eyes, lips) in [0, 1].
        metallic: 0 or 1.
        transmission: what passes through a surface without being scattered, (3,), or None where nothing does.
        index: of refraction behind that surface; 1 for a thin sheet, which bends nothing.
        weave: a second colour of cloth.
        root: brightness of a strand's root relative to its tip.
        strand_spread: standard deviation of brightness from strand to strand, relative.
        anisotropy: how far a strand's highlight is drawn out across it, 0 to 1.
    """

    name: str
    colour: tuple[float, float, float] = (1.0, 1.0, 1.0)
    texture: Path | None = None
    photo_uv: bool = False
    paint: np.ndarray | None = None
    relief: np.ndarray | None = None
    relief_mm: float = 0.0
    alpha: Path | None = None
    roughness: float = 0.5
    specular: float = 0.5
    subsurface: float = 0.0
    scattering_mm: tuple[float, float, float] = (3.67, 1.37, 0.68)
    bump_mm: float = 0.0
    bump_scale: float = 600.0
    coat: float = 0.0
    metallic: float = 0.0
    transmission: tuple[float, float, float] | None = None
    index: float = 1.0
    weave: Weave | None = None
    root: float = 1.0
    strand_spread: float = 0.0
    anisotropy: float = 0.0


@dataclass(frozen=True)
class Part:
    """A mesh with one material.

    Attributes:
        vertices: (V, 3) float32, metres.
        faces: (F, 4) int32, counter-clockwise seen from outside; −1 last for a triangle.
        labels: (F,) uint8, indices into LABELS.
        uv: (F, 4, 2) float32 with v up, or None.
        photo_uv: (F, 4, 2) where the corners lie in the material's texture, when that has another layout; or None.
        colours: (V, 3) float32 albedo, or None.
        subdivide: levels of Catmull–Clark subdivision when rendered.
        motion: (V, 2, 3) float32 metres from each vertex to where it is in the previous and in the next frame, or None.
    """

    name: str
    vertices: np.ndarray
    faces: np.ndarray
    labels: np.ndarray
    material: Material
    uv: np.ndarray | None = None
    photo_uv: np.ndarray | None = None
    colours: np.ndarray | None = None
    subdivide: int = 0
    motion: np.ndarray | None = None


@dataclass(frozen=True)
class Strands:
    """Hair as curves.

    Attributes:
        points: (K, P, 3) float32, root first, metres.
        radius_m: radius at the root; it tapers to a third at the tip.
        label: index into LABELS (brows and hair).
        motion: (K, P, 2, 3) float32, as of a Part.
    """

    name: str
    points: np.ndarray
    radius_m: float
    label: int
    material: Material
    motion: np.ndarray | None = None


@dataclass(frozen=True)
class Bust:
    """Everything of a person that a camera sees.

    Attributes:
        landmarks: (68, 3) float32, metres, iBUG order (its "right" jaw and eye are the subject's, at −X).
    """

    parts: tuple[Part, ...]
    landmarks: np.ndarray
    strands: tuple[Strands, ...] = ()
