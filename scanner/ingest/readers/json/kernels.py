"""The compiled way through strict JSON: records in, cells in place out.

A cell is a place in the block: a string without its quotes, a number or word as it stands. It belongs to a node of a
tree of keys, array items and such, grown as the records show them; its path is spelled out only once a block. Most
records look like the one before: what stood between two values the last time is compared as bytes, and only where it
differs is it read sign by sign. Anything but RFC 8259 ends the pass before the record in question, which is then read
the general way (`values`), with which this one agrees cell for cell (`tests/ingest/test_json.py`).
"""

from __future__ import annotations

import numpy as np

from scanner.compiled import kernel
from scanner.lanes import first_bit, word

#: Columns of a node, int64[nodes, 10].
PARENT, KIND, KEY, KEY_END, GLUE, GLUE_END, NEXT, RECORD, LINES, DEPTH = range(10)
#: Kinds of nodes. A NAMED node is the value of a key, an ITEM any element of an array, a PLACE an element of an array
#: that is a record, a DATA key stands for any key that is data and UNDER it is a value that is no object, NUMBERED is
#: the value of any key that is a whole number; ROOT is the record as an object, ROW as an array, ALONE as neither.
NAMED, ITEM, PLACE, DATA, UNDER, NUMBERED, ROOT, ROW, ALONE = range(9)
#: Entries of the state, int64[8].
NODES, CELLS, ROWS, LINE, REASON = range(5)
#: Why the pass ended: there is no more, the record is left to the general way, no room for cells, none for nodes.
DONE, ODD, FULL, MANY = range(4)

_ONES = np.uint64(0x0101010101010101)
_HIGH = np.uint64(0x8080808080808080)
_QUOTES = np.uint64(0x2222222222222222)
_SLASHES = np.uint64(0x5C5C5C5C5C5C5C5C)
_SPACES = np.uint64(0x2020202020202020)


@kernel(inline=True)
def text_end(data, at):
    """The first quote, backslash or control character from `at` on."""
    while True:
        eight = word(data, at)
        quote = eight ^ _QUOTES
        slash = eight ^ _SLASHES
        found = (((quote - _ONES) & ~quote) | ((slash - _ONES) & ~slash) | ((eight - _SPACES) & ~eight)) & _HIGH
        if found:
            return at + (first_bit(found) >> 3)
        at += 8


@kernel
def _hex(data, at):
    value = np.int64(0)
    for k in range(at, at + 4):
        c = np.int64(data[k])
        if 48 <= c <= 57:
            c -= 48
        elif 97 <= c <= 102:
            c -= 87
        elif 65 <= c <= 70:
            c -= 55
        else:
            return np.int64(-1)
        value = value * 16 + c
    return value


@kernel
def unescape(data, at, out, move):
    """Read a string from `at`, where a backslash stands, to its end; returns (place of the quote, end of the text).

    With `move`, what the escapes stand for is written from `out` on, which is never behind what is read. -1 where the
    string is not closed or breaks the rules.
    """
    while True:
        c = data[at]
        if c == 34:
            return at, out
        if c < 32:
            return np.int64(-1), out
        if c != 92:
            if move:
                data[out] = c
            out += 1
            at += 1
            continue
        c = data[at + 1]
        at += 2
        if c == 117:
            code = _hex(data, at)
            if code < 0:
                return np.int64(-1), out
            at += 4
            if 0xD800 <= code < 0xDC00 and data[at] == 92 and data[at + 1] == 117:
                low = _hex(data, at + 2)
                if 0xDC00 <= low < 0xE000:
                    code = 0x10000 + ((code - 0xD800) << 10) + low - 0xDC00
                    at += 6
            if 0xD800 <= code < 0xE000:
                code = np.int64(0xFFFD)
            if code < 0x80:
                if move:
                    data[out] = code
                out += 1
            elif code < 0x800:
                if move:
                    data[out] = 0xC0 | code >> 6
                    data[out + 1] = 0x80 | code & 63
                out += 2
            elif code < 0x10000:
                if move:
                    data[out] = 0xE0 | code >> 12
                    data[out + 1] = 0x80 | code >> 6 & 63
                    data[out + 2] = 0x80 | code & 63
                out += 3
            else:
                if move:
                    data[out] = 0xF0 | code >> 18
                    data[out + 1] = 0x80 | code >> 12 & 63
                    data[out + 2] = 0x80 | code >> 6 & 63
                    data[out + 3] = 0x80 | code & 63
                out += 4
            continue
        if c == 34 or c == 92 or c == 47:
            value = np.int64(c)
        elif c == 98:
            value = np.int64(8)
        elif c == 102:
            value = np.int64(12)
        elif c == 110:
            value = np.int64(10)
        elif c == 114:
            value = np.int64(13)
        elif c == 116:
            value = np.int64(9)
        else:
            return np.int64(-1), out
        if move:
            data[out] = value
        out += 1


