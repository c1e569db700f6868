"""A target for each reader and container: whatever the bytes, it refuses them with a `ReadError` and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from scanner.errors import ReadError
from scanner.ingest.containers.registry import CONTAINERS
from scanner.ingest.interface import Cells, Source, Stream
from scanner.ingest.readers import READERS
from scanner.ingest.readers.json import JsonReader, parts
from scanner.ingest.sources import BytesSource
from scanner.options import Limits, ScanOptions

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


#: Name on the command line → reader or container.
TARGETS: dict[str, Any] = {_name(part): part for part in (*CONTAINERS, *READERS, CompiledJson())}


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
