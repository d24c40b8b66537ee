"""Recipes: one TOML file a run, read into frozen dataclasses that are schema and defaults at once. No torch here."""

import dataclasses
import tomllib
import types
import typing
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import ConfigError
from ..scenes.bust import LABELS
from ..synth.splits import TEST_HDRIS, TEST_PERCENT
from .terms import AdversarialConfig, BackboneConfig, Terms

# What the networks name: of the labels of a sample, all but accessories and props, which are clothes to them.
PARSED = LABELS[:7]

NETS = ("matting", "geometry", "albedo", "visibility", "shading", "light")
JOINED = NETS[:5]  # that make the relit picture: what a stage of all trains
STAGES = (*NETS, "all")


@dataclass(frozen=True)
class UNetConfig:
    """Widths of a U-Net: one 3×3 convolution a level, halved between levels.

    Attributes:
        widths: channels of the levels, full resolution first. Six levels reach 1/32.
        bottleneck: residual blocks of two convolutions after the bottleneck's own convolution.
    """

    widths: tuple[int, ...] = (16, 24, 32, 48, 64, 96)
    bottleneck: int = 1


@dataclass(frozen=True)
class MattingConfig:
    """Coarse segmentation, shared encoder and three decoders.

    Attributes:
        segmentation: U-Net at half resolution, five levels.
        encoder: channels of the five levels.
        decoders: channels of each decoder's four levels, coarse first.
        refine: channels of the matte's 7×7, 5×5, 3×3 convolutions.
    """

    segmentation: UNetConfig = UNetConfig((16, 32, 48, 64, 96))
    encoder: tuple[int, ...] = (8, 16, 32, 64, 96)
    decoders: tuple[int, ...] = (48, 24, 16, 8)
    refine: int = 4


@dataclass(frozen=True)
class VisibilityConfig:
    """Visibility net.

    Attributes:
        directions: for how many, evenly around, it is predicted whether light arrives.
    """

    unet: UNetConfig = UNetConfig((16, 32, 32, 48, 64, 96))
    directions: int = 64


@dataclass(frozen=True)
class ShadingConfig:
    """Specular net and neural renderer."""

    specular: UNetConfig = UNetConfig((8, 12, 16, 32, 48, 64))
    renderer: UNetConfig = UNetConfig((16, 32, 32, 48, 64, 96))


@dataclass(frozen=True)
class PortraitConfig:
    """The widths of all networks."""

    matting: MattingConfig = MattingConfig()
    geometry: UNetConfig = UNetConfig()
    albedo: UNetConfig = UNetConfig()
    visibility: VisibilityConfig = VisibilityConfig()
    shading: ShadingConfig = ShadingConfig()
    light: UNetConfig = UNetConfig((16, 24, 32, 40, 48), bottleneck=0)


@dataclass(frozen=True)
class PhotographyConfig:
    """What cameras and web sites do to photos: the share of training photos that each is done to.

    Attributes:
        blur: out of focus or soft; aberration: colour fringes towards the corners.
        vignette: dark corners, now and then harsh ones.
        overexposure: up to a stop and a half too much light, which clips.
        cast: a wrong white balance.
        noise: of photons and of reading the sensor.
        response: a film's or camera's tone curve, channel by channel; filmic: a shoulder that rolls highlights off.
        contrast, saturation: set by hand.
        sharpening: with its halos; low_resolution: enlarged from fewer pixels; jpeg: compressed.
        grey: without colour.
    """

    blur: float = 0.3
    aberration: float = 0.15
    vignette: float = 0.2
    overexposure: float = 0.1
    cast: float = 0.15
    noise: float = 0.6
    response: float = 0.35
    filmic: float = 0.2
    contrast: float = 0.25
    saturation: float = 0.2
    sharpening: float = 0.2
    low_resolution: float = 0.15
    jpeg: float = 0.4
    grey: float = 0.3


