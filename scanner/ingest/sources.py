"""Where bytes come from: files on disk, bytes in memory, standard input; and the digest taken while they pass."""

from __future__ import annotations

import hashlib
import io
import sys
from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from scanner import digesting
from scanner.errors import ReadError
from scanner.ingest.interface import HEAD_BYTES, Source, Tail
from scanner.model import Problem
from scanner.terms import ProblemCode, Status

_BLOCK = 1 << 20

_CHANGED = "the file was changed while it was read, so it has no digest; scan it again"


def read_error(error: OSError, what: str = "the file") -> ReadError:
    """The ReadError for an error of the operating system; names no path."""
    if isinstance(error, ReadError):
        return error
    if isinstance(error, FileNotFoundError):
        return ReadError(ProblemCode.MISSING, f"{what} does not exist")
    if isinstance(error, PermissionError):
        return ReadError(ProblemCode.NOT_PERMITTED, f"the system does not permit reading {what}")
    return ReadError(ProblemCode.CORRUPT, f"{what} cannot be read: {error.strerror or type(error).__name__}")


class FileSource:
    """A regular file on disk."""

    def __init__(self, file: Path, path: str, size: int | None = None) -> None:
        """`file` is opened; `path` is its provenance path, `size` in bytes where it was just asked for."""
        self._file, self._path = file, path
        self._head: bytes | None = None
        self._digesting: digesting.Digesting | None = None
        self._size = size
        if size is None:
            try:
                self._size = file.stat().st_size
            except OSError:
                self._size = None

    @property
    def path(self) -> str:
        """Provenance path."""
        return self._path

    @property
    def size(self) -> int | None:
        """Bytes, or None where the system does not say."""
        return self._size

    def head(self) -> bytes:
        """The first HEAD_BYTES.

        Raises:
            ReadError: it cannot be opened or read.
        """
        if self._head is None:
            try:
                with self._file.open("rb", buffering=0) as stream:
                    # room for all of HEAD_BYTES costs more than a small file does
                    short = HEAD_BYTES if self._size is None else min(self._size + 1, HEAD_BYTES)
                    head = stream.read(short) or b""
                    rest = b"" if len(head) == self._size else read_full(stream, HEAD_BYTES - len(head))
                    self._head = head + rest if rest else head
            except OSError as error:
                raise read_error(error) from None
        return self._head

    def stream(self) -> BinaryIO:
        """The bytes from the first on; those of a file that its head holds whole are not read again.

        Raises:
            ReadError: it cannot be opened.
        """
        if self._head is not None and len(self._head) == self._size and len(self._head) < HEAD_BYTES:
            return io.BytesIO(self._head)
        try:
            return self._file.open("rb", buffering=0)
        except OSError as error:
            raise read_error(error) from None

    def seekable(self) -> BinaryIO:
        """The file, buffered.

        Raises:
            ReadError: it cannot be opened.
        """
        try:
            return self._file.open("rb")
        except OSError as error:
            raise read_error(error) from None

    def file(self) -> Path:
        """The file itself."""
        return self._file

    @contextmanager
    def digesting(self) -> Iterator[None]:
        """Within, its digest is taken on the side, from before a row is wanted; enter it without threads."""
        self._digesting = begun = digesting.of(self._file)
        try:
            yield
        finally:
            self._digesting = None
            begun.stop()

    @property
    def digests_apart(self) -> bool:
        """Whether whoever reads it need not take its digest."""
        return self._digesting is not None

    def digest(self) -> tuple[str | None, int | None]:
        """SHA-256 and size of what is read; (None, size) where it cannot be, or was changed meanwhile."""
        if self._digesting is not None:
            known = self._digesting.result()
            if known is not None:
                return known
            self._digesting = None
        return _metered(self)


class JoinedSource:
    """Files that are one after the other the parts of an archive; its digest and size are those of the file named."""

    def __init__(self, files: tuple[Path, ...], named: FileSource) -> None:
        """`files` in order; `named` is the one whose path the archive goes by."""
        self._files, self._named = files, named
        sizes = [file.stat().st_size for file in files]
        self.volumes = tuple(sum(sizes[:index]) for index in range(len(sizes)))
        """Offsets at which the parts begin."""
        self._size = sum(sizes)

    @property
    def path(self) -> str:
        """Provenance path."""
        return self._named.path

    @property
    def size(self) -> int | None:
        """Bytes of all parts."""
        return self._size

    def head(self) -> bytes:
        """The first HEAD_BYTES."""
        with self.stream() as stream:
            return read_full(stream, HEAD_BYTES)

    def stream(self) -> BinaryIO:
        """The bytes from the first on."""
        return _Joined(self._files, self.volumes, self._size)  # type: ignore[return-value]

    def seekable(self) -> BinaryIO:
        """The same, buffered."""
        return io.BufferedReader(_Joined(self._files, self.volumes, self._size))  # type: ignore[return-value]

    def file(self) -> Path | None:
        """None: no one file holds it."""
        return None

    def digest(self) -> tuple[str | None, int | None]:
        """SHA-256 and size of the file named; the other parts are reported with their own."""
        return digest(self._named)


