"""Parquet below what Arrow shows: page headers as they lie in the file, and metadata written anew for pages alone.

Thrift's compact protocol (thrift-compact-protocol.md) and parquet.thrift of Apache Parquet; a structure is a dictionary
from field numbers to values.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from scanner.compiled import expect, kernel
from scanner.errors import LimitError, ReadError
from scanner.options import Limits
from scanner.terms import ProblemCode

#: Bytes in which a page header is looked for first, and the most that one may have (statistics stand in it).
_HEADER, _LONGEST = 4096, 1 << 20
_WINDOW = 1 << 20

#: Field of a footer that lists the row groups; physical type of texts.
_ROW_GROUPS, BYTE_ARRAY = 4, 6
DATA, INDEX, DICTIONARY, DATA_V2 = range(4)
PLAIN = 0
#: Codecs by their number in the metadata, as Arrow names them.
CODECS = ("uncompressed", "snappy", "gzip", "lzo", "brotli", "lz4", "zstd", "lz4_raw")

Struct = dict[int, Any]


def varint(data: bytes, at: int) -> tuple[int, int]:
    """The number of seven bits a byte at data[at:], the lowest first, and where it ends.

    Raises:
        IndexError: the data ends within it.
        ValueError: it has too many bytes.
    """
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError


def _signed(data: bytes, at: int) -> tuple[int, int]:
    value, at = varint(data, at)
    return (value >> 1) ^ -(value & 1), at


def _list_length(data: bytes, at: int) -> tuple[int, int]:
    """How many elements the list at data[at:] has, and where the first begins; raises as `varint`."""
    length = data[at] >> 4
    return (length, at + 1) if length != 15 else varint(data, at + 1)


def read_value(data: bytes, at: int, kind: int, depth: int) -> tuple[Any, int]:
    """The value of a kind (its number in the protocol) at data[at:], and where it ends; raises as `read_struct`."""
    if kind in (1, 2):
        return kind == 1, at
    if kind == 3:
        return data[at], at + 1
    if kind in (4, 5, 6):
        return _signed(data, at)
    if kind == 7:
        if at + 8 > len(data):  # or a list of them would go on for as long as it says
            raise IndexError
        return data[at : at + 8], at + 8
    if kind == 8:
        length, at = varint(data, at)
        if at + length > len(data):
            raise IndexError
        return data[at : at + length], at + length
    if kind in (9, 10):
        inner = data[at] & 15
        length, at = _list_length(data, at)
        held = []
        for _ in range(length):
            one, at = (
                read_value(data, at + 1, data[at], depth) if inner in (1, 2) else read_value(data, at, inner, depth)
            )
            held.append(one)
        return held, at
    if kind == 12 and depth < 16:
        return read_struct(data, at, depth + 1)
    raise ValueError


def read_struct(data: bytes, at: int = 0, depth: int = 0) -> tuple[Struct, int]:
    """The structure at data[at:], and where it ends.

    Raises:
        IndexError: it ends beyond the data.
        ValueError: it is none.
    """
    out: Struct = {}
    field = 0
    while True:
        byte = data[at]
        at += 1
        if byte == 0:
            return out, at
        if byte >> 4:
            field += byte >> 4
        else:
            field, at = _signed(data, at)
        out[field], at = read_value(data, at, byte & 15, depth)


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a column chunk as its header describes it."""

    begin: int
    """Offset of its header in the file."""
    body: int
    """Offset of its bytes."""
    kind: int
    packed: int
    """Bytes in the file."""
    plain: int
    """Bytes once expanded."""
    values: int
    encoding: int
    levels: int
    """Bytes of levels in front of the values that are never compressed; 0 for pages of version 1."""
    squeezed: bool
    """The values may be compressed."""

    @property
    def end(self) -> int:
        """Offset behind its bytes."""
        return self.body + self.packed


def page_at(stream: Any, at: int, end: int) -> Page | None:
    """The page whose header stands at an offset, or None where there is none that ends before `end`."""
    window = _HEADER
    while True:
        stream.seek(at)
        data = stream.read(min(window, end - at))
        try:
            head, size = read_struct(data)
        except IndexError:
            if len(data) < window or window >= _LONGEST:
                return None
            window *= 16
            continue
        except ValueError:
            return None
        return _page(head, at, at + size, end)


def _page(head: Struct, begin: int, body: int, end: int) -> Page | None:
    kind, plain, packed = head.get(1), head.get(2), head.get(3)
    if not isinstance(kind, int):
        return None
    about = head.get({DATA: 5, INDEX: 6, DICTIONARY: 7, DATA_V2: 8}.get(kind, -1))
    if not isinstance(plain, int) or not isinstance(packed, int) or not isinstance(about, dict):
        return None
    if plain < 0 or packed < 0 or body + packed > end:
        return None
    values, encoding = about.get(1, 0), about.get(4 if kind == DATA_V2 else 2, PLAIN)
    levels = about.get(5, 0) + about.get(6, 0) if kind == DATA_V2 else 0
    if not isinstance(values, int) or not isinstance(levels, int) or values < 0 or not 0 <= levels <= packed:
        return None
    return Page(begin, body, kind, packed, plain, values, encoding, levels, bool(about.get(7, True)) or kind != DATA_V2)


def pages(stream: Any, begin: int, end: int) -> Iterator[Page]:
    """The pages from an offset on, up to `end` or to where no page header stands."""
    while begin < end and (page := page_at(stream, begin, end)) is not None:
        yield page
        begin = page.end


