"""Archives of the 3DMSL release, fetched from their repository and checked.

The repository lists its files with sizes and MD5 checksums; these are asked for each time, so none
is written down here. Behind a proxy set ``HTTPS_PROXY``, as for other programs.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari_3dmsl.library.zip_cache import cache_folder
from napari_3dmsl.progress import Progress
from napari_3dmsl.writing import telling_where

DATASET_DOI = "10.18710/JX6JXF"
LICENCE = "CC BY 4.0"
REPOSITORY = "https://dataverse.no"
REPOSITORY_VARIABLE = "NAPARI_3DMSL_REPOSITORY"
TIMEOUT_S = (10.0, 20.0)  # for the connection, and for the next bytes
CHUNK = 1 << 17  # bytes between two looks at Cancel

_LEFTOVER_AGE_S = 3600.0  # younger ones may be another program's, at work
_MD5 = re.compile(r"[0-9a-f]{32}", re.IGNORECASE)
_NAME = re.compile(r"[\w][\w .()-]*\.zip", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True)
class RemoteFile:
    """An archive in the repository.

    Attributes
    ----------
    name
        Its file name.
    size
        In bytes.
    md5
        Its checksum, as the repository tells it.
    url
        Where it is fetched.
    """

    name: str
    size: int
    md5: str
    url: str


def repository() -> str:
    """Return the address of the repository: ``NAPARI_3DMSL_REPOSITORY``, else the release's."""
    return os.environ.get(REPOSITORY_VARIABLE, REPOSITORY).rstrip("/")


def download_folder() -> Path:
    """Return the folder that archives are kept in."""
    return cache_folder() / "downloads"


def list_archives(progress: Progress | None = None) -> list[RemoteFile]:
    """Ask the repository for the archives of the release.

    Parameters
    ----------
    progress
        Called with (done, total, what); raise in it to cancel.

    Raises
    ------
    ValueError
        One line: no connection, an error of the server, or an answer that is not understood.
    """
    import requests

    if progress is not None:
        progress(0, 0, "Asking the repository")
    base = repository()
    url = f"{base}/api/datasets/:persistentId/?persistentId=doi:{DATASET_DOI}"
    with _one_line_errors(base):
        answer = requests.get(url, timeout=TIMEOUT_S)
        answer.raise_for_status()
    try:
        files = answer.json()["data"]["latestVersion"]["files"]
        found = [_remote(file["dataFile"], base) for file in files]
    except (ValueError, LookupError, TypeError) as error:
        raise ValueError(f"{base}: the repository's list is not understood: {error}") from None
    return sorted((file for file in found if file is not None), key=lambda file: file.size)


def is_downloaded(file: RemoteFile, folder: Path | None = None) -> bool:
    """Whether an archive of this name and size is in the folder already.

    Parameters
    ----------
    file
        As from `list_archives`.
    folder
        By default the one into which `download` writes.
    """
    path = (folder or download_folder()) / file.name
    return path.is_file() and path.stat().st_size == file.size


def download(
    file: RemoteFile, folder: Path | None = None, progress: Progress | None = None
) -> Path:
    """Fetch an archive unless it is there, check it and return its path.

    It takes its name only when it is whole and its checksum is right; otherwise nothing is left.

    Parameters
    ----------
    file
        From `list_archives`.
    folder
        Where it is kept; `download_folder` by default.
    progress
        Called with (MB done, MB in all, what); an exception that it raises stops the work.

    Raises
    ------
    ValueError
        One line: no connection, an error of the server, a wrong checksum, or a full disk.
    OSError
        When the folder cannot be written.
    """
    import pooch

    folder = folder or download_folder()
    with telling_where(folder):
        folder.mkdir(parents=True, exist_ok=True)
    _clear_leftovers(folder)
    free = shutil.disk_usage(folder).free
    if not is_downloaded(file, folder) and free < file.size:
        raise ValueError(
            f"{file.name} needs {file.size / 1e9:.1f} GB; {folder} has {free / 1e9:.1f} GB left"
        )
    pooch.get_logger().setLevel("WARNING")

    def fetch(url: str, part: str, _: Any) -> None:
        _fetch(file, url, Path(part), progress)

    with _one_line_errors(repository(), file.name):
        return Path(
            pooch.retrieve(file.url, f"md5:{file.md5}", file.name, folder, downloader=fetch)
        )


def _fetch(file: RemoteFile, url: str, path: Path, progress: Progress | None) -> None:
    """Write what an address gives into a file; however it ends, the connection is closed.

    pooch's own downloader leaves it open when ``progress`` raises.
    """
    import requests

    total = max(1, file.size // 1_000_000)
    with requests.get(url, stream=True, timeout=TIMEOUT_S) as answer, path.open("wb") as part:
        answer.raise_for_status()
        for chunk in answer.iter_content(CHUNK):
            part.write(chunk)
            if part.tell() > file.size:  # more than announced; the checksum will tell
                break
            if progress is not None:
                progress(part.tell() // 1_000_000, total, f"Downloading {file.name}, MB")


def _clear_leftovers(folder: Path) -> None:
    """Delete what a program that ended in the middle of a download has left of it."""
    for path in folder.glob("tmp????????"):  # as Python names temporary files, without an ending
        with suppress(OSError):
            if path.is_file() and time.time() - path.stat().st_mtime > _LEFTOVER_AGE_S:
                path.unlink()


def _remote(entry: Mapping[str, Any], base: str) -> RemoteFile | None:
    """Return an archive of the list; None for other files and those that cannot be checked."""
    name, md5 = str(entry["filename"]), str(_md5_of(entry))
    if not _NAME.fullmatch(name) or not _MD5.fullmatch(md5):
        return None
    url = f"{base}/api/access/datafile/{int(entry['id'])}"
    return RemoteFile(name, int(entry["filesize"]), md5.lower(), url)


def _md5_of(entry: Mapping[str, Any]) -> Any:
    checksum = entry.get("checksum") or {}
    if checksum.get("type") == "MD5":
        return checksum.get("value", "")
    return entry.get("md5", "")


@contextmanager
def _one_line_errors(base: str, name: str = "") -> Iterator[None]:
    """Turn what goes wrong on the way into one line that says what to do."""
    import requests

    what = f"{name}: " if name else ""
    try:
        yield
    except requests.HTTPError as error:
        status = error.response.status_code
        raise ValueError(f"{what}{base} answers with error {status}; try again later") from None
    except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError):
        raise ValueError(
            f"{what}no connection to {base}: is this computer online? "
            "Behind a proxy, set HTTPS_PROXY"
        ) from None
    except requests.RequestException as error:
        raise ValueError(f"{what}{type(error).__name__} at {base}") from None
    except ValueError as error:
        if "hash" not in str(error):
            raise
        raise ValueError(
            f"{what}damaged on the way (wrong checksum) and deleted; try again"
        ) from None
