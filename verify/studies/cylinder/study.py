"""The whole study: snapshots in, a record with every verdict out.

Neighbours: `questions` asks, `commands.cylinder` prints, `reports.pages.cylinder_page` draws.
"""

import struct
import zlib
from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from ....kernels.errors import InputError
from ....reports.records.cylinder_record import CountRecord, CurveRecord, CylinderRecord, FlowRecord
from . import nulls, questions
from .cycle import WINDOWS, Cycle, velocity, vorticity
from .questions import SATURATED, Material, counts, numbers
from .shedding import Shedding, Telling

MAIN = "r < 5 D"
RATES = (12, 24, 48, 96, 120, 240, 480, 1200, 2400, SATURATED)
"""Samples of a cycle at which leaders are counted."""
FEWEST, MOST = 8, 2000
FRAMES, WIDTH, HEIGHT = 24, 150, 60
"""Pictures of a cycle, and their pixels: downstream to 8 D, 2.8 D to both sides."""


def counted(name: str, cycle: Cycle) -> CountRecord:
    """How many samples lead at every rate."""
    return CountRecord(name, cycle.predicted(), tuple((n, *counts(cycle, n)) for n in RATES))


def flow_record(flow: Shedding) -> FlowRecord:
    """The flow's numbers, and how many lead in every window."""
    cycles = [Cycle.of(velocity(flow, weight)) for weight in WINDOWS.values()]
    found = [numbers(cycle, SATURATED) for cycle in cycles]
    return FlowRecord(
        flow.reynolds,
        flow.radial,
        flow.angular,
        flow.strouhal,
        flow.drag,
        flow.lift,
        flow.settled,
        tuple(cycle.predicted() or 0.0 for cycle in cycles),
        tuple((min(n), max(n), float(np.mean(n))) for n in found),
    )


def study_flow(flow: Shedding, others: tuple[FlowRecord, ...] = (), progress: Telling | None = None) -> CylinderRecord:
    """The study of a computed flow; the numbers of other flows go into the record."""
    cycles = {name: Cycle.of(velocity(flow, weight)) for name, weight in WINDOWS.items()}
    snapshots = velocity(flow, WINDOWS[MAIN])
    other = {
        "mean kept": Cycle.of(snapshots, mean=True),
        "vorticity": Cycle.of(vorticity(flow, WINDOWS[MAIN])),
        "no mass matrix": Cycle.of(velocity(flow, lambda r: WINDOWS[MAIN](r) / r**2)),
    }
    variants = (
        counted(f"{MAIN}, mean kept", other["mean kept"]),
        counted(f"{MAIN}, vorticity", other["vorticity"]),
        counted(f"{MAIN}, no mass matrix", other["no mass matrix"]),
        *(counted(f"{MAIN}, {d} principal directions", _truncated(snapshots, d)) for d in (2, 4, 8, 20)),
    )
    flows = (flow_record(flow), *others)
    material = Material(cycles, snapshots - snapshots.mean(axis=0), MAIN, other, flow, flows)
    source = f"Re = {flow.reynolds:g}, {flow.radial} x {flow.angular}, kinetic energy in the window"
    frames = tuple(b64encode(picture).decode() for picture in pictures(flow))
    return _record(source, material, variants, frames, progress)


def study_snapshots(snapshots: np.ndarray, name: str, progress: Telling | None = None) -> CylinderRecord:
    """The study of somebody's snapshots, taken as one cycle at equal steps."""
    kept = Cycle.of(snapshots, mean=True)
    material = Material({"all": Cycle.of(snapshots)}, snapshots - snapshots.mean(axis=0), "all", {"mean kept": kept})
    variants = (counted("mean kept", kept),)
    return _record(f"{len(snapshots)} snapshots of {name}, as one cycle", material, variants, (), progress)


def _truncated(snapshots: np.ndarray, d: int) -> Cycle:
    """The cycle of the first d principal coordinates (POD)."""
    centred = snapshots - snapshots.mean(axis=0)
    values, vectors = np.linalg.eigh(centred @ centred.T)
    return Cycle.of(vectors[:, -d:] * np.sqrt(np.maximum(values[-d:], 0)))


