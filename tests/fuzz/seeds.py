"""Small files of every kind, made by code: where a run starts, and a test of the targets by themselves."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import plistlib
import sqlite3
import struct
import tarfile
import tempfile
import zipfile
from email.message import EmailMessage
from functools import cache
from pathlib import Path
from typing import Any

ROWS = [(f"0300123{i:04d}", f"35202-123{i:04d}-{i % 9 + 1}", "Hina Khan", i * 1.5) for i in range(40)]
NAMES = ("mobile", "cnic", "name", "amount")
CSV = "\n".join([",".join(NAMES), *(",".join(map(str, row)) for row in ROWS)]).encode() + b"\n"


def _columnar() -> dict[str, bytes]:
    import pyarrow as pa
    import pyarrow.feather
    import pyarrow.orc
    import pyarrow.parquet as pq

    table = pa.table(dict(zip(NAMES, map(list, zip(*ROWS, strict=True)), strict=True)))
    nested = table.append_column(
        "more", pa.array([{"sims": [{"imsi": "41001" + "7" * 10}], "by": [("a", 1)]}] * len(ROWS), pa.struct(
            {"sims": pa.list_(pa.struct({"imsi": pa.string()})), "by": pa.map_(pa.string(), pa.int64())}
        )),
    )  # fmt: skip
    out: dict[str, bytes] = {}

    def written(name: str, write: Any, *arguments: Any, **options: Any) -> None:
        sink = io.BytesIO()
        write(*arguments, sink, **options)
        out[name] = sink.getvalue()

    written("nested.parquet", pq.write_table, nested, row_group_size=16)
    written("plain.parquet", pq.write_table, table, compression="none", use_dictionary=False)
    written("table.orc", pyarrow.orc.write_table, table)
    written("table.feather", pyarrow.feather.write_feather, table, compression="uncompressed")
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    out["table.arrows"] = sink.getvalue()
    return out


def _avro() -> bytes:
    import fastavro

    fields = [{"name": name, "type": "string" if name != "amount" else "double"} for name in NAMES]
    sink = io.BytesIO()
    records = [dict(zip(NAMES, row, strict=True)) for row in ROWS]
    fastavro.writer(sink, {"type": "record", "name": "r", "fields": fields}, records, sync_interval=400)
    return sink.getvalue()


def _sqlite() -> bytes:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE people (mobile TEXT, cnic TEXT, name TEXT, amount REAL)")
    connection.executemany("INSERT INTO people VALUES (?, ?, ?, ?)", ROWS)
    connection.commit()
    data = connection.serialize()
    connection.close()
    return data


def log_and_database() -> tuple[bytes, bytes]:
    """A write-ahead log that changes and adds rows, and the database it lies beside."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "people.db")
        connection = sqlite3.connect(path, isolation_level=None)
        for statement in ("page_size=512", "journal_mode=WAL", "wal_autocheckpoint=0"):
            connection.execute(f"PRAGMA {statement}")
        connection.execute("CREATE TABLE people (mobile TEXT, cnic TEXT, name TEXT, amount REAL)")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.executemany("INSERT INTO people VALUES (?, ?, ?, ?)", ROWS[:12])
        connection.execute("UPDATE people SET name = 'Ali'")
        made = Path(f"{path}-wal").read_bytes(), path.read_bytes()
        connection.close()
    return made


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip archive with a fixed time."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = method
            archive.writestr(info, data)
    return sink.getvalue()


