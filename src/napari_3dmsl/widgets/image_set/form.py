"""The settings of the *Image set* panel: what the fields show is what the recipe's file says."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from qtpy.QtCore import QObject, QSignalBlocker, Signal

from napari_3dmsl.datasets.recipe.recipe import Recipe
from napari_3dmsl.datasets.recipe.recipe_file import settings_in
from napari_3dmsl.scenes.settings import SceneSettings
from napari_3dmsl.settings import Settings
from napari_3dmsl.timelapse.motion import Motion
from napari_3dmsl.widgets.common.range_fields import RecipeSection
from napari_3dmsl.widgets.image_set import rows as rows
from napari_3dmsl.widgets.image_set import scene_rows as scene_rows

Path = tuple[str, ...]

_DECIDING = ("planes", "target", "noise", "layout", "format", "kind", "volume_share")
"""Fields that decide whether others have an effect."""

_SUGGESTED = {"scene": {"kind": "packed"}}
"""What people want who switch a table on; the default of a scene is what there is without one."""


@dataclass(frozen=True)
class Section:
    """Fields of one part of a recipe.

    Attributes
    ----------
    title : str
    table : tuple of str
        Names that lead to the table of the recipe that holds the settings; empty for the top.
    form : RecipeSection
    opened : bool
    standard : Settings or None
        The table's defaults where it may be left out; a field with its name says whether it is.
    """

    title: str
    table: Path
    form: RecipeSection
    opened: bool = True
    standard: Settings | None = None

    @property
    def switch(self) -> str:
        """Name of the field that says whether there is such a table; empty: there always is."""
        return self.table[0] if self.standard is not None else ""

    @property
    def is_on(self) -> bool:
        """Whether there is such a table."""
        return not self.switch or bool(self.form.value_of(self.switch))

    @property
    def paths(self) -> list[Path]:
        """Names that lead to each setting that is shown."""
        names = [name for name in self.form.names if name != self.switch]
        return [(*(() if name in rows.AT_THE_TOP else self.table), name) for name in names]

    def readings(self) -> dict[Path, Any]:
        """Return what each field holds; None for a setting that is not given."""
        values = self.form.values()
        found = {path: values[path[-1]] for path in self.paths}
        for path in found:
            if path[-1] in (*rows.NONE_AT_LOWEST, "classes") and not found[path]:
                found[path] = None
        return found


class RecipeForm(QObject):
    """Sections of fields for a recipe.

    What is read from a file and not changed in a field stays as it was in the file, to the last
    digit, and so do settings without a field.

    Signals
    -------
    changed()
        Some setting is another one.
    """

    changed = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.sections = [
            Section("Shapes", ("source",), RecipeSection(rows.SHAPES)),
            Section("Training, validation, test", ("split",), RecipeSection(rows.SPLIT)),
            Section("Views", ("views",), RecipeSection(rows.VIEWS)),
            Section("Microscopes", (), RecipeSection(rows.MICROSCOPES)),
            Section("Focus and z-stack", ("focus",), RecipeSection(rows.FOCUS), False),
            Section("Labelling", ("labelling",), RecipeSection(rows.LABELLING), False),
            Section("Noise", (), RecipeSection(rows.NOISE)),
            Section("Ground truth", (), RecipeSection(rows.TRUTHS)),
            Section("Scenes", ("scene",), RecipeSection(scene_rows.SCENE), False, SceneSettings()),
            Section("Time-lapse", ("motion",), RecipeSection(scene_rows.MOTION), False, Motion()),
            Section("Files", ("output",), RecipeSection(rows.OUTPUT)),
        ]
        self._defaults = _defaults()
        self._given: dict[str, Any] = {}
        self._as_given: dict[Path, Any] = {}
        self._fill(self._defaults)
        self._fresh = self.values()
        self._last = self.state()
        for section in self.sections:
            section.form.tell_defaults()
            section.form.changed.connect(self._changed)
        self._grey_out()

    def values(self) -> dict[str, Any]:
        """Return the recipe as shown but for its library, unchecked; ValueError for no number."""
        found = deepcopy(self._given)
        for section in self.sections:
            if not section.is_on:
                for path in (section.table, *section.paths):
                    if path[0] in found:
                        _put(found, path, None)
                continue
            for path, reading in section.readings().items():
                if path not in self._as_given or reading != self._as_given[path]:
                    _put(found, path, reading)
            if section.switch:
                found.setdefault(section.table[0], {})
        if not self._has_views:
            found.pop("views", None)
        return found

    @property
    def _has_views(self) -> bool:
        """Whether views can be chosen: packed scenes are turned at random already."""
        scene = self._section("scene")
        return not scene.is_on or scene.form.value_of("kind") == "region"

    def _section(self, table: str) -> Section:
        return next(section for section in self.sections if section.table == (table,))

    def take(self, values: Mapping[str, Any]) -> None:
        """Show a recipe as a file has it."""
        self._given = {}
        self._as_given = {}
        with QSignalBlocker(self):
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
        if not self._has_views:  # nobody has changed them
            values["views"] = self._fresh["views"]
        self._last = {name: values.get(name) for name in Recipe.model_fields if name != "name"}
        return self._last

    def recall(self, state: Mapping[str, Any]) -> None:
        """Show what was remembered, unless a recipe can no longer be that."""
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
        """Settings of the file that no field shows, such as ``views.rotations_deg``."""
        shown = {path for section in self.sections for path in section.paths}
        shown |= {("source", "library"), ("name",)}
        given = (path for path in settings_in(self._given) if path not in shown)
        return [".".join(path) for path in given]

    def _fill(self, values: Mapping[str, Any]) -> None:
        for section in self.sections:
            shown = {path[-1]: _get(values, path) for path in section.paths}
            if section.standard is not None:
                shown[section.switch] = values.get(section.switch) is not None
                standard = section.standard.model_dump(mode="json")
                for name in standard.keys() & shown.keys():
                    if shown[name] is None:
                        shown[name] = standard[name]
                if not shown[section.switch]:
                    shown |= _SUGGESTED.get(section.switch, {})
            for name in rows.NONE_AT_LOWEST.intersection(shown):
                shown[name] = shown[name] or 0
            section.form.set_values(shown)

    def _changed(self) -> None:
        self._grey_out()
        self.changed.emit()

    def _grey_out(self) -> None:
        """Grey out what has no effect with the present choices."""
        shown: dict[str, Any] = {}
        for section in self.sections:
            for name in _DECIDING:
                if name in section.form.names:
                    shown[name] = section.form.value_of(name)
        packed = shown["kind"] == "packed"
        useless = {
            "six": not self._has_views,
            "random": not self._has_views,
            "step_nm": shown["planes"] == 1,
            "z_axis": shown["planes"] == 1,
            "density_per_um2": shown["target"] != "surface",
            "density_per_um3": shown["target"] != "volume",
            "snr": shown["noise"] != "camera",
            "zips": (shown["layout"], shown["format"]) != ("3dmsl", "ome-tiff"),
            "objects": not packed or shown["volume_share"] > 0,
            "volume_share": not packed,
            "gap_um": not packed,
        }
        for section in self.sections:
            without = [name for name, idle in useless.items() if idle]
            if not section.is_on:
                without += [name for name in section.form.names if name != section.switch]
            section.form.show_only(without=without)


def _defaults() -> dict[str, Any]:
    """Return a recipe with the defaults of every setting, as a file would say it."""
    found = Recipe(source={"library": "."}, microscopes=("con1",)).model_dump(mode="json")
    return {**found, "microscopes": ["con1"]}


def _get(values: Mapping[str, Any], path: Path) -> Any:
    found: Any = values
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return [] if found is None and path[-1] == "classes" else found


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
