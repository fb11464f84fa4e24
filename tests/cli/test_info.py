"""``napari-3dmsl info``: what a file or folder is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from commands import RADIUS_UM, Run
from microscope_files import ome, write_tiff

from napari_3dmsl import cli


def test_info_measures_a_mesh(run: Run, sphere: Path) -> None:
    result = run("info", sphere)
    assert result["kind"] == "mesh"
    assert (result["faces"], result["watertight"], result["unit_nm"]) == (1280, True, 24)
    assert result["size_um"] == pytest.approx([2 * RADIUS_UM] * 3)
    assert result["volume_um3"] == pytest.approx(4 / 3 * np.pi * RADIUS_UM**3, rel=0.02)


def test_info_knows_no_volume_of_an_open_mesh(run: Run, tmp_path: Path) -> None:
    (tmp_path / "open.off").write_text("OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n")
    assert run("info", tmp_path / "open.off")["volume_um3"] is None


def test_info_reads_the_settings_of_our_images_and_the_scale_of_others(
    run: Run, sphere: Path, tmp_path: Path
) -> None:
    ours = tmp_path / "ours.tif"
    run("simulate", sphere, ours, "--microscope", "epi1", "--seed", 8)
    result = run("info", ours)
    assert (result["kind"], result["axes"], result["shape"]) == ("image", "YX", [128, 128])
    assert result["size_um"] == pytest.approx({"Y": 0.109, "X": 0.109})
    assert result["metadata"]["seed"] == 8
    tifffile.imwrite(tmp_path / "other.tif", np.zeros((4, 5), np.uint8))
    result = run("info", tmp_path / "other.tif")
    assert (result["size_um"], result["metadata"]) == ({}, None)


def test_info_tells_of_the_unpacked_folder_of_one_shape(tmp_path: Path, capsys: Any) -> None:
    from napari_3dmsl.shapes.mesh import Mesh, write_mesh

    folder = tmp_path / "library" / "7"
    (folder / "Conf1_imgs").mkdir(parents=True)
    corners = 10.0 * np.array([(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)])
    faces = np.array([(0, 2, 1), (0, 1, 3), (0, 3, 2), (1, 2, 3)], dtype=np.int32)
    write_mesh(Mesh(corners, faces), folder / "raw_mesh.off")
    (folder / "pointcloud.ply").write_text("ply\n")
    (folder / "Conf1_imgs" / "N_0_7_x90.tif").write_bytes(b"")
    assert cli.main(["info", str(folder), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["kind"], told["watertight"], told["warnings"]) == ("instance", True, [])
    assert told["volume_um3"] == pytest.approx(0.24**3 / 6)
    assert told["samples"] == ["pointcloud.ply"]
    assert told["images"] == ["Conf1_imgs/N_0_7_x90.tif"]


@pytest.mark.parametrize(
    ("size", "said"), [(2000, "48 µm long"), (0.2, "4.8 nm long"), (100, None), (1000, None)]
)
def test_info_asks_about_the_unit_of_a_mesh_that_is_no_mitochondrion(
    tmp_path: Path, capsys: Any, size: float, said: str | None
) -> None:
    path = tmp_path / "a.off"
    corners = f"0 0 0\n{size} 0 0\n0 {size} 0\n0 0 {size}\n"
    path.write_text(f"OFF\n4 4 0\n{corners}3 0 2 1\n3 0 1 3\n3 0 3 2\n3 1 2 3\n")
    assert cli.main(["info", str(path)]) == 0
    told = capsys.readouterr().out
    assert ("is the file's unit really 24 nm?" in told) == (said is not None)
    assert said is None or said in told


def test_info_lists_presets_and_names_the_broken_ones(
    refused: Callable[..., str],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NAPARI_3DMSL_PRESETS", str(tmp_path))
    (tmp_path / "cameras").mkdir()
    (tmp_path / "cameras" / "mine.json").write_text("{}")
    (tmp_path / "cameras" / "bad.json").write_text("{")
    assert cli.main(["info", "--presets", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert {"mine", "ideal"} <= set(result["cameras"])
    assert {"con1", "epi1"} <= set(result["microscopes"])
    assert "60x-water" in result["objectives"]
    assert "bad.json" in result["broken"][0]
    assert cli.main(["info", "--presets"]) == 0
    assert "left out: " in capsys.readouterr().out
    assert "give either a PATH or --presets" in refused("info")


def test_info_tells_the_microscope_of_an_image_with_its_tags(
    run: Run, tmp_path: Path, capsys: Any
) -> None:
    objective = 'LensNA="1.4" NominalMagnification="60" Immersion="Oil"'
    channels = ('Name="DAPI" EmissionWavelength="461"', 'Name="TOM20" EmissionWavelength="599"')
    path = write_tiff(
        tmp_path / "a.ome.tif", ome(channels=channels, objective=objective), (2, 8, 8)
    )
    told = run("info", path, "--channel", 1)["microscope"]
    assert told["readings"]["emission_nm"] == {
        "value": 599,
        "source": "OME Channel EmissionWavelength",
    }
    assert told["channels"] == ["DAPI", "TOM20"]
    assert "pixel_nm" in told["missing"]
    capsys.readouterr()
    assert cli.main(["info", str(path)]) == 0
    text = capsys.readouterr().out
    assert "  Emission: 461 nm (OME Channel EmissionWavelength)" in text
    assert "  Magnification: 60 × (OME Objective NominalMagnification)" in text
    assert "channels: DAPI (this), TOM20; another one: --channel" in text
    assert "not told: Modality, Pixel size, Exposure" in text


def test_info_tells_the_microscope_of_our_omezarr(run: Run, sphere: Path, tmp_path: Path) -> None:
    run("simulate", sphere, tmp_path / "a.zarr", "--microscope", "epi1")
    found = run("info", tmp_path / "a.zarr")
    assert (found["kind"], found["axes"], found["shape"]) == ("image", "YX", [128, 128])
    assert found["size_um"] == pytest.approx({"Y": 0.109, "X": 0.109})
    told = found["microscope"]
    assert told["readings"]["numerical_aperture"]["value"] == 1.42
    assert told["readings"]["numerical_aperture"]["source"].endswith(": numerical_aperture")
    assert told["missing"] == []


def test_info_of_a_picture_says_that_it_tells_nothing(tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "a.png").write_bytes(b"")
    assert cli.main(["info", str(tmp_path / "a.png")]) == 0
    assert "a.png: PNG\nmicroscope: the file tells nothing of it" in capsys.readouterr().out
