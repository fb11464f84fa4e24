"""From a label volume of any size to a shape library: what the command and the panel do.

A volume that fits into memory is worked on as a whole, a larger one block by block; the library is
the same. Stopped in any way, the same call goes on where it was.
"""

from __future__ import annotations

import hashlib
import math
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_3dmsl.compute import Here, chosen_place
from napari_3dmsl.image_io.instance_labels import check_labels_path, write_instance_labels
from napari_3dmsl.library.estimate import Estimate, check_disk, estimate_extraction
from napari_3dmsl.library.stream import check_unwritten, stream_library
from napari_3dmsl.library.unfinished import unfinished_work
from napari_3dmsl.memory import default_limit
from napari_3dmsl.shapes.blockwise import extract_blockwise
from napari_3dmsl.shapes.blockwise.extract import PROCESS_BYTES
from napari_3dmsl.shapes.classification import ClassRules
from napari_3dmsl.shapes.extraction import ExtractionSettings, extract_instances
from napari_3dmsl.shapes.shape import WORTH_WORKERS
from napari_3dmsl.volumes.labels import COPIES, check_labels, check_voxel_nm
from napari_3dmsl.volumes.lazy import LazyVolume, open_lazy
from napari_3dmsl.volumes.open import open_labels
from napari_3dmsl.volumes.plausibility import label_warnings, size_warning
from napari_3dmsl.writing import check_apart, telling_where, whole_file

if TYPE_CHECKING:
    from napari_3dmsl.compute import Place
    from napari_3dmsl.progress import Progress
    from napari_3dmsl.shapes.downsampling import Blocks
    from napari_3dmsl.shapes.extraction import Extraction, ExtractionReport
    from napari_3dmsl.shapes.sampling import SampleSettings
    from napari_3dmsl.volumes.labels import VoxelNm
    from napari_3dmsl.volumes.lazy_labels import Background

LABELLING_BYTES = 12
"""Memory for each voxel on the downsampled grid while a whole volume is extracted: measured."""

_STAGES, _LABELS_WRITTEN = "labels", "labels_out.json"
_SEEN = 192  # voxels along the sides of the crop in which a large volume is looked at


@dataclass(frozen=True)
class ExtractedLibrary:
    """What became of a label volume.

    Attributes
    ----------
    library, labels_out
        Where the shapes, and the instances, are.
    shapes, classes
        How many shapes there are, in all and of each class.
    voxel_nm
        Voxel size (z, y, x) of the instances in nm, after downsampling.
    report
        Of the extraction.
    settings, rules
        With which it was made, nothing left open.
    warnings
        What may make the result another one than was meant, a sentence each.
    seconds
        That it took, in this run.
    """

    library: Path
    labels_out: Path | None
    shapes: int
    classes: dict[str, int]
    voxel_nm: VoxelNm
    report: ExtractionReport
    settings: ExtractionSettings
    rules: ClassRules
    warnings: list[str]
    seconds: float


