"""Times each reader and container beside a library that reads the same format: `python -m benchmarks.reading`.

It makes its inputs (invented subscribers, `--rows` of them in the text tables), runs reader and rival in turns, each in
a process of its own that reads a small file of the format first and then the input, and writes medians and ratios of
CPU time as a table (--output). What is timed is reading alone: every cell is parsed, nothing is detected. The rivals
run in an interpreter that has them (--rivals).
"""

from __future__ import annotations

import argparse
import bz2
import gzip
import io
import json
import lzma
import os
import sqlite3
import statistics
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

NAMES = ("msisdn", "cnic", "name", "address", "created", "balance")
#: Rows of the file that is read first, enough for all that the input needs to be loaded.
SMALL = 3000
TURNS = 3


def records(rows: int) -> Iterator[tuple[str, ...]]:
    """Invented subscribers, the same in every run."""
    from benchmarks.inputs import CITIES, FAMILY, GIVEN

    for row in range(rows):
        given, family = GIVEN[row % len(GIVEN)], FAMILY[row // 7 % len(FAMILY)]
        yield (
            f"92300{row * 7_654_321 % 10**7:07d}",
            f"35202-{row * 48_271 % 10**7:07d}-{row % 9 + 1}",
            f"{given} {family}",
            f"House {row % 900}, Street {row % 37}, {CITIES[row % len(CITIES)]}",
            f"2024-{row % 12 + 1:02d}-{row % 28 + 1:02d} {row % 24:02d}:{row % 60:02d}:00",
            f"{row % 100_000 / 100:.2f}",
        )


def _csv(path: Path, rows: int) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(",".join(NAMES) + "\n")
        file.writelines(",".join(f'"{cell}"' if "," in cell else cell for cell in row) + "\n" for row in records(rows))


def _text_of(rows: int) -> bytes:
    sink = io.StringIO()
    sink.writelines(",".join(row) + "\n" for row in records(rows))
    return sink.getvalue().encode()


def _ndjson(path: Path, rows: int) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(dict(zip(NAMES, row, strict=True))) + "\n" for row in records(rows))


def _json(path: Path, rows: int) -> None:
    path.write_text(json.dumps([dict(zip(NAMES, row, strict=True)) for row in records(rows)]), encoding="utf-8")


def _table(rows: int) -> Any:
    import pyarrow as pa

    return pa.table(dict(zip(NAMES, map(list, zip(*records(rows), strict=True)), strict=True)))


def _parquet(path: Path, rows: int) -> None:
    import pyarrow.parquet

    pyarrow.parquet.write_table(_table(rows), path)


def _orc(path: Path, rows: int) -> None:
    import pyarrow.orc

    pyarrow.orc.write_table(_table(rows), path)


def _xlsx(path: Path, rows: int) -> None:
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("people")
    sheet.append(NAMES)
    for row in records(rows):
        sheet.append(row)
    book.save(path)


def _xml(path: Path, rows: int) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write("<people>\n")
        for row in records(rows):
            fields = "".join(f"<{name}>{cell}</{name}>" for name, cell in zip(NAMES, row, strict=True))
            file.write(f"<person>{fields}</person>\n")
        file.write("</people>\n")


def _html(path: Path, rows: int) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(f"<html><body><table><tr>{''.join(f'<th>{name}</th>' for name in NAMES)}</tr>\n")
        for row in records(rows):
            file.write(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>\n")
        file.write("</table></body></html>\n")


def _sqlite(path: Path, rows: int) -> None:
    path.unlink(missing_ok=True)
    with sqlite3.connect(path) as connection:
        connection.execute(f"CREATE TABLE people ({', '.join(f'{name} TEXT' for name in NAMES)})")
        connection.executemany("INSERT INTO people VALUES (?, ?, ?, ?, ?, ?)", records(rows))


def _sql(path: Path, rows: int) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(f"CREATE TABLE people ({', '.join(f'{name} text' for name in NAMES)});\n")
        held = [f"({', '.join(repr(cell) for cell in row)})" for row in records(rows)]
        for at in range(0, rows, 500):
            file.write(f"INSERT INTO people VALUES {','.join(held[at : at + 500])};\n")


def _avro(path: Path, rows: int) -> None:
    import fastavro

    schema = {"type": "record", "name": "r", "fields": [{"name": name, "type": "string"} for name in NAMES]}
    with path.open("wb") as file:
        fastavro.writer(file, schema, (dict(zip(NAMES, row, strict=True)) for row in records(rows)), codec="deflate")


def _zip(path: Path, rows: int) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("people.csv", _text_of(rows))


def _7z(path: Path, rows: int) -> None:
    import py7zr

    with py7zr.SevenZipFile(path, "w") as archive:
        archive.writestr(_text_of(rows), "people.csv")


def _tar(path: Path, rows: int) -> None:
    data = _text_of(rows)
    with tarfile.open(path, "w:gz") as archive:
        info = tarfile.TarInfo("people.csv")
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))


