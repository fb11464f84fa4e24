"""Files of ours that napari has opened by itself: their layers get the scale and the settings.

napari chooses readers by the names of files alone and asks people as soon as two plugins claim a
name. Ours end in ``.tif`` as everybody's do, so this package claims no TIFF: napari opens them, at
once. What is ours is told by the settings inside, and made right as soon as the layer is there.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

if TYPE_CHECKING:
    from napari.layers import Layer
    from napari.viewer import Viewer

_watched: WeakSet[Any] = WeakSet()
_OF_NAPARI = "napari"  # what a layer calls the reader that is built in


def activate(context: Any) -> None:
    """Watch the viewer that is there when napari first needs this package, see ``napari.yaml``.

    Parameters
    ----------
    context
        Of napari's plugin engine; not used.
    """
    import napari

    viewer = napari.current_viewer()
    if viewer is not None:
        watch(viewer)


def watch(viewer: Viewer) -> None:
    """Make the layers of our files right, those that are there and those that come.

    Parameters
    ----------
    viewer
        A second time does nothing.
    """
    if viewer in _watched:
        return
    _watched.add(viewer)
    for layer in list(viewer.layers):
        _adopt(viewer, layer)
    viewer.layers.events.inserted.connect(lambda event: _come(viewer, event.value))


def open_files(viewer: Viewer, *paths: str | Path) -> list[Layer]:
    """Open images and label volumes of this package's formats with scale and settings.

    ``viewer.open`` would take napari's own reader, which knows neither.

    Parameters
    ----------
    viewer
        Which gets the layers.
    *paths
        Of files or folders, in the order of the layers.

    Raises
    ------
    ValueError
        One line, when a file is damaged or of another kind.
    """
    from napari.layers import Layer

    from napari_3dmsl.readers import read_file

    found = [layer for path in paths for layer in read_file(Path(path))]
    return [viewer.add_layer(Layer.create(*layer)) for layer in found]


def _come(viewer: Viewer, layer: Layer) -> None:
    """Make a layer right that has come, and play it if it is a film from a file."""
    _adopt(viewer, layer)
    if layer.source.path is not None:
        _play(viewer, layer)


def _play(viewer: Viewer, layer: Layer) -> None:
    """Play a film, but not while napari is still adding it."""
    from qtpy.QtCore import QTimer

    from napari_3dmsl.films import is_film, play_opened

    if is_film(layer):
        QTimer.singleShot(0, partial(play_opened, viewer, layer))


def _adopt(viewer: Viewer, layer: Layer) -> None:
    """Give a layer what its file says, if that is one of ours and napari's own reader read it."""
    path = layer.source.path
    if path is None or layer.source.reader_plugin != _OF_NAPARI or not _is_our_image(Path(path)):
        return
    from napari_3dmsl.readers import read_file

    try:
        [(data, attributes, kind)] = read_file(Path(path))
    except (ValueError, OSError):
        return  # napari has read what can be read
    if kind == "image" and data.shape == layer.data.shape:
        for name, value in attributes.items():
            setattr(layer, name, value)
        if len(viewer.layers) == 1:
            viewer.reset_view()
        return
    from qtpy.QtCore import QTimer

    # Not while napari is adding the layer that is taken away.
    QTimer.singleShot(0, partial(_replace, viewer, layer, (data, attributes, kind)))


def _replace(viewer: Viewer, layer: Layer, found: Any) -> None:
    from napari.layers import Layer

    if layer in viewer.layers:
        place = viewer.layers.index(layer)
        viewer.layers.remove(layer)
        layer = Layer.create(*found)
        viewer.layers.insert(place, layer)
        viewer.reset_view()
        _play(viewer, layer)


def _is_our_image(path: Path) -> bool:
    from napari_3dmsl.image_io.ome_tiff import IMAGE_SUFFIXES, read_settings

    if not path.name.lower().endswith(IMAGE_SUFFIXES):
        return False
    try:
        return read_settings(path) is not None
    except (ValueError, OSError):
        return False
