"""All scores of one prediction beside its truth, each an array of labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_3dmsl.memory import allowed_bytes, check_memory, in_words
from napari_3dmsl.scoring.centrelines import cldice
from napari_3dmsl.scoring.instances import are_objects, instance_scores
from napari_3dmsl.scoring.masks import mask_scores
from napari_3dmsl.scoring.overlaps import Overlaps, check_shapes, overlaps_of
from napari_3dmsl.scoring.settings import ScoreSettings
from napari_3dmsl.scoring.surfaces import mask_surface, surface_scores
from napari_3dmsl.scoring.topology import betti_numbers, patch_errors
from napari_3dmsl.shapes.morphology import components
from napari_3dmsl.volumes.labels import as_labels, check_voxel_nm

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from napari_3dmsl.progress import Progress

_VOXEL_BYTES = 12  # of both masks, their labels and copies while topology is counted
_SURFACE_BYTES = 32  # of the field and the triangles of surfaces, in a volume full of tubes
_SCORED = "Scored"


@dataclass(frozen=True)
class Score:
    """What came out for one image, sequence or surface.

    Attributes
    ----------
    name : str
        Of the image.
    values : dict
        By the names of `MEASURES`.
    details : dict
        The counts behind them.
    notes : tuple of str
        What was left out, and why.
    """

    name: str
    values: dict[str, float]
    details: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing lies in truth and prediction, so that they agree for that reason."""
        return bool(self.details.get("pixels", {}).get("either") == 0)


def score_images(
    truth: ArrayLike,
    prediction: ArrayLike,
    settings: ScoreSettings | None = None,
    *,
    name: str = "image",
    voxel_nm: Sequence[float] | None = None,
    progress: Progress | None = None,
) -> Score:
    """Score a mask or instance labels beside the truth, in 2D or 3D.

    Parameters
    ----------
    truth, prediction
        Of the same shape, bool or whole numbers, 0 for background; or from `open_lazy`: then what
        does not fit into memory is left out, and the notes say so.
    settings
        What is scored; by default `ScoreSettings`.
    name
        What the result calls them.
    voxel_nm
        Size (z, y, x) of a voxel, for distances between surfaces, unless the settings say it.
    progress
        Called with (done, total, what); raise in it to cancel.

    Returns
    -------
    Score
        Two empty images agree: all ratios are 1 and all errors 0. Where one alone is empty, ratios
        are 0, and there is no distance between surfaces.

    Raises
    ------
    ValueError
        One line: other shapes, neither 2D nor 3D, or values that are no labels.
    """
    settings = ScoreSettings() if settings is None else settings
    one, other = _labels(truth, "truth"), _labels(prediction, "prediction")
    check_shapes(one.shape, other.shape)
    if len(one.shape) not in (2, 3):
        raise ValueError(f"images of shape {one.shape} cannot be scored; expected 2D or 3D")
    size = settings.voxel_nm
    if size is None and voxel_nm is not None:
        size = check_voxel_nm(voxel_nm)
    return _Work(settings, name, size, progress).score(one, other)


def _labels(image: Any, what: str) -> Any:
    if hasattr(image, "raw"):  # lazily from disk, checked as it is read
        return image
    try:
        return as_labels(np.asarray(image))
    except ValueError as error:
        raise ValueError(f"the {what}: {error}") from None


