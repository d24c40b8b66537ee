"""The command line: what it answers at once, how it fails, and what it hands on."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from relight_stage import __version__, cli
from relight_stage.errors import RelightError

CONFTEST = Path(__file__).resolve().parents[1] / "conftest.py"
COMMANDS = ("render", "check", "train", "evaluate", "export", "relight")

# Runs the command line in a fresh interpreter and then names the heavy libraries that came in.
FRESH = """
import runpy, sys
runpy.run_path(sys.argv[1])
from relight_stage import cli
try:
    sys.exit(cli.main(sys.argv[2:]))
finally:
    print(sorted({"bpy", "cv2", "numpy", "onnxruntime", "torch"} & set(sys.modules)), file=sys.stderr)
"""


@pytest.mark.parametrize("command", COMMANDS)
def test_help_answers_well_within_a_second_and_loads_nothing_heavy(command):
    before = os.times()
    done = subprocess.run(
        [sys.executable, "-c", FRESH, str(CONFTEST), command, "--help"], capture_output=True, text=True, timeout=300
    )
    after = os.times()
    # Processor time: what the wall clock says depends on what else the machine does.
    assert after.children_user + after.children_system - before.children_user - before.children_system < 0.5
    assert done.returncode == 0
    assert f"relight-stage {command}" in done.stdout
    assert done.stderr.strip() == "[]"


def test_version_is_the_package_s(capsys):
    with pytest.raises(SystemExit) as left:
        cli.main(["--version"])
    assert left.value.code == 0
    assert capsys.readouterr().out == f"relight-stage {__version__}\n"


@pytest.mark.parametrize(
    "line",
    [
        "",
        "paint",
        "render",
        "render out --colour red",
        "render out --count 0",
        "render out --count 2.5",
        "render out --seed -1",
        "render out --size 4",
        "render out --samples none",
        "render out --lights olat",
        "render out --lights olat:0",
        "render out --lights sun",
        "render out --lights hdri:0",
        "render out --lights hdri:4+gradient",
        "render out --lights olat:32+hdri",
        "render out --workers 0",
        "render out --shard 3",
        "render out --shard 0/3",
        "render out --shard 4/3",
        "render out --device toaster",
        "render out --slurm",
        "render out --slurm 20",
        "render out --slurm tasks=",
        "render out --coun 3",
        "check",
        "train recipe.toml --out run",
        "evaluate",
        "export run",
        "relight photo.png -o out.png",
        "relight photo.png --light a.hdr",
        "relight photo.png --light a.hdr -o out.png --rotate-deg north",
        "relight photo.png --light a.hdr -o out.png --rotate-deg nan",
        "relight photo.png --light a.hdr -o out.png --background reddish",
        "relight photo.png --light a.hdr -o out.png --exposure bright",
    ],
)
def test_a_bad_flag_exits_with_2_and_says_so(line, capsys):
    with pytest.raises(SystemExit) as left:
        cli.main(line.split())
    assert left.value.code == 2
    assert "error:" in capsys.readouterr().err


def fail_with(monkeypatch, error: BaseException) -> int:
    """Run ``check`` with a handler that raises."""

    def handler(**arguments):
        raise error

    monkeypatch.setattr(cli, "_check", handler)
    return cli.main(["check", "somewhere"])


def test_what_a_user_can_mend_is_one_line_and_exit_1(monkeypatch, capsys):
    assert fail_with(monkeypatch, RelightError("photo.png is missing.\nGive another path.")) == 1
    assert capsys.readouterr().err == "relight-stage: photo.png is missing. Give another path.\n"


def test_an_interruption_is_one_line_and_exit_130(monkeypatch, capsys):
    assert fail_with(monkeypatch, KeyboardInterrupt()) == 130
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(("library", "extra"), [("bpy", "[render]"), ("torch", "[train]"), ("cv2", "relight_stage.")])
def test_a_missing_library_names_the_extra_that_brings_it(library, extra, monkeypatch, capsys):
    assert fail_with(monkeypatch, ModuleNotFoundError("No module", name=library)) == 1
    message = capsys.readouterr().err
    assert library in message and extra in message and message.count("\n") == 1


def test_a_missing_module_of_our_own_is_a_bug_and_is_not_hidden(monkeypatch):
    with pytest.raises(ModuleNotFoundError):
        fail_with(monkeypatch, ModuleNotFoundError("No module", name="relight_stage.nets.nowhere"))


@pytest.mark.parametrize(
    ("line", "library"), [("render out", "bpy"), ("train r.toml --data d --out o", "torch")], ids=["render", "train"]
)
def test_without_its_library_a_command_says_which_one_is_missing(line, library, tmp_path):
    blocked = f"import sys; sys.modules[{library!r}] = None\n" + FRESH
    done = subprocess.run(
        [sys.executable, "-c", blocked, str(CONFTEST), *line.split()],
        capture_output=True,
        text=True,
        timeout=300,
        cwd=tmp_path,
    )
    assert done.stderr.startswith(f"relight-stage: This needs {library}")
    assert done.returncode == 1


def test_to_resume_is_what_render_does_anyway(monkeypatch, tmp_path):
    seen = []
    monkeypatch.setattr("relight_stage.synth.farm.render_dataset", lambda *words, **more: seen.append((words, more)))
    for flags in ([], ["--resume"]):
        assert cli.main(["render", str(tmp_path / "out"), *flags]) == 0
    assert seen[0] == seen[1]
