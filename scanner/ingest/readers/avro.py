"""Avro object container files: block by block, records flattened to leaves."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from scanner.ingest.interface import Head, Parsed, Part, Source, Stream
from scanner.ingest.readers.columnar import Course, batch_chunk, schema_paths, unreadable
from scanner.ingest.spool import as_read_error
from scanner.options import ScanOptions
from scanner.terms import Format

_PLAIN = {
    "null": pa.null(), "boolean": pa.bool_(), "int": pa.int32(), "long": pa.int64(), "float": pa.float32(),
    "double": pa.float64(), "bytes": pa.large_binary(), "string": pa.large_string(), "enum": pa.large_string(),
    "fixed": pa.large_binary(),
}  # fmt: skip


def arrow_type(schema: Any, named: dict[str, Any], depth: int = 0) -> pa.DataType:
    """The Arrow type of a parsed Avro schema; unions of several types, logical types and deep recursion are text."""
    if isinstance(schema, str):
        if schema in _PLAIN:
            return _PLAIN[schema]
        return arrow_type(named[schema], named, depth + 1) if schema in named and depth < 8 else pa.large_string()
    if isinstance(schema, list):
        kinds = [one for one in schema if one != "null"]
        return arrow_type(kinds[0], named, depth) if len(kinds) == 1 else pa.large_string()
    kind = schema["type"]
    if "name" in schema:
        named.setdefault(schema["name"], schema)
    if kind == "record" or kind == "error":
        if depth >= 8:
            return pa.large_string()
        return pa.struct([pa.field(one["name"], arrow_type(one["type"], named, depth + 1)) for one in schema["fields"]])
    if kind == "array":
        return pa.list_(arrow_type(schema["items"], named, depth + 1))
    if kind == "map":
        return pa.map_(pa.large_string(), arrow_type(schema["values"], named, depth + 1))
    return pa.large_string() if "logicalType" in schema else arrow_type(kind, named, depth)


def fitted(value: Any, kind: pa.DataType) -> Any:
    """A decoded value as the Arrow type takes it."""
    if value is None:
        return None
    if pa.types.is_struct(kind):
        return {field.name: fitted(value.get(field.name), field.type) for field in kind}
    if pa.types.is_list(kind):
        return [fitted(one, kind.value_type) for one in value]
    if pa.types.is_map(kind):
        return [(key, fitted(one, kind.item_type)) for key, one in value.items()]
    if pa.types.is_large_string(kind) and not isinstance(value, str):
        if isinstance(value, bytes):
            return value.decode("utf-8", "replace")
        return json.dumps(value, default=str) if isinstance(value, dict | list) else str(value)
    return value


def _column(values: list[Any], kind: pa.DataType) -> pa.Array:
    """Decoded values as a column; most are what Arrow takes, which is tried first."""
    if pa.types.is_nested(kind):
        return pa.array([fitted(value, kind) for value in values], kind)
    try:
        return pa.array(values, kind, from_pandas=False)
    except (pa.ArrowException, TypeError, ValueError):
        return pa.array([fitted(value, kind) for value in values], kind)


class Avro:
    """Reads Avro."""

    def recognise(self, head: bytes, name: str) -> bool:
        """By the magic bytes."""
        return head[:4] == b"Obj\1"

    def read(self, source: Source, options: ScanOptions) -> Iterator[Stream]:
        """One stream."""
        import fastavro

        course = Course(source)
        try:
            file = io.BufferedReader(source.stream(), 1 << 20)  # type: ignore[type-var]
            blocks = fastavro.block_reader(file)
            kind = arrow_type(blocks.writer_schema, {})
            table = kind if pa.types.is_struct(kind) else pa.struct([pa.field("value", kind)])
        except BaseException as error:
            yield unreadable(source.path, Format.AVRO, course, as_read_error(error, "the Avro header is damaged"))
            return

        def parts() -> Iterator[Part]:
            try:
                for order, block in enumerate(blocks):
                    rows: list[Any] = list(block) if kind is table else [{"value": row} for row in block]
                    columns = [_column([row.get(one.name) for row in rows], one.type) for one in table]
                    yield Parsed(order, batch_chunk(pa.RecordBatch.from_arrays(columns, schema=pa.schema(list(table)))))
            except GeneratorExit:
                raise
            except BaseException as error:
                course.failed(as_read_error(error, "the file ends or breaks here; blocks before were read"))

        yield Stream(Head(source.path, Format.AVRO, columns=schema_paths(pa.schema(list(table)))), parts(), course.tail)
