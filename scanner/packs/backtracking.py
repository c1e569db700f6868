"""Whether an expression backtracks so that a hostile cell could hold up a scan."""

from __future__ import annotations

import time
from collections.abc import Iterator

import regex

from scanner.packs.automaton import Automaton, UnknownSyntax
from scanner.packs.schema import Expression

#: Seconds of work that an expression may take on one hostile text of HOSTILE_LENGTH characters.
PATIENCE = 0.05
HOSTILE_LENGTH = 4000
#: Seconds after which a trial is broken off, whatever else the machine is busy with.
_WALL = 1.0
_MOST_PROBES = 200
#: What stands around an identifier inside a text: no letter, digit or underscore.
BEFORE, AFTER = r"(?<![\p{L}\p{N}_])", r"(?![\p{L}\p{N}_])"


def in_text(pattern: str) -> str:
    """The expression that finds a pattern inside a text."""
    return f"{BEFORE}(?:{pattern}){AFTER}"


def hostile(expression: Expression) -> Iterator[str]:
    """Texts on which repetition shows itself: the expression's own loops, and its positives, over and over.

    Each ends in what the expression requires, at a place where it does not fit, so that no engine is warned beforehand.
    """
    automaton = Automaton(expression.pattern, endless=True)
    pumped = list(automaton.loops())
    end = f"\x00\n{automaton.required}\x00"
    if (worst := automaton.ambiguous()) is not None:
        pumped.insert(0, worst)
    for start, loop in pumped[:_MOST_PROBES]:
        for length in (40, HOSTILE_LENGTH):
            yield start + (loop * length)[:length] + end
    if automaton.required:
        yield (automaton.required * HOSTILE_LENGTH)[:HOSTILE_LENGTH] + end
    for value in expression.positive[:3]:
        pieces = {value, value[: len(value) // 2], value[len(value) // 2 :], *value}
        for piece in sorted(pieces - {""}):
            yield (piece * HOSTILE_LENGTH)[:HOSTILE_LENGTH] + end


def _slow(compiled: regex.Pattern[str], text: str, search: bool) -> bool:
    began = time.thread_time()
    try:
        if search:
            for _ in compiled.finditer(text, timeout=_WALL):
                pass
        else:
            compiled.fullmatch(text, timeout=_WALL)
    except TimeoutError:
        pass
    return time.thread_time() - began > PATIENCE


def fault(expression: Expression) -> str | None:
    """Why an expression must not be run on data, with what to do; None where it may.

    First what the expression itself shows, which is certain; then the time that it takes on texts made from it.
    """
    try:
        automaton = Automaton(expression.pattern)
        ambiguous = automaton.ambiguous()
    except regex.error as error:
        return f"is no regular expression: {error}"
    except UnknownSyntax as error:
        return f"uses what cannot be checked for backtracking ({error}); write it without"
    if automaton.whole.empty:
        return "fits the empty text; let it require a character"
    if ambiguous is not None:
        return (
            f"backtracks: a repetition can read {ambiguous[1]!r} in more ways than one, as in `(a+)+` or `(a|aa)+`, so "
            "that a cell that repeats it takes exponential time; let one repetition end where the next begins, make "
            "the alternatives differ in their first character, or make the inner one possessive (`++`)"
        )
    compiled = [(regex.compile(expression.pattern), False)]
    if expression.in_text == "always":
        compiled.append((regex.compile(in_text(expression.pattern)), True))
    for text in hostile(expression):
        for one, search in compiled:
            if _slow(one, text, search):
                return (
                    f"takes longer than {PATIENCE:g} s on a text of {len(text):,} characters made of {text[:24]!r}, "
                    "because it backtracks; remove nested repetition or bound it, or make it possessive (`++`)"
                )
    return None
