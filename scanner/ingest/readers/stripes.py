"""ORC below what Arrow shows: footers checked and written anew, and what a stripe expands to before it is expanded.

Arrow's reader takes lengths at their word, and ends the process on some that are untrue. So nothing of a file's footer
reaches it but what was understood here, and no column whose lengths do not fit its bytes.

ORC specification v1 and orc_proto.proto of Apache ORC; a message is a dictionary from field numbers to lists of values.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa

from scanner.errors import ReadError
from scanner.ingest.readers.pages import varint
from scanner.terms import ProblemCode

#: The most that a piece of a stream expands to (23 bits hold its length), and bytes read at once where all is plain.
PIECE = 1 << 23
#: Codecs by their number.
CODECS = ("", "zlib", "snappy", "lzo", "lz4", "zstd", "brotli")
#: The most that a byte of deflate expands to.
_DEFLATE = 1032
#: Bytes of a column, were all of its words the longest, from which they are counted.
_COUNTED_FROM = 1 << 23
#: The longest footers that are looked at, and types within types.
_LONGEST, _DEEPEST = 1 << 28, 64

STRING, BINARY, TIMESTAMP, LIST, MAP, STRUCT, UNION, DECIMAL = 7, 8, 9, 10, 11, 12, 13, 14
VARCHAR, CHAR, INSTANT, LAST_KIND = 16, 17, 18, 18
_TEXTS = frozenset({STRING, BINARY, VARCHAR, CHAR})
#: Bytes of a value in memory by kind, where not 8.
_WIDTHS = {TIMESTAMP: 16, INSTANT: 16, DECIMAL: 16, STRUCT: 1}
#: How many types stand under one of a kind; None for any number.
_UNDER: dict[int, int | None] = {LIST: 1, MAP: 2, STRUCT: None, UNION: None}
DATA, LENGTH, DICTIONARY_DATA = 1, 2, 3
#: Kinds of streams that hold no values: indexes and filters.
_BESIDE = frozenset({6, 7, 8})
_BITS = (*range(1, 25), 26, 28, 30, 32, 40, 48, 56, 64)

Message = dict[int, list[Any]]


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """As `pages.varint`, of 64 bits."""
    value, at = varint(data, at)
    return value & (1 << 64) - 1, at


def read_message(data: bytes) -> Message:
    """The fields of a message: whole numbers, or bytes.

    Raises:
        IndexError: it ends within a field.
        ValueError: it is none.
    """
    out: Message = {}
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        value: int | bytes
        if key & 7 == 0:
            value, at = _varint(data, at)
        else:
            if key & 7 == 2:
                size, at = _varint(data, at)
            else:
                size = {1: 8, 5: 4}.get(key & 7, -1)
            if size < 0 or at + size > len(data):
                raise ValueError
            value = data[at : at + size]
            at += size
        out.setdefault(key >> 3, []).append(value)
    return out


def _number(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def write_message(fields: list[tuple[int, int | bytes]]) -> bytes:
    """The bytes of a message."""
    out = bytearray()
    for number, value in fields:
        if isinstance(value, int):
            out += _number(number << 3) + _number(value)
        else:
            out += _number(number << 3 | 2) + _number(len(value)) + value
    return bytes(out)


def _whole(message: Message, field: int) -> int:
    value = message.get(field, [0])[-1]
    if not isinstance(value, int):
        raise ValueError
    return value


def _wholes(message: Message, field: int) -> list[int]:
    """Repeated whole numbers, packed or not."""
    out: list[int] = []
    for one in message.get(field, []):
        if isinstance(one, int):
            out.append(one)
            continue
        at = 0
        while at < len(one):
            value, at = _varint(one, at)
            out.append(value)
    return out


def piece_at(stream: BinaryIO, at: int, codec: str, block: int = PIECE) -> tuple[bytes, int] | None:
    """The bytes of a piece, and where the next begins; None where there is none in that codec.

    (Specification, "Compression": 3 bytes hold the length, and in the lowest bit whether the piece is plain.)
    """
    stream.seek(at)
    head = int.from_bytes(stream.read(3), "little")
    held, end = stream.read(head >> 1), at + 3 + (head >> 1)
    if len(held) < head >> 1 or not held:
        return None
    if head & 1:
        return held, end
    try:
        if codec == "zlib":
            plain = zlib.decompressobj(-15).decompress(held, block)
        elif codec == "zstd":
            plain = pa.CompressedInputStream(pa.BufferReader(held), "zstd").read_buffer(block)
        else:
            size = snappy_size(held, block) if codec == "snappy" else block
            plain = bytes(pa.decompress(held, size, codec if codec == "snappy" else "lz4_raw"))
    except (pa.ArrowException, OSError, ValueError, zlib.error):
        return None
    return bytes(plain), end


def snappy_size(data: bytes, most: int) -> int:
    """The size that stands in front of a block of Snappy.

    Raises:
        ValueError: it is more than `most`.
    """
    size = sum((byte & 127) << 7 * place for place, byte in enumerate(data[:5]) if all(b > 127 for b in data[:place]))
    if size > most:
        raise ValueError("a block of more bytes than it may have")
    return size


@dataclass(frozen=True, slots=True)
class Type:
    """A node of the tree of types, which is that of the columns."""

    kind: int
    under: tuple[int, ...]
    names: tuple[str, ...]
    fields: tuple[tuple[int, int | bytes], ...]
    """Its message without names."""


@dataclass(frozen=True, slots=True)
class Extent:
    """Where a stream of a column lies."""

    kind: int
    column: int
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Weight:
    """What a stripe takes in memory."""

    plain: dict[int, int]
    """Bytes of each column of the table that is to be decoded."""
    swollen: tuple[int, ...]
    """Columns too large to be decoded."""
    damaged: tuple[int, ...]
    """Columns whose lengths do not fit their bytes."""
    texts: tuple[Extent, ...]
    """Streams of those columns in which text may stand."""


@dataclass(frozen=True, slots=True)
class Stripe:
    """A stripe as the footer describes it."""

    offset: int
    index: int
    data: int
    footer: int
    rows: int

    @property
    def end(self) -> int:
        """Offset behind its footer."""
        return self.offset + self.index + self.data + self.footer


@dataclass(frozen=True, slots=True)
class Layout:
    """An ORC file by its footer, which was found to be true of the file."""

    codec: str
    block: int
    """The most bytes that a piece of a stream expands to."""
    postscript: tuple[tuple[int, int | bytes], ...]
    """Versions of format and writer."""
    types: tuple[Type, ...]
    stripes: tuple[Stripe, ...]
    rows: int

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns of the table."""
        return self.types[0].names

    def alone(self, stripe: Stripe) -> bytes:
        """What must follow the bytes up to a stripe's end for them to be a file of that stripe.

        Its columns are named by their positions: names of a file may be twice there, or be no text.
        """
        types = []
        for place, one in enumerate(self.types):
            names = [str(index) for index in range(len(one.names))] if place == 0 else one.names
            types.append((4, write_message([*one.fields, *((3, name.encode()) for name in names)])))
        parts = zip(
            (1, 2, 3, 4, 5), (stripe.offset, stripe.index, stripe.data, stripe.footer, stripe.rows), strict=True
        )
        footer = write_message([(1, 3), (2, stripe.end), (3, write_message(list(parts))), *types, (6, stripe.rows)])
        if self.codec:
            pieces = (footer[at : at + self.block] for at in range(0, len(footer), self.block))
            footer = b"".join((len(one) << 1 | 1).to_bytes(3, "little") + one for one in pieces)
        about: list[tuple[int, int | bytes]] = [(1, len(footer)), (2, CODECS.index(self.codec)), (3, self.block)]
        last = write_message([*about, *self.postscript, (8000, b"ORC")])
        return footer + last + bytes([len(last)])

    def expanded(self, stream: BinaryIO, begin: int, end: int) -> Iterator[bytes]:
        """The bytes of a stream, a piece at a time.

        Raises:
            ReadError: a piece cannot be expanded.
        """
        while begin < end:
            if not self.codec:
                stream.seek(begin)
                plain = stream.read(min(PIECE, end - begin))
                begin += len(plain)
            else:
                made = piece_at(stream, begin, self.codec, self.block)
                if made is None or made[1] > end:
                    raise ReadError(ProblemCode.CORRUPT, "a stream of a stripe cannot be expanded")
                plain, begin = made
            if not plain:
                return
            yield plain

    def _most(self, stream: BinaryIO, extent: Extent) -> int:
        """Bytes that a stream expands to at most."""
        if not self.codec:
            return extent.end - extent.begin
        most, at = 0, extent.begin
        while at + 3 <= extent.end:
            stream.seek(at)
            head = int.from_bytes(stream.read(3), "little")
            held = head >> 1
            if held == 0 or at + 3 + held > extent.end:
                break
            most += held if head & 1 else min(self.block, _DEFLATE * held) if self.codec == "zlib" else self.block
            at += 3 + held
        return most

    def extents(self, stream: BinaryIO, stripe: Stripe) -> tuple[list[Extent], list[Message]]:
        """The streams of a stripe, and the encoding of each column.

        Raises:
            ReadError: its footer is damaged.
        """
        try:
            begin = stripe.end - stripe.footer
            held = read_message(_all(self.expanded(stream, begin, stripe.end)))
            out: list[Extent] = []
            at = stripe.offset
            for one in map(read_message, held.get(1, [])):
                out.append(Extent(_whole(one, 1), _whole(one, 2), at, at + _whole(one, 3)))
                at = out[-1].end
            encodings = [read_message(one) for one in held.get(2, [])]
            fits = at <= begin and all(one.column < len(self.types) for one in out)
            fits = fits and len({(one.column, one.kind) for one in out}) == len(out)  # which of two would Arrow take?
            if not fits or len(encodings) != len(self.types) or any(_whole(one, 1) > 3 for one in encodings):
                raise ValueError
        except (IndexError, TypeError, ValueError):
            raise ReadError(ProblemCode.CORRUPT, "the footer of a stripe is damaged") from None
        return out, encodings

    def weigh(self, stream: BinaryIO, stripe: Stripe, most: int) -> Weight:
        """What a stripe takes in memory; columns of more than `most` bytes are not to be decoded.

        Raises:
            ReadError: its footer is damaged.
        """
        extents, encodings = self.extents(stream, stripe)
        by_place = {(one.column, one.kind): one for one in extents}
        plain: dict[int, int] = {}
        swollen: list[int] = []
        damaged: list[int] = []
        texts: list[Extent] = []
        for place, column in enumerate(self.types[0].under):
            try:
                size = self._column(stream, column, stripe.rows, by_place, encodings)
            except (ReadError, IndexError, ValueError):
                damaged.append(place)
            else:
                if size <= most:
                    plain[place] = size
                    continue
                swollen.append(place)
            # the columns under one come right behind it
            end = next((one for one in self.types[0].under if one > column), len(self.types))
            texts += (one for one in extents if column <= one.column < end and one.kind in (DATA, DICTIONARY_DATA))
        return Weight(plain, tuple(swollen), tuple(damaged), tuple(texts))

    def _column(
        self,
        stream: BinaryIO,
        column: int,
        values: int,
        extents: dict[tuple[int, int], Extent],
        encodings: list[Message],
    ) -> int:
        """Bytes of the values of a column and of those under it.

        Raises:
            IndexError, ReadError, ValueError: its lengths do not fit its bytes.
        """
        one, encoding = self.types[column], encodings[column]
        size, under = values * _WIDTHS.get(one.kind, 8), values
        way, sizes = _whole(encoding, 1), extents.get((column, LENGTH))
        if one.kind in (LIST, MAP) and sizes is not None:
            under = sum(int(run.sum()) for run in self._lengths(stream, sizes, way, values))
        elif one.kind in _TEXTS and sizes is not None:
            words = _whole(encoding, 2) if way & 1 else values
            runs = list(self._lengths(stream, sizes, way, words))
            held = extents.get((column, DICTIONARY_DATA if way & 1 else DATA))
            total = sum(int(run.sum()) for run in runs)
            if total > (0 if held is None else self._most(stream, held)):
                raise ValueError
            size += self._repeated(stream, extents.get((column, DATA)), way, runs, words, values) if way & 1 else total
        return size + sum(self._column(stream, child, under, extents, encodings) for child in one.under)

    def _lengths(self, stream: BinaryIO, extent: Extent, way: int, most: int) -> Iterator[Any]:
        return _runs(_all(self.expanded(stream, extent.begin, extent.end)), way >> 1, most)

    def _repeated(
        self, stream: BinaryIO, indexes: Extent | None, way: int, lengths: list[Any], words: int, values: int
    ) -> int:
        """Bytes of the values of a column of which each is a word of a dictionary."""
        each = np.concatenate([np.zeros(0, np.int64), *lengths])
        if len(each) < words:
            raise ValueError
        most = int(each.max(initial=0)) * values
        if most <= _COUNTED_FROM or indexes is None:
            return most
        return sum(int(each[run].sum()) for run in self._lengths(stream, indexes, way, values))


