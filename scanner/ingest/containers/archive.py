"""Archives: zip, tar, 7z, and those that are only recognised. Each adds a step to the provenance path."""

from __future__ import annotations

import bz2
import contextlib
import io
import lzma
import re
import tarfile
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from scanner.errors import LimitError, ReadError
from scanner.ingest.containers.compressed import Decoding
from scanner.ingest.interface import Head, Source, Stream, Tail
from scanner.ingest.readers.sheets import package_format
from scanner.ingest.spool import MemberSource, Spool, Vault, as_read_error, budget_of, digest, metered, problem_of
from scanner.ingest.spool import Meter as Bounds
from scanner.model import Problem
from scanner.options import ScanOptions
from scanner.terms import Format, ProblemCode, Status


class Ledger:
    """What became of an archive's members."""

    def __init__(self, source: Source) -> None:
        """Nothing listed yet."""
        self.source, self.status = source, Status.COMPLETE
        self.problems: list[Problem] = []
        self.listed = self.opened = 0

    def fault(self, error: ReadError, status: Status = Status.PARTIAL) -> None:
        """The archive cannot be read any further."""
        self.problems.append(problem_of(error))
        self.status = status

    def unsafe(self, name: str) -> None:
        """Note a member that would be written outside."""
        if name.startswith(("/", "\\")) or re.search(r"(^|[/\\])\.\.([/\\]|$)|^[A-Za-z]:", name):
            message = "the member's path leads outside of the archive; it was read, nothing was written"
            self.problems.append(Problem(ProblemCode.UNSAFE_PATH, message, self.listed))

    def stream(self) -> Stream:
        """The archive itself as an artifact without rows."""
        if self.status is Status.PARTIAL and self.opened == 0:
            self.status = Status.UNREADABLE
        return Stream(Head(self.source.path, Format.ARCHIVE, detail=f"{self.listed} members"), iter(()), self._tail)

    def _tail(self) -> Tail:
        sha256, size = digest(self.source)
        if self.listed != self.opened:
            message = f"{self.listed - self.opened} of {self.listed} members were not opened"
            self.problems.append(Problem(ProblemCode.MEMBER_SKIPPED, message))
        read = 0 if self.status is Status.UNREADABLE else size or 0
        return Tail(self.status, tuple(self.problems), sha256, size, size, read)


def closed(path: str, error: ReadError) -> Stream:
    """A member that cannot be opened."""
    return Stream(Head(path, Format.BINARY), iter(()), lambda: Tail(Status.UNREADABLE, (problem_of(error),)))


class Slice(io.RawIOBase):
    """Bytes `start` to `start + length` of a file that several threads read; the lock guards its position."""

    def __init__(self, file: BinaryIO, lock: threading.Lock, start: int, length: int) -> None:
        """Nothing is read yet."""
        super().__init__()
        self._file, self._lock, self._at, self._end = file, lock, start, start + length

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill part of a buffer.

        Raises:
            ReadError: the file ends before the member does.
        """
        wanted = min(len(buffer), self._end - self._at)
        if wanted <= 0:
            return 0
        with self._lock:
            self._file.seek(self._at)
            data = self._file.read(wanted)
        if not data:
            raise ReadError(ProblemCode.TRUNCATED, "the archive ends within this member")
        self._at += len(data)
        buffer[: len(data)] = data
        return len(data)


class _Raw:
    """A raw deflate or deflate64 stream with the interface of the standard library's decoders."""

    def __init__(self, sixty_four: bool) -> None:
        self.eof, self.needs_input, self.unused_data = False, True, b""
        self._sixty_four = sixty_four
        if sixty_four:
            import inflate64

            self._inner: Any = inflate64.Inflater()
        else:
            self._inner = zlib.decompressobj(-15)

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        if self._sixty_four:
            out = bytes(self._inner.inflate(data))
            self.eof = bool(self._inner.eof)
            return out
        out = bytes(self._inner.decompress(self._inner.unconsumed_tail + data, max_length))
        self.eof, self.needs_input = self._inner.eof, not out
        return out


class _Checked(io.RawIOBase):
    def __init__(self, inner: BinaryIO, crc: int, size: int) -> None:
        super().__init__()
        self._inner, self._crc, self._size, self._now, self._at = inner, crc, size, 0, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._inner.read1(min(len(buffer), 1 << 16))  # type: ignore[attr-defined]
        if not data and (self._now != self._crc or self._at != self._size):
            raise ReadError(
                ProblemCode.CORRUPT, "the member's size or check sum is not the one that the archive states"
            )
        self._now, self._at = zlib.crc32(data, self._now), self._at + len(data)
        buffer[: len(data)] = data
        return len(data)