@dataclass(frozen=True)
class DataConfig:
    """What is learned from.

    Attributes:
        test_hdris: names of the panoramas that training never sees.
        test_percent: share of identities kept for the test, chosen by a hash of their names.
        panoramas: folders of .hdr and .exr files for backgrounds and more lights; ``blender`` stands for
            Blender's own eight, ``assets`` for those of the asset folder in the environment's RELIGHT_STAGE_ASSETS.
        cache_gib: samples are kept in memory up to this size, by each process of a run.
        tight: share of photos that show nothing but the face, or half as closely.
        views: share of backgrounds that are looks into panoramas; the others are walls and made-up clutter.
        dark: share of photos taken in a dark room, where flash or a lamp reaches the face alone.
    """

    test_hdris: tuple[str, ...] = TEST_HDRIS
    test_percent: int = TEST_PERCENT
    panoramas: tuple[str, ...] = ("blender",)
    cache_gib: float = 6.0
    tight: float = 0.35
    views: float = 0.45
    dark: float = 0.1
    photography: PhotographyConfig = field(default_factory=PhotographyConfig)


@dataclass(frozen=True)
class StageConfig:
    """One stretch of training of one network; ends at ``steps`` or after ``minutes``, whichever comes first.

    Attributes:
        net: matting, geometry, albedo, visibility, shading (specular net and renderer together), light, or all but
            light end to end on the relit picture.
        size: side of the square training crops in px, a multiple of 32.
        batch: examples a step, shared out among the processes of a run.
        rate: peak learning rate; it falls to a fiftieth on a cosine.
        on_predictions: earlier networks, frozen, feed this one instead of the truth.
        truth_until: with on_predictions: share of the stage over which the share of examples that are still fed the
            truth falls from 1 to 0.
        keep: net = "all": weight of the losses of the networks before the shading, so that they stay what they are.
        frozen: net = "all": networks that help without learning.
        epsilon: standard deviation of the noise for ``smoothness``.
        terms: weights of the losses.
    """

    net: str
    size: int = 128
    batch: int = 8
    steps: int = 1000
    minutes: float = 1e9
    rate: float = 1e-3
    on_predictions: bool = False
    truth_until: float = 0.0
    keep: float = 0.3
    frozen: tuple[str, ...] = ()
    epsilon: float = 0.02
    terms: Terms = field(default_factory=Terms)
    adversarial: AdversarialConfig = field(default_factory=AdversarialConfig)

    @property
    def trained(self) -> tuple[str, ...]:
        """The networks that learn."""
        if self.net != "all":
            return (self.net,)
        return tuple(net for net in JOINED if net not in self.frozen)


@dataclass(frozen=True)
class Recipe:
    """A whole training run.

    Attributes:
        start: weights.safetensors to start from instead of random numbers; what does not fit starts at random.
        threads: of the computing process.
        workers: processes that make the batches; 0 makes them between the steps (where processes cannot fork).
        bf16: convolutions in bfloat16 (autocast) while training; losses and light stay in float32.
        compile: let torch.compile build the networks' kernels: minutes at the start of each stage, then faster steps.
        deterministic: repeat to the bit on a GPU, and warn of what cannot; slower. On CPUs a run repeats anyway.
        clip: largest norm of a step's gradient.
        average: decay of the exponential moving average of the weights, which is what is kept and shipped.
        tensorboard: also write the losses and pictures for TensorBoard.
        picture_every, checkpoint_every, rescan_every: steps.
    """

    stages: tuple[StageConfig, ...]
    seed: int = 0
    start: str = ""
    threads: int = 2
    workers: int = 1
    bf16: bool = True
    compile: bool = False
    deterministic: bool = False
    clip: float = 1.0
    weight_decay: float = 1e-4
    average: float = 0.995
    warmup: int = 50
    tensorboard: bool = False
    picture_every: int = 200
    checkpoint_every: int = 200
    rescan_every: int = 200
    data: DataConfig = field(default_factory=DataConfig)
    portrait: PortraitConfig = field(default_factory=PortraitConfig)
    backbones: BackboneConfig = field(default_factory=BackboneConfig)


