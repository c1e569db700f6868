"""The typed, frozen records that flow through the pipeline and out of it.

Field names are those of the report contract. Nothing here is mutable and nothing holds cell text beyond masked samples.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from scanner.terms import AnyType, ColumnType, Counted, Form, Format, Level, ProblemCode, Status, Structure

if TYPE_CHECKING:
    import pandas
    import pyarrow


def _empty() -> Mapping[Any, Any]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that was not read, or was read otherwise than it stands."""

    code: ProblemCode
    message: str
    """What happened and what was done; never cell text."""
    row: int | None = None
    """1-based data row (or line, or member) at which it began, where known."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One reason for or against a verdict, as a number."""

    subject: str
    """What was weighed, as in `values: CNIC district code known`."""
    weight: float
    """Contribution to the verdict; below 0 speaks against."""
    text: str
    """One plain sentence with the figures."""


@dataclass(frozen=True, slots=True)
class HashSpace:
    """Digests of one notation that were computed and compared with those of a column."""

    algorithm: str
    notation: str
    """How the plain values are written, as in `0300…`."""
    type: ColumnType
    tested: int
    """Plain values of the notation whose digests were computed."""
    size: int
    """Plain values that there are."""
    exposed_distinct: int
    """Different digests of the column found among them."""
    exposed_rows: int
    """Rows that hold one of those."""


@dataclass(frozen=True, slots=True)
class HashTest:
    """Whether the digests of a column can be reversed by computing all of a number space; counts alone, no value."""

    spaces: tuple[HashSpace, ...]
    tested: int
    """Digests computed in all."""
    exposed_distinct: int
    exposed_rows: int
    complete: bool
    """Every digest was found or every space was computed to its end."""

    @property
    def hit(self) -> HashSpace | None:
        """The space that most of what was found lies in; None where nothing was found."""
        return max((one for one in self.spaces if one.exposed_distinct), key=lambda s: s.exposed_distinct, default=None)


@dataclass(frozen=True, slots=True)
class Column:
    """One column and what its values are."""

    index: int
    name: str | None
    type: AnyType = ColumnType.OTHER
    form: Form = Form.PLAIN
    confidence: float = 0.0
    rows_filled: int = 0
    rows_matched: int = 0
    distinct: int | None = None
    samples: tuple[str, ...] = ()
    role: str | None = None
    """What the header says the column means (`caller`, `event_time`); None where it says nothing."""
    evidence: tuple[Evidence, ...] = ()
    hash: HashTest | None = None
    """Of a column of digests: what computing the number space showed; None elsewhere."""
    hidden_digits: int | None = None
    """Of a masked column: digits starred out in a value, at most; None elsewhere."""


@dataclass(frozen=True, slots=True)
class IdentifierCount:
    """How often identifiers of one type stand in an artifact, and how many different ones."""

    occurrences: int
    distinct: int | None


@dataclass(frozen=True, slots=True)
class Record:
    """A structure that the rows of an artifact have."""

    structure: Structure
    rows: int
    confidence: float
    roles: Mapping[str, int]
    """Role to column index."""
    first_event: str | None = None
    """ISO 8601, as local as the file states it."""
    last_event: str | None = None
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Subscribers:
    """Persons as far as the data can tell."""

    distinct: int = 0
    basis: str | None = None
    """The column type that stands for a person, or None where nobody is exposed."""


@dataclass(frozen=True, slots=True)
class Factor:
    """One part of a score."""

    name: str
    points: float
    reason: str
    """One plain sentence with the figures it rests on."""


@dataclass(frozen=True, slots=True)
class Severity:
    """How badly subscribers are exposed; the factors add up to the score."""

    score: float = 0.0
    level: Level = Level.NONE
    factors: tuple[Factor, ...] = ()
    enisa: Mapping[str, Any] = field(default_factory=_empty)
    """The ENISA 2013 value beside it: `dpc`, `ei`, `cb`, `se`, `label`."""


@dataclass(frozen=True, slots=True)
class Obligation:
    """A rule that what was found may engage; decision support, not legal advice."""

    id: str
    title: str
    reason: str
    """What engages it, and what in the file shows that."""
    asks: str = ""
    """What the rule asks for, or would."""
    status: str = ""
    """What the instrument is today: in force, a bill, a draft."""


@dataclass(frozen=True, slots=True)
class Advice:
    """A next step for an incident responder."""

    stage: str
    """`preserve`, `verify`, `notify` or `block`."""
    text: str


@dataclass(frozen=True, slots=True)
class Excess:
    """A column that goes beyond the minimum of a lawful disclosure."""

    index: int | None
    """Position of the column; None for identifiers outside of columns."""
    column: str
    """Its header, or words for it where it has none."""
    type: AnyType
    reason: str


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What goes beyond the minimum of one case in which a licence allows disclosure."""

    purpose: str
    title: str
    excess: tuple[Excess, ...] = ()
    unjudged: tuple[str, ...] = ()
    """Columns without a type, which a person has to look at."""
    note: str = ""


class Overlap(NamedTuple):
    """Subscribers that another artifact of the scan holds too; of many artifacts there are very many."""

    path: str
    shared_subscribers: int
    share_of_this: float
    on: AnyType


@dataclass(frozen=True, slots=True)
class Linkage:
    """What two artifacts reveal together that neither does alone."""

    artifacts: tuple[str, ...]
    on: AnyType
    shared_subscribers: int
    reason: str
    severity: Severity


@dataclass(frozen=True, slots=True)
class Coverage:
    """What was examined of an artifact."""

    bytes_total: int | None = None
    bytes_read: int = 0
    cells: int = 0
    sampled: bool = False


@dataclass(frozen=True, slots=True)
class Estimate:
    """A total that a sample stands for."""

    seen: int
    """In the sample."""
    value: int
    """In the whole, as the sample has it."""
    low: int
    high: int | None
    """Bounds at the sample's confidence; None where it is too small to give any."""


