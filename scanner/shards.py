"""The seam between reading and running: a part of an artifact in, its contribution to the artifact's profile out."""

from __future__ import annotations

from dataclasses import dataclass

from scanner.detect.profile import ArtifactProfile
from scanner.detect.tables import Tables
from scanner.errors import ReadError
from scanner.ingest.interface import Part, done
from scanner.model import Problem
from scanner.sets import BOUNDLESS, KeySet, Room


@dataclass(frozen=True, slots=True)
class ShardContext:
    """What every shard of one artifact needs."""

    tables: Tables
    samples: int
    lines: bool
    """The artifact is a document of lines."""
    heads: tuple[str | None, ...] = ()
    """Headers by position."""
    births: frozenset[str] = frozenset()
    """Spellings, folded, that head dates of birth."""
    suffixes: tuple[str, ...] = ()
    """What headers of a database's own keys end in."""
    by_piece: bool = False
    """What each part holds is kept, as the bounds of a sample need it."""
    room: Room = BOUNDLESS
    """Where the sets of keys are held."""

    def profile(self, common: dict[str | int, dict[int, KeySet]] | None = None) -> ArtifactProfile:
        """A profile without rows; those of several threads may have their sets of keys in common."""
        return ArtifactProfile(keep=self.samples, room=self.room, by_piece=self.by_piece, common=common)


def scan_part(part: Part, into: ArtifactProfile, context: ShardContext) -> int:
    """Parse a part, add its rows to a profile and return the bytes of its cells.

    A part that cannot be read becomes a problem of the artifact.
    """
    try:
        chunk = part.read()
    except ReadError as error:
        into.note(Problem(error.code, error.message, error.row))
        into.failed = True
        return 0
    into.scan(chunk, part.order, context.tables, context.lines, context.heads, context.births, context.suffixes)
    size = len(chunk.grid.data) if chunk.grid is not None else sum(column.nbytes for column in chunk.columns)
    del chunk  # whose cells may lie in the buffers of the part
    done(part)
    return size
