"""What an image set is made of, as one validated file: shapes, views, microscopes, noise, truth."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from napari_3dmsl.datasets.recipe.error_lines import line_of
from napari_3dmsl.datasets.recipe.instrument import Instrument, check_names, read_instrument
from napari_3dmsl.datasets.recipe.ranges import Open, OpenTable, ends, open_settings
from napari_3dmsl.ground_truth.pixel_truths import TRUTHS
from napari_3dmsl.ground_truth.pixel_truths import TruthName as PixelTruthName
from napari_3dmsl.microscope.fluorophores import Labelling
from napari_3dmsl.microscope.pose import Angles
from napari_3dmsl.microscope.settings import Acquisition, PixelCount
from napari_3dmsl.microscope.simulation import Noise, Simulation
from napari_3dmsl.scenes.settings import SceneSettings
from napari_3dmsl.settings import (
    Problem,
    Settings,
    SettingsError,
    in_one_line,
    parse_settings,
    read_text,
)
from napari_3dmsl.shapes.classification import ShapeClass
from napari_3dmsl.timelapse.motion import Motion

SPLITS = ("train", "val", "test")
TruthName = Literal[
    PixelTruthName, "photons", "emitters", "meshes", "clouds", "occupancies", "tracks"
]
ALL_TRUTHS: dict[str, str] = {
    **{str(name): text for name, text in TRUTHS.items()},
    "photons": "Expected photons without noise, float32",
    "emitters": "Place and photons of each fluorophore, CSV, µm from the corner of the image",
    "meshes": "Surface of each object, OFF, µm from the corner of the image",
    "clouds": "100,000 points with normals on each surface, NPZ, same frame",
    "occupancies": "100,000 points and which are inside, NPZ, same frame",
    "tracks": "Tracks, parents and events of a time-lapse: CSV, and text of the Cell Tracking "
    "Challenge",
}
"""Every ground truth that can be asked for, in one line each."""

Limits = Annotated[
    tuple[float, float],
    BeforeValidator(lambda given: tuple(given) if isinstance(given, list) else given),
]
ShapeId = Annotated[int, Field(ge=0, lt=2**63)]
Tiles = Annotated[int, Field(ge=1, le=64)]
Montage = tuple[Tiles, Tiles]


class Source(Settings):
    """Which shapes are imaged.

    ``library`` is a folder or zip; a path that is not absolute counts from the recipe's folder.
    ``ids``, ``classes`` and the limits (lowest and highest, both included) narrow it; what is not
    given narrows nothing. ``whole_only`` leaves out shapes that the border of their volume cuts.
    ``most`` takes so many of the shapes that are left, drawn by the recipe's seed.
    """

    library: str
    ids: tuple[ShapeId, ...] | None = None
    classes: tuple[ShapeClass, ...] | None = None
    length_um: Limits | None = None
    volume_um3: Limits | None = None
    area_um2: Limits | None = None
    whole_only: bool = False
    most: int | None = Field(None, ge=1, le=10**9)

    @model_validator(mode="after")
    def _limits_rise(self) -> Self:
        for name in ("length_um", "volume_um3", "area_um2"):
            limits = getattr(self, name)
            if limits is not None and limits[0] > limits[1]:
                text = f"{name} = {list(limits)}: the lowest comes first, then the highest"
                raise SettingsError([Problem((name,), text)])
        return self


class Split(Settings):
    """Shares of the shapes; all images of a shape are in one part, so that none leaks."""

    train: float = Field(0.8, ge=0.0, le=1.0)
    val: float = Field(0.1, ge=0.0, le=1.0)
    test: float = Field(0.1, ge=0.0, le=1.0)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        total = self.train + self.val + self.test
        if abs(total - 1.0) > 1e-6:
            raise ValueError(f"train + val + test = {total:g}: the shares must add up to 1")
        return self


class Views(Settings):
    """From where each shape is seen.

    ``six`` views of the 3DMSL release, and ``random`` rotations, uniform over all orientations and
    other ones for each shape, and the given ``rotations_deg`` about (z, y, x).
    """

    six: bool = True
    random: int = Field(0, ge=0, le=10_000)
    rotations_deg: tuple[Angles, ...] = ()

    @model_validator(mode="after")
    def _some(self) -> Self:
        if not self.count:
            raise ValueError("no view: set six = true, a number of random ones, or rotations_deg")
        return self

    @property
    def count(self) -> int:
        """Views of each shape."""
        return 6 * self.six + self.random + len(self.rotations_deg)


class Focus(Settings):
    """Where the sharp planes are; a range is drawn from once for each view.

    See `Acquisition`: ``focus_um`` counts from the object's centroid, ``depth_um`` is the height of
    the lowest fluorophore above the coverslip.
    """

    focus_um: Open = 0.0
    depth_um: Open = 0.0
    planes: int = 1
    step_nm: float = 250.0
    z_axis: Literal["focus", "stage"] = "focus"

    @model_validator(mode="after")
    def _possible(self) -> Self:
        for end in (0, 1):
            self.acquisition(ends(self.focus_um)[end], ends(self.depth_um)[end])
        return self

    def acquisition(self, focus_um: float, depth_um: float) -> Acquisition:
        """Return the planes to record once the open numbers are drawn.

        Parameters
        ----------
        focus_um, depth_um
            As drawn from their ranges.
        """
        return Acquisition(
            focus_um=focus_um,
            depth_um=depth_um,
            planes=self.planes,
            step_nm=self.step_nm,
            z_axis=self.z_axis,
        )


class Output(Settings):
    """How files are laid out.

    ``flat``: a folder for images and one for each ground truth, equal names in each. ``3dmsl``: the
    folders of the release, with ground truth beside. ``format``: OME-TIFF, or OME-Zarr 0.5.
    ``zips`` packs the folders of the release into its zips.
    """

    layout: Literal["flat", "3dmsl"] = "flat"
    format: Literal["ome-tiff", "ome-zarr"] = "ome-tiff"
    zips: bool = False

    @model_validator(mode="after")
    def _zips_of_folders(self) -> Self:
        if self.zips and (self.layout, self.format) != ("3dmsl", "ome-tiff"):
            raise ValueError("zips = true: only for layout = '3dmsl' with format = 'ome-tiff'")
        return self


class Recipe(Settings):
    """An image set: every image follows from it, the library and the version of this package.

    ``labelling`` and the cameras may hold ranges. All microscopes see the same fluorophores in the
    same pose and focus. ``repeats`` labels each shape so many times anew; with a ``scene`` it is
    the number of scenes. ``montage`` puts so many scenes, (down, across), as tiles into each image;
    2 x 2 in the segmentation set of the 3DMSL paper.
    """

    name: str = Field("image set", min_length=1, max_length=200)
    seed: int = Field(0, ge=0, lt=2**63)
    repeats: int = Field(1, ge=1, le=1_000_000)
    source: Source
    split: Split = Split()
    views: Views = Views()
    focus: Focus = Focus()
    labelling: Annotated[dict[str, Any], OpenTable(Labelling)] = Field(
        default_factory=dict, validate_default=True
    )
    microscopes: tuple[Instrument, ...] = Field(min_length=1)
    image_size: tuple[PixelCount, PixelCount] | None = None
    noise: Noise = "camera"
    snr: Open | None = None
    scene: SceneSettings | None = None
    montage: Montage | None = None
    motion: Motion | None = None
    ground_truth: tuple[TruthName, ...] = ("mask",)
    output: Output = Output()

    @field_validator("labelling", mode="before")
    @classmethod
    def _open_labelling(cls, given: Any) -> Any:
        return open_settings(Labelling, given) if isinstance(given, dict) else given

    @field_validator("microscopes", mode="before")
    @classmethod
    def _instruments(cls, given: Any) -> Any:
        if not isinstance(given, list | tuple):
            return given
        return [_at(place, read_instrument, choice) for place, choice in enumerate(given)]

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        released = self.output.layout == "3dmsl"
        check_names([instrument.name for instrument in self.microscopes], released)
        for ratio in () if self.snr is None else ends(self.snr):
            Simulation(snr=ratio)  # knows what is possible
        if self.snr is not None and self.noise != "camera":
            raise _wrong_together(
                f"snr: needs noise = 'camera', whose noise it counts, not '{self.noise}'"
            )
        if "tracks" in self.ground_truth and self.motion is None:
            raise _wrong_together(
                "ground_truth: 'tracks' are of things that move; give motion, or leave them out"
            )
        for problem in (self._scene_problem(), self._layout_problem()):
            if problem:
                raise _wrong_together(problem)
        return self

    def _scene_problem(self) -> str | None:
        if self.scene is None:
            if self.montage is not None:
                return "montage: its tiles are scenes; add a [scene], such as kind = 'packed'"
            return None
        if self.scene.kind != "region" and self.views != Views():
            return (
                f"views: a scene of kind '{self.scene.kind}' is turned at random already; leave "
                "views out, and raise repeats for more scenes"
            )
        for instrument in self.microscopes:
            if instrument.microscope.as_released is not None:
                return f"scene: {instrument.name} repeats the release, which has single shapes"
        beyond = sorted(set(self.ground_truth) - set(TRUTHS) - {"photons"})
        if self.montage is not None and (beyond or self.motion is not None):
            return f"montage: goes with ground truth as pixels, not {', '.join(beyond) or 'motion'}"
        return None

    def _layout_problem(self) -> str | None:
        if self.output.layout == "3dmsl" and (self.scene or self.motion or self.views.random):
            return (
                "output.layout = '3dmsl': the release has single shapes in the six views; take "
                "'flat' for scenes, time-lapse and random views"
            )
        return None

    @property
    def seen_from(self) -> Views:
        """The views; a scene that is turned at random already has one, from above."""
        if self.scene is None or self.scene.kind == "region":
            return self.views
        return Views(six=False, rotations_deg=((0.0, 0.0, 0.0),))

    @property
    def truths(self) -> tuple[str, ...]:
        """The ground truths asked for, each once, in their own order."""
        return tuple(name for name in ALL_TRUTHS if name in self.ground_truth)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a recipe; names of files in it count from its folder.

        Parameters
        ----------
        path
            ``.toml`` or ``.json``.

        Raises
        ------
        ValueError
            When it is no TOML or JSON, or a setting is wrong; with the line that it stands in.
        OSError
            When the file cannot be read.
        """
        path = Path(path)
        text = read_text(path)
        values = parse_settings(text, path)
        resolve_paths(values, path.parent)
        try:
            return cls(**values)
        except SettingsError as error:
            toml = path.suffix.lower() == ".toml"
            places = [line_of(text, problem.path, toml=toml) for problem in error.problems]
            lines = [
                f"line {line}: {problem.text}" if line else problem.text
                for line, problem in zip(places, error.problems, strict=True)
            ]
            raise ValueError(f"{path}: {in_one_line(lines)}") from None


