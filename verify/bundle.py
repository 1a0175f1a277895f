"""Bundles: a refutation as a folder that a person can read, replay and run without this package.

`config.json`, `record.json`, `repro.py` (standard library only) and, where there is one, `certificate.json`.

Neighbours: `repro_script` is the text of `repro.py`; the command line writes the folder and replays it.
"""

import json
import shlex
from importlib.resources import files
from typing import Any

from ..kernels.configuration import Configuration
from ..kernels.configuration_file import configuration_to_json
from ..kernels.rational_text import rational_text
from .case import Case
from .claims.clustering import CLAIMS as CLUSTERING
from .claims.clustering import case_places, moving_token
from .claims.registry import Claim, Finding
from .evidence import Interior, Neither, Outside, Place
from .proof import Frozen, SelfSimilar, Undecided
from .records import trajectory_record

FAILS = {
    Interior: "lies on the boundary of the polytope K",
    Outside: "lies on the boundary of the polytope K",
    Neither: "is a vertex of K or the projection of the origin on a face of K",
}
MOST_LAYERS = 60
"""Layers that `repro.py` computes: with plain fractions, more would take long."""


def python_configuration(configuration: Configuration) -> str:
    """The Python expression that makes the configuration, with `Fraction` and `Configuration` in scope."""
    c = configuration

    def rows(matrix: Any) -> str:
        return "[" + ", ".join("[" + ", ".join(_number(v) for v in row) + "]" for row in matrix) + "]"

    parts = [rows(c.tokens), rows(c.A), _number(c.alpha) if c.alpha is not None else f"{c.step!r}"]
    if c.labels is not None:
        parts.append(f"labels={list(c.labels)!r}")
    if max(c.multiplicities) > 1:
        parts.append(f"multiplicities={list(c.multiplicities)!r}")
    if c.follow != "largest":
        parts.append(f"follow={c.follow!r}")
    return f"Configuration({', '.join(parts)})"


def _number(value: Any) -> str:
    text = rational_text(value)
    return text if value.denominator == 1 else f"Fraction({text.replace('/', ', ')})"


def counterexample_record(
    name: str,
    claim: Claim,
    case: Case,
    finding: Finding,
    *,
    folder: str,
    conclusion: Claim | None = None,
    certificate: str | None = None,
) -> dict[str, Any]:
    """The record of a refutation.

    Args:
        name: the name of its folder.
        claim: the claim that was tested.
        case: the configuration with its outcome.
        finding: what refuted it.
        folder: where the bundle is, as the user may type it.
        conclusion: the clustering claim that fails, where `claim` is about all of them.
        certificate: the name of the certificate file in the folder.
    """
    outcome, c = case.outcome, case.configuration
    failing = conclusion or claim
    place = _bad_place(case)
    frozen = isinstance(outcome, Frozen)
    expression = python_configuration(c)
    theorem = claim.family in ("clustering", "necessity")
    unmet = [h for h, met in c.hypotheses().items() if theorem and not met]
    return {
        "format": "hardmax-counterexample",
        "version": 1,
        "id": name,
        "claim": claim.id,
        "statement": claim.statement,
        "fails": failing.statement.rpartition("then ")[2],
        "because": finding.message,
        "layer": finding.layer,
        "tokens": [place[0]] if place and theorem else [] if finding.token is None else [finding.token],
        "dropped": unmet,
        "configuration": configuration_to_json(c),
        "trajectory": trajectory_record(c, outcome, finding.layer or 0),
        "freeze_layer": outcome.freeze_layer if frozen else None,
        "leaders": {} if isinstance(outcome, Undecided) else {str(i): k for i, k in sorted(outcome.leaders.items())},
        "limits": [list(map(rational_text, s)) for s in outcome.limits] if frozen else None,
        "vertices": [list(map(rational_text, v)) for v in sorted({outcome.limits[i] for i in outcome.leaders})]
        if frozen
        else None,
        "certificate": certificate,
        "replay": f"hardmax replay {shlex.quote(folder)}",
        "snippet": (
            "from fractions import Fraction\n"
            "from hardmax.kernels import Configuration, HarmonicStep\n"
            "from hardmax.verify import examine\n\n"
            f"configuration = {expression}\n"
            f"print(examine({claim.id!r}, configuration))\n"
        ),
        "example": f"@example({expression})",
    }


def _bad_place(case: Case) -> tuple[int, Place] | None:
    """The first token whose limit breaks the theorem, with its place."""
    outcome = case.outcome
    if isinstance(outcome, Frozen) and outcome.leaders:
        for s, place in case_places(case).items():
            if isinstance(place, Interior | Outside | Neither):
                return outcome.limits.index(s), place
    return None


def repro_text(claim: Claim, case: Case, finding: Finding) -> str:
    """The text of `repro.py`: the script, and the counterexample as its data."""
    outcome = case.outcome
    data: dict[str, Any] = {
        "claim": claim.id,
        "statement": claim.statement,
        "configuration": configuration_to_json(case.configuration),
    }
    found = _bad_place(case)
    moving = moving_token(outcome) if isinstance(outcome, SelfSimilar) else None
    last = outcome.phases[-1].first + outcome.phases[-1].layers
    data["layers"] = min(MOST_LAYERS, max(last, (finding.layer or 0) + 2))
    if claim.family in ("lemmas", "metamorphic"):
        data["shown_by"], data["layers"] = "lemma", min(MOST_LAYERS, (finding.layer or 0) + 2)
    elif claim.family == "frank_wolfe":
        data["shown_by"] = "rate"
        data["evidence"] = {"token": finding.token, "layer": finding.layer}
        data["layers"] = min(MOST_LAYERS, last + 2)
    elif found is not None and isinstance(outcome, Frozen):
        token, place = found
        data["shown_by"] = "place"
        data["evidence"] = {
            "kind": type(place).__name__.lower(),
            "token": token,
            "point": list(map(rational_text, outcome.limits[token])),
        }
        if isinstance(place, Interior | Neither):
            data["evidence"]["weights"] = {str(i): rational_text(x) for i, x in place.weights.items()}
        if isinstance(place, Outside) and place.normal is not None:
            data["evidence"]["normal"] = list(map(rational_text, place.normal))
    elif isinstance(outcome, SelfSimilar) and moving is not None:
        data["shown_by"] = "cycle"
        data["evidence"] = {"token": moving, "first": outcome.layer, "last": outcome.layer + outcome.period}
        data["layers"] = outcome.layer + outcome.period + 1
    else:
        data["shown_by"] = "no leader"
    script = files("hardmax.verify").joinpath("repro_script.py").read_text(encoding="utf-8")
    text = json.dumps(data, indent=1, ensure_ascii=True)
    run = "if __name__ == '__main__':\n    import json\n\n    raise SystemExit(main(json.loads(CASE)))\n"
    return f"{script}\n\nCASE = {text!r}\n\n{run}"


def failing_conclusion(case: Case) -> tuple[Claim, Finding] | None:
    """The first of the clustering claims that this case refutes."""
    for claim in CLUSTERING:
        finding = claim.check(case)
        if finding.verdict == "refuted":
            return claim, finding
    return None


__all__ = ["counterexample_record", "failing_conclusion", "python_configuration", "repro_text"]
