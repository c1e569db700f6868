"""The verdict on one column: values, header and neighbours weighed, each reason kept as a number.

Each rule knows a group of column types; the first that speaks decides. Thresholds are in `patterns/verdicts.toml`.
"""

from __future__ import annotations

from dataclasses import dataclass

from scanner.detect import kernels as k
from scanner.detect.context import Context
from scanner.detect.facts import Facts
from scanner.terms import IDENTIFIER_TYPES, AnyType, ColumnType, Form

T = ColumnType
_NUMBERED = (T.MSISDN, T.CNIC, T.IMSI, T.IMEI)
_DIGESTED = (*_NUMBERED, T.LANDLINE, T.EMAIL, T.PASSPORT, T.ICCID)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a column is held to be."""

    type: AnyType
    form: Form = Form.PLAIN
    confidence: float = 0.5
    matched: int = 0


def _running(facts: Facts) -> bool:
    """Whether numbers fill a narrow range as running numbers do, instead of spreading over codes."""
    dense = facts.running
    if dense <= facts.limit("running", "dense"):
        return False
    facts.note(
        "values: running numbers", -1.0, f"{dense:.1%} of their range is filled, as by numbers that are counted up"
    )
    return True


def _msisdn(facts: Facts, context: Context) -> Verdict | None:
    inside, whole = facts.times(T.MSISDN, k.IN_TEXT), facts.rules(T.MSISDN)
    if not inside and not whole:
        return None
    lists = facts.n("multi") if inside >= 2 * facts.n("multi") else 0
    said = facts.says(T.MSISDN) >= facts.limit("words", "firm")
    if said and not lists and inside > whole and facts.n("byte_total") <= 40 * facts.filled:
        lists = min(inside, facts.filled - whole)  # words such as "Mob:" before each
    mobile = whole + lists
    if not mobile:
        return None
    limit = facts.limit
    sure = max(facts.rules(T.MSISDN, 3), facts.times(T.MSISDN, k.SURE)) + lists
    fair = facts.rules(T.MSISDN, 2)
    if lists:
        facts.note(
            "values: lists", lists / facts.filled, f"{lists:,} cells hold several mobile numbers or words beside one"
        )
    fixed = facts.rules(T.LANDLINE)
    share, kin = mobile / facts.filled, (mobile + fixed) / facts.filled
    codes = facts.codes(300, 400)
    facts.note("values: mobile notation", share, f"{mobile:,} of {facts.filled:,} cells are Pakistani mobile numbers")
    facts.note("values: number codes", min(1.0, codes / 10), f"{codes} different 3NN codes")
    if _running(facts):
        return None
    header = facts.says(T.MSISDN, T.LANDLINE)
    spread = codes >= limit("msisdn", "spread_codes") and fair >= mobile * 0.5 and context.clues >= 2
    if facts.against and max(sure, mobile if spread else 0) / facts.filled < limit("msisdn", "sure_share"):
        facts.note("header", -0.8, "the header names something that is no phone number")
        return None
    misfit = 1 - facts.national()
    if sure < mobile * 0.5 and misfit > limit("msisdn", "misfit"):
        facts.note(
            "values: other countries' numbers", -misfit, f"{misfit:.0%} of the national numbers are none of Pakistan's"
        )
        return None
    form = Form.DAMAGED if facts.n("zeros") / mobile > limit("msisdn", "zeros") and mobile >= 5 else Form.PLAIN
    party = facts.header is not None and facts.header.role in ("called", "caller")
    bare = fair + sure < mobile * 0.5
    least = limit("msisdn", "share_bare" if bare or not header else "share_party" if party else "share")
    mixed = header and kin >= limit("msisdn", "kin_share") and share >= limit("msisdn", "kin_mobile")
    if share < least and not mixed:
        facts.note("values: share", -share, f"below the share of {least:.0%} that this column would need")
        return None
    if bare and not header:
        clue = context.clues and share >= limit("msisdn", "clue_share")
        if not clue and not (facts.nameless and context.clues):
            facts.note("values: bare numbers", -0.5, "bare ten-digit numbers without a second clue")
            return None
        if codes < limit("msisdn", "fewest_codes") and mobile > 20 and len(facts.found(T.MSISDN, k.WEAK, k.SURE)) > 5:
            facts.note("values: few codes", -0.5, f"only {codes} codes among bare ten-digit numbers")
            return None
    if fair >= mobile * 0.5 and sure < mobile * 0.5 and not header and share < 0.6:
        facts.note(
            "values: share", -share, "local numbers among others of the same look, under no header that speaks for them"
        )
        return None
    if fixed > mobile and facts.says(T.LANDLINE):
        return None
    confidence = 0.55 + 0.25 * min(1.0, share) + 0.15 * header + (0.1 if sure > mobile / 2 else 0.0)
    return Verdict(T.MSISDN, form, min(0.99, confidence), mobile)


def _landline(facts: Facts, context: Context) -> Verdict | None:
    fixed = facts.rules(T.LANDLINE)
    if not fixed or facts.against:
        return None
    share, known = fixed / facts.filled, facts.rules(T.LANDLINE, 2) / fixed
    if share < facts.limit("landline", "share"):
        return None
    facts.note("values: fixed-line notation", share, f"{fixed:,} of {facts.filled:,} cells are Pakistani fixed lines")
    misfit = 1 - facts.national()
    if misfit > facts.limit("landline", "misfit"):
        facts.note(
            "values: other countries' numbers", -misfit, f"{misfit:.0%} of the national numbers are none of Pakistan's"
        )
        return None
    if facts.says(T.LANDLINE):
        return Verdict(T.LANDLINE, Form.PLAIN, 0.85, fixed)
    if known < facts.limit("landline", "known"):
        facts.note(
            "values: area codes", known - 1, f"{known:.0%} have the length of their area code, as foreign numbers do"
        )
        return None
    if facts.says(T.MSISDN) or (share >= facts.limit("landline", "lone_share") and facts.nameless):
        return Verdict(T.LANDLINE, Form.PLAIN, 0.85, fixed)
    if facts.n("separated") >= fixed * 0.8 and share >= facts.limit("landline", "lone_share"):
        return Verdict(T.LANDLINE, Form.PLAIN, 0.7, fixed)
    return None


def _cnic(facts: Facts, context: Context) -> Verdict | None:
    old, shape = facts.n("cnic_old"), facts.n("cnic_shape", "cnic_old")
    inside = facts.times(T.CNIC, k.IN_TEXT)
    if inside > max(shape, 0.9 * facts.filled) and facts.says(T.CNIC) >= facts.limit("words", "firm"):
        facts.note(
            "values: numbers among words", 1.0, f"{inside:,} in {facts.filled:,} cells, each with words beside it"
        )
        return Verdict(T.CNIC, Form.PLAIN, 0.8, facts.filled)
    if not shape:
        return None
    limit, share = facts.limit, shape / facts.filled
    known, dashed = (facts.strict(T.CNIC) + old) / shape, facts.n("cnic_dashed", "cnic_old") / shape
    if old:
        facts.note("values: cards of 1973 to 2001", old / shape, f"{old:,} are eleven digits as 3-2-6")
    ean, fourth = facts.n("ean") / shape, facts.n("cnic_fourth") / shape
    header = facts.says(T.CNIC)
    facts.note("values: 13 digits, province 1 to 8", share, f"{shape:,} of {facts.filled:,} cells")
    facts.note("values: locality code known", known, f"{known:.0%} begin with a known five-digit code, chance is 0.5 %")
    facts.note("values: fourth digit 0", fourth, f"{fourth:.0%} of them, chance is 10 %")
    facts.note("values: dashes at 5 and 12", dashed, f"{dashed:.0%} of them")
    if shape >= 5 and ean > limit("cnic", "ean") and dashed < limit("cnic", "dashed"):
        facts.note("values: barcode check digit", -1.0, f"{ean:.0%} pass the EAN-13 check, chance is 10 %")
        return None
    if share < limit("cnic", "share") and not (header and share >= limit("cnic", "share_headed")):
        facts.note("values: share", -share, "too few of the cells")
        return None
    if dashed >= limit("cnic", "dashed") and not (facts.against and known < limit("cnic", "known_against")):
        return Verdict(T.CNIC, Form.PLAIN, 0.9 + 0.09 * max(known, header), shape)
    if not header and _running(facts):
        return None
    if header:
        if known < 0.02 and shape >= 50 and fourth < 0.2 and header < limit("words", "firm"):
            facts.note("values: chance", -0.8, "the codes are those of random digits, and the header is not firm")
            return None
        return Verdict(T.CNIC, Form.PLAIN, 0.8 + 0.19 * known, shape)
    if known >= limit("cnic", "known") and fourth >= limit("cnic", "fourth") and share >= limit("cnic", "lone_share"):
        if (shape < 3 and known < 1) or facts.says(T.TICKET_NUMBER):
            return None
        return Verdict(T.CNIC, Form.PLAIN, 0.6 + 0.3 * known, shape)
    return None


def _cell_halves(facts: Facts) -> float:
    """Share of the distinct 15-digit numbers that are a network and two numbers of 16 bits, as LAC and CI are."""
    held = facts.found(T.IMSI, k.WEAK, k.SURE)
    if len(held) < facts.limit("running", "fewest"):
        return 0.0
    fits = sum(int(((keys // 10**5 % 10**5 <= 0xFFFF) & (keys % 10**5 <= 0xFFFF)).sum()) for keys in held.pieces())
    return fits / len(held)


def _long_digits(facts: Facts, context: Context) -> Verdict | None:
    """IMSI, IMEI, ICCID and ticket numbers."""
    if not facts.fits and not any(facts.lengths[13:21]) and not facts.n("ticket_dash"):
        return None
    filled, limit = facts.filled, facts.limit
    least = limit("long", "share")
    iccid = facts.rules(T.ICCID)
    if iccid / filled >= least:
        return Verdict(T.ICCID, Form.PLAIN, 0.95, iccid)
    imsi = facts.rules(T.IMSI)
    halves = _cell_halves(facts) if imsi / filled >= least and facts.nameless else 0.0
    if halves >= limit("long", "halves"):
        facts.note(
            "values: area and cell",
            -halves,
            f"{halves:.0%} are two numbers of 16 bits after the network, chance is 43 %",
        )
        return Verdict(T.CELL_ID, Form.PLAIN, 0.6, imsi)
    if imsi / filled >= least and not facts.says(T.CELL_ID) and not (facts.against and not facts.says(T.IMSI)):
        return Verdict(T.IMSI, Form.PLAIN, 0.9, imsi)
    devices = facts.length(14, 15, 16)
    if facts.says(T.IMEI) and devices / filled >= least:
        return Verdict(T.IMEI, Form.PLAIN, 0.92, devices)
    if facts.says(T.IMSI) and facts.length(14, 15) / filled >= least:
        return Verdict(T.IMSI, Form.PLAIN, 0.7, facts.length(14, 15))
    fifteen = facts.length(15)
    certain = context.clues >= 1 and facts.n("luhn15", "tac") >= 2 * limit("long", "tac_lone") * fifteen
    if fifteen / filled >= limit("long", "lone_share") and not facts.says(T.CELL_ID) and (certain or not facts.against):
        luhn, tac = facts.n("luhn15") / fifteen, facts.n("tac") / fifteen
        facts.note("values: IMEI check digit", luhn, f"{luhn:.0%} pass the Luhn check, chance is 10 %")
        facts.note(
            "values: IMEI reporting body", tac, f"{tac:.0%} begin with a reporting body of type codes, chance is 4 %"
        )
        if luhn >= limit("long", "luhn") and tac >= limit("long", "tac"):
            return Verdict(T.IMEI, Form.PLAIN, 0.85, facts.n("luhn15"))
        if tac >= limit("long", "tac_lone") and context.clues and facts.nameless:
            return Verdict(T.IMEI, Form.PLAIN, 0.6, fifteen)
    if facts.says(T.ICCID) and facts.length(18, 19, 20) / filled >= least:
        return Verdict(T.ICCID, Form.PLAIN, 0.7, facts.length(18, 19, 20))
    tickets = facts.length(13, 14) + facts.n("ticket_dash")
    if facts.says(T.TICKET_NUMBER) and tickets / filled >= least:
        return Verdict(T.TICKET_NUMBER, Form.PLAIN, 0.9, tickets)
    if facts.n("ticket_dash") / filled >= 0.8:
        return Verdict(T.TICKET_NUMBER, Form.PLAIN, 0.6, tickets)
    airline = facts.rules(T.TICKET_NUMBER) / filled
    if airline >= limit("long", "ticket_share") and facts.nameless and context.travel >= 1 and not facts.strict(T.CNIC):
        facts.note(
            "values: airline codes", airline, f"{airline:.0%} begin with the code of an airline, beside journeys"
        )
        if facts.codes(100, 900) <= limit("long", "most_airlines"):
            return Verdict(T.TICKET_NUMBER, Form.PLAIN, 0.7, tickets)
    return None


def _veiled(facts: Facts, context: Context) -> Verdict | None:
    """Masked, hashed and damaged identifiers."""
    header = facts.header.type if facts.header is not None and facts.header.role != "none" else None
    limit = facts.limit
    digest = facts.n("digest", "base64")
    if digest / facts.filled >= limit("veiled", "digest"):
        if facts.hash is not None and (hit := facts.hash.hit) is not None:
            text = (
                f"unsalted {hit.algorithm} of {hit.notation}: {facts.hash.exposed_distinct:,} of the column's digests "
                f"are among {facts.hash.tested:,} computed, so that all can be reversed by computing the rest"
            )
            facts.note("values: digests of the number space", 1.0, text)
            return Verdict(hit.type, Form.HASHED, 0.97, digest)
        if facts.hash is not None:
            tried = ", ".join(dict.fromkeys(one.notation for one in facts.hash.spaces))
            end = "; they are salted, keyed or of something else" if facts.hash.complete else ""
            text = f"none is among {facts.hash.tested:,} digests computed of {tried}{end}"
            facts.note("values: digests of the number space", -0.3, text)
        usual = facts.length(27, 28, 29, 30, 31)
        if (
            usual < digest * limit("veiled", "digest")
            and facts.header is not None
            and facts.header.form is not Form.HASHED
        ):
            facts.note(
                "values: digests", -0.6, "hexadecimal, but of no digest's length, under a header that names none"
            )
            return None
        if header in _DIGESTED:
            facts.note("values: digests", 0.9, f"{digest:,} cells are digests under a header that names {header}")
            return Verdict(T.MSISDN if header is T.LANDLINE else header, Form.HASHED, 0.85, digest)
        facts.note("values: digests", -0.5, "digests, but nothing says of what")
        return None
    masked = facts.n("masked")
    if masked / facts.filled >= limit("veiled", "masked"):
        facts.note(
            "values: masked digits", masked / facts.filled, f"{masked:,} cells are numbers with digits starred out"
        )
        hidden = facts.extremes[k.HIDDEN]
        facts.note("values: digits hidden", hidden / 10, f"up to {hidden} digits: 10^{hidden} numbers fit such a cell")
        if header in _NUMBERED:
            return Verdict(header, Form.MASKED, 0.9, masked)
        if facts.n("masked_cnic") / masked >= 0.5:
            return Verdict(T.CNIC, Form.MASKED, 0.8, masked)
        if facts.n("masked_msisdn") / masked >= 0.5:
            return Verdict(T.MSISDN, Form.MASKED, 0.8, masked)
        return None
    rounded = facts.n("scientific")
    if rounded / facts.filled >= limit("veiled", "rounded"):
        facts.note(
            "values: rounded", rounded / facts.filled, f"{rounded:,} cells are numbers that a spreadsheet has rounded"
        )
        for kind, name in ((T.MSISDN, "sci_11"), (T.CNIC, "sci_12"), (T.IMSI, "sci_14"), (T.MSISDN, "sci_9")):
            if facts.n(name) / rounded >= limit("veiled", "exponent"):
                if header is kind or (kind is T.IMSI and header is T.IMEI):
                    return Verdict(header or kind, Form.DAMAGED, 0.85, rounded)
                if header is None and not facts.against and name == "sci_11":
                    return Verdict(kind, Form.DAMAGED, 0.55, rounded)
        if header in _NUMBERED:
            return Verdict(header, Form.DAMAGED, 0.7, rounded)
    return None


def _shaped(facts: Facts, context: Context) -> Verdict | None:
    """Types whose values have a shape of their own."""
    least = facts.limit("shaped", "share")
    for kind, name in ((T.EMAIL, "email"), (T.IP_ADDRESS, "ip")):
        if facts.share(name) >= least:
            return Verdict(kind, Form.PLAIN, 0.9 + 0.09 * facts.share(name), facts.n(name))
    if facts.share("iban") >= least:
        valid = facts.n("iban_valid") / facts.n("iban")
        facts.note("values: IBAN check digits", valid, f"{valid:.0%} pass modulo 97, chance is 1 %")
        if valid >= facts.limit("shaped", "iban_valid") or facts.says(T.IBAN):
            return Verdict(T.IBAN, Form.PLAIN, 0.7 + 0.29 * valid, facts.n("iban"))
    return None


def _short(facts: Facts) -> bool:
    """Whether numbers may be times of day as hhmmss: only after midnight have these two digits."""
    digits = facts.n("digits")
    within = facts.length(*range(1, 7)) == digits and facts.extremes[k.NUMBER_MAX] < 240_000
    return within and facts.length(1, 2) < 0.2 * digits


def _temporal(facts: Facts, context: Context) -> Verdict | None:
    filled, limit = facts.filled, facts.limit
    moments, clock = facts.n("datetime", "date", "year_month"), facts.n("clock")
    birth = facts.says(T.DATE_OF_BIRTH)
    if (moments + clock) / filled >= limit("time", "share"):
        if facts.says(T.DURATION) and clock >= moments:
            return Verdict(T.DURATION, Form.PLAIN, 0.9, clock)
        kind = T.DATE_OF_BIRTH if birth and moments else T.TIMESTAMP
        return Verdict(kind, Form.PLAIN, 0.95, moments + clock)
    if facts.share("duration_iso") >= limit("time", "share"):
        return Verdict(T.DURATION, Form.PLAIN, 0.8, facts.n("duration_iso"))
    if facts.share("stamp14") >= limit("time", "stamp"):
        return Verdict(T.TIMESTAMP, Form.PLAIN, 0.85, facts.n("stamp14"))
    days = facts.share("stamp8")
    if days >= limit("time", "epoch") and filled >= 10 and (facts.nameless or facts.header is None):
        return Verdict(T.TIMESTAMP, Form.PLAIN, 0.7, facts.n("stamp8"))
    serial = facts.share("serial_day") >= limit("time", "epoch") and facts.share("fine") >= limit("time", "stamp")
    if serial and facts.nameless and filled >= 10:
        return Verdict(T.TIMESTAMP, Form.PLAIN, 0.6, facts.n("serial_day"))
    packed = max(("stamp12", "ticks"), key=facts.n)
    lone = facts.nameless and filled >= 10
    if facts.share(packed) >= limit("time", "epoch") and (lone or facts.says(T.TIMESTAMP)):
        return Verdict(T.TIMESTAMP, Form.PLAIN, 0.8, facts.n(packed))
    clocks = facts.says(T.TIMESTAMP) and facts.header is not None and facts.header.role == "event_clock"
    if clocks and _short(facts) and facts.share("digits") >= limit("time", "stamp"):
        return Verdict(T.TIMESTAMP, Form.PLAIN, 0.7, facts.n("digits"))
    spans = facts.share("duration_unit")
    if spans >= limit("time", "share") and (facts.says(T.DURATION) or (facts.nameless and context.calls >= 1)):
        return Verdict(T.DURATION, Form.PLAIN, 0.85, facts.n("duration_unit"))
    epoch, said = facts.epoch, facts.says(T.TIMESTAMP)
    if epoch and (said or facts.nameless or (facts.header is None and epoch != "epoch_s")):
        return Verdict(T.TIMESTAMP, Form.PLAIN, 0.85 if said else 0.65, facts.n(epoch))
    if said or birth:
        packed_days = 0 if clocks else facts.length(6)  # yymmdd, ddmmyy or hhmmss, as the header says
        if packed_days / filled >= limit("time", "headed") and int(facts.profile.extremes[k.NUMBER_MAX]) <= 991_231:
            return Verdict(T.DATE_OF_BIRTH if birth else T.TIMESTAMP, Form.PLAIN, 0.75, packed_days)
        for name in ("stamp8", "serial_day", "epoch_s", "epoch_ms", "epoch_us"):
            if facts.share(name) >= limit("time", "headed"):
                return Verdict(T.DATE_OF_BIRTH if birth else T.TIMESTAMP, Form.PLAIN, 0.85, facts.n(name))
    return None


#: Classes of cells that are codes by their shape.
_CODED = ("passport", "document", "locator", "flight", "cgi", "cell_foreign", "place")


def _codes(facts: Facts, context: Context) -> Verdict | None:
    """Passports, record locators, flights, cells and points: codes that need a header or neighbours."""
    if not facts.n(*_CODED) and not facts.says(T.CELL_ID, T.LATITUDE, T.LONGITUDE, T.DURATION):
        return None
    filled, limit = facts.filled, facts.limit
    for kind, name, floor in ((T.PASSPORT, "passport", "passport"), (T.PNR, "locator", "locator")):
        if facts.says(kind) and facts.share(name) >= limit("words", floor):
            return Verdict(kind, Form.PLAIN, 0.92, facts.n(name))
    if facts.says(T.PASSPORT) and facts.share("passport", "document") >= limit("words", "passport"):
        return Verdict(T.PASSPORT, Form.PLAIN, 0.85, facts.n("passport", "document"))
    passport = facts.share("passport")
    if passport >= limit("words", "passport_lone"):
        if context.travel >= 2 or (
            not facts.against and (context.family == "travel" or (facts.nameless and context.clues))
        ):
            return Verdict(T.PASSPORT, Form.PLAIN, 0.6, facts.n("passport"))
        facts.note(
            "values: passport shape", -passport, "two letters and seven digits, but nothing else speaks of journeys"
        )
    locator = facts.share("locator")
    if locator >= limit("words", "locator_lone") and facts.nameless and context.travel >= 1:
        return Verdict(T.PNR, Form.PLAIN, 0.6, facts.n("locator"))
    if facts.share("flight") >= limit("words", "flight") and (
        facts.says(T.FLIGHT_NUMBER) or (facts.airline() >= limit("words", "airline") and not facts.against)
    ):
        return Verdict(T.FLIGHT_NUMBER, Form.PLAIN, 0.9, facts.n("flight"))
    if facts.share("cgi") >= limit("words", "cell"):
        return Verdict(T.CELL_ID, Form.PLAIN, 0.9, facts.n("cgi"))
    abroad = facts.share("cgi", "cell_foreign")
    if abroad >= limit("words", "lone") and not facts.against:
        return Verdict(T.CELL_ID, Form.PLAIN, 0.7, facts.n("cgi", "cell_foreign"))
    if facts.share("place") >= limit("words", "cell") and (facts.says(T.SITE_NAME, T.LATITUDE) or facts.nameless):
        return Verdict(T.SITE_NAME, Form.PLAIN, 0.7, facts.n("place"))
    if facts.header is not None and facts.header.role == "lac" and facts.length(*range(6, 32)) / filled > 0.5:
        return None
    if facts.says(T.CELL_ID):
        coded = facts.n("digits", "pair", "digest", "cell_foreign", "cgi", "duration_unit", "document", "scientific")
        texts = facts.n("text", "words", "flight", "locator")
        if texts and facts.n("word_total") <= limit("words", "code_words") * facts.n("text", "words"):
            coded += texts
        if coded / filled >= limit("words", "cell"):
            return Verdict(T.CELL_ID, Form.PLAIN, 0.85, min(coded, filled))
    for kind in (T.LATITUDE, T.LONGITUDE):
        if facts.says(kind) and facts.share("decimal", "digits", "negative") >= limit("words", "point"):
            return Verdict(kind, Form.PLAIN, 0.92, facts.n("decimal", "digits", "negative"))
    if facts.says(T.DURATION) and facts.share("digits", "decimal", "negative") >= limit("words", "duration"):
        return Verdict(T.DURATION, Form.PLAIN, 0.88, facts.n("digits", "decimal"))
    return None


_WORDED = (T.SEX, T.TRAVEL_DIRECTION, T.CALL_TYPE, T.AIRPORT, T.COUNTRY, T.BORDER_POST)


def _words(facts: Facts, context: Context) -> Verdict | None:
    """Types that are words of a closed list: header, lists and neighbours decide."""
    if not facts.best and not facts.says(*_WORDED):
        return None
    filled, limit, header = facts.filled, facts.limit, facts.header
    scores = {kind: facts.lexicon(kind) for kind in _WORDED}
    travel = context.family == "travel"
    turns = (T.TRAVEL_DIRECTION, T.CALL_TYPE) if travel else (T.CALL_TYPE, T.TRAVEL_DIRECTION)
    asked = [kind for kind in _WORDED if facts.says(kind)]
    if set(turns) <= set(asked):
        asked = [*turns, *(kind for kind in asked if kind not in turns)]
    elif header is not None:
        asked.sort(key=lambda kind: kind is not header.type)
    for kind in asked:
        if scores[kind] >= limit("words", "headed"):
            twin = turns[0]
            if kind in turns and header is not None and header.others and scores[twin] >= limit("words", "headed"):
                kind = twin
            return Verdict(kind, Form.PLAIN, 0.9, int(scores[kind] * filled))
    if asked and asked[0] in turns:
        twin = turns[1] if asked[0] is turns[0] else turns[0]
        if scores[twin] >= 0.6:
            kind = asked[0] if (asked[0] is T.CALL_TYPE) != travel else twin
            return Verdict(kind, Form.PLAIN, 0.8, int(scores[twin] * filled))
    if asked and header is not None and header.weight >= limit("words", "firm"):
        if facts.share("words") >= 0.8 and (asked[0] not in turns or context.calls >= 1 or context.travel >= 1):
            return Verdict(asked[0], Form.PLAIN, 0.6, facts.n("words"))
        coded = asked[0] is T.SEX or (asked[0] is T.CALL_TYPE and context.calls >= 1)
        if coded and facts.share("small") >= 0.8 and facts.extremes[k.NUMBER_MAX] <= 9:
            return Verdict(asked[0], Form.PLAIN, 0.7, facts.n("small"))
    if not facts.against and (facts.nameless or header is None or header.type in IDENTIFIER_TYPES):
        for kind in (*turns, T.AIRPORT, T.BORDER_POST, T.COUNTRY):
            if scores[kind] >= limit("words", "lone") and filled >= 2:
                if kind is T.COUNTRY and facts.n("byte_total") / filled <= limit("words", "code_bytes") and not travel:
                    facts.note("values: country codes", -scores[kind], "short codes that stand for many things")
                    continue
                return Verdict(kind, Form.PLAIN, 0.7, int(scores[kind] * filled))
    return None


def _prose(facts: Facts, context: Context) -> Verdict | None:
    """Names, addresses, sites and free text."""
    filled, limit, header = facts.filled, facts.limit, facts.header
    texts = facts.n("words", "text")
    if texts / filled < limit("prose", "share"):
        return None
    words, size = facts.n("word_total") / max(1, texts), facts.n("byte_total") / filled
    hits = facts.n("text_hit") / filled
    names, places = facts.lexicon(T.PERSON_NAME, token=True), facts.lexicon(T.ADDRESS, token=True)
    asked = [kind for kind in (T.PERSON_NAME, T.ADDRESS, T.SITE_NAME) if facts.says(kind)]
    if header is not None:
        asked.sort(key=lambda kind: kind is not header.type)
    if asked:
        if hits > limit("prose", "hits") and size > 40:
            return Verdict(T.FREE_TEXT, Form.PLAIN, 0.7, facts.n("text_hit"))
        kind = asked[0]
        if header is not None and header.type is not kind and kind is not T.SITE_NAME and names < 0.3 and places < 0.3:
            kind = T.OTHER
        unnamed = words < 1.5 or (header is not None and header.weight < 0.8)
        if kind is T.PERSON_NAME and names < 0.05 and unnamed:
            facts.note(
                "values: names", names - 1, f"{names:.0%} of the cells hold a known name, and they are single words"
            )
            kind = T.OTHER
        if kind is not T.OTHER:
            return Verdict(kind, Form.PLAIN, 0.88, texts)
    if (facts.says(T.FREE_TEXT) and (words >= 1.5 or size >= 15)) or (
        hits >= 0.02 and words >= 3 and not facts.against
    ):
        return Verdict(T.FREE_TEXT, Form.PLAIN, 0.8, facts.n("text_hit"))
    if facts.n("text_hit") and words >= 3 and size >= 20:
        return Verdict(T.FREE_TEXT, Form.PLAIN, 0.6, facts.n("text_hit"))
    if facts.against:
        return None
    named = places < names >= limit("prose", "names")
    if facts.share("words") >= 0.9 and named and 1 <= words <= limit("prose", "name_words"):
        return Verdict(T.PERSON_NAME, Form.PLAIN, 0.5 + 0.4 * names, texts)
    if places >= limit("prose", "places") and words >= 3:
        if context.moments and context.calls >= 1 and not context.persons:
            facts.note("neighbours", 0.5, "addresses beside numbers and moments, but no person: sites of cells")
            return Verdict(T.SITE_NAME, Form.PLAIN, 0.5 + 0.3 * places, texts)
        return Verdict(T.ADDRESS, Form.PLAIN, 0.5 + 0.4 * places, texts)
    if size >= limit("prose", "long") and words >= 9:
        return Verdict(T.FREE_TEXT, Form.PLAIN, 0.55, facts.n("text_hit"))
    return None


_RULES = (_veiled, _shaped, _landline, _long_digits, _cnic, _msisdn, _temporal, _codes, _words, _prose)


def decide(facts: Facts, context: Context) -> Verdict:
    """The verdict on one column beside the others of its table; reasons are noted in `facts`."""
    if not facts.filled:
        return Verdict(T.OTHER, Form.PLAIN, 0.5, 0)
    header = facts.header
    if header is not None:
        kinds = [header.type, *(kind for _, kind in header.others)]
        said = "no identifier" if facts.against else " or ".join(dict.fromkeys(kind.value for kind in kinds))
        facts.note("header", header.weight, f"the header speaks for {said}")
    if context.clues:
        facts.note(
            "neighbours", min(1.0, context.clues / 4), f"other columns give {context.clues} clues to telecom records"
        )
    epoch = facts.epoch
    if epoch and not facts.says(T.CNIC) and not facts.n("cnic_dashed"):
        found = _temporal(facts, context)
        if found is not None:
            return found
        if epoch == "epoch_ms":
            facts.note("values: epoch milliseconds", -1.0, "a narrow span of epoch milliseconds")
            return Verdict(T.OTHER, Form.PLAIN, 0.6, 0)
    for rule in _RULES:
        found = rule(facts, context)
        if found is not None:
            return found
    return Verdict(T.OTHER, Form.PLAIN, 0.6 if facts.against or header is None else 0.4, 0)


def pair_points(facts: list[Facts], verdicts: list[Verdict]) -> list[Verdict]:
    """Coordinates without a telling header: a latitude and a longitude column in one table."""
    out = list(verdicts)
    lat = [i for i, f in enumerate(facts) if f.share("latitude") >= 0.95 and f.share("fine") >= 0.8]
    lon = [i for i, f in enumerate(facts) if f.share("longitude") >= 0.95 and f.share("fine") >= 0.8]
    if lat and lon:
        for kind, rows in ((T.LATITUDE, lat), (T.LONGITUDE, lon)):
            for i in rows:
                if out[i].type is T.OTHER and not facts[i].against:
                    out[i] = Verdict(kind, Form.PLAIN, 0.75, facts[i].n("decimal"))
    return out
