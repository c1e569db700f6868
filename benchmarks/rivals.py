"""What the benchmarks compare with: `python rivals.py NAME FILE` does the rival's work on a file and prints nothing.

Run by the rivals' own interpreter (rivals.txt), so nothing here imports the scanner. `TOLD` says what each was told.
"""

import contextlib
import csv
import os
import sys
import tempfile
from pathlib import Path

MSISDN = r"\b(?:\+?92|0092|0)?3[0-9]{9}\b"
CNIC = r"\b[1-7][0-9]{4}-?[0-9]{7}-?[0-9]\b"

TOLD = {
    "pyarrow_csv": "open_csv, blocks of 8 MiB, every column binary",
    "pyarrow_parquet": "read_table, every column",
    "duckdb_ndjson": "read_ndjson with its own types, every field fetched as Arrow batches",
    "pyarrow_ndjson": "open_json, blocks of 8 MiB, its own types",
    "orjson_lines": "loads on every line, values dropped",
    "pandas_ndjson": "read_json(lines=True), no dates",
    "presidio": "recognizers for MSISDN and CNIC with ripgrep's two expressions, no language model, analyze_dict",
    "hawk": "fingerprints for MSISDN and CNIC with ripgrep's two expressions",
    "dataprofiler": "Profiler with its default options, but for the data labeler, which needs TensorFlow",
}  # fmt: skip


def pyarrow_csv(path):
    import pyarrow as pa
    import pyarrow.csv

    with path.open(encoding="utf-8") as file:
        names = file.readline().strip().replace('"', "").split(",")
    convert = pyarrow.csv.ConvertOptions(column_types={name: pa.binary() for name in names})
    for _ in pyarrow.csv.open_csv(str(path), pyarrow.csv.ReadOptions(block_size=8 << 20), convert_options=convert):
        pass


def pyarrow_parquet(path):
    import pyarrow.parquet

    pyarrow.parquet.read_table(path)


def duckdb_ndjson(path):
    import duckdb

    for _ in duckdb.read_json(str(path), format="newline_delimited").to_arrow_reader(1_000_000):
        pass


def pyarrow_ndjson(path):
    import pyarrow.json

    for _ in pyarrow.json.open_json(str(path), pyarrow.json.ReadOptions(block_size=8 << 20)):
        pass


def orjson_lines(path):
    import orjson

    with path.open("rb") as file:
        for line in file:
            orjson.loads(line)


def pandas_ndjson(path):
    import pandas

    pandas.read_json(path, lines=True, convert_dates=False)


def presidio(path):
    from presidio_analyzer import AnalyzerEngine, BatchAnalyzerEngine, Pattern, PatternRecognizer, RecognizerRegistry
    from presidio_analyzer.nlp_engine import NoOpNlpEngine

    registry = RecognizerRegistry()
    for name, expression in (("MSISDN", MSISDN), ("CNIC", CNIC)):
        registry.add_recognizer(PatternRecognizer(name, name=name, patterns=[Pattern(name, expression, 0.5)]))
    engine = AnalyzerEngine(
        registry=registry,
        nlp_engine=NoOpNlpEngine(models=[{"lang_code": "en", "model_name": "none"}]),
        supported_languages=["en"],
    )
    with path.open(encoding="utf-8", newline="") as file:
        columns = {cells[0]: cells[1:] for cells in zip(*csv.reader(file), strict=True)}
    for _ in BatchAnalyzerEngine(engine).analyze_dict(columns, language="en"):
        pass


def hawk(path):
    """Its report holds the values in clear, so that it is written to a folder that goes away."""
    import json

    from hawk_scanner.main import main

    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        Path("fingerprint.yml").write_text(f"MSISDN: '{MSISDN}'\nCNIC: '{CNIC}'\n", encoding="utf-8")
        source = {"sources": {"fs": {"file": {"path": str(path)}}}}
        Path("connection.yml").write_text(json.dumps(source), encoding="utf-8")
        options = (
            "--connection connection.yml --fingerprint fingerprint.yml --json out.json --quiet --shutup --no-write"
        )
        sys.argv = ["hawk_scanner", "fs", *options.split()]
        main()


def dataprofiler(path):
    import dataprofiler as dp

    dp.set_verbosity(40)
    options = dp.ProfilerOptions()
    options.set({"data_labeler.is_enabled": False})
    dp.Profiler(dp.Data(str(path)), options=options).report({"output_format": "compact"})


if __name__ == "__main__":
    name, file = sys.argv[1:]
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, contextlib.redirect_stdout(nowhere):
        globals()[name](Path(file).resolve())
