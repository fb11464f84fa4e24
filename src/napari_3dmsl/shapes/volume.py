"""Open a label volume with its voxel size, and refuse in one line what is not one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import numpy as np

from napari_3dmsl.reading import complaints, reading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

VoxelNm = tuple[float, float, float]

NM_PER_UNIT = {
    "nm": 1.0,
    "nanometer": 1.0,
    "um": 1e3,
    "µm": 1e3,
    "μm": 1e3,
    "\\u00b5m": 1e3,
    "micron": 1e3,
    "microns": 1e3,
    "micrometer": 1e3,
    "mm": 1e6,
}


@dataclass(frozen=True, eq=False)
class LabelVolume:
    """A label volume in memory.

    Attributes
    ----------
    labels
        (z, y, x) bool or integers; 0 is background.
    voxel_nm
        Voxel size (z, y, x) in nm; ``None`` when neither the file nor the caller gave it.
    name
        A name for people, the file's stem.
    """

    labels: NDArray[Any]
    voxel_nm: VoxelNm | None
    name: str


def open_labels(path: str | Path, voxel_nm: Sequence[float] | None = None) -> LabelVolume:
    """Read a label volume.

    Parameters
    ----------
    path
        ``.tif``/``.tiff``, ``.npy``, ``.nii`` or ``.nii.gz``. NIfTI files are (x, y, z) and are
        turned to (z, y, x); the voxel size in their headers is often wrong and never used.
    voxel_nm
        Voxel size (z, y, x) in nm; wins over what the file says.

    Returns
    -------
    LabelVolume
        With ``voxel_nm`` ``None`` when it is unknown.

    Raises
    ------
    ValueError
        One line, when the file is missing, damaged, of another kind or holds no labels.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"{path}: no such file")
    name = path.name.lower()
    if name.endswith((".tif", ".tiff")):
        array, found = _read_tiff(path)
    elif name.endswith(".npy"):
        array, found = _read_npy(path), None
    elif name.endswith((".nii", ".nii.gz")):
        array, found = _read_nifti(path), None
    else:
        raise ValueError(f"{path}: not a label volume; expected .tif, .tiff, .npy, .nii or .nii.gz")
    try:
        labels = check_labels(array)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    voxel = found if voxel_nm is None else check_voxel_nm(voxel_nm)
    return LabelVolume(labels, voxel, path.name.split(".")[0])


def check_voxel_nm(voxel_nm: Sequence[float]) -> VoxelNm:
    """Return the voxel size as three positive floats (z, y, x), or raise ``ValueError``."""
    try:
        values = tuple(float(size) for size in voxel_nm)
    except (TypeError, ValueError):
        values = ()
    if len(values) != 3 or not all(0 < size < 1e6 for size in values):
        raise ValueError(
            f"voxel_nm = {voxel_nm!r}: expected three sizes in nm (z, y, x), above 0 and below 1e6"
        )
    return values[0], values[1], values[2]


def check_labels(array: Any) -> NDArray[Any]:
    """Return the array as (z, y, x) bool or integer labels.

    Parameters
    ----------
    array
        Bool or integers; floats that hold whole numbers only are converted. Singleton axes of an
        array with more than three axes are dropped.

    Returns
    -------
    numpy.ndarray
        3D, native byte order, bool or integer; the input itself when nothing had to change.

    Raises
    ------
    ValueError
        One line: wrong number of axes, fractional, negative or not-a-number values, no labels.
    """
    labels: NDArray[Any] = drop_singletons(np.asarray(array))
    if labels.ndim != 3:
        raise ValueError(f"labels must be 3D (z, y, x); this array has the shape {labels.shape}")
    if labels.size == 0:
        raise ValueError(f"labels hold no voxel; this array has the shape {labels.shape}")
    if labels.dtype.kind == "f":
        labels = _whole_numbers(labels)
    elif labels.dtype.kind not in "bui":
        raise ValueError(f"labels must be whole numbers or bool, not {labels.dtype}")
    if not labels.dtype.isnative:
        labels = labels.astype(labels.dtype.newbyteorder("="))
    if labels.dtype.kind == "i" and int(labels.min()) < 0:
        raise ValueError(f"labels must be 0 (background) or more; the lowest is {labels.min()}")
    if not labels.any():
        raise ValueError("labels are all 0 (background): there is nothing to extract")
    return labels


def drop_singletons(array: Any) -> Any:
    """Return an array without axes of length 1 beyond the third; nothing is loaded."""
    while array.ndim > 3 and 1 in array.shape:
        array = array.squeeze(axis=array.shape.index(1))
    return array


