"""Holds the compiled kernels against other people's validators, on strings made for the purpose.

`python -m benchmarks.oracles [KIND …] [--count N] [--workers N] [--output FILE]`: for each kind of identifier N strings
are made, a third of them valid, a third nearly so, a third of random digits; each is judged by the kernels as a cell of
a column, and by an oracle. Where the two differ the string must fall under one of `DIFFERENCES`, each of which is meant
and says why; any other disagreement is shown (nobody's numbers: all are made up), and the command ends with 1.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

BATCH = 50_000
Verdict = int | None
"""The key of a valid identifier, or None."""


# --- the oracles --------------------------------------------------------------------------------------------------


def _phonenumbers(text: str) -> Verdict:
    import phonenumbers as p

    try:
        number = p.parse(text, "PK")
    except p.NumberParseException:
        return None
    mobile = p.number_type(number) == p.PhoneNumberType.MOBILE
    if number.extension or not mobile or not p.is_valid_number_for_region(number, "PK"):
        return None
    return int(number.national_number or 0)


def _cnic(text: str) -> Verdict:
    from stdnum.pk import cnic

    return int(cnic.compact(text)) if cnic.is_valid(text) else None


def _iban(text: str) -> Verdict:
    from stdnum import iban

    # The oracle's rules for the countries' own numbers have none for Pakistan; the check digits are what is compared.
    return 1 if iban.is_valid(text, check_country=False) and iban.compact(text).startswith("PK") else None


def _imei(text: str) -> Verdict:
    from stdnum import imei

    digits = imei.compact(text)
    return int(digits) if len(digits) == 15 and imei.is_valid(text) else None


def _iccid(text: str) -> Verdict:
    from stdnum import luhn
    from stdnum.util import clean

    digits = clean(text, " -")
    sound = len(digits) in (19, 20) and digits.startswith("8992") and luhn.is_valid(digits)
    return int(digits) if sound else None


# --- strings ------------------------------------------------------------------------------------------------------


def _digits(dice: np.random.Generator, count: int) -> str:
    return "".join(map(str, dice.integers(0, 10, count)))


def _nearly(dice: np.random.Generator, text: str) -> str:
    """One character of a string changed, lost, doubled, or swapped with the next."""
    at = int(dice.integers(0, len(text)))
    way = dice.integers(0, 4)
    if way == 0:
        return text[:at] + str(dice.integers(0, 10)) + text[at + 1 :]
    if way == 1:
        return text[:at] + text[at + 1 :]
    if way == 2:
        return text[:at] + text[at] + text[at:]
    return text[:at] + text[at : at + 2][::-1] + text[at + 2 :]


_MOBILE = (
    "0{a}{b}", "{a}{b}", "92{a}{b}", "+92{a}{b}", "0092{a}{b}", "0{a}-{b}", "0{a} {b}", "(0{a}) {b}", "{a}-{b}",
    "+92 {a} {b}", "0092-{a}-{b}", "tel:+92{a}{b}", "92-0{a}-{b}", "+92 (0){a} {b}", "920{a}{b}", "+92-{a}-{b}",
    "92{a}{b}.0", "92 92{a}{b}", "9292{a}{b}", "64092{a}{b}", "3892{a}{b}", "0{a}.{b}", "0{a}/{b}", '="0{a}{b}"',
    "'0{a}{b}", "92{a}{b}@c.us", "0{a}\u00a0{b}", "\u202a+92{a}{b}\u202c",
)  # fmt: skip


@cache
def _codes(table: str) -> tuple[str, ...]:
    from scanner.packs import load_pack

    return tuple(sorted(load_pack().tables[table].codes))


def _one_of(dice: np.random.Generator, choices: tuple[str, ...]) -> str:
    return choices[int(dice.integers(0, len(choices)))]


def _mobile(dice: np.random.Generator) -> str:
    made = _one_of(dice, _MOBILE).format(a=_one_of(dice, _codes("mobile_ndc")), b=_digits(dice, 7))
    if dice.integers(0, 10) == 0:
        made = made.translate({48 + i: (0x06F0, 0x0660, 0xFF10)[int(dice.integers(0, 3))] + i for i in range(10)})
    return made


def _random_number(dice: np.random.Generator) -> str:
    start = _one_of(dice, ("", "0", "3", "03", "92", "+92", "0092", "923", "+", "+971", "0092 3", "(03", "00"))
    return start + _digits(dice, int(dice.integers(4, 14)))


def _card(dice: np.random.Generator) -> str:
    a, b, c = _one_of(dice, _codes("cnic_locality")), _digits(dice, 7), str(dice.integers(1, 10))
    return _one_of(dice, ("{}{}{}", "{}-{}-{}", "{} {} {}")).format(a, b, c)


def _random_card(dice: np.random.Generator) -> str:
    digits = _digits(dice, int(dice.integers(11, 16)))
    return f"{digits[:5]}-{digits[5:12]}-{digits[12:]}" if dice.integers(0, 2) else digits


def _account(dice: np.random.Generator) -> str:
    from stdnum.iso7064 import mod_97_10

    body = _one_of(dice, _codes("iban_bank")) + _digits(dice, 16)
    made = "PK" + mod_97_10.calc_check_digits(body + "PK") + body
    if dice.integers(0, 3) == 0:
        made = " ".join(made[i : i + 4] for i in range(0, 24, 4))
    return made.lower() if dice.integers(0, 10) == 0 else made


def _random_account(dice: np.random.Generator) -> str:
    return "PK" + _digits(dice, 2) + _one_of(dice, _codes("iban_bank")) + _digits(dice, int(dice.integers(14, 18)))


def _luhn(body: str) -> str:
    from stdnum import luhn

    return body + str(luhn.calc_check_digit(body))


def _device(dice: np.random.Generator) -> str:
    digits = _luhn(_one_of(dice, ("35", "86", "01", "99")) + _digits(dice, 12))
    return f"{digits[:2]}-{digits[2:8]}-{digits[8:14]}-{digits[14]}" if dice.integers(0, 3) == 0 else digits


def _random_device(dice: np.random.Generator) -> str:
    return _one_of(dice, ("35", "86", "01", "")) + _digits(dice, int(dice.integers(11, 15)))


def _chip(dice: np.random.Generator) -> str:
    return _luhn("8992" + _digits(dice, int(dice.integers(14, 16))))


def _random_chip(dice: np.random.Generator) -> str:
    return _one_of(dice, ("8992", "8991", "89", "")) + _digits(dice, int(dice.integers(13, 18)))


# --- what is compared ---------------------------------------------------------------------------------------------


def plain(text: str) -> str:
    """The digits of any script as ASCII."""
    return "".join(str(unicodedata.decimal(one, one)) for one in text)


@dataclass(frozen=True, slots=True)
class Difference:
    """Strings that the kernels mean to judge otherwise than the oracle."""

    name: str
    why: str
    taken: bool
    """By the oracle."""
    expression: str

    def holds(self, text: str) -> bool:
        """Whether a string is one of them."""
        return re.search(self.expression, plain(text)) is not None


@dataclass(frozen=True, slots=True)
class Comparison:
    """A kind of identifier: who else knows it, strings to judge, and the differences that are meant."""

    kind: str
    package: str
    oracle: Callable[[str], Verdict]
    valid: Callable[[np.random.Generator], str]
    random: Callable[[np.random.Generator], str]
    differences: tuple[Difference, ...] = ()
    counted: tuple[str, ...] = ()
    """Classes of cells, or notations, that are counted; else cells that yield a key, which is the number."""


_SPLIT = r"[\d][-. /()\u00a0]"

MSISDN_DIFFERENCES = (
    Difference(
        "doubled country code",
        "mediation systems write 92 twice; the number behind it is meant",
        False,
        r"^\D*(?:00)?\D*9\D*2\D*9\D*2\D*3",
    ),
    Difference(
        "routing prefix",
        "640, 110, 38 and 40 before the number are left by porting and routing in exports",
        False,
        r"^\D*(?:6\D*4\D*0|1\D*1\D*0|3\D*8|4\D*0)\D*(?:9\D*2\D*)?3",
    ),
    Difference(
        "fraction of a float",
        "a spreadsheet or data frame made the number a float; what follows the point adds nothing",
        False,
        r"\d\.+\d{0,2}\D*$",
    ),
    Difference("messenger address", "the number before @ is the subscriber's", False, r"@"),
    Difference(
        "digits after a mark",
        "the oracle stops at a mark of direction or takes what follows for an extension; "
        "the number before it is found as in text",
        False,
        r"[\u202a-\u202e].*\d[\u202a-\u202e]\d",
    ),
    Difference(
        "number within text",
        "a number with something unknown before or after it is found as in free text",
        False,
        r"[A-Za-z\"'=+(]",
    ),
    Difference(
        "country code behind a zero", "092 is written by those who dial a zero first", False, r"^\D*0\D*9\D*2\D*3"
    ),
    Difference(
        "number after another",
        "digits, a space and a whole number: the latter is found as in text",
        False,
        r"^\d{1,3} +(?:92|0)?3",
    ),
    Difference("number and digits after it", "the same the other way round", False, r"^.*\d{7} +\d{1,3}$"),
    Difference(
        "zeros within",
        "country code, two zeros and the number are fourteen digits that nothing else writes so",
        True,
        r"^\D*9200?3",
    ),
    Difference(
        "grouped otherwise",
        "the oracle drops separators wherever they stand; the kernels want them where "
        "mobile numbers are split, since dates, versions and lists of short numbers are split elsewhere",
        True,
        _SPLIT,
    ),
)
CNIC_DIFFERENCES = (
    Difference(
        "split by spaces or one dash", "cards are typed with spaces, or with some of their dashes", False, r"[ -]"
    ),
    Difference("Azad Kashmir", "localities that begin with 8 are issued there; the oracle knows 1 to 7", False, r"^8"),
    Difference(
        "last digit 0",
        "the oracle refuses 0 as the digit of sex; it stands on real cards of no stated sex",
        False,
        r"0$",
    ),
    Difference(
        "dashed otherwise",
        "the oracle drops dashes wherever they stand; thirteen digits dashed elsewhere are a number of another kind",
        True,
        r"-",
    ),
)
IMEI_DIFFERENCES = (
    Difference("dashed otherwise", "the oracle drops dashes wherever they stand; the kernels want 2-6-6-1", True, r"-"),
    Difference("reporting body", "the first two digits name no body that allocates codes (GSMA TS.06)", True, r"^\d+$"),
)

COMPARISONS: dict[str, Comparison] = {
    one.kind: one
    for one in (
        Comparison("msisdn", "phonenumbers", _phonenumbers, _mobile, _random_number, MSISDN_DIFFERENCES),
        Comparison("cnic", "python-stdnum", _cnic, _card, _random_card, CNIC_DIFFERENCES),
        Comparison("iban", "python-stdnum", _iban, _account, _random_account, counted=("iban_valid",)),
        Comparison("imei", "python-stdnum", _imei, _device, _random_device, IMEI_DIFFERENCES, ("imei.checked",)),
        Comparison("iccid", "python-stdnum", _iccid, _chip, _random_chip, counted=("iccid.nineteen", "iccid.twenty")),
    )
}


@dataclass(slots=True)
class Outcome:
    """What came of some strings; adds up."""

    strings: int = 0
    valid: int = 0
    """As the oracle says."""
    meant: Counter[str] = field(default_factory=Counter)
    other: Counter[str] = field(default_factory=Counter)
    """Disagreements that no difference explains."""

    def add(self, more: Outcome) -> None:
        self.strings += more.strings
        self.valid += more.valid
        self.meant += more.meant
        self.other += more.other


@cache
def _pack() -> tuple[Any, dict[str, int]]:
    """The kernels' tables, and where each notation stands in them."""
    from scanner.detect.tables import build
    from scanner.packs import load_pack

    pack = load_pack()
    return build(pack), {notation.id: place for place, notation in enumerate(pack.notations)}


