"""Verdicts on whole columns: values, header and neighbours weighed together, with the evidence kept as numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from scanner.detect import kernels as k
from scanner.detect.headers import HeaderMatch, is_nameless, match
from scanner.detect.profile import ArtifactProfile, ColumnProfile
from scanner.detect.tables import AIRLINE_BIT, KIND_OF, Tables
from scanner.masking import mask_value
from scanner.model import Column, Evidence
from scanner.packs.schema import Pack
from scanner.sets import KeySet
from scanner.terms import IDENTIFIER_TYPES, ColumnType, Form

T = ColumnType
_PHONES = {T.MSISDN, T.LANDLINE}
_YEAR = 31_557_600


@dataclass(slots=True)
class Facts:
    """Shares and counts of one column, as the rules read them."""

    key: str | int
    name: str | None
    header: HeaderMatch | None
    profile: ColumnProfile
    tables: Tables
    counts: dict[str, int] = field(default_factory=dict)
    filled: int = 0
    evidence: list[Evidence] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Name the counts."""
        if self.profile.counts is not None:
            self.counts = dict(zip(k.CLASSES, self.profile.counts.tolist(), strict=True))
            self.filled = self.counts["filled"]

    def n(self, *names: str) -> int:
        """Cells of some classes."""
        return sum(self.counts.get(name, 0) for name in names)

    def share(self, *names: str) -> float:
        """Share (0..1) of the filled cells that fall into some classes."""
        return self.n(*names) / self.filled if self.filled else 0.0

    def rules(self, kind: ColumnType, strength: int = 0) -> int:
        """Whole cells that fit a notation of a type of at least some strength."""
        if self.profile.rule_counts is None:
            return 0
        return sum(
            int(count)
            for count, held, grade in zip(
                self.profile.rule_counts[:, 0], self.tables.rule_types, self.tables.rule_strengths, strict=True
            )
            if held is kind and grade >= strength
        )

    def strict(self, kind: ColumnType) -> int:
        """Of them, those whose finer code is known."""
        if self.profile.rule_counts is None:
            return 0
        return sum(
            int(count)
            for count, held in zip(self.profile.rule_counts[:, 1], self.tables.rule_types, strict=True)
            if held is kind
        )

    def lexicon(self, kind: ColumnType, token: bool = False) -> float:
        """Share of filled cells that are (or hold) a word of a type's lexicons; the best lexicon counts."""
        if self.profile.lex_counts is None or not self.filled:
            return 0.0
        total = 0
        for bit, (_, held) in self.tables.lexicons.items():
            if held is kind and (bit >= 24) is token:
                total = max(total, int(self.profile.lex_counts[bit, int(token)]))
        return total / self.filled

    def airline(self) -> float:
        """Share of flight-shaped cells that begin with a known airline code."""
        flights = self.n("flight")
        return int(self.profile.lex_counts[AIRLINE_BIT, 0]) / flights if flights else 0.0

    def length(self, *digits: int) -> int:
        """All-digit cells of some lengths."""
        return sum(int(self.profile.lengths[n]) for n in digits) if self.profile.lengths is not None else 0

    def found(self, kind: ColumnType, *ways: int) -> KeySet:
        """Distinct keys of a type that stand in some ways (k.WEAK, k.SURE, k.IN_TEXT); not to be changed."""
        held = [self.profile.sets[code] for way in ways if (code := KIND_OF[kind] * 3 + way) in self.profile.sets]
        if len(held) == 1:
            return held[0]
        out = KeySet()
        for one in held:
            out = out.merge(one)
        return out

    def times(self, kind: ColumnType, *ways: int) -> int:
        """Occurrences, likewise."""
        return sum(self.profile.occurrences.get(KIND_OF[kind] * 3 + way, 0) for way in ways)

    def says(self, *kinds: ColumnType) -> float:
        """How firmly the header speaks for one of some types, 0 to 1."""
        return self.header.weight if self.header is not None and self.header.type in kinds else 0.0

    @property
    def against(self) -> bool:
        """Whether the header names something that is no identifier."""
        return self.header is not None and self.header.role == "none"

    @property
    def nameless(self) -> bool:
        """Whether there is no header or one that says nothing."""
        return is_nameless(self.name)

    def note(self, subject: str, weight: float, text: str) -> None:
        """Keep one reason."""
        self.evidence.append(Evidence(subject, round(weight, 3), text))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a column is held to be."""

    type: ColumnType
    form: Form = Form.PLAIN
    confidence: float = 0.5
    matched: int = 0


@dataclass(frozen=True, slots=True)
class Judged:
    """An artifact's columns and the identifiers that count."""

    columns: tuple[Column, ...]
    sets: Mapping[ColumnType, KeySet]
    occurrences: Mapping[ColumnType, int]
    veiled: Mapping[ColumnType, KeySet]
    """Distinct digests or masked values by the type behind them."""
    events: Mapping[int, tuple[int, int]]
    """Column index → first and last moment in seconds since 1970, as local as stated."""
    facts: tuple[Facts, ...]


