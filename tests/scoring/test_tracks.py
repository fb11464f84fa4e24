"""Tracks, against a count of corrections by hand and against py-ctcmetrics reading the files."""

from __future__ import annotations

import builtins
import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from ctc_metrics.scripts.evaluate import evaluate_sequence
from labelled_set import make_labelled_set

from napari_3dmsl.datasets.training.lay_out import lay_out
from napari_3dmsl.datasets.training.settings import ToolLayout
from napari_3dmsl.scoring.files import score_files
from napari_3dmsl.scoring.track_folders import open_tracks, sequences_in
from napari_3dmsl.scoring.tracks import track_scores
from napari_3dmsl.timelapse.lineage import Track

FRAMES = 4
WHOLE = 10 * 3 * FRAMES + 1.5 * 3 * (FRAMES - 1)  # drawing 12 objects and 9 links anew


def frames_of(labels: list[dict[int, int]], depth: int = 0) -> list[np.ndarray]:
    """Frames in which an object of 4 × 4 pixels lies in each of the rows that are named."""
    frames = []
    for frame, seen in enumerate(labels):
        image = np.zeros((24, 24), np.uint16)
        for row, label in seen.items():
            image[8 * row : 8 * row + 4, 2 + frame : 6 + frame] = label
        frames.append(np.stack([image] * depth) if depth else image)
    return frames


def write(
    folder: Path,
    frames: list[np.ndarray],
    text: str,
    kind: str = "man",
    numbers: Iterable[str] = ("000", "001", "002", "003"),
) -> Path:
    folder.mkdir(parents=True)
    stem = "man_track" if kind == "man" else "mask"
    for number, frame in zip(numbers, frames, strict=False):
        tifffile.imwrite(folder / f"{stem}{number}.tif", frame)
    (folder / f"{kind}_track.txt").write_text(text)
    return folder


TRACKS = "1 0 3 0\n2 0 3 0\n3 0 3 0\n"
SEEN = [{0: 1, 1: 2, 2: 3}] * FRAMES


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    write(tmp_path / "01_GT" / "TRA", frames_of(SEEN), TRACKS)
    return tmp_path / "01_GT"


def scores(truth: Path, prediction: Path) -> tuple[dict[str, float], dict[str, Any]]:
    return track_scores(open_tracks(truth), open_tracks(prediction, result=True))


def test_the_truth_beside_itself_is_one(truth: Path) -> None:
    found, counts = scores(truth, truth)
    assert found == {"seg": 1.0, "det": 1.0, "tra": 1.0}
    assert (counts["objects"], counts["links"], counts["aogm"]) == (12, 9, 0.0)


def test_a_broken_link_lowers_tra_by_the_weight_of_drawing_it(truth: Path, tmp_path: Path) -> None:
    seen = [SEEN[0], SEEN[1], {0: 4, 1: 2, 2: 3}, {0: 4, 1: 2, 2: 3}]
    text = "1 0 1 0\n2 0 3 0\n3 0 3 0\n4 2 3 0\n"
    found, counts = scores(truth, write(tmp_path / "01_RES", frames_of(seen), text, "res"))
    assert counts["missing_links"] == 1
    assert found["tra"] == pytest.approx(1 - 1.5 / WHOLE)
    assert (found["det"], found["seg"]) == (1.0, 1.0)
    text = text.replace("4 2 3 0", "4 2 3 1")  # a division of one daughter: wrong, but a link
    found, counts = scores(truth, write(tmp_path / "02_RES", frames_of(seen), text, "res"))
    assert counts["wrong_links"] == 1
    assert found["tra"] == pytest.approx(1 - 1 / WHOLE)


