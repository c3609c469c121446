"""Steps whose size falls along a straight line, repeated in closed form."""

from __future__ import annotations

from pinched.devices import elementwise as ew
from pinched.devices.law import Param, Value


def repeated(u: Value, step: Value, slope: Param, pulses: Value) -> Value:
    r"""u after `pulses` steps of $s (1 - \gamma u)$, for a slope $\gamma$ below $1/s$ that may be zero.

    1 - gamma u shrinks by the factor 1 - gamma s at each pulse: a geometric series.
    """
    # A straight line where gamma is zero: both branches are computed, so the unused one gets a harmless slope.
    straight = abs(slope) < 1e-9
    gamma = ew.where(straight, 1.0, slope)
    grown = pulses * ew.log1p(-ew.where(straight, 0.0 * step, gamma * step))
    bent = u * ew.exp(grown) - ew.expm1(grown) / gamma
    return ew.where(straight, u + pulses * step, bent)
