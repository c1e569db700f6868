"""Compiled passes over cells where they lie: bytes in, classes, counts and keys out; no policy.

Cell i is `data[starts[i]:stops[i]]` (data: uint8[...]; starts, stops: int32[n]) and counts `weights[i]` times (int64[n],
or empty where each counts once). Each cell falls into one class of `CLASSES` and may yield keys: normalised identifier
values as int64. `scanner.identifiers` holds the slow oracles.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from scanner.compiled import kernel
from scanner.detect.shapes import (
    A_LATITUDE,
    FOREIGN_CELL,
    NO_CELL,
    NO_POINT,
    PAKISTANI_CELL,
    cell_identity,
    document_code,
    point,
    spelled_duration,
)

# --- what is counted per column -----------------------------------------------------------------------------------

CLASSES = (
    "filled", "digits", "separated", "decimal", "scientific", "masked", "digest", "datetime", "date", "clock", "ip",
    "email", "iban", "iban_valid", "passport", "flight", "locator", "cgi", "pair", "place", "uuid", "words", "text",
    "foreign", "short", "small", "latitude", "longitude", "epoch_s", "epoch_ms", "epoch_us", "stamp14", "stamp8",
    "serial_day", "ean", "luhn15", "tac", "cnic_shape", "cnic_dashed", "cnic_fourth", "zeros", "first_gt12",
    "second_gt12", "iso_first", "long", "text_hit", "word_total", "byte_total", "negative",
    "duration_iso", "ticket_dash", "masked_msisdn", "masked_cnic", "sci_9", "sci_11", "sci_12", "sci_14", "alpha",
    "fine", "base64", "year_month", "plus", "cell_foreign", "duration_unit", "document", "multi", "stamp12", "ticks",
    "cnic_old", "linked", "named",
)  # fmt: skip
(
    FILLED, DIGITS, SEPARATED, DECIMAL, SCIENTIFIC, MASKED, DIGEST, DATETIME, DATE, CLOCK, IP,
    EMAIL, IBAN, IBAN_VALID, PASSPORT, FLIGHT, LOCATOR, CGI, PAIR, PLACE, UUID, WORDS, TEXT,
    FOREIGN, SHORT, SMALL, LATITUDE, LONGITUDE, EPOCH_S, EPOCH_MS, EPOCH_US, STAMP14, STAMP8,
    SERIAL_DAY, EAN, LUHN15, TAC, CNIC_SHAPE, CNIC_DASHED, CNIC_FOURTH, ZEROS, FIRST_GT12,
    SECOND_GT12, ISO_FIRST, LONG, TEXT_HIT, WORD_TOTAL, BYTE_TOTAL, NEGATIVE,
    DURATION_ISO, TICKET_DASH, MASKED_MSISDN, MASKED_CNIC, SCI_9, SCI_11, SCI_12, SCI_14, ALPHA,
    FINE, BASE64, YEAR_MONTH, PLUS, CELL_FOREIGN, DURATION_UNIT, DOCUMENT, MULTI, STAMP12, TICKS,
    CNIC_OLD, LINKED, NAMED,
) = range(len(CLASSES))  # fmt: skip

#: Smallest and largest of what a column holds; the first of each pair starts high, the second low.
EXTREMES = ("number_min", "number_max", "key_min", "key_max", "day_min", "day_max", "month_min", "month_max", "hidden")
NUMBER_MIN, NUMBER_MAX, KEY_MIN, KEY_MAX, DAY_MIN, DAY_MAX, MONTH_MIN, MONTH_MAX, HIDDEN = range(9)
HIGH = np.int64(2**62)
LOW = np.int64(-(2**62))

#: Kinds of keys, three ways to stand each: a whole cell by a weak notation, by a sure one, inside text.
KINDS = ("msisdn", "landline", "cnic", "imsi", "imei", "iccid", "passport", "iban", "email", "ip_address", "pnr",
         "ticket_number", "digest", "masked")  # fmt: skip
MSISDN, LANDLINE, CNIC, IMSI, IMEI, ICCID, K_PASSPORT, K_IBAN, K_EMAIL, K_IP, K_PNR, K_TICKET, K_DIGEST, K_MASKED = (
    range(14)
)
WEAK, SURE, IN_TEXT = range(3)


class Book(NamedTuple):
    """What the pack says of numbers and words, as arrays; see `tables.py`."""

    rules: Any
    by_length: Any
    components: Any
    mult: Any
    perm: Any
    lex_table: Any
    lex_bits: Any
    names: Any
    """int64[2]: bits of the lexicons of names of persons, and of the words that introduce one."""
    sizes: Any
    """int64[256]: by first byte, how many bytes that are no spaces the texts have that whole cells may be, as bits."""


class Tally(NamedTuple):
    """What is counted of one column; sums but for `extremes`."""

    counts: Any
    """int64[CLASSES]."""
    lengths: Any
    """int64[32]: digits of all-digit cells; from 26 on, kinds of digests."""
    lead: Any
    """int64[1000]: first three digits of national numbers and of 13-digit cells."""
    extremes: Any
    """int64[EXTREMES]."""
    rule_counts: Any
    """int64[notations, 2]: cells that fit, and those whose finer code is known."""
    lex_counts: Any
    """int64[64, 2]: whole cells in a lexicon, cells with such a word."""
    times: Any
    """int64[KINDS * 3]: how often keys of a kind stand in each way."""


class Sink(NamedTuple):
    """Where keys go: the first `state[0]` of `codes` (kind * 3 + way, uint8[m]) and `keys` (int64[m])."""

    codes: Any
    keys: Any
    state: Any
    """int64[2]: keys held, weight of the present cell."""
    times: Any
    """As in `Tally`."""


# --- bytes --------------------------------------------------------------------------------------------------------

(
    _DIGIT, _UPPER, _LOWER, _SPACE, _DASH, _DOT, _COLON, _SLASH, _AT, _PLUS, _STAR, _PAREN, _UNDER, _HIGH, _OTHER,
    _CONTROL,
) = range(16)  # fmt: skip


def _byte_classes() -> np.ndarray:
    table = np.full(256, _OTHER, np.uint8)
    table[48:58], table[65:91], table[97:123], table[128:] = _DIGIT, _UPPER, _LOWER, _HIGH
    table[:32] = _CONTROL
    for characters, kind in (
        (" \t\r\n", _SPACE), ("-", _DASH), (".", _DOT), (":", _COLON), ("/", _SLASH), ("@", _AT), ("+", _PLUS),
        ("*#", _STAR), ("()", _PAREN), ("_", _UNDER),
    ):  # fmt: skip
        for character in characters:
            table[ord(character)] = kind
    return table


BYTE_CLASSES = _byte_classes()
#: Bytes from which they are counted many at a time.
_MANY = 28
CLASS_ONES = np.zeros((256, 2), np.int64)
"""By byte, a 1 in the byte of its class: the classes below 8 in the first word, the others in the second."""
CLASS_ONES[np.arange(256), BYTE_CLASSES >> 3] = 1 << (8 * (BYTE_CLASSES & 7).astype(np.int64))
POW10 = np.array([10**i for i in range(19)], np.int64)
_MASK56 = (1 << 56) - 1

# --- messages over several lines: lines between a number and a CNIC, lines beside them, bytes of such a line
_NEAR, _BESIDE, _LONGEST = 3, 2, 256
#: Lines to either side that can bear on whether one counts.
EDGE = 2 * (_NEAR + _BESIDE)


@kernel
def fold(data, a, b, out):
    """Write bytes a..b to `out` with other scripts' digits as ASCII and invisible characters gone; returns the length."""
    n = 0
    i = a
    while i < b:
        c = data[i]
        if c < 128:
            if c >= 32 or c == 9 or c == 10 or c == 13:
                out[n] = c
                n += 1
            i += 1
            continue
        if i + 1 < b:
            d = data[i + 1]
            if c == 0xDB and 0xB0 <= d <= 0xB9:  # U+06F0 Urdu digits
                out[n] = 48 + d - 0xB0
                n += 1
                i += 2
                continue
            if c == 0xD9 and 0xA0 <= d <= 0xA9:  # U+0660 Arabic-Indic digits
                out[n] = 48 + d - 0xA0
                n += 1
                i += 2
                continue
            if c == 0xC2 and d == 0xA0:  # no-break space
                out[n] = 32
                n += 1
                i += 2
                continue
            if c == 0xC2 and d == 0xAD:  # soft hyphen
                i += 2
                continue
        if i + 2 < b:
            d = data[i + 1]
            e = data[i + 2]
            if c == 0xEF and d == 0xBC and 0x90 <= e <= 0x99:  # U+FF10 full-width digits
                out[n] = 48 + e - 0x90
                n += 1
                i += 3
                continue
            if c == 0xEF and d == 0xBC and e == 0x8B:  # full-width plus
                out[n] = 43
                n += 1
                i += 3
                continue
            if c == 0xEF and d == 0xBC and e == 0x8D:  # full-width hyphen
                out[n] = 45
                n += 1
                i += 3
                continue
            if c == 0xE0 and d == 0xA5 and 0xA6 <= e <= 0xAF:  # U+0966 Devanagari digits
                out[n] = 48 + e - 0xA6
                n += 1
                i += 3
                continue
            if c == 0xE2 and d == 0x80 and (0x8B <= e <= 0x8F or 0xAA <= e <= 0xAE):  # zero width, direction marks
                i += 3
                continue
            if c == 0xE2 and d == 0x81 and (0xA0 <= e <= 0xAF):  # word joiner, isolates
                i += 3
                continue
            if c == 0xEF and d == 0xBB and e == 0xBF:  # byte order mark
                i += 3
                continue
            if c == 0xE2 and d == 0x80 and (0x90 <= e <= 0x95):  # dashes
                out[n] = 45
                n += 1
                i += 3
                continue
            if c == 0xE2 and d == 0x88 and e == 0x92:  # minus
                out[n] = 45
                n += 1
                i += 3
                continue
            if c == 0xE2 and d == 0x80 and (e == 0xAF or 0x80 <= e <= 0x8A):  # narrow and other spaces
                out[n] = 32
                n += 1
                i += 3
                continue
            if c == 0xE2 and d == 0x80 and e == 0xA2:  # bullet, used to mask
                out[n] = 42
                n += 1
                i += 3
                continue
        out[n] = c
        n += 1
        i += 1
    return n