def _sequential(facts: Facts, kind: ColumnType) -> bool:
    """Whether numbers fill a narrow range as running numbers do, instead of spreading over codes."""
    keys = facts.found(kind, k.WEAK, k.SURE)
    if len(keys) < 12 or facts.profile.extremes is None:
        return False
    low, high = int(facts.profile.extremes[k.KEY_MIN]), int(facts.profile.extremes[k.KEY_MAX])
    span = high - low + 1
    dense = len(keys) / max(1, span)
    return dense > 0.02


def _msisdn(facts: Facts, clues: int) -> Verdict | None:
    mobile = facts.rules(T.MSISDN)
    if not mobile:
        return None
    sure, fair = facts.rules(T.MSISDN, 3), facts.rules(T.MSISDN, 2)
    plus = facts.times(T.MSISDN, k.SURE)
    sure = max(sure, plus)
    share = mobile / facts.filled
    kin = (mobile + facts.rules(T.LANDLINE)) / facts.filled
    codes = int(np.count_nonzero(facts.profile.lead[300:400]))
    facts.note("values: mobile notation", share, f"{mobile:,} of {facts.filled:,} cells are Pakistani mobile numbers")
    facts.note("values: number codes", min(1.0, codes / 10), f"{codes} different 3NN codes")
    if _sequential(facts, T.MSISDN):
        facts.note("values: running numbers", -1.0, "the values fill a narrow range as running numbers do")
        return None
    header = facts.says(T.MSISDN, T.LANDLINE)
    if facts.against and sure / facts.filled < 0.9:
        facts.note("header", -0.8, "the header names something that is no phone number")
        return None
    zeros = facts.n("zeros") / mobile
    form = Form.DAMAGED if zeros > 0.9 and mobile >= 5 else Form.PLAIN
    party = facts.header is not None and facts.header.role in ("called", "caller")
    bare = fair + sure < mobile * 0.5
    least = 0.5 if bare or not header else 0.12 if party else 0.3
    if share < least and not (header and kin >= 0.5 and share >= 0.2):
        facts.note("values: share", -share, f"below the share of {least:.0%} that this column would need")
        return None
    if sure < mobile * 0.5 and fair + sure < mobile * 0.5 and not header:
        if not facts.nameless or clues < 1:
            facts.note("values: bare numbers", -0.5, "bare ten-digit numbers without a second clue")
            return None
        if codes < 4 and mobile > 20:
            return None
    if fair >= mobile * 0.5 and sure < mobile * 0.5 and not header and share < 0.6:
        return None
    if facts.rules(T.LANDLINE) > mobile and facts.says(T.LANDLINE):
        return None
    confidence = 0.55 + 0.25 * min(1.0, share) + 0.15 * header + (0.1 if sure > mobile / 2 else 0.0)
    return Verdict(T.MSISDN, form, min(0.99, confidence), mobile)


