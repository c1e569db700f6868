from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.ingest import FileSource, open_source, streams
from scanner.ingest.interface import Cells, done
from scanner.ingest.readers.blocks import Buffers, Cutter
from scanner.ingest.readers.delimited import DelimitedReader
from scanner.ingest.sniff import (
    _Lines,
    _odd_lines,
    _records,
    alike,
    blank_line,
    encoding_of,
    kind_of,
    lenient_fields,
    split_record,
    table_of,
)
from scanner.ingest.sources import BytesSource, StdinSource
from scanner.options import ScanOptions
from scanner.terms import Format, ProblemCode, Status


def values(column: Any) -> list[bytes]:
    if isinstance(column, Cells):
        return [bytes(column.data[a:b]) for a, b in zip(column.starts, column.stops, strict=True)]
    return list(column.to_pylist())


def read(data: bytes, name: str = "a.csv", shard: int = 8 << 20):
    (stream,) = open_source(BytesSource(data, name), ScanOptions(shard_bytes=shard))
    rows, loose = [], []
    count = bad = 0
    for part in stream.parts:
        chunk = part.read()
        count, bad = count + chunk.rows, bad + chunk.bad_rows
        loose += [(piece.place, piece.text) for piece in chunk.loose]
        rows += list(zip(*map(values, chunk.columns), strict=True))
    return stream, stream.tail(), rows, count, bad, loose


