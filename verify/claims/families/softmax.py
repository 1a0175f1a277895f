"""Softmax layers: what SOFTMAX.md proves of them, examined on each input.

What is concluded about k → ∞ (`consensus`, `metastable`, and the family `glpr`) is examined by the independent checker,
which computes all layers again; claims about single layers by intervals of mpmath, which share nothing with the balls
of the model, and on the centres of the balls.

Neighbours: `glpr` is about a growing β; `provers.softmax` proves.
"""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import islice, pairwise
from math import ceil
from random import Random
from typing import Any

import mpmath
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ....kernels.errors import BugError
from ....kernels.exact.configuration import Configuration
from ....kernels.exact.dynamics import Dynamics
from ....kernels.exact.matrix import Matrix
from ....kernels.exact.rational_text import decimal_text, short_text, upper_text
from ....kernels.softmax.enclosure import SHOWN_BITS, largest, spread
from ....kernels.softmax.model import Softmax
from ....strategies import configurations
from ...certificates.self_check import answer_to
from ...certificates.softmax import softmax_certificate
from ...certificates.writer import Document
from ...geometry.polytopes.polytope import Separated, convex_weights
from ...provers.freeze.budget import Budget
from ...provers.freeze.outcome import Enclosed
from ...provers.softmax.consensus import bounded
from ...provers.softmax.evidence import HALVINGS, SoftmaxEvidence
from ..case import Case
from ..inputs import SMALL, Drawn
from ..registry import Claim, Finding, Source, assumed

HERE = Source("hardmax", "this version", "SOFTMAX.md")
TITLE = "Softmax layers of constant β, any A: one cluster, several for a time, distance to hardmax"
EXPONENTIALS = 2_000
"""Of mpmath, in one finding."""
LAYERS = 4
SHOWN = Fraction(1, 1 << SHOWN_BITS)
"""Centres are shown up to half of this, and enclosed up to as much."""
MOST_TOKENS = 12
"""Beyond it hulls are not compared."""


MORE_BITS = 1024
"""If the checker refuses it gets so many more, and those of β in some layers: it rounds otherwise than the prover."""
TOO_FEW = "bits: "
"""How a refusal begins that says nothing about the layers."""


def certificate_of(case: Case) -> Document | None:
    """The certificate of what is proved of a case, None if nothing is."""
    return case.once(_checked)[0]


def _checked(case: Case) -> tuple[Document | None, tuple[str, Any]]:
    """The certificate, and what the independent checker says of it; none where it cannot enclose the layers.

    Raises:
        BugError: it refuses the certificate for another reason, which says nothing against the claims.
    """
    outcome = case.outcome
    if not isinstance(outcome, Enclosed):
        return None, ("undecided", getattr(outcome, "reason", ""))
    document = softmax_certificate(outcome)
    answer = answer_to(document)
    bits = outcome.evidence.bits
    if answer[0] == "refused" and (bits < MORE_BITS or answer[1].startswith(TOO_FEW)):
        c, model = case.configuration, _model(case)
        steep = ceil(model.beta_at(outcome.layer) * model.norm * largest(c.tokens) ** 2).bit_length()
        evidence = replace(outcome.evidence, bits=bits + MORE_BITS + steep * (1 + min(outcome.layer, LAYERS)))
        document = softmax_certificate(replace(outcome, evidence=evidence))
        answer = answer_to(document)
    if answer[0] == "refused" and answer[1].startswith(TOO_FEW):
        return None, ("undecided", f"the layers cannot be enclosed again: {answer[1]}")
    if answer[0] == "refused":
        raise BugError(f"the independent checker refuses a certificate of this program: {answer[1]}")
    return document, answer


def certified(case: Case, claim: str, said: Callable[[SoftmaxEvidence], str | None]) -> Finding:
    """What the checker says of a claim of the certificate.

    Args:
        case: a configuration of softmax.
        claim: its id.
        said: what the evidence says; None if the claim says nothing here.

    Raises:
        BugError: the checker refuses the certificate.
    """
    word, detail = case.once(_checked)[1]
    if word in ("undecided", "not checked"):
        return Finding("undecided", str(detail))
    assert isinstance(case.outcome, Enclosed)
    text = said(case.outcome.evidence)
    if text is None:
        return Finding("vacuous", "it says nothing about this input")
    verdict = detail.get(claim)
    return (
        Finding(verdict, text, certified=True) if verdict else Finding("undecided", "the theorems do not say it here")
    )


