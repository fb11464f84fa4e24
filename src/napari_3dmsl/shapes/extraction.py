"""From a label volume to instances: downsample, erode, label, regrow, drop the dust."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import BeforeValidator, Field

from napari_3dmsl.progress import Progress
from napari_3dmsl.settings import Settings, Show
from napari_3dmsl.shapes.crops import measuring_blocks, sprawl
from napari_3dmsl.shapes.downsampling import Blocks, downsample_labels, downsample_mask, stride
from napari_3dmsl.shapes.morphology import (
    Known,
    components,
    dilate_instances,
    erode,
    fill_instances,
    fill_mask,
    regrow_in_mask,
    statistics,
    voxel_counts,
)
from napari_3dmsl.shapes.pieces import pieces_of, several_pieces
from napari_3dmsl.volumes.labels import VoxelNm, check_labels

if TYPE_CHECKING:
    from numpy.typing import NDArray

VoxelSize = Annotated[float, Field(gt=0, lt=1e6)]
Edge = Annotated[int, Field(ge=1)]

PAPER_VOXEL_NM = 24.0
PAPER_EROSION_NM = 3.5 * PAPER_VOXEL_NM
STEPS = 4
LISTED = 100  # dropped instances that a report names
LOOKED_UP = 1 << 24  # labels up to this number are renumbered by a table of 64 MiB at most


def _on_every_axis(value: Any) -> Any:
    """Take one whole number for the same on every axis."""
    if not isinstance(value, int | float | str):
        return value
    try:
        if isinstance(value, bool) or float(value) < 1 or float(value) % 1:
            raise ValueError
    except ValueError:
        raise ValueError("expected a whole number from 1 on, or three (z, y, x)") from None
    return (value,) * 3


class ExtractionSettings(Settings):
    """How instances are cut out of a label volume."""

    voxel_nm: Annotated[
        tuple[VoxelSize, VoxelSize, VoxelSize],
        Field(description="Size of a voxel of the labels along (z, y, x)."),
        Show(
            "Voxel size",
            "nm",
            2,
            source="From the file or the layer where they tell lengths. There is no default: a "
            "wrong size makes every measure wrong.",
        ),
    ]
    downsample: Annotated[
        Annotated[tuple[Edge, Edge, Edge], BeforeValidator(_on_every_axis)] | None,
        Field(
            description="Voxels along each axis (z, y, x) that become one; one number for all "
            "three.",
        ),
        Show(
            "Downsampling",
            "×",
            lowest="suggested",
            source="Suggested so that voxels come near to 24 nm, the paper's grid, and are not "
            "larger. Paper: 3 along all axes, from 8 nm to 24 nm.",
        ),
    ] = None
    erosion_nm: Annotated[
        float,
        Field(
            ge=0,
            le=2000,
            description="Radius of the ball that parts touching mitochondria; 0 parts nothing.",
        ),
        Show(
            "Erosion radius",
            "nm",
            1,
            2.0,
            slider=(0.0, 300.0),
            source="Paper: 84 nm, which are 3.5 voxels of 24 nm; its Table 3 calls them the "
            "diameter, which makes 42 nm.",
        ),
    ] = PAPER_EROSION_NM
    connectivity: Annotated[
        Literal[6, 18, 26],
        Field(description="Which voxels count as touching when the eroded mask is labelled."),
        Show(
            "Connectivity",
            words={6: "6 (faces)", 18: "18 (edges)", 26: "26 (corners)"},
            source="Default: 6, which parts the most; the paper does not tell.",
        ),
    ] = 6
    regrow: Annotated[
        Literal["watershed", "dilate"],
        Field(
            description="Watershed grows the pieces back inside the labels and divides only at "
            "necks: nothing lost, nothing invented. Dilation, with the ball of the erosion, is the "
            "paper's way and rounds thin parts off.",
        ),
        Show(
            "Grow back by",
            words={"watershed": "watershed", "dilate": "dilation (paper)"},
            source="Default: watershed, which agrees better with experts on UroCell.",
        ),
    ] = "watershed"
    neck: Annotated[
        float,
        Field(
            ge=0,
            le=1,
            description="Watershed divides where two pieces meet in a neck thinner than this part "
            "of the thinner piece. Lower divides less: 0 nothing, 1 at every narrowing.",
        ),
        Show(
            "Neck",
            "",
            2,
            0.05,
            slider=(0.0, 1.0),
            source="Default: 0.5, our choice, measured on touching pairs and on UroCell; the paper "
            "does not divide at necks.",
        ),
    ] = 0.5
    min_volume_um3: Annotated[
        float,
        Field(ge=0, description="Smaller objects are dropped."),
        Show(
            "Smallest volume",
            "µm³",
            4,
            0.001,
            source="Default: 0.001 µm³, a ball of 124 nm diameter, our choice: of the 130 "
            "mitochondria that experts marked in UroCell it loses two. The authors' 0.0276 µm³ "
            "lose a third of them.",
        ),
    ] = 0.001
    downsample_method: Annotated[
        Literal["mean", "stride"],
        Field(
            description="What becomes of a block of voxels when downsampling. By halves keeps "
            "volumes and gaps best. The middle voxel is what fast viewers show.",
        ),
        Show(
            "A block is",
            words={"mean": "foreground if half of it is", "stride": "what its middle voxel is"},
            source="Default: by halves; neither is told by the paper.",
        ),
    ] = "mean"
    fill_holes: Annotated[
        bool,
        Field(
            description="Closed cavities inside the labels become part of the shape first; holes "
            "through a ring always stay.",
        ),
        Show("Fill holes", source="Off by default, as in the paper."),
    ] = False
    instances: Annotated[
        bool,
        Field(
            description="Every label is one mitochondrion already: no erosion, no regrowth.",
        ),
        Show("Are instances", source="Off by default: the paper's labels are one foreground."),
    ] = False
    split_pieces: Annotated[
        bool,
        Field(description="With instances: a label in several pieces becomes a shape for each."),
        Show(
            "Split pieces",
            source="Off by default: the label is believed, also where it goes on outside of the "
            "volume.",
        ),
    ] = False

    def irrelevant(self) -> dict[str, str]:
        """Return the settings that only eroding, watershed or instances need."""
        if self.instances:
            parting = ("erosion_nm", "connectivity", "regrow", "neck")
            return dict.fromkeys(parting, "instances are not parted")
        found = {"split_pieces": "only instances have pieces that belong together"}
        return found if self.regrow == "watershed" else found | {"neck": "only watershed divides"}

    @property
    def blocks(self) -> Blocks:
        """The edges (z, y, x) of a block in voxels: ``downsample``, with ``None`` resolved."""
        return self.downsample or suggested_downsample(self.voxel_nm)

    @property
    def coarse_voxel_nm(self) -> VoxelNm:
        """Voxel size (z, y, x) in nm after downsampling."""
        z, y, x = (size * edge for size, edge in zip(self.voxel_nm, self.blocks, strict=True))
        return z, y, x

    @property
    def ball_nm(self) -> float:
        """Radius in nm of the ball that erodes, 0 where nothing is eroded."""
        return 0.0 if self.instances else self.erosion_nm


@dataclass(frozen=True)
class Dropped:
    """An instance that was not kept, and why."""

    voxels: int
    volume_um3: float
    parent: int
    reason: str


@dataclass(frozen=True)
class ExtractionReport:
    """What happened to the objects and voxels of the downsampled mask.

    Attributes
    ----------
    found, kept, dropped_small
        Instances before and after the smallest volume, and their difference.
    voxels_lost
        Foreground voxels that belong to no instance.
    voxels_invented
        Instance voxels that were background.
    thinnest_tube_nm
        See `thinnest_surviving_tube_nm`.
    divided
        Components of the mask that became more than one instance.
    undivided
        Instances that there would be without eroding and dividing: components of the mask that
        are not smaller than the smallest volume.
    vanished
        Components of the mask of which nothing was left, before the smallest volume was asked
        for: with ``dilate``, all that is thinner than the ball.
    cut
        Kept instances that touch the border of the volume.
    voxels_filled
        Background voxels that ``fill_holes`` made foreground.
    dropped
        The dropped instances, the largest 100 of them.
    warnings
        What may make the result another one than was meant, a sentence each.
    """

    found: int
    kept: int
    dropped_small: int
    voxels_lost: int
    voxels_invented: int
    thinnest_tube_nm: float
    divided: int = 0
    undivided: int = 0
    vanished: int = 0
    cut: int = 0
    voxels_filled: int = 0
    dropped: tuple[Dropped, ...] = ()
    warnings: tuple[str, ...] = ()

    def division(self) -> str:
        """Say how many objects were divided and what there would be otherwise, if any were."""
        if not self.divided:
            return ""
        were = "object was" if self.divided == 1 else "objects were"
        return f"{self.divided} {were} divided; without dividing there would be {self.undivided}"

    def summary(self) -> str:
        """Say it in one line."""
        counts = (
            (self.vanished, "vanished in the erosion"),
            (self.cut, "cut by the border"),
            (self.voxels_filled, "voxels filled"),
        )
        division = f"; {self.division()}" if self.divided else ""
        more = division + "".join(f"; {number} {what}" for number, what in counts if number)
        return (
            f"{self.kept} shapes ({self.found} found, {self.dropped_small} too small); "
            f"{self.voxels_lost} voxels lost, {self.voxels_invented} invented; "
            f"tubes from {self.thinnest_tube_nm:.0f} nm survive the erosion{more}"
        )


@dataclass(frozen=True, eq=False)
class Extraction:
    """Instances on the downsampled grid.

    Attributes
    ----------
    labels
        (Z, Y, X) int32, C-contiguous; 0 is background, instances are 1..n.
    voxel_nm
        Voxel size (z, y, x) in nm, after downsampling.
    origin_um
        Centre of voxel (0, 0, 0) in µm (z, y, x), in the frame where the centre of the original
        volume's first voxel is 0.
    report
        Counts of objects and voxels.
    parents
        (N,) integers, for each instance the component of the mask that it was part of (numbers from
        1, of the downsampled mask): two instances with one parent were divided. With
        ``instances`` the label number in the input.
    touches_border
        (N,) bool, whether the border of the volume cuts the instance.
    known
        Voxels, box and centroid of each instance.
    """

    labels: NDArray[np.int32]
    voxel_nm: VoxelNm
    origin_um: tuple[float, float, float]
    report: ExtractionReport
    parents: NDArray[np.integer]
    touches_border: NDArray[np.bool_]
    known: Known


def suggested_downsample(voxel_nm: VoxelNm) -> Blocks:
    """Return for each axis the largest block edge that keeps voxels at 24 nm or less, at least 1.

    Sections of 50 nm with pixels of 4.6 nm become voxels of 50 x 23 x 23 nm: the axis that is
    coarse already stays, the fine ones come as near to the paper's grid as whole blocks can.

    Parameters
    ----------
    voxel_nm
        Voxel size (z, y, x) in nm.
    """
    z, y, x = (max(1, int(PAPER_VOXEL_NM / size + 1e-9)) for size in voxel_nm)
    return z, y, x


def thinnest_surviving_tube_nm(settings: ExtractionSettings) -> float:
    """Return the diameter in nm of a tube that the erosion leaves in one piece at any angle.

    The ball's diameter plus the diagonal of a voxel (of its largest face for 18 and 26
    neighbours): every lattice point that near to the axis survives, and these points are
    connected. With 84 nm on a grid of 24 nm this is 210 nm; tubes of 144 nm vanish, those in
    between break up at some angles.

    Parameters
    ----------
    settings
        Erosion, connectivity and the voxels that they work on.
    """
    voxel = np.sort(settings.coarse_voxel_nm)
    diagonal = float(np.linalg.norm(voxel if settings.connectivity == 6 else voxel[1:]))
    return 2 * settings.ball_nm + diagonal


def flat_ball(settings: ExtractionSettings) -> str:
    """Say along which axes the ball of the erosion is one voxel thick, if along any.

    Along such an axis it erodes nothing.

    Parameters
    ----------
    settings
        Erosion and the voxels that it works on.

    Returns
    -------
    str
        One line for people; empty where the ball is no disc.
    """
    voxel = dict(zip("zyx", settings.coarse_voxel_nm, strict=True))
    flat = {axis: size for axis, size in voxel.items() if 0 < settings.ball_nm < size}
    if not flat:
        return ""
    named = " and ".join(f"{axis} ({size:g} nm)" for axis, size in flat.items())
    return (
        f"an erosion of {settings.ball_nm:g} nm is less than a voxel along {named}, so neighbours "
        f"that touch along there stay together; {max(flat.values()):g} nm or more may part them"
    )


def extract_instances(
    labels: Any, settings: ExtractionSettings, progress: Progress | None = None
) -> Extraction:
    """Cut the instances out of a label volume.

    Parameters
    ----------
    labels
        (z, y, x) mask or labels; unless ``settings.instances``, everything above 0 is foreground.
    settings
        Voxel size and how to extract.
    progress
        Called with (done, total, what); an exception that it raises stops the work.

    Raises
    ------
    ValueError
        When the labels are no labels, or nothing is left after downsampling.
    """
    tell = progress or _silent
    labels = check_labels(labels)
    tell(0, STEPS, "Downsampling")
    filled, undivided, in_pieces = 0, 0, ""
    if settings.instances:
        found, parent_of = consecutive(_coarse_labels(labels, settings))
        found, parent_of, in_pieces = _split(found, parent_of, settings)
        if settings.fill_holes:
            filled = fill_instances(found)
        mask, components_found = found > 0, 0
    else:
        mask = coarse_mask(labels, settings)
        if settings.fill_holes:
            mask, filled = fill_mask(mask)
        found = _separate(mask, settings, tell)
        parent_of, sizes = _parents(mask, found, settings.connectivity)
        components_found, undivided = len(sizes), int(np.count_nonzero(large(sizes, settings)))
    if not mask.any():
        raise ValueError(nothing_left(settings))
    tell(3, STEPS, "Dropping small instances")
    keep, dropped = _drop_small(found, parent_of, settings)
    parents = parent_of[keep]
    touches = _touching(found, len(parents))
    known = statistics(found)
    blocks = measuring_blocks(known.boxes, settings.coarse_voxel_nm, found.size)
    report = ExtractionReport(
        found=len(parents) + len(dropped),
        kept=len(parents),
        dropped_small=len(dropped),
        voxels_lost=int(np.count_nonzero(mask & (found == 0))),
        voxels_invented=int(np.count_nonzero((found > 0) & ~mask)),
        thinnest_tube_nm=thinnest_surviving_tube_nm(settings),
        divided=divided(parent_of) if components_found else 0,
        undivided=undivided,
        vanished=max(components_found - len(np.unique(parent_of[parent_of > 0])), 0),
        cut=int(touches.sum()),
        voxels_filled=filled,
        dropped=largest_dropped(dropped),
        warnings=tuple(filter(None, [flat_ball(settings), in_pieces, sprawl(blocks)])),
    )
    tell(STEPS, STEPS, report.summary())
    return Extraction(
        found, settings.coarse_voxel_nm, coarse_origin_um(settings), report, parents, touches, known
    )


def nothing_left(settings: ExtractionSettings) -> str:
    """Say why there is no foreground after downsampling.

    Parameters
    ----------
    settings
        Downsampling.
    """
    return (
        f"downsample = {settings.blocks}: nothing is left, the labels are thinner than half a "
        "block; choose smaller numbers"
    )


def coarse_origin_um(settings: ExtractionSettings) -> tuple[float, float, float]:
    """Return the centre of the first coarse voxel.

    Parameters
    ----------
    settings
        Voxel size and downsampling.

    Returns
    -------
    tuple of float
        (z, y, x) in µm from the outer corner of the volume.
    """
    middle = settings.downsample_method == "stride"  # a whole voxel, not a place between two
    z, y, x = (
        ((edge - 1) // 2 if middle else (edge - 1) / 2) * size / 1000
        for edge, size in zip(settings.blocks, settings.voxel_nm, strict=True)
    )
    return z, y, x


def coarse_mask(labels: NDArray[Any], settings: ExtractionSettings) -> NDArray[np.bool_]:
    """Return the foreground of labels on the downsampled grid.

    Parameters
    ----------
    labels
        (Z, Y, X) bool or integers; 0 is background.
    settings
        Downsampling.
    """
    if settings.downsample_method == "stride":
        return np.ascontiguousarray(stride(labels, settings.blocks) > 0)
    return downsample_mask(labels, settings.blocks)


def _coarse_labels(labels: NDArray[Any], settings: ExtractionSettings) -> NDArray[Any]:
    if settings.downsample_method == "stride":
        return stride(labels, settings.blocks)
    return downsample_labels(labels, settings.blocks)


def _parents(
    mask: NDArray[np.bool_], found: NDArray[np.int32], connectivity: int
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return the component of the mask that each instance 0..n lies in, and their voxels."""
    pieces = components(mask, connectivity)
    parent_of = np.zeros(int(found.max()) + 1, dtype=np.int32)
    inside = mask & (found > 0)
    parent_of[found[inside]] = pieces[inside]  # all voxels of an instance say the same
    return parent_of, voxel_counts(pieces)[1:]


