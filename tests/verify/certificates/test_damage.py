"""A certificate that is damaged in one place is refused, or still says what is true.

With its old seal a damaged certificate has to be refused, whatever the damage. Sealed anew, it may be accepted only if
what it says is true: the damage hit a choice that the proof leaves open (an offset of a jump, a normal), or turned the
certificate into one of another problem. Then the prover has to come to the same answers on its own.
"""

import copy
import json
import random
import sys
from collections import Counter
from fractions import Fraction

import pytest
from flint import fmpq, fmpz_poly

from hardmax.kernels.exact.configuration import Configuration, with_changes
from hardmax.kernels.exact.step import HarmonicStep
from hardmax.verify.certificates import checker
from hardmax.verify.certificates.checker import reading
from hardmax.verify.certificates.writer import to_text
from hardmax.verify.claims.case import Case
from hardmax.verify.claims.certified import certificate_of
from hardmax.verify.claims.conclusion import prove
from hardmax.verify.provers.control.questions import Leading
from hardmax.verify.provers.control.search import Possible, settle
from hardmax.verify.provers.freeze.prover import decide
from hardmax.verify.provers.regions.atlas.answer import ask_all_matrices
from hardmax.verify.provers.regions.cells import AlgebraicPoint
from hardmax.verify.provers.regions.follow import Follower
from hardmax.verify.provers.regions.radius_answer import ask_radius
from hardmax.verify.provers.regions.roots import Root

from . import softmax_truth, suite
from .damage import damage, places, smudge
from .edits import sealed

ACCEPT = {name: json.loads(text) for name, text in suite.texts("accept").items() if len(text) < 5_000}


def statement(document):
    """What a certificate says about its problem: claims, leaders, where tokens go, since when the sets stay."""
    entries, proof = document["cluster_points"], document["proof"]
    points = [entry["point"] if isinstance(entry, dict) else entry for entry in entries]
    limits = points if proof.get("kind") == "self-similar" else [points[p] for p in proof["limits"]]
    claims = {claim: verdict for claim, verdict in document["claims"].items() if verdict}
    return {"claims": claims, "leaders": document["leaders"], "limits": limits, "freeze": proof.get("freeze_layer")}


def proved(problem):
    """What the prover says about a problem."""
    step = problem["step"]
    step = Fraction(step["alpha"]) if "alpha" in step else HarmonicStep(step["numerator"], step["offset"])
    weights = problem["multiplicities"]
    if "gram" in problem:
        configuration = Configuration.from_gram(problem["gram"], step, multiplicities=weights)
    else:
        configuration = Configuration(
            [[Fraction(x) for x in row] for row in problem["tokens"]],
            [[Fraction(x) for x in row] for row in problem["A"]],
            step,
            multiplicities=weights,
            follow=problem["follow"],
        )
    document = certificate_of(Case(configuration))
    return None if document is None else statement(document)


def no_a_is_true(document):
    """Whether no A is found for the question of a certificate that says that there is none, and no later layer has it.

    What it says of later layers is compared with runs: those of A = I and of a few other A.
    """
    configurations = [
        Configuration([[Fraction(x) for x in z] for z in c["tokens"]], multiplicities=c["multiplicities"])
        for c in document["configurations"]
    ]
    leaders, kind = document["leaders"], document["question"]
    if all(c.is_distinct for c in configurations):
        question = Leading(kind, tuple(configurations), tuple(map(tuple, leaders)))
        if isinstance(settle(question), Possible):
            return False
    if document["claims"]["control.for_ever"] is None:
        return True
    for k, step in ((1, Fraction(1, 3)), (2, Fraction(1)), (5, Fraction(3))):
        A = [
            [k * (i == j) + Fraction(1, 1 + i + j) for j in range(configurations[0].d)]
            for i in range(configurations[0].d)
        ]
        found = [prove(with_changes(c, A=A, alpha=step), merge=False).outcome.leaders for c in configurations]
        if all(set(L) <= set(f) if kind == "lead" else set(L) == set(f) for L, f in zip(leaders, found, strict=True)):
            return False
    return True


