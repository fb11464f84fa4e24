"""An image as the Python script and as the command that make it again, byte for byte."""

from __future__ import annotations

from typing import Any

from napari_3dmsl.as_code.differences import differences, nearest_camera, nearest_microscope
from napari_3dmsl.as_code.samples import CellOfShapes, Sample
from napari_3dmsl.as_code.texts import Code, call, command_text, option_text, setting_options
from napari_3dmsl.microscope.camera import Camera
from napari_3dmsl.microscope.pose import Pose
from napari_3dmsl.microscope.presets import load_microscope, shipped_names, usual_camera
from napari_3dmsl.microscope.settings import Acquisition, Microscope
from napari_3dmsl.microscope.simulation import Simulation, pose_of_view

_LABELLING = ("target", "efficiency", "photons_per_fluorophore", "photon_distribution")
_ACQUISITION = ("focus_um", "depth_um", "planes", "step_nm", "z_axis", "stage_um")


def output_name(simulation: Simulation) -> str:
    """Return the name of the file that a script or command writes.

    Parameters
    ----------
    simulation
        Of the image.
    """
    return "stack.ome.tif" if simulation.acquisition.planes > 1 else "image.ome.tif"


def as_script(simulation: Simulation, sample: Sample) -> str:
    """Return a Python script that makes an image and writes it as OME-TIFF.

    Parameters
    ----------
    simulation
        All settings.
    sample
        What is imaged.
    """
    simulation = _without_idle(simulation, sample)
    code = sample.as_python()
    settings: dict[str, Any] = {"microscope": Code("microscope"), "camera": Code("camera")}
    for name in ("acquisition", "pose", "labelling"):
        part = getattr(simulation, name)
        if changes := differences(part):
            settings[name] = Code(call(f"msl.{type(part).__name__}", changes))
    settings["noise"] = simulation.noise
    if simulation.snr is not None:
        settings["snr"] = simulation.snr
    settings["seed"] = simulation.seed
    lines = [
        "import napari_3dmsl as msl",
        "",
        *code.before,
        "",
        *_microscope_lines(simulation.microscope),
        _camera_line(simulation.camera),
        f"simulation = {call('msl.Simulation', settings)}",
        "",
        *code.image,
        f'msl.write_image("{output_name(simulation)}", image)',
    ]
    return "\n".join(lines) + "\n"


def as_command(simulation: Simulation, sample: Sample) -> str:
    """Return the command line that makes the same image.

    Parameters
    ----------
    simulation
        All settings.
    sample
        What is imaged.
    """
    return command_text(command_words(simulation, sample))


def command_words(simulation: Simulation, sample: Sample) -> list[str]:
    """Return the words of `as_command`.

    Parameters
    ----------
    simulation
        All settings.
    sample
        What is imaged.
    """
    simulation = _without_idle(simulation, sample)
    first, of_sample = sample.as_words()
    return [
        *("napari-3dmsl", "simulate", first, output_name(simulation)),
        *of_sample,
        *_microscope_words(simulation.microscope),
        *([] if isinstance(sample, CellOfShapes) else _pose_words(simulation)),
        *_acquisition_words(simulation.acquisition),
        *_labelling_words(simulation),
        *_recording_words(simulation),
    ]


def _without_idle(simulation: Simulation, sample: Sample) -> Simulation:
    """Leave out what does nothing to a cell: it lies flat, and in focus by its own height."""
    if not isinstance(sample, CellOfShapes):
        return simulation
    acquisition = simulation.acquisition.replace(stage_um=None)
    return simulation.replace(pose=Pose(), acquisition=acquisition)


def _microscope_lines(microscope: Microscope) -> list[str]:
    found = nearest_microscope(microscope)
    if not found.preset:
        return [f"microscope = {call('msl.Microscope', found.changes)}"]
    lines = [f'microscope = msl.load_microscope("{found.preset}")']
    if found.objective:
        turned_in = f'msl.load_objective("{found.objective}")'
        lines.append(f"microscope = msl.with_objective(microscope, {turned_in})")
    if found.changes:
        lines.append(f"microscope = {call('microscope.replace', found.changes)}")
    return lines


def _camera_line(camera: Camera) -> str:
    found = nearest_camera(camera)
    if not found.preset:
        return f"camera = {call('msl.Camera', found.changes)}"
    preset = f'msl.load_camera("{found.preset}")'
    return f"camera = {call(f'{preset}.replace', found.changes) if found.changes else preset}"


def _microscope_words(microscope: Microscope) -> list[str]:
    found = nearest_microscope(microscope)
    preset, changes = found.preset, found.changes
    if not preset:  # the command begins with a preset
        preset, changes = _any_preset(microscope)
    words = ["--microscope", preset]
    if found.objective:
        words += ["--objective", found.objective]
    return words + setting_options("microscope", changes)


def _any_preset(microscope: Microscope) -> tuple[str, dict[str, Any]]:
    name = shipped_names("microscopes")[0]
    return name, differences(microscope, load_microscope(name))


def _pose_words(simulation: Simulation) -> list[str]:
    pose = simulation.pose
    if pose == pose_of_view(simulation.microscope, "0"):
        return []
    if pose.rotation_matrix is None:
        return ["--rotate", *(option_text(angle) for angle in pose.rotation_deg)]
    return setting_options("pose", dict(pose))


def _acquisition_words(acquisition: Acquisition) -> list[str]:
    changes = differences(acquisition)
    words = []
    for name in _ACQUISITION:
        if name in changes:
            words += [_flag(name), option_text(changes[name])]
    return words


def _labelling_words(simulation: Simulation) -> list[str]:
    changes = differences(simulation.labelling)
    words = []
    density = f"density_per_um{2 if simulation.labelling.target == 'surface' else 3}"
    if density in changes:
        words += ["--density", option_text(changes.pop(density))]
    if changes.pop("continuous", False):
        words.append("--continuous")
    for name in _LABELLING:
        # Beside a ratio the command takes no photons; they change its rounding all the same.
        if name in changes and not (simulation.snr and name == "photons_per_fluorophore"):
            words += [_flag(name), option_text(changes.pop(name))]
    return words + setting_options("labelling", changes)


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _recording_words(simulation: Simulation) -> list[str]:
    """Return camera, noise and seed; the camera of noise that counts nothing is a setting only."""
    usual, camera = usual_camera(simulation.microscope), simulation.camera
    words = []
    if simulation.noise != "camera":
        words += ["--noise", simulation.noise]
        words += setting_options("camera", differences(camera, usual))
    else:
        found = nearest_camera(camera)
        changes = found.changes if found.preset else differences(camera, usual)
        if found.preset and found.preset != usual.name:
            words += ["--camera", found.preset]
        words += setting_options("camera", changes)
    if simulation.snr is not None:
        words += ["--snr", option_text(simulation.snr)]
    return [*words, "--seed", str(simulation.seed)]
