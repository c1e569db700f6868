"""An expression as an automaton over the characters that it tells apart: what must stand in a match, and where it is
ambiguous.

The automaton is Glushkov's: a state for each place of the expression that takes a character, and an edge wherever one
place may follow another, as often as it may. An expression that can read some text in two ways while it repeats takes
exponential time to fail (Weideman, van der Merwe, Berglund, Watson: Analyzing Matching Time Behavior of Backtracking
Regular Expression Matchers by Using Ambiguity of NFA, 2016).
"""

from __future__ import annotations

import importlib
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import regex

#: Characters that stand for all: ASCII, and one or more each of letters, digits, marks, blanks and signs beyond it.
ALPHABET = "".join(map(chr, range(128))) + "éÉЖعی漢۳٣ً\u00a0\u200e—€"
_PLACE = {char: place for place, char in enumerate(ALPHABET)}
_ALL = (1 << len(ALPHABET)) - 1
_ASCII = (1 << 128) - 1
_DIGITS = sum(1 << place for char, place in _PLACE.items() if char in "0123456789")
_FUZZY = regex.compile(r"\{[^{}]*[eids]\s*(?:<|[+\-]|\})")
#: Copies that a repetition is written out in, at most; states and pairs of states that are looked at.
_FEW, _MANY = 4, 40
_MOST_STATES, _MOST_PAIRS = 400, 60_000
#: Characters that no repetition goes beyond when a match's length is reckoned.
ENDLESS = 1 << 20


class UnknownSyntax(Exception):
    """An expression uses what cannot be judged."""


@lru_cache(maxsize=512)
def _set(test: str) -> int:
    """The characters that a class of one character takes, as bits."""
    return sum(1 << place for char, place in _PLACE.items() if regex.fullmatch(test, char))


def _listed(bits: int) -> str:
    listed = "".join(f"\\x{ord(c):02x}" if ord(c) < 128 else c for c, place in _PLACE.items() if bits >> place & 1)
    return listed or "\U0010ffff"


def _readable(pattern: str) -> str:
    """The pattern with Unicode properties written out for a parser that does not know them."""
    out, inside, at = "", False, 0
    while at < len(pattern):
        found = regex.compile(r"\\[pP](?:\{\^?[\w=:\- ]+\}|\w)").match(pattern, at)
        if found:
            listed = _listed(_set(found.group()))
            out += listed if inside else f"[{listed}]"
            at = found.end()
            continue
        step = 2 if pattern[at] == "\\" else 1
        piece = pattern[at : at + step]
        if piece == "[" and not inside:
            inside = True
            more = regex.compile(r"\[\^?\]?").match(pattern, at)
            piece = more.group() if more else piece
        elif piece == "]":
            inside = False
        out += piece
        at += len(piece)
    return out


@dataclass(slots=True)
class _Part:
    """A part of the expression: whether it may be empty, the states that it begins and ends with, its extent."""

    empty: bool = True
    first: Counter[int] = field(default_factory=Counter)
    last: Counter[int] = field(default_factory=Counter)
    width: tuple[int, int] = (0, 0)
    """Fewest and most characters."""
    digits: tuple[int, int] = (0, 0)
    """Fewest and most ASCII digits."""


