"""Six views of a shape through several microscopes."""

from __future__ import annotations

import numpy as np
import pytest

from napari_3dmsl.figures.views_figure import draw_views, views_of_shape
from napari_3dmsl.microscope.fluorophores import Labelling, Surface
from napari_3dmsl.microscope.pose import VIEWS, Pose
from napari_3dmsl.microscope.presets import load_microscope, usual_camera
from napari_3dmsl.microscope.settings import Acquisition
from napari_3dmsl.microscope.simulation import Simulation, simulate_surface


def block() -> tuple[np.ndarray, np.ndarray]:
    """Corners and faces of a block of 0.4 × 0.8 × 1.6 µm."""
    corners = np.array(np.meshgrid([0, 1], [0, 1], [0, 1], indexing="ij")).reshape(3, -1).T
    faces = [(0, 1, 3), (0, 3, 2), (4, 6, 7), (4, 7, 5), (0, 4, 5), (0, 5, 1)]
    faces += [(2, 3, 7), (2, 7, 6), (0, 2, 6), (0, 6, 4), (1, 5, 7), (1, 7, 3)]
    return corners * [0.4, 0.8, 1.6], np.array(faces)


def block_surface() -> Surface:
    return Surface(*block())


def simulation(name: str) -> Simulation:
    microscope = load_microscope(name).replace(image_size=(48, 48))
    return Simulation(
        microscope=microscope,
        camera=usual_camera(microscope),
        labelling=Labelling(density_per_um2=50),
        acquisition=Acquisition(planes=3, focus_um=0.1),
        pose=Pose(rotation_deg=(10, 20, 30)),
        seed=3,
    )


def test_each_view_is_the_image_that_a_script_makes() -> None:
    surface, wanted = block_surface(), [simulation("con1"), simulation("epi1")]
    done: list[tuple[int, int]] = []
    rows = views_of_shape(surface, wanted, lambda now, of, _: done.append((now, of)))
    assert [len(row) for row in rows] == [6, 6]
    assert done == [(now, 12) for now in range(13)]
    for row, settings in zip(rows, wanted, strict=True):
        for picture, view in zip(row, VIEWS, strict=True):
            alone = settings.replace(
                pose=Pose.from_view(view), acquisition=settings.acquisition.replace(planes=1)
            )
            made = simulate_surface(*block(), alone)
            np.testing.assert_array_equal(picture.values, made.counts[0])


def test_it_stops_where_progress_raises() -> None:
    def stop(done: int, total: int, what: str) -> None:
        if done == 2:
            raise InterruptedError(what)

    with pytest.raises(InterruptedError, match="view x90, con1"):
        views_of_shape(block_surface(), [simulation("con1"), simulation("epi1")], stop)


def test_the_figure_names_every_view_and_microscope() -> None:
    rows = views_of_shape(block_surface(), [simulation("con1"), simulation("epi1")])
    axes = draw_views(rows).axes
    assert [one.get_title() for one in axes[:6]] == ["view 0", *list(VIEWS)[1:]]
    named = [one.get_ylabel().replace("\n", " ") for one in axes if one.get_ylabel()]
    assert [name.split(",")[0] for name in named] == ["Confocal 1.40 oil", "Widefield 1.42 oil"]
    for row in (axes[:6], axes[6:]):
        limits = {one.images[0].get_clim() for one in row}
        assert len(limits) == 1  # so that views can be compared
    spans = {tuple(np.round(one.get_xlim(), 6)) for one in axes}
    assert len(spans) == 1
    assert not [text for one in axes[:5] for text in one.texts]
    assert axes[5].texts


def test_without_microscopes_it_says_so() -> None:
    with pytest.raises(ValueError, match="give at least one microscope"):
        draw_views([])
