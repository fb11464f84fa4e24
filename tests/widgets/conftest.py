"""A napari window with small shapes in it; no thread or process may outlive it."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest
from hands import VOXEL_NM, Hands, load, running, show, small_labels
from held import Holding
from shared_viewer import SharedViewer
from waiting import wait_for

from napari_3dmsl.layers.attributes import KEY, LayerData
from napari_3dmsl.layers.extraction import extraction_layers
from napari_3dmsl.shapes.extraction import ExtractionSettings


@pytest.fixture(scope="session")
def labels() -> np.ndarray:
    found = small_labels()
    found.setflags(write=False)
    return found


@pytest.fixture(scope="session")
def extracted(labels: np.ndarray) -> list[LayerData]:
    """What an extraction of the labels gives, made once."""
    settings = ExtractionSettings(voxel_nm=VOXEL_NM, downsample=1)
    return extraction_layers(labels, settings, "volume")


@pytest.fixture(scope="session")
def shapes(extracted: list[LayerData]) -> Any:
    return extracted[0][1]["metadata"][KEY]["shapes"]


@pytest.fixture
def id_of(shapes: Any) -> Callable[[str], int]:
    """Id of the first shape of a class."""

    def first(shape_class: str) -> int:
        return shapes.ids[shapes.table["shape_class"].index(shape_class)]

    return first


@pytest.fixture(autouse=True)
def nothing_left_running(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No thread or process of a panel outlives its window; layers change in the main thread."""
    monkeypatch.setenv("NAPARI_ENSURE_PLUGIN_MAIN_THREAD", "1")
    yield
    wait_for(lambda: running() == [])


@pytest.fixture(scope="session")
def imported(qapp: Any) -> Iterator[None]:
    """Modules that a window needs, out of sight of the garbage collector.

    napari collects garbage whenever layers go or a viewer ends; searching all modules again takes
    longest.
    """
    import napari._qt.qt_main_window
    import napari._vispy.canvas  # noqa: F401

    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(scope="session")
def shared_viewer(imported: None) -> Iterator[SharedViewer]:
    """Lends one viewer to test after test."""
    shared = SharedViewer()
    yield shared
    shared.end()


@pytest.fixture
def nobody_shares(shared_viewer: SharedViewer) -> None:
    """Close the shared viewer: napari's own fixture wants to be the only one who has any."""
    shared_viewer.end()


@pytest.fixture
def make_napari_viewer(nobody_shares: None, make_napari_viewer: Any) -> Any:
    """napari's own fixture, for tests that need a viewer of their own or prove how one ends."""
    return make_napari_viewer


@pytest.fixture
def viewer(
    shared_viewer: SharedViewer, request: pytest.FixtureRequest, qtbot: Any
) -> Iterator[Any]:
    """An empty napari viewer whose window is not shown; other tests have had it before."""
    yield shared_viewer.lend()
    called = getattr(request.node, "rep_call", None)  # napari's plug-in keeps it
    shared_viewer.take_back(failed=called is None or called.failed)


@pytest.fixture
def loaded(viewer: Any, extracted: list[LayerData]) -> Any:
    """A viewer with the instances of an extraction: no surfaces, as napari takes long for each."""
    return load(viewer, extracted[:1])


@pytest.fixture
def window(viewer: Any, extracted: list[LayerData], qtbot: Any) -> Any:
    """The viewer on the screen with the shapes in it, drawn."""
    show(viewer, 1000, 800, qtbot)
    load(viewer, extracted)
    qtbot.wait(50)
    return viewer


@pytest.fixture
def hold(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Holding]:
    """Let work of panels go only so far, as `Holding` is told."""
    return partial(Holding, monkeypatch)


@pytest.fixture
def open_panel(qtbot: Any) -> Callable[[Any, str], Hands]:
    """Open a panel from the Plugins menu of a viewer."""

    def opened(viewer: Any, name: str) -> Hands:
        dock, panel = viewer.window.add_plugin_dock_widget("napari-3dmsl", name)
        return Hands(qtbot, panel, dock)

    return opened
