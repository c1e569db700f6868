"""SQL dumps as tables: INSERT statements of the usual exporters, and COPY blocks.

A first pass finds where each table's statements lie; then each table is read from there, so that what is held does not
grow with the dump and any thread may take a piece apart.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import BinaryIO

import numpy as np
import pyarrow as pa

from scanner.compiled import expect
from scanner.ingest.interface import Chunk, Head, Loose, Parsed, Part, Source, Stream, Tail, column_of
from scanner.ingest.readers.delimited import cleaned, head_utf8, parse
from scanner.ingest.readers.rows import lines_chunk
from scanner.ingest.readers.sql_values import row_end, split_values
from scanner.ingest.sniff import encoding_of
from scanner.ingest.sources import Meter
from scanner.ingest.spool import Spool
from scanner.model import Problem
from scanner.options import ScanOptions
from scanner.terms import Format, ProblemCode, Status
from scanner.vault import Vault

_WORD = rb"[\w$\x80-\xff]"
_NAME = rb'(?:[`"\[]?' + _WORD + rb'+[`"\]]?\.){0,3}(?:[`"\[]([^`"\]\r\n]{1,128})[`"\]]|(' + _WORD + rb"+))"
#: Words that begin a statement which fills or makes a table, or end a block of COPY; each at the start of a line.
_STARTS = re.compile(
    rb"(?im)^[ \t]*(?:(?P<insert>(?:INSERT(?:[ \t]+(?:LOW_PRIORITY|DELAYED|IGNORE|OR[ \t]+\w+))*|REPLACE)(?:[ \t]+ALL)?"
    rb"(?:\s+INTO)?|INTO)|(?P<copy>COPY)|"
    rb"(?P<create>CREATE[ \t]+(?:\w+[ \t]+){0,2}TABLE(?:[ \t]+IF[ \t]+NOT[ \t]+EXISTS)?)"
    rb")\s*" + _NAME + rb"(?P<rest>[^\r\n]{0,200})|^(?P<end>\\\.)\r?$"
)
_INTO = re.compile(
    rb"(?i)\b(?:(?:INSERT(?:\s+\w+){0,3}?|REPLACE)\s+INTO\s+|INTO\s+|(?:INSERT|REPLACE)\s+(?!INTO\b))"
    + _NAME + rb"\s*(?:\(([^()]*)\))?\s*(?:OVERRIDING\s+\w+\s+VALUE\s*)?VALUES?\s*(?=\()"
)  # fmt: skip
#: MySQL's other way to write one row: `INSERT INTO t SET a = 'x', b = 'y'`.
_SET = re.compile(rb"(?im)^[ \t]*((?:INSERT(?:\s+\w+){0,2}?|REPLACE)(?:\s+INTO)?\s+" + _NAME + rb")\s+SET\s+(?=[`\w])")
_ASSIGNED = re.compile(
    rb"\s*([`\w$.]+)\s*:?=\s*((?:[A-Za-z_]\w*\s*)?(?:'(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.|\"\")*\")"
    rb"|[^,;'\"()\s]+(?:\((?:[^()']|'(?:[^'\\]|\\.)*')*\))?)\s*(,?)", re.S
)  # fmt: skip
_COPY_LIST = re.compile(rb"(?i)[^(\r\n]*\(([^()]*)\)\s*FROM\s+stdin|[^(\r\n]*FROM\s+stdin")
_NO_COLUMN = re.compile(
    r"\s*(?:PRIMARY|UNIQUE|KEY|INDEX|CONSTRAINT|FOREIGN|CHECK|FULLTEXT|SPATIAL|EXCLUDE|LIKE|PERIOD)\b", re.IGNORECASE
)
_COLUMN = re.compile(r"""\s*(?:[`"\[]([^`"\]]+)[`"\]]|([\w$]+))""")
_LOOKS = re.compile(
    rb"^\s*(?:INSERT\s+(?:(?:(?:IGNORE|OR\s+\w+)\s+)?INTO\s|ALL\s|\[)|REPLACE\s+INTO\s|COPY\s+\S+\s*(?:\(.*)?FROM\s+stdin"
    rb"|CREATE\s+(?:TEMP\w*\s+|GLOBAL\s+|UNLOGGED\s+)*TABLE\s)",
    re.IGNORECASE | re.MULTILINE,
)
#: Marks of exporters in whose strings a backslash takes the meaning from what follows.
_BACKSLASH = re.compile(rb"MySQL|MariaDB|phpMyAdmin|ENGINE=|\bLOCK TABLES\b|`|\\'\w|\\\"")
_TELLING = re.compile(rb"\d{7}|@")
_SPARE = 4096
_CREATE_BYTES = 1 << 18
#: Bytes in which a row's end is looked for; where a quote is never closed there is none.
_UNBROKEN = 64 << 20


def _listed(text: bytes | None) -> tuple[str, ...]:
    names = (text or b"").decode("utf-8", "replace")
    return tuple(name.strip(' \t\r\n`"[]') for name in names.split(",")) if names.strip() else ()


def columns_of(statement: str) -> tuple[str, ...]:
    """Names of the columns in the brackets of a CREATE TABLE statement that begins with them."""
    pieces, depth, begin, quote = [], 0, 0, ""
    for at, character in enumerate(statement):
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"`":
            quote = character
        elif character == "(":
            depth += 1
            begin = at + 1 if depth == 1 else begin
        elif depth == 1 and character in ",)":
            pieces.append(statement[begin:at])
            begin = at + 1
            if character == ")":
                break
        elif character == ")":
            depth -= 1
        elif character == ";" and depth == 0:
            break
    found = (
        _COLUMN.match(re.sub(r"^\s*(?:--[^\n]*\n|/\*.*?\*/)*", "", piece))
        for piece in pieces
        if not _NO_COLUMN.match(piece)
    )
    return tuple(match.group(1) or match.group(2) for match in found if match)


@dataclass(slots=True)
class _Table:
    """Where the rows of one table lie: byte ranges of the dump, those of COPY with their columns."""

    columns: tuple[str, ...] = ()
    inserts: list[list[int]] = field(default_factory=list)
    copies: list[tuple[int, int, tuple[str, ...]]] = field(default_factory=list)


@dataclass(slots=True)
class _Plan:
    """What the first pass over a dump found."""

    tables: dict[str, _Table] = field(default_factory=dict)
    others: list[tuple[int, int]] = field(default_factory=list)
    cut: bool = False


class _Finder:
    """The first pass: blocks in, the places of the statements out."""

    def __init__(self) -> None:
        self.plan = _Plan()
        self._known: dict[str, tuple[str, ...]] = {}
        self._begin = 0
        self._kind = ""
        self._table = ""
        self._columns: tuple[str, ...] = ()

    def _close(self, end: int) -> None:
        """What began last goes up to `end`."""
        if end <= self._begin:
            return
        if self._kind == "insert":
            table = self.plan.tables.setdefault(self._table, _Table(self._known.get(self._table, ())))
            if table.inserts and table.inserts[-1][1] == self._begin:
                table.inserts[-1][1] = end
            else:
                table.inserts.append([self._begin, end])
        elif self._kind == "copy":
            table = self.plan.tables.setdefault(self._table, _Table(self._known.get(self._table, ())))
            table.copies.append((self._begin, end, self._columns))
        elif self.plan.others and self.plan.others[-1][1] == self._begin:
            self.plan.others[-1] = (self.plan.others[-1][0], end)
        else:
            self.plan.others.append((self._begin, end))

    def scan(self, data: bytes, base: int, begin: int, limit: int) -> None:
        """Statements that begin in data[begin:limit]; `base` is the place of data[0] in the dump."""
        for found in _STARTS.finditer(data, begin):
            if found.start() >= limit:
                break
            place = base + found.start()
            if self._kind == "copy":
                if found.group("end"):
                    self._close(place)
                    self._begin, self._kind = base + found.end(), ""
                continue
            if found.group("end"):
                continue
            name = next(group for group in found.groups()[3:5] if group is not None).decode("utf-8", "replace")
            rest = found.group("rest")
            if found.group("copy"):
                listed = _COPY_LIST.match(data, found.start("rest"))
                if listed is None:
                    continue
                self._close(place)
                end = data.find(b"\n", listed.end())
                self._begin = base + (end + 1 if end >= 0 else len(data))
                self._kind, self._table, self._columns = "copy", name, _listed(listed.group(1))
            elif found.group("create"):
                self._close(place)
                self._begin, self._kind = place, ""
                if name not in self._known:
                    text = data[found.start("rest") : found.start("rest") + _CREATE_BYTES].decode("utf-8", "replace")
                    self._known[name] = columns_of(text)
            else:
                if name.upper() == "INTO" or not (rest == b"" or re.match(rb"\s*(?:\(|VALUES?\b|SET\b|$)", rest, re.I)):
                    continue
                if self._kind == "insert" and name == self._table:
                    continue
                self._close(place)
                self._begin, self._kind, self._table = place, "insert", name

    def finish(self, end: int, last: bytes) -> _Plan:
        """The dump ends at `end`, with the bytes `last`."""
        self._close(end)
        text = re.sub(rb"(?:\s|--[^\n]*$|/\*(?:(?!\*/).)*\*/;?)+\Z", b"", last[-2048:], flags=re.S | re.M)
        if self._kind == "copy":
            self.plan.cut = True
        elif self._kind == "insert":
            self.plan.cut = not text.endswith((b")", b";")) and not text.upper().endswith((b"GO", b"DUAL", b"COMMIT"))
        return self.plan


@dataclass(frozen=True, slots=True)
class _Inserts:
    order: int
    block: bytes
    encoding: str
    columns: tuple[str, ...]
    backslash: bool

    def read(self) -> Chunk:
        """Take the statements' values apart."""
        problems: list[Problem] = []
        block = _as_utf8(self.block, self.encoding, problems)
        block = _as_values(block)
        expect(len(block))
        data = np.frombuffer(block, np.uint8)
        out = np.empty(len(block) + 16, np.uint8)
        ends, rows = np.empty(0, np.int64), np.empty(0, np.int64)
        held: dict[tuple[str, ...] | int, list[list[pa.Array]]] = {}
        loose: list[Loose] = []
        at, bad, total = 0, 0, 0
        while (found := _INTO.search(block, at)) is not None:
            between = block[at : found.start()]
            if _TELLING.search(between):
                loose.append(Loose(between, "comment"))
            listed = _listed(found.group(3)) or self.columns
            at = found.end()
            if not len(ends):
                commas = block.count(b",", at)
                ends, rows = np.empty(commas + 8192, np.int64), np.empty(block.count(b"(", at) + 64, np.int64)
            state = np.zeros(5, np.int64)
            end = int(split_values(data, at, found.start(), int(self.backslash), out, ends, rows, state))
            cells, count = int(state[1]), int(state[2])
            if count:
                offsets = np.concatenate((np.zeros(1, np.int64), ends[:cells]))
                held_bytes = pa.py_buffer(out[: int(state[0])].tobytes())
                made = pa.Array.from_buffers(pa.large_binary(), cells, [None, pa.py_buffer(offsets), held_bytes])
                bad += _shared(made, rows[:count].copy(), listed, held, loose, total)
                total += count
            at = max(end, at)
            if state[3]:  # a row that breaks off: its text is searched, and the next statement is looked for
                following = _INTO.search(block, at)
                stop = following.start() if following is not None else len(block)
                if block[at:stop].strip():
                    loose.append(Loose(block[at:stop], "bad_row", total + 1))
                    problems.append(Problem(ProblemCode.BAD_ROW, "a row that breaks off; searched as text"))
                at = stop
        if _TELLING.search(block[at:]):
            loose.append(Loose(block[at:], "comment"))
        if bad:
            message = "rows with another number of values than the table has; laid into its columns from the left"
            problems.append(Problem(ProblemCode.BAD_ROW, message))
        return _chunk(held, self.columns, total, tuple(loose), tuple(problems), bad)


