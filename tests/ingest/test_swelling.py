"""ORC, Arrow and Avro that expand beyond measure, or whose lengths are untrue: what precedes is kept."""

from __future__ import annotations

import io
import zlib
from typing import Any

import fastavro
import numpy as np
import pyarrow as pa
import pyarrow.orc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.ingest.interface import Chunk, Reader, Stream
from scanner.ingest.readers import avro as avro_reader
from scanner.ingest.readers import columnar, stripes
from scanner.ingest.readers.avro import Avro
from scanner.ingest.readers.ipc import Arrow
from scanner.ingest.readers.orc import Orc
from scanner.ingest.readers.stripes import Layout, Stripe, Type, layout_of, read_message, write_message
from scanner.ingest.sources import BytesSource
from scanner.model import Problem
from scanner.options import Limits, ScanOptions
from scanner.terms import ProblemCode, Status

ROWS = 2000
#: Limits that are reached in a moment.
SMALL = Limits(max_member=1 << 26)
TABLE = pa.table(
    {
        "msisdn": [f"0300{i:07d}" for i in range(ROWS)],
        "name": [None if i % 7 == 0 else ("Hina Khan", "Ali", "x" * 900)[i % 3] for i in range(ROWS)],
        "seconds": list(range(ROWS)),
        "sims": [[{"imsi": f"41001{i:010d}", "slot": i}] * (i % 3) for i in range(ROWS)],
    }
)


def read(reader: Reader, data: bytes, **options: Any) -> tuple[Stream, list[Chunk], tuple[Problem, ...]]:
    (stream,) = reader.read(BytesSource(data, "x"), ScanOptions(**options))
    chunks = [part.read() for part in stream.parts]
    return stream, chunks, stream.tail().problems


def cells(chunks: list[Chunk], column: int) -> list[Any]:
    values = [value for chunk in chunks if chunk.columns for value in chunk.columns[column].to_pylist()]
    return [value.decode() if isinstance(value, bytes) else value for value in values]


def flat(table: pa.Table) -> list[list[Any]]:
    return [
        list(cells)
        for cells in (
            table["msisdn"].to_pylist(),
            table["name"].to_pylist(),
            table["seconds"].to_pylist(),
            [one["imsi"] for row in table["sims"].to_pylist() for one in row],
            [one["slot"] for row in table["sims"].to_pylist() for one in row],
        )
    ]


def heaviest(chunks: list[Chunk]) -> int:
    return max(sum(column.nbytes for column in chunk.columns) for chunk in chunks)


def texts(chunks: list[Chunk]) -> bytes:
    return b" ".join(loose.text for chunk in chunks for loose in chunk.loose)


def orc_of(*streams: tuple[int, int, bytes], rows: int, encodings: list[tuple[int, int]]) -> bytes:
    """A file of one stripe with columns of text, from (kind, column, bytes) of its streams."""
    columns = len(encodings) - 1
    under = tuple(range(1, columns + 1))
    root = Type(12, under, tuple(f"c{one}" for one in under), ((1, 12), (2, bytes(under))))
    types = (root, *[Type(7, (), (), ((1, 7),))] * columns)
    about = [(1, write_message([(1, kind), (2, column), (3, len(data))])) for kind, column, data in streams]
    footer = write_message([*about, *((2, write_message([(1, way), (2, size)])) for way, size in encodings)])
    data = b"".join(data for _, _, data in streams)
    stripe = Stripe(3, 0, len(data), len(footer), rows)
    return b"ORC" + data + footer + Layout("", 1 << 18, ((4, b"\0\x0c"), (6, 6)), types, (stripe,), rows).alone(stripe)


#: 512 times the same number, in a run of the second version.
RUN = bytes([0xC1, 0xFF])


