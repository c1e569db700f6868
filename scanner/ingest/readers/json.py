"""JSON in the shapes that dumps have: lines, arrays, arrays wrapped in an object, objects of arrays, single objects.

Numbers keep their digits; keys become dotted paths (`a.msisdn`, `sims[].imsi`, `numbers[]`).
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from scanner.ingest.interface import HEAD_BYTES, Chunk, Head, Loose, Parsed, Part, Source, Stream, Tail
from scanner.ingest.sources import Meter
from scanner.model import Problem
from scanner.options import ScanOptions
from scanner.terms import Format, ProblemCode, Status

_DECODER = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str, strict=False)
_GAP = re.compile(r"(?:[\s,\x1e\ufeff]|//[^\n]*\n|/\*.*?\*/)*", re.DOTALL)
_LIKE_JSON = re.compile(
    r"""\s*(?:\{\s*(?:"|\}|//|/\*)|\[\s*(?:[\[{"\]]|-?\d+(?:\.\d+)?\s*[,\]]|true|false|null|//|/\*))"""
)
_LOOSENED = re.compile(r"""("(?:[^"\\]|\\.)*")|//[^\n]*|/\*.*?\*/|,(?=\s*[}\]])""", re.DOTALL)
#: Characters of one record beyond which broken JSON is no longer waited for.
_MOST = 64 << 20
_ROWS = 20_000


class _Table:
    """Rows being flattened: path → texts."""

    def __init__(self) -> None:
        self.rows = 0
        self._cells: dict[str, list[str]] = {}

    def add(self, row: Any) -> None:
        self.rows += 1
        if isinstance(row, dict):
            self._object(row, "")
        elif isinstance(row, list) and not any(isinstance(item, dict | list) for item in row):
            for position, item in enumerate(row):
                self._value(item, str(position))
        else:
            self._value(row, "value")

    def _object(self, row: dict[str, Any], prefix: str) -> None:
        for key, value in row.items():
            self._value(value, f"{prefix}{key}")

    def _value(self, value: Any, path: str) -> None:
        if isinstance(value, str):
            self._cells.setdefault(path, []).append(value)
        elif value is None:
            self._cells.setdefault(path, [])
        elif isinstance(value, dict):
            self._object(value, f"{path}.")
        elif isinstance(value, list):
            for item in value:
                self._value(item, f"{path}[]")
        else:
            self._cells.setdefault(path, []).append("true" if value else "false")

    def chunk(self, loose: tuple[Loose, ...] = (), problems: tuple[Problem, ...] = (), bad: int = 0) -> Chunk:
        columns = tuple(
            pa.array([cell.encode("utf-8", "replace") for cell in cells], pa.large_binary())
            for cells in self._cells.values()
        )
        return Chunk(self.rows, columns, loose, problems, bad, tuple(self._cells))


@dataclass(frozen=True, slots=True)
class _Lines:
    """A block of whole lines, one object a line."""

    order: int
    text: str

    def read(self) -> Chunk:
        """Parse the lines; a line that is no JSON is a bad row whose text is kept."""
        table, loose, bad = _Table(), [], 0
        for line in self.text.split("\n"):
            at = _end(_GAP.match(line))
            if at == len(line):
                continue
            try:
                while at < len(line):
                    row, at = _DECODER.raw_decode(line, at)
                    table.add(row)
                    at = _end(_GAP.match(line, at))
            except (ValueError, RecursionError):
                bad += 1
                loose.append(Loose(line[at:].encode("utf-8", "replace"), "bad_row"))
        problems: tuple[Problem, ...] = ()
        if bad:
            problems = (Problem(ProblemCode.BAD_ROW, "lines that are no JSON were scanned as text"),) * bad
        return table.chunk(tuple(loose), problems, bad)


def _end(match: re.Match[str] | None) -> int:
    return match.end() if match is not None else 0


def _encoding(head: bytes) -> str:
    name = json.detect_encoding(head[:4] + b" " * max(0, 4 - len(head)))
    return {"utf-8-sig": "utf-8", "utf-16": "utf-16-le" if head[:2] == b"\xff\xfe" else "utf-16-be"}.get(name, name)


