"""The records that reports are made of: plain frozen data that `verify`, `prove` and `kernel` write into a folder.

    DIR/run.json                           one RunRecord: what was asked, the verdict, claims, coverage, kernels, checks
    DIR/results.jsonl                      one ResultRecord a line, for `prove` (RunRecord.results counts the lines)
    DIR/counterexamples/ID/record.json     one CounterexampleRecord, for every ID in RunRecord.counterexamples
                           config.json     the configuration alone, as `prove` reads it
                           repro.py        stand-alone proof of the violation, standard library only
                           certificate.json    the certificate, if there is one
    DIR/certificates/                      certificates of verified inputs

Numbers that are exact are strings: "3", "-1/2". Token indices count from 0. `codec` derives reader, writer and JSON
Schema (the files `schemas/*.schema.json`) from the type hints below; `store` handles the folder.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from .codec import RecordError, Text

Rational = Annotated[str, Text(r"0|-?[1-9][0-9]*(?:/[1-9][0-9]*)?", 'a string like "3" or "-1/2"')]
"""An exact number."""
Identifier = Annotated[str, Text(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", "a name of letters, digits and . _ -")]
"""A name that is also the name of a folder or a file, without a path."""

Row = tuple[Rational, ...]
Rows = tuple[Row, ...]
"""(n, d) exact numbers, one row a point."""
FollowSets = tuple[tuple[int, ...], ...]
"""The follow sets of one layer: entry i holds C_i, ascending."""

Verdict = Literal["verified", "refuted", "undecided", "invalid"]
ClaimVerdict = Literal["proved", "verified", "refuted", "undecided", "invalid", "not_met"]
"""`proved` symbolically for all inputs; `not_met`: the claim's hypotheses do not hold for any input."""
Expected = Literal["theorem", "false_as_printed", "open", "needs_hypothesis"]
CheckStatus = Literal["pass", "fail", "not_applicable", "fragile", "known"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRecord:
    """A step that depends on the layer.

    Args:
        rule: "harmonic": λ_k = numerator / (k + offset).
        numerator: a whole number > 0.
        offset: a whole number ≥ numerator.
    """

    rule: Literal["harmonic"]
    numerator: int
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigurationRecord:
    """A configuration, exactly, in the form of a configuration file.

    Args:
        tokens: (n, d), one row a token.
        A: (d, d), the matrix of the inner product ⟨x, y⟩ = xᵀAy.
        alpha: the constant step α > 0; null if `step` is given.
        step: a step that depends on the layer; null if `alpha` is given.
        labels: one name a token, any text.
        multiplicities: with which weight each token enters a mean; all 1 if null.
        follow: whether tokens follow the largest or the smallest inner product.
    """

    tokens: Rows
    A: Rows
    alpha: Rational | None = None
    step: StepRecord | None = None
    labels: tuple[str, ...] | None = None
    multiplicities: tuple[int, ...] | None = None
    follow: Literal["largest", "smallest"] = "largest"

    def __post_init__(self) -> None:
        if not self.tokens or not self.tokens[0]:
            raise RecordError("tokens is empty; at least one token with one coordinate is required")
        n, d = len(self.tokens), len(self.tokens[0])
        _check_rows("tokens", self.tokens, n, d)
        _check_rows("A", self.A, d, d)
        if (self.alpha is None) == (self.step is None):
            raise RecordError("needs exactly one of alpha and step")
        for name, values in (("labels", self.labels), ("multiplicities", self.multiplicities)):
            if values is not None and len(values) != n:
                raise RecordError(f"{name} has {len(values)} entries for {n} tokens")

    @property
    def n(self) -> int:
        """The number of tokens."""
        return len(self.tokens)

    @property
    def d(self) -> int:
        """The dimension."""
        return len(self.tokens[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class TrajectoryRecord:
    """The first layers of a configuration, for pictures and tables; proofs do not rest on it.

    Args:
        layers: the tokens Z^0, Z^1, …, each (n, d).
        follow_sets: the follow sets at the same layers.
        gaps: for each layer the smallest gap min_i (max_l ⟨z_i, z_l⟩ − max_{l ∉ C_i} ⟨z_i, z_l⟩); null where no token
            is left out of any follow set.
        bounds: for each layer the error bound of a float kernel on such a gap; null if no float kernel ran.
        complete: whether the follow sets are known to stay as in the last layer shown.
    """

    layers: tuple[Rows, ...]
    follow_sets: tuple[FollowSets, ...]
    gaps: tuple[Rational | None, ...]
    bounds: tuple[Rational, ...] | None
    complete: bool

    def __post_init__(self) -> None:
        if not self.layers:
            raise RecordError("layers is empty; at least layer 0 is required")
        n, d = len(self.layers[0]), len(self.layers[0][0]) if self.layers[0] else 0
        for k, rows in enumerate(self.layers):
            _check_rows(f"layers[{k}]", rows, n, d)
        for name, values in (("follow_sets", self.follow_sets), ("gaps", self.gaps), ("bounds", self.bounds)):
            if values is not None and len(values) != len(self.layers):
                raise RecordError(f"{name} has {len(values)} entries for {len(self.layers)} layers")
        for k, sets in enumerate(self.follow_sets):
            if len(sets) != n or any(not C or not all(0 <= j < n for j in C) for C in sets):
                raise RecordError(f"follow_sets[{k}] must hold {n} non-empty sets of token indices below {n}")


def _check_rows(name: str, rows: Rows, n: int, d: int) -> None:
    if len(rows) != n or any(len(row) != d for row in rows):
        raise RecordError(f"{name} must have {n} rows of {d} numbers, as many as there are tokens and coordinates")


def _check_picture(
    configuration: ConfigurationRecord,
    trajectory: TrajectoryRecord | None,
    *,
    tokens: Iterable[int],
    limits: Rows | None,
    points: Rows | None,
) -> None:
    """What a picture relies on: every part belongs to the tokens of `configuration`."""
    n, d = configuration.n, configuration.d
    if trajectory is not None:
        _check_rows("trajectory.layers[0]", trajectory.layers[0], n, d)
    if wrong := [i for i in tokens if not 0 <= i < n]:
        raise RecordError(f"names the token {wrong[0]}, but there are {n} tokens")
    if limits is not None:
        _check_rows("limits", limits, n, d)
    if points is not None:
        _check_rows("vertices", points, len(points), d)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRecord:
    """Where a claim stands.

    Args:
        paper: e.g. "arXiv:2407.01602".
        version: e.g. "v2" or "SIAM J. Math. Data Sci. 7(3), 2025".
        label: the theorem, lemma or equation, e.g. "Theorem 4.1".
    """

    paper: str
    version: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimCounts:
    """On how many inputs a claim had which verdict.

    Args:
        verified: proved for the input.
        refuted: refuted by the input.
        undecided: the budget ended.
        not_met: the input does not meet the claim's hypotheses.
    """

    verified: int
    refuted: int
    undecided: int
    not_met: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRecord:
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
    expected: Expected
    verdict: ClaimVerdict
    as_expected: bool
    counts: ClaimCounts
    counterexamples: tuple[Identifier, ...]
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """One bar of a histogram.

    Args:
        label: the value or range, e.g. "3" or "8-15".
        count: how many inputs.
    """

    label: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """How often each regime was met: shown in the order given.

    Args:
        name: what was counted, e.g. "leaders", "freeze layer".
        bins: the bars.
    """

    name: str
    bins: tuple[Bin, ...]

    @classmethod
    def of(cls, name: str, counts: Mapping[int | str, int]) -> "Histogram":
        """The histogram of a mapping value → count, bars in ascending order (numbers first)."""
        ordered = sorted(counts, key=lambda value: (isinstance(value, str), value))
        return cls(name=name, bins=tuple(Bin(label=str(value), count=counts[value]) for value in ordered))


@dataclass(frozen=True, slots=True, kw_only=True)
class Divergence:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelRecord:
    """A float kernel compared with the exact one, decision by decision (one token at one layer).

    Args:
        spec: how it was named on the command line.
        dtype: e.g. "float64".
        layers: how many layers were compared.
        agree: decisions with the exact follow set.
        too_close: decisions that differ while the gap is within the derived error bound.
        disagree: decisions that differ although the bound decides.
        ties_lost: those of `too_close` that are exact ties, which no float kernel can know.
        first_disagreement: the first of `disagree`, if any.
    """

    spec: str
    dtype: str
    layers: int
    agree: int
    too_close: int
    disagree: int
    ties_lost: int
    first_disagreement: Divergence | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectRecord:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRecord:
    """One check of a conformance run.

    Args:
        id: e.g. "ties.exact".
        title: what a right kernel does, in one sentence.
        status: "fragile": an exact tie was lost to rounding, which no float kernel can know, so it passes; "known": it
            fails and is listed as a known deviation.
        message: what was found.
        first_divergent_layer: the first layer that is wrong.
        gap_ulps: the exact gap there, in units in the last place of the score.
        configuration: a minimal input that shows it.
        snippet: Python to paste that shows it.
    """

    id: Identifier
    title: str
    status: CheckStatus
    message: str
    first_divergent_layer: int | None
    gap_ulps: float | None
    configuration: ConfigurationRecord | None
    snippet: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCounts:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """One run of `hardmax verify`, `prove` or `kernel`.

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
    """

    FORMAT: ClassVar[str] = "hardmax-run"
    VERSION: ClassVar[int] = 1

    tool_version: str
    command: Literal["verify", "prove", "kernel"]
    arguments: tuple[str, ...]
    seed: int | None
    verdict: Verdict
    exit_status: int
    interrupted: bool
    seconds: float | None
    counts: RunCounts
    claims: tuple[ClaimRecord, ...]
    coverage: tuple[Histogram, ...]
    kernels: tuple[KernelRecord, ...]
    subject: SubjectRecord | None
    checks: tuple[CheckRecord, ...]
    results: int
    counterexamples: tuple[Identifier, ...]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        known = set(self.counterexamples)
        if len(known) < len(self.counterexamples):
            raise RecordError("counterexamples names an id twice")
        for claim in self.claims:
            for name in claim.counterexamples:
                if name not in known:
                    raise RecordError(f"claim {claim.id} cites the counterexample {name}, which is not listed")


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeRecord:
    """What was proved of one configuration; fields that are not decided are null.

    Args:
        verdict: about the conclusion as stated, on this very input.
        hypotheses: hypothesis → whether the input meets it.
        freeze_layer: the first layer from which all follow sets are constant.
        leaders: token → first layer at which it is a leader.
        limits: lim z_i^k, in token order.
        cluster_points: the limits without repetition, sorted.
        vertices: the vertices of K, sorted.
        claims: claim id → verdict.
        certificate: the file of the certificate; null if none was written.
    """

    verdict: Verdict
    hypotheses: Mapping[str, bool]
    freeze_layer: int | None
    leaders: Mapping[int, int] | None
    limits: Rows | None
    cluster_points: Rows | None
    vertices: Rows | None
    claims: Mapping[str, ClaimVerdict]
    certificate: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultRecord(OutcomeRecord):
    """One line of results.jsonl: what `prove --json` prints of an input, with what a picture needs.

    Args:
        input: the name of the configuration file.
        reason: why it is not verified.
        merged: the same fields after merging equal tokens, where tokens repeat.
        configuration: the input; may be left out, where it is invalid or to save space.
        trajectory: its first layers (some 60 are enough); may be left out likewise.
    """

    input: str
    reason: str | None = None
    merged: OutcomeRecord | None = None
    configuration: ConfigurationRecord | None = None
    trajectory: TrajectoryRecord | None = None

    def __post_init__(self) -> None:
        if self.configuration is not None:
            _check_picture(
                self.configuration,
                self.trajectory,
                tokens=self.leaders or (),
                limits=self.limits,
                points=self.vertices,
            )
        elif self.trajectory is not None:
            raise RecordError("has a trajectory but no configuration; give both or neither")


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterexampleRecord:
    """One input that refutes a claim, with all that a person needs to understand and to replay it.

    Args:
        id: the name of its folder.
        claim: the id of the claim.
        statement: the sentence that was tested.
        fails: the part of the sentence that fails, word for word.
        because: why it fails on this input, one sentence with the exact numbers.
        layer: the layer at which it fails; null if it fails in the limit.
        tokens: the indices of the tokens that break it.
        dropped: the hypotheses that the input does not meet, in words; empty if it meets all.
        configuration: the input.
        trajectory: its first layers, the failing one included where possible.
        freeze_layer: the first layer from which all follow sets are constant; null if they are not, or if unknown.
        leaders: token → first layer at which it is a leader.
        limits: lim z_i^k; null if there are none, or if unknown.
        vertices: the vertices of K, sorted; null if unknown.
        certificate: the name of the certificate file in the folder; null if there is none.
        replay: the shell command that replays it.
        snippet: Python to paste that shows the violation.
        example: the line to put above a Hypothesis test.
    """

    FORMAT: ClassVar[str] = "hardmax-counterexample"
    VERSION: ClassVar[int] = 1

    id: Identifier
    claim: str
    statement: str
    fails: str
    because: str
    layer: int | None
    tokens: tuple[int, ...]
    dropped: tuple[str, ...]
    configuration: ConfigurationRecord
    trajectory: TrajectoryRecord
    freeze_layer: int | None
    leaders: Mapping[int, int]
    limits: Rows | None
    vertices: Rows | None
    certificate: Identifier | None
    replay: str
    snippet: str
    example: str

    def __post_init__(self) -> None:
        _check_picture(
            self.configuration,
            self.trajectory,
            tokens=(*self.tokens, *self.leaders),
            limits=self.limits,
            points=self.vertices,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRecord:
    """One configuration of a campaign, for viewers of test cases.

    Args:
        property: what was tested, e.g. "clustering" or a claim id.
        verdict: what was found.
        reason: why it is not verified; empty if it is.
        configuration: the input.
        origin: how it was made, e.g. "family near ties, seed 7".
        leaders: how many tokens become leaders; null if unknown.
        ties: how many follow sets of the frozen itinerary hold more than one token; null if unknown.
        freeze_layer: the first layer from which all follow sets are constant; null if unknown.
        minimal_gap: the smallest gap over the layers that were looked at; null if there is none.
        seconds: how long it took; null if not measured.
    """

    property: str
    verdict: Verdict
    reason: str
    configuration: ConfigurationRecord
    origin: str
    leaders: int | None
    ties: int | None
    freeze_layer: int | None
    minimal_gap: Rational | None
    seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRecord:
    """All records of a run in one document: what the JSON report holds.

    Args:
        run: run.json.
        results: results.jsonl.
        counterexamples: every record.json.
    """

    FORMAT: ClassVar[str] = "hardmax-report"
    VERSION: ClassVar[int] = 1

    run: RunRecord
    results: tuple[ResultRecord, ...]
    counterexamples: tuple[CounterexampleRecord, ...]


__all__ = [
    "Bin",
    "CaseRecord",
    "CheckRecord",
    "CheckStatus",
    "ClaimCounts",
    "ClaimRecord",
    "ClaimVerdict",
    "ConfigurationRecord",
    "CounterexampleRecord",
    "Divergence",
    "Expected",
    "FollowSets",
    "Histogram",
    "Identifier",
    "KernelRecord",
    "OutcomeRecord",
    "Rational",
    "ReportRecord",
    "ResultRecord",
    "Row",
    "Rows",
    "RunCounts",
    "RunRecord",
    "SourceRecord",
    "StepRecord",
    "SubjectRecord",
    "TrajectoryRecord",
    "Verdict",
]
