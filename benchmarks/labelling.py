"""What other tools call the columns of a table: `python labelling.py TOOL FOLDER` prints JSON.

FOLDER holds clean CSV files (UTF-8, commas, one header line). Printed are, for each file, a type a column in the words
of the report's contract, or `other`. Run by the rivals' own interpreter (rivals.txt), so nothing here imports the
scanner. `TOLD` says what each tool was told, `MEANS` what its labels are taken for.
"""

import contextlib
import csv
import json
import os
import sys
from collections import Counter
from pathlib import Path

try:
    from benchmarks.rivals import CNIC, MSISDN
except ModuleNotFoundError:  # run by itself
    from rivals import CNIC, MSISDN

#: A column is given a label that this share of its filled cells has.
SHARE = 0.5

TOLD = {
    "presidio": "all its recognizers that need no language model, telephone numbers of the region PK, and recognizers "
    "for MSISDN and CNIC with ripgrep's expressions; the label that half of a column's cells have",
    "hawk-scanner": "fingerprints for MSISDN and CNIC with ripgrep's expressions (its own come from the network only); "
    "the label that half of a column's cells have",
    "DataProfiler": "default options, its data labeler included; the first of a column's labels that is known, "
    "else its data type",
    "csv-detective": "default options; a column's format",
}  # fmt: skip

MEANS = {
    "presidio": {
        "MSISDN": "msisdn", "PHONE_NUMBER": "msisdn", "CNIC": "cnic", "EMAIL_ADDRESS": "email", "IBAN_CODE": "iban",
        "IP_ADDRESS": "ip_address", "DATE_TIME": "timestamp",
    },
    "hawk-scanner": {"MSISDN": "msisdn", "CNIC": "cnic"},
    "DataProfiler": {
        "PHONE_NUMBER": "msisdn", "EMAIL_ADDRESS": "email", "IPV4": "ip_address", "IPV6": "ip_address",
        "PERSON": "person_name", "ADDRESS": "address", "DATETIME": "timestamp", "DATE": "timestamp",
        "TIME": "timestamp", "datetime": "timestamp",
    },
    "csv-detective": {
        "email": "email", "tel_fr": "msisdn", "date": "timestamp", "datetime_naive": "timestamp",
        "datetime_aware": "timestamp", "datetime_rfc822": "timestamp", "date_fr": "timestamp",
        "latitude_wgs": "latitude", "latitude_wgs_fr_metropole": "latitude", "longitude_wgs": "longitude",
        "longitude_wgs_fr_metropole": "longitude", "sexe": "sex", "adresse": "address", "pays": "country",
        "iso_country_code_alpha2": "country", "iso_country_code_alpha3": "country",
    },
}  # fmt: skip


def columns_of(path):
    """The cells of each column."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    return [[row[place] for row in rows[1:]] for place in range(len(rows[0]))]


def chosen(labels, cells):
    """The commonest label, where enough of the filled cells have it."""
    best = labels.most_common(1)
    return best[0][0] if best and best[0][1] >= SHARE * max(1, sum(1 for cell in cells if cell.strip())) else ""


def presidio(files):
    """Label a cell by its best recognised entity."""
    from presidio_analyzer import AnalyzerEngine, Pattern, PatternRecognizer, RecognizerRegistry
    from presidio_analyzer.nlp_engine import NoOpNlpEngine
    from presidio_analyzer.predefined_recognizers import PhoneRecognizer

    registry = RecognizerRegistry()
    registry.load_predefined_recognizers()
    for name in [one.name for one in registry.recognizers if one.name in ("SpacyRecognizer", "PhoneRecognizer")]:
        registry.remove_recognizer(name)
    registry.add_recognizer(PhoneRecognizer(supported_regions=("PK",)))
    for name, expression in (("MSISDN", MSISDN), ("CNIC", CNIC)):
        registry.add_recognizer(PatternRecognizer(name, name=name, patterns=[Pattern(name, expression, 0.9)]))
    engine = AnalyzerEngine(
        registry=registry,
        nlp_engine=NoOpNlpEngine(models=[{"lang_code": "en", "model_name": "none"}]),
        supported_languages=["en"],
    )
    for path in files:
        out = []
        for cells in columns_of(path):
            labels = Counter()
            for cell in cells:
                found = engine.analyze(cell, language="en") if cell.strip() else []
                if found:
                    labels[max(found, key=lambda one: (one.score, one.end - one.start)).entity_type] += 1
            out.append(chosen(labels, cells))
        yield path.name, out


def hawk_scanner(files):
    """Asked for each cell, as its readers of databases do."""
    from hawk_scanner.internals import system

    told = {"fingerprint": {"MSISDN": MSISDN, "CNIC": CNIC}, "quiet": True, "debug": False}
    for path in files:
        out = []
        for cells in columns_of(path):
            labels = Counter()
            for cell in cells:
                labels.update(one["pattern_name"] for one in system.match_strings(told, cell))
            out.append(chosen(labels, cells))
        yield path.name, out


def dataprofiler(files):
    """Labels come joined by |, the likeliest first."""
    import dataprofiler as dp
    import pandas

    dp.set_verbosity(40)
    for path in files:
        frame = pandas.read_csv(path, dtype=str, keep_default_na=False)
        report = dp.Profiler(frame).report({"output_format": "serializable"})
        out = []
        for column in report["data_stats"]:
            labels = [one for one in str(column.get("data_label", "")).split("|") if one in MEANS["DataProfiler"]]
            out.append(labels[0] if labels else str(column["data_type"]))
        yield path.name, out


def csv_detective(files):
    """One format a column."""
    from csv_detective import routine

    for path in files:
        found = routine(str(path), num_rows=-1, output_profile=False, save_results=False)["columns"]
        with path.open(encoding="utf-8", newline="") as file:
            head = next(csv.reader(file))
        yield path.name, [found[name]["format"] if name in found else "" for name in head]


TOOLS = {
    "presidio": presidio,
    "hawk-scanner": hawk_scanner,
    "DataProfiler": dataprofiler,
    "csv-detective": csv_detective,
}

if __name__ == "__main__":
    tool, folder = sys.argv[1:]
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, contextlib.redirect_stdout(nowhere):
        labelled = dict(TOOLS[tool](sorted(Path(folder).glob("*.csv"))))
    print(json.dumps({name: [MEANS[tool].get(one, "other") for one in labels] for name, labels in labelled.items()}))
