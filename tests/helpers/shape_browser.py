"""The hands of somebody who uses the *Shape browser*, and a source of shapes by the thousand."""

from __future__ import annotations

from typing import Any

import numpy as np
from hands import Hands

from napari_3dmsl.layers.attributes import KEY
from napari_3dmsl.layers.surfaces import mesh_layer

PANEL = "Shape browser"


class Source:
    """Shapes by the thousand, all with one surface."""

    def __init__(self, ids: np.ndarray, columns: dict[str, np.ndarray], mesh: Any) -> None:
        self.ids = ids.tolist()
        self.table = {"index": self.ids} | {name: x.tolist() for name, x in columns.items()}
        self._mesh = mesh

    def mesh(self, shape_id: int) -> Any:
        return self._mesh

    def layer(self) -> Any:
        from napari.layers import Layer

        data, attributes, kind = mesh_layer(self._mesh, "library")
        attributes["metadata"][KEY]["shapes"] = self
        return Layer.create(data, attributes, kind)


def words(hands: Hands) -> list[str]:
    """What the classes are called that can be chosen."""
    box = hands.find("shape_class")
    return [box.itemText(i) for i in range(box.count())]


def rows(hands: Hands, column: int = 0) -> list[str]:
    """What a column of the table shows."""
    model = hands.find("shapes").model()
    return [model.index(row, column).data() for row in range(model.rowCount())]


def chosen(hands: Hands) -> list[str]:
    """Ids of the rows that are marked."""
    return [index.data() for index in hands.find("shapes").selectionModel().selectedRows()]


def click_row(hands: Hands, shape_id: int, *held: str, twice: bool = False) -> None:
    """Click the row of a shape, with keys held down, or twice."""
    from qtpy.QtCore import Qt

    table = hands.find("shapes")
    table.resize(500, 300)
    index = table.model().index(rows(hands).index(str(shape_id)), 0)
    place = table.visualRect(index).center()
    keys = Qt.KeyboardModifier.NoModifier
    for key in held:
        keys |= getattr(Qt.KeyboardModifier, f"{key}Modifier")
    hands.qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, keys, place)
    if twice:
        hands.qtbot.mouseDClick(table.viewport(), Qt.MouseButton.LeftButton, keys, place)
