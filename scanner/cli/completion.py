"""`breachscan completion`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

EPILOG = """\b
Examples:
  eval "$(breachscan completion bash)"                                     in ~/.bashrc
  eval "$(breachscan completion zsh)"                                      in ~/.zshrc
  breachscan completion fish > ~/.config/fish/completions/breachscan.fish
"""


@click.command("completion", epilog=EPILOG, short_help="Print the completion script of a shell.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(context: click.Context, shell: str) -> None:
    """Print the script that completes commands, options and values in a shell."""
    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"no completion for {shell}")
    click.echo(kind(context.find_root().command, {}, "breachscan", "_BREACHSCAN_COMPLETE").source())
