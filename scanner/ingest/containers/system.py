"""Archives that the system's libarchive reads: rar, ISO 9660, cab, cpio, ar, lha, xar; and compress and lzip streams.

The library is asked through its stream interface, so that nothing is written anywhere. Where it is not installed the
problem says what to install.
"""

from __future__ import annotations

import ctypes
import io
import re
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, BinaryIO

from scanner.errors import ReadError
from scanner.ingest.containers.ledger import Ledger, closed
from scanner.ingest.containers.spooled import passing
from scanner.ingest.interface import Source, Stream
from scanner.ingest.spool import as_read_error
from scanner.options import ScanOptions
from scanner.terms import ProblemCode

_BLOCK = 1 << 16
_NEEDED = (
    "reading it needs the system's libarchive, which is not installed (package libarchive13 in Debian and Ubuntu, "
    "libarchive elsewhere)"
)
_ENCIPHERED = "enciphered in a way that has no reader here; unpack it with its password and scan the files"

#: First bytes, or bytes at an offset, and the kind of archive.
_MARKS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"Rar!\x1a\x07\x00", "rar"),
    (0, b"Rar!\x1a\x07\x01\x00", "rar5"),
    (0, b"MSCF\0\0\0\0", "cab"),
    (0x8001, b"CD001", "iso9660"),
    (0, b"!<arch>\n", "ar"),
    (0, b"070701", "cpio"),
    (0, b"070702", "cpio"),
    (0, b"070707", "cpio"),
    (0, b"\xc7\x71", "cpio"),
    (0, b"\x71\xc7", "cpio"),
    (0, b"xar!", "xar"),
    (2, b"-lh", "lha"),
)


def kind_of(head: bytes) -> str | None:
    """The kind of archive that begins so."""
    for at, mark, kind in _MARKS:
        if head[at : at + len(mark)] == mark:
            if mark in (b"\xc7\x71", b"\x71\xc7") and not _is_old_cpio(head):
                continue
            if kind == "lha" and not re.match(rb"-lh[0-7d]-", head[2:7]):
                continue
            return kind
    return None


def _is_old_cpio(head: bytes) -> bool:
    """Whether the first header's name ends where it says: two magic bytes alone are no mark."""
    order: Any = "little" if head[0] == 0xC7 else "big"
    length = int.from_bytes(head[20:22], order)
    return 1 < length < 4096 and head[26 + length - 1 : 26 + length] == b"\0" and 0 not in head[26 : 26 + length - 1]


def _library() -> Any:
    """The binding of the library.

    Raises:
        ReadError: the library is not installed.
    """
    try:
        import libarchive
    except (ImportError, OSError, AttributeError, TypeError):  # what loading a library that is not there raises
        raise ReadError(ProblemCode.UNSUPPORTED, _NEEDED) from None
    return libarchive


class _Entries:
    """An archive open in libarchive; a stream of bytes for its present entry."""

    def __init__(self, stream: BinaryIO, kind: str, filter_name: str = "none") -> None:
        self._stack = ExitStack()
        self._fault: BaseException | None = None
        self._stream = stream
        reader = _library().custom_reader(
            self._give, kind, filter_name, seek_func=self._seek if stream.seekable() else None
        )
        self._buffer: Any = None
        self.entries = iter(self._stack.enter_context(reader))

    def _give(self, _archive: Any, _context: Any, target: Any) -> int:
        try:
            data = self._stream.read(_BLOCK)
        except BaseException as error:  # nothing may be raised through the library
            self._fault = error
            return -1
        self._buffer = ctypes.create_string_buffer(data, len(data) or 1)
        ctypes.cast(target, ctypes.POINTER(ctypes.c_void_p))[0] = ctypes.cast(self._buffer, ctypes.c_void_p)
        return len(data)

    def _seek(self, _archive: Any, _context: Any, offset: int, whence: int) -> int:
        try:
            return self._stream.seek(offset, whence)
        except BaseException as error:
            self._fault = error
            return -30  # ARCHIVE_FATAL

    def __enter__(self) -> _Entries:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def cause(self, error: BaseException) -> BaseException:
        """The fault below the library where there was one."""
        return self._fault or error


