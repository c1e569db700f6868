"""Tables and records in plain text, as clients, switches, phones and old reports write them."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.ingest import open_source
from scanner.ingest.readers.keyed import KeyedReader
from scanner.ingest.readers.ruled import RuledReader
from scanner.ingest.sources import BytesSource
from scanner.options import ScanOptions
from scanner.terms import Format, ProblemCode, Status


def read(data: bytes, shard: int = 8 << 20) -> tuple[dict[str | None, list[str]], int, int, list[str]]:
    (stream,) = open_source(BytesSource(data, "x.txt"), ScanOptions(shard_bytes=shard))
    assert stream.head.format is Format.TEXT and not stream.head.lines
    columns: dict[str | None, list[str]] = {}
    rows = bad = 0
    loose: list[str] = []
    for part in stream.parts:
        chunk = part.read()
        rows, bad = rows + chunk.rows, bad + chunk.bad_rows
        loose += [piece.text.decode() for piece in chunk.loose]
        for name, cells in zip(chunk.names or stream.head.columns, chunk.columns, strict=True):
            columns.setdefault(name, []).extend(cells.to_pylist())
    tail = stream.tail()
    assert (tail.status, tail.bytes_read) == (Status.COMPLETE, len(data))
    return columns, rows, bad, loose


EXPECTED = {"msisdn": ["03001234567", "03011234568"], "name": ["Ali Khan", "Sana"]}
TABLES = {
    "mysql": (
        "+-------------+----------+\n| msisdn      | name     |\n+-------------+----------+\n"
        "| 03001234567 | Ali Khan |\n| 03011234568 | Sana     |\n+-------------+----------+\n"
        "2 rows in set (0.00 sec)\n",
        EXPECTED, ["2 rows in set (0.00 sec)"],
    ),
    "psql": (
        "   msisdn    |   name   \n-------------+----------\n 03001234567 | Ali Khan\n 03011234568 | Sana\n(2 rows)\n",
        EXPECTED, ["(2 rows)"],
    ),
    "wiki": (
        "h2. List\n||msisdn||name||\n|03001234567|Ali Khan|\n|03011234568|Sana|\n", EXPECTED, ["h2. List"],
    ),
    "markdown": (
        "| msisdn | name |\n|:---|---|\n| 03001234567 | Ali Khan |\n| 03011234568 | Sana |\n", EXPECTED, [],
    ),
    "box": (
        "┌─────────────┬──────────┐\n│   msisdn    │   name   │\n├─────────────┼──────────┤\n"
        "│ 03001234567 │ Ali Khan │\n│ 03011234568 │ Sana     │\n└─────────────┴──────────┘\n",
        EXPECTED, [],
    ),
    "sqlcmd": (
        "msisdn      name                \n----------- --------------------\n03001234567 Ali Khan            \n"
        "03011234568 Sana                \n\n(2 rows affected)\n",
        EXPECTED, ["(2 rows affected)"],
    ),
    "sqlplus pages": (
        "SQL> select * from subs;\n\nMSISDN      NAME\n----------- --------\n03001234567 Ali Khan\n\n"
        "MSISDN      NAME\n----------- --------\n03011234568 Sana\n\n2 rows selected.\n",
        {"MSISDN": EXPECTED["msisdn"], "NAME": EXPECTED["name"]}, ["SQL> select * from subs;", "2 rows selected."],
    ),
    "fixed places": (
        "msisdn        name        joined\n" + "".join(
            f"0300123456{i}   Ali Khan    2024-01-0{i}\n" for i in range(1, 8)
        ),
        {"msisdn": [f"0300123456{i}" for i in range(1, 8)], "name": ["Ali Khan"] * 7,
         "joined": [f"2024-01-0{i}" for i in range(1, 8)]}, [],
    ),
    "fixed places of other scripts": (
        "نام           نمبر           تاریخ\n" + "".join(
            f"علی خان       0300123456{i}    2024-01-0{i}\n" for i in range(1, 8)
        ),
        {"نام": ["علی خان"] * 7, "نمبر": [f"0300123456{i}" for i in range(1, 8)],
         "تاریخ": [f"2024-01-0{i}" for i in range(1, 8)]}, [],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLES)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_text_table_gives_named_columns(case: str, newline: str) -> None:
    text, columns, loose = TABLES[case]
    got = read(text.replace("\n", newline).encode())
    assert got == (columns, len(next(iter(columns.values()))), 0, loose)


def test_line_with_other_cells_is_searched_and_counted() -> None:
    text = TABLES["mysql"][0].replace("| 03011234568 | Sana     |", "| 03011234568 | Sana | 0302 |")
    columns, rows, bad, loose = read(text.encode())
    assert (columns["msisdn"], rows, bad) == (["03001234567"], 2, 1)
    assert "| 03011234568 | Sana | 0302 |" in loose


RECORDS = {
    "reply": (
        "Dear Sir,\n\nMSISDN: 03001234567\nName: Ali Khan\nCNIC: 35202-1234567-1\n-----\n"
        "MSISDN: 03011234568\nName: Sana\nCNIC: 35202-1234567-2\n",
        {"MSISDN": ["03001234567", "03011234568"], "Name": ["Ali Khan", "Sana"],
         "CNIC": ["35202-1234567-1", "35202-1234567-2"]}, 2, ["Dear Sir,"],
    ),
    "dotted": (
        "Name....... Ali Khan\nNumber..... 03001234567\n\nName....... Sana\nNumber..... 03011234568\n",
        {"Name": ["Ali Khan", "Sana"], "Number": ["03001234567", "03011234568"]}, 2, [],
    ),
    "a field left out": (
        "Number: 03001234567\nName: A\nCity: Lahore\n\nNumber: 03011234568\nCity: Multan\n\n"
        "Number: 03021234569\nName: C\n",
        {"Number": ["03001234567", "03011234568", "03021234569"], "Name": ["A", "", "C"], "City": ["Lahore", "Multan"]},
        3, [],
    ),
    "psql expanded": (
        "-[ RECORD 1 ]-------\nmsisdn | 03001234567\nname   | Ali Khan\nnote   | a|b\n-[ RECORD 2 ]-------\n"
        "msisdn | 03011234568\nname   | \nnote   | first +\n       | second\n\n(2 rows)\n",
        {"msisdn": ["03001234567", "03011234568"], "name": ["Ali Khan", ""], "note": ["a|b", "first second"]}, 2,
        ["(2 rows)"],
    ),
    "psql expanded in lines": (
        "─[ RECORD 1 ]───────\nmsisdn │ 03001234567\nname   │ Ali\n─[ RECORD 2 ]───────\nmsisdn │ 03011234568\n"
        "name   │ Sana\n",
        {"msisdn": ["03001234567", "03011234568"], "name": ["Ali", "Sana"]}, 2, [],
    ),
    "pairs in lines": (
        "MSISDN=03001234567;NAME=Ali Khan;CITY=Lahore\nMSISDN=03011234568;NAME=Sana\nend of list\n"
        + "MSISDN=03021234569;NAME=C;CITY=\n" * 9,
        {"MSISDN": ["03001234567", "03011234568", *["03021234569"] * 9], "NAME": ["Ali Khan", "Sana", *["C"] * 9],
         "CITY": ["Lahore", "", *[""] * 9]}, 11, ["end of list"],
    ),
    "pairs with colons": (
        "MSISDN:03001234567|Name: Ali Khan\nMSISDN:03011234568|Name: Sana\nMSISDN:03021234569|Name: C: D\n",
        {"MSISDN": ["03001234567", "03011234568", "03021234569"], "Name": ["Ali Khan", "Sana", "C: D"]}, 3, [],
    ),
    "pairs of a log": (
        'at=10:00 to=03001234567 name="Ali Khan" ok=\nat=10:01 to=03011234568 name=Sana ok=1\n'
        "at=10:02 to=03021234569 name=C ok=0\n",
        {"at": ["10:00", "10:01", "10:02"], "to": ["03001234567", "03011234568", "03021234569"],
         "name": ["Ali Khan", "Sana", "C"], "ok": ["", "1", "0"]}, 3, [],
    ),
    "lines of a log with JSON": (
        '<134>Mar  1 10:00:00 host app: {"msisdn": "03001234567", "by": {"name": "Ali, Khan"}}\nrestarted\n'
        + '<134>Mar  1 10:00:01 host app: {"msisdn": "03011234568", "by": {"name": "Sana"}}\n' * 9,
        {"line": ["<134>Mar  1 10:00:00 host app:", *["<134>Mar  1 10:00:01 host app:"] * 9],
         "msisdn": ["03001234567", *["03011234568"] * 9], "by.name": ["Ali, Khan", *["Sana"] * 9]}, 10, ["restarted"],
    ),
    "calendar": (
        "BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VTIMEZONE\nTZID:Asia/Karachi\nEND:VTIMEZONE\nBEGIN:VEVENT\nUID:1\n"
        "SUMMARY:Call 0300-1234567\nATTENDEE;CN=Hina Khan:mailto:h@example.org\nBEGIN:VALARM\nTRIGGER:-PT5M\n"
        "END:VALARM\nEND:VEVENT\nBEGIN:VEVENT\nUID:2\nSUMMARY:b\nEND:VEVENT\nEND:VCALENDAR\n",
        {"UID": ["1", "2"], "SUMMARY": ["Call 0300-1234567", "b"], "ATTENDEE CN": ["Hina Khan"],
         "ATTENDEE": ["h@example.org"], "TRIGGER": ["-PT5M"]}, 2, ["VERSION:2.0", "Asia/Karachi"],
    ),
    "yaml under one key": (
        "subscribers:\n  - number: 03001234567\n    name: Ali\n    city: Lahore\n  - number: 03011234568\n"
        "    name: Sana\n    city: Multan\n",
        {"number": ["03001234567", "03011234568"], "name": ["Ali", "Sana"], "city": ["Lahore", "Multan"]}, 2,
        ["subscribers"],
    ),
    "vcard": (
        "BEGIN:VCARD\nVERSION:2.1\nN:Khan;Ali;;;\nTEL;CELL:0300-1234567\nTEL;HOME:042-35761234\n"
        "ADR;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:;;=\nLahore=2C Street\n"
        "PHOTO;ENCODING=BASE64;JPEG:/9j/4AAQ\n SkZJ\n"
        "END:VCARD\nBEGIN:VCARD\nVERSION:3.0\nFN:Sana\n  Raza\nitem1.TEL;type=CELL:+923011234568\nEND:VCARD\n",
        {"VERSION": ["2.1", "3.0"], "N": ["Khan Ali"], "TEL": ["0300-1234567", "+923011234568"],
         "TEL[]": ["042-35761234"],
         "ADR": ["Lahore, Street"], "FN": ["", "Sana Raza"]}, 2, [],
    ),
    "ldif": (
        "version: 1\n\ndn: uid=ali,dc=x\ncn: Ali Khan\nmobile: 0300\n 1234567\n\n"
        "dn: uid=sana,dc=x\ncn:: U2FuYQ==\nmobile: 0301\n",
        {"dn": ["uid=ali,dc=x", "uid=sana,dc=x"], "cn": ["Ali Khan", "Sana"], "mobile": ["03001234567", "0301"]}, 2,
        ["version: 1"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", RECORDS)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_keyed_lines_are_records(case: str, newline: str) -> None:
    text, columns, rows, loose = RECORDS[case]
    assert read(text.replace("\n", newline).encode()) == (columns, rows, 0, loose)


@pytest.mark.parametrize("kind", ["vcard", "reply", "ldif"])
def test_records_do_not_depend_on_the_size_of_blocks(kind: str) -> None:
    text = "\n\n".join([RECORDS[kind][0]] * 300).encode()
    small, large = read(text, 4096), read(text)
    assert {name: sorted(filter(None, cells)) for name, cells in small[0].items()} == {
        name: sorted(filter(None, cells)) for name, cells in large[0].items()
    }
    assert small[1:3] == large[1:3] == (600, 0)


@pytest.mark.parametrize(
    "text",
    [
        "Ali: are you there\nSana: yes, what is it\nAli: nothing, only asking\nSana: then good night\n" * 5,
        "Name: Ali\nCNIC: 35202-1234567-1\nPhone: 03001234567\n",
        "INFO sent to=923001234567 id=8\nINFO sent to=923001234568 id=9\n" * 5,
        "2024-01-01 10:00:00 INFO  started\n2024-01-01 10:00:01 WARN  slow: 12 s\n" * 9,
        "This is a letter.\n\nIt has    odd   spaces, but it is\nprose all the same, and more   prose\nfollows here.\n"
        * 3,
        '03001234567\tAli\t{"a": 1}\n03011234568\tSana\t{"a": 2}\n' * 3,
        "import re\n\ndef f(a):\n    b = 1\n    c = 2\n    return a\n" * 4,
    ],
    ids=["talk", "one record", "pairs behind words", "log", "letter", "cells of JSON", "code"],
)
def test_other_text_is_no_table(text: str) -> None:
    assert not RuledReader().recognise(text.encode(), "x.txt")
    assert not KeyedReader().recognise(text.encode(), "x.txt")


@pytest.mark.parametrize("reader", [RuledReader(), KeyedReader()], ids=["ruled", "keyed"])
@given(text=st.text(alphabet="ab1 |+-=:\n\tBEGIN:VCARDdn", max_size=300))
@settings(max_examples=100, deadline=None)
def test_any_text_is_read_without_a_fault(reader: RuledReader | KeyedReader, text: str) -> None:
    for stream in reader.read(BytesSource(text.encode(), "x.txt"), ScanOptions()):
        for part in stream.parts:
            part.read()
        stream.tail()


PACKED = "".join(f"92300123{i:04d}92321765{i:04d}35202{i:08d}202401051{i:05d}00012\n" for i in range(40))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (PACKED, True),
        (PACKED.replace("\n", "\r\n"), True),
        (PACKED.replace("9232", "MOC 9232"), True),
        (PACKED[: 7 * 60], False),  # too few to tell
        (PACKED.replace("\n", "\nx\n", 1), False),  # not of one length
        ("".join(f"92300123{i:04d} called 92321765{i:04d} on 2024010\n" for i in range(40)), False),
        ("".join(f"{sha256(bytes([i])).hexdigest()}\n" for i in range(40)), False),
    ],
)
def test_packed_records_are_told_of(text: str, said: bool) -> None:
    (stream,) = open_source(BytesSource(text.encode(), "x.txt"), ScanOptions())
    problems = [problem for part in stream.parts for problem in part.read().problems]
    tail = stream.tail()
    assert [problem.code for problem in (*problems, *tail.problems)] == [ProblemCode.NOT_A_TABLE] * said
