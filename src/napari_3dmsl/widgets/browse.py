"""The *Shape browser* panel: a table of the shapes, and why each has its class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import (
    QAbstractTableModel,
    QItemSelectionModel,
    QModelIndex,
    QSortFilterProxyModel,
    Qt,
)
from qtpy.QtGui import QColor
from qtpy.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QTableView,
    QWidget,
)

from napari_3dmsl import layers
from napari_3dmsl.shapes.collection import ShapeSource
from napari_3dmsl.widgets._panel import Panel
from napari_3dmsl.widgets._selection import selection_of

if TYPE_CHECKING:
    import napari

# Column of the table, heading, decimals (None: as it is), what it means.
COLUMNS = [
    ("index", "id", None, "Number of the shape: its label in the volume"),
    ("shape_class", "class", None, "Class by the rules of the 3DMSL paper, section 4.1.2"),
    ("length_um", "length\nµm", 2, "Length of the skeleton, all branches together"),
    ("volume_um3", "volume\nµm³", 3, "Volume of the voxels"),
    ("area_um2", "area\nµm²", 2, "Area of the smooth surface, which the labelling follows"),
    ("branches", "branch\npoints", None, "Junctions of the skeleton"),
    ("loops", "loops", None, "Loops of the skeleton, checked against the mask's topology"),
    ("mean_radius_um", "radius\nµm", 3, "Mean distance from the skeleton to the surface"),
    ("touches_border", "cut", None, "Cut by the border of the volume: measures are too small"),
    ("parent", "part\nof", None, "Component of the labels; equal numbers: divided by the erosion"),
]
ALL = "all classes"
_SORT_ROLE = Qt.ItemDataRole.UserRole


class ShapeTable(QAbstractTableModel):
    """The measures of a shape source, read in place."""

    def __init__(self) -> None:
        super().__init__()
        self._ids: Sequence[int] = []
        self._columns: list[Sequence[Any]] = []
        self._shown: list[tuple[str, str, int | None, str]] = []

    def show(self, source: ShapeSource | None) -> None:
        """Show other shapes, or none."""
        self.beginResetModel()
        self._ids = [] if source is None else source.ids
        table = {} if source is None else source.table
        self._shown = [column for column in COLUMNS if column[0] in table]
        self._columns = [table[name] for name, *_ in self._shown]
        self.endResetModel()

    def id_of(self, row: int) -> int:
        """Id of the shape in a row."""
        return self._ids[row]

    def row_of(self, shape_id: int) -> int:
        """Row of a shape."""
        return list(self._ids).index(shape_id)

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """Qt: number of shapes."""
        return len(self._ids)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        """Qt: number of measures shown."""
        return len(self._shown)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int) -> Any:
        """Qt: headings with units and what they mean."""
        if orientation == Qt.Orientation.Horizontal and section < len(self._shown):
            if role == Qt.ItemDataRole.DisplayRole:
                return self._shown[section][1]
            if role == Qt.ItemDataRole.ToolTipRole:
                return self._shown[section][3]
        return None

    def data(self, index: QModelIndex, role: int) -> Any:
        """Qt: one measure."""
        name, _, decimals, _ = self._shown[index.column()]
        value = self._columns[index.column()][index.row()]
        if role == _SORT_ROLE:
            return str(value) if name == "shape_class" else float(-1.0 if value is None else value)
        if role == Qt.ItemDataRole.DisplayRole:
            return _text(value, decimals)
        if role == Qt.ItemDataRole.DecorationRole and name == "shape_class":
            return QColor(layers.class_colour(value))
        if role == Qt.ItemDataRole.TextAlignmentRole and name != "shape_class":
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None


def _text(value: Any, decimals: int | None) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "cut" if value else ""
    return str(value) if decimals is None else f"{value:.{decimals}f}"


class _Filter(QSortFilterProxyModel):
    """Rows of one class whose id begins with the text searched for."""

    def __init__(self) -> None:
        super().__init__()
        self.shape_class = ALL
        self.number = ""
        self.setSortRole(_SORT_ROLE)

    def filterAcceptsRow(self, row: int, parent: QModelIndex) -> bool:
        """Qt: whether a row is shown."""
        model = self.sourceModel()
        if not str(model.id_of(row)).startswith(self.number):
            return False
        shown = model.data(model.index(row, 1), Qt.ItemDataRole.DisplayRole)
        return self.shape_class in {ALL, shown}

    def narrow(self, shape_class: str, number: str) -> None:
        """Filter anew."""
        self.beginResetModel()
        self.shape_class, self.number = shape_class, number.strip()
        self.endResetModel()


class BrowsePanel(Panel):
    """Shows the loaded shapes; the table, the canvas and the labels select together."""

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__(viewer)
        self._selection = selection_of(viewer)
        self._model = ShapeTable()
        self._filter = _Filter()
        self._filter.setSourceModel(self._model)
        self._build()
        self._selection.source_changed.connect(self._show_source)
        self._selection.selected.connect(self._show_selected)
        # Queued, as Qt marks a row that is clicked only after it has told us.
        self._selection.failed.connect(self._refuse, Qt.ConnectionType.QueuedConnection)
        self._show_source()

    def _build(self) -> None:
        self.class_choice = QComboBox(self)
        self.class_choice.setObjectName("shape_class")
        self.class_choice.setToolTip("Show one class only")
        self.class_choice.currentIndexChanged.connect(self._narrow)
        self.search = QLineEdit(self)
        self.search.setObjectName("search")
        self.search.setPlaceholderText("find id…")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._narrow)
        line = QWidget(self)
        row = QHBoxLayout(line)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.class_choice, 2)
        row.addWidget(self.search, 1)
        self.table = QTableView(self)
        self.table.setObjectName("shapes")
        self.table.setModel(self._filter)
        self.table.setSortingEnabled(True)
        self.table.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setMinimumHeight(260)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(22)
        self.table.selectionModel().currentRowChanged.connect(self._row_chosen)
        self.why = QLabel(self)
        self.why.setObjectName("why")
        self.why.setWordWrap(True)
        self.add(line)
        self.add(self.table, stretch=10)
        self.add(self.why)

    def _show_source(self) -> None:
        source = self._selection.source
        self._model.show(source)
        self.table.resizeColumnsToContents()
        classes = (
            Counter(map(str, source.table["shape_class"])) if source is not None else Counter()
        )
        self.class_choice.blockSignals(True)
        self.class_choice.clear()
        self.class_choice.addItem(f"{ALL} ({sum(classes.values())})", ALL)
        for kind, count in classes.most_common():
            self.class_choice.addItem(f"{kind} ({count})", kind)
        self.class_choice.blockSignals(False)
        self._narrow()
        if source is None:
            self.say("No shapes yet: extract some, or drop a shape library folder on the window.")
        elif self._selection.instances is not None:
            self.say(f"{len(source.ids)} shapes. Click a row, or a shape in the canvas.")
        else:  # surfaces alone, which only a 3D view shows
            self.viewer.dims.ndisplay = 3
            self.say(f"{len(source.ids)} shapes of a library. Click a row.")
        self._show_selected()

    def _narrow(self) -> None:
        self._filter.narrow(self.class_choice.currentData() or ALL, self.search.text())
        self._show_selected()

    def _row_chosen(self, current: QModelIndex, _: QModelIndex) -> None:
        if current.isValid():
            self._selection.select(self._model.id_of(self._filter.mapToSource(current).row()))

    def _refuse(self, message: str) -> None:
        self._show_selected()
        self.complain(message)

    def _show_selected(self) -> None:
        shape_id = self._selection.shape_id
        marked = self.table.selectionModel()
        if shape_id is None:
            marked.clear()
            self.why.setText("")
            return
        row = self._filter.mapFromSource(self._model.index(self._model.row_of(shape_id), 0))
        if row.isValid():
            flags = QItemSelectionModel.SelectionFlag
            marked.setCurrentIndex(row, flags.ClearAndSelect | flags.Rows)
            self.table.scrollTo(row)
        else:  # the filter hides it
            marked.clear()
        reason = self._selection.measures().get("reason")
        self.why.setText(f"Shape {shape_id}. Why this class? {reason}" if reason else "")
