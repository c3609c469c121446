"""A fit as numbers: what is simulated, what it is compared with, and the residuals with their exact slopes.

Residuals are differences of asinh(I / 2 I_0): a logarithm of the current with its sign, finite through zero.
Samples where the source regulated say nothing about the device and are left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float

from pinched._errors import PinchedError
from pinched.data.sweep import IVSweep
from pinched.data.waveforms import Waveform
from pinched.devices._expression import derivative, evaluate, variable
from pinched.devices._program import program
from pinched.devices._run import Inputs, Plan, Settings, compute
from pinched.devices.circuit import Circuit
from pinched.devices.drive import error_scales
from pinched.devices.fit_ranges import FitRange
from pinched.devices.law import Law, parameters, recorded, with_parameters

SERIES = "series_resistance"
"""Name of the series resistance (ohm) among the free parameters."""

_LOST = 50.0
"""Residual of a candidate that could not be simulated: e^50 off."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Target:
    """One sweep to be met."""

    plan: Plan
    measured: Float[np.ndarray, " sample"]
    used: Bool[np.ndarray, " sample"]
    limit: float | None
    both_limited: bool


def target(sweep: IVSweep, points: int, rate: float) -> Target:
    """`sweep` thinned to about `points` samples; without a time it is swept at `rate` (V/s)."""
    time = sweep.time
    if time is None or not bool((np.diff(time) >= 0).all()) or time[-1] <= time[0]:
        step = np.abs(np.diff(sweep.voltage)) / rate
        # Held voltages without a time still take some: a thousandth of the mean step.
        time = np.concatenate([[0.0], np.cumsum(step + 1e-3 * max(float(step.mean()), 1e-12))])
    time = time - time[0]
    keep = _thinned(sweep.voltage, points)
    waveform = Waveform(time=time[keep], voltage=sweep.voltage[keep])
    plan = Plan.of(waveform, 2, np.asarray(time[keep]), False, None)
    measured = sweep.signed_current[keep]
    limit = sweep.compliance_current
    used = np.ones(measured.size, np.bool_)
    both = False
    if limit is not None:
        used = np.abs(measured) < 0.97 * limit
        both = bool((measured <= -0.97 * limit).any()) or not bool((measured < -limit).any())
    return Target(plan=plan, measured=measured, used=used, limit=limit, both_limited=both)


