"""Forged certificates of the format *Gram*: true ones, changed where looking away would be dangerous, sealed anew."""

import copy
import json
from collections import Counter
from contextlib import suppress
from fractions import Fraction as Q
from random import Random

import pytest

from hardmax.kernels.exact.configuration import Configuration
from hardmax.kernels.exact.rational_text import rational_text
from hardmax.kernels.exact.step import HarmonicStep
from hardmax.verify.certificates import checker
from hardmax.verify.certificates.checker import gram as format_gram
from hardmax.verify.certificates.checker.gram import products
from hardmax.verify.certificates.writer import to_text
from hardmax.verify.claims.case import Case
from hardmax.verify.claims.certified import certificate_of

from .edits import sealed
from .gram_truth import is_right

SEEDS = 300
"""True certificates, of each of which `CHANGES` forgeries are made."""
CHANGES = 5
SIZES = ("1/1000000000000", "1/3", "1", "7", str(2**31), str(2**32 - 1), str(2**63), "-1", "-2", str(-(2**32)))


def true_one(random: Random):
    """A certificate whose tokens all lead or follow a leader alone; None if these tokens do otherwise."""
    n, d = random.randint(2, 7), random.randint(1, 4)
    tokens = [[random.randint(-9, 9) for _ in range(d)] for _ in range(n)]
    G = [[sum(a * b for a, b in zip(x, y, strict=True)) for y in tokens] for x in tokens]
    if random.random() < 0.3:
        G = [[x + (i == j) for j, x in enumerate(row)] for i, row in enumerate(G)]
    step = HarmonicStep(1, random.randint(1, 4)) if random.random() < 0.2 else None
    alpha = None if step else random.choice(["1/3", "1", "5/2"])
    c = Configuration.from_gram(G, alpha, step=step, multiplicities=[random.randint(1, 2) for _ in tokens])
    document = certificate_of(Case(c))
    rules = document["proof"].get("rules", [""]) if document else [""]
    plain = document and not any(phase["jumps"] for phase in document["itinerary"])
    verified = document and set(document["claims"].values()) == {"verified"}
    return document if plain and verified and {"leader", "R1"}.issuperset(rules) else None


def other(random: Random, value: str) -> str:
    """Another rational: a little more or less, or something of another size."""
    x = Q(value)
    return rational_text(random.choice([x + Q(random.choice(SIZES)), x * Q(random.choice(SIZES)), -x, Q(0)]))


def gram(c, random):
    G, n = c["problem"]["gram"], len(c["problem"]["gram"])
    i, j = random.randrange(n), random.randrange(n)
    G[i][j] = other(random, G[i][j])
    if random.random() < 0.9:
        G[j][i] = G[i][j]


def factor(c, random):
    f = c["factor"]
    where = random.choice([f["weights"], *f["rows"]])
    if where and random.random() < 0.8:
        k = random.randrange(len(where))
        where[k] = other(random, where[k])
    elif where and random.random() < 0.5:
        where.pop()
    else:
        where.append(random.choice(SIZES))


def indefinite(c, random):
    """A matrix and a factor that go wrong together: an entry of both."""
    gram(c, random)
    factor(c, random)


def some_set(c, random):
    phase = random.choice(c["itinerary"])
    C, n = random.choice(phase["sets"])[1], len(c["problem"]["gram"])
    change = random.randrange(4)
    if change == 0:
        C[:] = [random.randrange(n)]
    elif change == 1:
        C.append(random.randrange(n))
    elif change == 2:
        C.pop(random.randrange(len(C)))
    else:
        C[:] = sorted({*C, random.randrange(n)})


def phases(c, random):
    run = c["itinerary"]
    n, last = len(c["problem"]["gram"]), run[-1]
    change = random.randrange(6)
    if change == 0:
        random.choice(run)["layers"] += random.choice([-1, 1, 2])
    elif change == 1:
        random.choice(run)["first"] += random.choice([-1, 1])
    elif change == 2:
        run.pop(random.randrange(len(run)))
    elif change == 3:  # a token that follows a leader for ever changes its mind
        i = random.randrange(n)
        run.append({"first": last["first"] + last["layers"], "layers": 1, "sets": [[i, [i]]], "jumps": []})
        c["proof"] |= {"freeze_layer": run[-1]["first"], "layer": run[-1]["first"]}
    elif change == 4:  # and back
        i = random.randrange(n)
        for C in ([i], [random.randrange(n)]):
            last = run[-1]
            run.append({"first": last["first"] + last["layers"], "layers": 1, "sets": [[i, C]], "jumps": []})
        c["proof"] |= {"freeze_layer": run[-1]["first"], "layer": run[-1]["first"]}
    else:  # the end is cut off
        cut = run[0] if len(run) == 1 else run[-2]
        del run[len(run) - 1 or 1 :]
        c["proof"] |= {"freeze_layer": cut["first"], "layer": cut["first"] + cut["layers"] - 1}


