"""The colour of skin from what it is made of: melanin above, blood below.

Colours are scene-linear Rec.709 albedo. The reflectance is computed over the visible spectrum and integrated with the
CIE 1931 observer, so hue and lightness stay plausible together, which no mix of three colours gives. V: points.

Sources:
    S. L. Jacques, "Skin Optics", Oregon Medical Laser Center News, 1998: melanosome absorption 6.6e11 λ^−3.33 cm⁻¹,
    baseline 0.244 + 85.3 exp(−(λ − 154)/66.2) cm⁻¹, melanosomes 1.3–6.3 % of the epidermis in light, 11–16 % in
    moderate, 18–43 % in dark skin, epidermis 60 µm.
    S. L. Jacques, "Optical properties of biological tissues: a review", Phys. Med. Biol. 58, 2013, table 1: reduced
    scattering of skin 46 (λ/500)^−1.421 cm⁻¹; blood 0.2–7 % of the dermis.
    S. Prahl, "Tabulated molar extinction coefficient for hemoglobin in water", OMLC, 1998.
    C. Wyman, P.-P. Sloan, P. Shirley, "Simple analytic approximations to the CIE XYZ color matching functions", 2013.
"""

from dataclasses import dataclass

import numpy as np

from .bust import Material

# Prahl's table each 20 nm from 400 nm to 700 nm, cm⁻¹ per mole per litre.
_WAVELENGTHS_NM = np.arange(400.0, 701.0, 20.0)
_OXYGENATED = np.array(
    [266232, 480360, 102580, 44480, 26629, 20933, 24202, 53236, 32613, 50104, 3200, 942, 442, 320, 278, 290], float
)
_DEOXYGENATED = np.array(
    [223296, 407560, 413280, 23389, 14550, 20862, 31590, 46592, 53788, 37020, 14677, 6510, 4345, 3227, 2408, 1794],
    float,
)

# Share of light that the horny layer scatters back uncoloured, which keeps the darkest skins from turning orange.
_HORNY_LAYER = 0.03

# Fitzpatrick I–VI: the range of melanosome volume fractions drawn for each type (Jacques 1998, split in six so that
# the individual typology angle steps evenly).
MELANIN_RANGES = ((0.002, 0.009), (0.009, 0.022), (0.022, 0.045), (0.045, 0.09), (0.09, 0.2), (0.2, 0.5))


@dataclass(frozen=True)
class Skin:
    """One person's skin.

    Attributes:
        fitzpatrick: 1 to 6, the type that the melanin was drawn for.
        melanin: volume fraction of melanosomes in the epidermis, 0.002 to 0.5.
        haemoglobin: volume fraction of blood in the dermis, 0.012 to 0.04.
        flush: how much redder cheeks, nose and ears are than the rest, 0 to 1.
        mottling: relative low-frequency variation of both pigments, 0 to 0.3.
        freckles: relative density of freckles in [0, 1]; most people have 0.
        roughness: of the Principled BSDF.
        pattern: seed of the mottling and the freckles.
    """

    fitzpatrick: int
    melanin: float
    haemoglobin: float
    flush: float
    mottling: float
    freckles: float
    roughness: float
    pattern: int


def skin_rand(rng: np.random.Generator) -> Skin:
    """Draw a skin: the six Fitzpatrick types are equally likely."""
    fitzpatrick = int(rng.integers(6))
    melanin = float(np.exp(rng.uniform(*np.log(MELANIN_RANGES[fitzpatrick]))))
    freckled = rng.random() < (0.35, 0.25, 0.15, 0.08, 0.05, 0.02)[fitzpatrick]
    return Skin(
        fitzpatrick=fitzpatrick + 1,
        melanin=melanin,
        haemoglobin=float(np.exp(rng.uniform(np.log(0.012), np.log(0.04)))),
        flush=float(rng.beta(2, 2)),
        mottling=float(rng.uniform(0.05, 0.25)),
        freckles=float(rng.uniform(0.2, 1.0)) if freckled else 0.0,
        roughness=float(rng.uniform(0.38, 0.55)),
        pattern=int(rng.integers(2**31)),
    )


def skin_colour(melanin: np.ndarray | float, haemoglobin: np.ndarray | float) -> np.ndarray:
    """Diffuse reflectance of skin: an absorbing epidermis over an infinitely deep, scattering dermis.

    Args:
        melanin, haemoglobin: volume fractions as in ``Skin``; any shapes that broadcast.

    Returns:
        (..., 3) scene-linear Rec.709 in [0, 1].
    """
    melanin, haemoglobin = np.broadcast_arrays(np.asarray(melanin, np.float32), np.asarray(haemoglobin, np.float32))
    melanosome, baseline, blood, scattering, to_rgb = _spectra()
    dermis = haemoglobin[..., None] * blood + (1 - haemoglobin[..., None]) * baseline
    # Kubelka–Munk for a half-space: absorption and scattering double for diffuse light (S is 3/4 of the reduced one).
    ratio = 2 * dermis / (0.75 * scattering)
    deep = 1 + ratio - np.sqrt(ratio * (ratio + 2))
    epidermis = melanin[..., None] * melanosome + (1 - melanin[..., None]) * baseline
    # In and out again, diffuse light crosses twice the thickness each way, half as much more where it scatters on its
    # way. Melanin lies in clumps and light finds the gaps (the sieve effect): Beer's law averaged over an exponential
    # distribution of density, not exp(−depth).
    through = 1 / (1 + 6 * 0.006 * epidermis)
    spectrum = _HORNY_LAYER + (1 - _HORNY_LAYER) * through * deep
    return np.clip(spectrum @ to_rgb, 0.0, 1.0)