class _Text:
    """The text of a source, decoded as it is read."""

    def __init__(self, meter: Meter, encoding: str, block: int) -> None:
        self._meter, self._block = meter, block
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")
        self.invalid = 0

    def more(self) -> str:
        """The next piece; empty at the end."""
        while not self._meter.ended:
            piece = self._decoder.decode(self._meter.read(self._block), final=self._meter.ended)
            if piece:
                self.invalid += piece.count("\ufffd")
                return piece.replace("\ufeff", "") if "\ufeff" in piece[:1] else piece
        return ""


class JsonReader:
    """Reads JSON documents and JSON lines."""

    def recognise(self, head: bytes, name: str) -> bool:
        """Whether the text begins as a JSON object or array does."""
        text = head.decode(_encoding(head), "replace").lstrip("\ufeff")
        if not _LIKE_JSON.match(text):
            return False
        if name.lower().endswith((".json", ".ndjson", ".jsonl", ".geojson")):
            return True
        try:
            _DECODER.raw_decode(text, _end(_GAP.match(text)))
        except ValueError as error:
            position = getattr(error, "pos", 0)
            return position > len(text) - 200 or len(head) >= HEAD_BYTES or text.lstrip()[:2] in ('{"', "[{")
        except RecursionError:
            return True
        return True

    def read(self, source: Source, options: ScanOptions) -> Iterator[Stream]:
        """One stream: the records of the document."""
        head = source.head()
        encoding = _encoding(head)
        meter = Meter(source)
        text = _Text(meter, encoding, options.shard_bytes)
        faults: list[Problem] = []
        lines = _is_lines(head.decode(encoding, "replace"), source.path)
        parts = _lines(text) if lines else _document(text, faults)

        def tail() -> Tail:
            cut = any(p.code in (ProblemCode.TRUNCATED, ProblemCode.CORRUPT, ProblemCode.LIMIT) for p in faults)
            if text.invalid:
                faults.append(Problem(ProblemCode.INVALID_ENCODING, f"bytes that are no {encoding} were replaced"))
            meter.finish()
            return meter.tail(Status.PARTIAL if cut else Status.COMPLETE, tuple(faults))

        yield Stream(Head(source.path, Format.NDJSON if lines else Format.JSON, encoding), parts, tail)


def _is_lines(text: str, name: str) -> bool:
    """Whether the document is one object a line."""
    if name.lower().removesuffix(".gz").endswith((".ndjson", ".jsonl")):
        return True
    lines = [line.strip() for line in text.lstrip("\ufeff").split("\n") if line.strip()][:3]
    if len(lines) < 2 or not lines[0].startswith("{"):
        return False
    try:
        row, _ = _DECODER.raw_decode(lines[0])
    except (ValueError, RecursionError):
        return False
    return isinstance(row, dict) and lines[1].startswith("{")


def _lines(text: _Text) -> Iterator[Part]:
    order, held = 0, ""
    while piece := text.more():
        held += piece
        cut = held.rfind("\n") + 1
        if cut:
            yield _Lines(order, held[:cut])
            order += cut
            held = held[cut:]
    if held.strip():
        yield _Lines(order, held)


def _document(text: _Text, faults: list[Problem]) -> Iterator[Part]:
    """The records of a document that is no list of lines."""
    buffer = text.more()
    at = _end(_GAP.match(buffer))
    if buffer[at : at + 1] == "[":
        yield from _array(text, buffer, at + 1, faults, 0)
        return
    start = _wrapped(buffer, at)
    if start is not None:
        preamble = Loose(buffer[:start].encode("utf-8", "replace"), "preamble")
        yield Parsed(0, Chunk(0, (), (preamble,)))
        yield from _array(text, buffer, start, faults, start)
        return
    yield from _single(text, buffer, at, faults)


def _wrapped(buffer: str, at: int) -> int | None:
    """Where the records of an object that wraps an array of objects begin; None where it wraps none."""
    at += 1
    while True:
        at = _end(_GAP.match(buffer, at))
        try:
            key, at = _DECODER.raw_decode(buffer, at)
            at = _end(_GAP.match(buffer, at))
            if not isinstance(key, str) or buffer[at : at + 1] != ":":
                return None
            at = _end(_GAP.match(buffer, at + 1))
            if buffer[at : at + 1] == "[" and buffer[_end(_GAP.match(buffer, at + 1)) :][:1] == "{":
                return at + 1
            _, at = _DECODER.raw_decode(buffer, at)
        except (ValueError, RecursionError):
            return None


