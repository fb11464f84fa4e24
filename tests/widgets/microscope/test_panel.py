"""The *Microscope* panel: a selected shape, knobs, and the image that follows them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hands import PATIENCE_MS, Hands, running
from live_image import IMAGE, STACK, pixels, settled
from qtpy.QtWidgets import QFileDialog, QInputDialog
from skimage.draw import polygon2mask

from napari_3dmsl.layers.attributes import about
from napari_3dmsl.layers.extraction import INSTANCES
from napari_3dmsl.layers.images import contrast_of
from napari_3dmsl.layers.surfaces import mesh_layer, mesh_of_layer
from napari_3dmsl.microscope.objectives import with_objective
from napari_3dmsl.microscope.presets import (
    load_camera,
    load_microscope,
    load_objective,
    microscope_names,
    usual_camera,
)
from napari_3dmsl.microscope.resolution import point_image, resolution
from napari_3dmsl.microscope.simulation import Simulation, simulate_surface
from napari_3dmsl.scenes.cell_settings import CellScene
from napari_3dmsl.scenes.field_settings import FieldPlace
from napari_3dmsl.shapes.mesh import Mesh
from napari_3dmsl.widgets.common.form import forms_in
from napari_3dmsl.widgets.image_pane.opening import image_pane_of
from napari_3dmsl.widgets.microscope import scene_in_sight
from napari_3dmsl.widgets.microscope.sample_settings import CellOf, ImageOf

PANEL = "Microscope"


@pytest.fixture
def microscope(loaded: Any, open_panel: Any, id_of: Callable[[str], int]) -> Hands:
    """The panel with the ring selected and its image there."""
    hands = open_panel(loaded, PANEL)
    loaded.layers[INSTANCES].selected_label = id_of("donut")
    settled(hands)
    return hands


@pytest.fixture
def ring(shapes: Any, id_of: Callable[[str], int]) -> Mesh:
    return shapes.mesh(id_of("donut"))


def settings(viewer: Any, name: str = IMAGE) -> dict[str, Any]:
    return about(viewer.layers[name])["settings"]


def drawn_again(viewer: Any, mesh: Mesh, name: str = IMAGE) -> np.ndarray:
    """The image that a script makes with the settings that a layer carries."""
    known = {key: settings(viewer, name)[key] for key in Simulation.model_fields}
    image = simulate_surface(mesh.vertices, mesh.faces, Simulation.model_validate(known))
    return image.counts if name == STACK else image.counts[0]


def test_without_a_shape_the_panel_says_what_to_do(viewer: Any, open_panel: Any) -> None:
    hands = open_panel(viewer, PANEL)
    assert hands.status == "Select a shape to see its image."
    assert hands.find("sample").text().startswith("none selected")
    hands.click("save")
    assert hands.complains
    assert "No image to save" in hands.status
    assert len(viewer.layers) == 0


def test_the_selected_shape_is_imaged(
    microscope: Hands, loaded: Any, ring: Mesh, shapes: Any, id_of: Callable[[str], int]
) -> None:
    layer = loaded.layers[IMAGE]
    assert layer.data.shape == (128, 128)
    np.testing.assert_allclose(layer.scale, 0.070)
    assert {str(unit) for unit in layer.units} == {"micrometer"}
    assert {str(unit) for unit in loaded.layers.units} == {"micrometer"}
    np.testing.assert_array_equal(pixels(loaded), drawn_again(loaded, ring))
    assert "fluorophores on 2.0" in microscope.status
    assert microscope.find("sample").text().startswith("4 · donut:")
    # It lies beside the volume, not over it, and the labels stay active.
    assert layer.extent.world[0][1] > 96 * 0.024
    assert loaded.layers.selection.active.name == INSTANCES
    before = pixels(loaded)
    loaded.layers[INSTANCES].selected_label = id_of("rod")
    settled(microscope)
    assert not np.array_equal(pixels(loaded), before)
    np.testing.assert_array_equal(pixels(loaded), drawn_again(loaded, shapes.mesh(id_of("rod"))))
    assert [layer.name for layer in loaded.layers].count(IMAGE) == 1
    loaded.layers.remove(loaded.layers[IMAGE])
    microscope.type("focus_um", 0.5)
    settled(microscope)
    assert settings(loaded)["acquisition"]["focus_um"] == 0.5


KNOBS = [
    # Name of the field and of its setting, its place among the settings, a value.
    ("focus_um", "acquisition", 0.8),
    ("depth_um", "acquisition", 4.0),
    ("numerical_aperture", "microscope", 0.9),
    ("emission_nm", "microscope", 800),
    ("pixel_nm", "microscope", 100),
    ("immersion_index", "microscope", 1.47),
    ("coverslip_index", "microscope", 1.53),
    ("specimen_index", "microscope", 1.45),
    ("density_per_um2", "labelling", 300),
    ("efficiency", "labelling", 0.5),
    ("photons_per_fluorophore", "labelling", 900),
    ("background_photons", "camera", 200),
    ("read_noise_e", "camera", 20),
    ("row_noise_e", "camera", 5),
    ("vignetting", "camera", 0.5),
    ("gain_spread", "camera", 0.1),
    ("offset_spread_e", "camera", 6),
    ("hot_share", "camera", 0.05),
    ("pattern_seed", "camera", 3),
    ("offset_adu", "camera", 400),
    ("seed", None, 7),
]


def test_every_knob_changes_the_image_and_its_settings(
    microscope: Hands, loaded: Any, ring: Mesh
) -> None:
    """Field by field: the image changes, and is what a script makes of the same settings."""
    microscope.choose("noise", "camera")
    for name, group, value in KNOBS:
        before = pixels(loaded)
        microscope.type(name, value)
        settled(microscope)
        assert not microscope.complains, (name, microscope.status)
        found = settings(loaded) if group is None else settings(loaded)[group]
        assert found[name] == pytest.approx(value)
        assert not np.array_equal(pixels(loaded), before), name
    np.testing.assert_array_equal(pixels(loaded), drawn_again(loaded, ring))
    np.testing.assert_allclose(loaded.layers[IMAGE].scale, 0.100)
    microscope.type("image_size", 64)
    settled(microscope)
    assert pixels(loaded).shape == (64, 64)


def test_sliders_turns_and_views_move_the_image(microscope: Hands, loaded: Any) -> None:
    for name in ("focus_um", "rotation_deg_x", "photons_per_fluorophore"):
        before = pixels(loaded)
        microscope.press(f"{name}_slider", "PageUp", times=3)
        settled(microscope)
        assert not np.array_equal(pixels(loaded), before), name
    for axis, degrees in (("z", 30), ("y", -45), ("x", 60)):
        before = pixels(loaded)
        microscope.type(f"rotation_deg_{axis}", degrees)
        settled(microscope)
        assert not np.array_equal(pixels(loaded), before)
    assert settings(loaded)["pose"]["rotation_deg"] == [30, -45, 60]
    microscope.choose("view", "x90")
    settled(microscope)
    assert settings(loaded)["pose"]["rotation_deg"] == [0, 0, 90]
    assert microscope.find("rotation_deg_x").value() == 90
    microscope.choose("view", "0")
    settled(microscope)
    assert settings(loaded)["pose"]["rotation_deg"] == [0, 0, 0]


def test_a_pose_of_ones_own_is_not_called_one_of_the_six(microscope: Hands, loaded: Any) -> None:
    view = microscope.find("view")
    microscope.choose("view", "y90")
    microscope.type("rotation_deg_z", 12)
    assert view.currentText() == "own"
    microscope.type("rotation_deg_z", 0)
    assert view.currentText() == "y90"
    loaded.dims.ndisplay = 3
    getattr(loaded, "scene", loaded).camera.angles = (25, -40, 100)
    microscope.click("use_view")
    assert view.currentText() == "own"
    microscope.choose("view", "0")
    microscope.press("view", "End")  # it is told, not chosen
    assert view.currentText() != "own"
    # The release turned its views the other way: the same word, other angles.
    microscope.click("as_released")
    assert view.currentText() == "own"
    microscope.choose("view", "x90")
    assert view.currentText() == "x90"
    settled(microscope)


def test_an_image_brighter_than_the_display_is_told_with_the_remedy(
    microscope: Hands, loaded: Any
) -> None:
    assert "brighter than the display" not in microscope.status
    microscope.type("density_per_um2", 3000)
    settled(microscope)
    share = (pixels(loaded) > loaded.layers[IMAGE].contrast_limits[1]).mean()
    assert share > 0.005
    told = f"{100 * share:.1f} % of the pixels are brighter than the display: tick “Adjust contrast"
    microscope.wait(lambda: told in microscope.status)
    microscope.click("auto_contrast")
    microscope.wait(lambda: "brighter than the display" not in microscope.status)
    assert microscope.panel.pages.page_of(microscope.find("auto_contrast")) == 0


def test_beside_a_3d_scene_the_pane_shows_the_image_and_no_camera_moves(
    window: Any, open_panel: Any, id_of: Callable[[str], int], qtbot: Any
) -> None:
    window.dims.ndisplay = 3
    hands = open_panel(window, PANEL)
    pane = image_pane_of(window)
    qtbot.wait(50)
    camera = getattr(window, "scene", window).camera
    before = tuple(camera.center), camera.zoom
    window.layers[INSTANCES].selected_label = id_of("donut")
    settled(hands)
    assert len(pane.pictures) == 1
    assert (tuple(camera.center), camera.zoom) == before


def test_without_a_pane_in_sight_the_first_image_comes_into_view_and_later_ones_move_no_camera(
    window: Any,
    open_panel: Any,
    id_of: Callable[[str], int],
    qtbot: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(scene_in_sight, "images_are_beside", lambda _: False)
    window.dims.ndisplay = 3
    hands = open_panel(window, PANEL)
    qtbot.wait(50)
    window.reset_view()
    camera = getattr(window, "scene", window).camera
    camera.angles = angles = (10, 30, 60)
    alone = camera.center, camera.zoom

    def seen() -> Any:
        return tuple(camera.center), camera.zoom, tuple(camera.angles)

    window.layers[INSTANCES].selected_label = id_of("donut")
    settled(hands)
    assert (camera.center, camera.zoom) != alone
    assert camera.angles == pytest.approx(angles)
    canvas = window.window._qt_viewer.canvas
    node = canvas.layer_to_visual[window.layers[IMAGE]].node
    drawn = node.get_transform("visual", "canvas").map([64, 64, 0])  # its middle
    assert np.all(drawn[:2] / drawn[3] > 0)
    assert np.all(drawn[:2] / drawn[3] < [canvas.native.width(), canvas.native.height()])

    camera.center, camera.zoom = alone
    before = seen()
    hands.type("image_size", 64)
    settled(hands)
    window.layers[INSTANCES].selected_label = id_of("rod")
    settled(hands)
    window.layers.remove(IMAGE)
    hands.type("focus_um", 0.2)
    settled(hands)
    assert seen() == before  # it was there before

    hands.choose("compare_1", "epi1")
    hands.wait(lambda: "epi1 (2)" in window.layers)
    assert seen() != before
    camera.center, camera.zoom = alone
    hands.choose("compare_1", "nothing")
    hands.choose("compare_1", "epi1")
    hands.wait(lambda: "epi1 (2)" in window.layers)
    assert seen() == before


def test_an_image_that_is_in_sight_leaves_the_camera_alone(
    window: Any, open_panel: Any, id_of: Callable[[str], int], qtbot: Any
) -> None:
    window.dims.ndisplay = 2
    hands = open_panel(window, PANEL)
    image_pane_of(window)
    qtbot.wait(50)
    camera = getattr(window, "scene", window).camera
    camera.center, camera.zoom = (0.0, 1.0, 6.0), 30.0
    window.layers[INSTANCES].selected_label = id_of("donut")
    settled(hands)
    assert camera.zoom == 30.0
    assert tuple(camera.center)[-2:] == (1.0, 6.0)


def test_in_3d_an_image_is_drawn_as_thin_as_it_is(microscope: Hands, loaded: Any) -> None:
    """napari's own way of drawing it, a slab 1 µm thick, smears it when the view is turned."""
    layer = loaded.layers[IMAGE]
    assert str(layer.depiction) == "plane"
    assert tuple(layer.plane.normal) == (1, 0, 0)
    microscope.click("stack")
    settled(microscope, STACK)
    assert str(loaded.layers[STACK].depiction) == "volume"


