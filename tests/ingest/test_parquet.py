"""Parquet that is large beyond measure, and columnar files that are cut off."""

from __future__ import annotations

import io
from typing import Any

import pyarrow as pa
import pyarrow.orc
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.ingest.interface import Chunk, Stream
from scanner.ingest.readers import columnar
from scanner.ingest.readers.columnar import Parquet
from scanner.ingest.readers.ipc import Arrow
from scanner.ingest.readers.orc import Orc
from scanner.ingest.readers.pages import read_struct, write_struct
from scanner.ingest.sources import BytesSource
from scanner.options import Limits, ScanOptions
from scanner.terms import ProblemCode, Status

ROWS = 1000
TABLE = pa.table(
    {
        "msisdn": [f"0300{i:07d}" for i in range(ROWS)],
        "name": ["Hina Khan", "Ali"] * (ROWS // 2),
        "seconds": list(range(ROWS)),
        "cost": [i * 1.5 for i in range(ROWS)],
        "paid": [i % 3 == 0 for i in range(ROWS)],
        "note": [None if i % 5 == 0 else f"x{i}" for i in range(ROWS)],
    }
)


def written(table: pa.Table, **options: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    return sink.getvalue()


def read(data: bytes, limits: Limits | None = None) -> tuple[Stream, list[Chunk]]:
    (stream,) = Parquet().read(BytesSource(data, "x"), ScanOptions(limits=limits or Limits()))
    return stream, [part.read() for part in stream.parts]


def cells(chunks: list[Chunk], column: int) -> list[Any]:
    values = [value for chunk in chunks if chunk.columns for value in chunk.columns[column].to_pylist()]
    return [value.decode() if isinstance(value, bytes) else value for value in values]


LAYOUTS: dict[str, dict[str, Any]] = {
    "as Arrow writes it": {},
    "several row groups": {"compression": "zstd", "row_group_size": 300},
    "no dictionaries": {"use_dictionary": False, "compression": "none", "row_group_size": 300},
    "pages of version 2": {"data_page_version": "2.0", "row_group_size": 250, "data_page_size": 500},
    "few dictionaries": {"compression": "brotli", "use_dictionary": ["name"]},
    "lz4": {"compression": "lz4"},
    "gzip": {"compression": "gzip"},
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_cut_within_the_footer_gives_all_rows_and_names(name: str) -> None:
    stream, chunks = read(written(TABLE, **LAYOUTS[name])[:-9])
    assert stream.head.columns == tuple(TABLE.column_names)
    assert [cells(chunks, index) for index in range(6)] == [column.to_pylist() for column in TABLE.columns]
    assert sum(chunk.rows for chunk in chunks) == ROWS
    assert stream.tail().status is Status.PARTIAL
    assert stream.tail().problems[0].code is ProblemCode.TRUNCATED


@pytest.mark.parametrize("name", LAYOUTS)
def test_cut_within_the_pages_gives_what_precedes(name: str) -> None:
    data = written(TABLE, **LAYOUTS[name])
    stream, chunks = read(data[: len(data) * 6 // 10])
    expected = TABLE.column("msisdn").to_pylist()
    assert set(stream.head.columns) == {None}
    assert cells(chunks, 0) == expected[: len(cells(chunks, 0))]
    assert len(cells(chunks, 0)) >= 250
    assert stream.tail().status is Status.PARTIAL


def test_nested_columns_are_recovered_with_their_paths() -> None:
    sims = pa.array([[{"imsi": f"41001{i:010d}"}] * (i % 3) for i in range(100)])
    stream, chunks = read(written(pa.table({"id": list(range(100)), "sims": sims}))[:-9])
    assert stream.head.columns == ("id", "sims[].imsi")
    assert cells(chunks, 0) == list(range(100))
    assert cells(chunks, 1) == [one["imsi"] for row in sims.to_pylist() for one in row]


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 12000), st.binary(max_size=8))
def test_any_cut_ends_as_a_problem(at: int, noise: bytes) -> None:
    data = written(TABLE, **LAYOUTS["several row groups"])
    stream, _ = read(data[: 4 + at] + noise)
    assert stream.tail().status in (Status.PARTIAL, Status.UNREADABLE)


def test_pages_that_are_too_large_are_searched_as_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columnar, "_BIG_PAGE", 1 << 16)
    monkeypatch.setattr(columnar, "_BIG_GROUP", 1 << 16)
    text = "call 0300-1234567 " + "x" * (1 << 18)
    data = written(pa.table({"id": [1, 2], "text": [text, "y"]}), compression="zstd", use_dictionary=False)
    stream, chunks = read(data)
    assert sum(chunk.rows for chunk in chunks) == 2
    assert cells(chunks, 0) == [1, 2]
    assert any(b"call 0300-1234567" in loose.text for chunk in chunks for loose in chunk.loose)
    assert stream.tail().status is Status.PARTIAL
    assert [problem.code for problem in stream.tail().problems] == [ProblemCode.LIMIT]


def test_page_beyond_the_ratio_ends_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columnar, "_BIG_PAGE", 1 << 16)
    monkeypatch.setattr(columnar, "_BIG_GROUP", 1 << 16)
    data = written(pa.table({"text": ["x" * (1 << 24)]}), compression="zstd", use_dictionary=False)
    stream, chunks = read(data, Limits(ratio_floor=1 << 20, max_ratio=10))
    assert sum(len(loose.text) for chunk in chunks for loose in chunk.loose) < 1 << 22
    assert {problem.code for problem in stream.tail().problems} == {ProblemCode.LIMIT}


def test_long_values_of_a_dictionary_are_read_in_small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columnar, "_BIG_GROUP", 1 << 20)
    monkeypatch.setattr(columnar, "_BATCH_BYTES", 1 << 18)
    data = written(pa.table({"text": ["x" * 10_000] * 5000, "id": list(range(5000))}))
    _, chunks = read(data)
    assert cells(chunks, 1) == list(range(5000))
    assert max(chunk.columns[0].nbytes for chunk in chunks) <= 1 << 19