def steps_are_true(document):
    """Whether the prover comes to the leaders and phases of a certificate about all steps, at some α of each piece."""
    problem = document["problem"]
    configuration = Configuration(
        [[Fraction(x) for x in z] for z in problem["tokens"]],
        [[Fraction(x) for x in row] for row in problem["A"]],
        multiplicities=problem["multiplicities"],
    )
    for piece in document["pieces"]:
        if piece["proof"] is None:
            continue
        low, high = (end and [Fraction(x) for x in end["between"]] for end in (piece["from"], piece["to"]))
        if piece["from"] == piece["to"] and low[0] < low[1]:
            root = Root(fmpz_poly([int(c) for c in piece["from"]["polynomial"]]), *map(as_fmpq, low))
            found = Follower(configuration, AlgebraicPoint(root)).decide(200)
            runs = [] if found is None else [(found.leaders, [first for first, _ in found.phases])]
        else:
            sample = Fraction(piece["sample"])
            samples = [sample] if low == high else [sample, (2 * low[1] + sample) / 3]
            samples += [] if low == high or high is None else [(2 * high[0] + sample) / 3]
            outcomes = [decide(with_changes(configuration, alpha=alpha)) for alpha in samples]
            runs = [(outcome.leaders, [phase.first for phase in outcome.phases]) for outcome in outcomes]
        if piece["proof"]["kind"] == "small steps":
            alphas = [high[0] * Fraction(k, 97) for k in (1, 13, 50, 96)]
            found = [decide(with_changes(configuration, alpha=alpha)).leaders for alpha in alphas]
            if any(sorted(leaders) != piece["proof"]["leaders"] for leaders in found):
                return False
            continue
        said = {entry["token"]: entry["layer"] for entry in piece["proof"]["leaders"]}
        firsts = [phase["first"] for phase in piece["proof"]["itinerary"]]
        if not runs or any(run != (said, firsts) for run in runs):
            return False
    return True


def radius_is_true(document):
    """Whether a certificate of a radius says no more than the prover does, and no move within it breaks anything."""
    problem, radius = document["problem"], {key: Fraction(x) for key, x in document["radius"].items()}
    configuration = Configuration(
        [[Fraction(x) for x in z] for z in problem["tokens"]],
        [[Fraction(x) for x in row] for row in problem["A"]],
        Fraction(problem["alpha"]),
        multiplicities=problem["multiplicities"],
    )
    if not configuration.is_spd:
        return False
    found = ask_radius(configuration.merged()).found
    if document["claims"]["radius.itinerary"] and any(
        radius[key] > getattr(found, key) * Fraction(1001, 1000) for key in ("tokens", "relative", "A")
    ):
        return False
    return not document["claims"]["radius.leaders"] or radius["leaders"] <= found.hull * Fraction(1001, 1000)


def atlas_is_true(document):
    """Whether the sets of leaders are those that occur, as the prover finds them, each at its A."""
    problem, listed = document["problem"], [tuple(entry["leaders"]) for entry in document["sets"]]
    configuration = Configuration(
        [[Fraction(x) for x in z] for z in problem["tokens"]],
        alpha=Fraction(problem["alpha"]),
        multiplicities=problem["multiplicities"],
    )
    for leaders, entry in zip(listed, document["sets"], strict=True):
        x, y = map(Fraction, entry["at"])
        found = decide(with_changes(configuration, A=[[1 + x, y], [y, 1 - x]]))
        if not configuration.is_nonzero or x * x + y * y >= 1 or tuple(sorted(found.leaders)) != leaders:
            return False
    occurring = {one.leaders for one in ask_all_matrices(configuration).sets()}
    everywhere = document["claims"]["matrices.all"] == "verified"
    return {*listed} == occurring if everywhere else {*listed} <= occurring


def as_fmpq(value):
    return fmpq(value.numerator, value.denominator)


def is_true(document, original):
    """Whether an accepted certificate says nothing wrong."""
    if "pieces" in document:
        return steps_are_true(document)
    if "nodes" in document:
        return atlas_is_true(document)
    if "bits" in document:
        return softmax_truth.is_true(document)
    if "radius" in document:
        return radius_is_true(document)
    if "question" in document:
        return no_a_is_true(document)
    truth = statement(original) if document["problem"] == original["problem"] else proved(document["problem"])
    said = statement(document)
    if truth is None:
        return False
    agree = all(truth["claims"].get(claim) in (verdict, None) for claim, verdict in said["claims"].items())
    return agree and {**said, "claims": 0} == {**truth, "claims": 0}


