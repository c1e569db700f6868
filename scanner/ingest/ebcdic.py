"""EBCDIC, the encodings of mainframes: whether bytes are text in one, in which, where records end, and as UTF-8.

Sources: IBM, "Character Data Representation Architecture" (code pages 37, 420, 500, 1047, 1140, 1148); IBM, "z/OS DFSMS
Using Data Sets" (record and block descriptor words); IBM, "Enterprise COBOL Programming Guide" (packed decimals).
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from scanner.compiled import expect, kernel
from scanner.errors import ReadError
from scanner.ingest.interface import HEAD_BYTES
from scanner.terms import ProblemCode

Bytes = npt.NDArray[np.uint8]

_SPACE, _LINE, _MINUS, _ZERO = 0x40, 0x25, 0x60, 0xF0
_DIGITS = bytes(range(0xF0, 0xFA))
_LETTERS = b"".join(bytes(range(at, at + 9)) for at in (0x81, 0x91, 0xC1, 0xD1))
_LETTERS += bytes(range(0xA2, 0xAA)) + bytes(range(0xE2, 0xEA))
_MARKS = bytes([*range(0x4A, 0x51), *range(0x5A, 0x62), *range(0x6A, 0x70), *range(0x79, 0x80)])
_MARKS += b"\xc0\xd0\xe0\xa1\xad\xb0\xba\xbb\xbd"
_ENDS = b"\x05\x0c\x0d\x15\x25"

#: What code page 420 has elsewhere than 37, from the byte on. It holds each Arabic letter in the forms in which it is
#: drawn, which stand here as the letter; the three signs of lam with alef become two letters in `_TWO`.
_ARABIC = {
    0x42: "\u0651\u0651\u0640", 0x46: "\u0621\u0622\u0622\u0623", 0x51: "\u0623\u0624",
    0x55: "\u0626\u0627\u0627\u0628\u0628", 0x62: "\u0629\u062a\u062a\u062b\u062b\u062c\u062c\u062d",
    0x70: "\u062d\u062e\u062e\u062f\u0630\u0631\u0632\u0633\u0633\u060c", 0x80: "\u0634",
    0x8A: "\u0634\u0635\u0635\u0636\u0636\u0637\u0638", 0x9A: "\u0639\u0639\u0639\u0639\u063a\u063a\u063a\xf7",
    0xAA: "\u063a\u0641\u0641\u0642\u0642\u0643\u0643\u0644\ufef5\ufef5\ufef7\ufef7",
    0xB8: "\ufefb\ufefb\u0644\u0645\u0645\u0646\u0646\u0647\u061b", 0xCB: "\u0647", 0xCD: "\u0647",
    0xCF: "\u0648\u061f", 0xDA: "\u0649\u0649\u064a\u064a\u064a\u0660\xd7", 0xEA: "\u0661\u0662",
    0xED: "\u0663\u0664\u0665", 0xFB: "\u0666\u0667\u0668\u0669",
}  # fmt: skip
_TWO = (("\ufef5", "\u0644\u0622"), ("\ufef7", "\u0644\u0623"), ("\ufefb", "\u0644\u0627"))
#: Code pages → the one that they differ little from, and what differs.
_CHANGED = {
    "cp1047": ("cp037", {0x5F: "^", 0xAD: "[", 0xB0: "\xac", 0xBA: "\xdd", 0xBB: "\xa8", 0xBD: "]"}),
    "cp1148": ("cp500", {0x9F: "\u20ac"}),
    "cp420": ("cp037", {begin + at: one for begin, text in _ARABIC.items() for at, one in enumerate(text)}),
}
#: Characters whose places tell code pages apart, and how much one speaks for a page: those that data has, or has not.
_TELLING = b"\x4a\x4f\x5a\x5f\xad\xb0\xba\xbb\xbc\xbd"
_SPEAKS = {"|": 2, "[": 2, "]": 2, "!": 1, "^": 1, "\xa2": -1, "\xac": -1, "\xa8": -1, "\xdd": -1, "\xaf": -1}
#: Controls that text keeps: tab, form feed, ends of lines, and what may stand between fields.
_KEPT = "\t\n\f\r\x01\x02\x1c\x1d\x1e\x1f"

#: Bytes that are judged; fewer than `_LEAST` are too few.
_JUDGED, _LEAST = 1 << 16, 20
#: Bytes among which a period is looked for; the longest record of a data set.
_PERIODIC, _LONGEST = 1 << 17, 32760
#: Bytes that are decoded at a time; what a text without records is cut into depends on it.
PIECE = 1 << 20


class Framing(Enum):
    """How records are told apart."""

    LINES = "lines"
    FIXED = "records of a fixed length"
    VARIABLE = "records behind their lengths"
    BLOCKED = "records behind their lengths, in blocks"
    UNKNOWN = "no records found"


@dataclass(frozen=True, slots=True)
class Layout:
    """How bytes are EBCDIC."""

    page: str
    """Name of the code page, `cp037`."""
    framing: Framing
    length: int = 0
    """Bytes of a record, where that is fixed."""
    packed: tuple[tuple[int, int], ...] = ()
    """Where in a record packed decimals stand: first byte and end."""
    binary: bool = False
    """Other bytes that are no text stand in the records."""

    @property
    def words(self) -> str:
        """For people."""
        if self.framing is Framing.FIXED:
            said = f"records of {self.length} bytes"
            return f"{said}, {len(self.packed)} packed fields" if self.packed else said
        return "" if self.framing is Framing.LINES else self.framing.value


def _members(values: bytes) -> npt.NDArray[np.bool_]:
    out = np.zeros(256, bool)
    out[list(values)] = True
    return out


_IS_DIGIT, _IS_LETTER, _IS_MARK, _IS_END = map(_members, (_DIGITS, _LETTERS, _MARKS, _ENDS))
_IS_ARABIC = _members(bytes(_CHANGED["cp420"][1]))
_IS_LOW = (np.arange(256) < _SPACE) & ~_IS_END & (np.arange(256) > 0)
_IS_TEXT = _IS_DIGIT | _IS_LETTER | _IS_MARK | _members(b"\x40\0")
#: Blank, digit, letter or neither.
_KIND = np.where(_IS_DIGIT, 1, np.where(_IS_LETTER, 2, np.where(_members(b"\x40\0"), 0, 3))).astype(np.uint8)
#: Within a record whose end is known otherwise, what would end a line is blank.
_INNER = np.arange(256, dtype=np.uint8)
_INNER[list(_ENDS)] = _SPACE


@lru_cache(maxsize=8)
def characters(page: str) -> str:
    """The 256 characters of a code page, controls that no text has as blanks."""
    base, changed = _CHANGED.get(page, (page, {}))
    out = list(bytes(range(256)).decode(base))
    out[0x15] = "\n"
    for place, one in changed.items():
        out[place] = one
    return "".join(" " if (one < " " or "\x7f" <= one < "\xa0") and one not in _KEPT else one for one in out)


@lru_cache(maxsize=8)
def _quick(page: str) -> bytes:
    """A table that makes ASCII of what is ASCII, and 0xFF of the rest."""
    return bytes(ord(one) if one < "\x80" else 0xFF for one in characters(page))


def utf8(data: bytes, page: str) -> bytes:
    """The text of some bytes; none is refused."""
    plain = data.translate(_quick(page))
    if plain.isascii():
        return plain
    text = codecs.charmap_decode(data, "strict", characters(page))[0]
    if page == "cp420":
        for one, two in _TWO:
            text = text.replace(one, two)
    return text.encode()


def layout_of(head: bytes, size: int | None = None) -> Layout | None:
    """How a source that begins so is EBCDIC; None where it is not. `size` is its length, where known."""
    if head.isascii() or len(head) < _LEAST:
        return None
    return _layout(head, len(head) if len(head) < HEAD_BYTES else size)


@lru_cache(maxsize=4)  # asked when it is recognised and again when it is read
def _layout(head: bytes, size: int | None) -> Layout | None:
    whole = size == len(head)
    for framing in (Framing.BLOCKED, Framing.VARIABLE):  # blocks would pass for long records
        text = _unframed(head, framing, whole)
        page = _page(text, _FRAMED) if text is not None else ""
        if page and text is not None:
            return Layout(page, framing, binary=not _page(text, _STRICT))
    data = np.frombuffer(head, np.uint8)
    page = _page(data, _STRICT)
    if page:
        document = utf8(head[:1024], page).lstrip()[:1] in (b"{", b"[", b"<")
        if document or any(end in head for end in (b"\x15", b"\x25", b"\x0d")):
            return Layout(page, Framing.LINES)
        length = period(data, size)
        return Layout(page, Framing.FIXED, length) if length else Layout(page, Framing.UNKNOWN)
    return _with_packed(data, size)


@dataclass(frozen=True, slots=True)
class _Bar:
    """What a text must have: shares of its bytes."""

    text: float
    low: float


_STRICT, _FRAMED = _Bar(0.95, 0.005), _Bar(0.5, 0.5)


def _page(data: Bytes, bar: _Bar) -> str:
    """The code page of some bytes, empty where they are no text in any.

    Latin letters have gaps in their alphabet where text in other encodings, and whatever is spread evenly, has none.
    """
    data = data[:_JUDGED]
    counts = np.bincount(data, minlength=256)
    body = len(data) - int(counts[0])
    figures, letters, marks = (int(counts[one].sum()) for one in (_IS_DIGIT, _IS_LETTER, _IS_MARK))
    words, blank, ends = figures + letters, int(counts[_SPACE]), int(counts[_IS_END].sum())
    low, kinds = int(counts[_IS_LOW].sum()), np.count_nonzero(counts[_IS_DIGIT | _IS_LETTER])
    if body < _LEAST or words < max(10, 0.05 * body) or kinds < 5 or low > bar.low * body:
        return ""
    if words < 0.4 * (words + marks) or (not blank and not ends and not marks and figures < words):
        return ""
    known = words + blank + ends + marks
    if known >= bar.text * body and (bar is not _FRAMED or body - known - low <= 0.1 * body):
        return _latin(counts)
    arabic = int(counts[_IS_ARABIC & ~_IS_MARK].sum())
    # signs beside the blank in the table are rare in text, and common where bytes are measurements
    beside = int(counts[0x3F] + counts[0x41])
    if known + arabic >= 0.98 * body and blank >= 0.02 * body and low <= 0.002 * body and beside * 100 <= blank:
        return "cp420" if _in_runs(data) else ""
    return ""


def _in_runs(data: Bytes) -> bool:
    """Whether letters of Arabic stand beside each other, as in words, and digits do."""
    for one in (_IS_ARABIC[data], _IS_DIGIT[data]):
        count = np.count_nonzero(one)
        if count and np.count_nonzero(one[1:] & one[:-1]) < 0.4 * count:
            return False
    return True


def _latin(counts: npt.NDArray[np.int64]) -> str:
    """Which code page of Latin letters has such counts of its bytes; 37 where nothing tells."""
    best, most = "", 0
    for page in ("cp037", "cp500", "cp1047"):
        score, signs = 0, characters(page)
        for byte in _TELLING:
            one = signs[byte]
            other = {"[": "]", "]": "["}.get(one)
            paired = other is None or abs(int(counts[byte]) - int(counts[signs.index(other)])) * 10 <= int(counts[byte])
            score += int(counts[byte]) * (_SPEAKS.get(one, 0) if paired else 0)
        if not best or score > most:
            best, most = page, score
    euro = {"cp037": "cp1140", "cp500": "cp1148"}.get(best) if counts[0x9F] else None
    return euro or best


def period(data: Bytes, size: int | None) -> int:
    """The length of the records that some bytes are made of, by how kinds of characters return; 0 where none shows."""
    kinds = _KIND[data[:_PERIODIC]]
    count = len(kinds)
    if count < 3 * 8:
        return 0
    room = 1 << (2 * count - 1).bit_length()
    alike = np.zeros(count)
    for kind in range(4):
        here = (kinds == kind).astype(np.float64)
        here -= here.mean()
        alike += np.fft.irfft(np.abs(np.fft.rfft(here, room)) ** 2, room)[:count]
    if alike[0] < 1:
        return 0
    alike /= alike[0] / count
    last = min(count // 3, _LONGEST)
    alike = alike[: last + 2] / (count - np.arange(min(last + 2, count)))
    peaks = np.flatnonzero((alike[1:-1] >= alike[:-2]) & (alike[1:-1] >= alike[2:])) + 1
    peaks = peaks[peaks >= 8]
    if not len(peaks) or (best := float(alike[peaks].max())) < 0.3:
        return 0
    near = peaks[alike[peaks] >= 0.8 * best]
    if size is not None:
        whole = near[size % near == 0]
        if len(whole):
            return int(whole[0])
    return int(near[0]) if best >= 0.6 else 0


def _with_packed(data: Bytes, size: int | None) -> Layout | None:
    """Records of a fixed length that hold packed decimals or other numbers between columns of text."""
    counts = np.bincount(data[:_JUDGED], minlength=256)
    total = int(counts.sum())
    if counts[_IS_DIGIT | _IS_LETTER].sum() + counts[_SPACE] < 0.45 * total:
        return None
    length = period(data, size)
    rows = min(len(data), _JUDGED * 2) // length if length else 0
    if rows < 8:
        return None
    grid = data[: rows * length].reshape(rows, length)
    text = _IS_TEXT[grid].mean(axis=0) >= 0.98
    page = _page(grid[:, text].reshape(-1), _STRICT)
    varied = sum(len(set(column)) > 3 for column in grid[:, text].T.tolist())
    if text.sum() * 5 < 2 * length or varied < 4 or not page:
        return None
    packed = _packed(grid, text)
    numbers = grid[:, ~text | ((grid == 0).mean(axis=0) >= 0.5)]
    small = np.count_nonzero(numbers == 0) * 4 >= numbers.size  # whole numbers begin with zeros
    if not packed and not (small and np.count_nonzero(grid == _SPACE) * 100 >= grid.size):
        return None
    left = ~text
    for begin, stop in packed:
        left[begin:stop] = False
    return Layout(page, Framing.FIXED, length, packed, bool(left.any()))


def _packed(grid: Bytes, text: npt.NDArray[np.bool_]) -> tuple[tuple[int, int], ...]:
    """Columns that hold packed decimals: two digits a byte, the sign in the last half."""
    high, low = grid >> 4, grid & 15
    digits = ((high < 10) & (low < 10)).mean(axis=0) >= 0.98
    signs = ((high < 10) & (low >= 12)).mean(axis=0) >= 0.98
    steady = ((grid == grid[0]).mean(axis=0) >= 0.98) & (grid[0] != _SPACE)
    out: list[tuple[int, int]] = []
    for stop in np.flatnonzero(signs & ~text) + 1:
        begin = int(stop) - 1
        least = out[-1][1] if out else 0
        # the first digits may be the same in all records, and a letter by chance
        while begin > least and stop - begin < 16 and digits[begin - 1] and (not text[begin - 1] or steady[begin - 1]):
            begin -= 1
        out.append((begin, int(stop)))
    return tuple(out)


@kernel
def unframe(data: Any, blocked: int, left: int, inner: Any, end: int, out: Any) -> tuple[int, int, int, int, int]:
    """Records without the words that tell their lengths, each with a line end behind it.

    `data` and `out` are uint8[n]; `left` bytes of a block are still to come; `inner` (uint8[256]) is what bytes become.
    Returns how many bytes were used and written, what is left of the block, the number of records and 1 where no length
    stands where one should.
    """
    n = len(data)
    at = used = to = records = 0
    while at + 4 <= n:
        size = int(data[at]) * 256 + int(data[at + 1])
        if blocked and left == 0:
            if size < 8 or data[at + 2] or data[at + 3]:
                return used, to, left, records, 1
            left = size - 4
            at += 4
            used = at
            continue
        segment = int(data[at + 2])
        if size < 4 or segment > 3 or data[at + 3] or (blocked and size > left):
            return used, to, left, records, 1
        if at + size > n:
            break
        for place in range(at + 4, at + size):
            out[to] = inner[data[place]]
            to += 1
        if segment == 0 or segment == 2:
            out[to] = end
            to += 1
            records += 1
        at += size
        if blocked:
            left -= size
        used = at
    return used, to, left, records, 0


def _unframed(head: bytes, framing: Framing, whole: bool) -> Bytes | None:
    """The records at the front of a source without their lengths; None where no chain of lengths holds."""
    if head[2] > (0 if framing is Framing.BLOCKED else 3) or head[3]:
        return None
    if framing is Framing.BLOCKED and (head[6] > 3 or head[7]):
        return None
    data, out = np.frombuffer(head, np.uint8), np.empty(len(head), np.uint8)
    used, to, _, records, broken = unframe(data, framing is Framing.BLOCKED, 0, _INNER, _LINE, out)
    rest = len(head) - used
    if broken and not (whole and records and not any(head[used:])):
        return None
    if records < 3 and not (records and whole and not rest):
        return None
    return None if rest > _LONGEST + 8 else out[:to]


class Decoder:
    """Pieces of a source as UTF-8, a line a record."""

    def __init__(self, layout: Layout) -> None:
        """At the first byte."""
        self.layout = layout
        self.records = 0
        self.fault: ReadError | None = None
        """Where the records break off; what is behind was decoded as it stands."""
        self._held, self._left, self._text = b"", 0, False
        fixed, at = [], 0
        for begin, stop in layout.packed:
            fixed += [(at, begin, False), (begin, stop, True)]
            at = stop
        self._fields = [one for one in (*fixed, (at, layout.length, False)) if one[0] < one[1]]

    def feed(self, data: bytes, last: bool) -> bytes:
        """The text of the next bytes; `last` says that nothing follows."""
        framing, page = self.layout.framing, self.layout.page
        if framing is Framing.LINES:
            return utf8(data, page)
        if framing is Framing.UNKNOWN:  # a line is cut where columns may be
            return utf8(data.replace(b"\x40\x40", b"\x25\x40"), page)
        held = self._held + data
        if self._text:
            self._held, out = b"", held
        elif framing is Framing.FIXED:
            whole = len(held) // self.layout.length * self.layout.length
            self._held, out = held[whole:], self._of_fixed(held[:whole])
        else:
            out = self._of_lengths(held)
        if last and self._held:
            rest, self._held = self._held, b""
            if any(byte not in b"\0\x40\x1a" for byte in rest):
                self._break(ProblemCode.TRUNCATED, "the file ends within a record; what there is of it was searched")
                out += rest.translate(bytes(_INNER)) + bytes([_LINE])
        return utf8(out, page)

    def _break(self, code: ProblemCode, message: str) -> None:
        if self.fault is None:
            self.fault = ReadError(code, message, self.records + 1)

    def _of_lengths(self, held: bytes) -> bytes:
        data, out = np.frombuffer(held, np.uint8), np.empty(len(held), np.uint8)
        expect(len(held))
        blocked = self.layout.framing is Framing.BLOCKED
        used, to, self._left, records, broken = unframe(data, int(blocked), self._left, _INNER, _LINE, out)
        self.records += int(records)
        self._held = held[used:]
        made = out[:to].tobytes()
        if broken and any(self._held):
            self._break(
                ProblemCode.CORRUPT, "no length of a record stands where one should; the rest was searched as text"
            )
            self._text, rest, self._held = True, self._held, b""
            made += rest
        return made

    def _of_fixed(self, held: bytes) -> bytes:
        length = self.layout.length
        grid = np.frombuffer(held, np.uint8).reshape(-1, length)
        self.records += len(grid)
        columns = [
            _unpacked(grid[:, begin:stop]) if packed else _INNER[grid[:, begin:stop]]
            for begin, stop, packed in self._fields
        ]
        return np.hstack([*columns, np.full((len(grid), 1), _LINE, np.uint8)]).tobytes()


def _unpacked(cells: Bytes) -> Bytes:
    """Packed decimals as digits with a blank before and a blank behind them; cells that are none as text."""
    rows, width = cells.shape
    digits = np.empty((rows, 2 * width), np.uint8)
    digits[:, ::2], digits[:, 1::2] = cells >> 4, cells & 15
    sign = digits[:, -1]
    good = (digits[:, :-1] < 10).all(axis=1) & (sign >= 10)
    out = np.full((rows, 2 * width + 2), _SPACE, np.uint8)
    # one zero in front may be that of a number, more of them fill the field up
    filling = np.logical_and.accumulate(digits[:, :-2] == 0, axis=1)
    filling &= filling[:, 1:2] if filling.shape[1] > 1 else False
    out[:, 2:-1] = digits[:, :-1] + _ZERO
    out[:, 2:-2][filling] = _SPACE
    out[:, 1] = np.where((sign == 11) | (sign == 13), _MINUS, _SPACE)
    if not good.all():
        out[~good, 1:] = _SPACE
        out[~good, 1 : width + 1] = _INNER[cells[~good]]
    return out
