"""The verdict on one configuration and its JSON: the contract of `hardmax prove --json`, field by field."""

import json
import re
from fractions import Fraction as Q

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardmax.kernels import Configuration, InputError
from hardmax.strategies import configurations
from hardmax.verify import examine
from hardmax.verify.certificates.evidence import Projection, Vertex
from hardmax.verify.claims import conclusion as verdict
from hardmax.verify.claims.conclusion import overall, prove
from hardmax.verify.claims.registry import Finding, all_claims
from hardmax.verify.provers.freeze.prover import Budget

from ...examples import EXAMPLES, late_leader
from ..mutants import Mutant, mutate

QUICK = Budget(steps=60, layers=3_000, bits=200_000)
CLAIMS = ("clustering.convergence", "clustering.boundary", "clustering.vertices", "clustering.cluster_points")
FIELDS = ("verdict", "hypotheses", "freeze_layer", "leaders", "limits", "cluster_points", "vertices", "claims")
RATIONAL = re.compile(r"0|-?[1-9]\d*(/[1-9]\d*)?")

any_configuration = st.one_of(
    configurations(n=(1, 6), d=(1, 3)),
    configurations(n=(1, 6), d=(1, 3), nonzero=None, distinct=None, spd=None, max_multiplicity=2),
    configurations(n=(1, 5), d=(1, 2), nonzero=None, distinct=None, spd=None, steps=["harmonic"]),
    configurations(n=(1, 5), d=(1, 2), nonzero=None, distinct=None, spd=False, follow="smallest"),
)


def is_point(value, d):
    """Whether a value is a list of d rationals in lowest terms, as text."""
    return (
        isinstance(value, list)
        and len(value) == d
        and all(isinstance(x, str) and RATIONAL.fullmatch(x) and str(Q(x)) == x for x in value)
    )


def contract_faults(fields, configuration):
    """Where a JSON object departs from the contract; [] if nowhere."""
    c, found = configuration, []

    def must(condition, what):
        if not condition:
            found.append(what)

    def points(name, count=None):
        value = fields[name]
        if value is None:
            return None
        must(isinstance(value, list) and all(is_point(p, c.d) for p in value), f"{name} are not points")
        must(count is None or len(value) == count, f"{name} are not {count}")
        return [tuple(map(Q, p)) for p in value]

    must(fields["verdict"] in ("verified", "refuted", "undecided"), "verdict")
    must(fields["hypotheses"] == c.hypotheses(), "hypotheses")
    must(all(type(v) is bool for v in fields["hypotheses"].values()), "hypotheses are no booleans")
    must(tuple(fields["claims"]) == CLAIMS, "claims")
    verdicts = list(fields["claims"].values())
    must(set(verdicts) <= {"verified", "refuted", "undecided"}, "verdicts of claims")
    worst = next((v for v in ("refuted", "undecided") if v in verdicts), "verified")
    must(fields["verdict"] == worst, "the verdict is not that of the claims")
    layer, leaders = fields["freeze_layer"], fields["leaders"]
    must(layer is None or (type(layer) is int and layer >= 0), "freeze_layer")
    if leaders is not None:
        must(all(re.fullmatch(r"\d+", i) and int(i) < c.n for i in leaders), "leaders are no tokens")
        must(list(leaders) == sorted(leaders, key=int), "leaders are not sorted")
        must(all(type(k) is int and k >= 0 for k in leaders.values()), "layers of leaders")
        must(layer is None or max(leaders.values(), default=0) <= layer, "a leader after the freeze")
    limits, cluster_points, vertices = points("limits", c.n), points("cluster_points"), points("vertices")
    must((limits is None) == (cluster_points is None), "limits without cluster points")
    if limits is not None:
        must(cluster_points == sorted(set(limits)), "cluster points are not the sorted limits")
        must(vertices is not None, "limits without vertices")
    must((leaders is None) == (vertices is None), "leaders without vertices")
    if vertices is not None:
        must(vertices == sorted(set(vertices)), "vertices are not sorted")
        must(len(vertices) == len(leaders), "vertices are not one a leader")
        if limits is not None:
            must(set(vertices) == {limits[int(i)] for i in leaders}, "vertices are not the leaders' places")
    if "undecided" in verdicts and set(verdicts) == {"undecided"}:
        must(all(fields[f] is None for f in FIELDS[2:7]), "something is decided after all")
    if layer is not None:
        must(limits is not None, "frozen without limits")
    return found


