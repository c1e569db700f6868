"""Two scans side by side: whom both hold, whom only one of them does, structure, severity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from scanner.score.duplicates import Shape, duplicates
from scanner.score.holding import Kind
from scanner.score.linkage import Pool, shared
from scanner.sets import Run
from scanner.terms import AnyType, ColumnType


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two, as a scan or a report shows it."""

    name: str
    artifacts: int
    rows: int
    structures: Mapping[str, int]
    """Structure → rows."""
    types: frozenset[str]
    """Column types that are there."""
    identifiers: Mapping[str, int]
    """Identifier type → distinct values; of a report with several artifacts at most so many."""
    subscribers: int
    basis: str | None
    score: float
    level: str
    enisa: str
    runs: Mapping[Kind, Sequence[Run]] | None = None
    """Exact sets; None for a report, which does not hold them."""
    shapes: tuple[Shape, ...] = ()


@dataclass(frozen=True, slots=True)
class Shared:
    """Identifiers of one type on both sides."""

    on: AnyType
    both: int
    only_a: int
    only_b: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """The two sides and what they share."""

    a: Side
    b: Side
    shared: tuple[Shared, ...] | None
    """None where a side is a report, which does not hold the sets that an exact count needs."""
    copies: int
    """Artifacts of one side whose rows stand in the other."""


def compare(a: Side, b: Side) -> Comparison:
    """What two sides share."""
    if a.runs is None or b.runs is None:
        return Comparison(a, b, None, 0)
    out = []
    for kind in sorted({*a.runs, *b.runs}):
        if kind[1]:
            continue
        counts = shared(Pool((side, run) for side, runs in enumerate((a.runs, b.runs)) for run in runs.get(kind, ())))
        both = counts.get((0, 1), 0)
        out.append(Shared(kind[0], both, counts.get((0, 0), 0) - both, counts.get((1, 1), 0) - both))
    order: dict[AnyType, int] = {kind: at for at, kind in enumerate(ColumnType)}
    edge = len(a.shapes)
    found = duplicates([*a.shapes, *b.shapes])
    copies = sum((one < edge) != (other < edge) for one, other in found.items())
    return Comparison(a, b, tuple(sorted(out, key=lambda one: order.get(one.on, len(order)))), copies)


def sets_of(runs: Sequence[Mapping[Kind, Run]]) -> Mapping[Kind, Sequence[Run]]:
    """The sets of several artifacts, by kind."""
    out: dict[Kind, list[Run]] = {}
    for held in runs:
        for kind, run in held.items():
            out.setdefault(kind, []).append(run)
    return MappingProxyType(out)
