"""A merged profile → the artifact's columns and the identifiers that count."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any, cast

import numpy as np

from scanner.detect import kernels as k
from scanner.detect.context import contexts
from scanner.detect.facts import Facts
from scanner.detect.profile import OUTSIDE, ArtifactProfile
from scanner.detect.tables import Tables
from scanner.detect.verdict import Verdict, decide, pair_points
from scanner.masking import mask_value
from scanner.model import Column, HashTest, Linked
from scanner.packs.schema import Pack
from scanner.records import changed
from scanner.sets import KeySet
from scanner.terms import IDENTIFIER_TYPES, AnyType, ColumnType, Form, PackType

T = ColumnType
_PHONES = frozenset({T.MSISDN, T.LANDLINE})
_TEXTS = frozenset({T.FREE_TEXT, T.OTHER, T.PERSON_NAME, T.ADDRESS, T.SITE_NAME})
#: Codes without a shape of their own: inside a text they are never counted.
_SHAPELESS = frozenset({T.PNR, T.TICKET_NUMBER, T.IMEI, T.IMSI})
_ALL = (k.WEAK, k.SURE, k.IN_TEXT)
#: Columns of identifiers into which now and then another one slips, and what counts there.
_MIXED_UP = frozenset({*_PHONES, T.CNIC, T.PASSPORT})


@dataclass(frozen=True, slots=True)
class Judged:
    """An artifact's columns and the identifiers that count."""

    columns: tuple[Column, ...]
    sets: Mapping[AnyType, KeySet]
    occurrences: Mapping[AnyType, int]
    veiled: Mapping[AnyType, KeySet]
    """Distinct digests or masked values by the type behind them."""
    counted: Mapping[AnyType, tuple[tuple[str | int, tuple[int, ...]], ...]]
    """Type → columns (OUTSIDE for what stands in none) with the codes of `profile.Piece` by which it was counted."""
    events: Mapping[int, tuple[int, int]]
    """Column index → first and last moment in seconds since 1970, as local as stated."""
    facts: tuple[Facts, ...]
    linked: Linked


class _Count:
    """Identifiers of one artifact, added up column by column."""

    def __init__(self) -> None:
        self.sets: dict[AnyType, KeySet] = {}
        self.occurrences: dict[AnyType, int] = {}
        self.veiled: dict[AnyType, KeySet] = {}
        self.places: dict[AnyType, list[tuple[str | int, tuple[int, ...]]]] = {}

    def add(self, one: Facts, kind: AnyType, *ways: int) -> None:
        times = one.times(kind, *ways)
        if times:
            found = one.found(kind, *ways)
            self.occurrences[kind] = self.occurrences.get(kind, 0) + times
            self.places.setdefault(kind, []).append((one.key, one.places(kind, *ways)))
            self.sets[kind] = self.sets[kind].merge(found) if kind in self.sets else found

    def column(self, one: Facts, verdict: Verdict) -> int | None:
        """Count a column's identifiers of its own type; returns its distinct values, None where they cannot be told."""
        if verdict.type not in IDENTIFIER_TYPES and not isinstance(verdict.type, PackType):
            return None
        if verdict.form is Form.PLAIN:
            self.add(one, verdict.type, *_ALL)
            return len(one.found(verdict.type, *_ALL))
        code = 12 if verdict.form is Form.HASHED else 13
        hidden = one.profile.sets.get(code * 3) or KeySet()
        self.veiled[verdict.type] = self.veiled[verdict.type].merge(hidden) if verdict.type in self.veiled else hidden
        if verdict.form is not Form.DAMAGED:
            self.add(one, verdict.type, *(_ALL if isinstance(verdict.type, PackType) else (k.SURE,)))
        return len(hidden) if verdict.form is Form.HASHED else None

    def others(self, one: Facts, verdict: Verdict, lines: bool) -> None:
        """Count identifiers of other types that stand in the column, or in the lines of a document."""
        if not one.often and one.profile.added is None:
            return
        phones = verdict.type in _PHONES
        if verdict.type in _MIXED_UP and verdict.form is Form.PLAIN:
            for kind in (T.MSISDN, T.CNIC):
                if kind is not verdict.type and not (phones and kind in _PHONES):
                    self.add(one, kind, *(_ALL if kind is T.MSISDN and _written_out(one) else (k.SURE,)))
        if not phones and verdict.type not in _TEXTS:
            return
        texty = one.share("words", "text") >= 0.3 and one.share("digits") <= 0.5
        if not phones and one.tables.added is not None:
            for extra in one.tables.added.identifiers:
                if extra.type != verdict.type:
                    self.add(one, extra.type, *((k.SURE, k.IN_TEXT) if texty else (k.IN_TEXT,)))
        for kind in IDENTIFIER_TYPES:
            if kind is verdict.type or (lines and only_examples(one, kind)):
                continue
            if phones and kind in _PHONES:
                self.add(one, kind, *_ALL)
            elif kind in _SHAPELESS or (kind is T.PASSPORT and verdict.type is not T.FREE_TEXT):
                continue
            elif texty and kind in (T.MSISDN, T.CNIC, T.EMAIL, T.IBAN, T.LANDLINE):
                self.add(one, kind, *(_ALL if kind is T.MSISDN and _written_out(one) else (k.SURE, k.IN_TEXT)))
            else:
                self.add(one, kind, k.IN_TEXT)