def _record(
    source: str,
    m: Material,
    variants: tuple[CountRecord, ...],
    frames: tuple[str, ...],
    progress: Telling | None,
) -> CylinderRecord:
    rng = np.random.default_rng(0)
    main, flow = m.cycles[m.main], m.flow
    asked: list[Any] = []
    steps: list[Any] = [
        *([lambda: questions.solver(m)] if flow is not None and flow.reynolds == 100 else []),
        lambda: questions.coarse(m, rng),
        lambda: questions.law(m),
        lambda: questions.theorem(m),
        *([lambda: questions.sweep(m)] if len({f.reynolds for f in m.flows}) > 1 else []),
        *([lambda: questions.universal(m)] if len(m.cycles) > 1 else []),
        lambda: questions.energy(m, rng),
        *([lambda: questions.lift(m, rng)] if m.flow is not None else []),
        lambda: questions.step(m),
        lambda: questions.order(m, rng),
        lambda: questions.periods(m, rng),
        lambda: questions.inner(m),
        lambda: questions.raw(m),
        lambda: questions.noise(m, rng),
    ]
    for k, ask in enumerate(steps):
        asked.append(ask())
        if progress is not None:
            progress("questions", k + 1, len(steps))
    compared = (
        counted("a circle round the origin", nulls.circle()),
        counted("the curve through shuffled snapshots", nulls.shuffled(m.snapshots, rng)),
        *(counted(f"phases drawn anew, {i}", nulls.phase_randomised(m.snapshots, rng)) for i in (1, 2, 3)),
        CountRecord(
            "Gaussian tokens of the same spectrum",
            None,
            tuple((n, found := nulls.gaussian(main, n, rng), found) for n in RATES),
        ),
    )
    s = 2 * np.pi * np.arange(240) / 240
    b = main.product(s)
    curve = CurveRecord(
        m.main,
        tuple(round(float(v), 4) for v in b / b.mean()),
        () if m.flow is None else tuple(round(float(v), 4) for v in m.flow.lifts),
        tuple(round(float(v) / (2 * np.pi), 4) for v in main.leaders(1200)),
        tuple((round(z.at / (2 * np.pi), 4), round(z.share, 2), z.maximum) for z in main.zeros()),
    )
    windows = tuple(counted(name, cycle) for name, cycle in m.cycles.items())
    return CylinderRecord(
        source, main.tail, conclusion(asked), tuple(asked), windows, variants, compared, curve, frames, m.flows
    )


def conclusion(asked: Sequence[Any]) -> tuple[str, ...]:
    """What the verdicts come to, the negative ones too."""
    verdict = {q.id.partition(".")[2]: q.verdict for q in asked}
    said = {
        ("energy", "supported"): "Leaders mark where the energy of the fluctuation in the window is stationary.",
        ("energy", "refuted"): "Leaders are not tied to where the energy of the fluctuation is stationary.",
        ("law", "supported"): "Sampled finely enough, their number is Σ a/|b''| within 2, as it was stated beforehand.",
        ("law", "refuted"): "The criterion stated beforehand, their number within 2 of Σ a/|b''|, fails.",
        ("theorem", "supported"): "What theorem 2 allows holds, and the mean over starting phases is within 2 of "
        "Σ a/|b''|: a criterion stated after the data had been seen.",
        ("theorem", "refuted"): "Nor is their number what theorem 2 allows.",
        ("universal", "refuted"): "The number is no property of the flow: it belongs to the window.",
        ("lift", "refuted"): "Leaders do not mark extremes of lift.",
        ("coarse", "supported"): "Below a sampling rate every snapshot leads, and leading means nothing.",
        ("noise", "refuted"): "Noise of 5 % makes many more snapshots lead: the number is no robust observable.",
        ("order", "refuted"): "The order in time plays no part: shuffled, the same snapshots lead.",
        ("periods", "supported"): "Over several periods the number stays, unless snapshots are equal: then none leads.",
        (
            "periods",
            "refuted",
        ): "Over several periods that differ by 1 % other numbers lead, and of equal snapshots none.",
        ("sweep", "refuted"): "At other Reynolds numbers and in other windows 3,600 snapshots may still be too few.",
        ("inner", "refuted"): "Another inner product has another number.",
        ("raw", "refuted"): "With the mean flow kept the number has not even come to rest at 3,600 snapshots.",
        ("step", "supported"): "The step α changes nothing: who leads at layer 0 leads for ever, and no other.",
        ("step", "refuted"): "More snapshots come to lead at later layers, and how many depends on the step α.",
    }
    return tuple(text for (name, word), text in said.items() if verdict.get(name) == word)


