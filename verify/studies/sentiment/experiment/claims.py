"""What the paper says of its classifier, and what is asked of it, as claims that numbers can refute.

A claim is data: its statement, and a function that makes its parts from the trials. Each part compares one quantity
seed by seed with what the claim says it beats, and with controls: other explanations of the same number. It is
supported only if it stands all of them, and refuted if it fails where the claim itself says how it comes out.

Neighbours: `claim_parts` has the comparisons, `judgement` the verdicts, `verification` writes the results.

Source: arXiv:2407.01602, section 4, and the code published with it.
"""

from .claim_parts import (
    CLOSE,
    PUBLISHED,
    attention,
    by_dimension,
    decoder,
    dimension,
    few,
    frequent,
    independent,
    interventions,
    learned,
    padding,
    published,
    softmax_agreement,
    softmax_training,
    spread,
    steps,
)
from .judgement import SentimentClaim

CLAIMS = (
    SentimentClaim(
        "sentiment.accuracy",
        "paper",
        f"the classifier reaches the published accuracy (within {CLOSE:g}) on fewer training reviews",
        "an accuracy below the published one by more than the tolerance refutes it",
        by_dimension(published),
    ),
    SentimentClaim(
        "sentiment.dimension",
        "paper",
        "accuracy grows with the dimension of the embedding",
        "the next smaller dimension on the same split",
        dimension,
    ),
    SentimentClaim(
        "sentiment.attention",
        "paper",
        "the hardmax layers improve the classification: they capture context",
        "the twin without layers and a bag of words know no context; if they are better, the layers cost accuracy",
        by_dimension(attention),
    ),
    SentimentClaim(
        "sentiment.step",
        "question",
        "the further tokens move to their leaders in a layer (α), the better the classification",
        "the next smaller fixed α on the same split",
        steps("alpha", "alpha", "α"),
    ),
    SentimentClaim(
        "sentiment.depth",
        "question",
        "the more layers, the better the classification",
        "the next smaller depth on the same split, down to no layer",
        steps("depth", "depth", "K"),
    ),
    SentimentClaim(
        "sentiment.learned_step",
        "question",
        "training, free to choose α, keeps the attention at least as strong as it starts",
        "α falling under training refutes it",
        by_dimension(learned),
    ),
    SentimentClaim(
        "sentiment.softmax_agreement",
        "paper",
        "softmax attention at τ = 0.001 approximates the hardmax layers",
        "a share of agreement below 0.99, or no better than ordinary softmax has",
        by_dimension(softmax_agreement),
    ),
    SentimentClaim(
        "sentiment.softmax_training",
        "paper",
        f"training through softmax attention gives as good a hardmax classifier (within {CLOSE:g})",
        "training through the hard layers themselves, on the same split",
        softmax_training,
    ),
    SentimentClaim(
        "sentiment.few_leaders",
        "paper",
        "tokens cluster round few leaders, and training makes them fewer",
        "more than a quarter of the words leading, or as few leaders before training",
        by_dimension(few),
    ),
    SentimentClaim(
        "sentiment.frequent_leaders",
        "paper",
        "the most frequent leaders of confidently and correctly classified reviews are words of sentiment",
        "words of the same frequency, frequent non-leaders, and leaders when embeddings are dealt out at random",
        by_dimension(frequent),
    ),
    SentimentClaim(
        "sentiment.leader_logit",
        "paper",
        "leaders are the words with the largest decoder logits, beyond what the shape of the embedding brings about",
        "leaders are long vectors; then any direction shows the same, dealing the vectors to other words changes "
        "nothing, and words of the same length are no different",
        by_dimension(decoder),
    ),
    SentimentClaim(
        "sentiment.leader_words",
        "paper",
        "leaders are the words that carry the sentiment, by a measure that does not know the classifier",
        "the other words of the review, those of the same length, and leaders of shuffled embeddings",
        by_dimension(independent),
    ),
    SentimentClaim(
        "sentiment.gathering",
        "question",
        "words gather round their leaders more closely than averaging towards any fixed targets explains",
        "fixed targets would see (1 − λ)^K, which leaves little to gain; untrained and shuffled embeddings gather too",
        by_dimension(spread),
    ),
    SentimentClaim(
        "sentiment.clusters",
        "question",
        "it matters which words follow which leader",
        "cluster sizes dealt out at random, equal ones, or leaders drawn at random; each with its own bias",
        by_dimension(
            interventions(
                {
                    "shuffled": "cluster sizes shuffled among the leaders",
                    "equal": "every leader the same weight",
                    "random_leaders": "random words as leaders",
                }
            )
        ),
    ),
    SentimentClaim(
        "sentiment.context",
        "paper",
        "the weight that a word gets depends on its review in a way that helps",
        "the same embeddings with every word at its average weight, or at no weight but its count",
        by_dimension(
            interventions(
                {
                    "context_free": "every word at its mean weight, whatever the review",
                    "no_attention": "the same embeddings without layers",
                }
            )
        ),
    ),
    SentimentClaim(
        "sentiment.padding",
        "question",
        "padding is harmless: it costs no accuracy and seldom leads",
        "accuracy with padding masked, and how often words lead",
        by_dimension(padding),
    ),
)

__all__ = ["CLAIMS", "PUBLISHED"]
