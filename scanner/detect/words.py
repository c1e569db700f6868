"""The quick way through texts of up to 64 bytes, such as names and addresses, all bytes of one at once.

Cells that can only be words, or words among which a few figures stand, are counted here exactly as
`kernels.profile_column` counts them; the rest is left to it. Runs compiled only.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from scanner.compiled import kernel
from scanner.detect import kernels as k
from scanner.detect.kernels import lexicon_cell, lookup, parse_time, text_hash
from scanner.detect.text import OPEN, may_hold
from scanner.lanes import bits_set, digits_at, first_bit, letters_at, marks, odd_or_control_at, word

#: Bytes of the longest cell, and how many must follow the start of one.
_WIDEST, _ROOM = 64, 128
#: Bytes of the longest word that is remembered, and bits of its place.
_LONGEST, _BITS = 16, 10
#: Letters, with a space, that no cell has that is a number, a moment in figures, a code or a digest.
_LETTERS = 6
#: Digits that a text has at most in which neither an identifier nor a point can stand.
_FEW = 6
_NONE, _ONE, _ALL, _U32, _U64 = (np.uint64(n) for n in (0, 1, 2**64 - 1, 32, 64))
_SHIFT = np.uint64(64 - _BITS)
_LOWER, _LOWER6 = np.uint64(0x2020202020202020), np.uint64(0x0000202020202020)
_MIX1, _MIX2 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)
_HEADS = np.array([(1 << 8 * min(n, 8)) - 1 for n in range(_LONGEST + 1)], np.uint64)
"""The first bytes of a word of so many, and what goes beyond eight of them."""
_TAILS = np.array([(1 << 8 * max(n - 8, 0)) - 1 for n in range(_LONGEST + 1)], np.uint64)
_TEL, _LOWER3, _FOUR = np.uint64(int.from_bytes(b"tel:", "little")), np.uint64(0x202020), np.uint64(0xFFFFFFFF)
_PK, _TWO = np.uint64(int.from_bytes(b"pk", "little")), np.uint64(0xFFFF)
_MONTHS = sum(1 << (ord(letter) - 97) for letter in "jfmasond")
_WHOLE, _TOKEN = np.uint64((1 << 24) - 1), np.uint64((1 << 56) - (1 << 24))
_UNSURE, _WORDS, _TEXT = range(3)


def memory() -> Any:
    """Room for words met lately: two words of their bytes in lower case, and the lexicons, as bits, that hold them."""
    return np.zeros((1 << _BITS, 4), np.uint64)


@kernel(inline=True)
def _kind(data, a, n, letters, figures, spaces, sizes, counted, wanted, moment, numbers, widths, seps):
    """Whether data[a:a + n], printable ASCII without @, counts as words or as a text that holds no identifier."""
    head = word(data, a)
    first = np.int64(data[a]) | 32
    if letters & _ONE == _NONE or data[a + n - 1] == 32 or (head | _LOWER3) & _FOUR == _TEL:
        return _UNSURE
    if figures == _NONE:
        if n >= 22 and spaces == _NONE:
            return _UNSURE  # perhaps base64
        return _UNSURE if n == 6 and head & _LOWER6 == _NONE else _WORDS  # perhaps a locator
    if n < 9 or spaces == _NONE or bits_set(letters) < _LETTERS:
        return _UNSURE
    if (head | _LOWER) & _TWO == _PK or (n <= 24 and first == 120) or (n == 36 and data[a + 8] == 45):
        return _UNSURE  # perhaps an IBAN, masked digits, a UUID
    many = bits_set(figures)
    if many > _FEW:
        dots = marks(data, a, np.uint8(46), np.uint8(46), np.uint8(46), np.uint8(46))
        if bits_set(dots & (_ALL >> np.uint64(64 - n))) >= 2 or may_hold(data, a, a + n, sizes, counted, wanted):
            return _UNSURE
    if many >= 3 and n <= 40:
        width = first_bit(~letters)
        named = width < 4 or _MONTHS >> (first - 97) & 1 or np.int64(data[a + width - 1]) | 32 == 121
        if named and parse_time(data, a, a + n, moment, numbers, widths, seps):
            return _UNSURE
    return _TEXT


@kernel(inline=True)
def _lexicons(data, a, letters, memory, table, values):
    """The lexicons, as bits, that words in 64 bytes stand in; as `kernels.lexicon_words`."""
    seen = _NONE
    while letters:
        first = first_bit(letters)
        rest = letters & (letters + (_ONE << np.uint64(first)))
        many = bits_set(letters ^ rest)
        letters = rest
        at = a + first
        if many > _LONGEST:
            seen |= np.uint64(lookup(table, values, text_hash(data, at, at + many)))
            continue
        low = (word(data, at) | _LOWER) & _HEADS[many]
        high = (word(data, at + 8) | _LOWER) & _TAILS[many]
        mixed = low * _MIX1 ^ high * _MIX2
        place = np.int64(((mixed ^ (mixed >> _U32)) * _MIX1) >> _SHIFT)
        if memory[place, 0] != low or memory[place, 1] != high:
            memory[place, 0], memory[place, 1] = low, high
            memory[place, 2] = np.uint64(lookup(table, values, text_hash(data, at, at + many)))
        seen |= memory[place, 2]
    return seen


@kernel
def pass_over(data, starts, stops, weights, book, sizes, memory, counts, lex_counts, rest, rest_weights):
    """Count the cells that are plain texts; the others go to `rest` (int32[2, n]), which may be where they came from.

    Weights as for `kernels.profile_column`; those of the others go to `rest_weights`. Returns how many these are.
    """
    counted, wanted = np.zeros(OPEN, np.int64), np.zeros(OPEN, np.int64)
    moment, numbers = np.zeros(8, np.int64), np.zeros(8, np.int64)
    widths, seps = np.zeros(8, np.int64), np.zeros(8, np.int64)
    return _pass_over(
        data, starts, stops, weights, book.lex_table, book.lex_bits, book.sizes, sizes, memory, counts, lex_counts,
        rest, rest_weights, counted, wanted, moment, numbers, widths, seps,
    )  # fmt: skip


@kernel
def _pass_over(
    data, starts, stops, weights, table, values, cell_sizes, sizes, memory, counts, lex_counts, rest, rest_weights,
    counted, wanted, moment, numbers, widths, seps,
):  # fmt: skip
    """`pass_over` with arrays to work with."""
    limit = len(data) - _ROOM
    weighted = len(weights) > 0
    weight = np.int64(1)
    left = filled = size = texts = gaps = np.int64(0)
    for row in range(len(starts)):
        a = np.int64(starts[row])
        n = np.int64(stops[row]) - a
        if weighted:
            weight = weights[row]
        kind = _UNSURE
        if 0 < n <= _WIDEST and a <= limit:
            keep = _ALL >> np.uint64(64 - n)
            letters, figures = letters_at(data, a) & keep, digits_at(data, a) & keep
            spaces = marks(data, a, np.uint8(32), np.uint8(32), np.uint8(32), np.uint8(32)) & keep
            if odd_or_control_at(data, a) & keep == _NONE:
                kind = _kind(
                    data, a, n, letters, figures, spaces, sizes, counted, wanted, moment, numbers, widths, seps
                )
        if kind == _UNSURE:
            rest[0, left], rest[1, left] = a, a + n
            if weighted:
                rest_weights[left] = weight
            left += 1
            continue
        filled += weight
        size += weight * n
        gaps += weight * bits_set(spaces)
        if kind == _TEXT:
            texts += weight
        signs = bits_set(letters | figures)
        whole = np.uint64(lexicon_cell(data, a, a + n, signs, cell_sizes, table, values)) & _WHOLE
        while whole:
            lex_counts[first_bit(whole), 0] += weight
            whole &= whole - _ONE
        seen = _lexicons(data, a, letters, memory, table, values) & _TOKEN
        while seen:
            lex_counts[first_bit(seen), 1] += weight
            seen &= seen - _ONE
    counts[k.FILLED] += filled
    counts[k.BYTE_TOTAL] += size
    counts[k.TEXT] += texts
    counts[k.WORDS] += filled - texts
    counts[k.WORD_TOTAL] += filled + gaps
    counts[k.ALPHA] += filled
    return left
