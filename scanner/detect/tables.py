"""A rule pack as the arrays that the kernels read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from scanner.packs.schema import Notation, Pack
from scanner.terms import AnyType, ColumnType, PackType

if TYPE_CHECKING:
    from scanner.detect.added import Added

#: Lexicon bits: whole cells below 24, single words from 24 to 55, airline codes 56, words that introduce a value above.
_CELL_BITS, _TOKEN_BITS, AIRLINE_BIT, _CUE_BITS = range(24), range(24, 56), 56, range(57, 62)
_CHECKSUMS = {"": 0, "luhn": 1, "verhoeff": 2, "ean13": 3}
_IN_TEXT = {"always": 0, "separated": 1, "never": 2}
_MASK56, _PRIME = (1 << 56) - 1, 1099511628211

#: Order of the kinds in kernels.KINDS, by column type.
KIND_OF = {
    ColumnType.MSISDN: 0, ColumnType.LANDLINE: 1, ColumnType.CNIC: 2, ColumnType.IMSI: 3, ColumnType.IMEI: 4,
    ColumnType.ICCID: 5, ColumnType.PASSPORT: 6, ColumnType.IBAN: 7, ColumnType.EMAIL: 8, ColumnType.IP_ADDRESS: 9,
    ColumnType.PNR: 10, ColumnType.TICKET_NUMBER: 11,
}  # fmt: skip


def kind_of(kind: AnyType) -> int | None:
    """The place of a type in kernels.KINDS; None where it has none."""
    return None if isinstance(kind, PackType) else KIND_OF.get(kind)


def word_hashes(words: Sequence[str]) -> list[int]:
    """The hashes that `kernels.text_hash` gives the same words.

    None may be empty; letters of ASCII are lower case, and runs of other characters one space.
    """
    texts = [word.encode() for word in words]
    if not texts:
        return []
    sizes = np.array([len(text) for text in texts])
    powers = np.multiply.accumulate(np.array([1] + [_PRIME] * int(sizes.max()), np.uint64))
    starts = np.cumsum(sizes) - sizes
    behind = np.repeat(starts + sizes, sizes) - np.arange(int(sizes.sum())) - 1
    terms = np.frombuffer(b"".join(texts), np.uint8) * powers[behind]
    hashes: list[int] = ((np.add.reduceat(terms, starts) + 7 * powers[sizes]) & np.uint64(_MASK56)).tolist()
    return hashes


@dataclass(frozen=True)
class Tables:
    """Arrays for `kernels`, and what their rows mean."""

    arrays: tuple[npt.NDArray[Any], ...]
    """In the order of `kernels.Book`."""
    rule_types: tuple[AnyType, ...]
    rule_strengths: tuple[int, ...]
    rule_lengths: tuple[int, ...]
    lexicons: dict[int, tuple[str, ColumnType]]
    """Bit → name and column type of the lexicon."""
    added: Added | None = None
    """The identifiers that the pack adds to the contract's; None where there are none."""

    @cached_property
    def _kinds(self) -> dict[tuple[AnyType, int], tuple[int, ...]]:
        return {}

    def rows_of(self, kind: AnyType, strength: int = 0) -> tuple[int, ...]:
        """Rows of the notations of a type of at least some strength."""
        known = self._kinds.get((kind, strength))
        if known is None:
            rows = enumerate(zip(self.rule_types, self.rule_strengths, strict=True))
            known = tuple(at for at, (held, grade) in rows if held is kind and grade >= strength)
            self._kinds[kind, strength] = known
        return known

    def place_of(self, bit: int, token: bool) -> tuple[ColumnType, bool] | None:
        """The type of a lexicon and whether it matches single words; None where it does not match what `token` says."""
        held = self.lexicons.get(bit)
        return None if held is None or (bit in _TOKEN_BITS) != token else (held[1], token)

    @cached_property
    def sizes(self) -> Any:
        """Of numbers in text, see `text.sizes_of`."""
        from scanner.detect.text import sizes_of

        return sizes_of(self.book)

    @cached_property
    def book(self) -> Any:
        """The arrays as kernels take them."""
        from scanner.detect.kernels import Book

        return Book(*self.arrays)


def _verhoeff() -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    mult = np.array([[(i + j) % 5 if i < 5 and j < 5 else 0 for j in range(10)] for i in range(10)], np.int64)
    for i in range(10):
        for j in range(10):
            if i < 5 and j >= 5:
                mult[i, j] = 5 + (i + j) % 5
            elif i >= 5 and j < 5:
                mult[i, j] = 5 + (i - 5 - j) % 5
            elif i >= 5:
                mult[i, j] = (i - j) % 5
    first = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4]
    perm = [list(range(10)), first]
    for _ in range(6):
        perm.append([perm[-1][digit] for digit in first])
    return mult, np.array(perm, np.int64)


