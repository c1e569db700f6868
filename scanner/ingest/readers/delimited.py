"""Delimited text: a thread cuts it into blocks of whole records, any thread parses a block into binary columns."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv

from scanner.compiled import is_compiled
from scanner.errors import ReadError
from scanner.ingest.interface import HEAD_BYTES, Chunk, Head, Loose, Part, Source, Stream, Tail
from scanner.ingest.readers.blocks import Cutter, record_blocks
from scanner.ingest.sniff import Table, encoding_of, table_of
from scanner.ingest.sources import Meter
from scanner.model import Problem
from scanner.options import ScanOptions
from scanner.terms import Format, ProblemCode, Status

#: Bytes at the end of a file within which lines that are no rows count as its footer.
FOOTER_BYTES = 4096
#: Bytes of a block from which it is worth looking for its cells in place.
_IN_PLACE_FROM = 1 << 16
_NAMES = {b",": "comma", b";": "semicolon", b"\t": "tab", b"|": "pipe", b" ": "space", b":": "colon", b"\x1f": "lines"}


def head_utf8(head: bytes, encoding: str, mark: int) -> bytes:
    """The head as UTF-8 without its byte order mark."""
    if encoding == "utf-8":
        return head[mark:]
    body = head[mark:]
    if encoding.startswith("utf-"):
        body = body[: len(body) // 4 * 4] if len(head) >= HEAD_BYTES else body
    return body.decode(encoding, "replace").encode("utf-8", "replace")


def valid_utf8(block: bytes) -> bool:
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


def cleaned(block: bytes, problems: list[Problem], row: int | None) -> bytes:
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


def parse(block: bytes, width: int, delimiter: bytes, quote: bytes, escape: bool) -> tuple[pa.Table, list[_Bad]]:
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
    block: bytes
    literals: tuple[tuple[int, int], ...]
    last: bool
    lines_before: int | None
    table: Table
    loose: tuple[Loose, ...]

    def read(self) -> Chunk:
        """Parse the block."""
        row = None if self.lines_before is None else self.lines_before + 1
        plain = self._plain(row)
        if plain is not None:
            return plain
        problems: list[Problem] = []
        loose = list(self.loose)
        pieces: list[tuple[bytes, bytes]] = []
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
        rows += self._bad(bad, loose, problems)
        counted = sum(piece.place == "bad_row" for piece in loose)
        if self.table.trailing and table is not None:
            import pyarrow.compute as pc

            last = columns.pop()
            over = last.filter(pc.not_equal(last, b"")) if len(last) else last
            loose += [Loose(cell.as_py(), "bad_row") for cell in over]
        return Chunk(rows, tuple(columns), tuple(loose), tuple(problems), counted)

    def _plain(self, row: int | None) -> Chunk | None:
        """The rows of the block as cells in place; None where odd quotes, uneven rows or the header stand in it."""
        table = self.table
        if not is_compiled() or self.literals or len(self.block) < _IN_PLACE_FROM:
            return None
        if table.escape and b"\\" in self.block:
            return None
        from scanner.ingest.readers.fields import holds, split  # loads numba

        problems: list[Problem] = []
        columns = split(cleaned(self.block, problems, row), table.delimiter, table.width, table.quote)
        if columns is None:
            return None
        header = table.header_bytes
        if header and header[0] and holds(columns[0], header[0]):
            return None
        rows = len(columns[0])
        if table.trailing and columns.pop().nbytes:
            return None
        return Chunk(rows, tuple(columns), self.loose, tuple(problems))

    def _parse(self, text: bytes, quote: bytes) -> tuple[pa.Table | None, list[_Bad]]:
        table = self.table
        for mark in (quote, b""):
            try:
                return parse(text, table.width, table.delimiter, mark, table.escape and bool(mark))
            except (pa.ArrowException, ValueError, UnicodeError):
                continue
        return None, [_Bad(None, 0, line) for line in re.split(rb"[\r\n]+", text) if line]

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

    def _bad(self, bad: list[_Bad], loose: list[Loose], problems: list[Problem]) -> int:
        """Put rows that do not fit into `loose`; how many of them count as rows."""
        footers = 0
        if self.last:
            tail = self.block[-FOOTER_BYTES:].rstrip()
            while footers < len(bad) and footers < 20:
                one = bad[-1 - footers]
                if one.columns >= self.table.width or not one.text or not tail.endswith(one.text.rstrip()):
                    break
                tail = tail[: len(tail) - len(one.text.rstrip())].rstrip()
                footers += 1
        rows = bad[: len(bad) - footers]
        for one in rows:
            number = one.row + self.lines_before if one.row is not None and self.lines_before is not None else None
            loose.append(Loose(one.text, "bad_row", number))
        loose += [Loose(one.text, "footer") for one in bad[len(bad) - footers :]]
        if rows:
            numbers = [one.row for one in rows if one.row is not None]
            first = min(numbers) + self.lines_before if numbers and self.lines_before is not None else None
            message = "rows with another number of fields than the table has; searched as text"
            problems.append(Problem(ProblemCode.BAD_ROW, message, first))
        return len(rows)


def _lines(block: bytes, end: bytes) -> int:
    if not is_compiled():
        return block.count(end)
    from scanner.ingest.readers.fields import count  # loads numba

    return count(block, end)


_NONE = pa.nulls(0, pa.binary())


class DelimitedReader:
    """Tables with a delimiter, and lists of one value a line."""

    def recognise(self, head: bytes, name: str) -> bool:
        """Whether the head is text that falls into columns."""
        return self._layout(head, name, len(head) < HEAD_BYTES) is not None

    def _layout(self, head: bytes, name: str, final: bool) -> tuple[str, int, Table] | None:
        encoding, mark = encoding_of(head)
        if encoding is None:
            return None
        table = table_of(head_utf8(head, encoding, mark), final, name)
        return None if table is None else (encoding, mark, table)

    def read(self, source: Source, options: ScanOptions) -> Iterator[Stream]:
        """One stream."""
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
        words = [_NAMES.get(table.delimiter, f"byte {table.delimiter[0]}")]
        words.append("header" if any(table.header) else "no header")
        if table.preamble:
            words.append(f"{len(table.preamble)} lines above")
        meter = Meter(source)
        problems: list[Problem] = []
        yield Stream(
            Head(source.path, Format.CSV, encoding, table.header, detail=", ".join(words)),
            self._parts(meter, encoding, mark, table, options, problems),
            lambda: closing(meter, problems),
        )

    def _parts(
        self, meter: Meter, encoding: str, mark: int, table: Table, options: ScanOptions, problems: list[Problem]
    ) -> Iterator[Part]:
        cutter = Cutter(table.delimiter, table.quote, table.escape, table.newline, FOOTER_BYTES)
        blocks = record_blocks(meter, encoding, mark, cutter, options.shard_bytes, options.limits.max_cell, table.begin)
        loose = tuple(Loose(line, "preamble") for line in table.preamble)
        loose += tuple(Loose(line, "header") for line in table.loose_header)
        before: int | None = 0
        order = 0
        try:
            for block, literals, last in blocks:
                yield _Block(order, block, literals, last, before, table, loose)
                if before is not None:
                    quoted = table.quote and table.quote in block
                    before = None if quoted else before + _lines(block, cutter.end)
                order, loose = order + 1, ()
            if loose:
                yield _Block(order, b"", (), True, before, table, loose)
        except ReadError as error:
            problems.append(Problem(error.code, error.message, error.row))
        finally:
            meter.close()


def closing(meter: Meter, problems: list[Problem]) -> Tail:
    """The tail of a stream read through `meter`; what was left unread is read for the digest."""
    meter.finish()
    if meter.fault is not None:
        problems = [*problems, Problem(meter.fault.code, meter.fault.message, meter.fault.row)]
    status = Status.COMPLETE if not problems else Status.PARTIAL if meter.count else Status.UNREADABLE
    return meter.tail(status, tuple(problems))
