"""Text of mainframes: found by its bytes, decoded, cut into records and read as other text is."""

from __future__ import annotations

import gzip
import hashlib
import math
import random
import re
import shutil
import struct
import subprocess
import zlib
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.ingest import ebcdic, open_source, readers
from scanner.ingest.ebcdic import Decoder, Framing, Layout, layout_of
from scanner.ingest.interface import Cells, Stream
from scanner.ingest.sources import BytesSource
from scanner.options import ScanOptions
from scanner.terms import Format, ProblemCode, Status
from tests.ingest import made

NAMES = ("MSISDN", "CNIC", "NAME")
CHOOSE = random.Random(7)
FIRST, LAST = ("ALI", "HINA", "SANA", "BILAL", "USMAN", "AYESHA"), (" KHAN", " MALIK", "", " BUTT", " QURESHI")
ROWS = [
    (
        f"92300{CHOOSE.randrange(10**7):07d}",
        f"35202{CHOOSE.randrange(10**8):08d}",
        CHOOSE.choice(FIRST) + CHOOSE.choice(LAST),
    )
    for _ in range(60)
]
COMMAS = [",".join(row) for row in (NAMES, *ROWS)]
PIPES = [line.replace(",", "|") for line in COMMAS]
PLACED = [f"{a:14}{b:15}{c:20}" for a, b, c in ROWS]
JSON = "[" + ",".join(f'{{"MSISDN":"{a}","CNIC":"{b}","NAME":"{c}"}}' for a, b, c in ROWS) + "]"


def written(lines: Iterable[str], page: str = "cp037", end: bytes = b"\x15") -> bytes:
    table = {character: place for place, character in list(enumerate(ebcdic.characters(page)))[:0x3F:-1]}
    return b"".join(bytes(table[one] for one in line) + end for line in lines)


def variable(records: Iterable[bytes]) -> bytes:
    return b"".join(struct.pack(">HH", len(one) + 4, 0) + one for one in records)


def blocked(records: list[bytes], each: int = 7) -> bytes:
    blocks = [variable(records[at : at + each]) for at in range(0, len(records), each)]
    return b"".join(struct.pack(">HH", len(one) + 4, 0) + one for one in blocks)


def opened(data: bytes, name: str = "x.dat", shard: int = 1 << 20) -> tuple[Stream, dict[str | None, list[str]]]:
    (stream,) = open_source(BytesSource(data, name), ScanOptions(shard_bytes=shard))
    columns: dict[str | None, list[str]] = {}
    for part in stream.parts:
        chunk = part.read()
        for place, column in enumerate(chunk.columns):
            name_of = (chunk.names or stream.head.columns)[place] if chunk.names or stream.head.columns else None
            cells = (
                [bytes(column.data[a:b]) for a, b in zip(column.starts, column.stops, strict=True)]
                if isinstance(column, Cells)
                else column.to_pylist()
            )
            columns.setdefault(name_of, []).extend(cell.decode() if isinstance(cell, bytes) else cell for cell in cells)
    return stream, columns


EXPECTED = dict(zip(NAMES, map(list, zip(*ROWS, strict=True)), strict=True))
TABLES = {
    "NEL": (written(COMMAS), "cp037", Format.CSV),
    "line feeds": (written(COMMAS, end=b"\x25"), "cp037", Format.CSV),
    "carriage returns and line feeds": (written(COMMAS, end=b"\x0d\x25"), "cp037", Format.CSV),
    "carriage returns and NEL": (written(COMMAS, end=b"\x0d\x15"), "cp037", Format.CSV),
    "bars of 37": (written(PIPES), "cp037", Format.CSV),
    "bars of 500": (written(PIPES, "cp500"), "cp500", Format.CSV),
    "brackets of 37": (written([JSON], end=b""), "cp037", Format.JSON),
    "brackets of 500": (written([JSON], "cp500", b""), "cp500", Format.JSON),
    "brackets of 1047": (written([JSON], "cp1047", b""), "cp1047", Format.JSON),
    "lengths before records": (variable(written([line], end=b"") for line in PIPES), "cp037", Format.CSV),
    "records in blocks": (blocked([written([line], end=b"") for line in PIPES]), "cp037", Format.CSV),
    "gzip": (gzip.compress(written(COMMAS), mtime=0), "cp037", Format.CSV),
}


@pytest.mark.parametrize("case", TABLES)
@pytest.mark.parametrize("shard", [1 << 20, 4096])
def test_tables_are_read_as_other_text_is(case: str, shard: int) -> None:
    data, page, form = TABLES[case]
    stream, columns = opened(data, shard=shard)
    tail = stream.tail()
    assert (stream.head.format, stream.head.encoding) == (form, page)
    assert columns == EXPECTED
    assert (tail.status, tail.problems) == (Status.COMPLETE, ())
    assert tail.sha256 == hashlib.sha256(data).hexdigest()
    assert tail.size_bytes == len(data)


