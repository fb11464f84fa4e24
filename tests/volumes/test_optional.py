"""A package that a format needs and that is not there: one line says what to install."""

from __future__ import annotations

import builtins
import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from containers import imaris, mito_em, mrc, n5, nifti, nrrd, ome_zarr_05, precomputed
from refusals import refusal

from napari_3dmsl.volumes.lazy import open_lazy
from napari_3dmsl.volumes.open import list_series, open_labels

LABELS = np.ones((4, 5, 6), np.uint16)
SIZE = (3.0, 2.0, 1.0)


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Take a package away."""
    real, real_module = builtins.__import__, importlib.import_module

    def take(name: str) -> None:
        def missing(asked: str, *more: Any, **options: Any) -> Any:
            if asked.partition(".")[0] == name:
                raise ImportError(asked)
            return real(asked, *more, **options)

        def missing_module(asked: str, package: str | None = None) -> Any:
            return missing(asked) if asked == name else real_module(asked, package)

        monkeypatch.setattr(builtins, "__import__", missing)
        monkeypatch.setattr(importlib, "import_module", missing_module)
        monkeypatch.delitem(sys.modules, name, raising=False)

    return take


@pytest.mark.parametrize(
    ("write", "module", "package", "format_name"),
    [
        (n5, "tensorstore", "tensorstore", "N5"),
        (precomputed, "tensorstore", "tensorstore", "Neuroglancer precomputed volumes"),
        (mito_em, "h5py", "h5py", "HDF5"),
        (imaris, "h5py", "h5py", "HDF5"),
        (mrc, "mrcfile", "mrcfile", "MRC files"),
        (nrrd, "nrrd", "pynrrd", "NRRD files"),
    ],
)
def test_what_is_missing_is_told_in_one_line(
    tmp_path: Path, without: Any, write: Any, module: str, package: str, format_name: str
) -> None:
    path = write(tmp_path, LABELS, SIZE)
    without(module)
    for opened in (open_lazy, open_labels, list_series):
        assert refusal(opened, path) == (
            f"{path}: reading {format_name} needs {package}: pip install 'napari-3dmsl[em]'"
        )


def test_nifti_says_so_too(tmp_path: Path, without: Any) -> None:
    path = nifti(tmp_path, LABELS, SIZE)
    without("nibabel")
    assert "nibabel" in refusal(open_lazy, path)


def test_urls_need_tensorstore_and_folders_of_zarr_do_not(tmp_path: Path, without: Any) -> None:
    path = ome_zarr_05(tmp_path, LABELS, SIZE)
    without("tensorstore")
    assert open_lazy(path).labels[0, 0, 0] == 1
    assert refusal(open_lazy, "s3://bucket/a.zarr") == (
        "s3://bucket/a.zarr: reading URLs needs tensorstore: pip install 'napari-3dmsl[em]'"
    )


def test_nothing_of_them_is_imported_before_it_is_needed(tmp_path: Path) -> None:
    import subprocess

    np.save(tmp_path / "a.npy", LABELS)
    code = (
        "import sys; from napari_3dmsl.volumes.lazy import open_lazy; "
        f"open_lazy({str(tmp_path / 'a.npy')!r}).labels[0]; print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    optional = {"tensorstore", "h5py", "mrcfile", "nrrd", "nibabel", "zarr", "dask", "tifffile"}
    assert not optional & set(done.stdout.split())