def read_recipe(path: Path) -> Recipe:
    """Read and check a recipe whole.

    Raises:
        ConfigError: missing file, bad TOML, unknown key, wrong type or impossible value.
    """
    path = Path(path)
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"The recipe {path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"The recipe {path.name} is not valid TOML: {error}.") from error
    return recipe_from(table, path.name)


def find_run(out: Path) -> bool:
    """Whether a folder holds a run that can be gone on with."""
    return (out / "checkpoint.pt").exists()


def recipe_from(table: dict, name: str = "recipe") -> Recipe:
    """Check a table (from TOML or from a checkpoint) and build the recipe."""
    recipe = _build(Recipe, table, name)
    _check(recipe, name)
    return recipe


def portrait_from(table: dict, name: str = "config") -> PortraitConfig:
    """Check the widths stored in a file of weights and build them."""
    portrait = _build(PortraitConfig, table, name)
    _check_portrait(portrait, name)
    return portrait


def table_of(config) -> dict:
    """The whole resolved config as plain dictionaries, lists and numbers."""

    def plain(value):
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items()}
        return [plain(item) for item in value] if isinstance(value, tuple | list) else value

    return plain(dataclasses.asdict(config))


def _build(kind: typing.Any, value: typing.Any, where: str) -> typing.Any:
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        if not isinstance(value, dict):
            raise ConfigError(f"{where} is {value!r}; it must be a table.")
        fields = {f.name: f for f in dataclasses.fields(kind)}
        hints = typing.get_type_hints(kind)
        for key in value:
            if key not in fields:
                raise ConfigError(f"{where} has an unknown key {key!r}. Known are: {', '.join(fields)}.")
        for name, f in fields.items():
            required = f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
            if required and name not in value:
                raise ConfigError(f"{where} lacks the key {name!r}.")
        return kind(**{key: _build(hints[key], item, f"{where}: {key}") for key, item in value.items()})
    if typing.get_origin(kind) is tuple:
        if not isinstance(value, list):
            raise ConfigError(f"{where} is {value!r}; it must be a list.")
        item_kind = typing.get_args(kind)[0]
        return tuple(_build(item_kind, item, f"{where}[{i}]") for i, item in enumerate(value))
    assert not isinstance(kind, types.UnionType)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not kind:
        raise ConfigError(f"{where} is {value!r}; it must be of type {kind.__name__}.")
    return value


def _check(recipe: Recipe, name: str) -> None:
    def require(good: bool, text: str) -> None:
        if not good:
            raise ConfigError(f"{name}: {text}.")

    require(len(recipe.stages) > 0, "there are no stages; give at least one [[stages]]")
    for i, stage in enumerate(recipe.stages):
        _check_stage(stage, recipe.backbones, f"{name}: stages[{i}]")
    for key in ("threads", "picture_every", "checkpoint_every", "rescan_every"):
        require(getattr(recipe, key) >= 1, f"{key} is {getattr(recipe, key)}; it must be at least 1")
    require(recipe.workers >= 0, f"workers is {recipe.workers}; it must be at least 0")
    require(recipe.clip > 0, f"clip is {recipe.clip}; it must be positive")
    require(0 <= recipe.average < 1, f"average is {recipe.average}; it must be in [0, 1)")
    require(recipe.backbones.identity_side >= 16, "backbones: identity_side must be at least 16")
    require(0 < recipe.data.test_percent < 100, f"data: test_percent is {recipe.data.test_percent}; wanted is 1 to 99")
    for key, share in dataclasses.asdict(recipe.data.photography).items():
        require(0 <= share <= 1, f"data: photography: {key} is {share}; it must be in [0, 1]")
    for key in ("tight", "views", "dark"):
        share = getattr(recipe.data, key)
        require(0 <= share <= 1, f"data: {key} is {share}; it must be in [0, 1]")
    _check_portrait(recipe.portrait, name)


