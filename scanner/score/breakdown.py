"""Distinct subscribers by operator at allocation, and by province and district of CNIC."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from scanner.packs.schema import Pack
from scanner.score.holding import Kind
from scanner.score.linkage import Pool
from scanner.terms import ColumnType

_UNKNOWN = "unknown"
Breakdown = Mapping[str, Mapping[str, int]]
#: Kind of set → table of codes, digits after the code, digits of the code, columns of the table.
_TABLES: Mapping[ColumnType, tuple[str, int, int, tuple[str, ...]]] = {
    ColumnType.MSISDN: ("mobile_ndc", 7, 3, ("operator",)),
    ColumnType.CNIC: ("cnic_district", 10, 3, ("province", "district")),
}


@lru_cache(maxsize=8)
def _named(pack: Pack, table: str, digits: int, names: tuple[str, ...]) -> Mapping[int, tuple[str, ...]]:
    """Code of a table → what its columns say; codes of another length are of no key."""
    codes = pack.tables[table].codes
    return {
        int(code): tuple(row.get(name) or _UNKNOWN for name in names)
        for code, row in codes.items()
        if len(code) == digits
    }


def breakdown(
    sets: Mapping[Kind, Pool], pack: Pack, known: Mapping[int, Breakdown] = MappingProxyType({})
) -> Breakdown:
    """Of the people that several sets hold together: name → distinct keys, most first.

    `known` says so of each owner alone.
    """
    out: dict[str, Mapping[str, int]] = {}
    for kind, (table, rest, digits, names) in _TABLES.items():
        pool = sets.get((kind, False))
        if table not in pack.tables or pool is None:
            continue
        if len(pool.parts) == 1 and (owner := pool.parts[0][0]) in known:
            out.update({name: known[owner][name] for name in names})
            continue
        many: dict[int, int] = {}
        for codes, counts in pool.steps(10**rest):
            for code, count in zip(codes.tolist(), counts.tolist(), strict=True):
                many[code] = many.get(code, 0) + count
        named, none = _named(pack, table, digits, names), (_UNKNOWN,) * len(names)
        told = [(named.get(code, none), count) for code, count in many.items()]
        for at, name in enumerate(names):
            found: dict[str, int] = {}
            for words, count in told:
                found[words[at]] = found.get(words[at], 0) + count
            out[name] = MappingProxyType(dict(sorted(found.items(), key=lambda item: (-item[1], item[0]))))
    return MappingProxyType(out)
