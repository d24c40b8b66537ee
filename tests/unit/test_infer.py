"""Laws of relighting a photo, with stand-in networks whose answers are known (tests/unit/stand_ins.py)."""

import importlib.util
from pathlib import Path

import numpy as np
import onnx
import pytest
from scipy import ndimage

from relight_stage.errors import ModelError, PhotoError, SceneError
from relight_stage.nets import framing, infer
from relight_stage.nets.infer import Relighter
from relight_stage.scenes.colour import srgb_to_linear

spec = importlib.util.spec_from_file_location("stand_ins", Path(__file__).with_name("stand_ins.py"))
stand_ins = importlib.util.module_from_spec(spec)
spec.loader.exec_module(stand_ins)


@pytest.fixture(scope="module")
def relighter(tmp_path_factory) -> Relighter:
    return Relighter.load(stand_ins.write_networks(tmp_path_factory.mktemp("networks")), working_px=128)


def portrait_photo(height=160, width=128, face_px=110.0, centre=(80.0, 64.0)) -> np.ndarray:
    return srgb_to_linear(stand_ins.draw_portrait(height, width, face_px, centre))


@pytest.fixture(scope="module")
def portrait(relighter):
    return relighter.analyse(portrait_photo())


def light_from(x: float, y: float, z: float, radiance: float = 500.0) -> np.ndarray:
    """One bright patch of texels in a direction of the camera frame."""
    light = np.zeros((64, 128, 3), np.float32)
    u = np.arctan2(x, z) / (2 * np.pi) + 0.5
    v = 0.5 - np.arcsin(y / np.sqrt(x * x + y * y + z * z)) / np.pi
    row, column = int(v * 64), int(u * 128) % 128
    light[row, column] = radiance
    return light


# Who is there


def test_the_face_is_found_where_it_is(relighter, portrait):
    # Eyes at ±0.21 face widths and −0.13, lips to 0.25, of 110 px around (80, 64): stand_ins.draw_portrait.
    top, left, bottom, right = portrait.face
    assert (top, bottom) == pytest.approx((80 - 14.3, 80 + 27.5), abs=3)
    assert (left, right) == pytest.approx((64 - 23.1, 64 + 23.1), abs=3)


def test_a_small_face_gets_a_closer_look(relighter):
    portrait = relighter.analyse(portrait_photo(700, 500, 120.0, (200.0, 320.0)))
    assert len(portrait.views) == 2
    crop = portrait.crop
    assert crop.top < 140 and crop.bottom > 260 and crop.left < 280 and crop.right > 360
    assert crop.height < 350


def test_a_face_too_small_for_the_whole_is_found_by_searching(relighter):
    # 30 px of 900: the eyes vanish when the whole is shrunk to 128 px.
    portrait = relighter.analyse(portrait_photo(900, 300, 60.0, (120.0, 150.0)))
    middle = ((portrait.face.top + portrait.face.bottom) / 2, (portrait.face.left + portrait.face.right) / 2)
    assert middle == pytest.approx((123, 150), abs=8)


def test_the_matte_is_the_ellipse(portrait):
    photo = stand_ins.draw_portrait(160, 128, 110.0, (80.0, 64.0))
    person = ~(photo == np.float32(stand_ins.BACKDROP)).all(axis=-1)
    # A pixel of the edge on either side is a blend.
    assert np.abs(portrait.matte - person).mean() < 0.01
    assert portrait.matte[80, 64] == 1 and portrait.matte[3, 3] == 0


def test_eyes_are_smoother_than_skin(portrait):
    # Where the eyes are: as above.
    eye, cheek = portrait.roughness[60:72, 36:47].min(), portrait.roughness[90, 45]
    assert eye < 0.35 < 0.45 < cheek < 0.55
    assert portrait.roughness.shape == portrait.matte.shape and portrait.roughness[3, 3] == 0


