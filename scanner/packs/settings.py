"""Judges what the later stages read from a pack: severity, ENISA, duties, steps, purposes, thresholds, header words."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import pairwise
from typing import Any

from scanner.packs.schema import Pack
from scanner.terms import ColumnType, Form, Level, Structure

_STAGES = ("preserve", "verify", "notify", "block")
#: Keys of a way to adjust ENISA's data processing context.
_ADJUSTS = (
    "id", "step", "reason", "contents", "types", "any_types", "structures", "roles", "min_days", "max_days",
    "min_age_days", "joined", "minors",
)  # fmt: skip
#: Name and message of a fault.
Fault = tuple[str, str]
Table = Mapping[str, Any]


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _numbers(value: Any, length: int | None = None) -> bool:
    return isinstance(value, list) and all(map(_number, value)) and len(value) == (length or len(value))


def tokens(text: str) -> frozenset[str]:
    """Types, roles and structures of an example such as `msisdn, call_record`."""
    return frozenset(one.strip() for one in text.split(",") if one.strip())


def holds(groups: Sequence[Sequence[str]], there: Collection[str]) -> bool:
    """Whether of each group one is there."""
    return all(any(one in there for one in group) for group in groups)


@dataclass(frozen=True, slots=True)
class _Entry:
    """One table of a settings file, with its name for people."""

    name: str
    values: Table

    def wants(self, key: str, fits: Callable[[Any], bool], what: str, needed: bool = True) -> Iterator[Fault]:
        """A fault where a key is missing though needed, or is not what it must be."""
        if key not in self.values:
            if needed:
                yield self.name, f"`{key}` is missing; add it ({what})"
        elif not fits(self.values[key]):
            yield self.name, f"`{key}` must be {what}"

    def only(self, *known: str) -> Iterator[Fault]:
        """A fault for each key that nothing reads."""
        for key in sorted(set(self.values) - set(known)):
            yield self.name, f"unknown key {key!r}; check its spelling or remove it"

    def groups(self, key: str, words: Collection[str]) -> Iterator[Fault]:
        """A fault where a key is not a list of groups of known words."""
        value = self.values.get(key)
        if not isinstance(value, list) or not all(_texts(group) for group in value):
            yield self.name, f"`{key}` must be a list of lists of types and structures"
            return
        yield from self.words(key, [one for group in value for one in group], words)

    def words(self, key: str, value: Iterable[str], words: Collection[str]) -> Iterator[Fault]:
        """A fault for each word that is not known."""
        for one in dict.fromkeys(value):
            if one not in words:
                yield self.name, f"`{key}` names {one!r}, which is no type, role or structure; check its spelling"

    def listed(self, key: str, words: Collection[str]) -> Iterator[Fault]:
        """A fault where a key is not a list of known words."""
        value = self.values.get(key, [])
        if not _texts(value):
            yield self.name, f"`{key}` must be a list of strings"
        else:
            yield from self.words(key, value, words)

    def examples(self, fits: Callable[[frozenset[str]], bool], words: Collection[str]) -> Iterator[Fault]:
        """Faults of `positive` and `negative`: missing, of unknown words, or judged otherwise than they say."""
        positive, negative = self.values.get("positive"), self.values.get("negative")
        if not _texts(positive) or not isinstance(negative, list):
            yield self.name, "has no `positive` and `negative` examples; add what sets it off and a look-alike"
            return
        shaped = all(isinstance(one, dict) and set(one) == {"value", "why"} for one in negative)
        if not shaped or not negative or not all(_text(one["why"]) for one in negative):
            yield self.name, '`negative` must be a list of { value = "…", why = "…" }'
            return
        held = [(True, at, str(one)) for at, one in enumerate(positive or (), 1)]
        held += [(False, at, str(one["value"])) for at, one in enumerate(negative, 1)]
        for wanted, number, text in held:
            kind = "positive" if wanted else "negative"
            yield from self.words(f"{kind} example {number}", sorted(tokens(text)), words)
            if fits(tokens(text)) is not wanted:
                said = "is not set off by" if wanted else "is set off by"
                yield self.name, f"{said} its {kind} example {number}; correct the entry or the example"


def _listed(stem: str, settings: Table, name: str) -> Iterator[_Entry]:
    found = settings.get(name, [])
    for number, values in enumerate(found if isinstance(found, list) else [], 1):
        yield _Entry(f"{stem}.toml: {name} {values.get('id', number)}", values)


def _source(stem: str, settings: Table) -> Iterator[Fault]:
    value = settings.get("source")
    if not _texts(value) or not value or not all(map(_text, value)):
        yield f"{stem}.toml", "names no `source`; say in a list where its facts come from"


def _set_off(entry: _Entry, there: frozenset[str]) -> bool:
    return holds(entry.values["needs"], there)


def _duty(entry: _Entry, words: Collection[str], keys: tuple[str, ...], more: tuple[str, ...] = ()) -> Iterator[Fault]:
    for key in keys:
        yield from entry.wants(key, _text, "a text")
    yield from entry.wants("level", lambda v: v in set(Level), f"one of {', '.join(Level)}")
    faults = list(entry.groups("needs", words))
    yield from faults
    yield from entry.only(*keys, "level", "needs", "positive", "negative", *more)
    if entry.values.get("needs") and not faults:
        yield from entry.examples(partial(_set_off, entry), words)


def _obligations(settings: Table, words: Collection[str]) -> Iterator[Fault]:
    for entry in _listed("obligations", settings, "obligation"):
        yield from _duty(entry, words, ("id", "title", "status", "because", "asks", "source"))


def _advice(settings: Table, words: Collection[str]) -> Iterator[Fault]:
    yield from _source("advice", settings)
    for entry in _listed("advice", settings, "step"):
        yield from _duty(entry, words, ("id", "stage", "text"), ("minors",))
        yield from entry.wants("stage", lambda v: v in _STAGES, f"one of {', '.join(_STAGES)}")


def _purposes(settings: Table, words: Collection[str]) -> Iterator[Fault]:
    yield from _source("purposes", settings)
    top = _Entry("purposes.toml", settings)
    yield from top.listed("neutral", words)
    yield from top.listed("events", words)
    neutral = set(settings.get("neutral", ()))
    for entry in _listed("purposes", settings, "purpose"):
        for key in ("id", "title", "because", "beyond"):
            yield from entry.wants(key, _text, "a text")
        yield from entry.listed("allows", words)
        yield from entry.listed("structures", set(Structure))
        yield from entry.wants("most_subscribers", _number, "a number", needed=False)
        yield from entry.only(
            "id",
            "title",
            "because",
            "beyond",
            "allows",
            "structures",
            "most_subscribers",
            "agreed",
            "positive",
            "negative",
        )
        within = neutral | set(entry.values.get("allows", ()))
        yield from entry.examples(lambda there, within=within: there <= within, words)  # type: ignore[misc]


def _reveals(entry: _Entry, there: frozenset[str]) -> bool:
    structures = entry.values["structures"]
    return (not structures or bool(there & set(structures))) and any(
        holds(groups, there) for groups in entry.values["needs"]
    )


def _curve(entry: _Entry, marks: str, points: str, falling: bool = False) -> Iterator[Fault]:
    """Faults of points over days."""
    days, values = entry.values.get(marks), entry.values.get(points)
    if not _numbers(days) or not _numbers(values) or len(days or ()) != len(values or ()) or not days:
        yield entry.name, f"`{marks}` and `{points}` must be lists of as many numbers"
    elif days != sorted(days or ()) or values != sorted(values or (), reverse=falling):
        yield entry.name, f"`{marks}` must grow, and `{points}` {'fall' if falling else 'grow'} with it"


def _severity(settings: Table, words: Collection[str], pack: Pack) -> Iterator[Fault]:
    yield from _source("severity", settings)
    categories = set(pack.settings.get("enisa", {}).get("categories", {}))  # type: ignore[call-overload]
    names = []
    for entry in _listed("severity", settings, "content"):
        names.append(str(entry.values.get("id")))
        for key in ("id", "label", "reason"):
            yield from entry.wants(key, _text, "a text")
        yield from entry.listed("structures", set(Structure))
        points = entry.values.get("points")
        if not points or not _numbers(points, 5) or points != sorted(points) or points[0] < 0 or points[-1] > 100:
            yield (
                entry.name,
                "`points` must be five numbers of 0 to 100 that grow: at 1, 100, 10^4, 10^6, 10^8 subscribers",
            )
        yield from entry.wants("category", lambda v: v in categories, f"one of {', '.join(sorted(categories))}")
        alternatives = entry.values.get("needs")
        if not isinstance(alternatives, list) or not alternatives:
            yield entry.name, "`needs` must be a list of alternatives, each a list of groups of types"
            continue
        faults = [f for groups in alternatives for f in _Entry(entry.name, {"needs": groups}).groups("needs", words)]
        yield from faults
        if not faults:
            yield from entry.examples(partial(_reveals, entry), words)
    for name, values in settings.get("additions", {}).items():
        entry = _Entry(f"severity.toml: additions.{name}", values)
        yield from entry.wants("points", lambda v: _number(v) and 0 <= v < 1, "a number of 0 to below 1")
        yield from entry.listed("types", words)
        yield from entry.wants("reason", _text, "a text")
        yield from entry.only("points", "types", "reason")
    for name, key in (("linkability", "types"), ("joins", "types"), ("span", "contents"), ("freshness", "contents")):
        entry = _Entry(f"severity.toml: {name}", settings.get(name, {}))
        yield from entry.wants("reason", _text, "a text")
        yield from entry.listed(key, words if key == "types" else names)
    keys = _Entry("severity.toml: joins.keys", settings.get("joins", {}).get("keys", {}))
    for name in ("suffixes", "counters"):
        yield from keys.wants(name, _texts, "a list of words")
    yield from keys.wants("slack", lambda v: _number(v) and v >= 1, "a number of 1 or more")
    yield from keys.wants("reason", _text, "a text")
    yield from keys.wants("share", lambda v: _number(v) and 0 < v <= 1, "a share above 0 and at most 1")
    yield from keys.only("suffixes", "counters", "slack", "share", "reason")
    yield from _curve(_Entry("severity.toml: span", settings.get("span", {})), "days", "points")
    yield from _curve(_Entry("severity.toml: freshness", settings.get("freshness", {})), "days", "points", falling=True)
    roles = {rule.role for rule in pack.headers} | {one for rule in pack.structures for one in rule.roles}
    for structure, groups in settings.get("completeness", {}).get("roles", {}).items():
        entry = _Entry(f"severity.toml: completeness.roles.{structure}", {"roles": groups})
        if structure not in set(Structure):
            yield entry.name, "is no structure; check its spelling"
        yield from entry.groups("roles", roles)
    for entry in _listed("severity", settings, "veil"):
        yield from entry.wants("form", lambda v: v in set(Form) - {Form.PLAIN}, "hashed, masked or damaged")
        yield from entry.wants("points", lambda v: _number(v) and v <= 0, "a number of 0 or less")
        yield from entry.wants("floor", _number, "a number")
        yield from entry.wants("reason", _text, "a text")
    for name, values in settings.get("circumstances", {}).items():
        entry = _Entry(f"severity.toml: circumstances.{name}", values)
        yield from entry.wants("points", lambda v: _number(v) and v <= 0, "a number of 0 or less")
        yield from entry.wants("reason", _text, "a text")
        if name not in pack.settings.get("enisa", {}).get("circumstances", {}):  # type: ignore[operator]
            yield entry.name, "does not stand in enisa.toml; add it there too"
    reference = _Entry("severity.toml: reference", settings.get("reference", {}))
    yield from reference.wants("as_of", _day, "a date such as 2026-11-01")
    yield from reference.wants("national", lambda v: _number(v) and v > 0, "a number above 0")


def _day(value: Any) -> bool:
    try:
        date.fromisoformat(str(value))
    except ValueError:
        return False
    return True


def _eased(entry: _Entry, there: frozenset[str]) -> bool:
    return holds(entry.values["needs"], there)


def _enisa(settings: Table, words: Collection[str], pack: Pack) -> Iterator[Fault]:
    yield from _source("enisa", settings)
    categories: Table = settings.get("categories", {})
    contents = {str(one.get("id")) for one in pack.settings.get("severity", {}).get("content", ())}  # type: ignore[attr-defined]
    for entry in _listed("enisa", settings, "adjuster"):
        yield from entry.wants("step", lambda v: v in (-3, -2, -1, 1, 2, 3), "a whole number of -3 to 3 but 0")
        yield from entry.wants("reason", _text, "a text")
        yield from entry.listed("contents", contents)
        yield from entry.listed("types", words)
        yield from entry.listed("any_types", words)
        yield from entry.listed("structures", set(Structure))
        yield from entry.only(*_ADJUSTS)
    eases = list(_listed("enisa", settings, "ease"))
    for entry in eases:
        yield from entry.wants("value", lambda v: _number(v) and 0.25 <= v <= 1, "a number of 0.25 to 1")
        yield from entry.wants("reason", _text, "a text")
        faults = list(entry.groups("needs", words))
        yield from faults
        if entry.values.get("needs") and not faults:
            yield from entry.examples(partial(_eased, entry), words)
    if not eases or eases[-1].values.get("needs"):
        yield "enisa.toml: ease", "the last entry must need nothing, so that one always fits"
    for entry in _listed("enisa", settings, "example"):
        category, steps, dpc = (entry.values.get(key) for key in ("category", "steps", "dpc"))
        if not _text(category) or category not in categories or not _numbers(steps) or not _number(dpc):
            yield entry.name, "must have `category`, `steps` and `dpc`"
        elif max(1, min(4, categories[str(category)] + sum(steps or ()))) != dpc:
            yield entry.name, f"the category and its steps do not make {dpc}; correct one of them"
    bands = [one.values.get("below") for one in _listed("enisa", settings, "band")]
    if not bands or not all(map(_number, bands)) or bands != sorted(bands):  # type: ignore[type-var]
        yield "enisa.toml: band", "must have `below` in ascending order"


def _verdicts(settings: Table) -> Iterator[Fault]:
    yield from _source("verdicts", settings)
    for group, values in settings.items():
        if group == "source":
            continue
        held: Table = values if isinstance(values, dict) else {group: values}
        for key, value in held.items():
            if not _number(value) or value < 0:
                yield f"verdicts.toml: {group}", f"`{key}` must be a number of 0 or more"


def _calibration(settings: Table) -> Iterator[Fault]:
    yield from _source("calibration", settings)
    points = settings.get("column", {}).get("points", [])
    shaped = len(points) > 1 and all(_numbers(one, 2) and 0 <= min(one) <= max(one) <= 1 for one in points)
    if not shaped or any(a[0] >= b[0] or a[1] > b[1] for a, b in pairwise(points)):
        yield (
            "calibration.toml: column",
            "`points` must be pairs of 0 to 1, the first growing and the second never falling",
        )
    elif points[0][0] or points[-1][0] != 1:
        yield "calibration.toml: column", "`points` must begin at 0 and end at 1"


def _header_words(settings: Table, pack: Pack) -> Iterator[Fault]:
    yield from _source("header_words", settings)
    roles = {rule.role for rule in pack.headers}
    for key in ("empty", "hashed", "masked", "nameless", "heads", "parties"):
        if not _texts(settings.get(key, [])):
            yield f"header_words.toml: {key}", "must be a list of words"
    for word, other in settings.get("same", {}).items():
        if not _text(other):
            yield f"header_words.toml: same.{word}", "must be a word"
        elif other == word:
            yield f"header_words.toml: same.{word}", "stands for itself; remove it"
    for role, listed in settings.get("sides", {}).items():
        if not _texts(listed) or role not in roles:
            yield f"header_words.toml: sides.{role}", "must be a role that a [[header]] has, and a list of words"
    for word, listed in settings.get("ambiguous", {}).items():
        name = f"header_words.toml: ambiguous.{word}"
        if not _texts(listed) or not listed:
            yield name, "must be a list of roles"
            continue
        for role in listed:
            if role not in roles:
                yield name, f"names the role {role!r}, which no [[header]] has; check its spelling"


def check_settings(pack: Pack) -> Iterator[Fault]:
    """Everything wrong with the settings of a pack."""
    types = {*ColumnType, *(one.type for one in pack.identifiers)}
    words = {str(one) for one in (*types, *Structure)}
    settings: Mapping[str, Table] = pack.settings
    empty: Table = {}
    yield from _severity(settings.get("severity", empty), words, pack)
    yield from _enisa(settings.get("enisa", empty), words, pack)
    yield from _obligations(settings.get("obligations", empty), words)
    yield from _advice(settings.get("advice", empty), words)
    yield from _purposes(settings.get("purposes", empty), words)
    yield from _verdicts(settings.get("verdicts", empty))
    yield from _calibration(settings.get("calibration", empty))
    yield from _header_words(settings.get("header_words", empty), pack)
