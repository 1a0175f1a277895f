"""The refusing half of the conformance set: for every side condition a file that lacks only that.

Each entry names the accepted document that is damaged, the edit, and a regular expression for the reason: first the
rule, then what was derived.
"""

import copy
from typing import Any

from hardmax.verify.certificates.writer import CLAIMS, to_text

from . import all_matrices, all_steps, gram, no_a, radius, softmax
from .edits import Document, Edit, add, both, drop, put, sealed, swap, text
from .handmade import FALSE_PROOFS

CONVERGENCE, VERTICES, BOUNDARY, CLUSTER_POINTS = CLAIMS
SIMPLE = "leaders-and-R1"

JSON: dict[str, tuple[str, Edit, str]] = {
    "json-duplicate-key": (SIMPLE, text('"version": 1', '"version": 1, "version": 1'), "JSON: .*repeat"),
    "json-duplicate-inner-key": (SIMPLE, text('"layers": 1', '"layers": 1, "layers": 1'), "JSON: .*repeat"),
    "json-float": (SIMPLE, text('"layers": 1', '"layers": 1.0'), "JSON: .*whole"),
    "json-exponent": (SIMPLE, text('"layers": 1', '"layers": 1e0'), "JSON: .*whole"),
    "json-negative": (SIMPLE, text('"layer": 0', '"layer": -0'), "JSON: .*whole"),
    "json-long-number": (SIMPLE, text('"layers": 1', '"layers": 1000000000000000'), "JSON: .*15 digits"),
    "json-nan": (SIMPLE, text('"layers": 1', '"layers": NaN'), "JSON: .*whole"),
    "json-infinity": (SIMPLE, text('"layers": 1', '"layers": -Infinity'), "JSON: .*whole"),
    "json-truncated": (SIMPLE, lambda c: to_text(c)[:-4], "JSON: "),
    "json-trailing": (SIMPLE, lambda c: to_text(c) + "0", "JSON: "),
    "json-array": (SIMPLE, lambda c: "[]", "version: "),
    "json-null": (SIMPLE, lambda c: "null", "version: "),
}

SHAPE: dict[str, tuple[str, Edit, str]] = {
    "version-next": (SIMPLE, put(2, "version"), "version: .*1 is known"),
    "version-missing": (SIMPLE, drop("version"), "version: .*1 is known"),
    "version-true": (SIMPLE, put(True, "version"), "certificate, version: .*has True"),
    "format-other": (SIMPLE, put("hardmax certificat", "format"), "certificate, format: .*be in"),
    "key-missing": (SIMPLE, drop("leaders"), "certificate: .*keys"),
    "key-unknown": (SIMPLE, put("", "comment"), "certificate: .*keys"),
    "key-missing-inside": (SIMPLE, drop("itinerary", 0, "jumps"), "itinerary: .*keys"),
    "claim-unknown": (SIMPLE, put("verified", "claims", "clustering.all"), "claims: .*keys"),
    "claim-word": (SIMPLE, put("proved", "claims", CONVERGENCE), f"{CONVERGENCE}: .*be in"),
    "claim-true": (SIMPLE, put(True, "claims", CONVERGENCE), f"{CONVERGENCE}: .*has True"),
    "proof-kind": (SIMPLE, put("Frozen", "proof", "kind"), "proof, kind: .*be in"),
    "proof-kind-array": (SIMPLE, put(["frozen"], "proof", "kind"), "proof, kind: .*be in"),
    "format-array": (SIMPLE, put(["hardmax certificate"], "format"), "certificate, format: .*be in"),
    "proof-null": (SIMPLE, put(None, "proof"), "proof: .*has None"),
    "place-kind": (SIMPLE, put("corner", "cluster_points", 0, "place", "kind"), "place, kind: .*be in"),
    "place-without-data": ("interior", drop("cluster_points", 1, "place", "weights"), "place: .*keys"),
    "entry-too-long": (SIMPLE, put([0, [0], 0], "itinerary", 0, "sets", 0), "sets: .*like"),
    "entry-too-short": (SIMPLE, put([0], "itinerary", 0, "sets", 0), "sets: .*like"),
    "true-for-number": (SIMPLE, put(True, "itinerary", 0, "layers"), "layers: .*has True"),
    "string-for-array": (SIMPLE, put("1", "problem", "tokens", 0), "tokens: .*has 1"),
    "object-for-array": (SIMPLE, put({}, "leaders"), "leaders: "),
    "number-for-rational": (SIMPLE, put(1, "problem", "tokens", 0, 0), "tokens: .*string"),
    "rational-reducible": (SIMPLE, put("2/4", "problem", "tokens", 2, 0), "tokens: .*canonical"),
    "rational-over-one": (SIMPLE, put("1/1", "problem", "tokens", 0, 0), "tokens: .*canonical"),
    "rational-zero-over": (SIMPLE, put("0/2", "problem", "tokens", 0, 0), "tokens: .*canonical"),
    "rational-minus-zero": (SIMPLE, put("-0", "problem", "tokens", 0, 0), "tokens: .*canonical"),
    "rational-plus": (SIMPLE, put("+1", "problem", "tokens", 0, 0), "tokens: .*string"),
    "rational-leading-zero": (SIMPLE, put("01", "problem", "tokens", 0, 0), "tokens: .*string"),
    "rational-decimal": (SIMPLE, put("0.5", "problem", "tokens", 2, 0), "tokens: .*string"),
    "rational-division-by-zero": (SIMPLE, put("1/0", "problem", "tokens", 2, 0), "tokens: .*string"),
    "rational-blank": (SIMPLE, put("1 ", "problem", "tokens", 0, 0), "tokens: .*string"),
    "rational-line-end": (SIMPLE, put("1\n", "problem", "tokens", 0, 0), "tokens: "),
    "rational-other-digits": (SIMPLE, put("\u0661", "problem", "tokens", 0, 0), "tokens: .*string"),
    "seal-other": (SIMPLE, text('"layer": 0', '"layer": 1'), "seal: "),
    "seal-null": (SIMPLE, lambda c: to_text({**c, "seal": None}), "seal: .*has None"),
}

