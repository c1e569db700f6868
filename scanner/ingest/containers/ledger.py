"""What became of a container's members: each is listed, and read or skipped with a reason."""

from __future__ import annotations

import re
from collections import Counter
from types import MappingProxyType

from scanner.errors import ReadError
from scanner.ingest.interface import Head, Source, Stream, Tail
from scanner.ingest.sources import digest
from scanner.ingest.spool import Budget, budget_of, problem_of
from scanner.model import Members, Problem
from scanner.options import ScanOptions
from scanner.terms import Format, ProblemCode, Status

_OUTSIDE = re.compile(r"^[/\\]|(^|[/\\])\.\.([/\\]|$)|^[A-Za-z]:")


class Ledger:
    """Counts the members of one container and makes the artifact that stands for it."""

    def __init__(self, source: Source, options: ScanOptions) -> None:
        """Nothing listed yet."""
        self.source, self.status = source, Status.COMPLETE
        self.budget: Budget = budget_of(source, options.limits)
        self.encoding: str | None = None
        """Of the members' names, where the container states names."""
        self.listed = self.read = 0
        self.skipped: Counter[str] = Counter()
        self._problems: dict[tuple[ProblemCode, str], tuple[int, int | None]] = {}
        self._names: set[int] = set()

    def note(self, code: ProblemCode, message: str, row: int | None = None) -> None:
        """Add a problem of the container; the same one is told once, with how often and the first member."""
        times, first = self._problems.get((code, message), (0, row))
        self._problems[code, message] = times + 1, first

    def fault(self, error: ReadError, status: Status = Status.PARTIAL) -> None:
        """The container cannot be read any further."""
        self.note(error.code, error.message, error.row)
        self.status = status

    def member(self, name: str) -> None:
        """List a member.

        Raises:
            LimitError: the outermost file has as many members as it may.
        """
        self.budget.member()
        self.listed += 1
        if _OUTSIDE.search(name):
            message = "the member's path leads outside of the archive; it was read, nothing was written"
            self.note(ProblemCode.UNSAFE_PATH, message, self.listed)
        if hash(name) in self._names:
            self.note(ProblemCode.CORRUPT, "the member has the name of one before it; both were read", self.listed)
        self._names.add(hash(name))

    def skip(self, reason: str, lost: bool = True) -> None:
        """The member listed last is not read; `lost` says that it holds bytes of its own."""
        self.skipped[reason] += 1
        if lost:
            message = f"members were not read: {reason}"
            self.note(ProblemCode.MEMBER_SKIPPED, message, self.listed)
            if self.status is Status.COMPLETE:
                self.status = Status.PARTIAL

    def stream(self) -> Stream:
        """The container itself as an artifact without rows; asked last."""
        if self.status is Status.PARTIAL and self.read == 0:
            self.status = Status.UNREADABLE
        detail = f"{self.listed:,} member{'' if self.listed == 1 else 's'}"
        return Stream(Head(self.source.path, Format.ARCHIVE, self.encoding, detail=detail), iter(()), self.tail)

    def tail(self) -> Tail:
        """What is known in the end."""
        sha256, size = digest(self.source)
        problems = tuple(
            Problem(code, message if times == 1 else f"{message} ({times:,} times)", row)
            for (code, message), (times, row) in self._problems.items()
        )
        members = Members(self.listed, self.read, MappingProxyType(dict(sorted(self.skipped.items()))))
        read = 0 if self.status is Status.UNREADABLE else size or 0
        return Tail(self.status, problems, sha256, size, size, read, members)


def closed(path: str, error: ReadError) -> Stream:
    """A member that cannot be opened."""
    return Stream(Head(path, Format.BINARY), iter(()), lambda: Tail(Status.UNREADABLE, (problem_of(error),)))