def _cnic(facts: Facts) -> Verdict | None:
    shape = facts.n("cnic_shape")
    if not shape:
        return None
    share = shape / facts.filled
    known = facts.strict(T.CNIC) / shape
    dashed = facts.n("cnic_dashed") / shape
    ean = facts.n("ean") / max(1, shape)
    fourth = facts.n("cnic_fourth") / shape
    header = facts.says(T.CNIC)
    facts.note("values: 13 digits, province 1 to 8", share, f"{shape:,} of {facts.filled:,} cells")
    facts.note("values: locality code known", known, f"{known:.0%} of them begin with a known five-digit code")
    facts.note("values: dashes at 5 and 12", dashed, f"{dashed:.0%} of them")
    if shape >= 5 and ean > 0.9 and dashed < 0.5:
        facts.note("values: barcode check digit", -1.0, f"{ean:.0%} pass the EAN-13 check, chance is 10 %")
        return None
    if share < 0.3 and not (header and share >= 0.05):
        return None
    if dashed >= 0.5 and not (facts.against and known < 0.3):
        return Verdict(T.CNIC, Form.PLAIN, 0.9 + 0.09 * max(known, header), shape)
    if _sequential(facts, T.CNIC) and shape >= 12 and not header:
        facts.note("values: running numbers", -1.0, "the values fill a narrow range")
        return None
    if header:
        codes = int(np.count_nonzero(facts.profile.lead))
        if known < 0.02 and shape >= 50 and fourth < 0.2 and header < 0.9:
            return None
        return Verdict(T.CNIC, Form.PLAIN, 0.8 + 0.19 * known, shape) if codes else None
    if known >= 0.45 and fourth >= 0.7 and share >= 0.5 and (shape >= 3 or known == 1):
        if facts.says(T.TICKET_NUMBER):
            return None
        return Verdict(T.CNIC, Form.PLAIN, 0.6 + 0.3 * known, shape)
    return None


def _long_digits(facts: Facts) -> Verdict | None:
    """IMSI, IMEI, ICCID and ticket numbers."""
    filled = facts.filled
    iccid = facts.rules(T.ICCID)
    if iccid / filled >= 0.5:
        return Verdict(T.ICCID, Form.PLAIN, 0.95, iccid)
    imsi = facts.rules(T.IMSI)
    imei = facts.n("luhn15")
    if imsi / filled >= 0.5 and not facts.says(T.CELL_ID) and not (facts.against and not facts.says(T.IMSI)):
        return Verdict(T.IMSI, Form.PLAIN, 0.9, imsi)
    fifteen = facts.length(14, 15, 16)
    if facts.says(T.IMEI) and fifteen / filled >= 0.5:
        return Verdict(T.IMEI, Form.PLAIN, 0.92, fifteen)
    if facts.says(T.IMSI) and facts.length(14, 15) / filled >= 0.5:
        return Verdict(T.IMSI, Form.PLAIN, 0.7, facts.length(14, 15))
    if facts.length(15) / filled >= 0.6 and not facts.against:
        luhn, tac = imei / facts.length(15), facts.n("tac") / facts.length(15)
        facts.note("values: IMEI check digit", luhn, f"{luhn:.0%} pass the Luhn check, chance is 10 %")
        if luhn >= 0.9 and tac >= 0.7 and not facts.says(T.CELL_ID):
            return Verdict(T.IMEI, Form.PLAIN, 0.85, imei)
    if facts.says(T.ICCID) and facts.length(18, 19, 20) / filled >= 0.5:
        return Verdict(T.ICCID, Form.PLAIN, 0.7, facts.length(18, 19, 20))
    thirteen = facts.length(13) + facts.n("ticket_dash")
    if facts.says(T.TICKET_NUMBER) and thirteen / filled >= 0.5:
        return Verdict(T.TICKET_NUMBER, Form.PLAIN, 0.9, thirteen)
    if facts.n("ticket_dash") / filled >= 0.8:
        return Verdict(T.TICKET_NUMBER, Form.PLAIN, 0.6, thirteen)
    return None