@dataclass(frozen=True, slots=True)
class SampleFigures:
    """What the sample that was examined of an artifact says of all of it."""

    share: float
    """Of the artifact that was examined, 0 to 1."""
    pieces: int
    """That the sample consists of."""
    confidence: float
    """Probability that a total lies within its bounds, 0 to 1."""
    rows: Estimate
    filled: Mapping[int, Estimate] = field(default_factory=_empty)
    """Column index to cells that are filled."""
    occurrences: Mapping[AnyType, Estimate] = field(default_factory=_empty)
    distinct: Mapping[AnyType, tuple[int, int | None]] = field(default_factory=_empty)
    """Type to different values: at least so many, at most so many (None for no bound)."""


@dataclass(frozen=True, slots=True)
class Members:
    """What became of a container's members; folders are none."""

    listed: int = 0
    read: int = 0
    """Opened; each is an artifact of its own, or several."""
    skipped: Mapping[str, int] = field(default_factory=_empty)
    """Reason to how many."""


@dataclass(frozen=True, slots=True)
class Linked:
    """How often texts hold a mobile number together with a CNIC; a text is a cell, a line or a few lines of a form."""

    texts: int = 0
    named: int = 0
    """Of them, those that hold a person's name too."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """A table or document that was scanned on its own."""

    path: str
    format: Format
    status: Status = Status.COMPLETE
    encoding: str | None = None
    sha256: str | None = None
    size_bytes: int | None = None
    problems: tuple[Problem, ...] = ()
    rows: int = 0
    bad_rows: int = 0
    columns: tuple[Column, ...] = ()
    identifiers: Mapping[AnyType, IdentifierCount] = field(default_factory=_empty)
    records: tuple[Record, ...] = ()
    subscribers: Subscribers = Subscribers()
    severity: Severity = Severity()
    obligations: tuple[Obligation, ...] = ()
    overlaps: tuple[Overlap, ...] = ()
    coverage: Coverage = Coverage()
    sample: SampleFigures | None = None
    """Of an artifact of which only a sample was examined."""
    members: Members | None = None
    """Of a container alone."""
    breakdown: Mapping[str, Mapping[str, int]] = field(default_factory=_empty)
    """Distinct subscribers by `operator` at allocation, `province` and `district` of CNIC."""
    minors: int = 0
    """Rows whose date of birth makes a person under 18 at the last event."""
    linked: Linked = Linked()
    duplicate_of: str | None = None
    """Path of the artifact of the scan that holds the same rows."""
    disclosures: tuple[Disclosure, ...] = ()
    """For each case in which a licence allows disclosure, the columns beyond its minimum."""
    advice: tuple[Advice, ...] = ()


@dataclass(frozen=True, slots=True)
class Inspected:
    """What an artifact is, as far as can be told without detecting anything."""

    path: str
    format: Format
    status: Status = Status.COMPLETE
    encoding: str | None = None
    detail: str = ""
    """Dialect in words, as in `semicolon, quoted, header in row 4`."""
    columns: tuple[str | None, ...] = ()
    rows: int = 0
    counted: Counted = Counted.EXACT
    size_bytes: int | None = None
    problems: tuple[Problem, ...] = ()
    members: Members | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """The whole scan."""

    artifacts: int = 0
    by_status: Mapping[str, int] = field(default_factory=_empty)
    by_level: Mapping[str, int] = field(default_factory=_empty)
    subscribers: Subscribers = Subscribers()
    severity: Severity = Severity()
    linkage: tuple[Linkage, ...] = ()
    breakdown: Mapping[str, Mapping[str, int]] = field(default_factory=_empty)
    """Distinct subscribers of the scan by `operator` at allocation, `province` and `district` of CNIC."""
    advice: tuple[Advice, ...] = ()
    """What to do now, over all artifacts."""


@dataclass(frozen=True, slots=True)
class ScanResult:
    """What `scan` returns."""

    artifacts: tuple[Artifact, ...]
    summary: Summary
    version: str = ""
    patterns_sha256: str = ""
    started_at: str = ""
    """ISO 8601 with zone."""
    duration_seconds: float = 0.0
    options: Mapping[str, Any] = field(default_factory=_empty)

    def to_arrow(self) -> dict[str, pyarrow.Table]:
        """Three Arrow tables: `artifacts`, `columns`, `identifiers`."""
        from scanner.report.tables import arrow_tables

        return arrow_tables(self)

    def to_pandas(self) -> dict[str, pandas.DataFrame]:
        """The tables of `to_arrow` as DataFrames; needs pandas."""
        return {name: table.to_pandas() for name, table in self.to_arrow().items()}