def test_dark_pixels_of_flat_images_are_dark_in_3d_in_the_light_theme(
    window: Any, open_panel: Any, id_of: Callable[[str], int], qtbot: Any
) -> None:
    """napari draws no pixel at the lower contrast limit: a hole that shows the white canvas."""
    window.theme = "light"
    window.dims.ndisplay = 3
    hands = open_panel(window, PANEL)
    window.layers[INSTANCES].selected_label = id_of("donut")
    settled(hands)
    hands.click("photons")
    hands.click("point")
    hands.choose("compare_1", "epi1")
    flat = {IMAGE, "expected photons", "point spread function (xy, xz)", "epi1 (2)"}
    hands.wait(lambda: flat <= {layer.name for layer in window.layers})
    settled(hands)
    for name in flat:
        for _ in range(2):  # as it came, and after another contrast
            assert share_of_light(window, name, qtbot) < 0.02
            low, high = window.layers[name].contrast_limits
            window.layers[name].contrast_limits = low, 2 * high


def share_of_light(viewer: Any, name: str, qtbot: Any) -> float:
    """Share of a layer's place on the canvas, seen alone from above, that is white."""
    for layer in viewer.layers:
        layer.visible = layer.name == name
    viewer.reset_view()
    extent = viewer.layers[name].extent.world
    camera = getattr(viewer, "scene", viewer).camera
    camera.center = extent.mean(axis=0)
    camera.zoom = 0.8 * min(viewer.window._qt_viewer.canvas.size) / np.ptp(extent, axis=0).max()
    qtbot.wait(20)
    picture = viewer.screenshot(canvas_only=True, flash=False)[..., :3].min(axis=2)
    rows, columns = np.nonzero(picture != picture[2, 2])
    place = picture[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    assert place.size > 1000  # of however small a canvas
    return float((place > 250).mean())


def test_the_view_in_the_canvas_becomes_the_pose(microscope: Hands, loaded: Any) -> None:
    """What the canvas shows on the right, and lowest, lies right, and lowest, in the image."""
    loaded.dims.ndisplay = 2
    microscope.click("use_view")
    assert microscope.complains
    assert "3D" in microscope.status
    loaded.dims.ndisplay = 3
    camera = getattr(loaded, "scene", loaded).camera
    loaded.window.show()  # a window that is not shown draws nothing
    loaded.reset_view()
    for angles in ((0, 0, 0), (25, -40, 100)):
        camera.angles = angles
        microscope.click("use_view")
        settled(microscope)
        matrix = np.array(settings(loaded)["world_to_field"])[:3, :3]
        centre = microscope.panel.sample.surface().centroid_um
        camera.center, camera.zoom = centre, 100.0  # a µm has so many pixels on any canvas
        middle = seen_at(loaded, centre)
        for axis in (1, 2):  # down the rows, along the columns
            step = seen_at(loaded, centre + 0.5 * matrix[axis]) - middle
            assert step[axis - 1] > 25
            assert abs(step[2 - axis]) < 0.1 * step[axis - 1]


def seen_at(viewer: Any, position: np.ndarray) -> np.ndarray:
    """Row and column of the canvas at which a point of the world is seen."""
    shown = [layer for layer in viewer.layers if layer.visible]
    for layer in shown:
        layer.visible = False
    mark = viewer.add_points(
        position[None], size=0.2, units="µm", face_color="red", border_color="red"
    )
    picture = viewer.screenshot(flash=False).astype(int)
    viewer.layers.remove(mark)
    for layer in shown:
        layer.visible = True
    found = np.argwhere((picture[..., 0] > 150) & (picture[..., 1] < 100))
    assert len(found) > 5
    return found.mean(axis=0)


def test_the_focal_plane_cuts_the_shape_where_the_image_is_sharp(
    microscope: Hands, loaded: Any, ring: Mesh
) -> None:
    images = list(loaded.layers[IMAGE].extent.world[0])
    microscope.click("focal_plane")
    microscope.wait(lambda: "focal plane" in loaded.layers)
    microscope.choose("view", "x90")
    microscope.type("focus_um", 0.4)
    settled(microscope)
    plane = loaded.layers["focal plane"].data[0]
    turn = np.array(settings(loaded)["world_to_field"])[:3, :3]
    centre = microscope.panel.sample.surface().centroid_um
    np.testing.assert_allclose((plane - centre) @ turn[0], 0.4, atol=1e-5)
    np.testing.assert_allclose(plane.mean(axis=0), centre + 0.4 * turn[0], atol=1e-5)
    assert np.ptp((plane - centre) @ turn[2]) == pytest.approx(128 * 0.070)
    assert list(loaded.layers[IMAGE].extent.world[0]) == pytest.approx(images)
    assert loaded.layers.selection.active.name == INSTANCES
    microscope.click("focal_plane")
    microscope.wait(lambda: "focal plane" not in loaded.layers)


def test_presets_bring_their_modality_pixels_and_camera(
    microscope: Hands, loaded: Any, ring: Mesh
) -> None:
    assert {"con1", "conf2", "epi1"} <= set(microscope_names())
    for name in ("conf2", "epi1", "con1"):
        preset = load_microscope(name)
        microscope.choose("microscope", name)
        settled(microscope)
        assert microscope.find("modality").currentText() == preset.modality
        assert microscope.find("pixel_nm").value() == preset.pixel_nm
        assert microscope.find("pinhole_airy").isEnabled() == (preset.modality == "confocal")
        assert settings(loaded)["microscope"] == preset.model_dump(mode="json")
        assert settings(loaded)["camera"] == usual_camera(preset).model_dump(mode="json")
        np.testing.assert_allclose(loaded.layers[IMAGE].scale, preset.pixel_um)
        np.testing.assert_array_equal(pixels(loaded), drawn_again(loaded, ring))
    microscope.choose("microscope", "conf2")
    settled(microscope)
    for change in (
        lambda: microscope.type("pinhole_airy", 3),
        lambda: microscope.type("excitation_nm", 405),
        lambda: microscope.choose("confocal", "squared PSF (as released)"),
        lambda: microscope.choose("modality", "widefield"),
    ):
        before = pixels(loaded)
        change()
        settled(microscope)
        assert not np.array_equal(pixels(loaded), before)
    assert not microscope.find("excitation_nm").isEnabled()


def test_an_impossible_aperture_is_told_and_the_image_stays(microscope: Hands, loaded: Any) -> None:
    before = pixels(loaded)
    microscope.type("immersion_index", 1.33)
    assert microscope.complains
    assert "Numerical apert. = 1.4: must be below the immersion index (1.33)" in microscope.status
    microscope.type("focus_um", 0.5)
    assert microscope.complains
    microscope.qtbot.wait(100)
    np.testing.assert_array_equal(pixels(loaded), before)
    microscope.type("numerical_aperture", 1.2)
    settled(microscope)
    assert not microscope.complains
    assert settings(loaded)["microscope"]["numerical_aperture"] == 1.2
    assert not np.array_equal(pixels(loaded), before)


def test_read_outs_follow_the_optics_and_warn_of_coarse_pixels(
    microscope: Hands, loaded: Any
) -> None:
    text = microscope.find("read_out").text
    microscope.wait(lambda: microscope.panel.read_out.height_um > 0)
    found = resolution(load_microscope("con1"), round(microscope.panel.read_out.height_um, 2))
    microscope.wait(lambda: f"Along z (FWHM): {1000 * found.axial_fwhm_um:.0f} nm" in text())
    assert f"Width (FWHM): {1000 * found.lateral_fwhm_um:.0f} nm" in text()
    assert "Airy unit 523 nm" in text()
    assert "Pinhole: 1 AU 523 nm" in text()
    assert "Pixel: 70 nm Nyquist 54 nm: 1.3 × too coarse" in text()  # the paper's confocal is
    microscope.type("pixel_nm", 40)
    microscope.wait(lambda: "Pixel: 40 nm Nyquist 54 nm\n" in text())
    assert "Step in z: no stack" in text()
    microscope.click("stack")
    microscope.wait(lambda: "Step in z: 250 nm Nyquist 109 nm: 2.3 × too coarse" in text())
    microscope.choose("modality", "widefield")
    microscope.wait(lambda: f"Nyquist {1000 * 0.6 / 4 / 1.33:.0f} nm" in text())
    assert "Pinhole" not in text()


def test_the_point_spread_function_follows_the_optics(microscope: Hands, loaded: Any) -> None:
    name = "point spread function (xy, xz)"
    microscope.click("point")
    microscope.wait(lambda: name in loaded.layers)
    layer = loaded.layers[name]
    assert layer.data.shape[0] == 81
    assert layer.extent.world[0][0] > loaded.layers[IMAGE].extent.world[1][0]
    pixel = layer.scale[0]
    microscope.type("numerical_aperture", 0.7)
    microscope.wait(lambda: layer.scale[0] > 1.5 * pixel)
    found = point_image(
        microscope.panel.form.microscope(), round(microscope.panel.read_out.height_um, 2)
    )
    np.testing.assert_allclose(layer.data[:, :81], found.xy, rtol=1e-5)
    np.testing.assert_allclose(layer.data[:, -81:], found.xz, rtol=1e-5)
    assert loaded.layers.selection.active.name == INSTANCES
    microscope.click("point")
    microscope.wait(lambda: name not in loaded.layers)


def test_other_ways_of_imaging_and_labelling_are_a_choice_away(
    microscope: Hands, loaded: Any, ring: Mesh
) -> None:
    def differs(change: Callable[[], None], group: str, **wanted: Any) -> None:
        before = pixels(loaded)
        change()
        settled(microscope)
        assert not microscope.complains, microscope.status
        assert wanted.items() <= settings(loaded)[group].items()
        assert not np.array_equal(pixels(loaded), before), wanted

    choose, of = microscope.choose, microscope.find
    differs(lambda: choose("modality", "two-photon"), "microscope", modality="two_photon")
    assert of("excitation_nm").isEnabled()
    assert not of("emission_nm").isEnabled()
    differs(lambda: choose("modality", "light-sheet"), "microscope", modality="light_sheet")
    assert of("camera").currentText() == "scmos"
    differs(lambda: microscope.type("sheet_fwhm_um", 0.3), "microscope", sheet_fwhm_um=0.3)
    differs(lambda: choose("psf_model", "vectorial"), "microscope", psf_model="vectorial")
    differs(lambda: choose("target", "volume (matrix)"), "labelling", target="volume")
    assert "µm³" in microscope.status
    assert not of("density_per_um2").isEnabled()
    differs(lambda: microscope.type("density_per_um3", 5000), "labelling", density_per_um3=5000)
    differs(lambda: microscope.type("off_time_s", 0.2), "labelling", off_time_s=0.2)
    differs(lambda: microscope.click("continuous"), "labelling", continuous=True)
    np.testing.assert_array_equal(pixels(loaded), drawn_again(loaded, ring))


def test_other_microscopes_image_the_same_fluorophores_beside(
    microscope: Hands, loaded: Any, ring: Mesh
) -> None:
    microscope.choose("compare_1", "epi1")
    microscope.choose("compare_2", "conf2")
    names = "epi1 (2)", "conf2 (3)"
    microscope.wait(lambda: all(name in loaded.layers for name in names))
    microscope.type("focus_um", 0.4)
    microscope.type("rotation_deg_x", 30)
    microscope.wait(
        lambda: all(settings(loaded, name)["pose"]["rotation_deg"][2] == 30 for name in names)
    )
    settled(microscope)
    first = settings(loaded)
    for name in names:
        other = settings(loaded, name)
        assert other["microscope"] == load_microscope(name.split()[0]).model_dump(mode="json")
        for same in ("pose", "labelling", "acquisition", "seed", "fluorophores", "world_to_field"):
            assert other[same] == first[same], same
        np.testing.assert_array_equal(pixels(loaded, name), drawn_again(loaded, ring, name))
    edges = [loaded.layers[name].extent.world[:, 1] for name in (IMAGE, *names)]
    assert edges[0][1] < edges[1][0] < edges[1][1] < edges[2][0]
    microscope.choose("microscope", "epi1")  # its image is wider: the others make room
    microscope.wait(lambda: loaded.layers[names[0]].extent.world[0][1] > 1 + edges[1][0])
    microscope.choose("compare_1", "nothing")
    assert names[0] not in loaded.layers
    settled(microscope)
    assert names[0] not in loaded.layers


def test_another_objective_and_camera_fill_the_fields(microscope: Hands, loaded: Any) -> None:
    microscope.choose("microscope", "epi1")
    microscope.choose("objective", "20x-air")
    settled(microscope)
    objective = load_objective("20x-air")
    expected = with_objective(load_microscope("epi1"), objective)
    assert settings(loaded)["microscope"] == expected.model_dump(mode="json")
    assert microscope.find("numerical_aperture").value() == objective.numerical_aperture
    microscope.choose("camera", "emccd")
    settled(microscope)
    assert settings(loaded)["camera"] == load_camera("emccd").model_dump(mode="json")
    assert settings(loaded)["microscope"] == expected.model_dump(mode="json")
    microscope.choose("microscope", "con1")
    settled(microscope)
    assert microscope.find("objective").currentText() == "the microscope's own"
    assert microscope.find("camera").currentText() == "pmt"


def test_what_differs_from_the_preset_is_named_and_can_be_reset(
    microscope: Hands, loaded: Any
) -> None:
    changes = microscope.find("changes")
    assert changes.isHidden()
    assert not microscope.find("reset").isEnabled()
    microscope.type("emission_nm", 650)
    microscope.type("pinhole_airy", 2)
    assert changes.text() == "Changed: emission, pinhole"
    settled(microscope)
    microscope.click("reset")
    settled(microscope)
    assert settings(loaded)["microscope"] == load_microscope("con1").model_dump(mode="json")
    assert changes.isHidden()


def test_a_microscope_is_kept_listed_and_opened_again(
    microscope: Hands, loaded: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NAPARI_3DMSL_PRESETS", str(tmp_path))

    def keep_as(name: str) -> None:
        monkeypatch.setattr(QInputDialog, "getText", lambda *_: (name, True))
        microscope.click("keep")

    microscope.type("emission_nm", 650)
    keep_as("con1")
    assert microscope.complains
    assert "preset of this package" in microscope.status
    keep_as("../elsewhere")
    assert microscope.complains
    keep_as("ours, red")
    settled(microscope)
    assert microscope.find("microscope").currentData() == "ours, red"
    assert microscope.find("changes").isHidden()
    kept = tmp_path / "microscopes" / "ours, red.json"
    assert [path.name for path in kept.parent.iterdir()] == [kept.name]
    assert load_microscope("ours, red").emission_nm == 650
    microscope.choose("microscope", "epi1")
    settled(microscope)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(kept), ""))
    microscope.click("open_microscope")
    settled(microscope)
    assert settings(loaded)["microscope"]["emission_nm"] == 650
    kept.write_text('{"numerical_aperture": 9}')
    microscope.click("open_microscope")
    assert microscope.complains
    assert "“Numerical apert.” = 9" in microscope.status
    assert settings(loaded)["microscope"]["emission_nm"] == 650


