"""What might be said of the leaders among snapshots of a flow, each put to a comparison that could refute it.

Neighbours: `cycle` counts and foretells, `study` puts the record together.
"""

from dataclasses import dataclass

import numpy as np

from ....kernels.exact.configuration import Configuration
from ....reports.records.cylinder_record import FlowRecord, QuestionRecord
from ...claims.conclusion import prove
from .claims import NOISE, PERIODS, STATEMENTS, WITHIN
from .cycle import Cycle, leaders_of, nearest
from .nulls import gaussian, shuffled
from .shedding import Shedding

SATURATED, PHASES = 3600, tuple(k / 16 for k in range(16))
"""Samples at which numbers have come to rest, and starting phases in steps."""
LITERATURE = {"strouhal": (0.1645, 0.03), "drag": (1.33, 0.05), "lift": (0.325, 0.05)}
"""Re = 100: value, and how far a computation may be from it, as a share."""
SAMPLES = 240
"""Snapshots that are proved exactly."""
STEPS = ("1/10", "1", "10")
DRAWS = 400


@dataclass(frozen=True)
class Material:
    """What is asked about.

    Args:
        cycles: by window.
        snapshots: of the main window, one cycle, the mean removed.
        main: the name of the main window.
        other: cycles of the main window in other inner products, and with the mean kept.
        flow: where snapshots are computed here.
        flows: its numbers first, then those of other flows.
    """

    cycles: dict[str, Cycle]
    snapshots: np.ndarray
    main: str
    other: dict[str, Cycle]
    flow: Shedding | None = None
    flows: tuple[FlowRecord, ...] = ()


def numbers(cycle: Cycle, n: int) -> list[int]:
    """How many of n samples lead, at each starting phase."""
    return [len(cycle.leaders(n, phase)) for phase in PHASES]


def counts(cycle: Cycle, n: int) -> tuple[int, int]:
    """The fewest and the most leaders among n samples, over starting phases."""
    found = numbers(cycle, n)
    return min(found), max(found)


def _question(name: str, where: str, why: str, verdict: str, effect: str, *rivals: str) -> QuestionRecord:
    statement = f"{STATEMENTS[name]} ({where})" if where else STATEMENTS[name]
    return QuestionRecord(f"cylinder.{name}", statement, why, verdict, effect, rivals)  # type: ignore[arg-type]


def solver(m: Material) -> QuestionRecord:
    """The flow against the literature, and against itself on other grids."""
    flow, *rest = m.flows
    off = {name: getattr(flow, name) / value - 1 for name, (value, _) in LITERATURE.items()}
    holds = all(abs(off[name]) <= within for name, (_, within) in LITERATURE.items())
    measured = ", ".join(f"{name} {getattr(flow, name):.4f} ({100 * off[name]:+.1f} %)" for name in off)
    grids = [
        f"on {f.radial} x {f.angular}: "
        + ", ".join(f"{name} {100 * (getattr(f, name) / getattr(flow, name) - 1):+.1f} %" for name in off)
        for f in rest
        if f.reynolds == flow.reynolds
    ]
    return _question(
        "solver",
        "",
        "Strouhal number off 0.1645 by more than 3 %, drag off 1.33 or lift amplitude off 0.325 by more than 5 %",
        "supported" if holds else "refuted",
        f"{measured}; two cycles differ by {flow.settled:.1e}",
        *grids,
    )


def coarse(m: Material, rng: np.random.Generator) -> QuestionRecord:
    """All lead at low sampling rates, as theorem 4 says."""
    cycle = m.cycles[m.main]
    bound = cycle.all_lead_below()
    tried = range(3, max(bound, 3))
    wrong = [n for n in tried if counts(cycle, n)[0] < n]
    reached = next((n for n in range(3, 400) if counts(cycle, n)[0] < n), 400) - 1
    drawn = gaussian(cycle, reached, rng)
    return _question(
        "coarse",
        m.main,
        "one snapshot that does not lead at a lower rate",
        "refuted" if wrong else "supported",
        f"all lead for N < {bound} by theorem 4; measured up to N = {reached} at every phase",
        f"of {reached} Gaussian tokens of the same spectrum {drawn} lead",
    )


