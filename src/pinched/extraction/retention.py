r"""Retention: how a state that is left alone drifts, by which law, and where it will be after ten years.

`describe_drift` for what was seen (change in percent, read noise); `fit_retention` for a law and an honest
extrapolation. The laws are `POWER` (structural relaxation, as in phase change), `LOGARITHMIC` (a wide spread of
barriers), `STRETCHED` (a state that ends at a finite value) and `CONSTANT`; the corrected Akaike criterion weighs
them. Time runs from programming: a file that starts at 0 s was read some unknown time after it, so the offset is
fitted too unless `since_programming` is given. The interval of an extrapolation holds the error of the fit
(blocks of residuals, because slow noise is no white noise), of the offset, and of the choice of law.
`fit_arrhenius` turns times at several temperatures into an activation energy.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float
from scipy import stats
from scipy.ndimage import median_filter

from pinched._errors import PinchedError
from pinched._params import quantity
from pinched._random import generator
from pinched.data.traces import Retention
from pinched.extraction.arrhenius import Line, fit_line
from pinched.extraction.intervals import block_draw, lost_memory
from pinched.extraction.retention_laws import Constants, Law, LawFit, curves, fit_traces, shapes_of
from pinched.extraction.series import block_length, effective_size

TEN_YEARS = 10 * 365.25 * 86400.0
"""Ten years in seconds: the retention that memories are sold with."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Drift:
    """What was seen of a state that was left alone."""

    reads: int
    """How many reads have a time and a resistance."""
    span: float = quantity(dataclasses.MISSING, "s", "t", "time between first and last read")
    interval: float = quantity(dataclasses.MISSING, "s", r"\Delta t", "median time between reads")
    resistance_first: float = quantity(dataclasses.MISSING, "ohm", "R", "median of the first reads")
    resistance_last: float = quantity(dataclasses.MISSING, "ohm", "R", "median of the last reads")
    resistance_min: float = quantity(dataclasses.MISSING, "ohm", "R", "smallest read")
    resistance_max: float = quantity(dataclasses.MISSING, "ohm", "R", "largest read")
    drift_percent: float = quantity(dataclasses.MISSING, "%", r"\Delta R/R", "change from first to last")
    read_noise: float = quantity(
        dataclasses.MISSING,
        "1",
        r"\sigma_R/R",
        "scatter of one read: of differences, over root 2, over the median",
    )
    time_is_monotone: bool = True
    """Whether every read has a later time than the one before."""
    notes: tuple[str, ...] = ()
    """What is strange about the trace, one sentence each."""


def describe_drift(trace: Retention, *, ends: int = 20) -> Drift:
    """Change of `trace` between its first and last `ends` reads, and its read noise, in the order of the file.

    Differences of neighbours hold the noise of two reads and almost none of the drift. Raises `PinchedError`
    below 3 reads.
    """
    keep = np.isfinite(trace.time) & np.isfinite(trace.resistance)
    t, r = trace.time[keep], trace.resistance[keep]
    if r.size < 3:
        raise PinchedError(f"{r.size} finite reads are too few for a drift; at least 3 are needed.")
    back = int((np.diff(t) <= 0).sum())
    notes = []
    if back:
        notes.append(f"the time does not rise at {back} of {t.size} reads; fits sort the reads by time.")
    if r.size < 2 * ends:
        notes.append(f"{r.size} reads: the first and the last {ends} overlap.")
    first, last = float(np.median(r[:ends])), float(np.median(r[-ends:]))
    return Drift(
        reads=int(r.size),
        span=float(t.max() - t.min()),
        interval=float(np.median(np.diff(t))),
        resistance_first=first,
        resistance_last=last,
        resistance_min=float(r.min()),
        resistance_max=float(r.max()),
        drift_percent=100.0 * (last / first - 1.0),
        read_noise=float(np.diff(r).std() / np.sqrt(2.0) / abs(np.median(r))),
        time_is_monotone=back == 0,
        notes=tuple(notes),
    )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class RetentionFit:
    """The laws of one trace, the extrapolation and what it rests on."""

    source: ClassVar[str] = "burnham2002model"
    laws: tuple[LawFit, ...]
    """Every law tried, the best one first."""
    time: Float[np.ndarray, " point"] = quantity(
        dataclasses.MISSING, "s", "t", "times since programming, to the target"
    )
    low: Float[np.ndarray, " point"] = quantity(
        dataclasses.MISSING, "ohm", "R_-", "lower end of the 95 % band"
    )
    high: Float[np.ndarray, " point"] = quantity(
        dataclasses.MISSING, "ohm", "R_+", "upper end of the 95 % band"
    )
    span: float = quantity(dataclasses.MISSING, "s", "t", "time that was measured")
    span_factor: float = quantity(dataclasses.MISSING, "1", "f", "target over the time measured")
    effective_reads: float = quantity(dataclasses.MISSING, "1", "n", "independent reads behind the residuals")
    notes: tuple[str, ...] = ()
    draws: tuple[tuple[Law, Float[np.ndarray, "_ 5"]], ...] = ()
    """Constants that may have led to the trace, time counted since programming: as many of each law as it weighs."""

    @property
    def best(self) -> LawFit:
        """The law with the smallest criterion."""
        return self.laws[0]

    @property
    def extrapolated(self) -> tuple[float, float, float]:
        """Resistance (ohm) at the target and its 95 % interval: value, low, high."""
        return float(self.best.resistance(self.time[-1:])[0]), float(self.low[-1]), float(self.high[-1])


