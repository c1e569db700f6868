"""Whole tables → the types of their columns: what the values show, beside the header and the neighbours."""

from __future__ import annotations

import random
from collections.abc import Callable

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.detect.judge import Judged, calibrated, judge
from scanner.detect.profile import ArtifactProfile
from scanner.detect.tables import build
from scanner.ingest.interface import Chunk
from scanner.packs import load_pack
from scanner.terms import ColumnType as T
from scanner.terms import Form

PACK = load_pack()
TABLES = build(PACK)
ROWS = 60

Maker = Callable[[random.Random, int], str]


def judged(**columns: Maker) -> Judged:
    """The verdicts on a table of `ROWS` rows; a name that begins with `_` is a column without a header."""
    rng = random.Random(7)
    arrays = tuple(pa.array([make(rng, row).encode() for row in range(ROWS)], pa.binary()) for make in columns.values())
    profile = ArtifactProfile()
    profile.scan(Chunk(ROWS, arrays), 0, TABLES, False)
    names = tuple(None if name.startswith("_") else name for name in columns)
    return judge(profile, names, PACK, TABLES, reveal=False)


def types(**columns: Maker) -> list[T]:
    return [column.type for column in judged(**columns).columns]


def digits(count: int) -> Maker:
    return lambda rng, _: "".join(rng.choices("0123456789", k=count))


def after(*prefixes: str, rest: int) -> Maker:
    return lambda rng, _: rng.choice(prefixes) + "".join(rng.choices("0123456789", k=rest))


def words(*choices: str) -> Maker:
    return lambda rng, _: rng.choice(choices)


def cnic(rng: random.Random, _: int) -> str:
    return rng.choice(("35202", "42101", "17301", "61101")) + "".join(rng.choices("0123456789", k=8))


def moment(rng: random.Random, row: int) -> str:
    return f"2024-02-{1 + row % 28:02d} {rng.randrange(24):02d}:{rng.randrange(60):02d}:00"


def imei(rng: random.Random, _: int) -> str:
    body = "35" + "".join(rng.choices("0123456789", k=12))
    doubled = (int(digit) * (2 - at % 2) for at, digit in enumerate(reversed(body)))
    return body + str(-sum(value // 10 + value % 10 for value in doubled) % 10)


def national(rng: random.Random, _: int) -> str:
    return f"03{rng.randrange(25):02d}{rng.randrange(1000000, 9999999)}"


NATIONAL: Maker = national
NAMES = words("Bilal Ahmed", "Sana Malik", "Imran Khan", "Hina Butt")
BARE = after("300", "312", "321", "333", "345", "347", "301", "315", rest=7)


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"ctn": BARE, "id_card": cnic, "subs_nm": NAMES}, [T.MSISDN, T.CNIC, T.PERSON_NAME]),
        ({"zzz": BARE}, [T.OTHER]),
        ({"_a": after("923", rest=0), "_b": moment}, [T.OTHER, T.TIMESTAMP]),
        ({"_a": after("92300", "92321", "92345", rest=7), "_b": moment}, [T.MSISDN, T.TIMESTAMP]),
        ({"_a": cnic}, [T.CNIC]),
        ({"_a": digits(13)}, [T.OTHER]),
        ({"order_ref": lambda _, row: str(3520200000000 + row * 7)}, [T.OTHER]),
        ({"ticket": lambda _, row: f"03{450000000 + row * 3:09d}"}, [T.OTHER]),
        ({"Phone": after("030", "040", "089", "0171", "0151", rest=8)}, [T.OTHER]),
        ({"Mobile": after("0912", rest=7)}, [T.OTHER]),
        ({"Part": after("AB", "KX", rest=7), "Qty": digits(2)}, [T.OTHER, T.OTHER]),
        ({"Pass. No": after("AB", "KX", rest=7), "Flight": words("PK301", "EK612"), "From": words("KHI", "LHE")},
         [T.PASSPORT, T.FLIGHT_NUMBER, T.AIRPORT]),
        ({"Passport No": after("AB", rest=7), "Direction": words("OUT", "IN"), "Flight No": words("PK301")},
         [T.PASSPORT, T.TRAVEL_DIRECTION, T.FLIGHT_NUMBER]),
        ({"A Number": after("0300", rest=7), "Direction": words("OUT", "IN"), "Duration": digits(2)},
         [T.MSISDN, T.CALL_TYPE, T.DURATION]),
        ({"_d": lambda _, row: f"2024{1 + row % 12:02d}{1 + row % 28:02d}", "x": digits(8)}, [T.TIMESTAMP, T.OTHER]),
        ({"Queue": words("IT", "HR")}, [T.OTHER]),
        ({"num": NATIONAL, "nic": cnic, "name": NAMES}, [T.MSISDN, T.CNIC, T.PERSON_NAME]),
        ({"num": NATIONAL, "stock": digits(3)}, [T.OTHER, T.OTHER]),
        ({"msisdn": NATIONAL, "when": moment, "device": imei}, [T.MSISDN, T.TIMESTAMP, T.IMEI]),
        ({"device": imei, "stock": digits(3)}, [T.OTHER, T.OTHER]),
        ({"CNIC": lambda _, row: f"NIC: 35202-{1000000 + row * 71}-1"}, [T.CNIC]),
        ({"Contact": lambda rng, row: "Mob: " + NATIONAL(rng, row)}, [T.MSISDN]),
        ({"A Number": NATIONAL, "B Number": NATIONAL, "Call Type": words("1", "2")}, [T.MSISDN, T.MSISDN, T.CALL_TYPE]),
        ({"Call Type": words("1", "2"), "Rate": digits(3)}, [T.OTHER, T.OTHER]),
        ({"Call Time": digits(2)}, [T.OTHER]),
        ({"Call Time": lambda rng, _: f"{rng.randrange(24):02d}{rng.randrange(60):02d}11"}, [T.TIMESTAMP]),
        ({"Account": after("DE21", "AF07", rest=18), "Name": NAMES}, [T.OTHER, T.PERSON_NAME]),
    ],
)  # fmt: skip
def test_columns_of_a_table(columns: dict[str, Maker], expected: list[T]) -> None:
    assert types(**columns) == expected


