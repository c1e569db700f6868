"""Members that must be sought in: held in a vault, in memory up to a bound and enciphered on disk beyond it."""

from __future__ import annotations

import hashlib
import io
import json
from bisect import bisect_right
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Generic, TypeVar

from scanner.errors import LimitError, ReadError
from scanner.ingest.interface import HEAD_BYTES, Source
from scanner.ingest.sources import Meter
from scanner.model import Problem
from scanner.options import Limits
from scanner.terms import ProblemCode
from scanner.vault import Vault

PIECE = 1 << 18
Item = TypeVar("Item")


class Spool:
    """Bytes written once and then read by any number of cursors."""

    def __init__(self, vault: Vault) -> None:
        """Empty; what is written lies in `vault`."""
        self.vault = vault
        self.fault: ReadError | None = None
        """Raised once all bytes held were read: the member ended early."""
        self.sha256 = hashlib.sha256()
        self.size = 0
        self._memory: bytearray | bytes = bytearray()
        self._reserved = 0
        self._starts: list[int] = []
        self._places: list[tuple[int, int]] = []

    def __del__(self) -> None:
        """Return the memory to the vault."""
        self.vault.give(self._reserved)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Append bytes."""
        piece = bytes(data)
        if not piece:
            return
        self.sha256.update(piece)
        if not self._places and self.vault.take(len(piece)):
            self._reserved += len(piece)
            self._memory += piece  # type: ignore[operator]
        else:
            self._starts.append(self.size)
            self._places.append((self.vault.append(piece), len(piece)))
        self.size += len(piece)

    def fill(self, stream: BinaryIO) -> Spool:
        """Take everything from a stream; a fault of the stream is kept for those who read to its end."""
        try:
            while piece := stream.read(PIECE):
                self.write(piece)
        except ReadError as error:
            self.fault = error.with_traceback(None)
        return self

    def read(self, offset: int, length: int) -> bytes:
        """Up to `length` bytes at `offset`; fewer at the end of a piece.

        Raises:
            ReadError: the spooled stream had ended early, at its end.
        """
        if offset >= self.size:
            if self.fault is not None and length:
                raise self.fault
            return b""
        if offset < len(self._memory):
            return bytes(memoryview(self._memory)[offset : offset + length])
        at = bisect_right(self._starts, offset) - 1
        place, held = self._places[at]
        inside = offset - self._starts[at]
        return self.vault.read(place + inside, min(length, held - inside))

    def cursor(self, strict: bool = True) -> BinaryIO:
        """A stream over the bytes; a `strict` one raises the spool's fault at the end, another just ends."""
        return io.BufferedReader(_Cursor(self, strict), PIECE)  # type: ignore[return-value]


class _Cursor(io.RawIOBase):
    def __init__(self, spool: Spool, strict: bool) -> None:
        self._spool, self._at, self._strict = spool, 0, strict

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = max(0, offset + (0, self._at, self._spool.size)[whence])
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        if not self._strict and self._at >= self._spool.size:
            return 0
        data = self._spool.read(self._at, len(buffer))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


class Shelf(Generic[Item]):
    """A list of texts, or of lists of texts, of any length: the first `KEPT` items in memory, the others spooled."""

    KEPT = 20_000

    def __init__(self, vault: Vault) -> None:
        """Empty."""
        self.first: list[Item] = []
        """The items in memory."""
        self._spool = Spool(vault)
        self._held: list[Item] = []
        self._places: list[tuple[int, int]] = []
        self._length = 0

    def append(self, item: Item) -> None:
        """Add an item."""
        self._length += 1
        if len(self.first) < self.KEPT:
            self.first.append(item)
            return
        self._held.append(item)
        if len(self._held) >= self.KEPT:
            data = json.dumps(self._held).encode()
            self._places.append((self._spool.size, len(data)))
            self._spool.write(data)
            self._held = []

    def __len__(self) -> int:
        """Number of items."""
        return self._length

    def __iter__(self) -> Iterator[Item]:
        """The items in order."""
        yield from self.first
        with self._spool.cursor() as cursor:
            for place, length in self._places:
                cursor.seek(place)
                yield from json.loads(cursor.read(length))
        yield from self._held


