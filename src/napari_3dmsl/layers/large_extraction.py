"""An extraction of a volume that is larger than the memory, and its result as napari layers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_3dmsl.layers.attributes import KEY, LayerData
from napari_3dmsl.layers.classes import drawn_layers
from napari_3dmsl.layers.extraction import INSTANCES, label_colours, label_features
from napari_3dmsl.layers.labels import lazy_layer
from napari_3dmsl.library.estimate import Estimate
from napari_3dmsl.library.extract import prepare_extraction
from napari_3dmsl.library.level_of_detail import DRAWN_SHAPES, drawn_faces, thinned_meshes
from napari_3dmsl.library.library import ShapeLibrary
from napari_3dmsl.volumes.lazy import LazyVolume, open_lazy

if TYPE_CHECKING:
    from napari_3dmsl.progress import Progress
    from napari_3dmsl.shapes.classification import ClassRules
    from napari_3dmsl.shapes.extraction import ExtractionReport, ExtractionSettings
    from napari_3dmsl.shapes.mesh import Mesh


@dataclass(frozen=True, eq=False)
class LargeWork:
    """What is to be done; it pickles.

    Attributes
    ----------
    labels
        (Z, Y, X), read where they are indexed.
    name
        Of the layer that they are from.
    settings, rules
        How to extract, and to classify.
    library
        Where the shapes go; the instances go beside it.
    memory_limit
        Bytes; None for half of what is free.
    replace
        Whether an older library may go.
    """

    labels: Any
    name: str
    settings: ExtractionSettings
    rules: ClassRules
    library: Path
    memory_limit: int | None
    replace: bool

    @property
    def labels_out(self) -> Path:
        """Where the instances go."""
        return self.library.with_name(f"{self.library.stem}_instances.ome.zarr")


@dataclass(frozen=True, eq=False)
class LargeResult:
    """What is shown of a library that was just made.

    Attributes
    ----------
    library, labels_out
        Where shapes and instances are.
    name
        Of the layer that the labels are from.
    report
        Of the extraction.
    warnings
        One line each.
    drawn
        Thinned surfaces of the shapes that are drawn, by their number.
    """

    library: Path
    labels_out: Path
    name: str
    report: ExtractionReport
    warnings: list[str]
    drawn: dict[int, Mesh]


def extract_large(work: LargeWork, progress: Progress) -> Iterator[Estimate | LargeResult]:
    """Do the work: give what it will take, then what came out. Stopped, it goes on the next time.

    Parameters
    ----------
    work
        What is to be done.
    progress
        Called with (done, total, what) in each stage.
    """
    volume = LazyVolume(work.labels, work.settings.voxel_nm, work.name, work.labels.where)
    job = prepare_extraction(
        volume,
        work.library,
        work.settings,
        rules=work.rules,
        labels_out=work.labels_out,
        replace=work.replace,
        memory_limit=work.memory_limit,
        blockwise=True,
    )
    yield job.estimate
    found = job.run(progress)
    library = ShapeLibrary.open(work.library)
    faces = drawn_faces(library, library.ids[:DRAWN_SHAPES])
    drawn: dict[int, Mesh] = {}
    for shape_id, mesh in thinned_meshes(library, faces):
        drawn[shape_id] = mesh
        progress(len(drawn), len(faces), "Drawing")
    yield LargeResult(work.library, work.labels_out, work.name, found.report, found.warnings, drawn)


def large_layers(result: LargeResult) -> list[LayerData]:
    """Return the instances as lazy Labels, and a Surface for each class.

    Parameters
    ----------
    result
        Of `extract_large`.
    """
    library = ShapeLibrary.open(result.library)
    levels, attributes, kind = lazy_layer(open_lazy(result.labels_out))
    facts = attributes["metadata"][KEY]
    facts.update(
        kind=INSTANCES,
        shapes=library,
        source=result.name,
        summary=result.report.summary(),
        report=result.report,
    )
    attributes.update(
        name=INSTANCES,
        translate=_origin_um(result.labels_out),
        colormap=label_colours(library),
        features=label_features(library),
        visible=False,
    )
    return [(levels, attributes, kind), *drawn_layers(result.drawn, library)]


def _origin_um(path: Path) -> list[float]:
    """Return where the first voxel lies, as `write_instance_labels` has written it."""
    import zarr

    from napari_3dmsl.image_io.instance_labels import KEY as WRITTEN

    about: Any = zarr.open_group(path, mode="r").attrs[WRITTEN]
    return [float(place) for place in about["origin_um"]]
