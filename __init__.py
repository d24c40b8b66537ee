"""Relight Stage: a virtual light stage, relighting networks, and a panel in Blender.

The same folder is a Blender extension and a pip package; it registers only inside Blender's extension system.
"""

import sys

__version__ = "0.1.0"

if __package__ and __package__.startswith("bl_ext.") and "bpy" in sys.modules:
    from .addon import register as register
    from .addon import unregister as unregister