@kernel(inline=True)
def number_end(data, at):
    """The end of the number of RFC 8259 that begins at `at`, or -1."""
    c = data[at]
    if c == 45:
        at += 1
        c = data[at]
    if c == 48:
        at += 1
    elif 49 <= c <= 57:
        at += 1
        while 48 <= data[at] <= 57:
            at += 1
    else:
        return np.int64(-1)
    c = data[at]
    if c == 46:
        at += 1
        if not 48 <= data[at] <= 57:
            return np.int64(-1)
        while 48 <= data[at] <= 57:
            at += 1
        c = data[at]
    if c == 101 or c == 69:
        at += 1
        if data[at] == 43 or data[at] == 45:
            at += 1
        if not 48 <= data[at] <= 57:
            return np.int64(-1)
        while 48 <= data[at] <= 57:
            at += 1
    return np.int64(at)


@kernel
def child(data, parent, kind, key, key_end, nodes, table, state):
    """The node of a kind and key below a parent, made where it is new; -1 where there is no room."""
    code = np.uint64(parent) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(kind)
    size = key_end - key
    if kind == NAMED:
        k = key
        while k + 8 <= key_end:
            code = (code ^ word(data, k)) * np.uint64(0xFF51AFD7ED558CCD)
            code ^= code >> np.uint64(32)
            k += 8
        while k < key_end:
            code = (code ^ np.uint64(data[k])) * np.uint64(0xFF51AFD7ED558CCD)
            k += 1
    elif kind == PLACE:
        code += np.uint64(key) << np.uint64(8)
    code ^= code >> np.uint64(29)
    code *= np.uint64(0xC4CEB9FE1A85EC53)
    code ^= code >> np.uint64(32)
    mask = len(table) - 1
    place = np.int64(code & np.uint64(mask))
    while table[place] >= 0:
        node = np.int64(table[place])
        if nodes[node, 0] == parent and nodes[node, 1] == kind:
            same = True
            if kind == PLACE:
                same = nodes[node, 2] == key
            elif kind == NAMED:
                start = nodes[node, 2]
                same = nodes[node, 3] - start == size
                k = 0
                while same and k < size:
                    same = data[start + k] == data[key + k]
                    k += 1
            if same:
                return node
        place = (place + 1) & mask
    node = state[NODES]
    if node >= len(nodes) or node * 2 >= len(table):
        return np.int64(-1)
    state[NODES] = node + 1
    table[place] = node
    nodes[node, PARENT] = parent
    nodes[node, KIND] = kind
    nodes[node, KEY] = key
    nodes[node, KEY_END] = key_end
    nodes[node, GLUE] = -1
    nodes[node, DEPTH] = nodes[parent, DEPTH] + (0 if kind == UNDER else 1)
    return node


@kernel(inline=True)
def key_kind(data, at, end):
    """DATA for a key with seven digits in a row or an @ in it, NUMBERED for a whole number, else NAMED."""
    run = 0
    for k in range(at, end):
        c = data[k]
        if 48 <= c <= 57:
            run += 1
            if run == 7:
                return DATA
        else:
            run = 0
            if c == 64:
                return DATA
    return NUMBERED if run and run == end - at else NAMED