class Automaton:
    """The states and edges of an expression.

    `endless`: repetitions that are bounded but many count as endless, to find texts that take long; else as a few.
    """

    def __init__(self, pattern: str, endless: bool = False) -> None:
        """Raises UnknownSyntax, and `regex.error` where it is no expression at all."""
        regex.compile(pattern)
        if _FUZZY.search(pattern):
            raise UnknownSyntax("fuzzy matching")
        parser: Any = importlib.import_module("re._parser")
        try:
            parsed = parser.parse(_readable(pattern))
        except Exception as error:
            if isinstance(error, RecursionError | MemoryError):
                raise
            raise UnknownSyntax(str(error)) from None
        self._endless = endless
        self.sets: list[int] = []
        """The characters that a state takes, as bits."""
        self.edges: list[Counter[int]] = []
        self.literal = ""
        """Longest text that every match holds; ASCII."""
        self.required = ""
        """All such texts, in their order."""
        self._flags = parsed.state.flags
        self.whole = self._sequence(parsed, self._flags, top=True)

    # --- building -------------------------------------------------------------------------------------------------

    def _state(self, bits: int) -> _Part:
        if len(self.sets) > 4 * _MOST_STATES:
            raise UnknownSyntax("too many places; shorten it")
        at = len(self.sets)
        self.sets.append(bits)
        self.edges.append(Counter())
        digit = int(bits & _ASCII & ~_DIGITS == 0), int(bits & _DIGITS != 0)
        return _Part(False, Counter([at]), Counter([at]), (1, 1), digit)

    def _join(self, one: _Part, other: _Part) -> _Part:
        for p, many in one.last.items():
            for q, times in other.first.items():
                self.edges[p][q] += many * times
        return _Part(
            one.empty and other.empty,
            one.first + other.first if one.empty else one.first,
            one.last + other.last if other.empty else other.last,
            _sum(one.width, other.width),
            _sum(one.digits, other.digits),
        )

    def _either(self, parts: Iterable[_Part]) -> _Part:
        held = list(parts)
        return _Part(
            any(part.empty for part in held),
            sum((part.first for part in held), Counter()),
            sum((part.last for part in held), Counter()),
            (min(part.width[0] for part in held), max(part.width[1] for part in held)),
            (min(part.digits[0] for part in held), max(part.digits[1] for part in held)),
        )

    def _repeat(self, low: int, high: int, body: Callable[[], _Part]) -> _Part:
        first = body()
        width, digits = _times(first.width, low, high), _times(first.digits, low, high)
        single = len(first.first) == 1 and first.first == first.last and first.width == (1, 1)
        many = _MANY if single or low == high else _FEW
        if high <= many:
            out, copies = (first if high else _Part()), high
        elif high >= ENDLESS or self._endless:
            for p, times in first.last.items():
                for q, again in first.first.items():
                    self.edges[p][q] += times * again
            out, copies = first, 1
        else:
            out, copies = first, _FEW
        parts = [out, *(body() for _ in range(copies - 1))] if high else []
        needed = min(low, copies)
        tail = _Part()
        for part in reversed(parts[needed:]):
            tail = self._join(part, tail)
            tail.empty = True
        whole = tail
        for part in reversed(parts[:needed]):
            whole = self._join(part, whole)
        if low == 0:
            whole.empty = True
        whole.width, whole.digits = width, digits
        return whole

    def _sequence(self, tokens: Any, flags: int, top: bool = False) -> _Part:
        whole, run = _Part(), ""
        for token in tokens:
            part = self._token(token, flags)
            whole = self._join(whole, part)
            if top:
                name, argument = str(token[0]), token[1]
                if name == "LITERAL" and argument < 128 and not flags & 2:
                    run += chr(argument)
                    self.required += chr(argument)
                    self.literal = max(self.literal, run, key=len)
                elif name != "AT":
                    run = ""
        return whole

    def _token(self, token: Any, flags: int) -> _Part:
        name, argument = str(token[0]), token[1]
        if name in ("LITERAL", "NOT_LITERAL", "ANY", "IN"):
            return self._state(_taken(name, argument, flags))
        if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            low, high, inner = argument
            top = min(int(high), ENDLESS)
            if name == "POSSESSIVE_REPEAT":
                return self._atom(lambda: self._repeat(int(low), top, lambda: self._sequence(inner, flags)))
            return self._repeat(int(low), top, lambda: self._sequence(inner, flags))
        if name == "BRANCH":
            return self._either([self._sequence(one, flags) for one in argument[1]])
        if name == "SUBPATTERN":
            _, added, dropped, inner = argument
            return self._sequence(inner, (flags | added) & ~dropped)
        if name == "ATOMIC_GROUP":
            return self._atom(lambda: self._sequence(argument, flags))
        if name in ("AT", "ASSERT", "ASSERT_NOT"):
            return _Part()
        raise UnknownSyntax(f"{name.lower().replace('_', ' ')}; leave it out")

    def _atom(self, make: Callable[[], _Part]) -> _Part:
        """What is never tried in another way: one state that takes all that may stand in it."""
        start = len(self.sets)
        part = make()
        bits = 0
        for taken in self.sets[start:]:
            bits |= taken
        del self.sets[start:], self.edges[start:]
        one = self._state(bits)
        one.empty, one.width, one.digits = part.empty, part.width, part.digits
        return one

    # --- what a match shows ---------------------------------------------------------------------------------------

    @property
    def taken(self) -> int:
        """All characters that may stand in a match, as bits."""
        out = 0
        for bits in self.sets:
            out |= bits
        return out

    @property
    def begins(self) -> int:
        """Characters that a match may begin with, as bits; all where it may be empty."""
        out = _ALL if self.whole.empty else 0
        for state in self.whole.first:
            out |= self.sets[state]
        return out

    # --- where it is ambiguous ------------------------------------------------------------------------------------

    def _path(self, sources: Iterable[int], aim: int) -> str:
        """A shortest text from one of some states (read itself) to a state."""
        seen: dict[int, int | None] = dict.fromkeys(sources)
        todo = deque(seen)
        while todo:
            at = todo.popleft()
            if at == aim:
                text, step = "", at
                while True:
                    text = _char(self.sets[step]) + text
                    before = seen[step]
                    if before is None:
                        return text
                    step = before
            for follower in self.edges[at]:
                if follower not in seen and self.sets[follower]:
                    seen[follower] = at
                    todo.append(follower)
        return ""

    def reaching(self, state: int) -> str:
        """A shortest text after which the automaton is in a state."""
        return self._path(self.whole.first, state)

    def loops(self) -> Iterator[tuple[str, str]]:
        """For each state that can follow itself, a text that leads there and one that comes back to it."""
        seen: set[tuple[int, str]] = set()
        for state in range(min(len(self.sets), _MOST_STATES)):
            back = self._path(self.edges[state], state)
            if back and (self.sets[state], back) not in seen:
                seen.add((self.sets[state], back))
                yield self.reaching(state), back

    def ambiguous(self) -> tuple[str, str] | None:
        """A text that leads to a repetition, and one that the repetition can read in two ways; None where none can."""
        if len(self.sets) > _MOST_STATES:
            return None
        pairs = _Pairs(self)
        return pairs.found()


