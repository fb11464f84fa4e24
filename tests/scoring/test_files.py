"""Files and folders of masks, labels and meshes: how they are read, paired and put together."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import tifffile
import trimesh
from label_blocks import blobs
from PIL import Image

from napari_3dmsl import ScoreSettings, score_files, score_images, write_ome_tiff, write_ome_zarr
from napari_3dmsl.scoring.label_files import read_labels
from napari_3dmsl.scoring.pairs import image_name
from napari_3dmsl.scoring.table import mean_of


@pytest.fixture
def images() -> list[np.ndarray]:
    rng = np.random.default_rng(1)
    return [blobs(rng, (24, 30), 6).astype(np.uint16) for _ in range(3)]


@pytest.fixture
def folders(tmp_path: Path, images: list[np.ndarray]) -> Path:
    for name in ("truth", "found"):
        (tmp_path / name).mkdir()
    for number, image in enumerate(images):
        tifffile.imwrite(tmp_path / "truth" / f"cell_{number}.tif", image)
        moved = np.roll(image, number, 0)
        Image.fromarray(moved.astype(np.uint8)).save(
            tmp_path / "found" / f"cell_{number}_cp_masks.png"
        )
    return tmp_path


def test_files_of_folders_are_paired_and_each_is_scored_as_its_arrays(
    folders: Path, images: list[np.ndarray]
) -> None:
    table = score_files(folders / "truth", folders / "found")
    assert [score.name for score in table.scores] == ["cell_0", "cell_1", "cell_2"]
    for number, (score, image) in enumerate(zip(table.scores, images, strict=True)):
        assert score.values == score_images(image, np.roll(image, number, 0)).values
    dice = [score.values["dice"] for score in table.scores]
    assert table.means["dice"].mean == np.mean(dice)
    assert min(dice) <= table.means["dice"].low < table.means["dice"].high <= 1.0
    assert table.pooled["pq"] != table.means["pq"].mean
    assert "3 images: intervals of so few are too narrow" in table.notes


def test_the_table_names_each_score_with_unit_and_best_and_json_has_all(folders: Path) -> None:
    table = score_files(folders / "truth", folders / "found")
    lines = table.lines()
    assert lines[0].split() == [
        "score",
        "mean",
        "95",
        "%",
        "interval",
        "images",
        "all",
        "objects",
        "together",
        "unit",
        "best",
    ]
    assert any(line.startswith("Dice ") and " to " in line for line in lines)
    assert any(line.startswith("Betti-number error ") and "features" in line for line in lines)
    told = json.loads(json.dumps(table.to_json(), allow_nan=False))
    assert len(told["each"]) == 3
    assert told["each"][0]["details"]["objects"]["paired_at"]["0.50"] > 0
    assert told["measures"]["dice"]["meaning"]
    alone = score_files(folders / "truth" / "cell_1.tif", folders / "found" / "cell_1_cp_masks.png")
    assert alone.lines()[0].split() == ["score", "value", "unit", "best"]
    assert alone.to_json()["scores"]["dice"]["interval_95"] is None


def test_objects_are_settled_for_the_whole_set(tmp_path: Path) -> None:
    for name, one in (("truth", 1), ("found", 3)):
        (tmp_path / name).mkdir()
        single, several = np.zeros((8, 8), np.uint8), np.zeros((8, 8), np.uint8)
        single[:3], several[:3], several[5:] = one, 1, 2
        tifffile.imwrite(tmp_path / name / "a.tif", single)
        tifffile.imwrite(tmp_path / name / "b.tif", several)
    assert score_files(tmp_path / "truth", tmp_path / "found").means["pq"].images == 2
    tifffile.imwrite(tmp_path / "found" / "b.tif", (several > 0) * np.uint8(255))
    table = score_files(tmp_path / "truth", tmp_path / "found")
    assert "pq" not in table.means
    assert "objects not scored: the prediction is a mask of one number" in table.notes[0]


def test_what_cannot_be_paired_is_told(folders: Path) -> None:
    (folders / "found" / "more.png").write_bytes(
        (folders / "found" / "cell_0_cp_masks.png").read_bytes()
    )
    table = score_files(folders / "truth", folders / "found")
    assert table.notes[0] == "1 predictions have no truth and are left out: more"
    (folders / "found" / "cell_2_cp_masks.png").unlink()
    with pytest.raises(ValueError, match=r"found: no prediction for cell_2.tif; expected a file"):
        score_files(folders / "truth", folders / "found")
    tifffile.imwrite(folders / "truth" / "cell_0.gt.tif", np.ones((4, 4), np.uint8))
    tifffile.imwrite(folders / "truth" / "cell_0_mask.tif", np.ones((4, 4), np.uint8))
    with pytest.raises(ValueError, match=r"cell_0.gt.tif and cell_0_mask.tif are both of"):
        score_files(folders / "truth", folders / "found")
    with pytest.raises(ValueError, match="is a file and .* a folder"):
        score_files(folders / "truth" / "cell_1.tif", folders / "found")
    (folders / "empty").mkdir()
    with pytest.raises(ValueError, match="empty: nothing to score; expected masks or labels"):
        score_files(folders / "empty", folders / "found")
    with pytest.raises(ValueError, match=r"nothing to score; .* there are some in .*found$"):
        score_files(folders, folders / "found")
    with pytest.raises(ValueError, match="nowhere: no such file or folder"):
        score_files(folders / "nowhere", folders / "found")
    assert image_name(Path("a_1_cp_masks.ome.tif")) == "a_1"
    assert image_name(Path("mask.png")) == "mask"


def test_shapes_that_differ_name_both_files(folders: Path) -> None:
    tifffile.imwrite(folders / "truth" / "cell_1.tif", np.ones((24, 29), np.uint8))
    with pytest.raises(
        ValueError, match=r"truth/cell_1.tif and .*/found/cell_1_cp_masks.png: the truth has 24 × "
    ):
        score_files(folders / "truth", folders / "found")


def test_every_format_reads_as_the_same_labels(tmp_path: Path, images: list[np.ndarray]) -> None:
    image = images[0]
    volume = np.stack([image, images[1]]).astype(np.uint16)
    write_ome_tiff(tmp_path / "ome.ome.tif", image, [0.1, 0.1])
    tifffile.imwrite(tmp_path / "axis.tif", image[None, None])
    tifffile.imwrite(tmp_path / "rgb.tif", np.stack([image.astype(np.uint8)] * 3, -1))
    palette = Image.fromarray(image.astype(np.uint8)).convert("P")
    palette.putdata(image.ravel().tolist())
    palette.save(tmp_path / "palette.png")
    Image.fromarray(np.stack([image.astype(np.uint8)] * 3, -1)).save(tmp_path / "rgb.png")
    Image.fromarray(image).save(tmp_path / "deep.png")
    np.save(tmp_path / "array.npy", image)
    write_ome_zarr(tmp_path / "image.zarr", image * 5, [0.1, 0.1], {}, labels={"instances": image})
    for path in sorted(tmp_path.iterdir()):
        found = read_labels(path)
        assert np.array_equal(found.labels, image), path.name
        assert not found.frames
    write_ome_tiff(tmp_path / "volume.ome.tif", volume, [0.2, 0.1, 0.1])
    read = read_labels(tmp_path / "volume.ome.tif")
    assert np.array_equal(read.labels, volume)
    assert read.voxel_nm == pytest.approx((200, 100, 100))


def test_frames_are_scored_one_by_one(tmp_path: Path, images: list[np.ndarray]) -> None:
    film = np.stack(images)
    write_ome_tiff(tmp_path / "truth.ome.tif", film, [0.1, 0.1], axes="TYX", frame_s=1.0)
    write_ome_tiff(tmp_path / "found.ome.tif", film[::-1], [0.1, 0.1], axes="TYX", frame_s=1.0)
    table = score_files(tmp_path / "truth.ome.tif", tmp_path / "found.ome.tif")
    assert [score.name for score in table.scores] == [
        f"truth.ome.tif frame {number}" for number in range(3)
    ]
    assert table.scores[1].values["pq"] == 1.0


def test_damaged_and_coloured_files_are_refused_in_one_line(tmp_path: Path) -> None:
    good = tmp_path / "good.png"
    Image.fromarray(np.eye(4, dtype=np.uint8)).save(good)
    (tmp_path / "bad.png").write_bytes(good.read_bytes()[:40])
    with pytest.raises(ValueError, match=r"bad.png: cannot read this PNG"):
        score_files(tmp_path / "bad.png", good)
    colours = np.zeros((4, 4, 3), np.uint8)
    colours[..., 1] = 9
    Image.fromarray(colours).save(tmp_path / "colour.png")
    with pytest.raises(ValueError, match=r"colour.png: a coloured picture; save the numbers"):
        score_files(good, tmp_path / "colour.png")
    (tmp_path / "text.txt").write_text("1")
    with pytest.raises(ValueError, match="no labels; expected TIFF"):
        score_files(tmp_path / "text.txt", good)


def test_meshes_have_distances_in_um_and_an_overlap(tmp_path: Path) -> None:
    for name, radius in (("truth", 10.0), ("found", 12.0)):
        (tmp_path / name).mkdir()
        trimesh.creation.icosphere(subdivisions=3, radius=radius).export(tmp_path / name / "a.off")
    settings = ScoreSettings(points=5000)
    table = score_files(tmp_path / "truth", tmp_path / "found", settings, mesh_unit_um=0.1)
    assert table.means["chamfer_um"].mean == pytest.approx(0.2, abs=0.005)
    assert table.means["iou"].mean == pytest.approx((10 / 12) ** 3, abs=0.03)
    assert math.isnan(table.means["iou"].low)
    again = score_files(tmp_path / "truth", tmp_path / "found", settings, mesh_unit_um=0.1)
    assert again.scores == table.scores


def test_a_mesh_with_a_hole_has_its_distance_and_a_note(tmp_path: Path) -> None:
    ball = trimesh.creation.icosphere(subdivisions=2)
    ball.export(tmp_path / "whole.ply")
    ball.faces = ball.faces[1:]
    ball.export(tmp_path / "hole.ply")
    table = score_files(tmp_path / "whole.ply", tmp_path / "hole.ply", ScoreSettings(points=500))
    assert set(table.means) == {"chamfer_um", "accuracy_um", "completeness_um"}
    assert "whole.ply: no overlap: the prediction: the mesh has a hole" in table.notes[0]


def saved(folder: Path, *names: str, pixels: np.ndarray) -> Path:
    """A folder with files of the same labels."""
    folder.mkdir()
    for name in names:
        if name.endswith(".npy"):
            np.save(folder / name, pixels)
        else:
            tifffile.imwrite(folder / name, pixels)
    return folder


def test_a_dot_in_a_name_is_part_of_it(tmp_path: Path, images: list[np.ndarray]) -> None:
    truth = saved(tmp_path / "truth", "NA 1.2.tif", "NA 1.4.ome.tif", pixels=images[0])
    found = saved(tmp_path / "found", "NA 1.2.pred.tif", "NA 1.4.tif", pixels=images[0])
    table = score_files(truth, found)
    assert [score.name for score in table.scores] == ["NA 1.2", "NA 1.4"]
    (found / "NA 1.4.tif").rename(found / "NA 1.3.tif")
    with pytest.raises(ValueError, match=r"no prediction for NA 1.4.ome.tif"):
        score_files(truth, found)


def test_names_are_the_same_however_a_system_writes_their_accents(
    tmp_path: Path, images: list[np.ndarray]
) -> None:
    truth = saved(tmp_path / "truth", "caf\u00e9.tif", pixels=images[0])
    found = saved(tmp_path / "found", "cafe\u0301.tif", pixels=images[0])
    assert len(score_files(truth, found).scores) == 1


def test_masks_are_found_beside_their_images_as_cellpose_leaves_them(
    tmp_path: Path, images: list[np.ndarray]
) -> None:
    truth = saved(tmp_path / "truth", "a.tif", pixels=images[0])
    found = saved(tmp_path / "found", "a_cp_masks.tif", pixels=images[0])
    tifffile.imwrite(found / "a.tif", np.arange(24 * 30, dtype=np.uint16).reshape(24, 30))
    np.save(found / "a_seg.npy", {"masks": images[0]}, allow_pickle=True)  # type: ignore[arg-type]
    table = score_files(truth, found)
    assert table.means["dice"].mean == 1
    assert f"{found}: 1 images beside their masks are left out" in table.notes


def test_channels_are_no_depth(tmp_path: Path, images: list[np.ndarray]) -> None:
    path = tmp_path / "two.ome.tif"
    tifffile.imwrite(path, np.stack(images[:2]), metadata={"axes": "CYX"})
    with pytest.raises(ValueError, match=r"two.ome.tif: 2 channels; expected one, of labels"):
        score_files(path, path)


def foreign_zarr(path: Path, axes: str, pixels: np.ndarray) -> Path:
    """An OME-Zarr 0.4 as other programs write it."""
    import zarr

    group = zarr.open_group(path, mode="w", zarr_format=2)
    group.create_array("0", data=pixels)
    scale = {"type": "scale", "scale": [1.0] * len(axes)}
    named = [{"name": n, "type": {"t": "time", "c": "channel"}.get(n, "space")} for n in axes]
    levels = [{"path": "0", "coordinateTransformations": [scale]}]
    group.attrs["multiscales"] = [{"version": "0.4", "axes": named, "datasets": levels}]
    return path


def test_channels_of_a_zarr_are_no_depth_either(tmp_path: Path, images: list[np.ndarray]) -> None:
    both = np.stack([images[:2], images[1:]])
    for axes, pixels in (("tcyx", both), ("tczyx", both[:, :, None]), ("cyx", both[0])):
        path = foreign_zarr(tmp_path / f"{axes}.zarr", axes, pixels)
        with pytest.raises(ValueError, match=rf"{axes}.zarr.*2 channels"):
            score_files(path, path)


def test_a_zarr_with_a_time_axis_is_a_film_whoever_wrote_it(
    tmp_path: Path, images: list[np.ndarray]
) -> None:
    path = foreign_zarr(tmp_path / "film.zarr", "tyx", np.stack(images))
    table = score_files(path, path)
    assert [score.name for score in table.scores] == [f"film.zarr frame {i}" for i in range(3)]
    assert "betti_2_error" not in table.means


def test_voxels_of_two_sizes_are_told(tmp_path: Path) -> None:
    ball = np.zeros((9, 9, 9), np.uint8)
    ball[2:7, 2:7, 2:7] = 1
    for name, size in (("one", 0.1), ("other", 0.2), ("same", 0.1)):
        write_ome_tiff(tmp_path / f"{name}.ome.tif", ball, (size, size, size))
    settings = ScoreSettings(surfaces=True, points=100)
    told = [
        score_files(tmp_path / "one.ome.tif", tmp_path / f"{other}.ome.tif", settings).notes
        for other in ("same", "other")
    ]
    assert told[0] == ()
    assert "one.ome.tif has voxels of 100 × 100 × 100 nm" in told[1][0]
    assert "other.ome.tif of 200 × 200 × 200 nm" in told[1][0]


def test_an_empty_prediction_finds_none_of_the_objects(
    tmp_path: Path, images: list[np.ndarray]
) -> None:
    tifffile.imwrite(tmp_path / "truth.tif", images[0])
    tifffile.imwrite(tmp_path / "empty.tif", np.zeros_like(images[0]))
    for one, other in (("truth", "empty"), ("empty", "truth")):
        table = score_files(tmp_path / f"{one}.tif", tmp_path / f"{other}.tif")
        assert table.means["pq"].mean == table.means["ap_50"].mean == 0
        assert table.notes == ()


def test_a_grey_image_as_a_prediction_is_told(tmp_path: Path, images: list[np.ndarray]) -> None:
    tifffile.imwrite(tmp_path / "truth.tif", images[0])
    grey = np.random.default_rng(0).integers(90, 400, images[0].shape).astype(np.uint16)
    tifffile.imwrite(tmp_path / "grey.tif", grey)
    table = score_files(tmp_path / "truth.tif", tmp_path / "grey.tif")
    assert any("grey.tif: many different numbers side by side" in note for note in table.notes)


def test_folders_that_are_volumes_need_no_zarr_in_their_name(tmp_path: Path) -> None:
    import zarr

    ball = np.zeros((5, 6, 7), np.uint8)
    ball[1:4, 1:5, 1:6] = 1
    zarr.open_group(tmp_path / "cell", mode="w").create_array("mito", data=ball)
    np.save(tmp_path / "ball.npy", ball)
    table = score_files(tmp_path / "cell" / "mito", tmp_path / "ball.npy")
    assert table.means["iou"].mean == 1


def test_a_plane_in_numpy_is_that_plane_in_tiff(tmp_path: Path, images: list[np.ndarray]) -> None:
    np.save(tmp_path / "plane.npy", images[0][None])
    tifffile.imwrite(tmp_path / "plane.tif", images[0])
    assert score_files(tmp_path / "plane.npy", tmp_path / "plane.tif").means["iou"].mean == 1


def test_each_mesh_of_a_sample_is_scored(tmp_path: Path) -> None:
    ball = trimesh.creation.icosphere(2)
    for name in ("truth", "found"):
        (tmp_path / name / "scene").mkdir(parents=True)
        ball.export(tmp_path / name / "alone.off")
        for label in (1, 2):
            ball.export(tmp_path / name / "scene" / f"frame0000_label{label:05d}.off")
    (tmp_path / "truth" / "note.txt").write_text("what else lies there")
    table = score_files(tmp_path / "truth", tmp_path / "found", ScoreSettings(points=100))
    names = [score.name for score in table.scores]
    assert sorted(names) == ["alone", *(f"scene/frame0000_label0000{i}" for i in (1, 2))]


def test_a_mesh_among_masks_changes_not_what_is_scored(
    folders: Path, images: list[np.ndarray]
) -> None:
    trimesh.creation.icosphere(1).export(folders / "truth" / "stray.off")
    assert len(score_files(folders / "truth", folders / "found").scores) == len(images)
    trimesh.creation.icosphere(1).export(folders / "found" / "stray.off")
    with pytest.raises(ValueError, match="hold meshes and images; give folders that hold one kind"):
        score_files(folders / "truth", folders / "found")


def test_surfaces_of_planes_are_told_as_none(tmp_path: Path, images: list[np.ndarray]) -> None:
    tifffile.imwrite(tmp_path / "a.tif", images[0])
    table = score_files(tmp_path / "a.tif", tmp_path / "a.tif", ScoreSettings(surfaces=True))
    assert "no distance between surfaces: these are planes, not volumes" in table.notes


def test_intervals_hold_the_mean_as_often_as_they_say() -> None:
    rng = np.random.default_rng(0)
    held = 0
    for seed in range(40):
        found = mean_of(rng.normal(0.5, 0.1, 40).tolist(), seed)
        held += found.low <= 0.5 <= found.high
    assert held >= 34  # of 95 %: fewer in one of 1,000 tries
    assert mean_of([0.5, 0.5], 0).low == 0.5
