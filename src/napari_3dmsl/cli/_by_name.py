"""``--set SETTING=VALUE``: settings of an image by their whole name, such as in its metadata."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

OWNERS = ("microscope", "acquisition", "pose", "labelling", "camera", "extraction")


def settings_by_name(texts: Sequence[str] | None) -> dict[str, dict[str, Any]]:
    """Return values by owner and name.

    Parameters
    ----------
    texts
        Each ``OWNER.NAME=VALUE``; JSON, or text as it is.

    Raises
    ------
    ValueError
        One line: what is not of this form.
    """
    from napari_3dmsl.as_code.texts import parsed_value

    found: dict[str, dict[str, Any]] = {owner: {} for owner in OWNERS}
    for text in texts or ():
        whole, equals, value = text.partition("=")
        owner, _, name = whole.strip().partition(".")
        if not equals or owner not in OWNERS or not name:
            raise ValueError(
                f"--set {text}: expected SETTING=VALUE, where SETTING is one of "
                f"{', '.join(OWNERS)}, a point and a name, such as camera.read_noise_e=2"
            )
        found[owner][name] = parsed_value(value.strip())
    return found
