"""Rows that a reader holds as text, turned into Arrow chunks; rows of another width are fitted, never dropped."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice
from typing import Any

import pyarrow as pa

from scanner.ingest.interface import Chunk, Head, Loose, Parsed, Part, Stream, Tail, column_of
from scanner.model import Problem
from scanner.terms import Format, ProblemCode

#: Rows of one chunk.
BATCH = 20_000
#: Rows among which a header is looked for: letterheads above a table are short.
HEADER_ROWS = 25
_DATA = re.compile(r"\+?\d[\d\s-]{8,}\d|\d+\.\d+|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}.*|\d{4,}|.+@.+\..+")

Row = Sequence[str]


def text_column(cells: Sequence[str]) -> Any:
    """Cells as a column; halves of characters are replaced."""
    return column_of([cell.encode("utf-8", "replace") for cell in cells], pa.large_string())


def lines_chunk(texts: Sequence[str]) -> Chunk:
    """Texts as a document of lines; blank ones are left out."""
    held = [text for text in texts if text.strip()]
    return Chunk(len(held), (text_column(held),))


def lines_parts(texts: Iterable[str]) -> Iterator[Part]:
    """Texts as the parts of a document of lines."""
    source, order = iter(texts), 0
    while held := list(islice(source, BATCH)):
        yield Parsed(order, lines_chunk(held))
        order += 1


def rows_chunk(rows: Sequence[Sequence[str]], width: int, first: int, loose: tuple[Loose, ...] = ()) -> Chunk:
    """Rows as `width` columns: short rows are filled up, what stands beyond the last column is searched as text.

    `first` is the number of the first row, from 1. Rows of another width count as bad.
    """
    bad = [index for index, row in enumerate(rows) if len(row) != width]
    problems: tuple[Problem, ...] = ()
    if bad:
        fitted = list(rows)
        for index in bad:
            row = list(rows[index])
            if len(row) > width:
                text = " ".join(row[width:]).encode("utf-8", "replace")
                loose = (*loose, Loose(text, "bad_row", first + index))
            fitted[index] = (row + [""] * width)[:width]
        rows = fitted
        message = "rows with another number of cells than the table has; fitted to its columns from the left"
        problems = (Problem(ProblemCode.BAD_ROW, message, first + bad[0]),)
    cells: Iterable[Sequence[str]] = zip(*rows, strict=True) if rows else [()] * width
    return Chunk(len(rows), tuple(text_column(column) for column in cells), loose, problems, len(bad))


def find_header(rows: Sequence[Row]) -> int | None:
    """The index of the header among a table's first rows (the preamble stands before it); None where there is none.

    It is the first row nearly as wide as the table without a number, date or address in it, above rows that hold some
    (or, where none does, above rows that are as wide).
    """
    filled = [sum(1 for cell in row if cell.strip()) for row in rows]
    width = max(filled, default=0)
    if width == 0:
        return None
    enough = max(1, (width * 3 + 3) // 5)
    data = [sum(1 for cell in row if _DATA.fullmatch(cell.strip())) for row in rows]
    for index, count in enumerate(filled):
        if count < enough or (width > 1 and count < 2):
            continue
        if data[index]:
            if data[index] * 3 >= count or count == width:
                return None
            continue
        below = range(index + 1, len(rows))
        if any(data[other] for other in below) or (index == 0 and len(rows) > 1):
            return index
    return None


def _blank(row: Row) -> bool:
    return not any(cell and not cell.isspace() for cell in row)


def _starts_table(gap: bool, above: Row, row: Row, below: Row) -> bool:
    """Whether a row after blank rows heads a table of its own: names over data, laid out otherwise than above."""
    if not gap or _blank(below):
        return False
    filled = [index for index, cell in enumerate(row) if cell.strip()]
    if len(filled) < 2 or any(_DATA.fullmatch(row[index].strip()) for index in filled):
        return False
    held = [index for index, cell in enumerate(below) if cell.strip()]
    if not any(_DATA.fullmatch(below[index].strip()) for index in held):
        return False
    return len(set(held) & set(filled)) * 2 > len(filled) and any(_DATA.fullmatch(cell.strip()) for cell in above)


class Grid:
    """Rows of a sheet as its tables, one after the other; consumed once, front to back."""

    def __init__(self, rows: Iterator[Row]) -> None:
        """`rows` are cells from the left; blank rows may separate tables."""
        self._rows = iter(rows)
        self._next: list[Row] = []
        self._gap: list[Row] = []

    def _upcoming(self) -> Row | None:
        if not self._next:
            self._next = list(islice(self._rows, 1))
        return self._next[0] if self._next else None

    def tables(self) -> Iterator[Iterator[Row]]:
        """The rows of each table, leading and closing blank rows left out."""
        while self._upcoming() is not None:
            table = self._table()
            yield table
            for _ in table:  # what was not asked for is passed over
                pass

    def _table(self) -> Iterator[Row]:
        above: Row = ()
        blank = 0
        while (row := self._upcoming()) is not None:
            self._next.pop(0)
            if _blank(row):
                blank += 1
                continue
            if blank and above:
                following = self._upcoming()
                if following is not None and _starts_table(True, above, row, following):
                    self._next.insert(0, row)
                    return
            blank = 0
            above = row
            yield row


def grid_streams(
    path: str,
    form: Format,
    encoding: str | None,
    rows: Iterator[Row],
    tail: Callable[[], Tail],
    failed: Callable[[BaseException], None] | None = None,
) -> Iterator[Stream]:
    """One stream for each table of a sheet: `path` for the first, `path!table 2` for the second and so on.

    The streams are read in their order. `failed` is told what breaks the rows off; rows before count.
    """

    def safe() -> Iterator[Row]:
        try:
            yield from rows
        except GeneratorExit:
            raise
        except BaseException as error:
            if failed is None:
                raise
            failed(error)

    for number, table in enumerate(Grid(safe()).tables(), 1):
        first = list(islice(table, HEADER_ROWS))
        header = find_header(first)
        width = max((len(row) for row in first), default=0)
        names: tuple[str | None, ...] = (None,) * width
        above: list[Row] = []
        if header is not None:
            above = list(first[:header])
            given = [cell.strip() or None for cell in first[header]]
            names = tuple(given + [None] * (width - len(given)))
        body = first[header + 1 :] if header is not None else first
        detail = "" if header is None else f"header in row {header + 1}"
        head = Head(path if number == 1 else f"{path}!table {number}", form, encoding, names, detail=detail)
        problem = Problem(ProblemCode.SEVERAL_TABLES, "more than one table; each is an artifact of its own")
        yield Stream(head, row_parts(chain(body, table), width, map(" ".join, above), (problem,) * (number == 2)), tail)


def row_parts(
    rows: Iterable[Row], width: int, preamble: Iterable[str] = (), problems: tuple[Problem, ...] = ()
) -> Iterator[Part]:
    """Rows as parts of `BATCH` rows; lines that stand around the table go with the first."""
    texts = (" ".join(text.split()) for text in preamble)
    loose = tuple(Loose(text.encode("utf-8", "replace"), "preamble") for text in texts if text)
    source = iter(rows)
    order, first = 0, 1
    while (held := list(islice(source, BATCH))) or loose or problems:
        chunk = rows_chunk(held, width, first, loose)
        yield Parsed(order, replace(chunk, problems=chunk.problems + problems))
        order, first, loose, problems = order + 1, first + len(held), (), ()


class Records:
    """Records as columns that may differ from record to record."""

    def __init__(self) -> None:
        """None yet."""
        self.rows = 0
        self._columns: dict[str, list[str]] = {}

    def add(self, fields: Iterable[tuple[str, str]]) -> None:
        """Take a record; what stands in it again is a list, in a column of its own."""
        taken: set[str] = set()
        columns, rows = self._columns, self.rows
        for name, text in fields:
            if name in taken:
                name = f"{name}[]"
            taken.add(name)
            cells = columns.get(name)
            if cells is None:
                cells = columns[name] = []
            if len(cells) < rows:
                cells.extend([""] * (rows - len(cells)))
            cells.append(text)
        self.rows += 1

    def chunk(self, loose: list[Loose], problems: list[Problem]) -> Chunk:
        """What was added since the last chunk."""
        columns = tuple(text_column(cells) for cells in self._columns.values())
        made = Chunk(self.rows, columns, tuple(loose), tuple(problems), names=tuple(self._columns))
        self.rows, self._columns = 0, {}
        return made