def test_a_camera_that_saturates_is_told(microscope: Hands, loaded: Any) -> None:
    assert "saturate" not in microscope.status
    microscope.type("photons_per_fluorophore", 100000)
    settled(microscope)
    assert pixels(loaded).max() == 2**12 - 1
    assert "of the pixels saturate: lower the photons" in microscope.status


def test_a_signal_to_noise_ratio_can_be_asked_for(microscope: Hands, loaded: Any) -> None:
    microscope.type("snr", 12)
    settled(microscope)
    assert settings(loaded)["snr"] == 12
    assert "signal to noise 12.0" in microscope.status
    microscope.choose("noise", "none (photons)")
    microscope.wait(lambda: not microscope.complains and settings(loaded)["noise"] == "none")


def test_noise_can_be_left_out_or_be_that_of_the_paper(microscope: Hands, loaded: Any) -> None:
    for words, noise, dtype in (
        ("none (photons)", "none", np.float32),
        ("PhysSeg (paper)", "physeg", np.uint16),
        ("camera", "camera", np.uint16),
    ):
        if settings(loaded)["noise"] == noise:
            continue
        microscope.choose("noise", words)
        settled(microscope)
        assert settings(loaded)["noise"] == noise
        layer = loaded.layers[IMAGE]
        assert layer.data.dtype == dtype
        # Grey levels of another kind need another contrast, or the image would be black.
        assert layer.contrast_limits == pytest.approx(contrast_of(layer.data))


