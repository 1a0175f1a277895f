"""Samples of closed curves: the theorem against exact follow sets, and wrong variants of it that have to fail."""

from fractions import Fraction as Q
from itertools import pairwise
from math import cos, pi, sin

import pytest
from flint import arb, ctx
from hypothesis import given
from hypothesis import strategies as st

from hardmax.kernels import Configuration
from hardmax.kernels.exact.configuration import with_changes
from hardmax.verify.claims.case import Case
from hardmax.verify.claims.families import curves
from hardmax.verify.claims.families.curves import CLAIMS, ELLIPSE, NAMED, inputs, sampled
from hardmax.verify.geometry.waves import fitted, samples

(CLAIM,) = CLAIMS
ROUNDISH = (curves._wave((0, 0), (25, 0)), curves._wave((0, 0), (0, 22)))
TRIED = ((NAMED["a negative"], 40), (NAMED["another maximiser"], 50), (ELLIPSE, 40), (ROUNDISH, 90))
"""What wrong variants of the theorem are tried on, each at its fineness; the last has 4.4 and 3.4 leaders a zero."""


def judged(curve, fineness=40):
    return CLAIM.judge(Case(samples(curve, fineness)))


@given(inputs())
def test_the_theorem_holds_on_random_curves(configuration):
    finding = CLAIM.judge(Case(configuration))
    assert finding.verdict == "verified", finding


waves = st.lists(st.tuples(st.integers(-5, 5), st.integers(-5, 5)), min_size=1, max_size=4).map(
    lambda pairs: curves._wave(*pairs)
)


def value(wave, s):
    return sum(
        float(c) * cos(k * s) + float(d) * sin(k * s) for k, (c, d) in enumerate(zip(wave.c, wave.d, strict=True))
    )


@given(waves, waves, st.floats(-4, 4))
def test_waves_add_multiply_and_have_derivatives(f, g, s):
    assert value(f * g, s) == pytest.approx(value(f, s) * value(g, s), abs=1e-9)
    assert value(f + g, s) == pytest.approx(value(f, s) + value(g, s), abs=1e-9)
    h = 1e-5
    assert value(f.derivative(), s) == pytest.approx((value(f, s + h) - value(f, s - h)) / (2 * h), abs=1e-3)
    assert abs(value(f, s)) <= f.bound() + 1e-9
    assert float(f.at(arb(s)).mid()) == pytest.approx(value(f, s), abs=1e-9)


def test_samples_lie_on_the_curve_at_equal_steps_once_round():
    c = samples(ELLIPSE, 9)
    s = [2 * float(arb(float(Q(t))).atan()) for t in c.labels]
    assert len({round(y - x, 9) for x, y in pairwise(s)}) == 1
    assert -pi < s[0] < s[-1] < pi
    assert pi - s[-1] <= s[1] - s[0]
    for x, token in zip(s, c.tokens, strict=True):
        assert [float(v) for v in token] == pytest.approx([value(wave, x) for wave in ELLIPSE])
    assert fitted(curves._parameters(c), c.tokens) == ELLIPSE


def test_zeros_of_an_ellipse_and_what_they_carry():
    with ctx.workprec(256):
        k = curves.Constants.of(ELLIPSE)
        found = [
            (float(z.mid()), simple, float(curves.share(k.a.at(z), k.b2.at(z)).mid())) for z, simple in curves.zeros(k)
        ]
    assert [simple for _, simple, _ in found] == [True] * 4
    assert [b - a for (a, *_), (b, *_) in pairwise(found)] == pytest.approx([pi / 2] * 3)
    assert sorted(share for *_, share in found) == pytest.approx([1 / 3, 1 / 3, 4 / 3, 4 / 3])


@pytest.mark.parametrize("name", NAMED)
def test_failures_are_as_the_page_says(name):
    finding = judged(NAMED[name])
    assert finding.verdict == "verified"
    assert ("degenerate" in finding.message) == (name in ("a circle round the origin", "a threefold zero"))
    if name == "a circle round the origin":
        assert finding.message.startswith("126 of 126 lead")


def test_leaders_at_a_threefold_zero_grow_like_two_thirds_of_a_power():
    assert [judged(NAMED["a threefold zero"], m).message.split()[0] for m in (12, 20, 40)] == ["10", "14", "21"]


def test_the_tip_of_the_inner_loop_carries_none():
    with ctx.workprec(256):
        k = curves.Constants.of(NAMED["another maximiser"])
        shares = [float(curves.share(k.a.at(z), k.b2.at(z)).mid()) for z, _ in curves.zeros(k)]
    assert sorted(shares) == pytest.approx([0, 0, 3 / 2, 5 / 2], abs=1e-9)
    assert judged(NAMED["another maximiser"]).message.startswith("3 of")


def test_the_theorem_holds_where_its_variants_are_tried():
    assert {judged(curve, m).verdict for curve, m in TRIED} == {"verified"}


VARIANTS = {
    "half as many": ("share", lambda a, b2: a / (2 * abs(b2))),
    "twice as many": ("share", lambda a, b2: 2 * a / abs(b2)),
    "the speed in place of a": ("share", lambda a, b2: (a + b2) / abs(b2)),
    "the wrong way round": ("share", lambda a, b2: abs(b2) / a),
    "one more": ("share", lambda a, b2: a / abs(b2) + 2),
    "half the reach": ("reach", lambda a, step, Q: a * step / 4),
    "no reach": ("reach", lambda a, step, Q: arb(0)),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_wrong_variants_of_the_theorem_are_refuted(name, monkeypatch):
    monkeypatch.setattr(curves, *VARIANTS[name])
    assert "refuted" in {judged(curve, m).verdict for curve, m in TRIED}


def test_what_is_no_sampled_curve_is_none_of_its_business():
    c = samples(ELLIPSE, 12)
    assert sampled(c)
    moved = [*c.tokens[:-1], (Q(1), Q(2))]
    labels = [*c.labels[:-1], "1000"]
    others = [
        with_changes(c, tokens=moved),
        with_changes(c, labels=labels),
        with_changes(c, labels=[f"token {i}" for i in range(c.n)]),
        with_changes(c, labels=None),
        with_changes(c, A=[[2, 0], [0, 1]]),
        with_changes(c, follow="smallest"),
        Configuration(c.tokens[:3], labels=c.labels[:3]),
    ]
    assert [CLAIM.judge(Case(other)).verdict for other in others] == ["vacuous"] * len(others)
