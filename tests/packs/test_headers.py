"""Header spellings that stand in no list: abbreviated, joined, reordered, misspelt, Roman Urdu and Urdu."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.packs import load_pack
from scanner.packs.headers import _words, fold, is_nameless, match
from scanner.terms import ColumnType as T
from scanner.terms import Form

PACK = load_pack()


@pytest.mark.parametrize(
    ("header", "role"),
    [
        ("MSISDN", "subscriber_number"),
        ("cust_mob_nbr", "subscriber_number"),
        ("Subs Mbl No", "subscriber_number"),
        ("Cont. No.", "subscriber_number"),
        ("Contact Nos", "subscriber_number"),
        ("Owner Nm", "subscriber_name"),
        ("subscribername", "subscriber_name"),
        ("Malik ka naam", "subscriber_name"),
        ("FthrNm", "father_name"),
        ("perm_addr", "address"),
        ("birth_dt", "date_of_birth"),
        ("Tower ka naam", "site_name"),
        ("callstarttime", "event_time"),
        ("servedMSISDN", "subscriber_number"),
        ("Subject's No.", "caller"),
        ("geo.lat", "latitude"),
        ("calling.number", "caller"),
        ("gndr", "sex"),
        ("كال كا دورانيه", "duration"),  # Arabic letters for the Urdu ones
        ("موبائل  نمبر", "subscriber_number"),
        ("Longtitude", "longitude"),
        ("flt_nbr", "flight_number"),
    ],
)
def test_a_header_speaks_for_its_role(header: str, role: str) -> None:
    found = match(PACK, header)
    assert found is not None
    assert role in (found.role, *(other for other, _ in found.others))


@pytest.mark.parametrize("header", ["Order No", "Invoice", "Total Amount", "IMEI model price list", "Batch", "Balance"])
def test_a_business_header_speaks_against_identifiers_or_not_at_all(header: str) -> None:
    found = match(PACK, header)
    assert found is None or found.role == "none" or found.weight < 0.9


@pytest.mark.parametrize(
    ("header", "nameless"), [(None, True), ("F2", True), ("col_3", True), ("7", True), ("cnic2", False)]
)
def test_running_names_say_nothing(header: str | None, nameless: bool) -> None:
    assert is_nameless(PACK, header) is nameless


@pytest.mark.parametrize(
    ("header", "form", "kind"),
    [("msisdn_md5", Form.HASHED, T.MSISDN), ("CNIC (masked)", Form.MASKED, T.CNIC), ("phone", None, T.MSISDN)],
)
def test_a_header_may_name_the_form(header: str, form: Form | None, kind: T) -> None:
    found = match(PACK, header)
    assert found is not None
    assert (found.form, found.type) == (form, kind)


def test_a_spelling_with_two_meanings_offers_both() -> None:
    found = match(PACK, "Direction")
    assert found is not None
    assert {found.type, *(kind for _, kind in found.others)} == {T.CALL_TYPE, T.TRAVEL_DIRECTION}
    assert found.role_of(T.TRAVEL_DIRECTION) == "travel_direction"
    assert found.role_of(T.CNIC) is None


@given(st.text(st.sampled_from("abzABZ09 _-#.'s\t"), max_size=16))
@settings(max_examples=300, deadline=None)
def test_headers_of_ascii_are_cut_as_others_are(text: str) -> None:
    assert [*_words(text), "نام"] == _words(f"{text}-نام")
    assert fold(text) + "نام" == fold(f"{text} نام")


@pytest.mark.parametrize(
    ("header", "role"),
    [
        ("Subscriber Nmae", "subscriber_name"),  # a slip loses to no run of words within
        ("Customer Addres Line", "address"),
        ("cust_fther_nam", "father_name"),
        ("Originating Mobile No", "caller"),
        ("B-Subscriber Number", "called"),
        ("Alternate Phone Number", "second_number"),
        ("A Prty Msisdn", "caller"),
        ("Passport Nmbr of Pax", "passport"),
        ("Dep. Airport Code", "origin"),
    ],
)
def test_slips_and_sides(header: str, role: str) -> None:
    found = match(PACK, header)
    assert found is not None and found.role == role


@pytest.mark.parametrize("header", ["Phone Brand", "Mobile Model", "SIM Status", "CNIC Issuer", "IMEI Count"])
def test_what_a_header_says_about_a_number_is_no_number(header: str) -> None:
    found = match(PACK, header)
    assert found is None or found.type is T.OTHER