@kernel
def number(digits, i, j):
    """The digits i..j (at most 18) as a number."""
    value = np.int64(0)
    for k in range(i, j):
        value = value * 10 + digits[k]
    return value


@kernel
def luhn(digits, n):
    """Whether the last of n digits is the Luhn check digit of the rest."""
    total = np.int64(0)
    k = n - 1
    while k > 0:
        d = np.int64(digits[k - 1]) * 2
        total += digits[k] + (d if d < 10 else d - 9)
        k -= 2
    if k == 0:
        total += digits[0]
    return total % 10 == 0


@kernel
def ean(digits, n):
    """Whether the last of n digits is the EAN check digit of the rest."""
    total = 0
    for k in range(n):
        d = np.int64(digits[n - 1 - k])
        total += d * 3 if k % 2 == 1 else d
    return total % 10 == 0


@kernel
def verhoeff(digits, n, mult, perm):
    """Whether n digits end in their Verhoeff check digit."""
    c = 0
    for k in range(n):
        c = mult[c, perm[k % 8, digits[n - 1 - k]]]
    return c == 0


@kernel(inline=True)
def match_rules(digits, n, breaks, plus, in_text, book, best, passes):
    """The notation that n digits with separators at the positions in the bit set `breaks` fit best, or -1.

    `passes` is 1 or 0 where the Luhn check is already made, else -1; `best[0]` gets the key, `best[1]` 1 where the match is sure, `best[2]` 1 where the strict code is known. `rules` is
    int64[rules, 16] (see tables.py), `by_length` int64[32000, 2]
    the slice of rules for a length and first three digits.
    """
    rules, by_length, components = book.rules, book.by_length, book.components
    found = -1
    rank = -1
    head = np.int64(min(n, 31)) * 1000 + digits[0] * np.int64(100) + digits[1] * np.int64(10) + digits[2]
    for r in range(by_length[head, 0], by_length[head, 1]):
        plen = rules[r, 1]
        ok = True
        if plen:
            if number(digits, 0, plen) != rules[r, 2]:
                continue
        strip = rules[r, 3]
        if rules[r, 4] >= 0:
            code = number(digits, strip, strip + rules[r, 5])
            if not components[rules[r, 4], code]:
                continue
        if breaks:
            free = rules[r, 9]
            allowed = rules[r, 8]
            for p in range(1, n):
                if breaks >> p & 1 and p < free and not allowed >> p & 1:
                    ok = False
                    break
            if not ok:
                continue
        check = rules[r, 6]
        if check == 1:
            if passes < 0:
                passes = 1 if luhn(digits, n) else 0
            if passes == 0:
                continue
        if check == 2 and not verhoeff(digits, n, book.mult, book.perm):
            continue
        if check == 3 and not ean(digits, n):
            continue
        if plus and not rules[r, 14]:
            continue
        strict = 0
        if rules[r, 10] >= 0:
            code = number(digits, strip, strip + rules[r, 11])
            if components[rules[r, 10], code]:
                strict = 1
        strength = rules[r, 7]
        framed = breaks != 0 and (breaks & ~rules[r, 8]) == 0 and (rules[r, 8] & ~breaks) == 0
        if in_text:
            mode = rules[r, 12]
            if mode == 2:
                continue
            if mode == 1 and not strict and not framed:
                continue
        score = strength * 4 + strict * 2 + (2 if framed else 0) + (1 if rules[r, 4] >= 0 else 0)
        if score > rank:
            rank = score
            found = r
            start = strip
            end = n
            if end - start > 18:
                start = end - 18
            best[0] = number(digits, start, end)
            best[1] = 1 if (strength >= 3 or strict or framed or plus) else 0
            best[2] = strict
    return found


@kernel
def days_from_civil(y, m, d):
    """Days since 1970-01-01 (Howard Hinnant's civil calendar algorithm)."""
    if m <= 2:
        y -= 1
    era = y // 400
    yoe = y - era * 400
    mp = (m + 9) % 12
    doy = (153 * mp + 2) // 5 + d - 1
    doe = yoe * 365 + yoe // 4 - yoe // 100 + doy
    return era * 146097 + doe - 719468


@kernel
def month_of(buf, i, j):
    """1 to 12 for an English month name or its first three letters, else 0."""
    if j - i < 3:
        return 0
    a = buf[i] | 32
    b = buf[i + 1] | 32
    c = buf[i + 2] | 32
    code = (np.int64(a) << 16) | (np.int64(b) << 8) | np.int64(c)
    names = (0x6A616E, 0x666562, 0x6D6172, 0x617072, 0x6D6179, 0x6A756E,
             0x6A756C, 0x617567, 0x736570, 0x6F6374, 0x6E6F76, 0x646563)  # fmt: skip
    for k in range(12):
        if names[k] == code:
            return k + 1
    return 0