def _packed(pack: Callable[[bytes], bytes]) -> Callable[[Path, int], None]:
    return lambda path, rows: path.write_bytes(pack(_text_of(rows))) and None


# --- what reads them; each returns rows, or bytes of a container's members ---


def breachscan(path: str) -> int:
    """The scanner's own reader, on one thread."""
    from benchmarks.readers import read

    return read(path, 1)


def members(path: str) -> int:
    """The scanner's own container: bytes of the members."""
    from scanner.ingest.containers.registry import CONTAINERS
    from scanner.ingest.interface import Stream
    from scanner.ingest.sources import FileSource
    from scanner.options import ScanOptions

    def below(source: Any) -> int:
        head = source.head()
        one = next((one for one in CONTAINERS if one.recognise(head, source.path)), None)
        if one is None:
            with source.stream() as stream:
                return sum(map(len, iter(lambda: stream.read(1 << 18), b"")))
        items = one.members(source, ScanOptions())
        return sum(below(item) for item in items if not isinstance(item, Stream))

    return below(FileSource(Path(path), path))


def pyarrow_csv(path: str) -> int:
    from pyarrow import csv

    options = csv.ReadOptions(use_threads=False)
    return sum(batch.num_rows for batch in csv.open_csv(path, options))


def pandas_csv(path: str) -> int:
    import pandas

    return len(pandas.read_csv(path, dtype=str))


def pyarrow_json(path: str) -> int:
    from pyarrow import json as reader

    return int(reader.read_json(path, reader.ReadOptions(use_threads=False)).num_rows)


def duckdb_json(path: str) -> int:
    import duckdb  # type: ignore[import-not-found]

    connection = duckdb.connect(config={"threads": 1})
    return int(connection.sql("SELECT * FROM read_json_auto(?)", params=[path]).to_arrow_table().num_rows)


def json_module(path: str) -> int:
    return len(json.loads(Path(path).read_bytes()))


def pyarrow_parquet(path: str) -> int:
    import pyarrow.parquet

    return sum(batch.num_rows for batch in pyarrow.parquet.ParquetFile(path).iter_batches(use_threads=False))


def pyarrow_orc(path: str) -> int:
    import pyarrow.orc

    file = pyarrow.orc.ORCFile(path)
    return sum(file.read_stripe(stripe).num_rows for stripe in range(file.nstripes))


def openpyxl_rows(path: str) -> int:
    import openpyxl

    return sum(1 for _ in openpyxl.load_workbook(path, read_only=True).active.iter_rows(values_only=True)) - 1


def calamine_rows(path: str) -> int:
    import python_calamine

    return len(python_calamine.CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()) - 1


def lxml_events(path: str) -> int:
    from lxml import etree

    rows = 0
    for _, element in etree.iterparse(path, tag="person"):
        rows += 1
        element.clear()
        while element.getprevious() is not None:
            del element.getparent()[0]
    return rows


def pandas_html(path: str) -> int:
    import pandas

    return len(pandas.read_html(path)[0])


def sqlite_rows(path: str) -> int:
    with sqlite3.connect(path) as connection:
        return sum(1 for _ in connection.execute("SELECT * FROM people"))


