"""``napari-3dmsl score``: how good predictions are beside the truth."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

import typer

from napari_3dmsl.cli._options import Given, SettingsOf
from napari_3dmsl.cli._output import AsJson, show, stage_line


def score(
    truth: Annotated[
        Path,
        typer.Argument(
            help="Masks or instance labels (TIFF, PNG, OME-Zarr, label volumes), meshes, or a "
            "folder of them; or a sequence of the Cell Tracking Challenge.",
            show_default=False,
        ),
    ],
    prediction: Annotated[
        Path,
        typer.Argument(
            help="What is scored, likewise; files of folders are paired by name.",
            show_default=False,
        ),
    ],
    settings: Annotated[
        Given,
        SettingsOf(
            "score", "objects", "patch", "centrelines", "surfaces", "points", "voxel_nm", "seed"
        ),
    ],
    unit_nm: Annotated[
        float, typer.Option(min=1e-3, max=1e9, help="Length of the unit of mesh files in nm.")
    ] = 1000.0,
    as_json: AsJson = False,
) -> None:
    """Score predictions beside the truth: pixels, topology, objects, tracks or surfaces."""
    from napari_3dmsl.scoring.files import score_files
    from napari_3dmsl.scoring.settings import ScoreSettings

    start = perf_counter()
    chosen = ScoreSettings(**settings)
    table = score_files(
        truth, prediction, chosen, mesh_unit_um=unit_nm / 1000, progress=stage_line()
    )
    result: dict[str, Any] = {
        "truth": str(truth),
        "prediction": str(prediction),
        "settings": chosen.model_dump(mode="json"),
        **table.to_json(),
        "seconds": round(perf_counter() - start, 3),
    }
    show(result, table.lines(), as_json)
