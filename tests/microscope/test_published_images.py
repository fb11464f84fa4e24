"""Against an image that others made: one of the 3DMSL release."""

import numpy as np
import pytest
import tifffile

from napari_3dmsl.microscope.fluorophores import Emitters, Labelling, Surface, label_surface
from napari_3dmsl.microscope.imaging import Renderer
from napari_3dmsl.microscope.instruments import Microscope


def _correlation(a, b):
    return float(np.corrcoef(np.ravel(a).astype(float), np.ravel(b).astype(float))[0, 1])


@pytest.mark.real_data
def test_a_released_image_of_instance_920_is_reproduced(real_data):
    """Conf1, view 0: squared point spread function, stage at -1 µm, lower half left out.

    The bar is 95 % of what Poisson noise in the released image allows.
    """
    import trimesh

    mesh = trimesh.load(real_data / "3dmsl" / "920" / "raw_mesh.off", process=False)
    emitters = label_surface(
        Surface(mesh.vertices[:, ::-1] * 0.024, mesh.faces), Labelling(density_per_um2=300), _rng()
    )
    centred = emitters.positions_um - emitters.positions_um.mean(axis=0)
    upper = centred[centred[:, 0] >= 0]
    scope = Microscope(
        modality="confocal",
        confocal="squared",
        emission_nm=600,
        pixel_nm=70,
        pixel_integration=False,
    )
    image = Renderer(Emitters(upper, np.ones(len(upper)))).render(scope, stage_um=-1.0)
    released = tifffile.imread(real_data / "3dmsl" / "920" / "Conf1_imgs" / "N_0_920_0.tif")
    ceiling = np.sqrt(1 - released.mean() / released.var())
    assert _correlation(image, released) >= 0.95 * ceiling


def _rng():
    return np.random.default_rng(0)
