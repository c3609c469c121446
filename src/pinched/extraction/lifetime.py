r"""How long a state lasts: the time until its resistance has changed too much, measured, extrapolated or baked.

`time_to_limit` for one trace and one limit: from the laws that `fit_retention` leaves possible, with an interval, and
whether the time was seen or lies beyond what was measured. `extract_bake_life` for traces baked at several
temperatures: their times on an Arrhenius line, and the time at the temperature of use with its interval. Times that
no trace reached are lower bounds; they are counted and named, and stay off the line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pinched._errors import PinchedError
from pinched._params import quantity
from pinched.data.traces import Retention
from pinched.extraction.arrhenius import inverse_energy
from pinched.extraction.retention import Arrhenius, RetentionFit, fit_arrhenius, fit_retention
from pinched.extraction.retention_laws import curves, reaching


@dataclass(frozen=True, kw_only=True, slots=True)
class LifeTime:
    """When a state passes a limit, counted from programming."""

    time: float
    """Median time (s) over the laws that are possible; infinite where most of them never pass it."""
    interval: tuple[float, float]
    """95 % interval (s); its upper end is infinite where some of them never do."""
    span: float
    """Time (s) that was measured."""
    limits: tuple[float, float]
    """Resistances (ohm) between which the state must stay."""

    @property
    def seen(self) -> bool:
        """Whether the time lies within what was measured; else it is an extrapolation."""
        return self.time <= self.span

    @property
    def text(self) -> str:
        """The answer in one line, as a bound where it is one."""
        low, high = self.interval
        if not np.isfinite(self.time):
            return f"more than {low:.3g} s (the limit may never be passed)"
        how = "seen" if self.seen else f"extrapolated {self.time / self.span:.2g} times"
        return f"{self.time:.3g} s [{low:.3g}, {high:.3g}] ({how})"


def time_to_limit(fit: RetentionFit, low: float, high: float) -> LifeTime:
    """When the resistance of `fit` leaves the range from `low` to `high` (ohm; 0 and infinity for an open end).

    Raises `PinchedError` for a range that is none, or a fit without draws (of other making).
    """
    if not 0 <= low < high or not fit.draws:
        raise PinchedError(
            f"the range is {low:g} to {high:g} ohm with {len(fit.draws)} laws drawn: give a lower and a higher "
            "resistance and a fit of fit_retention."
        )
    # Every law rises or falls all the way, so that a state inside the range at the first read leaves it once.
    first = fit.best.offset
    times = []
    for law, drawn in fit.draws:
        left = np.full(drawn.shape[0], np.inf)
        for limit in (low, high):
            if 0 < limit < np.inf:
                passed = reaching(law, drawn, limit)
                left = np.minimum(left, np.where(passed > first, passed, np.inf))
        start = curves(law, np.array([first]), drawn)[:, 0]
        times.append(np.where((start < low) | (start > high), 0.0, left))
    every = np.sort(np.concatenate(times))
    # Order statistics, not percentiles: between a time and infinity there is nothing to interpolate.
    least, middle, most = (
        float(every[min(int(share * every.size), every.size - 1)]) for share in (0.025, 0.5, 0.975)
    )
    return LifeTime(time=middle, interval=(least, most), span=fit.span, limits=(low, high))


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class BakeLife:
    """Lives of states at several temperatures and what they say about the temperature of use."""

    lives: tuple[LifeTime, ...]
    """The life of each trace, in the order given,"""
    temperature: tuple[float, ...]
    """and the temperature (K) at which it was baked."""
    arrhenius: Arrhenius
    """The line through the lives that count."""
    used: int
    """How many lives lie on the line; the others are lower bounds."""
    use_temperature: float = quantity(358.15, "K", "T", "temperature of use")
    notes: tuple[str, ...] = ()
    """What weakens the extrapolation, one sentence each."""

    @property
    def life(self) -> tuple[float, float, float]:
        """Time (s) at the temperature of use and its 95 % interval: value, low, high."""
        return self.arrhenius.time_at(self.use_temperature)


def extract_bake_life(
    traces: Sequence[Retention],
    *,
    factor: float = 2.0,
    use_temperature: float = 358.15,
    since_programming: float | None = None,
    stretch: float = 1.0,
    seed: int = 0,
) -> BakeLife:
    """Life of each of `traces` until its resistance has changed by `factor`, and the life at `use_temperature` (K).

    A life counts on the Arrhenius line up to `stretch` times the time measured: at 1 it was seen. The line's
    interval holds the scatter of the lives around it. Raises `PinchedError` for a trace without a temperature, a
    `factor` not above 1, or where lives at fewer than 3 temperatures count.
    """
    missing = [trace.device for trace in traces if trace.temperature is None]
    if missing or factor <= 1 or not traces:
        raise PinchedError(
            f"{len(traces)} traces, {len(missing)} of them without a temperature ({', '.join(missing[:3])}), and a "
            f"factor of {factor}: each trace needs its temperature, the factor must be above 1."
        )
    lives = []
    for k, trace in enumerate(traces):
        fit = fit_retention(trace, since_programming=since_programming, resamples=200, seed=seed + k)
        start = float(fit.best.resistance(np.array([fit.best.offset]))[0])
        lives.append(time_to_limit(fit, start / factor, start * factor))
    kelvin = np.array([trace.temperature for trace in traces], dtype=np.float64)
    time = np.array([life.time for life in lives])
    counts = (time > 0) & (time <= stretch * np.array([life.span for life in lives]))
    notes = []
    if not counts.all():
        notes.append(
            f"{int((~counts).sum())} of {time.size} states did not change by a factor of {factor:g} within "
            f"{stretch:g} times the time measured: their lives are lower bounds and not on the line."
        )
    line = fit_arrhenius(kelvin[counts], time[counts])
    baked = np.sort(inverse_energy(kelvin[counts]))
    beyond = float((inverse_energy(use_temperature) - baked[-1]) / (baked[-1] - baked[0]))
    if beyond > 1.0:
        notes.append(
            f"the temperature of use lies {beyond:.1f} times the baked range (in 1 / kT) beyond it: "
            "another mechanism may rule there."
        )
    return BakeLife(
        lives=tuple(lives),
        temperature=tuple(kelvin.tolist()),
        arrhenius=line,
        used=int(counts.sum()),
        use_temperature=use_temperature,
        notes=tuple(notes),
    )
