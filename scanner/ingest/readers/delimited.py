"""Delimited text: a thread cuts it into blocks of whole records, any thread parses a block into binary columns."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, overload

import pyarrow as pa
import pyarrow.csv as pacsv

from scanner.compiled import COMPILE_FROM, expect, is_compiled
from scanner.errors import ReadError
from scanner.ingest.interface import HEAD_BYTES, Chunk, Head, Loose, Parsed, Part, Source, Stream, Tail, column_of
from scanner.ingest.readers.blocks import Buffers, Cutter, Utf8, record_blocks, utf8_blocks
from scanner.ingest.sniff import (
    PACKED,
    SECTION_BYTES,
    STAND_IN,
    Table,
    blank_line,
    encoding_of,
    is_packed,
    row_of,
    sections_of,
    sideways,
)
from scanner.ingest.sources import BytesSource, Meter
from scanner.model import Problem
from scanner.options import ScanOptions
from scanner.terms import Format, ProblemCode, Status

#: Bytes at the end of a file within which lines that are no rows count as its footer.
FOOTER_BYTES = 4096
_NAMES = {b",": "comma", b";": "semicolon", b"\t": "tab", b"|": "pipe", b" ": "space", b":": "colon", b"\x1f": "lines"}


def head_utf8(head: bytes, encoding: str, mark: int) -> bytes:
    """The head as UTF-8 without its byte order mark."""
    if encoding == "utf-8":
        return head[mark:]
    body = head[mark:]
    if encoding.startswith("utf-"):
        body = body[: len(body) // 4 * 4] if len(head) >= HEAD_BYTES else body
    return body.decode(encoding, "replace").encode("utf-8", "replace")


def valid_utf8(block: bytes | bytearray) -> bool:
    """Whether a block is UTF-8; does not hold the interpreter's lock beyond ASCII."""
    if block.isascii():
        return True
    array = pa.Array.from_buffers(
        pa.large_utf8(), 1, [None, pa.py_buffer(_offsets(len(block))), pa.py_buffer(block)]
    )  # fmt: skip
    try:
        array.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _offsets(length: int) -> bytes:
    return (0).to_bytes(8, "little") + length.to_bytes(8, "little")


@overload
def cleaned(block: bytes, problems: list[Problem], row: int | None) -> bytes: ...
@overload
def cleaned(block: bytes | bytearray, problems: list[Problem], row: int | None) -> bytes | bytearray: ...
def cleaned(block: bytes | bytearray, problems: list[Problem], row: int | None) -> bytes | bytearray:
    """The block with bytes that are no UTF-8 replaced; notes that and NUL bytes as problems."""
    if b"\x00" in block:
        problems.append(Problem(ProblemCode.NUL_BYTES, "NUL bytes within text; kept", row))
    if not valid_utf8(block):
        problems.append(Problem(ProblemCode.INVALID_ENCODING, "bytes that are no UTF-8 were replaced", row))
        return block.decode("utf-8", "replace").encode()
    return block


@dataclass(frozen=True, slots=True)
class _Bad:
    row: int | None
    columns: int
    text: bytes


def parse(
    block: bytes | bytearray, width: int, delimiter: bytes, quote: bytes, escape: bool
) -> tuple[pa.Table, list[_Bad]]:
    """Rows of `width` fields as binary columns `0`, `1`, …; other rows as text.

    Raises:
        pyarrow.ArrowInvalid: the block cannot be parsed.
    """
    bad: list[_Bad] = []

    def note(row: Any) -> str:
        bad.append(_Bad(row.number, row.actual_columns, row.text.encode("utf-8", "replace")))
        return "skip"

    names = [str(index) for index in range(width)]
    kind = pa.binary()
    table = pacsv.read_csv(
        pa.BufferReader(block),
        read_options=pacsv.ReadOptions(use_threads=False, column_names=names, block_size=len(block) + 1),
        parse_options=pacsv.ParseOptions(
            delimiter=delimiter.decode("latin-1"),
            quote_char=quote.decode() if quote else False,
            escape_char="\\" if escape else False,
            newlines_in_values=bool(quote) and quote in block,
            invalid_row_handler=note,
        ),
        convert_options=pacsv.ConvertOptions(
            column_types=dict.fromkeys(names, kind),
            strings_can_be_null=False,
            quoted_strings_can_be_null=False,
            check_utf8=False,
        ),
    )
    return table, bad