def law(m: Material) -> QuestionRecord:
    """The number saturates at Σ a/|b''|, within 2: the criterion that was stated beforehand."""
    said, wrong = [], []
    for name, cycle in m.cycles.items():
        predicted = cycle.predicted()
        if predicted is None:
            continue
        found = numbers(cycle, SATURATED)
        worst = max(abs(n - predicted) for n in found)
        said.append(f"{name}: {min(found)}–{max(found)}, foretold {predicted:.1f}, off by up to {worst:.1f}")
        if worst > WITHIN:
            far = sum(abs(n - predicted) > WITHIN for n in found)
            wrong.append(f"fails in {name}, at {far} of {len(found)} starting phases, by {worst - WITHIN:.1f}")
    return _question(
        "law",
        "",
        f"a window and a starting phase at which, of {SATURATED} snapshots, the number that leads is off by more",
        "supported" if said and not wrong else "refuted",
        f"holds in {len(said) - len(wrong)} of {len(said)} windows; " + "; ".join(said),
        *wrong,
    )


def theorem(m: Material) -> QuestionRecord:
    """What theorem 2 allows, and the mean: stated after `law` had been seen to fail."""
    said, wrong = [], False
    for name, cycle in m.cycles.items():
        predicted = cycle.predicted()
        if predicted is None:
            continue
        found, carrying = numbers(cycle, SATURATED), sum(zero.share > 0 for zero in cycle.zeros())
        mean, worst = float(np.mean(found)), max(abs(n - predicted) for n in found)
        wrong |= abs(mean - predicted) > WITHIN or worst > carrying
        said.append(
            f"{name}: mean {mean:.1f}, foretold {predicted:.1f}; off by up to {worst:.1f} of {carrying} allowed"
        )
    return _question(
        "theorem",
        "",
        f"a window in which, of {SATURATED} snapshots, the mean or one number is off by more",
        "supported" if said and not wrong else "refuted",
        "; ".join(said),
    )


def sweep(m: Material) -> QuestionRecord:
    """The same at other Reynolds numbers and resolutions."""
    off = [
        (abs(mean - foretold), f"Re {f.reynolds:g}, {f.radial} x {f.angular}, {name}: {low}–{high}, mean {mean:.1f}, "
         f"foretold {foretold:.1f}")
        for f in m.flows
        for name, foretold, (low, high, mean) in zip(m.cycles, f.predicted, f.leaders, strict=True)
    ]  # fmt: skip
    main = [*m.cycles].index(m.main)
    return _question(
        "sweep",
        "",
        f"a flow and a window in which, of {SATURATED} snapshots, it is off by more",
        "supported" if max(off)[0] <= WITHIN else "refuted",
        f"{sum(d <= WITHIN for d, _ in off)} of {len(off)} within {WITHIN:g}; {m.main}: "
        + ", ".join(
            f"{f.leaders[main][0]}–{f.leaders[main][1]} at Re {f.reynolds:g} on {f.radial} x {f.angular}"
            for f in m.flows
        ),
        *(f"off by {d:.1f}: {text}" for d, text in sorted(off, reverse=True) if d > WITHIN),
    )


def universal(m: Material) -> QuestionRecord:
    """The number is the flow's own."""
    found = {name: counts(cycle, SATURATED)[1] for name, cycle in m.cycles.items()}
    low, high = min(found.values()), max(found.values())
    return _question(
        "universal",
        "",
        "windows whose numbers differ by more than a factor of 1.5",
        "refuted" if high > 1.5 * low else "supported",
        ", ".join(f"{name}: {n}" for name, n in found.items()),
    )


def energy(m: Material, rng: np.random.Generator) -> QuestionRecord:
    """Leaders sit where the energy of the fluctuation is stationary."""
    verdicts, said, rivals = [], [], []
    for name, cycle in m.cycles.items():
        zeros = np.array([z.at for z in cycle.zeros()])
        if not len(zeros):
            continue
        where = cycle.leaders(SATURATED)
        mean, null = float(nearest(where, zeros).mean()), _null(len(where), zeros, rng)
        verdicts.append(mean < null[0])
        said.append(f"{name}: {100 * mean:.2f} %")
        rivals.append(f"{name}: as many samples anywhere {100 * null[0]:.1f} to {100 * null[1]:.1f} %")
    return _question(
        "energy",
        "",
        "leaders as far from its stationary points as samples drawn anywhere (90 % of draws)",
        "supported" if verdicts and all(verdicts) else "refuted",
        "mean distance in shares of a cycle: " + "; ".join(said),
        *rivals,
    )


