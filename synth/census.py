"""Drawn subjects by what can be counted and measured of each: skin, face, hair, age, expression, pose, lens, light.

Everything is read from the parameters that a sample's JSON holds, so that a source which lacks one shows as lacking it.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..scenes.colour import lab
from ..scenes.environments import Layer
from ..scenes.faces import face_ratios, resting_landmarks
from ..scenes.heads import identity, parameters
from ..scenes.packs import Packs
from ..scenes.scene import Scene, scenes_rand
from ..scenes.skin import ita_class, ita_deg, skin_colour

# A weight of an expression below this leaves the face neutral to the eye.
_VISIBLE = 0.25
# What a unit of any of the sources does; the first that fits counts.
_DOES = (
    ("eyes closed", ("blink", "closure")),
    ("smile", ("smile", "corner-puller")),
    ("mouth open", ("jawopen", "mouth-open", "part-later", "open")),
    (
        "brows up",
        ("browinnerup", "browouterup", "eyebrows-left-up", "inner-up", "extern-up", "eyebrows-right-up", "raised"),
    ),
    ("brows down", ("browdown", "eyebrows-left-down", "eyebrows-right-down")),
    ("corners down", ("frown", "depression")),
)
# What a negative weight of the procedural head's expression does, in the words above.
_OPPOSITES = {"smile": "frown", "raised": "browdown", "lids": "blink"}


@dataclass(frozen=True)
class Subject:
    """One drawn person and how they are seen.

    Attributes:
        numbers: by name of the measure; absent where the source has no such thing.
        kinds: by name of the trait.
    """

    source: str
    identity: str
    numbers: dict[str, float]
    kinds: dict[str, str]


def take_census(
    count: int,
    seed: int,
    packs: Packs,
    hdris: tuple[Path, ...],
    faces: int,
    report: Callable[[str], None] = lambda line: None,
) -> list[Subject]:
    """Draw subjects as a dataset of that seed would, and measure them; ``faces`` of each source by their shape too."""
    subjects: list[Subject] = []
    shaped: dict[str, int] = {}
    for group in range(count):
        scene = scenes_rand(seed, group, 1, packs, hdris)[0]
        source = scene.head.source
        numbers, kinds = _numbers(scene), _kinds(scene)
        if shaped.get(source, 0) < faces:
            shaped[source] = shaped.get(source, 0) + 1
            numbers |= face_ratios(resting_landmarks(scene.head, packs))
        subjects.append(Subject(source, identity(scene.head), numbers, kinds))
        if group % 200 == 199:
            report(f"{group + 1} of {count} subjects")
    return subjects


def hair_class(colour: tuple[float, float, float]) -> str:
    """Name of a hair's colour, by lightness, chroma and hue of its base colour."""
    lightness, a, b = lab(np.array(colour)).tolist()
    chroma = math.hypot(a, b)
    if lightness < 10:
        return "black"
    if chroma < 9 and lightness > 30:
        return "white" if lightness > 68 else "grey"
    if a > 0.6 * b and chroma > 18:
        return "red"
    return "dark brown" if lightness < 19 else "brown" if lightness < 44 else "blond"


def deed(units: dict[str, float]) -> str:
    """What a face does most, from its expression's weights by name."""
    named = {_OPPOSITES.get(name, name) if weight < 0 else name: abs(weight) for name, weight in units.items()}
    strong = sorted(((weight, name.lower()) for name, weight in named.items()), reverse=True)
    for weight, name in strong:
        for does, words in _DOES:
            # Half-closed lids are a look, not a deed.
            if any(word in name for word in words) and weight >= (0.55 if does == "eyes closed" else _VISIBLE):
                return does
    return "other" if strong and strong[0][0] >= 0.4 else "neutral"


def _numbers(scene: Scene) -> dict[str, float]:
    subject = parameters(scene.head)["subject"]
    camera = scene.camera
    numbers = {
        "yaw": camera.yaw_deg,
        "pitch": camera.pitch_deg,
        "roll": camera.roll_deg,
        "focal length": camera.focal_mm,
        "distance": camera.distance_m,
        "frame": camera.frame_m,
        "light azimuth": _azimuth_deg(scene.environment.layers[0]),
        "light strength": math.log2(sum(layer.strength for layer in scene.environment.layers)),
    }
    skin = subject["skin"]
    numbers["skin ITA"] = float(ita_deg(skin_colour(skin["melanin"], skin["haemoglobin"])))
    numbers["skin roughness"] = skin["roughness"]
    age, masculine = _first(subject, ("age",)), _first(subject, ("masculine", "gender"))
    if age is not None:
        numbers["age"] = age
    if masculine is not None:
        numbers["masculine"] = masculine
    gaze = _first(subject, ("gaze_deg",))
    if gaze is not None:
        numbers |= {"gaze sideways": gaze[0], "gaze upwards": gaze[1]}
    units = _units(subject["expression"])
    numbers["expression"] = math.sqrt(sum(weight**2 for weight in units.values()))
    numbers["hair lightness"] = float(lab(np.array(_hair_colour(scene)))[0])
    return numbers


def _kinds(scene: Scene) -> dict[str, str]:
    head = parameters(scene.head)
    subject, hair = head["subject"], head["hair"]
    skin = subject["skin"]
    kinds = {
        "skin class": ita_class(float(ita_deg(skin_colour(skin["melanin"], skin["haemoglobin"])))),
        "skin type": f"type {skin['fitzpatrick']}",
        "face does": deed(_units(subject["expression"])),
        "light": "+".join(sorted(_kind_of(layer.source) for layer in scene.environment.layers)),
    }
    proxy = subject.get("hair")
    kinds["hair style"] = hair["style"] if hair else f"mesh {proxy}" if proxy else "bald"
    beard = hair["beard"] if hair else None
    if beard is not None:
        kinds["beard"] = "none" if beard == 0 else "stubble" if beard <= 0.2 else "beard"
    kinds["hair colour"] = hair_class(_hair_colour(scene))
    if "worn" in head:
        kinds["worn"] = "+".join(sorted(name for name, thing in (head["worn"] or {}).items() if thing)) or "nothing"
    return kinds


def _azimuth_deg(layer: Layer) -> float:
    """Where a source stands around the subject; lamps have an azimuth of their own."""
    first = next(iter(getattr(layer.source, "lamps", ())), layer.source)
    return (layer.turn_deg + getattr(first, "azimuth_deg", 0.0)) % 360


def _kind_of(source: Any) -> str:
    """A kind of light in a word: ``hdri``, ``sky`` …"""
    return type(source).__name__.lower()


def _hair_colour(scene: Scene) -> tuple[float, float, float]:
    """Of what grows on the head; brows where nothing does."""
    head = parameters(scene.head)
    if head["hair"] and head["hair"]["style"] != "bald":
        return tuple(head["hair"]["colour"])
    return tuple(head["subject"].get("hair_colour") or head["subject"]["brows"]["colour"])


def _units(expression: Any) -> dict[str, float]:
    """Weights by name; where the eyes look is no expression."""
    table = expression if isinstance(expression, dict) else dict(expression)
    return {name: weight for name, weight in table.items() if name != "gaze_deg"}


def _first(table: dict[str, Any], keys: tuple[str, ...]) -> Any:
    """The value of the first of the keys, here or one table below."""
    tables = [table, *(value for value in table.values() if isinstance(value, dict))]
    return next((found[key] for key in keys for found in tables if key in found), None)