def _veiled(facts: Facts) -> Verdict | None:
    """Masked, hashed and damaged identifiers."""
    header = facts.header.type if facts.header is not None and facts.header.role != "none" else None
    digest = facts.n("digest", "base64")
    if digest / facts.filled >= 0.8:
        if header in (T.MSISDN, T.CNIC, T.IMSI, T.IMEI, T.LANDLINE, T.EMAIL, T.PASSPORT, T.ICCID):
            facts.note("values: digests", 0.9, f"{digest:,} cells are digests under a header that names {header}")
            return Verdict(T.MSISDN if header is T.LANDLINE else header, Form.HASHED, 0.85, digest)
        facts.note("values: digests", -0.5, "digests, but nothing says of what")
        return None
    masked = facts.n("masked")
    if masked / facts.filled >= 0.5:
        if header in (T.MSISDN, T.CNIC, T.IMSI, T.IMEI):
            return Verdict(header, Form.MASKED, 0.9, masked)
        if facts.n("masked_cnic") / masked >= 0.5:
            return Verdict(T.CNIC, Form.MASKED, 0.8, masked)
        if facts.n("masked_msisdn") / masked >= 0.5:
            return Verdict(T.MSISDN, Form.MASKED, 0.8, masked)
        return None
    rounded = facts.n("scientific")
    if rounded / facts.filled >= 0.5:
        for kind, name in ((T.MSISDN, "sci_11"), (T.CNIC, "sci_12"), (T.IMSI, "sci_14"), (T.MSISDN, "sci_9")):
            if facts.n(name) / rounded >= 0.8:
                if header is kind or (kind is T.IMSI and header is T.IMEI):
                    return Verdict(header or kind, Form.DAMAGED, 0.85, rounded)
                if header is None and not facts.against and name == "sci_11":
                    return Verdict(kind, Form.DAMAGED, 0.55, rounded)
        if header in (T.MSISDN, T.CNIC, T.IMSI, T.IMEI):
            return Verdict(header, Form.DAMAGED, 0.7, rounded)
    return None


def _shaped(facts: Facts) -> Verdict | None:
    """Types whose values have a shape of their own."""
    for kind, name, least in ((T.EMAIL, "email", 0.5), (T.IP_ADDRESS, "ip", 0.5)):
        if facts.share(name) >= least:
            return Verdict(kind, Form.PLAIN, 0.9 + 0.09 * facts.share(name), facts.n(name))
    if facts.share("iban") >= 0.5:
        valid = facts.n("iban_valid") / facts.n("iban")
        facts.note("values: IBAN check digits", valid, f"{valid:.0%} pass modulo 97, chance is 1 %")
        if valid >= 0.5 or facts.says(T.IBAN):
            return Verdict(T.IBAN, Form.PLAIN, 0.7 + 0.29 * valid, facts.n("iban"))
    landline = facts.rules(T.LANDLINE)
    if landline / facts.filled >= 0.5 and not facts.against:
        if facts.says(T.LANDLINE, T.MSISDN) or (landline / facts.filled >= 0.8 and facts.nameless):
            return Verdict(T.LANDLINE, Form.PLAIN, 0.85, landline)
        if facts.n("separated") >= landline * 0.8 and landline / facts.filled >= 0.8:
            return Verdict(T.LANDLINE, Form.PLAIN, 0.7, landline)
    return None


def _epoch(facts: Facts) -> str | None:
    """Which epoch unit nearly all cells could be, within one span of years."""
    for name in ("epoch_s", "epoch_ms", "epoch_us"):
        if facts.share(name) >= 0.95 and facts.profile.extremes is not None:
            span = int(facts.profile.extremes[k.DAY_MAX]) - int(facts.profile.extremes[k.DAY_MIN])
            if span < 15 * _YEAR:
                return name
    return None


