"""A typed column whose values repeat shows what the same column shows as text."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from scanner import compiled
from scanner.detect.profile import ArtifactProfile, ColumnProfile, as_text, weighed
from scanner.detect.tables import build
from scanner.ingest.interface import Cells, Chunk
from scanner.packs import load_pack

TABLES = build(load_pack())
ROWS = 50_000
WORDS = pa.array(["Incoming", None, "0300-1234567", "", "35202-1234567-1", "d41d8cd98f00b204e9800998ecf8427e"])
COLUMNS = {
    "numbers": pa.array([923001234567, 923331234567, None, 7, 3520212345671, -5]),
    "floats": pa.array([31.52, 74.3587, 3001234567.0, None, float("nan"), -0.0, 1e20]),
    "half floats": pa.array(np.array([1.5, 2.25, 0.0, 3.0], np.float16)),
    "flags": pa.array([True, None, False]),
    "moments": pa.array(
        [datetime(2024, 1, 2, 3, 4, 5), None, datetime(1999, 12, 31)], pa.timestamp("us", "Asia/Karachi")
    ),
    "days": pa.array([date(2024, 1, 13), date(1970, 1, 1), None]),
    "decimals": pa.array([Decimal("923001234567"), None, Decimal("12")], pa.decimal128(38, 0)),
    "long decimals": pa.array([Decimal("1234567890123456789012345678901"), Decimal("12")], pa.decimal128(38, 0)),
    "nothing": pa.array([None], pa.int32()),
    "dictionary": WORDS.dictionary_encode(),
    "dictionary of numbers": pa.array([923001234567, None, 3001234567]).dictionary_encode(),
}


def profiled(column: pa.Array | Cells) -> dict[str, Any]:
    made = ColumnProfile()
    made.scan(column, TABLES, 4, 3)
    return shown(made)


def shown(made: ColumnProfile) -> dict[str, Any]:
    arrays = ("counts", "lengths", "lead", "extremes", "rule_counts", "lex_counts", "times")
    sets = {code: held.keys().tolist() for code, held in sorted(made.sets.items())}
    digests = [one.tolist() for one in made.digests.items()]
    out = {name: getattr(made, name).tolist() for name in arrays}
    return {**out, "sets": sets, "digests": digests, "samples": made.samples, "cells": made.cells}


@pytest.fixture(autouse=True)
def machine_code() -> None:
    compiled.compile_all()


@pytest.mark.parametrize("name", COLUMNS)
def test_typed_values_that_repeat_are_counted_as_their_text_is(name: str) -> None:
    values = COLUMNS[name]
    column = values.take(pa.array(np.random.default_rng(3).integers(0, len(values), ROWS)))
    plain = column.dictionary_decode() if pa.types.is_dictionary(column.type) else column
    assert profiled(column) == profiled(as_text(plain))


def test_columns_in_one_buffer_show_what_each_shows_alone() -> None:
    texts = [b"0300%07d" % number + b"35202-%07d-1" % number + b"Lahore" for number in range(0, 70_000, 7)]
    data = np.frombuffer(b"".join(texts) + bytes(64), np.uint8)
    firsts = np.arange(len(texts), dtype=np.int32) * len(texts[0])
    spans = ((0, 11, 1), (11, 26, 1), (26, 32, 1), (0, 11, 3), (0, 0, 1))
    columns = tuple(Cells(data, firsts[::step] + start, firsts[::step] + stop) for start, stop, step in spans)
    other = pa.array([b"03001234567"] * len(texts))
    whole = ArtifactProfile()
    whole.scan(Chunk(len(texts), (*columns, other)), 4, TABLES, False)
    for at, column in enumerate((*columns, other)):
        assert shown(whole.columns[at]) == profiled(column)


def test_values_that_repeat_are_written_out_once() -> None:
    column = pa.array(np.arange(ROWS) % 7 + 923001234560)
    ((cells, weights, first),) = weighed(column, True)
    assert (len(cells), int(weights.sum()), len(first)) == (7, ROWS, 64)
    ((cells, weights, _),) = weighed(pa.array(np.arange(ROWS)), True)
    assert (len(cells), len(weights)) == (ROWS, 0)


@pytest.mark.parametrize("long", [0, 1 << 16], ids=["short", "one long"])
def test_values_of_a_dictionary_are_passed_over_where_they_lie_and_once_where_they_swell(long: int) -> None:
    texts = [f"0300{number:07d}" for number in range(ROWS // 2)] + ["x " * long]
    places = np.arange(ROWS) % len(texts)
    places[::5] = len(texts) - 1
    dictionary = pa.array(texts)
    column = pa.DictionaryArray.from_arrays(pa.array(places, mask=places == 1), dictionary)
    ((cells, weights, _),) = weighed(column, True)
    assert cells.data.nbytes <= dictionary.nbytes
    assert bool(len(weights)) == bool(long)
    if not long:
        assert profiled(column) == profiled(column.dictionary_decode())


def test_columns_of_a_small_chunk_are_passed_over_as_one_and_count_as_by_themselves() -> None:
    texts = [["03001234567", "923011234567", "", None], ["2024-01-05", "x", "Ali Khan", "Ali Khan"], ["", "", "", None]]
    kinds = (pa.string(), pa.large_binary(), pa.binary())
    columns = tuple(pa.array(held, pa.string()).cast(kind) for held, kind in zip(texts, kinds, strict=True))
    profile = ArtifactProfile()
    for order in (4, 5):  # the second adds to what the first found
        profile.scan(Chunk(4, columns, names=("a", "b", "c")), order, TABLES, False)
    for name, column in zip("abc", columns, strict=True):
        alone = ColumnProfile()
        for order in (4, 5):
            alone.scan(column, TABLES, order, 3)
        assert shown(profile.columns[name]) == shown(alone)
    assert profile.together.both("a", "b") == 4
