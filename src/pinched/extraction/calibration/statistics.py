"""Data sets with a known truth for statistics of device numbers: distributions, medians, devices, tails, yield."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from jaxtyping import Float, Int
from scipy import signal, special

from pinched.extraction.calibration.coverage import Case, Stated
from pinched.extraction.distribution import Distribution
from pinched.extraction.distributions import Lognormal, Normal, Weibull, fit_distribution
from pinched.extraction.families import Gamma, LognormalMixture
from pinched.extraction.intervals import (
    About,
    binomial_interval,
    bootstrap_interval,
    series_interval,
    summarise,
)
from pinched.extraction.tails import tail_interval
from pinched.extraction.variability import rank_correlation, variance_components

RESAMPLES = 300
"""Draws of each bootstrap: their own scatter takes less than half a percent off the coverage."""

Rng = np.random.Generator


def cases() -> tuple[Case, ...]:
    """Everything that is tried here."""
    families = (
        Normal(mean=1.2, std=0.3),
        Lognormal(mu=6.3, sigma=1.04),
        Weibull(shape=1.7, scale=2.0),
        Gamma(shape=2.5, scale=3.0),
    )
    found = [_fit(family, n) for family in families for n in (5, 10, 47, 200)]
    found += [
        _fit_devices(family, *shape) for family in families[1:3] for shape in ((5, 20, 0.5), (20, 10, 0.8))
    ]
    found += [_fit_series(families[1], 300, 0.5), _mixture(200)]
    found += [_median(families[1], n) for n in (4, 8, 20, 47)]
    found += [_generic(n) for n in (5, 10, 47)]
    found += [_devices(*shape) for shape in ((3, 30, 0.5), (5, 30, 0.5), (5, 30, 0.9), (20, 10, 0.1))]
    found += [_series(n, memory) for n, memory in ((55, 0.3), (55, 0.6), (100, 0.0), (400, 0.3), (1000, 0.6))]
    found += [_components(*shape) for shape in ((3, 20, 1.0), (8, 20, 0.3), (20, 10, 1.0))]
    found += [_correlation(*shape) for shape in ((1, 50, 0.0), (8, 10, 0.5), (20, 5, 0.5))]
    found += [_tail(families[1], n) for n in (10, 47)] + [_tail(families[2], 47), _share(16, 0.9)]
    return tuple(found)


def _parameters(fitted: Mapping[str, tuple[float, float]], truth: Distribution) -> dict[str, Stated]:
    return {name: (fitted[name][0], value, fitted[name][1]) for name, value in truth.parameters.items()}


def _fit(truth: Distribution, n: int) -> Case:
    def draw(rng: Rng) -> Mapping[str, Stated]:
        fit = fit_distribution(
            truth.from_normal(rng.standard_normal(n)), families=(type(truth),), resamples=RESAMPLES,
            seed=int(rng.integers(2**31)),
        )  # fmt: skip
        _, low, high = fit.quantile(0.95)
        quantile = float(truth.from_normal(special.ndtri(np.array(0.95))))
        return _parameters(fit.interval, truth) | {"95 % quantile": (low, quantile, high)}

    return Case(name=f"{truth.name} fit", n=f"{n} values", draw=draw)


def _scores(rng: Rng, devices: int, cycles: int, share: float) -> Float[np.ndarray, " value"]:
    """Standard normal numbers of devices with a share of their variance between them."""
    own = np.sqrt(share) * rng.standard_normal((devices, 1))
    return (own + np.sqrt(1.0 - share) * rng.standard_normal((devices, cycles))).ravel()


def _numbers(devices: int, cycles: int) -> Int[np.ndarray, " value"]:
    return np.repeat(np.arange(devices), cycles)


def _words(devices: int, cycles: int, share: float) -> str:
    return f"{devices} devices x {cycles} cycles, {100 * share:.0f} % between devices"


def _fit_devices(truth: Distribution, devices: int, cycles: int, share: float) -> Case:
    def draw(rng: Rng) -> Mapping[str, Stated]:
        fit = fit_distribution(
            truth.from_normal(_scores(rng, devices, cycles, share)), families=(type(truth),),
            devices=_numbers(devices, cycles), resamples=RESAMPLES, seed=int(rng.integers(2**31)),
        )  # fmt: skip
        return _parameters(fit.interval, truth)

    return Case(name=f"{truth.name} fit", n=_words(devices, cycles, share), draw=draw)


def _ar(rng: Rng, n: int, memory: float) -> Float[np.ndarray, " value"]:
    """First-order series of n standard normal numbers."""
    shocks = rng.standard_normal(n + 100) * np.sqrt(1.0 - memory**2)
    return np.asarray(signal.lfilter([1.0], [1.0, -memory], shocks))[100:]


def _fit_series(truth: Distribution, n: int, memory: float) -> Case:
    def draw(rng: Rng) -> Mapping[str, Stated]:
        fit = fit_distribution(
            truth.from_normal(_ar(rng, n, memory)), families=(type(truth),), devices=np.zeros(n, dtype=np.int64),
            resamples=RESAMPLES, seed=int(rng.integers(2**31)),
        )  # fmt: skip
        return _parameters(fit.interval, truth)

    return Case(name=f"{truth.name} fit", n=f"{n} cycles of one device, memory {memory}", draw=draw)


def _mixture(n: int) -> Case:
    truth = LognormalMixture(weight=0.3, mu_low=5.0, sigma_low=0.4, mu_high=8.0, sigma_high=0.7)

    def draw(rng: Rng) -> Mapping[str, Stated]:
        second = rng.random(n) >= truth.weight
        logs = np.where(
            second, truth.mu_high + truth.sigma_high * rng.standard_normal(n),
            truth.mu_low + truth.sigma_low * rng.standard_normal(n),
        )  # fmt: skip
        fit = fit_distribution(
            np.exp(logs), families=(LognormalMixture,), resamples=150, seed=int(rng.integers(2**31))
        )
        return _parameters(fit.interval, truth)

    return Case(name="two lognormals fit", n=f"{n} values", draw=draw)


def _median(truth: Distribution, n: int) -> Case:
    def draw(rng: Rng) -> Mapping[str, Stated]:
        low, high = summarise(truth.from_normal(rng.standard_normal(n))).interval
        return {"median": (low, truth.median, high)}

    return Case(name="median", n=f"{n} {truth.name} values", draw=draw)


def _generic(n: int) -> Case:
    def draw(rng: Rng) -> Mapping[str, Stated]:
        x = 10.0 + rng.standard_normal(n)
        low, high = bootstrap_interval(x, np.mean, resamples=RESAMPLES, seed=int(rng.integers(2**31)))
        return {"mean": (low, 10.0, high)}

    return Case(name="bootstrap", n=f"{n} normal values", draw=draw)


def _statistics(x: np.ndarray, truth: float, state: Callable[..., tuple[float, float]]) -> dict[str, Stated]:
    pairs = (("mean", np.mean), ("median", np.median))
    return {name: (low, truth, high) for name, f in pairs for low, high in [state(x, f)]}


def _devices(devices: int, cycles: int, share: float) -> Case:
    def draw(rng: Rng) -> Mapping[str, Stated]:
        x, seed = 10.0 + _scores(rng, devices, cycles, share), int(rng.integers(2**31))
        number = _numbers(devices, cycles)
        return _statistics(
            x, 10.0, lambda y, f: bootstrap_interval(y, f, devices=number, resamples=RESAMPLES, seed=seed)
        )

    return Case(name="bootstrap", n=_words(devices, cycles, share), draw=draw)


def _series(n: int, memory: float) -> Case:
    def draw(rng: Rng) -> Mapping[str, Stated]:
        x, seed = 10.0 + _ar(rng, n, memory), int(rng.integers(2**31))
        return _statistics(
            x, 10.0,
            lambda y, f: series_interval(
                y, f, about=About.THESE_DEVICES, resamples=RESAMPLES, seed=seed
            ).interval,
        )  # fmt: skip

    return Case(name="block bootstrap", n=f"{n} cycles, memory {memory}", draw=draw)


def _components(devices: int, cycles: int, sigma: float) -> Case:
    def draw(rng: Rng) -> Mapping[str, Stated]:
        # Unequal numbers of cycles, as studies have them.
        number = np.repeat(np.arange(devices), rng.integers(2, 2 * cycles, devices))
        x = sigma * rng.standard_normal(devices)[number] + rng.standard_normal(number.size)
        found = variance_components(x, number, draws=1000, seed=int(rng.integers(2**31)))
        low, high = found.device_to_device_interval
        inner, outer = found.cycle_to_cycle_interval
        least, most = found.share_interval
        return {
            "device to device": (low, sigma, high),
            "cycle to cycle": (inner, 1.0, outer),
            "share between devices": (least, sigma**2 / (1.0 + sigma**2), most),
        }

    return Case(
        name="variance components", n=f"{devices} devices x {cycles} cycles, ratio {sigma:g}", draw=draw
    )


def _correlation(devices: int, cycles: int, share: float) -> Case:
    # Normal scores correlated by 0.5 have Spearman's coefficient 6 / pi asin(1/4).
    truth, mix = 6.0 / np.pi * np.arcsin(0.25), np.linalg.cholesky([[1.0, 0.5], [0.5, 1.0]])

    def draw(rng: Rng) -> Mapping[str, Stated]:
        pair = mix @ np.array([_scores(rng, devices, cycles, share) for _ in range(2)])
        _, low, high = rank_correlation(
            pair[0], pair[1], devices=_numbers(devices, cycles), resamples=RESAMPLES,
            seed=int(rng.integers(2**31)),
        )  # fmt: skip
        return {"Spearman": (low, float(truth), high)}

    return Case(name="correlation", n=_words(devices, cycles, share), draw=draw)


def _tail(truth: Distribution, n: int) -> Case:
    limit = float(truth.from_normal(np.array(2.5)))
    probability = 1.0 - float(special.ndtr(2.5))

    def draw(rng: Rng) -> Mapping[str, Stated]:
        fit = type(truth).fit(truth.from_normal(rng.standard_normal(n)))
        low, high = tail_interval(fit, n, limit, resamples=RESAMPLES, seed=int(rng.integers(2**31)))
        return {"P = 0.6 %": (low, probability, high)}

    return Case(name=f"{truth.name} tail", n=f"{n} values", draw=draw)


def _share(n: int, share: float) -> Case:
    def draw(rng: Rng) -> Mapping[str, Stated]:
        low, high = binomial_interval(int(rng.binomial(n, share)), n)
        return {"share": (low, share, high)}

    return Case(name="yield", n=f"{n} devices, {share:.0%}", draw=draw, exact=False)