def _as_values(block: bytes) -> bytes:
    """Statements that set columns by name, as lists of columns and values; a block that begins otherwise as it is."""
    if _SET.search(block, 0, _SPARE) is None:
        return block
    out: list[bytes] = []
    at = 0
    while (found := _SET.search(block, at)) is not None:
        out.append(block[at : found.start()])
        at, more = found.end(), b","
        names: list[bytes] = []
        values: list[bytes] = []
        while more and (one := _ASSIGNED.match(block, at)) is not None:
            names.append(one[1].rpartition(b".")[2])
            values.append(b"'%b'" % one[2][1:-1].replace(b"'", b"''") if one[2][:1] == b'"' else one[2])
            at, more = one.end(), one[3]
        out.append(b"%b (%b) VALUES (%b)" % (found[1], b",".join(names), b",".join(values)))
    return b"".join((*out, block[at:]))


def _as_utf8(block: bytes, encoding: str, problems: list[Problem]) -> bytes:
    if encoding == "utf-8":
        return cleaned(block, problems, None)
    return block.decode(encoding, "replace").encode("utf-8", "replace")


def _places(numbers: np.ndarray[tuple[int], np.dtype[np.int64]]) -> pa.Array:
    return pa.Array.from_buffers(pa.int64(), len(numbers), [None, pa.py_buffer(np.ascontiguousarray(numbers))])


