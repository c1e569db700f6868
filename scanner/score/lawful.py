"""Which columns go beyond the minimum of a lawful disclosure: decision support, not legal advice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from scanner.errors import OptionError
from scanner.model import Artifact, Disclosure, Excess
from scanner.packs.schema import Pack
from scanner.terms import ColumnType, Form, Level


def purposes(pack: Pack) -> Sequence[Mapping[str, Any]]:
    """The cases in which a licence allows disclosure, as the packs declare them."""
    listed: Sequence[Mapping[str, Any]] = pack.settings["purposes"]["purpose"]  # type: ignore[assignment]
    return listed


def purpose(pack: Pack, name: str) -> Mapping[str, Any]:
    """The case of a name.

    Raises:
        OptionError: the packs know none of that name.
    """
    known = {str(one["id"]): one for one in purposes(pack)}
    if name not in known:
        raise OptionError(f"the purpose must be one of {', '.join(known)}, not {name!r}")
    return known[name]


@lru_cache(maxsize=256)
def _allowed(pack: Pack, name: str, agreed: frozenset[ColumnType], strange: bool) -> frozenset[str]:
    """The types that a case allows; those of events not where they are of another structure (`strange`)."""
    settings: Mapping[str, Any] = pack.settings["purposes"]
    also = {kind.value for kind in agreed}
    allowed = {*purpose(pack, name)["allows"], *settings["neutral"], *also}
    return frozenset(allowed - (set(settings["events"]) - also) if strange else allowed)


def disclosure(
    artifact: Artifact, case: Mapping[str, Any], pack: Pack, agreed: frozenset[ColumnType] = frozenset()
) -> Disclosure:
    """What of an artifact goes beyond the minimum of a case; `agreed` are the types that a person consented to.

    A masked or damaged column does not disclose its value and is within every minimum; a digest that enumeration
    reverses is not.
    """
    settings: Mapping[str, Any] = pack.settings["purposes"]
    strange = [one.structure.value for one in artifact.records if one.structure.value not in case["structures"]]
    allowed = _allowed(pack, str(case["id"]), agreed, bool(strange))
    out, unjudged = [], []
    for column in artifact.columns:
        name = column.name if column.name is not None else f"column {column.index + 1}"
        if column.type is ColumnType.OTHER:
            if column.rows_filled:
                unjudged.append(name)
        elif column.rows_matched and column.form in (Form.PLAIN, Form.HASHED) and column.type.value not in allowed:
            events = column.type.value in settings["events"] and strange
            reason = f"belongs to {strange[0].replace('_', ' ')}s" if events else str(case["beyond"])
            out.append(Excess(column.index, name, column.type, reason))
    within = {column.type for column in artifact.columns if column.form is Form.PLAIN}
    for kind, count in artifact.identifiers.items():
        if count.occurrences and kind not in within and kind.value not in allowed:
            text = f"{count.occurrences:,} in the text, {case['beyond']}"
            out.append(Excess(None, "(outside of columns)", kind, text))
    most = case.get("most_subscribers")
    note = ""
    if most is not None and artifact.subscribers.distinct > most:
        note = f"{artifact.subscribers.distinct:,} subscribers, more than an order usually names ({most:,})"
    return Disclosure(str(case["id"]), str(case["title"]), tuple(out), tuple(unjudged), note)


def disclosures(artifact: Artifact, pack: Pack) -> tuple[Disclosure, ...]:
    """What goes beyond the minimum of each case; nothing where an artifact exposes nobody.

    Where consent is the case, what a person agreed to is not in the file, so that case is left to `check-disclosure`.
    """
    if artifact.severity.level is Level.NONE:
        return ()
    return tuple(disclosure(artifact, case, pack) for case in purposes(pack) if not case.get("agreed"))