def _whole_numbers(array: NDArray[Any]) -> NDArray[Any]:
    if not np.isfinite(array).all():
        raise ValueError("labels hold NaN or infinite values; expected whole numbers")
    lowest, highest = float(array.min()), float(array.max())
    if lowest < 0:
        raise ValueError(f"labels must be 0 (background) or more; the lowest is {lowest:g}")
    if highest > 2**32 - 1 or (array != np.floor(array)).any():
        raise ValueError(
            f"labels must be whole numbers; these are {array.dtype} values between "
            f"{lowest:g} and {highest:g}: an image or probabilities? Threshold it first"
        )
    whole: NDArray[Any] = array.astype(np.min_scalar_type(int(highest)))
    return whole


def _read_npy(path: Path) -> NDArray[Any]:
    with reading(path, "cannot read this .npy file"):
        array = np.load(path, allow_pickle=False)
    if not isinstance(array, np.ndarray):
        raise ValueError(f"{path}: not a single .npy array")
    return array


def _read_nifti(path: Path) -> NDArray[Any]:
    try:
        import nibabel
    except ImportError:
        raise ValueError(
            f'{path}: NIfTI files need nibabel; pip install "napari-3dmsl[nifti]"'
        ) from None
    with reading(path, "cannot read this NIfTI file"):
        # dataobj keeps integers as integers; get_fdata would make everything float64.
        array = np.asarray(nibabel.load(path).dataobj)
    return np.ascontiguousarray(array.T)


def _read_tiff(path: Path) -> tuple[NDArray[Any], VoxelNm | None]:
    import tifffile

    with (
        reading(path, "cannot read this TIFF (damaged or truncated?)"),
        complaints("tifffile") as wrong,
        tifffile.TiffFile(path) as tiff,
    ):
        colour = tiff.series[0].axes.endswith("S")  # samples: red, green, blue
        array = tiff.asarray()
        voxel_nm = _tiff_voxel_nm(tiff)
    if wrong:  # tifffile logs a broken page chain and returns what is left of the volume
        raise ValueError(f"{path}: damaged or truncated TIFF: {wrong[0]}")
    if colour:
        raise ValueError(f"{path}: a colour image, not labels; save the labels as one channel")
    return array, voxel_nm


def may_hold_labels(path: str | Path) -> bool:
    """Whether a TIFF looks like a label volume by its header: three axes, whole numbers.

    Raises
    ------
    ValueError
        When the file is no TIFF or damaged.
    """
    import tifffile

    with (
        reading(path, "cannot read this TIFF"),
        complaints("tifffile"),
        tifffile.TiffFile(path) as tiff,
    ):
        series = tiff.series[0]
        axes = [length for length in series.shape if length > 1]
        colour = series.axes.endswith("S")
        return len(axes) == 3 and not colour and series.dtype.kind in "bui"


def _tiff_voxel_nm(tiff: Any) -> VoxelNm | None:
    if tiff.is_ome:
        return _ome_voxel_nm(tiff.ome_metadata)
    if tiff.is_imagej:
        return _imagej_voxel_nm(tiff)
    return None


def _ome_voxel_nm(xml: str) -> VoxelNm | None:
    try:
        root = ElementTree.fromstring(xml)
    except ElementTree.ParseError:
        return None
    pixels = next((node for node in root.iter() if node.tag.endswith("}Pixels")), None)
    if pixels is None:
        return None
    sizes = []
    for axis in "ZYX":
        size = pixels.get(f"PhysicalSize{axis}")
        unit = pixels.get(f"PhysicalSize{axis}Unit", "µm")
        factor = NM_PER_UNIT.get(unit.lower())
        if size is None or factor is None:
            return None
        sizes.append(float(size) * factor)
    return _if_valid(sizes)


def _imagej_voxel_nm(tiff: Any) -> VoxelNm | None:
    metadata, tags = tiff.imagej_metadata or {}, tiff.pages[0].tags
    factor = NM_PER_UNIT.get(str(metadata.get("unit", "")).lower())
    if factor is None or "spacing" not in metadata:
        return None
    sizes = [float(metadata["spacing"]) * factor]
    for axis in "YX":
        if f"{axis}Resolution" not in tags:
            return None
        pixels, length = tags[f"{axis}Resolution"].value
        if pixels == 0:
            return None
        sizes.append(length / pixels * factor)
    return _if_valid(sizes)


def _if_valid(sizes: list[float]) -> VoxelNm | None:
    try:
        return check_voxel_nm(sizes)
    except ValueError:
        return None
