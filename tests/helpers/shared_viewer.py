"""One napari viewer for many tests: a new one takes half a second, an emptied one nothing.

It goes to the next test only if nothing tells it from a new one. Otherwise it is closed, and the
next test gets another.
"""

from __future__ import annotations

import gc
import sys
from collections import Counter
from copy import deepcopy
from typing import Any
from unittest.mock import patch

import pytest

SIZE = (1366, 900)
"""Of its window, so that a panel and the canvas have room in it, should a test show it."""


class SharedViewer:
    """Lends a viewer to a test, and empties it afterwards.

    It does once what napari's ``make_napari_viewer`` does for every test: settings as they come,
    an application model of its own, no console and no thread that tells what is under the mouse.

    Attributes
    ----------
    differences : list of str
        What told a viewer that came back from a new one, a line for each that was closed for it.
    """

    def __init__(self) -> None:
        self.differences: list[str] = []
        self._viewer: Any = None
        self._new: dict[str, Any] = {}
        self._docks: Any = None
        self._loaded = 0
        self._patch = pytest.MonkeyPatch()

    def lend(self) -> Any:
        """Return the viewer; make one if there is none."""
        if self._viewer is None:
            self._make()
        return self._viewer

    def take_back(self, *, failed: bool) -> None:
        """Empty the viewer, or close it.

        Parameters
        ----------
        failed
            Whether the test did: what is in the viewer then is anybody's guess.
        """
        if self._viewer is None:
            return
        if failed or not hasattr(self._viewer.window, "_qt_window"):
            self.end(leaks=failed)
            return
        _empty(self._viewer, self._new, self._docks)
        if _different(self._new, _state(self._viewer)):
            gc.collect()  # menus of plots that nobody has any more
        if told := _different(self._new, _state(self._viewer)):
            self.differences.append("; ".join(told))
            self.end()
        elif len(sys.modules) > self._loaded:
            self._leave_out()

    def end(self, *, leaks: bool = False) -> None:
        """Close the viewer, if there is one.

        Parameters
        ----------
        leaks
            Whether something may still hold it, such as the traceback of a test that failed.
        """
        from napari._qt._qapp_model.qactions import init_qactions
        from napari._qt.qt_viewer import QtViewer
        from napari.plugins import _initialize_plugins

        if self._viewer is None:
            return
        window = self._viewer.window
        if hasattr(window, "_qt_window"):
            with patch.object(window._qt_window, "_save_current_window_settings"):
                self._viewer.close()
        del window
        self._viewer = None
        self._new = {}
        self._application.destroy("shared by tests")
        self._patch.undo()
        _initialize_plugins.cache_clear()
        init_qactions.cache_clear()
        gc.unfreeze()
        gc.collect()
        gc.freeze()
        left = len(QtViewer._instances)
        QtViewer._instances.clear()
        assert leaks or not left, "a shared viewer was closed, but something still holds it"

    def _make(self) -> None:
        from napari import Viewer
        from napari._app_model._app import NapariApplication, _napari_names
        from napari._qt._qapp_model.qactions import init_qactions
        from napari._qt.qt_viewer import QtViewer
        from napari._qt.threads.status_checker import StatusChecker
        from napari.plugins import _initialize_plugins
        from napari.settings import get_settings
        from qtpy.QtWidgets import QWidget

        from napari_3dmsl.adopt import watch

        def no_console(*_: Any) -> QWidget:
            widget = QWidget()
            widget._update_theme = lambda *_: None
            return widget

        get_settings().reset()
        _initialize_plugins.cache_clear()
        init_qactions.cache_clear()
        self._application = NapariApplication("shared by tests")
        self._application.injection_store.namespace = _napari_names
        self._patch.setattr(NapariApplication, "get_app_model", lambda *_: self._application)
        self._patch.setattr(StatusChecker, "start", lambda *_: None)
        self._patch.setattr(QtViewer, "_get_console", no_console)
        self._viewer = Viewer(show=False, show_welcome_screen=False)
        watch(self._viewer)  # as the first panel does, for the viewer's whole life
        self._viewer.window.show()  # some tests do, and Qt makes parts of a window only then
        _let_go()
        self._viewer.window._qt_window.hide()
        self._viewer.window.resize(*SIZE)
        _let_go()
        self._docks = self._viewer.window._qt_window.saveState()
        self._new = _state(self._viewer)
        self._leave_out()

    def _leave_out(self) -> None:
        """Leave what has been loaded out of the searches of napari, one for each layer that goes.

        What is left out and later let go in a circle stays until the viewer is closed.
        """
        self._loaded = len(sys.modules)
        gc.collect()
        gc.freeze()


