"""Films as the Cell Tracking Challenge has them, by its rules."""

from pathlib import Path

import numpy as np
import pytest
import tifffile
from ctc_metrics.metrics import valid
from ctc_metrics.utils.filesystem import parse_masks, read_tracking_file
from labelled_set import make_labelled_set

from napari_3dmsl.datasets.training.ctc import seen_tracks
from napari_3dmsl.datasets.training.lay_out import lay_out
from napari_3dmsl.datasets.training.settings import ToolLayout
from napari_3dmsl.timelapse.lineage import Track, check_lineage, read_man_track, write_man_track


def frames_of(*rows):
    """Frames of one row of pixels."""
    return [np.array([row], dtype=np.uint16) for row in rows]


def labels_in(frames):
    """Labels of each frame."""
    return [set(np.unique(frame).tolist()) - {0} for frame in frames]


def parents_of(tracks):
    """Parent of each track, 0 for none."""
    return {track.label: track.parents[0] if track.parents else 0 for track in tracks}


def test_what_is_seen_without_a_break_keeps_its_label():
    frames = frames_of([1, 2, 0], [1, 2, 0], [3, 4, 2])
    tracks, labels = seen_tracks({1: (), 2: (), 3: (1,), 4: (1,)}, frames)
    assert all(np.array_equal(new, old) for new, old in zip(labels, frames, strict=True))
    assert [(t.label, t.first, t.last) for t in tracks] == [
        (1, 0, 1),
        (2, 0, 2),
        (3, 2, 2),
        (4, 2, 2),
    ]
    assert parents_of(tracks) == {1: 0, 2: 0, 3: 1, 4: 1}
    check_lineage(tracks, labels_in(labels))


def test_what_hides_comes_back_as_a_child_of_itself():
    frames = frames_of([1, 2], [0, 2], [1, 2], [1, 0], [0, 2])
    tracks, labels = seen_tracks({1: (), 2: ()}, frames)
    assert [frame.tolist() for frame in labels] == [
        [[1, 2]],
        [[0, 2]],
        [[3, 2]],
        [[3, 0]],
        [[0, 4]],
    ]
    assert parents_of(tracks) == {1: 0, 2: 0, 3: 1, 4: 2}
    for track in tracks:
        seen = [frame for frame, found in enumerate(labels_in(labels)) if track.label in found]
        assert seen == list(range(track.first, track.last + 1))


def test_a_child_of_what_is_never_seen_has_the_next_ancestor():
    frames = frames_of([1], [0], [3])
    tracks, _ = seen_tracks({1: (), 2: (1,), 3: (2,)}, frames)
    assert parents_of(tracks) == {1: 0, 3: 1}


def test_after_a_fusion_the_larger_one_is_the_parent():
    tracks, _ = seen_tracks({1: (), 2: (), 3: (2, 1)}, frames_of([1, 2], [3, 3]))
    assert parents_of(tracks)[3] == 2


@pytest.mark.parametrize("planes", [1, 2])
def test_a_film_has_frames_masks_and_tracks(tmp_path: Path, planes: int):
    tracks = [Track(label, 0, 2) for label in (2, 3, 9, 300)]
    made = make_labelled_set(tmp_path / "set", frames=3, planes=planes, tracks=tracks)
    told = lay_out(tmp_path / "set", tmp_path / "out", ToolLayout(tool="ctc"))
    assert told.images == {"train": 6, "val": 3, "test": 3}
    name = "volume_instances" if planes > 1 else "instances"
    for place, sample in (("train/02", "scene1_con1"), ("test/01", "scene3_con1")):
        folder, truth = tmp_path / "out" / place, tmp_path / "out" / f"{place}_GT"
        masks = []
        for frame in range(3):
            image = tifffile.imread(folder / f"t{frame:03d}.tif")
            masks.append(tifffile.imread(truth / "TRA" / f"man_track{frame:03d}.tif"))
            same = tifffile.imread(truth / "SEG" / f"man_seg{frame:03d}.tif")
            assert np.array_equal(image, made[sample]["image"][frame].squeeze())
            assert np.array_equal(masks[-1], made[sample][name][frame].squeeze())
            assert np.array_equal(masks[-1], same)
            assert masks[-1].dtype == np.uint16
        check_lineage(read_man_track(truth / "TRA" / "man_track.txt"), labels_in(masks))
    lines = (tmp_path / "out" / "sequences.csv").read_text().splitlines()
    assert lines[:3] == ["part,sequence,sample", "train,01,scene0_con1", "train,02,scene1_con1"]


def test_the_tool_of_the_challenge_finds_the_tracks_valid(tmp_path: Path):
    tracks = [Track(label, 0, 2) for label in (2, 3, 9, 300)]
    make_labelled_set(tmp_path / "set", frames=3, tracks=tracks)
    lay_out(tmp_path / "set", tmp_path / "out", ToolLayout(tool="ctc"))
    truth = tmp_path / "out" / "val" / "01_GT" / "TRA"
    masks = parse_masks(str(truth))
    seen = [np.unique(tifffile.imread(path)).tolist() for path in masks]
    assert valid(masks, read_tracking_file(str(truth / "man_track.txt")), seen) == 1


@pytest.mark.parametrize("seed", range(5))
def test_the_tool_finds_any_hiding_valid(seed: int, tmp_path: Path):
    rng = np.random.default_rng(seed)
    frames = [rng.choice([0, 0, 1, 2, 3, 4, 5], (3, 4)).astype(np.uint16) for _ in range(12)]
    tracks, labels = seen_tracks({1: (), 2: (), 3: (1,), 4: (1, 2), 5: (4,)}, frames)
    write_man_track(tracks, tmp_path / "man_track.txt")
    lines = read_tracking_file(str(tmp_path / "man_track.txt"))
    names = [f"man_track{frame:03d}.tif" for frame in range(12)]
    assert valid(names, lines, [np.unique(pixels).tolist() for pixels in labels]) == 1
    for new, old in zip(labels, frames, strict=True):
        assert np.array_equal(new > 0, old > 0)
        pairs = {*zip(new.ravel().tolist(), old.ravel().tolist(), strict=True)}
        assert len(pairs) == len(np.unique(new))  # objects keep their pixels


def test_a_film_without_tracks_is_refused(tmp_path: Path):
    make_labelled_set(tmp_path / "set", frames=2)
    with pytest.raises(ValueError, match="needs the ground truth tracks"):
        lay_out(tmp_path / "set", tmp_path / "out", ToolLayout(tool="ctc"))
