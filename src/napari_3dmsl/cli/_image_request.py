"""What ``napari-3dmsl simulate`` was asked for, and which options do not go together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from napari_3dmsl.cli._options import Given, flag
from napari_3dmsl.cli._output import given

POINTS = ".csv"


@dataclass(frozen=True)
class Sample:
    """The file that is imaged, what of it, and how it lies, as on the command line."""

    file: Path
    scene: str | None
    shape_id: int | None
    shape_ids: str | None
    centre: tuple[float, float, float] | None
    voxel_nm: float | None

    @property
    def is_points(self) -> bool:
        """Whether it is a list of emitters."""
        return self.file.suffix.lower() == POINTS

    @cached_property
    def is_library(self) -> bool:
        """Whether it is a folder or zip of shapes."""
        from napari_3dmsl.library.library import is_library

        return is_library(self.file)

    @cached_property
    def is_phantom(self) -> bool:
        """Whether it is the phantom, which is drawn: no file is called like it."""
        from napari_3dmsl.as_code.samples import PHANTOM

        return str(self.file) == PHANTOM and not self.file.exists()


@dataclass(frozen=True)
class Instrument:
    """Microscope and camera: their names, and what is changed in them."""

    microscope: str
    objective: str | None
    confocal: str | None
    image_size: tuple[int, int] | None
    camera: str | None
    background_photons: float | None


@dataclass(frozen=True)
class Label:
    """Fluorophores: the name of a labelling, and what is changed in it."""

    name: str | None
    density: float | None
    settings: Given


@dataclass(frozen=True)
class Request:
    """All that was asked for; of settings only those that were given."""

    sample: Sample
    instrument: Instrument
    label: Label
    view: str | None
    rotate: tuple[float, float, float] | None
    acquisition: Given
    recorded: Given
    cell: Given
    by_name: dict[str, Given]
    """What ``--set`` changes, by owner and name."""
    memory_limit: str | None

    @property
    def all_acquisition(self) -> Given:
        """Settings of the acquisition that were given, in whichever way."""
        return {**self.acquisition, **self.by_name["acquisition"]}


def check_options(asked: Request) -> None:
    """Refuse options that do not go together.

    Parameters
    ----------
    asked
        All options.

    Raises
    ------
    ValueError
        One line: which option, and why it does not apply.
    """
    _check_noise(asked)
    if asked.sample.is_points:
        _check_points(asked)
    _check_scene(asked.sample)
    if not asked.sample.is_phantom and asked.by_name["extraction"]:
        raise ValueError(
            f"--set extraction applies to the phantom alone, not to {asked.sample.file}"
        )
    if "snr" in asked.recorded:
        refuse(
            "with --snr, which sets them",
            photons_per_fluorophore=asked.label.settings.get("photons_per_fluorophore"),
        )


def _check_noise(asked: Request) -> None:
    if asked.recorded.get("noise", "camera") != "camera":
        refuse(
            "without --noise camera",
            camera=asked.instrument.camera,
            background_photons=asked.instrument.background_photons,
            snr=asked.recorded.get("snr"),
        )


def _check_points(asked: Request) -> None:
    of_points = {"photons_per_fluorophore"}
    label, sample = asked.label, asked.sample
    refuse(
        f"to {sample.file.name}: points are imaged where they are",
        **{"view": asked.view, "rotate": asked.rotate},
        **{"depth_um": asked.acquisition.get("depth_um")},
        **{"density": label.density, "voxel_nm": sample.voxel_nm, "labelling": label.name},
        **{name: value for name, value in label.settings.items() if name not in of_points},
    )


def _check_scene(sample: Sample) -> None:
    """Refuse what a file cannot be, and options that tell of another kind of file."""
    file, whole = sample.file, sample.is_phantom or sample.is_library
    if sample.scene == "field" and not whole:
        raise ValueError(f"--scene field: takes a library or phantom, not {file}")
    if sample.scene != "field":
        refuse("without --scene field", shape_ids=sample.shape_ids)
    if sample.scene == "cell":
        if sample.is_points or not (sample.is_library or file.name == "tubes"):
            raise ValueError(f"--scene cell: takes a library or tubes, not {file}")
    elif whole:
        refuse(f"to {file.name}: its unit is known", voxel_nm=sample.voxel_nm)
        if sample.shape_id is not None:
            refuse("with --shape-id, whose shape is in the middle", centre=sample.centre)
    else:
        refuse(f"to {file.name}: no library", centre=sample.centre, shape_id=sample.shape_id)


def check_options_of_scene(asked: Request) -> None:
    """Refuse options that the scene has no use for.

    Parameters
    ----------
    asked
        All options.

    Raises
    ------
    ValueError
        One line: which option, and which scene.
    """
    sample, scene = asked.sample, asked.sample.scene
    if scene == "cell":
        refuse(
            "to --scene cell",
            **{"view": asked.view, "rotate": asked.rotate, "centre": sample.centre},
            **{"voxel_nm": sample.voxel_nm, "shape_id": sample.shape_id},
            **{"set": asked.by_name["pose"] or None},
            **{"stage_um": asked.all_acquisition.get("stage_um")},
            **{"memory_limit": asked.memory_limit},
        )
        return
    names = {"density_per_um2": "cell_density_per_um2"}
    refuse("without --scene cell", **{names.get(name, name): it for name, it in asked.cell.items()})
    if scene == "field":
        refuse("to --scene field", shape_id=sample.shape_id, memory_limit=asked.memory_limit)


def refuse(reason: str, **options: Any) -> None:
    """Refuse options that would do nothing: silence would be taken for an effect.

    Parameters
    ----------
    reason
        Ends the sentence "... does not apply".
    **options
        By name; None was not given.

    Raises
    ------
    ValueError
        When one of them was given.
    """
    useless = [flag(name) for name in given(**options)]
    if useless:
        verb = "does" if len(useless) == 1 else "do"
        raise ValueError(f"{', '.join(useless)} {verb} not apply {reason}")
