"""What settings classes say of their fields, for panels, command line, docs and messages.

Range, unit, words and source stand on the class alone (see `napari_3dmsl.settings.Show`); whoever
shows a setting asks here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic.fields import FieldInfo

from napari_3dmsl.settings import Settings, Show


@dataclass(frozen=True)
class Range:
    """What a number may be; an end that is open is not reached itself.

    Attributes
    ----------
    low, high : float or None
        None without a limit.
    above, below : bool
        Whether the low and the high end are themselves excluded.
    """

    low: float | None = None
    high: float | None = None
    above: bool = False
    below: bool = False

    def __str__(self) -> str:
        """Write it as people do: ``300 to 1,200``, ``above 0``, ``0 or more``."""
        low, high = self.low, self.high
        if low is None and high is None:
            return ""
        if high is None:
            return f"above {low:,.12g}" if self.above else f"{low:,.12g} or more"
        most = f"below {high:,.12g}" if self.below else f"{high:,.12g}"
        if low is None:
            return most if self.below else f"at most {most}"
        least = f"above {low:,.12g}" if self.above else f"{low:,.12g}"
        return f"{least} to {most}" if not self.below else f"{least}, {most}"


@dataclass(frozen=True)
class Described:
    """A setting and all that is said of it on its class.

    Attributes
    ----------
    name : str
    kind : type
        ``bool``, ``int``, ``float`` or ``str``; of each entry where there are several; for
        anything else the type itself.
    entries : int
        How many values it holds: 3 for one for each axis, 0 for any number of them.
    choices : tuple
        The values that it may have, where there are only a few.
    optional : bool
        Whether it may be left out (None).
    default : Any
        ``PydanticUndefined`` where it must be given.
    range : Range
        Of a number, or of each entry.
    description : str
        What it means, in a sentence.
    show : Show
        Label, unit, source of the default and the rest.
    """

    name: str
    kind: Any
    entries: int
    choices: tuple[Any, ...]
    optional: bool
    default: Any
    range: Range
    description: str
    show: Show

    @property
    def tip(self) -> str:
        """The words of a tooltip or of a help text: what it means, and where it is from."""
        return " ".join(filter(None, (self.description, self.show.source)))

    @property
    def allowed(self) -> str:
        """What may be given, with the unit: ``300 to 1,200 nm``, ``pinhole or squared``."""
        if self.choices:
            return " or ".join(map(str, self.choices))
        return f"{self.range} {self.show.unit}".strip() if str(self.range) else ""


def described(kind: type[Settings]) -> dict[str, Described]:
    """Return all settings of a class by name, in their order."""
    return {name: _described(name, info) for name, info in kind.model_fields.items()}


def _described(name: str, info: FieldInfo) -> Described:
    inner, facts, optional = _unwrapped(info.annotation, info.metadata)
    entries = 1
    if get_origin(inner) is tuple:
        parts = get_args(inner)
        entries = 0 if Ellipsis in parts else len(parts)
        inner, more, _ = _unwrapped(parts[0], ())
        facts = [*facts, *more]
    choices = get_args(inner) if get_origin(inner) is Literal else ()
    return Described(
        name=name,
        kind=type(choices[0]) if choices else inner,
        entries=entries,
        choices=choices,
        optional=optional,
        default=info.get_default(call_default_factory=True, validated_data={}),
        range=_range(facts),
        description=info.description or "",
        show=next((fact for fact in facts if isinstance(fact, Show)), Show(name.replace("_", " "))),
    )


def _unwrapped(annotation: Any, metadata: Iterable[Any]) -> tuple[Any, list[Any], bool]:
    """Take ``Annotated`` and ``| None`` off a type; return it, what they told, and whether None."""
    facts = list(_flat(metadata))
    optional = False
    while True:
        if get_origin(annotation) is Annotated:
            annotation, *more = get_args(annotation)
            facts += _flat(more)
        elif get_origin(annotation) in (Union, UnionType) and NoneType in get_args(annotation):
            others = [part for part in get_args(annotation) if part is not NoneType]
            if len(others) > 1:
                return annotation, facts, True
            [annotation], optional = others, True
        else:
            return annotation, facts, optional


def _flat(metadata: Iterable[Any]) -> Iterator[Any]:
    """Give the parts of nested pydantic fields one by one."""
    for fact in metadata:
        if isinstance(fact, FieldInfo):
            yield from _flat(fact.metadata)
        else:
            yield fact


def _range(facts: Iterable[Any]) -> Range:
    found: dict[str, Any] = {}
    for fact in facts:
        if isinstance(fact, Ge):
            found |= {"low": fact.ge, "above": False}
        elif isinstance(fact, Gt):
            found |= {"low": fact.gt, "above": True}
        elif isinstance(fact, Le):
            found |= {"high": fact.le, "below": False}
        elif isinstance(fact, Lt):
            found |= {"high": fact.lt, "below": True}
    return Range(**found)