def test_the_photons_without_noise_lie_beside_the_image(microscope: Hands, loaded: Any) -> None:
    microscope.click("photons")
    microscope.wait(lambda: "expected photons" in loaded.layers)
    microscope.type("photons_per_fluorophore", 500)
    microscope.type("focus_um", 0.3)
    settled(microscope)
    clean, noisy = loaded.layers["expected photons"], loaded.layers[IMAGE]
    assert clean.data.dtype == np.float32
    assert settings(loaded, "expected photons")["noise"] == "none"
    assert settings(loaded, "expected photons")["acquisition"]["focus_um"] == 0.3
    assert clean.extent.world[0][1] > noisy.extent.world[1][1]
    camera = usual_camera(load_microscope("con1"))
    levels = camera.quantum_efficiency * (clean.data + camera.background_photons) / camera.e_per_adu
    assert np.corrcoef(levels.ravel(), noisy.data.ravel())[0, 1] > 0.98
    assert noisy.data.mean() == pytest.approx(levels.mean() + camera.offset_adu, rel=0.05)
    microscope.click("photons")
    microscope.wait(lambda: "expected photons" not in loaded.layers)


def test_the_ground_truth_mask_lies_beside_the_photons(
    microscope: Hands, loaded: Any, ring: Mesh, id_of: Callable[[str], int], shapes: Any
) -> None:
    name = "ground-truth mask"
    microscope.type("image_size", 64)
    microscope.click("photons")
    microscope.click("truth")
    microscope.wait(lambda: name in loaded.layers)
    microscope.type("rotation_deg_x", 40)
    microscope.type("rotation_deg_z", 30)
    settled(microscope)
    mask, clean = loaded.layers[name], loaded.layers["expected photons"]

    def covered(mesh: Mesh) -> np.ndarray:
        """Pixels whose middle lies under a triangle, by drawing one after the other."""
        turned = np.c_[mesh.vertices, np.ones(len(mesh.vertices))]
        place = turned @ np.array(settings(loaded)["world_to_field"]).T
        pixel = place[:, 1:3] / 0.070 + 32 - 0.5
        found = np.zeros((64, 64), bool)
        for corners in pixel[mesh.faces]:
            found |= polygon2mask((64, 64), corners)
        return found

    def shows(mesh: Mesh) -> bool:
        expected = covered(mesh)
        return np.count_nonzero(mask.data != expected) < 0.1 * np.count_nonzero(expected)

    microscope.wait(lambda: shows(ring))
    assert mask.data.shape == (64, 64)
    assert set(np.unique(mask.data)) == {0, 1}
    assert np.count_nonzero(mask.data) > 80
    np.testing.assert_allclose(mask.scale, clean.scale)
    assert mask.extent.world[0][1] > clean.extent.world[1][1]
    assert {str(unit) for unit in loaded.layers.units} == {"micrometer"}
    assert loaded.layers.selection.active.name == INSTANCES
    # Optics, focus and camera leave it alone; another shape and other pixels do not.
    before = mask.data
    microscope.type("focus_um", 1)
    microscope.choose("camera", "emccd")
    settled(microscope)
    microscope.qtbot.wait(50)
    assert mask.data is before
    loaded.layers[INSTANCES].selected_label = id_of("rod")
    settled(microscope)
    microscope.wait(lambda: shows(shapes.mesh(id_of("rod"))))
    microscope.type("image_size", 32)
    microscope.wait(lambda: mask.data.shape == (32, 32))
    microscope.click("truth")
    microscope.wait(lambda: name not in loaded.layers)


