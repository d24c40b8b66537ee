"""What the panel remembers: settings in the scene, progress in the window."""

import bpy
from bpy.props import (
    BoolProperty,
    EnumProperty,
    FloatProperty,
    FloatVectorProperty,
    IntProperty,
    PointerProperty,
    StringProperty,
)

from ..nets.lit import Sliders
from .images import is_relit


class RELIGHT_STAGE_PG_settings(bpy.types.PropertyGroup):
    """What to relight and how, kept in the .blend file and undone with it."""

    photo: PointerProperty(
        name="Photo",
        description="The photo to relight. Its alpha channel, if it has one, cuts the person out",
        type=bpy.types.Image,
        poll=lambda self, image: not is_relit(image) and image.type == "IMAGE",
    )
    light_source: EnumProperty(
        name="Light",
        description="Where the light comes from",
        items=(
            ("WORLD", "World", "The scene's world: any HDRI, sky or node tree", "WORLD", 0),
            (
                "SCENE",
                "Scene",
                "All that shines at the card, or at the 3D cursor without one: lamps, emitting and lit objects, world",
                "SCENE_DATA",
                1,
            ),
            ("HDRI", "HDRI", "A panorama of its own, whatever the scene's world is", "IMAGE_DATA", 2),
            (
                "PHOTO",
                "Photo",
                "The light that another photo was taken in, estimated from the person",
                "IMAGE_REFERENCE",
                3,
            ),
        ),
        default="WORLD",
    )
    frame: EnumProperty(
        name="Seen by",
        description="From where the photo is taken to be seen: which light comes from the left, and which from behind",
        items=(
            ("CAMERA", "Camera", "The scene's camera; without one, the view"),
            ("VIEW", "View", "The 3D Viewport's view: turn it, and the light turns"),
            ("FIXED", "Fixed", "A camera that looks along +Y, wherever the scene's is"),
        ),
        default="CAMERA",
    )
    hdri: PointerProperty(name="HDRI", description="The panorama that lights the photo", type=bpy.types.Image)
    reference: PointerProperty(
        name="Reference",
        description="A photo of a person in the light that is wanted",
        type=bpy.types.Image,
        poll=lambda self, image: not is_relit(image) and image.type == "IMAGE",
    )
    hdri_turn: FloatProperty(name="Turn", description="The panorama's turn about the vertical", subtype="ANGLE")
    hdri_strength: FloatProperty(name="Strength", description="Factor on its light", min=0, soft_max=10, default=1)
    exposure: FloatProperty(
        name="Exposure", description="Stops; 1 doubles the light", soft_min=-5, soft_max=5, min=-20, max=20
    )
    balance: FloatProperty(
        name="Key / Fill",
        description="Stops by which the bright lights are raised over the rest of the light; all of it stays as much",
        soft_min=-4,
        soft_max=4,
        min=-10,
        max=10,
    )
    specular: FloatProperty(name="Specular", description="Strength of highlights", min=0, soft_max=2, max=10, default=1)
    shadow: FloatProperty(
        name="Shadow", description="Strength of cast shadows; 0 removes them", min=0, soft_max=2, max=4, default=1
    )
    blend: FloatProperty(
        name="Blend with Original",
        description="How much of the person as photographed shows",
        subtype="FACTOR",
        min=0,
        max=1,
    )
    face: IntProperty(
        name="Face (0 = all)",
        description="Which of several people to relight, counted from the left; 0 for all",
        min=0,
        soft_max=8,
        max=64,
    )
    background: EnumProperty(
        name="Background",
        description="What stands behind the relit person in the picture",
        items=(
            ("WORLD", "World", "The scene's world as the camera sees it"),
            ("PHOTO", "Photo", "What stands behind the person in the photo"),
            ("TRANSPARENT", "Transparent", "Nothing: the matte becomes the alpha channel"),
            ("COLOUR", "Colour", "One colour"),
        ),
        default="WORLD",
    )
    colour: FloatVectorProperty(
        name="Background Colour",
        description="What stands behind the person where one colour does",
        subtype="COLOR",
        size=3,
        min=0,
        soft_max=1,
        default=(0.18, 0.18, 0.18),
    )
    keep_maps: BoolProperty(
        name="Matte, Normals and Albedo",
        description="Also keep what the photo was taken apart into, as images",
        default=True,
    )
    relit: PointerProperty(name="Relit", description="The last result", type=bpy.types.Image)
    matte: PointerProperty(name="Matte", description="Coverage of the person", type=bpy.types.Image)
    normals: PointerProperty(name="Normals", description="Surface directions of the person", type=bpy.types.Image)
    albedo: PointerProperty(name="Albedo", description="The person free of light and shadow", type=bpy.types.Image)
    card: PointerProperty(name="Card", description="The plane that shines with the last result", type=bpy.types.Object)


class RELIGHT_STAGE_PG_progress(bpy.types.PropertyGroup):
    """The run that is going on, in the window manager: neither saved nor undone."""

    is_running: BoolProperty()
    is_live: BoolProperty(description="The relit image follows the light")
    is_pending: BoolProperty(description="Live works on a better picture than the one that shows")
    is_cancelled: BoolProperty(description="Set to stop the run")
    is_paused: BoolProperty(name="Pause", description="Wait before the next frame")
    fraction: FloatProperty(min=0, max=1)
    line: StringProperty()
    error: StringProperty(description="Why the last run failed")


def sliders_of(settings: RELIGHT_STAGE_PG_settings) -> Sliders:
    return Sliders(settings.exposure, settings.specular, settings.shadow, settings.blend)


CLASSES = (RELIGHT_STAGE_PG_settings, RELIGHT_STAGE_PG_progress)


def register() -> None:
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    bpy.types.Scene.relight_stage = PointerProperty(type=RELIGHT_STAGE_PG_settings)
    bpy.types.WindowManager.relight_stage = PointerProperty(type=RELIGHT_STAGE_PG_progress)


def unregister() -> None:
    del bpy.types.WindowManager.relight_stage
    del bpy.types.Scene.relight_stage
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
