"""MRC and NRRD in the forms that programs write: byte orders, IMOD's bytes, headers apart."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import mrcfile
import nrrd
import numpy as np
import pytest
from containers import mrc
from refusals import refusal

from napari_3dmsl.volumes.lazy import open_lazy
from napari_3dmsl.volumes.open import open_labels

LABELS = np.zeros((9, 11, 14), np.uint8)
LABELS[2:6, 3:9, 5:11] = 200
SIZE = (30.0, 8.0, 4.0)
UM = [0.004, 0.008, 0.03]


@pytest.mark.parametrize("kind", [np.int16, np.uint16, np.float32])
def test_what_mrcfile_writes_is_read(tmp_path: Path, kind: type) -> None:
    with mrcfile.new(tmp_path / "a.mrc", LABELS.astype(kind)) as file:
        file.voxel_size = (40, 80, 300)  # x, y, z in Å
        file.set_volume()
    for opened in (open_lazy, open_labels):
        volume = opened(tmp_path / "a.mrc")
        np.testing.assert_array_equal(np.asarray(volume.labels), LABELS)
        assert volume.voxel_nm == pytest.approx(SIZE)


def test_mrc_without_a_size_or_cut_says_so(tmp_path: Path) -> None:
    mrcfile.write(tmp_path / "a.mrc", LABELS.astype(np.int16))
    assert open_lazy(tmp_path / "a.mrc").size_problem == "the file says no voxel size"
    content = (tmp_path / "a.mrc").read_bytes()
    (tmp_path / "a.mrc").write_bytes(content[:-10])
    assert "truncated" in refusal(open_lazy, tmp_path / "a.mrc")


@pytest.mark.parametrize("flags", [0, 1])
def test_bytes_of_imod_have_a_sign_only_where_it_says_so(tmp_path: Path, flags: int) -> None:
    path = mrc(tmp_path, LABELS.astype(np.uint16), SIZE)
    head = bytearray(path.read_bytes()[:1024])
    struct.pack_into("<i", head, 12, 0)  # mode 0: bytes
    struct.pack_into("<i", head, 92, 0)
    struct.pack_into("<2i", head, 152, 1146047817, flags)
    path.write_bytes(bytes(head) + LABELS.tobytes())
    if flags:
        assert "labels must be 0" in refusal(lambda: open_lazy(path).labels[...])
    else:
        np.testing.assert_array_equal(open_lazy(path).labels[...], LABELS)


def test_an_mrc_of_the_other_byte_order_is_read(tmp_path: Path) -> None:
    path = mrc(tmp_path, LABELS.astype(np.uint16), SIZE)
    content = path.read_bytes()
    words = np.frombuffer(content[:1024], "<u4").astype(">u4").tobytes()
    head = bytearray(words)
    head[208:216] = b"MAP " + bytes([0x11, 0x11, 0, 0])
    path.write_bytes(bytes(head) + content[1024:1184] + LABELS.astype(">u2").tobytes())
    volume = open_lazy(path)
    np.testing.assert_array_equal(volume.labels[...], LABELS)
    assert volume.labels.dtype.isnative
    assert volume.voxel_nm == pytest.approx(SIZE)


@pytest.mark.parametrize("encoding", ["raw", "gzip"])
@pytest.mark.parametrize("name", ["a.nrrd", "a.nhdr"])
def test_what_pynrrd_writes_is_read(tmp_path: Path, encoding: str, name: str) -> None:
    header = {
        "encoding": encoding,
        "space directions": np.diag(UM),
        "space units": ["um", "um", "um"],
        "kinds": ["domain"] * 3,
    }
    nrrd.write(str(tmp_path / name), LABELS, header, index_order="C")
    for opened in (open_lazy, open_labels):
        volume = opened(tmp_path / name)
        np.testing.assert_array_equal(np.asarray(volume.labels), LABELS)
        assert volume.voxel_nm == pytest.approx(SIZE)
    lazy = open_lazy(tmp_path / name).labels
    np.testing.assert_array_equal(lazy[6:8], LABELS[6:8])
    np.testing.assert_array_equal(lazy[1:3], LABELS[1:3])  # back again


def test_nrrd_with_spacings_needs_their_units(tmp_path: Path) -> None:
    header = {"spacings": UM, "units": ["um"] * 3}
    nrrd.write(str(tmp_path / "a.nrrd"), LABELS, header, index_order="C")
    assert open_lazy(tmp_path / "a.nrrd").voxel_nm == pytest.approx(SIZE)
    nrrd.write(str(tmp_path / "b.nrrd"), LABELS, {"spacings": UM}, index_order="C")
    assert open_lazy(tmp_path / "b.nrrd").voxel_nm is None


def test_nrrd_of_big_endian_or_with_a_list_axis_is_read(tmp_path: Path) -> None:
    big = LABELS.astype(">u2")
    nrrd.write(str(tmp_path / "a.nrrd"), big, {"endian": "big", "encoding": "raw"}, index_order="C")
    np.testing.assert_array_equal(open_lazy(tmp_path / "a.nrrd").labels[...], LABELS)
    header = {"kinds": ["list", "domain", "domain", "domain"], "encoding": "raw"}
    nrrd.write(str(tmp_path / "b.nrrd"), LABELS[..., None], header, index_order="C")
    np.testing.assert_array_equal(open_lazy(tmp_path / "b.nrrd").labels[...], LABELS)


def test_nrrd_reads_no_file_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "secret.raw").write_bytes(LABELS.tobytes())
    folder = tmp_path / "given"
    folder.mkdir()
    for name in ("../secret.raw", str(tmp_path / "secret.raw"), "LIST", "slice%03d.raw 1 9 1"):
        (folder / "a.nhdr").write_text(
            "NRRD0004\ntype: uint8\ndimension: 3\nsizes: 14 11 9\nencoding: raw\n"
            f"data file: {name}\n"
        )
        assert "a.nhdr" in refusal(open_lazy, folder / "a.nhdr")


LINES = (
    "type: uint8",
    "dimension: 3",
    "sizes: 14 11 9",
    "encoding: raw",
)
JUNK = b"junk of 3 lines\n\nand more\n"


def written(path: Path, content: bytes, *lines: str) -> Path:
    """An NRRD file by hand."""
    path.write_bytes("\n".join(["NRRD0004", *lines, "", ""]).encode() + content)
    return path


@pytest.mark.parametrize(
    ("skips", "before"),
    [
        (("line skip: 3",), JUNK),
        (("lineskip: 3", "byteskip: 4"), JUNK + b"0123"),
        (("byte skip: -1",), b"any junk"),
        (("byte skip: -1",), b""),
        (("line skip: 3", "byte skip: -1"), JUNK + b"more"),
        (("byte skip: 5",), b"01234"),
    ],
)
def test_what_lies_before_the_voxels_of_an_nrrd_is_skipped(
    tmp_path: Path, skips: tuple[str, ...], before: bytes
) -> None:
    path = written(tmp_path / "a.nrrd", before + LABELS.tobytes(), *LINES, *skips)
    np.testing.assert_array_equal(nrrd.read(str(path), index_order="C")[0], LABELS)
    np.testing.assert_array_equal(open_lazy(path).labels[...], LABELS)
    (tmp_path / "a.raw").write_bytes(before + LABELS.tobytes())
    apart = written(tmp_path / "a.nhdr", b"", *LINES, *skips, "data file: a.raw")
    np.testing.assert_array_equal(open_lazy(apart).labels[...], LABELS)


@pytest.mark.parametrize(
    ("skips", "packed_before", "before"),
    [
        (("byte skip: -1",), b"", b"any junk"),
        (("byte skip: 5",), b"", b"01234"),  # of what is unpacked, as Teem has it
        (("line skip: 3",), JUNK, b""),
        (("line skip: 3", "byte skip: -1"), JUNK, b"any junk"),
    ],
)
def test_what_is_skipped_of_a_packed_nrrd_is_unpacked_first(
    tmp_path: Path, skips: tuple[str, ...], packed_before: bytes, before: bytes
) -> None:
    content = packed_before + gzip.compress(before + LABELS.tobytes())
    path = written(tmp_path / "a.nrrd", content, *LINES[:3], "encoding: gzip", *skips)
    labels = open_lazy(path).labels
    np.testing.assert_array_equal(labels[...], LABELS)
    np.testing.assert_array_equal(labels[1:3], LABELS[1:3])


@pytest.mark.parametrize(
    ("skip", "said"),
    [
        ("byte skip: -2", "byte skip -2"),
        ("line skip: -1", "line skip -1"),
        ("line skip: 10000000000", "lines should be skipped"),
        ("byte skip: 1", "truncated"),
        ("byte skip: many", "'byte skip'"),
    ],
)
def test_an_nrrd_that_skips_nonsense_is_refused(tmp_path: Path, skip: str, said: str) -> None:
    path = written(tmp_path / "a.nrrd", LABELS.tobytes(), *LINES, skip)
    message = refusal(open_lazy, path)
    assert message.startswith(str(path))
    assert said in message


def test_a_packed_nrrd_that_ends_with_too_few_voxels_is_refused(tmp_path: Path) -> None:
    content = gzip.compress(LABELS.tobytes()[1:])
    path = written(tmp_path / "a.nrrd", content, *LINES[:3], "encoding: gzip", "byte skip: -1")
    assert "truncated" in refusal(lambda: open_lazy(path).labels[...])


@pytest.mark.parametrize(
    ("sign", "encoding"), [("\u00b5", "utf-8"), ("\u00b5", "latin-1"), ("\u03bc", "utf-8")]
)
def test_the_micro_sign_of_an_nrrd_is_kept(tmp_path: Path, sign: str, encoding: str) -> None:
    lines = ("NRRD0004", *LINES, "spacings: .004 .008 .03", f'units: "{sign}m" "{sign}m" "um"')
    content = "\n".join([*lines, "", ""]).encode(encoding) + LABELS.tobytes()
    (tmp_path / "a.nrrd").write_bytes(content)
    volume = open_lazy(tmp_path / "a.nrrd")
    assert volume.voxel_nm == pytest.approx(SIZE)
    np.testing.assert_array_equal(volume.labels[...], LABELS)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (("spacings: a b c", 'units: "nm" "nm" "nm"'), "'spacings'"),
        (("spacings: 4 8 30", 'units: "nm" "nm" "nm'), "'units'"),
        (("spacings: 4 8 30", "spacings: 4 8 3", 'units: "nm" "nm" "nm"'), "Duplicate"),
        (("space directions: (4,0,0) (0,8,0) (0,0,", 'space units: "nm"'), "'space directions'"),
        (("space directions: none none none", 'space units: "nm" "nm" "nm"'), "no voxel size"),
        (("space origin: (a,b,c)",), "no voxel size"),
    ],
)
def test_a_damaged_spacing_of_an_nrrd_takes_only_the_voxel_size(
    tmp_path: Path, lines: tuple[str, ...], said: str
) -> None:
    path = written(tmp_path / "a.nrrd", LABELS.tobytes(), *LINES, *lines)
    volume = open_lazy(path)
    assert volume.voxel_nm is None
    assert said in volume.size_problem
    np.testing.assert_array_equal(open_labels(path, SIZE).labels, LABELS)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it has no header"),
        (b"\n\n", "it has no header"),
        (b"II*\0", "magic"),
        (b"NRRD0004\nsizes 1 2 3\n\n", "'sizes 1 2 3'"),
        (b"NRRD0004\ntype: uint8\nsizes: 1 2 3\n\n", "'encoding'"),
        (b"NRRD0004\ntype: uint8\nsizes: a b c\nencoding: raw\n\n", "'sizes'"),
    ],
)
def test_a_header_of_an_nrrd_that_is_none_is_told(
    tmp_path: Path, content: bytes, said: str
) -> None:
    (tmp_path / "a.nrrd").write_bytes(content)
    message = refusal(open_lazy, tmp_path / "a.nrrd")
    assert message.startswith(str(tmp_path / "a.nrrd"))
    assert said in message
