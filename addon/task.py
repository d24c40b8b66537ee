"""What a long operator is: steps that read and write Blender, and work between them that leaves the window alive."""

from collections.abc import Callable, Generator
from functools import partial
from typing import Any

import bpy

from ..errors import RelightError, SceneError
from ..nets.memory import memory_for
from . import editors
from .translation import name_of, translate
from .worker import Job, Progress

_TICK_S = 0.1

Work = Callable[[Progress], Any]
# Yields what may run on a thread, gets its result or its error back; only what stands between touches bpy.
Steps = Generator[Work, Any, None]

_running: "Task | None" = None


class Task:
    """Mixed into an operator: ``steps`` says what to do; a script waits for it, a button does not.

    While it runs, the window manager's ``relight_stage`` shows its progress, and can pause and cancel it.
    """

    def steps(self, context: bpy.types.Context) -> Steps:
        raise NotImplementedError

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if context.window_manager.relight_stage.is_running:
            cls.poll_message_set(translate("Something is being relit; Esc cancels"))
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        try:
            steps = self.steps(context)
            work = next(steps, None)
            while work is not None:
                work = _after(steps, partial(work, _ignore))
        except RelightError as error:
            return self._fail(context, error)
        context.window_manager.relight_stage.error = ""
        return {"FINISHED"}

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        global _running
        if bpy.app.background:
            return self.execute(context)
        state = context.window_manager.relight_stage
        self._steps = self.steps(context)
        try:
            work = next(self._steps, None)
        except RelightError as error:
            return self._fail(context, error)
        if work is None:
            state.error = ""
            return {"FINISHED"}
        self._job = Job(work).start()
        self._timer = context.window_manager.event_timer_add(_TICK_S, window=context.window)
        state.is_running, state.is_cancelled, state.is_paused, state.error = True, False, False, ""
        self._show_progress(context)
        context.window_manager.modal_handler_add(self)
        _running = self
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        state = context.window_manager.relight_stage
        if (event.type == "ESC" and event.value == "PRESS") or state.is_cancelled:
            self.cancel(context)
            self.report({"INFO"}, translate(f"{name_of(self)} cancelled"))
            return {"CANCELLED"}
        if event.type != "TIMER":
            return {"PASS_THROUGH"}
        self._show_progress(context)
        if not self._job.is_done() or state.is_paused:
            return {"PASS_THROUGH"}
        try:
            work = _after(self._steps, self._job.result)
        except RelightError as error:
            self._end(context)
            return self._fail(context, error)
        except BaseException:
            self._end(context)
            raise
        if work is not None:
            self._job = Job(work).start()
            return {"PASS_THROUGH"}
        self._end(context)
        state.error = ""
        return {"FINISHED"}

    def cancel(self, context: bpy.types.Context) -> None:
        """Stop, keeping what the steps before have stored; also called by Blender when another file is opened."""
        self._job.cancel()
        self._steps.close()
        self._end(context)

    def _fail(self, context: bpy.types.Context, error: RelightError) -> set[str]:
        context.window_manager.relight_stage.error = str(error)
        editors.redraw_sidebars()  # the key may have been pressed elsewhere
        self.report({"ERROR"}, translate(str(error)))
        return {"CANCELLED"}

    def _show_progress(self, context: bpy.types.Context) -> None:
        state = context.window_manager.relight_stage
        state.fraction = self._job.fraction
        state.line = f"Paused  {self._job.text}" if state.is_paused else self._job.line()
        context.workspace.status_text_set(translate(f"{name_of(self)}: {state.line}    Esc: cancel"))
        editors.redraw_sidebars()

    def _end(self, context: bpy.types.Context) -> None:
        global _running
        _running = None
        context.window_manager.event_timer_remove(self._timer)
        context.window_manager.relight_stage.is_running = False
        context.workspace.status_text_set(None)
        editors.redraw_sidebars()


def stop() -> None:
    """End what is running, if anything is, as Esc would: the extension is being disabled."""
    if _running is not None:
        _running.cancel(bpy.context)


def still_there(collection: bpy.types.bpy_prop_collection, name: str, meanwhile: str) -> Any:
    """What the steps had begun with; SceneError where the user has removed it meanwhile."""
    found = collection.get(name)
    if found is None:
        raise SceneError(f"{name} was removed while {meanwhile}.")
    return found


def _ignore(fraction: float, text: str) -> None:
    """The progress of a work that somebody waits for."""


def _after(steps: Steps, result: Callable[[], Any]) -> Work | None:
    """Hand a work's result or its error to the steps; the work that they want next, None at their end."""
    try:
        with memory_for("this picture"):
            try:
                value = result()
            except Exception as error:
                return steps.throw(error)
            return steps.send(value)
    except StopIteration:
        return None
