"""Ctrl-Q while datasets are rendered or networks trained: shall they go on without Blender?

Without a job the key is Blender's own. No add-on is let into File > Quit, so the question has a line of its own below
it; nor into the window's cross, which does not ask.
"""

from typing import ClassVar

import bpy
from bpy.props import EnumProperty

from . import noticeboard
from .translation import translate


class RELIGHT_STAGE_OT_quit(bpy.types.Operator):
    """Say what becomes of the jobs in the background, then close Blender"""

    bl_idname = "relight_stage.quit"
    bl_label = "Quit Blender"
    bl_options: ClassVar[set[str]] = {"INTERNAL"}

    jobs: EnumProperty(
        name="Jobs",
        items=(
            ("GO_ON", "Let Them Go On", "They end by themselves; the next Blender finds them again"),
            ("STOP", "Stop Them", "What is complete is kept; Resume goes on from there"),
        ),
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return bool(noticeboard.jobs_at_work())

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        return context.window_manager.invoke_props_dialog(
            self, width=420, title="Quit While Work Goes On?", confirm_text="Quit"
        )

    def draw(self, context: bpy.types.Context) -> None:
        for job in noticeboard.jobs_at_work():
            text = translate(f"{job.kind.capitalize()} at work in {job.folder}")
            self.layout.label(text=text, icon="RENDER_ANIMATION", translate=False)
        self.layout.row().prop(self, "jobs", expand=True)

    def execute(self, context: bpy.types.Context) -> set[str]:
        if self.jobs == "STOP":
            for job in noticeboard.jobs_at_work():
                job.stop()
        return bpy.ops.wm.quit_blender("INVOKE_DEFAULT")  # which asks about unsaved changes


def _draw(self: bpy.types.Menu, context: bpy.types.Context) -> None:
    if noticeboard.jobs_at_work():
        self.layout.operator_context = "INVOKE_DEFAULT"
        self.layout.operator("relight_stage.quit", text="Quit While Work Goes On...", icon="RENDER_ANIMATION")


def register() -> None:
    bpy.utils.register_class(RELIGHT_STAGE_OT_quit)
    bpy.types.TOPBAR_MT_file.append(_draw)


def unregister() -> None:
    bpy.types.TOPBAR_MT_file.remove(_draw)
    bpy.utils.unregister_class(RELIGHT_STAGE_OT_quit)
