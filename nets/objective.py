"""What a stage asks of its networks: they run on a batch, on the truth or on predictions, and are judged."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from . import lobes, losses
from .adversarial import Opponent
from .config import BackboneConfig, StageConfig
from .faces import cut_faces, face_boxes
from .identity import Embedding, identity_loss, read_embedding
from .losses import matte_mean, root, tone
from .matting import Matting
from .perceptual import VGG19, read_vgg, vgg_l1
from .portrait import PortraitNet
from .processes import noise
from .shading import Relit

LIGHT_NOISE = (4, 8)  # texels of the noise that light maps are varied by: broad, as when somebody moves a lamp

Batch = dict[str, Tensor]


class Judged(NamedTuple):
    """terms: by name, with ``total``; faces: made and true ones for the critic (B, 3, S, S), where there is one."""

    terms: dict[str, Tensor]
    faces: tuple[Tensor, Tensor] | None


@dataclass(frozen=True)
class Judges:
    """Networks that only judge; None where the recipe names none or no stage asks them."""

    vgg: VGG19 | None = None
    identity: Embedding | None = None


def read_judges(config: BackboneConfig, stages: tuple[StageConfig, ...], device: torch.device) -> Judges:
    """Read the files that the stages' terms need.

    Raises:
        ModelError: a file that is missing or damaged.
    """
    needs_vgg = any(stage.terms.albedo.vgg or stage.terms.shading.vgg for stage in stages)
    needs_identity = any(stage.terms.shading.identity for stage in stages)
    vgg = read_vgg(Path(config.vgg)).to(device) if needs_vgg else None
    identity = read_embedding(Path(config.identity), config.identity_side).to(device) if needs_identity else None
    return Judges(vgg, identity)


class Objective(nn.Module):
    """Runs a stage's networks and judges them; the others of ``nets`` are frozen and help.

    Randomness comes from the generator that is passed, for the whole batch in every process.
    """

    def __init__(
        self, nets: PortraitNet, stage: StageConfig, spectra: Tensor, judges: Judges, opponent: Opponent | None = None
    ):
        super().__init__()
        self.nets, self.stage, self.judges, self.spectra = nets, stage, judges, spectra
        # No part of this module: its weights are another player's.
        self._opponent = (opponent,)

    @property
    def opponent(self) -> Opponent | None:
        return self._opponent[0]

    def forward(self, batch: Batch, generator: torch.Generator, truth: float = 0.0) -> Judged:
        """``truth``: share of the examples that are fed the truth although the stage runs on predictions."""
        batch = {name: value.contiguous(memory_format=torch.channels_last) for name, value in batch.items()}
        if self.stage.net == "matting":
            return Judged(self._matting(self.nets.matting(batch["photo"]), batch, generator), None)
        if self.stage.net == "all":
            return self._all(batch, generator)
        given = self._given(batch, generator, truth)
        if self.stage.net == "geometry":
            normal = self.nets.geometry(given["foreground"], given["matte"])
            return Judged(self._geometry(normal, given, batch, generator), None)
        if self.stage.net == "albedo":
            albedo = self.nets.albedo(given["foreground"], given["normal"], given["matte"])
            return self._albedo(albedo, given, batch, generator)
        if self.stage.net == "visibility":
            visible = self.nets.visibility(given["foreground"], given["normal"], given["matte"])
            return Judged(self._visibility(visible, given, batch, generator), None)
        if self.stage.net == "light":
            return Judged(self._light(given, batch, generator), None)
        return self._shading(self._relight(given), given, batch, generator)

    def _given(self, batch: Batch, generator: torch.Generator, truth: float) -> Batch:
        """What the earlier networks hand on: foreground, matte and, as far as the stage needs them, the rest."""
        names = ("foreground", "matte", "normal", "albedo", "light_map")
        true = {name: batch[name] for name in names if name in batch}
        if not self.stage.on_predictions:
            return self._with_visibility(true)
        made = dict(true)
        with torch.no_grad():
            cut = self.nets.matting(batch["photo"])
            made["foreground"], made["matte"] = cut.foreground, cut.matte
            if self.stage.net != "geometry":
                made["normal"] = self.nets.geometry(cut.foreground, cut.matte)
            if self.stage.net in ("shading", "light"):
                made["albedo"] = self.nets.albedo(cut.foreground, made["normal"], cut.matte)
        if truth > 0:
            # A normal number is below this one with probability ``truth``.
            bound = torch.special.ndtri(torch.tensor(truth))
            fed = noise(generator, (1, 1, 1), batch["photo"]) < bound
            made = {name: torch.where(fed, true[name], value) for name, value in made.items()}
        return self._with_visibility(made)

    def _with_visibility(self, given: Batch) -> Batch:
        """There is no truth of visibility from all around: the shading net is always fed predictions."""
        if self.stage.net != "shading":
            return given
        with torch.no_grad():
            visible = self.nets.visibility(given["foreground"], given["normal"], given["matte"])
        return {**given, "visible": visible}

    def _relight(self, given: Batch) -> Relit:
        names = ("foreground", "matte", "normal", "albedo", "visible", "light_map")
        return self.nets.shading(*(given[name] for name in names), self.spectra)

    def _all(self, batch: Batch, generator: torch.Generator) -> Judged:
        cut = self.nets.matting(batch["photo"])
        made = self.nets.decompose(cut.foreground, cut.matte)
        given = {
            "foreground": cut.foreground,
            "matte": cut.matte,
            **made._asdict(),
            "light_map": batch["light_map"],
        }
        last = self._shading(self._relight(given), given, batch, generator)
        parts: dict[str, Judged] = {}
        if "matting" in self.stage.trained:
            parts["matting"] = Judged(self._matting(cut, batch, generator), None)
        if "geometry" in self.stage.trained:
            parts["geometry"] = Judged(self._geometry(made.normal, given, batch, generator), None)
        if "albedo" in self.stage.trained:
            parts["albedo"] = self._albedo(made.albedo, given, batch, generator)
        if "visibility" in self.stage.trained:
            parts["visibility"] = Judged(self._visibility(made.visible, given, batch, generator), None)
        terms = {f"shading.{name}": value for name, value in last.terms.items() if name != "total"}
        total, faces = last.terms["total"], last.faces
        for net, part in parts.items():
            terms |= {f"{net}.{name}": value for name, value in part.terms.items() if name != "total"}
            total = total + self.stage.keep * part.terms["total"]
            faces = faces or part.faces
        return Judged({**terms, "total": total}, faces)

    def _matting(self, cut: Matting, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        weights = self.stage.terms.matting
        terms = losses.matting_loss(cut, batch, weights)
        if weights.smoothness:
            again = self.nets.matting(self._varied(batch["photo"], generator))
            _add(terms, "smoothness", F.l1_loss(again.matte, cut.matte), weights.smoothness)
        return terms

    def _geometry(self, normal: Tensor, given: Batch, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        weights = self.stage.terms.geometry
        terms = losses.geometry_loss(normal, batch, weights)
        if weights.smoothness:
            again = self.nets.geometry(self._varied(given["foreground"], generator), given["matte"])
            _add(terms, "smoothness", matte_mean((again - normal).abs(), batch["matte"]), weights.smoothness)
        return terms

    def _albedo(self, albedo: Tensor, given: Batch, batch: Batch, generator: torch.Generator) -> Judged:
        weights, matte = self.stage.terms.albedo, batch["matte"]
        terms = losses.albedo_loss(albedo, batch, weights)
        shown, true = root(albedo) * matte, root(batch["albedo"]) * matte
        if weights.vgg:
            _add(terms, "vgg", vgg_l1(self._judge("vgg"), shown, true), weights.vgg)
        if weights.smoothness:
            again = self.nets.albedo(self._varied(given["foreground"], generator), given["normal"], given["matte"])
            change = (root(again) - root(albedo)).abs()
            _add(terms, "smoothness", matte_mean(change, matte), weights.smoothness)
        return self._contested(terms, shown, true, batch, weights.adversarial)

    def _visibility(self, visible: Tensor, given: Batch, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        weights = self.stage.terms.visibility
        seen = self.nets.shading.cells.seen_from(visible, batch["toward"].squeeze(2))
        terms = losses.visibility_loss(seen, batch, weights)
        if weights.smoothness:
            varied = self._varied(given["foreground"], generator)
            again = self.nets.visibility(varied, given["normal"], given["matte"])
            _add(terms, "smoothness", F.l1_loss(again, visible), weights.smoothness)
        return terms

    def _light(self, given: Batch, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        weights = self.stage.terms.light
        handed = (given["matte"], given["normal"], given["albedo"])
        light = self.nets.light(given["foreground"], *handed)
        terms = losses.light_loss(light, batch, weights)
        if weights.smoothness:
            again = self.nets.light(self._varied(given["foreground"], generator), *handed)
            _add(terms, "smoothness", F.l1_loss(torch.log1p(again), torch.log1p(light)), weights.smoothness)
        return terms

    def _shading(self, relit: Relit, given: Batch, batch: Batch, generator: torch.Generator) -> Judged:
        weights, matte, light = self.stage.terms.shading, batch["matte"], batch["relit"]
        terms = losses.shading_loss(relit, batch, weights)
        shown, true = (tone(x, light, matte).clamp(0, 1) * matte for x in (relit.relit, light))
        if weights.vgg:
            _add(terms, "vgg", vgg_l1(self._judge("vgg"), shown, true), weights.vgg)
        if weights.identity:
            embedding = self._judge("identity")
            boxes, seen = face_boxes(batch["parsing"])
            made_face, true_face = (cut_faces(x, boxes, embedding.side) for x in (shown, true))
            _add(terms, "identity", identity_loss(embedding, made_face, true_face, seen), weights.identity)
        if weights.parsing:
            _add(terms, "parsing", losses.cross_entropy(self._parsed(shown), batch["parsing"]), weights.parsing)
        if weights.smoothness:
            varied = dict(given)
            varied["foreground"] = self._varied(given["foreground"], generator)
            varied["light_map"] = self._varied_light(given["light_map"], generator)
            change = (tone(self._relight(varied).relit, light, matte) - tone(relit.relit, light, matte)).abs()
            _add(terms, "smoothness", matte_mean(change, matte), weights.smoothness)
        return self._contested(terms, shown, true, batch, weights.adversarial)

    def _contested(self, terms: dict[str, Tensor], made: Tensor, true: Tensor, batch: Batch, weight: float) -> Judged:
        """Let the critic judge the faces, if it has a say."""
        if not weight:
            return Judged(terms, None)
        assert self.opponent is not None
        boxes, _ = face_boxes(batch["parsing"])
        made, true = (cut_faces(x, boxes, self.stage.adversarial.side) for x in (made, true))
        _add(terms, "adversarial", self.opponent.judge(made), weight)
        return Judged(terms, (made.detach(), true.detach()))

    def _parsed(self, shown: Tensor) -> Tensor:
        """What the matting network sees in a picture, with its running statistics and without learning from it."""
        matting = self.nets.matting
        was_training = matting.training
        matting.eval()
        weights = {name: value.detach() for name, value in matting.named_parameters()}
        parsing = torch.func.functional_call(matting, weights, (shown,)).parsing
        matting.train(was_training)
        return parsing

    def _varied(self, picture: Tensor, generator: torch.Generator) -> Tensor:
        return (picture + self.stage.epsilon * noise(generator, picture.shape[1:], picture)).clamp(0, 1)

    def _varied_light(self, light: Tensor, generator: torch.Generator) -> Tensor:
        factors = noise(generator, (light.shape[1], *LIGHT_NOISE), light)
        factors = F.interpolate(factors, (lobes.HEIGHT, lobes.WIDTH), mode="bilinear", align_corners=False)
        return light * torch.exp(self.stage.epsilon * factors)

    def _judge(self, name: str):
        judge = getattr(self.judges, name)
        assert judge is not None
        return judge


def _add(terms: dict[str, Tensor], name: str, value: Tensor, weight: float) -> None:
    terms[name] = value
    terms["total"] = terms["total"] + weight * value