@pytest.mark.parametrize("backdrop, is_found", [(0.03, True), (0.6, False)])
def test_in_the_dark_whoever_stands_there_is_believed_to_be_a_person(relighter, backdrop, is_found):
    # One side of a face, without eyes or lips; red is skin and blue is none to the stand-in network.
    photo = np.zeros((160, 128, 3), np.float32)
    photo[:, :, 2] = backdrop
    photo[30:140, 30:65] = (0.5, 0.1, 0.02)
    if is_found:
        portrait = relighter.analyse(photo)
        assert portrait.matte[80, 50] == 1 and portrait.matte[3, 3] == 0
        assert len(portrait.views) == len(portrait.faces) == 1
    else:
        with pytest.raises(PhotoError, match="No face"):
            relighter.analyse(photo)


def test_alpha_is_used_as_the_matte(relighter):
    alpha = np.zeros((160, 128), np.float32)
    alpha[40:140, 30:100] = 0.75
    portrait = relighter.analyse(portrait_photo(), alpha)
    assert np.array_equal(portrait.matte, alpha)
    relit = relighter.relight(portrait, np.ones((64, 128, 3), np.float32))
    assert not relit[alpha == 0].any() and (relit[alpha > 0] > 0).all()


def test_a_given_matte_says_who_it_is_where_no_face_shows(relighter):
    photo = np.full((120, 200, 3), 0.2, np.float32)
    matte = np.zeros((120, 200), np.float32)
    matte[30:80, 60:100] = 1
    portrait = relighter.analyse(photo, matte)
    assert portrait.face.top < 30 and portrait.face.bottom > 80
    relit = relighter.relight(portrait, np.ones((64, 128, 3), np.float32))
    assert relit[50, 80].min() > 0


def test_a_given_matte_says_who_it_is_where_a_closer_look_finds_no_face(relighter, monkeypatch):
    monkeypatch.setattr(framing, "find_face", lambda *_: None)
    with pytest.raises(PhotoError, match="No face found"):
        relighter.analyse(portrait_photo())
    matte = np.zeros((160, 128), np.float32)
    matte[20:140, 20:110] = 1
    assert np.array_equal(relighter.analyse(portrait_photo(), matte).matte, matte)


# Several people


@pytest.fixture(scope="module")
def two_people():
    left, right = (stand_ins.draw_portrait(240, 400, size, (120.0, x)) for size, x in ((90.0, 100.0), (110.0, 300.0)))
    return srgb_to_linear(np.concatenate([left[:, :200], right[:, 200:]], axis=1))


def test_all_people_are_relit(relighter, two_people):
    portrait = relighter.analyse(two_people)
    assert len(portrait.faces) == 2
    assert portrait.matte[120, 100] == 1 and portrait.matte[120, 300] == 1
    relit = relighter.relight(portrait, np.ones((64, 128, 3), np.float32))
    assert relit[120, 100].min() > 0.1 and relit[120, 300].min() > 0.1


@pytest.mark.parametrize(("chosen", "column", "other"), [(1, 100, 300), (2, 300, 100)])
def test_one_of_several_can_be_chosen_from_the_left(relighter, two_people, chosen, column, other):
    portrait = relighter.analyse(two_people, face=chosen)
    assert len(portrait.faces) == 1
    assert portrait.matte[120, column] == 1 and portrait.matte[120, other] == 0


def test_a_face_that_is_not_there_is_refused(relighter, two_people):
    expected = r"Face 3 of the photo was asked for, but it shows 2\. Choose a face from 1 to 2, or 0 for all\.$"
    with pytest.raises(PhotoError, match=expected):
        relighter.analyse(two_people, face=3)


# Light


def test_relighting_is_linear_in_the_light(relighter, portrait):
    rng = np.random.default_rng(4)
    a, b = rng.random((2, 64, 128, 3)).astype(np.float32)
    both = relighter.relight(portrait, 2 * a + 30 * b)
    parts = 2 * relighter.relight(portrait, a) + 30 * relighter.relight(portrait, b)
    assert both == pytest.approx(parts, rel=1e-4, abs=1e-4)  # float32 sums of 128 cells