@pytest.mark.parametrize(
    ("line", "page"),
    [
        ("€ 1250.00 PAID BY 923001234567", "cp1140"),
        ("€ 1250.00!PAID [BY] 923001234567", "cp1148"),
        ("محمد خان,923001234567,CALL NOW", "cp420"),
    ],
)
def test_a_code_page_is_told_by_the_signs_that_it_has_elsewhere(line: str, page: str) -> None:
    stream, columns = opened(written([line] * 9, page))
    assert stream.head.encoding == page
    assert set(re.split("[ ,!]", line)) <= {
        word for cells in columns.values() for cell in cells for word in re.split("[ ,!]", cell)
    }


@pytest.mark.skipif(shutil.which("iconv") is None, reason="no iconv to compare with")
@pytest.mark.parametrize("page", ["cp037", "cp500", "cp1047", "cp1140", "cp1148", "cp420"])
def test_code_pages_are_those_of_the_system(page: str) -> None:
    import unicodedata

    texts = ebcdic.characters(page)
    for place in range(0x40, 0xFF):
        ran = subprocess.run(
            ["iconv", "-f", page.replace("cp", "IBM"), "-t", "UTF-8"], input=bytes([place]), capture_output=True
        )
        if ran.returncode == 0:
            theirs = unicodedata.normalize("NFKC", ran.stdout.decode()).replace("ـّ", "ّ")
            ours = unicodedata.normalize("NFKC", texts[place])
            assert ours == (theirs if page == "cp420" else unicodedata.normalize("NFKC", ran.stdout.decode()))


def test_records_of_a_fixed_length_are_found_by_their_period() -> None:
    data = written(PLACED, end=b"")
    stream, columns = opened(data)
    assert stream.head.detail.endswith("records of 49 bytes")
    assert stream.tail().status is Status.COMPLETE
    held = "\n".join(cell for cells in columns.values() for cell in cells)
    assert all(cell in held for row in ROWS for cell in row)


def test_a_record_that_is_cut_is_searched_and_told() -> None:
    stream, columns = opened(written(PLACED, end=b"")[:-30] + b"\xf9" * 5)
    tail = stream.tail()
    assert tail.status is Status.PARTIAL
    assert [(one.code, one.row) for one in tail.problems] == [(ProblemCode.TRUNCATED, len(ROWS))]
    assert "99999" in str(columns)


def test_text_without_records_is_searched_and_said_to_be() -> None:
    choose = random.Random(1)
    words = [f"{choose.choice(['CALL', 'THE NUMBER  IS', 'OK, SEND  TO'])} {row[0]} " for row in ROWS]
    stream, columns = opened(written(words, end=b""))
    tail = stream.tail()
    assert (stream.head.format, stream.head.encoding, tail.status) == (Format.TEXT, "cp037", Status.COMPLETE)
    assert [one.code for one in tail.problems] == [ProblemCode.NOT_A_TABLE]
    assert all(row[0] in str(columns) for row in ROWS)


def packed(number: str, width: int) -> bytes:
    return bytes.fromhex(number.zfill(2 * width - 1) + "C")


def test_packed_decimals_are_digits() -> None:
    records = [packed(a, 7) + written([f"{c:20}"], end=b"") + packed(b, 7) + b"\x40\x40" for a, b, c in ROWS]
    trailer = written([f"{'TRAILER FOR 923009999999':36}"], end=b"")
    stream, columns = opened(b"".join(records) + trailer)
    assert "2 packed fields" in stream.head.detail
    assert stream.tail().status is Status.COMPLETE
    held = str(columns)
    assert all(cell in held for row in ROWS for cell in row)
    assert "TRAILER" in held


@pytest.mark.parametrize(
    ("number", "width", "text"),
    [("3520212345671", 8, "3520212345671"), ("03001234567", 6, "03001234567"), ("0", 3, "0"), ("7", 1, "7")],
)
def test_zeros_that_fill_a_packed_field_are_blank(number: str, width: int, text: str) -> None:
    decoder = Decoder(Layout("cp037", Framing.FIXED, width, ((0, width),)))
    assert decoder.feed(packed(number, width), True).decode().split() == [text]


def test_numbers_in_binary_are_told() -> None:
    records = [written([f"{a:14}{c:20}"], end=b"") + struct.pack(">I", n) for n, (a, _, c) in enumerate(ROWS)]
    stream, columns = opened(b"".join(records))
    tail = stream.tail()
    assert tail.status is Status.PARTIAL
    assert [one.code for one in tail.problems] == [ProblemCode.UNSUPPORTED]
    assert all(a in str(columns) for a, _, _ in ROWS)


def test_a_broken_chain_of_lengths_is_told_and_the_rest_searched() -> None:
    whole = variable(written([line], end=b"") for line in PIPES * 200)
    data = whole + b"\0\1\0\0" + written(["AND 923451234567"])
    stream, columns = opened(data)
    tail = stream.tail()
    assert (tail.status, tail.bytes_read) == (Status.PARTIAL, len(data))
    assert [(one.code, one.row) for one in tail.problems] == [(ProblemCode.CORRUPT, len(PIPES) * 200 + 1)]
    cells = [cell for one in columns.values() for cell in one]
    assert cells.count(ROWS[0][0]) == 200


