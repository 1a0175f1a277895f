"""Hunts: a claim on its screened inputs, a batch after the other, for open statements above all.

A fast exact screen decides most of a batch; what it leaves is examined one by one as everywhere. A batch depends on the
seed and its number alone.

Neighbours: `claims.inputs` says what is drawn, `campaign` does the random configurations of `strategies`.
"""

import sys
from collections import Counter
from collections.abc import Generator
from contextlib import redirect_stdout
from functools import cache, partial
from typing import Any

from ..claims.case import Case
from ..claims.inputs import Screened
from ..claims.registry import Claim, select_claims
from ..provers.freeze.budget import Budget
from .chunks import Chunks, in_order
from .tally import Counterexample, Tally, binned, count_finding


@cache
def _loaded(place: str) -> Claim:
    """A claim, loaded once a process; what a file prints is no part of the report."""
    with redirect_stdout(sys.stderr):
        (claim,) = select_claims([place])
    return claim


def run_hunt(
    claim: Claim, source: Screened, *, seed: int, examples: int, budget: Budget, **how: Any
) -> Generator[Tally, None, None]:
    """The tallies of batch 0, 1, 2, … of a claim's screened inputs, as `run_campaign` gives those of its chunks.

    Args:
        claim: the claim.
        source: the inputs.
        seed: decides every batch.
        examples: how many configurations at least.
        budget: for each freeze proof.
        how: seconds, jobs, executor and journal, as for `run_campaign`.
    """
    number = claim.inputs.index(source)
    there = partial(hunt_chunk, claim.place or claim.id, number, seed, budget)
    here = partial(hunt_chunk, claim, number, seed, budget)
    yield from in_order(Chunks(f"hunt {number} of {claim.id} ", here, there), examples=examples, **how)


def hunt_chunk(claim: Claim | str, source: int, seed: int, budget: Budget, number: int) -> Tally:
    """One batch of the screened inputs of a claim: those that the screen leaves are examined one by one."""
    claim = _loaded(claim) if isinstance(claim, str) else claim
    screened = claim.inputs[source]
    assert isinstance(screened, Screened)
    batch = screened.draw(seed, number)
    counts = Counter({"verified": batch.verified})
    tally = Tally(configurations=batch.verified + len(batch.left), claims={claim.id: counts})
    tally.coverage[f"{claim.id}: {batch.family}"] = Counter({"screened": batch.verified})
    if batch.latest is not None:
        tally.coverage[f"{claim.id}: latest freeze of a batch"] = Counter({binned(batch.latest): 1})
    for c in batch.left:
        case = Case(c, budget)
        finding = claim.judge(case)
        count_finding(counts, finding)
        tally.coverage[f"{claim.id}: {batch.family}"]["examined"] += 1
        for regime, value in screened.regimes(case) if screened.regimes else ():
            shown = binned(value) if isinstance(value, int) else value
            tally.coverage.setdefault(f"{claim.id}: {regime}", Counter())[shown] += 1
        if finding.verdict == "refuted":
            tally.refutations.append(Counterexample(claim.id, c, finding, number))
    return tally
