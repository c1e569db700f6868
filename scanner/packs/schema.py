"""The records that rule packs are made of: what `patterns/` says, typed and frozen."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from scanner.terms import AnyType, ColumnType, PackType, Structure


@dataclass(frozen=True, slots=True)
class Negative:
    """A value that must not match, and the look-alike that it is."""

    value: str
    why: str


@dataclass(frozen=True, slots=True)
class Identifier:
    """An identifier that the report contract has no column type for."""

    type: PackType
    min_share: float
    """Share (0..1) of a column's filled cells that must fit where the header names it."""
    source: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Notation:
    """One way to write an identifier as digits, once separators, `+` and spreadsheet guards are gone.

    A digit string fits when it has so many digits, begins with `prefix`, the `component_digits` after the first
    `strip` digits stand in the table `component` (empty: any), and its check digit holds (`checksum`: empty or a name
    in `scanner.identifiers.checksums.CHECKS`).
    """

    id: str
    """Unique in the pack, as in `msisdn.national`."""
    column_type: AnyType
    label: str
    """Name for people."""
    lengths: tuple[int, ...]
    """Numbers of digits that it may have; one alone for the contract's own types."""
    prefix: str
    first: str
    """Digits of which it begins with one; empty for any."""
    strip: int
    """Leading digits that are no part of the identifier's key."""
    component: str
    """Name of a code table in `patterns/tables`, or empty."""
    component_digits: int
    checksum: str
    strength: int
    """1 weak (shape alone proves little), 2 fair, 3 strong (decides without a header)."""
    breaks: tuple[int, ...]
    """Digit positions at which a separator may stand."""
    free_after: int
    """From this digit position on a separator may stand anywhere; `length` for nowhere."""
    in_text: str
    """Counts inside free text: `always`, `separated` (with its separators or a known `strict` code), `never`."""
    strict: str
    """A finer code table (such as 5-digit CNIC codes) that raises the confidence, or empty."""
    strict_digits: int
    source: tuple[str, ...]
    positive: tuple[str, ...]
    negative: tuple[Negative, ...]

    @property
    def length(self) -> int:
        """Digits, of a notation that has one length."""
        return self.lengths[0]


@dataclass(frozen=True, slots=True)
class Expression:
    """An identifier that is no plain digit string: a regular expression on the whole cell (`regex`, `fullmatch`).

    The contract's own types are found by compiled code, which a test holds to the expressions' examples; expressions of
    identifiers that a pack adds run in a scan.
    """

    id: str
    column_type: AnyType
    label: str
    pattern: str
    validator: str
    """Name of a validator in `scanner.identifiers`, or empty."""
    strength: int
    """As of a notation."""
    in_text: str
    """Searched for inside free text: `always` or `never`."""
    source: tuple[str, ...]
    positive: tuple[str, ...]
    negative: tuple[Negative, ...]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Words that are values of one column type, compared case-folded with runs of non-letters as one space."""

    name: str
    column_type: ColumnType
    match: str
    """`cell` (the whole cell is such a word), `token` (a cell holds such a word) or `cue` (a text has it before such a
    value, as `name` before a name)."""
    words: frozenset[str]
    source: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HeaderRule:
    """Header spellings that speak for a column type and a role."""

    role: str
    """The role in a record, as in `caller`, `called`, `event_time`, `subscriber_name`."""
    column_type: AnyType
    words: tuple[str, ...]
    """Spellings; compared lower-cased with everything but letters and digits removed."""
    forms: tuple[str, ...]
    """Spellings of prefixes or suffixes such as `hash`, `md5`, `masked` that may be joined to the words."""
    source: tuple[str, ...]
    positive: tuple[str, ...]
    """Headers that must be read as this role, beyond `words` themselves."""
    negative: tuple[Negative, ...]


@dataclass(frozen=True, slots=True)
class StructureRule:
    """A structure as the column types and roles that it needs."""

    id: str
    structure: Structure
    needs: tuple[tuple[str, ...], ...]
    """Groups; of each group at least one role or column type must be present."""
    any_of: tuple[str, ...]
    """Of these at least `any_count` must be present."""
    any_count: int
    excludes: tuple[str, ...]
    """Roles or column types that rule it out."""
    roles: Mapping[str, tuple[str, ...]]
    """Role named in the report → column types that can fill it, best first."""
    confidence: float
    source: tuple[str, ...]
    positive: tuple[str, ...]
    """Tables that it fits: roles and column types, as in `msisdn, called, timestamp`."""
    negative: tuple[Negative, ...]

    def fits(self, tokens: Collection[str]) -> bool:
        """Whether a table has this structure that holds columns of some roles and types."""
        if not all(any(one in tokens for one in group) for group in self.needs):
            return False
        if sum(one in tokens for one in self.any_of) < self.any_count:
            return False
        return not any(one in tokens for one in self.excludes)


@dataclass(frozen=True, slots=True)
class CodeTable:
    """Codes of one kind with what they mean."""

    name: str
    digits: int
    codes: Mapping[str, Mapping[str, str]]
    """Code → columns of its row, as in `{"operator": "Jazz"}`."""
    source: str


@dataclass(frozen=True, slots=True)
class Enumeration:
    """A space of plain values small enough for all their digests to be computed."""

    id: str
    column_type: ColumnType
    label: str
    template: str
    """C for a digit of the code, S for one of the serial, all else as it stands; ASCII, at most 55 characters."""
    table: str
    """Code table."""
    common: bool
    """Tried in every scan."""
    source: tuple[str, ...]
    positive: tuple[str, ...]
    negative: tuple[Negative, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Pack:
    """Everything in `patterns/`, checked."""

    version: str
    sha256: str
    identifiers: tuple[Identifier, ...]
    """Types that the contract does not have."""
    notations: tuple[Notation, ...]
    expressions: tuple[Expression, ...]
    lexicons: tuple[Lexicon, ...]
    headers: tuple[HeaderRule, ...]
    structures: tuple[StructureRule, ...]
    enumerations: tuple[Enumeration, ...]
    tables: Mapping[str, CodeTable]
    settings: Mapping[str, Mapping[str, object]]
    """Parsed TOML of the files that score, duties and advice read, by file stem: `severity`, `obligations`, …"""
