"""What readers see at a glance never rules out what a closer look would find."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from scanner.ingest import sniff
from scanner.ingest.readers import json as json_reader
from scanner.ingest.readers import keyed, ruled
from scanner.ingest.readers.json import parts
from scanner.options import ScanOptions

MARKS = st.sampled_from(
    [b"||", b"::", b", ", b"; ", b"\t|\t", b" | ", b"\xc2\xa6", b"#,", b"~", b'"', b"03001234567", b"ab"]
)
LINES = st.lists(st.lists(MARKS, max_size=7).map(b"".join), max_size=12).map(b"\n".join)


@given(LINES)
@example(b"a||b\nc||d\ne||f")
@example(b'a, "b"\nc, "d"')
@settings(max_examples=300)
def test_a_long_delimiter_is_found_whatever_is_seen_at_a_glance(text: bytes) -> None:
    found = sniff.long_delimiter(text)
    if found:
        assert sniff._may_be_long(text, b'"' in text)


@given(
    st.lists(st.sampled_from(["1", "0", ".", "e", "E", "+", "-", ",", "[", "]", " ", "12345678901234567890"])).map(
        "".join
    )
)
@example("[12345678901234567890]")
@example("[1.5E+400, 2]")
def test_vast_numbers_are_those_of_the_expression(text: str) -> None:
    assert json_reader._vast(text.encode()) == (json_reader._VAST.search(text.encode()) is not None)


TEXTS = st.lists(
    st.sampled_from(["name: a", "cnic: 1", "-- --", "a  b", "a | b", "---|---", "", "=====", "x=1 y=2", "╔══╗", "1,2"])
).map("\n".join)


@given(TEXTS)
@settings(max_examples=200)
def test_what_a_text_table_needs_is_asked_first(text: str) -> None:
    lines = text.split("\n")[: ruled._SAMPLE]
    whole = ruled._doubled(lines) or ruled._barred(lines) or ruled._ruled(lines) or ruled._placed(lines)
    assert ruled.layout_of(text) == whole


@given(TEXTS)
@settings(max_examples=200)
def test_blocks_of_pairs_are_left_no_sooner_than_they_must(text: str) -> None:
    lines = [line for line in text.split("\n") if not keyed._PARTING.fullmatch(line)]
    pairs = [match for line in lines if (match := keyed._PAIR.fullmatch(line)) and not match[2].startswith("//")]
    if len(pairs) < 4 or sum(bool(match[2]) for match in pairs) < 0.6 * len(lines):
        assert keyed.pairs_of(text) is None


def test_json_in_many_small_pieces_is_read_by_the_kernels_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = b'{"msisdn": "03001234567", "n": 1.50, "t": [true, null]}\n{"msisdn": 3}\nno\n'
    block = parts.Block(0, (lines,), parts.LINES, 0, (b"", 0), "", ScanOptions().limits)
    monkeypatch.setattr(parts, "_met", parts.COMPILED_FROM - 2 * len(lines))
    with monkeypatch.context() as patch:
        patch.setattr(parts.Block, "_compiled", None)
        plain = block.read()
    with monkeypatch.context() as patch:
        patch.setattr(parts.Block, "_plain", None)
        assert block.read().rows == plain.rows