def _all(pieces: Iterator[bytes]) -> bytes:
    out = bytearray()
    for one in pieces:
        out += one
        if len(out) > _LONGEST:
            raise ValueError
    return bytes(out)


def layout_of(stream: BinaryIO) -> Layout:
    """The file as its footer describes it.

    Raises:
        ReadError: the footer is not there, damaged, enciphered, or untrue of the file.
    """
    size = stream.seek(0, 2)
    stream.seek(max(0, size - 256))
    end = stream.read()
    try:
        last = read_message(end[-1 - end[-1] : -1])
        length, number, block = _whole(last, 1), _whole(last, 2), _whole(last, 3) or 1 << 18
        begin = size - 1 - end[-1] - length
        if last.get(8000) != [b"ORC"] or begin < 3 or number >= len(CODECS) or not 0 < block <= PIECE:
            raise ValueError
        kept = tuple((field, value) for field in (4, 6) for value in last.get(field, []))
        made = Layout(CODECS[number], block, kept, (), (), 0)
        footer = read_message(_all(made.expanded(stream, begin, begin + length)))
        if footer.get(10):
            raise ReadError(ProblemCode.ENCRYPTED, "columns are enciphered; their key is needed")
        types = tuple(_type(read_message(one)) for one in footer.get(4, []))
        _check(types)
        stripes = []
        for one in map(read_message, footer.get(3, [])):
            stripes.append(Stripe(*(_whole(one, field) for field in (1, 2, 3, 4, 5))))
            if stripes[-1].end > begin or stripes[-1].offset < 3 or stripes[-1].rows >> 62:
                raise ValueError
        return Layout(made.codec, block, kept, types, tuple(stripes), sum(one.rows for one in stripes))
    except (IndexError, TypeError, ValueError):
        raise ReadError(ProblemCode.CORRUPT, "the footer is damaged") from None


