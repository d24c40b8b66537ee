"""Scene descriptions turned into Blender data; the only bpy in scenes/."""