def test_what_was_not_called_an_identifier_says_why() -> None:
    column = judged(order_ref=lambda _, row: str(3520200000000 + row)).columns[0]
    assert column.type is T.OTHER
    assert any(one.weight < 0 and "range" in one.text for one in column.evidence)


def test_a_digest_keeps_the_type_that_its_header_names() -> None:
    column = judged(msisdn_md5=lambda rng, _: f"{rng.getrandbits(128):032x}").columns[0]
    assert (column.type, column.form, column.distinct) == (T.MSISDN, Form.HASHED, ROWS)


def test_a_party_of_foreign_numbers_keeps_its_role_without_a_type() -> None:
    made = judged(
        caller=after("+44770", "+1555", rest=6), called=after("+91987", rest=7), start=moment, duration=digits(2)
    )
    assert [column.role for column in made.columns[:2]] == ["caller", "called"]
    assert made.sets == {}


@given(st.floats(0, 1), st.floats(0, 1))
def test_stated_confidence_rises_with_the_raw_one_and_is_never_certain(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert 0 <= calibrated(low, PACK) <= calibrated(high, PACK) < 1


def test_several_numbers_in_a_cell_are_all_counted() -> None:
    made = judged(Mobile=lambda _, row: f"0300{1000000 + row}/0321{2000000 + row}")
    assert (made.columns[0].type, made.occurrences[T.MSISDN]) == (T.MSISDN, 2 * ROWS)


def test_what_slipped_into_another_column_counts() -> None:
    def swapped(one: Maker, other: Maker) -> Maker:
        return lambda rng, row: (other if row % 10 == 0 else one)(rng, row)

    def dashed(rng: random.Random, row: int) -> str:
        text = cnic(rng, row)
        return f"{text[:5]}-{text[5:12]}-{text[12]}"

    made = judged(mobile=swapped(NATIONAL, dashed), cnic=swapped(dashed, NATIONAL), name=NAMES)
    assert [column.type for column in made.columns] == [T.MSISDN, T.CNIC, T.PERSON_NAME]
    assert (made.occurrences[T.MSISDN], made.occurrences[T.CNIC]) == (ROWS, ROWS)


def test_numbers_among_other_attributes_of_one_column_count() -> None:
    def value(rng: random.Random, row: int) -> str:
        return (NATIONAL, NAMES, words("House 4, Street 2, Lahore"))[row % 3](rng, row)

    made = judged(attribute=words("mobile", "name", "address"), value=value)
    assert made.occurrences == {T.MSISDN: ROWS // 3}


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        ("Write a number as 0300-1234567 or +92 333 3333333, a card as 35202-1234567-1.", {}),
        ("Write a number as 0300-1234567; ours is 0300-1234576.", {T.MSISDN: 2}),
        ("Cards are 35202-9876543-1, or 12345-1111111-1, and 35202-4417823-1 was mine.", {T.CNIC: 3}),
    ],
)
def test_a_document_of_examples_exposes_nobody(text: str, counted: dict[T, int]) -> None:
    profile = ArtifactProfile()
    profile.scan(Chunk(1, (pa.array([text.encode()], pa.binary()),)), 0, TABLES, True)
    assert judge(profile, (None,), PACK, TABLES, reveal=False, lines=True).occurrences == counted


def packed(rng: random.Random, _: int) -> str:
    return f"{rng.randrange(50, 99)}{rng.randrange(1, 13):02}{rng.randrange(1, 28):02}"


def test_packed_days_are_what_the_header_says() -> None:
    assert types(dob=packed, call_date=packed, time_for_start_of_charge=packed) == [
        T.DATE_OF_BIRTH,
        T.TIMESTAMP,
        T.TIMESTAMP,
    ]
    assert types(pin_code=packed, uptime_s=packed) == [T.OTHER, T.OTHER]
