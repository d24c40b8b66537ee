"""A real Blender with a window: the extension installed from the zip, and visits to it.

RELIGHT_STAGE_SCREENSHOTS=1 renews the pictures in docs/pictures.
"""

import importlib.util
import json
import os
import shutil
import subprocess
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
spec = importlib.util.spec_from_file_location("stand_ins", ROOT / "tests/unit/stand_ins.py")
stand_ins = importlib.util.module_from_spec(spec)
spec.loader.exec_module(stand_ins)

SCREEN = "1600x1000x24"


class Installation(NamedTuple):
    """Blender with the extension.

    Attributes:
        outside: the folder for files that both sides see.
        inside: the same folder as Blender calls it.
        run: call a program beside that Blender; what it printed, or a failed test.
    """

    outside: Path
    inside: Path
    run: Callable[..., str]


class Visit(NamedTuple):
    """What a visit wrote down, its screenshots (H, W, 3) by name, what Blender printed."""

    report: dict
    shots: dict[str, np.ndarray]
    log: str


@pytest.fixture(scope="session")
def blender():
    """The folder of Blender; skips, loudly, where there is none."""
    folder = os.environ.get("RELIGHT_STAGE_GUI_ROOT") or Path.home() / ".cache/relight-stage/blender-gui"
    if not (Path(folder) / "relight-stage.complete").exists():
        pytest.skip(f"NO GUI TESTS: there is no Blender in {folder}; make gui-test puts one there.")
    done = subprocess.run([ROOT / "scripts" / "gui_blender.sh"], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"NO GUI TESTS: {done.stderr.strip()}")
    return Path(done.stdout.strip())


@pytest.fixture(scope="session")
def installation(blender):
    """Install the zip into an empty user folder."""
    outside = blender / "tmp" / f"relight-{uuid.uuid4().hex[:8]}"
    inside = Path("/") / outside.relative_to(blender)
    outside.mkdir()

    def run(*command, timeout_s=120):
        words = ["chroot", str(blender), "env", f"BLENDER_USER_RESOURCES={inside}/user", "LIBGL_ALWAYS_SOFTWARE=1"]
        done = subprocess.run([*words, *map(str, command)], capture_output=True, text=True, timeout=timeout_s)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    try:
        zips = sorted((ROOT / "dist").glob("relight_stage-*linux*.zip"))
        assert zips, "There is no zip in dist; make extension builds it."
        shutil.copy2(zips[-1], outside / "extension.zip")
        install = ["--command", "extension", "install-file", "-r", "user_default", "--enable"]
        run("blender", *install, inside / "extension.zip")
        settings = "import bpy; bpy.context.preferences.view.show_splash = False; "
        if not (ROOT / "nets/weights/relight.onnx").exists():
            stand_ins.write_networks(outside / "networks")
            addon = "bpy.context.preferences.addons['bl_ext.user_default.relight_stage'].preferences"
            settings += f"{addon}.model_folder = '{inside}/networks'; "
        run("blender", "-b", "--python-exit-code", 1, "--python-expr", settings + "bpy.ops.wm.save_userpref()")
        yield Installation(outside, inside, run)
    finally:
        shutil.rmtree(outside)


@pytest.fixture(scope="session")
def visit(installation, tmp_path_factory):
    """Let ``visit_NAME.py`` visit Blender; its screenshots named in ``pictures`` can go into the documentation."""

    def visit(name: str, pictures: tuple[str, ...] = (), timeout_s: float = 900) -> Visit:
        outside, inside = installation.outside / name, installation.inside / name
        outside.mkdir()
        draw_photos(outside)
        for script in ("clicks.py", f"visit_{name}.py"):
            shutil.copy2(Path(__file__).parent / script, outside)
        log = installation.run(
            *("xvfb-run", "-a", "-s", f"-screen 0 {SCREEN}", "blender", "--gpu-backend", "opengl"),
            *("--window-geometry", 0, 0, 1600, 1000, "--python-exit-code", 1),
            *("-P", inside / f"visit_{name}.py", "--", inside),
            timeout_s=timeout_s,
        )
        kept = tmp_path_factory.mktemp("shots")
        for path in outside.glob("*.png"):
            shutil.copy2(path, kept)
        report = json.loads((outside / "report.json").read_text())
        assert "finished" in report, f"{report.get('traceback')}\n{log}\nScreenshots are in {kept}"
        if os.environ.get("RELIGHT_STAGE_SCREENSHOTS"):
            for picture in pictures:
                shutil.copy2(outside / picture, ROOT / "docs" / "pictures")
        return Visit(report, {path.stem: cv2.imread(str(path)) for path in outside.glob("*.png")}, log)

    return visit


def draw_photos(folder: Path) -> None:
    """A real photo (a drawn one while there are only stand-in networks), that on 3840×2160, and one of nobody."""
    photo = stand_ins.draw_portrait(512, 448, 300, (256, 224))
    if (ROOT / "nets/weights/relight.onnx").exists():
        from skimage import data

        photo = data.astronaut().astype(np.float32) / 255
    wall = np.full((200, 200, 3), (0.2, 0.25, 0.3), np.float32)
    large = np.clip(cv2.resize(photo, (2160, 2160), interpolation=cv2.INTER_CUBIC), 0, 1)
    large = cv2.copyMakeBorder(large, 0, 0, 840, 840, cv2.BORDER_REPLICATE)
    for name, picture in (("photo", photo), ("large", large), ("wall", wall)):
        assert cv2.imwrite(str(folder / f"{name}.png"), np.round(picture[:, :, ::-1] * 255).astype(np.uint8))
    write_lamp(folder / "lamp.exr")


def write_lamp(path: Path) -> None:
    """A dim panorama with a large lamp towards +X: right of a camera that looks along +Y."""
    lamp = np.full((64, 128, 4), (0.15, 0.15, 0.18, 1), np.float32)
    lamp[18:32, 58:70, :3] = 12
    os.environ["OPENCV_IO_ENABLE_OPENEXR"] = "1"
    assert cv2.imwrite(str(path), lamp[:, :, [2, 1, 0]])
