"""Exact proofs on real reviews: what every test review converges to, word by word.

A review's float32 embeddings are dyadic rationals, so the verdict is about the trained classifier itself and not about
a rounding of it. Reviews repeat words; each is examined as it stands, where a repeated word cannot be a leader, and
merged, where it is one token with its multiplicity (THEORY.md §4).

Neighbours: `verify.verdict` gives the verdicts, `model` the configurations; `verification` reports the counts.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from hashlib import sha256
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any, get_args

import numpy as np

from ....kernels.errors import InputError
from ....kernels.exact.configuration import Configuration
from ...claims.conclusion import ConclusionVerdict, Result, prove
from ...provers.freeze.outcome import Frozen
from ...provers.freeze.prover import Budget
from .classifier.data import Bags, Ints
from .classifier.model import Classifier

CHUNK = 50


@dataclass(frozen=True, slots=True)
class ReviewProof:
    """What is proved of one review.

    Args:
        review: its index in the corpus.
        tokens: n, repeats counted.
        words: distinct tokens.
        literal: whether the theorem's hypotheses hold as the review stands: no token repeats and none is zero.
        merged: whether they hold once equal tokens are merged.
        literal_verdict: of the theorem's conclusion for the review as it stands.
        verdict: of the conclusion for the merged review.
        claims: the same for each of its parts.
        freeze_layer: the first layer from which the merged review's follow sets never change; None if undecided.
        leaders: {word: first layer at which it leads}, up to multiplicity.
        cluster_points: how many distinct limits there are.
        on_faces: how many of them are projections of the origin on a face and no vertex.
        rules: {rule: tokens that it decides}.
    """

    review: int
    tokens: int
    words: int
    literal: bool
    merged: bool
    literal_verdict: str
    verdict: str
    claims: Mapping[str, str]
    freeze_layer: int | None
    leaders: Mapping[str, int]
    cluster_points: int | None
    on_faces: int | None
    rules: Mapping[str, int]


def prove_review(
    model: Classifier, review: int, tokens: Ints, counts: Ints, budget: Budget | None = None
) -> ReviewProof:
    """The exact verdicts on one review, as it stands and merged.

    Args:
        model: the classifier, α and all float32 numbers taken exactly.
        review: the index under which it is reported.
        tokens: (n,) distinct tokens.
        counts: (n,) how often each occurs.
        budget: when to give up.
    """
    merged_configuration = model.configuration(tokens, counts)
    merged = prove(merged_configuration, budget, merge=False)
    once = bool(np.all(counts == 1))
    literal = merged if once else prove(literal_configuration(model, tokens, counts), budget, merge=False)
    outcome = merged.outcome
    labels = merged_configuration.labels or ()
    places = Counter(type(place).__name__ for place in merged.places.values())
    met = merged_configuration.is_nonzero and len(set(merged_configuration.tokens)) == merged_configuration.n
    return ReviewProof(
        review=review,
        tokens=int(counts.sum()),
        words=len(tokens),
        literal=once and met,
        merged=met,
        literal_verdict=literal.verdict,
        verdict=merged.verdict,
        claims={claim: finding.verdict for claim, finding in merged.findings.items()},
        freeze_layer=outcome.freeze_layer if isinstance(outcome, Frozen) else None,
        leaders={labels[i]: k for i, k in sorted(outcome.leaders.items())} if isinstance(outcome, Frozen) else {},
        cluster_points=None if merged.limits is None else len(set(merged.limits)),
        on_faces=places["Projection"] if isinstance(outcome, Frozen) else None,
        rules=dict(Counter(outcome.rules)) if isinstance(outcome, Frozen) else {},
    )


def literal_configuration(model: Classifier, tokens: Ints, counts: Ints) -> Configuration:
    """The review as it stands: a repeated word is as many tokens."""
    return model.configuration(np.repeat(tokens, counts))


@dataclass(frozen=True, slots=True)
class TextProof:
    """The full verdicts on a review given as text.

    Args:
        merged: on the review with equal words merged, each word a token with its multiplicity.
        literal: on the review as it stands, where a repeated word is as many tokens; None if no word repeats.
    """

    merged: Result
    literal: Result | None

    @property
    def words(self) -> tuple[str, ...]:
        """The distinct words, in order of first appearance: the tokens of the merged review."""
        return self.merged.configuration.labels or ()

    def to_json(self, certificate: str | None = None) -> dict[str, Any]:
        """The JSON object of `hardmax sentiment prove --text --json`, about the merged review; leaders by word.

        Args:
            certificate: the path of the certificate file, if one was written.
        """
        data = self.merged.to_json("text", certificate)
        if data["leaders"] is not None:
            data["leaders"] = {self.words[int(i)]: layer for i, layer in data["leaders"].items()}
        literal = None
        if self.literal is not None:
            fields = self.literal.to_json("text")
            literal = {name: fields[name] for name in ("verdict", "hypotheses", "claims", "reasons") if name in fields}
        return data | {
            "words": list(self.words),
            "multiplicities": list(self.merged.configuration.multiplicities),
            "equal_words_merged": self.literal is not None,
            "literal": literal,
        }


def prove_text(model: Classifier, text: str, budget: Budget | None = None) -> TextProof:
    """The full verdicts on a review given as text; that on the merged one is for a certificate.

    Raises:
        InputError: the text is empty or has no known word.
    """
    tokens, counts = Bags.of([model.tokens(text)]).bag(0)
    merged = prove(model.configuration(tokens, counts), budget, merge=False)
    if np.all(counts == 1):
        return TextProof(merged, None)
    return TextProof(merged, prove(literal_configuration(model, tokens, counts), budget, merge=False))


_worker: tuple[Classifier, Bags, Budget | None] | None = None


def _start_worker(model: Classifier, bags: Bags, budget: Budget | None) -> None:
    global _worker
    _worker = model, bags, budget


def _prove_chunk(places: Sequence[tuple[int, int]]) -> list[ReviewProof]:
    assert _worker is not None
    model, bags, budget = _worker
    return [prove_review(model, review, *bags.bag(r), budget) for r, review in places]


def prove_reviews(
    model: Classifier,
    bags: Bags,
    reviews: Sequence[int] | Ints,
    *,
    jobs: int = 1,
    budget: Budget | None = None,
    journal: Path | None = None,
    progress: Callable[[int], None] | None = None,
) -> list[ReviewProof]:
    """The exact verdicts on many reviews.

    Args:
        model: the classifier.
        bags: the reviews.
        reviews: (m,) the index under which each bag is reported.
        jobs: processes, ≥ 1.
        budget: when to give up on one review.
        journal: a file that takes each verdict as it comes; what it holds already of these reviews is not proved
            again, so a longer run goes on from a shorter one.
        progress: called with the number of reviews that are done.

    Returns:
        One `ReviewProof` a review, in the order given.

    Raises:
        InputError: the journal is of another model or other reviews, or damaged.
    """
    digests = dict(zip(map(int, reviews), _digests(bags), strict=True))
    known = {} if journal is None else _read_journal(journal, model, digests)
    places = [(r, int(review)) for r, review in enumerate(reviews) if int(review) not in known]
    if progress is not None:
        progress(len(known))
    for chunk in _chunks(model, bags, places, jobs, budget):
        if journal is not None:
            with journal.open("a", encoding="utf-8", newline="") as file:
                file.writelines(_to_line(digests[proof.review], proof) for proof in chunk)
        known.update((proof.review, proof) for proof in chunk)
        if progress is not None:
            progress(len(known))
    return [known[int(review)] for review in reviews]


def _chunks(
    model: Classifier, bags: Bags, places: Sequence[tuple[int, int]], jobs: int, budget: Budget | None
) -> Iterator[list[ReviewProof]]:
    """The verdicts, chunk by chunk."""
    source = iter(places)
    tasks = list(iter(lambda: list(islice(source, CHUNK)), []))
    if jobs == 1 or len(tasks) < 2:
        _start_worker(model, bags, budget)
        yield from map(_prove_chunk, tasks)
        return
    with ProcessPoolExecutor(
        jobs, mp_context=get_context("spawn"), initializer=_start_worker, initargs=(model, bags, budget)
    ) as pool:
        yield from pool.map(_prove_chunk, tasks)


def summary(proofs: Iterable[ReviewProof]) -> dict[str, Any]:
    """The counts over many reviews, as plain JSON values."""
    proofs = list(proofs)
    leaders = [len(proof.leaders) for proof in proofs]
    return {
        "reviews": len(proofs),
        "hypotheses": {
            "literal": sum(proof.literal for proof in proofs),
            "merged_only": sum(proof.merged and not proof.literal for proof in proofs),
            "never": sum(not proof.merged for proof in proofs),
        },
        "literal": dict(Counter(proof.literal_verdict for proof in proofs)),
        "merged": dict(Counter(proof.verdict for proof in proofs)),
        "freeze_layers": _histogram(proof.freeze_layer for proof in proofs),
        "leaders": _histogram(leaders),
        "mean_leaders": float(np.mean(leaders)) if leaders else None,
        "with_face_points": sum(bool(proof.on_faces) for proof in proofs),
        "rules": dict(sum((Counter(proof.rules) for proof in proofs), Counter())),
    }


def _histogram(values: Iterable[int | None]) -> dict[str, int]:
    counted = Counter(value for value in values if value is not None)
    return {str(value): counted[value] for value in sorted(counted)}


def _digests(bags: Bags) -> list[str]:
    """What identifies each review besides its index: a digest of its tokens and counts."""
    return [
        sha256(b"".join(array.astype("<i8").tobytes() for array in bags.bag(r))).hexdigest()[:16]
        for r in range(len(bags))
    ]


def _read_journal(path: Path, model: Classifier, digests: Mapping[int, str]) -> dict[int, ReviewProof]:
    """The verdicts in a journal on the reviews of these indices and digests; it is begun if it holds nothing.

    A last line that was cut off is dropped; verdicts on reviews of other indices stay in the file and are not read.
    """
    header = json.dumps({"model": model.digest()}).encode() + b"\n"
    data = path.read_bytes() if path.exists() else b""
    if header.startswith(data):
        path.write_bytes(header)
        return {}
    whole = data[: data.rfind(b"\n") + 1]
    if not whole.startswith(header):
        raise InputError(
            f"{path} is a journal of another model or an earlier version, or no journal; delete it or give another name"
        )
    known: dict[int, ReviewProof] = {}
    for number, line in enumerate(whole.splitlines()[1:], start=2):
        try:
            digest, proof = _from_line(line)
        except (ValueError, RecursionError) as error:
            raise InputError(
                f"{path} is damaged (line {number}: {error}); delete it to prove these reviews again"
            ) from None
        if digests.get(proof.review, digest) != digest:
            raise InputError(
                f"{path} is a journal of other reviews: review {proof.review} has other words there;"
                " delete it or give another name"
            )
        if proof.review in digests:
            known[proof.review] = proof
    if whole != data:
        with path.open("r+b") as file:
            file.truncate(len(whole))
    return known


def _to_line(digest: str, proof: ReviewProof) -> str:
    return json.dumps({"digest": digest, **asdict(proof)}) + "\n"


def _from_line(line: bytes) -> tuple[str, ReviewProof]:
    """The digest and the verdict in a line of a journal; a ValueError says what is wrong with it."""
    record = json.loads(line.decode())
    if not isinstance(record, dict) or record.keys() != _HOLDS.keys():
        raise ValueError(f"not an object with the keys {', '.join(_HOLDS)}")
    for name, holds in _HOLDS.items():
        if not holds(record[name]):
            raise ValueError(f"{name} has a wrong value")
    return record.pop("digest"), ReviewProof(**record)


def _is_bool(value: Any) -> bool:
    return isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _is_count_or_none(value: Any) -> bool:
    return value is None or _is_count(value)


def _is_verdict(value: Any) -> bool:
    return isinstance(value, str) and value in get_args(ConclusionVerdict)


def _maps_to(holds: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, dict) and all(map(holds, value.values()))


_HOLDS: Mapping[str, Callable[[Any], bool]] = {
    "digest": lambda value: isinstance(value, str),
    "review": _is_count,
    "tokens": _is_count,
    "words": _is_count,
    "literal": _is_bool,
    "merged": _is_bool,
    "literal_verdict": _is_verdict,
    "verdict": _is_verdict,
    "claims": _maps_to(_is_verdict),
    "freeze_layer": _is_count_or_none,
    "leaders": _maps_to(_is_count),
    "cluster_points": _is_count_or_none,
    "on_faces": _is_count_or_none,
    "rules": _maps_to(_is_count),
}
"""What each value of a journal's line must be: the fields of `ReviewProof`, and the digest of the review."""


__all__ = [
    "ReviewProof",
    "TextProof",
    "literal_configuration",
    "prove_review",
    "prove_reviews",
    "prove_text",
    "summary",
]
