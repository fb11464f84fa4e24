"""Labelling of surfaces and volumes against formulas of the sphere and the box."""

import numpy as np
import pytest
import trimesh
from scipy import stats

from napari_3dmsl.geometry.line_crossings import lines_inside
from napari_3dmsl.geometry.quadrature import solid_points, surface_points
from napari_3dmsl.microscope import fluorophores
from napari_3dmsl.microscope.fluorophores import (
    Labelling,
    Surface,
    expected_fluorophores,
    label,
)


def surface_of(solid, offset=(0.0, 0.0, 0.0)):
    return Surface(np.array(solid.vertices) + offset, np.array(solid.faces))


@pytest.fixture(scope="module")
def ball():
    """Radius 1 µm; 81,920 triangles: volume and area within 0.02 % of the round one."""
    return surface_of(trimesh.creation.icosphere(subdivisions=6, radius=1.0), (3.0, -2.0, 5.0))


@pytest.fixture(scope="module")
def box():
    return surface_of(trimesh.creation.box(extents=(1.0, 2.0, 3.0)))


def test_volume_of_a_ball_and_of_a_box(ball, box):
    assert ball.volume_um3 == pytest.approx(4 / 3 * np.pi, rel=1e-3)
    assert box.volume_um3 == pytest.approx(6.0)
    inward = Surface(np.array(box.corners).reshape(-1, 3), np.arange(36).reshape(-1, 3)[:, ::-1])
    assert inward.volume_um3 == pytest.approx(6.0)


@pytest.mark.parametrize(("target", "second"), [("surface", 1 / 3), ("volume", 1 / 5)])
def test_fluorophores_are_uniform_on_and_in_a_sphere(ball, target, second):
    """Mean 0 and second moments R²/3, R²/5; on the sphere z itself is uniform (Archimedes)."""
    labelling = Labelling(target=target, density_per_um2=3000, density_per_um3=9000)
    placed = label(ball, labelling, np.random.default_rng(0)).positions_um - ball.centroid_um
    n = len(placed)
    assert placed.mean(axis=0) == pytest.approx(np.zeros(3), abs=4 * np.sqrt(second / n))
    assert (placed**2).mean(axis=0) == pytest.approx([second] * 3, abs=4 * 0.3 / np.sqrt(n))
    radius = np.linalg.norm(placed, axis=1)
    for axis in range(3):
        if target == "surface":
            share = 0.5 * (placed[:, axis] + 1)
        else:  # the cumulative share of a ball's volume below z
            z = placed[:, axis]
            share = 0.25 * (2 + 3 * z - z**3)
        counts = np.histogram(share, bins=20, range=(0, 1))[0]
        assert stats.chisquare(counts, np.full(20, counts.sum() / 20)).pvalue > 1e-3
    if target == "volume":
        assert stats.kstest(radius**3, "uniform").pvalue > 1e-3


def test_counts_are_density_times_size_thinned_by_the_efficiency(box):
    labelling = Labelling(target="volume", density_per_um3=50, efficiency=0.3)
    counts = [len(label(box, labelling, np.random.default_rng(seed))) for seed in range(200)]
    sites = round(50 * 6.0)
    assert np.mean(counts) == pytest.approx(0.3 * sites, abs=4 * np.sqrt(0.21 * sites / 200))
    # The sample variance of a binomial count: 5 standard errors, sqrt(2 / 200) each.
    assert np.var(counts) == pytest.approx(0.21 * sites, rel=5 * np.sqrt(2 / 200))
    assert len(label(box, labelling.replace(efficiency=1.0), np.random.default_rng(0))) == sites
    assert expected_fluorophores(box, labelling) == pytest.approx(90)


def test_exponential_photons_have_the_mean_as_their_deviation(ball):
    labelling = Labelling(
        density_per_um2=2000, photons_per_fluorophore=70, photon_distribution="exponential"
    )
    photons = label(ball, labelling, np.random.default_rng(1)).photons
    n = len(photons)
    assert photons.mean() == pytest.approx(70, rel=4 / np.sqrt(n))
    assert photons.std() == pytest.approx(70, rel=4 * np.sqrt(2 / n))
    assert stats.kstest(photons / 70, "expon").pvalue > 1e-3
    fixed = label(ball, labelling.replace(photon_distribution="fixed"), np.random.default_rng(1))
    same = label(ball, labelling, np.random.default_rng(1))
    np.testing.assert_array_equal(fixed.positions_um, same.positions_um)


@pytest.mark.parametrize("target", ["surface", "volume"])
def test_continuous_labelling_has_the_moments_of_the_sphere(ball, target):
    labelling = Labelling(
        target=target,
        continuous=True,
        density_per_um2=10,
        density_per_um3=10,
        efficiency=0.5,
        photons_per_fluorophore=8,
    )
    points = label(ball, labelling, np.random.default_rng(0))
    size = 4 * np.pi if target == "surface" else 4 / 3 * np.pi
    assert points.photons.sum() == pytest.approx(10 * 0.5 * 8 * size, rel=1e-3)
    placed = points.positions_um - ball.centroid_um
    second = np.average(placed**2, axis=0, weights=points.photons)
    assert np.average(placed, axis=0, weights=points.photons) == pytest.approx(
        np.zeros(3), abs=1e-3
    )
    assert second == pytest.approx([1 / 3 if target == "surface" else 1 / 5] * 3, rel=2e-3)


