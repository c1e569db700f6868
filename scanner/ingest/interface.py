"""What readers and containers hand to the rest: sources in, streams of Arrow chunks out.

A `Container` turns a `Source` into member sources, a `Reader` turns a `Source` into one `Stream` per artifact. A stream
is read front to back on one thread; each of its `Part`s may be parsed on any thread, which is what lets a scan be cut
into shards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scanner.model import Members, Problem
from scanner.options import ScanOptions
from scanner.terms import Format, Status

#: Bytes at the front of a source from which format, encoding and dialect are judged.
HEAD_BYTES = 1 << 18


@dataclass(frozen=True, slots=True)
class Loose:
    """Text of an artifact that stands outside its cells: preamble, footer, rows that do not fit."""

    text: bytes
    """UTF-8."""
    place: str
    """`preamble`, `footer`, `bad_row`, `header`, `comment`."""
    row: int | None = None


@dataclass(frozen=True, slots=True)
class Cells:
    """Cells of one column where they lie in a buffer of UTF-8: cell i is `data[starts[i]:stops[i]]`.

    Columns of a chunk may share `data`, and cells need not lie in order. An empty cell is null or an empty text.
    """

    data: npt.NDArray[np.uint8]
    """Shorter than 2 GiB; not changed as long as the chunk is in use."""
    starts: npt.NDArray[np.int32]
    """int32[n], contiguous."""
    stops: npt.NDArray[np.int32]
    """int32[n], contiguous; each at least its start."""

    def __len__(self) -> int:
        """Number of cells."""
        return len(self.starts)

    @property
    def nbytes(self) -> int:
        """Bytes of the cells."""
        return int(self.stops.sum(dtype=np.int64) - self.starts.sum(dtype=np.int64))


@dataclass(frozen=True, slots=True)
class Grid:
    """Cells of several columns in one buffer, cell i of column c being `data[starts[c, i]:stops[c, i]]`."""

    data: npt.NDArray[np.uint8]
    """As in `Cells`."""
    starts: npt.NDArray[np.int32]
    """int32[columns, room for at least `rows`], contiguous."""
    stops: npt.NDArray[np.int32]
    """The same; each at least its start."""
    rows: int

    def columns(self) -> tuple[Cells, ...]:
        """The columns one by one."""
        rows = self.rows
        return tuple(
            Cells(self.data, starts[:rows], stops[:rows]) for starts, stops in zip(self.starts, self.stops, strict=True)
        )

    def slice(self, first: int, stop: int) -> Grid:
        """Some of the columns."""
        return Grid(self.data, self.starts[first:stop], self.stops[first:stop], self.rows)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows of one artifact by column.

    `columns[i]` belongs to column i of the stream's head: cells in place or an Arrow array of binary or string (both as
    they stand in the file, UTF-8), or a typed array (integers, floats, decimals, timestamps, dates, booleans); nested
    types are flattened by the reader, so a leaf under a list may have more or fewer cells than there are rows.
    """

    rows: int
    columns: tuple[pa.Array | Cells, ...]
    loose: tuple[Loose, ...] = ()
    problems: tuple[Problem, ...] = ()
    bad_rows: int = 0
    names: tuple[str | None, ...] = ()
    """Names of this chunk's columns where chunks may differ in them, as in JSON; empty for the order of the head."""
    grid: Grid | None = None
    """The columns as one grid, where they are that."""


def column_of(cells: Sequence[bytes | bytearray], kind: pa.DataType | None = None) -> pa.Array:
    """Cells as a column of `kind`, large binary if not given.

    `pyarrow.array` would import pandas where it is installed.
    """
    ends = np.zeros(len(cells) + 1, np.int64)
    np.cumsum(np.fromiter(map(len, cells), np.int64, len(cells)), out=ends[1:])
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(b"".join(cells))]
    return pa.Array.from_buffers(kind or pa.large_binary(), len(cells), buffers)


class Part(Protocol):
    """A piece of an artifact that can be parsed on its own, on any thread."""

    @property
    def order(self) -> int:
        """Position in the artifact; grows from part to part."""

    def read(self) -> Chunk:
        """Parse the piece.

        Raises:
            ReadError: the piece cannot be read; the artifact becomes `partial`.
        """


