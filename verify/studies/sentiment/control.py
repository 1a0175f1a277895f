"""Which words of real reviews can be made to lead by the choice of A, in counts of what was proved.

    python -m hardmax.verify.studies.sentiment.control [REVIEWS]

Of each test review of the shipped classifier, equal words merged: which words lead at layer 0 for some symmetric
positive definite A (theorem A), and which for A = I. And for the words of strongest sentiment, those of largest
|⟨v, z⟩| with the decoder's direction v: whether one A makes them lead wherever they stand. CONTROL.md has the counts.

Neighbours: `provers.control` answers, `experiment.verification` has the reviews.
"""

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from ....kernels.exact.configuration import Configuration
from ...provers.control.answers import ControlAnswer, ask, leaders_at_0
from ...provers.control.linear import can_lead
from .classifier.model import Classifier, shipped_model
from .experiment.verification import review_configurations

WORDS, FEWEST = 20, 5
"""How many words are to lead, and in how many of the reviews a word must stand to be among them."""


@dataclass(frozen=True, slots=True)
class Leadable:
    """What can be made to lead, review by review.

    Args:
        can: for each review the words that lead for some A.
        own: for each review the words that lead for A = I.
        stands: in how many reviews a word stands.
        leads: in how many of them it leads for some A.
    """

    can: tuple[tuple[str, ...], ...]
    own: tuple[tuple[str, ...], ...]
    stands: Counter[str]
    leads: Counter[str]


def leadable(reviews: Sequence[Configuration]) -> Leadable:
    """The words that can be made to lead, in each review.

    Args:
        reviews: with labels, equal words merged.
    """

    def named(c: Configuration, tokens: Sequence[int]) -> tuple[str, ...]:
        return tuple((c.labels or ())[i] for i in tokens)

    merged = [c if c.is_distinct else c.merged() for c in reviews]
    can = tuple(named(c, can_lead(c)) for c in merged)
    own = tuple(named(c, leaders_at_0(c)) for c in merged)
    stands = Counter(word for c in merged for word in c.labels or ())
    return Leadable(can, own, stands, Counter(word for words in can for word in words))


def strongest(model: Classifier, stands: Counter[str], words: int = WORDS) -> tuple[str, ...]:
    """The words of largest |⟨v, z⟩| among those that stand in at least `FEWEST` of the reviews."""
    strength = dict(zip(map(model.vocabulary.name, range(len(model.embeddings))), model.word_logits(), strict=True))
    frequent = [word for word, count in stands.items() if count >= FEWEST and word in strength]
    return tuple(sorted(frequent, key=lambda word: -abs(strength[word]))[:words])


def main(most: int = 500) -> None:
    """Print the counts for the first so many test reviews.

    Raises:
        InputError: the reviews are not installed.
    """
    reviews = [c for _, c in review_configurations(most)]
    found = leadable(reviews)
    sizes, own = [len(words) for words in found.can], [len(words) for words in found.own]
    print(f"{len(reviews)} reviews, d = {reviews[0].d}, {sum(found.stands.values())} words, equal ones merged")
    print(f"lead for some A: median {median(sizes)} words a review ({min(sizes)} to {max(sizes)})")
    print(f"lead for A = I: median {median(own)} ({min(own)} to {max(own)})")
    often = [w for w, count in found.stands.items() if count >= FEWEST]
    always = sorted(w for w in often if found.leads[w] == found.stands[w])
    never = sum(found.leads[w] == 0 for w in often)
    print(f"of {len(often)} words in at least {FEWEST} reviews {len(always)} can lead in each, {never} in none")
    print("can lead in each:", ", ".join(f"{w} ({found.stands[w]})" for w in always) or "none")
    words = strongest(shipped_model(), found.stands)
    print(f"the {len(words)} words of strongest sentiment:", ", ".join(words))
    _print_together(reviews, found, words)


def _print_together(reviews: Sequence[Configuration], found: Leadable, words: Sequence[str]) -> None:
    """Whether one A makes the words lead wherever they stand, for all of them, and for each of them."""
    with_some = [c for c in reviews if set(words) & set(c.labels or ())]
    alone = sum(set(words) & set(c.labels or ()) <= set(can) for c, can in zip(reviews, found.can, strict=True))
    print(
        f"{len(with_some)} reviews have some of them; "
        f"in {alone - (len(reviews) - len(with_some))} each can lead by itself"
    )
    print("all of them, one A for all reviews:", _said(ask("lead", with_some, words)))
    for word in words:
        its = [c for c in with_some if word in (c.labels or ())]
        print(f"  {word}, one A: {_said(ask('lead', its, [word]))}; by itself in {found.leads[word]}")


def _said(answer: ControlAnswer) -> str:
    which = "" if answer.condition is None else f", condition number {answer.condition:.3g}"
    return f"{answer.verdict}; greedily {len(answer.held)} of {len(answer.inputs)} reviews{which}"


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
