"""Zip archives: the directory is read entry by entry and each member on its own, so that neither is ever held whole.

Source: APPNOTE.TXT 6.3.10. The standard library's `zipfile` holds the whole directory, refuses an archive for one bad
entry, and knows neither deflate64 nor AES nor volumes.
"""

from __future__ import annotations

import bz2
import contextlib
import io
import lzma
import struct
import threading
import zlib
from bisect import bisect_right, insort
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

from scanner.errors import ReadError
from scanner.ingest.containers.compressed import Decoding, Inflate, zstd_decoder
from scanner.ingest.containers.enciphered import WinZipAes, WrongPasswordError, ZipCrypto
from scanner.ingest.containers.ledger import Ledger, closed
from scanner.ingest.interface import Source, Stream
from scanner.ingest.readers.sheets import package_format
from scanner.ingest.spool import MemberSource, as_read_error, read_up_to
from scanner.options import ScanOptions
from scanner.terms import ProblemCode

_STORED, _DEFLATE, _DEFLATE64, _BZIP2, _LZMA, _ZSTD, _XZ, _AES = 0, 8, 9, 12, 14, 93, 95, 99
_NAMES = {1: "shrunk", 2: "reduced", 3: "reduced", 4: "reduced", 5: "reduced", 6: "imploded", 98: "PPMd"}
_ENTRY = struct.Struct("<4x2xHHHHHIIIHHHHHII")
_LOCAL = struct.Struct("<4sHHHHHIIIHH")
#: Bytes that a password is tried on.
_TRIAL = 1 << 16


@dataclass(frozen=True, slots=True)
class Entry:
    """A member as the directory states it."""

    name: str
    flags: int
    method: int
    check: int
    """Last byte of the header of an enciphered member."""
    crc: int | None
    packed: int
    size: int
    offset: int
    """Of the local header, in the whole archive."""
    strength: int = 0
    """Of AES; 0 where the member is not enciphered so."""
    linked: bool = False
    """A symbolic link: its bytes are a path."""


class Shared:
    """A file that several threads read at places of their own; closed with the last of its readers."""

    def __init__(self, file: BinaryIO) -> None:
        """`file` is read through this alone from now on."""
        self._file, self._lock = file, threading.Lock()
        self.size = file.seek(0, 2)

    def __del__(self) -> None:
        """Close the file."""
        self._file.close()

    def read(self, offset: int, length: int) -> bytes:
        """Up to `length` bytes at `offset`; none before the file begins."""
        if offset < 0:
            return b""
        with self._lock:
            self._file.seek(offset)
            return self._file.read(length)


class Slice(io.RawIOBase):
    """Bytes `start` to `start + length` of a shared file."""

    def __init__(self, file: Shared, start: int, length: int) -> None:
        """Nothing is read yet."""
        super().__init__()
        self._file, self._at, self._end = file, start, start + length

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
        data = self._file.read(self._at, wanted)
        if not data:
            raise ReadError(ProblemCode.TRUNCATED, "the archive ends within this member")
        self._at += len(data)
        buffer[: len(data)] = data
        return len(data)


class _Inflate64:
    """A deflate64 stream likewise; its library gives out all that it is fed: it is fed little by little."""

    _SIP = 256  # expands to 8 MB at most

    def __init__(self) -> None:
        import inflate64

        self.eof, self.needs_input, self.unused_data = False, True, b""
        self._inner, self._held = inflate64.Inflater(), memoryview(b"")

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        if data:
            self._held = memoryview(bytes(self._held) + data)
        out = b""
        while self._held and not out and not self.eof:
            out, self._held = bytes(self._inner.inflate(bytes(self._held[: self._SIP]))), self._held[self._SIP :]
            self.eof = bool(self._inner.eof)
        self.needs_input = not self._held
        return out


def _zip_lzma(raw: BinaryIO) -> Any:
    start = raw.read(4)
    properties = raw.read(int.from_bytes(start[2:4], "little"))
    if len(properties) < 5:
        raise ReadError(ProblemCode.CORRUPT, "the member's compression is not described")
    first, size = properties[0], int.from_bytes(properties[1:5], "little")
    if size > 1 << 30:
        raise ReadError(ProblemCode.LIMIT, "the member's compression asks for a dictionary of more than 1 GiB")
    chosen = {"id": lzma.FILTER_LZMA1, "lc": first % 9, "lp": first // 9 % 5, "pb": first // 45, "dict_size": size}
    return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[chosen])


