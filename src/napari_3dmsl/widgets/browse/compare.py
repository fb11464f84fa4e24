"""Compare the shapes with those of another library, and show what they differ in."""

from __future__ import annotations

import io
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from qtpy.QtCore import Qt
from qtpy.QtGui import QFontDatabase, QPixmap
from qtpy.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from napari_3dmsl.layers.attributes import about
from napari_3dmsl.layers.classes import shapes_of
from napari_3dmsl.library.compare_libraries import LibraryComparison, compare_libraries
from napari_3dmsl.library.library import ShapeLibrary
from napari_3dmsl.progress import Progress
from napari_3dmsl.widgets.browse.table_export import FIGURES
from napari_3dmsl.widgets.common.background_thread import BackgroundThread
from napari_3dmsl.widgets.common.panel import Panel
from napari_3dmsl.widgets.common.questions import ask_for_path
from napari_3dmsl.widgets.common.save_layer import try_to_write
from napari_3dmsl.widgets.common.shape_selection import ShapeSelection
from napari_3dmsl.writing import whole_file

_TIP = (
    "Compare these shapes with those of another library, such as another condition: classes and "
    "measures, with tests and effect sizes. Open shapes to compare them"
)
_SCREEN_DPI = 88


class _Compared(NamedTuple):
    """A comparison, and its figure as PNG."""

    comparison: LibraryComparison
    picture: bytes


class CompareButton(QPushButton):
    """*Compare*: with shapes that are open in napari, too, or with a library on disk.

    Parameters
    ----------
    panel
        Says how it went.
    selection
        Knows the shapes.
    """

    def __init__(self, panel: Panel, selection: ShapeSelection) -> None:
        super().__init__(panel)
        self._panel, self._selection = panel, selection
        self.window_shown: ComparisonWindow | None = None
        self._job = BackgroundThread(self)
        self._job.finished.connect(self._show)
        self._job.failed.connect(lambda message: panel.complain(f"Not compared: {message}"))
        panel.at_end(self._job.close)
        self.setObjectName("compare")
        self.setText("Compare")
        self.setToolTip(_TIP)
        menu = QMenu(self)
        menu.aboutToShow.connect(self._fill)
        self.setMenu(menu)
        selection.source_changed.connect(self._offer)
        self._offer()

    def _offer(self) -> None:
        self.setEnabled(self._selection.source is not None)

    def _fill(self) -> None:
        menu = self.menu()
        menu.clear()
        for name, source in self._others().items():
            menu.addAction(f"With {name}").triggered.connect(partial(self._start, source))
        menu.addAction("With a library folder…").triggered.connect(self._ask_folder)
        menu.addAction("With a library zip…").triggered.connect(self._ask_zip)

    def _others(self) -> dict[str, Any]:
        """Other shapes that are open in the viewer, by their names."""
        found: dict[str, Any] = {}
        for layer in self._panel.viewer.layers:
            source = shapes_of(layer)
            if source is not None and source is not self._selection.source:
                found.setdefault(_name_of(source, layer), source)
        return found

    def _ask_folder(self) -> None:
        title = "Compare with the library in this folder"
        if folder := QFileDialog.getExistingDirectory(self._panel, title):
            self._start(Path(folder))

    def _ask_zip(self) -> None:
        title = "Compare with the library in this file"
        if path := QFileDialog.getOpenFileName(self._panel, title, "", "Library (*.zip)")[0]:
            self._start(Path(path))

    def _start(self, other: Any, *_: Any) -> None:
        if self._job.is_running:
            return
        layers = self._panel.viewer.layers
        here = next(layer for layer in layers if shapes_of(layer) is self._selection.source)
        source = self._selection.source
        there = next((layer for layer in layers if shapes_of(layer) is other), None)
        second = other.stem if isinstance(other, Path) else _name_of(other, there)
        self._panel.say(f"Comparing with {second}…")
        self._job.start(_compare, source, other, (_name_of(source, here), second))

    def _show(self, found: _Compared) -> None:
        first, second = found.comparison.names
        self._panel.say(f"Compared {first} with {second}.")
        self.window_shown = ComparisonWindow(self._panel, found.comparison, found.picture)
        self.window_shown.show()


def _name_of(source: Any, layer: Any) -> str:
    if isinstance(source, ShapeLibrary):
        return source.folder.stem
    return str(about(layer).get("source", "these shapes"))


def _compare(
    first: Any, second: Any, names: tuple[str, str], progress: Progress | None = None
) -> _Compared:
    from napari_3dmsl.library.comparison_figure import draw_library_comparison

    other = ShapeLibrary.open(second) if isinstance(second, Path) else second
    if names[0] == names[1]:
        names = (names[0], f"{names[1]} (2)")
    found = compare_libraries(first, other, names=names)
    picture = io.BytesIO()
    draw_library_comparison(found).savefig(picture, format="png", dpi=_SCREEN_DPI)
    return _Compared(found, picture.getvalue())


class ComparisonWindow(QDialog):
    """Figure and words of a comparison, which can be saved.

    Parameters
    ----------
    panel
        From which it was asked for.
    comparison
        What is shown.
    picture
        Its figure, PNG.
    """

    def __init__(self, panel: Panel, comparison: LibraryComparison, picture: bytes) -> None:
        super().__init__(panel)
        self._panel, self._comparison = panel, comparison
        first, second = comparison.names
        self.setObjectName("comparison")
        self.setWindowTitle(f"{first} and {second}")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        drawn = QPixmap()
        drawn.loadFromData(picture)
        figure = QLabel()
        figure.setPixmap(drawn)
        figure.setAccessibleName("Figure of the comparison")
        words = QLabel("\n".join(comparison.lines()))
        words.setObjectName("comparison_words")
        words.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.addWidget(figure)
        column.addWidget(words)
        scroll = QScrollArea(self)
        scroll.setWidget(inside)
        layout = QVBoxLayout(self)
        layout.addWidget(scroll, 1)
        layout.addLayout(self._buttons())
        self.resize(min(drawn.width() + 60, 1300), 760)

    def _buttons(self) -> QHBoxLayout:
        line = QHBoxLayout()
        line.addStretch(1)
        kinds: list[tuple[str, str, str, Any]] = [
            ("save_figure", "Save figure", "As PNG, SVG or PDF", self._save_figure),
            ("save_tests", "Save table", "As CSV, a row for each test", self._save_table),
        ]
        for name, text, tip, save in kinds:
            button = QPushButton(text, self)
            button.setObjectName(name)
            button.setToolTip(tip)
            button.clicked.connect(save)
            line.addWidget(button)
        return line

    def _save_figure(self) -> None:
        from napari_3dmsl.image_io.figures import save_figure
        from napari_3dmsl.library.comparison_figure import draw_library_comparison

        def write(path: Path) -> None:
            figure = draw_library_comparison(self._comparison)
            try_to_write(self._panel, lambda: save_figure(figure, path), path)

        ask_for_path(self, "Save the figure", "comparison.png", FIGURES, write)

    def _save_table(self) -> None:
        def save(path: Path) -> None:
            with whole_file(path) as temporary:
                temporary.write_text(self._comparison.to_csv(), encoding="utf-8", newline="")

        def write(path: Path) -> None:
            try_to_write(self._panel, lambda: save(path), path)

        ask_for_path(self, "Save the table", "comparison.csv", "CSV (*.csv)", write)