def sqlite_dump(path: str) -> int:
    with sqlite3.connect(":memory:") as connection:
        connection.executescript(Path(path).read_text(encoding="utf-8"))
        return int(connection.execute("SELECT count(*) FROM people").fetchone()[0])


def sqlglot_dump(path: str) -> int:
    import sqlglot  # type: ignore[import-not-found]

    statements = sqlglot.parse(Path(path).read_text(encoding="utf-8"), read="mysql")
    return sum(len(one.expression.expressions) for one in statements[1:])


def fastavro_rows(path: str) -> int:
    import fastavro

    with open(path, "rb") as file:  # noqa: PTH123
        return sum(1 for _ in fastavro.reader(file))


def _drained(stream: Any) -> int:
    return sum(map(len, iter(lambda: stream.read(1 << 18), b"")))


def zipfile_bytes(path: str) -> int:
    with zipfile.ZipFile(path) as archive:
        return sum(_drained(archive.open(info)) for info in archive.infolist())


def tarfile_bytes(path: str) -> int:
    with tarfile.open(path, "r|*") as archive:
        return sum(_drained(archive.extractfile(info)) for info in archive)


def py7zr_bytes(path: str) -> int:
    import py7zr
    from py7zr.io import BytesIOFactory

    factory = BytesIOFactory(1 << 40)
    with py7zr.SevenZipFile(path) as archive:
        archive.extractall(factory=factory)
    return sum(one.size() for one in factory.products.values())


def gzip_bytes(path: str) -> int:
    with gzip.open(path) as stream:
        return _drained(stream)


def bz2_bytes(path: str) -> int:
    with bz2.open(path) as stream:
        return _drained(stream)


def lzma_bytes(path: str) -> int:
    with lzma.open(path) as stream:
        return _drained(stream)


#: Suffix → what makes the file, share of the rows asked for, the scanner's function, rivals by name.
INPUTS: dict[str, tuple[Callable[[Path, int], None], float, Callable[[str], int], dict[str, Callable[[str], int]]]] = {
    "csv": (_csv, 10, breachscan, {"pyarrow": pyarrow_csv, "pandas": pandas_csv}),
    "ndjson": (_ndjson, 4, breachscan, {"pyarrow": pyarrow_json, "duckdb": duckdb_json}),
    "json": (_json, 2, breachscan, {"json": json_module, "duckdb": duckdb_json}),
    "parquet": (_parquet, 10, breachscan, {"pyarrow": pyarrow_parquet}),
    "orc": (_orc, 4, breachscan, {"pyarrow": pyarrow_orc}),
    "avro": (_avro, 1, breachscan, {"fastavro": fastavro_rows}),
    "xlsx": (_xlsx, 1 / 4, breachscan, {"openpyxl": openpyxl_rows, "calamine": calamine_rows}),
    "sqlite": (_sqlite, 1, breachscan, {"sqlite3": sqlite_rows}),
    "sql": (_sql, 1, breachscan, {"sqlite3": sqlite_dump}),
    "small.sql": (_sql, 1 / 20, breachscan, {"sqlglot": sqlglot_dump}),
    "xml": (_xml, 1 / 2, breachscan, {"lxml": lxml_events}),
    "html": (_html, 1 / 4, breachscan, {"pandas": pandas_html}),
    "zip": (_zip, 10, members, {"zipfile": zipfile_bytes}),
    "7z": (_7z, 1, members, {"py7zr": py7zr_bytes}),
    "tar.gz": (_tar, 10, members, {"tarfile": tarfile_bytes}),
    "gz": (_packed(gzip.compress), 10, members, {"gzip": gzip_bytes}),
    "bz2": (_packed(bz2.compress), 1, members, {"bz2": bz2_bytes}),
    "xz": (_packed(lzma.compress), 1, members, {"lzma": lzma_bytes}),
}


def _one(suffix: str, name: str, folder: Path) -> None:
    """Print what reading one input took: rows or bytes, and seconds of CPU."""
    _, _, ours, rivals = INPUTS[suffix]
    function = ours if name == "breachscan" else rivals[name]
    function(str(folder / f"small.{suffix}"))
    begin = time.process_time()
    found = function(str(folder / f"people.{suffix}"))
    print(json.dumps([found, time.process_time() - begin]))


