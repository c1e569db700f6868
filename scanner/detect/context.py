"""What the columns of a table say about each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scanner.detect.facts import Facts
from scanner.terms import ColumnType

T = ColumnType


@dataclass(frozen=True, slots=True)
class Context:
    """What the other columns of the table show, for one column."""

    clues: int
    """How many of them look like parts of telecom records."""
    travel: float
    """How much they speak of journeys."""
    calls: float
    """How much they speak of calls."""
    moments: bool = False
    """Whether one of them holds moments with a time of day."""
    persons: bool = False
    """Whether one of them holds names or CNICs."""

    @property
    def family(self) -> str:
        """`travel` or `calls`, whichever the others speak for more."""
        return "travel" if self.travel > self.calls else "calls"


def _clue(one: Facts) -> int:
    if not one.filled:
        return 0
    if one.strict(T.CNIC) / one.filled > 0.3 or one.rules(T.IMSI) / one.filled > 0.5 or one.share("cgi") > 0.5:
        return 2
    return int(
        one.epoch is not None
        or one.share("datetime") > 0.8
        or one.n("luhn15") / one.filled > 0.8
        or one.share("email", "ip") > 0.5
        or one.lexicon(T.PERSON_NAME, token=True) > 0.6
        or one.lexicon(T.CALL_TYPE) > 0.8
        or (
            one.header is not None
            and one.header.weight >= 0.9
            and one.header.type in (T.CNIC, T.IMSI, T.IMEI, T.CELL_ID)
        )
    )


def _leanings(one: Facts) -> tuple[float, float]:
    travel = one.says(T.PASSPORT, T.FLIGHT_NUMBER, T.BORDER_POST, T.PNR, T.TICKET_NUMBER, T.AIRPORT)
    calls = one.says(T.MSISDN, T.DURATION, T.CELL_ID, T.IMSI, T.IMEI, T.CALL_TYPE)
    if one.filled:
        travel += (one.share("passport") > 0.8) + (one.share("flight") > 0.7 and one.airline() > 0.8)
        travel += one.lexicon(T.AIRPORT) > 0.9
        calls += one.rules(T.MSISDN) / one.filled > 0.8
    return travel, calls


def contexts(facts: Sequence[Facts]) -> list[Context]:
    """For each column what the others show."""
    moments = [one.epoch is not None or one.share("datetime") > 0.8 for one in facts]
    persons = [
        bool(one.filled)
        and (
            one.says(T.CNIC) > 0.9
            or one.lexicon(T.PERSON_NAME, token=True) > 0.6
            or one.strict(T.CNIC) / one.filled > 0.3
        )
        for one in facts
    ]
    clues = [_clue(one) for one in facts]
    leanings = [_leanings(one) for one in facts]
    travel, calls = sum(one for one, _ in leanings), sum(other for _, other in leanings)
    timed, peopled, all_clues = sum(moments), sum(persons), sum(clues)
    return [
        Context(
            all_clues - clues[at],
            travel - leanings[at][0],
            calls - leanings[at][1],
            timed > moments[at],
            peopled > persons[at],
        )
        for at in range(len(facts))
    ]
