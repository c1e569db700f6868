"""The compiled pass against tables of cells, and against the slow oracle for mobile numbers."""

from __future__ import annotations

import base64
import hashlib
import random
from datetime import datetime

import numpy as np
import phonenumbers
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.detect import kernels as k
from scanner.detect.profile import ColumnProfile
from scanner.detect.tables import build, word_hashes
from scanner.ingest.interface import Cells
from scanner.packs import load_pack
from scanner.packs.load import fold_word
from scanner.packs.schema import Expression

TABLES = build(load_pack())


def profile(*cells: str, text_only: bool = False) -> ColumnProfile:
    made = ColumnProfile()
    made.scan(pa.array([cell.encode() for cell in cells], pa.binary()), TABLES, 0, 3, text_only)
    return made


def keys(made: ColumnProfile, kind: int) -> list[int]:
    return sorted(
        {key for way in range(3) if kind * 3 + way in made.sets for key in made.sets[kind * 3 + way].keys().tolist()}
    )


NOTATIONS = [
    "03001234567", "3001234567", "923001234567", "+923001234567", "00923001234567", "0300-1234567", "0300 123 4567",
    "923001234567F", "03001234567f",
    "(0300) 1234567", "300-1234567", "+92 300 1234567", "0092-300-1234567", "tel:+923001234567", "92-0300-1234567",
    "+92 (0)300 1234567", "9203001234567", "92923001234567", "923001234567.0", '="03001234567"', "'03001234567",
    "۰۳۰۰۱۲۳۴۵۶۷", "٠٣٠٠-١٢٣٤٥٦٧", "０３００１２３４５６７", "0300\u200b1234567", "\u202a+92 300 1234567\u202c",
    "0300\u00a01234567", "0300\u20131234567", "0300/1234567", "923001234567@s.whatsapp.net", "9.23001234567E+11",
]  # fmt: skip


@pytest.mark.parametrize("cell", NOTATIONS)
def test_every_notation_of_a_mobile_number_has_one_key(cell: str) -> None:
    assert keys(profile(cell), k.MSISDN) == [3001234567]


@pytest.mark.parametrize(
    "cell",
    ["02001234567", "03991234567", "9.23E+11", "0300****567", "33.64218371", "2024-03-01 10:11:12", "+971501234567",
     "1706745600000", "300123456", "030012345678", "35331011123456", "3,001,234,567"],
)  # fmt: skip
def test_what_is_no_mobile_number_yields_no_key(cell: str) -> None:
    assert keys(profile(cell), k.MSISDN) == []


@pytest.mark.parametrize(
    "cell",
    ["35202_1234567_1", "35202-1234567-1", "3520212345671", "35202 1234567 1", "3520212345671.0", "۳۵۲۰۲-۱۲۳۴۵۶۷-۱"],
)
def test_every_notation_of_a_cnic_has_one_key(cell: str) -> None:
    assert keys(profile(cell), k.CNIC) == [3520212345671]


@pytest.mark.parametrize(
    ("text", "numbers", "cnics"),
    [
        ("call 0300 1234567 or 35202-1234567-1 now", [3001234567], [3520212345671]),
        ("35202-1234567-1 03001234567", [3001234567], [3520212345671]),
        ("Ali:03001234567:3520212345671", [3001234567], [3520212345671]),
        ("03001234567/03211234567", [3001234567, 3211234567], []),
        ("to=923001234567 id=8812", [3001234567], []),
        ("03001234567,03211234567,0333-1234567", [3001234567, 3211234567, 3331234567], []),
        ("1,03001234567", [], []),
        ("GET /?to=%2B923001234567&from=%2003211234567 200", [3001234567, 3211234567], []),
        ("GET /?to=%41923001234567 200", [], []),
        ("Mob+923001234567 Ph(0321) 1234567", [3001234567, 3211234567], []),
        ("5+923001234567 rows", [], []),
        ("+39 347 9238207", [], []),
        ("+39 347 9238207 03001234567", [3001234567], []),
        ("+5 03001234567", [3001234567], []),
        ("0300 - 1234567, card 35202 - 1234567 - 1", [3001234567], [3520212345671]),
        ("pages 300 - 1234567", [], []),
        ("order 9999912345671 shipped", [], []),
        ("10.20.30.0/24 routed", [], []),
        ("pattern 99999-9999999-9 and 00000-0000000-0", [], []),
        ("0300-0000000 is a placeholder", [], []),
    ],
)
def test_identifiers_inside_text(text: str, numbers: list[int], cnics: list[int]) -> None:
    made = profile(text, text_only=True)
    assert keys(made, k.MSISDN) == numbers
    assert keys(made, k.CNIC) == cnics