@pytest.mark.parametrize(
    ("toward", "brighter", "darker"),
    [((1, 0, 0.3), "right", "left"), ((-1, 0, 0.3), "left", "right"), ((0, 1, 0.3), "top", "bottom")],
)
def test_a_bright_texel_lights_the_side_it_stands_on(relighter, portrait, toward, brighter, darker):
    relit = relighter.relight(portrait, light_from(*toward)).mean(axis=-1)
    sides = {"left": relit[60:100, 35:50], "right": relit[60:100, 78:93], "top": relit[35:50], "bottom": relit[110:125]}
    assert sides[brighter].mean() > 2 * sides[darker].mean()


def test_uniform_light_on_a_sphere_is_the_albedo(relighter, portrait):
    relit = relighter.relight(portrait, np.ones((64, 128, 3), np.float32))
    facing = portrait.matte == 1
    # Lambert under radiance 1 from everywhere reflects its albedo; 8 × 16 cells integrate the cosine within 3%.
    assert np.median(relit[facing] / portrait.albedo[facing]) == pytest.approx(1, rel=0.03)
    # The photo mends the albedo from place to place, not as a whole.
    assert np.exp(np.log(relit[facing]).mean()) == pytest.approx(stand_ins.ALBEDO, rel=0.03)


def test_any_size_of_light_map_gives_the_same_light(relighter, portrait):
    coarse = np.random.default_rng(5).random((64, 128, 3)).astype(np.float32)
    fine = coarse.repeat(3, axis=0).repeat(3, axis=1)
    # Averaging by solid angle inside a texel row: the weights differ in the fourth digit.
    assert relighter.relight(portrait, fine) == pytest.approx(relighter.relight(portrait, coarse), rel=2e-3, abs=1e-4)


def test_a_sun_is_not_clipped(relighter, portrait):
    faint, sun = light_from(0.3, 0.5, 1, 1.0), light_from(0.3, 0.5, 1, 1e5)
    assert relighter.relight(portrait, sun) == pytest.approx(
        1e5 * relighter.relight(portrait, faint), rel=1e-4, abs=1e-2
    )


def test_the_background_shows_exactly_where_the_matte_is_not(relighter, portrait):
    light, background = np.ones((64, 128, 3), np.float32), np.full((160, 128, 3), 0.25, np.float32)
    over = relighter.relight(portrait, light, background)
    alone = relighter.relight(portrait, light)
    assert over - alone == pytest.approx((1 - portrait.matte[..., None]) * background, abs=1e-6)


# The photo's own


