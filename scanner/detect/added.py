"""Identifiers that rule packs add: digit patterns by compiled passes, expressions on cells that could fit.

Loaded only where a pack has such identifiers. What a pass yields merges like the rest of a profile; the verdict weighs
it against what the built-in rules say of the column.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import regex

from scanner.compiled import expect
from scanner.detect import added_kernels as k
from scanner.detect.kernels import TEXT_HIT
from scanner.identifiers import VALIDATORS
from scanner.identifiers.compacting import plain
from scanner.ingest.interface import Cells
from scanner.packs.automaton import ENDLESS, Needs, needs
from scanner.packs.backtracking import in_text
from scanner.packs.schema import Expression, Identifier, Notation, Pack
from scanner.sets import BOUNDLESS, KeySet, Room
from scanner.terms import ColumnType, Form, PackType

if TYPE_CHECKING:
    from scanner.detect.facts import Facts
    from scanner.detect.tables import Tables
    from scanner.detect.verdict import Verdict

#: Seconds that an expression may take on one cell; cells given up in one piece of a column before it stops there.
SECONDS, MOST_GIVEN_UP = 0.25, 3
#: Longest cell, in bytes, that is tried as a whole.
_LONGEST = 512
_CHECK_CHANCE = {"mod97": "1 %", "mod11": "9 %", "mod11_7": "9 %"}
WEAK, SURE, IN_TEXT = k.WEAK, k.SURE, k.IN_TEXT
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Search:
    """An expression ready to run."""

    id: str
    type: int
    """Place of its type in `Added.types`."""
    strength: int
    whole: Any
    inside: Any
    """Compiled for finding it inside texts; None where it is not looked for there."""
    valid: Callable[[str], bool] | None
    width: npt.NDArray[np.int64]
    figures: npt.NDArray[np.int64]
    begins: npt.NDArray[np.uint8]
    taken: npt.NDArray[np.uint8]
    literal: npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Added:
    """The identifiers that a pack adds, ready to be looked for."""

    identifiers: tuple[Identifier, ...]
    numbers: k.Numbers | None
    """None where all of them are expressions."""
    searched: bool
    """Some digit pattern counts inside texts."""
    searches: tuple[Search, ...]
    checks: dict[int, str]
    """Type → check digit of its digit patterns."""


def _search(one: Expression, types: list[PackType]) -> Search:
    known: Needs = needs(one.pattern)
    low, high = known.width
    most = _LONGEST if high >= ENDLESS else min(_LONGEST, 4 * high)
    return Search(
        one.id,
        types.index(one.column_type),  # type: ignore[arg-type]
        one.strength,
        regex.compile(one.pattern),
        regex.compile(in_text(one.pattern)) if one.in_text == "always" else None,
        VALIDATORS[one.validator] if one.validator else None,
        np.array((low, most), np.int64),
        np.array(known.digits, np.int64),
        np.array(known.begins, np.uint8),
        np.array(known.taken, np.uint8),
        np.frombuffer(known.literal.encode("ascii"), np.uint8).copy(),
    )


def _numbers(notations: list[Notation], types: list[PackType], pack: Pack, mult: Any, perm: Any) -> k.Numbers | None:
    if not notations:
        return None
    names = sorted({one.component for one in notations if one.component})
    tables = np.zeros((max(1, len(names)), 100_000), np.uint8)
    for at, name in enumerate(names):
        tables[at, [int(code) for code in pack.tables[name].codes]] = 1
    lengths, texts = np.zeros(32, np.uint8), np.zeros(32, np.uint8)
    rows = []
    for one in sorted(notations, key=lambda one: (types.index(one.column_type), -one.strength)):  # type: ignore[arg-type]
        for length in one.lengths:
            lengths[length] = 1
            texts[length] |= one.in_text != "never"
            row = np.zeros(13, np.int64)
            row[k.LENGTH], row[k.PREFIX_LENGTH], row[k.PREFIX] = length, len(one.prefix), int(one.prefix or 0)
            row[k.FIRST] = sum(1 << int(digit) for digit in set(one.first))
            row[k.STRIP], row[k.CODE] = one.strip, one.component_digits
            row[k.TABLE] = names.index(one.component) if one.component else -1
            row[k.CHECK], row[k.STRENGTH] = k.CHECK_NUMBERS[one.checksum], one.strength
            row[k.BREAKS] = sum(1 << place for place in one.breaks if place < length)
            row[k.FREE_AFTER] = length if one.free_after >= max(one.lengths) else one.free_after
            row[k.TEXT_MODE] = k.TEXT_MODES[one.in_text]
            row[k.TYPE] = types.index(one.column_type)  # type: ignore[arg-type]
            rows.append(row)
    return k.Numbers(np.array(rows), tables, mult, perm, lengths, texts)


def added(pack: Pack, mult: Any, perm: Any) -> Added:
    """What a pack's own identifiers need; `mult` and `perm` are Verhoeff's tables."""
    types = [one.type for one in pack.identifiers]
    notations = [one for one in pack.notations if isinstance(one.column_type, PackType)]
    checks = {types.index(one.column_type): one.checksum for one in notations if one.checksum}  # type: ignore[arg-type]
    return Added(
        pack.identifiers,
        _numbers(notations, types, pack, mult, perm),
        any(one.in_text != "never" for one in notations),
        tuple(_search(one, types) for one in pack.expressions if isinstance(one.column_type, PackType)),
        checks,
    )


@dataclass(slots=True)
class AddedProfile:
    """What a column shows of a pack's own identifiers; neutral when new."""

    counts: Any = None
    """int64[types, COUNTS]."""
    times: Any = None
    """int64[types * 3]: how often a type stands in each way."""
    sets: dict[int, KeySet] = field(default_factory=dict)
    """Type * 3 + way → distinct keys."""
    hidden: int = 0
    """Most digits hidden by a mask."""
    lone: int = 0
    """Cells in whose text such identifiers stand and none of the contract's."""
    given_up: dict[str, int] = field(default_factory=dict)
    """Expression → cells that it was not run on to the end."""
    room: Room = BOUNDLESS
    """Where the sets are held."""

    def update(self, other: AddedProfile) -> None:
        """Merge another profile into this one."""
        if other.counts is not None:
            self._ready(len(other.counts))
            self.counts += other.counts
            self.times += other.times
        for code, held in other.sets.items():
            self.sets.setdefault(code, KeySet(self.room)).update(held)
        self.hidden = max(self.hidden, other.hidden)
        self.lone += other.lone
        for name, cells in other.given_up.items():
            self.given_up[name] = self.given_up.get(name, 0) + cells

    def _ready(self, types: int) -> None:
        if self.counts is None:
            self.counts, self.times = np.zeros((types, k.COUNTS), np.int64), np.zeros(types * 3, np.int64)

    def take(self, code: int, keys: npt.NDArray[np.int64], times: int) -> None:
        """Add keys of a type in one way to stand, which stood so many times."""
        self.times[code] += times
        self.sets.setdefault(code, KeySet(self.room)).add(keys)

    def scan(self, cells: Cells, tables: Tables, lines: bool) -> None:
        """Add cells; `lines`: each is a line of a document."""
        wanted = tables.added
        assert wanted is not None
        self._ready(len(wanted.identifiers))
        data, starts, stops = cells.data.view(), cells.starts, cells.stops
        data.flags.writeable = False
        if not len(starts):
            return
        expect(cells.nbytes)
        hits = np.zeros(len(starts), np.uint8)
        if wanted.numbers is not None:
            self._numbers(data, starts, stops, hits, wanted, lines)
        for search in wanted.searches:
            self._search(search, data, starts, stops, hits, lines)
        if hits.any():
            self.lone += _lone(data, starts[hits == 1], stops[hits == 1], tables)

    def _numbers(self, data: Any, starts: Any, stops: Any, hits: Any, wanted: Added, lines: bool) -> None:
        numbers = wanted.numbers
        assert numbers is not None
        types = len(wanted.identifiers)
        shortest = int(np.flatnonzero(numbers.lengths)[0])
        room = types * (len(starts) + int((stops - starts).sum()) // shortest + 2) + 16
        found = k.Found(self.counts, np.empty(room, np.uint8), np.empty(room, np.int64), np.zeros(2, np.int64), hits)
        scratch = np.zeros(int((stops - starts).max(initial=0)) + 1, np.uint8)
        k.find_numbers(data, starts, stops, scratch, lines, wanted.searched, numbers, found)
        used = int(found.state[0])
        codes, keys = found.codes[:used], found.keys[:used]
        for code, times in enumerate(np.bincount(codes, minlength=1).tolist()):
            if times:
                self.take(code, keys[codes == code], times)
        self.hidden = max(self.hidden, int(found.state[1]))

    def _search(self, search: Search, data: Any, starts: Any, stops: Any, hits: Any, lines: bool) -> None:
        """Run an expression on the different cells that it could fit or stand in."""
        done = np.zeros(len(starts), bool)
        keys: list[int] = []
        if not lines:
            rows = np.flatnonzero(_candidates(search, data, starts, stops, True))

            def whole(text: str) -> list[Any]:
                match = search.whole.fullmatch(text, timeout=SECONDS)
                return [match] if match is not None and (search.valid is None or search.valid(text)) else []

            for found, at in self._run(search, _different(data, starts, stops, rows), whole):
                keys.append(_key(found[0]))
                done[at] = True
            fits = int(done.sum())
            if fits:
                self.counts[search.type, [k.SHAPE, k.FIT]] += fits
                self.counts[search.type, k.STRONG] += fits if search.strength >= 3 else 0
                way = SURE if search.strength >= 3 else WEAK
                self.take(search.type * 3 + way, np.array(keys, np.int64), fits)
        if search.inside is None:
            return

        def inside(text: str) -> list[Any]:
            found = search.inside.finditer(text, timeout=SECONDS)
            return [match for match in found if search.valid is None or search.valid(match.group())]

        rows = np.flatnonzero((_candidates(search, data, starts, stops, False) == 1) & ~done)
        keys, times = [], 0
        for found, at in self._run(search, _different(data, starts, stops, rows), inside):
            keys += map(_key, found)
            times += len(at) * len(found)
            hits[at] = 1
        if times:
            self.take(search.type * 3 + IN_TEXT, np.array(keys, np.int64), times)

    def _run(
        self, search: Search, texts: Iterable[tuple[str, Rows]], match: Callable[[str], list[Any]]
    ) -> Iterator[tuple[list[Any], Rows]]:
        """The matches in each text, with the rows that hold it; after a few slow texts the rest is left."""
        slow = 0
        for text, rows in texts:
            if slow < MOST_GIVEN_UP:
                try:
                    found = match(text)
                except TimeoutError:
                    slow += 1
                else:
                    if found:
                        yield found, rows
                    continue
            self.given_up[search.id] = self.given_up.get(search.id, 0) + len(rows)


def _candidates(search: Search, data: Any, starts: Any, stops: Any, whole: bool) -> Any:
    marked = np.zeros(len(starts), np.uint8)
    k.candidates(data, starts, stops, whole, search.width, search.figures, search.begins, search.taken, search.literal,
                 marked)  # fmt: skip
    return marked


def _different(data: Any, starts: Any, stops: Any, rows: Rows) -> Iterator[tuple[str, Rows]]:
    """The different texts of some cells, each with the cells that hold it."""
    if not len(rows):
        return
    sizes = (stops[rows] - starts[rows]).astype(np.int64)
    ends = np.cumsum(sizes)
    places = np.repeat(starts[rows].astype(np.int64) - ends + sizes, sizes) + np.arange(int(ends[-1]))
    offsets = np.append(0, ends)
    gathered = pa.LargeBinaryArray.from_buffers(
        pa.large_binary(), len(rows), [None, pa.py_buffer(offsets), pa.py_buffer(data[places])]
    ).dictionary_encode()
    which = gathered.indices.to_numpy()
    order = np.argsort(which, kind="stable")
    held = np.split(rows[order], np.flatnonzero(np.diff(which[order])) + 1)
    for raw, at in zip(gathered.dictionary.to_pylist(), held, strict=True):
        text = raw.decode("utf-8", "replace")
        yield (text.strip() if text.isascii() and text[:1] not in ("=", "'") else plain(text)), at


def _key(match: Any) -> int:
    """A key for what a match holds (of its group `key` where it has one): letters and digits, as capitals."""
    text = match.groupdict().get("key") or match.group()
    held = "".join(filter(str.isalnum, text)).upper()
    return int.from_bytes(blake2b(held.encode(), digest_size=8).digest(), "big") >> 2


def _lone(data: Any, starts: Any, stops: Any, tables: Tables) -> int:
    """How many of some cells hold none of the contract's identifiers."""
    from scanner.detect.profile import ColumnProfile

    seen = ColumnProfile()
    seen.scan(Cells(data, starts, stops), replace(tables, added=None), 0, 0, text_only=True)
    return len(starts) - int(seen.counts[TEXT_HIT])


def weigh(facts: Facts, verdict: Verdict) -> Verdict:
    """The verdict on a column with a pack's own identifiers weighed against it.

    Under a header that names the identifier, values that fit it are that; without one they are where nothing else was
    found in the column and the rule is strong enough, or the column has no name.
    """
    from scanner.detect.verdict import Verdict

    wanted, seen = facts.tables.added, facts.profile.added
    if wanted is None or seen is None or seen.counts is None or not facts.filled:
        return verdict
    best = verdict
    for at, one in enumerate(wanted.identifiers):
        made = _of(facts, verdict, at, one, wanted, seen)
        if made is not None and (best is verdict or made.confidence > best.confidence):
            best = made
    if best is not verdict or verdict.type not in (ColumnType.OTHER, ColumnType.FREE_TEXT):
        return best
    found = int(seen.times[IN_TEXT::3].sum())
    texts = facts.n("words", "text")
    prose = texts >= facts.filled / 2 and facts.n("word_total") >= 3 * texts and facts.n("byte_total") >= 20 * texts
    if found and (verdict.type is ColumnType.FREE_TEXT or prose):
        matched = facts.n("text_hit") + seen.lone
        return Verdict(ColumnType.FREE_TEXT, Form.PLAIN, max(0.6, verdict.confidence), matched)
    return verdict


def _of(facts: Facts, other: Verdict, at: int, one: Identifier, wanted: Added, seen: AddedProfile) -> Verdict | None:
    """The verdict that a column holds one of the pack's identifiers, None where it is not."""
    from scanner.detect.verdict import Verdict

    kind, limit, filled = one.type, facts.limit, facts.filled
    counts, header = seen.counts[at], facts.says(kind)
    fits, shape = int(counts[k.FIT]), int(counts[k.SHAPE])
    share = fits / filled
    if not shape and not header:
        return None
    subject = f"values: {kind.label}"
    if shape:
        facts.note(subject, share, f"{fits:,} of {filled:,} cells fit")
    if counts[k.CHECKED]:
        check = wanted.checks[at]
        passed = fits / shape
        chance = _CHECK_CHANCE.get(check, "10 %")
        facts.note(
            f"{subject}, check digit", passed, f"{passed:.0%} of {shape:,} pass the check ({check}), chance is {chance}"
        )
    if header and share >= one.min_share:
        return Verdict(kind, Form.PLAIN, min(0.99, 0.6 + 0.2 * share + 0.19 * header), fits)
    if header:
        veiled = (
            (Form.MASKED, int(counts[k.MASKED]), "masked"),
            (Form.HASHED, facts.n("digest", "base64"), "digest"),
            (Form.DAMAGED, facts.n("scientific"), "rounded"),
        )
        for form, cells, name in veiled:
            if cells / filled >= limit("veiled", name):
                facts.note(f"{subject}, {form.value}", cells / filled, f"{cells:,} cells are {form.value}")
                return Verdict(kind, form, 0.85, cells)
        facts.note(subject, share - 1, f"the header names it, but fewer than {one.min_share:.0%} of the cells fit")
        return None
    if other.type is not ColumnType.OTHER:
        facts.note(subject, -share, f"no header speaks for it, and the values are held to be {other.type.value}")
        return None
    strong = int(counts[k.STRONG]) / filled
    if strong >= limit("added", "lone_share") and not (facts.against and strong < 1):
        return Verdict(kind, Form.PLAIN, min(0.95, 0.5 + 0.45 * strong), fits)
    certain = counts[k.CHECKED] and fits / shape >= limit("added", "checked")
    if facts.nameless and certain and share >= limit("added", "nameless_share"):
        return Verdict(kind, Form.PLAIN, 0.7, fits)
    facts.note(subject, -share, "no header speaks for it, and its rule alone does not decide")
    return None
