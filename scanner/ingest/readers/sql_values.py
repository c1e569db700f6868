"""The compiled splitting of SQL value lists."""

from __future__ import annotations

from typing import Any

from scanner.compiled import kernel


@kernel
def split_values(data: Any, at: int, prefix: int, backslash: int, out: Any, ends: Any, rows: Any, state: Any) -> int:
    r"""Split a list of row values, and those of the statements after it that begin with the same words.

    `data` is uint8[n] with a value list at `at`; the words of its statement begin at `prefix`. `backslash` says that it
    takes the meaning from what follows in a string. Cells go to `out` (uint8[n], may grow no further than `data`) with
    their ends in `ends` (int64), the number of cells at each row's end goes to `rows` (int64). NULL and DEFAULT are
    empty, calls give the string within them, `0x…` and X'…' of text are that text. `state` is int64[5]: bytes in `out`,
    cells, rows on entry and return; [3] becomes 1 where a row breaks off, [4] is its beginning. Returns where the list
    ends. Stands between rows when `ends` or `rows` is full.
    """
    n = len(data)
    used = state[0]
    cells = state[1]
    count = state[2]
    words = at - prefix
    state[3] = 0
    while True:
        # one row: blanks, an opening bracket, cells
        start = at
        while at < n and (data[at] == 32 or data[at] == 10 or data[at] == 13 or data[at] == 9):
            at += 1
        if at >= n or data[at] != 40:
            return start
        if cells + 4096 > len(ends) or count + 1 > len(rows):
            return start
        row_used = used
        row_cells = cells
        state[4] = at
        at += 1
        depth = 1
        bare = at  # of the cell in `data`
        quoted = False
        inner = 0  # strings seen within a call
        done = False
        while at < n:
            c = data[at]
            if c == 39:
                # prefixes N, E, X, _binary stand before; X is hexadecimal
                hexed = at > bare and (data[at - 1] == 88 or data[at - 1] == 120) and at - 1 == bare
                plain_escape = backslash == 1 or (at > bare and (data[at - 1] == 69 or data[at - 1] == 101))
                keep = depth == 1 or inner == 0
                if depth > 1:
                    inner += 1
                mark = used
                at += 1
                closed = False
                while at < n:
                    d = data[at]
                    if d == 39:
                        if at + 1 < n and data[at + 1] == 39:
                            if keep:
                                out[used] = 39
                                used += 1
                            at += 2
                            continue
                        closed = True
                        at += 1
                        break
                    if d == 92 and plain_escape and at + 1 < n:
                        d = data[at + 1]
                        at += 2
                        if d == 110:
                            d = 10
                        elif d == 114:
                            d = 13
                        elif d == 116:
                            d = 9
                        elif d == 48 or d == 90:
                            continue
                        if keep:
                            out[used] = d
                            used += 1
                        continue
                    if keep:
                        out[used] = d
                        used += 1
                    at += 1
                if not closed:
                    used = row_used
                    state[3] = 1
                    state[0] = row_used
                    state[1] = row_cells
                    state[2] = count
                    return int(state[4])
                quoted = True
                if hexed:
                    used = _unhexed(out, mark, used)
                continue
            if c == 40:
                depth += 1
            elif c == 41:
                depth -= 1
                if depth == 0:
                    done = True
            if done or (c == 44 and depth == 1):
                if not quoted:
                    used = _bare(data, bare, at, out, used)
                ends[cells] = used
                cells += 1
                bare = at + 1
                quoted = False
                inner = 0
                if done:
                    at += 1
                    break
                if cells + 2 > len(ends):
                    done = True
                    at += 1
                    break
                at += 1
                while at < n and (data[at] == 32 or data[at] == 10 or data[at] == 13 or data[at] == 9):
                    at += 1
                bare = at
                continue
            at += 1
        if not done:
            state[3] = 1
            state[0] = row_used
            state[1] = row_cells
            state[2] = count
            return int(state[4])
        rows[count] = cells
        count += 1
        state[0] = used
        state[1] = cells
        state[2] = count
        # another row, or another statement of the same words
        following = at
        while following < n and (
            data[following] == 32 or data[following] == 10 or data[following] == 13 or data[following] == 9
        ):
            following += 1
        if following < n and data[following] == 44:
            at = following + 1
            continue
        while following < n and (
            data[following] == 59
            or data[following] == 32
            or data[following] == 10
            or data[following] == 13
            or data[following] == 9
        ):
            following += 1
        if (
            following + 2 < n
            and (data[following] == 71 or data[following] == 103)
            and (data[following + 1] == 79 or data[following + 1] == 111)
            and (data[following + 2] == 10 or data[following + 2] == 13)
        ):
            following += 3
            while following < n and (data[following] == 10 or data[following] == 13 or data[following] == 32):
                following += 1
        if following + words >= n:
            return at
        same = True
        for place in range(words):
            if data[following + place] != data[prefix + place]:
                same = False
                break
        if not same:
            return at
        at = following + words


