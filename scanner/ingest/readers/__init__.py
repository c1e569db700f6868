"""The readers, in the order in which they are asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import cast

from scanner.ingest.interface import Reader, Source, Stream
from scanner.options import ScanOptions


class Lazy:
    """A reader whose module is imported when it is first asked."""

    def __init__(self, module: str, name: str, may: Callable[[bytes], bool] | None = None) -> None:
        """`module` stands in this package and holds a class `name`; where `may` denies a head, it is not asked."""
        self.module, self.name, self.may = module, name, may
        self._reader: Reader | None = None

    def _load(self) -> Reader:
        if self._reader is None:
            module = import_module(f"{__name__}.{self.module}")
            self._reader = cast(Reader, getattr(module, self.name)())
        return self._reader

    def recognise(self, head: bytes, name: str) -> bool:
        """As the reader says."""
        return (self.may is None or self.may(head)) and self._load().recognise(head, name)

    def read(self, source: Source, options: ScanOptions) -> Iterator[Stream]:
        """As the reader does."""
        return self._load().read(source, options)


def _begins(*marks: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(marks)


#: Formats with a signature come first; then formats of text, the strict before the lax; anything is binary in the end.
READERS: tuple[Reader, ...] = (
    Lazy("columnar", "Parquet", _begins(b"PAR1", b"PARE")),
    Lazy(
        "columnar",
        "Arrow",
        lambda head: head.startswith((b"ARROW1", b"FEA1", b"\xff\xff\xff\xff")) or head[3:4] == b"\0",
    ),
    Lazy("columnar", "Orc", _begins(b"ORC")),
    Lazy("avro", "Avro", _begins(b"Obj\1")),
    Lazy("sqlite", "Sqlite", _begins(b"SQLite format 3\0")),
    Lazy("sqlite", "SqliteLog", _begins(b"\x37\x7f\x06")),
    Lazy("sheets", "Sheets", _begins(b"PK\3\4", b"\xd0\xcf\x11\xe0")),
    Lazy("json", "JsonReader"),
    Lazy("html", "HtmlReader"),
    Lazy("xml", "XmlReader"),
    Lazy("sql", "SqlReader"),
    Lazy("keyed", "KeyedReader"),
    Lazy("ruled", "RuledReader"),
    Lazy("delimited", "DelimitedReader"),
    Lazy("text", "TextReader"),
    Lazy("text", "BinaryReader"),
)