def _check_stage(stage: StageConfig, backbones: BackboneConfig, name: str) -> None:
    def require(good: bool, text: str) -> None:
        if not good:
            raise ConfigError(f"{name}: {text}.")

    require(stage.net in STAGES, f"net is {stage.net!r}; it must be one of {', '.join(STAGES)}")
    require(stage.size >= 32 and stage.size % 32 == 0, f"size is {stage.size}; it must be a multiple of 32")
    require(stage.batch >= 2, f"batch is {stage.batch}; batch statistics need at least 2")
    require(stage.steps >= 1 and stage.minutes > 0 and stage.rate > 0, "steps, minutes and rate must be positive")
    require(0 <= stage.truth_until <= 1, f"truth_until is {stage.truth_until}; it must be in [0, 1]")
    require(stage.truth_until == 0 or stage.on_predictions, "truth_until needs on_predictions = true")
    require(not (stage.on_predictions and stage.net == "all"), "all runs on predictions anyway; drop on_predictions")
    require(stage.net == "all" or not stage.frozen, "frozen is for stages of all")
    require(set(stage.frozen) < set(JOINED), f"frozen must name some, not all, of {', '.join(JOINED)}")
    require(stage.keep >= 0 and stage.epsilon > 0, "keep must be at least 0 and epsilon positive")
    for net in NETS:
        terms, defaults = (getattr(x, net) for x in (stage.terms, Terms()))
        require(net in stage.trained or terms == defaults, f"terms.{net} is given, but this stage trains {stage.net}")
        for key, weight in dataclasses.asdict(terms).items():
            require(weight >= 0, f"terms.{net}.{key} is {weight}; it must be at least 0")
            file = getattr(backbones, key, None)
            require(
                weight == 0 or file != "", f"terms.{net}.{key} needs a file of weights; name one in [backbones] {key}"
            )
    critic = stage.adversarial
    require(critic.kind in ("lsgan", "wgan-gp"), f"adversarial.kind is {critic.kind!r}; it must be lsgan or wgan-gp")
    require(
        critic.steps >= 1 and critic.rate > 0 and critic.penalty >= 0 and min(critic.widths, default=0) >= 1,
        "adversarial: steps, rate and widths must be positive, penalty at least 0",
    )
    require(
        critic.side >= 4 * 2 ** len(critic.widths),
        f"adversarial.side is {critic.side}; {len(critic.widths)} levels need {4 * 2 ** len(critic.widths)}",
    )
    require(
        stage.net != "all" or min(stage.terms.albedo.adversarial, stage.terms.shading.adversarial) == 0,
        "a stage has one critic; give adversarial to albedo or to shading",
    )


def _check_portrait(portrait: PortraitConfig, name: str) -> None:
    levels = {
        "matting.segmentation.widths": (portrait.matting.segmentation.widths, 5),
        "matting.encoder": (portrait.matting.encoder, 5),
        "matting.decoders": (portrait.matting.decoders, 4),
        "geometry.widths": (portrait.geometry.widths, 6),
        "albedo.widths": (portrait.albedo.widths, 6),
        "visibility.unet.widths": (portrait.visibility.unet.widths, 6),
        "shading.specular.widths": (portrait.shading.specular.widths, 6),
        "shading.renderer.widths": (portrait.shading.renderer.widths, 6),
        "light.widths": (portrait.light.widths, 5),
    }
    for key, (widths, count) in levels.items():
        if len(widths) != count or min(widths) < 1:
            raise ConfigError(f"{name}: portrait.{key} is {list(widths)}; it must be {count} positive widths.")
    count = portrait.visibility.directions
    if count < 4:
        raise ConfigError(f"{name}: portrait.visibility.directions is {count}; wanted is 4 or more.")
