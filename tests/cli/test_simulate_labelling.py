"""``napari-3dmsl simulate``: labelling, objectives, cameras and ratios."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import trimesh

from napari_3dmsl import cli


@pytest.fixture
def ball(tmp_path: Path) -> Path:
    path = tmp_path / "ball.off"
    trimesh.creation.icosphere(subdivisions=3, radius=20).export(path)
    return path


def image(capsys: pytest.CaptureFixture[str], ball: Path, *options: object) -> dict[str, Any]:
    words = ["simulate", ball, ball.with_name("out.tif"), "--microscope", "epi1", *options]
    assert cli.main([*map(str, words), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def error(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    assert cli.main(list(map(str, words))) == 1
    return capsys.readouterr().err


def test_density_counts_by_the_target(capsys: pytest.CaptureFixture[str], ball: Path) -> None:
    volume = image(capsys, ball, "--target", "volume", "--density", 1000)
    assert volume["labelling"]["density_per_um3"] == 1000
    assert volume["emitters"] == round(1000 * volume["volume_um3"])
    options = ("--density", 50, "--continuous", "--photon-distribution", "exponential")
    surface = image(capsys, ball, *options)
    assert surface["labelling"]["density_per_um2"] == 50
    assert surface["labelling"]["photon_distribution"] == "exponential"
    assert surface["fluorophores"] == pytest.approx(50 * surface["area_um2"])


def test_a_named_labelling_is_changed_by_the_options_beside_it(
    capsys: pytest.CaptureFixture[str], ball: Path
) -> None:
    usual = image(capsys, ball)["labelling"]
    assert image(capsys, ball, "--labelling", "paper")["labelling"] == usual
    found = image(capsys, ball, "--labelling", "antibody")["labelling"]
    assert found == {**usual, "density_per_um2": 600, "photons_per_fluorophore": 30}
    found = image(capsys, ball, "--labelling", "antibody", "--density", 50)["labelling"]
    assert found == {**usual, "density_per_um2": 50, "photons_per_fluorophore": 30}
    ratio = image(capsys, ball, "--labelling", "antibody", "--snr", 12)
    assert ratio["peak_snr"] == pytest.approx(12, rel=1e-4)
    words = ("simulate", ball, ball.with_name("no.tif"), "--microscope", "epi1")
    told = error(capsys, *words, "--labelling", "tom20")
    assert "no labelling 'tom20': use one of antibody, paper" in told


def test_a_ratio_sets_the_photons(capsys: pytest.CaptureFixture[str], ball: Path) -> None:
    result = image(capsys, ball, "--snr", 12, "--camera", "emccd")
    assert result["peak_snr"] == pytest.approx(12, rel=1e-4)
    assert result["photons_per_fluorophore"] != 300
    words = ("simulate", ball, ball.with_name("no.tif"), "--microscope", "epi1", "--snr", 5)
    assert "--snr does not apply without" in error(capsys, *words, "--noise", "none")
    assert "with --snr, which sets them" in error(capsys, *words, "--photons-per-fluorophore", 9)
    assert "saturates at" in error(capsys, *words[:-1], 5000)
    assert not ball.with_name("no.tif").exists()


def test_objectives_come_by_name_or_file(
    capsys: pytest.CaptureFixture[str], ball: Path, tmp_path: Path
) -> None:
    result = image(capsys, ball, "--objective", "60x-water")["microscope"]
    assert (result["numerical_aperture"], result["immersion_index"]) == (1.2, 1.33)
    mine = tmp_path / "mine.toml"
    mine.write_text("numerical_aperture = 1.3\nmagnification = 120")
    assert image(capsys, ball, "--objective", mine)["microscope"]["pixel_nm"] == 54.5


def test_an_open_mesh_has_no_volume_to_label(
    capsys: pytest.CaptureFixture[str], ball: Path
) -> None:
    solid = trimesh.load(ball, process=False)
    solid.update_faces(range(1, len(solid.faces)))
    solid.export(ball)
    words = ("simulate", ball, ball.with_name("no.tif"), "--microscope", "epi1")
    assert "the mesh has a hole" in error(capsys, *words, "--target", "volume")
