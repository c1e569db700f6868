"""Rules that what was found may engage, as the packs state them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from scanner.model import Artifact, Obligation
from scanner.packs.schema import Pack
from scanner.terms import ColumnType, Level


def _triggers(artifact: Artifact, entry: Mapping[str, Any]) -> Sequence[str]:
    """What in the artifact sets a rule off: column types and structures, in the entry's order."""
    held = {
        column.type.value for column in artifact.columns if column.rows_matched and column.type is not ColumnType.OTHER
    }
    held |= {kind.value for kind, count in artifact.identifiers.items() if count.occurrences}
    structures = {record.structure.value for record in artifact.records}
    return [one for one in entry["types"] if one in held] + [one for one in entry["structures"] if one in structures]


def obligations(artifact: Artifact, pack: Pack) -> tuple[Obligation, ...]:
    """The rules that an artifact may engage: decision support, not legal advice."""
    out = []
    for entry in pack.settings.get("obligations", {}).get("obligation", ()):  # type: ignore[attr-defined]
        found = _triggers(artifact, entry)
        if found and artifact.severity.level.rank >= Level(entry["level"]).rank:
            reason = f"May be engaged: {entry['because']} ({', '.join(found)}). Decision support, not legal advice."
            out.append(Obligation(entry["id"], entry["title"], reason))
    return tuple(out)
