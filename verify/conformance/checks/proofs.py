"""The check of what a kernel proves: over several layers, everything it calls proved is what the exact kernel finds.

A kernel may prove as little as it likes; a configuration that it gives up says nothing and passes.

Neighbours: `sets` looks at what it tells of one layer; `kernels.certify` believes these proofs.
"""

from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from ....kernels.exact.configuration import Configuration
from ....kernels.exact.configuration_file import configuration_to_json
from ....kernels.exact.dynamics import Dynamics
from ....kernels.follow_sets import FloatProof
from ..check import Check, NotApplicableError, Subject
from ..failures.snippet import assignments, loading
from ..inputs.cases import lattice_without_ties
from ..inputs.trial import Trial, call, floats
from ..record import CheckFinding
from .cross import crossed

LAYERS = 6


def _trials(subject: Subject) -> Iterator[Trial]:
    rng = subject.random("sets.proved")
    for dtype in subject.kernel.dtypes:
        for _ in range(3):
            yield Trial((call(*(lattice_without_ties(rng, 6, 2, size=20).tokens for _ in range(4))),), dtype)
        for kind in ("full", "full", "copies", "copies", "tied", "lattice", "integers"):
            n, d = rng.randint(2, 9), rng.randint(1, 4)
            yield crossed(subject, rng, dtype, B=3, n=n, d=d, kind=kind, arrangement="contiguous")


def _proved(subject: Subject) -> CheckFinding:
    if subject.kernel.prove is None:
        raise NotApplicableError("the kernel proves nothing by itself (no `prove`)")
    proved = total = 0
    for trial in _trials(subject):
        (one,) = trial.calls
        values = floats(one.tokens, trial.dtype), floats(one.A, trial.dtype)
        tokens, A = (value.copy() for value in values)
        try:
            proof = subject.kernel.prove(tokens, A, float(one.alpha), LAYERS)
            if not (np.array_equal(tokens, values[0]) and np.array_equal(A, values[1])):
                return _fail(subject, trial, 0, 0, "prove overwrote its input")
            for b in range(len(tokens)):
                total += 1
                if int(proof.unproved[b]) == 0:
                    proved += 1
                    wrong = _wrong(proof, b, one.configuration(b))
                    if wrong is not None:
                        return _fail(subject, trial, b, *wrong)
        except (Exception, SystemExit) as error:
            return _fail(subject, trial, 0, 0, f"what `prove` gives cannot be read: {type(error).__name__}: {error}")
    return CheckFinding("pass", f"{proved} of {total} configurations proved over {LAYERS} layers")


def _wrong(proof: FloatProof, b: int, configuration: Configuration) -> tuple[int, str] | None:
    """The layer at which a proof of configuration b is wrong, and how; None if all of it is so."""
    dynamics, rows = Dynamics(configuration), configuration.tokens
    layer, frozen = dynamics.first, -1
    for k in range(LAYERS):
        sets = dynamics.follow_sets(layer)
        leaders = [len({rows[j] for j in C}) == 1 and rows[i] == rows[C[0]] for i, C in enumerate(sets)]
        for i, C in enumerate(sets if frozen < 0 else ()):
            told = int(proof.first[k, b, i])
            if {rows[j] for j in C} != {rows[told]}:
                return k, f"token {i} follows {set(C)}; the kernel proves that it follows {told}"
        if frozen < 0 and all(len({rows[j] for j in C}) == 1 and leaders[C[0]] for C in sets):
            frozen = k
        layer = dynamics.next_layer(layer, sets)
    if int(proof.frozen[b]) != frozen:
        return max(frozen, 0), f"leaders have captured all at layer {frozen}; the kernel proves {int(proof.frozen[b])}"
    for i, (exact, found) in enumerate(zip(layer.tokens(), proof.tokens[b].tolist(), strict=True)):
        for x, y, allowed in zip(exact, found, proof.error[b].tolist(), strict=True):
            if not (np.isfinite(y) and abs(Fraction(y) - x) <= allowed):
                return (
                    LAYERS - 1,
                    f"token {i} is off by {abs(y - float(x)):.3g}; the kernel proves at most {allowed:.3g}",
                )
    return None


def _fail(subject: Subject, trial: Trial, row: int, layer: int, message: str) -> CheckFinding:
    (one,) = trial.calls
    message = " ".join(message.split())
    lines = [
        *loading(subject.kernel, subject.spec, "from hardmax.kernels.exact.configuration import Configuration"),
        "from hardmax.kernels.exact.dynamics import itinerary",
        *assignments(one, trial.dtype),
        f"proof = kernel.prove(tokens, A, alpha, {LAYERS})",
        f"wanted = itinerary(Configuration.from_array(tokens[{row}], A, alpha), {LAYERS})",
        f"print(wanted, proof.first[:, {row}], proof.frozen[{row}], proof.error[{row}])",
        f"raise AssertionError({f'set {row}, layer {layer}: {message}'!r})",
    ]
    words = f"{trial.dtype}: set {row} at layer {layer}: {message}"
    configuration = configuration_to_json(one.configuration(row))
    return CheckFinding("fail", words, layer, None, configuration, "\n".join(lines) + "\n")


CHECKS: tuple[Check, ...] = (
    Check("sets.proved", "What the kernel proves of several layers is what the exact kernel finds", _proved),
)