def _zip_lzma(raw: BinaryIO) -> Any:
    start = raw.read(4)
    properties = raw.read(int.from_bytes(start[2:4], "little"))
    first = properties[0]
    chosen = {
        "id": lzma.FILTER_LZMA1,
        "lc": first % 9,
        "lp": first // 9 % 5,
        "pb": first // 45,
        "dict_size": int.from_bytes(properties[1:5], "little"),
    }
    return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[chosen])


def _zip_open(file: BinaryIO, lock: threading.Lock, info: zipfile.ZipInfo) -> BinaryIO:
    with lock:
        file.seek(info.header_offset)
        local = file.read(30)
    if local[:4] != b"PK\3\4" or len(local) < 30:
        raise ReadError(ProblemCode.CORRUPT, "the member's local header is damaged")
    start = info.header_offset + 30 + int.from_bytes(local[26:28], "little") + int.from_bytes(local[28:30], "little")
    raw: Any = io.BufferedReader(Slice(file, lock, start, info.compress_size))
    method = info.compress_type
    plain: Any
    if method == 0:
        plain = raw
    elif method in (8, 9):
        plain = Decoding(raw, lambda: _Raw(method == 9), several=False)
    elif method == 12:
        plain = Decoding(raw, bz2.BZ2Decompressor, several=False)
    elif method == 14:
        decoder = _zip_lzma(raw)
        plain = Decoding(raw, lambda: decoder, several=False)
    elif method == 93:
        from scanner.ingest.containers.compressed import _zstd

        plain = Decoding(raw, _zstd, several=False)
    elif method == 95:
        plain = Decoding(raw, lzma.LZMADecompressor, several=False)
    else:
        raise ReadError(ProblemCode.UNSUPPORTED, f"compression method {method} has no reader")
    if isinstance(plain, Decoding):
        plain = io.BufferedReader(plain, 1 << 16)
    return io.BufferedReader(_Checked(plain, info.CRC, info.file_size), 1 << 16)  # type: ignore[return-value]


def _zip_name(info: zipfile.ZipInfo) -> str:
    name = info.orig_filename.split("\0")[0]
    if not info.flag_bits & 0x800:
        with contextlib.suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return name


def _recover(file: BinaryIO) -> list[zipfile.ZipInfo]:
    """Members by their local headers, for an archive without a central directory; as far as sizes are stated."""
    found: list[zipfile.ZipInfo] = []
    at = 0
    while True:
        file.seek(at)
        local = file.read(30)
        if len(local) < 30 or local[:4] != b"PK\3\4":
            return found
        flags, method = int.from_bytes(local[6:8], "little"), int.from_bytes(local[8:10], "little")
        crc, packed, size = (int.from_bytes(local[i : i + 4], "little") for i in (14, 18, 22))
        name, extra = int.from_bytes(local[26:28], "little"), int.from_bytes(local[28:30], "little")
        text = file.read(name).decode("utf-8" if flags & 0x800 else "cp437", "replace")
        start = at + 30 + name + extra
        if flags & 8:
            if method != 8:
                return found
            file.seek(start)
            decoder, crc, size, packed = zlib.decompressobj(-15), 0, 0, 0
            while not decoder.eof and (data := file.read(1 << 16)):
                try:
                    while data:
                        out = decoder.decompress(data, 1 << 20)
                        crc, size = zlib.crc32(out, crc), size + len(out)
                        left = decoder.unused_data if decoder.eof else decoder.unconsumed_tail
                        packed += len(data) - len(left)
                        data = b"" if decoder.eof else left
                except zlib.error:
                    break
            file.seek(start + packed)
            mark = file.read(16)
            at = start + packed + (16 if mark[:4] == b"PK\7\x08" else 12)
        else:
            at = start + packed
        info = zipfile.ZipInfo(text or "member")
        info.orig_filename, info.flag_bits, info.compress_type = text, flags, method
        info.header_offset = start - 30 - name - extra
        info.CRC, info.compress_size, info.file_size = crc, packed, size
        found.append(info)


