"""Exact proofs on real reviews: what every test review converges to, word by word.

A review's float32 embeddings are dyadic rationals, so the verdict is about the trained classifier itself and not about
a rounding of it. Reviews repeat words; each is examined as it stands, where a repeated word cannot be a leader, and
merged, where it is one token with its multiplicity (DESIGN 1.7).

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
from typing import Any

import numpy as np

from ...kernels.configuration import Configuration
from ...kernels.errors import InputError
from ..freeze import Budget
from ..proof import Frozen
from ..verdict import Proved, prove
from .data import Bags, Ints
from .model import Classifier

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


def prove_text(model: Classifier, text: str, budget: Budget | None = None) -> Proved:
    """The full verdict on a review given as text, for a certificate.

    Raises:
        InputError: the text is empty or has no known word.
    """
    return prove(model.configuration(*Bags.of([model.tokens(text)]).bag(0)), budget, merge=False)


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
        journal: a file that takes each verdict as it comes; what it holds already is not proved again.
        progress: called with the number of reviews that are done.

    Returns:
        One `ReviewProof` a review, in the order given.

    Raises:
        InputError: the journal is of another model or other reviews, or damaged.
    """
    known = {} if journal is None else _read_journal(journal, _fingerprint(model, bags))
    places = [(r, int(review)) for r, review in enumerate(reviews) if int(review) not in known]
    if progress is not None:
        progress(len(known))
    for chunk in _chunks(model, bags, places, jobs, budget):
        if journal is not None:
            with journal.open("a", encoding="utf-8") as file:
                file.writelines(json.dumps(asdict(proof)) + "\n" for proof in chunk)
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


def _fingerprint(model: Classifier, bags: Bags) -> str:
    """A digest of everything that the verdicts depend on."""
    digest = sha256(model.digest().encode())
    for array in (bags.start, bags.tokens, bags.counts):
        digest.update(array.tobytes())
    return digest.hexdigest()


def _read_journal(path: Path, fingerprint: str) -> dict[int, ReviewProof]:
    """The verdicts in a journal, which is begun if it does not exist; a last line that was cut off is dropped."""
    header = json.dumps({"fingerprint": fingerprint})
    if not path.exists():
        path.write_text(header + "\n", encoding="utf-8")
        return {}
    text = path.read_text(encoding="utf-8")
    whole = text[: text.rfind("\n") + 1]
    first, *lines = whole.splitlines() or [""]
    if first != header:
        raise InputError(f"{path} is a journal of another model or other reviews; delete it or give another folder")
    try:
        proofs = [ReviewProof(**json.loads(line)) for line in lines]
    except (ValueError, TypeError) as error:
        raise InputError(f"{path} is damaged ({error}); delete it to prove these reviews again") from None
    if whole != text:
        path.write_text(whole, encoding="utf-8")
    return {proof.review: proof for proof in proofs}


__all__ = ["ReviewProof", "literal_configuration", "prove_review", "prove_reviews", "prove_text", "summary"]
