"""A claim of one's own: a decorated function, examined in a notebook, in pytest, or by the command line like any other.

    from hardmax import claim

    @claim
    def few_leaders(case):
        '''There are at most d + 1 leaders.'''
        return len(case.leaders) <= case.d + 1 or f"{len(case.leaders)} leaders in dimension {case.d}"

The decorator makes a record and registers nothing: `hardmax verify --claims mine.py` finds it by the file's names.

Neighbours: `view` is what `case` offers, `campaigns` draws and shrinks, `commands.parts.output` writes what is saved.
"""

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING, Any, get_args, overload

from ....kernels.errors import HardmaxError, InputError
from ....kernels.exact.configuration import Configuration
from ....kernels.loading import FILE_MODULE
from ...campaigns.judgement import Findings
from ...campaigns.tally import counted
from ...campaigns.words import configuration_words
from ...provers.freeze.budget import Budget
from ...records.bundle import snippet
from ..case import Case
from ..inputs import Drawn, Every, Inputs
from ..registry import FAMILIES, STUDIES, Claim, Expected, Finding, Hypothesis, Source, assumed, select_claims
from .view import View, finding_of, guarded, layers_shown

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

THEOREM = ("nonzero", "distinct", "spd", "constant_step")
"""What is assumed where nothing is said: the hypotheses of the clustering theorem."""
EXAMPLES = 1_000
"""Configurations that a search looks at where nothing is said."""

Answers = Callable[[View], Any]
Assumption = str | Hypothesis | Callable[[Configuration], bool]


class ClaimFailed(HardmaxError, AssertionError):  # noqa: N818 users read it in a test's summary
    """A claim did not come out as expected."""


class ClaimRefuted(ClaimFailed):
    """A claim is refuted: the message has the smallest configuration found, `refutation` all the rest."""

    def __init__(self, refutation: "Refutation") -> None:
        super().__init__(str(refutation))
        self.refutation = refutation


@dataclass(frozen=True)
class Refutation:
    """A configuration that refutes a claim, the smallest found.

    Args:
        claim: the claim.
        case: the configuration with all that is proved of it.
        finding: what refutes it.
    """

    claim: Claim
    case: Case
    finding: Finding

    @property
    def configuration(self) -> Configuration:
        """The counterexample."""
        return self.case.configuration

    @property
    def snippet(self) -> str:
        """Python to paste that shows it."""
        return snippet(self.claim, self.configuration)

    def save(self, out: str | Path) -> Path:
        """Write the folder that `hardmax verify --out` writes of a counterexample.

        Args:
            out: the folder of a run; it need not exist.

        Returns:
            out/counterexamples/ID, which `hardmax replay` reads.

        Raises:
            BugError: the independent checker refuses the certificate; nothing is written.
        """
        from ...commands.parts.output import new_counterexample

        return new_counterexample(Path(out), self.claim, self.case, self.finding)

    def _repr_html_(self) -> str:
        from ...commands.parts.picture import refutation_html

        return refutation_html(self.claim, self.case, self.finding)

    def __repr__(self) -> str:
        return f"<Refutation of {self.claim.id}: {self.finding.message}>"

    def __str__(self) -> str:
        words = configuration_words(self.configuration)
        return f"{self.claim.id} is refuted: {self.finding.message}\n\n{words}\n\n{self.snippet}"


@dataclass(frozen=True, slots=True)
class OwnClaim(Claim):
    """A claim that `hardmax.claim` has made of a function."""

    __str__ = Claim.__str__
    __repr__ = Claim.__repr__

    def __call__(self, configuration: Configuration, budget: Budget | None = None) -> Finding:
        """What the check finds on one configuration; vacuous where it does not meet a hypothesis.

        Args:
            configuration: the input.
            budget: for the freeze proof.
        """
        if not isinstance(configuration, Configuration):
            raise InputError(f"{self.id} got {type(configuration).__name__}; give a hardmax.Configuration")
        return self.judge(Case(configuration, budget))

    def search(self, *, examples: int = EXAMPLES, seed: int = 0) -> Refutation | None:
        """The smallest configuration found that refutes the claim, None if none was found.

        Args:
            examples: how many configurations to look at, at least.
            seed: the search is the same for the same seed.
        """
        return _first(self._examined(examples, seed))

    def check(self, *, examples: int = EXAMPLES, seed: int = 0) -> None:
        """Nothing if the claim comes out as expected; for pytest.

        Args:
            examples: how many configurations to look at, at least.
            seed: the search is the same for the same seed.

        Raises:
            ClaimRefuted: it is refuted, and was not expected to be.
            ClaimFailed: it is not refuted though it is expected to be, or undecided, or no input met its hypotheses.
        """
        __tracebackhide__ = True
        found = self._examined(examples, seed)
        judged = found.judge(self)
        if judged.as_expected:
            return
        refutation = _first(found)
        if refutation is not None:
            raise ClaimRefuted(refutation)
        numbers = counted(judged.counts) or "nothing examined"
        raise ClaimFailed(f"{self.id}, expected {self.expected}, is {judged.verdict}: {numbers}")

    def _examined(self, examples: int, seed: int) -> Findings:
        """Everything that its inputs show."""
        from ...campaigns.campaign import Plan, run_campaign, smallest_of
        from ...campaigns.sources import examine_sources

        if not isinstance(examples, int) or examples < 1:
            raise InputError(f"examples is {examples!r}; give a whole number of at least 1")
        found = Findings((self,))
        for _ in examine_sources(found, seed=seed, examples=examples):
            pass
        if self.every is not None:
            plan = Plan((self.id,), seed=seed)
            for tally in run_campaign(plan, examples=examples, claims=(self,)):
                found.add(tally)
            for name, known in found.drawn.items():
                found.drawn[name] = smallest_of(plan, self, known, examples=examples, claims=(self,))
        return found


