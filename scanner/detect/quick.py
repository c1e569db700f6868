"""The quick way through a column: cells of common shapes, eight bytes at a time; the rest goes to `kernels`.

Numbers, with separators too, decimals and moments in figures are counted here exactly as `kernels.profile_column`
counts them, which is what the tests hold it to. Of other short cells, those that stand often are gathered and
classified once with their number of occurrences. Runs compiled only.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from scanner.compiled import kernel
from scanner.detect import kernels as k
from scanner.detect.kernels import days_from_civil, match_rules, parse_time
from scanner.lanes import first_bit, word

#: Cells longer than this are never quick; `Desk.side` keeps cells in places of this size.
WIDEST = 32
#: Columns that are passed over together; their cells stay close to the processor from the first to the last.
MOST_COLUMNS = 32
#: Bytes of text whose cells are passed over, column by column, before the next.
_NEAR = 1 << 15
#: Bytes that must follow the start of a cell for its words to be loaded.
_ROOM = 40
#: Bytes of the longest number with separators that is quick.
_WIDEST_LAID = 16
_HEADS, _RECENT, _SIDE = 4096, 2048, 8192
#: Bits of a place in `Desk.recent`: of the least part of it that is used, and of all.
_FEW_BITS, _RECENT_BITS = 5, 11

_U1, _U3, _U8, _U16, _U32, _U64 = (np.uint64(n) for n in (1, 3, 8, 16, 32, 64))
_NONE = np.uint64(0)
_ALL = np.uint64(2**64 - 1)
_BYTE = np.uint64(0xFF)
#: Tells heads of numbers with separators from those of plain ones.
_LAID_TAG = np.int64(1 << 62)
_NOUGHTS = np.uint64(0x3030303030303030)
_LOW7 = np.uint64(0x7F7F7F7F7F7F7F7F)
_TOP = np.uint64(0x8080808080808080)
_ABOVE9 = np.uint64(0x7676767676767676)
_TEN, _TENS, _HUNDREDS = np.uint64(10), np.uint64(0x000000FF000000FF), np.uint64(0x000F424000000064)
_THOUSANDS = np.uint64(0x0000271000000001)
_PAIRS = np.uint64(0x00FF00FF00FF00FF)
_SUM = np.uint64(0x0001000100010001)
_FIVES, _ONES, _NINE = np.uint64(0x007B007B007B007B), np.uint64(0x0001000100010001), np.uint64(9)
_U48, _U7 = np.uint64(48), np.uint64(7)
_FIRSTS = np.array([(1 << 8 * n) - 1 for n in range(9)], np.uint64)
"""The first n bytes of a word."""
_MIX1, _MIX2, _MIX3 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F), np.uint64(0x165667B19E3779F9)
_MIX4 = np.uint64(0xD6E8FEB86659FD93)
_U56, _EACH, _DASHES = np.uint64(56), np.uint64(0x0101010101010101), np.uint64(0x2D2D2D2D2D2D2D2D)
_LOW32, _MCC = np.uint64(0xFFFFFFFF), np.uint64(int.from_bytes(b"410-", "little"))
_U52 = np.uint64(52)
_DOT = np.uint64(ord(".") ^ 0x30)
_MINUS = np.uint64(ord("-") ^ 0x30)

# columns of Desk.shapes: what a cell of so many bytes looks like where it is a moment in figures
_KNOWN, _KIND, _FIRST, _YEAR, _ONE, _ONE_WIDTH, _TWO, _TWO_WIDTH = range(8)
_HOUR, _HOUR_WIDTH, _MINUTE, _MINUTE_WIDTH, _SECOND, _SECOND_WIDTH = range(8, 14)
_DATE_UNTIL, _TRIES = 14, 15
_MOST_TRIES = 8


# columns of Desk.layouts: how a number with separators of so many bytes is laid out
_LAID, _TRIED, _FIGURES, _BREAKS, _PLUS, _DASHED, _RUNS = range(7)
_PLACE, _WIDTH = 7, 11  # of up to four runs of digits each
_MOST_RUNS = 4


# columns of Desk.state
_USED, _LEFT, _ASIDE, _PROBES, _MET, _GATHERING = range(6)


class Desk(NamedTuple):
    """Room for one thread; nothing on it belongs to a column between two calls. The first axis is the column."""

    heads: Any
    """int64[4096, 8]: what the notations say of a length and first digits; (tag, without Luhn, with Luhn, what to take
    off for the key in either case). Not by column."""
    spans: Any
    """int64[32000]: by `length * 1000 + first three digits`, how many first digits decide; -1 where more than eight, or
    another check than Luhn's, do. Not by column."""
    shapes: Any
    """int64[32, 33, 16]: the moment last seen among cells of a length."""
    masks: Any
    """uint64[32, 33, 3, 4]: its words: where its digits stand, where other characters stand, those characters."""
    layouts: Any
    """int64[32, 17, 16]: the number with separators last seen among cells of a length."""
    frames: Any
    """uint64[32, 17, 3, 2]: its words, as in `masks`."""
    recent: Any
    """uint64[32, 2048, 8]: cells seen lately: four words, length, how often."""
    side: Any
    """uint8[32, ...]: cells from `recent`, with `side_starts` (int32, the same for all), `side_stops` (int32) and
    `side_weights` (int64)."""
    side_starts: Any
    side_stops: Any
    side_weights: Any
    counts: Any
    """As `kernels.Tally`, and so the next five."""
    lengths: Any
    lead: Any
    extremes: Any
    rule_counts: Any
    times: Any
    state: Any
    """int64[32, 6]: keys found, cells in `rest`, cells in `side`, what `recent` was asked and how often it knew."""


