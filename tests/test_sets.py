"""Key sets are exact and merge like sets, wherever their keys are held."""

from __future__ import annotations

import pickle
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner import kernel_sets, sets
from scanner.compiled import compile_all
from scanner.errors import InternalError
from scanner.sets import BOUNDLESS, KeyCounts, KeySet, Room, Run, Tally, join, merged

#: Keys as digests, as CNICs, as mobile numbers, and close together.
numbers = st.integers(3_000_000_000, 3_000_200_000)
key = st.one_of(st.integers(0, 2**62), st.integers(10**12, 9 * 10**12), numbers, st.integers(0, 60))
keys = st.lists(key, max_size=300)
#: No memory at all, so that all runs but the shortest go to disk; and all there is.
memory = st.sampled_from((0, 1 << 40))
#: With these a set makes and fills its tables with hundreds of keys.
SMALL = (("_FEW", 16), ("_SMALL", 3), ("_LARGE", 6), ("_LEAST", 8), ("_CRUMB", 2), ("_SURE", 16))


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sets that gather few keys, pack early and merge in small windows do with hundreds of keys all they ever do."""
    compile_all()
    for name, value in (*SMALL, ("WINDOW", 64), ("PACK_FROM", 8)):
        monkeypatch.setattr(sets, name, value)


def made(values: list[int], memory: int = 1 << 40, kind: type[KeySet] = KeySet, step: int = 37) -> Any:
    """A set of values that were added some at a time."""
    held = kind(Room(memory))
    for start in range(0, len(values), step):
        held.add(np.array(values[start : start + step], np.int64))
    return held


same = settings(max_examples=60, deadline=None)


@given(keys, memory, st.integers(1, 400))
@same
def test_set_holds_each_key_once(values: list[int], memory: int, step: int) -> None:
    held = made(values, memory, step=step)
    assert held.keys().tolist() == sorted(set(values))
    assert len(held) == len(set(values))


@given(keys, keys, keys, memory)
@same
def test_merge_is_associative_commutative_and_neutral(a: list[int], b: list[int], c: list[int], memory: int) -> None:
    x, y, z = made(a, memory), made(b), made(c, memory)
    assert x.merge(y) == y.merge(x)
    assert x.merge(y).merge(z) == x.merge(y.merge(z))
    assert x.merge(KeySet()) == x.merge(x) == x
    assert x.merge(y).keys().tolist() == sorted({*a, *b})


@given(keys, keys, memory)
@same
def test_counts_add_up_in_any_order(a: list[int], b: list[int], memory: int) -> None:
    wanted = sorted(Counter([*a, *b]).items())
    for one, other in ((a, b), (b, a)):
        held = made(one, memory, KeyCounts)
        held.update(made(other, memory, KeyCounts))
        found, times = held.items()
        assert list(zip(found.tolist(), times.tolist(), strict=True)) == wanted
        few, times = held.items(3)
        assert list(zip(few.tolist(), times.tolist(), strict=True)) == wanted[:3]
        assert held == made([*a, *b])


@given(st.sets(key, max_size=200), memory, key, key)
@same
def test_a_run_gives_its_keys_back_by_range(held: set[int], memory: int, one: int, other: int) -> None:
    run = Run.of(np.array(sorted(held), np.int64), Room(memory))
    low, high = sorted((one, other))
    assert len(run) == len(held)
    assert run.between(low, high)[0].tolist() == sorted(value for value in held if low <= value < high)
    assert [int(value) for piece, _ in run.pieces() for value in piece] == sorted(held)


def test_windows_of_a_merge_are_of_the_size_that_is_asked_for() -> None:
    """Many short runs and a few long ones: neither the one nor the other may come all at once."""
    dice = np.random.default_rng(2)
    runs = [Run.of(np.unique(dice.integers(0, 1 << 40, size))) for size in (*[3] * 500, 2000, 3000)]
    sizes = [len(piece) for piece, _ in merged(runs)]
    assert sum(sizes) >= 6_400
    assert max(sizes) < 64 * (len(runs) // sets._RUNS) + 2 * len(runs)


@pytest.mark.parametrize("kind", [KeySet, KeyCounts])
@pytest.mark.parametrize("memory", [0, 1 << 30])
def test_sets_are_joined_on_threads_as_one_by_one(kind: type[KeySet], memory: int) -> None:
    dice = np.random.default_rng(3)
    some = [kind(Room(memory)) for _ in range(3)]
    for one, most in zip(some, (1 << 40, 900, 1), strict=True):
        for _ in range(4):
            one.add(dice.integers(0, most, 500))
            one.settle()
    wanted = [np.unique(np.concatenate([keys for run in one._runs for keys, _ in run.pieces()])) for one in some]
    with ThreadPoolExecutor(2) as pool:
        join(some, pool.map)
    assert all(np.array_equal(one.keys(), keys) for one, keys in zip(some, wanted, strict=True))
    if kind is KeyCounts:
        assert [int(one.items()[1].sum()) for one in some] == [2000] * 3


def test_a_tally_is_as_long_as_its_run_and_gives_no_key() -> None:
    told = Tally(7)
    assert len(pickle.loads(pickle.dumps(told)).moved(Room(0))) == 7
    for ask in (told.pieces, lambda: told.between(0, 1)):
        with pytest.raises(InternalError):
            ask()


def test_growth_keeps_every_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    values = np.random.default_rng(1).integers(0, 2**40, 700_000)
    for memory in (1 << 20, 1 << 40):
        held = KeySet(Room(memory))
        for start in range(0, len(values), 7777):
            held.add(values[start : start + 7777])
        assert np.array_equal(held.keys(), np.unique(values))


def test_add_takes_only_the_keys_of_one_code() -> None:
    for kind in (KeySet, KeyCounts):
        held = kind()
        for _ in range(30):
            held.add(np.array([5, 6, 7, 6], np.int64), np.array([1, 2, 1, 2], np.uint8), 2)
        assert held.keys().tolist() == [6]


@pytest.mark.parametrize(("low", "high", "most"), [(3_000_000_000, 3_500_000_000, 2.2), (10**12, 8 * 10**12, 4.2)])
def test_packed_keys_take_few_bytes(monkeypatch: pytest.MonkeyPatch, low: int, high: int, most: float) -> None:
    """A million mobile numbers lie some 500 apart, as many CNICs some 7,000,000."""
    monkeypatch.undo()
    numbers = np.unique(np.random.default_rng(1).integers(low, high, 1_000_000))
    room = Room(1 << 40)
    before = room.vault.free
    held = Run.of(numbers, room)
    assert before - room.vault.free < most * len(numbers)
    del held
    assert room.vault.free == before


def test_what_lies_on_disk_is_no_key_in_clear(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.undo()
    written = []
    monkeypatch.setattr("os.pwrite", lambda _, data, at: (written.append(bytes(data)), len(data))[1])
    numbers = np.arange(3_001_234_567, 3_001_234_567 + 2000, dtype=np.int64)
    KeySet.of(numbers, Room(0)).run()
    (data,) = written
    assert len(data) == 8 * len(numbers)
    assert numbers[1000].tobytes() not in data


def test_a_full_disk_is_told_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.pwrite", full)
    with pytest.raises(InternalError, match=r"No space left on device.*TMPDIR.*--memory"):
        made(list(range(500)), 0)


@pytest.mark.parametrize("count", [1, 7, 300])
@pytest.mark.parametrize("memory", [0, 1 << 30])
def test_a_run_has_the_same_keys_in_another_process_and_in_another_room(count: int, memory: int) -> None:
    squares = np.arange(count, dtype=np.int64) ** 2
    sent = Run.of(squares, Room(memory))
    for run in (pickle.loads(pickle.dumps(sent)), sent.moved(Room(0)), sent.moved(BOUNDLESS)):
        assert len(run) == count
        assert [key for some, _ in run.pieces() for key in some.tolist()] == squares.tolist()


@given(st.lists(keys, max_size=3), st.booleans())
@same
def test_set_takes_the_keys_of_one_kind(batches: list[list[int]], zeros: bool) -> None:
    held, wanted = KeySet(), set()
    for batch in [*batches, list(range(0 if zeros else 1, 40))]:
        kinds = np.array([key % 3 for key in batch], np.uint8)
        held.add(np.array(batch, np.int64), kinds, 1)
        wanted |= {key for key in batch if key % 3 == 1}
    assert held.keys().tolist() == sorted(wanted)


@given(st.lists(st.integers(0, 2**62) | st.integers(0, 2**12), min_size=1, max_size=300))
@same
def test_keys_are_put_in_order_by_their_digits(values: list[int]) -> None:
    held = np.array(values, np.int64)
    kernel_sets.order(held, np.empty_like(held))
    assert held.tolist() == sorted(values)


@given(keys)
@same
def test_table_holds_what_was_put_into_it(values: list[int]) -> None:
    table = np.zeros(1024, np.int64)
    found = kernel_sets.insert(np.array(values, np.int64), np.zeros(0, np.uint8), -1, 0, table, np.uint64(54), 0, 640)
    assert found == (len(values), len(set(values)), len(values))
    assert np.sort(table[: kernel_sets.collect(table, table)]).tolist() == sorted(set(values))


@given(st.lists(st.integers(0, 2**62) | st.integers(0, 2**12), max_size=600))
@same
def test_packed_keys_are_read_back(values: list[int]) -> None:
    """Also where nothing follows the last of their bytes."""
    held = np.unique(np.array(values, np.int64))
    heads, ends = np.zeros(-(-len(held) // 256), np.int64), np.zeros(-(-len(held) // 256) + 1, np.int64)
    data, back = np.zeros(8 * len(held), np.uint8), np.zeros(len(held), np.int64)
    kernel_sets.pack(held, heads, ends, data)
    kernel_sets.unpack(data[: ends[-1]].copy(), heads, ends, 0, len(heads), back)
    assert back.tolist() == held.tolist()


@given(keys, keys)
@same
def test_ascending_keys_are_united(one: list[int], other: list[int]) -> None:
    left, right = np.array(sorted(one), np.int64), np.array(sorted(other), np.int64)
    both = np.empty(len(left) + len(right), np.int64)
    kernel_sets.unite(left, right, both)
    assert both.tolist() == sorted([*one, *other])


@pytest.mark.parametrize("fresh", [20_000, 300_000])
def test_keys_that_first_hardly_repeat_and_then_often(monkeypatch: pytest.MonkeyPatch, fresh: int) -> None:
    monkeypatch.undo()
    dice = np.random.default_rng(3)
    values = np.concatenate((dice.integers(0, 2**40, fresh), dice.integers(0, 1000, 400_000), np.arange(300_000)))
    held = KeySet(Room(1 << 22))
    for start in range(0, len(values), 7777):
        held.add(values[start : start + 7777])
    assert np.array_equal(held.keys(), np.unique(values))


@pytest.mark.parametrize("kind", [KeySet, KeyCounts])
@pytest.mark.parametrize("most", [300, 1 << 40])
@pytest.mark.parametrize("memory", [1 << 12, 1 << 40])
def test_threads_may_add_to_one_set(kind: type[KeySet], most: int, memory: int) -> None:
    drawn = np.random.default_rng(7).integers(0, most, (4, 40, 100))
    held = kind(Room(memory))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda batches: [held.add(keys) for keys in batches], drawn))
    assert np.array_equal(held.keys(), np.unique(drawn))
    if isinstance(held, KeyCounts):
        assert np.array_equal(held.items()[1], np.unique(drawn, return_counts=True)[1])
