"""Makes the benchmarks' inputs: invented records of any size, in whole Arrow columns.

`python -m benchmarks.inputs KIND FILE ROWS` writes one file; what follows the name's first dot is its format. The same
arguments give the same bytes.

Nobody in them is real: a number follows from the index of an invented
person by a fixed shuffle over the allocated codes.
"""

from __future__ import annotations

import argparse
import gzip
import io
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from scanner.packs import load_pack

BATCH = 100_000
Ints = npt.NDArray[np.int64]

GIVEN = ["Adeel", "Amna", "Bilal", "Bushra", "Danish", "Farah", "Faisal", "Hina", "Hamza", "Iqra", "Kamran", "Sana"]
FAMILY = ["Abbasi", "Ahmed", "Baloch", "Butt", "Chaudhry", "Khan", "Malik", "Memon", "Mirza", "Qureshi", "Shah", "Awan"]
AREAS = ["Gulberg", "Model Town", "Saddar", "Satellite Town", "Hayatabad", "Clifton", "Johar Town", "Cantt", "G-9/1"]
CITIES = ["Lahore", "Karachi", "Rawalpindi", "Faisalabad", "Peshawar", "Multan", "Quetta", "Sialkot", "Hyderabad"]
CALLS = ["Incoming", "Outgoing", "Incoming SMS", "Outgoing SMS"]
TACS = (35391811, 86012304, 35745609, 35693803, 86412057)
PLAIN_TALK = [
    "kal milte hain, time confirm kar dena",
    "please send the delivery slip again, the last one did not open",
    "ok done, shukriya",
    "the parcel came back, nobody was at home and the guard would not take it",
    "rate kya hai? discount milega?",
    "meeting moved to Thursday at 4, same office, bring the signed copy",
]


@cache
def codes(table: str) -> Ints:
    """The codes of one of the pack's tables."""
    return np.array([int(code) for code in load_pack().tables[table].codes], np.int64)


