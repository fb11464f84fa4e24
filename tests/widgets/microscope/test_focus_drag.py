"""The focal plane is dragged in the 3D canvas, and the focus and the image follow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hands import Hands
from qtpy.QtCore import QPoint, Qt

from napari_3dmsl.layers.attributes import about
from napari_3dmsl.layers.extraction import INSTANCES
from napari_3dmsl.widgets.microscope.focus_drag import Ray, along_axis, hit

IMAGE = "simulated image"


def place_of(viewer: Any, world: np.ndarray) -> QPoint:
    """Pixel of the canvas at which a point of the focal plane's world is drawn."""
    canvas = viewer.window._qt_viewer.canvas
    node = canvas.layer_to_visual[viewer.layers["focal plane"]].node
    drawn = node.get_transform("visual", "canvas").map(np.asarray(world)[::-1])
    return QPoint(*(round(v) for v in drawn[:2] / drawn[3]))


def drag(viewer: Any, qtbot: Any, start: QPoint, end: QPoint, *, release: bool = True) -> None:
    native = viewer.window._qt_viewer.canvas.native
    qtbot.mousePress(native, Qt.MouseButton.LeftButton, pos=start)
    for step in range(1, 6):
        qtbot.mouseMove(native, start + (end - start) * step / 5)
        qtbot.wait(40)  # napari looks at the mouse now and then only
    if release:
        qtbot.mouseRelease(native, Qt.MouseButton.LeftButton, pos=end)
    qtbot.wait(20)


@pytest.fixture
def focused(
    window: Any, open_panel: Any, id_of: Callable[[str], int], qtbot: Any
) -> tuple[Hands, Any]:
    """A window in 3D with the ring imaged and the plane drawn, seen from the side."""
    window.dims.ndisplay = 3
    hands = open_panel(window, "Microscope")
    window.layers[INSTANCES].selected_label = id_of("donut")
    hands.type("image_size", 32)
    hands.click("focal_plane")
    hands.wait(lambda: "focal plane" in window.layers)
    window.reset_view()
    camera = getattr(window, "scene", window).camera
    camera.angles = (0, 35, 80)
    camera.center = window.layers["focal plane"].data[0].mean(axis=0)
    camera.zoom = 60.0  # a pixel is 17 nm on any canvas, and the plane has 134
    qtbot.wait(50)
    return hands, camera


def told(viewer: Any) -> float:
    return about(viewer.layers[IMAGE])["settings"]["acquisition"]["focus_um"]


def test_dragging_the_plane_moves_the_focus_and_the_image_follows(
    focused: tuple[Hands, Any], window: Any, qtbot: Any
) -> None:
    hands, camera = focused
    before = camera.angles, camera.center, camera.zoom
    active = window.layers.selection.active
    plane = window.layers["focal plane"]
    middle = plane.data[0].mean(axis=0)
    axis = np.array([1.0, 0.0, 0.0])  # unturned: the optical axis is z of the world
    for focus in (0.5, -0.3):
        now = plane.data[0].mean(axis=0)
        place = place_of(window, now), place_of(window, middle + focus * axis)
        drag(window, qtbot, *place)
        assert hands.find("focus_um").value() == pytest.approx(focus, abs=0.06)
        hands.wait(lambda: told(window) == pytest.approx(hands.find("focus_um").value()))
        drawn = plane.data[0].mean(axis=0) - middle
        np.testing.assert_allclose(drawn, hands.find("focus_um").value() * axis, atol=1e-4)
    assert before == (camera.angles, camera.center, camera.zoom)
    assert window.layers.selection.active is active
    assert camera.mouse_pan


def test_a_press_beside_the_plane_or_on_one_seen_flat_turns_the_camera(
    focused: tuple[Hands, Any], window: Any, qtbot: Any
) -> None:
    hands, camera = focused
    before = camera.angles
    drag(window, qtbot, QPoint(5, 5), QPoint(60, 40))
    assert camera.angles != before
    assert hands.find("focus_um").value() == 0.0
    camera.set_view_direction((1, 0, 0), (0, -1, 0))  # a drag could not tell how far
    qtbot.wait(20)
    middle = place_of(window, window.layers["focal plane"].data[0].mean(axis=0))
    drag(window, qtbot, middle, middle + QPoint(40, 20))
    assert hands.find("focus_um").value() == 0.0


