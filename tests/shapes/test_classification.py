import pytest

from napari_3dmsl.shapes.classification import ClassRules, ShapeClass, classify


@pytest.mark.parametrize(
    ("length", "branches", "loops", "volume", "expected"),
    [
        (0.5, 0, 0, 0.1, ShapeClass.DOT),
        (0.5, 3, 0, 5.0, ShapeClass.DOT),
        (3.2, 0, 0, 0.1, ShapeClass.ROD),
        (12.0, 0, 0, 0.9, ShapeClass.ROD),
        (9.0, 0, 0, 3.0, ShapeClass.ROD),
        (3.2, 3, 0, 0.1, ShapeClass.NETWORK),
        (11.0, 0, 0, 1.1, ShapeClass.MEGA),
        (11.0, 5, 0, 1.1, ShapeClass.MEGA),
        (31.0, 0, 0, 0.5, ShapeClass.NANOTUNNEL),
        (31.0, 7, 0, 5.0, ShapeClass.NANOTUNNEL),
        (0.5, 0, 1, 0.1, ShapeClass.DONUT),
        (40.0, 9, 2, 5.0, ShapeClass.DONUT),
        (1.0, 0, 0, 0.1, ShapeClass.ROD),
        (30.0, 0, 0, 0.1, ShapeClass.ROD),
    ],
)
def test_the_papers_rules_apply_in_their_order(length, branches, loops, volume, expected):
    assert classify(length, branches, loops, volume).shape_class is expected


def test_the_reason_names_the_numbers_that_decided():
    assert classify(3.2, 0, 0, 0.1).reason == "rod: 3.2 µm long, no branch, no loop"
    assert classify(3.2, 3, 1, 0.1).reason == "donut: 3.2 µm long, 3 branches, 1 loop"
    assert "shorter than 1 µm" in classify(0.5, 0, 0, 0.1).reason
    assert "more than 30 µm" in classify(31, 0, 0, 0.1).reason
    assert "2.0 µm³" in classify(11, 0, 0, 2.0).reason


def test_thresholds_can_be_changed():
    rules = ClassRules(dot_max_length_um=4.0)
    assert classify(3.2, 0, 0, 0.1, rules).shape_class is ShapeClass.DOT
    with pytest.raises(ValueError, match="mega_min_length_um"):
        ClassRules(mega_min_length_um=-1)


def test_classes_are_their_names():
    names = ["dot", "rod", "network", "donut", "mega", "nano-tunnel"]
    assert [str(member) for member in ShapeClass] == names