class Finds(NamedTuple):
    """What a pass over some columns of n cells yields beside counts. The first axis is the column."""

    codes: Any
    """uint8[columns, 2 * n], and `keys` int64[columns, 2 * n]: as in `kernels.Sink`."""
    keys: Any
    rest: Any
    """int32[columns, 2, n]: starts and stops of cells that are not quick."""


def spans_of(rules: Any, by_length: Any) -> Any:
    """How many first digits decide (see `Desk.spans`); arguments as in `kernels.Book`."""
    need = rules[:, [1, 3]].max(axis=1, initial=3)
    for component, width in ((4, 5), (10, 11)):
        need = np.where(rules[:, component] >= 0, np.maximum(need, rules[:, 3] + rules[:, width]), need)
    need = np.where((need > 8) | (rules[:, 6] > 1), 99, need)
    slices, at = np.unique(by_length[..., 0] << 32 | by_length[..., 1], return_inverse=True)
    most = np.array([need[one >> 32 : one & 0xFFFFFFFF].max(initial=3) for one in slices.tolist()])
    return np.where(most > 8, -1, most)[at.reshape(-1)]


def desk_for(book: Any, notations: int) -> Desk:
    """A new desk; `notations` is how many notations the tables know."""
    many = MOST_COLUMNS
    return Desk(
        np.zeros((_HEADS, 8), np.int64),
        spans_of(book.rules, book.by_length),
        np.zeros((many, WIDEST + 1, 16), np.int64),
        np.zeros((many, WIDEST + 1, 3, 4), np.uint64),
        np.zeros((many, _WIDEST_LAID + 1, 16), np.int64),
        np.zeros((many, _WIDEST_LAID + 1, 3, 2), np.uint64),
        np.zeros((many, _RECENT, 8), np.uint64),
        np.zeros((many, (_SIDE + _RECENT) * WIDEST), np.uint8),
        np.arange(0, (_SIDE + _RECENT) * WIDEST, WIDEST, dtype=np.int32),
        np.zeros((many, _SIDE + _RECENT), np.int32),
        np.zeros((many, _SIDE + _RECENT), np.int64),
        np.zeros((many, len(k.CLASSES)), np.int64),
        np.zeros((many, 32), np.int64),
        np.zeros((many, 1000), np.int64),
        np.zeros((many, len(k.EXTREMES)), np.int64),
        np.zeros((many, notations, 2), np.int64),
        np.zeros((many, 3 * len(k.KINDS)), np.int64),
        np.zeros((many, 6), np.int64),
    )


@kernel(inline=True)
def _strange(figures):
    """The top bits of the bytes of a word (of characters less "0") that are no digits."""
    return (((figures & _LOW7) + _ABOVE9) | figures) & _TOP


@kernel(inline=True)
def _value(figures):
    """The number that eight digits make, the first the highest."""
    pairs = figures * _TEN + (figures >> _U8)
    return np.int64((((pairs & _TENS) * _HUNDREDS) + (((pairs >> _U16) & _TENS) * _THOUSANDS)) >> _U32)


@kernel(inline=True)
def _sum(lanes):
    """The sum of the four 16-bit lanes."""
    return (lanes * _SUM) >> _U48


@kernel(inline=True)
def _doubled(lanes):
    """The sum of digits (one a 16-bit lane) doubled and cast out as Luhn's check wants."""
    return _sum(lanes << _U1) - _NINE * _sum(((lanes + _FIVES) >> _U7) & _ONES)


@kernel(inline=True)
def _wide(tops):
    """The whole bytes whose top bits are set."""
    return (tops >> _U7) * _BYTE


@kernel(inline=True)
def _count(tops):
    """How many top bits are set."""
    return np.int64(((tops >> _U7) * _EACH) >> _U56)


@kernel(inline=True)
def _place(tag, heads):
    """Where a tag stands in `heads`, or is to: one of two places, as tags that share one drive each other out."""
    slot = np.int64((np.uint64(tag) * _MIX1) >> _U52)
    held = heads[slot, 0]
    if held != tag:
        other = heads[slot ^ 1, 0]
        if other == tag or (other == 0 and held != 0):
            slot ^= 1
    return slot


@kernel
def _learn_head(data, a, n, slot, tag, heads, book):
    """Ask the notations about a number of n digits at data[a], with and without its Luhn check passed."""
    digits = np.zeros(32, np.uint8)
    best = np.zeros(4, np.int64)
    for i in range(n):
        digits[i] = data[a + i] - 48
    _learn_digits(digits, n, 0, False, slot, tag, heads, book, best)


