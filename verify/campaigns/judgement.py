"""Judgement: what a whole run says of each claim, whether that was expected, and the exit status.

Neighbours: `tally` holds the counts, `commands.verify` runs and shows.
"""

from collections import Counter
from dataclasses import dataclass, field

from ..claims.case import Case
from ..claims.registry import Claim, Derived, Finding
from .tally import Counterexample, Tally, count_finding, extent

VERIFIED, REFUTED, UNDECIDED = 0, 1, 3
"""Exit statuses."""
OPEN = ("undecided", "vacuous")
"""Verdicts that say neither yes nor no."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A claim's verdict over everything examined.

    Args:
        claim: the claim.
        verdict: refuted if one input refutes it or a derivation of it fails, else proved if derivations show it for all
            inputs, else undecided if more than `claim.may_stay_open` of the inputs are, else verified if one is, else
            vacuous if inputs were examined but it says nothing about any, else undecided.
        as_expected: whether that is what `claim.expected` says.
        counts: {verdict: inputs}; "trivial" counts those of the verified that could not have refuted it.
    """

    claim: Claim
    verdict: str
    as_expected: bool
    counts: Counter[str]


@dataclass(slots=True)
class Findings:
    """Everything a run found so far.

    Args:
        claims: the claims that were asked for.
        tally: counts over all configurations.
        derived: {claim id: what its derivations show}.
        counterexamples: every refutation outside a campaign, with its case.
        drawn: {claim id: the smallest refutation of a campaign}.
        interrupted: whether the run was ended early.
        out_of_time: whether its time was up before all of it was done.
    """

    claims: tuple[Claim, ...]
    tally: Tally = field(default_factory=Tally)
    derived: dict[str, Derived] = field(default_factory=dict)
    counterexamples: list[tuple[Claim, Case, Finding]] = field(default_factory=list)
    drawn: dict[str, Counterexample] = field(default_factory=dict)
    interrupted: bool = False
    out_of_time: bool = False

    def count(self, claim: Claim, case: Case, finding: Finding) -> None:
        """Count one finding, and keep it if it refutes."""
        count_finding(self.tally.claims.setdefault(claim.id, Counter()), finding)
        if finding.verdict == "refuted":
            self.counterexamples.append((claim, case, finding))

    def add(self, tally: Tally) -> None:
        """Count a chunk of a campaign; of its refutations the smallest of each claim is kept."""
        self.tally.add(tally)
        for r in tally.refutations:
            known = self.drawn.get(r.claim)
            if known is None or extent(r.configuration) < extent(known.configuration):
                self.drawn[r.claim] = r

    @property
    def refutations(self) -> list[tuple[Claim, Case, Finding]]:
        """Every refutation to keep, those of a campaign last."""
        drawn = [(c, self.drawn[c.id]) for c in self.claims if c.id in self.drawn]
        return [*self.counterexamples, *((c, Case(r.configuration), r.finding) for c, r in drawn)]

    def judge(self, claim: Claim) -> Judged:
        """The verdict on one claim."""
        counts = self.tally.claims.get(claim.id, Counter())
        examined = counts["verified"] + counts["undecided"]
        standing = self.derived[claim.id].standing if claim.id in self.derived else None
        if counts["refuted"] or standing == "refuted":
            verdict = "refuted"
        elif standing == "proved":
            verdict = "proved"
        elif counts["undecided"] > claim.may_stay_open * examined:
            verdict = "undecided"
        elif counts["verified"]:
            verdict = "verified"
        else:
            verdict = "vacuous" if counts["vacuous"] else "undecided"
        expected = {"theorem": ("verified", "proved"), "open": (verdict,)}.get(claim.expected, ("refuted",))
        return Judged(claim, verdict, verdict in expected, counts)

    @property
    def status(self) -> int:
        """Refuted if a claim or a kernel is, unexpectedly, or if an expected refutation was not found."""
        judged = [self.judge(claim) for claim in self.claims]
        if any(counts["disagree"] for counts in self.tally.kernels.values()):
            return REFUTED
        for j in judged:
            looked_for = j.claim.expected in ("needs_hypothesis", "false_as_printed") and not (
                self.interrupted or self.out_of_time
            )
            if not j.as_expected and (j.verdict not in OPEN or looked_for):
                return REFUTED
        return UNDECIDED if self.interrupted or any(j.verdict in OPEN for j in judged) else VERIFIED

    @property
    def undecided(self) -> int:
        """How many configurations left some claim undecided, at least."""
        return max((counts["undecided"] for counts in self.tally.claims.values()), default=0)
