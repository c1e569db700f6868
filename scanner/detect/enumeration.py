"""Whether digests can be reversed: those of a number space are computed and compared with a column's.

Only counts leave this module. Which plain value a digest belongs to is not even computed: a search marks keys of the
column as found, nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from scanner.compiled import compile_all
from scanner.detect.profile import ColumnProfile
from scanner.model import HashSpace, HashTest
from scanner.packs.schema import Enumeration, Pack
from scanner.sets import KeyCounts
from scanner.terms import ColumnType

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

#: Digests that a scan computes for a column at most, in MD5s: about a second of one core.
BUDGET = 30_000_000
#: A column is tested only if, were it enumerable, so many of its digests would be expected among those computed.
LEAST_EXPECTED = 0.1
#: Digests of a column that a sample looks for at most, the smallest, which are as good as drawn.
MOST_WANTED = 1 << 21
#: Blocks that a search takes at once.
_STRETCH = 500
_TAIL = 3
#: Where `kernels.profile_column` counts digests by their size, and the algorithms (of `hashing`) that make such.
_BY_SLOT = {26: (0, 1, 3), 27: (0, 3), 28: (1, 3), 29: (2,), 30: (3, 5), 31: (5, 4)}

#: Told how many of how many digests are computed.
Watcher = Callable[[int, int], None]
#: (algorithm, id of the enumeration) → blocks done, distinct and rows found, from an earlier run.
Positions = dict[str, tuple[int, int, int]]


@dataclass(frozen=True, slots=True)
class Plan:
    """An enumeration laid out for one algorithm."""

    rule: Enumeration
    algorithm: int
    head: Any
    tails: Any
    codes: Any
    code_at: Any
    upper_at: Any
    blocks: int


@lru_cache(maxsize=64)
def plan(rule: Enumeration, algorithm: int, pack: Pack) -> Plan:
    """Lay an enumeration out: what stays, what the last three digits add, where the others go."""
    from scanner.detect import hashing

    size, width = (128, 8) if algorithm >= hashing.SHA384 else (64, 4)
    places = {letter: [i for i, one in enumerate(rule.template) if one == letter] for letter in "CS"}
    varied, upper = places["S"][-_TAIL:], places["S"][:-_TAIL]
    head = np.zeros(size, np.uint8)
    head[: len(rule.template)] = np.frombuffer(rule.template.encode(), np.uint8)
    head[places["C"] + places["S"]] = 0
    head[len(rule.template)] = 0x80
    little = algorithm == hashing.MD5
    head[size - 8 :] = np.frombuffer((8 * len(rule.template)).to_bytes(8, "little" if little else "big"), np.uint8)
    lanes = np.zeros((hashing.LANES, size), np.uint8)
    for place, step in zip(varied, (100, 10, 1), strict=True):
        lanes[:, place] = 48 + np.arange(hashing.LANES) // step % 10
    words = lanes.view(f"{'<' if little else '>'}u{width}").astype(f"u{width}")
    codes = np.array(sorted(int(code) for code in pack.tables[rule.table].codes), np.int64)
    return Plan(
        rule, algorithm, head, np.ascontiguousarray(words.T), codes, np.array(places["C"], np.int64),
        np.array(upper, np.int64), len(codes) * 10 ** len(upper),
    )  # fmt: skip


class Wanted:
    """The digests that are looked for, and which of them were found."""

    def __init__(self, counts: KeyCounts, most: int | None = None) -> None:
        """`counts` of a column's digests by key, of which the smallest `most` are looked for where it is given."""
        self.keys, self.times = counts.items(most)
        size = 1 << max(13, min(27, (16 * len(self.keys)).bit_length()))
        marks = np.zeros(size, bool)
        marks[self.keys & size - 1] = True
        marks[(self.keys >> 25) & size - 1] = True
        self.bits = np.packbits(marks, bitorder="little")
        self.found = np.zeros(len(self.keys), np.uint8)

    def search(self, laid: Plan, first: int, stop: int, pool: ThreadPoolExecutor, workers: int) -> None:
        """Compute the digests of some blocks of a plan."""
        from scanner.detect import hashing

        run = hashing.search64 if laid.algorithm >= hashing.SHA384 else hashing.search32
        edges = np.linspace(first, stop, workers + 1).astype(int).tolist()
        list(
            pool.map(
                lambda piece: run(
                    laid.algorithm, *piece, laid.head, laid.tails, laid.codes, laid.code_at, laid.upper_at, self.bits,
                    self.keys, self.found,
                ),
                pairwise(edges),
            )
        )  # fmt: skip


def algorithms(profile: ColumnProfile) -> tuple[int, ...]:
    """The algorithms that make digests of the commonest size of a column, the likeliest first."""
    slots = {slot: int(profile.lengths[slot]) for slot in _BY_SLOT}
    return _BY_SLOT[max(slots, key=lambda slot: slots[slot])]


