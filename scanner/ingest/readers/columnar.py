"""Parquet, Arrow IPC (file, stream, Feather) and ORC: columns as they are typed, nested ones flattened to leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from scanner.errors import ReadError
from scanner.ingest.interface import Chunk, Head, Parsed, Part, Source, Stream, Tail
from scanner.ingest.sources import digest
from scanner.ingest.spool import as_read_error, fault_of, problem_of
from scanner.model import Problem
from scanner.options import ScanOptions
from scanner.terms import Format, ProblemCode, Status

#: Uncompressed bytes above which a row group is read batch by batch instead of as one part.
_BIG_GROUP = 128 << 20
_BATCH_ROWS = 1 << 16
#: Rows after which an Arrow batch is cut: writers may put a whole table into one.
_SLICE_ROWS = 1 << 18


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
    if _is_list(kind):
        return leaf_paths(kind.value_type, f"{name}[]")
    return [name]


def leaves(array: pa.Array) -> list[pa.Array]:
    """The leaf arrays of an array, in the order of `leaf_paths`; values under nulls are left out or null."""
    kind = array.type
    if isinstance(kind, pa.BaseExtensionType):
        return leaves(array.storage)
    if pa.types.is_dictionary(kind):
        return leaves(array.dictionary_decode())
    if pa.types.is_run_end_encoded(kind):
        import pyarrow.compute as pc

        return leaves(pc.run_end_decode(array))
    if pa.types.is_struct(kind):
        return [leaf for child in array.flatten() for leaf in leaves(child)]
    if pa.types.is_map(kind):
        return leaves(_as_list(array))
    if _is_list(kind):
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


def _is_list(kind: pa.DataType) -> bool:
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


def _table_chunk(table: pa.Table) -> Chunk:
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


def unreadable(path: str, form: Format, course: Course, error: ReadError) -> Stream:
    """A stream without parts whose tail says why."""
    course.failed(error, Status.UNREADABLE)
    return Stream(Head(path, form), iter(()), course.tail)


def handle(source: Source) -> Any:
    """The source for Arrow: its path where it is a file, else a stream that can seek."""
    file = source.file()
    return pa.OSFile(str(file)) if file is not None else pa.PythonFile(source.seekable(), mode="r")


def _deferred(parts: Callable[[], Iterator[Part]], course: Course, what: str) -> Iterator[Part]:
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
    order: int
    course: Course

    def read(self) -> Chunk:
        """The row group's columns; one that is damaged is left out with a problem.

        Raises:
            ReadError: no column of it can be read.
        """
        import pyarrow.parquet as pq

        try:
            with handle(self.source) as stream, _open(pq, stream, self.metadata) as file:
                try:
                    return _table_chunk(file.read_row_group(self.order, use_threads=False))
                except Exception as error:
                    return self._by_column(file, as_read_error(error, f"row group {self.order + 1} is damaged"))
        except ReadError:
            raise
        except Exception as error:
            raise as_read_error(error, f"row group {self.order + 1} cannot be read") from None

    def _by_column(self, file: Any, first: ReadError) -> Chunk:
        columns: list[Any] = []
        bad = 0
        for one in file.schema_arrow:
            paths = leaf_paths(one.type, one.name)
            try:
                columns.extend(
                    _table_chunk(file.read_row_group(self.order, columns=[one.name], use_threads=False)).columns
                )
            except Exception:
                bad += 1
                columns.extend(pa.nulls(0) for _ in paths)
        if bad == len(file.schema_arrow):
            raise first
        message = f"row group {self.order + 1}: {bad} of {len(file.schema_arrow)} columns are damaged and were left out"
        self.course.status = Status.PARTIAL
        return Chunk(
            self.metadata.row_group(self.order).num_rows, tuple(columns), (), (Problem(ProblemCode.CORRUPT, message),)
        )


def _open(pq: Any, stream: Any, metadata: Any = None) -> Any:
    return pq.ParquetFile(stream, metadata=metadata, pre_buffer=False, page_checksum_verification=True)


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
                    raise ReadError(
                        ProblemCode.TRUNCATED, "no Parquet footer at the end of the file, so no row can be read"
                    )
                with _open(pq, stream) as file:
                    metadata, schema = file.metadata, file.schema_arrow
                    columns = schema_paths(schema)
        except BaseException as error:
            yield unreadable(source.path, Format.PARQUET, course, _refused(error))
            return

        def parts() -> Iterator[Part]:
            order = 0
            for group in range(metadata.num_row_groups):
                about = metadata.row_group(group)
                if about.num_rows == 0:
                    continue
                if about.total_byte_size <= _BIG_GROUP or about.num_rows <= _BATCH_ROWS:
                    yield RowGroup(source, metadata, group, course)
                    continue
                with handle(source) as stream, _open(pq, stream, metadata) as file:
                    for batch in file.iter_batches(_BATCH_ROWS, row_groups=[group], use_threads=False):
                        order += 1
                        yield Parsed(metadata.num_row_groups * order + group, batch_chunk(batch))

        head = Head(
            source.path,
            Format.PARQUET,
            columns=columns,
            detail=f"{metadata.num_row_groups} row groups",
            rows=metadata.num_rows,
        )
        yield Stream(head, _deferred(parts, course, "a row group cannot be read"), course.tail)


def _refused(error: BaseException) -> ReadError:
    made = as_read_error(error, "the footer does not describe a table that can be read")
    text = str(error).lower()
    if not isinstance(error, ReadError) and ("encrypt" in text or "decrypt" in text):
        return ReadError(ProblemCode.ENCRYPTED, "columns are enciphered; their key is needed")
    return made


class Arrow:
    """Reads Arrow IPC files (Feather 2) and streams, and Feather 1."""

    def recognise(self, head: bytes, name: str) -> bool:
        """By the magic bytes, or a stream's first message, which is a schema."""
        return head[:6] == b"ARROW1" or head[:4] == b"FEA1" or _is_stream(head)

    def read(self, source: Source, options: ScanOptions) -> Iterator[Stream]:
        """One stream."""
        course = Course(source)
        try:
            stream = handle(source)
            schema, batches = _arrow(stream, source.head())
        except BaseException as error:
            made = as_read_error(error, "no Arrow schema can be read")
            yield unreadable(source.path, Format.ARROW, course, made)
            return

        def parts() -> Iterator[Part]:
            order = 0
            for batch in batches():
                for start in range(0, batch.num_rows, _SLICE_ROWS):
                    yield Parsed(order, batch_chunk(batch.slice(start, _SLICE_ROWS)))
                    order += 1

        head = Head(source.path, Format.ARROW, columns=schema_paths(schema))
        yield Stream(head, _deferred(parts, course, "the file ends or breaks before its last batch"), course.tail)


