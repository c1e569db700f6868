"""Collections of MongoDB as `mongodump` writes them."""

from __future__ import annotations

import hashlib
import random
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.ingest import open_source
from scanner.ingest.interface import Cells, Chunk, Stream
from scanner.ingest.readers.bson import ARCHIVE, BsonReader
from scanner.ingest.sources import BytesSource
from scanner.options import ScanOptions
from scanner.terms import Format, ProblemCode, Status
from tests.ingest.made import bson

ROWS = [
    {"_id": bytes([n] * 12), "msisdn": f"0300123{n:04d}", "seen": {"by": [{"imsi": "41001" + "7" * 10}], "n": n * 1.5}}
    for n in range(1, 60)
]
DATA = b"".join(map(bson, ROWS))


def opened(data: bytes, shard: int = 1 << 20) -> tuple[Stream, dict[str | None, list[str]], list[Chunk]]:
    (stream,) = open_source(BytesSource(data, "subscribers.bson"), ScanOptions(shard_bytes=shard))
    columns: dict[str | None, list[str]] = {}
    chunks = [part.read() for part in stream.parts]
    for chunk in chunks:
        for name, column in zip(chunk.names, chunk.columns, strict=True):
            cells = (
                [bytes(column.data[a:b]) for a, b in zip(column.starts, column.stops, strict=True)]
                if isinstance(column, Cells)
                else column.to_pylist()
            )
            columns.setdefault(name, []).extend(cell.decode() for cell in cells)
    return stream, columns, chunks


@pytest.mark.parametrize("shard", [1 << 20, 4096])
def test_documents_are_records(shard: int) -> None:
    stream, columns, chunks = opened(DATA, shard)
    tail = stream.tail()
    assert (stream.head.format, stream.head.detail) == (Format.JSON, "BSON")
    assert (tail.status, tail.problems, tail.sha256) == (Status.COMPLETE, (), hashlib.sha256(DATA).hexdigest())
    assert sum(chunk.rows for chunk in chunks) == len(ROWS)
    assert columns["_id"] == [one["_id"].hex() for one in ROWS]
    assert columns["msisdn"] == [one["msisdn"] for one in ROWS]
    assert columns["seen.by[].imsi"] == ["41001" + "7" * 10] * len(ROWS)
    assert [float(one) for one in columns["seen.n"]] == [one["seen"]["n"] for one in ROWS]


VALUES = {
    "double": (b"\1", struct.pack("<d", 923001234567.0), "923001234567"),
    "fraction": (b"\1", struct.pack("<d", 31.520412), "31.520412"),
    "long": (b"\x12", struct.pack("<q", -(2**63)), "-9223372036854775808"),
    "integer": (b"\x10", struct.pack("<i", -5), "-5"),
    "moment": (b"\x09", struct.pack("<q", 1709251198123), "2024-02-29T23:59:58.123Z"),
    "before 1970": (b"\x09", struct.pack("<q", -2203891200000), "1900-03-01T00:00:00Z"),
    "time stamp": (b"\x11", struct.pack("<II", 1, 1700000000), "2023-11-14T22:13:20Z"),
    "decimal": (b"\x13", struct.pack("<QQ", 92300123456750, (6176 - 2) << 49), "923001234567.50"),
    "bytes": (b"\5", struct.pack("<i", 3) + b"\0\xff\0\1", "ff0001"),
    "bytes of text": (b"\5", struct.pack("<i", 5) + b"\0hello", "hello"),
    "UUID": (b"\5", struct.pack("<i", 16) + b"\4" + bytes(15) + b"\5", "00000000-0000-0000-0000-000000000005"),
    "expression": (b"\x0b", b"03\\d+\0i\0", "03\\d+/i"),
    "true": (b"\x08", b"\1", "true"),
}


@pytest.mark.parametrize("case", VALUES)
def test_values_of_every_type_are_text(case: str) -> None:
    kind, value, expected = VALUES[case]
    body = b"\2a\0" + struct.pack("<i", 4) + b'"x\\\0' + kind + b"value\0" + value + b"\0"
    _, columns, _ = opened((struct.pack("<i", len(body) + 4) + body) * 3)
    assert columns == {"a": ['"x\\'] * 3, "value": [expected] * 3}