def _temporal(facts: Facts) -> Verdict | None:
    filled = facts.filled
    moments = facts.n("datetime", "date", "year_month")
    clock = facts.n("clock")
    header = facts.header
    birth = facts.says(T.DATE_OF_BIRTH)
    if (moments + clock) / filled >= 0.6:
        if facts.says(T.DURATION) and clock >= moments:
            return Verdict(T.DURATION, Form.PLAIN, 0.9, clock)
        kind = T.DATE_OF_BIRTH if birth and moments else T.TIMESTAMP
        return Verdict(kind, Form.PLAIN, 0.95, moments + clock)
    if facts.share("duration_iso") >= 0.6:
        return Verdict(T.DURATION, Form.PLAIN, 0.8, facts.n("duration_iso"))
    if facts.share("stamp14") >= 0.9:
        return Verdict(T.TIMESTAMP, Form.PLAIN, 0.85, facts.n("stamp14"))
    epoch = _epoch(facts)
    if epoch and (facts.says(T.TIMESTAMP) or facts.nameless or (header is None and epoch != "epoch_s")):
        return Verdict(T.TIMESTAMP, Form.PLAIN, 0.85 if facts.says(T.TIMESTAMP) else 0.65, facts.n(epoch))
    if facts.says(T.TIMESTAMP, T.DATE_OF_BIRTH) and header is not None:
        for name in ("stamp8", "serial_day", "epoch_s", "epoch_ms", "epoch_us"):
            if facts.share(name) >= 0.8:
                return Verdict(header.type, Form.PLAIN, 0.85, facts.n(name))
    return None


def _words(facts: Facts, family: str) -> Verdict | None:
    """Types that are words, small numbers or codes: header and lexicons decide."""
    filled = facts.filled
    header = facts.header
    numeric = facts.share("digits", "decimal", "negative")
    for kind, name, floor in ((T.PASSPORT, "passport", 0.5), (T.PNR, "locator", 0.8)):
        if facts.says(kind) and facts.share(name) >= floor:
            return Verdict(kind, Form.PLAIN, 0.92, facts.n(name))
    if facts.share("passport") >= 0.9 and not facts.against and (facts.nameless or family == "travel"):
        return Verdict(T.PASSPORT, Form.PLAIN, 0.6, facts.n("passport"))
    airline = facts.says(T.FLIGHT_NUMBER) or (facts.airline() >= 0.8 and not facts.against)
    if facts.share("flight") >= 0.7 and airline:
        return Verdict(T.FLIGHT_NUMBER, Form.PLAIN, 0.9, facts.n("flight"))
    if facts.share("cgi") >= 0.5:
        return Verdict(T.CELL_ID, Form.PLAIN, 0.9, facts.n("cgi"))
    if facts.header is not None and facts.header.role == "lac" and facts.length(*range(6, 32)) / filled > 0.5:
        return None
    if (
        facts.says(T.CELL_ID)
        and facts.share("digits", "pair", "digest", "text") >= 0.5
        and facts.n("text") < filled * 0.9
    ):
        return Verdict(T.CELL_ID, Form.PLAIN, 0.85, facts.n("digits", "pair", "digest", "text"))
    for kind in (T.LATITUDE, T.LONGITUDE):
        if facts.share("decimal", "digits", "negative") >= 0.8 and facts.says(kind):
            return Verdict(kind, Form.PLAIN, 0.92, facts.n("decimal", "digits", "negative"))
    if facts.says(T.DURATION) and numeric >= 0.8:
        return Verdict(T.DURATION, Form.PLAIN, 0.88, facts.n("digits", "decimal"))
    kinds = (T.SEX, T.TRAVEL_DIRECTION, T.CALL_TYPE, T.AIRPORT, T.COUNTRY, T.BORDER_POST)
    scores = {kind: facts.lexicon(kind) for kind in kinds}
    asked = header.type if header is not None and header.role != "none" else None
    if asked in scores and scores[asked] >= 0.3:
        return Verdict(asked, Form.PLAIN, 0.9, int(scores[asked] * filled))
    if asked in (T.TRAVEL_DIRECTION, T.CALL_TYPE):
        twin = T.CALL_TYPE if asked is T.TRAVEL_DIRECTION else T.TRAVEL_DIRECTION
        if scores[twin] >= 0.6:
            kind = asked if (asked is T.CALL_TYPE) == (family != "travel") else twin
            return Verdict(kind, Form.PLAIN, 0.8, int(scores[twin] * filled))
    if asked in kinds and header is not None and header.weight >= 0.9 and facts.share("words") >= 0.8:
        return Verdict(asked, Form.PLAIN, 0.6, facts.n("words"))
    if not facts.against and (facts.nameless or asked is None or asked in IDENTIFIER_TYPES):
        order = (T.CALL_TYPE, T.TRAVEL_DIRECTION) if family != "travel" else (T.TRAVEL_DIRECTION, T.CALL_TYPE)
        for kind in (*order, T.AIRPORT, T.BORDER_POST, T.COUNTRY):
            if scores[kind] >= 0.9 and filled >= 2:
                return Verdict(kind, Form.PLAIN, 0.7, int(scores[kind] * filled))
    return None


