"""What a file holds, without detecting anything: containers, members, tables, with their layout and their rows.

Of an artifact `LOOKED` bytes are looked at. Beyond that the number of rows is what the format states, or follows from
the bytes looked at, and the artifact is not hashed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from scanner.engines.processes import Given, Job, ProcessEngine, Tell, Work, afresh, served
from scanner.errors import ReadError
from scanner.ingest import FileSource, failed, streams_of, walk
from scanner.ingest.course import Course, LeftOut
from scanner.ingest.interface import Stream
from scanner.model import Inspected, Problem
from scanner.options import ScanOptions
from scanner.terms import Counted, Format, Status

#: Bytes of one artifact that are looked at, and of one piece of it.
LOOKED = 16 << 20
_PIECE = 1 << 20
#: Formats whose pieces are so many bytes of the file as `_PIECE` says.
_BY_LINE = frozenset({Format.CSV, Format.NDJSON, Format.TEXT, Format.SQL})


def inspect(*paths: str, options: ScanOptions | None = None) -> Iterator[Inspected]:
    """Each artifact below the paths, in the order in which a scan reads them.

    Raises:
        OptionError: an option cannot be used.
    """
    options = replace(options or ScanOptions(), shard_bytes=_PIECE)
    limits = options.limits
    engine: ProcessEngine[Inspected] = ProcessEngine(
        options.threads, limits.max_seconds, limits.max_memory, _work(options), afresh(__name__), (options,), _deaf
    )
    with engine:
        for item, found in engine.in_order(walk([str(path) for path in paths], options), Given.of):
            if found is None:
                yield from map(_looked_at, streams_of(item, options))
                continue
            for one in found:
                if isinstance(one, LeftOut):
                    assert not isinstance(item, Stream)
                    yield _looked_at(failed(item, one.error()))
                else:
                    yield one


def _deaf(*_: Any) -> None:
    """Nothing is told but results."""


def _work(options: ScanOptions) -> Work:
    """What a worker process does with a file."""

    def work(job: Job, tell: Tell) -> None:
        source = job.kept or FileSource(Path(job.file), job.path)
        for stream in streams_of(source, options, Course(job.lessons, tell)):
            tell("result", _looked_at(stream))

    return work


def serve_worker() -> None:
    """Be a worker process that was started afresh."""
    served(_work)


def _looked_at(stream: Stream) -> Inspected:
    head, names = stream.head, dict.fromkeys(stream.head.columns)
    rows = seen = pieces = 0
    problems: dict[Problem, None] = {}
    failed = cut = False
    for part in stream.parts:
        if pieces * _PIECE >= LOOKED or seen >= LOOKED:
            cut = True
            break
        pieces += 1
        try:
            chunk = part.read()
        except ReadError as error:
            problems[Problem(error.code, error.message, error.row)] = None
            failed = True
            continue
        rows += chunk.rows
        seen += sum(column.nbytes for column in chunk.columns)
        problems.update(dict.fromkeys(chunk.problems))
        names.update(dict.fromkeys(chunk.names))
    columns = () if head.lines else tuple(names) if len(names) > len(head.columns) else head.columns
    status, size, counted, members = Status.COMPLETE, stream.size, Counted.EXACT, None
    if cut:
        if head.rows is not None:
            rows, counted = head.rows, Counted.STATED
        elif size is not None and head.format in _BY_LINE:
            rows, counted = round(rows * size / (pieces * _PIECE)), Counted.ABOUT
        else:
            counted = Counted.AT_LEAST
    else:
        tail = stream.tail()
        status, size, members = tail.status, tail.size_bytes, tail.members
        problems.update(dict.fromkeys(tail.problems))
    if failed and status is Status.COMPLETE:
        status = Status.PARTIAL
    return Inspected(
        path=head.path,
        format=head.format,
        status=status,
        encoding=head.encoding,
        detail=head.detail,
        columns=columns,
        rows=rows,
        counted=counted,
        size_bytes=size,
        problems=tuple(problems),
        members=members,
    )
