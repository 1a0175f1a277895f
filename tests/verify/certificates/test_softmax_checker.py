"""The arithmetic of the checker of softmax certificates against mpmath, and forged certificates, hundreds of them."""

import copy
import json
import random
from fractions import Fraction as Q

import mpmath
import pytest
from mpmath import mpf

from hardmax.verify.certificates import checker
from hardmax.verify.certificates.checker.exponential import decay, exponential
from hardmax.verify.certificates.checker.softmax_layers import Softmax
from hardmax.verify.certificates.writer import to_text

from ...kernels.softmax.plain import DIGITS, number, plain_layers, random_configuration
from . import softmax_numbers, softmax_truth, suite
from .edits import sealed

ACCEPT = {name: json.loads(text) for name, text in suite.texts("accept").items() if name.startswith("softmax")}


def test_it_computes_what_it_did():
    assert list(softmax_numbers.problems(checker)) == []


def test_exponentials_are_within_what_the_page_says():
    r = random.Random(1)
    with mpmath.workdps(400):
        for _ in range(400):
            bits = r.choice([64, 96, 200])
            T = r.choice([r.randrange(1 << bits), r.randrange(100 << bits), r.randrange(1, 1 << 20)])
            assert abs(decay(T, bits) - mpf(2) ** bits * mpmath.exp(-mpf(T) / mpf(2) ** bits)) < 2
            x = Q(r.randrange(10**6), r.choice([10**6, 10**4, 10**3]))
            true = mpmath.exp(number(x))
            low, high = number(exponential(x, up=False)), number(exponential(x, up=True))
            assert low <= true <= high <= low * (1 + mpf(10) ** -20)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("bits", [64, 100])
def test_every_layer_lies_in_its_balls(seed, bits):
    c = random_configuration(seed, growing=seed % 3 == 0)
    problem = {"tokens": c.tokens, "A": c.A, "alpha": c.alpha, "multiplicities": list(c.multiplicities)}
    layers = Softmax(problem | {"beta": c.model.beta, "growth": c.model.growth}, bits).layers()
    with mpmath.workdps(DIGITS):
        for Z in plain_layers(c, 12):
            try:
                balls = next(layers)
            except checker.Refused:  # so few bits are not enough for so large a β
                return
            far = max(
                abs(z - mpf(x) / mpf(2) ** bits)
                for p, q in zip(Z, balls.N, strict=True)
                for z, x in zip(p, q, strict=True)
            )
            assert far <= mpf(balls.radius) / mpf(2) ** bits


def believed(document):
    try:
        checker.check(to_text(sealed(document)))
    except checker.Refused:
        return False
    return True


def shifted(text, factor):
    return str(Q(text) * factor)