def test_missed_false_and_joined_objects_count_as_the_challenge_weights_them(
    truth: Path, tmp_path: Path
) -> None:
    frames = frames_of([{0: 1, 1: 2}] * FRAMES)
    frames[0][20:22, 15:17] = 9  # false, for one frame
    text = "1 0 3 0\n2 0 3 0\n9 0 0 0\n"
    found, counts = scores(truth, write(tmp_path / "01_RES", frames, text, "res"))
    assert (counts["missed_objects"], counts["false_objects"]) == (4, 1)
    assert found["det"] == pytest.approx(1 - (4 * 10 + 1) / (12 * 10))
    assert found["tra"] == pytest.approx(1 - (4 * 10 + 1 + 3 * 1.5) / WHOLE)
    assert found["seg"] == pytest.approx(8 / 12)


@pytest.mark.parametrize("depth", [0, 2])
def test_files_give_what_py_ctcmetrics_says_of_them(tmp_path: Path, depth: int) -> None:
    seen = [{0: 1, 1: 2}, {0: 1, 1: 2}, {0: 3, 1: 2, 2: 4}, {0: 3, 2: 4}]
    gold = write(
        tmp_path / "01_GT" / "TRA",
        frames_of(seen, depth),
        "1 0 1 0\n2 0 2 0\n3 2 3 1\n4 2 3 1\n",
    )
    (gold.parent / "SEG").mkdir()
    for number in (1, 3):
        mask = frames_of(seen, depth)[number]
        tifffile.imwrite(gold.parent / "SEG" / f"man_seg{number:03d}.tif", np.roll(mask, 1, -1))
    other = [{0: 1, 1: 2}, {0: 1, 1: 2}, {0: 1, 1: 2, 2: 6}, {0: 1, 2: 7}]
    frames = [np.roll(frame, 1, -2) for frame in frames_of(other, depth)]
    frames[0][..., 20:22, 15:17] = 9
    text = "1 0 3 0\n2 0 2 0\n6 2 2 0\n7 3 3 6\n9 0 0 0\n"
    result = write(tmp_path / "01_RES", frames, text, "res")
    expected = evaluate_sequence(
        str(result), str(gold.parent), metrics=["SEG", "TRA", "DET"], threads=1
    )
    found, _ = scores(gold.parent, result)
    assert found == pytest.approx({name.lower(): expected[name] for name in ("SEG", "DET", "TRA")})
    assert found["tra"] < found["det"] < 1


def test_frames_are_the_numbers_in_the_names(tmp_path: Path) -> None:
    numbers = ["001", "002", "003", "004"]
    seen = [{0: 1, 1: 2}, {0: 1, 1: 2}, {0: 3, 1: 2, 2: 4}, {0: 3, 2: 4}]
    text = "1 1 2 0\n2 1 3 0\n3 3 4 1\n4 3 4 1\n"
    gold = write(tmp_path / "01_GT" / "TRA", frames_of(seen), text, numbers=numbers).parent
    (gold / "SEG").mkdir()
    tifffile.imwrite(gold / "SEG" / "man_seg002.tif", frames_of(seen)[1])
    other = write(tmp_path / "01_RES", frames_of(seen), text, "res", [f"0{n}" for n in numbers])
    found, counts = scores(gold, other)
    assert found == {"seg": 1.0, "det": 1.0, "tra": 1.0}
    assert (counts["objects"], counts["links"]) == (9, 7)  # 5 along tracks, 2 to the daughters
    (gold / "SEG" / "man_seg002.tif").rename(gold / "SEG" / "man_seg003.tif")
    assert scores(gold, other)[0]["seg"] == 12 / 20  # 4 × 4 pixels, moved by one since


