"""Campaigns: the same seed gives the same verdicts for any number of jobs, and a broken kernel is caught and shrunk."""

from collections import Counter

import pytest

from hardmax.kernels.exact.dynamics import Dynamics
from hardmax.strategies import FAMILIES
from hardmax.verify.campaigns import campaign
from hardmax.verify.campaigns.campaign import Plan, run_campaign, run_chunk
from hardmax.verify.campaigns.judgement import REFUTED, UNDECIDED, VERIFIED, Findings
from hardmax.verify.campaigns.tally import Tally, extent
from hardmax.verify.claims.case import Case
from hardmax.verify.claims.registry import Derived, all_claims, select_claims
from hardmax.verify.commands.parts.verify_text import claim_lines, claim_records

from ...kernels.wrong_dynamics import with_layers

CLAIMS = ("clustering.convergence", "clustering.vertices", "lemmas.norm_growth")
EVERYTHING = tuple(c.id for c in all_claims() if c.every is not None)


def total(tallies):
    whole = Tally()
    for tally in tallies:
        whole.add(tally)
    return whole


def test_a_campaign_does_not_depend_on_the_number_of_jobs():
    plan = Plan(CLAIMS, ("lattice", "symmetric_orbits"), seed=3, kernels=("numpy",))
    one = total(run_campaign(plan, examples=120))
    two = total(run_campaign(plan, examples=120, jobs=2))
    assert one == two
    assert one.configurations >= 120
    constant = one.configurations - one.coverage["step"]["harmonic"]
    assert one.claims["clustering.vertices"]["verified"] == constant
    assert set(one.claims["clustering.vertices"]) <= {"verified", "trivial"}


def test_another_seed_gives_other_configurations():
    coverage = [run_chunk(Plan(CLAIMS, ("lattice",), seed=s), 0, 60).coverage for s in (0, 1)]
    assert coverage[0] != coverage[1]


def test_every_family_is_met_and_every_claim_examined_even_in_a_short_campaign():
    whole = total(run_campaign(Plan(EVERYTHING, kernels=("numpy",)), examples=len(FAMILIES)))
    assert set(whole.coverage["family"]) == set(FAMILIES)
    assert set(whole.claims) == set(EVERYTHING)
    assert not any(counts["refuted"] + counts["undecided"] for counts in whole.claims.values())
    assert whole.kernels["numpy"]["agree"] > 0


