"""Compressed streams: the quick decoder and the careful one yield the same, whatever the damage."""

from __future__ import annotations

import gzip
import hashlib
import io
import random

import pytest

from scanner.errors import ReadError
from scanner.ingest.containers.compressed import Compressed, CompressedSource, Decoding, GzipDecoder, quick_gzip
from scanner.ingest.sources import BytesSource
from scanner.options import ScanOptions

_ROWS = "".join(f"9230{n * 7919 % 10**8:08d},{n}\n" for n in range(60_000)).encode()
_TWO = gzip.compress(_ROWS, 6, mtime=0) + gzip.compress(_ROWS[::-1], 1, mtime=0)


def drained(stream: Decoding) -> tuple[bytes, str | None]:
    out = b""
    try:
        while piece := stream.read(50_000):
            out += piece
    except ReadError as error:
        return out, f"{error.code} {error.message}"
    return out, None


def quick(data: bytes) -> tuple[bytes, str | None]:
    def again() -> io.BytesIO:
        return io.BytesIO(data)

    return drained(Decoding(again(), quick_gzip, careful=(GzipDecoder, again)))


@pytest.mark.parametrize("seed", range(8))
def test_damage_anywhere_when_read_quickly_yields_what_careful_reading_does(seed: int) -> None:
    dice = random.Random(seed)
    at = dice.randrange(20, len(_TWO) - 20)
    spoilt = _TWO[:at] + dice.randbytes(8) + _TWO[at + 8 :]
    for data in (spoilt, _TWO[:at], _TWO + bytes(at), _TWO + b"no member" + bytes(20)):
        assert quick(data) == drained(Decoding(io.BytesIO(data), GzipDecoder))


def test_sound_stream_is_read_without_the_careful_decoder() -> None:
    def never() -> io.BytesIO:
        raise AssertionError

    stream = Decoding(io.BytesIO(_TWO), quick_gzip, careful=(GzipDecoder, never))
    assert drained(stream) == (_ROWS + _ROWS[::-1], None)


class Counted(BytesSource):
    opened = 0

    def stream(self) -> io.BytesIO:  # type: ignore[override]
        self.opened += 1
        return super().stream()  # type: ignore[return-value]


def test_digest_of_the_stored_bytes_is_taken_as_they_pass() -> None:
    source = Counted(_TWO, "calls.csv.gz")
    (member,) = Compressed().members(source, ScanOptions())
    assert isinstance(member, CompressedSource)
    with member.stream() as stream:
        assert len(stream.read()) == 2 * len(_ROWS)
    assert member.digest() == (hashlib.sha256(_TWO).hexdigest(), len(_TWO))
    assert source.opened == 1
    cut = Counted(_TWO[:-30], "calls.csv.gz")
    (member,) = Compressed().members(cut, ScanOptions())
    assert isinstance(member, CompressedSource)
    with pytest.raises(ReadError), member.stream() as stream:
        stream.read()
    assert member.digest() == (hashlib.sha256(_TWO[:-30]).hexdigest(), len(_TWO) - 30)