#: The digits of a number that are its holder's own: their place from the right, and how many.
_OWN = {T.MSISDN: (0, 7), T.CNIC: (1, 7)}


def _typed(digits: str) -> bool:
    """Whether digits look typed for an example: one or two different ones, or all in a row."""
    steps = {int(b) - int(a) for a, b in pairwise(digits)}
    return len(set(digits)) <= 2 or steps == {1} or steps == {-1}


def only_examples(facts: Facts, kind: ColumnType) -> bool:
    """Whether all numbers of a type within a text, and they are few, look typed for an example as in documentation."""
    if kind not in _OWN:
        return False
    found = facts.found(kind, *_ALL)
    if not 0 < len(found) <= facts.limit("prose", "examples"):
        return False
    place, count = _OWN[kind]
    return all(_typed(f"{key // 10**place % 10**count:0{count}d}") for key in found.keys().tolist())


def _written_out(facts: Facts) -> bool:
    """Whether the mobile numbers of a column have their zero or country code, and spread over codes."""
    return facts.rules(T.MSISDN, 2) == facts.rules(T.MSISDN) and facts.running <= facts.limit("running", "dense")


def _events(facts: Facts, verdict: Verdict) -> tuple[int, int] | None:
    """First and last moment of a column of timestamps, day or month first as the values show."""
    extremes = facts.extremes
    if verdict.type is not T.TIMESTAMP or not extremes:
        return None
    low, high = extremes[k.DAY_MIN], extremes[k.DAY_MAX]
    if facts.n("second_gt12") > facts.n("first_gt12"):
        low, high = extremes[k.MONTH_MIN], extremes[k.MONTH_MAX]
    return (low, high) if low <= high else None


def _foreign_party(facts: Facts) -> bool:
    """Whether a column without a type holds other countries' numbers under a header that names a phone."""
    least = facts.limit("msisdn", "foreign")
    return facts.says(T.MSISDN) >= facts.limit("words", "firm") and facts.share("foreign") >= least


def _role(facts: Facts, verdict: Verdict) -> str | None:
    """The role that the header names, or that a moment with a time of day has where no header says."""
    said = facts.header
    if said is not None and said.role != "none":
        role = said.role_of(verdict.type)
        if role is None and {said.type, verdict.type} <= _PHONES:
            role = said.role
        if role is None and verdict.type is T.OTHER and _foreign_party(facts):
            role = said.role
        if role is not None:
            return role
    if verdict.type is T.TIMESTAMP and facts.share("datetime", "epoch_s", "epoch_ms", "epoch_us", "stamp14") > 0.5:
        return "event_time"
    return None


@lru_cache(maxsize=4096)  # the rules give few different ones
def calibrated(raw: float, pack: Pack) -> float:
    """The confidence to state for the one that the rules give, as `patterns/calibration.toml` maps it; both 0 to 1."""
    points = cast(Mapping[str, Any], pack.settings["calibration"])["column"]["points"]
    return float(np.interp(raw, [one for one, _ in points], [other for _, other in points]))