@given(st.floats(-1e300, 1e300))
def test_numbers_keep_what_they_are(value: float) -> None:
    _, columns, _ = opened(bson({"n": value, "a": "b"}) * 2)
    assert float(columns["n"][0]) == pytest.approx(value, rel=1e-13)
    if abs(value) < 1e9 and round(value, 4) == value:
        assert float(columns["n"][0]) == value


def test_a_cut_file_is_read_up_to_the_cut() -> None:
    stream, columns, chunks = opened(DATA[:-30], 4096)
    tail = stream.tail()
    assert tail.status is Status.PARTIAL
    assert [(one.code, one.row) for one in tail.problems] == [(ProblemCode.TRUNCATED, len(ROWS))]
    assert len(columns["msisdn"]) == len(ROWS) - 1
    assert ROWS[-1]["msisdn"].encode() in b"".join(one.text for chunk in chunks for one in chunk.loose)


def test_a_broken_document_costs_itself() -> None:
    size = len(bson(ROWS[0]))
    data = bytearray(DATA)
    data[3 * size + 4] = 0x55
    stream, columns, chunks = opened(bytes(data))
    assert len(columns["msisdn"]) == len(ROWS) - 1
    assert sum(chunk.rows for chunk in chunks) == len(ROWS)
    assert [one.code for chunk in chunks for one in chunk.problems] == [ProblemCode.BAD_ROW]
    assert ROWS[3]["msisdn"].encode() in b"".join(one.text for chunk in chunks for one in chunk.loose)
    assert stream.tail().status is Status.COMPLETE


def test_what_follows_a_broken_chain_is_searched() -> None:
    stream, columns, chunks = opened(DATA + b"\1\0\0\0 call 0345-1234567 now", 4096)
    tail = stream.tail()
    assert (tail.status, tail.bytes_read) == (Status.PARTIAL, len(DATA) + 26)
    assert [(one.code, one.row) for one in tail.problems] == [(ProblemCode.CORRUPT, len(ROWS) + 1)]
    assert len(columns["msisdn"]) == len(ROWS)
    assert b"0345-1234567" in b"".join(one.text for chunk in chunks for one in chunk.loose)


def test_an_archive_is_read_with_what_it_says_of_its_collections() -> None:
    end = b"\xff" * 4
    data = b"\x6d\xe2\x99\x81" + bson({"server_version": "7"}) + bson({"db": "crm", "collection": "subs"}) + end
    data += bson({"db": "crm", "collection": "subs", "EOF": False}) + DATA + end
    stream, columns, _ = opened(data)
    assert stream.tail().status is Status.COMPLETE
    assert columns["msisdn"] == [one["msisdn"] for one in ROWS]
    assert columns["collection"] == ["subs"] * 2


def test_documents_too_deep_are_searched() -> None:
    deep = bson({"number": "0300-1234567"})
    for _ in range(600):
        deep = struct.pack("<i", len(deep) + 8) + b"\3a\0" + deep + b"\0"
    _, columns, chunks = opened(DATA + deep + bson(ROWS[1]))
    assert len(columns["msisdn"]) == len(ROWS) + 1
    assert b"0300-1234567" in b"".join(one.text for chunk in chunks for one in chunk.loose)


@given(st.binary(max_size=300).filter(lambda data: data[:4] != ARCHIVE))
def test_chance_makes_no_document(data: bytes) -> None:
    assert not BsonReader().recognise(data, "x")


def test_other_files_of_lengths_are_none() -> None:
    noise = random.Random(1)
    for data in (
        struct.pack("<900I", *(noise.randrange(5, 90) for _ in range(900))),
        struct.pack("<I", 2000) + bytes(1996),
        b"\x05\0\0\0\0" * 50,
        struct.pack("<I", 400) + b"\x0a\1\0" * 132,
        b"\0\0\1\0\1\0\x10\x10\0\0\1\0\x18\0" + noise.randbytes(3000),
    ):
        assert not BsonReader().recognise(data, "x")
