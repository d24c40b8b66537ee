"""What stands before the camera: frozen dataclasses and their samplers (no bpy outside build/)."""
