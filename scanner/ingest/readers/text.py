"""Documents of lines: prose, logs, chats, source code; and the printable runs of binary files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from scanner.compiled import expect, is_compiled
from scanner.errors import ReadError
from scanner.ingest.interface import Cells, Chunk, Head, Part, Source, Stream, column_of
from scanner.ingest.readers import JSON_NAMES
from scanner.ingest.readers.blocks import Cutter, record_blocks
from scanner.ingest.readers.delimited import cleaned, closing
from scanner.ingest.sniff import BYTE_ENDS, PACKED, encoding_of, is_packed, newline_of
from scanner.ingest.sources import Meter
from scanner.model import Problem
from scanner.options import ScanOptions
from scanner.terms import Format, ProblemCode

#: Printable runs, one byte or two bytes (UTF-16LE) a character.
_RUNS = re.compile(rb"(?:[\x20-\x7e\t]\x00){6,}|[\x20-\x7e\t]{6,}")
_OVERLAP = 4096


@dataclass(frozen=True, slots=True)
class _Lines:
    order: int
    block: bytes | bytearray
    problems: tuple[Problem, ...]

    def read(self) -> Chunk:
        """Lines that are not blank, as one binary column."""
        problems = list(self.problems)
        lines = lines_in(cleaned(self.block, problems, None))
        return Chunk(len(lines), (lines,), problems=tuple(problems))


def lines_in(block: bytes | bytearray) -> Cells:
    """The lines of a block that are not empty, whatever ends them."""
    data = np.frombuffer(memoryview(block).toreadonly(), np.uint8)
    expect(len(block))
    if is_compiled():
        from scanner.ingest.readers.fields import split_lines

        return split_lines(data)
    ends = np.flatnonzero((data == 10) | (data == 13))
    starts = np.concatenate(([0], ends + 1)).astype(np.int32)
    stops = np.concatenate((ends, [len(data)])).astype(np.int32)
    some = stops > starts
    return Cells(data, starts[some], stops[some])


class TextReader:
    """Any text, as lines."""

    def recognise(self, head: bytes, name: str) -> bool:
        """Whether the head is text."""
        return encoding_of(head)[0] is not None

    def read(self, source: Source, options: ScanOptions, problems: tuple[Problem, ...] = ()) -> Iterator[Stream]:
        """One stream; `problems` are told with its first lines."""
        head = source.head()
        encoding, mark = encoding_of(head)
        encoding = encoding or "windows-1252"
        if not problems and source.path.lower().endswith(JSON_NAMES):
            problems = (Problem(ProblemCode.NOT_A_TABLE, "named as JSON and is none; read as lines"),)
        if not problems and is_packed(head):
            problems = (Problem(ProblemCode.NOT_A_TABLE, PACKED),)
        meter = Meter(source)
        faults: list[Problem] = []
        newline = newline_of(head) if encoding in BYTE_ENDS else b"\n"
        yield Stream(
            Head(source.path, Format.TEXT, encoding, (None,), lines=True),
            self._parts(meter, encoding, mark, newline, options, problems, faults),
            lambda: closing(meter, faults),
            only=True,
        )

    def _parts(
        self,
        meter: Meter,
        encoding: str,
        mark: int,
        newline: bytes,
        options: ScanOptions,
        problems: tuple[Problem, ...],
        faults: list[Problem],
    ) -> Iterator[Part]:
        cutter = Cutter(b"\n", b"", False, newline, 2)
        try:
            for order, (block, _, _) in enumerate(
                record_blocks(meter, encoding, mark, cutter, options.shard_bytes, options.limits.max_cell)
            ):
                yield _Lines(order, block, problems)
                problems = ()
        except ReadError as error:
            faults.append(Problem(error.code, error.message, error.row))
        finally:
            meter.close()


def lines_chunk(lines: list[str]) -> Chunk:
    """Lines of text as one column."""
    return Chunk(len(lines), (column_of([line.encode("utf-8", "replace") for line in lines]),))


def printable_runs(data: bytes, last: bool) -> tuple[list[bytes], bytes]:
    """Printable runs of some bytes, and what may belong to a run that goes on behind them if they are not the `last`.

    A run goes on for no more than 4 KiB.
    """
    owned = len(data) if last else max(0, len(data) - _OVERLAP)
    runs, rest = [], owned
    for found in _RUNS.finditer(data):
        if found.start() >= owned:
            break
        runs.append(found.group().replace(b"\x00", b""))
        rest = max(rest, found.end())
    return runs, data[rest:]


@dataclass(frozen=True, slots=True)
class _Runs:
    order: int
    block: bytes
    owned: int
    """Runs that begin before this offset belong to the block."""
    skip: int
    """Runs that begin before this offset belonged to the block before."""
    problems: tuple[Problem, ...]

    def read(self) -> Chunk:
        """Printable runs as one binary column."""
        runs = [
            found.group().replace(b"\x00", b"")
            for found in _RUNS.finditer(self.block)
            if self.skip <= found.start() < self.owned
        ]
        return Chunk(len(runs), (column_of(runs),), problems=self.problems)


class BinaryReader:
    """Any bytes: their printable runs are searched as text."""

    def recognise(self, head: bytes, name: str) -> bool:
        """Always."""
        return True

    def read(self, source: Source, options: ScanOptions, problems: tuple[Problem, ...] = ()) -> Iterator[Stream]:
        """One stream; `problems` are told with its first runs."""
        meter = Meter(source)
        faults: list[Problem] = []

        def parts() -> Iterator[Part]:
            carry = b""
            order = 0
            skip = 0
            try:
                while not meter.ended:
                    block = carry + meter.read(options.shard_bytes)
                    owned = len(block) if meter.ended else max(skip, len(block) - _OVERLAP)
                    last = skip
                    for found in _RUNS.finditer(block):
                        if found.start() < owned:
                            last = max(last, found.end())
                    yield _Runs(order, block, owned, skip, problems if order == 0 else ())
                    # the next block sees the overlap again, but not runs that this one took
                    carry = block[owned:]
                    skip = max(0, last - owned)
                    order += 1
            except ReadError as error:
                faults.append(Problem(error.code, error.message, error.row))
            finally:
                meter.close()

        yield Stream(
            Head(source.path, Format.BINARY, None, (None,), lines=True), parts(), lambda: closing(meter, faults)
        )
