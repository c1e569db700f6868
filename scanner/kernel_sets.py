"""The compiled kernels under `sets`; apart, so that only their first use pays for numba."""

from __future__ import annotations

import numpy as np

from scanner.compiled import kernel
from scanner.lanes import fetch, put, word

#: Keys of a segment that are packed together.
BLOCK = 256
#: Bits of a digit by which keys are sorted, at most: so many counters stay close to the processor.
_DIGIT = 11
_SPREAD = np.uint64(0x9E3779B97F4A7C15)
_NONE, _ALL = np.uint64(0), np.uint64(2**64 - 1)
#: Keys whose places in a table are on their way from memory while one is looked for.
_AHEAD = 24


@kernel
def insert(keys, hits, code, start, table, shift, used, most):
    """Put keys[start:] whose hit is `code` (any where code < 0) into a hash table until `used` is `most`.

    `table` (int64[2**n], `shift` is 64 - n) holds keys plus one; 0 is a free place. Returns (position reached, keys in
    the table, keys that were put there or stood there). Runs compiled only.
    """
    mask = np.int64(len(table) - 1)
    n = len(keys)
    i = start
    met = 0
    while i < n and used < most:
        if i + _AHEAD < n:
            fetch(table, np.int64((np.uint64(keys[i + _AHEAD]) * _SPREAD) >> shift))
        if code < 0 or hits[i] == code:
            key = keys[i]
            met += 1
            place = np.int64((np.uint64(key) * _SPREAD) >> shift)
            while table[place] != key + 1:
                if table[place] == 0:
                    table[place] = key + 1
                    used += 1
                    break
                place = (place + 1) & mask
        i += 1
    return i, used, met


@kernel
def append(keys, hits, code, start, strip, used):
    """Write keys[start:] whose hit is `code` (any where code < 0) to strip[used:] until that is full.

    Returns (position reached, keys in the strip).
    """
    n = len(keys)
    room = len(strip)
    i = start
    while i < n and used < room:
        strip[used] = keys[i]
        used += code < 0 or hits[i] == code
        i += 1
    return i, used


@kernel
def collect(table, keys):
    """Move the keys of a table to the front of `keys`, which may be the table itself; returns how many they are."""
    used = 0
    for place in range(len(table)):
        held = table[place]
        if held != 0:
            keys[used] = held - 1
            used += 1
    return used


@kernel
def order(keys, spare):
    """Sort `keys` (none negative), by as many of their digits as tell them apart; `spare` is room for as many.

    Several times as fast as a sort by comparison, most of all where that has no help from the processor.
    """
    n = len(keys)
    low = high = keys[0]
    for i in range(n):
        low = min(low, keys[i])
        high = max(high, keys[i])
    width = np.int64(0)
    while (high - low) >> width:
        width += 1
    passes = (width + _DIGIT - 1) // _DIGIT
    if passes == 0:
        return
    bits = (width + passes - 1) // passes
    mask = (np.int64(1) << bits) - 1
    places = np.zeros((passes, mask + 1), np.int64)
    for i in range(n):
        rest = keys[i] - low
        for digit in range(passes):
            places[digit, rest & mask] += 1
            rest >>= bits
    source, target = keys, spare
    for digit in range(passes):
        place = places[digit]
        at = np.int64(0)
        for value in range(mask + 1):
            many = place[value]
            place[value] = at
            at += many
        shift = digit * bits
        for i in range(n):
            value = ((source[i] - low) >> shift) & mask
            target[place[value]] = source[i]
            place[value] += 1
        source, target = target, source
    if passes & 1:
        for i in range(n):
            keys[i] = spare[i]


@kernel
def unite(one, other, keys):
    """Write the keys of two that ascend to `keys`, which has room for all, so that they ascend; none is left out.

    From both ends at once, which a processor does side by side.
    """
    i = j = front = np.int64(0)
    p, q = np.int64(len(one)) - 1, np.int64(len(other)) - 1
    back = p + q + 1
    while i < p and j < q:
        left, right = one[i], other[j]
        keys[front] = min(left, right)
        i += left <= right
        j += left > right
        front += 1
        left, right = one[p], other[q]
        keys[back] = max(left, right)
        p -= left > right
        q -= left <= right
        back -= 1
    while i <= p and j <= q:
        left, right = one[i], other[j]
        keys[front] = min(left, right)
        i += left <= right
        j += left > right
        front += 1
    while i <= p:
        keys[front] = one[i]
        i += 1
        front += 1
    while j <= q:
        keys[front] = other[j]
        j += 1
        front += 1


@kernel
def distinct(keys):
    """Move the distinct ones of ascending keys to the front; returns how many they are."""
    n = len(keys)
    if n == 0:
        return 0
    last = keys[0]
    used = 1
    for i in range(1, n):
        key = keys[i]
        keys[used] = key
        used += key != last
        last = key
    return used


@kernel
def pack(keys, heads, ends, data):
    """Write ascending distinct keys as blocks of gaps, each block in as many bytes a gap as its widest one takes.

    `heads` (int64[blocks]) gets the first key of each block, `ends` (int64[blocks + 1]) where its bytes in `data`
    (uint8[8 * keys]) begin, and last where all end.
    """
    n = len(keys)
    at = 0
    for block in range(len(heads)):
        first = block * BLOCK
        last = min(n, first + BLOCK)
        heads[block] = keys[first]
        ends[block] = at
        widest = np.int64(0)
        for i in range(first + 1, last):
            widest |= keys[i] - keys[i - 1]
        width = 0
        while widest:
            width += 1
            widest >>= 8
        for i in range(first + 1, last):
            # with the bytes beyond its width, which the next one overwrites
            put(data, at, np.uint64(keys[i] - keys[i - 1]))
            at += width
    ends[len(heads)] = at


@kernel
def unpack(data, heads, ends, first, stop, keys):
    """Read blocks first..stop, whose bytes are `data`, back into `keys`, whose length says how many they hold."""
    n = len(keys)
    limit = len(data) - 8
    for block in range(first, stop):
        place = (block - first) * BLOCK
        gaps = min(n - place, BLOCK) - 1
        key = heads[block]
        keys[place] = key
        if gaps == 0:
            continue
        at = ends[block] - ends[first]
        width = (ends[block + 1] - ends[block]) // gaps
        mask = _ALL >> np.uint64(64 - 8 * width) if width else _NONE
        for i in range(place + 1, place + 1 + gaps):
            if at <= limit:
                gap = np.int64(word(data, at) & mask)
            else:
                gap = np.int64(0)
                for j in range(width):
                    gap |= np.int64(data[at + j]) << (8 * j)
            at += width
            key += gap
            keys[i] = key
