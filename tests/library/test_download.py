"""Archives from a repository on this machine: whole and checked, or nothing; never the internet."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from repository_server import Repository, serving

from napari_3dmsl.library.download import (
    RemoteFile,
    download,
    download_folder,
    is_downloaded,
    list_archives,
    repository,
)

CONTENT = os.urandom(3_000_000)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Repository]:
    files = {"1_1_2729.zip": CONTENT, "920.zip": b"small", "README.txt": b"text"}
    with serving(Repository(files)) as found:
        monkeypatch.setenv("NAPARI_3DMSL_REPOSITORY", found.address + "/")
        yield found


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_archives_are_listed_with_their_checksums(server: Repository) -> None:
    small, large = list_archives()
    assert (small.name, small.size) == ("920.zip", 5)
    assert (large.name, large.size) == ("1_1_2729.zip", len(CONTENT))
    assert large.md5 == server.md5["1_1_2729.zip"]
    assert large.url == f"{server.address}/api/access/datafile/1"


def test_an_archive_comes_whole_once_and_with_progress(server: Repository, tmp_path: Path) -> None:
    file = list_archives()[1]
    assert not is_downloaded(file, tmp_path)
    told: list[tuple[int, int, str]] = []
    path = download(file, tmp_path / "new", lambda *what: told.append(what))
    assert path.read_bytes() == CONTENT
    assert left(tmp_path / "new") == ["1_1_2729.zip"]
    assert told[-1][:2] == (3, 3)
    assert len({done for done, _, _ in told}) == 4
    assert [done for done, _, _ in told] == sorted(done for done, _, _ in told)
    asked = len(server.asked)
    assert download(file, tmp_path / "new") == path
    assert len(server.asked) == asked
    assert is_downloaded(file, tmp_path / "new")


def test_what_an_ended_program_left_is_cleared_away(server: Repository, tmp_path: Path) -> None:
    old, young, other = (tmp_path / name for name in ("tmpabcd_123", "tmpefgh4567", "tmp-mine.txt"))
    for path in (old, young, other):
        path.write_bytes(b"half an archive")
    for path in (old, other):
        os.utime(path, (0, 0))
    download(list_archives()[0], tmp_path)
    assert left(tmp_path) == ["920.zip", other.name, young.name]


def test_a_damaged_copy_is_fetched_anew(server: Repository, tmp_path: Path) -> None:
    file = list_archives()[1]
    (tmp_path / file.name).write_bytes(CONTENT[:-1] + b"x")
    assert download(file, tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize("damage", ["flipped", "cut"])
def test_what_is_damaged_on_the_way_is_not_kept(
    server: Repository, tmp_path: Path, damage: str
) -> None:
    file = list_archives()[1]
    if damage == "flipped":
        server.flipped = True
        words = "wrong checksum"
    else:
        server.cut = 1000
        words = "no connection|ended early"
    with pytest.raises(ValueError, match=words) as raised:
        download(file, tmp_path)
    assert str(raised.value).startswith("1_1_2729.zip: ")
    assert "\n" not in str(raised.value)
    assert left(tmp_path) == []


def test_an_error_of_the_server_is_told(server: Repository, tmp_path: Path) -> None:
    file = list_archives()[1]
    server.status = 503
    with pytest.raises(ValueError, match="answers with error 503; try again later"):
        download(file, tmp_path)
    with pytest.raises(ValueError, match="error 503"):
        list_archives()
    assert left(tmp_path) == []


def test_without_a_connection_it_says_so(server: Repository, tmp_path: Path) -> None:
    file = list_archives()[1]
    nobody = RemoteFile(file.name, file.size, file.md5, "http://127.0.0.1:9/api/1")
    with pytest.raises(
        ValueError, match="is this computer online. Behind a proxy, set HTTPS_PROXY"
    ):
        download(nobody, tmp_path)
    assert left(tmp_path) == []


def test_a_list_that_is_not_understood_is_told(server: Repository) -> None:
    for text in ("<html>", "{}", '{"data": {"latestVersion": {"files": [{}]}}}', "[]"):
        server.list_text = text
        with pytest.raises(ValueError, match="list is not understood"):
            list_archives()


def test_files_with_strange_names_or_no_checksum_are_left_out(server: Repository) -> None:
    server.files = dict.fromkeys(
        ["../up.zip", "a/b.zip", ".hidden.zip", "C:\\x.zip", "ok.zip"], b"1"
    )
    server.md5 = dict.fromkeys(server.files, "0" * 32)
    assert [file.name for file in list_archives()] == ["ok.zip"]
    server.md5["ok.zip"] = ""
    assert list_archives() == []


def test_cancel_in_the_middle_leaves_nothing(server: Repository, tmp_path: Path) -> None:
    class StopError(Exception):
        pass

    def progress(done: int, total: int, what: str) -> None:
        if done >= 1:
            raise StopError

    with pytest.raises(StopError) as stopped:
        download(list_archives()[1], tmp_path, progress)
    assert left(tmp_path) == []
    port = int(server.address.rsplit(":", 1)[1])
    connections = psutil.Process().net_connections()
    assert stopped.value.__traceback__ is not None  # nothing is closed by its end
    assert not [c for c in connections if c.raddr and c.raddr.port == port]


def test_a_full_disk_is_told_before_the_download(server: Repository, tmp_path: Path) -> None:
    file = list_archives()[1]
    huge = RemoteFile(file.name, 10**18, file.md5, file.url)
    with pytest.raises(ValueError, match="needs 1000000000.0 GB"):
        download(huge, tmp_path)


def test_the_repository_and_the_folder_are_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NAPARI_3DMSL_REPOSITORY", raising=False)
    assert repository() == "https://dataverse.no"
    monkeypatch.setenv("NAPARI_3DMSL_CACHE", "somewhere")
    assert download_folder() == Path("somewhere") / "downloads"