@dataclass(slots=True)
class _Run:
    """A test under way."""

    wanted: Wanted
    plans: list[Plan]
    done: dict[str, int]
    before: Any
    gained: dict[str, tuple[int, int]]

    def name(self, laid: Plan) -> str:
        from scanner.detect import hashing

        return f"{hashing.NAMES[laid.algorithm]} {laid.rule.id}"

    def step(self, laid: Plan, blocks: int, pool: ThreadPoolExecutor, workers: int) -> None:
        name = self.name(laid)
        first = self.done[name]
        stop = min(first + blocks, laid.blocks)
        self.wanted.search(laid, first, stop, pool, workers)
        fresh = (self.wanted.found == 1) & ~self.before
        distinct, rows = self.gained[name]
        self.gained[name] = (distinct + int(fresh.sum()), rows + int(self.wanted.times[fresh].sum()))
        self.before |= fresh
        self.done[name] = stop

    def positions(self) -> Positions:
        """Where the run stands."""
        return {self.name(one): (self.done[self.name(one)], *self.gained[self.name(one)]) for one in self.plans}

    def result(self) -> HashTest:
        from scanner.detect import hashing

        spaces = []
        for laid in self.plans:
            name = self.name(laid)
            if self.done[name]:
                spaces.append(
                    HashSpace(
                        algorithm=hashing.NAMES[laid.algorithm],
                        notation=laid.rule.label,
                        type=laid.rule.column_type,
                        tested=self.done[name] * hashing.LANES,
                        size=laid.blocks * hashing.LANES,
                        exposed_distinct=self.gained[name][0],
                        exposed_rows=self.gained[name][1],
                    )
                )
        distinct = sum(one.exposed_distinct for one in spaces)
        whole = distinct >= len(self.wanted.keys) or all(self.done[self.name(one)] == one.blocks for one in self.plans)
        return HashTest(
            spaces=tuple(spaces),
            tested=sum(one.tested for one in spaces),
            exposed_distinct=distinct,
            exposed_rows=sum(one.exposed_rows for one in spaces),
            complete=whole,
        )


def _begin(
    profile: ColumnProfile,
    made_by: tuple[int, ...],
    rules: Iterable[Enumeration],
    pack: Pack,
    earlier: Positions,
    most: int | None = None,
) -> _Run:
    plans = [plan(rule, algorithm, pack) for algorithm in made_by for rule in rules]
    wanted = Wanted(profile.digests, most)
    run = _Run(wanted, plans, {}, np.zeros(len(wanted.keys), bool), {})
    for laid in plans:
        blocks, distinct, rows = earlier.get(run.name(laid), (0, 0, 0))
        run.done[run.name(laid)], run.gained[run.name(laid)] = blocks, (distinct, rows)
    return run


def sample(profile: ColumnProfile, kind: ColumnType | None, pack: Pack, workers: int) -> HashTest | None:
    """Compute digests of the common spaces until one matches, BUDGET at most.

    `kind` is the type that the header names, if any. None where the column has too few digests for a match to be
    likely. The result does not depend on the number of workers.
    """
    from scanner.detect import hashing

    rules = [rule for rule in pack.enumerations if rule.common and kind in (None, rule.column_type)]
    likely = algorithms(profile)
    run = _begin(profile, likely if likely == _BY_SLOT[26] else likely[:1], rules, pack, {}, MOST_WANTED)
    distinct = len(run.wanted.keys)
    share = BUDGET / hashing.LANES / max(1, len(run.plans))
    blocks = {run.name(one): min(one.blocks, int(share / hashing.COSTS[one.algorithm])) for one in run.plans}
    chances = [distinct * blocks[run.name(one)] / one.blocks for one in run.plans]
    if max(chances, default=0.0) < LEAST_EXPECTED:
        return None
    from concurrent.futures import ThreadPoolExecutor

    compile_all()
    with ThreadPoolExecutor(workers) as pool:
        while not run.before.any():
            ahead = [one for one in run.plans if run.done[run.name(one)] < blocks[run.name(one)]]
            if not ahead:
                break
            for laid in ahead:
                run.step(laid, min(_STRETCH, blocks[run.name(laid)] - run.done[run.name(laid)]), pool, workers)
    return run.result()


def whole(
    profile: ColumnProfile,
    kind: ColumnType | None,
    pack: Pack,
    workers: int,
    watch: Watcher,
    earlier: Positions,
    keep: Callable[[Positions], None],
) -> HashTest:
    """Compute whole spaces until every digest is found or all are done: mobile numbers, or what the header names.

    `earlier` says where a run before this one stood, `keep` is told now and then where this one stands.
    """
    from scanner.detect import hashing

    wish = kind if any(rule.column_type is kind for rule in pack.enumerations) else ColumnType.MSISDN
    first = sample(profile, kind, pack, workers)
    hit = first.hit if first is not None else None
    rules = [rule for rule in pack.enumerations if rule.column_type is (hit.type if hit else wish)]
    rules.sort(key=lambda rule: (hit is None or rule.label != hit.notation, not rule.common))
    run = _begin(profile, algorithms(profile), rules, pack, earlier)
    from concurrent.futures import ThreadPoolExecutor

    total = sum(one.blocks for one in run.plans) * hashing.LANES
    compile_all()
    found_before = sum(distinct for _, distinct, _ in earlier.values())
    with ThreadPoolExecutor(workers) as pool:
        for laid in run.plans:
            while run.done[run.name(laid)] < laid.blocks:
                if found_before + int(run.before.sum()) >= len(run.wanted.keys):
                    return run.result()
                run.step(laid, 20 * _STRETCH * workers, pool, workers)
                watch(sum(run.done.values()) * hashing.LANES, total)
                keep(run.positions())
    return run.result()