def found(comparison: Comparison, cells: list[str]) -> tuple[int, list[int]]:
    """How many of the cells the kernels take for an identifier, and its distinct keys."""
    from scanner.detect import kernels
    from scanner.detect.profile import ColumnProfile

    tables, places = _pack()
    profile = ColumnProfile()
    profile.scan(pa.array([cell.encode() for cell in cells], pa.binary()), tables, 0, 0)
    if comparison.counted:
        classes = dict(zip(kernels.CLASSES, profile.counts.tolist(), strict=True))
        fits = {name: int(profile.rule_counts[at, 0]) for name, at in places.items()}
        return sum((classes | fits)[one] for one in comparison.counted), []
    place = kernels.KINDS.index(comparison.kind) * 3
    ways = (place + kernels.WEAK, place + kernels.SURE, place + kernels.IN_TEXT)
    keys = {key for way in ways if way in profile.sets for key in profile.sets[way].keys().tolist()}
    return int(sum(profile.times[way] for way in ways)), sorted(keys)


def disagreeing(comparison: Comparison, cells: list[str], verdicts: list[Verdict]) -> list[int]:
    """Positions of the cells of which kernels and oracle do not say the same; all are taken, or all refused, by it."""
    out: list[int] = []
    pending = [range(len(cells))]
    while pending:
        part = pending.pop()
        count, keys = found(comparison, [cells[i] for i in part])
        wanted = [verdicts[i] for i in part if verdicts[i] is not None]
        if count == len(wanted) and (comparison.counted or keys == sorted(set(wanted))):
            continue
        if len(part) == 1:
            out.append(part[0])
        else:
            middle = len(part) // 2
            pending += [part[:middle], part[middle:]]
    return sorted(out)


