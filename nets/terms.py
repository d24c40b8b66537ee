"""The loss terms of every network and their weights: the named options of training. No torch here.

A weight of 0 turns a term off; the defaults are what the shipped networks were trained with. In a recipe:
``terms.albedo.vgg = 0.1`` within a stage. docs/training.md tells what each term is.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class MattingTerms:
    """Attributes:
    trimap, parsing: cross-entropy of the class probabilities.
    trimap_dice, parsing_dice, matte_dice: soft Dice, by class and picture.
    matte: L1; matte_cross_entropy: binary, per pixel.
    laplacian: L1 between Laplacian pyramids of the mattes.
    foreground: L1 of its square roots; composition: L1 of the true layers put together by the predicted matte.
    smoothness: change of the matte under noise in the photo.
    """

    trimap: float = 0.3
    trimap_dice: float = 0.0
    parsing: float = 0.3
    parsing_dice: float = 0.0
    matte: float = 2.0
    matte_cross_entropy: float = 0.0
    matte_dice: float = 0.0
    laplacian: float = 0.5
    foreground: float = 0.5
    composition: float = 1.0
    smoothness: float = 0.0


@dataclass(frozen=True)
class GeometryTerms:
    """Attributes:
    normal: L1; angle: 1 − cosine; gradient: L1 of differences between neighbours.
    smoothness: change of the normals under noise in the foreground.
    """

    normal: float = 1.0
    angle: float = 1.0
    gradient: float = 0.5
    smoothness: float = 0.0


@dataclass(frozen=True)
class AlbedoTerms:
    """All on square roots of reflectance.

    Attributes:
        albedo: L1 at several scales; gradient: L1 of differences between neighbours.
        coarse: L1 of means over blocks of 1/16 of the side: alone in a first stage it gives a coarse albedo to
            start from.
        laplacian: L1 between Laplacian pyramids.
        scale_invariant: MSE at the factor that makes it least.
        vgg: L1 of VGG-19 features; adversarial: against the stage's critic of faces.
        smoothness: change of the albedo under noise in the foreground.
    """

    albedo: float = 1.0
    gradient: float = 0.5
    coarse: float = 0.0
    laplacian: float = 0.0
    scale_invariant: float = 0.0
    vgg: float = 0.0
    adversarial: float = 0.0
    smoothness: float = 0.0


@dataclass(frozen=True)
class VisibilityTerms:
    """Attributes:
    arriving: cross-entropy of the share of small lights that arrives; gradient: L1 of differences between neighbours.
    smoothness: change of the visibility under noise in the foreground.
    """

    arriving: float = 1.0
    gradient: float = 0.5
    smoothness: float = 0.0


@dataclass(frozen=True)
class ShadingTerms:
    """All but scale_invariant on tone-mapped pictures.

    Attributes:
        relit, diffuse, specular: L1 at several scales; gradient: L1 of differences between neighbours, of relit.
        laplacian: L1 between Laplacian pyramids of relit.
        scale_invariant: MSE of square roots of radiance at the factor that makes it least.
        vgg: L1 of VGG-19 features; identity: 1 − cosine of embeddings of the face.
        parsing: cross-entropy of what the matting network, frozen, sees in the relit picture.
        adversarial: against the stage's critic of faces.
        smoothness: change of relit under noise in the foreground and in the light.
    """

    relit: float = 1.0
    gradient: float = 0.5
    diffuse: float = 0.5
    specular: float = 0.5
    laplacian: float = 0.0
    scale_invariant: float = 0.0
    vgg: float = 0.0
    identity: float = 0.0
    parsing: float = 0.0
    adversarial: float = 0.0
    smoothness: float = 0.0


@dataclass(frozen=True)
class LightTerms:
    """Of light over its mean luminance.

    Attributes:
        log_light: MSE of log(1 + radiance); harmonics: L1 of the coefficients of spherical harmonics up to degree 2.
        smoothness: change of log(1 + radiance) under noise in the foreground.
    """

    log_light: float = 1.0
    harmonics: float = 1.0
    smoothness: float = 0.0


@dataclass(frozen=True)
class Terms:
    """The terms of a stage, by network."""

    matting: MattingTerms = field(default_factory=MattingTerms)
    geometry: GeometryTerms = field(default_factory=GeometryTerms)
    albedo: AlbedoTerms = field(default_factory=AlbedoTerms)
    visibility: VisibilityTerms = field(default_factory=VisibilityTerms)
    shading: ShadingTerms = field(default_factory=ShadingTerms)
    light: LightTerms = field(default_factory=LightTerms)


@dataclass(frozen=True)
class AdversarialConfig:
    """The critic of a stage whose network has a weight for ``adversarial``: a patch discriminator on face crops.

    Attributes:
        kind: ``lsgan`` (Mao et al. 2017) or ``wgan-gp`` (Gulrajani et al. 2017).
        side: of the face crops, px.
        widths: channels of its levels, each at half the resolution of the one before.
        rate: learning rate of its Adam, constant.
        steps: its updates for each one of the network.
        penalty: wgan-gp: weight of the gradient penalty.
    """

    kind: str = "lsgan"
    side: int = 64
    widths: tuple[int, ...] = (32, 64, 128)
    rate: float = 2e-4
    steps: int = 1
    penalty: float = 10.0


@dataclass(frozen=True)
class BackboneConfig:
    """Networks that others trained, each from a file that the user has a licence for.

    Attributes:
        vgg: VGG-19 as torchvision writes it, .pth or .safetensors.
        identity: a face embedding, .onnx, or .pt for TorchScript, which is code: name only a file you trust.
        identity_side: side of the face crops that it takes, px; RGB in [−1, 1].
    """

    vgg: str = ""
    identity: str = ""
    identity_side: int = 112
