"""Natural colours of hair, for textures and strands alike. Scene-linear Rec.709."""

import numpy as np

_BLACK, _DARK_BROWN, _BROWN = (0.010, 0.008, 0.007), (0.024, 0.014, 0.009), (0.065, 0.036, 0.020)
_LIGHT_BROWN, _BLOND, _LIGHT_BLOND = (0.14, 0.083, 0.045), (0.28, 0.18, 0.095), (0.46, 0.34, 0.20)
_AUBURN, _RED, _GREY, _WHITE = (0.085, 0.027, 0.012), (0.22, 0.068, 0.020), (0.27, 0.26, 0.25), (0.55, 0.54, 0.51)

# Colours and how common each is, for skin types I–II, III–IV and V–VI.
_COLOURS = (_BLACK, _DARK_BROWN, _BROWN, _LIGHT_BROWN, _BLOND, _LIGHT_BLOND, _AUBURN, _RED)
_SHARES = (
    (0.05, 0.18, 0.22, 0.18, 0.15, 0.09, 0.06, 0.07),
    (0.28, 0.32, 0.22, 0.07, 0.04, 0.02, 0.04, 0.01),
    (0.60, 0.30, 0.06, 0.01, 0.01, 0.01, 0.01, 0.00),
)


def hair_colour_rand(rng: np.random.Generator, fitzpatrick: int, age: float) -> tuple[float, float, float]:
    """Draw a hair colour.

    Args:
        fitzpatrick: skin type, 1 to 6; dark skin goes with dark hair more often.
        age: 0 young to 1 old; the old are grey more often.
    """
    shares = _SHARES[(fitzpatrick - 1) // 2]
    colour = np.array(_COLOURS[rng.choice(len(_COLOURS), p=shares)])
    if rng.random() < 0.05 + 0.6 * age**2:
        grey = np.array(_GREY if rng.random() < 0.6 else _WHITE)
        colour = colour + (grey - colour) * rng.uniform(0.3, 1.0)
    colour = colour * np.exp(rng.normal(0, 0.12, 3) * (0.3, 0.3, 0.4) + rng.normal(0, 0.2))
    red, green, blue = np.clip(colour, 0.004, 0.8).tolist()
    return red, green, blue
