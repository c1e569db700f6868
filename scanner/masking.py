"""The only place that turns a value into what may be shown, and the keyed digest for what must be compared.

A mask keeps what tells a reader the kind of value (the prefix, the length, the last digits) and hides enough that it
cannot be told which one it was: of every identifier at least half of its digits, and never fewer than five where it has
ten or more. Masking what is masked changes nothing.
"""

from __future__ import annotations

import hmac
import os
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from hashlib import sha256

from scanner.terms import AnyType, ColumnType, PackType

STAR = "*"

#: What may stand between the digits of one number: blanks, dashes, dots, brackets, marks that are not seen.
_GAP = r"[\s\-.()+\u00a0\u00ad\u200b-\u200f\u2010-\u2015\u202a-\u202e\u2060-\u2069\u2212\ufeff]"

_DIGITS = re.compile(rf"\d(?:{_GAP}{{0,3}}\d){{8,}}")
#: Dates are no numbers: kept whole, so that a span of days in a reason or a file name stays readable.
_DATE = re.compile(r"(?<!\d)(?:19|20)\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])(?!\d)")
_FIGURES = b"0123456789"
_DIGIT = re.compile(r"\d")
#: Fewest digits of a run that is starred out and of a passport number, and fewest characters of an IBAN and a digest.
_RUN_DIGITS, _PASSPORT_DIGITS, _IBAN_LENGTH, _DIGEST_LENGTH = 9, 7, 24, 32
_EMAIL = re.compile(r"[\w.+%-]*[\w+%]@\w[\w-]*(?:\.[\w-]+)*")
_IBAN = re.compile(r"(?<![0-9A-Za-z])PK\d{2}[ -]?[A-Z]{4}(?:[ -]?[0-9A-Z]{4}){4}(?![0-9A-Za-z])", re.IGNORECASE)
_PASSPORT = re.compile(r"(?<![A-Za-z])(?:[A-Za-z]{2}-?|[A-Z]{2} )\d{7}(?!\d)")
_DIGEST = re.compile(r"(?<![0-9A-Za-z])(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})(?![0-9A-Za-z])", re.IGNORECASE)
_VEILED = re.compile(r"(?=[^A-Za-z]*[A-Za-z])[0-9A-Za-z+/_-]{20,}={0,2}")
_FLOAT = re.compile(r"([+-]?\d[.,]\d{0,2})([\d*]*)([eE]\+?\d{1,2})")
_WORD = re.compile(r"[^\W\d_](?:[^\W_]|[*'’])*|\d[\d*]*")
_VEILED_ALREADY = re.compile(r"[0-9A-Za-z+/]{2}\*\*\*\(\d{2,4} characters\)")
_EMAIL_ALREADY = re.compile(r"[^\W\d_]?\*\*\*@[^\W\d_]?\*\*\*(?:\.[^\W\d_]+)?")
_FLOAT_TAIL = re.compile(r"(?<=[\d*]{5})\.0+$")
_ISO_TIME = re.compile(
    r"\d{1,4}[-/. ]\w{1,3}[-/. ]\d{1,4}(?:[T ,]+[\d:.]+ ?(?:[AaPp][Mm])?)?(?: ?(?:Z|[+-]\d\d:?\d\d))?"
)

#: How many digits of an identifier are shown in front and at the end.
_SHOWN: Mapping[ColumnType, tuple[int, int]] = {
    ColumnType.MSISDN: (4, 2),
    ColumnType.LANDLINE: (3, 2),
    ColumnType.CNIC: (3, 1),
    ColumnType.IMSI: (5, 2),
    ColumnType.IMEI: (4, 2),
    ColumnType.ICCID: (6, 2),
    ColumnType.TICKET_NUMBER: (3, 2),
}

#: Longest sample shown; what is longer is cut after masking.
MAX_SHOWN = 48


def _is_place(char: str) -> bool:
    """Whether a character stands for a digit: a digit of any script or a mark that hides one."""
    return char.isdecimal() or char in "*xX#•"


