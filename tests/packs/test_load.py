from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.errors import PatternError
from scanner.packs import load_pack
from scanner.packs.load import fold_header, fold_word
from scanner.terms import ColumnType, Structure

AADHAAR = """
[[notation]]
id = "aadhaar.number"
column_type = "cnic"
label = "Aadhaar number of India"
length = 12
checksum = "verhoeff"
strength = 1
breaks = [4, 8]
in_text = "separated"
source = ["UIDAI: twelve digits, the last a Verhoeff check digit"]
positive = ["2341 2341 2346"]
negative = [{ value = "2341 2341 2347", why = "check digit wrong" }]
"""


def test_the_built_in_pack_is_the_same_object_each_time() -> None:
    assert load_pack() is load_pack()
    assert len(load_pack().sha256) == 64


def test_a_folder_is_laid_over_the_built_in_pack(tmp_path: Path) -> None:
    base = load_pack()
    (tmp_path / "notations.toml").write_text(AADHAAR)
    (tmp_path / "headers.toml").write_text(
        '[[header]]\nrole = "sex"\ncolumn_type = "sex"\nwords = ["geschlecht"]\nsource = ["test"]\n'
    )
    (tmp_path / "severity.toml").write_text("[extra]\nvalue = 1\n")
    pack = load_pack(tmp_path)
    assert len(pack.notations) == len(base.notations) + 1
    assert [rule.words for rule in pack.headers if rule.role == "sex"] == [("geschlecht",)]
    assert len(pack.headers) == len(base.headers)
    assert pack.settings["severity"]["extra"] == {"value": 1}
    assert pack.sha256 != base.sha256


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("notations.toml", AADHAAR.replace("verhoeff", "crc"), "checksum"),
        ("notations.toml", AADHAAR.replace('"cnic"', '"aadhaar"'), "column_type"),
        ("notations.toml", AADHAAR.replace("length = 12", ""), "`length` is missing"),
        ("notations.toml", AADHAAR.replace("length = 12", "length = 12\nlenght = 1"), "unknown key 'lenght'"),
        ("notations.toml", AADHAAR + AADHAAR, "stands twice"),
        ("notations.toml", AADHAAR + 'component = "no"\ncomponent_digits = 2', "no table"),
        ("notations.toml", "[[notation]\n", "is not TOML"),
        ("notations.toml", "[[notations]]\n", "is not known here"),
        ("pack.toml", 'schema_version = 2\nname = "x"\nversion = "1"\n', "schema_version is 2"),
        ("tables.toml", '[[table]]\nname = "gone"\ndigits = 3\nsource = ["x"]\n', "tables/gone.csv"),
    ],
)
def test_what_is_wrong_names_the_file_and_what_to_do(tmp_path: Path, name: str, text: str, says: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(PatternError, match=r"\.toml") as caught:
        load_pack(tmp_path)
    assert says in str(caught.value)


def test_tables_hold_the_facts() -> None:
    tables = load_pack().tables
    assert len(tables["mobile_ndc"].codes) == 61
    assert tables["mobile_ndc"].codes["345"]["operator"] == "Telenor"
    assert "338" not in tables["mobile_ndc"].codes
    assert sorted(tables["cnic_province"].codes) == list("12345678")
    assert (len(tables["cnic_district"].codes), len(tables["cnic_locality"].codes)) == (148, 526)
    assert tables["cnic_locality"].codes["42101"]["province"] == "Sindh"
    assert set(tables["area_code2_8"].codes) == {"21", "42"}
    assert tables["airports"].codes["KHI"]["icao"] == "OPKC"
    assert tables["ticket_prefix"].codes["214"]["airline"] == "Pakistan International Airlines"
    assert len(tables["iban_bank"].codes) == 48


def test_every_locality_lies_in_a_known_province() -> None:
    tables = load_pack().tables
    for code, row in tables["cnic_locality"].codes.items():
        assert tables["cnic_province"].codes[code[0]]["province"] == row["province"], code


@pytest.mark.parametrize(
    ("header", "role", "kind"),
    [
        ("A-Party", "caller", ColumnType.MSISDN),
        ("BNUMBER", "called", ColumnType.MSISDN),
        ("MSISDN_ID", "subscriber_number", ColumnType.MSISDN),
        ("شناختی کارڈ نمبر", "cnic", ColumnType.CNIC),
        ("Shanakhti card number", "cnic", ColumnType.CNIC),
        ("والد کا نام", "father_name", ColumnType.PERSON_NAME),
        ("Longtitude", "longitude", ColumnType.LONGITUDE),
        ("RecordLocator", "pnr", ColumnType.PNR),
        ("order_id", "none", ColumnType.OTHER),
        ("ip_from", "none", ColumnType.OTHER),
        ("nat_port", "none", ColumnType.OTHER),
        ("sha256", "none", ColumnType.OTHER),
    ],
)
def test_headers_of_real_exports(header: str, role: str, kind: ColumnType) -> None:
    held = [rule for rule in load_pack().headers if fold_header(header) in {fold_header(w) for w in rule.words}]
    assert [(rule.role, rule.column_type) for rule in held] == [(role, kind)]


def test_every_structure_has_a_rule_and_every_lexicon_folded_words() -> None:
    pack = load_pack()
    assert {rule.structure for rule in pack.structures} == set(Structure)
    assert all(fold_word(word) == word for lexicon in pack.lexicons for word in lexicon.words)


@given(st.text(st.characters(codec="ascii"), max_size=16))
def test_words_of_ascii_are_folded_as_others_are(text: str) -> None:
    assert f"{fold_word(text)} ق".strip() == fold_word(f"{text} ق")
    assert fold_header(text) + "ق" == fold_header(f"{text} ق")
