"""Archives that were split: which files are parts of one by their names, and which of them lie side by side."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

#: How parts are named: `x.7z.001`; `x.z01`, last `x.zip`; `x.part1.rar`; `x.rar`, then `x.r00`.
_NUMBERED = re.compile(
    r"(?P<stem>.+\.(?:zip|7z|rar|tar|tgz|tbz2?|txz|gz|bz2|xz|zst|iso|cab|ab))\.(?P<number>\d{3,5})", re.IGNORECASE
)
_ZIP = re.compile(r"(?P<stem>.+)\.z(?P<number>\d{2,3})", re.IGNORECASE)
_RAR = re.compile(r"(?P<stem>.+)\.part(?P<number>\d{1,5})\.rar", re.IGNORECASE)
_OLD_RAR = re.compile(r"(?P<stem>.+)\.r(?P<number>\d{2,3})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Volume:
    """A file that its name makes a part of a split archive."""

    number: int
    """From 1 on, in the order in which the parts are joined."""
    parts: tuple[Path, ...]
    """All that lie side by side without a gap, in order."""
    head: Path
    """The part under whose name the archive is read: the first, or the `.zip` that ends a split zip."""
    whole: bool
    """Nothing speaks for a part that is missing."""


def volume_of(file: Path) -> Volume | None:
    """What part the file is, or None where its name says nothing of the kind."""
    name = file.name
    if found := _NUMBERED.fullmatch(name) or _RAR.fullmatch(name):
        before, number, after = name[: found.start("number")], found["number"], name[found.end("number") :]
        return _in_order(file, int(number), lambda n: f"{before}{n:0{len(number)}d}{after}")
    if found := _ZIP.fullmatch(name):
        return _with_last(file, found["stem"], int(found["number"]), name[len(found["stem"]) + 1])
    if found := _OLD_RAR.fullmatch(name):
        return _with_first(file, found["stem"], int(found["number"]) + 2)
    stem = name[:-4]
    if name.lower().endswith(".zip") and any(file.with_name(f"{stem}.{z}01").exists() for z in "zZ"):
        return _with_last(file, stem, 0, "z" if file.with_name(f"{stem}.z01").exists() else "Z")
    if name.lower().endswith(".rar") and file.with_name(f"{stem}.r00").exists():
        return _with_first(file, stem, 1)
    return None


def _in_order(file: Path, number: int, name: Callable[[int], str]) -> Volume | None:
    if number < 1:
        return None
    parts = _beside(file, 1, name)
    return Volume(number, parts, file.with_name(name(1)), number <= len(parts))


def _beside(file: Path, first: int, name: Callable[[int], str]) -> tuple[Path, ...]:
    parts: list[Path] = []
    while (part := file.with_name(name(first + len(parts)))).is_file():
        parts.append(part)
    return tuple(parts)


def _with_last(file: Path, stem: str, number: int, letter: str) -> Volume:
    parts = _beside(file, 1, lambda n: f"{stem}.{letter}{n:02d}")
    last = next((one for one in (file.with_name(stem + end) for end in (".zip", ".ZIP")) if one.is_file()), None)
    head = last or file.with_name(f"{stem}.zip")
    whole = last is not None and number <= len(parts)
    return Volume(number or len(parts) + 1, (*parts, *([last] if last else [])), head, whole)


def _with_first(file: Path, stem: str, number: int) -> Volume:
    first = file.with_name(f"{stem}.rar")
    parts = _beside(file, 0, lambda n: f"{stem}.r{n:02d}")
    whole = first.is_file() and number <= len(parts) + 1
    return Volume(number, (*([first] if first.is_file() else []), *parts), first, whole)
