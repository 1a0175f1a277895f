"""Exact proofs on real reviews: what every test review converges to, word by word.

A review's float32 embeddings are dyadic rationals, so the verdict is about the trained classifier itself and not about
a rounding of it. Reviews repeat words; each is examined as it stands, where a repeated word cannot be a leader, and
merged, where it is one token with its multiplicity (THEORY.md §4).

Neighbours: `verify.claims.conclusion` gives the verdicts, `model` the configurations, `journal` keeps the verdicts;
`verification` reports the counts.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np

from ....reports.records.review_record import HypothesesRecord, ProofsRecord
from ...campaigns.journal import Journal, key_of
from ...claims.conclusion import Result, prove
from ...provers.freeze.outcome import Frozen
from .classifier.data import Bags, Ints
from .classifier.model import Classifier

CHUNK = 50
"""Reviews that are sent to a process together."""


@dataclass(frozen=True, slots=True)
class TextProof:
    """The full verdicts on one review.

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


def prove_bag(model: Classifier, tokens: Ints, counts: Ints) -> TextProof:
    """The full verdicts on one review.

    Args:
        model: the classifier, α and all float32 numbers taken exactly.
        tokens: (n,) distinct tokens.
        counts: (n,) how often each occurs.
    """
    merged = prove(model.configuration(tokens, counts), merge=False)
    literal = None if np.all(counts == 1) else prove(model.configuration(np.repeat(tokens, counts)), merge=False)
    return TextProof(merged, literal)


def prove_text(model: Classifier, text: str) -> TextProof:
    """The full verdicts on a review given as text; that on the merged one is for a certificate.

    Raises:
        InputError: the text is empty or has no known word.
    """
    return prove_bag(model, *Bags.of([model.tokens(text)]).bag(0))


@dataclass(frozen=True, slots=True)
class ReviewProof:
    """What is counted of the verdicts on one review.

    Args:
        literal: whether the theorem's hypotheses hold as the review stands: no token repeats and none is zero.
        merged: whether they hold once equal tokens are merged.
        literal_verdict: of the theorem's conclusion for the review as it stands.
        verdict: of the conclusion for the merged review.
        freeze_layer: the first layer from which the merged review's follow sets never change; None if undecided.
        leaders: {word: first layer at which it leads}, up to multiplicity.
        on_faces: how many of its limits are projections of the origin on a face and no vertex.
        rules: {rule: tokens that it decides}.
    """

    literal: bool
    merged: bool
    literal_verdict: str
    verdict: str
    freeze_layer: int | None
    leaders: Mapping[str, int]
    on_faces: int
    rules: Mapping[str, int]


def prove_review(model: Classifier, bag: tuple[Ints, Ints]) -> ReviewProof:
    """The exact verdicts on one review, as it stands and merged.

    Args:
        model: the classifier.
        bag: distinct tokens and how often each occurs.
    """
    proof = prove_bag(model, *bag)
    merged, configuration, outcome = proof.merged, proof.merged.configuration, proof.merged.outcome
    frozen = outcome if isinstance(outcome, Frozen) else None
    met = configuration.is_nonzero and len(set(configuration.tokens)) == configuration.n
    return ReviewProof(
        literal=proof.literal is None and met,
        merged=met,
        literal_verdict=(proof.literal or merged).verdict,
        verdict=merged.verdict,
        freeze_layer=frozen and frozen.freeze_layer,
        leaders={proof.words[i]: k for i, k in sorted(frozen.leaders.items())} if frozen else {},
        on_faces=sum(type(place).__name__ == "Projection" for place in merged.places.values()) if frozen else 0,
        rules=dict(Counter(frozen.rules)) if frozen else {},
    )


def prove_reviews(
    model: Classifier,
    bags: Bags,
    *,
    jobs: int = 1,
    journal: Journal | None = None,
    progress: Callable[[int], None] | None = None,
) -> list[ReviewProof]:
    """The exact verdicts on many reviews.

    Args:
        model: the classifier.
        bags: the reviews.
        jobs: processes, ≥ 1.
        journal: takes each verdict as it comes; what it holds already is not proved again, so a longer run goes on
            from a shorter one.
        progress: called with the number of reviews that are done.

    Returns:
        One `ReviewProof` a review, in the order given.
    """
    digest, reviews = model.digest(), [bags.bag(r) for r in range(len(bags))]
    keys = [key_of("proof", digest, *(array.tolist() for array in review)) for review in reviews]
    work = partial(_proved, model)
    found = (journal or Journal()).run(work, keys, reviews, jobs=jobs, chunk=CHUNK, progress=progress)
    return [ReviewProof(**one) for one in found]


def _proved(model: Classifier, bag: tuple[Ints, Ints]) -> dict[str, Any]:
    return asdict(prove_review(model, bag))


def summary(proofs: Iterable[ReviewProof]) -> ProofsRecord:
    """The counts over many reviews."""
    proofs = list(proofs)
    leaders = [len(proof.leaders) for proof in proofs]
    return ProofsRecord(
        reviews=len(proofs),
        hypotheses=HypothesesRecord(
            literal=sum(proof.literal for proof in proofs),
            merged_only=sum(proof.merged and not proof.literal for proof in proofs),
            never=sum(not proof.merged for proof in proofs),
        ),
        literal=dict(Counter(proof.literal_verdict for proof in proofs)),
        merged=dict(Counter(proof.verdict for proof in proofs)),
        freeze_layers=_histogram(proof.freeze_layer for proof in proofs),
        leaders=_histogram(leaders),
        mean_leaders=float(np.mean(leaders)) if leaders else None,
        with_face_points=sum(bool(proof.on_faces) for proof in proofs),
        rules=dict(sum((Counter(proof.rules) for proof in proofs), Counter())),
    )


def _histogram(values: Iterable[int | None]) -> dict[int, int]:
    return dict(sorted(Counter(value for value in values if value is not None).items()))
