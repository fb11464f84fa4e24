"""Files that napari opens through this package; every layer comes in µm.

Mesh files are taken to be in units of 24 nm, as those of 3DMSL, unless the shape library that they
lie in says otherwise. TIFFs and label volumes are everybody's: napari is not told of them, see
`napari_3dmsl.adopt`, but `read_file` reads them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_3dmsl.reading import reading

if TYPE_CHECKING:
    from napari_3dmsl.layers.attributes import LayerData

Reader = Callable[[Any], "list[LayerData]"]


def get_mesh_reader(path: str | list[str]) -> Reader | None:
    """Return the reader of ``.off`` and ``.ply`` surfaces and of ``.ply`` point clouds.

    Parameters
    ----------
    path
        As napari hands it over, as to all readers.
    """
    return _each(_read_mesh) if _all_files(path, (".off", ".ply")) else None


def get_occupancy_reader(path: str | list[str]) -> Reader | None:
    """Return the reader of ``occupancies.npz``, None for other arrays.

    Parameters
    ----------
    path
        As napari hands it over.
    """
    ours = _all_files(path, (".npz",)) and not any(map(_may_be_labels, paths_of(path)))
    return _each(_read_occupancies) if ours else None


def get_library_reader(path: str | list[str]) -> Reader | None:
    """Return the reader of shape libraries, None for other folders and zips.

    Parameters
    ----------
    path
        As napari hands it over.
    """
    from napari_3dmsl.library.library import ShapeLibrary, is_library

    if all(map(is_library, paths_of(path))):
        return _each(_read_library)
    if _all_files(path, (".zip",)):
        tell_why(lambda: ShapeLibrary.open(paths_of(path)[0]), paths_of(path)[0])
    return None


def get_image_set_reader(path: str | list[str]) -> Reader | None:
    """Return the reader of finished image sets, None for other folders.

    Parameters
    ----------
    path
        As napari hands it over.
    """
    from napari_3dmsl.datasets.read.image_set import is_image_set

    return _each(_read_image_set) if all(map(is_image_set, paths_of(path))) else None


def get_zarr_reader(path: str | list[str]) -> Reader | None:
    """Return the reader of OME-Zarr images that this package wrote, None for those of others.

    Parameters
    ----------
    path
        As napari hands it over.
    """
    from napari_3dmsl.image_io.ome_zarr import is_our_zarr

    return _each(_read_zarr) if all(map(is_our_zarr, paths_of(path))) else None


def get_volume_reader(path: str | list[str]) -> Reader | None:
    """Return the reader of label volumes in the containers of electron microscopy.

    A container that holds images, too, or anything that may be one, is left to others.

    Parameters
    ----------
    path
        As napari hands it over.
    """
    from napari_3dmsl.image_io.ome_zarr import is_our_zarr

    files = paths_of(path)
    if any(map(is_our_zarr, files)) or not all(map(_holds_labels_only, files)):
        return None
    return _each(_read_label_containers)


def _holds_labels_only(path: str) -> bool:
    """Whether a path is a container in which every volume is one of labels."""
    from napari_3dmsl.volumes.contents import contents_of, is_container
    from napari_3dmsl.volumes.lazy import holds_labels

    if not is_container(path):
        return False
    try:
        volumes = [one for one in contents_of(path).datasets if one.series.able]
        return bool(volumes) and all(map(holds_labels, volumes))
    except (ValueError, OSError):
        return False


def get_image_reader(path: str | list[str]) -> Reader | None:
    """Return the reader of simulated images and label volumes in TIFF, None for other TIFFs.

    Parameters
    ----------
    path
        As napari hands it over.
    """
    from napari_3dmsl.image_io.ome_tiff import IMAGE_SUFFIXES, read_settings
    from napari_3dmsl.volumes.tiff import may_hold_labels

    if not _all_files(path, IMAGE_SUFFIXES):
        return None
    try:
        if all(read_settings(file) is not None for file in paths_of(path)):
            return _each(_read_image)
        labels = all(may_hold_labels(file) for file in paths_of(path))
    except (ValueError, OSError):
        return None
    return _each(_read_labels) if labels else None


def get_label_reader(path: str | list[str]) -> Reader | None:
    """Return the reader of label volumes in NIfTI and ``.npz``, and of sections.

    A folder, or several files of one plane each, are the sections of one volume.

    Parameters
    ----------
    path
        As napari hands it over.
    """
    from napari_3dmsl.volumes.contents import NIFTI_SUFFIXES, is_folder_format
    from napari_3dmsl.volumes.open import is_folder_of_sections
    from napari_3dmsl.volumes.slices import SLICE_SUFFIXES

    files = paths_of(path)
    if len(files) > 1 and _all_files(path, SLICE_SUFFIXES):
        return telling(_read_sections)
    if _all_files(path, NIFTI_SUFFIXES) or all(map(_may_be_labels, files)):
        return _each(_read_labels)
    folders = all(is_folder_of_sections(file) and not is_folder_format(file) for file in files)
    return _each(_read_labels) if folders else None


def _may_be_labels(path: str) -> bool:
    """Whether a file is a ``.npz`` with an array that can be labels."""
    from napari_3dmsl.volumes.numpy_files import npz_series

    if not path.lower().endswith(".npz"):
        return False
    try:
        return any(one.able for one in npz_series(path))
    except ValueError:
        return False


def read_file(path: Path) -> list[LayerData]:
    """Read any file or folder that this package has a reader for.

    Parameters
    ----------
    path
        Of a file or folder.

    Raises
    ------
    ValueError
        One line, when it is damaged or of another kind.
    """
    from napari_3dmsl.volumes.contents import is_container
    from napari_3dmsl.volumes.tree import is_url

    for get_reader in (
        get_image_reader,
        get_mesh_reader,
        get_occupancy_reader,
        get_library_reader,
        get_image_set_reader,
        get_zarr_reader,
        get_volume_reader,
        get_label_reader,  # last: a folder of others may hold images as well
    ):
        reader = get_reader(str(path))
        if reader is not None:
            return reader(str(path))
    if is_container(path):
        return _read_labels_lazily(path)
    if not is_url(path) and not Path(path).exists():
        raise ValueError(f"{path}: no such file or folder")
    raise ValueError(f"{path}: none of the files that napari-3dmsl shows as layers")


def paths_of(path: str | list[str]) -> list[str]:
    """Return what napari hands to a reader as a list: one path, or a stack of several.

    Parameters
    ----------
    path
        As napari hands it over.
    """
    return [path] if isinstance(path, str) else list(path)


def _all_files(path: str | list[str], endings: tuple[str, ...]) -> bool:
    return all(str(file).lower().endswith(endings) for file in paths_of(path))


def tell_why(work: Callable[[], Any], path: str) -> None:
    """Show in the window why something cannot be done with a file.

    Parameters
    ----------
    work
        What is to be done; its errors are shown, not raised.
    path
        What the message calls the file.
    """
    try:
        work()
    except (ValueError, OSError) as error:
        _tell(str(error), path)


def _tell(why: str, path: str, severity: str = "error") -> None:
    """Show in the window why a file is not read, above napari's own words that it failed."""
    from napari import current_viewer
    from napari.utils.notifications import Notification, notification_manager
    from qtpy.QtCore import QTimer

    if current_viewer() is not None:
        short = why.replace(f"{Path(path).parent}/", "")  # there is room for one line
        QTimer.singleShot(0, lambda: notification_manager.dispatch(Notification(short, severity)))


