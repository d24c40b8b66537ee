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
    A. Chardon et al., "Skin colour typology and suntanning pathways", Int. J. Cosmetic Science 13, 1991; S. Del Bino,
    F. Bernerd, Br. J. Dermatology 169, 2013: the individual typology angle and its classes.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from .colour import lab

# Individual typology angle, degrees: the lower edge of each class; light skin has a high one, dark skin a negative one.
ITA_CLASSES = ((55, "very light"), (41, "light"), (28, "intermediate"), (10, "tan"), (-30, "brown"), (-90, "dark"))
# What is drawn of each class: the outer two are open, and end where people do.
_ITA_SPANS = ((55.0, 63.0), (41.0, 55.0), (28.0, 41.0), (10.0, 28.0), (-30.0, 10.0), (-50.0, -30.0))
# Share of blood in the dermis of each class: skin cannot be very light and well supplied at once.
_BLOOD_SPANS = ((0.010, 0.017), *((0.017, 0.042),) * 5)
_MELANIN_SPAN = (0.001, 0.8)

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


@dataclass(frozen=True)
class Skin:
    """One person's skin.

    Attributes:
        fitzpatrick: 1 to 6, the type that the melanin was drawn for: type I is very light, type VI dark skin.
        melanin: volume fraction of melanosomes in the epidermis, 0.001 to 0.6.
        haemoglobin: volume fraction of blood in the dermis, 0.010 to 0.042.
        flush: how much redder cheeks, nose and ears are than the rest, 0 to 1.
        mottling: relative variation of both pigments from place to place, 0 to 0.3.
        freckles: relative density of freckles in [0, 1]; most people have 0.
        moles: how many.
        lines: depth of wrinkles, 0 (twenty) to 1 (eighty).
        pores: depth of pores, 0 to 1.
        stubble: shadow of a shaved beard, 0 to 1; 0 for who has none.
        oil: how much shinier forehead, nose and chin are than the cheeks, 0 to 1.
        roughness: of the Principled BSDF, on the cheeks.
        pattern: seed of all that varies over the skin.
    """

    fitzpatrick: int
    melanin: float
    haemoglobin: float
    flush: float
    mottling: float
    freckles: float
    moles: int
    lines: float
    pores: float
    stubble: float
    oil: float
    roughness: float
    pattern: int


def skin_rand(rng: np.random.Generator, age: float, masculine: float) -> Skin:
    """Draw a skin: the six Fitzpatrick types are equally likely, each an even draw from its class of typology angles.

    Args:
        age: 0 (twenty, or less) to 1 (seventy).
        masculine: 0 to 1; who is more than a half so may have stubble.
    """
    fitzpatrick = int(rng.integers(6))
    haemoglobin = float(np.exp(rng.uniform(*np.log(_BLOOD_SPANS[fitzpatrick]))))
    melanin = _melanin_of(float(rng.uniform(*_ITA_SPANS[fitzpatrick])), haemoglobin)
    freckled = rng.random() < (0.35, 0.25, 0.15, 0.08, 0.05, 0.02)[fitzpatrick]
    shaved = float(rng.beta(1.3, 1.6))
    return Skin(
        fitzpatrick=fitzpatrick + 1,
        melanin=melanin,
        haemoglobin=haemoglobin,
        flush=float(rng.beta(2, 2)),
        mottling=float(rng.uniform(0.08, 0.25)),
        freckles=float(rng.uniform(0.2, 1.0)) if freckled else 0.0,
        moles=int(rng.poisson(2.5 + 2 * age)),
        lines=float(np.clip(age + rng.normal(0, 0.1), 0, 1)),
        pores=float(rng.beta(2.5, 2.5)),
        stubble=shaved if masculine > 0.5 else 0.0,
        oil=float(rng.beta(2, 2)),
        roughness=float(rng.uniform(0.42, 0.58)),
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


def ita_deg(albedo: np.ndarray) -> np.ndarray:
    """Individual typology angle of scene-linear Rec.709 albedo (..., 3): high is light skin, negative is dark."""
    lightness, _, blue_yellow = np.moveaxis(lab(albedo), -1, 0)
    return np.degrees(np.arctan2(lightness - 50, blue_yellow))


def ita_class(angle_deg: float) -> str:
    """The one of the six classes that an angle falls into."""
    return next((name for edge, name in ITA_CLASSES if angle_deg > edge), ITA_CLASSES[-1][1])


def _melanin_of(angle_deg: float, haemoglobin: float) -> float:
    """Volume fraction of melanosomes that gives skin its typology angle, which falls with it."""
    melanin = np.geomspace(*_MELANIN_SPAN, 200)
    angles = ita_deg(skin_colour(melanin, haemoglobin))
    # The last digits of a matrix product depend on where in memory its factors lie; a seed's person must not.
    return round(float(np.interp(-angle_deg, -angles, melanin)), 9)


def pigment_colour(melanin: np.ndarray, haemoglobin: np.ndarray) -> np.ndarray:
    """``skin_colour`` of many points (M,) at once, from a table finer than 8 bits: (M, 3)."""
    table, low, high = _table()
    place = []
    for k, value in enumerate((melanin, haemoglobin)):
        share = (np.log(np.maximum(value, 1e-6)) - low[k]) / (high[k] - low[k])
        place.append((np.clip(share, 0, 1) * (table.shape[k] - 1) + 0.5).astype(np.int32))
    return table[place[0], place[1]]


def lip_colour(skin: Skin) -> np.ndarray:
    """Colour of the vermilion, (3,) scene-linear: thin, little melanin, much blood."""
    return skin_colour(0.55 * skin.melanin, 3.5 * skin.haemoglobin + 0.02).astype(np.float32)


def scattering_mm(skin: Skin) -> tuple[float, float, float]:
    """How far light wanders inside the skin, red, green and blue: melanin swallows what would come back from afar.

    Source: Jensen et al. 2001, "A Practical Model for Subsurface Light Transport", table of "skin1" (a light skin);
    the fall to under a half from type I to VI after Donner & Jensen 2006, "A Spectral BSSRDF for Shading Human Skin".
    """
    share = float(np.interp(np.log(skin.melanin), np.log((0.005, 0.4)), (1.0, 0.4)))
    return 3.67 * share, 1.37 * share, 0.68 * share


def smooth_noise(rng: np.random.Generator, points: np.ndarray, feature_m: float) -> np.ndarray:
    """Band-limited noise of unit variance at points (V, 3): a few plane waves of random direction. Returns (V,)."""
    waves = rng.normal(size=(24, 3)) * (2.0 / feature_m)
    phases = rng.uniform(0, 2 * np.pi, 24)
    return np.cos(points.astype(np.float32) @ waves.T.astype(np.float32) + phases.astype(np.float32)).sum(-1) / np.sqrt(
        12
    )


@lru_cache(maxsize=1)
def _table() -> tuple[np.ndarray, tuple[float, float], tuple[float, float]]:
    """Colours (512, 256, 3) by the logarithms of both pigments, and the ends of the two axes."""
    low, high = (float(np.log(0.001)), float(np.log(0.002))), (float(np.log(0.9)), float(np.log(0.4)))
    melanin, haemoglobin = (np.exp(np.linspace(low[k], high[k], n)) for k, n in enumerate((512, 256)))
    return skin_colour(melanin[:, None], haemoglobin), low, high


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