def _prose(facts: Facts) -> Verdict | None:
    """Names, addresses, sites and free text."""
    filled = facts.filled
    header = facts.header
    texts = facts.n("words", "text")
    if texts / filled < 0.5:
        return None
    words = facts.n("word_total") / max(1, texts)
    size = facts.n("byte_total") / filled
    hits = facts.n("text_hit") / filled
    asked = header.type if header is not None and header.role != "none" else None
    names = facts.lexicon(T.PERSON_NAME, token=True)
    places = facts.lexicon(T.ADDRESS, token=True)
    if asked in (T.PERSON_NAME, T.ADDRESS, T.SITE_NAME):
        if hits > 0.2 and size > 40:
            return Verdict(T.FREE_TEXT, Form.PLAIN, 0.7, facts.n("text_hit"))
        codes = (
            asked is T.PERSON_NAME and names < 0.05 and (words < 1.5 or (header is not None and header.weight < 0.8))
        )
        if not codes:
            return Verdict(asked, Form.PLAIN, 0.88, texts)
    if asked is T.FREE_TEXT or (hits >= 0.02 and words >= 3 and not facts.against):
        return Verdict(T.FREE_TEXT, Form.PLAIN, 0.8, facts.n("text_hit"))
    if facts.n("text_hit") and words >= 3 and size >= 20:
        return Verdict(T.FREE_TEXT, Form.PLAIN, 0.6, facts.n("text_hit"))
    if facts.against:
        return None
    if facts.n("words") / filled >= 0.9 and names >= 0.6 and 1 <= words <= 5 and places < names:
        return Verdict(T.PERSON_NAME, Form.PLAIN, 0.5 + 0.4 * names, texts)
    if places >= 0.6 and words >= 3:
        return Verdict(T.ADDRESS, Form.PLAIN, 0.5 + 0.4 * places, texts)
    if size >= 60 and words >= 9:
        return Verdict(T.FREE_TEXT, Form.PLAIN, 0.55, facts.n("text_hit"))
    return None


def _judge(facts: Facts, clues: int, family: str) -> Verdict:
    if not facts.filled:
        return Verdict(T.OTHER, Form.PLAIN, 0.5, 0)
    if facts.header is not None:
        said = "no identifier" if facts.against else facts.header.type.value
        facts.note("header", facts.header.weight, f"the header speaks for {said}")
    named = facts.header.type if facts.header is not None else None
    epoch = _epoch(facts)
    if epoch and named is not T.CNIC and not facts.n("cnic_dashed"):
        found = _temporal(facts)
        if found is not None:
            return found
        if epoch == "epoch_ms":
            facts.note("values: epoch milliseconds", -1.0, "a narrow span of epoch milliseconds")
            return Verdict(T.OTHER, Form.PLAIN, 0.6, 0)
    return (
        _veiled(facts)
        or _shaped(facts)
        or _long_digits(facts)
        or _cnic(facts)
        or _msisdn(facts, clues)
        or _temporal(facts)
        or _words(facts, family)
        or _prose(facts)
        or Verdict(T.OTHER, Form.PLAIN, 0.6 if facts.against or facts.header is None else 0.4, 0)
    )