def lift(m: Material, rng: np.random.Generator) -> QuestionRecord:
    """Leaders mark extremes of lift."""
    assert m.flow is not None
    values = m.flow.lifts
    peaks = [
        i for i in range(len(values)) if (values[i] - values[i - 1]) * (values[i] - values[(i + 1) % len(values)]) > 0
    ]
    marks = 2 * np.pi * np.array(peaks) / len(values)
    better, said, rivals = [], [], []
    for name, cycle in m.cycles.items():
        where = cycle.leaders(SATURATED)
        mean, null = float(nearest(where, marks).mean()), _null(len(where), marks, rng)
        better.append(mean < null[0])
        said.append(f"{name}: {100 * mean:.1f} %")
        rivals.append(f"{name}: as many samples anywhere {100 * null[0]:.1f} to {100 * null[1]:.1f} %")
    return _question(
        "lift",
        "",
        "a window in which they are no nearer to them than samples drawn anywhere (90 % of draws)",
        "supported" if all(better) else "refuted",
        f"mean distance in shares of a cycle, nearer than drawn in {sum(better)} of {len(better)}: " + "; ".join(said),
        *rivals,
    )


def _null(n: int, marks: np.ndarray, rng: np.random.Generator) -> tuple[float, float]:
    """What the mean distance of n samples drawn anywhere is, in 90 % of draws."""
    drawn = [float(nearest(rng.uniform(0, 2 * np.pi, n), marks).mean()) for _ in range(DRAWS)]
    low, high = np.quantile(drawn, (0.05, 0.95))
    return float(low), float(high)