def _model(case: Case) -> Softmax:
    model = case.configuration.model
    assert isinstance(model, Softmax)
    return model


def check_consensus(case: Case) -> Finding:
    """All tokens converge to one point: theorem S2, on the layers as the checker computes them."""
    if not bounded(case.configuration):
        return Finding("vacuous", "beta grows: the family glpr is about that")

    def said(evidence: SoftmaxEvidence) -> str | None:
        found = evidence.consensus
        if found is None:
            return None
        where = ", ".join(decimal_text(x) for x in found.limit)
        text = f"one point ({where}) up to {upper_text(found.radius)}"
        goal = f"a diameter of 2^-{HALVINGS} of the first one"
        text += f"; {goal} after {found.needed} layers" if found.needed is not None else f"; {goal} is not seen"
        if found.enough is not None:
            text += f", and in any case after {found.enough if found.enough < 10**9 else _power_above(found.enough)}"
        return text

    return certified(case, "softmax.consensus", said)


def check_metastable(case: Case) -> Finding:
    """Theorem S4: so many layers with several clusters."""
    if _model(case).growth != 1:
        return Finding("vacuous", "it is about a constant beta")

    def said(evidence: SoftmaxEvidence) -> str | None:
        found, shadow = evidence.metastable, evidence.shadow
        if found is None:
            return None
        many = str(found.layers) if found.layers < 10**9 else _power(found.layers)
        text = f"{len({*found.clusters})} clusters, each within {upper_text(found.delta)} of its place at layer "
        text += f"{found.layer}, for {many} layers more"
        if shadow is not None:
            left = "" if shadow.left is None else f", left at layer {shadow.left}"
            text += f"; within {short_text(shadow.epsilon)} of hardmax up to layer {shadow.stays}{left}"
        return text

    return certified(case, "softmax.metastable", said)


def _power(count: int) -> str:
    """A large number as a power of ten, rounded down."""
    return f"10^{len(str(count)) - 1}"


def _power_above(count: int) -> str:
    """The same, rounded up."""
    return f"10^{len(str(count - 1))}"


def _shown(case: Case, layers: int) -> list[Matrix]:
    """The centres of the first layers, up to `SHOWN`."""
    return [layer.tokens() for layer, _ in islice(case.configuration.dynamics().layers(), layers)]


def _plain(c: Configuration, layers: int) -> list[list[list[Any]]]:
    """The layers from their formula, in intervals of mpmath."""
    model = c.model
    assert isinstance(model, Softmax)
    iv: Any = mpmath.iv
    iv.prec = 400

    def number(x: Fraction) -> Any:
        return iv.mpf(x.numerator) / x.denominator

    n, d = range(c.n), range(c.d)
    A = [[number(v) for v in row] for row in model.A]
    Z = [[number(v) for v in row] for row in c.tokens]
    run = [Z]
    for k in range(layers - 1):
        rate, beta = number(model.step.rate(k)), number(model.beta_at(k))
        moved = []
        for i in n:
            scores = [beta * sum(Z[i][a] * A[a][b] * Z[j][b] for a in d for b in d) for j in n]
            terms = [c.multiplicities[j] * iv.exp(scores[j] - scores[i]) for j in n]
            total = sum(terms)
            moved.append([(1 - rate) * Z[i][a] + rate * sum(terms[j] * Z[j][a] for j in n) / total for a in d])
        Z = moved
        run.append(Z)
    return run


