"""Lists of emitters, and which of them are refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_3dmsl.image_io import point_csv as points
from napari_3dmsl.image_io.point_csv import read_points


def test_points_are_read_by_name_of_column(tmp_path: Path) -> None:
    path = tmp_path / "points.csv"
    path.write_text("x_um, z_um,note,y_um,brightness\n1,2,hello,3,0.5\n-1,0,,1e-3,2\n", "utf-8-sig")
    positions, brightness = read_points(path)
    np.testing.assert_array_equal(positions, [[2, 3, 1], [0, 1e-3, -1]])
    np.testing.assert_array_equal(brightness, [0.5, 2])
    path.write_text("z_um,y_um,x_um,note,note\n1,2,3,,,,\n\n4,5,6\n")  # as programs end lines
    np.testing.assert_array_equal(read_points(path)[0], [[1, 2, 3], [4, 5, 6]])
    path.write_text("z_um,y_um,x_um\n1,2,3\n")
    assert read_points(path)[1].tolist() == [1.0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: no column z_um, y_um, x_um"),
        ("z_um,y_um\n1,2\n", "line 1: no column x_um"),
        ("z_um;y_um;x_um\n1;2;3\n", "line 1: no column .*, divided by commas, not by ';'"),
        ("z_um,y_um,x_um\n1,0,2,0,2,0\n", "line 2: 6 cells, 3 columns; decimals have a point"),
        ("z_um,y_um,x_um,note\n1,2,3,,\n1,2,3,a,b\n", "line 3: 5 cells, 4 columns"),
        ("z_um,x_um,y_um,x_um\n1,2,3,4\n", "line 1: column x_um is there twice"),
        ("z_um,y_um,x_um\n", "no emitters"),
        ("z_um,y_um,x_um\n1,2,3\n1,two,3\n", "line 3: y_um = 'two': expected a number"),
        ("z_um,y_um,x_um\n1,2\n", "line 2: 2 cells, 3 columns; no x_um"),
        ("z_um,y_um,x_um\n1,nan,3\n", "line 2: y_um = 'nan'"),
        ("z_um,y_um,x_um\n-0.1,2,3\n", "line 2: z_um = -0.1: must be 0 or more"),
        ("z_um,y_um,x_um\n5000,2,3\n", "line 2: z_um = 5000: at most 200"),
        ("z_um,y_um,x_um,brightness\n1,2,3,-1\n", "line 2: brightness = -1: must be 0 or more"),
        ("z_um,y_um,x_um,brightness\n0,0,0,1e36\n", r"line 2: brightness = 1e\+36: at most 1e\+09"),
        ("z_um,y_um,x_um\n1,2e5,3\n", r"line 2: y_um = 200000: at most 100000"),
        ("z_um,y_um,x_um\n1,2,-inf\n", r"line 2: x_um = -inf: must be -100000 or more"),
        ("z_um,y_um,x_um\n1," + "9" * 500 + ",3\n", r"line 2: y_um = inf: at most 100000"),
        ("z_um,y_um,x_um,brightness\n1,2,3,\n", "line 2: brightness = '': expected a number"),
    ],
)
def test_a_bad_list_of_points_is_refused_by_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "points.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=message) as error:
        read_points(path)
    assert "\n" not in str(error.value)


def test_a_binary_file_is_no_list_of_points(tmp_path: Path) -> None:
    path = tmp_path / "points.csv"
    path.write_bytes(bytes(range(256)))
    with pytest.raises(ValueError, match="not a CSV text file"):
        read_points(path)


def test_a_list_that_claims_more_emitters_than_images_are_made_of_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(points, "MOST_FLUOROPHORES", 2)
    path = tmp_path / "points.csv"
    path.write_text("z_um,y_um,x_um\n" + "1,2,3\n" * 3)
    with pytest.raises(ValueError, match="line 4: more than 2 emitters"):
        read_points(path)
