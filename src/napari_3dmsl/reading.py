"""The boundary that every reader stands behind: whatever a parser raises, one line names the file.

Formats have a zoo of errors each: libraries raise what they like on a damaged file, and no list of
exceptions is ever whole. So a reader lists none. It parses inside `reading`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from napari_3dmsl.quiet import without_warnings

_LONGEST = 300  # characters; libraries show the whole of what they do not like
_LONGEST_MESSAGE = 1500  # names inside of damaged containers may be anything


@contextmanager
def reading(where: str | Path, problem: str) -> Iterator[None]:
    """Turn whatever goes wrong inside into one ``ValueError`` that names the file.

    Errors that name the file already pass as they are; so do a pressed Ctrl+C and anything else
    that is no error. What libraries warn about is not shown: a file is read, or it is refused.

    Parameters
    ----------
    where
        The file, or what errors call it, such as ``1_1_2729.zip: 920/raw_mesh.off``.
    problem
        What is told of it then, such as ``cannot read this mesh`` or ``not a CSV table``.

    Raises
    ------
    ValueError
        One line: the file, the problem, and what the parser said.
    """
    try:
        with without_warnings():
            yield
    except MemoryError as error:
        raise ValueError(f"{where}: {problem}: it takes more memory than there is") from error
    except Exception as error:
        if isinstance(error, ValueError) and str(error).startswith(str(where)):
            if len(str(error)) <= _LONGEST_MESSAGE:
                raise
            raise ValueError(_cut(str(error))) from error
        raise ValueError(f"{_cut(str(where))}: {problem}: {first_line(error)}") from error


def _cut(text: str) -> str:
    """Return a text without its middle, where it is long."""
    half = _LONGEST_MESSAGE // 2
    return text if len(text) <= 2 * half else f"{text[:half]}…{text[-half:]}"


def check_still_there(folder: Path) -> None:
    """Refuse what was read of an array in chunks that has gone: missing chunks count as zeros.

    Parameters
    ----------
    folder
        In which the array lies.

    Raises
    ------
    FileNotFoundError
        When it is no longer there.
    """
    if not folder.is_dir():
        raise FileNotFoundError("gone while it was read")


@contextmanager
def complaints(logger_name: str) -> Iterator[list[str]]:
    """Collect the errors that a library only logs, instead of showing them.

    Parameters
    ----------
    logger_name
        Such as ``tifffile``, which logs a broken chain of pages and returns what is left.
    """
    messages: list[str] = []

    def collect(record: logging.LogRecord) -> bool:
        if record.levelno >= logging.ERROR:
            messages.append(first_line(record.getMessage()))
        return False  # nobody else shows it

    logger = logging.getLogger(logger_name)
    logger.addFilter(collect)
    try:
        yield messages
    finally:
        logger.removeFilter(collect)


def first_line(error: BaseException | str) -> str:
    """Return an error in one line, not too long: what it says, else what kind it is.

    Parameters
    ----------
    error
        Or its text.
    """
    kind = "nothing" if isinstance(error, str) else type(error).__name__
    if isinstance(error, OSError) and error.strerror:
        reason = error.strerror
    elif isinstance(error, LookupError) and len(error.args) == 1:
        reason = f"{kind}: {error.args[0]!r}"  # KeyError says only the key
    elif isinstance(error, Exception) and len(error.args) > 1 and str(error) == str(error.args):
        reason = str(error.args[0])  # a tokenizer's words, without the pair that tells their place
    else:
        reason = str(error)
    line = next((line.strip() for line in reason.splitlines() if line.strip()), kind)
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