class _Joined(io.RawIOBase):
    def __init__(self, files: tuple[Path, ...], starts: tuple[int, ...], size: int) -> None:
        super().__init__()
        self._files, self._starts, self._size = files, starts, size
        self._at, self._index = 0, -1
        self._open: BinaryIO | None = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = max(0, offset + (0, self._at, self._size)[whence])
        return self._at

    def readinto(self, target: object) -> int:
        view = memoryview(target).cast("B")  # type: ignore[arg-type]
        if self._at >= self._size or not view:
            return 0
        index = bisect_right(self._starts, self._at) - 1
        if index != self._index:
            self._shut()
            try:
                self._open, self._index = self._files[index].open("rb", buffering=0), index
            except OSError as error:
                raise read_error(error, "a part of the archive") from None
        assert self._open is not None
        self._open.seek(self._at - self._starts[index])
        data = self._open.read(len(view))
        if not data:
            raise ReadError(ProblemCode.TRUNCATED, "a part of the archive is shorter than it was")
        view[: len(data)] = data
        self._at += len(data)
        return len(data)

    def _shut(self) -> None:
        if self._open is not None:
            self._open.close()
        self._open, self._index = None, -1

    def close(self) -> None:
        self._shut()
        super().close()


class BytesSource:
    """Bytes in memory."""

    def __init__(self, data: bytes, path: str) -> None:
        """`path` is the provenance path."""
        self._data, self._path = data, path

    @property
    def path(self) -> str:
        """Provenance path."""
        return self._path

    @property
    def size(self) -> int | None:
        """Bytes."""
        return len(self._data)

    def head(self) -> bytes:
        """The first HEAD_BYTES."""
        return self._data[:HEAD_BYTES]

    def stream(self) -> BinaryIO:
        """A new stream on the bytes."""
        return io.BytesIO(self._data)

    def seekable(self) -> BinaryIO:
        """A new stream on the bytes."""
        return io.BytesIO(self._data)

    def file(self) -> Path | None:
        """None: there is no file."""
        return None


class _Tee(io.RawIOBase):
    """Standard input that keeps what passes, so that it can be read again."""

    def __init__(self, owner: StdinSource) -> None:
        super().__init__()
        self._owner, self._at = owner, 0

    def readable(self) -> bool:
        return True

    def readinto(self, target: object) -> int:
        view = memoryview(target).cast("B")  # type: ignore[arg-type]
        data = self._owner.at(self._at, len(view))
        view[: len(data)] = data
        self._at += len(data)
        return len(data)


class StdinSource:
    """Standard input; what was read is kept in memory, beyond a budget enciphered on disk."""

    def __init__(self, memory: int, stream: BinaryIO | None = None, path: str = "-") -> None:
        """`memory` bytes stay in memory; `stream` is standard input unless given."""
        self._input = stream if stream is not None else sys.stdin.buffer
        from scanner.ingest.spool import Spool  # not needed for files
        from scanner.vault import Vault

        self._kept = Spool(Vault(memory))
        self._length, self._ended, self._path = 0, False, path

    @property
    def path(self) -> str:
        """Provenance path."""
        return self._path

    @property
    def size(self) -> int | None:
        """Bytes once the end was seen; None before."""
        return self._length if self._ended else None

    def at(self, offset: int, count: int) -> bytes:
        """Up to `count` bytes from `offset` on; empty at the end."""
        while not self._ended and self._length < offset + count:
            try:
                block = self._input.read(max(_BLOCK, offset + count - self._length))
            except OSError as error:
                self._kept.fault, block = read_error(error, "standard input").with_traceback(None), b""
            if not block:
                self._ended = True
                break
            self._kept.write(block)
            self._length += len(block)
        out = []
        while count > 0 and (piece := self._kept.read(offset, min(count, self._length - offset))):
            out.append(piece)
            offset, count = offset + len(piece), count - len(piece)
        return b"".join(out)

    def head(self) -> bytes:
        """The first HEAD_BYTES."""
        return self.at(0, HEAD_BYTES)

    def stream(self) -> BinaryIO:
        """The bytes from the first on."""
        return _Tee(self)  # type: ignore[return-value]

    def keep(self) -> None:
        """Read all of it, so that it can be read again."""
        while not self._ended:
            self.at(self._length, 1)

    def seekable(self) -> BinaryIO:
        """All of it, able to seek."""
        self.keep()
        return self._kept.cursor()

    def file(self) -> Path | None:
        """None: there is no file."""
        return None