def test_a_surface_with_a_hole_has_an_image_but_no_mask(
    viewer: Any, open_panel: Any, ball: Mesh
) -> None:
    hands = open_panel(viewer, PANEL)
    hands.click("truth")
    viewer.add_surface((ball.vertices, ball.faces[:-40]), units="µm")
    hands.wait(lambda: hands.status.startswith("No ground-truth mask: "))
    assert IMAGE in viewer.layers
    assert "ground-truth mask" not in viewer.layers


def test_many_quick_moves_end_on_the_last(microscope: Hands, loaded: Any, ring: Mesh) -> None:
    shown: list[float] = []
    loaded.layers[IMAGE].events.data.connect(
        lambda: shown.append(settings(loaded)["acquisition"]["focus_um"])
    )
    camera = getattr(loaded, "scene", loaded).camera
    before = camera.center, camera.zoom, camera.angles
    in_place = list(loaded.layers), loaded.layers[IMAGE].contrast_limits
    gone: list[Any] = []  # a layer that is taken away and put back would flicker
    loaded.layers.events.removed.connect(gone.append)
    moves = [round(0.05 * step, 2) for step in range(1, 41)]
    for focus in moves:
        microscope.type("focus_um", focus)
    settled(microscope)
    assert settings(loaded)["acquisition"]["focus_um"] == moves[-1]
    np.testing.assert_array_equal(pixels(loaded), drawn_again(loaded, ring))
    assert 1 <= len(shown) <= len(moves)
    assert (camera.center, camera.zoom, camera.angles) == before
    assert (list(loaded.layers), loaded.layers[IMAGE].contrast_limits) == in_place
    assert not gone