class Budget:
    """What one outermost file may expand to, shared by everything inside it."""

    def __init__(self, limits: Limits, stored: int | None) -> None:
        """Nothing is expanded yet; `stored` bytes are the outermost file's size, where known."""
        self._limits, self._stored = limits, stored
        self._expanded = self._decoded = self._members = 0

    def spend(self, count: int) -> None:
        """Take `count` bytes.

        Raises:
            LimitError: all together they are more than `max_expanded`, or than `max_ratio` allows.
        """
        self._expanded += count
        self._judge()
        if self._limits.exceeds_ratio(self._expanded, self._stored):
            raise LimitError("the outermost file expands by more than max_ratio; the rest was left out")

    def decode(self, count: int) -> None:
        """Take `count` bytes that columns are decoded to; a text that stands there once may fill a column.

        Raises:
            LimitError: all together they are more than `max_expanded`.
        """
        self._decoded += count
        self._judge()

    def _judge(self) -> None:
        if self._expanded + self._decoded > self._limits.max_expanded:
            raise LimitError("what the outermost file expands to is larger than max_expanded; the rest was left out")

    def member(self) -> None:
        """Take a member.

        Raises:
            LimitError: there are more than `max_members`.
        """
        self._members += 1
        if self._members > self._limits.max_members:
            raise LimitError("more members than max_members in the outermost file; the rest was left out")


def budget_of(source: Source, limits: Limits) -> Budget:
    """The budget that a source shares with what it lies in, or a new one."""
    held = getattr(source, "budget", None)
    return held if isinstance(held, Budget) else Budget(limits, source.size)


class Bounds:
    """Counts what a member expands to, however often it is read, and stops it at the limits."""

    def __init__(self, limits: Limits, budget: Budget, stored: int | None) -> None:
        """`stored` bytes are the member's size in the container, where known."""
        self._limits, self._budget, self._stored, self._seen = limits, budget, stored, 0

    def reached(self, position: int, stored: int | None = None) -> None:
        """`position` bytes are expanded, from `stored` bytes where that is known by now.

        Raises:
            LimitError: one of `max_member`, `max_ratio`, `max_expanded` is passed.
        """
        if position <= self._seen:
            return
        if position > self._limits.max_member:
            raise LimitError("member expands beyond max_member; the rest was left out")
        if self._limits.exceeds_ratio(position, stored if stored is not None else self._stored):
            raise LimitError("member expands by more than max_ratio; the rest was left out")
        self._budget.spend(position - self._seen)
        self._seen = position  # only now: what a limit stopped stays stopped when it is read again


