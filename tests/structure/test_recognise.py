"""Structures follow from column types and roles."""

import pytest

from scanner.model import Column
from scanner.packs import load_pack
from scanner.structure import recognise, with_roles
from scanner.terms import ColumnType as T

PACK = load_pack()


def columns(*parts: tuple[T, str | None]) -> tuple[Column, ...]:
    return with_roles(
        [
            Column(index=i, name=None, type=kind, confidence=0.9, rows_filled=10, rows_matched=10, role=role)
            for i, (kind, role) in enumerate(parts)
        ]
    )


CASES = [
    ("two parties and a time", [(T.MSISDN, None), (T.MSISDN, None), (T.TIMESTAMP, None), (T.DURATION, None)], {"call_record"}),
    ("one party with device", [(T.MSISDN, "caller"), (T.IMEI, None), (T.TIMESTAMP, "event_time"), (T.CALL_TYPE, None)], {"call_record"}),
    ("register", [(T.MSISDN, None), (T.CNIC, None), (T.PERSON_NAME, "subscriber_name"), (T.ADDRESS, None)], {"subscriber_record"}),
    ("point", [(T.MSISDN, None), (T.TIMESTAMP, "event_time"), (T.LATITUDE, None), (T.LONGITUDE, None)], {"location_record"}),
    ("device at a point", [(T.IMEI, None), (T.TIMESTAMP, "event_time"), (T.LATITUDE, None), (T.LONGITUDE, None)], {"location_record"}),
    ("border", [(T.PERSON_NAME, "subscriber_name"), (T.PASSPORT, None), (T.FLIGHT_NUMBER, None), (T.TRAVEL_DIRECTION, None), (T.TIMESTAMP, "event_time")], {"travel_record"}),
    ("session", [(T.MSISDN, None), (T.IP_ADDRESS, "private_ip"), (T.IP_ADDRESS, "public_ip"), (T.TIMESTAMP, "event_time")], {"session_record"}),
    ("schedule", [(T.FLIGHT_NUMBER, None), (T.AIRPORT, "origin"), (T.AIRPORT, "destination"), (T.TIMESTAMP, "event_time")], set()),
    ("cell inventory", [(T.CELL_ID, None), (T.SITE_NAME, None), (T.LATITUDE, None), (T.LONGITUDE, None)], set()),
    ("list of numbers", [(T.MSISDN, None)], set()),
]  # fmt: skip


@pytest.mark.parametrize(("parts", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_structure(parts: list[tuple[T, str | None]], expected: set[str]) -> None:
    assert {record.structure.value for record in recognise(columns(*parts), 10, {}, PACK)} == expected


def test_calls_with_the_owners_identity_are_a_call_record() -> None:
    parts = [(T.MSISDN, "caller"), (T.PERSON_NAME, "subscriber_name"), (T.CNIC, None), (T.MSISDN, "called"),
             (T.TIMESTAMP, "event_time"), (T.DURATION, None)]  # fmt: skip
    assert "call_record" in {record.structure.value for record in recognise(columns(*parts), 10, {}, PACK)}


def test_roles_point_at_columns_and_events_become_moments() -> None:
    made = columns((T.MSISDN, None), (T.MSISDN, None), (T.TIMESTAMP, "event_time"), (T.DURATION, None))
    (record,) = recognise(made, 10, {2: (0, 86400)}, PACK)
    assert set(record.roles.values()) <= {0, 1, 2, 3}
    assert (record.first_event, record.last_event) == ("1970-01-01T00:00:00", "1970-01-02T00:00:00")


def test_no_rows_no_record() -> None:
    assert recognise(columns((T.MSISDN, None), (T.CNIC, None)), 0, {}, PACK) == ()
