"""`hardmax replay`: does a counterexample still fail?"""

import sys
from contextlib import redirect_stdout
from pathlib import Path

import click

from ...kernels.errors import InputError
from ...kernels.exact.configuration_file import read_configuration
from ...kernels.exact.model import named, register
from ...reports.records.codec import RecordError
from ...reports.records.record import CounterexampleRecord
from ...reports.records.store import CONFIG, read_counterexample
from ..claims.conclusion import examine
from ..claims.registry import Claim, select_claims
from .parts.options import models

SAYS = {
    "refuted": "It still fails.",
    "undecided": "Whether it still fails is not known.",
    "vacuous": "Whether it still fails was not examined: the claim says nothing about this configuration.",
}


@click.command()
@click.argument("bundle", metavar="BUNDLE", type=click.Path(path_type=Path))
@click.option("--claims", "place", metavar="CLAIM", help="Where the claim is now: mine.py:name or pkg.module:name.")
@models
def replay(bundle: Path, place: str | None, models: str | None) -> int:
    """Examine the claim on the configuration of the folder BUNDLE once more.

    Exit status: 1 it still fails, 0 it does not, 3 undecided or not examined.
    """
    try:
        record = read_counterexample(bundle)
    except RecordError as error:
        raise InputError(str(error)) from None
    if models:
        with redirect_stdout(sys.stderr):
            register(models)
    configuration = read_configuration(bundle / CONFIG)
    own = (claim for claim in named(configuration.model.claims) if claim.id == record.claim)
    claim = next(own, None) if place is None else None
    claim = claim or _claim(record, place or record.place or record.claim)
    finding = examine(claim, configuration)
    click.echo(f"{record.claim}: {record.statement}")
    if record.sha256 is not None and claim.sha256 != record.sha256:
        click.echo(f"The claim's file has changed since then: {claim.place}")
    click.echo(f"{finding.verdict}: {finding.message}\n{SAYS.get(finding.verdict, 'It does not fail any more.')}")
    return {"refuted": 1, "undecided": 3, "vacuous": 3}.get(finding.verdict, 0)


def _claim(record: CounterexampleRecord, place: str) -> Claim:
    """The claim of a record, loaded from where it is."""
    try:
        with redirect_stdout(sys.stderr):
            found = [claim for claim in select_claims(place) if claim.id.endswith(record.claim.rpartition(".")[2])]
    except InputError as error:
        raise InputError(f"the claim {record.claim} cannot be loaded: {error}; give --claims mine.py:name") from None
    if len(found) != 1:
        raise InputError(f"{place} has {len(found)} claims of the name {record.claim}; give --claims mine.py:name")
    return found[0]
