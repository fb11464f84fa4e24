"""Against images that others made: 18 of the 3DMSL release, 10 of the PhysSeg simulator."""

import numpy as np
import pytest
import tifffile

from napari_3dmsl.image_io.point_csv import read_points
from napari_3dmsl.microscope.fluorophores import Emitters, Labelling, Surface
from napari_3dmsl.microscope.pose import VIEWS
from napari_3dmsl.microscope.presets import load_microscope
from napari_3dmsl.microscope.psf import GibsonLanni
from napari_3dmsl.microscope.renderer import Renderer
from napari_3dmsl.microscope.settings import Microscope
from napari_3dmsl.microscope.simulation import Simulation, Simulator, pose_of_view

SETS = {"con1": "Conf1_imgs/N_0_920", "conf2": "Conf2_imgs/0_920", "epi1": "Epi1_imgs/0_920"}
DENSE = Labelling(density_per_um2=6000)


@pytest.fixture(scope="module")
def surface(real_data):
    import trimesh

    mesh = trimesh.load(real_data / "3dmsl" / "920" / "raw_mesh.off", process=False)
    return Surface(mesh.vertices[:, ::-1] * 0.024, mesh.faces)


@pytest.mark.real_data
@pytest.mark.parametrize("name", SETS)
def test_released_images_are_reproduced(real_data, surface, name):
    """At least 95 % of the correlation that Poisson noise in the released image allows."""
    microscope = load_microscope(f"{name}-released")
    simulator = Simulator()
    for view in VIEWS:
        simulation = Simulation(
            microscope=microscope,
            labelling=DENSE,
            pose=pose_of_view(microscope, view),
            noise="none",
        )
        image = simulator.image(surface, simulation).counts[0]
        path = real_data / "3dmsl" / "920" / f"{SETS[name]}_{view}.tif"
        released = tifffile.imread(path).astype(float)
        ceiling = np.sqrt(1 - released.mean() / released.var())
        correlation = np.corrcoef(image.ravel(), released.ravel())[0, 1]
        assert correlation >= 0.95 * ceiling, view


@pytest.mark.real_data
def test_our_own_presets_keep_the_emitters_that_the_release_lost(surface):
    def emitters(name):
        simulation = Simulation(microscope=load_microscope(name), noise="none")
        return len(Simulator().image(surface, simulation).scene)

    assert emitters("con1") == round(30 * surface.area_um2)
    assert emitters("con1-released") < 0.7 * emitters("con1")


PHYSSEG = Microscope(
    numerical_aperture=1.4,
    emission_nm=510,
    pixel_nm=42,
    pixel_integration=False,
    psf_model="gibson_lanni_series",
    series_constant_nm=603,
)
PHYSSEG_SQUARED = PHYSSEG.replace(modality="confocal", confocal="squared", series_constant_nm=595)


@pytest.mark.real_data
@pytest.mark.parametrize("kind", ["widefield", "squared"])
def test_physseg_images_come_back_from_their_emitters(real_data, kind):
    """Correlation at least 0.9995, no pixel off by more than 3 of 255 grey levels."""
    folders = sorted((real_data / "physseg" / "golden").glob(f"{kind}_*"))
    assert len(folders) >= 4
    for folder in folders:
        scope = PHYSSEG if kind == "widefield" else PHYSSEG_SQUARED
        emitters = Emitters(*read_points(folder / "emitters.csv"))
        image = Renderer(emitters).render(scope, stage_um=-1.0)
        golden = tifffile.imread(folder / "image.tif").astype(float)
        assert np.corrcoef(image.ravel(), golden.ravel())[0, 1] >= 0.9995, folder.name
        assert np.abs(np.floor(255 * (image / image.max())) - golden).max() <= 3, folder.name


@pytest.mark.real_data
def test_a_stack_of_psfgenerator_comes_back_with_its_own_interpolation(real_data):
    """EPFL's program computes at radii half a pixel apart and draws straight lines between them."""
    stack = tifffile.imread(real_data / "psf" / "psfgenerator_gibson_lanni_8x16x16.tif")
    media = ("immersion_index", "immersion_index_design", "coverslip_index")
    scope = Microscope(
        numerical_aperture=1.4,
        emission_nm=610,
        specimen_index=1.33,
        coverslip_index_design=1.5,
        **dict.fromkeys(media, 1.5),
    )
    radius = np.arange(40) * 0.05
    stages = (np.arange(8) - 3.5) * 0.25
    profiles = GibsonLanni(scope, 610).intensity(radius, np.zeros(8), stages)
    y, x = np.indices((16, 16)) - 7.5
    distance = np.hypot(y, x) * 0.1
    planes = np.stack([np.interp(distance, radius, profile) for profile in profiles.T])
    assert np.abs(planes / planes.max() - stack / stack.max()).max() < 1e-5
