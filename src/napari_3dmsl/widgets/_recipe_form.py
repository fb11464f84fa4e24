"""The settings of the *Image set* panel: what the fields show is what the recipe's file says."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from qtpy.QtCore import QObject, QSignalBlocker, Signal

from napari_3dmsl.datasets.motion import Motion
from napari_3dmsl.datasets.recipe import Recipe
from napari_3dmsl.datasets.recipe_file import settings_in
from napari_3dmsl.widgets import _recipe_rows as rows
from napari_3dmsl.widgets._recipe_fields import RecipeSection

Path = tuple[str, ...]


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
    switch : str
        Name of the field that says whether there is such a table at all; empty: always.
    """

    title: str
    table: Path
    form: RecipeSection
    opened: bool = True
    switch: str = ""


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
            Section("Time-lapse", ("motion",), RecipeSection(rows.MOTION), False, "motion"),
            Section("Files", ("output",), RecipeSection(rows.OUTPUT)),
        ]
        self._defaults = _defaults()
        self._given: dict[str, Any] = {}
        self._as_given: dict[Path, Any] = {}
        self._fill(self._defaults)
        for section in self.sections:
            section.form.changed.connect(self._changed)
        self._grey_out()

    def values(self) -> dict[str, Any]:
        """Return the recipe as shown but for its library, unchecked; ValueError for no number."""
        found = deepcopy(self._given)
        for section in self.sections:
            if section.switch and not section.form.values()[section.switch]:
                found.pop(section.table[0], None)
                continue
            for path, reading in _readings(section).items():
                if path not in self._as_given or reading != self._as_given[path]:
                    _put(found, path, reading)
            if section.switch:
                found.setdefault(section.table[0], {})
        return found

    def take(self, values: Mapping[str, Any]) -> None:
        """Show a recipe as a file has it."""
        self._given = {}
        self._as_given = {}
        with QSignalBlocker(self):
            self._fill(_merged(self._defaults, values))
        self._given = deepcopy(dict(values))
        for section in self.sections:
            self._as_given.update(_readings(section))
        self._changed()

    @property
    def kept(self) -> list[str]:
        """Settings of the file that no field shows, such as ``views.rotations_deg``."""
        shown = {path for section in self.sections for path in _paths(section)}
        shown |= {("source", "library"), ("name",)}
        given = (path for path in settings_in(self._given) if path not in shown)
        return [".".join(path) for path in given]

    def _fill(self, values: Mapping[str, Any]) -> None:
        for section in self.sections:
            shown = {path[-1]: _get(values, path) for path in _paths(section)}
            for name in rows.NONE_AT_LOWEST.intersection(shown):
                shown[name] = shown[name] or 0
            if section.switch:
                shown[section.switch] = values.get(section.table[0]) is not None
                standard = Motion().model_dump(mode="json")
                shown |= {
                    name: standard[name] or 0
                    for name, value in shown.items()
                    if value is None and name in standard
                }
            section.form.set_values(shown)

    def _changed(self) -> None:
        self._grey_out()
        self.changed.emit()

    def _grey_out(self) -> None:
        """Grey out what has no effect with the present choices."""
        shown: dict[str, Any] = {}
        for section in self.sections:
            for name in ("planes", "target", "noise", "layout", "format", "motion"):
                if name in section.form.names:
                    shown[name] = section.form.value_of(name)
        motion = next(section.form for section in self.sections if section.switch)
        useless = {
            "step_nm": shown["planes"] == 1,
            "z_axis": shown["planes"] == 1,
            "density_per_um2": shown["target"] != "surface",
            "density_per_um3": shown["target"] != "volume",
            "snr": shown["noise"] != "camera",
            "zips": (shown["layout"], shown["format"]) != ("3dmsl", "ome-tiff"),
            **{name: not shown["motion"] for name in motion.names if name != "motion"},
        }
        for section in self.sections:
            section.form.show_only(without=[name for name, idle in useless.items() if idle])


def _defaults() -> dict[str, Any]:
    """Return a recipe with the defaults of every setting, as a file would say it."""
    found = Recipe(source={"library": "."}, microscopes=("con1",)).model_dump(mode="json")
    return {**found, "microscopes": ["con1"]}


def _paths(section: Section) -> list[Path]:
    """Name the settings that a section shows."""
    names = [name for name in section.form.names if name != section.switch]
    return [(*_table_of(section, name), name) for name in names]


def _table_of(section: Section, name: str) -> Path:
    return () if name in rows.AT_THE_TOP else section.table


def _readings(section: Section) -> dict[Path, Any]:
    values = section.form.values()
    found = {path: values[path[-1]] for path in _paths(section)}
    for path, reading in found.items():
        nothing = not reading and path[-1] in rows.NONE_AT_LOWEST
        nothing = nothing or (path[-1] == "classes" and not reading)
        found[path] = None if nothing else reading
    return found


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
