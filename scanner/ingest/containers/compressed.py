"""Single compressed streams: gzip, bzip2, xz, lzma, zstd, lz4, compress, lzip, and Android's back-up, a tar within one.

Such a stream is no step of the provenance path.
"""

from __future__ import annotations

import bz2
import contextlib
import io
import lzma
import re
import zlib
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from scanner.errors import ReadError
from scanner.ingest.interface import Source, Stream
from scanner.ingest.sources import digest
from scanner.ingest.spool import Bounds, Budget, MemberSource, budget_of, metered
from scanner.options import ScanOptions
from scanner.terms import ProblemCode

_FEED = 1 << 14
_SUFFIX = re.compile(r"\.(gz|gzip|bz2|xz|lzma|zst|zstd|lz4|lz|z|tgz|tbz2?|txz)$", re.IGNORECASE)


class Inflate:
    """A deflate stream with the interface of the standard library's decoders; what precedes damage comes out first."""

    def __init__(self, bits: int) -> None:
        """`bits` as zlib has them: 15 with zlib's header, -15 raw."""
        self.eof, self.needs_input, self.unused_data = False, True, b""
        self._inner, self._error = zlib.decompressobj(bits), False

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """Up to `max_length` plain bytes; more where damage follows.

        Raises:
            zlib.error: the stream is damaged here.
        """
        if self._error:
            raise zlib.error
        fed, before = self._inner.unconsumed_tail + data, self._inner.copy()
        try:
            out = self._inner.decompress(fed, max(0, max_length))
        except zlib.error:
            # zlib gives nothing of a piece with damage in it: it is fed again byte by byte
            out, self._error, self.needs_input = _before_damage(before, fed), True, False
            if not out:
                raise
            return out
        self.eof, self.needs_input, self.unused_data = self._inner.eof, not out, self._inner.unused_data
        return out


def _before_damage(decoder: Any, data: bytes) -> bytes:
    out = bytearray()
    with contextlib.suppress(zlib.error):
        for at in range(len(data)):
            out += decoder.decompress(data[at : at + 1])
    return bytes(out)


class GzipDecoder:
    """One gzip member (RFC 1952); what precedes a damaged place is given out first."""

    def __init__(self) -> None:
        """At the member's first byte."""
        self.eof, self.needs_input, self.unused_data = False, True, b""
        self._raw: Any = None
        self._held, self._crc, self._size = b"", 0, 0

    def _header(self) -> bool:
        data = self._held
        if len(data) < 10:
            return False
        flags, at = data[3], 10
        if flags & 4:
            if len(data) < at + 2:
                return False
            at += 2 + int.from_bytes(data[at : at + 2], "little")
        for bit in (8, 16):
            if flags & bit:
                end = data.find(b"\0", at)
                if end < 0:
                    return False
                at = end + 1
        at += 2 if flags & 2 else 0
        if len(data) < at:
            return False
        self._raw, self._held = Inflate(-15), data[at:]
        return True

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """Up to `max_length` plain bytes.

        Raises:
            ReadError: the check sum does not hold.
            zlib.error: the deflate stream is damaged.
        """
        self._held += data
        if self._raw is None and not self._header():
            return b""
        out = b""
        if not self._raw.eof:
            out, self._held = self._raw.decompress(self._held, max_length), b""
            self._crc, self._size = zlib.crc32(out, self._crc), self._size + len(out)
            if self._raw.eof:
                self._held = self._raw.unused_data
        if self._raw.eof and len(self._held) >= 8 and not out:
            if self._held[:8] != self._crc.to_bytes(4, "little") + (self._size & 0xFFFFFFFF).to_bytes(4, "little"):
                raise ReadError(ProblemCode.CORRUPT, "the check sum of the compressed data does not hold")
            self.eof, self.unused_data = True, self._held[8:]
        self.needs_input = not out
        return out


def zstd_decoder() -> Any:
    """A new decoder of Zstandard streams."""
    try:
        from compression.zstd import ZstdDecompressor  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        from backports.zstd import ZstdDecompressor
    return ZstdDecompressor()


def _lz4() -> Any:
    import lz4.frame

    return lz4.frame.LZ4FrameDecompressor()


def _is_lzma(head: bytes) -> bool:
    size = int.from_bytes(head[5:13], "little")
    return head[:3] == b"\x5d\0\0" and len(head) > 13 and (size == (1 << 64) - 1 or size < 1 << 40) and head[13] == 0


