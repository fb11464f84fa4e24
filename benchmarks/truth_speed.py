"""How long the ground truth of an image takes, and how long it takes to pack a scene.

Shapes of the phantom at 24 nm, turned at random in 128 x 128 pixels, for the pixel sizes of the
3DMSL paper; then scenes of several shapes in a field of 7 x 7 x 3 µm. Medians and maxima of
processor time on one core.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import numpy as np
from scipy import ndimage
from scipy.spatial.transform import Rotation

from napari_3dmsl.ground_truth.registry import TRUTHS, PixelTruth, ground_truth
from napari_3dmsl.microscope.fluorophores import Emitters
from napari_3dmsl.scenes.centrelines import centrelines_of
from napari_3dmsl.scenes.packing import pack
from napari_3dmsl.scenes.placed_object import FieldOfView, PlacedObject
from napari_3dmsl.scenes.settings import SceneSettings
from napari_3dmsl.shapes.mesh import Mesh, mesh_from_mask
from napari_3dmsl.shapes.phantom import make_phantom

OF_SURFACES = tuple(
    name
    for name, truth in TRUTHS.items()
    if isinstance(truth, PixelTruth) and name != "photons"  # these come with the image
)
USUAL = ("mask", "focus_mask", "instances")
HEIGHT_UM = 5.0


def main() -> None:
    meshes = phantom_meshes()
    faces = [len(mesh.faces) for mesh in meshes]
    print(f"{len(meshes)} shapes, {min(faces)} to {max(faces)} faces, median {np.median(faces):g}")
    rng = np.random.default_rng(0)
    for pixel_um in (0.0488, 0.07, 0.109):
        view = FieldOfView((128, 128), pixel_um, np.array([HEIGHT_UM]), 0.5)
        objects = [placed(mesh, rng) for mesh in meshes]
        for told, names in ((", ".join(USUAL), USUAL), ("all as pixels", OF_SURFACES)):
            tell(f"{1000 * pixel_um:g} nm, {told}", objects, partial(truth, view=view, names=names))
    tell("centreline, once a shape", meshes, centrelines_of)
    for count in (1, 2, 6, 12):
        tell(f"pack {count}", range(9), partial(packed, meshes, count))


def phantom_meshes() -> list[Mesh]:
    """All shapes of the phantom but the longest three, in the order of their labels."""
    phantom = make_phantom(0)
    boxes = ndimage.find_objects(phantom.labels)
    return [
        mesh_from_mask(phantom.labels[box] == label, phantom.voxel_nm)
        for label, box in enumerate(boxes, start=1)
        if label > 3
    ]


def placed(mesh: Mesh, rng: np.random.Generator) -> PlacedObject:
    turn = Rotation.random(rng=rng).as_matrix()
    vertices = (mesh.vertices - mesh.vertices.mean(axis=0)) @ turn.T + [HEIGHT_UM, 0.0, 0.0]
    emitters = Emitters(vertices[:1], np.ones(1))
    return PlacedObject(1, 1, None, vertices, mesh.faces, emitters, np.eye(4))


def truth(shape: PlacedObject, view: FieldOfView, names: tuple[str, ...]) -> None:
    ground_truth([shape], view, names)


def packed(meshes: list[Mesh], count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    candidates = [meshes[chosen] for chosen in rng.integers(len(meshes), size=40)]
    settings = SceneSettings(kind="packed", objects=(count, count))
    assert pack(candidates, settings, (7.0, 7.0), rng).complete


def tell(what: str, items: Iterable[Any], work: Callable[[Any], object]) -> None:
    """Print how long the work takes for one item."""
    spent = []
    for item in items:
        begin = time.process_time()
        work(item)
        spent.append(1000 * (time.process_time() - begin))
    print(f"{what:<44} median {np.median(spent):6.1f} ms, at most {max(spent):6.1f} ms")


if __name__ == "__main__":
    main()
