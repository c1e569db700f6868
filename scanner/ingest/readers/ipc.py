"""Arrow IPC (file, stream, Feather): a record batch a part, or in groups of columns where it is large.

What a batch expands to stands in front of its buffers and is read before the batch is (Arrow columnar format, "IPC";
Message.fbs, File.fbs and Schema.fbs of Apache Arrow).
"""

from __future__ import annotations

import io
import itertools
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO

import numpy as np
import pyarrow as pa

from scanner.errors import LimitError, ReadError
from scanner.ingest.interface import Chunk, Head, Loose, Parsed, Part, Source, Stream
from scanner.ingest.readers.columnar import (
    Course,
    Portions,
    Swelling,
    batch_chunk,
    deferred,
    handle,
    is_list,
    leaf_paths,
    leaves,
    schema_paths,
    unreadable,
)
from scanner.ingest.readers.text import printable_runs
from scanner.ingest.spool import as_read_error
from scanner.model import Problem
from scanner.options import Limits, ScanOptions
from scanner.terms import Format, ProblemCode, Status

#: Rows after which a batch is cut: writers may put a whole table into one.
_SLICE_ROWS = 1 << 18
#: The longest description of a batch that is looked at.
_LONGEST = 1 << 26
_WINDOW = 1 << 20
#: A large batch is read once for each group of its columns, where it is no larger in the file than so many groups.
_MOST_STORED = 4
SCHEMA, DICTIONARY, BATCH = 1, 2, 3
#: Codecs of buffers by their number.
_CODECS = ("lz4", "zstd")


class Arrow:
    """Reads Arrow IPC files (Feather 2) and streams, and Feather 1."""

    def recognise(self, head: bytes, name: str) -> bool:
        """By the magic bytes, or a stream's first message, which is a schema."""
        return head[:6] == b"ARROW1" or head[:4] == b"FEA1" or _is_stream(head)

    def read(self, source: Source, options: ScanOptions) -> Iterator[Stream]:
        """One stream."""
        course = Course(source)
        try:
            if source.head()[:4] == b"FEA1":
                schema, parts = _feather(source, course)
            else:
                file = _File.of(source, course)
                schema, parts = (
                    file.schema,
                    deferred(lambda: file.parts(options), course, "the file ends or breaks before its last batch"),
                )
            columns = schema_paths(schema)
        except BaseException as error:
            made = as_read_error(error, "no Arrow schema can be read")
            yield unreadable(source.path, Format.ARROW, course, made)
            return
        yield Stream(Head(source.path, Format.ARROW, columns=columns), parts, course.tail)


def _is_stream(head: bytes) -> bool:
    if head[:4] == b"\xff\xff\xff\xff":
        head = head[4:]
    elif len(head) < 8 or head[3] != 0:
        return False
    length = int.from_bytes(head[:4], "little")
    if not 32 <= length <= _LONGEST or len(head) < 16:
        return False
    try:
        pa.ipc.read_schema(pa.py_buffer(head[: 4 + length] if length <= len(head) else head))
    except Exception:
        return False
    return True


def _feather(source: Source, course: Course) -> tuple[pa.Schema, Iterator[Part]]:
    """A file of the first version of Feather, which is not compressed."""
    from pyarrow import feather

    table = feather.read_table(handle(source))

    def parts() -> Iterator[Part]:
        for order, batch in enumerate(table.to_batches(_SLICE_ROWS)):
            yield Parsed(order, batch_chunk(batch))

    return table.schema, deferred(parts, course, "a column cannot be read")


class _Table:
    """A table of a FlatBuffer (FlatBuffers, "Internals"); every access may raise IndexError or ValueError."""

    def __init__(self, data: bytes, at: int) -> None:
        self.data, self.at = data, at
        self._fields = at - self.number(at, 4, signed=True)

    @staticmethod
    def root(data: bytes) -> _Table:
        return _Table(data, int.from_bytes(data[:4], "little"))

    def number(self, at: int, width: int, signed: bool = False) -> int:
        if not 0 <= at <= len(self.data) - width:
            raise IndexError
        return int.from_bytes(self.data[at : at + width], "little", signed=signed)

    def _place(self, field: int) -> int:
        """Where a field stands, or 0."""
        entry = 4 + 2 * field
        if entry >= self.number(self._fields, 2):
            return 0
        offset = self.number(self._fields + entry, 2)
        return self.at + offset if offset else 0

    def whole(self, field: int, width: int) -> int:
        place = self._place(field)
        return self.number(place, width, signed=True) if place else 0

    def table(self, field: int) -> _Table | None:
        place = self._place(field)
        return _Table(self.data, place + self.number(place, 4)) if place else None

    def vector(self, field: int, width: int) -> bytes:
        """The bytes of a list of so wide items."""
        place = self._place(field)
        if not place:
            return b""
        at = place + self.number(place, 4)
        end = at + 4 + width * self.number(at, 4)
        if end > len(self.data):
            raise IndexError
        return self.data[at + 4 : end]


