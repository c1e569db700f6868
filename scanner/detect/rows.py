"""What rows hold together: how many fill two columns at once, which dates of birth occur; mergeable."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa

from scanner.ingest.interface import Cells
from scanner.packs.load import fold_header
from scanner.packs.schema import Pack
from scanner.terms import ColumnType

Key = str | int
#: Columns of a chunk, from the first, that are counted in pairs; one beyond them counts by its filled cells alone.
MOST_COLUMNS = 32
#: Different dates of birth that are kept; a column with more holds something else.
MOST_DATES = 100_000
_WIDEST = 32
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


@lru_cache(maxsize=4)
def birth_words(pack: Pack) -> frozenset[str]:
    """Spellings, folded, that head dates of birth."""
    kinds = (rule for rule in pack.headers if rule.column_type is ColumnType.DATE_OF_BIRTH)
    return frozenset(fold_header(word) for rule in kinds for word in rule.words)


@lru_cache(maxsize=4096)
def says_birth(name: str, words: frozenset[str]) -> bool:
    """Whether a header, or the last step of a dotted path, heads dates of birth."""
    return fold_header(name) in words or fold_header(name.rsplit(".", 1)[-1]) in words


def _filled(column: Any) -> Any:
    """Which cells of a column are filled (bool[n]), or None where all are."""
    if isinstance(column, Cells):
        filled = column.stops > column.starts
        return None if filled.all() else filled
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if pa.types.is_dictionary(column.type):
        if _filled(column.dictionary) is None:
            return column.is_valid().to_numpy(zero_copy_only=False) if column.null_count else None
        column = column.dictionary_decode()
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    kind, valid = column.type, None
    if pa.types.is_null(kind):
        return np.zeros(len(column), bool)
    if column.null_count:
        valid = column.is_valid().to_numpy(zero_copy_only=False)
    short = pa.types.is_binary(kind) or pa.types.is_string(kind)
    if len(column) and (short or pa.types.is_large_binary(kind) or pa.types.is_large_string(kind)):
        places: Any = np.frombuffer(column.buffers()[1], np.int32 if short else np.int64)
        places = places[column.offset : column.offset + len(column) + 1]
        filled = places[1:] > places[:-1]
        return filled & valid if valid is not None else None if filled.all() else filled
    return valid


@dataclass(slots=True)
class Together:
    """How many rows fill two columns at once."""

    whole: dict[frozenset[Key], int] = field(default_factory=dict)
    """Columns that all rows of a piece fill → its rows."""
    pairs: dict[frozenset[Key], int] = field(default_factory=dict)
    """Two columns → rows that fill both, of pieces in which not all rows fill both."""
    uncounted: set[Key] = field(default_factory=set)
    """Columns beyond MOST_COLUMNS or without a cell for each row."""

    def scan(self, keys: Sequence[Key], columns: Sequence[Any], rows: int) -> None:
        """Add the rows of a chunk."""
        full: list[Key] = []
        part: list[tuple[Key, Any]] = []
        for place, (key, column) in enumerate(zip(keys, columns, strict=True)):
            if place >= MOST_COLUMNS or len(column) != rows:
                self.uncounted.add(key)
                continue
            filled = _filled(column)
            if filled is None:
                full.append(key)
            else:
                part.append((key, np.packbits(filled)))
        if len(full) > 1:
            group = frozenset(full)
            self.whole[group] = self.whole.get(group, 0) + rows
        for at, (key, bits) in enumerate(part):
            many = int(np.bitwise_count(bits).sum())
            for other in full:
                self._add(key, other, many)
            for other, theirs in part[:at]:
                self._add(key, other, int(np.bitwise_count(bits & theirs).sum()))

    def _add(self, one: Key, other: Key, rows: int) -> None:
        pair = frozenset((one, other))
        self.pairs[pair] = self.pairs.get(pair, 0) + rows

    def update(self, other: Together) -> None:
        """Merge another count into this one."""
        for mine, theirs in ((self.whole, other.whole), (self.pairs, other.pairs)):
            for columns, rows in theirs.items():
                mine[columns] = mine.get(columns, 0) + rows
        self.uncounted |= other.uncounted

    def both(self, one: Key, other: Key) -> int | None:
        """Rows that fill both columns; None where that was not counted."""
        if one in self.uncounted or other in self.uncounted:
            return None
        pair = frozenset((one, other))
        return self.pairs.get(pair, 0) + sum(rows for columns, rows in self.whole.items() if pair <= columns)


@dataclass(frozen=True, slots=True)
class ByIndex:
    """Counts of a merged profile, asked by the index of a column in the report."""

    together: Together
    keys: dict[int, Key]

    def both(self, one: int, other: int) -> int | None:
        """Rows that fill the columns of both indexes; None where that was not counted."""
        if one not in self.keys or other not in self.keys:
            return None
        return self.together.both(self.keys[one], self.keys[other])


@dataclass(slots=True)
class Births:
    """The different cells of columns under a header of birth, with how often each stands there."""

    columns: dict[Key, dict[bytes, int]] = field(default_factory=dict)
    over: set[Key] = field(default_factory=set)
    """Columns with more than MOST_DATES different cells, of which none are kept."""

    def scan(self, key: Key, pieces: Iterable[Cells]) -> None:
        """Add the cells of a column."""
        held: dict[bytes, int] = {}
        for cells in pieces:
            data, starts = cells.data, cells.starts
            if not len(cells) or not len(data):
                continue
            sizes = np.minimum(cells.stops - starts, _WIDEST)
            at = starts[:, None] + np.arange(_WIDEST)
            block = np.where(np.arange(_WIDEST) < sizes[:, None], data[np.minimum(at, len(data) - 1)], 0)
            texts, counts = np.unique(block.astype(np.uint8).view(f"S{_WIDEST}").ravel(), return_counts=True)
            for text, many in zip(texts.tolist(), counts.tolist(), strict=True):
                held[text.strip()] = held.get(text.strip(), 0) + many
        self._take(key, held)

    def _take(self, key: Key, cells: dict[bytes, int]) -> None:
        if key in self.over:
            return
        mine = self.columns.setdefault(key, {})
        for text, many in cells.items():
            if text:
                mine[text] = mine.get(text, 0) + many
        if len(mine) > MOST_DATES:
            del self.columns[key]
            self.over.add(key)

    def update(self, other: Births) -> None:
        """Merge another count into this one."""
        for key in other.over - self.over:
            self.columns.pop(key, None)
            self.over.add(key)
        for key, cells in other.columns.items():
            self._take(key, cells)

    def younger_than(self, years: int, day: date) -> int:
        """Cells that make a person younger than `years` on a day, and born by then."""
        edge = date(day.year - years, day.month, min(day.day, 28) if day.month == 2 else day.day)
        total = 0
        for cells in self.columns.values():
            read = [(parts, many) for text, many in cells.items() if (parts := _parts(text)) is not None]
            month_first = sum(m for (_, a, b), m in read if b > 12) > sum(m for (_, a, b), m in read if a > 12)
            for (year, a, b), many in read:
                d, m = (b, a) if month_first else (a, b)
                try:
                    born = date(year, m, d)
                except ValueError:
                    continue
                total += many if edge < born <= day else 0
        return total


def _parts(cell: bytes) -> tuple[int, int, int] | None:
    """(year, first, second) of a date of birth: day and month as they stand, the day first where year or name lead."""
    text = (
        cell.decode("ascii", "replace").lower().split("t")[0]
        if b":" in cell
        else cell.decode("ascii", "replace").lower()
    )
    words = "".join(char if char.isalnum() else " " for char in text).split()
    if len(words) == 1 and len(words[0]) == 8 and words[0].isdigit():
        words = [words[0][:4], words[0][4:6], words[0][6:]]
    if len(words) < 3:
        return None
    numbers = [
        _MONTHS.index(word[:3]) + 1 if word[:3] in _MONTHS else int(word) if word.isdigit() else 0 for word in words[:3]
    ]
    named = [not word.isdigit() for word in words[:3]]
    if not all(numbers):
        return None
    if numbers[0] > 31:
        return numbers[0], numbers[2], numbers[1]
    if numbers[2] > 31:
        return (numbers[2], numbers[1], numbers[0]) if named[0] else (numbers[2], numbers[0], numbers[1])
    return None
