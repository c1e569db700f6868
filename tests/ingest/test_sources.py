"""Digests that are taken on the side, by a real process."""

from __future__ import annotations

import hashlib
import os
import signal
from pathlib import Path

import pytest

from scanner import digesting
from scanner.ingest.sources import FileSource, Meter, digest
from scanner.terms import ProblemCode, Status

DATA = bytes(range(256)) * 20_000


@pytest.fixture
def source(tmp_path: Path) -> FileSource:
    file = tmp_path / "dump.csv"
    file.write_bytes(DATA)
    return FileSource(file, "dump.csv")


def read(source: FileSource) -> Meter:
    meter = Meter(source)
    meter.finish()
    return meter


def test_the_digest_on_the_side_is_that_of_the_bytes(source: FileSource) -> None:
    wanted = hashlib.sha256(DATA).hexdigest(), len(DATA)
    with source.digesting():
        assert digest(source) == digest(source) == wanted
        tail = read(source).tail()
    assert (tail.sha256, tail.size_bytes, tail.status, tail.problems) == (*wanted, Status.COMPLETE, ())
    assert digest(source) == wanted


def test_a_file_that_changes_meanwhile_has_no_digest(source: FileSource) -> None:
    with source.digesting():
        with source.file().open("ab") as file:
            file.write(b"03001234567\n")
        tail = read(source).tail()
    assert tail.sha256 is None
    assert tail.status is Status.PARTIAL
    assert [problem.code for problem in tail.problems] == [ProblemCode.CORRUPT]


def test_the_digest_is_taken_all_the_same_where_the_process_dies(source: FileSource) -> None:
    with source.digesting():
        assert source._digesting is not None
        os.kill(source._digesting._child, signal.SIGKILL)
        assert digest(source) == (hashlib.sha256(DATA).hexdigest(), len(DATA))


def test_a_digest_begun_ahead_is_that_of_whoever_reads_the_file(source: FileSource) -> None:
    with digesting.ahead(source.file()):
        (begun,) = digesting._begun
        with source.digesting():
            assert source._digesting is begun
            assert digest(source) == (hashlib.sha256(DATA).hexdigest(), len(DATA))
        os.kill(begun._child, 0)  # another may still ask
    with pytest.raises(ProcessLookupError):
        os.kill(begun._child, 0)


def test_a_file_that_changed_since_its_digest_was_begun_is_read_again(source: FileSource) -> None:
    with digesting.ahead(source.file()):
        with source.file().open("ab") as file:
            file.write(b"03001234567\n")
        changed = DATA + b"03001234567\n"
        with source.digesting():
            assert digest(source) == (hashlib.sha256(changed).hexdigest(), len(changed))


def test_nobody_is_left_where_reading_ends_early(source: FileSource) -> None:
    with source.digesting():
        assert source._digesting is not None
        child = source._digesting._child
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


def test_what_is_no_regular_file_has_no_stamp(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    held = (tmp_path, tmp_path / "pipe.csv", tmp_path / "missing.csv", Path("a\0b"))
    assert [digesting.stamp(one) for one in held] == [None] * len(held)
