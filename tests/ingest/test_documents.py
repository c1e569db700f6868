"""Documents and mail made here: every identifier in them is in the text, and what is attached is a member."""

from __future__ import annotations

import email.policy
import io
import struct
import zipfile
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.detect.profile import in_place
from scanner.errors import ReadError
from scanner.ingest import open_source
from scanner.ingest.containers.mail import is_message
from scanner.ingest.containers.rich import unpacked, words
from scanner.ingest.sources import BytesSource
from scanner.options import Limits, ScanOptions
from scanner.terms import Format, ProblemCode, Status
from tests.fuzz.seeds import docx, message, pdf
from tests.ingest import made
from tests.ingest.test_containers import CSV, codes


def text_of(data: bytes, name: str = "x", **options: Any) -> tuple[dict[str, list[str]], dict[str, Any]]:
    """Path → lines of every artifact, and path → tail."""
    lines: dict[str, list[str]] = {}
    tails = {}
    for stream in open_source(BytesSource(data, name), ScanOptions(**options)):
        found = lines.setdefault(stream.head.path, [])
        for part in stream.parts:
            for cells in in_place(part.read().columns[0]):
                found += [bytes(cells.data[a:b]).decode() for a, b in zip(cells.starts, cells.stops, strict=True)]
        tails[stream.head.path] = stream.tail()
        if stream.head.path == name:
            assert stream.head.format is Format.TEXT
    return lines, tails


def _odt(paragraph: str, row: tuple[str, ...]) -> bytes:
    space = 'xmlns:o="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:t="urn:t" xmlns:b="urn:b"'
    cells = "".join(f"<b:table-cell><t:p>{cell}</t:p></b:table-cell>" for cell in row)
    text = f"<t:p>{paragraph}<t:tab/><t:span>call</t:span> me</t:p>"
    body = f"<o:d {space}>{text}<b:table><b:table-row>{cells}</b:table-row></b:table></o:d>"
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        archive.writestr("content.xml", body)
    return sink.getvalue()


def test_word_document_gives_paragraphs_rows_notes_and_what_is_embedded() -> None:
    lines, tails = text_of(docx(CSV))
    assert lines["x"] == [
        "write to office@example.org",
        "Call 0300-1234567 or\tmail",
        "0300-1234567\tHina Khan",
        "note 0301-7654321",
    ]
    assert len(lines["x!word/embeddings/list.csv"]) == 3000
    assert tails["x"].status is Status.COMPLETE
    assert tails["x"].members.listed == 1


def test_open_document_gives_paragraphs_and_rows() -> None:
    assert text_of(_odt("0300-1234567", ("a", "b")))[0]["x"] == ["0300-1234567\tcall me", "a\tb"]


def test_entities_of_a_document_are_not_expanded() -> None:
    bomb = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10 if i else "ha"}">' for i in range(12))
    body = f'<!DOCTYPE d [{bomb}]><w:d xmlns:w="w"><w:p><w:t>0300-1234567</w:t></w:p><w:p><w:t>&e11;</w:t></w:p></w:d>'
    lines, _ = text_of(docx(CSV, body.encode()))
    assert sum(map(len, lines["x"])) < 10_000


def test_cut_document_gives_what_is_left() -> None:
    data = docx(CSV)
    lines, tails = text_of(data[: data.rindex(b"PK\1\2") - 10])
    assert "Call 0300-1234567 or\tmail" in lines["x"]
    assert tails["x"].status is Status.PARTIAL


def test_pdf_gives_its_text_and_what_is_attached() -> None:
    lines, tails = text_of(pdf("Call 0300-1234567", attached=CSV))
    assert lines["x"] == ["Call 0300-1234567"]
    assert len(lines["x!list.csv"]) == 3000
    assert tails["x"].status is Status.COMPLETE


