"""Models of one's own in `configurations`: values or strategies in place of the families of matrices and steps.

Neighbours: `configurations` offers them, `matrices` and `steps` are the families that they stand for.
"""

from collections.abc import Callable, Iterable
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ..kernels import ExactnessError, InputError, Step
from ..kernels.exact.hardmax import Hardmax
from ..kernels.exact.step import Exact, step_of
from .matrices import Form, MatrixFamily

GIVEN = "given"
"""What reports call a matrix or a step that comes from the arguments."""
GivenMatrix = Iterable[Iterable[Exact]] | SearchStrategy[Any] | Callable[[int], Any]


def given_step(
    alpha: Exact | SearchStrategy[Any] | None, step: Step | SearchStrategy[Any] | None, names: Any
) -> SearchStrategy[Step] | None:
    """The step that `alpha` or `step` gives, None if neither does.

    Args:
        alpha: an exact number, or a strategy of such numbers.
        step: a `Step`, or a strategy of steps.
        names: the argument `steps`, which must be None beside them.
    """
    if alpha is None and step is None:
        return None
    if names is not None or (alpha is not None and step is not None):
        raise InputError("of alpha, step and steps more than one is given; give one of them")
    if isinstance(alpha, SearchStrategy):
        return alpha.map(lambda value: step_of(value))
    if isinstance(step, SearchStrategy):
        return step.map(lambda value: step_of(None, value))
    return st.just(step_of(alpha, step))


def given_matrix(
    A: GivenMatrix,
    d: tuple[int, int],
    names: Any,
    spd: bool | None,
    symmetric: bool | None,
) -> tuple[MatrixFamily, tuple[int, int]]:
    """The matrix that `A` gives as a family of its own, and the dimensions that it allows.

    Args:
        A: (d, d) exact numbers; a strategy of such matrices, for one d; or a function of d that returns either.
        d: the least and the largest dimension.
        names: the argument `matrices`, which must be None beside it.
        spd: whether it must be symmetric positive definite; `symmetric` likewise.
    """
    if names is not None:
        raise InputError("A and matrices are both given; give one of them")
    if isinstance(A, SearchStrategy) and d[0] != d[1]:
        raise InputError(f"A is a strategy, but d is {d}; give d as one number, or A as a function of d")
    if not callable(A) and not isinstance(A, SearchStrategy):
        size = len(Hardmax(A).A)
        if not d[0] <= size <= d[1]:
            raise InputError(f"A has {size} rows, but d is {d[0] if d[0] == d[1] else d}; give d={size}")
        d = (size, size)
        _form(A, size, spd, symmetric)

    def forms(dimension: int) -> SearchStrategy[Form]:
        offered = A(dimension) if callable(A) and not isinstance(A, SearchStrategy) else A
        drawn = offered if isinstance(offered, SearchStrategy) else st.just(offered)
        return drawn.map(lambda rows: _form(rows, dimension, spd, symmetric))

    return MatrixFamily(GIVEN, forms, bool(spd), bool(symmetric or spd)), d


def _form(rows: Any, d: int, spd: bool | None, symmetric: bool | None) -> Form:
    """A matrix that is what was promised; it is never left out silently."""
    try:
        model = Hardmax(rows)
        model.must_fit(d)
    except ExactnessError as error:
        raise InputError(str(error)) from None
    for name, wanted, is_so in (("spd", spd, model.is_spd), ("symmetric", symmetric, model.is_symmetric)):
        if wanted not in (None, is_so):
            shown = [list(map(str, row)) for row in model.A]
            raise InputError(
                f"A is {shown}, for which {name} is {is_so}, but {name}={wanted}; give {name}=None, or another A"
            )
    return Form(model.A)