@dataclass(frozen=True, slots=True)
class _Block:
    order: int
    block: bytes | bytearray
    literals: tuple[tuple[int, int], ...]
    last: bool
    lines_before: int | None
    table: Table
    loose: tuple[Loose, ...]
    buffers: Buffers

    def done(self) -> None:
        """Give the block back."""
        self.buffers.give(self.block)

    def read(self) -> Chunk:
        """Parse the block."""
        row = None if self.lines_before is None else self.lines_before + 1
        plain = self._plain(row)
        if plain is not None:
            return plain
        problems: list[Problem] = []
        loose = list(self.loose)
        pieces: list[tuple[bytes | bytearray, bytes]] = []
        if self.literals:
            good, lines, at = [], [], 0
            for begin, end in self.literals:
                good.append(self.block[at:begin])
                line = self.block[begin:end]
                lines.append(line if line.endswith((b"\n", b"\r")) else line + b"\n")
                at = end
            good.append(self.block[at:])
            problems.append(Problem(ProblemCode.BAD_ROW, "a quote is never closed; its line was read without quoting"))
            pieces = [(b"".join(good), self.table.quote), (b"".join(lines), b"")]
        else:
            pieces = [(self.block, self.table.quote)]
        tables: list[pa.Table] = []
        bad: list[_Bad] = []
        for text, quote in pieces:
            text = cleaned(text, problems, row)
            if not text.strip(b"\r\n"):
                continue
            table, wrong = self._parse(text, quote)
            if table is not None:
                tables.append(table)
            bad += wrong
        table = pa.concat_tables(tables) if tables else None
        columns = self._columns(table) if table is not None else []
        rows = table.num_rows if table is not None else 0
        columns, rows = self._without_headers(columns, rows, problems)
        fitted, others = self._bad(bad, loose, problems)
        if fitted:
            added = [column_of(cells).cast(pa.binary()) for cells in zip(*fitted, strict=True)]
            columns = [pa.concat_arrays(pair) for pair in zip(columns, added, strict=True)] if columns else added
        rows += len(fitted) + others
        counted = len(fitted) + others
        if self.table.stands_for:
            columns = [_restored(column, self.table.stands_for) for column in columns]
        if self.table.trailing and columns:
            import pyarrow.compute as pc  # takes long to load

            last = columns.pop()
            over = last.filter(pc.not_equal(last, b"")) if len(last) else last
            loose += [Loose(cell.as_py(), "bad_row") for cell in over]
        return Chunk(rows, tuple(columns), tuple(loose), tuple(problems), counted)

    def _plain(self, row: int | None) -> Chunk | None:
        """The rows of the block as cells in place; None where odd quotes, uneven rows or the header stand in it."""
        table = self.table
        if len(self.block) >= COMPILE_FROM:
            expect(len(self.block))
        if not is_compiled() or self.literals:
            return None
        if table.escape and b"\\" in self.block:
            return None
        from scanner.ingest.readers.fields import holds, split  # loads numba

        problems: list[Problem] = []
        found = split(self.block, table.delimiter, table.width, table.quote)
        if found is not None and not found[1]:
            text = cleaned(self.block, problems, row)
            if text is not self.block:
                found = split(text, table.delimiter, table.width, table.quote)
        if found is None:
            return None
        grid, _ = found
        columns = grid.columns()
        header = table.header_bytes
        if header and header[0] and holds(columns[0], header[0]):
            return None
        if table.trailing:
            if columns[-1].nbytes:
                return None
            grid, columns = grid.slice(0, table.width - 1), columns[:-1]
        return Chunk(grid.rows, columns, self.loose, tuple(problems), grid=grid)

    def _parse(self, text: bytes | bytearray, quote: bytes) -> tuple[pa.Table | None, list[_Bad]]:
        table = self.table
        for mark in (quote, b""):
            try:
                return parse(text, table.width, table.delimiter, mark, table.escape and bool(mark))
            except (pa.ArrowException, ValueError, UnicodeError):
                continue
        return None, [_Bad(None, 0, bytes(line)) for line in re.split(rb"[\r\n]+", text) if line]

    def _columns(self, table: pa.Table) -> list[pa.Array]:
        return [
            column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks or [_NONE])
            for column in table.columns
        ]

    def _without_headers(
        self, columns: list[pa.Array], rows: int, problems: list[Problem]
    ) -> tuple[list[pa.Array], int]:
        header = self.table.header_bytes
        if not rows or not header or not header[0]:
            return columns, rows
        if header[0] not in self.block and not (self.table.quote and self.table.quote in header[0]):
            return columns, rows
        import pyarrow.compute as pc  # takes long to load

        same = pc.equal(columns[0], header[0])
        if not pc.any(same).as_py():
            return columns, rows
        for column, name in zip(columns[1:], header[1:], strict=True):
            same = pc.and_(same, pc.equal(column, name))
        again = pc.sum(same).as_py() or 0
        if again:
            problems.append(Problem(ProblemCode.SEVERAL_TABLES, "the header row stands in the data again; left out"))
            keep = pc.invert(same)
            columns = [column.filter(keep) for column in columns]
        return columns, rows - again

    def _bad(self, bad: list[_Bad], loose: list[Loose], problems: list[Problem]) -> tuple[list[list[bytes]], int]:
        """Rows that do not fit: those that could be laid into the columns, and how many others count as rows."""
        table = self.table
        footers = 0
        bad = [one for one in bad if not blank_line(one.text)]
        fitted = [None if _comment(one.text) else row_of(one.text, table) for one in bad]
        if self.last:
            tail = self.block[-FOOTER_BYTES:].rstrip()
            while footers < len(bad) and footers < 20:
                one = bad[-1 - footers]
                whole = fitted[-1 - footers] is not None and one.columns * 2 >= table.width
                if whole or one.columns >= table.width or not one.text or not tail.endswith(one.text.rstrip()):
                    break
                tail = tail[: len(tail) - len(one.text.rstrip())].rstrip()
                footers += 1
        count = len(bad) - footers
        rows: list[list[bytes]] = []
        others = 0
        first: list[int] = []
        for one, row in zip(bad[:count], fitted[:count], strict=True):
            number = one.row + self.lines_before if one.row is not None and self.lines_before is not None else None
            if _comment(one.text):
                loose.append(Loose(one.text, "comment", number))
                continue
            if number is not None:
                first.append(number)
            if row is not None:
                rows.append(row)
            else:
                others += 1
                loose.append(Loose(one.text, "bad_row", number))
        loose += [Loose(one.text, "footer") for one in bad[count:]]
        where = min(first) if first and self.lines_before is not None else None
        if rows:
            message = "rows with another number of fields than the table has; laid into its columns by what they hold"
            problems.append(Problem(ProblemCode.BAD_ROW, message, where))
        if others:
            message = "rows with another number of fields than the table has; searched as text"
            problems.append(Problem(ProblemCode.BAD_ROW, message, where))
        return rows, others


