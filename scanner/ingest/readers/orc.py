"""ORC: a stripe a part, or in groups of columns where it is large; nested columns flattened to leaves."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

import pyarrow as pa

from scanner.errors import LimitError, ReadError
from scanner.ingest.interface import Chunk, Head, Loose, Parsed, Part, Source, Stream, column_of
from scanner.ingest.readers.columnar import (
    Course,
    Portions,
    Swelling,
    deferred,
    leaf_paths,
    table_chunk,
)
from scanner.ingest.readers.stripes import PIECE, Layout, Stripe, Weight, layout_of, piece_at
from scanner.ingest.readers.text import printable_runs
from scanner.ingest.spool import as_read_error
from scanner.model import Problem
from scanner.options import ScanOptions
from scanner.terms import Format, ProblemCode, Status

#: Stripes are held as they lie in the file; larger ones than so many groups of columns are searched as text.
_MOST_STORED = 4


class Orc:
    """Reads ORC: one part per stripe."""

    def recognise(self, head: bytes, name: str) -> bool:
        """By the magic bytes, where what follows is no text."""
        return head[:3] == b"ORC" and min(head[3:64], default=9) < 9

    def read(self, source: Source, options: ScanOptions) -> Iterator[Stream]:
        """One stream."""
        course = Course(source)
        try:
            with source.seekable() as stream:
                file = _File(source, layout_of(stream), course)
            kinds = file.schema()
        except BaseException as error:
            message = "the ORC footer is missing or damaged; what is printable in the stripes was searched"
            course.failed(as_read_error(error, message))
            head = Head(source.path, Format.ORC, columns=(None,), lines=True)
            yield Stream(head, deferred(lambda: _stripes_text(source), course, "a stripe is damaged"), course.tail)
            return
        layout = file.layout
        columns = tuple(path for one, name in zip(kinds, layout.names, strict=True) for path in leaf_paths(one, name))
        detail = f"{len(layout.stripes)} stripes"
        head = Head(source.path, Format.ORC, columns=columns, detail=detail, rows=layout.rows)
        parts = deferred(lambda: file.parts(kinds, options), course, "a stripe cannot be read")
        yield Stream(head, parts, course.tail)


@dataclass(frozen=True, slots=True)
class _File:
    source: Source
    layout: Layout
    course: Course

    def opened(self, stripe: Stripe) -> pa.BufferReader:
        """A file of one stripe, in memory."""
        with self.source.seekable() as stream:
            held = _read(stream, stripe.offset, stripe.end - stripe.offset)
        alone = self.layout.alone(replace(stripe, offset=3))
        return pa.BufferReader(b"".join((b"ORC", held, alone)))

    def schema(self) -> list[pa.DataType]:
        """The types of the columns."""
        from pyarrow import orc

        with self.opened(Stripe(3, 0, 0, 0, 0)) as stream:
            return [one.type for one in orc.ORCFile(stream).schema]

    def parts(self, kinds: list[pa.DataType], options: ScanOptions) -> Iterator[Part]:
        order, sizes = itertools.count(), Portions.of(options)
        swelling = Swelling(self.source, options.limits)
        with self.source.seekable() as stream:
            for number, stripe in enumerate(self.layout.stripes):
                if not stripe.rows:
                    continue
                try:
                    if stripe.end - stripe.offset > _MOST_STORED * sizes.group:
                        raise LimitError("a stripe is too large to be held in memory; it was searched as text")
                    weight = self.layout.weigh(stream, stripe, sizes.column)
                except ReadError as error:
                    self.course.failed(error)
                    yield from self._text(stream, stripe, order)
                    continue
                for first, places in enumerate(sizes.groups(weight.plain)):
                    swelling.by(sum(weight.plain[place] for place in places))
                    rows = stripe.rows if first == 0 else 0  # which count once
                    yield _Stripe(self, stripe, number, next(order), kinds, tuple(places), rows)
                if weight.texts:
                    yield from self._apart(stream, weight, number, options, order)

    def _apart(
        self, stream: BinaryIO, weight: Weight, number: int, options: ScanOptions, order: Iterator[int]
    ) -> Iterator[Part]:
        """The text of columns that are not decoded."""
        for places, error in (
            (weight.swollen, LimitError),
            (weight.damaged, lambda text: ReadError(ProblemCode.CORRUPT, text)),
        ):
            if places:
                why = "are too large for memory" if error is LimitError else "have lengths that do not fit their bytes"
                message = f"stripe {number + 1}: {len(places)} columns {why} and were searched as text"
                self.course.failed(error(message))
        for extent in weight.texts:
            done, carry = 0, b""
            try:
                for plain in self.layout.expanded(stream, extent.begin, extent.end):
                    done += len(plain)
                    if options.limits.exceeds_ratio(done, extent.end - extent.begin):
                        raise LimitError("a column expands by more than max_ratio; the rest of it was left out")
                    runs, carry = printable_runs(carry + plain, last=False)
                    if runs:
                        yield Parsed(next(order), Chunk(0, (), tuple(Loose(one, "bad_row") for one in runs)))
            except ReadError as error:
                self.course.failed(error)
            runs, _ = printable_runs(carry, last=True)
            yield Parsed(next(order), Chunk(0, (), tuple(Loose(one, "bad_row") for one in runs)))

    def _text(self, stream: BinaryIO, stripe: Stripe, order: Iterator[int]) -> Iterator[Part]:
        """The text of a stripe whose footer is damaged."""
        for runs in _texts(stream, stripe.offset, stripe.end, self.layout.codec):
            yield Parsed(next(order), Chunk(0, (), tuple(Loose(one, "bad_row") for one in runs)))


@dataclass(frozen=True, slots=True)
class _Stripe:
    """One stripe; opens the file for itself."""

    file: _File
    stripe: Stripe
    number: int
    order: int
    kinds: list[pa.DataType]
    kept: tuple[int, ...]
    """Columns that are decoded."""
    rows: int
    """What the part counts for."""

    def _laid(self, held: dict[int, tuple[Any, ...]], problems: tuple[Problem, ...] = ()) -> Chunk:
        """Leaves of columns in their places."""
        columns = (
            leaf
            for place, kind in enumerate(self.kinds)
            for leaf in held.get(place) or (pa.nulls(0),) * len(leaf_paths(kind, ""))
        )
        return Chunk(self.rows, tuple(columns), problems=problems)

    def read(self) -> Chunk:
        """The stripe's columns; one that is damaged is left out with a problem.

        Raises:
            ReadError: none of them can be read.
        """
        from pyarrow import orc

        try:
            with self.file.opened(self.stripe) as stream:
                file = orc.ORCFile(stream)
                try:
                    return self._laid(self._leaves(file, self.kept))
                except Exception as error:
                    first = as_read_error(error, f"stripe {self.number + 1} is damaged")
                held: dict[int, tuple[Any, ...]] = {}
                for place in self.kept:
                    try:
                        held.update(self._leaves(file, (place,)))
                    except Exception:
                        continue
        except Exception as error:
            raise as_read_error(error, f"stripe {self.number + 1} cannot be read") from None
        if not held:
            raise first
        bad = len(self.kept) - len(held)
        message = f"stripe {self.number + 1}: {bad} of {len(self.kinds)} columns are damaged and were left out"
        self.file.course.status = Status.PARTIAL
        return self._laid(held, (Problem(ProblemCode.CORRUPT, message),))

    def _leaves(self, file: Any, places: tuple[int, ...]) -> dict[int, tuple[Any, ...]]:
        if not places:
            return {}
        read = file.read_stripe(0, columns=[str(place) for place in places])
        if isinstance(read, pa.RecordBatch):
            read = pa.Table.from_batches([read])
        return {place: table_chunk(read.select([str(place)])).columns for place in places}


def _stripes_text(source: Source) -> Iterator[Part]:
    """Printable runs of an ORC file's streams, whose codec is the one in which they can be expanded."""
    with source.seekable() as stream:
        size = stream.seek(0, 2)
        first = 3
        while first < size and (head := _read(stream, first, 3))[0] & 1:  # pieces that are plain tell no codec
            first += 3 + (int.from_bytes(head, "little") >> 1)
        codec = next((one for one in ("zlib", "snappy", "zstd", "lz4") if piece_at(stream, first, one) is not None), "")
        for order, runs in enumerate(_texts(stream, 3, size, codec)):
            yield Parsed(order, Chunk(len(runs), (column_of(runs),)))


def _texts(stream: BinaryIO, at: int, end: int, codec: str) -> Iterator[list[bytes]]:
    """Printable runs of what lies in a part of a file: pieces in a codec, or bytes."""
    carry = b""
    while at < end:
        made = piece_at(stream, at, codec) if codec else None
        if made is None:  # no codec, or what lies behind the cut
            plain = _read(stream, at, min(PIECE, end - at))
            made = plain, at + len(plain)
        plain, at = made
        if not plain:
            break
        runs, carry = printable_runs(carry + plain, last=at >= end)
        if runs:
            yield runs


def _read(stream: BinaryIO, at: int, length: int) -> bytes:
    stream.seek(at)
    return stream.read(length)
