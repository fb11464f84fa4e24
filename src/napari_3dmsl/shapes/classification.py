"""The six classes of the 3DMSL paper, and why a shape got its class."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from napari_3dmsl.settings import Settings, Show


class ShapeClass(StrEnum):
    """The classes of section 4.1.2 of the paper."""

    DOT = "dot"
    ROD = "rod"
    NETWORK = "network"
    DONUT = "donut"
    MEGA = "mega"
    NANOTUNNEL = "nano-tunnel"


_PAPER = "Paper: {} (section 4.1.2)."


class ClassRules(Settings):
    """Thresholds of the classes; see `skeleton_from_field` for the lengths."""

    dot_max_length_um: Annotated[
        float,
        Field(ge=0, description="A shorter skeleton is a dot."),
        Show("Dots up to", "µm", 2, 0.1, source=_PAPER.format("1 µm")),
    ] = 1.0
    nanotunnel_min_length_um: Annotated[
        float,
        Field(gt=0, description="A longer skeleton is a nano-tunnel."),
        Show("Tunnels from", "µm", 1, 1.0, source=_PAPER.format("30 µm")),
    ] = 30.0
    mega_min_length_um: Annotated[
        float,
        Field(gt=0, description="A longer skeleton with a large volume is a mega-mitochondrion."),
        Show("Megas from", "µm", 1, 1.0, source=_PAPER.format("10 µm")),
    ] = 10.0
    mega_min_volume_um3: Annotated[
        float,
        Field(ge=0, description="Volume above which a long one is a mega-mitochondrion."),
        Show("Megas above", "µm³", 2, 0.1, source=_PAPER.format("1 µm³")),
    ] = 1.0
    length_to: Annotated[
        Literal["axis", "tip"],
        Field(
            description="Where the length of a skeleton ends: with its medial axis, in the middle "
            "of a round cap, or one radius further, at the tip on the surface. It decides between "
            "classes.",
        ),
        Show(
            "Length ends",
            words={"axis": "at the axis' end", "tip": "at the tip"},
            source="Default: the axis; the paper does not say which it takes.",
        ),
    ] = "axis"


@dataclass(frozen=True)
class Classification:
    """A class and, in one line, the numbers that decided.

    Attributes
    ----------
    shape_class, reason
        The class, and why.
    measured_class
        The class by the rules where a person has set another one, else empty.
    """

    shape_class: ShapeClass
    reason: str
    measured_class: str = ""


def classify(
    length_um: float,
    branches: int,
    loops: int,
    volume_um3: float,
    rules: ClassRules | None = None,
) -> Classification:
    """Give a shape its class; the first rule that holds decides.

    Loop: donut; short: dot; very long: nano-tunnel; long and voluminous: mega; no branch: rod;
    otherwise network.

    Parameters
    ----------
    length_um
        Length of the skeleton in µm.
    branches
        Branches of the skeleton, 0 for a line without branch point.
    loops
        Loops of the skeleton.
    volume_um3
        Volume in µm³.
    rules
        Thresholds; ``None`` takes the paper's.
    """
    rules = rules or ClassRules()
    facts = [f"{length_um:.1f} µm long", _count(branches, "branch", "branches")]
    facts.append(_count(loops, "loop", "loops"))
    if loops > 0:
        decided = ShapeClass.DONUT
    elif length_um < rules.dot_max_length_um:
        decided = ShapeClass.DOT
        facts[0] += f", shorter than {rules.dot_max_length_um:g} µm"
    elif length_um > rules.nanotunnel_min_length_um:
        decided = ShapeClass.NANOTUNNEL
        facts[0] += f", more than {rules.nanotunnel_min_length_um:g} µm"
    elif length_um > rules.mega_min_length_um and volume_um3 > rules.mega_min_volume_um3:
        decided = ShapeClass.MEGA
        facts.append(
            f"{volume_um3:.1f} µm³, more than {rules.mega_min_length_um:g} µm "
            f"and {rules.mega_min_volume_um3:g} µm³"
        )
    elif branches == 0:
        decided = ShapeClass.ROD
    else:
        decided = ShapeClass.NETWORK
    return Classification(decided, f"{decided}: {', '.join(facts)}")


def _count(number: int, one: str, many: str) -> str:
    return f"no {one}" if number == 0 else f"{number} {one if number == 1 else many}"
