"""Encoding and dialect from the first bytes; pure functions, no input or output.

Everything is judged by how bytes and lines agree with each other, never by a vocabulary.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice, pairwise, zip_longest

import numpy as np
import numpy.typing as npt

_MAIN = b",\t;|"
_MINOR = b"^~:\x01\x1f\x1e\x02!$&%#*"
#: Delimiters that are rather bullets, comments and masks where they stand at the front of lines or side by side.
_SELDOM = b"#*"
_RECORDS = 300
_COMMON_1256 = frozenset(b"\xc7\xe1\xed\xe4\xe3\xe6\xd1\xc8\xca\xcf\xc0\xff\x98\xd3\xde\xdd\xe5\x9f")
_ONLY_1256 = frozenset(b"\x81\x8d\x8f\x90\x9d")
#: Of a cell: figures, what stands between the figures of a number or a date, letters.
_FIGURES, _WITH_FIGURES = b"0123456789", b" \t\n\r\f\v+-./:,()*"
_LETTERS = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" + bytes(range(128, 256))
#: All bytes but the control characters that text does not hold.
_NO_CONTROLS = bytes(range(32, 127)) + bytes(range(128, 256)) + b"\t\n\r\f\x1a\x1b"
_HEX = re.compile(rb"(?=[a-fA-F]*\d)[0-9a-fA-F]{16,}")
#: Digits in a row that are more than one field: the longest identifier has 20. Lines that are looked at for them.
_RUN_TOGETHER, _PACKED_LINES = re.compile(rb"[0-9]{24}"), 64
#: Encodings whose lines end with the bytes of ASCII.
BYTE_ENDS = frozenset({"utf-8", "windows-1252", "windows-1256"})
#: What is said of such lines.
PACKED = "lines of one length in which the digits of several fields run into each other: not told apart"
_PRICE = re.compile(rb"\$ ?\d")
_TIME = re.compile(rb"(?<![\d])\d{1,2}:\d\d(?!\d)|://")


@lru_cache(maxsize=8)  # each reader of text asks
def encoding_of(head: bytes) -> tuple[str | None, int]:
    """Encoding of text that begins so, and the bytes of its byte order mark; (None, 0) for bytes that are no text.

    Names are `utf-8` (plain ASCII too), `utf-16-le`, `utf-16-be`, `utf-32-le`, `utf-32-be`, `windows-1252`,
    `windows-1256`.
    """
    for mark, name in (
        (b"\xef\xbb\xbf", "utf-8"),
        (b"\xff\xfe\x00\x00", "utf-32-le"),
        (b"\x00\x00\xfe\xff", "utf-32-be"),
        (b"\xff\xfe", "utf-16-le"),
        (b"\xfe\xff", "utf-16-be"),
    ):
        if head.startswith(mark):
            return name, len(mark)
    if not head:
        return "utf-8", 0
    wide = _wide(head)
    if wide:
        return wide, 0
    if _control(head):
        return None, 0
    if head.isascii():
        return "utf-8", 0
    return _single_or_utf8(head), 0


_DECLARED = re.compile(rb"""(?:encoding|charset)\s*=\s*["']?\s*([A-Za-z0-9_.:-]{2,40})""", re.I)


def declared_encoding(head: bytes) -> tuple[str | None, int]:
    """As `encoding_of`, but bytes that are no UTF-8 are of the encoding that an XML declaration or page states."""
    encoding, mark = encoding_of(head)
    found = _DECLARED.search(head[:4096])
    if mark or found is None or encoding not in ("windows-1252", "windows-1256"):
        return encoding, mark
    try:
        name = codecs.lookup(found.group(1).decode()).name
        b"".decode(name)  # refuses codecs that are no encodings of text
    except LookupError:
        return encoding, mark
    if name in ("utf-8", "ascii", "iso8859-1") or name.startswith("utf-"):
        return encoding, mark
    return {"cp1252": "windows-1252", "cp1256": "windows-1256"}.get(name, name), mark


