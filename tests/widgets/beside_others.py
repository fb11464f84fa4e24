"""This plugin beside one of others in one napari: `scripts/test_matrix.py` runs it, by name.

The environment variable BESIDE names the other's package.
"""

from __future__ import annotations

import os
from importlib import import_module
from importlib.metadata import entry_points, packages_distributions, requires, version
from pathlib import Path
from typing import Any

import npe2
import numpy as np
import pytest
from packaging.requirements import Requirement

from napari_3dmsl.image_io.image_file import write_image_file
from napari_3dmsl.microscope.simulation import Simulation, simulate_surface

OTHER = os.environ["BESIDE"]
OURS = "napari-3dmsl"
PANELS = [
    widget.display_name
    for widget in npe2.PluginManifest.from_distribution(OURS).contributions.widgets
]
# Packages without a manifest are no plugins: one imports them in scripts.
IS_PLUGIN = OTHER in {entry.name for entry in entry_points(group="napari.manifest")}


def test_each_gets_the_packages_it_asks_for() -> None:
    """But for napari itself: an upper limit of the other is told in the table."""
    wrong = []
    for owner in (OURS, OTHER):
        for line in requires(owner) or []:
            wanted = Requirement(line)
            if wanted.name == "napari" or (wanted.marker and not wanted.marker.evaluate()):
                continue
            if not wanted.specifier.contains(version(wanted.name), prereleases=True):
                wrong.append(f"{owner}: {line}, not {version(wanted.name)}")
    assert not wrong


def test_the_other_can_still_be_imported() -> None:
    modules = [name for name, owners in packages_distributions().items() if OTHER in owners]
    modules = [name for name in modules if name.isidentifier()]
    assert modules
    for name in modules:
        import_module(name)


def test_napari_finds_both_manifests() -> None:
    manager = npe2.PluginManager()
    manager.discover()
    found = {manifest.name for manifest in manager.iter_manifests()}
    assert OURS in found
    assert (OTHER in found) is IS_PLUGIN
    for name in [OURS, *[OTHER] * IS_PLUGIN]:
        manager.get_manifest(name).validate_imports()


def test_all_panels_of_both_open_in_one_window(viewer: Any, open_panel: Any, qtbot: Any) -> None:
    from_others = []
    if IS_PLUGIN:
        manifest = npe2.PluginManifest.from_distribution(OTHER)
        from_others = [widget.display_name for widget in manifest.contributions.widgets or []]
    for name in from_others:
        viewer.window.add_plugin_dock_widget(OTHER, name)
    for name in PANELS:
        open_panel(viewer, name)
    qtbot.wait(50)
    assert len(viewer.window.dock_widgets) >= len(PANELS) + len(from_others)


@pytest.mark.skipif(OTHER != "napari-ome-zarr", reason="reads no OME-Zarr")
def test_images_written_here_open_with_the_other(viewer: Any, shapes: Any, tmp_path: Path) -> None:
    mesh = shapes.mesh(shapes.ids[0])
    image = simulate_surface(mesh.vertices, mesh.faces, Simulation())
    path = write_image_file(tmp_path / "mine.ome.zarr", image)
    [layer, *_] = viewer.open(path, plugin=OTHER)
    np.testing.assert_array_equal(np.squeeze(layer.data), np.squeeze(image.counts))
    np.testing.assert_allclose(layer.scale[-1], image.simulation.microscope.pixel_um)
