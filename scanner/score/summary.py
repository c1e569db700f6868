"""What only the whole scan can tell: overlaps, linkage, the severity of everything together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType

from scanner.model import Artifact, Linkage, Overlap, Subscribers, Summary
from scanner.packs.schema import Pack
from scanner.score.linkage import Holding, shared
from scanner.score.severity import Exposure, score, telling
from scanner.sets import KeySet
from scanner.terms import SUBSCRIBER_BASIS, ColumnType, Structure

_MOST_OVERLAPS = 50
_EVENTS = (Structure.CALL_RECORD, Structure.TRAVEL_RECORD, Structure.LOCATION_RECORD, Structure.SESSION_RECORD)


def _joined(one: Exposure, other: Exposure, subscribers: int) -> Exposure:
    types = one.types | other.types
    kinds = ("bare_ids", "numbers", "named_numbers", "register", "sessions", "events", "linked_events")
    kind = max(one.kind, other.kind, key=kinds.index)
    identified = ColumnType.CNIC in types and types & {ColumnType.PERSON_NAME, ColumnType.ADDRESS}
    if kind == "events" and identified:
        kind = "linked_events"
    return Exposure(kind, types, one.forms | other.forms, max(1, subscribers), one.rows + other.rows)


def _together(
    artifacts: Sequence[Artifact], holdings: Sequence[Holding], pack: Pack
) -> tuple[Subscribers, list[Exposure]]:
    """Distinct subscribers of the scan, and one exposure for each kind of content with its artifacts' people united."""
    union: dict[ColumnType, KeySet] = {}
    by_kind: dict[str, tuple[Exposure, KeySet]] = {}
    for artifact, holding in zip(artifacts, holdings, strict=True):
        for kind, keys in holding.sets.items():
            union.setdefault(kind, KeySet()).update(keys)
        found = telling(artifact, pack)
        if found is None:
            continue
        people = next((holding.sets[kind] for kind in SUBSCRIBER_BASIS if kind in holding.sets), KeySet())
        if found.kind in by_kind:
            held, keys = by_kind[found.kind]
            keys = keys.merge(people)
            known = max(len(keys), held.subscribers, found.subscribers)
            by_kind[found.kind] = (
                Exposure(found.kind, held.types | found.types, held.forms | found.forms, known, held.rows + found.rows),
                keys,
            )
        else:
            by_kind[found.kind] = (found, people)
    basis = next((kind for kind in SUBSCRIBER_BASIS if kind in union and len(union[kind])), None)
    if basis is None:
        best = max(artifacts, key=lambda one: one.subscribers.distinct, default=None)
        subscribers = best.subscribers if best is not None else Subscribers()
    else:
        subscribers = Subscribers(len(union[basis]), basis.value)
    return subscribers, [found for found, _ in by_kind.values()]


def summarise(
    artifacts: Sequence[Artifact], holdings: Sequence[Holding], pack: Pack
) -> tuple[tuple[Artifact, ...], Summary]:
    """The artifacts with their overlaps, and the summary of the scan."""
    pairs = shared(holdings)
    overlaps: dict[int, list[Overlap]] = {}
    linkage = []
    for (first, second, kind), count in pairs.items():
        for one, other in ((first, second), (second, first)):
            total = len(holdings[one].sets[kind])
            overlaps.setdefault(one, []).append(
                Overlap(holdings[other].path, count, round(min(1.0, count / total), 4), kind)
            )
        a, b = telling(artifacts[first], pack), telling(artifacts[second], pack)
        if a is None or b is None:
            continue
        structures = [{r.structure for r in artifacts[i].records} for i in (first, second)]
        events = [bool(held & set(_EVENTS)) for held in structures]
        register = [Structure.SUBSCRIBER_RECORD in held for held in structures]
        if (
            (events[0] and register[1])
            or (events[1] and register[0])
            or (events[0] and events[1] and structures[0] != structures[1])
        ):
            together = score(_joined(a, b, count), pack)
            names = " and ".join(sorted({s.value for held in structures for s in held}))
            linkage.append(
                Linkage(
                    tuple(sorted((artifacts[first].path, artifacts[second].path))),
                    kind,
                    count,
                    f"{count:,} subscribers stand in both by {kind.value}: {names} can be joined.",
                    together,
                )
            )
    out = tuple(
        replace(
            artifact,
            overlaps=tuple(
                sorted(overlaps.get(i, ()), key=lambda o: (-o.shared_subscribers, o.path, o.on))[:_MOST_OVERLAPS]
            ),
        )
        for i, artifact in enumerate(artifacts)
    )
    subscribers, exposures = _together(artifacts, holdings, pack)
    scores = [score(found, pack) for found in exposures] + [link.severity for link in linkage]
    scores += [artifact.severity for artifact in artifacts]
    return out, Summary(
        artifacts=len(out),
        by_status=MappingProxyType(dict(sorted(Counter(a.status.value for a in out).items()))),
        by_level=MappingProxyType(dict(sorted(Counter(a.severity.level.value for a in out).items()))),
        subscribers=subscribers,
        severity=max(scores, key=lambda one: one.score, default=score(None, pack)),
        linkage=tuple(sorted(linkage, key=lambda link: (-link.severity.score, link.artifacts, link.on))),
    )