CASES = {
    "header": (b"name,number\nAli,03001234567\nSana,03011234567\n", ("name", "number"), 2),
    "no header": (b"Ali,03001234567\nSana,03011234567\n", (None, None), 2),
    "trailing delimiter": (b"a;b;\n1;2;\n3;4;\n", ("a", "b"), 2),
    "old mac": (b"a,b\r1,2\r3,4\r", ("a", "b"), 2),
    "one column": (b"03001234567\n03011234567\n", (None,), 2),
    "header only": (b"name,number\n", ("name", "number"), 0),
    "preamble": (b"Report\nRef: 7\n\na|b|c\n1|2|3\n4|5|6\n7|8|9\n", ("a", "b", "c"), 3),
    "colon": (b"Ali Khan:03001234567:3520212345671\nSana Raza:03011234567:3520212345673\n", (None,) * 3, 2),
    "tab": (b"a\tb\n1\t2\n", ("a", "b"), 1),
    "titles filled up": (
        b"Telecom,,,\nSubscriber list,,,\n,,,\nnumber,name,city,age\n"
        + b"".join(b"0300123456%d,Ali,Lahore,%d\n" % (i, i) for i in range(9)),
        ("number", "name", "city", "age"), 9,
    ),
    "hashes": (b"name#number#city\nAli#03001234567#Lahore\nSana#03011234567#\n", ("name", "number", "city"), 2),
    "stars": (b"Ali*03001234567*Lahore\nSana*03011234567*Multan\nHina*03021234567*\n", (None,) * 3, 3),
    "masked numbers": (b"0300*****67\n0301*****11\n0302*****12\n", (None,), 3),
    "fields in a comment": (
        b"#Version: 1.0\n#Fields: date time c-ip cs-method\n"
        + b"".join(b"2024-03-0%d 10:00:00 39.32.1.%d GET\n" % (i, i) for i in range(1, 9)),
        ("date", "time", "c-ip", "cs-method"), 8,
    ),
    "a scheme before each number": (
        b"Contact,Name\ntel:+923001234567,Ali\ntel:+923011234567,Sana\n", ("Contact", "Name"), 2,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_table_when_read_then_columns_and_rows(case: str) -> None:
    data, names, rows = CASES[case]
    stream, tail, _, count, bad, _ = read(data, "x.txt")
    assert stream.head.format is Format.CSV
    assert (stream.head.columns, count, bad, tail.status) == (names, rows, 0, Status.COMPLETE)


@given(
    st.lists(st.text('ab,;" ', max_size=6), max_size=12),
    st.sampled_from(["\n", "\n", "\r\n", "\r", "\n\n"]),
    st.booleans(),
    st.booleans(),
)
def test_records_of_a_text_are_those_of_its_lines_where_it_has_no_quotes(
    lines: list[str], end: str, ended: bool, final: bool
) -> None:
    data = (end.join(lines) + (end if ended else "")).encode()
    asked = _Lines(data, final)
    for delimiter in (b",", b";", b" "):
        records = _records(data, delimiter, b'"', False, final)
        assert asked.widths(delimiter, b'"', False) == [len(one.fields) for one in records]
        assert asked.records(delimiter, b'"', False) == records


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1256"])
def test_encoding_when_not_plain_then_cells_are_utf8(encoding: str) -> None:
    text = "name,number\n" + "علی خان لاہور,03001234567\n".replace("ہ", "ه").replace("ی", "ي") * 30
    _, _, rows, count, _, _ = read(text.encode(encoding))
    assert count == 30
    assert rows[0][0].decode() == text.splitlines()[1].split(",")[0]


def test_open_quote_when_never_closed_then_nothing_is_lost() -> None:
    lines = [b"name,number"] + [b"x,0300%07d" % i for i in range(500)]
    lines[200] = b'"x,03009999999'
    _, _, rows, count, _, _ = read(b"\n".join(lines) + b"\n")
    assert count == 500
    assert any(row[1] == b"03009999999" for row in rows)


RAGGED = {
    "a delimiter within a cell": (b"03001111111,Ali,12, Street 4,55", (b"03001111111", b"Ali", b"12, Street 4", b"55")),
    "an empty field too many": (b"03001111111,,Ali,Street 4,55", (b"03001111111", b"Ali", b"Street 4", b"55")),
    "a field missing": (b"03001111111,Street 4,55", (b"03001111111", b"", b"Street 4", b"55")),
    "cut off": (b"03001111111,Ali", (b"03001111111", b"Ali", b"", b"")),
    "another delimiter": (b"03001111111;Ali;Street 4;55", (b"03001111111", b"Ali", b"Street 4", b"55")),
    "a quote that opens nothing": (b'03001111111,"Ali,"Street 4",55', (b"03001111111", b'"Ali', b"Street 4", b"55")),
}


@pytest.mark.parametrize("case", RAGGED)
def test_ragged_row_when_it_can_be_told_then_its_cells_are_in_their_columns(case: str) -> None:
    line, cells = RAGGED[case]
    good = b"".join(b"0300%07d,Name,Street %d B,%d\n" % (i, i, i) for i in range(20))
    _, tail, rows, count, bad, loose = read(b"number,name,address,age\n" + good + line + b"\n" + good)
    assert (count, bad, loose, tail.status) == (41, 1, [], Status.COMPLETE)
    assert cells in rows


def test_row_when_it_fits_nowhere_then_its_text_is_loose() -> None:
    data = b"number,n,age\n" + b"03001234567,A,2\n" * 20 + b"so it ended\n# by hand\n" + b"03001234567,A,2\n" * 5
    _, _, _, count, bad, loose = read(data + b"Total: 25\n")
    assert (count, bad) == (26, 1)
    assert loose == [("bad_row", b"so it ended"), ("comment", b"# by hand"), ("footer", b"Total: 25")]


LONG = {
    "||": (b"a||b||c\n1||x||2\n3||||4\n5||y|z||6\n", [b"x", b"", b"y|z"]),
    "~|~": (b"a~|~b~|~c\n1~|~x~|~2\n3~|~~|~4\n", [b"x", b""]),
    "¦": ("a¦b¦c\n1¦x¦2\n3¦¦4\n".encode(), [b"x", b""]),
    "separators of ASCII": (b"a\x1fb\x1fc\x1e1\x1fx\x1f2\x1e3\x1f\x1f4\x1e", [b"x", b""]),
    "::": (b"a::b::c\n1::x::2\n3::q:r::4\n", [b"x", b"q:r"]),
    ", ": (b'a, b, c\n1, "x, y", 2\n3, z, 4\n5, "q, ""r""", 6\n', [b"x, y", b"z", b'q, "r"']),
}


@pytest.mark.parametrize("mark", LONG)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_delimiter_when_longer_than_a_byte_then_it_is_found(mark: str, encoding: str) -> None:
    data, middle = LONG[mark]
    stream, tail, rows, count, bad, _ = read(data.decode().encode(encoding))
    assert stream.head.columns == ("a", "b", "c")
    assert [row[1] for row in rows] == middle
    assert (count, bad, tail.status) == (len(middle), 0, Status.COMPLETE)
    assert tail.bytes_read == len(data.decode().encode(encoding))


def sections(data: bytes, name: str = "x.csv") -> list[tuple[str, tuple[str | None, ...], int]]:
    out = []
    for stream in open_source(BytesSource(data, name), ScanOptions()):
        out.append((stream.head.path, stream.head.columns, sum(part.read().rows for part in stream.parts)))
        assert stream.tail().status is Status.COMPLETE
    return out


PEOPLE = b"MOBILE,NAME,CNIC\n" + b"".join(b"0300123%04d,Ali Khan,35202-123%04d-1\n" % (i, i) for i in range(9))
CALLS = b"CALLER,CALLED,START,SECONDS\n" + b"".join(b"0300123%04d,0301,2024-01-01,%d\n" % (i, i) for i in range(9))
TWO = [("x.csv!table 1", ("MOBILE", "NAME", "CNIC"), 9), ("x.csv!table 2", ("CALLER", "CALLED", "START", "SECONDS"), 9)]


@pytest.mark.parametrize(
    "data",
    [
        PEOPLE + b"\n" + CALLS,
        PEOPLE + CALLS,
        PEOPLE + b"\n\nCalls of the month\n" + CALLS,
        PEOPLE + b",,,\n" + CALLS.replace(b",", b";"),
    ],
    ids=["blank line", "nothing between", "title between", "another delimiter"],
)
def test_tables_when_there_are_two_then_each_is_an_artifact(data: bytes) -> None:
    assert sections(data) == TWO


@pytest.mark.parametrize(
    "data", [PEOPLE + b"\n" + PEOPLE, PEOPLE.replace(b"-1\n", b"-1\n\n"), PEOPLE + b"\nnote, one, two\n"]
)
def test_table_when_it_goes_on_after_a_gap_then_it_is_one(data: bytes) -> None:
    assert [names for _, names, _ in sections(data)] == [("MOBILE", "NAME", "CNIC")]


SIDEWAYS = (
    b'name,Ali,"Khan, Sana"\nmobile,03001234567,03011234568\ncnic,35202-1234567-1,35202-1234567-2\ncity,Lahore,\n'
)


@pytest.mark.parametrize("above", [b"", b"Field,First,Second\n", b"People\n\n"])
def test_records_when_one_a_column_then_they_are_rows(above: bytes) -> None:
    stream, tail, rows, count, bad, _ = read(above + SIDEWAYS)
    assert stream.head.columns[-4:] == ("name", "mobile", "cnic", "city")
    assert [row[-4:] for row in rows] == [
        (b"Ali", b"03001234567", b"35202-1234567-1", b"Lahore"),
        (b"Khan, Sana", b"03011234568", b"35202-1234567-2", b""),
    ]
    assert (count, bad, tail.status, tail.bytes_read) == (2, 0, Status.COMPLETE, len(above + SIDEWAYS))


@pytest.mark.parametrize(
    "data",
    [
        b"city,calls,sms\nLahore,10,20\nMultan,30,40\nSukkur,50,60\n",
        b"Lahore,10,20\nMultan,30,40\nSukkur,50,60\n",
        b"Ali,03001234567,Lahore\nSana,03011234568,Multan\nHina,03021234568,Multan\n",
        b"name,mobile,city\nAli,03001234567,Lahore\nSana,03011234568,Multan\nHina,03021234568,Multan\n",
    ],
)
def test_rows_when_they_are_records_then_they_stay(data: bytes) -> None:
    stream, _, _, count, _, _ = read(data)
    assert (count, stream.head.detail) == (3, stream.head.detail.replace("a record a column", ""))


def test_header_when_repeated_then_left_out() -> None:
    data = b"a,b\n1,2\n3,4\na,b\n5,6\n7,8\n"
    _, _, rows, count, _, _ = read(data)
    assert count == 4
    assert (b"a", b"b") not in rows


@pytest.mark.parametrize(
    "text",
    [
        b"The river rose, they say, in spring.\nNobody saw it, ever.\nThe end, at last.\n",
        b"Name: Ali\nCNIC: 35202-1234567-1\nPhone: 03001234567\n",
        b"import re\n\ndef f(a, b):\n    return a\n",
        b"* call *Ali* on Monday\n* call *Sana* again\n* then *rest* a bit\n",
    ],
)
def test_prose_when_read_then_lines(text: bytes) -> None:
    stream, tail, _, count, _, _ = read(text, "x.txt")
    assert stream.head.format is Format.TEXT
    assert stream.head.lines
    assert count == sum(bool(line.strip()) for line in text.split(b"\n"))
    assert tail.size_bytes == len(text)


def test_invalid_utf8_when_within_table_then_problem_and_complete() -> None:
    stream, tail, _, count, _, _ = read("name,n\nعلی,1\nعلی,2\n".encode() + b"\xff\xfe,3\n")
    assert (count, tail.status, stream.head.encoding) == (3, Status.COMPLETE, "utf-8")


cell = st.text(st.sampled_from("ab1\",;\n\r' \\é"), max_size=6)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(cell, min_size=3, max_size=3), min_size=1, max_size=40), st.integers(1, 200))
def test_cutter_when_blocks_differ_then_records_are_the_same(rows: list[list[str]], size: int) -> None:
    data = "".join(",".join('"' + c.replace('"', '""') + '"' for c in row) + "\n" for row in rows).encode()
    cutter = Cutter(b",", b'"', False, b"\n", 0)
    whole, _ = cutter.cut(data, True)
    assert whole == len(data)
    carry, out = b"", []
    for at in range(0, len(data), size):
        carry += data[at : at + size]
        end, literals = cutter.cut(carry, at + size >= len(data))
        assert not literals
        out.append(carry[:end])
        carry = carry[end:]
    assert b"".join(out) + carry == data
    ends = {len("".join(",".join('"' + c.replace('"', '""') + '"' for c in row) + "\n" for row in rows[:i]).encode())
            for i in range(len(rows) + 1)}  # fmt: skip
    at = 0
    for block in out:
        at += len(block)
        assert at in ends


