"""The words that every report uses for the same thing: verdicts, hypotheses, the sentence at the top.

Neighbours: `run_page`, `markdown`, `terminal`, `junit` and `sarif` say it in their own format.
"""

import shlex
from collections.abc import Sequence

from ..records.record import CounterexampleRecord
from ..records.run_record import CheckResult, ClaimCounts, ClaimRecord, KernelRecord, RunRecord, SourceRecord
from ..records.store import Records

HYPOTHESES = {
    "nonzero": "no token is the origin",
    "distinct": "the tokens are pairwise distinct",
    "spd": "A is symmetric positive definite",
    "constant_step": "the step is the same at every layer",
    "rate_below_one": "λ_k < 1 at every layer",
    "constant_beta": "β does not grow",
    "scheme_growth": "β_k = β_0 (1 + α)^{2k}, β_0 > 0",
    "positive_line": "d = 1 and A > 0",
    "mirrored_pair": "two tokens (b, ±c), A diagonal, α ≤ 1",
    "follows_smallest": "tokens follow the smallest score",
    "follows_largest": "tokens follow the largest score",
    "step_of_theorem": "λ_k = 2/(k + 2)",
    "semidefinite": "every form is symmetric positive semidefinite",
    "decreasing": "B_k − B_{k+1} is positive semidefinite for every k",
    "origin_in_hull": "the origin lies in the hull of the tokens",
    "step_bounded_below": "λ_k ≥ c > 0 at every layer",
    "invertible": "every form is invertible",
    "diagonal_preconditioner": "P is diagonal with entries in (0, 1)",
    "vertices_own_cells": "every vertex of the hull lies in its own cell alone, and every token in one cell",
    "equal_energies": "all vertices of the hull have one energy",
    "sampled": "the tokens are samples of a trigonometric curve at equal steps, labelled with tan(s/2), and A = I",
    "figure_2a": "the input is that of Figure 2(a)",
    "figure_2b": "the input is that of Figure 2(b)",
    "figure_2c": "the input is that of Figure 2(c)",
    "figure_2d": "the input is that of Figure 2(d)",
}
"""The names that claims use for their hypotheses; others are shown as they are."""

EXPECTED = {
    "theorem": "a theorem",
    "false_as_printed": "false as printed",
    "open": "open",
    "needs_hypothesis": "false without the hypothesis",
}
"""What is known of a claim before the run."""

MOST_ARGUMENTS = 24
"""Arguments of a command that are shown."""

CHECK_STATUS = {
    "pass": "passed",
    "fail": "failed",
    "not_applicable": "n/a",
    "not_tested": "not tested",
    "fragile": "fragile",
    "known": "failed, known deviation",
}


CLAIM_COUNTS = ("verified", "trivial", "refuted", "undecided", "vacuous")
KERNEL_COUNTS = ("layers", "agree", "too_close", "ties_lost", "disagree")
"""What tables count of a claim, and of a kernel."""


def counts(record: ClaimCounts | KernelRecord, names: Sequence[str]) -> list[str]:
    """The counts of these names, thousands set off."""
    return [f"{getattr(record, name):,}" for name in names]


def plural(count: int, noun: str, many: str | None = None) -> str:
    """`count` with its noun, thousands set off: "1 claim", "12,345 claims"."""
    return f"{count:,} {noun if count == 1 else many or noun + 's'}"


def hypothesis(name: str) -> str:
    """A hypothesis as a sentence."""
    return HYPOTHESES.get(name, name)


THEOREM = (
    "Let the tokens be nonzero and pairwise distinct, A symmetric positive definite and α > 0. Then every token "
    "converges to a point on the boundary of a convex polytope K; its vertices are the leaders, the tokens that follow "
    "themselves alone from some layer on, and every limit is a vertex of K or the projection of the origin on a face."
)
"""The clustering theorem, of which `prove` examines the conclusion."""
THEOREM_SOURCE = "Alcalde, Fantuzzi, Zuazua, arXiv:2407.01602, main theorem"


def cited(source: SourceRecord) -> str:
    """Where a claim is printed, without what there is not."""
    place = f"{source.label} in {source.paper}" if source.label else source.paper
    return f"{place} ({source.version})" if source.version else place


def where(layer: int | None) -> str:
    """When a claim fails."""
    return "in the limit (k → ∞)" if layer is None else f"at layer {layer}"


def is_expected(records: Records, counterexample: CounterexampleRecord) -> bool:
    """Whether the counterexample refutes a claim that had to be refuted."""
    return any(c.as_expected for c in records.run.claims if counterexample.id in c.counterexamples)


