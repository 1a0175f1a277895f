"""Records for the tests: made by hand on trajectories of the exact kernel, limits given by the test that knows them."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from hardmax.kernels import Configuration
from hardmax.kernels.exact.dynamics import Dynamics
from hardmax.reports import Records
from hardmax.reports.records import configuration_record as exact
from hardmax.reports.records import record, run_record, store

SOURCE = run_record.SourceRecord(paper="arXiv:2407.01602", version="v2", label="Theorem 2.3")
REPRO = "print('the claim fails')\nraise SystemExit(1)\n"


def histogram(name, counts):
    bins = tuple(run_record.Bin(label=str(value), count=count) for value, count in counts.items())
    return run_record.Histogram(name=name, bins=bins)


def rows(points: Sequence[Sequence[Any]]) -> exact.Rows:
    return tuple(tuple(str(Fraction(v)) for v in point) for point in points)


def configuration_record(c: Configuration) -> exact.ConfigurationRecord:
    return exact.ConfigurationRecord(
        tokens=rows(c.tokens),
        A=rows(c.A),
        alpha=str(c.alpha),
        labels=c.labels,
        multiplicities=c.multiplicities if max(c.multiplicities) > 1 else None,
        follow=c.follow,
    )


def trajectory(c: Configuration, layers: int, *, complete: bool = True) -> exact.TrajectoryRecord:
    tokens, sets, gaps = [], [], []
    for layer, follow in islice(Dynamics(c).layers(), layers):
        Z = layer.tokens()
        tokens.append(rows(Z))
        sets.append(follow)
        outside = [
            c.inner(Z[i], Z[C[0]]) - max(c.inner(Z[i], Z[j]) for j in range(c.n) if j not in C)
            for i, C in enumerate(follow)
            if len(C) < c.n
        ]
        gaps.append(str(min(outside)) if outside else None)
    return exact.TrajectoryRecord(
        layers=tuple(tokens), follow_sets=tuple(sets), gaps=tuple(gaps), bounds=None, complete=complete
    )


def leaders(t: exact.TrajectoryRecord) -> dict[int, int]:
    first: dict[int, int] = {}
    for k, sets in enumerate(t.follow_sets):
        for i, C in enumerate(sets):
            if C == (i,):
                first.setdefault(i, k)
    return dict(sorted(first.items()))


def counterexample(
    c: Configuration,
    name: str = "no-zero-token-1",
    layers: int = 6,
    limits: Sequence[Sequence[Any]] | None = None,
    **changes: Any,
) -> record.CounterexampleRecord:
    t = trajectory(c, layers)
    found = leaders(t)
    expression = f"Configuration({[list(row) for row in c.tokens]!r})"
    fields: dict[str, Any] = {
        "id": name,
        "claim": "necessity.nonzero",
        "statement": "Without the hypothesis that no token is the origin, every limit lies on the boundary of K.",
        "fails": "every limit lies on the boundary of K",
        "because": f"token {c.n - 1} tends to ({', '.join(t.layers[-1][-1])}), an interior point of K = conv(leaders).",
        "layer": None,
        "tokens": (c.n - 1,),
        "dropped": tuple(h for h, met in c.hypotheses().items() if not met),
        "configuration": configuration_record(c),
        "trajectory": t,
        "freeze_layer": 0,
        "leaders": found,
        "limits": None if limits is None else rows(limits),
        "vertices": None if limits is None else rows(sorted(tuple(map(Fraction, limits[i])) for i in found)),
        "certificate": None,
        "replay": f"hardmax replay out/counterexamples/{name}",
        "snippet": f"from fractions import Fraction\nfrom hardmax.kernels import Configuration\nprint({expression})\n",
        "example": f"@example({expression})",
    }
    return record.CounterexampleRecord("hardmax-counterexample", 1, **fields | changes)


def zero_token(**changes: Any) -> record.CounterexampleRecord:
    """A triangle with the origin inside: the origin stays there, in the interior of K."""
    points = [(2, 0), (-1, 1), (-1, -1), (0, 0)]
    return counterexample(Configuration(points), limits=points, **changes)


def claim(name: str = "clustering.vertices", **changes: Any) -> run_record.ClaimRecord:
    fields: dict[str, Any] = {
        "id": name,
        "family": name.partition(".")[0],
        "statement": "The vertices of K are exactly the leaders.",
        "hypotheses": ("nonzero", "distinct", "spd"),
        "source": SOURCE,
        "expected": "theorem",
        "verdict": "verified",
        "as_expected": True,
        "counts": run_record.ClaimCounts(verified=5000, refuted=0, undecided=0, vacuous=3),
        "counterexamples": (),
        "note": "",
    }
    return run_record.ClaimRecord(**fields | changes)


def refuted_claim(counterexamples: Sequence[str], **changes: Any) -> run_record.ClaimRecord:
    return claim(
        "necessity.nonzero",
        **{
            "statement": "Without the hypothesis that no token is the origin, every limit lies on the boundary of K.",
            "hypotheses": ("distinct", "spd"),
            "expected": "needs_hypothesis",
            "verdict": "refuted",
            "counts": run_record.ClaimCounts(verified=12, refuted=1, undecided=0, vacuous=0),
            "counterexamples": tuple(counterexamples),
        }
        | changes,
    )


def run(command: str = "verify", **changes: Any) -> run_record.RunRecord:
    fields: dict[str, Any] = {
        "tool_version": "0.1.0",
        "command": command,
        "arguments": ("--examples", "5000"),
        "seed": 7,
        "verdict": "verified",
        "exit_status": 0,
        "interrupted": False,
        "seconds": None,
        "counts": run_record.RunCounts(inputs=5003, verified=5000, refuted=0, undecided=0, invalid=0),
        "claims": (),
        "coverage": (
            histogram("leaders", {1: 40, 2: 900, 3: 4000, 12: 3}),
            histogram("family", {"lattice": 2000, "near ties": 3003}),
        ),
        "kernels": (),
        "subject": None,
        "checks": (),
        "results": 0,
        "counterexamples": (),
    }
    return run_record.RunRecord("hardmax-run", 2, **fields | changes)


def verify_records(*found: record.CounterexampleRecord, **changes: Any) -> Records:
    """A campaign whose dropped hypothesis was refuted, as it must be."""
    found = found or (zero_token(),)
    names = tuple(c.id for c in found)
    kernel = run_record.KernelRecord(
        spec="numpy",
        dtype="float64",
        layers=4000,
        agree=15990,
        too_close=10,
        disagree=0,
        ties_lost=7,
        first_disagreement=None,
    )
    fields = {"claims": (claim(), refuted_claim(names)), "kernels": (kernel,), "counterexamples": names} | changes
    return Records(run(**fields), (), tuple(found))


def result(c: Configuration, name: str = "square.json", layers: int = 6, **changes: Any) -> record.ResultRecord:
    t = trajectory(c, layers)
    fields: dict[str, Any] = {
        "input": name,
        "verdict": "verified",
        "hypotheses": c.hypotheses(),
        "freeze_layer": 0,
        "leaders": leaders(t),
        "limits": None,
        "cluster_points": None,
        "vertices": None,
        "claims": {"clustering.convergence": "verified", "clustering.vertices": "verified"},
        "certificate": f"out/{name.removesuffix('.json')}.cert.json",
        "configuration": configuration_record(c),
        "trajectory": t,
    }
    return record.ResultRecord(**fields | changes)


def prove_records(results: Sequence[record.ResultRecord], **changes: Any) -> Records:
    n = {v: sum(r.verdict == v for r in results) for v in ("verified", "refuted", "undecided", "invalid")}
    fields = {
        "arguments": tuple(r.input for r in results[:20]),
        "seed": None,
        "counts": run_record.RunCounts(inputs=len(results), **n),
        "coverage": (),
        "results": len(results),
    } | changes
    return Records(run("prove", **fields), tuple(results), ())


def check(name: str, status: run_record.CheckStatus = "pass", **changes: Any) -> run_record.CheckResult:
    fields: dict[str, Any] = {
        "id": name,
        "title": "All maximisers of an exact tie are kept.",
        "status": status,
        "message": "",
        "first_divergent_layer": None,
        "gap_ulps": None,
        "configuration": None,
        "snippet": None,
    }
    return run_record.CheckResult(**fields | changes)


def kernel_records(**changes: Any) -> Records:
    """A kernel that takes the first maximiser without declaring it."""
    tie = Configuration([(1, 1), (1, -1), (1, 0)])
    failing = check(
        "ties.exact",
        "fail",
        message="token 2 follows {0}; its follow set is {0, 1}",
        first_divergent_layer=0,
        gap_ulps=0.0,
        configuration=configuration_record(tie),
        snippet="import mine\n\nprint(mine.step([[[1, 1], [1, -1], [1, 0]]], None, 1.0))\n",
        token=2,
        returned=("1", "1/2"),
        trajectory=trajectory(tie, 3),
    )
    checks = (
        check("shape.batch", title="Any batch size gives the same layers."),
        failing,
        check("gradient", "not_applicable", message="the kernel declares NumPy arrays"),
        check("ties.rotated", "fragile", message="an exact tie was lost to rounding at layer 3", gap_ulps=0.0),
    )
    subject = run_record.SubjectRecord(
        spec="kernels/mine.py:step", name="mine", file="kernels/mine.py", line=12, declared={"ties": "all"}
    )
    fields = {
        "arguments": ("kernels/mine.py:step",),
        "verdict": "refuted",
        "exit_status": 1,
        "counts": run_record.RunCounts(inputs=4, verified=3, refuted=1, undecided=0, invalid=0),
        "coverage": (),
        "subject": subject,
        "checks": checks,
    } | changes
    return Records(run("kernel", **fields), (), ())


def write(records: Records, directory: Path) -> Path:
    """The folder of these records."""
    for c in records.counterexamples:
        store.write_counterexample(directory, c, repro=REPRO, certificate=None if c.certificate is None else "{}")
    if records.results:
        store.write_results(directory, records.results)
    store.write_run(directory, records.run)
    return directory


def with_run(records: Records, **changes: Any) -> Records:
    return replace(records, run=replace(records.run, **changes))
