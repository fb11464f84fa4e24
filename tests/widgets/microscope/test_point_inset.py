"""The small picture of a point: its marks stand where it has fallen to half its brightness."""

from __future__ import annotations

from typing import Any

import numpy as np
from superqt.utils import qimage_to_array

from napari_3dmsl.microscope.presets import load_microscope
from napari_3dmsl.microscope.resolution import point_image, resolution
from napari_3dmsl.widgets.microscope.point_inset import PointInset

SIDE = 324  # four pixels for each of the picture's


def drawn(inset: PointInset) -> np.ndarray:
    return qimage_to_array(inset.grab().toImage())[..., :3].astype(int)


def test_marks_stand_at_half_the_brightness(qtbot: Any) -> None:
    microscope = load_microscope("epi1")
    point, found = point_image(microscope, 0.5), resolution(microscope, 0.5)
    inset = PointInset()
    qtbot.addWidget(inset)
    inset.resize(2 * SIDE + 6, SIDE)
    inset.show_point(point, found.lateral_fwhm_um, found.axial_fwhm_um)
    picture = drawn(inset)
    orange = (picture[..., 0] > 200) & (picture[..., 2] < 60)
    row = orange[SIDE // 2 - 30, :SIDE]  # above the point, where only the marks are
    left, right = np.flatnonzero(row)[[0, -1]]
    width_um = (right - left) * len(point.xy) * point.pixel_um / SIDE
    assert abs(width_um - found.lateral_fwhm_um) < 3 * point.pixel_um / 4
    middle = len(point.xy) // 2
    profile = point.xy[middle] / point.xy.max()
    assert abs(np.count_nonzero(profile >= 0.5) - width_um / point.pixel_um) < 2
    assert f"{1000 * found.lateral_fwhm_um:.0f} nm wide" in inset.accessibleName()
