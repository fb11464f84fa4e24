"""What the *Match my microscope* panel has done in another process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_3dmsl.matching.calibration import Calibration, calibrate

if TYPE_CHECKING:
    from napari_3dmsl.progress import Progress
    from napari_3dmsl.widgets.matching.match import Match


def calibrated_match(match: Match, progress: Progress | None = None) -> Calibration:
    """Calibrate from the images of a match.

    Parameters
    ----------
    match
        With images.
    progress
        Called with (done, total, what); raise in it to cancel.
    """
    assert match.real is not None
    if match.real.lossy:
        name = match.real.lossy
        return Calibration(
            images=len(match.real.planes),
            refusal=f"{name} is compressed as JPEG, which changes the noise; use the original",
        )
    return calibrate(
        list(match.real.planes),
        dark=list(match.dark.planes) if match.dark else None,
        microscope=match.microscope,
        em_gain=match.em_gain,
        progress=progress,
    )
