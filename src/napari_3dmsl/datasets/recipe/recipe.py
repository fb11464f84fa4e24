"""What an image set is made of, as one validated file: shapes, views, microscopes, noise, truth."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from napari_3dmsl.datasets.recipe.error_lines import line_of
from napari_3dmsl.datasets.recipe.instrument import Instrument, check_names, read_instrument
from napari_3dmsl.datasets.recipe.variants import Variant
from napari_3dmsl.described import described
from napari_3dmsl.ground_truth.registry import TRUTHS, PixelTruth
from napari_3dmsl.microscope.fluorophores import Labelling
from napari_3dmsl.microscope.pose import Angles
from napari_3dmsl.microscope.settings import (
    Acquisition,
    PixelCount,
    Planes,
    StepNm,
    ZAxis,
    steps_without_effect,
)
from napari_3dmsl.microscope.simulation import NoiseSetting, Simulation
from napari_3dmsl.ranges import Open, OpenTable, ends, open_settings
from napari_3dmsl.scenes.settings import SceneSettings
from napari_3dmsl.settings import (
    Problem,
    Settings,
    SettingsError,
    Show,
    in_one_line,
    parse_settings,
    read_text,
)
from napari_3dmsl.shapes.classification import ShapeClass
from napari_3dmsl.shapes.tubes import TubeSettings
from napari_3dmsl.timelapse.motion import Motion

SPLITS = ("train", "val", "test")

Limits = Annotated[
    tuple[float, float],
    BeforeValidator(lambda given: tuple(given) if isinstance(given, list) else given),
]
ShapeId = Annotated[int, Field(ge=0, lt=2**63)]
Tiles = Annotated[int, Field(ge=1, le=64)]
Montage = tuple[Tiles, Tiles]
Percentile = Annotated[float, Field(ge=0.0, le=100.0)]
Grey = Annotated[float, Field(ge=0.0, le=255.0)]


_DRAWN = "Two numbers: drawn evenly between them for each"
_LIMITS = "lowest and highest, both included"
_ALL = "Default: all."


TUBES = "tubes"
"""In the place of a library: shapes that are drawn, see `TubeShapes`."""


class Source(Settings):
    """Which shapes are imaged; what is not given narrows nothing."""

    library: Annotated[
        str,
        Field(
            description="Folder or zip of a shape library; a path that is not absolute counts from "
            "the recipe's folder. Or `tubes`: wavy tubes, rings and networks, drawn at random, "
            "which need no library; a scene like a cell that names none has these.",
        ),
        Show("Library"),
    ]
    tubes: Annotated[
        TubeSettings,
        Field(description="Of the library `tubes`: how they look."),
        Show("Tubes"),
    ] = TubeSettings()
    tube_count: Annotated[
        int,
        Field(
            ge=1,
            le=100_000,
            description="Of the library `tubes`: how many are drawn, by the recipe's seed.",
        ),
        Show("Tubes drawn", "shapes", source="Default: 400, our choice; a second or two to draw."),
    ] = 400
    ids: Annotated[
        tuple[ShapeId, ...] | None,
        Field(description="Only the shapes of these numbers."),
        Show("Shapes", source=_ALL),
    ] = None
    classes: Annotated[
        Annotated[tuple[ShapeClass, ...], Field(min_length=1)] | None,
        Field(
            description="Only shapes of these classes, those of the 3DMSL paper. All of them: also "
            "shapes whose class is not known.",
        ),
        Show("Classes", source=_ALL),
    ] = None
    length_um: Annotated[
        Limits | None,
        Field(description=f"Only shapes whose skeleton is so long: {_LIMITS}."),
        Show("Length", "µm", 2, 0.1, source=_ALL),
    ] = None
    volume_um3: Annotated[
        Limits | None,
        Field(description=f"Only shapes of such a volume: {_LIMITS}."),
        Show("Volume", "µm³", 2, 0.1, source=_ALL),
    ] = None
    area_um2: Annotated[
        Limits | None,
        Field(description=f"Only shapes with so much surface: {_LIMITS}."),
        Show("Surface", "µm²", 2, 0.1, source=_ALL),
    ] = None
    whole_only: Annotated[
        bool,
        Field(description="Leave out shapes that the border of the EM volume cuts."),
        Show("Whole only", source="Default: off."),
    ] = False
    most: Annotated[
        int | None,
        Field(
            ge=1,
            le=10**9,
            description="So many of the shapes that are left, drawn by the recipe's seed.",
        ),
        Show("At most", "shapes", lowest="all", source=_ALL),
    ] = None

    def irrelevant(self) -> dict[str, str]:
        """Return what only tubes have."""
        if getattr(self, "library", TUBES) == TUBES:  # a form has no field for it
            return {}
        return dict.fromkeys(("tubes", "tube_count"), "shapes of a library are as they are")

    @model_validator(mode="after")
    def _limits_rise(self) -> Self:
        for name in ("length_um", "volume_um3", "area_um2"):
            limits = getattr(self, name)
            if limits is not None and limits[0] > limits[1]:
                text = f"{name} = {list(limits)}: the lowest comes first, then the highest"
                raise SettingsError([Problem((name,), text)])
        return self


_IN_PARTS = (
    "The three add up to 1. All images of a shape are in one part, so that none leaks; each class "
    "is divided in the same shares."
)
_EIGHTY = "Default: 0.8, 0.1 and 0.1, usual shares."
Share = Annotated[float, Field(ge=0.0, le=1.0)]


class Split(Settings):
    """Shares of the shapes for training, validation and test."""

    train: Annotated[
        Share,
        Field(description=f"Share of the shapes that a network learns from. {_IN_PARTS}"),
        Show("Training", "", 3, 0.05, source=_EIGHTY),
    ] = 0.8
    val: Annotated[
        Share,
        Field(description=f"Share of the shapes that tells when to stop learning. {_IN_PARTS}"),
        Show("Validation", "", 3, 0.05, source=_EIGHTY),
    ] = 0.1
    test: Annotated[
        Share,
        Field(description=f"Share of the shapes that tells how good it is. {_IN_PARTS}"),
        Show("Test", "", 3, 0.05, source=_EIGHTY),
    ] = 0.1

    @model_validator(mode="after")
    def _whole(self) -> Self:
        total = self.train + self.val + self.test
        if abs(total - 1.0) > 1e-6:
            raise ValueError(f"train + val + test = {total:g}: the shares must add up to 1")
        return self


class Views(Settings):
    """From where each shape is seen."""

    six: Annotated[
        bool,
        Field(description="0, x90, x180, y90, y180 and z90."),
        Show("Six views", source="Default: on, as in the 3DMSL release."),
    ] = True
    random: Annotated[
        int,
        Field(
            ge=0,
            le=10_000,
            description="More views of each shape: rotations, uniform over all orientations, "
            "others for each.",
        ),
        Show("Random views", "a shape", lowest="none", source="Default: none."),
    ] = 0
    rotations_deg: Annotated[
        tuple[Angles, ...],
        Field(description="More views: angles about (z, y, x), the same for each shape."),
        Show("Rotations", "°", 1, source="Default: none."),
    ] = ()

    @model_validator(mode="after")
    def _some(self) -> Self:
        if not self.count:
            raise ValueError(
                "no view: take the six ones (six = true), a number of random ones (random = 1), or "
                "angles (rotations_deg)"
            )
        return self

    @property
    def count(self) -> int:
        """Views of each shape."""
        return 6 * self.six + self.random + len(self.rotations_deg)


_FOCUS, _DEPTH = (described(Acquisition)[name] for name in ("focus_um", "depth_um"))
_RATIO = described(Simulation)["snr"]


class Focus(Settings):
    """Where the sharp planes are, see `Acquisition`; a range is drawn from once for each view."""

    focus_um: Annotated[
        Open,
        _FOCUS.range,
        Field(description=f"{_FOCUS.description} {_DRAWN} view."),
        _FOCUS.show,
    ] = 0.0
    depth_um: Annotated[
        Open,
        _DEPTH.range,
        Field(description=f"{_DEPTH.description} {_DRAWN} view."),
        _DEPTH.show,
    ] = 0.0
    planes: Planes = 1
    step_nm: StepNm = 250.0
    z_axis: ZAxis = "focus"

    @model_validator(mode="after")
    def _possible(self) -> Self:
        for end in (0, 1):
            self.acquisition(ends(self.focus_um)[end], ends(self.depth_um)[end])
        return self

    def irrelevant(self) -> dict[str, str]:
        """Return the settings of a stack where there is one plane."""
        return steps_without_effect(self.planes)

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
    """How files are laid out."""

    layout: Annotated[
        Literal["flat", "3dmsl"],
        Field(
            description="A folder of images and one for each ground truth, with equal names in "
            "each; or the folders of the release with the shapes beside (single shapes in the six "
            "views only).",
        ),
        Show(
            "Folders",
            words={"flat": "images and masks", "3dmsl": "as the 3DMSL release"},
            source="Default: images and masks, as programs that learn read them.",
        ),
    ] = "flat"
    format: Annotated[
        Literal["ome-tiff", "ome-zarr"],
        Field(
            description="Of images and masks. OME-TIFF opens in Fiji and napari; OME-Zarr suits "
            "large stacks.",
        ),
        Show(
            "Format",
            words={"ome-tiff": "OME-TIFF", "ome-zarr": "OME-Zarr 0.5"},
            source="Default: OME-TIFF, which most programs open.",
        ),
    ] = "ome-tiff"
    zips: Annotated[
        bool,
        Field(description="Also pack the folders into the zips of the release."),
        Show("Zips", source="Default: off."),
    ] = False
    stretch: Annotated[
        Literal["none", "min_max", "percentiles"],
        Field(
            description="Images in 8 bits, each stretched from black to white by its own values, "
            "as people export them; the levels are kept with the image.",
        ),
        Show(
            "8-bit stretch",
            words={
                "none": "no",
                "min_max": "lowest to highest",
                "percentiles": "between percentiles",
            },
            source="Default: no; the counts of the camera.",
        ),
    ] = "none"
    stretch_percentiles: Annotated[
        tuple[Percentile, Percentile],
        Field(description="Values of each image that become black and white."),
        Show(
            "Black and white",
            "%",
            3,
            0.1,
            source="Default: Enhance Contrast of ImageJ, 0.35 % of the pixels at both ends.",
        ),
    ] = (0.175, 99.825)

    stretch_black: Annotated[
        tuple[Grey, Grey],
        Field(
            description="Grey value that black becomes: two numbers, drawn evenly between them for "
            "each image. Above 0 where images are parts of larger ones that were stretched."
        ),
        Show("Black becomes", "grey", 1, source="Default: 0."),
    ] = (0.0, 0.0)
    stretch_white: Annotated[
        tuple[Grey, Grey],
        Field(
            description="Grey value that white becomes, drawn as that of black. Below 255 where "
            "images are parts of larger ones that were stretched."
        ),
        Show("White becomes", "grey", 1, source="Default: 255."),
    ] = (255.0, 255.0)

    @property
    def stretched_between(self) -> tuple[float, float] | None:
        """Percentiles that become black and white; None: images keep their counts."""
        if self.stretch == "percentiles":
            return self.stretch_percentiles
        return (0.0, 100.0) if self.stretch == "min_max" else None

    @property
    def _as_released(self) -> bool:
        return (self.layout, self.format) == ("3dmsl", "ome-tiff")

    def irrelevant(self) -> dict[str, str]:
        """Return the zips where there are none of the release's folders, and unused levels."""
        found = {}
        if not self._as_released:
            found["zips"] = "only the release's folders of TIFF have zips"
        if self.stretch != "percentiles":
            found["stretch_percentiles"] = "only a stretch between percentiles has them"
        if self.stretch == "none":
            found |= dict.fromkeys(("stretch_black", "stretch_white"), "nothing is stretched")
        return found

    @model_validator(mode="after")
    def _black_below_white(self) -> Self:
        low, high = self.stretch_percentiles
        if low >= high:
            text = f"stretch_percentiles = {[low, high]}: the first must be below the second"
            raise SettingsError([Problem(("stretch_percentiles",), text)])
        for name in ("stretch_black", "stretch_white"):
            low, high = getattr(self, name)
            if low > high:
                text = f"{name} = {[low, high]}: the lower comes first"
                raise SettingsError([Problem((name,), text)])
        if self.stretch_black[1] >= self.stretch_white[0]:
            text = (
                f"stretch_white = {list(self.stretch_white)}: must lie above stretch_black = "
                f"{list(self.stretch_black)}"
            )
            raise SettingsError([Problem(("stretch_white",), text)])
        return self

    @model_validator(mode="after")
    def _zips_of_folders(self) -> Self:
        if self.zips and not self._as_released:
            raise ValueError("zips = true: only for layout = '3dmsl' with format = 'ome-tiff'")
        return self


