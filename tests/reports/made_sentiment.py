"""A made record of `hardmax sentiment verify`, small and complete, for tests of its page."""

from typing import Any


def number(mean: float, half: float | None = 0.01) -> dict[str, Any]:
    low, high = (None, None) if half is None else (mean - half, mean + half)
    return {"mean": mean, "deviation": None if half is None else half, "low": low, "high": high, "values": [mean, mean]}


def comparison(verdict: str = "supported", difference: float = 0.05, name: str = "the twin") -> dict[str, Any]:
    return {
        "verdict": verdict,
        "name": name,
        "effect": number(0.85),
        "alternative": number(0.8),
        "difference": number(difference),
        "margin": 0.0,
        "control": False,
    }


def made_record(word: str = "worst") -> dict[str, Any]:
    row = {"word": word, "count": 4, "sentiment": -1.0, "standing": 0.9, "positive": 0.1}
    part = {"label": "d = 2", "quantity": "accuracy", "verdict": "supported", "comparisons": [comparison()]}
    return {
        "format": "hardmax-sentiment",
        "version": 1,
        "settings": {"seeds": [0, 1], "dimensions": [2], "epochs": 8, "softmax": False, "source": "imdb"},
        "data": {"train": 10, "validation": 2, "test": 5, "duplicates": 1, "dropped": 0, "words": 7},
        "claims": [
            {
                "id": f"sentiment.{name}",
                "origin": "paper",
                "statement": f"statement {name} {word}",
                "why": "why",
                "verdict": verdict,
                "parts": parts,
            }
            for name, verdict, parts in (("a", "supported", [part]), ("b", "not_supported", []))
        ],
        "accuracy": [
            {"dimension": 2, "published": 0.791, "hard": number(0.83), "best": number(0.84), "twin": number(0.87, None)}
            | dict.fromkeys(("learned", "padding", "softmax", "words", "learned_alpha"))
        ],
        "leaders": [
            {"dimension": 2, "padding": "masked", "min": 2, "max": 11, "histogram": {"4": 3, "5": 2}}
            | {name: number(5.0) for name in ("mean", "deviation", "initial", "share")}
        ],
        "frequent": {"reviews": 3, "words": [row], "filtered": [], "standing": 0.9, "alternatives": {"others": 0.5}},
        "spread": {"2": {"layers": [1.0, 0.5], "null": [1.0, 0.5]}},
        "speed": [{"dimension": 2, "hard": 0.3, "softmax": 15.0, "ratio": 50.0}],
        "proofs": {
            "reviews": 5,
            "hypotheses": {"literal": 1, "merged_only": 4, "never": 0},
            "literal": {"verified": 3, "refuted": 2},
            "merged": {"verified": 5},
            "freeze_layers": {"0": 5},
            "leaders": {"4": 3, "5": 2},
            "mean_leaders": 4.4,
            "with_face_points": 0,
            "rules": {"R1": 9},
        },
        "model": {"digest": "0" * 64, "command": "hardmax …", "test_accuracy": 0.83, "twin_test_accuracy": None},
        "reproduced": True,
        "example": {
            "rule": "the first test review",
            "review": 3,
            "label": "negative",
            "text": f"the text {word}",
            "prediction": "negative",
            "probability": 0.1,
            "logit": -2.0,
            "bias": 0.5,
            "tokens": 3,
            "verdict": "verified",
            "freeze_layer": 0,
            "clusters": [
                {"leaders": {word: 1.0}, "first_layer": 0, "members": {word: 1, "film": 2}, "size": 3}
                | {"point": [4.0, 0.0], "logit": -4.0, "contribution": -2.5}
            ],
            "words": [word, "film"],
            "counts": [1, 2],
            "layers": [[[4.0, 0.0], [1.0, 1.0]], [[4.0, 0.0], [2.5, 0.5]]],
            "direction": [-1.0, 0.0],
        },
        "near_hardmax": {
            "beta": 1000.0,
            "reviews": 5,
            "rows": 40,
            "undecided": 1,
            "within": {"float32": 0.958, "float64": 0.915},
            "marks": {"distance of a row": [0.0, 6.9e-153, 8.7e-20, 0.022, 0.88]},
        },
        "trainings": {"all": 20, "longest": 7},
        "seconds": {"trials": 1.0, "proofs": 2.0, "all": 3},
    }