def read_snapshots(path: Path) -> np.ndarray:
    """Snapshots of a file, one row each: an array time × space, or time × y × x × 2, alone in it or named `snapshots`.

    Raises:
        InputError: it cannot be read, or is no such array.
    """
    try:
        with path.open("rb") as file:
            if not file.read(6).startswith((b"PK", b"\x93NUMPY")):
                raise ValueError("it does not begin as one")
            file.seek(0)
            loaded: Any = np.load(file, allow_pickle=False)
            if isinstance(loaded, np.lib.npyio.NpzFile):
                names = loaded.files
                if "snapshots" not in names and len(names) != 1:
                    raise InputError(f"{path} holds {len(names)} arrays; give one, or name it snapshots")
                loaded = loaded["snapshots" if "snapshots" in names else names[0]]
    except (OSError, ValueError, EOFError, KeyError, zlib.error, BadZipFile) as error:
        why = (error.strerror if isinstance(error, OSError) else None) or error
        raise InputError(f"{path} is no readable .npz or .npy file of plain arrays: {why}") from None
    if loaded.dtype.kind not in "fiu" or not (loaded.ndim == 2 or (loaded.ndim == 4 and loaded.shape[3] == 2)):
        raise InputError(
            f"{path} holds {loaded.dtype} of shape {loaded.shape}; time x space or time x y x x x 2 is needed"
        )
    n = len(loaded)
    if not FEWEST <= n <= MOST:
        raise InputError(f"{path} has {n} snapshots; from {FEWEST} to {MOST}, one cycle at equal steps, are needed")
    flat = loaded.reshape(n, -1).astype(float)
    if not np.isfinite(flat).all():
        where = np.argwhere(~np.isfinite(flat))[0]
        raise InputError(f"{path}: snapshot {where[0]} holds {flat[tuple(where)]}; every value must be finite")
    flat /= np.abs(flat).max(initial=0) or 1.0  # first: sums of large floats are beyond them
    if not np.abs(flat - flat.mean(axis=0)).max(initial=0) > 1e-12:
        raise InputError(f"{path}: all snapshots are the same; there is no fluctuation to ask about")
    return flat


def pictures(flow: Shedding) -> list[bytes]:
    """Vorticity round the cycle as PNG: blue clockwise, red counter-clockwise."""
    x = np.linspace(-1.5, 8, WIDTH)[None] * 2
    y = np.linspace(1.9, -1.9, HEIGHT)[:, None] * 2
    r, theta = np.hypot(x, y), np.arctan2(y, x)
    place = np.log(np.maximum(r, 1)) / flow.grid.h
    i = np.minimum(place.astype(int), flow.omega.shape[2] - 2)
    part = place - i
    k = np.arange(flow.omega.shape[1])
    turn = np.exp(1j * theta[..., None] * k) * np.where(k == 0, 1, 2)
    palette = bytes(v for level in range(16) for v in _colour(level / 7.5 - 1)) + bytes((90, 90, 90))
    found = []
    for frame in range(0, len(flow.omega), max(1, len(flow.omega) // FRAMES)):
        omega = flow.omega[frame].T
        values = ((omega[i] * (1 - part)[..., None] + omega[i + 1] * part[..., None]) * turn).sum(axis=2).real
        level = np.clip(np.rint((np.tanh(values) + 1) * 7.5), 0, 15).astype(np.uint8)
        level[r < 1] = 16
        found.append(_png(level, palette))
    return found


def _colour(v: float) -> tuple[int, int, int]:
    fade = round(255 * (1 - abs(v)))
    return (fade, fade, 255) if v < 0 else (255, fade, fade)


def _png(pixels: np.ndarray, palette: bytes) -> bytes:
    """An image with a palette."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    height, width = pixels.shape
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"PLTE", palette) + chunk(b"IDAT", zlib.compress(rows, 9))
    return b"\x89PNG\r\n\x1a\n" + body + chunk(b"IEND", b"")
