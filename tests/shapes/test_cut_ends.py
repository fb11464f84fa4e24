"""What the border of the volume cuts is measured up to the border, without caps."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation
from solids import draw_tube

from napari_3dmsl.shapes.classification import ClassRules
from napari_3dmsl.shapes.extraction import ExtractionSettings, extract_instances
from napari_3dmsl.shapes.shape import measure_shapes

SETTINGS = ExtractionSettings(voxel_nm=(24, 24, 24), downsample=1, instances=True, min_volume_um3=0)
UM = 0.024


def measured(mask, length_to="axis", settings=SETTINGS):
    (shape,) = measure_shapes(
        extract_instances(mask.astype(np.uint8), settings), ClassRules(length_to=length_to)
    )
    assert shape.touches_border
    assert shape.mesh.is_watertight
    assert shape.mesh.volume_um3 == pytest.approx(shape.volume_um3, rel=0.01)
    return shape


@pytest.mark.parametrize(("length_to", "caps"), [("axis", 0), ("tip", 1)])
@pytest.mark.parametrize("radius", [3, 5, 8])
@pytest.mark.parametrize("axis", range(3))
def test_a_rod_with_one_end_cut_runs_to_the_border(length_to, caps, radius, axis):
    tube = draw_tube((31, 31, 70), (15, 15, -30), (15, 15, 39.5), radius)
    skeleton = measured(np.moveaxis(tube, 2, axis), length_to).skeleton
    assert skeleton.length_um == pytest.approx((40 + caps * radius) * UM, abs=1.2 * UM)
    assert (skeleton.branches, skeleton.loops, skeleton.end_points) == (0, 0, 2)


@pytest.mark.parametrize("length_to", ["axis", "tip"])
@pytest.mark.parametrize(("radius", "voxels"), [(5, 40), (5, 44), (3, 60), (8, 60)])
def test_a_rod_cut_at_both_ends_is_as_long_as_the_volume(length_to, radius, voxels):
    tube = draw_tube((31, 31, voxels), (15, 15, -30), (15, 15, voxels + 30), radius)
    shape = measured(tube, length_to)
    assert shape.skeleton.length_um == pytest.approx(voxels * UM, abs=1.2 * UM)
    assert shape.classification.shape_class == ("rod" if voxels * UM > 1 else "dot")


@pytest.mark.parametrize("seed", range(6))
def test_an_oblique_cut_is_one_too(seed):
    direction = Rotation.random(rng=np.random.default_rng(seed)).apply([0, 0, 1])
    middle = np.array((39.5, 39.5, 39.5))
    tube = draw_tube((80, 80, 80), middle - 200 * direction, middle + 200 * direction, 5)
    inside = 80 / np.abs(direction).max()
    assert measured(tube).skeleton.length_um == pytest.approx(inside * UM, rel=0.03)


def test_the_arms_of_a_network_run_to_the_border():
    shape, middle = (41, 81, 81), (20, 40, 40)
    ends = [(20, -40, 40), (20, 40, -40), (20, 120, 40), (20, 40, 55)]
    cross = np.any([draw_tube(shape, middle, end, 5) for end in ends], axis=0)
    skeleton = measured(cross).skeleton
    assert (skeleton.branches, skeleton.end_points) == (4, 4)
    assert skeleton.length_um == pytest.approx((3 * 40.5 + 15) * UM, rel=0.04)


@pytest.mark.parametrize("beyond", [1, 2, 4, 6])
def test_what_is_left_of_a_cap_is_no_length(beyond):
    """A rod whose round end the border shortens: its axis ends where it would without a border."""
    tube = draw_tube((41, 41, 70), (20, 20, 6.5 - beyond), (20, 20, 50), 7)
    length = measured(tube).skeleton.length_um
    assert length == pytest.approx((43.5 + beyond) * UM, abs=2 * UM)


def test_a_rod_along_the_border_keeps_its_caps():
    tube = draw_tube((41, 41, 90), (3, 20, 20), (3, 20, 70), 5)
    assert tube[0].any()
    assert measured(tube).skeleton.length_um == pytest.approx(50 * UM, abs=2 * UM)


def test_flat_voxels_are_cut_the_same():
    settings = SETTINGS.model_copy(update={"voxel_nm": (50.0, 20.0, 20.0)})
    tube = draw_tube((24, 50, 50), (-2, 0.5, 0.5), (3, 0.5, 0.5), 0.16, (0.05, 0.02, 0.02))
    assert measured(tube, "axis", settings).skeleton.length_um == pytest.approx(1.2, rel=0.03)
    tube = draw_tube((24, 50, 60), (0.6, 0.5, -2), (0.6, 0.5, 3), 0.16, (0.05, 0.02, 0.02))
    assert measured(tube, "tip", settings).skeleton.length_um == pytest.approx(1.2, rel=0.03)


def test_the_same_end_inside_the_volume_has_its_cap():
    tube = draw_tube((31, 31, 70), (15, 15, 10), (15, 15, 50), 5)
    (shape,) = measure_shapes(extract_instances(tube.astype(np.uint8), SETTINGS))
    assert not shape.touches_border
    assert shape.skeleton.length_um == pytest.approx(40 * UM, abs=1.2 * UM)
