"""``napari-3dmsl info`` on label volumes: data sets, levels, sizes; by their headers alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import Run
from containers import CONTAINERS, Container, cremi, n5, ome_zarr_05, precomputed
from file_server import serving_files

from napari_3dmsl.cli import main
from napari_3dmsl.volumes import handles, lazy_labels

SIZE = (30.0, 8.0, 4.0)
LABELS = np.zeros((20, 33, 40), np.uint16)
LABELS[1:14, 3:9, 5:20] = 300
LABELS[3:16, 10:28, 15:30] = 2


@pytest.fixture
def no_voxels(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever opens voxels fails."""

    def refuse(*_: Any) -> None:
        raise AssertionError("voxels were read")

    monkeypatch.setattr(handles, "handle_of", refuse)
    monkeypatch.setattr(lazy_labels, "handle_of", refuse)


@pytest.mark.usefixtures("no_voxels")
@pytest.mark.parametrize("container", CONTAINERS, ids=lambda one: one.name)
def test_sizes_are_told_without_reading_voxels(
    run: Run, tmp_path: Path, container: Container
) -> None:
    result = run("info", container.write(tmp_path, LABELS, SIZE), "--no-count")
    if "TIFF" in container.name:
        assert sorted(result["shape"]) == sorted(LABELS.shape)
        return
    assert result["kind"] == "labels"
    assert result["labels"] is None
    told = [one for one in result["datasets"] if "label" in one["name"]] or result["datasets"]
    finest = told[0]["levels"][0]
    assert finest["shape"] == list(LABELS.shape)
    if container.tells_size:
        assert finest["voxel_nm"] == pytest.approx(SIZE)
    else:
        assert finest["size_problem"] == "the file says no voxel size"


def test_containers_are_told_of_without_their_chunks(run: Run, tmp_path: Path) -> None:
    for write, chunks in ((ome_zarr_05, "*/c"), (n5, "mito/[0-9]*"), (precomputed, "full/*")):
        path = write(tmp_path, LABELS, SIZE)
        found = list(path.glob(chunks))
        assert found
        for chunk in found:
            chunk.rename(tmp_path / f"{write.__name__}-{chunk.parent.name}-{chunk.name}")
        assert run("info", path)["shape"] == list(LABELS.shape)


def test_lines_for_people_name_data_sets_levels_and_sizes(tmp_path: Path, capsys: Any) -> None:
    assert main(["info", str(cremi(tmp_path, LABELS, SIZE))]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{tmp_path / 'a.hdf'}: HDF5, 2 data sets",
        "0 'volumes/labels/mito_ids': labels",
        "  level 0: 20 × 33 × 40 (z, y, x), uint16, voxels of 30 × 8 × 4 nm (z, y, x)",
        "1 'volumes/raw': may be labels",
        "  level 0: 20 × 33 × 40 (z, y, x), uint8, voxels of 30 × 8 × 4 nm (z, y, x)",
    ]
    assert main(["info", str(ome_zarr_05(tmp_path, LABELS, SIZE))]) == 0
    assert "  level 1 '1': 10 × 17 × 20 (z, y, x), uint16, voxels of 60 × 16 × 8 nm (z, y, x)" in (
        capsys.readouterr().out.splitlines()
    )


def test_a_url_is_told_of(tmp_path: Path, capsys: Any) -> None:
    path = precomputed(tmp_path, LABELS, SIZE)
    with serving_files(tmp_path) as address:
        assert main(["info", f"{address}/{path.name}", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["voxel_nm"] == list(SIZE)


def test_labels_are_counted_where_it_is_asked_for(run: Run, tmp_path: Path) -> None:
    path = n5(tmp_path, LABELS, SIZE)
    assert run("info", path)["labels"] is None
    assert run("info", path, "--count")["labels"] == 2
    np.save(tmp_path / "a.npy", LABELS)
    assert run("info", tmp_path / "a.npy")["labels"] == 2


def test_a_file_without_volumes_says_why(refused: Callable[..., str], tmp_path: Path) -> None:
    import h5py

    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("flat", data=np.ones((4, 5)))
    assert "it has 2 axes, labels have 3" in refused("info", tmp_path / "a.h5")
