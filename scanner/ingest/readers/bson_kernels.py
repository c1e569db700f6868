"""Documents of BSON as lines of JSON; compiled where there is enough to do.

Source: bsonspec.org, version 1.1.
"""

from __future__ import annotations

from scanner.civil import civil
from scanner.compiled import kernel

#: Bytes of the shortest document; of the longest, twice what MongoDB takes.
SHORTEST, _LONGEST = 5, 32 << 20
#: What stands in the place of a length between collections of an archive.
SEPARATOR = 0xFFFFFFFF
#: Documents within documents that are followed; MongoDB takes a hundred.
DEEPEST = 400
#: Text of a document is at most so many times as long as its bytes: a control becomes six, a null under no name eight.
SWELLS = 8
_DAY = 86_400_000
#: What `to_json` says of a document.
BROKEN, ENDS = -1, -2


@kernel
def chain(data, n):
    """Where the last whole document of n bytes ends, how many there are, and 1 where none follows that could be one.

    `data` is uint8[≥ n] and begins with a document or with what separates collections in an archive.
    """
    at = count = 0
    while at + 4 <= n:
        size = _int32(data, at)
        if size == SEPARATOR:
            at += 4
            continue
        if size < SHORTEST or size > _LONGEST:
            return at, count, 1
        if at + size > n:
            break
        if data[at + size - 1]:
            return at, count, 1
        at += size
        count += 1
    return at, count, 0


@kernel
def _int32(data, at):
    return int(data[at]) | int(data[at + 1]) << 8 | int(data[at + 2]) << 16 | int(data[at + 3]) << 24


@kernel
def _put_text(data, begin, end, out, to):
    """A text as JSON, without quotes."""
    for at in range(begin, end):
        c = int(data[at])
        if c == 34 or c == 92:
            out[to] = 92
            out[to + 1] = c
            to += 2
        elif c < 32:
            out[to] = 92
            out[to + 1] = 117
            out[to + 2] = 48
            out[to + 3] = 48
            out[to + 4] = 48 + (c >> 4)
            out[to + 5] = (c & 15) + (48 if c & 15 < 10 else 87)
            to += 6
        else:
            out[to] = c
            to += 1
    return to


@kernel
def _put_hex(data, begin, end, out, to):
    for at in range(begin, end):
        high, low = int(data[at]) >> 4, int(data[at]) & 15
        out[to] = high + (48 if high < 10 else 87)
        out[to + 1] = low + (48 if low < 10 else 87)
        to += 2
    return to


@kernel
def _put_whole(number, least, out, to):
    """A number, with zeros in front up to `least` digits."""
    if number < 0:
        out[to] = 45
        to += 1
    digits, left = 1, number // 10 if number >= 0 else -(number // -10)
    while left >= 10 or left <= -10:
        digits += 1
        left = left // 10 if left >= 0 else -(left // -10)
    digits = max(digits + (left != 0), least)
    for place in range(digits):  # the least number has no positive
        following = number // 10 if number >= 0 else -(number // -10)
        figure = number - following * 10
        out[to + digits - 1 - place] = 48 + (figure if figure >= 0 else -figure)
        number = following
    return to + digits


@kernel
def _put_scaled(number, exponent, out, to):
    """`number * 10 ** exponent` in digits."""
    if exponent > 20 or exponent < -40:
        to = _put_whole(number, 0, out, to)
        out[to] = 69
        return _put_whole(exponent, 0, out, to + 1)
    if exponent >= 0:
        to = _put_whole(number, 0, out, to)
        for _ in range(exponent if number else 0):
            out[to] = 48
            to += 1
        return to
    begin = to
    to = _put_whole(number, 1 - exponent, out, to)
    for place in range(-exponent):
        out[to - place] = out[to - place - 1]
    out[to + exponent] = 46
    return to + 1 if to > begin else to


@kernel
def _put_double(value, out, to):
    """A number as it was typed, where it has up to 15 digits."""
    if value != value or value - value != 0.0:
        return _put_word(110, 117, 108, 108, out, to)
    exponent = 0
    while abs(value) >= 9.0e15:
        value /= 10.0
        exponent += 1
    if value == 0.0 or exponent:
        return _put_scaled(int(value), exponent, out, to)
    scale = 1.0
    while exponent > -15:
        scaled = value * scale
        whole = int(scaled + 0.5) if scaled >= 0.0 else -int(0.5 - scaled)
        if whole / scale == value:
            return _put_scaled(whole, exponent, out, to)
        if abs(scaled) >= 9.0e14:
            break
        scale *= 10.0
        exponent -= 1
    scaled = value * scale
    while abs(scaled) < 9.0e14 and exponent > -330:
        scaled *= 10.0
        exponent -= 1
    return _put_scaled(int(scaled), exponent, out, to)


