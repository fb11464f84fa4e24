"""*Copy as*: the Python script or the command line that makes the image that is shown."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from qtpy.QtGui import QGuiApplication
from qtpy.QtWidgets import QMenu, QPushButton

from napari_3dmsl.as_code.samples import Sample
from napari_3dmsl.as_code.script import as_command, as_script, output_name
from napari_3dmsl.microscope.simulation import Simulation
from napari_3dmsl.widgets.common.panel import Panel

_TIP = (
    "Copy to the clipboard what makes this image again, byte for byte: a Python script or a "
    "command line. With a z-stack it makes the stack"
)


class CopyAs(QPushButton):
    """A button with the two kinds of text in its menu.

    Parameters
    ----------
    panel
        Says what was copied.
    simulation
        Returns all settings of what is shown; raises ValueError when one is wrong.
    sample
        Returns where the sample comes from; raises ValueError when no script finds it.
    """

    def __init__(
        self,
        panel: Panel,
        simulation: Callable[[], Simulation],
        sample: Callable[[], Sample],
    ) -> None:
        super().__init__("Copy as", panel)
        self.setObjectName("copy_as")
        self.setToolTip(_TIP)
        self._panel, self._simulation, self._sample = panel, simulation, sample
        menu = QMenu(self)
        for name, words, text_of in (
            ("copy_script", "Python script", as_script),
            ("copy_command", "Command line", as_command),
        ):
            action = menu.addAction(words)
            action.setObjectName(name)
            action.triggered.connect(partial(self._copy, words, text_of))
        self.setMenu(menu)

    def _copy(self, words: str, text_of: Callable[[Simulation, Sample], str]) -> None:
        try:
            simulation = self._simulation()
            text = text_of(simulation, self._sample())
        except ValueError as error:
            self._panel.complain(str(error))
            return
        QGuiApplication.clipboard().setText(text)
        self._panel.say(f"{words} copied: it writes {output_name(simulation)}, the image as shown.")
