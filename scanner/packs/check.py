"""Judges a rule pack by its own examples: what `breachscan patterns test` runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import regex

from scanner.identifiers import VALIDATORS
from scanner.identifiers.checksums import CHECKS
from scanner.identifiers.compacting import plain
from scanner.packs.backtracking import fault
from scanner.packs.headers import match
from scanner.packs.load import fold_header
from scanner.packs.schema import CodeTable, Enumeration, Expression, HeaderRule, Negative, Notation, Pack
from scanner.packs.settings import check_settings, tokens
from scanner.terms import ColumnType

#: Seconds that an expression may take on one of its examples.
_PATIENCE = 1.0
_SEPARATORS = frozenset(" -./()_\u2010\u2011\u2012\u2013\u2014\u2015\u2212")


@dataclass(frozen=True, slots=True)
class PatternFault:
    """Something wrong with an entry of a pack."""

    entry: str
    """Id of the entry, with its kind, as in `notation msisdn.bare`; of a setting its file and place."""
    message: str
    """What is wrong and what to do."""
    place: str = ""
    """File and line where the entry begins, where that is known."""

    def __str__(self) -> str:
        """Place, entry and message in one line."""
        return ": ".join(part for part in (self.place, self.entry, self.message) if part)


def matches_notation(notation: Notation, text: str, tables: Mapping[str, CodeTable]) -> bool:
    """Whether a value is written in a notation: digits, separators, code and check digit all hold."""
    digits, breaks = "", set()
    for character in plain(text).removeprefix("tel:"):
        if character.isascii() and character.isdigit():
            digits += character
        elif character in _SEPARATORS or (character == "+" and not digits):
            if digits:
                breaks.add(len(digits))
        else:
            return False
    if len(digits) not in notation.lengths or not digits.startswith(notation.prefix):
        return False
    if notation.first and digits[0] not in notation.first:
        return False
    if any(place < notation.free_after and place not in notation.breaks for place in breaks - {len(digits)}):
        return False
    if notation.component:
        code = digits[notation.strip : notation.strip + notation.component_digits]
        if code not in tables[notation.component].codes:
            return False
    return not notation.checksum or CHECKS[notation.checksum](digits)


def matches_enumeration(enumeration: Enumeration, text: str, tables: Mapping[str, CodeTable]) -> bool:
    """Whether a value is in the space whose digests are computed."""
    if len(text) != len(enumeration.template):
        return False
    code = ""
    for character, place in zip(text, enumeration.template, strict=True):
        if place in "CS":
            if not (character.isascii() and character.isdigit()):
                return False
            code += character if place == "C" else ""
        elif character != place:
            return False
    return code in tables[enumeration.table].codes


def matches_expression(expression: Expression, text: str) -> bool:
    """Whether a value fits an expression and its validator.

    Raises:
        TimeoutError: the expression backtracks.
        regex.error: it is no regular expression.
    """
    if regex.fullmatch(expression.pattern, text, timeout=_PATIENCE) is None:
        return False
    return not expression.validator or VALIDATORS[expression.validator](text)


def _examples(
    name: str, positive: tuple[str, ...], negative: tuple[Negative, ...], fits: Callable[[str], bool]
) -> Iterator[PatternFault]:
    if not positive:
        yield PatternFault(name, "has no positive example; add a value that it must match")
    if not negative:
        yield PatternFault(name, "has no negative example; add a look-alike that it must not match")
    for number, value in enumerate(positive, 1):
        if not fits(value):
            yield PatternFault(name, f"does not match its positive example {number}; correct the entry or the example")
    for number, one in enumerate(negative, 1):
        if not one.why.strip():
            yield PatternFault(name, f"negative example {number} does not say why; fill in `why`")
        if fits(one.value):
            yield PatternFault(name, f"matches its negative example {number}; make the entry narrower")


def _expression(expression: Expression) -> Iterator[PatternFault]:
    name = f"expression {expression.id}"
    if (found := fault(expression)) is not None:
        yield PatternFault(name, found)
        return
    yield from _examples(name, expression.positive, expression.negative, lambda v: matches_expression(expression, v))


def _unique(kind: str, names: list[str]) -> Iterator[PatternFault]:
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield PatternFault(f"{kind} {name}", "stands more than once; give each entry its own id")


def _sourced(kind: str, name: str, entry: Any) -> Iterator[PatternFault]:
    if not entry.source or not all(one.strip() for one in entry.source):
        yield PatternFault(f"{kind} {name}", "names no source; say where its facts come from")


def speaks_for(rule: HeaderRule, header: str, pack: Pack) -> bool:
    """Whether a header is read as the role of a rule, or as one of several that it may mean."""
    found = match(pack, header)
    return found is not None and rule.role in (found.role, found.role_of(rule.column_type))


def _headers(pack: Pack) -> Iterator[PatternFault]:
    held: dict[str, str] = {}
    for rule in pack.headers:
        yield from _sourced("header", rule.role, rule)
        fits = partial(speaks_for, rule, pack=pack)
        yield from _examples(f"header {rule.role}", rule.positive, rule.negative, fits)
        for word in rule.words:
            key = fold_header(word)
            if key in held:
                yield PatternFault(
                    f"header {rule.role}", f"the spelling {word!r} stands under {held[key]} too; remove one of the two"
                )
            held[key] = rule.role


def _structures(pack: Pack) -> Iterator[PatternFault]:
    roles = {rule.role for rule in pack.headers}
    types = {str(kind) for kind in (*ColumnType, *(one.type for one in pack.identifiers))}
    for rule in pack.structures:
        name = f"structure {rule.id}"
        yield from _sourced("structure", rule.id, rule)
        for token in sorted({*rule.any_of, *rule.excludes, *(one for group in rule.needs for one in group)}):
            if token not in roles and token not in types:
                yield PatternFault(name, f"names {token!r}, which is no role or column type; check its spelling")
        for text in (*rule.positive, *(one.value for one in rule.negative)):
            for token in sorted(tokens(text) - roles - types):
                yield PatternFault(name, f"an example names {token!r}, which is no role or column type")
        yield from _examples(name, rule.positive, rule.negative, lambda text, rule=rule: rule.fits(tokens(text)))  # type: ignore[misc]


def _identifiers(pack: Pack) -> Iterator[PatternFault]:
    rules: list[Notation | Expression] = [*pack.notations, *pack.expressions]
    found = {rule.column_type for rule in rules}
    headed = {rule.column_type for rule in pack.headers}
    weak = {rule.column_type for rule in rules if rule.strength < 3}
    for one in pack.identifiers:
        name = f"identifier {one.type}"
        yield from _sourced("identifier", one.type, one)
        if one.type not in found:
            yield PatternFault(name, "nothing finds it; add a [[notation]] or an [[expression]] with its `column_type`")
        elif one.type not in headed and one.type in weak:
            message = "its rules do not decide alone (`strength` below 3) and no [[header]] names it; add one"
            yield PatternFault(name, message)


def check_pack(pack: Pack) -> list[PatternFault]:
    """Everything wrong with a pack, in its own order; empty where all is well."""
    faults = [
        *_unique("notation", [one.id for one in pack.notations]),
        *_unique("expression", [one.id for one in pack.expressions]),
        *_unique("enumeration", [one.id for one in pack.enumerations]),
        *_unique("lexicon", [one.name for one in pack.lexicons]),
        *_identifiers(pack),
        *_headers(pack),
    ]
    for notation in pack.notations:
        name = f"notation {notation.id}"
        faults += _sourced("notation", notation.id, notation)
        missing = [t for t in (notation.component, notation.strict) if t and t not in pack.tables]
        if missing:
            faults.append(PatternFault(name, f"names the table {missing[0]!r}, which does not exist"))
            continue
        fits = partial(matches_notation, notation, tables=pack.tables)
        faults += _examples(name, notation.positive, notation.negative, fits)
    for expression in pack.expressions:
        faults += _sourced("expression", expression.id, expression)
        faults += _expression(expression)
    for enumeration in pack.enumerations:
        faults += _sourced("enumeration", enumeration.id, enumeration)
        fits = partial(matches_enumeration, enumeration, tables=pack.tables)
        faults += _examples(f"enumeration {enumeration.id}", enumeration.positive, enumeration.negative, fits)
    for lexicon in pack.lexicons:
        faults += _sourced("lexicon", lexicon.name, lexicon)
        if not lexicon.words:
            faults.append(PatternFault(f"lexicon {lexicon.name}", "has no words; add some or remove it"))
    for table in pack.tables.values():
        if not table.source.strip():
            faults.append(PatternFault(f"table {table.name}", "names no source; say where its codes come from"))
        if not table.codes:
            faults.append(PatternFault(f"table {table.name}", "has no codes; add some or remove it"))
    faults += _structures(pack)
    faults += [PatternFault(name, message) for name, message in check_settings(pack)]
    return faults


def placed(fault: PatternFault, folders: Sequence[Path]) -> PatternFault:
    """The fault with file and line of its entry; `folders` hold pattern files, the last one wins."""
    kind, _, name = fault.entry.partition(" ")
    if kind.endswith(":"):
        kind, name = name.partition(" ")[0], name.partition(" ")[2]
    for folder in reversed(folders):
        for path in sorted(folder.glob("*.toml")) if folder.is_dir() else [folder]:
            inside = False
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                if line.startswith("["):
                    inside, start = line.split("#")[0].strip() in (f"[[{kind}]]", f"[{kind}]"), number
                key, _, value = line.partition("=")
                named = key.strip() in ("id", "name", "role") and value.split("#")[0].strip().strip("\"'") == name
                if inside and (named or not name):
                    return replace(fault, place=f"{path}:{start}")
    return fault
