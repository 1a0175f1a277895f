"""Campaigns: claims over thousands of configurations, in chunks that any number of processes may work on.

A chunk is one Hypothesis run over one family of tokens, and its result depends on the plan and its number alone: the
same seed gives the same verdicts whatever the number of jobs. Chunks are counted in order, so a campaign ends at the
same chunk each time. A plan names claims, so that a process can load those of a user. What refutes a claim is counted
and kept, and shrunk when the campaign is over (`smallest_of`).

Neighbours: `claims` examine, `strategies` choose, `tally` counts, `float_comparison` compares float kernels,
`commands.verify` runs a campaign and shows it.
"""

import sys
import warnings
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Executor
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass, field, replace
from functools import cache, partial

from hypothesis import Phase, event, given
from hypothesis import seed as with_seed
from hypothesis.errors import Flaky, HypothesisDeprecationWarning

from ...kernels.errors import BugError, HardmaxError, InputError
from ...kernels.exact.configuration import Configuration
from ...kernels.registry import load
from ...strategies import FAMILIES, Sample, configurations, samples
from ...strategies.configurations import family_of
from ...strategies.reproducible import no_constants_from_source, quiet
from ..claims.case import Case
from ..claims.certified import certificate_text
from ..claims.registry import Claim, Finding, select_claims
from ..claims.search import STAGES, smallest
from ..provers.freeze.prover import Budget
from .chunks import Chunks, in_order
from .float_comparison import compare, guarded
from .journal import Journal
from .tally import Counterexample, Tally, count_finding, extent, regimes

CHUNK = 500
"""Configurations a chunk at most: enough to make its start cheap, few enough to share out evenly."""
LAYERED = 16
"""One in so many configurations has a step that depends on the layer, for claims that do not assume a constant one."""
LAYERED_EVERY = 8
"""Claims that are checked on one in so many configurations, or on more, are checked on each of those."""
LAYERED_BUDGET = Budget(operations=10**7)
"""Its proof cannot jump, and no claim about it asks for the limits: it may cost some hundredth of a second."""
KERNEL_SAMPLE = 16
"""Float kernels are compared on every so many configurations."""
CERTIFICATE_SAMPLE = 100
"""Every how many configurations the certificate is written, where a folder for certificates is given."""


CHUNKS = "chunk "
"""What the keys of chunks begin with in a journal; the number follows."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a campaign does.

    Args:
        claims: what to check: ids and places of claims.
        families: the families of tokens, by name or place, taken in turn.
        seed: decides every configuration.
        kernels: specs of the float kernels to compare.
        budget: for each freeze proof.
        certificates: folder for certificates, None for none.
        certify_all: write the certificate of every decided configuration, not of a sample.
    """

    claims: tuple[str, ...]
    families: tuple[str, ...] = ()
    seed: int = 0
    kernels: tuple[str, ...] = ()
    budget: Budget = field(default_factory=Budget)
    certificates: str | None = None
    certify_all: bool = False


class _RefutedError(Exception):
    """Ends an example, so that Hypothesis shrinks it."""


@cache
def _loaded(specs: tuple[str, ...]) -> tuple[Claim, ...]:
    """The claims of a plan, loaded once a process; what a file prints is no part of the report."""
    with redirect_stdout(sys.stderr):
        return select_claims(specs)


