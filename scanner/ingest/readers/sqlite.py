"""SQLite: one artifact per table, read without writing or locking anything."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from scanner.errors import LimitError, ReadError
from scanner.ingest.interface import Chunk, Head, Parsed, Part, Source, Stream
from scanner.ingest.readers.columnar import Course, unreadable
from scanner.ingest.spool import as_read_error
from scanner.options import ScanOptions
from scanner.terms import Format, ProblemCode

_BATCH = 20_000
#: Bytes up to which a damaged or packed database is read from memory.
_IN_MEMORY = 2 << 30


class Sqlite:
    """Reads SQLite 3 databases."""

    def recognise(self, head: bytes, name: str) -> bool:
        """By the magic bytes."""
        return head[:16] == b"SQLite format 3\0"

    def read(self, source: Source, options: ScanOptions) -> Iterator[Stream]:
        """One stream per table; views hold nothing of their own."""
        course = Course(source)
        cut: ReadError | None = None
        try:
            connection, cut = _connect(source)
            tables = connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND substr(name, 1, 7) != 'sqlite_' ORDER BY rowid"
            ).fetchall()
        except BaseException as error:
            made = cut or as_read_error(error, "the database cannot be opened")
            yield unreadable(source.path, Format.SQLITE, course, made)
            return
        if not tables:
            head = Head(source.path, Format.SQLITE)
            if cut is not None:
                course.failed(cut)
            yield Stream(head, iter(()), course.tail)
        for (raw,) in tables:
            yield _table(connection, raw.decode("utf-8", "replace"), source, cut)
        connection.close()


def _connect(source: Source) -> tuple[sqlite3.Connection, ReadError | None]:
    file, head = source.file(), source.head()
    page = int.from_bytes(head[16:18], "big")
    page = 65536 if page == 1 else page
    stated, size = page * int.from_bytes(head[28:32], "big"), source.size or 0
    cut = None
    if size < stated:
        cut = ReadError(ProblemCode.TRUNCATED, "the database is shorter than it says; what its pages hold was read")
    if file is not None and cut is None:
        connection = sqlite3.connect(
            f"{file.absolute().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False
        )
    else:
        if size > _IN_MEMORY:
            raise LimitError("a packed or damaged database above 2 GiB is not read from memory; unpack it first")
        with source.seekable() as stream:
            data = bytearray(stream.read())
        data.extend(bytes(max(0, min(stated, _IN_MEMORY) - len(data))))
        data[18:20] = b"\1\1"  # a write-ahead log cannot lie beside a database in memory
        connection = sqlite3.connect(":memory:", check_same_thread=False)
        connection.deserialize(bytes(data))
    connection.text_factory = bytes
    return connection, cut


def _table(connection: sqlite3.Connection, name: str, source: Source, cut: ReadError | None) -> Stream:
    path, course = f"{source.path}!{name}", Course(source, inside=True)
    if cut is not None:
        course.failed(cut)
    try:
        quoted = '"' + name.replace('"', '""') + '"'
        cursor = connection.execute(f"SELECT * FROM {quoted}")
        columns = tuple(one[0] for one in cursor.description)
    except BaseException as error:
        return unreadable(path, Format.SQLITE, course, as_read_error(error, "the table cannot be read"))

    def parts() -> Iterator[Part]:
        order = 0
        rows: list[tuple[Any, ...]] = []
        try:
            # Row by row near a fault, so that those before it count.
            for row in cursor:
                rows.append(row)
                if len(rows) == _BATCH:
                    yield Parsed(order, _chunk(rows, len(columns)))
                    order, rows = order + 1, []
        except GeneratorExit:
            raise
        except BaseException as error:
            course.failed(as_read_error(error, "the table is damaged; rows before the fault were read"))
        if rows:
            yield Parsed(order, _chunk(rows, len(columns)))

    return Stream(Head(path, Format.SQLITE, columns=columns), parts(), course.tail)


def _chunk(rows: list[tuple[Any, ...]], width: int) -> Chunk:
    return Chunk(len(rows), tuple(_column([row[i] for row in rows]) for i in range(width)))


def _column(values: list[Any]) -> pa.Array:
    """Integers, floats or bytes as they are; columns of several storage classes as text."""
    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        texts = (value if isinstance(value, bytes) or value is None else str(value).encode() for value in values)
        return pa.array(list(texts), pa.large_binary())
