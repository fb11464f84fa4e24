"""A time-lapse as layers: at the right time, in the right place, parents and children linked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from shown import shown

from napari_3dmsl.layers import time_lapse as motion_layers
from napari_3dmsl.microscope.fluorophores import Emitters
from napari_3dmsl.scenes.placed_object import PlacedObject
from napari_3dmsl.timelapse.lineage import lineage_of
from napari_3dmsl.timelapse.motion import Event, Frame

INTERVAL_S = 5.0
CORNERS = np.array([[0, 0, 0], [0, 0, 1], [0, 1, 0], [1, 0, 0.0]])
FACES = np.array([[0, 1, 2], [0, 2, 3], [0, 3, 1], [1, 3, 2]])


def at(label: int, place: tuple[float, float, float]) -> PlacedObject:
    vertices = CORNERS + np.array(place)
    return PlacedObject(
        label, 1, None, vertices, FACES, Emitters(vertices[:1], np.ones(1)), np.eye(4)
    )


@pytest.fixture
def story() -> list[Frame]:
    """Track 1 divides into 2 and 3, which then fuse to 4."""
    return [
        Frame(0.0, (at(1, (1, 0, 0)),), 0.0, ()),
        Frame(5.0, (at(1, (1, 0, 2)),), 0.0, ()),
        Frame(10.0, (at(2, (1, -2, 2)), at(3, (1, 2, 2))), 0.0, (Event("fission", (1,), (2, 3)),)),
        Frame(15.0, (at(4, (1, 0, 4)),), 0.0, (Event("fusion", (2, 3), (4,)),)),
    ]


def test_tracks_pass_through_the_middles_of_the_objects(viewer: Any, story: list[Frame]) -> None:
    [layer] = shown(viewer, motion_layers.tracks_layer(story, lineage_of(story), INTERVAL_S))
    middle = CORNERS.mean(axis=0)
    expected = [
        [1, 0, 1, 0, 0],
        [1, 1, 1, 0, 2],
        [2, 2, 1, -2, 2],
        [3, 2, 1, 2, 2],
        [4, 3, 1, 0, 4],
    ]
    places = np.array(expected, dtype=float)
    places[:, 2:] += middle
    np.testing.assert_allclose(layer.data, places)
    assert {child: list(parents) for child, parents in layer.graph.items()} == {
        2: [1],
        3: [1],
        4: [2, 3],
    }


def test_the_surfaces_of_a_frame_are_drawn_at_its_time(viewer: Any, story: list[Frame]) -> None:
    [layer] = shown(viewer, motion_layers.surfaces_layer(story, INTERVAL_S))
    vertices, faces, values = layer.data
    assert (len(vertices), len(faces)) == (5 * 4, 5 * 4)
    in_frame = vertices[values == 3]
    np.testing.assert_allclose(in_frame[:, 0], 2)
    np.testing.assert_allclose(in_frame[:, 1:], CORNERS + np.array([1, 2, 2]))
    assert set(np.unique(values[faces])) == {1, 2, 3, 4}
    assert all(len(set(vertices[face, 0])) == 1 for face in faces)


def test_all_layers_share_time_and_place(viewer: Any, story: list[Frame]) -> None:
    pixels = np.random.default_rng(0).poisson(5, (4, 20, 30)).astype(np.uint16)
    layers = shown(
        viewer,
        motion_layers.film_layer(pixels, INTERVAL_S, 0.1, [1.5]),
        motion_layers.surfaces_layer(story, INTERVAL_S),
        motion_layers.tracks_layer(story, lineage_of(story), INTERVAL_S),
    )
    for layer in layers:
        assert layer.ndim == 4
        assert [str(unit) for unit in layer.units] == ["second"] + ["micrometer"] * 3
        assert layer.axis_labels == ("t", "z", "y", "x")
        assert layer.scale[0] == INTERVAL_S
    assert viewer.dims.range[0][:2] == (0.0, 15.0)
    np.testing.assert_allclose(layers[0].extent.world.mean(axis=0), [7.5, 1.5, 0, 0], atol=1e-9)


def test_a_film_of_one_plane_reaches_from_the_coverslip_up(viewer: Any) -> None:
    pixels = np.zeros((3, 1, 8, 8))
    [layer] = shown(viewer, motion_layers.film_layer(pixels, 2.0, 0.1, [1.2]))
    assert layer.scale[1] == pytest.approx(2.4)
    assert layer.translate[1] == pytest.approx(1.2)
    assert str(layer.depiction) == "plane"


def test_a_film_of_stacks_keeps_its_planes(viewer: Any) -> None:
    pixels = np.zeros((2, 5, 8, 10))
    [layer] = shown(viewer, motion_layers.film_layer(pixels, 2.0, 0.1, np.arange(5) * 0.3 + 0.5))
    np.testing.assert_allclose(layer.scale, [2.0, 0.3, 0.1, 0.1])
    np.testing.assert_allclose(layer.translate, [0, 0.5, -0.35, -0.45])
    assert str(layer.depiction) == "volume"


def test_planes_without_heights_are_refused() -> None:
    with pytest.raises(ValueError, match=r"pixels: shape \(2, 5, 8, 8\) with 1 plane heights"):
        motion_layers.film_layer(np.zeros((2, 5, 8, 8)), 1.0, 0.1, [1.0])


@pytest.mark.parametrize(("figure", "limit"), [("FILM_FACES", 2000), ("DRAWN_FACES", 500)])
def test_many_faces_are_thinned_for_display_only(
    monkeypatch: pytest.MonkeyPatch, figure: str, limit: int
) -> None:
    import trimesh

    ball = trimesh.creation.icosphere(subdivisions=4, radius=0.5)
    one = at(1, (1, 0, 0))
    one = type(one)(
        **{**vars(one), "vertices_um": np.array(ball.vertices), "faces": np.array(ball.faces)}
    )
    frames = [Frame(float(n), (one,), 0.0, ()) for n in range(4)]
    monkeypatch.setattr(motion_layers, figure, limit)
    (_, faces, _), _, _ = motion_layers.surfaces_layer(frames, 1.0)
    assert 1500 < len(faces) < 2500
    assert len(frames[0].objects[0].faces) == 5120
