"""The containers, in the order in which they are asked."""

from __future__ import annotations

from scanner.ingest.containers.compound import Compound
from scanner.ingest.containers.compressed import Compressed
from scanner.ingest.containers.documents import Office, Pdf
from scanner.ingest.containers.mail import Mail
from scanner.ingest.containers.spooled import SevenZip, Tar
from scanner.ingest.containers.system import SystemArchive
from scanner.ingest.containers.zip import Zip
from scanner.ingest.interface import Container

#: Magic numbers first, documents before the zip that they are packed in; tar (a sum) and mail (its text) come last.
CONTAINERS: tuple[Container, ...] = (
    Compressed(),
    Office(),
    Zip(),
    SevenZip(),
    SystemArchive(),
    Pdf(),
    Compound(),
    Tar(),
    Mail(),
)
