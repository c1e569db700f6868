"""Single compressed streams: gzip, bzip2, xz, lzma, zstd, lz4, compress, lzip, and Android's back-up, a tar within one.

Such a stream is no step of the provenance path.
"""

from __future__ import annotations

import bz2
import contextlib
import hashlib
import io
import lzma
import re
import zlib
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from scanner.errors import ReadError
from scanner.ingest.interface import Source, Stream
from scanner.ingest.sources import JoinedSource, digest
from scanner.ingest.spool import Bounds, Budget, MemberSource, budget_of, metered
from scanner.options import ScanOptions
from scanner.terms import ProblemCode

_FEED = 1 << 14
#: What a quick decoder is fed with: fewer calls, and damage is read again the careful way.
_QUICK_FEED = 1 << 18
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


def quick_gzip() -> Any:
    """A decoder of one gzip member, three times as fast; what precedes damage in a piece is lost with it."""
    from isal import igzip_lib

    return igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)


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
        self,
        inner: BinaryIO,
        make: Callable[[], Any],
        bounds: Bounds | None = None,
        several: bool = True,
        careful: tuple[Callable[[], Any], Callable[[], BinaryIO]] | None = None,
    ) -> None:
        """`several`: further streams may follow the first one.

        `careful`: the decoder that a stream which `make`'s cannot follow to its end is read again by, and what opens
        the compressed bytes anew.
        """
        super().__init__()
        self._inner, self._make, self._bounds, self._several = inner, make, bounds, several
        self._careful = careful
        self._begin()
        self._out: bytes | memoryview = b""
        self._given = 0

    def _begin(self) -> None:
        self._read = getattr(self._inner, "read1", self._inner.read)  # what precedes a fault below must come out
        self._feed = _QUICK_FEED if self._careful else _FEED
        self._decoder, self._pending, self._done = self._make(), b"", False
        self._fed = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill part of a buffer.

        Raises:
            ReadError: the stream is cut off or damaged, or a limit is reached.
        """
        out = self._next_bytes(len(buffer))
        buffer[: len(out)] = out
        return len(out)

    def read(self, size: int | None = -1) -> bytes | None:
        """Up to `size` bytes, as they come out of the decoder.

        Raises:
            ReadError: as `readinto`.
        """
        return super().read(-1) if size is None or size < 0 else bytes(self._next_bytes(size))

    def _next_bytes(self, most: int) -> bytes | memoryview:
        out, self._out = self._out, b""
        if not out:
            try:
                out = self._decoded(most)
            except (ReadError, OSError):
                if self._careful is None:
                    raise
                out = self._carefully(most)
        if len(out) > most:
            out, self._out = memoryview(out)[:most], memoryview(out)[most:]
        self._given += len(out)
        if self._bounds is not None:
            self._bounds.reached(self._given, self._fed)
        return out

    def _decoded(self, most: int) -> bytes:
        out = b""
        while not out and not self._done:
            if self._decoder.eof:
                self._next()
                continue
            data = b""
            if self._decoder.needs_input:
                data = self._pending or self._read(self._feed) or b""
                self._pending = b""
                self._fed += len(data)
                if not data:
                    raise ReadError(ProblemCode.TRUNCATED, "the compressed stream ends early; what precedes was read")
            try:
                out = self._decoder.decompress(data, max_length=most)
            except ReadError:
                raise
            except Exception:
                raise ReadError(
                    ProblemCode.CORRUPT, "the compressed stream is damaged; what precedes was read"
                ) from None
        return out

    def _carefully(self, most: int) -> bytes | memoryview:
        """The next bytes where the quick decoder stopped: read from the first on by the careful one."""
        assert self._careful is not None
        (self._make, again), self._careful = self._careful, None
        self._inner.close()
        self._inner = again()
        self._begin()
        skip = self._given
        while True:
            out: bytes | memoryview = self._decoded(max(most, 1 << 16) if skip else most)
            if skip < len(out) or not out:
                return memoryview(out)[skip:] if skip else out
            skip -= len(out)

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


#: What opens the compressed bytes, and the bounds of the plain ones.
_Plain = Callable[[Callable[[], BinaryIO], Bounds], BinaryIO]


def _decoding(make: Callable[[], Any]) -> _Plain:
    return lambda opened, bounds: Decoding(opened(), make, bounds)  # type: ignore[return-value]


def _gzip(opened: Callable[[], BinaryIO], bounds: Bounds) -> BinaryIO:
    return Decoding(opened(), quick_gzip, bounds, careful=(GzipDecoder, opened))  # type: ignore[return-value]


def _filtered(name: str) -> _Plain:
    def plain(opened: Callable[[], BinaryIO], bounds: Bounds) -> BinaryIO:
        from scanner.ingest.containers.system import UnpackedStream

        return metered(UnpackedStream(opened(), name), bounds)  # type: ignore[arg-type]

    return plain


def _android(opened: Callable[[], BinaryIO], bounds: Bounds) -> BinaryIO:
    """The tar within a back-up; source: AOSP, `BackupManagerService` (lines: magic, version, compressed, cipher)."""
    begin = io.BufferedReader(opened(), 1 << 16)  # type: ignore[arg-type,type-var]
    _, _, packed, cipher = (begin.readline(32).strip() for _ in range(4))
    if cipher != b"none":
        raise ReadError(ProblemCode.ENCRYPTED, "a back-up enciphered under its owner's password, which has no reader")
    if packed != b"1":
        return begin  # type: ignore[return-value]
    return Decoding(begin, lambda: Inflate(15), bounds)  # type: ignore[arg-type,return-value]


#: Whether a head is of the kind, and the plain bytes of a stream of it.
_KINDS: tuple[tuple[Callable[[bytes], bool], _Plain], ...] = (
    (lambda head: head[:3] == b"\x1f\x8b\x08", _gzip),
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


def _kind(head: bytes) -> _Plain | None:
    return next((plain for fits, plain in _KINDS if fits(head)), None)


class _Hashed(io.RawIOBase):
    """The bytes of a stream, digested as they pass; `whole` is told digest and size once its end was seen."""

    def __init__(self, inner: BinaryIO, whole: Callable[[tuple[str, int]], None]) -> None:
        super().__init__()
        self._inner, self._whole = inner, whole
        self._once = getattr(inner, "read1", inner.read)
        self._hash: Any = hashlib.sha256()
        self._size = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._inner.seekable()

    def seek(self, offset: int, whence: int = 0) -> int:
        self._hash = None  # what passes is no longer the whole, in order
        return self._inner.seek(offset, whence)

    def read(self, size: int | None = -1) -> bytes:
        data: bytes = self._once(-1 if size is None else size) or b""
        if self._hash is None:
            return data
        self._hash.update(data)
        self._size += len(data)
        if not data and size:
            self._whole((self._hash.hexdigest(), self._size))
        return data

    def readinto(self, buffer: Any) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._inner.close()
        super().close()


class CompressedSource(MemberSource):
    """The plain bytes under the path of the compressed file; `digest` and `stored_size` are of the file's own bytes."""

    digests_apart = True

    def __init__(self, outer: Source, plain: _Plain, options: ScanOptions) -> None:
        """`plain` makes the plain bytes of a stream, within bounds."""
        self.outer = outer
        budget = budget_of(outer, options.limits)
        bounds = Bounds(options.limits, budget, outer.size)
        super().__init__(
            outer.path, lambda: plain(self._opened, bounds), None, options.limits, Budget(options.limits, None)
        )
        self.budget = budget
        self._passed: tuple[str, int] | None = None

    def _opened(self) -> BinaryIO:
        stream = self.outer.stream()
        apart = isinstance(self.outer, JoinedSource) or getattr(self.outer, "digests_apart", False)
        return stream if apart else _Hashed(stream, self._seen)  # type: ignore[return-value]

    def _seen(self, whole: tuple[str, int]) -> None:
        self._passed = whole

    @property
    def name(self) -> str:
        """The path without the suffix of the compression, for those who judge by names."""
        return _SUFFIX.sub("", self.path)

    def digest(self) -> tuple[str | None, int | None]:
        """SHA-256 and size of the compressed file, as it passed where it was read to its end."""
        return self._passed or digest(self.outer)


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