@dataclass(frozen=True, eq=False)
class LibraryExtraction:
    """An extraction that can begin: all is checked, and what it will take is known.

    Attributes
    ----------
    labels
        (z, y, x): an array, or what reads boxes of one that is larger than the memory.
    name
        What errors call the labels.
    source
        What tells this input from others.
    source_now
        Looks again what that is.
    library, labels_out, samples, seed, shapes_per_zip, replace, memory_limit, place
        See `extract_library`.
    settings, rules
        Nothing is left open.
    estimate
        Time, memory and disk.
    blockwise
        Whether the volume is larger than the memory.
    warnings
        What is improbable about the labels, a sentence each.
    """

    labels: Any
    name: str
    source: dict[str, Any]
    source_now: Callable[[], dict[str, Any]]
    library: Path
    labels_out: Path | None
    settings: ExtractionSettings
    rules: ClassRules
    samples: SampleSettings | None
    seed: int
    shapes_per_zip: int | None
    replace: bool
    memory_limit: int
    place: Place
    estimate: Estimate
    blockwise: bool
    warnings: list[str]

    def run(self, progress: Progress | None = None) -> ExtractedLibrary:
        """Do the work, or what is left of it.

        Parameters
        ----------
        progress
            Called with (done, total, what) in each stage; an exception that it raises stops the
            work, which can go on later.

        Raises
        ------
        ValueError
            When nothing is left of the labels, or another run is in the way.
        OSError
            When the library cannot be written.
        """
        start = time.perf_counter()
        with unfinished_work(self.library, self._begun_with(), self.replace) as work:
            warnings = list(self.warnings)
            if work.begun_anew:
                warnings.append("an unfinished run with other settings was thrown away")
            with telling_where(self.library):
                extraction = self._extract(work.folder / _STAGES, progress)
            if self.source_now() != self.source:  # chunks that are gone would count as background
                work.discard()
                raise ValueError(f"{self.name}: has changed, or gone, while it was read; run again")
            few = not self.blockwise and extraction.report.kept < WORTH_WORKERS
            if extraction.report.kept == 0:
                work.discard()
                raise ValueError(self._nothing_left(extraction.report.found))
            labels = partial(self._write_labels, extraction, work.folder, progress)
            written = stream_library(
                extraction,
                self.library,
                settings=self.described,
                progress=progress,
                rules=self.rules,
                samples=self.samples,
                seed=self.seed,
                shapes_per_zip=self.shapes_per_zip,
                replace=self.replace,
                place=Here() if few else self.place,
                memory_limit=self.memory_limit if self.blockwise else None,
                work=work,
                before_named=None if self.labels_out is None else labels,
            )
        return ExtractedLibrary(
            self.library,
            self.labels_out,
            written.shapes,
            written.classes,
            extraction.voxel_nm,
            extraction.report,
            self.settings,
            self.rules,
            [*warnings, *extraction.report.warnings, *written.warnings],
            time.perf_counter() - start,
        )

    @property
    def described(self) -> dict[str, Any]:
        """The settings as the library keeps them."""
        rules = self.rules.model_dump(mode="json")
        return {**self.settings.model_dump(mode="json"), "class_rules": rules}

    def _begun_with(self) -> dict[str, Any]:
        import napari_3dmsl

        samples = None if self.samples is None else self.samples.model_dump(mode="json")
        return {
            "version": napari_3dmsl.__version__,
            "input": self.source,
            "settings": self.described,
            "samples": samples,
            "seed": self.seed if samples else None,
            "shapes_per_zip": self.shapes_per_zip,
        }

    def _extract(self, folder: Path, progress: Progress | None) -> Extraction:
        if not self.blockwise:
            return extract_instances(self.labels, self.settings, progress)
        return extract_blockwise(
            self.labels,
            self.settings,
            folder,
            memory_limit=self.memory_limit,
            place=self.place,
            progress=progress,
        )

    def _write_labels(
        self, extraction: Extraction, folder: Path, progress: Progress | None
    ) -> None:
        """Write the instances, unless a run that was stopped has."""
        import napari_3dmsl

        path, note = self.labels_out, folder / _LABELS_WRITTEN
        assert path is not None
        with suppress(FileNotFoundError):
            if path.exists() and note.read_text(encoding="utf-8") == _digest(_stamp(path)):
                return
        write_instance_labels(
            path,
            extraction.labels,
            extraction.report.kept,
            [size / 1000 for size in extraction.voxel_nm],
            extraction.origin_um,
            {
                "software": f"napari-3dmsl {napari_3dmsl.__version__}",
                "extraction": self.settings.model_dump(mode="json"),
            },
            self.place,
            progress,
        )
        with whole_file(note) as temporary:
            temporary.write_text(_digest(_stamp(path)), encoding="utf-8")

    def _nothing_left(self, found: int) -> str:
        if found == 0:
            return (
                f"{self.name}: nothing survives an erosion_nm of {self.settings.erosion_nm:g} nm; "
                "choose a smaller one"
            )
        return (
            f"{self.name}: all {found} shapes are smaller than min_volume_um3 = "
            f"{self.settings.min_volume_um3:g} µm³; check voxel_nm or choose a smaller volume"
        )


