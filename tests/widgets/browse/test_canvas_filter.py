"""The canvas shows what the table lists, or what is isolated, and its layers count so."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hands import Hands, load
from shape_browser import PANEL, click_row

from napari_3dmsl.layers.attributes import about
from napari_3dmsl.layers.extraction import INSTANCES
from napari_3dmsl.layers.seen_shapes import seen_in
from napari_3dmsl.layers.surfaces import SELECTED, mesh_of_layer
from napari_3dmsl.widgets.browse import canvas_filter


@pytest.fixture
def hands(viewer: Any, open_panel: Any, extracted: Any) -> Hands:
    """The panel beside two dots (1 and 2), a rod (3) and a donut (4), drawn by class."""
    load(viewer, extracted)
    return open_panel(viewer, PANEL)


def drawn(viewer: Any) -> dict[str, np.ndarray]:
    """Box of each class that is visible, by the name of its layer."""
    layers = [layer for layer in viewer.layers if about(layer).get("kind") == "class"]
    return {layer.name: mesh_of_layer(layer).bounds_um for layer in layers if layer.visible}


def box(shapes: Any, *ids: int) -> np.ndarray:
    boxes = np.array([shapes.mesh(i).bounds_um for i in ids])
    return np.array([boxes[:, 0].min(axis=0), boxes[:, 1].max(axis=0)])


def test_shapes_that_the_filter_leaves_out_vanish_and_come_back(
    viewer: Any, hands: Hands, shapes: Any
) -> None:
    before = drawn(viewer)
    assert list(before) == ["dot (2)", "rod (1)", "donut (1)"]
    hands.qtbot.keyClicks(hands.find("search"), "2")
    hands.wait(lambda: list(drawn(viewer)) == ["dot (1 of 2)"])
    np.testing.assert_allclose(drawn(viewer)["dot (1 of 2)"], box(shapes, 2), atol=0.03)
    assert hands.find("count").text() == "1 of 4 shapes"
    hands.qtbot.keyClicks(hands.find("search"), "99")
    hands.wait(lambda: not drawn(viewer))
    hands.click("show_all")
    hands.wait(lambda: list(drawn(viewer)) == list(before))
    for name, corners in drawn(viewer).items():
        np.testing.assert_array_equal(corners, before[name])


def test_a_class_that_was_hidden_by_its_eye_stays_hidden(viewer: Any, hands: Hands) -> None:
    viewer.layers["rod (1)"].visible = False
    hands.choose("shape_class", "dot (2)")
    hands.wait(lambda: list(drawn(viewer)) == ["dot (2)"])
    hands.choose("shape_class", "all classes (4)")
    hands.wait(lambda: list(drawn(viewer)) == ["dot (2)", "donut (1)"])


def test_isolated_shapes_are_alone_until_the_button_is_pressed_again(
    viewer: Any, hands: Hands, shapes: Any
) -> None:
    assert not hands.find("isolate").isEnabled()
    viewer.layers[INSTANCES].visible = True
    click_row(hands, 1)
    click_row(hands, 4, "Control")
    hands.click("isolate")
    hands.wait(lambda: list(drawn(viewer)) == ["dot (1 of 2)", "donut (1)"])
    np.testing.assert_allclose(drawn(viewer)["dot (1 of 2)"], box(shapes, 1), atol=0.03)
    assert not viewer.layers[INSTANCES].visible
    # Others can be selected meanwhile, and it is taken back even when nothing is.
    click_row(hands, 3)
    assert list(drawn(viewer)) == ["dot (1 of 2)", "donut (1)"]
    hands.panel._selection.select(None)
    assert hands.find("isolate").isEnabled()
    hands.click("isolate")
    hands.wait(lambda: list(drawn(viewer)) == ["dot (2)", "rod (1)", "donut (1)"])
    assert viewer.layers[INSTANCES].visible
    assert not hands.find("isolate").isEnabled()


def test_a_class_set_by_hand_while_filtered_moves_all_its_shapes(viewer: Any, hands: Hands) -> None:
    click_row(hands, 2)
    hands.qtbot.keyClicks(hands.find("search"), "2")
    hands.wait(lambda: list(drawn(viewer)) == ["dot (1 of 2)"])
    hands.choose("new_class", "rod")
    hands.click("set_class")
    assert list(drawn(viewer)) == ["rod (1 of 2)"]
    hands.click("show_all")
    hands.wait(lambda: sorted(drawn(viewer)) == ["donut (1)", "dot (1)", "rod (2)"])
    hands.click("undo")
    assert sorted(drawn(viewer)) == ["donut (1)", "dot (2)", "rod (1)"]


def test_closing_the_panel_shows_all_again(viewer: Any, hands: Hands) -> None:
    hands.choose("shape_class", "dot (2)")
    hands.wait(lambda: list(drawn(viewer)) == ["dot (2)"])
    hands.close()
    assert list(drawn(viewer)) == ["dot (2)", "rod (1)", "donut (1)"]


def test_many_selected_shapes_are_drawn_white_as_the_canvas_has_them(
    viewer: Any, hands: Hands, shapes: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from napari_3dmsl.widgets.common import shape_selection

    monkeypatch.setattr(shape_selection, "_IN_FULL", 1)
    reads: list[int] = []
    read = type(shapes).mesh
    monkeypatch.setattr(type(shapes), "mesh", lambda me, i: (reads.append(i), read(me, i))[1])
    hands.panel._selection.select_many([1, 2, 3, 4], 3)
    assert reads == [3]
    white = mesh_of_layer(viewer.layers[SELECTED]).bounds_um
    whole = np.array([read(shapes, i).bounds_um for i in (1, 2, 3, 4)])
    np.testing.assert_allclose(white[0], whole[:, 0].min(axis=0), atol=0.05)
    np.testing.assert_allclose(white[1], whole[:, 1].max(axis=0), atol=0.05)


def test_shapes_are_laid_out_in_the_order_of_the_table_and_put_back(
    viewer: Any, hands: Hands, shapes: Any
) -> None:
    from qtpy.QtCore import Qt

    before = drawn(viewer)
    viewer.layers[INSTANCES].visible = True
    click_row(hands, 3)
    hands.panel.table.sortByColumn(0, Qt.SortOrder.DescendingOrder)
    camera = getattr(viewer, "scene", viewer).camera
    viewer.dims.ndisplay = 3
    camera.angles, camera.zoom = (10.0, 20.0, 30.0), 7.0
    hands.click("lay_out")
    moved = {i: shapes.mesh(i).bounds_um + shift for i, shift in seen_in(viewer).moved.items()}
    assert list(moved) == [4, 3, 2, 1]
    for one in moved:
        for other in moved:
            if one < other:
                (a, b), (c, d) = moved[one][:, 1:], moved[other][:, 1:]
                assert ((a >= d) | (c >= b)).any()
    np.testing.assert_allclose(drawn(viewer)["donut (1)"], moved[4], atol=0.03)
    hands.wait(lambda: not np.allclose(camera.angles, (10.0, 20.0, 30.0)))
    np.testing.assert_allclose(mesh_of_layer(viewer.layers[SELECTED]).bounds_um, moved[3], atol=0.1)
    assert not viewer.layers[INSTANCES].visible
    hands.choose("shape_class", "dot (2)")
    hands.wait(lambda: list(seen_in(viewer).moved) == [2, 1])
    hands.click("show_all")
    hands.click("lay_out")
    hands.wait(lambda: not seen_in(viewer).moved)
    for name, corners in drawn(viewer).items():
        np.testing.assert_array_equal(corners, before[name])
    assert viewer.layers[INSTANCES].visible
    hands.wait(lambda: np.allclose(camera.angles, (10.0, 20.0, 30.0)))
    assert camera.zoom == pytest.approx(7.0)


def test_a_click_selects_the_shape_whose_surface_is_first_under_the_mouse(
    viewer: Any, hands: Hands, shapes: Any
) -> None:
    """Without labels, and where shapes have been moved: along each line of sight."""
    from types import SimpleNamespace

    viewer.layers.remove(INSTANCES)
    viewer.dims.ndisplay = 3
    selection = hands.panel._selection
    for direction in np.array([[1.0, 0, 0], [0, 1.0, 0], [0, 0.6, -0.8]]):
        for shape_id in shapes.ids:
            mesh = shapes.mesh(shape_id)
            first = mesh.vertices[np.argmin(mesh.vertices @ direction)]
            start = first - 5.0 * direction + 1e-4
            event = SimpleNamespace(
                position=tuple(start), view_direction=direction, dims_displayed=[0, 1, 2]
            )
            met = selection._under(event)
            others = [
                i
                for i in shapes.ids
                if (shapes.mesh(i).vertices @ direction).min() < first @ direction
            ]
            assert met == shape_id or met in others or met is None
    center = shapes.mesh(3).vertices.mean(axis=0)
    event = SimpleNamespace(
        position=(center[0] - 50, *center[1:]),
        view_direction=np.array([1.0, 0, 0]),
        dims_displayed=[0, 1, 2],
    )
    assert selection._under(event) == 3
    hands.click("lay_out")
    hands.wait(lambda: len(seen_in(viewer).moved) == 4)
    event.position = tuple(np.array(event.position) + seen_in(viewer).moved[3])
    assert selection._under(event) == 3


@pytest.fixture
def in_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Change the layers one after the other, each in a turn of its own, as those of many shapes."""
    monkeypatch.setattr(canvas_filter, "AT_ONCE", 0)
    monkeypatch.setattr(canvas_filter, "_AT_ONCE_S", 0.0)


