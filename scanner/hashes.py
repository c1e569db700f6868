"""Tests the columns of digests that a scan finds: a sample in every scan, whole number spaces where asked.

The progress of whole tests can be kept in a file, so that an interrupted one goes on where it was. It holds positions
and counts by the artifact's SHA-256: nothing of a value or of a digest.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scanner.detect.enumeration import Positions, Watcher, sample, whole
from scanner.detect.facts import Facts
from scanner.errors import OptionError
from scanner.model import HashTest
from scanner.options import ScanOptions
from scanner.packs.schema import Pack
from scanner.terms import PackType

_SCHEMA = 1
_SECONDS_BETWEEN_WRITES = 5.0


class HashProgress:
    """Positions of whole tests, in a file where one is named."""

    def __init__(self, path: Path | None, pack: Pack) -> None:
        """Read what an earlier run left; what belongs to other rule packs is dropped.

        Raises:
            OptionError: the file is no progress file.
        """
        self._path, self._pack = path, pack.sha256
        self._held: dict[str, dict[str, list[int]]] = {}
        self._written, self._newer = time.monotonic(), False
        if path is not None and path.exists():
            try:
                read = json.loads(path.read_text(encoding="utf-8"))
                if read["schema"] == _SCHEMA and read["patterns"] == self._pack:
                    self._held = read["columns"]
            except (ValueError, KeyError, TypeError, OSError):
                raise OptionError(f"{path} is no progress file of --test-hashes; name another or remove it") from None

    def of(self, column: str) -> Positions:
        """Where the test of a column stood."""
        return {name: (at[0], at[1], at[2]) for name, at in self._held.get(column, {}).items()}

    def keep(self, column: str, positions: Positions, now: bool = False) -> None:
        """Remember where the test of a column stands; written every few seconds, or `now`."""
        self._held[column] = {name: list(at) for name, at in positions.items()}
        self._newer = True
        if now or time.monotonic() - self._written > _SECONDS_BETWEEN_WRITES:
            self.write()

    def write(self) -> None:
        """Write what the file, where there is one, does not hold yet."""
        if self._path is not None and self._newer:
            self._written, self._newer = time.monotonic(), False
            part = self._path.with_name(self._path.name + ".part")
            content: dict[str, Any] = {"schema": _SCHEMA, "patterns": self._pack, "columns": self._held}
            part.write_text(json.dumps(content), encoding="utf-8")
            part.replace(self._path)


def tester(
    options: ScanOptions, pack: Pack, artifact: str | None, progress: HashProgress, watch: Watcher
) -> Callable[[Facts], HashTest | None]:
    """What tests a column of digests of the artifact with this SHA-256."""

    def test(facts: Facts) -> HashTest | None:
        header = facts.header
        kind = header.type if header is not None and header.role != "none" else None
        if isinstance(kind, PackType):
            kind = None
        if not options.test_hashes:
            return sample(facts.profile, kind, pack, options.threads)
        column = f"{artifact or 'unknown'}:{facts.key}"
        earlier = progress.of(column) if artifact else {}
        last: Positions = earlier

        def keep(positions: Positions) -> None:
            nonlocal last
            last = positions
            progress.keep(column, positions)

        try:
            return whole(facts.profile, kind, pack, options.threads, watch, earlier, keep)
        finally:
            progress.keep(column, last, now=True)

    return test
