"""The readers, in the order in which they are asked."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import cast

from scanner.ingest.interface import Reader, Source, Stream
from scanner.options import ScanOptions


class Lazy:
    """A reader whose module is imported when it is first asked."""

    def __init__(self, module: str, name: str) -> None:
        """`module` stands in this package and holds a class `name`."""
        self.module, self.name = module, name
        self._reader: Reader | None = None

    def _load(self) -> Reader:
        if self._reader is None:
            module = import_module(f"{__name__}.{self.module}")
            self._reader = cast(Reader, getattr(module, self.name)())
        return self._reader

    def recognise(self, head: bytes, name: str) -> bool:
        """As the reader says."""
        return self._load().recognise(head, name)

    def read(self, source: Source, options: ScanOptions) -> Iterator[Stream]:
        """As the reader does."""
        return self._load().read(source, options)


#: Formats with a signature come first; then formats of text, the strict before the lax; anything is binary in the end.
READERS: tuple[Reader, ...] = (
    Lazy("columnar", "Parquet"),
    Lazy("columnar", "Arrow"),
    Lazy("columnar", "Orc"),
    Lazy("avro", "Avro"),
    Lazy("sqlite", "Sqlite"),
    Lazy("sheets", "Sheets"),
    Lazy("json", "JsonReader"),
    Lazy("html", "HtmlReader"),
    Lazy("xml", "XmlReader"),
    Lazy("sql", "SqlReader"),
    Lazy("delimited", "DelimitedReader"),
    Lazy("text", "TextReader"),
    Lazy("text", "BinaryReader"),
)