def _comment(text: bytes) -> bool:
    return text.startswith((b"#", b"//", b"-- "))


def _lines(block: bytes | bytearray, end: bytes) -> int:
    if not is_compiled():
        return block.count(end)
    from scanner.ingest.readers.fields import count  # loads numba

    return count(block, end)


_NONE = pa.nulls(0, pa.binary())


def _restored(column: pa.Array, mark: bytes) -> pa.Array:
    """Cells that hold the stand-in of a long delimiter, as within quotes, with the delimiter itself."""
    import pyarrow.compute as pc  # takes long to load

    if not pc.any(pc.match_substring(column, STAND_IN)).as_py():
        return column
    return pc.replace_substring(column, STAND_IN, mark)


class _Translated:
    """A meter's text as UTF-8 with a long delimiter replaced by one byte, and what ends records by line ends."""

    def __init__(self, meter: Meter, encoding: str, mark: int, old: bytes, ended_by: bytes) -> None:
        self._text = Utf8(meter, encoding, mark)
        self._old, self._carry, self._end = old, b"", ended_by

    @property
    def ended(self) -> bool:
        """Nothing comes any more."""
        return self._text.ended

    def read(self, count: int) -> bytes:
        """About `count` bytes, and no delimiter in two pieces."""
        data = (self._carry + self._text.read(count)).replace(self._old, STAND_IN)
        data = data.replace(self._end, b"\n") if self._end else data
        keep = (
            0 if self.ended else next((n for n in range(len(self._old) - 1, 0, -1) if data.endswith(self._old[:n])), 0)
        )
        data, self._carry = (data[:-keep], data[-keep:]) if keep else (data, b"")
        return data


