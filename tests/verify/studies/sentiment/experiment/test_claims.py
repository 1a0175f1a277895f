"""Verdicts on made-up evidence: every claim must be able to stand and to fall."""

import numpy as np
import pytest

from hardmax.kernels import Configuration, InputError
from hardmax.verify.campaigns.judgement import UNDECIDED, Findings
from hardmax.verify.campaigns.sources import examine_sources
from hardmax.verify.claims.conclusion import examine
from hardmax.verify.claims.registry import select_claims
from hardmax.verify.studies.sentiment.experiment import verification
from hardmax.verify.studies.sentiment.experiment.claims import CLAIMS, PUBLISHED
from hardmax.verify.studies.sentiment.experiment.judgement import Evidence, judge

SEEDS = range(5)


def result(kind, seed, *, dimension=2, depth=8, start=1.0, **fields):
    recipe = {"dimension": dimension, "depth": depth, "alpha": start, "seed": seed}
    return {"trial": {"kind": kind, "seed": seed, "recipe": recipe, "padding": "masked"}, **fields}


def accuracy(value):
    return {"validation": value, "test": value, "best_test": value}


def made(*, good: bool, noise: float = 0.001):
    """Evidence that is good for every claim, or bad for every claim."""
    rng = np.random.default_rng(0)
    s = 1 if good else -1

    def about(value):
        return float(value + noise * rng.standard_normal())

    results = []
    for seed in SEEDS:
        results.append(result("words", seed, accuracy=accuracy(about(0.8 - s * 0.1))))
        for position, alpha in enumerate((0.1, 0.3, 3.0, 10.0)):
            steps = {0: -2, 1: -1, 2: 1, 3: 2}
            results.append(
                result("alpha", seed, start=alpha, accuracy=accuracy(about(0.85 + s * 0.01 * steps[position])))
            )
        for depth, step in ((1, -3), (2, -2), (4, -1), (16, 1)):
            results.append(result("depth", seed, depth=depth, accuracy=accuracy(about(0.85 + s * 0.01 * step))))
        for d, height in ((2, 0.85), (4, 0.85 + s * 0.02)):
            base = height if good else height - 0.2 + (0.2 if d == 2 else 0.1)
            leaders = {"share": about(0.1 if good else 0.6)}
            measures = {
                "leaders": leaders,
                "untrained_leaders": {"share": about(0.2 if good else 0.4)},
                "softmax": {
                    "0.001": {"same": about(0.995 if good else 0.8)},
                    "1.0": {"same": about(0.9)},
                },
                "frequent": {
                    "standing": about(0.9 if good else 0.3),
                    "alternatives": {"non_leaders": about(0.5), "shuffled": about(0.5)},
                },
                "against_others": {
                    "decoder": {
                        "leaders": about(0.8 if good else 0.3),
                        "random_directions": about(0.6),
                        "same_length": about(0.5 + s * 0.2),
                        "shuffled": about(0.5),
                    },
                    "independent": {
                        "leaders": about(0.5 + s * 0.2),
                        "same_length": about(0.5 + s * 0.1),
                        "shuffled": about(0.5),
                    },
                },
                "spread": {
                    "layers": [1.0, about(0.1 if good else 0.5)],
                    "null": [1.0, 0.2],
                    "untrained": [1.0, about(0.2)],
                    "shuffled": [1.0, about(0.2)],
                },
                "interventions": {
                    "model": about(0.85),
                    **{
                        name: about(0.85 - s * 0.1)
                        for name in ("shuffled", "equal", "random_leaders", "context_free", "no_attention")
                    },
                },
            }
            value = about(base)
            results += [
                result(
                    "hard",
                    seed,
                    dimension=d,
                    accuracy=accuracy(value) | {"best_test": about(PUBLISHED[d] + s * 0.05)},
                    measures=measures,
                ),
                result("twin", seed, dimension=d, depth=0, accuracy=accuracy(about(base - s * 0.05))),
                result("learned", seed, dimension=d, accuracy=accuracy(value), log_alpha=about(s)),
                result("softmax", seed, dimension=d, accuracy=accuracy(about(base - (0 if good else 0.1)))),
                result(
                    "padding",
                    seed,
                    dimension=d,
                    accuracy=accuracy(about(base - (0 if good else 0.1))),
                    measures={"padding_leads": about(0.05 if good else 0.9), "leaders": {"share": about(0.3)}},
                ),
            ]
    return Evidence(results)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_evidence_in_favour_supports_and_evidence_against_refutes(claim):
    for_it = judge(claim, made(good=True))
    assert for_it.parts
    assert for_it.verdict == "supported", [
        (p.label, [(c.name, c.verdict) for c in p.comparisons]) for p in for_it.parts
    ]
    against_it = judge(claim, made(good=False))
    assert against_it.verdict == "refuted", [
        (p.label, [(c.name, c.verdict) for c in p.comparisons]) for p in against_it.parts
    ]


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_noise_and_nothing_support_nothing(claim):
    noisy = judge(claim, made(good=True, noise=5.0))
    assert noisy.verdict != "supported"
    nothing = judge(claim, Evidence([]))
    assert (nothing.verdict, nothing.parts) == ("not_supported", ())