def fit_retention(
    trace: Retention,
    *,
    since_programming: float | None = None,
    target: float = TEN_YEARS,
    laws: tuple[Law, ...] = tuple(Law),
    resamples: int = 400,
    seed: int = 0,
) -> RetentionFit:
    """Fit `laws` to `trace` and extrapolate to `target` (s since programming).

    `since_programming` is the time (s) between programming and the first read; None fits it. Errors are relative
    (a read errs by a share of R). The noise counts by its memory: both the criterion and the bootstrap use the
    effective number of reads. Raises `PinchedError` below 12 reads, or for a resistance not above zero.
    """
    keep = np.isfinite(trace.time) & np.isfinite(trace.resistance)
    order = np.argsort(trace.time[keep], kind="stable")
    t, r = trace.time[keep][order], trace.resistance[keep][order]
    if since_programming is not None and since_programming <= 0:
        raise PinchedError(
            f"the first read is said to be {since_programming} s after programming: it must be above zero. "
            "Leave it out to have it fitted."
        )
    if r.size < 12 or not (r > 0).all() or t[-1] <= t[0]:
        raise PinchedError(
            f"{r.size} reads from {r.min(initial=np.inf):g} ohm up over {np.ptp(t) if t.size else 0:g} s: "
            "a law of retention needs at least 12 reads of positive resistances at different times."
        )
    t, r = _thinned(t - t[0], r)
    scale = median_filter(r, min(2 * (r.size // 40) + 1, 101), mode="nearest")
    free_offset = since_programming is None
    fits = {
        law: fit_traces(law, t, r[None], shapes_of(law, t, since_programming), scale, offset=free_offset)
        for law in laws
    }
    errors = {law: np.log(r / curves(law, t, fit)[0]) for law, fit in fits.items()}
    sums = {law: float((e**2).sum()) for law, e in errors.items()}
    flexible = min(sums, key=lambda law: sums[law])
    worth = max(effective_size(errors[flexible]), 8.0)
    length = max(block_length(errors[flexible]), round(r.size / worth))
    free = {Law.CONSTANT: 2, Law.POWER: 3, Law.LOGARITHMIC: 3, Law.STRETCHED: 5}
    count = {law: free[law] + free_offset * (law in (Law.POWER, Law.LOGARITHMIC)) for law in laws}
    aicc = {
        law: worth * np.log(max(sums[law] / r.size, 1e-300))
        + 2.0 * k * (1.0 + (k + 1.0) / max(worth - k - 1.0, 1.0))
        for law, k in count.items()
    }
    least = min(aicc.values())
    total = sum(np.exp(-0.5 * (value - least)) for value in aicc.values())
    weight = {law: float(np.exp(-0.5 * (value - least)) / total) for law, value in aicc.items()}
    step = float(np.median(np.diff(t)))
    grid = np.geomspace(min(step, target), max(target, t[-1]), 120)
    rng = generator(seed, "bootstrap", "retention")
    draws: list[tuple[Law, Constants]] = []
    intervals: dict[Law, dict[str, tuple[float, float]]] = {law: {} for law in laws}
    for law, fit in fits.items():
        share = round(resamples * weight[law])
        if share == 0:
            continue
        # A law that weighs little still needs enough draws for its own constants.
        wanted = max(share, min(resamples, 200))
        # Fitted residuals are too small by the parameters they paid for, blocks by the memory they cut.
        left = max(worth - count[law], 2.0)
        lost = max(1.0, lost_memory(errors[law], [np.arange(r.size)], length))
        error = errors[law] * lost * np.sqrt(worth / left)
        error *= stats.t.ppf(0.975, left) / stats.norm.ppf(0.975)
        drawn = np.array([error[block_draw(r.size, length, rng)] for _ in range(wanted)])
        shapes = shapes_of(law, t, since_programming)
        traces = curves(law, t, fit) * np.exp(drawn)
        again = fit_traces(law, t, traces, shapes, scale, offset=free_offset)
        intervals[law] = _ends(law, again)
        # From here on time runs since programming: the offset is in it.
        again[:, 2] = 0.0
        draws.append((law, again[:share]))
    bands = np.vstack([curves(law, grid, again) for law, again in draws])
    low, high = np.percentile(bands, [2.5, 97.5], axis=0)
    factor = target / t[-1]
    notes = (
        []
        if factor <= 10
        else [f"extrapolated over {factor:.2g} times the time measured: beyond 10, a guess."]
    )
    if weight[min(aicc, key=lambda law: aicc[law])] < 0.9:
        notes.append("the data do not tell the laws apart; the interval holds them by their weights.")
    found = [
        LawFit(law=law, a=float(f[0, 0]), b=float(f[0, 1]), offset=float(f[0, 2]), tau=float(f[0, 3]),
               beta=float(f[0, 4]), aicc=float(aicc[law]), weight=weight[law], interval=intervals[law])
        for law, f in fits.items()
    ]  # fmt: skip
    return RetentionFit(
        laws=tuple(sorted(found, key=lambda one: one.aicc)),
        time=grid,
        low=low,
        high=high,
        span=float(t[-1]),
        span_factor=float(factor),
        effective_reads=float(worth),
        notes=(*describe_drift(trace).notes, *notes),
        draws=tuple(draws),
    )


def _ends(law: Law, drawn: Constants) -> dict[str, tuple[float, float]]:
    """95 % interval of each constant that `law` has."""
    held = (
        {"a": 0}
        | ({} if law is Law.CONSTANT else {"b": 1})
        | ({"tau": 3, "beta": 4} if law is Law.STRETCHED else {})
    )
    ends = {name: np.percentile(drawn[:, k], [2.5, 97.5]) for name, k in held.items()}
    return {name: (float(pair[0]), float(pair[1])) for name, pair in ends.items()}


def _thinned(
    time: Float[np.ndarray, " read"], resistance: Float[np.ndarray, " read"]
) -> tuple[Float[np.ndarray, " point"], Float[np.ndarray, " point"]]:
    """Means of neighbours, no more than 4000 points: a law has a handful of constants, a night of reads a million."""
    group = -(-time.size // 4000)
    if group == 1:
        return time, resistance
    cuts = np.arange(0, time.size, group)
    size = np.diff(np.append(cuts, time.size))
    logs = np.add.reduceat(np.log(resistance), cuts) / size
    return np.add.reduceat(time, cuts) / size, np.exp(logs)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Arrhenius:
    """Activation of a time by temperature: ln t = ln t_inf + E_a / (k_B T)."""

    temperature: Float[np.ndarray, " point"] = quantity(
        dataclasses.MISSING, "K", "T", "temperature of each point"
    )
    time: Float[np.ndarray, " point"] = quantity(
        dataclasses.MISSING, "s", "t", "retention time of each point"
    )
    activation_energy: float = quantity(dataclasses.MISSING, "eV", r"E_\mathrm{a}", "activation energy")
    interval: tuple[float, float]
    """95 % interval (eV) of `activation_energy`; t distribution."""
    log_time: float = quantity(dataclasses.MISSING, "1", r"\ln t_\infty", "ln of the time (s) at 1 / T = 0")
    covariance: Float[np.ndarray, "2 2"] = quantity(
        dataclasses.MISSING, "1, eV, eV^2", r"\Sigma", "covariance of log_time and activation_energy"
    )

    line: Line = dataclasses.field(repr=False, compare=False)
    """The line behind it: ln of the time (s) against 1 / (k_B T)."""

    def time_at(self, temperature: float) -> tuple[float, float, float]:
        """Retention time (s) at `temperature` (K), with its 95 % interval: value, low, high."""
        value, low, high = np.exp(self.line.at(temperature)).tolist()
        return value, low, high


def fit_arrhenius(temperature: Float[np.ndarray, " point"], time: Float[np.ndarray, " point"]) -> Arrhenius:
    """Fit retention times `time` (s) measured at `temperature` (K); raises below 3 different temperatures.

    Times at one temperature are averaged (their logarithms). Two temperatures always lie on a line: its slope has no
    error and its extrapolation no worth.
    """
    kelvin, seconds = np.asarray(temperature, dtype=np.float64), np.asarray(time, dtype=np.float64)
    line = fit_line(kelvin, np.where(seconds > 0, np.log(np.maximum(seconds, 1e-300)), np.nan), what="times")
    return Arrhenius(
        temperature=kelvin,
        time=seconds,
        activation_energy=line.slope,
        interval=line.slope_interval,
        log_time=line.intercept,
        covariance=line.covariance,
        line=line,
    )
