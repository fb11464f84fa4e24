"""What every layout does: takes the cases of one sample after the other, and ends with a table."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_3dmsl.datasets.read.image_set import ImageSet
    from napari_3dmsl.datasets.training.cases import Case
    from napari_3dmsl.datasets.training.folder import LayoutFolder


class Layout(ABC):
    """How one tool wants its files.

    Parameters
    ----------
    folder
        To fill.
    images
        The set.
    name
        That the folder will have.
    truth
        Ground truth that becomes the labels.

    Raises
    ------
    ValueError
        When the tool cannot take this set, or a folder of this name.
    """

    flat: ClassVar[bool] = False
    """Whether planes of stacks become cases of their own."""
    objects: ClassVar[bool] = False
    """Whether labels must tell object from object."""
    usual: ClassVar[tuple[str, ...]] = ()
    """Ground truths that the tool learns, the best first."""

    def __init__(self, folder: LayoutFolder, images: ImageSet, name: str, truth: str) -> None:
        self.folder, self.images, self.name, self.truth = folder, images, name, truth

    @abstractmethod
    def add(self, cases: Sequence[Case]) -> None:
        """Write the files of a sample of the set.

        Parameters
        ----------
        cases
            All of it: one, or one for each frame or plane.
        """

    def finish(self) -> None:  # noqa: B027  many have nothing to add
        """Write what is told about all samples together."""

    def put_image(self, relative: str, case: Case) -> None:
        """Write the image of a case, or take the file of the set.

        Parameters
        ----------
        relative
            Path in the folder.
        case
            Whose image it is.
        """
        self.folder.put_pixels(relative, case.image, case.spacing_um, case.image_file)

    def put_labels(self, relative: str, case: Case) -> None:
        """Write the labels of a case, or take the file of the set.

        Parameters
        ----------
        relative
            Path in the folder.
        case
            Whose labels they are.
        """
        self.folder.put_pixels(
            relative, case.labels, case.spacing_um, case.labels_file, labels=True
        )
