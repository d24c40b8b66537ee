"""One head, whichever of the three sources it comes from: drawn, named, described and built.

Bust's frame, metres.
"""

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from ..errors import SceneError
from .accessories import Worn, wear, worn_rand
from .beard import beard_area, beard_strands
from .bust import LABELS, Bust, Part
from .collars import add_collar
from .hair import STYLES, Hair, hair_cover, hair_rand
from .hull import CHIN_M, hull_of
from .ict_facekit import IctHead, ict_bust, ict_head_rand, ict_scalp
from .makehuman import MakeHumanHead, makehuman_bust, makehuman_head_rand, makehuman_scalp
from .packs import Packs
from .procedural import ProceduralHead, procedural_bust, procedural_head_rand, procedural_scalp
from .skin import skin_colour
from .strands import hair_strands, scatter_roots

SOURCES = ("makehuman", "ict_facekit", "procedural")
# How often each source is drawn when its pack is there.
_SHARES = (0.56, 0.39, 0.05)

# What a person changes from one photo to the next: not part of who they are.
_PASSING = ("expression", "gaze_deg", "garment", "clothes", "clothes_textured", "clothes_colour", "hair", "pattern")


@dataclass(frozen=True)
class Head:
    """A person to be built.

    Attributes:
        source: one of ``SOURCES``.
        subject: the source's own description.
        hair: strands to grow, or None where the source brings its own hair.
        pattern: seed of each single strand.
        worn: glasses, hats and the like.
    """

    source: str
    subject: ProceduralHead | IctHead | MakeHumanHead
    hair: Hair | None
    pattern: int
    worn: Worn


def head_rand(rng: np.random.Generator, packs: Packs) -> Head:
    """Draw a head from the sources at hand; the procedural one always is."""
    subject_rng, hair_rng, rest_rng, worn_rng = rng.spawn(4)
    at_hand = np.array([packs.makehuman is not None, packs.ict_facekit is not None, True])
    shares = at_hand * _SHARES
    source = SOURCES[rest_rng.choice(len(SOURCES), p=shares / shares.sum())]
    pattern = int(rest_rng.integers(2**31))
    hands = packs.makehuman is not None
    if source == "makehuman" and packs.makehuman is not None:
        person = makehuman_head_rand(subject_rng, packs.makehuman)
        worn = worn_rand(worn_rng, person.gender, hands)
        if worn.hides_scalp:
            # Hair meshes cannot be pressed under a hat; strands can.
            person = replace(person, hair=None)
        grown = None if person.hair else hair_rand(hair_rng, person.hair_colour, person.gender, max(person.age, 0.0))
        return Head(source, person, grown, pattern, worn)
    if source == "ict_facekit" and packs.ict_facekit is not None:
        scanned = ict_head_rand(subject_rng, packs.ict_facekit, packs.makehuman)
        hair = hair_rand(hair_rng, scanned.brows.colour, scanned.masculine, scanned.age)
        return Head(source, scanned, hair, pattern, worn_rand(worn_rng, scanned.masculine, hands))
    subject = procedural_head_rand(subject_rng)
    masculine = subject.shape.masculine
    hair = hair_rand(hair_rng, subject.brows.colour, masculine, subject.shape.age)
    return Head(source, subject, hair, pattern, worn_rand(worn_rng, masculine, hands))


def bust_of(head: Head, packs: Packs) -> Bust:
    """Build the head, with its hair.

    Raises:
        SceneError: a file of the pack that the head names is missing.
    """
    subject = head.subject
    if isinstance(subject, ProceduralHead):
        bust = add_collar(procedural_bust(subject), subject.garment)
        return _grow(bust, procedural_scalp(bust), head, packs.makehuman)
    pack = packs.makehuman if isinstance(subject, MakeHumanHead) else packs.ict_facekit
    if pack is None:
        raise SceneError(
            f"This head is from the pack {head.source}, which is not in the asset folder. Name its folder."
        )
    if isinstance(subject, MakeHumanHead):
        bust = makehuman_bust(subject, pack)
        return _grow(bust, makehuman_scalp(bust, pack), head, packs.makehuman)
    bust = add_collar(ict_bust(subject, pack, packs.makehuman), subject.garment)
    return _grow(bust, ict_scalp(bust, pack), head, packs.makehuman)


def identity(head: Head) -> str:
    """Name of the person: the same whatever the face does and wears, different for any other draw."""
    who = {key: value for key, value in asdict(head.subject).items() if key not in _PASSING}
    digest = hashlib.sha256(json.dumps(who, sort_keys=True).encode()).hexdigest()
    return f"{head.source}-{digest[:12]}"


def parameters(head: Head) -> dict:
    """All drawn parameters, JSON-able."""
    return json.loads(json.dumps(asdict(head)))


def _grow(bust: Bust, scalp: np.ndarray, head: Head, hands: Path | None) -> Bust:
    """Add hair, beard and what is worn to a bust whose first part is its skin.

    Args:
        scalp: (V,) where hair grows.
        hands: the pack that has hands, if it is there.
    """
    hair, skin = head.hair, bust.parts[0]
    # The head's own skin, and whatever is below the chin: a high collar is no part of the head.
    others = [part.vertices[part.vertices[:, 2] < CHIN_M] for part in bust.parts[1:] if part.name != "hair"]
    hull = hull_of(np.concatenate([skin.vertices, *others]), _middle(skin.vertices, scalp))
    tone = skin_colour(head.subject.skin.melanin, head.subject.skin.haemoglobin).tolist()
    if hair is None:
        return wear(bust, head.worn, hull, tuple(tone), hands)
    rng = np.random.default_rng(head.pattern)
    grown = list(bust.strands)
    cover = hair_cover(hair, skin.vertices, scalp, hull.centre)
    bare = skin
    if hair.style != "bald" and not head.worn.hides_neck:
        roots, normals, weights = scatter_roots(
            bare.vertices, bare.faces, cover, int(STYLES[hair.style].count * hair.density), rng
        )
        grown.append(hair_strands(hair, roots, normals, weights, hull, rng))
        skin = _tint(skin, cover**1.5, hair, 0.8 * hair.density)
    if hair.beard and not head.worn.hides_neck:
        area = beard_area(hair, bare, bust.landmarks)
        roots, normals, _ = scatter_roots(bare.vertices, bare.faces, area, int(2500 + 3500 * hair.beard), rng)
        grown.append(beard_strands(hair, roots, normals, rng))
        skin = _tint(skin, area, hair, 0.3 + 0.4 * hair.beard, label=hair.beard > 0.5)
    return wear(replace(bust, parts=(skin, *bust.parts[1:]), strands=tuple(grown)), head.worn, hull, tuple(tone), hands)


def _tint(skin: Part, where: np.ndarray, hair: Hair, strength: float, label: bool = True) -> Part:
    """Darken the skin under hair to its colour, so that no gap between strands shines, and label it hair."""
    colours = skin.colours + (strength * where)[:, None] * (np.float32(hair.colour) - skin.colours)
    labels = skin.labels
    if label:
        corners = np.where(skin.faces >= 0, skin.faces, skin.faces[:, :1])
        covered = (where[corners].mean(1) > 0.5) & (labels == LABELS.index("skin"))
        labels = np.where(covered, LABELS.index("hair"), labels).astype(np.uint8)
    return replace(skin, colours=colours.astype(np.float32), labels=labels)


def _middle(vertices: np.ndarray, scalp: np.ndarray) -> np.ndarray:
    """Middle of the head, (3,): between forehead and back, a little above the eyes."""
    y = vertices[scalp > 0.5, 1]
    return np.array([0, (y.min() + y.max()) / 2, 0.015])