def tarred(members: dict[str, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    """A tar archive with a fixed time."""
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w", format=form) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return sink.getvalue()


def _texts() -> dict[str, bytes]:
    records = [dict(zip(NAMES, row, strict=True)) for row in ROWS]
    html = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in ROWS)
    inserts = ",".join(f"('{a}','{b}','{c}',{d})" for a, b, c, d in ROWS)
    return {
        "table.csv": CSV,
        "table.tsv": CSV.replace(b",", b"\t").decode().encode("utf-16"),
        "quoted.csv": b'"a";"b"\r\n' + b'"0300 ""1234567";"line\nbreak"\r\n' * 20,
        "records.json": json.dumps({"data": records}).encode(),
        "records.ndjson": "\n".join(map(json.dumps, records)).encode(),
        "page.html": f"<html><body><table><tr><th>mobile</th></tr>{html}</table></body></html>".encode(),
        "dump.sql": f"CREATE TABLE `p` (`m` text);\nINSERT INTO `p` (m,c,n,a) VALUES {inserts};\n".encode(),
        "copy.sql": b"COPY public.p (m, c) FROM stdin;\n" + b"03001234567\t\\N\n" * 30 + b"\\.\n",
        "messages.txt": b"12/03/24, 10:11 - Hina: call 0300-1234567\nor write\n" * 20,
        "settings.plist": plistlib.dumps({"a": ["0300-1234567", {"b": 1}], "c": b"x"}, fmt=plistlib.FMT_BINARY),
        "chat.txt": b"[12/03/2024, 10:11] Hina: call 0300-1234567 or mail hina@example.org\n" * 20,
        "bytes.bin": bytes(range(256)) * 4 + b"03001234567 in the middle" + bytes(300),
    }


def docx(embedded: bytes, body: bytes | None = None) -> bytes:
    """A Word document with a paragraph, a table, a footnote and an embedded file."""
    cells = "".join(f"<w:tc><w:p><w:t>{one}</w:t></w:p></w:tc>" for one in ("0300-1234567", "Hina Khan"))
    said = "<w:p><w:r><w:t>Call 0300-1234567 or</w:t><w:tab/><w:t>mail</w:t></w:r></w:p>"
    main = f'<w:document xmlns:w="w"><w:body>{said}<w:tbl><w:tr>{cells}</w:tr></w:tbl></w:body></w:document>'
    core = '<c:coreProperties xmlns:c="c"><c:creator>write to office@example.org</c:creator></c:coreProperties>'
    notes = '<w:footnotes xmlns:w="w"><w:footnote><w:p><w:t>note 0301-7654321</w:t></w:p></w:footnote></w:footnotes>'
    return zipped(
        {
            "[Content_Types].xml": b"<Types/>",
            "word/document.xml": main.encode() if body is None else body,
            "word/footnotes.xml": notes.encode(),
            "docProps/core.xml": core.encode(),
            "word/embeddings/list.csv": embedded,
        }
    )


def pdf(text: str, attached: bytes | None = None, password: str | None = None) -> bytes:
    """A page of text."""
    import pypdf
    from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

    writer, content = pypdf.PdfWriter(), DecodedStreamObject()
    page = writer.add_blank_page(300, 200)
    content.set_data(f"BT /F1 12 Tf 20 100 Td ({text}) Tj ET".encode())
    font = {"/Type": "/Font", "/Subtype": "/Type1", "/BaseFont": "/Helvetica"}
    named = DictionaryObject({NameObject(key): NameObject(value) for key, value in font.items()})
    fonts = DictionaryObject({NameObject("/F1"): writer._add_object(named)})
    page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
    page[NameObject("/Contents")] = writer._add_object(content)
    if attached is not None:
        writer.add_attachment("list.csv", attached)
    if password is not None:
        writer.encrypt(password, algorithm="AES-256")
    sink = io.BytesIO()
    writer.write(sink)
    return sink.getvalue()


def message(attached: bytes, subject: str = "Liste für Hina") -> bytes:
    """A message with a plain body, the same in HTML, and an attachment."""
    made = EmailMessage()
    made["Subject"], made["From"], made["To"] = subject, "Hina <hina@example.org>", "ali@example.org"
    made["Date"], made["Message-ID"] = "Mon, 01 Jan 2024 10:00:00 +0500", "<1@example.org>"
    made.set_content("Call 0300-1234567\n")
    made.add_alternative("<b>Call 0300-1234567</b>", subtype="html")
    made.add_attachment(attached, maintype="text", subtype="csv", filename="list.csv")
    made.set_boundary("=-=")
    return made.as_bytes()


def _mainframe() -> dict[str, bytes]:
    lines = [line.encode("cp037") for line in CSV.decode().splitlines()]
    framed = b"".join(struct.pack(">HH", len(line) + 4, 0) + line for line in lines)
    fixed = [line.ljust(60, b"\x40") + bytes.fromhex(f"09230012{n:05d}C") for n, line in enumerate(lines)]
    return {
        "lines.ebcdic": b"\x15".join(lines),
        "fixed.ebcdic": b"".join(fixed),
        "lengths.ebcdic": framed,
        "blocks.ebcdic": struct.pack(">HH", len(framed) + 4, 0) + framed,
    }


def _mongo() -> dict[str, bytes]:
    from tests.ingest.made import bson

    rows = [dict(zip(NAMES, row, strict=True)) for row in ROWS]
    documents = b"".join(bson({"_id": bytes(12), "in": [one], "old": n > 9}) for n, one in enumerate(rows))
    names = {"db": "crm", "collection": "people"}
    end = b"\xff" * 4
    archive = b"\x6d\xe2\x99\x81" + bson({"version": "0.1"}) + bson(names) + end + bson({**names, "EOF": False})
    # a value of every type whose length is fixed, bytes, an expression and code with its scope
    kinds = {1: 8, 6: 0, 8: 1, 9: 8, 10: 0, 16: 4, 17: 8, 18: 8, 19: 16, 127: 0, 255: 0}
    every = b"".join(bytes([kind]) + b"a\0" + bytes(size) for kind, size in kinds.items())
    every += b"\5a\0\2\0\0\0\0\1\2\x0ba\0x\0i\0\x0da\0\2\0\0\0x\0\x0fa\0\x0f\0\0\0\2\0\0\0x\0\5\0\0\0\0\0"
    return {
        "people.bson": documents,
        "types.bson": (struct.pack("<i", len(every) + 4) + every) * 3,
        "people.archive": archive + documents + end,
    }


@cache
def seeds() -> dict[str, bytes]:
    """Name → bytes; the same in every run but for the times in a workbook."""
    import lz4.frame
    import openpyxl

    from tests.ingest import made

    book, sheet = openpyxl.Workbook(), io.BytesIO()
    for row in (NAMES, *ROWS):
        book.active.append(row)
    book.save(sheet)
    return {
        **_texts(),
        **_columnar(),
        **_mainframe(),
        **_mongo(),
        "table.avro": _avro(),
        "people.sqlite": _sqlite(),
        "people.db-wal": log_and_database()[0],
        "book.xlsx": sheet.getvalue(),
        "table.csv.gz": gzip.compress(CSV, mtime=0) + gzip.compress(CSV[:100], mtime=0),
        "table.csv.bz2": bz2.compress(CSV),
        "table.csv.xz": lzma.compress(CSV),
        "table.csv.lz4": lz4.frame.compress(CSV),
        "deflated.zip": zipped({"a.csv": CSV, "d/b.csv": b"x"}),
        "lzma.zip": zipped({"a.csv": CSV}, zipfile.ZIP_LZMA),
        "pax.tar": tarred({"a.csv": CSV, "ü" * 120: b"x"}),
        "document.docx": docx(CSV),
        "table.dbf": made.dbf([("MOBILE", "C", 11), ("AGE", "N", 3)], [[b"03001234567", b" 41"]] * 9),
        "message.msg": made.outlook("Call 0300-1234567", {"list.csv": CSV[:500]}),
        "letter.doc": made.word(["Call 0300-1234567", "or write"]),
        "talk.ppt": made.slides(["Call 0300-1234567", "or write"], made.word(["a", "b"])),
        "page.pdf": pdf("Call 0300-1234567", attached=CSV[:200]),
        "message.eml": message(CSV[:500]),
        "box.mbox": (b"From a@example.org Mon Jan  1 10:00:00 2024\n" + message(CSV[:200]) + b"\n") * 2,
        "gnu.tar": tarred({"a.csv": CSV, "n" * 120: b"x"}, tarfile.GNU_FORMAT),
    }