class DelimitedReader:
    """Tables with a delimiter, and lists of one value a line."""

    def recognise(self, head: bytes, name: str) -> bool:
        """Whether the head is text that falls into columns."""
        return self._layout(head, name, len(head) < HEAD_BYTES) is not None

    def _layout(self, head: bytes, name: str, final: bool) -> tuple[str, int, Table] | None:
        encoding, mark = encoding_of(head)
        if encoding is None:
            return None
        found = sections_of(head_utf8(head, encoding, mark), final, name)
        return (encoding, mark, found[0][1]) if found else None

    def read(self, source: Source, options: ScanOptions) -> Iterator[Stream]:
        """One stream for each table of the text; nearly always one."""
        head = source.head()
        layout = self._layout(head, source.path, len(head) < HEAD_BYTES)
        if layout is None or layout[2].width > options.limits.max_columns:
            from scanner.ingest.readers.text import TextReader

            code, message = ProblemCode.NOT_A_TABLE, "read as lines"
            if layout is not None:
                code, message = ProblemCode.LIMIT, "more columns than max_columns; searched as lines of text"
            yield from TextReader().read(source, options, (Problem(code, message),))
            return
        encoding, mark, table = layout
        meter = Meter(source)
        problems: list[Problem] = []
        sections, text = [(0, table)], b""
        front = head
        if not (table.stands_for or table.ended_by):
            front = _front(source, head)
            text = head_utf8(front, encoding, mark)
            sections = sections_of(text, len(front) < SECTION_BYTES, source.path) or sections
        if table.width == 1 and is_packed(text):
            problems.append(Problem(ProblemCode.NOT_A_TABLE, PACKED))
        tail = partial(closing, meter, problems)
        turned = sideways(text, table) if len(sections) == 1 and len(head) < HEAD_BYTES and text else None
        if turned is not None:
            names, records = turned
            columns = [column_of(cells) for cells in zip(*records, strict=True)]
            loose = tuple(Loose(line, "preamble") for line in table.preamble)
            told = Head(source.path, Format.CSV, encoding, tuple(names), detail="a record a column")
            yield Stream(told, iter([Parsed(0, Chunk(len(records), tuple(columns), loose))]), tail)
            return
        for number, (begin, made) in enumerate(sections, 1):
            path = source.path if len(sections) == 1 else f"{source.path}!table {number}"
            words = [_NAMES.get(made.delimiter, f"byte {made.delimiter[0]}")]
            if made.stands_for:
                words = [f"delimiter of {len(made.stands_for)} bytes"]
            words.append("header" if any(made.header) else "no header")
            if made.preamble:
                words.append(f"{len(made.preamble)} lines above")
            told = Head(path, Format.CSV, encoding, made.header, detail=", ".join(words))
            if number < len(sections):
                held = Meter(BytesSource(text[begin : sections[number][0]], path))
                parts = self._parts(held, "utf-8", 0, made, options, [], number == 1)
                yield Stream(told, parts, partial(_within, partial(closing, held, [])))
            else:
                parts = self._parts(meter, encoding, mark, made, options, problems, begin=begin)
                yield Stream(told, parts, partial(_within, tail) if number > 1 else tail, only=number == 1)

    def _parts(
        self,
        meter: Meter,
        encoding: str,
        mark: int,
        table: Table,
        options: ScanOptions,
        problems: list[Problem],
        several: bool = False,
        begin: int = 0,
    ) -> Iterator[Part]:
        cutter = Cutter(table.delimiter, table.quote, table.escape, table.newline, FOOTER_BYTES)
        bytes_of: Any = meter
        if table.stands_for or table.ended_by:
            bytes_of = _Translated(meter, encoding, mark, table.stands_for or STAND_IN, table.ended_by)
            encoding, mark = "utf-8", 0
        buffers = Buffers()
        blocks = record_blocks(
            bytes_of,
            encoding,
            mark,
            cutter,
            options.shard_bytes,
            options.limits.max_cell,
            begin + table.begin,
            buffers,
        )
        loose = tuple(Loose(line, "preamble") for line in table.preamble)
        loose += tuple(Loose(line, "header") for line in table.loose_header)
        before: int | None = 0
        order = 0
        try:
            if several:
                message = "more than one table; each is an artifact of its own"
                yield Parsed(-1, Chunk(0, (), problems=(Problem(ProblemCode.SEVERAL_TABLES, message),)))
            for block, literals, last in blocks:
                yield _Block(order, block, literals, last, before, table, loose, buffers)
                if before is not None:
                    quoted = table.quote and table.quote in block
                    before = None if quoted else before + _lines(block, cutter.end)
                order, loose = order + 1, ()
            if loose:
                yield _Block(order, b"", (), True, before, table, loose, buffers)
        except ReadError as error:
            problems.append(Problem(error.code, error.message, error.row))
        finally:
            meter.close()