def _first(found: Findings) -> Refutation | None:
    return next((Refutation(*refutation) for refutation in found.refutations), None)


def own_claims(wanted: str) -> tuple[OwnClaim, ...]:
    """The claims that are asked for, each with `check` and `search`, the shipped ones too."""
    fields = Claim.__dataclass_fields__
    return tuple(OwnClaim(**{f: getattr(c, f) for f in fields}) for c in select_claims(wanted))


@overload
def claim(check: Answers, /) -> OwnClaim: ...
@overload
def claim(
    *,
    given: Iterable[Assumption] = THEOREM,
    expected: Expected = "theorem",
    source: str | Source | None = None,
    inputs: "SearchStrategy[Configuration] | None" = None,
    every: int = 1,
) -> Callable[[Answers], OwnClaim]: ...


def claim(
    check: Answers | None = None,
    /,
    *,
    given: Iterable[Assumption] = THEOREM,
    expected: Expected = "theorem",
    source: str | Source | None = None,
    inputs: "SearchStrategy[Configuration] | None" = None,
    every: int = 1,
) -> OwnClaim | Callable[[Answers], OwnClaim]:
    """Make a claim of a function that checks it on one case.

    The function gets a `View` with `configuration`, `n`, `d`, `layers(k)`, `leaders`, `limits`, `freeze_layer`,
    `vertices` and `proved`, all exact; what is not decided ends it. It returns True where the claim holds, and False,
    or a text that says why, where it does not; anything else is an error. Its docstring is the statement.

    Args:
        check: the function, where the decorator has no arguments.
        given: hypotheses: names ("nonzero", "distinct", "spd", "constant_step", "rate_below_one"), or predicates on
            configurations; those of the clustering theorem if nothing is said.
        expected: "theorem" must hold; "false_as_printed" and "needs_hypothesis" must be refuted; "open" is either.
        source: where it is printed.
        inputs: a Hypothesis strategy of configurations to look at; those of campaigns if None.
        every: look at one in so many configurations of a campaign.

    Returns:
        A `Claim` with `(configuration)`, `search` and `check`.

    Raises:
        InputError: an argument is none of these, or the function has no docstring.
    """

    def made(function: Answers) -> OwnClaim:
        if not isinstance(function, FunctionType) or not function.__name__.isidentifier():
            raise InputError(f"@claim got {function!r}; put it above a function: def my_claim(case): …")
        family, name = _family(function), function.__name__
        id = f"{family}.{name}"
        statement = " ".join((function.__doc__ or "").strip().partition("\n\n")[0].split())
        if not statement:
            raise InputError(f"the claim {id} has no docstring; write what it claims there, in one sentence")
        if expected not in get_args(Expected):
            raise InputError(f"{id}: expected is {expected!r}; give one of {', '.join(get_args(Expected))}")
        if source is not None and not isinstance(source, str | Source):
            raise InputError(f"{id}: source is {source!r}; give a text or a Source")
        if isinstance(given, str):
            raise InputError(f"{id}: given is {given!r}; give a list, given=[{given!r}]")
        path = Path(function.__code__.co_filename)
        in_file = path.is_file() and function.__qualname__ == name
        return OwnClaim(
            id,
            statement,
            tuple(guarded(id, hypothesis) for hypothesis in assumed(*given)),
            source if isinstance(source, Source) else Source(source or f"{family}.py"),
            expected,
            lambda case: finding_of(id, function, case),
            shown=layers_shown,
            inputs=_inputs(id, inputs, every),
            place=f"{path.resolve()}:{name}" if in_file else "",
            sha256=sha256(path.read_bytes()).hexdigest() if in_file else None,
        )

    return made if check is None else made(check)


def _inputs(id: str, inputs: Any, every: int) -> tuple[Inputs, ...]:
    """Where a claim is examined."""
    if not isinstance(every, int) or every < 1:
        raise InputError(f"{id}: every is {every!r}; give a whole number of at least 1")
    if inputs is None:
        return (Every(every),)
    from hypothesis.strategies import SearchStrategy

    if not isinstance(inputs, SearchStrategy):
        raise InputError(
            f"{id}: inputs is of type {type(inputs).__name__}; give a Hypothesis strategy of configurations"
        )
    if every != 1:
        raise InputError(f"{id}: every is about campaigns, and inputs leaves them out; give one of the two")
    return (Drawn("Claims with inputs of their own", lambda: inputs, budget=Budget()),)


def _family(function: FunctionType) -> str:
    """The name of the file that a function stands in, without its end; "notebook" where there is none."""
    module = function.__module__ or "notebook"
    if module == "__main__":
        file = getattr(sys.modules["__main__"], "__file__", None)
        module = "notebook" if file is None else Path(file).stem
    elif module.startswith(FILE_MODULE):
        module = module.removeprefix(FILE_MODULE)
    family = module.rpartition(".")[2]
    if family in (*FAMILIES, *STUDIES):
        raise InputError(f"{family}.py has the name of a shipped family of claims; rename the file")
    return family