@pytest.mark.parametrize(("passwords", "status"), [((), Status.UNREADABLE), (("no", "open"), Status.COMPLETE)])
def test_pdf_under_a_password(passwords: tuple[str, ...], status: Status) -> None:
    lines, tails = text_of(pdf("Call 0300-1234567", password="open"), passwords=passwords)
    assert tails["x"].status is status
    assert bool(lines["x"]) == bool(passwords)
    assert bool(passwords) or codes(tails["x"]) == {ProblemCode.ENCRYPTED}


def test_message_gives_headers_body_and_attachments() -> None:
    lines, tails = text_of(message(CSV))
    assert lines["x"][:3] == ["Subject: Liste für Hina", "From: Hina <hina@example.org>", "To: ali@example.org"]
    assert "Call 0300-1234567" in lines["x"]
    assert not any("<b>" in line for line in lines["x"])
    assert len(lines["x!list.csv"]) == 3000
    assert tails["x"].members.listed == 1


def test_message_within_a_message_is_a_container() -> None:
    outer = EmailMessage()
    outer["From"], outer["To"], outer["Date"], outer["Subject"] = "a@example.org", "b@example.org", "1 Jan 2024", "Fwd"
    outer.set_content("see below")
    outer.add_attachment(email.message_from_bytes(message(CSV), policy=email.policy.default))
    lines, _ = text_of(outer.as_bytes())
    (inner,) = [path for path in lines if path.endswith(".eml")]
    assert len(lines[f"{inner}!list.csv"]) == 3000
    assert "Call 0300-1234567" in lines[inner]


def test_body_of_markup_alone_is_read_as_text_with_its_rows() -> None:
    one = EmailMessage()
    one["From"], one["To"], one["Date"], one["Subject"] = "a@example.org", "b@example.org", "1 Jan 2024", "list"
    rows = "<table><tr><td>0300-1234567</td><td>Hina</td></tr></table>"
    one.set_content(rows + "<a href='tel:03017654321'>call</a><script>x</script>", subtype="html")
    lines = text_of(one.as_bytes())[0]["x"]
    assert any(line.split("\t")[:2] == ["0300-1234567", "Hina"] for line in lines)
    assert "tel:03017654321" in lines
    assert "x" not in lines


def _box(count: int) -> bytes:
    out = b""
    for index in range(count):
        one = message(CSV, subject=f"message {index}")
        out += b"From hina@example.org Mon Jan  1 10:00:00 2024\n" + one + b"\n"
    return out


def test_mailbox_gives_every_message_and_attachment() -> None:
    lines, tails = text_of(_box(12))
    assert [line for line in lines["x"] if line.startswith("Subject")] == [f"Subject: message {i}" for i in range(12)]
    assert [path for path in lines if path != "x"] == [f"x!{i}!list.csv" for i in range(1, 13)]
    assert (tails["x"].members.listed, tails["x"].status) == (12, Status.COMPLETE)


def test_mailbox_with_too_many_attachments_is_partial() -> None:
    lines, tails = text_of(_box(12), limits=Limits(max_members=5))
    assert len(lines) == 6
    assert tails["x"].status is Status.PARTIAL
    assert sum(line.startswith("Subject") for line in lines["x"]) == 12


@pytest.mark.parametrize(
    ("head", "mail"),
    [
        (b"From: a@example.org\nTo: b@example.org\nDate: x\nSubject: y\n\nbody", True),
        (b"Received: by x\n\tfor y\nFrom: a\nTo: b\n\n", True),
        (b"Name: Hina\nMobile: 03001234567\n\n", False),
        (b"From: Karachi\nTo: Lahore\nDate: 2024-01-01\nFlight: PK300\n", False),
        (b"From: Karachi\nTo: Lahore\n", False),
        (b"a,b,c\n1,2,3\n", False),
        (b"", False),
    ],
)
def test_message_is_told_by_its_fields(head: bytes, mail: bool) -> None:
    assert is_message(head) is mail


