"""The course of reading one file: where it stands, and what earlier attempts at the same file teach it.

A file is read again from its beginning when its reader came to grief. What was read by then is not read twice, and the
source that the reader fails on time after time is left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from scanner.errors import ReadError
from scanner.terms import ProblemCode

#: A source within a file: its provenance path, and how many of the same path were opened before it.
Place = tuple[str, int]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A source that is read no further than its reader is known to get."""

    streams: int
    """Artifacts that it gives before."""
    code: ProblemCode
    message: str

    def error(self) -> ReadError:
        """Why nothing follows."""
        return ReadError(self.code, self.message)


@dataclass(frozen=True, slots=True)
class Lessons:
    """What earlier attempts at a file teach the next one."""

    read: frozenset[Place] = frozenset()
    """Sources that were read to their end; what they gave is kept."""
    left_out: Mapping[Place, LeftOut] = field(default_factory=lambda: MappingProxyType({}))


class Course:
    """One attempt at a file."""

    def __init__(self, lessons: Lessons | None = None, tell: Callable[..., None] | None = None) -> None:
        """`tell` hears `("open", place, size)`, `("close",)` and, in the place of what it gave, `("kept", place)`."""
        self._lessons, self._tell = lessons or Lessons(), tell
        self._seen: Counter[str] = Counter()

    def _say(self, *message: Any) -> None:
        if self._tell is not None:
            self._tell(*message)

    def enter(self, path: str, size: int | None) -> tuple[bool, LeftOut | None]:
        """A source is about to be opened: whether it is to be, and why it is to be left out at some point."""
        place = path, self._seen[path]
        self._seen[path] += 1
        if place in self._lessons.read:
            self._say("kept", place)
            return False, None
        self._say("open", place, size)
        return True, self._lessons.left_out.get(place)

    def leave(self) -> None:
        """The source opened last and not left so far is done with."""
        self._say("close")
