"""Names of objectives, media and units, as catalogues and files spell them."""

import pytest

from napari_3dmsl.image_io.microscope_words import (
    immersion_index,
    modality,
    nanometres,
    number_in,
    objective_name,
    seconds,
)


@pytest.mark.parametrize(
    ("name", "magnification", "aperture", "immersion"),
    [
        ("Plan-Apochromat 63x/1.40 Oil DIC M27", 63, 1.40, 1.515),
        ("C-Apochromat 63x/1.20 W Korr M27", 63, 1.20, 1.33),
        ("HC PL APO CS2    63x/1.40 OIL", 63, 1.40, 1.515),
        ("HC PL APO 40x/1.30 GLYC", 40, 1.30, 1.47),
        ("UPLSAPO 100X SILICONE NA:1.35", 100, 1.35, 1.406),
        ("Plan Apo λ 60x Oil", 60, None, 1.515),
        ("Plan Fluor 20x/0,75", 20, 0.75, None),
        ("LUMPlanFL 60x NA 0.9 water", 60, 0.9, 1.33),
        ("EC Plan-Neofluar 40x/0.75 Air", 40, 0.75, 1.0),
        ("Nikon 62.5x", 62.5, None, None),
        ("unknown", None, None, None),
        ("CoilGuide", None, None, None),
    ],
)
def test_names_of_objectives(name, magnification, aperture, immersion):
    found = objective_name(name)
    assert found.magnification == magnification
    assert found.numerical_aperture == aperture
    assert found.immersion == immersion


def test_media_modes_times_and_lengths():
    assert [immersion_index(word) for word in ("OIL", "Water Dipping", "dry", "Other", "")] == [
        1.515,
        1.33,
        1.0,
        None,
        None,
    ]
    assert modality("MultiPhotonMicroscopy") == "two_photon"
    assert modality("SPIM") == "light_sheet"
    assert modality("TIRF") is None
    assert seconds(5, "ms") == 0.005
    assert seconds(5, "μs") == pytest.approx(5e-6)
    assert seconds(5, "parsecs") is None
    assert nanometres(5000, "Å") == 500
    assert nanometres(5, "pixel") is None
    assert [number_in(text) for text in ("520 nm", "1,4", "-3e-2", "", "oil", True, 7)] == [
        520,
        1.4,
        -0.03,
        None,
        None,
        None,
        7,
    ]