def _type(held: Message) -> Type:
    kind, under = _whole(held, 1), tuple(_wholes(held, 2))
    names = tuple(one.decode("utf-8", "replace") for one in held.get(3, []))
    fields: list[tuple[int, int | bytes]] = [(1, kind)]
    if under:
        fields.append((2, b"".join(map(_number, under))))
    fields += ((field, _whole(held, field)) for field in (4, 5, 6) if field in held)
    return Type(kind, under, names, tuple(fields))


def _check(types: tuple[Type, ...]) -> None:
    """Whether the types are a tree in the order in which the columns are numbered, with a table at its root."""
    if not types or types[0].kind != STRUCT:
        raise ValueError
    after = _walked(types, 0, 0)
    if after != len(types):
        raise ValueError


def _walked(types: tuple[Type, ...], place: int, depth: int) -> int:
    """The number behind the last type under one."""
    one = types[place]
    many = _UNDER.get(one.kind, 0)
    if one.kind > LAST_KIND or depth > _DEEPEST or (many is not None and len(one.under) != many):
        raise ValueError
    if len(one.names) != (len(one.under) if one.kind == STRUCT else 0):
        raise ValueError
    after = place + 1
    for child in one.under:
        if child != after:
            raise ValueError
        after = _walked(types, child, depth + 1)
    return after


