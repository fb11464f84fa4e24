"""The *Image set* panel: builds a recipe, shows samples of it, and makes the whole set."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QTimer, Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from napari_3dmsl.datasets.recipe.recipe import TUBES, Recipe
from napari_3dmsl.datasets.recipe.recipe_file import read_recipe, write_recipe
from napari_3dmsl.datasets.run.pace import Pace, counts_images
from napari_3dmsl.described import described
from napari_3dmsl.films import FilmPlayer
from napari_3dmsl.layers.attributes import about
from napari_3dmsl.microscope.kept import forget_all
from napari_3dmsl.widgets.common.background_thread import BackgroundThread
from napari_3dmsl.widgets.common.canvas_view import look_at
from napari_3dmsl.widgets.common.controls import button
from napari_3dmsl.widgets.common.form import Form
from napari_3dmsl.widgets.common.labelled_rows import FieldLabel
from napari_3dmsl.widgets.common.latest_wins import LatestWins
from napari_3dmsl.widgets.common.panel import Panel
from napari_3dmsl.widgets.common.questions import ask_for_path
from napari_3dmsl.widgets.common.shape_selection import selection_of
from napari_3dmsl.widgets.common.tabs import open_named
from napari_3dmsl.widgets.image_set.contact_sheet import ContactSheet
from napari_3dmsl.widgets.image_set.form import RecipeForm
from napari_3dmsl.widgets.image_set.library_choice import LibraryChoice
from napari_3dmsl.widgets.image_set.messages import planned, result, shown_of
from napari_3dmsl.widgets.image_set.settings import RunSettings
from napari_3dmsl.widgets.image_set.tool_layout import LayoutForTool
from napari_3dmsl.widgets.image_set.work import (
    Planned,
    Planner,
    Samples,
    Wanted,
    make_samples,
    make_set,
)

if TYPE_CHECKING:
    import napari

    from napari_3dmsl.datasets.run.generate import Outcome
    from napari_3dmsl.datasets.run.preview import Previewed

RECIPES = "Recipes (*.toml *.json)"
_FIRST = (
    "Start here: choose a shape library, or begin with tubes, which are drawn. Then press Preview."
)
_SETTLE_MS = 200  # after the last change, before shapes are counted
_PATIENCE_S = 5.0  # for the images that are being made when the panel is closed


class ImageSetPanel(Panel):
    """Collects the settings of a recipe and runs it beside the window.

    Parameters
    ----------
    viewer
        Beside which it is docked.
    remember
        Whether fields show what they held when the panel was last used.
    """

    page = "image_sets.md"

    _sampled = Signal(object)

    def __init__(self, viewer: napari.viewer.Viewer, *, remember: bool = True) -> None:
        super().__init__(viewer, remember=remember)
        self.at_end(forget_all)
        self._planner = LatestWins(Planner(), self)
        self._samples = BackgroundThread(self)
        self._run = BackgroundThread(self, _PATIENCE_S)
        self._planned: Planned | None = None
        self._seen: Samples | None = None
        self._pace = Pace()
        self._finished = (0, 0)
        self._folder = ""
        self._frames = 0  # of each film of the set that is made
        self._player = FilmPlayer(viewer, self)
        self.at_end(self._player.stop)
        self.form = RecipeForm(self)
        self.library = LibraryChoice(selection_of(viewer), self)
        self._settle = self._timer()
        self._build()
        self._connect()
        self.keep_in_mind(
            "image set",
            lambda: {"recipe": self.form.state()},
            lambda state: self._recall(state.get("recipe", {})),
            [self.form.changed],
        )
        self._changed()

    def _timer(self) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(_SETTLE_MS)
        timer.timeout.connect(self._count)
        return timer

    def _build(self) -> None:
        self.add(self._file_row())
        self.kept = _text("kept")
        self.kept.hide()
        self.add(self.kept)
        for section in self.form.sections:
            contents: list[Any] = list(section.parts)
            if section.name == "source":
                contents.insert(0, self.library)
            if section.name == "output":
                self.run_settings = Form(RunSettings)
                contents.append(self.run_settings)
            self.add_section(section.title, *contents, opened=section.opened)
        self.tool_layout = LayoutForTool(self)
        tools = (self.tool_layout.form, self.tool_layout.button)
        self.add_section("For a training tool", *tools, opened=False)
        self.sheet = ContactSheet(self)
        self.outlines = QCheckBox("Outline the masks", self)
        self.outlines.setObjectName("outlines")
        self.outlines.setToolTip("Draw a line around what objects cover, the ground truth 'mask'")
        self.outlines.setChecked(True)
        self.sheet_section = self.add_section(
            "Contact sheet", self.outlines, self.sheet, opened=False
        )
        self.plan = _text("plan")
        layout = self.layout()
        assert isinstance(layout, QVBoxLayout)
        layout.insertWidget(layout.indexOf(self._scroll) + 1, self.plan)
        self.open_button = button(
            "open_set",
            "Open the set in napari",
            "Show its first images, a stack for each microscope, with their ground truth",
            self._open_set,
        )
        self.open_button.hide()
        layout.insertWidget(layout.indexOf(self.plan) + 1, self.open_button)
        self.preview_button = self.add_button(
            "preview", "Preview", "Make 16 samples, evenly over shapes, views and microscopes"
        )
        self.make_button = self.add_button(
            "make",
            "Make the set…",
            "Choose a folder and make all images, in other processes",
        )
        self.cancel_button = self.add_button("cancel", "Cancel", "Stop; what is finished is kept")
        self.cancel_button.setEnabled(False)
        offer = self.first_steps.offer
        tip = "Wavy tubes, rings and networks that are drawn: no library is needed"
        offer("begin_tubes", "Begin with tubes", tip, lambda: self.library.set_path(TUBES))
        tip = "Shapes of the 3DMSL release"
        download = partial(open_named, self.viewer, "Download shapes")
        offer("go_download", "Download shapes", tip, download)

    def _file_row(self) -> QWidget:
        row = QWidget(self)
        line = QHBoxLayout(row)
        line.setContentsMargins(4, 2, 4, 2)
        label = FieldLabel("Recipe", row)
        self.name = QLineEdit("image set", row)
        self.name.setObjectName("name")
        self.name.setToolTip(described(Recipe)["name"].help)
        self.name.setMinimumWidth(100)
        label.setBuddy(self.name)
        line.addWidget(label)
        line.addWidget(self.name, 1)
        for name, text, tip, work in (
            ("open_recipe", "Open…", "Show a recipe's file (TOML or JSON)", self._ask_what_to_open),
            ("save_recipe", "Save…", "Keep this recipe, for napari-3dmsl dataset too", self._save),
        ):
            line.addWidget(button(name, text, tip, work))
        return row

    def _connect(self) -> None:
        self.form.changed.connect(self._changed)
        self.library.changed.connect(self._changed)
        self.name.textChanged.connect(self._changed)
        self.run_settings.changed.connect(self._tell_plan)
        self.library.said.connect(self.say)
        self.library.failed.connect(self.complain)
        self.outlines.toggled.connect(self.sheet.outline)
        self.sheet.pointed.connect(self.say)
        self.preview_button.clicked.connect(self._preview)
        self.make_button.clicked.connect(self._ask_where)
        self.cancel_button.clicked.connect(self._cancel)
        self._planner.finished.connect(self._show_plan)
        self._planner.failed.connect(self._no_plan)
        self._sampled.connect(self._show_sample)
        self._samples.progressed.connect(self._show_sampling)
        self._samples.finished.connect(self._show_samples)
        self._run.progressed.connect(self._show_progress)
        self._run.finished.connect(self._show_outcome)
        self.tool_layout.began.connect(self._begin_layout)
        self.tool_layout.progressed.connect(self._show_layout)
        self.tool_layout.ended.connect(self._end)
        self.tool_layout.failed.connect(self._failed)
        self.at_end(self.tool_layout.close)
        self._samples.cancelled.connect(lambda: self._end("Preview cancelled."))
        self._run.cancelled.connect(self._stopped)
        for job in (self._samples, self._run):
            job.failed.connect(self._failed)
            self.at_end(job.close)
        self.at_end(self._planner.close)
        self.at_end(self.library.stop_saving)
        self.at_end(self._settle.stop)

    def values(self) -> dict[str, Any]:
        """Return the recipe as shown, unchecked; ValueError where a field holds no number."""
        values = self.form.values()
        values["name"] = self.name.text().strip()
        values.setdefault("source", {})["library"] = self.library.path
        return values

    def recipe(self) -> Recipe:
        """Return the recipe as shown; ValueError when a setting is wrong, or no library chosen."""
        values = self.values()
        if not self.library.path:
            raise ValueError("Choose a shape library first.")
        return Recipe(**values)

    def open_recipe(self, path: Path) -> None:
        """Show a recipe's file; one that is wrong is told and changes nothing.

        Parameters
        ----------
        path
            ``.toml`` or ``.json``.
        """
        try:
            values = read_recipe(path)
        except (ValueError, OSError) as error:
            self.complain(str(error))
            return
        self.show_recipe(values)
        self.say(f"Opened {path}")

    def show_recipe(self, values: dict[str, Any]) -> None:
        """Show a recipe; where it names no library, the chosen one stays.

        Parameters
        ----------
        values
            As a recipe's file has them.
        """
        self.form.take(values)
        self.name.setText(values.get("name", "image set"))
        if "library" in values.get("source", {}):
            self.library.set_path(values.get("source", {}).get("library", TUBES))
        self._show_kept()

    def _recall(self, state: dict[str, Any]) -> None:
        self.form.recall(state)
        self._show_kept()

    def _show_kept(self) -> None:
        """Name what the recipe's file says that no field shows."""
        kept = self.form.kept
        self.kept.setText(f"Kept as the file has it: {', '.join(kept)}")
        self.kept.setVisible(bool(kept))

    def _ask_what_to_open(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Open a recipe", "", RECIPES)
        if path:
            self.open_recipe(Path(path))

    def _save(self) -> None:
        ask_for_path(self, "Save the recipe", "recipe.toml", RECIPES, self._write_recipe)

    def _write_recipe(self, path: Path) -> None:
        try:
            self.recipe()
            write_recipe(self.values(), path)
        except (ValueError, OSError) as error:
            self.complain(f"Not saved: {error}")
            return
        self.say(f"Saved {path}")

    def _changed(self) -> None:
        self._settle.start()

    def _count(self) -> None:
        """Check the recipe and ask how many images it means."""
        self.first_steps.tell("" if self.library.path else _FIRST)
        if not self.library.path:
            self._no_plan("")
            self.plan.setText("Choose a shape library, or save the open shapes as one.")
            return
        try:
            recipe = self.recipe()
        except ValueError as error:
            self._no_plan(str(error))
            return
        if self._planned is None:
            self.plan.setText("Counting the shapes…")
        self._planner.request(Wanted(recipe, self.library.open_library))

    def _no_plan(self, why: str) -> None:
        self._planned = None
        self.plan.setText("")
        self._renew_buttons()
        if why and not self._works:
            self.complain(why)

    def _show_plan(self, _: Wanted, found: Planned) -> None:
        if self._planned is None and not self._works and self._complains:
            self.say("")  # what was wrong is right now
        self._planned = found
        self._tell_plan()
        self._renew_buttons()

    def _tell_plan(self) -> None:
        if self._planned is not None:
            workers = self.run_settings.values()["workers"]
            self.plan.setText(planned(self._planned, self._seen, workers))

    @property
    def _works(self) -> bool:
        return self.cancel_button.isEnabled()

    def _begin_layout(self) -> None:
        self._set_working(True)
        self.say("Laying out…")

    def _show_layout(self, done: int, total: int, what: str) -> None:
        self.progress.setRange(0, total)
        self.progress.setValue(done)
        self.say(f"{done:,} of {total:,} {what}")

    def _renew_buttons(self) -> None:
        ready = self._planned is not None and not self._works
        self.preview_button.setEnabled(ready)
        self.make_button.setEnabled(ready)
        self.tool_layout.button.setEnabled(not self._works)

    def _set_working(self, working: bool) -> None:
        self.cancel_button.setEnabled(working)
        self.progress.setVisible(working)
        self.progress.setRange(0, 0)
        self._renew_buttons()

    def _wanted(self) -> Wanted | None:
        """Return what is asked for now; None, and what is wrong told, when it is not possible."""
        try:
            return Wanted(self.recipe(), self.library.open_library)
        except ValueError as error:
            self.complain(str(error))
            return None

    def _preview(self) -> None:
        wanted = self._wanted()
        if wanted is None:
            return
        self._set_working(True)
        self.say("Making samples…")
        self.sheet.empty()
        self.sheet_section.expand(animate=False)
        self._samples.start(make_samples, wanted, self._sampled.emit)

    def _show_sampling(self, done: int, total: int, what: str) -> None:
        self.progress.setRange(0, total)
        self.progress.setValue(done)
        self.say(f"{done} of {total} samples")

    def _show_sample(self, sample: Previewed) -> None:
        self.sheet.add(sample)
        if self.sheet.count() == 1:
            self._scroll.ensureWidgetVisible(self.sheet, 0, 0)

    def _show_samples(self, samples: Samples) -> None:
        self._seen = samples
        self._tell_plan()
        self._end(f"{len(samples.previewed)} samples, of every microscope and view in turn.")

    def _ask_where(self) -> None:
        wanted = self._wanted()
        title = "A new or empty folder, or that of an unfinished run of this recipe"
        folder = wanted and QFileDialog.getExistingDirectory(self, title, self._folder)
        if not folder:
            return
        self._folder = self.tool_layout.image_set = folder
        motion = wanted.recipe.motion if wanted is not None else None
        self._frames = 0 if motion is None else motion.frames
        self._pace, self._finished = Pace(), (0, 0)
        self.open_button.hide()
        self._set_working(True)
        self.say("Starting…")
        workers = self.run_settings.values()["workers"]
        self._run.start(make_set, wanted, Path(folder), workers)

    def _show_progress(self, done: int, total: int, what: str) -> None:
        self.progress.setRange(0, total)
        self.progress.setValue(done)
        if counts_images(what):
            self._finished = done, total
        text = self._pace.tell(done, total, what)
        self.say(text.replace(" images", " films", 1) if self._frames else text)

    def _cancel(self) -> None:
        self._samples.cancel()
        self._run.cancel()
        if self.tool_layout.is_running:
            self.tool_layout.cancel()
            self.say("Stopping…")
            return
        self.say("Stopping after the images that are being made…")

    def _stopped(self) -> None:
        done, total = self._finished
        things = "films" if self._frames else "images"
        counted = f": {done:,} of {total:,} {things} or a few more" if total else ""
        self._end(
            f"Cancelled. What is finished is kept in {self._folder}{counted}. "
            "To go on, make the set into the same folder again."
        )

    def _show_outcome(self, outcome: Outcome) -> None:
        self._end(result(outcome, self._frames))
        self.open_button.setVisible(outcome.images > 0)
        if outcome.failed:
            self.complain(self.status.text())

    def _open_set(self) -> None:
        """Show the set alone and flat: in 3D its samples would be a volume, its frames a depth."""
        before = list(self.viewer.layers)
        try:
            opened = self.viewer.open(self._folder, plugin="napari-3dmsl")
        except (ValueError, OSError) as error:
            self.complain(str(error))
            return
        for layer in before:
            layer.visible = False
        look_at(self.viewer, opened[0])
        samples = self.viewer.dims.ndim - opened[0].ndim
        last = opened[0].data.shape[0] - 1.0
        self.viewer.dims.set_range(samples, (0.0, last, 1.0))  # else in the steps of hidden layers
        self.viewer.dims.set_current_step(samples, 0)
        if about(opened[0]).get("frames"):
            self._player.play(opened[0], list(opened[0].axis_labels).index("t"))
        self.say(shown_of(map(about, opened)))

    def _end(self, text: str) -> None:
        self._set_working(False)
        self.say(text)

    def _failed(self, why: str) -> None:
        self._set_working(False)
        self.complain(why)


def _text(name: str) -> QLabel:
    label = QLabel()
    label.setObjectName(name)
    label.setWordWrap(True)
    label.setContentsMargins(6, 0, 6, 0)
    return label
