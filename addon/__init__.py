"""The panel in Blender: a Relight tab in the Image Editor and the 3D Viewport.

Importing the package needs no bpy, so that the parts without it (relighting, worker) can be used and tested outside.
"""


def register() -> None:
    from . import registration

    registration.register()


def unregister() -> None:
    from . import registration

    registration.unregister()
