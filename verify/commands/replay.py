"""`hardmax replay`: does a counterexample still fail?"""

from pathlib import Path

import click

from ...kernels.configuration_file import read_configuration
from ...kernels.errors import InputError
from ...reports import RecordError
from ...reports.store import CONFIG, read_counterexample
from ..examination import examine


@click.command()
@click.argument("bundle", metavar="BUNDLE", type=click.Path(path_type=Path))
def replay(bundle: Path) -> int:
    """Examine the claim on the configuration of the folder BUNDLE once more.

    Exit status: 1 it still fails, 0 it does not, 3 undecided.
    """
    try:
        record = read_counterexample(bundle)
    except RecordError as error:
        raise InputError(str(error)) from None
    finding = examine(record.claim, read_configuration(bundle / CONFIG))
    click.echo(f"{record.claim}: {record.statement}\n{finding.verdict}: {finding.message}")
    click.echo("It still fails." if finding.verdict == "refuted" else "It does not fail any more.")
    return {"refuted": 1, "undecided": 3}.get(finding.verdict, 0)


__all__ = ["replay"]
