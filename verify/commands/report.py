"""`hardmax report`: the records of a run as pages."""

from pathlib import Path

import click

from ...kernels.errors import InputError
from ...reports import RecordError
from .output import render


@click.command()
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
def report(directory: Path) -> int:
    """Turn the records in DIR into report.html and the machine-readable reports beside it."""
    try:
        for path in render(directory):
            click.echo(str(path))
    except RecordError as error:
        raise InputError(str(error)) from None
    return 0


__all__ = ["report"]
