"""What a file holds, as a tree of containers, files and tables, or as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import IO, Any

from rich.text import Text
from rich.tree import Tree

from scanner.model import Inspected
from scanner.report import gate
from scanner.report.document import TOOL, problem_document
from scanner.report.json_report import json_line
from scanner.report.text import paper
from scanner.report.words import count, printable, size
from scanner.terms import Counted, Status

_COLUMNS_SHOWN = 12


def _rows(one: Inspected) -> str:
    said = count(one.rows, "row")
    return {Counted.ABOUT: f"about {said}", Counted.AT_LEAST: f"at least {said}"}.get(one.counted, said)


def _label(name: str, one: Inspected) -> Text:
    text = Text.assemble((printable(name), "bold"), f"  {one.format.value}")
    if one.encoding:
        text.append(f", {one.encoding}")
    if one.detail:
        text.append(f", {printable(one.detail)}")
    if one.members is None and one.status in (Status.COMPLETE, Status.PARTIAL):
        text.append(f", {_rows(one)}")
    if one.columns:
        text.append(f", {count(len(one.columns), 'column')}")
    if one.size_bytes is not None:
        text.append(f", {size(one.size_bytes)}", style="dim")
    if one.status is not Status.COMPLETE:
        text.append(f"  {one.status.value}", style="yellow")
    named = [printable(name) for name in one.columns if name]
    if named:
        more = f" and {len(named) - _COLUMNS_SHOWN:,} more" if len(named) > _COLUMNS_SHOWN else ""
        text.append(f"\n{', '.join(named[:_COLUMNS_SHOWN])}{more}", style="dim")
    for problem in one.problems:
        row = f" (row {problem.row:,})" if problem.row is not None else ""
        text.append(f"\n{problem.code.value}{row}: {printable(problem.message)}", style="yellow")
    return text


def write_tree(found: Iterable[Inspected], out: IO[str], *, reveal: bool = False, width: int | None = None) -> None:
    """Write one tree for each outermost file: containers, their members, and the tables within."""
    roots: dict[str, Tree] = {}
    nodes: dict[tuple[str, ...], Tree] = {}
    for one in found:
        one = gate.show_inspected(one, reveal)
        steps = tuple(one.path.split("!"))
        for depth in range(1, len(steps) + 1):
            key, last = steps[:depth], depth == len(steps)
            if key not in nodes:
                label = Text(printable(key[-1]), style="bold")
                nodes[key] = Tree(label, guide_style="dim") if depth == 1 else nodes[key[:-1]].add(label)
                if depth == 1:
                    roots[key[0]] = nodes[key]
            if last:
                nodes[key].label = _label(key[-1], one)  # a container is told after its members
    with paper(out, width) as on:
        for tree in roots.values():
            on.print(tree)


def _document(one: Inspected) -> dict[str, Any]:
    made: dict[str, Any] = {
        "path": one.path,
        "format": one.format.value,
        "status": one.status.value,
        "encoding": one.encoding,
        "dialect": one.detail or None,
        "rows": one.rows,
        "rows_counted": one.counted.value,
        "columns": list(one.columns),
        "size_bytes": one.size_bytes,
        "problems": [problem_document(problem) for problem in one.problems],
    }
    if one.members is not None:
        held = one.members
        made["members"] = {"listed": held.listed, "read": held.read, "skipped": dict(held.skipped)}
    return made


def write_json(found: Iterable[Inspected], out: IO[str], *, version: str, reveal: bool = False) -> None:
    """Write one JSON document, artifacts as they come."""
    out.write(f'{{\n "tool": {json.dumps({"name": TOOL, "version": version})},\n "artifacts": [')
    for position, one in enumerate(found):
        out.write(",\n  " if position else "\n  ")
        out.write(json_line(_document(gate.show_inspected(one, reveal))).rstrip("\n"))
    out.write("\n ]\n}\n")
