"""Bundles: a refutation as a folder that a person can read, replay and run without this package.

`config.json`, `record.json`, `repro.py` (standard library only) and, where there is one, `certificate.json`.

Neighbours: `repro_script` is the text of `repro.py`; the command line writes the folder and replays it.
"""

import json
import os
import shlex
import sys
from fractions import Fraction
from importlib.resources import files
from pathlib import Path
from typing import Any

from ...kernels.exact.configuration import Configuration
from ...kernels.exact.configuration_file import configuration_to_json
from ...kernels.exact.rational_text import integer_text
from ...kernels.exact.step import ConstantStep, GeometricStep, HarmonicStep, Step
from ...kernels.loading import FILE_MODULE
from ...reports.records.record import CounterexampleRecord
from ..claims.case import Case
from ..claims.conclusion import rows
from ..claims.registry import MOST_LAYERS, Claim, Finding, Shown
from ..provers.freeze.outcome import Frozen
from .findings import configuration_record, trajectory_record

LONGEST_DECIMAL = 600
"""Characters of a decimal literal in Python text; longer ones are hexadecimal."""


def python_configuration(configuration: Configuration) -> str:
    """The Python expression that makes the configuration, with `Fraction` and `Configuration` in scope.

    For models of another kind than hardmax with `parse_configuration` in scope, and after their module is imported.
    """
    c = configuration
    if c.model.kind != "hardmax":
        return f"parse_configuration({json.dumps(configuration_to_json(c))!r})"

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


def _imports(c: Configuration) -> str:
    """What `python_configuration` needs in scope."""
    if c.model.kind == "hardmax":
        step = "HarmonicStep" if isinstance(c.step, ConstantStep) else type(c.step).__name__
        return f"from fractions import Fraction\nfrom hardmax.kernels import Configuration, {step}\n"
    file = _model_file(c)
    registers = (
        f"import {type(c.model).__module__}  # registers the model\n"
        if file is None
        else f"from hardmax import register_model\n\nregister_model({file!r})\n"
    )
    return f"{registers}from hardmax.kernels.exact.configuration_file import parse_configuration\n"


def _model_file(c: Configuration) -> str | None:
    """The user's file that the model was loaded from, None if it is in an importable module."""
    module = type(c.model).__module__
    return str(Path(sys.modules[module].__file__ or "").resolve()) if module.startswith(FILE_MODULE) else None


def _step(step: Step) -> str:
    if isinstance(step, ConstantStep):
        return _number(step.alpha)
    if isinstance(step, HarmonicStep):
        return f"HarmonicStep(numerator={_integer(step.numerator)}, offset={_integer(step.offset)})"
    if isinstance(step, GeometricStep):
        return f"GeometricStep({_number(step.first)}, {_number(step.ratio)})"
    return f"ListedStep([{', '.join(map(_number, step.rates))}])"


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


def snippet(claim: Claim, configuration: Configuration) -> str:
    """Python to paste that examines a claim on a configuration; of one that no file has, where it is defined."""
    own = claim.place == ""
    name = claim.id.rpartition(".")[2]
    examined = f"{name}(configuration)" if own else f"examine({claim.place or claim.id!r}, configuration)"
    lines = (
        *_imports(configuration).splitlines(),
        *(() if own else ("from hardmax.verify import examine",)),
        "",
        f"configuration = {python_configuration(configuration)}",
        f"print({examined})",
    )
    return "\n".join(lines) + "\n"


def counterexample_record(
    name: str,
    claim: Claim,
    case: Case,
    finding: Finding,
    *,
    folder: str,
    shown: Shown | None,
    certificate: str | None = None,
) -> CounterexampleRecord:
    """The record of a refutation.

    Args:
        name: the name of its folder.
        claim: the claim that was tested.
        case: the configuration with its outcome.
        finding: what refuted it.
        folder: where the bundle is, as the user may type it.
        shown: how the refutation is shown, None where no script can.
        certificate: the name of the certificate file in the folder.
    """
    outcome, c = case.outcome, case.configuration
    theorem = shown is not None and shown.fails is not None
    failing, finding = shown.fails if shown is not None and shown.fails is not None else (claim, finding)
    token = finding.token if shown is None else shown.token
    frozen = outcome if isinstance(outcome, Frozen) else None
    expression, model = python_configuration(c), _model_file(c)
    return CounterexampleRecord(
        "hardmax-counterexample",
        1,
        id=name,
        claim=claim.id,
        place=claim.place,
        sha256=claim.sha256,
        statement=claim.statement,
        fails=failing.statement.rpartition("then ")[2],
        because=finding.message,
        layer=finding.layer,
        tokens=() if token is None else (token,),
        dropped=tuple(h for h, met in c.hypotheses().items() if theorem and not met),
        configuration=configuration_record(c),
        trajectory=trajectory_record(c, outcome, finding.layer or 0),
        freeze_layer=frozen and frozen.freeze_layer,
        leaders=dict(sorted((outcome.leaders or {}).items())),
        limits=frozen and rows(frozen.limits),
        vertices=frozen and rows(sorted({frozen.limits[i] for i in frozen.leaders})),
        certificate=certificate,
        replay=f"hardmax replay {_shell_word(folder)}" + (f" --models {_shell_word(model)}" if model else ""),
        snippet=snippet(claim, c),
        example=f"@example({expression})",
    )


def repro_text(claim: Claim, case: Case, finding: Finding, shown: Shown | None) -> str:
    """The text of `repro.py`: the script, and the counterexample as its data.

    The script computes layers of hardmax, also those that differ; for models of another kind it says so, and that
    nothing was found out.
    """
    kind = case.configuration.model.kind
    if kind not in ("hardmax", "layered"):
        says = (
            f"this script has no layers for models of kind {kind!r}; `hardmax replay` on this folder examines the claim"
        )
        return f"print({says!r})\nraise SystemExit(2)\n"
    data: dict[str, Any] = {
        "claim": claim.id,
        "statement": claim.statement,
        "because": finding.message,
        "configuration": configuration_to_json(case.configuration),
        "layers": min(MOST_LAYERS, (finding.layer or 0) + 2) if shown is None else shown.layers,
        "shown_by": None if shown is None else shown.by,
        "evidence": None if shown is None else dict(shown.evidence),
    }
    script = files("hardmax.verify.records").joinpath("repro_script.py").read_text(encoding="utf-8")
    text = json.dumps(data, indent=1, ensure_ascii=True)
    run = "if __name__ == '__main__':\n    raise SystemExit(status(CASE))\n"
    return f"{script}\n\nCASE = {text!r}\n\n{run}"