@kernel
def _learn_layout(data, a, n, layouts, frames):
    """Take a cell as the layout of numbers with separators of its length, if it is one that can only be a number."""
    layout, frame = layouts[n], frames[n]
    layout[_LAID] = 0
    layout[_TRIED] += 1
    for w in range(2):
        frame[0, w] = frame[1, w] = frame[2, w] = _NONE
    for column in range(_FIGURES, 16):
        layout[column] = 0
    figures = runs = dashes = 0
    breaks = np.int64(0)
    within = False
    for i in range(n):
        c = np.int64(data[a + i])
        w, shift = i >> 3, np.uint64((i & 7) << 3)
        if 48 <= c <= 57:
            if not within:
                if runs == _MOST_RUNS:
                    return
                layout[_PLACE + runs] = i
                runs += 1
                if figures:
                    breaks |= np.int64(1) << figures
            layout[_WIDTH + runs - 1] += 1
            figures += 1
            within = True
            frame[0, w] |= _BYTE << shift
            continue
        if c == 43:
            if i:
                return
            layout[_PLUS] = 1
        elif c == 45:
            dashes += 1
        elif not (c == 32 or c == 40 or c == 41):
            return
        within = False
        frame[1, w] |= _BYTE << shift
        frame[2, w] |= np.uint64(c) << shift
    first = data[a]
    if not within or not (48 <= first <= 57 or first == 43 or first == 40) or not (breaks or layout[_PLUS]):
        return
    for run in range(runs):
        if layout[_WIDTH + run] > 8 and (run or figures > 16):
            return
    # others may be an old NIC, an IMEI with its Luhn check, or the identity of a cell
    if figures < 9 or figures > 14 or (figures == 13 and not breaks) or breaks == (1 << 3 | 1 << 5):
        return
    if dashes == 3 and figures + 3 == n and layout[_WIDTH] == 3:
        return
    layout[_FIGURES], layout[_BREAKS], layout[_RUNS] = figures, breaks, runs
    layout[_DASHED] = breaks == (1 << 5 | 1 << 12)
    layout[_LAID] = 1


@kernel
def _learn_laid(data, a, n, slot, tag, heads, layout, book):
    """As `_learn_head`, for the number of a cell of n bytes with separators; `tag` is also for its layout."""
    digits = np.zeros(32, np.uint8)
    best = np.zeros(4, np.int64)
    figures = 0
    for i in range(n):
        c = data[a + i]
        if 48 <= c <= 57:
            digits[figures] = c - 48
            figures += 1
    _learn_digits(digits, figures, layout[_BREAKS], layout[_PLUS] != 0, slot, tag, heads, book, best)


@kernel
def _learn_digits(digits, n, breaks, plus, slot, tag, heads, book, best):
    """Ask the notations about a number of n digits, with and without its Luhn check passed."""
    for passes in range(2):
        r = match_rules(digits, n, breaks, plus, False, book, best, passes)
        if r < 0:
            heads[slot, 1 + passes] = -1
            heads[slot, 3 + passes] = 0
            continue
        strip = book.rules[r, 3]
        off = np.int64(0)
        for i in range(strip):
            off = off * 10 + digits[i]
        heads[slot, 1 + passes] = book.rules[r, 15] << 16 | book.rules[r, 13] << 4 | best[1] << 1 | best[2]
        heads[slot, 3 + passes] = off * k.POW10[n - strip]
    heads[slot, 0] = tag


@kernel
def _learn_shape(data, a, n, shapes, masks):
    """Take a cell as the pattern of moments of its length where only its digits may differ; else forget the length."""
    moment, numbers = np.zeros(8, np.int64), np.zeros(8, np.int64)
    widths, seps = np.zeros(8, np.int64), np.zeros(8, np.int64)
    places = np.zeros(8, np.int64)
    shape = shapes[n]
    shape[_KNOWN] = 0
    shape[_TRIES] += 1
    runs = colons = dots = dashes = figures = 0
    i = 0
    while i < n:
        c = np.int64(data[a + i])
        if 48 <= c <= 57:
            if runs == 8:
                return
            places[runs] = i
            while i < n and 48 <= data[a + i] <= 57:
                i += 1
                figures += 1
            if i - places[runs] > 9:
                return
            runs += 1
            continue
        if c == 84 or c == 90 or c == 116 or c == 122:
            i += 1
            continue
        if not (c == 45 or c == 47 or c == 46 or c == 58 or c == 32 or c == 43):
            return
        colons += c == 58
        dots += c == 46
        dashes += c == 45
        i += 1
    if runs < 3 or places[0] != 0 or data[a + n - 1] == 32:
        return
    kind = parse_time(data, a, a + n, moment, numbers, widths, seps)
    if kind != 1 and kind != 2:
        return
    if (dots == 1 and dashes == 0) or (kind == 1 and colons == 0) or (kind == 2 and (runs != 3 or figures > 8)):
        return  # such digits with separators are tried as a number first
    if widths[0] == 4:
        shape[_FIRST], year, two, one = 1, 0, 1, 2
    elif widths[2] == 4:
        shape[_FIRST], one, two, year = 0, 0, 1, 2
    else:
        return
    shape[_KIND] = kind
    shape[_YEAR] = places[year]
    shape[_ONE], shape[_ONE_WIDTH] = places[one], widths[one]
    shape[_TWO], shape[_TWO_WIDTH] = places[two], widths[two]
    shape[_DATE_UNTIL] = places[2] + widths[2]
    if kind == 1:
        shape[_HOUR], shape[_HOUR_WIDTH] = places[3], widths[3]
        shape[_MINUTE], shape[_MINUTE_WIDTH] = places[4], widths[4]
        timed = widths[5] > 0 and seps[5] == 58
        shape[_SECOND], shape[_SECOND_WIDTH] = (places[5], widths[5]) if timed else (0, 0)
        if widths[3] > 2 or widths[4] > 2 or (widths[5] > 2 and timed):
            return
    for w in range(4):
        masks[n, 0, w] = masks[n, 1, w] = masks[n, 2, w] = _NONE
    for i in range(n):
        c = np.int64(data[a + i])
        w, shift = i >> 3, np.uint64((i & 7) << 3)
        if 48 <= c <= 57:
            masks[n, 0, w] |= _BYTE << shift
        else:
            masks[n, 1, w] |= _BYTE << shift
            masks[n, 2, w] |= np.uint64(c) << shift
    shape[_KNOWN] = 1


