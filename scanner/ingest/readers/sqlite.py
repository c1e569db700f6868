"""SQLite: one artifact per table, read without writing or locking anything."""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from scanner.compiled import expect
from scanner.errors import LimitError, ReadError
from scanner.ingest.interface import Chunk, Head, Parsed, Part, Source, Stream, Tail
from scanner.ingest.readers.columnar import Course, unreadable
from scanner.ingest.readers.sqlite_sums import chained
from scanner.ingest.readers.text import BinaryReader
from scanner.ingest.spool import as_read_error
from scanner.model import Problem
from scanner.options import ScanOptions
from scanner.terms import Format, ProblemCode, Status

_BATCH = 20_000
#: A log whose check sums are of little-endian words; of big-endian ones with the last bit set.
_LOG_MAGIC = 0x377F0682
_JOURNAL = Problem(
    ProblemCode.CORRUPT,
    "a rollback journal lies beside the database: read as it stands, with a change that was not finished",
)
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
        journal = beside(source.file(), "-journal")
        for (raw,) in tables:
            stream = _table(connection, raw.decode("utf-8", "replace"), source, cut)
            yield _noted(stream, _JOURNAL) if journal is not None and any(journal.read_bytes()[:8]) else stream
        connection.close()


def _noted(stream: Stream, problem: Problem, status: Status | None = None) -> Stream:
    inner = stream.tail

    def tail() -> Tail:
        last = inner()
        return replace(last, status=status or last.status, problems=(*last.problems, problem))

    return Stream(stream.head, stream.parts, tail)


class SqliteLog:
    """Reads a write-ahead log by itself, as bytes: its rows are read with its database."""

    def recognise(self, head: bytes, name: str) -> bool:
        """By the magic number."""
        return len(head) >= 32 and int.from_bytes(head[:4], "big") & ~1 == _LOG_MAGIC

    def read(self, source: Source, options: ScanOptions) -> Iterator[Stream]:
        """One stream; partial where the database does not lie beside."""
        file = source.file()
        read = file is not None and file.name.endswith("-wal") and file.with_name(file.name[:-4]).is_file()
        for stream in BinaryReader().read(source, options):
            if read:
                yield stream
                continue
            message = "a write-ahead log without its database beside it: searched as bytes, its rows are not read"
            yield _noted(stream, Problem(ProblemCode.NOT_A_TABLE, message), Status.PARTIAL)


def _connect(source: Source) -> tuple[sqlite3.Connection, ReadError | None]:
    file, head = source.file(), source.head()
    log = beside(file, "-wal")
    page = int.from_bytes(head[16:18], "big")
    page = 65536 if page == 1 else page
    stated, size = page * int.from_bytes(head[28:32], "big"), source.size or 0
    cut = None
    if size < stated:
        cut = ReadError(ProblemCode.TRUNCATED, "the database is shorter than it says; what its pages hold was read")
    if file is not None and cut is None and log is None:
        connection = sqlite3.connect(
            f"{file.absolute().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False
        )
    else:
        if size > _IN_MEMORY:
            raise LimitError("a packed or damaged database above 2 GiB is not read from memory; unpack it first")
        with source.seekable() as stream:
            data = bytearray(stream.read())
        if cut is not None:  # what it says cannot be held, and need not be: what is there are so many pages
            data.extend(bytes(-len(data) % max(page, 1)))
            data[28:32] = (len(data) // max(page, 1)).to_bytes(4, "big")
        if log is not None and cut is None:
            cut = apply_log(data, log.read_bytes(), page)
        data[18:20] = b"\1\1"  # a write-ahead log cannot lie beside a database in memory
        connection = sqlite3.connect(":memory:", check_same_thread=False)
        connection.deserialize(data)
    connection.text_factory = bytes
    return connection, cut


def beside(file: Path | None, suffix: str) -> Path | None:
    """The file that SQLite keeps beside a database under the same name, where it is there and holds anything."""
    if file is None:
        return None
    found = file.with_name(file.name + suffix)
    return found if found.is_file() and found.stat().st_size else None


def apply_log(data: bytearray, log: bytes, page: int) -> ReadError | None:
    """Lay what a write-ahead log has committed over a database; what stops it short of the log's end, if anything.

    Source: sqlite.org/fileformat2.html, 4.
    """
    magic = int.from_bytes(log[:4], "big")
    if len(log) < 32 or magic & ~1 != _LOG_MAGIC or int.from_bytes(log[8:12], "big") != page:
        return ReadError(ProblemCode.CORRUPT, "the write-ahead log beside the database is not its own and was left out")
    words = np.frombuffer(log, np.uint8)
    expect(len(log))
    sums = chained(words, 0, 24, magic & 1, 0, 0)
    pending: dict[int, int] = {}
    committed: dict[int, int] = {}
    pages, at = 0, 32
    while at + 24 + page <= len(log):
        if log[at + 8 : at + 16] != log[16:24]:
            break  # what follows is of an earlier use of the file
        sums = chained(words, at, at + 8, magic & 1, *sums)
        sums = chained(words, at + 24, at + 24 + page, magic & 1, *sums)
        if tuple(map(int, sums)) != struct.unpack(">II", log[at + 16 : at + 24]):
            break
        number, after = struct.unpack(">II", log[at : at + 8])
        pending[number] = at + 24
        if after:
            committed.update(pending)
            pending, pages = {}, after
        at += 24 + page
    if pages * page > len(data) + len(log):  # pages that stand in neither
        return ReadError(ProblemCode.CORRUPT, "the write-ahead log beside the database is damaged and was left out")
    if pages * page > _IN_MEMORY:
        return LimitError("with its write-ahead log the database is above 2 GiB; the log was left out")
    if pages:
        data.extend(bytes(max(0, pages * page - len(data))))
        del data[pages * page :]
    for number, place in committed.items():
        if 0 < number <= pages:
            data[(number - 1) * page : number * page] = log[place : place + page]
    return None


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
