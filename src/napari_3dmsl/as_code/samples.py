"""What is imaged, told so that a script or a command finds it again.

A new kind of sample is one class with the two methods of `Sample`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from napari_3dmsl.as_code.differences import differences
from napari_3dmsl.as_code.texts import Code, call, option_text, python_text, setting_options
from napari_3dmsl.settings import Settings

PHANTOM = "phantom"
"""What the command line calls the phantom."""
_PHANTOM_NM = (24.0, 24.0, 24.0)


@dataclass(frozen=True)
class SampleCode:
    """Lines of Python around the settings.

    Attributes
    ----------
    before : tuple of str
        Find the sample.
    image : tuple of str
        Make ``image`` of it and of ``simulation``.
    """

    before: tuple[str, ...]
    image: tuple[str, ...]


class Sample(Protocol):
    """What an image is of."""

    def as_python(self) -> SampleCode:
        """Return the lines of a script."""
        ...

    def as_words(self) -> tuple[str, list[str]]:
        """Return the first word of ``napari-3dmsl simulate``, and the options for it."""
        ...


_IMAGE_OF_MESH = ("image = msl.simulate_surface(mesh.vertices, mesh.faces, simulation)",)


@dataclass(frozen=True)
class LibraryShape:
    """A shape of a library on disk."""

    library: Path
    shape_id: int

    def as_python(self) -> SampleCode:
        """See `Sample.as_python`."""
        line = f"mesh = msl.ShapeLibrary.open({_path(self.library)}).mesh({self.shape_id})"
        return SampleCode((line,), _IMAGE_OF_MESH)

    def as_words(self) -> tuple[str, list[str]]:
        """See `Sample.as_words`."""
        return os.path.abspath(self.library), ["--shape-id", str(self.shape_id)]  # noqa: PTH100


@dataclass(frozen=True)
class SurfaceFile:
    """A mesh in a file, and the length of its unit in nm."""

    path: Path
    unit_nm: float

    def as_python(self) -> SampleCode:
        """See `Sample.as_python`."""
        line = f"mesh = msl.read_mesh({_path(self.path)}, unit_um={self.unit_nm!r} / 1000)"
        return SampleCode((line,), _IMAGE_OF_MESH)

    def as_words(self) -> tuple[str, list[str]]:
        """See `Sample.as_words`."""
        return os.path.abspath(self.path), ["--voxel-nm", option_text(self.unit_nm)]  # noqa: PTH100


@dataclass(frozen=True)
class PhantomShape:
    """A shape extracted from the phantom, with the settings of the extraction."""

    shape_id: int
    extraction: Settings

    def as_python(self) -> SampleCode:
        """See `Sample.as_python`."""
        return SampleCode(
            (
                *_extraction_of_phantom(self.extraction),
                "shapes = msl.iter_shapes(extraction)",
                f"mesh = next(shape for shape in shapes if shape.id == {self.shape_id}).mesh",
            ),
            _IMAGE_OF_MESH,
        )

    def as_words(self) -> tuple[str, list[str]]:
        """See `Sample.as_words`."""
        options = _extraction_words(self.extraction)
        return PHANTOM, ["--shape-id", str(self.shape_id), *options]


@dataclass(frozen=True)
class FieldOfShapes:
    """Everything in a field of a volume, or some of its shapes, at their places.

    Attributes
    ----------
    source : Path or Settings
        A library on disk, or how the phantom was extracted.
    centre_um : (z, y, x) or None
        Middle of the field; None for the middle of all shapes.
    ids : tuple of int or None
        Only these shapes.
    """

    source: Path | Settings
    centre_um: tuple[float, float, float] | None = None
    ids: tuple[int, ...] | None = None

    def as_python(self) -> SampleCode:
        """See `Sample.as_python`."""
        if isinstance(self.source, Settings):
            before: tuple[str, ...] = (
                *_imports_of_phantom(),
                "",
                *_shapes_of_phantom("cell", self.source),
            )
        else:
            before = (f"cell = msl.ShapeLibrary.open({_path(self.source)})",)
        options = {"centre_um": self.centre_um, "ids": self.ids}
        given = {name: value for name, value in options.items() if value is not None}
        arguments = {"source": Code("cell"), "simulation": Code("simulation")} | given
        return SampleCode(before, (f"image = {call('msl.simulate_field', arguments)}",))

    def as_words(self) -> tuple[str, list[str]]:
        """See `Sample.as_words`."""
        words = ["--scene", "field"]
        if self.centre_um is not None:
            words += ["--centre", *map(option_text, self.centre_um)]
        if self.ids is not None:
            words += ["--shape-ids", ",".join(map(str, self.ids))]
        if isinstance(self.source, Settings):
            return PHANTOM, [*words, *_extraction_words(self.source)]
        return os.path.abspath(self.source), words  # noqa: PTH100


@dataclass(frozen=True)
class CellOfShapes:
    """Shapes laid into a scene like a cell.

    Attributes
    ----------
    cell : Settings
        Of the `CellScene`.
    source : Path, Settings or None
        A library on disk, or how the phantom was extracted; None for tubes that are drawn.
    """

    cell: Settings
    source: Path | Settings | None = None

    def as_python(self) -> SampleCode:
        """See `Sample.as_python`."""
        scene = f"cell = {call('CellScene', differences(self.cell))}"
        before = ["from napari_3dmsl.scenes.cell_settings import CellScene"]
        arguments = "cell, simulation"
        if isinstance(self.source, Settings):
            before += [*_imports_of_phantom(), "", *_shapes_of_phantom("shapes", self.source)]
        elif self.source is not None:
            before += ["", f"shapes = msl.ShapeLibrary.open({_path(self.source)})"]
        if self.source is not None:
            arguments += ", shapes"
        return SampleCode((*before, scene), (f"image = msl.simulate_cell({arguments})",))

    def as_words(self) -> tuple[str, list[str]]:
        """See `Sample.as_words`; ValueError for shapes of the phantom, which no command takes."""
        if isinstance(self.source, Settings):
            raise ValueError(
                "The command line lays drawn tubes or the shapes of a library into a cell, not "
                "those of the phantom: copy the Python script"
            )
        words = ["--scene", "cell"]
        for name, value in differences(self.cell).items():
            flag = "cell_density_per_um2" if name == "density_per_um2" else name
            words += [f"--{flag.replace('_', '-')}", option_text(value)]
        tubes = self.source is None
        return "tubes" if tubes else os.path.abspath(self.source or ""), words  # noqa: PTH100


def _imports_of_phantom() -> tuple[str, ...]:
    return ("from napari_3dmsl.shapes.collection import ShapeCollection",)


def _shapes_of_phantom(name: str, extraction: Settings) -> tuple[str, ...]:
    return (
        *_extraction_of_phantom(extraction),
        f"{name} = ShapeCollection(msl.measure_shapes(extraction))",
    )


def _extraction_words(extraction: Settings) -> list[str]:
    """Return options for what differs from how the command cuts the phantom."""
    changes = differences(extraction)
    usual = {"voxel_nm": _PHANTOM_NM, "downsample": (1, 1, 1)}  # what the command takes
    if changes["voxel_nm"] == _PHANTOM_NM:
        changes = {k: v for k, v in changes.items() if v != usual.get(k)}
    return setting_options("extraction", changes)


def _extraction_of_phantom(extraction: Settings) -> tuple[str, ...]:
    return (
        f"settings = {call('msl.ExtractionSettings', differences(extraction))}",
        "extraction = msl.extract_instances(msl.make_phantom().labels, settings)",
    )


def _path(path: Path) -> str:
    """Return a path as Python writes it, from the root: a script is run from anywhere."""
    return python_text(os.path.abspath(path))  # noqa: PTH100
