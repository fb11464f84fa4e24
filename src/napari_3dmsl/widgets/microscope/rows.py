"""The fields of the *Microscope* panel: ranges, units, and where each default is from."""

from __future__ import annotations

from napari_3dmsl.widgets.common.row_form import Choice, Number, Row, Switch

_TABLE_2 = "Presets: Table 2 of the 3DMSL paper."
_DETECTOR = "Default: the detector's preset, a typical one."

OWN_POSE = "own"  # angles of none of the six views
PRESET_TIP = "Microscopes of the 3DMSL paper (Table 2), two more, and your own files"
OBJECTIVE_TIP = (
    "Turn another objective in: aperture, immersion, magnification and, with a camera, pixel"
)
OPEN_TIP = "Take a microscope from a .json or .toml file"
UNDO_TIP = (
    "Bring back the optics and camera that the last preset, Reset, objective, camera or file has "
    "replaced, and a preset of yours that Keep as has"
)
KEEP_TIP = "Keep these optics as a preset of yours, for the list above and for --microscope"
DETECTOR_TIP = "Typical detectors of each kind, and your own files; fills Camera and noise below"

LABELLING: list[Row] = [
    Choice(
        "target",
        "Label",
        {"surface (membrane)": "surface", "volume (matrix)": "volume"},
        "Fluorophores on the outer membrane, as in the paper, or in the space within it.",
    ),
    Number(
        "density_per_um2",
        "Density",
        1,
        10000,
        1,
        0,
        "/µm²",
        "Fluorophores per area of the outer membrane. Paper: 30 per µm² (Table 3), which looks "
        "grainy; a few hundred look smooth.",
        logarithmic=True,
    ),
    Number(
        "density_per_um3",
        "Density inside",
        10,
        100000,
        10,
        0,
        "/µm³",
        "Fluorophores per volume. Default: 602 per µm³, which is 1 µM, usual for a fluorescent "
        "protein.",
        logarithmic=True,
    ),
    Number(
        "efficiency",
        "Efficiency",
        0.01,
        1,
        0.01,
        2,
        "",
        "Fraction of the fluorophores that shine. Default: 1, all of them.",
    ),
    Number(
        "photons_per_fluorophore",
        "Photons each",
        1,
        100000,
        10,
        0,
        "photons",
        "What one fluorophore sends to the detector for one plane, summed over the image. "
        "Default: 300, our choice; the paper does not tell.",
        logarithmic=True,
    ),
    Choice(
        "photon_distribution",
        "Photons are",
        {"the same for all": "fixed", "exponential": "exponential"},
        "Exponential: each fluorophore draws its own brightness, with that mean.",
    ),
    Switch(
        "continuous",
        "No speckle",
        "The limit of endlessly many faint fluorophores: the expected image of the labelling.",
    ),
    Number(
        "off_time_s",
        "Dark for",
        0,
        100,
        0.1,
        2,
        "s",
        "Blinking: mean time that a fluorophore stays dark. Default: no blinking.",
        slider=False,
        lowest="no blinking",
    ),
    Number(
        "on_time_s",
        "Shines for",
        0.01,
        100,
        0.1,
        2,
        "s",
        "Blinking: mean time that a fluorophore shines, to be compared with the camera's exposure. "
        "Default: 0.1 s, our choice.",
        slider=False,
    ),
]

POSE: list[Row] = [
    Choice(
        "view",
        "View",
        {word: word for word in ("0", "x90", "x180", "y90", "y180", "z90", OWN_POSE)},
        f"The six views of the 3DMSL release. The sliders turn further: {OWN_POSE!r} is told then.",
    ),
    *(
        Number(
            f"rotation_deg_{axis}",
            f"Turn about {axis}",
            -180,
            180,
            1,
            1,
            "°",
            "About the object's centroid, by the right-hand rule: x first, then y, then z. "
            "Default: 0, as it lies in the volume.",
        )
        for axis in "zyx"
    ),
]

OPTICS: list[Row] = [
    Choice(
        "modality",
        "Modality",
        {
            "widefield": "widefield",
            "confocal": "confocal",
            "two-photon": "two_photon",
            "light-sheet": "light_sheet",
        },
        f"How the image is formed. {_TABLE_2}",
    ),
    Choice(
        "confocal",
        "Confocal as",
        {"pinhole": "pinhole", "squared PSF (as released)": "squared"},
        "A real pinhole, or the squared emission point spread function of the 3DMSL release, which "
        "is sharper and sections more than a pinhole of 1 AU.",
    ),
    Choice(
        "psf_model",
        "Model",
        {
            "scalar (Gibson-Lanni)": "gibson_lanni",
            "vectorial": "vectorial",
            "scalar, Bessel series": "gibson_lanni_series",
        },
        "Scalar: as in the paper. Vectorial: right at high apertures, where the scalar one is some "
        "10 % too sharp. Bessel series: the paper's way to compute the scalar one; less exact.",
    ),
    Number(
        "numerical_aperture",
        "Numerical apert.",
        0.1,
        1.7,
        0.01,
        2,
        "",
        f"NA of the objective, below the immersion index. {_TABLE_2}",
    ),
    Number("emission_nm", "Emission", 300, 1200, 1, 0, "nm", f"Emission wavelength. {_TABLE_2}"),
    Number(
        "excitation_nm",
        "Excitation",
        300,
        1200,
        1,
        0,
        "nm",
        "Excitation wavelength (confocal, two-photon). Not in the paper: a usual laser line.",
    ),
    Number(
        "pinhole_airy",
        "Pinhole",
        0.1,
        10,
        0.1,
        1,
        "AU",
        "Diameter in Airy units (1.22 λ / NA). Default: 1, the usual setting; closing it dims. "
        "The paper names none.",
        logarithmic=True,
    ),
    Number(
        "sheet_fwhm_um",
        "Sheet thickness",
        0.2,
        20,
        0.1,
        1,
        "µm",
        "Full width at half maximum of the light sheet, which lies in the focal plane. "
        "Default: the preset's, a typical one.",
        logarithmic=True,
    ),
    Number("pixel_nm", "Pixel size", 10, 500, 1, 0, "nm", f"In the specimen. {_TABLE_2}"),
    Number("image_size", "Image size", 32, 512, 16, 0, "px", "Pixels a side. Release: 128."),
]

