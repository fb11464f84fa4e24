"""``napari-3dmsl simulate``: all settings of an image, from what was given of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_3dmsl.cli._image_request import Instrument, Label, Request, refuse
from napari_3dmsl.cli._output import given

if TYPE_CHECKING:
    from napari_3dmsl.cli._options import Given
    from napari_3dmsl.microscope.camera import Camera
    from napari_3dmsl.microscope.pose import Pose
    from napari_3dmsl.microscope.settings import Microscope
    from napari_3dmsl.microscope.simulation import Simulation

_PHOTONS = "photons_per_fluorophore"


def simulation_of(asked: Request) -> Simulation:
    """Return all settings; what was not given is as its preset or class has it.

    Parameters
    ----------
    asked
        All options.

    Raises
    ------
    ValueError
        When a setting is out of its range, or a preset is not known.
    """
    from napari_3dmsl.microscope.fluorophores import Labelling
    from napari_3dmsl.microscope.settings import Acquisition
    from napari_3dmsl.microscope.simulation import Simulation

    by_name = asked.by_name
    labelling = labelling_given(asked)
    named = _named_labelling(asked.label, photons="snr" not in asked.recorded)
    optics = _microscope(asked.instrument)
    optics = optics.replace(
        **{**given(image_size=asked.instrument.image_size), **by_name["microscope"]}
    )
    return Simulation(
        microscope=optics,
        acquisition=Acquisition(**asked.all_acquisition),
        pose=_pose(asked.view, asked.rotate, optics).replace(**by_name["pose"]),
        labelling=Labelling(**{**named, **labelling}),
        camera=_camera(asked.instrument, optics).replace(**by_name["camera"]),
        **asked.recorded,
    )


def labelling_given(asked: Request) -> Given:
    """Return the settings of the labelling that were given, in whichever way.

    Parameters
    ----------
    asked
        All options.
    """
    settings = dict(asked.label.settings)
    if asked.label.density is not None:
        named = _named_labelling(asked.label, photons=False)
        volume = {**named, **settings}.get("target") == "volume"
        settings["density_per_um3" if volume else "density_per_um2"] = asked.label.density
    return {**settings, **asked.by_name["labelling"]}


def _named_labelling(label: Label, *, photons: bool) -> Given:
    """Return what a preset of labelling sets; its photons only where no ratio sets them."""
    from napari_3dmsl.microscope.presets import load_labelling

    found = {} if label.name is None else load_labelling(label.name).given
    return {key: value for key, value in found.items() if photons or key != _PHOTONS}


def _microscope(instrument: Instrument) -> Microscope:
    from napari_3dmsl.microscope.objectives import with_objective
    from napari_3dmsl.microscope.presets import load_microscope, load_objective
    from napari_3dmsl.reading import reading

    microscope = load_microscope(instrument.microscope)
    if instrument.objective is not None:
        turned_in = load_objective(instrument.objective)
        with reading(instrument.objective, "cannot be turned in"):
            microscope = with_objective(microscope, turned_in)
    if instrument.confocal is None:
        return microscope
    if microscope.modality != "confocal":
        reason = f"to {instrument.microscope}: it is a {microscope.modality} microscope"
        refuse(reason, confocal=instrument.confocal)
    return microscope.replace(confocal=instrument.confocal)


def _camera(instrument: Instrument, microscope: Microscope) -> Camera:
    from napari_3dmsl.microscope.presets import load_camera, usual_camera

    name = instrument.camera
    camera = usual_camera(microscope) if name is None else load_camera(name)
    return camera.replace(**given(background_photons=instrument.background_photons))


def _pose(view: Any, rotate: tuple[float, float, float] | None, microscope: Microscope) -> Pose:
    from napari_3dmsl.microscope.pose import Pose
    from napari_3dmsl.microscope.simulation import pose_of_view

    if view is not None and rotate is not None:
        raise ValueError("give either --view or --rotate, not both")
    if rotate is not None:
        return Pose(rotation_deg=rotate)
    return pose_of_view(microscope, view or "0")