@dataclass(frozen=True, slots=True)
class _Frame:
    """A message of a stream as it lies there."""

    kind: int
    begin: int
    body: int
    end: int
    rows: int
    codec: str | None
    buffers: tuple[tuple[int, int], ...]
    """Offset in the body, and length."""
    views: tuple[int, ...]
    """How many buffers each column of views has beyond its first two."""

    def plain(self, stream: BinaryIO) -> list[int]:
        """What each buffer expands to.

        Raises:
            ReadError: it lies outside the message.
        """
        out = []
        for offset, length in self.buffers:
            if offset < 0 or length < 0 or self.body + offset + length > self.end:
                raise ReadError(ProblemCode.CORRUPT, "a buffer lies outside its batch")
            if self.codec is None or length < 8:
                out.append(length)
                continue
            stream.seek(self.body + offset)
            stated = int.from_bytes(stream.read(8), "little", signed=True)
            out.append(length - 8 if stated == -1 else max(0, stated))
        return out


def _frame(stream: BinaryIO, at: int, size: int) -> _Frame | None:
    """The message at an offset; None at the end.

    Raises:
        ReadError: there is none, or it goes beyond the file's end.
    """
    stream.seek(at)
    head = stream.read(8)
    marked = head[:4] == b"\xff\xff\xff\xff"
    length = int.from_bytes(head[4:8] if marked else head[:4], "little")
    if len(head) < 4 + 4 * marked or length == 0:
        return None
    begin = at + 4 + 4 * marked
    cut = ReadError(ProblemCode.TRUNCATED, "the file ends before its last batch")
    if length > _LONGEST:
        raise ReadError(ProblemCode.CORRUPT, "what stands before a batch is none of Arrow's messages")
    if begin + length > size:
        raise cut
    stream.seek(begin)
    try:
        message = _Table.root(stream.read(length))
        kind, body, about = message.whole(1, 1), message.whole(3, 8), message.table(2)
        batch = about.table(1) if about is not None and kind == DICTIONARY else about
        if body < 0 or about is None:
            raise ValueError
        end = begin + length + body
        if batch is None or kind not in (DICTIONARY, BATCH):
            made = _Frame(kind, at, begin + length, end, 0, None, (), ())
        else:
            squeezed = batch.table(3)
            codec = None if squeezed is None else _CODECS[squeezed.whole(0, 1)]
            pairs = np.frombuffer(batch.vector(2, 16), "<i8").reshape(-1, 2).tolist()
            views = tuple(np.frombuffer(batch.vector(4, 8), "<i8").tolist())
            buffers = tuple((one, two) for one, two in pairs)
            made = _Frame(kind, at, begin + length, end, batch.whole(0, 8), codec, buffers, views)
    except (IndexError, ValueError):
        raise ReadError(ProblemCode.CORRUPT, "what stands before a batch is none of Arrow's messages") from None
    if made.end > size:
        raise cut
    return made


def _blocks(stream: BinaryIO, size: int) -> list[int] | None:
    """Where the dictionaries and then the batches of a file stand; None where its footer is missing or damaged."""
    stream.seek(max(0, size - 10))
    end = stream.read(10)
    length = int.from_bytes(end[:4], "little")
    if end[4:] != b"ARROW1" or not 0 < length <= min(size - 18, 1 << 28):
        return None
    stream.seek(size - 10 - length)
    try:
        footer = _Table.root(stream.read(length))
        return [
            int(at) for field in (2, 3) for at in np.frombuffer(footer.vector(field, 24), "<i8").reshape(-1, 3)[:, 0]
        ]
    except (IndexError, ValueError):
        return None


