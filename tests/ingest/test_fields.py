"""Cells found in place are those that the general parser finds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner import ScanOptions, compiled
from scanner.ingest import FileSource
from scanner.ingest.interface import Cells
from scanner.ingest.readers.blocks import scan_records
from scanner.ingest.readers.delimited import DelimitedReader, parse
from scanner.ingest.readers.fields import count, holds, plain_end, split
from scanner.ingest.readers.text import lines_in

CELL = st.text("ab1 \tخ", max_size=40)


@pytest.fixture(autouse=True)
def machine_code() -> None:
    compiled.compile_all()


def cells(text: bytes, delimiter: bytes, width: int, quote: bytes = b"") -> tuple[Cells, ...] | None:
    found = split(text, delimiter, width, quote)
    return None if found is None else found[0].columns()


def texts(column: Cells) -> list[bytes]:
    return [bytes(column.data[start:stop]) for start, stop in zip(column.starts, column.stops, strict=True)]


@settings(max_examples=200, deadline=None)
@given(
    st.integers(1, 4).flatmap(lambda width: st.lists(st.lists(CELL, min_size=width, max_size=width), min_size=1)),
    st.sampled_from(["\n", "\r\n", "\n\n", "\r\n\r\n"]),
    st.sampled_from([b",", b"\x1f"]),
    st.booleans(),
)
def test_cells_are_those_of_the_general_parser(rows: list[list[str]], end: str, delimiter: bytes, ended: bool) -> None:
    text = (end.join(delimiter.decode().join(row) for row in rows) + (end if ended else "")).encode()
    if not text.strip(b"\r\n"):
        return
    general, uneven = parse(text, len(rows[0]), delimiter, b"", False)
    columns = cells(text, delimiter, len(rows[0]))
    assert not uneven and columns is not None
    assert [texts(column) for column in columns] == [column.to_pylist() for column in general.columns]


QUOTED = st.text('ab ,\n\r"', max_size=9).map(lambda text: f'"{text}"')


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.lists(st.text("ab 1", max_size=40) | QUOTED | st.text('a"', max_size=3), min_size=2, max_size=2), min_size=1
    ),
    st.sampled_from(["\n", "\r\n", "\n\n"]),
    st.booleans(),
)
def test_quoted_cells_are_those_of_the_general_parser_or_left_to_it(
    rows: list[list[str]], end: str, ended: bool
) -> None:
    text = (end.join(",".join(row) for row in rows) + (end if ended else "")).encode()
    columns = cells(text, b",", 2, b'"')
    if columns is not None:
        general, uneven = parse(text, 2, b",", b'"', False)
        assert not uneven
        assert [texts(column) for column in columns] == [column.to_pylist() for column in general.columns]


def test_plain_quotes_are_no_obstacle() -> None:
    columns = cells(b'"a, b",""\r\n"c\nd",e\r\nf,"g"', b",", 2, b'"')
    assert columns is not None
    assert [texts(column) for column in columns] == [[b"a, b", b"c\nd", b"f"], [b"", b"e", b"g"]]


@given(st.binary(max_size=300), st.sampled_from([b"\n", b"\r"]))
@settings(max_examples=100, deadline=None)
def test_lines_are_counted(block: bytes, end: bytes) -> None:
    assert count(block + end * 3, end) == block.count(end) + 3


@pytest.mark.parametrize("text", [b"a,b\nc\n", b"a,b,c\n", b"a,b\rc,d\r", b"a,b\nc", b"a,\r"])
def test_what_is_not_plain_is_left_to_the_general_parser(text: bytes) -> None:
    assert split(text, b",", 2) is None


@pytest.mark.parametrize("odd", ["\x00", "خ", "\x7f", "é"])
@pytest.mark.parametrize("before", [0, 3, 200])
def test_it_is_told_where_not_all_is_ascii(odd: str, before: int) -> None:
    plain = b"a,b\n" * before + b"c,d\n" + b"e,f\n" * (200 - before)
    found = split(plain, b",", 2)
    assert found is not None and found[1]
    found = split(plain.replace(b"d", odd.encode()), b",", 2)
    assert found is not None and found[1] == (odd == "\x7f")


def test_rows_that_grow_shorter_find_room() -> None:
    columns = cells(b"x" * 500 + b",1\n" + b"a,b\n" * 100_000, b",", 2)
    assert columns is not None
    assert len(columns[0]) == 100_001
    assert bytes(columns[1].data[columns[1].starts[-1] : columns[1].stops[-1]]) == b"b"


def test_a_header_is_found_again() -> None:
    columns = cells(b"number,1\nnumbed,2\n" * 9 + b"\n" + b"names,3\n", b",", 2)
    assert columns is not None
    assert holds(columns[0], b"number")
    assert not holds(columns[0], b"numbeR")
    assert not holds(columns[0], b"nam")


@pytest.mark.parametrize(
    ("tail", "plain", "rows"),
    [
        ("", True, 40_000),
        ("only one\n", False, 40_001),
        ("number,when\n", False, 40_000),
        ('"03""00",x\n', False, 40_001),
        ('"0300",x\n', True, 40_001),
    ],
)
def test_a_reader_finds_plain_blocks_in_place(tmp_path: Path, tail: str, plain: bool, rows: int) -> None:
    file = tmp_path / "calls.csv"
    file.write_text("number,when\n" + "03001234567,2024-01-02\n" * 20_000 + tail + "03001234567,2024-01-02\n" * 20_000)
    (stream,) = DelimitedReader().read(FileSource(file, "calls.csv"), ScanOptions())
    chunks = [part.read() for part in stream.parts]
    assert sum(chunk.rows for chunk in chunks) == rows
    assert all(isinstance(column, Cells) for chunk in chunks for column in chunk.columns) is plain


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text("ab\t خ", max_size=90) | st.just("z" * 64), max_size=40), st.sampled_from(["\n", "\r\n", "\r"]))
def test_lines_end_however_they_do(lines: list[str], end: str) -> None:
    block = end.join(lines).encode()
    assert texts(lines_in(block)) == [line.encode() for line in lines if line]


@settings(max_examples=400, deadline=None)
@given(
    st.lists(st.lists(st.text("ab", max_size=30) | QUOTED | st.text('a"', max_size=3), max_size=3), min_size=1),
    st.sampled_from(["\n", "\r\n", "\n\n", "\r"]),
    st.integers(1, 5),
)
def test_a_plain_end_is_the_end_of_a_record(rows: list[list[str]], end: str, times: int) -> None:
    text = (end.join(",".join(row) for row in rows) + end).encode() * times + b"tail"
    data = np.frombuffer(text, np.uint8)
    found = plain_end(data, np.uint8(44), np.uint8(34), len(data) - 4)
    if found > 0:
        literals = np.zeros(64, np.int64)
        assert scan_records(data, 44, 34, -1, found, False, literals) == (found, 0)


@pytest.mark.parametrize("cell", [b'"a b"', b'"a""b"', b'"a\nb"', b'""'])
@pytest.mark.parametrize("width", range(20, 70))
def test_plain_quotes_are_cut_at_the_last_record(cell: bytes, width: int) -> None:
    row = cell + b"," + b"x" * width + b"," + cell + b"\n"
    data = np.frombuffer(row * 9, np.uint8)
    found = plain_end(data, np.uint8(44), np.uint8(34), len(data) - 1)
    assert found % len(row) == 0 and len(data) - 64 - 2 * len(row) < found < len(data)


def test_a_quote_that_stays_open_is_left_to_the_general_scan() -> None:
    data = np.frombuffer(b'a,"b\n' + b"c,d\n" * 300, np.uint8)
    assert plain_end(data, np.uint8(44), np.uint8(34), len(data) - 1) == -1
