"""What the conclusion of a scan needs of each artifact, beside what the report shows of it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from scanner.model import Artifact
from scanner.packs.load import fold_header
from scanner.score.duplicates import Shape
from scanner.score.exposure import Exposure
from scanner.sets import Run
from scanner.terms import AnyType

#: Kind of set: the type, and whether its values are veiled.
Kind = tuple[AnyType, bool]


@dataclass(frozen=True, slots=True)
class Holding:
    """An artifact's exact sets of identifiers with what its rows reveal."""

    runs: Mapping[Kind, Run]
    """Sets on which artifacts join, and the set that stands for persons."""
    readings: tuple[Exposure | None, ...]
    shape: Shape


def layout(artifact: Artifact) -> Hashable:
    """What tables must have in common to be parts of one table: headers, else types by position, else identifiers."""
    if not artifact.columns:
        return "text", tuple(sorted(kind.value for kind in artifact.identifiers))
    names = tuple([column.name for column in artifact.columns])
    if all(name is None for name in names):
        return "types", tuple(column.type.value for column in artifact.columns)
    return "names", _folded(names)


@lru_cache(maxsize=4096)  # tables of one folder have the same
def _folded(names: tuple[str | None, ...]) -> tuple[str, ...]:
    return tuple(sorted(fold_header(name or "") for name in names))
