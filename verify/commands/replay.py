"""`hardmax replay`: does a counterexample still fail?"""

from pathlib import Path

import click

from ...kernels.errors import InputError
from ...kernels.exact.configuration_file import read_configuration
from ...reports.records.codec import RecordError
from ...reports.records.store import CONFIG, read_counterexample
from ..claims.conclusion import examine

SAYS = {
    "refuted": "It still fails.",
    "undecided": "Whether it still fails is not known.",
    "vacuous": "Whether it still fails was not examined: the claim says nothing about this configuration.",
}


@click.command()
@click.argument("bundle", metavar="BUNDLE", type=click.Path(path_type=Path))
def replay(bundle: Path) -> int:
    """Examine the claim on the configuration of the folder BUNDLE once more.

    Exit status: 1 it still fails, 0 it does not, 3 undecided or not examined.
    """
    try:
        record = read_counterexample(bundle)
    except RecordError as error:
        raise InputError(str(error)) from None
    finding = examine(record.claim, read_configuration(bundle / CONFIG))
    click.echo(f"{record.claim}: {record.statement}\n{finding.verdict}: {finding.message}")
    click.echo(SAYS.get(finding.verdict, "It does not fail any more."))
    return {"refuted": 1, "undecided": 3, "vacuous": 3}.get(finding.verdict, 0)
