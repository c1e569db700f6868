"""Spreadsheets (xlsx, xlsb, xls, ods): one artifact per sheet, hidden ones included."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

from scanner.errors import ReadError
from scanner.ingest.interface import Head, Source, Stream
from scanner.ingest.readers.columnar import Course, unreadable
from scanner.ingest.readers.rows import grid_streams
from scanner.ingest.spool import as_read_error
from scanner.options import ScanOptions
from scanner.terms import Format, ProblemCode

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


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
            yield from self._sheet(book, name, source, form)

    def _sheet(self, book: Any, name: str, source: Source, form: Format) -> Iterator[Stream]:
        path, course = f"{source.path}!{name}", Course(source, inside=True)

        def failed(error: BaseException) -> None:
            course.failed(as_read_error(error, "the sheet breaks off here"))

        try:
            rows = _rows(book.get_sheet_by_name(name))
        except BaseException as error:
            yield unreadable(path, form, course, as_read_error(error, "the sheet cannot be read"))
            return
        streams = grid_streams(path, form, None, rows, course.tail, failed)
        first = next(streams, None)
        yield first if first is not None else Stream(Head(path, form), tail=course.tail)
        yield from streams


def _rows(sheet: Any) -> Iterator[list[str]]:
    return ([cell_text(value) for value in row] for row in iter(sheet.to_python(skip_empty_area=True)))


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