def test_continuous_points_stay_bounded_and_close(box):
    points, areas = surface_points(box.corners, edge_um=0.05)
    assert areas.sum() == pytest.approx(22.0)
    on_a_face = np.abs(np.abs(points) - [0.5, 1.0, 1.5]).min(axis=1)
    assert on_a_face.max() < 1e-9
    coarse, areas = surface_points(box.corners, edge_um=0.001, most=5000)
    assert 2500 <= len(coarse) <= 5000
    assert areas.sum() == pytest.approx(22.0)
    assert np.ptp(areas) / areas.mean() < 4
    for most in (2_000, 40_000):
        inside, volumes = solid_points(box.corners, 6.0, cell_um=0.001, most=most)
        assert 0.3 * most <= len(inside) <= 1.3 * most
        assert volumes.sum() == pytest.approx(6.0)
        assert (np.abs(inside) < [0.5, 1.0, 1.5]).all()


def test_columns_cut_a_box_exactly_even_along_its_edges():
    # Corners on whole steps: lines run along faces, edges and the diagonals of the triangles.
    box = surface_of(trimesh.creation.box(extents=(1.0, 2.0, 3.0)).subdivide(), (0.5, 1.0, 1.5))
    for step in (0.25, 0.1, 0.0371):
        found = lines_inside(box.corners, step)
        np.testing.assert_allclose(found.low_um, 0.0, atol=1e-12)
        np.testing.assert_allclose(found.high_um, 1.0, atol=1e-12)
        assert len(found.yx_um) == len(np.unique(found.yx_um, axis=0))
    assert len(lines_inside(box.corners, 0.25).low_um) == 8 * 12


def test_columns_of_a_turned_hollow_shape_fill_its_volume():
    torus = trimesh.creation.torus(1.0, 0.4, major_sections=90, minor_sections=60)
    torus.apply_transform(trimesh.transformations.rotation_matrix(0.8, [1, 2, 3]))
    inner = trimesh.creation.icosphere(subdivisions=3, radius=0.5)
    inner.invert()
    shell = trimesh.util.concatenate([trimesh.creation.icosphere(3, radius=1.0), inner])
    for solid in (torus, shell):
        found = lines_inside(surface_of(solid).corners, 0.02)
        assert (found.high_um > found.low_um).all()
        volume = found.area_um2 * (found.high_um - found.low_um).sum()
        assert volume == pytest.approx(solid.volume, rel=2e-4)


def test_volume_of_a_network_is_filled_whatever_its_share_of_the_box():
    thin = trimesh.creation.cylinder(radius=0.05, height=8.0, sections=40)
    turn = trimesh.transformations.rotation_matrix(0.7, [1, 1, 0])
    thin.apply_transform(turn)
    surface = surface_of(thin)
    labelling = Labelling(target="volume", density_per_um3=20_000)
    emitters = label(surface, labelling, np.random.default_rng(4))
    assert len(emitters) == round(20_000 * surface.volume_um3)
    along = (emitters.positions_um @ turn[:3, :3])[:, 2] / 8.0 + 0.5
    assert stats.kstest(along, "uniform").pvalue > 1e-3


@pytest.mark.parametrize("continuous", [False, True])
def test_an_open_or_flat_mesh_has_no_volume_to_label(ball, continuous):
    labelling = Labelling(target="volume", continuous=continuous)
    vertices = ball.corners.reshape(-1, 3)
    open_one = Surface(vertices, np.arange(len(vertices)).reshape(-1, 3)[1:])
    assert open_one.volume_um3 is None
    with pytest.raises(ValueError, match="target = 'volume': the mesh has a hole.*'surface'"):
        label(open_one, labelling, np.random.default_rng(0))
    flat = Surface(np.eye(3), np.array([[0, 1, 2], [0, 2, 1]]))
    with pytest.raises(ValueError, match="target = 'volume': the mesh is flat"):
        label(flat, labelling, np.random.default_rng(0))


def test_too_many_fluorophores_are_refused_before_memory_ends(ball, monkeypatch):
    monkeypatch.setattr(fluorophores, "MOST_FLUOROPHORES", 1000)
    with pytest.raises(ValueError, match=r"density_per_um2 = 500: gives 6,28\d fluor.*continuous"):
        label(ball, Labelling(density_per_um2=500), np.random.default_rng(0))
    with pytest.raises(ValueError, match="density_per_um3 = 602: gives.*at most 1,000"):
        label(ball, Labelling(target="volume"), np.random.default_rng(0))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"density_per_um2": 0}, "density_per_um2 = 0: must be above 0 to 100,000 /µm²"),
        ({"density_per_um3": 0}, "density_per_um3 = 0: must be above 0 to 1,000,000 /µm³"),
        ({"density_per_um3": float("nan")}, "density_per_um3 = nan.*finite"),
        ({"efficiency": 0}, "efficiency = 0: must be above 0 to 1"),
        ({"efficiency": 1.5}, "efficiency = 1.5: must be above 0 to 1"),
        ({"photons_per_fluorophore": -3}, "photons_per_fluorophore = -3"),
        ({"target": "cristae"}, "target = 'cristae': .*'surface' or 'volume'"),
        ({"photon_distribution": "poisson"}, "photon_distribution.*'fixed' or 'exponential'"),
        ({"on_time_s": 0}, "on_time_s = 0"),
        ({"off_time_s": -1}, "off_time_s = -1"),
    ],
)
def test_bad_labelling_says_field_value_and_range(values, message):
    with pytest.raises(ValueError, match=message):
        Labelling(**values)
