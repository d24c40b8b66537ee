"""Picture files are whole or not there, and hold what they were given."""

import resource
import signal

import cv2
import numpy as np
import OpenEXR
import pytest

from relight_stage.addon.pictures import encode, write_layers, write_png
from relight_stage.errors import ExportError


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_opencv_reads_back_the_png(tmp_path, channels):
    values = np.random.default_rng(1).random((37, 53, channels))
    write_png(tmp_path / "picture.png", values)
    found = cv2.imread(str(tmp_path / "picture.png"), cv2.IMREAD_UNCHANGED).reshape(37, 53, channels)
    assert found.dtype == np.uint16
    order = {1: [0], 3: [2, 1, 0], 4: [2, 1, 0, 3]}[channels]
    # Half a code of 65535.
    np.testing.assert_allclose(found[:, :, order] / 65535, values, atol=0.51 / 65535)


def test_a_png_has_no_values_beyond_its_range_and_none_that_are_not_numbers(tmp_path):
    values = np.array([[[-1.0], [2.0], [np.nan], [0.5]]])
    write_png(tmp_path / "picture.png", values)
    found = cv2.imread(str(tmp_path / "picture.png"), cv2.IMREAD_UNCHANGED)
    assert found.tolist() == [[0, 65535, 0, 32768]]


def test_openexr_reads_back_the_layers(tmp_path):
    maps = {
        "relit": np.random.default_rng(2).normal(size=(9, 11, 4)).astype(np.float32) * 1e4,
        "depth": np.random.default_rng(3).random((9, 11, 1)).astype(np.float32),
    }
    write_layers(tmp_path / "all.exr", maps, {"relit": ("R", "G", "B", "A"), "depth": ("depth.Z",)})
    with OpenEXR.File(str(tmp_path / "all.exr"), separate_channels=True) as file:
        found = {name: np.array(channel.pixels) for name, channel in file.parts[0].channels.items()}
    assert set(found) == {"R", "G", "B", "A", "depth.Z"}
    np.testing.assert_array_equal(np.stack([found[c] for c in "RGBA"], -1), maps["relit"])
    np.testing.assert_array_equal(found["depth.Z"], maps["depth"][:, :, 0])


@pytest.mark.parametrize("kind", ["png", "exr"])
def test_a_full_disk_leaves_the_file_before_and_nothing_broken(tmp_path, kind):
    path = tmp_path / f"picture.{kind}"
    noise = np.random.default_rng(4).random((200, 300, 3)).astype(np.float32)
    write = write_png if kind == "png" else lambda path, x: write_layers(path, {"relit": x}, {"relit": ("R", "G", "B")})
    write(path, noise[:8, :8])
    before = path.read_bytes()
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    # The system refuses to write on, as on a full disk, instead of ending the process.
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limit[1]))
    try:
        with pytest.raises(ExportError, match=rf"picture\.{kind} can't be written: .*, or free some space"):
            write(path, noise)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, handler)
    assert path.read_bytes() == before
    assert [other.name for other in tmp_path.iterdir()] == [path.name]


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(ExportError, match=r"file/picture\.png can't be written: "):
        write_png(tmp_path / "file" / "picture.png", np.zeros((2, 2, 1)))


def test_a_picture_in_memory_is_the_exr_that_openexr_reads(tmp_path):
    values = np.random.default_rng(3).normal(0, 100, (5, 7, 4)).astype(np.float32)
    (tmp_path / "picture.exr").write_bytes(encode(values).content)
    with OpenEXR.File(str(tmp_path / "picture.exr"), separate_channels=True) as file:
        channels = file.parts[0].channels
        read = np.stack([channels[name].pixels for name in "RGBA"], axis=-1)
    np.testing.assert_array_equal(read, values)
