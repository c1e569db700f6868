"""The command line. Commands are loaded when they are called, so that `--help` and completion answer at once."""

from __future__ import annotations

import atexit
import contextlib
import errno
import gc
import importlib
import os
import sys
from pathlib import Path
from typing import Any

import click

from scanner import __version__
from scanner.cli.exits import Exit
from scanner.cli.failures import describe
from scanner.errors import OptionError, PatternError

# numpy starts threads for linear algebra, of which there is none here, and each spins for a while
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

_status: list[int] = []
"""What a command line that is done with ends with."""


def _leave() -> None:
    """End at once: the interpreter would free all that was ever made, one by one, before it ends."""
    gc.freeze()  # at least it need not look for what could be freed
    with contextlib.suppress(OSError, ValueError):  # of which the interpreter tells
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        if _status:
            os._exit(_status[0])


atexit.register(_leave)  # first, and thus after all else that is to be done at the end

#: Command → module that holds it as `command`, and its line in the list of commands.
COMMANDS = {
    "scan": ("scanner.cli.scan", "Say what files and folders are, whom they expose and how badly."),
    "explain": ("scanner.cli.explain", "Show why each column and structure of a file was judged so."),
    "inspect": ("scanner.cli.inspect", "Show what a file holds: containers, members, tables."),
    "check-disclosure": (
        "scanner.cli.check_disclosure",
        "Say which columns go beyond what a lawful disclosure needs.",
    ),
    "compare": ("scanner.cli.compare", "Show two files, folders or reports side by side."),
    "patterns": ("scanner.cli.patterns", "List, show and test the rule packs."),
    "completion": ("scanner.cli.completion", "Print the completion script of a shell."),
}


def _version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if not wanted or context.resilient_parsing:
        return
    click.echo(f"breachscan {__version__}")
    context.exit()


class Main(click.Group):
    """A group that loads a command when it is called and turns every failure into an exit status."""

    def main(self, *arguments: Any, **named: Any) -> Any:
        """Run the command line, that of the process where no `arguments` are given."""
        try:
            return super().main(*arguments, **named)
        except SystemExit as end:
            if not arguments and named.get("args") is None and isinstance(end.code, int):
                _status.append(end.code)
            raise

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of COMMANDS."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, loaded; None where there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(COMMANDS[cmd_name][0]).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without loading one."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what it raises ends as one line on standard error and an exit status."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except (OptionError, PatternError) as error:
            click.echo(f"Error: {describe(error)}", err=True)
            ctx.exit(Exit.USAGE)
        except KeyboardInterrupt:
            click.echo("Interrupted.", err=True)
            ctx.exit(Exit.FAILED)
        except Exception as error:
            if isinstance(error, OSError) and error.errno == errno.EPIPE:
                raise  # whoever read the output has left; click ends quietly
            click.echo(f"Error: {describe(error, frames=bool(ctx.obj and ctx.obj.get('frames')))}", err=True)
            ctx.exit(Exit.FAILED)


EPILOG = """\b
Examples:
  breachscan scan seized/                          the report for people
  breachscan scan drop.csv -o report.json --format json
  breachscan scan seized/ --fail-on high -q        exit status 1 from `high` on
  breachscan explain seized/cdr.csv                why it was judged so
"""


@click.command(cls=Main, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version.")
@click.pass_context
def main(context: click.Context) -> None:
    """Say what a suspected telecom leak is, whom it exposes and how badly.

    Works offline: nothing is sent anywhere, and no output holds a whole identifier unless --reveal is given.
    """
    context.ensure_object(dict)


def patterns_option(command: Any) -> Any:
    """The option --patterns, the same for every command that reads rule packs."""
    return click.option(
        "--patterns",
        type=click.Path(exists=True, path_type=Path),
        metavar="DIR",
        help="Folder with rule packs, or one such file, laid over the built-in ones.",
    )(command)
