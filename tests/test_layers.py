"""Who may import whom. The table is the architecture; an exception stands in it with its reason."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "scanner"

BASE = frozenset(
    {
        "errors",
        "terms",
        "options",
        "model",
        "masking",
        "compiled",
        "civil",
        "lanes",
        "records",
        "sets",
        "kernel_sets",
        "vault",
        "digesting",
        "identifiers",
        "packs",
    }
)

#: Part of the package → the other parts that its modules may import.
LAYERS: dict[str, frozenset[str]] = {
    "errors": frozenset({"terms"}),
    "terms": frozenset(),
    "options": frozenset({"errors", "terms"}),
    # `ScanResult.to_arrow` is a shorthand for the table rendering, imported when called.
    "model": frozenset({"terms", "report"}),
    "masking": frozenset({"terms"}),
    "compiled": frozenset(),
    "civil": frozenset({"compiled"}),
    "lanes": frozenset(),
    "records": frozenset(),
    "kernel_sets": frozenset({"compiled", "lanes"}),
    "vault": frozenset({"errors"}),
    "digesting": frozenset(),
    "sets": frozenset({"compiled", "errors", "kernel_sets", "vault"}),
    # The code tables that a validator checks against are the packs'; they are loaded when first asked for.
    "identifiers": frozenset({"errors", "terms", "packs"}),
    "packs": frozenset({"errors", "terms", "options", "model", "identifiers"}),
    "ingest": BASE,
    "detect": BASE | {"ingest"},  # the chunks that readers hand over
    "structure": BASE,
    "score": BASE,
    # a comparison is rendered from its sides, which hold exact sets and not only what a report shows
    "report": BASE | {"score"},
    "hashes": BASE | {"detect"},
    "estimates": BASE | {"detect", "ingest"},
    "shards": BASE | {"ingest", "detect"},
    "engines": BASE | {"ingest", "detect", "shards"},
    "inspection": BASE | {"ingest", "engines"},
    "pipeline": BASE | {"ingest", "detect", "estimates", "structure", "score", "hashes", "shards", "engines"},
    "__init__": frozenset({"errors", "options", "model", "pipeline"}),
    # purposes of a disclosure, and comparisons: both are asked of what a scan found
    # the digest of a large file begins before the rest is loaded
    "cli": BASE | {"inspection", "pipeline", "report", "score", "__init__"},
    "__main__": frozenset({"cli"}),
}

#: Of another part, what may be imported where only its interface is meant.
INTERFACES = {(part, "ingest"): "scanner.ingest.interface" for part in ("detect", "estimates", "shards")}

#: Modules that would reach a network; the tool works offline.
NETWORK = frozenset({"socket", "http", "urllib", "requests", "ftplib", "smtplib", "socketserver", "xmlrpc", "asyncio"})

#: Third-party packages that stand in some parts only; the JSON kernels, which are never interpreted, extend numba.
AT_HOME = {
    "click": {"cli"},
    "rich": {"cli", "report"},
    "numba": {"compiled", "lanes", "ingest"},
    "llvmlite": {"compiled", "lanes", "ingest"},
}


def _modules() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


def _part(path: Path) -> str:
    first = path.relative_to(ROOT).parts[0]
    return first.removesuffix(".py")


def _imports(path: Path) -> Iterator[str]:
    """Every module imported anywhere in a file, absolute."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            module = node.module or ""
            if module in ("scanner", *(f"scanner.{part}" for part in LAYERS)):
                yield from (f"{module}.{name.name}" for name in node.names)
            else:
                yield module


@pytest.mark.parametrize("path", _modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_module_imports_only_what_its_layer_may(path: Path) -> None:
    part = _part(path)
    assert part in LAYERS, f"{part} has no row in LAYERS"
    for name in _imports(path):
        steps = name.split(".")
        if steps[0] != "scanner" or len(steps) < 2:
            continue
        other = steps[1] if steps[1] in LAYERS else "__init__"
        if other in (part, "__init__") and part != "__init__":
            continue
        if part == other:
            continue
        assert other in LAYERS[part], f"{part} imports {name}"
        if interface := INTERFACES.get((part, other)):
            assert name.startswith(interface), f"of {other}, {part} may import {interface} only"


@pytest.mark.parametrize("path", _modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_module_reaches_no_network_and_keeps_packages_at_home(path: Path) -> None:
    for name in _imports(path):
        first = name.split(".")[0]
        assert first not in NETWORK, f"{name} could reach a network"
        assert _part(path) in AT_HOME.get(first, {_part(path)}), f"{first} is imported outside {AT_HOME.get(first)}"


def test_table_has_no_row_without_a_module() -> None:
    assert set(LAYERS) <= {_part(path) for path in _modules()}
