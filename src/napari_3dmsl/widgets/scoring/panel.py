"""The *Score* panel: how good one layer of labels is beside another, and where it is wrong."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtWidgets import QApplication, QCheckBox, QLabel

from napari_3dmsl.layers.attributes import kind_of
from napari_3dmsl.layers.images import SIMULATED
from napari_3dmsl.layers.labels import voxel_nm_of
from napari_3dmsl.layers.score_errors import (
    ERROR_COLOURS,
    ERROR_WORDS,
    SCORE_ERRORS,
    errors_layer,
)
from napari_3dmsl.layers.show import find, show
from napari_3dmsl.scoring.settings import ScoreSettings
from napari_3dmsl.widgets.common.background_thread import BackgroundThread
from napari_3dmsl.widgets.common.form import Form
from napari_3dmsl.widgets.common.labelled_rows import LabelledRows
from napari_3dmsl.widgets.common.layer_choice import LayerChoice
from napari_3dmsl.widgets.common.panel import Panel
from napari_3dmsl.widgets.scoring.score_view import ScoreView
from napari_3dmsl.widgets.scoring.work import Scored, Task, score_task

if TYPE_CHECKING:
    import napari

    from napari_3dmsl.scoring.table import ScoreTable

_FIELDS = ("objects", "patch", "centrelines", "surfaces")
_TRUE = re.compile(r"truth|ground|manual|expert|\bgt\b|instances", re.IGNORECASE)
_TIME = ("t", "time", "frame")
_ONLY_3D = "only volumes have surfaces"
_BEGIN = "Choose the truth and the prediction, then press Score."
_FIRST = (
    "Start here: open two layers of labels or masks of the same size, the truth and a prediction, "
    "and choose them below."
)


class ScorePanel(Panel):
    """Scores a prediction beside the truth and shows its errors in colours.

    Parameters
    ----------
    viewer
        Whose layers are scored.
    remember
        Whether fields show what they held when the panel was last used.
    """

    page = "scoring.md"

    def __init__(self, viewer: napari.viewer.Viewer, *, remember: bool = True) -> None:
        super().__init__(viewer, remember=remember)
        self._scored: Scored | None = None
        self._truth: Any = None
        self._running = self._proposing = self._chosen = False
        self._job = BackgroundThread(self)
        self._job.progressed.connect(self._show_progress)
        self._job.finished.connect(self._finish)
        self._job.failed.connect(self._fail)
        self._job.cancelled.connect(self._stopped)
        self.at_end(self._job.close)
        self._build()
        self.keep_in_mind(
            "score",
            lambda: {"how": self.form.values()},
            lambda state: self.form.take(state.get("how", {})),
            [self.form.changed],
        )
        for choice in (self.truth, self.prediction):
            choice.changed.connect(self._choose)
            choice.layer_changed.connect(self._layers_changed)
            self.at_end(choice.disconnect_viewer)
        events = viewer.layers.events
        for event in (events.inserted, events.removed):  # after the choices have followed
            event.connect(self._propose, position="last")
            self.at_end(partial(event.disconnect, self._propose))
        self._propose()

    def _build(self) -> None:
        from napari.layers import Image, Labels

        kinds = Labels | Image  # napari opens masks as images
        self.truth = LayerChoice(
            self.viewer,
            kinds,
            _may_be_scored,
            name="truth",
            tooltip="Labels or a mask that are right: the ground truth",
        )
        self.prediction = LayerChoice(
            self.viewer,
            kinds,
            _may_be_scored,
            name="prediction",
            tooltip="Labels or a mask that are judged, of the same size",
        )
        rows = LabelledRows(self)
        rows.add_row("Truth", self.truth.native)
        rows.add_row("Prediction", self.prediction.native)
        self.add_section("Layers", rows)
        self.form = Form(ScoreSettings, _FIELDS)
        self.add_section("How", self.form)
        self.view = ScoreView(self)
        self.show_errors = QCheckBox("Errors in colours", self)
        self.show_errors.setObjectName("show_errors")
        self.show_errors.setChecked(True)
        self.show_errors.setToolTip(
            "Lay what is missed, false and right over the layers, in the colours of Fig. 6 of the "
            "3DMSL paper"
        )
        self.show_errors.toggled.connect(self._draw_errors)
        self.legend = QLabel(_legend(), self)
        self.legend.setObjectName("legend")
        self.legend.setToolTip("; ".join(ERROR_WORDS.values()).capitalize())
        self.add_section("Scores", self.show_errors, self.legend, self.view)
        self.score_button = self.add_button(
            "score", "Score", "Compare the prediction with the truth, pixel by pixel"
        )
        self.score_button.clicked.connect(self._start)
        self.copy_button = self.add_button(
            "copy", "Copy table", "Copy the scores, columns parted by tabs, for a spreadsheet"
        )
        self.copy_button.clicked.connect(self._copy)
        self.cancel_button = self.add_button("cancel", "Cancel", "Stop at the next step")
        self.cancel_button.clicked.connect(self._job.cancel)

    def _propose(self, *_: Any) -> None:
        """Propose two layers as long as nobody has chosen any."""
        self._proposing = True
        if not self._chosen:
            truth, prediction = _proposed(self.truth.choices)
            for choice, layer in ((self.truth, truth), (self.prediction, prediction)):
                if layer is not None and choice.layer is not layer:
                    choice.choose(layer)
        self._proposing = False
        self._layers_changed()

    def _layers_changed(self, *_: Any) -> None:
        """Follow the choice of layers; the same one twice is none."""
        if self._proposing:
            return
        self._proposing = True
        others = [layer for layer in self.prediction.choices if layer is not self.truth.layer]
        if others and self.prediction.layer is self.truth.layer:
            self.prediction.choose(others[0])
        self._proposing = False
        self.first_steps.tell("" if others else _FIRST)
        flat = self.truth.layer is not None and _spatial_axes(self.truth.layer) < 3
        self.form.show_only(without={"surfaces": _ONLY_3D} if flat else {})
        if not self._running:
            self._renew_buttons()
            if not self._complains and self._scored is None:
                self.say(_BEGIN)

    def _choose(self, *_: Any) -> None:
        """Take note that a person has chosen a layer."""
        self._chosen = self._chosen or not self._proposing

    def _renew_buttons(self, running: bool = False) -> None:
        self._running = running
        two = self.truth.layer is not None and self.prediction.layer is not self.truth.layer
        self.score_button.setEnabled(two and not running)
        self.score_button.setToolTip(
            "Compare the prediction with the truth, pixel by pixel"
            if two
            else "Needs two layers of labels or masks: the truth and a prediction"
        )
        self.copy_button.setVisible(self._scored is not None)
        self.cancel_button.setVisible(running)
        self.progress.setVisible(running)
        self.progress.setRange(0, 0)

    def _start(self) -> None:
        try:
            settings = ScoreSettings(**self.form.values())
            task = task_of(self.truth.layer, self.prediction.layer)
        except ValueError as error:
            self.complain(str(error))
            return
        self._truth = self.truth.layer
        self._renew_buttons(running=True)
        self.say("Scoring…")
        self._job.start(score_task, task, settings)

    def _finish(self, scored: Scored) -> None:
        self._scored = scored
        self._renew_buttons()
        self.view.show_table(scored.table)
        self._draw_errors()
        self.say(_told(scored.table))

    def _draw_errors(self) -> None:
        """Show the layer of errors, renew it, or take it away."""
        data = None
        if self._scored is not None and self.show_errors.isChecked():
            if self._truth not in self.viewer.layers:
                self.complain("The layer of the truth is gone: score again to see the errors.")
                return
            data = errors_layer(self._scored.errors, self._truth, "errors of the prediction")
        layer = find(self.viewer, SCORE_ERRORS)
        if data is not None and layer is not None:  # its place or shape may be another
            show(self.viewer, SCORE_ERRORS, None)
        show(self.viewer, SCORE_ERRORS, data)

    def _copy(self) -> None:
        QApplication.clipboard().setText(self.view.text)
        self.say("Copied: paste it into a spreadsheet.")

    def _show_progress(self, done: int, total: int, what: str) -> None:
        self.progress.setRange(0, total if total > 1 else 0)
        self.progress.setValue(done)
        self.say(f"{what}: {done} of {total}" if total > 1 else f"{what}…")

    def _fail(self, why: str) -> None:
        self._renew_buttons()
        self.complain(why)

    def _stopped(self) -> None:
        self._renew_buttons()
        self.say("Cancelled; nothing has changed.")


def task_of(truth: Any, prediction: Any) -> Task:
    """Return what is to be scored of two layers.

    Parameters
    ----------
    truth, prediction
        Of napari.

    Raises
    ------
    ValueError
        One line, when the layers are one, or lie askew.
    """
    if truth is None or prediction is None or truth is prediction:
        raise ValueError("Choose two different layers: the truth and a prediction.")
    notes = []
    if truth.ndim == prediction.ndim and not _same_place(truth, prediction):
        notes.append(
            "the layers have other places or pixel sizes, and are compared pixel by pixel all the "
            "same"
        )
    frames = _is_film(truth) or _is_film(prediction)
    return Task(
        _pixels(truth),
        _pixels(prediction),
        prediction.name,
        frames,
        voxel_nm_of(truth) if truth.ndim - frames == 3 else None,
        tuple(notes),
    )


def _pixels(layer: Any) -> Any:
    return layer.data[0] if layer.multiscale else layer.data


def _same_place(one: Any, other: Any) -> bool:
    return bool(np.allclose(one.scale, other.scale) and np.allclose(one.translate, other.translate))


def _proposed(layers: Sequence[Any]) -> tuple[Any, Any]:
    """Return truth and prediction: layers of labels before images, truth what is called so."""
    from napari.layers import Labels

    labels = [layer for layer in layers if isinstance(layer, Labels)]
    candidates = labels if len(labels) > 1 else [*labels, *(x for x in layers if x not in labels)]
    named = [layer for layer in candidates if _TRUE.search(layer.name)]
    truth = next(iter(named or candidates), None)
    return truth, next((layer for layer in candidates if layer is not truth), None)


def _may_be_scored(layer: Any) -> bool:
    """Whether a layer may hold labels: whole numbers or yes and no, but no image of ours."""
    if kind_of(layer) in (SCORE_ERRORS, SIMULATED) or getattr(layer, "rgb", False):
        return False
    return np.dtype(layer.dtype).kind in "bui" and layer.ndim >= 2


def _spatial_axes(layer: Any) -> int:
    """How many axes of a layer are lengths."""
    return int(layer.ndim) - _is_film(layer)


def _is_film(layer: Any) -> bool:
    return layer.ndim > 2 and str(layer.axis_labels[0]).lower() in _TIME


def _told(table: ScoreTable) -> str:
    """Say in a line what came out."""
    means, frames = table.means, len(table.scores)
    text = f"Dice {means['dice'].mean:.3f}, IoU {means['iou'].mean:.3f}"
    if frames > 1:
        return f"{text}, means of {frames} frames."
    objects = table.scores[0].details.get("objects")
    if objects is None:
        return f"{text}."
    return (
        f"{text}; {objects['paired']} of {objects['truths']} objects found at an IoU above 0.5, "
        f"{objects['predictions'] - objects['paired']} false."
    )


def _legend() -> str:
    return " &nbsp; ".join(
        f'<span style="color:{ERROR_COLOURS[kind]}">■</span> {words.partition(" (")[0]}'
        for kind, words in ERROR_WORDS.items()
    )
