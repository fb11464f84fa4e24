"""Everything in a field is imaged; its frame is dragged in the 3D canvas and the image follows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hands import Hands
from qtpy.QtCore import QPoint, Qt

from napari_3dmsl.cli._cell_image import cell_image
from napari_3dmsl.layers.attributes import about
from napari_3dmsl.layers.extraction import INSTANCES
from napari_3dmsl.layers.field_frame import FIELD_FRAME, Rectangle, field_frame_layer
from napari_3dmsl.scenes.field_imager import simulate_field
from napari_3dmsl.widgets.microscope.canvas_drag import Ray
from napari_3dmsl.widgets.microscope.field_frame import on_plane

IMAGE = "simulated image"


def place_of(viewer: Any, world: np.ndarray) -> QPoint:
    """Pixel of the canvas at which a point of the world is drawn."""
    canvas = viewer.window._qt_viewer.canvas
    node = canvas.layer_to_visual[viewer.layers[FIELD_FRAME]].node
    place = np.asarray(world) - viewer.layers[FIELD_FRAME].translate
    drawn = node.get_transform("visual", "canvas").map(place[::-1])
    return QPoint(*(round(v) for v in drawn[:2] / drawn[3]))


def drag(viewer: Any, qtbot: Any, start: QPoint, end: QPoint) -> None:
    native = viewer.window._qt_viewer.canvas.native
    qtbot.mousePress(native, Qt.MouseButton.LeftButton, pos=start)
    for step in range(1, 6):
        qtbot.mouseMove(native, start + (end - start) * step / 5)
        qtbot.wait(40)  # napari looks at the mouse now and then only
    qtbot.mouseRelease(native, Qt.MouseButton.LeftButton, pos=end)
    qtbot.wait(20)


def told(viewer: Any) -> dict[str, Any]:
    return about(viewer.layers[IMAGE])["settings"]


def middle_um(viewer: Any) -> np.ndarray:
    return np.array(told(viewer)["object_centroid_um"])


@pytest.fixture
def framed(window: Any, open_panel: Any, qtbot: Any) -> Hands:
    """A window in 3D with the frame drawn about all shapes, seen from an angle."""
    window.dims.ndisplay = 3
    hands = open_panel(window, "Microscope")
    hands.type("image_size", 16)
    hands.panel.sample.choose("field")
    hands.wait(lambda: FIELD_FRAME in window.layers and hands.panel.is_at_rest)
    window.reset_view()
    camera = getattr(window, "scene", window).camera
    camera.angles = (0, 20, 70)
    camera.zoom = 100.0  # a pixel is 10 nm
    qtbot.wait(50)
    hands.panel.history.forget()  # what a test does is no part of a step of these
    return hands


def test_the_image_lies_where_its_field_is(framed: Hands, window: Any, shapes: Any) -> None:
    layer = window.layers[IMAGE]
    centre = layer.extent.world.mean(axis=0)
    np.testing.assert_allclose(centre, middle_um(window)[1:], atol=1e-6)
    frame = window.layers[FIELD_FRAME].extent.world
    np.testing.assert_allclose(frame.mean(axis=0)[1:], centre, atol=1e-5)
    image = simulate_field(shapes, framed.panel.simulation())
    np.testing.assert_array_equal(layer.data, image.counts[0])


def test_dragging_a_bar_moves_the_field_and_its_image(
    framed: Hands, window: Any, shapes: Any, qtbot: Any
) -> None:
    before, pixel_um = middle_um(window), told(window)["microscope"]["pixel_nm"] / 1000
    camera = getattr(window, "scene", window).camera
    angles, height = camera.angles, window.layers[FIELD_FRAME].translate[0]
    bar = np.array([height, before[1] - 8 * pixel_um, before[2]])
    drag(window, qtbot, place_of(window, bar), place_of(window, bar + np.array([0, 0.3, 0.4])))
    framed.wait(lambda: not np.allclose(middle_um(window), before))
    framed.wait(lambda: framed.panel.is_at_rest)
    moved = middle_um(window) - before
    np.testing.assert_allclose(moved, [0.0, 0.3, 0.4], atol=0.5 * pixel_um + 0.02)
    steps = moved[1:] / pixel_um
    np.testing.assert_allclose(steps, steps.round(), atol=1e-6)
    image = simulate_field(shapes, framed.panel.simulation(), tuple(middle_um(window)))
    framed.wait(lambda: np.array_equal(image.counts[0], window.layers[IMAGE].data))
    assert camera.angles == angles


def test_where_the_canvas_is_slow_the_image_is_seen_first_and_the_same(
    framed: Hands, window: Any, shapes: Any, qtbot: Any
) -> None:
    pace, canvas = framed.panel.sample.frame.pace, window.window._qt_viewer.canvas.native
    pace.hold()
    canvas.update()
    framed.wait(lambda: pace.frame_s > 0.0)
    framed.wait(lambda: framed.panel.is_at_rest)
    before, pixel_um = middle_um(window), told(window)["microscope"]["pixel_nm"] / 1000
    held, frame = [], framed.panel.sample.frame
    for _ in range(5):
        pace._took_s.extend([0.05] * 5)
        frame._drag_to(frame.field.moved(np.array([2.0, 3.0]) * pixel_um))
        held.append(pace.is_holding)
        qtbot.wait(20)
    assert any(held)
    framed.wait(lambda: framed.panel.is_at_rest and canvas.updatesEnabled())
    np.testing.assert_allclose(middle_um(window) - before, pixel_um * np.array([0, 10, 15]))
    image = simulate_field(shapes, framed.panel.simulation(), tuple(middle_um(window)))
    np.testing.assert_array_equal(window.layers[IMAGE].data, image.counts[0])


def test_dragging_a_corner_changes_the_size_and_leaves_the_opposite_one(
    framed: Hands, window: Any, qtbot: Any
) -> None:
    before, pixel_um = middle_um(window), told(window)["microscope"]["pixel_nm"] / 1000
    height = window.layers[FIELD_FRAME].translate[0]
    corner = np.array([height, *(before[1:] + 8 * pixel_um)])
    by = np.array([0.0, 6 * pixel_um, 10 * pixel_um])
    drag(window, qtbot, place_of(window, corner), place_of(window, corner + by))
    framed.wait(lambda: told(window)["microscope"]["image_size"] == [22, 26])
    opposite = middle_um(window)[1:] - 0.5 * pixel_um * np.array([22, 26])
    np.testing.assert_allclose(opposite, before[1:] - 8 * pixel_um, atol=1e-6)
    assert framed.panel.form.fields.optics.values()["image_size"] == (22, 26)


def test_each_drag_of_the_frame_is_one_step(framed: Hands, window: Any, qtbot: Any) -> None:
    start, pixel_um = middle_um(window), told(window)["microscope"]["pixel_nm"] / 1000
    height = window.layers[FIELD_FRAME].translate[0]
    places = [start]
    for by in ([0, 0.3, 0.4], [0, -0.1, 0.2]):
        bar = places[-1] + [0.0, -8 * pixel_um, 0.0]
        bar[0] = height
        drag(window, qtbot, place_of(window, bar), place_of(window, bar + np.array(by)))
        framed.wait(lambda: not np.allclose(middle_um(window), places[-1]))
        framed.wait(lambda: framed.panel.is_at_rest)
        places.append(middle_um(window))
    corner = places[-1] + [0.0, 8 * pixel_um, 8 * pixel_um]
    corner[0] = height
    by = np.array([0.0, 6 * pixel_um, 10 * pixel_um])
    drag(window, qtbot, place_of(window, corner), place_of(window, corner + by))
    framed.wait(lambda: told(window)["microscope"]["image_size"] == [22, 26])
    for expected in reversed(places):
        assert "place of the field" in framed.find("undo").toolTip()
        framed.click("undo")
        framed.wait(lambda at=expected: np.allclose(middle_um(window), at))
        assert framed.status.startswith("Undone: ")
        if expected is places[0]:
            break
    assert told(window)["microscope"]["image_size"] == [16, 16]
    framed.click("redo")
    framed.wait(lambda: np.allclose(middle_um(window), places[1]))


def test_what_is_imaged_is_taken_back(framed: Hands, window: Any, shapes: Any) -> None:
    framed.choose("image_of", "the selected shape")
    selection = framed.panel.sample._selection
    first, second = shapes.ids[:2]
    for shape in (first, second):
        selection.select(shape)
    selection.select_many([first, second], second)
    assert framed.find("undo").toolTip().startswith("Undo 2 shapes selected (")
    framed.click("undo")
    assert (selection.shape_ids, selection.shape_id) == ((second,), second)
    assert framed.find("undo").toolTip().startswith(f"Undo shape {second} (")
    framed.click("undo")
    framed.wait(lambda: str(first) in framed.find("sample").text().split(" ")[0])
    framed.click("undo")
    framed.click("undo")
    assert framed.panel.sample.kind == "field"
    framed.wait(lambda: FIELD_FRAME in window.layers)
    framed.click("redo")
    assert framed.panel.sample.kind == "shape"


def test_other_shapes_are_no_step(framed: Hands, window: Any, extracted: Any) -> None:
    from hands import load

    framed.panel.history.forget()
    for layer in [layer for layer in window.layers if about(layer).get("shapes") is not None]:
        window.layers.remove(layer)
    load(window, extracted)
    assert not framed.find("undo").isEnabled()


def test_a_typed_place_moves_the_frame(framed: Hands, window: Any) -> None:
    x = middle_um(window)[2]
    framed.type("centre_x_um", f"{x + 0.7:.2f}")
    framed.wait(lambda: middle_um(window)[2] > x + 0.6)
    frame = window.layers[FIELD_FRAME].extent.world.mean(axis=0)
    np.testing.assert_allclose(frame[1:], middle_um(window)[1:], atol=1e-5)


def test_the_frame_goes_when_a_shape_is_imaged(framed: Hands, window: Any, shapes: Any) -> None:
    window.layers[INSTANCES].selected_label = shapes.ids[0]
    assert framed.panel.sample.kind == "field"  # a click on a shape does not end it
    framed.panel.sample.choose("shape")
    framed.wait(lambda: FIELD_FRAME not in window.layers)
    right = window.layers[INSTANCES].extent.world[1][2]
    assert window.layers[IMAGE].extent.world[0][-1] > right  # beside the volume again


def test_selected_shapes_are_imaged_at_their_places(
    framed: Hands, window: Any, shapes: Any
) -> None:
    framed.panel.sample.choose("shapes")
    assert framed.status.startswith("Select some shapes")
    some = shapes.ids[:2]
    framed.panel.sample._selection.select_many(some, some[0])
    areas = [shapes.table["area_um2"][row] for row in (0, 1)]
    framed.wait(lambda: told(window)["area_um2"] == pytest.approx(sum(areas), rel=1e-6))
    framed.wait(lambda: framed.panel.is_at_rest)
    expected = simulate_field(shapes, framed.panel.simulation(), ids=some)
    np.testing.assert_array_equal(window.layers[IMAGE].data, expected.counts[0])


def test_the_mask_tells_which_shape_is_where(framed: Hands, window: Any, shapes: Any) -> None:
    framed.type("image_size", 64)
    framed.click("truth")
    framed.wait(lambda: "ground-truth mask" in window.layers)
    mask = np.asarray(window.layers["ground-truth mask"].data)
    assert set(np.unique(mask)) == {0, *shapes.ids}


def test_lines_of_sight_meet_the_plane_of_a_field() -> None:
    axes = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]])  # seen along x
    field = Rectangle(np.array([1.0, 2.0, 3.0]), axes, (10, 20), 0.1)
    ray = Ray(np.array([0.6, 2.5, 0.0]), np.array([0.0, 0.0, 1.0]))
    np.testing.assert_allclose(on_plane(ray, field), [0.5, 0.4])
    assert on_plane(Ray(np.zeros(3), np.array([0.0, 1.0, 0.0])), field) is None
    vertices = field_frame_layer(field)[0][0]
    np.testing.assert_allclose(np.ptp(vertices, axis=0)[1:], [1.0, 0.0], atol=0.1)


def test_a_cell_is_imaged_as_by_the_command_line(open_panel: Any, viewer: Any) -> None:
    hands = open_panel(viewer, "Microscope")
    hands.type("image_size", 32)
    hands.choose("image_of", "a scene like a cell")
    hands.type("cell_coverage", 0.9)
    hands.wait(lambda: IMAGE in viewer.layers and told(viewer).get("cell") is not None)
    hands.wait(lambda: told(viewer)["cell"]["coverage"] == 0.9 and hands.panel.is_at_rest)
    expected = cell_image(Path("tubes"), hands.panel.simulation(), {"coverage": 0.9})
    np.testing.assert_array_equal(viewer.layers[IMAGE].data, expected.image)
    hands.choose("cell_of", "the loaded shapes")
    assert "take drawn tubes" in hands.status
