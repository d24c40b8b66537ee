import bpy

settings = bpy.context.scene.relight_stage
settings.background = "TRANSPARENT"
