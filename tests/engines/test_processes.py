"""Readers that die, hang or take all memory cost their own source; any number of processes gives the same report."""

from __future__ import annotations

import ctypes
import io
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from scanner import Limits, ScanOptions, pipeline, scan
from scanner.errors import InternalError
from scanner.ingest import readers
from scanner.ingest.interface import Chunk, Head, Parsed, Source, Stream, column_of
from scanner.inspection import inspect
from scanner.model import Artifact, ScanResult
from scanner.pipeline import Silent
from scanner.terms import Format, ProblemCode, Status

CSV = "caller,called,start\n" + "03001234567,03217654321,2024-03-01 10:11:12\n" * 5
LIMITS = Limits(max_seconds=3, max_memory=1 << 29)


class Harmful:
    """Reads files that begin with NUL and a word: what the word says is what happens."""

    def recognise(self, head: bytes, name: str) -> bool:
        return head.startswith(b"\0HARM ")

    def read(self, source: Source, options: ScanOptions) -> Iterator[Stream]:
        what, *rest = source.head().decode().split()[1:]
        for number in range(3):
            if what == "once" and not Path(rest[0]).exists():
                Path(rest[0]).touch()
                os.kill(os.getpid(), signal.SIGKILL)
            if what == "die" or (what == "late" and number == 2):
                ctypes.string_at(0)
            while what == "loop":
                pass
            if what == "eat":
                b"".join([bytes(1 << 20)] * 2048)
            chunk = Chunk(1, (column_of([b"03001234567"]),))
            yield Stream(Head(f"{source.path}!{number}", Format.BINARY, "utf-8", (None,)), iter([Parsed(0, chunk)]))


