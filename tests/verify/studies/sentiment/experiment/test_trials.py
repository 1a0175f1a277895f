import json
from dataclasses import asdict, replace

import pytest

from hardmax.verify.campaigns.journal import Journal
from hardmax.verify.studies.sentiment.classifier.training import Recipe
from hardmax.verify.studies.sentiment.experiment import trials
from hardmax.verify.studies.sentiment.experiment.claims import CLAIMS
from hardmax.verify.studies.sentiment.experiment.judgement import Evidence, judge
from hardmax.verify.studies.sentiment.experiment.trials import Corpus, TrainingTrial, plan, run_trial, run_trials

QUICK = Recipe(epochs=1, depth=2, batch=32)


@pytest.fixture
def corpus(corpus_file):
    return Corpus(corpus_file, size=200)


def test_the_plan_trains_a_twin_for_every_classifier_on_the_same_seed():
    planned = plan(range(3), (2, 4))
    assert len(set(planned)) == len(planned)
    hard = {(t.seed, t.recipe.dimension) for t in planned if t.kind == "hard"}
    twins = {(t.seed, t.recipe.dimension) for t in planned if t.kind == "twin"}
    assert hard == twins == {(seed, d) for seed in range(3) for d in (2, 4)}
    assert all(t.recipe.seed == t.seed for t in planned)
    assert all(t.recipe.depth == 0 for t in planned if t.kind == "twin")


def test_softmax_is_trained_first_on_few_seeds_or_not_at_all():
    kinds = [t.kind for t in plan(range(5), (2,))]
    assert kinds.count("softmax") == kinds.count("published") == trials.SOFTMAX_SEEDS
    assert set(kinds[: 2 * trials.SOFTMAX_SEEDS]) == {"softmax", "published"}
    assert not {"softmax", "published"} & {t.kind for t in plan(range(5), (2,), softmax=False)}


def test_results_are_plain_json_and_name_their_trial(corpus):
    for trial in (
        TrainingTrial("hard", 0, QUICK),
        TrainingTrial("padding", 0, QUICK, "kept"),
        TrainingTrial("words", 0, QUICK),
    ):
        result = run_trial(trial, corpus)
        assert json.loads(json.dumps(result, allow_nan=False)) == json.loads(json.dumps(result))
        assert result["trial"] == asdict(trial)
        assert 0 <= result["accuracy"]["test"] <= 1
    hard = run_trial(TrainingTrial("hard", 0, QUICK), corpus)
    assert set(hard["measures"]) == {
        "leaders", "untrained_leaders", "against_others", "frequent", "spread", "softmax", "interventions",
    }  # fmt: skip
    assert hard["accuracy"]["best_test"] >= hard["accuracy"]["test"]


def test_results_depend_on_the_seed_alone(corpus):
    ours, again = (run_trial(TrainingTrial("hard", 1, replace(QUICK, seed=1)), corpus) for _ in range(2))
    del ours["epoch_seconds"], again["epoch_seconds"]
    assert ours == again


def test_trials_are_gone_on_from_on_the_same_reviews_alone(corpus, tmp_path):
    planned = [TrainingTrial("twin", s, replace(QUICK, depth=0, seed=s)) for s in range(2)]
    path, done = tmp_path / "journal", []
    first = run_trials(planned[:1], corpus, journal=Journal(path))
    results = run_trials(planned, corpus, journal=Journal(path), progress=done.append)
    assert (done, results[:1]) == ([1, 2], first)
    rows = corpus.path.read_text(encoding="utf-8").splitlines()
    changed = tmp_path / "other.csv"
    changed.write_text("\n".join([rows[0], *rows[2:], rows[1]]) + "\n", encoding="utf-8")  # one review moved
    for other in (replace(corpus, path=changed), replace(corpus, size=150)):
        done.clear()
        run_trials(planned, other, journal=Journal(path), progress=done.append)
        assert done == [0, 1, 2]
    done.clear()
    longer = [replace(trial, recipe=replace(trial.recipe, epochs=2)) for trial in planned]
    run_trials(longer, corpus, journal=Journal(path), progress=done.append)
    assert done == [0, 1, 2]


def test_every_claim_has_all_its_comparisons_on_measured_evidence(corpus):
    planned = plan([0], [2, 3], epochs=1, softmax=False)
    evidence = Evidence(run_trials([trial for trial in planned if trial.kind != "depth"], corpus))
    found = {claim.id: [len(p.comparisons) for p in judge(claim, evidence).parts] for claim in CLAIMS}
    assert found["sentiment.leader_logit"] == [4, 4]
    assert found["sentiment.leader_words"] == found["sentiment.gathering"] == found["sentiment.clusters"] == [3, 3]
    assert found["sentiment.softmax_agreement"] == found["sentiment.few_leaders"] == [2, 2]
    assert found["sentiment.context"] == found["sentiment.padding"] == [2, 2]
    assert found["sentiment.attention"] == [2, 2, 2, 2]
    assert found["sentiment.step"] == [1, 1, 1, 1]


@pytest.mark.deep
def test_two_processes_give_what_one_gives(corpus):
    planned = [TrainingTrial("twin", s, replace(QUICK, depth=0, seed=s)) for s in range(3)]
    together = run_trials(planned, corpus, jobs=2)
    alone = run_trials(planned, corpus)
    for result in (*together, *alone):
        del result["epoch_seconds"]
    assert together == alone