def _wrong_together(text: str) -> SettingsError:
    """Return the error of settings that do not fit others; its text begins with the first one."""
    field = re.match(r"[\w.]+", text)
    return SettingsError([Problem(tuple(field[0].split(".")) if field else (), text)])


def resolve_paths(values: dict[str, Any], folder: Path) -> None:
    """Let the names of files in a recipe count from its folder.

    Parameters
    ----------
    values
        Of the recipe's file; changed in place.
    folder
        In which the file lies.
    """
    source = values.get("source")
    if isinstance(source, dict) and isinstance(source.get("library"), str):
        source["library"] = str((folder / source["library"]).resolve())
    choices = values.get("microscopes")
    for place, choice in enumerate(choices if isinstance(choices, list) else ()):
        if isinstance(choice, str):
            choices[place] = _beside(choice, folder)  # type: ignore[index]
        elif isinstance(choice, dict):
            for name in ("preset", "objective", "camera"):
                if isinstance(choice.get(name), str):
                    choice[name] = _beside(choice[name], folder)


def _beside(name: str, folder: Path) -> str:
    """Return the path of a settings file beside the recipe; the name of a preset as it is."""
    return str((folder / name).resolve()) if Path(name).suffix in {".json", ".toml"} else name


def _at(place: int, read: Callable[[Any], Any], given: Any) -> Any:
    """Read an item of a list; what is wrong with it names its place."""
    try:
        return read(given)
    except SettingsError as error:
        found = [problem.inside((str(place),)) for problem in error.problems]
        raise SettingsError(found) from None
    except ValueError as error:
        raise SettingsError([Problem((str(place),), f"{place}: {error}")]) from None