def layers(c, random):
    c["proof"][random.choice(["layer", "freeze_layer"])] += random.choice([-1, 1])
    if random.random() < 0.5:
        c["itinerary"][-1]["layers"] += 1


def leaders(c, random):
    found = c["leaders"]
    change = random.randrange(3)
    if change == 0 and found:
        found.pop(random.randrange(len(found)))
    elif change == 1 and found:
        random.choice(found)["layer"] += 1
    else:
        found.append({"token": random.randrange(len(c["problem"]["gram"])), "layer": random.randrange(3)})
        found.sort(key=lambda one: one["token"])


def rules(c, random):
    named = c["proof"]["rules"]
    named[random.randrange(len(named))] = random.choice(["leader", "R1", "R2", "R3", "stationary"])


def ends(c, random):
    proof, points = c["proof"], c["cluster_points"]
    change = random.randrange(5)
    if change == 0:
        proof["limits"][random.randrange(len(proof["limits"]))] = random.randrange(len(points) + 1)
    elif change == 1:
        pair = random.choice(random.choice(points))
        pair[1] = other(random, pair[1])
    elif change == 2:
        pair = random.choice(random.choice(proof["weights"]))
        pair[random.randrange(2)] = random.choice([0, 1, "1/2", "1"])
    elif change == 3:
        random.shuffle(points)
    else:
        points.pop()


def problem(c, random):
    p = c["problem"]
    if random.random() < 0.5:
        p["multiplicities"][random.randrange(len(p["multiplicities"]))] += 1
    else:
        steps = [{"rule": "constant", "alpha": alpha} for alpha in ("1/100", "2", "9", "-1", "0")]
        p["step"] = random.choice([*steps, {"rule": "harmonic", "numerator": 2, "offset": 2}])


def claims(c, random):
    c["claims"][random.choice([*c["claims"]])] = random.choice(["refuted", None])


FORGE = (gram, gram, factor, indefinite, some_set, phases, phases, layers, leaders, rules, ends, problem, claims)


def forged(seed: int):
    """Forgeries of one certificate."""
    random = Random(seed)
    while (document := true_one(random)) is None:
        pass
    for _ in range(CHANGES):
        wrong = copy.deepcopy(document)
        for change in random.sample(FORGE, random.choice([1, 1, 1, 2])):
            with suppress(IndexError):  # the change before left nothing to change
                change(wrong, random)
        if wrong != document:
            yield sealed(wrong)


def answer(text: str) -> bool:
    """Whether the checker accepts; anything but a clear refusal is a failure of its own."""
    try:
        checker.check(text)
    except checker.Refused:
        return False
    return True


@pytest.mark.parametrize("part", range(10))
def test_no_forgery_is_accepted_that_is_not_right(part):
    said = Counter()
    for seed in range(part, SEEDS, 10):
        for document in forged(seed):
            accepted = answer(to_text(document))
            said[accepted] += 1
            assert not accepted or is_right(document), json.dumps(document)
    assert said[False] > 50
    assert said[True] > 0  # some changes leave it true: another matrix with the same layers, a claim less


@pytest.mark.parametrize("part", range(4))
def test_moving_scores_and_coefficients_accept_the_same(part, monkeypatch):
    texts = [to_text(document) for seed in range(SEEDS + part, SEEDS + 80, 4) for document in forged(seed)]
    by_scores = [answer(text) for text in texts]
    monkeypatch.setattr(format_gram, "is_quick", lambda certificate: False)
    assert by_scores == [answer(text) for text in texts]
    assert {*by_scores} == {True, False}


@pytest.mark.parametrize("seed", range(20))
def test_true_ones_are_right_and_accepted(seed):
    random = Random(seed)
    while (document := true_one(random)) is None:
        pass
    assert is_right(document)
    assert answer(to_text(document))


def test_packed_products_are_products():
    """Signs, rows of any length, and sums at the very edge of a digit."""
    random = Random(0)
    for _ in range(500):
        n, m = random.randint(1, 6), random.randint(0, 5)
        edge = 2 ** random.randint(0, 70)
        values = (0, 1, -1, edge, -edge, edge - 1, 1 - edge)
        w = [random.choice((1, 2, 127, 128, edge)) for _ in range(m)]
        R = [[random.choice(values) for _ in range(random.randint(0, m))] for _ in range(n)]
        full = [[*row, *[0] * (m - len(row))] for row in R]
        naive = [[sum(c * a * b for c, a, b in zip(w, x, y, strict=True)) for y in full] for x in full]
        assert [*products(w, R)] == [row[: i + 1] for i, row in enumerate(naive)]
