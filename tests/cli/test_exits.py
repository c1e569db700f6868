"""Exit statuses and what is said of failures."""

from __future__ import annotations

import pytest

from scanner.cli.exits import Exit, exit_of
from scanner.cli.failures import describe
from scanner.errors import PatternError
from scanner.model import Artifact, Severity
from scanner.terms import Format, Level, Status

CASES = [
    ([], None, Exit.OK),
    ([(Status.COMPLETE, Level.CRITICAL)], None, Exit.OK),
    ([(Status.COMPLETE, Level.MEDIUM)], Level.HIGH, Exit.OK),
    ([(Status.COMPLETE, Level.HIGH)], Level.HIGH, Exit.REACHED),
    ([(Status.COMPLETE, Level.CRITICAL), (Status.PARTIAL, Level.NONE)], Level.LOW, Exit.INCOMPLETE),
    ([(Status.UNREADABLE, Level.NONE)], None, Exit.INCOMPLETE),
    ([(Status.SKIPPED, Level.NONE)], None, Exit.OK),
]


@pytest.mark.parametrize(("artifacts", "fail_on", "status"), CASES)
def test_exit_status_is_that_of_the_contract(
    artifacts: list[tuple[Status, Level]], fail_on: Level | None, status: Exit
) -> None:
    made = [Artifact("a", Format.CSV, held, severity=Severity(level=level)) for held, level in artifacts]
    assert status is exit_of(made, fail_on)


def _raised(error: Exception) -> Exception:
    try:
        raise error
    except Exception as caught:
        return caught


def test_describe_says_nothing_of_what_a_library_put_into_its_exception() -> None:
    error = _raised(ValueError("could not convert '03451234567'"))
    for frames in (False, True):
        assert "0345" not in describe(error, frames)
        assert "ValueError" in describe(error, frames)
        assert "test_exits.py" in describe(error, frames)


def test_describe_masks_what_an_error_of_ours_quotes() -> None:
    said = describe(PatternError("headers.toml", "msisdn", "a word is 03451234567"))
    assert said == "headers.toml: msisdn: a word is 0345*****67"


def test_describe_names_the_file_that_cannot_be_opened() -> None:
    assert describe(_raised(FileNotFoundError(2, "No such file", "x.csv"))) == "No such file: x.csv"
