"""The words of the report contract as enums: one word for one thing, everywhere."""

from __future__ import annotations

from enum import StrEnum
from typing import Any


class _Word(StrEnum):
    """A word of the contract, hashed as its text is: `Enum` does so in Python, hundreds of times a file."""

    __hash__ = str.__hash__

    @property
    def value(self) -> str:
        """The word itself."""
        return self._value_


class ColumnType(_Word):
    """What the values of a column are."""

    MSISDN = "msisdn"
    LANDLINE = "landline"
    CNIC = "cnic"
    IMSI = "imsi"
    IMEI = "imei"
    ICCID = "iccid"
    PASSPORT = "passport"
    IBAN = "iban"
    EMAIL = "email"
    IP_ADDRESS = "ip_address"
    PERSON_NAME = "person_name"
    ADDRESS = "address"
    DATE_OF_BIRTH = "date_of_birth"
    SEX = "sex"
    TIMESTAMP = "timestamp"
    DURATION = "duration"
    CALL_TYPE = "call_type"
    CELL_ID = "cell_id"
    LATITUDE = "latitude"
    LONGITUDE = "longitude"
    SITE_NAME = "site_name"
    FLIGHT_NUMBER = "flight_number"
    AIRPORT = "airport"
    PNR = "pnr"
    TICKET_NUMBER = "ticket_number"
    TRAVEL_DIRECTION = "travel_direction"
    BORDER_POST = "border_post"
    COUNTRY = "country"
    FREE_TEXT = "free_text"
    OTHER = "other"


#: Column types whose values point to one person or device and are counted by occurrence and distinct value.
IDENTIFIER_TYPES: tuple[ColumnType, ...] = (
    ColumnType.MSISDN,
    ColumnType.LANDLINE,
    ColumnType.CNIC,
    ColumnType.IMSI,
    ColumnType.IMEI,
    ColumnType.ICCID,
    ColumnType.PASSPORT,
    ColumnType.IBAN,
    ColumnType.EMAIL,
    ColumnType.IP_ADDRESS,
    ColumnType.PNR,
    ColumnType.TICKET_NUMBER,
)

#: The order in which an identifier stands for one subscriber (the contract's term `subscriber`).
SUBSCRIBER_BASIS: tuple[ColumnType, ...] = (
    ColumnType.MSISDN,
    ColumnType.CNIC,
    ColumnType.PASSPORT,
    ColumnType.IMSI,
    ColumnType.IMEI,
    ColumnType.ICCID,
    ColumnType.EMAIL,
    ColumnType.IBAN,
    ColumnType.TICKET_NUMBER,
    ColumnType.PNR,
    ColumnType.LANDLINE,
)


class PackType(str):
    """An identifier that a rule pack adds to the contract's types; stands wherever a column type does.

    Reports name it by its id beside the contract's type, which is `other`.
    """

    __slots__ = ("label", "plural", "weighs_as")
    label: str
    """Name for people, one of them."""
    plural: str
    weighs_as: ColumnType
    """Type in whose place it stands in the severity model."""

    def __new__(cls, name: str, label: str, plural: str, weighs_as: ColumnType) -> PackType:
        """`name` is its id in reports."""
        made = super().__new__(cls, name)
        made.label, made.plural, made.weighs_as = label, plural, weighs_as
        return made

    @property
    def value(self) -> str:
        """Its id, as of a column type."""
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """For copies and other processes."""
        return PackType, (str(self), self.label, self.plural, self.weighs_as)


#: What a column can be: a type of the contract, or one that a rule pack adds.
AnyType = ColumnType | PackType


class Form(_Word):
    """How the values of a column are held."""

    PLAIN = "plain"
    MASKED = "masked"
    HASHED = "hashed"
    DAMAGED = "damaged"


class Structure(_Word):
    """The kind of record that the rows of a table are."""

    CALL_RECORD = "call_record"
    TRAVEL_RECORD = "travel_record"
    LOCATION_RECORD = "location_record"
    SUBSCRIBER_RECORD = "subscriber_record"
    SESSION_RECORD = "session_record"


class Level(_Word):
    """Severity in words; `none` is 0, then bands of 25 points."""

    NONE = "none"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for `none` up to 4 for `critical`."""
        return _RANKS[self]

    @classmethod
    def of(cls, score: float) -> Level:
        """The level of a score of 0 to 100."""
        if score < 1:
            return cls.NONE
        return (cls.LOW, cls.MEDIUM, cls.HIGH, cls.CRITICAL)[min(3, int(score // 25))]


_RANKS = {level: rank for rank, level in enumerate(Level)}


class Status(_Word):
    """How far an artifact was examined."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    UNREADABLE = "unreadable"
    SKIPPED = "skipped"


class Counted(_Word):
    """How a number of rows was come by where not all of them were read."""

    EXACT = "exact"
    STATED = "stated"  # the format says so
    ABOUT = "about"  # from the bytes that were looked at
    AT_LEAST = "at_least"


class Format(_Word):
    """File formats of the contract."""

    CSV = "csv"
    JSON = "json"
    NDJSON = "ndjson"
    PARQUET = "parquet"
    XLSX = "xlsx"
    XLS = "xls"
    ODS = "ods"
    SQLITE = "sqlite"
    SQL = "sql"
    AVRO = "avro"
    ORC = "orc"
    ARROW = "arrow"
    XML = "xml"
    HTML = "html"
    TEXT = "text"
    BINARY = "binary"
    ARCHIVE = "archive"


class ProblemCode(_Word):
    """Why something was not read, or read otherwise than it stands."""

    MISSING = "missing"  # the path does not exist
    NOT_PERMITTED = "not_permitted"  # the system refuses to open it
    NOT_A_FILE = "not_a_file"  # device, FIFO, socket
    LINK_LOOP = "link_loop"  # symbolic link that leads nowhere or back
    NO_FILES = "no_files"  # a folder without files
    UNSUPPORTED = "unsupported"  # recognised, but no reader
    EMPTY = "empty"  # no bytes
    NOT_A_TABLE = "not_a_table"  # read as text instead
    TRUNCATED = "truncated"  # ends before its format says it may
    CORRUPT = "corrupt"  # breaks the rules of its format
    BAD_ROW = "bad_row"  # rows that do not fit the table; scanned as text
    INVALID_ENCODING = "invalid_encoding"  # bytes that are no text in the encoding found
    NUL_BYTES = "nul_bytes"  # NUL bytes within text
    ENCRYPTED = "encrypted"  # a password is needed
    SAMPLED = "sampled"  # only a sample was asked for
    LIMIT = "limit"  # a stated limit was reached
    UNSAFE_PATH = "unsafe_path"  # a member that would be written outside
    MULTI_PART = "multi_part"  # a volume of a split archive
    READER_FAILED = "reader_failed"  # the reader crashed or hung
    SEVERAL_TABLES = "several_tables"  # more than one table in one file
    MEMBER_SKIPPED = "member_skipped"  # a container's member that was not read
