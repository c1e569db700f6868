"""What only the whole scan can tell: duplicates, overlaps, linkage, the severity of everything together."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from types import MappingProxyType

import numpy as np

from scanner.model import Artifact, Linkage, Overlap, Severity, Subscribers, Summary
from scanner.packs.schema import Pack
from scanner.records import changed
from scanner.score.breakdown import breakdown
from scanner.score.duplicates import duplicates
from scanner.score.duties import advice
from scanner.score.exposure import Exposure, contents, join, merged
from scanner.score.holding import Holding, Kind, layout
from scanner.score.linkage import Pool, Shares, shared, shares, union
from scanner.score.severity import Model, score
from scanner.sets import Keys, Run, sort
from scanner.terms import SUBSCRIBER_BASIS, AnyType, ColumnType
from scanner.vault import Vault

_MOST_OVERLAPS = 50
#: What tells who a person is.
IDENTITY = frozenset(
    {ColumnType.MSISDN, ColumnType.CNIC, ColumnType.PERSON_NAME, ColumnType.ADDRESS, ColumnType.PASSPORT}
)
_PEOPLE = (ColumnType.MSISDN, ColumnType.CNIC)
#: The order in which a set stands for persons: whole numbers and CNICs, then veiled ones, then other identifiers.
BASIS: tuple[Kind, ...] = (
    *((kind, False) for kind in _PEOPLE),
    *((kind, True) for kind in _PEOPLE),
    *((kind, False) for kind in SUBSCRIBER_BASIS if kind not in _PEOPLE),
)


def basis(pack: Pack) -> tuple[Kind, ...]:
    """The same with the identifiers that a pack adds, which come last."""
    return *BASIS, *((one.type, False) for one in pack.identifiers)


@dataclass(frozen=True, slots=True)
class _Unit:
    """Artifacts that are parts of one table, as one."""

    members: tuple[int, ...]
    readings: tuple[Exposure | None, ...]
    people: int
    basis: Kind | None


@dataclass(frozen=True, slots=True)
class Joined:
    """A table with the rows of another that its key names, as one."""

    register: int
    """Position of the artifact whose rows are named."""
    behaviour: int
    """Position of the artifact that names them."""
    header: str
    """Of the key."""
    people: int
    """At most."""
    readings: tuple[Exposure | None, ...]


Sets = Mapping[Kind, Pool]
Pairs = Mapping[Kind, Mapping[tuple[int, int], int]]


def _sets(holdings: Sequence[Holding], vault: Vault | None) -> Sets:
    """Kind of set → the runs of the artifacts that have one."""
    out: dict[Kind, list[tuple[int, Run]]] = defaultdict(list)
    for at, holding in enumerate(holdings):
        for kind, run in holding.runs.items():
            out[kind].append((at, run))
    return {kind: Pool(parts, vault) for kind, parts in out.items()}


def _units(artifacts: Sequence[Artifact], holdings: Sequence[Holding], copies: Mapping[int, int]) -> list[list[int]]:
    """Artifacts by layout, without those whose rows stand in another."""
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for at, artifact in enumerate(artifacts):
        if at not in copies and any(reading is not None for reading in holdings[at].readings):
            groups[layout(artifact)].append(at)
    return list(groups.values())


def _made(
    groups: Sequence[Sequence[int]],
    artifacts: Sequence[Artifact],
    holdings: Sequence[Holding],
    shares: Pairs,
    kinds: Sequence[Kind],
) -> list[_Unit]:
    out = []
    for at, members in enumerate(groups):
        stands = next((kind for kind in kinds if shares.get(kind, {}).get((at, at))), None)
        known = max(artifacts[member].subscribers.distinct for member in members)
        people = known if stands is None else shares[stands][at, at]
        out.append(_Unit(tuple(members), merged(holdings[member].readings for member in members), people, stands))
    return out


def _linked(units: Sequence[_Unit], shares: Pairs, artifacts: Sequence[Artifact], model: Model) -> list[Linkage]:
    """Pairs of tables that reveal together what neither does alone."""
    joins = set(model.settings["joins"]["types"])
    best: dict[tuple[int, int], tuple[int, Kind]] = {}
    for kind in (kind for kind in shares if kind[0] in joins and not kind[1]):
        for pair, count in shares[kind].items():
            if pair[0] != pair[1] and count > best.get(pair, (0, kind))[0]:
                best[pair] = count, kind
    out = []
    for (first, second), (count, kind) in best.items():
        a, b = units[first], units[second]
        both = [
            None if one is None or other is None else join(one, other, count, model.pack)
            for one, other in zip(a.readings, b.readings, strict=True)
        ]
        if gained := _gained(a, b, both, model):
            out.append(
                Linkage(
                    tuple(sorted(artifacts[member].path for unit in (a, b) for member in unit.members)),
                    kind[0],
                    count,
                    f"{count:,} {'stands' if count == 1 else 'stand'} in both by {kind[0].value}; "
                    f"together they reveal {gained}.",
                    score(both, count, model),
                )
            )
    return out


def _gained(a: _Unit, b: _Unit, both: Sequence[Exposure | None], model: Model) -> str:
    """What two tables joined reveal that neither does alone, in words; empty where that is nothing."""
    events = set(model.settings["span"]["contents"])
    alone = [_held(unit) for unit in (a, b)]
    new = {content for found in both if found is not None for content in found.holding} - alone[0] - alone[1]
    behaviours = [{s for r in unit.readings if r is not None for s in r.structures} for unit in (a, b)]
    if all(held & events for held in alone) and behaviours[0] != behaviours[1]:
        new |= behaviours[0] ^ behaviours[1]
    if _adds_identity(a, b, events) or _adds_identity(b, a, events):
        new |= {"identity"}
    if not new:
        return ""
    named = {entry["id"]: str(entry["label"]) for entry in contents(model.pack)}
    shown = " and ".join(sorted({s.value.replace("_", " ") + "s" for held in behaviours for s in held}))
    labels = [named[content] for content in named if content in new]
    return labels[0] if labels else f"who the persons are: {shown}" if "identity" in new else shown


def _related(
    joined: Iterable[Joined], artifacts: Sequence[Artifact], holdings: Sequence[Holding], model: Model
) -> list[Linkage]:
    """Tables whose rows name rows of another by a key of the database, where both reveal more than each."""
    out = []
    for one in joined:
        a, b = (_Unit((at,), holdings[at].readings, one.people, None) for at in (one.register, one.behaviour))
        both = [None if found is None else replace(found, joined=True) for found in one.readings]
        if gained := _gained(a, b, both, model):
            paths = tuple(sorted(artifacts[at].path for at in (one.register, one.behaviour)))
            reason = (
                f"Rows of {artifacts[one.behaviour].path} name rows of {artifacts[one.register].path} by {one.header}; "
                f"together they reveal {gained}, of at most {one.people:,}."
            )
            out.append(Linkage(paths, ColumnType.OTHER, one.people, reason, score(both, one.people, model)))
    return out


def _adds_identity(register: _Unit, behaviour: _Unit, events: set[str]) -> bool:
    """Whether one table without events names persons by what the other, of their events, does not hold."""
    if _held(register) & events or not _held(behaviour) & events:
        return False
    theirs = {kind for found in behaviour.readings if found is not None for kind in found.types}
    return any(kind in IDENTITY - theirs for found in register.readings if found is not None for kind in found.types)


def _held(unit: _Unit) -> set[str]:
    return {content for found in unit.readings if found is not None for content in found.holding}


def _by_content(units: Sequence[_Unit], groups: Sequence[Sequence[int]], sets: Sets, model: Model) -> list[Severity]:
    """Each content over all tables that hold it, with their people united."""
    if len(units) < 2:
        return []
    out: list[Severity] = []
    for at in range(len(units[0].readings)):
        if at and all(unit.readings[at] is unit.readings[at - 1] for unit in units):
            continue  # what was found before
        holders: dict[str, list[int]] = {}
        for entry in contents(model.pack):
            found = [n for n, unit in enumerate(units) if (held := unit.readings[at]) and held.holding.get(entry["id"])]
            if len(found) > 1:
                holders[entry["id"]] = found
        asked = [
            (content, kind, frozenset(n for n in found if units[n].basis == kind))
            for content, found in holders.items()
            for kind in {units[n].basis for n in found}
        ]
        people: dict[str, int] = {}
        for kind in {kind for _, kind, _ in asked}:
            groups_of = [(content, of) for content, held, of in asked if held == kind]
            counts = (
                union(sets[kind], [of for _, of in groups_of])
                if kind is not None
                else [max(units[n].people for n in of) for _, of in groups_of]
            )
            for (content, _), many in zip(groups_of, counts, strict=True):
                people[content] = max(people.get(content, 0), many)
        for content, found in holders.items():
            parts = [reading for n in found if (reading := units[n].readings[at]) is not None]
            whole = parts[0]
            for part in parts[1:]:
                whole = whole.merge(part)
            only = replace(whole, holding=MappingProxyType({content: whole.holding[content]}))
            out.append(score([only], people[content], model))
    return out


def _first_of_each(held: Sequence[Shares], rank: Keys, most: int) -> tuple[Keys, Keys, Keys, Keys, Keys]:
    """Of the pairs of each artifact, on either side of which it may stand, the first `most`.

    Those with the most keys come first, then by the `rank` of the other one, then by place in `held`. Returns how many
    pairs each artifact has here, and of these pairs the artifact, the keys, the rank of the other and the place.
    """
    sides = [
        (place, one, other, each.counts)
        for place, each in enumerate(held)
        for one, other in ((each.first, each.second), (each.second, each.first))
    ]
    size = len(rank)
    of_each = np.sum([np.bincount(one, minlength=size) for _, one, _, _ in sides], axis=0)
    begins, here = np.cumsum(of_each) - of_each, np.minimum(of_each, most)
    rows = np.repeat(begins - np.cumsum(here) + here, here) + np.arange(here.sum())
    top = max(int(counts.max()) for _, _, _, counts in sides)
    bits = [value.bit_length() for value in (top, size - 1, len(held) - 1)]
    if size.bit_length() + sum(bits) < 64:  # a pair as one number, without copies of what may be many millions
        mixed = np.empty(sum(len(one) for _, one, _, _ in sides), np.int64)
        at = 0
        for place, one, other, counts in sides:
            part = mixed[at : at + len(one)]
            np.left_shift(one, bits[0], out=part)
            part += top
            part -= counts
            part <<= bits[1]
            part += rank[other]
            part <<= bits[2]
            part += place
            at += len(one)
        sort(mixed)
        mixed = mixed[rows]
        places, mixed = mixed & ((1 << bits[2]) - 1), mixed >> bits[2]
        others, mixed = mixed & ((1 << bits[1]) - 1), mixed >> bits[1]
        return here, mixed >> bits[0], top - (mixed & ((1 << bits[0]) - 1)), others, places
    one, other, counts = (np.concatenate([side[at] for side in sides]) for at in (1, 2, 3))
    places = np.repeat([place for place, *_ in sides], [len(side[1]) for side in sides])
    others = rank[other]
    order = np.lexsort((places, others, -counts, one))[rows]
    return here, one[order], counts[order], others[order], places[order]


def _overlaps(artifacts: Sequence[Artifact], found: Mapping[AnyType, Shares]) -> dict[int, tuple[Overlap, ...]]:
    """Artifact → what it has in common with others, the most first; only what is told is made."""
    kinds = sorted(kind for kind, one in found.items() if len(one.first))
    if not kinds:
        return {}
    held = [found[kind] for kind in kinds]
    paths = sorted({artifact.path for artifact in artifacts})
    ranks = {path: rank for rank, path in enumerate(paths)}
    rank = np.array([ranks[artifact.path] for artifact in artifacts])
    here, one, counts, other, on = _first_of_each(held, rank, _MOST_OVERLAPS)
    alone = np.empty(len(one), np.int64)
    for kind, each in enumerate(held):
        alone[on == kind] = each.alone[one[on == kind]]
    shares, which = np.unique(np.minimum(1.0, counts / alone), return_inverse=True)
    rounded = [round(share, 4) for share in shares.tolist()]
    fields = zip(
        map(paths.__getitem__, other.tolist()),
        counts.tolist(),
        map(rounded.__getitem__, which.tolist()),
        map(kinds.__getitem__, on.tolist()),
        strict=True,
    )
    made = map(partial(tuple.__new__, Overlap), fields)  # as `Overlap._make` does, without a call each
    return {at: tuple(islice(made, many)) for at, many in enumerate(here.tolist()) if many}


def _subscribers(artifacts: Sequence[Artifact], sets: Sets, kinds: Sequence[Kind]) -> Subscribers:
    for kind in kinds:
        if kind in sets:
            everyone = frozenset(owner for owner, _ in sets[kind].parts)
            if many := union(sets[kind], [everyone])[0]:
                return Subscribers(many, kind[0].value)
    best = max(artifacts, key=lambda one: one.subscribers.distinct, default=None)
    return best.subscribers if best is not None else Subscribers()


def summarise(
    artifacts: Sequence[Artifact],
    holdings: Sequence[Holding],
    model: Model,
    joined: Iterable[Joined] = (),
    vault: Vault | None = None,
) -> tuple[tuple[Artifact, ...], Summary]:
    """The artifacts with their overlaps and duplicates, and the summary of the scan; `vault` as for a `Pool`.

    Tables of the same layout are scored as one, so that a table in parts scores as the whole; then each content over
    all tables that hold it, and what tables reveal joined. The highest counts.
    """
    joins = set(model.settings["joins"]["types"])
    sets = _sets(holdings, vault)
    in_common = {kind: shares(pool) for (kind, veiled), pool in sets.items() if kind in joins and not veiled}
    copies = duplicates([holding.shape for holding in holdings])
    overlaps = _overlaps(artifacts, in_common)
    groups = _units(artifacts, holdings, copies)
    unit_of = {member: at for at, members in enumerate(groups) for member in members}
    by_unit = {kind: owned for kind, pool in sets.items() if (owned := pool.owned(unit_of)).parts}
    united = {kind: shared(pool) for kind, pool in by_unit.items()}
    units = _made(groups, artifacts, holdings, united, basis(model.pack))
    linkage = _linked(units, united, artifacts, model)
    told = {link.artifacts for link in linkage}
    related = _related(
        (one for one in joined if not {one.register, one.behaviour} & set(copies)), artifacts, holdings, model
    )
    linkage += [link for link in related if link.artifacts not in told]
    found = [score(unit.readings, unit.people, model) for unit in units]
    found += _by_content(units, groups, by_unit, model)
    found += [link.severity for link in linkage] + [artifact.severity for artifact in artifacts]
    out = tuple(
        changed(
            artifact,
            overlaps=overlaps.get(at, ()),
            duplicate_of=artifacts[copies[at]].path if at in copies else None,
        )
        for at, artifact in enumerate(artifacts)
    )
    people = _subscribers(artifacts, sets, basis(model.pack))
    worst = max(found, key=lambda one: one.score, default=Severity())
    spread = breakdown(sets, model.pack, {at: artifact.breakdown for at, artifact in enumerate(artifacts)})
    return out, Summary(
        artifacts=len(out),
        by_status=MappingProxyType(dict(sorted(Counter(a.status.value for a in out).items()))),
        by_level=MappingProxyType(dict(sorted(Counter(a.severity.level.value for a in out).items()))),
        subscribers=people,
        severity=worst,
        linkage=tuple(sorted(linkage, key=lambda link: (-link.severity.score, link.artifacts, link.on))),
        breakdown=spread,
        advice=advice(out, people.distinct, worst.level, spread, model.pack),
    )
