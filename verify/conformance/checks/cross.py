"""Crossed checks: one axis is run through, all others are drawn at random beside it.

The other checks each look at one property with everything else plain, so that a failure has one name. A kernel that is
wrong only where two properties meet (ties in a batch, a non-symmetric A of many coordinates) passes them all; these
checks are for that. Everything is judged exactly, row by row, as everywhere.

Neighbours: `draws` has the axes; `sizes` looks at many more sizes.
"""

import random
from collections.abc import Iterator, Sequence

from ..check import Check, Subject, judged
from ..inputs.draws import FORMS, INTEGER_FORMS, KINDS, TIED_KINDS, Draw, FormKind, TokenKind
from ..inputs.trial import Arrangement, Trial, layouts

DIMENSIONS = (*range(1, 10), 17)


def crossed(
    subject: Subject,
    rng: random.Random,
    dtype: str,
    *,
    B: int | None = None,
    n: int | None = None,
    d: int | None = None,
    kind: TokenKind | None = None,
    form: FormKind | None = None,
    arrangement: Arrangement | None = None,
) -> Trial:
    """A trial with the properties given, the others drawn: small batches of up to 40 tokens and 17 coordinates.

    What the kernel declares not to support (forms other than the identity, layouts that torch does not have) is not
    drawn. Ties under a form of full mantissas are hidden by rounding and would only be called fragile, so such forms
    meet tokens without ties between different tokens.
    """
    kernel = subject.kernel
    if not kernel.supports_A:
        form = "identity"
    if form is None:
        form = rng.choice(FORMS if kind is None or kind == "copies" else INTEGER_FORMS)
    if kind is None:
        kind = rng.choice(KINDS if form in INTEGER_FORMS else ("integers", "full", "copies"))
    drawn = Draw(
        B or rng.choice((1, 2, 3)),
        n or rng.randint(2, 40),
        d or rng.choice(DIMENSIONS),
        kind,
        form,
        arrangement or rng.choice(layouts(kernel)),
    )
    return Trial((drawn.call(rng, dtype),), dtype)


def _batches(subject: Subject) -> Iterator[Trial]:
    """Every kind of tokens in small and large batches."""
    rng = subject.random("cross.batches")
    for dtype in subject.kernel.dtypes:
        for kind in KINDS:
            for B in (2, 3):
                yield crossed(subject, rng, dtype, B=B, kind=kind)
            for B in (70, 130):
                yield crossed(subject, rng, dtype, B=B, n=rng.randint(2, 9), d=rng.randint(1, 4), kind=kind)


def _forms(subject: Subject) -> Iterator[Trial]:
    """Every form in few and many coordinates."""
    rng = subject.random("cross.forms")
    for dtype in subject.kernel.dtypes:
        for form in FORMS if subject.kernel.supports_A else FORMS[:1]:
            for d in (2, 3, rng.randint(4, 9), 17):
                yield crossed(subject, rng, dtype, form=form, d=d, n=rng.randint(2, 17))
                yield crossed(subject, rng, dtype, form=form, d=d, n=rng.randint(18, 40), arrangement="contiguous")


def _sizes(subject: Subject) -> Iterator[Trial]:
    """Many tokens and many coordinates, with everything else."""
    rng = subject.random("cross.sizes")
    for dtype in subject.kernel.dtypes:
        for n in (48, 64, 128, 256, 777):
            kinds: Sequence[TokenKind] = ("tied", "lattice", "integers", "near") if n < 200 else ("tied",)
            for kind in kinds:
                yield crossed(subject, rng, dtype, B=1, n=n, d=rng.randint(2, 4), kind=kind)
        for d in (17, 32, 100):
            for kind in ("full", "tied") if d < 100 else ("full",):
                yield crossed(subject, rng, dtype, n=rng.randint(3, 9), d=d, kind=kind)


def _ties(subject: Subject) -> Iterator[Trial]:
    """Ties, and what is nearly one, of two, three and many tokens in any number of coordinates."""
    rng = subject.random("cross.ties")
    for dtype in subject.kernel.dtypes:
        for kind in TIED_KINDS:
            for d in DIMENSIONS:
                yield crossed(subject, rng, dtype, kind=kind, d=d)
            yield crossed(subject, rng, dtype, kind=kind, n=rng.randint(36, 63), d=rng.randint(2, 4))


CHECKS: tuple[Check, ...] = (
    judged("cross.batches", "Every row of a batch is right with any tokens, form and step", _batches),
    judged("cross.forms", "Any A is right with any number of tokens and coordinates", _forms),
    judged("cross.sizes", "Many tokens or coordinates are right with any A, ties and near-ties", _sizes),
    judged("cross.ties", "Ties and near-ties are decided right in any size, batch and form", _ties),
)
