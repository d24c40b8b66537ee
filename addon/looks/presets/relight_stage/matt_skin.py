import bpy

settings = bpy.context.scene.relight_stage
settings.specular = 0.3