def test_contrast_stays_out_of_focus_unless_asked_to_follow(
    microscope: Hands, loaded: Any, id_of: Callable[[str], int]
) -> None:
    layer = loaded.layers[IMAGE]
    in_focus = list(layer.contrast_limits)
    assert in_focus == pytest.approx(contrast_of(layer.data))
    microscope.type("focus_um", 3)
    settled(microscope)
    assert list(layer.contrast_limits) == in_focus
    assert contrast_of(layer.data)[1] < in_focus[1]
    microscope.click("auto_contrast")
    microscope.wait(lambda: layer.contrast_limits == pytest.approx(contrast_of(layer.data)))
    microscope.type("focus_um", 0)
    settled(microscope)
    assert layer.contrast_limits == pytest.approx(contrast_of(layer.data))
    # Off again: another preset or shape still adjusts it, even while knobs move.
    microscope.click("auto_contrast")
    microscope.type("photons_per_fluorophore", 5000)
    microscope.choose("microscope", "epi1")
    microscope.type("photons_per_fluorophore", 20000)
    settled(microscope)
    assert layer.contrast_limits == pytest.approx(contrast_of(layer.data))
    microscope.type("photons_per_fluorophore", 100)
    settled(microscope)
    loaded.layers[INSTANCES].selected_label = id_of("rod")
    settled(microscope)
    assert layer.contrast_limits == pytest.approx(contrast_of(layer.data))


def test_the_switch_makes_a_stack_in_micrometres(
    microscope: Hands, loaded: Any, ring: Mesh, id_of: Callable[[str], int]
) -> None:
    microscope.type("image_size", 48)
    assert not microscope.find("planes").isEnabled()
    assert STACK not in loaded.layers
    microscope.click("stack")
    microscope.type("planes", 5)
    microscope.type("step_nm", 200)
    settled(microscope, STACK)
    layer = loaded.layers[STACK]
    assert layer.data.shape == (5, 48, 48)
    np.testing.assert_allclose(layer.scale, [0.2, 0.070, 0.070])
    assert {str(unit) for unit in loaded.layers.units} == {"micrometer"}
    np.testing.assert_array_equal(layer.data, drawn_again(loaded, ring, STACK))
    focus = settings(loaded, STACK)["plane_focus_um"]
    np.testing.assert_allclose(focus, [-0.4, -0.2, 0, 0.2, 0.4])
    microscope.type("step_nm", 300)
    microscope.type("planes", 3)
    settled(microscope, STACK)
    assert layer.data.shape == (3, 48, 48)
    np.testing.assert_allclose(layer.scale, [0.3, 0.070, 0.070])
    assert [one.name for one in loaded.layers].count(STACK) == 1
    assert pixels(loaded).shape == (48, 48)
    # Another shape gets a contrast of its own, in the stack too.
    microscope.type("photons_per_fluorophore", 20000)
    loaded.layers[INSTANCES].selected_label = id_of("rod")
    settled(microscope, STACK)
    assert layer.contrast_limits == pytest.approx(contrast_of(layer.data))