def test_frames_that_lack_are_told_by_their_numbers(truth: Path, tmp_path: Path) -> None:
    apart = write(
        tmp_path / "01_RES",
        frames_of(SEEN),
        TRACKS.replace("0 3 0", "2 8 0"),
        "res",
        ["002", "004", "006", "008"],
    )
    with pytest.raises(
        ValueError,
        match=r"01_RES has no mask of frame 0 to 1, 3 and .*01_GT has no mask of frame 4, 6, 8; ",
    ):
        scores(truth, apart)
    (apart / "res_track.txt").write_text(TRACKS)  # counted from 0, whatever the masks are called
    with pytest.raises(ValueError, match=r"01_RES has no mask of frame 0 to 1, 3 and "):
        scores(truth, apart)
    with pytest.raises(ValueError, match=r"no mask has the number 0, 3 in its name; they have 2, "):
        scores(apart, apart)
    (apart / "res_track.txt").write_text(TRACKS.replace("0 3 0", "2 8 0"))
    alike = scores(apart, apart)[0]  # every other frame, in both
    assert alike == {"seg": 1.0, "det": 1.0, "tra": 1.0}
    more = write(
        tmp_path / "02_RES", frames_of(SEEN * 2)[:5], TRACKS, "res", ["000", "1", "2", "3", "4"]
    )
    with pytest.raises(ValueError, match=r"01_GT has no mask of frame 4; expected the same frames"):
        scores(truth, more)


def test_masks_whose_frame_is_not_clear_are_told(truth: Path) -> None:
    mask = truth / "TRA" / "man_track001.tif"
    (truth / "TRA" / "man_track0001.tif").write_bytes(mask.read_bytes())
    with pytest.raises(ValueError, match=r"001\.tif: man_track0*1\.tif is of frame 1, too; "):
        open_tracks(truth)
    (truth / "TRA" / "man_track0001.tif").rename(truth / "TRA" / "man_track_last.tif")
    with pytest.raises(ValueError, match=r"man_track_last\.tif: no number of a frame at the end"):
        open_tracks(truth)


def with_planes(folder: Path, planes: list[tuple[int, int]]) -> tuple[Path, Path]:
    """A volume whose planes are moved by their number, and a truth of some planes as it was."""
    volumes = frames_of(SEEN, depth=4)
    gold = write(folder / "01_GT" / "TRA", volumes, TRACKS).parent
    (gold / "SEG").mkdir()
    for frame, plane in planes:
        name = f"man_seg_{frame:03d}_{plane:03d}.tif"
        tifffile.imwrite(gold / "SEG" / name, volumes[frame][plane])
    moved = [np.stack([np.roll(p, z, 1) for z, p in enumerate(volume)]) for volume in volumes]
    return gold, write(folder / "01_RES", moved, TRACKS, "res")


def test_planes_of_volumes_are_scored_as_py_ctcmetrics_does(tmp_path: Path) -> None:
    gold, result = with_planes(tmp_path, [(0, 1), (1, 0), (3, 3)])
    expected = evaluate_sequence(str(result), str(gold), metrics=["SEG"], threads=1)["SEG"]
    found, _ = scores(gold, result)
    assert found["seg"] == pytest.approx(expected)
    assert found["seg"] == pytest.approx((12 / 20 + 1 + 0) / 3)  # moved by 1, 0 and 3 of 4 pixels


def test_each_plane_of_a_frame_counts_by_itself(tmp_path: Path) -> None:
    gold, result = with_planes(tmp_path, [(0, 0), (0, 1), (2, 1)])
    assert scores(gold, result)[0]["seg"] == pytest.approx((1 + 2 * 12 / 20) / 3)
    (gold / "SEG" / "man_seg_002_001.tif").rename(gold / "SEG" / "man_seg_002_004.tif")
    with pytest.raises(ValueError, match=r"002_004.tif is of plane 4, but .*mask002.tif has 4, "):
        scores(gold, result)


def test_a_segmentation_of_another_frame_is_told(truth: Path) -> None:
    (truth / "SEG").mkdir()
    tifffile.imwrite(truth / "SEG" / "man_seg009.tif", frames_of(SEEN)[0])
    with pytest.raises(ValueError, match=r"man_seg009.tif: the tracks have no mask of frame 9; "):
        scores(truth, truth)


