"""What a panel asks, allows and says of a setting stands on its settings class, nowhere else."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from npe2 import PluginManifest
from pydantic_core import PydanticUndefined
from qtpy.QtWidgets import QAbstractSlider, QAbstractSpinBox, QLabel, QLineEdit, QScrollBar, QWidget

import napari_3dmsl
from napari_3dmsl.datasets.recipe.recipe import Recipe, Source
from napari_3dmsl.described import Described, described
from napari_3dmsl.widgets.common.form import Form, forms_in
from napari_3dmsl.widgets.common.number_field import NumberBox
from napari_3dmsl.widgets.common.range_fields import TwoNumbersField
from napari_3dmsl.widgets.extract.settings import SourceSettings

MANIFEST = PluginManifest.from_distribution("napari-3dmsl")
PANELS = [widget.display_name for widget in MANIFEST.contributions.widgets]
WITHOUT_SETTINGS = {"Shape browser", "Download shapes"}
WIDGETS = Path(napari_3dmsl.__file__).parent / "widgets"


def rows_of(form: Form) -> Iterator[tuple[Any, Described]]:
    """Each row of a form with its setting; one of three numbers has a row for each axis."""
    settings = described(form.settings_class)
    for name in form.names:
        several = settings[name].entries == 3
        for row in [f"{name}_{axis}" for axis in "zyx"] if several else [name]:
            yield form.field(row), settings[name]


def allows(box: NumberBox, setting: Described) -> bool:
    """Whether a box takes the numbers of the setting, and below them one for none at most."""
    low, high = setting.range.low, setting.range.high
    may_be_empty = setting.optional or setting.default is PydanticUndefined
    least = low is None or box.minimum() == pytest.approx(low) or may_be_empty
    most = box.maximum() >= 1e15 if high is None else box.maximum() == pytest.approx(high)
    return least and most


@pytest.mark.parametrize("name", PANELS)
def test_tips_units_and_ranges_are_those_of_the_settings_classes(
    viewer: Any, open_panel: Any, name: str
) -> None:
    panel = open_panel(viewer, name).panel
    forms = forms_in(panel)
    assert (forms == []) == (name in WITHOUT_SETTINGS)
    for form in forms:
        for row, setting in rows_of(form):
            assert row.label.startswith(setting.show.label), row.name
            assert row.tooltip.startswith(setting.help), row.name
            more = row.tooltip.removeprefix(setting.help).strip()
            assert more == "" or more.startswith(("Default: ", "No effect now: ", "Alt+")), row.name
            boxes = row.native.findChildren(NumberBox)
            assert all(allows(box, setting) for box in boxes), row.name
            if boxes:  # of a size the second one shows the unit
                assert boxes[-1].suffix().strip() == setting.show.unit, row.name
            if isinstance(row.native, TwoNumbersField):
                unit = row.native.findChildren(QLabel)[-1]
                assert unit.text() == setting.show.unit, row.name
    inside = [part for form in forms for part in form.native.findChildren(QWidget)]
    for kind in (QAbstractSpinBox, QAbstractSlider):
        for field in panel.findChildren(kind):
            assert field in inside or isinstance(field, QScrollBar), field.objectName()


def test_fields_outside_of_forms_say_what_the_class_says(viewer: Any, open_panel: Any) -> None:
    extract = open_panel(viewer, "Extract shapes").panel
    background = extract.findChild(QLineEdit, "background")
    assert background.toolTip() == described(SourceSettings)["background"].help
    sets = open_panel(viewer, "Image set").panel
    assert sets.findChild(QLineEdit, "name").toolTip() == described(Recipe)["name"].help
    in_words = described(Source)["library"].help.replace("`tubes`", "“tubes”")
    assert sets.findChild(QLineEdit, "library").toolTip() == in_words


RANGE_SETTERS = {
    "setRange",
    "setMinimum",
    "setMaximum",
    "setDecimals",
    "setSingleStep",
    "setSuffix",
    "setSpecialValueText",
}
RANGE_WORDS = {"low", "high", "minimum", "maximum", "decimals", "step", "unit", "suffix", "slider"}


def typed_by_hand(source: str) -> list[str]:
    """Calls outside of settings classes that type a range or a unit of a field."""
    found = []

    def look(node: ast.AST) -> None:
        if isinstance(node, ast.ClassDef) and any(
            isinstance(base, ast.Name) and base.id == "Settings" for base in node.bases
        ):
            return
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            typed = [value for value in node.args if isinstance(value, ast.Constant)]
            progress = "progress" in ast.unparse(node.func)
            if name in RANGE_SETTERS and any(value.value for value in typed) and not progress:
                found.append(ast.unparse(node))
            found.extend(
                ast.unparse(node)
                for word in node.keywords
                if word.arg in RANGE_WORDS and isinstance(word.value, ast.Constant)
            )
            if name in {"Number", "Show", "Field"}:
                found.append(ast.unparse(node))
        for inner in ast.iter_child_nodes(node):
            look(inner)

    look(ast.parse(source))
    return found


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("box.setRange(0, 10)", 1),
        ("Number('planes', 'Planes', 1, 2000)", 1),
        ("Row('neck', unit='nm')", 1),
        ("class Run(Settings):\n    x: Annotated[int, Field(ge=1), Show('X', unit='nm')] = 1", 0),
        ("self.progress.setRange(0, total)\nbox.setRange(*ends)", 0),
    ],
)
def test_the_search_finds_what_is_typed(source: str, count: int) -> None:
    assert len(typed_by_hand(source)) == count


def test_no_range_or_unit_is_typed_outside_of_the_settings_classes() -> None:
    files = sorted(WIDGETS.rglob("*.py"))
    assert len(files) > 40
    found = {
        str(file.relative_to(WIDGETS)): calls
        for file in files
        if (calls := typed_by_hand(file.read_text(encoding="utf-8")))
    }
    assert found == {}
