r"""Series of values in order (cycles, reads): do they remember, how much are they worth, what is their spectrum.

`autocorrelation` shows memory with the band that white noise stays in, `effective_size` counts how many
independent values a correlated series is worth, `block_length` tells a bootstrap how long its blocks must
be, `fit_spectrum` finds the exponent of a $1/f^\alpha$ spectrum. Use them before any interval over cycles:
an interval that takes correlated cycles for independent ones is too narrow.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float, Int
from scipy import fft, signal, special, stats

from pinched._errors import PinchedError
from pinched._params import quantity, require


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Autocorrelation:
    """Autocorrelation of a series with the band of no memory."""

    lag: Float[np.ndarray, " lag"] = quantity(dataclasses.MISSING, "1", "k", "lag in values, from 0")
    value: Float[np.ndarray, " lag"] = quantity(
        dataclasses.MISSING, "1", r"\rho_k", "autocorrelation at each lag, 1 at lag 0"
    )
    band: float = quantity(
        dataclasses.MISSING, "1", r"1.96/\sqrt{n}", "half width of the 95 % band of independent values"
    )
    n: int = 0
    """How many finite values stand behind it."""
    p_value: float = float("nan")
    """Ljung-Box probability of so much correlation from independent values, over the lags shown."""

    @property
    def correlated(self) -> bool:
        """Whether the series remembers: Ljung-Box below 5 %."""
        return self.p_value < 0.05


def autocorrelation(values: Float[np.ndarray, " value"], *, lags: int | None = None) -> Autocorrelation:
    """Autocorrelation of `values` (any unit, in order, NaN where a cycle gave none) up to lag `lags`.

    `lags` None takes 10 log10(n), the habit of statistics programs. A missing value leaves its pairs out and
    keeps the distance of the others. Raises `PinchedError` below 8 finite values or without any spread.
    """
    x = np.asarray(values, dtype=np.float64)
    n = int(np.isfinite(x).sum())
    if n < 8:
        raise PinchedError(f"{n} finite values are too few for an autocorrelation; at least 8 are needed.")
    centred = x - np.nanmean(x)
    variance = float(np.nanmean(centred**2))
    if variance <= (1e-12 * float(np.nanmax(np.abs(x)))) ** 2:
        raise PinchedError(f"all {n} values are equal: a constant series has no autocorrelation.")
    most = min(x.size - 4, round(10 * np.log10(n)) if lags is None else lags)
    if most < 1:
        raise PinchedError(f"{lags} lags were asked for; at least 1 is needed.")
    filled = np.where(np.isfinite(centred), centred, 0.0)
    lag = np.arange(most + 1.0)
    pairs = np.rint(_products(np.isfinite(centred).astype(float), most))
    # Divisor n at every lag, scaled for missing pairs: positive definite where none is missing.
    share = (x.size - lag) / x.size
    rho = np.where(pairs > 0, share * _products(filled, most) / np.maximum(pairs, 1.0) / variance, 0.0)
    rho[0] = 1.0
    statistic = n * (n + 2) * float((rho[1:] ** 2 / (n - lag[1:]).clip(1)).sum())
    return Autocorrelation(
        lag=lag,
        value=rho,
        band=float(stats.norm.ppf(0.975) / np.sqrt(n)),
        n=n,
        p_value=float(stats.chi2.sf(statistic, most)),
    )


def _products(x: Float[np.ndarray, " value"], most: int) -> Float[np.ndarray, " lag"]:
    """Sums of x_i x_(i+k) for k from 0 to `most`, by Fourier transforms: long series have thousands of lags."""
    # Zeros behind the series, at least `most` of them, keep its end from meeting its beginning.
    padded = fft.next_fast_len(x.size + most, real=True)
    return np.fft.irfft(np.abs(np.fft.rfft(x, padded)) ** 2, padded)[: most + 1]


def effective_size(values: Float[np.ndarray, " value"]) -> float:
    """How many independent values the mean of the series `values` (in order, NaN left out) is worth, 1 to n.

    n / (1 + 2 sum of autocorrelations), the sum cut where pairs of neighbours turn negative, which for a
    reversible series is where only noise is left (geyer1992practical); or what a first-order series with the same
    correlation of neighbours is worth, if that is less. The correlation in a short series comes out too small, by
    (1 + 3 rho) / n (kendall1954note), and is corrected. Fewer than 8 values, or equal ones, count as they are:
    nothing can be said about their memory.
    """
    x = np.asarray(values, dtype=np.float64)
    n = int(np.isfinite(x).sum())
    if n < 8 or np.nanmax(x) - np.nanmin(x) <= 1e-12 * float(np.nanmax(np.abs(x))):
        return float(max(n, 1))
    rho = autocorrelation(x, lags=max(1, min(x.size // 2, 2000))).value
    pairs = rho[: rho.size // 2 * 2].reshape(-1, 2).sum(axis=1)
    negative = np.flatnonzero(pairs <= 0)
    kept = pairs[: int(negative[0])] if negative.size else pairs
    # Pairs of a positive, falling correlation fall as well: anything above its predecessor is noise.
    time = 2.0 * float(np.minimum.accumulate(kept).sum()) - 1.0
    first = min(max((n * float(rho[1]) + 1.0) / (n - 3.0), 0.0), 1.0 - 2.0 / n)
    return float(np.clip(min(n / max(time, 1e-9), n * (1.0 - first) / (1.0 + first)), 1.0, n))


def block_length(values: Float[np.ndarray, " value"]) -> int:
    """Length of the blocks (in values) with which the bootstrap of the mean of `values` errs least.

    The automatic choice of politis2004automatic, with the corrected constant of patton2009correction, for
    blocks that wrap round; 1 where no lag stands out. Never above a third of the series.
    """
    x = np.asarray(values, dtype=np.float64)
    n = x.size
    finite = x[np.isfinite(x)]
    if finite.size < 8 or np.ptp(finite) <= 1e-12 * float(np.abs(finite).max()):
        return 1
    run = max(5, int(np.sqrt(np.log10(n))))
    most = min(int(np.ceil(np.sqrt(n))) + run, n - 4)
    rho = autocorrelation(x, lags=most).value
    large = np.abs(rho[1:]) >= 2.0 * np.sqrt(np.log10(n) / n)
    # The first lag after which `run` lags in a row say nothing.
    quiet = next((m for m in range(most) if not large[m : m + run].any()), most // 2)
    width = min(2 * max(quiet, 1), most)
    k = np.arange(1, width + 1)
    window = np.clip(2.0 * (1.0 - k / width), 0.0, 1.0)
    spectrum = 1.0 + 2.0 * float((window * rho[1 : width + 1]).sum())
    slope = 2.0 * float((window * k * rho[1 : width + 1]).sum())
    if quiet == 0 or spectrum <= 0:
        return 1
    best = (2.0 * slope**2 / (4.0 / 3.0 * spectrum**2)) ** (1 / 3) * n ** (1 / 3)
    return int(np.clip(round(best), 1, max(1, min(int(3 * np.sqrt(n)), n // 3))))


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SpectrumFit:
    r"""Power spectral density of a series and its exponent, $S \propto 1 / f^\alpha$."""

    source: ClassVar[str] = "welch1967"
    frequency: Float[np.ndarray, " bin"] = quantity(dataclasses.MISSING, "Hz", "f", "frequency")
    density: Float[np.ndarray, " bin"] = quantity(
        dataclasses.MISSING, "unit of the data squared per Hz", "S", "one-sided power spectral density"
    )
    exponent: float = quantity(dataclasses.MISSING, "1", r"\alpha", "0 white, 1 flicker, 2 random walk")
    interval: tuple[float, float] = (float("nan"), float("nan"))
    """95 % interval of `exponent`."""
    density_at_1_hz: float = quantity(
        float("nan"), "unit of the data squared per Hz", "S_1", "the fitted line at 1 Hz"
    )
    fitted: tuple[float, float] = (float("nan"), float("nan"))
    """Lowest and highest frequency (Hz) of the fit."""

    def __post_init__(self) -> None:
        require(self, self.frequency.size == self.density.size, "frequency and density differ in length.")

    @property
    def line(self) -> Float[np.ndarray, " bin"]:
        """The fitted power law at `frequency`."""
        return self.density_at_1_hz * self.frequency**-self.exponent


def fit_spectrum(
    values: Float[np.ndarray, " value"],
    interval_s: float,
    *,
    segments: int = 8,
    low: float = 0.0,
    high: float = float("inf"),
) -> SpectrumFit:
    """Welch spectrum of `values` read every `interval_s` (s), and its exponent between `low` and `high` (Hz).

    `segments` pieces (Hann window, half overlapping, the straight line of each taken out) are averaged. The line
    is fitted to means over equal steps of log f, so that the many high frequencies do not outvote the few low
    ones; a mean over m bins scatters as 1/m, which gives the weights. Raises `PinchedError` below 64 values,
    for a value that is missing, or where fewer than 4 steps lie in the range.
    """
    x = np.asarray(values, dtype=np.float64)
    if x.size < 64 or not np.isfinite(x).all():
        raise PinchedError(
            f"a spectrum needs at least 64 values without a gap, these are {x.size}, "
            f"{int((~np.isfinite(x)).sum())} of them missing."
        )
    if interval_s <= 0:
        raise PinchedError(f"the time between two values is {interval_s} s; it must be positive.")
    length = max(32, 2 * x.size // (segments + 1))
    f, density = signal.welch(x, fs=1.0 / interval_s, nperseg=length, detrend="linear")
    # The window and the straight line spoil the first two bins, the fold at the end the last ones.
    keep = (np.arange(f.size) >= 3) & (f < 0.8 * f[-1]) & (f >= low) & (f <= high) & (density > 0)
    if keep.sum() < 8:
        raise PinchedError(
            f"{int(keep.sum())} frequencies between {low:g} and {high:g} Hz are too few for a slope. "
            "Widen the range or give a longer series."
        )
    x_log, y_log = np.log(f[keep]), np.log(density[keep])
    step = _steps(x_log)
    counts = np.bincount(step).astype(np.float64)
    if counts.size < 4:
        raise PinchedError(
            f"only {counts.size} steps of frequency hold data; 4 are needed. Give a longer series."
        )
    centre, height = (np.bincount(step, weights=v) / counts for v in (x_log, y_log))
    # Power in neighbouring bins of a Hann window is correlated by 4/9, two bins apart by 1/36: a step of m bins
    # holds about half as many independent ones, and neighbouring steps lean on each other.
    weight = counts / (1.0 + 8 / 9 * (1.0 - 1.0 / counts) + 1 / 18 * (1.0 - 2.0 / counts))
    mean = float((weight * centre).sum() / weight.sum())
    spread = float((weight * (centre - mean) ** 2).sum())
    level = float((weight * height).sum() / weight.sum())
    slope = float((weight * (centre - mean) * height).sum() / spread)
    residual = height - level - slope * (centre - mean)
    variance = float((weight * residual**2).sum()) / (counts.size - 2)
    # The few steps of a short series may lie on a line by chance, better than averaging `pieces` segments allows
    # (variance of the logarithm of a chi-squared variable; half overlapping segments share 1/36): meet halfway.
    pieces = (2 * x.size // length - 1) / (1.0 + 2.0 / 36.0)
    variance = max(variance, 0.5 * (variance + float(special.polygamma(1, pieces))))
    half = float(stats.t.ppf(0.975, counts.size - 2)) * np.sqrt(variance / spread)
    return SpectrumFit(
        frequency=f[1:],
        density=density[1:],
        exponent=-slope,
        interval=(-slope - half, -slope + half),
        density_at_1_hz=float(np.exp(level - slope * mean)),
        fitted=(float(f[keep][0]), float(f[keep][-1])),
    )


def _steps(log_frequency: Float[np.ndarray, " bin"]) -> Int[np.ndarray, " bin"]:
    """Number of the step of each bin: a third of an e-fold, at least four bins (neighbours resemble each other)."""
    step = np.zeros(log_frequency.size, dtype=np.int64)
    start = 0
    for k in range(1, step.size):
        enough = k - start >= 4 and step.size - k >= 4
        if enough and log_frequency[k] - log_frequency[start] >= 1 / 3:
            start = k
            step[k:] += 1
    return step