PROBLEM: dict[str, tuple[str, Edit, str]] = {
    "tokens-none": (SIMPLE, put([], "problem", "tokens"), "tokens: .*one with"),
    "tokens-empty": (SIMPLE, put([[]], "problem", "tokens"), "tokens: .*one with"),
    "tokens-ragged": ("R2-tie", put(["1"], "problem", "tokens", 5), "tokens: .*6 rows of 2"),
    "form-ragged-and-long": (SIMPLE, put([["1", f"1/1{'0' * 5000}"]], "problem", "A"), "A: .*1 rows of 1"),
    "form-short": ("R2-tie", drop("problem", "A", 1), "A: .*2 rows of 2"),
    "form-ragged": ("R2-tie", put(["0"], "problem", "A", 1), "A: .*2 rows of 2"),
    "multiplicity-zero": (SIMPLE, put(0, "problem", "multiplicities", 2), "multiplicities: "),
    "multiplicity-missing": (SIMPLE, drop("problem", "multiplicities", 2), "multiplicities: "),
    "alpha-zero": (SIMPLE, put("0", "problem", "step", "alpha"), "step: "),
    "alpha-long": (SIMPLE, put(f"-1/1{'0' * 5000}", "problem", "step", "alpha"), "step: "),
    "tokens-ragged-and-long": (SIMPLE, put([[], [f"1/1{'0' * 5000}"]], "problem", "tokens"), "tokens: .*one with"),
    "alpha-negative": (SIMPLE, put("-1/2", "problem", "step", "alpha"), "step: "),
    "harmonic-zero": ("harmonic", put(0, "problem", "step", "numerator"), "step: "),
    "harmonic-above-one": ("harmonic", put(4, "problem", "step", "numerator"), "step: "),
    "problem-another-form": ("R2-tie", put([["-1", "0"], ["0", "1"]], "problem", "A"), "follow set"),
    "problem-another-follow": ("R2-tie", put("smallest", "problem", "follow"), "follow set"),
    "problem-another-token": ("R2-tie", put(["2", "1"], "problem", "tokens", 0), "rules: "),
    "problem-another-weight": ("R2-weighted", put(1, "problem", "multiplicities", 0), "rules: "),
    "problem-another-step": ("jumps", put("2", "problem", "step", "alpha"), "itinerary"),
}

