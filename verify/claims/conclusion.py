"""Prove or refute what is claimed of one configuration's model, or examine one claim on it.

Neighbours: `by_kind` decides the itinerary, `clustering` examines the conclusion for hardmax, `writer` writes the proof
to a file, the command line prints `Result.to_json()`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any, Literal
from warnings import warn

from ...kernels.errors import InputError
from ...kernels.exact.configuration import Configuration, Matrix, Vector
from ...kernels.exact.model import Model, named
from ...kernels.exact.rational_text import ExactPoint, rational_text
from ...kernels.loading import is_place
from ...reports.records.codec import encode
from ...reports.records.configuration_record import Rows
from ...reports.records.record import ConclusionRecord, EnclosureRecord
from ..certificates.evidence import Place
from ..provers.freeze.outcome import Enclosed, Frozen, Outcome, SelfSimilar, Undecided
from ..provers.freeze.prover import Budget
from ..provers.freeze.time_limit import OutOfTimeError, time_limit
from .case import Case
from .places import case_places
from .registry import Claim, Finding, select_claims

ConclusionVerdict = Literal["verified", "refuted", "undecided"]
_PICTURES = "hardmax.verify.commands.parts.picture"
"""What draws results; it imports this module."""


def overall(findings: Iterable[Finding]) -> ConclusionVerdict:
    """Refuted if one finding is, else undecided if one is or every claim is vacuous, else verified."""
    verdicts = {finding.verdict for finding in findings}
    if "refuted" in verdicts:
        return "refuted"
    return "undecided" if "undecided" in verdicts or not verdicts - {"vacuous"} else "verified"


@dataclass(frozen=True, repr=False)
class Result:
    """The verdict on one configuration.

    Args:
        case: the configuration with its outcome.
        findings: {claim id: finding} for the claims that the model names, and for others that were asked for.
        merged: the same for the configuration with equal tokens merged, where tokens repeat.
    """

    case: Case
    findings: Mapping[str, Finding]
    merged: "Result | None"

    @property
    def configuration(self) -> Configuration:
        """The input."""
        return self.case.configuration

    @property
    def outcome(self) -> Outcome:
        """The itinerary for all layers, or why it is not known."""
        return self.case.outcome

    @property
    def verdict(self) -> ConclusionVerdict:
        """The verdict on the conclusion for this very input."""
        return overall(self.findings.values())

    @property
    def failing(self) -> tuple[Claim, Finding] | None:
        """The first claim that is refuted, with what refutes it."""
        for claim in named(self.configuration.model.claims):
            if self.findings[claim.id].verdict == "refuted":
                return claim, self.findings[claim.id]
        return None

    @property
    def places(self) -> Mapping[Vector, Place]:
        """{cluster point: its place relative to K}; empty without leaders or limits."""
        decided = isinstance(self.outcome, Frozen) and self.outcome.leaders
        return case_places(self.case) if decided else {}

    @cached_property
    def limits(self) -> Matrix | None:
        """The limit of every token, or the middle of its enclosure (`outcome.radius`); None if not decided."""
        limits = self.outcome.limits
        return None if limits is None else tuple(map(ExactPoint, limits))

    @property
    def vertices(self) -> Matrix | None:
        """The vertices of K, where the leaders are, in ascending order; None if not decided."""
        outcome = self.outcome
        if outcome.leaders is None:
            return None
        at_rest = outcome.tokens if isinstance(outcome, SelfSimilar) else outcome.limits
        return tuple(map(ExactPoint, sorted({at_rest[i] for i in outcome.leaders})))

    @property
    def leaders(self) -> dict[int, int] | None:
        """{token: first layer k with C_i(Z^k) = {i}}, None if not decided."""
        leaders = self.outcome.leaders
        return None if leaders is None else dict(sorted(leaders.items()))

    @property
    def freeze_layer(self) -> int | None:
        """The first layer from which all follow sets are constant; None if there is none, or it is not known."""
        return self.outcome.freeze_layer

    def plot(self, layer: int | None = None) -> Any:
        """An SVG that a notebook shows and `.save(path)` writes: it moves from layer to layer, or shows one layer.

        Args:
            layer: the layer, −1 for the limit; all of them, one after the other, if None.

        Raises:
            InputError: there are too many tokens for a picture, or no such layer is shown.
        """
        return named(f"{_PICTURES}:picture_of")(self, layer)

    def save_certificate(self, path: str | Path) -> Path:
        """Write what `hardmax check` accepts: the proof of all that is decided here.

        Args:
            path: the file; `hardmax check FOLDER` finds it if its name ends with `.cert.json`.

        Raises:
            BugError: the independent checker refuses it; nothing is written.
            InputError: nothing is decided, or the file cannot be written.
        """
        from .certified import save_certificate

        written, note = save_certificate(Path(path), self.case)
        if not written:
            raise InputError(f"there is no certificate to write: {note}")
        if note is not None:
            warn(f"{path} is written, but not checked: {note}", stacklevel=2)
        return Path(path)

    def __repr__(self) -> str:
        c, limits = self.configuration, self.limits
        points = "" if limits is None else f", {len(set(limits))} cluster points"
        leaders = "" if self.leaders is None else f", {len(self.leaders)} leaders"
        return f"<Result {self.verdict}: {c.n} tokens in R^{c.d}{leaders}{points}>"

    def _repr_html_(self) -> str:
        return named(f"{_PICTURES}:result_html")(self)

    def reasons(self) -> dict[str, str]:
        """{claim id: why it is not verified}."""
        return {c: f.message for c, f in self.findings.items() if f.verdict != "verified"}

    def record(self, certificate: str | None = None) -> ConclusionRecord:
        """The record of the verdict; `certificate` is the path of the certificate file, if one was written."""
        limits = self.limits
        return ConclusionRecord(
            verdict=self.verdict,
            hypotheses=self.configuration.hypotheses(),
            freeze_layer=self.freeze_layer,
            leaders=self.leaders,
            limits=None if limits is None else rows(limits),
            cluster_points=None if limits is None else rows(sorted(set(limits))),
            vertices=None if self.vertices is None else rows(self.vertices),
            claims={claim: finding.verdict for claim, finding in self.findings.items()},
            certificate=certificate,
            enclosure=enclosure_record(self.outcome) if isinstance(self.outcome, Enclosed) else None,
        )

    def to_json(self, name: str, certificate: str | None = None) -> dict[str, Any]:
        """The JSON object of `hardmax prove --json`: the record of the verdict, and what else there is to say.

        Args:
            name: the input as the user named it.
            certificate: the path of the certificate file, if one was written.
        """
        data = {"input": name, **_with_radii(encode(self.record(certificate)))}
        if self.verdict != "verified":
            data["reasons"] = self.reasons()
        if self.merged is not None:
            merged = _with_radii(encode(self.merged.record())) | {
                "multiplicities": list(self.merged.configuration.multiplicities)
            }
            del merged["certificate"]
            data["merged"] = merged
        return data


def _with_radii(data: dict[str, Any]) -> dict[str, Any]:
    """The limits with their radius, where they have one."""
    for key in ("limits", "cluster_points", "vertices") if "enclosure" in data else ():
        radius = data["enclosure"]["radius"]
        data[key] = None if data[key] is None else [{"center": point, "radius": radius} for point in data[key]]
    return data


def enclosure_record(outcome: Enclosed) -> EnclosureRecord:
    """The record of an enclosure, with what its evidence says besides."""
    said: dict[str, Any] = {
        name: rational_text(v) if isinstance(v, Fraction) else v for name, v in outcome.evidence.facts().items()
    }
    return EnclosureRecord(rational_text(outcome.radius), outcome.layer, **said)


def rows(points: Iterable[Sequence[Fraction]]) -> Rows:
    """Points as records have them: coordinates as fractions in lowest terms."""
    return tuple(tuple(map(rational_text, point)) for point in points)


def prove(
    configuration: Configuration | Any, budget: Budget | None = None, *, merge: bool = True, also: Sequence[Claim] = ()
) -> Result:
    """The exact verdict on what is claimed of the model; for hardmax, the conclusion of the clustering theorem.

    Args:
        configuration: any configuration; the hypotheses of the claims are reported, not required. An array of NumPy or
            torch, or rows of exact numbers, are tokens, moved with A = I and α = 1.
        budget: when to give up; its seconds are for the proof and the examination of the conclusion together, and as
            many again for the configuration with equal tokens merged (how strictly: `time_limit`).
        merge: where tokens repeat, also examine the configuration with equal tokens merged (THEORY.md §4), unless the
            model tells them apart.
        also: further claims to examine, and to count in the verdict; vacuous where their hypotheses do not hold.

    Returns:
        Findings for the claims that the model names (hardmax: `clustering.convergence`, `.boundary`, `.vertices`,
        `.cluster_points`), each verified, refuted or undecided for this input, and for the further claims.

    Source: arXiv:2407.01602, main theorem.
    """
    if not isinstance(configuration, Configuration):
        is_array = hasattr(configuration, "__array__")
        configuration = (Configuration.from_array if is_array else Configuration)(configuration)
    claims = named(configuration.model.claims)
    also = [c for c in also if c.id not in {own.id for own in claims}]

    def examined(case: Case) -> dict[str, Finding]:
        return {c.id: case.finding(c) for c in claims} | {c.id: c.judge(case) for c in also}

    case = Case(configuration, budget)
    try:
        with time_limit(None if budget is None else budget.seconds):
            findings = examined(case)
    except OutOfTimeError as error:
        case = Case(configuration, budget)
        case.outcome = Undecided(configuration, (), str(error))
        findings = examined(case)
    merged = None
    if merge and configuration.model.merges and not configuration.is_distinct:
        merged = prove(configuration.merged(), budget, merge=False)
    return Result(case, findings, merged)


def examine(claim: str | Claim, configuration: Configuration, budget: Budget | None = None) -> Finding:
    """What one claim's exact check finds on one configuration, whether or not its hypotheses hold.

    Args:
        claim: the id of a claim, like "clustering.boundary", its place, like "mine.py:few", or the claim itself.
        configuration: the input.
        budget: for the freeze proof.

    Raises:
        InputError: there is no such claim, or more than one.
    """
    model = configuration.model
    chosen = _chosen(claim, model) if isinstance(claim, str) else claim
    if not chosen.speaks_about(model):
        return Finding("vacuous", f"the claim does not speak about models of kind {model.kind!r}")
    return Case(configuration, budget).finding(chosen)


def _chosen(wanted: str, model: Model) -> Claim:
    """The one claim that an id or a place means, for this model."""
    own = [c for c in named(model.claims) if c.id == wanted]
    found = own or [c for c in select_claims(wanted) if is_place(wanted) or c.id == wanted]
    if len(found) != 1:
        many = f"{wanted!r} is {len(found)} claims; give one" if found else f"no claim has the id {wanted!r}"
        raise InputError(f"{many}; `hardmax claims` lists them")
    return found[0]