@pytest.fixture
def harmful(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reader above is there; worker processes are forked, so that they have it too."""
    assert threading.active_count() == 1
    monkeypatch.setattr(readers, "READERS", (Harmful(), *readers.READERS))


def comparable(result: ScanResult) -> ScanResult:
    return replace(result, started_at="", duration_seconds=0.0)


def by_name(result: ScanResult, folder: Path) -> dict[str, Artifact]:
    return {one.path.removeprefix(f"{folder}/"): one for one in result.artifacts}


def shown(artifact: Artifact) -> tuple[Status, int, list[ProblemCode]]:
    return artifact.status, artifact.rows, [problem.code for problem in artifact.problems]


FINE = (Status.COMPLETE, 5, [])
LOST = (Status.UNREADABLE, 0, [ProblemCode.READER_FAILED])


@pytest.mark.usefixtures("harmful")
def test_a_source_that_kills_or_hangs_its_reader_costs_that_source(tmp_path: Path) -> None:
    harms = {"die.bin": "\0HARM die", "loop.bin": "\0HARM loop"}
    for name, text in {"a.csv": CSV, **harms, "z.csv": CSV}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    with zipfile.ZipFile(tmp_path / "drop.zip", "w") as archive:
        for name, text in {"a.csv": CSV, **harms, "z.csv": CSV}.items():
            archive.writestr(name, text)
    found = by_name(scan(str(tmp_path), options=ScanOptions(workers=2, limits=LIMITS)), tmp_path)
    members = [f"drop.zip!{name}" for name in ("a.csv", "die.bin", "loop.bin", "z.csv")]
    assert list(found) == ["a.csv", "die.bin", *members, "drop.zip", "loop.bin", "z.csv"]
    for name in ("a.csv", "z.csv", "drop.zip!a.csv", "drop.zip!z.csv"):
        assert shown(found[name]) == FINE
    for name in ("die.bin", "loop.bin", "drop.zip!die.bin", "drop.zip!loop.bin"):
        assert shown(found[name]) == LOST
        assert found[name].size_bytes == len(harms[name.split("!")[-1]])
    assert "SIGSEGV" in found["drop.zip!die.bin"].problems[0].message
    assert "max_seconds" in found["loop.bin"].problems[0].message
    assert found["die.bin"].sha256 is not None
    members_of = found["drop.zip"].members
    assert members_of is not None
    assert members_of.listed == 4


@pytest.mark.usefixtures("harmful")
def test_what_a_reader_gave_before_it_died_is_kept(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "drop.zip", "w") as archive:
        archive.writestr("late.bin", "\0HARM late")
        archive.writestr("z.csv", CSV)
    found = by_name(scan(str(tmp_path), options=ScanOptions(workers=1)), tmp_path)
    inside = "drop.zip!late.bin"
    assert list(found) == [f"{inside}!0", f"{inside}!1", inside, "drop.zip!z.csv", "drop.zip"]
    assert shown(found[f"{inside}!1"]) == (Status.COMPLETE, 1, [])
    assert shown(found[inside]) == (Status.PARTIAL, 0, [ProblemCode.READER_FAILED])


@pytest.mark.usefixtures("harmful")
def test_a_reader_that_dies_once_is_tried_again_and_leaves_no_trace(tmp_path: Path) -> None:
    (tmp_path / "once.bin").write_text(f"\0HARM once {tmp_path.parent / 'tried'}", encoding="utf-8")
    first = comparable(scan(str(tmp_path)))
    assert (tmp_path.parent / "tried").exists()
    assert [shown(one) for one in first.artifacts] == [(Status.COMPLETE, 1, [])] * 3
    assert comparable(scan(str(tmp_path))) == first


@pytest.mark.usefixtures("harmful")
def test_a_reader_that_takes_all_memory_costs_its_source(tmp_path: Path) -> None:
    (tmp_path / "eat.bin").write_text("\0HARM eat", encoding="utf-8")
    (tmp_path / "z.csv").write_text(CSV, encoding="utf-8")
    found = by_name(scan(str(tmp_path), options=ScanOptions(limits=LIMITS)), tmp_path)
    assert shown(found["eat.bin"]) == (Status.UNREADABLE, 0, [ProblemCode.LIMIT])
    assert shown(found["z.csv"]) == FINE


def test_memory_that_runs_out_beyond_the_reader_costs_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judge = pipeline.judge

    def greedy(profile: object, names: tuple[str | None, ...], *rest: object) -> object:
        if "greedy" in names:
            raise MemoryError
        return judge(profile, names, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(pipeline, "judge", greedy)
    (tmp_path / "a.csv").write_text(CSV.replace("called", "greedy"), encoding="utf-8")
    (tmp_path / "z.csv").write_text(CSV, encoding="utf-8")
    found = by_name(scan(str(tmp_path)), tmp_path)
    assert shown(found["a.csv"]) == (Status.UNREADABLE, 0, [ProblemCode.LIMIT])
    assert "max_memory" in found["a.csv"].problems[0].message
    assert shown(found["z.csv"]) == FINE


def test_a_failure_of_the_scanner_in_a_worker_is_told_without_its_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ValueError("03001234567")

    monkeypatch.setattr(pipeline, "judge", fail)
    (tmp_path / "a.csv").write_text(CSV, encoding="utf-8")
    with pytest.raises(InternalError, match=r"ValueError at test_processes\.py:\d+$"):
        scan(str(tmp_path))


def children() -> list[int]:
    return [int(one) for one in Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii").split()]


class Killer(Silent):
    """Kills a worker at every tenth artifact."""

    def __init__(self) -> None:
        self.seen = self.killed = 0

    def finished(self, artifact: Artifact) -> None:
        self.seen += 1
        if self.seen % 10 == 1:
            for worker in children()[:1]:
                os.kill(worker, signal.SIGKILL)
                self.killed += 1


def test_many_files_give_the_same_report_on_any_number_of_workers_and_if_they_are_killed(tmp_path: Path) -> None:
    for number in range(40):
        text = CSV.replace("1234567", f"{1234567 + number}")
        (tmp_path / f"{number:03}.csv").write_text(text, encoding="utf-8")
    first = comparable(scan(str(tmp_path), options=ScanOptions(workers=1)))
    assert [shown(one) for one in first.artifacts] == [FINE] * 40
    assert comparable(scan(str(tmp_path), options=ScanOptions(workers=3))) == first
    killer = Killer()
    assert comparable(scan(str(tmp_path), options=ScanOptions(workers=2), observer=killer)) == first
    assert killer.killed
    assert not children()


def test_a_scan_from_a_thread_starts_its_workers_afresh(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(CSV, encoding="utf-8")
    expected, found = comparable(scan(str(tmp_path))), []
    thread = threading.Thread(target=lambda: found.append(comparable(scan(str(tmp_path)))))
    thread.start()
    thread.join()
    assert found == [expected]


def given(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    """Standard input holds the bytes."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data), encoding="utf-8"))


@pytest.mark.usefixtures("harmful")
@pytest.mark.parametrize("what", ["die", "eat"])
def test_standard_input_that_harms_its_reader_is_reported(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, f"\0HARM {what}".encode())
    (one,) = scan("-", options=ScanOptions(limits=LIMITS)).artifacts
    code = ProblemCode.LIMIT if what == "eat" else ProblemCode.READER_FAILED
    assert shown(one) == (Status.UNREADABLE, 0, [code])
    assert not children()


@pytest.mark.usefixtures("harmful")
def test_standard_input_is_read_again_where_its_reader_dies_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given(monkeypatch, f"\0HARM once {tmp_path / 'tried'}".encode())
    assert [shown(one) for one in scan("-").artifacts] == [(Status.COMPLETE, 1, [])] * 3
    assert (tmp_path / "tried").exists()


def test_standard_input_larger_than_memory_gives_the_report_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = CSV.encode() * 100
    (tmp_path / "a.csv").write_bytes(data)
    (file,) = scan(str(tmp_path / "a.csv")).artifacts
    given(monkeypatch, data)
    (one,) = scan("-", options=ScanOptions(limits=Limits(spool_memory=1 << 10))).artifacts
    assert replace(one, path="", format=file.format) == replace(file, path="")


@pytest.mark.usefixtures("harmful")
def test_inspection_goes_on_behind_a_source_that_harms_its_reader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in {"a.csv": CSV, "die.bin": "\0HARM die", "loop.bin": "\0HARM loop", "z.csv": CSV}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    given(monkeypatch, b"\0HARM die")
    limits = replace(LIMITS, max_seconds=1)
    found = list(inspect(str(tmp_path), "-", options=ScanOptions(workers=2, limits=limits)))
    assert [(one.status, one.rows) for one in found] == [
        (Status.COMPLETE, 5), (Status.UNREADABLE, 0), (Status.UNREADABLE, 0), (Status.COMPLETE, 5),
        (Status.UNREADABLE, 0),
    ]  # fmt: skip
    assert "max_seconds" in found[2].problems[0].message
    assert not children()


def test_inspection_from_a_thread_starts_its_workers_afresh(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(CSV, encoding="utf-8")
    expected = list(inspect(str(tmp_path)))
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.extend(inspect(str(tmp_path))))
    thread.start()
    thread.join()
    assert found == expected


#: The command line with the reader above; names its workers on standard output once they are at work.
PROGRAM = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # what runs in the background may have been told to ignore it
from tests.engines.test_processes import Harmful
from scanner.cli import main
from scanner.ingest import readers
readers.READERS = (Harmful(), *readers.READERS)
from scanner.engines import processes
give = processes._Worker.give
def told(self, task, threads):
    give(self, task, threads)
    print(self.pid, flush=True)
processes._Worker.give = told
main(["scan", sys.argv[1], "-q", "--format", "json", "-o", sys.argv[2]])
"""


def gone(pid: int) -> bool:
    """Whether a process has ended, waited for."""
    for _ in range(200):
        try:
            if Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0] == "Z":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize(("stop", "status"), [(signal.SIGINT, 4), (signal.SIGTERM, -15), (signal.SIGKILL, -9)])
def test_no_worker_outlives_the_command_and_no_half_report_is_left(
    stop: signal.Signals, status: int, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "loop.bin").write_text("\0HARM loop", encoding="utf-8")
    report = tmp_path / "report.json"
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "in"), str(report)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stdout is not None
        worker = int(process.stdout.readline())
        time.sleep(0.2)
        if stop is signal.SIGINT:
            os.killpg(process.pid, stop)  # as the terminal does
        else:
            process.send_signal(stop)
        assert process.wait(60) == status
    assert gone(worker)
    assert list(tmp_path.iterdir()) == [tmp_path / "in"]
