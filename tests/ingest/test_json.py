"""JSON as it is found: every layout, its liberties, its damage; the same whatever the size of the pieces."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.ingest.interface import Cells, Chunk
from scanner.ingest.readers.json import JsonReader, parts
from scanner.ingest.sources import BytesSource
from scanner.options import Limits, ScanOptions
from scanner.terms import Format, ProblemCode, Status


@dataclass
class Read:
    """All that a document yields."""

    format: Format
    status: Status = Status.COMPLETE
    rows: int = 0
    bad: int = 0
    columns: dict[str, list[str]] = field(default_factory=dict)
    loose: list[str] = field(default_factory=list)
    problems: set[tuple[str, int | None]] = field(default_factory=set)

    def add(self, chunk: Chunk) -> None:
        self.rows += chunk.rows
        self.bad += chunk.bad_rows
        assert len(chunk.names) == len(chunk.columns) == len(set(chunk.names))
        for name, cells in zip(chunk.names, chunk.columns, strict=True):
            if isinstance(cells, Cells):
                texts = [bytes(cells.data[a:b]) for a, b in zip(cells.starts, cells.stops, strict=True)]
            else:
                texts = cells.to_pylist()
            self.columns.setdefault(str(name), []).extend(text.decode() for text in texts)
        self.loose += [piece.text.decode() for piece in chunk.loose]
        self.problems |= {(problem.code.value, problem.row) for problem in chunk.problems}


def read(data: bytes | str, name: str = "a.json", options: ScanOptions | None = None) -> Read:
    data = data.encode() if isinstance(data, str) else data
    (stream,) = JsonReader().read(BytesSource(data, name), options or ScanOptions())
    made = Read(stream.head.format)
    for part in stream.parts:
        made.add(part.read())
    tail = stream.tail()
    assert tail.bytes_read == len(data)
    made.status = tail.status
    made.problems |= {(problem.code.value, problem.row) for problem in tail.problems}
    return made


CALLS = '{"id": 1, "a": "03001234567"}, {"id": 2, "a": "03001234568"}, {"id": 3, "a": "03001234569"}'
NUMBERS = ["03001234567", "03001234568", "03001234569"]

SHAPES: dict[str, tuple[str, int, dict[str, list[str]]]] = {
    "array": (f"[{CALLS}]", 3, {"id": ["1", "2", "3"], "a": NUMBERS}),
    "empty array": ("[]", 0, {}),
    "array of arrays": ('[["a", 1], ["b", 2]]', 2, {"0": ["a", "b"], "1": ["1", "2"]}),
    "array of values": ('["a", "b"]', 2, {"value": ["a", "b"]}),
    "wrapped": (f'{{"status": "ok", "data": [{CALLS}], "n": 3}}', 3, {"id": ["1", "2", "3"], "a": NUMBERS}),
    "wrapped twice": ('{"hits": {"total": 2, "hits": [{"_id": "x"}, {"_id": "y"}]}}', 2, {"_id": ["x", "y"]}),
    "two arrays": (
        '{"subs": [{"a": "x"}], "meta": {"n": 1}, "calls": [{"b": "y"}, {"b": "z"}]}', 3,
        {"a": ["x"], "calls[].b": ["y", "z"]},
    ),
    "pandas, table": (
        '{"schema": {"fields": [{"name": "a", "type": "string"}, {"name": "b", "type": "string"}], "version": "1.4"},'
        ' "data": [{"a": "x", "b": "y"}, {"a": "z", "b": "w"}]}', 2, {"a": ["x", "z"], "b": ["y", "w"]},
    ),
    "object of arrays": ('{"a": [1, 2, 3], "b": ["x", null, "z"]}', 3, {"a": ["1", "2", "3"], "b": ["x", "z"]}),
    "object of numbered objects": ('{"a": {"0": "x", "1": "y"}, "b": {"0": 1, "1": 2}}', 2,
                                   {"a": ["x", "y"], "b": ["1", "2"]}),
    "arrays of other lengths": ('{"a": [1, 2], "b": [3]}', 1, {"a[]": ["1", "2"], "b[]": ["3"]}),
    "keyed by number": ('{"923001234567": {"n": "A"}, "923001234568": {"n": "B"}}', 2,
                        {"*": ["923001234567", "923001234568"], "n": ["A", "B"]}),
    "keyed by place": ('{"0": {"n": "A"}, "1": {"n": "B"}}', 2, {"n": ["A", "B"]}),
    "nested": (
        '{"cnic": "35202-1234567-1", "sims": [{"no": "1", "cells": [7, 8]}, {"no": "2"}], "at": {"city": null}}\n'
        '{"cnic": "35202-1234567-2", "sims": [], "at": {"city": "X"}}', 2,
        {"cnic": ["35202-1234567-1", "35202-1234567-2"], "sims[].no": ["1", "2"], "sims[].cells[]": ["7", "8"],
         "at.city": ["X"]},
    ),
    "numbers by person": ('[{"who": {"923001234567": 3, "a@b.pk": {"n": 4}}}]', 1,
                          {"who.*": ["923001234567", "a@b.pk"], "who.*.value": ["3"], "who.*.n": ["4"]}),
    "typed by MongoDB": ('[{"_id": {"$oid": "ab"}, "at": {"$date": {"$numberLong": "17"}}}]', 1,
                         {"_id": ["ab"], "at": ["17"]}),
    "single object": ('{"a": {"b": "x"}, "c": [1, "y"]}', 1, {"a.b": ["x"], "c[]": ["1", "y"]}),
    "value": ('"03001234567"', 1, {"value": ["03001234567"]}),
    "key twice": ('[{"a": 1, "a": 2}]', 1, {"a": ["1", "2"]}),
    "empty key": ('[{"": 1}]', 1, {'""': ["1"]}),
    "digits kept": ("[3520212345671, 1e40, -0, 1.10, 8992300000123456789]", 5,
                    {"value": ["3520212345671", "1e40", "-0", "1.10", "8992300000123456789"]}),
    "escapes": (r'["\u0030\u06f1\n\"\/\\", "\ud83d\ude00", "a\u0000b"]', 3, {"value": ['0۱\n"/\\', "😀", "a\0b"]}),
    "half a pair": (r'["\ud800x", "\udc00"]', 2, {"value": ["\ufffdx", "\ufffd"]}),
}  # fmt: skip


def cut_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have even small documents cut into parts and those compiled."""
    monkeypatch.setattr(parts, "COMPILED_FROM", 0)


