"""Times the scanner against its rivals: `make bench`, or `python -m benchmarks.suite [--rows N] [--only NAME,…]`.

Every row of `ROWS` runs the scanner and its rival in turns on the same file, after one turn that is not counted, and
compares medians. Inputs are made once and kept in --folder.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks import inputs
from benchmarks.rivals import CNIC, MSISDN, TOLD

HERE = Path(__file__).parent
#: Rows of the call records in the default run: about 1 GB of CSV.
DEFAULT_ROWS = 8_000_000

#: Name → kind, rows (files for `many`) as a share of those of the call records, and at least so many.
INPUTS: dict[str, tuple[str, float, int]] = {
    "calls.csv": ("calls", 1, 8),
    "calls-eighth.csv": ("calls", 1 / 8, 8),
    "calls-double.csv": ("calls", 2, 8),
    "calls-eightfold.csv": ("calls", 8, 8),
    "calls-part.csv": ("calls", 1 / 64, 20_000),
    "calls-tiny.csv": ("calls", 0, 8),
    "calls.csv.gz": ("calls", 1, 8),
    "calls.ndjson": ("calls", 0.53, 8),
    "calls-part.ndjson": ("calls", 1 / 64, 20_000),
    "calls.parquet": ("calls", 1.25, 8),
    "subscribers.csv": ("subscribers", 0.83, 8),
    "talk.txt": ("talk", 1.6, 8),
    "many": ("many", 1 / 800, 3),
}


@dataclass(frozen=True, slots=True)
class Job:
    """Something to time: a command in which @NAME stands for the path of an input."""

    label: str
    command: tuple[str, ...]
    input: str


@dataclass(frozen=True, slots=True)
class Measure:
    """Medians over the turns of one job."""

    wall: float
    """Seconds."""
    cpu: float
    """Seconds of all cores, children included."""
    peak: float
    """MB of the largest process."""
    size: int
    """Bytes of the input."""
    units: int
    """Rows, or files, of the input."""


Figure = Callable[[Measure, Measure], float]
RATIO: Figure = lambda ours, rival: ours.wall / rival.wall  # noqa: E731
THROUGHPUT: Figure = lambda ours, rival: (ours.size / ours.wall) / (rival.size / rival.wall)  # noqa: E731
PER_ROW: Figure = lambda ours, rival: (ours.wall / ours.units) / (rival.wall / rival.units)  # noqa: E731
SPEED_UP: Figure = lambda ours, rival: rival.wall / ours.wall  # noqa: E731
PEAK: Figure = lambda ours, rival: ours.peak  # noqa: E731
PEAKS: Figure = lambda ours, rival: ours.peak / rival.peak  # noqa: E731
RATE: Figure = lambda ours, rival: ours.units / ours.wall  # noqa: E731


def scan(name: str, *options: str, label: str = "") -> Job:
    """The whole command on an input."""
    command = ("breachscan", "scan", f"@{name}", "--format", "json", "-o", os.devnull, "-q", *options)
    return Job(label or f"scan {' '.join((name, *options))}", command, name)


def grep(name: str) -> Job:
    """ripgrep counting mobile numbers and CNICs."""
    return Job("ripgrep", ("rg", "-c", "--count-matches", "--no-unicode", "-e", MSISDN, "-e", CNIC, f"@{name}"), name)


def rival(what: str, name: str, python: str = "{rivals}") -> Job:
    """One of `rivals.py`."""
    return Job(what.replace("_", " "), (python, str(HERE / "rivals.py"), what, f"@{name}"), name)


def read(name: str) -> Job:
    """The readers alone on an input."""
    return Job(f"read {name}", (sys.executable, "-m", "benchmarks.readers", f"@{name}"), name)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: what is compared, and the bar that it must hold."""

    name: str
    work: str
    ours: Job
    rival: Job
    bar: float
    aim: float | None = None
    figure: Figure = RATIO
    at_least: bool = False
    """The figure must reach the bar; else it must stay below."""
    turns: int | None = None
    """Turns of a long row; else those asked for."""