def _shared(
    cells: pa.Array,
    rows: np.ndarray[tuple[int], np.dtype[np.int64]],
    listed: tuple[str, ...],
    held: dict[tuple[str, ...] | int, list[list[pa.Array]]],
    loose: list[Loose],
    before: int,
) -> int:
    """Put rows of cells into columns; how many rows had another width."""
    widths = np.diff(rows, prepend=0)
    width = len(listed) or int(np.bincount(widths).argmax())
    begins = rows - widths
    good = widths == width
    key = listed or width
    columns = held.setdefault(key, [])
    if good.all():
        firsts = begins
    else:
        firsts = begins[good]
        wrong: list[list[bytes]] = []
        for row in np.flatnonzero(~good).tolist():
            values = cells.slice(int(begins[row]), int(widths[row])).to_pylist()
            if len(values) > width:
                loose.append(Loose(b" ".join(values[width:]), "bad_row", before + row + 1))
            wrong.append((values + [b""] * width)[:width])
        columns.append([column_of(column) for column in zip(*wrong, strict=True)])
    columns.append([cells.take(_places(firsts + index)) for index in range(width)])
    return int((~good).sum())


def _chunk(
    held: dict[tuple[str, ...] | int, list[list[pa.Array]]],
    columns: tuple[str, ...],
    rows: int,
    loose: tuple[Loose, ...],
    problems: tuple[Problem, ...],
    bad: int,
) -> Chunk:
    """Rows of statements that may list different columns as one chunk."""
    merged: dict[str, list[pa.Array]] = {}
    for key, groups in held.items():
        names = key if isinstance(key, tuple) else tuple(f"column {index + 1}" for index in range(key))
        for group in groups:
            for name, array in zip(names, group, strict=True):
                merged.setdefault(name, []).append(array)
    arrays = tuple(pa.concat_arrays(some) for some in merged.values())
    names = tuple(merged)
    return Chunk(rows, arrays, loose, problems, bad, () if names == columns else names)