@kernel
def parse_time(buf, a, b, out, numbers, widths, seps):
    """What moment a cell states: 0 none, 1 date and time, 2 date, 3 time of day, 4 year and month.

    `out`: seconds since 1970 with the day first (or -HIGH), with the month first, the first and second number, 1 where
    the year comes first.
    """
    count = 0
    month = 0
    month_at = -1
    meridiem = 0
    zone = False
    i = a
    while i < b:
        c = np.int64(buf[i])
        if 48 <= c <= 57:
            if count == 8:
                return 0
            v = np.int64(0)
            j = i
            while j < b and 48 <= buf[j] <= 57 and j - i < 10:
                v = v * 10 + (np.int64(buf[j]) - 48)
                j += 1
            # the year of "Fri Jan 5 10:00:00 PKT 2024" stands behind the zone
            if not zone or (j - i == 4 and month and month_at == 0 and count == 4 and 1900 <= v <= 2100):
                numbers[count] = v
                widths[count] = j - i
                seps[count] = buf[i - 1] if i > a else 0
                count += 1
            i = j
        elif 65 <= c <= 90 or 97 <= c <= 122:
            j = i
            while j < b and (65 <= buf[j] <= 90 or 97 <= buf[j] <= 122):
                j += 1
            width = j - i
            low = c | 32
            if width == 1 and low == 116 and (count == 3 or count == 1):  # T
                pass
            elif width == 1 and low == 122 and j == b:  # Z
                zone = True
            elif width == 2 and (low == 97 or low == 112) and (buf[i + 1] | 32) == 109:  # AM, PM
                meridiem = 1 if low == 97 else 2
            elif width == 3 and (low == 117 or low == 112 or low == 103) and count >= 3:  # UTC, PKT, GMT
                zone = True
            elif 3 <= width <= 9 and month == 0:
                month = month_of(buf, i, j)
                if month == 0 and count == 0 and (width == 3 or (buf[j - 1] | 32) == 121):
                    pass  # a weekday
                elif month == 0:
                    return 0
                month_at = count
            else:
                return 0
            i = j
        elif c == 45 or c == 47 or c == 46 or c == 58 or c == 32 or c == 44 or c == 43:
            if (c == 43 or c == 45) and count >= 5 and (i > a and 48 <= buf[i - 1] <= 57) and seps[count - 1] != 47:
                zone = True
            elif (c == 43 or c == 45) and month and month_at == 0 and count == 4:  # "Jan 5 10:00:00 +0500 2024"
                zone = True
            i += 1
        else:
            return 0
    if count == 0:
        return 0
    for j in range(count, 8):
        numbers[j] = widths[j] = seps[j] = 0
    # time of day alone
    if month == 0 and (count == 2 or count == 3 or count == 4) and seps[1] == 58:
        if (
            widths[0] <= 3
            and numbers[1] < 60
            and widths[1] == 2
            and (count == 2 or (numbers[2] < 60 and seps[2] == 58))
        ):
            out[0] = numbers[0] * 3600 + numbers[1] * 60 + (numbers[2] if count > 2 else 0)
            return 3
        return 0
    # YYYYMMDD and hhmmss run together
    if count == 2 and month == 0 and widths[0] == 8 and (widths[1] == 6 or widths[1] == 4):
        y, d2, d1 = numbers[0] // 10000, numbers[0] // 100 % 100, numbers[0] % 100
        h = numbers[1] // (10000 if widths[1] == 6 else 100)
        minute = numbers[1] // 100 % 100 if widths[1] == 6 else numbers[1] % 100
        second = numbers[1] % 100 if widths[1] == 6 else np.int64(0)
        if not (1900 <= y <= 2100 and 1 <= d2 <= 12 and 1 <= d1 <= 31 and h <= 24 and minute < 60 and second < 60):
            return 0
        out[0] = days_from_civil(y, d2, d1) * 86400 + h * 3600 + minute * 60 + second
        out[1] = out[0]
        out[2] = d1
        out[3] = d2
        out[4] = 1
        return 1
    # yymmddhhmmss or YYYYMMDDhhmmss, run together up to the zone (3GPP TS 32.297, ASN.1); read ten digits at a time
    if month == 0 and widths[0] == 10 and (widths[1] == 2 or widths[1] == 4) and 48 <= seps[1] <= 57:
        offset = count == 3 and widths[2] == 4 and (seps[2] == 43 or seps[2] == 45)
        if not offset and not (count == 2 and zone):
            return 0
        clock = numbers[0] % 100 * 10000 + numbers[1] if widths[1] == 4 else numbers[0] % 10000 * 100 + numbers[1]
        date = numbers[0] // 100 if widths[1] == 4 else 20000000 + numbers[0] // 10000
        y, d2, d1 = date // 10000, date // 100 % 100, date % 100
        h, minute, second = clock // 10000, clock // 100 % 100, clock % 100
        if not (1900 <= y <= 2100 and 1 <= d2 <= 12 and 1 <= d1 <= 31 and h < 24 and minute < 60 and second < 60):
            return 0
        out[0] = days_from_civil(y, d2, d1) * 86400 + h * 3600 + minute * 60 + second
        out[1] = out[0]
        out[2] = d1
        out[3] = d2
        out[4] = 1
        return 1
    y = d1 = d2 = np.int64(0)
    rest = 3
    year_first = 0
    if month and month_at == 0 and count == 5 and widths[4] == 4 and seps[2] == 58 and seps[3] == 58:
        d1, d2, y = numbers[0], np.int64(month), numbers[4]
        rest, count = 1, 4
    elif month:
        if month_at == 1 and count >= 2:
            d1 = numbers[0]
            y = numbers[1]
        elif month_at == 0 and count >= 2:
            d1 = numbers[0]
            y = numbers[1]
        else:
            return 0
        if widths[1] == 1 or widths[1] == 3 or widths[1] > 4 or seps[1] == 58:
            return 0
        rest = 2
        d2 = month
        if widths[1] == 2:
            y += 2000 if y < 70 else 1900
    else:
        if count < 3:
            if (
                count == 2
                and widths[0] == 4
                and widths[1] == 2
                and 1900 <= numbers[0] <= 2100
                and 1 <= numbers[1] <= 12
                and seps[1] == 45
                and b - a == 7
            ):
                out[0] = days_from_civil(numbers[0], numbers[1], 1) * 86400
                out[1] = out[0]
                out[4] = 1
                return 4
            return 0
        s = seps[1]
        if s != seps[2] or not (s == 45 or s == 47 or s == 46):
            return 0
        if widths[0] == 4:
            y, d2, d1 = numbers[0], numbers[1], numbers[2]
            year_first = 1
            if widths[1] > 2 or widths[2] > 2:
                return 0
        elif (widths[2] == 4 or widths[2] == 2) and widths[0] <= 2 and widths[1] <= 2:
            d1, d2, y = numbers[0], numbers[1], numbers[2]
            if widths[2] == 2:
                if s == 46 and count == 3:
                    return 0
                y += 2000 if y < 70 else 1900
        else:
            return 0
    if y < 1900 or y > 2100 or d1 < 1 or d2 < 1 or d1 > 31 or d2 > 31 or (d1 > 12 and d2 > 12):
        return 0
    seconds = np.int64(0)
    kind = 2
    if count > rest:
        h = numbers[rest]
        dotted = count >= rest + 3 and seps[rest + 1] == 46 and seps[rest + 2] == 46
        # hhmm behind the day, as airlines write it: 05MAR24 1345
        if month and count == rest + 1 and widths[rest] == 4 and h // 100 < 24 and h % 100 < 60:
            numbers[rest], numbers[rest + 1] = h // 100, h % 100
            seps[rest + 1] = 58
            h = numbers[rest]
            count += 1
        if count < rest + 2 or not (seps[rest + 1] == 58 or dotted) or h > 24 or numbers[rest + 1] > 59:
            return 0
        if meridiem == 2 and h < 12:
            h += 12
        elif meridiem == 1 and h == 12:
            h = 0
        seconds = h * 3600 + numbers[rest + 1] * 60
        if count > rest + 2 and (seps[rest + 2] == 58 or dotted):
            seconds += min(numbers[rest + 2], 59)
        kind = 1
    out[0] = days_from_civil(y, d2, d1) * 86400 + seconds if d2 <= 12 else LOW
    if month or year_first:
        out[1] = out[0]
    else:
        out[1] = days_from_civil(y, d1, d2) * 86400 + seconds if d1 <= 12 else LOW
    out[2] = d1
    out[3] = d2
    out[4] = 1 if (year_first or month) else 0
    return kind


@kernel
def text_hash(buf, a, b):
    """A 56-bit hash of the letters and digits of a..b, case folded, other runs as one space (see tables.word_hashes)."""
    h = np.int64(7)
    gap = False
    some = False
    for i in range(a, b):
        c = np.int64(buf[i])
        if 65 <= c <= 90:
            c += 32
        if 97 <= c <= 122 or 48 <= c <= 57 or c >= 128:
            if gap and some:
                h = (h * 1099511628211 + 32) & _MASK56
            gap = False
            some = True
            h = (h * 1099511628211 + c) & _MASK56
        else:
            gap = True
    return h


@kernel
def lookup(table, values, h):
    """Bits that stand for hash h in an open-addressing table (0 where absent)."""
    mask = len(table) - 1
    p = (h ^ (h >> 23)) & mask
    while table[p] != -1:
        if table[p] == h:
            return values[p]
        p = (p + 1) & mask
    return np.int64(0)


@kernel
def hash_bytes(buf, a, b, lower):
    """A 62-bit hash of bytes, ASCII case folded if `lower`."""
    h = np.int64(1469598103934665603 & 0x3FFFFFFFFFFFFFFF)
    for i in range(a, b):
        c = np.int64(buf[i])
        if lower and 65 <= c <= 90:
            c += 32
        h = ((h ^ c) * 1099511628211) & 0x3FFFFFFFFFFFFFFF
        h = h ^ (h >> 29)
    return h


@kernel
def is_email(buf, a, b):
    """Whether a..b is one e-mail address."""
    at = -1
    for i in range(a, b):
        c = buf[i]
        if c == 64:
            if at >= 0:
                return False
            at = i
        elif not (
            48 <= c <= 57
            or 65 <= c <= 90
            or 97 <= c <= 122
            or c == 46
            or c == 95
            or c == 45
            or c == 43
            or c == 37
            or c == 39
        ):
            return False
    if at <= a or b - at < 5 or b - a > 254:
        return False
    dot = -1
    for i in range(at + 1, b):
        if buf[i] == 46:
            if i == at + 1 or (dot >= 0 and i == dot + 1):
                return False
            dot = i
    if dot < 0 or b - dot < 3:
        return False
    for i in range(dot + 1, b):
        if not (65 <= buf[i] <= 90 or 97 <= buf[i] <= 122):
            return False
    return True


@kernel
def ipv4(buf, a, b):
    """The address as a number where a..b is a dotted quad (a port may follow), else -1."""
    value = np.int64(0)
    part = np.int64(0)
    width = 0
    parts = 0
    i = a
    while i < b:
        c = np.int64(buf[i])
        if 48 <= c <= 57:
            part = part * 10 + c - 48
            width += 1
            if width > 3 or part > 255:
                return -1
        elif c == 46:
            if width == 0 or parts == 3:
                return -1
            value = value * 256 + part
            parts += 1
            part = 0
            width = 0
        elif c == 58 and parts == 3 and width and b - i <= 6 and i + 1 < b:
            for j in range(i + 1, b):
                if not 48 <= buf[j] <= 57:
                    return -1
            return value * 256 + part
        else:
            return -1
        i += 1
    if parts != 3 or width == 0:
        return -1
    return value * 256 + part


@kernel
def ipv6(buf, a, b):
    """Whether a..b is an IPv6 address; its last 32 bits may be a dotted quad."""
    if b - a < 6 or b - a > 45:
        return False
    colons = 0
    double = 0
    width = 0
    last = a
    for i in range(a, b):
        c = buf[i]
        if c == 58:
            last = i
        if c == 46:
            for k in range(i, b):
                if buf[k] == 58:
                    return False
            if double > 1 or ipv4(buf, last + 1, b) < 0:
                return False
            return colons == 6 if double == 0 else 2 <= colons <= 6
        if c == 58:
            colons += 1
            if i > a and buf[i - 1] == 58:
                double += 1
            width = 0
        elif 48 <= c <= 57 or 97 <= (c | 32) <= 102:
            width += 1
            if width > 4:
                return False
        else:
            return False
    return double <= 1 and (colons == 7 or (double == 1 and 2 <= colons <= 7))


@kernel
def mapped(buf, a, b):
    """The IPv4 address that the IPv6 address a..b stands for by ::ffff:0:0/96 (RFC 4291, 2.5.5.2), else -1."""
    i = a
    while i < b and (buf[i] == 48 or buf[i] == 58):
        i += 1
    for k in range(4):
        if i + k >= b or buf[i + k] | 32 != 102:
            return -1
    if i + 4 >= b or buf[i + 4] != 58 or i == a or buf[i - 1] != 58:
        return -1
    return ipv4(buf, i + 5, b)


@kernel
def iban_valid(buf, a, b):
    """1 where the letters and digits of a..b are a Pakistani IBAN with the right check digits, 0 where only the shape."""
    text = np.zeros(24, np.int64)
    n = 0
    for i in range(a, b):
        c = np.int64(buf[i])
        if c == 32 or c == 45:
            continue
        if n == 24:
            return -1
        if 97 <= c <= 122:
            c -= 32
        text[n] = c
        n += 1
    if n != 24 or text[0] != 80 or text[1] != 75:
        return -1
    for k in range(2, 24):
        c = text[k]
        digit = 48 <= c <= 57
        letter = 65 <= c <= 90
        if k < 4 and not digit:
            return -1
        if 4 <= k < 8 and not letter:
            return -1
        if not (digit or letter):
            return -1
    rest = np.int64(0)
    for k in range(24):
        c = text[(k + 4) % 24]
        if c <= 57:
            rest = (rest * 10 + c - 48) % 97
        else:
            rest = (rest * 100 + c - 55) % 97
    return 1 if rest == 1 else 0


