"""Vortex shedding behind a circular cylinder: the two-dimensional flow at a Reynolds number, computed and validated.

Vorticity ω and stream function ψ on a log-polar grid, r = e^ξ in radii of the cylinder, U = 1 far off, ν = 2/Re:

    ω_t = e^{−2ξ} [ν (ω_ξξ + ω_θθ) − ψ_θ ω_ξ + ψ_ξ ω_θ],    ψ_ξξ + ψ_θθ = −e^{2ξ} ω.

Fourier in θ with the 2/3 rule, second-order differences in ξ, in time the backward formula of second order with
diffusion implicit. At the wall ω = −2 ψ(h)/h² (Thom) for each wave number, solved together with ψ; for wave number 0
∂ω/∂r = 0 and ψ is integrated from the wall. Far off ψ_ξ + ψ = 2e^ξ for sin θ and ψ_ξ + kψ = 0 else; ω leaves behind a
layer of growing viscosity. Forces come from the wall vorticity.

Neighbours: `shedding` runs it to a periodic state and takes snapshots.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.fft import irfft, rfft
from scipy.linalg import lapack as _lapack

_LAPACK: Any = _lapack  # its routines are made when it is imported
FAR = 120.0
"""Radius of the outer boundary, in radii."""
LAYER = (30.0, 60.0)
"""Radii between which the viscosity grows."""
STRONGEST = 20.0
"""By how many times ν."""


class Tridiagonal:
    """One tridiagonal system for each wave number, factorised once; all of them are solved as a single one."""

    def __init__(self, lower: np.ndarray, diagonal: np.ndarray, upper: np.ndarray) -> None:
        self.shape = diagonal.shape
        lower[:, 0] = upper[:, -1] = 0  # nothing couples one wave number to the next
        self._factors = _LAPACK.dgttrf(lower.ravel()[1:], diagonal.ravel(), upper.ravel()[:-1])[:-1]

    def solve(self, right: np.ndarray) -> np.ndarray:
        """The solutions, one row a wave number; real or complex."""
        columns = [np.real(right).ravel(), np.imag(right).ravel()] if np.iscomplexobj(right) else [right.ravel()]
        found = _LAPACK.dgttrs(*self._factors, np.stack(columns, axis=1))[0]
        rows = found[:, 0] if len(columns) == 1 else found[:, 0] + 1j * found[:, 1]
        return rows.reshape(self.shape)


@dataclass(frozen=True)
class Grid:
    """nξ points from the wall to `FAR`, nθ round the cylinder."""

    radial: int
    angular: int

    @property
    def h(self) -> float:
        """Step in ξ."""
        return float(np.log(FAR)) / (self.radial - 1)

    @property
    def xi(self) -> np.ndarray:
        """ξ of each ring."""
        return np.arange(self.radial) * self.h

    @property
    def theta(self) -> np.ndarray:
        """θ of each ray, 0 downstream."""
        return 2 * np.pi * np.arange(self.angular) / self.angular

    @property
    def waves(self) -> int:
        """Wave numbers that are kept."""
        return self.angular // 3 + 1


class Flow:
    """The flow at one Reynolds number, advanced step by step.

    Args:
        reynolds: Re = UD/ν.
        grid: the resolution.
        dt: time step, in D/U.
    """

    def __init__(self, reynolds: float, grid: Grid, dt: float) -> None:
        self.grid, self.reynolds = grid, reynolds
        self.nu, self.time = 2 / reynolds, 0.0
        self.k = np.arange(grid.waves)[:, None].astype(float)
        self.e2 = np.exp(2 * grid.xi)
        r = np.exp(grid.xi)
        ramp = np.clip((r - LAYER[0]) / (LAYER[1] - LAYER[0]), 0, 1)
        self.diffusion = self.nu * (1 + STRONGEST * ramp**2 * (3 - 2 * ramp)) / self.e2
        self._poisson = self._poisson_system()
        self.omega = np.zeros((grid.waves, grid.radial), complex)
        bump = np.exp(-(((r - 3) / 1.0) ** 2))
        self.omega[1] = -0.5 * bump  # even in θ: it breaks the symmetry of the wake
        self.psi = self._stream(self.omega)
        self.set_step(dt)

    def set_step(self, dt: float) -> None:
        """Go on with another time step, in D/U: its first one is of first order."""
        self.dt, self._before = 2 * dt, None  # in radii
        self._systems = {c: self._implicit(c / self.dt) for c in (1.0, 1.5)}

    # -- linear systems -----------------------------------------------------------------------------------------------

    def _poisson_system(self) -> Tridiagonal:
        n, h, k = self.grid.radial, self.grid.h, self.k
        lower = np.full((len(k), n), 1 / h**2)
        upper = lower.copy()
        diagonal = -2 / h**2 - k**2 + np.zeros(n)
        diagonal[:, 0], upper[:, 0] = 1, 0  # ψ = 0 at the wall
        lower[:, -1] = 2 / h**2  # ψ_ξ + kψ = given, with a ring beyond the last
        diagonal[:, -1] -= 2 * k[:, 0] / h
        diagonal[0], lower[0], upper[0] = 1, 0, 0  # wave number 0 is integrated
        return Tridiagonal(lower, diagonal, upper)

    def _stream(self, omega: np.ndarray) -> np.ndarray:
        """ψ of ω."""
        right = -self.e2 * omega
        right[:, 0] = 0
        right[1, -1] -= 2 / self.grid.h * 2 * np.exp(self.grid.xi[-1]) * (-0.5j)  # sin θ is −i/2 of e^{iθ}
        psi = self._poisson.solve(right)
        slope = np.zeros(self.grid.radial)
        source = -(self.e2 * omega[0].real)
        slope[1:] = np.cumsum((source[1:] + source[:-1]) / 2) * self.grid.h
        psi[0] = 0
        psi[0, 1:] = np.cumsum((slope[1:] + slope[:-1]) / 2) * self.grid.h
        return psi

    def _implicit(self, c: float) -> tuple[Tridiagonal, np.ndarray, np.ndarray]:
        """c ω − L ω with ω given at the wall; the answer to ω = 1 there, and ψ of that one at the first ring."""
        n, h, k = self.grid.radial, self.grid.h, self.k
        d = np.broadcast_to(self.diffusion, (len(k), n))
        lower, upper = -d / h**2, -d / h**2
        diagonal = c + d * (2 / h**2 + k**2)
        diagonal[:, 0], upper[:, 0] = 1, 0
        lower[:, -1] *= 2  # ω_ξ = 0 far off
        diagonal[0, 0] = c + 2 * d[0, 0] / h**2  # wave number 0: ω_ξ = 0 at the wall
        upper[0, 0] = -2 * d[0, 0] / h**2
        system = Tridiagonal(lower, diagonal, upper)
        right = np.zeros((len(k), n))
        right[1:, 0] = 1
        one = system.solve(right)
        right = -self.e2 * one
        right[:, 0] = 0
        return system, one, self._poisson.solve(right)

    # -- time ---------------------------------------------------------------------------------------------------------

    def _derivative(self, f: np.ndarray) -> np.ndarray:
        """f_ξ of coefficients, inside."""
        g = np.zeros_like(f)
        g[:, 1:-1] = (f[:, 2:] - f[:, :-2]) / (2 * self.grid.h)
        g[:, -1] = (f[:, -1] - f[:, -2]) / self.grid.h
        return g

    def _advection(self) -> np.ndarray:
        ik = 1j * self.k
        fields = np.stack([ik * self.psi, self._derivative(self.omega), self._derivative(self.psi), ik * self.omega])
        psi_theta, omega_xi, psi_xi, omega_theta = np.asarray(irfft(fields, self.grid.angular, axis=1, norm="forward"))
        product = psi_theta * omega_xi - psi_xi * omega_theta
        return np.asarray(rfft(product, axis=0, norm="forward"))[: self.grid.waves] / self.e2

    def step(self) -> None:
        """One time step; beyond stability numbers overflow, which whoever asks for forces sees."""
        with np.errstate(all="ignore"):
            self._step()

    def _step(self) -> None:
        now = self.omega, self._advection()
        if self._before is None:
            c, right = 1.0, now[0] / self.dt - now[1]
        else:
            c, right = 1.5, (2 * now[0] - self._before[0] / 2) / self.dt - 2 * now[1] + self._before[1]
        self._before = now
        system, one, one_psi = self._systems[c]
        right[1:, 0] = 0
        omega = system.solve(right)
        psi = self._stream(omega)
        h2 = self.grid.h**2 / 2
        wall = np.zeros(len(self.k), complex)
        wall[1:] = -psi[1:, 1] / (h2 + one_psi[1:, 1])  # ω = −2ψ(h)/h² of both parts together
        self.omega, self.psi = omega + wall[:, None] * one, psi + wall[:, None] * one_psi
        self.time += self.dt / 2

    def forces(self) -> tuple[float, float]:
        """Drag and lift coefficients: ν ∮ (ω_ξ − ω) sin θ dθ and −ν ∮ (ω_ξ − ω) cos θ dθ."""
        w = self.omega[1]
        slope = (-3 * w[0] + 4 * w[1] - w[2]) / (2 * self.grid.h)
        part = 2 * np.pi * self.nu * (slope - w[0])
        return float(-part.imag), float(-part.real)
