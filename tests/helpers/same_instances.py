"""An extraction by blocks beside the one in memory."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from napari_3dmsl.compute.place import Here, Place
from napari_3dmsl.shapes.blockwise import extract_blockwise
from napari_3dmsl.shapes.extraction import Extraction, ExtractionSettings, extract_instances

ENOUGH = 2_000_000_000


def check_same_instances(
    labels: Any,
    settings: ExtractionSettings,
    folder: Path,
    edge: tuple[int, int, int],
    place: Place | None = None,
) -> Extraction:
    """Whether both ways give the same voxels, numbers, report and facts; returns that in memory."""
    expected = extract_instances(np.asarray(labels), settings)
    found = extract_blockwise(
        labels, settings, folder, memory_limit=ENOUGH, place=place or Here(), edge=edge
    )
    np.testing.assert_array_equal(found.labels[...], expected.labels)
    assert asdict(found.report) == asdict(expected.report)
    np.testing.assert_array_equal(found.parents, expected.parents)
    np.testing.assert_array_equal(found.touches_border, expected.touches_border)
    np.testing.assert_array_equal(found.known.counts, expected.known.counts)
    np.testing.assert_array_equal(found.known.centroids, expected.known.centroids)
    assert found.known.boxes == expected.known.boxes
    assert (found.origin_um, found.voxel_nm) == (expected.origin_um, expected.voxel_nm)
    return expected
