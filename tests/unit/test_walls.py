"""Who may import whom, as docs/architecture.md says it, and other rules of the house that a machine can keep."""

import ast
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("addon", "nets", "scenes", "synth")
# What lies in presets/ is no module: Blender runs it.
PACKAGE = sorted(
    path
    for path in [*ROOT.glob("*.py"), *(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))]
    if "presets" not in path.parts
)

# Parts of addon and nets that run without bpy and torch; every other file there may import its library.
ADDON_PLAIN = {"datasets", "frames", "jobs", "maps", "pictures", "plots", "previews", "pythons", "relief", "relighting"}
ADDON_PLAIN |= {"german", "german_messages", "messages", "trainings", "watching", "worker"}
NETS_PLAIN = {"__init__", "config", "framing", "graphs", "infer", "memory", "photos", "resampling", "slurm", "stopping"}
NETS_PLAIN |= {"terms", "views"}
SYNTH_BLENDER = {"denoise", "device", "lamps", "render", "shots", "stage"}

# A room may import from the rooms named here, and from itself.
MAY_IMPORT = {
    "errors": set(),
    "scenes": {"errors"},
    "scenes.build": {"errors", "scenes"},
    "synth": {"errors", "scenes"},
    "synth (Blender)": {"errors", "scenes", "scenes.build", "synth"},
    "nets": {"errors", "scenes", "synth"},
    # cli: Blender's --command runs it. Of nets only what needs neither torch nor opencv, which Blender lacks.
    "addon": {"cli", "errors", "scenes", "scenes.build", "synth", "synth (Blender)"}
    | {"nets.graphs", "nets.infer", "nets.lit", "nets.memory", "nets.photo_light", "nets.resampling", "nets.views"},
}


def module_of(path: Path) -> str:
    """Dotted name below the package: ``scenes.heads``; ``scenes.build`` for the folder's __init__."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def library_of(path: Path) -> str | None:
    """The one of bpy and torch that the file may import, or None."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    if parts[:2] == ("scenes", "build") or (parts[0] == "synth" and parts[-1] in SYNTH_BLENDER):
        return "bpy"
    if parts[0] == "addon" and parts[-1] not in ADDON_PLAIN:
        return "bpy"
    if parts[0] == "nets" and parts[-1] not in NETS_PLAIN:
        return "torch"
    return None


def room_of(module: str) -> str:
    if module.startswith("scenes.build"):
        return "scenes.build"
    room, _, rest = module.partition(".")
    return "synth (Blender)" if room == "synth" and rest in SYNTH_BLENDER else room


def imports_of(path: Path) -> list[ast.Import | ast.ImportFrom]:
    """Every import of a file but those under ``if __name__ …``: what a script does before there is a package."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    body = [node for node in tree.body if not (isinstance(node, ast.If) and "__name__" in ast.unparse(node.test))]
    nodes = (node for statement in body for node in ast.walk(statement))
    return [node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]


def outer_imports(path: Path) -> set[str]:
    """Top names of everything that the file imports from outside the package, at any depth."""
    found = set()
    for node in imports_of(path):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif node.level == 0:
            found.add((node.module or "").partition(".")[0])
    return found


def inner_imports(path: Path) -> set[str]:
    """Dotted names, below the package, of everything that the file imports from inside it."""
    here = path.relative_to(ROOT).parent.parts
    known = {module_of(other) for other in PACKAGE}
    found = set()
    for node in imports_of(path):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = [*here[: len(here) - node.level + 1], *(node.module.split(".") if node.module else [])]
            for alias in node.names:
                full = ".".join([*base, alias.name])
                found.add(full if full in known else ".".join(base))
    return found - {""}


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", PACKAGE, ids=relative)
def test_a_file_imports_bpy_or_torch_only_where_the_plan_allows_it(path):
    allowed = {library_of(path)}
    assert outer_imports(path) & {"bpy", "bmesh", "mathutils", "torch"} <= allowed | (
        {"bmesh", "mathutils"} if "bpy" in allowed else set()
    )


@pytest.mark.parametrize("path", PACKAGE, ids=relative)
def test_inside_the_package_every_import_is_relative(path):
    assert not outer_imports(path) & {"relight_stage", "bl_ext", *ROOMS, "cli", "errors"}


@pytest.mark.parametrize("path", [path for path in PACKAGE if path.parent != ROOT], ids=relative)
def test_a_room_imports_only_from_the_rooms_below_it(path):
    room = room_of(module_of(path))
    for target in inner_imports(path):
        below = room_of(target)
        if room == "addon" and below == "nets":
            below = target
        assert below == room or below in MAY_IMPORT[room], f"{module_of(path)} imports {target}"


@pytest.mark.parametrize("room", ROOMS)
def test_only_the_registration_imports_the_addon(room):
    for path in (ROOT / room).rglob("*.py"):
        assert room == "addon" or not any(target.startswith("addon") for target in inner_imports(path)), path


# Imports the named modules one by one, with some libraries made impossible to import, and prints each that fails.
# In a fresh interpreter, so that no module of this process stands in for a missing one.
IMPORT_ALL = """
import importlib, runpy, sys
blocked = sys.argv[2].split(",")
sys.modules.update(dict.fromkeys(blocked))
runpy.run_path(sys.argv[1])
for name in sys.argv[3:]:
    try:
        importlib.import_module(name)
    except ImportError as error:
        print(f"{name}: {error}")
"""


@pytest.mark.parametrize(
    ("library", "blocked"), [(None, "bpy,torch"), ("bpy", "torch"), ("torch", "bpy")], ids=["plain", "bpy", "torch"]
)
def test_each_module_imports_without_the_libraries_that_it_may_not_have(library, blocked):
    if library and importlib.util.find_spec(library) is None:
        pytest.skip(f"{library} is not installed")
    modules = [f"relight_stage.{module_of(path)}".rstrip(".") for path in PACKAGE if library_of(path) == library]
    command = [sys.executable, "-c", IMPORT_ALL, str(ROOT / "tests" / "conftest.py"), blocked, *modules]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert (done.stdout, done.returncode) == ("", 0), done.stderr


@pytest.mark.parametrize(
    "path", [*PACKAGE, *(ROOT / "tests").rglob("*.py"), *(ROOT / "scripts").glob("*.py")], ids=relative
)
def test_a_file_has_at_most_400_lines(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


@pytest.mark.parametrize("path", PACKAGE, ids=relative)
def test_no_file_hides_a_missing_noun_behind_a_vague_name(path):
    assert path.stem not in {"utils", "util", "common", "helpers", "misc"}
