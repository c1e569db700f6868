"""Members of zip archives that need a password: PKWARE's first cipher and WinZip's AES."""

from __future__ import annotations

import hashlib
import hmac
import io
from functools import cache
from typing import Any, BinaryIO

import numpy as np

from scanner.compiled import expect, kernel
from scanner.errors import ReadError
from scanner.terms import ProblemCode

_PIECE = 1 << 16
#: Bytes of the key and of the salt by strength (WinZip, AES Encryption Information, AE-1 and AE-2).
_STRENGTHS = {1: (16, 8), 2: (24, 12), 3: (32, 16)}


@cache
def _crc_table() -> Any:
    table = np.arange(256, dtype=np.int64)
    for _ in range(8):
        table = np.where(table & 1, (table >> 1) ^ 0xEDB88320, table >> 1)
    return table


@kernel
def decipher(data: Any, keys: Any, table: Any, out: Any) -> None:
    """Decipher uint8[n] into `out` (uint8[n]); `keys` (int64[3], 32 bits each) go on from call to call.

    Source: APPNOTE.TXT 6.3.10, 6.1.
    """
    first, second, third = keys[0], keys[1], keys[2]
    for i in range(len(data)):
        mask = (third | 2) & 0xFFFF
        plain = data[i] ^ (((mask * (mask ^ 1)) >> 8) & 0xFF)
        out[i] = plain
        first = (first >> 8) ^ table[(first ^ plain) & 0xFF]
        second = ((second + (first & 0xFF)) * 134775813 + 1) & 0xFFFFFFFF
        third = (third >> 8) ^ table[(third ^ (second >> 24)) & 0xFF]
    keys[0], keys[1], keys[2] = first, second, third


class WrongPasswordError(ReadError):
    """A password does not open a member."""

    def __init__(self) -> None:
        """Says no more than that."""
        super().__init__(ProblemCode.ENCRYPTED, "no password that was given opens it")


class ZipCrypto(io.RawIOBase):
    """The plain bytes of a member under PKWARE's first cipher."""

    def __init__(self, inner: BinaryIO, password: bytes, check: int) -> None:
        """`check` is what the last byte of the cipher's header must be.

        Raises:
            WrongPasswordError: it is another.
        """
        super().__init__()
        self._inner = inner
        self._keys = np.array([0x12345678, 0x23456789, 0x34567890], np.int64)
        # what is enciphered updates the keys by its plain bytes: enciphering the password under a zero mask
        for byte in password:
            self._turn(byte)
        header = self._decipher(inner.read(12))
        if len(header) < 12 or header[11] != check:
            raise WrongPasswordError

    def _turn(self, byte: int) -> None:
        table = _crc_table()
        first, second, third = map(int, self._keys)
        first = (first >> 8) ^ int(table[(first ^ byte) & 0xFF])
        second = ((second + (first & 0xFF)) * 134775813 + 1) & 0xFFFFFFFF
        self._keys[:] = first, second, (third >> 8) ^ int(table[(third ^ (second >> 24)) & 0xFF])

    def _decipher(self, data: bytes) -> bytes:
        out = np.empty(len(data), np.uint8)
        expect(len(data))
        decipher(np.frombuffer(data, np.uint8), self._keys, _crc_table(), out)
        return out.tobytes()

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill part of a buffer."""
        data = self._decipher(self._inner.read(min(len(buffer), _PIECE)))
        buffer[: len(data)] = data
        return len(data)


class WinZipAes(io.RawIOBase):
    """The plain bytes of a member under AES in counter mode, checked by their HMAC at the end."""

    def __init__(self, inner: BinaryIO, password: bytes, strength: int, packed: int) -> None:
        """`packed` bytes of salt, verifier, cipher text and code are in `inner`.

        Raises:
            WrongPasswordError: the verifier is another.
            ReadError: there is no such strength, or the member is too short.
        """
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

        super().__init__()
        if strength not in _STRENGTHS:
            raise ReadError(ProblemCode.UNSUPPORTED, "enciphered in a way that has no reader")
        size, salt_size = _STRENGTHS[strength]
        self._left = packed - salt_size - 12
        start = inner.read(salt_size + 2)
        if self._left < 0 or len(start) < salt_size + 2:
            raise ReadError(ProblemCode.CORRUPT, "the enciphered member is too short")
        made = hashlib.pbkdf2_hmac("sha1", password, start[:salt_size], 1000, 2 * size + 2)
        if made[-2:] != start[salt_size:]:
            raise WrongPasswordError
        self._inner, self._code = inner, hmac.new(made[size : 2 * size], digestmod="sha1")
        # the counter is little-endian, which no counter mode at hand has: the key stream is made block by block
        self._cipher = Cipher(algorithms.AES(made[:size]), modes.ECB()).encryptor()
        self._block, self._stream = 1, b""

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill part of a buffer.

        Raises:
            ReadError: the member was changed since it was enciphered.
        """
        wanted = min(len(buffer), self._left, _PIECE)
        data = self._inner.read(wanted) if wanted else b""
        if not data:
            if self._left == 0:
                self._left = -1
                if not hmac.compare_digest(self._inner.read(10), self._code.digest()[:10]):
                    raise ReadError(ProblemCode.CORRUPT, "the enciphered member is not what its code was made of")
            return 0
        self._left -= len(data)
        self._code.update(data)
        if len(self._stream) < len(data):
            blocks = np.zeros((_PIECE // 16 + 1, 2), "<u8")
            blocks[:, 0] = np.arange(self._block, self._block + len(blocks))
            self._block += len(blocks)
            self._stream += self._cipher.update(blocks.tobytes())
        key, self._stream = self._stream[: len(data)], self._stream[len(data) :]
        plain = np.frombuffer(data, np.uint8) ^ np.frombuffer(key, np.uint8)
        buffer[: len(data)] = plain.tobytes()
        return len(data)