def divided(parent_of: NDArray[np.integer]) -> int:
    """Return how many components became more than one instance.

    Parameters
    ----------
    parent_of
        (n + 1,) the component of each instance 0..n; 0 for a number that no instance has.
    """
    return int(np.count_nonzero(np.bincount(parent_of[parent_of > 0]) > 1))


def _touching(labels: NDArray[np.int32], count: int) -> NDArray[np.bool_]:
    """Return which of the labels 1..count lie on a face of the volume."""
    touches = np.zeros(count + 1, dtype=bool)
    for axis in range(3):
        for end in (0, -1):
            touches[labels.take(end, axis=axis)] = True
    return touches[1:]


def _silent(done: int, total: int, what: str) -> None:
    """Tell nobody."""


def _separate(
    mask: NDArray[np.bool_], settings: ExtractionSettings, tell: Progress
) -> NDArray[np.int32]:
    """Erode, label, regrow."""
    voxel = settings.coarse_voxel_nm
    radius = settings.ball_nm
    tell(1, STEPS, "Eroding")
    markers = components(erode(mask, radius, voxel), settings.connectivity)

    def step(done: int, total: int) -> None:
        tell(2, STEPS, f"Regrowing {done + 1} of {total}")

    if settings.regrow == "dilate":
        return dilate_instances(markers, radius, voxel, step)
    return regrow_in_mask(mask, markers, voxel, settings.connectivity, settings.neck, step)


