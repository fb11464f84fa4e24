"""The docs of a panel, in a window of its own.

They come with the package: no network is needed, and they tell of the version that is installed.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt, QUrl
from qtpy.QtGui import QDesktopServices, QImage
from qtpy.QtWidgets import QTextBrowser, QWidget

_PACKAGE = Path(__file__).parents[2]
_THEMED = re.compile(
    r'<picture>.*?<img alt="(?P<alt>[^"]*)" src="(?P<src>[^"]*)".*?</picture>', re.DOTALL
)
_PICTURE = re.compile(r"!\[[^\]]*\]\([^)]*\)")
_COMMENT = re.compile(r"<!--.*?-->\n?", re.DOTALL)
_SIZE = (820, 720)
_PICTURE_WIDTH = 760


def docs_folder() -> Path | None:
    """Return where the pages lie: in the package, or beside it in a checkout; None without any."""
    for folder in (_PACKAGE / "docs", _PACKAGE.parents[1] / "docs"):
        if (folder / "index.md").is_file():
            return folder
    return None


def open_docs(page: str, parent: QWidget) -> QTextBrowser:
    """Show a page of the docs.

    Parameters
    ----------
    page
        Such as ``microscope.md``.
    parent
        The panel.

    Raises
    ------
    ValueError
        One line, when the pages are not there.
    """
    folder = docs_folder()
    if folder is None:
        raise ValueError(f"The docs are not installed: read docs/{page} of the package's source")
    window = DocsWindow(folder, parent.window())
    window.show_page(page)
    window.show()
    return window


class DocsWindow(QTextBrowser):
    """Pages of a folder with the links between them.

    Parameters
    ----------
    folder
        Of the pages.
    parent
        The window of napari.
    """

    def __init__(self, folder: Path, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowFlag(Qt.WindowType.Window)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setObjectName("docs")
        self.setAccessibleName("Documentation")
        self.setOpenLinks(False)
        self.anchorClicked.connect(self._follow)
        self.setSearchPaths([str(folder)])
        self._folder = folder
        self.page = ""
        self.resize(*_SIZE)

    def show_page(self, page: str) -> None:
        """Show a page.

        Parameters
        ----------
        page
            Its file, in the folder.
        """
        text = (self._folder / page).read_text("utf-8")
        text = _THEMED.sub(r"![\g<alt>](\g<src>)", text)  # Qt stops reading at tags it knows not
        if not (self._folder / "images").is_dir():
            text = _PICTURE.sub("", text)
        self.page = page
        self.setMarkdown(_COMMENT.sub("", text))
        self.setWindowTitle(f"3DMSL: {self.page.removesuffix('.md').replace('_', ' ')}")

    def loadResource(self, kind: int, name: QUrl) -> Any:
        """Qt: pictures no wider than the window.

        Parameters
        ----------
        kind
            Qt's number of pictures, or another.
        name
            In the folder of the pages.
        """
        picture = QImage(str(self._folder / name.toString()))
        if picture.isNull():
            return super().loadResource(kind, name)
        if picture.width() <= _PICTURE_WIDTH:
            return picture
        return picture.scaledToWidth(_PICTURE_WIDTH, Qt.TransformationMode.SmoothTransformation)

    def _follow(self, url: QUrl) -> None:
        """Go to another page, or let a browser show what lies elsewhere."""
        page = url.fileName()
        if not url.scheme() and page and (self._folder / page).is_file():
            self.show_page(page)
        elif url.hasFragment() and not page:
            self.scrollToAnchor(url.fragment())
        elif url.scheme() in ("http", "https"):
            QDesktopServices.openUrl(url)