@pytest.mark.parametrize(("dictionaries", "limit"), [(True, 1 << 20), (True, 1 << 10), (False, 1 << 20)])
def test_text_stays_a_dictionary_where_all_its_pages_are_one(dictionaries: bool, limit: int) -> None:
    table = TABLE.append_column("where", pa.array([{"city": "Lahore"}] * ROWS))
    data = written(table, use_dictionary=dictionaries, dictionary_pagesize_limit=limit, write_batch_size=100)
    stream, (chunk,) = read(data)
    kept = [column for column, held in zip(stream.head.columns, chunk.columns, strict=True) if _is_dictionary(held)]
    flat = ["name"] if limit < 1 << 20 else ["msisdn", "name", "note"]
    assert kept == (flat if dictionaries else [])
    for at, column in enumerate(TABLE.columns):
        assert cells([chunk], at) == column.to_pylist()


def _is_dictionary(held: Any) -> bool:
    return bool(pa.types.is_dictionary(held.type))


@given(st.dictionaries(st.integers(1, 200), st.one_of(st.binary(), st.integers(0, 2**31 - 1), st.booleans())))
def test_structures_come_back_as_they_were_written(fields: dict[int, Any]) -> None:
    data = write_struct(fields)
    assert read_struct(data) == (fields, len(data))


ORC_CODECS = ["uncompressed", "zlib", "snappy", "zstd", "lz4"]


@pytest.mark.parametrize("codec", ORC_CODECS)
def test_orc_of_every_codec_is_read_whole_and_searched_when_cut(codec: str) -> None:
    sink = io.BytesIO()
    names = [f"call 0300-{i * 7919 % 10**7:07d} or {i} " for i in range(20_000)]
    pyarrow.orc.write_table(pa.table({"name": names}), sink, compression=codec, stripe_size=100_000)
    data = sink.getvalue()
    assert Orc().recognise(data[: 1 << 18], "x")
    assert not Orc().recognise(b"ORC is a format\n" * 9, "x")
    (stream,) = Orc().read(BytesSource(data, "x"), ScanOptions())
    assert sum(part.read().rows for part in stream.parts) == 20_000
    (stream,) = Orc().read(BytesSource(data[: len(data) // 2], "x"), ScanOptions())
    text = b" ".join(run for part in stream.parts for run in part.read().columns[0].to_pylist())
    assert text.count(b"call 0300-") > 5_000
    assert stream.tail().status is Status.PARTIAL


@pytest.mark.parametrize("codec", [None, "lz4", "zstd"])
def test_cut_arrow_file_gives_the_batches_before(codec: str | None) -> None:
    sink = io.BytesIO()
    with pa.ipc.new_file(sink, TABLE.schema, options=pa.ipc.IpcWriteOptions(compression=codec)) as writer:
        writer.write_table(TABLE, max_chunksize=100)
    data = sink.getvalue()
    (stream,) = Arrow().read(BytesSource(data[: len(data) // 2], "x"), ScanOptions())
    assert 300 <= sum(part.read().rows for part in stream.parts) < ROWS
    assert stream.tail().status is Status.PARTIAL
