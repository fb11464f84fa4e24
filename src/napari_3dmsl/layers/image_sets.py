"""Image sets, OME-Zarr images and images of more than three axes as napari layers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_3dmsl.datasets.read.image_set import ImageSet
from napari_3dmsl.image_io.ome_tiff import IMAGE_SUFFIXES, describe_image
from napari_3dmsl.image_io.ome_zarr import ZARR_SUFFIX, read_ome_zarr
from napari_3dmsl.layers.attributes import LayerData, attributes_for, first_pixel
from napari_3dmsl.layers.emission_colours import emission_colormap, emission_nm_of
from napari_3dmsl.layers.images import SIMULATED, contrast_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from napari_3dmsl.datasets.read.image_set import Sample

FIRST = 100
"""Samples of each microscope that are shown of an image set."""

_LARGEST = 256 * 2**20  # bytes of a stack; of large images fewer samples are shown
_SAMPLE = "S"
_CHANNEL_COLOURS = ("green", "magenta", "cyan", "yellow", "red", "blue")  # as OME-Zarr is told


def image_set_layers(folder: str | Path, first: int = FIRST) -> list[LayerData]:
    """Return the first samples of an image set: a stack for each microscope and pixel truth.

    Images of another size than the first one of their microscope are left out. What does not change
    along an axis of the image, such as the mask of a z-stack, is repeated along it. The names of
    the samples are in the metadata.

    Parameters
    ----------
    folder
        Of a finished set.
    first
        Samples of each microscope at most.

    Raises
    ------
    ValueError
        One line, when something in it is damaged.
    """
    images = ImageSet(folder, truths=())
    images = ImageSet(folder, truths=_pixel_truths(images))
    layers: list[LayerData] = []
    for microscope in dict.fromkeys(images.column("microscope")):
        some = images.where(microscope=microscope)
        samples = _alike(some, first)
        axes, scale = _grid(images.folder / some.row(0)["image"])
        axes, scale = f"{_SAMPLE}{axes}", (1.0, *scale)
        facts = {
            "kind": "image set",
            "folder": str(folder),
            "microscope": microscope,
            "samples": [sample.name for sample in samples],
            "images": len(some),
        }
        stack = np.stack([sample.image for sample in samples])
        if "T" in axes:
            facts["frames"] = stack.shape[axes.index("T")]
        layers.append(pixel_layer(stack, axes, scale, microscope, facts))
        for name in images.truths:
            truths = _truths(samples, name)
            if truths is not None:
                layers.append(truth_layer(truths, axes, scale, f"{microscope} {name}", facts))
    return layers


def zarr_layers(path: str | Path) -> list[LayerData]:
    """Return an OME-Zarr image of ours, a layer for each channel, with its masks.

    Layers with channels would have an axis more than their masks, and napari aligns axes from the
    right: the time of a mask would follow the slider of the channels.

    Parameters
    ----------
    path
        The folder ``NAME.zarr``.

    Raises
    ------
    ValueError
        One line, when it is damaged.
    """
    image = read_ome_zarr(path)
    name = Path(path).stem
    facts = {"kind": SIMULATED, "settings": image.metadata}
    axes = image.axes.replace("C", "")
    scale = [size for size, axis in zip(image.scale, image.axes, strict=True) if axis != "C"]
    pixels = np.asarray(image.pixels)
    layers = []
    if "C" in image.axes:
        pixels = np.moveaxis(pixels, image.axes.index("C"), 0)
        for number, channel in enumerate(pixels):
            title = image.channels[number] if image.channels else f"channel {number}"
            data, attributes, kind = pixel_layer(channel, axes, scale, f"{name} {title}", facts)
            attributes["colormap"] = _CHANNEL_COLOURS[number % len(_CHANNEL_COLOURS)]
            attributes["blending"] = "additive" if number else "translucent_no_depth"
            layers.append((data, attributes, kind))
        pixels = pixels[0]
    else:
        layers.append(pixel_layer(pixels, axes, scale, name, facts))
    for label, mask in image.labels.items():
        fitted = _fitted(np.asarray(mask), pixels.shape)
        if fitted is not None:
            layers.append(truth_layer(fitted, axes, scale, f"{name} {label}", facts))
    return layers


def pixel_layer(
    pixels: NDArray[Any],
    axes: str,
    scale: Sequence[float],
    name: str,
    facts: Mapping[str, Any],
) -> LayerData:
    """Return pixels as an image layer, the middle of the field at 0.

    Parameters
    ----------
    pixels
        NaN where there is nothing to tell.
    axes
        One letter for each axis: T, C, Z, Y, X, or S for samples.
    scale
        Of each axis: µm for Z, Y and X, s for T, 1 for others.
    name
        Of the layer.
    facts
        What this package remembers about it.
    """
    finite = pixels if pixels.dtype.kind in "iu" else pixels[np.isfinite(pixels)]
    contrast = contrast_of(finite) if finite.size else (0.0, 1.0)
    colormap = emission_colormap(emission_nm_of(facts.get("settings")))
    shown = {"colormap": colormap, "contrast_limits": contrast}
    return pixels, _attributes(pixels, axes, scale, name, facts) | shown, "image"


def truth_layer(
    pixels: NDArray[Any],
    axes: str,
    scale: Sequence[float],
    name: str,
    facts: Mapping[str, Any],
) -> LayerData:
    """Return a ground truth: whole numbers as labels, others, such as depth, as an image.

    Parameters
    ----------
    pixels
        Of an image, or of many.
    axes
        A letter for each.
    scale
        Size of a pixel along each axis.
    name
        Of the layer.
    facts
        What this package remembers about the layer.
    """
    if pixels.dtype.kind in "iu":
        return pixels, _attributes(pixels, axes, scale, name, facts), "labels"
    data, attributes, kind = pixel_layer(pixels, axes, scale, name, facts)
    return data, attributes | {"colormap": "viridis", "visible": False}, kind


def file_layer(
    path: Path, pixels: NDArray[Any], metadata: Mapping[str, Any], name: str
) -> LayerData:
    """Return an image of any axes from its file.

    Parameters
    ----------
    path
        Of the image.
    pixels
        As in the file.
    metadata
        As in the file.
    name
        Of the layer.
    """
    axes, scale = _grid(path)
    facts = {"kind": SIMULATED, "settings": dict(metadata)}
    return pixel_layer(pixels, axes, scale, name, facts)


def truth_file_layer(
    path: Path, pixels: NDArray[Any], metadata: Mapping[str, Any], name: str
) -> LayerData:
    """Return a truth that was saved with its image, see `truth_layer`.

    Parameters
    ----------
    path
        Of the truth.
    pixels
        As in the file.
    metadata
        As in the file: the settings of the image, and which truth it is.
    name
        Of the layer.
    """
    axes, scale = _grid(path)
    facts = {"kind": "ground truth", "truth": metadata["ground_truth"]}
    return truth_layer(pixels, axes, scale, name, facts)


def _attributes(
    pixels: NDArray[Any], axes: str, scale: Sequence[float], name: str, facts: Mapping[str, Any]
) -> dict[str, Any]:
    is_length = [axis in "ZYX" for axis in axes]
    translate = np.where(is_length, first_pixel(pixels.shape, scale), 0.0)
    return attributes_for(name, axes=axes.lower(), scale=scale, translate=translate, **facts)


def _grid(path: Path) -> tuple[str, tuple[float, ...]]:
    """Return axes and scale of an image file; what it does not tell counts 1."""
    if path.suffix.lower() == ZARR_SUFFIX:
        image = read_ome_zarr(path)
        return image.axes, image.scale
    file = describe_image(path)
    sizes = file.size_um | ({} if file.frame_s is None else {"T": file.frame_s})
    return file.axes, tuple(sizes.get(axis, 1.0) for axis in file.axes)


def _pixel_truths(images: ImageSet) -> list[str]:
    """Return the ground truths that are pixels, by the names of their files."""
    row = images.row(0) if len(images) else {}
    suffixes = {name: Path(row[name] or "").suffix.lower() for name in images.known_truths if row}
    inside = {name for name in suffixes if f"{ZARR_SUFFIX}/" in (row[name] or "")}
    return [name for name, suffix in suffixes.items() if suffix in IMAGE_SUFFIXES or name in inside]


def _alike(images: ImageSet, first: int) -> list[Sample]:
    """Read the first samples, as many as fit into a stack, of the size of the first one."""
    samples: list[Sample] = []
    for sample in images[:first]:
        if not samples or sample.image.shape == samples[0].image.shape:
            samples.append(sample)
        if len(samples) * sample.image.nbytes > _LARGEST:
            break
    return samples


def _truths(samples: Sequence[Sample], name: str) -> NDArray[Any] | None:
    """Return one ground truth of all samples, each with the axes of its image."""
    fitted = [_fitted(sample.truths.get(name), sample.image.shape) for sample in samples]
    known = next((truth for truth in fitted if truth is not None), None)
    if known is None:
        return None
    nothing = np.zeros_like(known) if known.dtype.kind in "iu" else np.full_like(known, np.nan)
    return np.stack([nothing if truth is None else truth for truth in fitted])


def _fitted(truth: Any, shape: tuple[int, ...]) -> NDArray[Any] | None:
    """Repeat a ground truth along the axes that only the image has."""
    if not isinstance(truth, np.ndarray) or truth.shape[-2:] != shape[-2:]:
        return None
    if truth.ndim == len(shape) + 1 and truth.shape[-3] == 1:  # the one plane of a volume
        truth = truth[..., 0, :, :]
    if truth.ndim < len(shape):
        truth = np.expand_dims(truth, -3)
    try:
        return np.broadcast_to(truth, shape)
    except ValueError:
        return None
