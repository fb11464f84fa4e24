"""The boundary of readers: whatever a parser raises becomes one line that names the file."""

from __future__ import annotations

import struct
import tokenize
import warnings
import zipfile
import zlib
from pathlib import Path

import pytest

from napari_3dmsl.reading import complaints, reading


class ForeignError(Exception):
    """What a library makes up for itself."""


@pytest.mark.parametrize(
    "error",
    [
        ForeignError("of a library\nwith a second line"),
        KeyError("shape"),
        RecursionError("maximum recursion depth exceeded"),
        MemoryError(),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
        PermissionError(13, "Permission denied"),
        struct.error("unpack requires 4 bytes"),
        zlib.error("Error -3"),
        zipfile.BadZipFile("Bad magic number"),
        AssertionError(),
        NotImplementedError(),
        SyntaxError("invalid syntax"),
        OverflowError("int too large"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_whatever_a_parser_raises_is_one_line_that_names_the_file(error: Exception) -> None:
    with (
        pytest.raises(ValueError, match=r"^a/x\.off: .*\S$") as told,
        reading("a/x.off", "no mesh"),
    ):
        raise error
    assert "\n" not in str(told.value)
    assert told.value.__cause__ is error


def test_a_tokenizers_words_are_told_without_the_pair_of_their_place() -> None:
    error = tokenize.TokenError("unexpected EOF in multi-line statement", (1, 0))
    with (
        pytest.raises(ValueError, match=r"^x\.npy: no array: unexpected EOF[a-z -]*$"),
        reading("x.npy", "no array"),
    ):
        raise error


def test_an_error_that_names_the_file_passes_as_it_is() -> None:
    with (
        pytest.raises(ValueError, match=r"^x\.off: no faces$"),
        reading(Path("x.off"), "no mesh"),
        reading("x.off", "no mesh"),
    ):
        raise ValueError("x.off: no faces")


def test_a_pressed_ctrl_c_passes() -> None:
    with pytest.raises(KeyboardInterrupt), reading("x.off", "no mesh"):
        raise KeyboardInterrupt


def test_what_libraries_warn_about_while_they_read_is_not_shown(
    recwarn: pytest.WarningsRecorder,
) -> None:
    with reading("x.off", "no mesh"):
        warnings.warn("strange header", stacklevel=1)
    assert not recwarn


def test_what_a_library_only_logs_is_collected_not_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    import logging

    with complaints("some.library") as told:
        logging.getLogger("some.library").error("page 3 is missing\n  at 12")
    assert told == ["page 3 is missing"]
    assert capsys.readouterr().err == ""