def _heads(notation: Notation, pack: Pack) -> npt.NDArray[np.bool_]:
    """Which first three digits a number in a notation can have (bool[1000])."""
    prefix = notation.prefix[:3]
    tail = 10 ** (3 - len(prefix))
    fits = np.zeros(1000, bool)
    fits[int(prefix or 0) * tail : (int(prefix or 0) + 1) * tail] = True
    width = min(notation.component_digits, 3 - notation.strip)
    if notation.component and width > 0:
        starts = np.zeros(10**width, bool)
        starts[[int(code[:width]) for code in pack.tables[notation.component].codes]] = True
        fits &= starts[np.arange(1000) // 10 ** (3 - notation.strip - width) % 10**width]
    return fits


def _by_head(
    rows: npt.NDArray[np.int64], notations: Sequence[Notation], pack: Pack
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Rules laid out so that those a number of some length and first three digits can fit lie side by side.

    Returns the rules (int64[n, 16], repeated where several heads share them; column 15 is the notation) and the slice
    of them for `length * 1000 + first three digits` (int64[32000, 2]).
    """
    slices = np.zeros((32_000, 2), np.int64)
    laid: list[int] = []
    known: dict[tuple[int, ...], tuple[int, int]] = {}
    for length in sorted({n.length for n in notations}):
        at = np.array([row for row, n in enumerate(notations) if n.length == length])
        fits = np.array([_heads(notations[row], pack) for row in at])
        edges = [0, *(np.flatnonzero((fits[:, 1:] != fits[:, :-1]).any(0)) + 1).tolist(), 1000]
        for first, stop in pairwise(edges):
            key = tuple(at[fits[:, first]].tolist())
            if key not in known:
                known[key] = (len(laid), len(laid) + len(key))
                laid += key
            slices[length * 1000 + first : length * 1000 + stop] = known[key]
    return rows[laid] if laid else rows[:0], slices


@lru_cache(maxsize=4)
def build(pack: Pack) -> Tables:
    """The arrays of a pack."""
    used: dict[str, int] = {}

    def component(name: str) -> int:
        return used.setdefault(name, len(used)) if name else -1

    notations = [n for n in pack.notations if kind_of(n.column_type) is not None]
    rows = np.zeros((len(notations), 16), np.int64)
    for row, n in enumerate(notations):
        breaks = sum(1 << position for position in n.breaks)
        plus = (n.strip > 0 and n.prefix[:1] in ("9", "8")) or n.column_type is ColumnType.ICCID
        rows[row] = (
            n.length,
            len(n.prefix),
            int(n.prefix or 0),
            n.strip,
            component(n.component),
            n.component_digits,
            _CHECKSUMS[n.checksum],
            n.strength,
            breaks,
            n.free_after,
            component(n.strict),
            n.strict_digits,
            _IN_TEXT[n.in_text],
            kind_of(n.column_type) or 0,
            int(plus),
            row,
        )
    rules, by_length = _by_head(rows, notations, pack)
    components = np.zeros((max(1, len(used)), 100_000), np.uint8)
    for name, index in used.items():
        components[index, [int(code) for code in pack.tables[name].codes]] = 1
    bits: dict[int, int] = {}
    meaning: dict[int, tuple[str, ColumnType]] = {}
    free = {"cell": iter(_CELL_BITS), "token": iter(_TOKEN_BITS), "cue": iter(_CUE_BITS)}
    names = np.zeros(2, np.int64)
    sizes = np.zeros(256, np.int64)
    for lexicon in pack.lexicons:
        if not lexicon.words:
            continue
        bit = next(free[lexicon.match])
        if lexicon.match != "cue":
            meaning[bit] = (lexicon.name, lexicon.column_type)
        if lexicon.column_type is ColumnType.PERSON_NAME and lexicon.match != "cell":
            names[int(lexicon.match == "cue")] |= 1 << bit
        if lexicon.match == "cell":
            for text in (word.replace(" ", "").encode() for word in lexicon.words):
                sizes[text[0]] |= 1 << min(len(text), 62)
        for key in word_hashes(sorted(lexicon.words)):
            bits[key] = bits.get(key, 0) | 1 << bit
    if "airlines" in pack.tables:
        for key in word_hashes([code.lower() for code in pack.tables["airlines"].codes]):
            bits[key] = bits.get(key, 0) | 1 << AIRLINE_BIT
    size = 1 << max(4, (len(bits) * 3).bit_length())
    lex_table, lex_bits = np.full(size, -1, np.int64), np.zeros(size, np.int64)
    for key, value in bits.items():
        place = (key ^ (key >> 23)) & (size - 1)
        while lex_table[place] != -1:
            place = (place + 1) & (size - 1)
        lex_table[place], lex_bits[place] = key, value
    mult, perm = _verhoeff()
    extra = None
    if pack.identifiers:
        from scanner.detect.added import added

        extra = added(pack, mult, perm)
    return Tables(
        (rules, by_length, components, mult, perm, lex_table, lex_bits, names, sizes),
        tuple(n.column_type for n in notations), tuple(n.strength for n in notations),
        tuple(n.length for n in notations), meaning, extra,
    )  # fmt: skip
