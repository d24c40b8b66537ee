import bpy

settings = bpy.context.scene.relight_stage
settings.exposure = settings.balance = settings.blend = 0.0
settings.specular = settings.shadow = 1.0
