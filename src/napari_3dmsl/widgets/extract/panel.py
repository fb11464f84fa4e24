"""The *Extract shapes* panel: labels in, classed shapes out."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QEvent
from qtpy.QtWidgets import QLabel

from napari_3dmsl.layers.attributes import LayerData, about, kind_of
from napari_3dmsl.layers.extraction import INSTANCES, extraction_layers
from napari_3dmsl.layers.extraction_preview import PREVIEW
from napari_3dmsl.layers.images import SIMULATED
from napari_3dmsl.layers.labels import (
    is_phantom,
    lazy_layer,
    stored_labels,
    volume_layer,
    voxel_nm_of,
    voxels_of,
)
from napari_3dmsl.layers.large_extraction import (
    LargeResult,
    LargeWork,
    extract_large,
    large_layers,
)
from napari_3dmsl.layers.optics import MASK
from napari_3dmsl.memory import check_memory
from napari_3dmsl.shapes.classification import ClassRules
from napari_3dmsl.shapes.extraction import ExtractionSettings, suggested_downsample
from napari_3dmsl.volumes.labels import COPIES, VoxelNm, check_labels
from napari_3dmsl.volumes.lazy import LazyVolume
from napari_3dmsl.widgets.common.background_process import BackgroundProcess
from napari_3dmsl.widgets.common.form import Form
from napari_3dmsl.widgets.common.layer_choice import LayerChoice
from napari_3dmsl.widgets.common.panel import Panel
from napari_3dmsl.widgets.common.remembered import State
from napari_3dmsl.widgets.common.undo import UndoButton
from napari_3dmsl.widgets.extract.label_source import LabelSource, described
from napari_3dmsl.widgets.extract.large_volume import LargeVolume
from napari_3dmsl.widgets.extract.layer_voxels import finest
from napari_3dmsl.widgets.extract.messages import (
    ProgressWords,
    StageWords,
    drawn_of,
    in_the_panel,
    limits,
    result,
    sentence,
    thinning,
)
from napari_3dmsl.widgets.extract.next_steps import SAMPLE, NextSteps
from napari_3dmsl.widgets.extract.preview import PreviewRunner
from napari_3dmsl.widgets.extract.settings import LayerSettings, PreviewSettings
from napari_3dmsl.widgets.extract.shape_layers import ShapeLayers, Source
from napari_3dmsl.widgets.extract.shown_doubts import ShownDoubts

if TYPE_CHECKING:
    import napari

    from napari_3dmsl.library.estimate import Estimate
    from napari_3dmsl.volumes.open import LabelVolume

_UNDO_TIP = "Bring the shapes back that the last extraction has replaced"
_PROTOCOL = (
    "downsample",
    "downsample_method",
    "erosion_nm",
    "connectivity",
    "regrow",
    "neck",
    "min_volume_um3",
    "fill_holes",
    "instances",
    "split_pieces",
)


class ExtractPanel(Panel):
    """Collects the settings, runs the extraction in its own process, adds the layers.

    Parameters
    ----------
    viewer
        Whose layers are extracted, and which gets the shapes.
    remember
        Whether fields show what they held when the panel was last used.
    """

    page = "extract.md"

    def __init__(self, viewer: napari.viewer.Viewer, *, remember: bool = True) -> None:
        super().__init__(viewer, remember=remember)
        self._job = BackgroundProcess(self)
        self._progress_words: ProgressWords | StageWords = ProgressWords()
        self._large_result: LargeResult | None = None
        self._source: Source | None = None
        self._preview = PreviewRunner(viewer, self)
        self._extracted = False
        self._build()
        self._job.progressed.connect(self._show_progress)
        self._job.parted.connect(self._take_part)
        self._job.finished.connect(self._show_result)
        self._job.failed.connect(self._fail)
        self._job.cancelled.connect(self._stopped)
        self._preview.said.connect(self.say)
        self._preview.failed.connect(self.complain)
        self._preview.busy.connect(self._set_previewing)
        self.at_end(self._job.close)
        self.at_end(self._preview.close)
        self.at_end(self._layers.stop)
        self.at_end(self.choice.disconnect_viewer)
        forms = (self.layer_settings, self.protocol, self.classes, self.crop, self.large.form)
        self.keep_in_mind("extract", self._state, self._take_state, [x.changed for x in forms])
        self._take_voxel_size()

    def _build(self) -> None:
        from napari.layers import Image, Labels

        tip = "A label volume: mitochondria are the voxels above 0."
        kinds = Labels | Image  # napari opens masks as images
        self.choice = LayerChoice(self.viewer, kinds, _may_be_labels, name="labels", tooltip=tip)
        self.choice.layer_changed.connect(self._take_voxel_size)
        self.source = LabelSource(self.choice, self)
        self.source.opened.connect(self._show_volume)
        self.source.failed.connect(lambda why: self.complain(in_the_panel(why)))
        self.source.waiting.connect(self.say)
        self.at_end(self.source.close_server)
        self.source.background_changed.connect(self._explain)
        self.doubts = ShownDoubts(self)
        self.doubts.failed.connect(self.complain)
        self.at_end(self.doubts.checks.close)
        self.voxels = Form(ExtractionSettings, ["voxel_nm"])
        self.layer_settings = Form(LayerSettings)
        self.protocol = Form(ExtractionSettings, _PROTOCOL)
        self.classes = Form(ClassRules, ["length_to"])
        self.crop = Form(PreviewSettings)
        self.limit = QLabel(self)
        self.limit.setObjectName("limit")
        self.limit.setWordWrap(True)
        self.add_section("Labels", self.source, self.voxels, self.layer_settings, self.doubts)
        self.add_section("Protocol", self.protocol, self.limit)
        self.add_section("Classes", self.classes)
        self.add_section("Preview", self.crop)
        self.large = LargeVolume(self)
        self.large.failed.connect(lambda why: self.complain(in_the_panel(why)))
        self.at_end(self.large.close_threads)
        self.add_section("Large volumes", self.large.form, self.large)
        for form in (self.voxels, self.protocol, self.large.form):
            form.changed.connect(self._explain)
        for form in (self.voxels, self.protocol, self.crop):
            form.changed.connect(self._preview_again)
        self.preview_button = self.add_button(
            "preview", "Preview", "Try the protocol on a small crop: before, eroded, instances"
        )
        self.preview_button.clicked.connect(self.preview)
        self.extract_button = self.add_button("extract", "Extract", "Cut the labels into shapes")
        self.extract_button.clicked.connect(self.extract)
        self.cancel_button = self.add_button("cancel", "Cancel", "Stop; nothing is changed")
        self.cancel_button.clicked.connect(self._cancel)
        self.cancel_button.setEnabled(False)
        self.undo_button = UndoButton(_UNDO_TIP, self)
        self.undo_button.hide()
        self.add_footer(self.undo_button)
        self._layers = ShapeLayers(self.viewer, self.undo_button, self)
        self._layers.added.connect(self._sum_up)
        self._layers.brought_back.connect(lambda: self.say("The earlier shapes are back."))
        self.steps = NextSteps(self, self.choice)

    def settings(self) -> ExtractionSettings:
        """Return the settings as shown; ValueError when one is wrong."""
        sizes = self._voxel_nm()
        if sizes is None:
            raise ValueError(
                "Voxel size: this layer carries no voxel size; type the size of a voxel in nm"
            )
        protocol = self.protocol.values()
        edges = zip(protocol["downsample"], suggested_downsample(sizes), strict=True)
        protocol["downsample"] = tuple(edge or suggested for edge, suggested in edges)
        return ExtractionSettings(voxel_nm=sizes, **protocol)

    def _voxel_nm(self) -> VoxelNm | None:
        """Return the voxel size as typed; None as long as one is missing."""
        sizes: VoxelNm = self.voxels.values()["voxel_nm"]
        return sizes if all(sizes) else None

    def _state(self) -> State:
        """Return what is remembered: not what belongs to a layer, as its voxel size does."""
        return {
            "voxels": self.layer_settings.values(),
            "protocol": _without_blocks(self.protocol.values()),
            "classes": self.classes.values(),
            "preview": self.crop.values(),
            "large": {"memory_limit_gb": self.large.limit_gb},
        }

    def _take_state(self, state: State) -> None:
        self.layer_settings.take(state.get("voxels", {}))
        self.protocol.take(_without_blocks(state.get("protocol", {})))
        self.classes.take(state.get("classes", {}))
        self.crop.take(state.get("preview", {}))
        self.large.form.take(state.get("large", {}))

    def preview(self) -> None:
        """Run the protocol on a crop and show its steps; the input is not touched."""
        layer = self.choice.layer
        if layer is None:
            self.complain(f"No label layer: open a label volume or {SAMPLE}.")
            return
        try:
            self._preview.start(layer, finest(layer), self.settings(), **self._crop())
        except ValueError as error:
            self.complain(in_the_panel(str(error)))

    def _crop(self) -> dict[str, Any]:
        crop = self.crop.values()
        return {"edge": crop["preview_edge"], "place": crop["preview_place"]}

    def _preview_again(self) -> None:
        """Follow the settings while a preview is shown."""
        if self._preview.shows(self.choice.layer) and not self._job.is_running:
            with suppress(ValueError):  # said below the protocol already
                self._preview.follow(self.settings(), **self._crop())

    def _set_previewing(self, busy: bool) -> None:
        if not self._job.is_running:
            self.cancel_button.setEnabled(busy)
            self.progress.setVisible(busy)
            self.progress.setRange(0, 0)

    def _cancel(self) -> None:
        self._preview.cancel()
        self._job.cancel()

    def extract(self) -> None:
        """Start the extraction; problems are told in the status line and change nothing."""
        layer = self.choice.layer
        if layer is None:
            self.complain(f"No label layer: open a label volume or {SAMPLE}.")
            return
        rules = ClassRules(**self.classes.values())
        work: LargeWork | None = None
        try:
            settings = self.settings()
            voxels, origin_um = voxels_of(layer, finest(layer))
            labels = self._labels_of(layer, voxels)
            if self.large.is_large(stored_labels(layer), settings):
                work = self.large.work(labels, layer.name, settings, rules)
        except ValueError as error:
            self.complain(in_the_panel(str(error)))
            return
        known = voxel_nm_of(layer)
        other = known is None or not np.allclose(known, settings.voxel_nm, rtol=1e-6)
        self._source = Source(
            layer,
            np.array(settings.voxel_nm) / 1000,
            origin_um,
            set_scale=other and self.layer_settings.values()["set_scale"],
            is_phantom=(
                voxels is finest(layer) and self.source.background() is None and is_phantom(layer)
            ),
        )
        self._preview.cancel()
        self._set_running(True)
        self.say("Starting…")
        if work is not None:
            self._progress_words, self._large_result = StageWords(), None
            self._job.start(extract_large, work)
            return
        self._progress_words = ProgressWords()
        self._job.start(partial(extraction_layers, rules=rules), labels, settings, layer.name)

    def _labels_of(self, layer: Any, labels: Any) -> Any:
        """Return labels to extract; those on disk are read where they are worked on."""
        stored = stored_labels(layer)
        turned = stored is None or labels is not finest(layer)
        if turned or self.source.background() is not None:
            if stored is not None:
                check_memory(f"'{layer.name}'", COPIES * stored.nbytes)
            return check_labels(labels, self.source.background())
        return stored

    def _set_running(self, running: bool) -> None:
        self.extract_button.setEnabled(not running)
        self.undo_button.setVisible(not running and self.undo_button.isEnabled())
        self.preview_button.setEnabled(not running)
        self.cancel_button.setEnabled(running)
        self.progress.setVisible(running)
        self.progress.setRange(0, 0)

    def _show_progress(self, done: int, total: int, what: str) -> None:
        self.progress.setRange(0, total)
        self.progress.setValue(done)
        self.say(self._progress_words.progress(done, total, what))

    def _fail(self, message: str) -> None:
        self._set_running(False)
        self.complain(in_the_panel(message))

    def _stopped(self) -> None:
        self._set_running(False)
        large = isinstance(self._progress_words, StageWords)
        rest = " Extract goes on where it stopped." if large else ""
        self.say(f"Cancelled; no layer was changed.{rest}")

    def _take_part(self, part: Estimate | LargeResult) -> None:
        """Tell what a large volume will take; keep what came out of it."""
        if isinstance(part, LargeResult):
            self._large_result = part
        else:
            self.say(f"This will take {part}.")

    def _show_result(self, found: list[LayerData] | None) -> None:
        if self._large_result is None:
            self._show_shapes(found or [])
            return
        try:
            self._show_shapes(large_layers(self._large_result))
        except (ValueError, OSError) as error:
            self._fail(str(error))

    def _show_shapes(self, found: list[LayerData]) -> None:
        """Begin to add the layers."""
        assert self._source is not None
        self.cancel_button.setEnabled(False)
        self.say("Drawing…")
        self._layers.show(found, self._source)

    def _sum_up(self, added: list[Any]) -> None:
        self._set_running(False)
        self._extracted = True
        self.steps.tell(extracted=self._extracted)
        # The labels are active: napari searches a big active surface at every mouse move.
        if added[0] in self.viewer.layers:
            self.viewer.layers.selection.active = added[0]
        facts = about(added[0])
        shapes = facts["shapes"]
        lines = result(facts["report"], shapes.table["shape_class"], self._progress_words.seconds)
        made, self._large_result = self._large_result, None
        if made is not None:
            thinned = f"{drawn_of(len(made.drawn), len(shapes.ids), str(made.library))}\n"
        else:
            drawn = sum(len(layer.data[1]) for layer in added[1:])
            thinned = thinning(drawn, sum(len(shapes.mesh(i).faces) for i in shapes.ids))
        doubts = "".join(f"{sentence(f'mind: {text}')}\n" for text in self.doubts.texts)
        self.say(f"{lines}\n{doubts}{thinned}Click a shape to select it.")

    def _take_voxel_size(self) -> None:
        """Show the chosen layer's voxel size, or ask for it."""
        layer = self.choice.layer
        try:
            voxel_nm = None if layer is None else voxel_nm_of(layer)
        except ValueError as error:
            self.complain(in_the_panel(str(error)))
            voxel_nm = None
        self._extracted = False
        if voxel_nm is not None:
            self.protocol.set_values({"downsample": suggested_downsample(voxel_nm)})
        self.voxels.set_values({"voxel_nm": voxel_nm or (None, None, None)})

    def event(self, event: Any) -> bool:
        """Qt: shapes that are being drawn when the panel alone is closed are drawn to the end."""
        if event.type() == QEvent.Type.ParentChange and self.parent() is None:
            self._layers.finish()
        return super().event(event)

    def changeEvent(self, event: Any) -> None:
        """Qt: in another theme, doubt in another red."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "doubts"):
            self.doubts.colour()

    def _explain(self) -> None:
        """Say what the protocol does to thin tubes, what is missing, and what is improbable."""
        try:
            self.doubts.ask(
                self.choice.layer,
                self.source.background(),
                self._voxel_nm(),
                self.protocol.values()["instances"],
            )
        except ValueError as error:
            self.complain(str(error))
        # As it stands: whether a number is possible does not decide what has an effect.
        protocol = ExtractionSettings.model_construct(**self.protocol.values())
        self.protocol.show_only(without=protocol.irrelevant())
        self.steps.tell(extracted=self._extracted)
        layer, settings = self.choice.layer, None
        if layer is None:
            self.limit.setText(f"Open a label volume, or {SAMPLE}.")
        else:
            try:
                settings = self.settings()
                self.limit.setText(limits(settings))
            except ValueError as error:
                self.limit.setText(str(error))
        stored = None if layer is None else stored_labels(layer)
        self.large.consider(stored, "" if layer is None else layer.name, settings)

    def open_file(self, path: Path | str) -> None:
        """Add a label volume from disk or a server as a layer and choose it.

        Parameters
        ----------
        path
            Of a file or folder, or a URL.
        """
        self.source.open(path)

    def _show_volume(self, volume: LabelVolume | LazyVolume, path: Path | str) -> None:
        from napari.layers import Layer

        found = lazy_layer(volume) if isinstance(volume, LazyVolume) else volume_layer(volume)
        layer = self.viewer.add_layer(Layer.create(*found))
        self.choice.choose(layer)
        self.say(described(volume, path))


def _without_blocks(values: dict[str, Any]) -> dict[str, Any]:
    """Leave the downsampling out, which is suggested for each voxel size."""
    return {name: value for name, value in values.items() if name != "downsample"}


def _may_be_labels(layer: Any) -> bool:
    """Whether this package has not made it itself."""
    return kind_of(layer) not in {INSTANCES, SIMULATED, PREVIEW, MASK}
