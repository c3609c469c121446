r"""Read noise and telegraph noise of a state.

`fit_noise_law` for noise against conductance (a power law over many states); `extract_telegraph` for a trace that
jumps between levels: a hidden Markov model, the number of levels by BIC, and a verdict against noise that only
looks like jumps. For the spectrum and its slope see `series.fit_spectrum`. Needs the extra `noise` (hmmlearn).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float, Int
from scipy import linalg, stats

from pinched._errors import PinchedError
from pinched._params import quantity
from pinched._random import generator
from pinched.data.traces import Retention
from pinched.extraction.retention import describe_drift


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class NoiseLaw:
    """Relative read noise against conductance: sigma_G / G = c (G / 1 S)^p."""

    conductance: Float[np.ndarray, " state"] = quantity(
        dataclasses.MISSING, "S", "G", "conductance of each state"
    )
    noise: Float[np.ndarray, " state"] = quantity(
        dataclasses.MISSING, "1", r"\sigma_G/G", "relative noise of one read"
    )
    exponent: float = quantity(
        dataclasses.MISSING, "1", "p", "-1/2 for carriers that fluctuate one by one, 0 for G as a whole"
    )
    interval: tuple[float, float]
    """95 % interval of `exponent`; t distribution."""
    prefactor: float = quantity(dataclasses.MISSING, "1", "c", "relative noise of the line at 1 S")


def fit_noise_law(conductance: Float[np.ndarray, " state"], noise: Float[np.ndarray, " state"]) -> NoiseLaw:
    """Straight line through ln(relative noise) against ln(conductance, S); raises `PinchedError` below 3 states."""
    keep = (conductance > 0) & (noise > 0)
    g, s = conductance[keep], noise[keep]
    if g.size < 3 or np.ptp(np.log(g)) < 1e-6:
        raise PinchedError(
            f"{g.size} states with a conductance and a noise above zero are too few for a law; at least 3 that "
            "differ in conductance are needed."
        )
    x, y = np.log(g) - np.log(g).mean(), np.log(s)
    slope = float(x @ y / (x @ x))
    error = float(np.sqrt(((y - y.mean() - slope * x) ** 2).sum() / (g.size - 2) / (x @ x)))
    half = float(stats.t.ppf(0.975, g.size - 2)) * error
    return NoiseLaw(
        conductance=g,
        noise=s,
        exponent=slope,
        interval=(slope - half, slope + half),
        prefactor=float(np.exp(y.mean() - slope * np.log(g).mean())),
    )


def read_noise_of(
    traces: Sequence[Retention],
) -> tuple[Float[np.ndarray, " state"], Float[np.ndarray, " state"]]:
    """Median conductance (S) and relative read noise of each of `traces`, ready for `fit_noise_law`."""
    drifts = [describe_drift(trace) for trace in traces]
    ohms = [float(np.median(trace.resistance[np.isfinite(trace.resistance)])) for trace in traces]
    return 1.0 / np.array(ohms), np.array([d.read_noise for d in drifts])


@dataclass(frozen=True, kw_only=True, slots=True)
class TelegraphLevel:
    """One level of telegraph noise."""

    value: float
    """Mean of the level, in the unit of the trace; where a drift was taken out, at the middle of the trace."""
    value_interval: tuple[float, float]
    """95 % interval of it."""
    occupancy: float
    """Share of the time spent there."""
    visits: int
    """Complete stays: those that neither the start nor the end of the trace cuts."""
    dwell: float
    """Mean dwell time (s), of a process that may also jump between two reads."""
    dwell_interval: tuple[float, float]
    """95 % interval of it (exponential dwell times); NaN without a complete stay."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Telegraph:
    """Telegraph noise of a trace, or the verdict that there is none."""

    source: ClassVar[str] = "rabiner1989tutorial"
    levels: tuple[TelegraphLevel, ...]
    """The levels, the lowest first; one where there is no telegraph noise."""
    state: Int[np.ndarray, " read"]
    """Most likely level of each read, counted from 0."""
    sigma: float
    """Scatter around the levels, in the unit of the trace."""
    bic: dict[int, float]
    """Bayesian information criterion by number of levels; smaller is better."""
    p_value: float
    """Share of surrogates (noise of the same spectrum, without levels) that gain as much from a second level."""

    @property
    def found(self) -> bool:
        """Whether the trace has telegraph noise."""
        return len(self.levels) > 1

    @property
    def amplitude(self) -> float:
        """Distance from the lowest to the highest level, in the unit of the trace; 0 without telegraph noise."""
        return self.levels[-1].value - self.levels[0].value

    @property
    def amplitude_interval(self) -> tuple[float, float]:
        """95 % interval of `amplitude`; (0, 0) without telegraph noise."""
        half = float(np.hypot(*(0.5 * np.ptp(self.levels[k].value_interval) for k in (0, -1))))
        return (self.amplitude - half, self.amplitude + half) if self.found else (0.0, 0.0)

    @property
    def text(self) -> str:
        """The verdict in one line."""
        chance = f"p = {self.p_value:.2g}"
        if not self.found:
            return f"no telegraph noise ({chance} against noise of the same spectrum)"
        dwell = " / ".join(f"{level.dwell:.3g}" for level in self.levels)
        return f"{len(self.levels)} levels, amplitude {self.amplitude:.3g}, dwell {dwell} s ({chance})"


