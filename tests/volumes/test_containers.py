"""One volume in every container: the same voxels, sizes and classes, in memory and lazily."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from containers import CONTAINERS, Container

from napari_3dmsl.shapes.extraction import ExtractionSettings, extract_instances
from napari_3dmsl.shapes.phantom import make_phantom
from napari_3dmsl.shapes.shape import measure_shapes
from napari_3dmsl.volumes.lazy import open_lazy
from napari_3dmsl.volumes.open import is_label_file, open_labels

SIZE = (100.0, 80.0, 90.0)
BOX = (slice(5, 30), slice(10, 47), slice(33, 60))


@pytest.fixture(scope="module")
def labels():
    return make_phantom(seed=0, voxel_nm=SIZE).labels.astype(np.uint16)


def classes(labels, voxel_nm) -> list[tuple[str, int, float]]:
    settings = ExtractionSettings(voxel_nm=voxel_nm)
    shapes = measure_shapes(extract_instances(labels > 0, settings))
    return [
        (str(one.classification.shape_class), one.voxel_count, round(one.volume_um3, 9))
        for one in shapes
    ]


def given(labels, voxel_nm) -> tuple:
    """All of what an extraction gets to know of a volume."""
    return labels.dtype, labels.shape, labels.strides, labels.tobytes("A"), tuple(voxel_nm)


@pytest.mark.parametrize("container", CONTAINERS, ids=lambda one: one.name)
def test_every_container_gives_the_same_voxels_and_sizes(
    tmp_path: Path, labels, container: Container
) -> None:
    path = container.write(tmp_path, labels, SIZE)
    assert is_label_file(path)
    given = None if container.tells_size else SIZE
    lazy, whole = open_lazy(path, given), open_labels(path, given)
    for found in (lazy, whole):
        assert found.labels.shape == labels.shape
        assert found.voxel_nm == pytest.approx(SIZE, rel=1e-6)
    np.testing.assert_array_equal(whole.labels, labels)
    np.testing.assert_array_equal(lazy.labels[...], labels)
    copy = pickle.loads(pickle.dumps(lazy.labels))
    np.testing.assert_array_equal(copy[BOX], labels[BOX])
    assert lazy.name == whole.name
    assert (open_lazy(path).voxel_nm is None) is (not container.tells_size)


def test_every_container_gives_the_same_classes(tmp_path: Path, labels) -> None:
    labels = labels[:, :60, :60]
    expected = classes(labels, SIZE)
    assert len(expected) > 3
    known = {given(labels, SIZE)}  # containers that give the very same array have the same classes
    for number, container in enumerate(CONTAINERS):
        folder = tmp_path / str(number)
        folder.mkdir()
        volume = open_labels(
            container.write(folder, labels, SIZE), None if container.tells_size else SIZE
        )
        assert volume.voxel_nm is not None
        sizes = [float(f"{nm:.9g}") for nm in volume.voxel_nm]  # MRC has float32
        if given(volume.labels, sizes) not in known:
            assert classes(volume.labels, sizes) == expected, container.name
            known.add(given(volume.labels, sizes))
    assert len(known) > 1  # as some have their axes the other way round in memory


def test_volumes_of_one_file_are_read_beside_each_other(tmp_path: Path) -> None:
    """Few files are kept open: one that is closed for others takes nothing from its neighbours."""
    import h5py

    arrays = {f"mito{n}": np.full((3, 4, 5), n + 1, np.uint8) for n in range(7)}
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for name, array in arrays.items():
            file[name] = array
    opened = {name: open_lazy(tmp_path / "a.h5", series=name).labels for name in arrays}
    for _ in range(3):
        for name, labels in opened.items():
            np.testing.assert_array_equal(labels[...], arrays[name])


def test_threads_read_one_volume_at_once(tmp_path: Path, labels) -> None:
    from concurrent.futures import ThreadPoolExecutor

    small = labels[:, :40, :50]
    for container in CONTAINERS:
        folder = tmp_path / container.name.replace(" ", "-")
        folder.mkdir()
        found = open_lazy(container.write(folder, small, SIZE)).labels
        boxes = [np.s_[z : z + 9, y : y + 17, :] for z in range(0, 30, 5) for y in (0, 11, 20)]
        with ThreadPoolExecutor(4) as pool:
            for box, block in zip(boxes, pool.map(found.__getitem__, boxes), strict=True):
                np.testing.assert_array_equal(block, small[box])
