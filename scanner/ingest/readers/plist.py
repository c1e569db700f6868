"""Binary property lists, as phones and their back-ups keep settings in: each value a line under its path."""

from __future__ import annotations

import plistlib
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from scanner.errors import LimitError, ReadError
from scanner.ingest.interface import Head, Source, Stream
from scanner.ingest.readers.columnar import Course
from scanner.ingest.readers.rows import lines_parts
from scanner.ingest.readers.text import BinaryReader, printable_runs
from scanner.ingest.spool import as_read_error
from scanner.model import Problem
from scanner.options import ScanOptions
from scanner.terms import Format, ProblemCode

#: Bytes of a list that is taken apart; it must be held whole.
_MOST = 32 << 20
#: Values that are given; one may be referred to again and again.
_VALUES = 1_000_000


class PlistReader:
    """Reads binary property lists."""

    def recognise(self, head: bytes, name: str) -> bool:
        """By the magic bytes."""
        return head[:8] == b"bplist00"

    def read(self, source: Source, options: ScanOptions) -> Iterator[Stream]:
        """One stream of lines; what cannot be taken apart is searched for printable text."""
        with source.seekable() as stream:
            data = stream.read(_MOST + 1)
        course = Course(source)
        try:
            if len(data) > _MOST:
                raise LimitError("a property list of more than 32 MiB; what is printable in it was searched")
            value = plistlib.loads(data, fmt=plistlib.FMT_BINARY)
        except BaseException as error:
            made = as_read_error(error, "the property list is damaged; what is printable in it was searched")
            yield from BinaryReader().read(source, options, (Problem(made.code, made.message),))
            return

        def lines() -> Iterator[str]:
            try:
                yield from _lines(value)
            except RecursionError:
                course.failed(ReadError(ProblemCode.LIMIT, "values within values too deeply; left out"))
            except LimitError as error:
                course.failed(error)

        yield Stream(Head(source.path, Format.TEXT, None, (None,), lines=True), lines_parts(lines()), course.tail)


def _lines(value: Any) -> Iterator[str]:
    """`path: value` for each value."""
    given = 0

    def below(value: Any, path: str) -> Iterator[str]:
        nonlocal given
        given += 1
        if given > _VALUES:
            raise LimitError("more than a million values; the rest was left out")
        if isinstance(value, dict):
            for key, one in value.items():
                yield from below(one, f"{path}.{key}" if path else str(key))
        elif isinstance(value, list):
            for one in value:
                yield from below(one, path)
        elif isinstance(value, bytes):
            yield from (f"{path}: {run.decode('ascii')}" for run in printable_runs(value, last=True)[0])
        elif isinstance(value, str | int | float | datetime):
            yield f"{path}: {value}"

    yield from below(value, "")