def test_a_sequence_without_a_segmented_object_has_no_seg(truth: Path, tmp_path: Path) -> None:
    (truth / "SEG").mkdir()
    tifffile.imwrite(truth / "SEG" / "man_seg001.tif", np.zeros((24, 24), np.uint16))
    write(tmp_path / "01_RES", frames_of(SEEN), TRACKS, "res")
    alone = score_files(truth, tmp_path / "01_RES")
    assert alone.notes == (f"{truth}: no SEG: the folder SEG shows no object",)
    assert alone.lines()[1].split() == ["SEG", "–", "1"]
    told = json.loads(json.dumps(alone.to_json(), allow_nan=False))
    assert told["scores"]["seg"] == {"mean": None, "interval_95": None, "count": 0}
    assert told["each"][0]["seg"] is None
    write(tmp_path / "02_GT" / "TRA", frames_of(SEEN), TRACKS)
    write(tmp_path / "02_RES", frames_of(SEEN), TRACKS, "res")
    both = score_files(tmp_path, tmp_path)
    assert (both.means["seg"].mean, both.means["seg"].images) == (1.0, 1)
    assert (both.means["tra"].mean, both.means["tra"].images) == (1.0, 2)


def test_sequences_of_a_data_set_are_paired_by_number(truth: Path, tmp_path: Path) -> None:
    write(tmp_path / "02_GT" / "TRA", frames_of(SEEN), TRACKS)
    for number in ("01", "02"):
        write(tmp_path / f"{number}_RES", frames_of(SEEN), TRACKS, "res")
    assert set(sequences_in(tmp_path)) == {"01_GT", "02_GT", "01_RES", "02_RES"}
    table = score_files(tmp_path, tmp_path)
    assert [score.name for score in table.scores] == ["01_GT", "02_GT"]
    assert table.means["tra"].mean == 1.0
    alone = score_files(truth, tmp_path / "01_RES")
    assert alone.means["seg"].images == 1
    assert "no folder SEG" in alone.notes[0]


def test_hidden_files_of_macos_are_no_tracks(truth: Path) -> None:
    (truth / "TRA" / "._man_track.txt").write_bytes(b"\0\5\x16\7\0")
    (truth / "TRA" / "._man_track000.tif").write_bytes(b"\0\5\x16\7\0")
    assert score_files(truth, truth).means["tra"].mean == 1.0


def test_truth_and_result_in_one_folder_are_told_apart_by_their_names(
    truth: Path, tmp_path: Path
) -> None:
    seen = [SEEN[0], SEEN[1], {0: 4, 1: 2, 2: 3}, {0: 4, 1: 2, 2: 3}]
    text = "1 0 1 0\n2 0 3 0\n3 0 3 0\n4 2 3 0\n"
    result = write(tmp_path / "01_RES", frames_of(seen), text, "res")
    for file in result.iterdir():
        file.rename(truth / "TRA" / file.name)
    table = score_files(truth / "TRA", truth / "TRA")
    assert table.means["tra"].mean == pytest.approx(1 - 1.5 / WHOLE)  # the link that is broken


def test_of_several_results_that_of_the_name_res_is_scored(truth: Path, tmp_path: Path) -> None:
    nothing = [np.zeros((24, 24), np.uint16)] * FRAMES
    write(tmp_path / "01_RES", frames_of(SEEN), TRACKS, "res")
    for other in ("01_ST", "01_ERR_SEG"):
        write(tmp_path / other, nothing, "", "res")
    assert score_files(tmp_path, tmp_path).means["tra"].mean == 1.0
    shutil.rmtree(tmp_path / "01_RES")
    with pytest.raises(ValueError, match="01_ERR_SEG and 01_ST may be the result for sequence 01;"):
        score_files(tmp_path, tmp_path)
    shutil.rmtree(tmp_path / "01_ERR_SEG")
    assert score_files(tmp_path, tmp_path).means["tra"].mean == 0.0
    write(tmp_path / "02_GT" / "TRA", frames_of(SEEN), TRACKS)
    with pytest.raises(ValueError, match="no result for sequence 02; expected 02_RES and so on"):
        score_files(tmp_path, tmp_path)


