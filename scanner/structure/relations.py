"""Tables of one database that hold the same persons by a key of their own: people here, what they did there.

Nothing of such a key is an identifier, so no set of its values is kept. Two tables are taken for related where the
header of a column in one names the other, or the same key, and its whole numbers all lie within those that number the
other's rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from types import MappingProxyType
from typing import Any, cast

from scanner.model import Column
from scanner.packs.load import fold_header
from scanner.packs.schema import Pack
from scanner.structure.recognise import with_roles
from scanner.terms import ColumnType


@dataclass(frozen=True, slots=True)
class Numbers:
    """A column of whole numbers: its index, its folded header, its least and greatest number, and its filled cells."""

    index: int
    header: str
    low: int
    high: int
    filled: int


@dataclass(frozen=True, slots=True)
class Table:
    """What a relation needs to know of an artifact."""

    path: str
    rows: int
    columns: tuple[Column, ...]
    numbers: tuple[Numbers, ...]
    events: Mapping[int, tuple[int, int]]
    """Column index → first and last moment in seconds."""


@dataclass(frozen=True, slots=True)
class Relation:
    """Rows of a table, each with the row of another that its key names."""

    register: int
    """Position of the table whose rows are named."""
    behaviour: int
    """Position of the table that names them."""
    header: str
    """Of the key in the table that names them."""
    columns: tuple[Column, ...]
    """Of both, as one table with the rows of the second; the columns of the first come first."""
    events: Mapping[int, tuple[int, int]]


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


def _numbers_rows(key: Numbers, table: Table, slack: float) -> bool:
    """Whether a column can number the rows of its table: filled throughout, and about as many numbers as rows."""
    width = key.high - key.low + 1
    return 1 < table.rows == key.filled and table.rows <= width <= slack * table.rows


def relations(tables: Sequence[Table], pack: Pack) -> Iterator[Relation]:
    """The tables whose rows name rows of another in the same database or folder, each with the largest such other."""
    told = cast(Mapping[str, Any], pack.settings["severity"])["joins"]["keys"]
    suffixes, counters, slack = told["suffixes"], frozenset(told["counters"]), float(told["slack"])
    named: dict[tuple[str, str], list[tuple[int, Numbers]]] = {}
    for at, table in enumerate(tables):
        place, own = _place(table.path)
        for key in table.numbers:
            if _numbers_rows(key, table, slack):
                stem = own if key.header in counters else _stem(key.header, suffixes)
                if stem:
                    named.setdefault((place, stem), []).append((at, key))
    for at, table in enumerate(tables):
        place, _ = _place(table.path)
        for key in table.numbers:
            if key.header in counters or not key.filled:
                continue
            fits = [
                (tables[other].rows, -other, of)
                for other, of in named.get((place, _stem(key.header, suffixes)), ())
                if other != at and of.low <= key.low and key.high <= of.high
                and not _alike(tables[other], table)
            ]  # fmt: skip
            if fits:
                _, negative, of = max(fits, key=lambda one: one[:2])
                yield _joined(-negative, at, of, key, tables)


def _alike(one: Table, other: Table) -> bool:
    """Whether two tables are parts of one."""
    return [c.name for c in one.columns] == [c.name for c in other.columns]


def _joined(register: int, behaviour: int, of: Numbers, key: Numbers, tables: Sequence[Table]) -> Relation:
    first, second = tables[register], tables[behaviour]
    share = second.rows / first.rows
    columns = [
        replace(
            column,
            index=at,
            rows_filled=round(column.rows_filled * share),
            rows_matched=round(column.rows_matched * share),
        )
        for at, column in enumerate(column for column in first.columns if column.index != of.index)
    ]
    # the register's own dates are not the moment of what the second table tells
    columns = [one if one.type is not ColumnType.TIMESTAMP else replace(one, role="activation_date") for one in columns]
    start = len(columns)
    moved = {column.index: start + at for at, column in enumerate(second.columns)}
    columns += [replace(column, index=moved[column.index]) for column in second.columns]
    name = next(column.name for column in second.columns if column.index == key.index)
    events = {moved[index]: span for index, span in second.events.items() if index in moved}
    return Relation(register, behaviour, name or key.header, with_roles(columns), MappingProxyType(events))
