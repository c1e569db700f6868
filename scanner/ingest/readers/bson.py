"""BSON, as `mongodump` writes collections: each document becomes a line of JSON, for the kernels that read those.

Source of what an archive is: mongodb/mongo-tools, `common/archive`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from scanner.compiled import expect
from scanner.errors import ReadError
from scanner.ingest.interface import HEAD_BYTES, Chunk, Head, Loose, Parsed, Part, Source, Stream
from scanner.ingest.readers.bson_kernels import DEEPEST, ENDS, SEPARATOR, SHORTEST, SWELLS, chain, to_json, to_lines
from scanner.ingest.readers.delimited import closing
from scanner.ingest.readers.json.parts import LINES, Block
from scanner.ingest.readers.text import printable_runs
from scanner.ingest.sources import Meter
from scanner.model import Problem
from scanner.options import Limits, ScanOptions
from scanner.terms import Format, ProblemCode

#: First bytes of an archive of several collections.
ARCHIVE = b"\x6d\xe2\x99\x81"


class _Room:
    """What the kernels work in."""

    def __init__(self) -> None:
        self.bits = np.zeros(8, np.uint8)
        self.stack = np.zeros((2, DEEPEST), np.int64)
        self.seen = np.zeros(2, np.int64)

    def of(self) -> tuple[Any, ...]:
        """Stack, and the eight bytes in three ways."""
        return self.stack, self.bits, self.bits.view(np.int64), self.bits.view(np.float64)


def _likely(head: bytes) -> bool:
    """Whether documents follow each other in a head, the first of them whole or as far as it goes."""
    data, room = np.frombuffer(head, np.uint8), _Room()
    whole = len(head) < HEAD_BYTES
    end, count, broken = chain(data, len(data))
    if not count:
        if broken or len(head) < 64:
            return False
        out = np.empty(SWELLS * len(head) + 64, np.uint8)
        made = to_json(data, 0, len(head), *room.of(), out, 0, room.seen)
        return bool(int(made) == ENDS and room.seen[0] >= 3 and not room.seen[1])
    last = elements = 0
    for _ in range(min(int(count), 3)):
        while (size := int.from_bytes(head[last : last + 4], "little")) == SEPARATOR:
            last += 4
        out = np.empty(SWELLS * size + 64, np.uint8)
        room.seen[0] = 0
        if int(to_json(data, last, last + size, *room.of(), out, 0, room.seen)) < 0 or room.seen[1]:
            return False
        last, elements = last + size, elements + int(room.seen[0])
    if not elements:
        return False
    if broken:
        return bool(count >= 3)
    # a file of one document has that length, which nothing else begins with by chance
    return bool(count > 1 or not whole or end == len(head) or elements >= 3)


class BsonReader:
    """Reads collections and archives of MongoDB."""

    def recognise(self, head: bytes, name: str) -> bool:
        """Whether documents follow each other from the first byte on."""
        return head[:4] == ARCHIVE or _likely(head)

    def read(self, source: Source, options: ScanOptions) -> Iterator[Stream]:
        """One stream; the collections of an archive are read as one table."""
        documents = _Documents(source, options)
        archive = source.head()[:4] == ARCHIVE
        told = Head(source.path, Format.JSON, detail="MongoDB archive" if archive else "BSON")
        yield Stream(told, documents.parts(archive), partial(closing, documents.meter, documents.faults))


class _Documents:
    """The documents of a source."""

    def __init__(self, source: Source, options: ScanOptions) -> None:
        self._options, self.meter = options, Meter(source)
        self.faults: list[Problem] = []

    def parts(self, archive: bool) -> Iterator[Part]:
        """Whole documents, as many as have come; behind damage, what is printable."""
        order = rows = 0
        held = b""
        try:
            if archive:
                self.meter.read(len(ARCHIVE))
            while not self.meter.ended:
                held += self.meter.read(max(self._options.shard_bytes, len(held)))
                data = np.frombuffer(held, np.uint8)
                expect(len(held))
                end, count, broken = map(int, chain(data, len(data)))
                if count:
                    yield _Block(order, held[:end], rows, self._options.limits)
                    order, rows = order + 1, rows + count
                held = held[end:]
                if broken:
                    message = "no document stands where one should; what is printable in the rest was searched"
                    self.faults.append(Problem(ProblemCode.CORRUPT, message, rows + 1))
                    yield from self._rest(order, held)
                    return
            if held:
                message = "the file ends within a document; what is printable in it was searched"
                self.faults.append(Problem(ProblemCode.TRUNCATED, message, rows + 1))
                yield from self._rest(order, held)
        except ReadError as error:
            self.faults.append(Problem(error.code, error.message, error.row))
        finally:
            self.meter.close()

    def _rest(self, order: int, held: bytes) -> Iterator[Part]:
        while True:
            runs, held = printable_runs(held, self.meter.ended)
            loose = (Loose(b"\n".join(runs), "bad_row"),) if runs else ()
            yield Parsed(order, Chunk(0, (), loose))
            if self.meter.ended:
                return
            order += 1
            held += self.meter.read(self._options.shard_bytes)


@dataclass(frozen=True, slots=True)
class _Block:
    order: int
    data: bytes
    before: int
    limits: Limits

    def read(self) -> Chunk:
        """The documents as records of JSON; of a broken one what is printable is loose."""
        size = len(self.data)
        data, out, room = np.frombuffer(self.data, np.uint8), np.empty(SWELLS * size + 64, np.uint8), _Room()
        bad = np.zeros(size // SHORTEST + 1, np.int64)
        to, _, broken = map(int, to_lines(data, size, *room.of(), out, room.seen, bad))
        lines = out[:to].tobytes()
        chunk = Block(self.order, (lines,), LINES, self.before, (b"", 0), "", self.limits).read()
        if not broken:
            return chunk
        loose = []
        for at in bad[:broken].tolist():
            document = self.data[at : at + int.from_bytes(self.data[at : at + 4], "little")]
            runs, _ = printable_runs(document, True)
            loose.append(Loose(b"\n".join(runs), "bad_row"))
        problem = Problem(ProblemCode.BAD_ROW, "documents that are damaged; what is printable in them was searched")
        return replace(
            chunk,
            rows=chunk.rows + broken,
            bad_rows=chunk.bad_rows + broken,
            loose=(*chunk.loose, *loose),
            problems=(*chunk.problems, problem),
        )
