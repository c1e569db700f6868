"""What columns are taken for, against what they are: column types × column types, for the scanner and for other tools.

`python -m benchmarks.confusion --rivals PYTHON --output FILE TRUTH REPORT [TRUTH REPORT …]` takes labelled corpora
(`truth.json`: the types that each column may have, and `data_root`, where the files lie) and the JSON reports of scans
of them. The first table is of every column of every format. For the others the plain CSV tables of the corpora are
written out clean, their first `ROWS` rows, and given in one run to the scanner and to each tool of `labelling.py`.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.calibration import allowed, labelled
from benchmarks.labelling import TOLD

ROWS = 200
Pairs = Counter[tuple[str, str]]
"""(what it is, what it was taken for) → columns."""


def pair(column: dict[str, Any], claimed: str) -> tuple[str, str]:
    """A column's place in the table: any of the types that it may have is right."""
    types = allowed(column)
    return (claimed if claimed in types else types[0], claimed)


def of_reports(truths: Sequence[Path], reports: Sequence[Path]) -> Pairs:
    """Every labelled column of the artifacts that were found."""
    return Counter(
        pair(wanted, column["type"] if column is not None else "other")
        for truth, report in zip(truths, reports, strict=True)
        for wanted, column in labelled(truth, report)
    )


def plain_rows(path: Path, columns: list[dict[str, Any]]) -> list[list[str]] | None:
    """The first rows below a header that says what the labels say, or None where it is no such plain table."""
    names = [column["name"] for column in columns]
    for delimiter in ",;\t|":
        try:
            with path.open(encoding="utf-8", newline="") as file:
                rows = [row for row, _ in zip(csv.reader(file, delimiter=delimiter), range(ROWS + 1), strict=False)]
        except (UnicodeError, csv.Error):
            return None
        if rows and rows[0] == names and len(names) > 1 and all(len(row) == len(names) for row in rows):
            return rows
    return None


def write_tables(truths: Sequence[Path], folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Write the plain CSV tables of the corpora to a folder; file name → its labelled columns."""
    out = {}
    for number, truth in enumerate(truths):
        document = json.loads(truth.read_text(encoding="utf-8"))
        for artifact in document["artifacts"]:
            path = truth.parent / document["data_root"] / artifact["path"]
            if artifact["format"] != "csv" or not artifact["columns"] or not path.is_file():
                continue
            rows = plain_rows(path, artifact["columns"])
            if rows:
                name = f"{number}-{len(out):05}.csv"
                with (folder / name).open("w", encoding="utf-8", newline="") as file:
                    csv.writer(file).writerows(rows)
                out[name] = artifact["columns"]
    return out


def ours(folder: Path) -> dict[str, list[str]]:
    """What the scanner takes the columns of a folder's files for."""
    command = [sys.executable, "-m", "scanner", "scan", str(folder), "--format", "json", "-q"]
    done = subprocess.run(command, capture_output=True, check=False)
    return {
        Path(artifact["path"]).name: [column["type"] for column in artifact["columns"]]
        for artifact in json.loads(done.stdout)["artifacts"]
    }


def theirs(python: str, tool: str, folder: Path) -> dict[str, list[str]]:
    """What another tool takes them for."""
    command = [python, str(Path(__file__).with_name("labelling.py")), tool, str(folder)]
    quiet = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True, env=quiet)
    made: dict[str, list[str]] = json.loads(done.stdout)
    return made


def of_labels(tables: dict[str, list[dict[str, Any]]], labels: dict[str, list[str]]) -> Pairs:
    """The labelled columns of tables against what they were taken for."""
    out: Pairs = Counter()
    for name, columns in tables.items():
        claimed = labels.get(name, [])
        for place, column in enumerate(columns):
            out[pair(column, claimed[place] if place < len(claimed) else "other")] += 1
    return out


def quality(pairs: Pairs) -> tuple[float, float, float]:
    """Precision, recall and F1 over the columns that are something other than `other`."""
    right = sum(count for (is_, taken), count in pairs.items() if is_ == taken != "other")
    claimed = sum(count for (_, taken), count in pairs.items() if taken != "other")
    wanted = sum(count for (is_, _), count in pairs.items() if is_ != "other")
    precision, recall = right / max(1, claimed), right / max(1, wanted)
    return precision, recall, 2 * precision * recall / max(1e-9, precision + recall)


def matrix(pairs: Pairs) -> list[str]:
    """Markdown: a row for each type that columns have, what they were taken for; empty cells are none."""
    types = [*sorted({one for both in pairs for one in both if one != "other"}), "other"]
    taken = [one for one in types if any(pairs[row, one] for row in types)]
    lines = ["| is \\ taken for | " + " | ".join(taken) + " |", "|---|" + "---:|" * len(taken)]
    for row in types:
        if any(pairs[row, one] for one in taken):
            cells = (f"**{pairs[row, one]}**" if row == one else str(pairs[row, one] or "") for one in taken)
            lines.append(f"| {row} | " + " | ".join(cells) + " |")
    return lines


def main(arguments: Iterable[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path, metavar="TRUTH REPORT")
    parser.add_argument("--rivals", required=True, help="interpreter of an environment with rivals.txt")
    parser.add_argument("--output", type=Path, required=True, help="write the tables as Markdown")
    options = parser.parse_args(None if arguments is None else list(arguments))
    if len(options.files) % 2:
        parser.error("give each truth.json with its report")
    truths, reports = options.files[::2], options.files[1::2]
    whole = of_reports(truths, reports)
    with tempfile.TemporaryDirectory() as name:
        tables = write_tables(truths, Path(name))
        found: dict[str, Pairs] = {}
        for tool in ("breachscan", *TOLD):
            labels = ours(Path(name)) if tool == "breachscan" else theirs(options.rivals, tool, Path(name))
            found[tool] = of_labels(tables, labels)
    columns = sum(len(one) for one in tables.values())
    told = {"breachscan": "nothing", **TOLD}
    lines = [
        "# What columns are taken for",
        "",
        f"By `python -m benchmarks.confusion`, breachscan {version('breachscan')}, on {len(truths)} labelled corpora "
        "of invented files. A column that may be of several types counts under the one it was taken for, if that is "
        "one of them. The scanner was developed against corpora of the same kind; the other tools were not. "
        "Precision, recall and F1 are over columns whose type is not `other`.",
        "",
        f"## The same {len(tables)} CSV tables ({columns:,} columns, the first {ROWS} rows) in one run",
        "",
        "| tool | told | precision | recall | F1 |",
        "|---|---|---:|---:|---:|",
    ]
    for tool, pairs in found.items():
        precision, recall, f1 = quality(pairs)
        lines.append(f"| {tool} | {told[tool]} | {precision:.3f} | {recall:.3f} | {f1:.3f} |")
    precision, recall, f1 = quality(whole)
    lines += [
        "",
        f"## breachscan on every column of every format ({whole.total():,} columns: F1 {f1:.3f})",
        "",
        *matrix(whole),
    ]
    for tool, pairs in found.items():
        lines += ["", f"## {tool} on the CSV tables", "", *matrix(pairs)]
    options.output.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
