"""Fixtures for all tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

pytest_plugins = ["cluster_fixtures", "phantom_fixtures", "small_set_fixtures"]

REPOSITORY = Path(__file__).resolve().parents[1]


def pytest_configure(config: pytest.Config) -> None:
    """Tests run in an empty home, as a new user has it: napari and we find nothing remembered."""
    home = Path(tempfile.mkdtemp(prefix="napari-3dmsl-home-"))
    config.add_cleanup(partial(shutil.rmtree, home, ignore_errors=True))
    for name in ("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA"):
        os.environ[name] = str(home)
    for name in ("CONFIG", "DATA", "CACHE", "STATE"):
        os.environ[f"XDG_{name}_HOME"] = str(home / name.lower())


@pytest.fixture(scope="session")
def repository() -> Path:
    """The top folder of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real EM labels, images and released 3DMSL files; never written to."""
    default = REPOSITORY.parent / "shared" / "data"
    folder = Path(os.environ.get("NAPARI_3DMSL_DATA", default))
    if not folder.is_dir():
        pytest.skip(f"no real data in {folder}; NAPARI_3DMSL_DATA may name another folder")
    return folder


@pytest.fixture(scope="session")
def cases() -> Path:
    """The folder of files that once went wrong; its README says what is right."""
    folder = REPOSITORY.parent / "shared" / "cases"
    if not folder.is_dir():
        pytest.skip(f"no cases in {folder}")
    return folder


@pytest.fixture(scope="session")
def settings_of_tests(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one of each test in it: pytest looks through all before it makes another."""
    return tmp_path_factory.mktemp("settings")


@pytest.fixture(autouse=True)
def nobodys_settings(settings_of_tests: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Presets and remembered settings of whoever runs the tests stay out of them, and unchanged."""
    folder = tempfile.mkdtemp(dir=settings_of_tests)
    monkeypatch.setenv("NAPARI_3DMSL_PRESETS", folder)


@pytest.fixture
def small_files() -> Iterator[Callable[[int], None]]:
    """Let no file become larger than so many bytes."""
    resource = pytest.importorskip("resource", reason="Windows limits no files")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mount a disk with options such as ``size=100k``; root can."""
    mounted = tmp_path / "disk"
    mounted.mkdir()

    def mount(options: str) -> Path:
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(mounted)]
        if os.name != "posix" or os.geteuid() != 0 or subprocess.run(command).returncode:
            pytest.skip("only root can mount a disk")
        return mounted

    yield mount
    subprocess.run(["umount", "-l", str(mounted)], stderr=subprocess.DEVNULL)


DEAREST_FIRST = ("widgets", "timelapse", "shapes", "microscope", "datasets", "library")
"""Rooms whose files take longest: two workers that begin with them end together."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test that uses the real data, so that `-m "not real_data"` leaves them out.

    Files of the dearest rooms come first, each file in one piece.
    """
    for item in items:
        if "real_data" in getattr(item, "fixturenames", ()):
            item.add_marker("real_data")
    items.sort(key=lambda item: _rank(item.path))


def _rank(file: Path) -> int:
    return next((at for at, room in enumerate(DEAREST_FIRST) if room in file.parts), 99)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    """In CI a test on real data that is skipped, for whatever reason, has failed."""
    report = yield
    if (
        report.skipped
        and os.environ.get("CI") == "true"
        and item.get_closest_marker("real_data")
        and not hasattr(report, "wasxfail")
    ):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"CI must run the tests on real data, but this one was skipped: {reason}"
    return report