def test_a_stack_that_nobody_wants_any_more_is_hidden_and_comes_back(
    microscope: Hands, loaded: Any, id_of: Callable[[str], int]
) -> None:
    microscope.type("image_size", 48)
    microscope.click("stack")
    microscope.type("planes", 3)
    settled(microscope, STACK)
    microscope.click("stack")
    settled(microscope)
    assert not loaded.layers[STACK].visible
    loaded.layers[INSTANCES].selected_label = id_of("rod")
    settled(microscope)
    microscope.click("stack")
    settled(microscope, STACK)
    assert loaded.layers[STACK].visible


def test_in_3d_a_quick_stack_brings_its_sharp_plane_and_the_exact_image_follows(
    microscope: Hands, loaded: Any, ring: Mesh, monkeypatch: pytest.MonkeyPatch
) -> None:
    from napari_3dmsl.widgets.microscope import live_imaging as module

    monkeypatch.setattr(module, "_NO_TIME_S", np.inf)  # whatever the machine
    loaded.dims.ndisplay = 3
    microscope.type("image_size", 48)
    microscope.click("stack")
    microscope.type("planes", 5)
    settled(microscope, STACK)
    panel, came = microscope.panel, []
    for name in (IMAGE, STACK):
        loaded.layers[name].events.set_data.connect(lambda _, name=name: came.append(name))
    for runner, what in ((panel.imaging.live, "image made"), (panel.imaging.stacks, "stack made")):
        runner.finished.connect(lambda *_, what=what: came.append(what))
    microscope.type("focus_um", 0.3)
    settled(microscope, STACK)
    settled(microscope)
    assert [x for x in came if "made" in x] == ["stack made", "image made"]
    assert {*came[: came.index("image made")]} >= {IMAGE, STACK}  # both, before the exact image
    np.testing.assert_array_equal(pixels(loaded, STACK), drawn_again(loaded, ring, STACK))
    np.testing.assert_array_equal(pixels(loaded), drawn_again(loaded, ring))


@pytest.fixture
def ball() -> Mesh:
    import trimesh

    sphere = trimesh.creation.icosphere(subdivisions=2, radius=0.4)
    return Mesh(np.asarray(sphere.vertices), np.asarray(sphere.faces, np.int32))


def test_a_plain_surface_is_imaged(viewer: Any, open_panel: Any, ball: Mesh) -> None:
    from napari.layers import Layer

    hands = open_panel(viewer, PANEL)
    viewer.add_layer(Layer.create(*mesh_layer(ball, "ball")))
    settled(hands)
    assert hands.find("surface").currentText() == "ball"
    assert hands.find("sample").text() == "none selected; using the surface below"
    known = mesh_of_layer(viewer.layers["ball"])
    np.testing.assert_array_equal(pixels(viewer), drawn_again(viewer, known))
    assert settings(viewer)["area_um2"] == pytest.approx(ball.area_um2, rel=1e-4)


def test_a_surface_that_is_edited_is_imaged_anew(viewer: Any, open_panel: Any, ball: Mesh) -> None:
    hands = open_panel(viewer, PANEL)
    layer = viewer.add_surface((np.zeros((3, 3)), np.array([[0, 1, 2]])), units="µm")
    assert hands.complains
    assert "no area" in hands.status
    assert IMAGE not in viewer.layers
    layer.data = (ball.vertices, ball.faces)
    settled(hands)
    assert not hands.complains
    layer.data = (ball.vertices * 0.5, ball.faces)
    hands.wait(lambda: settings(viewer)["area_um2"] < 0.3 * ball.area_um2)
    layer.scale = (2, 2, 2)
    hands.wait(lambda: settings(viewer)["area_um2"] > 0.9 * ball.area_um2)


def test_a_chosen_surface_is_imaged_until_a_shape_is_selected(
    microscope: Hands, loaded: Any, ball: Mesh, ring: Mesh, id_of: Callable[[str], int]
) -> None:
    loaded.add_surface((ball.vertices, ball.faces), units="µm", name="small ball")
    loaded.add_surface((2 * ball.vertices, ball.faces), units="µm", name="large ball")
    settled(microscope)
    np.testing.assert_array_equal(pixels(loaded), drawn_again(loaded, ring))
    box = microscope.find("surface")
    assert [box.itemText(i) for i in range(box.count())] == ["small ball", "large ball"]
    microscope.choose("surface", "large ball")
    settled(microscope)
    assert settings(loaded)["area_um2"] == pytest.approx(4 * ball.area_um2, rel=1e-3)
    assert microscope.find("sample").text() == "using the surface below"
    loaded.layers[INSTANCES].selected_label = id_of("rod")
    settled(microscope)
    assert microscope.find("sample").text().startswith("3 · rod")


def test_the_image_lies_beside_labels_in_nanometres(
    viewer: Any, open_panel: Any, labels: Any, ball: Mesh
) -> None:
    viewer.add_labels(labels, scale=(24, 24, 24), units="nm")
    hands = open_panel(viewer, PANEL)
    viewer.add_surface((ball.vertices, ball.faces), units="µm")
    settled(hands)
    left = viewer.layers[IMAGE].extent.world[0][1]
    assert 96 * 0.024 < left < 96 * 0.024 + 3


