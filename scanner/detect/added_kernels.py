"""Compiled passes that find the identifiers that rule packs add; run only where a pack has some.

Cells are those of `kernels`: `data[starts[i]:stops[i]]`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from scanner.compiled import kernel
from scanner.detect.kernels import ean, fold, luhn, number, verhoeff
from scanner.identifiers.checksums import DAMM

#: What is counted by type.
SHAPE, FIT, STRONG, CHECKED, MASKED, TEXT_ROWS = range(6)
COUNTS = 6
#: Ways to stand, as in `kernels`: a whole cell by a weak rule, by a sure one, inside text.
WEAK, SURE, IN_TEXT = range(3)
#: Longest cell that can be a number with its separators; most digits of a number.
WIDEST, MOST_DIGITS = 64, 24

# columns of Numbers.rules
(LENGTH, PREFIX_LENGTH, PREFIX, FIRST, STRIP, TABLE, CODE, CHECK, STRENGTH, BREAKS, FREE_AFTER, TEXT_MODE, TYPE) = (
    range(13)
)
CHECK_NUMBERS = {
    "": 0, "luhn": 1, "verhoeff": 2, "ean13": 3, "damm": 4, "mod97": 5, "mod11": 6, "mod11_7": 7, "mod11_10": 8,
}  # fmt: skip
TEXT_MODES = {"always": 0, "separated": 1, "never": 2}
_DAMM = np.array(DAMM, np.int64)
_HASH = (1 << 62) - 1


class Numbers(NamedTuple):
    """The digit patterns of added identifiers, as arrays."""

    rules: Any
    """int64[n, 13]: one row a length, rows of a type together."""
    tables: Any
    """uint8[tables, 100000]: codes that exist."""
    mult: Any
    perm: Any
    lengths: Any
    """uint8[32]: lengths that some rule has."""
    texts: Any
    """uint8[32]: lengths that some rule has inside a text."""


class Found(NamedTuple):
    """What a pass found."""

    counts: Any
    """int64[types, COUNTS]."""
    codes: Any
    """uint8[m]: type * 3 + way, of the first `state[0]`."""
    keys: Any
    """int64[m]."""
    state: Any
    """int64[2]: keys held, most digits hidden by a mask."""
    rows: Any
    """uint8[cells]: 1 where something stands inside the text of a cell."""


@kernel
def check_digit(kind, digits, n, mult, perm):
    """Whether n digits end in their check digit, by a number of CHECK_NUMBERS."""
    if kind == 1:
        return luhn(digits, n)
    if kind == 2:
        return verhoeff(digits, n, mult, perm)
    if kind == 3:
        return n == 13 and ean(digits, n)
    state = np.int64(0)
    if kind == 4:
        for k in range(n):
            state = _DAMM[state, digits[k]]
        return state == 0
    if kind == 5:
        for k in range(n):
            state = (state * 10 + digits[k]) % 97
        return state == 1
    if kind == 6 or kind == 7:
        most = 64 if kind == 6 else 7
        state = np.int64(digits[n - 1])
        for k in range(n - 1):
            state += np.int64(digits[n - 2 - k]) * (2 + k % (most - 1))
        return state % 11 == 0
    if kind == 8:
        state = np.int64(10)
        for k in range(n - 1):
            state = (state + digits[k]) % 10
            if state == 0:
                state = np.int64(10)
            state = state * 2 % 11
        return (state + digits[n - 1]) % 10 == 1
    return True


@kernel
def key_of(digits, start, n):
    """One key for the digits from `start` on: exact up to 17 of them, a hash beyond."""
    if n - start <= 17:
        return number(digits, start, n) * 32 + (n - start)
    h = np.int64(1469598103934665603 & _HASH)
    for k in range(start, n):
        h = ((h ^ np.int64(digits[k])) * 16777619) & _HASH
        h = h ^ (h >> 29)
    return h


@kernel
def match_number(digits, n, breaks, plus, in_text, numbers, found):
    """Take n digits with separators at the places in the bit set `breaks` by every type that they fit.

    Returns for how many types.
    """
    rules = numbers.rules
    taken = 0
    last = np.int64(-1)
    for r in range(len(rules)):
        if rules[r, LENGTH] != n or rules[r, TYPE] == last:
            continue
        mode = rules[r, TEXT_MODE]
        if in_text and mode == 2:
            continue
        if rules[r, FIRST] and not rules[r, FIRST] >> np.int64(digits[0]) & 1:
            continue
        if rules[r, PREFIX_LENGTH] and number(digits, 0, rules[r, PREFIX_LENGTH]) != rules[r, PREFIX]:
            continue
        strip = rules[r, STRIP]
        if plus and strip == 0:
            continue
        if rules[r, TABLE] >= 0 and not numbers.tables[rules[r, TABLE], number(digits, strip, strip + rules[r, CODE])]:
            continue
        allowed = rules[r, BREAKS]
        if breaks:
            good = True
            for p in range(1, n):
                if breaks >> p & 1 and p < rules[r, FREE_AFTER] and not allowed >> p & 1:
                    good = False
                    break
            if not good:
                continue
        framed = breaks != 0 and breaks == allowed
        if in_text and mode == 1 and not framed:
            continue
        kind = rules[r, TYPE]
        check = rules[r, CHECK]
        if not in_text:
            found.counts[kind, SHAPE] += 1
            if check:
                found.counts[kind, CHECKED] += 1
        if check and not check_digit(check, digits, n, numbers.mult, numbers.perm):
            continue
        last = kind
        taken += 1
        sure = framed or rules[r, STRENGTH] >= 3
        if not in_text:
            found.counts[kind, FIT] += 1
            if rules[r, STRENGTH] >= 3:
                found.counts[kind, STRONG] += 1
        at = found.state[0]
        found.codes[at] = kind * 3 + (IN_TEXT if in_text else SURE if sure else WEAK)
        found.keys[at] = key_of(digits, strip, n)
        found.state[0] = at + 1
    return taken


@kernel
def match_masked(digits, hidden, n, numbers, found):
    """Count n places, of which `hidden` (a bit set) are starred, by every type that they could be of."""
    rules = numbers.rules
    last = np.int64(-1)
    for r in range(len(rules)):
        kind = rules[r, TYPE]
        if rules[r, LENGTH] != n or kind == last:
            continue
        good = True
        if not hidden & 1 and rules[r, FIRST] and not rules[r, FIRST] >> np.int64(digits[0]) & 1:
            good = False
        rest = rules[r, PREFIX]
        for k in range(rules[r, PREFIX_LENGTH]):
            place = rules[r, PREFIX_LENGTH] - 1 - k
            if not hidden >> place & 1 and rest % 10 != digits[place]:
                good = False
            rest = rest // 10
        if good:
            last = kind
            found.counts[kind, MASKED] += 1
            stars = 0
            for k in range(n):
                stars += hidden >> k & 1
            if stars > found.state[1]:
                found.state[1] = stars


@kernel
def search_text(buf, a, b, numbers, found, digits):
    """Find numbers inside the text a..b, with single separators in them; returns how many."""
    many = 0
    i = a
    while i < b:
        c = np.int64(buf[i])
        if not 48 <= c <= 57:
            i += 1
            continue
        before = np.int64(buf[i - 1]) if i > a else np.int64(32)
        beyond = np.int64(buf[i - 2]) if i > a + 1 else np.int64(32)
        joined = 65 <= before <= 90 or 97 <= before <= 122 or before == 95 or before >= 128
        decimal = (before == 46 or before == 44 or before == 45) and 48 <= beyond <= 57
        if joined or decimal:
            while i < b and 48 <= buf[i] <= 57:
                i += 1
            continue
        n = 0
        breaks = np.int64(0)
        taken = -1
        taken_n = 0
        taken_breaks = np.int64(0)
        pos = i
        while pos < b and n < 24:
            d = np.int64(buf[pos])
            if 48 <= d <= 57:
                digits[n] = d - 48
                n += 1
                pos += 1
                following = np.int64(buf[pos]) if pos < b else np.int64(32)
                tight = (
                    48 <= following <= 57
                    or 65 <= following <= 90
                    or 97 <= following <= 122
                    or following == 95
                    or following >= 128
                )
                goes_on = (following == 45 or following == 46) and pos + 1 < b and 48 <= buf[pos + 1] <= 57
                if not tight and numbers.texts[n]:
                    mark = found.state[0]
                    if match_number(digits, n, breaks, False, True, numbers, found) and not goes_on:
                        taken, taken_n, taken_breaks = pos, n, breaks
                    found.state[0] = mark
                continue
            if not (d == 32 or d == 45 or d == 46) or pos + 1 >= b or not 48 <= buf[pos + 1] <= 57:
                break
            breaks |= np.int64(1) << n
            pos += 1
        if taken >= 0:
            many += match_number(digits, taken_n, taken_breaks, False, True, numbers, found)
            i = taken
            continue
        while i < b and 48 <= buf[i] <= 57:
            i += 1
    return many


@kernel
def find_numbers(data, starts, stops, scratch, lines, searched, numbers, found):
    """One pass over cells; `lines`: each is text only. `searched`: some rule counts inside texts.

    `scratch` (uint8) is longer than the longest cell.
    """
    digits = np.zeros(32, np.uint8)
    for row in range(len(starts)):
        a = np.int64(starts[row])
        b = np.int64(stops[row])
        some = False
        high = False
        for i in range(a, b):
            c = data[i]
            if 48 <= c <= 57:
                some = True
            elif c >= 128:
                high = True
        if not some and not high:
            continue
        buf = data
        if high:
            b = fold(data, a, b, scratch)
            a = 0
            buf = scratch
        if not lines:
            while a < b and (buf[a] == 32 or buf[a] == 9):
                a += 1
            while b > a and (buf[b - 1] == 32 or buf[b - 1] == 9):
                b -= 1
            if b - a > 3 and buf[a] == 61 and buf[a + 1] == 34 and buf[b - 1] == 34:
                a += 2
                b -= 1
            elif b - a > 1 and buf[a] == 39:
                a += 1
            if b - a <= 64:
                n = 0
                breaks = hidden = np.int64(0)
                whole = True
                plus = False
                for i in range(a, b):
                    c = np.int64(buf[i])
                    if 48 <= c <= 57 or c == 42 or c == 35 or c == 88 or c == 120:
                        if n == 24:
                            whole = False
                            break
                        if c < 48 or c > 57:
                            hidden |= np.int64(1) << n
                            digits[n] = 0
                        else:
                            digits[n] = c - 48
                        n += 1
                    elif c == 43 and i == a:
                        plus = True
                    elif c == 32 or c == 45 or c == 46 or c == 47 or c == 40 or c == 41 or c == 95:
                        if n:
                            breaks |= np.int64(1) << n
                    else:
                        whole = False
                        break
                if whole and n:
                    breaks &= ~(np.int64(1) << n)
                    if numbers.lengths[n]:
                        if hidden == 0:
                            match_number(digits, n, breaks, plus, False, numbers, found)
                        elif hidden & (hidden - 1):
                            match_masked(digits, hidden, n, numbers, found)
                    continue
        if searched and search_text(buf, a, b, numbers, found, digits):
            found.rows[row] = 1


@kernel
def candidates(data, starts, stops, whole, width, figures, begins, taken, literal, out):
    """Mark in `out` (uint8[cells]) the cells that an expression could fit (`whole`) or stand in.

    `width` and `figures` (int64[2]): fewest and most bytes and ASCII digits; `begins` and `taken` (uint8[128]): bytes
    that a match may begin with and hold; `literal` (uint8[k]): bytes that it holds. Cells with bytes beyond ASCII are
    judged by their length alone.
    """
    size = len(literal)
    for row in range(len(starts)):
        a = np.int64(starts[row])
        b = np.int64(stops[row])
        if b - a < width[0]:
            continue
        high = False
        count = 0
        for i in range(a, b):
            c = data[i]
            if c >= 128:
                high = True
            elif 48 <= c <= 57:
                count += 1
        if high:
            out[row] = 1
            continue
        if count < figures[0]:
            continue
        if whole:
            while a < b and (data[a] == 32 or data[a] == 9):
                a += 1
            while b > a and (data[b - 1] == 32 or data[b - 1] == 9):
                b -= 1
            if a < b and (data[a] == 61 or data[a] == 39):
                out[row] = 1  # a spreadsheet's guard
                continue
            if b - a < width[0] or b - a > width[1] or count > figures[1] or not begins[data[a]]:
                continue
            good = True
            for i in range(a, b):
                if not taken[data[i]]:
                    good = False
                    break
            if not good:
                continue
        else:
            good = False
            for i in range(a, b - width[0] + 1):
                if begins[data[i]]:
                    good = True
                    for k in range(width[0]):
                        if not taken[data[i + k]]:
                            good = False
                            break
                    if good:
                        break
            if not good:
                continue
        if size:
            good = False
            for i in range(a, b - size + 1):
                same = True
                for k in range(size):
                    if data[i + k] != literal[k]:
                        same = False
                        break
                if same:
                    good = True
                    break
            if not good:
                continue
        out[row] = 1