def paint_skin(skin: Skin, points: np.ndarray, flush: np.ndarray, shade: np.ndarray) -> np.ndarray:
    """Colour the skin at points of a face.

    Args:
        points: (V, 3) metres in the bust's frame; mottling and freckles depend on them.
        flush: (V,) in [0, 1], 1 where blood is closest to the surface (cheeks, nose, ears; lips may go to 3).
        shade: (V,) in [0, 1], 1 where skin is darker by habit (eye sockets).

    Returns:
        (V, 3) scene-linear albedo.
    """
    rng = np.random.default_rng(skin.pattern)
    blotches = smooth_noise(rng, points, 0.03)
    veins = smooth_noise(rng, points, 0.02)
    melanin = skin.melanin * (1 + 0.6 * skin.mottling * blotches + 0.5 * shade)
    haemoglobin = skin.haemoglobin * (1 + 0.8 * skin.mottling * veins) * (1 + (0.4 + 1.6 * skin.flush) * flush)
    haemoglobin = haemoglobin * (1 + 0.6 * shade)
    if skin.freckles:
        melanin = melanin + 0.05 * _freckles(rng, points, skin.freckles)
    return skin_colour(melanin, np.maximum(haemoglobin, 0.001)).astype(np.float32)


def lip_colour(skin: Skin) -> np.ndarray:
    """Colour of the vermilion, (3,) scene-linear: thin, little melanin, much blood."""
    return skin_colour(0.55 * skin.melanin, 3.5 * skin.haemoglobin + 0.02).astype(np.float32)


def skin_material(skin: Skin) -> Material:
    """Material of skin whose colour comes from the part's vertex colours."""
    return Material("skin", roughness=skin.roughness, specular=0.5, subsurface=0.1, bump_mm=0.05, bump_scale=1500.0)


def smooth_noise(rng: np.random.Generator, points: np.ndarray, feature_m: float) -> np.ndarray:
    """Band-limited noise of unit variance at points (V, 3): a few plane waves of random direction. Returns (V,)."""
    waves = rng.normal(size=(24, 3)) * (2.0 / feature_m)
    phases = rng.uniform(0, 2 * np.pi, 24)
    return np.cos(points.astype(np.float32) @ waves.T.astype(np.float32) + phases.astype(np.float32)).sum(-1) / np.sqrt(
        12
    )


def _freckles(rng: np.random.Generator, points: np.ndarray, density: float) -> np.ndarray:
    """Sum of small spots over nose and cheeks, at most 1: (V,)."""
    count = int(30 + 170 * density)
    # Around the nose bridge; only the coordinates across the face decide, the depth is the surface's own.
    centres = rng.normal((0.0, -0.02), (0.032, 0.016), (count, 2))
    radii = rng.uniform(0.0007, 0.0016, count)
    spots = np.zeros(len(points))
    front = np.flatnonzero(points[:, 1] < 0.03)
    across = points[front][:, (0, 2)]
    for centre, radius in zip(centres, radii, strict=True):
        near = np.abs(across - centre).max(-1) < 3 * radius
        distance = ((across[near] - centre) ** 2).sum(-1)
        spots[front[near]] += np.exp(-distance / (2 * radius**2))
    return np.minimum(spots, 1.0)


def _spectra() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Absorption and scattering in cm⁻¹ at each wavelength, (16,) each, and spectrum to Rec.709, (16, 3)."""
    w = _WAVELENGTHS_NM
    melanosome = 6.6e11 * w**-3.33
    baseline = 0.244 + 85.3 * np.exp(-(w - 154) / 66.2)
    # 150 g/l of haemoglobin at 64 500 g/mol, three quarters of it oxygenated, as in capillaries.
    blood = 2.303 * (0.75 * _OXYGENATED + 0.25 * _DEOXYGENATED) * 150 / 64500
    scattering = 46.0 * (w / 500) ** -1.421

    def lobe(centre: float, below: float, above: float) -> np.ndarray:
        return np.exp(-0.5 * ((w - centre) * np.where(w < centre, below, above)) ** 2)

    x = 0.362 * lobe(442.0, 0.0624, 0.0374) + 1.056 * lobe(599.8, 0.0264, 0.0323) - 0.065 * lobe(501.1, 0.0490, 0.0382)
    y = 0.821 * lobe(568.8, 0.0213, 0.0247) + 0.286 * lobe(530.9, 0.0613, 0.0322)
    z = 1.217 * lobe(437.0, 0.0845, 0.0278) + 0.681 * lobe(459.0, 0.0385, 0.0725)
    from_xyz = np.array([[3.2406, -0.9689, 0.0557], [-1.5372, 1.8758, -0.2040], [-0.4986, 0.0415, 1.0570]])
    to_rgb = np.stack([x, y, z], -1) @ from_xyz
    # A perfect reflector is white whatever the light's colour.
    to_rgb /= to_rgb.sum(0)
    return tuple(a.astype(np.float32) for a in (melanosome, baseline, blood, scattering, to_rgb))