def extract_telegraph(
    values: Float[np.ndarray, " read"],
    interval_s: float,
    *,
    most: int = 4,
    surrogates: int = 39,
    seed: int = 0,
) -> Telegraph:
    """Telegraph noise of `values` (any unit) read every `interval_s` (s), with up to `most` levels.

    A drift is taken out where a straight line makes the levels clearer. A second level must lower the BIC, and
    gain more likelihood than in all but 5 % of `surrogates`: Gaussian series with the spectrum of the trace
    (theiler1992testing), since slow noise wanders between apparent levels too. Raises `PinchedError` below 50
    reads, for a missing value, or where hmmlearn is not installed.
    """
    x = np.asarray(values, dtype=np.float64)
    if x.size < 50 or not np.isfinite(x).all() or np.ptp(x) == 0 or interval_s <= 0:
        raise PinchedError(
            f"{x.size} reads every {interval_s} s ({int((~np.isfinite(x)).sum())} missing, range {np.ptp(x):g}): "
            "telegraph noise needs at least 50 reads that differ, without a gap, at a time above zero apart."
        )
    middle, scale = float(x.mean()), float(x.std())
    scaled = (x - middle) / scale
    position = np.arange(x.size) / x.size - 0.5 * (1 - 1 / x.size)
    # A telegraph signal has a slope by chance, a drift has one by nature: both readings are tried.
    level, bic, models = _choose(scaled, most)
    slope = float(position @ scaled) / float(position @ position)
    straight = _choose(scaled - slope * position, most)
    if min(straight[1].values()) + np.log(x.size) < min(bic.values()):
        # Within the levels the slope is that of the drift alone.
        rest = (
            scaled
            - straight[2][straight[0]].means_[
                straight[2][straight[0]].predict(_column(scaled - slope * position)), 0
            ]
        )
        slope = float(position @ rest) / float(position @ position)
        scaled = scaled - slope * position
        level, bic, models = _choose(scaled, most)
    p_value = 1.0
    if level > 1:
        gain = _gain(scaled, models[2])
        rng = generator(seed, "telegraph", "surrogates")
        further = tried = 0
        # Three that gain as much settle it: the rest need not be drawn (besag1991sequential).
        while tried < surrogates and further < 3:
            drawn = _surrogate(scaled, rng)
            further, tried = further + (_gain(drawn, _fit(drawn, 2)) >= gain), tried + 1
        p_value = further / tried if further == 3 else (further + 1) / (surrogates + 1)
        level = level if p_value <= 0.05 else 1
    model = models[level]
    order = np.argsort(model.means_[:, 0])
    state = np.argsort(order)[model.predict(_column(scaled))]
    jumps = model.transmat_[np.ix_(order, order)]
    sigma = scale * float(np.sqrt(np.ravel(model.covars_)[0]))
    return Telegraph(
        levels=tuple(
            _level(k, state, middle + scale * float(model.means_[order[k], 0]), sigma, jumps, interval_s)
            for k in range(level)
        ),
        state=state,
        sigma=sigma,
        bic=bic,
        p_value=float(p_value),
    )


def _column(x: Float[np.ndarray, " read"]) -> Float[np.ndarray, "read 1"]:
    return np.ascontiguousarray(x[:, None])


