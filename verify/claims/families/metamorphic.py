"""Metamorphic relations: the layer map T commutes with scaling, relabelling and A-orthogonal maps.

Each check runs the transformed configuration through the kernel under examination and compares every layer exactly:
follow sets must be the same (relabelled), tokens the images of tokens. Tokens all at one place show nothing of that, so
these findings are trivial. The relations hold for every form; all but the relabelling are proved by derivations.

`unnormalised` compares T with the layer that the authors' slides print, z_i + α mean_{C_i} z_j, computed here from its
formula: it is (1 + α) (z_i + λ (mean_{C_i} z_j − z_i)) with λ = α/(1 + α), so its tokens at layer k are those of T
times the product of the factors 1 + α, and by homogeneity its sets are those of T. *Proof* by induction on k, from
c = 1 at k = 0: the derivations with c > 0 the product so far, which show that c (1 + α) > 0 is the next one.

Source: arXiv:2407.01602 (equation of the layer).
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import islice
from typing import Any

from ....kernels.exact.configuration import Configuration, Matrix, Vector, with_changes
from ..case import Case
from ..inputs import Every
from ..proofs.derivation import Derivation, Line
from ..registry import Claim, Finding, Source, assumed
from . import clustering

SOURCE = Source("arXiv:2407.01602", "SIAM J. Math. Data Sci. 7(3), 2025", "symmetries of the layer")
SCALE = Fraction(3, 2)
LAYERS = 4

Image = Callable[[Vector], Vector]


def _compare(case: Case, other: Configuration, order: Sequence[int], image: Image, what: str) -> Finding:
    """Run `other` and compare: its token p must be the image of token order[p] of the case, at every layer."""
    mine = case.layers[:LAYERS]
    theirs = islice(other.dynamics().layers(), len(mine))
    position = {i: p for p, i in enumerate(order)}
    for (layer, sets), (other_layer, other_sets) in zip(mine, theirs, strict=True):
        tokens, images = layer.tokens(), other_layer.tokens()
        for p, i in enumerate(order):
            if image(tokens[i]) != images[p]:
                return Finding(
                    "refuted", f"{what} and layer do not commute: token {i} at layer {layer.index}", layer.index
                )
            if tuple(sorted(position[j] for j in sets[i])) != other_sets[p]:
                return Finding(
                    "refuted", f"{what} changes the follow set of token {i} at layer {layer.index}", layer.index
                )
    return Finding("verified", f"{what} and {len(mine)} layers commute exactly", trivial=_one_place(case))


def _one_place(case: Case) -> bool:
    """Whether all tokens are at one place: every map then keeps every follow set."""
    return len(set(case.configuration.tokens)) == 1


def check_homogeneity(case: Case) -> Finding:
    """T(cZ) = c T(Z) for c = 3/2."""
    c = case.configuration
    scaled = with_changes(c, tokens=[[SCALE * x for x in row] for row in c.tokens])
    return _compare(case, scaled, range(c.n), lambda z: tuple(SCALE * x for x in z), "scaling")


def check_permutation(case: Case) -> Finding:
    """T(πZ) = π T(Z) for the relabelling that reverses the tokens: any two of them change their order."""
    c = case.configuration
    order = range(c.n - 1, -1, -1)
    relabelled = with_changes(
        c,
        tokens=[c.tokens[i] for i in order],
        multiplicities=[c.multiplicities[i] for i in order],
        labels=None if c.labels is None else [c.labels[i] for i in order],
    )
    return _compare(case, relabelled, order, lambda z: z, "relabelling")


def check_isometry(case: Case) -> Finding:
    """T(HZ) = H T(Z) for an A-orthogonal H that moves a token: a reflection along (1, 2, …, d), else H = −I."""
    c = case.configuration
    image, what = _isometry(c)
    return _compare(case, with_changes(c, tokens=_map(image, c.tokens)), range(c.n), image, what)


def check_unnormalised(case: Case) -> Finding:
    """Compare the layers with those of z_i + α_k mean_{C_i} z_j, whose sets and tokens are computed here."""
    c, scale = case.configuration, Fraction(1)
    if c.step.largest == 1:
        return Finding("vacuous", "λ_k = 1 has no α_k = λ_k/(1 − λ_k)")
    w, tokens = c.multiplicities, c.tokens
    for layer, sets in case.layers[:LAYERS]:
        if tokens != _map(lambda z, by=scale: tuple(by * x for x in z), layer.tokens()):
            return Finding(
                "refuted", f"the tokens are not those of T times {scale} at layer {layer.index}", layer.index
            )
        residual = []
        rate = c.step.rate(layer.index)
        alpha = rate / (1 - rate)
        images = [[sum(a * x for a, x in zip(row, y, strict=True)) for row in case.form] for y in tokens]
        for i, z in enumerate(tokens):
            scores = [sum(x * v for x, v in zip(z, image, strict=True)) for image in images]
            best = max(scores)
            C = tuple(j for j, v in enumerate(scores) if v == best)
            if C != sets[i]:
                message = f"token {i} follows {list(C)} without normalisation, at layer {layer.index}"
                return Finding("refuted", message, layer.index)
            total = sum(w[j] for j in C)
            residual.append(tuple(x + alpha * sum(w[j] * tokens[j][k] for j in C) / total for k, x in enumerate(z)))
        tokens, scale = tuple(residual), scale * (1 + alpha)
    message = f"{LAYERS} layers without normalisation are those of T, up to the factor"
    return Finding("verified", message, trivial=_one_place(case))


def _map(image: Image, rows: Matrix) -> Matrix:
    return tuple(image(row) for row in rows)


def _isometry(c: Configuration) -> tuple[Image, str]:
    """H x = x − 2⟨x, v⟩/⟨v, v⟩ v needs A symmetric and ⟨v, v⟩ ≠ 0, and fixes x if ⟨x, v⟩ = 0; −I is A-orthogonal."""
    v = tuple(Fraction(i + 1) for i in range(c.d))
    length = c.inner(v, v)
    if not c.is_symmetric or length == 0 or not any(c.inner(x, v) for x in c.tokens):
        return lambda x: tuple(-a for a in x), "the point reflection"

    def reflect(x: Vector) -> Vector:
        factor = 2 * c.inner(x, v) / length
        return tuple(a - factor * b for a, b in zip(x, v, strict=True))

    return reflect, "reflection"


# -- derivations: the relations for all inputs ------------------------------------------------------------------------

_SCALED = {"c > 0": "the scale", "y′ = c y": "the token that y becomes"}
SCALING = (
    Derivation(
        "what scores best scores best after scaling by c > 0",
        tokens=("z", "x"),
        members={"y": "z"},
        given={"c > 0": "the scale"},
        scalars=("c",),
        steps=(Line("⟨c z, c y⟩ ≥ ⟨c z, c x⟩", by="c² (⟨z, y⟩ − ⟨z, x⟩)"),),
    ),
    Derivation(
        "what does not score best does not after scaling either, so the follow sets are the same",
        tokens=("z", "x", "y"),
        given={"c > 0": "the scale", "⟨z, x⟩ > ⟨z, y⟩": "y is not in C(z)"},
        scalars=("c",),
        steps=(Line("⟨c z, c x⟩ > ⟨c z, c y⟩", by="c² (⟨z, x⟩ − ⟨z, y⟩)"),),
    ),
)
"""C_i(cZ) = C_i(Z) for c > 0."""
HOMOGENEITY = Derivation(
    "the layer of scaled tokens is the scaled layer",
    tokens=("z",),
    members={"y": "z"},
    others=("y′",),
    means=({"m": "y", "n": "y′"},),
    given=_SCALED,
    scalars=("c", "λ"),
    steps=(
        Line("n = c m", mean="n"),
        Line("c z + λ (n − c z) = c (z + λ (m − z))", by="λ (n − c m)"),
    ),
)
UNNORMALISED = replace(
    HOMOGENEITY,
    shows="the layer without normalisation, of c times the tokens, is c (1 + α) > 0 times the normalised layer",
    given={**_SCALED, "λ > 0": "the step", "λ < 1": "rate_below_one", "λ (1 + α) = α": "λ = α/(1 + α)"},
    scalars=("c", "λ", "α"),
    steps=(
        Line("1 + α ≥ 0", by="(1 − λ) (1 + α)² + (1 + α) (λ (1 + α) − α)"),
        Line("1 + α > 0", by="1 + λ (1 + α) + (α − λ (1 + α))"),
        Line("c (1 + α) > 0", by="c (1 + α)"),
        Line("n = c m", mean="n"),
        Line(
            "c z + α n = c (1 + α) (z + λ (m − z))",
            by="α (n − c m) + c (α − λ (1 + α)) (m − z)",
        ),
    ),
)
_ORTHOGONAL = {"⟨H z, H y⟩ = ⟨z, y⟩": "H is A-orthogonal", "⟨H z, H x⟩ = ⟨z, x⟩": "H is A-orthogonal"}
ISOMETRY = (
    Derivation(
        "what scores best scores best after an A-orthogonal map H",
        tokens=("z", "x"),
        members={"y": "z"},
        given=_ORTHOGONAL,
        maps=("H",),
        steps=(
            Line(
                "⟨H z, H y⟩ ≥ ⟨H z, H x⟩",
                by="(⟨H z, H y⟩ − ⟨z, y⟩) + (⟨z, y⟩ − ⟨z, x⟩) + (⟨z, x⟩ − ⟨H z, H x⟩)",
            ),
        ),
    ),
    Derivation(
        "what does not score best does not after H either, so the follow sets are the same",
        tokens=("z", "x", "y"),
        given={**_ORTHOGONAL, "⟨z, x⟩ > ⟨z, y⟩": "y is not in C(z)"},
        maps=("H",),
        steps=(
            Line(
                "⟨H z, H x⟩ > ⟨H z, H y⟩",
                by="(⟨H z, H x⟩ − ⟨z, x⟩) + (⟨z, x⟩ − ⟨z, y⟩) + (⟨z, y⟩ − ⟨H z, H y⟩)",
            ),
        ),
    ),
    Derivation(
        "the layer of mapped tokens is the mapped layer",
        tokens=("z",),
        members={"y": "z"},
        others=("y′",),
        means=({"m": "y", "n": "y′"},),
        given={"y′ = H y": "the token that y becomes"},
        scalars=("λ",),
        maps=("H",),
        steps=(
            Line("n = H m", mean="n"),
            Line("H z + λ (n − H z) = H (z + λ (m − z))", by="λ (n − H m)"),
        ),
    ),
)


def _claim(
    name: str,
    statement: str,
    check: Callable[[Case], Finding],
    proof: tuple[Derivation, ...] = (),
    hypotheses: tuple[str, ...] = (),
) -> Claim:
    given = assumed(*hypotheses)
    more: dict[str, Any] = {"inputs": (Every(8),), "example": clustering.EXAMPLE}
    return Claim(f"metamorphic.{name}", statement, given, SOURCE, "theorem", check, proof, **more)


CLAIMS = (
    _claim("homogeneity", "T(cZ) = c T(Z) for every c > 0", check_homogeneity, (*SCALING, HOMOGENEITY)),
    _claim("permutation", "T commutes with every relabelling of the tokens", check_permutation),
    _claim("isometry", "T commutes with every A-orthogonal map", check_isometry, ISOMETRY),
    _claim(
        "unnormalised",
        "the layer z_i + α_k mean_{C_i} z_j, α_k = λ_k/(1 − λ_k), has at layer k the sets of T and the tokens of T "
        "times (1 + α_0) ⋯ (1 + α_{k−1})",
        check_unnormalised,
        (*SCALING, UNNORMALISED),
        ("rate_below_one",),
    ),
)
