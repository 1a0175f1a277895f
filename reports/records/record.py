"""The records that reports are made of: plain frozen data that `verify`, `prove` and `kernel` write into a folder.

    DIR/run.json                           one RunRecord: what was asked, the verdict, claims, coverage, kernels, checks
    DIR/results.jsonl                      one ResultRecord a line, for `prove` (RunRecord.results counts the lines)
    DIR/counterexamples/ID/record.json     one CounterexampleRecord, for every ID in RunRecord.counterexamples
                           config.json     the configuration alone, as `prove` reads it
                           repro.py        stand-alone proof of the violation, standard library only: exit status 1
                                           it fails, 0 it does not, 2 the script could not find out
                           NAME            the certificate, if there is one, by the name that record.json gives
    DIR/NAME                               certificates of results, by the names that results.jsonl gives

Numbers that are exact are strings: "3", "-1/2". Token indices count from 0. Text is UTF-8; a name of a file that is
not is written as its escape, and half a surrogate pair is refused. A file, or a line of results.jsonl, of more than
2^30 bytes is not read. `codec` reads and writes them and derives the JSON Schemas (the files
`schemas/*.schema.json`) from the types below; `store` handles the folder.
"""

from collections.abc import Mapping
from typing import Literal

from .codec import Record, RecordError
from .configuration_record import (
    ByNumber,
    ConfigurationRecord,
    Identifier,
    Rational,
    Rows,
    TrajectoryRecord,
    check_picture,
)
from .run_record import (
    InputVerdict,
    RunRecord,
    VerdictOnClaim,
)


class EnclosureRecord(Record, frozen=True):
    """What is proved of softmax layers, whose limits are known up to a radius.

    Args:
        radius: each coordinate of each limit is within this of the one that is given.
        layer: the layer that shows it.
        halvings: layers are counted until the diameter is 2^−halvings of the first one; null for several limits.
        enough: a number of layers that is proved in advance to do that; null where none is written.
        needed: the number of layers that does it; null if it is not seen.
        clusters: for each token the first one of its cluster, where several stay for long.
        from_layer: the layer from which on they stay.
        layers: for so many layers.
        within: so near to where they are at that layer.
        epsilon: tokens are compared with those of hardmax up to this.
        stays: they are as near as that at all layers up to this one.
        left: a layer at which one is further away; null if none was reached.
    """

    radius: Rational
    layer: int
    halvings: int | None = None
    enough: Rational | None = None
    needed: int | None = None
    clusters: tuple[int, ...] | None = None
    from_layer: int | None = None
    layers: Rational | None = None
    within: Rational | None = None
    epsilon: Rational | None = None
    stays: int | None = None
    left: int | None = None


class OutcomeRecord(Record, frozen=True):
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

    verdict: InputVerdict
    hypotheses: Mapping[str, bool]
    freeze_layer: int | None
    leaders: ByNumber[int] | None
    limits: Rows | None
    cluster_points: Rows | None
    vertices: Rows | None
    claims: Mapping[str, VerdictOnClaim]
    certificate: str | None


class ConclusionRecord(OutcomeRecord, frozen=True):
    """What was proved, of any kind of model.

    Args:
        enclosure: how far the limits are known, where they are no rationals, and what else is proved then.
    """

    enclosure: EnclosureRecord | None = None


class ResultRecord(OutcomeRecord, frozen=True):
    """One line of results.jsonl: what `prove --json` prints of an input, with what a picture needs.

    Args:
        input: the name of the configuration file.
        reason: why it is not verified.
        merged: the same fields after merging equal tokens, where tokens repeat.
        configuration: the input; may be left out, where it is invalid or to save space.
        trajectory: its first layers (some 60 are enough); may be left out likewise.
        rules: why each token's follow set never changes again, as the certificate has it; null if not decided.
        enclosure: how far the limits are known, where they are no rationals, and what else is proved then.
    """

    input: str
    reason: str | None = None
    merged: ConclusionRecord | None = None
    configuration: ConfigurationRecord | None = None
    trajectory: TrajectoryRecord | None = None
    rules: tuple[str, ...] | None = None
    enclosure: EnclosureRecord | None = None

    def __post_init__(self) -> None:
        if self.configuration is not None:
            check_picture(
                self.configuration,
                self.trajectory,
                tokens=self.leaders or (),
                limits=self.limits,
                points=self.vertices,
            )
        elif self.trajectory is not None:
            raise RecordError("has a trajectory but no configuration; give both or neither")


class CounterexampleRecord(Record, frozen=True):
    """One input that refutes a claim, with all that a person needs to understand and to replay it.

    Args:
        id: the name of its folder.
        claim: the id of the claim.
        place: where the claim can be loaded from again, "path/to/file.py:name"; empty if no file has it, null for a
            shipped one.
        sha256: of that file as it was then.
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

    format: Literal["hardmax-counterexample"]
    version: Literal[1]
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
    leaders: ByNumber[int]
    limits: Rows | None
    vertices: Rows | None
    certificate: Identifier | None
    replay: str
    snippet: str
    example: str
    place: str | None = None
    sha256: str | None = None

    def __post_init__(self) -> None:
        check_picture(
            self.configuration,
            self.trajectory,
            tokens=(*self.tokens, *self.leaders),
            limits=self.limits,
            points=self.vertices,
        )


class ReportRecord(Record, frozen=True):
    """All records of a run in one document: what the JSON report holds.

    Args:
        run: run.json.
        results: results.jsonl.
        counterexamples: every record.json.
    """

    format: Literal["hardmax-report"]
    version: Literal[1]
    run: RunRecord
    results: tuple[ResultRecord, ...]
    counterexamples: tuple[CounterexampleRecord, ...]
