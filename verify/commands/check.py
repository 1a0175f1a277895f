"""`hardmax check`: the independent checker, as it stands in its own file."""

import click

from .. import checker


@click.command()
@click.argument("certificates", nargs=-1, required=True, metavar="CERTIFICATE...")
def check(certificates: tuple[str, ...]) -> int:
    """Check certificates, or folders of *.cert.json files, with the independent checker.

    Exit status: 0 all accepted, 1 one refused, 2 one cannot be read.
    """
    return checker.main(list(certificates))


__all__ = ["check"]
