"""Persons by operator and district: of one artifact, and of several together."""

from __future__ import annotations

import numpy as np

from scanner.packs import load_pack
from scanner.score.breakdown import breakdown
from scanner.score.linkage import Pool
from scanner.sets import Run
from scanner.terms import ColumnType

MSISDN = (ColumnType.MSISDN, False)


def run(*keys: int) -> Run:
    return Run.of(np.array(sorted(keys), np.int64))


def test_what_is_known_of_the_only_owner_is_not_counted_again() -> None:
    pack = load_pack()
    sets = {MSISDN: Pool([(7, run(3001234567, 3001234568, 3331234567))])}
    alone = breakdown(sets, pack)
    assert sum(alone["operator"].values()) == 3
    assert breakdown(sets, pack, {7: alone}) == alone


def test_persons_of_several_owners_count_once() -> None:
    pack = load_pack()
    parts = [(0, run(3001234567, 3331234567)), (1, run(3331234567, 3331234568))]
    known = {owner: breakdown({MSISDN: Pool([(owner, held)])}, pack) for owner, held in parts}
    assert sum(breakdown({MSISDN: Pool(parts)}, pack, known)["operator"].values()) == 3
