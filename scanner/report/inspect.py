"""What a file holds, as a tree of containers, files and tables."""

from __future__ import annotations

from typing import IO

from rich.text import Text
from rich.tree import Tree

from scanner.model import Artifact, ScanResult
from scanner.report import gate
from scanner.report.text import paper
from scanner.report.words import count, printable, size
from scanner.terms import Status


def _leaf(name: str, one: Artifact) -> Text:
    text = Text.assemble((printable(name), "bold"), f"  {one.format.value}")
    if one.encoding:
        text.append(f", {one.encoding}")
    if one.status in (Status.COMPLETE, Status.PARTIAL):
        text.append(f", {count(one.rows, 'row')}")
        if one.columns:
            text.append(f", {count(len(one.columns), 'column')}")
    if one.size_bytes is not None:
        text.append(f", {size(one.size_bytes)}", style="dim")
    if one.status is not Status.COMPLETE:
        text.append(f"  {one.status.value}", style="yellow")
    for problem in one.problems:
        row = f" (row {problem.row:,})" if problem.row is not None else ""
        text.append(f"\n{problem.code.value}{row}: {printable(problem.message)}", style="yellow")
    return text


def write_tree(result: ScanResult, out: IO[str], *, reveal: bool = False, width: int | None = None) -> None:
    """Write one tree for each outermost file: containers, their members, and the tables within."""
    roots: dict[str, Tree] = {}
    nodes: dict[tuple[str, ...], Tree] = {}
    for one in gate.show(result, reveal).artifacts:
        steps = tuple(one.path.split("!"))
        for depth in range(1, len(steps) + 1):
            key, last = steps[:depth], depth == len(steps)
            label = _leaf(key[-1], one) if last else Text(printable(key[-1]), style="bold")
            if key in nodes and not last:
                continue
            if depth == 1:
                nodes[key] = Tree(label, guide_style="dim")
                roots.setdefault("!".join(steps) if last else key[0], nodes[key])
            else:
                nodes[key] = nodes[key[:-1]].add(label)
    with paper(out, width) as on:
        for tree in roots.values():
            on.print(tree)
