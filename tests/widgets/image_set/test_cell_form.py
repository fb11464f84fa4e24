"""The fields of scenes like a cell in the Image set panel."""

from qtpy.QtCore import QObject

from napari_3dmsl.datasets.recipe.recipe import Recipe
from napari_3dmsl.widgets.image_set.form import RecipeForm

GIVEN = {
    "source": {"library": "tubes"},
    "microscopes": ["epi1"],
    "scene": {"kind": "cell", "cell": {"coverage": [0.2, 0.9], "haze": 0.7}},
}


def test_a_cell_of_a_file_is_shown_and_written_again(qtbot):
    owner = QObject()  # lives as long as the form
    form = RecipeForm(owner)
    form.take(GIVEN)
    (section,) = (each for each in form.sections if each.name == "scene")
    cell = next(part for part in section.parts if part.table == ("scene", "cell"))
    assert tuple(cell.values()["coverage"]) == (0.2, 0.9)
    assert cell.values()["haze"] == 0.7
    assert cell.values()["tilt_deg"] == 8.0
    written = Recipe(**form.values() | {"source": {"library": "tubes"}})
    assert written.scene == Recipe(**GIVEN).scene
    assert form.kept == []


def test_cell_fields_have_no_effect_on_other_scenes(qtbot):
    owner = QObject()  # lives as long as the form
    form = RecipeForm(owner)
    form.take({**GIVEN, "scene": {"kind": "packed"}})
    assert "cell" not in form.values()["scene"]
    form.take(GIVEN)
    assert tuple(form.values()["scene"]["cell"]["coverage"]) == (0.2, 0.9)