@kernel(inline=True)
def _part(data, at, width):
    """The number of one or two digits at data[at]."""
    first = np.int64(data[at]) - 48
    return first if width == 1 else first * 10 + np.int64(data[at + 1]) - 48


@kernel
def scan_quick(data, starts, stops, rows, book, desk, finds):
    """Count the quick cells of columns (starts, stops: int32[columns, at least `rows`]).

    The counts of each column, and how much of `finds` and of the sides belongs to it, stand on the desk.
    """
    columns = len(starts)
    bits = _RECENT_BITS
    while bits > _FEW_BITS and rows <= 1 << (bits - 1):
        bits -= 1
    shift = np.uint64(64 - bits)
    for c in range(columns):
        desk.counts[c] = 0
        desk.lengths[c] = 0
        desk.lead[c] = 0
        desk.rule_counts[c] = 0
        desk.times[c] = 0
        desk.state[c] = 0
        for e in range(len(k.EXTREMES)):
            desk.extremes[c, e] = 0 if e == k.HIDDEN else k.LOW if e & 1 else k.HIGH
        for slot in range(1 << bits):
            desk.recent[c, slot, 5] = _NONE
        for length in range(WIDEST + 1):
            desk.shapes[c, length, _TRIES] = 0
        for length in range(_WIDEST_LAID + 1):
            desk.layouts[c, length, _TRIED] = 0
        desk.state[c, _GATHERING] = 1
    step = rows
    if columns > 1:
        step = max(64, min(rows, np.int64(rows) * _NEAR // max(1, len(data))))
    first = 0
    while first < rows:
        last = min(rows, first + step)
        for c in range(columns):
            _scan_some(
                data, starts[c], stops[c], first, last, shift, book, desk.heads, desk.spans, desk.shapes[c],
                desk.masks[c], desk.layouts[c], desk.frames[c], desk.recent[c], desk.side[c], desk.side_stops[c],
                desk.side_weights[c], finds.rest[c], finds.codes[c], finds.keys[c], desk.counts[c], desk.lengths[c],
                desk.lead[c], desk.extremes[c], desk.rule_counts[c], desk.times[c], desk.state[c],
            )  # fmt: skip
        first = last
    for c in range(columns):
        for slot in range(1 << bits):
            if desk.recent[c, slot, 5] != _NONE:
                _put_aside(
                    desk.recent[c], slot, desk.side[c], desk.side_stops[c], desk.side_weights[c], desk.state[c, _ASIDE]
                )
                desk.state[c, _ASIDE] += 1


@kernel
def _scan_some(
    data, starts, stops, first, last, shift, book, heads, spans, shapes, masks, layouts, frames, recent, side,
    side_stops, side_weights, rest, codes, keys, counts, lengths, lead, extremes, rule_counts, times, state,
):  # fmt: skip
    """Count the quick cells first..last of a column; the arrays are its own. A place in `recent` is a hash >> shift."""
    used, left, aside = state[_USED], state[_LEFT], state[_ASIDE]
    gathering, probes, met = state[_GATHERING], state[_PROBES], state[_MET]
    limit = len(data) - _ROOM
    low, high = extremes[k.NUMBER_MIN], extremes[k.NUMBER_MAX]
    key_low, key_high = extremes[k.KEY_MIN], extremes[k.KEY_MAX]
    day_low, day_high = extremes[k.DAY_MIN], extremes[k.DAY_MAX]
    month_low, month_high = extremes[k.MONTH_MIN], extremes[k.MONTH_MAX]
    filled = size = numbers = smalls = shorts = decimals = separated = 0
    dated = -1
    date0 = date1 = _NONE
    days = months = np.int64(0)
    iso = 0
    for row in range(first, last):
        a = np.int64(starts[row])
        n = np.int64(stops[row]) - a
        if n <= 0:
            continue
        if n > WIDEST or a > limit:
            rest[0, left], rest[1, left] = a, a + n
            left += 1
            continue
        w0 = word(data, a)
        if n <= 16:
            if n <= 8:
                x0 = (w0 ^ _NOUGHTS) << np.uint64((8 - n) << 3)
                x1 = _NONE
                plain = _strange(x0) == _NONE
            else:
                x0 = w0 ^ _NOUGHTS
                x1 = (word(data, a + 8) ^ _NOUGHTS) << np.uint64((16 - n) << 3)
                plain = (_strange(x0) | _strange(x1)) == _NONE
            first8 = _value(x0)
            span = spans[n * 1000 + np.int64(np.uint64(first8) // np.uint64(100000))] if plain and n >= 8 else 0
            if plain and span >= 0:
                filled += 1
                size += n
                numbers += 1
                lengths[n] += 1
                if n < 8:
                    if first8 < low:
                        low = first8
                    if first8 > high:
                        high = first8
                    if n <= 2:
                        smalls += 1
                    elif n <= 6:
                        shorts += 1
                        if n == 5 and 25569 <= first8 <= 58000:
                            counts[k.SERIAL_DAY] += 1
                    continue
                value = first8 if n == 8 else first8 * k.POW10[n - 8] + _value(x1)
                if value < low:
                    low = value
                if value > high:
                    high = value
                when = np.int64(-1)
                if n == 10:
                    if 946684800 <= value <= 2051222400:
                        counts[k.EPOCH_S] += 1
                        when = value
                elif n == 13:
                    if 946684800000 <= value <= 2051222400000:
                        counts[k.EPOCH_MS] += 1
                        when = np.int64(np.uint64(value) // np.uint64(1000))
                elif n == 16:
                    if 946684800000000 <= value <= 2051222400000000:
                        counts[k.EPOCH_US] += 1
                        when = np.int64(np.uint64(value) // np.uint64(1000000))
                elif n == 12:
                    # YYYYMMDDhhmm or YYMMDDhhmmss
                    top = np.int64(np.uint64(first8) // np.uint64(10000))
                    mid = first8 - top * 10000
                    end = value - first8 * 10000
                    low2, high2 = np.int64(np.uint64(end) // np.uint64(100)), np.int64(np.uint64(mid) // np.uint64(100))
                    if 1900 <= top <= 2100 and 1 <= high2 <= 12 and 1 <= mid - high2 * 100 <= 31:
                        if low2 < 24 and end - low2 * 100 < 60:
                            counts[k.STAMP12] += 1
                    elif (
                        1 <= top - np.int64(np.uint64(top) // np.uint64(100)) * 100 <= 12
                        and 1 <= high2 <= 31
                        and mid - high2 * 100 < 24
                        and low2 < 60
                        and end - low2 * 100 < 60
                    ):
                        counts[k.STAMP12] += 1
                elif n == 14 or n == 8:
                    y = np.int64(np.uint64(first8) // np.uint64(10000))
                    m = np.int64(np.uint64(first8) // np.uint64(100)) - y * 100
                    d = first8 - (y * 100 + m) * 100
                    if 1900 <= y <= 2100 and 1 <= m <= 12 and 1 <= d <= 31:
                        s = days_from_civil(y, m, d) * 86400
                        good = True
                        if n == 14:
                            clock = value - first8 * 1000000
                            hh = np.int64(np.uint64(clock) // np.uint64(10000))
                            mm = np.int64(np.uint64(clock) // np.uint64(100)) - hh * 100
                            ss = clock - (hh * 100 + mm) * 100
                            good = hh < 24 and mm < 60 and ss < 60
                            s += hh * 3600 + mm * 60 + ss
                        if good:
                            counts[k.STAMP14 if n == 14 else k.STAMP8] += 1
                            if s < day_low:
                                day_low = s
                            if s > day_high:
                                day_high = s
                if when >= 0:
                    if when < day_low:
                        day_low = when
                    if when > day_high:
                        day_high = when
                first2 = np.int64(np.uint64(first8) // np.uint64(1000000))
                if n == 13:
                    # digits stand in x0 from its first byte on, in x1 from its fourth
                    even = _sum(x0 & _PAIRS) + _sum((x1 >> _U8) & _PAIRS)
                    odd = _sum((x0 >> _U8) & _PAIRS) + _sum(x1 & _PAIRS)
                    if (even + _U3 * odd) % _TEN == _NONE:
                        counts[k.EAN] += 1
                    if 10 <= first2 <= 89:
                        counts[k.CNIC_SHAPE] += 1
                        lead[np.int64(np.uint64(first8) // np.uint64(100000))] += 1
                        if (x0 >> np.uint64(24)) & _BYTE == _NONE:
                            counts[k.CNIC_FOURTH] += 1
                # the digits that decide; their bytes leave room for the length and for how many decide
                key_bits = x0 & _FIRSTS[span] | np.uint64((n - 8) << 4 | span << 12)
                tag = np.int64(key_bits)
                slot = _place(tag, heads)
                if heads[slot, 0] != tag:
                    _learn_head(data, a, n, slot, tag, heads, book)
                passes = 0
                if n == 15 or heads[slot, 1] != heads[slot, 2]:
                    # the last digit stands in the top byte of x1 (of x0 where n is 8); every second before it doubles
                    low0, high0 = x0 & _PAIRS, (x0 >> _U8) & _PAIRS
                    low1, high1 = x1 & _PAIRS, (x1 >> _U8) & _PAIRS
                    if n & 1:
                        check = _sum(low0) + _doubled(high0) + _sum(high1) + _doubled(low1)
                    else:
                        check = _sum(high0) + _doubled(low0) + _sum(high1) + _doubled(low1)
                    passes = 1 if check % _TEN == _NONE else 0
                    if n == 15:
                        counts[k.LUHN15] += passes
                        if first2 == 35 or first2 == 86 or first2 == 1 or first2 == 99:
                            counts[k.TAC] += 1
                found = heads[slot, 1 + passes]
                if found >= 0:
                    note = found >> 16
                    kind = (found >> 4) & 0xFFF
                    rule_counts[note, 0] += 1
                    rule_counts[note, 1] += found & 1
                    key = value - heads[slot, 3 + passes]
                    if kind == k.MSISDN:
                        rounded = np.int64(np.uint64(key) // np.uint64(10000))
                        lead[np.int64(np.uint64(key) // np.uint64(10000000))] += 1
                        if rounded * 10000 == key:
                            counts[k.ZEROS] += 1
                    if kind in (k.MSISDN, k.CNIC):
                        if key < key_low:
                            key_low = key
                        if key > key_high:
                            key_high = key
                    code = kind * 3 + (k.SURE if found & 2 else k.WEAK)
                    codes[used] = code
                    keys[used] = key
                    used += 1
                    times[code] += 1
                    if n == 13:
                        if kind != k.CNIC and 10 <= first2 <= 89:
                            codes[used] = k.CNIC * 3 + k.WEAK
                            keys[used] = value
                            used += 1
                            times[k.CNIC * 3 + k.WEAK] += 1
                        elif kind == k.CNIC:
                            codes[used] = k.K_TICKET * 3 + k.WEAK
                            keys[used] = value
                            used += 1
                            times[k.K_TICKET * 3 + k.WEAK] += 1
                    elif n == 15 and kind != k.IMEI and passes:
                        codes[used] = k.IMEI * 3 + k.WEAK
                        keys[used] = np.int64(np.uint64(value) // _TEN)
                        used += 1
                        times[k.IMEI * 3 + k.WEAK] += 1
                else:
                    if n == 13:
                        codes[used] = k.K_TICKET * 3 + k.WEAK
                        keys[used] = value
                        used += 1
                        times[k.K_TICKET * 3 + k.WEAK] += 1
                    elif n >= 14:
                        codes[used] = k.IMEI * 3 + k.WEAK
                        keys[used] = np.int64(np.uint64(value) // np.uint64(k.POW10[n - 14]))
                        used += 1
                        times[k.IMEI * 3 + k.WEAK] += 1
                    if (n <= 15 and first2 >= 10) or (n > 9 and first2 == 0):
                        counts[k.FOREIGN] += 1
                continue
        begin = np.int64(data[a])
        if 48 <= begin <= 57 and n >= 8:
            # a moment like the one seen last among cells of this length?
            if shapes[n, _KNOWN] == 0 and shapes[n, _TRIES] < _MOST_TRIES:
                _learn_shape(data, a, n, shapes, masks)
            if shapes[n, _KNOWN]:
                shape = shapes[n]
                wrong = (w0 & masks[n, 1, 0]) ^ masks[n, 2, 0] | _strange((w0 ^ _NOUGHTS) & masks[n, 0, 0])
                w1 = w2 = _NONE
                if n > 8:
                    w1 = word(data, a + 8)
                    wrong |= (w1 & masks[n, 1, 1]) ^ masks[n, 2, 1] | _strange((w1 ^ _NOUGHTS) & masks[n, 0, 1])
                if n > 16:
                    w2 = word(data, a + 16)
                    wrong |= (w2 & masks[n, 1, 2]) ^ masks[n, 2, 2] | _strange((w2 ^ _NOUGHTS) & masks[n, 0, 2])
                if n > 24:
                    w3 = word(data, a + 24)
                    wrong |= (w3 & masks[n, 1, 3]) ^ masks[n, 2, 3] | _strange((w3 ^ _NOUGHTS) & masks[n, 0, 3])
                if wrong == _NONE:
                    until = shape[_DATE_UNTIL]
                    last = w1 & ((_U1 << np.uint64((until - 8) << 3)) - _U1) if until > 8 else _NONE
                    if dated != n or w0 != date0 or last != date1:
                        year = _value((word(data, a + shape[_YEAR]) ^ _NOUGHTS) << _U32)
                        one = _part(data, a + shape[_ONE], shape[_ONE_WIDTH])
                        two = _part(data, a + shape[_TWO], shape[_TWO_WIDTH])
                        dated = -1
                        if 1900 <= year <= 2100 and 1 <= one <= 31 and 1 <= two <= 31 and (one <= 12 or two <= 12):
                            dated, date0, date1 = n, w0, last
                            days = days_from_civil(year, two, one) * 86400 if two <= 12 else k.LOW
                            if shape[_FIRST]:
                                months = days
                                iso = 0
                            else:
                                months = days_from_civil(year, one, two) * 86400 if one <= 12 else k.LOW
                                iso = (1 if one > 12 else 0) | (2 if two > 12 else 0)
                    good = dated == n
                    seconds = np.int64(0)
                    if shape[_KIND] == 1 and good:
                        hour = _part(data, a + shape[_HOUR], shape[_HOUR_WIDTH])
                        minute = _part(data, a + shape[_MINUTE], shape[_MINUTE_WIDTH])
                        good = hour <= 24 and minute <= 59
                        seconds = hour * 3600 + minute * 60
                        if shape[_SECOND_WIDTH]:
                            seconds += min(_part(data, a + shape[_SECOND], shape[_SECOND_WIDTH]), 59)
                    if good:
                        filled += 1
                        size += n
                        counts[k.DATETIME if shape[_KIND] == 1 else k.DATE] += 1
                        if shape[_FIRST]:
                            counts[k.ISO_FIRST] += 1
                        else:
                            counts[k.FIRST_GT12] += iso & 1
                            counts[k.SECOND_GT12] += iso >> 1
                        if days != k.LOW:
                            if days + seconds < day_low:
                                day_low = days + seconds
                            if days + seconds > day_high:
                                day_high = days + seconds
                        if months != k.LOW:
                            if months + seconds < month_low:
                                month_low = months + seconds
                            if months + seconds > month_high:
                                month_high = months + seconds
                        continue
                else:
                    shapes[n, _KNOWN] = 0
        if 10 <= n <= _WIDEST_LAID and (begin == 43 or begin == 40 or 48 <= begin <= 57):
            # a number with separators like the one seen last among cells of this length?
            if layouts[n, _LAID] == 0 and layouts[n, _TRIED] < _MOST_TRIES:
                _learn_layout(data, a, n, layouts, frames)
            if layouts[n, _LAID]:
                layout = layouts[n]
                w1 = word(data, a + 8)
                wrong = (w0 & frames[n, 1, 0]) ^ frames[n, 2, 0] | _strange((w0 ^ _NOUGHTS) & frames[n, 0, 0])
                wrong |= (w1 & frames[n, 1, 1]) ^ frames[n, 2, 1] | _strange((w1 ^ _NOUGHTS) & frames[n, 0, 1])
                if wrong == _NONE:
                    value = np.int64(0)
                    for run in range(layout[_RUNS]):
                        wide = layout[_WIDTH + run]
                        at = a + layout[_PLACE + run]
                        while wide > 8:
                            value = value * 10 + np.int64(data[at]) - 48
                            wide -= 1
                            at += 1
                        part = _value((word(data, at) ^ _NOUGHTS) << np.uint64((8 - wide) << 3))
                        value = value * k.POW10[wide] + part
                    figures = layout[_FIGURES]
                    head3 = np.int64(np.uint64(value) // np.uint64(k.POW10[figures - 3]))
                    span = spans[figures * 1000 + head3]
                    if span >= 0:
                        tag = np.int64(np.uint64(value) // np.uint64(k.POW10[figures - span]))
                        tag |= (figures << 4 | span) << 27 | (layout[_BREAKS] << 1 | layout[_PLUS]) << 36 | _LAID_TAG
                        slot = _place(tag, heads)
                        if heads[slot, 0] != tag:
                            _learn_laid(data, a, n, slot, tag, heads, layout, book)
                        found = heads[slot, 1]
                        if found >= 0 and found == heads[slot, 2]:
                            filled += 1
                            size += n
                            lengths[figures] += 1
                            separated += 1
                            counts[k.PLUS] += layout[_PLUS]
                            if figures == 13 and 10 <= head3 // 10 <= 89:
                                counts[k.CNIC_SHAPE] += 1
                                lead[head3] += 1
                                counts[k.CNIC_DASHED] += layout[_DASHED]
                                if value // 1000000000 % 10 == 0:
                                    counts[k.CNIC_FOURTH] += 1
                            note = found >> 16
                            kind = (found >> 4) & 0xFFF
                            rule_counts[note, 0] += 1
                            rule_counts[note, 1] += found & 1
                            key = value - heads[slot, 3]
                            if kind == k.MSISDN:
                                lead[np.int64(np.uint64(key) // np.uint64(10000000))] += 1
                                if key % 10000 == 0:
                                    counts[k.ZEROS] += 1
                            if kind in (k.MSISDN, k.CNIC):
                                if key < key_low:
                                    key_low = key
                                if key > key_high:
                                    key_high = key
                            code = kind * 3 + (k.SURE if found & 2 else k.WEAK)
                            codes[used] = code
                            keys[used] = key
                            used += 1
                            times[code] += 1
                            continue
                elif layouts[n, _TRIED] < _MOST_TRIES:
                    layouts[n, _LAID] = 0
        if n <= 16 and (begin == 45 or begin == 46 or 48 <= begin <= 57):
            # a decimal, perhaps below nought
            y0 = w0 ^ _NOUGHTS
            if n < 8:
                y0 &= (_U1 << np.uint64(n << 3)) - _U1
            minus = begin == 45
            if minus:
                y0 &= ~_BYTE
            odd0 = _strange(y0)
            if odd0 == _NONE:
                if minus and x1 == _NONE and n <= 8 and n >= 2:
                    filled += 1
                    size += n
                    counts[k.NEGATIVE] += 1
                    continue
            elif (odd0 & (odd0 - _U1)) == _NONE and (n <= 8 or _strange(x1) == _NONE):
                p = first_bit(odd0) >> 3
                figures = n - 1 - minus
                if (
                    (y0 >> np.uint64(p << 3)) & _BYTE == _DOT
                    and figures >= 1
                    and (figures < 9 or (not minus and p > 0 and begin != 48))
                ):
                    whole = np.int64(0)
                    if p > 0:
                        whole = _value(y0 << np.uint64((8 - p) << 3))
                    filled += 1
                    size += n
                    decimals += 1
                    places = n - p - 1
                    if places >= 3:
                        counts[k.FINE] += 1
                    if minus:
                        counts[k.NEGATIVE] += 1
                    elif 23 <= whole <= 37:
                        counts[k.LATITUDE] += places >= 1
                    elif 60 <= whole <= 77:
                        counts[k.LONGITUDE] += places >= 1
                    elif 25569 <= whole <= 58000:
                        counts[k.SERIAL_DAY] += 1
                    continue
        w1 = w2 = w3 = _NONE
        if n <= 8:
            w0 &= _ALL >> np.uint64((8 - n) << 3)
        else:
            w1 = word(data, a + 8)
            if n <= 16:
                w1 &= _ALL >> np.uint64((16 - n) << 3)
            else:
                w2 = word(data, a + 16)
                if n <= 24:
                    w2 &= _ALL >> np.uint64((24 - n) << 3)
                else:
                    w3 = word(data, a + 24) & (_ALL >> np.uint64((32 - n) << 3))
        if w0 & _LOW32 == _MCC and 8 < n <= 24:
            # a cell's global identity, 410-LAC-...: figures in four groups
            s0 = _strange(w0 ^ _NOUGHTS)
            s1 = _strange(w1 ^ _NOUGHTS) & (_ALL if n >= 16 else (_U1 << np.uint64((n - 8) << 3)) - _U1)
            s2 = _NONE
            if n > 16:
                s2 = _strange(w2 ^ _NOUGHTS) & (_ALL >> np.uint64((24 - n) << 3))
            other = ((w0 ^ _DASHES) & _wide(s0)) | ((w1 ^ _DASHES) & _wide(s1)) | ((w2 ^ _DASHES) & _wide(s2))
            if other == _NONE and _count(s0) + _count(s1) + _count(s2) == 3:
                filled += 1
                size += n
                counts[k.CGI] += 1
                continue
        if gathering:
            mixed = w0 * _MIX1 ^ w1 * _MIX2 ^ w2 * _MIX3 ^ w3 * _MIX4
            slot = np.int64(((mixed ^ (mixed >> _U32)) * _MIX1) >> shift)
            probes += 1
            held = recent[slot, 5]
            if held != _NONE:
                if (
                    recent[slot, 0] == w0
                    and recent[slot, 1] == w1
                    and recent[slot, 2] == w2
                    and recent[slot, 3] == w3
                    and recent[slot, 4] == np.uint64(n)
                ):
                    recent[slot, 5] = held + _U1
                    met += 1
                    continue
                if aside < _SIDE:
                    _put_aside(recent, slot, side, side_stops, side_weights, aside)
                    aside += 1
                    held = _NONE
            if held == _NONE:
                recent[slot, 0] = w0
                recent[slot, 1] = w1
                recent[slot, 2] = w2
                recent[slot, 3] = w3
                recent[slot, 4] = np.uint64(n)
                recent[slot, 5] = _U1
                if probes & 1023 == 0 and met * 4 < probes:
                    gathering = 0
                continue
        rest[0, left], rest[1, left] = a, a + n
        left += 1
    counts[k.FILLED] += filled
    counts[k.BYTE_TOTAL] += size
    counts[k.DIGITS] += numbers
    counts[k.SMALL] += smalls
    counts[k.SHORT] += shorts
    counts[k.DECIMAL] += decimals
    counts[k.SEPARATED] += separated
    extremes[k.NUMBER_MIN], extremes[k.NUMBER_MAX] = low, high
    extremes[k.KEY_MIN], extremes[k.KEY_MAX] = key_low, key_high
    extremes[k.DAY_MIN], extremes[k.DAY_MAX] = day_low, day_high
    extremes[k.MONTH_MIN], extremes[k.MONTH_MAX] = month_low, month_high
    state[_USED], state[_LEFT], state[_ASIDE] = used, left, aside
    state[_GATHERING], state[_PROBES], state[_MET] = gathering, probes, met


@kernel
def _put_aside(recent, slot, side, side_stops, side_weights, place):
    """Write a gathered cell and how often it stood to `side`."""
    at = place * WIDEST
    for w in range(4):
        held = recent[slot, w]
        for i in range(8):
            side[at + 8 * w + i] = np.uint8((held >> np.uint64(i << 3)) & _BYTE)
    side_stops[place] = at + np.int64(recent[slot, 4])
    side_weights[place] = np.int64(recent[slot, 5])
