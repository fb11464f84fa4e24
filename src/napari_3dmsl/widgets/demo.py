"""The demo: sample, shapes, a selected shape and its live image, in one window."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from napari_3dmsl.layers.labels import phantom_layer
from napari_3dmsl.shapes.phantom import make_phantom
from napari_3dmsl.widgets.browse.panel import BrowsePanel
from napari_3dmsl.widgets.export import ExportPanel
from napari_3dmsl.widgets.extract.panel import ExtractPanel
from napari_3dmsl.widgets.microscope.panel import MicroscopePanel

_TIMEOUT_S = 300.0
_SIZE = (1600, 1000)


class Demo:
    """The whole window with the phantom extracted; also what the screenshots are taken of.

    Parameters
    ----------
    show
        Whether the window is seen.
    """

    def __init__(self, *, show: bool = True) -> None:
        import napari
        from napari.layers import Labels

        self.viewer = napari.Viewer(title="3DMSL demo", show=show)
        window = self.viewer.window
        data, attributes, _ = phantom_layer(make_phantom(), "mitochondria phantom")
        self.viewer.add_layer(Labels(data, **attributes))
        self.extract = ExtractPanel(self.viewer, remember=False)
        self.browse = BrowsePanel(self.viewer, remember=False)
        self.microscope = MicroscopePanel(self.viewer, remember=False)
        self.export = ExportPanel(self.viewer, remember=False)
        docks = [
            window.add_dock_widget(panel, name=name, area="right", tabify=first)
            for name, panel, first in [
                ("Microscope", self.microscope, False),
                ("Shape browser", self.browse, True),
                ("Extract shapes", self.extract, True),
                ("Export images", self.export, True),
            ]
        ]
        self.docks: dict[str, Any] = dict(
            zip(("microscope", "browse", "extract", "export"), docks, strict=True)
        )
        self.extract.extract()

    def wait_for_shapes(self) -> None:
        """Return when the shapes are there; RuntimeError when they do not come."""

        def there() -> bool:
            found = bool(self.browse.table.model().rowCount() > 0)
            if not found and self.extract.extract_button.isEnabled():
                raise RuntimeError(f"the demo has no shapes: {self.extract.status.text()}")
            return found

        self._wait_until(there, "shapes")
        self._wait_until(self.extract.extract_button.isEnabled, "layers")  # one after the other

    def select(self, shape_class: str) -> None:
        """Select the longest shape of a class and wait for its image.

        Parameters
        ----------
        shape_class
            Of which there is a shape.
        """
        from napari_3dmsl.widgets.common.shape_selection import selection_of
        from napari_3dmsl.widgets.microscope.image_layers import IMAGE

        selection = selection_of(self.viewer)
        assert selection.source is not None
        table = selection.source.table
        alike = [i for i, kind in enumerate(table["shape_class"]) if kind == shape_class]
        longest = max(alike, key=lambda i: table["length_um"][i])
        selection.select(selection.source.ids[longest])
        self._wait_until(lambda: IMAGE in self.viewer.layers, "image")

    def process_events(self, seconds: float = 0.0) -> None:
        """Let the window work for a while.

        Parameters
        ----------
        seconds
            0 for what is waiting only.
        """
        import time

        from qtpy.QtWidgets import QApplication

        until = time.perf_counter() + seconds
        while True:
            QApplication.processEvents()
            if time.perf_counter() >= until:
                return
            time.sleep(0.01)

    def _wait_until(self, there: Any, what: str) -> None:
        import time

        until = time.perf_counter() + _TIMEOUT_S
        while not there():
            if time.perf_counter() > until:
                raise RuntimeError(f"the demo waited {_TIMEOUT_S:.0f} s for its {what} in vain")
            self.process_events(0.05)


def run_demo(screenshot: Path | None = None) -> None:
    """Open the demo; with ``screenshot``, write a picture of the window and close it.

    Parameters
    ----------
    screenshot
        A file, ``.png``; None leaves the window open.

    Raises
    ------
    RuntimeError
        When the shapes or the image do not come.
    """
    import napari

    demo = Demo()
    demo.viewer.window.resize(*_SIZE)
    demo.wait_for_shapes()
    demo.docks["microscope"].raise_()
    demo.microscope.switches.auto_contrast.setChecked(True)
    demo.select("network")
    demo.viewer.reset_view()
    demo.process_events(1.0)
    if screenshot is None:
        napari.run()
        return
    demo.viewer.window.screenshot(str(screenshot), canvas_only=False, flash=False)
    demo.viewer.close()
