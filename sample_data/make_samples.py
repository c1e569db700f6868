"""Make the files of this folder: `python make_samples.py [FOLDER]`. The same bytes every time; all of it invented.

Numbers are random under prefixes that are allocated to operators, CNICs are random under real locality codes, names are
drawn from two short lists. Needs pyarrow for the Parquet file.
"""

from __future__ import annotations

import csv
import json
import random
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

MEN = ["Adeel", "Bilal", "Danish", "Faisal", "Hamza", "Imran", "Junaid", "Kamran", "Nadeem", "Omar", "Rashid", "Tariq"]
WOMEN = ["Amna", "Bushra", "Farah", "Hina", "Iqra", "Maryam", "Nadia", "Rabia", "Saima", "Sana", "Uzma", "Zainab"]
SURNAMES = [
    "Abbasi",
    "Ahmed",
    "Baloch",
    "Butt",
    "Chaudhry",
    "Khan",
    "Malik",
    "Memon",
    "Mirza",
    "Qureshi",
    "Shah",
    "Siddiqui",
]
CODES = ["300", "301", "305", "307", "312", "313", "315", "321", "322", "331", "333", "336", "341", "344", "345", "346"]
PLACES = [
    ("35202", "Lahore", "Gulberg", 31.52, 74.34),
    ("42201", "Karachi", "Gulshan-e-Iqbal", 24.92, 67.09),
    ("37405", "Rawalpindi", "Satellite Town", 33.64, 73.06),
    ("33100", "Faisalabad", "Peoples Colony", 31.41, 73.10),
    ("17301", "Peshawar", "Hayatabad", 33.98, 71.43),
    ("36302", "Multan", "Cantt", 30.19, 71.46),
]
START = datetime(2024, 3, 1)


class Person:
    """One invented subscriber."""

    def __init__(self, dice: random.Random) -> None:
        """Draw name, place and numbers."""
        man = dice.random() < 0.6
        self.name = f"{dice.choice(MEN if man else WOMEN)} {dice.choice(SURNAMES)}"
        self.father = f"{dice.choice(MEN)} {dice.choice(SURNAMES)}"
        self.sex = "M" if man else "F"
        self.code, self.city, self.area, self.latitude, self.longitude = dice.choice(PLACES)
        last = dice.choice("13579" if man else "24680")
        self.cnic = f"{self.code}-{dice.randrange(10**7):07d}-{last}"
        self.number = f"{dice.choice(CODES)}{dice.randrange(10**6, 10**7)}"
        self.imei = luhn(dice.choice(["35391811", "86012304", "35745609"]) + f"{dice.randrange(10**6):06d}")
        self.imsi = "41001" + f"{dice.randrange(10**10):010d}"
        self.passport = dice.choice(["AB", "BX", "CD", "KL"]) + f"{dice.randrange(10**6, 10**7)}"
        self.birth = datetime(1955, 1, 1) + timedelta(days=dice.randrange(365 * 48))
        self.house = f"House {dice.randrange(1, 400)}, Street {dice.randrange(1, 40)}, {self.area}, {self.city}"


def luhn(digits: str) -> str:
    """The digits with their Luhn check digit."""
    total = sum(sum(divmod(int(d) * (2 if i % 2 == 0 else 1), 10)) for i, d in enumerate(reversed(digits)))
    return digits + str(-total % 10)


def ean13(digits: str) -> str:
    """Twelve digits with their EAN-13 check digit."""
    return digits + str(-sum(int(d) * (3 if i % 2 else 1) for i, d in enumerate(digits)) % 10)


def moment(dice: random.Random) -> datetime:
    """Some second of March 2024."""
    return START + timedelta(seconds=dice.randrange(31 * 86400))


def write_csv(path: Path, header: Sequence[str], rows: Sequence[Sequence[Any]], delimiter: str = ",") -> None:
    """Write a table as CSV."""
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def calls(folder: Path, dice: random.Random, people: list[Person]) -> None:
    """Call records of an operator: semicolons, three lines of preamble with the subject's name and CNIC."""
    subject = people[0]
    rows = []
    for when in sorted(moment(dice) for _ in range(600)):
        other, place = dice.choice(people[1:]), dice.choice(PLACES)
        kind = dice.choice(["Incoming", "Outgoing", "SMS-In", "SMS-Out"])
        seconds = 0 if kind.startswith("SMS") else dice.randrange(2, 1800)
        site = f"{place[2]}, {place[1]}"
        cell = f"410-01-{dice.randrange(100, 999)}-{dice.randrange(10000, 65000)}"
        clock = when.strftime("%d/%m/%Y %H:%M:%S")
        rows.append(
            ["92" + subject.number, "92" + other.number, kind, clock, seconds, subject.imei, subject.imsi, cell, site]
        )
    path = folder / "call_records.csv"
    header = ["A-Party", "B-Party", "Call Type", "Date & Time", "Duration", "IMEI", "IMSI", "Cell ID", "Site"]
    write_csv(path, header, rows, ";")
    preamble = f"Call Detail Record\nSubscriber: {subject.name}\nCNIC: {subject.cnic}\n\n"
    path.write_text(preamble + path.read_text(encoding="utf-8"), encoding="utf-8")


def register(folder: Path, people: list[Person]) -> None:
    """A subscriber register as one JSON document with nested objects."""
    records = [
        {
            "msisdn": "0" + one.number,
            "subscriber": {"name": one.name, "father_name": one.father, "cnic": one.cnic, "gender": one.sex},
            "address": one.house,
            "activation_date": f"{2010 + i % 12}-0{1 + i % 9}-15",
        }
        for i, one in enumerate(people)
    ]
    text = json.dumps({"status": "ok", "count": len(records), "data": records}, indent=1)
    (folder / "subscriber_register.json").write_text(text + "\n", encoding="utf-8")