class _Pairs:
    """Pairs of states that read the same text; a strongly connected set with equal and unequal pairs is ambiguous."""

    def __init__(self, automaton: Automaton) -> None:
        self.sets, self.edges, self.whole = automaton.sets, automaton.edges, automaton
        self.after: dict[tuple[int, int], list[tuple[int, int]]] = {}
        todo = [(state, state) for state in range(len(self.sets))]
        while todo:
            pair = todo.pop()
            if pair in self.after:
                continue
            if len(self.after) > _MOST_PAIRS:
                break
            self.after[pair] = [
                (p, q)
                for p in self.edges[pair[0]]
                for q in self.edges[pair[1]]
                if self.sets[p] & self.sets[q] and (p <= q or pair[0] != pair[1])
            ]
            todo += self.after[pair]

    def _back(self, start: tuple[int, int], aim: tuple[int, int]) -> str | None:
        """The text of a shortest way from a pair (not read) to another."""
        seen: dict[tuple[int, int], tuple[int, int] | None] = {start: None}
        todo = deque([start])
        while todo:
            at = todo.popleft()
            for pair in self.after.get(at, ()):
                if pair == aim:
                    text, step = _char(self.sets[pair[0]] & self.sets[pair[1]]), at
                    while step != start:
                        text = _char(self.sets[step[0]] & self.sets[step[1]]) + text
                        step = seen[step] or start
                    return text
                if pair not in seen:
                    seen[pair] = at
                    todo.append(pair)
        return None

    def found(self) -> tuple[str, str] | None:
        for state, followers in enumerate(self.edges):
            home = (state, state)
            ways = [(p, p) for p, many in followers.items() if many > 1]
            ways += [(p, q) for p in followers for q in followers if p < q and self.sets[p] & self.sets[q]]
            for way in ways:
                rest = "" if way == home else self._back(way, home)
                if rest is not None:
                    pump = _char(self.sets[way[0]] & self.sets[way[1]]) + rest
                    return self.whole.reaching(state), pump
        return None


