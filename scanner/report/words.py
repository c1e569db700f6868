"""How people say what the contract's terms and figures mean. Used by the renderings for people only."""

from __future__ import annotations

from scanner.model import Artifact, HashTest, Linked
from scanner.terms import AnyType, ColumnType, Level, PackType, Status, Structure

STRUCTURES = {
    Structure.CALL_RECORD: "call records",
    Structure.TRAVEL_RECORD: "travel records",
    Structure.LOCATION_RECORD: "locations over time",
    Structure.SUBSCRIBER_RECORD: "subscriber register",
    Structure.SESSION_RECORD: "internet sessions",
}

#: One and several of each column type.
TYPES = {
    ColumnType.MSISDN: ("mobile number", "mobile numbers"),
    ColumnType.LANDLINE: ("landline number", "landline numbers"),
    ColumnType.CNIC: ("CNIC", "CNICs"),
    ColumnType.IMSI: ("IMSI", "IMSIs"),
    ColumnType.IMEI: ("IMEI", "IMEIs"),
    ColumnType.ICCID: ("SIM card number", "SIM card numbers"),
    ColumnType.PASSPORT: ("passport", "passports"),
    ColumnType.IBAN: ("IBAN", "IBANs"),
    ColumnType.EMAIL: ("e-mail address", "e-mail addresses"),
    ColumnType.IP_ADDRESS: ("IP address", "IP addresses"),
    ColumnType.PNR: ("booking reference", "booking references"),
    ColumnType.TICKET_NUMBER: ("ticket number", "ticket numbers"),
}


def names_of(kind: AnyType) -> tuple[str, str]:
    """One and several of a column type."""
    if isinstance(kind, PackType):
        return kind.label, kind.plural
    return TYPES.get(kind, (kind.value, kind.value))


def basis_name(basis: str) -> str:
    """What stands for a person, one of them."""
    if isinstance(basis, PackType):
        return basis.label
    return names_of(ColumnType(basis))[0] if basis in set(ColumnType) else basis


LEVEL_STYLES = {
    Level.NONE: "dim",
    Level.LOW: "blue",
    Level.MEDIUM: "yellow",
    Level.HIGH: "red",
    Level.CRITICAL: "bold white on red",
}

_SPARED = frozenset("\u200c\u200d")  # joiners that Urdu is written with


def printable(text: str) -> str:
    """Text that cannot steer a terminal: control and direction marks are replaced."""
    return "".join(char if char.isprintable() or char in _SPARED else "\ufffd" for char in text)


def count(number: int | None, one: str, several: str | None = None) -> str:
    """A figure with its noun, as in `1,204 rows`."""
    if number is None:
        return f"? {several or one + 's'}"
    return f"{number:,} {one if number == 1 else several or one + 's'}"


def size(octets: int | None) -> str:
    """Bytes as people say them, in powers of 1000."""
    if octets is None:
        return "size unknown"
    value = float(octets)
    for unit in ("bytes", "kB", "MB", "GB", "TB"):
        if value < 1000 or unit == "TB":
            break
        value /= 1000
    return f"{octets:,} bytes" if unit == "bytes" else f"{value:.3g} {unit}" if value < 100 else f"{value:,.0f} {unit}"


def seconds(value: float) -> str:
    """A duration as people say it."""
    if value < 10:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    return f"{rest} s" if not minutes else f"{minutes} min {rest} s"


def subject(artifact: Artifact) -> str:
    """What a file is, in a few words."""
    if artifact.status in (Status.UNREADABLE, Status.SKIPPED):
        cause = artifact.problems[0].code.value.replace("_", " ") if artifact.problems else "no cause known"
        return f"{'not read' if artifact.status is Status.UNREADABLE else 'skipped'}: {cause}"
    if artifact.records:
        text = ", ".join(STRUCTURES[record.structure] for record in artifact.records)
    elif artifact.identifiers:
        kinds = [names_of(kind)[1] for kind in artifact.identifiers]
        text = ", ".join(kinds[:3]) + (", …" if len(kinds) > 3 else "")
    elif veiled := [column for column in artifact.columns if column.form.value != "plain"]:
        column = veiled[0]
        text = f"{column.form.value} {names_of(column.type)[1]}"
    elif artifact.severity.level is not Level.NONE:
        text = "personal details"
    else:
        text = "nothing about a person found"
    return text + (" (as far as read)" if artifact.status is Status.PARTIAL else "")


def is_harmless(artifact: Artifact) -> bool:
    """Read in full and nothing found; what was not read in full is never harmless."""
    return artifact.status is Status.COMPLETE and artifact.severity.level is Level.NONE


def hash_words(test: HashTest) -> str:
    """What computing a number space showed of a column of digests; empty where nothing was found or finished."""
    hit = test.hit
    if hit is None:
        return f"no digest among {test.tested:,} computed: salted, keyed or of something else" if test.complete else ""
    said = f"unsalted {hit.algorithm.upper()} of {hit.notation}, enumerable"
    if not test.complete:
        return f"{said} (a sample matched; --test-hashes counts them all)"
    return f"{said}: {test.exposed_distinct:,} different digests in {test.exposed_rows:,} rows reversed"


def linked_words(linked: Linked) -> str:
    """How often texts hold a number with a CNIC."""
    where = count(linked.texts, "message, line or cell", "messages, lines or cells")
    verb = "holds" if linked.texts == 1 else "hold"
    return f"{where} {verb} a mobile number with a CNIC, {linked.named:,} a person's name too"