@pytest.mark.parametrize(
    ("cell", "moment"),
    [
        ("2024-01-02 03:04:05", datetime(2024, 1, 2, 3, 4, 5)),
        ("2024-01-02T03:04:05Z", datetime(2024, 1, 2, 3, 4, 5)),
        ("02/01/2024 03:04:05", datetime(2024, 1, 2, 3, 4, 5)),
        ("02/01/2024 03:04:05 PM", datetime(2024, 1, 2, 15, 4, 5)),
        ("02-JAN-24 03:04:05", datetime(2024, 1, 2, 3, 4, 5)),
        ("2 January 2024", datetime(2024, 1, 2)),
        ("20240102030405", datetime(2024, 1, 2, 3, 4, 5)),
        ("1704164645", datetime(2024, 1, 2, 3, 4, 5)),
        ("1704164645000", datetime(2024, 1, 2, 3, 4, 5)),
        ("20240102T030405Z", datetime(2024, 1, 2, 3, 4, 5)),
        ("20240102 0304", datetime(2024, 1, 2, 3, 4)),
        ("02/Jan/2024:03:04:05 +0500", datetime(2024, 1, 2, 3, 4, 5)),
        ("02-JAN-24 03.04.05.000000 AM", datetime(2024, 1, 2, 3, 4, 5)),
        ("Tuesday, 2 January 2024 03:04:05", datetime(2024, 1, 2, 3, 4, 5)),
        ("1704164645.25", datetime(2024, 1, 2, 3, 4, 5)),
        ("Tue Jan 02 03:04:05 2024", datetime(2024, 1, 2, 3, 4, 5)),
        ("Tue Jan  2 03:04:05 PKT 2024", datetime(2024, 1, 2, 3, 4, 5)),
        ("Tue Jan 02 03:04:05 +0500 2024", datetime(2024, 1, 2, 3, 4, 5)),
        ("02JAN24 0304", datetime(2024, 1, 2, 3, 4)),
        ("240102030405+0500", datetime(2024, 1, 2, 3, 4, 5)),
        ("20240102030405+0500", datetime(2024, 1, 2, 3, 4, 5)),
        ("20240102030405Z", datetime(2024, 1, 2, 3, 4, 5)),
    ],
)
def test_moments(cell: str, moment: datetime) -> None:
    made = profile(cell)
    assert made.extremes[k.DAY_MIN] == (moment - datetime(1970, 1, 1)).total_seconds()


@pytest.mark.parametrize(
    ("cell", "name"),
    [("192.168.1.1", "ip"), ("10.0.0.1:8080", "ip"), ("a@b.pk", "email"), ("AB1234567", "passport"),
     ("PK301", "flight"),
     ("PK36SCBL0000001123456702", "iban_valid"), ("0300*****67", "masked"), ("9.23E+11", "scientific"),
     ("12:30:11", "clock"), ("410-01-412-17611", "cgi"), ("31.5204", "latitude"), ("74.3587", "longitude"),
     ("d41d8cd98f00b204e9800998ecf8427e", "digest"), ("qZkfbXwLmNopQrSTuvWxYw==", "base64"),
     ("410.03.412.17611", "cgi"), ("412/17611", "pair"), ("404-96-290-17611", "cell_foreign"),
     ("5m 30s", "duration_unit"),
     ("A1234567", "document"), ("ab 1234567", "passport"), ("03001234567/03211234567", "multi"),
     ("202401020304", "stamp12"), ("240102030405", "stamp12"), ("638397974450000000", "ticks"),
     ("210-57-123456", "cnic_old"), ("0300....567", "masked"), ("31°31'12\"N", "latitude"),
     ("74.3587 E", "longitude"), ("PT5M", "duration_iso"), ("Tower|31.52|74.35", "place")],
)  # fmt: skip
def test_shapes(cell: str, name: str) -> None:
    assert profile(cell).counts[k.CLASSES.index(name)] == 1


