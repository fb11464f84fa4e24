"""A finished image set, read image by image: a sequence of samples with their ground truth."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, overload

import numpy as np
from numpy.typing import NDArray

from napari_3dmsl.datasets.write.index import (
    CHECKSUM,
    INDEX_FILE,
    Index,
    Row,
    iter_index,
    path_inside,
    sha256_of,
)
from napari_3dmsl.ground_truth.read import read_truth
from napari_3dmsl.ground_truth.registry import read_truth_of
from napari_3dmsl.library.instance_files import LOCK_FILE
from napari_3dmsl.progress import Progress

_SAME_OBJECT = ("group", "view", "repeat", "frame")


@dataclass(frozen=True, eq=False)
class Sample:
    """One image with its ground truth.

    Attributes
    ----------
    name : str
    image : array
        As recorded: (y, x), (z, y, x), or with frames in front.
    truths : dict
        By name: arrays, tables as structured arrays, `Mesh`, or dictionaries of these, see
        `read_truth`. Those that this image does not have are left out.
    row : dict
        All that the index tells about it.
    """

    name: str
    image: NDArray[Any]
    truths: dict[str, Any]
    row: Row


class ImageSet(Sequence[Sample]):
    """The samples of a folder; files are read when a sample is asked for.

    ``len``, ``[i]`` and slices work as those of a list, a slice being an `ImageSet` again. It can
    be sent to other processes.

    Parameters
    ----------
    folder
        Of a finished set, with its ``index.csv``.
    split
        Only this part: ``train``, ``val``, ``test`` or what the recipe calls it.
    truths
        Which ground truths are read, by name; all by default.

    Raises
    ------
    ValueError
        One line: no image set, a damaged index, or a split or truth that it does not have.
    """

    def __init__(
        self,
        folder: str | Path,
        split: str | None = None,
        truths: Collection[str] | None = None,
    ) -> None:
        self.folder = Path(folder)
        self._table = Index(self.folder)
        self._rows = np.arange(len(self._table))
        known = self.known_truths
        if truths is not None and (unknown := [name for name in truths if name not in known]):
            raise ValueError(
                f"{folder}: no ground truth {', '.join(unknown)}; "
                f"this set has {', '.join(known) or 'none'}"
            )
        self.truths = tuple(known if truths is None else truths)
        if split is not None:
            self._rows = self.where(split=split)._rows

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> Sample: ...

    @overload
    def __getitem__(self, index: slice) -> Self: ...

    def __getitem__(self, index: int | slice) -> Sample | Self:
        if isinstance(index, slice):
            return self._with(self._rows[index])
        return self._sample(self.row(index))

    @property
    def known_truths(self) -> list[str]:
        """Names of all ground truths that the set has, whether they are read or not."""
        return list(self._table.header.truths)

    def row(self, index: int) -> Row:
        """Return what the index tells about a sample, without reading its image.

        Parameters
        ----------
        index
            Of the sample; below 0 it counts from the end.

        Raises
        ------
        IndexError
            When there is no such sample.
        """
        if not -len(self) <= index < len(self):
            raise IndexError(f"sample {index} of {len(self)}")
        return self._table.row(int(self._rows[index]))

    def column(self, name: str) -> list[Any]:
        """Return a column of the index, a value for each sample.

        Parameters
        ----------
        name
            Of a column, as in ``index.csv``.
        """
        [values] = self._table.columns([name])
        return [values[row] for row in self._rows]

    def where(self, **wanted: Any) -> Self:
        """Return the samples whose cells are as wanted.

        Parameters
        ----------
        **wanted
            A value for each column, or several in a list, tuple or set, such as
            ``where(microscope="con1", shape_class=["rod", "dot"])``.

        Raises
        ------
        ValueError
            When there is no such column, or nowhere in the set such a value.
        """
        keep = np.ones(len(self._rows), dtype=bool)
        for name, values in zip(wanted, self._table.columns(list(wanted)), strict=True):
            choice = wanted[name]
            chosen = set(choice) if isinstance(choice, (list, tuple, set, frozenset)) else {choice}
            present = set(values)
            if missing := chosen - present:
                there = ", ".join(sorted(map(str, present))[:10])
                raise ValueError(
                    f"{self.folder}: {name} = {', '.join(sorted(map(str, missing)))}: "
                    f"this set has {there}"
                )
            keep &= np.array([values[row] in chosen for row in self._rows], dtype=bool)
        return self._with(self._rows[keep])

    def pairs(self, first: str, second: str) -> PairedSamples:
        """Return images of the same object and pose through two microscopes, to translate one.

        Parameters
        ----------
        first, second
            Names of the microscopes.

        Raises
        ------
        ValueError
            When there is no such microscope or no pair.
        """
        return PairedSamples(self.where(microscope=first), self.where(microscope=second))

    def verify(self, progress: Progress | None = None) -> list[str]:
        """Compare all files with their checksums.

        Parameters
        ----------
        progress
            Called with (samples done, samples, what); an exception that it raises stops the work.

        Returns
        -------
        list of str
            A line for each file that is missing or not as it was written; empty when all is well.
        """
        wrong = []
        for index in range(len(self)):
            row = self.row(index)
            for name in ("image", *self.truths):
                if row[name] is not None:
                    wrong += self._problem(row[name], row[name + CHECKSUM])
            if progress is not None:
                progress(index + 1, len(self), "Samples verified")
        return wrong

    def _problem(self, relative: str, checksum: str | None) -> list[str]:
        path = path_inside(self.folder, relative)
        try:
            if sha256_of(path) != checksum:
                return [f"{path}: changed since it was written (another checksum)"]
        except FileNotFoundError:
            return [f"{path}: missing"]
        except OSError as error:
            return [f"{path}: cannot be read: {error.strerror}"]
        return []

    def _sample(self, row: Row) -> Sample:
        if row["image"] is None:
            raise ValueError(f"{self.folder}: sample {row['sample']} has no image in the index")
        truths = {
            name: read_truth_of(name, path_inside(self.folder, row[name]))
            for name in self.truths
            if row[name] is not None
        }
        return Sample(
            row["sample"], read_truth(path_inside(self.folder, row["image"])), truths, row
        )

    def _with(self, rows: NDArray[np.intp]) -> Self:
        other = type(self).__new__(type(self))
        other.__dict__ |= self.__dict__ | {"_rows": rows}
        return other


class PairedSamples(Sequence[tuple[Sample, Sample]]):
    """Samples of the same object and pose, two by two; made by `ImageSet.pairs`.

    Parameters
    ----------
    first, second
        Samples of one microscope each.

    Raises
    ------
    ValueError
        When they have no object and pose in common.
    """

    def __init__(self, first: ImageSet, second: ImageSet) -> None:
        self._first, self._second = first, second
        places, others = _by_object(first), _by_object(second)
        self._both = [(places[key], others[key]) for key in places if key in others]
        if not self._both:
            raise ValueError(f"{first.folder}: no object was imaged by both microscopes")

    def __len__(self) -> int:
        return len(self._both)

    @overload
    def __getitem__(self, index: int) -> tuple[Sample, Sample]: ...

    @overload
    def __getitem__(self, index: slice) -> list[tuple[Sample, Sample]]: ...

    def __getitem__(
        self, index: int | slice
    ) -> tuple[Sample, Sample] | list[tuple[Sample, Sample]]:
        if isinstance(index, slice):
            return [(self._first[i], self._second[j]) for i, j in self._both[index]]
        i, j = self._both[index]
        return self._first[i], self._second[j]


def is_image_set(folder: str | Path) -> bool:
    """Whether a folder is a finished image set whose files lie in it, not in zips beside.

    Parameters
    ----------
    folder
        Which need not be there.
    """
    folder = Path(folder)
    if not all((folder / name).is_file() for name in (INDEX_FILE, LOCK_FILE)):
        return False
    try:
        first = next(iter_index(folder), {})
        return path_inside(folder, first.get("image") or ".").exists()
    except ValueError:
        return False


def _by_object(images: ImageSet) -> dict[tuple[Any, ...], int]:
    """Return the place of each image by what was imaged."""
    keys = list(zip(*(images.column(name) for name in _SAME_OBJECT), strict=True))
    found = {key: place for place, key in enumerate(keys)}
    if len(found) < len(keys):
        raise ValueError(
            f"{images.folder}: several images of the same {', '.join(_SAME_OBJECT)} through one "
            "microscope: choose one with where() before pairs()"
        )
    return found