def object_faults(data, configuration):
    """Faults of the whole object, what is merged included."""
    found = contract_faults(data, configuration)
    extra = {"input", "certificate"}
    extra |= {"reasons"} if data["verdict"] != "verified" else set()
    extra |= set() if configuration.is_distinct else {"merged"}
    if set(data) != set(FIELDS) | extra:
        found.append(f"keys are {sorted(data)}")
    if "reasons" in data:
        bad = [claim for claim, verdict in data["claims"].items() if verdict != "verified"]
        if list(data["reasons"]) != bad or not all(data["reasons"].values()):
            found.append("reasons are not those of what is not verified")
    if "merged" in data:
        merged = configuration.merged()
        found += [f"merged: {fault}" for fault in contract_faults(data["merged"], merged)]
        if set(data["merged"]) != set(FIELDS) | {"multiplicities"}:
            found.append(f"keys of merged are {sorted(data['merged'])}")
        if data["merged"]["multiplicities"] != list(merged.multiplicities):
            found.append("multiplicities of merged")
    return found


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_keep_the_contract(name):
    c = EXAMPLES[name].configuration
    data = json.loads(json.dumps(prove(c, QUICK).to_json(name, "x.cert.json")))
    assert (data["input"], data["certificate"]) == (name, "x.cert.json")
    assert object_faults(data, c) == []


@given(any_configuration)
def test_random_verdicts_keep_the_contract(configuration):
    data = prove(configuration, QUICK).to_json("-")
    assert data["certificate"] is None
    assert json.loads(json.dumps(data)) == data
    assert object_faults(data, configuration) == []


def test_the_object_of_the_square_with_a_tie_word_for_word():
    c = Configuration([[1, 1], [-1, 1], [-1, -1], [1, -1], [Q(1, 2), 0], [Q(1, 5), Q(2, 5)]], alpha=Q(1, 2))
    assert prove(c).to_json("square.json") == {
        "input": "square.json",
        "verdict": "verified",
        "hypotheses": {"nonzero": True, "distinct": True, "spd": True},
        "freeze_layer": 0,
        "leaders": {"0": 0, "1": 0, "2": 0, "3": 0},
        "limits": [["1", "1"], ["-1", "1"], ["-1", "-1"], ["1", "-1"], ["1", "0"], ["1", "1"]],
        "cluster_points": [["-1", "-1"], ["-1", "1"], ["1", "-1"], ["1", "0"], ["1", "1"]],
        "vertices": [["-1", "-1"], ["-1", "1"], ["1", "-1"], ["1", "1"]],
        "claims": dict.fromkeys(CLAIMS, "verified"),
        "certificate": None,
    }


def test_what_is_not_decided_is_null_and_says_why():
    data = prove(EXAMPLES["drifting"].configuration, Budget(steps=9)).to_json("-")
    reason = "9 layers were computed one by one, at layer 9"
    assert data == {
        "input": "-",
        "verdict": "undecided",
        "hypotheses": {"nonzero": True, "distinct": True, "spd": False},
        **dict.fromkeys(("freeze_layer", "leaders", "limits", "cluster_points", "vertices", "certificate")),
        "claims": dict.fromkeys(CLAIMS, "undecided"),
        "reasons": dict.fromkeys(CLAIMS, reason),
    }


def test_repeated_tokens_have_two_verdicts():
    proved = prove(Configuration([[1], [-1], [1], [Q(1, 2)]], labels=["a", "b", "a", "c"]))
    assert (proved.verdict, proved.merged.verdict) == ("refuted", "verified")
    assert proved.merged.merged is None
    merged = proved.to_json("-")["merged"]
    assert (merged["multiplicities"], merged["leaders"]) == ([2, 1, 1], {"0": 0, "1": 0})
    assert merged["limits"] == [["1"], ["-1"], ["1"]]
    assert prove(proved.configuration, merge=False).merged is None


def test_a_repetition_has_leaders_and_vertices_but_no_freeze():
    data = prove(EXAMPLES["cycle"].configuration, QUICK).to_json("-")
    assert (data["freeze_layer"], data["limits"], data["cluster_points"]) == (None, None, None)
    assert data["vertices"] == [["-2", "1", "0"], ["0", "-1", "-2"], ["0", "-1", "2"], ["2", "1", "0"]]
    shrinking = prove(EXAMPLES["shrinking swap"].configuration, QUICK).to_json("-")
    assert (shrinking["limits"], shrinking["vertices"], shrinking["leaders"]) == ([["0"], ["0"]], [], {})


def test_limits_of_any_length_are_written():
    data = prove(late_leader(20_000)).to_json("-")
    (late,) = [v for v in data["vertices"] if v not in (["1", "-3"], ["1", "3"])]
    assert data["leaders"]["3"] == 20_001
    assert max(map(len, late)) > 50_000  # past what Python prints at once


def test_places_are_those_of_the_cluster_points():
    proved = prove(EXAMPLES["tie of corners"].configuration)
    assert {type(place) for place in proved.places.values()} == {Vertex, Projection}
    assert sorted(proved.places) == sorted(set(proved.limits))
    assert prove(EXAMPLES["all repeated"].configuration).places == {}
    assert prove(EXAMPLES["drifting"].configuration, Budget(steps=3)).places == {}


def test_points_are_sorted_as_numbers():
    record = prove(Configuration([(10, -40), (-41, 0), (9, 40)], alpha=1)).record()
    assert record.cluster_points == record.vertices == (("-41", "0"), ("9", "40"), ("10", "-40"))


@pytest.mark.parametrize(
    ("verdicts", "whole"),
    [
        ([], "undecided"),
        (["verified", "verified"], "verified"),
        (["verified", "undecided"], "undecided"),
        (["undecided", "refuted", "verified"], "refuted"),
    ],
)
def test_the_whole_is_as_good_as_its_worst_part(verdicts, whole):
    assert overall(Finding(v, "") for v in verdicts) == whole