@kernel
def iban_key(buf, a, b):
    """A key of the letters and digits of an IBAN."""
    h = np.int64(1)
    for i in range(a, b):
        c = np.int64(buf[i])
        if c == 32 or c == 45:
            continue
        if 97 <= c <= 122:
            c -= 32
        h = ((h ^ c) * 1099511628211) & 0x3FFFFFFFFFFFFFFF
        h = h ^ (h >> 29)
    return h


@kernel
def hex_start(buf, a, b):
    """Where the digits begin of a hexadecimal number that may have a database's 0x or \\x in front."""
    if b - a > 2 and (buf[a] == 48 or buf[a] == 92) and (buf[a + 1] | 32) == 120:
        return a + 2
    return a


@kernel
def hex_size(buf, a, b):
    """Bytes that a..b states in hexadecimal where they are 8 or more, else 0."""
    start = hex_start(buf, a, b)
    if b - start < 16:
        return 0
    for i in range(start, b):
        c = buf[i] | 32
        if not (48 <= buf[i] <= 57 or 97 <= c <= 102):
            return 0
    return (b - start) // 2


@kernel
def sextet(c):
    """The six bits that a character of base64 (or its form for addresses) stands for, -1 where it is none."""
    if 65 <= c <= 90:
        return c - 65
    if 97 <= c <= 122:
        return c - 71
    if 48 <= c <= 57:
        return c + 4
    if c == 43 or c == 45:
        return 62
    if c == 47 or c == 95:
        return 63
    return -1


@kernel
def base64_size(buf, a, b):
    """Bytes of the digest that a..b states in base64, padded or with capitals, small letters and digits; else 0."""
    end = b
    while end > a and b - end < 2 and buf[end - 1] == 61:
        end -= 1
    n = end - a
    size = 16 if n == 22 else 20 if n == 27 else 28 if n == 38 else 32 if n == 43 else 64 if n == 86 else 0
    if size == 0 or (end != b and (b - a) % 4):
        return 0
    seen = 0
    for i in range(a, end):
        c = buf[i]
        if sextet(c) < 0:
            return 0
        seen |= 1 if 65 <= c <= 90 else 2 if 97 <= c <= 122 else 4 if 48 <= c <= 57 else 0
    return size if end != b or seen == 7 else 0


@kernel
def digest_slot(size):
    """Where the lengths of digests of so many bytes are counted."""
    if size > 32:
        return 31
    return 27 if size == 16 else 28 if size == 20 else 29 if size == 28 else 30 if size == 32 else 26


@kernel
def digest_key(buf, a, b):
    """The first eight bytes of the digest that a..b states as a number, less their two highest bits."""
    key = np.int64(0)
    if hex_size(buf, a, b):
        start = hex_start(buf, a, b)
        for i in range(start, start + 16):
            c = np.int64(buf[i])
            nibble = c - 48 if c <= 57 else (c | 32) - 87
            key = key * 16 + (nibble & 3 if i == start else nibble)
        return key
    for i in range(10):
        six = np.int64(sextet(buf[a + i]))
        key = key * 64 + (six & 15 if i == 0 else six)
    return key * 16 + (np.int64(sextet(buf[a + 10])) >> 2)


@kernel
def emit(sink, kind, mode, key):
    """Append one key and count how often it stands; the caller has made room."""
    code = kind * 3 + mode
    n = sink.state[0]
    sink.codes[n] = code
    sink.keys[n] = key
    sink.state[0] = n + 1
    sink.times[code] += sink.state[1]


@kernel
def emit_digest(sink, key):
    """The same for a digest, once for every cell that holds it, so that rows can be counted by digest."""
    emit(sink, K_DIGEST, WEAK, key)
    for _ in range(sink.state[1] - 1):
        n = sink.state[0]
        sink.codes[n] = K_DIGEST * 3 + WEAK
        sink.keys[n] = key
        sink.state[0] = n + 1


@kernel
def scan_text(buf, a, b, book, best, digits, sink):
    """Find identifiers inside text; returns how many. Numbers may be split by single separators."""
    found = 0
    i = a
    near = a - 1
    ended = escaped = np.int64(-1)
    while i < b:
        if i > near:
            # nothing begins before the next @, or before two bytes ahead of the next digit: +, ( or capitals
            near = i
            while near < b and not (48 <= buf[near] <= 57 or buf[near] == 64):
                near += 1
            if near == b:
                break
            i = near if buf[near] == 64 else max(i, near - 2)
        c = np.int64(buf[i])
        if c == 64:  # @: an e-mail address around it
            s = i
            while s > a and (
                48 <= buf[s - 1] <= 57
                or 65 <= buf[s - 1] <= 90
                or 97 <= buf[s - 1] <= 122
                or buf[s - 1] == 46
                or buf[s - 1] == 95
                or buf[s - 1] == 45
                or buf[s - 1] == 43
                or buf[s - 1] == 37
            ):
                s -= 1
            while s < i and (buf[s] == 46 or buf[s] == 45):
                s += 1
            e = i + 1
            while e < b and (
                48 <= buf[e] <= 57 or 65 <= buf[e] <= 90 or 97 <= buf[e] <= 122 or buf[e] == 46 or buf[e] == 45
            ):
                e += 1
            while e > i + 1 and (buf[e - 1] == 46 or buf[e - 1] == 45):
                e -= 1
            if is_email(buf, s, e):
                emit(sink, K_EMAIL, IN_TEXT, hash_bytes(buf, s, e, True))
                found += 1
                i = e
                continue
            i += 1
            continue
        letter = 65 <= c <= 90 or 97 <= c <= 122
        before = np.int64(buf[i - 1]) if i > a and i != escaped else np.int64(32)
        joined = 48 <= before <= 57 or 65 <= before <= 90 or 97 <= before <= 122 or before == 95
        if letter:
            if not joined and c == 80 and i + 24 <= b and buf[i + 1] == 75 and 48 <= buf[i + 2] <= 57:
                e = i
                count = 0
                while e < b and count < 24:
                    d = buf[e]
                    if 48 <= d <= 57 or 65 <= d <= 90:
                        count += 1
                    elif not (d == 32 or d == 45):
                        break
                    e += 1
                if count == 24 and iban_valid(buf, i, e) == 1:
                    emit(sink, K_IBAN, IN_TEXT, iban_key(buf, i, e))
                    found += 1
                    i = e
                    continue
            if not joined and 65 <= c <= 90 and i + 9 <= b and 65 <= buf[i + 1] <= 90:
                good = True
                for k in range(2, 9):
                    if not 48 <= buf[i + k] <= 57:
                        good = False
                        break
                if good and (
                    i + 9 == b
                    or not (
                        48 <= buf[i + 9] <= 57 or 65 <= buf[i + 9] <= 90 or 97 <= buf[i + 9] <= 122 or buf[i + 9] == 95
                    )
                ):
                    key = (c - 65) * 26 + np.int64(buf[i + 1]) - 65
                    zeros = True
                    for k in range(2, 9):
                        key = key * 10 + np.int64(buf[i + k]) - 48
                        if buf[i + k] != 48:
                            zeros = False
                    if not zeros:
                        emit(sink, K_PASSPORT, IN_TEXT, key)
                        found += 1
                        i += 9
                        continue
            i += 1
            continue
        if not (48 <= c <= 57) and not (c == 43) and not (c == 40):
            i += 1
            # a mark as addresses of pages write it, %20 or %2B
            if c == 37 and i + 1 < b and (buf[i] == 50 or (buf[i] == 51 and 65 <= buf[i + 1] & 0xDF <= 70)):
                d = np.int64(buf[i + 1])
                if 48 <= d <= 57 or 65 <= d & 0xDF <= 70:
                    i += 2
                    escaped = i
            continue
        # an address?
        if 48 <= c <= 57 and not joined and before != 46:
            e = i
            dots = 0
            while e < b and (48 <= buf[e] <= 57 or buf[e] == 46) and e - i < 16:
                if buf[e] == 46:
                    dots += 1
                e += 1
            while e > i and buf[e - 1] == 46:
                e -= 1
                dots -= 1
            if dots == 3:
                address = ipv4(buf, i, e)
                if address >= 0 and e + 1 < b and buf[e] == 47 and 48 <= buf[e + 1] <= 57:  # a range of addresses
                    i = e + 1
                    while i < b and 48 <= buf[i] <= 57:
                        i += 1
                    continue
                if address >= 0 and not (e < b and (65 <= buf[e] <= 90 or 97 <= buf[e] <= 122)):
                    emit(sink, K_IP, IN_TEXT, address)
                    found += 1
                    i = e
                    continue
        # a number: digits with single separators between them
        dashed_on = before == 45 and i - 1 > a and 48 <= buf[i - 2] <= 57
        signed = (c == 43 or c == 40) and not 48 <= before <= 57
        if (joined and before != 95 and not signed) or dashed_on:
            i += 1
            while i < b and 48 <= buf[i] <= 57:
                i += 1
            continue
        plus = c == 43
        j = i + 1 if (c == 43 or c == 40) else i
        if c == 40 and j < b and buf[j] == 43:
            plus = True
            j += 1
        n = 0
        breaks = np.int64(0)
        taken = 0
        taken_n = -1
        kind = -1
        key = np.int64(0)
        pos = j
        # behind a comma a number may be cut off from its thousands, unless a whole one stands before the comma
        # of a number behind +, how far it goes that no notation fits: its tail is no number of its own
        whole = plus
        reach = j
        decimal = 48 <= before <= 57 or ((before == 46 or before == 44) and i - 1 != ended)
        while pos < b and n < 24:
            d = np.int64(buf[pos])
            if 48 <= d <= 57:
                digits[n] = d - 48
                n += 1
                pos += 1
                edge = pos == b or not 48 <= buf[pos] <= 57
                if edge and whole and n <= 15:
                    reach = pos
                if (
                    edge
                    and n >= 9
                    and not (pos < b and (65 <= buf[pos] <= 90 or 97 <= buf[pos] <= 122) and buf[pos] != 120)
                ):
                    r = match_rules(digits, n, breaks, plus, True, book, best, -1)
                    if r >= 0 and not (decimal and best[1] == 0):
                        zeros = True
                        for k in range(n - 7, n):
                            if digits[k] != 0:
                                zeros = False
                                break
                        # a dash and more digits: a longer number of another kind
                        goes_on = pos + 1 < b and buf[pos] == 45 and 48 <= buf[pos + 1] <= 57
                        if not zeros and not goes_on:
                            taken = pos
                            taken_n = n
                            kind = book.rules[r, 13]
                            key = best[0]
                continue
            step = 0
            if n > 0 and (d == 32 or d == 45 or d == 46 or d == 41 or d == 40):
                step = 1
                # two separators may follow each other as in ") " or " ("
                if (
                    pos + 1 < b
                    and (buf[pos + 1] == 32 or buf[pos + 1] == 40 or buf[pos + 1] == 41 or buf[pos + 1] == 45)
                    and (d == 41 or d == 32)
                ):
                    step = 2
                    # or one stands between spaces; a range of two numbers of three digits is left alone
                    if d == 32 and buf[pos + 1] == 45 and n != 3 and pos + 2 < b and buf[pos + 2] == 32:
                        step = 3
            elif n > 0 and (d == 10 or d == 13) and taken_n < 0 and breaks != 0:
                step = 1
            if step == 0 or pos + step >= b or not 48 <= buf[pos + step] <= 57:
                break
            breaks |= np.int64(1) << n
            pos += step
            whole = whole and buf[pos] != 48
        if taken_n > 0:
            emit(sink, kind, IN_TEXT, key)
            found += 1
            i = ended = taken
            continue
        j = max(j, reach)
        while j < b and 48 <= buf[j] <= 57:
            j += 1
        i = max(j, i + 1)
    return found