def _samples(facts: Facts, kind: AnyType, reveal: bool) -> tuple[str, ...]:
    texts = (text.decode("utf-8", "replace") for _, _, text in facts.profile.samples)
    return tuple(text if reveal else mask_value(text, kind) for text in texts)


def _keys(profile: ArtifactProfile) -> list[str | int]:
    keys: list[str | int] = sorted(profile.columns, key=lambda key: profile.columns[key].place)
    if keys and all(isinstance(key, int) for key in keys):
        keys = sorted(profile.columns, key=int)
    return keys


def judge(
    profile: ArtifactProfile,
    names: tuple[str | None, ...],
    pack: Pack,
    tables: Tables,
    reveal: bool,
    lines: bool = False,
    test: Callable[[Facts], HashTest | None] | None = None,
) -> Judged:
    """Pass the verdict on every column of a merged profile.

    `names` are the headers by position; `lines` says that the artifact is a document of lines, whose cells are text.
    `test` says of a column of digests whether they can be reversed.
    """
    facts = []
    for key in _keys(profile):
        name = names[key] if isinstance(key, int) and key < len(names) else profile.names.get(key)
        facts.append(Facts.of(key, name, profile.columns[key], pack, tables))
    if test is not None and not lines:
        for one in facts:
            if one.filled and one.n("digest", "base64") >= 0.8 * one.filled:  # nearly all cells are digests
                one.hash = test(one)
    if lines:
        verdicts = [Verdict(T.FREE_TEXT, Form.PLAIN, 0.9, one.n("text_hit")) for one in facts]
    else:
        verdicts = [decide(one, context) for one, context in zip(facts, contexts(facts), strict=True)]
        verdicts = pair_points(facts, verdicts)
    if tables.added is not None:
        from scanner.detect.added import weigh

        verdicts = [weigh(one, verdict) for one, verdict in zip(facts, verdicts, strict=True)]
    count = _Count()
    columns, events = [], {}
    for one in facts:
        if one.n("linked"):
            texts = f"{one.n('linked'):,} cells hold a mobile number with a CNIC, {one.n('named'):,} of them a name too"
            one.note("values: number and CNIC in one text", 0.0, texts)
    for position, (one, verdict) in enumerate(zip(facts, verdicts, strict=True)):
        index = one.key if isinstance(one.key, int) else position
        if verdict.type in IDENTIFIER_TYPES and verdict.form is Form.PLAIN:
            whole = one.times(verdict.type, k.WEAK, k.SURE)
            verdict = changed(verdict, matched=whole or min(verdict.matched, one.filled))
        distinct = count.column(one, verdict)
        count.others(one, verdict, lines)
        if (moments := _events(one, verdict)) is not None:
            events[index] = moments
        columns.append(
            Column(
                index=index,
                name=one.name,
                type=verdict.type,
                form=verdict.form,
                confidence=round(calibrated(verdict.confidence, pack), 3),
                rows_filled=one.filled,
                rows_matched=min(verdict.matched, one.filled),
                distinct=distinct,
                samples=_samples(one, verdict.type, reveal),
                role=_role(one, verdict),
                evidence=tuple(one.evidence),
                hash=one.hash,
                hidden_digits=one.hidden_digits(verdict.type) if verdict.form is Form.MASKED else None,
            )
        )
    loose = Facts.of(OUTSIDE, None, profile.loose, pack, tables)
    for kind in IDENTIFIER_TYPES if loose.often else ():
        if kind not in (T.PNR, T.TICKET_NUMBER) and not only_examples(loose, kind):
            count.add(loose, kind, k.IN_TEXT)
    for extra in pack.identifiers:
        count.add(loose, extra.type, k.IN_TEXT)
    places = {kind: tuple(held) for kind, held in count.places.items()}
    linked = profile.linked(tables) if {T.MSISDN, T.CNIC} <= set(count.occurrences) else (0, 0)
    return Judged(
        tuple(columns), count.sets, count.occurrences, count.veiled, places, events, tuple(facts), Linked(*linked)
    )