def _star(text: str, head: int, tail: int, is_place: Callable[[str], bool] = str.isdecimal) -> str:
    """`text` with its places beyond the first `head` and the last `tail` starred; half of them at least are hidden."""
    plain = text.isdecimal()  # and so all of it
    places = range(len(text)) if plain else [i for i, char in enumerate(text) if is_place(char)]
    count = len(places)
    hide = max(count // 2, min(5, count))
    show = count - hide
    tail = min(tail, max(show // 2, show - head))
    head = min(head, show - tail)
    if plain:
        return text[:head] + STAR * (count - tail - head) + text[count - tail :]
    out = list(text)
    for i in places[head : count - tail]:
        out[i] = STAR
    return "".join(out)


def _run(match: re.Match[str]) -> str:
    """A run of digits that could be a whole number."""
    return _star(match.group(), 4, 2)


def _email(match: re.Match[str]) -> str:
    name, _, host = match.group().rpartition("@")
    first, dot, rest = host.partition(".")
    last = rest.rpartition(".")[2]
    end = f"{dot}{last}" if dot and not any(c.isdecimal() for c in last) else ""
    return f"{_initial(name)}***@{_initial(first)}***{end}"


def _initial(text: str) -> str:
    return text[:1] if text[:1].isalpha() else ""


def _iban(match: re.Match[str]) -> str:
    return _star(match.group(), 8, 2, str.isalnum)


def _passport(match: re.Match[str]) -> str:
    return _star(match.group(), 0, 2)


def _digest(match: re.Match[str]) -> str:
    return _veil(match.group())


def _veil(text: str) -> str:
    """Only the kind of a digest: its first bits narrow a number space down, so two characters at most are shown."""
    return f"{text[:2]}***({len(text)} characters)"


@lru_cache(maxsize=1 << 14)  # paths, reasons, rules and advice are much the same for many files
def mask_text(text: str, *, digests: bool = False) -> str:
    """A path, header or message in which everything that could be a whole identifier is starred out.

    That is any run of nine or more digits of any script, separators allowed, and every e-mail address, Pakistani IBAN
    and passport number; with `digests` every MD5, SHA-1 or SHA-256 in hexadecimal too (a file is often named by its
    own, a column never is).
    """
    # most texts hold too little for most kinds: nothing is looked for that cannot be there
    if text.isascii():
        plain = text.encode()
        digits = len(plain) - len(plain.translate(None, _FIGURES))
    else:
        digits = len(_DIGIT.findall(text))
    if "@" in text:
        text = _EMAIL.sub(_email, text)
    if len(text) >= _IBAN_LENGTH and "pk" in text.lower():
        text = _IBAN.sub(_iban, text)
    if digits >= _PASSPORT_DIGITS:
        text = _PASSPORT.sub(_passport, text)
    if digests and len(text) >= _DIGEST_LENGTH:
        text = _DIGEST.sub(_digest, text)
    if digits < _RUN_DIGITS:
        return text
    out, at = [], 0
    for date in _DATE.finditer(text):
        out += [_DIGITS.sub(_run, text[at : date.start()]), date.group()]
        at = date.end()
    return "".join(out) + _DIGITS.sub(_run, text[at:])


def _words(text: str, letters: int, short: int) -> str:
    """Words of more than `short` letters cut to their first `letters`; every digit starred."""

    def one(match: re.Match[str]) -> str:
        word = match.group()
        if word[0].isdecimal():
            return STAR * len(word)
        if STAR not in word and len(word) <= short and not any(c.isdecimal() for c in word):
            return word
        return word[: min(letters, len(word))].split(STAR)[0] + STAR * 3

    return _WORD.sub(one, text)


def _number(text: str, kind: ColumnType) -> str:
    plain = text.isdecimal()
    if not plain:
        if _VEILED.fullmatch(text):
            return _veil(text)
        if damaged := _FLOAT.fullmatch(text):
            return damaged[1] + STAR * len(damaged[2]) + damaged[3]
        at = text.find("@")
        if at > 0:  # a messenger's address: the number before the @
            text = text[:at]
        text = _FLOAT_TAIL.sub("", text)
    head, tail = _SHOWN[kind]
    if kind is ColumnType.MSISDN:
        digits = text if plain else "".join(filter(str.isdecimal, text))
        head += 3 if digits.startswith("00") else 1 if digits.startswith("9") else 0
    if not plain and any(map(str.isalpha, text)):
        text = "".join(char if _is_place(char) or not char.isalpha() else STAR for char in text)
    return _star(text, head, tail, _is_place)


def _address(text: str) -> str:
    groups = text.split(":") if ":" in text else text.split(".")
    sign = ":" if ":" in text else "."
    keep = 2 if len(groups) > 2 else 0
    return sign.join(group if i < keep and i < len(groups) - 1 else STAR for i, group in enumerate(groups))


def _birth(text: str) -> str:
    """The year stays, month and day go."""
    year = re.search(r"(?<!\d)(?:19|20)\d\d(?!\d)", text)
    spans = range(*year.span()) if year else range(0)
    return "".join(char if i in spans or not char.isalnum() else STAR for i, char in enumerate(text))


def _point(text: str) -> str:
    """One decimal of a coordinate: a tenth of a degree, about 11 km."""
    whole, dot, rest = text.partition(".")
    if not dot or not whole.lstrip("+-").isdecimal():
        return _words(text, 0, 0)
    return whole + dot + rest[:1] + STAR * min(4, max(0, len(rest) - 1))


def _other(text: str) -> str:
    """A value of unknown kind: enough to see codes and amounts, too little for a name or a number."""

    def one(match: re.Match[str]) -> str:
        word = match.group()
        if word[0].isdecimal():
            plain = word.count(STAR) == 0
            if plain and len(word) <= 4:
                return word
            return word if not plain else word[:2] + STAR * (len(word) - 2)
        if STAR in word or len(word) <= 3:
            return word
        return word[:2] + STAR * min(4, len(word) - 2)

    return _WORD.sub(one, mask_text(text, digests=True))


def _kept(text: str) -> str:
    return mask_text(text, digests=True)


def _time(text: str) -> str:
    if _ISO_TIME.fullmatch(text) and not re.search(r"\d{5,}", text.split(":")[0]):
        return text
    return re.sub(r"\d{7,}", lambda run: _star(run.group(), 4, 0), mask_text(text))


def mask_value(text: str, column_type: AnyType) -> str:
    """What may be shown of a cell in a column of a type, as in `0300*****67`; at most MAX_SHOWN characters."""
    text = " ".join(text[: 4 * MAX_SHOWN].split())
    if _VEILED_ALREADY.fullmatch(text):
        return text
    if isinstance(column_type, PackType):
        out = _veil(text) if _VEILED.fullmatch(text) else _star(text, 2, 2, lambda c: c.isalnum() or c == STAR)
    elif column_type in _SHOWN:
        out = _number(text, column_type)
    elif column_type is ColumnType.PASSPORT:
        out = _veil(text) if _VEILED.fullmatch(text) else _star(text, 2, 2, lambda c: c.isalnum() or c == STAR)
    elif column_type is ColumnType.IBAN:
        out = _star(text, 8, 2, lambda c: c.isalnum() or c == STAR)
    elif column_type is ColumnType.EMAIL:
        out = text if _EMAIL_ALREADY.fullmatch(text) else _EMAIL.sub(_email, text)
        if not _EMAIL_ALREADY.fullmatch(out):
            out = _words(out, 1, 0)
    elif column_type is ColumnType.IP_ADDRESS:
        out = _address(text)
    elif column_type is ColumnType.PNR:
        out = _star(text, 1, 1, lambda c: c.isalnum() or c == STAR)
    elif column_type is ColumnType.DATE_OF_BIRTH:
        out = _birth(text)
    elif column_type in (ColumnType.LATITUDE, ColumnType.LONGITUDE):
        out = _point(text)
    elif column_type in (ColumnType.PERSON_NAME, ColumnType.ADDRESS, ColumnType.FREE_TEXT):
        out = _words(text, 1, 0)
    elif column_type is ColumnType.TIMESTAMP:
        out = _time(text)
    elif column_type is ColumnType.OTHER:
        out = _other(text)
    else:
        out = _kept(text)
    if not out.isprintable():
        out = "".join(char if char.isprintable() else "�" for char in out)
    return out if len(out) <= MAX_SHOWN else out[: MAX_SHOWN - 1] + "…"


class Digester:
    """HMAC-SHA256 under a key that no output holds: equal values stay comparable, and nobody can enumerate them."""

    def __init__(self, key: bytes) -> None:
        """`key` of 16 bytes or more.

        Raises:
            ValueError: the key is shorter.
        """
        if len(key) < 16:
            raise ValueError(f"the key must have 16 bytes or more, not {len(key)}")
        self._key = key

    @classmethod
    def random(cls) -> Digester:
        """A digester for one run, under a key that is kept nowhere."""
        return cls(os.urandom(32))

    def digest(self, value: str) -> str:
        """64 hexadecimal digits for a normalised value."""
        return hmac.new(self._key, value.encode(), sha256).hexdigest()