def _array(text: _Text, buffer: str, at: int, faults: list[Problem], order: int) -> Iterator[Part]:
    """Elements up to the closing bracket; what follows it is scanned as text."""
    table, row = _Table(), 0
    while True:
        at = _end(_GAP.match(buffer, at))
        if at < len(buffer) and buffer[at] == "]":
            break
        try:
            if at >= len(buffer):
                raise ValueError
            value, end = _DECODER.raw_decode(buffer, at)
            if end == len(buffer) and (more := text.more()):  # a number may go on
                buffer, at = buffer[at:] + more, 0
                continue
            at = end
            table.add(value)
            row += 1
        except RecursionError:
            faults.append(
                Problem(ProblemCode.LIMIT, "JSON nested deeper than can be read was scanned as text", row + 1)
            )
            break
        except ValueError:
            more = text.more() if len(buffer) - at < _MOST else ""
            if more:
                buffer, at = buffer[at:] + more, 0
                continue
            value, end = _repaired(buffer, at)
            if end:
                table.add(value)
                row += 1
                at = end
                continue
            ended = at >= len(buffer.rstrip()) or not buffer[at:].rstrip().endswith("]")
            code = ProblemCode.TRUNCATED if ended else ProblemCode.CORRUPT
            what = "ends before the array is closed" if ended else "holds a record that is no JSON"
            faults.append(Problem(code, f"the document {what}; records before it were read, the rest as text", row + 1))
            break
        if table.rows >= _ROWS:
            yield Parsed(order, table.chunk())
            order += table.rows
            table = _Table()
    yield Parsed(order, table.chunk())
    order += table.rows
    rest = buffer[at:]
    while rest:
        if rest.strip(" \r\n\t]}"):
            yield Parsed(order, Chunk(0, (), (Loose(rest.encode("utf-8", "replace"), "footer"),)))
        order += 1
        rest = text.more()


def _repaired(buffer: str, at: int) -> tuple[Any, int]:
    """A record with comments and trailing commas taken out, and where it ends; (None, 0) where that does not help."""
    rest = buffer[at:]
    plain = _LOOSENED.sub(lambda found: found.group(1) or " " * len(found.group(0)), rest)
    try:
        value, end = _DECODER.raw_decode(plain)
    except (ValueError, RecursionError):
        return None, 0
    return value, at + end


def _single(text: _Text, buffer: str, at: int, faults: list[Problem]) -> Iterator[Part]:
    """Objects one after another, an object of arrays, or one object."""
    table, order = _Table(), 0
    while True:
        at = _end(_GAP.match(buffer, at))
        if at >= len(buffer):
            more = text.more()
            if not more:
                break
            buffer, at = more, 0
            continue
        try:
            value, at = _DECODER.raw_decode(buffer, at)
        except RecursionError:
            faults.append(Problem(ProblemCode.LIMIT, "JSON nested deeper than can be read was scanned as text"))
            break
        except ValueError:
            more = text.more() if len(buffer) - at < _MOST else ""
            if more:
                buffer, at = buffer[at:] + more, 0
                continue
            value, end = _repaired(buffer, at)
            if not end:
                faults.append(
                    Problem(ProblemCode.TRUNCATED, "the document is no whole JSON; the rest was read as text")
                )
                break
            at = end
        arrays = isinstance(value, dict) and [item for item in value.values() if isinstance(item, list)]
        if arrays and len(arrays) == len(value) and len({len(item) for item in arrays}) == 1:
            for cells in zip(*value.values(), strict=True):
                table.add(dict(zip(value, cells, strict=True)))
        else:
            table.add(value)
        if table.rows >= _ROWS:
            yield Parsed(order, table.chunk())
            order += table.rows
            table = _Table()
    rest = buffer[at:]
    loose = (Loose(rest.encode("utf-8", "replace"), "footer"),) if rest.strip() else ()
    yield Parsed(order, table.chunk(loose))
    while more := text.more():
        order += 1
        yield Parsed(order + table.rows, Chunk(0, (), (Loose(more.encode("utf-8", "replace"), "footer"),)))
