"""The counts of the study of control, on reviews with a known answer."""

from collections import Counter

from hardmax import Configuration
from hardmax.verify.studies.sentiment import control
from hardmax.verify.studies.sentiment.classifier.model import shipped_model

REVIEWS = (
    Configuration([(2, 0), (0, 1), (-1, -1), (1, 0)], labels=["good", "film", "bad", "fine"]),
    Configuration([(2, 0), (3, 3), (3, -3), (-1, -1)], labels=["good", "great", "dull", "bad"]),
)
"""In the second review "good" is inside the hull of the others and the origin."""


def test_words_are_counted_in_the_reviews_in_which_they_can_lead():
    found = control.leadable(REVIEWS)
    assert found.can == (("good", "film", "bad"), ("great", "dull", "bad"))
    assert found.own == (("good", "film", "bad"), ("great", "dull", "bad"))
    assert found.stands == Counter(good=2, bad=2, film=1, fine=1, great=1, dull=1)
    assert found.leads == Counter(bad=2, good=1, film=1, great=1, dull=1)


def test_what_is_said_of_words_together(capsys):
    control._print_together(REVIEWS, control.leadable(REVIEWS), ("good", "bad"))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "2 reviews have some of them; in 1 each can lead by itself"
    assert lines[1].startswith("all of them, one A for all reviews: impossible; greedily 1 of 2 reviews")
    assert lines[2].startswith("  good, one A: impossible; greedily 1 of 2 reviews")
    assert lines[3] == "  bad, one A: possible; greedily 2 of 2 reviews, condition number 1; by itself in 2"


def test_the_strongest_words_are_those_of_largest_weight():
    model = shipped_model()
    stands = Counter(dict.fromkeys(("worst", "excellent", "movie", "film"), control.FEWEST))
    stands["awful"] = control.FEWEST - 1
    assert control.strongest(model, stands, 2) == ("worst", "excellent")
    assert len(control.strongest(model, stands)) == 4
