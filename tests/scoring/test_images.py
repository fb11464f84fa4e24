"""All scores of one image: which there are, of what, and what is left out with a note."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from label_blocks import blobs
from scipy import ndimage
from solids import draw_ball

from napari_3dmsl import ScoreSettings, open_lazy, score_images
from napari_3dmsl.scoring.measures import MEASURES
from napari_3dmsl.scoring.topology import betti_error

PIXELS = {"dice", "iou", "cldice", "betti_patch_error"}
BETTI = {"betti_error", "betti_0_error", "betti_1_error"}
OBJECTS = {"pq", "sq", "rq", "ap_50", "ap_75", "ap_mean"}
SURFACES = {"chamfer_um", "accuracy_um", "completeness_um"}


@pytest.fixture
def labels() -> np.ndarray:
    return blobs(np.random.default_rng(3), (24, 30), 6)


def test_a_perfect_prediction_has_the_best_of_every_score(labels: np.ndarray) -> None:
    score = score_images(labels, labels)
    assert set(score.values) == PIXELS | BETTI | OBJECTS
    assert score.values == {name: MEASURES[name].best for name in score.values}
    assert score.notes == ()


def test_masks_have_no_objects_unless_they_are_asked_for(labels: np.ndarray) -> None:
    mask = labels > 2
    assert set(score_images(mask, mask).values) == PIXELS | BETTI
    assert set(score_images(labels, mask).values) == PIXELS | BETTI
    dots = np.kron(np.eye(4), [[1, 1, 0], [1, 1, 0], [0, 0, 0]])
    parts = score_images(dots, dots, ScoreSettings(objects="components"))
    assert parts.details["objects"]["truths"] == 4
    assert parts.values["pq"] == 1.0
    alone = score_images(labels, labels, ScoreSettings(objects="mask"))
    assert not OBJECTS & set(alone.values)
    one = score_images(labels == 2, labels == 2, ScoreSettings(objects="labels"))
    assert one.details["objects"]["truths"] == 1


@pytest.mark.parametrize("size", [(0, 1, 1), (100, 100), 50, "abc"])
def test_a_voxel_size_that_is_none_is_refused(labels: np.ndarray, size: Any) -> None:
    with pytest.raises(ValueError, match=r"voxel_nm = .*: expected three sizes in nm"):
        score_images(labels, labels, voxel_nm=size)
    score_images(labels, labels, voxel_nm=np.array([100.0, 50, 50]))


@pytest.mark.parametrize("shape", [(5, 1, 1), (1, 5, 5), (3, 1, 3), (3, 3, 3)])
def test_volumes_of_a_plane_or_a_line_are_scored(shape: tuple[int, ...]) -> None:
    mask = np.zeros(shape, bool)
    mask[::2, ::2, ::2] = True  # as many pieces as there can be
    score = score_images(mask, mask, ScoreSettings(objects="components"))
    assert score.values["cldice"] == score.values["pq"] == 1
    assert score.details["objects"]["truths"] == ndimage.label(mask, np.ones((3, 3, 3)))[1]


def test_details_hold_the_counts_behind_the_scores(labels: np.ndarray) -> None:
    prediction = np.roll(labels, 1, 0)
    score = score_images(labels, prediction, ScoreSettings(patch=0, centrelines=False))
    pixels = score.details["pixels"]
    assert pixels["both"] + pixels["missed"] == np.count_nonzero(labels)
    assert score.values["betti_error"] == betti_error(labels, prediction)
    assert not {"betti_patch_error", "cldice"} & set(score.values)


def test_volumes_have_cavities_and_distances_of_surfaces() -> None:
    truth = draw_ball((25, 25, 25), (12, 12, 12), 10)
    prediction = truth & ~draw_ball((25, 25, 25), (12, 12, 12), 4)
    settings = ScoreSettings(surfaces=True, points=2000, voxel_nm=(200, 100, 100))
    score = score_images(truth, prediction, settings)
    assert set(score.values) == PIXELS | BETTI | {"betti_2_error"} | SURFACES
    assert (score.values["betti_2_error"], score.values["betti_error"]) == (1.0, 1.0)
    assert score.values["iou"] == prediction.sum() / truth.sum()
    assert score.values["accuracy_um"] > score.values["completeness_um"]
    smaller = score_images(truth, prediction, settings, voxel_nm=(1, 1, 1))
    assert smaller.values == score.values  # the settings win
    half = ScoreSettings(surfaces=True, points=2000)
    found = score_images(truth, prediction, half, voxel_nm=(100, 50, 50))
    assert found.values["chamfer_um"] == pytest.approx(score.values["chamfer_um"] / 2)


@pytest.mark.parametrize("shape", [(8, 9), (5, 6, 7)])
def test_nothing_beside_nothing_is_agreement(shape: tuple[int, ...]) -> None:
    nothing, something = np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)
    something[2:4, 2:4] = 5
    settings = ScoreSettings(objects="labels", surfaces=True, voxel_nm=(1, 1, 1))
    score = score_images(nothing, nothing, settings)
    assert score.is_empty
    assert score.values == {name: MEASURES[name].best for name in score.values}
    for pair in ((nothing, something), (something, nothing)):
        found = score_images(*pair, settings)
        assert not found.is_empty
        assert {found.values[name] for name in ("dice", "iou", "cldice", "pq", "ap_50")} == {0.0}
        assert found.values["betti_error"] == 1.0
        assert not SURFACES & set(found.values)


def test_types_may_differ_and_values_that_are_no_labels_are_refused(labels: np.ndarray) -> None:
    as_float = labels.astype(np.float32)
    assert score_images(labels.astype(np.uint64), as_float).values["pq"] == 1.0
    assert score_images(labels.astype(">i2"), labels > 0).values["dice"] == 1.0
    with pytest.raises(ValueError, match=r"the prediction: labels must be whole .* Threshold it"):
        score_images(labels, as_float / 7)
    with pytest.raises(ValueError, match="the truth: labels must be 0 .* the lowest is -6$"):
        score_images(-labels, labels)
    with pytest.raises(ValueError, match="the truth has 24 × 30 pixels and the prediction 24 × 29"):
        score_images(labels, labels[:, 1:])
    with pytest.raises(ValueError, match="expected 2D or 3D"):
        score_images(labels[0], labels[0])


def test_volumes_on_disk_are_scored_without_what_does_not_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import zarr

    volume = blobs(np.random.default_rng(0), (20, 30, 30), 40)
    for name, each in (("truth", volume), ("found", np.roll(volume, 1, 0))):
        group = zarr.open_array(
            tmp_path / f"{name}.zarr", mode="w", shape=volume.shape, chunks=(8, 16, 16), dtype="u4"
        )
        group[:] = each
    lazy = [open_lazy(tmp_path / f"{name}.zarr").labels for name in ("truth", "found")]
    whole = score_images(volume, np.roll(volume, 1, 0))
    assert score_images(*lazy).values == whole.values
    monkeypatch.setenv("NAPARI_3DMSL_MEMORY_GB", "0.0002")
    found = score_images(*lazy)
    assert set(found.values) == {"dice", "iou"} | OBJECTS
    assert found.values.items() <= whole.values.items()
    [note] = found.notes
    assert note.startswith("topology, centrelines and surfaces left out: they would take")


def test_progress_tells_each_step_and_cancels(labels: np.ndarray) -> None:
    told: list[str] = []
    score_images(labels, labels, progress=lambda *step: told.append(step[2]))
    assert told[0] == "Counting pixels"
    assert {"Topology", "Topology of patches", "Centrelines"} < set(told)
    assert told[-1] == "Scored"

    def stop(done: int, total: int, what: str) -> None:
        if what == "Topology of patches":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score_images(labels, labels, progress=stop)