def test_shards_when_size_differs_then_same_rows() -> None:
    data = b"id,text,n\n" + b"".join(
        b'%d,"line\nwith ""quotes"" %d",0300%07d\n' % (i, i, i) if i % 7 else b"%d,bad,row,here\n" % i
        for i in range(3000)
    )
    small, large = read(data, shard=4096), read(data)
    assert small[2:] == large[2:]
    assert small[3] == 3000


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400))
def test_reader_when_given_any_bytes_then_never_raises(data: bytes) -> None:
    for stream in open_source(BytesSource(data, "x"), ScanOptions()):
        for part in stream.parts:
            part.read()
        assert stream.tail().status in Status


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200))
def test_sniff_when_given_any_text_then_never_raises(text: str) -> None:
    encoding_of(text.encode())
    table_of(text.encode(), True)


def test_streams_when_tree_is_odd_then_each_oddity_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"a,b\n1,2\n")
    (tmp_path / "void").mkdir()
    (tmp_path / "zero.csv").touch()
    (tmp_path / "gone").symlink_to("nowhere")
    (tmp_path / "again").symlink_to("a.csv")
    (tmp_path / "loop").symlink_to(".")
    os.mkfifo(tmp_path / "pipe")
    found = {}
    for stream in streams([str(tmp_path), str(tmp_path / "missing")], ScanOptions()):
        list(stream.parts)
        tail = stream.tail()
        found[stream.head.path.rsplit("/", 1)[1]] = (tail.status, *(p.code for p in tail.problems))
    assert found == {
        "a.csv": (Status.COMPLETE,),
        "void": (Status.SKIPPED, ProblemCode.NO_FILES),
        "zero.csv": (Status.COMPLETE, ProblemCode.EMPTY),
        "gone": (Status.SKIPPED, ProblemCode.LINK_LOOP),
        "loop": (Status.SKIPPED, ProblemCode.LINK_LOOP),
        "pipe": (Status.SKIPPED, ProblemCode.NOT_A_FILE),
        "missing": (Status.UNREADABLE, ProblemCode.MISSING),
    }


