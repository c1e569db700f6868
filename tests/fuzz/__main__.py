"""Coverage-guided runs: `python -m tests.fuzz TARGET --seconds N`; what it finds lies in out/fuzz/TARGET/.

A finding that was understood is reduced (`--reduce FILE`) and kept in tests/fuzz/findings/TARGET/, where the suite
replays it.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

OUT = Path("out/fuzz")


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("target", help="name of a reader or container, or `all`")
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--memory", type=int, default=2048, help="MiB at which a run fails")
    parser.add_argument("--timeout", type=int, default=20, help="seconds on one input at which a run fails")
    parser.add_argument("--reduce", type=Path, metavar="FILE", help="make a finding as small as it can be")
    return parser.parse_args()


def _every(given: argparse.Namespace, names: list[str]) -> int:
    """Each target in a process of its own: a crash ends only that one."""
    failed = []
    for name in names:
        print(f"== {name}", flush=True)
        options = [f"--{key}={getattr(given, key)}" for key in ("seconds", "memory", "timeout")]
        if subprocess.run([sys.executable, "-m", "tests.fuzz", name, *options], check=False).returncode:
            failed.append(name)
    print(f"findings in: {', '.join(failed)}" if failed else "no findings")
    return bool(failed)


def main() -> int:
    """Run one target, or all."""
    given = _parsed()
    import atheris

    readers = "scanner.ingest.readers"
    with atheris.instrument_imports(
        include=["scanner.ingest", "zipfile", "tarfile", "email", "mailbox", "py7zr", "pypdf"],
        # kernels, which cannot be compiled with the counters in them
        exclude=[f"{readers}.{name}" for name in ("blocks", "json.cutting", "json.kernels", "sqlite_sums")],
    ):
        from tests.fuzz.seeds import seeds
        from tests.fuzz.targets import TARGETS, exercise

        for part in TARGETS.values():
            part.recognise(b"{", "")  # a reader is imported when it is first asked; later is too late for guidance

    if given.target == "all":
        return _every(given, list(TARGETS))
    if given.target not in TARGETS:
        print(f"no target {given.target}; there are: all, {', '.join(TARGETS)}", file=sys.stderr)
        return 2
    folder = OUT / given.target
    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for name, data in seeds().items():
        (corpus / f"seed-{name}").write_bytes(data)
    options = [f"-timeout={given.timeout}", f"-rss_limit_mb={given.memory}", f"-artifact_prefix={folder}/"]
    options += [f"-max_total_time={given.seconds}", "-max_len=65536", "-print_final_stats=1"]
    if given.reduce is not None:
        options += ["-minimize_crash=1", f"-exact_artifact_path={folder}/reduced", str(given.reduce)]
    else:
        options.append(str(corpus))
    atheris.Setup([sys.argv[0], *options], lambda data: exercise(given.target, data))
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
