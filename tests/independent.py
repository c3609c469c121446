"""An independent integration of a law's equation, written down a second time by the test that uses it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.integrate import solve_ivp

from pinched.data.waveforms import Waveform


def integrate(
    rate: Callable[[float, float], float], waveform: Waveform, start: float, times: np.ndarray
) -> np.ndarray:
    """x at `times` for x' = rate(x, v): SciPy's Radau method, straight piece by straight piece."""
    found = np.full(times.size, np.nan)
    x = start
    for k in range(waveform.time.size - 1):
        t0, t1 = waveform.time[k], waveform.time[k + 1]
        if t1 <= t0:
            continue
        inside = (times >= t0) & (times <= t1)
        v0, v1 = waveform.voltage[k], waveform.voltage[k + 1]
        solution = solve_ivp(
            lambda t, y, a=v0, b=(v1 - v0) / (t1 - t0), s=t0: [rate(y[0], a + b * (t - s))],
            (t0, t1),
            [x],
            method="Radau",
            rtol=1e-11,
            atol=1e-14,
            dense_output=True,
        )
        assert solution.success
        found[inside] = solution.sol(times[inside])[0]
        x = solution.y[0, -1]
    return found
