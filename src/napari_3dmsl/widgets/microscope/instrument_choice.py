"""Where an instrument comes from: a preset, another objective or camera, a file, an image."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QHBoxLayout,
    QInputDialog,
    QLabel,
    QWidget,
)

from napari_3dmsl.image_io.microscope_metadata import MICROSCOPE_SUFFIXES, read_microscope
from napari_3dmsl.microscope.presets import (
    RELEASED,
    camera_names,
    load_microscope,
    microscope_names,
    objective_names,
)
from napari_3dmsl.microscope.title import microscope_title
from napari_3dmsl.widgets.common.controls import button, drop_down, fill_drop_down
from napari_3dmsl.widgets.common.drop_button import DropButton
from napari_3dmsl.widgets.common.labelled_rows import LabelledRows
from napari_3dmsl.widgets.microscope.instrument import OWN_OBJECTIVE, Instrument

_PRESET_TIP = (
    "Microscopes of the 3DMSL paper (Table 2), two more, and your own files; the word in "
    "parentheses is the preset's name in files and on the command line"
)
_RELEASED_TIP = (
    "Repeat what the 3DMSL release really did with this microscope, for comparison: squared PSF, "
    "its stage position, no pixel integration"
)
_OBJECTIVE_TIP = (
    "Turn another objective in: aperture, immersion, magnification and, with a camera, pixel"
)
_READ_TIP = (
    "Read from an image, chosen or dropped here, which microscope took it: fills the fields that "
    "its file tells of and marks them ✓; those that it does not tell are marked ?"
)
_OPEN_TIP = "Take a microscope from a .json or .toml file"
_RESET_TIP = "Back to the chosen microscope and objective"
_KEEP_TIP = "Keep these optics as a preset of yours, for the list and the command line"
_DETECTOR_TIP = "Typical detectors of each kind, and your own files; fills the fields below"


class InstrumentChoice(QObject):
    """Drop-downs and buttons that choose an instrument, and what they say of the chosen one.

    Parameters
    ----------
    parent
        Of the Qt object.

    Signals
    -------
    preset_chosen(name), objective_chosen(name), camera_chosen(name)
    file_chosen(path)
    image_read(read)
        A `ReadMicroscope`.
    name_given(name)
        The optics shall be kept under this name.
    reset_asked()
    failed(message)
    """

    preset_chosen = Signal(str)
    objective_chosen = Signal(str)
    camera_chosen = Signal(str)
    file_chosen = Signal(object)
    image_read = Signal(object)
    name_given = Signal(str)
    reset_asked = Signal()
    failed = Signal(str)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.preset = drop_down("microscope", "Microscope", [], _PRESET_TIP)
        fill_drop_down(self.preset, preset_titles())
        self.released = QCheckBox("As released")
        self.released.setObjectName("as_released")
        self.released.setToolTip(_RELEASED_TIP)
        self.released.clicked.connect(lambda: self._choose_preset(self.preset.currentIndex()))
        self.objective = drop_down(
            "objective", "Objective", [OWN_OBJECTIVE, *objective_names()], _OBJECTIVE_TIP
        )
        self.camera = drop_down("camera", "Camera", camera_names(), _DETECTOR_TIP)
        self.preset.activated.connect(self._choose_preset)
        self.objective.textActivated.connect(self.objective_chosen)
        self.camera.textActivated.connect(self.camera_chosen)
        self.changes = _told("changes")
        self._changed = QWidget()
        self.reset = button("reset", "Reset", _RESET_TIP, self.reset_asked.emit)
        self.open = button("open_microscope", "Open…", _OPEN_TIP, self._ask_what_to_open)
        self.keep = button("keep", "Keep as…", _KEEP_TIP, self._ask_for_name)
        self.read = DropButton("Read from image…", _READ_TIP, MICROSCOPE_SUFFIXES)
        self.read.setObjectName("read_image")
        self.read.chosen.connect(self._read_and_ask)
        self.read_from = _told("read_from")
        self._camera_rows = self._made_camera_rows()

    def preset_rows(self) -> QWidget:
        """Return the row that chooses a microscope, and what was changed of it."""
        rows = LabelledRows()
        rows.add_row("Microscope", self.preset)
        rows.add_row("", self.released)
        line = QHBoxLayout(self._changed)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(self.changes, 1)
        line.addWidget(self.reset)
        rows.add_wide(self._changed)
        return rows

    def file_rows(self) -> QWidget:
        """Return the rows that turn another objective in, open and keep files, and read images."""
        rows = LabelledRows()
        rows.add_row("Objective", self.objective)
        buttons = QWidget()
        line = QHBoxLayout(buttons)
        line.setContentsMargins(0, 0, 0, 0)
        for each in (self.open, self.keep, self.read):
            line.addWidget(each)
        rows.add_wide(buttons)
        rows.add_wide(self.read_from)
        return rows

    def camera_rows(self) -> QWidget:
        """Return the row that chooses a camera."""
        return self._camera_rows

    def show_camera(self, shown: bool) -> None:
        """Have the choice of a camera in sight, or not where none records.

        Parameters
        ----------
        shown
            Whether it is there.
        """
        self._camera_rows.setVisible(shown)

    def _made_camera_rows(self) -> QWidget:
        rows = LabelledRows()
        rows.add_row("Camera", self.camera)
        return rows

    def show(self, instrument: Instrument) -> None:
        """Name the instrument; the microscope of a file is none of the list.

        Parameters
        ----------
        instrument
            That is chosen.
        """
        name = instrument.preset.removesuffix(RELEASED)
        name = name if self.preset.findData(name) >= 0 else instrument.preset
        at = self.preset.findData(name)
        self.preset.setPlaceholderText("" if at >= 0 else microscope_title(instrument.own))
        self.preset.setCurrentIndex(at)
        self.released.setChecked(name != instrument.preset)
        self.released.setVisible(f"{name}{RELEASED}" in microscope_names())
        self.objective.setCurrentText(instrument.objective)
        self.camera.setPlaceholderText(instrument.camera.name)
        self.camera.setCurrentIndex(self.camera.findText(instrument.camera.name))

    def add_preset(self, name: str) -> None:
        """Offer a preset, if it is not offered yet.

        Parameters
        ----------
        name
            Of the microscope.
        """
        title = microscope_title(load_microscope(name))
        at = self.preset.findData(name)
        if at < 0:
            self.preset.addItem(title, name)
        else:
            self.preset.setItemText(at, title)

    def _choose_preset(self, at: int) -> None:
        name = self.preset.itemData(at)
        if name is None:
            return
        twin = f"{name}{RELEASED}"
        wanted = self.released.isChecked() and twin in microscope_names()
        self.preset_chosen.emit(twin if wanted else name)

    def tell_changes(self, labels: list[str]) -> None:
        """Name what differs from the choice, so that nobody takes one for the other.

        Parameters
        ----------
        labels
            What people call these settings.
        """
        different = ", ".join(labels)
        self.changes.setText(f"Changed: {different}" if different else "")
        for part in (self.changes, self.reset, self._changed):
            part.setVisible(bool(different))
        self.reset.setEnabled(bool(different))

    def tell_read(self, text: str) -> None:
        """Say what was read from an image.

        Parameters
        ----------
        text
            Some lines; empty takes them away.
        """
        self.read_from.setText(text)
        self.read_from.setVisible(bool(text))

    def _read_and_ask(self, path: Path) -> None:
        """Read the microscope of an image; where it has channels, ask for the one that is meant."""
        try:
            read = read_microscope(path)
            if len(read.channels) > 1:
                names = [f"{n}: {name}".rstrip(": ") for n, name in enumerate(read.channels)]
                name, agreed = QInputDialog.getItem(
                    self.read, "Read from image", "Which channel?", names, 0, False
                )
                if not agreed:
                    return
                read = read_microscope(path, names.index(name))
        except (ValueError, OSError) as error:
            self.failed.emit(str(error))
            return
        self.image_read.emit(read)

    def _ask_what_to_open(self) -> None:
        path, _ = QFileDialog.getOpenFileName(
            self.keep, "Open a microscope", "", "Microscopes (*.json *.toml)"
        )
        if path:
            self.file_chosen.emit(Path(path))

    def _ask_for_name(self) -> None:
        name, agreed = QInputDialog.getText(self.keep, "Keep this microscope", "Name of the preset")
        if agreed:
            self.name_given.emit(name.strip())


def preset_titles() -> dict[str, str]:
    """Return what people read for each microscope, by name; *as released* is told by a switch."""
    names = microscope_names()
    return {
        name: microscope_title(load_microscope(name).replace(name=name))
        for name in names
        if not (name.endswith(RELEASED) and name.removesuffix(RELEASED) in names)
    }


def _told(name: str) -> QLabel:
    label = QLabel()
    label.setObjectName(name)
    label.setWordWrap(True)
    label.hide()
    return label