class EntryStream(io.RawIOBase):
    """The bytes of an entry."""

    def __init__(self, entry: Any) -> None:
        """Of the entry that the archive stands at."""
        super().__init__()
        self._blocks, self._held = entry.get_blocks(_BLOCK), b""

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill part of a buffer."""
        while not self._held:
            block = next(self._blocks, None)
            if block is None:
                return 0
            self._held = block
        data, self._held = self._held[: len(buffer)], self._held[len(buffer) :]
        buffer[: len(data)] = data
        return len(data)


def refused(error: BaseException) -> ReadError:
    """The fault of the library as a `ReadError`; its text is told in no problem, for it may hold a name."""
    if isinstance(error, ReadError):
        return error
    text = str(error).lower()
    if "encrypt" in text or "passphrase" in text or "password" in text:
        return ReadError(ProblemCode.ENCRYPTED, _ENCIPHERED)
    if "unsupported" in text or "not support" in text:
        return ReadError(ProblemCode.UNSUPPORTED, "packed in a way that has no reader; unpack it and scan the files")
    if "truncated" in text:
        return ReadError(ProblemCode.TRUNCATED, "the archive breaks off here; members before it were read")
    return as_read_error(error, "the archive is damaged here; members before it were read")


class SystemArchive:
    """Opens what libarchive reads."""

    def recognise(self, head: bytes, name: str) -> bool:
        """By the magic bytes."""
        return kind_of(head) is not None

    def members(self, source: Source, options: ScanOptions) -> Iterator[Source | Stream]:
        """Members as sources, then the archive."""
        ledger = Ledger(source, options)
        kind = kind_of(source.head()) or ""
        try:
            with source.seekable() as file, _Entries(file, kind) as archive:
                try:
                    for entry in archive.entries:
                        yield from self._member(entry, source, ledger, options)
                except Exception as error:
                    raise refused(archive.cause(error)) from None
        except GeneratorExit:
            raise
        except BaseException as error:
            ledger.fault(as_read_error(error, "the archive cannot be read any further"))
        yield ledger.stream()

    def _member(self, entry: Any, source: Source, ledger: Ledger, options: ScanOptions) -> Iterator[Source | Stream]:
        if entry.isdir:
            return
        name = entry.pathname
        name = name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name or "member")
        ledger.member(name)
        untold = not entry.filetype  # `ar` may keep the rights alone
        if not (entry.isfile or untold) or entry.islnk:
            ledger.skip("a link" if entry.issym or entry.islnk else "a device or pipe", lost=False)
            return
        stream = EntryStream(entry)
        try:
            if _enciphered(entry):
                raise ReadError(ProblemCode.ENCRYPTED, _ENCIPHERED)
            first = stream.read(1)
        except Exception as error:
            made = refused(error)
            ledger.skip(made.message)
            if made.code is ProblemCode.ENCRYPTED:
                ledger.note(made.code, made.message, ledger.listed)
            yield closed(f"{source.path}!{name}", made)
            return
        yield passing(_Following(first, stream), f"{source.path}!{name}", entry.size, ledger, options.limits)


def _enciphered(entry: Any) -> bool:
    """Whether the archive says so: the library gives the cipher text of a stored member without a word."""
    ask = _library().ffi.libarchive.archive_entry_is_data_encrypted
    ask.argtypes = [ctypes.c_void_p]
    return bool(ask(entry._entry_p))


class _Following:
    """A stream whose first byte was read already."""

    def __init__(self, first: bytes, stream: EntryStream) -> None:
        self._first, self._stream = first, stream

    def read(self, count: int) -> bytes:
        """Up to `count` bytes."""
        if self._first:
            data, self._first = self._first, b""
            return data
        return self._stream.read(count) or b""


class UnpackedStream(io.RawIOBase):
    """The plain bytes of a stream under one of libarchive's filters."""

    def __init__(self, inner: BinaryIO, filter_name: str) -> None:
        """`filter_name` as the library has it, as in `compress`.

        Raises:
            ReadError: the library is not installed, or the stream does not begin as it should.
        """
        super().__init__()
        self._inner = inner
        try:
            self._archive = _Entries(inner, "raw", filter_name)
            self._entry = EntryStream(next(self._archive.entries))
        except Exception as error:
            raise as_read_error(error, "the compressed stream is damaged") from None

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill part of a buffer.

        Raises:
            ReadError: the stream is damaged.
        """
        try:
            return self._entry.readinto(buffer)
        except Exception as error:
            message = "the compressed stream is damaged; what precedes was read"
            raise as_read_error(self._archive.cause(error), message) from None

    def close(self) -> None:
        """Close the stream below."""
        self._archive.__exit__()
        self._inner.close()
        super().close()