def _wide(head: bytes) -> str | None:
    sample = head[: min(len(head), 8192) // 4 * 4]
    if len(sample) < 4 or b"\0" not in sample:
        return None
    zero = [sample[i::4].count(0) / (len(sample) // 4) for i in range(4)]
    if min(zero[1], zero[2], zero[3]) > 0.9 and zero[0] < 0.1:
        return "utf-32-le"
    if min(zero[0], zero[1], zero[2]) > 0.9 and zero[3] < 0.1:
        return "utf-32-be"
    for name, high, low in (("utf-16-le", 1, 0), ("utf-16-be", 0, 1)):
        highs, lows = sample[high::2], sample[low::2]
        # high bytes of text are few (Latin and Arabic blocks), low bytes are never all zero
        plain = sum(highs.count(block) for block in (0, 6)) / len(highs)
        if plain > 0.9 and lows.count(0) / len(lows) < 0.05 and highs.count(0) > 0.05 * len(highs):
            return name
    return None


def _control(head: bytes) -> bool:
    controls = head[:65536].translate(None, _NO_CONTROLS)
    if not controls:
        return False
    counts = Counter(controls)
    total = min(len(head), 65536)
    for separator in (1, 2, 0x1C, 0x1D, 0x1E, 0x1F):
        if len(counts) <= 2:
            counts.pop(separator, None)
    share = sum(counts.values()) / total
    if share > 0.03:
        return True
    high = len(head.translate(None, bytes(range(128)))) / len(head)
    return share > 0.005 and high > 0.2 and not _mostly_utf8(head)


def _broken(head: bytes) -> tuple[int, int]:
    """Characters beyond ASCII that are valid UTF-8, and bytes that are not."""
    text = head.decode("utf-8", "surrogateescape")
    broken = len(re.findall("[\udc80-\udcff]", text))
    if re.search("[\udc80-\udcff]{1,3}$", text):
        broken = max(0, broken - 3)
    beyond = len(text) - len(re.findall("[\x00-\x7f]", text)) - broken
    return max(0, beyond), broken


def _mostly_utf8(head: bytes) -> bool:
    valid, broken = _broken(head[:65536])
    return valid > broken


def _single_or_utf8(head: bytes) -> str:
    valid, broken = _broken(head)
    if broken == 0 or valid > broken:
        return "utf-8"
    high = [byte for byte in head if byte >= 0x80]
    runs = len(re.findall(rb"[\x80-\xff]{2,}", head))
    single = len(re.findall(rb"(?<![\x80-\xff])[\x80-\xff](?![\x80-\xff])", head))
    common = sum(byte in _COMMON_1256 for byte in high) / len(high)
    rare = sum(byte in _ONLY_1256 for byte in high)
    if (runs >= single and common > 0.35) or (rare and common > 0.3 and runs * 2 > single):
        return "windows-1256"
    return "windows-1252"


@dataclass(frozen=True, slots=True)
class Table:
    """How a delimited text is laid out; offsets are of its UTF-8 form without byte order mark."""

    delimiter: bytes
    quote: bytes
    """Empty where none is in use."""
    escape: bool
    """A backslash takes the meaning from a quote."""
    newline: bytes
    width: int
    """Fields of a row, the empty one after a trailing delimiter included."""
    trailing: bool
    """Rows end with a delimiter; the last field is no column."""
    header: tuple[str | None, ...]
    """One entry a column, all None where there is no header."""
    header_bytes: tuple[bytes, ...]
    """The header's fields as they stand; empty where there is none."""
    begin: int
    """Bytes before the first data row."""
    preamble: tuple[bytes, ...]
    """Lines above the header."""
    loose_header: tuple[bytes, ...]
    """Header rows that hold text to be searched."""
    kinds: tuple[str, ...] = ()
    """The commonest shape of cell of each column (see `kind_of`); empty where a column has none."""
    top: int = 0
    """Bytes above the header, or above the first row."""
    stands_for: bytes = b""
    """What `delimiter` was put in place of, where that is longer than a byte."""
    ended_by: bytes = b""
    """What line ends were put in place of, where records end with a control instead."""


def newline_of(head: bytes) -> bytes:
    r"""`\n`, `\r\n` or `\r`."""
    line_feeds = head.count(b"\n")
    pairs = head.count(b"\r\n")
    if line_feeds == 0:
        return b"\r" if b"\r" in head else b"\n"
    return b"\r\n" if pairs * 2 > line_feeds else b"\n"


def split_record(data: bytes, at: int, delimiter: bytes, quote: bytes, escape: bool = False) -> tuple[list[bytes], int]:
    """Fields of the record that begins at `at`, and where the next begins."""
    fields: list[bytes] = []
    end = len(data)
    while True:
        value = b""
        if quote and data.startswith(quote, at):
            at += 1
            while True:
                close = data.find(quote, at)
                if close < 0:
                    fields.append(value + data[at:])
                    return fields, end
                if escape and data[close - 1 : close] == b"\\":
                    value += data[at : close - 1] + quote
                    at = close + 1
                    continue
                value += data[at:close]
                at = close + 1
                if data.startswith(quote, at):
                    value += quote
                    at += 1
                    continue
                break
        stops = [stop for stop in (data.find(b"\n", at), data.find(b"\r", at)) if stop >= 0]
        line = min(stops) if stops else end
        cut = data.find(delimiter, at, line)
        if cut >= 0:
            fields.append(value + data[at:cut])
            at = cut + 1
            continue
        fields.append(value + data[at:line])
        return fields, line + (2 if data.startswith(b"\r\n", line) else 1)


@dataclass(slots=True)
class _Record:
    fields: list[bytes]
    begin: int
    end: int


def _records(data: bytes, delimiter: bytes, quote: bytes, escape: bool, final: bool) -> list[_Record]:
    return list(_each_record(data, delimiter, quote, escape, final))


def _each_record(data: bytes, delimiter: bytes, quote: bytes, escape: bool, final: bool) -> Iterator[_Record]:
    at, size, count = 0, len(data), 0
    returns = b"\r" in data
    while at < size and count < _RECORDS:
        stop = data.find(b"\n", at)
        stop = size if stop < 0 else stop
        if returns and (early := data.find(b"\r", at, stop)) >= 0:
            stop = early
        line = data[at:stop]
        if quote in line:
            fields, after = split_record(data, at, delimiter, quote, escape)
            line = data[at:after].rstrip(b"\r\n")
            if not escape and b"\n" not in line and b"\r" not in line:
                fields = lenient_fields(line, delimiter, quote)
        else:
            fields, after = line.split(delimiter), stop + (2 if data.startswith(b"\r\n", stop) else 1)
        if after >= size and not final and count:
            break
        if fields != [b""]:
            yield _Record(fields, at, min(after, len(data)))
            count += 1
        at = after


class _Lines:
    """A text that may be a table, asked for its records with one delimiter after the other."""

    def __init__(self, data: bytes, final: bool) -> None:
        self._data, self._final = data, final
        self._returns = b"\r" in data
        self._plain: list[tuple[bytes, int, int]] | None = None
        self._held: tuple[tuple[bytes, bytes, bool], list[_Record]] | None = None

    def _lines(self) -> list[tuple[bytes, int, int]]:
        """The lines that are records where there are no quotes and line feeds alone end lines; with begin and end."""
        if self._plain is None:
            self._plain = []
            at, size = 0, len(self._data)
            for line in self._data.split(b"\n"):
                after = at + len(line) + 1
                if at >= size or len(self._plain) >= _RECORDS or (after >= size and not self._final and self._plain):
                    break
                if line:
                    self._plain.append((line, at, min(after, size)))
                at = after
        return self._plain

    def _whole(self, quote: bytes) -> bool:
        """Whether lines are records."""
        return not self._returns and quote not in self._data

    def widths(self, delimiter: bytes, quote: bytes, escape: bool) -> list[int]:
        """How many fields each of the first records has."""
        if self._whole(quote):
            return [line.count(delimiter) + 1 for line, _, _ in self._lines()]
        return [len(one.fields) for one in self.records(delimiter, quote, escape)]

    def firsts(self, delimiter: bytes, quote: bytes, escape: bool) -> list[bytes]:
        """The first field of each of the first records."""
        if self._whole(quote) and delimiter not in self._data:
            return [line for line, _, _ in self._lines()]
        return [one.fields[0] for one in self.records(delimiter, quote, escape)]

    def timed(self, delimiter: bytes, quote: bytes, escape: bool, first: int) -> bool:
        """Whether colons rather belong to times, addresses or keys; the table begins with the record `first`."""
        if self._whole(quote):
            texts = [line for line, _, _ in self._lines()]
        else:
            texts = [self._data[one.begin : one.end] for one in self.records(delimiter, quote, escape)]
        return any(map(_TIME.search, texts[first : first + 50])) or sum(b": " in one for one in texts) * 4 > len(texts)

    def records(self, delimiter: bytes, quote: bytes, escape: bool) -> list[_Record]:
        """The first records."""
        if self._whole(quote):
            return [_Record(line.split(delimiter), begin, end) for line, begin, end in self._lines()]
        asked = delimiter, quote, escape
        if self._held is None or self._held[0] != asked:
            self._held = asked, _records(self._data, *asked, self._final)
        return self._held[1]


def kind_of(cell: bytes) -> str:
    """Shape of a cell: n(umber or date), h(ex digest), e(-mail), m(ixed), w(ords), empty."""
    if cell.isdigit():
        return "n"
    if cell.isalpha():
        return "w"
    cell = cell.strip().strip(b"'\"=")
    if not cell:
        return ""
    bare = cell.translate(None, _FIGURES)
    digits = len(cell) - len(bare)
    if digits and not bare.translate(None, _WITH_FIGURES):
        return "n"
    if digits and len(cell) >= 16 and not bare.translate(None, b"abcdefABCDEF"):
        return "h"
    if b"@" in cell and b"." in cell and b" " not in cell:
        return "e"
    if not digits:
        if cell.isascii():
            return "w"
        # digits of other scripts are digits too
        text = cell.decode("utf-8", "replace")
        digits = sum(character.isdecimal() for character in text)
        if not digits:
            return "w"
        return "n" if digits * 2 > sum(character.isalnum() for character in text) else "m"
    letters = len(bare) - len(bare.translate(None, _LETTERS))
    if digits > letters and (len(cell) > 3 or not letters):
        return "n"
    return "m"


#: All bytes but figures, but what is in no word, but letters; NUL is what parts cells.
_NO_FIGURES, _IN_WORDS, _NO_LETTERS = (
    bytes(byte for byte in range(256) if byte not in kept)
    for kept in (
        b"\0" + _FIGURES,
        _FIGURES + b"@" + bytes(range(128, 256)),
        b"\0" + _LETTERS[:52],
    )
)


def alike(cells: Sequence[bytes]) -> str:
    """The kind of all cells of a column where it shows at a glance; else empty."""
    text = b"\0".join(cells)
    if text.count(b"\0") != len(cells) - 1:
        return ""
    if len(text.translate(None, _WITH_FIGURES + _FIGURES)) == len(cells) - 1:
        return "n" if _all_filled(text.translate(None, _NO_FIGURES)) else ""
    if not text.translate(None, _IN_WORDS):
        return "w" if _all_filled(text.translate(None, _NO_LETTERS)) else ""
    return ""


def _all_filled(text: bytes) -> bool:
    """Whether something stands before, between and behind the NULs of a text."""
    return b"\0\0" not in text and text[:1] not in b"\0" and text[-1:] not in b"\0"


class _Kinds(dict[bytes, str]):
    """What `kind_of` says of the cells of one table, each asked once: several questions are put to the same cells."""

    def __missing__(self, cell: bytes) -> str:
        kind = self[cell] = kind_of(cell)
        return kind


def _kinds() -> Callable[[bytes], str]:
    return _Kinds().__getitem__


def _votes(
    first: list[bytes],
    body: list[list[bytes]],
    kind_of: Callable[[bytes], str] = kind_of,
    seen: dict[int, str] | None = None,
) -> tuple[float, float]:
    """Weight for and against the first row being names of what stands below; `seen` gets what is `alike` in columns."""
    for_names = against = 0.0
    numbers = [field.strip() for field in first if field.strip().isdigit()]
    series = False
    if len(numbers) >= 3:
        values = [int(number) for number in numbers[:200]]
        steps = {b - a for a, b in pairwise(values)}
        series = len(steps) == 1 and steps != {0}
    columns = list(zip_longest(*body, fillvalue=b""))
    for place, (field, column) in enumerate(zip(first, columns, strict=False)):
        kind = kind_of(field)
        if not kind:
            continue
        shown = alike(column)
        if seen is not None:
            seen[place] = shown
        cells = column if shown else [cell for cell in column if cell.strip()]
        if not cells:
            continue
        kinds = Counter({shown: len(cells)}) if shown else Counter(map(kind_of, cells))
        common, times = kinds.most_common(1)[0]
        if times < 0.6 * len(cells):
            solid = kinds["n"] + kinds["h"] + kinds["m"] + kinds["e"]
            common = "m" if solid >= 0.6 * len(cells) else "w"
        if common == "n":
            if kind == "n":
                lengths = sorted(len(cell.strip()) for cell in cells)
                if series or lengths[-1] * 2 <= len(field.strip()):
                    for_names += 0.5
                else:
                    against += 1
            elif kind in "wm":
                for_names += 1
            else:
                against += 1
        elif common in "he":
            if kind == common:
                against += 1
            else:
                for_names += 1
        elif common == "m":
            if kind == "w":
                for_names += 0.5
            elif kind in "neh":
                against += 0.5
        else:
            if kind in "neh" and len(field.strip()) >= 7:
                against += 0.5
            if kind in "w" and any(cell.strip() == field.strip() for cell in cells):
                against += 0.5
    return for_names, against


def is_header(
    first: list[bytes],
    body: list[list[bytes]],
    kind_of: Callable[[bytes], str] = kind_of,
    seen: dict[int, str] | None = None,
) -> bool:
    """Whether the first row names the columns; a row that holds data never does. `seen` as in `_votes`."""
    if not any(field.strip() for field in first):
        return False
    if not body:
        return len(first) > 1 and all(kind_of(field) in ("w", "") for field in first)
    for_names, against = _votes(first, body, kind_of, seen)
    if for_names or against:
        return for_names > against
    filled = [field.strip().lower() for field in first if field.strip()]
    if len(first) < 2 or len(set(filled)) < len(filled) or len(filled) * 2 < len(first):
        return False
    return all(len(field) <= 40 for field in filled) and all(kind_of(field) in "wm" for field in filled)


def _prose(records: list[_Record], data: bytes) -> bool:
    """Whether lines read like sentences rather than rows."""
    lines = [data[one.begin : one.end].strip() for one in records]
    if not lines:
        return False
    ended = sum(line.endswith((b".", b"!", b"?")) for line in lines) / len(lines)
    spaced = sum(line.count(b", ") for line in lines)
    commas = sum(line.count(b",") for line in lines)
    words = sum(line.count(b" ") for line in lines) / max(1, sum(len(one.fields) for one in records))
    quoted = any(b'"' in line for line in lines)
    if ended > 0.6 and sum(line.count(b" ") for line in lines) > 4 * len(lines) and not quoted:
        return True
    return len(lines) < 5 and commas > 0 and spaced * 2 > commas and words > 1 and not quoted


def _bulleted(records: list[_Record], doubled: int) -> bool:
    """Whether a mark stands at the front of lines, or beside itself as in masked numbers."""
    in_front = sum(not one.fields[0].strip() for one in records)
    return in_front * 10 > len(records) or doubled * 2 > len(records)


def _commas_of_prose(records: list[_Record]) -> bool:
    spaced = sum(any(field.startswith(b" ") for field in one.fields) for one in records)
    return spaced * 3 > len(records)


def _quote_of(data: bytes, delimiter: bytes) -> bytes:
    if b'"' not in data and data.count(b"'") < 4:
        return b'"'
    around = rb"(?:^|[\r\n]|" + re.escape(delimiter) + rb")%b[^\r\n]*?%b(?:" + re.escape(delimiter) + rb"|[\r\n]|$)"
    opened = rb"(?:^|[\r\n]|" + re.escape(delimiter) + rb")%b"
    if b'"' in data and len(re.findall(opened % b'"', data)) >= len(re.findall(opened % b"'", data)):
        return b'"'
    if data.count(b"'") >= 4:
        pairs = len(re.findall(around % (b"'", b"'"), data))
        starts = len(re.findall(rb"(?:^|[\r\n]|" + re.escape(delimiter) + rb")'", data))
        if pairs * 2 >= starts * 0.8 and pairs >= 2:
            return b"'"
    return b'"'


def _escaped(data: bytes, delimiter: bytes) -> bool:
    if b"\\" not in data or b'\\"' not in data:
        return False
    inner = len(re.findall(rb'\\"(?!' + re.escape(delimiter) + rb"|[\r\n]|$)", data))
    return inner > 0 and inner >= data.count(b'""')


@lru_cache(maxsize=8)  # a text is asked about when it is recognised and again when it is read
def table_of(head: bytes, final: bool, name: str = "") -> Table | None:
    """The layout of a delimited text from its first bytes (UTF-8, no mark), or None where it is no table.

    `final` says that `head` is all of it. `name` only tips what could be either, as a list of words.
    """
    data = head[:65536] if len(head) > 65536 else head
    final = final and len(data) == len(head)
    if not final and b"\n" not in data and b"\r" not in data:
        data = head
    if not data.strip():
        return None
    if data.count(RECORD_END) > 1 and b"\n" not in data and b"\r" not in data:
        lined = table_of(head.replace(RECORD_END, b"\n"), final and len(data) == len(head), name)
        return lined and replace(lined, ended_by=RECORD_END)
    long = _with_long(data, final, name)
    if long is not None:
        return long
    ext = name.lower().rsplit(".", 1)[-1] if "." in name else ""
    tabular = ext in ("csv", "tsv", "tab", "psv")
    forced = re.match(rb"sep=(.)\r?\n", data)
    best: tuple[float, bytes, bytes, bool, int, list[_Record]] | None = None
    candidates = forced.group(1) if forced else _MAIN + _MINOR + b" "
    lines = _Lines(data, final)
    for value in candidates:
        delimiter = bytes([value])
        if delimiter not in data:
            continue
        main = value in _MAIN or bool(forced)
        if delimiter == b"$" and len(_PRICE.findall(data)) * 2 > data.count(b"$"):
            continue
        quote = _quote_of(data, delimiter) if main or value in b"^~:" else b'"'
        escape = quote == b'"' and _escaped(data, delimiter)
        found = lines.widths(delimiter, quote, escape)
        widths = Counter(found)
        width = max(widths, key=lambda k: (widths[k] * (1 if k > 1 else 0), k), default=0)
        if width < 2:
            continue
        first = found.index(width)
        body = len(found) - first
        share = widths[width] / len(found)
        within = widths[width] / body
        aside = first and body > first
        if aside and body >= 8:
            share = max(share, within * 0.95)
        elif aside and width >= 3 and body >= 3 and within == 1 and main:
            records = lines.records(delimiter, quote, escape)
            ruled = any(not data[one.begin : one.end].strip(b"-:|+= \r\n") for one in records)
            share = share if ruled else 0.9
        if not main and value not in b"^~: " and (share < 0.95 or len(found) < 3):
            continue
        if share < (0.8 if not main else 0.5 if tabular else 0.7):
            continue
        if value == 0x3A and lines.timed(delimiter, quote, escape, first):
            continue
        records = lines.records(delimiter, quote, escape)
        if value in _SELDOM and (width < 3 or _bulleted(records, data.count(delimiter * 2))):
            continue
        if value == 0x20 and not _spaced_table(records, width, share):
            continue
        if value == 0x2C and not tabular and share < 0.9 and _commas_of_prose(records):
            continue
        if not forced and not tabular and value in b",;:| " and _prose(records, data):
            continue
        rank = share * (1 - 1 / (width + 1)) * (1.0 if main else 0.8 if value != 0x20 else 0.6)
        if best is None or rank > best[0]:
            best = (rank, delimiter, quote, escape, width, records)
    if best is None:
        return _single(data, final, tabular)
    _, delimiter, quote, escape, width, records = best
    return _layout(data, delimiter, quote, escape, width, records)


#: Delimiters of several bytes that exporters use so that no cell may hold one.
_OF_LONG = rb"[^\w\s\"'.\-()/@*=<>{}\[\]\x80-\xff]"
_LONG = re.compile(rb"\xc2[\xa1-\xac\xae-\xbf]|" + _OF_LONG + rb"{2,5}|\t\|\t| \| |[,;] ")
#: ASCII's record separator.
RECORD_END = b"\x1e"
#: Stands in for a longer delimiter: a control that text does not hold.
STAND_IN = b"\x1f"


#: Bytes as those that several of make a long delimiter, and all others.
_MARKS = bytes(0x21 if re.fullmatch(_OF_LONG, bytes([byte])) else 0x20 for byte in range(256))


def _may_be_long(text: bytes, quotes: bool) -> bool:
    """Whether a delimiter of several bytes stands in a text at all; one that ends in a blank counts beside `quotes`."""
    if b"!!" in text.translate(_MARKS) or b"\xc2" in text:
        return True
    if b"|" in text and (b"\t|\t" in text or b" | " in text):
        return True
    return quotes and (b", " in text or b"; " in text)


def long_delimiter(data: bytes) -> bytes:
    """A delimiter of several bytes that all lines share equally; empty where there is none."""
    lines = list(islice((line for line in data[:32768].splitlines() if line.strip()), 60))
    if len(data) > 32768:
        lines = lines[:-1]
    if len(lines) < 2 or STAND_IN in data or not _may_be_long(b"\n".join(lines[:20]), b'"' in data):
        return b""
    seen: Counter[bytes] = Counter(run for line in lines[:20] for run in set(_LONG.findall(line)))
    for run, _ in seen.most_common(8):
        for mark in dict.fromkeys((run, run[: len(run) // 2]) if run[: len(run) // 2] * 2 == run else (run,)):
            if len(mark) < 2 or not mark.strip(b"#"):  # masks are written so too
                continue
            if mark.endswith(b" ") and mark[:1] in b",;":
                # a blank after each delimiter matters where a quoted cell follows it
                if mark + b'"' in data and data.count(mark[:1]) <= 1.1 * data.count(mark):
                    return mark
                continue
            counts = Counter([line.count(mark) for line in lines])
            times, agree = counts.most_common(1)[0]
            if not times or agree < 0.8 * len(lines):
                continue
            if 4 * sum(line.replace(mark, b"").count(mark[:1]) for line in lines) > times * agree:
                continue
            if sum(line.endswith(mark) for line in lines) * 2 > len(lines) and mark[:1] * len(mark) == mark:
                continue  # empty cells at the end of each line
            if not _within_cells(mark, times, lines):
                return mark
    return b""


def _within_cells(mark: bytes, times: int, lines: list[bytes]) -> bool:
    """Whether a usual delimiter cuts the lines as evenly and finer: `mark` belongs to cells, as in `tel:+92`."""
    for value in _MAIN:
        if value not in mark:
            count, agree = Counter(line.count(value) for line in lines).most_common(1)[0]
            if count >= times and agree >= 0.8 * len(lines):
                return True
    return False


def _with_long(data: bytes, final: bool, name: str) -> Table | None:
    mark = long_delimiter(data)
    if not mark:
        return None
    plain = data.replace(mark, STAND_IN)
    records = _records(plain, STAND_IN, _quote_of(plain, STAND_IN), False, final)
    widths = Counter(len(one.fields) for one in records)
    width, times = widths.most_common(1)[0] if widths else (0, 0)
    if width < 2 or times < 0.8 * len(records) or _prose(records, data):
        return None
    made = _layout(plain, STAND_IN, _quote_of(plain, STAND_IN), False, width, records)
    if mark.endswith(b" ") and len(records) < 3 and not any(made.header):
        return None
    restored = tuple(line.replace(STAND_IN, mark) for line in made.preamble)
    return replace(made, stands_for=mark, preamble=restored)


def lenient_fields(text: bytes, delimiter: bytes, quote: bytes) -> list[bytes]:
    """Fields of one line where a quote counts only if it is closed at the end of its field."""
    if not quote or quote not in text:
        return text.split(delimiter)
    mark, stop = re.escape(quote), re.escape(delimiter)
    shape = rb"(?s:%b((?:(?!%b).|%b%b)*)%b(?=%b|$)|((?:(?!%b).)*))(?:%b|$)" % (
        mark, mark, mark, mark, mark, stop, stop, stop
    )  # fmt: skip
    fields = []
    at = 0
    pattern = re.compile(shape)
    while True:
        found = pattern.match(text, at)
        if found is None:
            return text.split(delimiter)
        quoted, plain = found.groups()
        fields.append(quoted.replace(quote * 2, quote) if quoted is not None else plain)
        if not found.group().endswith(delimiter) or found.end() == at:
            return fields
        at = found.end()


def fit_row(fields: list[bytes], kinds: tuple[str, ...], delimiter: bytes) -> list[bytes] | None:
    """A row with too many or too few fields laid into its columns by the shapes of the cells; None where none fits.

    Surplus fields are joined into one cell, missing ones stand empty, wherever most cells then have the shape of their
    column.
    """
    width, count = len(kinds), len(fields)
    if count < 2 or width < 2 or count == width:
        return None
    shapes = [kind_of(field) for field in fields]

    def agrees(column: int, shape: str) -> float:
        if not shape or not kinds[column]:
            return 0.0
        if shape == kinds[column]:
            return 1.0
        return 0.2 if "m" in (shape, kinds[column]) else -1.0

    over = count - width
    left = [0.0]
    for index in range(min(width, count)):
        left.append(left[-1] + agrees(index, shapes[index]))
    right = [0.0]
    for index in range(min(width, count)):
        right.append(right[-1] + agrees(width - 1 - index, shapes[count - 1 - index]))
    best: tuple[float, int] | None = None
    for gap in range(width if over > 0 else count + 1):
        score = left[gap] + right[min(width, count) - gap - (1 if over > 0 else 0)]
        if over > 0:
            pieces = [field for field in fields[gap : gap + over + 1] if field.strip()]
            joined = pieces[0] if len(pieces) == 1 else delimiter.join(fields[gap : gap + over + 1])
            score += agrees(gap, kind_of(joined)) - (0.5 if len(pieces) > 1 and kinds[gap] in "nhe" else 0)
            score += 0.3 if len(pieces) <= 1 else 0
        if best is None or score >= best[0]:
            best = (score, gap)
    filled = sum(bool(shape) for shape in shapes)
    if best is None or best[0] < (0.5 if count * 2 >= width else 0.9) * min(filled, width):
        return None
    gap = best[1]
    if over > 0:
        pieces = [field for field in fields[gap : gap + over + 1] if field.strip()]
        joined = pieces[0] if len(pieces) == 1 else delimiter.join(fields[gap : gap + over + 1])
        return [*fields[:gap], joined, *fields[gap + over + 1 :]]
    return [*fields[:gap], *[b""] * -over, *fields[gap:]]


def row_of(text: bytes, table: Table) -> list[bytes] | None:
    """The cells of a line that did not parse as a row of the table, as far as it can be told; else None."""
    fields = lenient_fields(text, table.delimiter, table.quote)
    if len(fields) == table.width:
        return fields
    for other in _MAIN:
        mark = bytes([other])
        if mark != table.delimiter and len(fields) < table.width and mark in text:
            again = lenient_fields(text, mark, table.quote)
            if len(again) == table.width:
                return again
    return fit_row(fields, table.kinds, table.delimiter)


#: Bytes among which the tables of one file are told apart.
SECTION_BYTES = 4 << 20
_MOST_SECTIONS = 200
#: Bytes of a text whose tables are remembered for the next question.
_HELD = 1 << 18
#: Lines that are looked at as headers of a further table.
_MOST_TRIES = 500
_BLANK = re.compile(rb"[\s,;|]*")
#: Whether each byte makes a line more than blank.
_FILLS = np.array([_BLANK.fullmatch(bytes([byte])) is None for byte in range(256)])


def blank_line(line: bytes) -> bool:
    """Whether a line holds nothing but delimiters."""
    return _BLANK.fullmatch(line) is not None


def sections_of(data: bytes, final: bool, name: str = "") -> list[tuple[int, Table]]:
    """Where each table of a delimited text begins, and its layout; one entry where there is one table.

    A further table begins with a header of its own, other than the one above, over rows as wide as it.
    """
    # a short text is asked about when it is recognised and again when it is read
    return list((_sections if len(data) <= _HELD else _sections.__wrapped__)(data, final, name))


@lru_cache(maxsize=4)
def _sections(data: bytes, final: bool, name: str) -> tuple[tuple[int, Table], ...]:
    table = _first_table(data, final, name)
    if table is None:
        return ()
    out = [(0, table)]
    end = b"\r" if table.newline == b"\r" else b"\n"
    lines = data.split(end)
    at = np.cumsum([0, *(len(line) + 1 for line in lines)])
    odd = _odd_lines(data, at, table)
    gap = False
    start = table.begin
    tries = _MOST_TRIES
    index = -1
    while not (table.stands_for or table.ended_by) and len(out) < _MOST_SECTIONS and tries:
        index += 1
        if not gap:  # a line as wide as the table is its row, unless it stands behind an empty one
            ahead = int(np.searchsorted(odd, index))
            index = int(odd[ahead]) if ahead < len(odd) else len(lines)
        if index >= len(lines) - 2:
            break
        line = lines[index]
        if at[index] < start:
            continue
        if blank_line(line):
            gap = True
            continue
        here, gap = gap, False
        if not here and line.count(table.delimiter) == table.width - 1:
            continue
        tries -= 1
        place = int(at[index])
        fresh = _section(data, lines, index, place, table, here, name, final)
        if fresh is None:
            gap = here and table.delimiter not in line  # a title may stand between
            continue
        out.append((place, fresh))
        table, start = fresh, place + fresh.begin
        odd = _odd_lines(data, at, table)
    return tuple(out)


def _odd_lines(data: bytes, at: npt.NDArray[np.int64], table: Table) -> npt.NDArray[np.int64]:
    """Numbers from 0, ascending, of the lines that begin `at` and are blank or not as wide as the table."""
    text = np.frombuffer(data, np.uint8)
    delimiters = np.diff(np.searchsorted(np.flatnonzero(text == table.delimiter[0]), at))
    filled = np.logical_or.reduceat(np.append(_FILLS[text], False), at[:-1])  # the last line may begin at the end
    return np.flatnonzero((delimiters != table.width - 1) | ~filled)


def _first_table(data: bytes, final: bool, name: str) -> Table | None:
    """The layout of the first table, also where a larger one that follows would hide it."""
    table = table_of(data[:1048576], final and len(data) <= 1048576, name)
    if table is not None and table.width > 1 and not table.preamble:
        return table
    gap = re.search(rb"\n[ \t,;|]*\r?\n", data[:65536])
    cuts = [gap.start() + 1] if gap is not None else []
    if table is not None and len(table.preamble) > 2:
        cuts.append(table.top)
    for cut in cuts:
        first = table_of(data[:cut], True, name)
        named = first is not None and sum(map(bool, first.header)) > 1
        if first is not None and named and data[first.begin : cut].strip():
            return first
    return table


def _section(
    data: bytes, lines: list[bytes], index: int, at: int, table: Table, gap: bool, name: str, final: bool
) -> Table | None:
    line = lines[index].strip(b"\r")
    marks = [mark for mark in dict.fromkeys((table.delimiter, b",", b";", b"\t", b"|")) if mark in line]
    for mark in marks:
        if any(kind_of(field) in ("n", "h", "e") for field in line.split(mark, 3)[:3]):
            continue
        fields = lenient_fields(line, mark, table.quote)
        filled = [field for field in fields if field.strip()]
        if len(filled) < 2 or any(kind_of(field) not in ("w", "m") for field in filled):
            continue
        if tuple(fields) == table.header_bytes:
            return None
        body = [lenient_fields(one.strip(b"\r"), mark, table.quote) for one in lines[index + 1 : index + 21]]
        same = 0
        for row in body:
            if len(row) != len(fields):
                break
            same += 1
        if same < (1 if gap else 3) or not is_header(fields, body[:same]):
            continue
        if table.quote and data.count(table.quote, 0, at) % 2:
            return None
        votes = _votes(fields, body[:same])
        if votes[0] < 1 or (not gap and votes[0] < 2):
            continue
        made = table_of(data[at : at + 65536], final and at + 65536 >= len(data), name or "x.csv")
        if made is not None and made.width == len(fields) and any(made.header) and not made.preamble:
            return made
    return None


def _spaced_table(records: list[_Record], width: int, share: float) -> bool:
    if share < 0.95 or len(records) < 3:
        return False
    first = [one.fields[0] for one in records]
    if sum(bool(_HEX.fullmatch(field)) for field in first) > 0.9 * len(first):
        return True
    if width < 3:
        return False
    body = [one.fields for one in records[1:] if len(one.fields) == width]
    kinds = [Counter(kind_of(row[i]) for row in body).most_common(1)[0] for i in range(width)]
    steady = sum(times > 0.9 * len(body) for _, times in kinds)
    solid = sum(kind == "n" for kind, _ in kinds)
    return steady == width and solid >= 2 and (solid < width or width >= 5)


def _first_row(records: list[_Record], width: int) -> int:
    """The first record of the table: of its width, and not a title that an exporter filled up with empty fields."""
    fitting = [index for index, one in enumerate(records) if len(one.fields) == width]
    if sum(map(bool, map(bytes.strip, records[fitting[0]].fields))) > 1:
        return fitting[0]
    filled = [sum(map(bool, map(bytes.strip, records[index].fields))) for index in fitting[:50]]
    usual = sorted(filled)[len(filled) // 2]
    for index, count in zip(fitting, filled, strict=False):
        if count > 1 or usual < 3:
            return index
    return fitting[0]


def _layout(data: bytes, delimiter: bytes, quote: bytes, escape: bool, width: int, records: list[_Record]) -> Table:
    start = _first_row(records, width)
    kind_of = _kinds()
    rows = [one.fields for one in records[start:] if len(one.fields) == width]
    shift = 0
    if start and abs(len(records[start - 1].fields) - width) == 1 and len(records[start - 1].fields) > 1:
        above, body = records[start - 1].fields, rows[:200]
        if len(above) == width - 1:
            ends = not any(row[-1].strip() for row in body)
            lined = [*above, b""] if ends else [b"", *above]
        else:
            blank = next((i for i in range(len(above) - 1, -1, -1) if not above[i].strip()), None)
            lined = [] if blank is None else above[:blank] + above[blank + 1 :]
        if len(above) == width - 1 and not is_header(lined, body, kind_of):
            lined = [*above, b""]
        if lined and is_header(lined, body, kind_of) and not is_header(rows[0], rows[1:201], kind_of):
            start, shift = start - 1, 1
            rows = [lined, *rows]
    trailing = width > 1 and not any(row[-1].strip() for row in rows) and len(rows) > 0
    header: list[str | None] = [None] * width
    header_bytes: tuple[bytes, ...] = ()
    loose: list[bytes] = []
    begin = records[start].begin
    preamble_end = begin
    seen: dict[int, str] = {}
    if is_header(rows[0], rows[1:201], kind_of, seen):
        names = [field.decode("utf-8", "replace").strip() for field in rows[0]]
        header_bytes = tuple(rows[0])
        used = start
        if not shift and len(rows) > 3:
            second = rows[1]
            wordy = all(kind_of(field) in ("w", "") for field in second)
            for_names, against = _votes(second, rows[2:200], kind_of) if wordy else (0, 0)
            if for_names >= 2 and not against:
                fresh = [field.decode("utf-8", "replace").strip() for field in second]
                names = [" ".join(part for part in pair if part) for pair in zip(names, fresh, strict=True)]
                header_bytes, used = (), start + 1
        if any(len(re.sub(rb"\D", b"", field)) >= 7 or b"@" in field for field in rows[0]):
            loose.append(delimiter.join(rows[0]) if delimiter != b"\x1f" else b"\n".join(rows[0]))
        header = [name or None for name in names]
        begin = records[used].end
    top: bytes = data[:preamble_end]
    preamble = tuple(line for line in re.split(rb"[\r\n]+", top) if line.strip())
    stated = _stated(preamble, delimiter, width) if not any(header) else []
    header = stated or header
    if trailing:
        header = header[:-1]
    body = [row for row in rows[(1 if header_bytes else 0) :][:200] if len(row) == width] or rows[:1]
    kinds = []
    for place, column in enumerate(zip(*body, strict=True)):
        shown = seen[place] if header_bytes and place in seen else alike(column)
        kinds.append([(shown, 0)] if shown else Counter(filter(None, map(kind_of, column))).most_common(1))
    return Table(
        delimiter, quote, escape, newline_of(data), width, trailing, tuple(header), header_bytes, begin,
        preamble, tuple(loose), tuple(kind[0][0] if kind else "" for kind in kinds), preamble_end,
    )  # fmt: skip


#: A comment above the rows of a log that names their fields (W3C's extended log format, Zeek).
_FIELDS = re.compile(rb"#\s*fields\s*[: \t]\s*(.+)", re.I)


def _stated(preamble: tuple[bytes, ...], delimiter: bytes, width: int) -> list[str | None]:
    """Names of the columns by the last comment that lists as many as there are; else none."""
    for line in reversed(preamble):
        found = _FIELDS.fullmatch(line.strip())
        names = found[1].split(delimiter) if found is not None else []
        if len(names) == width:
            return [name.decode("utf-8", "replace").strip() or None for name in names]
    return []


#: Rows, one a field, beyond which no record has so many fields.
_MOST_FIELDS = 100


def sideways(text: bytes, table: Table) -> tuple[list[str], list[list[bytes]]] | None:
    """Names and records of a table that has a record a column, from the whole of its text; None where it has not.

    The first cell of each row then names what the others are, which are alike, while those of a column are not.
    """
    if table.stands_for or table.ended_by or table.width < 3:
        return None
    rows: list[list[bytes]] = []
    for one in _each_record(text[table.top :], table.delimiter, table.quote, table.escape, True):
        if any(field.strip() for field in one.fields):
            name = one.fields[0].strip()
            if len(one.fields) != table.width or kind_of(name) != "w" or len(name) > 40 or len(rows) == _MOST_FIELDS:
                return None
            rows.append(one.fields)
    names = [row[0].strip() for row in rows]
    if len(rows) < 3 or len(set(names)) < len(names):
        return None
    kinds = []
    for row in rows:
        seen = Counter(kind for cell in row[1:] if (kind := kind_of(cell)))
        kind, times = seen.most_common(1)[0] if seen else ("", 0)
        kinds.append(kind if times >= 0.8 * seen.total() else "")
    below = kinds[1:]  # the first row may be names of columns after all
    solid = sum(kind in ("n", "h", "e") for kind in below)
    if not solid or "w" not in below or kinds.count("") * 4 > len(kinds):
        return None
    return [name.decode("utf-8", "replace") for name in names], [list(column) for column in zip(*rows, strict=True)][1:]


def _single(data: bytes, final: bool, tabular: bool) -> Table | None:
    """A list with one value a line."""
    quote = _quote_of(data, b"\x1f")
    lines = _Lines(data, final)
    if set(lines.widths(b"\x1f", quote, False)) != {1}:
        return None
    cells = [cell.strip() for cell in lines.firsts(b"\x1f", quote, False)]
    body = cells[1:] or cells
    solid = 0
    for place, cell in enumerate(body, 1):
        if len(cell) <= 64 and cell.count(b" ") <= 3 and b": " not in cell and kind_of(cell) in ("n", "h", "e"):
            solid += 1
        elif not tabular and place - solid > 0.15 * len(body) + 1:
            return None
    short = sum(len(cell) <= 64 and cell.count(b" ") <= 4 for cell in cells)
    steady = solid >= 0.85 * len(body) and (len(cells) > 1 or kind_of(cells[0]) in ("n", "h", "e"))
    if not steady and not (tabular and short >= 0.9 * len(cells)):
        return None
    return _layout(data, b"\x1f", quote, False, 1, lines.records(b"\x1f", quote, False))


def is_packed(text: bytes) -> bool:
    """Whether lines are records of fixed width with nothing between their fields."""
    lines = [line.rstrip(b"\r") for line in text[:65536].split(b"\n")[:-1][:_PACKED_LINES]]
    return len(lines) >= 8 and len(set(map(len, lines))) == 1 and all(map(_RUN_TOGETHER.search, lines))
