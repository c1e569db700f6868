"""Tables of dBase and its kin."""

from __future__ import annotations

import hashlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.ingest import open_source
from scanner.ingest.interface import Stream
from scanner.ingest.readers.dbase import DbaseReader
from scanner.ingest.sources import BytesSource
from scanner.options import ScanOptions
from scanner.terms import Format, ProblemCode, Status
from tests.ingest import made

FIELDS = [("MOBILE", "C", 12), ("NAME", "C", 20), ("CNIC", "N", 14), ("JOINED", "D", 8), ("SIMS", "I", 4)]


def row(number: int, name: bytes = b"Ali Khan") -> list[bytes]:
    return [b"0300%07d" % number, name, b"3520212345671".rjust(14), b"20240102", struct.pack("<i", number)]


def opened(data: bytes, shard: int = 1 << 20) -> tuple[Stream, list[dict[str | None, list[object]]]]:
    (stream,) = open_source(BytesSource(data, "x.dbf"), ScanOptions(shard_bytes=shard))
    chunks = [part.read() for part in stream.parts]
    names = stream.head.columns
    return stream, [dict(zip(names, [c.to_pylist() for c in chunk.columns], strict=True)) for chunk in chunks]


def test_fields_are_columns_and_deleted_records_are_read() -> None:
    data = bytearray(made.dbf(FIELDS, [row(1), row(2), row(3)]))
    data[33 + 32 * len(FIELDS)] = ord("*")
    stream, (columns,) = opened(bytes(data))
    tail = stream.tail()
    assert (stream.head.format, tail.status, tail.bytes_read) == (Format.BINARY, Status.COMPLETE, len(data))
    assert tail.sha256 == hashlib.sha256(data).hexdigest()
    assert columns == {
        "MOBILE": ["03000000001", "03000000002", "03000000003"],
        "NAME": ["Ali Khan"] * 3,
        "CNIC": ["3520212345671"] * 3,
        "JOINED": ["2024-01-02"] * 3,
        "SIMS": [1, 2, 3],
    }


@pytest.mark.parametrize("encoding", ["utf-8", "cp1256"])
def test_text_beyond_ascii_is_decoded(encoding: str) -> None:
    name = "علی خان لاہور".replace("ی", "ي").replace("ہ", "ه")
    _, (columns,) = opened(made.dbf([("NAME", "C", 40)], [[name.encode(encoding)]] * 40))
    assert columns["NAME"] == [name] * 40


def test_records_do_not_depend_on_the_size_of_parts() -> None:
    data = made.dbf(FIELDS, [row(number) for number in range(500)])
    small = [one for part in opened(data, 4096)[1] for one in part["MOBILE"]]
    assert small == opened(data)[1][0]["MOBILE"] and len(small) == 500


def test_a_table_cut_off_gives_the_records_before_the_cut() -> None:
    data = made.dbf(FIELDS, [row(number) for number in range(9)])
    stream, (columns,) = opened(data[:-100])
    tail = stream.tail()
    assert len(columns["MOBILE"]) == 7
    assert (tail.status, [one.code for one in tail.problems]) == (Status.PARTIAL, [ProblemCode.TRUNCATED])


@given(st.binary(max_size=200))
def test_other_bytes_are_no_table(data: bytes) -> None:
    head = made.dbf(FIELDS, [])
    assert DbaseReader().recognise(head, "x")
    assert not DbaseReader().recognise(data, "x")
    assert not DbaseReader().recognise(head[:43] + b"?" + head[44:] + data, "x")