def _timed(python: str, suffix: str, name: str, folder: Path) -> tuple[int, float, int]:
    """What was found, seconds of CPU, and the most memory in bytes."""
    command = [python, "-m", "benchmarks.reading", "--one", suffix, name, "--folder", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    text = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{suffix}: {name} ended with {process.returncode}")
    found, seconds = json.loads(text)
    return found, seconds, usage.ru_maxrss * 1024


def table(rows: int, folder: Path, python: str, only: set[str]) -> str:
    """The table of all formats."""
    lines = [
        "| format | MB | rival | breachscan, CPU s | rival, CPU s | ratio | breachscan, peak MB | rival, peak MB |",
        "|---|--:|---|--:|--:|--:|--:|--:|",
    ]
    for suffix, (_, share, _, rivals) in INPUTS.items():
        if only and suffix not in only:
            continue
        for name, count in (("small", SMALL), ("people", max(SMALL, int(rows * share)))):
            # in a process of its own: those that are timed would begin with the memory of this one
            making = [sys.executable, "-m", "benchmarks.reading", "--make", suffix, name, str(count)]
            subprocess.run([*making, "--folder", str(folder)], check=True)
        size = (folder / f"people.{suffix}").stat().st_size / 1e6
        runs: dict[str, list[tuple[int, float, int]]] = {"breachscan": [], **{name: [] for name in rivals}}
        for _ in range(TURNS):
            for name, done in runs.items():
                done.append(_timed(sys.executable if name == "breachscan" else python, suffix, name, folder))
        found = {name: {run[0] for run in done} for name, done in runs.items()}
        if len(set().union(*found.values())) > 1:
            raise SystemExit(f"{suffix}: readers differ in what they find: {found}")
        seconds = {name: statistics.median(run[1] for run in done) for name, done in runs.items()}
        peaks = {name: statistics.median(run[2] for run in done) / 1e6 for name, done in runs.items()}
        for name in rivals:
            lines.append(
                f"| {suffix} | {size:.1f} | {name} | {seconds['breachscan']:.2f} | {seconds[name]:.2f} | "
                f"{seconds['breachscan'] / seconds[name]:.2f} | {peaks['breachscan']:.0f} | {peaks[name]:.0f} |"
            )
            print(lines[-1], file=sys.stderr, flush=True)
        (folder / f"people.{suffix}").unlink()
    return "\n".join(lines)


def main() -> int:
    """Time all, or one."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reading", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, default=Path("out/reading"))
    parser.add_argument("--rivals", default=sys.executable, help="an interpreter that has the rivals")
    parser.add_argument("--only", default="", help="formats, with commas between them")
    parser.add_argument("--output", type=Path)
    parser.add_argument("--one", nargs=2, metavar=("FORMAT", "READER"), help="time one reader once")
    parser.add_argument("--make", nargs=3, metavar=("FORMAT", "NAME", "ROWS"), help="make one input")
    given = parser.parse_args()
    if given.make:
        suffix, name, count = given.make
        INPUTS[suffix][0](given.folder / f"{name}.{suffix}", int(count))
        return 0
    if given.one:
        _one(*given.one, given.folder)
        return 0
    given.folder.mkdir(parents=True, exist_ok=True)
    made = table(given.rows, given.folder, given.rivals, set(filter(None, given.only.split(","))))
    text = (
        f"# Readers beside libraries that read the same formats\n\n"
        f"Written by `python -m benchmarks.reading --rows {given.rows}` (`make readers`) on "
        f"{datetime.now(UTC):%Y-%m-%d}: one thread, medians of "
        f"{TURNS} turns, on {os.cpu_count()} cores. The ratio is that of CPU seconds, below 1 where breachscan takes "
        f"less. What is timed is reading alone, from a file in the system's cache; breachscan's time includes telling "
        f"format, encoding and dialect, and the SHA-256; that of a container (zip to xz), drawing its members, is "
        f"without them.\n\n"
        f"{made}\n"
    )
    if given.output is None:
        print(text)
    else:
        given.output.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