def _pair_points(facts: list[Facts], verdicts: list[Verdict]) -> list[Verdict]:
    """Coordinates without a telling header: a latitude and a longitude column side by side."""
    out = list(verdicts)
    lat = [i for i, f in enumerate(facts) if f.share("latitude") >= 0.95 and f.share("fine") >= 0.8]
    lon = [i for i, f in enumerate(facts) if f.share("longitude") >= 0.95 and f.share("fine") >= 0.8]
    if lat and lon:
        for kind, rows in ((T.LATITUDE, lat), (T.LONGITUDE, lon)):
            for i in rows:
                if out[i].type is T.OTHER and not facts[i].against:
                    out[i] = Verdict(kind, Form.PLAIN, 0.75, facts[i].n("decimal"))
    return out


def _clues(facts: list[Facts]) -> int:
    """How many columns make a headerless table look like telecom records."""
    clues = 0
    for one in facts:
        if not one.filled:
            continue
        if one.strict(T.CNIC) / one.filled > 0.3 or one.rules(T.IMSI) / one.filled > 0.5 or one.share("cgi") > 0.5:
            clues += 2
            continue
        fair = (
            one.n("luhn15") / one.filled > 0.8,
            one.share("email", "ip") > 0.5,
            one.share("datetime") > 0.8,
            _epoch(one) is not None,
            one.lexicon(T.PERSON_NAME, token=True) > 0.6,
            one.lexicon(T.CALL_TYPE) > 0.8,
        )
        clues += any(fair)
    return clues


def _family(facts: list[Facts]) -> str:
    """Whether the table smells of travel (passports, flights, border posts) or of calls."""
    travel = calls = 0.0
    for one in facts:
        travel += one.says(T.PASSPORT, T.FLIGHT_NUMBER, T.BORDER_POST, T.PNR, T.TICKET_NUMBER, T.AIRPORT)
        calls += one.says(T.MSISDN, T.DURATION, T.CELL_ID, T.IMSI, T.IMEI, T.CALL_TYPE)
        if one.filled:
            travel += (one.share("passport") > 0.8) + (one.share("flight") > 0.7 and one.airline() > 0.8)
            calls += one.rules(T.MSISDN) / one.filled > 0.8
    return "travel" if travel > calls else "calls"


def _events(facts: Facts, verdict: Verdict) -> tuple[int, int] | None:
    """First and last moment of a column of timestamps, day or month first as the values show."""
    if verdict.type is not T.TIMESTAMP or facts.profile.extremes is None:
        return None
    extremes = facts.profile.extremes
    low, high = int(extremes[k.DAY_MIN]), int(extremes[k.DAY_MAX])
    if facts.n("second_gt12") > facts.n("first_gt12"):
        low, high = int(extremes[k.MONTH_MIN]), int(extremes[k.MONTH_MAX])
    return (low, high) if low <= high else None


def _role(facts: Facts, verdict: Verdict) -> str | None:
    """The role that the header names, or that a moment with a time of day has where no header says."""
    said = facts.header
    if said is not None and said.role != "none" and (said.type is verdict.type or {said.type, verdict.type} <= _PHONES):
        return said.role
    if verdict.type is T.TIMESTAMP and facts.share("datetime", "epoch_s", "epoch_ms", "epoch_us", "stamp14") > 0.5:
        return "event_time"
    return None


