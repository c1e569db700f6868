"""Identifiers that a pack adds: found as their slow twins find them, told from others, counted exactly."""

from __future__ import annotations

import csv
import json
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner import ScanOptions, scan
from scanner.compiled import compile_all
from scanner.detect import added_kernels as k
from scanner.detect.added import MOST_GIVEN_UP, AddedProfile
from scanner.detect.profile import ColumnProfile
from scanner.detect.tables import build
from scanner.identifiers.checksums import CHECKS, verhoeff
from scanner.model import Artifact, Column
from scanner.packs import load_pack
from scanner.packs.check import check_pack, matches_expression, matches_notation
from scanner.packs.headers import match
from scanner.packs.schema import Notation
from scanner.report.document import artifact_document
from scanner.terms import ColumnType, Form, PackType

EXAMPLE = Path(__file__).parents[2] / "docs" / "example-pack"
PACK = load_pack(EXAMPLE)
TABLES = build(PACK)
AADHAAR, CUSTOMER = (one.type for one in PACK.identifiers)
FIXED = next(one for one in PACK.notations if one.column_type == AADHAAR)


def aadhaar(dice: random.Random) -> str:
    start = dice.choice("23456789") + "".join(dice.choices("0123456789", k=10))
    return next(start + last for last in "0123456789" if verhoeff(start + last))


def spaced(digits: str) -> str:
    return f"{digits[:4]} {digits[4:8]} {digits[8:]}"


def scanned(path: Path, header: list[str], rows: list[list[str]], **options: object) -> Artifact:
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([header, *rows])
    made = ScanOptions(patterns=EXAMPLE, **{"workers": 1, **options})  # type: ignore[arg-type]
    return scan(str(path), options=made).artifacts[0]


def column(artifact: Artifact, name: str) -> Column:
    return next(one for one in artifact.columns if one.name == name)


def test_the_example_pack_has_no_fault() -> None:
    assert check_pack(PACK) == []
    assert isinstance(AADHAAR, PackType) and AADHAAR.weighs_as is ColumnType.CNIC


def test_columns_counts_text_structure_and_score(tmp_path: Path) -> None:
    dice = random.Random(3)
    numbers = [aadhaar(dice) for _ in range(60)]
    rows = [
        [
            "Sana Malik",
            number if at % 2 else spaced(number),
            f"KHI-{at % 7:02}-{at % 50:07}",
            f"seen {spaced(numbers[0])} beside LHE-01-0000001 and 923001234567"
            if at % 4 == 0
            else "nothing to be said here",
        ]
        for at, number in enumerate(numbers)
    ]
    found = scanned(tmp_path / "list.csv", ["Name", "Adhaar Nmbr", "ref", "remarks"], rows)
    assert [(one.type, one.form) for one in found.columns] == [
        (ColumnType.PERSON_NAME, Form.PLAIN), (AADHAAR, Form.PLAIN), (CUSTOMER, Form.PLAIN),
        (ColumnType.FREE_TEXT, Form.PLAIN),
    ]  # fmt: skip
    assert [column(found, name).distinct for name in ("Adhaar Nmbr", "ref")] == [60, 60]
    assert column(found, "remarks").rows_matched == 15
    counts = {str(kind): (held.occurrences, held.distinct) for kind, held in found.identifiers.items()}
    assert counts == {"in_aadhaar": (75, 60), "bank_customer": (75, 61), "msisdn": (15, 1)}
    assert dict(found.records[0].roles) == {"customer_number": 2, "subscriber_name": 0, "national_id": 1}
    assert (found.subscribers.basis, found.subscribers.distinct) == ("msisdn", 1)
    assert "Aadhaar numbers count as cnic." in found.severity.factors[0].reason
    document = artifact_document(found, evidence=True)
    assert [one["type"] for one in document["columns"]] == ["person_name", "other", "other", "free_text"]
    assert [one.get("identifier") for one in document["columns"]] == [None, "in_aadhaar", "bank_customer", None]
    assert any("verhoeff" in one["text"] for one in document["columns"][1]["evidence"])
    assert not any(number in json.dumps(document) for number in numbers)
    assert not any(text in json.dumps(document) for row in rows for text in row[1:3])


