"""What one column shows, as the shares and counts that verdicts read; no policy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, cast

import numpy as np

from scanner.detect import kernels as k
from scanner.detect.profile import ColumnProfile
from scanner.detect.tables import AIRLINE_BIT, KIND_OF, Tables
from scanner.model import Evidence, HashTest
from scanner.packs.headers import HeaderMatch, is_nameless, match, spoken
from scanner.packs.schema import Pack
from scanner.sets import KeySet
from scanner.terms import AnyType, ColumnType, PackType

_YEAR = 31_557_600
_NONE = KeySet()


@lru_cache(maxsize=4)
def _limits(pack: Pack) -> Mapping[str, Mapping[str, float]]:
    """The thresholds of `patterns/verdicts.toml`."""
    groups = cast(Mapping[str, Any], pack.settings.get("verdicts", {}))
    return {
        group: {name: float(value) for name, value in held.items()}
        for group, held in groups.items()
        if isinstance(held, Mapping)
    }


@dataclass(slots=True)
class Facts:
    """Shares and counts of one column, and the reasons collected on the way to its verdict."""

    key: str | int
    name: str | None
    header: HeaderMatch | None
    nameless: bool
    """Whether there is no header or one that says nothing."""
    profile: ColumnProfile
    tables: Tables
    limits: Mapping[str, Mapping[str, float]]
    counts: dict[str, int] = field(default_factory=dict)
    fits: list[int] = field(default_factory=list)
    """Whole cells that fit each notation, by its row in the tables; empty where none does."""
    known: list[int] = field(default_factory=list)
    """Of them, those whose finer code is known."""
    spoken: frozenset[AnyType] = frozenset()
    """The types that the header speaks for."""
    lengths: list[int] = field(default_factory=list)
    """All-digit cells of each length."""
    extremes: list[int] = field(default_factory=list)
    """See `kernels.EXTREMES`."""
    often: list[int] = field(default_factory=list)
    """Occurrences by kind * 3 + way to stand; empty where nothing was found."""
    airlines: int = 0
    """Cells that begin with the code of an airline."""
    best: dict[tuple[ColumnType, bool], int] = field(default_factory=dict)
    """(type, whether words within count) → cells of its best lexicon, where there are some."""
    filled: int = 0
    epoch: str | None = None
    """Which epoch class nearly all cells could be, within one span of years."""
    evidence: list[Evidence] = field(default_factory=list)
    hash: HashTest | None = None
    """Of digests: whether they can be reversed."""
    _found: dict[tuple[AnyType, tuple[int, ...]], KeySet] = field(default_factory=dict)

    @classmethod
    def of(cls, key: str | int, name: str | None, profile: ColumnProfile, pack: Pack, tables: Tables) -> Facts:
        """The facts of a column under the header `name`."""
        made = cls(key, name, match(pack, name), is_nameless(pack, name), profile, tables, _limits(pack))
        made.spoken = spoken(pack, name)
        if profile.counts is not None:
            # the rules ask for single figures, hundreds of times a column, which lists give faster than arrays
            made.counts = dict(zip(k.CLASSES, profile.counts.tolist(), strict=True))
            made.filled = made.counts["filled"]
            fits, known = profile.rule_counts.T.tolist()
            if any(fits):
                made.fits, made.known = fits, known
            made.lengths, made.extremes = profile.lengths.tolist(), profile.extremes.tolist()
            often = profile.times.tolist()
            made.often = often if any(often) else []
            bits, tokens = profile.lex_counts.nonzero()
            if len(bits):
                cells = profile.lex_counts[bits, tokens].tolist()
                made._worded(zip(bits.tolist(), tokens.tolist(), cells, strict=True))
            made.epoch = made._epoch() if made.n("epoch_s", "epoch_ms", "epoch_us") else None
        return made

    def _worded(self, found: Iterable[tuple[int, int, int]]) -> None:
        """Take what was found of the lexicons: bit of one, 0 for whole cells or 1 for words within, cells."""
        for bit, token, cells in found:
            if bit == AIRLINE_BIT:
                if not token:
                    self.airlines = cells
            elif (place := self.tables.place_of(bit, bool(token))) is not None:
                self.best[place] = max(cells, self.best.get(place, 0))

    def limit(self, group: str, name: str) -> float:
        """A threshold of `patterns/verdicts.toml`."""
        return self.limits[group][name]

    def n(self, *names: str) -> int:
        """Cells of some classes."""
        counts = self.counts
        if not counts:
            return 0
        return counts[names[0]] if len(names) == 1 else sum([counts[name] for name in names])

    def share(self, *names: str) -> float:
        """Share (0..1) of the filled cells that fall into some classes."""
        if not self.filled:
            return 0.0
        counts = self.counts
        return (counts[names[0]] if len(names) == 1 else sum([counts[name] for name in names])) / self.filled

    def numbers(self) -> tuple[int, int] | None:
        """Least and greatest, where all filled cells are whole numbers of digits alone."""
        if not self.filled or self.n("digits") != self.filled:
            return None
        low, high = self.extremes[k.NUMBER_MIN], self.extremes[k.NUMBER_MAX]
        return (low, high) if low <= high else None

    def rules(self, kind: ColumnType, strength: int = 0) -> int:
        """Whole cells that fit a notation of a type of at least some strength."""
        return sum([self.fits[row] for row in self.tables.rows_of(kind, strength)]) if self.fits else 0

    def national(self) -> float:
        """Share of the cells with a national number's length that are Pakistani mobile numbers or usual fixed lines."""
        cells = self.length(10, 11)
        if not cells:
            return 1.0
        lengths, tables = self.tables.rule_lengths, self.tables
        rows = (*tables.rows_of(ColumnType.MSISDN), *tables.rows_of(ColumnType.LANDLINE, 2))
        fit = sum(self.fits[row] for row in rows if lengths[row] in (10, 11)) if self.fits else 0
        return min(1.0, fit / cells)

    def strict(self, kind: ColumnType) -> int:
        """Of them, those whose finer code is known."""
        return sum([self.known[row] for row in self.tables.rows_of(kind)]) if self.known else 0

    def lexicon(self, kind: ColumnType, token: bool = False) -> float:
        """Share of filled cells that are (or hold) a word of a type's lexicons; the best lexicon counts."""
        return self.best.get((kind, token), 0) / self.filled if self.best and self.filled else 0.0

    def airline(self) -> float:
        """Share of flight-shaped cells that begin with a known airline code."""
        flights = self.n("flight")
        return self.airlines / flights if flights else 0.0

    def length(self, *digits: int) -> int:
        """All-digit cells of some lengths."""
        return sum([self.lengths[n] for n in digits]) if self.lengths else 0

    def codes(self, low: int, high: int) -> int:
        """How many different leading three digits from `low` up to but not including `high` stand in the column."""
        return int(np.count_nonzero(self.profile.lead[low:high])) if self.profile.lead is not None else 0

    def _added(self, kind: PackType) -> int:
        """The place of a type that the pack adds."""
        assert self.tables.added is not None
        return [one.type for one in self.tables.added.identifiers].index(kind)

    def found(self, kind: AnyType, *ways: int) -> KeySet:
        """Distinct keys of a type that stand in some ways (k.WEAK, k.SURE, k.IN_TEXT); not to be changed."""
        if isinstance(kind, PackType):
            at, sets = self._added(kind), self.profile.added.sets if self.profile.added is not None else {}
        else:
            at, sets = KIND_OF[kind], self.profile.sets
        held = [sets[code] for way in ways if (code := at * 3 + way) in sets]
        if len(held) < 2:
            return held[0] if held else _NONE
        if (kind, ways) not in self._found:
            made = self._found[kind, ways] = KeySet(self.profile.room)
            for one in held:
                made.update(one)
        return self._found[kind, ways]

    def places(self, kind: AnyType, *ways: int) -> tuple[int, ...]:
        """Where `profile.Piece` counts a type that stands in some ways."""
        at = len(k.KINDS) + self._added(kind) if isinstance(kind, PackType) else KIND_OF[kind]
        return tuple(at * 3 + way for way in ways)

    def times(self, kind: AnyType, *ways: int) -> int:
        """Occurrences, likewise."""
        if isinstance(kind, PackType):
            added = self.profile.added
            if added is None or added.times is None:
                return 0
            return sum(int(added.times[self._added(kind) * 3 + way]) for way in ways)
        if not self.often:
            return 0
        at = KIND_OF[kind] * 3
        return sum([self.often[at + way] for way in ways])

    def hidden_digits(self, kind: AnyType) -> int:
        """Most digits that a mask hides in a cell of a type."""
        if isinstance(kind, PackType) and self.profile.added is not None:
            return self.profile.added.hidden
        return self.extremes[k.HIDDEN]

    def says(self, *kinds: AnyType) -> float:
        """How firmly the header speaks for one of some types, 0 to 1."""
        if self.header is None:
            return 0.0
        return self.header.weight if not self.spoken.isdisjoint(kinds) else 0.0

    @property
    def against(self) -> bool:
        """Whether the header names something that is no identifier."""
        return self.header is not None and self.header.role == "none"

    @property
    def running(self) -> float:
        """How densely the numbers fill their range, 0 (spread) to 1 (without gaps); 0 where too few to tell."""
        keys = max((self.found(kind, k.WEAK, k.SURE) for kind in (ColumnType.MSISDN, ColumnType.CNIC)), key=len)
        if len(keys) < self.limit("running", "fewest") or not self.extremes:
            return 0.0
        low, high = self.extremes[k.KEY_MIN], self.extremes[k.KEY_MAX]
        return len(keys) / max(1, high - low + 1)

    def _epoch(self) -> str | None:
        for name in ("epoch_s", "epoch_ms", "epoch_us"):
            if self.share(name) >= self.limit("time", "epoch"):
                span = self.extremes[k.DAY_MAX] - self.extremes[k.DAY_MIN]
                if span < self.limit("time", "epoch_years") * _YEAR:
                    return name
        return None

    def note(self, subject: str, weight: float, text: str) -> None:
        """Keep one reason."""
        self.evidence.append(Evidence(subject, round(weight, 3), text))
