"""Reading the files of other projects, and writing a pack from them.

What comes from elsewhere is data: files are bounded in size, never run, and never looked for outside the folder that
the user named. A pack appears under its name only when it is whole.
"""

import gzip
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from ..errors import SceneError

# The largest text file of the origins is an OBJ of 3.4 MB; ten times that is no longer one of theirs.
TEXT_MAX_BYTES = 40_000_000
# What git leaves in the place of a large file that was not fetched.
_LFS_POINTER = b"version https://git-lfs.github.com/spec/"


def read_bytes(path: Path, most: int = TEXT_MAX_BYTES) -> bytes:
    """The content of a file, unpacked where its name ends in .gz.

    Raises:
        SceneError: it is missing, unreadable, larger than ``most``, or a pointer that git-lfs has not replaced.
    """
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
            content = file.read(most + 1)
    except FileNotFoundError:
        raise SceneError(f"{path} is missing: the source was copied by half. Get it again.") from None
    except (OSError, EOFError) as error:
        raise SceneError(f"{path} cannot be read: {error}. Get the source again.") from error
    if len(content) > most:
        raise SceneError(f"{path} has more than {most // 1_000_000} MB, which no file of this origin has.")
    if content.startswith(_LFS_POINTER):
        raise SceneError(f"{path} is a pointer of git-lfs, not the file. Run `git lfs pull` in the source first.")
    return content


def read_lines(path: Path) -> list[str]:
    """The lines of a text file, without white space around them; SceneError where it is no UTF-8."""
    try:
        return [line.strip() for line in read_bytes(path).decode("utf-8").splitlines()]
    except UnicodeDecodeError as error:
        raise SceneError(f"{path} is not text (byte {error.start}). Get the source again.") from error


def numbers(path: Path, rows: list[list[str]], columns: int) -> np.ndarray:
    """Rows of decimal numbers as (N, columns) float64.

    Raises:
        SceneError: a row has another length, or something that is no finite number.
    """
    bad = next((row for row in rows if len(row) != columns), None)
    if bad is None:
        try:
            table = np.array(rows, dtype=np.float64).reshape(-1, columns)
        except ValueError as error:
            raise SceneError(f"{path} holds something that is no number: {error}.") from error
        if np.isfinite(table).all():
            return table
        bad = rows[int(np.argmin(np.isfinite(table).all(1)))]
    raise SceneError(f"{path} has the row {' '.join(bad)[:60]!r} where {columns} finite numbers belong.")


def inside(root: Path, base: Path, reference: str) -> Path:
    """The file that ``reference`` names, relative to ``base``; SceneError where it lies outside ``root``."""
    path = (base / reference.replace("\\", "/")).resolve()
    if not path.is_relative_to(root.resolve()):
        raise SceneError(f"A file in {base} refers to {reference!r}, which is outside {root}. It is not read.")
    return path


def commit_of(folder: Path) -> str:
    """The commit that a clone stands at, or "unknown commit"."""
    for above in (folder, *folder.parents):
        head = above / ".git" / "HEAD"
        if not head.is_file():
            continue
        name = head.read_text(errors="replace").strip()
        if name.startswith("ref: "):
            reference = above / ".git" / name[5:]
            name = reference.read_text(errors="replace").strip() if reference.is_file() else ""
        return name if re.fullmatch(r"[0-9a-f]{40}", name) else "unknown commit"
    return "unknown commit"


@contextmanager
def new_pack(out: Path, name: str) -> Iterator[Path]:
    """A hidden folder to write in, which becomes ``out/name`` when the block ends well, and goes when it does not.

    Raises:
        SceneError: ``out/name`` is there already, or cannot be written.
    """
    folder, partial = out / name, out / f".{name}.partial"
    if folder.exists():
        raise SceneError(f"{folder} is there already. Delete it first, or choose another folder.")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        yield partial
        partial.rename(folder)
    except OSError as error:
        raise SceneError(
            f"{folder} could not be written: {error.strerror}. Free the disk or choose another."
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
