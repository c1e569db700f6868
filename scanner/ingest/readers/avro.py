"""Avro object container files: block by block, records flattened to leaves.

Blocks are taken apart and expanded here, within bounds; fastavro decodes the records of plain ones.
"""

from __future__ import annotations

import bz2
import io
import itertools
import json
import lzma
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import pyarrow as pa

from scanner.errors import LimitError, ReadError
from scanner.ingest.interface import Chunk, Head, Parsed, Part, Source, Stream
from scanner.ingest.readers.columnar import Course, Portions, Swelling, batch_chunk, schema_paths, unreadable
from scanner.ingest.readers.stripes import snappy_size
from scanner.ingest.sources import read_full
from scanner.ingest.spool import as_read_error
from scanner.options import ScanOptions
from scanner.terms import Format, ProblemCode

_MAGIC = b"Obj\1"
#: The longest schema, and the most bytes of a plain block that are decoded as a whole.
_LONGEST, _BLOCK = 1 << 26, 32 << 20
#: Cells that are objects at a time.
_CELLS = 1 << 20

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
        return head[:4] == _MAGIC

    def read(self, source: Source, options: ScanOptions) -> Iterator[Stream]:
        """One stream."""
        course = Course(source)
        try:
            file: BinaryIO = io.BufferedReader(source.stream(), 1 << 20)  # type: ignore[type-var,assignment]
            made = _File.of(file)
        except BaseException as error:
            yield unreadable(source.path, Format.AVRO, course, as_read_error(error, "the Avro header is damaged"))
            return

        def parts() -> Iterator[Part]:
            sizes, swelling = Portions.of(options), Swelling(source, options.limits)
            try:
                for order, chunk in enumerate(made.chunks(file, course, sizes, swelling)):
                    yield Parsed(order, chunk)
            except GeneratorExit:
                raise
            except BaseException as error:
                course.failed(as_read_error(error, "the file ends or breaks here; blocks before were read"))

        yield Stream(Head(source.path, Format.AVRO, columns=schema_paths(made.schema)), parts(), course.tail)


def _long(file: BinaryIO) -> int | None:
    """A whole number (Avro specification, "Binary encoding"); None at the end.

    Raises:
        ReadError: there is none.
    """
    value = shift = 0
    while True:
        byte = file.read(1)
        if not byte and not shift:
            return None
        if not byte or shift > 63:
            raise ReadError(ProblemCode.CORRUPT, "no whole number stands where one should; blocks before were read")
        value |= (byte[0] & 127) << shift
        shift += 7
        if byte[0] < 128:
            return value >> 1 ^ -(value & 1)


def _written(value: int | bytes) -> bytes:
    """A whole number, or bytes behind their length."""
    if isinstance(value, bytes):
        return _written(len(value)) + value
    left, out = value << 1, bytearray()  # none is below 0
    while left > 127:
        out.append(left & 127 | 128)
        left >>= 7
    return bytes([*out, left])


def _bytes(file: BinaryIO) -> bytes:
    length = _long(file)
    if length is None or not 0 <= length <= _LONGEST:
        raise ReadError(ProblemCode.CORRUPT, "the Avro header is damaged")
    return read_full(file, length)


