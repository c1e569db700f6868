"""The containers; what is text is told from them without loading one."""

from __future__ import annotations

import re
from collections.abc import Sequence

from scanner.ingest.interface import Container

#: Containers hold bytes near their front that text does not, all but those that begin so; the last is a field of mail.
_PRINTABLE = re.compile(rb"BZh|!<arch>\n|0707|xar!|ANDROID BACKUP\n|%PDF-|From |[A-Za-z][A-Za-z-]*:[ \t]")
_TEXT = re.compile(rb"[\t\n\f\r\x1b\x20-\x7e]*")


def candidates(head: bytes) -> Sequence[Container]:
    """Those that may recognise the head, in the order in which they are asked."""
    first = head[:512]
    if not _PRINTABLE.match(first) and _TEXT.fullmatch(first):
        return ()
    from scanner.ingest.containers.registry import CONTAINERS

    return CONTAINERS


def zip_container() -> Container:
    """The one that opens zip archives, for files that do not begin as one."""
    from scanner.ingest.containers.zip import Zip

    return Zip()