def test_stdin_when_read_twice_then_same_bytes() -> None:
    source = StdinSource(10, io.BytesIO(b"x" * 5000))
    assert source.head() == b"x" * 5000
    assert source.stream().read() == source.seekable().read() == b"x" * 5000


def test_binary_when_text_is_inside_then_it_is_searched() -> None:
    data = bytes(range(256)) * 4 + b"number 03001234567" + b"\x00\x01" * 40 + "wide 03011234567".encode("utf-16-le")
    stream, _, rows, _, _, _ = read(data + bytes(64), "x.bin")
    assert stream.head.format is Format.BINARY
    assert {(b"number 03001234567",), (b"wide 03011234567",)} <= {(row[0].strip(),) for row in rows}


LINES = st.text(st.sampled_from("ab,,;'\"\n\n\r \t"), max_size=40).map(str.encode)


@given(LINES, st.sampled_from([b'"', b"'"]), st.booleans())
@settings(max_examples=300, deadline=None)
def test_records_without_quotes_are_cut_as_those_with_quotes(data: bytes, quote: bytes, final: bool) -> None:
    want, at = [], 0
    while at < len(data):
        fields, after = split_record(data, at, b",", quote)
        line = data[at:after].rstrip(b"\r\n")
        if after >= len(data) and not final and want:
            break
        if quote in line and b"\n" not in line and b"\r" not in line:
            fields = lenient_fields(line, b",", quote)
        want += [(fields, at, min(after, len(data)))] if fields != [b""] else []
        at = after
    assert [(one.fields, one.begin, one.end) for one in _records(data, b",", quote, False, final)] == want