def try_damage(rounds, seed):
    """Damage accepted certificates; what happened, and every false acceptance."""
    rng, counts, wrong = random.Random(seed), Counter(), []
    for _ in range(rounds):
        name = rng.choice(sorted(ACCEPT))
        if rng.random() < 0.3:
            text, what = smudge(to_text(ACCEPT[name]), rng)
            try:
                damaged = json.loads(text)
            except ValueError:
                damaged = None
            if damaged == ACCEPT[name] and not _repeats(text):
                counts["smudges that change nothing"] += 1
                continue
            counts["smudged"] += 1
            if accepted(text):
                wrong.append(f"{name}: {what}")
            continue
        damaged, what = damage(ACCEPT[name], rng)
        counts["damaged"] += 1
        if accepted(to_text(damaged)):
            wrong.append(f"{name}, with its old seal: {what}")
        if "seal" in damaged and accepted(to_text(sealed(damaged))):
            counts["still true"] += 1
            if not is_true(damaged, ACCEPT[name]):
                wrong.append(f"{name}, sealed anew: {what}")
    return counts, wrong


def accepted(text):
    try:
        checker.check(text)
    except checker.Refused:
        return False
    return True


def _repeats(text):
    """Whether a key of the text is repeated."""
    pairs = []
    json.loads(text, object_pairs_hook=lambda found: pairs.append(found) or dict(found))
    return any(len(dict(found)) < len(found) for found in pairs)


def test_no_damaged_certificate_is_believed():
    counts, wrong = try_damage(700, seed=1)
    assert wrong == []
    assert counts["damaged"] > 400
    assert counts["smudged"] > 150


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(2, 22))
def test_no_damaged_certificate_is_believed_in_20_000_tries(seed):
    _, wrong = try_damage(1_000, seed)
    assert wrong == []


def test_damage_would_be_noticed(monkeypatch):
    """The test can fail: checkers without one of their conditions believe damaged certificates."""
    files = [module for name, module in sys.modules.items() if name.startswith(f"{checker.__name__}.")]
    must = reading.must
    for careless in ("seal", "leaders", "clustering"):

        def believe(holds, rule, *rest, careless=careless):
            must(holds or rule.startswith(careless), rule, *rest)

        with monkeypatch.context() as patch:
            for module in files:
                if hasattr(module, "must"):
                    patch.setattr(module, "must", believe)
            assert any(try_damage(700, seed)[1] for seed in (1, 2, 3, 4)), careless


@pytest.mark.parametrize("name", [name for name in ACCEPT if name.startswith("no-A")])
def test_no_search_finds_what_a_certificate_excludes(name):
    assert no_a_is_true(ACCEPT[name])


@pytest.mark.parametrize("name", [n for n in ACCEPT if "proof" in ACCEPT[n] and not n.startswith(("steps", "radius"))])
def test_the_prover_agrees_with_every_accepted_example(name):
    """The oracle of this file, on the conformance set itself."""
    truth, said = proved(ACCEPT[name]["problem"]), statement(ACCEPT[name])
    assert truth is not None
    assert {**truth, "claims": None} == {**said, "claims": None}


@pytest.mark.parametrize("name", [name for name in ACCEPT if name.startswith("steps")])
def test_the_prover_agrees_with_every_accepted_example_about_all_steps(name):
    assert steps_are_true(ACCEPT[name])


def numbers_altered(document):
    """(what, the document with one number altered) for every number below the statement and the proof."""
    for path in places(document):
        if path[0] in ("version", "seal", "format", "claims", "question"):
            continue
        holder = document
        for step in path[:-1]:
            holder = holder[step]
        value = holder[path[-1]]
        others = []
        if isinstance(value, int):
            others = [value + 1, max(0, value - 1)]
        elif isinstance(value, str) and value.strip("-")[:1].isdigit():
            x = Fraction(value)
            others = [str(y) for y in (x + 1, -x, x * Fraction(1001, 1000), x - Fraction(1, 7))]
        for other in others:
            if other != value:
                altered = copy.deepcopy(document)
                place = altered
                for step in path[:-1]:
                    place = place[step]
                place[path[-1]] = other
                yield f"{path}: {value} became {other}", altered


@pytest.mark.parametrize("name", [name for name in ACCEPT if name.startswith("softmax")])
def test_no_run_contradicts_what_a_certificate_about_softmax_says(name):
    assert softmax_truth.is_true(ACCEPT[name])


@pytest.mark.parametrize(
    "name", [name for name in ACCEPT if name.startswith(("no-A", "softmax", "steps", "radius", "matrices"))]
)
def test_every_number_of_a_certificate_without_layers_matters_or_leaves_it_true(name):
    refused = 0
    for what, altered in numbers_altered(ACCEPT[name]):
        assert not accepted(to_text(altered)), f"with its old seal: {what}"
        if not accepted(to_text(sealed(altered))):
            refused += 1
        else:
            assert is_true(altered, None), what
    assert refused
