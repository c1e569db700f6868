"""What a file holds, without detecting anything: containers, members, tables, with their layout and their rows.

Of an artifact `LOOKED` bytes are looked at. Beyond that the number of rows is what the format states, or follows from
the bytes looked at, and the artifact is not hashed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from scanner.errors import ReadError
from scanner.ingest import streams
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
    for stream in streams([str(path) for path in paths], options):
        yield _looked_at(stream)


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
