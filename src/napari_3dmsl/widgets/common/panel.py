"""What all panels share: sections that scroll, and an action line that is always in sight."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from magicgui.widgets import Widget
from qtpy.QtCore import QEvent, Qt
from qtpy.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_3dmsl.adopt import watch
from napari_3dmsl.widgets.common.accessibility import (
    CalmWheel,
    name_drop_downs,
    set_tab_order,
    warning_colour,
)
from napari_3dmsl.widgets.common.canvas_context import CanvasContext
from napari_3dmsl.widgets.common.class_legend import legend_of, show_legend
from napari_3dmsl.widgets.common.docs_page import open_docs
from napari_3dmsl.widgets.common.endings import Endings
from napari_3dmsl.widgets.common.first_steps import FirstSteps
from napari_3dmsl.widgets.common.form import by_labels, forms_in, native
from napari_3dmsl.widgets.common.garbage import SearchAtRest
from napari_3dmsl.widgets.common.keys import Key, install, remove
from napari_3dmsl.widgets.common.letters import take_letters
from napari_3dmsl.widgets.common.remembered import Memory, State
from napari_3dmsl.widgets.common.section import Section
from napari_3dmsl.widgets.common.soon import soon
from napari_3dmsl.widgets.common.tabs import join_tabs
from napari_3dmsl.widgets.common.undrawn_data import let_replaced_data_go
from napari_3dmsl.widgets.common.words import in_words

_DOCS_STYLE = (
    "QToolButton { border: 1px solid palette(mid); border-radius: 3px; padding: 1px 6px; }"
)
_DEFAULTS_TIP = (
    "Set this panel as it is when first opened: the defaults that the tips of the fields tell. "
    "Press once more to take that back."
)


class Panel(QWidget):
    """A dock panel: a scrolling column of sections above a footer with buttons and a status line.

    The footer stays outside the scroll area, so the button is in sight on a small laptop too.

    Parameters
    ----------
    viewer
    remember
        Whether the fields begin as they were last time, and are remembered for the next.
    """

    page = ""
    """Of the docs, such as ``microscope.md``."""

    def __init__(self, viewer: Any, *, remember: bool = True) -> None:
        super().__init__()
        self.viewer = viewer
        watch(viewer)
        let_replaced_data_go()
        self._remembers = remember
        self._memory: Memory | None = None
        self._before_defaults: State | None = None
        self._complains = False
        self._calm_wheel = CalmWheel(self)
        self._endings = Endings()
        self._opened = False
        self._letters_came = soon(self, self._fit_width)
        self._keys: list[Key] = []
        self._shortcuts: list[Any] = []
        self.at_end(partial(remove, self._shortcuts))
        self.destroyed.connect(self._endings.run)
        self.at_end(CanvasContext(viewer, self).stop)
        self.at_end(SearchAtRest(self).stop)
        column = QWidget()
        column.setObjectName("column")
        self._column = QVBoxLayout(column)
        self._column.setContentsMargins(6, 6, 6, 6)
        self._column.setSpacing(4)
        self._column.addStretch(1)
        scroll = QScrollArea(self)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # it follows the field that has the keyboard
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(column)
        column.installEventFilter(self)
        self._scroll = scroll
        self.status = QLabel(self)
        self.status.setObjectName("status")
        self.status.setAccessibleName("Status")
        self.status.setWordWrap(True)
        self.status.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.status.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.progress = QProgressBar(self)
        self.progress.setObjectName("progress")
        self.progress.setAccessibleName("Progress")
        self.progress.hide()
        self._buttons = QHBoxLayout()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 4)
        layout.setSpacing(2)
        layout.addLayout(self._head())
        layout.addWidget(scroll, 1)
        footer = QVBoxLayout()
        footer.setContentsMargins(6, 0, 6, 0)
        footer.addLayout(self._buttons)
        footer.addWidget(self.progress)
        footer.addWidget(self.status)
        layout.addLayout(footer)

    def _head(self) -> QHBoxLayout:
        """Return the line above all: what to do first, and the way to the docs."""
        self.first_steps = FirstSteps(self)
        self.docs_button = QToolButton(self)
        self.docs_button.setObjectName("docs_button")
        self.docs_button.setText("?")
        self.docs_button.setStyleSheet(_DOCS_STYLE)
        self.docs_button.setAccessibleName("Documentation")
        self.docs_button.setToolTip("Read what this panel does, and what each of its fields means")
        self.docs_button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.docs_button.clicked.connect(self._open_docs)
        head = QHBoxLayout()
        head.setContentsMargins(6, 6, 6, 0)
        head.addWidget(self.first_steps, 1)
        head.addStretch(0)
        head.addWidget(self.docs_button, 0, Qt.AlignmentFlag.AlignTop)
        return head

    def _open_docs(self) -> None:
        try:
            self._docs = open_docs(self.page or "index.md", self)
        except (ValueError, OSError) as error:
            self.complain(str(error))

    def event(self, event: Any) -> bool:
        """Qt: a panel that napari takes out of its dock has been closed, so end its work.

        napari only takes it out; left to Python's garbage collector it would work on, unseen.
        """
        if event.type() == QEvent.Type.ParentChange and self.parent() is None:
            self._endings.run()
            self.deleteLater()
        return bool(super().event(event))

    def showEvent(self, event: Any) -> None:
        """Qt: make the column wide enough that nothing is cut off on the right."""
        take_letters(self)
        self._calm_wheel.watch(self)
        name_drop_downs(self)
        set_tab_order(self)
        self._fit_width()
        super().showEvent(event)
        if not self._opened:
            self._opened = True
            self._shortcuts += install(self, self._keys)
            show_legend(self.viewer, self)
            soon(self, self._join_tabs).start()  # its place is not settled before

    def eventFilter(self, column: Any, event: Any) -> bool:
        """Qt: what comes into the column may be wider than what was there."""
        if event.type() == QEvent.Type.LayoutRequest and self._opened:
            self._fit_width()
        return bool(super().eventFilter(column, event))

    def _fit_width(self) -> None:
        bar = self._scroll.verticalScrollBar().sizeHint().width()
        self._scroll.setMinimumWidth(self._scroll.widget().minimumSizeHint().width() + bar)

    def _join_tabs(self) -> None:
        join_tabs(self, Panel)

    def changeEvent(self, event: Any) -> None:
        """Qt: in another theme, complain in another red; be as wide as other letters need."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange and self._opened:
            take_letters(self)
        if event.type() == QEvent.Type.FontChange and self._opened:
            self._letters_came.start()  # its fields get them, too
            legend_of(self.viewer).take_font(self)
        if event.type() == QEvent.Type.PaletteChange and self._complains:
            self.complain(self.status.text())

    def add(self, part: QWidget | Widget, stretch: int = 0) -> None:
        """Put a widget, Qt's or magicgui's, at the end of the column.

        Parameters
        ----------
        part
            The widget.
        stretch
            Share of the height that is left.
        """
        widget = native(part)
        for form in forms_in(widget):
            form.refused.connect(self.complain)
        self._column.insertWidget(self._column.count() - 1, widget, stretch)

    def add_section(self, title: str, *contents: QWidget | Widget, opened: bool = True) -> Section:
        """Put a section that folds at the end of the column.

        Parameters
        ----------
        title
            Its heading.
        *contents
            From top to bottom.
        opened
            Whether it is unfolded at first.
        """
        section = Section(title, self)
        for part in contents:
            section.addWidget(native(part))
        if opened:
            section.expand(animate=False)
        self.add(section)
        return section

    def add_key(self, name: str, sequence: str, work: Callable[[], object]) -> None:
        """Let a key work in the whole window while the panel is open.

        Parameters
        ----------
        name
            Of the shortcut.
        sequence
            As Qt writes it, such as ``Alt+Right``; none of napari's.
        work
            What it does.
        """
        self._keys.append(Key(name, sequence, work))

    def add_button(self, name: str, text: str, tip: str) -> QPushButton:
        """Put a button into the footer.

        Parameters
        ----------
        name
            Its ``objectName``.
        text
            What it says.
        tip
            What it does.
        """
        button = QPushButton(text, self)
        button.setObjectName(name)
        button.setToolTip(tip)
        self.add_footer(button)
        return button

    def add_footer(self, button: QPushButton) -> None:
        """Put a button that is there already into the footer.

        Parameters
        ----------
        button
            To be put there.
        """
        self._buttons.addWidget(button)

    def keep_in_mind(
        self,
        name: str,
        read: Callable[[], State],
        take: Callable[[State], None],
        changed: Sequence[Any],
    ) -> None:
        """Remember the fields between sessions, and add *Defaults*.

        Parameters
        ----------
        name
            Of the panel in the file.
        read, take
            See `Memory`.
        changed
            Signals that tell of a change of any of these fields.
        """
        self._memory = memory = Memory(name, read, take, self)
        self._defaults = self.add_button("defaults", "Defaults", _DEFAULTS_TIP)
        self._defaults.clicked.connect(self._take_defaults)
        recalled = memory.recall() if self._remembers else []
        for signal in changed:
            signal.connect(self._field_changed)
        self.at_end(memory.write)
        if recalled:
            fields = ", ".join(map(self._label_of, recalled))
            self.say(f"As you left it last time: {fields}.")

    def _label_of(self, field: str) -> str:
        labels = {
            name: each for form in forms_in(self) for name, each in form.labels_by_name.items()
        }
        return labels.get(field, field.replace("_", " ")).lower()

    def _field_changed(self) -> None:
        assert self._memory is not None
        self._before_defaults = None
        self._defaults.setText("Defaults")
        self._defaults.setToolTip(_DEFAULTS_TIP)
        if self._remembers:
            self._memory.note()

    def _take_defaults(self) -> None:
        """Set all fields back, or, when that was done last, take it back."""
        assert self._memory is not None
        if self._before_defaults is not None:
            self._memory.take(self._before_defaults)
            return
        before = self._memory.read()
        self._memory.take(self._memory.defaults)
        self._before_defaults = before
        self._defaults.setText("Undo")
        self._defaults.setToolTip("Bring the settings back that Defaults has replaced")

    def at_end(self, ending: Callable[[], None]) -> None:
        """Call this when the panel is closed: end threads, stop listening to the viewer.

        Parameters
        ----------
        ending
            Takes nothing and may be called once.
        """
        self._endings.append(ending)

    def say(self, text: str) -> None:
        """Show what has been done or is going on.

        Parameters
        ----------
        text
            A line or a few.
        """
        if self._complains:  # a style that is set is looked through, even the same one
            self.status.setStyleSheet("")
        self._complains = False
        self.status.setText(in_words(text, {}, heads=False))

    def complain(self, text: str) -> None:
        """Show what is wrong and what to do.

        Parameters
        ----------
        text
            One line.
        """
        self._complains = True
        self.status.setStyleSheet(f"color: {warning_colour(self)};")
        self.status.setText(by_labels(text, forms_in(self)))