@given(st.lists(st.text(max_size=40), max_size=20))
@settings(max_examples=150, deadline=None)
def test_any_text_is_classified_without_fault_and_filled_cells_are_counted(cells: list[str]) -> None:
    made = profile(*(cell.encode("utf-8", "replace").decode() for cell in cells))
    assert made.cells == len(cells)
    assert 0 <= (made.counts[k.FILLED] if made.counts is not None else 0) <= len(cells)


@given(
    st.lists(st.sampled_from([*NOTATIONS, "35202-1234567-1", "x", "", "12", "2024-01-02"]), max_size=30),
    st.integers(0, 30),
)
@settings(max_examples=60, deadline=None)
def test_any_cut_gives_the_same_profile(cells: list[str], cut: int) -> None:
    whole, first, second = profile(*cells), profile(*cells[:cut]), profile(*cells[cut:])
    for merged in (ColumnProfile(), ColumnProfile()):
        for part in (first, second) if merged.cells == 0 else (second, first):
            merged.update(part, 3)
        assert merged.cells == whole.cells
        if whole.counts is not None and merged.counts is not None:
            assert merged.counts.tolist() == whole.counts.tolist()
            assert merged.extremes.tolist() == whole.extremes.tolist()
        assert {c: s.keys().tolist() for c, s in merged.sets.items()} == {
            c: s.keys().tolist() for c, s in whole.sets.items()
        }


@pytest.mark.parametrize("kind", [pa.binary(), pa.large_string()])
def test_cells_in_place_count_as_an_array_does(kind: pa.DataType) -> None:
    data = "name,03001234567;x,,2024-01-02"
    places = [(0, 4), (5, 16), (17, 18), (3, 3), (20, 30)]
    one, other = ColumnProfile(), ColumnProfile()
    starts, stops = (np.array(side, np.int32) for side in zip(*places, strict=True))
    one.scan(Cells(np.frombuffer(bytearray(data.encode()), np.uint8), starts, stops), TABLES, 0, 3)
    texts = ["out of the slice", *(data[a:b] or None for a, b in places)]
    other.scan(pa.array(texts, pa.string()).cast(kind).slice(1), TABLES, 0, 3)
    assert one.cells == other.cells == 5
    assert one.counts.tolist() == other.counts.tolist()
    assert one.times.tolist() == other.times.tolist()
    assert one.sets == other.sets
    assert [text for _, _, text in one.samples] == [text for _, _, text in other.samples]


@given(st.lists(st.text(max_size=20).map(fold_word).filter(bool), max_size=5))
@settings(max_examples=200, deadline=None)
def test_hashes_of_words_are_the_kernels(words: list[str]) -> None:
    cells = [np.frombuffer(word.upper().encode() if word.isascii() else word.encode(), np.uint8) for word in words]
    assert [k.text_hash(cell, 0, len(cell)) for cell in cells] == word_hashes(words)


def test_mobile_numbers_agree_with_phonenumbers() -> None:
    rng = random.Random(7)
    cells, valid = [], set()
    for _ in range(3000):
        national = f"{rng.choice('33332')}{rng.randrange(10**9):09d}"
        cell = rng.choice(("0", "92", "+92", "0092", "")) + national
        cells.append(cell)
        try:
            number = phonenumbers.parse(cell, "PK")
        except phonenumbers.NumberParseException:
            continue
        if (
            phonenumbers.is_valid_number_for_region(number, "PK")
            and phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.MOBILE
        ):
            valid.add(number.national_number)
    assert keys(profile(*cells), k.MSISDN) == sorted(valid)