def _runs(data: bytes, version: int, most: int) -> Iterator[Any]:
    """The numbers in a stream, run by run, int64[n], until they are `most`.

    Raises:
        IndexError: the stream ends within a run.
        ValueError: it holds numbers below 0, or beyond all measure.
    """
    at = 0
    run = _run_2 if version else _run_1
    while at < len(data) and most > 0:
        values, at = run(data, at)
        if values.min() < 0:
            raise ValueError
        most -= len(values)
        yield values


def _bounded(value: int) -> int:
    if abs(value) >> 48:
        raise ValueError
    return value


def _run_1(data: bytes, at: int) -> tuple[Any, int]:
    """A run of version 1, and where the next begins."""
    control = data[at]
    at += 1
    if control < 128:
        many, step = control + 3, data[at] - (data[at] >> 7 << 8)
        base, at = _varint(data, at + 1)
        return _bounded(base) + step * np.arange(many), at
    values = []
    for _ in range(256 - control):
        value, at = _varint(data, at)
        values.append(_bounded(value))
    return np.array(values, np.int64), at


def _packed(data: bytes, at: int, many: int, width: int) -> tuple[Any, int]:
    """So many numbers of so many bits each, uint64[many], and where they end."""
    end = at + (many * width + 7) // 8
    if end > len(data):
        raise IndexError
    bits = np.unpackbits(np.frombuffer(data, np.uint8, end - at, at))[: many * width].reshape(many, width)
    return bits.astype(np.uint64) @ (np.uint64(1) << np.arange(width - 1, -1, -1, dtype=np.uint64)), end


