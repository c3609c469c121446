r"""The laws of retention as pure maths: what a resistance does with time, and the fit of many traces at once.

Every law is a + b times a function of time whose few constants it is not linear in. So a and b have a closed
form for each try of those constants, and the constants are tried on a grid (variable projection,
golub1973differentiation): no start value, no local minimum, and a thousand bootstrap traces in one product. A few
Gauss-Newton steps then lead from the best try to the minimum beside it. `retention` chooses between laws; nobody
else needs this module.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from jaxtyping import Float

from pinched._params import quantity


class Law(StrEnum):
    """How a resistance changes with the time t since programming."""

    CONSTANT = "constant"
    """R = a."""
    POWER = "power"
    """ln R = a + nu ln t: R = R0 (t / 1 s)^nu."""
    LOGARITHMIC = "logarithmic"
    """R = a + b ln t."""
    STRETCHED = "stretched exponential"
    """R = a + b exp(-(t / tau)^beta): ends at a."""


Shapes = Float[np.ndarray, "shape 3"]
"""Constants that a law is not linear in, one row per try: offset (s), tau (s), beta; NaN where it has none."""

Constants = Float[np.ndarray, "trace 5"]
"""One row per trace: a, b, offset (s), tau (s), beta."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class LawFit:
    """One law fitted to one trace."""

    law: Law
    a: float
    """Level (ohm), or for POWER ln(R0 / 1 ohm)."""
    b: float
    """Slope: nu for POWER (1), else ohm; 0 for CONSTANT."""
    offset: float = quantity(0.0, "s", "t_0", "time between programming and the first read")
    tau: float = quantity(float("nan"), "s", r"\tau", "time constant of STRETCHED")
    beta: float = quantity(float("nan"), "1", r"\beta", "exponent of STRETCHED")
    aicc: float = float("nan")
    """Corrected Akaike criterion on the effective number of reads; smaller is better."""
    weight: float = float("nan")
    """Akaike weight among the laws tried."""
    interval: dict[str, tuple[float, float]] = field(default_factory=dict)
    """95 % interval of a, b, tau and beta; empty for a law that the data leave no weight, and without the names of
    constants that the law does not have."""

    def resistance(self, time: Float[np.ndarray, " time"]) -> Float[np.ndarray, " time"]:
        """Resistance (ohm) at `time` (s) since programming."""
        return curves(self.law, time, np.array([[self.a, self.b, 0.0, self.tau, self.beta]]))[0]


def basis(law: Law, time: Float[np.ndarray, " time"], shapes: Shapes) -> Float[np.ndarray, "shape time"]:
    """What b multiplies, at `time` (s) since the first read, for each row of `shapes`."""
    since = time + shapes[:, :1]
    if law is Law.CONSTANT:
        return np.zeros_like(since)
    return np.exp(-((since / shapes[:, 1:2]) ** shapes[:, 2:3])) if law is Law.STRETCHED else np.log(since)


def curves(
    law: Law, time: Float[np.ndarray, " time"], constants: Constants
) -> Float[np.ndarray, "trace time"]:
    """Resistance (ohm) at `time` (s) since the first read, for each row of `constants`; never below zero."""
    value = constants[:, :1] + constants[:, 1:2] * basis(law, time, constants[:, 2:])
    return np.exp(value) if law is Law.POWER else np.maximum(value, 1e-300)


def reaching(law: Law, constants: Constants, limit: float) -> Float[np.ndarray, " trace"]:
    """Time (s) since programming at which each row of `constants` passes `limit` (ohm), whichever side it comes
    from; infinite where it never does, 0 where it starts beyond. The offsets must be in the time (0)."""
    a, b, _, tau, beta = constants.T
    y = np.log(limit) if law is Law.POWER else limit
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        if law is Law.CONSTANT:
            return np.full(a.size, np.inf)
        if law is Law.STRETCHED:
            share = (y - a) / b
            time = tau * (-np.log(share)) ** (1.0 / beta)
            return np.where(share <= 0, np.inf, np.where(share >= 1, 0.0, time))
        time = np.exp((y - a) / b)
    return np.where(b == 0, np.inf, time)