def _is_stream(head: bytes) -> bool:
    if head[:4] == b"\xff\xff\xff\xff":
        head = head[4:]
    elif len(head) < 8 or head[3] != 0:
        return False
    length = int.from_bytes(head[:4], "little")
    if not 32 <= length <= 1 << 26 or len(head) < 16:
        return False
    try:
        pa.ipc.read_schema(pa.py_buffer(head[: 4 + length] if length <= len(head) else head))
    except Exception:
        return False
    return True


def _arrow(stream: Any, head: bytes) -> tuple[pa.Schema, Callable[[], Iterator[pa.RecordBatch]]]:
    if head[:4] == b"FEA1":
        from pyarrow import feather

        table = feather.read_table(stream)
        return table.schema, lambda: iter(table.to_batches(_SLICE_ROWS))
    if head[:6] == b"ARROW1":
        try:
            file = pa.ipc.open_file(stream)
            return file.schema, lambda: (file.get_batch(i) for i in range(file.num_record_batches))
        except (pa.ArrowInvalid, OSError):  # a file is a stream between two magics: without its footer, read that
            stream.seek(8)
            opened = pa.ipc.open_stream(stream)
            return opened.schema, lambda: _then_fail(opened)
    opened = pa.ipc.open_stream(stream)
    return opened.schema, lambda: iter(opened)


def _then_fail(batches: Any) -> Iterator[pa.RecordBatch]:
    yield from batches
    raise ReadError(ProblemCode.TRUNCATED, "the Arrow footer is missing or damaged; batches before it were read")


class Orc:
    """Reads ORC: one part per stripe."""

    def recognise(self, head: bytes, name: str) -> bool:
        """By the magic bytes."""
        return head[:3] == b"ORC" and head[3:4] < b"\x20"

    def read(self, source: Source, options: ScanOptions) -> Iterator[Stream]:
        """One stream."""
        from pyarrow import orc

        course = Course(source)
        try:
            with handle(source) as stream:
                file = orc.ORCFile(stream)
                stripes, schema, rows = file.nstripes, file.schema, file.nrows
        except BaseException as error:
            made = as_read_error(error, "the ORC footer is missing or damaged, so no row can be read")
            yield unreadable(source.path, Format.ORC, course, made)
            return

        def parts() -> Iterator[Part]:
            for stripe in range(stripes):
                yield Stripe(source, stripe)

        head = Head(source.path, Format.ORC, columns=schema_paths(schema), detail=f"{stripes} stripes", rows=rows)
        yield Stream(head, parts(), course.tail)


@dataclass(frozen=True, slots=True)
class Stripe:
    """One stripe of an ORC file; opens the file for itself."""

    source: Source
    order: int

    def read(self) -> Chunk:
        """The stripe's columns.

        Raises:
            ReadError: it is damaged.
        """
        from pyarrow import orc

        try:
            with handle(self.source) as stream:
                read = orc.ORCFile(stream).read_stripe(self.order)
                return batch_chunk(read) if isinstance(read, pa.RecordBatch) else _table_chunk(read)
        except Exception as error:
            raise as_read_error(error, f"stripe {self.order + 1} cannot be read") from None