def _thinned(voltage: Float[np.ndarray, " sample"], points: int) -> np.ndarray:
    """Even samples, and every one where the voltage turns: the waveform must keep its corners."""
    step = max(1, voltage.size // points)
    even = np.zeros(voltage.size, np.bool_)
    even[::step] = True
    even[-1] = True
    slope = np.sign(np.diff(voltage))
    even[1:-1] |= slope[1:] * slope[:-1] < 0
    return np.flatnonzero(even)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Problem:
    """A law, its free parameters with their ranges, and the sweeps to be met."""

    law: Law
    ranges: Mapping[str, FitRange]
    targets: Sequence[Target]
    floor: float
    """I_0 (A): the current below which differences count no more in proportion."""
    series: float
    """Series resistance (ohm) where it is not free."""

    @property
    def names(self) -> list[str]:
        """Free parameters, in the order of every vector here."""
        return list(self.ranges)

    def values(self, share: Float[np.ndarray, " parameter"]) -> dict[str, float]:
        """Parameter values at shares (0 to 1) of their ranges."""
        return {n: float(r.value(s)) for (n, r), s in zip(self.ranges.items(), share, strict=True)}

    def device(self, share: Float[np.ndarray, " parameter"]) -> Law:
        """The law with these parameters. Raises `PinchedError` where it refuses them."""
        return with_parameters(self.law, {n: v for n, v in self.values(share).items() if n != SERIES})

    def accepted(self, share: Float[np.ndarray, " parameter"]) -> bool:
        """True where the law takes these parameters."""
        try:
            self.device(share)
        except PinchedError:
            return False
        return True

    def costs(
        self, shares: Float[np.ndarray, "candidate parameter"], targets: Sequence[Target], rtol: float
    ) -> Float[np.ndarray, " candidate"]:
        """Mean squared residual of many candidates, simulated beside each other; infinite for a refused one."""
        good = np.array([self.accepted(s) for s in shares])
        result = np.full(shares.shape[0], np.inf)
        if not good.any():
            return result
        columns = {n: r.value(shares[good, k]) for k, (n, r) in enumerate(self.ranges.items())}
        series = torch.as_tensor(columns.pop(SERIES, np.float64(self.series)), dtype=torch.float64)
        device = with_parameters(
            self.law, {n: torch.from_numpy(np.ascontiguousarray(v)) for n, v in columns.items()}
        )
        totals, count = np.zeros(int(good.sum())), 0
        for item in targets:
            given = Inputs.of(device, _circuit(item, series), None, None)
            settings = Settings(rtol=rtol, seed=0, max_steps=4000, scales=error_scales(device, given))
            current = compute(program(device), item.plan, settings, given, graded=False).current
            difference = self._scaled(current[:, item.used]) - self._scaled(item.measured[item.used])
            difference = np.where(np.isfinite(difference), difference, _LOST)
            # Robust: a switch at a slightly wrong voltage must not outweigh all the rest.
            totals += (2.0 * (np.sqrt(1.0 + difference**2) - 1.0)).sum(axis=1)
            count += int(item.used.sum())
        result[good] = totals / max(count, 1)
        return result

    def residuals(self, share: Float[np.ndarray, " parameter"], rtol: float) -> tuple[np.ndarray, np.ndarray]:
        """Residuals of all sweeps and their Jacobian by the shares: exact, or by differences for a play law."""
        if program(self.law).formula.play:
            return self._differences(share)
        values = self.values(share)
        series = values.get(SERIES, self.series)
        device = self.device(share)
        code = program(device)
        all_names = list(code.formula.names)
        starts = _start_slopes(device, list(values))
        pieces, slopes = [], []
        for item in self.targets:
            given = Inputs.of(device, _circuit(item, torch.tensor(series, dtype=torch.float64)), None, None)
            settings = Settings(rtol=rtol, seed=0, max_steps=20_000, scales=error_scales(device, given))
            done = compute(code, item.plan, settings, given, graded=True)
            current, whole = done.current[0][item.used], done.sensitivity
            if whole is None:
                raise AssertionError("sensitivities were asked for")
            sensitivity = whole[0, :, 0][item.used]
            count = len(all_names)
            columns = []
            for k, name in enumerate(values):
                column = (
                    sensitivity[:, count] if name == SERIES else sensitivity[:, all_names.index(name)].copy()
                )
                for v, by in enumerate(starts.get(name, ())):
                    column = column + by * sensitivity[:, count + 1 + v]
                columns.append(column * self.ranges[name].slope(float(share[k])))
            residual = self._scaled(current) - self._scaled(item.measured[item.used])
            weight = 1.0 / np.sqrt(current**2 + 4.0 * self.floor**2)
            jacobian = np.stack(columns, axis=1) * weight[:, None]
            lost = ~np.isfinite(residual)
            residual[lost] = _LOST
            jacobian[lost | ~np.isfinite(jacobian).all(axis=1)] = 0.0
            pieces.append(residual)
            slopes.append(jacobian)
        return np.concatenate(pieces), np.concatenate(slopes)

    def _differences(self, share: Float[np.ndarray, " parameter"]) -> tuple[np.ndarray, np.ndarray]:
        """A rate-independent law has no sensitivities; its runs are exact, so that small differences do."""

        def residual(at: np.ndarray) -> np.ndarray:
            parts = [
                self._scaled(self.simulated(at, t)[t.used]) - self._scaled(t.measured[t.used])
                for t in self.targets
            ]
            whole = np.concatenate(parts)
            return np.where(np.isfinite(whole), whole, _LOST)

        base = residual(share)
        columns = []
        for k in range(share.size):
            step = 1e-6 if share[k] < 0.5 else -1e-6
            moved = share.copy()
            moved[k] += step
            columns.append((residual(moved) - base) / step)
        return base, np.stack(columns, axis=1)

    def simulated(self, share: Float[np.ndarray, " parameter"], item: Target) -> Float[np.ndarray, " sample"]:
        """Current (A) of the law at every sample of one sweep; NaN from where it could not go on."""
        device = self.device(share)
        series = self.values(share).get(SERIES, self.series)
        given = Inputs.of(device, _circuit(item, torch.tensor(series, dtype=torch.float64)), None, None)
        settings = Settings(rtol=1e-6, seed=0, max_steps=20_000, scales=error_scales(device, given))
        return compute(program(device), item.plan, settings, given, graded=False).current[0]

    def _scaled(self, current: np.ndarray) -> np.ndarray:
        return np.arcsinh(current / (2.0 * self.floor))


def _circuit(item: Target, series: torch.Tensor) -> Circuit:
    return Circuit(
        series_resistance=series,
        compliance_positive=item.limit,
        compliance_negative=item.limit if item.both_limited else None,
    )


def _start_slopes(law: Law, names: list[str]) -> dict[str, list[float]]:
    """How each initial value depends on each free parameter."""
    copy, _ = recorded(law)
    start = [n for n in copy.initial_state() if not isinstance(n, int | float)]
    if len(start) != len(law.states):
        return {}
    inputs = {name: float(value) for name, value in parameters(law).items()}
    return {name: evaluate(derivative(start, variable(name)), inputs) for name in names if name != SERIES}
