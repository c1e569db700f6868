"""The digest of a large file, taken by a process of its own while the file is scanned.

It needs little that takes long to load, so that it can begin before the scanner is loaded.
"""

from __future__ import annotations

import hashlib
import os
import signal
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from stat import S_ISREG
from typing import NamedTuple

_BLOCK = 1 << 20

_begun: list[Digesting] = []
"""Those that were begun ahead; a worker that is forked has them too."""


class Stamp(NamedTuple):
    """What tells a file from others, and would change if it did."""

    device: int
    inode: int
    size: int
    modified: int


def stamp(file: Path) -> Stamp | None:
    """The stamp of a regular file; None of all else, and where the system does not say."""
    try:
        known = file.stat()
    except (OSError, ValueError):
        return None
    if not S_ISREG(known.st_mode):
        return None
    return Stamp(known.st_dev, known.st_ino, known.st_size, known.st_mtime_ns)


class Digesting:
    """Takes the digest of a file in a process of its own: a thread would want the interpreter's lock too often."""

    def __init__(self, file: Path) -> None:
        """Begin to read `file`; there must be no threads."""
        self._file = file
        self.found = stamp(file)
        self._answered: str | None = None
        parent = os.getpid()
        self._answer, answer = os.pipe()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # threads of libraries, which the child does not need
            self._child = os.fork()
        if not self._child:
            try:
                # pipes whose other ends must see when their owner is gone
                os.closerange(3, answer)
                os.closerange(answer + 1, 1 << 16)
                self._run(answer, parent)
            finally:
                os._exit(0)
        os.close(answer)

    def _run(self, answer: int, parent: int) -> None:
        """Read it, front to back, as long as somebody waits for it."""
        taken, size = hashlib.sha256(), 0
        block = memoryview(bytearray(_BLOCK))
        with self._file.open("rb", buffering=0) as stream:
            while os.getppid() == parent and (got := stream.readinto(block)):
                taken.update(block[:got])
                size += got
        os.write(answer, f"{taken.hexdigest()} {size}".encode())

    def stop(self) -> None:
        """Do not go on, unless it was begun ahead: then another may ask for it still."""
        if self not in _begun:
            os.kill(self._child, signal.SIGKILL)
            os.waitpid(self._child, 0)
            os.close(self._answer)

    def result(self) -> tuple[str | None, int] | None:
        """Digest and size, once the end was reached; no digest where the file changed since, None where the process did
        not live to tell.
        """
        if self._answered is None:
            self._answered = os.read(self._answer, 100).decode()
        if not self._answered:
            return None
        sha256, _, size = self._answered.partition(" ")
        same = self.found is not None and self.found == stamp(self._file) and self.found.size == int(size)
        return sha256 if same else None, int(size)


@contextmanager
def ahead(file: Path) -> Iterator[None]:
    """Within, the digest of `file` is under way for whoever asks for it."""
    made = Digesting(file)
    _begun.append(made)
    try:
        yield
    finally:
        _begun.remove(made)
        made.stop()


def of(file: Path) -> Digesting:
    """What takes the digest of a file: begun ahead, or now."""
    known = stamp(file)
    found = [one for one in _begun if known is not None and one.found == known]
    return found[0] if found else Digesting(file)