def test_one_in_sixteen_steps_depends_on_the_layer_and_claims_of_constant_steps_are_spared():
    tally = run_chunk(Plan((*CLAIMS, "lemmas.injective"), ("lattice",)), 0, 160)
    assert tally.coverage["step"]["harmonic"] == 10
    constant = tally.configurations - 10
    assert tally.claims["clustering.convergence"]["verified"] == constant
    assert "vacuous" not in tally.claims["clustering.convergence"]
    injective = tally.claims["lemmas.injective"]
    assert injective["vacuous"] > 0  # λ_0 = 1
    assert injective["verified"] + injective["vacuous"] == 10 + -(-constant // 8)
    assert tally.claims["lemmas.norm_growth"]["verified"] == 10 + -(-constant // 8)
    alone = run_chunk(Plan(("clustering.vertices",), ("lattice",)), 0, 40)
    assert "harmonic" not in alone.coverage["step"]


def test_coverage_counts_every_configuration():
    tally = run_chunk(Plan(CLAIMS, ("faces",), seed=1), 0, 50)
    for regime in ("family", "matrix", "step", "tokens", "dimension", "outcome"):
        assert sum(tally.coverage[regime].values()) == tally.configurations
    for regime in ("leaders", "freeze layer"):
        assert sum(tally.coverage[regime].values()) == tally.coverage["outcome"]["Frozen"]


class _Shrinking(Dynamics):
    """A wrong kernel: every token moves away from what it follows."""

    def next_layer(self, layer, sets):
        after = super().next_layer(layer, sets)
        return type(after)(after.index, layer.numerators * 2 - after.numerators, layer.denominator)


@pytest.fixture
def broken_kernel(monkeypatch):
    """Campaign cases run on a dynamics that is wrong from layer 1 on."""
    monkeypatch.setattr(campaign, "Case", lambda c, budget: Case(with_layers(c, _Shrinking), budget))


@pytest.mark.parametrize("everywhere", [True, False])
def test_a_wrong_kernel_is_refuted_and_shrunk(broken_kernel, monkeypatch, everywhere):
    """Among small configurations first; where they hold none, in the chunk itself."""
    plan = Plan(("lemmas.norm_growth", "clustering.convergence"), ("lattice",), seed=0)
    tally = run_chunk(plan, 0, 100)
    found = next(r for r in tally.refutations if r.claim == "lemmas.norm_growth")
    assert tally.claims["lemmas.norm_growth"]["refuted"] > 1, "one refutation does not end the chunk"
    assert tally.configurations == 100
    claims = select_claims(plan.claims)
    if not everywhere:
        monkeypatch.setattr(campaign, "smallest", lambda *_, **__: None)
    (claim,) = (c for c in claims if c.id == found.claim)
    small = campaign.smallest_of(plan, claim, found, examples=100, claims=claims)
    assert small.finding.verdict == "refuted"
    assert small.configuration.n <= (2 if everywhere else 3)
    assert small.configuration.d == 1
    assert all(abs(v) <= 2 and v.denominator == 1 for row in small.configuration.tokens for v in row)


def test_of_a_claim_refuted_in_many_chunks_the_smallest_refutation_is_kept(broken_kernel):
    tallies = list(run_campaign(Plan(("lemmas.norm_growth",), ("lattice", "faces"), seed=0), examples=60))
    refutations = [r for tally in tallies for r in tally.refutations]
    sizes = [extent(r.configuration) for r in refutations]
    assert len(set(sizes)) == len(tallies) == 2
    for order in (tallies, tallies[::-1]):
        findings = Findings(select_claims("lemmas.norm_growth"))
        for tally in order:
            findings.add(tally)
        ((_, case, finding),) = findings.refutations
        assert extent(case.configuration) == min(sizes)
        assert finding.verdict == "refuted"


def test_time_ends_a_campaign_between_chunks():
    tallies = list(run_campaign(Plan(CLAIMS, ("lattice",)), examples=10**9, seconds=0.01))
    assert len(tallies) == 1


def test_certificates_are_written_for_a_sample_or_for_all(tmp_path):
    plan = Plan(CLAIMS, ("lattice",), certificates=str(tmp_path))
    assert list(run_chunk(plan, 0, 30).certificates) == ["00000-000.cert.json"]
    every = Plan(CLAIMS, ("lattice",), certificates=str(tmp_path), certify_all=True)
    (tally,) = run_campaign(every, examples=30)
    written = {path.name for path in tmp_path.glob("00000-*.cert.json")}
    assert len(written) == tally.configurations == 30
    assert tally.certificates == dict.fromkeys(written, "")  # the texts are in the files alone


KERNELS = """
import sys
import numpy as np
from hardmax.kernels.floats.numpy_kernel import layer as right_layer, step as right
from hardmax.kernels.protocol import declare

def raises(tokens, A, alpha): raise ValueError("no\\nway")
def exits(tokens, A, alpha): sys.exit(0)
def wrong_shape(tokens, A, alpha): return right(tokens, A, alpha)[0]
def integers(tokens, A, alpha): return np.zeros(tokens.shape, int)
def told_beyond(tokens, A, alpha):
    moved, sets = right_layer(tokens, A, alpha)
    sets.first[:] = tokens.shape[1]
    return moved, sets
beyond = declare(right, layer=told_beyond)
pair = declare(right, layer=right)
def sometimes(tokens, A, alpha):
    if tokens.shape[1] > 4: raise KeyError("five")
    print("four at most")
    return right(tokens, A, alpha)
def identity_only(tokens, A, alpha): return right(tokens, None, alpha)
identity_only.supports_A = False
def interrupts(tokens, A, alpha): raise KeyboardInterrupt
"""


@pytest.fixture
def kernels(tmp_path):
    """The path of a file of kernels that fail in other ways than by a wrong value."""
    path = tmp_path / "kernels.py"
    path.write_text(KERNELS)
    return path


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("raises", "it raised ValueError: no way"),
        ("exits", "it called sys.exit(0)"),
        ("wrong_shape", "it returned float64 of shape ("),
        ("integers", "it returned int64 of shape (1, "),
        ("beyond", "or tokens beyond the "),
        ("pair", "its layer returned ndarray; (next tokens, FollowSets) is required"),
    ],
)
def test_a_kernel_without_an_answer_is_counted_and_the_run_goes_on(kernels, name, what):
    spec = f"{kernels}:{name}"
    tally = run_chunk(Plan(CLAIMS, ("lattice",), kernels=(spec, "numpy")), 0, 40)
    assert tally.configurations > campaign.KERNEL_SAMPLE
    counts = tally.kernels[spec]
    assert counts["failed"] == counts["disagree"] == -(-tally.configurations // campaign.KERNEL_SAMPLE)
    assert tally.kernels["numpy"]["disagree"] == 0 < tally.kernels["numpy"]["agree"]
    _, message = tally.failures[spec]
    assert what in message
    assert "\n" not in message


def test_a_kernel_that_fails_now_and_then_is_compared_elsewhere_and_prints_to_stderr(kernels, capsys):
    spec = f"{kernels}:sometimes"
    whole = total(run_campaign(Plan(CLAIMS, ("lattice",), kernels=(spec,)), examples=200))
    assert whole.kernels[spec]["agree"] > 0 < whole.kernels[spec]["failed"]
    configuration, message = whole.failures[spec]
    assert sum(configuration.multiplicities) > 4
    assert message == "it raised KeyError: 'five'"
    captured = capsys.readouterr()
    assert "four at most" not in captured.out
    assert "four at most" in captured.err


def test_a_kernel_for_the_identity_is_compared_there_alone(kernels):
    spec = f"{kernels}:identity_only"
    whole = total(run_campaign(Plan(CLAIMS, kernels=(spec,)), examples=len(FAMILIES) * 20))
    counts = whole.kernels[spec]
    assert counts["agree"] > 0 < counts["other_A"]
    assert counts["disagree"] == counts["failed"] == 0


def test_an_interrupt_in_a_kernel_stays_one(kernels):
    with pytest.raises(KeyboardInterrupt):
        run_chunk(Plan(CLAIMS, ("lattice",), kernels=(f"{kernels}:interrupts",)), 0, 5)


# -- judgement --------------------------------------------------------------------------------------------------------


def found(**counts):
    """Findings over the claims named (with _ for .), each with the given counts of verdicts."""
    ids = {name.replace("__", "."): c for name, c in counts.items()}
    return Findings(select_claims(",".join(ids)), Tally(claims={name: Counter(c) for name, c in ids.items()}))


def proved(findings, standing="proved"):
    """The same with a derivation of every claim, or one that fails."""
    findings.derived = {claim.id: Derived(standing, ("line",)) for claim in findings.claims}
    return findings


GOOD = {"verified": 5}
BAD = {"verified": 4, "refuted": 1}
OPEN = {"verified": 4, "undecided": 1}


@pytest.mark.parametrize(
    ("findings", "status"),
    [
        (found(clustering__vertices=GOOD), VERIFIED),
        (found(clustering__vertices=BAD), REFUTED),
        (found(clustering__vertices=OPEN), UNDECIDED),
        (found(clustering__vertices={}), UNDECIDED),
        (found(clustering__vertices={"vacuous": 3}), UNDECIDED),
        (found(lemmas__injective={}), UNDECIDED),
        (proved(found(lemmas__injective={})), VERIFIED),
        (proved(found(lemmas__injective={"vacuous": 3})), VERIFIED),
        (proved(found(lemmas__injective=BAD)), REFUTED),
        (proved(found(lemmas__injective=GOOD), "refuted"), REFUTED),
        (found(necessity__nonzero={"refuted": 1}), VERIFIED),
        (found(necessity__nonzero={"verified": 1}), REFUTED),
        (found(necessity__nonzero={}), REFUTED),
        (found(clustering__vertices=OPEN, clustering__boundary=BAD), REFUTED),
        (found(routes__polytope={"verified": 99, "undecided": 1}), VERIFIED),
        (found(routes__polytope={"verified": 98, "undecided": 1}), UNDECIDED),
        (found(routes__polytope={"verified": 998, "undecided": 1, "refuted": 1}), REFUTED),
        (found(routes__polytope={"undecided": 1}), UNDECIDED),
        (found(routes__certificate={"verified": 999, "undecided": 1}), UNDECIDED),
    ],
)
def test_the_status_of_a_run(findings, status):
    assert findings.status == status


@pytest.mark.parametrize(
    ("findings", "verdict"),
    [
        (found(lemmas__injective=GOOD), "verified"),
        (proved(found(lemmas__injective=GOOD)), "proved"),
        (proved(found(lemmas__equilibrium=GOOD), "rests on"), "verified"),
        (proved(found(lemmas__equilibrium={}), "rests on"), "undecided"),
        (found(lemmas__injective={"vacuous": 2}), "vacuous"),
        (proved(found(lemmas__injective={"vacuous": 2})), "proved"),
        (proved(found(lemmas__injective=BAD)), "refuted"),
        (proved(found(lemmas__injective=GOOD), "refuted"), "refuted"),
    ],
)
def test_the_word_for_a_claim(findings, verdict):
    assert findings.judge(findings.claims[0]).verdict == verdict


def test_the_line_of_a_claim_says_what_is_proved_and_how_much_is_trivial():
    def line(findings):
        return list(claim_lines(findings))[1]

    counts = {"verified": 5000, "trivial": 1200, "vacuous": 3}
    shown = "5,000 verified (1,200 trivial), 3 vacuous"
    injective, equilibrium = found(lemmas__injective=counts), found(lemmas__equilibrium=counts)
    assert line(proved(injective)) == (f"  proved     lemmas.injective: {shown}; proved for all inputs by a derivation")
    assert line(proved(equilibrium, "rests on")) == (
        f"  verified   lemmas.equilibrium: {shown}; rests on 1 identity shown here, the rest of its proof is on paper"
    )
    assert "its derivation does not hold: line   NOT AS EXPECTED" in line(proved(injective, "refuted"))
    counted = claim_records(injective, {})[0].counts
    assert (counted.verified, counted.trivial, counted.vacuous) == (5000, 1200, 3)
    assert (counted.refuted, counted.undecided) == (0, 0)


def test_an_interrupted_run_is_undecided_unless_something_is_refuted():
    run = found(clustering__vertices=GOOD, necessity__nonzero={})
    run.interrupted = True
    assert run.status == UNDECIDED
    run = found(clustering__vertices=BAD)
    run.interrupted = True
    assert run.status == REFUTED


def test_a_kernel_that_disagrees_fails_the_run():
    run = found(clustering__vertices=GOOD)
    run.tally.kernels["numpy"] = Counter(agree=10, disagree=1)
    assert run.status == REFUTED


def test_draws_do_not_depend_on_what_else_is_loaded():
    """Hypothesis draws constants from the source of loaded local modules; a campaign must not."""
    from hypothesis.internal.conjecture import providers

    from hardmax.strategies.reproducible import no_constants_from_source

    outside = providers._get_local_constants
    with no_constants_from_source():
        assert len(providers._get_local_constants()) == 0
    assert providers._get_local_constants is outside
    assert len(outside()) > 0, "this file alone has constants: without the context they would be drawn"