class _Checked(io.RawIOBase):
    def __init__(self, inner: BinaryIO, entry: Entry) -> None:
        super().__init__()
        self._inner, self._entry, self._now, self._at = inner, entry, 0, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._inner.read1(min(len(buffer), 1 << 16))  # type: ignore[attr-defined]
        if not data and (self._entry.crc not in (None, self._now) or self._at != self._entry.size):
            message = "the member's size or check sum is not the one that the archive states"
            raise ReadError(ProblemCode.CORRUPT, message)
        self._now, self._at = zlib.crc32(data, self._now), self._at + len(data)
        buffer[: len(data)] = data
        return len(data)


def open_entry(file: Shared, entry: Entry, password: bytes | None = None) -> BinaryIO:
    """The plain bytes of a member.

    Raises:
        WrongPasswordError: the password is not the member's.
        ReadError: its header is damaged, or no reader has its method.
    """
    local = file.read(entry.offset, 30)
    if len(local) < 30 or local[:4] != b"PK\3\4":
        raise ReadError(ProblemCode.CORRUPT, "the member's local header is damaged")
    start = entry.offset + 30 + int.from_bytes(local[26:28], "little") + int.from_bytes(local[28:30], "little")
    raw: Any = io.BufferedReader(Slice(file, start, entry.packed))
    if entry.flags & 1:
        if entry.flags & 0x40 and not entry.strength:
            raise ReadError(ProblemCode.ENCRYPTED, "enciphered by a certificate or method that has no reader")
        if password is None:
            raise WrongPasswordError
        raw = io.BufferedReader(
            WinZipAes(raw, password, entry.strength, entry.packed)
            if entry.strength
            else ZipCrypto(raw, password, entry.check)
        )
    return io.BufferedReader(_Checked(_expanded(raw, entry.method), entry), 1 << 16)  # type: ignore[return-value]


def _expanded(raw: BinaryIO, method: int) -> BinaryIO:
    make: Callable[[], Any]
    if method == _STORED:
        return raw
    if method == _DEFLATE:
        make = lambda: Inflate(-15)  # noqa: E731
    elif method == _DEFLATE64:
        make = _Inflate64
    elif method == _BZIP2:
        make = bz2.BZ2Decompressor
    elif method == _LZMA:
        decoder = _zip_lzma(raw)
        make = lambda: decoder  # noqa: E731  (there is one stream)
    elif method == _ZSTD:
        make = zstd_decoder
    elif method == _XZ:
        make = lzma.LZMADecompressor
    else:
        what = _NAMES.get(method, f"compressed by method {method}")
        raise ReadError(ProblemCode.UNSUPPORTED, f"the member is {what}, which has no reader; unpack it and scan it")
    return io.BufferedReader(Decoding(raw, make, several=False), 1 << 16)  # type: ignore[return-value,type-var]


def _name(raw: bytes, flags: int, extra: dict[int, bytes]) -> tuple[str, str]:
    """A member's name and its encoding."""
    unicode = extra.get(0x7075, b"")
    if len(unicode) > 5 and int.from_bytes(unicode[1:5], "little") == zlib.crc32(raw):
        return unicode[5:].decode("utf-8", "replace").split("\0")[0], "utf-8"
    raw = raw.split(b"\0")[0]
    with contextlib.suppress(UnicodeError):
        return raw.decode("utf-8"), "utf-8"
    return (raw.decode("utf-8", "replace"), "utf-8") if flags & 0x800 else (raw.decode("cp437"), "cp437")


def _extras(data: bytes) -> dict[int, bytes]:
    out, at = {}, 0
    while at + 4 <= len(data):
        kind, size = int.from_bytes(data[at : at + 2], "little"), int.from_bytes(data[at + 2 : at + 4], "little")
        out[kind] = data[at + 4 : at + 4 + size]
        at += 4 + size
    return out