def locations(folder: Path, dice: random.Random, people: list[Person]) -> None:
    """Positions of subscribers, one JSON object a line."""
    with (folder / "location_pings.ndjson").open("w", encoding="utf-8") as out:
        for when in sorted(moment(dice) for _ in range(500)):
            one = dice.choice(people[:150])
            record = {
                "msisdn": "+92" + one.number,
                "ts": when.isoformat() + "+05:00",
                "lat": round(one.latitude + dice.gauss(0, 0.02), 5),
                "lon": round(one.longitude + dice.gauss(0, 0.02), 5),
                "accuracy_m": dice.randrange(5, 900),
            }
            out.write(json.dumps(record) + "\n")


def sessions(folder: Path, dice: random.Random, people: list[Person]) -> None:
    """Internet sessions with typed columns, as a data warehouse exports them."""
    began = sorted(moment(dice) for _ in range(800))
    who = [dice.choice(people[:250]) for _ in began]
    table = pa.table(
        {
            "msisdn": pa.array([int("92" + one.number) for one in who], pa.int64()),
            "imsi": pa.array([one.imsi for one in who]),
            "session_start": pa.array(began, pa.timestamp("ms")),
            "session_end": pa.array(
                [t + timedelta(seconds=dice.randrange(10, 7200)) for t in began], pa.timestamp("ms")
            ),
            "private_ip": pa.array(
                [f"10.{dice.randrange(256)}.{dice.randrange(256)}.{dice.randrange(1, 255)}" for _ in who]
            ),
            "public_ip": pa.array([f"39.40.{dice.randrange(256)}.{dice.randrange(1, 255)}" for _ in who]),
            "public_port": pa.array([dice.randrange(1024, 65535) for _ in who], pa.int32()),
            "bytes_up": pa.array([dice.randrange(10**3, 10**7) for _ in who], pa.int64()),
            "bytes_down": pa.array([dice.randrange(10**4, 10**9) for _ in who], pa.int64()),
        }
    )
    pq.write_table(table, folder / "internet_sessions.parquet", compression="zstd")


def travel(folder: Path, dice: random.Random, people: list[Person]) -> None:
    """Border crossings of named persons."""
    flights = [("PK-233", "ISB", "DXB"), ("EK-615", "ISB", "DXB"), ("PA-410", "LHE", "JED"), ("SV-701", "KHI", "RUH")]
    rows = []
    for when in sorted(moment(dice) for _ in range(300)):
        one, (flight, here, there) = dice.choice(people), dice.choice(flights)
        out = dice.random() < 0.5
        ports = (here, there) if out else (there, here)
        birth, clock = one.birth.strftime("%d-%m-%Y"), when.strftime("%d-%m-%Y %H:%M")
        way = "Departure" if out else "Arrival"
        rows.append([one.passport, one.cnic, one.name, birth, one.sex, "PAK", flight, *ports, way, clock])
    header = [
        "Passport No",
        "CNIC",
        "Name",
        "DOB",
        "Sex",
        "Nationality",
        "Flight No",
        "From",
        "To",
        "Direction",
        "Date Time",
    ]
    write_csv(folder / "travel_history.csv", header, rows)


def barcodes(folder: Path, dice: random.Random) -> None:
    """A shop's stock list: 13 digits like a CNIC, 10 and 11 like a mobile number."""
    goods = [
        "Basmati 5 kg",
        "Black tea 190 g",
        "Cooking oil 1 l",
        "Dish soap",
        "Green cardamom",
        "Long-life milk",
        "Sugar 1 kg",
    ]
    rows = [
        [
            ean13("896" + f"{dice.randrange(10**9):09d}"),
            f"{dice.choice(goods)} no. {i}",
            3000100000 + 7 * i,
            dice.randrange(500),
            f"{dice.randrange(40, 4000)}.00",
        ]
        for i in range(400)
    ]
    write_csv(folder / "harmless_barcodes.csv", ["barcode", "product", "stock_code", "in_stock", "price_pkr"], rows)


def schedule(folder: Path, dice: random.Random) -> None:
    """A flight schedule: airports, flight numbers and times, but no person."""
    ports = ["ISB", "LHE", "KHI", "PEW", "SKT", "MUX", "UET", "DXB", "JED", "DOH"]
    rows = []
    for i in range(200):
        start, end = dice.sample(ports, 2)
        leaves = START + timedelta(minutes=5 * dice.randrange(8640))
        lands = leaves + timedelta(minutes=dice.randrange(45, 300))
        clock = "%Y-%m-%d %H:%M"
        plane = dice.choice(["A320", "B777", "AT72"])
        number = f"{dice.choice(['PK', 'PA', 'ER'])}{300 + i}"
        rows.append([number, start, end, leaves.strftime(clock), lands.strftime(clock), plane, dice.randrange(60, 390)])
    header = ["flight", "origin", "dest", "sched_dep_time", "sched_arr_time", "aircraft", "seats"]
    write_csv(folder / "harmless_flight_schedule.csv", header, rows)


def main() -> None:
    """Write every file into the folder named, by default the one that this script is in."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    folder.mkdir(parents=True, exist_ok=True)
    dice = random.Random(20240301)
    people = [Person(dice) for _ in range(400)]
    calls(folder, dice, people)
    register(folder, people)
    locations(folder, dice, people)
    sessions(folder, dice, people)
    travel(folder, dice, people)
    barcodes(folder, dice)
    schedule(folder, dice)


if __name__ == "__main__":
    main()
