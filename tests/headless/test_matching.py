"""A grey sphere in the matched scene is lit from the side from which the photo is."""

import numpy as np
import pytest

bpy = pytest.importorskip("bpy", reason="the headless tier needs the bpy wheel: make env")

from mathutils import Euler  # noqa: E402

from relight_stage.scenes import light_map as light_maps  # noqa: E402

pytestmark = pytest.mark.addon


@pytest.mark.parametrize("kind", ["world", "sun"])
@pytest.mark.parametrize("turn_deg", [0, 70])
def test_the_scene_sheds_the_estimated_light_on_what_the_camera_sees(extension, stage, kind, turn_deg):
    matching, probe = extension("addon.matching"), extension("addon.probe")
    stage.camera.rotation_euler = Euler((np.radians(80), 0, np.radians(turn_deg)))
    bpy.context.view_layer.update()
    toward = np.array([-0.7, 0.5, 0.5]) / np.linalg.norm([-0.7, 0.5, 0.5])
    lobe = np.exp(8 * (light_maps.directions(16) @ toward - 1))[:, :, None]
    light_map = (0.1 + lobe * np.array([4.0, 3.0, 2.0])).astype(np.float32)
    view = probe.view_of(bpy.context)
    getattr(matching, f"show_{kind}")(stage, light_map, view)
    bpy.context.view_layer.update()
    found = probe.light_map(stage, view)
    if kind == "sun":
        sun = stage.relight_stage_matching.sun
        aim = np.asarray(view.camera_to_world).T @ np.array(sun.matrix_world.to_3x3().col[2])
        assert aim @ toward > np.cos(np.radians(8))
        total = light_maps.flux(found) + np.array(sun.data.color) * sun.data.energy
        assert np.ptp(found, axis=(0, 1)).max() < 1e-3 * found.mean(), "the fill is even"
    else:
        # The direction of the mean light; texels of the coarse map are 11° wide.
        mean = light_maps.directions(64)[..., None] * (found * light_maps.solid_angles(64)[:, :, None])[..., None, :]
        mean = mean.sum(axis=(0, 1)).sum(axis=-1)
        assert mean @ toward / np.linalg.norm(mean) > np.cos(np.radians(5))
        total = light_maps.flux(found)
    # A sun's irradiance is a little less than the flux of a light as broad as this.
    np.testing.assert_allclose(total, light_maps.flux(light_map), rtol=0.02 if kind == "world" else 0.15)


def test_the_button_matches_the_world_and_again_without_leaving_suns(extension, stage, drawn_photo):
    settings = stage.relight_stage_matching
    for kind in ("SUN", "SUN", "WORLD"):
        settings.kind = kind
        assert bpy.ops.relight_stage.match_scene("EXEC_DEFAULT") == {"FINISHED"}
        lamps = [thing for thing in stage.objects if thing.type == "LIGHT"]
        assert len(lamps) == (kind == "SUN")
    assert any(node.type == "TEX_ENVIRONMENT" and node.image.packed_file for node in stage.world.node_tree.nodes)


def test_the_artists_own_world_stays_in_the_file_and_ours_do_not_pile_up(extension, stage, drawn_photo, tmp_path):
    for kind in ("WORLD", "SUN", "WORLD"):
        stage.relight_stage_matching.kind = kind
        bpy.ops.relight_stage.match_scene("EXEC_DEFAULT")
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "scene.blend"))
    assert {world.name for world in bpy.data.worlds} == {"Grey", bpy.context.scene.world.name}
