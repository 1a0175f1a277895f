"""What the check of a user's claim sees of a case, and how its answer becomes a finding.

Who writes a check never meets three-valued logic: what is not decided raises `NotDecided`, which ends the check, and
the claim is undecided on this input.

Neighbours: `case` holds what is seen; `claim` makes claims of such checks.
"""

from collections.abc import Callable
from itertools import islice
from pathlib import Path
from reprlib import repr as short
from typing import Any

import numpy as np

from ....kernels.errors import BugError, HardmaxError, InputError
from ....kernels.exact.configuration import Configuration, Matrix
from ....kernels.exact.dynamics import Sets
from ....kernels.exact.model import named
from ...provers.freeze.budget import OutOfBudgetError
from ...provers.freeze.outcome import Enclosed, Frozen, SelfSimilar, Undecided
from ...provers.freeze.time_limit import OutOfTimeError
from ..case import FIRST_LAYERS, Case
from ..conclusion import Result
from ..registry import MOST_LAYERS, Finding, Hypothesis, Shown


class NotDecided(HardmaxError):  # noqa: N818 users catch it by this name
    """What the check of a claim asks for is not decided on this input; the message says why."""


class View:
    """One configuration as the check of a claim sees it: exact numbers, or `NotDecided`.

    Args:
        case: the configuration under examination.
    """

    def __init__(self, case: Case) -> None:
        self._case = case
        self.rests_on_proof = False

    @property
    def configuration(self) -> Configuration:
        """The input."""
        return self._case.configuration

    @property
    def n(self) -> int:
        """The number of tokens."""
        return self.configuration.n

    @property
    def d(self) -> int:
        """The dimension."""
        return self.configuration.d

    def layers(self, k: int) -> list[tuple[Matrix, Sets]]:
        """(Z^0, C(Z^0)), …, (Z^{k−1}, C(Z^{k−1})): tokens (n, d) and follow sets of the first k layers, exactly."""
        if not isinstance(k, int) or k < 1:
            raise InputError(f"layers({k!r}): give how many layers, a whole number of at least 1")
        run = islice(self.configuration.dynamics().layers(), k)
        return [(layer.tokens(), sets) for layer, sets in run]

    @property
    def proved(self) -> Result:
        """All that is proved of this input, with the verdicts on the claims that its model names."""
        self.rests_on_proof = True
        if isinstance(self._case.outcome, Undecided):
            raise NotDecided(self._case.outcome.reason)
        claims = named(self.configuration.model.claims)
        return Result(self._case, {claim.id: self._case.finding(claim) for claim in claims}, None)

    @property
    def leaders(self) -> dict[int, int]:
        """{token: first layer k with C_i(Z^k) = {i}}."""
        return dict(self._decided().leaders)

    @property
    def freeze_layer(self) -> int:
        """The first layer from which all follow sets are constant."""
        outcome = self._decided()
        if not isinstance(outcome, Frozen):
            raise NotDecided("the layers repeat up to a linear map, and no layer is proved to freeze the sets")
        return outcome.freeze_layer

    @property
    def limits(self) -> Matrix:
        """lim z_i^k for each token i."""
        self._decided()
        limits = Result(self._case, {}, None).limits
        if limits is None:
            raise NotDecided("the layers repeat up to a linear map, and the limits are not known")
        return limits

    @property
    def vertices(self) -> Matrix:
        """The vertices of K, the places of the leaders, in ascending order."""
        self._decided()
        return Result(self._case, {}, None).vertices or ()

    def _decided(self) -> Frozen | SelfSimilar:
        self.rests_on_proof = True
        outcome = self._case.outcome
        if isinstance(outcome, Undecided):
            raise NotDecided(outcome.reason)
        if isinstance(outcome, Enclosed):
            raise NotDecided("its limits are known up to a radius only, and no layer freezes: ask for case.proved")
        return outcome


def finding_of(claim: str, check: Callable[[View], Any], case: Case) -> Finding:
    """What a user's check finds on one case.

    Args:
        claim: its id, for messages.
        check: True where the claim holds, False or a text that says why where it does not.
        case: the configuration under examination.

    Raises:
        InputError: the check raises, or returns something else: a forgotten `return` must not verify anything.
    """
    view = View(case)
    try:
        answer = check(view)
    except (NotDecided, OutOfBudgetError) as reason:
        return Finding("undecided", str(reason))
    except (BugError, OutOfTimeError, MemoryError):
        raise
    except (Exception, SystemExit) as error:
        raise InputError(f"the check of {claim} raised {_said(error)}; {RETURN}") from error
    if isinstance(answer, str):
        message = " ".join(answer.split()) or "the claim fails here"
        return Finding("refuted", message, certified=view.rests_on_proof)
    if isinstance(answer, bool | np.bool_):
        if answer:
            return Finding("verified", "the claim holds here", certified=view.rests_on_proof)
        return Finding("refuted", "the claim fails here", certified=view.rests_on_proof)
    raise InputError(f"the check of {claim} returned {short(answer)}; {RETURN}")


RETURN = "a check returns True where the claim holds, and False, or a text that says why, where it does not"


def _said(error: BaseException) -> str:
    """An error in one line, with the line at which the user's own code was left."""
    own, trace = "", error.__traceback__
    while trace is not None:  # frame 0 is `finding_of`
        code = trace.tb_frame.f_code
        if code is not finding_of.__code__ and not own:
            own = f"{Path(code.co_filename).name}, line {trace.tb_lineno}: "
        trace = trace.tb_next
    return f"{type(error).__name__} ({own}{' '.join(str(error).split())})"


def guarded(claim: str, hypothesis: Hypothesis) -> Hypothesis:
    """The hypothesis; a predicate that answers neither True nor False, or raises, is bad input."""

    def holds(configuration: Configuration) -> bool:
        try:
            answer = hypothesis.holds(configuration)
        except Exception as error:
            raise InputError(f"the hypothesis {hypothesis.name} of {claim} raised {_said(error)}") from error
        if not isinstance(answer, bool | np.bool_):
            raise InputError(
                f"the hypothesis {hypothesis.name} of {claim} returned {short(answer)}; it must return True or False"
            )
        return bool(answer)

    return Hypothesis(hypothesis.name, holds)


def layers_shown(case: Case, finding: Finding) -> Shown:
    """A script shows the exact layers, and has no test for a claim of one's own."""
    last = 0 if isinstance(case.outcome, Undecided | Enclosed) else case.outcome.phases[-1].first + 2
    return Shown(None, min(MOST_LAYERS, max(FIRST_LAYERS, last)), certified=finding.certified)