def test_fine_detail_comes_back_from_the_photo(relighter):
    photo = portrait_photo(1280, 1024, 900.0, (640.0, 512.0))
    stripes = 1 + 0.2 * np.sin(np.arange(1024) * 2 * np.pi / 5)  # 5 px: far finer than 128 px can hold
    textured = (photo * stripes[None, :, None]).astype(np.float32)
    light = np.ones((64, 128, 3), np.float32)
    cheek = relighter.relight(relighter.analyse(textured), light)[700:760, 330:630].mean(axis=(0, 2))
    wave = np.abs(np.fft.rfft(cheek / cheek.mean()))[300 // 5] / 150
    assert wave == pytest.approx(0.2, rel=0.1)  # the floor under dark pixels takes a few percent


def test_noise_and_clipped_highlights_do_not_explode(relighter):
    rng = np.random.default_rng(6)
    photo = portrait_photo() + rng.normal(0, 0.01, (160, 128, 3)).astype(np.float32)
    photo[70:74, 60:64] = 1.0
    photo[90:94, 60:64] = 0.0
    relit = relighter.relight(relighter.analyse(photo), np.ones((64, 128, 3), np.float32))
    assert np.isfinite(relit).all() and relit.min() >= 0
    assert relit.max() <= 4 * stand_ins.ALBEDO * 1.05  # DETAIL_LIMIT times the brightest shading


def test_no_backdrop_bleeds_into_the_foreground(relighter):
    person = (stand_ins.draw_portrait(320, 256, 220.0, (160.0, 128.0)) != np.float32(stand_ins.BACKDROP)).any(axis=-1)
    matte = ndimage.gaussian_filter(person.astype(np.float32), 6)
    skin, backdrop = srgb_to_linear(np.array(stand_ins.SKIN)), srgb_to_linear(np.array(stand_ins.BACKDROP))
    photo = matte[:, :, None] * skin + (1 - matte[:, :, None]) * backdrop
    portrait = relighter.analyse(photo.astype(np.float32), matte)
    edge = (matte > 0.1) & (matte < 0.9)
    # Half of the backdrop's colour is in these pixels; a tenth may stay.
    error = np.abs(portrait.foreground[edge] - skin).mean(axis=0)
    assert (error < 0.1 * np.abs(skin - backdrop)).all()


def test_normals_are_unit_and_the_spheres(portrait):
    inside = portrait.matte == 1
    assert np.linalg.norm(portrait.normals[inside], axis=-1) == pytest.approx(1, abs=1e-5)
    assert portrait.normals[80, 90, 0] > 0.2 and portrait.normals[80, 38, 0] < -0.2
    assert portrait.normals[45, 64, 1] > 0.2 and portrait.normals[80, 64, 2] > 0.95
    assert portrait.albedo[inside].mean() == pytest.approx(stand_ins.ALBEDO, rel=0.03)


def test_a_little_more_light_changes_the_exposure_a_little():
    photo = np.full((64, 64, 3), 0.0005, np.float32)
    factors = []
    while photo.max() < 4:
        factors.append(infer._exposure(photo))
        photo = photo * np.float32(1.05)
    assert np.abs(np.diff(np.log(factors))).max() < 0.05


@pytest.mark.parametrize("exposure", [0.01, 40.0])
def test_a_float_photos_exposure_does_not_matter(relighter, portrait, exposure):
    light = np.ones((64, 128, 3), np.float32)
    again = relighter.analyse(portrait_photo() * np.float32(exposure))
    assert relighter.relight(again, light).mean() == pytest.approx(relighter.relight(portrait, light).mean(), rel=0.05)
    assert again.foreground == pytest.approx(portrait.foreground * exposure, rel=0.1, abs=0.02 * exposure)


# Sizes and shapes


def test_grey_is_expanded(relighter):
    photo, matte = portrait_photo()[:, :, :1], np.ones((160, 128), np.float32)
    a, b = relighter.analyse(photo, matte), relighter.analyse(photo[:, :, 0], matte)
    assert a.photo.shape == (160, 128, 3) and np.array_equal(a.foreground, b.foreground)


@pytest.mark.parametrize(
    ("height", "width", "face_px", "centre"),
    [(64, 64, 50.0, (32, 32)), (97, 211, 80.0, (48, 100)), (64, 8192, 56.0, (32, 4000)), (2000, 64, 56.0, (300, 32))],
)
def test_every_shape_returns_its_own_size(relighter, height, width, face_px, centre):
    portrait = relighter.analyse(portrait_photo(height, width, face_px, centre))
    relit = relighter.relight(portrait, np.ones((64, 128, 3), np.float32))
    assert relit.shape == (height, width, 3) and relit.dtype == np.float32
    y, x = centre
    assert relit[y, x].min() > 0.1 and portrait.matte[y, x] > 0.9


def test_progress_rises_and_can_cancel(relighter):
    steps = []
    relighter.analyse(portrait_photo(), progress=lambda fraction, text: steps.append((fraction, text)))
    fractions = [fraction for fraction, _ in steps]
    assert fractions == sorted(fractions) and fractions[0] == 0 and fractions[-1] == pytest.approx(1)
    assert all(text for _, text in steps)

    class Stop(Exception):
        pass

    def stop(fraction, text):
        raise Stop

    with pytest.raises(Stop):
        relighter.analyse(portrait_photo(), progress=stop)


# Bad input


@pytest.mark.parametrize(
    ("photo", "words"),
    [
        (np.ones((1, 1, 3)), "1x1 px; both sides must be at least 64 px"),
        (np.ones((63, 200)), "200x63 px; both sides must be at least 64 px"),
        (np.ones((64, 8193)), "8193x64 px; no side may be longer than 8192 px"),
        (np.full((90, 90, 3), 0.2), r"No face found in selfie.png \(90x90 px\)"),
    ],
)
def test_what_cannot_be_relit_is_said_in_one_sentence(relighter, photo, words):
    with pytest.raises(PhotoError, match=words):
        relighter.analyse(photo, name="selfie.png")


def test_pixels_that_are_no_numbers_are_counted(relighter):
    photo = portrait_photo()
    photo[5, 5:8, 0] = np.nan
    photo[9, 9] = np.inf
    with pytest.raises(PhotoError, match="has 4 pixels that are NaN or infinite"):
        relighter.analyse(photo)


def test_an_empty_matte_is_refused(relighter):
    with pytest.raises(PhotoError, match="shows nothing"):
        relighter.analyse(portrait_photo(), np.zeros((160, 128)))


def test_a_light_map_with_nan_is_refused(relighter, portrait):
    light = np.ones((64, 128, 3), np.float32)
    light[3, 3] = np.nan
    with pytest.raises(SceneError, match="1 texels that are NaN"):
        relighter.relight(portrait, light)


def test_missing_damaged_and_foreign_networks_are_named(tmp_path):
    with pytest.raises(ModelError, match=r"matting\.onnx is missing"):
        Relighter.load(tmp_path)
    folder = stand_ins.write_networks(tmp_path)
    whole = (folder / "decompose.onnx").read_bytes()
    (folder / "decompose.onnx").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ModelError, match=r"decompose\.onnx is damaged"):
        Relighter.load(folder)
    (folder / "decompose.onnx").write_bytes((folder / "relight.onnx").read_bytes())
    with pytest.raises(ModelError, match=r"decompose\.onnx is not a network of Relight Stage"):
        Relighter.load(folder)