def _each(read: Callable[[Path], list[LayerData]]) -> Reader:
    """Return a reader that takes one path, or several of a stack one after the other."""

    def read_all(path: str | list[str]) -> list[LayerData]:
        layers: list[LayerData] = []
        for file in paths_of(path):
            with reading(file, "cannot be opened"):
                layers += read(Path(file))
        return layers

    return telling(read_all)


def telling(read: Reader) -> Reader:
    """Return a reader that says in the window, too, why it cannot read something.

    Parameters
    ----------
    read
        As napari calls it.
    """

    def read_or_tell(path: str | list[str]) -> list[LayerData]:
        try:
            return read(path)
        except (ValueError, OSError) as error:
            _tell(str(error), paths_of(path)[0])
            raise

    return read_or_tell


def _read_mesh(path: Path) -> list[LayerData]:
    from napari_3dmsl.layers.surfaces import mesh_layer
    from napari_3dmsl.library.mesh_units import mesh_unit_nm
    from napari_3dmsl.shapes.mesh import doubtful_size, read_mesh

    if path.suffix.lower() == ".ply" and path.is_file() and _is_cloud(path):
        return _read_cloud(path)
    unit_nm = mesh_unit_nm(path)
    mesh = read_mesh(path, unit_nm / 1000)
    for doubt in doubtful_size(mesh, unit_nm):
        _tell(f"{path.name}: {doubt}", str(path), "warning")
    name = f"{path.stem} ({unit_nm:g} nm units)"
    return [mesh_layer(mesh, name, path=str(path), unit_nm=unit_nm)]


def _is_cloud(path: Path) -> bool:
    """Whether a ``.ply`` file has points with normals and no faces."""
    with path.open("rb") as file:
        head = file.read(4096).partition(b"end_header")[0].split()
    faces = head[head.index(b"face") + 1 :][:1] if b"face" in head else [b"0"]
    return faces == [b"0"] and b"nx" in head


def _read_cloud(path: Path) -> list[LayerData]:
    """Read points with normals; the mesh beside them tells where their unit cube lies."""
    import numpy as np

    from napari_3dmsl.layers.samples import cloud_layer
    from napari_3dmsl.library.instance_files import MESH_FILE, cloud_from_ply
    from napari_3dmsl.library.mesh_units import mesh_unit_nm
    from napari_3dmsl.shapes.mesh import read_mesh
    from napari_3dmsl.shapes.sampling import UnitCube

    beside = path.with_name(MESH_FILE)
    name = f"{path.stem} (1 is its longest side)"
    cube = UnitCube(np.zeros(3), 1.0)
    if beside.is_file():
        name = path.stem
        cube = UnitCube.of(read_mesh(beside, mesh_unit_nm(beside) / 1000))
    return [cloud_layer(cloud_from_ply(_content(path), cube, str(path)), name)]


