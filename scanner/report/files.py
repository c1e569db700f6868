"""Where a rendering is written: whole or not at all, and for its owner alone where it reveals."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def output_file(path: Path, *, private: bool = False, at_once: bool = False) -> Iterator[IO[str]]:
    """A text stream that becomes the file at `path` once it is closed without an error.

    It is a temporary file in the same folder until then; with `private` it is created readable by its owner alone. A
    device or pipe (as /dev/null) is written as it is, and so is a file that readers follow (`at_once`).

    Raises:
        OSError: the file cannot be written.
    """
    if path.exists() and not stat.S_ISREG(path.stat().st_mode):
        with path.open("w", encoding="utf-8", newline="\n") as out:
            yield out
        return
    if at_once:
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600 if private else 0o666)
        if private:
            os.fchmod(number, 0o600)
        with os.fdopen(number, "w", encoding="utf-8", newline="\n") as out:
            yield out
        return
    import tempfile  # a device needs none

    target = path.resolve()
    number, name = tempfile.mkstemp(prefix=f".{target.name[:64]}.", suffix=".part", dir=target.parent)
    temporary = Path(name)
    try:
        with os.fdopen(number, "w", encoding="utf-8", newline="\n") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        if not private:
            mask = os.umask(0)
            os.umask(mask)
            temporary.chmod(0o666 & ~mask)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