class Directory:
    """The central directory: where it lies and what it lists."""

    def __init__(self, file: Shared, volumes: tuple[int, ...]) -> None:
        """`volumes` are the offsets at which the parts of a joined archive begin; (0,) for one file.

        Raises:
            ReadError: there is no end record.
        """
        self._file, self._volumes = file, volumes
        self.encoding = "utf-8"
        """Of the names listed so far; `cp437` once one is no UTF-8."""
        tail_at = max(0, file.size - (1 << 16) - 22)
        tail = file.read(tail_at, file.size - tail_at)
        at = tail.rfind(b"PK\5\6")
        if at < 0 or len(tail) - at < 22:
            raise ReadError(ProblemCode.TRUNCATED, "no central directory; members found by their local headers")
        _, disk, _, self.stated, size, offset = struct.unpack("<HHHHII", tail[at + 4 : at + 20])
        end = tail_at + at
        wide = self._wide(end) if 0xFFFF in (self.stated, disk) or 0xFFFFFFFF in (size, offset) else None
        if wide is not None:
            end, disk, self.stated, size, offset = wide
        stated_at = self._absolute(disk, offset)
        self.start = end - size
        #: What precedes the archive, as the program that unpacks it; offsets do not count it.
        self.shift = self.start - stated_at if len(volumes) == 1 else 0
        self.size = size
        if len(volumes) <= disk < 0xFFFF:
            message = f"the archive is split, and of its {disk + 1} parts not all lie beside it"
            raise ReadError(ProblemCode.MULTI_PART, message)
        if self.start < 0 or self.shift < 0:
            raise ReadError(ProblemCode.CORRUPT, "the central directory is not where the archive says")

    def _absolute(self, disk: int, offset: int) -> int:
        return offset + (self._volumes[disk] if disk < len(self._volumes) else 0)

    def _wide(self, end: int) -> tuple[int, int, int, int, int] | None:
        """End, disk, entries, size and offset of the directory as the zip64 records state them."""
        locator = self._file.read(end - 20, 20)
        if locator[:4] != b"PK\6\7":
            return None
        disk, offset = struct.unpack("<IQ", locator[4:16])
        for place in (self._absolute(disk, offset), end - 20 - 56):  # the second where something precedes the archive
            record = self._file.read(place, 56)
            if record[:4] == b"PK\6\6":
                _, on, _, entries, size, start = struct.unpack("<IIQQQQ", record[16:56])
                return place, on, entries, size, start
        return None

    def __iter__(self) -> Iterator[Entry]:
        """Entries in stored order.

        Raises:
            ReadError: the directory breaks off.
        """
        stream = io.BufferedReader(Slice(self._file, self.start, self.size), 1 << 16)
        found = 0
        while head := read_up_to(stream, 46):  # type: ignore[arg-type]
            if len(head) < 46 or head[:4] != b"PK\1\2":
                break
            _, flags, method, moment, _, crc, packed, size, names, extras, comment, disk, _, outer, offset = (
                _ENTRY.unpack(head)
            )
            rest = read_up_to(stream, names + extras + comment)  # type: ignore[arg-type]
            if len(rest) < names + extras + comment:
                break
            extra = _extras(rest[names : names + extras])
            wide = extra.get(1, b"")
            for field in ("size", "packed", "offset"):
                value = {"size": size, "packed": packed, "offset": offset}[field]
                if value == 0xFFFFFFFF and len(wide) >= 8:
                    value, wide = int.from_bytes(wide[:8], "little"), wide[8:]
                    size, packed, offset = (
                        value if field == "size" else size,
                        value if field == "packed" else packed,
                        value if field == "offset" else offset,
                    )
            if disk == 0xFFFF and len(wide) >= 4:
                disk = int.from_bytes(wide[:4], "little")
            name, encoding = _name(rest[:names], flags, extra)
            self.encoding = self.encoding if encoding == "utf-8" else encoding
            check = (moment >> 8) & 0xFF if flags & 8 else crc >> 24
            linked = head[5] == 3 and outer >> 28 == 0xA
            entry = Entry(name, flags, method, check, crc, packed, size, self._absolute(disk, offset), linked=linked)
            found += 1
            yield replace(with_aes(entry, extra), offset=entry.offset + self.shift)
        if found < self.stated:
            message = f"the central directory breaks off after {found:,} of {self.stated:,} members"
            raise ReadError(ProblemCode.CORRUPT, message)


def with_aes(entry: Entry, extra: dict[int, bytes]) -> Entry:
    """The entry with the real method of a member under AES."""
    about = extra.get(0x9901, b"")
    if entry.method != _AES or len(about) < 7:
        return entry
    version, strength, method = int.from_bytes(about[:2], "little"), about[4], int.from_bytes(about[5:7], "little")
    return replace(entry, method=method, strength=strength or 255, crc=None if version == 2 else entry.crc)


def recovered(file: Shared, most: int) -> Iterator[Entry]:
    """Members by their local headers, for an archive without a central directory; as far as sizes are stated.

    `most` is the size of a member beyond which its end is not looked for.
    """
    at = 0
    while True:
        local = file.read(at, 30)
        if len(local) < 30 or local[:4] != b"PK\3\4":
            return
        _, _, flags, method, moment, _, crc, packed, size, names, extras = _LOCAL.unpack(local)
        raw, extra = file.read(at + 30, names), _extras(file.read(at + 30 + names, extras))
        start = at + 30 + names + extras
        wide = extra.get(1, b"")
        if size == packed == 0xFFFFFFFF and len(wide) >= 16:
            size, packed = int.from_bytes(wide[:8], "little"), int.from_bytes(wide[8:16], "little")
        following = start + packed
        if flags & 8:
            if method != _DEFLATE or flags & 1:
                return
            crc, size, packed = _measured(file, start, most)
            following = start + packed + (16 if file.read(start + packed, 4) == b"PK\7\x08" else 12)
        check = (moment >> 8) & 0xFF if flags & 8 else crc >> 24
        yield with_aes(Entry(_name(raw, flags, extra)[0], flags, method, check, crc, packed, size, at), extra)
        if following <= at:
            return
        at = following