@kernel
def _bare(data: Any, begin: int, end: int, out: Any, used: int) -> int:
    """Copy an unquoted value without blanks around it; NULL and DEFAULT are nothing. Returns the bytes in `out`."""
    while begin < end and data[begin] <= 32:
        begin += 1
    while end > begin and data[end - 1] <= 32:
        end -= 1
    if (
        end - begin == 4
        and (data[begin] | 32) == 110
        and (data[begin + 1] | 32) == 117
        and (data[begin + 2] | 32) == 108
    ):
        return used
    if (
        end - begin == 7
        and (data[begin] | 32) == 100
        and (data[begin + 1] | 32) == 101
        and (data[begin + 2] | 32) == 102
    ):
        return used
    mark = used
    hexed = end - begin > 6 and data[begin] == 48 and (data[begin + 1] == 120 or data[begin + 1] == 88)
    for place in range(begin, end):
        out[used] = data[place]
        used += 1
    if hexed:
        return int(_unhexed(out, mark, used))
    return used


@kernel
def _unhexed(out: Any, mark: int, used: int) -> int:
    """Turn the hexadecimal digits in out[mark:used] into the text they stand for, where it is text."""
    first = mark
    if used - mark > 1 and out[mark] == 48 and (out[mark + 1] == 120 or out[mark + 1] == 88):
        first = mark + 2
    if (used - first) % 2 == 1 or used == first:
        return used
    for check in range(2):
        to = mark
        place = first
        while place < used:
            value = 0
            for digit in range(2):
                c = out[place + digit]
                if 48 <= c <= 57:
                    value = value * 16 + c - 48
                elif 97 <= (c | 32) <= 102:
                    value = value * 16 + (c | 32) - 87
                else:
                    return used
            if check == 0:
                if value < 32 or value == 127:
                    return used
            else:
                out[to] = value
                to += 1
            place += 2
        if check == 1:
            return to
    return used


@kernel
def row_end(data: Any, backslash: int, state: Any) -> int:
    """Where the last row ends after which another, or another statement, begins; 0 where none does.

    `data` is uint8[n] and begins with a statement. Strings, quoted names and comments are passed over. The end is the
    place of a comma, behind a semicolon or before the words of a statement. `state` is int64[1]: where the statement
    begins in which the row stands.
    """
    n = len(data)
    at = 0
    depth = 0
    cut = 0
    begun = 0
    state[0] = 0
    fresh = True  # at the first word of a line or statement
    closed = False  # a bracket at the outermost depth has just been closed
    while at < n:
        c = data[at]
        if c == 39 or c == 34 or c == 96:
            escapes = c != 96 and (
                backslash == 1
                or (c == 39 and at > 0 and (data[at - 1] | 32) == 101 and (at < 2 or (data[at - 2] | 32) < 97))
            )
            at += 1
            while at < n and data[at] != c:
                at += 2 if escapes and data[at] == 92 else 1
            at += 1
            fresh = closed = False
            continue
        if c == 45 and at + 1 < n and data[at + 1] == 45:
            while at < n and data[at] != 10:
                at += 1
            continue
        if c == 47 and at + 1 < n and data[at + 1] == 42:
            at += 2
            while at + 1 < n and not (data[at] == 42 and data[at + 1] == 47):
                at += 1
            at += 2
            continue
        if c == 10 or c == 13:
            fresh = True
        elif c == 40:
            depth += 1
            fresh = closed = False
        elif c == 41:
            depth -= 1
            closed = depth == 0
            fresh = False
        elif c > 32:
            if depth == 0 and c == 44 and closed:
                cut = at
                state[0] = begun
            elif depth == 0 and c == 59:
                cut = at + 1
                state[0] = begun
                fresh = True
                closed = False
                at += 1
                continue
            elif depth == 0 and fresh and at > begun:
                low = c | 32
                # INSERT, INTO, REPLACE
                if at + 4 < n and (
                    (low == 105 and (data[at + 1] | 32) == 110)
                    or (low == 114 and (data[at + 1] | 32) == 101 and (data[at + 2] | 32) == 112)
                ):
                    cut = at
                    state[0] = begun
                    begun = at
            fresh = closed = False
        at += 1
    return cut
