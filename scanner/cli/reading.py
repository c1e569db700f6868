"""The options that say how far a command goes into what it reads, the same for all that read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

from scanner.errors import OptionError
from scanner.options import Limits, Sample

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12, "ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40}
_DEFAULTS = Limits()


class Size(click.ParamType[int]):
    """A number of bytes, as in 65536, 64MB or 8MiB."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The bytes that a text names."""
        if isinstance(value, int):
            return value
        match = re.fullmatch(r"(\d{1,12})\s*([kmgt]?i?)b?", str(value).strip().lower())
        if match is None or match[2] not in _UNITS:
            self.fail("expected a size such as 65536, 64MB or 8MiB", param, ctx)
        return int(match[1]) * _UNITS[match[2]]


class Part(click.ParamType[Sample]):
    """A share, as in 1%, or a number of bytes, as in 200M."""

    name = "sample"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Sample:
        """The sample that a text names."""
        if isinstance(value, Sample):
            return value
        match = re.fullmatch(r"(\d{1,2}(?:\.\d{1,6})?)\s*%", str(value).strip())
        if match is None:
            return Sample(size=Size().convert(value, param, ctx) or self.fail("a sample of nothing", param, ctx))
        if not float(match[1]):
            self.fail("a sample of nothing", param, ctx)
        return Sample(share=float(match[1]) / 100)


_OPTIONS = (
    click.option("--password", "password", multiple=True, metavar="TEXT", help="To try on what is enciphered."),
    click.option(
        "--password-file",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Passwords to try, one a line; other users do not see them as they see a command line.",
    ),
    click.option(
        "--max-depth",
        type=click.IntRange(1, 64),
        default=_DEFAULTS.max_depth,
        show_default=True,
        help="Containers within containers.",
    ),
    click.option(
        "--max-members",
        type=click.IntRange(1),
        default=_DEFAULTS.max_members,
        show_default=True,
        help="Members of one file, all containers within it together.",
    ),
    click.option(
        "--max-member", type=Size(), default="64GiB", show_default=True, help="Bytes of one member once expanded."
    ),
    click.option(
        "--max-expanded", type=Size(), default="1TiB", show_default=True, help="Bytes that one file may expand to."
    ),
    click.option(
        "--max-seconds",
        type=click.FloatRange(1),
        default=_DEFAULTS.max_seconds,
        show_default=True,
        metavar="N",
        help="Seconds that reading a file, member or table may take, with one more for each MiB of it.",
    ),
    click.option(
        "--max-memory",
        type=Size(),
        default="4GiB",
        show_default=True,
        help="Bytes of memory that reading a file may take, in the process that does it.",
    ),
)


def reading_options(command: Any) -> Any:
    """Add the options to a command; what it gets goes to `passwords_of` and `limits_of`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def passwords_of(reading: dict[str, Any]) -> tuple[str, ...]:
    """The passwords to try: those of the command line, then those of the file.

    Raises:
        OptionError: the file is no text.
    """
    file: Path | None = reading["password_file"]
    if file is None:
        return tuple(reading["password"])
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeError):
        raise OptionError("the password file cannot be read as UTF-8 text, one password a line") from None
    return (*reading["password"], *(line for line in lines if line))


def limits_of(reading: dict[str, Any]) -> Limits:
    """The limits that the options set."""
    return Limits(
        max_depth=reading["max_depth"],
        max_members=reading["max_members"],
        max_member=reading["max_member"],
        max_expanded=reading["max_expanded"],
        max_seconds=reading["max_seconds"],
        max_memory=reading["max_memory"],
    )