@pytest.mark.parametrize("compiled", [False, True], ids=["plain", "compiled"])
@pytest.mark.parametrize(("text", "rows", "columns"), SHAPES.values(), ids=SHAPES)
def test_shape_is_read_as_rows_and_columns(
    text: str, rows: int, columns: dict[str, list[str]], compiled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if compiled:
        cut_small(monkeypatch)
    got = read(text)
    assert (got.rows, got.columns, got.problems) == (rows, columns, set())
    assert list(got.columns) == list(columns)


LENIENT = {
    "comments": '[ // one\n{"a": /* two */ "x"}, # three\n{"a": "y"}]',
    "commas behind the last": '[{"a": "x",}, {"a": "y"},]',
    "single quotes": "[{'a': 'x'}, {'a': 'y'}]",
    "names without quotes": '[{a: "x"}, {a: "y"}]',
    "comma missing": '[{"a": "x"} {"a": "y"}]',
    "words of Python": "{'a': 'x', 'ok': True}\n{'a': 'y', 'no': None}\n",
    "words of a shell": '[{"a": ObjectId("x")}, {"a": new Thing("y")}]',
    "line end in a string": '[{"a": "x"}, {"a": "y", "b": "1\n2"}]',
    "numbers of no JSON": '[{"a": "x", "n": +012}, {"a": "y", "n": NaN}]',
    "assigned": 'window.part0 = [{"a": "x"}, {"a": "y"}] // end\n;',
    "two documents": '[{"a": "x"}]\n\n[{"a": "y"}]',
    "objects in a row": '{"a":\n"x"}\n{"a":\n"y"}',
    "text behind": '[{"a": "x"}, {"a": "y"}] thanks',
}


@pytest.mark.parametrize("compiled", [False, True], ids=["plain", "compiled"])
@pytest.mark.parametrize("text", LENIENT.values(), ids=LENIENT)
def test_liberties_are_read_with_a_problem(text: str, compiled: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if compiled:
        cut_small(monkeypatch)
    got = read(text)
    assert (got.rows, got.columns["a"], got.status) == (2, ["x", "y"], Status.COMPLETE)
    assert got.problems or text.startswith("window"), "no problem is named"


DAMAGE: dict[str, tuple[str, list[str], Status, tuple[str, int], str]] = {
    "line": ('{"a": "x"}\n{"a": 03001234567\n{"a": "y"}\n', ["x", "y"], Status.COMPLETE, ("bad_row", 2), "03001234567"),
    "cut line": ('{"a": "x"}\n{"a": "y"}\n{"a": "03001', ["x", "y"], Status.COMPLETE, ("bad_row", 3), "03001"),
    "no quote": ('[{"a":"x"},{"a": "0300,"b":1},{"a":"y"}]', ["x", "y"], Status.COMPLETE, ("bad_row", 2), "0300"),
    "brace missing": ('[{"a": "x"},{"a": {"b": 5},{"a": "y"}]', ["x", "y"], Status.COMPLETE, ("bad_row", 2), ""),
    "brace too many": ('[{"a": "x"},{"b": 5}},{"a": "y"}]', ["x", "y"], Status.COMPLETE, ("bad_row", 2), "}"),
    "whole fields": ('{"a":"x"}\n{"a":"w","c":"03\n{"a":"y"}', ["x", "w", "y"], Status.COMPLETE, ("bad_row", 2), '"c"'),
    "whole field": ('[{"a":"x"},{"a":"w","c":"03},{"a":"y"}]', ["x", "w", "y"], Status.COMPLETE, ("bad_row", 2), '"c"'),
    "cut array": ('[{"a": "x"}, {"a": "y"}, {"a": "03001', ["x", "y"], Status.PARTIAL, ("truncated", 3), "03001"),
    "cut between": ('[{"a": "x"}, {"a": "y"}', ["x", "y"], Status.PARTIAL, ("truncated", 3), ""),
    "cut wrapped": ('{"d": [{"a": "x"}, {"a": "y"}], "n": "03', ["x", "y"], Status.PARTIAL, ("truncated", 3), "03"),
    "cut value": ('{"a": "x"}\n {"a":\n "y"}  {"b": "03', ["x", "y"], Status.PARTIAL, ("truncated", 3), "03"),
    "cut nested": ('{"n": "z", "c": [{"a": "x"}, {"a": "y"}, {"a', ["x", "y"], Status.PARTIAL, ("truncated", 3), "z"),
}  # fmt: skip


@pytest.mark.parametrize("compiled", [False, True], ids=["plain", "compiled"])
@pytest.mark.parametrize(("text", "cells", "status", "problem", "loose"), DAMAGE.values(), ids=DAMAGE)
def test_damage_costs_the_record_that_it_hits(
    text: str, cells: list[str], status: Status, problem: tuple[str, int], loose: str, compiled: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    if compiled:
        cut_small(monkeypatch)
    got = read(text)
    assert (got.columns["a"], got.status) == (cells, status)
    assert problem in got.problems
    assert any(loose in piece for piece in got.loose) or not loose


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_encodings_of_unicode_are_told_apart(encoding: str) -> None:
    got = read('[{"a": "خان", "b": 1}]'.encode(encoding))
    assert (got.columns, got.problems) == ({"a": ["خان"], "b": ["1"]}, set())


def test_bytes_that_are_no_utf_8_are_a_problem() -> None:
    got = read('{"a": "نام"}\n'.encode() * 3 + b'{"a": "x\xffy"}\n')
    assert got.columns["a"][-1] == "x\ufffdy"
    assert {code for code, _ in got.problems} == {"invalid_encoding"}


@pytest.mark.parametrize("compiled", [False, True], ids=["plain", "compiled"])
def test_what_is_nested_too_deeply_is_searched_as_text(compiled: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if compiled:
        cut_small(monkeypatch)
    options = ScanOptions(limits=replace(Limits(), max_json_depth=3))
    got = read('[{"a": {"b": {"c": {"d": "03001"}, "e": 5}}}]', options=options)
    assert (got.rows, got.columns, got.loose) == (1, {"a.b.e": ["5"]}, ['{"d": "03001"}'])
    assert got.problems == {("limit", 1)}
    assert read("[" * 100_000, options=options).status is Status.PARTIAL
    assert ("limit", 1) in read('{"a":' * 100_000 + "1" + "}" * 100_000, options=options).problems


def test_more_columns_than_the_limit_are_searched_as_text() -> None:
    options = ScanOptions(limits=replace(Limits(), max_columns=2))
    got = read('[{"a": 1, "b": 2, "c": "03001", "d": "03002"}]', options=options)
    assert (list(got.columns), got.loose) == (["a", "b"], ["03001\n03002"])


@pytest.mark.parametrize(
    ("text", "name", "taken"),
    [
        ("12", "a.json", True), ("12", "a.txt", False), ("true\nfalse\n", "a.jsonl", True),
        ("a,b\n1,2\n", "a.json", False),
        ('"a","b"\n"1","2"\n', "a.json", False), ('{"a": 1}', "dump", True), ("[section]\nkey = 1\n", "a.ini", False),
        ("{not json}", "a.txt", False), ('callback({"a": 1});', "a.js", True),
        ("[2024-01-01 10:00] call from 0300", "a.log", False),
    ],
)  # fmt: skip
def test_json_is_told_from_other_text(text: str, name: str, taken: bool) -> None:
    assert JsonReader().recognise(text.encode(), name) is taken


KEYS = st.sampled_from(["a", "b", "id", "", "0", "12", "$oid", "923001234567", "x@y", "é", 'q"']) | st.text(max_size=3)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
DOCUMENTS = st.lists(st.dictionaries(KEYS, VALUES, max_size=4) | VALUES, max_size=6)


def around(got: Read) -> str:
    """The text that is no cell, without the gaps and commas that stand at its edges."""
    return "".join("".join(got.loose).replace(",", "").split())


def variants(text: str, name: str, monkeypatch: pytest.MonkeyPatch) -> list[Read]:
    made = [read(text, name)]
    monkeypatch.setattr(parts, "COMPILED_FROM", 0)
    made.append(read(text, name))
    monkeypatch.setattr(parts, "COMPILED_FROM", 1 << 60)
    made.append(read(text, name, ScanOptions(shard_bytes=4096)))
    monkeypatch.undo()
    return made


@settings(max_examples=150, deadline=None)
@given(DOCUMENTS, st.sampled_from(["array", "wrapped", "lines", "row", "single"]), st.booleans(), st.data())
def test_compiled_and_general_reading_agree(
    rows: list[Any], layout: str, ascii_only: bool, data: st.DataObject
) -> None:
    indent = data.draw(st.sampled_from([None, 1]))
    text = {
        "array": lambda: json.dumps(rows, ensure_ascii=ascii_only, indent=indent),
        "wrapped": lambda: json.dumps({"n": 1, "d": rows}, ensure_ascii=ascii_only, indent=indent),
        "lines": lambda: "".join(json.dumps(row, ensure_ascii=ascii_only) + "\n" for row in rows),
        "row": lambda: " ".join(json.dumps(row, ensure_ascii=ascii_only, indent=indent) for row in rows),
        "single": lambda: json.dumps(rows[0] if rows else {}, ensure_ascii=ascii_only, indent=indent),
    }[layout]()
    if data.draw(st.booleans()) and text:  # damage
        at = data.draw(st.integers(0, len(text) - 1))
        text = text[:at] + data.draw(st.sampled_from(["", '"', "}", "]", ",", "{", "x", "\\", "'"])) + text[at + 1 :]
    with pytest.MonkeyPatch.context() as patch:
        first, *others = variants(text, "a.ndjson" if layout == "lines" else "a.json", patch)
    for other in others:
        assert around(other) == around(first)
        assert replace(other, loose=[]) == replace(first, loose=[])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from(["a", "b", "c"]), st.text(max_size=30), min_size=1), min_size=1))
def test_cells_are_the_values_that_were_written(rows: list[dict[str, str]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "COMPILED_FROM", 0)
        got = read("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "a.ndjson")
    for name in ("a", "b", "c"):
        assert got.columns.get(name, []) == [row[name] for row in rows if name in row]


@pytest.mark.parametrize("layout", ["array", "lines", "wrapped"])
def test_large_documents_do_not_depend_on_the_size_of_pieces(layout: str) -> None:
    rows = [
        {"id": n, "who": f'O"Neil {n % 7}', "calls": [{"to": f"0300{n:07d}", "t": n * 1.5}] * (n % 3)}
        for n in range(9000)
    ]
    lines = [json.dumps(row) for row in rows]
    lines[4000] = lines[4000].replace('"who": "', '"who": ')
    text = {"array": f"[{', '.join(lines)}]", "lines": "\n".join(lines), "wrapped": f'{{"x": [{",".join(lines)}]}}'}[
        layout
    ]
    reads = [read(text, "a", ScanOptions(shard_bytes=size)) for size in (1 << 23, 300_000, 5000)]
    assert (reads[0].rows, reads[0].bad) == (9000, 1)
    assert ("bad_row", 4001) in reads[0].problems
    assert all(other == reads[0] for other in reads[1:])


ROW_ARRAYS = {
    "pandas, split": '{"columns": ["msisdn", "name"], "index": [0, 1], "data": [["0300", "A"], ["0301", null]]}',
    "descriptions of fields": '{"fields": [{"id": "msisdn", "type": "t"}, {"id": "name", "type": "t"}],'
    ' "records": [["0300", "A"], ["0301", null]]}',
    "names in the first row": '[["msisdn", "name"], ["0300", "A"], ["0301", null]]',
    "names in the first line": '["msisdn", "name"]\n["0300", "A"]\n["0301", null]\n',
    "a sheet's values": '{"range": "A1:B3", "values": [["msisdn", "name"], ["0300", "A"], ["0301", null]]}',
}


@pytest.mark.parametrize("name", ROW_ARRAYS)
@pytest.mark.parametrize("shard", [4096, 1 << 20])
def test_rows_that_are_arrays_have_the_names_that_stand_with_them(name: str, shard: int) -> None:
    text = ROW_ARRAYS[name]
    between = "\n" if text.endswith("\n") else ", "
    filler = between + between.join(f'["0302{i:07d}", "B"]' for i in range(2000))
    for data in (text, text.replace('["0301", null]', '["0301", null]' + filler)):
        (stream,) = JsonReader().read(BytesSource(data.encode(), "x.json"), ScanOptions(shard_bytes=shard))
        chunks = [part.read() for part in stream.parts]
        assert {one for chunk in chunks for one in chunk.names} == {"msisdn", "name"}
        assert sum(chunk.rows for chunk in chunks) == (2 if data is text else 2002)
        assert stream.tail().status is Status.COMPLETE


def test_an_index_longer_than_what_is_looked_at_hides_no_rows() -> None:
    index = ", ".join(map(str, range(100_000)))
    rows = ", ".join(f'["0302{i:07d}", "B"]' for i in range(100_000))
    data = f'{{"columns": ["msisdn", "name"], "index": [{index}], "data": [{rows}]}}'.encode()
    (stream,) = JsonReader().read(BytesSource(data, "x.json"), ScanOptions(shard_bytes=1 << 18))
    chunks = [part.read() for part in stream.parts]
    assert sum(chunk.rows for chunk in chunks) == 100_000
    assert {one for chunk in chunks for one in chunk.names} == {"msisdn", "name"}
    assert stream.tail().problems == ()


@pytest.mark.parametrize("number", ["1e9999", "-123123123123123123123123123123", "123e-10000000"])
def test_numbers_beyond_64_bits_are_kept_and_told(number: str) -> None:
    (stream,) = JsonReader().read(BytesSource(f'[{{"n": {number}}}]'.encode(), "x.json"), ScanOptions())
    assert [part.read().columns[0].to_pylist() for part in stream.parts] == [[number.encode()]]
    assert [problem.code for problem in stream.tail().problems] == [ProblemCode.LIMIT]