def run_chunk(plan: Plan, number: int, size: int = CHUNK, claims: Sequence[Claim] | None = None) -> Tally:
    """One chunk of a campaign.

    Args:
        plan: the campaign.
        number: which chunk, ≥ 0; it decides the family and the seed.
        size: how many configurations.
        claims: those of the plan, where this process has them.

    Returns:
        What it found; at most `size` configurations (a small family may have fewer).

    Raises:
        BugError: the independent checker refuses a certificate.
        InputError: the check of a claim is none.
    """
    tally = Tally()
    claims = _loaded(plan.claims) if claims is None else claims
    # Sparse claims are checked on every configuration where no denser one was asked for.
    often = {c.id: c.every or 1 for c in claims}
    densest = min(often.values())
    layered = [c for c in claims if "constant_step" not in c.assumes]
    with redirect_stdout(sys.stderr):
        kernels = {spec: guarded(load(spec)) for spec in plan.kernels}
    refuted: dict[str, Counterexample] = {}
    faults: list[HardmaxError] = []  # nothing is shrunk: Hypothesis runs to its end on what costs nothing
    first = 0  # the number of the first configuration with this kind of step

    def examine(sample: Sample) -> None:
        if faults:
            return
        c, nth = sample.configuration, tally.configurations
        tally.configurations += 1
        about, thinned = (layered, LAYERED_EVERY) if c.alpha is None else (claims, 1)
        wanted = [claim for claim in about if (nth - first) % max(1, often[claim.id] // densest // thinned) == 0]
        case = _case(plan, c)
        try:
            for claim in wanted:
                finding = claim.judge(case)
                count_finding(tally.claims.setdefault(claim.id, Counter()), finding)
                if finding.verdict == "refuted":
                    known = refuted.get(claim.id)
                    if known is None or extent(c) < extent(known.configuration):
                        refuted[claim.id] = Counterexample(claim.id, c, finding, number)
            for regime, value in regimes(sample, case):
                tally.coverage.setdefault(regime, Counter())[value] += 1
                event(regime, value)  # for those who turn Hypothesis' observability on
            if nth % KERNEL_SAMPLE == 0 and c.alpha is not None:
                for spec, kernel in kernels.items():
                    compare(tally, spec, kernel, c)
            if plan.certificates is not None and (plan.certify_all or nth % CERTIFICATE_SAMPLE == 0):
                text = certificate_text(case)
                if text is not None:
                    tally.certificates[f"{number:05}-{nth:03}.cert.json"] = text
        except (BugError, InputError) as fault:
            faults.append(fault)

    rest = size // LAYERED if layered else 0
    for steps, share in ((None, size - rest), (["harmonic"], rest)):
        if share:
            first = tally.configurations
            _run(plan, number, share, steps, examine, [Phase.generate])
    if faults:
        raise faults[0]
    tally.refutations.extend(refuted.values())
    return tally


def _run(
    plan: Plan, number: int, share: int, steps: list[str] | None, examine: Callable[[Sample], None], phases: list[Phase]
) -> None:
    """Hypothesis on so many configurations of the chunk `number`: the same ones each time."""
    with redirect_stdout(sys.stderr):
        family = family_of(plan.families[number % len(plan.families)])
    drawn = samples(families=[family], steps=steps)
    with no_constants_from_source(), warnings.catch_warnings():
        # Another thread of a Dask worker uses `random`, which draws do not depend on.
        warnings.filterwarnings("ignore", "Do not use the `random` module", HypothesisDeprecationWarning)
        quiet(share, *phases)(with_seed(plan.seed * 1_000_003 + number)(given(drawn)(examine)))()


def _case(plan: Plan, c: Configuration) -> Case:
    return Case(c, plan.budget if c.alpha is not None else LAYERED_BUDGET)


def smallest_of(
    plan: Plan, claim: Claim, known: Counterexample, *, examples: int, claims: Sequence[Claim]
) -> Counterexample:
    """The smallest refutation of a claim that a campaign has refuted.

    Sizes in ascending order come first, as for claims that are expected to fail; where they hold none, what refuted it
    is found again in its chunk, and Hypothesis shrinks it there.

    Args:
        plan: the campaign.
        claim: the claim.
        known: what refutes it.
        examples: of the campaign.
        claims: those of the plan.
    """

    def refutes(c: Configuration) -> Finding | None:
        finding = claim.judge(_case(plan, c))
        return finding if finding.verdict == "refuted" else None

    n, d = known.configuration.n, known.configuration.d
    found = smallest(lambda c: refutes(c) is not None, configurations, STAGES, most=(n, d), seed=plan.seed, examples=60)
    if found is not None:
        finding = refutes(found)
        smaller = finding is not None and extent(found) < extent(known.configuration)
        return Counterexample(claim.id, found, finding, known.chunk) if finding and smaller else known
    shrunk = known

    def examine(sample: Sample) -> None:
        nonlocal shrunk
        c = sample.configuration
        finding = refutes(c)
        if finding is not None:
            shrunk = Counterexample(claim.id, c, finding, known.chunk)
            raise _RefutedError

    plan, size = completed(plan, examples)
    rest = size // LAYERED if any("constant_step" not in c.assumes for c in claims) else 0
    steps, share = (None, size - rest) if known.configuration.alpha is not None else (["harmonic"], rest)
    with suppress(_RefutedError, Flaky):  # Flaky: a check that answers now this, now that
        _run(plan, known.chunk, share, steps, examine, [Phase.generate, Phase.shrink])
    return shrunk


# -- many chunks ------------------------------------------------------------------------------------------------------


def completed(plan: Plan, examples: int) -> tuple[Plan, int]:
    """The plan with all families where it names none, and the size of its chunks: a short one sees all families."""
    families = plan.families or tuple(FAMILIES)
    return replace(plan, families=families), min(CHUNK, -(-examples // len(families)))


def run_campaign(
    plan: Plan,
    *,
    examples: int,
    seconds: float | None = None,
    jobs: int = 1,
    claims: Sequence[Claim] | None = None,
    executor: Executor | None = None,
    journal: Journal | None = None,
) -> Generator[Tally, None, None]:
    """The tallies of chunk 0, 1, 2, … until enough configurations are examined or time is up.

    Args:
        plan: the campaign.
        examples: how many configurations at least.
        seconds: start no chunk after that time; None for no limit.
        jobs: how many processes, ≥ 1, at most `MOST_JOBS` a core. The result does not depend on it, but for `seconds`.
        claims: those of the plan, where this process has them; other processes load them.
        executor: does the chunks in place of processes of our own; `jobs` says how many it does at a time.
        journal: takes each chunk as it ends; those in it already are taken from there.

    Yields:
        One `Tally` a chunk, in order. Closing the iterator ends the processes.

    Raises:
        BugError: the independent checker refuses a certificate.
        LostWorkerError: a process ended before its work.
    """
    plan, size = completed(plan, examples)
    here = partial(run_chunk, plan, size=size, claims=claims)
    chunk = Chunks(CHUNKS, here, partial(run_chunk, plan, size=size), plan.certificates)
    yield from in_order(chunk, examples=examples, seconds=seconds, jobs=jobs, executor=executor, journal=journal)