def consecutive(labels: NDArray[Any]) -> tuple[NDArray[np.int32], NDArray[np.integer]]:
    """Renumber the labels 1..n in ascending order; return the old number of each 0..n as well.

    Parameters
    ----------
    labels
        (Z, Y, X) bool or integers from 0 on.
    """
    top = int(labels.max())
    if top <= LOOKED_UP:  # a table of all numbers up to the largest is faster than sorting voxels
        present = np.zeros(top + 1, dtype=bool)
        present[0] = True
        found = np.empty(labels.shape, np.int32)
        planes = labels.view(np.uint8) if labels.dtype == bool else labels
        for plane in planes:  # one at a time: as indices they are widened to 8 bytes
            present[plane] = True
        number = np.cumsum(present, dtype=np.int32) - np.int32(1)
        for target, plane in zip(found, planes, strict=True):
            number.take(plane, out=target, mode="clip")
        return found, np.flatnonzero(present)
    flat = np.ravel(labels)
    starts = np.flatnonzero(np.concatenate([[True], flat[1:] != flat[:-1]]))  # of equal neighbours
    values, inverse = np.unique(flat[starts], return_inverse=True)
    shift = 0 if values[0] == 0 else 1
    number = (inverse + shift).astype(np.int32)
    found = np.repeat(number, np.diff(starts, append=flat.size)).reshape(labels.shape)
    wide = np.uint64 if values[-1] > np.iinfo(np.int64).max else np.int64
    return found, np.append(np.zeros(shift, wide), values.astype(wide))


