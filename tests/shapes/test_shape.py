import pickle

import numpy as np
import pytest
from solids import draw_ball

from napari_3dmsl.shapes.extraction import ExtractionSettings, extract_instances
from napari_3dmsl.shapes.shape import COLUMNS, feature_table, iter_shapes, measure_shapes
from napari_3dmsl.volumes.open import open_labels


def truth_of(phantom, extraction, shapes):
    """Pair every shape with the truth of the phantom object that it covers."""
    truth = {item.id: item for item in phantom.truth}
    for shape in shapes:
        covered = phantom.labels[extraction.labels == shape.id]
        yield shape, truth[np.bincount(covered).argmax()]


def test_every_phantom_object_gets_its_class(phantom, extraction, shapes):
    pairs = list(truth_of(phantom, extraction, shapes))
    assert len(pairs) == len({truth.id for _, truth in pairs}) == len(phantom.truth)
    for shape, truth in pairs:
        found = shape.classification.shape_class, shape.skeleton.branches, shape.skeleton.loops
        assert found == (truth.shape_class, truth.branches, truth.loops), shape.classification


def test_phantom_lengths_are_right(phantom, extraction, shapes):
    ratios = [
        shape.skeleton.length_um / truth.length_um
        for shape, truth in truth_of(phantom, extraction, shapes)
        if truth.shape_class != "dot"
    ]
    assert np.mean(ratios) == pytest.approx(1, abs=0.015)
    assert min(ratios) > 0.96
    assert max(ratios) < 1.04


def test_every_mesh_is_closed_outward_and_as_large_as_its_voxels(shapes):
    for shape in shapes:
        assert shape.mesh.is_watertight
        assert shape.mesh.volume_um3 == pytest.approx(shape.volume_um3, rel=0.01)
        assert shape.area_um2 == shape.mesh.area_um2


def test_meshes_lie_over_their_labels(extraction, shapes):
    for shape in shapes[::5]:
        voxels = np.argwhere(extraction.labels == shape.id) * 0.024 + extraction.origin_um
        np.testing.assert_allclose(shape.centroid_um, voxels.mean(axis=0))
        np.testing.assert_allclose(
            shape.bounds_um, [voxels.min(axis=0) - 0.012, voxels.max(axis=0) + 0.012]
        )
        np.testing.assert_allclose(shape.mesh.bounds_um, shape.bounds_um, atol=0.024)


def test_a_downsampled_shape_stays_where_it_was():
    mask = draw_ball((90, 100, 110), (40.5, 45.0, 61.0), 24)
    settings = ExtractionSettings(voxel_nm=(8, 8, 8))
    (shape,) = iter_shapes(extract_instances(mask, settings))
    vertices = shape.mesh.vertices
    centre = (vertices.min(axis=0) + vertices.max(axis=0)) / 2
    np.testing.assert_allclose(centre, np.array([40.5, 45.0, 61.0]) * 0.008, atol=0.006)
    np.testing.assert_allclose(shape.centroid_um, centre, atol=0.006)


def test_shapes_at_the_border_are_flagged(shapes):
    assert not any(shape.touches_border for shape in shapes)
    mask = draw_ball((40, 40, 40), (20, 20, 2), 9)
    (cut,) = iter_shapes(extract_instances(mask, ExtractionSettings(voxel_nm=(24, 24, 24))))
    assert cut.touches_border
    assert cut.mesh.is_watertight


def test_progress_counts_to_the_end():
    mask = draw_ball((60, 30, 30), (15, 15, 15), 9) | draw_ball((60, 30, 30), (44, 15, 15), 9)
    told = []
    extraction = extract_instances(mask, ExtractionSettings(voxel_nm=(24, 24, 24)))
    measure_shapes(extraction, progress=lambda *state: told.append(state))
    assert [state[:2] for state in told] == [(1, 2), (2, 2)]


def test_shapes_cross_process_borders(small_shapes):
    copies = pickle.loads(pickle.dumps(small_shapes))
    for copy, shape in zip(copies, small_shapes, strict=True):
        assert copy.classification == shape.classification
        np.testing.assert_array_equal(copy.mesh.vertices, shape.mesh.vertices)


def test_all_classes_survive_a_grid_of_48_nm(small_shapes):
    classes = [str(shape.classification.shape_class) for shape in small_shapes]
    counts = {name: classes.count(name) for name in set(classes)}
    expected = {"dot": 12, "rod": 12, "donut": 6, "network": 5, "mega": 2, "nano-tunnel": 1}
    assert counts == expected


def test_the_table_has_a_row_per_shape_and_units_in_its_names(small_shapes):
    table = feature_table(small_shapes)
    assert tuple(table) == COLUMNS
    assert {len(column) for column in table.values()} == {len(small_shapes)}
    assert table["index"] == [shape.id for shape in small_shapes]
    assert all(type(value) is str for value in table["shape_class"])
    assert feature_table([]) == {name: [] for name in COLUMNS}


@pytest.mark.real_data
def test_urocell_volume_gives_about_39_closed_shapes(real_data):
    volume = open_labels(real_data / "urocell" / "fib1-0-0-0_binary.nii.gz", (15, 16, 16))
    settings = ExtractionSettings(voxel_nm=volume.voxel_nm, downsample=1)
    shapes = measure_shapes(extract_instances(volume.labels, settings))
    assert 37 <= len(shapes) <= 42
    for shape in shapes:
        assert shape.mesh.is_watertight
        assert shape.mesh.volume_um3 == pytest.approx(shape.volume_um3, rel=0.02)