class Zip:
    """Opens zip archives."""

    def recognise(self, head: bytes, name: str) -> bool:
        """By the first local header or an empty archive's end record."""
        if package_format(head, name) is not None:
            return False  # a workbook
        return head[:4] in (b"PK\3\4", b"PK\5\6") or head[:8] in (b"PK\7\x08PK\3\4", b"PK00PK\3\4")

    def members(self, source: Source, options: ScanOptions) -> Iterator[Source | Stream]:
        """Members as sources, then the archive."""
        ledger, limits, budget = Ledger(source), options.limits, budget_of(source, options.limits)
        lock = threading.Lock()
        try:
            file = source.seekable()
            try:
                with zipfile.ZipFile(file) as archive:
                    infos = archive.infolist()
            except Exception:
                if re.search(r"\.(z\d\d|zip\.\d{3})$", source.path, re.IGNORECASE):
                    raise ReadError(
                        ProblemCode.MULTI_PART, "a volume of a split archive; the parts must be joined"
                    ) from None
                file.seek(0)
                infos = _recover(file)
                ledger.fault(
                    ReadError(ProblemCode.TRUNCATED, "no central directory; members found by their local headers")
                )
        except BaseException as error:
            ledger.fault(as_read_error(error, "the archive cannot be opened"), Status.UNREADABLE)
            yield ledger.stream()
            return
        for info in infos:
            name = _zip_name(info)
            if name.endswith("/") and info.file_size == 0:
                continue
            if ledger.listed >= limits.max_members:
                ledger.fault(LimitError("more members than max_members; the rest was left out"))
                break
            ledger.listed += 1
            ledger.unsafe(name)
            path = f"{source.path}!{name}"
            opener: Callable[[], BinaryIO]
            try:
                if info.flag_bits & 1:
                    opener = _locked(file, info, options.passwords)
                else:
                    opener = _plain(file, lock, info)
                    opener().close()
            except ReadError as error:
                ledger.status = Status.PARTIAL
                if error.code is ProblemCode.ENCRYPTED and error.code not in {p.code for p in ledger.problems}:
                    ledger.problems.append(problem_of(error))
                yield closed(path, error)
                continue
            ledger.opened += 1
            yield MemberSource(path, opener, info.file_size, limits, budget, max(info.compress_size, 1))
        yield ledger.stream()


def _plain(file: BinaryIO, lock: threading.Lock, info: zipfile.ZipInfo) -> Callable[[], BinaryIO]:
    return lambda: _zip_open(file, lock, info)


class _Guarded(io.RawIOBase):
    def __init__(self, inner: Any) -> None:
        super().__init__()
        self._inner = inner

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._inner.read(len(buffer))
        except Exception as error:
            raise as_read_error(error, "the enciphered member is damaged") from None
        buffer[: len(data)] = data
        return len(data)


def _locked(file: BinaryIO, info: zipfile.ZipInfo, passwords: tuple[str, ...]) -> Callable[[], BinaryIO]:
    import pyzipper

    for password in passwords:
        try:
            archive = pyzipper.AESZipFile(file)
            name = next(one for one in archive.infolist() if one.header_offset == info.header_offset)
            with archive.open(name, pwd=password.encode()) as trial:
                trial.read(1)
        except Exception:
            continue
        secret = password.encode()
        return lambda: io.BufferedReader(_Guarded(archive.open(name, pwd=secret)))  # type: ignore[return-value]
    message = (
        "the member is enciphered and no password opens it"
        if passwords
        else "the member is enciphered; give a password"
    )
    raise ReadError(ProblemCode.ENCRYPTED, message)


class Tar:
    """Opens tar archives, front to back; members are spooled as they pass."""

    def recognise(self, head: bytes, name: str) -> bool:
        """By the check sum of the first header."""
        if len(head) < 512 or not head[0]:
            return False
        try:
            stated = int(head[148:156].strip(b" \0") or b"-", 8)
        except ValueError:
            return False
        return sum(head[:148]) + 256 + sum(head[156:512]) == stated

    def members(self, source: Source, options: ScanOptions) -> Iterator[Source | Stream]:
        """Members as sources, then the archive."""
        ledger, limits, budget = Ledger(source), options.limits, budget_of(source, options.limits)
        try:
            archive = tarfile.open(fileobj=io.BufferedReader(_Guarded(source.stream())), mode="r|")  # noqa: SIM115
            while (info := archive.next()) is not None:
                archive.members = []  # type: ignore[attr-defined]  # a stream of many members must not pile up
                if not info.isfile():
                    continue
                if ledger.listed >= limits.max_members:
                    raise LimitError("more members than max_members; the rest was left out")
                ledger.listed += 1
                ledger.unsafe(info.name)
                inner = archive.extractfile(info)
                if inner is None:
                    continue
                spool = Spool(Vault(limits.spool_memory))
                plain: Any = io.BufferedReader(_Guarded(inner))
                spool.fill(metered(plain, Bounds(limits, budget, None)))
                if spool.fault is None and spool.size < info.size:
                    spool.fault = ReadError(ProblemCode.TRUNCATED, "the archive ends within this member")
                ledger.opened += 1
                path = f"{source.path}!{info.name}"
                yield MemberSource(path, spool.cursor, spool.size, limits, budget, None, spool)
                if spool.fault is not None:
                    raise spool.fault
        except GeneratorExit:
            raise
        except BaseException as error:
            made = as_read_error(error, "the archive breaks off here; members before it were read")
            ledger.fault(made)
        yield ledger.stream()


