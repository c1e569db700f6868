"""Where the elements of a document end: one pass over bytes that follows strings, comments and brackets."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from scanner.compiled import expect, kernel

#: What the elements stand in: nothing (one value after another), an array, an object whose keys are data.
VALUES, ARRAY, MEMBERS = range(3)
_LEXER, _DEPTH, _KINDS, _PENDING, _COUNT, _ODD, _AT, _CLOSED, _LAST = range(9)
_SIGNATURE = re.compile(rb'\{\s*"[0-9A-Za-z_][^"\\]*"\s*:')


@kernel
def find_elements(
    data: Any, begin: int, end: int, base: int, signature: Any, quote: int, first: bool, final: bool, state: Any
) -> int:
    """Follow `data`, uint8[...], from `begin` to `end` and return the last place at which it can be cut, or -1.

    Places to cut are behind a comma in an array or among members, behind a value elsewhere. `signature` is how the
    first record begins (`{"id":`), `quote` where its first quote stands: within a string, or where an object must have
    a key, it tells that a record before was damaged, and a new element starts there. With `first`, the end of the
    first element is returned. `state`, int64[9], is kept between calls: lexer (0 outside, 1 and 2 in a string of
    double or single quotes, 3 and 4 in a comment), depth, kinds of the brackets around (a bit each, 1 for objects),
    what stands at the base (0 nothing, 1 a value, 2 a comma, 3 a bare word), elements finished, whether commas are
    missing or too many, where the pass stopped, the place behind the bracket that closes the base, the last byte
    outside strings.

    """
    lexer = state[_LEXER]
    depth = state[_DEPTH]
    kinds = state[_KINDS]
    pending = state[_PENDING]
    count = state[_COUNT]
    odd = state[_ODD]
    last = state[_LAST]
    closed = 0
    cut = -1
    at = begin
    size = len(signature)
    while at < end:
        c = data[at]
        restart = -1
        if lexer == 1 or lexer == 2:
            mark = 34 if lexer == 1 else 39
            if c == 92:
                if at + 1 >= end and not final:
                    break
                at += 2
                continue
            if c != mark:
                at += 1
                continue
            if size and at - quote >= 0 and data[at - quote] == 123:
                if at - quote + size > end and not final:
                    break
                same = at - quote + size <= end
                k = 0
                while same and k < size:
                    same = data[at - quote + k] == signature[k]
                    k += 1
                if same:
                    restart = at - quote
            if restart < 0:
                lexer = 0
                last = 34
                at += 1
                if depth == 0:
                    pending = 1
                    if base == 0:
                        count += 1
                        cut = at
                        if first:
                            break
                continue
        elif lexer == 3:
            if c == 10:
                lexer = 0
            at += 1
            continue
        elif lexer == 4:
            if c == 42:
                if at + 1 >= end and not final:
                    break
                if at + 1 < end and data[at + 1] == 47:
                    lexer = 0
                    at += 1
            at += 1
            continue
        if restart < 0:
            if c == 32 or 9 <= c <= 13 or c == 30:
                if depth == 0 and pending == 3:
                    pending = 1
                    if base == 0:
                        count += 1
                        cut = at
                        if first:
                            break
                at += 1
                continue
            if c == 47 or c == 35:
                if at + 1 >= end and not final:
                    break
                follows = data[at + 1] if at + 1 < end else 0
                if c == 35 or follows == 47 or follows == 42:
                    lexer = 4 if c == 47 and follows == 42 else 3
                    at += 2 if c == 47 else 1
                    continue
            if c == 44:
                if depth == 0:
                    if base != 0:
                        if pending == 0 or pending == 2:
                            odd = 1
                        else:
                            count += 1
                        cut = at if first else at + 1
                    elif pending == 3:
                        count += 1
                        cut = at
                    pending = 2
                last = c
                at += 1
                if first and cut >= 0:
                    break
                continue
            if c == 93 or c == 125 or c == 41:
                if depth == 0:
                    if (base == 1 and c == 93) or (base == 2 and c == 125):
                        if pending == 1 or pending == 3:
                            count += 1
                        elif pending == 2:
                            odd = 1
                        cut = at
                        closed = at + 1
                        break
                    pending = 3 if base == 0 else 1
                elif depth > 60 or (kinds & 1) == (1 if c == 125 else 0):
                    depth -= 1
                    if depth < 60:
                        kinds >>= 1
                    if depth == 0:
                        pending = 1
                        if base == 0:
                            count += 1
                            cut = at + 1
                last = c
                at += 1
                if first and cut >= 0:
                    break
                continue
            if c == 123 and size and depth > 0 and depth <= 60 and kinds & 1 and (last == 44 or last == 123):
                if at + size > end and not final:
                    break
                same = at + size <= end
                k = 0
                while same and k < size:
                    same = data[at + k] == signature[k]
                    k += 1
                if same:
                    restart = at
        if restart >= 0:
            lexer = 0
            depth = 0
            kinds = 0
            pending = 2
            last = 44
            count += 1
            at = restart
            cut = at
            if first:
                break
            continue
        if depth == 0:
            if pending == 1 and base == 1:
                odd = 1
                count += 1
                cut = at
                pending = 0
                if first:
                    break
            if pending != 3:
                pending = 0
        if c == 34 or c == 39:
            lexer = 1 if c == 34 else 2
        elif c == 91 or c == 123 or c == 40:
            if depth < 60:
                kinds = (kinds << 1) | (1 if c == 123 else 0)
            depth += 1
        elif depth == 0:
            pending = 3
        last = c
        at += 1
    state[_LEXER] = lexer
    state[_DEPTH] = depth
    state[_KINDS] = kinds
    state[_PENDING] = pending
    state[_COUNT] = count
    state[_ODD] = odd
    state[_LAST] = last
    state[_AT] = min(at, end)
    state[_CLOSED] = closed
    return cut


def signature_of(text: bytes, at: int) -> tuple[bytes, int]:
    """How the object at `at` begins, up to the colon of its first key, and where in that the key's quote stands."""
    found = _SIGNATURE.match(text, at)
    return (b"", 0) if found is None else (found.group(), found.group().index(b'"'))


