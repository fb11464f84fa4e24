"""What can be taken back in the *Microscope* panel, step by step, and what each step is called."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject

from napari_3dmsl.microscope.title import microscope_title
from napari_3dmsl.widgets.common.history import Change, History, HistoryButtons, Snapshot
from napari_3dmsl.widgets.common.remembered import tick

if TYPE_CHECKING:
    from napari_3dmsl.widgets.microscope.comparison import Comparison
    from napari_3dmsl.widgets.microscope.form import SimulationForm
    from napari_3dmsl.widgets.microscope.sample_choice import SampleChoice
    from napari_3dmsl.widgets.microscope.switches import Switches


class Steps(QObject):
    """The history of all knobs of a panel, and the buttons that go through it.

    Parameters
    ----------
    form, sample, comparison, switches
        Which hold the knobs.
    panel
        In which the keys of undo count.
    """

    def __init__(
        self,
        form: SimulationForm,
        sample: SampleChoice,
        comparison: Comparison,
        switches: Switches,
        panel: Any,
    ) -> None:
        super().__init__(panel)
        self._form, self._sample = form, sample
        self._comparison, self._switches = comparison, switches
        self.history = History(self.snapshot, self._take, panel)
        leading = ("image_of", "instrument")
        self.buttons = HistoryButtons(self.history, self._words, panel, leading=leading)

    def begin(self, drags: Iterable[Any]) -> None:
        """Let every change from now on be taken back.

        Parameters
        ----------
        drags
            Each is one step, from where it is taken to where it is let go.
        """
        self.history.forget()
        self._form.stepped.connect(self.history.note)
        self._sample.stepped.connect(self._note_sample)
        self._sample.replaced.connect(self.history.renew)
        for drag in drags:
            drag.taken.connect(partial(self.history.hold, "drag"))
            drag.let_go.connect(self.history.let_go)
        self._comparison.changed.connect(lambda: self.history.note("comparison"))
        for box in self._switches.all:
            box.toggled.connect(lambda _, box=box: self.history.note(box.objectName()))

    def _note_sample(self, source: Any, fields: Any) -> None:
        """Let each choice be a step of its own; a knob of the cell may be turned on and on."""
        if source in {"shapes", "surface"}:
            self.history.close_step()
        self.history.note(source, fields)

    def snapshot(self) -> Snapshot:
        """Return how all knobs stand."""
        return {
            **self._form.snapshot(),
            **self._comparison.names,
            **self._switches.ticks,
            **self._sample.snapshot(),
        }

    def _take(self, snapshot: Snapshot) -> None:
        tick(self._switches.all, snapshot)
        self._comparison.take_names(snapshot)
        self._form.take_snapshot(snapshot)
        self._sample.take_snapshot(snapshot)

    def _words(self, change: Change) -> str:
        """Return what people call something that can be taken back, and its value."""
        name, after = change.name, change.after
        if (told := self._sample.words(change)) is not None:
            return told
        for form in self._form.fields.all:
            if name in form.names:
                return form.told(name, after, change.at)
        if (told := self._switches.told(name, after)) is not None:
            return told
        if name == "instrument":
            return f"microscope {microscope_title(after.microscope)}"
        if name in self._comparison.names:
            return f"comparison with {after}"
        return {"read from": "what was read from an image", "marks": "marks"}.get(name, name)