def _char(bits: int) -> str:
    """A character of a set: a letter or digit where there is one."""
    usual = bits & _set("[a-zA-Z0-9]")
    bits = usual or bits
    return ALPHABET[(bits & -bits).bit_length() - 1] if bits else "\U0010ffff"


def _sum(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    return one[0] + other[0], min(ENDLESS, one[1] + other[1])


def _times(one: tuple[int, int], low: int, high: int) -> tuple[int, int]:
    return one[0] * low, min(ENDLESS, one[1] * high)


_CATEGORIES = {
    "CATEGORY_DIGIT": r"\d", "CATEGORY_NOT_DIGIT": r"\D", "CATEGORY_SPACE": r"\s", "CATEGORY_NOT_SPACE": r"\S",
    "CATEGORY_WORD": r"\w", "CATEGORY_NOT_WORD": r"\W",
}  # fmt: skip


def _taken(name: str, argument: Any, flags: int) -> int:
    """The characters that a token takes, as bits."""
    if name == "ANY":
        return _ALL if flags & 16 else _ALL & ~(1 << 10)
    if name in ("LITERAL", "NOT_LITERAL"):
        bits = _one(argument)
        negated = name == "NOT_LITERAL"
    else:
        bits, negated = 0, False
        for kind, value in argument:
            kind = str(kind)
            if kind == "NEGATE":
                negated = True
            elif kind == "LITERAL":
                bits |= _one(value)
            elif kind == "RANGE":
                bits |= sum(1 << place for char, place in _PLACE.items() if value[0] <= ord(char) <= value[1])
            else:
                bits |= _set(_CATEGORIES[str(value)])
    if flags & 2:
        held = {char.lower() for char, place in _PLACE.items() if bits >> place & 1}
        bits = sum(1 << place for char, place in _PLACE.items() if char.lower() in held)
    return _ALL & ~bits if negated else bits


def _one(code: int) -> int:
    """A character that does not stand in the alphabet is taken for the first of its kind that does."""
    char = chr(code)
    if char in _PLACE:
        return 1 << _PLACE[char]
    for kind in (r"\d", r"\w", r"\s", r"\W"):
        if regex.fullmatch(kind, char):
            beyond = _set(kind) & ~_ASCII
            return beyond & -beyond if beyond else 0
    return 0


@dataclass(frozen=True, slots=True)
class Needs:
    """What every text that an expression fits has in common."""

    width: tuple[int, int]
    """Fewest and most characters."""
    digits: tuple[int, int]
    """Fewest and most ASCII digits."""
    begins: tuple[bool, ...]
    """Of each ASCII character, whether a match may begin with it."""
    taken: tuple[bool, ...]
    """Of each, whether it may stand in a match."""
    literal: str
    """A text that stands in every match."""


def needs(pattern: str) -> Needs:
    """What a cell must show for an expression to be worth trying."""
    made = Automaton(pattern)
    return Needs(
        made.whole.width,
        made.whole.digits,
        tuple(bool(made.begins >> place & 1) for place in range(128)),
        tuple(bool(made.taken >> place & 1) for place in range(128)),
        made.literal,
    )