@kernel
def pair_found(sink, first):
    """1 where a mobile number, 2 where a CNIC is among the keys from `first` on; their sum where both are."""
    bits = 0
    for at in range(first, sink.state[0]):
        if sink.codes[at] // 3 == MSISDN:
            bits |= 1
        elif sink.codes[at] // 3 == CNIC:
            bits |= 2
    return bits


@kernel(inline=True)
def urdu_stop(buf, i, b):
    """Whether an Urdu comma or full stop stands at i."""
    return i + 1 < b and ((buf[i] == 0xD8 and buf[i + 1] == 0x8C) or (buf[i] == 0xDB and buf[i + 1] == 0x94))


@kernel
def names_person(buf, a, b, book):
    """Whether a person's name stands in a..b.

    Two words of names side by side are one, a word of names that is all of a field, one behind a word that introduces
    a name, and any word behind such a word and a colon, as in `Name: Zarak`.
    """
    person = book.names[0]
    cue = book.names[1]
    before = False  # the word before is of a name, with nothing but spaces, dots and dashes since
    opened = True  # a field begins here
    alone = False  # the word before is of a name and all that its field holds
    cued = False
    marked = False
    i = a
    while i < b:
        c = np.int64(buf[i])
        if 65 <= c <= 90 or 97 <= c <= 122 or c >= 128:
            j = i
            while j < b and (65 <= buf[j] <= 90 or 97 <= buf[j] <= 122 or buf[j] >= 128):
                if urdu_stop(buf, j, b):
                    break
                j += 1
            if j == i:
                if alone:
                    return True
                before = cued = marked = alone = False
                opened = True
                i += 2
                continue
            bits = lookup(book.lex_table, book.lex_bits, text_hash(buf, i, j))
            if bits & person and (before or cued):
                return True
            if cued and marked and not bits & cue and j - i >= 3:
                return True
            before = bits & person != 0
            alone = before and opened
            opened = False
            # a short word may stand between, as in `naam hai Zarak`
            cued = bits & cue != 0 or (cued and j - i <= 3)
            marked = False
            i = j
            continue
        if 48 <= c <= 57:
            if alone:
                return True
            before = cued = marked = opened = False
        elif c == 58 or c == 61 or c == 44 or c == 59 or c == 124 or c == 9 or c == 10 or c == 47:
            if alone:
                return True
            marked = cued and (c == 58 or c == 61)
            before = False
            cued = marked
            opened = True
        elif c == 34 or c == 39:
            if alone:
                return True
            opened = True
        elif c == 45 and cued:
            marked = True
        elif c != 32 and c != 46 and c != 45 and c != 13:
            alone = False
            before = cued = marked = False
        i += 1
    return alone


@kernel
def parted(data, starts, stops, row):
    """Whether a blank line, or a line that is too long for a form, parts a line from the one behind it."""
    if stops[row] - starts[row] > _LONGEST or stops[row + 1] - starts[row + 1] > _LONGEST:
        return True
    feeds = 0
    returns = 0
    for i in range(stops[row], starts[row + 1]):
        if data[i] == 10:
            feeds += 1
        elif data[i] == 13:
            returns += 1
    if feeds > 1 or (feeds == 0 and returns > 1):
        return True
    for i in range(starts[row + 1], stops[row + 1]):
        if data[i] > 32:
            return False
    return True


@kernel
def link_lines(data, starts, stops, rows, bits, book, counts):
    """Count CNICs on lines near one with a mobile number, as in forms with a line a field.

    `rows` are the lines that hold either, ascending, `bits` what they hold as `pair_found` says. What counts depends on
    no more than `EDGE` lines to either side. Lines that hold both are not counted.
    """
    for h in range(len(rows)):
        if bits[h] != 2:
            continue
        low = -1
        for other in (h - 1, h + 1):
            if low >= 0 or other < 0 or other >= len(rows) or bits[other] != 1:
                continue
            first = min(rows[h], rows[other])
            last = max(rows[h], rows[other])
            together = last - first <= _NEAR
            row = first
            while together and row < last:
                together = not parted(data, starts, stops, row)
                row += 1
            if together:
                low = min(h, other)
        if low < 0:
            continue
        counts[LINKED] += 1
        least = rows[low - 1] + 1 if low > 0 else 0
        most = rows[low + 2] - 1 if low + 2 < len(rows) else len(starts) - 1
        first = np.int64(rows[low])
        while first > least and first > rows[low] - _BESIDE and not parted(data, starts, stops, first - 1):
            first -= 1
        last = np.int64(rows[low + 1])
        while last < most and last < rows[low + 1] + _BESIDE and not parted(data, starts, stops, last):
            last += 1
        named = False
        for row in range(first, last + 1):
            named = named or names_person(data, starts[row], stops[row], book)
        if named:
            counts[NAMED] += 1


@kernel
def text_lines(data, starts, stops, weights, scratch, book, tally, sink, marks):
    """Scan each cell as text only; arguments as for `profile_column`. `marks`, uint8[n], gets what `pair_found` says."""
    best, digits = np.zeros(4, np.int64), np.zeros(32, np.uint8)
    _text_lines(data, starts, stops, weights, scratch, book, tally, sink, marks, best, digits)


@kernel
def _text_lines(data, starts, stops, weights, scratch, book, tally, sink, marks, best, digits):
    """`text_lines` with arrays to work with."""
    counts = tally.counts
    weighted = len(weights) > 0
    weight = np.int64(1)
    sink.state[1] = 1
    for row in range(len(starts)):
        a = np.int64(starts[row])
        b = np.int64(stops[row])
        if a == b:
            continue
        if weighted:
            weight = weights[row]
            sink.state[1] = weight
        counts[FILLED] += weight
        counts[BYTE_TOTAL] += weight * (b - a)
        high = False
        for i in range(a, b):
            high = high or data[i] >= 128
        before = sink.state[0]
        if high:
            n = fold(data, a, b, scratch)
            k = scan_text(scratch, 0, n, book, best, digits, sink)
        else:
            k = scan_text(data, a, b, book, best, digits, sink)
        if k:
            counts[TEXT_HIT] += weight
            marks[row] = pair_found(sink, before)
            if marks[row] == 3:
                counts[LINKED] += weight
                if names_person(data, a, b, book):
                    counts[NAMED] += weight