def windows(stream: Any, codec: str, page: Page, most: int, limits: Limits) -> Iterator[bytes]:
    """A page's bytes expanded, a piece at a time; `most` bytes at once where the codec knows no pieces.

    Raises:
        LimitError: it expands by more than `max_ratio`, or not in pieces and is larger.
        ReadError: it cannot be expanded.
    """
    name = codec.lower().removesuffix("_hadoop")
    try:
        if name == "uncompressed" or not page.squeezed:
            for at in range(page.body, page.end, _WINDOW):
                stream.seek(at)
                yield stream.read(min(_WINDOW, page.end - at))
        elif name in ("brotli", "gzip", "zstd"):
            stream.seek(page.body + page.levels)
            held = pa.BufferReader(stream.read(page.packed - page.levels))
            done = 0
            with pa.CompressedInputStream(held, name) as plain:
                while piece := plain.read_buffer(_WINDOW):  # `read` gives its memory not back where it fails
                    yield bytes(piece)
                    done += len(piece)
                    if limits.exceeds_ratio(done, page.packed):
                        raise LimitError("a page expands by more than max_ratio; the rest of it was left out")
        elif page.plain > most:
            raise LimitError("a page that can be expanded as a whole only is too large; left out")
        else:
            yield expanded(stream, name, page)
    except (pa.ArrowException, OSError, ValueError) as error:
        if isinstance(error, ReadError):
            raise
        raise ReadError(ProblemCode.CORRUPT, "a page cannot be expanded") from None


@kernel
def _longest(data: Any) -> Any:
    """The longest of values of bytes, each behind its length in four bytes."""
    most = at = np.int64(0)
    while at + 4 <= len(data):
        size = np.int64(data[at]) | np.int64(data[at + 1]) << 8
        size |= np.int64(data[at + 2]) << 16 | np.int64(data[at + 3]) << 24
        most = max(most, min(size, len(data) - at - 4))
        at += 4 + size
    return most


def longest(stream: Any, codec: str, page: Page, most: int, limits: Limits) -> int:
    """Bytes of the longest value of a dictionary's page; arguments and errors as for `windows`."""
    data = b"".join(windows(stream, codec, page, most, limits))
    expect(len(data))
    return int(_longest(np.frombuffer(data, np.uint8))) if data else 0


def expanded(stream: Any, codec: str, page: Page) -> bytes:
    """A page's values, without levels that stand before them uncompressed."""
    stream.seek(page.body + page.levels)
    data = bytes(stream.read(page.packed - page.levels))
    if codec == "uncompressed" or not page.squeezed:
        return data
    return bytes(pa.decompress(data, page.plain - page.levels, "lz4_raw" if codec == "lz4" else codec))


@dataclass(frozen=True, slots=True)
class ColumnChunk:
    """A column chunk as the footer describes it.

    Arrow's own properties for this end the process where a codec, or sizes of levels, are not what they can be.
    """

    path: str
    """Dotted."""
    kind: int
    """Physical type."""
    codec: str
    """Empty for one that is not known."""
    begin: int
    """Offset of its first page, 0 where it is not known."""
    end: int


def row_groups(stream: Any) -> Iterator[list[ColumnChunk]]:
    """The column chunks of each row group, by the footer.

    Raises:
        ReadError: the footer cannot be read.
    """
    size = stream.seek(0, 2)
    stream.seek(size - 8)
    length = int.from_bytes(stream.read(4), "little")
    stream.seek(max(0, size - 8 - length))
    data = bytes(stream.read(length))
    try:
        field = at = 0
        while data[at]:
            byte = data[at]
            field, at = (field + (byte >> 4), at + 1) if byte >> 4 else _signed(data, at + 1)
            if field != _ROW_GROUPS or byte & 15 != 9:
                _, at = read_value(data, at, byte & 15, 0)
                continue
            count, at = _list_length(data, at)
            for _ in range(count):
                group, at = read_struct(data, at)
                yield [_column_chunk(one) for one in group[1]]
    except (IndexError, KeyError, TypeError, ValueError, AttributeError):
        raise ReadError(ProblemCode.CORRUPT, "the Parquet footer is damaged") from None


def _column_chunk(chunk: Struct) -> ColumnChunk:
    about = chunk.get(3, {})  # absent where its column is enciphered
    path = b".".join(about.get(3, ())).decode("utf-8", "replace")
    number, begin, dictionary = about.get(4, 0), about.get(9, 0), about.get(11, 0)
    first = dictionary if 0 < dictionary < begin else begin
    codec = CODECS[number] if 0 <= number < len(CODECS) else ""
    return ColumnChunk(path, about.get(1, -1), codec, max(0, first), first + about.get(7, 0))


def _number(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def _zigzag(value: int) -> bytes:
    return _number(value << 1 if value >= 0 else (-value << 1) - 1)


def _written(value: Any) -> tuple[int, bytes]:
    """Kind and bytes of a value; whole numbers that need it are 64 bits wide by their type `Long`."""
    if isinstance(value, bool):
        return (1 if value else 2), b""
    if isinstance(value, Long):
        return 6, _zigzag(value)
    if isinstance(value, int):
        return 5, _zigzag(value)
    if isinstance(value, bytes):
        return 8, _number(len(value)) + value
    if isinstance(value, list):
        made = [_written(one) for one in value]
        kind = made[0][0] if made else 12
        head = bytes([len(made) << 4 | kind]) if len(made) < 15 else bytes([0xF0 | kind]) + _number(len(made))
        return 9, head + b"".join(data for _, data in made)
    return 12, write_struct(value)


class Long(int):
    """A whole number of 64 bits."""


def write_struct(fields: Struct) -> bytes:
    """The bytes of a structure."""
    out, before = bytearray(), 0
    for number in sorted(fields):
        kind, data = _written(fields[number])
        step = number - before
        out += bytes([step << 4 | kind]) if step < 16 else bytes([kind]) + _zigzag(number)
        out += data
        before = number
    return bytes(out) + b"\0"