def is_beyond_the_theorem(records: Records, counterexample: CounterexampleRecord) -> bool:
    """Whether it is an input that the user gave, and one of which the theorem says nothing."""
    return records.run.command == "prove" and bool(counterexample.dropped)


def surprise_title(records: Records, found: Sequence[CounterexampleRecord]) -> str:
    """The heading over counterexamples of which none had to be found."""
    beyond = all(is_beyond_the_theorem(records, c) for c in found)
    return "Counterexamples that do not meet a hypothesis" if beyond else "Counterexamples that were not expected"


def claim_of(run: RunRecord, counterexample: CounterexampleRecord) -> ClaimRecord | None:
    """The claim that a counterexample refutes, if the run lists it."""
    return next((c for c in run.claims if c.id == counterexample.claim), None)


def failed_checks(run: RunRecord) -> tuple[CheckResult, ...]:
    """The checks of a kernel that fail and are not known to."""
    return tuple(check for check in run.checks if check.failed)


def command_line(run: RunRecord) -> str:
    """The command that made the run, as one types it in a shell; the first of its arguments where they are many."""
    shown = shlex.join(["hardmax", run.command, *run.arguments[:MOST_ARGUMENTS]])
    more = len(run.arguments) - MOST_ARGUMENTS
    return shown if more <= 0 else f"{shown} … and {plural(more, 'more argument')}, see run.json"


def verdict_word(run: RunRecord) -> str:
    """The verdict in one word: a kernel passes or fails, claims are verified or refuted."""
    if run.command == "kernel":
        return {"verified": "passed", "refuted": "failed"}.get(run.verdict, run.verdict)
    if run.control is not None:
        return run.control.verdict
    return run.verdict


def headline(run: RunRecord) -> str:
    """The verdict in one sentence, with the numbers it rests on."""
    say = {"verify": _verify, "prove": _prove, "kernel": _kernel, "control": _control, "paper": _verify}[run.command]
    return say(run) + (" The run was interrupted: this is what was found until then." if run.interrupted else "")


def _verify(run: RunRecord) -> str:
    claims, inputs = plural(len(run.claims), "claim"), run.counts.inputs
    examined = f" on {plural(inputs, 'configuration')}" if inputs else ""
    odd = [c.id for c in run.claims if not c.as_expected]
    bad = [k for k in run.kernels if k.disagree]
    kernels = f" {', '.join(k.spec for k in bad)} disagrees with the exact kernel." if bad else ""
    if odd:
        return f"{len(odd)} of {claims} did not come out as expected{examined}: {', '.join(odd)}.{kernels}"
    refuted = sum(c.verdict == "refuted" for c in run.claims)
    held = f"All {claims} came out as expected{examined}"
    which = "all" if refuted == len(run.claims) else f"{refuted} of them"
    return held + (f", {which} refuted as they must be." if refuted else ".") + kernels


def _prove(run: RunRecord) -> str:
    words = ("verified", "refuted", "undecided", "invalid")
    parts = [f"{n:,} {word}" for word in words if (n := getattr(run.counts, word))]
    inputs = plural(run.counts.inputs, "configuration")
    return f"What is claimed, on {inputs}: {', '.join(parts) or 'none'}."


def _control(run: RunRecord) -> str:
    c = run.control
    if c is None:
        return "Nothing was asked."
    asked = {
        "lead": "the tokens asked for lead",
        "alone": "every token follows the one asked for",
        "exactly": "the tokens asked for are the leaders for ever",
    }[c.question]
    if c.verdict == "possible":
        return f"With the A found {asked}; its condition number is {c.condition:.4g}."
    held = sum(one.after is not None for one in c.inputs)
    part = f" One A was found, greedily, for {held} of {len(c.inputs)} configurations." if len(c.inputs) > 1 else ""
    none = "There is no A with which" if c.verdict == "impossible" else "It is not known whether with some A"
    return f"{none} {asked}: {c.reason}.{part}"


def _kernel(run: RunRecord) -> str:
    name = run.subject.name if run.subject else "the kernel"
    failed = failed_checks(run)
    left = sum(check.status == "not_tested" for check in run.checks)
    rest = f"; {left} not tested." if left else "."
    if not failed:
        return f"{name} passes {plural(len(run.checks) - left, 'check')}{rest}"
    first = failed[0]
    place = "" if first.first_divergent_layer is None else f" at layer {first.first_divergent_layer}"
    return f"{name} fails {len(failed)} of {plural(len(run.checks), 'check')}, first {first.id}{place}{rest}"