EARLIER_SPLIT = put(2, "itinerary", 0, "layers"), put(2, "proof", "freeze_layer")

ITINERARY: dict[str, tuple[str, Edit, str]] = {
    "itinerary-empty": (SIMPLE, put([], "itinerary"), "itinerary: .*no phase"),
    "phase-empty": (SIMPLE, put(0, "itinerary", 0, "layers"), "itinerary: .*no layer"),
    "phase-gap": ("jumps", put(40, "itinerary", 1, "first"), "itinerary: .*comes next"),
    "phase-late-start": (SIMPLE, put(1, "itinerary", 0, "first"), "itinerary: .*comes next"),
    "phase-without-changes": (
        "R3-tie",
        both(add({"first": 2, "layers": 2, "sets": [], "jumps": []}, "itinerary"), *EARLIER_SPLIT),
        "itinerary: .*changes no set",
    ),
    "phase-with-an-old-set": (
        "R3-tie",
        both(add({"first": 2, "layers": 2, "sets": [[1, [0]]], "jumps": []}, "itinerary"), *EARLIER_SPLIT),
        "itinerary: .*no change",
    ),
    "phase-too-long": ("emerging", put(2, "itinerary", 0, "layers"), "layer 1, follow set"),
    "phase-too-short": (
        "jumps",
        both(put(38, "itinerary", 0, "layers"), drop("itinerary", 0, "jumps", -1)),
        "itinerary: .*layer 38 comes next",
    ),
    "phase-dropped": ("jumps", drop("itinerary", 1), "itinerary: .*comes next"),
    "sets-missing": (SIMPLE, drop("itinerary", 0, "sets", 1), "follow set of token 1"),
    "sets-out-of-order": (SIMPLE, swap(0, 1, "itinerary", 0, "sets"), "tokens of sets: .*ascend"),
    "sets-repeated": (SIMPLE, add([2, [1]], "itinerary", 0, "sets"), "tokens of sets: .*ascend"),
    "sets-unknown-token": (SIMPLE, put([3, [0]], "itinerary", 0, "sets", 2), "tokens of sets: .*ascend"),
    "set-tie-lost": ("R2-tie", put([4, [0]], "itinerary", 0, "sets", 4), "follow set of token 4"),
    "set-tie-added": ("R2-tie", put([5, [0, 1]], "itinerary", 0, "sets", 5), "follow set of token 5"),
    "set-empty": (SIMPLE, put([2, []], "itinerary", 0, "sets", 2), "follow set of token 2"),
    "set-out-of-order": ("R2-tie", put([4, [1, 0]], "itinerary", 0, "sets", 4), "follow set of token 4"),
    "set-unknown-token": (SIMPLE, put([2, [3]], "itinerary", 0, "sets", 2), "follow set of token 2"),
    "set-second-best": (SIMPLE, put([2, [2]], "itinerary", 0, "sets", 2), "follow set of token 2"),
    "jumps-one": ("jumps", put([38], "itinerary", 0, "jumps"), "itinerary: .*38 is the end"),
    "jumps-short": ("jumps", drop("itinerary", 0, "jumps", -1), "itinerary: .*38 is the end"),
    "jumps-long": ("jumps", put(39, "itinerary", 0, "jumps", -1), "itinerary: .*38 is the end"),
    "jumps-out-of-order": ("jumps", swap(1, 2, "itinerary", 0, "jumps"), "jumps: .*ascend"),
    "jumps-repeated": ("jumps", put(31, "itinerary", 0, "jumps", 1), "jumps: .*ascend"),
    "jump-too-far": ("jumps", put([31, 38], "itinerary", 0, "jumps"), "jump: .*from layer 31"),
    "jump-too-early": ("jumps", put([0, 37, 38], "itinerary", 0, "jumps"), "jump: .*from layer 0"),
    "jump-over-a-change": (
        "jumps",
        both(add(39, "itinerary", 0, "jumps"), put(40, "itinerary", 0, "layers")),
        "layer 39, follow set of token 2",
    ),
    "jump-harmonic": (
        "harmonic",
        both(put(3, "itinerary", 0, "layers"), put([0, 2], "itinerary", 0, "jumps"), put(2, "proof", "layer")),
        "sign tables: .*constant",
    ),
    "jump-in-a-cycle": (
        "spiral",
        both(put(3, "itinerary", 0, "layers"), put([0, 2], "itinerary", 0, "jumps"), put(2, "proof", "layer")),
        "sign tables: .*cycle",
    ),
    "leader-late": (SIMPLE, put(1, "leaders", 0, "layer"), "leaders: "),
    "leader-early": ("jumps", put(38, "leaders", 2, "layer"), "leaders: "),
    "leader-missing": (SIMPLE, drop("leaders", 1), "leaders: "),
    "leader-invented": (SIMPLE, add({"token": 2, "layer": 0}, "leaders"), "leaders: "),
    "leaders-out-of-order": (SIMPLE, swap(0, 1, "leaders"), "leaders: "),
}