@dataclass(frozen=True, slots=True)
class _File:
    """What the header says."""

    schema: pa.Schema
    table: bool
    """Its values are records."""
    codec: str
    written: bytes
    """The schema as JSON."""
    sync: bytes
    """What stands behind each block."""
    recursive: bool
    """Values may lie within values of the same type without end."""

    @staticmethod
    def of(file: BinaryIO) -> _File:
        """Read the header."""
        import fastavro

        file.read(len(_MAGIC))
        held: dict[bytes, bytes] = {}
        while count := _long(file):
            if count < 0:
                _long(file)  # its bytes, which nobody needs
            for _ in range(abs(count)):
                key = _bytes(file)
                held[key] = _bytes(file)
        written, sync = held[b"avro.schema"], file.read(16)
        parsed = fastavro.parse_schema(json.loads(written))
        named: dict[str, Any] = {}
        kind = arrow_type(parsed, named)
        recursive = _look_through(parsed, named)
        fields = list(kind) if pa.types.is_struct(kind) else [pa.field("value", kind)]
        codec = held.get(b"avro.codec", b"null").decode()
        return _File(pa.schema(fields), pa.types.is_struct(kind), codec, written, sync, recursive)

    def chunks(self, file: BinaryIO, course: Course, sizes: Portions, swelling: Swelling) -> Iterator[Chunk]:
        """The blocks, one or more chunks each; a damaged one costs itself."""
        decode = self._decoder()
        rows = max(1, _CELLS // max(1, len(schema_paths(self.schema))))
        for number in itertools.count(1):
            count, size = _long(file), _long(file)
            if count is None:
                return
            if size is None or count < 0 or size < 0:
                raise ReadError(ProblemCode.CORRUPT, "no block stands where one should; blocks before were read")
            packed = _Stretch(file, size)
            try:
                plain = _Plain(_expanded(packed, self.codec, sizes.cell), sizes.cell)
                records = decode(plain, count)
                for held in _slices(records, rows, plain.tell, sizes.batch):
                    chunk = self._chunk(held)
                    swelling.by(max(chunk.rows, sum(column.nbytes for column in chunk.columns)))
                    yield chunk
            except LimitError as error:
                course.failed(error)
                if "max_cell" not in error.message:
                    return
            except Exception as error:
                course.failed(as_read_error(error, f"block {number} is damaged; its rows up to there were read"))
            packed.skip()
            if packed.left or file.read(16) != self.sync:
                raise ReadError(ProblemCode.TRUNCATED, "the file ends or breaks here; blocks before were read")

    def _decoder(self) -> Callable[[_Plain, int], Iterator[Any]]:
        """What gives the records of a plain block."""
        import fastavro

        reading: Any = fastavro
        if self.recursive:  # the compiled one has no bound on how deep it goes
            from fastavro import _read_py as reading
        feed = _Feed()
        about = {b"avro.schema": self.written, b"avro.codec": b"null"}
        held = b"".join(_written(key) + _written(value) for key, value in about.items())
        feed.add(_MAGIC + _written(len(about)) + held + _written(0) + self.sync)
        blocks = reading.block_reader(feed)
        schema = fastavro.parse_schema(json.loads(self.written))

        def decode(plain: _Plain, count: int) -> Iterator[Any]:
            data = plain.ahead(_BLOCK + 1)
            if len(data) <= _BLOCK:
                feed.add(_written(count) + _written(data) + self.sync)
                return iter(next(blocks))
            return (reading.schemaless_reader(plain, schema) for _ in range(count))

        return decode

    def _chunk(self, rows: list[Any]) -> Chunk:
        if not self.table:
            rows = [{"value": row} for row in rows]
        columns = [_column([row.get(one.name) for row in rows], one.type) for one in self.schema]
        return batch_chunk(pa.RecordBatch.from_arrays(columns, schema=self.schema))


def _slices(records: Iterator[Any], rows: int, at: Callable[[], int], most: int) -> Iterator[list[Any]]:
    """Records by so many, or as many as begin within so many bytes; those before a fault come before it."""
    held: list[Any] = []
    begin = at()
    try:
        for one in records:
            held.append(one)
            if len(held) >= rows or at() - begin >= most:
                yield held
                held, begin = [], at()
    except GeneratorExit:
        raise
    except Exception:
        if held:
            yield held
        raise
    if held:
        yield held


class _Feed:
    """A file that is given what is to be read of it next."""

    def __init__(self) -> None:
        self._held, self._at = io.BytesIO(), 0

    def add(self, data: bytes) -> None:
        self._held = io.BytesIO(self._held.read() + data)

    def read(self, size: int) -> bytes:
        data = self._held.read(size)
        self._at += len(data)
        return data

    def tell(self) -> int:
        return self._at


class _Stretch(io.RawIOBase):
    """So many bytes of a file from where it stands."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self.left = file, size

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> bytes:
        data = self._file.read(min(1 << 20 if size is None or size < 0 else size, self.left))
        self.left -= len(data)
        return data

    def skip(self) -> None:
        """Go to its end."""
        while self.read(1 << 20):
            pass


class _Plain:
    """The plain bytes of a block; single values of more than `cell` bytes are refused."""

    def __init__(self, inner: BinaryIO, cell: int) -> None:
        self._inner, self._cell, self._ahead, self._at = inner, cell, io.BytesIO(), 0

    def ahead(self, size: int) -> bytes:
        """The first bytes, which are read again."""
        data = read_full(self._inner, size)
        self._ahead = io.BytesIO(data)
        return data

    def read(self, size: int) -> bytes:
        if size > self._cell:
            raise LimitError("a value is larger than max_cell; the rest of its block was left out")
        data = self._ahead.read(size)
        if len(data) < size:
            data += read_full(self._inner, size - len(data))
        self._at += len(data)
        return data

    def tell(self) -> int:
        return self._at


def _expanded(packed: _Stretch, codec: str, most: int) -> BinaryIO:
    """The plain bytes of a block.

    Raises:
        LimitError: it is larger than `most`, in a codec that gives it as a whole only.
        ReadError: the codec is not known, or the block is damaged.
    """
    from scanner.ingest.containers.compressed import Decoding, Inflate, zstd_decoder

    if codec == "null":
        return packed  # type: ignore[return-value]
    makes: dict[str, Callable[[], Any]] = {
        "deflate": lambda: Inflate(-15),
        "bzip2": bz2.BZ2Decompressor,
        "xz": lzma.LZMADecompressor,
        "zstandard": zstd_decoder,
    }
    if codec in makes:
        return Decoding(packed, makes[codec], several=False)  # type: ignore[arg-type,return-value]
    if codec not in ("snappy", "lz4"):
        raise ReadError(ProblemCode.UNSUPPORTED, "the blocks are compressed in a way that has no reader here")
    if packed.left > most:
        raise LimitError("a block is larger than max_cell and is given as a whole only; it was left out")
    data = read_full(packed, packed.left)  # type: ignore[arg-type]
    if codec == "lz4":  # behind its size
        size, data = int.from_bytes(data[:4], "little"), data[4:]
    else:  # before a check sum
        size, data = snappy_size(data, most), data[:-4]
    if size > most:
        raise LimitError("a block is larger than max_cell and is given as a whole only; it was left out")
    return io.BytesIO(pa.decompress(data, size, "lz4_raw" if codec == "lz4" else codec))


def _look_through(schema: Any, named: dict[str, Any]) -> bool:
    """Whether a type holds itself.

    Raises:
        LimitError: it has lists of values that take no bytes, of which a few bytes may hold any number.
    """
    recursive = False

    def takes(one: Any, above: frozenset[str]) -> bool:
        """Whether a value takes a byte at least."""
        nonlocal recursive
        if isinstance(one, list):
            for each in one:
                takes(each, above)
            return True
        if isinstance(one, str):
            if one in above:
                recursive = True
                return True
            return takes(named[one], above) if one in named else one != "null"
        kind = one["type"]
        if kind in ("record", "error"):
            inside = above | {one["name"]}
            return sum(takes(each["type"], inside) for each in one["fields"]) > 0
        if kind == "array":
            if not takes(one["items"], above):
                raise LimitError("lists of values without bytes are not read: they may be of any length")
            return True
        if kind == "map":
            takes(one["values"], above)
            return True
        return kind == "enum" or (one.get("size", 0) > 0 if kind == "fixed" else takes(kind, above))

    takes(schema, frozenset())
    return recursive
