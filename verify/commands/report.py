"""`hardmax report`: the records of a run as pages."""

from pathlib import Path

import click

from ...reports.printable import path_text
from .parts.output import render


@click.command()
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
def report(directory: Path) -> int:
    """Turn the records in DIR into report.html and the machine-readable reports beside it, and print a summary."""
    from rich.console import Console

    for path in render(directory, Console()):
        click.echo(path_text(path))
    return 0