def _read_occupancies(path: Path) -> list[LayerData]:
    from napari_3dmsl.layers.samples import occupancies_layer
    from napari_3dmsl.library.instance_files import occupancies_from_npz
    from napari_3dmsl.library.mesh_units import mesh_unit_nm

    unit_um = mesh_unit_nm(path) / 1000
    found = occupancies_from_npz(_content(path), unit_um, str(path))
    return [occupancies_layer(found, path.stem)]


def _content(path: Path) -> bytes:
    from napari_3dmsl.library.instance_files import LARGEST_FILE

    if not path.is_file():
        raise ValueError(f"{path}: no such file")
    if path.stat().st_size > LARGEST_FILE:
        raise ValueError(f"{path}: larger than {LARGEST_FILE >> 20} MiB: no samples of a shape")
    return path.read_bytes()


def _read_library(path: Path) -> list[LayerData]:
    from napari_3dmsl.layers.attributes import KEY
    from napari_3dmsl.layers.library import library_layers
    from napari_3dmsl.library.level_of_detail import DRAWN_SHAPES
    from napari_3dmsl.library.library import ShapeLibrary

    library = ShapeLibrary.open(path)
    layers = library_layers(library)
    drawn = sum(len(attributes["metadata"][KEY]["merged"].sizes) for _, attributes, _ in layers)
    if drawn < len(library.ids) and not _is_open("Shape browser"):
        so_far = f"{path}: {drawn:,} of {len(library.ids):,} shapes are drawn"
        browser = "Plugins > 3DMSL > Shape browser"
        if len(library.ids) <= DRAWN_SHAPES:
            others = f"{browser} draws the others"
        elif drawn < DRAWN_SHAPES:
            others = f"{browser} draws the first {DRAWN_SHAPES:,} and lists all"
        else:
            others = f"that is as many as are ever drawn, {browser} lists all"
        _tell(f"{so_far}; {others}", str(path), "info")
    return layers


def _is_open(panel: str) -> bool:
    """Whether the window has a panel of that name."""
    from napari import current_viewer

    docks = getattr(getattr(current_viewer(), "window", None), "dock_widgets", {})
    return any(name.startswith(panel) for name in docks)


def _read_image(path: Path) -> list[LayerData]:
    from napari_3dmsl.image_io.ome_tiff import describe_image, read_image
    from napari_3dmsl.layers.image_sets import file_layer, truth_file_layer
    from napari_3dmsl.layers.images import image_layer_from_file

    array, metadata = read_image(path)
    if "ground_truth" in metadata:
        return [truth_file_layer(path, array, metadata, _name(path))]
    if "microscope" in metadata:
        if set(describe_image(path).axes) & set("TC"):
            return [file_layer(path, array, metadata, _name(path))]
        return [image_layer_from_file(array, metadata, _name(path))]
    layers = _read_labels(path)
    layers[0][1]["translate"] = metadata["origin_um"]
    return layers


def _read_image_set(path: Path) -> list[LayerData]:
    from napari_3dmsl.layers.image_sets import image_set_layers

    return image_set_layers(path)


def _read_zarr(path: Path) -> list[LayerData]:
    from napari_3dmsl.layers.image_sets import zarr_layers

    return zarr_layers(path)


def _read_sections(path: str | list[str]) -> list[LayerData]:
    """Read several files as the sections of one volume."""
    from napari_3dmsl.layers.labels import volume_layer
    from napari_3dmsl.volumes.open import open_labels

    return [volume_layer(open_labels(paths_of(path)))]


def _read_labels(path: Path) -> list[LayerData]:
    """Read a label volume; without a voxel size it stays in voxels, as its metadata says."""
    from napari_3dmsl.layers.labels import volume_layer
    from napari_3dmsl.volumes.open import open_labels

    return [volume_layer(open_labels(path))]


def _read_label_containers(path: Path) -> list[LayerData]:
    """Read every volume of a container, lazily."""
    from napari_3dmsl.volumes.contents import contents_of

    able = [one.series for one in contents_of(path).datasets if one.series.able]
    several = len(able) > 1
    return [
        layer for one in able for layer in _read_labels_lazily(path, one.index if several else None)
    ]


def _read_labels_lazily(path: Path, series: int | None = None) -> list[LayerData]:
    from napari_3dmsl.layers.labels import lazy_layer
    from napari_3dmsl.volumes.lazy import open_lazy

    return [lazy_layer(open_lazy(path, series=series))]


def _name(path: Path) -> str:
    return path.name.split(".")[0]