def test_every_part_compares_with_something_and_claims_are_named_once():
    judged = [judge(claim, made(good=True)) for claim in CLAIMS]
    assert all(part.comparisons for one in judged for part in one.parts)
    assert len({claim.id for claim in CLAIMS}) == len(CLAIMS)
    assert all(claim.id.startswith("sentiment.") and claim.why and claim.origin for claim in CLAIMS)


def test_a_claim_that_holds_at_one_dimension_and_not_at_another_is_not_supported():
    good, bad = made(good=True), made(good=False)
    mixed = Evidence(
        [r for r in good._results if r["trial"]["recipe"]["dimension"] == 2]
        + [r for r in bad._results if r["trial"]["recipe"]["dimension"] == 4]
    )
    few = next(claim for claim in CLAIMS if claim.id == "sentiment.few_leaders")
    judged = judge(few, mixed)
    assert [part.verdict for part in judged.parts] == ["supported", "refuted"]
    assert judged.verdict == "not_supported"


def test_comparisons_are_made_on_the_seeds_that_both_sides_have():
    evidence = Evidence(
        [result("hard", s, accuracy=accuracy(0.8 + s / 100)) for s in (0, 1, 2)]
        + [result("twin", s, depth=0, accuracy=accuracy(0.7 + s / 100)) for s in (2, 1)]
        + [result("words", s, accuracy=accuracy(0.6)) for s in (1, 2, 3)]
    )
    attention = next(claim for claim in CLAIMS if claim.id == "sentiment.attention")
    judged = judge(attention, evidence)
    assert judged.parts[0].comparisons[0].effect.values == pytest.approx((0.81, 0.82))


def test_a_series_that_is_not_determined_is_an_error():
    evidence = Evidence([result("hard", 0, dimension=d, accuracy=accuracy(0.8)) for d in (2, 4)])
    with pytest.raises(ValueError, match="several hard trainings of seed 0"):
        evidence.by_seed("hard", "accuracy test")


def test_they_are_records_among_other_claims(monkeypatch):
    records = select_claims("sentiment.*")
    assert [record.id for record in records] == [claim.id for claim in CLAIMS]
    assert [record.statement for record in records] == [claim.statement for claim in CLAIMS]
    assert {record.expected for record in records} == {"open"}
    assert not {record.id for record in records} & {claim.id for claim in select_claims()}, "no campaign has them"
    assert "hardmax sentiment verify" in examine("sentiment.padding", Configuration([[1], [-1]])).message

    def absent(*_):
        raise InputError("the reviews are not installed; pip install them")

    monkeypatch.setattr(verification, "read_reviews", absent)
    found = Findings(records)
    (line,) = examine_sources(found, seed=0, examples=5)
    assert line.endswith(": skipped, the reviews are not installed; pip install them")
    assert found.status == UNDECIDED
