"""Reads rule packs from TOML and CSV files into the records of `schema`; docs/patterns.md describes the files."""

from __future__ import annotations

import csv
import hashlib
import io
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import tomli

from scanner.errors import PatternError
from scanner.packs.schema import (
    CodeTable,
    Enumeration,
    Expression,
    HeaderRule,
    Identifier,
    Lexicon,
    Negative,
    Notation,
    Pack,
    StructureRule,
)
from scanner.terms import IDENTIFIER_TYPES, AnyType, ColumnType, PackType, Structure

SCHEMA_VERSION = 1
#: Kinds of entries, and the name of their list, which may stand in any file; what else a TOML file holds is a setting.
_ENTRIES = {
    "identifiers": "identifier",
    "notations": "notation",
    "expressions": "expression",
    "lexicons": "lexicon",
    "headers": "header",
    "structures": "structure",
    "enumerations": "enumeration",
    "tables": "table",
}
#: Key that names an entry, by kind.
_NAMES = {"lexicons": "name", "tables": "name", "headers": "role"}
#: Check digits of the contract's own types; a pack's own identifiers have all of `checksums.CHECKS`.
_OWN_CHECKSUMS = ("", "luhn", "verhoeff", "ean13")
_IN_TEXT = ("always", "separated", "never")
_MATCH = ("cell", "token", "cue")
#: Digits that a code table can hold at most; detection keeps one flag per number below this power of ten.
MAX_CODE_DIGITS = 5
MAX_LENGTH = 24
#: Characters of a plain value that fit one block of MD5, SHA-1 and SHA-2.
MAX_TEMPLATE = 55

_ASCII_WORD = re.compile("[a-z0-9]+")

_E = TypeVar("_E", bound=StrEnum)
_T = TypeVar("_T")


def built_in_folder() -> Path:
    """The folder of the pack that comes with the package.

    Raises:
        PatternError: the installation lacks it.
    """
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "patterns", package.parent / "patterns"):
        if (folder / "pack.toml").is_file():
            return folder
    raise PatternError("patterns", "pack.toml", "the built-in rule pack is not installed; install the package again")


def fold_word(text: str) -> str:
    """Lower case, compatibility forms resolved, runs of anything but letters, digits and marks as one space."""
    if text.isascii():
        return text.lower() if text.isalnum() else " ".join(_ASCII_WORD.findall(text.lower()))
    folded = unicodedata.normalize("NFKC", text).lower()
    return " ".join("".join(c if c.isalnum() or unicodedata.combining(c) else " " for c in folded).split())


def fold_header(text: str) -> str:
    """Lower case, compatibility forms resolved, letters and digits only."""
    if text.isascii():
        return "".join(_ASCII_WORD.findall(text.lower()))
    return "".join(c for c in unicodedata.normalize("NFKC", text).lower() if c.isalnum())