def test_who_is_exposed_is_counted_by_an_added_identifier_where_there_is_no_other(tmp_path: Path) -> None:
    dice = random.Random(4)
    found = scanned(tmp_path / "a.csv", ["aadhaar"], [[aadhaar(dice)] for _ in range(30)])
    assert (found.subscribers.basis, found.subscribers.distinct) == ("in_aadhaar", 30)


@pytest.mark.parametrize(
    ("header", "values", "kind", "form"),
    [
        ("آدھار نمبر", lambda n: n, AADHAAR, Form.PLAIN),
        ("aadhaar", lambda n: f"XXXX XXXX {n[8:]}", AADHAAR, Form.MASKED),
        ("aadhaar md5", lambda n: f"{int(n) * 7919:032x}", AADHAAR, Form.HASHED),
        ("aadhaar", lambda n: f"{n[0]}.{n[1:3]}E+11", AADHAAR, Form.DAMAGED),
        ("id", lambda n: n, ColumnType.OTHER, Form.PLAIN),  # weak: one in ten passes by chance
        ("F3", lambda n: n, AADHAAR, Form.PLAIN),  # no name, and the check digit always right
        ("F3", lambda n: n[:-1] + "7", ColumnType.OTHER, Form.PLAIN),
        ("aadhaar", lambda n: n[:-1] + "7", ColumnType.OTHER, Form.PLAIN),
        ("branch code", lambda n: f"KHI-04-{n[:7]}", CUSTOMER, Form.PLAIN),
        ("mobile", lambda n: f"92300{n[5:]}", ColumnType.MSISDN, Form.PLAIN),
    ],
)
def test_header_values_and_check_digit_decide(
    tmp_path: Path, header: str, values: object, kind: object, form: Form
) -> None:
    dice = random.Random(6)
    rows = [[values(aadhaar(dice)), "x y"] for _ in range(40)]  # type: ignore[operator]
    found = scanned(tmp_path / "one.csv", [header, "remark"], rows)
    assert (found.columns[0].type, found.columns[0].form) == (kind, form)


def test_shards_and_workers_do_not_change_what_is_found(tmp_path: Path) -> None:
    dice = random.Random(8)
    rows = [[spaced(aadhaar(dice)), f"ask ISB-11-{at % 90:07} of it"] for at in range(900)]
    reports = [
        artifact_document(scanned(tmp_path / "many.csv", ["aadhaar", "note"], rows, shard_bytes=size, workers=workers))
        for size, workers in ((4096, 2), (1 << 20, 1))
    ]
    assert reports[0] == reports[1]
    assert reports[0]["identifiers"]["bank_customer"] == {"occurrences": 900, "distinct": 90}


def profiled(cells: list[str], tables: object = TABLES) -> AddedProfile:
    made = ColumnProfile()
    made.scan(pa.array([cell.encode() for cell in cells], pa.binary()), tables, 0, 0)  # type: ignore[arg-type]
    assert made.added is not None
    return made.added


def variant(check: str) -> Notation:
    return replace(FIXED, checksum=check, lengths=(10, 13, 20), first="2345", breaks=(4, 8))


VARIANTS = {check: build(replace(PACK, notations=(variant(check),), expressions=())) for check in ("", *CHECKS)}


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(VARIANTS)), st.integers(0, 2**32))
def test_digit_patterns_agree_with_their_slow_twins(check: str, seed: int) -> None:
    dice, rule = random.Random(seed), variant(check)
    cells = []
    for _ in range(30):
        digits = "".join(dice.choices("0123456789", k=dice.choice((9, 10, 13, 20))))
        digits = dice.choice("25") + digits[1:]
        cells += [digits, f"{digits[:4]}-{digits[4:8]}-{digits[8:]}", f"{digits[:3]} {digits[3:]}", f" {digits} "]
    want = [cell for cell in cells if matches_notation(rule, cell, PACK.tables)]
    found = profiled(cells, VARIANTS[check])
    assert found.counts[0, k.FIT] == len(want)
    keys = {"".join(filter(str.isdigit, cell)) for cell in want}
    assert len(found.sets.get(0, ())) + len(found.sets.get(1, ())) >= len(keys) > -1
    merged = set() if not found.sets else set.union(*(set(held.keys().tolist()) for held in found.sets.values()))
    assert len(merged) == len(keys)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.sampled_from(["KHI", "MUX", "-04-", "-", "1234567", "12", "۱۲۳۴۵۶۷", " ", "x", "ISB-11-7654321"]), max_size=5
    ).map("".join)
)
def test_expressions_agree_with_their_slow_twins(cell: str) -> None:
    rule = next(one for one in PACK.expressions if one.column_type == CUSTOMER)
    assert profiled([cell, "", cell]).counts[1, k.FIT] == 2 * matches_expression(rule, cell.strip())


