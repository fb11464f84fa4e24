"""Volumes at URLs: read in place, block by block; what cannot be reached is told in one line."""

from __future__ import annotations

import json
import pickle
import warnings
from pathlib import Path

import numpy as np
import pytest
import zarr
from containers import n5, ome_zarr_04, ome_zarr_05, plain_zarr, precomputed
from file_server import serving_files
from refusals import refusal

from napari_3dmsl.volumes import tensor_store
from napari_3dmsl.volumes.lazy import open_lazy
from napari_3dmsl.volumes.open import open_labels
from napari_3dmsl.volumes.tensor_store import kvstore_of
from napari_3dmsl.volumes.tree import address_of, is_url

pytest.importorskip("tensorstore")

SIZE = (30.0, 8.0, 4.0)
LABELS = np.zeros((20, 33, 40), np.uint16)
LABELS[1:14, 3:9, 5:20] = 300
LABELS[3:16, 10:28, 15:30] = 2
BOX = (slice(2, 15), slice(4, 25), slice(7, 31))


@pytest.mark.parametrize(
    ("write", "inside", "before"),
    [
        (ome_zarr_04, "", ""),
        (ome_zarr_04, "", "zarr://"),
        (ome_zarr_05, "", "zarr3://"),
        (ome_zarr_05, "/0", ""),
        (plain_zarr, "/volumes/labels", ""),
        (n5, "/mito", "n5://"),
        (precomputed, "", "precomputed://"),
        (precomputed, "/", ""),
    ],
)
def test_a_volume_at_a_url_is_that_of_its_files(tmp_path: Path, write, inside, before) -> None:
    path = write(tmp_path, LABELS, SIZE)
    with serving_files(tmp_path) as address:
        url = f"{before}{address}/{path.name}{inside}"
        volume = open_lazy(url)
        assert volume.labels.shape == LABELS.shape
        assert volume.voxel_nm == pytest.approx(SIZE)
        np.testing.assert_array_equal(volume.labels[BOX], LABELS[BOX])
        copy = pickle.loads(pickle.dumps(volume.labels))
        np.testing.assert_array_equal(copy[BOX], LABELS[BOX])
        whole = open_labels(url)
        np.testing.assert_array_equal(whole.labels, LABELS)
        assert str(whole.path).startswith(address)


def test_only_the_chunks_of_a_block_are_fetched(tmp_path: Path) -> None:
    path = precomputed(tmp_path, LABELS, SIZE)
    asked: list[str] = []
    with serving_files(tmp_path, asked) as address:
        volume = open_lazy(f"{address}/{path.name}")
        assert {one.rsplit("/", 1)[1] for one in asked} <= {
            "info",
            "zarr.json",
            ".zarray",
            ".zgroup",
        }
        asked.clear()
        volume.labels[:16, :16, :16]
    assert [one for one in asked if "full/" in one] == ["/seg/full/100-116_20-36_3-19"]


def test_labels_of_an_ome_zarr_are_found_by_what_it_lists(tmp_path: Path) -> None:
    path = ome_zarr_04(tmp_path, np.full_like(LABELS, 7), SIZE)
    group = zarr.open_group(path, mode="r+").create_group("labels", attributes={"labels": ["mito"]})
    told = json.loads((path / ".zattrs").read_text())
    told["multiscales"][0]["datasets"] = told["multiscales"][0]["datasets"][:1]
    group.create_group("mito", attributes={**told, "image-label": {}}).create_array(
        "0", data=LABELS
    )
    with serving_files(tmp_path) as address:
        volume = open_lazy(f"{address}/a.zarr")
        np.testing.assert_array_equal(volume.labels[BOX], LABELS[BOX])
        assert volume.name == "a mito"


def test_consolidated_metadata_list_the_arrays_of_a_plain_zarr(tmp_path: Path) -> None:
    for scheme in (2, 3):
        folder = tmp_path / str(scheme) / "a.zarr"
        group = zarr.create_group(folder, zarr_format=scheme)
        group.create_array("volumes/mito", data=LABELS)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # zarr says that others may not read it
            zarr.consolidate_metadata(folder)
        with serving_files(tmp_path) as address:
            volume = open_lazy(f"{address}/{scheme}/a.zarr")
            np.testing.assert_array_equal(volume.labels[BOX], LABELS[BOX])


def test_what_is_not_there_is_told_in_one_line(tmp_path: Path) -> None:
    with serving_files(tmp_path) as address:
        said = refusal(open_lazy, f"{address}/nothing.zarr")
        assert said.startswith(f"{address}/nothing.zarr: no Zarr, N5 or precomputed volume there")
        assert "from this machine only" in refusal(open_labels, f"{address}/a.tif")
    said = refusal(open_lazy, f"{address}/a.zarr")  # the server has gone
    assert said.startswith(f"{address}/a.zarr: no connection: Could not connect")


def test_a_server_that_does_not_answer_is_given_up(tmp_path: Path, monkeypatch) -> None:
    import socket

    monkeypatch.setattr(tensor_store, "ANSWER_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/a.zarr"
        assert refusal(open_lazy, url) == f"{url}: no answer within 0.3 s"


def test_addresses_are_those_that_people_write() -> None:
    for given in (
        "precomputed://gs://bucket/seg",
        "gs://bucket/seg/",
        "gs://bucket/seg|neuroglancer-precomputed:",
        Path("gs://bucket/seg"),
        Path("precomputed://gs://bucket/seg"),
    ):
        assert is_url(given)
        assert address_of(given) == "gs://bucket/seg"
    for path in ("a.zarr", "/data/a.zarr", "C:/data/a.zarr", r"C:\data"):
        assert not is_url(path)
    assert "expected s3://" in refusal(open_lazy, "ftp://host/a.zarr")


def test_files_may_be_urls_too(tmp_path: Path) -> None:
    seg = precomputed(tmp_path, LABELS, SIZE)
    np.save(tmp_path / "a.npy", LABELS)
    for url in (f"precomputed://{seg.as_uri()}", seg.as_uri(), (tmp_path / "a.npy").as_uri()):
        assert not is_url(url)
        np.testing.assert_array_equal(open_lazy(url).labels[BOX], LABELS[BOX])
        np.testing.assert_array_equal(open_labels(url).labels, LABELS)
        np.testing.assert_array_equal(open_labels([url]).labels, LABELS)


def test_buckets_are_read_without_an_account_unless_one_is_named(monkeypatch) -> None:
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    assert kvstore_of("s3://bucket/a/b.n5", "s0") == {
        "driver": "s3",
        "bucket": "bucket",
        "path": "a/b.n5/s0/",
        "aws_credentials": {"type": "anonymous"},
    }
    assert kvstore_of("gs://bucket/a")["base_url"] == "https://storage.googleapis.com"
    monkeypatch.setenv("AWS_PROFILE", "lab")
    assert kvstore_of("s3://bucket/a")["aws_credentials"] == {"type": "default"}


def test_a_server_that_goes_away_while_voxels_are_read_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tensor_store, "_RETRIES_FOR_VOXELS", 1)
    path = precomputed(tmp_path, LABELS, SIZE)
    with serving_files(tmp_path) as address:
        labels = open_lazy(f"{address}/{path.name}").labels
        labels[:3]
    said = refusal(lambda: labels[17:])
    assert said.startswith(f"{address}/seg/full: ")
    assert "connect" in said