def _choose(x: Float[np.ndarray, " read"], most: int) -> tuple[int, dict[int, float], dict[int, Any]]:
    """Number of levels with the smallest BIC, the BIC and the model of each number tried."""
    bic: dict[int, float] = {}
    models: dict[int, Any] = {}
    for k in range(1, most + 1):
        models[k] = _fit(x, k)
        # k means, one scatter, k - 1 starts, k (k - 1) jumps.
        bic[k] = -2.0 * float(models[k].score(_column(x))) + (2 * k + k * (k - 1)) * float(np.log(x.size))
        # One level more may be needed before two more help (three equal steps): look one further.
        if k > 2 and bic[k] > bic[k - 1]:
            break
    return min(bic, key=lambda k: bic[k]), bic, models


def _fit(x: Float[np.ndarray, " read"], levels: int) -> Any:
    try:
        from hmmlearn.hmm import GaussianHMM
    except ImportError:
        raise PinchedError(
            "telegraph noise needs hmmlearn, which is not installed. Run: pip install pinched[noise]"
        ) from None

    class Levels(GaussianHMM):
        # hmmlearn solves a 1 x 1 triangular system by LAPACK for each of these: 95 % of the time of a fit.
        def _compute_log_likelihood(self, X: np.ndarray) -> np.ndarray:  # noqa: N803
            variance = float(np.ravel(np.asarray(self.covars_))[0])
            return -0.5 * ((X - self.means_[:, 0]) ** 2 / variance + np.log(2.0 * np.pi * variance))

    model = Levels(
        levels, covariance_type="tied", init_params="", params="stmc", n_iter=40, tol=1e-2, min_covar=1e-6
    )
    # A start that is the same on every machine: levels at quantiles, stays of twenty reads.
    model.startprob_ = np.full(levels, 1.0 / levels)
    model.transmat_ = np.full((levels, levels), 0.05 / max(levels - 1, 1)) + (
        (0.95 if levels > 1 else 1.0) - 0.05 / max(levels - 1, 1)
    ) * np.eye(levels)
    model.transmat_ /= model.transmat_.sum(axis=1, keepdims=True)
    low, high = np.quantile(x, [0.05, 0.95])
    model.means_ = np.linspace(low, high, levels)[:, None] if levels > 1 else np.array([[float(x.mean())]])
    model.covars_ = np.array([[max(1e-4, float(np.var(np.diff(x))) / 2.0)]])
    return model.fit(_column(x))


def _gain(x: Float[np.ndarray, " read"], model: Any) -> float:
    one = -0.5 * x.size * (np.log(2.0 * np.pi * x.var()) + 1.0)
    return float(model.score(_column(x))) - float(one)


def _surrogate(x: Float[np.ndarray, " read"], rng: np.random.Generator) -> Float[np.ndarray, " read"]:
    spectrum = np.fft.rfft(x)
    turned = spectrum * np.exp(2j * np.pi * rng.random(spectrum.size))
    turned[0] = 0.0
    drawn = np.fft.irfft(turned, x.size)
    return drawn / drawn.std()


def _level(
    k: int, state: Int[np.ndarray, " read"], value: float, sigma: float, jumps: Float[np.ndarray, "level level"],
    interval_s: float,
) -> TelegraphLevel:  # fmt: skip
    mine = state == k
    reads = max(int(mine.sum()), 1)
    starts = np.flatnonzero(mine[1:] & ~mine[:-1]) + 1
    ends = np.flatnonzero(mine[:-1] & ~mine[1:])
    # Stays cut by the start or the end of the trace are no stays.
    visits = int(((starts[:, None] <= ends) & (starts[:, None] > 0)).any(axis=1).sum()) if starts.size else 0
    dwell = _dwell(k, jumps, interval_s)
    half = float(stats.norm.ppf(0.975)) * sigma / np.sqrt(reads)
    ends_of = 2.0 * visits / stats.chi2.ppf([0.975, 0.025], 2 * visits) if visits else np.full(2, np.nan)
    return TelegraphLevel(
        value=value,
        value_interval=(value - half, value + half),
        occupancy=float(mine.mean()),
        visits=visits,
        dwell=dwell,
        dwell_interval=(float(dwell * ends_of[0]), float(dwell * ends_of[1])),
    )


def _dwell(k: int, jumps: Float[np.ndarray, "level level"], interval_s: float) -> float:
    if jumps.shape[0] == 1:
        return float("inf")
    # The rates of the process in continuous time: a stay may end and begin again between two reads.
    rates = np.asarray(linalg.logm(np.maximum(jumps, 1e-12)))
    if np.isrealobj(rates) and rates[k, k] < 0 and np.isfinite(rates).all():
        return float(-interval_s / rates[k, k])
    return float(interval_s / max(1.0 - jumps[k, k], 1e-12))