def test_the_provider_is_the_cpu_unless_asked(relighter):
    assert relighter.provider == "CPUExecutionProvider"


# Other versions


def older(folder):
    """The networks as they were before there was a visibility or a light net."""
    for name, kept in (("decompose", ("normal", "albedo")), ("relight", ("relit", "diffuse_light", "specular"))):
        model = onnx.load(folder / f"{name}.onnx")
        for values in (model.graph.input, model.graph.output):
            for value in [v for v in values if v.name in ("visible", "shadow", "light")]:
                values.remove(value)
        assert [value.name for value in model.graph.output] == list(kept)
        onnx.save(model, folder / f"{name}.onnx")


def test_networks_from_before_the_visibility_and_light_nets_go_on_working(tmp_path):
    photo = portrait_photo()
    light_map = np.ones((16, 32, 3), np.float32)
    pictures = []
    for folder, change in ((tmp_path / "new", lambda folder: None), (tmp_path / "old", older)):
        stand_ins.write_networks(folder)
        change(folder)
        relighter = Relighter.load(folder, working_px=64)
        portrait = relighter.analyse(photo)
        for later in (portrait.views[0].visible, portrait.views[0].light):
            assert (later is None) == (folder.name == "old")
        pictures.append(relighter.relight(portrait, light_map))
    # The stand-ins see light everywhere, and from everywhere.
    assert np.array_equal(*pictures)


def test_networks_of_two_versions_are_refused_together(tmp_path):
    new, old = stand_ins.write_networks(tmp_path / "new"), stand_ins.write_networks(tmp_path / "old")
    older(old)
    (new / "relight.onnx").write_bytes((old / "relight.onnx").read_bytes())
    with pytest.raises(ModelError, match="different versions"):
        Relighter.load(new)
