"""Parquet, and what the readers of columns share: columns as they are typed, nested ones flattened to leaves."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from scanner.errors import LimitError, ReadError
from scanner.ingest.interface import Chunk, Head, Loose, Parsed, Part, Source, Stream, Tail
from scanner.ingest.readers import pages
from scanner.ingest.readers.text import printable_runs
from scanner.ingest.sources import digest
from scanner.ingest.spool import as_read_error, budget_of, fault_of, problem_of
from scanner.model import Problem
from scanner.options import Limits, ScanOptions
from scanner.terms import Format, ProblemCode, Status

#: Uncompressed bytes above which a row group is read batch by batch instead of as one part.
_BIG_GROUP = 128 << 20
_BATCH_ROWS = 1 << 16
#: Uncompressed bytes of a batch of rows.
_BATCH_BYTES = 32 << 20
#: Uncompressed bytes of one page, or of one row's share of a column, beyond which a column is searched as text.
_BIG_PAGE = 128 << 20
#: Encodings of pages that hold places in a dictionary.
_PLACES = (2, 8)
#: Shares of a scan's memory that a group of columns held at once, a batch and a cell may take: one part in so many.
_GROUP_SHARE, _BATCH_SHARE = 8, 32
#: Bytes of a cell in Arrow's arrays that no page accounts for.
_CELL = 8


def leaf_paths(kind: pa.DataType, name: str) -> list[str]:
    """Dotted paths of the leaves of a type: `a.b` in a struct, `a[]` under a list, `a[].key` in a map."""
    if isinstance(kind, pa.BaseExtensionType):
        return leaf_paths(kind.storage_type, name)
    if pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind):
        return leaf_paths(kind.value_type, name)
    if pa.types.is_struct(kind):
        return [path for i in range(kind.num_fields) for path in leaf_paths(kind[i].type, f"{name}.{kind[i].name}")]
    if pa.types.is_map(kind):
        return leaf_paths(kind.key_type, f"{name}[].key") + leaf_paths(kind.item_type, f"{name}[].value")
    if is_list(kind):
        return leaf_paths(kind.value_type, f"{name}[]")
    return [name]


def leaves(array: pa.Array) -> list[pa.Array]:
    """The leaf arrays of an array, in the order of `leaf_paths`; values under nulls are left out or null."""
    kind = array.type
    if isinstance(kind, pa.BaseExtensionType):
        return leaves(array.storage)
    if pa.types.is_dictionary(kind):
        held = kind.value_type
        plain = pa.types.is_primitive(held) or pa.types.is_string(held) or pa.types.is_binary(held)
        return [array] if plain else leaves(array.dictionary_decode())
    if pa.types.is_run_end_encoded(kind):
        import pyarrow.compute as pc

        return leaves(pc.run_end_decode(array))
    if pa.types.is_struct(kind):
        return [leaf for child in array.flatten() for leaf in leaves(child)]
    if pa.types.is_map(kind):
        return leaves(_as_list(array))
    if is_list(kind):
        return leaves(array.flatten())
    if pa.types.is_fixed_size_binary(kind) or pa.types.is_binary_view(kind):
        return [array.cast(pa.large_binary())]
    if pa.types.is_string_view(kind):
        return [array.cast(pa.large_string())]
    if pa.types.is_union(kind) or pa.types.is_interval(kind):
        return [pa.array([None if value is None else str(value) for value in array.to_pylist()], pa.large_string())]
    return [array]


def _as_list(array: pa.MapArray) -> pa.ListArray:
    """A map as the list of its entries, which Arrow can flatten, without what lies under nulls or outside a slice."""
    entry = pa.struct([("key", array.type.key_type), ("value", array.type.item_type)])
    kept = array.buffers()[:2]
    held = pa.StructArray.from_arrays([array.keys, array.items], ["key", "value"])
    return pa.ListArray.from_buffers(pa.list_(entry), len(array), kept, offset=array.offset, children=[held])


def is_list(kind: pa.DataType) -> bool:
    """Whether a type is one of the kinds of lists."""
    return bool(
        pa.types.is_list(kind)
        or pa.types.is_large_list(kind)
        or pa.types.is_fixed_size_list(kind)
        or pa.types.is_list_view(kind)
        or pa.types.is_large_list_view(kind)
    )


def schema_paths(schema: pa.Schema) -> tuple[str, ...]:
    """Leaf paths of all columns of a schema."""
    return tuple(path for one in schema for path in leaf_paths(one.type, one.name))


def batch_chunk(batch: pa.RecordBatch) -> Chunk:
    """The chunk of a record batch."""
    return Chunk(batch.num_rows, tuple(leaf for column in batch.columns for leaf in leaves(column)))


def table_chunk(table: pa.Table) -> Chunk:
    """The chunk of a table."""
    columns: list[pa.Array] = []
    for column in table.columns:
        paths = len(leaf_paths(column.type, ""))
        flat = [leaves(piece) for piece in column.chunks]
        for i in range(paths):
            pieces = [piece[i] for piece in flat]
            columns.append(pieces[0] if len(pieces) == 1 else pa.chunked_array(pieces) if pieces else pa.nulls(0))
    return Chunk(table.num_rows, tuple(columns))


@dataclass(slots=True)
class Course:
    """How the reading of one artifact goes; what its tail says in the end."""

    source: Source
    status: Status = Status.COMPLETE
    problems: list[Problem] = field(default_factory=list)
    inside: bool = False
    """The artifact is a table inside the source, which has no bytes of its own."""

    def failed(self, error: ReadError, status: Status = Status.PARTIAL) -> None:
        """Note a fault; the artifact is `status` at best."""
        self.problems.append(problem_of(error))
        if self.status is not Status.UNREADABLE:
            self.status = status

    def tail(self) -> Tail:
        """The tail; hashes the source's bytes in a pass of their own."""
        fault = fault_of(self.source)
        if fault is not None and self.status is Status.COMPLETE:
            self.failed(fault)
        size = self.source.size
        if self.inside:
            return Tail(self.status, tuple(self.problems), bytes_total=size, bytes_read=size or 0)
        sha256, length = digest(self.source)
        read = 0 if self.status is Status.UNREADABLE else length or 0
        return Tail(self.status, tuple(self.problems), sha256, length, length, read)


