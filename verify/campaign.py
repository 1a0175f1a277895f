"""Campaigns: claims over thousands of configurations, in chunks that any number of processes may work on.

A chunk is one Hypothesis run over one family of tokens, and its result depends on the plan and its number alone: the
same seed gives the same verdicts whatever the number of jobs. Chunks are counted in order, so a campaign ends at the
same chunk each time. A refuted claim ends its chunk with the smallest counterexample that Hypothesis finds.

Neighbours: `claims` examine, `strategies` choose, `commands.verify` runs a campaign and shows it.
"""

import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass, field, replace
from itertools import count
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread
from time import monotonic
from typing import Any, cast

from hypothesis import HealthCheck, Phase, Verbosity, given, settings
from hypothesis import seed as with_seed
from hypothesis.database import DirectoryBasedExampleDatabase

from ..kernels.configuration import Configuration, identity
from ..kernels.crosscheck import CrossCheck, crosscheck, written_out
from ..kernels.protocol import FollowSets, Kernel, to_numpy
from ..kernels.registry import load
from ..strategies import FAMILIES, Sample, samples
from .case import Case
from .certificate import save_certificate
from .claims.registry import Claim, Finding, select_claims
from .freeze import Budget
from .proof import Frozen
from .records import case_record
from .reproducible import no_constants_from_source

CHUNK = 500
"""Configurations a chunk at most: enough to make its start cheap, few enough to share out evenly."""
SAMPLE = {"lemmas": 8, "metamorphic": 8, "routes": 100}
"""Family of claims → it is checked on every so many configurations; on all of them if it is not named here."""
KERNEL_SAMPLE = 16
"""Float kernels are compared on every so many configurations."""
CERTIFICATE_SAMPLE = 100
"""Every how many configurations the certificate is written, where a folder for certificates is given."""
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
"""What numerical libraries read when they load to see how many threads they may start."""
KERNEL_LAYERS = 4
"""Layers of a configuration that float kernels are compared on."""
LONGEST_FAULT = 300
"""Characters of a kernel's error message that are kept."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a campaign does.

    Args:
        claims: ids of the claims to check on every configuration.
        families: the families of tokens, taken in turn.
        seed: decides every configuration.
        kernels: specs of the float kernels to compare.
        budget: for each freeze proof.
        database: folder where Hypothesis keeps failing examples, None for none.
        certificates: folder for certificates, None for none.
        certify_all: write the certificate of every decided configuration, not of a sample.
        observe: keep a record of every configuration, for viewers of test cases.
    """

    claims: tuple[str, ...]
    families: tuple[str, ...] = ()
    seed: int = 0
    kernels: tuple[str, ...] = ()
    budget: Budget = field(default_factory=Budget)
    database: str | None = None
    certificates: str | None = None
    certify_all: bool = False
    observe: bool = False


@dataclass(frozen=True, slots=True)
class Refutation:
    """A configuration that refutes a claim, the smallest of its chunk."""

    claim: str
    configuration: Configuration
    finding: Finding


