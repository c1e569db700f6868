"""Bytes held in memory up to a bound, beyond it in an unlinked, enciphered temporary file.

Nothing of what is scanned is ever written to disk in clear: the file holds AES-256 in counter mode under a key that
lives in this process only.
"""

from __future__ import annotations

import os
import threading
from typing import Any

from scanner.errors import InternalError


class Vault:
    """`memory` bytes in the clear in memory, all further ones enciphered on disk.

    Appended to and read on any thread.
    """

    def __init__(self, memory: int) -> None:
        """`memory` bytes are shared by all that is put into the vault."""
        self._free = memory
        self._lock = threading.Lock()
        self._file: Any = None
        self._length = 0
        self._key = os.urandom(32)

    def __del__(self) -> None:
        """Close the file, which has no name and is gone then."""
        if self._file is not None:
            self._file.close()

    @property
    def free(self) -> int:
        """Bytes of memory that are not reserved."""
        return self._free

    def take(self, wanted: int) -> bool:
        """Reserve `wanted` bytes of memory, or say that there are none left."""
        with self._lock:
            if wanted > self._free:
                return False
            self._free -= wanted
            return True

    def give(self, returned: int) -> None:
        """Return reserved bytes."""
        with self._lock:
            self._free += returned

    def _cipher(self, offset: int) -> Any:
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

        return Cipher(algorithms.AES(self._key), modes.CTR((offset // 16).to_bytes(16, "big"))).encryptor()

    def append(self, data: bytes | memoryview) -> int:
        """Encipher and write `data`; its offset in the file.

        Raises:
            InternalError: the temporary folder is full or cannot be written to.
        """
        with self._lock:
            offset, skip = self._length, self._length % 16
            cipher = self._cipher(offset)
            cipher.update(bytes(skip))
            view, at = memoryview(cipher.update(data)), offset
            try:
                if self._file is None:
                    import tempfile  # most scans need none

                    self._file = tempfile.TemporaryFile(prefix="breachscan-")  # noqa: SIM115  (lives as the vault does)
                while view:
                    done = os.pwrite(self._file.fileno(), view, at)
                    view, at = view[done:], at + done
            except OSError as error:
                message = f"the temporary folder cannot be written to ({error.strerror}); TMPDIR names another"
                raise InternalError(f"{message}, a larger --memory needs less of it") from None
            self._length += len(data)
            return offset

    def read(self, offset: int, length: int) -> bytes:
        """Decipher `length` bytes at `offset` of the file."""
        cipher = self._cipher(offset)
        cipher.update(bytes(offset % 16))
        return bytes(cipher.update(os.pread(self._file.fileno(), length, offset)))


class Kept:
    """Some bytes, in a vault's memory as long as that lasts, then on disk; never changed."""

    __slots__ = ("_bytes", "_length", "_place", "_vault")

    def __init__(self, data: bytes, vault: Vault) -> None:
        """`data` is kept in `vault`.

        Raises:
            InternalError: as `Vault.append`.
        """
        self._vault, self._length, self._place = vault, 0, 0
        self._bytes: bytes | None = data if vault.take(len(data)) else None
        if self._bytes is None:
            self._place = vault.append(data)
        self._length = len(data)

    def __del__(self) -> None:
        """Return the memory to the vault."""
        if self._bytes is not None:
            self._vault.give(self._length)

    def read(self) -> bytes:
        """The bytes."""
        return self._bytes if self._bytes is not None else self._vault.read(self._place, self._length)
