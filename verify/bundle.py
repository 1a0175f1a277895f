"""Bundles: a refutation as a folder that a person can read, replay and run without this package.

`config.json`, `record.json`, `repro.py` (standard library only) and, where there is one, `certificate.json`.

Neighbours: `repro_script` is the text of `repro.py`; the command line writes the folder and replays it.
"""

import json
import os
import shlex
from fractions import Fraction
from importlib.resources import files
from typing import Any

from ..kernels.configuration import Configuration
from ..kernels.configuration_file import configuration_to_json
from ..kernels.rational_text import integer_text, rational_text
from ..kernels.step import ConstantStep, Step
from .case import Case
from .certificates.evidence import Interior, Neither, Outside, Place
from .claims.clustering import CLAIMS as CLUSTERING
from .claims.clustering import case_places, moving_token
from .claims.registry import Claim, Finding
from .proof import Frozen, SelfSimilar, Undecided
from .records import trajectory_record

FAILS = {
    Interior: "lies on the boundary of the polytope K",
    Outside: "lies on the boundary of the polytope K",
    Neither: "is a vertex of K or the projection of the origin on a face of K",
}
LONGEST_DECIMAL = 600
"""Characters of a decimal literal in Python text; longer ones are hexadecimal."""
MOST_LAYERS = 60
"""Layers that `repro.py` computes: with plain fractions, more would take long."""


def python_configuration(configuration: Configuration) -> str:
    """The Python expression that makes the configuration, with `Fraction` and `Configuration` in scope."""
    c = configuration

    def rows(matrix: Any) -> str:
        return "[" + ", ".join("[" + ", ".join(_number(v) for v in row) + "]" for row in matrix) + "]"

    parts = [rows(c.tokens), rows(c.A), _step(c.step)]
    if c.labels is not None:
        parts.append(f"labels={list(c.labels)!r}")
    if max(c.multiplicities) > 1:
        parts.append(f"multiplicities=[{', '.join(map(_integer, c.multiplicities))}]")
    if c.follow != "largest":
        parts.append(f"follow={c.follow!r}")
    return f"Configuration({', '.join(parts)})"


def _step(step: Step) -> str:
    if isinstance(step, ConstantStep):
        return _number(step.alpha)
    return f"HarmonicStep(numerator={_integer(step.numerator)}, offset={_integer(step.offset)})"


def _number(value: Fraction) -> str:
    top, bottom = map(_integer, value.as_integer_ratio())
    return top if value.denominator == 1 else f"Fraction({top}, {bottom})"


def _integer(value: int) -> str:
    """A literal of any size: Python refuses long decimal ones, and can be set to refuse those of 641 digits."""
    text = integer_text(value)
    return text if len(text) <= LONGEST_DECIMAL else hex(value)


def _shell_word(text: str) -> str:
    """`text` as one word of a shell command that can be printed and pasted, whatever bytes it has."""
    if text.isprintable():
        return shlex.quote(text)
    plain = {ord("'"), ord("\\")} ^ set(range(0x20, 0x7F))
    return "$'" + "".join(chr(b) if b in plain else f"\\x{b:02x}" for b in os.fsencode(text)) + "'"


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
        "replay": f"hardmax replay {_shell_word(folder)}",
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
    run = "if __name__ == '__main__':\n    raise SystemExit(status(CASE))\n"
    return f"{script}\n\nCASE = {text!r}\n\n{run}"


def failing_conclusion(case: Case) -> tuple[Claim, Finding] | None:
    """The first of the clustering claims that this case refutes."""
    for claim in CLUSTERING:
        finding = claim.check(case)
        if finding.verdict == "refuted":
            return claim, finding
    return None


__all__ = ["counterexample_record", "failing_conclusion", "python_configuration", "repro_text"]