def test_a_turned_shape_and_a_plane_seen_from_its_edge_can_be_dragged_too(
    focused: tuple[Hands, Any], window: Any, qtbot: Any
) -> None:
    hands, camera = focused
    hands.choose("view", "x90")
    hands.wait(lambda: about(window.layers[IMAGE])["settings"]["pose"]["rotation_deg"][2])
    turn = np.array(about(window.layers[IMAGE])["settings"]["world_to_field"])[0, :3]
    camera.set_view_direction((1, 0, 0), (0, 0, 1))
    qtbot.wait(20)
    plane = window.layers["focal plane"]
    middle = plane.data[0].mean(axis=0)
    drag(window, qtbot, place_of(window, middle), place_of(window, middle + 0.4 * turn))
    assert hands.find("focus_um").value() == pytest.approx(0.4, abs=0.06)


def test_a_drag_of_the_released_plane_begins_where_it_is_drawn(
    focused: tuple[Hands, Any], window: Any, qtbot: Any
) -> None:
    """The release stands at a stage position, 0.72 µm above the height that the field says."""
    hands, _ = focused
    hands.click("as_released")
    hands.wait(lambda: about(window.layers[IMAGE])["settings"]["microscope"]["as_released"])
    plane, axis = window.layers["focal plane"], np.array([1.0, 0.0, 0.0])
    before = plane.data[0].mean(axis=0)
    drag(window, qtbot, place_of(window, before), place_of(window, before + 0.3 * axis))
    focus = hands.find("focus_um").value()
    assert focus == pytest.approx(0.72 + 0.3, abs=0.06)
    hands.wait(lambda: told(window) == pytest.approx(focus))
    moved = plane.data[0].mean(axis=0) - before
    np.testing.assert_allclose(moved, 0.3 * axis, atol=0.06)


def test_closing_the_panel_in_the_middle_of_a_drag_gives_the_camera_back(
    focused: tuple[Hands, Any], window: Any, qtbot: Any
) -> None:
    hands, camera = focused
    middle = place_of(window, window.layers["focal plane"].data[0].mean(axis=0))
    drag(window, qtbot, middle, middle + QPoint(0, 20), release=False)
    hands.close()
    native = window.window._qt_viewer.canvas.native
    qtbot.mouseMove(native, middle)
    qtbot.mouseRelease(native, Qt.MouseButton.LeftButton, pos=middle)
    assert camera.mouse_pan
    assert not [x for x in window.mouse_drag_callbacks if "FocusDrag" in repr(x)]


def test_a_line_of_sight_meets_the_rectangle_and_passes_the_axis_where_it_should() -> None:
    corners = np.array([[0, -1, -2], [0, -1, 2], [0, 1, 2], [0, 1, -2]], float)
    slanted = np.array([1.0, 0.5, 0.0]) / np.sqrt(1.25)
    place = np.array([0.0, 0.3, -1.5])
    found = hit(Ray(place - 7 * slanted, slanted), corners, 0.01)
    np.testing.assert_allclose(found, place, atol=0.01)
    assert hit(Ray(np.array([0.0, 1.2, 0.0]) - 7 * slanted, slanted), corners, 0.01) is None
    # Along the plane it is met too, but not beside it.
    sideways = np.array([0.0, 1.0, 0.0])
    assert hit(Ray(np.array([0.04, -9, 0]), sideways), corners, 0.05) is not None
    assert hit(Ray(np.array([0.06, -9, 0]), sideways), corners, 0.05) is None
    axis = np.array([1.0, 0.0, 0.0])
    for lift in (0.7, -2.0):
        ray = Ray(place + lift * axis - 3 * slanted + [0, 0, 0.2], slanted)
        assert along_axis(place, axis, ray) == pytest.approx(lift)
