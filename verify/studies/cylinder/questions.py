"""What might be said of the leaders among snapshots of a flow, each put to a comparison that could refute it.

Neighbours: `cycle` counts and foretells, `study` puts the record together.
"""

from dataclasses import dataclass

import numpy as np

from ....kernels.exact.configuration import Configuration
from ....reports.records.cylinder_record import QuestionRecord
from ...claims.conclusion import prove
from .cycle import Cycle, leaders_of, nearest
from .shedding import Shedding

SATURATED, PHASES = 3600, (0.0, 0.25, 0.5, 0.75)
"""Samples at which numbers have come to rest, and starting phases in steps."""
LITERATURE = {"strouhal": (0.1645, 0.03), "drag": (1.33, 0.05), "lift": (0.325, 0.05)}
"""Re = 100: value, and how far a computation may be from it, as a share."""
WITHIN, SAMPLES = 2.0, 240
"""How far a number may be from its prediction, and snapshots that are proved exactly."""
STEPS = ("1/10", "1", "10")
DRAWS = 400


@dataclass(frozen=True)
class Material:
    """What is asked about.

    Args:
        cycles: by window.
        snapshots: of the main window, one cycle, the mean removed.
        main: the name of the main window.
        flow: where snapshots are computed here.
    """

    cycles: dict[str, Cycle]
    snapshots: np.ndarray
    main: str
    flow: Shedding | None


def counts(cycle: Cycle, n: int) -> tuple[int, int]:
    """The fewest and the most leaders among n samples, over starting phases."""
    found = [len(cycle.leaders(n, phase)) for phase in PHASES]
    return min(found), max(found)


def _question(name: str, statement: str, why: str, verdict: str, effect: str, *rivals: str) -> QuestionRecord:
    return QuestionRecord(f"cylinder.{name}", statement, why, verdict, effect, rivals)  # type: ignore[arg-type]


def solver(flow: Shedding) -> QuestionRecord:
    """The flow against the literature."""
    off = {name: getattr(flow, name) / value - 1 for name, (value, _) in LITERATURE.items()}
    holds = all(abs(off[name]) <= within for name, (_, within) in LITERATURE.items())
    measured = ", ".join(f"{name} {getattr(flow, name):.4f} ({100 * off[name]:+.1f} %)" for name in off)
    return _question(
        "solver",
        "the computed flow is that of the literature at Re = 100",
        "Strouhal number off 0.1645 by more than 3 %, drag off 1.33 or lift amplitude off 0.325 by more than 5 %",
        "supported" if holds else "refuted",
        f"{measured}; two cycles differ by {flow.settled:.1e}",
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
        f"below a rate that theorem 4 computes every snapshot leads ({m.main})",
        "one snapshot that does not lead at a lower rate",
        "refuted" if wrong else "supported",
        f"all lead for N < {bound} by theorem 4; measured up to N = {reached} at every phase",
        f"of {reached} Gaussian tokens of the same spectrum {drawn} lead",
    )


def law(m: Material) -> QuestionRecord:
    """The number saturates at Σ a/|b''|."""
    said, off, beyond = [], [], []
    for name, cycle in m.cycles.items():
        predicted = cycle.predicted()
        if predicted is None:
            continue
        found = [len(cycle.leaders(SATURATED, phase)) for phase in PHASES]
        off.append(abs(float(np.mean(found)) - predicted))
        carrying = sum(zero.share > 0 for zero in cycle.zeros())
        beyond.append(max(abs(n - predicted) for n in found) > carrying)
        said.append(f"{name}: {min(found)}–{max(found)}, mean {np.mean(found):.1f}, foretold {predicted:.1f}")
    return _question(
        "law",
        f"the number of leaders saturates at Σ a/|b''|: over starting phases within {WITHIN:g}, and at no phase off by "
        "more than one for each zero of b' that carries some",
        f"a window in which, among {SATURATED} snapshots, the mean or one phase is off by more",
        "supported" if off and max(off) <= WITHIN and not any(beyond) else "refuted",
        "; ".join(said),
        f"largest difference of a mean {max(off, default=float('nan')):.1f}",
    )


def universal(m: Material) -> QuestionRecord:
    """The number is the flow's own."""
    found = {name: counts(cycle, SATURATED)[1] for name, cycle in m.cycles.items()}
    low, high = min(found.values()), max(found.values())
    return _question(
        "universal",
        "the number of leaders belongs to the flow",
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
        "leaders sit where the energy of the fluctuation in the window is stationary",
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
        "leaders mark the extremes of lift, whatever the window",
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
        f"the leaders of {len(samples)} snapshots are those of layer 0, whatever α ({m.main}; exact proofs)",
        "another set of leaders at α = 1/10, 1 or 10, or a leader that emerges later",
        "supported" if same else "not_supported" if len(sets) < len(STEPS) else "refuted",
        f"{len(at_0)} lead at layer 0; " + "; ".join(said),
    )


def noise(m: Material, rng: np.random.Generator) -> QuestionRecord:
    """Leaders survive noise."""
    cycle = m.cycles[m.main]
    s = 2 * np.pi * np.arange(SAMPLES) / SAMPLES
    gram = cycle.gram(s)
    clean, d = len(leaders_of(gram)), 4000
    added = rng.standard_normal((SAMPLES, d)) * np.sqrt(0.05**2 * np.trace(gram) / SAMPLES / d)
    values, vectors = np.linalg.eigh(cycle.K)
    points = cycle.rows(s) @ (vectors * np.sqrt(np.maximum(values, 0)))
    noisy = np.concatenate([points, np.zeros((SAMPLES, d - points.shape[1]))], axis=1) + added
    found = len(leaders_of(noisy @ noisy.T))
    return _question(
        "noise",
        "noise of 5 % leaves the number of leaders as it is",
        "a number that differs by more than a quarter",
        "supported" if abs(found - clean) <= clean / 4 else "refuted",
        f"{clean} of {SAMPLES} lead without noise, {found} with it ({m.main})",
    )


# -- nulls ------------------------------------------------------------------------------------------------------------


def circle() -> Cycle:
    """A circle round the origin."""
    return Cycle(np.eye(2))


def phase_randomised(snapshots: np.ndarray, rng: np.random.Generator) -> Cycle:
    """Each principal coordinate with its own spectrum, and phases drawn anew."""
    values, vectors = np.linalg.eigh(snapshots @ snapshots.T)
    coordinates = vectors * np.sqrt(np.maximum(values, 0))
    spectrum = np.fft.rfft(coordinates, axis=0)
    turned = np.abs(spectrum) * np.exp(2j * np.pi * rng.random(spectrum.shape))
    turned[0] = 0
    return Cycle.of(np.fft.irfft(turned, len(snapshots), axis=0))


def gaussian(cycle: Cycle, n: int, rng: np.random.Generator) -> int:
    """How many of n Gaussian tokens with the cycle's principal variances lead."""
    values = np.maximum(np.linalg.eigvalsh(cycle.K), 0)
    drawn = rng.standard_normal((n, len(values))) * np.sqrt(values / 2)
    return len(leaders_of(drawn @ drawn.T))