def test_outlook_message_gives_its_properties_and_attachments() -> None:
    within = {"__substg1.0_1000001F": "inner 0302-1234567".encode("utf-16-le")}
    lines, tails = text_of(made.outlook("Call 0300-1234567", {"list.csv": CSV}, within))
    said = "\n".join(lines["x"])
    for text in ("sent: 2022-06-18 04:26:40", "Numbers", "Call 0300-1234567", "Hina Khan", "ali@example.org"):
        assert text in said
    assert "inner 0302-1234567" in said
    assert len(lines["x!list.csv"]) == 3000
    assert tails["x"].status is Status.COMPLETE
    assert tails["x"].members.listed == 1


def test_old_word_document_gives_its_pieces_and_packages() -> None:
    lines, tails = text_of(made.word(["Call 0300-1234567 é", "کال 0301-1234567", "end"]))
    assert lines["x"] == ["Call 0300-1234567 é", "کال 0301-1234567", "end"]
    assert "x!list.csv" in lines
    assert tails["x"].status is Status.COMPLETE


def test_old_presentation_gives_its_slides_and_objects() -> None:
    lines, tails = text_of(made.slides(["Call 0300-1234567", "کال 0301-1234567"], made.word(["a", "b 0302-1234567"])))
    assert lines["x"] == ["Call 0300-1234567", "کال 0301-1234567"]
    assert lines["x!part1"] == ["a", "b 0302-1234567"]
    assert tails["x"].status is Status.COMPLETE


def test_enciphered_word_document_is_unreadable() -> None:
    _, tails = text_of(made.word(["x", "y"], flags=0x0100))
    assert (tails["x"].status, codes(tails["x"])) == (Status.UNREADABLE, {ProblemCode.ENCRYPTED})


def test_compound_file_of_another_program_is_searched_and_partial() -> None:
    lines, tails = text_of(made.compound({"Contents": "call 0300-1234567".encode("utf-16-le") + bytes(5000)}))
    assert lines["x"] == ["call 0300-1234567"]
    assert (tails["x"].status, codes(tails["x"])) == (Status.PARTIAL, {ProblemCode.UNSUPPORTED})


@pytest.mark.parametrize("whole", [made.outlook("Call 0300-1234567", {"a": b"x" * 9000}), made.word(["0300", "0301"])])
def test_cut_compound_file_is_read_as_far_as_it_goes(whole: bytes) -> None:
    for at in range(8, len(whole), 97):
        _, tails = text_of(whole[:at])
        assert "x" in tails


def squeezed(text: bytes) -> bytes:
    """Rich text compressed without references (MS-OXRTFCP)."""
    runs = b"".join(b"\0" + text[at : at + 8] for at in range(0, len(text), 8))
    return struct.pack("<II4sI", len(runs) + 12, len(text), b"LZFu", 0) + runs


def test_rich_text_with_references_is_unpacked() -> None:
    # the second example of MS-OXRTFCP 3.1, whose references reach into what they write
    data = bytes.fromhex("1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0")
    assert unpacked(data) == rb"{\rtf1 WXYZWXYZWXYZWXYZWXYZ}"
    with pytest.raises(ReadError):
        unpacked(bytes(40))


@given(st.binary())
def test_any_bytes_are_rich_text_or_none(data: bytes) -> None:
    words(unpacked(bytes(8) + b"LZFu" + bytes(4) + data))
    words(data)
    assert unpacked(squeezed(data)) == data


def test_a_body_in_compressed_rich_text_alone_is_read() -> None:
    rich = rb"{\rtf1{\fonttbl{\f0 Arial;}}\pard call 0300-12\'334567\par {\*\htmltag <b>}or \u1593?write\{now\}}"
    streams = {"__properties_version1.0": bytes(32), "__substg1.0_10090102": squeezed(rich)}
    lines, tails = text_of(made.compound(streams))
    text = lines["x"]
    assert tails["x"].status is Status.COMPLETE
    assert "call 0300-1234567" in text
    assert "or \u0639write{now}" in text