def judge(kind: str, seed: int, count: int) -> Outcome:
    """Compare on `count` strings that follow from the seed."""
    comparison = COMPARISONS[kind]
    dice = np.random.default_rng([seed, len(kind)])
    cells = []
    for place in range(count):
        way = place % 3
        text = comparison.random(dice) if way == 2 else comparison.valid(dice)
        cells.append(_nearly(dice, text) if way == 1 else text)
    verdicts = [comparison.oracle(cell) for cell in cells]
    outcome = Outcome(count, sum(one is not None for one in verdicts))
    for taken in (True, False):
        places = [place for place, verdict in enumerate(verdicts) if (verdict is not None) is taken]
        for at in disagreeing(comparison, [cells[i] for i in places], [verdicts[i] for i in places]):
            cell = cells[places[at]]
            name = next((one.name for one in comparison.differences if one.taken is taken and one.holds(cell)), None)
            if name is None:
                outcome.other[f"{'taken' if taken else 'refused'} by {comparison.package}: {cell!a}"] += 1
            else:
                outcome.meant[name] += 1
    return outcome


def table(outcomes: dict[str, Outcome], seconds: float) -> str:
    """What came of it as Markdown."""
    lines = [
        "# Kernels against other validators",
        "",
        f"By `python -m benchmarks.oracles` with phonenumbers {version('phonenumbers')} and python-stdnum "
        f"{version('python-stdnum')}, {seconds / 60:.0f} minutes. A third of the strings of each kind is valid, "
        "a third nearly so, a third random digits.",
        "",
        "| kind | oracle | strings | valid, as the oracle says | differences meant | others |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for kind, one in outcomes.items():
        lines.append(
            f"| {kind} | {COMPARISONS[kind].package} | {one.strings:,} | {one.valid:,} | {one.meant.total():,} "
            f"| {one.other.total():,} |"
        )
    lines += [
        "",
        "## Differences that are meant",
        "",
        "| kind | strings | the oracle | number | why |",
        "|---|---|---|---:|---|",
    ]
    lines += [
        f"| {kind} | {one.name} | {'takes' if one.taken else 'refuses'} them | {outcomes[kind].meant[one.name]:,} "
        f"| {one.why} |"
        for kind in outcomes
        for one in COMPARISONS[kind].differences
    ]
    return "\n".join(lines) + "\n"


def main(arguments: Iterable[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="*", choices=[*COMPARISONS, []], metavar="KIND", help=", ".join(COMPARISONS))
    parser.add_argument("--count", type=int, default=5_000_000, help="strings of a kind (default: 5,000,000)")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--output", type=Path, help="write the table as Markdown")
    options = parser.parse_args(None if arguments is None else list(arguments))
    total: dict[str, Outcome] = {}
    began = time.monotonic()
    with ProcessPoolExecutor(options.workers) as pool:
        for kind in options.kinds or COMPARISONS:
            total[kind] = Outcome()
            sizes = [min(BATCH, options.count - first) for first in range(0, options.count, BATCH)]
            for part in pool.map(judge, [kind] * len(sizes), range(len(sizes)), sizes):
                total[kind].add(part)
            print(kind, total[kind].strings, total[kind].valid, dict(total[kind].meant), file=sys.stderr)
            for pattern, times in total[kind].other.most_common(40):
                print(f"  {times:6} {pattern}", file=sys.stderr)
    if options.output:
        options.output.write_text(table(total, time.monotonic() - began), encoding="utf-8")
    return int(any(one.other for one in total.values()))


if __name__ == "__main__":
    sys.exit(main())