@kernel
def take_digits(
    digits,
    n,
    breaks,
    plus,
    book,
    best,
    tally,
    sink,
):
    """Count a cell that is one number of n digits; returns whether a notation fits."""
    counts, lengths, lead, extremes, rule_counts = (
        tally.counts,
        tally.lengths,
        tally.lead,
        tally.extremes,
        tally.rule_counts,
    )
    rules = book.rules
    weight = sink.state[1]
    lengths[min(n, 31)] += weight
    good_luhn = False
    luhn_known = -1
    value = np.int64(-1)
    if n <= 18:
        value = number(digits, 0, n)
        if not breaks and not plus:
            if value < extremes[NUMBER_MIN]:
                extremes[NUMBER_MIN] = value
            if value > extremes[NUMBER_MAX]:
                extremes[NUMBER_MAX] = value
    if not breaks and not plus:
        if n <= 2:
            counts[SMALL] += weight
        elif n <= 6:
            counts[SHORT] += weight
        if n == 10 and 946684800 <= value <= 2051222400:
            counts[EPOCH_S] += weight
            if value < extremes[DAY_MIN]:
                extremes[DAY_MIN] = value
            if value > extremes[DAY_MAX]:
                extremes[DAY_MAX] = value
        elif n == 13 and 946684800000 <= value <= 2051222400000:
            counts[EPOCH_MS] += weight
            if value // 1000 < extremes[DAY_MIN]:
                extremes[DAY_MIN] = value // 1000
            if value // 1000 > extremes[DAY_MAX]:
                extremes[DAY_MAX] = value // 1000
        elif n == 16 and 946684800000000 <= value <= 2051222400000000:
            counts[EPOCH_US] += weight
            if value // 1000000 < extremes[DAY_MIN]:
                extremes[DAY_MIN] = value // 1000000
            if value // 1000000 > extremes[DAY_MAX]:
                extremes[DAY_MAX] = value // 1000000
        elif n == 14 or n == 8 or n == 12:
            y = number(digits, 0, 4)
            m = number(digits, 4, 6)
            d = number(digits, 6, 8)
            if 1900 <= y <= 2100 and 1 <= m <= 12 and 1 <= d <= 31:
                s = days_from_civil(y, m, d) * 86400
                good = True
                if n == 14:
                    hh = number(digits, 8, 10)
                    mm = number(digits, 10, 12)
                    ss = number(digits, 12, 14)
                    good = hh < 24 and mm < 60 and ss < 60
                    s += hh * 3600 + mm * 60 + ss
                if n == 12:
                    if number(digits, 8, 10) < 24 and number(digits, 10, 12) < 60:
                        counts[STAMP12] += weight
                elif good:
                    counts[STAMP14 if n == 14 else STAMP8] += weight
                    if s < extremes[DAY_MIN]:
                        extremes[DAY_MIN] = s
                    if s > extremes[DAY_MAX]:
                        extremes[DAY_MAX] = s
            elif n == 12 and 1 <= number(digits, 2, 4) <= 12 and 1 <= number(digits, 4, 6) <= 31:
                if number(digits, 6, 8) < 24 and number(digits, 8, 10) < 60 and number(digits, 10, 12) < 60:
                    counts[STAMP12] += weight
        elif n == 18 and 599266080000000000 <= value <= 662380416000000000:  # ticks of 1900 to 2100
            counts[TICKS] += weight
        elif n == 5 and 25569 <= value <= 58000:
            counts[SERIAL_DAY] += weight
    if n == 13:
        if not breaks:
            if ean(digits, 13):
                counts[EAN] += weight
        if 1 <= digits[0] <= 8:
            counts[CNIC_SHAPE] += weight
            lead[number(digits, 0, 3)] += weight
            if breaks == (1 << 5 | 1 << 12):
                counts[CNIC_DASHED] += weight
            if digits[3] == 0:
                counts[CNIC_FOURTH] += weight
    elif n == 15:
        good_luhn = luhn(digits, 15)
        luhn_known = 1 if good_luhn else 0
        if good_luhn:
            counts[LUHN15] += weight
        t = digits[0] * 10 + digits[1]
        if t == 35 or t == 86 or t == 1 or t == 99:
            counts[TAC] += weight
    r = match_rules(digits, n, breaks, plus, False, book, best, luhn_known)
    if r >= 0:
        rule_counts[rules[r, 15], 0] += weight
        rule_counts[rules[r, 15], 1] += weight * best[2]
        kind = rules[r, 13]
        key = best[0]
        if kind == MSISDN:
            lead[key // 10000000] += weight
            if key % 10000 == 0:
                counts[ZEROS] += weight
        if kind == MSISDN or kind == CNIC:
            if key < extremes[KEY_MIN]:
                extremes[KEY_MIN] = key
            if key > extremes[KEY_MAX]:
                extremes[KEY_MAX] = key
        emit(sink, kind, SURE if best[1] else WEAK, key)
        if n == 13 and not breaks and kind != CNIC and 1 <= digits[0] <= 8:
            emit(sink, CNIC, WEAK, number(digits, 0, 13))
        if n == 13 and kind == CNIC and not breaks:
            emit(sink, K_TICKET, WEAK, number(digits, 0, 13))
        if n == 15 and not breaks and kind != IMEI and good_luhn:
            emit(sink, IMEI, WEAK, number(digits, 0, 14))
    elif n == 13 and not breaks:
        emit(sink, K_TICKET, WEAK, number(digits, 0, 13))
    elif (14 <= n <= 16) and not breaks:
        emit(sink, IMEI, WEAK, number(digits, 0, 14))
    if r < 0 and (
        (8 <= n <= 15 and not breaks and digits[0] != 0) or plus or (n > 9 and digits[0] == 0 and digits[1] == 0)
    ):
        counts[FOREIGN] += weight
    return r >= 0


@kernel(inline=True)
def classes(buf, a, b, kinds):
    """How many bytes of each class stand in a..b, to `kinds` (int64[16])."""
    for k in range(16):
        kinds[k] = 0
    i = a
    while b - i > _MANY:
        end = min(b, i + 255)  # what a byte of the words counts up to
        low = high = np.int64(0)
        while i < end:
            c = buf[i]
            low += CLASS_ONES[c, 0]
            high += CLASS_ONES[c, 1]
            i += 1
        for k in range(8):
            kinds[k] += (low >> (8 * k)) & 255
            kinds[8 + k] += (high >> (8 * k)) & 255
    while i < b:
        kinds[BYTE_CLASSES[buf[i]]] += 1
        i += 1


@kernel(inline=True)
def lexicon_words(buf, a, b, table, values):
    """The lexicons, as bits, that words in a..b stand in, each a run of letters."""
    seen = np.int64(0)
    i = a
    while i < b:
        h = np.int64(7)
        start = i
        while i < b:
            c = np.int64(buf[i])
            if 65 <= c <= 90:
                c += 32
            elif not (97 <= c <= 122 or c >= 128):
                break
            h = (h * 1099511628211 + c) & _MASK56  # as text_hash
            i += 1
        if i > start:
            seen |= lookup(table, values, h)
        i += 1
    return seen


@kernel(inline=True)
def lexicon_cell(buf, a, b, size, sizes, table, values):
    """The lexicons, as bits, that the whole of a..b stands in; `size` is its letters and digits."""
    c = np.int64(buf[a])
    if 65 <= c <= 90:
        c += 32
    if (97 <= c <= 122 or 48 <= c <= 57 or c >= 128) and not sizes[c] >> min(size, 62) & 1:
        return np.int64(0)
    return lookup(table, values, text_hash(buf, a, b))


@kernel
def profile_column(data, starts, stops, weights, scratch, book, tally, sink):
    """One pass over the cells of a column; `scratch` (uint8) is longer than the longest cell."""
    _profile_cells(
        data, starts, stops, weights, scratch, book, tally, sink, np.zeros(4, np.int64), np.zeros(32, np.uint8),
        np.zeros(8, np.int64), np.zeros(8, np.int64), np.zeros(8, np.int64), np.zeros(8, np.int64),
        np.zeros(16, np.int64),
    )  # fmt: skip


@kernel
def _profile_cells(
    data, starts, stops, weights, scratch, book, tally, sink, best, digits, moment, numbers, widths, seps, kinds
):
    """`profile_column` with arrays to work with."""
    counts, lengths, extremes, lex_counts = tally.counts, tally.lengths, tally.extremes, tally.lex_counts
    lex_table, lex_bits = book.lex_table, book.lex_bits
    weighted = len(weights) > 0
    weight = np.int64(1)
    sink.state[1] = 1
    for row in range(len(starts)):
        start = np.int64(starts[row])
        stop = np.int64(stops[row])
        if start == stop:
            continue
        if weighted:
            weight = weights[row]
            sink.state[1] = weight
        buf = data
        a = start
        b = stop
        classes(buf, a, b, kinds)
        folded = kinds[_HIGH] > 0 or kinds[_CONTROL] > 0
        if folded:
            b = fold(data, a, b, scratch)
            a = 0
            buf = scratch
        while a < b and (buf[a] == 32 or buf[a] == 9 or buf[a] == 13 or buf[a] == 10):
            a += 1
        while b > a and (buf[b - 1] == 32 or buf[b - 1] == 9 or buf[b - 1] == 13 or buf[b - 1] == 10):
            b -= 1
        if a == b:
            continue
        counts[FILLED] += weight
        counts[BYTE_TOTAL] += weight * (b - a)
        # spreadsheet guards
        if b - a > 3 and buf[a] == 61 and buf[a + 1] == 34 and buf[b - 1] == 34:
            a += 2
            b -= 1
        elif b - a > 2 and buf[a] == 34 and buf[b - 1] == 34:
            a += 1
            b -= 1
        elif b - a > 1 and buf[a] == 39:
            a += 1
            if b - a > 1 and buf[b - 1] == 39:
                b -= 1
        if (
            b - a > 6
            and (buf[a] | 32) == 116
            and (buf[a + 1] | 32) == 101
            and (buf[a + 2] | 32) == 108
            and buf[a + 3] == 58
        ):
            a += 4
        if b - a > 512:
            counts[LONG] += weight
            counts[TEXT] += weight
            if scan_text(buf, a, b, book, best, digits, sink):
                counts[TEXT_HIT] += weight
            continue
        if folded or b - a != stop - start:
            classes(buf, a, b, kinds)
        n = b - a
        nd = kinds[_DIGIT]
        letters = kinds[_UPPER] + kinds[_LOWER]
        if nd == 0:
            if kinds[_AT] == 1 and is_email(buf, a, b):
                counts[EMAIL] += weight
                emit(sink, K_EMAIL, SURE, hash_bytes(buf, a, b, True))
                continue
            if n == 6 and kinds[_UPPER] == 6:
                counts[LOCATOR] += weight
                emit(sink, K_PNR, WEAK, hash_bytes(buf, a, b, False))
            size = base64_size(buf, a, b) if n >= 22 and kinds[_SPACE] == 0 else 0
            if size:
                counts[BASE64] += weight
                lengths[digest_slot(size)] += weight
                emit_digest(sink, digest_key(buf, a, b))
                continue
            bits = lexicon_cell(buf, a, b, letters + kinds[_HIGH], book.sizes, lex_table, lex_bits)
            words = kinds[_SPACE] + 1
            counts[WORD_TOTAL] += weight * words
            counts[WORDS] += weight
            if letters + kinds[_HIGH]:
                counts[ALPHA] += weight
            if bits:
                for k in range(24):
                    if bits >> k & 1:
                        lex_counts[k, 0] += weight
            seen = lexicon_words(buf, a, b, lex_table, lex_bits)
            if seen:
                for k in range(24, 56):
                    if seen >> k & 1:
                        lex_counts[k, 1] += weight
            if kinds[_AT] and scan_text(buf, a, b, book, best, digits, sink):
                counts[TEXT_HIT] += weight
            continue
        if (
            kinds[_DASH] == 3
            and nd + 3 == n
            and n > 8
            and buf[a] == 52
            and buf[a + 1] == 49
            and buf[a + 2] == 48
            and buf[a + 3] == 45
        ):
            counts[CGI] += weight
            continue
        # one number with separators, perhaps with what a spreadsheet or an export added
        e = b
        if nd == n and n <= 24:
            for i in range(n):
                digits[i] = buf[a + i] - 48
            counts[DIGITS] += weight
            take_digits(
                digits,
                n,
                0,
                False,
                book,
                best,
                tally,
                sink,
            )
            continue
        if kinds[_AT] == 1 and letters:
            # a messenger address: the number before @
            i = a
            while i < b and (48 <= buf[i] <= 57 or buf[i] == 45 or buf[i] == 43):
                i += 1
            if i < b and buf[i] == 64 and i - a >= 10 and i - a <= 20:
                tail = hash_bytes(buf, i + 1, b, True)
                dot_us = b - i == 5 and (buf[i + 1] | 32) == 99 and (buf[i + 4] | 32) == 115
                whats = b - i == 15 and (buf[i + 1] | 32) == 115 and buf[i + 2] == 46 and (buf[i + 3] | 32) == 119
                if (dot_us or whats) and tail:
                    e = i
            if e == b and is_email(buf, a, b):
                counts[EMAIL] += weight
                emit(sink, K_EMAIL, SURE, hash_bytes(buf, a, b, True))
                continue
        if kinds[_DOT] == 1 and letters == 0 and kinds[_DASH] == 0:
            i = b - 1
            while i > a and buf[i] == 48:
                i -= 1
            if buf[i] == 46 and i < b - 1 and i - a >= 9:
                e = i
        # the half byte that fills up an odd number of packed digits (3GPP TS 29.002)
        if letters == 1 and nd + 1 == n and nd >= 9 and buf[b - 1] | 32 == 102:
            e = b - 1
        if kinds[_DOT] == 3 and kinds[_DASH] == 0 and letters == 0 and kinds[_SPACE] == 0:
            address = ipv4(buf, a, b)
            if address >= 0:
                counts[IP] += weight
                emit(sink, K_IP, SURE, address)
                continue
        if (
            kinds[_COLON] >= 2
            and kinds[_DASH] == 0
            and kinds[_SPACE] == 0
            and kinds[_SLASH] == 0
            and ipv6(buf, a, b)
            and (kinds[_COLON] != 2 or letters)
        ):
            counts[IP] += weight
            address = mapped(buf, a, b)
            emit(sink, K_IP, SURE, address if address >= 0 else hash_bytes(buf, a, b, True))
            continue
        loose = (
            kinds[_SPACE] + kinds[_DASH] + kinds[_DOT] + kinds[_PAREN] + kinds[_PLUS] + kinds[_SLASH] + kinds[_UNDER]
        )
        if (e < b or nd + loose == n) and nd <= 24 and nd >= 9 and kinds[_PLUS] <= 1:
            count = 0
            breaks = np.int64(0)
            plus = False
            good = True
            pending = False
            slash = False
            for i in range(a, e):
                c = buf[i]
                if 48 <= c <= 57:
                    if pending and count:
                        breaks |= np.int64(1) << count
                    pending = False
                    digits[count] = c - 48
                    count += 1
                elif c == 43:
                    if count:
                        good = False
                        break
                    plus = True
                else:
                    if c == 47:
                        slash = True
                    pending = True
            if good and count >= 9 and not (slash and count > 15):
                # a decimal fraction is no number with a separator
                fraction = kinds[_DOT] == 1 and e == b and kinds[_DASH] == 0 and kinds[_SPACE] == 0 and digits[0] != 0
                if not fraction:
                    mark = counts[FOREIGN]
                    if plus:
                        counts[PLUS] += weight
                    if count == 11 and breaks == (1 << 3 | 1 << 5) and 1 <= digits[0] <= 7:
                        counts[CNIC_OLD] += weight
                        emit(sink, CNIC, SURE, number(digits, 0, 11))
                        continue
                    if breaks == 0 and not plus:
                        counts[DIGITS] += weight
                        take_digits(
                            digits,
                            count,
                            0,
                            False,
                            book,
                            best,
                            tally,
                            sink,
                        )
                        continue
                    if take_digits(
                        digits,
                        count,
                        breaks,
                        plus,
                        book,
                        best,
                        tally,
                        sink,
                    ):
                        counts[SEPARATED] += weight
                        continue
                    if plus:
                        counts[SEPARATED] += weight
                        continue
                    counts[FOREIGN] = mark
        # moments
        if n <= 40 and ((buf[a] >= 48 and buf[a] <= 57) or letters) and nd >= 3:
            kind = parse_time(buf, a, b, moment, numbers, widths, seps)
            if kind:
                if kind == 3:
                    counts[CLOCK] += weight
                    if moment[0] > extremes[NUMBER_MAX]:
                        extremes[NUMBER_MAX] = moment[0]
                    continue
                if kind == 4:
                    counts[YEAR_MONTH] += weight
                    continue
                counts[DATETIME if kind == 1 else DATE] += weight
                if moment[4]:
                    counts[ISO_FIRST] += weight
                else:
                    if moment[2] > 12:
                        counts[FIRST_GT12] += weight
                    if moment[3] > 12:
                        counts[SECOND_GT12] += weight
                if moment[0] != LOW:
                    if moment[0] < extremes[DAY_MIN]:
                        extremes[DAY_MIN] = moment[0]
                    if moment[0] > extremes[DAY_MAX]:
                        extremes[DAY_MAX] = moment[0]
                if moment[1] != LOW:
                    if moment[1] < extremes[MONTH_MIN]:
                        extremes[MONTH_MIN] = moment[1]
                    if moment[1] > extremes[MONTH_MAX]:
                        extremes[MONTH_MAX] = moment[1]
                continue
        # decimals
        if (
            kinds[_DOT] == 1
            and nd + kinds[_DOT] + kinds[_DASH] + kinds[_PLUS] == n
            and kinds[_DASH] + kinds[_PLUS] <= 1
        ):
            whole = np.int64(0)
            i = a
            minus = False
            if buf[i] == 45 or buf[i] == 43:
                minus = buf[i] == 45
                i += 1
            width = 0
            while i < b and 48 <= buf[i] <= 57:
                if width < 17:
                    whole = whole * 10 + np.int64(buf[i]) - 48
                width += 1
                i += 1
            if i < b and buf[i] == 46:
                counts[DECIMAL] += weight
                places = b - i - 1
                if places >= 3:
                    counts[FINE] += weight
                if minus:
                    counts[NEGATIVE] += weight
                elif 23 <= whole <= 37 and places >= 1:
                    counts[LATITUDE] += weight
                elif 60 <= whole <= 77 and places >= 1:
                    counts[LONGITUDE] += weight
                if not minus and 25569 <= whole <= 58000:
                    counts[SERIAL_DAY] += weight
                if not minus and 946684800 <= whole <= 2051222400:
                    counts[EPOCH_S] += weight
                    if whole < extremes[DAY_MIN]:
                        extremes[DAY_MIN] = whole
                    if whole > extremes[DAY_MAX]:
                        extremes[DAY_MAX] = whole
                continue
        if kinds[_DASH] == 1 and nd + 1 == n and buf[a] == 45:
            counts[NEGATIVE] += weight
            continue
        # scientific notation
        if kinds[_UPPER] + kinds[_LOWER] == 1 and nd >= 3 and n <= 28 and kinds[_SPACE] == 0:
            i = a
            mantissa = 0
            exponent = np.int64(-1)
            dot = -1
            good = True
            while i < b:
                c = buf[i]
                if 48 <= c <= 57:
                    if mantissa < 24:
                        digits[mantissa] = c - 48
                    mantissa += 1
                elif c == 46 and dot < 0:
                    dot = mantissa
                elif (c == 69 or c == 101) and mantissa:
                    exponent = 0
                    i += 1
                    if i < b and buf[i] == 43:
                        i += 1
                    if i == b:
                        good = False
                    while i < b:
                        if not 48 <= buf[i] <= 57:
                            good = False
                            break
                        exponent = exponent * 10 + np.int64(buf[i]) - 48
                        i += 1
                    break
                else:
                    good = False
                    break
                i += 1
            if good and exponent >= 0 and exponent < 40 and (dot == 1 or (dot < 0 and mantissa == 1)):
                while mantissa <= 20 and mantissa < exponent + 1 and mantissa >= 10 and exponent + 1 - mantissa <= 1:
                    digits[mantissa] = 0
                    mantissa += 1
                if mantissa == exponent + 1 and mantissa >= 9 and mantissa <= 20:
                    counts[DIGITS] += weight
                    take_digits(
                        digits,
                        mantissa,
                        0,
                        False,
                        book,
                        best,
                        tally,
                        sink,
                    )
                    continue
                counts[SCIENTIFIC] += weight
                if exponent == 9:
                    counts[SCI_9] += weight
                elif exponent == 11:
                    counts[SCI_11] += weight
                elif exponent == 12:
                    counts[SCI_12] += weight
                elif exponent == 14:
                    counts[SCI_14] += weight
                emit(sink, K_MASKED, WEAK, hash_bytes(buf, a, b, True))
                continue
        # a passport before masks: XX1234567 is one
        if (
            letters == 2
            and nd == 7
            and n == 9
            and letters == kinds[_UPPER]
            and 65 <= buf[a] <= 90
            and 65 <= buf[a + 1] <= 90
        ):
            counts[PASSPORT] += weight
            key = (np.int64(buf[a]) - 65) * 26 + np.int64(buf[a + 1]) - 65
            for i in range(a + 2, b):
                key = key * 10 + np.int64(buf[i]) - 48
            emit(sink, K_PASSPORT, WEAK, key)
            continue
        if 7 <= n <= 12 and 1 <= letters <= 2 and 6 <= nd <= 8 and document_code(buf, a, b):
            key = np.int64(0)
            for i in range(a, b):
                c = np.int64(buf[i])
                if 48 <= c <= 57:
                    key = key * 10 + c - 48
                elif c != 32 and c != 45:
                    key = key * 26 + (c & 223) - 65
            if letters == 2 and nd == 7:
                counts[PASSPORT] += weight
            else:
                counts[DOCUMENT] += weight
                key += (letters * 10 + nd) * np.int64(100_000_000_000)
            emit(sink, K_PASSPORT, WEAK, key)
            continue
        # masked digits
        if n <= 24 and nd >= 3 and (kinds[_DOT] == 0 or kinds[_DOT] >= 3) and kinds[_COLON] == 0:
            hidden = 0
            visible = 0
            good = True
            for i in range(a, b):
                c = buf[i]
                if 48 <= c <= 57:
                    visible += 1
                elif c == 42 or c == 35 or c == 88 or c == 120:
                    hidden += 1
                elif c == 46 and ((i > a and buf[i - 1] == 46) or (i + 1 < b and buf[i + 1] == 46)):
                    hidden += 1
                elif not (c == 45 or c == 32 or c == 43 or c == 40 or c == 41):
                    good = False
                    break
            if good and hidden >= 2 and 9 <= hidden + visible <= 15:
                counts[MASKED] += weight
                if hidden > extremes[HIDDEN]:
                    extremes[HIDDEN] = hidden
                total = hidden + visible
                if total == 13 and 49 <= buf[a] <= 56:
                    counts[MASKED_CNIC] += weight
                elif (
                    (total == 11 and buf[a] == 48 and buf[a + 1] == 51)
                    or (total == 12 and buf[a] == 57)
                    or (total == 12 and buf[a] == 43)
                    or (total == 10 and buf[a] == 51)
                    or (total == 14 and buf[a] == 48)
                ):
                    counts[MASKED_MSISDN] += weight
                emit(sink, K_MASKED, WEAK, hash_bytes(buf, a, b, True))
                continue
        # digests
        if n >= 16:
            size = hex_size(buf, a, b)
            if size:
                counts[DIGEST] += weight
            elif kinds[_SPACE] == 0:
                size = base64_size(buf, a, b)
                if size:
                    counts[BASE64] += weight
            if size:
                lengths[digest_slot(size)] += weight
                emit_digest(sink, digest_key(buf, a, b))
                continue
        if n == 36 and kinds[_DASH] == 4 and buf[a + 8] == 45 and buf[a + 13] == 45:
            counts[UUID] += weight
            continue
        # letters and digits
        if n >= 24 and n <= 36 and (buf[a] | 32) == 112 and (buf[a + 1] | 32) == 107:
            good_iban = iban_valid(buf, a, b)
            if good_iban >= 0:
                counts[IBAN] += weight
                counts[IBAN_VALID] += weight * good_iban
                emit(sink, K_IBAN, SURE if good_iban else WEAK, iban_key(buf, a, b))
                continue
        if 3 <= n <= 8 and 1 <= letters <= 3 and nd >= 1 and nd <= 5:
            i = a + 2
            if i < b and (buf[i] == 32 or buf[i] == 45):
                i += 1
            tail = b - i
            good = 1 <= tail <= 4
            for k in range(i, b):
                if not 48 <= buf[k] <= 57:
                    good = False
            first = buf[a]
            second = buf[a + 1]
            upper1 = 65 <= first <= 90
            upper2 = 65 <= second <= 90
            if good and (upper1 or upper2) and (upper1 or 48 <= first <= 57) and (upper2 or 48 <= second <= 57):
                counts[FLIGHT] += weight
                bits = lookup(lex_table, lex_bits, text_hash(buf, a, a + 2))
                for k in range(56, 62):
                    if bits >> k & 1:
                        lex_counts[k, 0] += weight
        if n == 6 and letters + nd == 6 and kinds[_LOWER] == 0:
            counts[LOCATOR] += weight
            emit(sink, K_PNR, WEAK, hash_bytes(buf, a, b, False))
            continue
        if kinds[_DASH] >= 1 and nd + kinds[_DASH] == n:
            if kinds[_DASH] == 1 and n == 14 and buf[a + 3] == 45:
                counts[TICKET_DASH] += weight
                value = np.int64(0)
                for i in range(a, b):
                    if buf[i] != 45:
                        value = value * 10 + np.int64(buf[i]) - 48
                emit(sink, K_TICKET, SURE, value)
                continue
        joints = kinds[_DASH] + kinds[_UNDER] + kinds[_DOT] + kinds[_COLON] + kinds[_SLASH] + kinds[_SPACE]
        if joints and nd + joints == n and n <= 28:
            identity = cell_identity(buf, a, b)
            if identity != NO_CELL:
                counts[CGI if identity == PAKISTANI_CELL else CELL_FOREIGN if identity == FOREIGN_CELL else PAIR] += (
                    weight
                )
                continue
        if n <= 24 and letters <= 2 and kinds[_SLASH] == 0 and kinds[_AT] == 0:
            side = point(buf, a, b)
            if side != NO_POINT:
                counts[DECIMAL] += weight
                counts[FINE] += weight
                counts[LATITUDE if side == A_LATITUDE else LONGITUDE] += weight
                continue
        if 2 <= n <= 40 and letters and spelled_duration(buf, a, b):
            counts[DURATION_UNIT] += weight
            continue
        if buf[a] == 80 and letters <= 5 and n <= 24 and n >= 3 and (buf[a + 1] == 84 or 48 <= buf[a + 1] <= 57):
            good = True
            for i in range(a + 1, b):
                c = buf[i]
                if not (48 <= c <= 57 or c == 84 or c == 72 or c == 77 or c == 83 or c == 68 or c == 46):
                    good = False
                    break
            if good:
                counts[DURATION_ISO] += weight
                continue
        # a text
        counts[TEXT] += weight
        counts[WORD_TOTAL] += weight * (kinds[_SPACE] + 1)
        if letters + kinds[_HIGH]:
            counts[ALPHA] += weight
        bits = lexicon_cell(buf, a, b, letters + kinds[_HIGH] + nd, book.sizes, lex_table, lex_bits)
        if bits:
            for k in range(24):
                if bits >> k & 1:
                    lex_counts[k, 0] += weight
        seen = lexicon_words(buf, a, b, lex_table, lex_bits)
        if seen:
            for k in range(24, 56):
                if seen >> k & 1:
                    lex_counts[k, 1] += weight
        # a point packed into a cell, as in "address|31.52|74.35"
        lats = 0
        lons = 0
        i = a if kinds[_DOT] >= 2 and nd >= 8 else b
        while i < b:
            if 48 <= buf[i] <= 57:
                j = i
                while j < b and 48 <= buf[j] <= 57:
                    j += 1
                if j - i == 2 and j + 2 < b and buf[j] == 46 and 48 <= buf[j + 1] <= 57 and 48 <= buf[j + 2] <= 57:
                    v = (np.int64(buf[i]) - 48) * 10 + np.int64(buf[i + 1]) - 48
                    if 23 <= v <= 37:
                        lats += 1
                    elif 60 <= v <= 77:
                        lons += 1
                    j += 1
                    while j < b and 48 <= buf[j] <= 57:
                        j += 1
                i = j
            else:
                i += 1
        if lats == 1 and lons == 1:
            counts[PLACE] += weight
            continue
        if nd >= 7 or kinds[_AT]:
            before = sink.state[0]
            k = scan_text(buf, a, b, book, best, digits, sink)
            if k:
                counts[TEXT_HIT] += weight
            if k >= 2 and pair_found(sink, before) == 3:
                counts[LINKED] += weight
                if names_person(buf, a, b, book):
                    counts[NAMED] += weight
            if k >= 2 and letters == 0:
                counts[MULTI] += weight