def _empty(viewer: Any, new: dict[str, Any], docks: Any) -> None:
    """Close what has been docked, remove the layers, set everything as in a new viewer."""
    from napari.settings import get_settings

    window = viewer.window._qt_window
    with patch.object(window, "_save_current_window_settings"):
        window.hide()
    for name, dock in list(viewer.window._wrapped_dock_widgets.items()):
        if name not in new["docks"]:
            dock.destroyOnClose()
    _let_go()
    viewer.layers.clear()
    _end_selection(viewer)
    viewer.dims.update(new["dims"])
    _set_back(viewer, new["model"])
    get_settings().reset()
    window.layout().invalidate()
    window.layout().activate()  # smaller without the panels
    window.resize(*new["size"])
    window.restoreState(docks)  # as wide as before: Qt remembers how wide a side has been
    _let_go()
    gc.collect(1)


def _let_go() -> None:
    """Let Qt delete what is to be deleted."""
    from qtpy.QtCore import QEvent
    from qtpy.QtWidgets import QApplication

    QApplication.processEvents()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    QApplication.processEvents()


def _end_selection(viewer: Any) -> None:
    """End what all panels of a viewer share, which else lives as long as the viewer."""
    from napari_3dmsl.widgets.common import shape_selection

    known = shape_selection._selections.pop(viewer, None)
    selection = None if known is None else known()
    if selection is not None:
        viewer.mouse_drag_callbacks.remove(selection._on_click)
        viewer.layers.events.inserted.disconnect(selection._refresh)
        viewer.layers.events.removed.disconnect(selection._refresh)


def _parts(model: Any) -> dict[str, Any]:
    """Fields of a model, and of the models in it."""
    from napari.utils.events import EventedModel

    found = {}
    for name in type(model).model_fields:
        value = getattr(model, name)
        if name in ("layers", "dims", "keymap") or name.startswith("mouse_"):
            continue
        if isinstance(value, EventedModel):
            found[name] = _parts(value)
        elif name == "overlays":
            found[name] = {key: _parts(overlay) for key, overlay in value.items()}
        else:
            found[name] = deepcopy(value)
    return found


def _set_back(model: Any, new: dict[str, Any]) -> None:
    from napari.utils.events import EventedModel

    for name, value in new.items():
        now = getattr(model, name)
        if isinstance(now, EventedModel):
            _set_back(now, value)
        elif name == "overlays":
            for key, overlay in value.items():
                _set_back(now[key], overlay)
        elif repr(now) != repr(value):
            setattr(model, name, value)


def _state(viewer: Any) -> dict[str, Any]:
    """What tells one empty viewer from another."""
    from qtpy.QtOpenGLWidgets import QOpenGLWidget
    from qtpy.QtWidgets import QApplication, QTabBar, QWidget

    window = viewer.window._qt_window
    widgets = [  # Qt keeps the bar of docks that lay behind one another for the next ones
        widget
        for widget in window.findChildren(QWidget)
        if not any(isinstance(x, QTabBar) for x in (widget, widget.parent()))
    ]
    watched = {
        "viewer": viewer,
        "layers": viewer.layers,
        "selection": viewer.layers.selection,
        "dims": viewer.dims,
        "camera": getattr(viewer, "scene", viewer).camera,  # napari's place for it since 0.9
        "cursor": viewer.cursor,
        "grid": getattr(viewer, "canvas", viewer).grid,
    }
    return {
        "model": _parts(viewer),
        "dims": viewer.dims.model_dump(),
        "layers": list(viewer.layers),
        "listeners": {
            f"{name}.{event}": len(emitter.callbacks)
            for name, part in watched.items()
            for event, emitter in part.events.emitters.items()
        },
        "mouse": {
            kind: len(getattr(viewer, f"mouse_{kind}_callbacks"))
            for kind in ("move", "drag", "wheel", "double_click")
        },
        "keys": dict(viewer.keymap),
        "docks": sorted(viewer.window._wrapped_dock_widgets),
        "widgets": Counter(type(x).__name__ for x in widgets),
        "windows": Counter(type(x).__name__ for x in QApplication.topLevelWidgets()),
        "size": (window.width(), window.height()),
        "drawn": [canvas.updatesEnabled() for canvas in window.findChildren(QOpenGLWidget)],
    }


def _different(new: dict[str, Any], now: dict[str, Any], where: str = "") -> list[str]:
    """What of two states is not the same, a line each."""
    found = []
    for name in {**new, **now}:
        one, other = new.get(name), now.get(name)
        if isinstance(one, dict) and isinstance(other, dict):
            found += _different(one, other, f"{where}{name}.")
        elif repr(one) != repr(other):
            found.append(f"{where}{name}: {one} became {other}")
    return found
