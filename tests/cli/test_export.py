"""``napari-3dmsl export``: shapes of a library for other programs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import trimesh
from commands import Run


def test_export_writes_chosen_shapes_for_other_programs(
    run: Run, refused: Callable[..., str], released: Path, tmp_path: Path
) -> None:
    out = tmp_path / "meshes"
    assert run("export", released, out, "--ids", "2")["files"] == ["2.stl"]
    assert trimesh.load_mesh(out / "2.stl").volume == pytest.approx(
        4 / 3 * np.pi * 0.192**3, rel=0.05
    )
    assert "there already" in refused("export", released, out)
    assert run("export", released, out, "--replace")["files"] == ["1.stl", "2.stl"]
    told = run("info", out / "1.stl")
    assert (told["unit_nm"], told["watertight"]) == (1000, True)
    skeletons = tmp_path / "skeletons"
    assert run("export", released, skeletons, "--form", "swc", "--ids", "1-99")["files"] == [
        "1.swc",
        "2.swc",
    ]
    assert "napari-3dmsl measure" in refused("export", released, out, "--class", "dot")
    assert "expected numbers and ranges" in refused("export", released, out, "--ids", "one")
    assert "no shape 7" in refused("export", released, out, "--ids", "7")


@pytest.mark.parametrize("form", ["stl", "ply", "off", "glb", "swc", "voxels"])
def test_export_to_a_full_disk_leaves_nothing_half_written(
    run: Run,
    refused: Callable[..., str],
    released: Path,
    small_files: Callable[[int], None],
    tmp_path: Path,
    form: str,
) -> None:
    run("measure", released, "--workers", 1)
    out = tmp_path / "meshes"
    command = ("export", released, out, "--form", form, "--workers", 1)
    small_files(100)
    message = refused(*command)
    assert message.startswith(f"Error: {out}")
    assert "the disk is full; make room" in message
    assert not out.exists()
    small_files(10**9)
    assert len(run(*command)["files"]) == 2


def test_processes_that_find_a_real_disk_full_tell_it_in_the_same_line(
    refused: Callable[..., str], released: Path, small_disk: Callable[[str], Path]
) -> None:
    out = small_disk("size=4k") / "meshes"
    assert "meshes/1.stl: the disk is full; make room" in refused(
        "export", released, out, "--ids", 1, "--workers", 2
    )
    assert not out.exists()
