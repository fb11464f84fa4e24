"""The *Shape browser* panel: table, labels, highlight and canvas select together."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hands import Hands, load
from shape_browser import PANEL, Source, chosen, click_row, rows, words

from napari_3dmsl.layers.extraction import INSTANCES
from napari_3dmsl.layers.surfaces import SELECTED, mesh_of_layer
from napari_3dmsl.library.library import ShapeLibrary, write_library


def choose_column(hands: Hands, heading: str) -> None:
    """Right-click on a heading, and go through the menu with the arrow keys."""
    from qtpy.QtCore import Qt
    from qtpy.QtGui import QContextMenuEvent
    from qtpy.QtWidgets import QApplication

    header = hands.find("shapes").horizontalHeader()
    place = header.rect().center()
    reason = QContextMenuEvent.Reason.Mouse
    QApplication.sendEvent(
        header.viewport(), QContextMenuEvent(reason, place, header.mapToGlobal(place))
    )
    menu = hands.find("shapes").menu
    words = [action.text() for action in menu.actions()]
    for _ in range(1 + words.index(heading)):
        hands.qtbot.keyClick(menu, Qt.Key.Key_Down)
    hands.qtbot.keyClick(menu, Qt.Key.Key_Return)
    assert not menu.isVisible()


def highlighted(viewer: Any) -> np.ndarray | None:
    """Middle of the highlight, or None when there is none to see."""
    found = [layer for layer in viewer.layers if layer.name == SELECTED]
    assert len(found) <= 1
    if not found or not found[0].visible:
        return None
    return mesh_of_layer(found[0]).bounds_um.mean(axis=0)


def test_without_shapes_the_panel_says_where_they_come_from(viewer: Any, open_panel: Any) -> None:
    hands = open_panel(viewer, PANEL)
    assert hands.status.startswith("No shapes yet: extract some")
    assert rows(hands) == []
    assert hands.find("shape_class").currentText() == "all classes (0)"


def test_shapes_are_listed_as_soon_as_they_are_there_and_no_longer(
    viewer: Any, open_panel: Any, extracted: Any
) -> None:
    hands = open_panel(viewer, PANEL)
    load(viewer, extracted[:1])
    assert rows(hands) == ["1", "2", "3", "4"]
    assert rows(hands, 1) == ["dot", "dot", "rod", "donut"]
    assert hands.status.startswith("4 shapes")
    click_row(hands, 3)
    viewer.layers.clear()
    assert rows(hands) == []
    assert hands.find("why").text() == ""
    assert hands.status.startswith("No shapes yet")


def test_a_click_on_a_heading_sorts_by_number(window: Any, open_panel: Any, shapes: Any) -> None:
    from qtpy.QtCore import Qt

    hands = open_panel(window, PANEL)
    table = hands.find("shapes")
    header = table.horizontalHeader()
    choose_column(hands, "area µm²")
    headings = [table.model().headerData(i, Qt.Orientation.Horizontal) for i in range(9)]
    area = headings.index("area\nµm²")
    expected = [str(i) for _, i in sorted(zip(shapes.table["area_um2"], shapes.ids, strict=True))]
    click_row(hands, 3)
    for order in (expected, expected[::-1]):
        middle = header.sectionViewportPosition(area) + header.sectionSize(area) // 2
        place = header.rect().center()
        place.setX(middle)
        header.resize(2000, header.height())
        hands.qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=place)
        assert rows(hands) in (order, order[::-1])
        if header.sortIndicatorOrder() == Qt.SortOrder.AscendingOrder:
            assert rows(hands) == expected
        assert chosen(hands) == ["3"]
    table.sortByColumn(area, Qt.SortOrder.DescendingOrder)
    assert rows(hands) == expected[::-1]


def test_a_class_or_an_id_narrows_the_table(loaded: Any, open_panel: Any) -> None:
    hands = open_panel(loaded, PANEL)
    hands.choose("shape_class", "dot (2)")
    assert rows(hands, 1) == ["dot", "dot"]
    hands.qtbot.keyClicks(hands.find("search"), "2")
    assert rows(hands) == ["2"]
    hands.choose("shape_class", "rod (1)")
    assert rows(hands) == []
    hands.choose("shape_class", "all classes (4)")
    assert rows(hands) == ["2"]
    hands.find("search").clear()
    assert rows(hands) == ["1", "2", "3", "4"]


def test_bounds_leave_the_shapes_between_them(loaded: Any, open_panel: Any, shapes: Any) -> None:
    hands = open_panel(loaded, PANEL)
    assert hands.find("count").text() == "4 of 4 shapes"
    table = {name: np.array(column) for name, column in shapes.table.items()}
    area = table["area_um2"]
    low, high = np.sort(area)[[1, 2]] + (-0.001, 0.001)
    hands.choose("measure_1", "area, µm²")
    hands.type("from_1", f"{low:.4f}")
    hands.type("to_1", f"{high:.4f}".replace(".", ","))  # as some keyboards have it
    inside = np.isin(area, np.sort(area)[[1, 2]])
    assert rows(hands) == [str(i) for i in table["index"][inside]]
    assert hands.find("count").text() == "2 of 4 shapes"
    # The second measure narrows further, and another one can be chosen for it.
    smallest = table["volume_um3"][inside].min()
    hands.type("to_2", f"{smallest * 1.001:.6f}")
    assert rows(hands) == [str(i) for i in table["index"][table["volume_um3"] == smallest]]
    hands.choose("measure_2", "radius, µm")
    assert hands.find("to_2").text() == ""
    assert rows(hands) == [str(i) for i in table["index"][inside]]
    largest = table["mean_radius_um"][inside].max()
    hands.type("from_2", f"{largest * 0.999:.4f}")
    assert rows(hands) == [str(i) for i in table["index"][table["mean_radius_um"] == largest]]
    hands.click("show_all")
    assert rows(hands) == ["1", "2", "3", "4"]
    assert hands.find("from_2").text() == ""


def test_a_bound_that_is_no_number_is_marked_and_bounds_nothing(
    loaded: Any, open_panel: Any
) -> None:
    hands = open_panel(loaded, PANEL)
    for text, wrong in (("1 µm", True), ("-5", False), ("nan", True), ("", False)):
        hands.find("from_1").clear()
        hands.type("from_1", text)
        assert ("color" in hands.find("from_1").styleSheet()) is wrong
        assert rows(hands) == ["1", "2", "3", "4"]


def test_columns_are_chosen_from_the_menu_of_the_headings(window: Any, open_panel: Any) -> None:
    hands = open_panel(window, PANEL)
    table = hands.find("shapes")

    def seen() -> list[str]:
        header, model = table.horizontalHeader(), table.model()
        names = [index for index in range(model.columnCount()) if not header.isSectionHidden(index)]
        return [model.headerData(i, header.orientation()).split("\n")[0] for i in names]

    assert seen() == ["id", "class", "length", "volume", "branches", "loops"]
    choose_column(hands, "radius µm")
    choose_column(hands, "loops")
    assert seen() == ["id", "class", "length", "volume", "branches", "radius"]


def test_branches_are_called_so_in_the_table_and_in_the_bounds(
    window: Any, open_panel: Any, shapes: Any
) -> None:
    """The table of the very measure that the reason tells as ``5 branches``."""
    from qtpy.QtCore import Qt

    hands = open_panel(window, PANEL)
    model = hands.find("shapes").model()
    headings = [model.headerData(i, Qt.Orientation.Horizontal) for i in range(model.columnCount())]
    column = headings.index("branches")
    told = model.headerData(column, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole)
    assert "0 for a line or a ring" in told
    shown = [int(model.index(row, column).data()) for row in range(model.rowCount())]
    assert shown == shapes.table["branches"]
    hands.choose("measure_1", "branches")


def test_the_columns_fit_a_dock_of_440_pixels(loaded: Any, open_panel: Any) -> None:
    hands = open_panel(loaded, PANEL)
    table = hands.find("shapes")
    wide = sum(map(table.columnWidth, range(table.model().columnCount())))
    margins = 2 * 6 + table.verticalScrollBar().sizeHint().width() + 2 * table.frameWidth()
    assert wide + margins <= 440
    assert hands.panel.minimumSizeHint().width() <= 440


def test_a_table_of_27272_rows_is_sorted_and_narrowed_as_numpy_does(
    viewer: Any, open_panel: Any, shapes: Any
) -> None:
    from qtpy.QtCore import Qt

    rng = np.random.default_rng(0)
    count = 27_272
    ids = np.sort(rng.choice(90_000, count, replace=False))
    length = rng.lognormal(0.5, 1.0, count).round(3)
    classes = rng.choice(["dot", "rod", "network"], count)
    source = Source(ids, {"shape_class": classes, "length_um": length}, shapes.mesh(1))
    viewer.add_layer(source.layer())
    hands = open_panel(viewer, PANEL)
    hands.choose("shape_class", next(w for w in words(hands) if w.startswith("rod")))
    hands.type("from_1", "2.5")
    hands.find("shapes").sortByColumn(2, Qt.SortOrder.DescendingOrder)
    keep = (classes == "rod") & (length >= 2.5)
    order = np.argsort(-length[keep], kind="stable")
    assert rows(hands) == [str(i) for i in ids[keep][order]]
    assert hands.find("count").text() == f"{keep.sum()} of 27272 shapes"
    hands.qtbot.keyClicks(hands.find("search"), "12")
    alike = np.array([str(i).startswith("12") for i in ids])
    assert sorted(rows(hands), key=int) == [str(i) for i in ids[keep & alike]]


def test_a_row_selects_label_and_highlight(
    loaded: Any, open_panel: Any, shapes: Any, id_of: Callable[[str], int]
) -> None:
    hands = open_panel(loaded, PANEL)
    instances = loaded.layers[INSTANCES]
    for kind in ("rod", "donut"):
        shape_id = id_of(kind)
        click_row(hands, shape_id)
        assert instances.selected_label == shape_id
        middle = shapes.mesh(shape_id).bounds_um.mean(axis=0)
        np.testing.assert_allclose(highlighted(loaded), middle, atol=0.02)
        assert f"Shape {shape_id}. Why this class? {kind}:" in hands.find("why").text()
    assert loaded.layers.selection.active.name == INSTANCES
    # The arrow keys walk through the shapes.
    click_row(hands, 1)
    hands.press("shapes", "Down", times=2)
    assert instances.selected_label == 3
    # A panel that opens later shows the selection.
    microscope = open_panel(loaded, "Microscope")
    assert microscope.find("sample").text().startswith("3 · rod")


def test_shift_and_ctrl_select_several_and_the_last_one_is_imaged(
    loaded: Any, open_panel: Any, shapes: Any
) -> None:
    hands = open_panel(loaded, PANEL)
    microscope = open_panel(loaded, "Microscope")

    def check(ids: list[int], current: int) -> None:
        assert sorted(chosen(hands)) == [str(i) for i in ids]
        assert loaded.layers[INSTANCES].selected_label == current
        assert microscope.find("sample").text().startswith(f"{current} · ")
        boxes = np.array([shapes.mesh(i).bounds_um for i in ids])
        drawn = mesh_of_layer(loaded.layers[SELECTED]).bounds_um
        expected = [boxes[:, 0].min(axis=0), boxes[:, 1].max(axis=0)]
        np.testing.assert_allclose(drawn, expected, atol=0.05)

    click_row(hands, 1)
    click_row(hands, 3, "Shift")
    check([1, 2, 3], 3)
    assert hands.find("why").text().startswith("3 shapes selected. Shape 3. Why this class?")
    click_row(hands, 2, "Control")
    check([1, 3], 3)
    click_row(hands, 4, "Control")
    check([1, 3, 4], 4)
    click_row(hands, 4, "Control")  # taken out again, so another one is imaged
    check([1, 3], 3)
    # Sorting and narrowing keep them, and a label or the canvas selects one alone.
    hands.find("shapes").sortByColumn(
        3, hands.find("shapes").horizontalHeader().sortIndicatorOrder()
    )
    check([1, 3], 3)
    loaded.layers[INSTANCES].selected_label = 2
    check([2], 2)
    hands.qtbot.keyClick(hands.find("shapes"), "A", hands_ctrl())
    check([1, 2, 3, 4], 2)


def hands_ctrl() -> Any:
    from qtpy.QtCore import Qt

    return Qt.KeyboardModifier.ControlModifier


def test_of_thousands_selected_a_bounded_number_is_read_and_drawn(
    viewer: Any, open_panel: Any, shapes: Any
) -> None:
    columns = {"shape_class": np.full(5000, "dot"), "length_um": np.ones(5000)}
    source = Source(np.arange(5000), columns, shapes.mesh(1))
    reads: list[int] = []
    read = source.mesh
    source.mesh = lambda shape_id: (reads.append(shape_id), read(shape_id))[1]  # type: ignore[method-assign]
    viewer.add_layer(source.layer())
    hands = open_panel(viewer, PANEL)
    hands.qtbot.keyClick(hands.find("shapes"), "A", hands_ctrl())
    assert len(chosen(hands)) == 5000
    hands.wait(lambda: len(reads) >= 64)  # in a turn of its own: the table answers first
    assert len(reads) == len(set(reads)) == 64
    assert hands.find("why").text() == "5000 shapes selected, 64 of them drawn white. "


@pytest.mark.parametrize("ndisplay", [2, 3])
@pytest.mark.parametrize("unit", ["um", "nm"])
def test_a_double_click_flies_to_the_shape(
    window: Any, open_panel: Any, shapes: Any, ndisplay: int, unit: str
) -> None:
    hands = open_panel(window, PANEL)
    window.add_points(np.zeros((1, 3)), units=unit, name="others", visible=False)
    window.layers.selection.active = window.layers[INSTANCES]
    window.dims.ndisplay = ndisplay
    window.reset_view()
    camera = getattr(window, "scene", window).camera
    far, angles = camera.zoom, camera.angles
    bounds = shapes.mesh(3).bounds_um * (1000 if unit == "nm" else 1)
    middle = bounds.mean(axis=0)
    click_row(hands, 3, twice=True)
    tolerance = 0.05 * (1000 if unit == "nm" else 1)
    hands.wait(lambda: np.abs(np.array(camera.center) - middle)[-ndisplay:].max() < tolerance)
    hands.wait(lambda: hands.panel._flight.state() == hands.panel._flight.State.Stopped)
    shape, canvas = np.ptp(bounds[:, 2]), max(window.window._qt_viewer.canvas.size)
    if hands.panel._flight._fits_layers:
        assert 0.3 < camera.zoom * shape / canvas < 1.0
        assert camera.zoom > far
    else:  # napari 0.7: the camera flies to the shape, but stays as far away
        assert camera.zoom == far
    assert camera.angles == angles
    if ndisplay == 2:
        assert abs(window.dims.point[0] - middle[0]) < tolerance
    # From elsewhere Enter flies back.
    window.reset_view()
    hands.press("shapes", "Return")
    hands.wait(lambda: np.abs(np.array(camera.center) - middle)[-ndisplay:].max() < tolerance)


def test_a_label_selects_row_and_highlight(
    loaded: Any, open_panel: Any, shapes: Any, id_of: Callable[[str], int]
) -> None:
    hands = open_panel(loaded, PANEL)
    assert chosen(hands) == []
    assert highlighted(loaded) is None
    # The first shape too: nothing is selected before, so its label must not be either.
    for shape_id in (1, id_of("donut"), id_of("rod")):
        loaded.layers[INSTANCES].selected_label = shape_id
        assert chosen(hands) == [str(shape_id)]
        middle = shapes.mesh(shape_id).bounds_um.mean(axis=0)
        np.testing.assert_allclose(highlighted(loaded), middle, atol=0.02)
    for label in (0, 77):  # background, and no shape at all
        loaded.layers[INSTANCES].selected_label = label
        assert chosen(hands) == [str(id_of("rod"))]


def test_a_shape_that_the_filter_hides_leaves_no_row_marked(
    loaded: Any, open_panel: Any, id_of: Callable[[str], int]
) -> None:
    hands = open_panel(loaded, PANEL)
    hands.choose("shape_class", "dot (2)")
    click_row(hands, 1)
    loaded.layers[INSTANCES].selected_label = id_of("rod")
    assert chosen(hands) == []
    assert "rod:" in hands.find("why").text()
    click_row(hands, 1)
    assert loaded.layers[INSTANCES].selected_label == 1
    loaded.layers[INSTANCES].selected_label = id_of("rod")
    hands.choose("shape_class", "all classes (4)")
    assert chosen(hands) == [str(id_of("rod"))]


def test_a_library_is_browsed_and_a_damaged_mesh_in_it_told(
    viewer: Any, open_panel: Any, shapes: Any, tmp_path: Path
) -> None:
    write_library(shapes.shapes, tmp_path / "library")
    hands = open_panel(viewer, PANEL)
    viewer.open(tmp_path / "library", plugin="napari-3dmsl")
    assert rows(hands) == ["1", "2", "3", "4"]
    click_row(hands, 2)
    before = highlighted(viewer)
    np.testing.assert_allclose(before, shapes.mesh(2).bounds_um.mean(axis=0), atol=0.02)
    [damaged] = (tmp_path / "library" / "3").glob("raw_mesh.*")
    damaged.write_text("no mesh")
    click_row(hands, 3)
    hands.wait(lambda: hands.complains)
    assert damaged.name in hands.status
    assert chosen(hands) == ["2"]
    np.testing.assert_array_equal(highlighted(viewer), before)


def test_a_mesh_is_read_once_while_it_is_selected(
    viewer: Any, open_panel: Any, shapes: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_library(shapes.shapes, tmp_path / "library")
    viewer.open(tmp_path / "library", plugin="napari-3dmsl")
    hands, microscope = open_panel(viewer, PANEL), open_panel(viewer, "Microscope")
    reads: list[int] = []
    read = ShapeLibrary.mesh
    monkeypatch.setattr(
        ShapeLibrary, "mesh", lambda library, i: (reads.append(i), read(library, i))[1]
    )
    click_row(hands, 3)
    for focus in (0.1, 0.2, 0.3):
        microscope.type("focus_um", focus)
    assert reads == [3]


def click_canvas(viewer: Any, qtbot: Any, world: np.ndarray, drag: int = 0) -> None:
    """Click where a point of the world is drawn."""
    from qtpy.QtCore import QPoint, Qt

    viewer.reset_view()
    canvas = viewer.window._qt_viewer.canvas
    layer = viewer.layers[INSTANCES]
    node = canvas.layer_to_visual[layer].node

    def drawn() -> tuple[int, int]:
        data = layer.world_to_data(world)[list(viewer.dims.displayed)]
        x, y, _, w = node.get_transform("visual", "canvas").map(data[::-1])
        return round(x / w), round(y / w)

    before = None
    while (now := drawn()) != before:  # panels may still push the canvas aside
        before = now
        qtbot.wait(50)
    x, y = now
    place = QPoint(x, y)
    native = canvas.native
    qtbot.mousePress(native, Qt.MouseButton.LeftButton, pos=place)
    if drag:
        for _ in range(5):
            place += QPoint(drag // 5, 0)
            qtbot.mouseMove(native, place)
    qtbot.mouseRelease(native, Qt.MouseButton.LeftButton, pos=place)
    qtbot.wait(20)


@pytest.mark.parametrize("ndisplay", [2, 3])
def test_a_click_in_the_canvas_selects_the_shape_under_it(
    window: Any, open_panel: Any, shapes: Any, qtbot: Any, ndisplay: int
) -> None:
    hands = open_panel(window, PANEL)
    window.dims.ndisplay = ndisplay
    window.dims.set_point(0, 20 * 0.024)
    for shape_id in (1, 2, 3):
        middle = shapes.mesh(shape_id).bounds_um.mean(axis=0)
        click_canvas(window, qtbot, middle)
        assert chosen(hands) == [str(shape_id)]
    # The hole of the ring is background.
    click_canvas(window, qtbot, shapes.mesh(4).bounds_um.mean(axis=0))
    assert chosen(hands) == ["3"]
    # A drag turns or moves the view and selects nothing.
    click_canvas(window, qtbot, shapes.mesh(1).bounds_um.mean(axis=0), drag=40)
    assert chosen(hands) == ["3"]


def test_a_click_finds_its_shape_beside_layers_in_nanometres(
    window: Any, open_panel: Any, shapes: Any, qtbot: Any
) -> None:
    hands = open_panel(window, PANEL)
    window.dims.ndisplay = 3
    window.add_points(np.zeros((1, 3)), units="nm", name="in nm", visible=False)
    window.layers.selection.active = window.layers[INSTANCES]
    click_canvas(window, qtbot, shapes.mesh(3).bounds_um.mean(axis=0))
    assert chosen(hands) == ["3"]


def test_the_selection_ends_with_its_viewer(
    imported: None, make_napari_viewer: Any, extracted: Any, qtbot: Any
) -> None:
    from napari_3dmsl.widgets.common.shape_selection import selection_of

    viewer = load(make_napari_viewer(), extracted[:1])
    selection = weakref.ref(selection_of(viewer))
    assert selection() is selection_of(viewer)
    model = weakref.ref(viewer)
    viewer.close()
    del viewer
    qtbot.wait(20)
    gc.collect()
    assert model() is None
    assert selection() is None


def test_after_the_panel_is_closed_layers_come_and_go(
    loaded: Any, open_panel: Any, extracted: Any, qtbot: Any
) -> None:
    for name in (PANEL, "Extract shapes", "Microscope", "Export images"):
        hands = open_panel(loaded, name)
        hands.close()
    loaded.layers[INSTANCES].selected_label = 3
    loaded.layers[INSTANCES].name = "renamed"
    loaded.layers.clear()
    load(loaded, extracted)
    loaded.layers.reverse()
    assert rows(open_panel(loaded, PANEL)) == ["1", "2", "3", "4"]
