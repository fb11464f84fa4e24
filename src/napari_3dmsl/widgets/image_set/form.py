"""The settings of the *Image set* panel: what the fields show is what the recipe's file says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from typing import Any

from qtpy.QtCore import QObject, Signal

from napari_3dmsl.datasets.recipe.recipe import Focus, Output, Recipe, Source, Split
from napari_3dmsl.datasets.recipe.recipe import Views as ViewSettings
from napari_3dmsl.datasets.recipe.recipe_file import settings_in
from napari_3dmsl.described import described
from napari_3dmsl.ground_truth.registry import TRUTHS
from napari_3dmsl.microscope.fluorophores import Labelling
from napari_3dmsl.microscope.presets import microscope_names
from napari_3dmsl.scenes.cell_settings import CellScene
from napari_3dmsl.scenes.settings import SceneSettings
from napari_3dmsl.settings import Settings
from napari_3dmsl.timelapse.motion import Motion
from napari_3dmsl.widgets.common.words import label_of
from napari_3dmsl.widgets.image_set.recipe_part import Path, RecipePart

_OPTIONAL: dict[str, Settings] = {"scene": SceneSettings(), "motion": Motion()}
"""Tables that may be left out, with the defaults that their fields begin with."""

_SUGGESTED = {"scene": {"kind": "packed"}}
"""What people want who switch a table on; the default of a scene is what there is without one."""

_CELL_TABLE = ("scene", "cell")
_SCENE = ("kind", "objects", "volume_share", "gap_um", "height_um", "border")
_CELL = (
    "coverage",
    "density_per_um2",
    "density_spread",
    "outline_um",
    "thickness_um",
    "tilt_deg",
    "layer_um",
    "haze",
    "glow_photons",
    "brightness_spread",
    "peak_photons",
)
_MOTION = (
    "frames",
    "interval_s",
    "diffusion_um2_per_s",
    "rotation_deg2_per_s",
    "speed_um_per_s",
    "bending_um",
    "fission_per_min",
    "fusion_per_min",
    "bleach_time_s",
    "focus_drift_um_per_s",
)
_LABELLING = (
    "target",
    "density_per_um2",
    "density_per_um3",
    "efficiency",
    "photons_per_fluorophore",
    "continuous",
)


@dataclass(frozen=True)
class Section:
    """Fields that people look for in one place.

    Attributes
    ----------
    name : str
        The setting of the recipe that gives it its title.
    parts : list of RecipePart
        Some of the recipe's top among them.
    opened : bool
    """

    name: str
    parts: list[RecipePart]
    opened: bool = True

    @property
    def title(self) -> str:
        """What is written above it."""
        return described(Recipe)[self.name].show.label

    @property
    def switch(self) -> RecipePart | None:
        """What says whether there is such a table; None: there always is."""
        return self.parts[0] if self.name in _OPTIONAL else None

    @property
    def is_on(self) -> bool:
        """Whether there is such a table."""
        return self.switch is None or bool(self.switch.values()[self.name])

    @property
    def settings(self) -> list[RecipePart]:
        """The parts without the switch."""
        return self.parts[1:] if self.switch else self.parts

    @property
    def paths(self) -> list[Path]:
        """Names that lead to each setting that is shown."""
        return [path for part in self.settings for path in part.paths]

    def readings(self) -> dict[Path, Any]:
        """Return what each field holds; None for a setting that is not given."""
        found: dict[Path, Any] = {}
        for part in self.settings:
            found |= part.readings()
        return found


def _sections() -> list[Section]:
    """Return which settings stand where."""
    top = partial(RecipePart, (), Recipe)
    limits = ["length_um", "volume_um3", "area_um2"]
    source = RecipePart(("source",), Source, ["classes", *limits, "whole_only", "most"])
    seen_through = {"microscopes": microscope_names()}
    texts = {name: truth.text for name, truth in TRUTHS.items()}
    labelling = RecipePart(("labelling",), Labelling, _LABELLING, ranges=True)
    focus = ["focus_um", "depth_um", "planes", "step_nm", "z_axis"]
    scene = RecipePart(("scene",), SceneSettings, _SCENE)
    cell = RecipePart(("scene", "cell"), CellScene, _CELL, ranges=True, prefix="cell_")
    motion = RecipePart(("motion",), Motion, _MOTION)
    output = ["layout", "format", "zips", "stretch", "stretch_percentiles"]
    output += ["stretch_black", "stretch_white"]
    views = RecipePart(("views",), ViewSettings, ["six", "random"])
    return [
        Section("source", [source]),
        Section("split", [RecipePart(("split",), Split, ["train", "val", "test"])]),
        Section("views", [views, top(["repeats"])]),
        Section("microscopes", [top(["microscopes", "image_size"], choices=seen_through)]),
        Section("focus", [RecipePart(("focus",), Focus, focus)], opened=False),
        Section("labelling", [labelling], opened=False),
        Section("noise", [top(["noise", "snr"])]),
        Section("ground_truth", [top(["ground_truth"], texts=texts)]),
        Section("scene", [top(["scene"]), scene, cell, top(["montage"])], opened=False),
        Section("motion", [top(["motion"]), motion], opened=False),
        Section(
            "output",
            [RecipePart(("output",), Output, output), top(["seed"])],
        ),
    ]


class RecipeForm(QObject):
    """Sections of fields for a recipe.

    What is read from a file and not changed in a field stays as it was in the file, to the last
    digit, and so do settings without a field.

    Parameters
    ----------
    parent
        Of the Qt object.

    Signals
    -------
    changed()
        Some setting is another one.
    """

    changed = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.sections = _sections()
        self._defaults = _defaults()
        self._given: dict[str, Any] = {}
        self._as_given: dict[Path, Any] = {}
        self._fill(self._defaults)
        self._fresh = self.values()
        self._last = self.state()
        for part in self._parts():
            part.tell_defaults()
            part.changed.connect(self._changed)
        self._grey_out()

    def _parts(self) -> Iterator[RecipePart]:
        for section in self.sections:
            yield from section.parts

    def values(self) -> dict[str, Any]:
        """Return the recipe as shown but for its library, unchecked; ValueError for no number."""
        found = deepcopy(self._given)
        for section in self.sections:
            if not section.is_on:
                for path in ((section.name,), *section.paths):
                    if path[0] in found:
                        _put(found, path, None)
                continue
            for path, reading in section.readings().items():
                if path[:2] == _CELL_TABLE and not self._has_cell:
                    continue
                if path not in self._as_given or reading != self._as_given[path]:
                    _put(found, path, reading)
            if section.switch:
                found.setdefault(section.name, {})
        for name in self._as_shown().irrelevant():
            found.pop(name, None)
        return found

    @property
    def _has_cell(self) -> bool:
        """Whether scenes are like a cell."""
        scene = self._as_shown().scene
        return scene is not None and scene.kind == "cell"

    def _as_shown(self) -> Recipe:
        """Return the recipe unchecked, to ask what has an effect."""
        found: dict[str, Any] = {}
        for section in self.sections:
            for part in section.settings:
                if part.table == _CELL_TABLE:
                    continue
                shown = part.as_shown()
                top = {name: getattr(shown, name) for name in part.names if hasattr(shown, name)}
                found |= {part.table[0]: shown} if part.table else top
            if not section.is_on:
                found[section.name] = None
        return Recipe.model_construct(**found)

    def take(self, values: Mapping[str, Any]) -> None:
        """Show a recipe as a file has it.

        Parameters
        ----------
        values
            As from `read_recipe`.
        """
        self._given = {}
        self._as_given = {}
        self._fill(_merged(self._defaults, values))
        self._given = deepcopy(dict(values))
        for section in self.sections:
            if section.is_on:
                self._as_given.update(section.readings())
        self._changed()

    def state(self) -> dict[str, Any]:
        """Return what to remember: each part of the recipe, None for those that are not given."""
        try:
            values = self.values()
        except ValueError:  # somebody is typing
            return self._last
        values.get("source", {}).pop("library", None)
        for name in self._as_shown().irrelevant():  # nobody has changed it
            values[name] = self._fresh.get(name)
        self._last = {name: values.get(name) for name in Recipe.model_fields if name != "name"}
        return self._last

    def recall(self, state: Mapping[str, Any]) -> None:
        """Show what was remembered, unless a recipe can no longer be that.

        Parameters
        ----------
        state
            As it was remembered.
        """
        given = {name: part for name, part in state.items() if part is not None}
        values = _merged(self._fresh, given)
        source = values["source"]
        try:
            Recipe(**{**values, "source": {**source, "library": "."}})
        except (ValueError, TypeError):
            return
        self.take(values)

    @property
    def kept(self) -> list[str]:
        """Settings of the file that no field shows, in words, such as rotations."""
        shown = {path for section in self.sections for path in section.paths}
        shown |= {("source", "library"), ("name",)}
        given = (path for path in settings_in(self._given) if path not in shown)
        return [label_of(path[-1]) for path in given]

    def _fill(self, values: Mapping[str, Any]) -> None:
        for section in self.sections:
            shown = {path: _get(values, path) for path in section.paths}
            if section.switch:
                there = values.get(section.name) is not None
                section.switch.show_values({section.name: there})
                begin = _OPTIONAL[section.name].model_dump(mode="json")
                begin |= {} if there else _SUGGESTED.get(section.name, {})
                for path in shown:
                    if shown[path] is None and path[0] == section.name:
                        shown[path] = _get({section.name: begin}, path)
            for part in section.settings:
                part.show_values({path[-1]: shown[path] for path in part.paths})

    def _changed(self) -> None:
        self._grey_out()
        self.changed.emit()

    def _grey_out(self) -> None:
        """Grey out what has no effect with the present choices."""
        recipe = self._as_shown().irrelevant()
        for section in self.sections:
            for part in section.parts:
                idle = part.as_shown().irrelevant() if part.table else recipe
                if part.table and part.table[0] in recipe:
                    idle = dict.fromkeys(part.names, recipe[part.table[0]])
                if part.table == _CELL_TABLE and not self._has_cell:
                    idle = dict.fromkeys(part.names, "only a scene like a cell has one")
                if part is not section.switch and not section.is_on:
                    idle = dict.fromkeys(part.names, f"'{section.title}' is not ticked")
                part.show_only(without=idle)


def _defaults() -> dict[str, Any]:
    """Return a recipe with the defaults of every setting, as a file would say it."""
    found = Recipe(source={"library": "."}, microscopes=("con1",)).model_dump(mode="json")
    return {**found, "microscopes": ["con1"]}


def _get(values: Mapping[str, Any], path: Path) -> Any:
    found: Any = values
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _put(values: dict[str, Any], path: Path, setting: Any) -> None:
    """Set a setting; None takes it away, so that its default counts."""
    *tables, name = path
    for table in tables:
        values = values.setdefault(table, {})
    if setting is None:
        values.pop(name, None)
    else:
        values[name] = setting


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings in which those of a file lie over the defaults."""
    found = dict(below)
    for name, content in above.items():
        under = found.get(name)
        if isinstance(under, Mapping) and isinstance(content, Mapping):
            content = _merged(under, content)
        found[name] = content
    return found
