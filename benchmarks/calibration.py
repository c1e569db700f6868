"""How often a verdict of some confidence is right, and the mapping that makes the two agree.

`python -m benchmarks.calibration TRUTH REPORT [TRUTH REPORT …]` takes labelled files (`truth.json`: for each artifact
its path and the types that each column may have) and the JSON reports of scans of them. It prints how many of the
columns whose type was claimed are right, in tenths of confidence; `--plot FILE` draws it, `--fit` prints the points
for `patterns/calibration.toml`: isotonic regression on the raw confidences, shrunk towards what was claimed where
little was seen, so that the mapping is never bolder than its evidence. Fit on reports made without a mapping.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Claim = tuple[float, bool]


def allowed(column: dict[str, Any]) -> list[str]:
    """The types that a labelled column may have, the likeliest first."""
    return [column["type"]] if isinstance(column["type"], str) else list(column["type"])


def labelled(truth: Path, report: Path) -> Iterator[tuple[dict[str, Any], dict[str, Any] | None]]:
    """Every labelled column of the artifacts that were found, with what the report says of it."""
    known = {one["path"]: one for one in json.loads(truth.read_text(encoding="utf-8"))["artifacts"]}
    for artifact in json.loads(report.read_text(encoding="utf-8"))["artifacts"]:
        path = artifact["path"]
        at = next((known[path[i:]] for i in range(len(path)) if path[i:] in known), None)
        by_place = {column["index"]: column for column in artifact["columns"]}
        for wanted in at["columns"] if at else ():
            yield wanted, by_place.get(wanted["index"])


def claims(truth: Path, report: Path, key: str) -> list[Claim]:
    """Confidence and rightness of every column whose type was claimed and can be judged."""
    return [
        (float(column[key]), column["type"] in allowed(wanted))
        for wanted, column in labelled(truth, report)
        if column is not None and column["type"] != "other" and column["name"] == wanted["name"]
    ]


def tenths(found: list[Claim]) -> list[tuple[float, int, int]]:
    """Lower edge, claims and right ones of each tenth of confidence."""
    rows = [[0, 0] for _ in range(10)]
    for confidence, right in found:
        row = rows[min(9, int(confidence * 10))]
        row[0] += 1
        row[1] += right
    return [(place / 10, count, right) for place, (count, right) in enumerate(rows)]


def isotonic(found: list[Claim], weight: float = 20.0) -> list[tuple[float, float]]:
    """Points (raw, calibrated), both rising: neighbours pooled, each shrunk to its raw value by `weight` claims."""
    raw: dict[float, list[int]] = {}
    for confidence, right in found:
        held = raw.setdefault(round(confidence, 2), [0, 0])
        held[0] += 1
        held[1] += right
    pools: list[list[float]] = []  # sum of right, claims, first raw, last raw
    for value in sorted(raw):
        count, right = raw[value]
        pools.append([right + weight * value, count + weight, value, value])
        while len(pools) > 1 and pools[-2][0] / pools[-2][1] > pools[-1][0] / pools[-1][1]:
            last = pools.pop()
            pools[-1] = [pools[-1][0] + last[0], pools[-1][1] + last[1], pools[-1][2], last[3]]
    return [((first + last) / 2, right / count) for right, count, first, last in pools]


def plot(rows: list[tuple[float, int, int]]) -> str:
    """The reliability of each tenth as SVG: bars of the share that is right, beside the line where the two agree."""
    bars = []
    for low, count, right in rows:
        if count:
            height = 200 * right / count
            left = 40 + low * 400
            bars.append(
                f'<rect x="{left:.0f}" y="{220 - height:.0f}" width="36" height="{height:.0f}" fill="#2a7"/>'
                f'<text x="{left + 18:.0f}" y="{214 - height:.0f}" font-size="9" text-anchor="middle">{count}</text>'
            )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="460" height="250" font-family="sans-serif">'
        '<rect width="460" height="250" fill="white"/>'
        + "".join(bars)
        + '<line x1="40" y1="220" x2="440" y2="20" stroke="#c33"/>'
        '<text x="240" y="244" font-size="11" text-anchor="middle">confidence stated</text>'
        '<text x="12" y="120" font-size="11" transform="rotate(-90 12 120)" text-anchor="middle">share right</text>'
        "</svg>\n"
    )


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path, metavar="TRUTH REPORT")
    parser.add_argument("--plot", type=Path, help="write an SVG")
    parser.add_argument("--fit", action="store_true", help="print the points of the mapping")
    options = parser.parse_args()
    if len(options.files) % 2:
        parser.error("give each truth.json with its report")
    found: list[Claim] = []
    for truth, report in zip(options.files[::2], options.files[1::2], strict=True):
        found += claims(truth, report, "confidence")
    rows = tenths(found)
    print("confidence   columns   right   share")
    for low, count, right in rows:
        if count:
            print(f"{low:.1f} to {low + 0.1:.1f}  {count:8,}{right:8,}  {right / count:6.3f}")
    if options.fit:
        print("points = [" + ", ".join(f"[{raw:.3f}, {made:.3f}]" for raw, made in isotonic(found)) + "]")
    if options.plot:
        options.plot.write_text(plot(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