class Recipe(Settings):
    """An image set: every image follows from it, the library and the version of this package.

    All microscopes see the same fluorophores in the same pose and focus.
    """

    name: Annotated[
        str,
        Field(min_length=1, max_length=200, description="What the image set is called."),
        Show("Name", source="Default: image set."),
    ] = "image set"
    seed: Annotated[
        int,
        Field(
            ge=0,
            lt=2**63,
            description="Decides over all that is drawn: the same recipe and seed give the same "
            "files.",
        ),
        Show("Seed", source="Default: 0."),
    ] = 0
    repeats: Annotated[
        int,
        Field(
            ge=1,
            le=1_000_000,
            description="Label each shape so many times, each time with other fluorophores. With "
            "scenes: the number of scenes.",
        ),
        Show("Repeats", "×", source="Default: 1."),
    ] = 1
    source: Annotated[Source, Field(description="Which shapes are imaged."), Show("Shapes")]
    split: Annotated[
        Split,
        Field(description="Shares of the shapes for training, validation and test."),
        Show("Training, validation, test"),
    ] = Split()
    views: Annotated[Views, Field(description="From where each shape is seen."), Show("Views")] = (
        Views()
    )
    focus: Annotated[
        Focus, Field(description="Where the sharp planes are."), Show("Focus and z-stack")
    ] = Focus()
    labelling: Annotated[
        dict[str, Any],
        OpenTable(Labelling),
        Field(description=f"Fluorophores and their brightness. {_DRAWN} labelling."),
        Show("Labelling", source="Default: that of a single image."),
    ] = Field(default_factory=dict, validate_default=True)
    microscopes: Annotated[
        tuple[Instrument, ...],
        Field(
            min_length=1,
            description="Each shape is seen through all of them, with the same fluorophores, pose "
            "and focus: pairs for translation. The camera is the one that is usual for each, "
            "unless told.",
        ),
        Show(
            "Microscopes",
            source="Presets: Table 2 of the 3DMSL paper, two more, and your own, kept in the "
            "Microscope panel.",
        ),
    ]
    image_size: Annotated[
        tuple[PixelCount, PixelCount] | None,
        Field(description="Rows and columns of each image; one number in a field: a square."),
        Show(
            "Image size",
            "px",
            step=16.0,
            lowest="as it is",
            source="Default: that of the microscope, 128 × 128 in the presets as in the release.",
        ),
    ] = None
    noise: NoiseSetting = "camera"
    snr: Annotated[
        Open | None,
        _RATIO.range,
        Field(description=f"{_RATIO.description} {_DRAWN} image."),
        _RATIO.show,
    ] = None
    scene: Annotated[
        SceneSettings | None,
        Field(
            description="Many shapes in each image, with instances as ground truth, instead of one "
            "in the middle.",
        ),
        Show("Scenes", lowest="none", source="Default: none; one shape in the middle."),
    ] = None
    variants: Annotated[
        tuple[Variant, ...],
        Field(
            max_length=1000,
            description="Settings of cell and camera that are drawn together: each scene, or shape "
            "as it is labelled, takes one of these tables, whose settings replace those that stand "
            "elsewhere. So dim images keep the gain that goes with them.",
        ),
        Show("Variants", source="Default: none; each range is drawn by itself."),
    ] = ()
    montage: Annotated[
        Montage | None,
        Field(description="So many scenes down × across as tiles of each image."),
        Show(
            "Montage",
            "scenes",
            lowest="one",
            source="Default: one; 2 × 2 in the segmentation set of the 3DMSL paper.",
        ),
    ] = None
    motion: Annotated[
        Motion | None,
        Field(description="Let the objects move, and record frame after frame."),
        Show("Time-lapse", lowest="none", source="Default: none."),
    ] = None
    ground_truth: Annotated[
        tuple[Literal[tuple(TRUTHS)], ...],  # type: ignore[valid-type]
        Field(description="What lies where in each image, as files beside it."),
        Show(
            "Ground truth",
            words={name: truth.title for name, truth in TRUTHS.items()},
            source="Default: the mask, which most networks learn from.",
        ),
    ] = ("mask",)
    output: Annotated[Output, Field(description="How files are laid out."), Show("Files")] = (
        Output()
    )

    @model_validator(mode="before")
    @classmethod
    def _tubes_in_cells(cls, given: Any) -> Any:
        """Let scenes like a cell have tubes where no source is named."""
        if not isinstance(given, dict) or "source" in given:
            return given
        scene = given.get("scene")
        kind = scene.get("kind") if isinstance(scene, dict) else getattr(scene, "kind", None)
        return {**given, "source": {"library": TUBES}} if kind == "cell" else given

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
        moving = [name for name in self.truths if "motion" in TRUTHS[name].needs]
        if moving and self.motion is None:
            raise _wrong_together(
                f"ground_truth: '{moving[0]}' are of things that move; give motion, or leave them "
                "out"
            )
        for problem in (self._scene_problem(), self._layout_problem()):
            if problem:
                raise _wrong_together(problem)
        return self

    def irrelevant(self) -> dict[str, str]:
        """Return the views of what is turned at random, and what needs a camera or scenes."""
        found = {}
        if self.scene is None:
            found["montage"] = "its tiles are scenes"
        elif self.scene.kind != "region":
            found["views"] = f"a scene of kind '{self.scene.kind}' is turned at random already"
        if self.noise != "camera":
            found["snr"] = "only a camera's noise counts photons"
        return found

    def _scene_problem(self) -> str | None:
        if self._cells_vary and (self.scene is None or self.scene.kind != "cell"):
            return "variants: their cell goes with a [scene] of kind = 'cell' only"
        if self.scene is None:
            if self.montage is not None:
                return "montage: its tiles are scenes; add some ([scene], such as kind = 'packed')"
            return None
        if self.scene.kind == "cell" and self.snr is not None and self._peak_given:
            return (
                "snr: scene.cell.peak_photons tells already how bright the brightest pixel is; "
                "give one of them"
            )
        if self.scene.kind == "region" and self.source.library == TUBES:
            return "scene: a region shows shapes where they lie in a cell; tubes lie nowhere"
        if self.scene.kind != "region" and self.views != Views():
            return (
                f"views: a scene of kind '{self.scene.kind}' is turned at random already; leave "
                "views out, and raise repeats for more scenes"
            )
        for instrument in self.microscopes:
            if instrument.microscope.as_released is not None:
                return f"scene: {instrument.name} repeats the release, which has single shapes"
        beyond = [name for name in self.truths if not isinstance(TRUTHS[name], PixelTruth)]
        if self.montage is not None and (beyond or self.motion is not None):
            return f"montage: goes with ground truth as pixels, not {', '.join(beyond) or 'motion'}"
        return None

    def _layout_problem(self) -> str | None:
        if self.output.layout == "3dmsl" and (self.scene or self.motion or self.views.random):
            return (
                "output.layout = '3dmsl': the release has single shapes in the six views; take "
                "'flat' for scenes, time-lapse and random views"
            )
        if self.output.layout == "3dmsl" and self.source.library == TUBES:
            return "output.layout = '3dmsl': copies the shapes of a library, tubes have none"
        return None

    @property
    def _peak_given(self) -> bool:
        if self.scene is None:
            return False
        cells = (self.scene.cell, *(variant.cell for variant in self.variants))
        return any(ends(cell.get("peak_photons", 0.0))[1] > 0.0 for cell in cells)

    @property
    def _cells_vary(self) -> bool:
        return any(variant.cell for variant in self.variants)

    @property
    def seen_from(self) -> Views:
        """The views; a scene that is turned at random already has one, from above."""
        if self.scene is None or self.scene.kind == "region":
            return self.views
        return Views(six=False, rotations_deg=((0.0, 0.0, 0.0),))

    @property
    def truths(self) -> tuple[str, ...]:
        """The ground truths asked for, each once, in their own order."""
        return tuple(name for name in TRUTHS if name in self.ground_truth)

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
    library = source.get("library") if isinstance(source, dict) else None
    if isinstance(library, str) and library != TUBES:
        values["source"]["library"] = str((folder / library).resolve())
    scene = values.get("scene")
    cell = scene.get("cell") if isinstance(scene, dict) else None
    if isinstance(cell, dict) and isinstance(cell.get("mask"), str):
        cell["mask"] = str((folder / cell["mask"]).resolve())
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
