"""The command line: parses, calls, prints; every computation lives below.

One module per command. `pinched evaluate` is the main job, `pinched demo` shows it on simulated sweeps.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from pinched import __version__
from pinched.cli import array, dataset, surrogate, transport
from pinched.cli.check import check
from pinched.cli.convert import convert
from pinched.cli.correct import correct
from pinched.cli.evaluate import demo, evaluate
from pinched.cli.extract import extract
from pinched.cli.fit import fit
from pinched.cli.inspect import inspect
from pinched.cli.reproduce import reproduce
from pinched.cli.simulate import simulate

app = typer.Typer(
    name="pinched",
    help="From measurements on a memristor to the accuracy of a neural network on hardware made of it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.command()(evaluate)
app.command()(extract)
app.command()(check)
app.command()(fit)
app.command()(simulate)
app.command()(convert)
app.command()(inspect)
app.command()(correct)
app.command()(demo)
app.command()(reproduce)
app.add_typer(dataset.app, name="dataset")
app.add_typer(transport.app, name="transport")
app.add_typer(surrogate.app, name="surrogate")
app.add_typer(array.app, name="array")


def _version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"pinched {__version__}\n")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """From measurements on a memristor to the accuracy of a neural network on hardware made of it."""


def main() -> None:
    """Entry point of the `pinched` command."""
    # A console that cannot show a character shows "?", it does not end the program (Windows, cp1252).
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")
    try:
        app()
    except BrokenPipeError:
        # The reader of a pipe went away (`pinched ... | head`): not an error of ours.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
