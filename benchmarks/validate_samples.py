"""Compare occupancies with solid angles summed by brute force, and with the released instance 920.

On every shape of the phantom (24 nm voxels): 100,000 occupancies from the smoothed field against
the mesh, and both against winding numbers from solid angles at 300 points, half of which lie
within one voxel of the surface. A disagreement counts where it is more than 0.25 voxel away from
the surface. Takes about a minute. Its argument, the folder of the real data, may be left out.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import trimesh

from napari_3dmsl.geometry.inside import inside_mesh
from napari_3dmsl.library.library import ShapeLibrary
from napari_3dmsl.shapes.extraction import ExtractionSettings, extract_instances
from napari_3dmsl.shapes.mesh import Mesh, mesh_from_field
from napari_3dmsl.shapes.morphology import boxes
from napari_3dmsl.shapes.phantom import make_phantom
from napari_3dmsl.shapes.sampling import SampleSettings, sample_occupancies, sample_surface
from napari_3dmsl.shapes.smoothed_mask import inside_field, smooth_mask

VOXEL_UM = 0.024


def main() -> None:
    phantom_table()
    if len(sys.argv) > 1:
        released(Path(sys.argv[1]))


def phantom_table() -> None:
    phantom = make_phantom()
    settings = ExtractionSettings(voxel_nm=phantom.voxel_nm)
    labels = extract_instances(phantom.labels, settings).labels
    rng = np.random.default_rng(0)
    totals = {"field against mesh": [0, 0, 0], "mesh against angles": [0, 0, 0]}
    totals["field against angles"] = [0, 0, 0]
    spent, faces = 0.0, 0
    shapes = 0
    for label, box in boxes(labels):
        shapes += 1
        field = smooth_mask(labels[box] == label, phantom.voxel_nm)
        mesh = mesh_from_field(field)
        started = time.perf_counter()
        occupancies = sample_occupancies(mesh, rng, SampleSettings())
        spent += time.perf_counter() - started
        faces += len(mesh.faces)
        points = occupancies.cube.to_world(occupancies.points)
        difficult = test_points(mesh, points, rng)
        angles = solid_angle_winding(mesh, difficult) > 0.5
        by_field, by_mesh = inside_field(field, difficult), inside_mesh(mesh, difficult)
        count(
            totals["field against mesh"],
            mesh,
            points,
            inside_field(field, points) != occupancies.inside,
        )
        count(totals["mesh against angles"], mesh, difficult, by_mesh != angles)
        count(totals["field against angles"], mesh, difficult, by_field != angles)
    for what, (asked, differ, far) in totals.items():
        agree = 100 * (1 - far / asked)
        print(
            f"{what:<21} {asked:9,} points, {differ:4} differ, {far} beyond 0.25 voxel: {agree} %"
        )
    print(
        f"100,000 occupancies from the mesh: {spent / shapes:.2f} s for {faces // shapes:,} faces"
    )


def test_points(mesh: Mesh, points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return 150 of the points and 150 within one voxel of the surface."""
    near, normals = sample_surface(mesh, 150, rng)
    near += normals * rng.uniform(-VOXEL_UM, VOXEL_UM, (150, 1))
    return np.concatenate([points[:150], near])


def count(total: list[int], mesh: Mesh, points: np.ndarray, differ: np.ndarray) -> None:
    total[0] += len(points)
    total[1] += int(differ.sum())
    total[2] += int((distances(mesh, points[differ]) > 0.25 * VOXEL_UM).sum())


def distances(mesh: Mesh, points: np.ndarray) -> np.ndarray:
    """Return the distance of points that lie near a surface, by trimesh, among the faces near."""
    found = np.empty(len(points))
    middles = mesh.vertices[mesh.faces].mean(axis=1)
    for row, point in enumerate(points):
        away = np.linalg.norm(middles - point, axis=1)
        near = mesh.faces[np.argsort(away)[:500]]
        part = trimesh.Trimesh(mesh.vertices, near, process=False)
        found[row] = trimesh.proximity.closest_point_naive(part, point[None])[1][0]
    return found


def solid_angle_winding(mesh: Mesh, points: np.ndarray) -> np.ndarray:
    """Sum solid angles (Van Oosterom and Strackee 1983): slow, with nothing in common with ours."""
    corners = mesh.vertices[mesh.faces]
    winding = []
    for point in points:
        a, b, c = (corners - point).transpose(1, 0, 2)
        la, lb, lc = (np.linalg.norm(side, axis=1) for side in (a, b, c))
        top = np.einsum("ij,ij->i", a, np.cross(b, c))
        ab, bc, ca = (np.einsum("ij,ij->i", u, v) for u, v in ((a, b), (b, c), (c, a)))
        angle = np.arctan2(top, la * lb * lc + ab * lc + bc * la + ca * lb)
        winding.append(angle.sum() / (2 * np.pi))
    return np.array(winding)


def released(data: Path) -> None:
    """Test released instance 920 with its own points against its own bits."""
    library = ShapeLibrary.open(data / "3dmsl" / "920.zip")
    mesh, stored = library.mesh(920), library.occupancies(920)
    points = stored.cube.to_world(stored.points)
    started = time.perf_counter()
    inside = inside_mesh(mesh, points)
    spent = time.perf_counter() - started
    differ = inside != stored.inside
    away = distances(mesh, points[differ]) / VOXEL_UM
    print(
        f"released 920: {100 * (1 - differ.mean()):.3f} % of {len(points):,} agree, the others are "
        f"within {away.max():.2f} voxels of the surface; {spent:.2f} s, {len(mesh.faces):,} faces"
    )
    fewer = int((inside & ~stored.inside).sum())
    print(f"of {differ.sum()} that differ the release has {differ.sum() - fewer} inside")


if __name__ == "__main__":
    main()
