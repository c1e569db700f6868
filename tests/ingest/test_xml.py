"""XML as tables: lists of records in the shapes of usual exporters, workbooks, and what is broken or no table."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.ingest import open_source
from scanner.ingest.readers.xml import XmlReader
from scanner.ingest.sources import BytesSource
from scanner.options import ScanOptions
from scanner.terms import Format, ProblemCode


def tables(data: bytes, name: str = "x.xml") -> dict[str, dict[str | None, list[str]]]:
    out: dict[str, dict[str | None, list[str]]] = {}
    for stream in open_source(BytesSource(data, name), ScanOptions()):
        assert stream.head.format is Format.XML
        columns = out.setdefault(stream.head.path, {})
        for part in stream.parts:
            chunk = part.read()
            for key, array in zip(chunk.names or stream.head.columns, chunk.columns, strict=True):
                columns.setdefault(key, []).extend(array.to_pylist())
            columns.setdefault("loose", []).extend(piece.text.decode() for piece in chunk.loose)
        stream.tail()
    return out


RECORDS = {
    "elements": (
        "<r><s><msisdn>0300</msisdn><name>A &amp; B</name></s><s><msisdn>0301</msisdn><name/></s></r>",
        {"x.xml": {"msisdn": ["0300", "0301"], "name": ["A & B", ""], "loose": []}},
    ),
    "ampersands in comments and CDATA": (
        "<!-- A & B < 2 --><r><s><n>1</n><m><![CDATA[P & <Q>]]></m></s><s><n>2</n><m>x</m></s></r>",
        {"x.xml": {"n": ["1", "2"], "m": ["P & <Q>", "x"], "loose": []}},
    ),
    "attributes": (
        '<calls count="2"><call number="0300" type="1"/><call number="0301" type="2"/></calls>',
        {"x.xml": {"number": ["0300", "0301"], "type": ["1", "2"], "loose": ["2"]}},
    ),
    "namespaces and nesting": (
        '<a:r xmlns:a="u"><a:s><a:p><a:n>1</a:n></a:p></a:s><a:s><a:p><a:n>2</a:n></a:p></a:s></a:r>',
        {"x.xml": {"p.n": ["1", "2"], "loose": []}},
    ),
    "lists within records": (
        "<r><s><n>A</n><tel>1</tel><tel>2</tel></s><s><n>B</n><tel>3</tel></s></r>",
        {"x.xml": {"n": ["A", "B"], "tel": ["1", "3"], "tel[]": ["2"], "loose": []}},
    ),
    "fields with names": (
        '<d><table_data name="subs"><row><field name="a">1</field><field name="b">2</field></row>'
        '<row><field name="a">3</field><field name="b">4</field></row></table_data></d>',
        {"x.xml": {"a": ["1", "3"], "b": ["2", "4"], "loose": ["subs"]}},
    ),
    "fields with names and values": (
        '<d><record><item name="a" value="1"/><item name="b" value="2"/></record>'
        '<record><item name="a" value="3"/><item name="b" value="4"/></record></d>',
        {"x.xml": {"a": ["1", "3"], "b": ["2", "4"], "loose": []}},
    ),
    "property list": (
        "<plist><array><dict><key>Name</key><string>A</string><key>Phone</key><string>1</string></dict>"
        "<dict><key>Name</key><string>B</string><key>Phone</key><string>2</string></dict></array></plist>",
        {"x.xml": {"Name": ["A", "B"], "Phone": ["1", "2"], "loose": []}},
    ),
    "a field that comes late": (
        '<r><s a="1"/><s a="2" b="x"/></r>',
        {"x.xml": {"a": ["1", "2"], "b": ["", "x"], "loose": []}},
    ),
    "without one root": (
        '<s a="1" b="2"/>\n<s a="3" b="4"/>\n',
        {"x.xml": {"a": ["1", "3"], "b": ["2", "4"], "loose": []}},
    ),
    "two kinds": (
        "<e><subs><sub><n>A</n><c>1</c></sub><sub><n>B</n><c>2</c></sub></subs>note"
        '<calls><call from="1" to="2"/><call from="3" to="4"/></calls></e>',
        {
            "x.xml!sub": {"n": ["A", "B"], "c": ["1", "2"], "loose": ["note"]},
            "x.xml!call": {"from": ["1", "3"], "to": ["2", "4"], "loose": []},
        },
    ),
    "phone forensics": (
        '<p><modelType type="Call"><model type="Call" id="1"><field name="Number" type="String"><value type="String">'
        '<![CDATA[0300]]></value></field></model><model type="Call" id="2"><field name="Number" type="String">'
        '<value type="String">0301</value></field></model></modelType></p>',
        {"x.xml": {"type": ["Call", "Call"], "id": ["1", "2"], "Number": ["0300", "0301"], "loose": ["Call"]}},
    ),
    "characters that may not stand": (
        '<r><s a="&#55357;&#56832;"><t>x & y < z</t></s><s a="&#55357;"><t>\x01q&nbsp;</t></s></r>',
        {"x.xml": {"a": ["😀", " "], "t": ["x & y < z", "q"], "loose": []}},
    ),
}


@pytest.mark.parametrize("case", RECORDS)
def test_records_are_the_rows_of_tables(case: str) -> None:
    text, expected = RECORDS[case]
    assert tables(('<?xml version="1.0"?>\n' + text).encode()) == expected


def test_workbook_in_xml_is_read_by_sheet() -> None:
    def row(*cells: str) -> str:
        return "<Row>" + "".join(f'<Cell><Data ss:Type="String">{cell}</Data></Cell>' for cell in cells) + "</Row>"

    book = (
        '<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>'
        '<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" '
        'xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet ss:Name="Calls"><Table>'
        + row("NUMBER", "NAME") + row("03001234567", "A")
        + '<Row><Cell ss:Index="2"><Data ss:Type="String">B</Data></Cell></Row>'
        + '</Table></Worksheet><Worksheet ss:Name="More"><Table>' + row("MSISDN", "CITY") + row("03011234567", "C")
        + "</Table></Worksheet></Workbook>"
    )  # fmt: skip
    assert tables(book.encode(), "x.xls") == {
        "x.xls!Calls": {"NUMBER": ["03001234567", ""], "NAME": ["A", "B"], "loose": []},
        "x.xls!More": {"MSISDN": ["03011234567"], "CITY": ["C"], "loose": []},
    }


def test_entities_are_not_expanded_and_files_not_opened() -> None:
    text = (
        '<!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;"><!ENTITY f SYSTEM "file:///etc/passwd">]>'
        "<r><s><x>&b;</x><y>1</y></s><s><x>&f;</x><y>2</y></s></r>"
    )
    assert tables(text.encode())["x.xml"]["y"] == ["1", "2"]
    assert not any(tables(text.encode())["x.xml"].get("x", []))


def test_document_that_breaks_off_keeps_its_records_and_says_so() -> None:
    text = b"<r><s><n>1</n><t>a</t></s><s><n>2</n><t>b</t></s><s><n>3</n><t>c"
    (stream,) = open_source(BytesSource(text, "x.xml"), ScanOptions())
    (part,) = stream.parts
    assert part.read().columns[0].to_pylist() == ["1", "2", "3"]
    tail = stream.tail()
    assert tail.status.value == "partial"
    assert [problem.code for problem in tail.problems] == [ProblemCode.TRUNCATED]


def test_declared_encoding_is_used() -> None:
    text = '<?xml version="1.0" encoding="iso-8859-7"?><r><s n="Αθήνα" k="1"/><s n="Πάτρα" k="2"/></r>'
    (stream,) = open_source(BytesSource(text.encode("iso-8859-7"), "x.xml"), ScanOptions())
    assert stream.head.encoding == "iso8859-7"
    (part,) = stream.parts
    assert part.read().columns[0].to_pylist()[0] == "Αθήνα"


def test_document_without_records_is_lines() -> None:
    (stream,) = open_source(BytesSource(b"<note><p>Call 03001234567</p><q/></note>", "x.xml"), ScanOptions())
    assert stream.head.lines
    assert [part.read().columns[0].to_pylist() for part in stream.parts] == [["Call 03001234567"]]


@pytest.mark.parametrize("text", [b"a < b > c\n", b"#!/bin/sh\n<x>\n", b"<b> is a tag\n" * 3, b'{"a": "<x></x>"}'])
def test_other_text_is_no_xml(text: bytes) -> None:
    assert not XmlReader().recognise(text, "x.txt")


@given(st.text(alphabet="<>/sa=\"'&;! []-?1\n", max_size=200))
@settings(max_examples=150, deadline=None)
def test_any_markup_is_read_without_a_fault(text: str) -> None:
    for stream in XmlReader().read(BytesSource(("<r>" + text).encode(), "x.xml"), ScanOptions()):
        for part in stream.parts:
            part.read()
        stream.tail()