@dataclass(slots=True)
class Tally:
    """What a chunk, or a whole campaign, found; tallies add up.

    Args:
        configurations: how many were examined.
        claims: {claim id: {verdict or "not_met": how many}}.
        coverage: {regime: {value: how many}}.
        kernels: {spec: {"layers", "agree", "too_close", "ties_lost", "disagree": how many}}; "disagree" includes the
            "failed" calls, and "other_A" counts configurations that a kernel with supports_A = False was spared.
        disagreements: {spec: the first comparison in which it disagreed, with its configuration}.
        failures: {spec: the first configuration on which it gave no answer, and what happened}.
        refutations: in order.
        certificates: names of the files written.
        observed: one record a configuration, where the plan asks for them.
    """

    configurations: int = 0
    claims: dict[str, Counter[str]] = field(default_factory=dict)
    coverage: dict[str, Counter[str | int]] = field(default_factory=dict)
    kernels: dict[str, Counter[str]] = field(default_factory=dict)
    disagreements: dict[str, tuple[Configuration, CrossCheck]] = field(default_factory=dict)
    failures: dict[str, tuple[Configuration, str]] = field(default_factory=dict)
    refutations: list[Refutation] = field(default_factory=list)
    certificates: list[str] = field(default_factory=list)
    observed: list[dict[str, Any]] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        """Count what another tally counted; what it observed stays its own, for there may be much of it."""
        self.configurations += other.configurations
        pairs = ((self.claims, other.claims), (self.coverage, other.coverage), (self.kernels, other.kernels))
        for mine, theirs in cast(Any, pairs):
            for name, counts in theirs.items():
                mine.setdefault(name, Counter()).update(counts)
        for spec, found in other.disagreements.items():
            self.disagreements.setdefault(spec, found)
        for spec, failure in other.failures.items():
            self.failures.setdefault(spec, failure)
        self.refutations.extend(other.refutations)
        self.certificates.extend(other.certificates)


class _NoAnswerError(Exception):
    """A float kernel raised, exited, or returned what cannot be compared: the message says which, in one line."""


class _RefutedError(Exception):
    """Ends an example of a chunk, so that Hypothesis shrinks it."""


