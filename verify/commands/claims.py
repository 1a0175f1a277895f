"""`hardmax claims`: the registry, as a table or as JSON, and the derivations of what is proved."""

import json
import sys
from contextlib import redirect_stdout

import click

from ...reports.records.codec import encode
from ..claims.registry import STUDIES, Claim, Derived, derived, select_claims


@click.command()
@click.argument("pattern", default="", metavar="[CLAIMS]")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def claims(pattern: str, as_json: bool) -> None:
    """List the claims: id, statement, hypotheses, source, expected status, and what is proved for all inputs.

    With CLAIMS (ids, globs of them, mine.py, mine.py:name; separated by commas) those claims alone, and the derivations
    that the machine has checked line by line: of a claim that is proved the whole proof, of one that rests on
    identities these identities.
    """
    with redirect_stdout(sys.stderr):
        chosen = select_claims(pattern or ["*", *(f"{family}.*" for family in STUDIES)])
    for claim in chosen:
        result = derived(claim)
        if as_json:
            click.echo(json.dumps(_fields(claim, result), ensure_ascii=False))
            continue
        standing = "" if result is None else f", {_STANDING[result.standing]}"
        needs = ", ".join(claim.assumes) or "nothing"
        click.echo(f"{claim.id}  [{claim.expected}{standing}]\n    {claim.statement}")
        click.echo(f"    assumes {needs}; {claim.source}")
        for line in result.lines if pattern and result is not None else ():
            click.echo(f"      {line}")


_STANDING = {
    "proved": "proved for all inputs",
    "rests on": "rests on identities that are shown",
    "refuted": "its derivation does NOT hold",
}


def _fields(claim: Claim, result: Derived | None) -> dict[str, object]:
    return {
        "id": claim.id,
        "family": claim.family,
        "statement": claim.statement,
        "hypotheses": list(claim.assumes),
        "source": encode(claim.source),
        "expected": claim.expected,
        "standing": None if result is None else result.standing,
        "derivation": [] if result is None else list(result.lines),
    }
