"""Settings come back in the next session; a damaged or outdated file breaks nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from napari_3dmsl.microscope.presets import load_microscope, user_folder
from napari_3dmsl.widgets.common.remembered import fitted


def kept() -> dict[str, Any]:
    return json.loads((user_folder() / "panels.json").read_text("utf-8"))


def write(content: Any) -> None:
    user_folder().mkdir(parents=True, exist_ok=True)
    text = content if isinstance(content, str) else json.dumps(content)
    (user_folder() / "panels.json").write_text(text, "utf-8")


def close(hands: Any) -> None:
    hands.close()


def test_a_microscope_that_was_changed_is_there_again(viewer: Any, open_panel: Any) -> None:
    hands = open_panel(viewer, "Microscope")
    hands.choose("microscope", "epi1")
    hands.choose("objective", "20x-air")
    hands.choose("camera", "emccd")
    hands.type("emission_nm", 650)
    hands.type("density_per_um2", 300)
    hands.type("offset_adu", 77)
    hands.click("auto_contrast")
    hands.type("focus_um", 2)
    hands.type("rotation_deg_x", 40)
    before = hands.panel.simulation()
    close(hands)
    again = open_panel(viewer, "Microscope")
    after = again.panel.simulation()
    assert after.microscope == before.microscope
    assert after.camera == before.camera
    assert after.labelling == before.labelling
    assert again.find("microscope").currentData() == "epi1"
    assert again.find("objective").currentText() == "20x-air"
    assert again.find("auto_contrast").isChecked()
    assert "emission" in again.find("changes").text()
    # What belongs to the shape at hand is not remembered: nobody wants a blurred image to begin.
    assert after.acquisition.focus_um == 0
    assert after.pose.rotation_deg == (0, 0, 0)


def test_a_microscope_from_a_file_is_remembered_with_what_no_field_shows(
    viewer: Any, open_panel: Any, tmp_path: Path
) -> None:
    path = tmp_path / "ours.json"
    wanted = load_microscope("epi1").replace(name="ours", coverslip_um=150, immersion_index=1.518)
    path.write_text(wanted.model_dump_json(), "utf-8")
    hands = open_panel(viewer, "Microscope")
    hands.panel.form.open_microscope(path)
    close(hands)
    assert open_panel(viewer, "Microscope").panel.simulation().microscope == wanted


def test_the_other_panels_remember_too_and_say_so(viewer: Any, open_panel: Any) -> None:
    hands = open_panel(viewer, "Extract shapes")
    hands.type("erosion_nm", 2)
    hands.choose("connectivity", "26 (corners)")
    hands.type("voxel_nm_z", 30)
    export = open_panel(viewer, "Export images")
    export.choose("layout", "one zip")
    browse = open_panel(viewer, "Shape browser")
    browse.click("pictures")
    browse.panel.table.show_columns(["area_um2"])
    for one in (hands, export, browse):
        close(one)
    assert kept()["extract"] == {"protocol": {"erosion_nm": 2.0, "connectivity": 26}}
    again = open_panel(viewer, "Extract shapes")
    assert again.find("erosion_nm").value() == 2
    assert again.find("connectivity").currentText() == "26 (corners)"
    assert again.find("voxel_nm_z").value() == 0  # a layer's own affair
    assert again.status == "As you left it last time: erosion radius, connectivity."
    assert open_panel(viewer, "Export images").find("layout").currentText() == "one zip"
    browse = open_panel(viewer, "Shape browser")
    assert not browse.find("pictures").isChecked()
    assert browse.panel.table.shown == ["index", "shape_class", "area_um2"]


def test_settings_are_written_soon_not_only_at_the_end(viewer: Any, open_panel: Any) -> None:
    hands = open_panel(viewer, "Extract shapes")
    hands.type("erosion_nm", 2)
    hands.wait(lambda: (user_folder() / "panels.json").exists())
    assert [path.name for path in user_folder().iterdir()] == ["panels.json"]


def test_defaults_bring_everything_back_and_can_be_undone(viewer: Any, open_panel: Any) -> None:
    hands = open_panel(viewer, "Microscope")
    usual = hands.panel.simulation()
    hands.choose("microscope", "epi1")
    hands.type("density_per_um2", 300)
    hands.click("photons")
    mine = hands.panel.simulation()
    hands.click("defaults")
    assert hands.panel.simulation() == usual
    assert not hands.find("photons").isChecked()
    assert hands.find("defaults").text() == "Undo"
    hands.click("defaults")
    assert hands.panel.simulation() == mine
    assert hands.find("photons").isChecked()
    assert hands.find("defaults").text() == "Defaults"
    hands.click("defaults")
    hands.type("density_per_um2", 200)  # goes on from the defaults: nothing to undo any more
    assert hands.find("defaults").text() == "Defaults"
    close(hands)
    assert kept()["microscope"] == {"labelling": {"density_per_um2": 200}}


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[1, 2]",
        "\u0000",
        "[" * 100_000,
        {"extract": 3, "microscope": []},
        {"extract": {"protocol": 5}, "microscope": {"instrument": 5, "show": "yes"}},
    ],
)
def test_a_damaged_file_is_as_good_as_none(viewer: Any, open_panel: Any, content: Any) -> None:
    write(content)
    for name in ("Extract shapes", "Microscope", "Export images", "Shape browser"):
        hands = open_panel(viewer, name)
        assert not hands.complains
        assert "last time" not in hands.status


def test_values_that_a_field_cannot_hold_are_left_out_one_by_one(
    viewer: Any, open_panel: Any
) -> None:
    write(
        {
            "extract": {
                "protocol": {
                    "erosion_nm": 2.5,
                    "connectivity": 7,
                    "regrow": ["watershed"],
                    "min_volume_um3": -1,
                    "fill_holes": "true",
                    "downsample_z": 5,
                    "downsample": 5,
                    "gone": 1,
                }
            },
            "microscope": {
                "instrument": {
                    "microscope": "no longer there",
                    "objective": 4,
                    "camera": "emccd",
                    "base": {"coverslip_um": 160, "magnification": -3, "new": 1, "modality": "x"},
                },
                "optics": {
                    "emission_nm": float("nan"),
                    "pixel_nm": 120,
                    "numerical_aperture": True,
                },
                "labelling": {"efficiency": 0.5, "target": None, "density_per_um2": 1e99},
                "show": {"photons": 1, "point": True},
            },
            "browse": {"table": {"pictures": None, "columns": ["loops", 3, {}]}},
            "export": {"library": {"layout": "tar", "samples": True}},
        }
    )
    extract = open_panel(viewer, "Extract shapes")
    assert extract.status == "As you left it last time: erosion radius."
    assert extract.find("downsample_z").text() == "suggested"
    hands = open_panel(viewer, "Microscope")
    found = hands.panel.simulation()
    usual = load_microscope("con1")
    expected = usual.replace(coverslip_um=160, pixel_nm=120, name="con1, changed")
    assert found.microscope == expected
    assert found.camera.name == "emccd"
    assert (found.labelling.efficiency, found.labelling.density_per_um2) == (0.5, 600)
    assert hands.find("point").isChecked()
    assert not hands.find("photons").isChecked()
    assert open_panel(viewer, "Shape browser").panel.table.shown == [
        "index",
        "shape_class",
        "loops",
    ]
    export = open_panel(viewer, "Export images")
    assert export.find("layout").currentText() == "a folder"
    assert export.find("samples").isChecked()


def test_without_a_place_to_write_to_the_panels_work(
    viewer: Any, open_panel: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("NAPARI_3DMSL_PRESETS", str(tmp_path / "file"))
    hands = open_panel(viewer, "Extract shapes")
    hands.type("erosion_nm", 2)
    close(hands)
    assert open_panel(viewer, "Extract shapes").find("erosion_nm").value() == 84


def test_settings_take_what_they_can_hold() -> None:
    usual = load_microscope("con1")
    assert fitted(usual, {"pixel_nm": 80, "unknown": 1}) == usual.replace(pixel_nm=80)
    # Two that only go together, and one that is wrong.
    together = {"numerical_aperture": 0.8, "immersion_index": 1.0, "immersion_index_design": 1.0}
    assert fitted(usual, together) == usual.replace(**together)
    assert fitted(usual, {**together, "pixel_nm": "wide"}) == usual.replace(**together)