def run_chunk(plan: Plan, number: int, size: int = CHUNK) -> Tally:
    """One chunk of a campaign.

    Args:
        plan: the campaign.
        number: which chunk, ≥ 0; it decides the family and the seed.
        size: how many configurations.

    Returns:
        What it found; at most `size` configurations (a small family may have fewer).
    """
    tally = Tally()
    claims = select_claims(",".join(plan.claims))
    # Sparse families are checked on every configuration where no denser one was asked for.
    densest = min(SAMPLE.get(c.family, 1) for c in claims)
    every = {c.family: SAMPLE.get(c.family, 1) // densest for c in claims}
    with redirect_stdout(sys.stderr):
        kernels = {spec: _guarded(load(spec)) for spec in plan.kernels}
    family = plan.families[number % len(plan.families)]
    failing: list[Refutation] = []  # the refutation being shrunk: its last entry

    def examine(sample: Sample) -> None:
        c = sample.configuration
        if failing:  # from here on Hypothesis shrinks: only the claim that failed counts, and nothing is tallied
            wanted = [claim for claim in claims if claim.id == failing[0].claim]
            _, refuted = _examine_claims(plan, wanted, c, Tally())
        else:
            nth = tally.configurations
            tally.configurations += 1
            wanted = [claim for claim in claims if nth % every[claim.family] == 0]
            case, refuted = _examine_claims(plan, wanted, c, tally)
            _cover(tally.coverage, sample, case)
            if plan.observe:
                origin = f"family {sample.family}, seed {plan.seed}, chunk {number}"
                tally.observed.append(case_record(case, refuted and refuted.finding.message, origin))
            if nth % KERNEL_SAMPLE == 0:
                for spec, kernel in kernels.items():
                    _compare(tally, spec, kernel, c)
            if plan.certificates is not None and (plan.certify_all or nth % CERTIFICATE_SAMPLE == 0):
                _certify(tally, Path(plan.certificates) / f"{number:05}-{nth:03}.cert.json", case)
        if refuted is not None:
            failing.append(refuted)
            raise _RefutedError

    options = settings(
        max_examples=size,
        database=None if plan.database is None else DirectoryBasedExampleDatabase(plan.database),
        deadline=None,
        derandomize=False,
        phases=[Phase.reuse, Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),  # pyright: ignore[reportArgumentType] its metaclass hides the enum
        verbosity=Verbosity.quiet,
        report_multiple_bugs=False,
        print_blob=False,
    )
    # `seed` takes the database away, so the settings are applied after it.
    run = options(with_seed(plan.seed * 1_000_003 + number)(given(samples(families=[family]))(examine)))
    with no_constants_from_source(), suppress(_RefutedError):
        run()
    tally.refutations.extend(failing[-1:])
    return tally


def _examine_claims(
    plan: Plan, claims: Iterable[Claim], configuration: Configuration, tally: Tally
) -> tuple[Case, Refutation | None]:
    """Check claims on one configuration and count the verdicts; the first refutation."""
    case = Case(configuration, plan.budget)
    refuted = None
    for claim in claims:
        counts = tally.claims.setdefault(claim.id, Counter())
        if claim.unmet(case):
            counts["not_met"] += 1
            continue
        finding = claim.check(case)
        counts[finding.verdict] += 1
        if finding.verdict == "refuted" and refuted is None:
            refuted = Refutation(claim.id, configuration, finding)
    return case, refuted


def _cover(coverage: dict[str, Counter[str | int]], sample: Sample, case: Case) -> None:
    """Count which regimes a configuration reached."""

    def reached(regime: str, value: str | int) -> None:
        coverage.setdefault(regime, Counter())[value] += 1

    c = sample.configuration
    reached("family", sample.family)
    reached("matrix", sample.matrix)
    reached("step", sample.step)
    reached("tokens", c.n)
    reached("dimension", c.d)
    outcome = case.outcome
    reached("outcome", type(outcome).__name__)
    if isinstance(outcome, Frozen):
        reached("leaders", len(outcome.leaders))
        reached("freeze layer", _bin(outcome.freeze_layer))
        reached("last leader emerges at layer", _bin(max(outcome.leaders.values(), default=0)))
        reached("lasting ties", sum(len(C) > 1 for C in outcome.sets))
        reached("jumps", sum(bool(phase.jumps) for phase in outcome.phases))
        for rule in set(outcome.rules):
            reached("rule", rule)


def _bin(value: int) -> str | int:
    """Small numbers as they are, larger ones by powers of two: 8-15, 16-31, …"""
    if value < 8:
        return value
    low = 1 << (value.bit_length() - 1)
    return f"{low:>6}-{2 * low - 1}"


def _compare(tally: Tally, spec: str, kernel: Kernel, configuration: Configuration) -> None:
    """Compare one float kernel with the exact one on one configuration."""
    counts = tally.kernels.setdefault(spec, Counter())
    if not kernel.supports_A:
        written = written_out(configuration)
        if written.A != identity(written.d):
            counts["other_A"] += 1
            return
        kernel = replace(kernel, supports_A=True)  # the comparison scales A, which such a kernel does not read
    try:
        with redirect_stdout(sys.stderr):  # what the kernel prints is no part of the report
            result = crosscheck(configuration, kernel, KERNEL_LAYERS)
    except _NoAnswerError as error:
        counts["failed"] += 1
        counts["disagree"] += 1
        tally.failures.setdefault(spec, (configuration, str(error)))
        return
    for name in ("layers", "agree", "too_close", "ties_lost", "disagree"):
        counts[name] += getattr(result, name)
    if result.disagree:
        tally.disagreements.setdefault(spec, (configuration, result))


def _guarded(kernel: Kernel) -> Kernel:
    """`kernel`, whose every fault is a `_NoAnswerError`: a run tells what a user's kernel does, and goes on."""

    def guard(function: Callable[[Any, Any, float], Any], check: Callable[[Any, Any], str]) -> Callable[..., Any]:
        def answer(tokens: Any, A: Any, alpha: float) -> Any:
            try:
                result = function(tokens, A, alpha)
                fault = check(result, tokens)
            except SystemExit as error:
                raise _NoAnswerError(f"it called sys.exit({error.code!r})") from error
            except Exception as error:
                text = " ".join(f"it raised {type(error).__name__}: {error}".split())
                raise _NoAnswerError(text if len(text) <= LONGEST_FAULT else f"{text[: LONGEST_FAULT - 1]}…") from error
            if fault:
                raise _NoAnswerError(fault)
            return result

        return answer

    layer = None if kernel.layer is None else guard(kernel.layer, _layer_fault)
    return replace(kernel, step=guard(kernel.step, _step_fault), layer=layer)


def _step_fault(moved: Any, tokens: Any) -> str:
    """What is wrong with the form of next tokens, empty if nothing is; their values are for `crosscheck` to judge."""
    array = to_numpy(moved)
    required = tuple(tokens.shape)
    if array.shape != required or array.dtype.kind != "f" or array.itemsize > 8:
        return f"it returned {array.dtype} of shape {array.shape}; floats of shape {required} are required"
    return ""


def _layer_fault(result: Any, tokens: Any) -> str:
    """The same for next tokens with their follow sets."""
    if not isinstance(result, tuple) or len(result) != 2 or not isinstance(result[1], FollowSets):
        return f"its layer returned {type(result).__name__}; (next tokens, FollowSets) is required"
    sets, n = result[1].sets(0), tokens.shape[1]
    if len(sets) != n or not all(0 <= j < n for C in sets for j in C):
        return f"its layer told {len(sets)} follow sets, or tokens beyond the {n} given; one of each token is required"
    return _step_fault(result[0], tokens)


def _certify(tally: Tally, path: Path, case: Case) -> None:
    """Write the certificate of a case, if it is decided and within what the checker reads."""
    if save_certificate(path, case):
        tally.certificates.append(path.name)


# -- many chunks ------------------------------------------------------------------------------------------------------


def run_campaign(
    plan: Plan, *, examples: int, seconds: float | None = None, jobs: int = 1
) -> Generator[Tally, None, None]:
    """The tallies of chunk 0, 1, 2, … until enough configurations are examined or time is up.

    Args:
        plan: the campaign.
        examples: how many configurations at least.
        seconds: start no chunk after that time; None for no limit.
        jobs: how many processes, ≥ 1. The result does not depend on it, but for `seconds`.

    Yields:
        One `Tally` a chunk, in order. Closing the iterator ends the processes.
    """
    ends = None if seconds is None else monotonic() + seconds
    families = plan.families or tuple(FAMILIES)
    plan = replace(plan, families=families)
    size = min(CHUNK, -(-examples // len(families)))  # even a short campaign sees every family
    examined = 0
    if jobs == 1:
        for number in count():
            tally = run_chunk(plan, number, size)
            examined += tally.configurations
            yield tally
            if examined >= examples or (ends is not None and monotonic() >= ends):
                return
    for name in THREADS:  # the processes share the cores among themselves
        os.environ.setdefault(name, "1")
    # spawn: a fork would share the threads of numerical libraries
    executor = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_serve_the_parent)
    try:
        pending: list[Future[Tally]] = []
        for number in count():
            while len(pending) < 2 * jobs and (ends is None or monotonic() < ends):
                pending.append(executor.submit(run_chunk, plan, number + len(pending), size))
            if not pending:
                return
            tally = pending.pop(0).result()
            examined += tally.configurations
            yield tally
            if examined >= examples:
                return
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def _serve_the_parent() -> None:
    """In a worker: Ctrl-C is the parent's to handle, and where the parent is gone there is nothing left to do."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()
    if parent is not None:

        def watch() -> None:
            parent.join()
            os._exit(1)

        Thread(target=watch, daemon=True).start()


def histograms(coverage: Mapping[str, Mapping[str | int, int]]) -> list[dict[str, object]]:
    """Coverage as records: bars in ascending order, numbers first."""
    return [
        {
            "name": regime,
            "bins": [
                {"label": str(value).strip(), "count": counts[value]}
                for value in sorted(counts, key=lambda v: (isinstance(v, str), v))
            ],
        }
        for regime, counts in coverage.items()
    ]


__all__ = ["CHUNK", "Plan", "Refutation", "Tally", "histograms", "run_campaign", "run_chunk"]
