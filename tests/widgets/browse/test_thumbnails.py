"""Pictures in the *Shape browser*: of the rows in sight, in the colour of their class, bounded."""

from __future__ import annotations

from typing import Any

import numpy as np
from hands import PATIENCE_MS, Hands
from shape_browser import PANEL, Source, click_row

from napari_3dmsl.layers.class_colours import class_colour
from napari_3dmsl.widgets.browse import thumbnails as _thumbnails


def picture(hands: Hands, row: int) -> Any:
    """What the first column of a row shows beside the id, or None."""
    from qtpy.QtCore import Qt

    model = hands.find("shapes").model()
    return model.index(row, 0).data(Qt.ItemDataRole.DecorationRole)


def mean_colour(found: Any) -> np.ndarray:
    image = found.toImage()
    every = [image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height())]
    return np.mean([(c.red(), c.green(), c.blue()) for c in every if c.alpha() == 255], axis=0)


def test_each_row_has_a_picture_in_the_colour_of_its_class(
    loaded: Any, open_panel: Any, shapes: Any
) -> None:
    hands = open_panel(loaded, PANEL)
    hands.wait(lambda: all(picture(hands, row) is not None for row in range(4)))
    for row, kind in enumerate(shapes.table["shape_class"]):
        colour = class_colour(kind)
        expected = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)], float)
        found = mean_colour(picture(hands, row))
        np.testing.assert_allclose(found / found.max(), expected / expected.max(), atol=0.03)
    # The ring has a hole in its picture, the rod covers its middle.
    middle = _thumbnails.SIZE // 2
    alphas = [picture(hands, row).toImage().pixelColor(middle, middle).alpha() for row in (2, 3)]
    assert alphas == [255, 0]
    hands.click("pictures")
    assert picture(hands, 0) is None


def test_only_shapes_that_were_looked_at_are_read(
    window: Any, open_panel: Any, shapes: Any
) -> None:
    count = 3000
    columns = {"shape_class": np.full(count, "dot"), "length_um": np.ones(count)}
    source = Source(np.arange(1, count + 1), columns, shapes.mesh(1))
    reads: list[int] = []
    read = source.mesh
    source.mesh = lambda shape_id: (reads.append(shape_id), read(shape_id))[1]  # type: ignore[method-assign]
    window.layers.clear()
    window.add_layer(source.layer())
    hands = open_panel(window, PANEL)
    hands.wait(lambda: 1 in reads)
    table = hands.find("shapes")
    table.scrollToBottom()
    hands.wait(lambda: count in reads)
    hands.wait(lambda: picture(hands, count - 1) is not None)
    assert len(set(reads)) < 150
    assert 1500 not in reads


def test_pictures_are_bounded_and_damaged_meshes_have_none(
    qtbot: Any, shapes: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(_thumbnails, "KEPT", 3)
    thumbnails = _thumbnails.Thumbnails()

    class Damaged:
        def mesh(self, shape_id: int) -> Any:
            if shape_id == 2:
                raise ValueError("damaged")
            return shapes.mesh(1)

    thumbnails.show(Damaged())
    made: list[int] = []
    thumbnails.made.connect(made.append)
    for shape_id in range(1, 7):
        assert thumbnails.picture(shape_id, "#ffffff") is None
    qtbot.waitUntil(lambda: len(made) == 6, timeout=PATIENCE_MS)
    assert made == [1, 2, 3, 4, 5, 6]
    kept = [i for i in range(1, 7) if thumbnails.picture(i, "#ffffff") is not None]
    assert kept == [4, 5, 6]
    thumbnails.close()


def test_a_corrected_class_changes_the_colour_of_its_picture(
    viewer: Any, open_panel: Any, shapes: Any, tmp_path: Any
) -> None:
    from napari_3dmsl.library.library import write_library

    write_library(shapes.shapes, tmp_path / "library")
    viewer.open(tmp_path / "library", plugin="napari-3dmsl")
    hands = open_panel(viewer, PANEL)
    hands.wait(lambda: picture(hands, 2) is not None)
    before = mean_colour(picture(hands, 2))
    click_row(hands, 3)
    hands.choose("new_class", "mega")
    hands.click("set_class")
    after = mean_colour(picture(hands, 2))
    assert before.argmax() == 1  # green
    assert after.argmax() == 0  # orange