FROZEN: dict[str, tuple[str, Edit, str]] = {
    "frozen-layer": (SIMPLE, put(1, "proof", "layer"), "layers: "),
    "frozen-freeze-layer": ("jumps", put(0, "proof", "freeze_layer"), "layers: "),
    "frozen-full-step": (
        "swallowed",
        both(drop("itinerary", 1), put(0, "proof", "freeze_layer"), put(0, "proof", "layer")),
        "layers: .*step below 1",
    ),
    "frozen-cycle": (
        "spiral",
        put(
            {"kind": "frozen", "freeze_layer": 0, "layer": 0, "rules": ["R3", "R3"], "limits": [0, 0], "weights": [[]]},
            "proof",
        ),
        "sign tables: .*cycle",
    ),
    "rule-R1-for-leader": (SIMPLE, put("R1", "proof", "rules", 0), "rules: "),
    "rule-leader-for-R1": (SIMPLE, put("leader", "proof", "rules", 2), "rules: "),
    "rule-stationary-for-leader": (SIMPLE, put("stationary", "proof", "rules", 0), "rules: "),
    "rule-leader-for-twin": ("twins-outside", put("leader", "proof", "rules", 1), "rules: "),
    "rule-R2-for-R1": (SIMPLE, put("R2", "proof", "rules", 2), "rules: "),
    "rule-R1-for-R2": ("flat", put("R1", "proof", "rules", 1), "rules: "),
    "rule-R3-for-R2": ("flat", put("R3", "proof", "rules", 1), "rules: "),
    "rule-R2-for-R3": ("R3-tie", put("R2", "proof", "rules", 2), "rules: "),
    "rule-stationary-for-R3": ("R3-tie", put("stationary", "proof", "rules", 2), "rules: "),
    "rule-missing": (SIMPLE, drop("proof", "rules", 2), "rules: "),
    "limit-another-point": (SIMPLE, put(0, "proof", "limits", 2), "limits: .*0 for token 2"),
    "limit-of-a-leader": (SIMPLE, put([0, 1, 1], "proof", "limits"), "limits: .*0 for token 0"),
    "limit-unknown": (SIMPLE, put(2, "proof", "limits", 2), "limits: .*no numbering"),
    "limit-missing": (SIMPLE, drop("proof", "limits", 2), "limits: .*no numbering"),
    "limit-moved": ("R2-tie", put(["0", "2"], "cluster_points", 2, "point"), "limits: .*2 for token 4"),
    "weights-missing": (SIMPLE, drop("proof", "weights", 1), "weights: .*2 are needed"),
    "weights-none": (SIMPLE, put([], "proof", "weights", 0), "weights of cluster point 0: .*sum"),
    "weights-of-another-point": (SIMPLE, swap(0, 1, "proof", "weights"), "weights of cluster point 0: .*another point"),
    "weights-sum": ("R2-tie", put("1/3", "proof", "weights", 2, 0, 1), "weights of cluster point 2: .*sum"),
    "weights-unequal": (
        "R2-tie",
        put([[0, "1/3"], [1, "2/3"]], "proof", "weights", 2),
        "weights of cluster point 2: .*another point",
    ),
    "weights-zero": (
        "R2-tie",
        put([[0, "1/2"], [1, "1/2"], [2, "0"]], "proof", "weights", 2),
        "weights of cluster point 2: .*not positive",
    ),
    "weights-negative": (
        "stationary",
        put([[0, "1"], [1, "1"], [4, "-1"]], "proof", "weights", 2),
        "weights of cluster point 2: .*not positive",
    ),
    "weights-out-of-order": ("R2-tie", swap(0, 1, "proof", "weights", 2), "weights of cluster point 2: .*ascend"),
    "weights-repeated": (
        "R2-tie",
        put([[0, "1/4"], [0, "1/4"], [1, "1/2"]], "proof", "weights", 2),
        "weights of cluster point 2: .*ascend",
    ),
    "weights-on-a-moving-token": (
        "R3-tie",
        put([[1, "1/2"], [3, "1/2"]], "proof", "weights", 1),
        "weights of cluster point 1: .*count",
    ),
    "weights-on-a-later-twin": (
        "twins-outside",
        put([[2, "1"]], "proof", "weights", 0),
        "weights of cluster point 0: .*count",
    ),
}

