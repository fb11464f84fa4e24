"""The phantom and what the shapes room makes of it, once for all tests."""

import pytest

from napari_3dmsl.shapes.extraction import ExtractionSettings, extract_instances
from napari_3dmsl.shapes.phantom import make_phantom
from napari_3dmsl.shapes.shape import measure_shapes


@pytest.fixture(scope="session")
def phantom():
    return make_phantom(seed=0)


@pytest.fixture(scope="session")
def extraction(phantom):
    return extract_instances(phantom.labels > 0, ExtractionSettings(voxel_nm=phantom.voxel_nm))


@pytest.fixture(scope="session")
def shapes(extraction):
    return measure_shapes(extraction)


@pytest.fixture(scope="session")
def small_extraction():
    """The phantom on a coarse grid: all classes in a second."""
    coarse = make_phantom(seed=0, voxel_nm=(48, 48, 48))
    settings = ExtractionSettings(voxel_nm=coarse.voxel_nm)
    return extract_instances(coarse.labels > 0, settings)


@pytest.fixture(scope="session")
def small_shapes(small_extraction):
    return measure_shapes(small_extraction)