def test_the_same_compiled(tmp_path: Path) -> None:
    dice = random.Random(9)
    cells = [
        *(spaced(aadhaar(dice)) for _ in range(50)),
        "XXXX-XXXX-1234",
        f"call {spaced(aadhaar(dice))} now",
        "KHI-04-1234567",
    ]
    plain = subprocess.run(
        [sys.executable, "-c", _SHOW, json.dumps(cells), str(EXAMPLE)], capture_output=True, text=True, check=True
    ).stdout
    compile_all()
    found = profiled(cells)
    shown = [
        found.counts.tolist(),
        found.times.tolist(),
        {str(c): len(s) for c, s in sorted(found.sets.items())},
        found.lone,
    ]
    assert json.loads(plain) == shown
    assert found.counts[0, k.FIT] == 50 and found.counts[0, k.MASKED] == 1 and found.lone == 1


_SHOW = """
import json, sys
from pathlib import Path
import pyarrow as pa
from scanner.detect.profile import ColumnProfile
from scanner.detect.tables import build
from scanner.packs import load_pack
made = ColumnProfile()
cells = pa.array([cell.encode() for cell in json.loads(sys.argv[1])], pa.binary())
made.scan(cells, build(load_pack(Path(sys.argv[2]))), 0, 0)
found = made.added
sets = {c: len(s) for c, s in sorted(found.sets.items())}
print(json.dumps([found.counts.tolist(), found.times.tolist(), sets, found.lone]))
"""


def test_an_expression_that_takes_too_long_is_left_and_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = tmp_path / "tried.txt"  # the file is read by another process

    def slow(self: AddedProfile, search: object, texts: object, match: object) -> object:
        def never(text: str) -> list[object]:
            with tried.open("a", encoding="utf-8") as file:
                file.write(f"{text}\n")
            raise TimeoutError

        return run(self, search, texts, never)  # type: ignore[arg-type]

    run = AddedProfile._run
    monkeypatch.setattr(AddedProfile, "_run", slow)
    found = scanned(tmp_path / "slow.csv", ["cif"], [[f"KHI-04-{at:07}"] for at in range(20)])
    assert len(set(tried.read_text(encoding="utf-8").splitlines())) == MOST_GIVEN_UP < 20
    assert found.status == "partial"
    assert [(one.code, "bank_customer.number" in one.message) for one in found.problems] == [("limit", True)]


def test_without_added_identifiers_nothing_of_this_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("mobile,name\n03001234567,Sana\n")
    code = "import sys, scanner; scanner.scan(sys.argv[1]); print([n for n in sys.modules if 'detect.added' in n])"
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("added", "headers"),
    [
        ("khatadar ka mobile", ("Khatadar Ka Mobile", "khatadar_ka_mobile", "khatadar ka mobil")),
        ("rufnummer des teilnehmers", ("RufnummerDesTeilnehmers", "Rufnumer des Teilnehmers")),
        ("صارف کا فون", ("صارف کا فون", "صارف_کا_فون")),
    ],
)
def test_one_added_spelling_is_known_with_its_near_forms(tmp_path: Path, added: str, headers: tuple[str, ...]) -> None:
    rule = '[[header]]\nrole = "subscriber_number"\ncolumn_type = "msisdn"\nadd = ["{}"]\nsource = ["an export"]\n'
    (tmp_path / "mine.toml").write_text(rule.format(added), encoding="utf-8")
    pack = load_pack(tmp_path)
    for header in headers:
        found = match(pack, header)
        assert found is not None and (found.role, found.type) == ("subscriber_number", ColumnType.MSISDN), header
    assert match(pack, "mobile no") == match(load_pack(), "mobile no")
