"""A first look at large inputs: stretches spread over a file of lines, or some parts of any other stream.

Where the stretches lie follows from the size of the file alone, so that the same bytes give the same report.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

from scanner.ingest.interface import Part, Source, Stream, Tail, Taken
from scanner.ingest.sniff import BYTE_ENDS
from scanner.ingest.sources import read_error
from scanner.model import Problem
from scanner.options import Sample
from scanner.terms import Format, ProblemCode, Status

#: Inputs of which less than so many bytes are read whole; the sample of a larger one is at least a quarter of it.
WHOLE_BELOW = 4 << 20
#: Stretches that a file of lines is read in, where each can have LEAST bytes; so many make one piece of the sample, so
#: that few of them stand in two pieces.
STRETCHES, LEAST, A_PIECE = 384, 1 << 12, 4
#: Formats of which any line can be the next.
_OF_LINES = frozenset({Format.CSV, Format.NDJSON, Format.TEXT})
#: Fraction of the golden ratio: its multiples fill the unit interval evenly.
_TURN = 0.6180339887498949


class SampledSource:
    """Of a file of lines the first stretch and others spread over it, one behind the other, whole lines alone."""

    def __init__(self, source: Source, wanted: int) -> None:
        """About `wanted` bytes are read of a source that is a file."""
        self._source, size = source, source.size or 0
        count = max(2, min(STRETCHES, wanted // LEAST))
        self.stretch = max(1, wanted // count)
        step = size / count
        room = max(0.0, step - self.stretch)
        self.expansion = size / (count * self.stretch)
        """Lines of the file for each that is read."""
        self._places = [0, *(int(at * step + (at * _TURN) % 1 * room) for at in range(1, count))]

    @property
    def path(self) -> str:
        """Provenance path."""
        return self._source.path

    @property
    def size(self) -> int | None:
        """Bytes of the whole file."""
        return self._source.size

    def head(self) -> bytes:
        """The first bytes of the file."""
        return self._source.head()

    def stream(self) -> BinaryIO:
        """The stretches."""
        return io.BufferedReader(_Stretches(self._source, self._places, self.stretch))  # type: ignore[return-value]

    def seekable(self) -> BinaryIO:
        """The whole file."""
        return self._source.seekable()

    def file(self) -> Path | None:
        """None: what is read is no file."""
        return None


class _Stretches(io.RawIOBase):
    def __init__(self, source: Source, places: list[int], length: int) -> None:
        super().__init__()
        self._places, self._length = iter(places), length
        self._file = source.seekable()
        self._held = memoryview(b"")
        self._end = b"\n"

    def readable(self) -> bool:
        return True

    def _next(self) -> bytes | None:
        """The lines that begin within the next stretch; None behind the last.

        So each line of the file is as likely to be met as any other, however long it is.
        """
        place = next(self._places, None)
        if place is None:
            return None
        try:
            self._file.seek(max(0, place - 1))
            data = self._file.read(self._length + (place > 0))
            if place == 0:
                self._end = b"\n" if b"\n" in data else b"\r"
            begin = data.find(self._end) + 1 if place else 0
            if place and not begin:
                return b""
            if not data.endswith(self._end):
                data += self._file.readline() if self._end == b"\n" else b""
        except OSError as error:
            raise read_error(error) from None
        return data[begin:] if data.endswith(self._end) else data[begin:] + self._end

    def readinto(self, buffer: Any) -> int:
        while not self._held:
            data = self._next()
            if data is None:
                return 0
            self._held = memoryview(data)
        many = min(len(buffer), len(self._held))
        buffer[:many] = self._held[:many]
        self._held = self._held[many:]
        return many

    def close(self) -> None:
        self._file.close()
        super().close()


def by_line(stream: Stream, source: Source, sample: Sample) -> SampledSource | None:
    """What to read instead of a source whose artifact `stream` would be; None where it cannot be read from any line."""
    size, head = source.size, stream.head
    if source.file() is None or size is None or head.format not in _OF_LINES or head.encoding not in BYTE_ENDS:
        return None
    wanted = _wanted(size, sample)
    return None if wanted is None else SampledSource(source, wanted)


def _wanted(size: int, sample: Sample) -> int | None:
    """Bytes to read of an input; None for all."""
    wanted = max(WHOLE_BELOW // 4, sample.of(size))
    return wanted if size >= WHOLE_BELOW and wanted < size else None


def stretched(stream: Stream, source: SampledSource) -> Stream:
    """The artifact of a sampled source as what it is: a part of the file."""
    inner = stream.tail

    def tail() -> Tail:
        last = inner()
        size, read = source.size or 0, last.bytes_read
        said = (
            f"a sample: {read:,} of {size:,} bytes were read, in stretches spread over the file; all figures are of it"
        )
        return _sampled(
            replace(last, sha256=None, size_bytes=size, bytes_total=size), said, Taken(source.expansion, True)
        )

    return Stream(replace(stream.head, sampled=True), stream.parts, tail, stream.size)


def thinned(stream: Stream, sample: Sample) -> Stream:
    """Any other stream with some of its parts left out: what cannot seek is read, but not all of it is examined."""
    share = sample.share
    if sample.size:
        if stream.size is None:
            return _not_thinned(stream)
        share = sample.size / max(1, stream.size)
    if share >= 1 or (stream.size is not None and stream.size < WHOLE_BELOW):
        return stream
    passed = kept = 0

    def parts() -> Iterator[Part]:
        nonlocal passed, kept
        for part in stream.parts:
            if passed * share >= kept:
                kept += 1
                yield part
            passed += 1

    def tail() -> Tail:
        last = stream.tail()
        if kept == passed:
            return last
        said = f"a sample: {kept:,} of {passed:,} parts were examined, spread over the input; figures are of them"
        return _sampled(replace(last, bytes_read=last.bytes_read * kept // passed), said, Taken(passed / kept, False))

    return Stream(replace(stream.head, sampled=True), parts(), tail, stream.size)


def _not_thinned(stream: Stream) -> Stream:
    message = "read whole in spite of --sample: how large it is shows at its end alone; a share such as 1% can be taken"

    def tail() -> Tail:
        last = stream.tail()
        return replace(last, problems=(*last.problems, Problem(ProblemCode.SAMPLED, message)))

    return Stream(stream.head, stream.parts, tail, stream.size)


def _sampled(tail: Tail, message: str, taken: Taken) -> Tail:
    status = Status.PARTIAL if tail.status is Status.COMPLETE else tail.status
    return replace(tail, status=status, problems=(*tail.problems, Problem(ProblemCode.SAMPLED, message)), taken=taken)