class _Metered(io.RawIOBase):
    def __init__(self, inner: BinaryIO, bounds: Bounds) -> None:
        self._inner, self._bounds, self._at = inner, bounds, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._some(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def read(self, size: int | None = -1) -> bytes | None:
        return super().read(-1) if size is None or size < 0 else self._some(size)

    def _some(self, most: int) -> bytes:
        wanted, once = min(most, PIECE), getattr(self._inner, "read1", None)
        # what precedes a fault must come out
        data: bytes = once(wanted) if once is not None else self._inner.read(wanted)
        self._at += len(data)
        self._bounds.reached(self._at)
        return data

    def close(self) -> None:
        self._inner.close()
        super().close()


def metered(inner: BinaryIO, bounds: Bounds) -> BinaryIO:
    """A stream that obeys the limits."""
    return _Metered(inner, bounds)  # type: ignore[return-value]


def read_up_to(stream: BinaryIO, length: int) -> bytes:
    """The first `length` bytes; what comes before a fault of the stream counts."""
    pieces: list[bytes] = []
    try:
        while length > 0 and (piece := stream.read(min(length, PIECE))):
            pieces.append(piece)
            length -= len(piece)
    except ReadError:
        pass
    return b"".join(pieces)


class MemberSource:
    """A member of a container as a source; spooled when somebody must seek in it."""

    def __init__(
        self,
        path: str,
        opener: Callable[[], BinaryIO],
        size: int | None,
        limits: Limits,
        budget: Budget,
        stored: int | None = None,
        spool: Spool | None = None,
    ) -> None:
        """`opener` gives the plain bytes from the start and may be called again; `size` is what the container says."""
        self._path, self._opener, self._size = path, opener, size
        self._limits, self.budget = limits, budget
        self._bounds = Bounds(limits, budget, stored)
        self._spool, self._head = spool, None if spool is None else read_up_to(spool.cursor(), HEAD_BYTES)
        self._digest: tuple[str | None, int | None] | None = None
        self.problems: tuple[Problem, ...] = ()

    @property
    def path(self) -> str:
        """Provenance path."""
        return self._path

    @property
    def size(self) -> int | None:
        """Bytes, where known."""
        return self._spool.size if self._spool is not None else self._size

    def head(self) -> bytes:
        """The first HEAD_BYTES (or all, where fewer or where it ends early).

        Raises:
            ReadError: it cannot be opened.
        """
        if self._head is None:
            with self.stream() as stream:
                self._head = read_up_to(stream, HEAD_BYTES)
        return self._head

    def stream(self) -> BinaryIO:
        """The bytes from the first on.

        Raises:
            ReadError: it cannot be opened; or, while read, it is damaged or a limit is reached.
        """
        if self._spool is not None:
            return _Cursor(self._spool, True)  # type: ignore[return-value]
        return metered(self._opener(), self._bounds)

    def seekable(self) -> BinaryIO:
        """A new cursor over the spooled bytes; it ends where a damaged member ends (see `fault`)."""
        if self._spool is None:
            with self.stream() as stream:
                self._spool = Spool(Vault(self._limits.spool_memory)).fill(stream)
        return self._spool.cursor(strict=False)

    @property
    def fault(self) -> ReadError | None:
        """What cut the spooled bytes short."""
        return self._spool.fault if self._spool is not None else None

    def file(self) -> Path | None:
        """None: a member lies in its container."""
        return None

    def digest(self) -> tuple[str | None, int | None]:
        """SHA-256 and size of the member's own bytes; both None where they cannot be read to the end."""
        if self._digest is None:
            if self._spool is not None and self._spool.fault is None:
                self._digest = (self._spool.sha256.hexdigest(), self._spool.size)
            else:
                meter = Meter(self)
                meter.finish()
                self._digest = (None, None) if meter.fault else (meter.sha256, meter.count)
        return self._digest


def fault_of(source: Source) -> ReadError | None:
    """What cut a spooled source short, or None."""
    fault = getattr(source, "fault", None)
    return fault if isinstance(fault, ReadError) else None


def as_read_error(error: BaseException, message: str, row: int | None = None) -> ReadError:
    """The `ReadError` that stands for any fault of a library; only its class is told, for its text may hold cells.

    Raises:
        BaseException: `error` itself, where it asks the program to stop.
    """
    if isinstance(error, KeyboardInterrupt | SystemExit | GeneratorExit):
        raise error
    if isinstance(error, ReadError):
        return error
    if isinstance(error, MemoryError):
        return ReadError(ProblemCode.LIMIT, f"{message}: more memory needed than there is", row)
    code = ProblemCode.TRUNCATED if isinstance(error, EOFError) else ProblemCode.CORRUPT
    return ReadError(code, f"{message} ({type(error).__name__})", row)


def problem_of(error: ReadError) -> Problem:
    """The record of a `ReadError`."""
    return Problem(error.code, error.message, error.row)


def pieces(stream: BinaryIO) -> Iterator[bytes]:
    """All bytes of a stream in pieces."""
    while piece := stream.read(PIECE):
        yield piece