def _split(
    labels: NDArray[np.int32], parent_of: NDArray[Any], settings: ExtractionSettings
) -> tuple[NDArray[np.int32], NDArray[Any], str]:
    """Make an instance of each piece if asked for, else say how many labels have several."""
    pieces, label_of = pieces_of(labels)
    if settings.split_pieces:
        return pieces, parent_of[label_of], ""
    if pieces is labels:  # one piece each
        return labels, parent_of, ""
    voxel_um3 = float(np.prod(settings.coarse_voxel_nm)) / 1e9
    return (
        labels,
        parent_of,
        several_pieces(voxel_counts(pieces), label_of, settings.min_volume_um3 / voxel_um3),
    )


def _drop_small(
    labels: NDArray[np.int32], parent_of: NDArray[np.integer], settings: ExtractionSettings
) -> tuple[NDArray[np.bool_], list[Dropped]]:
    """Renumber the large enough instances in place; return who is kept, and the others."""
    counts = voxel_counts(labels)
    keep = (counts > 0) & large(counts, settings)
    keep[0] = False
    dropped = small_ones(counts, keep, parent_of, settings)
    if not keep[1:].all():
        renumbered = np.where(keep, np.cumsum(keep), 0).astype(np.int32)
        for plane in labels:
            plane[:] = renumbered[plane]
    return keep, dropped


