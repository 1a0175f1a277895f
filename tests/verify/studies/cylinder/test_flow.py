"""The solver: what it solves is solved, and a short run of a coarse flow sheds."""

import numpy as np
import pytest

from hardmax.kernels.errors import InputError
from hardmax.verify.cli import main
from hardmax.verify.studies.cylinder import shedding, study
from hardmax.verify.studies.cylinder.flow import Flow, Grid, Tridiagonal


def test_tridiagonal_systems_are_solved_together():
    rng = np.random.default_rng(0)
    lower, upper = rng.standard_normal((2, 3, 7))
    diagonal = 5 + rng.standard_normal((3, 7))
    right = rng.standard_normal((3, 7)) + 1j * rng.standard_normal((3, 7))
    found = Tridiagonal(lower.copy(), diagonal, upper.copy()).solve(right)
    for k in range(3):
        M = np.diag(diagonal[k]) + np.diag(lower[k, 1:], -1) + np.diag(upper[k, :-1], 1)
        assert M @ found[k] == pytest.approx(right[k])


def test_without_vorticity_the_stream_is_that_of_potential_flow():
    flow = Flow(100, Grid(300, 48), 0.005)
    psi = flow._stream(np.zeros_like(flow.omega))
    r = np.exp(flow.grid.xi)
    assert 2j * psi[1] == pytest.approx(r - 1 / r, rel=2e-3, abs=2e-3)
    assert np.abs(psi[2:]).max() < 1e-12


def test_the_step_solves_its_equation():
    """After one step of first order: (ω⁺ − ω)/dt + advection = diffusion, no slip, and ψ of ω⁺."""
    flow = Flow(100, Grid(96, 48), 0.002)
    for _ in range(20):
        flow.step()
    flow.set_step(0.001)
    before, advection = flow.omega, flow._advection()
    flow.step()
    h, k = flow.grid.h, flow.k
    second = (flow.omega[:, 2:] - 2 * flow.omega[:, 1:-1] + flow.omega[:, :-2]) / h**2 - k**2 * flow.omega[:, 1:-1]
    left = (flow.omega - before)[:, 1:-1] / flow.dt + advection[:, 1:-1]
    assert left == pytest.approx((flow.diffusion[1:-1] * second), rel=1e-6, abs=1e-8)
    assert flow.omega[1:, 0] == pytest.approx(-2 * flow.psi[1:, 1] / h**2, rel=1e-6, abs=1e-9)
    assert flow.psi == pytest.approx(flow._stream(flow.omega), rel=1e-6, abs=1e-9)


def test_drag_and_lift_are_those_of_a_known_wall():
    flow = Flow(40, Grid(96, 48), 0.005)
    flow.omega[:] = 0
    flow.omega[1] = (0.3 - 0.5j) * np.exp(-flow.grid.xi)
    drag, lift = flow.forces()
    theta = flow.grid.theta
    wall = 2 * (0.3 * np.cos(theta) + 0.5 * np.sin(theta))  # ω_ξ = −ω there
    assert drag == pytest.approx(flow.nu * 2 * np.pi * np.mean(-2 * wall * np.sin(theta)), rel=2e-3)
    assert lift == pytest.approx(-flow.nu * 2 * np.pi * np.mean(-2 * wall * np.cos(theta)), rel=2e-3)


def test_what_is_unstable_or_does_not_settle_is_said(monkeypatch):
    monkeypatch.setattr(shedding, "LATEST", 1.0)
    with pytest.raises(InputError, match="has not settled after 1 D/U"):
        shedding.shed(100, Grid(64, 48))
    monkeypatch.setattr(shedding.Flow, "forces", lambda flow: (0.0, float("nan")))
    with pytest.raises(InputError, match="unstable at 64 x 48; refine it"):
        shedding.shed(100, Grid(64, 48))


def test_time_steps_are_short_enough_for_the_grid_and_the_reynolds_number(monkeypatch):
    """They are never longer than those of 192 rings at Re = 100, in proportion: longer ones overflow."""
    steps = []

    class Swinging(Flow):
        def set_step(self, dt):
            steps.append(dt)
            super().set_step(dt)

        def step(self):
            self.time += self.dt / 2

        def forces(self):
            return 1.0, float(np.sin(2 * np.pi * self.time / 6.1))

    monkeypatch.setattr(shedding, "Flow", Swinging)
    for reynolds, radial in ((100, 64), (100, 256), (150, 64)):
        steps.clear()
        flow = shedding.shed(reynolds, Grid(radial, 48))
        assert len(flow.lifts) == len(flow.psi) == shedding.SNAPSHOTS
        assert max(steps) <= 0.0125 * min(1, 192 / radial) * min(1, 100 / reynolds)
        assert 6.1 / steps[-1] == pytest.approx(round(6.1 / steps[-1] / 120) * 120, rel=1e-3)


def test_snapshots_are_read_back(tmp_path):
    rng = np.random.default_rng(0)
    fields = rng.standard_normal((2, 4, 3, 5)) + 1j * rng.standard_normal((2, 4, 3, 5))
    made = shedding.Shedding(100, 64, 48, 0.16, 1.3, 0.3, 1e-3, np.arange(4.0), np.ones(4), *fields)
    made.save(tmp_path / "flow.npz")
    found = shedding.saved(tmp_path / "flow.npz")
    assert (found.reynolds, found.radial, found.strouhal) == (100, 64, 0.16)
    assert found.psi == pytest.approx(made.psi, rel=1e-6)
    (tmp_path / "damaged.npz").write_bytes((tmp_path / "flow.npz").read_bytes()[:-400])
    np.savez(tmp_path / "other.npz", psi=np.ones(3), omega=np.ones(3))
    np.save(tmp_path / "array.npy", np.ones((9, 3)))
    for other in ("damaged.npz", "other.npz", "array.npy", "none.npz"):
        assert shedding.saved(tmp_path / other) is None


def test_a_saved_flow_is_asked_again_without_computing_it(tmp_path, monkeypatch, capsys):
    made = shedding.Shedding(100, 64, 48, 0.16, 1.3, 0.3, 1e-3, np.arange(4.0), np.ones(4), *np.ones((2, 4, 3, 5)))
    made.save(tmp_path / "flow.npz")

    def asked(flow, others, told):
        raise InputError(f"asked of a flow with {flow.strouhal}, {flow.omega.shape} and {len(others)} others")

    monkeypatch.setattr(study, "study_flow", asked)
    with pytest.raises(SystemExit):
        main(["cylinder", "--snapshots", str(tmp_path / "flow.npz")])
    assert "asked of a flow with 0.16, (4, 3, 5) and 0 others" in capsys.readouterr().err


@pytest.mark.deep
def test_the_flow_is_that_of_the_literature():
    flow = shedding.shed()
    assert flow.strouhal == pytest.approx(0.1645, rel=0.03)
    assert flow.drag == pytest.approx(1.33, rel=0.05)
    assert flow.lift == pytest.approx(0.325, rel=0.05)