def repeating(rows: int) -> bytes:
    """A stripe of a few kilobytes whose rows all hold the same long text, and one number each."""
    text = b"0300-1234567 " + b"x" * 65_000
    length = bytes([0x76, 0]) + len(text).to_bytes(4, "big")  # one value of 32 bits, packed
    zeros = RUN + bytes(2)
    return orc_of(
        (1, 1, zeros * (rows // 512)), (2, 1, length), (3, 1, text),
        (1, 2, zeros * (rows // 512)), (2, 2, bytes([0x40 | 7 << 1, 0, 10])), (3, 2, b"abcdefghij"),
        rows=rows, encodings=[(0, 0), (3, 1), (3, 1)],
    )  # fmt: skip


def test_an_orc_column_that_repeats_a_long_text_without_end_is_searched_once() -> None:
    data = repeating(1 << 20)
    assert len(data) < 100_000
    stream, chunks, problems = read(Orc(), data)
    assert sum(chunk.rows for chunk in chunks) == stream.head.rows == 1 << 20
    assert cells(chunks, 0) == []
    assert set(cells(chunks, 1)) == {"abcdefghij"}
    assert texts(chunks).count(b"0300-1234567") == 1
    assert [problem.code for problem in problems] == [ProblemCode.LIMIT]
    assert stream.tail().status is Status.PARTIAL


def test_orc_stripes_end_at_the_limit() -> None:
    data = repeating(1 << 10)
    _, chunks, _ = read(Orc(), data, limits=Limits(max_member=1 << 27))
    assert len(cells(chunks, 0)) == 1 << 10
    _, chunks, problems = read(Orc(), data, limits=Limits(max_member=1 << 24))
    assert not chunks
    assert [problem.code for problem in problems] == [ProblemCode.LIMIT]


@pytest.mark.parametrize(
    "length",
    [
        RUN + b"\xff\xff\xff\xff\xff\x1f\0",  # 2^40, without end
        bytes([0xC1, 0xFF, 10, 0x27]),  # 10, and 20 less for each that follows
        bytes([0xC1, 0xFF, 10]),  # cut off
    ],
)
def test_an_orc_column_whose_lengths_are_untrue_is_searched_as_text(length: bytes) -> None:
    ten = RUN + bytes([10, 0])
    data = orc_of(
        (2, 1, length), (1, 1, b"0300-1234567 " * 300), (2, 2, ten), (1, 2, b"abcdefghij" * 512),
        rows=512, encodings=[(0, 0), (2, 0), (2, 0)],
    )  # fmt: skip
    stream, chunks, problems = read(Orc(), data)
    assert sum(chunk.rows for chunk in chunks) == 512
    assert cells(chunks, 0) == []
    assert set(cells(chunks, 1)) == {"abcdefghij"}
    assert texts(chunks).count(b"0300-1234567") == 300
    assert [problem.code for problem in problems] == [ProblemCode.CORRUPT]
    assert stream.tail().status is Status.PARTIAL


WRITING = [
    {"compression": "zlib"},
    {"compression": "snappy", "dictionary_key_size_threshold": 1.0},
    {"compression": "uncompressed", "file_version": "0.11"},
    {"compression": "zstd", "file_version": "0.11", "dictionary_key_size_threshold": 1.0},
]


@pytest.mark.parametrize("how", WRITING)
@pytest.mark.parametrize("large", [False, True])
def test_large_orc_stripes_are_read_some_columns_after_the_others(how: Any, large: bool, monkeypatch: Any) -> None:
    if large:
        monkeypatch.setattr(columnar, "_BIG_GROUP", 500_000)
        monkeypatch.setattr(stripes, "_COUNTED_FROM", 0)
    sink = io.BytesIO()
    pyarrow.orc.write_table(TABLE, sink, **how)
    stream, chunks, problems = read(Orc(), sink.getvalue())
    assert stream.head.columns == ("msisdn", "name", "seconds", "sims[].imsi", "sims[].slot")
    assert [cells(chunks, index) for index in range(5)] == flat(TABLE)
    assert (len(chunks) > 1) is large
    assert sum(chunk.rows for chunk in chunks) == ROWS
    assert not problems


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.one_of(st.integers(0, 9), st.integers(0, 9), st.integers(0, 5000)), max_size=1500),
    st.sampled_from(["0.11", "0.12"]),
    st.sampled_from([0.0, 1.0]),
)
def test_what_a_stripe_weighs_is_what_its_texts_weigh(lengths: list[int], version: str, words: float) -> None:
    sink = io.BytesIO()
    held = pa.table({"t": pa.array(["x" * one for one in lengths], pa.string())})
    pyarrow.orc.write_table(held, sink, file_version=version, dictionary_key_size_threshold=words)
    with io.BytesIO(sink.getvalue()) as stream, pytest.MonkeyPatch.context() as patch:
        patch.setattr(stripes, "_COUNTED_FROM", 0)
        layout = layout_of(stream)
        weights = [layout.weigh(stream, one, 1 << 27) for one in layout.stripes]
    assert sum(weight.plain[0] for weight in weights) == sum(lengths) + 8 * len(lengths)
    assert not any(weight.swollen or weight.damaged for weight in weights)


def test_an_orc_file_with_twice_the_same_name_keeps_both_columns() -> None:
    sink = io.BytesIO()
    pyarrow.orc.write_table(pa.table({"ab": ["x"], "ac": ["y"]}), sink, compression="uncompressed")
    data = sink.getvalue()
    at = data.rindex(b"ac")
    _, chunks, _ = read(Orc(), data[:at] + b"ab" + data[at + 2 :])
    assert [cells(chunks, 0), cells(chunks, 1)] == [["x"], ["y"]]


@given(st.lists(st.tuples(st.integers(1, 5000), st.one_of(st.binary(), st.integers(0, 2**64 - 1)))))
def test_messages_come_back_as_they_were_written(fields: list[tuple[int, int | bytes]]) -> None:
    held = read_message(write_message(fields))
    assert [(number, value) for number in held for value in held[number]] == sorted(
        fields, key=lambda one: list(held).index(one[0])
    )


def ipc(table: pa.Table, form: str = "file", codec: str | None = "zstd", rows: int | None = None) -> bytes:
    sink = io.BytesIO()
    make = pa.ipc.new_file if form == "file" else pa.ipc.new_stream
    with make(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression=codec)) as writer:
        writer.write_table(table, max_chunksize=rows)
    return sink.getvalue()


@pytest.mark.parametrize("form", ["file", "stream"])
def test_an_arrow_batch_of_zeros_ends_at_the_limit(form: str) -> None:
    zeros = pa.array(np.zeros(1 << 22, np.int64))
    held = pa.schema([(f"c{one}", pa.int64()) for one in range(64)])
    sink = io.BytesIO()
    make = pa.ipc.new_file if form == "file" else pa.ipc.new_stream
    with make(sink, held, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_batch(pa.record_batch([pa.array([1, 2])] * 64, schema=held))
        writer.write_batch(pa.record_batch([zeros] * 64, schema=held))
    assert len(sink.getvalue()) < 1 << 18
    stream, chunks, problems = read(Arrow(), sink.getvalue(), limits=Limits(max_expanded=1 << 28))
    assert [chunk.rows for chunk in chunks] == [2]
    assert [problem.code for problem in problems] == [ProblemCode.LIMIT]
    assert stream.tail().status is Status.PARTIAL


@pytest.mark.parametrize("form", ["file", "stream"])
@pytest.mark.parametrize("codec", [None, "lz4", "zstd"])
def test_large_arrow_batches_are_read_some_columns_after_the_others(form: str, codec: str, monkeypatch: Any) -> None:
    table = TABLE.append_column("kind", TABLE["name"].dictionary_encode())
    expected = [*flat(table), table["name"].to_pylist()]
    data = ipc(table.combine_chunks(), form, codec)
    for group in (1 << 27, 560_000):
        monkeypatch.setattr(columnar, "_BIG_GROUP", group)
        _, chunks, problems = read(Arrow(), data)
        assert [cells(chunks, index) for index in range(6)] == expected
        assert sum(chunk.rows for chunk in chunks) == ROWS
        assert (len(chunks) > 1) is (group < 1 << 27)
        assert not problems


@pytest.mark.parametrize("codec", [None, "lz4", "zstd"])
def test_an_arrow_column_too_large_for_memory_is_searched_as_text(codec: str | None, monkeypatch: Any) -> None:
    monkeypatch.setattr(columnar, "_BIG_GROUP", 1 << 15)
    table = pa.table({"id": [1, 2], "text": ["call 0300-1234567 " + "x" * (1 << 18), "y"]})
    _, chunks, problems = read(Arrow(), ipc(table, codec=codec))
    assert cells(chunks, 0) == ([1, 2] if codec else [])
    assert b"call 0300-1234567" in texts(chunks)
    assert [problem.code for problem in problems] == [ProblemCode.LIMIT]


def test_arrow_views_of_one_long_text_are_cut_and_end_at_the_limit() -> None:
    text = b"0300-1234567" + b"x" * (1 << 20)
    one = len(text).to_bytes(4, "little") + text[:4] + bytes(8)
    buffers = [None, pa.py_buffer(one * 10_000), pa.py_buffer(text)]
    views = pa.Array.from_buffers(pa.string_view(), 10_000, buffers)
    _, chunks, problems = read(Arrow(), ipc(pa.table({"t": views}), codec=None), limits=SMALL)
    assert 10 < sum(chunk.rows for chunk in chunks) < 10_000
    assert heaviest(chunks) < 1 << 26
    assert [problem.code for problem in problems] == [ProblemCode.LIMIT]


def test_arrow_runs_and_views_are_flattened() -> None:
    runs = pa.RunEndEncodedArray.from_arrays(pa.array([3, 5], pa.int32()), pa.array(["a", "b"]))
    views = pa.array(["0300-1234567 is longer than a view", "b", None, "d", "e"], pa.string_view())
    lists = pa.array([[1], [2, 3], [], None, [4]], pa.list_view(pa.int64()))
    _, chunks, problems = read(Arrow(), ipc(pa.table({"r": runs, "v": views, "l": lists}), codec=None))
    assert cells(chunks, 0) == ["a", "a", "a", "b", "b"]
    assert cells(chunks, 1) == views.to_pylist()
    assert cells(chunks, 2) == [1, 2, 3, 4]
    assert not problems


def test_arrow_offsets_that_are_untrue_cost_their_column() -> None:
    table = pa.table({"t": ["abc", "defg"], "n": [7, 8]})
    data = ipc(table, codec=None)
    offsets = np.array([0, 3, 7], np.int32).tobytes()
    assert data.count(offsets) == 1
    _, chunks, problems = read(Arrow(), data.replace(offsets, np.array([0, 3, 1 << 30], np.int32).tobytes()))
    assert cells(chunks, 1) == [7, 8]
    assert cells(chunks, 0) == []
    assert [problem.code for chunk in chunks for problem in chunk.problems] == [ProblemCode.CORRUPT]
    assert not problems


def number(value: int) -> bytes:
    out = bytearray()
    value <<= 1
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def avro(schema: Any, *blocks: tuple[int, bytes], codec: str = "deflate") -> bytes:
    """A file of blocks from their counts and plain bytes."""
    sink = io.BytesIO()
    fastavro.writer(sink, schema, [], codec=codec)
    head = sink.getvalue()
    out = [head]
    for count, plain in blocks:
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        packed = packer.compress(plain) + packer.flush() if codec == "deflate" else plain
        out.append(number(count) + number(len(packed)) + packed + head[-16:])
    return b"".join(out)


def record(kind: Any) -> dict[str, Any]:
    return {"type": "record", "name": "r", "fields": [{"name": "a", "type": kind}]}


def test_an_avro_block_of_zeros_ends_at_the_limit(monkeypatch: Any) -> None:
    monkeypatch.setattr(avro_reader, "_CELLS", 1 << 16)
    plain = bytes(1 << 22)
    stream, chunks, problems = read(
        Avro(), avro(record("int"), (3, bytes(3)), (len(plain), plain)), limits=Limits(max_member=1 << 20)
    )
    assert 3 < sum(chunk.rows for chunk in chunks) < 1 << 22
    assert [problem.code for problem in problems] == [ProblemCode.LIMIT]
    assert stream.tail().status is Status.PARTIAL


def test_avro_records_without_bytes_end_at_the_limit(monkeypatch: Any) -> None:
    monkeypatch.setattr(avro_reader, "_CELLS", 1 << 16)
    _, chunks, problems = read(Avro(), avro(record("null"), (1 << 50, b"")), limits=Limits(max_member=1 << 20))
    assert 1 << 19 <= sum(chunk.rows for chunk in chunks) <= 1 << 20
    assert [problem.code for problem in problems] == [ProblemCode.LIMIT]


def test_avro_lists_of_values_without_bytes_are_refused() -> None:
    data = avro(record({"type": "array", "items": "null"}), (1, number(1 << 50) + b"\0"))
    stream, _, problems = read(Avro(), data)
    assert stream.tail().status is Status.UNREADABLE
    assert [problem.code for problem in problems] == [ProblemCode.LIMIT]


def test_an_avro_value_beyond_measure_costs_its_block(monkeypatch: Any) -> None:
    monkeypatch.setattr(columnar, "_BIG_PAGE", 1 << 20)
    long = number(1 << 26) + bytes(1 << 26)
    data = avro(record("bytes"), (1, number(2) + b"ab"), (2, number(1) + b"c" + long), (1, number(1) + b"d"))
    _, chunks, problems = read(Avro(), data)
    assert cells(chunks, 0) == ["ab", "c", "d"]
    assert [problem.code for problem in problems] == [ProblemCode.LIMIT]


def test_avro_blocks_larger_than_memory_are_decoded_as_they_come() -> None:
    plain = (number(1 << 16) + b"x" * (1 << 16)) * 600
    _, chunks, problems = read(Avro(), avro(record("bytes"), (600, plain)))
    assert sum(chunk.rows for chunk in chunks) == 600
    assert heaviest(chunks) < 1 << 26
    assert not problems


def test_avro_values_within_values_without_end_are_an_error_of_their_block() -> None:
    kind = {
        "type": "record",
        "name": "node",
        "fields": [{"name": "v", "type": "int"}, {"name": "next", "type": ["null", "node"]}],
    }
    deep = (number(5) + number(1)) * (1 << 20)
    data = avro(kind, (1, number(7) + number(0)), (1, deep), (1, number(8) + number(0)))
    _, chunks, problems = read(Avro(), data)
    assert cells(chunks, 0) == [7, 8]
    assert [problem.code for problem in problems] == [ProblemCode.CORRUPT]


@pytest.mark.parametrize("codec", ["null", "deflate", "bzip2", "xz", "zstandard", "snappy", "lz4"])
def test_avro_blocks_of_every_codec_are_read(codec: str) -> None:
    plain = number(3) + b"abc" + number(1) + b"d"
    sink = io.BytesIO()
    fastavro.writer(sink, record("string"), [])
    head = sink.getvalue().replace(b"\x08null", number(len(codec)) + codec.encode())
    packed = {
        "null": lambda: plain,
        "deflate": lambda: zlib.compress(plain)[2:-4],
        "bzip2": lambda: __import__("bz2").compress(plain),
        "xz": lambda: __import__("lzma").compress(plain),
        "zstandard": lambda: bytes(pa.compress(plain, "zstd", asbytes=True)),
        "snappy": lambda: bytes(pa.compress(plain, "snappy", asbytes=True)) + zlib.crc32(plain).to_bytes(4, "big"),
        "lz4": lambda: len(plain).to_bytes(4, "little") + bytes(pa.compress(plain, "lz4_raw", asbytes=True)),
    }[codec]()
    data = head + number(2) + number(len(packed)) + packed + head[-16:]
    _, chunks, problems = read(Avro(), data)
    assert cells(chunks, 0) == ["abc", "d"]
    assert not problems
