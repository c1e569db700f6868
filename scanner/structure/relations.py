"""Tables of one database that hold the same persons by a key of their own: people here, what they did there.

Nothing of such a key is an identifier, so no set of its values is kept, but a sketch. Two tables are taken for related
where the header of a column in one names the other, or the same key, and most of its values stand in a column of the
other that tells the rows apart. Where sketches have too little in common to tell, whole numbers must lie within those
that number the other's rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import PurePath
from types import MappingProxyType
from typing import Any, cast

from scanner.model import Column
from scanner.packs.load import fold_header
from scanner.packs.schema import Pack
from scanner.sets import Sketch
from scanner.structure.recognise import with_roles
from scanner.terms import ColumnType

#: Different values for each row from which a sketch is held to be of a column that tells rows apart.
_UNIQUE = 0.95
#: Letters of the end of a header that names a key.
_LEAST_END = 4


@dataclass(frozen=True, slots=True)
class Key:
    """A column that may be a key."""

    index: int
    header: str
    """Folded."""
    filled: int
    span: tuple[int, int] | None
    """Least and greatest, of whole numbers."""
    sketch: Sketch | None
    """Of its values, where its header names a key."""


@dataclass(frozen=True, slots=True)
class Table:
    """What a relation needs to know of an artifact."""

    path: str
    rows: int
    columns: tuple[Column, ...]
    keys: tuple[Key, ...]
    events: Mapping[int, tuple[int, int]]
    """Column index → first and last moment in seconds."""


@dataclass(frozen=True, slots=True)
class Relation:
    """Rows of a table, each with the row of another that its key names."""

    register: int
    """Position of the table whose rows are named."""
    behaviour: int
    """Position of the table that names them."""
    headers: tuple[str, ...]
    """Of the keys in the table that names them."""
    columns: tuple[Column, ...]
    """Of both, as one table with the rows of the second; the columns of the first come first."""
    events: Mapping[int, tuple[int, int]]


#: Columns that tell rows apart, with the positions of their tables, by the headers of their tables.
_Layouts = dict[tuple[str | None, ...], list[tuple[int, Key]]]


def _place(path: str) -> tuple[str, str]:
    """The database or folder that a table stands in, and the table's own name, folded and in the singular."""
    inside = path.rpartition("!")
    if inside[1]:
        return inside[0], _singular(fold_header(PurePath(inside[2]).stem))
    return str(PurePath(path).parent), _singular(fold_header(PurePath(path).stem))


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def _stem(header: str, suffixes: Sequence[str]) -> str:
    """What a header says the key of: `customer` of `customerid`; empty where it names no key."""
    found = (header.removesuffix(one) for one in suffixes if header.endswith(one))
    return _singular(next(found, ""))


def _tells_rows(key: Key, table: Table, slack: float) -> bool:
    """Whether a column can tell the rows of its table apart: filled throughout, and about as many values as rows."""
    if not 1 < table.rows == key.filled:
        return False
    if key.sketch is not None and key.sketch.distinct >= table.rows * _UNIQUE:
        return True
    return key.span is not None and table.rows <= key.span[1] - key.span[0] + 1 <= slack * table.rows


def _names_rows(key: Key, of: Key, table: Table, least: float, slack: float) -> bool:
    """Whether the values of a key are those of a column that tells the rows of a table apart."""
    share = None if key.sketch is None or of.sketch is None else key.sketch.share_in(of.sketch)
    if share is not None:
        return share >= least
    if key.span is None or of.span is None or of.span[1] - of.span[0] + 1 > slack * table.rows:
        return False
    return of.span[0] <= key.span[0] and key.span[1] <= of.span[1]


def relations(tables: Sequence[Table], pack: Pack) -> Iterator[Relation]:
    """The tables whose rows name rows of another in the same database or folder, each key with the largest such other.

    Keys of one table that name rows of the same other make one relation.
    """
    told = cast(Mapping[str, Any], pack.settings["severity"])["joins"]["keys"]
    suffixes, counters = told["suffixes"], frozenset(told["counters"])
    slack, least = float(told["slack"]), float(told["share"])
    # tables of the same layout are parts of one and never name each other's rows
    named: dict[tuple[str, str], _Layouts] = {}
    keyed = [(at, table) for at, table in enumerate(tables) if table.keys]
    for at, table in keyed:
        place, own = _place(table.path)
        for key in table.keys:
            if _tells_rows(key, table, slack):
                stem = own if key.header in counters else _stem(key.header, suffixes)
                if stem:
                    named.setdefault((place, stem), {}).setdefault(_layout(table), []).append((at, key))
    for layouts in named.values():
        for held in layouts.values():
            held.sort(key=lambda one: (-tables[one[0]].rows, one[0]))
    for at, table in keyed:
        place, _ = _place(table.path)
        found: dict[int, list[tuple[Key, Key]]] = {}
        for key in table.keys:
            if key.header in counters or not key.filled:
                continue
            fits = [
                (tables[other].rows, -other, of)
                for layout, held in _candidates(key.header, place, suffixes, named).items()
                if layout != _layout(table)
                for other, of in islice(
                    (one for one in held if _names_rows(key, one[1], tables[one[0]], least, slack)), 1
                )
            ]
            if fits:
                _, negative, of = max(fits, key=lambda one: one[:2])
                found.setdefault(-negative, []).append((of, key))
        for register, pairs in found.items():
            yield _joined(register, at, [of for of, _ in pairs], [key for _, key in pairs], tables)


def _candidates(
    header: str, place: str, suffixes: Sequence[str], named: Mapping[tuple[str, str], _Layouts]
) -> _Layouts:
    """Columns that a header may name: those of its stem, else of the end of it, as `customer` of `payercustomerid`."""
    stem = _stem(header, suffixes)
    ends = (stem[start:] for start in range(max(1, len(stem) - _LEAST_END + 1)))
    return next((named[place, end] for end in ends if (place, end) in named), {})


def _layout(table: Table) -> tuple[str | None, ...]:
    return tuple(column.name for column in table.columns)


def _joined(register: int, behaviour: int, of: Sequence[Key], keys: Sequence[Key], tables: Sequence[Table]) -> Relation:
    first, second = tables[register], tables[behaviour]
    share = second.rows / first.rows
    own = {key.index for key in of}
    columns = [
        replace(
            column,
            index=at,
            rows_filled=round(column.rows_filled * share),
            rows_matched=round(column.rows_matched * share),
        )
        for at, column in enumerate(column for column in first.columns if column.index not in own)
    ]
    # the register's own dates are not the moment of what the second table tells
    columns = [one if one.type is not ColumnType.TIMESTAMP else replace(one, role="activation_date") for one in columns]
    start = len(columns)
    moved = {column.index: start + at for at, column in enumerate(second.columns)}
    columns += [replace(column, index=moved[column.index]) for column in second.columns]
    names = {column.index: column.name for column in second.columns}
    headers = tuple(names.get(key.index) or key.header for key in keys)
    events = {moved[index]: span for index, span in second.events.items() if index in moved}
    return Relation(register, behaviour, headers, with_roles(columns), MappingProxyType(events))