def _run_2(data: bytes, at: int) -> tuple[Any, int]:
    """A run of version 2, as `_run_1`."""
    first = data[at]
    if first < 64:
        width, many = (first >> 3 & 7) + 1, (first & 7) + 3
        value = int.from_bytes(data[at + 1 : at + 1 + width], "big")
        return np.full(many, _bounded(value)), at + 1 + width
    width, many = _BITS[first >> 1 & 31], ((first & 1) << 8 | data[at + 1]) + 1
    if first < 128:
        values, end = _packed(data, at + 2, many, width)
        return values.view(np.int64), end
    if first >= 192:
        base, at = _varint(data, at + 2)
        folded, at = _varint(data, at)
        step = _bounded(folded >> 1 ^ -(folded & 1))
        if first >> 1 & 31 == 0:
            return _bounded(base) + step * np.arange(many), at
        deltas, end = _packed(data, at, max(0, many - 2), width)
        _bounded(int(deltas.max(initial=0)))
        moved = np.cumsum(np.concatenate(([0, step], deltas.view(np.int64) * (1 if step >= 0 else -1))))
        return _bounded(base) + moved[:many], end
    wide, shape = data[at + 2], data[at + 3]
    base_width, patch_width, gap_width, patches = (wide >> 5) + 1, _BITS[wide & 31], (shape >> 5) + 1, shape & 31
    base = int.from_bytes(data[at + 4 : at + 4 + base_width], "big")  # its highest bit is a sign, which lengths lack
    values, end = _packed(data, at + 4 + base_width, many, width)
    entry = next((one for one in _BITS if one >= gap_width + patch_width), 64)
    listed, end = _packed(data, end, patches, entry)
    place = 0
    for one in listed.tolist():
        place += one >> patch_width
        values[place] += np.uint64(_bounded((one & (1 << patch_width) - 1) << width))
    return _bounded(base) + values.view(np.int64), end