def judge(
    profile: ArtifactProfile,
    names: tuple[str | None, ...],
    pack: Pack,
    tables: Tables,
    reveal: bool,
    lines: bool = False,
) -> Judged:
    """Pass the verdict on every column of a merged profile.

    `names` are the headers by position; `lines` says that the artifact is a document of lines, whose cells are text.
    """
    keys: list[str | int] = sorted(profile.columns, key=lambda key: profile.columns[key].place)
    if keys and all(isinstance(key, int) for key in keys):
        keys = sorted(profile.columns, key=int)
    facts = []
    for key in keys:
        name = names[key] if isinstance(key, int) and key < len(names) else profile.names.get(key)
        facts.append(Facts(key, name, match(pack, name), profile.columns[key], tables))
    clues, family = _clues(facts), _family(facts)
    verdicts = [_judge(one, clues, family) for one in facts]
    verdicts = _pair_points(facts, verdicts)
    sets: dict[ColumnType, KeySet] = {}
    occurrences: dict[ColumnType, int] = {}
    veiled: dict[ColumnType, KeySet] = {}
    columns, events = [], {}

    def count(one: Facts, kind: ColumnType, *ways: int) -> None:
        times = one.times(kind, *ways)
        if times:
            found = one.found(kind, *ways)
            occurrences[kind] = occurrences.get(kind, 0) + times
            sets[kind] = sets[kind].merge(found) if kind in sets else found

    for position, (one, verdict) in enumerate(zip(facts, verdicts, strict=True)):
        if lines:
            verdict = Verdict(T.FREE_TEXT, Form.PLAIN, 0.9, one.n("text_hit"))
        index = one.key if isinstance(one.key, int) else position
        distinct: int | None = None
        if verdict.type in IDENTIFIER_TYPES:
            if verdict.form is Form.PLAIN:
                matched = one.times(verdict.type, k.WEAK, k.SURE)
                verdict = replace(verdict, matched=min(matched, one.filled))
                distinct = len(one.found(verdict.type, k.WEAK, k.SURE, k.IN_TEXT))
                count(one, verdict.type, k.WEAK, k.SURE, k.IN_TEXT)
            else:
                code = 12 if verdict.form is Form.HASHED else 13
                hidden = one.profile.sets.get(code * 3, KeySet())
                veiled.setdefault(verdict.type, KeySet()).update(hidden)
                distinct = len(hidden) if verdict.form is Form.HASHED else None
                if verdict.form is not Form.DAMAGED:
                    count(one, verdict.type, k.SURE)
        phones = verdict.type in (T.MSISDN, T.LANDLINE)
        rejected = verdict.type in (T.TIMESTAMP, T.OTHER) and one.share("digits") > 0.5
        for kind in IDENTIFIER_TYPES:
            if kind is verdict.type:
                continue
            if phones and kind in (T.MSISDN, T.LANDLINE):
                count(one, kind, k.WEAK, k.SURE, k.IN_TEXT)
            elif verdict.type in (T.FREE_TEXT, T.OTHER, T.PERSON_NAME, T.ADDRESS, T.SITE_NAME) or phones:
                if kind in (T.PNR, T.TICKET_NUMBER, T.IMEI, T.IMSI):
                    continue
                texty = one.share("words", "text") >= 0.3
                sure = texty and not rejected and kind in (T.MSISDN, T.CNIC, T.EMAIL, T.IBAN, T.LANDLINE)
                if kind is T.PASSPORT and verdict.type is not T.FREE_TEXT:
                    continue
                count(one, kind, *((k.SURE, k.IN_TEXT) if sure else (k.IN_TEXT,)))
        if (moments := _events(one, verdict)) is not None:
            events[index] = moments
        columns.append(
            Column(
                index=index,
                name=one.name,
                type=verdict.type,
                form=verdict.form,
                confidence=round(max(0.0, min(1.0, verdict.confidence)), 3),
                rows_filled=one.filled,
                rows_matched=min(verdict.matched, one.filled),
                distinct=distinct,
                samples=tuple(
                    text.decode("utf-8", "replace")
                    if reveal
                    else mask_value(text.decode("utf-8", "replace"), verdict.type)
                    for _, _, text in one.profile.samples
                ),
                role=_role(one, verdict),
                evidence=tuple(one.evidence),
                hidden_digits=int(one.profile.extremes[k.HIDDEN]) if verdict.form is Form.MASKED else None,
            )
        )
    loose = Facts("loose", None, None, profile.loose, tables)
    for kind in IDENTIFIER_TYPES:
        if kind not in (T.PNR, T.TICKET_NUMBER):
            count(loose, kind, k.IN_TEXT)
    return Judged(tuple(columns), sets, occurrences, veiled, events, tuple(facts))
