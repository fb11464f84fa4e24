"""The whole way from shape to counts: labelling modes, brightness by ratio, determinism, cache."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest
from seeded_images import CASES, SMALL, bytes_of, make_ball

from napari_3dmsl.microscope.camera import Camera, peak_snr
from napari_3dmsl.microscope.fluorophores import Labelling
from napari_3dmsl.microscope.presets import load_camera
from napari_3dmsl.microscope.settings import Acquisition
from napari_3dmsl.microscope.simulation import Simulation, Simulator, scene_from_points

EXPECTED = Simulation(microscope=SMALL, noise="none")


@pytest.fixture(scope="module")
def ball():
    return make_ball()


def photons_of(surface, simulation):
    return Simulator().image(surface, simulation).photons.photons.astype(float)


@pytest.mark.parametrize("target", ["surface", "volume"])
def test_the_continuous_image_is_the_mean_of_many_random_ones(ball, target):
    labelling = Labelling(target=target, density_per_um2=300, density_per_um3=1500, efficiency=0.6)
    # Fixed in the field, as the lowest fluorophore of a random labelling is not always the same.
    high = Acquisition(stage_um=-0.9, depth_um=0.2)
    simulation = EXPECTED.replace(labelling=labelling, acquisition=high)
    many = np.stack([photons_of(ball, simulation.replace(seed=seed))[0] for seed in range(60)])
    even = photons_of(ball, simulation.replace(labelling=labelling.replace(continuous=True)))[0]
    error = many.std(axis=0, ddof=1) / np.sqrt(len(many))
    assert np.abs(many.mean(axis=0) - even).max() < 0.015 * even.max() + 4.5 * error.max()
    assert many.sum(axis=(1, 2)).mean() == pytest.approx(even.sum(), rel=0.02)
    assert np.abs(many - even).max() > 0.1 * even.max()  # which a random one is not


def test_the_count_and_the_sizes_are_reported(ball):
    labelling = Labelling(target="volume", density_per_um3=2000, efficiency=0.5)
    drawn = Simulator().image(ball, EXPECTED.replace(labelling=labelling)).metadata()
    assert drawn["fluorophores"] == drawn["emitters"] == pytest.approx(520, rel=0.2)
    assert drawn["volume_um3"] == pytest.approx(np.pi / 6, rel=0.01)
    assert drawn["area_um2"] == pytest.approx(np.pi, rel=0.01)
    assert drawn["peak_snr"] is None
    labelling = labelling.replace(continuous=True)
    even = Simulator().image(ball, EXPECTED.replace(labelling=labelling)).metadata()
    assert even["fluorophores"] == pytest.approx(1000 * ball.volume_um3)
    assert even["emitters"] > 5000
    points = scene_from_points([[1.0, 0, 0]], [1.0])
    assert (points.fluorophores, points.volume_um3) == (None, None)


def test_blinking_keeps_the_mean_and_changes_every_plane(ball):
    blinking = Labelling(density_per_um2=400, on_time_s=0.1, off_time_s=0.3)
    stack = Acquisition(planes=40, step_nm=1, depth_um=0.5)
    simulation = EXPECTED.replace(acquisition=stack, camera=Camera(exposure_s=0.1))
    steady = photons_of(ball, simulation.replace(labelling=blinking.replace(off_time_s=0)))
    dim = photons_of(ball, simulation.replace(labelling=blinking))
    # Of about 1257 fluorophores: the share that is on and, by the telegraph law, its variance.
    share, relaxed = 0.25, 0.75
    variance = 2 * share * (1 - share) * relaxed * (1 - relaxed * -np.expm1(-1 / relaxed)) / 1257
    totals = dim.sum(axis=(1, 2)) / steady.sum(axis=(1, 2))
    assert totals.mean() == pytest.approx(share, abs=4.5 * np.sqrt(variance / 40))
    assert totals.var() == pytest.approx(variance, rel=5 * np.sqrt(2 / 40))
    assert len(np.unique(dim.sum(axis=(1, 2)))) == 40
    even = blinking.replace(continuous=True)
    lit = photons_of(ball, simulation.replace(labelling=even.replace(off_time_s=0)))
    dimmed = photons_of(ball, simulation.replace(labelling=even))
    assert dimmed == pytest.approx(0.25 * lit, rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("camera", ["scmos", "emccd", "pmt"])
def test_the_ratio_asked_for_is_that_of_the_brightest_pixel(ball, camera):
    simulation = Simulation(
        microscope=SMALL,
        acquisition=Acquisition(planes=3),
        camera=load_camera(camera),
        snr=8.0,
    )
    image = Simulator().image(ball, simulation)
    assert peak_snr(image.photons.photons, simulation.camera) == pytest.approx(8.0, rel=1e-5)
    told = image.metadata()
    assert told["peak_snr"] == pytest.approx(8.0, rel=1e-5)
    # The same image again, from the photons that were told.
    labelling = simulation.labelling.replace(
        photons_per_fluorophore=told["photons_per_fluorophore"]
    )
    again = Simulator().image(ball, simulation.replace(snr=None, labelling=labelling))
    assert again.photons.photons == pytest.approx(image.photons.photons, rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("value", [0, -3, float("nan"), 1e9])
def test_bad_ratios_are_refused(value):
    with pytest.raises(ValueError, match="snr = "):
        Simulation(snr=value)


@pytest.mark.parametrize("noise", ["none", "physeg"])
def test_a_ratio_needs_a_camera(noise):
    with pytest.raises(ValueError, match=rf"snr = 10: needs noise = 'camera'.*'{noise}'"):
        Simulation(snr=10, noise=noise)


def test_a_black_image_has_no_ratio(ball):
    far = scene_from_points([[1.0, 90.0, 90.0]], [100.0])
    from napari_3dmsl.microscope.simulation import image_scene

    with pytest.raises(ValueError, match="snr = 10: the image is black"):
        image_scene(far, Simulation(microscope=SMALL, snr=10))


def test_a_change_of_camera_or_ratio_keeps_the_fluorophores(ball):
    simulator, simulation = Simulator(), Simulation(microscope=SMALL)
    first = simulator.image(ball, simulation)
    for change in (
        {"camera": load_camera("emccd")},
        {"snr": 20.0},
        {"noise": "physeg"},
        {"microscope": SMALL.replace(emission_nm=520)},
    ):
        assert simulator.image(ball, simulation.replace(**change)).scene is first.scene
    for change in (
        {"labelling": Labelling(target="volume")},
        {"labelling": Labelling(continuous=True)},
        {"labelling": Labelling(photon_distribution="exponential")},
        {"seed": 1},
    ):
        assert simulator.image(ball, simulation.replace(**change)).scene is not first.scene


def test_the_same_seed_gives_the_same_bytes_on_one_and_on_two_workers():
    here = [bytes_of(number) for number in range(len(CASES))]
    assert len(set(here)) == len(CASES)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as workers:
        assert list(workers.map(bytes_of, range(len(CASES)))) == here
