"""`hardmax check`: the independent checker, as it stands in its own folder."""

import click

from ..certificates.checker.command import MEMORY, SECONDS, run


@click.command()
@click.argument("certificates", nargs=-1, required=True, metavar="CERTIFICATE...")
@click.option("--seconds", type=click.IntRange(min=1), default=SECONDS, help=f"Processor time for each [{SECONDS}].")
@click.option("--memory", type=click.IntRange(min=1), default=MEMORY, help=f"Megabytes of memory [{MEMORY}].")
def check(certificates: tuple[str, ...], seconds: int, memory: int) -> int:
    """Check certificates, or folders of *.cert.json files, with the independent checker.

    Exit status: 0 all accepted, 1 one refused, 2 one cannot be read, 3 one not checked within the limits.
    """
    return run(certificates, seconds, memory)