@dataclass
class _Work:
    """The steps of scoring an image, with what they find on the way."""

    settings: ScoreSettings
    name: str
    voxel_nm: Sequence[float] | None
    progress: Progress | None
    values: dict[str, float] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def score(self, truth: Any, prediction: Any) -> Score:
        """Take all steps."""
        overlaps = overlaps_of(truth, prediction, self.progress)
        both, missed, false = overlaps.both, overlaps.missed, overlaps.false
        self.details["pixels"] = {
            "both": both,
            "missed": missed,
            "false": false,
            "either": both + missed + false,
        }
        self.values |= mask_scores(overlaps)
        if self._fits(truth):
            solid, found = np.asarray(truth) != 0, np.asarray(prediction) != 0
            for what, step in self._steps(solid.ndim):
                self._tell(what)
                step(solid, found)
            if self.settings.objects == "components":
                overlaps = self._components(solid, found)
        elif self.settings.objects == "components":
            check_memory(f"{self.name}: finding components", _VOXEL_BYTES * truth.size)
        self._score_objects(overlaps)
        self._tell(_SCORED)
        return Score(self.name, self.values, self.details, tuple(self.notes))

    def _steps(self, axes: int) -> list[tuple[str, Callable[[Any, Any], None]]]:
        steps: list[tuple[str, Callable[[Any, Any], None]]] = [("Topology", self._topology)]
        if self.settings.patch:
            steps.append(("Topology of patches", self._patches))
        if self.settings.centrelines:
            steps.append(("Centrelines", self._centrelines))
        if self.settings.surfaces and axes == 3:
            steps.append(("Surfaces", self._surfaces))
        elif self.settings.surfaces:
            self.notes.append("no distance between surfaces: these are planes, not volumes")
        return steps

    def _tell(self, what: str) -> None:
        if self.progress is not None:
            self.progress(int(what == _SCORED), 1, what)

    def _fits(self, truth: Any) -> bool:
        needed = _VOXEL_BYTES * int(np.prod(truth.shape, dtype=np.int64))
        if needed <= allowed_bytes():
            return True
        self.notes.append(
            f"topology, centrelines and surfaces left out: they would take {in_words(needed)} of "
            f"memory, allowed are {in_words(allowed_bytes())}"
        )
        return False

    def _topology(self, truth: NDArray[Any], prediction: NDArray[Any]) -> None:
        numbers = [betti_numbers(truth), betti_numbers(prediction)]
        self.details["betti_numbers"] = {
            "truth": list(numbers[0]),
            "prediction": list(numbers[1]),
        }
        errors = [float(abs(one - other)) for one, other in zip(*numbers, strict=True)]
        self.values["betti_error"] = sum(errors)
        self.values |= {f"betti_{number}_error": error for number, error in enumerate(errors)}

    def _patches(self, truth: NDArray[Any], prediction: NDArray[Any]) -> None:
        found = []
        for error in patch_errors(truth, prediction, self.settings.patch):
            found.append(error)
            if len(found) % 16 == 0:
                self._tell("Topology of patches")
        filled = [error for error in found if error is not None]
        self.values["betti_patch_error"] = float(np.mean(filled)) if filled else 0.0
        self.details["patches"] = {"side": self.settings.patch, "filled": len(filled)}

    def _centrelines(self, truth: NDArray[Any], prediction: NDArray[Any]) -> None:
        self.values["cldice"] = cldice(truth, prediction, lambda: self._tell("Centrelines"))

    def _surfaces(self, truth: NDArray[Any], prediction: NDArray[Any]) -> None:
        needed = _SURFACE_BYTES * truth.size
        if needed > allowed_bytes():
            self.notes.append(
                f"no distance between surfaces: it would take {in_words(needed)} of memory, "
                f"allowed are {in_words(allowed_bytes())}"
            )
        elif self.voxel_nm is None:
            self.notes.append("no distance between surfaces: the voxel size is not known")
        elif not truth.any() or not prediction.any():
            self.notes.append("no distance between surfaces: there is none on one side")
        else:
            voxel_um = [size / 1000 for size in self.voxel_nm]
            meshes = [mask_surface(mask, voxel_um) for mask in (truth, prediction)]
            rng = np.random.default_rng(self.settings.seed)
            scores = surface_scores(meshes[0], meshes[1], self.settings.points, rng)
            self.details["surfaces"] = {"floor_um": scores.pop("floor_um")}
            self.values |= scores

    def _components(self, truth: NDArray[Any], prediction: NDArray[Any]) -> Overlaps:
        neighbours = 8 if truth.ndim == 2 else 26
        one, other = (components(mask, neighbours) for mask in (truth, prediction))
        return overlaps_of(one, other, self.progress)

    def _score_objects(self, overlaps: Overlaps) -> None:
        pairs = overlaps.pairs
        kind = self.settings.objects
        several = are_objects(len(pairs.truths), len(pairs.predictions))
        if kind in ("labels", "components") or (kind == "auto" and several):
            scores, counts = instance_scores(pairs)
            self.values |= scores
            self.details["objects"] = counts