def exact_gram(snapshots: np.ndarray) -> np.ndarray:
    """Inner products of snapshots that are rounded to whole numbers so that floats add their products up exactly."""
    bits = int((52 - np.log2(snapshots.shape[1])) // 2)
    whole = np.rint(snapshots / np.abs(snapshots).max() * 2.0**bits)
    return whole @ whole.T


def resampled(snapshots: np.ndarray, n: int) -> np.ndarray:
    """n samples of the closed curve through snapshots, by its harmonics."""
    m = len(snapshots)
    s, cycle = 2 * np.pi * np.arange(m) / m, Cycle.of(snapshots)
    W = cycle.rows(s).T * 2 / m
    return cycle.rows(2 * np.pi * np.arange(n) / n) @ (W @ snapshots)


def step(m: Material) -> QuestionRecord:
    """α changes nothing: exact proofs."""
    samples = resampled(m.snapshots, SAMPLES) if m.flow is not None else m.snapshots
    gram = exact_gram(samples)
    at_0 = set(leaders_of(gram).tolist())
    said, sets = [], []
    for alpha in STEPS:
        result = prove(Configuration.from_gram(gram, alpha))
        leaders = result.leaders
        if leaders is None:
            said.append(f"α = {alpha}: undecided")
            continue
        sets.append(set(leaders))
        layer = result.freeze_layer
        said.append(f"α = {alpha}: {len(leaders)} leaders, {result.verdict}, no set changes from layer {layer} on")
    same = len(sets) == len(STEPS) and all(one == at_0 for one in sets)
    return _question(
        "step",
        f"{m.main}; exact proofs of {len(samples)} snapshots",
        "another set of leaders at α = 1/10, 1 or 10, or a leader that emerges later",
        "supported" if same else "not_supported" if len(sets) < len(STEPS) else "refuted",
        f"{len(at_0)} lead at layer 0; " + "; ".join(said),
    )


def order(m: Material, rng: np.random.Generator) -> QuestionRecord:
    """Who leads depends on the order in time."""
    n = len(m.snapshots)
    drawn = rng.permutation(n)
    here = set(leaders_of(m.snapshots @ m.snapshots.T).tolist())
    mixed = m.snapshots[drawn]
    there = {int(drawn[i]) for i in leaders_of(mixed @ mixed.T)}
    foretold = [shuffled(m.snapshots, rng).predicted() or float("nan") for _ in range(5)]
    return _question(
        "order",
        "",
        "the same snapshots lead when they are shuffled",
        "refuted" if here == there else "supported",
        f"{len(here)} of {n} lead, {len(here & there)} of them shuffled",
        f"the curves through shuffled snapshots foretell {min(foretold):.1f} to {max(foretold):.1f}",
    )


def periods(m: Material, rng: np.random.Generator) -> QuestionRecord:
    """Near-copies over several periods leave the number as it is."""
    points = _points(m.cycles[m.main], SAMPLES)
    once, size = len(leaders_of(points @ points.T)), np.sqrt((points**2).sum(axis=1).mean())
    several = {"each period larger by 0.1 %": [points * (1 + 0.001 * k) for k in range(PERIODS)]}
    for level in NOISE[:2]:
        off = level * size / points.shape[1] ** 0.5
        several[f"snapshots off by {100 * level:g} % at random"] = [
            points + off * rng.standard_normal(points.shape) for _ in range(PERIODS)
        ]
    found = {name: len(leaders_of(x @ x.T)) for name, x in ((k, np.concatenate(v)) for k, v in several.items())}
    return _question(
        "periods",
        m.main,
        "a number that differs by more than a quarter",
        "supported" if all(abs(n - once) <= once / 4 for n in found.values()) else "refuted",
        f"{once} of {SAMPLES} lead in one period; over {PERIODS}, "
        + "; ".join(f"{k}: {n} of {PERIODS * SAMPLES}" for k, n in found.items()),
        "of exact copies none leads alone, so none is a leader: merge them",
    )


def inner(m: Material) -> QuestionRecord:
    """The number does not depend on the inner product."""
    own = counts(m.cycles[m.main], SATURATED)
    found = {name: counts(cycle, SATURATED) for name, cycle in m.other.items()}
    return _question(
        "inner",
        m.main,
        "a number that differs by more than a factor of 1.5",
        "refuted" if any(not own[1] / 1.5 <= high <= own[1] * 1.5 for _, high in found.values()) else "supported",
        f"{own[0]}–{own[1]} of {SATURATED}; " + ", ".join(f"{name}: {a}–{b}" for name, (a, b) in found.items()),
    )


def raw(m: Material) -> QuestionRecord:
    """The law with the mean flow kept."""
    cycle = m.other["mean kept"]
    predicted = cycle.predicted() or float("nan")
    found = {n: counts(cycle, n) for n in (SATURATED // 2, SATURATED)}
    off = max(abs(n - predicted) for n in found[SATURATED])
    return _question(
        "raw",
        m.main,
        f"a starting phase at which, of {SATURATED} snapshots, it is off by more",
        "supported" if off <= WITHIN else "refuted",
        ", ".join(f"{a}–{b} of {n}" for n, (a, b) in found.items()) + f", foretold {predicted:.1f}",
    )


def noise(m: Material, rng: np.random.Generator) -> QuestionRecord:
    """Leaders survive noise."""
    points, d = _points(m.cycles[m.main], SAMPLES), 4000
    clean, size = len(leaders_of(points @ points.T)), np.sqrt((points**2).sum(axis=1).mean())
    found = {}
    for level in NOISE:
        drawn = []
        for _ in range(3):
            noisy = rng.standard_normal((SAMPLES, d)) * level * size / d**0.5
            noisy[:, : points.shape[1]] += points
            drawn.append(len(leaders_of(noisy @ noisy.T)))
        found[level] = min(drawn), max(drawn)
    return _question(
        "noise",
        m.main,
        "a number that differs by more than a quarter",
        "supported" if all(abs(n - clean) <= clean / 4 for n in found[NOISE[-1]]) else "refuted",
        f"{clean} of {SAMPLES} lead without noise; in three draws each, "
        + ", ".join(f"with {100 * level:g} %: {a}–{b}" for level, (a, b) in found.items()),
    )


def _points(cycle: Cycle, n: int) -> np.ndarray:
    """n samples of the cycle, in coordinates."""
    values, vectors = np.linalg.eigh(cycle.K)
    return cycle.rows(2 * np.pi * np.arange(n) / n) @ (vectors * np.sqrt(np.maximum(values, 0)))
