"""Checks of sizes: any number of tokens, coordinates and sets, with scores anywhere, in full precision.

Every size is tried with configurations in which the last token, the last coordinate and the ends of blocks decide; a
kernel that leaves one of them out at some size moves a token elsewhere there.

Neighbours: `inputs.lattices` has the configurations; the other checks look at few sizes in more ways.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import cycle
from random import Random

from ..check import Check, NotApplicableError, Subject, judged
from ..inputs.lattices import CERTAIN, PLAIN, SHAPES, Lattice, Shape, excess, lattice, reduced
from ..inputs.trial import HALVES, NotTestedError, Trial
from ..record import CheckFinding

Sequences = Callable[[Subject], Iterator[tuple[Sequence[Lattice], str]]]
"""Calls to be made one after the other, and the dtype."""


class ForgottenError(Exception):
    """What was wrong is right when it is asked for again."""


def screened(check_id: str, title: str, sequences: Sequences) -> Check:
    """The check of sequences of lattices: the judge looks at those on which the kernel is not plainly right.

    Args:
        check_id: its id.
        title: its title.
        sequences: for a kernel, calls that are made one after the other, and the dtype.
    """

    def run(subject: Subject) -> CheckFinding:
        kernel, count, suspected, reason = subject.kernel, 0, 0, ""

        def suspects(_: Subject) -> Iterator[Trial]:
            nonlocal count, suspected, reason
            for calls, dtype in sequences(subject):
                try:
                    subject.sizes.require(*(one.shape for one in calls))
                except NotTestedError as error:
                    reason = str(error)
                    continue
                if dtype in HALVES and any(
                    size > most for one in calls for size, most in zip(one.shape, HALF, strict=True)
                ):
                    continue
                count += 1
                if dtype in HALVES:
                    suspected += 1
                    yield Trial(tuple([one.call() for one in calls]), dtype, linked=len(calls) > 1)
                    continue
                for c, one in enumerate(calls):
                    off = excess(kernel, one, dtype)
                    if off > PLAIN:
                        suspected += 1
                        small = calls[: c + 1] if c else (reduced(kernel, one, dtype),)
                        yield Trial(tuple([one.call() for one in small]), dtype, linked=len(small) > 1)
                        if off > CERTAIN and one.is_exact(dtype):  # and the judge saw nothing wrong
                            raise ForgottenError(f"{dtype}, (B, n, d) = {one.shape}")

        try:
            found = judged(check_id, title, suspects).run(subject)
        except NotTestedError as error:
            if suspected:  # the judge cannot tell
                raise
            if not count:
                raise NotTestedError(reason or "no size is of the kernel's kind") from error
            return CheckFinding("pass", f"{count} trials")
        except ForgottenError as place:
            words = "wrong when it was called first, right when called again: it keeps state between calls"
            return CheckFinding("fail", f"{place}: {words}")
        return replace(found, message=f"{count} trials") if found.status == "pass" else found

    return Check(check_id, title, run)


def _near(*sizes: int) -> list[int]:
    """Each size, one less, one and two more."""
    return [size + off for size in sizes for off in (-1, 0, 1, 2)]


TILES = tuple(tile + off for tile in (80, 112, 144, 160, 176, 208, 224, 240) for off in (0, 1))
"""Blocks of kernels need not be powers of two."""
TOKENS = (
    *range(2, 71),
    *TILES,
    *_near(96, 128, 192, 256, 320, 384, 512),
    640,
    641,
    768,
    769,
    1023,
    1024,
    1025,
    1537,
    2049,
)
COORDINATES = (*range(1, 41), *TILES, *_near(48, 64, 96, 128, 192, 256), 300, 384, 385, 512, 513)
SETS = (*range(1, 71), *TILES, *_near(96, 128, 192, 256, 384, 512), 300, 1023, 1024, 1025, 2049, 4097)
HALF = (300, 200, 130)
"""The largest (B, n, d) in half precision, where few scores are exact beyond and each set goes to the judge."""
GRID = 65_537
"""More sets than one axis of a grid of blocks can have on a GPU (65,535)."""
TOGETHER = ((1, 300, 60), (1, 513, 129), (18, 257, 17))
"""(B, n, d) that are large together: places need more than 16 bits, in a set and in a batch."""


def _fit(subject: Subject, name: str, size: int) -> int:
    """A size n, B or d, or the nearest that the kernel is asked for."""
    low, high = getattr(subject.sizes, name) or (size, size)
    return min(max(size, low), high)


def _asked(subject: Subject, name: str) -> tuple[int, ...]:
    """The ends of the range of n, B or d that the user asks for."""
    return getattr(subject.sizes, name) or ()


def _shapes(subject: Subject) -> Iterator[Shape]:
    """The shapes of A that a kernel is to be tried with, one after the other, half of them the identity."""
    several: list[Shape] = [shape for other in SHAPES[1:] for shape in (SHAPES[0], other)]
    return cycle(several if subject.kernel.supports_A else SHAPES[:1])


def _tokens(subject: Subject) -> Iterator[tuple[list[Lattice], str]]:
    rng = subject.random("shape.tokens")
    for dtype in subject.kernel.dtypes:
        shapes = _shapes(subject)
        for n in (*TOKENS, *_asked(subject, "n")):
            few = n > 600
            for _ in range(1 if few else 2):
                d = _fit(subject, "d", rng.randint(1, 5))
                last = True if few else None
                B = _fit(subject, "B", 1 if few else 2)
                one = lattice(rng, n, d, dtype, B=B, shape=next(shapes), last_leads=last, tied=True)
                if n > 250:
                    one.sets[:, n // 3 + 2] = 0  # follows all tokens, and is at no end of a block
                yield [one], dtype


def _coordinates(subject: Subject) -> Iterator[tuple[list[Lattice], str]]:
    rng = subject.random("shape.dimensions")
    for dtype in subject.kernel.dtypes:
        shapes = _shapes(subject)
        for d in (*COORDINATES, *_asked(subject, "d")):
            for _ in range(2 if d < 300 else 1):
                n, B = _fit(subject, "n", rng.randint(14, 24)), _fit(subject, "B", 2)
                yield [lattice(rng, n, d, dtype, B=B, shape=next(shapes))], dtype


def _sets(subject: Subject) -> Iterator[tuple[list[Lattice], str]]:
    rng = subject.random("batch.sizes")
    for dtype in subject.kernel.dtypes:
        shapes = _shapes(subject)
        for B in (*SETS, *_asked(subject, "B")):
            n, d = _fit(subject, "n", rng.randint(3, 9)), _fit(subject, "d", rng.randint(1, 4))
            yield [lattice(rng, n, d, dtype, B=B, shape=next(shapes))], dtype
    yield [lattice(rng, 3, 2, subject.kernel.dtypes[0], B=GRID)], subject.kernel.dtypes[0]


EXPONENTS = {
    "bfloat16": (0, 7, 15, 25, 50, -10, -30),
    "float16": (0, 1, -2, -4),
    "float32": (0, 7, 15, 25, 50, -10, -30),
    "float64": (0, 7, 15, 25, 50, 150, 450, -10, -30, -300),
}
"""The best scores are about −10^7 times 4^exponent; −100 times, and −1000 times in float16, in half precision."""


def _sunk(
    subject: Subject, rng: Random, dtype: str, n: int, d: int, B: int, exponents: Iterator[int], shapes: Iterator[Shape]
) -> tuple[list[Lattice], str]:
    """One call all of whose scores are far below zero."""
    exponent, shape, B, d = next(exponents), next(shapes), _fit(subject, "B", B), _fit(subject, "d", d)
    leads = True if B == 1 else None
    one = lattice(rng, n, d, dtype, B=B, variant="sunk", shape=shape, exponent=exponent, last_leads=leads)
    return [one], dtype


def _below(subject: Subject) -> Iterator[tuple[list[Lattice], str]]:
    """All scores negative, from −10^-11 to −10^36 or −10^277, at sizes with and without tails, alone and in batches."""
    if not subject.kernel.supports_A:
        raise NotApplicableError("the kernel declares supports_A = False")
    rng = subject.random("A.below")
    for dtype in subject.kernel.dtypes:
        exponents, shapes = cycle(EXPONENTS[dtype]), _shapes(subject)
        for n in (*range(1, 41), 63, 64, 65, 66, 127, 128, 129, 200, 256, 257, 300, 512, 513, 1025, 2049):
            for B in (1, rng.choice((2, 3, 5)), 70 if n < 40 else 4) if n < 300 else (1,):
                yield _sunk(subject, rng, dtype, n, rng.randint(2, 6), B, exponents, shapes)
            if n < 20:
                yield [lattice(rng, n, 1, dtype, B=2, shape="negative", exponent=next(exponents))], dtype
        for B in (130, 257, 300, 1025):
            yield _sunk(subject, rng, dtype, _fit(subject, "n", 5), 3, B, exponents, shapes)
        for d in (9, 17, 33, 65, 129, 257):
            yield _sunk(subject, rng, dtype, _fit(subject, "n", 16), d, 2, exponents, shapes)
        for n in _asked(subject, "n"):
            yield _sunk(subject, rng, dtype, n, 3, 1, exponents, shapes)


def _precise(subject: Subject) -> Iterator[tuple[list[Lattice], str]]:
    """Scores that differ by few units in the last place, at every size from small to large."""
    rng = subject.random("shape.precision")
    for dtype in subject.kernel.dtypes:
        shapes = _shapes(subject)
        many = (5, 33, 65, 100, 129, 200, 257, 300, 400, 513, 800, 1025, 1300, 1600, 2049, *_asked(subject, "n"))
        sizes = [(n, rng.randint(2, 4), 1) for n in many]
        sizes += [(rng.randint(9, 20), d, 2) for d in (5, 17, 33, 50, 65, 100, 129, 200, 257, 513)]
        sizes += [(rng.randint(3, 9), 3, B) for B in (3, 17, 33, 65, 100, 129, 257, 513, 1025, 4097)]
        fitted = [(_fit(subject, "n", n), _fit(subject, "d", d), _fit(subject, "B", B)) for n, d, B in sizes]
        for n, d, B in dict.fromkeys(fitted):
            one = lattice(rng, n, d, dtype, B=B, variant="near", shape=next(shapes), last_leads=B == 1 or None)
            yield [one], dtype
    first = subject.kernel.dtypes[0]
    for B, n, d in ((1, 4097, 3), *TOGETHER):
        yield [lattice(rng, n, d, first, B=B, variant="near", last_leads=B == 1 or None)], first


CHECKS: tuple[Check, ...] = (
    screened("shape.tokens", "Any number of tokens is right, block sizes or not", _tokens),
    screened("shape.dimensions", "Any number of coordinates is right, block sizes or not", _coordinates),
    screened("batch.sizes", "Batches of any size are right row by row", _sets),
    screened("shape.precision", "No precision is lost where there are many tokens, coordinates or sets", _precise),
    screened("A.below", "Scores far below zero are decided like all others", _below),
)
