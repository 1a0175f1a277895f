"""Records of a whole run: what became of each claim, which regimes were reached, what each kernel did.

Neighbours: `configuration_record` has the exact inputs, `record` the records of single inputs.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

from msgspec import Meta

from .atlas_record import AtlasRecord
from .codec import Record, RecordError
from .configuration_record import (
    ConfigurationRecord,
    Identifier,
    Rational,
    Row,
    TrajectoryRecord,
    check_picture,
)
from .control_record import ControlRecord
from .steps_record import StepsRecord

InputVerdict = Literal["verified", "refuted", "undecided", "invalid"]
VerdictOnClaim = Literal["proved", "verified", "refuted", "undecided", "invalid", "vacuous"]
"""`proved`: for all inputs, by a derivation that the machine checked; `vacuous`: it says nothing about any input."""
ExpectedStatus = Literal["theorem", "false_as_printed", "open", "needs_hypothesis"]
CheckStatus = Literal["pass", "fail", "not_applicable", "not_tested", "fragile", "known"]


class SourceRecord(Record, frozen=True):
    """Where a claim stands; empty where it stands nowhere.

    Args:
        paper: e.g. "arXiv:2407.01602".
        version: e.g. "v2" or "SIAM J. Math. Data Sci. 7(3), 2025".
        label: the theorem, lemma or equation, e.g. "Theorem 4.1".
    """

    paper: str
    version: str = ""
    label: str = ""

    def __str__(self) -> str:
        return ", ".join(filter(None, (self.paper, self.version, self.label)))


class ClaimCounts(Record, frozen=True):
    """On how many inputs a claim had which verdict.

    Args:
        verified: proved for the input.
        trivial: those of the verified inputs that could not have refuted it, because what it is about does not occur.
        refuted: refuted by the input.
        undecided: the budget ended.
        vacuous: the claim says nothing about the input, which does not meet its hypotheses.
    """

    verified: int
    refuted: int
    undecided: int
    vacuous: int
    trivial: int = 0


class ClaimRecord(Record, frozen=True):
    """What became of one claim over all inputs.

    Args:
        id: e.g. "clustering.vertices".
        family: e.g. "clustering".
        statement: the sentence that was tested.
        hypotheses: what it assumes, one sentence each.
        source: where it stands.
        expected: its status before the run: "theorem", "false_as_printed", "open", "needs_hypothesis".
        verdict: the verdict over all inputs.
        as_expected: whether the verdict is the one that `expected` calls for.
        counts: on how many inputs which verdict.
        counterexamples: ids of the counterexamples found, the smallest first.
        note: what else there is to say in one sentence, e.g. how it was proved for all inputs; may be empty.
    """

    id: str
    family: str
    statement: str
    hypotheses: tuple[str, ...]
    source: SourceRecord
    expected: ExpectedStatus
    verdict: VerdictOnClaim
    as_expected: bool
    counts: ClaimCounts
    counterexamples: tuple[Identifier, ...]
    note: str


class StatementRecord(Record, frozen=True):
    """One statement of a paper.

    Args:
        label: its label in print, or what it says where that is not known.
        statement: in one line.
        claim: the id of the claim that examines it; null where it cannot be settled here.
        verdict: that of the claim; "open" where it cannot be settled here.
        known: how it is known: for all inputs, by certificates, by a counterexample; or why it is not.
        example: an input that meets its hypotheses; null where it has no claim.
        note: what else there is to know; may be empty.
    """

    label: str
    statement: str
    claim: str | None
    verdict: Literal["proved", "verified", "refuted", "undecided", "invalid", "vacuous", "open"]
    known: str
    example: ConfigurationRecord | None
    note: str = ""


class PaperRecord(Record, frozen=True):
    """A paper, statement by statement.

    Args:
        id: e.g. "arXiv:2407.01602".
        version: which version the statements are of.
        title: its title.
        authors: their names.
        note: on its labels; may be empty.
        statements: in their order.
    """

    id: str
    version: str
    title: str
    authors: tuple[str, ...]
    note: str
    statements: tuple[StatementRecord, ...]


class Bin(Record, frozen=True):
    """One bar of a histogram.

    Args:
        label: the value or range, e.g. "3" or "8-15".
        count: how many inputs.
    """

    label: str
    count: int


class Histogram(Record, frozen=True):
    """How often each regime was met: shown in the order given.

    Args:
        name: what was counted, e.g. "leaders", "freeze layer".
        bins: the bars.
    """

    name: str
    bins: tuple[Bin, ...]


class Divergence(Record, frozen=True):
    """Where a float kernel first left the exact layers.

    Args:
        layer: the layer.
        token: the token i.
        exact: C_i.
        computed: what the kernel followed; null if it does not tell.
        gap: how much worse the worst token is that only one of the two sets holds; "0" on an exact tie.
        configuration: the input.
        bound: what the gap must exceed for every correct float kernel to decide right.
    """

    layer: int
    token: int
    exact: tuple[int, ...]
    computed: tuple[int, ...] | None
    gap: Rational | None
    configuration: ConfigurationRecord
    bound: Rational | None = None


class KernelFailure(Record, frozen=True):
    """Where a float kernel first gave no answer.

    Args:
        message: what happened: the exception that it raised, or what it returned.
        configuration: the input.
    """

    message: str
    configuration: ConfigurationRecord


class KernelRecord(Record, frozen=True):
    """A float kernel compared with the exact one, decision by decision (one token at one layer).

    Args:
        spec: how it was named on the command line.
        dtype: e.g. "float64".
        layers: how many layers were compared.
        agree: decisions with the exact follow set.
        too_close: decisions that differ while the gap is within the derived error bound.
        disagree: decisions that differ although the bound decides, and calls that `failed`.
        ties_lost: those of `too_close` that are exact ties, which no float kernel can know.
        first_disagreement: the first decision of `disagree`, if any.
        failed: calls that raised or returned another shape.
        first_failure: the first of them, if any.
    """

    spec: str
    dtype: str
    layers: int
    agree: int
    too_close: int
    disagree: int
    ties_lost: int
    first_disagreement: Divergence | None
    failed: int = 0
    first_failure: KernelFailure | None = None


class SubjectRecord(Record, frozen=True):
    """The kernel that a conformance run tests.

    Args:
        spec: how it was named on the command line.
        name: how it calls itself.
        file: the file it was read from, if any.
        line: the line in that file, if known.
        declared: what its author declares: property → value, e.g. "ties" → "first".
    """

    spec: str
    name: str
    file: str | None
    line: int | None
    declared: Mapping[str, str]


ErrorRow = Annotated[
    str,
    Meta(
        pattern=r"^[-.1-9]{1,64}$(?!\n)", description='A row of errors, a character a component: ".", "1" to "9", "-".'
    ),
]
"""One row of the picture of where an error sits."""


class CheckResult(Record, frozen=True):
    """One check of a conformance run.

    Args:
        id: e.g. "ties.exact".
        title: what a right kernel does, in one sentence.
        status: "fragile": an exact tie was lost to rounding, which no float kernel can know, so it passes; "known": it
            fails and is listed as a known deviation.
        message: what was found.
        first_divergent_layer: the first layer of the configuration that is wrong.
        gap_ulps: there, the exact gap between the best score and the best one outside the follow set, in units in the
            last place of the score; 0 on an exact tie; null if no decision is at stake.
        configuration: a minimal input that shows it.
        snippet: Python to paste that shows it.
        token: the token that the kernel put elsewhere at that layer; null if something else is wrong.
        returned: where it put it, an exact number a coordinate.
        errors: where the error of an attention kernel sits in one head of the first failing input: a line a row, a
            character a component; "." within the bound, "1" to "9" beyond it 10^(n-1) times or more, "-" not judged.
        trajectory: the exact layers of the configuration; null where there is no picture.
    """

    id: Identifier
    title: str
    status: CheckStatus
    message: str
    first_divergent_layer: int | None
    gap_ulps: float | None
    configuration: ConfigurationRecord | None
    snippet: str | None
    token: int | None = None
    returned: Row | None = None
    errors: tuple[ErrorRow, ...] | None = None
    trajectory: TrajectoryRecord | None = None

    @property
    def failed(self) -> bool:
        """Whether the check counts against the kernel."""
        return self.status == "fail"

    def __post_init__(self) -> None:
        if self.configuration is None:
            if self.trajectory is not None or self.token is not None:
                raise RecordError("names a token or has a trajectory, but no configuration to which it belongs")
            return
        token = () if self.token is None else (self.token,)
        points = None if self.returned is None else (self.returned,)
        check_picture(self.configuration, self.trajectory, tokens=token, limits=None, points=points)


class RunCounts(Record, frozen=True):
    """Over all inputs of a run (configurations, or checks of a kernel).

    Args:
        inputs: how many inputs there were.
        verified: with every conclusion proved (a kernel: checks passed).
        refuted: with a conclusion refuted (a kernel: checks failed).
        undecided: with a conclusion left open by the budget.
        invalid: that could not be used.
    """

    inputs: int
    verified: int
    refuted: int
    undecided: int
    invalid: int


class RunRecord(Record, frozen=True):
    """One run of `hardmax verify`, `paper`, `prove`, `kernel` or `control`.

    Args:
        tool_version: the version of hardmax.
        command: which command ran.
        arguments: its arguments, one string each, as given.
        seed: the seed, if one was used.
        verdict: "verified" if everything asked for came out as expected (expected refutations included).
        exit_status: 0 verified, 1 refuted, 2 invalid, 3 undecided.
        interrupted: whether it was ended early, so that the counts are what was found until then.
        seconds: how long it took; null to keep the record reproducible.
        counts: over all inputs.
        claims: what became of each claim.
        coverage: which regimes the inputs reached.
        kernels: float kernels compared with the exact one.
        subject: the kernel under test of `kernel`.
        checks: its checks.
        results: how many lines results.jsonl has (0: no such file).
        counterexamples: the ids of all counterexamples, in the order to show them.
        notes: what else the reader must know, one sentence each, e.g. stale entries of a list of known deviations.
        conclusion: the parts of the clustering theorem's conclusion that `prove` examined: claim id → statement.
        environment: what it ran on: versions, processor, commit.
        paper: the paper of `paper`, statement by statement.
        control: the answer of `control`, which is verified if it is possible and refuted if it is impossible.
        steps: what `prove --all-alpha` found, one entry an input.
        atlases: what `prove --all-A` found, one entry an input.
    """

    format: Literal["hardmax-run"]
    version: Literal[1, 2]
    tool_version: str
    command: Literal["verify", "prove", "kernel", "paper", "control"]
    arguments: tuple[str, ...]
    seed: int | None
    verdict: InputVerdict
    exit_status: int
    interrupted: bool
    seconds: float | None
    counts: RunCounts
    claims: tuple[ClaimRecord, ...]
    coverage: tuple[Histogram, ...]
    kernels: tuple[KernelRecord, ...]
    subject: SubjectRecord | None
    checks: tuple[CheckResult, ...]
    results: int
    counterexamples: tuple[Identifier, ...]
    notes: tuple[str, ...] = ()
    conclusion: Mapping[str, str] = {}
    environment: Mapping[str, str] = {}
    paper: PaperRecord | None = None
    control: ControlRecord | None = None
    steps: tuple[StepsRecord, ...] = ()
    atlases: tuple[AtlasRecord, ...] = ()

    def __post_init__(self) -> None:
        known = set(self.counterexamples)
        if len(known) < len(self.counterexamples):
            raise RecordError("counterexamples names an id twice")
        for claim in self.claims:
            for name in claim.counterexamples:
                if name not in known:
                    raise RecordError(f"claim {claim.id} cites the counterexample {name}, which is not listed")
