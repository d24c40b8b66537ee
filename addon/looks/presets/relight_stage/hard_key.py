import bpy

settings = bpy.context.scene.relight_stage
settings.balance = 1.5
settings.shadow = 1.2
settings.specular = 1.2