@pytest.mark.usefixtures("in_turns")
def test_many_shapes_change_class_by_class_and_end_like_few(
    viewer: Any, hands: Hands, shapes: Any
) -> None:
    click_row(hands, 1)
    click_row(hands, 4, "Control")
    told: list[dict[str, np.ndarray]] = []
    hands.panel.canvas.filter.changed.connect(lambda: told.append(drawn(viewer)))
    hands.click("isolate")
    assert list(drawn(viewer)) == ["dot (2)", "rod (1)", "donut (1)"]  # the next turns change them
    hands.wait(lambda: bool(told))
    [seen] = told  # once, when all are changed
    assert list(seen) == ["dot (1 of 2)", "donut (1)"]
    np.testing.assert_allclose(seen["dot (1 of 2)"], box(shapes, 1), atol=0.03)


@pytest.mark.usefixtures("in_turns")
def test_another_change_in_the_middle_ends_as_if_it_had_come_alone(
    viewer: Any, hands: Hands
) -> None:
    before = drawn(viewer)
    click_row(hands, 1)
    hands.click("isolate")
    hands.wait(lambda: "dot (1 of 2)" in drawn(viewer))  # the others are still to come
    hands.click("isolate")
    hands.wait(lambda: list(drawn(viewer)) == list(before))
    hands.qtbot.wait(100)
    after = drawn(viewer)
    assert list(after) == list(before)
    for name, corners in after.items():
        np.testing.assert_array_equal(corners, before[name])


@pytest.mark.usefixtures("in_turns")
def test_closing_in_the_middle_leaves_all_shapes_in_their_places(viewer: Any, hands: Hands) -> None:
    before = drawn(viewer)
    hands.click("lay_out")
    hands.wait(lambda: any((drawn(viewer)[name] != before[name]).any() for name in before))
    hands.close()
    after = drawn(viewer)
    assert list(after) == list(before)
    for name, corners in after.items():
        np.testing.assert_array_equal(corners, before[name])


def test_the_viewer_knows_how_large_all_is_when_the_last_class_has_changed(
    viewer: Any, hands: Hands
) -> None:
    hands.click("lay_out")
    boxes = np.array([*drawn(viewer).values()])
    low, high = viewer.layers.extent.world
    assert (low <= boxes[:, 0].min(axis=0) + 1e-6).all()
    assert (high >= boxes[:, 1].max(axis=0) - 1e-6).all()
    for (lowest, highest, _), box_low, box_high in zip(viewer.dims.range, low, high, strict=True):
        assert lowest <= box_low + 1e-6
        assert highest >= box_high - 1e-6
