"""A target for each reader and container: whatever the bytes, it refuses them with a `ReadError` and nothing else."""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from scanner.errors import ReadError
from scanner.ingest.containers.registry import CONTAINERS
from scanner.ingest.interface import Cells, Source, Stream
from scanner.ingest.readers import READERS
from scanner.ingest.readers.json import JsonReader, parts
from scanner.ingest.readers.sqlite import Sqlite, SqliteLog
from scanner.ingest.readers.sqlite_sums import chained
from scanner.ingest.sources import BytesSource, FileSource
from scanner.options import Limits, ScanOptions
from tests.fuzz.seeds import log_and_database

#: Small enough that a bomb ends at a limit long before it ends the run.
OPTIONS = ScanOptions(
    shard_bytes=1 << 16,
    passwords=("secret",),
    limits=Limits(
        max_member=4 << 20,
        max_expanded=16 << 20,
        max_members=200,
        max_columns=500,
        max_cell=1 << 20,
        ratio_floor=1 << 20,
    ),
)


def _name(part: Any) -> str:
    return str(getattr(part, "name", type(part).__name__)).removesuffix("Reader").lower()


class CompiledJson:
    """The JSON reader with its kernels, which small documents do not use; they must find what it finds without."""

    def recognise(self, head: bytes, name: str) -> bool:
        """As the reader says."""
        return JsonReader().recognise(head, name)

    def read(self, source: Source, options: ScanOptions) -> Iterator[Stream]:
        """Nothing: the two readings are compared here."""
        usual, found = parts.COMPILED_FROM, []
        for parts.COMPILED_FROM in (usual, 0):
            try:
                found.append(_found(source, options))
            finally:
                parts.COMPILED_FROM = usual
        assert found[0] == found[1], "the kernels find something else"
        return iter(())


def _found(source: Source, options: ScanOptions) -> tuple[int, int, dict[str | None, list[bytes]]]:
    """Rows, bad rows and cells by column."""
    rows = bad = 0
    columns: dict[str | None, list[bytes]] = {}
    for stream in JsonReader().read(source, options):
        for part in stream.parts:
            chunk = part.read()
            rows, bad = rows + chunk.rows, bad + chunk.bad_rows
            for name, cells in zip(chunk.names, chunk.columns, strict=True):
                columns.setdefault(name, []).extend(
                    [bytes(cells.data[a:b]) for a, b in zip(cells.starts, cells.stops, strict=True)]
                    if isinstance(cells, Cells)
                    else cells.to_pylist()
                )
    return rows, bad, columns


class AppliedLog:
    """The SQLite reader with the bytes as a write-ahead log beside a database, their check sums made to hold."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._database = Path(self._folder.name, "people.db")

    def recognise(self, head: bytes, name: str) -> bool:
        """As the reader of a log by itself says."""
        return SqliteLog().recognise(head, name)

    def read(self, source: Source, options: ScanOptions) -> Iterator[Stream]:
        """The tables of the database as the log leaves them."""
        if not self._database.exists():
            self._database.write_bytes(log_and_database()[1])
        with source.seekable() as stream:
            Path(f"{self._database}-wal").write_bytes(summed(stream.read()))
        yield from Sqlite().read(FileSource(self._database, "case"), options)


def summed(log: bytes, page: int = 512) -> bytes:
    """The log with every check sum, salt and page size as its reader wants them."""
    data = bytearray(log)
    data[8:12] = page.to_bytes(4, "big")
    words, big = np.frombuffer(data, np.uint8), data[3] & 1
    sums = chained(words, 0, 24, big, 0, 0)
    for at in range(32, len(data) - 23 - page, 24 + page):
        data[at + 8 : at + 16] = data[16:24]
        sums = chained(words, at + 24, at + 24 + page, big, *chained(words, at, at + 8, big, *sums))
        data[at + 16 : at + 24] = struct.pack(">II", *map(int, sums))
    return bytes(data)


#: Name on the command line → reader or container.
TARGETS: dict[str, Any] = {_name(part): part for part in (*CONTAINERS, *READERS, CompiledJson(), AppliedLog())}


def exercise(target: str, data: bytes, name: str = "case") -> int:
    """Read all that the target makes of the bytes; how many streams and members that were.

    Bytes that the target does not take for its own are left alone.
    """
    part, source = TARGETS[target], BytesSource(data, name)
    if not data or not part.recognise(source.head(), name):
        return 0
    try:
        items: Iterable[Any] = part.members(source, OPTIONS) if hasattr(part, "members") else part.read(source, OPTIONS)
        return sum(_drain(item) for item in items)
    except ReadError:
        return 0


def _drain(item: Any) -> int:
    if isinstance(item, Stream):
        for part in item.parts:
            try:
                chunk = part.read()
            except ReadError:
                continue
            # the head may name fewer columns only where chunks name their own
            assert chunk.names or len(chunk.columns) <= max(1, len(item.head.columns)), (
                "more columns than the head names"
            )
        item.tail()
        return 1
    try:
        item.head()
        with item.stream() as stream:
            while stream.read(1 << 16):
                pass
    except ReadError:
        pass
    return 1