class _Extents(io.RawIOBase):
    """Stretches of a stream, one behind the other; more may be added while it is read."""

    def __init__(self, inner: BinaryIO) -> None:
        self._inner = inner
        self._left: deque[tuple[int, int]] = deque()

    def add(self, begin: int, end: int) -> None:
        """Go on with a stretch."""
        self._left.append((begin, end))

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> bytes:
        pieces: list[bytes] = []
        wanted = sum(end - begin for begin, end in self._left) if size is None or size < 0 else size
        while wanted and self._left:
            begin, end = self._left.popleft()
            self._inner.seek(begin)
            data = self._inner.read(min(wanted, end - begin))
            wanted -= len(data)
            if data and begin + len(data) < end:
                self._left.appendleft((begin + len(data), end))
            pieces.append(data)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)


class _Fed:
    """A reader of Arrow's that is given one message after the other."""

    def __init__(self, stream: BinaryIO, known: list[_Frame], places: list[int] | None = None) -> None:
        """`known` are the schema and the dictionaries so far; of batches it reads the columns at some `places`."""
        self._extents = _Extents(stream)
        for one in known:
            self.add(one)
        held = pa.PythonFile(self._extents, mode="r")
        self._reader = pa.ipc.open_stream(
            held, options=pa.ipc.IpcReadOptions(included_fields=places, use_threads=False)
        )

    @property
    def schema(self) -> pa.Schema:
        return self._reader.schema

    def add(self, frame: _Frame) -> None:
        self._extents.add(frame.begin, frame.end)

    def batch(self, frame: _Frame) -> pa.RecordBatch:
        self.add(frame)
        return self._reader.read_next_batch()


