"""From rest to periodic shedding: when it has settled, what it is like, and snapshots of one cycle.

Neighbours: `flow` advances the flow, `cycle` asks who leads among the snapshots.
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, is_zipfile

import numpy as np

from ....kernels.errors import InputError
from .flow import Flow, Grid

SNAPSHOTS = 120
"""Of one cycle."""
RADIUS = 30.0
"""Snapshots reach this far, in radii: from there on the viscosity of the flow is not the fluid's."""
START, LATEST = 4.0, 400.0
"""Until when steps are short, and when a flow that does not settle is given up, in D/U."""
SAME = 1e-3
"""A flow has settled when two cycles agree so far, in length and in the largest lift."""
Telling = Callable[[str, float, int | None], None]


@dataclass(frozen=True)
class Shedding:
    """A settled flow.

    Args:
        reynolds, radial, angular: Reynolds number and resolution.
        strouhal, drag, lift: fD/U, mean drag and amplitude of the lift coefficient over the cycle.
        settled: relative difference of the last two cycles, the larger of length and amplitude.
        lifts, drags: coefficients at each snapshot.
        psi, omega: coefficients of ψ and ω in θ, (snapshot, wave number, ring).
    """

    reynolds: float
    radial: int
    angular: int
    strouhal: float
    drag: float
    lift: float
    settled: float
    lifts: np.ndarray
    drags: np.ndarray
    psi: np.ndarray
    omega: np.ndarray

    @property
    def grid(self) -> Grid:
        """The grid of the whole flow; snapshots are of its inner rings."""
        return Grid(self.radial, self.angular)

    def save(self, path: Path) -> None:
        """Write what the study needs, fields as float32, as an `.npz` archive."""
        fields = {
            name: np.stack([np.real(f), np.imag(f)], axis=-1).astype(np.float32) for name, f in self._fields().items()
        }
        numbers = {name: getattr(self, name) for name in ("reynolds", "radial", "angular", *MEASURED)}
        arrays: dict[str, Any] = {**numbers, "lifts": self.lifts, "drags": self.drags, **fields}
        np.savez_compressed(path, **arrays)

    def _fields(self) -> dict[str, np.ndarray]:
        return {"psi": self.psi, "omega": self.omega}


MEASURED = ("strouhal", "drag", "lift", "settled")


def saved(path: Path) -> Shedding | None:
    """What `Shedding.save` wrote; None if the file is anything else, or cannot be read."""
    if not is_zipfile(path):
        return None
    try:
        with np.load(path, allow_pickle=False) as archive:
            fields = {name: archive[name][..., 0] + 1j * archive[name][..., 1] for name in ("psi", "omega")}
            numbers = {name: float(archive[name]) for name in ("reynolds", *MEASURED)}
            sizes = {name: int(archive[name]) for name in ("radial", "angular")}
            return Shedding(**numbers, **sizes, lifts=archive["lifts"], drags=archive["drags"], **fields)
    except (OSError, ValueError, LookupError, TypeError, BadZipFile, zlib.error):
        return None


def shed(reynolds: float = 100, grid: Grid | None = None, progress: Telling | None = None) -> Shedding:
    """The settled flow at a Reynolds number.

    Args:
        reynolds: Re = UD/ν, above about 50, where shedding begins, and below 180, where flows leave the plane.
        grid: the resolution.
        progress: is told what is done, how much of it, and of how much.

    Raises:
        InputError: it does not shed, or does not settle.
    """
    grid = grid or Grid(192, 128)
    coarse = 0.0125 * min(1.0, 192 / grid.radial) * min(1.0, 100 / reynolds)
    flow = Flow(reynolds, grid, coarse / 4)
    times, lifts = [0.0], [0.0]
    crossings: list[int] = []
    settled, period, fine = np.inf, 6.0, False
    while True:
        if not fine and flow.time >= START:
            flow.set_step(coarse)
            fine = True
        flow.step()
        times.append(flow.time)
        lifts.append(flow.forces()[1])
        if not np.isfinite(lifts[-1]):
            raise _unstable(reynolds, grid)
        if progress is not None and len(times) % 50 == 0:
            progress(f"flow at Re {reynolds:g}, {grid.radial} x {grid.angular}", min(flow.time, 99), 100)
        if lifts[-2] < 0 <= lifts[-1] and flow.time > 20:
            crossings.append(len(lifts) - 1)
            if len(crossings) >= 4:
                at = [_crossing(times, lifts, i) for i in crossings[-3:]]
                before, period = at[1] - at[0], at[2] - at[1]
                first, second = (max(lifts[i:j]) for i, j in zip(crossings[-3:-1], crossings[-2:], strict=True))
                settled = max(abs(period / before - 1), abs(second / first - 1))
                if settled < SAME and second > 0.01:
                    break
        if flow.time > LATEST:
            raise InputError(
                f"the flow at Re = {reynolds:g} has not settled after {LATEST:g} D/U; vortices are shed from Re = 47 "
                "on, and near it slowly: give a larger Reynolds number"
            )
    every = ceil(period / coarse / SNAPSHOTS)
    steps = every * SNAPSHOTS
    flow.set_step(period / steps)
    for _ in range(steps):  # one cycle to forget the change of step
        flow.step()
    inside = np.exp(grid.xi) <= RADIUS
    seen, psi, omega = [], [], []
    for i in range(steps):
        if i % every == 0:
            psi.append(flow.psi[:, inside])
            omega.append(flow.omega[:, inside])
        seen.append(flow.forces())
        flow.step()
    drags, found = np.array(seen).T
    if not np.isfinite(found).all():
        raise _unstable(reynolds, grid)
    return Shedding(
        reynolds, grid.radial, grid.angular, 1 / period, float(drags.mean()), float((found.max() - found.min()) / 2),
        float(settled), found[::every], drags[::every], np.array(psi), np.array(omega),
    )  # fmt: skip


def _unstable(reynolds: float, grid: Grid) -> InputError:
    return InputError(f"the flow at Re = {reynolds:g} is unstable at {grid.radial} x {grid.angular}; refine it")


def _crossing(times: list[float], lifts: list[float], i: int) -> float:
    """When the lift was 0 between two steps."""
    return times[i - 1] - lifts[i - 1] * (times[i] - times[i - 1]) / (lifts[i] - lifts[i - 1])
