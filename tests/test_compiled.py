"""A kernel yields the same compiled and in the interpreter."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner import compiled, kernel_sets
from scanner.detect import kernels, keys
from scanner.detect.profile import ColumnProfile
from scanner.detect.tables import build
from scanner.ingest.readers import blocks
from scanner.packs import load_pack

ROOT = Path(__file__).parent.parent
TABLES = build(load_pack())
PIECES = st.sampled_from(
    ["0300", "+92 ", "(0", ")", "35202-", "1234567", "-1", "PK36SCBL", "2024-03-01", "10:11:12", " ", "/", ".", "E+11",
     "****", "a@b.pk", "10.0.0.1", "fe80::1", "PT5M", "PK-301", "AB1234567", "3101", "74.35", "۰۳۰۰", "\u200b", "خان",
     "1718000000", "d41d8cd98f00b204e9800998ecf8427e", '="', '"', "'", "Lahore", "89920", "410-01-", "Jan", "PM"]
)  # fmt: skip
CELLS = st.lists(st.lists(PIECES | st.text(max_size=6), max_size=6).map("".join) | st.text(max_size=30), max_size=6)


@pytest.fixture(autouse=True)
def machine_code() -> None:
    compiled.compile_all()


def kernel(module: Any, name: str) -> compiled.Kernel:
    return next(
        one
        for one in compiled.kernels()
        if one.function.__name__ == name and one.function.__module__ == module.__name__
    )


def profiled(cells: list[str], text_only: bool) -> dict[str, Any]:
    made = ColumnProfile()
    made.scan(pa.array([cell.encode("utf-8", "replace") for cell in cells], pa.binary()), TABLES, 0, 3, text_only)
    arrays = ("counts", "lengths", "lead", "extremes", "rule_counts", "lex_counts", "times")
    return {
        **{name: getattr(made, name).tolist() for name in arrays},
        "sets": {code: held.keys().tolist() for code, held in sorted(made.sets.items())},
    }


@settings(max_examples=150, deadline=None)
@given(CELLS, st.booleans())
def test_a_column_is_profiled_the_same(cells: list[str], text_only: bool) -> None:
    by_machine = profiled(cells, text_only)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("profile_column", "text_lines"):
            patch.setattr(kernels, name, kernel(kernels, name).interpreted)
        assert profiled(cells, text_only) == by_machine


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 2**62), max_size=200))
def test_keys_are_told_apart_the_same(keys: list[int]) -> None:
    for distinct in (kernel_sets.distinct, kernel(kernel_sets, "distinct").interpreted):
        held = np.sort(np.array(keys, np.int64))
        assert held[: distinct(held)].tolist() == sorted(set(keys))


@settings(max_examples=150, deadline=None)
@given(st.text('a,"\n\r\\', max_size=60), st.booleans(), st.booleans())
def test_records_end_in_the_same_places(text: str, final: bool, escape: bool) -> None:
    found = []
    for scan in (blocks.scan_records, kernel(blocks, "scan_records").interpreted):
        literals = np.zeros(64, np.int64)
        data = np.frombuffer(text.encode(), np.uint8)
        ends = scan(data, 44, 34, 92 if escape else -1, max(0, len(data) - 3), final, literals)
        found.append((tuple(map(int, ends)), literals.tolist()))
    assert found[0] == found[1]


def test_the_samples_are_reported_the_same() -> None:
    samples = [str(path) for path in sorted((ROOT / "sample_data").iterdir()) if path.suffix in (".csv", ".json")]
    program = (
        "import sys\nfrom scanner import compiled\nfrom scanner.cli import main\n"
        "from scanner import pipeline\n"
        "if sys.argv[1] == 'machine': compiled.compile_all()\nelse: compiled.COMPILE_FROM = 1 << 40\n"
        "finish = pipeline.finish\n"
        "def checked(*arguments):\n"  # in the worker, which fails where it did not go the way that it was told to
        "    made = finish(*arguments)\n"
        "    assert ('numba' in sys.modules) == (sys.argv[1] == 'machine')\n"
        "    return made\n"
        "pipeline.finish = checked\n"
        "for name in sys.argv[2:]:\n"
        "    try: main(['scan', name, '--format', 'jsonl', '-q'], prog_name='breachscan')\n"
        "    except SystemExit as end: assert not end.code, end.code"
    )
    reports = []
    for mode in ("machine", "plain"):
        command = [sys.executable, "-c", program, mode, *samples]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        reports.append(done.stdout.splitlines())
        assert len(reports[-1]) >= 2 * len(samples)
    assert reports[0] == reports[1]


def test_a_kernel_is_not_handed_out_before_those_it_calls_are_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that asks in between waits: else it would compile a call of something that is no machine code yet."""
    names: dict[str, Any] = {"np": np}
    exec("def inner(n):\n    return n + 1\ndef outer(n):\n    return inner(n) * 2\n", names)
    for name in ("inner", "outer"):
        names[name] = compiled.Kernel(names[name], inline=True)
    outer, real = names["outer"], numba.njit
    asked: list[threading.Thread] = []
    waits: list[bool] = []

    def in_between(*options: Any, **more: Any) -> Any:
        asked.append(threading.Thread(target=lambda: outer.machine))
        asked[-1].start()
        asked[-1].join(0.2)
        waits.append(asked[-1].is_alive())
        return real(*options, **more)

    monkeypatch.setattr(numba, "njit", in_between)
    assert outer(20) == 42
    for one in asked:
        one.join()
    assert waits[:2] == [True, True]  # numba compiles more of its own