_INDEX_TIP = (
    "Refractive index at the emission wavelength; a mismatch with the design aberrates the image. "
    "Default: the preset's."
)
INDICES: list[Row] = [
    Choice(
        "immersion_index_design",
        "Objective for",
        {
            "oil (1.515)": 1.515,
            "glycerol (1.47)": 1.47,
            "silicone oil (1.406)": 1.406,
            "water (1.33)": 1.33,
            "air (1.0)": 1.0,
        },
        "Immersion that the objective is made for; choosing it also fills the immersion with it.",
    ),
    Number(
        "immersion_index",
        "Immersion",
        1.0,
        1.6,
        0.001,
        3,
        "",
        f"What is really between objective and coverslip. {_INDEX_TIP}",
    ),
    Number("coverslip_index", "Coverslip", 1.3, 1.8, 0.001, 3, "", f"{_INDEX_TIP} Glass 1.515."),
    Number(
        "specimen_index",
        "Specimen",
        1.3,
        1.6,
        0.001,
        3,
        "",
        f"{_INDEX_TIP} Water 1.33 (as released), cytosol 1.36, mounting media 1.46 to 1.52.",
    ),
]

FOCUS: list[Row] = [
    Number(
        "focus_um",
        "Focus",
        -5,
        5,
        0.05,
        2,
        "µm",
        "Height of the sharp plane above the object's centroid, in the specimen. Default: 0, sharp "
        "in the object's middle. The plane can be dragged in the 3D canvas too.",
    ),
    Number(
        "depth_um",
        "Depth",
        0,
        20,
        0.1,
        1,
        "µm",
        "Height of the object's lowest fluorophore above the coverslip. Default: 0, it lies on it.",
    ),
]

STACK: list[Row] = [
    Switch("stack", "z-stack", "Record a stack as a 3D layer beside the 2D image."),
    Number(
        "planes",
        "Planes",
        2,
        101,
        1,
        0,
        "planes",
        "Of the stack, centred on the focus. Default: 31, which is 7.5 µm with the paper's steps.",
    ),
    Number(
        "step_nm",
        "Step",
        20,
        2000,
        10,
        0,
        "nm",
        "Distance between planes. Paper: 250 nm (Fig. 4b).",
    ),
    Choice(
        "z_axis",
        "Step measured",
        {"in the specimen": "focus", "at the stage": "stage"},
        "With oil under a watery specimen the focus moves less than the stage.",
    ),
]

CAMERA: list[Row] = [
    Choice(
        "noise",
        "Noise",
        {"camera": "camera", "PhysSeg (paper)": "physeg", "none (photons)": "none"},
        "Counts of a camera, the noise of the 3DMSL paper, or the expected photons.",
    ),
    Number(
        "snr",
        "Signal to noise",
        0,
        1000,
        1,
        1,
        "",
        "Scale all photons until the brightest pixel has this ratio (signal over noise of shot, "
        "background, dark current and read-out); replaces the photons of each fluorophore. "
        "Default: off.",
        slider=False,
        lowest="from the photons",
    ),
    Number(
        "background_photons",
        "Background",
        0,
        1000,
        1,
        1,
        "photons",
        f"Light that is not from the object, per pixel and plane. {_DETECTOR}",
    ),
    Number(
        "quantum_efficiency",
        "Quantum eff.",
        0.01,
        1,
        0.01,
        2,
        "e⁻/photon",
        f"Electrons that one photon makes on average. {_DETECTOR}",
    ),
    Number(
        "em_gain",
        "EM gain",
        1,
        1000,
        1,
        0,
        "×",
        f"Electron multiplication; 1 is none. {_DETECTOR}",
        lowest="none",
    ),
    Number("read_noise_e", "Read noise", 0, 50, 0.1, 1, "e⁻", f"Gaussian, per pixel. {_DETECTOR}"),
    Number(
        "offset_adu",
        "Offset",
        0,
        1000,
        1,
        0,
        "ADU",
        f"Counts added by the electronics. {_DETECTOR}",
    ),
    Number(
        "seed",
        "Seed",
        0,
        999999,
        1,
        0,
        "",
        "Fixes labelling and noise: the same seed, the same image. Default: 0.",
        slider=False,
    ),
]
