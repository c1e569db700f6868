"""Spreadsheets (xlsx, xlsb, xls, ods): one artifact per sheet, hidden ones included."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from scanner.errors import ReadError
from scanner.ingest.interface import Chunk, Head, Loose, Parsed, Part, Source, Stream
from scanner.ingest.readers.columnar import Course, unreadable
from scanner.ingest.spool import as_read_error
from scanner.options import ScanOptions
from scanner.terms import Format, ProblemCode

#: Rows among which a header is looked for: letterheads above a table are short.
HEADER_ROWS = 25
_BATCH = 20_000
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_DATA = re.compile(r"\+?\d[\d\s-]{8,}\d|\d+\.\d+|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}.*|\d{4,}|.+@.+\..+")


def cell_text(value: Any) -> str:
    """A cell as a person would type it: whole numbers without point or exponent, moments in ISO 8601."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e21 else repr(value)
    if isinstance(value, datetime.datetime):
        return value.isoformat(" ")
    return "" if value is None else str(value)


def find_header(rows: Sequence[Sequence[str]]) -> int | None:
    """The index of the header among a table's first rows (the preamble stands before it); None where there is none.

    It is the first row nearly as wide as the table without a number, date or address in it, above rows that hold some
    (or, where none does, above rows that are as wide).
    """
    filled = [sum(1 for cell in row if cell.strip()) for row in rows]
    width = max(filled, default=0)
    if width == 0:
        return None
    enough = max(1, (width * 3 + 3) // 5)
    data = [sum(1 for cell in row if _DATA.fullmatch(cell.strip())) for row in rows]
    for index, count in enumerate(filled):
        if count < enough or (width > 1 and count < 2):
            continue
        if data[index]:
            if data[index] * 3 >= count or count == width:
                return None
            continue
        below = range(index + 1, len(rows))
        if any(data[other] for other in below) or (index == 0 and len(rows) > 1):
            return index
    return None


class Sheets:
    """Reads workbooks with calamine."""

    def recognise(self, head: bytes, name: str) -> bool:
        """By the parts that a package begins with, or the workbook stream of a compound file."""
        return package_format(head, name) is not None

    def read(self, source: Source, options: ScanOptions) -> Iterator[Stream]:
        """One stream per sheet; where the workbook cannot be opened, one that says why."""
        import python_calamine

        form = package_format(source.head(), source.path) or Format.XLSX
        course = Course(source)
        try:
            file = source.file()
            book = python_calamine.CalamineWorkbook.from_object(str(file) if file is not None else source.seekable())
            names = list(book.sheet_names)
        except BaseException as error:
            yield unreadable(source.path, form, course, _refused(error, source))
            return
        if not names:
            made = ReadError(ProblemCode.CORRUPT, "the workbook lists no sheets")
            yield unreadable(source.path, form, course, made)
        for name in names:
            yield self._sheet(book, name, source, form)

    def _sheet(self, book: Any, name: str, source: Source, form: Format) -> Stream:
        path, course = f"{source.path}!{name}", Course(source, inside=True)
        try:
            sheet = book.get_sheet_by_name(name)
            rows = _rows(sheet)
            first = [row for _, row in zip(range(HEADER_ROWS), rows, strict=False)]
        except BaseException as error:
            return unreadable(path, form, course, as_read_error(error, "the sheet cannot be read"))
        header = find_header(first)
        width = max(len(row) for row in first) if first else 0
        width = max(width, int(sheet.width or 0)) if first else 0
        columns: tuple[str | None, ...] = (None,) * width
        preamble: list[list[str]] = []
        if header is not None:
            preamble = first[:header]
            given = [cell.strip() or None for cell in first[header]]
            columns = tuple(given + [None] * (width - len(given)))[:width]
        body = first[header + 1 :] if header is not None else first

        def parts() -> Iterator[Part]:
            order, held, above = 0, list(body), [row for row in preamble if any(row)]
            try:
                while True:
                    held.extend(row for _, row in zip(range(_BATCH - len(held)), rows, strict=False))
                    last = len(held) < _BATCH
                    while last and held and not any(held[-1]):
                        held.pop()
                    loose = tuple(Loose(" ".join(filter(None, row)).encode(), "preamble") for row in above)
                    if held or loose:
                        yield Parsed(order, _chunk(held, width, loose))
                    if last:
                        return
                    order, held, above = order + 1, [], []
            except GeneratorExit:
                raise
            except BaseException as error:
                course.failed(as_read_error(error, "the sheet breaks off here"))

        detail = "" if header is None else f"header in row {header + 1}"
        return Stream(Head(path, form, columns=columns, detail=detail), parts(), course.tail)


def _rows(sheet: Any) -> Iterator[list[str]]:
    return ([cell_text(value) for value in row] for row in iter(sheet.to_python(skip_empty_area=True)))


def _chunk(rows: list[list[str]], width: int, loose: tuple[Loose, ...]) -> Chunk:
    columns = [pa.array([row[i] if i < len(row) else "" for row in rows], pa.large_string()) for i in range(width)]
    return Chunk(len(rows), tuple(columns), loose)


def _refused(error: BaseException, source: Source) -> ReadError:
    made = as_read_error(error, "the workbook cannot be opened")
    locked = "password" in (type(error).__name__ + str(error)).lower()
    if locked or "EncryptedPackage".encode("utf-16-le") in source.head():
        return ReadError(ProblemCode.ENCRYPTED, "the workbook is enciphered; remove its password first")
    return made


def package_format(head: bytes, name: str) -> Format | None:
    """The workbook format of bytes that begin so, or None."""
    if head[:8] == _OLE:
        sector = 1 << int.from_bytes(head[30:32], "little") if head[30:32] in (b"\x09\0", b"\x0c\0") else 512
        start = (int.from_bytes(head[48:52], "little") + 1) * sector
        listing = head[start : start + 8 * sector]
        marks = [text.encode("utf-16-le") + b"\0\0" for text in ("Workbook", "Book", "WORKBOOK", "EncryptedPackage")]
        book = any(mark in listing or mark in head for mark in marks)
        return Format.XLS if book or name.lower().endswith(".xls") else None
    if head[:4] != b"PK\3\4":
        return None
    first = head[30 : 30 + int.from_bytes(head[26:28], "little")]
    if first == b"mimetype":
        return Format.ODS if b"opendocument.spreadsheet" in head[38:200] else None
    package = first.startswith((b"[Content_Types].xml", b"_rels/", b"docProps/", b"xl/", b"customXml/"))
    if (
        package
        and (b"xl/" in head or name.lower().endswith((".xlsx", ".xlsm", ".xlsb")))
        and b"word/document" not in head
    ):
        return Format.XLSX
    return None