LINES = st.lists(st.text("ABC xyz0123456789,.|-", min_size=1, max_size=40), min_size=1, max_size=20)


@given(LINES, st.sampled_from([Framing.VARIABLE, Framing.BLOCKED, Framing.FIXED]), st.integers(1, 50))
def test_records_do_not_depend_on_where_pieces_end(lines: list[str], framing: Framing, step: int) -> None:
    if framing is Framing.FIXED:
        lines = [line.ljust(40) for line in lines]
    records = [written([line], end=b"") for line in lines]
    data = {Framing.VARIABLE: variable, Framing.BLOCKED: blocked, Framing.FIXED: b"".join}[framing](records)
    decoder, out = Decoder(Layout("cp037", framing, 40)), b""
    for at in range(0, len(data), step):
        out += decoder.feed(data[at : at + step], at + step >= len(data))
    assert out.decode() == "".join(line + "\n" for line in lines)
    assert decoder.fault is None


@given(st.binary(max_size=400), st.sampled_from(list(Framing)), st.integers(1, 50))
def test_no_bytes_are_refused(data: bytes, framing: Framing, step: int) -> None:
    decoder = Decoder(Layout("cp420", framing, 11, ((2, 5),) if framing is Framing.FIXED else ()))
    for at in range(0, len(data), step):
        decoder.feed(data[at : at + step], at + step >= len(data)).decode()


def test_what_may_ask_the_reader_counts_the_bytes_that_it_knows() -> None:
    known = ebcdic._IS_DIGIT | ebcdic._IS_LETTER
    assert {place for place in range(256) if known[place]} | {0, 0x40} == set(readers._COMMON)


URDU = "محمد علی خان کا نمبر ہے اور پتہ لاہور میں\n".replace("ی", "ي").replace("ک", "ك").replace("ہ", "ه")
RUSSIAN, GREEK, FRENCH = "Звоните по номеру\n", "Καλέστε τον αριθμό\n", "été où l’élève naïf\n"
CHINESE, THAI, HEBREW = "请拨打电话号码我们在这里\n", "โทรหมายเลขนี้\n", "התקשר למספר הזה\n"
OTHERS = [
    (URDU, "utf-8 utf-16-le utf-16-be utf-32-le cp1256 iso8859-6 cp720 cp864"),
    (RUSSIAN, "utf-8 koi8-r cp1251 iso8859-5 cp866 utf-16-be"),
    (GREEK, "cp1253 iso8859-7 cp737"),
    (FRENCH.replace("’", "'"), "cp1252 iso8859-1 iso8859-15 cp850 mac-roman"),
    (CHINESE, "utf-8 gb18030 big5hkscs utf-16-be shift_jis euc_jp"),
    (THAI, "cp874 utf-8"),
    (HEBREW, "cp1255 cp862"),
]


@pytest.mark.parametrize(("text", "encodings"), OTHERS, ids=[one[0][:8] for one in OTHERS])
def test_text_in_other_encodings_is_none(text: str, encodings: str) -> None:
    for encoding in encodings.split():
        for sample in (text, text.replace(" ", ""), text.strip().replace(" ", ""), text + "0300-1234567, 42101\n"):
            for times in (1, 3, 300):
                assert layout_of((sample * times).encode(encoding, "replace")) is None, encoding


def _wave(count: int, low: float, high: float, period: float) -> bytes:
    middle, swing = (low + high) / 2, (high - low) / 2
    return bytes(int(middle + swing * math.sin(at / period)) for at in range(count))


def test_bytes_that_are_no_text_are_none() -> None:
    noise = random.Random(3)
    plain = "\n".join(COMMAS).encode()
    for data in (
        noise.randbytes(4000),
        zlib.compress(plain, 9),
        bytes(range(256)) * 20,
        bytes(range(0x40, 0xFA)) * 20,
        _wave(4000, 0x41, 0xF8, 40),
        _wave(4000, 0xC0, 0xF9, 9),
        bytes(noise.choices(range(0xC0, 0xFF), k=4000)),
        bytes(noise.choices(range(0x40, 0xFA), k=4000)),
        b"\xf0" * 4000,
        b"\xf0\xf1" * 2000,
        bytes(4000),
        b"\xff" * 4000,
        struct.pack("<500d", *(noise.random() for _ in range(500))),
        struct.pack(">900I", *(noise.randrange(10**6) for _ in range(900))),
        b"".join(packed(a, 7) for a, _, _ in ROWS),
        made.dbf([("MOBILE", "C", 11), ("AGE", "N", 3)], [[b"03001234567", b" 41"]] * 9),
    ):
        assert layout_of(data) is None


@given(st.binary(max_size=300))
def test_chance_makes_no_mainframe(data: bytes) -> None:
    assert layout_of(data) is None
