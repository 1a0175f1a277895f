import json
from dataclasses import asdict, replace

import pytest

from hardmax.kernels.errors import InputError
from hardmax.verify.studies.sentiment.classifier.training import Recipe
from hardmax.verify.studies.sentiment.experiment import trials
from hardmax.verify.studies.sentiment.experiment.trials import Corpus, Trial, plan, run_trial, run_trials

QUICK = Recipe(epochs=1, depth=2, batch=32)


@pytest.fixture
def corpus(corpus_file):
    return Corpus(corpus_file, size=200)


def test_the_plan_trains_a_twin_for_every_classifier_on_the_same_seed():
    planned = plan(range(3), (2, 4))
    assert len({trial.name for trial in planned}) == len(planned)
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
    for trial in (Trial("hard", 0, QUICK), Trial("padding", 0, QUICK, "kept"), Trial("words", 0, QUICK)):
        result = run_trial(trial, corpus)
        assert json.loads(json.dumps(result, allow_nan=False)) == json.loads(json.dumps(result))
        assert result["trial"] == asdict(trial)
        assert 0 <= result["accuracy"]["test"] <= 1
    hard = run_trial(Trial("hard", 0, QUICK), corpus)
    assert set(hard["measures"]) == {
        "leaders", "untrained_leaders", "against_others", "frequent", "spread", "softmax", "interventions",
    }  # fmt: skip
    assert hard["accuracy"]["best_test"] >= hard["accuracy"]["test"]


def test_results_depend_on_the_seed_alone(corpus):
    ours, again = (run_trial(Trial("hard", 1, replace(QUICK, seed=1)), corpus) for _ in range(2))
    del ours["epoch_seconds"], again["epoch_seconds"]
    assert ours == again


def test_a_folder_is_gone_on_from(corpus, tmp_path, monkeypatch):
    planned = [Trial("twin", s, replace(QUICK, depth=0, seed=s)) for s in range(3)]
    first = run_trials(planned[:2], tmp_path, corpus)
    ran = []
    right = trials.run_trial
    monkeypatch.setattr(trials, "run_trial", lambda trial, c: ran.append(trial) or right(trial, c))
    told = []
    results = run_trials(planned, tmp_path, corpus, progress=told.append)
    assert ran == planned[2:]
    assert results[:2] == first
    assert told == planned
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(f"{t.name}.json" for t in planned)


def test_a_folder_of_other_settings_or_a_damaged_one_is_refused(corpus, tmp_path):
    trial = Trial("twin", 0, replace(QUICK, depth=0))
    run_trials([trial], tmp_path, corpus)
    with pytest.raises(InputError, match="other settings"):
        run_trials([replace(trial, recipe=replace(trial.recipe, epochs=2))], tmp_path, corpus)
    (tmp_path / f"{trial.name}.json").write_text("{")
    with pytest.raises(InputError, match="delete it to run this trial again"):
        run_trials([trial], tmp_path, corpus)


def test_a_folder_of_other_reviews_is_refused(corpus, tmp_path):
    trial = Trial("twin", 0, replace(QUICK, depth=0))
    run_trials([trial], tmp_path / "run", corpus)
    rows = corpus.path.read_text(encoding="utf-8").splitlines()
    changed = tmp_path / "other.csv"
    changed.write_text("\n".join([rows[0], *rows[2:], rows[1]]) + "\n", encoding="utf-8")  # one review moved
    with pytest.raises(InputError, match="on other reviews; give another folder or delete it"):
        run_trials([trial], tmp_path / "run", replace(corpus, path=changed))


def test_a_number_changed_by_hand_is_noticed(corpus, tmp_path):
    trial = Trial("twin", 0, replace(QUICK, depth=0))
    run_trials([trial], tmp_path, corpus)
    path = tmp_path / f"{trial.name}.json"
    document = json.loads(path.read_text())
    document["result"]["accuracy"]["test"] += 0.01
    path.write_text(json.dumps(document))
    with pytest.raises(InputError, match="its content was changed"):
        run_trials([trial], tmp_path, corpus)


def test_a_mean_over_nothing_is_one_line(corpus, tmp_path, monkeypatch):
    monkeypatch.setattr(trials, "run_trial", lambda trial, c: {"trial": {}, "accuracy": float("nan")})
    with pytest.raises(InputError, match="too few reviews for the trial"):
        run_trials([Trial("twin", 0, QUICK)], tmp_path, corpus)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.deep
def test_two_processes_give_what_one_gives(corpus, tmp_path):
    planned = [Trial("twin", s, replace(QUICK, depth=0, seed=s)) for s in range(3)]
    together = run_trials(planned, tmp_path / "two", corpus, jobs=2)
    alone = run_trials(planned, tmp_path / "one", corpus)
    for result in (*together, *alone):
        del result["epoch_seconds"]
    assert together == alone
