"""Campaigns: claims over thousands of configurations, in chunks that any number of processes may work on.

A chunk is one Hypothesis run over one family of tokens, and its result depends on the plan and its number alone: the
same seed gives the same verdicts whatever the number of jobs. Chunks are counted in order, so a campaign ends at the
same chunk each time. A refuted claim ends its chunk with the smallest counterexample that Hypothesis finds.

Neighbours: `claims` examine, `strategies` choose, `tally` counts, `float_comparison` compares float kernels,
`commands.verify` runs a campaign and shows it.
"""

import os
import signal
import sys
from collections import Counter
from collections.abc import Generator, Iterable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass, field, replace
from itertools import count
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Thread
from time import monotonic

from hypothesis import HealthCheck, Phase, Verbosity, event, given, settings
from hypothesis import seed as with_seed
from hypothesis.database import DirectoryBasedExampleDatabase

from ...kernels.errors import BugError, LostWorkerError
from ...kernels.exact.configuration import Configuration
from ...kernels.registry import load
from ...strategies import FAMILIES, Sample, samples
from ...strategies.reproducible import no_constants_from_source
from ..claims.case import Case
from ..claims.certified import save_certificate
from ..claims.registry import Claim, select_claims
from ..provers.freeze.prover import Budget
from .float_comparison import compare, guarded
from .interruption import starting_processes
from .tally import Refutation, Tally, count_finding, regimes