ROWS = (
    Row("cdr-rg", "call records, CSV / ripgrep counting two patterns", scan("calls.csv"), grep("calls.csv"), 0.8, 0.5),
    Row("cdr-parse", "call records, CSV / pyarrow streaming parse", scan("calls.csv"),
        rival("pyarrow_csv", "calls.csv", sys.executable), 1.8, 1.3),
    Row("subscribers-rg", "subscribers with names and addresses, CSV / ripgrep", scan("subscribers.csv"),
        grep("subscribers.csv"), 0.8, 0.5),
    Row("ndjson-rg", "call records, NDJSON / ripgrep", scan("calls.ndjson"), grep("calls.ndjson"), 1.2, 0.7),
    Row("ndjson-duckdb", "call records, NDJSON / duckdb reading every field", scan("calls.ndjson"),
        rival("duckdb_ndjson", "calls.ndjson"), 2.0, 1.3),
    Row("json-duckdb", "reader alone on NDJSON / duckdb reading every field", read("calls.ndjson"),
        rival("duckdb_ndjson", "calls.ndjson"), 1.5, 1.0),
    Row("json-pyarrow", "reader alone on NDJSON / pyarrow", read("calls.ndjson"),
        rival("pyarrow_ndjson", "calls.ndjson", sys.executable), 1.0, 0.5),
    Row("json-orjson", "reader alone on NDJSON / orjson line by line", read("calls.ndjson"),
        rival("orjson_lines", "calls.ndjson"), 1.0, 0.5),
    Row("json-pandas", "throughput of the reader alone on NDJSON / pandas", read("calls.ndjson"),
        rival("pandas_ndjson", "calls-part.ndjson"), 3, 10, THROUGHPUT, True),
    Row("parquet", "call records, typed Parquet / pyarrow reading all columns", scan("calls.parquet"),
        rival("pyarrow_parquet", "calls.parquet", sys.executable), 1.8, 1.2),
    Row("text-rg", "free text / ripgrep", scan("talk.txt"), grep("talk.txt"), 1.5, 1.0),
    Row("gzip", "call records, csv.gz / zcat | wc -l", scan("calls.csv.gz"),
        Job("zcat | wc -l", ("sh", "-c", "zcat @calls.csv.gz | wc -l"), "calls.csv.gz"), 1.0, 0.6),
    Row("presidio", "throughput on call records, CSV / Presidio", scan("calls.csv"),
        rival("presidio", "calls-part.csv"), 1000, None, THROUGHPUT, True, 1),
    Row("hawk", "throughput on call records, CSV / hawk-scanner", scan("calls.csv"),
        rival("hawk", "calls-eighth.csv"), 100, None, THROUGHPUT, True, 1),
    Row("dataprofiler", "throughput on call records, CSV / DataProfiler", scan("calls.csv"),
        rival("dataprofiler", "calls-eighth.csv"), 20, None, THROUGHPUT, True, 1),
    Row("peak", "peak memory on eight times the rows, MB", scan("calls-eightfold.csv", "--memory", "512M"),
        scan("calls.csv", "--memory", "512M"), 700, None, PEAK, False, 1),
    Row("peak-growth", "peak memory on eight times the rows / on the rows",
        scan("calls-eightfold.csv", "--memory", "512M"), scan("calls.csv", "--memory", "512M"), 1.1, None, PEAKS,
        False, 1),
    Row("linear", "seconds a row on 16 times the rows / on the rows", scan("calls-double.csv"),
        scan("calls-eighth.csv"), 1.1, None, PER_ROW),
    Row("workers", "2 workers / 1 worker", scan("calls.csv", "--workers", "2"), scan("calls.csv", "--workers", "1"),
        1.7, 1.9, SPEED_UP, True),
    Row("start", 'a CSV of 1 KB / python -c "import pyarrow.csv"', scan("calls-tiny.csv"),
        Job("import pyarrow.csv", (sys.executable, "-c", "import pyarrow.csv"), "calls-tiny.csv"), 3, 2),
    Row("many", "small files, files a second", scan("many"), scan("calls-tiny.csv"), 800, 2000, RATE, True, 3),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Bench:
    """One run of the suite."""

    folder: Path
    rows: int
    rivals: str
    """The rivals' interpreter."""

    def units(self, name: str) -> int:
        """Rows, or files, of an input."""
        _, share, least = INPUTS[name]
        return max(least, round(self.rows * share))

    def path(self, name: str) -> Path:
        """Where an input lies once `make` has made it."""
        return self.folder / f"{self.units(name)}" / name

    def make(self, names: Iterable[str]) -> None:
        """Make the inputs that are not there yet."""
        for name in names:
            path, kind = self.path(name), INPUTS[name][0]
            if path.exists():
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            print(f"making {name}, {self.units(name):,} {'files' if kind == 'many' else 'rows'}", file=sys.stderr)
            if kind == "many":
                inputs.write_many(path, self.units(name))
            else:
                inputs.write(kind, path, self.units(name))

    def command(self, job: Job) -> list[str]:
        """The command of a job with its paths."""
        words = [word.replace("{rivals}", self.rivals) for word in job.command]
        return [word.replace(f"@{job.input}", str(self.path(job.input))) for word in words]

    def size(self, name: str) -> int:
        """Bytes of an input."""
        path = self.path(name)
        return (
            sum(one.stat().st_size for one in path.rglob("*") if one.is_file())
            if path.is_dir()
            else path.stat().st_size
        )

    def measure(self, row: Row, turns: int) -> tuple[Measure, Measure]:
        """Run a row's two jobs in turns."""
        taken: tuple[list[tuple[float, float, float]], ...] = ([], [])
        for turn in range(turns + 1):
            for kept, job in zip(taken, (row.ours, row.rival), strict=True):
                sample = run(self.command(job))
                if turn:
                    kept.append(sample)
        return self.medians(row.ours, taken[0]), self.medians(row.rival, taken[1])

    def medians(self, job: Job, taken: list[tuple[float, float, float]]) -> Measure:
        """What the turns of a job come to."""
        wall, cpu, peak = (statistics.median(one) for one in zip(*taken, strict=True))
        return Measure(wall, cpu, peak, self.size(job.input), self.units(job.input))


class JobFailed(Exception):
    """A command ended with an error."""


def run(command: list[str]) -> tuple[float, float, float]:
    """Seconds of wall and of CPU, and MB at the peak, of a command."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=HERE.parent)
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise JobFailed(
            f"{Path(command[0]).name} ended with {process.returncode}: {said[-300:].decode(errors='replace')}"
        )
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def number(value: float) -> str:
    """A figure with three digits that count."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def line(row: Row, ours: Measure, other: Measure) -> str:
    """One row of the table."""
    figure = row.figure(ours, other)
    sign, met = ("≥", figure >= row.bar) if row.at_least else ("≤", figure <= row.bar)
    cells = (
        row.name, row.work.replace("|", "\\|"), f"{number(ours.size / 1e6)} MB", number(ours.wall), number(other.wall),
        number(ours.cpu), number(ours.peak), f"**{number(figure)}**", f"{sign} {number(row.bar)}",
        number(row.aim) if row.aim else "", "holds" if met else "falls short",
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


HEAD = """\
| row | work | input | scan, s | rival, s | scan, CPU s | scan, peak MB | figure | bar | aim | |
|---|---|---|---|---|---|---|---|---|---|---|
"""


def machine() -> list[str]:
    """What the figures were measured on."""
    found = Path("/proc/cpuinfo")
    names = [one for one in found.read_text().splitlines() if one.startswith("model name")] if found.exists() else []
    model = names[0].partition(":")[2].strip() if names else platform.processor()
    return [f"{os.cpu_count()} cores, {model}", f"{platform.system()}, CPython {platform.python_version()}"]


def versions(rivals: str) -> str:
    """Versions of everything that ran."""
    out = [f"{name} {version(name)}" for name in ("breachscan", "pyarrow", "numba", "numpy")]
    if shutil.which("rg"):
        out.append(
            subprocess.run(["rg", "--version"], capture_output=True, text=True, check=True).stdout.split("\n")[0]
        )
    if not Path(rivals).exists():
        return ", ".join(out)
    names = [one.split(">")[0] for one in (HERE / "rivals.txt").read_text().splitlines() if one and one[0] != "#"]
    ask = "import sys,importlib.metadata as m\nfor n in sys.argv[1:]: print(n, m.version(n))"
    asked = subprocess.run([rivals, "-c", ask, *names], capture_output=True, text=True, check=False)
    return ", ".join((*out, *asked.stdout.splitlines()))


def missing(job: Job, rivals: str) -> str | None:
    """What a job needs that is not here."""
    if job.command[0] == "rg" and shutil.which("rg") is None:
        return "ripgrep (`rg`) is not on PATH"
    if job.command[0] == "{rivals}" and not Path(rivals).exists():
        return "the rivals' environment is not there; `make bench` builds it"
    return None


def main() -> int:
    """Run the command line; 1 where a job failed, bars are only reported."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=DEFAULT_ROWS, help="of the call records; the rest follows")
    parser.add_argument("--only", default="", help=f"some of {', '.join(row.name for row in ROWS)}")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--folder", type=Path, default=HERE.parent / "out" / "bench", help="where inputs are kept")
    parser.add_argument("--rivals", default=str(HERE.parent / ".venv-rivals" / "bin" / "python"), metavar="PYTHON")
    parser.add_argument("--output", type=Path, help="write the table there too")
    chosen = parser.parse_args()
    only = {name for name in chosen.only.split(",") if name}
    if unknown := only - {row.name for row in ROWS}:
        parser.error(f"no row is named {', '.join(sorted(unknown))}")
    rows = [row for row in ROWS if not only or row.name in only]
    bench = Bench(chosen.folder, chosen.rows, chosen.rivals)
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    about = [*machine(), versions(chosen.rivals), f"{datetime.now(UTC):%Y-%m-%d}, {chosen.turns} turns, warm cache"]
    report = [
        "# Benchmarks",
        "",
        "Written by `make bench`; seconds are medians.",
        "",
        *(f"- {one}" for one in about),
        "",
    ]
    print("\n".join(report) + "\n" + HEAD, end="")
    table, failed = "", 0
    for row in rows:
        lack = missing(row.rival, chosen.rivals)
        try:
            if lack is None:
                bench.make((row.ours.input, row.rival.input))
                made = line(row, *bench.measure(row, row.turns or chosen.turns))
            else:
                made = f"| {row.name} | not measured: {lack} ||||||||||"
        except JobFailed as error:
            failed = 1
            made = f"| {row.name} | failed: {' '.join(str(error).split())} ||||||||||"
        print(made, flush=True)
        table += made + "\n"
    told = [f"- {name.replace('_', ' ')}: {what}" for name, what in TOLD.items()]
    told.append(f"- ripgrep: `{MSISDN}` and `{CNIC}`, counting matches, without Unicode classes")
    notes = "\n".join(("", "What the rivals were told:", "", *told, ""))
    print(notes)
    if chosen.output:
        chosen.output.write_text("\n".join(report) + "\n" + HEAD + table + notes, encoding="utf-8")
    return failed


if __name__ == "__main__":
    sys.exit(main())
