"""Person, number and CNIC within one message: a cell, a line, or a few lines of a form."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner import ScanOptions, compiled, scan
from scanner.detect import kernels
from scanner.detect.profile import ArtifactProfile, ColumnProfile
from scanner.detect.tables import build
from scanner.ingest.interface import Chunk
from scanner.ingest.readers.text import lines_in
from scanner.model import Linked
from scanner.packs import load_pack

TABLES = build(load_pack())
NUMBER, CNIC = "0300-1234567", "35202-1234567-1"


def linked(*parts: str) -> tuple[int, int]:
    """What a document of lines links that comes in some parts."""
    made = ArtifactProfile()
    for order, part in enumerate(parts):
        lines = lines_in(part.encode())
        made.scan(Chunk(len(lines), (lines,)), order, TABLES, True)
    return made.linked(TABLES)


@pytest.mark.parametrize(
    ("text", "texts", "named"),
    [
        (f"Demo: {NUMBER} owner Nadeem Chaudhry, CNIC {CNIC}", 1, 1),
        (f"sample: Adnan Usman Sheikh {CNIC} {NUMBER} only Rs 4300", 1, 1),
        (f"kyc verify cnic={CNIC} msisdn=923001234567 result=MATCH", 1, 0),
        (f"CDR of {NUMBER} ready. Contact 0322-2767935", 0, 0),
        (f"Name: Zarak / Number: {NUMBER} / CNIC: {CNIC}", 1, 1),
        (f"mera naam hai Sana aur number {NUMBER} aur cnic {CNIC}", 1, 1),
        (f"Sana, {NUMBER}, {CNIC}", 1, 1),
        (f'{{"name":"Zarak","msisdn":"923001234567","cnic":"{CNIC}"}}', 1, 1),
        (f"نام محمد علی، فون ۰۳۰۰۱۲۳۴۵۶۷، شناختی کارڈ {CNIC}", 1, 1),
        (f"نام: زرک، فون {NUMBER}، {CNIC}", 1, 1),
        (f"SIM {NUMBER} of CNIC {CNIC} blocked in Faisal Town on request", 1, 0),
        (f"Name: Ali Raza\nNumber: {NUMBER}\nCNIC: {CNIC}\n", 1, 1),
        (f"Name: Ali Raza\r\nNumber: {NUMBER}\r\nCNIC: {CNIC}\r\n", 1, 1),
        (f"CNIC: {CNIC}\nNumber: {NUMBER}\nName: Ali Raza\n", 1, 1),
        (f"Number: {NUMBER}\nAlt: 0301-7654321\nAddress: Lahore\nCNIC: {CNIC}\n", 1, 0),
        (f"Name: Ali Raza\nNumber: {NUMBER}\n\nCNIC: {CNIC}\n", 0, 0),
        (f"Name: Ali Raza\nNumber: {NUMBER}\n  \nCNIC: {CNIC}\n", 0, 0),
        (f"Name: Ali Raza\n\nNumber: {NUMBER}\nCNIC: {CNIC}\n", 1, 0),
        (f"Number: {NUMBER}\n{'x ' * 200}\nCNIC: {CNIC}\n", 0, 0),
        (f"Number: {NUMBER}\na\nb\nc\nCNIC: {CNIC}\n", 0, 0),
        (f"Name: Zarak B\nNumber: {NUMBER}\nCNIC: {CNIC}\n" * 3, 3, 3),
        (f"{NUMBER}\n" * 4 + f"{CNIC}\n" * 4, 1, 0),
    ],
)  # fmt: skip
def test_message_links_number_and_cnic_and_name(text: str, texts: int, named: int) -> None:
    assert linked(text) == (texts, named)


LINE = st.sampled_from(
    [f"No {NUMBER}", f"CNIC {CNIC}", f"{NUMBER} {CNIC}", "Name: Ali Raza",
     "ok", "", "  ", "x" * 300, f"Zia {NUMBER} " + "y" * 260]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(LINE, min_size=24, max_size=60), st.integers(12, 48), st.sampled_from(["\n", "\r\n", "\r"]))
def test_parts_link_as_the_whole(lines: list[str], cut: int, end: str) -> None:
    cut = min(cut, len(lines) - 12)
    first, second = "".join(line + end for line in lines[:cut]), "".join(line + end for line in lines[cut:])
    # parts are no shorter than the lines that can bear on each other
    if min(len(lines_in(part.encode())) for part in (first, second)) >= kernels.EDGE:
        assert linked(first, second) == linked(first + second)


def test_cells_are_messages_of_their_own() -> None:
    import pyarrow as pa

    made = ColumnProfile()
    made.scan(pa.array([f"Ali Raza {NUMBER}", f"cnic {CNIC}", f"Ali Raza\n{NUMBER}\n{CNIC}"]), TABLES, 0, 0)
    assert made.counts[[kernels.LINKED, kernels.NAMED]].tolist() == [1, 1]


def test_a_triple_in_text_weighs_as_a_register_and_is_told(tmp_path: Path) -> None:
    apart, together = tmp_path / "apart.txt", tmp_path / "together.txt"
    rows = [(f"0300-{n:07d}", f"35202-{n:07d}-1") for n in range(1234501, 1234561)]
    apart.write_text("".join(f"call {number} today\n\nid {cnic} checked\n\n" for number, cnic in rows))
    together.write_text("".join(f"owner Nadeem Chaudhry {number} id {cnic} checked\nok\n" for number, cnic in rows))
    result = scan(str(apart), str(together), options=ScanOptions(workers=1))
    one, other = result.artifacts
    assert (one.linked, other.linked) == (Linked(), Linked(60, 60))
    assert other.severity.score > one.severity.score
    assert "a subscriber register" in other.severity.factors[0].reason


def test_compiled_kernels_link_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "".join(
        f"Name: Ali Raza\nNumber: 0300-{n:07d}\nCNIC: 35202-{n:07d}-1\nok then\n" + "\n" * (n % 3) for n in range(3000)
    )
    halves = text[: len(text) // 2], text[len(text) // 2 :]
    compiled.compile_all()
    assert linked(text) == linked(*halves) == (3000, 3000)
