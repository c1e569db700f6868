"""The containers, in the order in which they are asked."""

from __future__ import annotations

from scanner.ingest.containers.compressed import Compressed
from scanner.ingest.containers.spooled import SevenZip, Tar
from scanner.ingest.containers.system import SystemArchive
from scanner.ingest.containers.zip import Zip
from scanner.ingest.interface import Container

#: Magic numbers first; tar, whose check sum is the weakest mark, last.
CONTAINERS: tuple[Container, ...] = (Compressed(), Zip(), SevenZip(), SystemArchive(), Tar())
