"""Runs by blocks: stopped and taken up, refused, read box by box."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from same_instances import ENOUGH, check_same_instances

from napari_3dmsl.compute.place import Here, Processes
from napari_3dmsl.shapes.blockwise import StoredLabels, extract_blockwise
from napari_3dmsl.shapes.blockwise.extract import worker_bytes
from napari_3dmsl.shapes.extraction import ExtractionSettings
from napari_3dmsl.shapes.shape import feature_table, iter_shapes

SETTINGS = ExtractionSettings(voxel_nm=(24, 24, 24), downsample=1, erosion_nm=60)
EDGE = (16, 20, 24)


@pytest.fixture
def mask() -> Any:
    z, y, x = np.indices((40, 44, 50))
    mask = np.zeros(z.shape, bool)
    for at in ((12, 12, 12), (12, 12, 28), (28, 30, 30), (28, 14, 44), (5, 38, 5)):
        mask |= (z - at[0]) ** 2 + (y - at[1]) ** 2 + (x - at[2]) ** 2 < 66
    return mask


class Stop(Exception):  # noqa: N818  what a person does
    """The work is stopped."""


@pytest.mark.parametrize("regrow", ["watershed", "dilate"])
def test_a_run_that_was_stopped_anywhere_goes_on_to_the_same(
    mask: Any, regrow: Any, tmp_path: Path
) -> None:
    settings = SETTINGS.replace(regrow=regrow, fill_holes=True)
    stops = 0

    def stop_soon(done: int, total: int, what: str) -> None:
        nonlocal left
        left -= 1
        if not left:
            raise Stop

    while True:
        left = 11  # a few blocks more than there are stages to look through
        try:
            extract_blockwise(
                mask,
                settings,
                tmp_path,
                memory_limit=ENOUGH,
                place=Here(),
                edge=EDGE,
                progress=stop_soon,
            )
            break
        except Stop:
            stops += 1
    assert stops > 5
    check_same_instances(mask, settings, tmp_path, EDGE)


def test_work_that_is_done_is_not_done_again(mask: Any, tmp_path: Path) -> None:
    check_same_instances(mask, SETTINGS, tmp_path, EDGE)
    before = {file: file.stat().st_mtime_ns for file in (tmp_path / "done").rglob("*.npz")}
    check_same_instances(mask, SETTINGS, tmp_path, (8, 8, 8))  # blocks stay as they were
    assert before == {file: file.stat().st_mtime_ns for file in (tmp_path / "done").rglob("*.npz")}


def test_what_was_half_written_is_not_taken_for_finished(mask: Any, tmp_path: Path) -> None:
    check_same_instances(mask, SETTINGS, tmp_path, EDGE)
    labelled = tmp_path / "done" / "labelled"
    for number in (0, 3):
        (labelled / f"{number}.npz").rename(labelled / f".{number}.77.part")
    chunk = tmp_path / "numbers" / "c" / "0" / "0" / "0"
    chunk.write_bytes(chunk.read_bytes()[:40])
    check_same_instances(mask, SETTINGS, tmp_path, EDGE)


def test_another_extraction_does_not_go_on_with_it(mask: Any, tmp_path: Path) -> None:
    check_same_instances(mask, SETTINGS, tmp_path, EDGE)
    with pytest.raises(ValueError, match=r"another extraction \(settings differ\); remove it"):
        extract_blockwise(
            mask, SETTINGS.replace(neck=0.2), tmp_path, memory_limit=ENOUGH, place=Here()
        )
    with pytest.raises(ValueError, match="shape differ"):
        extract_blockwise(mask[1:], SETTINGS, tmp_path, memory_limit=ENOUGH, place=Here())


def test_too_little_memory_is_refused_and_more_is_used() -> None:
    with pytest.raises(ValueError, match="memory_limit = 100 MB: 2 workers need at least"):
        worker_bytes(100_000_000, 2)
    assert worker_bytes(2_000_000_000, 2) > worker_bytes(1_000_000_000, 2) > 200_000_000
    assert worker_bytes(1_000_000_000, 1) > worker_bytes(1_000_000_000, 2)


def test_labels_that_are_nowhere_are_refused(mask: Any, tmp_path: Path) -> None:
    thin = np.zeros_like(mask)
    thin[::2, 5, 5] = True
    with pytest.raises(ValueError, match="nothing is left"):
        extract_blockwise(
            thin, SETTINGS.replace(downsample=4), tmp_path, memory_limit=ENOUGH, place=Here()
        )


def test_an_object_that_is_too_large_to_be_divided_is_told(
    mask: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("napari_3dmsl.shapes.blockwise.dividing.BYTES_A_VOXEL", 10**6)
    found = extract_blockwise(
        mask, SETTINGS, tmp_path, memory_limit=ENOUGH, place=Here(), edge=EDGE
    )
    (warning,) = found.report.warnings
    assert warning.startswith("1 object was too large to be divided and left whole; a memory limit")
    assert (found.report.kept, found.report.divided) == (4, 0)


def test_an_object_that_is_large_for_two_workers_is_divided_by_one(
    mask: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = []
    monkeypatch.setattr("napari_3dmsl.shapes.blockwise.dividing.BYTES_A_VOXEL", 130_000)
    found = extract_blockwise(
        mask,
        SETTINGS,
        tmp_path,
        memory_limit=ENOUGH,
        place=Processes(2),
        edge=EDGE,
        progress=lambda done, total, what: told.append((done, total, what)),
    )
    assert (1, 1, "Dividing large objects") in told
    assert (found.report.kept, found.report.divided) == (5, 1)


@pytest.fixture
def stored(mask: Any, tmp_path: Path) -> StoredLabels:
    found = extract_blockwise(
        mask, SETTINGS, tmp_path, memory_limit=ENOUGH, place=Here(), edge=EDGE
    )
    assert isinstance(found.labels, StoredLabels)
    return found.labels


def test_stored_labels_are_read_as_an_array_is(stored: StoredLabels) -> None:
    whole = stored[...]
    assert (stored.shape, stored.dtype, whole.max()) == (whole.shape, whole.dtype, 5)
    for where in (
        np.s_[3:30, 10:44, 7:41],
        np.s_[12],
        np.s_[..., 30],
        np.s_[5:9, -3, 2:4],
        np.s_[7:7],
        np.s_[-100:100, 2, 3],
        np.s_[12, 12, 12],
    ):
        np.testing.assert_array_equal(stored[where], whole[where])
    with pytest.raises(IndexError, match="steps of 1"):
        stored[::2]
    with pytest.raises(IndexError):
        stored[40]


def test_stored_labels_travel_as_the_name_of_their_folder(stored: StoredLabels) -> None:
    message = pickle.dumps(stored)
    assert len(message) < 1000
    np.testing.assert_array_equal(pickle.loads(message)[3:9], stored[3:9])


def test_shapes_of_stored_labels_are_those_of_an_array(mask: Any, tmp_path: Path) -> None:
    expected = check_same_instances(mask, SETTINGS, tmp_path, EDGE)
    found = extract_blockwise(mask, SETTINGS, tmp_path, memory_limit=ENOUGH, place=Here())
    assert feature_table(iter_shapes(found)) == feature_table(iter_shapes(expected))


class Sections:
    """Labels that come in whole sections, and count how often each is read."""

    def __init__(self, array: Any) -> None:
        self.array, self.reads = array, np.zeros(len(array), int)
        self.shape, self.dtype, self.chunks = array.shape, array.dtype, (1, *array.shape[1:])

    def __getitem__(self, box: Any) -> Any:
        self.reads[box[0]] += 1
        return self.array[box]


@pytest.mark.parametrize("downsample", [1, 2])
def test_every_section_is_read_once(mask: Any, downsample: int, tmp_path: Path) -> None:
    sections = Sections(mask.astype(np.uint16))
    found = extract_blockwise(
        sections,
        SETTINGS.replace(downsample=downsample),
        tmp_path,
        memory_limit=ENOUGH,
        place=Here(),
        edge=(8, 8, 8),
    )
    assert found.report.kept > 3
    assert (sections.reads == 1).all()
