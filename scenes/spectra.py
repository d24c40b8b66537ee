"""Spectra of light as colours: black bodies and sunlight through air, scene-linear Rec.709."""

from functools import lru_cache

import numpy as np

WAVELENGTHS_NM = np.arange(380.0, 781.0, 10.0)

# ITU-R BT.709-6, item 1.4: primaries and D65 as a matrix from CIE XYZ.
RGB_FROM_XYZ = np.array(
    [[3.2404542, -1.5371385, -0.4985314], [-0.9692660, 1.8760108, 0.0415560], [0.0556434, -0.2040259, 1.0572252]]
)


def colour_matching() -> np.ndarray:
    """CIE 1931 colour matching functions x, y, z at WAVELENGTHS_NM, (41, 3).

    Source: Wyman, Sloan and Shirley 2013, "Simple Analytic Approximations to the CIE XYZ Color Matching Functions",
    the multi-lobe fit.
    """

    def lobe(middle, below, above):
        width = np.where(middle > WAVELENGTHS_NM, below, above)
        return np.exp(-0.5 * ((WAVELENGTHS_NM - middle) / width) ** 2)

    x = 1.056 * lobe(599.8, 37.9, 31.0) + 0.362 * lobe(442.0, 16.0, 26.7) - 0.065 * lobe(501.1, 20.4, 26.2)
    y = 0.821 * lobe(568.8, 46.9, 40.5) + 0.286 * lobe(530.9, 16.3, 31.1)
    z = 1.217 * lobe(437.0, 11.8, 36.0) + 0.681 * lobe(459.0, 26.0, 13.8)
    return np.stack([x, y, z], axis=-1)


def spectrum_colour(spectrum: np.ndarray) -> np.ndarray:
    """Colour (3,) of a spectrum (41,); its luminance is ∫ spectrum·y over nanometres. Outside the gamut is cut to 0."""
    return np.maximum(RGB_FROM_XYZ @ (spectrum @ colour_matching()) * 10.0, 0)


def planck(kelvin: float) -> np.ndarray:
    """Radiance of a black body at WAVELENGTHS_NM, (41,), up to a factor."""
    metres = WAVELENGTHS_NM * 1e-9
    second = 1.438777e-2  # m·K, CODATA 2018
    return (WAVELENGTHS_NM / 560) ** -5 / np.expm1(second / (metres * kelvin))


@lru_cache(maxsize=256)
def _black_body(kelvin: float) -> tuple[float, float, float]:
    rgb = spectrum_colour(planck(kelvin))
    red, green, blue = rgb / (rgb @ [0.2126, 0.7152, 0.0722])
    return float(red), float(green), float(blue)


def black_body(kelvin: float) -> np.ndarray:
    """Colour (3,) of luminance 1 on the Planckian locus; white is near 6500 K."""
    return np.array(_black_body(float(kelvin)))


def sunlight(elevation_deg: float, turbidity: float) -> np.ndarray:
    """What air leaves of the sun's light: colour (3,) as a share of the sun's luminance above the air.

    Rayleigh scattering, aerosols and ozone. Source: Preetham, Shirley and Smits 1999, "A Practical Analytic Model for
    Daylight", appendix 1 (after Iqbal 1983); ozone by its Chappuis band.
    """
    zenith_deg = 90 - elevation_deg
    mass = 1 / (np.cos(np.radians(zenith_deg)) + 0.15 * (93.885 - zenith_deg) ** -1.253)
    um = WAVELENGTHS_NM / 1000
    rayleigh = 0.008735 * um**-4.08
    aerosol = max(0.04608 * turbidity - 0.04586, 0) * um**-1.3
    ozone = 0.35 * 0.13 * np.exp(-0.5 * ((WAVELENGTHS_NM - 600) / 45) ** 2)
    above = planck(5778)
    full = (above @ colour_matching()[:, 1]) * 10.0
    return spectrum_colour(above * np.exp(-(rayleigh + aerosol + ozone) * mass)) / full
