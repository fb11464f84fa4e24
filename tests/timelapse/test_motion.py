"""Moving objects against the laws of Brownian motion, transport and bleaching."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from moving import TETRAHEDRON, mesh_of, placed, tetrahedra, tube, tube_mesh, volume_um3

from napari_3dmsl.geometry.inside import inside_mesh
from napari_3dmsl.scenes.centrelines import centrelines_of
from napari_3dmsl.shapes import voxelize as voxels
from napari_3dmsl.shapes.distance import distance_to_mesh
from napari_3dmsl.shapes.mesh import Mesh
from napari_3dmsl.timelapse.lineage import LineageRecorder, check_lineage
from napari_3dmsl.timelapse.motion import Frame, Motion, frames

STILL = {"diffusion_um2_per_s": 0.0, "rotation_deg2_per_s": 0.0, "bending_um": 0.0}


def film(objects: Any, seed: int = 0, field_um: Any = None, **settings: Any) -> list[Frame]:
    motion = Motion(**{**STILL, **settings})
    return list(frames(objects, motion, np.random.default_rng(seed), field_um))


def middles(found: list[Frame]) -> np.ndarray:
    """Place of every object in every frame, (frames, objects, 3)."""
    return np.array([[o.vertices_um.mean(axis=0) for o in frame.objects] for frame in found])


def squared_displacement(places: np.ndarray, lag: int) -> float:
    """Mean over all objects and all times that do not overlap."""
    return float((np.diff(places[::lag], axis=0) ** 2).sum(axis=2).mean())


@pytest.mark.parametrize(("lateral", "dimensions"), [(False, 3), (True, 2)])
def test_mean_squared_displacement_grows_as_2_d_diffusion_times_time(
    lateral: bool, dimensions: int
) -> None:
    places = middles(
        film(
            tetrahedra(1500),
            frames=13,
            interval_s=2.0,
            diffusion_um2_per_s=0.03,
            rotation_deg2_per_s=10.0,
            lateral=lateral,
        )
    )
    for lag in (1, 3, 12):
        expected = 2 * dimensions * 0.03 * 2.0 * lag
        assert squared_displacement(places, lag) == pytest.approx(expected, rel=0.05)
    assert bool(np.ptp(places[..., 0]) < 1e-9) is lateral


@pytest.mark.parametrize("interval_s", [0.5, 20.0])
def test_directions_are_forgotten_as_rotational_diffusion_says(interval_s: float) -> None:
    coefficient = 60.0  # deg²/s
    found = film(tetrahedra(1500), frames=4, interval_s=interval_s, rotation_deg2_per_s=coefficient)
    first = [(frame.objects[i].vertices_um[0]) for frame in found for i in range(1500)]
    arms = np.array(first).reshape(4, 1500, 3) - middles(found)
    arms /= np.linalg.norm(TETRAHEDRON[0])
    for number in (1, 2, 3):
        kept = float((arms[number] * arms[0]).sum(axis=1).mean())
        time = number * interval_s
        assert kept == pytest.approx(np.exp(-2 * coefficient * (np.pi / 180) ** 2 * time), abs=0.05)
    np.testing.assert_allclose(np.linalg.norm(arms, axis=2), 1, rtol=1e-6)


def test_transport_carries_straight_on_at_its_speed() -> None:
    places = middles(
        film(tetrahedra(200), frames=6, interval_s=3.0, speed_um_per_s=0.5, heading="random")
    )
    steps = np.diff(places, axis=0)
    np.testing.assert_allclose(np.linalg.norm(places[-1] - places[0], axis=1), 0.5 * 15, rtol=1e-6)
    np.testing.assert_allclose(steps, np.broadcast_to(steps[0], steps.shape), atol=1e-9)
    assert np.linalg.norm(places[-1].mean(axis=0) - places[0, 0]) < 1.5  # no way is preferred


def test_transport_follows_the_long_axis_both_ways() -> None:
    rods = [tube("line", label) for label in range(1, 21)]
    places = middles(film(rods, frames=3, interval_s=1.0, speed_um_per_s=0.3))
    way = places[2] - places[0]
    np.testing.assert_allclose(np.abs(way[:, 2]), 0.6, rtol=1e-3)
    assert set(np.sign(way[:, 2])) == {-1.0, 1.0}


def test_transport_that_turns_is_a_persistent_walk() -> None:
    speed, persistence, time = 0.4, 3.0, 12.0
    places = middles(
        film(
            tetrahedra(1500),
            frames=13,
            interval_s=1.0,
            speed_um_per_s=speed,
            heading="random",
            persistence_s=persistence,
        )
    )
    forgotten = 1 - np.exp(-time / persistence)
    expected = 2 * speed**2 * persistence * (time - persistence * forgotten)
    assert squared_displacement(places, 12) == pytest.approx(expected, rel=0.06)


def test_nothing_sinks_below_the_coverslip_or_leaves_the_field() -> None:
    rods = [tube("line", label) for label in range(1, 6)]
    found = film(
        rods,
        frames=40,
        field_um=(3.0, 4.0),
        diffusion_um2_per_s=0.2,
        rotation_deg2_per_s=50.0,
        bending_um=0.1,
        speed_um_per_s=0.1,
        heading="random",
    )
    points = np.concatenate([o.vertices_um for frame in found for o in frame.objects])
    emitters = np.concatenate([o.emitters.positions_um for f in found for o in f.objects])
    for some in (points, emitters):
        assert some[:, 0].min() >= 0.0
        assert np.abs(some[:, 1]).max() <= 1.5 + 1e-9
        assert np.abs(some[:, 2]).max() <= 2.0 + 1e-9
    assert points[:, 0].min() < 0.2  # it was near
    assert points[:, 0].max() > 3.0


def test_mirrors_keep_the_density_of_diffusing_objects_even() -> None:
    places = middles(
        film(tetrahedra(400), frames=15, field_um=(2.1, 2.1), diffusion_um2_per_s=0.2)
    )[8:]
    share, _ = np.histogram(places[..., 1], bins=5, range=(-1, 1))
    np.testing.assert_allclose(share, share.mean(), rtol=0.15)


def test_half_of_single_molecules_are_dark_after_the_half_time() -> None:
    half_time = 30 * np.log(2)
    found = film(tetrahedra(4, emitters=2500), frames=3, interval_s=half_time, bleach_time_s=30.0)
    photons = np.array([[o.emitters.photons for o in frame.objects] for frame in found])
    assert set(np.unique(photons)) == {0.0, 100.0}
    assert np.mean(photons[1] > 0) == pytest.approx(0.5, abs=0.02)
    assert np.mean(photons[2] > 0) == pytest.approx(0.25, abs=0.02)
    assert not ((photons[1] == 0) & (photons[2] > 0)).any()  # none comes back


def test_expected_bleaching_fades_all_alike() -> None:
    found = film(
        tetrahedra(2, emitters=5), frames=4, interval_s=7.0, bleach_time_s=30.0,
        bleaching="expected",
    )  # fmt: skip
    for number, frame in enumerate(found):
        for one in frame.objects:
            np.testing.assert_allclose(one.emitters.photons, 100 * np.exp(-7 * number / 30))


def test_bleaching_leaves_the_paths_as_they_are() -> None:
    moving = {"frames": 4, "diffusion_um2_per_s": 0.1, "rotation_deg2_per_s": 20.0}
    dark = film(tetrahedra(3), bleach_time_s=5.0, **moving)
    np.testing.assert_array_equal(middles(film(tetrahedra(3), **moving)), middles(dark))


def test_the_focus_drifts_and_wanders() -> None:
    one = tetrahedra(1)
    steady = film(one, frames=5, interval_s=10, focus_drift_um_per_s=0.01)
    np.testing.assert_allclose([f.focus_shift_um for f in steady], [0, 0.1, 0.2, 0.3, 0.4])
    wandering = film(one, frames=3000, interval_s=10, focus_diffusion_um2_per_s=0.002)
    steps = np.diff([frame.focus_shift_um for frame in wandering])
    assert steps.var() == pytest.approx(2 * 0.002 * 10, rel=0.08)


def test_the_first_frame_shows_the_objects_as_given() -> None:
    rod = tube("line", 4)
    first = film([rod], diffusion_um2_per_s=0.1, rotation_deg2_per_s=9, bending_um=0.1, frames=2)[0]
    (shown,) = first.objects
    assert (first.time_s, first.focus_shift_um, first.events, shown.label) == (0.0, 0.0, (), 4)
    np.testing.assert_allclose(shown.vertices_um, rod.vertices_um, atol=1e-12)
    np.testing.assert_allclose(shown.emitters.positions_um, rod.emitters.positions_um, atol=1e-12)


def test_the_transform_of_a_stiff_object_leads_from_the_world_to_where_it_is() -> None:
    world = tube_mesh("fork")
    begin = np.eye(4)
    begin[:3, 3] = (2.0, 0.5, -0.5)
    moved = Mesh(world.vertices + begin[:3, 3], world.faces)
    begun = placed(1, moved, moved.vertices[:9])
    begun = type(begun)(**{**vars(begun), "to_field": begin})
    last = film([begun], frames=6, diffusion_um2_per_s=0.1, rotation_deg2_per_s=40)[-1].objects[0]
    there = world.vertices @ last.to_field[:3, :3].T + last.to_field[:3, 3]
    np.testing.assert_allclose(there, last.vertices_um, atol=1e-9)
    np.testing.assert_allclose(last.vertices_um[:9], last.emitters.positions_um, atol=1e-9)


def busy(seed: int, count: int = 6, number: int = 6) -> list[Frame]:
    """Short rods near each other that divide and fuse all the time."""
    rods = [tube("short line", n + 1, (0, 0.45 * n, 0.1 * n), 40) for n in range(count)]
    return film(
        rods, seed, frames=number, interval_s=10.0, fission_per_min=1.5, fusion_per_min=3.0,
        fusion_reach_um=0.3, bleach_time_s=100.0, rotation_deg2_per_s=2.0,
    )  # fmt: skip


def test_the_same_seed_gives_the_same_frames() -> None:
    first, second, other = busy(3), busy(3), busy(4)
    assert sum(len(frame.events) for frame in first) > 3
    for a, b in zip(first, second, strict=True):
        assert a.events == b.events
        for one, two in zip(a.objects, b.objects, strict=True):
            np.testing.assert_array_equal(one.vertices_um, two.vertices_um)
            np.testing.assert_array_equal(one.emitters.photons, two.emitters.photons)
    assert [frame.events for frame in first] != [frame.events for frame in other]


def test_fission_and_fusion_lose_no_volume_and_no_fluorophore() -> None:
    found = busy(5)
    kinds = [event.kind for frame in found for event in frame.events]
    assert {"fission", "fusion"} <= set(kinds)
    volume = sum(map(volume_um3, found[0].objects))
    emitters = sum(len(one.emitters) for one in found[0].objects)
    for frame in found:
        assert sum(map(volume_um3, frame.objects)) == pytest.approx(volume, rel=0.01)
        assert sum(len(one.emitters) for one in frame.objects) == emitters
        for one in frame.objects:
            assert mesh_of(one).is_watertight


def test_fission_comes_at_its_rate() -> None:
    rods = [tube("short line", n, every=40) for n in range(1, 61)]
    found = film(rods, frames=2, interval_s=30.0, fission_per_min=1.0)
    expected = 60 * (1 - np.exp(-0.5))
    assert len(found[1].events) == pytest.approx(expected, abs=2.5 * np.sqrt(expected * 0.6))


def test_lineages_hold_over_a_hundred_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(voxels, "VOXEL_UM", 0.05)  # coarse, so that a hundred runs are quick
    monkeypatch.setattr(voxels, "FEWEST_ACROSS", 5)
    events = 0
    for seed in range(100):
        recorder = LineageRecorder()
        labels = []
        for frame in busy(seed, count=2, number=4):
            recorder.record(frame)
            labels.append({one.label for one in frame.objects})
            events += len(frame.events)
        check_lineage(recorder.tracks, labels)
    assert events > 100


@pytest.mark.parametrize(
    ("objects", "told"),
    [
        ([], "none given"),
        ([tube("line", 2), tube("line", 2)], r"labels \[2, 2\]; expected each once"),
        ([tube("line", 0)], r"labels \[0\]; expected each once and all 1 or more"),
        (
            [
                placed(
                    7,
                    Mesh(tube_mesh("line").vertices, tube_mesh("line").faces[1:]),
                    np.ones((1, 3)),
                )
            ],
            "object 7: its surface has a hole",
        ),
    ],
)
def test_objects_that_cannot_move_are_refused_before_the_first_frame(
    objects: Any, told: str
) -> None:
    with pytest.raises(ValueError, match=told) as raised:
        frames(objects, Motion(), np.random.default_rng(0))
    assert "\n" not in str(raised.value)


def test_a_surface_with_a_hole_may_still_drift() -> None:
    mesh = tube_mesh("line")
    torn = placed(1, Mesh(mesh.vertices, mesh.faces[1:]), mesh.vertices[:3])
    assert len(film([torn], frames=3, diffusion_um2_per_s=0.1)) == 3


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match="interval_s = 0: must be above 0 to 86,400"):
        Motion(interval_s=0)


def test_centrelines_go_along_where_they_are_wanted() -> None:
    rods = [tube("line", 1), tube("line", 2, (0, 0.4, 0))]
    lined = [
        type(rod)(**{**vars(rod), "centrelines_um": centrelines_of(mesh_of(rod))}) for rod in rods
    ]
    settings = {"frames": 5, "diffusion_um2_per_s": 0.001, "rotation_deg2_per_s": 9.0}
    settings |= {"bending_um": 0.1, "fission_per_min": 2.0, "fusion_per_min": 20.0, "seed": 3}
    found = film(lined, **settings)
    assert {event.kind for frame in found for event in frame.events} == {"fission", "fusion"}
    for one in (one for frame in found for one in frame.objects):
        line = np.concatenate(one.centrelines_um)
        away = distance_to_mesh(line, one.vertices_um, one.faces.astype(np.int32))
        assert inside_mesh(mesh_of(one), line).all()
        assert 0.1 < np.median(away) < 0.17  # the radius of the tube, less near its ends
    plain = film(rods, **settings)
    assert not any(one.centrelines_um for frame in plain for one in frame.objects)
    np.testing.assert_allclose(
        plain[-1].objects[0].vertices_um, found[-1].objects[0].vertices_um, atol=1e-9
    )


MOVING = {
    "diffusion_um2_per_s": 0.01,
    "speed_um_per_s": 0.1,
    "bending_um": 0.1,
    "fusion_per_min": 600.0,
    "bleach_time_s": 5.0,
}
DETAILS = {
    "lateral": True,
    "heading": "random",
    "persistence_s": 0.5,
    "bending_time_s": 1.0,
    "fusion_reach_um": 0.9,
    "bleaching": "expected",
}


@pytest.mark.parametrize("on", [{}, *({name: rate} for name, rate in MOVING.items())], ids=str)
def test_details_of_what_is_off_have_no_effect(on: dict[str, float]) -> None:
    objects = [tube("line"), tube("line", 2, (0, 0.8, 0))]
    settings = {**STILL, "frames": 4, "interval_s": 1.0, **on}

    def seen(**changes: Any) -> list[bytes]:
        found = film(objects, **{**settings, **changes})
        parts = (each for frame in found for each in frame.objects)
        return [array.tobytes() for o in parts for array in (o.vertices_um, o.emitters.photons)]

    before, without = seen(), Motion(**settings).irrelevant()
    for name, other in DETAILS.items():
        assert (seen(**{name: other}) == before) == (name in without), name