@dataclass(frozen=True, slots=True)
class _Copy:
    order: int
    block: bytes
    encoding: str
    columns: tuple[str, ...]
    """Of the block itself, which may list others than the table has, in another order."""
    known: tuple[str, ...]
    """Of the table."""

    def read(self) -> Chunk:
        r"""Take lines of COPY apart: tabs between cells, `\N` for NULL, a backslash before what would mislead."""
        problems: list[Problem] = []
        block = _as_utf8(self.block, self.encoding, problems).replace(b"\r\n", b"\n")
        width = len(self.columns) or block[: block.find(b"\n")].count(b"\t") + 1
        table, wrong = parse(block, width, b"\t", b"", False)
        arrays = tuple(
            _unescaped(pa.concat_arrays(column.chunks)) if column.num_chunks else pa.nulls(0, pa.binary())
            for column in table.columns
        )
        loose = tuple(Loose(one.text, "bad_row") for one in wrong if one.text)
        if wrong:
            message = "rows with another number of values than the table has; searched as text"
            problems.append(Problem(ProblemCode.BAD_ROW, message))
        names = self.columns or tuple(f"column {index + 1}" for index in range(width))
        names = () if names == self.known else names
        return Chunk(table.num_rows + len(wrong), arrays, loose, tuple(problems), len(wrong), names)


def _unescaped(column: pa.Array) -> pa.Array:
    import pyarrow.compute as pc  # takes long to load

    if not pc.any(pc.match_substring(column, "\\")).as_py():
        return column
    column = pc.if_else(pc.equal(column, b"\\N"), b"", column)
    for old, new in (
        (b"\\\\", b"\x00"),
        (b"\\t", b"\t"),
        (b"\\n", b"\n"),
        (b"\\r", b"\r"),
        (b"\\", b""),
        (b"\x00", b"\\"),
    ):
        column = pc.replace_substring(column, old, new)
    return column