def check_layers(case: Case) -> Finding:
    """The centres of the layers are, up to 2^−40, what intervals of mpmath give for the formula of the layer."""
    c = case.configuration
    many = 1 + max(1, min(LAYERS, EXPONENTIALS // c.n**2))
    iv: Any = mpmath.iv
    with mpmath.workprec(400):
        for k, (Z, plain) in enumerate(zip(_shown(case, many), _plain(c, many), strict=True)):
            for i, (row, other) in enumerate(zip(Z, plain, strict=True)):
                for x, y in zip(row, other, strict=True):
                    difference = y - iv.mpf(x.numerator) / x.denominator
                    if difference.a > mpmath.mpf(2) ** -SHOWN_BITS or difference.b < -(mpmath.mpf(2) ** -SHOWN_BITS):
                        where = mpmath.nstr(mpmath.mpf(y.mid), 12)
                        message = f"token {i} is at {decimal_text(x)} at layer {k}, its formula says {where}"
                        return Finding("refuted", message, k, i)
    return Finding("verified", f"mpmath finds the same first {many - 1} layers", trivial=spread(c.tokens) == 0)


def check_hulls(case: Case) -> Finding:
    """conv Z^{k+1} ⊂ conv Z^k, as far as the centres tell."""
    c = case.configuration
    if c.n > MOST_TOKENS:
        return Finding("vacuous", f"hulls of more than {MOST_TOKENS} tokens are not compared")
    for k, (before, after) in enumerate(pairwise(_shown(case, LAYERS))):
        for i, z in enumerate(after):
            answer = convex_weights(z, before)
            if isinstance(answer, Separated):
                heights = [sum(h * x for h, x in zip(answer.normal, v, strict=True)) for v in (z, *before)]
                if heights[0] - max(heights[1:]) > 2 * SHOWN * sum(map(abs, answer.normal)):
                    return Finding("refuted", f"token {i} leaves the hull at layer {k + 1}", k + 1, i)
    return Finding("verified", f"hulls are nested at the first {LAYERS} layers", trivial=spread(c.tokens) == 0)


def check_contraction(case: Case) -> Finding:
    """D^{k+1} ≤ (1 − λ e^{−β a R D}) D^k, as far as the centres tell."""
    model = _model(case)
    for k, (before, after) in enumerate(pairwise(_shown(case, 3 * LAYERS))):
        D, R, now = spread(before), largest(before), spread(after)
        exponent = model.beta_at(k) * model.norm * R * D
        least = mpmath.exp(-mpmath.mpf(exponent.numerator) / exponent.denominator) if exponent < 600 else 0
        bound = (1 - model.step.rate(k) * Fraction(float(least)) * (1 - Fraction(1, 10**9))) * D
        if now > bound + 8 * SHOWN * (1 + model.norm * model.beta_at(k) * (R + D) * D):
            return Finding(
                "refuted", f"the diameter is {decimal_text(now)} at layer {k + 1}, more than the bound", k + 1
            )
    return Finding(
        "verified", f"the bound holds at the first {3 * LAYERS} layers", trivial=spread(case.configuration.tokens) == 0
    )


def check_near_hardmax(case: Case) -> Finding:
    """Layer 1 is within λ ρ/(1+ρ) max |z_j − mean_C| of hardmax's, token by token (S1)."""
    c, model = case.configuration, _model(case)
    same = Configuration(c.tokens, model.same_hardmax(), multiplicities=c.multiplicities)
    hard = Dynamics(same)
    sets = hard.follow_sets(hard.first)
    target = hard.next_layer(hard.first, sets).tokens()
    after = _shown(case, 2)[1]
    rate, beta, w, trivial = model.step.rate(0), model.beta_at(0), c.multiplicities, True
    for i, C in enumerate(sets):
        scores = [
            sum(x * a * y for x, row in zip(c.tokens[i], model.A, strict=True) for a, y in zip(row, z, strict=True))
            for z in c.tokens
        ]
        top, own = max(scores), sum(w[j] for j in C)
        mean = [sum(w[j] * c.tokens[j][b] for j in C) / Fraction(own) for b in range(c.d)]
        rest = [j for j in range(c.n) if j not in C]
        ratio = (
            sum(
                (w[j] * Fraction(float(mpmath.exp(-min(float(beta * (top - scores[j])), 700.0)))) for j in rest),
                Fraction(0),
            )
            / own
        )
        far = max((abs(x - y) for j in rest for x, y in zip(c.tokens[j], mean, strict=True)), default=Fraction(0))
        bound = rate * ratio / (1 + ratio) * far * (1 + Fraction(1, 10**9)) + SHOWN
        distance = max(abs(x - y) for x, y in zip(after[i], target[i], strict=True))
        if distance > bound:
            message = f"token {i} is {decimal_text(distance)} from hardmax's place, more than {decimal_text(bound)}"
            return Finding("refuted", message, 1, i)
        trivial = trivial and not rest
    return Finding("verified", "every token is within the bound of hardmax's layer", trivial=trivial)


def of_softmax(beta: st.SearchStrategy[Any], growing: bool = False, **where: Any) -> SearchStrategy[Configuration]:
    """Softmax on configurations of the families that are there; for a growing β, g = (1 + α)²."""

    def made(c: Configuration, b: Any) -> Configuration:
        growth = (1 + (c.alpha or 1)) ** 2 if growing else 1
        return Configuration(c.tokens, Softmax(c.A, c.step, b, growth), multiplicities=c.multiplicities)

    return st.builds(made, configurations(steps=["one", "simple"], **where), beta)


def generic(growing: bool, d: tuple[int, int] = (1, 3), symmetric: bool = False) -> SearchStrategy[Configuration]:
    """Random tokens in thousandths, nobody tied; A = I, or any A; α = 1/2."""

    def made(seed: int) -> Configuration:
        random = Random(seed)
        n, dim = random.randint(2, 8), random.randint(*d)
        tokens = [[Fraction(random.randint(-1000, 1000), 1000) for _ in range(dim)] for _ in range(n)]
        A = [[Fraction(a == b) for b in range(dim)] for a in range(dim)]
        if not symmetric and random.random() < 0.5:
            A = [[v + Fraction(random.randint(-10, 10), 10) for v in row] for row in A]
        beta = 1 if growing else random.choice([0, 1, 4, 16])
        weights = [random.randint(1, 3) for _ in range(n)]
        return Configuration(
            tokens, Softmax(A, Fraction(1, 2), beta, Fraction(9, 4) if growing else 1), multiplicities=weights
        )

    return st.builds(made, st.integers(0, 2**32))


def _any() -> SearchStrategy[Configuration]:
    betas = st.sampled_from([Fraction(0), Fraction(1, 3), Fraction(1), Fraction(4)])
    drawn = of_softmax(betas, n=(2, 6), d=(1, 3), spd=None, nonzero=None, distinct=None)
    return st.one_of(drawn, generic(False))


def clustered() -> SearchStrategy[Configuration]:
    """Tokens within 1/10 of two to four of the points ±e_c, β ≥ 8 and A near I: clusters that last."""

    def made(seed: int) -> Configuration:
        random = Random(seed)
        axes = range(random.randint(1, 3))
        corners = random.sample([(c, sign) for c in axes for sign in (1, -1)], random.randint(2, min(4, 2 * len(axes))))
        near = [corner for corner in corners for _ in range(random.randint(1, 3))]
        tokens = [[(c == b) * sign + Fraction(random.randint(-50, 50), 500) for b in axes] for c, sign in near]
        A = [[(a == b) + Fraction(random.randint(-10, 10), 100) for b in axes] for a in axes]
        model = Softmax(A, Fraction(1, random.randint(1, 3)), random.choice([8, 16, 32]))
        return Configuration(tokens, model, multiplicities=[random.randint(1, 3) for _ in tokens])

    return st.builds(made, st.integers(0, 2**32))


def _claim(name: str, statement: str, check: Callable[[Case], Finding], source: Source = HERE, **more: Any) -> Claim:
    return Claim(
        f"softmax.{name}",
        statement,
        assumed(*more.pop("given", ())),
        source,
        more.pop("expected", "theorem"),
        check,
        models=("softmax",),
        inputs=(Drawn(TITLE, more.pop("strategy", _any), 40, statement.split(":")[0], more.pop("budget", SMALL)),),
        example=EXAMPLE,
        **more,
    )


def constant_beta(c: Configuration) -> bool:
    """β does not grow, or finds no scores."""
    return isinstance(c.model, Softmax) and bounded(c)


EXAMPLE = Configuration([(1, 0), (Fraction(9, 10), Fraction(1, 20)), (-1, 0)], Softmax([[1, 0], [0, 1]], 1, 4))
CLAIMS = (
    _claim(
        "consensus",
        "for every bounded β, every A and every input all tokens converge to one point",
        check_consensus,
        Source(
            "arXiv:2411.04990",
            "v1",
            "one point for V = I, there for causal masks and in continuous time; here SOFTMAX.md, S2",
        ),
        given=("constant_step", constant_beta),
    ),
    _claim(
        "metastable",
        "clusters with a gap γ between their scores stay where they are for about e^{βγ} layers",
        check_metastable,
        given=("constant_step", constant_beta),
        strategy=clustered,
        budget=Budget(operations=10_000_000),  # what comes after so many layers says nothing about clusters
    ),
    _claim("contraction", "D^{k+1} ≤ (1 − λ e^{−β a R D}) D^k for the diameter D", check_contraction),
    _claim("hulls", "conv Z^{k+1} ⊂ conv Z^k", check_hulls),
    _claim(
        "near_hardmax",
        "layer 1 is within λ ρ/(1+ρ) max |z_j − mean of C_i| of hardmax's, ρ the weight of e^{−β gap} outside C_i",
        check_near_hardmax,
    ),
    _claim("layers", "the enclosed layers are those of the formula: two ways to one result", check_layers),
)
