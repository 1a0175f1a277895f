"""`hardmax claims`: the registry, as a table or as JSON."""

import json

import click

from ..claims.registry import all_claims


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def claims(as_json: bool) -> None:
    """List the claims: id, statement, hypotheses, source, expected status."""
    for claim in all_claims():
        source = claim.source
        if as_json:
            fields = {
                "id": claim.id,
                "family": claim.family,
                "statement": claim.statement,
                "hypotheses": list(claim.hypotheses),
                "source": {"paper": source.paper, "version": source.version, "label": source.label},
                "expected": claim.expected,
                "symbolic_identity": claim.identity is not None,
            }
            click.echo(json.dumps(fields, ensure_ascii=False))
        else:
            needs = ", ".join(claim.hypotheses) or "nothing"
            click.echo(f"{claim.id}  [{claim.expected}]\n    {claim.statement}")
            click.echo(f"    assumes {needs}; {source.paper}, {source.version}, {source.label}")


__all__ = ["claims"]