def _measured(file: Shared, start: int, most: int) -> tuple[int, int, int]:
    """Check sum, size and packed size of a deflate stream, as far as it can be read."""
    decoder, crc, size, packed = zlib.decompressobj(-15), 0, 0, 0
    with contextlib.suppress(zlib.error):
        while not decoder.eof and size <= most and (data := file.read(start + packed, 1 << 16)):
            while data:
                out = decoder.decompress(data, 1 << 20)
                crc, size = zlib.crc32(out, crc), size + len(out)
                left = decoder.unused_data if decoder.eof else decoder.unconsumed_tail
                packed += len(data) - len(left)
                data = b"" if decoder.eof or size > most else left
    return crc, size, packed


class _Overlaps:
    """Says which members share bytes with one before them."""

    def __init__(self) -> None:
        self._spans: list[tuple[int, int]] = []

    def add(self, entry: Entry) -> bool:
        begin, end = entry.offset, entry.offset + 30 + entry.packed
        at = bisect_right(self._spans, (begin, 1 << 64))
        shared = (at > 0 and self._spans[at - 1][1] > begin) or (at < len(self._spans) and self._spans[at][0] < end)
        if not shared:
            insort(self._spans, (begin, end))
        return shared


class Zip:
    """Opens zip archives."""

    def recognise(self, head: bytes, name: str) -> bool:
        """By the first local header or an empty archive's end record."""
        if package_format(head, name) is not None:
            return False  # a workbook
        return head[:4] in (b"PK\3\4", b"PK\5\6") or head[:8] in (b"PK\7\x08PK\3\4", b"PK00PK\3\4")

    def members(self, source: Source, options: ScanOptions) -> Iterator[Source | Stream]:
        """Members as sources, then the archive."""
        ledger, limits = Ledger(source, options), options.limits
        ledger.encoding = "utf-8"
        volumes: tuple[int, ...] = getattr(source, "volumes", (0,))
        password: list[bytes] = []  # that opened a member; tried first on the next
        overlaps = _Overlaps()
        try:
            file = Shared(source.seekable())
            for entry in self._entries(file, volumes, ledger, limits.max_member):
                if entry.name.endswith("/") and entry.size == 0:
                    continue
                ledger.member(entry.name)
                path = f"{source.path}!{entry.name}"
                if entry.linked:
                    ledger.skip("a symbolic link", lost=False)
                    continue
                try:
                    if overlaps.add(entry):
                        message = "the member shares its bytes with one before it, which was read"
                        raise ReadError(ProblemCode.CORRUPT, message)
                    opener = _opener(file, entry, options.passwords, password)
                except ReadError as error:
                    ledger.skip(error.message)
                    if error.code is ProblemCode.ENCRYPTED:
                        ledger.note(ProblemCode.ENCRYPTED, error.message, ledger.listed)
                    yield closed(path, error)
                    continue
                ledger.read += 1
                yield MemberSource(path, opener, entry.size, limits, ledger.budget, max(entry.packed, 1))
        except GeneratorExit:
            raise
        except BaseException as error:
            ledger.fault(as_read_error(error, "the archive cannot be read any further"))
        yield ledger.stream()

    def _entries(self, file: Shared, volumes: tuple[int, ...], ledger: Ledger, most: int) -> Iterator[Entry]:
        try:
            directory = Directory(file, volumes)
        except ReadError as error:
            ledger.fault(error)
            yield from recovered(file, most)
            return
        for entry in directory:
            ledger.encoding = directory.encoding
            yield entry


def _opener(file: Shared, entry: Entry, passwords: tuple[str, ...], known: list[bytes]) -> Callable[[], BinaryIO]:
    """What opens a member, tried once.

    Raises:
        ReadError: it cannot be opened.
    """
    if not entry.flags & 1:
        open_entry(file, entry).close()
        return lambda: open_entry(file, entry)
    for password in dict.fromkeys([*known, *(one.encode() for one in passwords)]):
        try:
            with open_entry(file, entry, password) as trial:
                trial.read(_TRIAL)
        except WrongPasswordError:
            continue
        except ReadError as error:
            if error.code is not ProblemCode.CORRUPT:
                raise
            if not entry.strength:
                continue  # one wrong password in 256 passes the first check, and gives bytes that make no sense
        known[:] = [password]
        return lambda: open_entry(file, entry, password)
    message = "enciphered, and no password that was given opens it" if passwords else "enciphered; give a password"
    raise ReadError(ProblemCode.ENCRYPTED, message)