def mobile(person: Ints) -> Ints:
    """Ten digits; different persons below 61 x 10^7 have different numbers."""
    known = codes("mobile_ndc")
    return known[person % len(known)] * 10**7 + (person // len(known) * 7_654_321 + 2_604_817) % 10**7


def cnic(person: Ints) -> Ints:
    """Thirteen digits."""
    known = codes("cnic_locality")
    serial = (person // len(known) * 7_320_649 + 2_345_671) % 10**7
    return (known[person % len(known)] * 10**7 + serial) * 10 + 1 + person % 9


def imsi(person: Ints) -> Ints:
    """Fifteen digits under the networks 01, 03, 04, 06 and 07."""
    return 410 * 10**12 + np.array([1, 3, 4, 6, 7])[person % 5] * 10**10 + (person * 48_271 + 10**9) % 10**10


def imei(person: Ints) -> Ints:
    """Fifteen digits that pass the Luhn check."""
    body = np.array(TACS)[person % len(TACS)] * 10**6 + person // len(TACS) * 48_271 % 10**6
    total = np.zeros(len(body), np.int64)
    for place in range(14):
        digit = body // 10**place % 10 * (2 if place % 2 == 0 else 1)
        total += digit // 10 + digit % 10
    return body * 10 + -total % 10


def text(numbers: Ints, digits: int = 0) -> pa.Array:
    """Numbers as strings, filled with zeros up to `digits`."""
    out = pa.array(numbers).cast(pa.string())
    return pc.utf8_lpad(out, digits, "0") if digits else out


def join(*parts: Any) -> pa.Array:
    """Strings and columns of strings, joined row by row."""
    return pc.binary_join_element_wise(*parts, "")


def dashed(numbers: Ints) -> pa.Array:
    """CNICs as they stand on the card."""
    return join(text(numbers // 10**8), "-", text(numbers // 10 % 10**7, 7), "-", text(numbers % 10))


def pick(words: list[str], at: Ints) -> pa.Array:
    """Words by position, round and round."""
    return pa.array(words).take(pa.array(at % len(words)))


def names(person: Ints) -> pa.Array:
    """Given and family name."""
    return join(pick(GIVEN, person), " ", pick(FAMILY, person // 7))


def moments(row: Ints) -> pa.Array:
    """A moment every three seconds since 2024-01-01."""
    return pa.array(row * 3 + 1_704_067_200).cast(pa.timestamp("s")).cast(pa.string())


def calls(row: Ints, dice: np.random.Generator, people: int) -> dict[str, Any]:
    """An operator's call records."""
    caller, called = dice.integers(0, people, len(row)), dice.integers(0, people, len(row))
    cell = dice.integers(0, 4000, len(row))
    return {
        "a_party": mobile(caller) + 92 * 10**10,
        "b_party": mobile(called) + 92 * 10**10,
        "start_time": moments(row),
        "duration": dice.integers(0, 1800, len(row)),
        "call_type": pick(CALLS, dice.integers(0, 4, len(row))),
        "cell_id": join("410-01-", text(1000 + cell // 64), "-", text(10_000 + cell)),
        "imei": imei(caller),
        "imsi": imsi(caller),
        "latitude": np.round(24.8 + cell * 0.0025, 4),
        "longitude": np.round(66.9 + cell * 0.0019, 4),
    }


def subscribers(row: Ints, dice: np.random.Generator, people: int) -> dict[str, Any]:
    """A subscriber register: one row a person."""
    spot = dice.integers(0, 10**6, len(row))
    city = pick(CITIES, spot)
    house = join("House ", text(1 + spot % 399), ", Street ", text(1 + spot % 41))
    return {
        "msisdn": join("0", text(mobile(row))),
        "name": names(row),
        "father_name": names(row // 3 + 5),
        "cnic": dashed(cnic(row)),
        "address": join(house, ", ", pick(AREAS, spot // 9), ", ", city),
        "city": city,
        "activation_date": moments(row * 40),
        "imsi": imsi(row),
    }  # fmt: skip


def talk(row: Ints, dice: np.random.Generator, people: int) -> dict[str, Any]:
    """Lines of a chat log; one in five holds a number, one in ten a number and a CNIC."""
    person = dice.integers(0, people, len(row))
    number = text(mobile(person))
    said = pc.choose(
        pa.array(np.array([0, 1, 2, 2, 2, 2, 2, 2, 2, 2])[dice.integers(0, 10, len(row))]),
        join("call 0", number, " for delivery, ask for ", names(person)),
        join(names(person), " CNIC ", dashed(cnic(person)), " mobile +92 ", number),
        pick(PLAIN_TALK, dice.integers(0, 10**6, len(row))),
    )
    return {"line": join("[", moments(row), "] ", pick(GIVEN, row), ": ", said)}


KINDS: dict[str, Callable[[Ints, np.random.Generator, int], dict[str, Any]]] = {
    "calls": calls,
    "subscribers": subscribers,
    "talk": talk,
}


def batches(kind: str, rows: int, size: int = BATCH) -> Iterator[pa.RecordBatch]:
    """The rows of a kind, `size` at a time; a tenth as many persons as rows."""
    dice = np.random.default_rng(7)
    for first in range(0, rows, size):
        row = np.arange(first, min(first + size, rows), dtype=np.int64)
        yield pa.RecordBatch.from_pydict(KINDS[kind](row, dice, max(rows // 10, 50)))


def _csv(made: Iterator[pa.RecordBatch], sink: BinaryIO) -> None:
    writer = None
    for batch in made:
        if writer is None:
            commas = any(
                pc.any(pc.match_substring(c, ",")).as_py() for c in batch.columns if pa.types.is_string(c.type)
            )
            style = "needed" if commas else "none"
            options = pyarrow.csv.WriteOptions(quoting_style=style, quoting_header="none")
            writer = pyarrow.csv.CSVWriter(sink, batch.schema, write_options=options)
        writer.write_batch(batch)
    if writer is not None:
        writer.close()


def _gzip(made: Iterator[pa.RecordBatch], sink: BinaryIO) -> None:
    with gzip.GzipFile("", "wb", 6, sink, mtime=0) as inner, io.BufferedWriter(inner, 1 << 20) as wide:
        _csv(made, wide)


def _rows(pieces: pa.Array, sink: BinaryIO) -> None:
    """Write a column of strings as it stands in memory."""
    ends = np.frombuffer(pieces.buffers()[1], np.int32)
    sink.write(memoryview(pieces.buffers()[2])[ends[0] : ends[len(pieces)]])


def _ndjson(made: Iterator[pa.RecordBatch], sink: BinaryIO) -> None:
    for batch in made:
        parts: list[Any] = []
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            quote = '"' if pa.types.is_string(column.type) else ""
            parts += [("," if parts else "{") + f'"{name}":{quote}', column.cast(pa.string()), quote]
        _rows(join(*parts, "}\n"), sink)


def _text(made: Iterator[pa.RecordBatch], sink: BinaryIO) -> None:
    for batch in made:
        _rows(join(batch.column(0), "\n"), sink)


def _parquet(made: Iterator[pa.RecordBatch], sink: BinaryIO) -> None:
    writer = None
    for batch in made:
        if writer is None:
            writer = pyarrow.parquet.ParquetWriter(sink, batch.schema)
        writer.write_batch(batch)
    if writer is not None:
        writer.close()


WRITERS: dict[str, Callable[[Iterator[pa.RecordBatch], BinaryIO], None]] = {
    "csv": _csv,
    "csv.gz": _gzip,
    "ndjson": _ndjson,
    "parquet": _parquet,
    "txt": _text,
}


def write(kind: str, path: Path, rows: int) -> None:
    """Write a file of a kind; it is there whole or not at all."""
    part = path.with_name(path.name + ".part")
    with part.open("wb") as sink:
        WRITERS[path.name.partition(".")[2]](batches(kind, rows), sink)
    part.rename(path)


def write_many(folder: Path, files: int) -> None:
    """Write many small files of 1 to 20 KB: tables, JSON lines and chats in turn, a hundred a folder."""
    dice = np.random.default_rng(11)
    kinds = (("calls", "csv", 125), ("subscribers", "ndjson", 230), ("talk", "txt", 75))
    part = folder.with_name(folder.name + ".part")
    sources = {kind: batches(kind, files * 80, 400) for kind, _, _ in kinds}
    for number in range(files):
        kind, suffix, width = kinds[number % 3]
        batch = next(sources[kind], None)
        if batch is None:
            sources[kind] = batches(kind, files * 80, 400)
            batch = next(sources[kind])
        target = part / f"{number // 100:03d}" / f"{kind}-{number:05d}.{suffix}"
        target.parent.mkdir(parents=True, exist_ok=True)
        size = 1000 * 20 ** dice.random()
        with target.open("wb") as sink:
            WRITERS[suffix](iter([batch.slice(0, max(2, int(size / width)))]), sink)
    part.rename(folder)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=[*KINDS, "many"])
    parser.add_argument("file", type=Path, help="its suffix says the format; for `many` a folder")
    parser.add_argument("rows", type=int, help="for `many` the number of files")
    chosen = parser.parse_args()
    if chosen.kind == "many":
        write_many(chosen.file, chosen.rows)
    else:
        write(chosen.kind, chosen.file, chosen.rows)


if __name__ == "__main__":
    main()