@dataclass(frozen=True, slots=True)
class Portions:
    """Bytes of columns once expanded that are held at a time."""

    group: int
    """Of what is decoded as a whole."""
    batch: int
    cell: int
    """Columns with larger ones are searched as text."""

    @staticmethod
    def of(options: ScanOptions) -> Portions:
        """Those of a scan, which are smaller where it has little memory."""
        share = options.memory // _GROUP_SHARE
        batch = options.memory // _BATCH_SHARE
        return Portions(min(_BIG_GROUP, share), min(_BATCH_BYTES, batch), min(_BIG_PAGE, share))

    @property
    def column(self) -> int:
        """Of one column that is decoded alone."""
        return 2 * self.group

    def groups(self, weights: Mapping[int, int]) -> list[list[int]]:
        """Columns of a table, by their bytes, as they are decoded one group after the other."""
        out: list[list[int]] = []
        held = 0
        for place, weight in weights.items():
            if not out or held + weight > self.group:
                out.append([])
                held = 0
            out[-1].append(place)
            held += weight
        return out

    def rows(self, rows: int, plain: int) -> int:
        """Rows of a batch of a table of so many rows and bytes."""
        return min(_BATCH_ROWS, max(1, rows * self.batch // max(1, plain)))


class Swelling:
    """What a file of columns is decoded to, held against the limits."""

    def __init__(self, source: Source, limits: Limits) -> None:
        """Nothing so far."""
        self._limits, self._budget, self._plain = limits, budget_of(source, limits), 0

    def by(self, plain: int) -> None:
        """So many bytes more are about to be held.

        Raises:
            LimitError: they are more than `max_member` or `max_expanded`.
        """
        self._plain += plain
        if self._plain > self._limits.max_member:
            raise LimitError("the columns expand beyond max_member; the rest was left out")
        self._budget.decode(plain)


def unreadable(path: str, form: Format, course: Course, error: ReadError) -> Stream:
    """A stream without parts whose tail says why."""
    course.failed(error, Status.UNREADABLE)
    return Stream(Head(path, form), iter(()), course.tail)


def handle(source: Source) -> Any:
    """The source for Arrow: its path where it is a file, else a stream that can seek."""
    file = source.file()
    return pa.OSFile(str(file)) if file is not None else pa.PythonFile(source.seekable(), mode="r")


def deferred(parts: Callable[[], Iterator[Part]], course: Course, what: str) -> Iterator[Part]:
    """Parts up to the first fault, which becomes a problem of the artifact."""
    try:
        yield from parts()
    except GeneratorExit:
        raise
    except BaseException as error:
        course.failed(as_read_error(error, what))


@dataclass(frozen=True, slots=True)
class RowGroup:
    """One row group of a Parquet file; opens the file for itself, since a handle is not safe on several threads."""

    source: Source
    metadata: Any
    group: int
    order: int
    course: Course
    without: frozenset[str] = frozenset()
    """Columns that are not decoded."""
    repeating: tuple[str, ...] = ()
    """Columns of text that stay dictionaries."""

    def read(self) -> Chunk:
        """The row group's columns; one that is damaged is left out with a problem.

        Raises:
            ReadError: no column of it can be read.
        """
        import pyarrow.parquet as pq

        try:
            with handle(self.source) as stream, _open(pq, stream, self.metadata, list(self.repeating)) as file:
                try:
                    kept = _kept(file.schema_arrow, self.without)
                    chunk = table_chunk(file.read_row_group(self.group, kept, use_threads=False))
                    return placed(chunk, file.schema_arrow, self.without)
                except Exception as error:
                    return self._by_column(file, as_read_error(error, f"row group {self.group + 1} is damaged"))
        except ReadError:
            raise
        except Exception as error:
            raise as_read_error(error, f"row group {self.group + 1} cannot be read") from None

    def _by_column(self, file: Any, first: ReadError) -> Chunk:
        columns: list[Any] = []
        bad = 0
        for one in file.schema_arrow:
            paths = leaf_paths(one.type, one.name)
            if one.name in self.without:
                columns.extend(pa.nulls(0) for _ in paths)
                continue
            try:
                columns.extend(
                    table_chunk(file.read_row_group(self.group, columns=[one.name], use_threads=False)).columns
                )
            except Exception:
                bad += 1
                columns.extend(pa.nulls(0) for _ in paths)
        if bad == len(file.schema_arrow):
            raise first
        message = f"row group {self.group + 1}: {bad} of {len(file.schema_arrow)} columns are damaged and were left out"
        self.course.status = Status.PARTIAL
        return Chunk(
            self.metadata.row_group(self.group).num_rows, tuple(columns), (), (Problem(ProblemCode.CORRUPT, message),)
        )


def _open(pq: Any, stream: Any, metadata: Any = None, read_dictionary: list[str] | None = None) -> Any:
    return pq.ParquetFile(
        stream,
        metadata=metadata,
        read_dictionary=read_dictionary,
        pre_buffer=False,
        page_checksum_verification=True,
    )


def _kept(schema: pa.Schema, without: frozenset[str]) -> list[str] | None:
    return [one.name for one in schema if one.name not in without] if without else None


def placed(chunk: Chunk, schema: pa.Schema, without: frozenset[str]) -> Chunk:
    """The chunk with nothing in place of the columns that were not decoded."""
    if not without:
        return chunk
    held = iter(chunk.columns)
    columns = (
        pa.nulls(0) if one.name in without else next(held) for one in schema for _ in leaf_paths(one.type, one.name)
    )
    return Chunk(chunk.rows, tuple(columns))


@dataclass(frozen=True, slots=True)
class _Weight:
    """What a row group takes in memory, by its page headers: what the footer says may be untrue."""

    plain: int
    """Bytes of all columns that are to be decoded."""
    swollen: dict[str, list[tuple[str, pages.Page]]]
    """Columns that are too large to be decoded: codec and pages."""
    repeating: tuple[str, ...]
    """Columns of text of which all pages hold places in a dictionary."""


def _weigh(
    stream: Any, rows: int, chunks: list[pages.ColumnChunk], schema: pa.Schema, sizes: Portions, limits: Limits
) -> _Weight:
    cells = rows * len(chunks) * _CELL
    owners = [one.name for one in schema for _ in leaf_paths(one.type, one.name)]
    if len(owners) != len(chunks):
        owners = [one.path.split(".")[0] for one in chunks]
    walked = [list(pages.pages(stream, one.begin, one.end)) if one.begin else [] for one in chunks]
    repeating = _repeating(schema, chunks, walked)
    kept = frozenset(repeating)
    decoded = [
        _decoded(stream, one, found, sizes, limits, one.path in kept) for one, found in zip(chunks, walked, strict=True)
    ]
    swollen = {
        owner
        for owner, found, size in zip(owners, walked, decoded, strict=True)
        if max((page.plain for page in found), default=0) > sizes.cell or size > sizes.cell * max(1, rows)
    }
    plain = sum(size for owner, size in zip(owners, decoded, strict=True) if owner not in swollen)
    texts: dict[str, list[tuple[str, pages.Page]]] = {}
    for owner, chunk, found in zip(owners, chunks, walked, strict=True):
        if owner in swollen:
            texts.setdefault(owner, []).extend((chunk.codec, page) for page in found)
    return _Weight(plain + cells, texts, repeating)


def _repeating(schema: pa.Schema, chunks: list[pages.ColumnChunk], walked: list[list[pages.Page]]) -> tuple[str, ...]:
    """Columns of plain text whose values stand in a dictionary alone; decoded as one, they are judged once a value."""
    if len(schema) != len(chunks):
        return ()
    out = []
    for one, chunk, found in zip(schema, chunks, walked, strict=True):
        text = pa.types.is_string(one.type) or pa.types.is_binary(one.type)
        data = [page for page in found if page.kind in (pages.DATA, pages.DATA_V2)]
        if text and data and chunk.path == one.name and all(page.encoding in _PLACES for page in data):
            out.append(one.name)
    return tuple(out)


def _decoded(
    stream: Any, chunk: pages.ColumnChunk, found: list[pages.Page], sizes: Portions, limits: Limits, kept: bool
) -> int:
    """Bytes of a column chunk once decoded; values of a dictionary may be long, and repeated unless it is `kept`."""
    size = sum(page.plain for page in found)
    dictionary = [page for page in found if page.kind == pages.DICTIONARY]
    plain = sum(page.plain for page in dictionary)
    if chunk.kind != pages.BYTE_ARRAY or plain > sizes.cell or kept:
        return size
    values = sum(page.values for page in found if page.kind in (pages.DATA, pages.DATA_V2))
    if plain * values <= sizes.group:
        return size + plain * values
    try:
        return size + values * max(pages.longest(stream, chunk.codec, page, sizes.cell, limits) for page in dictionary)
    except LimitError:
        return size + values * plain
    except ReadError:  # what reads it says so
        return size


def _searched(stream: Any, codec: str, page: pages.Page, cell: int, limits: Limits) -> Iterator[Chunk]:
    """The printable runs of a page, a window at a time.

    Raises:
        ReadError: it cannot be expanded, or by more than it may.
    """
    carry = b""
    for window in pages.windows(stream, codec, page, cell, limits):
        runs, carry = printable_runs(carry + window, last=False)
        if runs:
            yield Chunk(0, (), tuple(Loose(one, "bad_row") for one in runs))
    runs, _ = printable_runs(carry, last=True)
    yield Chunk(0, (), tuple(Loose(one, "bad_row") for one in runs))


class Parquet:
    """Reads Parquet: one part per row group."""

    def recognise(self, head: bytes, name: str) -> bool:
        """By the magic bytes, those of an enciphered footer included."""
        return head[:4] in (b"PAR1", b"PARE")

    def read(self, source: Source, options: ScanOptions) -> Iterator[Stream]:
        """One stream."""
        import pyarrow.parquet as pq

        course = Course(source)
        try:
            if source.head()[:4] == b"PARE":
                raise ReadError(ProblemCode.ENCRYPTED, "the Parquet footer is enciphered; its key is needed")
            with handle(source) as stream:
                stream.seek(max(0, stream.size() - 4))
                end = stream.read(4)
                if end == b"PARE":
                    raise ReadError(ProblemCode.ENCRYPTED, "the Parquet footer is enciphered; its key is needed")
                if end != b"PAR1":
                    yield from _without_footer(source, course, options.limits)
                    return
                with _open(pq, stream) as file:
                    metadata, schema = file.metadata, file.schema_arrow
                    columns = schema_paths(schema)
        except GeneratorExit:
            raise
        except BaseException as error:
            yield unreadable(source.path, Format.PARQUET, course, _refused(error))
            return

        def parts() -> Iterator[Part]:
            order, sizes = itertools.count(), Portions.of(options)
            swelling = Swelling(source, options.limits)
            with handle(source) as stream:
                for group, chunks in zip(range(metadata.num_row_groups), pages.row_groups(stream), strict=True):
                    rows = metadata.row_group(group).num_rows
                    if rows == 0:
                        continue
                    weight = _weigh(stream, rows, chunks, schema, sizes, options.limits)
                    swelling.by(weight.plain)
                    without = frozenset(weight.swollen)
                    repeating = tuple(one for one in weight.repeating if one not in without)
                    if weight.plain <= sizes.group:
                        yield RowGroup(source, metadata, group, next(order), course, without, repeating)
                    else:
                        size = sizes.rows(rows, weight.plain)
                        kept = _kept(schema, without)
                        file = _open(pq, stream, metadata, list(repeating))
                        for batch in file.iter_batches(size, row_groups=[group], columns=kept, use_threads=False):
                            yield Parsed(next(order), placed(batch_chunk(batch), schema, without))
                    for place in weight.swollen.values():
                        yield from _as_text(stream, place, group, sizes.cell, options.limits, order, course)

        head = Head(
            source.path,
            Format.PARQUET,
            columns=columns,
            detail=f"{metadata.num_row_groups} row groups",
            rows=metadata.num_rows,
        )
        yield Stream(head, deferred(parts, course, "a row group cannot be read"), course.tail, only=True)


def _without_footer(source: Source, course: Course, limits: Limits) -> Iterator[Stream]:
    """What the pages of a file hold whose footer is not there."""
    from scanner.ingest.readers.recovered import Rebuilt

    stream = handle(source)
    rebuilt = Rebuilt.of(stream, stream.size(), limits)
    if not rebuilt.groups:
        raise ReadError(ProblemCode.TRUNCATED, "the file ends before its first page and has no Parquet footer")
    pieces = sum(len(group) for _, group in rebuilt.groups)
    unnamed = "" if rebuilt.leaves else "; the names of the columns are lost"
    message = f"no whole Parquet footer: {pieces:,} column chunks were recovered by their pages{unnamed}"
    course.failed(ReadError(ProblemCode.TRUNCATED, message))

    def parts() -> Iterator[Part]:
        yield from rebuilt.parts()
        if rebuilt.lost:
            message = f"{rebuilt.lost:,} column chunks could not be decoded; what is printable in them was searched"
            course.failed(ReadError(ProblemCode.CORRUPT, message))

    detail = f"{len(rebuilt.groups)} row groups without a footer"
    head = Head(source.path, Format.PARQUET, columns=rebuilt.columns, detail=detail)
    yield Stream(head, deferred(parts, course, "a row group cannot be recovered"), course.tail)


def _as_text(
    stream: Any,
    found: list[tuple[str, pages.Page]],
    group: int,
    cell: int,
    limits: Limits,
    order: Iterator[int],
    course: Course,
) -> Iterator[Part]:
    """The text of pages that are too large to be decoded."""
    size = max(page.plain for _, page in found) >> 20
    message = f"row group {group + 1}: a column with pages of {size:,} MiB was searched as text instead of decoded"
    course.failed(LimitError(message))
    for codec, page in found:
        try:
            for chunk in _searched(stream, codec, page, cell, limits):
                yield Parsed(next(order), chunk)
        except ReadError as error:
            course.failed(error)


def _refused(error: BaseException) -> ReadError:
    made = as_read_error(error, "the footer does not describe a table that can be read")
    text = str(error).lower()
    if not isinstance(error, ReadError) and ("encrypt" in text or "decrypt" in text):
        return ReadError(ProblemCode.ENCRYPTED, "columns are enciphered; their key is needed")
    return made
