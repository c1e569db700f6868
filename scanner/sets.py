"""Exact, mergeable sets of identifier keys, in memory up to a bound and enciphered on disk beyond it.

A set is a few sorted runs and what was added last. Keys gather in a hash table, or as they come where hardly any
repeats, until their share of the memory is full; then they are sorted, packed as gaps of one to eight bytes and become
a run. Many runs of like size are merged on the way, all of them when the set is asked for. To unite sets is to put
their runs together.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from pickle import PickleBuffer
from typing import Any

import numpy as np
import numpy.typing as npt

from scanner.compiled import compile_all, is_compiled
from scanner.errors import InternalError
from scanner.vault import Vault

Keys = npt.NDArray[np.int64]
#: Keys, and how often each was added where they were counted and some stand more than once.
Counted = tuple[Keys, Keys | None]

#: Keys that a merge holds at a time, about: as many as stay close to the processor, more of so many runs that each
#: would give few.
WINDOW, _RUNS = 1 << 18, 64
#: Keys from which a segment is packed.
PACK_FROM = 4096
#: Keys that gather as they come, before there is a table of them; bits of the first table and of the largest.
_FEW, _SMALL, _LARGE = 1 << 13, 14, 21
#: Keys that gather as they come before they are sorted. More would make fewer runs, but memory that is touched for the
#: first time costs more than to merge them.
_STRIP = 1 << 19
#: Runs of like size that are merged on the way: of keys that gathered in a table, which may repeat, and as they came.
_PAIR, _MANY = 2, 16
#: Keys that may gather in a set however many sets there are, and those that never go to disk.
_LEAST, _CRUMB = 1 << 10, 64
#: Keys of which no more than one in _RARE repeats are better sorted as they come than looked up in a table that is
#: too large to stay close to the processor; of fewer than _SURE that cannot be told.
_RARE, _SURE = 16, 1 << 17
#: Keys for which one stands in a sample.
_STRIDE = 256
_NONE: Keys = np.zeros(0, np.int64)
_NO_HITS = np.zeros(0, np.uint8)


def _load(places: int) -> int:
    """Keys that a table of so many places may hold."""
    return places * 5 // 8


def _rare(repeats: int, keys: int) -> bool:
    """Whether so few of some keys repeat others of them that to look each up costs more than to sort it."""
    return repeats * _RARE <= keys


class Room:
    """The memory that the sets of a scan share: half for their runs, half for what gathers."""

    def __init__(self, memory: int) -> None:
        """`memory` in bytes."""
        self.vault = Vault(memory - memory // 2)
        self._gathering = memory // 2
        self._sets = 0
        self._lock = threading.Lock()

    def enter(self, sets: int = 1) -> None:
        """So many more sets gather keys in earnest (fewer where negative)."""
        with self._lock:
            self._sets += sets

    def share(self, strip: bool = False) -> int:
        """Keys that one set may let gather, each in a place of eight bytes; in a table, others stay free."""
        most = _STRIP if strip else _load(1 << _LARGE)
        return max(_LEAST, min(most, _load(self._gathering // 8) // max(1, self._sets)))


class _Place:
    """What a set that gathers keys in earnest takes of a room, until it is gone."""

    __slots__ = ("_room",)

    def __init__(self, room: Room) -> None:
        self._room = room
        room.enter()

    def __del__(self) -> None:
        """Leave the room."""
        self._room.enter(-1)


#: For sets outside a scan, as large as they come.
BOUNDLESS = Room(1 << 50)


class _Segment:
    """Some ascending keys of a run: as they stand or packed, in memory or in the vault; never changed."""

    __slots__ = ("_bytes", "_ends", "_heads", "_place", "_reserved", "_vault", "_wide", "count", "first", "last")

    def __init__(self, keys: Keys, times: Keys | None, vault: Vault) -> None:
        """Distinct `keys` (int64[n], ascending, n > 0), and how often each was added where not once."""
        self.count, self.first, self.last = len(keys), int(keys[0]), int(keys[-1])
        self._heads: Keys | None = None
        self._ends: Keys = _NONE
        if self.count < PACK_FROM or not is_compiled():
            data = np.ascontiguousarray(keys).view(np.uint8)
        else:
            from scanner.kernel_sets import BLOCK, pack

            blocks = -(-self.count // BLOCK)
            self._heads, self._ends = np.empty(blocks, np.int64), np.empty(blocks + 1, np.int64)
            room = np.empty(8 * self.count, np.uint8)
            pack(keys, self._heads, self._ends, room)
            data = room[: self._ends[-1]]
        self._wide = 0
        if times is not None and int(times.max()) > 1:
            narrow = times.astype(np.min_scalar_type(int(times.max())))
            self._wide = narrow.itemsize
            data = np.concatenate((data, narrow.view(np.uint8)))
        self._put(data, vault, cut=True)

    def _put(self, data: npt.NDArray[np.uint8], vault: Vault, cut: bool) -> None:
        """Have the bytes held in a vault; `cut` says that they belong to what is not to be kept."""
        self._vault, self._place = vault, 0
        self._reserved = len(data)
        self._bytes: Any = None
        if vault.take(self._reserved):
            self._bytes = data.copy() if cut else data
        else:
            self._reserved = 0
            if self.count < _CRUMB:
                self._bytes = data.copy() if cut else data
            else:
                self._place = vault.append(memoryview(data))  # type: ignore[arg-type]
        if self._bytes is not None:
            self._bytes.flags.writeable = False  # kernels are compiled for one kind of buffer

    def __del__(self) -> None:
        """Return the memory to the vault."""
        self._vault.give(self._reserved)

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        """What another process makes the segment from, in the clear and in memory."""
        data = self._all()
        return _arrived, (self._state(), PickleBuffer(data) if protocol >= 5 else data.tobytes())

    def _state(self) -> tuple[Any, ...]:
        return self.count, self.first, self.last, self._heads, self._ends, self._wide

    def _all(self) -> Any:
        base = int(self._ends[-1]) if self._heads is not None else 8 * self.count
        return self._read(0, base + self._wide * self.count)

    def moved(self, vault: Vault) -> _Segment:
        """The same keys, held in a vault."""
        return _made(self._state(), self._all(), vault)

    @property
    def in_memory(self) -> bool:
        """Whether nothing of it lies on disk."""
        return self._bytes is not None

    def _read(self, start: int, stop: int) -> Any:
        if self._bytes is not None:
            return self._bytes[start:stop]
        return np.frombuffer(self._vault.read(int(self._place + start), int(stop - start)), np.uint8)

    def between(self, low: int, high: int) -> Counted:
        """The keys from `low` up to but not including `high`; not to be changed."""
        if self._heads is None and not self._wide and low <= self.first and high > self.last:
            return self._read(0, 8 * self.count).view(np.int64), None
        if self._heads is None:
            first, stop = 0, self.count
            keys = self._read(0, 8 * self.count).view(np.int64)
        else:
            from scanner.kernel_sets import BLOCK, unpack

            begin = max(0, int(np.searchsorted(self._heads, low, "right")) - 1)
            end = int(np.searchsorted(self._heads, high, "left"))
            first, stop = begin * BLOCK, min(self.count, end * BLOCK)
            keys = np.empty(max(0, stop - first), np.int64)
            if len(keys):
                unpack(self._read(self._ends[begin], self._ends[end]), self._heads, self._ends, begin, end, keys)
        if low > self.first or high <= self.last:
            skip, end = np.searchsorted(keys, (low, high)).tolist()
            keys, first, stop = keys[skip:end], first + skip, first + end
        if not self._wide:
            return keys, None
        base = int(self._ends[-1]) if self._heads is not None else 8 * self.count
        raw = self._read(base + first * self._wide, base + stop * self._wide)
        return keys, raw.view(f"u{self._wide}").astype(np.int64)

    def _block(self, block: int) -> Keys:
        from scanner.kernel_sets import BLOCK, unpack

        keys = np.empty(min(BLOCK, self.count - block * BLOCK), np.int64)
        unpack(self._read(*self._ends[block : block + 2]), self._heads, self._ends, block, block + 1, keys)
        return keys

    def steps(self, step: int) -> tuple[Keys, Keys]:
        """As `Run.steps`; of packed keys only the blocks are looked into that hold several quotients."""
        if self._heads is None:
            return stepped(self.between(self.first, self.last + 1)[0], step)
        from scanner.kernel_sets import BLOCK

        codes = self._heads // step
        counts = np.full(len(codes), BLOCK)
        counts[-1] = self.count - BLOCK * (len(codes) - 1)
        mixed = np.flatnonzero(codes != np.append(codes[1:], self.last // step))
        counts[mixed] = 0
        inside = [stepped(self._block(block), step) for block in mixed.tolist()]
        return (
            np.concatenate([codes, *(some for some, _ in inside)]),
            np.concatenate([counts, *(many for _, many in inside)]),
        )

    def sample(self, begin: int) -> Keys:
        """Every _STRIDE-th key, from the key at `begin` on where the keys stand plain, else the heads of the blocks."""
        if self._heads is not None:
            return self._heads
        return self.between(self.first, self.last + 1)[0][begin::_STRIDE]


def _made(state: tuple[Any, ...], data: npt.NDArray[np.uint8], vault: Vault) -> _Segment:
    made = _Segment.__new__(_Segment)
    made.count, made.first, made.last, made._heads, made._ends, made._wide = state
    if made._heads is not None:
        compile_all()  # packed keys are too many to be unpacked in the interpreter
    made._put(data, vault, cut=False)
    return made


def _arrived(state: tuple[Any, ...], data: bytes) -> _Segment:
    return _made(state, np.frombuffer(data, np.uint8), BOUNDLESS.vault)


class Run:
    """Distinct keys in ascending order, with how often each was added where they were counted."""

    __slots__ = ("_count", "_segments")

    def __init__(self, segments: Sequence[_Segment]) -> None:
        """`segments` ascend."""
        self._segments = tuple(segments)
        self._count = sum(segment.count for segment in segments)

    @classmethod
    def of(cls, keys: Keys, room: Room = BOUNDLESS) -> Run:
        """The run of distinct keys in ascending order (int64[n], each 0 or more)."""
        return cls.joined(iter([(keys, None)]), room)

    @classmethod
    def joined(cls, pieces: Iterator[Counted], room: Room) -> Run:
        """The run of pieces that ascend."""
        return cls([_Segment(keys, times, room.vault) for keys, times in pieces if len(keys)])

    def moved(self, room: Room) -> Run:
        """The same run, held in another room."""
        return Run([segment.moved(room.vault) for segment in self._segments])

    def __len__(self) -> int:
        """Distinct keys."""
        return self._count

    @property
    def first(self) -> int:
        """The smallest key; there must be one."""
        return self._segments[0].first

    @property
    def last(self) -> int:
        """The largest key; there must be one."""
        return self._segments[-1].last

    @property
    def in_memory(self) -> bool:
        """Whether nothing of it lies on disk."""
        return all(segment.in_memory for segment in self._segments)

    def between(self, low: int, high: int) -> Counted:
        """The keys from `low` up to but not including `high`; not to be changed."""
        if len(self._segments) == 1:
            return self._segments[0].between(low, high)
        found = [one.between(low, high) for one in self._segments if one.last >= low and one.first < high]
        return found[0] if len(found) == 1 else _joined(found)

    def pieces(self) -> Iterator[Counted]:
        """All keys, some at a time."""
        for segment in self._segments:
            yield segment.between(segment.first, segment.last + 1)

    def steps(self, step: int) -> Iterator[tuple[Keys, Keys]]:
        """What the keys come to divided by `step`, in pieces: quotients, of which one may come again, and how many."""
        return (segment.steps(step) for segment in self._segments)

    def sample(self, before: int) -> Iterator[Keys]:
        """About one key in _STRIDE, where `before` keys of other runs were sampled."""
        for segment in self._segments:
            yield segment.sample(-before % _STRIDE)
            before += segment.count


class Tally(Run):
    """A run of which is known how many keys it holds, and nothing else."""

    __slots__ = ()

    def __init__(self, count: int) -> None:
        """`count` distinct keys."""
        super().__init__(())
        self._count = count

    def moved(self, room: Room) -> Run:
        """Itself, which takes no room."""
        return self

    def between(self, low: int, high: int) -> Counted:
        """Not known."""
        raise InternalError("the keys of a tally were asked for")

    def pieces(self) -> Iterator[Counted]:
        """Not known."""
        raise InternalError("the keys of a tally were asked for")


def _joined(found: Sequence[Counted]) -> Counted:
    keys = np.concatenate([_NONE, *(one for one, _ in found)])
    if all(times is None for _, times in found):
        return keys, None
    return keys, np.concatenate([np.ones(len(one), np.int64) if times is None else times for one, times in found])


def bounds(runs: Sequence[Run], window: int) -> list[int]:
    """Key bounds between which some runs, none empty, hold about `window` keys."""
    total = sum(map(len, runs))
    ends = [min(run.first for run in runs), max(run.last for run in runs) + 1]
    if total <= window:
        return ends
    drawn: list[Keys] = []
    before = 0
    for run in runs:
        drawn += run.sample(before)
        before += len(run)
    marks = np.sort(np.concatenate(drawn))
    cuts = np.unique(marks[:: max(1, window * len(marks) // total)]).tolist()
    return [ends[0], *(cut for cut in cuts if ends[0] < cut < ends[1]), ends[1]]


def merged(runs: Sequence[Run], counted: bool = False) -> Iterator[Counted]:
    """The keys of several runs, each once and ascending, about WINDOW at a time; `counted` adds up how often."""
    runs = [run for run in runs if len(run)]
    if len(runs) == 1:
        yield from runs[0].pieces()
        return
    for low, high in _windows(runs):
        yield _merge(runs, low, high, counted)


def stepped(keys: Keys, step: int) -> tuple[Keys, Keys]:
    """What ascending keys come to divided by `step`: different quotients, and how many have each."""
    codes = keys // step
    starts = np.flatnonzero(np.diff(codes, prepend=-1))
    return codes[starts], np.diff(starts, append=len(keys))


def _windows(runs: Sequence[Run]) -> Iterator[tuple[int, int]]:
    """The bounds of what is merged at a time of some runs, none empty."""
    return pairwise(bounds(runs, WINDOW * max(1, len(runs) // _RUNS)) if runs else ())


def _merge(runs: Sequence[Run], low: int, high: int, counted: bool) -> Counted:
    """The keys of several runs between two bounds, each once and ascending; `counted` adds up how often."""
    found = [run.between(low, high) for run in runs]
    if not counted:
        return _united([keys for keys, _ in found]), None
    keys, times = _joined(found)
    order = np.argsort(keys, kind="stable")
    return _summed(keys[order], None if times is None else times[order])


def _united(parts: list[Keys]) -> Keys:
    """The keys of some ascending ones, each once and ascending."""
    if not is_compiled():
        keys = np.concatenate(parts)
        keys.sort(kind="stable")  # which merges what is sorted in stretches
        return _once(keys)
    from scanner.kernel_sets import unite

    # kernels are compiled for arrays that can be written
    parts = [keys if keys.flags.writeable else keys.copy() for keys in parts if len(keys)]
    if len(parts) < 2:
        return parts[0] if parts else _NONE
    while len(parts) > 1:
        parts.sort(key=len, reverse=True)
        one, other = parts.pop(), parts.pop()
        parts.append(np.empty(len(one) + len(other), np.int64))
        unite(one, other, parts[-1])
    return _once(parts[0])


def sort(keys: Keys) -> None:
    """Put keys (none below 0) in ascending order where they stand."""
    if len(keys) < PACK_FROM or not is_compiled():
        keys.sort()
        return
    from scanner.kernel_sets import order

    order(keys, np.empty_like(keys))


def distinct(keys: Keys) -> Keys:
    """Keys (none below 0) in ascending order, each once; those that are given are used up."""
    sort(keys)
    return _once(keys)


def _once(keys: Keys) -> Keys:
    """The distinct ones of ascending keys."""
    if is_compiled():
        from scanner import kernel_sets

        kept: Keys = keys[: kernel_sets.distinct(keys)]
        return kept
    some: Keys = keys[np.diff(keys, prepend=-1) != 0]
    return some


def _summed(keys: Keys, times: Keys | None) -> Counted:
    """The distinct ones of ascending keys, with how often all of one were added."""
    starts = np.flatnonzero(np.diff(keys, prepend=-1))
    if times is None:
        return keys[starts], np.diff(np.append(starts, len(keys)))
    return keys[starts], np.add.reduceat(times, starts) if len(starts) else times


class KeySet:
    """Distinct non-negative int64 keys.

    `merge` is associative and commutative; the empty set is its neutral element. Several threads may add at a time:
    what is full is sorted and packed by the one that filled it, while the others go on.
    """

    __slots__ = (
        "_entered",
        "_full",
        "_idle",
        "_lock",
        "_many",
        "_met",
        "_room",
        "_runs",
        "_strip",
        "_table",
        "_waiting",
    )
    _counted = False

    def __init__(self, room: Room = BOUNDLESS) -> None:
        """An empty set, whose keys are held in `room`."""
        self._room = room
        self._runs: list[Run] = []
        self._waiting: list[Keys] = []
        self._many = 0
        """Keys in `_waiting`, or in `_table` or `_strip` where there is one."""
        self._table: Keys | None = None
        """See `kernel_sets.insert`."""
        self._met = 0
        """Keys that were put into `_table`, with those that stood there."""
        self._strip: Keys | None = None
        """Keys as they come, from its front on."""
        self._idle: Keys | None = None
        """A strip that is free."""
        self._full: list[Keys] = []
        """What is to become runs."""
        self._entered: _Place | None = None
        self._lock = threading.Lock()

    @classmethod
    def of(cls, keys: Keys, room: Room = BOUNDLESS) -> KeySet:
        """The set of some keys (int64[n], each 0 or more)."""
        made = cls(room)
        made.add(keys)
        return made

    def __len__(self) -> int:
        """Distinct keys."""
        if not self._many and not self._full:  # which is most often asked of small ones
            if not self._runs:
                return 0
            if len(self._runs) == 1:
                return len(self._runs[0])
        return len(self.run())

    def __eq__(self, other: object) -> bool:
        """Whether both hold the same keys."""
        return isinstance(other, KeySet) and bool(np.array_equal(self.keys(), other.keys()))

    __hash__ = None  # type: ignore[assignment]

    def add(self, keys: Keys, hits: npt.NDArray[np.uint8] | None = None, code: int = -1) -> None:
        """Add `keys`, or those of them whose entry in `hits` is `code`."""
        with self._lock:
            if self._table is not None or self._strip is not None:
                self._gather(keys, _NO_HITS if hits is None else hits, -1 if hits is None else code)
            elif self._hold(keys, hits, code):
                share = self._room.share()
                if self._many > min(share, _FEW):
                    if is_compiled() and share >= _load(1 << _SMALL):
                        waiting, self._waiting = self._waiting, []
                        self._tabulate(1 << _SMALL, waiting)
                    else:
                        self._hand_out()
            full, self._full = self._full, []
            alike = _PAIR if self._strip is None else _MANY
        self._settled(full, alike)

    def _hold(self, keys: Keys, hits: npt.NDArray[np.uint8] | None, code: int) -> bool:
        """Let keys wait to be sorted; whether so many do that the room has a say."""
        self._waiting.append(keys.copy() if hits is None else keys[hits == code])
        self._many += len(self._waiting[-1])
        if self._many <= _LEAST:
            return False
        if self._entered is None:
            self._entered = _Place(self._room)
        return True

    def _tabulate(self, places: int, gathered: Sequence[Keys] = ()) -> None:
        """Begin a table with the keys that have gathered elsewhere, each once."""
        self._table, self._many, self._met = np.zeros(places, np.int64), 0, 0
        for keys in gathered:
            self._gather(keys, _NO_HITS, -1)

    def _gather(self, keys: Keys, hits: npt.NDArray[np.uint8], code: int) -> None:
        from scanner.kernel_sets import append, insert

        position = 0
        while position < len(keys):
            if (strip := self._strip) is not None:
                position, self._many = append(keys, hits, code, position, strip, self._many)
                if self._many == len(strip):
                    self._hand_out()
                    self._strip, self._idle = np.empty_like(strip) if self._idle is None else self._idle, None
                continue
            table = self._table
            assert table is not None
            most, shift = _load(len(table)), np.uint64(65 - len(table).bit_length())
            position, self._many, met = insert(keys, hits, code, position, table, shift, self._many, most)
            self._met += met
            if self._many == most:
                self._overflow()

    def _overflow(self) -> None:
        """Make place for more keys: the table grows, or its keys become a run, or keys gather as they come."""
        assert self._table is not None
        size, met = len(self._table), self._met
        share = self._room.share()
        larger = next((many * size for many in (16, 8, 4, 2) if _load(many * size) <= share), 0)
        if self._many >= _SURE and _rare(met - self._many, met):
            held = self._collected()
            self._strip = np.empty(max(self._room.share(strip=True), len(held) + 1), np.int64)
            self._strip[: len(held)] = held
        elif not larger:
            self._hand_out()
            self._tabulate(size)
        else:
            self._tabulate(larger, [self._collected()])
            self._met = met

    def _hand_out(self) -> None:
        """Put what has gathered with what is to become runs."""
        if not self._many:
            return
        if self._table is not None:
            keys = self._collected()
        elif self._strip is not None:
            keys, self._strip = self._strip[: self._many], None
        else:
            keys = self._waiting[0] if len(self._waiting) == 1 else np.concatenate(self._waiting)
            self._waiting = []
        self._many = 0
        self._full.append(keys)

    def _collected(self) -> Keys:
        """The keys of the table, which is used up."""
        from scanner.kernel_sets import collect

        table, self._table = self._table, None
        assert table is not None
        return table[: collect(table, table)]

    def settle(self, alike: int = 0) -> None:
        """Make a run of what has gathered (see `_take`); different sets may do so at the same time."""
        with self._lock:
            self._hand_out()
            self._idle = None
            full, self._full = self._full, []
        self._settled(full, alike)

    def _settled(self, full: list[Keys], alike: int) -> None:
        """Make runs of what was full; see `_take`."""
        for keys in full:
            sort(keys)
            made = self._sorted(keys)
            self._take(made, alike)
            with self._lock:
                strip, many = self._strip, len(keys)
                if strip is None or many != len(strip):
                    continue
                if _rare(many - len(made[0]), many):
                    self._idle = keys
                else:  # from here on keys gather in a table again
                    self._strip = self._idle = None
                    self._tabulate(1 << _SMALL, [strip[: self._many]])

    def _sorted(self, keys: Keys) -> Counted:
        """Ascending keys as they are kept."""
        return _once(keys), None

    def _take(self, made: Counted, alike: int) -> None:
        """Add a run, merged with those not much longer once they are so many, none at 0; on disk they wait."""
        run = Run.joined(iter([made]), self._room)
        while True:
            with self._lock:
                found = [one for one in self._runs if one.in_memory and len(one) <= 2 * len(run)]
                if not alike or len(found) + 1 < alike or not run.in_memory:
                    self._runs.append(run)
                    return
                self._runs = [one for one in self._runs if one not in found]
            run = self._merged([*found, run])

    def _segments(self, made: Counted) -> list[_Segment]:
        return [_Segment(*made, self._room.vault)] if len(made[0]) else []

    def _merged(self, runs: Sequence[Run]) -> Run:
        return Run.joined(merged(runs, self._counted), self._room)

    def merge(self, other: KeySet) -> KeySet:
        """The union, as a set of its own."""
        made = KeySet(self._room)
        made.update(self)
        made.update(other)
        return made

    def update(self, other: KeySet) -> None:
        """Add all keys of another set."""
        other.settle()
        self._runs += other._runs

    def run(self) -> Run:
        """All keys as one run."""
        self.settle()
        if len(self._runs) != 1:
            self._runs = [self._merged(self._runs)]
        return self._runs[0]

    def pieces(self) -> Iterator[Keys]:
        """The keys in ascending order, some at a time; not to be changed."""
        for keys, _ in self.run().pieces():
            yield keys

    def keys(self) -> Keys:
        """The keys in ascending order."""
        return np.concatenate([_NONE, *self.pieces()])


def join(sets: Iterable[KeySet], each: Callable[..., Iterable[Any]] = map) -> None:
    """Make one run of those of each set that lies in memory; `each` is `map`, or the like of it on threads."""
    todo: dict[int, tuple[KeySet, list[Run]]] = {}
    for one in sets:
        one.settle()
        runs = [run for run in one._runs if len(run)]
        if len(runs) > 1 and all(run.in_memory for run in runs):
            todo[id(one)] = one, runs
    jobs = [(key, low, high) for key, (_, runs) in todo.items() for low, high in _windows(runs)]

    def work(job: tuple[int, int, int]) -> list[_Segment]:
        key, low, high = job
        one, runs = todo[key]
        return one._segments(_merge(runs, low, high, one._counted))

    made: dict[int, list[_Segment]] = {key: [] for key in todo}
    for (key, _, _), segments in zip(jobs, each(work, jobs), strict=True):
        made[key] += segments
    for key, segments in made.items():
        todo[key][0]._runs = [Run(segments)]


class KeyCounts(KeySet):
    """A set that knows how often each of its keys was added."""

    __slots__ = ()
    _counted = True

    def add(self, keys: Keys, hits: npt.NDArray[np.uint8] | None = None, code: int = -1) -> None:
        """Count `keys`, or those of them whose entry in `hits` is `code`."""
        with self._lock:
            over = self._hold(keys, hits, code) and self._many > self._room.share()
        if over:
            self.settle(_PAIR)

    def _sorted(self, keys: Keys) -> Counted:
        return _summed(keys, None)

    def items(self, most: int | None = None) -> tuple[Keys, Keys]:
        """Keys in ascending order, the first `most` where that is given, and how often each was added."""
        pieces, many = [], 0
        for keys, times in self.run().pieces():
            pieces.append((keys, times))
            many += len(keys)
            if most is not None and many >= most:
                break
        keys, times = _joined(pieces)
        return keys[:most], np.ones(len(keys[:most]), np.int64) if times is None else times[:most]


class Sketch:
    """The least of the hashes of a column's values: all of them where they are few, else a sample that merges.

    Two sketches hold the same hashes up to the lower of their limits, so what share of one column's values stands in
    another can be told without either set.
    """

    MOST = 4096
    """Hashes kept: 32 KiB."""

    def __init__(self) -> None:
        """Of no values."""
        self.least = np.zeros(0, np.int64)
        """Ascending, each once; below 2^62."""

    @property
    def limit(self) -> int:
        """Below it all hashes are held."""
        return 1 << 62 if len(self.least) < self.MOST else int(self.least[-1])

    @property
    def distinct(self) -> int:
        """Different values: exact below MOST, else an estimate that is 2 % off at most in two cases of three."""
        if len(self.least) < self.MOST:
            return len(self.least)
        return round((self.MOST - 1) * 2.0**62 / max(1, self.limit))

    def add(self, hashes: Any) -> None:
        """Add the hashes (int64[n], any order) of some values."""
        keys = np.concatenate((self.least, hashes))
        keys.sort(kind="stable")  # of which the first are sorted
        self.least = _once(keys)[: self.MOST]

    def update(self, other: Sketch) -> None:
        """Merge another sketch into this one."""
        self.add(other.least)

    def share_in(self, other: Sketch) -> float | None:
        """Which share (0..1) of the values another column holds too; None where too few can be compared to tell."""
        limit = min(self.limit, other.limit)
        mine = self.least[self.least < limit]
        if not len(mine) or (limit < 1 << 62 and len(mine) < 8):
            return None
        return float(np.isin(mine, other.least, assume_unique=True).mean())