def test_one_claim_is_examined_by_its_id():
    c = Configuration([[1], [-1], [0]])
    assert examine("clustering.boundary", c).verdict == "refuted"
    assert examine("lemmas.follow_norm", c, QUICK).verdict == "verified"
    with pytest.raises(InputError, match=r"no claim matches 'clustering.border'; `hardmax claims` lists them"):
        examine("clustering.border", c)


AWKWARD = {
    "no leader": Configuration([[1], [1]]),
    "the origin alone": Configuration([[0, 0]]),
    "no form": Configuration([[1, 0], [0, 1], [-1, -1]], [[0, 0], [0, 0]]),
    "a direction of length 0": Configuration([[1, 2], [3, -1]], [[1, 0], [0, Q(-1, 4)]]),
    "not symmetric": Configuration([[1, 2], [-1, 1]], [[1, 3], [-3, 1]]),
    "smallest": Configuration([[3], [-1]], follow="smallest"),
    "smallest of a negative form": Configuration([[3], [-1], [1]], [[-1]], follow="smallest"),
}


@pytest.mark.parametrize("claim", [claim.id for claim in all_claims()])
@pytest.mark.parametrize("name", AWKWARD)
def test_every_claim_can_be_asked_of_every_input(name, claim):
    finding = examine(claim, AWKWARD[name], Budget(steps=20, layers=500))
    assert finding.verdict in ("verified", "refuted", "undecided", "vacuous")
    assert finding.message


# -- a wrong writer is noticed ----------------------------------------------------------------------------------------

MUTANTS = [
    Mutant("points are not sorted", "sorted(set(limits))", "sorted(set(limits), reverse=True)"),
    Mutant("points are sorted as text", "sorted(set(limits))", "sorted(set(limits), key=str)"),
    Mutant("points are floats", "map(rational_text, point)", "map(float, point)"),
    Mutant("Python prints the digits", "map(rational_text, point)", "map(repr, point)"),
    Mutant("cluster points of leaders alone", "sorted(set(limits))", "sorted({limits[i] for i in self.leaders})"),
    Mutant("vertices of all tokens", "{at_rest[i] for i in outcome.leaders}", "set(at_rest)"),
    Mutant("the layer of the proof", "freeze_layer=self.freeze_layer", "freeze_layer=self.outcome.layer"),
    Mutant(
        "the last layer decides",
        "freeze_layer=self.freeze_layer",
        "freeze_layer=self.outcome.phases[-1].first if self.leaders is not None else None",
    ),
    Mutant("leaders by layer", "dict(sorted(leaders.items()))", "{k: i for i, k in leaders.items()}"),
    Mutant("undecided leaders are none", "None if leaders is None else dict(", "{} if leaders is None else dict("),
    Mutant(
        "a repetition has no limits",
        "None if limits is None else tuple(map(ExactPoint, limits))",
        "tuple(map(ExactPoint, limits)) if isinstance(self.outcome, Frozen) else None",
    ),
    Mutant(
        "undecided is verified",
        'return "undecided" if "undecided" in verdicts or not verdicts - {"vacuous"} else "verified"',
        'return "verified"',
    ),
    Mutant("one good part is enough", '"refuted" in verdicts', 'verdicts == {"refuted"}'),
    Mutant("merged is not looked at", "if merge and configuration.model.merges and", "if False and"),
    Mutant(
        "merged is the literal one",
        "prove(configuration.merged(), budget, merge=False)",
        "prove(configuration, budget, merge=False)",
    ),
    Mutant("reasons of what is verified", "f.verdict != 'verified'}", "f.verdict == 'verified'}"),
]


def contract_shown(module):
    """The first fault of a module's JSON on the table of examples, None if there is none."""
    for name, example in EXAMPLES.items():
        data = module.prove(example.configuration, QUICK).to_json(name)
        try:
            json.dumps(data)
        except TypeError as error:
            return repr(error)
        found = object_faults(data, example.configuration)
        wanted = {
            "freeze_layer": example.freeze_layer,
            "leaders": None if example.verdicts == "uuuu" else {str(i): k for i, k in sorted(example.leaders.items())},
            "claims": "".join(data["claims"][claim][0] for claim in CLAIMS) == example.verdicts and data["claims"],
        }
        if example.limits != ():
            wanted["limits"] = example.limits and [list(map(str, point)) for point in example.limits]
        found += [f"{key}: {data[key]}, not {value}" for key, value in wanted.items() if data[key] != value]
        if found:
            return f"{name}: {found[0]}"
    return None


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: m.what)
def test_a_wrong_writer_is_noticed(mutant):
    wrong = mutate("hardmax.verify.claims.conclusion", mutant)
    try:
        found = contract_shown(wrong)
    except Exception as error:  # a wrong writer may break in any way
        found = repr(error)
    assert found is not None


def test_the_right_writer_shows_no_fault():
    assert contract_shown(verdict) is None
