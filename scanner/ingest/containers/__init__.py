"""The containers; what is text is told from them without loading one."""

from __future__ import annotations

import re
from collections.abc import Sequence

from scanner.ingest.interface import Container

#: Containers hold bytes near their front that text does not, all but those that begin with one of these.
_PRINTABLE = (b"BZh", b"!<arch>\n", b"0707", b"xar!", b"ANDROID BACKUP\n")
_TEXT = re.compile(rb"[\t\n\f\r\x1b\x20-\x7e]*")


def candidates(head: bytes) -> Sequence[Container]:
    """Those that may recognise the head, in the order in which they are asked."""
    first = head[:512]
    if not head.startswith(_PRINTABLE) and _TEXT.fullmatch(first):
        return ()
    from scanner.ingest.containers.registry import CONTAINERS

    return CONTAINERS
