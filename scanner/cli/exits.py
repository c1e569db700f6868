"""Exit statuses, as the report contract has them."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import TYPE_CHECKING

from scanner.terms import Level, Status

if TYPE_CHECKING:
    from scanner.model import Artifact


class Exit(IntEnum):
    """What a command's end says."""

    OK = 0
    """Everything was scanned; nothing reached --fail-on."""
    REACHED = 1
    """Everything was scanned; an artifact reached --fail-on."""
    USAGE = 2
    """The command line (or a rule pack) was wrong; nothing was scanned."""
    INCOMPLETE = 3
    """An artifact is partial or unreadable; wins over REACHED."""
    FAILED = 4
    """The scanner itself failed; what was finished is in the output."""


def exit_of(artifacts: Iterable[Artifact], fail_on: Level | None = None) -> Exit:
    """The exit status that finished artifacts ask for."""
    reached = False
    for artifact in artifacts:
        if artifact.status in (Status.PARTIAL, Status.UNREADABLE):
            return Exit.INCOMPLETE
        reached |= fail_on is not None and artifact.severity.level.rank >= fail_on.rank
    return Exit.REACHED if reached else Exit.OK