def test_fields_have_the_names_of_their_settings(viewer: Any, open_panel: Any) -> None:
    microscope = open_panel(viewer, PANEL)
    simulation = Simulation()
    known = {
        *type(simulation.microscope).model_fields,
        *type(simulation.acquisition).model_fields,
        *type(simulation.labelling).model_fields,
        *type(simulation.camera).model_fields,
        *Simulation.model_fields,
        *(f"rotation_deg_{axis}" for axis in "zyx"),
        *(f"cell_{name}" for name in CellScene.model_fields),
        *(name for kind in (ImageOf, CellOf, FieldPlace) for name in kind.model_fields),
        "view",
        "stack",
    }
    sample = microscope.panel.sample
    shown = set()
    for form in forms_in(microscope.panel):
        of_a_cell = form in (sample.cell.settings, sample.cell.more_settings)
        shown |= {f"cell_{row.name}" if of_a_cell else row.name for row in form}
    assert shown <= known
    for name in shown:
        field = microscope.find(name)
        assert field.toolTip(), name
    assert {"numerical_aperture", "emission_nm", "pixel_nm", "focus_um", "step_nm"} <= shown


@pytest.mark.parametrize("how", ["panel", "viewer"])
def test_closing_in_the_middle_of_an_update_ends_it(
    microscope: Hands, loaded: Any, qtbot: Any, how: str, id_of: Callable[[str], int]
) -> None:
    microscope.type("image_size", 512)  # large enough to take seconds
    microscope.click("stack")
    microscope.type("planes", 101)
    microscope.wait(lambda: not microscope.find("progress").isHidden())
    microscope.type("density_per_um2", 10000)
    if how == "viewer":
        loaded.close()
    else:
        microscope.close()
        before = pixels(loaded)
        loaded.layers[INSTANCES].selected_label = id_of("rod")
        qtbot.wait(100)
        np.testing.assert_array_equal(pixels(loaded), before)
        loaded.layers.clear()
    qtbot.waitUntil(lambda: running() == [], timeout=PATIENCE_MS)


def test_undo_brings_back_what_a_preset_reset_or_kept_name_has_replaced(
    viewer: Any, open_panel: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    hands = open_panel(viewer, PANEL)

    def keep_as(name: str) -> None:
        monkeypatch.setattr(QInputDialog, "getText", lambda *_: (name, True))
        hands.click("keep")

    def shown() -> tuple[Any, Any]:
        return hands.panel.simulation().microscope, hands.panel.simulation().camera

    assert not hands.find("undo").isEnabled()
    hands.type("emission_nm", 650)
    hands.type("offset_adu", 55)
    keep_as("mine")
    first = shown()
    assert first[0].emission_nm == 650
    hands.type("emission_nm", 700)
    changed = shown()
    for replace in (
        lambda: hands.click("reset"),
        lambda: hands.choose("microscope", hands.find("microscope").itemText(0)),
        lambda: hands.choose("objective", "20x-air"),
        lambda: hands.choose("camera", hands.find("camera").itemText(0)),
    ):
        replace()
        assert shown() != changed
        while shown() != changed:  # the arrow keys go through the words in between
            hands.click("undo")
        assert hands.find("microscope").currentData() == "mine"
    keep_as("mine")
    assert load_microscope("mine").emission_nm == 700
    hands.click("undo")
    assert load_microscope("mine") == first[0]
    assert shown() == changed


def test_choosing_a_camera_leaves_the_optics_as_they_were_changed(
    microscope: Hands, loaded: Any
) -> None:
    microscope.type("emission_nm", 650)
    microscope.choose("camera", "emccd")
    settled(microscope)
    assert settings(loaded)["microscope"]["emission_nm"] == 650
    assert settings(loaded)["camera"] == load_camera("emccd").model_dump(mode="json")


def test_a_microscope_file_that_is_dropped_turns_into_the_panel(
    loaded: Any, qtbot: Any, tmp_path: Path, id_of: Callable[[str], int]
) -> None:
    path = tmp_path / "ours.json"
    wanted = load_microscope("epi1").replace(name="ours", emission_nm=520)
    path.write_text(wanted.model_dump_json(), "utf-8")
    before = list(loaded.layers)
    assert loaded.open(path, plugin="napari-3dmsl") == []
    assert list(loaded.layers) == before
    opened = loaded.window.dock_widgets[f"{PANEL} (3DMSL)"]  # as the menu calls it
    hands = Hands(qtbot, opened, opened.parent())
    assert hands.panel.simulation().microscope == wanted
    loaded.layers[INSTANCES].selected_label = id_of("donut")
    settled(hands)
    path.with_suffix(".toml").write_text("numerical_aperture = 1.2\nemission_nm = 500\n", "utf-8")
    loaded.open(path.with_suffix(".toml"), plugin="napari-3dmsl")
    settled(hands)
    assert settings(loaded)["microscope"]["emission_nm"] == 500
    path.write_text('{"numerical_aperture": 9, "emission_nm": 500}', "utf-8")
    with pytest.raises(ValueError, match=r"ours\.json: numerical_aperture = 9"):
        loaded.open(path, plugin="napari-3dmsl")
    assert hands.panel.simulation().microscope.numerical_aperture == 1.2


def test_files_of_others_are_no_microscopes(tmp_path: Path) -> None:
    from napari_3dmsl.widgets.microscope.reader import get_microscope_reader

    camera = load_camera("emccd").model_dump_json()
    objective = load_objective("20x-air").model_dump_json()
    for number, (ending, text) in enumerate(
        [
            (".json", camera),
            (".json", objective),
            (".json", '{"name": "a", "version": 1, "layers": []}'),
            (".json", '{"type": "FeatureCollection", "features": [], "pixel_nm": 3}'),
            (".json", "[1, 2]"),
            (".json", "{"),
            (".json", "[" * 100_000),
            (".json", '{"pixel_nm": 3}' + " " * (1 << 20)),
            (".json", "{}"),
            (".toml", "[project]\nname = 'x'\n"),
            (".txt", '{"pixel_nm": 3}'),
        ]
    ):
        path = tmp_path / f"{number}{ending}"
        path.write_text(text, "utf-8")
        assert get_microscope_reader(str(path)) is None, text[:40]
    assert get_microscope_reader(str(tmp_path)) is None
    assert get_microscope_reader(str(tmp_path / "missing.json")) is None
    mine = tmp_path / "mine.JSON"
    mine.write_text('{"pixel_nm": 3, "comment": "x"}', "utf-8")
    assert get_microscope_reader([str(mine)]) is not None
    mine.write_text('{"pixel_nm": 3}', "utf-8-sig")  # as an editor of Windows saves it
    assert get_microscope_reader(str(mine)) is not None