def _front(source: Source, head: bytes) -> bytes:
    """The first bytes of a source among which its tables are told apart; up to a fault where there is one."""
    if len(head) < HEAD_BYTES:
        return head
    meter = Meter(source)
    data = meter.read(SECTION_BYTES)
    meter.close()
    return data


def _within(tail: Callable[[], Tail]) -> Tail:
    """The tail of a table that is a part of a file."""
    return replace(tail(), sha256=None, size_bytes=None)


def record_parts(
    meter: Meter,
    encoding: str,
    mark: int,
    options: ScanOptions,
    faults: list[Problem],
    last_start: Callable[[bytes], int],
    make: Callable[[int, bytes], Part],
) -> Iterator[Part]:
    """A text in parts of whole records, made of their order and their UTF-8; the meter is closed at the end.

    `last_start` tells where the last record of some bytes begins, 0 where that is not seen; one longer than a cell may
    be is cut. What ends the reading is put into `faults`.
    """
    carry, order = b"", 0
    try:
        for data, last in utf8_blocks(meter, encoding, mark, lambda: options.shard_bytes):
            carry += data
            cut = len(carry) if last else last_start(carry)
            if not cut and len(carry) > options.limits.max_cell:
                cut = len(carry)
            if cut:
                yield make(order, carry[:cut])
                order, carry = order + 1, carry[cut:]
    except ReadError as error:
        faults.append(Problem(error.code, error.message, error.row))
    finally:
        meter.close()


def closing(meter: Meter, problems: list[Problem]) -> Tail:
    """The tail of a stream read through `meter`; what was left unread is read for the digest."""
    meter.finish()
    if meter.fault is not None:
        problems = [*problems, Problem(meter.fault.code, meter.fault.message, meter.fault.row)]
    status = Status.COMPLETE if not problems else Status.PARTIAL if meter.count else Status.UNREADABLE
    return meter.tail(status, tuple(problems))
