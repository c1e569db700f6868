"""The containers, in the order in which they are asked."""

from __future__ import annotations

from scanner.ingest.containers.archive import SevenZip, Tar, Unsupported, Zip
from scanner.ingest.containers.compressed import Compressed, CompressedSource
from scanner.ingest.interface import Container

#: Magic numbers first; tar, whose check sum is the weakest mark, last.
CONTAINERS: tuple[Container, ...] = (Compressed(), Zip(), SevenZip(), Unsupported(), Tar())

__all__ = ["CONTAINERS", "CompressedSource"]