def shapes_of(law: Law, time: Float[np.ndarray, " read"], offset: float | None, *, fine: int = 60) -> Shapes:
    """The tries of the constants of `law` for reads at `time` (s, from 0), the offset given or None to try it."""
    step, span = float(np.median(np.diff(time))) or float(time[-1]) / time.size, float(time[-1])
    nan = np.nan
    if law is Law.CONSTANT:
        return np.array([[step if offset is None else offset, nan, nan]])
    if law is Law.STRETCHED:
        # Its four constants take up an offset of about a step without a trace; beyond 30 spans tau means nothing.
        start = step if offset is None else offset
        return np.array(
            [
                [start, tau, beta]
                for tau in np.geomspace(step, 30 * span, 40)
                for beta in np.linspace(0.2, 1.2, 11)
            ]
        )
    tries = np.geomspace(0.01 * step, span, fine) if offset is None else np.array([offset])
    return np.column_stack([tries, np.full((tries.size, 2), nan)])


def fit_traces(
    law: Law,
    time: Float[np.ndarray, " read"],
    resistance: Float[np.ndarray, "trace read"],
    shapes: Shapes,
    scale: Float[np.ndarray, " read"],
    *,
    offset: bool,
) -> Constants:
    """The constants of `law` that fit each trace of `resistance` best: the best of `shapes`, then polished.

    Errors are a share of `scale` (ohm). `offset` says whether the offset is one of the constants.
    """
    found = project(law, time, resistance, shapes, scale)
    moving = (3, 4) if law is Law.STRETCHED else (2,) if offset and law is not Law.CONSTANT else ()
    if not moving:
        return found
    y = np.log(resistance) if law is Law.POWER else resistance
    weight = np.ones_like(scale) if law is Law.POWER else scale**-2.0
    weight = weight / weight.sum()
    # Offset and tau move by a share, beta by a step; neither may leave the range that was tried.
    lowest, highest = shapes.min(axis=0) * (1 - 1e-9), shapes.max(axis=0) * (1 + 1e-9)

    def cost(constants: Constants) -> Float[np.ndarray, " trace"]:
        miss = y - constants[:, :1] - constants[:, 1:2] * basis(law, time, constants[:, 2:])
        return (miss**2) @ weight

    least = cost(found)
    for _ in range(3):
        phi = basis(law, time, found[:, 2:])
        columns = [np.ones_like(phi), phi]
        for k in moving:
            step = np.zeros(5)
            step[k] = 1e-4
            ahead = _moved(found, step[None])
            columns.append(found[:, 1:2] * (basis(law, time, ahead[:, 2:]) - phi) / 1e-4)
        design = np.stack(columns, axis=2)
        miss = y - found[:, :1] - found[:, 1:2] * phi
        normal = np.einsum("tsa,s,tsb->tab", design, weight, design)
        size = np.sqrt(np.maximum(np.einsum("taa->ta", normal), 1e-300))
        normal = normal / size[:, :, None] / size[:, None, :] + 1e-9 * np.eye(design.shape[2])
        moment = np.einsum("tsa,s,ts->ta", design, weight, miss) / size
        change = np.linalg.solve(normal, moment[:, :, None])[:, :, 0] / size
        step = np.zeros_like(found)
        step[:, :2] = change[:, :2]
        step[:, list(moving)] = np.clip(change[:, 2:], -0.3, 0.3)
        tried = _moved(found, step)
        tried[:, 2:] = np.clip(tried[:, 2:], lowest, highest)
        now = cost(tried)
        better = now < least
        found[better], least = tried[better], np.minimum(now, least)
    return found


def _moved(constants: Constants, step: Float[np.ndarray, "_ 5"]) -> Constants:
    """`constants` plus `step`; offset and tau times the exponential of it."""
    moved = constants + step
    moved[:, 2:4] = constants[:, 2:4] * np.exp(np.broadcast_to(step, constants.shape)[:, 2:4])
    return moved


def project(
    law: Law,
    time: Float[np.ndarray, " read"],
    resistance: Float[np.ndarray, "trace read"],
    shapes: Shapes,
    scale: Float[np.ndarray, " read"],
) -> Constants:
    """The constants of `law` that fit each trace of `resistance` best, errors being a share of `scale` (ohm)."""
    y = np.log(resistance) if law is Law.POWER else resistance
    # Relative errors: constant in the logarithm, proportional to the scale in the resistance itself.
    weight = np.ones_like(scale) if law is Law.POWER else scale**-2.0
    weight = weight / weight.sum()
    phi = basis(law, time, shapes)
    middle, level = phi @ weight, y @ weight
    phi = phi - middle[:, None]
    power = (phi**2) @ weight
    overlap = (phi * weight) @ (y - level[:, None]).T
    slope = np.divide(overlap, power[:, None], out=np.zeros_like(overlap), where=power[:, None] > 1e-30)
    best = np.argmax(slope * overlap, axis=0)
    rows = np.arange(resistance.shape[0])
    b = slope[best, rows]
    return np.column_stack([level - b * middle[best], b, shapes[best]])
