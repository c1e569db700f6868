"""What a column's header says: role, column type and form, by exact, abbreviated, joined and near spellings.

A header is cut into words; abbreviations, Roman Urdu and Urdu become the words of `headers.toml` (see
`header_words.toml`), words without meaning fall away, and joined words are taken apart at words that are known.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, cast

from scanner.packs.schema import HeaderRule, Pack
from scanner.terms import AnyType, ColumnType, Form, PackType

#: Arabic letters for the Urdu ones that look alike, and marks that are written or left out at will.
_LETTERS = str.maketrans("يىكةهۃۂأإٱ", "ییکہہہہااا", "\u0640\u064b\u064c\u064d\u064e\u064f\u0650\u0651\u0652\u0670")


#: Letters and digits of ASCII, the same or a number sign, and where a word begins within them.
_ASCII_RUN, _ASCII_WORD = re.compile("[a-z0-9]+"), re.compile("[a-z0-9]+|#")
_EDGE = re.compile("(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@dataclass(frozen=True, slots=True)
class HeaderMatch:
    """What a header speaks for."""

    role: str
    type: AnyType
    weight: float
    """1 exact, less for near spellings."""
    form: Form | None = None
    """Form that the header names, as in `msisdn_md5`."""
    others: tuple[tuple[str, AnyType], ...] = ()
    """Further roles, with their types, that the same spelling may mean."""

    def role_of(self, kind: AnyType) -> str | None:
        """The role that the header names for a type, None where it does not speak for that type."""
        if self.type == kind:
            return self.role
        return next((role for role, other in self.others if other == kind), None)


def _letters(text: str) -> str:
    return unicodedata.normalize("NFKC", text).translate(_LETTERS)


def fold(text: str) -> str:
    """Lower case, letters and digits only, compatibility forms and look-alike Arabic letters resolved."""
    if text.isascii():
        return "".join(_ASCII_RUN.findall(text.lower()))
    return "".join(c for c in _letters(text).lower() if c.isalnum())


@dataclass(frozen=True)
class _Index:
    exact: dict[str, HeaderRule]
    canonical: dict[str, HeaderRule]
    """The words of a spelling as `_canonical` writes them, joined in order."""
    unordered: dict[tuple[str, ...], HeaderRule]
    long: tuple[tuple[str, HeaderRule], ...]
    by_length: dict[int, tuple[tuple[str, HeaderRule], ...]]
    """Spellings, and their words as `_canonical` writes them, by length."""
    by_role: dict[str, HeaderRule]
    sides: Mapping[str, str]
    """Word → role of the number that it stands before."""
    known: frozenset[str]
    same: Mapping[str, str]
    empty: frozenset[str]
    hashed: frozenset[str]
    masked: frozenset[str]
    nameless: frozenset[str]
    heads: frozenset[str]
    parties: frozenset[str]
    ambiguous: Mapping[str, tuple[tuple[str, AnyType], ...]]


def _words(name: str) -> list[str]:
    if name.isascii():
        name = name.replace("'s ", " ")
        return _ASCII_WORD.findall((name if name.islower() else _EDGE.sub(" ", name)).lower())
    out, word = [], ""
    previous = ""
    text = _letters(name).replace("'s ", " ").replace("’s ", " ")
    for place, c in enumerate(text):
        following = text[place + 1 : place + 2]
        edge = c.isupper() and (previous.islower() or (previous.isupper() and following.islower()))
        if not c.isalnum() or edge:
            if word:
                out.append(word.lower())
            word = ""
        if c.isalnum():
            word += c
        elif c == "#":
            out.append(c)
        previous = c
    if word:
        out.append(word.lower())
    return out


@lru_cache(maxsize=4)
def _index(pack: Pack) -> _Index:
    words = cast(Mapping[str, Any], pack.settings.get("header_words", {}))
    same = {_letters(key).lower(): str(value) for key, value in words.get("same", {}).items()}
    sets = {
        name: frozenset(fold(one) for one in words.get(name, ()))
        for name in ("empty", "hashed", "masked", "nameless", "heads", "parties")
    }
    exact: dict[str, HeaderRule] = {}
    canonical: dict[str, HeaderRule] = {}
    unordered: dict[tuple[str, ...], HeaderRule] = {}
    known: set[str] = set(same)
    for rule in sorted(pack.headers, key=lambda rule: not isinstance(rule.column_type, PackType)):  # an added one wins
        for word in rule.words:
            key = fold(word)
            if key and (key not in exact or exact[key].role == "none"):
                exact[key] = rule
            parts = _words(word)
            known.update(part for part in parts if len(part) >= 3 and not part.isdigit())
            plain = [same.get(part, part) for part in parts if part not in sets["empty"] or len(part) == 1]
            if plain:
                canonical.setdefault("".join(plain), rule)
                if len(plain) > 1:
                    unordered.setdefault(tuple(sorted(plain)), rule)
    ordered = sorted(exact.items(), key=lambda item: (-len(item[0]), item[0]))
    by_length: dict[int, list[tuple[str, HeaderRule]]] = {}
    for item in (*ordered, *sorted((i for i in canonical.items() if i[0] not in exact), key=lambda i: i[0])):
        by_length.setdefault(len(item[0]), []).append(item)
    sides = {fold(word): role for role, listed in words.get("sides", {}).items() for word in listed}
    known.update(sides)
    types = {rule.role: rule.column_type for rule in pack.headers}
    return _Index(
        exact,
        canonical,
        unordered,
        tuple(item for item in ordered if len(item[0]) >= 5),
        {n: tuple(held) for n, held in by_length.items()},
        {rule.role: rule for rule in reversed(pack.headers)},
        sides,
        frozenset(known),
        same,
        ambiguous={
            fold(key): tuple((role, types[role]) for role in roles if role in types)
            for key, roles in words.get("ambiguous", {}).items()
        },
        **sets,
    )


def prepare(pack: Pack) -> None:
    """Make what names are looked up in, before there are workers that each would."""
    _index(pack)


@lru_cache(maxsize=1 << 14)
def is_nameless(pack: Pack, name: str | None) -> bool:
    """Whether a header says nothing: absent, or a running number such as `F2` or `col_3`."""
    if name is None:
        return True
    text = fold(name)
    bare = text.rstrip("0123456789")
    if bare == "":
        return True
    return bare.startswith("unnamed") or (bare in _index(pack).nameless and bare != text)


def _near(one: str, other: str) -> bool:
    """Whether one edit (or one swap of neighbours) turns one word into the other."""
    if one == other:
        return True
    if abs(len(one) - len(other)) > 1:
        return False
    i = 0
    while i < min(len(one), len(other)) and one[i] == other[i]:
        i += 1
    a, b = one[i:], other[i:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or (a[:2] == b[:2][::-1] and a[2:] == b[2:])


def _split(word: str, known: frozenset[str]) -> list[str]:
    """A joined word as the fewest known words that make it up, itself where none do."""
    if word in known or len(word) < 6 or not word.isalpha():
        return [word]
    best: list[list[str] | None] = [[]] + [None] * len(word)
    for end in range(2, len(word) + 1):
        for start in range(max(0, end - 14), end - 1):
            before, piece = best[start], word[start:end]
            if before is None or piece not in known or (len(piece) < 3 and start == 0):
                continue
            held = best[end]
            if held is None or len(before) + 1 < len(held):
                best[end] = [*before, piece]
    found = best[-1]
    return found if found is not None and len(found) <= 4 else [word]


def _canonical(words: list[str], index: _Index, letters: bool) -> list[str]:
    """The words as `headers.toml` has them: joined ones taken apart, abbreviations written out, empty ones dropped.

    Single letters stay if `letters`: in "A Number" they carry the meaning, in "E Mail of a user" they do not.
    """
    parts = [part for word in words for part in _split(word, index.known)]
    plain = [index.same.get(part, part) for part in parts]
    kept = [
        part
        for part, before in zip(plain, parts, strict=True)
        if before not in index.empty or (letters and len(before) == 1)
    ]
    return kept or plain


def _made(rule: HeaderRule, weight: float) -> HeaderMatch:
    return HeaderMatch(rule.role, rule.column_type, weight)


def _runs(words: list[str], spellings: Mapping[str, HeaderRule]) -> tuple[HeaderRule, str, int] | None:
    """The longest run of words that is a spelling, later ones before earlier ones."""
    for size in range(len(words) - 1, 0, -1):
        for start in range(len(words) - size, -1, -1):
            run = "".join(words[start : start + size])
            rule = spellings.get(run)
            if rule is not None and len(run) >= 3:
                return rule, run, size
    return None


def _sided(words: list[str], index: _Index) -> HeaderRule | None:
    """The role of a number of which the words say whose it is, as in `originating mobile number`."""
    roles = {index.sides[word] for word in words if word in index.sides}
    rest = "".join(word for word in words if word not in index.sides and word not in index.parties)
    rule = index.canonical.get(rest) or index.exact.get(rest)
    if len(roles) != 1 or rule is None or rule.role != "subscriber_number":
        return None
    return index.by_role.get(roles.pop())


def _slip(text: str, index: _Index) -> HeaderRule | None:
    """The spelling that a text is but for one letter, of those that begin alike."""
    for n in (len(text), len(text) - 1, len(text) + 1):
        for word, rule in index.by_length.get(n, ()):
            if word[0] == text[0] and _near(word, text):
                return rule
    return None


def _meant(word: str, index: _Index) -> str:
    """The known word that a word is but for one letter, itself where there is none or more than one."""
    near = [known for known in index.known if known[0] == word[0] and len(known) >= 4 and _near(known, word)]
    return near[0] if len({index.same.get(known, known) for known in near}) == 1 else word


@lru_cache(maxsize=65536)
def _match(pack: Pack, name: str) -> HeaderMatch | None:
    index = _index(pack)
    words = _words(name.replace("[]", " "))
    whole = "".join(word for word in words if word != "#")
    if not whole:
        return None
    for markers, what in ((index.hashed, Form.HASHED), (index.masked, Form.MASKED)):
        rest = [word for word in words if word not in markers]
        if len(rest) < len(words) and rest:
            inner = _match(pack, " ".join(rest))
            if inner is not None and inner.role != "none":
                return replace(inner, form=what)
            return HeaderMatch("none", ColumnType.OTHER, 0.8)
    rule = index.exact.get(whole)
    meant = index.ambiguous.get(whole)
    if meant:
        role, kind = (rule.role, rule.column_type) if rule is not None and rule.role != "none" else meant[0]
        firm = 1.0 if rule is not None and rule.role != "none" else 0.7
        return HeaderMatch(role, kind, firm, None, tuple(one for one in meant if one[0] != role))
    if rule is not None:
        return _made(rule, 1.0)
    if "." in name and ". " not in name:
        parts = [part for part in name.split(".") if part]
        for leaf in (" ".join(parts[-2:]), parts[-1]):
            inner = _match(pack, leaf) if leaf != name else None
            if inner is not None and (inner.weight >= 0.9 or inner.others):
                return replace(inner, weight=min(0.95, inner.weight))
    lettered, plain = _canonical(words, index, True), _canonical(words, index, False)
    for tried in (lettered, plain):
        joined = "".join(tried)
        rule = index.exact.get(joined)  # what is spelled so itself, before what only comes to the same words
        rule = rule if rule is not None and rule.role != "none" else index.canonical.get(joined)
        if rule is not None:
            return _made(rule, 0.95)
    bare = whole.rstrip("0123456789")
    if bare != whole and bare in index.exact and len(bare) > 1:
        return _made(index.exact[bare], 0.9)
    for tried in (lettered, plain):
        rule = index.unordered.get(tuple(sorted(tried)))
        if rule is not None:
            return _made(rule, 0.9)
    if (rule := _sided(lettered, index)) is not None:
        return _made(rule, 0.9)
    odd = [word for word in words if word not in index.known and len(word) >= 4 and word.isalpha()]
    if odd and len(whole) >= 8:
        if (rule := _slip(whole, index)) is not None:
            return _made(rule, 0.7)
        meant_words = [_meant(word, index) if word in odd and len(word) >= 5 else word for word in words]
        inner = _match(pack, " ".join(meant_words)) if meant_words != words else None
        if inner is not None and inner.weight >= 0.75 and inner.role != "none":
            return replace(inner, weight=0.7)
    if "of" in words[1:-1]:  # what a header of two parts names stands first
        inner = _match(pack, " ".join(words[: len(words) - 1 - words[::-1].index("of")]))
        if inner is not None and inner.weight >= 0.9 and inner.role != "none":
            return replace(inner, weight=0.75)
    if len(plain) > 1 and plain[-1] in index.heads:
        inner = _match(pack, plain[-1])
        return replace(inner, weight=0.5) if inner is not None else HeaderMatch("none", ColumnType.OTHER, 0.5)
    runs = [run for run in (_runs(words, index.exact), _runs(plain, index.canonical)) if run is not None]
    if runs:
        rule, text, size = max(runs, key=lambda run: len(run[1]))
        return _made(rule, 0.75 if size > 1 or len(text) >= 4 else 0.5)
    if plain != words and len(plain) == 1 and plain[0] in index.exact:
        return _made(index.exact[plain[0]], 0.8)
    if len(whole) >= 6 and (rule := _slip(whole, index)) is not None:
        return _made(rule, 0.7)
    for word, rule in index.long:
        if word in whole and len(word) * 2 >= len(whole):
            return _made(rule, 0.6)
    return None


def match(pack: Pack, name: str | None) -> HeaderMatch | None:
    """What a header speaks for, None where it says nothing."""
    return None if name is None or is_nameless(pack, name) else _match(pack, name)


@lru_cache(maxsize=1 << 14)
def spoken(pack: Pack, name: str | None) -> frozenset[AnyType]:
    """The types that a header speaks for."""
    found = match(pack, name)
    return frozenset() if found is None else frozenset((found.type, *(kind for _, kind in found.others)))