SIMILAR: dict[str, tuple[str, Edit, str]] = {
    "similar-layer": ("spiral", put(1, "proof", "layer"), "self-similar: .*unknown"),
    "similar-period": ("spiral", put(2, "proof", "period"), "self-similar: .*unknown"),
    "similar-period-zero": ("spiral", both(put(1, "proof", "layer"), put(0, "proof", "period")), "self-similar: "),
    "similar-harmonic": (
        "spiral",
        put({"rule": "harmonic", "numerator": 2, "offset": 3}, "problem", "step"),
        "self-similar: .*unknown",
    ),
    "similar-jumped-over": (
        "R3-tie",
        both(
            put([0, 2, 3], "itinerary", 0, "jumps"),
            put(
                {
                    "kind": "self-similar",
                    "layer": 1,
                    "period": 3,
                    "permutation": [0, 1, 2, 3, 4],
                    "Q": [["1", "0"], ["0", "1/2"]],
                    "scale": "1",
                    "contraction": None,
                },
                "proof",
            ),
        ),
        "self-similar: .*unknown",
    ),
    "similar-no-permutation": ("spiral-turned", put([1, 1], "proof", "permutation"), "permutation: "),
    "similar-short-permutation": ("spiral-turned", put([0], "proof", "permutation"), "permutation: "),
    "similar-other-permutation": ("spiral-turned", put([0, 1], "proof", "permutation"), "self-similar: .*Q"),
    "similar-multiplicities": ("spiral-turned", put([1, 2], "problem", "multiplicities"), "permutation: "),
    "similar-Q-shape": ("spiral", put([["-1/3", "0"]], "proof", "Q"), "Q: .*1 rows of 1"),
    "similar-Q": ("spiral", put([["1/3"]], "proof", "Q"), "self-similar: .*no image"),
    "similar-scale": ("spiral", put("1/3", "proof", "scale"), "self-similar: .*scale"),
    "similar-scale-zero": ("undecided", put("0", "proof", "scale"), "self-similar: .*scale"),
    "similar-scale-negative": ("undecided", put("-1", "proof", "scale"), "self-similar: .*scale"),
    "similar-contraction": ("spiral", put("1/3", "proof", "contraction"), "self-similar: .*contraction"),
    "similar-contraction-missing": ("spiral", put(None, "proof", "contraction"), "self-similar: .*contraction"),
    "similar-contraction-invented": ("undecided", put("1", "proof", "contraction"), "self-similar: .*contraction"),
    "similar-limit-missing": ("spiral", put([], "cluster_points"), "cluster points: .*others"),
    "similar-limit-of-a-cycle": ("cycle", add({"point": ["0"] * 3, "place": None}, "cluster_points"), "cluster points"),
    "similar-limit": ("spiral", put(["1"], "cluster_points", 0, "point"), "cluster points: .*others"),
    "similar-at-rest": (
        SIMPLE,
        both(
            put([["1"], ["-1"]], "problem", "tokens"),
            put([1, 1], "problem", "multiplicities"),
            drop("itinerary", 0, "sets", 2),
            put(
                {
                    "kind": "self-similar",
                    "layer": 0,
                    "period": 1,
                    "permutation": [0, 1],
                    "Q": [["1"]],
                    "scale": "1",
                    "contraction": "1",
                },
                "proof",
            ),
            put([], "cluster_points"),
            put(
                {CONVERGENCE: "refuted", VERTICES: "verified", BOUNDARY: "refuted", CLUSTER_POINTS: "refuted"},
                "claims",
            ),
        ),
        "self-similar: .*no token moves",
    ),
}

