"""Scores the reader of delimited text on the Pollock benchmark: `python -m benchmarks.pollock FOLDER`.

FOLDER holds `csv/` and `clean/` of https://github.com/HPI-Information-Systems/Pollock. The measures are those of its
paper (Vitagliano et al., "Pollock: A Data Loading Benchmark", PVLDB 16(8), 2023) and its `evaluate.py`: success, and
precision, recall and F1 of the header's cells, the records and the cells as multisets; the score is their
sum, 10 at best, averaged over the files. Cells are compared as text: every loader is told to leave types alone. The
rivals run in an interpreter that has them (--python); each works a file out by itself, as the scanner must. Where the
folder has no clean form of a file, that of the unpolluted `source.csv` is what the pollution was applied to.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from importlib.metadata import version
from pathlib import Path

Rows = list[list[str]]
MEASURES = ("success", "header P", "header R", "header F1", "record P", "record R", "record F1", "cell P", "cell R",
            "cell F1")  # fmt: skip


def breachscan(path: Path) -> Rows:
    """The first table of a file, as the scanner's own reader hands it on."""
    from scanner.ingest import open_source
    from scanner.ingest.sources import FileSource
    from scanner.options import ScanOptions

    stream = next(iter(open_source(FileSource(path, str(path)), ScanOptions())))
    rows: Rows = [[name or "" for name in stream.head.columns]] if any(stream.head.columns) else []
    for part in stream.parts:
        columns = [column.to_pylist() for column in part.read().columns]
        texts = ([cell if isinstance(cell, str) else cell.decode("utf-8", "replace") for cell in row]
                 for row in zip(*columns, strict=True))  # fmt: skip
        rows.extend(texts)
    return rows


def csv_module(path: Path) -> Rows:
    """Python's csv with its sniffer."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        dialect = csv.Sniffer().sniff(file.read(65536))
        file.seek(0)
        return list(csv.reader(file, dialect))


def clevercsv(path: Path) -> Rows:
    """CleverCSV with the dialect that it detects."""
    import clevercsv as clever  # type: ignore[import-not-found]

    return [list(row) for row in clever.read_table(str(path))]


def pandas(path: Path) -> Rows:
    """pandas, Python engine with its sniffer, bad lines left out."""
    import pandas as pd

    frame = pd.read_csv(path, sep=None, engine="python", dtype=str, keep_default_na=False, on_bad_lines="skip")
    return [
        list(map(str, frame.columns)),
        *[["" if cell is None else str(cell) for cell in row] for row in frame.values],
    ]


def pyarrow(path: Path) -> Rows:
    """pyarrow with its defaults, every column text, invalid rows left out."""
    import pyarrow as pa
    import pyarrow.csv as arrow

    parse = arrow.ParseOptions(newlines_in_values=True, invalid_row_handler=lambda row: "skip")
    table = arrow.read_csv(path, parse_options=parse)
    types = {name: pa.string() for name in table.column_names}
    table = arrow.read_csv(path, parse_options=parse, convert_options=arrow.ConvertOptions(column_types=types))
    cells = [["" if cell is None else cell for cell in column.to_pylist()] for column in table.columns]
    return [list(table.column_names), *map(list, zip(*cells, strict=True))]


def duckdb(path: Path) -> Rows:
    """duckdb with its sniffer, every column text, rejected rows left out."""
    import duckdb as duck  # type: ignore[import-not-found]

    found = duck.read_csv(str(path), all_varchar=True, ignore_errors=True, null_padding=True)
    return [list(found.columns), *[["" if cell is None else cell for cell in row] for row in found.fetchall()]]


LOADERS: dict[str, Callable[[Path], Rows]] = {
    "breachscan": breachscan,
    "duckdb": duckdb,
    "clevercsv": clevercsv,
    "pandas": pandas,
    "csv": csv_module,
    "pyarrow": pyarrow,
}


def _agreement(expected: Iterable[object], loaded: Iterable[object]) -> tuple[float, float, float]:
    """Precision, recall and F1 as the benchmark has them, shares of the expected and of the loaded."""
    want, got = Counter(expected), Counter(loaded)
    if not want:
        return 1.0, 1.0, 1.0
    both = sum((want & got).values())
    if not both:
        return 0.0, 0.0, 0.0
    first, second = both / sum(want.values()), both / sum(got.values())
    return first, second, 2 * first * second / (first + second)


def measures(clean: Rows, loaded: Rows | None) -> tuple[float, ...]:
    """The ten measures of one file; all 0 where it could not be loaded."""
    if loaded is None:
        return (0.0,) * len(MEASURES)
    if not clean:
        return (1.0,) * len(MEASURES)
    lowered = [[cell.lower() for cell in row] for row in clean], [[cell.lower() for cell in row] for row in loaded]
    header = _agreement(*(rows[0] if rows else [] for rows in lowered))
    records = _agreement(*(["".join(row) for row in rows[1:]] for rows in lowered))
    cells = _agreement(*((cell for row in rows for cell in row) for rows in (clean, loaded)))
    return (1.0, *header, *records, *cells)


def scored(name: str, folder: Path) -> list[tuple[float, ...]]:
    """The measures of one loader on every file."""
    source = folder / "csv" / "source.csv"
    out = []
    for path in sorted((folder / "csv").glob("*.csv")):
        clean = folder / "clean" / path.name
        with (clean if clean.exists() else source).open(encoding="utf-8-sig", newline="") as file:
            expected = list(csv.reader(file))
        try:
            loaded: Rows | None = LOADERS[name](path)
        except Exception:  # what a loader raises is a file that it does not load
            loaded = None
        out.append(measures(expected, loaded))
    return out


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--python", default=sys.executable, help="interpreter that has the rivals")
    parser.add_argument("--only", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        found = scored(options.only, options.folder)
        module = {"csv": "python"}.get(options.only, options.only)
        made = sys.version.split()[0] if module == "python" else version(module)
        print(json.dumps({"version": made, "scores": found}))
        return
    lines = []
    for name in LOADERS:
        if name == "breachscan":
            made, found = version(name), scored(name, options.folder)
        else:
            command = [options.python, __file__, str(options.folder), "--only", name]
            answer = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
            made, found = answer["version"], answer["scores"]
        means = [sum(column) / len(found) for column in zip(*found, strict=True)]
        whole = sum(all(value == 1 for value in one) for one in found)
        lines.append((sum(means), f"{name} {made}", means, whole, len(found)))
    print(f"| of {lines[0][4]} files | score of 10 | {' | '.join(MEASURES)} | files without a flaw |")
    print("|---|--:|" + "--:|" * (len(MEASURES) + 1))
    for total, name, means, whole, _ in sorted(lines, reverse=True):
        print(f"| {name} | **{total:.3f}** | {' | '.join(f'{mean:.3f}' for mean in means)} | {whole} |")


if __name__ == "__main__":
    main()
