"""Finding a Python with torch on this computer, and saying what one lacks. No bpy.

Blender's own Python trains nothing: torch is large, and the user has or chooses one that fits the graphics card.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ..cli import EXTRAS, REQUIRED
from ..errors import ModelError

OLDEST = (3, 11)
LOOK_S, IMPORT_S = 20, 120  # finding modules; importing torch from a cold disk
# What training and export import, and how pip calls it where it calls it otherwise.
NEEDED = (*REQUIRED, *(name for name, extra in EXTRAS.items() if extra == "train" and name != "tensorboardX"))
_PIP = {"cv2": "opencv-python-headless", "numpy": "'numpy<2'"}

_FIND = """
import importlib.util, json, sys
names = sys.argv[1].split(",")
missing = [name for name in names if importlib.util.find_spec(name) is None]
print("@" + json.dumps({"version": list(sys.version_info[:3]), "missing": missing}))
"""
_IMPORT = """
import torch
device = torch.cuda.get_device_name(0) if torch.cuda.is_available() else "CPU"
print("@" + f"torch {torch.__version__}, {device}")
"""


class Python(NamedTuple):
    """A Python that can train.

    Attributes:
        path: its program.
        torch: which torch it has and what that computes on, in words.
    """

    path: str
    torch: str


def candidates() -> Iterator[Path]:
    """Pythons of the active environment, on the PATH and in the usual places, each once."""
    home, seen = Path.home(), set()
    inside = ("python.exe", "Scripts/python.exe") if sys.platform == "win32" else ("bin/python",)
    roots = [Path(os.environ[name]) for name in ("VIRTUAL_ENV", "CONDA_PREFIX") if os.environ.get(name)]
    named = [shutil.which(name) for name in ("python3", "python", "python3.13", "python3.12", "python3.11")]
    condas = [home / name for name in ("miniconda3", "miniforge3", "mambaforge", "anaconda3")]
    roots += [home / "relight-stage-python"]  # as ADVICE names it
    later = [*condas, *(env for conda in condas for env in sorted(conda.glob("envs/*")))]
    later += [
        *sorted(home.glob(".pyenv/versions/*")),
        *sorted(home.glob(".virtualenvs/*")),
        home / ".venv",
        home / "venv",
    ]
    found = [root / program for root in roots for program in inside]
    found += [Path(name) for name in named if name]
    found += [root / program for root in later for program in inside]
    for path in found:
        # Not resolved: an environment's python is a link to one that lacks its packages.
        if path.is_file() and path not in seen:
            seen.add(path)
            yield path


def find_python(wish: str = "") -> Python:
    """The Python to train with: the one wished for, else the first of the candidates that has everything.

    Takes seconds: it starts each of them.

    Raises:
        ModelError: the wished one cannot train, or none was found that can; the text says what to do.
    """
    if wish:
        return check_python(Path(wish))
    nearest: ModelError | None = None
    for path in candidates():
        try:
            return check_python(path)
        except ModelError as error:
            # One that has torch and lacks little is worth more words than one that has nothing.
            if nearest is None and "torch" not in str(error).partition(" lacks ")[2].partition(".")[0].split(", "):
                nearest = error
    raise nearest or ModelError(f"No Python with PyTorch was found on this computer. {_advice()}")


def check_python(path: Path) -> Python:
    """Start a Python and look whether training can run in it.

    Raises:
        ModelError: it does not start, is too old, or lacks libraries.
    """
    if not path.is_file():
        raise ModelError(f"{path} does not exist. Choose the program python of an environment with PyTorch.")
    found = json.loads(_answer(path, LOOK_S, "-c", _FIND, ",".join(NEEDED)))
    version = ".".join(map(str, found["version"]))
    if tuple(found["version"]) < OLDEST:
        raise ModelError(
            f"{path} is Python {version}; training needs {'.'.join(map(str, OLDEST))} or later. {_advice()}"
        )
    if found["missing"]:
        names = " ".join(_PIP.get(name, name) for name in found["missing"])
        raise ModelError(f"{path} lacks {', '.join(found['missing'])}. In a terminal: {path} -m pip install {names}")
    return Python(str(path), f"Python {version}, {_answer(path, IMPORT_S, '-c', _IMPORT)}")


def _advice() -> str:
    """What to do where there is no Python to train with: two commands."""
    if sys.platform == "win32":
        folder = "%USERPROFILE%\\relight-stage-python"
        make, program = f"py -m venv {folder}", f"{folder}\\Scripts\\python"
    else:
        make, program = "python3 -m venv ~/relight-stage-python", "~/relight-stage-python/bin/python"
    names = " ".join(_PIP.get(name, name) for name in NEEDED)
    return f"In a terminal: {make} and then {program} -m pip install {names}. Then press Find Python again."


def _answer(path: Path, limit_s: float, *words: str) -> str:
    """The line behind @ that a Python prints."""
    try:
        # Python finds modules in the working folder, too: in its own there are none.
        done = subprocess.run(
            [str(path), *words],
            capture_output=True,
            text=True,
            timeout=limit_s,
            cwd=path.parent,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        raise ModelError(
            f"{path} gave no answer in {limit_s} s. Try it in a terminal, or choose another Python."
        ) from None
    except OSError as error:
        raise ModelError(f"{path} cannot be started: {error.strerror}. Choose another Python.") from error
    lines = [line[1:] for line in done.stdout.splitlines() if line.startswith("@")]
    if done.returncode or not lines:
        said = next((line for line in reversed(done.stderr.splitlines()) if line.strip()), "nothing")
        raise ModelError(f"{path} failed ({said.strip()}). Repair it, or choose another Python.")
    return lines[-1]