def small_ones(
    counts: NDArray[np.int64],
    keep: NDArray[np.bool_],
    parent_of: NDArray[np.integer],
    settings: ExtractionSettings,
) -> list[Dropped]:
    """Return the instances that are not kept.

    Parameters
    ----------
    counts
        (n + 1,) voxels of each instance 0..n.
    keep
        (n + 1,) which are kept.
    parent_of
        (n + 1,) component of the mask, or number in the input, of each.
    settings
        Voxel size and smallest volume.
    """
    voxel_um3 = float(np.prod(settings.coarse_voxel_nm)) / 1e9
    reason = f"smaller than min_volume_um3 = {settings.min_volume_um3:g}"
    small = (counts > 0) & ~keep
    small[0] = False
    return [
        Dropped(int(counts[label]), float(counts[label] * voxel_um3), int(parent_of[label]), reason)
        for label in np.flatnonzero(small)
    ]


def largest_dropped(dropped: list[Dropped]) -> tuple[Dropped, ...]:
    """Return the dropped instances that a report names, the largest first.

    Parameters
    ----------
    dropped
        All of them.
    """
    return tuple(sorted(dropped, key=lambda item: -item.voxels)[:LISTED])


def large(counts: NDArray[np.int64], settings: ExtractionSettings) -> NDArray[np.bool_]:
    """Return which numbers of voxels are no smaller than the smallest volume.

    Parameters
    ----------
    counts
        Any shape.
    settings
        Voxel size and smallest volume.
    """
    voxel_um3 = float(np.prod(settings.coarse_voxel_nm)) / 1e9
    return np.asarray(counts * voxel_um3 >= settings.min_volume_um3)