class SevenZip:
    """Opens 7z archives."""

    def recognise(self, head: bytes, name: str) -> bool:
        """By the magic bytes."""
        return head[:6] == b"7z\xbc\xaf\x27\x1c"

    def members(self, source: Source, options: ScanOptions) -> Iterator[Source | Stream]:
        """Members as sources, then the archive."""
        import py7zr

        ledger, limits, budget = Ledger(source), options.limits, budget_of(source, options.limits)
        vault = Vault(limits.spool_memory)
        kept: dict[str, Any] = {}
        if re.search(r"\.\d{3}$", source.path):
            ledger.fault(ReadError(ProblemCode.MULTI_PART, "a volume of a split archive; the parts must be joined"))
            yield ledger.stream()
            return

        class Writer(py7zr.io.Py7zIO):  # type: ignore[misc]
            def __init__(self) -> None:
                self.spool, self.bounds = Spool(vault), Bounds(limits, budget, None)

            def write(self, data: bytes | bytearray) -> int:
                self.bounds.reached(self.spool.size + len(data))
                self.spool.write(data)
                return len(data)

            def read(self, size: int | None = None) -> bytes:
                return b""

            def seek(self, offset: int, whence: int = 0) -> int:
                return 0

            def flush(self) -> None:
                pass

            def size(self) -> int:
                return self.spool.size

        class Factory(py7zr.io.WriterFactory):  # type: ignore[misc]
            def create(self, filename: str) -> Writer:
                inside = Path(filename)  # py7zr hands over the place where it would write
                if inside.is_relative_to(Path.cwd()):
                    inside = inside.relative_to(Path.cwd())
                made = kept[inside.as_posix()] = Writer()
                return made

        fault: ReadError | None = None
        for password in (None, *options.passwords):
            kept.clear()
            fault = None
            try:
                with py7zr.SevenZipFile(source.seekable(), password=password) as archive:
                    names = [one.filename for one in archive.list() if not one.is_directory]
                    ledger.listed = len(names)
                    if password is None and archive.needs_password():
                        raise ReadError(ProblemCode.ENCRYPTED, "the archive is enciphered; give a password")
                    archive.extractall(path="", factory=Factory())
                break
            except py7zr.exceptions.PasswordRequired:
                fault = ReadError(ProblemCode.ENCRYPTED, "the archive is enciphered; give a password")
            except BaseException as error:
                fault = as_read_error(error, "the archive is damaged, or the password is wrong")
                if password is None and fault.code is not ProblemCode.ENCRYPTED:
                    break
        for name, writer in kept.items():
            ledger.unsafe(name)
            ledger.opened += 1
            if fault is not None:
                writer.spool.fault = fault
            yield MemberSource(
                f"{source.path}!{name}", writer.spool.cursor, writer.spool.size, limits, budget, None, writer.spool
            )
        if fault is not None:
            ledger.fault(fault)
        yield ledger.stream()


class Unsupported:
    """Archives that are recognised and not read."""

    def recognise(self, head: bytes, name: str) -> bool:
        """By the magic bytes."""
        return (
            head[:6] == b"Rar!\x1a\x07" or head[:8] == b"MSCF\0\0\0\0" or head[0x8001:0x8006] == b"CD001"
            or head[:2] == b"\x1f\x9d" or head[:8] == b"!<arch>\n" or head[:6] in (b"070707", b"070701", b"070702")
        )  # fmt: skip

    def members(self, source: Source, options: ScanOptions) -> Iterator[Source | Stream]:
        """The archive alone, unreadable."""
        ledger = Ledger(source)
        if re.search(r"\.(part\d+\.rar|r\d\d|\d{3})$", source.path, re.IGNORECASE):
            error = ReadError(ProblemCode.MULTI_PART, "a volume of a split archive, of a kind that has no reader")
        else:
            error = ReadError(
                ProblemCode.UNSUPPORTED, "an archive of a kind that has no reader; unpack it and scan the files"
            )
        ledger.fault(error, Status.UNREADABLE)
        yield ledger.stream()
