"""Label volumes from any file that is read here, with the masks in OME-Zarr images of ours."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from napari_3dmsl.image_io.ome_zarr import (
    ZARR_SUFFIX,
    ZarrImage,
    read_ome_zarr,
    read_zarr_array,
)
from napari_3dmsl.volumes.labels import check_labels, check_voxel_nm
from napari_3dmsl.volumes.open import LabelVolume, open_labels


def open_label_file(
    path: str | Path | Sequence[str | Path],
    voxel_nm: Sequence[float] | None = None,
    series: int | str | None = None,
    background: int | Literal["max"] | None = None,
) -> LabelVolume:
    """Read a label volume, see `open_labels`; also a mask in an OME-Zarr image of ours.

    Parameters
    ----------
    path
        What `open_labels` takes, an image ``NAME.zarr``, or a mask in it
        ``NAME.zarr/labels/MASK``.
    voxel_nm, background
        As for `open_labels`.
    series
        As for `open_labels`; of ``NAME.zarr`` the name or the number of the mask, by default the
        only one.

    Raises
    ------
    ValueError
        One line, when there is nothing there that can be labels, or several that could be meant.
    """
    root = _zarr_root(path)
    if root is None:
        return open_labels(path, voxel_nm, series, background)
    path = Path(str(path))
    image = read_ome_zarr(root)
    name = path.name if path != root else _chosen(path, list(image.labels), series)
    mask = read_zarr_array(root / "labels" / name)
    try:
        labels = check_labels(mask, background)
        size = _voxel_nm(image, mask.ndim) if voxel_nm is None else voxel_nm
        return LabelVolume(labels, check_voxel_nm(size), f"{root.stem} {name}")
    except ValueError as error:
        raise ValueError(f"{root / 'labels' / name}: {error}") from None


def _zarr_root(path: str | Path | Sequence[str | Path]) -> Path | None:
    """Return the image that a path is, or lies in as a mask; None for other paths."""
    if not isinstance(path, str | Path):
        return None
    path = Path(path)
    if path.suffix.lower() == ZARR_SUFFIX and path.is_dir():
        return path
    above = path.parent.parent
    is_mask = path.parent.name == "labels" and above.suffix.lower() == ZARR_SUFFIX
    return above if is_mask else None


def _chosen(path: Path, names: list[str], series: int | str | None) -> str:
    by_number = {str(number): name for number, name in enumerate(names)}
    if series is not None and (str(series) in names or str(series) in by_number):
        return str(series) if str(series) in names else by_number[str(series)]
    if series is None and len(names) == 1:
        return names[0]
    listed = ", ".join(f"{number} '{name}'" for number, name in enumerate(names)) or "none"
    asked = "" if series is None else f"no mask {series!r}; "
    raise ValueError(f"{path}: {asked}masks in it: {listed}; say which (--series NAME)")


def _voxel_nm(image: ZarrImage, axes: int) -> list[float]:
    """Return the size of a voxel of a mask; masks lack C, or C and Z."""
    sizes = {axis: 1000 * size for axis, size in zip(image.axes, image.scale, strict=True)}
    if "Z" not in sizes or axes < len(image.axes.replace("C", "")):
        raise ValueError("a flat mask; labels are volumes (z, y, x)")
    return [sizes[axis] for axis in "ZYX"]
