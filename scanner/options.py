"""What a scan may use and how far it may go."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from scanner.errors import OptionError

MIB = 1 << 20
#: What libraries, kernels and the shards under way take whatever is scanned, and the least that a scan gets by with.
FIXED_MEMORY, LEAST_MEMORY = 416 * MIB, 512 * 10**6


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on hostile input; each is named in the problem that it causes."""

    max_depth: int = 16
    """Containers within containers."""
    max_member: int = 64 << 30
    """Bytes of one member once expanded."""
    max_expanded: int = 1 << 40
    """Bytes of everything that one outermost file expands to."""
    max_ratio: int = 2000
    """Expanded bytes for each stored byte of one member, and of the outermost file; judged beyond `ratio_floor`."""
    ratio_floor: int = 256 * MIB
    """Expanded bytes below which the ratio is not judged."""
    max_members: int = 100_000
    """Members of one outermost file, those of containers within it included."""
    max_columns: int = 20_000
    """Columns of one table; what stands beyond is scanned as text."""
    max_cell: int = 512 * MIB
    """Bytes of one cell or line; longer ones are cut into pieces."""
    max_json_depth: int = 200
    """Nesting of JSON; what is deeper is scanned as text."""
    spool_memory: int = 64 * MIB
    """Bytes of one member held in memory where its reader must seek; larger ones go to an enciphered temporary file."""
    max_seconds: float = 300.0
    """Seconds that reading one source (a file, a member, a table) may take, with one more for each of its MiB."""
    max_memory: int = 4 << 30
    """Bytes that a process in which files are read may take beyond what it begins with."""

    def exceeds_ratio(self, expanded: int, stored: int | None) -> bool:
        """Whether bytes expanded to more than they may."""
        return stored is not None and expanded > max(self.ratio_floor, self.max_ratio * max(stored, 1))


@dataclass(frozen=True, slots=True)
class Sample:
    """How much of each artifact a first look takes: a share of it, or an amount."""

    share: float = 0.0
    """0 to 1; 0 where an amount is given."""
    size: int = 0
    """Bytes; 0 where a share is given."""

    def __post_init__(self) -> None:
        """Check ranges.

        Raises:
            OptionError: for a value out of range.
        """
        if not 0 <= self.share < 1 or self.size < 0 or (self.share > 0) == (self.size > 0):
            raise OptionError("a sample is either a share between 0 and 1 or a number of bytes")

    def of(self, total: int) -> int:
        """Bytes to take of so many."""
        return self.size or int(self.share * total)


@dataclass(frozen=True, slots=True)
class ScanOptions:
    """Everything a caller may decide about a scan."""

    workers: int = 0
    """Threads or processes at work; 0 for one a core."""
    shard_bytes: int = 8 * MIB
    """Bytes of input in one shard; the report does not depend on it."""
    patterns: Path | None = None
    """Folder with rule packs that is laid over the built-in one."""
    reveal: bool = False
    """Show identifiers whole."""
    samples: int = 3
    """Sample values kept for each column."""
    test_hashes: bool = False
    """Compute whole number spaces against columns of digests, not just until a sample matches."""
    hash_progress: Path | None = None
    """File that keeps how far `test_hashes` got: positions and counts, no value."""
    memory: int = 1024 * MIB
    """Bytes that a scan may take, about; what the exact sets need beyond what else is held lies enciphered on disk.

    Below a gibibyte, cells longer than a sixteenth of it are cut.
    """
    sample: Sample | None = None
    """Take a first look at large inputs; None to scan everything."""
    passwords: tuple[str, ...] = ()
    """Tried in order on encrypted containers."""
    circumstances: str = "offered"
    """How the data were come by, as the packs name it; found on offer where nothing is known."""
    as_of: date | None = None
    """Day from which the age of events is counted; the packs' own where None, so that reports stay comparable."""
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        """Check ranges.

        Raises:
            OptionError: for a value out of range.
        """
        if self.hash_progress is not None and not self.test_hashes:
            raise OptionError("hash_progress is for test_hashes; ask for both")
        if self.workers < 0:
            raise OptionError(f"workers must be 0 (one a core) or more, not {self.workers}")
        if self.shard_bytes < 4096:
            raise OptionError(f"shard_bytes must be at least 4096, not {self.shard_bytes}")
        if self.memory < LEAST_MEMORY:
            raise OptionError(f"memory must be at least {LEAST_MEMORY // 10**6}M, not {self.memory / 10**6:.0f}M")
        if self.memory < 1024 * MIB:  # a cell is held several times over while it is looked at
            cell, spool = min(self.limits.max_cell, self.memory // 16), min(self.limits.spool_memory, self.memory // 8)
            object.__setattr__(self, "limits", replace(self.limits, max_cell=cell, spool_memory=spool))
        if not 0 <= self.samples <= 20:
            raise OptionError(f"samples must be 0 to 20, not {self.samples}")

    @property
    def threads(self) -> int:
        """Workers once 0 is resolved."""
        return self.workers or os.cpu_count() or 1

    def is_large(self, size: int | None) -> bool:
        """Whether a file of so many bytes is read on all threads, one such file at a time."""
        return (size or 0) > 2 * self.shard_bytes

    def digests_apart(self, size: int | None) -> bool:
        """Whether its digest is taken on the side: there are cores for it, and the whole of it is read."""
        return self.threads > 1 and self.sample is None and self.is_large(size)
