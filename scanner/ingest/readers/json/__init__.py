"""JSON in the shapes that dumps have: lines, arrays, arrays wrapped in an object, keyed objects, objects of arrays.

Numbers keep their digits; keys become dotted paths (`a.msisdn`, `sims[].imsi`, `numbers[]`). A small document
is read whole the general way (`values`); a larger one is cut into blocks of whole records (`cutting`), which any thread
reads (`parts`) with compiled kernels (`kernels`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from typing import Any

from scanner.ingest.interface import HEAD_BYTES, Chunk, Head, Loose, Parsed, Part, Source, Stream, Tail
from scanner.ingest.readers import JSON_NAMES
from scanner.ingest.readers.blocks import utf8_blocks
from scanner.ingest.readers.delimited import cleaned, head_utf8
from scanner.ingest.readers.json import parts
from scanner.ingest.readers.json.cutting import ARRAY, MEMBERS, VALUES, Elements, signature_of
from scanner.ingest.readers.json.parts import LIBERTIES, LINES, Block, Records, lines_of, name_of
from scanner.ingest.readers.json.values import COMMENT, DATA_KEY, GAP, INDEX, SPACE, Broken, encoded, strict, value_at
from scanner.ingest.sniff import encoding_of, is_header
from scanner.ingest.sources import Meter
from scanner.model import Problem
from scanner.options import ScanOptions
from scanner.terms import Format, ProblemCode, Status

_LIKE_JSON = re.compile(
    r"""\{\s*(?:"|\}|//|/\*|'|[A-Za-z_$][\w$]*\s*:\s*[\[{"'\d])"""
    r"""|\[\s*(?:[\[{"\]']|-?\d+(?:\.\d+)?\s*[,\]]|true|false|null|//|/\*)"""
)
#: What scripts put before a document: a guard against inclusion, an assignment, the call of a function.
_BEFORE = re.compile(
    r"""\)\]\}'?,?|(?:(?:var|let|const|export\s+default)\s+)?[\w$.\[\]"']{1,100}\s*(?:=|\()(?=\s*[\[{])"""
)
_SEPARATED = re.compile(r"[,;|\t]|\n\s*\S")
_LINES_EXTENSIONS = (".ndjson", ".jsonl")
#: Bytes of one record beyond which it is searched as text, so that memory stays bounded.
_MOST = 64 << 20
#: Bytes looked at for the next array of an object.
_AHEAD = 1 << 16
_SEVERAL = "several documents one after another; read as one table"
#: A number that no type of 64 bits holds, where a value may stand; interoperable JSON has none (RFC 8259, section 6).
_VAST = re.compile(rb"""(?<=[\[,:\s])[ \t]*-?(?:\d{20,}(?:\.\d+)?|\d+(?:\.\d+)?[eE][+-]?\d{3,})(?=[\]},\s])""")
#: Digits as 0 and E as e; what stands then where a vast number does.
_ALIKE = bytes.maketrans(b"123456789E", b"000000000e")
_VAST_ALIKE = (b"0" * 20, b"e000", b"e+000", b"e-000")
_LIST = re.compile(r'"\s*:\s*\[')
#: Keys under which descriptions of columns have their names, the technical one first.
_NAMES = ("name", "field", "fieldName", "id", "key", "title", "label")
#: Rows from which it is judged whether the first holds names.
_ROWS = 20
#: An array of plain values that goes with the records as text.
PLAIN = -2
_CLOSED = {ARRAY: "array", MEMBERS: "object", PLAIN: "array"}


def _vast(text: bytes) -> bool:
    """Whether a vast number stands in a text."""
    alike = text.translate(_ALIKE)
    return any(mark in alike for mark in _VAST_ALIKE) and _VAST.search(text) is not None


def _encoding(head: bytes) -> tuple[str, int]:
    """The encoding of a document and the bytes of its byte order mark."""
    encoding, mark = encoding_of(head)
    if mark:
        return encoding or "utf-8", mark
    # four bytes tell the encodings of Unicode from each other (RFC 4627, section 3)
    name = json.detect_encoding(head[:4])
    if name.startswith(("utf-16", "utf-32")) and len(head) > 1:
        return name, 0
    return encoding or "utf-8", 0


def _gap(text: str, at: int) -> int:
    found = GAP.match(text, at)
    return found.end() if found is not None else at


def _start(text: str) -> int:
    """Where the document begins behind comments and what scripts put before it."""
    at = _gap(text, 0)
    before = _BEFORE.match(text, at)
    return _gap(text, before.end()) if before is not None else at


class JsonReader:
    """Reads JSON documents and JSON lines."""

    def recognise(self, head: bytes, name: str) -> bool:
        """Whether the text begins as a JSON object or array does, or is a plain value in a file named so."""
        encoding, mark = _encoding(head)
        text = head_utf8(head, encoding, mark).decode("utf-8", "replace")
        at = _start(text)
        named = name.lower().endswith(JSON_NAMES)
        if not _LIKE_JSON.match(text, at):
            return named and (_plain_values(text) or text[at : at + 1] in tuple("[{"))
        if named or at:
            return True
        try:
            _, end, _ = value_at(text, at, 1000)
        except Broken as error:
            return error.ended or len(head) >= HEAD_BYTES or text[at : at + 2] in ('{"', "[{")
        rest = text[_gap(text, end) :]
        return not rest or rest[0] in '[{"-0123456789tfn' or text[at : at + 2] in ('{"', "[{")

    def read(self, source: Source, options: ScanOptions) -> Iterator[Stream]:
        """One stream: the records of the document."""
        document = _Document(source, options)
        yield Stream(Head(source.path, document.format, document.encoding), document.parts(), document.tail, only=True)


def _plain_values(text: str) -> bool:
    """Whether the text holds strict values and nothing else, or is one string that went wrong."""
    at = _behind(text, 0, False)
    if text[at : at + 1] == '"' and not _SEPARATED.search(text, at):
        return True
    if at >= len(text):
        return False
    try:
        while at < len(text):
            _, at = strict(text, at)
            at = _behind(text, at, False)
    except (ValueError, RecursionError):
        return False
    return True


def _lines(text: str, name: str, whole: bool) -> bool:
    """Whether a document is one record a line; `whole`: the text is all of it."""
    named = name.lower().removesuffix(".gz").endswith(_LINES_EXTENSIONS)
    lines = text.split("\n")
    if not whole and len(lines) > 1:
        lines.pop()
    lines = [line for line in lines if line.strip()][:6]
    good = 0
    for number, line in enumerate(lines):
        at = _gap(line, 0)
        fine = False
        if named or line[at : at + 1] in ("{", "["):
            try:
                value, end, _ = value_at(line, at, 1000)
                # arrays of objects are documents of their own, one behind the other
                fine = not line[end:].strip(" \t\r,") and not (
                    isinstance(value, list) and any(isinstance(item, tuple) for item in value)
                )
            except Broken as error:
                fine = error.ended and number > 0 and not whole and number == len(lines) - 1
        good += fine
        if number == 0 and not (fine or named):
            return False
    return good > 1 or (named and (good == 1 or len(lines) == 1))


def _next_array(text: str, at: int, level: int) -> tuple[int, int, int, str]:
    """Within `level` objects, the next array of records or object whose keys are data.

    An array of plain values counts if its end is not seen and a list was closed before it. Returns what the elements
    stand in (PLAIN for those values, -1 where none follows), where they begin, in how many objects, under which key.
    Where none follows, the place is where the outermost object is closed, or -1 where that is not seen.
    """
    key, lists = "", False
    try:
        while True:
            at = _gap(text, at)
            if text[at : at + 1] == "}":
                at, level = at + 1, level - 1
                if level == 0:
                    return -1, at, 0, ""
                continue
            begin = at
            name, at = strict(text, at)
            at = _gap(text, at)
            if not isinstance(name, str) or text[at : at + 1] != ":":
                return -1, -1, level, ""
            at = _gap(text, at + 1)
            if DATA_KEY.search(name) or (INDEX.fullmatch(name) and (level == 1 or text[at : at + 1] in ("{", "["))):
                return MEMBERS, begin, level - 1, key
            key = name
            if text[at : at + 1] == "{":
                at, level = at + 1, level + 1
            elif text[at : at + 1] == "[" and text[_gap(text, at + 1) :][:1] in ("{", "["):
                return _rows_described(text, at, level) or (ARRAY, at + 1, level, key)
            elif text[at : at + 1] == "[" and lists:
                try:
                    value, at = strict(text, at)
                except ValueError:  # longer than what is looked at, and than a list before it: they are no columns
                    return PLAIN, at + 1, level, key
            else:
                value, at = strict(text, at)
                lists |= isinstance(value, list) and bool(value)
    except (ValueError, RecursionError):
        return -1, -1, level, ""


def _rows_described(text: str, at: int, level: int) -> tuple[int, int, int, str] | None:
    """The array of rows of which the array at `at` describes the cells or fields; None where it is no description."""
    try:
        value, end = strict(text, at)
    except (ValueError, RecursionError):
        return None
    names = names_of(value)
    if len(names) < 2:
        return None
    found = _next_array(text, end, level)
    try:
        first, _ = strict(text, _gap(text, found[1])) if found[0] == ARRAY else (None, 0)
    except (ValueError, RecursionError):
        return None
    if isinstance(first, tuple):  # an object, as its keys and values
        return found if len({key for key, _ in first} & set(names)) * 2 > len(names) else None
    return found if isinstance(first, list) and len(first) == len(names) else None


class _Document:
    """A document being read; the text that is not yet dealt with stands in `_data` from `_at` on."""

    def __init__(self, source: Source, options: ScanOptions) -> None:
        head = source.head()
        self.encoding, self._mark = _encoding(head)
        self._options, self._meter = options, Meter(source)
        self._head = head_utf8(head, self.encoding, self._mark)
        self._lines = _lines(self._head.decode("utf-8", "replace"), source.path, len(head) < HEAD_BYTES)
        self.format = Format.NDJSON if self._lines else Format.JSON
        self._faults: list[Problem] = []
        self._partial = False
        self._data, self._at, self._ended = b"", 0, False
        self._pieces = utf8_blocks(self._meter, self.encoding, self._mark, self._size)
        self._order, self._rows = 0, 0
        self._lists: list[tuple[str, ...]] = []
        """Lists of names that stood in front of the records."""

    def tail(self) -> Tail:
        """Status, problems and digest."""
        if self.encoding.startswith("windows"):
            self._fault(ProblemCode.INVALID_ENCODING, f"no UTF-8, as JSON must be; read as {self.encoding}")
        meter = self._meter
        meter.finish()
        if _vast(self._head[:_AHEAD]):
            self._fault(ProblemCode.LIMIT, "numbers that no type of 64 bits holds; kept digit by digit")
        faults = tuple(self._faults)
        if meter.fault is not None:
            faults += (Problem(meter.fault.code, meter.fault.message, meter.fault.row),)
        partial = self._partial or meter.fault is not None
        return meter.tail(Status.PARTIAL if partial else Status.COMPLETE, faults)

    def parts(self) -> Iterator[Part]:
        """The records in blocks, and the text around them."""
        try:
            yield from self._of_lines() if self._lines else self._of_values()
        finally:
            self._meter.close()

    def _of_lines(self) -> Iterator[Part]:
        held: list[bytes | memoryview] = []
        size = 0
        text = self._head[:_AHEAD].decode("utf-8", "surrogateescape")
        names, header = self._headed(text, 0)
        skip = len(text[:header].encode("utf-8", "surrogateescape")) if names else 0
        while not self._ended:
            piece, self._ended = next(self._pieces)
            piece, skip = piece[skip:], max(0, skip - len(piece))
            cut = len(piece) if self._ended else piece.rfind(b"\n") + 1
            if not cut and size + len(piece) > self._options.limits.max_cell:
                cut = len(piece)
            if cut or self._ended:
                block = memoryview(piece)[:cut]
                made = self._block((*held, block), LINES, (b"", 0), "")
                yield _Named(made, "", names) if names else made
                self._rows += lines_of(block)
                held, size = [], 0
            if cut < len(piece):
                held.append(piece[cut:])
                size += len(piece) - cut

    def _of_values(self) -> Iterator[Part]:
        self._more()
        text = self._head.decode("utf-8", "surrogateescape")
        small = self._ended and len(self._data) < parts.COMPILED_FROM
        if small:
            self._data = cleaned(self._data, self._faults, None)
            text = self._data.decode()
        begin = _start(text)
        script = begin > _gap(text, 0)
        if COMMENT.search(text[:begin]):
            self._fault(ProblemCode.CORRUPT, LIBERTIES)
        base, begin, level, prefix = _layout(text, begin)
        place = "preamble"
        while True:
            self._lists += name_lists(text[:begin])
            names, begin = self._headed(text, begin) if base == ARRAY else ((), begin)
            yield from self._loose(text[:begin], place)
            place = "footer"
            if base == PLAIN:
                read = self._plain()
            else:
                read = self._small(base, prefix) if small else self._large(base, prefix)
            closed = yield from (_named(read, prefix, names) if names else read)
            if base == VALUES:
                return
            if not closed:
                self._cut(f"the document ends before the {_CLOSED[base]} is closed; the rest was searched as text")
                yield from self._rest()
                return
            text = self._ahead()
            begin = 0
            if level:
                base, begin, level, prefix = _next_array(text, 0, level)
                if base == PLAIN:
                    continue
                if base >= 0:
                    prefix = f"{prefix}[]." if base == ARRAY else f"{prefix}."
                    continue
                if begin < 0:
                    closes = yield from self._rest()
                    if not closes:
                        self._cut("the document ends before it is closed; its end was searched as text")
                    return
            begin = _behind(text, begin, script)
            yield from self._loose(text[:begin], place)
            text = self._ahead()
            if not text:
                return
            if text[0] not in "[{":
                self._fault(ProblemCode.CORRUPT, "text behind the end of the document; searched as text")
                yield from self._rest()
                return
            self._fault(ProblemCode.SEVERAL_TABLES, _SEVERAL)
            base, begin, level, prefix = _layout(text, 0)

    def _headed(self, text: str, begin: int) -> tuple[tuple[str, ...], int]:
        """Names of the cells of rows that are arrays, and where the rows begin.

        They stand in front, as a list of as many names (`{"columns": […], "data": [[…]]}`), or are the first row.
        """
        rows: list[list[str]] = []
        behind = at = begin
        try:
            while len(rows) < _ROWS and text[_gap(text, at) :][:1] == "[":
                row, at = strict(text, _gap(text, at))
                if any(isinstance(cell, tuple | list) for cell in row):
                    break
                rows.append(row)
                behind = at if len(rows) == 1 else behind
        except (ValueError, RecursionError):
            pass
        if not rows:
            return (), begin
        listed = next((names for names in reversed(self._lists) if len(names) == len(rows[0]) > 1), ())
        if listed:
            return listed, begin
        first = [cell if isinstance(cell, str) else "" for cell in rows[0]]
        body = [[encoded(cell) if isinstance(cell, str) else b"" for cell in row] for row in rows[1:]]
        if len(first) > 1 and body and all(first) and is_header([encoded(cell) for cell in first], body):
            return tuple(first), behind
        return (), begin

    def _small(self, base: int, prefix: str) -> Generator[Part, None, bool]:
        """Elements where all that is left of the document is at hand; returns whether their end was seen."""
        limits = self._options.limits
        records = Records(limits.max_json_depth)
        data = self._data[self._at :]
        text = data.decode()
        at, closed = records.elements(text, 0, base, self._rows, _signature(data))
        several = base == VALUES and records.count > 1
        if base == VALUES and at >= len(text):  # an object of columns stands alone, as it must in blocks
            records.transpose()
        self._commas(records.odd, several)
        yield Parsed(self._next(), records.chunk(prefix, limits.max_columns))
        self._rows += records.count
        self._at += len(text[:at].encode())
        if base == VALUES and at < len(text):
            self._cut("the document ends within a value; it was searched as text")
            yield from self._rest()
        self._at += closed
        return closed

    def _large(self, base: int, prefix: str) -> Generator[Part, None, bool]:
        """Elements as blocks that can be read on any thread; returns whether their end was seen."""
        self._ahead()
        signature = _signature(self._data[self._at : self._at + _AHEAD])
        elements = Elements(base, signature)
        before, scanned, blocks, long = self._rows, self._at, 0, False
        while True:
            cut = elements.follow(self._data, scanned, len(self._data), long, self._ended)
            scanned = elements.at
            one = base == VALUES and elements.count == 1 and blocks == 0 and not long
            if one and not self._ended:
                cut = -1  # whether it is the only one shows when there is more
            if cut >= 0:
                if long:
                    yield self._text(self._data[self._at : cut], "bad_row")
                else:
                    alone = one and not self._data[cut:].strip()
                    yield self._block((memoryview(self._data)[self._at : cut],), base, signature, prefix, alone)
                blocks, self._at = blocks + 1, cut
                self._rows = before + elements.count
            if elements.closed:
                self._at = elements.closed
                break
            if long and cut >= 0:
                long = False
                continue
            if self._ended:
                break
            if len(self._data) - self._at > _MOST:
                if not long:
                    message = f"a record of more than {_MOST >> 20} MB; searched as text"
                    self._fault(ProblemCode.LIMIT, message, self._rows + 1)
                yield self._text(self._data[self._at : scanned], "bad_row")
                long, self._at = True, scanned
            scanned -= self._at
            self._more()
        if not elements.closed and not elements.open and self._data[self._at :].strip():
            alone = base == VALUES and blocks == 0
            yield self._block((self._data[self._at :],), base, signature, prefix, alone)
            self._at, self._rows = len(self._data), self._rows + elements.begun
        self._commas(elements.odd, base == VALUES and self._rows - before > 1)
        if base == VALUES and elements.open:
            self._cut("the document ends within a value; it was searched as text")
            yield from self._rest()
        return elements.closed > 0

    def _plain(self) -> Generator[Part, None, bool]:
        """Plain values of an array as text; returns whether its end was seen."""
        elements, scanned = Elements(ARRAY, (b"", 0)), self._at
        while True:
            cut = elements.follow(self._data, scanned, len(self._data), False, self._ended)
            scanned = elements.at
            stop = elements.closed or (len(self._data) if self._ended else max(cut, self._at))
            if stop > self._at:
                yield self._text(self._data[self._at : stop], "preamble")
                self._at = stop
            if elements.closed or self._ended:
                return elements.closed > 0
            scanned -= self._at
            self._more()

    def _size(self) -> int:
        return max(self._options.shard_bytes, len(self._data) - self._at)

    def _more(self) -> None:
        """Read on; what is dealt with is dropped."""
        piece, self._ended = next(self._pieces)
        if self.encoding != "utf-8" and b"\xef\xbf\xbd" in piece:
            self._fault(ProblemCode.INVALID_ENCODING, f"bytes that are no {self.encoding} were replaced")
        self._data, self._at = self._data[self._at :] + piece if self._at < len(self._data) else piece, 0

    def _ahead(self) -> str:
        """What comes next, as far as one looks ahead."""
        while not self._ended and len(self._data) - self._at < _AHEAD:
            self._more()
        return self._data[self._at : self._at + _AHEAD].decode("utf-8", "surrogateescape")

    def _loose(self, text: str, place: str) -> Iterator[Part]:
        """The text, which comes next, as text around the records."""
        data = text.encode("utf-8", "surrogateescape")
        self._at += len(data)
        if any(letter.isalnum() for letter in text):
            yield self._text(data, place)

    def _rest(self) -> Generator[Part, None, bool]:
        """All that is left, as text; returns whether it ends with a closing brace."""
        closes = False
        while True:
            data = self._data[self._at :]
            self._at = len(self._data)
            if data.strip():
                closes = data.rstrip().endswith(b"}")
                yield self._text(data, "footer")
            if self._ended:
                return closes
            self._more()

    def _text(self, data: bytes, place: str) -> Part:
        problems: list[Problem] = []
        data = cleaned(data, problems, None)
        return Parsed(self._next(), Chunk(0, (), (Loose(data, place),), tuple(problems)))

    def _block(
        self,
        pieces: tuple[bytes | memoryview, ...],
        layout: int,
        signature: tuple[bytes, int],
        prefix: str,
        alone: bool = False,
    ) -> Block:
        opening, quote = signature  # as it stands once bytes that are no UTF-8 are replaced
        signature = opening.decode("utf-8", "replace").encode(), quote
        return Block(self._next(), pieces, layout, self._rows, signature, prefix, self._options.limits, alone)

    def _next(self) -> int:
        self._order += 1
        return self._order

    def _commas(self, odd: bool, several: bool) -> None:
        if odd:
            self._fault(ProblemCode.CORRUPT, LIBERTIES)
        if several:
            self._fault(ProblemCode.SEVERAL_TABLES, _SEVERAL)

    def _fault(self, code: ProblemCode, message: str, row: int | None = None) -> None:
        self._faults.append(Problem(code, message, row))

    def _cut(self, message: str) -> None:
        self._partial = True
        self._fault(ProblemCode.TRUNCATED, message, self._rows + 1)


def name_lists(text: str) -> list[tuple[str, ...]]:
    """Lists of names in the text in front of records: of texts, or of objects each with a name of its own."""
    out: list[tuple[str, ...]] = []
    at = 0
    while (found := _LIST.search(text, at)) is not None:
        at = found.end()
        try:
            value, at = strict(text, found.end() - 1)
        except (ValueError, RecursionError):
            continue
        names = names_of(value)
        if names:
            out.append(names)
    return out


def names_of(value: list[Any]) -> tuple[str, ...]:
    """The names that a list is of, or its objects have; nothing where they are none."""
    if value and all(isinstance(item, str) and not INDEX.fullmatch(item) for item in value):
        return tuple(value)
    if value and all(isinstance(item, tuple) for item in value):
        fields = [dict(item) for item in value]
        for key in _NAMES:
            names = [field.get(key) for field in fields]
            if all(isinstance(name, str) and name for name in names) and len(set(names)) == len(names):
                return tuple(map(str, names))
    return ()


@dataclass(frozen=True, slots=True)
class _Named:
    """A part whose rows are arrays, with names instead of places."""

    part: Part
    prefix: str
    names: tuple[str, ...]

    @property
    def order(self) -> int:
        return self.part.order

    def read(self) -> Chunk:
        """The chunk, with names."""
        chunk = self.part.read()
        known = {name_of(self.prefix, str(place)): name for place, name in enumerate(self.names)}
        return replace(chunk, names=tuple(known.get(name, name) if name else name for name in chunk.names))


def _named(parts: Generator[Part, None, bool], prefix: str, names: tuple[str, ...]) -> Generator[Part, None, bool]:
    while True:
        try:
            part = next(parts)
        except StopIteration as stop:
            return bool(stop.value)
        yield _Named(part, prefix, names)


def _signature(data: bytes) -> tuple[bytes, int]:
    return signature_of(data, len(data) - len(data.lstrip()))


def _behind(text: str, at: int, script: bool) -> int:
    """The end of what may stand behind a document."""
    while True:
        found = SPACE.match(text, at)
        at = found.end() if found is not None else at
        if not (script and text[at : at + 1] in tuple(";)")):
            return at
        at += 1


def _layout(text: str, at: int) -> tuple[int, int, int, str]:
    """What the elements stand in, where they begin, within how many objects, and what their paths begin with."""
    if text[at : at + 1] == "[":
        return ARRAY, at + 1, 0, ""
    if text[at : at + 1] == "{":
        try:
            behind = _gap(text, strict(text, at)[1])
            several = behind < len(text) and text[behind] in "{["
        except (ValueError, RecursionError):
            several = False
        base, begin, level, _ = _next_array(text, at + 1, 1)
        if base != -1 and not several:
            return base, begin, level, ""
    return VALUES, at, 0, ""
