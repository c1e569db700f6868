"""Files of mainframes: EBCDIC becomes UTF-8 with a line for each record, which the readers of text then read."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

from scanner.ingest.ebcdic import PIECE, Decoder, Framing, Layout, layout_of
from scanner.ingest.interface import HEAD_BYTES, Source, Stream, Tail, recognises
from scanner.ingest.readers import TEXTS
from scanner.ingest.readers.text import BinaryReader
from scanner.ingest.sources import Meter, read_full
from scanner.ingest.spool import Spool
from scanner.model import Problem
from scanner.options import ScanOptions
from scanner.terms import ProblemCode, Status
from scanner.vault import Vault


class EbcdicReader:
    """Reads text in EBCDIC, whatever it is."""

    def recognise(self, head: bytes, name: str) -> bool:
        """Whether the head is text in EBCDIC."""
        return layout_of(head) is not None

    def read(self, source: Source, options: ScanOptions) -> Iterator[Stream]:
        """The streams of the text."""
        layout = layout_of(source.head(), source.size)
        if layout is None:
            yield from BinaryReader().read(source, options)
            return
        text = _Decoded(source, layout, options.limits.spool_memory)
        head = text.head()
        reader = next(one for one in TEXTS if recognises(one.recognise, head, source.path))
        for stream in reader.read(text, options):
            detail = ", ".join(filter(None, (stream.head.detail, layout.words)))
            told = replace(stream.head, encoding=layout.page, detail=detail)
            yield Stream(told, stream.parts, _tail(stream, text), stream.size)


def _tail(stream: Stream, text: _Decoded) -> Callable[[], Tail]:
    def tail() -> Tail:
        last = stream.tail()
        if last.size_bytes is None and last.bytes_total is not None:  # a table within the text
            return last
        return text.closing(last)

    return tail


class _Decoded:
    """The text of a source."""

    #: The digest is that of the bytes below.
    digests_apart = True

    def __init__(self, source: Source, layout: Layout, memory: int) -> None:
        self._source, self._layout, self._memory = source, layout, memory
        self._meter, self._decoder = Meter(source), Decoder(layout)

    @property
    def path(self) -> str:
        return self._source.path

    @property
    def size(self) -> int | None:
        return self._source.size

    def head(self) -> bytes:
        with self.stream() as stream:
            return read_full(stream, HEAD_BYTES)

    def stream(self) -> BinaryIO:
        self._meter, self._decoder = Meter(self._source), Decoder(self._layout)
        return _Text(self._meter, self._decoder)  # type: ignore[return-value]

    def seekable(self) -> BinaryIO:
        with self.stream() as stream:
            return Spool(Vault(self._memory)).fill(stream).cursor(strict=False)

    def file(self) -> Path | None:
        return None

    def closing(self, last: Tail) -> Tail:
        """The tail of a stream of the text, with what is told of the bytes below."""
        problems = list(last.problems)
        status, layout = last.status, self._layout
        told = [self._decoder.fault] if self._decoder.fault is not None else []
        problems += [Problem(one.code, one.message, one.row) for one in told]
        if layout.binary:
            message = "numbers in binary stand between the text of the records; the text was read, they were not"
            problems.append(Problem(ProblemCode.UNSUPPORTED, message))
        if layout.framing is Framing.UNKNOWN:
            message = "no line ends, and no length of the records shows; searched as text"
            problems.append(Problem(ProblemCode.NOT_A_TABLE, message))
        if status is Status.COMPLETE and (told or layout.binary):
            status = Status.PARTIAL
        self._meter.finish()
        return replace(self._meter.tail(status, tuple(problems)), members=last.members)


class _Text(io.RawIOBase):
    """What a meter reads, as text."""

    def __init__(self, meter: Meter, decoder: Decoder) -> None:
        super().__init__()
        self._meter, self._decoder, self._held = meter, decoder, memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._held:
            if self._meter.ended:
                if self._meter.fault is not None:
                    raise self._meter.fault
                return 0
            data = self._meter.read(PIECE)
            self._held = memoryview(self._decoder.feed(data, self._meter.ended))
        many = min(len(buffer), len(self._held))
        buffer[:many] = self._held[:many]
        self._held = self._held[many:]
        return many

    def close(self) -> None:
        self._meter.close()
        super().close()