HALVES = [[0, "1/2"], [1, "1/2"]]
THIRDS = [[0, "1/3"], [1, "1/3"], [2, "1/3"]]

PLACES: dict[str, tuple[str, Edit, str]] = {
    "points-out-of-order": (
        SIMPLE,
        both(swap(0, 1, "cluster_points"), swap(0, 1, "proof", "weights"), put([0, 1, 0], "proof", "limits")),
        "cluster points: .*ascend",
    ),
    "points-repeated": (
        SIMPLE,
        both(
            lambda c: c["cluster_points"].append(c["cluster_points"][1]),
            lambda c: c["proof"]["weights"].append(c["proof"]["weights"][1]),
            put(2, "proof", "limits", 2),
        ),
        "cluster points: .*ascend",
    ),
    "points-unused": (
        SIMPLE,
        both(
            add({"point": ["2"], "place": {"kind": "outside", "normal": None}}, "cluster_points"),
            add([[0, "1"]], "proof", "weights"),
        ),
        "limits: .*no numbering",
    ),
    "point-too-long": (SIMPLE, put(["-1", "0"], "cluster_points", 0, "point"), "cluster points: .*rows of 1"),
    "place-missing": (SIMPLE, put(None, "cluster_points", 0, "place"), "place of cluster point 0: .*leaders"),
    "place-without-leaders": (
        "no-leader",
        put({"kind": "outside", "normal": ["1"]}, "cluster_points", 1, "place"),
        "places: .*no leader",
    ),
    "vertex-of-another-leader": (SIMPLE, put(0, "cluster_points", 0, "place", "leader"), "place of cluster point 0: "),
    "vertex-of-no-leader": (
        "twins-outside",
        put({"kind": "vertex", "leader": 1}, "cluster_points", 0, "place"),
        "place of cluster point 0: .*no such leader",
    ),
    "place-weights-on-no-leader": (
        "twins-stationary",
        put({"kind": "projection", "weights": [[4, "1"]], "normal": None}, "cluster_points", 3, "place"),
        "place of cluster point 3: .*count",
    ),
    "place-weights-of-another-point": (
        "flat",
        put([[0, "1/3"], [2, "2/3"]], "cluster_points", 1, "place", "weights"),
        "place of cluster point 1: .*another point",
    ),
    "place-weights-sum": (
        "flat-origin",
        put([[0, "1/3"], [2, "1/3"]], "cluster_points", 1, "place", "weights"),
        "place of cluster point 1: .*sum",
    ),
    "interior-of-an-edge": (
        "flat",
        put(
            {"kind": "interior", "weights": [[0, "1/2"], [2, "1/2"]]},
            "cluster_points",
            1,
            "place",
        ),
        "place of cluster point 1: .*hyperplane",
    ),
    "interior-at-a-vertex": (
        SIMPLE,
        put({"kind": "interior", "weights": [[1, "1"]]}, "cluster_points", 0, "place"),
        "place of cluster point 0: .*hyperplane",
    ),
    "projection-in-the-interior": (
        "interior-plane",
        put({"kind": "projection", "weights": THIRDS, "normal": ["1", "0"]}, "cluster_points", 2, "place"),
        "place of cluster point 2: .*something else",
    ),
    "projection-with-default-normal-zero": (
        "interior-plane",
        put({"kind": "projection", "weights": THIRDS, "normal": None}, "cluster_points", 2, "place"),
        "place of cluster point 2: .*not all 0",
    ),
    "projection-with-normal-zero": (
        "flat-origin",
        put(["0", "0"], "cluster_points", 1, "place", "normal"),
        "place of cluster point 1: .*not all 0",
    ),
    "projection-with-short-normal": (
        "flat-origin",
        put(["1"], "cluster_points", 1, "place", "normal"),
        "place of cluster point 1: .*rows of 2 are needed",
    ),
    "projection-with-another-normal": (
        "flat",
        put(["1", "0"], "cluster_points", 1, "place", "normal"),
        "place of cluster point 1: .*something else",
    ),
    "projection-not-orthogonal": (
        "neither",
        put("projection", "cluster_points", 1, "place", "kind"),
        "place of cluster point 1: .*contrary",
    ),
    "projection-on-a-larger-face": (
        "flat-square",
        put({"kind": "projection", "weights": HALVES, "normal": ["0", "0", "1"]}, "cluster_points", 2, "place"),
        "place of cluster point 2: .*contrary",
    ),
    "neither-on-a-larger-face": (
        "flat-square",
        put({"kind": "neither", "weights": HALVES, "normal": ["0", "0", "1"]}, "cluster_points", 2, "place"),
        "place of cluster point 2: .*contrary",
    ),
    "neither-but-orthogonal": (
        "flat",
        put("neither", "cluster_points", 1, "place", "kind"),
        "place of cluster point 1: .*contrary",
    ),
    "outside-but-a-vertex": (
        SIMPLE,
        put({"kind": "outside", "normal": None}, "cluster_points", 0, "place"),
        "place of cluster point 0: .*something else",
    ),
    "outside-with-opposite-normal": (
        "twins-outside",
        put(["1"], "cluster_points", 0, "place", "normal"),
        "place of cluster point 0: .*something else",
    ),
    "claim-convergence": (SIMPLE, put("refuted", "claims", CONVERGENCE), f"{CONVERGENCE}: .*proved is verified"),
    "claim-vertices": (SIMPLE, put("refuted", "claims", VERTICES), f"{VERTICES}: .*proved is verified"),
    "claim-boundary": (SIMPLE, put("refuted", "claims", BOUNDARY), f"{BOUNDARY}: .*proved is verified"),
    "claim-cluster-points": (SIMPLE, put("refuted", "claims", CLUSTER_POINTS), f"{CLUSTER_POINTS}: .*is verified"),
    "claim-boundary-interior": ("interior", put("verified", "claims", BOUNDARY), f"{BOUNDARY}: .*is refuted"),
    "claim-boundary-outside": ("twins-outside", put("verified", "claims", BOUNDARY), f"{BOUNDARY}: .*is refuted"),
    "claim-points-interior": ("interior", put("verified", "claims", CLUSTER_POINTS), f"{CLUSTER_POINTS}: .*is refuted"),
    "claim-points-neither": ("neither", put("verified", "claims", CLUSTER_POINTS), f"{CLUSTER_POINTS}: .*is refuted"),
    "claim-vertices-no-leader": ("no-leader", put("verified", "claims", VERTICES), f"{VERTICES}: .*is refuted"),
    "claim-boundary-no-leader": ("no-leader", put("verified", "claims", BOUNDARY), f"{BOUNDARY}: .*is refuted"),
    "claim-convergence-cycle": ("cycle", put("verified", "claims", CONVERGENCE), f"{CONVERGENCE}: .*is refuted"),
    "claim-boundary-cycle": ("cycle", put("verified", "claims", BOUNDARY), f"{BOUNDARY}: .*is refuted"),
    "claim-convergence-undecided": ("undecided", put("refuted", "claims", CONVERGENCE), f"{CONVERGENCE}: .*nothing"),
    "claim-boundary-undecided": ("undecided-leaders", put("refuted", "claims", BOUNDARY), f"{BOUNDARY}: .*nothing"),
    "claim-none": (SIMPLE, put(dict.fromkeys(CLAIMS), "claims"), "claims: .*none"),
}

EDITED = {
    **(JSON | SHAPE | PROBLEM | ITINERARY | FROZEN | SIMILAR | PLACES),
    **(no_a.REFUSED | softmax.REFUSED | gram.REFUSED | all_steps.REFUSED | radius.REFUSED | all_matrices.REFUSED),
}


def refused(accepted: dict[str, Document]) -> dict[str, tuple[str, str]]:
    """{name: (text of the file, regular expression for the reason)} of all refusing examples."""
    made: dict[str, tuple[str, str]] = {}
    for name, (base, edit, reason) in EDITED.items():
        document: Any = copy.deepcopy(accepted[base])
        content = edit(document)
        made[name] = (to_text(sealed(document)) if content is None else content, reason)
    for name, (document, reason) in FALSE_PROOFS.items():
        made[name] = (to_text(sealed(document)), reason)
    return made
