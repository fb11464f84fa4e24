"""The folder of a layout while it is filled: files of the set as they are, or new ones."""

from __future__ import annotations

import json
import os
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from napari_3dmsl.image_io.ome_tiff import write_ome_tiff

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray


class LayoutFolder:
    """Puts files into a new folder; nobody else knows it yet.

    Parameters
    ----------
    path
        Of the folder, which is there and empty.
    links
        Whether files of the set are linked where they can be.

    Attributes
    ----------
    linked : int
        Files that are links now.
    """

    def __init__(self, path: Path, *, links: bool) -> None:
        self.path = path
        self.linked = 0
        self._links = links

    def put_pixels(
        self,
        relative: str,
        pixels: NDArray[Any],
        spacing_um: Sequence[float],
        file: Path | None,
        *,
        labels: bool = False,
    ) -> None:
        """Write an image, or take the file of the set that holds it.

        Parameters
        ----------
        relative
            Path in the folder, ends in ``.tif``.
        pixels
            (R, C) or (P, R, C).
        spacing_um
            Length of a pixel along each axis.
        file
            That holds exactly these pixels; None where there is none.
        labels
            Whether they are labels, which are compressed.

        Raises
        ------
        ValueError
            When the layout has a file of that name already.
        OSError
            When the file cannot be written.
        """
        path = self._place(relative)
        if file is None:
            write_ome_tiff(path, pixels, spacing_um, compress=labels)
            return
        if self._links:
            with suppress(OSError):  # another disk, or one without links
                os.link(file, path)
                self.linked += 1
                return
        shutil.copyfile(file, path)

    def put_bytes(self, relative: str, content: bytes) -> None:
        """Write a file.

        Parameters
        ----------
        relative
            Path in the folder.
        content
            Of the file.
        """
        self._place(relative).write_bytes(content)

    def put_json(self, relative: str, content: Any, *, short: bool = False) -> None:
        """Write a JSON file.

        Parameters
        ----------
        relative
            Path in the folder.
        content
            Lists, tables, text and numbers.
        short
            Whether it is for programs only, without line breaks.
        """
        text = json.dumps(content, indent=None if short else 2, ensure_ascii=False)
        self._place(relative).write_text(text + "\n", encoding="utf-8")

    def _place(self, relative: str) -> Path:
        path = self.path / relative
        if os.path.lexists(path):  # it may be a link: writing would change the set itself
            raise ValueError(
                f"two files of this layout would be called {relative}; give the microscopes of the "
                "recipe other names, or lay out one of them alone"
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        return path