@kernel
def records(data, at, end, layout, depth, nodes, table, where, starts, stops, state):
    """Read records from `at` to `end` and return where the pass stopped; the reason stands in the state.

    `data`: uint8[end + 16 at least], zeros behind `end`; strings with escapes are unescaped where they stand.
    `layout`: 3 where a record ends with its line, 1 where it ends with a comma, 2 where it is a key that is data, a
    colon and a value and ends with a comma. `depth`: brackets within brackets. `nodes`: int64[n, 10], `table`: int32[2 ** k], -1 where free. Cell i is
    `data[starts[i]:stops[i]]` of node `where[i]`; a null starts at -1.
    """
    lines = layout == 3
    members = layout == 2
    commas = layout == 1 or members
    used = state[CELLS]
    most = len(where) - 2
    state[REASON] = DONE
    node = np.int64(-1)
    while at < end:
        # between records: `node` is -1
        c = data[at]
        if c == 10:
            state[LINE] += 1
            at += 1
            continue
        if c == 32 or c == 13 or c == 9 or c == 44:
            at += 1
            continue
        record = at
        mark = used
        full = False
        fine = True
        # --- one record after another, as long as what stands between them is what stood there before
        begins = True
        value = at
        glue_from = np.int64(-1)
        glue_node = np.int64(-1)
        glue_lines = np.int64(0)
        glue_record = np.int64(-1)
        while True:
            if begins:
                # the value of a record stands at `value`
                begins = False
                c = data[value]
                if members:
                    if c != 34:
                        fine = False
                        break
                    stop = text_end(data, value + 1)
                    if data[stop] != 34:
                        fine = False
                        break
                    kind = key_kind(data, value + 1, stop)
                    if kind == NAMED:
                        fine = False
                        break
                    node = child(data, 0, DATA, 0, 0, nodes, table, state)
                    if node < 0 or used >= most:
                        full = True
                        break
                    if kind == DATA:
                        where[used] = node
                        starts[used] = value + 1
                        stops[used] = stop
                        used += 1
                    glue_from = np.int64(-1)
                    at = stop + 1
                    while data[at] == 32 or data[at] == 9 or data[at] == 13 or data[at] == 10:
                        at += 1
                    if data[at] != 58:
                        fine = False
                        break
                    at += 1
                    while data[at] == 32 or data[at] == 9 or data[at] == 13 or data[at] == 10:
                        at += 1
                    value = at
                    c = data[at]
                at = value
                node = np.int64(0) if c == 123 else np.int64(1) if c == 91 else np.int64(2)
            # --- a value stands at `at`
            c = data[at]
            if glue_from >= 0:
                # learn what led here
                if c != 123 and c != 91:
                    nodes[glue_node, GLUE] = glue_from
                    nodes[glue_node, GLUE_END] = at
                    nodes[glue_node, NEXT] = node
                    nodes[glue_node, RECORD] = glue_record
                    nodes[glue_node, LINES] = glue_lines
                    glue_from = -1
            if c == 123 or c == 91:
                if nodes[node, DEPTH] >= depth or (nodes[node, KIND] == PLACE):
                    fine = False
                    break
                holder = node
                at += 1
                while data[at] == 32 or data[at] == 9 or data[at] == 13 or (data[at] == 10 and not lines):
                    at += 1
                if c == 91 and data[at] != 93:
                    node = child(data, holder, PLACE if holder == 1 else ITEM, 0, 0, nodes, table, state)
                    if node < 0:
                        full = True
                        break
                    continue
                container = holder
                key_next = c == 123 and data[at] != 125
                if not key_next:
                    at += 1
            else:
                key_next = False
                container = np.int64(-1)
                if used >= most:
                    full = True
                    break
                if c == 34:
                    start = at + 1
                    stop = text_end(data, start)
                    at = stop
                    if data[stop] == 92:
                        at, stop = unescape(data, stop, stop, True)
                        if at < 0:
                            fine = False
                            break
                    if at >= end or data[at] != 34:
                        fine = False
                        break
                    at += 1
                elif c == 45 or 48 <= c <= 57:
                    start = at
                    stop = number_end(data, at)
                    if stop < 0:
                        fine = False
                        break
                    at = stop
                elif c == 116 and data[at + 1] == 114 and data[at + 2] == 117 and data[at + 3] == 101:
                    start = at
                    stop = at + 4
                    at = stop
                elif (
                    c == 102 and data[at + 1] == 97 and data[at + 2] == 108 and data[at + 3] == 115 and data[at + 4] == 101
                ):  # fmt: skip
                    start = at
                    stop = at + 5
                    at = stop
                elif c == 110 and data[at + 1] == 117 and data[at + 2] == 108 and data[at + 3] == 108:
                    start = np.int64(-1)
                    stop = np.int64(-1)
                    at += 4
                else:
                    fine = False
                    break
                where[used] = node
                starts[used] = start
                stops[used] = stop
                used += 1
                # --- what stood behind this value the last time
                glue = nodes[node, GLUE]
                if glue >= 0:
                    size = nodes[node, GLUE_END] - glue
                    if at + size < end:
                        k = 0
                        same = True
                        while k + 8 <= size:
                            if word(data, glue + k) != word(data, at + k):
                                same = False
                                break
                            k += 8
                        if same and k < size:
                            keep = (np.uint64(1) << np.uint64((size - k) * 8)) - np.uint64(1)
                            same = ((word(data, glue + k) ^ word(data, at + k)) & keep) == 0
                        if same:
                            step = nodes[node, RECORD]
                            state[LINE] += nodes[node, LINES]
                            if step >= 0:
                                state[ROWS] += 1
                                record = at + step
                                mark = used
                            at += size
                            node = nodes[node, NEXT]
                            continue
                if node >= 3:
                    glue_from = at
                    glue_node = node
                    glue_record = np.int64(-1)
                    glue_lines = np.int64(0)
            # --- sign by sign to the next value
            reached = False
            while True:
                if key_next:
                    # a key of the object `container` stands at `at`
                    if data[at] != 34:
                        fine = False
                        break
                    stop = text_end(data, at + 1)
                    if data[stop] != 34 or stop >= end:
                        fine = False  # a key with an escape is left to the general way
                        break
                    start = at + 1
                    at = stop + 1
                    while data[at] == 32 or data[at] == 9 or data[at] == 13 or (data[at] == 10 and not lines):
                        at += 1
                    if data[at] != 58:
                        fine = False
                        break
                    at += 1
                    while data[at] == 32 or data[at] == 9 or data[at] == 13 or (data[at] == 10 and not lines):
                        at += 1
                    kind = key_kind(data, start, stop)
                    if kind == DATA:
                        glue_from = np.int64(-1)
                        if used >= most:
                            full = True
                            break
                        node = child(data, container, DATA, 0, 0, nodes, table, state)
                        if node < 0:
                            full = True
                            break
                        where[used] = node
                        starts[used] = start
                        stops[used] = stop
                        used += 1
                        if data[at] != 123:
                            node = child(data, node, UNDER, 0, 0, nodes, table, state)
                    elif kind == NUMBERED and container != 0:
                        node = child(data, container, NUMBERED, 0, 0, nodes, table, state)
                    else:
                        node = child(data, container, NAMED, start, stop, nodes, table, state)
                    if node < 0:
                        full = True
                        break
                    reached = True
                    break
                # a value is done: that of `node`, or of `container` where that is a closed bracket
                if container >= 0:
                    node = container
                    container = np.int64(-1)
                kind = nodes[node, KIND]
                if kind >= ROOT:
                    break
                holder = nodes[node, PARENT]
                if kind == UNDER:
                    holder = nodes[holder, PARENT]
                while data[at] == 32 or data[at] == 9 or data[at] == 13 or (data[at] == 10 and not lines):
                    at += 1
                c = data[at]
                if at >= end:
                    fine = False
                    break
                if kind == ITEM or kind == PLACE:
                    if c == 44:
                        at += 1
                        while data[at] == 32 or data[at] == 9 or data[at] == 13 or (data[at] == 10 and not lines):
                            at += 1
                        if kind == PLACE:
                            node = child(data, holder, PLACE, nodes[node, KEY] + 1, 0, nodes, table, state)
                            if node < 0:
                                full = True
                                break
                        reached = True
                        break
                    if c != 93:
                        fine = False
                        break
                    at += 1
                    container = holder
                elif c == 44:
                    at += 1
                    while data[at] == 32 or data[at] == 9 or data[at] == 13 or (data[at] == 10 and not lines):
                        at += 1
                    container = holder
                    key_next = True
                elif c == 125:
                    at += 1
                    container = holder
                else:
                    fine = False
                    break
            if full or not fine:
                break
            if reached:
                continue
            # --- a record is done; what follows must not run into it
            c = data[at]
            if at < end and not (c == 10 or c == 13 or c == 32 or c == 9 or c == 44):
                fine = False
                break
            if commas:
                while data[at] == 32 or data[at] == 9 or data[at] == 13 or data[at] == 10:
                    at += 1
                if at < end and data[at] != 44:
                    fine = False
                    break
            state[ROWS] += 1
            while at < end:
                c = data[at]
                if c == 10:
                    state[LINE] += 1
                    glue_lines += 1
                elif not (c == 13 or c == 32 or c == 9 or c == 44):
                    break
                at += 1
            if at >= end:
                state[CELLS] = used
                return at
            record = at
            mark = used
            value = at
            begins = True
            if glue_from >= 0:
                if glue_record >= 0 or data[at] != 123:
                    glue_from = np.int64(-1)
                glue_record = at - glue_from
        # --- the record cannot be read here: as if it had not begun
        state[REASON] = ODD if not full else FULL if used >= most else MANY
        state[CELLS] = mark
        return record
    state[CELLS] = used
    return at


@kernel
def seen(where, starts, nodes):
    """Of each of `nodes` nodes the number of its first cell, -1 where it has none, and of its cells that are no null."""
    first = np.full(nodes, np.int64(-1))
    filled = np.zeros(nodes, np.int64)
    for k in range(len(where)):
        node = where[k]
        if first[node] < 0:
            first[node] = k
        filled[node] += starts[k] >= 0
    return first, filled


@kernel
def by_column(where, starts, stops, free, column_of, begin, end):
    """Put cells in the order of their columns to `begin` and `end`, from place `free[column]` on; nulls are left out."""
    for k in range(len(where)):
        if starts[k] >= 0:
            column = column_of[where[k]]
            place = free[column]
            free[column] = place + 1
            begin[place] = starts[k]
            end[place] = stops[k]


@kernel
def count(data, byte):
    """How often a byte stands in uint8[...]."""
    found = 0
    for k in range(len(data)):
        found += data[k] == byte
    return found


@kernel
def is_plain(data, end):
    """Whether `data[:end]` is ASCII without NUL bytes."""
    high = np.uint8(0)
    low = np.uint8(255)
    for k in range(end):
        high = max(high, data[k])
        low = min(low, data[k])
    return high < 128 and low > 0
