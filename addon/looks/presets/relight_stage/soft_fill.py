import bpy

settings = bpy.context.scene.relight_stage
settings.balance = -1.5
settings.shadow = 0.6
settings.specular = 0.8
