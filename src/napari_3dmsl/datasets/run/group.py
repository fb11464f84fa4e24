"""One group of images, rendered and written by a worker, and taken into the set by the run.

A worker writes into a folder that nobody else knows: it may have been taken for lost and the group
given to another one, or its run may have ended, and it goes on nevertheless.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from napari_3dmsl.datasets.recipe.recipe import TUBES
from napari_3dmsl.datasets.recipe.source_shapes import shapes_of
from napari_3dmsl.datasets.render.group_renderer import GroupRenderer
from napari_3dmsl.datasets.run.lock import locked_library
from napari_3dmsl.datasets.write.index import CHECKSUM
from napari_3dmsl.datasets.write.sample_files import remove_files, write_sample
from napari_3dmsl.shapes.tubes import TubeShapes

if TYPE_CHECKING:
    from napari_3dmsl.datasets.recipe.plan import Group, Plan, Pools
    from napari_3dmsl.datasets.recipe.recipe import Recipe
    from napari_3dmsl.datasets.render.render import Rendered
    from napari_3dmsl.datasets.write.index import Row

_BEGUN, _DRAWN = ".begun", ".drawn"
_CHANCES = 100  # to remove a folder that others are writing into


@dataclass(frozen=True)
class MadeGroup:
    """A group whose files are whole.

    Attributes
    ----------
    rows : list of Row
        Its images as the table lists them.
    size : int
        Bytes of the files.
    folder : str
        Where they lie, by the names that they shall have in the set.
    """

    rows: list[Row]
    size: int
    folder: str

    def take_names(self, folder: Path) -> None:
        """Bring the files into a set, in the place of what is there by their names.

        Parameters
        ----------
        folder
            Of the set.

        Raises
        ------
        OSError
            When that cannot be; then none of them is in the set.
        """
        names = [name.removesuffix(CHECKSUM) for name in self.rows[0] if name.endswith(CHECKSUM)]
        files = [row[name] for row in self.rows for name in names]
        made = Path(self.folder)
        try:
            for relative in files:
                if (made / relative).exists():  # else it lies in an image that has come already
                    _replace(made / relative, folder / relative)
        except OSError:
            remove_files(folder, files)
            raise
        shutil.rmtree(made, ignore_errors=True)


@dataclass(frozen=True)
class NotMade:
    """A group that cannot be made.

    Attributes
    ----------
    reason : str
        In one line.
    """

    reason: str


@dataclass(frozen=True)
class MakeGroup:
    """Makes the groups of a plan; for a worker.

    Attributes
    ----------
    recipe : Recipe
    pools : dict
        See `Plan`.
    library, folder, work : str
        Absolute paths of the library (or `TUBES`), of the set, and for what is not finished.
    """

    recipe: Recipe
    pools: Pools
    library: str
    folder: str
    work: str

    @classmethod
    def of(cls, plan: Plan, folder: Path, work: Path) -> MakeGroup:
        """Return what makes the groups of a plan.

        Parameters
        ----------
        plan
            Of the set.
        folder, work
            Of the set, and for what is not finished; both are there.
        """
        library = plan.recipe.source.library
        if library != TUBES:
            library = str(Path(library).absolute())
        elif isinstance(tubes := shapes_of(plan.recipe), TubeShapes):
            tubes.keep(work / _DRAWN)
        return cls(plan.recipe, plan.pools, library, str(folder.absolute()), str(work.absolute()))

    def __call__(self, group: Group) -> MadeGroup | NotMade:
        """Render and write a group.

        Parameters
        ----------
        group
            Of the plan.
        """
        folder = Path(self.work) / f"{group.name}-{uuid4().hex}"
        folder.mkdir()  # unless the run has ended
        (folder / _BEGUN).touch()
        try:
            rows = [self._written(image, folder) for image in _rendered(group, self._rendering)]
        except ValueError as error:  # the others can be made
            shutil.rmtree(folder, ignore_errors=True)
            return NotMade(str(error))
        except OSError:
            self._check_run(folder)
            shutil.rmtree(folder, ignore_errors=True)
            raise
        size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        return MadeGroup(rows, size, str(folder))

    def _written(self, image: Rendered, folder: Path) -> Row:
        self._check_run(folder)
        row = write_sample(image, self.recipe, folder)
        self._check_run(folder)
        return row

    def _check_run(self, folder: Path) -> None:
        """Stop where the run has ended and its folder is gone, also when we have made it again."""
        if not (folder / _BEGUN).is_file():
            remove_work(Path(self.work))
            raise FileNotFoundError(f"{self.work}: the run has ended")

    @cached_property
    def _rendering(self) -> GroupRenderer:
        """What every group needs, opened once."""
        source = self.recipe.source.replace(library=self.library)
        library = locked_library(self.recipe.replace(source=source), Path(self.folder))
        if isinstance(library, TubeShapes):  # which takes seconds to draw
            library.take_up(Path(self.work) / _DRAWN)
        return GroupRenderer(self.recipe, library, self.pools)


def remove_work(folder: Path) -> None:
    """Remove a folder of what is not finished, though a worker may be writing into it.

    Parameters
    ----------
    folder
        By whose name nobody finds anything any more.
    """
    gone = folder.with_name(f".{uuid4().hex}.part")  # at once; file by file, some would come anew
    with suppress(OSError):
        folder = folder.replace(gone)
    for _ in range(_CHANCES):  # what a worker was making at that moment may come after the look
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.01)


def _rendered(group: Group, rendering: GroupRenderer) -> Iterator[Rendered]:
    """Render a group; shapes that cannot be read fail it as damaged ones do, not the whole run."""
    try:
        yield from rendering.render(group)
    except OSError as error:  # of reading: what is written is not written here
        raise ValueError(f"{error.filename or group.name}: {error.strerror or error}") from None


def _replace(made: Path, place: Path) -> None:
    """Give a file or folder its name; one that was there by that name goes."""
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.is_dir():
        shutil.rmtree(place)
    elif made.is_dir():
        place.unlink(missing_ok=True)
    made.replace(place)