CHUNK = 500
"""Configurations a chunk at most: enough to make its start cheap, few enough to share out evenly."""
SAMPLE = {"lemmas": 8, "metamorphic": 8, "routes": 100}
"""Family of claims → it is checked on every so many configurations; on all of them if it is not named here."""
LAYERED = 16
"""One in so many configurations has a step that depends on the layer, for claims that do not assume a constant one."""
LAYERED_BUDGET = Budget(operations=10**7)
"""Its proof cannot jump, and no claim about it asks for the limits: it may cost some hundredth of a second."""
KERNEL_SAMPLE = 16
"""Float kernels are compared on every so many configurations."""
CERTIFICATE_SAMPLE = 100
"""Every how many configurations the certificate is written, where a folder for certificates is given."""
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
"""What numerical libraries read when they load to see how many threads they may start."""
MOST_JOBS = 4
"""Processes a core at most: more would only fill the memory."""


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
    """

    claims: tuple[str, ...]
    families: tuple[str, ...] = ()
    seed: int = 0
    kernels: tuple[str, ...] = ()
    budget: Budget = field(default_factory=Budget)
    database: str | None = None
    certificates: str | None = None
    certify_all: bool = False


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

    Raises:
        BugError: the independent checker refuses a certificate.
    """
    tally = Tally()
    claims = select_claims(",".join(plan.claims))
    # Sparse families are checked on every configuration where no denser one was asked for.
    densest = min(SAMPLE.get(c.family, 1) for c in claims)
    every = {c.family: SAMPLE.get(c.family, 1) // densest for c in claims}
    layered = [c for c in claims if "constant_step" not in c.hypotheses]
    with redirect_stdout(sys.stderr):
        kernels = {spec: guarded(load(spec)) for spec in plan.kernels}
    family = plan.families[number % len(plan.families)]
    failing: list[Refutation] = []  # the refutation being shrunk: its last entry
    bugs: list[BugError] = []  # nothing is shrunk: Hypothesis runs to its end on what costs nothing
    first = 0  # the number of the first configuration with this kind of step

    def examine(sample: Sample) -> None:
        c = sample.configuration
        if bugs:
            return
        if failing:  # from here on Hypothesis shrinks: only the claim that failed counts, and nothing is tallied
            wanted = [claim for claim in claims if claim.id == failing[0].claim]
            _, refuted = _examine_claims(plan, wanted, c, Tally())
        else:
            nth = tally.configurations
            tally.configurations += 1
            about, thinned = (layered, SAMPLE["lemmas"]) if c.alpha is None else (claims, 1)
            wanted = [claim for claim in about if (nth - first) % max(1, every[claim.family] // thinned) == 0]
            case, refuted = _examine_claims(plan, wanted, c, tally)
            for regime, value in regimes(sample, case):
                tally.coverage.setdefault(regime, Counter())[value] += 1
                event(regime, value)  # for those who turn Hypothesis' observability on
            if nth % KERNEL_SAMPLE == 0 and c.alpha is not None:
                for spec, kernel in kernels.items():
                    compare(tally, spec, kernel, c)
            if plan.certificates is not None and (plan.certify_all or nth % CERTIFICATE_SAMPLE == 0):
                try:
                    _certify(tally, Path(plan.certificates) / f"{number:05}-{nth:03}.cert.json", case)
                except BugError as bug:
                    bugs.append(bug)
                    return
        if refuted is not None:
            failing.append(refuted)
            raise _RefutedError

    options = settings(
        deadline=None,
        derandomize=False,
        phases=[Phase.reuse, Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),  # pyright: ignore[reportArgumentType] its metaclass hides the enum
        verbosity=Verbosity.quiet,
        report_multiple_bugs=False,
        print_blob=False,
    )
    seed = plan.seed * 1_000_003 + number
    rest = size // LAYERED if layered else 0
    with no_constants_from_source(), suppress(_RefutedError):
        for steps, share in ((None, size - rest), (["harmonic"], rest)):
            if share:
                first = tally.configurations
                folder = None if plan.database is None else Path(plan.database, *(steps or ()))
                database = None if folder is None else DirectoryBasedExampleDatabase(folder)
                run = with_seed(seed)(given(samples(families=[family], steps=steps))(examine))
                # `seed` takes the database away, so the settings are applied after it.
                settings(options, max_examples=share, database=database)(run)()
    if bugs:
        raise bugs[0]
    tally.refutations.extend(failing[-1:])
    return tally


def _examine_claims(
    plan: Plan, claims: Iterable[Claim], configuration: Configuration, tally: Tally
) -> tuple[Case, Refutation | None]:
    """Check claims on one configuration and count the verdicts; the first refutation."""
    case = Case(configuration, plan.budget if configuration.alpha is not None else LAYERED_BUDGET)
    refuted = None
    for claim in claims:
        counts = tally.claims.setdefault(claim.id, Counter())
        if claim.unmet(case):
            counts["vacuous"] += 1
            continue
        finding = claim.check(case)
        count_finding(counts, finding)
        if finding.verdict == "refuted" and refuted is None:
            refuted = Refutation(claim.id, configuration, finding)
    return case, refuted


def _certify(tally: Tally, path: Path, case: Case) -> None:
    """Write the certificate of a case, if it is decided."""
    written, _ = save_certificate(path, case)
    if written:
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
        jobs: how many processes, ≥ 1, at most `MOST_JOBS` a core. The result does not depend on it, but for `seconds`.

    Yields:
        One `Tally` a chunk, in order. Closing the iterator ends the processes.

    Raises:
        BugError: the independent checker refuses a certificate.
        LostWorkerError: a process ended before its work.
    """
    ends = None if seconds is None else monotonic() + seconds
    families = plan.families or tuple(FAMILIES)
    plan = replace(plan, families=families)
    size = min(CHUNK, -(-examples // len(families)))  # even a short campaign sees every family
    examined = 0
    jobs = min(jobs, MOST_JOBS * (os.cpu_count() or 1))
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
    context = get_context("spawn")
    alive, lifeline = context.Pipe(duplex=False)  # its end is the end of the processes
    executor = ProcessPoolExecutor(jobs, mp_context=context, initializer=_serve_the_parent, initargs=(alive,))
    try:
        pending: list[Future[Tally]] = []
        for number in count():
            while len(pending) < 2 * jobs and (ends is None or monotonic() < ends):
                with starting_processes():
                    pending.append(executor.submit(run_chunk, plan, number + len(pending), size))
            if not pending:
                return
            tally = pending.pop(0).result()
            examined += tally.configurations
            yield tally
            if examined >= examples:
                return
    except BrokenProcessPool:
        raise LostWorkerError(
            "a process of this run was killed, from outside or for want of memory; give fewer --jobs"
        ) from None
    except BaseException:  # nobody waits for the chunks under way
        lifeline.close()
        raise
    finally:
        executor.shutdown(wait=True, cancel_futures=True)
        lifeline.close()
        alive.close()


def _serve_the_parent(alive: Connection) -> None:
    """In a worker: Ctrl-C is the parent's to handle, and where the parent is gone there is nothing left to do.

    Args:
        alive: a pipe that ends when the parent does, or when it wants no more work.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        alive.poll(None)
        os._exit(1)

    Thread(target=watch, daemon=True).start()