@given(LINES)
@settings(max_examples=200, deadline=None)
def test_odd_lines_are_blank_or_of_another_width(data: bytes) -> None:
    table = table_of(b"a,b\n1,2\n3,4\n", True)
    assert table is not None
    lines = data.split(b"\n")
    odd = _odd_lines(data, np.cumsum([0, *(len(line) + 1 for line in lines)]), table)
    want = [at for at, line in enumerate(lines) if blank_line(line) or line.count(b",") != 1]
    assert odd.tolist() == want


def test_buffers_given_back_are_filled_again_unless_looked_into() -> None:
    buffers = Buffers()
    first = buffers.take(100)
    first[:3] = b"abc"
    del first[60:]
    buffers.give(first)
    again = buffers.take(90)
    assert again is first and len(again) == 90
    with memoryview(again):
        buffers.give(again)
        assert buffers.take(80) is not again
    buffers.give(b"no buffer")
    assert buffers.take(7) is not again


def test_rows_are_the_same_when_parts_give_their_buffers_back(tmp_path: Path) -> None:
    file = tmp_path / "calls.csv"
    file.write_bytes(b"number,note\n" + b"".join(b'03001%06d,"note, %d"\n' % (n, n) for n in range(60_000)))
    (stream,) = DelimitedReader().read(FileSource(file, "calls.csv"), ScanOptions(shard_bytes=1 << 17))
    cells: list[bytes] = []
    for part in stream.parts:
        chunk = part.read()
        cells += [bytes(one.data[a:b]) for one in chunk.columns[:1] for a, b in zip(one.starts, one.stops, strict=True)]
        del chunk
        done(part)
    assert cells == [b"03001%06d" % n for n in range(60_000)]


@given(st.lists(st.text("019 aZ@.-'\"=\t\n\0,()*١#_", max_size=5).map(str.encode), min_size=1, max_size=3))
def test_kind_of_a_column_at_a_glance_is_that_of_each_cell(cells: list[bytes]) -> None:
    kind = alike(cells)
    assert not kind or {kind_of(cell) for cell in cells} == {kind}


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        ([b"03001234567", b"+92 300 1234567"], "n"),
        ([b"2024-01-01 00:00:00"], "n"),
        ([b"Incoming SMS", b"Outgoing"], "w"),
        ([b"12", b"-"], ""),
        ([b"12", b""], ""),
        ([b"a", b"1"], ""),
        ([b"1\x002"], ""),
        ([], ""),
    ],
)
def test_kind_of_a_column_is_told_at_a_glance(cells: list[bytes], kind: str) -> None:
    assert alike(cells) == kind