class SqlReader:
    """Reads SQL dumps."""

    def recognise(self, head: bytes, name: str) -> bool:
        """Whether the text holds statements that make or fill tables."""
        encoding, mark = encoding_of(head)
        if encoding is None:
            return False
        head = head_utf8(head, encoding, mark)
        if b"\x00" in head[:4096] or not _LOOKS.search(head):
            return False
        rows = head.split(b"\n", 200)
        statements = sum(bool(_LOOKS.match(row)) for row in rows)
        return (
            name.lower().endswith((".sql", ".dump"))
            or statements * 8 >= len(rows)
            or rows[0].startswith((b"--", b"/*", b"USE ", b"SET ", b"PRAGMA "))
        )

    def read(self, source: Source, options: ScanOptions) -> Iterator[Stream]:
        """One stream per table, and one for text that stands outside tables where there is any."""
        head = source.head()
        encoding, mark = encoding_of(head)
        encoding = encoding or "utf-8"
        meter = Meter(source)
        copy: Spool | None = None
        if encoding.startswith(("utf-16", "utf-32")):
            copy = Spool(Vault(options.limits.spool_memory))
        plan = _planned(meter, encoding, mark, copy)
        faults = [Problem(meter.fault.code, meter.fault.message)] if meter.fault is not None else []
        if plan.cut:
            faults.append(Problem(ProblemCode.TRUNCATED, "the dump ends within a statement"))
        whole = meter.tail(Status.PARTIAL if faults else Status.COMPLETE, tuple(faults))
        inner = Tail(whole.status, whole.problems, None, None, whole.bytes_total, whole.bytes_read)
        plain = encoding if copy is None else "utf-8"
        backslash = _BACKSLASH.search(head_utf8(head, encoding, mark)) is not None
        stream = copy.cursor() if copy is not None else source.seekable()
        for name, table in plan.tables.items():
            columns = table.columns or next((listed for _, _, listed in table.copies if listed), ())
            if not columns and table.inserts:
                columns = _first_listed(stream, table.inserts[0])
            parts = _parts(stream, table, columns, plain, backslash, options.shard_bytes)
            told = Head(f"{source.path}!{name}", Format.SQL, encoding, columns)
            yield Stream(told, parts, partial(_same, inner))
        text = b"\n".join(_piece(stream, begin, end) for begin, end in plan.others)
        if not plan.tables or _TELLING.search(text):
            lines = lines_chunk(text.decode(plain, "replace").splitlines())
            head_of = Head(source.path, Format.SQL, encoding, (None,), lines=True)
            yield Stream(head_of, iter([Parsed(0, lines)]), partial(_same, whole))


def _same(tail: Tail) -> Tail:
    return tail


def _planned(meter: Meter, encoding: str, mark: int, copy: Spool | None) -> _Plan:
    finder = _Finder()
    decoder = codecs.getincrementaldecoder(encoding)("replace") if copy is not None else None
    carry, base, begin, total = b"", 0, 0, 0
    while not meter.ended:
        data = meter.read(4 << 20)
        if decoder is not None and copy is not None:
            data, mark = data[mark:], 0
            data = decoder.decode(data, meter.ended).encode("utf-8", "replace")
            copy.write(data)
        if mark and not total:  # a mark would hide that a line begins
            data = b"\n" * mark + data[mark:]
        total += len(data)
        carry += data
        limit = len(carry) if meter.ended else max(begin, len(carry) - _CREATE_BYTES)
        finder.scan(carry, base, begin, limit)
        if meter.ended:
            break
        # the byte before is kept, so that the start of a line is seen as one
        keep = max(0, limit - 1)
        carry, base, begin = carry[keep:], base + keep, limit - keep
    return finder.finish(total, carry)


def _piece(stream: BinaryIO, begin: int, end: int) -> bytes:
    stream.seek(begin)
    return stream.read(end - begin)


def _first_listed(stream: BinaryIO, place: list[int]) -> tuple[str, ...]:
    found = _INTO.search(_as_values(_piece(stream, place[0], min(place[1], place[0] + (1 << 16)))))
    return _listed(found.group(3)) if found else ()


def _row_end(block: bytes, backslash: bool) -> tuple[int, int]:
    """Where the last whole row of a block ends, 0 where none does; and where its statement begins."""
    expect(len(block))
    state = np.zeros(1, np.int64)
    cut = int(row_end(np.frombuffer(block, np.uint8), int(backslash), state))
    return cut, int(state[0])


def _parts(
    stream: BinaryIO, table: _Table, columns: tuple[str, ...], encoding: str, backslash: bool, size: int
) -> Iterator[Part]:
    """The places of a table as pieces that end between rows."""
    order = 0
    for begin, end in table.inserts:
        words = b""
        while begin < end:
            want = size - len(words)
            while True:
                block = words + _piece(stream, begin, min(end, begin + want))
                if begin + len(block) - len(words) >= end:
                    cut, statement = len(block), 0
                    break
                cut, statement = _row_end(block, backslash)
                if cut > len(words) or want > _UNBROKEN:
                    break
                want *= 2
            cut = cut if cut > len(words) else len(block)
            yield _Inserts(order, block[:cut], encoding, columns, backslash)
            begin += cut - len(words)
            words = b""
            if block[cut : cut + 1] == b",":  # the rest of a list needs the words of its statement
                found = _INTO.search(block, statement)
                words = block[found.start() : found.end()] if found is not None else b""
                begin += 1
            order += 1
    for begin, end, listed in table.copies:
        while begin < end:
            block = _piece(stream, begin, min(end, begin + size))
            cut = len(block) if begin + len(block) >= end else block.rfind(b"\n") + 1 or len(block)
            yield _Copy(order, block[:cut], encoding, listed or columns, columns)
            begin, order = begin + cut, order + 1