def forgeries(name, r):
    """(what, a document that claims more than the original)."""
    original = ACCEPT[name]

    def forged(what, *path, value):
        document = copy.deepcopy(original)
        place = document
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value
        return f"{name}: {what}", document

    one, long, near, many = (original[key] for key in ("consensus", "metastable", "shadow", "growing"))
    n = len(original["problem"]["tokens"])
    if one is not None and Q(one["radius"]):
        for factor in (0, Q(1, 1000), Q(9, 10)):
            yield forged("a smaller radius", "consensus", "radius", value=shifted(one["radius"], factor))
        for sign in (1, -1, 2, -3):
            moved = str(Q(one["limit"][0]) + sign * Q(one["radius"]))
            yield forged("another limit", "consensus", "limit", 0, value=moved)
        for k in {r.randrange(300) for _ in range(12)} - {one["needed"]}:
            yield forged("other layers needed", "consensus", "needed", value=k)
        for part in (Q(9, 10), Q(1, 2), Q(1, 100)):
            if one["enough"] is not None:
                yield forged("fewer layers enough", "consensus", "enough", value=str(int(Q(one["enough"]) * part)))
    if long is not None:
        for factor in (2, 10, 10**6):
            yield forged("for longer", "metastable", "layers", value=str(int(Q(long["layers"]) * factor)))
        for factor in (Q(1, 3), Q(1, 10**6), 20, -1):
            yield forged("nearer, or further", "metastable", "delta", value=shifted(long["delta"], factor))
        for _ in range(8):
            yield forged("other clusters", "metastable", "clusters", value=[r.randrange(n) for _ in range(n)])
    if near is not None:
        for factor in (Q(1, 2), Q(1, 50), 30):
            yield forged("another epsilon", "shadow", "epsilon", value=shifted(near["epsilon"], factor))
        for k in range(1, 9):
            yield forged("stays longer", "shadow", "stays", value=near["stays"] + k)
    if many is not None:
        for factor in (0, Q(1, 10), Q(1, 2), 10**9, -1):
            yield forged("another η", "growing", "eta", value=shifted(many["eta"], factor))
        for _ in range(12):
            yield forged("other leaders", "growing", "follows", value=[r.randrange(n) for _ in range(n)])
        for k in range(many["layer"]):
            yield forged("closed earlier", "growing", "layer", value=k)
        for l in range(len(many["limits"])):  # noqa: E741 a leader
            moved = str(Q(many["limits"][l][0]) + Q(1, 50))
            yield forged("another limit", "growing", "limits", l, 0, value=moved)
    for key, values in (
        ("beta", ("0", "1/3", "5", "40")),
        ("growth", ("1/2", "1", "3/2", "2", "9/4", "5")),
        ("alpha", ("1/9", "1/2", "2/3", "7")),
    ):
        for value in set(values) - {original["problem"][key]}:
            yield forged(f"another {key}", "problem", key, value=value)
    for i in range(n):
        yield forged("another token", "problem", "tokens", i, 0, value=shifted(original["problem"]["tokens"][i][0], 2))
        yield forged(
            "another weight", "problem", "multiplicities", i, value=original["problem"]["multiplicities"][i] + 1
        )
    transposed = [list(row) for row in zip(*original["problem"]["A"], strict=True)]
    if transposed != original["problem"]["A"]:
        yield forged("A transposed", "problem", "A", value=transposed)
    for claim, verdict in original["claims"].items():
        for other in {"verified", "refuted", None} - {verdict}:
            yield forged("another claim", "claims", claim, value=other)


FULLER = {"softmax-quiet": "softmax-growing"}
"""Examples that do not claim all that they show → one of the same problem that does."""


def test_no_forgery_is_believed_unless_it_is_true():
    r, tried, true = random.Random(2), 0, 0
    for name in ACCEPT:
        for what, document in forgeries(name, r):
            tried += 1
            if believed(document):
                true += 1
                assert softmax_truth.is_true(document), what
                if document["problem"] == ACCEPT[name]["problem"]:
                    known = ACCEPT[FULLER.get(name, name)]["claims"]
                    assert all(v in (known[c], None) for c, v in document["claims"].items()), what
    assert tried >= 500
    assert true < tried / 5


BOUNDS = (
    ("softmax-consensus", ("consensus", "radius"), True),
    ("softmax-consensus", ("consensus", "enough"), True),
    ("softmax-not-symmetric", ("consensus", "radius"), True),
    ("softmax-metastable", ("metastable", "layers"), False),
    ("softmax-growing", ("growing", "radius"), True),
    ("softmax-growing-weights", ("growing", "eta"), True),
    ("softmax-growing-one-leader", ("growing", "eta"), True),
    ("softmax-growing-all-lead", ("growing", "eta"), True),
)


@pytest.mark.parametrize(("name", "path", "least"), BOUNDS)
def test_what_is_just_believed_is_true_and_a_little_more_is_not_believed(name, path, least):
    """The least radius, the most layers that the checker believes: no slack that it does not need, and still true."""
    document = copy.deepcopy(ACCEPT[name])
    section, key = path
    good, bad = Q(document[section][key]), Q(0) if least else Q(document[section][key]) * 4
    whole = key in ("layers", "enough")
    for _ in range(40):
        middle = (good + bad) / 2
        if whole:
            middle = Q(int(middle))
            if middle in (good, bad):
                break
        document[section][key] = str(middle)
        good, bad = (middle, bad) if believed(document) else (good, middle)
    document[section][key] = str(good)
    assert believed(document)
    assert softmax_truth.is_true(document)
    assert good != Q(ACCEPT[name][section][key]) or whole