@pytest.mark.parametrize("name", ["md5", "sha1", "sha224", "sha256", "sha384", "sha512"])
def test_a_digest_has_one_key_however_it_is_written(name: str) -> None:
    digest = hashlib.new(name, b"03001234567").digest()
    padded = base64.b64encode(digest).decode()
    cells = [digest.hex(), digest.hex().upper(), f"0x{digest.hex()}", rf"\x{digest.hex()}", digest.hex()[:16]]
    if len(digest) % 3:
        cells += [padded, base64.urlsafe_b64encode(digest).decode(), padded.rstrip("=")]
    made = profile(*cells)
    assert made.counts[k.DIGEST] + made.counts[k.BASE64] == len(cells)
    assert keys(made, k.K_DIGEST) == [int.from_bytes(digest[:8]) & 2**62 - 1]


@pytest.mark.parametrize(
    "cell",
    [
        "0300123456789abcg",
        "deadbeef",
        "0x0300",
        "Zm9v YmFyYmF6cXV1eHF1dXg=",
        "zzzzzzzzzzzzzzzzzzzzz1",
        "2024-03-01T10:11:12.0",
    ],
)
def test_what_is_no_digest_yields_no_key(cell: str) -> None:
    assert keys(profile(cell), k.K_DIGEST) == []


def test_a_digest_of_raw_bytes_has_the_key_of_its_hexadecimal() -> None:
    digests = [hashlib.md5(b"03001234567").digest(), None, hashlib.md5(b"03211234567").digest()]
    made = ColumnProfile()
    made.scan(pa.array(digests, pa.binary(16)).slice(1), TABLES, 0, 3)
    assert keys(made, k.K_DIGEST) == [int.from_bytes(digests[2][:8]) & 2**62 - 1]


CLASS_OF = {
    "passport.machine_readable": "passport", "cnic.old": "cnic_old", "iban.pakistan": "iban_valid",
    "email.address": "email", "ip.v4": "ip", "ip.v6": "ip", "flight.number": "flight", "pnr.locator": "locator",
    "cell.global_identity": "cgi",
}  # fmt: skip
#: Judged otherwise: an area alone counts with its cells.
OTHERWISE = {"410-01-412"}


@pytest.mark.parametrize("one", load_pack().expressions, ids=lambda one: one.id)
def test_kernels_judge_the_examples_of_the_shipped_expressions(one: Expression) -> None:
    for value, fits in [*((text, True) for text in one.positive), *((other.value, False) for other in one.negative)]:
        if value not in OTHERWISE:
            made = profile(value)
            taken = one.id in CLASS_OF and bool(made.counts[k.CLASSES.index(CLASS_OF[one.id])])
            if one.id == "ticket.dashed":
                taken = bool(keys(made, k.K_TICKET)) and bool(made.counts[k.SEPARATED])
            assert taken is fits, value


@pytest.mark.parametrize(
    ("cell", "same"),
    [
        ("::ffff:10.1.2.3", "10.1.2.3"),
        ("::FFFF:10.1.2.3", "10.1.2.3"),
        ("0:0:0:0:0:ffff:10.1.2.3", "10.1.2.3"),
        ("64:ff9b::10.1.2.3", None),
        ("2001:db8:0:0:0:0:10.1.2.3", None),
    ],
)
def test_addresses_that_end_in_a_dotted_quad(cell: str, same: str | None) -> None:
    made, code = profile(cell), 3 * k.K_IP + k.SURE
    assert made.counts[k.IP] == 1
    assert (made.sets[code].keys().tolist() == profile("10.1.2.3").sets[code].keys().tolist()) == (same is not None)


@pytest.mark.parametrize("cell", ["::ffff:10.1.2", "::ffff:10.1.2.3:80", "1:2:3:4:5:6:7:10.1.2.3", "::ffff:10.1.2.300"])
def test_what_only_looks_like_such_an_address(cell: str) -> None:
    assert profile(cell).counts[k.IP] == 0
