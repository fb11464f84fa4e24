"""The README as the package index and the napari hub show it: with addresses in place of paths.

In the repository links of README.md are paths, so that they work in every copy of it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

LINK = re.compile(r"(?P<picture>!?)\[(?P<words>[^\]]*)\]\((?![a-z]+:|#)(?P<path>[^)\s]+)\)")


def with_addresses(text: str, source: str, version: str) -> str:
    """Return Markdown whose paths are addresses.

    Parameters
    ----------
    text
        Markdown; its links are paths from the repository's root.
    source
        Address of the repository.
    version
        Version whose files are meant; its tag is ``v`` and the version.

    Returns
    -------
    str
        The same with ``source/raw/tag/path`` for pictures and ``source/blob/tag/path`` for pages.
    """

    def address(link: re.Match[str]) -> str:
        way = "raw" if link["picture"] else "blob"
        goal = f"{source}/{way}/v{version}/{link['path']}"
        return f"{link['picture']}[{link['words']}]({goal})"

    return LINK.sub(address, text)


class ReadmeHook(MetadataHookInterface):
    """Fills in the field ``readme``."""

    def update(self, metadata: dict[str, Any]) -> None:
        """See `MetadataHookInterface.update`."""
        text = Path(self.root, "README.md").read_text(encoding="utf-8")
        source = metadata["urls"]["Source"]
        metadata["readme"] = {
            "content-type": "text/markdown",
            "text": with_addresses(text, source, metadata["version"]),
        }