def done(part: Part) -> None:
    """Tell a part, if it wants to know, that its chunk is used up and its buffers are free."""
    tell = getattr(part, "done", None)
    if tell is not None:
        tell()


@dataclass(frozen=True, slots=True)
class Parsed:
    """A part whose reader has parsed it already."""

    order: int
    chunk: Chunk

    def read(self) -> Chunk:
        """The chunk."""
        return self.chunk


@dataclass(frozen=True, slots=True)
class Head:
    """What is known of an artifact before its rows."""

    path: str
    """Provenance path, unmasked; the report's gate masks it."""
    format: Format
    encoding: str | None = None
    columns: tuple[str | None, ...] = ()
    """Header text by column, or dotted path of a nested leaf; None where there is no header."""
    lines: bool = False
    """A document of lines: one column of text per line, which the report lists no columns for."""
    detail: str = ""
    """Dialect in words for people, as in `semicolon, quoted, header in row 4`."""
    rows: int | None = None
    """Where the format states them."""
    sampled: bool = False
    """Not all of the parts may come."""


@dataclass(frozen=True, slots=True)
class Taken:
    """How much of an artifact a sample is."""

    expansion: float
    """Bytes or parts of the whole for each that was examined."""
    by_bytes: bool
    """Its pieces stand for the bytes between them, not for as many parts."""


@dataclass(frozen=True, slots=True)
class Tail:
    """What is known of an artifact after its rows."""

    status: Status = Status.COMPLETE
    problems: tuple[Problem, ...] = ()
    sha256: str | None = None
    """Of the artifact's own bytes as stored; None for a table inside a file."""
    size_bytes: int | None = None
    bytes_total: int | None = None
    bytes_read: int = 0
    members: Members | None = None
    """Of a container alone."""
    taken: Taken | None = None
    """Of a sample alone."""


@dataclass(slots=True)
class Stream:
    """One artifact being read: `parts` is consumed once, then `tail` may be asked."""

    head: Head
    parts: Iterator[Part] = field(default_factory=lambda: iter(()))
    tail: Callable[[], Tail] = Tail
    size: int | None = None
    """Bytes of the source that it is read from, where known before its end."""
    only: bool = False
    """Nothing else comes of the file that it is read from."""


class Source(Protocol):
    """Bytes that lie somewhere: a file, a member of an archive, standard input."""

    @property
    def path(self) -> str:
        """Provenance path."""

    @property
    def size(self) -> int | None:
        """Bytes, where known."""

    def head(self) -> bytes:
        """The first HEAD_BYTES (or all, where fewer)."""

    def stream(self) -> BinaryIO:
        """The bytes from the first on, read sequentially; may be called once more after it was closed.

        Raises:
            ReadError: it cannot be opened.
        """

    def seekable(self) -> BinaryIO:
        """The bytes as a stream that can seek; a member is held in memory or an enciphered temporary file."""

    def file(self) -> Path | None:
        """The file on disk where the source is one, unchanged and uncompressed; else None."""


def recognises(ask: Callable[[bytes, str], bool], head: bytes, path: str) -> bool:
    """The answer of a reader; one that fails to import or trips over the head does not stop the others."""
    try:
        return ask(head, path)
    except Exception:
        return False


class Reader(Protocol):
    """Reads one format."""

    def recognise(self, head: bytes, name: str) -> bool:
        """Whether bytes that begin so (in a file named so) are of this format; content decides, never a name alone."""

    def read(self, source: Source, options: ScanOptions) -> Iterator[Stream]:
        """One stream per artifact in the source; a fault ends as problem and status in the stream's tail."""


class Container(Protocol):
    """Opens one kind of archive or compressed stream."""

    def recognise(self, head: bytes, name: str) -> bool:
        """As for a reader."""

    def members(self, source: Source, options: ScanOptions) -> Iterator[Source | Stream]:
        """Members in stored order; a member that cannot be opened is a stream without parts whose tail says why."""