@kernel
def _put_word(a, b, c, d, out, to):
    out[to] = a
    out[to + 1] = b
    out[to + 2] = c
    out[to + 3] = d
    return to + 4


@kernel
def _put_moment(millis, out, to):
    """Milliseconds since 1970 as a moment in quotes; as a number where the year has not four digits."""
    if millis < -62135596800000 or millis >= 253402300800000:
        return _put_whole(millis, 0, out, to)
    days = millis // _DAY
    rest = millis - days * _DAY
    year, month, day = civil(days)
    out[to] = 34
    to = _put_whole(year, 4, out, to + 1)
    out[to] = 45
    to = _put_whole(month, 2, out, to + 1)
    out[to] = 45
    to = _put_whole(day, 2, out, to + 1)
    out[to] = 84
    to = _put_whole(rest // 3600000, 2, out, to + 1)
    out[to] = 58
    to = _put_whole(rest // 60000 % 60, 2, out, to + 1)
    out[to] = 58
    to = _put_whole(rest // 1000 % 60, 2, out, to + 1)
    if rest % 1000:
        out[to] = 46
        to = _put_whole(rest % 1000, 3, out, to + 1)
    out[to] = 90
    out[to + 1] = 34
    return to + 2


@kernel
def _put_binary(data, begin, end, kind, out, to):
    """Bytes as text where they are that, else in hexadecimal; an identifier of 16 bytes with its dashes."""
    out[to] = 34
    to += 1
    printable = end > begin
    for at in range(begin, end):
        printable = printable and 32 <= data[at] < 127
    if (kind == 3 or kind == 4) and end - begin == 16:
        cuts = begin
        for width in (4, 2, 2, 2, 6):
            if cuts > begin:
                out[to] = 45
                to += 1
            to = _put_hex(data, cuts, cuts + width, out, to)
            cuts += width
    elif printable:
        to = _put_text(data, begin, end, out, to)
    else:
        to = _put_hex(data, begin, end, out, to)
    out[to] = 34
    return to + 1


@kernel
def _put_decimal(data, at, bits, whole, out, to):
    """A decimal of 128 bits: sign, exponent of 14 bits, digits as a number of 113 bits (IEEE 754-2008, binary form)."""
    for place in range(8):
        bits[place] = data[at + place]
    high = int(data[at + 15]) << 8 | int(data[at + 14])
    above = 0
    for place in range(8, 14):
        above |= int(data[at + place])
    if (high >> 13) & 3 == 3:  # infinite, no number, or a form that has no digits
        return _put_word(110, 117, 108, 108, out, to)
    if above or high & 1 or whole[0] < 0:  # more digits than any identifier has
        return _put_binary(data, at, at + 16, 0, out, to)
    if high >> 15:
        out[to] = 45
        to += 1
    return _put_scaled(int(whole[0]), ((high >> 1) & 0x3FFF) - 6176, out, to)


@kernel
def to_json(data, begin, end, stack, bits, whole, double, out, to, seen):
    """Write the document at `begin`, which ends at `end`, as JSON; returns where that ends.

    `stack` is int64[2, depth]; `bits`, `whole` and `double` are the same 8 bytes as uint8, int64 and float64; `seen`
    (int64[2]) counts elements, and controls in their names. Returns -1 where the bytes are no document, -2 where they
    are one as far as they go.
    """
    n = end
    if begin + SHORTEST > n:
        return ENDS
    depth = 0
    stack[0, 0] = begin + _int32(data, begin)
    stack[1, 0] = 3
    out[to] = 123
    to += 1
    at = begin + 4
    first = True
    while True:
        if at >= n:
            return ENDS
        kind = int(data[at])
        limit, holder = int(stack[0, depth]), int(stack[1, depth])
        if kind == 0:
            if at + 1 != limit:
                return BROKEN
            at += 1
            out[to] = 93 if holder == 4 else 125
            to += 1
            if holder == 15:
                out[to] = 93
                to += 1
            if depth == 0:
                return to
            depth -= 1
            first = False
            continue
        if at >= limit:
            return BROKEN
        name = at + 1
        at = name
        while at < n and data[at]:
            if data[at] < 32:
                seen[1] += 1
            at += 1
        if at >= n:
            return ENDS
        if at >= limit:
            return BROKEN
        if not first:
            out[to] = 44
            to += 1
        first = False
        if holder != 4:
            out[to] = 34
            to = _put_text(data, name, at, out, to + 1)
            out[to] = 34
            out[to + 1] = 58
            to += 2
        at += 1
        seen[0] += 1
        if kind == 3 or kind == 4 or kind == 15:
            closes = 0
            if kind == 15:
                if at + 8 > n:
                    return ENDS
                closes = at + _int32(data, at)
                size = _int32(data, at + 4)
                if size < 1 or at + 8 + size > limit or closes > limit:
                    return BROKEN
                if at + 8 + size > n:
                    return ENDS
                out[to] = 91
                out[to + 1] = 34
                to = _put_text(data, at + 8, at + 7 + size, out, to + 2)
                out[to] = 34
                out[to + 1] = 44
                to += 2
                at += 8 + size
            if at + 4 > n:
                return ENDS
            size = _int32(data, at)
            if size < SHORTEST or at + size > limit - 1 or depth + 1 >= stack.shape[1]:
                return BROKEN
            if closes and at + size != closes:
                return BROKEN
            depth += 1
            stack[0, depth] = at + size
            stack[1, depth] = kind
            out[to] = 91 if kind == 4 else 123
            to += 1
            at += 4
            first = True
            continue
        if kind == 2 or kind == 13 or kind == 14 or kind == 12 or kind == 5:
            if at + 4 > n:
                return ENDS
            size = _int32(data, at)
            more = 12 if kind == 12 else 1 if kind == 5 else 0
            if size < (0 if kind == 5 else 1) or at + 4 + size + more > limit - 1:
                return BROKEN
            if at + 4 + size + more > n:
                return ENDS
            at += 4
            if kind == 5:
                skip = 4 if data[at] == 2 and size >= 4 else 0
                to = _put_binary(data, at + 1 + skip, at + 1 + size, int(data[at]), out, to)
            else:
                if data[at + size - 1]:
                    return BROKEN
                out[to] = 34
                to = _put_text(data, at, at + size - 1, out, to + 1)
                if kind == 12:
                    out[to] = 58
                    to = _put_hex(data, at + size, at + size + 12, out, to + 1)
                out[to] = 34
                to += 1
            at += size + more
            continue
        if kind == 11:
            out[to] = 34
            to += 1
            for _ in range(2):
                begins = at
                while at < n and data[at]:
                    at += 1
                if at >= n:
                    return ENDS
                if at >= limit - 1:
                    return BROKEN
                to = _put_text(data, begins, at, out, to)
                out[to] = 47
                to += 1
                at += 1
            out[to - 1] = 34
            continue
        size = -1
        if kind == 1 or kind == 9 or kind == 17 or kind == 18:
            size = 8
        elif kind == 16:
            size = 4
        elif kind == 7:
            size = 12
        elif kind == 8:
            size = 1
        elif kind == 19:
            size = 16
        elif kind == 6 or kind == 10 or kind == 127 or kind == 255:
            size = 0
        if size < 0 or at + size > limit - 1:
            return BROKEN
        if at + size > n:
            return ENDS
        if size == 8:
            for place in range(8):
                bits[place] = data[at + place]
            if kind == 1:
                to = _put_double(double[0], out, to)
            elif kind == 9:
                to = _put_moment(int(whole[0]), out, to)
            elif kind == 17:
                to = _put_moment(_int32(data, at + 4) * 1000, out, to)
            else:
                to = _put_whole(int(whole[0]), 0, out, to)
        elif size == 4:
            number = _int32(data, at)
            to = _put_whole(number - (1 << 32) if number >= 1 << 31 else number, 0, out, to)
        elif size == 12:
            out[to] = 34
            to = _put_hex(data, at, at + 12, out, to + 1)
            out[to] = 34
            to += 1
        elif size == 16:
            to = _put_decimal(data, at, bits, whole, out, to)
        elif size == 1:
            if data[at] > 1:
                return BROKEN
            if data[at]:
                to = _put_word(116, 114, 117, 101, out, to)
            else:
                to = _put_word(102, 97, 108, 115, out, to)
                out[to] = 101
                to += 1
        else:
            to = _put_word(110, 117, 108, 108, out, to)
        at += size


@kernel
def to_lines(data, n, stack, bits, whole, double, out, seen, bad):
    """Write the documents of n bytes, a line each; one that is broken is left out, its begin in `bad` (int64[k]).

    Returns where the lines end, the number of documents and of broken ones.
    """
    at = to = count = broken = 0
    while at + 4 <= n:
        size = _int32(data, at)
        if size == SEPARATOR:
            at += 4
            continue
        made = to_json(data, at, at + size, stack, bits, whole, double, out, to, seen)
        count += 1
        if made >= 0:
            to = made
        elif broken < len(bad):
            bad[broken] = at
            broken += 1
        out[to] = 10
        to += 1
        at += size
    return to, count, broken