def extract_library(
    labels: Any,
    library: str | Path,
    settings: ExtractionSettings | Mapping[str, Any] | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> ExtractedLibrary:
    """Cut a label volume of any size into shapes and write them as a library.

    Parameters
    ----------
    labels
        A file, a folder, a list of sections or a URL, see `open_lazy`; a `LazyVolume`; or a
        (z, y, x) array.
    library
        New folder, or ``.zip``, see `write_library`.
    settings
        How to extract: all settings, or some by their names, such as ``{"erosion_nm": 42}``.
        Without ``voxel_nm`` the voxel size is that of the file.
    progress
        Called with (done, total, what) in each stage; an exception that it raises stops the work.
        The same call goes on from there.
    **options
        Those of `prepare_extraction`: ``series``, ``level``, ``background``, ``rules``,
        ``samples``, ``seed``, ``shapes_per_zip``, ``labels_out``, ``replace``, ``memory_limit``,
        ``workers``, ``place``.

    Raises
    ------
    ValueError
        When something is wrong with labels or settings, the disk has not the room, or something is
        in the way.
    OSError
        When something cannot be read or written.
    """
    return prepare_extraction(labels, library, settings, **options).run(progress)


def prepare_extraction(
    labels: Any,
    library: str | Path,
    settings: ExtractionSettings | Mapping[str, Any] | None = None,
    *,
    series: int | str | None = None,
    level: int | str | None = None,
    background: Background = None,
    rules: ClassRules | None = None,
    samples: SampleSettings | None = None,
    seed: int = 0,
    shapes_per_zip: int | None = None,
    labels_out: str | Path | None = None,
    replace: bool = False,
    memory_limit: int | None = None,
    blockwise: bool | None = None,
    workers: int | None = None,
    place: Place | None = None,
) -> LibraryExtraction:
    """Check all that an extraction needs, and say what it will take, before it begins.

    Parameters
    ----------
    labels, library, settings
        See `extract_library`.
    series, level, background
        What is taken of a file, see `open_lazy`.
    rules
        Thresholds of the classes; ``None`` takes the paper's.
    samples, seed, shapes_per_zip, replace
        See `write_library`.
    labels_out
        Where the instances go as well: ``.ome.zarr`` (a pyramid, of any size) or ``.tif``.
    memory_limit
        Bytes that all processes together may take. A volume that takes more is worked on block by
        block. ``None`` takes half of the memory that is free.
    blockwise
        Whether it is; ``None`` decides by the memory.
    workers
        Processes; ``None`` takes one for each processor.
    place
        Where the work runs instead, see `Place`.

    Raises
    ------
    ValueError
        When something is wrong with labels or settings, the disk has not the room, or something is
        in the way.
    """
    library = Path(library)
    check_unwritten(library, replace)
    out = None if labels_out is None else check_labels_path(labels_out)
    for file in _paths(labels):
        check_apart(library, "the library", **{"label volume": file})
        if out is not None:
            apart = {"label volume": file, "library": library}
            check_apart(out, "the file of --labels-out", **apart)
    chosen = _chosen(settings)
    volume = _opened(labels, chosen.get("voxel_nm"), series, level, background)
    if volume.voxel_nm is None:
        raise ValueError(f"{volume.path}: {volume.size_problem}; give --voxel-nm Z Y X, in nm")
    settings = ExtractionSettings(**{**chosen, "voxel_nm": volume.voxel_nm})
    settings = settings.replace(downsample=settings.blocks)
    where = chosen_place(place, workers)
    memory_limit = default_limit() if memory_limit is None else memory_limit
    source = _source(labels, volume)
    voxels: Any = volume.labels
    needed = bytes_in_memory(voxels, settings.blocks, where.sharing_memory)
    in_memory = needed <= memory_limit if blockwise is None else not blockwise
    if in_memory:
        if isinstance(labels, str | Path | Sequence):
            voxels = open_labels(labels, settings.voxel_nm, series, background, level).labels
        else:
            voxels = check_labels(np.asarray(voxels))
        warnings = label_warnings(voxels, settings.voxel_nm, settings.instances)
    else:
        warnings = _seen_in_part(voxels, settings)
    estimate = estimate_extraction(
        voxels,
        settings,
        where,
        None if in_memory else memory_limit,
        samples=samples,
        labels_out=out,
        as_zip=library.suffix.lower() == ".zip" or shapes_per_zip is not None,
    )
    check_disk(library, out, estimate)
    return LibraryExtraction(
        labels=voxels,
        name=str(volume.path),
        source=source,
        source_now=partial(_source, labels, volume),
        library=library,
        labels_out=out,
        settings=settings,
        rules=rules or ClassRules(),
        samples=samples,
        seed=seed,
        shapes_per_zip=shapes_per_zip,
        replace=replace,
        memory_limit=memory_limit,
        place=where,
        estimate=estimate,
        blockwise=not in_memory,
        warnings=[*volume.notes, *warnings],
    )


def bytes_in_memory(labels: Any, blocks: Blocks, workers: int) -> float:
    """Return the memory that an extraction takes which holds the whole volume.

    Parameters
    ----------
    labels
        (Z, Y, X), an array or on disk.
    blocks
        Edges of the blocks of voxels that become one.
    workers
        Processes of this machine that measure shapes.
    """
    coarse = labels.nbytes + LABELLING_BYTES * labels.size // math.prod(blocks)
    processes = workers + 1 if workers > 1 else 0
    return float(max(COPIES * labels.nbytes, coarse) + PROCESS_BYTES * processes)


def _chosen(settings: ExtractionSettings | Mapping[str, Any] | None) -> dict[str, Any]:
    if isinstance(settings, ExtractionSettings):
        return settings.model_dump()
    return dict(settings or {})


def _opened(
    labels: Any,
    voxel_nm: Sequence[float] | None,
    series: int | str | None,
    level: int | str | None,
    background: Background,
) -> LazyVolume:
    if isinstance(labels, LazyVolume):
        return labels if voxel_nm is None else replace(labels, voxel_nm=check_voxel_nm(voxel_nm))
    if isinstance(labels, np.ndarray):
        voxels: Any = check_labels(labels, background)
        size = None if voxel_nm is None else check_voxel_nm(voxel_nm)
        return LazyVolume(voxels, size, "labels", "labels", "an array tells no voxel size")
    return open_lazy(labels, voxel_nm, series, level, background)


def _seen_in_part(labels: Any, settings: ExtractionSettings) -> list[str]:
    """Say what is improbable about a volume, as far as its middle tells it."""
    crop = labels[
        tuple(
            slice(max(0, (length - _SEEN) // 2), (length + _SEEN + 1) // 2)
            for length in labels.shape
        )
    ]
    grey = label_warnings(crop, None, True)[:1] if crop.any() else []
    found = [line for line in grey if "grey" in line]
    size = size_warning(crop, settings.voxel_nm)
    return found or ([size] if size else [])


def _paths(labels: Any) -> Iterator[Path]:
    """Give the files and folders that are read, as far as they are on this machine."""
    if isinstance(labels, LazyVolume):
        labels = labels.path
    if isinstance(labels, str | Path):
        labels = [labels]
    if isinstance(labels, Sequence):
        yield from (Path(one) for one in labels if "://" not in str(one))


def _source(labels: Any, volume: LazyVolume) -> dict[str, Any]:
    """Return what tells an input from others, without reading a large one."""
    voxels: Any = volume.labels
    found: dict[str, Any] = {
        "where": str(getattr(voxels, "where", volume.path)),
        "shape": list(voxels.shape),
        "dtype": str(voxels.dtype),
    }
    if isinstance(voxels, np.ndarray):
        return found | {"checksum": _checksum(voxels)}
    files = [_stamp(path) for path in _paths(labels)]
    return found | {"background": voxels.background, "files": _digest(files)}


def _checksum(array: Any) -> int:
    found = 0
    for plane in array:
        found = zlib.crc32(np.ascontiguousarray(plane).tobytes(), found)
    return found


def _stamp(path: Path) -> list[Any]:
    """Return size and time of a file; of a folder those of the files that are near its top."""
    if not path.exists():
        return [str(path)]
    files = [path] if path.is_file() else sorted([*path.glob("*"), *path.glob("*/*.*")])
    looks = [
        (str(file.relative_to(path)), status.st_size, status.st_mtime_ns)
        for file in files
        if file.is_file() and (status := file.stat())
    ]
    return [str(path.resolve()), _digest(looks)]


def _digest(content: Any) -> str:
    return hashlib.sha256(repr(content).encode()).hexdigest()[:16]
