"""SQL dumps as tables: INSERT statements of mysqldump, pg_dump and SQL Server scripts, and COPY blocks."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

from scanner.errors import ReadError
from scanner.ingest.interface import Chunk, Head, Loose, Parsed, Part, Source, Stream, Tail, column_of
from scanner.ingest.sources import Meter
from scanner.model import Problem
from scanner.options import ScanOptions
from scanner.terms import Format, ProblemCode, Status

_NAME = r'(?:[`"\[]?[\w$]+[`"\]]?\.)*[`"\[]?([\w$ ]+?)[`"\]]?'
_INSERT = re.compile(rf"\s*INSERT\s+(?:IGNORE\s+)?INTO\s+{_NAME}\s*(?:\(([^()]*)\))?\s*VALUES\s*", re.IGNORECASE)
_BARE_INSERT = re.compile(rf"\s*INSERT\s+(?:INTO\s+)?{_NAME}\s*\(([^()]*)\)\s*VALUES\s*", re.IGNORECASE)
_COPY = re.compile(rf"\s*COPY\s+{_NAME}\s*\(([^()]*)\)\s*FROM\s+stdin", re.IGNORECASE)
_CREATE = re.compile(rf"\s*CREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?{_NAME}\s*\(", re.IGNORECASE)
_COLUMN = re.compile(r"\s*(?:`(?P<a>[^`]+)`|\"(?P<b>[^\"]+)\"|\[(?P<c>[^\]]+)\]|(?P<d>\w[\w$ ]*?))\s+[A-Za-z]")
_NO_COLUMN = re.compile(r"\s*(?:PRIMARY|UNIQUE|KEY|INDEX|CONSTRAINT|FOREIGN|CHECK|FULLTEXT)\b", re.IGNORECASE)
_VALUE = re.compile(r"""\s*(?:[NnEeXx]?'((?:[^'\\]|\\.|'')*)'|([^,()']+(?:\([^()]*\))?))\s*([,)])""", re.DOTALL)
_ESCAPE = re.compile(r"\\(.)|''", re.DOTALL)
_LOOKS = re.compile(
    rb"^\s*(?:INSERT\s+(?:(?:IGNORE\s+)?INTO\s|\[)|COPY\s+\S+\s*\(.*FROM\s+stdin|CREATE\s+TABLE\s)",
    re.IGNORECASE | re.MULTILINE,
)
_MEANING = {"n": "\n", "r": "\r", "t": "\t", "0": "", "Z": ""}
_ROWS = 20_000
_LONGEST = 256 << 20


@dataclass(slots=True)
class _Table:
    """One table of the dump as it fills."""

    columns: tuple[str | None, ...]
    rows: list[list[str]] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    count: int = 0
    loose: list[Loose] = field(default_factory=list)

    def add(self, row: list[str]) -> None:
        if not self.columns:
            self.columns = (None,) * len(row)
        if len(row) != len(self.columns):
            self.loose.append(Loose(" ".join(row).encode("utf-8", "replace"), "bad_row", self.count + 1))
        else:
            self.rows.append(row)
        self.count += 1
        if len(self.rows) + len(self.loose) >= _ROWS:
            self.flush()

    def flush(self) -> None:
        if not self.rows and not self.loose:
            return
        cells = zip(*self.rows, strict=True) if self.rows else [()] * len(self.columns)
        columns = tuple(column_of([cell.encode("utf-8", "replace") for cell in column]) for column in cells)
        bad = len(self.loose)
        problem = Problem(
            ProblemCode.BAD_ROW, "rows with another number of values than the table has; searched as text"
        )
        chunk = Chunk(len(self.rows) + bad, columns, tuple(self.loose), (problem,) * bool(bad), bad)
        self.parts.append(Parsed(self.count, chunk))
        self.rows, self.loose = [], []


def _names(text: str | None) -> tuple[str | None, ...]:
    return tuple(name.strip(' \t\r\n`"[]') for name in text.split(",")) if text else ()


def _plain(match: re.Match[str]) -> str:
    return "'" if match.group(1) is None else _MEANING.get(match.group(1), match.group(1))


def _tuples(text: str, at: int) -> Iterator[tuple[list[str], int]]:
    """The rows of a VALUES list and where each ends."""
    while True:
        at = text.find("(", at)
        if at < 0:
            return
        row, place = [], at + 1
        while True:
            found = _VALUE.match(text, place)
            if found is None:
                return
            quoted, bare, end = found.groups()
            if quoted is not None:
                row.append(_ESCAPE.sub(_plain, quoted) if "\\" in quoted or "''" in quoted else quoted)
            else:
                word = bare.strip()
                row.append("" if word.upper() in ("NULL", "DEFAULT") else word)
            place = found.end()
            if end == ")":
                break
        yield row, place
        at = place
        following = re.compile(r"\s*,").match(text, at)
        if following is None:
            return


class Dump:
    """Reads a dump line by line into tables; what is no table is kept as text."""

    def __init__(self) -> None:
        """Nothing is read yet."""
        self.tables: dict[str, _Table] = {}
        self.other: list[str] = []
        self.cut: int | None = None
        self._known: dict[str, tuple[str | None, ...]] = {}
        self._statement: list[str] = []
        self._quotes = 0
        self._creating: tuple[str, list[str]] | None = None
        self._copying: _Table | None = None

    def table(self, name: str, columns: tuple[str | None, ...]) -> _Table:
        """The table of a name, made where it is new."""
        if name not in self.tables:
            self.tables[name] = _Table(columns or self._known.get(name, ()))
        return self.tables[name]

    def line(self, line: str) -> None:
        """Take one line."""
        if self._copying is not None:
            if line.rstrip("\r\n") == "\\.":
                self._copying = None
                return
            cells = line.rstrip("\r\n").split("\t")
            self._copying.add(["" if c == "\\N" else re.sub(r"\\(.)", _plain, c) if "\\" in c else c for c in cells])
            return
        if self._creating is not None:
            name, columns = self._creating
            if line.lstrip().startswith(")"):
                self._known[name], self._creating = tuple(columns), None
            elif not _NO_COLUMN.match(line) and (found := _COLUMN.match(line)):
                columns.append(found[found.lastgroup or "d"])
            return
        if not self._statement:
            if found := _CREATE.match(line):
                rest = line[found.end() :]
                if rest.rstrip().endswith(";"):
                    body = re.split(r",(?![^()]*\))", rest.rstrip().rstrip(";").rstrip().removesuffix(")"))
                    names = [
                        m[m.lastgroup or "d"] for one in body if not _NO_COLUMN.match(one) and (m := _COLUMN.match(one))
                    ]
                    self._known[found.group(1)] = tuple(names)
                else:
                    self._creating = (found.group(1), [])
                return
            if found := _COPY.match(line):
                self._copying = self.table(found.group(1), _names(found.group(2)))
                return
            if not re.match(r"\s*INSERT\s", line, re.IGNORECASE):
                if line.strip() and not line.lstrip().startswith(("--", "/*", "#")):
                    self.other.append(line)
                return
        self._statement.append(line)
        self._quotes += line.replace("\\\\", "").replace("\\'", "").count("'")
        if self._quotes % 2 == 0 and (line.rstrip().endswith(";") or line.strip().upper() == "GO"):
            self.insert("".join(self._statement))
            self._statement, self._quotes = [], 0
        elif self._quotes % 2 == 0 and line.rstrip().endswith(")"):
            self._settle()

    def _settle(self) -> None:
        """A script that ends its statements by the line alone."""
        text = "".join(self._statement)
        if len(self._statement) == 1 and _BARE_INSERT.match(text) and text.count("(") <= 3:
            self.insert(text)
            self._statement, self._quotes = [], 0

    def insert(self, text: str) -> None:
        """Take one INSERT statement; one that is cut off gives the rows before the cut."""
        found = _INSERT.match(text) or _BARE_INSERT.match(text)
        if found is None:
            self.other.append(text)
            return
        table = self.table(found.group(1), _names(found.group(2)))
        at = found.end()
        for row, end in _tuples(text, at):
            table.add(row)
            at = end
        rest = text[at:].strip(" \t\r\n;,")
        if rest and rest.upper() != "GO":
            self.other.append(rest)

    def finish(self) -> None:
        """Take what an unfinished statement holds."""
        if self._statement:
            text = "".join(self._statement)
            self.insert(text)
            if not text.rstrip().endswith((")", ";")):
                self.cut = sum(table.count for table in self.tables.values()) + 1
        for table in self.tables.values():
            table.flush()


def _same(tail: Tail) -> Tail:
    return tail


class SqlReader:
    """Reads SQL dumps."""

    def recognise(self, head: bytes, name: str) -> bool:
        """Whether the text holds statements that make or fill tables."""
        if b"\x00" in head[:4096] or not _LOOKS.search(head):
            return False
        rows = head.split(b"\n", 200)
        statements = sum(bool(_LOOKS.match(row)) for row in rows)
        return (
            name.lower().endswith((".sql", ".dump"))
            or statements * 8 >= len(rows)
            or rows[0].startswith((b"--", b"/*"))
        )

    def read(self, source: Source, options: ScanOptions) -> Iterator[Stream]:
        """One stream per table, and one for text that stands outside tables where there is any."""
        meter, dump, held = Meter(source), Dump(), ""
        faults: list[Problem] = []
        try:
            decoder = codecs.getincrementaldecoder("utf-8")("replace")
            while not meter.ended:
                held += decoder.decode(meter.read(options.shard_bytes), final=meter.ended)
                lines = held.splitlines(keepends=True)
                held = lines.pop() if lines and not meter.ended and len(held) < _LONGEST else ""
                for line in lines:
                    dump.line(line)
        except ReadError as error:
            faults.append(Problem(error.code, error.message, error.row))
        dump.finish()
        if dump.cut is not None:
            faults.append(Problem(ProblemCode.TRUNCATED, "the dump ends within a statement", dump.cut))
        whole = meter.tail(Status.PARTIAL if faults else Status.COMPLETE, tuple(faults))
        for name, table in dump.tables.items():
            tail = Tail(whole.status, whole.problems, None, None, whole.bytes_total, whole.bytes_read)
            head = Head(f"{source.path}!{name}", Format.SQL, "utf-8", table.columns)
            yield Stream(head, iter(table.parts), partial(_same, tail))
        text = "".join(dump.other)
        if not dump.tables or re.search(r"\d{7}|@", text):
            lines_of = column_of([one.encode("utf-8", "replace") for one in text.splitlines()])
            part = Parsed(0, Chunk(len(lines_of), (lines_of,)))
            yield Stream(Head(source.path, Format.SQL, "utf-8", (), lines=True), iter([part]), partial(_same, whole))
