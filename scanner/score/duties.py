"""Rules that what was found may engage, and what to do now: decision support, not legal advice."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from functools import lru_cache
from typing import Any

from scanner.errors import PatternError
from scanner.model import Advice, Artifact, Obligation
from scanner.packs.schema import Pack
from scanner.score.breakdown import Breakdown
from scanner.terms import ColumnType, Level

CAVEAT = "Decision support, not legal advice."
#: Names of a breakdown that a sentence holds.
_NAMED = 3
_RANK = {level.value: level.rank for level in Level}


def held(artifact: Artifact) -> dict[str, str]:
    """Column types and structures of an artifact, each with what in it shows them."""
    out: dict[str, str] = {}
    for column in artifact.columns:
        if column.rows_matched and column.type is not ColumnType.OTHER:
            out.setdefault(column.type.value, column.name or f"column {column.index + 1}")
    for kind, count in artifact.identifiers.items():
        if count.occurrences:
            out.setdefault(kind.value, f"{count.occurrences:,} in the text")
    for record in artifact.records:
        out.setdefault(record.structure.value, f"{record.rows:,} rows")
    return out


@lru_cache(maxsize=4096)  # files of one folder hold much the same
def _set_off(
    pack: Pack, stem: str, name: str, there: frozenset[str], level: Level
) -> tuple[tuple[Mapping[str, Any], list[str]], ...]:
    """The entries of a table of the packs that fit, each with what sets it off."""
    listed: Sequence[Mapping[str, Any]] = pack.settings.get(stem, {}).get(name, ())  # type: ignore[assignment]
    fits = ((entry, _fits(entry, there, level)) for entry in listed)
    return tuple((entry, found) for entry, found in fits if found is not None)


def _fits(entry: Mapping[str, Any], there: Container[str], level: Level) -> list[str] | None:
    """What sets an entry off, in its order; None where something that it needs is not there."""
    if level.rank < _RANK[entry["level"]]:
        return None
    groups = []
    for group in entry["needs"]:
        groups.append([one for one in group if one in there])
        if not groups[-1]:
            return None
    return list(dict.fromkeys(one for group in groups for one in group))


def obligations(artifact: Artifact, pack: Pack) -> tuple[Obligation, ...]:
    """The rules that an artifact may engage, each with what in the file sets it off and what it asks for."""
    level = artifact.severity.level
    if level is Level.NONE:
        return ()
    shown = held(artifact)
    out = []
    for entry, found in _set_off(pack, "obligations", "obligation", frozenset(shown), level):
        by = "; ".join(f"{one}: {shown[one]}" for one in found)
        reason = f"May be engaged: {entry['because']}{f' ({by})' if by else ''}. {CAVEAT}"
        out.append(Obligation(entry["id"], entry["title"], reason, entry["asks"], entry["status"]))
    return tuple(out)


def _listed(counts: Mapping[str, int], otherwise: str) -> str:
    named = [f"{name} {many:,}" for name, many in counts.items() if name != "unknown"]
    more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    return ", ".join(named[:_NAMED]) + more if named else otherwise


def advice(
    artifacts: Sequence[Artifact], subscribers: int, level: Level, breakdown: Breakdown, pack: Pack
) -> tuple[Advice, ...]:
    """Next steps for a responder by what artifacts hold and how grave it is, with the counts filled in.

    Raises:
        PatternError: a step's text asks for a figure that there is not.
    """
    if level is Level.NONE:
        return ()
    there = frozenset(one for artifact in artifacts for one in held(artifact))
    minors = sum(artifact.minors for artifact in artifacts if artifact.duplicate_of is None)
    figures = {
        "subscribers": f"{subscribers:,}",
        "files": f"{len(artifacts):,}",
        "cnics": f"{sum(breakdown.get('province', {}).values()):,}",
        "minors": f"{minors:,}",
        "operators": _listed(breakdown.get("operator", {}), "the operators"),
        "provinces": _listed(breakdown.get("province", {}), "province not known"),
        "districts": _listed(breakdown.get("district", {}), "districts not known"),
    }
    out = []
    for entry, _ in _set_off(pack, "advice", "step", there, level):
        if entry.get("minors") and not minors:
            continue
        try:
            out.append(Advice(entry["stage"], str(entry["text"]).format_map(figures)))
        except (KeyError, IndexError, ValueError):
            message = f"`text` holds a brace that is none of {', '.join(f'{{{name}}}' for name in figures)}"
            raise PatternError("advice.toml", str(entry["id"]), message) from None
    return tuple(out)