@dataclass
class _Entry:
    """One TOML table with where it stands; takes typed values out and says what is wrong with them."""

    file: str
    name: str
    values: dict[str, Any]

    def fail(self, message: str) -> PatternError:
        return PatternError(self.file, self.name, message)

    def _take(self, key: str, kind: type[_T], what: str, default: _T | None) -> _T:
        value = self.values.pop(key, default)
        if value is None:
            raise self.fail(f"`{key}` is missing; add it ({what})")
        if not isinstance(value, kind) or isinstance(value, bool):
            raise self.fail(f"`{key}` must be {what}")
        return value

    def text(self, key: str, default: str | None = None) -> str:
        return self._take(key, str, "a string", default)

    def flag(self, key: str, default: bool) -> bool:
        value = self.values.pop(key, default)
        if not isinstance(value, bool):
            raise self.fail(f"`{key}` must be true or false")
        return value

    def number(self, key: str, low: int, high: int, default: int | None = None) -> int:
        value = self._take(key, int, f"a whole number of {low} to {high}", default)
        if not low <= value <= high:
            raise self.fail(f"`{key}` must be a whole number of {low} to {high}, not {value}")
        return value

    def share(self, key: str, default: float | None = None) -> float:
        value = self.values.pop(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise self.fail(f"`{key}` must be a number of 0 to 1")
        return float(value)

    def choice(self, key: str, choices: tuple[str, ...], default: str | None = None) -> str:
        value = self.text(key, default)
        if value not in choices:
            raise self.fail(f"`{key}` must be one of {', '.join(repr(c) for c in choices)}, not {value!r}")
        return value

    def term(self, key: str, terms: type[_E]) -> _E:
        value = self.text(key)
        try:
            return terms(value)
        except ValueError:
            raise self.fail(f"`{key}` is {value!r}; use one of {', '.join(terms)}") from None

    def texts(self, key: str, default: list[str] | None = None) -> tuple[str, ...]:
        value = self._take(key, list, "a list of strings", default)
        if not all(isinstance(one, str) for one in value):
            raise self.fail(f"`{key}` must be a list of strings")
        return tuple(value)

    def kind(self, known: Mapping[str, PackType]) -> AnyType:
        value = self.text("column_type")
        if value in known:
            return known[value]
        try:
            return ColumnType(value)
        except ValueError:
            one_of = ", ".join([*ColumnType, *known])
            message = f"`column_type` is {value!r}; use one of {one_of}, or add an [[identifier]] of that id"
            raise self.fail(message) from None

    def numbers(self, key: str, default: list[int] | None = None) -> tuple[int, ...]:
        value = self._take(key, list, "a list of whole numbers", [] if default is None else default)
        if not all(isinstance(one, int) and not isinstance(one, bool) for one in value):
            raise self.fail(f"`{key}` must be a list of whole numbers")
        return tuple(value)

    def source(self) -> tuple[str, ...]:
        found = self.texts("source")
        if not all(one.strip() for one in found) or not found:
            raise self.fail("`source` must name at least one document that the facts come from")
        return found

    def negatives(self) -> tuple[Negative, ...]:
        out = []
        for one in self._take("negative", list, "a list of { value, why }", []):
            shaped = isinstance(one, dict) and set(one) == {"value", "why"}
            if not shaped or not all(isinstance(text, str) for text in one.values()):
                raise self.fail('`negative` must be a list of { value = "…", why = "…" }')
            out.append(Negative(one["value"], one["why"]))
        return tuple(out)

    def done(self) -> None:
        if self.values:
            raise self.fail(f"unknown key {sorted(self.values)[0]!r}; check its spelling or remove it")


def _identifier(e: _Entry) -> Identifier:
    if not re.fullmatch(r"[a-z][a-z0-9_]{1,39}", e.name) or e.name in set(ColumnType):
        raise e.fail("`id` must be 2 to 40 small letters, digits and underscores, and no column type of the contract")
    label = e.text("label")
    weighs_as = e.choice("weighs_as", tuple(IDENTIFIER_TYPES), ColumnType.IBAN)
    return Identifier(
        type=PackType(e.name, label, e.text("plural", f"{label}s"), ColumnType(weighs_as)),
        min_share=e.share("min_share", 0.5),
        source=e.source(),
    )


def _notation(e: _Entry, known: Mapping[str, PackType]) -> Notation:
    from scanner.identifiers.checksums import CHECKS

    kind = e.kind(known)
    if "lengths" in e.values:
        lengths = e.numbers("lengths")
        if not lengths or not all(3 <= length <= MAX_LENGTH for length in lengths):
            raise e.fail(f"`lengths` must be whole numbers of 3 to {MAX_LENGTH}")
    else:
        lengths = (e.number("length", 3, MAX_LENGTH),)
    length = min(lengths)
    prefix, first = e.text("prefix", ""), e.text("first", "")
    if prefix and not (prefix.isascii() and prefix.isdigit() and len(prefix) < length):
        raise e.fail("`prefix` must be digits, fewer than `length`")
    if first and not (first.isascii() and first.isdigit()):
        raise e.fail('`first` must be the digits of which it begins with one, as in "23456789"')
    if prefix and first:
        raise e.fail("give `prefix` or `first`, not both")
    checks = ("", *CHECKS) if isinstance(kind, PackType) else _OWN_CHECKSUMS
    if not isinstance(kind, PackType) and (first or len(lengths) > 1):
        raise e.fail("`first` and `lengths` are for identifiers of your own ([[identifier]]); write one entry a length")
    out = Notation(
        id=e.name,
        column_type=kind,
        label=e.text("label"),
        lengths=lengths,
        prefix=prefix,
        first=first,
        strip=e.number("strip", 0, length - 1, 0),
        component=e.text("component", ""),
        component_digits=e.number("component_digits", 0, MAX_CODE_DIGITS, 0),
        checksum=e.choice("checksum", checks, ""),
        strength=e.number("strength", 1, 3),
        breaks=e.numbers("breaks"),
        free_after=e.number("free_after", 0, max(lengths), max(lengths)),
        in_text=e.choice("in_text", _IN_TEXT, "never"),
        strict=e.text("strict", ""),
        strict_digits=e.number("strict_digits", 0, MAX_CODE_DIGITS, 0),
        source=e.source(),
        positive=e.texts("positive", []),
        negative=e.negatives(),
    )
    if any(not 0 < place < max(lengths) for place in out.breaks):
        raise e.fail(f"`breaks` must be positions of 1 to {max(lengths) - 1}")
    for table, digits in ((out.component, out.component_digits), (out.strict, out.strict_digits)):
        if bool(table) != bool(digits):
            raise e.fail("a code table and the number of its digits must be given together")
        if out.strip + digits > length:
            raise e.fail("`strip` and the code's digits are longer than `length`")
    if isinstance(kind, PackType) and out.strict:
        raise e.fail("`strict` is for the contract's own types; use `component`")
    return out


def _expression(e: _Entry, known: Mapping[str, PackType], foreign: bool) -> Expression:
    """`foreign`: the entry is not of the built-in pack, whose expressions its tests have judged."""
    from scanner.identifiers import VALIDATORS

    kind = e.kind(known)
    if foreign and not isinstance(kind, PackType):
        raise e.fail(
            f"{kind} is found by compiled code; add an [[identifier]] with an id of your own that weighs as one of "
            f"{', '.join(IDENTIFIER_TYPES)}, and name it in `column_type`"
        )
    out = Expression(
        id=e.name,
        column_type=kind,
        label=e.text("label"),
        pattern=e.text("pattern"),
        validator=e.choice("validator", ("", *VALIDATORS), ""),
        strength=e.number("strength", 1, 3, 1),
        in_text=e.choice("in_text", ("always", "never"), "never"),
        source=e.source(),
        positive=e.texts("positive", []),
        negative=e.negatives(),
    )
    if foreign:
        from scanner.packs.backtracking import fault

        if (found := fault(out)) is not None:
            raise e.fail(found)
    return out


def _enumeration(e: _Entry, tables: Mapping[str, CodeTable]) -> Enumeration:
    template, name = e.text("template"), e.text("table")
    table = tables.get(name)
    if table is None or not table.digits:
        raise e.fail(f"no table {name!r} of codes with a number of digits; see tables.toml")
    if not template.isascii() or len(template) > MAX_TEMPLATE:
        raise e.fail(f"`template` must be ASCII of at most {MAX_TEMPLATE} characters")
    if template.count("C") != table.digits:
        raise e.fail(f"`template` must hold C {table.digits} times, for the codes of {name}")
    if not 4 <= template.count("S") <= 12:
        raise e.fail("`template` must hold S 4 to 12 times, for the serial")
    return Enumeration(
        id=e.name,
        column_type=e.term("column_type", ColumnType),
        label=e.text("label"),
        template=template,
        table=name,
        common=e.flag("common", False),
        source=e.source(),
        positive=e.texts("positive", []),
        negative=e.negatives(),
    )


def _lexicon(e: _Entry, tables: Mapping[str, CodeTable]) -> Lexicon:
    column_type = e.term("column_type", ColumnType)
    match = e.choice("match", _MATCH)
    words = {fold_word(word) for word in e.texts("words", [])}
    for spec in e.texts("from_tables", []):
        name, _, column = spec.partition(".")
        table = tables.get(name)
        if table is None:
            raise e.fail(f"`from_tables` names the table {name!r}, which does not exist; add tables/{name}.csv")
        for code, row in table.codes.items():
            if column and column != "code" and column not in row:
                raise e.fail(f"`from_tables` names the column {column!r}, which table {name!r} does not have")
            words.add(fold_word(row[column] if column and column != "code" else code))
    words.discard("")
    if match != "cell" and any(" " in word for word in words):
        raise e.fail("words of a lexicon that matches tokens or cues must be single words")
    return Lexicon(name=e.name, column_type=column_type, match=match, words=frozenset(words), source=e.source())


def _header(e: _Entry, known: Mapping[str, PackType]) -> HeaderRule:
    words = e.texts("words")
    if not all(word[:1].isalnum() or fold_header(word) for word in words):
        raise e.fail("`words` holds a spelling without letters and digits")
    return HeaderRule(
        role=e.name,
        column_type=e.kind(known),
        words=words,
        forms=e.texts("forms", []),
        source=e.source(),
        positive=e.texts("positive", []),
        negative=e.negatives(),
    )


def _structure(e: _Entry, known: Mapping[str, PackType]) -> StructureRule:
    structure = e.term("structure", Structure)
    needs = e.values.pop("needs", None)
    if (
        not isinstance(needs, list)
        or not needs
        or not all(isinstance(group, list) and group and all(isinstance(one, str) for one in group) for group in needs)
    ):
        raise e.fail("`needs` must be a list of lists of roles or column types")
    roles = e.values.pop("roles", {})
    if not isinstance(roles, dict) or not all(
        isinstance(kinds, list) and all(isinstance(kind, str) and kind in {*ColumnType, *known} for kind in kinds)
        for kinds in roles.values()
    ):
        raise e.fail("`roles` must map each role to a list of column types")
    any_of = e.texts("any_of", [])
    return StructureRule(
        id=e.name,
        structure=structure,
        needs=tuple(tuple(group) for group in needs),
        any_of=any_of,
        any_count=e.number("any_count", 0, len(any_of), 0),
        excludes=e.texts("excludes", []),
        roles=MappingProxyType({role: tuple(kinds) for role, kinds in roles.items()}),
        confidence=e.share("confidence"),
        source=e.source(),
        positive=e.texts("positive", []),
        negative=e.negatives(),
    )


def _table(e: _Entry, csv_file: str, data: bytes) -> CodeTable:
    digits = e.number("digits", 0, 20, 0)
    try:
        rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig")), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise PatternError(csv_file, e.name, f"is not CSV in UTF-8 ({type(error).__name__}); save it as such") from None
    if not rows or rows[0][:1] != ["code"]:
        raise PatternError(csv_file, e.name, "the first column must be headed `code`")
    names = rows[0][1:]
    codes: dict[str, Mapping[str, str]] = {}
    for number, row in enumerate(rows[1:], 2):
        if len(row) != len(rows[0]):
            raise PatternError(csv_file, f"line {number}", f"has {len(row)} fields where the header has {len(rows[0])}")
        code = row[0]
        if code in codes:
            raise PatternError(csv_file, f"line {number}", f"gives the code {code!r} again; remove one of the two")
        if digits and not (len(code) == digits and code.isascii() and code.isdigit()):
            raise PatternError(csv_file, f"line {number}", f"the code must have {digits} digits")
        codes[code] = MappingProxyType(dict(zip(names, row[1:], strict=True)))
    return CodeTable(name=e.name, digits=digits, codes=MappingProxyType(codes), source="; ".join(e.source()))


def _files(folder: Path) -> dict[str, bytes]:
    """Pattern files of a folder by their path below it, sorted; or the one file that `folder` is."""
    if folder.suffix == ".toml" and folder.is_file():
        paths = [folder]
    elif folder.is_dir():
        paths = sorted((*folder.glob("*.toml"), *(folder / "tables").glob("*.csv")))
    else:
        raise PatternError(str(folder), "folder", "does not exist or is no folder; name one that holds pattern files")
    out: dict[str, bytes] = {}
    for path in paths:
        try:
            out[path.name if path == folder else path.relative_to(folder).as_posix()] = path.read_bytes()
        except OSError as error:
            raise PatternError(str(path), "file", f"cannot be read ({error.strerror}); check its permissions") from None
    return out


def _parse(file: str, data: bytes) -> dict[str, Any]:
    try:
        return tomli.loads(data.decode("utf-8"))
    except UnicodeDecodeError:
        raise PatternError(file, "file", "is not UTF-8; save it as UTF-8") from None
    except tomli.TOMLDecodeError as error:
        raise PatternError(file, "file", f"is not TOML: {error}") from None


def _merge(base: dict[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Settings with those of a user laid over them, table by table."""
    out = dict(base)
    for key, value in over.items():
        held = out.get(key)
        out[key] = _merge(held, value) if isinstance(held, dict) and isinstance(value, dict) else value
    return out


def _entry_key(stem: str, values: Mapping[str, Any]) -> str:
    if stem == "headers":
        return f"{values.get('role')}/{values.get('column_type')}"
    if stem == "structures":
        return str(values.get("id", values.get("structure")))
    return str(values.get(_NAMES.get(stem, "id")))


def _entries(stem: str, file: str, listed: Any, seen: set[str]) -> Iterable[tuple[str, _Entry]]:
    """The entries of one kind in a file; `seen` are the keys of those before them in the same folder."""
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise PatternError(file, _ENTRIES[stem], f"must be written as [[{_ENTRIES[stem]}]]")
    key_name = _NAMES.get(stem, "id")
    for number, values in enumerate(listed, 1):
        values = dict(values)
        key = _entry_key(stem, values)
        name = values.pop(key_name, None)
        if not isinstance(name, str) or not name:
            raise PatternError(file, f"{_ENTRIES[stem]} {number}", f"`{key_name}` is missing; give the entry one")
        if key in seen:
            raise PatternError(file, name, f"stands twice among these files; give each entry its own `{key_name}`")
        seen.add(key)
        yield key, _Entry(file, name, values)


def _lay(base: dict[str, _Entry], key: str, entry: _Entry) -> None:
    """Put an entry in the place of the one of its key, or add its words to that one's where it has `add`."""
    if "add" in entry.values:
        more, source, held = entry.texts("add"), entry.source(), base.get(key)
        examples = {name: entry.values.pop(name) for name in ("positive", "negative") if name in entry.values}
        entry.values.pop("column_type", None)
        if "words" in entry.values:
            raise entry.fail("give `words` to replace or `add` to add, not both")
        entry.done()
        if held is None or not isinstance(held.values.get("words"), list):
            raise entry.fail("`add` adds to the words of an entry that does not exist; give it `words` instead")
        entry.values = {
            **held.values,
            "words": [*held.values["words"], *more],
            "source": [*held.values.get("source", []), *source],
            **{name: [*held.values.get(name, []), *more] for name, more in examples.items() if isinstance(more, list)},
        }
    base[key] = entry


def _build(entries: Mapping[str, _Entry], make: Callable[[_Entry], _T]) -> tuple[_T, ...]:
    out = []
    for entry in entries.values():
        out.append(make(entry))
        entry.done()
    return tuple(out)


def _load(folders: tuple[Path, ...]) -> Pack:
    entries: dict[str, dict[str, _Entry]] = {stem: {} for stem in _ENTRIES}
    csvs: dict[str, tuple[str, bytes]] = {}
    settings: dict[str, dict[str, Any]] = {}
    foreign: set[int] = set()
    digest = hashlib.sha256()
    for layer, folder in enumerate(folders):
        seen: dict[str, set[str]] = {stem: set() for stem in _ENTRIES}
        settled = set(settings)
        for name, data in _files(folder).items():
            digest.update(f"{layer}/{name}\0{len(data)}\0".encode() + data)
            file = name if layer == 0 else str(folder if folder.is_file() else folder / name)
            stem = Path(name).stem
            if name.endswith(".csv"):
                csvs[stem] = (file, data)
                continue
            parsed = _parse(file, data)
            for group, listed in _ENTRIES.items():
                if listed in parsed:
                    for key, entry in _entries(group, file, parsed.pop(listed), seen[group]):
                        _lay(entries[group], key, entry)
                        if layer:
                            foreign.add(id(entry))
            if parsed and (stem in _ENTRIES or (layer and stem not in settled)):
                lists = ", ".join(f"[[{listed}]]" for listed in _ENTRIES.values())
                raise PatternError(file, sorted(parsed)[0], f"is not known here; entries stand under {lists}")
            if parsed:
                settings[stem] = _merge(settings.get(stem, {}), parsed)
    about = _Entry("pack.toml", "pack", dict(settings.pop("pack", {})))
    version = about.number("schema_version", 0, 1_000_000)
    if version != SCHEMA_VERSION:
        raise about.fail(f"schema_version is {version}; this version reads {SCHEMA_VERSION}")
    about.text("name")
    release = about.text("version")
    about.done()
    for name, (file, _) in csvs.items():
        if name not in entries["tables"]:
            raise PatternError(file, name, "is not in tables.toml; add a [[table]] with name, digits and source")
    tables: dict[str, CodeTable] = {}
    for entry in entries["tables"].values():
        if entry.name not in csvs:
            raise entry.fail(f"tables/{entry.name}.csv does not exist; add it or remove the entry")
        tables[entry.name] = _table(entry, *csvs[entry.name])
        entry.done()
    identifiers = _build(entries["identifiers"], _identifier)
    own = {str(one.type): one.type for one in identifiers}
    notations = _build(entries["notations"], lambda e: _notation(e, own))
    for notation in notations:
        pairs = ((notation.component, notation.component_digits), (notation.strict, notation.strict_digits))
        for table, digits in pairs:
            if table and (table not in tables or tables[table].digits != digits):
                known = ", ".join(f"{t.name} ({t.digits})" for t in tables.values() if t.digits)
                raise entries["notations"][notation.id].fail(f"no table {table!r} with {digits} digits; known: {known}")
    return Pack(
        version=release,
        sha256=digest.hexdigest(),
        identifiers=identifiers,
        notations=notations,
        expressions=_build(entries["expressions"], lambda e: _expression(e, own, id(e) in foreign)),
        lexicons=_build(entries["lexicons"], lambda e: _lexicon(e, tables)),
        headers=_build(entries["headers"], lambda e: _header(e, own)),
        structures=_build(entries["structures"], lambda e: _structure(e, own)),
        enumerations=_build(entries["enumerations"], lambda e: _enumeration(e, tables)),
        tables=MappingProxyType(tables),
        settings=MappingProxyType({name: MappingProxyType(value) for name, value in sorted(settings.items())}),
    )


@lru_cache(maxsize=8)
def _cached(folders: tuple[Path, ...]) -> Pack:
    return _load(folders)


def load_pack(folder: Path | None = None) -> Pack:
    """The built-in rule pack, with the pattern files of `folder` laid over it; the same pack for the same folder.

    `folder` may be one TOML file too. An entry replaces the built-in one of the same id (header: role and column type;
    lexicon and table: name) or adds words to it, others are added.

    Raises:
        PatternError: a file or an entry cannot be used; says which and what to do.
    """
    built_in = built_in_folder()
    return _cached((built_in,) if folder is None else (built_in, folder.resolve()))