#: Loads a kernel from the cache, and says whether numba has got ready to compile.
LOADING = """
import sys
from scanner.compiled import compile_all
from scanner.ingest.readers.fields import count
compile_all()
assert count(b"a,b,c" * 40, b",") == 80
print("numba.np.npyimpl" in sys.modules)
"""


def test_a_kernel_from_the_cache_does_not_wait_for_the_compiler(tmp_path: Path) -> None:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    made = [
        subprocess.run([sys.executable, "-c", LOADING], env=environment, capture_output=True, text=True, check=True)
        for _ in range(2)
    ]
    assert [one.stdout.strip() for one in made] == ["True", "False"]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text("ab-019 é", max_size=25), max_size=30))
def test_keys_are_hashed_the_same(cells: list[str]) -> None:
    data = np.frombuffer("".join(cells).encode() + b" ", np.uint8)
    ends = np.cumsum([len(cell.encode()) for cell in cells], dtype=np.int32)
    starts = np.concatenate(([0], ends[:-1])).astype(np.int32)[: len(ends)]
    found, none = [], np.zeros(0, np.int64)
    for way in (keys.least_hashes, kernel(keys, "least_hashes").interpreted):
        out, seen = np.zeros(len(cells), np.int64), np.full(8, -1, np.int64)
        found.append(out[: way(data, starts, ends, 1 << 62, none, seen, out)].tolist())
    assert found[0] == found[1]
    assert len(set(found[0])) == len({cell for cell in cells if cell})


def test_keys_are_hashed_without_their_case() -> None:
    out, seen = np.zeros(4, np.int64), np.full(8, -1, np.int64)
    data = np.frombuffer(b"C-00123abc-00123ABC-00124abC-00123abcd", np.uint8)
    starts, stops = np.array([0, 9, 18, 27], np.int32), np.array([9, 18, 27, 38], np.int32)
    assert keys.least_hashes(data, starts, stops, 1 << 62, np.zeros(0, np.int64), seen, out) == 3
    assert len(set(out[:3].tolist())) == 3
    held, seen = np.sort(out[:3]), np.full(8, -1, np.int64)
    assert keys.least_hashes(data, starts, stops, 1 << 62, held, seen, out) == 0