def test_a_data_set_without_truth_is_told(truth: Path, tmp_path: Path) -> None:
    for name in ("01_RES", "02_RES"):
        write(tmp_path / "found" / name, frames_of(SEEN), TRACKS, "res")
    with pytest.raises(ValueError, match="found: no truth, only 01_RES, 02_RES; expected 01_GT"):
        score_files(tmp_path / "found", tmp_path)


def test_films_that_are_laid_out_for_the_challenge_score_one_beside_themselves(
    tmp_path: Path,
) -> None:
    tracks = [Track(label, 0, 2) for label in (2, 3, 9, 300)]
    make_labelled_set(tmp_path / "set", frames=3, planes=2, tracks=tracks)
    lay_out(tmp_path / "set", tmp_path / "out", ToolLayout(tool="ctc"))
    table = score_files(tmp_path / "out" / "train", tmp_path / "out" / "train")
    assert [score.name for score in table.scores] == ["01_GT", "02_GT"]
    assert {name: mean.mean for name, mean in table.means.items()} == {
        "seg": 1.0,
        "det": 1.0,
        "tra": 1.0,
    }
    assert (table.what, table.notes) == (
        "sequences",
        ("2 sequences: intervals of so few are too narrow",),
    )


def test_numbers_above_16_bits_and_empty_results_are_scored(truth: Path, tmp_path: Path) -> None:
    frames = [np.where(frame, frame + np.uint32(2**32 - 9), 0) for frame in frames_of(SEEN)]
    text = "".join(f"{label + 2**32 - 9} 0 3 0\n" for label in (1, 2, 3))
    frames = [frame.astype(np.uint32) for frame in frames]
    large = write(tmp_path / "01_RES", frames, text, "res")
    assert scores(truth, large)[0] == {"seg": 1.0, "det": 1.0, "tra": 1.0}
    nothing = [np.zeros((24, 24), np.uint16)] * FRAMES
    empty = write(tmp_path / "02_RES", nothing, "", "res")
    assert set(scores(truth, empty)[0].values()) == {0.0}
    with pytest.raises(ValueError, match="no frame of the truth shows an object"):
        scores(empty, truth)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("1 0 3 0\n2 0 3 0\n", "label 3 is seen, but has no track in frame 0"),
        (TRACKS + "4 1 2 0\n", "label 4 is not seen, but its track says that it should in frame 1"),
        (TRACKS + "1 0 3 0\n", "a label has two lines"),
        ("1 0 9 0\n", "1 lasts .* but no mask has the number 9 in its name; they have 0 to 3"),
        ("1 3 2 0\n", "expected labels above 0 and the first frame first"),
        (TRACKS.replace("3 0 3 0", "3 0 3 2"), "its parent 2 does not end before"),
        (TRACKS.replace("3 0 3 0", "3 0 3 7"), "has the parent 7, but there is no track 7"),
    ],
)
def test_tracks_that_cannot_be_are_told_in_one_line(
    truth: Path, tmp_path: Path, text: str, problem: str
) -> None:
    result = write(tmp_path / "01_RES", frames_of(SEEN), text, "res")
    with pytest.raises(ValueError, match=problem):
        scores(truth, result)


def test_other_frames_and_missing_tracks_are_told(truth: Path, tmp_path: Path) -> None:
    short = write(tmp_path / "01_RES", frames_of(SEEN[:3]), TRACKS, "res")
    with pytest.raises(
        ValueError, match=r"01_RES has no mask of frame 3; expected the same frames"
    ):
        scores(truth, short)
    (tmp_path / "plain").mkdir()
    with pytest.raises(ValueError, match="plain: no tracks, but .*01_GT has some"):
        score_files(truth, tmp_path / "plain")


def test_a_missing_package_gives_the_line_to_install_it(
    truth: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = builtins.__import__

    def without(name: str, *more: Any, **named: Any) -> Any:
        if name.startswith("ctc_metrics"):
            raise ImportError(name)
        return whole(name, *more, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ValueError, match=r"py-ctcmetrics: pip install 'napari-3dmsl\[score\]'"):
        scores(truth, truth)
