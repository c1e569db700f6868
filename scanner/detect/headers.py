"""What a column's header says: role, column type and form, by exact, joined and near spellings."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from scanner.packs.schema import HeaderRule, Pack
from scanner.terms import ColumnType, Form


@dataclass(frozen=True, slots=True)
class HeaderMatch:
    """What a header speaks for."""

    role: str
    type: ColumnType
    weight: float
    """1 exact, less for near spellings."""
    form: Form | None = None
    """Form that the header names, as in `msisdn_md5`."""


_HASH_WORDS = (
    "sha256",
    "sha512",
    "sha224",
    "sha1",
    "sha",
    "md5",
    "hashed",
    "hash",
    "digest",
    "hmac",
    "enc",
    "encrypted",
)
_MASK_WORDS = ("masked", "mask")
_NAMELESS = ("column", "col", "field", "f", "c", "var", "v", "unnamed", "x", "attr", "attribute", "a", "b")


def fold(text: str) -> str:
    """Lower case, letters and digits only, compatibility forms resolved."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).lower() if c.isalnum())


def is_nameless(name: str | None) -> bool:
    """Whether a header says nothing: absent, or a running number such as `F2` or `col_3`."""
    if name is None:
        return True
    text = fold(name).rstrip("0123456789")
    return text == "" or (text in _NAMELESS and text != fold(name)) or text == "unnamed"


@dataclass(frozen=True)
class _Index:
    exact: dict[str, HeaderRule]
    long: tuple[tuple[str, HeaderRule], ...]
    by_length: dict[int, tuple[tuple[str, HeaderRule], ...]]


@lru_cache(maxsize=4)
def _index(pack: Pack) -> _Index:
    exact: dict[str, HeaderRule] = {}
    for rule in pack.headers:
        for word in rule.words:
            key = fold(word)
            held = exact.get(key)
            if key and (held is None or held.role == "none"):
                exact[key] = rule
    ordered = sorted(exact.items(), key=lambda item: (-len(item[0]), item[0]))
    by_length: dict[int, list[tuple[str, HeaderRule]]] = {}
    for item in ordered:
        by_length.setdefault(len(item[0]), []).append(item)
    return _Index(exact, tuple(i for i in ordered if len(i[0]) >= 4), {n: tuple(v) for n, v in by_length.items()})


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


def _words(name: str) -> list[str]:
    out, word = [], ""
    previous = ""
    for c in unicodedata.normalize("NFKC", name):
        if not c.isalnum() or (c.isupper() and previous.islower()):
            if word:
                out.append(word.lower())
            word = ""
        if c.isalnum():
            word += c
        previous = c
    if word:
        out.append(word.lower())
    return out


def _strip(words: list[str], markers: tuple[str, ...]) -> list[str]:
    return [word for word in words if word not in markers]


@lru_cache(maxsize=65536)
def _match(pack: Pack, name: str) -> HeaderMatch | None:
    index = _index(pack)
    words = _words(name.replace("[]", " "))
    whole = "".join(words)
    if not whole:
        return None
    form: Form | None = None
    for markers, what in ((_HASH_WORDS, Form.HASHED), (_MASK_WORDS, Form.MASKED)):
        rest = _strip(words, markers)
        if len(rest) < len(words) and rest:
            inner = _match(pack, " ".join(rest))
            if inner is not None and inner.role != "none":
                return HeaderMatch(inner.role, inner.type, inner.weight, what)
            return HeaderMatch("none", ColumnType.OTHER, 0.8)
    rule = index.exact.get(whole)
    if rule is not None:
        return HeaderMatch(rule.role, rule.column_type, 1.0, form)
    if "." in name:
        parts = [part for part in name.split(".") if part]
        for tried in ("".join(parts[-2:]), parts[-1]):
            rule = index.exact.get(fold(tried))
            if rule is not None:
                return HeaderMatch(rule.role, rule.column_type, 0.95, form)
    bare = whole.rstrip("0123456789")
    if bare != whole and bare in index.exact and len(bare) > 1:
        rule = index.exact[bare]
        return HeaderMatch(rule.role, rule.column_type, 0.9, form)
    # words within the header, the longest run first, later words before earlier ones
    for size in range(len(words) - 1, 0, -1):
        for start in range(len(words) - size, -1, -1):
            run = "".join(words[start : start + size])
            rule = index.exact.get(run)
            if rule is not None and len(run) >= 3:
                return HeaderMatch(rule.role, rule.column_type, 0.75 if size > 1 or len(run) >= 4 else 0.5, form)
    if len(whole) >= 6:
        for n in (len(whole), len(whole) - 1, len(whole) + 1):
            for word, rule in index.by_length.get(n, ()):
                if word[0] == whole[0] and _near(word, whole):
                    return HeaderMatch(rule.role, rule.column_type, 0.7, form)
    for word, rule in index.long:
        if len(word) >= 5 and word in whole and len(word) * 2 >= len(whole):
            return HeaderMatch(rule.role, rule.column_type, 0.6, form)
    return None


def match(pack: Pack, name: str | None) -> HeaderMatch | None:
    """What a header speaks for, None where it says nothing."""
    return None if name is None or is_nameless(name) else _match(pack, name)