class Decoding(io.RawIOBase):
    """The plain bytes of a (possibly concatenated) compressed stream; what precedes a fault comes out before it."""

    def __init__(
        self, inner: BinaryIO, make: Callable[[], Any], bounds: Bounds | None = None, several: bool = True
    ) -> None:
        """`several`: further streams may follow the first one."""
        super().__init__()
        self._read = getattr(inner, "read1", inner.read)  # what precedes a fault below must come out
        self._inner, self._make, self._bounds, self._several = inner, make, bounds, several
        self._decoder, self._pending, self._done = make(), b"", False
        self._out: bytes | memoryview = b""
        self._fed, self._given, self._started = 0, 0, False

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill part of a buffer.

        Raises:
            ReadError: the stream is cut off or damaged, or a limit is reached.
        """
        out, self._out = self._out, b""
        while not out and not self._done:
            if self._decoder.eof:
                self._next()
                continue
            data = b""
            if self._decoder.needs_input:
                data = self._pending or self._read(_FEED) or b""
                self._pending = b""
                self._fed += len(data)
                if not data:
                    raise ReadError(ProblemCode.TRUNCATED, "the compressed stream ends early; what precedes was read")
            try:
                out = self._decoder.decompress(data, max_length=len(buffer))
            except ReadError:
                raise
            except Exception:
                raise ReadError(
                    ProblemCode.CORRUPT, "the compressed stream is damaged; what precedes was read"
                ) from None
        if len(out) > len(buffer):
            out, self._out = memoryview(out)[: len(buffer)], memoryview(out)[len(buffer) :]
        self._given += len(out)
        if self._bounds is not None:
            self._bounds.reached(self._given, self._fed)
        buffer[: len(out)] = out
        return len(out)

    def _next(self) -> None:
        rest = (self._decoder.unused_data or b"") + self._pending
        while len(rest) < 16 and (more := self._inner.read(_FEED)):
            rest += more
            rest = rest.lstrip(b"\0") if not rest.strip(b"\0") else rest
        rest = rest.lstrip(b"\0")
        if not rest or not self._several:
            self._done = True
            return
        if _kind(rest) is None:
            raise ReadError(ProblemCode.CORRUPT, "bytes that are no compressed data follow the compressed stream")
        self._decoder, self._pending = self._make(), rest

    def close(self) -> None:
        """Close the stream below."""
        self._inner.close()
        super().close()


def _decoding(make: Callable[[], Any]) -> Callable[[BinaryIO, Bounds], BinaryIO]:
    return lambda stream, bounds: io.BufferedReader(Decoding(stream, make, bounds), 1 << 16)  # type: ignore[return-value]


def _filtered(name: str) -> Callable[[BinaryIO, Bounds], BinaryIO]:
    def plain(stream: BinaryIO, bounds: Bounds) -> BinaryIO:
        from scanner.ingest.containers.system import UnpackedStream

        return metered(UnpackedStream(stream, name), bounds)  # type: ignore[arg-type]

    return plain


def _android(stream: BinaryIO, bounds: Bounds) -> BinaryIO:
    """The tar within a back-up; source: AOSP, `BackupManagerService` (lines: magic, version, compressed, cipher)."""
    begin = io.BufferedReader(stream, 1 << 16)  # type: ignore[arg-type,type-var]
    _, _, packed, cipher = (begin.readline(32).strip() for _ in range(4))
    if cipher != b"none":
        raise ReadError(ProblemCode.ENCRYPTED, "a back-up enciphered under its owner's password, which has no reader")
    if packed != b"1":
        return begin  # type: ignore[return-value]
    return _decoding(lambda: Inflate(15))(begin, bounds)  # type: ignore[arg-type]


#: Whether a head is of the kind, and the plain bytes of a stream of it.
_KINDS: tuple[tuple[Callable[[bytes], bool], Callable[[BinaryIO, Bounds], BinaryIO]], ...] = (
    (lambda head: head[:3] == b"\x1f\x8b\x08", _decoding(GzipDecoder)),
    (lambda head: re.match(rb"BZh[1-9](1AY&SY|\x17rE8P\x90)", head) is not None, _decoding(bz2.BZ2Decompressor)),
    (lambda head: head[:6] == b"\xfd7zXZ\0", _decoding(lzma.LZMADecompressor)),
    (
        lambda head: head[:4] == b"\x28\xb5\x2f\xfd" or re.match(rb"[\x50-\x5f]\x2a\x4d\x18", head) is not None,
        _decoding(zstd_decoder),
    ),
    (lambda head: head[:4] == b"\x04\x22\x4d\x18", _decoding(_lz4)),
    (lambda head: head[:2] == b"\x1f\x9d", _filtered("compress")),
    (lambda head: head[:5] == b"LZIP\1", _filtered("lzip")),
    (lambda head: head[:15] == b"ANDROID BACKUP\n", _android),
    (_is_lzma, _decoding(lzma.LZMADecompressor)),
)


def _kind(head: bytes) -> Callable[[BinaryIO, Bounds], BinaryIO] | None:
    return next((plain for fits, plain in _KINDS if fits(head)), None)


class CompressedSource(MemberSource):
    """The plain bytes under the path of the compressed file; `digest` and `stored_size` are of the file's own bytes."""

    def __init__(self, outer: Source, plain: Callable[[BinaryIO, Bounds], BinaryIO], options: ScanOptions) -> None:
        """`plain` makes the plain bytes of a stream, within bounds."""
        self.outer = outer
        budget = budget_of(outer, options.limits)
        bounds = Bounds(options.limits, budget, outer.size)
        super().__init__(
            outer.path, lambda: plain(outer.stream(), bounds), None, options.limits, Budget(options.limits, None)
        )
        self.budget = budget

    @property
    def name(self) -> str:
        """The path without the suffix of the compression, for those who judge by names."""
        return _SUFFIX.sub("", self.path)

    def digest(self) -> tuple[str | None, int | None]:
        """SHA-256 and size of the compressed file."""
        return digest(self.outer)


class Compressed:
    """Opens a compressed stream."""

    def recognise(self, head: bytes, name: str) -> bool:
        """By the magic bytes."""
        return _kind(head) is not None

    def members(self, source: Source, options: ScanOptions) -> Iterator[Source | Stream]:
        """One source with the path of the compressed file."""
        kind = _kind(source.head())
        if kind is not None:
            yield CompressedSource(source, kind, options)
