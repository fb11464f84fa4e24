"""The knobs of the *Microscope* panel: a form for each group, where people look for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from napari_3dmsl.microscope.camera import Camera
from napari_3dmsl.microscope.fluorophores import Labelling
from napari_3dmsl.microscope.pose import Pose
from napari_3dmsl.microscope.settings import Acquisition, Microscope
from napari_3dmsl.microscope.simulation import Simulation
from napari_3dmsl.settings import Settings, Show
from napari_3dmsl.widgets.common.form import Form

OWN_POSE = "own"  # angles of none of the six views
_FIRST_PLANES = 31

_OPTICS = (
    "modality",
    "confocal",
    "psf_model",
    "numerical_aperture",
    "emission_nm",
    "excitation_nm",
    "pinhole_airy",
    "sheet_fwhm_um",
    "pixel_nm",
    "image_size",
)
_INDICES = ("immersion_index_design", "immersion_index", "coverslip_index", "specimen_index")
_BRIGHTNESS = ("density_per_um2", "density_per_um3", "photons_per_fluorophore")
_LABELLING = (
    "target",
    "efficiency",
    "photon_distribution",
    "continuous",
    "off_time_s",
    "on_time_s",
)
_CAMERA = (
    "background_photons",
    "quantum_efficiency",
    "exposure_s",
    "em_gain",
    "read_noise_e",
    "offset_adu",
)
_PATTERN = (
    "row_noise_e",
    "gain_spread",
    "offset_spread_e",
    "column_spread_e",
    "hot_share",
    "hot_e_per_s",
    "vignetting",
    "pattern_seed",
)


class View(Settings):
    """Which of the release's views a pose is."""

    view: Annotated[
        Literal["0", "x90", "x180", "y90", "y180", "z90", "own"],
        Field(
            description="The six views of the 3DMSL release. The sliders turn further: 'own' is "
            "told then."
        ),
        Show("View", source="Default: 0, as it lies in the volume."),
    ] = "0"


class Recording(Settings):
    """Whether a stack is recorded."""

    stack: Annotated[
        bool,
        Field(description="Record a stack as a 3D layer beside the 2D image."),
        Show("z-stack", source="Default: off; a plane follows the knobs faster."),
    ] = False


class Fields:
    """All forms of the panel; a setting has a field in one of them at most.

    Attributes
    ----------
    focus, view, pose, brightness, stack, planes, noise : Form
        What is turned daily.
    optics, indices, depth : Form
        Of the instrument, and how deep it looks.
    labelling : Form
    camera, pattern, snr, seed : Form
    all : tuple of Form
    """

    def __init__(self) -> None:
        self.focus = Form(Acquisition, ("focus_um",))
        self.view = Form(View)
        self.pose = Form(Pose, ("rotation_deg",))
        self.brightness = Form(Labelling, _BRIGHTNESS, hides=True)
        self.stack = Form(Recording)
        self.planes = Form(Acquisition, ("planes", "step_nm", "z_axis"), hides=True)
        self.noise = Form(Simulation, ("noise",))
        self.optics = Form(Microscope, _OPTICS, hides=True)
        self.indices = Form(Microscope, _INDICES)
        self.depth = Form(Acquisition, ("depth_um",))
        self.labelling = Form(Labelling, _LABELLING, hides=True)
        self.snr = Form(Simulation, ("snr",), hides=True)
        self.camera = Form(Camera, _CAMERA, hides=True)
        self.pattern = Form(Camera, _PATTERN, hides=True)
        self.seed = Form(Simulation, ("seed",))
        self.all = tuple(form for form in vars(self).values() if isinstance(form, Form))
        self.planes.show_values({"planes": _FIRST_PLANES})
        words = self.view.field("view").native
        words.model().item(words.findText(OWN_POSE)).setEnabled(False)  # it is told only

    @property
    def labels_by_name(self) -> dict[str, str]:
        """What people read for each setting, and for each row of one."""
        return {name: label for form in self.all for name, label in form.labels_by_name.items()}

    def of(self, *kinds: type[Settings]) -> tuple[Form, ...]:
        """Return the forms of settings classes.

        Parameters
        ----------
        *kinds
            The classes.
        """
        return tuple(form for form in self.all if form.settings_class in kinds)

    def values(self, *kinds: type[Settings]) -> dict[str, Any]:
        """Return what the fields of settings classes hold, by name.

        Parameters
        ----------
        *kinds
            The classes.
        """
        return values_of(self.of(*kinds))

    def show(self, settings: Settings) -> None:
        """Show settings as nobody has edited them: without marks, and `changed` is not sent.

        Parameters
        ----------
        settings
            Whose class has forms here.
        """
        for form in self.of(type(settings)):
            form.show_values(dict(settings))
            form.mark({})

    def set_values(self, values: Mapping[str, Any]) -> None:
        """Set the fields that are named, as a person would.

        Parameters
        ----------
        values
            By the names of settings; those without a field are passed over.
        """
        for form in self.all:
            if any(name in values for name in form.names):
                form.set_values(values)


def values_of(forms: Iterable[Form]) -> dict[str, Any]:
    """Return what the fields of forms hold, by name.

    Parameters
    ----------
    forms
        Without a name in common.
    """
    return {name: value for form in forms for name, value in form.values().items()}