def read_full(stream: BinaryIO, count: int) -> bytes:
    """Exactly `count` bytes, or all up to the end; a raw stream may give fewer in one call."""
    data = stream.read(count) or b""
    if len(data) == count or not data:
        return data
    pieces, missing = [data], count - len(data)
    while missing:
        data = stream.read(missing)
        if not data:
            break
        pieces.append(data)
        missing -= len(data)
    return b"".join(pieces)


class Meter:
    """Reads a source once, front to back, and knows digest and length of what passed.

    Use as a context manager around `read`; `finish` reads what is left, so that the digest is of the whole source.
    """

    def __init__(self, source: Source) -> None:
        """Nothing is opened yet."""
        self._source = source
        self._stream: BinaryIO | None = None
        self._hash: Any = None if getattr(source, "digests_apart", False) else hashlib.sha256()
        self.count = 0
        """Bytes that passed."""
        self.ended = False
        """The end was seen, or a fault."""
        self.fault: ReadError | None = None
        """Why the source could not be read to its end."""

    def read(self, count: int) -> bytes:
        """The next `count` bytes; fewer only at the end, or where `fault` was met."""
        pieces: list[bytes] = []

        def take(missing: int) -> int:
            pieces.append(self._opened().read(missing) or b"")
            return len(pieces[-1])

        self._take(count, take)
        data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        if self._hash is not None:
            self._hash.update(data)
        return data

    def read_into(self, target: memoryview) -> int:
        """As `read`, into a buffer that is filled; returns how many bytes it got."""

        def take(missing: int) -> int:
            into: Any = self._opened()  # every stream has it, though BinaryIO does not say so
            return into.readinto(target[len(target) - missing :]) or 0

        got = self._take(len(target), take)
        if self._hash is not None:
            self._hash.update(target[:got])
        return got

    def _opened(self) -> BinaryIO:
        if self._stream is None:
            self._stream = self._source.stream()
        return self._stream

    def _take(self, count: int, take: Callable[[int], int]) -> int:
        """Ask `take` for what is missing of `count` bytes until it has nothing more; returns how many it got."""
        missing = 0 if self.ended else count
        wanted = missing
        try:
            while missing and (got := take(missing)):
                missing -= got
        except OSError as error:
            # what came before the fault counts: the source ends here, and `fault` says why
            self.fault = read_error(error).with_traceback(None)  # whose frames would hold this and all it holds
        if missing:
            self.ended = True
            self.close()
        self.count += wanted - missing
        return wanted - missing

    def finish(self) -> None:
        """Read to the end."""
        while not self.ended:
            self.read(_BLOCK)

    def close(self) -> None:
        """Close the stream."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    @property
    def sha256(self) -> str | None:
        """Hex digest of the whole source; None as long as its end was not seen, and of a member digested apart."""
        if not self.ended or self.fault is not None:
            return None
        if self._hash is not None:
            return str(self._hash.hexdigest())
        return self._source.digest()[0] if isinstance(self._source, FileSource) else None

    def tail(self, status: Status = Status.COMPLETE, problems: tuple[Problem, ...] = ()) -> Tail:
        """The tail of a stream that was read through this meter."""
        whole, sha256 = self.ended and self.fault is None, self.sha256
        if whole and sha256 is None and isinstance(self._source, FileSource):
            problems += (Problem(ProblemCode.CORRUPT, _CHANGED),)
            status = Status.PARTIAL if status is Status.COMPLETE else status
        size = self.count if whole else self._source.size
        return Tail(status, problems, sha256, size, size, self.count)


def digest(source: Source) -> tuple[str | None, int | None]:
    """SHA-256 and size of a source's own bytes, in a pass of its own; (None, size) where it cannot be read."""
    own = getattr(source, "digest", None)
    if not callable(own):
        return _metered(source)
    sha256, size = own()
    return sha256, size


def _metered(source: Source) -> tuple[str | None, int | None]:
    meter = Meter(source)
    meter.finish()
    return meter.sha256, source.size if meter.fault else meter.count


def tail_by_digest(
    source: Source, status: Callable[[], Status], problems: Callable[[], tuple[Problem, ...]]
) -> Callable[[], Tail]:
    """The tail function of a reader with random access: status and problems are asked when the tail is."""

    def tail() -> Tail:
        sha256, size = digest(source)
        return Tail(status(), problems(), sha256, size, size, size or 0)

    return tail