@dataclass(slots=True)
class Elements:
    """Follows a document from piece to piece and says where it can be cut."""

    base: int
    signature: tuple[bytes, int] = (b"", 0)
    state: list[int] = field(default_factory=lambda: [0] * 9)

    @property
    def count(self) -> int:
        """Elements finished so far."""
        return self.state[_COUNT]

    @property
    def odd(self) -> bool:
        """Whether commas between elements are missing or too many."""
        return self.state[_ODD] > 0

    @property
    def at(self) -> int:
        """Where the last pass stopped."""
        return self.state[_AT]

    @property
    def closed(self) -> int:
        """The place behind the bracket that closes the base; 0 where it was not met."""
        return self.state[_CLOSED]

    @property
    def begun(self) -> bool:
        """Whether an element stands before the end that is not counted."""
        return self.state[_PENDING] in (1, 3)

    @property
    def open(self) -> bool:
        """Whether a string, comment, array or object has begun that is not finished."""
        return self.state[_LEXER] in (1, 2, 4) or self.state[_DEPTH] > 0

    def follow(self, data: Any, begin: int, end: int, first: bool, final: bool) -> int:
        """As `find_elements`."""
        import numpy as np

        opening, quote = self.signature
        state = np.array(self.state, np.int64)
        array = np.frombuffer(data, np.uint8)
        expect(end - begin)
        cut = find_elements(
            array, begin, end, self.base, np.frombuffer(opening, np.uint8), quote, first, final, state
        )  # fmt: skip
        self.state = state.tolist()
        return int(cut)


def element_end(data: bytes, begin: int, base: int, signature: tuple[bytes, int]) -> tuple[int, bool]:
    """Where the element that begins at `begin` ends, at most that of the data; whether it has no end there."""
    elements = Elements(base, signature)
    cut = elements.follow(data, begin, len(data), True, True)
    return (len(data), elements.open) if cut < 0 else (cut, False)