@dataclass(frozen=True, slots=True)
class _File:
    source: Source
    course: Course
    schema: pa.Schema
    size: int
    blocks: list[int] | None
    """Where the messages of a file stand; None for a stream, whose messages stand one behind the other."""
    first: _Frame
    """The schema."""

    @staticmethod
    def of(source: Source, course: Course) -> _File:
        with source.seekable() as stream:
            size = stream.seek(0, 2)
            whole = source.head()[:6] == b"ARROW1"
            blocks = _blocks(stream, size) if whole else None
            first = _frame(stream, 8 if whole else 0, size)
            if first is None or first.kind != SCHEMA:
                raise ReadError(ProblemCode.CORRUPT, "no Arrow schema can be read")
            schema = _Fed(stream, [first]).schema
        if whole and blocks is None:
            course.failed(ReadError(ProblemCode.TRUNCATED, "the Arrow footer is missing or damaged; batches were read"))
        return _File(source, course, schema, size, blocks, first)

    def _frames(self, stream: BinaryIO) -> Iterator[_Frame]:
        if self.blocks is not None:
            for at in self.blocks:
                if (made := _frame(stream, at, self.size)) is not None:
                    yield made
            return
        at = self.first.end
        while (made := _frame(stream, at, self.size)) is not None:
            yield made
            at = made.end

    def parts(self, options: ScanOptions) -> Iterator[Part]:
        sizes, swelling, order = Portions.of(options), Swelling(self.source, options.limits), itertools.count()
        every = list(range(len(self.schema)))
        known = [self.first]
        with self.source.seekable() as stream, self.source.seekable() as beside:
            reader = _Fed(stream, known)
            for frame in self._frames(beside):
                plain = frame.plain(beside)
                whole = sum(plain)
                swelling.by(whole)
                if frame.kind == DICTIONARY:
                    if whole > sizes.group:
                        raise LimitError(f"a dictionary of {whole >> 20:,} MiB; what follows was left out")
                    known.append(frame)
                    reader.add(frame)
                elif frame.kind == BATCH and max(whole, frame.end - frame.body) > sizes.group:
                    yield from self._in_groups(beside, known, frame, plain, options, order, swelling)
                elif frame.kind == BATCH:
                    for chunk in self._cut(reader.batch(frame), every, sizes, swelling):
                        yield Parsed(next(order), chunk)

    def _cut(self, batch: pa.RecordBatch, places: list[int], sizes: Portions, swelling: Swelling) -> Iterator[Chunk]:
        """A batch of the columns at some places, in pieces of rows."""
        columns, problems = self._sound(batch)
        heaviest = sum(_heaviest(column) for column in columns)
        rows = max(1, min(_SLICE_ROWS, sizes.batch // heaviest if heaviest else _SLICE_ROWS))
        empty = batch.nbytes < batch.num_rows // 8
        for start in range(0, batch.num_rows, rows):
            held = dict(zip(places, (leaves(column.slice(start, rows)) for column in columns), strict=True))
            laid = [
                leaf
                for place, field in enumerate(self.schema)
                for leaf in held.get(place) or [pa.nulls(0)] * len(leaf_paths(field.type, ""))
            ]
            count = min(rows, batch.num_rows - start)
            if heaviest or empty:  # what the buffers of the batch do not account for
                swelling.by(max(count, sum(leaf.nbytes for leaf in laid)))
            yield Chunk(count, tuple(laid), problems=problems)
            problems = ()

    def _sound(self, batch: pa.RecordBatch) -> tuple[list[pa.Array], tuple[Problem, ...]]:
        """The columns as they may be looked into: offsets and indexes are what the file says."""
        try:
            batch.validate(full=True)
            return batch.columns, ()
        except pa.ArrowInvalid:
            pass
        columns, bad = [], 0
        for column in batch.columns:
            kind = {pa.string(): pa.binary(), pa.large_string(): pa.large_binary()}.get(column.type)
            try:
                try:
                    column.validate(full=True)
                except pa.ArrowInvalid:
                    if kind is None:
                        raise
                    column = column.view(kind)  # text that is no UTF-8
                    column.validate(full=True)
                columns.append(column)
            except pa.ArrowInvalid:
                bad += 1
                columns.append(pa.nulls(0, column.type))
        if not bad:
            return columns, ()
        self.course.status = Status.PARTIAL
        message = f"{bad} of {len(columns)} columns of a batch are damaged and were left out"
        return columns, (Problem(ProblemCode.CORRUPT, message),)

    def _in_groups(
        self,
        stream: BinaryIO,
        known: list[_Frame],
        frame: _Frame,
        plain: list[int],
        options: ScanOptions,
        order: Iterator[int],
        swelling: Swelling,
    ) -> Iterator[Part]:
        """A large batch, some of its columns after the others; those that are too large by themselves as text."""
        sizes = Portions.of(options)
        spans = _spans(self.schema, frame)
        weights = {place: sum(plain[first:last]) for place, (first, last) in enumerate(spans)}
        far = frame.end - frame.body > _MOST_STORED * sizes.group
        large = [place for place, weight in weights.items() if far or weight > sizes.column]
        groups = sizes.groups({place: weight for place, weight in weights.items() if place not in large})
        for number, places in enumerate(groups):
            batch = _Fed(stream, known, places).batch(frame)
            for chunk in self._cut(batch, places, sizes, swelling):
                # rows count once
                yield Parsed(next(order), chunk if number == 0 else replace(chunk, rows=0))
        if not large:
            return
        message = f"a batch of {sum(plain) >> 20:,} MiB: {len(large)} columns were searched as text instead of decoded"
        self.course.failed(LimitError(message))
        for place in large:
            for index in range(*spans[place]):
                try:
                    for runs in _texts(_windows(stream, frame, index, options.limits)):
                        yield Parsed(next(order), Chunk(0, (), tuple(Loose(one, "bad_row") for one in runs)))
                except ReadError as error:
                    self.course.failed(error)


def _texts(windows: Iterator[bytes]) -> Iterator[list[bytes]]:
    """Printable runs of bytes that come in pieces."""
    carry = b""
    for window in windows:
        runs, carry = printable_runs(carry + window, last=False)
        yield runs
    yield printable_runs(carry, last=True)[0]


def _windows(stream: BinaryIO, frame: _Frame, index: int, limits: Limits) -> Iterator[bytes]:
    """A buffer expanded, a piece at a time.

    Raises:
        LimitError: it expands by more than `max_ratio`.
        ReadError: it cannot be expanded.
    """
    offset, length = frame.buffers[index]
    held, done = _Extents(stream), 0
    held.add(frame.body + offset, frame.body + offset + length)
    stored = frame.codec is None or int.from_bytes(held.read(8), "little", signed=True) == -1
    try:
        with pa.PythonFile(held, mode="r") as plain:
            opened = plain if stored else pa.CompressedInputStream(plain, frame.codec)
            while piece := opened.read_buffer(_WINDOW):
                yield bytes(piece)
                done += len(piece)
                if limits.exceeds_ratio(done, length):
                    raise LimitError("a column expands by more than max_ratio; the rest of it was left out")
    except (pa.ArrowException, OSError) as error:
        raise as_read_error(error, "a buffer cannot be expanded") from None


def _spans(schema: pa.Schema, frame: _Frame) -> list[tuple[int, int]]:
    """Which buffers of a batch are those of each column.

    Raises:
        ReadError: there are not as many as the schema says.
    """
    views, at, out = iter(frame.views), 0, []
    for field in schema:
        many = _buffers(field.type, views)
        out.append((at, at + many))
        at += many
    if at != len(frame.buffers):
        raise ReadError(ProblemCode.CORRUPT, "a batch does not have the buffers of its schema")
    return out


def _buffers(kind: pa.DataType, views: Iterator[int]) -> int:
    """How many buffers a column of a type has (Arrow columnar format, "Buffer listing for each layout")."""
    if isinstance(kind, pa.BaseExtensionType):
        return _buffers(kind.storage_type, views)
    own = 2
    if pa.types.is_null(kind) or pa.types.is_run_end_encoded(kind):
        own = 0
    elif pa.types.is_struct(kind) or pa.types.is_fixed_size_list(kind):
        own = 1
    elif pa.types.is_union(kind):
        own = 1 if kind.mode == "sparse" else 2
    elif pa.types.is_list_view(kind) or pa.types.is_large_list_view(kind):
        own = 3
    elif pa.types.is_string_view(kind) or pa.types.is_binary_view(kind):
        own = 2 + next(views, 0)
    elif pa.types.is_dictionary(kind):
        return own
    elif any(
        ask(kind)
        for ask in (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary, pa.types.is_large_binary)
    ):
        own = 3
    if pa.types.is_run_end_encoded(kind):
        return _buffers(kind.run_end_type, views) + _buffers(kind.value_type, views)
    return own + sum(_buffers(kind.field(index).type, views) for index in range(kind.num_fields))


def _heaviest(array: pa.Array) -> int:
    """Bytes of a row once flattened, at most, in columns whose rows may share what they hold; 0 for others."""
    kind = array.type
    if isinstance(kind, pa.BaseExtensionType):
        return _heaviest(array.storage)
    if pa.types.is_dictionary(kind):
        return int(array.dictionary.nbytes) if kind.value_type.num_fields else 0
    if pa.types.is_run_end_encoded(kind):
        return _longest(array.values)
    if pa.types.is_string_view(kind) or pa.types.is_binary_view(kind):
        return _longest(array)
    if pa.types.is_struct(kind):
        return sum(_heaviest(array.field(index)) for index in range(kind.num_fields))
    if pa.types.is_list_view(kind) or pa.types.is_large_list_view(kind):
        values = array.values
        each = max(1, values.nbytes // max(1, len(values))) + _heaviest(values)
        return int(each * np.asarray(array.sizes).max(initial=0))
    if pa.types.is_map(kind):
        entry = _heaviest(array.keys) + _heaviest(array.items)
        return entry * _longest(array) if entry else 0
    if is_list(kind):
        inner = _heaviest(array.values)
        return inner * _longest(array) if inner else 0
    return 0


def _longest(array: pa.Array) -> int:
    """Bytes of the longest text, or items of the longest list; all of the bytes of what is neither."""
    kind, buffers = array.type, array.buffers()
    if pa.types.is_string_view(kind) or pa.types.is_binary_view(kind):
        return int(np.frombuffer(buffers[1], "<i4")[::4].max(initial=0)) if len(array) else 0
    wide = pa.types.is_large_string(kind) or pa.types.is_large_binary(kind) or pa.types.is_large_list(kind)
    narrow = pa.types.is_string(kind) or pa.types.is_binary(kind) or pa.types.is_list(kind) or pa.types.is_map(kind)
    if wide or narrow:
        offsets = np.frombuffer(buffers[1], "<i8" if wide else "<i4")[array.offset :][: len(array) + 1]
        return int(np.diff(offsets).max(initial=0))
    return int(array.nbytes)
